/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>

#include <wiretape/ring/sim_ring.h>

#include "support/unit.h"

enum { MOST = 512, PAGE = 4096 };

static uint8_t payload[70000];
static struct wt_sim_ring *sim;
static struct wt_ring *ring;
static struct wt_block block;
static struct wt_frame frames[MOST];

static void set_up(void)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
}

static void tear_down(void)
{
	wt_sim_ring_destroy(sim);
}

TestSuite(sim_ring, .init = set_up, .fini = tear_down);

static void open_sim(const struct wt_sim_config *config)
{
	cr_assert(eq(int, wt_sim_ring_create(&sim, config), 0));
	ring = wt_sim_ring_reader(sim);
}

static void open_small(enum wt_sim_layout layout)
{
	open_sim(&(struct wt_sim_config){.layout = layout,
	                                 .block_bytes = PAGE,
	                                 .block_count = 2,
	                                 .slot_bytes = 1024,
	                                 .retire_timeout_ns = 1000});
}

static int deliver(uint32_t bytes)
{
	struct wt_sim_frame frame = {.data = payload, .len = bytes, .stamp_ns = 5000000007};

	return wt_sim_ring_deliver(sim, &frame);
}

/* Deliver frames of `bytes` until one is dropped; how many were stored. */
static unsigned fill_up(uint32_t bytes)
{
	unsigned stored = 0;

	while (deliver(bytes) & WT_SIM_STORED)
		stored++;
	return stored;
}

static size_t borrow(void)
{
	cr_assert(eq(int, wt_ring_next_block(ring, &block), 1));
	return wt_ring_read_frames(ring, &block, frames, MOST);
}

static void expect_statistics(uint64_t packets, uint64_t drops, uint64_t freezes)
{
	struct wt_ring_statistics statistics;

	wt_sim_ring_statistics(sim, &statistics);
	cr_expect(eq(u64, statistics.packets, packets), "packets");
	cr_expect(eq(u64, statistics.drops, drops), "drops");
	cr_expect(eq(u64, statistics.freezes, freezes), "freezes");
}

Test(sim_ring, v3_block_is_handed_over_when_the_next_frame_does_not_fit)
{
	open_small(WT_SIM_TPACKET_V3);
	/* 4096 - 48 bytes hold two slots of 82 + 1500, rounded up to 8. */
	cr_expect(eq(int, deliver(1500), WT_SIM_STORED));
	cr_expect(eq(int, deliver(1500), WT_SIM_STORED));
	cr_expect(eq(int, wt_ring_next_block(ring, &block), 0));
	cr_expect(eq(int, deliver(1500), WT_SIM_STORED | WT_SIM_HANDED_OVER));
	cr_expect(eq(sz, borrow(), 2));
	cr_expect(eq(int, wt_ring_next_block(ring, &block), 0));
}

Test(sim_ring, v3_block_is_handed_over_when_its_time_is_up)
{
	open_small(WT_SIM_TPACKET_V3);
	deliver(60);
	cr_expect(eq(int, wt_sim_ring_tick(sim, 10000), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 10999), 0));
	cr_expect(eq(int, wt_ring_next_block(ring, &block), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 11000), WT_SIM_HANDED_OVER));
	cr_expect(eq(sz, borrow(), 1));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 99999), 0));
}

Test(sim_ring, v3_time_starts_anew_for_each_block)
{
	open_small(WT_SIM_TPACKET_V3);
	deliver(60);
	wt_sim_ring_tick(sim, 10000);
	wt_sim_ring_tick(sim, 11000);
	deliver(60);
	cr_expect(eq(int, wt_sim_ring_tick(sim, 11500), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 12499), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 12500), WT_SIM_HANDED_OVER));
}

Test(sim_ring, v3_empty_block_is_not_handed_over)
{
	open_small(WT_SIM_TPACKET_V3);
	cr_expect(eq(int, wt_sim_ring_tick(sim, 10000), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 99999), 0));
	cr_expect(eq(int, wt_sim_ring_flush(sim), 0));
}

Test(sim_ring, v3_empty_block_is_handed_over_if_asked_for)
{
	open_sim(&(struct wt_sim_config){
	        .block_bytes = PAGE, .retire_timeout_ns = 1000, .retires_empty_blocks = true});
	cr_expect(eq(int, wt_sim_ring_tick(sim, 10000), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 11000), WT_SIM_HANDED_OVER));
	cr_expect(eq(sz, borrow(), 0));
	cr_expect(eq(int, block.walk.fault, WT_WALK_OK));
	expect_statistics(0, 0, 0);
}

