/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/histogram.h>

#include <stdbool.h>
#include <string.h>

enum { SUBS = 1 << WT_HISTOGRAM_SUB_BITS };

/* Times up to 2 * SUBS have a class each. Above that the highest SUB_BITS + 1 bits, the first of
 * which is always 1, name the class. */
static size_t class_of(uint64_t ns)
{
	int shift;

	if (ns < SUBS)
		return (size_t)ns;
	shift = 63 - WT_HISTOGRAM_SUB_BITS - __builtin_clzll(ns);
	return ((size_t)shift << WT_HISTOGRAM_SUB_BITS) + (size_t)(ns >> shift);
}

/* Smallest time of a class; for the one after the last: the first time beyond all classes. */
static uint64_t class_start(size_t class)
{
	size_t shift;

	if (class < SUBS)
		return class;
	shift = (class >> WT_HISTOGRAM_SUB_BITS) - 1;
	return (uint64_t)(class - (shift << WT_HISTOGRAM_SUB_BITS)) << shift;
}

_Static_assert((62 - WT_HISTOGRAM_SUB_BITS) * SUBS + 2 * SUBS == WT_HISTOGRAM_CLASSES,
               "INT64_MAX, whose highest bit is 62, has the last class");

void wt_histogram_init(struct wt_histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

static void widen(struct wt_histogram *histogram, int64_t min_ns, int64_t max_ns)
{
	bool first = !histogram->count;

	if (first || min_ns < histogram->min_ns)
		histogram->min_ns = min_ns;
	if (first || max_ns > histogram->max_ns)
		histogram->max_ns = max_ns;
}

void wt_histogram_add(struct wt_histogram *histogram, int64_t ns)
{
	widen(histogram, ns, ns);
	histogram->count++;
	histogram->sum_ns += (double)ns;
	if (ns < 0)
		histogram->negative++;
	else
		histogram->classes[class_of((uint64_t)ns)]++;
}

/* Rank of a share: rounded up, at least one. Binary rounding errors below a whole number do not
 * count. */
static uint64_t rank_of(const struct wt_histogram *histogram, double q)
{
	static const double imprecision = 1e-12;
	double share = q * (double)histogram->count;
	uint64_t rank;

	if (!(q > 0))
		return 1;
	if (q >= 1)
		return histogram->count;
	rank = (uint64_t)share;
	if (share - (double)rank > share * imprecision)
		rank++;
	return rank ? rank : 1;
}

int64_t wt_histogram_quantile(const struct wt_histogram *histogram, double q)
{
	uint64_t rank, so_far = histogram->negative;
	size_t class = 0;
	int64_t end_ns;

	if (!histogram->count)
		return 0;
	rank = rank_of(histogram, q);
	if (rank <= so_far)
		return histogram->min_ns;
	while (class < WT_HISTOGRAM_CLASSES - 1 && so_far + histogram->classes[class] < rank)
		so_far += histogram->classes[class ++];
	end_ns = (int64_t)(class_start(class + 1) - 1);
	return end_ns < histogram->max_ns ? end_ns : histogram->max_ns;
}

/* First class that lies entirely at or above a time: a class belongs to where it starts, so that
 * adjoining spans count each class once. */
static size_t first_class_from(int64_t ns)
{
	size_t class;

	if (ns <= 0)
		return 0;
	class = class_of((uint64_t)ns);
	return class_start(class) < (uint64_t)ns ? class + 1 : class;
}

uint64_t wt_histogram_between(const struct wt_histogram *histogram, int64_t from_ns, int64_t to_ns)
{
	size_t end = first_class_from(to_ns);
	uint64_t count = 0;

	for (size_t i = first_class_from(from_ns); i < end; i++)
		count += histogram->classes[i];
	return count;
}
