/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/base/histogram.h>

#include "support/unit.h"

static struct wt_histogram histogram;

static void add_each(struct wt_histogram *to, const int64_t *times, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wt_histogram_add(to, times[i]);
}

Test(histogram, without_any_everything_is_0)
{
	wt_histogram_init(&histogram);
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.5), 0));
	cr_expect(eq(u64, wt_histogram_between(&histogram, 0, INT64_MAX), 0));
	cr_expect(eq(i64, histogram.max_ns, 0));
}

Test(histogram, a_single_time_comes_back_from_every_quantile)
{
	static const int64_t times[] = {0,    1,        2,          63,        64,
	                                65,   127,      128,        129,       1000,
	                                4095, 4096,     1000000007, 1LL << 62, (1LL << 62) - 1,
	                                5000, 1LL << 8, INT64_MAX,  -1,        INT64_MIN};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		wt_histogram_init(&histogram);
		wt_histogram_add(&histogram, times[i]);
		cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0), times[i]));
		cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.5), times[i]));
		cr_expect(eq(i64, wt_histogram_quantile(&histogram, 1), times[i]));
		cr_expect(eq(i64, histogram.min_ns, times[i]));
		cr_expect(eq(i64, histogram.max_ns, times[i]));
	}
}

/* Below a larger one, so that the class's end shows and not the largest time. */
static int64_t as_classed(int64_t ns)
{
	wt_histogram_init(&histogram);
	wt_histogram_add(&histogram, ns);
	wt_histogram_add(&histogram, INT64_MAX);
	return wt_histogram_quantile(&histogram, 0.5);
}

Test(histogram, times_below_128_have_a_class_each)
{
	for (int64_t ns = 0; ns < 128; ns++)
		cr_expect(eq(i64, as_classed(ns), ns));
	cr_expect(eq(i64, as_classed(128), 129));
}

Test(histogram, a_quantile_is_never_too_small_nor_too_large_by_more_than_a_64th)
{
	uint64_t state = 42;

	for (unsigned i = 0; i < 20000; i++) {
		int64_t ns, got;

		state = state * 6364136223846793005u + 1442695040888963407u;
		ns = (int64_t)(state >> (1 + i % 63));
		got = as_classed(ns);
		cr_expect(ge(i64, got, ns));
		cr_expect(le(i64, got - ns, ns / 64), "%lld becomes %lld", (long long)ns,
		          (long long)got);
	}
}

Test(histogram, classes_follow_each_other_without_gap_or_overlap)
{
	for (int bit = 0; bit < 62; bit++) {
		int64_t power = 1LL << bit;

		wt_histogram_init(&histogram);
		wt_histogram_add(&histogram, power - 1);
		wt_histogram_add(&histogram, power);
		cr_expect(eq(u64, wt_histogram_between(&histogram, 0, power), 1), "2^%d", bit);
		cr_expect(eq(u64, wt_histogram_between(&histogram, power, INT64_MAX), 1), "2^%d",
		          bit);
	}
}

Test(histogram, quantiles_are_shares_rounded_up)
{
	wt_histogram_init(&histogram);
	for (int64_t ns = 1; ns <= 100; ns++)
		wt_histogram_add(&histogram, ns);
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.01), 1));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.07), 7));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.5), 50));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.505), 51));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.99), 99));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.999), 100));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, -1), 1));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 2), 100));
	cr_expect(eq(dbl, histogram.sum_ns, 5050));
}

Test(histogram, times_below_0_count_and_come_first)
{
	static const int64_t times[] = {-7, 10, INT64_MIN, 20};

	wt_histogram_init(&histogram);
	add_each(&histogram, times, 4);
	cr_expect(eq(u64, histogram.count, 4));
	cr_expect(eq(u64, histogram.negative, 2));
	cr_expect(eq(i64, histogram.min_ns, INT64_MIN));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.5), INT64_MIN));
	cr_expect(eq(i64, wt_histogram_quantile(&histogram, 0.75), 10));
	cr_expect(eq(u64, wt_histogram_between(&histogram, INT64_MIN, INT64_MAX), 2));
}

Test(histogram, the_largest_below_0_is_the_maximum_if_there_are_only_such)
{
	static const int64_t times[] = {-7, -3, -5};

	wt_histogram_init(&histogram);
	add_each(&histogram, times, 3);
	cr_expect(eq(i64, histogram.min_ns, -7));
	cr_expect(eq(i64, histogram.max_ns, -3));
}

Test(histogram, spans_that_adjoin_count_every_time_once)
{
	static const int64_t edges[] = {0, 1, 2, 5, 10, 1000, 5000, 50001, 1LL << 40, INT64_MAX};
	uint64_t sum = 0;

	wt_histogram_init(&histogram);
	for (int64_t ns = 0; ns < 100000; ns++)
		wt_histogram_add(&histogram, ns);
	wt_histogram_add(&histogram, INT64_MAX);
	for (size_t i = 0; i + 1 < sizeof(edges) / sizeof(edges[0]); i++)
		sum += wt_histogram_between(&histogram, edges[i], edges[i + 1]);
	cr_expect(eq(u64, sum, 100001));
	cr_expect(eq(u64, wt_histogram_between(&histogram, 10, 1000), 990));
	cr_expect(eq(u64, wt_histogram_between(&histogram, 1000, 10), 0));
}
