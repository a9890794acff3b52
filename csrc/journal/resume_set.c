#define _DEFAULT_SOURCE /* getrandom */
#include "journal/resume_set.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- the hash ---- */

typedef struct {
  uint64_t v0, v1, v2, v3;
} state;

static uint64_t rotate(uint64_t word, int by) {
  return word << by | word >> (64 - by);
}

static void mix(state *s, int rounds) {
  while (rounds--) {
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
  }
}

static void absorb(state *s, uint64_t word) {
  s->v3 ^= word;
  mix(s, 2);
  s->v0 ^= word;
}

static uint64_t little_endian(const char *bytes, size_t length) {
  uint64_t word = 0;
  while (length--) word = word << 8 | (unsigned char)bytes[length];
  return word;
}

static uint64_t squeeze(state *s) {
  mix(s, 4);
  return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

ew_hash ew_siphash(ew_hash key, const char *bytes, size_t length) {
  state s;
  ew_hash hash;
  size_t left = length;
  s.v0 = key.low ^ UINT64_C(0x736f6d6570736575);
  s.v1 = key.high ^ UINT64_C(0x646f72616e646f6d) ^ 0xee; /* 0xee, 0xdd: 128 bits */
  s.v2 = key.low ^ UINT64_C(0x6c7967656e657261);
  s.v3 = key.high ^ UINT64_C(0x7465646279746573);
  for (; left >= 8; left -= 8, bytes += 8) absorb(&s, little_endian(bytes, 8));
  absorb(&s, (uint64_t)length << 56 | little_endian(bytes, left));
  s.v2 ^= 0xee;
  hash.low = squeeze(&s);
  s.v1 ^= 0xdd;
  hash.high = squeeze(&s);
  return hash;
}

/* ---- the set ---- */

enum { SLOT = sizeof(ew_hash) + 1 };

/* The slot of the hash, or the free slot for it. There is always a free slot. */
static size_t slot_of(const ew_resume_set *set, ew_hash hash) {
  size_t slot = (size_t)(hash.low % set->capacity);
  /* clang loses both arrays of a set that has just grown, and does not know that a slot with
  ** bits has a hash. NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
  while (set->bits[slot] &&
         (set->hashes[slot].low != hash.low || set->hashes[slot].high != hash.high))
    slot = slot + 1 < set->capacity ? slot + 1 : 0;
  /* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.*) */
  return slot;
}

static void place(ew_resume_set *set, size_t slot, ew_hash hash, uint8_t bits) {
  set->hashes[slot] = hash;
  set->bits[slot] = bits;
}

/* Grows by half if the set is 85 % full. The old and the new slots together then take 50 bytes an
** item. The first size is two slots, so that this holds for small sets too. */
static ew_status grow(ew_resume_set *set, ew_error *error) {
  ew_resume_set grown = *set;
  size_t i;
  if (set->capacity > SIZE_MAX / 3 / SLOT) return ew_fail_memory(error);
  grown.capacity = set->capacity ? set->capacity + set->capacity / 2 : 2;
  grown.hashes = malloc(grown.capacity * sizeof *grown.hashes);
  grown.bits = calloc(grown.capacity, 1);
  if (!grown.hashes || !grown.bits) {
    free(grown.hashes);
    free(grown.bits);
    return ew_fail_memory(error);
  }
  grown.peak = (set->capacity + grown.capacity) * SLOT;
  for (i = 0; i < set->capacity; i++)
    if (set->bits[i]) place(&grown, slot_of(&grown, set->hashes[i]), set->hashes[i], set->bits[i]);
  ew_resume_set_free(set);
  *set = grown;
  return EW_OK;
}

ew_status ew_resume_set_init(ew_resume_set *set, ew_error *error) {
  memset(set, 0, sizeof *set);
  if (getrandom(&set->key, sizeof set->key, 0) == (ssize_t)sizeof set->key) return EW_OK;
  return ew_fail(error, EW_EJOURNAL, NULL, "no random numbers: %s", strerror(errno));
}

uint8_t ew_resume_set_get(const ew_resume_set *set, const char *name, size_t length) {
  if (!set->count) return 0;
  return set->bits[slot_of(set, ew_siphash(set->key, name, length))];
}

static bool has_room(const ew_resume_set *set) {
  return (set->count + 1) * 20 <= set->capacity * 17;
}

static ew_status enter(ew_resume_set *set, const char *name, size_t length, uint8_t bits,
                       bool change, uint8_t *before, ew_error *error) {
  ew_hash hash = ew_siphash(set->key, name, length);
  size_t slot = set->count ? slot_of(set, hash) : 0;
  *before = set->count ? set->bits[slot] : 0;
  if (!*before) {
    if (!has_room(set) && grow(set, error) != EW_OK) return error->status;
    slot = slot_of(set, hash);
    set->count++;
  }
  if (change || !*before) place(set, slot, hash, bits);
  return EW_OK;
}

ew_status ew_resume_set_put(ew_resume_set *set, const char *name, size_t length, uint8_t bits,
                            ew_error *error) {
  uint8_t before;
  return enter(set, name, length, bits, true, &before, error);
}

ew_status ew_resume_set_add(ew_resume_set *set, const char *name, size_t length, uint8_t bits,
                            uint8_t *before, ew_error *error) {
  return enter(set, name, length, bits, false, before, error);
}

size_t ew_resume_set_bytes(const ew_resume_set *set) {
  return set->capacity * SLOT;
}

void ew_resume_set_free(ew_resume_set *set) {
  free(set->hashes);
  free(set->bits);
  set->hashes = NULL;
  set->bits = NULL;
  set->capacity = set->count = 0;
}
