/*
** proof.c - fuzz target: the verdict on an answer. (spec/proof/fuzz/properties_spec.lua compares
** the verdict with lua-cjson too.)
** The first line is six numbers: operation, sent, curl_code, head_ended, whole, status. Then the
** body.
*/
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/proof.h"
#include "fuzz.h"

/* ---- the model: recursive, with names as bytes ---- */

enum { DEEPEST = 64, MOST_OPEN = 256 /* of a change */ };

typedef struct {
  char *text; /* owned */
  size_t length;
} name;

typedef struct {
  const char *at, *end;
  name *names;         /* owned */
  int open, most_open; /* names of the objects that are open */
  int capacity;
  bool twice, error, message, ok;
  char nature; /* of the newest value: n f t 1 (a number) " { [ */
  name text;   /* of the newest string that is a value; owned */
  bool empty;  /* the newest string, object or array is */
} model;

static bool value(model *m, int depth, bool outermost);

static void blanks(model *m) {
  while (m->at < m->end && memchr(" \t\n\r", *m->at, 4)) m->at++;
}

static bool next_is(model *m, char wanted) {
  blanks(m);
  if (m->at == m->end || *m->at != wanted) return false;
  m->at++;
  return true;
}

static bool literal(model *m, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(m->end - m->at) < length || memcmp(m->at, word, length) != 0) return false;
  m->at += length;
  return true;
}

static size_t digits(model *m) {
  const char *from = m->at;
  while (m->at < m->end && *m->at >= '0' && *m->at <= '9') m->at++;
  return (size_t)(m->at - from);
}

static bool number(model *m) {
  const char *from;
  size_t whole;
  literal(m, "-");
  from = m->at;
  whole = digits(m);
  if (whole == 0 || (whole > 1 && *from == '0')) return false;
  if (literal(m, ".") && digits(m) == 0) return false;
  if (literal(m, "e") || literal(m, "E")) {
    if (!literal(m, "+")) literal(m, "-");
    return digits(m) > 0;
  }
  return true;
}

static long four_digits(model *m) {
  char copy[5], *end;
  long unit;
  if (m->end - m->at < 4) return -1;
  memcpy(copy, m->at, 4);
  copy[4] = '\0';
  if (strspn(copy, "0123456789abcdefABCDEF") != 4) return -1;
  unit = strtol(copy, &end, 16);
  m->at += 4;
  return unit;
}

static void add_utf8(name *text, unsigned long code) {
  char *to = text->text + text->length;
  if (code < 0x80) {
    text->length += 1, to[0] = (char)code;
  } else if (code < 0x800) {
    text->length += 2, to[0] = (char)(0xc0 + code / 64), to[1] = (char)(0x80 + code % 64);
  } else if (code < 0x10000) {
    text->length += 3, to[0] = (char)(0xe0 + code / 4096);
    to[1] = (char)(0x80 + code / 64 % 64), to[2] = (char)(0x80 + code % 64);
  } else {
    text->length += 4, to[0] = (char)(0xf0 + code / 262144);
    to[1] = (char)(0x80 + code / 4096 % 64), to[2] = (char)(0x80 + code / 64 % 64);
    to[3] = (char)(0x80 + code % 64);
  }
}

static bool escaped(model *m, name *text) {
  long unit, low;
  if (literal(m, "u")) {
    unit = four_digits(m);
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return false;
    if (unit >= 0xd800 && unit <= 0xdbff) {
      low = literal(m, "\\u") ? four_digits(m) : -1;
      if (low < 0xdc00 || low > 0xdfff) return false;
      unit = 0x10000 + (unit - 0xd800) * 1024 + (low - 0xdc00);
    }
    add_utf8(text, (unsigned long)unit);
    return true;
  }
  if (m->at == m->end || !*m->at || !strchr("\"\\/bfnrt", *m->at)) return false;
  text->text[text->length++] = "\"\\/\b\f\n\r\t"[strchr("\"\\/bfnrt", *m->at) - "\"\\/bfnrt"];
  m->at++;
  return true;
}

/* After the opening quote. The text is to be freed, also on failure. */
static bool string(model *m, name *text) {
  text->text = malloc((size_t)(m->end - m->at) + 4);
  text->length = 0;
  HOLDS(text->text);
  for (;;) {
    if (m->at == m->end || (unsigned char)*m->at < ' ') return false;
    if (literal(m, "\"")) return true;
    if (literal(m, "\\")) {
      if (!escaped(m, text)) return false;
    } else {
      text->text[text->length++] = *m->at++;
    }
  }
}

static bool is(const name *text, const char *word) {
  return text->length == strlen(word) && memcmp(text->text, word, text->length) == 0;
}

static bool says_ok(const name *text) {
  return (text->length == 2 && strncasecmp(text->text, "ok", 2) == 0) ||
         (text->length == 7 && strncasecmp(text->text, "success", 7) == 0);
}

/* The rule, for a member of the outermost object. */
static void member(model *m, const name *called) {
  bool is_text = m->nature == '"';
  if (is(called, "detail") || is(called, "error") || is(called, "errors"))
    m->error |= m->nature != 'n' && !(m->empty && strchr("\"{[", m->nature));
  if (is(called, "success") || is(called, "ok")) m->error |= m->nature != 't';
  if (is(called, "message")) m->message = true;
  if (is(called, "status")) {
    m->ok = is_text && says_ok(&m->text);
    m->error |= !m->ok;
  }
}

