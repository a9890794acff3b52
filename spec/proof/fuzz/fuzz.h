/*
** fuzz.h - what the fuzz targets share. A target is one file with the function that
** libFuzzer calls; it stops the process where something does not hold. replay.c runs the
** same function without libFuzzer.
** The models here and in the targets are written from the documents, not from csrc/.
*/
#ifndef EW_FUZZ_H
#define EW_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert, whatever NDEBUG is. */
#define HOLDS(condition) ((condition) ? (void)0 : fuzz_stop(#condition, __FILE__, __LINE__))

void fuzz_stop(const char *condition, const char *file, int line);

/* What is left of an input. */
typedef struct {
  const char *at;
  size_t left;
} fuzz_input;

/* Take what stands before the next `separator`, or all of it, and the separator too. A copy
** of exactly that length, so that reading past its end is seen; to be freed. */
char *fuzz_take(fuzz_input *input, char separator, size_t *length);

/* Take a decimal number and the character after it. */
size_t fuzz_take_number(fuzz_input *input, size_t most);

/* Is this text a C string of printable ASCII? */
bool fuzz_is_printable(const char *text);

/* The code point at `text` and its length in bytes; 0: none that UTF-8 may hold. */
size_t fuzz_code_point(const char *text, size_t left, uint32_t *code_point);

/* UTF-8 without control characters, but for those of tab, LF and CR that are `allowed`. */
bool fuzz_is_text(const char *text, size_t length, const char *allowed);

#endif
