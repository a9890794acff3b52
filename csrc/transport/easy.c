#include "transport/easy.h"

#include <string.h>

#include "transport/reuse.h"

/* ---- what libcurl tells: noted, never acted upon here ---- */

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose,
                                    struct curl_sockaddr *address) {
  ew_transfer *x = arg;
  ew_transport *t = x->transport;
  int fd = ew_sockets_open(&t->sockets, address->family, address->socktype, address->protocol);
  (void)purpose;
  if (fd < 0) return CURL_SOCKET_BAD;
  x->opened_socket = true;
  ew_poller_forget(&t->poller, fd);
  return fd;
}

static int on_close_socket(void *arg, curl_socket_t fd) {
  ew_transport *t = arg;
  ew_transfer *x;
  ew_poller_forget(&t->poller, fd);
  for (x = t->active.first; x; x = x->next)
    if (x->socket == fd) x->socket = -1;
  return ew_sockets_close(&t->sockets, fd);
}

static size_t on_header(char *line, size_t size, size_t count, void *arg) {
  ew_transfer *x = arg;
  x->reason = ew_response_header(&x->response, line, size * count);
  return x->reason ? 0 : size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg) {
  ew_transfer *x = arg;
  x->reason = ew_response_body(&x->response, bytes, size * count);
  return x->reason ? 0 : size * count;
}

/* ---- the handle ---- */

static const struct {
  CURLoption option;
  long value;
} fixed_options[] = {
  {CURLOPT_NOSIGNAL, 1},
  {CURLOPT_QUICK_EXIT, 1},     /* else the end of a transfer waits for the resolver's thread */
  {CURLOPT_FOLLOWLOCATION, 0}, /* libcurl would send xi-api-key to the new host */
  {CURLOPT_NETRC, CURL_NETRC_IGNORED},
  {CURLOPT_HTTP09_ALLOWED, 0},
  {CURLOPT_PATH_AS_IS, 1},
  {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
  {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
  {CURLOPT_SSL_VERIFYPEER, 1},
  {CURLOPT_SSL_VERIFYHOST, 2},
  {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE}, /* a proxy never sees our headers */
  {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
  {CURLOPT_MAXLIFETIME_CONN, 300},
  {CURLOPT_LOW_SPEED_LIMIT, 1},
  {CURLOPT_LOW_SPEED_TIME, 15},
};

static bool set_fixed_options(CURL *easy) {
  bool ok = true;
  size_t i;
  for (i = 0; i < sizeof fixed_options / sizeof *fixed_options; i++)
    ok &= curl_easy_setopt(easy, fixed_options[i].option, fixed_options[i].value) == CURLE_OK;
  return ok;
}

static bool set_client_options(const ew_transport *t, CURL *easy) {
  const ew_endpoint *e = &t->endpoint;
  bool ok = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, e->plain ? "http" : "https") == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, t->connect_timeout_ms) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->attempt_timeout_ms) == CURLE_OK;
  if (e->ca_file) ok &= curl_easy_setopt(easy, CURLOPT_CAINFO, e->ca_file) == CURLE_OK;
  /* With NULL libcurl would read the environment. */
  ok &= curl_easy_setopt(easy, CURLOPT_PROXY, e->proxy ? e->proxy : "") == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_NOPROXY, e->no_proxy ? e->no_proxy : "") == CURLE_OK;
  return ok;
}

static bool set_callbacks(ew_transport *t, ew_transfer *x) {
  CURL *easy = x->easy;
  bool ok = curl_easy_setopt(easy, CURLOPT_PRIVATE, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error_text) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_HEADERDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_WRITEDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, ew_reuse_decide) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_PREREQDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CURLU, x->url) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket) == CURLE_OK;
  ok &= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t) == CURLE_OK;
  return ok;
}

static bool set_options(ew_transport *t, ew_transfer *x) {
  bool ok = set_fixed_options(x->easy);
  ok &= set_client_options(t, x->easy);
  ok &= set_callbacks(t, x);
  return ok;
}

