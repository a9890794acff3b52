/*
** text.c - fuzz target: the UTF-8 check and what messages quote.
** The first line is a size and the rest the text.
*/
#include <stdlib.h>
#include <string.h>

#include "api/resource_types.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "fuzz.h"

static void check_quotable(const char *text, size_t length, size_t size) {
  char *out = malloc(size);
  HOLDS(out);
  ew_quotable(out, size, text, length);
  HOLDS(strlen(out) < size && fuzz_is_printable(out));
  if (length >= 3 && memcmp(text, "sk_", 3) == 0)
    HOLDS(strncmp(out, "...", size - 1) == 0);
  else if (length < size)
    HOLDS(strlen(out) == length);
  free(out);
}

static void check_message(const char *text, size_t length) {
  ew_error error;
  char quoted[sizeof error.message];
  ew_quotable(quoted, sizeof quoted, text, length);
  HOLDS(ew_fail(&error, EW_EINVAL, quoted, "%s %s", quoted, quoted) == EW_EINVAL);
  HOLDS(strlen(error.message) < sizeof error.message && fuzz_is_printable(error.message));
  HOLDS(strlen(error.field) < sizeof error.field && fuzz_is_printable(error.field));
}

/* A type that is known is nearest to itself. */
static void check_nearest(const char *text, size_t length) {
  const char *near = ew_nearest(ew_resource_types, text, length);
  if (near) HOLDS(ew_resource_type_known(near, strlen(near)));
  if (ew_resource_type_known(text, length))
    HOLDS(near && strlen(near) == length && memcmp(near, text, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = {(const char *)data, size};
  size_t length, quoted_size = fuzz_take_number(&input, 127) + 1;
  char *text = malloc(input.left ? input.left : 1);
  HOLDS(text);
  length = input.left;
  memcpy(text, input.at, length);
  HOLDS(ew_utf8_is_text(text, length) == fuzz_is_text(text, length, "\t\n\r"));
  check_quotable(text, length, quoted_size);
  check_message(text, length);
  check_nearest(text, length);
  free(text);
  return 0;
}
