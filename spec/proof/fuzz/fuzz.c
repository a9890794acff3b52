#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_stop(const char *condition, const char *file, int line) {
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
  abort();
}

char *fuzz_take(fuzz_input *input, char separator, size_t *length) {
  const char *end = memchr(input->at, separator, input->left);
  char *copy;
  *length = end ? (size_t)(end - input->at) : input->left;
  copy = malloc(*length ? *length : 1);
  HOLDS(copy);
  memcpy(copy, input->at, *length);
  input->at += *length + (end ? 1 : 0);
  input->left -= *length + (end ? 1 : 0);
  return copy;
}

size_t fuzz_take_number(fuzz_input *input, size_t most) {
  size_t number = 0;
  while (input->left && *input->at >= '0' && *input->at <= '9') {
    number = (number * 10 + (size_t)(*input->at - '0')) % (most + 1);
    input->at++, input->left--;
  }
  if (input->left) input->at++, input->left--;
  return number;
}

bool fuzz_is_printable(const char *text) {
  for (; *text; text++)
    if (*text < ' ' || *text > '~') return false;
  return true;
}

/* How many bytes the shortest form of a code point has. */
static size_t shortest(uint32_t code_point) {
  return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

size_t fuzz_code_point(const char *text, size_t left, uint32_t *code_point) {
  unsigned char first = (unsigned char)*text;
  size_t length = 1, i;
  while (length < 5 && first & 0x80 >> length) length++; /* the ones that it begins with */
  if (!(first & 0x80)) {
    *code_point = first;
    return 1;
  }
  if (!(first & 0x40) || length > 4 || length > left) return 0;
  *code_point = first & (0x7fU >> length);
  for (i = 1; i < length; i++) {
    if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
    *code_point = *code_point << 6 | ((unsigned char)text[i] & 0x3f);
  }
  if (*code_point > 0x10ffff || (*code_point >= 0xd800 && *code_point <= 0xdfff)) return 0;
  return shortest(*code_point) == length ? length : 0;
}

bool fuzz_is_text(const char *text, size_t length, const char *allowed) {
  size_t i = 0;
  while (i < length) {
    uint32_t code_point = 0;
    size_t step = fuzz_code_point(text + i, length - i, &code_point);
    if (!step) return false;
    if (code_point == 0 || (code_point < 0x20 && !strchr(allowed, (int)code_point))) return false;
    i += step;
  }
  return true;
}
