/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_HISTOGRAM_H
#define WIRETAPE_BASE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Counts of times by size, in classes no wider than 1/64 of their value, so that a quantile is
 * exact to 1.6 % from 1 ns to 292 years, in a fixed amount of memory. Times below 0 are counted
 * separately. The caller's memory; one thread. */
enum {
	WT_HISTOGRAM_SUB_BITS = 6,
	WT_HISTOGRAM_CLASSES = (64 - WT_HISTOGRAM_SUB_BITS) << WT_HISTOGRAM_SUB_BITS,
};

struct wt_histogram {
	uint64_t classes[WT_HISTOGRAM_CLASSES];
	uint64_t count; /* all times, those below 0 included */
	uint64_t negative;
	int64_t min_ns; /* exact; 0 if there are none */
	int64_t max_ns;
	double sum_ns;
};

void wt_histogram_init(struct wt_histogram *histogram);
void wt_histogram_add(struct wt_histogram *histogram, int64_t ns);

/* The time that a share `q`, from 0 to 1, does not exceed: the upper end of its class, never above
 * max_ns. Below 0, only min_ns is known. 0 if there are no times. */
int64_t wt_histogram_quantile(const struct wt_histogram *histogram, double q);

/* Count the times from `from_ns` up to, but excluding, `to_ns`, by classes: for drawing. */
uint64_t wt_histogram_between(const struct wt_histogram *histogram, int64_t from_ns, int64_t to_ns);

#endif
