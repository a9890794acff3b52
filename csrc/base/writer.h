/*
** writer.h - writes text to memory of a known size: once without memory, which measures, and once
** more with so much memory.
*/
#ifndef EW_WRITER_H
#define EW_WRITER_H

#include <stddef.h>

typedef struct {
  char *to; /* borrowed; NULL: only the length is counted */
  size_t length;
} ew_writer;

void ew_write(ew_writer *writer, const char *bytes, size_t length);
void ew_write_text(ew_writer *writer, const char *text);

/* Percent-encoded (RFC 3986): every byte but the unreserved characters. */
void ew_write_percent(ew_writer *writer, const char *bytes, size_t length);

#endif
