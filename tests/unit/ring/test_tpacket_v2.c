/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/ring/ring_private.h>
#include <wiretape/ring/tpacket_v2.h>
#include <wiretape/tests/support/tpacket_builder.h>

#include "support/unit.h"

enum { MOST = 600, SLOT = 208, SLL_END = 52 /* the smallest tp_mac */, MAC = 66 };

static struct tpacket_builder build;
static uint8_t *slots;
static struct wt_walk walk;
static struct wt_frame frames[MOST];

static void set_up(void)
{
	tpacket_build_v2(&build, SLOT);
}

static void tear_down(void)
{
	free(slots);
	slots = NULL;
}

TestSuite(tpacket_v2, .init = set_up, .fini = tear_down);

static void add(uint32_t bytes)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = bytes});
}

static void start_walk(uint32_t snaplen)
{
	free(slots);
	slots = tpacket_copy(&build, build.length);
	wt_tpacket_v2_walk_start(&walk, slots, build.slot_bytes, build.frames, snaplen);
}

static size_t walk_built(uint32_t snaplen)
{
	start_walk(snaplen);
	return wt_tpacket_v2_walk(&walk, frames, MOST);
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

Test(tpacket_v2, no_slots_are_no_frames)
{
	expect_frames(0);
}

Test(tpacket_v2, frame_is_seen_as_it_was_stored)
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

Test(tpacket_v2, seconds_after_2038_do_not_turn_negative)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .sec = UINT32_MAX});
	expect_frames(1);
	cr_expect(eq(i64, frames[0].stamp_ns, INT64_C(4294967295000000000)));
}

Test(tpacket_v2, full_slots_give_every_frame_in_order)
{
	for (uint32_t i = 0; i < 500; i++)
		add(i % (SLOT - MAC + 1));
	expect_frames(500);
	for (unsigned i = 0; i < 500; i++) {
		cr_assert(eq(u32, frames[i].caplen, i % (SLOT - MAC + 1)), "frame %u", i);
		expect_bytes(&frames[i], 0, i, 0);
	}
}

Test(tpacket_v2, frames_come_in_batches_as_small_as_asked)
{
	for (int i = 0; i < 10; i++)
		add(60);
	start_walk(0);
	for (unsigned at = 0, count; at < 10; at += count) {
		count = (unsigned)wt_tpacket_v2_walk(&walk, frames, 3);
		cr_assert(eq(uint, count, at == 9 ? 1 : 3), "at frame %u", at);
		expect_bytes(&frames[0], 0, at, 0);
	}
	cr_expect(eq(sz, wt_tpacket_v2_walk(&walk, frames, 3), 0));
}

Test(tpacket_v2, tag_goes_back_with_its_own_tpid)
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

Test(tpacket_v2, tag_goes_back_into_the_slot_of_its_frame)
{
	add(60);
	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5});
	expect_frames(2);
	expect_bytes(&frames[0], 0, 0, 0);
	cr_expect(eq(int, frames[1].data[12] << 8 | frames[1].data[13], 0x8100));
	cr_expect(eq(int, frames[1].data[14] << 8 | frames[1].data[15], 5));
	expect_bytes(&frames[1], 16, 1, 12);
}

Test(tpacket_v2, tag_takes_the_last_room_between_header_and_frame)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
	                                           .mac = SLL_END + 4,
	                                           .status = TP_STATUS_VLAN_VALID});
	expect_frames(1);
	expect_tag(&frames[0], 0x8100, 0);
}

Test(tpacket_v2, tag_without_a_valid_tpid_is_8100)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){
	                    .bytes = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5, .tpid = 0x88a8});
	expect_frames(1);
	expect_tag(&frames[0], 0x8100, 5);
}

Test(tpacket_v2, tag_zero_is_a_tag)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .status = TP_STATUS_VLAN_VALID});
	expect_frames(1);
	expect_tag(&frames[0], 0x8100, 0);
}

