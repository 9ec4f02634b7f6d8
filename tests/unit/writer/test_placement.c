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

static bool is_in_place(uint32_t frames, uint32_t used_bytes)
{
	const struct wt_placement_block block = {frames, used_bytes};

	return wt_placement_in_place(WT_PLACEMENT_AUTO, &block);
}

Test(layout, full_blocks_turn_where_a_frame_fills_178_bytes)
{
	struct wt_placement_block less = full_block(92), more = full_block(93);

	cr_expect(not(wt_placement_in_place(WT_PLACEMENT_AUTO, &less)));
	cr_expect(wt_placement_in_place(WT_PLACEMENT_AUTO, &more));
	cr_expect(not(is_in_place(4096, 177 * 4096)));
	cr_expect(is_in_place(4096, 178 * 4096));
}

Test(layout, seven_frames_are_enough_for_a_block_whose_time_has_run_out)
{
	cr_expect(not(is_in_place(6, 6 * 1488)));
	cr_expect(is_in_place(7, 7 * 1488));
}

/* Two pages cost as much as 8192 bytes, a copy of 8 frames as much as 1.28 times its own and 32. */
Test(layout, what_costs_the_same_is_copied)
{
	cr_expect(not(is_in_place(8, 6375 + 8 * 42)));
	cr_expect(is_in_place(8, 6376 + 8 * 42));
}

Test(layout, last_page_counts_as_a_whole)
{
	cr_expect(is_in_place(2, 8192));
	cr_expect(not(is_in_place(2, 8193)));
}

Test(layout, more_frames_than_fit_are_copied)
{
	cr_expect(not(is_in_place(200, 8192)));
}
