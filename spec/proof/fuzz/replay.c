/*
** replay.c - runs a fuzz target without libFuzzer: every file once, then so many random
** changes of them.
**
**   NAME RUNS SEED FILE...
**
** Prints how many inputs there were.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { MOST_FILES = 1024, LARGEST = 1 << 17 };

typedef struct {
  uint8_t *bytes; /* owned */
  size_t size;
} sample;

static sample samples[MOST_FILES];
static size_t count;
static uint64_t state;

static void read_sample(const char *path) {
  FILE *file = fopen(path, "rb");
  sample *s = &samples[count];
  s->bytes = malloc(LARGEST);
  if (!file || !s->bytes) {
    perror(path);
    exit(2);
  }
  s->size = fread(s->bytes, 1, LARGEST, file);
  count++;
  fclose(file);
}

/* xorshift64 (Marsaglia 2003) */
static size_t draw(size_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return below ? (size_t)(state % below) : 0;
}

/* In place of a part of `s` comes a part of another sample. */
static void splice(sample *s) {
  const sample *other = &samples[draw(count)];
  size_t at = draw(s->size + 1), gone = draw(s->size - at + 1) % 16;
  size_t from = draw(other->size + 1), more = draw(other->size - from + 1);
  if (s->size - gone + more > LARGEST) return;
  memmove(s->bytes + at + more, s->bytes + at + gone, s->size - at - gone);
  memcpy(s->bytes + at, other->bytes + from, more);
  s->size += more - gone;
}

static void change(sample *s) {
  static const char telling[] = "\0\n\r\t \"%|,:{}019/\\\x7f\x80\xbf\xc0\xe0\xed\xf4\xff";
  size_t at = draw(s->size);
  switch (draw(5)) {
    case 0:
      splice(s);
      break;
    case 1:
      s->size = draw(s->size + 1);
      break;
    case 2:
      if (s->size) s->bytes[at] = (uint8_t)draw(256);
      break;
    case 3:
      if (s->size) s->bytes[at] = (uint8_t)telling[draw(sizeof telling - 1)];
      break;
    default:
      if (s->size) s->bytes[at] ^= (uint8_t)(1 << draw(8));
  }
}

/* A copy of exactly its size, so that reading past its end is seen. */
static void run(const sample *s) {
  uint8_t *copy = malloc(s->size ? s->size : 1);
  if (!copy) exit(2);
  memcpy(copy, s->bytes, s->size);
  LLVMFuzzerTestOneInput(copy, s->size);
  free(copy);
}

static void run_changed(sample *scratch) {
  const sample *s = &samples[draw(count)];
  size_t changes = 1 + draw(4);
  memcpy(scratch->bytes, s->bytes, s->size);
  scratch->size = s->size;
  while (changes--) change(scratch);
  run(scratch);
}

int main(int argc, char **argv) {
  long runs = argc > 2 ? strtol(argv[1], NULL, 10) : 0, i;
  sample scratch = {malloc(LARGEST), 0};
  state = argc > 2 ? strtoull(argv[2], NULL, 10) * 2654435761U + 1 : 1;
  for (i = 3; i < argc && count < MOST_FILES; i++) read_sample(argv[i]);
  if (!count || !scratch.bytes) return 2;
  for (i = 0; i < (long)count; i++) run(&samples[i]);
  for (i = 0; i < runs; i++) run_changed(&scratch);
  printf("replayed %lu changed %ld\n", (unsigned long)count, runs);
  for (i = 0; i < (long)count; i++) free(samples[i].bytes);
  free(scratch.bytes);
  return 0;
}