Test(tpacket_v2, tci_without_the_valid_bit_is_no_tag)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .tci = 7, .tpid = 0x8100});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 60));
	cr_expect(eq(int, frames[0].notes, 0));
	expect_bytes(&frames[0], 0, 0, 0);
}

Test(tpacket_v2, tag_goes_back_into_a_slot_that_is_full_to_its_end)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = SLOT - MAC, .status = TP_STATUS_VLAN_VALID});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, SLOT - MAC + 4));
	expect_tag(&frames[0], 0x8100, 0);
}

Test(tpacket_v2, frame_cut_before_the_place_of_its_tag_is_only_longer)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){
	                    .bytes = 11, .len = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 11));
	cr_expect(eq(u32, frames[0].len, 64));
	expect_bytes(&frames[0], 0, 0, 0);
}

Test(tpacket_v2, frame_cut_right_at_the_place_of_its_tag_gets_it)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){
	                    .bytes = 12, .len = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 16));
	cr_expect(eq(u32, frames[0].len, 64));
	expect_tag(&frames[0], 0x8100, 5);
}

Test(tpacket_v2, second_walk_sees_the_same_frames)
{
	struct wt_frame first[2];

	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = 60, .status = TP_STATUS_VLAN_VALID, .tci = 9});
	add(77);
	expect_frames(2);
	memcpy(first, frames, sizeof(first));
	wt_tpacket_v2_walk_start(&walk, slots, SLOT, 2, 0);
	cr_assert(eq(sz, wt_tpacket_v2_walk(&walk, frames, MOST), 2));
	for (int i = 0; i < 2; i++) {
		cr_expect(eq(ptr, (void *)(uintptr_t)frames[i].data,
		             (void *)(uintptr_t)first[i].data));
		cr_expect(eq(u32, frames[i].caplen, first[i].caplen), "frame %d", i);
		cr_expect(eq(u32, frames[i].len, first[i].len), "frame %d", i);
		cr_expect(eq(u32, frames[i].link_flags, first[i].link_flags), "frame %d", i);
	}
	cr_expect(eq(int, frames[0].data[15], 9));
	expect_bytes(&frames[0], 16, 0, 12);
}

Test(tpacket_v2, snaplen_counts_the_tag)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = 60, .status = TP_STATUS_VLAN_VALID, .tci = 5});
	cr_assert(eq(sz, walk_built(62), 1));
	cr_expect(eq(u32, frames[0].caplen, 62));
	cr_expect(eq(u32, frames[0].len, 64));
	expect_tag(&frames[0], 0x8100, 5);
}

Test(tpacket_v2, cut_frame_keeps_its_length)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 40, .len = 9000});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].caplen, 40));
	cr_expect(eq(u32, frames[0].len, 9000));
	cr_expect(eq(int, frames[0].notes, 0));
}

Test(tpacket_v2, cut_frame_of_which_a_whole_copy_waits_says_so)
{
	tpacket_add(&build,
	            &(struct tpacket_spec){.bytes = 40, .len = 9000, .status = TP_STATUS_COPY});
	expect_frames(1);
	cr_expect(eq(int, frames[0].notes, WT_FRAME_COPY));
}

