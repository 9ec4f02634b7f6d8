/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/ring/tpacket_v3.h>
#include <wiretape/tests/support/tpacket_builder.h>

#include "support/unit.h"

enum { MOST = 600, SLL_END = 68 /* the smallest tp_mac: header and address end there */ };

static struct tpacket_builder build;
static uint8_t *block;
static struct wt_walk walk;
static struct wt_frame frames[MOST];

static void set_up(void)
{
	tpacket_build_v3(&build);
}

static void tear_down(void)
{
	free(block);
	block = NULL;
}

TestSuite(tpacket_v3, .init = set_up, .fini = tear_down);

static void add(uint32_t bytes)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = bytes});
}

/* Walk a copy that is no longer than what was built. */
static size_t walk_built(uint32_t snaplen)
{
	free(block);
	block = tpacket_copy(&build, build.length);
	wt_tpacket_v3_walk_start(&walk, block, build.length, snaplen);
	return wt_tpacket_v3_walk(&walk, frames, MOST);
}

static void expect_frames(size_t count)
{
	size_t got = walk_built(0);

	cr_assert(eq(sz, got, count));
	cr_assert(eq(int, walk.fault, WT_WALK_OK), "%s", wt_walk_fault_text(walk.fault));
}

/* `frame` carries the bytes of built frame `number` from byte `from` on, at `at`. */
static void expect_bytes(const struct wt_frame *frame, uint32_t at, unsigned number, uint32_t from)
{
	for (uint32_t i = at; i < frame->caplen; i++)
		cr_assert(eq(u8, frame->data[i], tpacket_pattern(number, from + i - at)),
		          "frame %u, byte %u", number, i);
}

static void expect_tag(const struct wt_frame *frame, uint16_t tpid, uint16_t tci)
{
	cr_expect(eq(int, frame->data[12] << 8 | frame->data[13], tpid));
	cr_expect(eq(int, frame->data[14] << 8 | frame->data[15], tci));
	cr_expect(eq(int, frame->notes &WT_FRAME_VLAN, WT_FRAME_VLAN));
	cr_expect(eq(int, frame->vlan_tci, tci));
	for (uint32_t i = 0; i < 12; i++)
		cr_expect(eq(u8, frame->data[i], tpacket_pattern(0, i)), "address byte %u", i);
	expect_bytes(frame, 16, 0, 12);
}

Test(tpacket_v3, empty_block_has_no_frames)
{
	expect_frames(0);
}

Test(tpacket_v3, empty_block_needs_no_sensible_offsets)
{
	tpacket_block_header(&build)->offset_to_first_pkt = 0;
	tpacket_block_header(&build)->blk_len = 0;
	expect_frames(0);
}

Test(tpacket_v3, frame_is_seen_as_it_was_stored)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = 61, .sec = 1700000000, .nsec = 999999999});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 61));
	cr_expect(eq(u32, frames[0].len, 61));
	cr_expect(eq(i64, frames[0].stamp_ns, INT64_C(1700000000999999999)));
	cr_expect(eq(u64, frames[0].dropped_before, 0));
	cr_expect(eq(int, frames[0].notes, 0));
	expect_bytes(&frames[0], 0, 0, 0);
}

Test(tpacket_v3, seconds_after_2038_do_not_turn_negative)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .sec = UINT32_MAX});
	expect_frames(1);
	cr_expect(eq(i64, frames[0].stamp_ns, INT64_C(4294967295000000000)));
}

Test(tpacket_v3, full_block_gives_every_frame_in_order)
{
	for (uint32_t i = 0; i < 500; i++)
		add(i % 97);
	expect_frames(500);
	for (unsigned i = 0; i < 500; i++) {
		cr_assert(eq(u32, frames[i].caplen, i % 97), "frame %u", i);
		expect_bytes(&frames[i], 0, i, 0);
	}
}

Test(tpacket_v3, frames_come_in_batches_as_small_as_asked)
{
	for (int i = 0; i < 10; i++)
		add(60);
	block = tpacket_copy(&build, build.length);
	wt_tpacket_v3_walk_start(&walk, block, build.length, 0);
	for (unsigned at = 0, count; at < 10; at += count) {
		count = (unsigned)wt_tpacket_v3_walk(&walk, frames, 3);
		cr_assert(eq(uint, count, at == 9 ? 1 : 3), "at frame %u", at);
		expect_bytes(&frames[0], 0, at, 0);
	}
	cr_expect(eq(sz, wt_tpacket_v3_walk(&walk, frames, 3), 0));
}

