/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_private.h"

#include <string.h>

/* How exactly B kept A's times: passes over all packets of A. */

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

static bool is_timed(const struct wt_compare_entry *entry)
{
	uint32_t both = WT_COMPARE_MATCHED | WT_COMPARE_TIMED;

	return (entry->rest & both) == both;
}

/* Round to the nearest, on both sides of 0. */
static int64_t mean(const struct wt_compare_timing *timing, __int128 sum)
{
	__int128 packets = timing->packets;
	__int128 above = sum - packets * timing->min_ns;

	return (int64_t)(timing->min_ns + (above + packets / 2) / packets);
}

static void find_ends(const struct wt_compare *compare, struct wt_compare_timing *timing)
{
	__int128 sum = 0;

	for (uint64_t i = 0; i < compare->a.packets; i++) {
		const struct wt_compare_entry *entry = &compare->entries[i];

		if (!is_timed(entry))
			continue;
		if (!timing->packets || entry->time_ns < timing->min_ns)
			timing->min_ns = entry->time_ns;
		if (!timing->packets || entry->time_ns > timing->max_ns)
			timing->max_ns = entry->time_ns;
		timing->packets++;
		sum += entry->time_ns;
	}
	if (timing->packets)
		timing->mean_ns = mean(timing, sum);
}

/* Count differences by digit, among those whose upper digits equal `prefix`. */
static void count_digits(const struct wt_compare *compare, const struct wt_compare_timing *timing,
                         uint64_t prefix, int shift, uint64_t counts[DIGITS])
{
	memset(counts, 0, DIGITS * sizeof(*counts));
	for (uint64_t i = 0; i < compare->a.packets; i++) {
		const struct wt_compare_entry *entry = &compare->entries[i];
		uint64_t above = (uint64_t)entry->time_ns - (uint64_t)timing->min_ns;

		if (is_timed(entry) && above >> shift >> DIGIT_BITS == prefix)
			counts[above >> shift & (DIGITS - 1)]++;
	}
}

/* Difference that `percent` of all do not exceed: digit by digit from the highest, which takes no
 * memory and the same time for any numbers. */
static int64_t percentile(const struct wt_compare *compare, const struct wt_compare_timing *timing,
                          unsigned percent)
{
	uint64_t counts[DIGITS];
	uint64_t spread = (uint64_t)timing->max_ns - (uint64_t)timing->min_ns;
	/* Numbered from 0. */
	uint64_t rank = (uint64_t)(((unsigned __int128)timing->packets * percent + 99) / 100 - 1);
	uint64_t value = 0;
	int shift = 0;

	while (spread >> shift >> DIGIT_BITS)
		shift += DIGIT_BITS;
	for (; shift >= 0; shift -= DIGIT_BITS) {
		uint64_t digit = 0;

		count_digits(compare, timing, value, shift, counts);
		for (; rank >= counts[digit]; digit++)
			rank -= counts[digit];
		value = value << DIGIT_BITS | digit;
	}
	return (int64_t)((uint64_t)timing->min_ns + value);
}

static int64_t reference(const struct wt_compare *compare, const struct wt_compare_timing *timing)
{
	switch (compare->config.align) {
	case WT_COMPARE_ALIGN_FIRST:
		return compare->entries[compare->first.number - 1].time_ns;
	case WT_COMPARE_ALIGN_MIN:
		return timing->min_ns;
	case WT_COMPARE_ALIGN_NONE:
		return 0;
	default:
		return timing->p50_ns;
	}
}

static int64_t distance(int64_t a, int64_t b)
{
	return a < b ? wt_compare_minus(b, a) : wt_compare_minus(a, b);
}

static void find_errors(const struct wt_compare *compare, struct wt_compare_timing *timing)
{
	int64_t tolerance_ns = compare->config.tolerance_ns;
	const struct wt_compare_entry *before = NULL;

	for (uint64_t i = 0; i < compare->a.packets; i++) {
		const struct wt_compare_entry *entry = &compare->entries[i];
		bool timed = is_timed(entry), in_order = timed && !(entry->rest & WT_COMPARE_LATE);
		int64_t error_ns = distance(entry->time_ns, timing->reference_ns);

		if (timed) {
			wt_histogram_add(&timing->error, error_ns);
			timing->over_tolerance += tolerance_ns && error_ns > tolerance_ns;
		}
		/* The difference of two gaps is that of the two differences. */
		if (in_order && before)
			wt_histogram_add(&timing->gap_error,
			                 distance(entry->time_ns, before->time_ns));
		before = in_order ? entry : NULL;
	}
}

void wt_compare_time(const struct wt_compare *compare, struct wt_compare_timing *timing)
{
	const struct wt_compare_moment *first = &compare->first, *last = &compare->last;

	wt_histogram_init(&timing->error);
	wt_histogram_init(&timing->gap_error);
	find_ends(compare, timing);
	if (!timing->packets)
		return;
	timing->p50_ns = percentile(compare, timing, 50);
	timing->p99_ns = percentile(compare, timing, 99);
	timing->reference_ns = reference(compare, timing);
	timing->lasted_a_ns = wt_compare_minus(last->a_ns, first->a_ns);
	timing->lasted_b_ns = wt_compare_minus(last->b_ns, first->b_ns);
	find_errors(compare, timing);
}
