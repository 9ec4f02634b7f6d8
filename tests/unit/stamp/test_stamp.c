/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/ring/ring.h>
#include <wiretape/stamp/stamp.h>

#include "support/unit.h"

static const struct wt_frame frames[] = {
        {.stamp_ns = 10, .stamp_source = WT_STAMP_SOFTWARE},
        {.stamp_ns = 30, .stamp_source = WT_STAMP_HARDWARE},
        {.stamp_ns = 20, .stamp_source = WT_STAMP_FALLBACK},
        {.stamp_ns = 25, .stamp_source = WT_STAMP_SOFTWARE},
};

static void add(struct wt_stamp_tally *tally, const struct wt_frame *of, size_t count)
{
	struct wt_frame_sums sums;

	wt_frame_sums_of(&sums, of, count);
	wt_stamp_tally_add(tally, of, count, &sums);
}

Test(stamp, nothing_is_counted_at_first)
{
	struct wt_stamp_tally tally = {0};

	add(&tally, frames, 0);
	cr_expect(eq(u64, wt_stamp_tally_total(&tally), 0));
}

Test(stamp, each_source_is_counted_for_itself)
{
	struct wt_stamp_tally tally = {0};

	add(&tally, frames, 4);
	add(&tally, frames + 1, 1);
	cr_expect(eq(u64, tally.by_source[WT_STAMP_SOFTWARE], 2));
	cr_expect(eq(u64, tally.by_source[WT_STAMP_HARDWARE], 2));
	cr_expect(eq(u64, tally.by_source[WT_STAMP_FALLBACK], 1));
	cr_expect(eq(u64, wt_stamp_tally_total(&tally), 5));
}

Test(stamp, span_is_from_the_first_counted_to_the_last_counted)
{
	struct wt_stamp_tally tally = {0};

	add(&tally, frames, 2);
	add(&tally, frames + 2, 2);
	cr_expect(eq(i64, tally.first_ns, 10));
	cr_expect(eq(i64, tally.last_ns, 25));
}

Test(stamp, first_stamp_may_be_zero_or_before_the_epoch)
{
	struct wt_frame early[] = {{.stamp_ns = -5}, {.stamp_ns = 0}};
	struct wt_stamp_tally tally = {0};

	add(&tally, early, 1);
	add(&tally, early + 1, 1);
	cr_expect(eq(i64, tally.first_ns, -5));
	cr_expect(eq(i64, tally.last_ns, 0));
}

Test(stamp, sources_have_names)
{
	cr_expect(eq(int, strcmp(wt_stamp_source_name(WT_STAMP_FALLBACK), "fallback"), 0));
	cr_expect(eq(int, strcmp(wt_stamp_source_name(WT_STAMP_SOFTWARE), "software"), 0));
	cr_expect(eq(int, strcmp(wt_stamp_source_name(WT_STAMP_HARDWARE), "hardware"), 0));
	cr_expect(eq(int, strcmp(wt_stamp_source_name(WT_STAMP_SOURCES), "unknown"), 0));
}