Test(tpacket_v3, no_room_for_frames_takes_none)
{
	add(60);
	block = tpacket_copy(&build, build.length);
	wt_tpacket_v3_walk_start(&walk, block, build.length, 0);
	cr_expect(eq(sz, wt_tpacket_v3_walk(&walk, frames, 0), 0));
	cr_expect(eq(sz, wt_tpacket_v3_walk(&walk, frames, 1), 1));
}

Test(tpacket_v3, last_frame_may_say_where_the_next_would_be)
{
	add(61);
	add(62);
	tpacket_v3_header(&build, 1)->tp_next_offset = (uint32_t)build.length - build.offsets[1];
	expect_frames(2);
	expect_bytes(&frames[1], 0, 1, 0);
}

Test(tpacket_v3, bytes_behind_blk_len_do_not_belong_to_the_block)
{
	add(60);
	block = tpacket_copy(&build, sizeof(build.bytes));
	wt_tpacket_v3_walk_start(&walk, block, sizeof(build.bytes), 0);
	cr_expect(eq(sz, wt_tpacket_v3_walk(&walk, frames, MOST), 1));
	cr_expect(eq(u32, walk.offset, (uint32_t)build.length));
}

Test(tpacket_v3, tag_goes_back_with_its_own_tpid)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
	                                           .status = TP_STATUS_VLAN_VALID |
	                                                     TP_STATUS_VLAN_TPID_VALID,
	                                           .tci = 0xe123,
	                                           .tpid = 0x88a8});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 64));
	cr_expect(eq(u32, frames[0].len, 64));
	expect_tag(&frames[0], 0x88a8, 0xe123);
}

Test(tpacket_v3, tag_without_a_valid_tpid_is_8100)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){
	                    .bytes = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5, .tpid = 0x88a8});
	expect_frames(1);
	expect_tag(&frames[0], 0x8100, 5);
}

Test(tpacket_v3, tag_zero_is_a_tag)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .status = TP_STATUS_VLAN_VALID});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 64));
	expect_tag(&frames[0], 0x8100, 0);
}

Test(tpacket_v3, tci_without_the_valid_bit_is_no_tag)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .tci = 7, .tpid = 0x8100});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 60));
	cr_expect(eq(int, frames[0].notes, 0));
	expect_bytes(&frames[0], 0, 0, 0);
}

Test(tpacket_v3, frame_cut_before_the_place_of_its_tag_is_only_longer)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){
	                    .bytes = 11, .len = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 11));
	cr_expect(eq(u32, frames[0].len, 64));
	expect_bytes(&frames[0], 0, 0, 0);
}

Test(tpacket_v3, frame_cut_right_at_the_place_of_its_tag_gets_it)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){
	                    .bytes = 12, .len = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 16));
	cr_expect(eq(u32, frames[0].len, 64));
	expect_tag(&frames[0], 0x8100, 5);
}

Test(tpacket_v3, tag_takes_the_last_room_between_header_and_frame)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
	                                           .status = TP_STATUS_VLAN_VALID,
	                                           .mac = SLL_END + 4});
	expect_frames(1);
	expect_tag(&frames[0], 0x8100, 0);
}

Test(tpacket_v3, second_walk_sees_the_same_frames)
{
	struct wt_frame first[3];

	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = 60, .status = TP_STATUS_VLAN_VALID, .tci = 9});
	tpacket_add(&build,
	            &(struct tpacket_spec){
	                    .bytes = 8, .len = 100, .status = TP_STATUS_VLAN_VALID, .tci = 9});
	add(77);
	expect_frames(3);
	memcpy(first, frames, sizeof(first));
	wt_tpacket_v3_walk_start(&walk, block, build.length, 0);
	cr_assert(eq(sz, wt_tpacket_v3_walk(&walk, frames, MOST), 3));
	for (int i = 0; i < 3; i++) {
		cr_expect(eq(ptr, (void *)(uintptr_t)frames[i].data,
		             (void *)(uintptr_t)first[i].data));
		cr_expect(eq(u32, frames[i].caplen, first[i].caplen), "frame %d", i);
		cr_expect(eq(u32, frames[i].len, first[i].len), "frame %d", i);
		cr_expect(eq(u32, frames[i].link_flags, first[i].link_flags), "frame %d", i);
	}
	cr_expect(eq(int, frames[0].data[15], 9));
	expect_bytes(&frames[0], 16, 0, 12);
}