Test(tpacket_v2, offload_bits_reach_the_file)
{
	static const struct {
		uint32_t status, flags;
	} cases[] = {
	        {TP_STATUS_CSUMNOTREADY, WT_LINK_CSUM_NOT_READY},
	        {TP_STATUS_CSUM_VALID, WT_LINK_CSUM_VALID},
	        {1 << 8, WT_LINK_SEGMENTATION},
	        {TP_STATUS_CSUMNOTREADY | 1 << 8, WT_LINK_CSUM_NOT_READY | WT_LINK_SEGMENTATION},
	        {0, 0},
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

Test(tpacket_v2, packet_type_says_direction_and_kind)
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

Test(tpacket_v2, stamp_names_its_source)
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

/* What contradicts itself: three slots, the second one broken. */

static void expect_fault(enum wt_walk_fault fault, size_t before)
{
	size_t got = walk_built(0);

	cr_expect(eq(sz, got, before));
	cr_expect(eq(str, (char *)(uintptr_t)wt_walk_fault_text(walk.fault),
	             (char *)(uintptr_t)wt_walk_fault_text(fault)));
	cr_expect(eq(u32, walk.fault_offset, (uint32_t)before * SLOT));
	cr_expect(eq(sz, wt_tpacket_v2_walk(&walk, frames, MOST), 0));
}

static struct tpacket2_hdr *build_three(void)
{
	set_up();
	add(60);
	add(60);
	add(60);
	return tpacket_v2_header(&build, 1);
}

Test(tpacket_v2, slot_without_room_for_its_header_is_a_fault)
{
	slots = tpacket_copy(&build, SLL_END - 4);
	wt_tpacket_v2_walk_start(&walk, slots, SLL_END - 4, 1, 0);
	cr_expect(eq(sz, wt_tpacket_v2_walk(&walk, frames, MOST), 0));
	cr_expect(eq(int, walk.fault, WT_WALK_BLOCK_TOO_SMALL));
}

Test(tpacket_v2, more_slots_than_memory_can_have_are_a_fault)
{
	slots = tpacket_copy(&build, SLOT);
	wt_tpacket_v2_walk_start(&walk, slots, SLOT, UINT32_MAX / SLOT + 1, 0);
	cr_expect(eq(sz, wt_tpacket_v2_walk(&walk, frames, MOST), 0));
	cr_expect(eq(int, walk.fault, WT_WALK_BLOCK_TOO_SMALL));
}

Test(tpacket_v2, frame_may_start_where_its_header_ends)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .mac = SLL_END});
	expect_frames(1);
	expect_bytes(&frames[0], 0, 0, 0);
}

Test(tpacket_v2, frame_that_starts_in_its_header_is_a_fault)
{
	static const uint16_t wrong[] = {0, 32, SLL_END - 1};

	for (int i = 0; i < 3; i++) {
		build_three()->tp_mac = wrong[i];
		expect_fault(WT_WALK_MAC_OFFSET, 1);
	}
}

Test(tpacket_v2, tag_without_room_for_it_is_a_fault)
{
	add(60);
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
	                                           .status = TP_STATUS_VLAN_VALID,
	                                           .mac = SLL_END + 3});
	expect_fault(WT_WALK_MAC_OFFSET, 1);
}

Test(tpacket_v2, frame_that_leaves_its_slot_is_a_fault)
{
	static const uint32_t wrong[] = {SLOT - MAC + 1, UINT32_MAX, UINT32_MAX - MAC + 1};
	struct tpacket2_hdr *header;

	for (int i = 0; i < 3; i++) {
		header = build_three();
		header->tp_snaplen = wrong[i];
		header->tp_len = UINT32_MAX;
		expect_fault(WT_WALK_FRAME_OUTSIDE, 1);
	}
	build_three()->tp_mac = UINT16_MAX;
	expect_fault(WT_WALK_FRAME_OUTSIDE, 1);
}

Test(tpacket_v2, more_bytes_than_the_frame_has_is_a_fault)
{
	build_three()->tp_len = 59;
	expect_fault(WT_WALK_LENGTHS, 1);
}

Test(tpacket_v2, tag_that_overflows_the_length_is_a_fault)
{
	struct tpacket2_hdr *header = build_three();

	header->tp_len = UINT32_MAX - 3;
	header->tp_status |= TP_STATUS_VLAN_VALID;
	expect_fault(WT_WALK_LENGTHS, 1);
}

