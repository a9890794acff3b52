/*
** nearest.h - the name that a mistyped one was probably meant to be.
*/
#ifndef EW_NEAREST_H
#define EW_NEAREST_H

#include <stddef.h>

/* `names` is NULL-terminated. NULL: no name is near. Borrowed from the list. */
const char *ew_nearest(const char *const *names, const char *text, size_t length);

#endif
