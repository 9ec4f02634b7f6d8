/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include <wiretape/writer/layout.h>

/* A block of one mebibyte, full of frames of one size. */
static struct wt_layout_block full_block(uint32_t caplen)
{
	const uint32_t slot = (84 + caplen + 7) / 8 * 8, block = 1 << 20;

	return (struct wt_layout_block){block / slot, block / slot * slot};
}

Test(layout, small_frames_are_copied)
{
	struct wt_layout_block block = full_block(60);

	cr_expect(not(wt_layout_in_place(WT_LAYOUT_AUTO, &block)));
}

Test(layout, larger_frames_stay_where_they_are)
{
	static const uint32_t lengths[] = {512, 1400, 9000, 65000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct wt_layout_block block = full_block(lengths[i]);

		cr_expect(wt_layout_in_place(WT_LAYOUT_AUTO, &block), "%u", lengths[i]);
	}
}

Test(layout, block_that_is_nearly_empty_is_copied)
{
	const struct wt_layout_block one = {1, 48 + 84 + 512}, none = {0, 0};

	cr_expect(not(wt_layout_in_place(WT_LAYOUT_AUTO, &one)));
	cr_expect(not(wt_layout_in_place(WT_LAYOUT_AUTO, &none)));
}

Test(layout, what_was_asked_for_is_done)
{
	struct wt_layout_block small = full_block(60), large = full_block(1400);

	cr_expect(wt_layout_in_place(WT_LAYOUT_INPLACE, &small));
	cr_expect(not(wt_layout_in_place(WT_LAYOUT_COMPACT, &large)));
}

Test(layout, cost_grows_with_frames_and_bytes)
{
	for (uint32_t caplen = 60; caplen < 9000; caplen += 60) {
		struct wt_layout_block less = {100, 100 * (88 + caplen)};
		struct wt_layout_block more = {200, 200 * (88 + caplen)};

		cr_expect(wt_layout_cost_in_place(&less) < wt_layout_cost_in_place(&more));
		cr_expect(wt_layout_cost_compact(&less) < wt_layout_cost_compact(&more));
		cr_expect(wt_layout_cost_compact(&less) > 0);
	}
}

Test(layout, names_are_those_of_the_command_line)
{
	cr_expect(eq(int, wt_layout_from_name("auto"), WT_LAYOUT_AUTO));
	cr_expect(eq(int, wt_layout_from_name("inplace"), WT_LAYOUT_INPLACE));
	cr_expect(eq(int, wt_layout_from_name("compact"), WT_LAYOUT_COMPACT));
	cr_expect(eq(int, wt_layout_from_name("in-place"), -EINVAL));
	cr_expect(eq(int, wt_layout_from_name(""), -EINVAL));
	for (int i = WT_LAYOUT_AUTO; i <= WT_LAYOUT_COMPACT; i++)
		cr_expect(eq(int, wt_layout_from_name(wt_layout_name((enum wt_layout)i)), i));
}
