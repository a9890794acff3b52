/*
** names.h - the names in the JSON objects that are open, and whether an object gives a name twice.
** A name is kept as its hash. Equal hashes count as equal names: a collision refuses a good body,
** and accepts no bad one.
*/
#ifndef EW_NAMES_H
#define EW_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EW_FEW_NAMES = 256 }; /* up to so many need no memory */

/* Private. */
typedef struct {
  uint64_t few[EW_FEW_NAMES];
  uint64_t *hashes; /* `few`, or owned */
  size_t count, capacity, most;
} ew_names;

/* `most`: of the names in all objects that are open. */
void ew_names_init(ew_names *names, size_t most);
void ew_names_free(ew_names *names);

/* NULL, or why the name cannot be kept. */
const char *ew_names_add(ew_names *names, uint64_t hash);

/* Forgets the names from `first` on, which are those of the object that ends. -> false: one of them
** came twice. Takes n log n time for n names, whatever the names are. */
bool ew_names_close(ew_names *names, size_t first);

#endif
