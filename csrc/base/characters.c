#include "base/characters.h"

#include <stdint.h>
#include <stdio.h>

#include "base/utf8.h"

/* One bit for each ASCII character: 0x21 to 0x7e without " , ; < > and the backtick. */
static const uint32_t plain[8] = {0, 0xa7ffeffa, 0xffffffff, 0x7ffffffe, 0, 0, 0, 0};

bool ew_characters_are_plain(const char *bytes, size_t length) {
  size_t i;
  for (i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (!(plain[byte >> 5] >> (byte & 31) & 1)) return false;
  }
  return true;
}

typedef struct {
  uint32_t first, last;
  const char *name;
} named_range;

/* Sorted. Texts of any kind refuse the control characters; identifiers refuse all. */
static const named_range refused[] = {
  {0x0000, 0x0000, "NUL"},
  {0x0001, 0x0008, "CONTROL CHARACTER"},
  {0x0009, 0x0009, "TAB"},
  {0x000a, 0x000a, "LINE FEED"},
  {0x000b, 0x000c, "CONTROL CHARACTER"},
  {0x000d, 0x000d, "CARRIAGE RETURN"},
  {0x000e, 0x001f, "CONTROL CHARACTER"},
  {' ', ' ', "a space"},
  {'"', '"', "a double quote (\")"},
  {',', ',', "a comma"},
  {';', ';', "a semicolon"},
  {'<', '<', "an angle bracket (<)"},
  {'>', '>', "an angle bracket (>)"},
  {'`', '`', "a backtick (`)"},
  {0x007f, 0x009f, "CONTROL CHARACTER"},
  {0x00a0, 0x00a0, "NO-BREAK SPACE"},
  {0x00ad, 0x00ad, "SOFT HYPHEN"},
  {0x034f, 0x034f, "COMBINING GRAPHEME JOINER"},
  {0x061c, 0x061c, "ARABIC LETTER MARK"},
  {0x115f, 0x115f, "HANGUL CHOSEONG FILLER"},
  {0x1160, 0x1160, "HANGUL JUNGSEONG FILLER"},
  {0x1680, 0x1680, "OGHAM SPACE MARK"},
  {0x180e, 0x180e, "MONGOLIAN VOWEL SEPARATOR"},
  {0x2000, 0x2000, "EN QUAD"},
  {0x2001, 0x2001, "EM QUAD"},
  {0x2002, 0x2002, "EN SPACE"},
  {0x2003, 0x2003, "EM SPACE"},
  {0x2004, 0x2004, "THREE-PER-EM SPACE"},
  {0x2005, 0x2005, "FOUR-PER-EM SPACE"},
  {0x2006, 0x2006, "SIX-PER-EM SPACE"},
  {0x2007, 0x2007, "FIGURE SPACE"},
  {0x2008, 0x2008, "PUNCTUATION SPACE"},
  {0x2009, 0x2009, "THIN SPACE"},
  {0x200a, 0x200a, "HAIR SPACE"},
  {0x200b, 0x200b, "ZERO WIDTH SPACE"},
  {0x200c, 0x200c, "ZERO WIDTH NON-JOINER"},
  {0x200d, 0x200d, "ZERO WIDTH JOINER"},
  {0x200e, 0x200e, "LEFT-TO-RIGHT MARK"},
  {0x200f, 0x200f, "RIGHT-TO-LEFT MARK"},
  {0x2018, 0x2018, "LEFT SINGLE QUOTATION MARK"},
  {0x2019, 0x2019, "RIGHT SINGLE QUOTATION MARK"},
  {0x201a, 0x201a, "SINGLE LOW-9 QUOTATION MARK"},
  {0x201b, 0x201b, "SINGLE HIGH-REVERSED-9 QUOTATION MARK"},
  {0x201c, 0x201c, "LEFT DOUBLE QUOTATION MARK"},
  {0x201d, 0x201d, "RIGHT DOUBLE QUOTATION MARK"},
  {0x201e, 0x201e, "DOUBLE LOW-9 QUOTATION MARK"},
  {0x201f, 0x201f, "DOUBLE HIGH-REVERSED-9 QUOTATION MARK"},
  {0x2028, 0x2028, "LINE SEPARATOR"},
  {0x2029, 0x2029, "PARAGRAPH SEPARATOR"},
  {0x202a, 0x202a, "LEFT-TO-RIGHT EMBEDDING"},
  {0x202b, 0x202b, "RIGHT-TO-LEFT EMBEDDING"},
  {0x202c, 0x202c, "POP DIRECTIONAL FORMATTING"},
  {0x202d, 0x202d, "LEFT-TO-RIGHT OVERRIDE"},
  {0x202e, 0x202e, "RIGHT-TO-LEFT OVERRIDE"},
  {0x202f, 0x202f, "NARROW NO-BREAK SPACE"},
  {0x205f, 0x205f, "MEDIUM MATHEMATICAL SPACE"},
  {0x2060, 0x2060, "WORD JOINER"},
  {0x2061, 0x2064, "INVISIBLE OPERATOR"},
  {0x2065, 0x2069, "DIRECTIONAL ISOLATE"},
  {0x206a, 0x206f, "FORMAT CHARACTER"},
  {0x2800, 0x2800, "BRAILLE PATTERN BLANK"},
  {0x3000, 0x3000, "IDEOGRAPHIC SPACE"},
  {0x3164, 0x3164, "HANGUL FILLER"},
  {0xfe00, 0xfe0f, "VARIATION SELECTOR"},
  {0xfeff, 0xfeff, "ZERO WIDTH NO-BREAK SPACE (BYTE ORDER MARK)"},
  {0xffa0, 0xffa0, "HALFWIDTH HANGUL FILLER"},
  {0xfff9, 0xfffc, "INTERLINEAR OR OBJECT CHARACTER"},
  {0xfffd, 0xfffd, "REPLACEMENT CHARACTER (of a damaged text)"},
  {0xe0000, 0xe0fff, "TAG OR VARIATION SELECTOR"},
};

