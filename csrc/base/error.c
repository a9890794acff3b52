#include "base/error.h"

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
  size_t i;
  if (length >= out_size || (length >= 3 && memcmp(text, "sk_", 3) == 0)) {
    snprintf(out, out_size, "...");
    return;
  }
  for (i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    out[i] = '?';
    if (byte >= 0x20 && byte <= 0x7e) out[i] = text[i];
  }
  out[length] = '\0';
}
