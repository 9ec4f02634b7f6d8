/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_MEDIAN_H
#define WIRETAPE_BASE_MEDIAN_H

/* Running median of times, without keeping them: each time moves it a step up or down. Steps grow
 * while they go one way, up to an eighth of the median, and shrink when they turn: a change is
 * followed at once, scatter hardly moves it, and an outlier counts no more than any other time. Not
 * installed. */

#include <stdbool.h>
#include <stdint.h>

struct wt_median {
	int64_t ns; /* never negative */
	int64_t step_ns;
	bool rose; /* set by the last step */
};

static inline void wt_median_begin(struct wt_median *median, int64_t ns)
{
	median->ns = ns > 0 ? ns : 0;
	median->step_ns = median->ns / 8;
}

static inline int64_t wt_median_step(const struct wt_median *median, bool rises)
{
	int64_t longest_ns = median->ns / 8 + 8;
	int64_t step_ns = rises == median->rose ? median->step_ns + median->step_ns / 8 + 1
	                                        : median->step_ns / 2;

	return step_ns < 1 ? 1 : step_ns < longest_ns ? step_ns : longest_ns;
}

static inline void wt_median_follow(struct wt_median *median, int64_t ns)
{
	int64_t distance_ns = ns > 0 ? ns - median->ns : -median->ns;
	bool rises = distance_ns > 0;

	if (!distance_ns)
		return;
	median->step_ns = wt_median_step(median, rises);
	median->rose = rises;
	if (rises)
		median->ns += distance_ns < median->step_ns ? distance_ns : median->step_ns;
	else
		median->ns -= -distance_ns < median->step_ns ? -distance_ns : median->step_ns;
}

#endif
