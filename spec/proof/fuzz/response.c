/*
** response.c - fuzz target: from header lines and body to evidence.
** The first line is two numbers: how the body is cut, and how many times over it is sent
** (as a power of two). Then the head, a line each as libcurl gives them, up to the blank
** line that ends it; then the body.
*/
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/response.h"
#include "fuzz.h"

typedef struct {
  const char *at;
  size_t length;
} piece;

/* ---- the model: it looks at the lines of one head together ---- */

typedef struct {
  int status;
  bool over; /* its blank line was seen */
  size_t lengths, encodings, unlike, wrong;
  char length[20]; /* its digits, without zeros in front */
  char kept[EW_HEADERS][EW_LONGEST_HEADER];
} head;

static piece cut_ends(const char *at, size_t length, const char *ends) {
  piece p = {at, length};
  while (p.length && p.at[p.length - 1] && strchr(ends, p.at[p.length - 1])) p.length--;
  return p;
}

static piece cut_blanks(const char *at, size_t length) {
  piece p = cut_ends(at, length, " \t");
  while (p.length && (*p.at == ' ' || *p.at == '\t')) p.at++, p.length--;
  return p;
}

static bool named(piece p, const char *name) {
  return p.length == strlen(name) && strncasecmp(p.at, name, p.length) == 0;
}

static void model_length(head *h, piece value) {
  char digits[20] = "";
  size_t i, zeros = 0;
  bool wrong = value.length < 1 || value.length > 18;
  for (i = 0; !wrong && i < value.length; i++) wrong = !isdigit((unsigned char)value.at[i]);
  if (wrong) {
    h->wrong++;
    return;
  }
  while (zeros + 1 < value.length && value.at[zeros] == '0') zeros++;
  memcpy(digits, value.at + zeros, value.length - zeros);
  if (h->lengths++ && strcmp(digits, h->length) != 0) h->unlike++;
  strcpy(h->length, digits);
}

static void model_kept(head *h, piece name, piece value) {
  size_t i, n;
  for (n = 0; n < EW_HEADERS && !named(name, ew_header_names[n]); n++) {}
  if (n == EW_HEADERS || value.length >= EW_LONGEST_HEADER) return;
  for (i = 0; i < value.length; i++)
    if ((unsigned char)value.at[i] < ' ' || (unsigned char)value.at[i] > '~') return;
  memset(h->kept[n], 0, sizeof h->kept[n]);
  memcpy(h->kept[n], value.at, value.length);
}

static void model_header(head *h, piece line) {
  const char *colon = memchr(line.at, ':', line.length);
  piece name, value;
  if (*line.at == ' ' || *line.at == '\t') h->wrong++;
  if (!colon) return;
  name = cut_blanks(line.at, (size_t)(colon - line.at));
  value = cut_blanks(colon + 1, (size_t)(line.at + line.length - colon - 1));
  if (name.length && name.at + name.length != colon) h->wrong++;
  if (named(name, "content-length"))
    model_length(h, value);
  else if (named(name, "transfer-encoding"))
    h->encodings++, h->wrong += !named(value, "chunked");
  else
    model_kept(h, name, value);
}

/* Three digits after the first space, and nothing or a space after them. */
static int model_status(piece line) {
  const char *space = memchr(line.at, ' ', line.length);
  size_t left = space ? (size_t)(line.at + line.length - space) : 0;
  if (left < 4 || (left > 4 && space[4] != ' ')) return 0;
  if (!isdigit((unsigned char)space[1]) || !isdigit((unsigned char)space[2]) ||
      !isdigit((unsigned char)space[3]))
    return 0;
  return (space[1] - '0') * 100 + (space[2] - '0') * 10 + space[3] - '0';
}

/* Is this head one that can be read in one way alone? */
static bool is_clear(const head *h) {
  return !h->wrong && !h->unlike && h->encodings <= 1 && !(h->lengths && h->encodings);
}

/* One more line. false: the answer must be refused by now. */
static bool model_line(head *h, piece line) {
  if (line.length >= 5 && memcmp(line.at, "HTTP/", 5) == 0) {
    if (h->status && !(h->over && h->status >= 100 && h->status <= 199)) return false;
    memset(h, 0, sizeof *h);
    h->status = model_status(line);
  } else if (line.length == 0)
    h->over = h->status != 0;
  else
    model_header(h, line);
  return is_clear(h);
}

