/*
** resource_types.h - the resource types that ElevenLabs publishes, and the
** nearest name for a typo.
*/
#ifndef EW_RESOURCE_TYPES_H
#define EW_RESOURCE_TYPES_H

#include <stdbool.h>
#include <stddef.h>

/* NULL-terminated, sorted. Source: the union of the lists in the OpenAPI
** document of August 2025 and the official JavaScript SDK 2.73.0. */
extern const char *const ew_resource_types[];

bool ew_resource_type_known(const char *text, size_t length);

/* The name in the NULL-terminated list that `text` was probably meant to be,
** or NULL when none is near. Borrowed from the list. */
const char *ew_nearest(const char *const *names, const char *text, size_t length);

#endif
