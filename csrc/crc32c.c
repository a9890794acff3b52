#include "crc32c.h"

/* What four bits do to the sum: the polynomial 0x82f63b78 (bits reversed), four steps. */
static const uint32_t table[16] = {
  0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
  0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};

uint32_t ew_crc32c(const char *bytes, size_t length) {
  uint32_t sum = 0xffffffff;
  size_t i;
  for (i = 0; i < length; i++) {
    sum ^= (unsigned char)bytes[i];
    sum = sum >> 4 ^ table[sum & 15];
    sum = sum >> 4 ^ table[sum & 15];
  }
  return ~sum;
}
