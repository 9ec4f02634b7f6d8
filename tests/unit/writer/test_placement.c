/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/placement.h>

#include "support/unit.h"

/* A block of one mebibyte, full of frames of one size. */
static struct wt_placement_block full_block(uint32_t caplen)
{
	const uint32_t slot = (84 + caplen + 7) / 8 * 8, block = 1 << 20;

	return (struct wt_placement_block){block / slot, block / slot * slot};
}

Test(layout, small_frames_are_copied)
{
	struct wt_placement_block block = full_block(60);

	cr_expect(not(wt_placement_in_place(WT_PLACEMENT_AUTO, &block)));
}

Test(layout, larger_frames_stay_where_they_are)
{
	static const uint32_t lengths[] = {512, 1400, 9000, 65000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct wt_placement_block block = full_block(lengths[i]);

		cr_expect(wt_placement_in_place(WT_PLACEMENT_AUTO, &block), "%u", lengths[i]);
	}
}

Test(layout, block_that_is_nearly_empty_is_copied)
{
	const struct wt_placement_block one = {1, 48 + 84 + 512}, none = {0, 0};

	cr_expect(not(wt_placement_in_place(WT_PLACEMENT_AUTO, &one)));
	cr_expect(not(wt_placement_in_place(WT_PLACEMENT_AUTO, &none)));
}

Test(layout, what_was_asked_for_is_done)
{
	struct wt_placement_block small = full_block(60), large = full_block(1400);

	cr_expect(wt_placement_in_place(WT_PLACEMENT_INPLACE, &small));
	cr_expect(not(wt_placement_in_place(WT_PLACEMENT_COMPACT, &large)));
}

Test(layout, cost_grows_with_frames_and_bytes)
{
	for (uint32_t caplen = 60; caplen < 9000; caplen += 60) {
		struct wt_placement_block less = {100, 100 * (88 + caplen)};
		struct wt_placement_block more = {200, 200 * (88 + caplen)};

		cr_expect(wt_placement_cost_in_place(&less) < wt_placement_cost_in_place(&more));
		cr_expect(wt_placement_cost_compact(&less) < wt_placement_cost_compact(&more));
		cr_expect(wt_placement_cost_compact(&less) > 0);
	}
}
