#define _DEFAULT_SOURCE
#include "transport/endpoint.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "transport/ca_file.h"

/* ---- the URL ---- */

static bool is_loopback(const char *host) {
  unsigned char address[4];
  return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
         (inet_pton(AF_INET, host, address) == 1 && address[0] == 127);
}

static bool printable(const char *text) {
  for (; *text; text++)
    if (*text < 0x21 || *text > 0x7e) return false;
  return true;
}

static ew_status refuse_url(ew_error *error, const char *why) {
  return ew_fail(error, EW_EINVAL, "base_url", "base_url %s", why);
}

/* `absent` is libcurl's answer if the URL has no such part, even without memory. */
static ew_status check_absent(CURLU *url, CURLUPart part, CURLUcode absent, ew_error *error) {
  char *text = NULL;
  CURLUcode code = curl_url_get(url, part, &text, 0);
  curl_free(text);
  return code == absent ? EW_OK : refuse_url(error, "must not hold a user name or password");
}

static ew_status check_parts(const ew_endpoint *e, CURLU *url, ew_error *error) {
  char *host = NULL;
  bool loopback;
  if (check_absent(url, CURLUPART_USER, CURLUE_NO_USER, error) != EW_OK ||
      check_absent(url, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD, error) != EW_OK)
    return error->status;
  if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) return ew_fail_memory(error);
  loopback = is_loopback(host);
  curl_free(host);
  if (e->plain && !loopback)
    return refuse_url(error, "must begin with https:// (http:// is for loopback alone)");
  return EW_OK;
}

static ew_status keep_url(ew_endpoint *e, CURLU *url, ew_error *error) {
  char *path = NULL;
  size_t length;
  if (curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK) return ew_fail_memory(error);
  e->path = strdup(path);
  curl_free(path);
  e->url = curl_url_dup(url);
  if (!e->path || !e->url) return ew_fail_memory(error);
  for (length = strlen(e->path); length && e->path[length - 1] == '/'; length--)
    e->path[length - 1] = '\0';
  return EW_OK;
}

static ew_status parse_base_url(ew_endpoint *e, const char *text, ew_error *error) {
  bool https = strncmp(text, "https://", 8) == 0;
  CURLU *url;
  CURLUcode code;
  ew_status status;
  e->plain = strncmp(text, "http://", 7) == 0;
  if ((!https && !e->plain) || text[https ? 8 : 7] == '/')
    return refuse_url(error, "must begin with https:// and a host");
  if (strlen(text) > 2048) return refuse_url(error, "is longer than 2048 bytes");
  if (!printable(text) || strpbrk(text, "\\?#"))
    return refuse_url(error, "must not hold a space, a backslash, a query or a fragment");
  url = curl_url();
  if (!url) return ew_fail_memory(error);
  code = curl_url_set(url, CURLUPART_URL, text, 0);
  if (code == CURLUE_OUT_OF_MEMORY)
    status = ew_fail_memory(error);
  else if (code != CURLUE_OK)
    status = refuse_url(error, "is not a URL");
  else if ((status = check_parts(e, url, error)) == EW_OK)
    status = keep_url(e, url, error);
  curl_url_cleanup(url);
  return status;
}

/* ---- the way there ---- */

static ew_status keep_text(char **slot, const char *text, ew_error *error) {
  if (!text) return EW_OK;
  *slot = strdup(text);
  return *slot ? EW_OK : ew_fail_memory(error);
}

/* The first of these variables that is set and not empty, as libcurl looks them up; NULL: none. */
static const char *environment(const char *const *names) {
  const char *value = NULL;
  for (; *names && !(value && *value); names++) value = getenv(*names);
  return value && *value ? value : NULL;
}

/* The environment is read once: libcurl would read it for each request, in a thread beside a host
** that may change it. http_proxy is not read: such a proxy would be shown the key. */
static ew_status keep_proxy(ew_endpoint *e, const char *proxy, ew_error *error) {
  static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL};
  static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
  if (e->plain) return EW_OK;
  if (keep_text(&e->no_proxy, environment(exceptions), error) != EW_OK) return error->status;
  return keep_text(&e->proxy, proxy ? proxy : environment(proxies), error);
}

ew_status ew_endpoint_init(ew_endpoint *e, const char *base_url, const char *ca_file,
                           const char *proxy, ew_error *error) {
  if (parse_base_url(e, base_url, error) != EW_OK ||
      (ca_file && ew_check_ca_file(ca_file, error) != EW_OK) ||
      keep_text(&e->ca_file, ca_file, error) != EW_OK)
    return error->status;
  return keep_proxy(e, proxy, error);
}

void ew_endpoint_free(ew_endpoint *e) {
  curl_url_cleanup(e->url);
  free(e->path);
  free(e->ca_file);
  if (e->proxy) explicit_bzero(e->proxy, strlen(e->proxy)); /* may hold a password */
  free(e->proxy);
  free(e->no_proxy);
}
