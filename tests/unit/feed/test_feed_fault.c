/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/feed/load/feed_fault.h>

#include "support/unit.h"

static struct wt_feed_faults faults;
static struct wt_error err;

static void stop(void)
{
	wt_feed_faults_free(&faults);
}

TestSuite(feed_fault, .fini = stop);

static const struct wt_feed_choice *skip_of(int side)
{
	return &faults.of[WT_FAULT_SKIP][side];
}

static void add(const char *text)
{
	cr_assert(eq(int, wt_feed_faults_add(&faults, WT_FAULT_SKIP, text, &err), 0), "%s: %s",
	          text, err.text);
}

Test(feed_fault, ranges_are_joined_and_in_order)
{
	const struct wt_feed_choice *skip = skip_of(WT_FEED_ALL_SIDES);

	add("500,100-109,110,300-310,305-320");
	add("90-95");
	cr_assert(eq(sz, skip->count, 4));
	cr_expect(eq(u64, skip->ranges[0].first, 90));
	cr_expect(eq(u64, skip->ranges[1].first, 100));
	cr_expect(eq(u64, skip->ranges[1].last, 110));
	cr_expect(eq(u64, skip->ranges[2].last, 320));
	cr_expect(eq(u64, skip->ranges[3].first, 500));
	cr_expect(wt_feed_choice_has(skip, 100, 1));
	cr_expect(wt_feed_choice_has(skip, 110, 1));
	cr_expect(not(wt_feed_choice_has(skip, 111, 0)));
	cr_expect(not(wt_feed_choice_has(skip, 99, 0)));
	cr_expect(eq(u64, wt_feed_choice_edge(skip, 1), 90));
	cr_expect(eq(u64, wt_feed_choice_edge(skip, 90), 96));
	cr_expect(eq(u64, wt_feed_choice_edge(skip, 96), 100));
	cr_expect(eq(u64, wt_feed_choice_edge(skip, 500), 501));
	cr_expect(eq(u64, wt_feed_choice_edge(skip, 501), UINT64_MAX));
}

Test(feed_fault, sides_and_shares)
{
	add("B:7");
	add("A:1/100");
	cr_expect(eq(sz, skip_of(WT_FEED_B)->count, 1));
	cr_expect(eq(u64, skip_of(WT_FEED_A)->one_in, 100));
	cr_expect(eq(sz, skip_of(WT_FEED_ALL_SIDES)->count, 0));
	cr_expect(wt_feed_choice_has(skip_of(WT_FEED_A), 1, 200));
	cr_expect(not(wt_feed_choice_has(skip_of(WT_FEED_A), 1, 201)));
	cr_assert(eq(int, wt_feed_faults_add(&faults, WT_FAULT_REORDER, "5,by=7,1/3", &err), 0));
	cr_expect(eq(u32, faults.reorder_by, 7));
	cr_expect(eq(u64, faults.of[WT_FAULT_REORDER][WT_FEED_ALL_SIDES].one_in, 3));
}

Test(feed_fault, what_is_none_is_refused)
{
	static const char *const bad[] = {"",
	                                  ",",
	                                  "x",
	                                  "1-",
	                                  "-1",
	                                  "5-4",
	                                  "1/0",
	                                  "1/",
	                                  "1/x",
	                                  "C:1",
	                                  "1,,2",
	                                  "1,",
	                                  "2/3",
	                                  "by=3",
	                                  "1 2",
	                                  "+1",
	                                  "A:",
	                                  "1-2-3",
	                                  "18446744073709551615",
	                                  "99999999999999999999"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = '\0';
		cr_expect(
		        eq(int, wt_feed_faults_add(&faults, WT_FAULT_SKIP, bad[i], &err), -EINVAL),
		        "%s", bad[i]);
		cr_expect(err.text[0] != '\0', "%s", bad[i]);
	}
	cr_expect(eq(int, wt_feed_faults_add(&faults, WT_FAULT_REORDER, "1,by=0", &err), -EINVAL));
}
