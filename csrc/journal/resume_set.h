/*
** resume_set.h - what a journal says of each item: a byte of bits for each name. The caller gives
** the bits a meaning.
**
** The set keeps a hash of 128 bits for each name, so that an item costs less than 64 bytes even
** while the set grows. Two names with the same hash would be a false confirmation. By chance that
** takes about 2^64 items. Nobody can search for such a pair, because the hash (SipHash-2-4) has a
** random key, new for each set. A hash must therefore never be written anywhere.
*/
#ifndef EW_RESUME_SET_H
#define EW_RESUME_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct {
  uint64_t low, high;
} ew_hash;

/* Private. All zero is a set that can be freed. */
typedef struct {
  ew_hash key;
  ew_hash *hashes; /* owned; by slot */
  uint8_t *bits;   /* owned; by slot; 0 is a free one */
  size_t capacity, count;
  size_t peak; /* bytes */
} ew_resume_set;

/* An empty set. EW_EJOURNAL: the system gives no random numbers. */
ew_status ew_resume_set_init(ew_resume_set *set, ew_error *error);

/* 0: absent. */
uint8_t ew_resume_set_get(const ew_resume_set *set, const char *name, size_t length);

/* Adds the name or changes its bits, which must not be 0. After EW_ENOMEM the set is as it was. */
ew_status ew_resume_set_put(ew_resume_set *set, const char *name, size_t length, uint8_t bits,
                            ew_error *error);

/* Adds the name unless the set has it. `before` is what ew_resume_set_get gave. */
ew_status ew_resume_set_add(ew_resume_set *set, const char *name, size_t length, uint8_t bits,
                            uint8_t *before, ew_error *error);

/* Bytes in use now. */
size_t ew_resume_set_bytes(const ew_resume_set *set);

void ew_resume_set_free(ew_resume_set *set);

/* SipHash-2-4 with its result of 128 bits (Aumasson, Bernstein 2012). */
ew_hash ew_siphash(ew_hash key, const char *bytes, size_t length);

#endif
