/*
** line.h - a line of a journal: a record, whose last member on the disk is a checksum of all bytes
** before it.
*/
#ifndef EW_LINE_H
#define EW_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum {
  EW_LINE_SUFFIX = 22,         /* ,"crc32c":"xxxxxxxx"} and the newline */
  EW_LONGEST_LINE = 64 * 1024, /* so that reading needs no more memory than this */
  EW_LONGEST_RECORD = EW_LONGEST_LINE - EW_LINE_SUFFIX + 1
};

/* Appends the line of a record, which ends with '}', or nothing. false: no memory. */
bool ew_line_append(ew_buffer *out, const char *record, size_t length);

/* True if the checksum is that of the bytes before it. The length counts the newline. */
bool ew_line_is_whole(const char *line, size_t length);

#endif
