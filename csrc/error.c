#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ew_status ew_fail(ew_error *error, ew_status status, const char *field, const char *format, ...) {
  va_list arguments;
  error->status = status;
  snprintf(error->field, sizeof error->field, "%s", field ? field : "");
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return status;
}

ew_status ew_fail_memory(ew_error *error) {
  return ew_fail(error, EW_ENOMEM, NULL, "out of memory");
}

void ew_quotable(char *out, size_t out_size, const char *text, size_t length) {
  size_t i, kept = length < out_size ? length : out_size - 1;
  for (i = 0; i < kept; i++) {
    unsigned char byte = (unsigned char)text[i];
    out[i] = byte >= 0x20 && byte <= 0x7e ? (char)byte : '?';
  }
  if (kept < length && out_size > 4) memcpy(out + kept - 3, "...", 3);
  out[kept] = '\0';
}
