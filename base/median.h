/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_MEDIAN_H
#define WIRETAPE_REPLAY_MEDIAN_H

/* The median of times that keep coming, without keeping them: a step up or down with each. Steps
 * grow while they go one way, up to an eighth of the median, and shrink when they turn: what has
 * changed is followed at once, what only scatters hardly moves it, and no outlier counts for more
 * than any other time. Not installed. */

#include <stdbool.h>
#include <stdint.h>

struct wt_median {
	int64_t ns; /* never negative */
	int64_t step_ns;
	bool rose; /* by the last step */
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