enum { REFUSED = sizeof refused / sizeof *refused };

static bool is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}

/* NULL if a text of this kind may hold the character. */
static const char *name_of(uint32_t code, ew_text_kind kind) {
  size_t i = 0;
  if (kind == EW_TEXT && !is_control(code)) return NULL;
  while (i < REFUSED && refused[i].last < code) i++;
  return i < REFUSED && refused[i].first <= code ? refused[i].name : NULL;
}

/* The code point of a well-formed sequence. */
static uint32_t decode(const unsigned char *s, size_t length) {
  uint32_t code = length == 1 ? s[0] : s[0] & (0x7fU >> length);
  size_t i;
  for (i = 1; i < length; i++) code = code << 6 | (s[i] & 0x3fU);
  return code;
}

bool ew_characters_refused(const char *bytes, size_t length, ew_text_kind kind,
                           ew_character *first) {
  const unsigned char *s = (const unsigned char *)bytes;
  size_t i, n;
  first->number = 0;
  first->name[0] = '\0';
  for (i = 0; i < length; i += n) {
    uint32_t code;
    const char *name;
    first->number++;
    n = ew_utf8_sequence(bytes + i, length - i);
    if (n == 0) return true;
    code = decode(s + i, n);
    name = name_of(code, kind);
    if (!name) continue;
    if (code >= 0x20 && code < 0x7f)
      snprintf(first->name, sizeof first->name, "%s", name);
    else
      snprintf(first->name, sizeof first->name, "U+%04X %s", (unsigned)code, name);
    return true;
  }
  return false;
}

size_t ew_characters_count(const char *bytes, size_t length) {
  size_t i, count = 0;
  for (i = 0; i < length; i++) count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
  return count;
}