Test(tpacket_v2, tag_that_takes_the_length_to_its_limit_is_there_on_the_second_walk_too)
{
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60,
	                                           .len = UINT32_MAX - 4,
	                                           .status = TP_STATUS_VLAN_VALID});
	expect_frames(1);
	cr_expect(eq(u32, frames[0].len, UINT32_MAX));
	wt_tpacket_v2_walk_start(&walk, slots, SLOT, 1, 0);
	cr_assert(eq(sz, wt_tpacket_v2_walk(&walk, frames, MOST), 1));
	cr_expect(eq(u32, frames[0].len, UINT32_MAX));
}

Test(tpacket_v2, stamp_with_a_second_of_nanoseconds_is_a_fault)
{
	build_three()->tp_nsec = 1000000000;
	expect_fault(WT_WALK_STAMP, 1);
}

Test(tpacket_v2, no_word_of_the_headers_leads_outside)
{
	static const uint32_t evil[] = {
	        0, 1, 8, 31, 52, 66, 67 << 16, 1u << 31, UINT32_MAX - 7, UINT32_MAX};
	uint32_t sum = 0;

	for (size_t slot = 0; slot < 3; slot++) {
		for (size_t word = 0; word < 32; word += 4) {
			for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
				build_three();
				memcpy(build.bytes + slot * SLOT + word, &evil[i], 4);
				for (size_t count = walk_built(0); count--;)
					sum += tpacket_touch(&frames[count]);
			}
		}
	}
	cr_expect(ne(u32, sum, 0));
}

/* The ring: three blocks of one page, 19 slots in each and some bytes left over. */

enum { BLOCKS = 3, BLOCK_BYTES = 4096, PER_BLOCK = BLOCK_BYTES / SLOT, UNITS = 3 * PER_BLOCK };

static _Alignas(16) uint8_t memory[BLOCKS * BLOCK_BYTES];
static struct wt_ring *ring;
static struct wt_block held[4];

static void open_ring(void)
{
	struct wt_ring_memory shape = {memory, BLOCK_BYTES, BLOCKS, SLOT, 0};

	memset(memory, 0, sizeof(memory));
	cr_assert(eq(int, wt_tpacket_v2_ring_open(&ring, &shape), 0));
}

static void close_ring(void)
{
	wt_ring_close(ring);
}

TestSuite(tpacket_v2_ring, .init = open_ring, .fini = close_ring);

static uint8_t *slot_at(uint32_t slot)
{
	return memory + slot / PER_BLOCK * BLOCK_BYTES + slot % PER_BLOCK * SLOT;
}

/* The kernel fills `count` slots from `first` on. */
static void hand_over(uint32_t first, uint32_t count)
{
	tpacket_build_v2(&build, SLOT);
	for (uint32_t i = 0; i < count; i++) {
		add(60);
		memcpy(slot_at((first + i) % UNITS), build.bytes + (size_t)i * SLOT, SLOT);
	}
}

static void expect_borrowed(struct wt_block *got, uint32_t first, uint32_t count)
{
	cr_assert(eq(int, wt_ring_next_block(ring, got), 1));
	cr_assert(eq(u32, got->index, first));
	cr_assert(eq(u32, got->frames, count));
}

static uint32_t filled_slots(void)
{
	uint32_t filled, total;

	wt_ring_fill(ring, &filled, &total);
	cr_assert(eq(u32, total, UNITS));
	return filled;
}

Test(tpacket_v2_ring, nothing_to_borrow_while_the_kernel_owns_all)
{
	cr_expect(eq(int, wt_ring_next_block(ring, &held[0]), 0));
	cr_expect(eq(dbl, wt_ring_high_water_pct(ring), 0.0));
}

