#include "base/percent.h"

#include <string.h>

bool ew_percent_append(ew_buffer *buffer, const char *bytes, size_t length) {
  static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static const char digits[] = "0123456789ABCDEF";
  size_t i, done = 0;
  bool ok = true;
  for (i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    char encoded[3] = {'%', digits[byte >> 4], digits[byte & 15]};
    if (memchr(unreserved, byte, sizeof unreserved - 1)) continue;
    ok &= ew_buffer_append(buffer, bytes + done, i - done);
    ok &= ew_buffer_append(buffer, encoded, sizeof encoded);
    done = i + 1;
  }
  ok &= ew_buffer_append(buffer, bytes + done, length - done);
  return ok;
}
