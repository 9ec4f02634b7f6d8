/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_CHECKSUM_H
#define WIRETAPE_PACKET_CHECKSUM_H

/* The Internet checksum (RFC 1071): add up, starting with 0; every piece but the last has an even
 * number of bytes; then finish. For fewer than 2^48 bytes. Pure; any thread. */

#include <stddef.h>
#include <stdint.h>

uint64_t wt_checksum_add(uint64_t sum, const uint8_t *data, size_t bytes);
uint16_t wt_checksum_finish(uint64_t sum);

#endif
