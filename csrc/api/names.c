#include "api/names.h"

#include <stdlib.h>
#include <string.h>

void ew_names_init(ew_names *names, size_t most) {
  names->hashes = names->few;
  names->count = 0;
  names->capacity = EW_FEW_NAMES;
  names->most = most;
}

void ew_names_free(ew_names *names) {
  if (names->hashes != names->few) free(names->hashes);
}

static bool grow(ew_names *names) {
  size_t capacity = 2 * names->capacity;
  uint64_t *hashes = malloc(capacity * sizeof *hashes);
  if (!hashes) return false;
  memcpy(hashes, names->hashes, names->count * sizeof *hashes);
  ew_names_free(names);
  names->hashes = hashes;
  names->capacity = capacity;
  return true;
}

const char *ew_names_add(ew_names *names, uint64_t hash) {
  if (names->count >= names->most) return "its body has too many names";
  if (names->count == names->capacity && !grow(names)) return "there is no memory to read its body";
  names->hashes[names->count++] = hash;
  return NULL;
}

/* Lets the hash at `at` sink to its place in the heap of `count` hashes. */
static void sink(uint64_t *heap, size_t at, size_t count) {
  uint64_t hash = heap[at];
  size_t child;
  for (; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && heap[child + 1] > heap[child]) child++;
    if (heap[child] <= hash) break;
    heap[at] = heap[child];
  }
  heap[at] = hash;
}

/* Heapsort: no memory, and no server can choose names that make it slow. -> false: a hash came
** twice */
static bool sort(uint64_t *hashes, size_t count) {
  size_t i;
  for (i = count / 2; i > 0; i--) sink(hashes, i - 1, count);
  for (i = count; i > 1; i--) {
    uint64_t largest = hashes[0];
    if (i < count && largest == hashes[i]) return false;
    hashes[0] = hashes[i - 1];
    hashes[i - 1] = largest;
    sink(hashes, 0, i - 1);
  }
  return count < 2 || hashes[0] != hashes[1];
}

bool ew_names_close(ew_names *names, size_t first) {
  size_t count = names->count - first;
  names->count = first;
  return sort(names->hashes + first, count);
}