Test(tpacket_v3, snaplen_counts_the_tag)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5});
	cr_assert(eq(sz, walk_built(62), 1));
	cr_expect(eq(u32, frames[0].caplen, 62));
	cr_expect(eq(u32, frames[0].len, 64));
	expect_tag(&frames[0], 0x8100, 5);
}

Test(tpacket_v3, snaplen_cuts_the_bytes_and_not_the_length)
{
	add(60);
	cr_assert(eq(sz, walk_built(14), 1));
	cr_expect(eq(u32, frames[0].caplen, 14));
	cr_expect(eq(u32, frames[0].len, 60));
}

Test(tpacket_v3, cut_frame_keeps_its_length)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 40, .len = 9000});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 40));
	cr_expect(eq(u32, frames[0].len, 9000));
}

Test(tpacket_v3, offload_bits_reach_the_file)
{
	static const struct {
		uint32_t status, flags;
	} cases[] = {
	        {TP_STATUS_CSUMNOTREADY, WT_LINK_CSUM_NOT_READY},
	        {TP_STATUS_CSUM_VALID, WT_LINK_CSUM_VALID},
	        {1 << 8, WT_LINK_SEGMENTATION},
	        {TP_STATUS_CSUMNOTREADY | 1 << 8, WT_LINK_CSUM_NOT_READY | WT_LINK_SEGMENTATION},
	        {TP_STATUS_USER | TP_STATUS_COPY | TP_STATUS_LOSING, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
		                                           .status = cases[i].status,
		                                           .packet_type = PACKET_OUTGOING});
	expect_frames(sizeof(cases) / sizeof(cases[0]));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(eq(u32, frames[i].link_flags, cases[i].flags | WT_LINK_OUTBOUND),
		          "status %#x", cases[i].status);
}

Test(tpacket_v3, packet_type_says_direction_and_kind)
{
	static const uint32_t flags[8] = {
	        [PACKET_HOST] = WT_LINK_INBOUND | WT_LINK_UNICAST,
	        [PACKET_BROADCAST] = WT_LINK_INBOUND | WT_LINK_BROADCAST,
	        [PACKET_MULTICAST] = WT_LINK_INBOUND | WT_LINK_MULTICAST,
	        [PACKET_OTHERHOST] = WT_LINK_INBOUND | WT_LINK_PROMISCUOUS,
	        [PACKET_OUTGOING] = WT_LINK_OUTBOUND,
	};

	for (uint8_t i = 0; i < 8; i++)
		tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .packet_type = i});
	expect_frames(8);
	for (int i = 0; i < 8; i++)
		cr_expect(eq(u32, frames[i].link_flags, flags[i]), "packet type %d", i);
}

Test(tpacket_v3, stamp_names_its_source)
{
	static const uint32_t status[] = {0, TP_STATUS_TS_SOFTWARE, TP_STATUS_TS_RAW_HARDWARE,
	                                  TP_STATUS_TS_RAW_HARDWARE | TP_STATUS_TS_SOFTWARE};
	static const int source[] = {WT_STAMP_FALLBACK, WT_STAMP_SOFTWARE, WT_STAMP_HARDWARE,
	                             WT_STAMP_HARDWARE};

	for (int i = 0; i < 4; i++)
		tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .status = status[i]});
	expect_frames(4);
	for (int i = 0; i < 4; i++)
		cr_expect(eq(int, frames[i].stamp_source, source[i]), "status %#x", status[i]);
}

/* What contradicts itself: three frames of 60 bytes, slots of 144, the second or
 * the block broken. */

static void expect_fault(enum wt_walk_fault fault, size_t before)
{
	size_t got = walk_built(0);

	cr_expect(eq(sz, got, before));
	cr_expect(eq(str, (char *)(uintptr_t)wt_walk_fault_text(walk.fault),
	             (char *)(uintptr_t)wt_walk_fault_text(fault)));
	cr_expect(eq(sz, wt_tpacket_v3_walk(&walk, frames, MOST), 0));
}

static void build_three(void)
{
	set_up();
	add(60);
	add(60);
	add(60);
}

