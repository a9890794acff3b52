/*
** crc32c.h - the checksum of a journal's lines: CRC-32C (Castagnoli), as iSCSI and
** ext4 use it (RFC 3720, appendix B.4). The checksum finds every change of up to 32 bits in a row.
*/
#ifndef EW_CRC32C_H
#define EW_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t ew_crc32c(const char *bytes, size_t length);

#endif
