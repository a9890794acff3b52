#define _DEFAULT_SOURCE /* explicit_bzero */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ew_buffer_init(ew_buffer *buffer, size_t limit) {
  memset(buffer, 0, sizeof *buffer);
  buffer->limit = limit;
}

/* No realloc, because realloc may leave the old bytes, perhaps a secret, in freed memory. */
static bool grow(ew_buffer *buffer, size_t wanted) {
  size_t capacity = buffer->capacity ? buffer->capacity : 128; /* a request's path, or its body */
  char *data;
  while (capacity < wanted) capacity *= 2;
  data = malloc(capacity);
  if (!data) return false;
  if (buffer->data) {
    memcpy(data, buffer->data, buffer->length);
    explicit_bzero(buffer->data, buffer->capacity);
    free(buffer->data);
  }
  buffer->data = data;
  buffer->capacity = capacity;
  return true;
}

bool ew_buffer_append(ew_buffer *buffer, const char *bytes, size_t length) {
  if (length > buffer->limit - buffer->length) return false;
  if (buffer->length + length + 1 > buffer->capacity && !grow(buffer, buffer->length + length + 1))
    return false;
  if (length) memcpy(buffer->data + buffer->length, bytes, length);
  buffer->length += length;
  buffer->data[buffer->length] = '\0';
  return true;
}

bool ew_buffer_append_text(ew_buffer *buffer, const char *text) {
  return ew_buffer_append(buffer, text, strlen(text));
}

void ew_buffer_clear(ew_buffer *buffer) {
  buffer->length = 0;
  if (buffer->data) buffer->data[0] = '\0';
}

void ew_buffer_free(ew_buffer *buffer) {
  free(buffer->data);
  buffer->data = NULL;
  buffer->length = buffer->capacity = 0;
}

void ew_buffer_wipe(ew_buffer *buffer) {
  if (buffer->data) explicit_bzero(buffer->data, buffer->capacity);
  ew_buffer_free(buffer);
}

const char *ew_buffer_text(const ew_buffer *buffer) {
  return buffer->data ? buffer->data : "";
}