Test(tpacket_v3, block_without_room_for_its_header_is_a_fault)
{
	block = tpacket_copy(&build, 47);
	wt_tpacket_v3_walk_start(&walk, block, 47, 0);
	cr_expect(eq(sz, wt_tpacket_v3_walk(&walk, frames, MOST), 0));
	cr_expect(eq(int, walk.fault, WT_WALK_BLOCK_TOO_SMALL));
}

Test(tpacket_v3, block_has_at_most_as_many_bytes_as_fit_into_32_bits)
{
	add(60);
	block = tpacket_copy(&build, build.length);
	wt_tpacket_v3_walk_start(&walk, block, UINT32_MAX, 0);
	cr_expect(eq(int, walk.fault, WT_WALK_OK));
	wt_tpacket_v3_walk_start(&walk, block, (size_t)UINT32_MAX + 1, 0);
	cr_expect(eq(int, walk.fault, WT_WALK_BLOCK_TOO_SMALL));
}

Test(tpacket_v3, block_of_its_header_alone_has_no_first_frame)
{
	build_three();
	tpacket_block_header(&build)->blk_len = 48;
	expect_fault(WT_WALK_FIRST_OFFSET, 0);
}

Test(tpacket_v3, block_length_outside_the_block_is_a_fault)
{
	uint32_t wrong[] = {0, 47, 0, UINT32_MAX};

	build_three();
	wrong[2] = (uint32_t)build.length + 1;
	for (int i = 0; i < 4; i++) {
		tpacket_block_header(&build)->blk_len = wrong[i];
		expect_fault(WT_WALK_BLOCK_LENGTH, 0);
	}
}

Test(tpacket_v3, first_offset_outside_the_frames_is_a_fault)
{
	uint32_t wrong[] = {0, 40, 49, 52, 0, UINT32_MAX & ~7u};

	build_three();
	wrong[4] = (uint32_t)build.length;
	for (int i = 0; i < 6; i++) {
		tpacket_block_header(&build)->offset_to_first_pkt = wrong[i];
		expect_fault(WT_WALK_FIRST_OFFSET, 0);
	}
}

Test(tpacket_v3, next_offset_that_leads_nowhere_is_a_fault)
{
	static const uint32_t wrong[] = {0, 8, 64, 145, 148, 296, UINT32_MAX, UINT32_MAX & ~7u};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		build_three();
		tpacket_v3_header(&build, 1)->tp_next_offset = wrong[i];
		expect_fault(WT_WALK_NEXT_OFFSET, 1);
		cr_expect(eq(u32, walk.fault_offset, build.offsets[1]));
	}
}

Test(tpacket_v3, next_offset_of_the_last_frame_is_checked_too)
{
	build_three();
	tpacket_v3_header(&build, 2)->tp_next_offset = 152;
	expect_fault(WT_WALK_NEXT_OFFSET, 2);
}

Test(tpacket_v3, header_that_reaches_past_the_block_is_a_fault)
{
	build_three();
	tpacket_block_header(&build)->num_pkts = 4;
	tpacket_v3_header(&build, 2)->tp_next_offset = 144;
	expect_fault(WT_WALK_HEADER_OUTSIDE, 3);
}

Test(tpacket_v3, block_that_ends_in_a_header_is_a_fault)
{
	build_three();
	build.length = build.offsets[2] + 64;
	tpacket_block_header(&build)->blk_len = (uint32_t)build.length;
	expect_fault(WT_WALK_HEADER_OUTSIDE, 2);
}

Test(tpacket_v3, frame_may_start_where_its_header_ends)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .mac = SLL_END});
	expect_frames(1);
	expect_bytes(&frames[0], 0, 0, 0);
}

Test(tpacket_v3, block_may_end_in_a_frame_without_bytes)
{
	add(60);
	tpacket_add(&build, &(struct tpacket_spec){.len = 60, .mac = SLL_END});
	build.length = build.offsets[1] + SLL_END;
	tpacket_block_header(&build)->blk_len = (uint32_t)build.length;
	expect_frames(2);
	cr_expect(eq(u32, frames[1].caplen, 0));
	cr_expect(eq(u32, frames[1].len, 60));
}

Test(tpacket_v3, frame_that_starts_in_its_header_is_a_fault)
{
	static const uint16_t wrong[] = {0, 48, SLL_END - 1};

	for (int i = 0; i < 3; i++) {
		build_three();
		tpacket_v3_header(&build, 1)->tp_mac = wrong[i];
		expect_fault(WT_WALK_MAC_OFFSET, 1);
	}
}

