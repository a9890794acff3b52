#include "base/json.h"

size_t ew_json_plain(const char *bytes, size_t length) {
  size_t i = 0;
  while (i < length && (unsigned char)bytes[i] >= 0x20 && bytes[i] != '"' && bytes[i] != '\\') i++;
  return i;
}

size_t ew_json_escape(unsigned char byte, char escape[EW_LONGEST_ESCAPE]) {
  static const char digits[] = "0123456789abcdef";
  escape[0] = '\\';
  escape[1] = (char)byte;
  if (byte == '"' || byte == '\\') return 2;
  escape[1] = 'u';
  escape[2] = escape[3] = '0';
  escape[4] = digits[byte >> 4];
  escape[5] = digits[byte & 15];
  return EW_LONGEST_ESCAPE;
}
