/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/reader.h>

#include "support/unit.h"

enum { PAGE = 4096, V2_HEADER = 52, V2_MAC = 66, TAG = 4 };
#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)

static const uint64_t sizes[] = {0,       1,         KIB(4),       KIB(16),   KIB(127), KIB(128),
                                 MIB(1),  MIB(3),    MIB(8),       MIB(256),  GIB(1),   GIB(4),
                                 GIB(64), GIB(1024), GIB(1048576), UINT64_MAX};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static uint64_t bytes_of(struct wt_ring_plan plan)
{
	return (uint64_t)plan.block_bytes * plan.block_count;
}

Test(ring_plan, v3_default_ring_has_blocks_of_one_mebibyte)
{
	struct wt_ring_plan plan = wt_ring_plan_v3(MIB(256));

	cr_expect(eq(u32, plan.block_bytes, 1 << 20));
	cr_expect(eq(u32, plan.block_count, 256));
	cr_expect(eq(u32, plan.slot_bytes, 0));
}

Test(ring_plan, four_gibibytes_are_four_gibibytes)
{
	cr_expect(eq(u64, bytes_of(wt_ring_plan_v3(GIB(4))), GIB(4)));
	cr_expect(eq(u64, bytes_of(wt_ring_plan_v2(GIB(4), 1518)), GIB(4)));
}

Test(ring_plan, one_tebibyte_is_one_tebibyte)
{
	cr_expect(eq(u64, bytes_of(wt_ring_plan_v3(GIB(1024))), GIB(1024)));
	cr_expect(eq(u64, bytes_of(wt_ring_plan_v2(GIB(1024), 1518)), GIB(1024)));
}

Test(ring_plan, small_ring_has_eight_smaller_blocks)
{
	struct wt_ring_plan plan = wt_ring_plan_v3(KIB(512));

	cr_expect(eq(u32, plan.block_bytes, 64 << 10));
	cr_expect(eq(u32, plan.block_count, 8));
}

Test(ring_plan, smallest_ring_has_two_blocks)
{
	struct wt_ring_plan plan = wt_ring_plan_v3(1);

	cr_expect(eq(u32, plan.block_bytes, 16 << 10));
	cr_expect(eq(u32, plan.block_count, 2));
}

Test(ring_plan, v3_blocks_are_pages_for_every_size)
{
	for (size_t i = 0; i < SIZES; i++) {
		struct wt_ring_plan plan = wt_ring_plan_v3(sizes[i]);

		cr_expect(eq(u32, plan.block_bytes % PAGE, 0), "%zu", i);
		cr_expect(plan.block_count >= 2, "%zu", i);
	}
}

static bool covers(struct wt_ring_plan plan, uint64_t asked)
{
	uint64_t got = bytes_of(plan);

	return got == KIB(32) || (got >= asked && got - asked < plan.block_bytes);
}

Test(ring_plan, ring_covers_what_was_asked_with_less_than_a_block_to_spare)
{
	for (size_t i = 0; i < SIZES && sizes[i] <= GIB(1024); i++) {
		cr_expect(covers(wt_ring_plan_v3(sizes[i]), sizes[i]), "v3, size %zu", i);
		cr_expect(covers(wt_ring_plan_v2(sizes[i], 1518), sizes[i]), "v2, size %zu", i);
	}
}

Test(ring_plan, v2_slot_holds_header_frame_and_tag)
{
	for (uint32_t frame = 1; frame <= 262144; frame += frame < 2000 ? 1 : 997) {
		struct wt_ring_plan plan = wt_ring_plan_v2(MIB(256), frame);

		cr_assert(eq(u32, plan.slot_bytes % 16, 0), "frame of %u", frame);
		cr_assert(plan.slot_bytes >= V2_MAC + frame + TAG, "frame of %u: slot of %u", frame,
		          plan.slot_bytes);
		cr_assert(plan.slot_bytes <= plan.block_bytes, "frame of %u", frame);
	}
}

Test(ring_plan, v2_slots_can_be_counted_for_every_size)
{
	static const uint32_t frames[] = {0, 60, 1518, 9018, 262144, UINT32_MAX};

	for (size_t i = 0; i < SIZES; i++) {
		for (size_t j = 0; j < sizeof(frames) / sizeof(frames[0]); j++) {
			struct wt_ring_plan plan = wt_ring_plan_v2(sizes[i], frames[j]);
			uint64_t slots =
			        (uint64_t)plan.block_count * (plan.block_bytes / plan.slot_bytes);

			cr_expect(eq(u32, plan.block_bytes % PAGE, 0), "size %zu, frame %zu", i, j);
			cr_expect(slots <= UINT32_MAX, "size %zu, frame %zu", i, j);
			cr_expect(slots >= 2, "size %zu, frame %zu", i, j);
			cr_expect(plan.slot_bytes >= V2_HEADER, "size %zu, frame %zu", i, j);
		}
	}
}

Test(ring_plan, v2_block_grows_until_a_slot_fits)
{
	struct wt_ring_plan plan = wt_ring_plan_v2(KIB(128), 65536);

	cr_expect(eq(u32, plan.block_bytes, 128 << 10));
	cr_expect(eq(u32, plan.block_count, 2));
}

Test(ring_plan, v2_frame_larger_than_any_block_gets_the_largest)
{
	struct wt_ring_plan plan = wt_ring_plan_v2(MIB(256), UINT32_MAX);

	cr_expect(eq(u32, plan.block_bytes, 1 << 20));
	cr_expect(eq(u32, plan.slot_bytes, 1 << 20));
}