Test(tpacket_v3, tag_without_room_for_it_is_a_fault)
{
	set_up();
	add(60);
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
	                                           .status = TP_STATUS_VLAN_VALID,
	                                           .mac = SLL_END + 3});
	expect_fault(WT_WALK_MAC_OFFSET, 1);
}

Test(tpacket_v3, frame_that_leaves_its_slot_is_a_fault)
{
	static const uint32_t wrong[] = {63, UINT32_MAX, UINT32_MAX - 81};

	for (int i = 0; i < 3; i++) {
		build_three();
		tpacket_v3_header(&build, 1)->tp_snaplen = wrong[i];
		tpacket_v3_header(&build, 1)->tp_len = UINT32_MAX;
		expect_fault(WT_WALK_FRAME_OUTSIDE, 1);
	}
	build_three();
	tpacket_v3_header(&build, 2)->tp_mac = UINT16_MAX;
	expect_fault(WT_WALK_FRAME_OUTSIDE, 2);
}

Test(tpacket_v3, more_bytes_than_the_frame_has_is_a_fault)
{
	build_three();
	tpacket_v3_header(&build, 1)->tp_len = 59;
	expect_fault(WT_WALK_LENGTHS, 1);
}

Test(tpacket_v3, tag_that_overflows_the_length_is_a_fault)
{
	build_three();
	tpacket_v3_header(&build, 1)->tp_len = UINT32_MAX - 3;
	tpacket_v3_header(&build, 1)->tp_status = TP_STATUS_VLAN_VALID;
	expect_fault(WT_WALK_LENGTHS, 1);
}

Test(tpacket_v3, tag_that_takes_the_length_to_its_limit_is_there_on_the_second_walk_too)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
	                                           .len = UINT32_MAX - 4,
	                                           .status = TP_STATUS_VLAN_VALID});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].len, UINT32_MAX));
	wt_tpacket_v3_walk_start(&walk, block, build.length, 0);
	cr_assert(eq(sz, wt_tpacket_v3_walk(&walk, frames, MOST), 1));
	cr_expect(eq(u32, frames[0].len, UINT32_MAX));
}

Test(tpacket_v3, stamp_with_a_second_of_nanoseconds_is_a_fault)
{
	build_three();
	tpacket_v3_header(&build, 1)->tp_nsec = 1000000000;
	expect_fault(WT_WALK_STAMP, 1);
}

Test(tpacket_v3, no_word_of_the_headers_leads_outside)
{
	static const uint32_t evil[] = {
	        0, 1, 8, 47, 48, 64, 68, 136, 144, 1 << 16, 1u << 31, UINT32_MAX - 7, UINT32_MAX};
	uint32_t sum = 0;

	for (size_t word = 0; word < 48 + 3 * 144; word += 4) {
		for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
			build_three();
			memcpy(build.bytes + word, &evil[i], sizeof(evil[i]));
			for (size_t count = walk_built(0); count--;)
				sum += tpacket_touch(&frames[count]);
		}
	}
	cr_expect(ne(u32, sum, 0));
}

Test(tpacket_v3, every_fault_has_words)
{
	for (int i = 0; i < WT_WALK_FAULTS; i++)
		cr_expect(wt_walk_fault_text((enum wt_walk_fault)i) != NULL, "fault %d", i);
	cr_expect(eq(int, strcmp(wt_walk_fault_text(WT_WALK_FAULTS), "unknown fault"), 0));
}

/* The ring: four blocks of one page. */

enum { BLOCKS = 4, BLOCK_BYTES = 4096 };

static _Alignas(16) uint8_t memory[BLOCKS * BLOCK_BYTES];
static struct wt_ring *ring;
static struct wt_block held[BLOCKS];

static void open_ring(void)
{
	struct wt_ring_memory shape = {memory, BLOCK_BYTES, BLOCKS, 0, 0};

	memset(memory, 0, sizeof(memory));
	cr_assert(eq(int, wt_tpacket_v3_ring_open(&ring, &shape), 0));
}

static void close_ring(void)
{
	wt_ring_close(ring);
}

TestSuite(tpacket_v3_ring, .init = open_ring, .fini = close_ring);

/* The kernel fills block `index` with `count` frames and hands it over. */
static void hand_over(uint32_t index, unsigned count)
{
	tpacket_build_v3(&build);
	while (count--)
		add(60);
	memcpy(memory + index * BLOCK_BYTES, build.bytes, build.length);
}

