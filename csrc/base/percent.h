/*
** percent.h - percent-encoding (RFC 3986): every byte but the unreserved characters.
*/
#ifndef EW_PERCENT_H
#define EW_PERCENT_H

#include "base/buffer.h"

/* false: see ew_buffer_append. A part may have been appended. */
bool ew_percent_append(ew_buffer *buffer, const char *bytes, size_t length);

#endif
