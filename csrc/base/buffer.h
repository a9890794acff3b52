/*
** buffer.h - a growable byte buffer with a cap, NUL-terminated for C readers.
*/
#ifndef EW_BUFFER_H
#define EW_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  char *data; /* owned; NULL until the first append; data[length] is NUL */
  size_t length, capacity;
  size_t limit; /* an append that would pass it fails */
} ew_buffer;

void ew_buffer_init(ew_buffer *buffer, size_t limit);

/* false: over the limit or out of memory. The content is then unchanged. */
bool ew_buffer_append(ew_buffer *buffer, const char *bytes, size_t length);
bool ew_buffer_append_text(ew_buffer *buffer, const char *text);

/* Forget the content, keep the memory. */
void ew_buffer_clear(ew_buffer *buffer);

/* Overwrites the whole allocation with zeros, then frees it: for secrets. A buffer that grows
** leaves no copy behind either. */
void ew_buffer_wipe(ew_buffer *buffer);

void ew_buffer_free(ew_buffer *buffer);

/* The content as a C string; "" when nothing was appended. Borrowed. */
const char *ew_buffer_text(const ew_buffer *buffer);

#endif
