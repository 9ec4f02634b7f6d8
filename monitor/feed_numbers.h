/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_MONITOR_FEED_NUMBERS_H
#define WIRETAPE_MONITOR_FEED_NUMBERS_H

/* Numbers of feeds for `record` and `check`: streams, pairs of sides, gaps by verdict. */

#include <wiretape/base/number.h>
#include <wiretape/feed/feed_monitor.h>

struct wt_feed_total {
	uint64_t streams, channels;
	uint64_t gaps;    /* settled, of streams, and not late */
	uint64_t late;    /* gaps that were closed in time */
	uint64_t missing; /* numbers, when their gaps settled */
	uint64_t pair_gaps, pair_missing;
	uint64_t silent_channels; /* without a packet */
	struct wt_gap_counts by_verdict;
	uint64_t packets, matched, unrecognised, fragments, table_full;
	uint64_t settled_early;
};

/* Findings of several monitors. */
struct wt_feed_summary {
	struct wt_feed_monitor *const *monitors; /* borrowed */
	size_t count;
	struct wt_feed_total total;
};
void wt_feed_summary_fill(struct wt_feed_summary *summary, struct wt_feed_monitor *const *monitors,
                          size_t count);

/* Find the channels that have a stream: a bool for each channel, the caller's to free; NULL without
 * memory. */
bool *wt_feed_find_heard(struct wt_feed_monitor *monitor);

/* The subject is a struct wt_feed_summary. */
extern const struct wt_number wt_feed_numbers[];

#endif