bool ew_easy_make(ew_transport *t, ew_transfer *x) {
  if (x->easy && x->generation == t->generation) return true;
  curl_easy_cleanup(x->easy);
  x->transport = t;
  x->generation = t->generation;
  x->easy = curl_easy_init();
  if (!x->url) x->url = curl_url_dup(t->endpoint.url);
  if (x->easy && x->url && set_options(t, x)) return true;
  curl_easy_cleanup(x->easy);
  x->easy = NULL;
  return false;
}

/* ---- one request ---- */

static void add_line(ew_transfer *x, int *count, char *line) {
  struct curl_slist *node = &x->headers[*count];
  node->data = line;
  node->next = NULL;
  if (*count > 0) x->headers[*count - 1].next = node;
  (*count)++;
}

/* The list's nodes are ours: curl_slist_append would copy the key to memory that we cannot wipe.
** The user agent is a line too: CURLOPT_USERAGENT is formatted twice for each request. */
static bool set_headers(ew_transfer *x) {
  static char accept[] = "accept: application/json";
  static char content_type[] = "content-type: application/json";
  int count = 0;
  add_line(x, &count, accept);
  if (x->rules->method == EW_HTTP_POST) add_line(x, &count, content_type);
  add_line(x, &count, x->transport->user_agent_line.data);
  if (x->key_line.data) add_line(x, &count, x->key_line.data);
  return curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK;
}

static bool set_method(ew_transfer *x) {
  CURL *easy = x->easy;
  const ew_request *request = x->request;
  bool ok = curl_easy_setopt(easy, CURLOPT_NOBODY, 0L) == CURLE_OK;
  switch (x->rules->method) {
    case EW_HTTP_HEAD:
      ok &= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
      break;
    case EW_HTTP_POST:
      ok &= curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK;
      ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)request->body_length) == CURLE_OK;
      ok &= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ew_request_body(request)) == CURLE_OK;
      break;
    case EW_HTTP_GET:
    default:
      ok &= curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
  }
  return ok;
}

/* The parts of the URL are set: of a whole URL, libcurl would take the text apart and write it
** anew for each request. */
static bool set_url(const ew_transport *t, ew_transfer *x) {
  ew_buffer path;
  char *query = NULL;
  bool ok;
  ew_buffer_init(&path, EW_LONGEST_TARGET + 4096); /* base_url may have a path */
  ok = ew_buffer_append_text(&path, t->endpoint.path) &&
       ew_buffer_append(&path, x->request->text, x->request->target_length);
  if (ok) query = strchr(path.data, '?');
  if (query) *query++ = '\0';
  ok = ok && curl_url_set(x->url, CURLUPART_PATH, path.data, 0) == CURLUE_OK &&
       curl_url_set(x->url, CURLUPART_QUERY, query, 0) == CURLUE_OK;
  ew_buffer_free(&path);
  return ok;
}

/* If HTTP/2 is possible, wait for a connection that is being made: its streams cost less than a
** new handshake. */
bool ew_easy_set_connection(const ew_transport *t, ew_transfer *x, bool fresh) {
  bool may_wait = !t->endpoint.plain && t->newest != EW_HTTP_1;
  x->fresh = fresh;
  return curl_easy_setopt(x->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L) == CURLE_OK &&
         curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, may_wait ? 1L : 0L) == CURLE_OK;
}

bool ew_easy_set_request(const ew_transport *t, ew_transfer *x) {
  bool ok = set_headers(x);
  ok &= set_method(x);
  ok &= set_url(t, x);
  /* libcurl resends a request if its idle HTTP/1.1 connection has died. A share must not be sent
  ** twice: use a fresh connection. */
  ok &= ew_easy_set_connection(t, x, !x->rules->repeatable && t->newest != EW_HTTP_2);
  return ok;
}
