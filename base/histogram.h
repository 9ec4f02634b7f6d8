/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_HISTOGRAM_H
#define WIRETAPE_STAMP_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counts of times by size, in classes that are 1/64 of their value wide or narrower, so that a
 * quantile is exact to 1.6 % from 1 ns to 292 years, in a fixed amount of memory. Times
 * below 0 are counted beside. The caller's memory; one thread. */
enum {
	WT_HISTOGRAM_SUB_BITS = 6,
	WT_HISTOGRAM_CLASSES = (64 - WT_HISTOGRAM_SUB_BITS) << WT_HISTOGRAM_SUB_BITS,
};

struct wt_histogram {
	uint64_t classes[WT_HISTOGRAM_CLASSES];
	uint64_t count; /* all, those below 0 included */
	uint64_t negative;
	int64_t min_ns; /* exact; 0 without any */
	int64_t max_ns;
	double sum_ns;
};

void wt_histogram_init(struct wt_histogram *histogram);
void wt_histogram_add(struct wt_histogram *histogram, int64_t ns);

/* The time that a share of `q`, from 0 to 1, does not exceed: the upper end of its class, never
 * above max_ns; of those below 0 only min_ns is known. 0 without any. */
int64_t wt_histogram_quantile(const struct wt_histogram *histogram, double q);

/* Add all of `one`. */
void wt_histogram_merge(struct wt_histogram *histogram, const struct wt_histogram *one);

/* How many from `from_ns` up to, and without, `to_ns`, by classes: for drawing. */
uint64_t wt_histogram_between(const struct wt_histogram *histogram, int64_t from_ns, int64_t to_ns);

#ifdef __cplusplus
}
#endif
#endif