static bool model_is_final(const head *h) {
  return h->over && !(h->status >= 100 && h->status <= 199);
}

static bool model_is_whole(const head *h, unsigned long long sent) {
  return model_is_final(h) &&
         (h->encodings || (h->lengths && strtoull(h->length, NULL, 10) == sent));
}

/* ---- the same head and body, given to csrc/ ---- */

/* -> where the head ends; both refuse it, or neither does */
static bool give_head(ew_response *r, head *h, fuzz_input *input) {
  bool accepted = true;
  while (accepted && input->left && !model_is_final(h)) {
    size_t length;
    char *line = fuzz_take(input, '\n', &length);
    accepted = model_line(h, cut_ends(line, length, "\r"));
    HOLDS((ew_response_header(r, line, length) == NULL) == accepted);
    free(line);
  }
  return accepted;
}

/* In pieces of sizes that follow from `seed`; 0: at once. */
static bool give_once(ew_response *r, const char *body, size_t length, size_t seed) {
  while (length) {
    size_t step = seed ? 1 + seed % 97 * (seed % 5) : length;
    char *copy;
    bool accepted;
    if (step > length) step = length;
    copy = malloc(step);
    HOLDS(copy);
    memcpy(copy, body, step);
    accepted = ew_response_body(r, copy, step) == NULL;
    free(copy);
    if (!accepted) return false;
    body += step, length -= step;
    seed = seed ? (seed * 1103515245 + 12345) % 65521 + 1 : 0;
  }
  return true;
}

static bool give_body(ew_response *r, fuzz_input body, size_t times, size_t seed) {
  bool accepted = true;
  while (accepted && times--) accepted = give_once(r, body.at, body.left, seed);
  HOLDS(r->body.length <= 1024 * 1024);
  return accepted;
}

static void check_head(const ew_response *r, const head *h) {
  size_t i;
  HOLDS(r->status == h->status && r->head_ended == model_is_final(h));
  HOLDS(r->chunked == (h->encodings > 0) && r->has_length == (h->lengths > 0));
  for (i = 0; i < EW_HEADERS; i++) HOLDS(strcmp(r->headers[i], h->kept[i]) == 0);
}

/* What comes after the body changes nothing. */
static void check_trailers(ew_response *r) {
  bool whole = ew_response_whole(r);
  HOLDS(!ew_response_header(r, "Content-Length: 7\r\n", 19));
  HOLDS(!ew_response_header(r, "HTTP/1.1 500 X\r\n", 16));
  HOLDS(!ew_response_header(r, " Retry-After: 9\r\n", 17));
  HOLDS(!ew_response_header(r, "\r\n", 2));
  HOLDS(ew_response_whole(r) == whole);
}

static bool same_content(const ew_response *r, fuzz_input body, size_t times) {
  size_t i;
  for (i = 0; i < times; i++)
    if (body.left && memcmp(r->body.data + i * body.left, body.at, body.left) != 0) return false;
  return true;
}

static void run(ew_response *r, fuzz_input input, size_t seed, size_t times) {
  head h;
  unsigned long long sent;
  bool accepted;
  memset(&h, 0, sizeof h);
  if (!give_head(r, &h, &input)) return;
  check_head(r, &h);
  sent = (unsigned long long)input.left * times;
  accepted = give_body(r, input, times, seed);
  HOLDS(accepted == (sent <= 1024 * 1024));
  if (!accepted) return;
  HOLDS(r->body.length == sent && same_content(r, input, times));
  HOLDS(ew_response_whole(r) == model_is_whole(&h, sent));
  if (r->head_ended) check_trailers(r);
  check_head(r, &h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = {(const char *)data, size};
  size_t seed = fuzz_take_number(&input, 65521);
  size_t times = (size_t)1 << fuzz_take_number(&input, 12);
  ew_response response;
  ew_response_init(&response);
  if (input.left * times > 4 * 1024 * 1024) times = 1;
  run(&response, input, 0, times);
  ew_response_clear(&response);
  run(&response, input, seed + 1, times); /* the memory is used again */
  ew_response_free(&response);
  return 0;
}
