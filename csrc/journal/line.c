#include "journal/line.h"

#include <stdint.h>
#include <string.h>

#include "journal/crc32c.h"

static void write_suffix(char suffix[EW_LINE_SUFFIX + 1], const char *body, size_t length) {
  static const char form[] = ",\"crc32c\":\"00000000\"}\n", digits[] = "0123456789abcdef";
  uint32_t sum = ew_crc32c(body, length);
  char *digit = suffix + EW_LINE_SUFFIX - 3;
  memcpy(suffix, form, sizeof form);
  for (; sum; sum >>= 4) *--digit = digits[sum & 15];
}

bool ew_line_append(ew_buffer *out, const char *record, size_t length) {
  char suffix[EW_LINE_SUFFIX + 1];
  size_t before = out->length, body = length - 1;
  write_suffix(suffix, record, body);
  if (ew_buffer_append(out, record, body) && ew_buffer_append(out, suffix, EW_LINE_SUFFIX))
    return true;
  out->length = before;
  return false;
}

bool ew_line_is_whole(const char *line, size_t length) {
  char suffix[EW_LINE_SUFFIX + 1];
  if (length <= EW_LINE_SUFFIX) return false;
  length -= EW_LINE_SUFFIX;
  write_suffix(suffix, line, length);
  return memcmp(line + length, suffix, EW_LINE_SUFFIX) == 0;
}