Test(tpacket_v2_ring, run_of_filled_slots_is_borrowed_read_and_given_back)
{
	hand_over(0, 5);
	expect_borrowed(&held[0], 0, 5);
	cr_expect(eq(ptr, held[0].start, memory));
	cr_expect(eq(sz, held[0].bytes, 5 * SLOT));
	cr_expect(eq(u64, held[0].number, 0));
	cr_assert(eq(sz, wt_ring_read_frames(ring, &held[0], frames, MOST), 5));
	for (unsigned i = 0; i < 5; i++)
		expect_bytes(&frames[i], 0, i, 0);
	cr_expect(eq(u32, filled_slots(), 5));
	wt_ring_release_block(ring, &held[0]);
	cr_expect(eq(u32, filled_slots(), 0));
}

Test(tpacket_v2_ring, run_ends_with_its_block)
{
	hand_over(0, PER_BLOCK + 2);
	expect_borrowed(&held[0], 0, PER_BLOCK);
	expect_borrowed(&held[1], PER_BLOCK, 2);
	cr_expect(eq(ptr, held[1].start, memory + BLOCK_BYTES));
	cr_assert(eq(sz, wt_ring_read_frames(ring, &held[1], frames, MOST), 2));
	expect_bytes(&frames[0], 0, PER_BLOCK, 0);
}

Test(tpacket_v2_ring, run_that_begins_within_a_block_ends_with_it_too)
{
	hand_over(0, 2);
	expect_borrowed(&held[0], 0, 2);
	hand_over(2, PER_BLOCK);
	memset(memory + PER_BLOCK * SLOT, 0xff, BLOCK_BYTES - PER_BLOCK * SLOT); /* no slot */
	expect_borrowed(&held[1], 2, PER_BLOCK - 2);
	expect_borrowed(&held[2], PER_BLOCK, 2);
}

Test(tpacket_v2_ring, run_goes_on_where_the_one_before_ended)
{
	hand_over(0, 2);
	expect_borrowed(&held[0], 0, 2);
	hand_over(2, 3);
	expect_borrowed(&held[1], 2, 3);
	cr_expect(eq(int, wt_ring_next_block(ring, &held[2]), 0));
}

Test(tpacket_v2_ring, runs_may_be_released_in_any_order)
{
	hand_over(0, 2);
	expect_borrowed(&held[0], 0, 2);
	hand_over(2, 3);
	expect_borrowed(&held[1], 2, 3);
	wt_ring_release_block(ring, &held[1]);
	cr_expect(eq(u32, filled_slots(), 5), "the kernel cannot get past the first");
	wt_ring_release_block(ring, &held[0]);
	cr_expect(eq(u32, filled_slots(), 0));
}

/* is_filled() of the ring, counted. */
static const struct wt_ring_ops *uncounted;
static unsigned looks;

static bool count_looks(const struct wt_ring *of, uint32_t slot)
{
	looks++;
	return uncounted->is_filled(of, slot);
}

Test(tpacket_v2_ring, a_slot_is_looked_at_once_and_not_each_time_that_the_fill_is_asked_for)
{
	struct wt_ring_ops counted = *ring->ops;

	uncounted = ring->ops;
	counted.is_filled = count_looks;
	ring->ops = &counted;
	/* Round and round, from every place. */
	for (uint32_t turn = 0, at = 0; turn < 5 * UNITS; turn++, at = (at + 2) % UNITS) {
		hand_over(at, 2);
		looks = 0;
		for (int i = 0; i < 10; i++)
			cr_assert(eq(u32, filled_slots(), 2), "turn %u", turn);
		cr_expect(eq(u32, looks, 2 + 10), "turn %u", turn);
		while (wt_ring_next_block(ring, &held[0]) == 1)
			wt_ring_release_block(ring, &held[0]);
		cr_assert(eq(u32, filled_slots(), 0), "turn %u", turn);
	}
	ring->ops = uncounted;
}

