#include "api/response.h"

#include <ctype.h>
#include <string.h>

const char *const ew_header_names[EW_HEADERS] = {[EW_REQUEST_ID] = "request-id",
                                                 "retry-after",
                                                 "date",
                                                 "current-concurrent-requests",
                                                 [EW_MAXIMUM] = "maximum-concurrent-requests"};

void ew_response_init(ew_response *response) {
  memset(response, 0, sizeof *response);
  response->largest_body = EW_LARGEST_BODY;
  ew_buffer_init(&response->body, EW_LARGEST_READ);
}

void ew_response_clear(ew_response *response) {
  size_t largest_body = response->largest_body;
  ew_buffer body = response->body;
  memset(response, 0, sizeof *response);
  ew_buffer_clear(&body);
  response->largest_body = largest_body;
  response->body = body;
}

void ew_response_free(ew_response *response) {
  ew_buffer_free(&response->body);
}

/* ---- one header line ---- */

typedef struct {
  const char *data;
  size_t length;
} span;

static span trim(const char *data, size_t length) {
  span s = {data, length};
  while (s.length && (s.data[s.length - 1] == ' ' || s.data[s.length - 1] == '\t')) s.length--;
  while (s.length && (*s.data == ' ' || *s.data == '\t')) s.data++, s.length--;
  return s;
}

static bool matches(span s, const char *lower) {
  size_t i;
  if (s.length != strlen(lower)) return false;
  for (i = 0; i < s.length; i++)
    if (tolower((unsigned char)s.data[i]) != lower[i]) return false;
  return true;
}

/* At most 18 digits and nothing else: "+4", "0x4" and "4, 4" are no lengths. */
static bool parse_length(span s, unsigned long long *length) {
  size_t i;
  if (s.length == 0 || s.length > 18) return false;
  for (*length = 0, i = 0; i < s.length; i++) {
    if (!isdigit((unsigned char)s.data[i])) return false;
    *length = *length * 10 + (unsigned long long)(s.data[i] - '0');
  }
  return true;
}

static const char *take_length(ew_response *response, span value) {
  unsigned long long length;
  if (!parse_length(value, &length)) return "the answer's content-length is not a length";
  if (response->has_length && response->length != length)
    return "the answer has two different content-lengths";
  if (response->chunked) return "the answer has both a content-length and a transfer-encoding";
  response->has_length = true;
  response->length = length;
  return NULL;
}

static const char *take_encoding(ew_response *response, span value) {
  if (!matches(value, "chunked") || response->chunked)
    return "the answer's transfer-encoding is not exactly \"chunked\"";
  if (response->has_length) return "the answer has both a content-length and a transfer-encoding";
  response->chunked = true;
  return NULL;
}

static void keep(ew_response *response, span name, span value) {
  size_t h, i;
  for (h = 0; h < EW_HEADERS && !matches(name, ew_header_names[h]); h++) {}
  if (h == EW_HEADERS || value.length >= EW_LONGEST_HEADER) return;
  for (i = 0; i < value.length; i++)
    if (value.data[i] < 0x20 || value.data[i] > 0x7e) return;
  memcpy(response->headers[h], value.data, value.length);
  response->headers[h][value.length] = '\0';
}

/* "HTTP/1.1 200 OK" or "HTTP/2 200". libcurl has refused other forms before. */
static int parse_status(span line) {
  const char *space = memchr(line.data, ' ', line.length);
  size_t i, at = space ? (size_t)(space - line.data) + 1 : line.length;
  int status = 0;
  if (line.length < at + 3 || (line.length > at + 3 && line.data[at + 3] != ' ')) return 0;
  for (i = at; i < at + 3; i++) {
    if (!isdigit((unsigned char)line.data[i])) return 0;
    status = status * 10 + (line.data[i] - '0');
  }
  return status;
}

static bool informational(int status) {
  return status >= 100 && status < 200;
}

/* Only at the beginning or after an informational head. Otherwise there would be two statuses to
** choose from. */
static const char *take_status(ew_response *response, const char *line, size_t length) {
  span whole = {line, length};
  if (response->status != 0 && !response->interim_ended) return "the answer has two status lines";
  ew_response_clear(response);
  response->status = parse_status(whole);
  return NULL;
}

const char *ew_response_header(ew_response *response, const char *line, size_t length) {
  span name, value;
  const char *colon;
  while (length && (line[length - 1] == '\n' || line[length - 1] == '\r')) length--;
  if (length >= 5 && memcmp(line, "HTTP/", 5) == 0 && !response->head_ended)
    return take_status(response, line, length);
  if (length == 0) {
    response->interim_ended = informational(response->status);
    response->head_ended = response->status != 0 && !response->interim_ended;
    return NULL;
  }
  if (response->head_ended) return NULL; /* a trailer */
  if (*line == ' ' || *line == '\t') return "the answer folds a header line";
  colon = memchr(line, ':', length);
  if (!colon) return NULL;
  if (colon > line && (colon[-1] == ' ' || colon[-1] == '\t'))
    return "the answer has a space before a header's colon"; /* libcurl reads another name */
  name = trim(line, (size_t)(colon - line));
  value = trim(colon + 1, length - (size_t)(colon + 1 - line));
  if (matches(name, "content-length")) return take_length(response, value);
  if (matches(name, "transfer-encoding")) return take_encoding(response, value);
  keep(response, name, value);
  return NULL;
}

const char *ew_response_body(ew_response *response, const char *bytes, size_t length) {
  if (length > response->largest_body - response->body.length)
    return response->largest_body == EW_LARGEST_READ ? "the answer is larger than 16 MiB"
                                                     : "the answer is larger than 1 MiB";
  return ew_buffer_append(&response->body, bytes, length) ? NULL : "out of memory";
}

bool ew_response_whole(const ew_response *response) {
  if (!response->head_ended) return false;
  if (response->chunked) return true;
  return response->has_length && response->length == response->body.length;
}
