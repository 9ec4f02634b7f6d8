/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_NUMBER_PRIVATE_H
#define WIRETAPE_FEED_STREAM_NUMBER_PRIVATE_H

/* Converts numbers of the wire, which roll over, to those of 64 bits, which do not. Not installed.
 */

#include <stdint.h>

#include <wiretape/feed/preset/preset.h>

/* Count of numbers before they roll over; 0: 2^64. */
static inline uint64_t wt_number_period(const struct wt_preset *preset)
{
	if (preset->number_bits >= 64)
		return 0;
	return (UINT64_C(1) << preset->number_bits) - preset->rolls_to;
}

/* Distance of two numbers, by the shorter way round. */
static inline uint64_t wt_number_distance(const struct wt_preset *preset, uint64_t a, uint64_t b)
{
	uint64_t period = wt_number_period(preset), distance = a > b ? a - b : b - a;

	if (!period)
		return distance;
	distance %= period;
	return distance > period / 2 ? period - distance : distance;
}

/* Extend a number of the wire to the nearest to `near`. Never negative: a number more than half a
 * period above may be from before the beginning. */
static inline uint64_t wt_number_extend(const struct wt_preset *preset, uint64_t wire,
                                        uint64_t near)
{
	uint64_t period = wt_number_period(preset), number;

	if (!period || wire > period)
		return wire;
	number = near - near % period + wire;
	if (number > near && number - near > period / 2 && number >= period)
		return number - period;
	if (number < near && near - number > period / 2)
		return number + period;
	return number;
}

/* Reduce a number to its form on the wire. */
static inline uint64_t wt_number_wire(const struct wt_preset *preset, uint64_t number)
{
	uint64_t period = wt_number_period(preset);

	if (!period || number < period)
		return number;
	number %= period;
	return !number && preset->rolls_to ? period : number;
}

#endif
