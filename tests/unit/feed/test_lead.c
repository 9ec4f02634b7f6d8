/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/channel/lead.h>

#include <stdlib.h>

#include "support/unit.h"

struct sides {
	struct wt_arrivals a, b;
	struct wt_lead lead;
};

static struct sides *new_sides(uint64_t first)
{
	struct sides *sides = calloc(1, sizeof(*sides));

	wt_arrivals_begin(&sides->a, first);
	wt_arrivals_begin(&sides->b, first);
	return sides;
}

static void on_a(struct sides *sides, uint64_t end, int64_t ns)
{
	uint64_t first = wt_arrivals_next(&sides->a);

	wt_arrivals_add(&sides->a, end, ns);
	wt_lead_compare(&sides->lead, &sides->b, first, end, ns, -1);
}

static void on_b(struct sides *sides, uint64_t end, int64_t ns)
{
	uint64_t first = wt_arrivals_next(&sides->b);

	wt_arrivals_add(&sides->b, end, ns);
	wt_lead_compare(&sides->lead, &sides->a, first, end, ns, 1);
}

Test(lead, counts_numbers_whatever_packets_they_came_in)
{
	struct sides *sides = new_sides(1);

	on_a(sides, 5, 100);
	on_a(sides, 7, 200);
	on_b(sides, 6, 150);  /* 1 to 4 later by 50, 5 earlier by 50 */
	on_b(sides, 10, 200); /* 6 at the same time */
	on_a(sides, 10, 300); /* 7 to 9 later by 100 */
	cr_expect_eq(sides->lead.won_a, 4);
	cr_expect_eq(sides->lead.won_b, 4);
	cr_expect_eq(sides->lead.tied, 1);
	cr_expect_eq(wt_lead_quantile(&sides->lead, 0), -100);
	cr_expect_eq(wt_lead_quantile(&sides->lead, 1), 50);
	free(sides);
}

Test(lead, numbers_that_came_late_count_from_when_they_came)
{
	struct sides *sides = new_sides(1);

	wt_arrivals_add(&sides->a, 3, 100);
	wt_arrivals_add(&sides->a, 9, INT64_MIN);
	wt_arrivals_add(&sides->a, 10, 200);
	wt_arrivals_fill(&sides->a, 5, 7, 300);
	wt_lead_compare(&sides->lead, &sides->a, 1, 10, 310, 1);
	cr_expect_eq(sides->lead.won_a, 2 + 2 + 1);
	cr_expect_eq(wt_lead_quantile(&sides->lead, 0), 10);
	wt_arrivals_fill(&sides->a, 3, 5, 400);
	wt_arrivals_fill(&sides->a, 7, 9, 400);
	sides->lead = (struct wt_lead){0};
	wt_lead_compare(&sides->lead, &sides->a, 1, 10, 310, 1);
	cr_expect_eq(sides->lead.won_a, 5);
	cr_expect_eq(sides->lead.won_b, 4);
	free(sides);
}

Test(lead, remembers_the_newest)
{
	struct sides *sides = new_sides(1);

	for (uint64_t n = 2; n <= 3 * WT_ARRIVALS_KEPT; n++)
		wt_arrivals_add(&sides->a, n, (int64_t)n);
	wt_lead_compare(&sides->lead, &sides->a, 1, 3 * WT_ARRIVALS_KEPT, INT64_MAX, 1);
	cr_expect_eq(sides->lead.won_a, WT_ARRIVALS_KEPT);
	free(sides);
}

/* Full, and cut at its oldest entries: nothing is written where it should not be. */
Test(lead, fills_a_full_list)
{
	struct sides *sides = new_sides(0);
	uint64_t n = 0;

	for (size_t i = 0; i < WT_ARRIVALS_KEPT; i++)
		wt_arrivals_add(&sides->a, n += 10, INT64_MIN);
	for (uint64_t i = 3; i < n; i += 7)
		wt_arrivals_fill(&sides->a, i, i + 1, 5);
	for (uint64_t i = sides->a.begin; i + 1 < sides->a.count; i++)
		cr_assert_lt(sides->a.list[i % WT_ARRIVALS_KEPT].end,
		             sides->a.list[(i + 1) % WT_ARRIVALS_KEPT].end);
	cr_expect_eq(wt_arrivals_next(&sides->a), n);
	free(sides);
}

Test(lead, quantiles_are_near_and_ordered)
{
	struct sides *sides = new_sides(0);
	static const double shares[] = {0, 0.01, 0.1, 0.5, 0.9, 0.99, 1};
	int64_t before = INT64_MIN;

	/* -500 us to 499.999 us, a number each. */
	for (int64_t i = 0; i < 1000; i++) {
		wt_arrivals_add(&sides->a, (uint64_t)i + 1, 0);
		wt_lead_compare(&sides->lead, &sides->a, (uint64_t)i, (uint64_t)i + 1,
		                (i - 500) * 1000, 1);
	}
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		int64_t got = wt_lead_quantile(&sides->lead, shares[i]);
		double exact = shares[i] * 1e6 - 5e5;

		cr_expect_geq(got, before);
		cr_expect_leq((double)got, exact + 1000 + 500000 / 16.0, "%g: %lld", shares[i],
		              (long long)got);
		cr_expect_geq((double)got, exact - 2000 - 500000 / 16.0, "%g: %lld", shares[i],
		              (long long)got);
		before = got;
	}
	cr_expect_eq(wt_lead_quantile(&sides->lead, 0), -500000);
	cr_expect_eq(wt_lead_quantile(&sides->lead, 1), 499000);
	free(sides);
}

Test(lead, any_stamps_are_safe)
{
	struct sides *sides = new_sides(0);

	wt_arrivals_add(&sides->a, 1, INT64_MAX);
	wt_lead_compare(&sides->lead, &sides->a, 0, 1, INT64_MIN, 1);
	wt_lead_compare(&sides->lead, &sides->a, 0, 1, INT64_MIN, -1);
	wt_lead_compare(&sides->lead, &sides->a, 0, UINT64_MAX, 0, -1);
	cr_expect_eq(sides->lead.won_a + sides->lead.won_b, 3);
	cr_expect_eq(wt_lead_quantile(&sides->lead, 0), -INT64_MAX);
	cr_expect_eq(wt_lead_quantile(&sides->lead, 1), INT64_MAX);
	free(sides);
}
