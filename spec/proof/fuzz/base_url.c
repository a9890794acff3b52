/*
** base_url.c - fuzz target: which base_url a transport opens with. The input is the text.
*/
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "transport/transport.h"

/* As libcurl reads a host's name: "%2e" is a dot. */
static void decode(char *text) {
  char *to = text;
  for (; *text; text++) {
    bool coded =
      *text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2]);
    char digits[3] = {0};
    if (coded) memcpy(digits, text + 1, 2);
    *to++ = coded ? (char)strtoul(digits, NULL, 16) : *text;
    if (coded) text += 2;
  }
  *to = '\0';
}

/* In any form that libc or the standards allow, also with a dot at its end, which libcurl 8.23
** takes away. */
static bool is_loopback(char *host) {
  size_t length;
  struct in_addr v4;
  struct in6_addr v6;
  char address[64] = "";
  decode(host);
  length = strlen(host);
  if (length && host[length - 1] == '.') host[length - 1] = '\0';
  if (*host == '[') memccpy(address, host + 1, ']', sizeof address - 1);
  address[strcspn(address, "]")] = '\0';
  return strcmp(host, "localhost") == 0 ||
         (inet_aton(host, &v4) && ntohl(v4.s_addr) >> 24 == 127) ||
         (inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static bool is_port(const char *text) {
  return strspn(text, "0123456789") == strlen(text) && strtoull(text, NULL, 10) <= 65535;
}

/* Without its port, and an IPv6 address without its zone. */
static void check_host(char *authority, bool plain) {
  char *bracket = strchr(authority, ']'), *zone = bracket ? strchr(authority, '%') : NULL;
  char *colon = strchr(bracket ? bracket : authority, ':');
  if (colon) {
    HOLDS(is_port(colon + 1));
    *colon = '\0';
  }
  if (zone && bracket) memmove(zone, bracket, strlen(bracket) + 1);
  HOLDS(*authority);
  if (plain) HOLDS(is_loopback(authority));
}

/* What was accepted is https, or http to this machine, and nothing but host and path. */
static void check_accepted(const char *url) {
  bool plain = strncmp(url, "http://", 7) == 0;
  const char *rest = url + (plain ? 7 : 8);
  size_t length;
  char *authority;
  HOLDS(plain || strncmp(url, "https://", 8) == 0);
  HOLDS(fuzz_is_printable(url) && !strpbrk(url, " \\?#"));
  length = strcspn(rest, "/");
  HOLDS(length > 0 && !memchr(rest, '@', length));
  authority = strndup(rest, length);
  HOLDS(authority);
  check_host(authority, plain);
  free(authority);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *url = malloc(size + 1);
  ew_transport_options options = {NULL, NULL, "", "fuzz", 1000, 1000, 1};
  ew_transport *transport;
  ew_error error;
  HOLDS(url);
  if (size) memcpy(url, data, size);
  url[size] = '\0';
  options.base_url = url;
  if (ew_transport_open(&transport, &options, &error) == EW_OK) {
    check_accepted(url);
    ew_transport_free(transport);
  } else {
    HOLDS(error.status == EW_EINVAL && strcmp(error.field, "base_url") == 0);
    HOLDS(fuzz_is_printable(error.message));
  }
  free(url);
  return 0;
}
