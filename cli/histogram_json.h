/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_HISTOGRAM_JSON_H
#define WIRETAPE_CLI_HISTOGRAM_JSON_H

/* A histogram of times for programs, and the quantiles that people see of it, too. */

#include <wiretape/base/histogram.h>
#include <wiretape/base/number.h>

enum { WT_QUANTILES = 4 };

struct wt_quantile {
	double q;
	const char *name; /* for people */
};

extern const struct wt_quantile wt_quantiles[WT_QUANTILES];

/* The rows of a struct wt_histogram. */
extern const struct wt_number wt_histogram_rows[];

/* An item for WT_HISTOGRAM(): NULL for an empty one, which has no mean. */
const void *wt_histogram_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room);
#define WT_HISTOGRAM(field, name, words)                                                           \
	{                                                                                          \
		.key = (name), .help = (words), .type = WT_NUMBER_OBJECT,                          \
		.offset = offsetof(SUBJECT, field), .item = wt_histogram_of,                       \
		.rows = wt_histogram_rows                                                          \
	}

/* "  p50 1.25 us p90 … max 3 ms" and the end of the line, on standard output. */
void wt_histogram_print_quantiles(const struct wt_histogram *histogram);

#endif