Test(sim_ring, flush_hands_over_what_there_is)
{
	open_small(WT_SIM_TPACKET_V3);
	deliver(60);
	cr_expect(eq(int, wt_sim_ring_flush(sim), WT_SIM_HANDED_OVER));
	cr_expect(eq(sz, borrow(), 1));
}

Test(sim_ring, v3_full_ring_drops_and_counts_to_the_frame)
{
	unsigned stored;

	open_small(WT_SIM_TPACKET_V3);
	stored = fill_up(1500);
	cr_expect(eq(uint, stored, 4));
	for (int i = 0; i < 9; i++)
		cr_expect(eq(int, deliver(60), 0));
	expect_statistics(stored + 10, 10, 1);
}

Test(sim_ring, v3_freeze_is_counted_once_until_a_block_is_free)
{
	open_small(WT_SIM_TPACKET_V3);
	fill_up(1500);
	deliver(60);
	borrow();
	wt_ring_release_block(ring, &block);
	cr_expect(eq(int, deliver(1500), WT_SIM_STORED));
	deliver(1500);
	deliver(1500);
	expect_statistics(9, 3, 2);
}

/* As the kernel marks what it hands over. */
static bool is_losing(size_t offset)
{
	uint32_t status;

	memcpy(&status, block.start + offset, sizeof(status));
	return status & TP_STATUS_LOSING;
}

Test(sim_ring, v3_block_after_a_loss_says_so_until_somebody_asks)
{
	open_small(WT_SIM_TPACKET_V3);
	fill_up(1500);
	for (int i = 0; i < 2; i++) {
		borrow();
		cr_expect(not(is_losing(8)), "block %d was full before the loss", i);
		wt_ring_release_block(ring, &block);
	}
	deliver(60);
	wt_sim_ring_flush(sim);
	borrow();
	cr_expect(is_losing(8));
	expect_statistics(6, 1, 1);
	deliver(60);
	wt_sim_ring_flush(sim);
	borrow();
	cr_expect(not(is_losing(8)));
}

Test(sim_ring, v2_slot_is_handed_over_at_once)
{
	open_small(WT_SIM_TPACKET_V2);
	cr_expect(eq(int, deliver(60), WT_SIM_STORED | WT_SIM_HANDED_OVER));
	cr_expect(eq(sz, borrow(), 1));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 1000000), 0));
	cr_expect(eq(int, wt_sim_ring_flush(sim), 0));
}

Test(sim_ring, v2_full_ring_drops_and_counts_to_the_frame)
{
	open_small(WT_SIM_TPACKET_V2);
	cr_expect(eq(uint, fill_up(60), 8));
	deliver(60);
	expect_statistics(10, 2, 0);
	borrow();
	wt_ring_release_block(ring, &block);
	cr_expect(eq(uint, fill_up(60), 4));
	expect_statistics(5, 1, 0);
}

Test(sim_ring, v2_slot_after_a_loss_says_so_until_somebody_asks)
{
	open_small(WT_SIM_TPACKET_V2);
	fill_up(60);
	borrow();
	cr_expect(not(is_losing(0)));
	wt_ring_release_block(ring, &block);
	deliver(60);
	expect_statistics(10, 1, 0);
	deliver(60);
	borrow();
	wt_ring_release_block(ring, &block);
	cr_assert(eq(sz, borrow(), 2));
	cr_expect(is_losing(0));
	cr_expect(not(is_losing(block.bytes / block.frames)));
}

Test(sim_ring, statistics_are_reset_by_reading)
{
	open_small(WT_SIM_TPACKET_V3);
	deliver(60);
	expect_statistics(1, 0, 0);
	expect_statistics(0, 0, 0);
	deliver(60);
	expect_statistics(1, 0, 0);
}

static void expect_cut(enum wt_sim_layout layout)
{
	open_sim(&(struct wt_sim_config){.layout = layout, .snaplen = 100});
	deliver(1500);
	deliver(99);
	wt_sim_ring_flush(sim);
	cr_assert(eq(sz, borrow(), 2));
	cr_expect(eq(u32, frames[0].caplen, 100));
	cr_expect(eq(u32, frames[0].len, 1500));
	cr_expect(eq(u32, frames[1].caplen, 99));
	cr_expect(eq(u32, frames[1].len, 99));
}

Test(sim_ring, v3_snaplen_cuts)
{
	expect_cut(WT_SIM_TPACKET_V3);
}