Test(tpacket_v2_ring, fill_of_a_full_ring_is_all_of_it)
{
	hand_over(0, UNITS);
	cr_expect(eq(u32, filled_slots(), UNITS));
	cr_expect(eq(u64, wt_ring_handed_over(ring), UNITS));
	cr_expect(wt_ring_has_filled(ring, wt_ring_end(ring)));
	expect_borrowed(&held[0], 0, PER_BLOCK);
	cr_expect(eq(u32, filled_slots(), UNITS));
	wt_ring_release_block(ring, &held[0]);
	cr_expect(eq(u32, filled_slots(), UNITS - PER_BLOCK));
	cr_expect(eq(u64, wt_ring_end(ring), UNITS + PER_BLOCK));
	cr_expect(not(wt_ring_has_filled(ring, wt_ring_end(ring))));
}

Test(tpacket_v2_ring, run_ends_where_something_was_lost_and_the_next_says_how_much)
{
	hand_over(0, 3);
	wt_ring_take_drops(ring, UINT64_MAX, 7);
	hand_over(3, 2);
	expect_borrowed(&held[0], 0, 3);
	cr_expect(eq(u64, held[0].lost_before, 0));
	expect_borrowed(&held[1], 3, 2);
	cr_expect(eq(u64, held[1].lost_before, 7));
	cr_expect(eq(u64, held[1].number, 3));
}

/* The end of the ring and its head are one place. */
Test(tpacket_v2_ring, losses_before_the_first_and_behind_the_last_slot_of_a_full_ring_are_two)
{
	wt_ring_take_drops(ring, UINT64_MAX, 5);
	hand_over(0, UNITS);
	wt_ring_take_drops(ring, UINT64_MAX, 6);
	wt_ring_take_drops(ring, UINT64_MAX, 6);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		expect_borrowed(&held[0], i * PER_BLOCK, PER_BLOCK);
		cr_expect(eq(u64, held[0].lost_before, i ? 0 : 5));
		wt_ring_release_block(ring, &held[0]);
	}
	hand_over(0, 1);
	expect_borrowed(&held[0], 0, 1);
	cr_expect(eq(u64, held[0].lost_before, 12));
}

/* Fill slots that know of drops nobody has asked for. */
static void hand_over_losing(uint32_t first, uint32_t count)
{
	hand_over(first, count);
	for (uint32_t i = 0; i < count; i++) {
		struct tpacket2_hdr *header =
		        (struct tpacket2_hdr *)(void *)slot_at((first + i) % UNITS);

		header->tp_status |= TP_STATUS_LOSING;
	}
}

/* A full ring of which a block has been given back, up to where the kernel had stopped: `end`. */
static uint64_t release_one_of_a_full_ring(void)
{
	uint64_t end;

	hand_over(0, UNITS);
	wt_ring_take_drops(ring, UINT64_MAX, 0);
	for (uint32_t i = 0; i < BLOCKS; i++)
		expect_borrowed(&held[i], i * PER_BLOCK, PER_BLOCK);
	end = wt_ring_end(ring);
	wt_ring_release_block(ring, &held[0]);
	return end;
}

static void expect_lost(uint32_t first, uint32_t count, uint64_t lost)
{
	struct wt_block block;

	expect_borrowed(&block, first, count);
	cr_expect(eq(u64, block.lost_before, lost));
}

Test(tpacket_v2_ring, kernel_that_has_room_has_dropped_where_it_stopped_before)
{
	uint64_t end = release_one_of_a_full_ring();

	hand_over_losing(0, PER_BLOCK - 1);
	wt_ring_take_drops(ring, end, 4);
	expect_lost(0, PER_BLOCK - 1, 4);
}

Test(tpacket_v2_ring, kernel_that_has_filled_what_it_got_has_dropped_where_it_stands)
{
	uint64_t end = release_one_of_a_full_ring();

	hand_over(0, PER_BLOCK);
	wt_ring_take_drops(ring, end, 4);
	expect_lost(0, PER_BLOCK, 0);
	wt_ring_release_block(ring, &held[1]);
	hand_over(PER_BLOCK, 1);
	expect_lost(PER_BLOCK, 1, 4);
}