static bool kernel_owns(uint32_t index)
{
	uint32_t status;

	memcpy(&status, memory + index * BLOCK_BYTES + 8, sizeof(status));
	return status == TP_STATUS_KERNEL;
}

static void expect_borrowed(struct wt_block *got, uint32_t index)
{
	cr_assert(eq(int, wt_ring_next_block(ring, got), 1));
	cr_assert(eq(u32, got->index, index));
}

Test(tpacket_v3_ring, nothing_to_borrow_while_the_kernel_owns_all)
{
	cr_expect(eq(int, wt_ring_next_block(ring, &held[0]), 0));
	cr_expect(eq(dbl, wt_ring_high_water_pct(ring), 0.0));
}

Test(tpacket_v3_ring, block_is_borrowed_read_and_given_back)
{
	hand_over(0, 3);
	expect_borrowed(&held[0], 0);
	cr_expect(eq(ptr, held[0].start, memory));
	cr_expect(eq(sz, held[0].bytes, BLOCK_BYTES));
	cr_expect(eq(u32, held[0].frames, 3));
	cr_expect(eq(u64, held[0].number, 0));
	cr_expect(eq(sz, wt_ring_read_frames(ring, &held[0], frames, MOST), 3));
	cr_expect(not(kernel_owns(0)));
	wt_ring_release_block(ring, &held[0]);
	cr_expect(kernel_owns(0));
	cr_expect(eq(int, wt_ring_next_block(ring, &held[0]), 0));
}

Test(tpacket_v3_ring, empty_block_is_borrowed_like_any_other)
{
	hand_over(0, 0);
	expect_borrowed(&held[0], 0);
	cr_expect(eq(sz, wt_ring_read_frames(ring, &held[0], frames, MOST), 0));
	cr_expect(eq(int, held[0].walk.fault, WT_WALK_OK));
	wt_ring_release_block(ring, &held[0]);
	cr_expect(kernel_owns(0));
}

Test(tpacket_v3_ring, blocks_may_be_released_in_any_order)
{
	for (uint32_t i = 0; i < BLOCKS; i++)
		hand_over(i, 1);
	for (uint32_t i = 0; i < BLOCKS; i++)
		expect_borrowed(&held[i], i);
	wt_ring_release_block(ring, &held[2]);
	cr_expect(kernel_owns(2) && !kernel_owns(0) && !kernel_owns(1) && !kernel_owns(3));
	wt_ring_release_block(ring, &held[0]);
	wt_ring_release_block(ring, &held[3]);
	wt_ring_release_block(ring, &held[1]);
	hand_over(0, 1);
	expect_borrowed(&held[0], 0);
	cr_expect(eq(u64, held[0].number, BLOCKS));
}

Test(tpacket_v3_ring, held_block_is_not_borrowed_again_when_the_head_comes_round)
{
	for (uint32_t i = 0; i < BLOCKS; i++)
		hand_over(i, 1);
	for (uint32_t i = 0; i < BLOCKS; i++)
		expect_borrowed(&held[i], i);
	for (uint32_t i = 1; i < BLOCKS; i++)
		wt_ring_release_block(ring, &held[i]);
	cr_expect(eq(int, wt_ring_next_block(ring, &held[1]), 0));
	wt_ring_release_block(ring, &held[0]);
	cr_expect(eq(int, wt_ring_next_block(ring, &held[0]), 0));
	hand_over(0, 1);
	expect_borrowed(&held[0], 0);
}

Test(tpacket_v3_ring, high_water_is_the_most_that_ever_waited)
{
	for (uint32_t i = 0; i < 3; i++)
		hand_over(i, 1);
	for (uint32_t i = 0; i < 3; i++) {
		expect_borrowed(&held[0], i);
		wt_ring_release_block(ring, &held[0]);
	}
	hand_over(3, 1);
	expect_borrowed(&held[0], 3);
	cr_expect(eq(dbl, wt_ring_high_water_pct(ring), 75.0));
}

Test(tpacket_v3_ring, held_blocks_do_not_count_as_waiting)
{
	for (uint32_t i = 0; i < 3; i++)
		hand_over(i, 1);
	for (uint32_t i = 0; i < 3; i++)
		expect_borrowed(&held[i], i);
	wt_ring_release_block(ring, &held[0]);
	wt_ring_release_block(ring, &held[1]);
	hand_over(3, 1);
	expect_borrowed(&held[3], 3);
	cr_expect(eq(dbl, wt_ring_high_water_pct(ring), 75.0));
}

