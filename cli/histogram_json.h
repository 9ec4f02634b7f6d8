/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_HISTOGRAM_JSON_H
#define WIRETAPE_CLI_HISTOGRAM_JSON_H

/* A histogram of times for programs, and the quantiles that people see of it, too. */

#include <jansson.h>

#include <wiretape/base/histogram.h>

enum { WT_QUANTILES = 4 };

struct wt_quantile {
	double q;
	const char *name; /* for people */
	const char *key;
};

extern const struct wt_quantile wt_quantiles[WT_QUANTILES];

/* count, negative, min_ns, mean_ns, the quantiles, max_ns, and histogram[]: from_ns, to_ns, count,
 * the rows of draw_histogram.h. null without any. The caller's. */
json_t *wt_histogram_json(const struct wt_histogram *histogram);

/* "  p50 1.25 us p90 … max 3 ms" and the end of the line, on standard output. */
void wt_histogram_print_quantiles(const struct wt_histogram *histogram);

#endif
