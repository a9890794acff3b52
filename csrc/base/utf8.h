/*
** utf8.h - is this well-formed UTF-8, without control characters? All text that is sent or
** accepted is checked.
*/
#ifndef EW_UTF8_H
#define EW_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True if the bytes are well-formed UTF-8 by table 3-7 of the Unicode Standard (no overlong forms,
** no surrogates, nothing above U+10FFFF) and hold no control character but tab, LF and CR. JSON
** forbids the others everywhere (RFC 8259). */
bool ew_utf8_is_text(const char *bytes, size_t length);

/* The length of the well-formed sequence at the front; 0: there is none. `left` is at least 1. */
size_t ew_utf8_sequence(const char *bytes, size_t left);

#endif