/* A block of one frame, which came in this second. */
static void hand_over_at(uint32_t index, uint32_t second)
{
	tpacket_build_v3(&build);
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .sec = second});
	tpacket_block_header(&build)->ts_last_pkt.ts_sec = second;
	memcpy(memory + index * BLOCK_BYTES, build.bytes, build.length);
}

/* As an encoder in place writes, which leaves the kernel's status alone. */
static void write_over(uint32_t index)
{
	uint8_t *at = memory + index * BLOCK_BYTES;

	memset(at, 0xee, 8);
	memset(at + 12, 0xee, BLOCK_BYTES - 12);
}

Test(tpacket_v3_ring, high_water_in_time_believes_no_header_that_somebody_may_have_written_over)
{
	/* Blocks are given back out of order: the second is free, and not filled again. */
	for (uint32_t i = 0; i < 2; i++)
		hand_over_at(i, 100 + i);
	for (uint32_t i = 0; i < 2; i++) {
		expect_borrowed(&held[i], i);
		write_over(i);
	}
	cr_expect(eq(i64, wt_ring_high_water_ns(ring), INT64_C(1000000000)));
	wt_ring_release_block(ring, &held[1]);
	hand_over_at(2, 105);
	hand_over_at(3, 106);
	wt_ring_note_fill(ring);
	cr_expect(eq(dbl, wt_ring_high_water_pct(ring), 100.0));
	cr_expect(eq(i64, wt_ring_high_water_ns(ring), INT64_C(6000000000)));
	wt_ring_release_block(ring, &held[0]);
	expect_borrowed(&held[2], 2);
	write_over(2);
	expect_borrowed(&held[3], 3);
	write_over(3);
	hand_over_at(0, 107);
	wt_ring_release_block(ring, &held[3]);
	wt_ring_note_fill(ring);
	cr_expect(eq(i64, wt_ring_high_water_ns(ring), INT64_C(6000000000)));
}

/* Of the first block, whose header has this offset of a first frame. */
static void expect_high_water(uint32_t first, int64_t ns)
{
	memcpy(memory + 16, &first, sizeof(first));
	hand_over_at(1, 105);
	wt_ring_note_fill(ring);
	cr_expect(eq(i64, wt_ring_high_water_ns(ring), ns), "first frame at %u", first);
	close_ring();
	open_ring();
}

Test(tpacket_v3_ring, high_water_in_time_does_without_a_first_frame_that_is_nowhere)
{
	/* Into the block's header, into a frame's, across the block's end and past it. */
	static const uint32_t nowhere[] = {8, 52, BLOCK_BYTES - 40, BLOCK_BYTES, UINT32_MAX & ~7u};

	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		hand_over_at(0, 100);
		expect_high_water(nowhere[i], INT64_C(5000000000));
	}
	hand_over_at(0, 100);
	memset(memory + 12, 0, 4); /* has no frame */
	memset(memory + 48, 0xee, 16);
	expect_high_water(48, INT64_C(5000000000));
}

Test(tpacket_v3_ring, high_water_in_time_is_from_the_first_frame_to_the_last)
{
	const struct tpacket_spec spec = {.bytes = 60, .sec = 101, .nsec = 250000000};
	struct tpacket3_hdr at_end = {.tp_sec = 103, .tp_nsec = 500000000};

	hand_over_at(0, 104);
	tpacket_build_v3(&build);
	tpacket_add(&build, &spec);
	memcpy(memory + 48, build.bytes + 48, build.length - 48);
	expect_high_water(48, INT64_C(3750000000));
	hand_over_at(0, 100);
	memcpy(memory + BLOCK_BYTES - sizeof(at_end), &at_end, sizeof(at_end));
	expect_high_water(BLOCK_BYTES - sizeof(at_end), INT64_C(1500000000));
	/* Nothing but the last frames' stamps. */
	hand_over_at(0, 100);
	tpacket_block_header(&build)->ts_last_pkt.ts_nsec = 750000000;
	tpacket_block_header(&build)->ts_last_pkt.ts_sec = 102;
	memcpy(memory, build.bytes, 48);
	expect_high_water(8, INT64_C(2250000000));
}