static bool open_name(model *m, int first, name *called) {
  int i;
  if (!next_is(m, '"')) return false;
  if (!string(m, called)) {
    free(called->text);
    return false;
  }
  for (i = first; i < m->open; i++)
    m->twice |= m->names[i].length == called->length &&
                memcmp(m->names[i].text, called->text, called->length) == 0;
  if (m->open == m->capacity) {
    m->capacity = 2 * m->capacity + 16;
    m->names = realloc(m->names, (size_t)m->capacity * sizeof *m->names);
    HOLDS(m->names);
  }
  m->names[m->open++] = *called;
  if (m->open > m->most_open) m->most_open = m->open;
  return next_is(m, ':');
}

static bool object(model *m, int depth, bool outermost) {
  int first = m->open;
  bool empty = next_is(m, '}'), good = empty;
  while (!good) {
    name called;
    if (!open_name(m, first, &called) || !value(m, depth + 1, false)) return false;
    if (outermost) member(m, &called);
    good = next_is(m, '}');
    if (!good && !next_is(m, ',')) return false;
  }
  while (m->open > first) free(m->names[--m->open].text);
  m->nature = '{';
  m->empty = empty;
  return true;
}

static bool array(model *m, int depth) {
  bool empty = next_is(m, ']'), good = empty;
  while (!good) {
    if (!value(m, depth + 1, false)) return false;
    good = next_is(m, ']');
    if (!good && !next_is(m, ',')) return false;
  }
  m->nature = '[';
  m->empty = empty;
  return true;
}

static bool value(model *m, int depth, bool outermost) {
  if (next_is(m, '{')) return depth < DEEPEST && object(m, depth, outermost);
  if (next_is(m, '[')) return depth < DEEPEST && array(m, depth);
  if (next_is(m, '"')) {
    free(m->text.text);
    m->nature = '"';
    if (!string(m, &m->text)) return false;
    m->empty = m->text.length == 0;
    return true;
  }
  m->nature = literal(m, "null") ? 'n' : literal(m, "true") ? 't' : literal(m, "false") ? 'f' : '1';
  return m->nature != '1' || number(m);
}

/* -> is the body a good one? `*many`: it has more names than the reader keeps of a change */
static bool model_body(ew_good_answer wanted, const ew_answer *answer, bool *many) {
  model *m = calloc(1, sizeof *m);
  bool good;
  HOLDS(m);
  m->at = answer->body;
  m->end = answer->body + answer->length;
  good = value(m, 0, true);
  blanks(m);
  good = good && m->at == m->end && !m->twice && !m->error && !(m->message && !m->ok);
  if (wanted == EW_READ)
    good = good && (m->nature == '{' || m->nature == '[');
  else
    good = good && m->nature != 'f' && (m->nature != '1' || answer->whole);
  *many = wanted == EW_CONFIRMATION && m->most_open > MOST_OPEN;
  while (m->open) free(m->names[--m->open].text);
  free(m->names);
  free(m->text.text);
  free(m);
  return good;
}

static bool model_proof(ew_good_answer good, const ew_answer *answer, bool *many) {
  bool is_text = fuzz_is_text(answer->body, answer->length, "\t\n\r");
  *many = false;
  if (good == EW_ANY) return answer->status > 0;
  if (!answer->sent || !answer->succeeded || answer->status != 200 || !answer->head_ended)
    return false;
  if (answer->length == 0) return good == EW_CONFIRMATION && answer->whole;
  if (answer->length > (good == EW_READ ? 16 : 1) * 1024 * 1024) return false;
  return is_text && model_body(good, answer, many);
}

/* ---- the same answer, given to csrc/ ---- */

/* What proves itself is not proved before its last byte, and not by more than blanks after it. */
static void check_parts(ew_good_answer good, ew_answer answer) {
  size_t length = answer.length, cut;
  char *part = malloc(length + 1);
  HOLDS(part);
  memcpy(part, answer.body, length);
  answer.body = part;
  answer.whole = false;
  part[length] = ' ';
  answer.length = length + 1;
  HOLDS(ew_proof_doubt(good, &answer) == NULL);
  part[length] = 'x';
  HOLDS(ew_proof_doubt(good, &answer) != NULL);
  while (length && strchr(" \t\n\r", part[length - 1])) length--;
  for (cut = 0; cut < length; cut++) {
    answer.length = cut;
    HOLDS(ew_proof_doubt(good, &answer) != NULL);
  }
  free(part);
}

static void check(ew_good_answer good, const ew_answer *answer) {
  bool many, by_itself, wanted = model_proof(good, answer, &many);
  const char *doubt = ew_proof_doubt(good, answer);
  ew_answer less = *answer;
  HOLDS(doubt == NULL || fuzz_is_printable(doubt));
  HOLDS(wanted || doubt);
  HOLDS(!wanted || many || !doubt);
  less.whole = false;
  by_itself = ew_proof_doubt(good, &less) == NULL;
  HOLDS(!by_itself || !doubt); /* whole is never worse */
  if (good != EW_ANY && by_itself && answer->length <= 256) check_parts(good, *answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = {(const char *)data, size};
  ew_answer answer;
  ew_good_answer good = ew_operations[fuzz_take_number(&input, EW_OPERATIONS - 1)].good;
  char *body;
  answer.sent = fuzz_take_number(&input, 1);
  answer.succeeded = fuzz_take_number(&input, 99) == 0;
  answer.head_ended = fuzz_take_number(&input, 1);
  answer.whole = fuzz_take_number(&input, 1);
  answer.status = (int)fuzz_take_number(&input, 999);
  body = malloc(input.left ? input.left : 1); /* of exactly that length */
  HOLDS(body);
  if (input.left) memcpy(body, input.at, input.left);
  answer.body = body;
  answer.length = input.left;
  check(good, &answer);
  free(body);
  return 0;
}
