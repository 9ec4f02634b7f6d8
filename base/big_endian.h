/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_BIG_ENDIAN_H
#define WIRETAPE_BASE_BIG_ENDIAN_H

/* Network byte order at any alignment. Private to the folder: not installed. */

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t wt_get_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t wt_get_be32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static inline void wt_put_be16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void wt_put_be32(uint8_t *at, uint32_t value)
{
	wt_put_be16(at, (uint16_t)(value >> 16));
	wt_put_be16(at + 2, (uint16_t)value);
}

#endif