Test(sim_ring, v2_snaplen_cuts)
{
	expect_cut(WT_SIM_TPACKET_V2);
}

Test(sim_ring, v2_frame_larger_than_its_slot_is_cut_to_it)
{
	open_small(WT_SIM_TPACKET_V2);
	deliver(1500);
	cr_assert(eq(sz, borrow(), 1));
	cr_expect(eq(u32, frames[0].caplen, 1024 - 66));
	cr_expect(eq(u32, frames[0].len, 1500));
}

Test(sim_ring, v3_frame_larger_than_its_block_is_cut_to_it)
{
	open_small(WT_SIM_TPACKET_V3);
	deliver(9000);
	wt_sim_ring_flush(sim);
	cr_assert(eq(sz, borrow(), 1));
	cr_expect(eq(u32, frames[0].caplen, PAGE - 48 - 82));
	cr_expect(eq(u32, frames[0].len, 9000));
	cr_expect(eq(int, memcmp(frames[0].data, payload, frames[0].caplen), 0));
}

static void expect_everything_kept(enum wt_sim_layout layout)
{
	struct wt_sim_frame frame = {.data = payload,
	                             .len = 60,
	                             .status = TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID |
	                                       TP_STATUS_TS_RAW_HARDWARE | TP_STATUS_CSUM_VALID,
	                             .stamp_ns = INT64_C(1700000000123456789),
	                             .vlan_tci = 0x0123,
	                             .vlan_tpid = 0x88a8,
	                             .packet_type = PACKET_MULTICAST};

	open_small(layout);
	wt_sim_ring_deliver(sim, &frame);
	wt_sim_ring_flush(sim);
	cr_assert(eq(sz, borrow(), 1));
	cr_expect(eq(i64, frames[0].stamp_ns, frame.stamp_ns));
	cr_expect(eq(u32, frames[0].caplen, 64));
	cr_expect(eq(u32, frames[0].len, 64));
	cr_expect(eq(int, frames[0].stamp_source, WT_STAMP_HARDWARE));
	cr_expect(eq(u32, frames[0].link_flags,
	             WT_LINK_INBOUND | WT_LINK_MULTICAST | WT_LINK_CSUM_VALID));
	cr_expect(eq(int, frames[0].vlan_tci, 0x0123));
	cr_expect(eq(int, memcmp(frames[0].data + 12, "\x88\xa8\x01\x23", 4), 0));
	cr_expect(eq(int, memcmp(frames[0].data + 16, payload + 12, 48), 0));
}

Test(sim_ring, v3_keeps_what_the_driver_said)
{
	expect_everything_kept(WT_SIM_TPACKET_V3);
}

Test(sim_ring, v2_keeps_what_the_driver_said)
{
	expect_everything_kept(WT_SIM_TPACKET_V2);
}

static void deliver_stamped(uint32_t bytes, uint32_t source)
{
	struct wt_sim_frame frame = {.data = payload, .len = bytes, .status = source};

	cr_assert(wt_sim_ring_deliver(sim, &frame) & WT_SIM_STORED);
}

static void expect_sums(size_t read, uint32_t fallback, uint32_t software, uint32_t hardware,
                        uint32_t cut)
{
	const struct wt_frame_sums *sums = &block.walk.sums;

	cr_assert(eq(sz, wt_ring_read_frames(ring, &block, frames, read), read));
	cr_expect(eq(u32, sums->by_source[WT_STAMP_FALLBACK], fallback));
	cr_expect(eq(u32, sums->by_source[WT_STAMP_SOFTWARE], software));
	cr_expect(eq(u32, sums->by_source[WT_STAMP_HARDWARE], hardware));
	cr_expect(eq(u32, sums->cut, cut));
}

/* Of one source, of one that needs no bit, of several; the last is cut to its slot or block. */
static void expect_summed_up(enum wt_sim_layout layout)
{
	open_sim(&(struct wt_sim_config){
	        .layout = layout, .block_bytes = 4 * PAGE, .block_count = 2, .slot_bytes = 1024});
	deliver_stamped(60, TP_STATUS_TS_SOFTWARE);
	deliver_stamped(60, TP_STATUS_TS_SOFTWARE);
	deliver_stamped(60, 0);
	deliver_stamped(60, TP_STATUS_TS_RAW_HARDWARE);
	deliver_stamped(60, TP_STATUS_TS_RAW_HARDWARE | TP_STATUS_TS_SOFTWARE);
	deliver_stamped(60, TP_STATUS_TS_SOFTWARE);
	wt_sim_ring_flush(sim);
	cr_assert(eq(int, wt_ring_next_block(ring, &block), 1));
	expect_sums(2, 0, 2, 0, 0);
	expect_sums(1, 1, 0, 0, 0);
	expect_sums(3, 0, 1, 2, 0);
	expect_sums(0, 0, 0, 0, 0);
	wt_ring_release_block(ring, &block);
	deliver_stamped(5 * PAGE, TP_STATUS_TS_SOFTWARE);
	wt_sim_ring_flush(sim);
	cr_assert(eq(int, wt_ring_next_block(ring, &block), 1));
	expect_sums(1, 0, 1, 0, 1);
}