Test(tpacket_v3_ring, loss_is_told_with_the_block_that_the_kernel_opened_after_it)
{
	hand_over(0, 1);
	hand_over(1, 1);
	wt_ring_take_drops(ring, UINT64_MAX, 3);
	hand_over(2, 1);
	for (uint32_t i = 0; i < 3; i++) {
		expect_borrowed(&held[i], i);
		cr_expect(eq(u64, held[i].lost_before, i == 2 ? 3 : 0));
	}
}

/* Hand over a block before which the kernel has dropped what nobody has asked for. */
static void hand_over_losing(uint32_t index)
{
	uint32_t status = TP_STATUS_USER | TP_STATUS_LOSING;

	hand_over(index, 1);
	memcpy(memory + index * BLOCK_BYTES + 8, &status, sizeof(status));
}

Test(tpacket_v3_ring, one_of_the_drops_comes_before_the_first_block_that_knows_of_any)
{
	static const uint64_t lost[] = {0, 1, 0, 6};

	hand_over(0, 1);
	hand_over_losing(1);
	hand_over_losing(2);
	wt_ring_take_drops(ring, UINT64_MAX, 7);
	hand_over(3, 1);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		cr_expect(not(wt_ring_next_is_losing(ring)));
		expect_borrowed(&held[i], i);
		cr_expect(eq(u64, held[i].lost_before, lost[i]));
	}
	cr_expect(not(wt_ring_next_is_losing(ring)));
}

Test(tpacket_v3_ring, drops_that_were_told_are_no_news_in_blocks_of_before)
{
	hand_over_losing(0);
	cr_expect(wt_ring_next_is_losing(ring));
	wt_ring_take_drops(ring, UINT64_MAX, 1);
	cr_expect(not(wt_ring_next_is_losing(ring)));
	wt_ring_take_drops(ring, UINT64_MAX, 5);
	hand_over_losing(1);
	expect_borrowed(&held[0], 0);
	cr_expect(eq(u64, held[0].lost_before, 1));
	cr_expect(wt_ring_next_is_losing(ring));
	wt_ring_take_drops(ring, UINT64_MAX, 0);
	expect_borrowed(&held[1], 1);
	cr_expect(eq(u64, held[1].lost_before, 5));
}

Test(tpacket_v3_ring, fill_counts_waiting_and_borrowed_blocks)
{
	uint32_t filled, total;

	hand_over(0, 1);
	hand_over(1, 1);
	expect_borrowed(&held[0], 0);
	wt_ring_fill(ring, &filled, &total);
	cr_expect(eq(u32, filled, 2));
	cr_expect(eq(u32, total, BLOCKS));
}

Test(tpacket_v3_ring, snaplen_of_the_memory_is_kept)
{
	struct wt_ring_memory shape = {memory, BLOCK_BYTES, BLOCKS, 0, 20};

	wt_ring_close(ring);
	cr_assert(eq(int, wt_tpacket_v3_ring_open(&ring, &shape), 0));
	hand_over(0, 1);
	expect_borrowed(&held[0], 0);
	cr_assert(eq(sz, wt_ring_read_frames(ring, &held[0], frames, MOST), 1));
	cr_expect(eq(u32, frames[0].caplen, 20));
}

Test(tpacket_v3_ring, memory_that_cannot_be_a_ring_is_refused)
{
	static const struct wt_ring_memory wrong[] = {
	        {NULL, BLOCK_BYTES, BLOCKS, 0, 0},       {memory, 32, BLOCKS, 0, 0},
	        {memory, BLOCK_BYTES, 0, 0, 0},          {memory, BLOCK_BYTES - 4, BLOCKS, 0, 0},
	        {memory + 8, BLOCK_BYTES, BLOCKS, 0, 0},
	};
	struct wt_ring *none;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(eq(int, wt_tpacket_v3_ring_open(&none, &wrong[i]), -EINVAL), "case %zu",
		          i);
}

Test(tpacket_v3_ring, a_block_has_at_least_its_header)
{
	struct wt_ring_memory least = {memory, sizeof(struct tpacket_block_desc), BLOCKS, 0, 0};
	struct wt_ring *opened;

	cr_assert(eq(int, wt_tpacket_v3_ring_open(&opened, &least), 0));
	wt_ring_close(opened);
	least.block_bytes -= TPACKET_ALIGNMENT;
	cr_expect(eq(int, wt_tpacket_v3_ring_open(&opened, &least), -EINVAL));
}

Test(tpacket_v3_ring, closing_no_ring_is_fine)
{
	wt_ring_close(NULL);
}
