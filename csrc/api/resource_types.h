/*
** resource_types.h - the resource types that ElevenLabs publishes.
*/
#ifndef EW_RESOURCE_TYPES_H
#define EW_RESOURCE_TYPES_H

#include <stdbool.h>
#include <stddef.h>

/* NULL-terminated, sorted. Source: the OpenAPI document of August 2025 and the official JavaScript
** SDK 2.73.0; the names of either. */
extern const char *const ew_resource_types[];

bool ew_resource_type_known(const char *text, size_t length);

#endif
