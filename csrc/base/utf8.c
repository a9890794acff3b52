#include "base/utf8.h"

/* As ew_utf8_sequence, of two bytes or more. */
static size_t sequence(const unsigned char *s, size_t left) {
  unsigned char first = s[0], low = 0x80, high = 0xbf;
  size_t length, i;
  if (first >= 0xc2 && first <= 0xdf)
    length = 2;
  else if ((first & 0xf0) == 0xe0)
    length = 3;
  else if (first >= 0xf0 && first <= 0xf4)
    length = 4;
  else
    return 0;
  if (length > left) return 0;
  if (first == 0xe0) low = 0xa0;  /* overlong */
  if (first == 0xed) high = 0x9f; /* surrogates */
  if (first == 0xf0) low = 0x90;  /* overlong */
  if (first == 0xf4) high = 0x8f; /* above U+10FFFF */
  if (s[1] < low || s[1] > high) return 0;
  for (i = 2; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  return length;
}

size_t ew_utf8_sequence(const char *bytes, size_t left) {
  const unsigned char *s = (const unsigned char *)bytes;
  return s[0] < 0x80 ? 1 : sequence(s, left);
}

bool ew_utf8_is_text(const char *bytes, size_t length) {
  const unsigned char *s = (const unsigned char *)bytes;
  size_t i = 0;
  while (i < length) {
    size_t n = ew_utf8_sequence(bytes + i, length - i);
    if (n == 0) return false;
    if (s[i] < 0x20 && s[i] != '\t' && s[i] != '\n' && s[i] != '\r') return false;
    i += n;
  }
  return true;
}