Test(sim_ring, v3_frames_are_summed_up_as_they_are_read)
{
	expect_summed_up(WT_SIM_TPACKET_V3);
}

Test(sim_ring, v2_frames_are_summed_up_as_they_are_read)
{
	expect_summed_up(WT_SIM_TPACKET_V2);
}

/* The memory is the kernel's, byte for byte: offsets from linux/if_packet.h. */

static uint32_t word(size_t at)
{
	uint32_t value;

	memcpy(&value, wt_sim_ring_memory(sim)->base + at, sizeof(value));
	return value;
}

static uint16_t half(size_t at)
{
	uint16_t value;

	memcpy(&value, wt_sim_ring_memory(sim)->base + at, sizeof(value));
	return value;
}

Test(sim_ring, v3_memory_has_the_kernels_layout)
{
	open_small(WT_SIM_TPACKET_V3);
	deliver(61);
	deliver(100);
	wt_sim_ring_flush(sim);
	cr_expect(eq(u32, word(0), TPACKET_V3), "version");
	cr_expect(eq(u32, word(8), TP_STATUS_USER | TP_STATUS_BLK_TMO), "block_status");
	cr_expect(eq(u32, word(12), 2), "num_pkts");
	cr_expect(eq(u32, word(16), 48), "offset_to_first_pkt");
	cr_expect(eq(u32, word(20), 48 + 144 + 184), "blk_len");
	cr_expect(eq(u32, word(24), 1), "seq_num");
	cr_expect(eq(u32, word(32), 5), "ts_first_pkt seconds");
	cr_expect(eq(u32, word(44), 7), "ts_last_pkt nanoseconds");
	cr_expect(eq(u32, word(48 + 0), 144), "tp_next_offset");
	cr_expect(eq(u32, word(48 + 4), 5), "tp_sec");
	cr_expect(eq(u32, word(48 + 8), 7), "tp_nsec");
	cr_expect(eq(u32, word(48 + 12), 61), "tp_snaplen");
	cr_expect(eq(u32, word(48 + 16), 61), "tp_len");
	cr_expect(eq(int, half(48 + 24), 82), "tp_mac");
	cr_expect(eq(int, half(48 + 26), 96), "tp_net");
	cr_expect(eq(int, half(48 + 48), 17), "sll_family");
	cr_expect(eq(u32, word(48 + 144), 0), "tp_next_offset of the last");
	cr_expect(eq(int, memcmp(wt_sim_ring_memory(sim)->base + 48 + 82, payload, 61), 0));
}

Test(sim_ring, v2_memory_has_the_kernels_layout)
{
	open_small(WT_SIM_TPACKET_V2);
	deliver(61);
	cr_expect(eq(u32, word(0), TP_STATUS_USER), "tp_status");
	cr_expect(eq(u32, word(4), 61), "tp_len");
	cr_expect(eq(u32, word(8), 61), "tp_snaplen");
	cr_expect(eq(int, half(12), 66), "tp_mac");
	cr_expect(eq(int, half(14), 80), "tp_net");
	cr_expect(eq(u32, word(16), 5), "tp_sec");
	cr_expect(eq(u32, word(20), 7), "tp_nsec");
	cr_expect(eq(int, half(32), 17), "sll_family");
	cr_expect(eq(u32, word(1024), TP_STATUS_KERNEL), "tp_status of the next slot");
	cr_expect(eq(int, memcmp(wt_sim_ring_memory(sim)->base + 66, payload, 61), 0));
}

Test(sim_ring, reserve_leaves_room_before_the_frame)
{
	open_sim(&(struct wt_sim_config){.reserve_bytes = 32});
	deliver(60);
	wt_sim_ring_flush(sim);
	cr_expect(eq(int, half(48 + 24), 82 + 32));
	cr_expect(eq(sz, borrow(), 1));
}

