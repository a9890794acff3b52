/*
** utf8.h - the text check shared by what we send and what we accept.
*/
#ifndef EW_UTF8_H
#define EW_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 by table 3-7 of the Unicode Standard (no overlong forms,
** no surrogates, nothing above U+10FFFF) without NUL and without the control
** characters that JSON forbids everywhere (all but tab, LF and CR, RFC 8259). */
bool ew_utf8_is_text(const char *bytes, size_t length);

/* The length of the well-formed sequence that `bytes` begin with; 0 if they begin with
** none. At least one byte must be `left`. */
size_t ew_utf8_sequence(const char *bytes, size_t left);

#endif
