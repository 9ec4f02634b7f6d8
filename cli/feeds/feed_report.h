/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_FEEDS_FEED_REPORT_H
#define WIRETAPE_CLI_FEEDS_FEED_REPORT_H

/* Reports of feeds, in the summaries of `record` and `check`: streams, pairs of sides, gaps by
 * verdict. One set of words for both. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/feed/feed_monitor.h>
#include <wiretape/monitor/feed_numbers.h>

/* "ring 2, line 1", without `late`; "" for none. */
struct wt_feed_verdicts {
	char text[256];
};
struct wt_feed_verdicts wt_feed_report_verdicts(const struct wt_gap_counts *counts);

/* Print for people: silent channels, the totals, a table of streams, the pairs. At most `most`
 * streams, those with gaps first; 0: all. Each line begins with `indent`. */
void wt_feed_report_print(FILE *out, struct wt_feed_monitor *monitor, uint32_t most,
                          const char *indent);

#endif