Test(sim_ring, private_bytes_leave_room_before_the_first_frame)
{
	open_sim(&(struct wt_sim_config){.private_bytes = 29, .reserve_bytes = 2});
	deliver(61);
	deliver(60);
	wt_sim_ring_flush(sim);
	cr_expect(eq(u32, word(4), 48), "offset_to_priv");
	cr_expect(eq(u32, word(16), 48 + 32), "offset_to_first_pkt");
	cr_expect(eq(u32, word(20), 80 + 2 * 152 - 8), "blk_len");
	cr_expect(eq(int, half(80 + 24), 84), "tp_mac");
	cr_expect(eq(sz, borrow(), 2));
	cr_expect(eq(int, memcmp(frames[0].data, payload, 61), 0));
}

Test(sim_ring, v3_private_bytes_leave_less_for_the_largest_frame)
{
	open_sim(&(struct wt_sim_config){.block_bytes = PAGE, .private_bytes = 32});
	deliver(9000);
	wt_sim_ring_flush(sim);
	cr_assert(eq(sz, borrow(), 1));
	cr_expect(eq(u32, frames[0].caplen, PAGE - 80 - 82));
}

Test(sim_ring, v3_block_opened_again_gets_a_whole_new_header)
{
	uint8_t *base;

	open_sim(&(struct wt_sim_config){
	        .block_bytes = PAGE, .block_count = 1, .private_bytes = 32});
	deliver(60);
	wt_sim_ring_flush(sim);
	borrow();
	base = wt_sim_ring_memory(sim)->base;
	memset(base, 0xee, 8);
	memset(base + 12, 0xee, PAGE - 12);
	wt_ring_release_block(ring, &block);
	deliver(100);
	wt_sim_ring_flush(sim);
	cr_expect(eq(u32, word(0), TPACKET_V3), "version");
	cr_expect(eq(u32, word(4), 48), "offset_to_priv");
	cr_expect(eq(u32, word(12), 1), "num_pkts");
	cr_expect(eq(u32, word(16), 80), "offset_to_first_pkt");
	cr_expect(eq(u32, word(20), 80 + 184), "blk_len");
	cr_expect(eq(u32, word(24), 2), "seq_num");
	cr_expect(eq(u32, word(28), 0), "seq_num, high word");
	cr_expect(eq(u32, word(32), 5), "ts_first_pkt seconds");
	cr_expect(eq(u32, word(44), 7), "ts_last_pkt nanoseconds");
	cr_assert(eq(sz, borrow(), 1));
	cr_expect(eq(int, memcmp(frames[0].data, payload, 100), 0));
}

Test(sim_ring, memory_is_aligned_to_pages)
{
	open_sim(&(struct wt_sim_config){0});
	cr_expect(eq(sz, (uintptr_t)wt_sim_ring_memory(sim)->base % PAGE, 0));
}

Test(sim_ring, zero_is_the_documented_default)
{
	open_sim(&(struct wt_sim_config){0});
	cr_expect(eq(u32, wt_sim_ring_memory(sim)->block_bytes, 65536));
	cr_expect(eq(u32, wt_sim_ring_memory(sim)->block_count, 8));
	cr_expect(eq(u32, wt_sim_ring_memory(sim)->slot_bytes, 2048));
	deliver(60);
	cr_expect(eq(int, wt_sim_ring_tick(sim, 0), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 7999999), 0));
	cr_expect(eq(int, wt_sim_ring_tick(sim, 8000000), WT_SIM_HANDED_OVER));
}

Test(sim_ring, shapes_that_cannot_be_are_refused)
{
	static const struct wt_sim_config wrong[] = {
	        {.block_bytes = 4095},    {.slot_bytes = 1000},     {.slot_bytes = 16},
	        {.slot_bytes = 131072},   {.reserve_bytes = 40000}, {.retire_timeout_ns = -1},
	        {.private_bytes = 40000},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(eq(int, wt_sim_ring_create(&sim, &wrong[i]), -EINVAL), "case %zu", i);
	sim = NULL;
}

Test(sim_ring, v2_slots_do_not_cross_the_end_of_a_block)
{
	open_sim(&(struct wt_sim_config){.layout = WT_SIM_TPACKET_V2,
	                                 .block_bytes = PAGE,
	                                 .block_count = 2,
	                                 .slot_bytes = 1536});
	cr_expect(eq(uint, fill_up(60), 4));
	cr_expect(eq(sz, borrow(), 2));
	cr_expect(eq(sz, borrow(), 2));
	cr_expect(eq(ptr, block.start, wt_sim_ring_memory(sim)->base + PAGE));
}