Test(tpacket_v2_ring, kernel_that_has_dropped_before_and_after_has_dropped_one_before)
{
	uint64_t end = release_one_of_a_full_ring();

	hand_over_losing(0, PER_BLOCK);
	wt_ring_take_drops(ring, end, 4);
	expect_lost(0, PER_BLOCK, 1);
	wt_ring_release_block(ring, &held[1]);
	hand_over_losing(PER_BLOCK, 1);
	wt_ring_take_drops(ring, UINT64_MAX, 0);
	expect_lost(PER_BLOCK, 1, 3);
}

/* Whatever stands in the block that is not borrowed. */
Test(tpacket_v2_ring, ring_that_has_nothing_tells_of_no_loss)
{
	hand_over(0, 1);
	wt_ring_take_drops(ring, UINT64_MAX, 7);
	expect_borrowed(&held[0], 0, 1);
	held[1].number = 1;
	cr_expect(eq(int, wt_ring_next_block(ring, &held[1]), 0));
	hand_over(1, 1);
	expect_lost(1, 1, 7);
}

/* Not even if they are all that there is. */
Test(tpacket_v2_ring, slots_that_are_borrowed_are_not_asked_for)
{
	hand_over_losing(0, UNITS);
	cr_expect(wt_ring_next_is_losing(ring));
	wt_ring_take_drops(ring, UINT64_MAX, 1);
	for (uint32_t i = 0; i < BLOCKS; i++)
		expect_borrowed(&held[i], i * PER_BLOCK, PER_BLOCK);
	cr_expect(not(wt_ring_next_is_losing(ring)));
}

Test(tpacket_v2_ring, oldest_slot_is_found_past_the_end_of_the_ring)
{
	uint64_t end = release_one_of_a_full_ring();
	struct wt_block again;

	hand_over(0, PER_BLOCK);
	expect_borrowed(&again, 0, PER_BLOCK);
	cr_expect(eq(u64, wt_ring_end(ring), end + PER_BLOCK));
	wt_ring_release_block(ring, &held[2]);
	cr_expect(eq(u64, wt_ring_end(ring), end + PER_BLOCK));
	wt_ring_release_block(ring, &held[1]);
	cr_expect(eq(u64, wt_ring_end(ring), end + UNITS));
	wt_ring_release_block(ring, &again);
	cr_expect(eq(u64, wt_ring_end(ring), end + UNITS + PER_BLOCK));
}

Test(tpacket_v2_ring, first_frame_after_a_loss_tells_of_it)
{
	hand_over(0, 1);
	wt_ring_take_drops(ring, UINT64_MAX, 7);
	hand_over(1, 2);
	expect_borrowed(&held[0], 0, 1);
	cr_assert(eq(sz, wt_ring_read_frames(ring, &held[0], frames, PER_BLOCK), 1));
	cr_expect(eq(u64, frames[0].dropped_before, 0));
	expect_borrowed(&held[1], 1, 2);
	cr_expect(eq(u64, wt_ring_drops_told(ring), 0));
	cr_assert(eq(sz, wt_ring_read_frames(ring, &held[1], frames, PER_BLOCK), 2));
	cr_expect(eq(u64, frames[0].dropped_before, 7));
	cr_expect(eq(u64, frames[1].dropped_before, 0));
	cr_expect(eq(u64, wt_ring_drops_told(ring), 7));
	/* The block's end tells of nothing. */
	wt_ring_take_drops(ring, UINT64_MAX, 5);
	hand_over(3, 1);
	expect_borrowed(&held[2], 3, 1);
	cr_assert(eq(sz, wt_ring_read_frames(ring, &held[1], frames, PER_BLOCK), 0));
	cr_expect(eq(u64, wt_ring_drops_told(ring), 7));
}

