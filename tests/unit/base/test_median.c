/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include <wiretape/base/median.h>

#include "support/unit.h"

static struct wt_median median;

static void follow(int64_t ns, int times)
{
	for (int i = 0; i < times; i++)
		wt_median_follow(&median, ns);
}

Test(median, stays_where_all_times_are_the_same)
{
	wt_median_begin(&median, 600);
	follow(600, 1000);
	cr_expect(eq(i64, median.ns, 600));
}

/* 8 ns a time would take more than two thousand. */
Test(median, what_has_changed_is_followed_within_a_few_dozen_times)
{
	wt_median_begin(&median, 20000);
	follow(2000, 60);
	cr_expect(eq(i64, median.ns, 2000));
	follow(20000, 60);
	cr_expect(eq(i64, median.ns, 20000));
}

Test(median, begins_at_nothing_and_grows)
{
	wt_median_begin(&median, 0);
	follow(1500, 80);
	cr_expect(eq(i64, median.ns, 1500));
}

Test(median, an_outlier_counts_for_no_more_than_any_other_time)
{
	int64_t before_ns;

	wt_median_begin(&median, 1000);
	for (int i = 0; i < 1000; i++)
		wt_median_follow(&median, i % 2 ? 990 : 1010);
	before_ns = median.ns;
	wt_median_follow(&median, 4000000);
	cr_expect(le(i64, llabs(median.ns - before_ns), 8));
}

Test(median, of_times_that_scatter_it_finds_the_middle)
{
	uint64_t state = 88172645463325252u;
	int64_t least_ns = INT64_MAX, most_ns = 0;

	wt_median_begin(&median, 4000);
	for (int i = 0; i < 20000; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		/* 1000 to 2000, and each tenth a hundred times as long. */
		wt_median_follow(&median,
		                 (int64_t)(1000 + (state >> 20) % 1000) * (i % 10 ? 1 : 100));
		if (i < 1000)
			continue;
		least_ns = median.ns < least_ns ? median.ns : least_ns;
		most_ns = median.ns > most_ns ? median.ns : most_ns;
	}
	cr_expect(ge(i64, least_ns, 1450));
	cr_expect(le(i64, most_ns, 1680));
}

Test(median, takes_any_time)
{
	wt_median_begin(&median, INT64_MIN);
	cr_expect(eq(i64, median.ns, 0));
	follow(INT64_MIN, 100);
	cr_expect(eq(i64, median.ns, 0));
	follow(INT64_MAX, 1000);
	cr_expect(gt(i64, median.ns, 0));
	follow(INT64_MIN, 1000);
	cr_expect(eq(i64, median.ns, 0));
}
