/*
** json.h - escapes text for a JSON string (RFC 8259).
*/
#ifndef EW_JSON_H
#define EW_JSON_H

#include <stddef.h>

enum { EW_LONGEST_ESCAPE = 6 };

/* The number of bytes at the front that need no escape. */
size_t ew_json_plain(const char *bytes, size_t length);

/* Writes the escape of a byte that needs one. Returns the length of the escape. */
size_t ew_json_escape(unsigned char byte, char escape[EW_LONGEST_ESCAPE]);

#endif
