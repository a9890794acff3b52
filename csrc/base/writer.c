#include "base/writer.h"

#include <string.h>

void ew_write(ew_writer *w, const char *bytes, size_t length) {
  if (w->to && length) memcpy(w->to + w->length, bytes, length);
  w->length += length;
}

void ew_write_text(ew_writer *w, const char *text) {
  ew_write(w, text, strlen(text));
}

void ew_write_percent(ew_writer *w, const char *bytes, size_t length) {
  static const char unreserved[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static const char digits[] = "0123456789ABCDEF";
  size_t i, done = 0;
  for (i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    char encoded[3] = {'%', digits[byte >> 4], digits[byte & 15]};
    if (memchr(unreserved, byte, sizeof unreserved - 1)) continue;
    ew_write(w, bytes + done, i - done);
    ew_write(w, encoded, sizeof encoded);
    done = i + 1;
  }
  ew_write(w, bytes + done, length - done);
}