Test(tpacket_v2_ring, held_slots_are_not_borrowed_again_when_the_head_comes_round)
{
	hand_over(0, UNITS);
	for (uint32_t i = 0; i < BLOCKS; i++)
		expect_borrowed(&held[i], i * PER_BLOCK, PER_BLOCK);
	cr_expect(eq(int, wt_ring_next_block(ring, &held[3]), 0));
	wt_ring_release_block(ring, &held[0]);
	hand_over(0, PER_BLOCK);
	expect_borrowed(&held[0], 0, PER_BLOCK);
	cr_expect(eq(int, wt_ring_next_block(ring, &held[3]), 0));
}

Test(tpacket_v2_ring, high_water_is_the_most_that_ever_waited)
{
	hand_over(0, PER_BLOCK);
	expect_borrowed(&held[0], 0, PER_BLOCK);
	wt_ring_release_block(ring, &held[0]);
	hand_over(PER_BLOCK, 1);
	expect_borrowed(&held[0], PER_BLOCK, 1);
	cr_expect(lt(dbl, fabs(wt_ring_high_water_pct(ring) - 100.0 / BLOCKS), 1e-9));
}

Test(tpacket_v2_ring, high_water_in_time_is_from_the_first_frame_to_the_last)
{
	tpacket_build_v2(&build, SLOT);
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .sec = 100, .nsec = 750000000});
	tpacket_add(&build, &(struct tpacket_spec){.bytes = 60, .sec = 103, .nsec = 250000000});
	memcpy(memory, build.bytes, 2 * SLOT);
	expect_borrowed(&held[0], 0, 2);
	cr_expect(eq(i64, wt_ring_high_water_ns(ring), INT64_C(2500000000)));
}

Test(tpacket_v2_ring, held_slots_do_not_count_as_waiting)
{
	hand_over(0, UNITS - 1);
	for (uint32_t i = 0; i < BLOCKS; i++)
		expect_borrowed(&held[i], i * PER_BLOCK, PER_BLOCK - (i == BLOCKS - 1));
	wt_ring_release_block(ring, &held[0]);
	hand_over(UNITS - 1, 1);
	expect_borrowed(&held[3], UNITS - 1, 1);
	cr_expect(lt(dbl, fabs(wt_ring_high_water_pct(ring) - 100.0 * (UNITS - 1) / UNITS), 1e-9));
}

Test(tpacket_v2_ring, a_block_may_be_one_slot)
{
	const struct wt_ring_memory least = {memory, BLOCK_BYTES, BLOCKS, BLOCK_BYTES, 0};
	struct wt_ring *opened;

	cr_assert(eq(int, wt_tpacket_v2_ring_open(&opened, &least), 0));
	wt_ring_close(opened);
}

Test(tpacket_v2_ring, memory_that_cannot_be_a_ring_is_refused)
{
	static const struct wt_ring_memory wrong[] = {
	        {NULL, BLOCK_BYTES, BLOCKS, SLOT, 0},
	        {memory, BLOCK_BYTES, 0, SLOT, 0},
	        {memory, BLOCK_BYTES, BLOCKS, 0, 0},
	        {memory, BLOCK_BYTES, BLOCKS, 48, 0},
	        {memory, BLOCK_BYTES, BLOCKS, 200, 0},
	        {memory, BLOCK_BYTES, BLOCKS, 4112, 0},
	        {memory + 8, BLOCK_BYTES, BLOCKS, SLOT, 0},
	        {memory, BLOCK_BYTES - 8, BLOCKS, SLOT, 0},
	};
	struct wt_ring *none;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(eq(int, wt_tpacket_v2_ring_open(&none, &wrong[i]), -EINVAL), "case %zu",
		          i);
}

#ifndef NDEBUG
Test(tpacket_v2_ring, block_that_is_given_back_twice_ends_the_program, .signal = SIGABRT)
{
	hand_over(0, 3);
	expect_borrowed(&held[0], 0, 3);
	wt_ring_release_block(ring, &held[0]);
	wt_ring_release_block(ring, &held[0]);
}
#endif
