/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_GAPS_H
#define WIRETAPE_CLI_CHECK_CHECK_GAPS_H

/* Keeps the report on gaps until it is printed, after the verdict: in a temporary file, so that
 * memory does not grow with them; and writes events as they come. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/base/error.h>
#include <wiretape/feed/verdict/feed_event.h>

struct wt_check_gaps {
	bool json;     /* keeps objects, else lines */
	uint64_t most; /* lines that are kept */
	FILE *events;  /* JSON lines of all events go here as well; NULL: nowhere */
	FILE *gaps, *recovered;
	uint64_t gap_count,
	        recovered_count; /* that there were; of lines those of `recovered` too */
	int failure;             /* 0, or what writing failed with */
};

/* 0 or a negative errno. Ends with wt_check_gaps_close(). `events` stays the caller's. */
int wt_check_gaps_open(struct wt_check_gaps *gaps, bool json, uint64_t most, FILE *events,
                       struct wt_error *err);
void wt_check_gaps_close(struct wt_check_gaps *gaps);

/* Take an event, as struct wt_feed_monitor_config.on_event. */
void wt_check_gaps_take(void *gaps, const struct wt_feed_event *event);

/* Write what was kept: lines, or the elements of an array. */
void wt_check_gaps_print(struct wt_check_gaps *gaps, FILE *kept, FILE *out);

#endif
