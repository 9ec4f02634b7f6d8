/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>

#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/ring/sim_ring.h>

#include "support/unit.h"

/* When a reader asks its producer, and where it puts what it hears, step by step. */

enum { BLOCKS = 2, BLOCK_BYTES = 4096, FRAME_BYTES = 60, MOST = 64 };

static uint8_t payload[FRAME_BYTES];
static struct wt_sim_ring *sim;
static struct wt_reader reader;
static unsigned asked;
static int refusal;
static unsigned late; /* drops of the next time, by a producer that goes on while it is asked */
static struct wt_block held[BLOCKS];
static struct wt_frame frames[MOST];
static struct wt_filter filter;

static int statistics(struct wt_reader *of, struct wt_ring_statistics *since)
{
	(void)of;
	asked++;
	if (refusal)
		return refusal;
	wt_sim_ring_statistics(sim, since);
	return 0;
}

static void set_up(void)
{
	static const struct wt_reader_ops ops = {.statistics = statistics};
	const struct wt_sim_config config = {
	        .block_bytes = BLOCK_BYTES, .block_count = BLOCKS, .retire_timeout_ns = 1000};

	cr_assert(eq(int, wt_sim_ring_create(&sim, &config), 0));
	reader = (struct wt_reader){.ops = &ops, .ring = wt_sim_ring_reader(sim)};
	reader.info.snaplen = 1000;
	asked = late = 0;
	refusal = 0;
}

static void tear_down(void)
{
	wt_filter_free(&filter);
	wt_sim_ring_destroy(sim);
}

TestSuite(reader, .init = set_up, .fini = tear_down);

static bool deliver(void)
{
	struct wt_sim_frame frame = {.data = payload, .len = FRAME_BYTES, .stamp_ns = 1000000007};

	return wt_sim_ring_deliver(sim, &frame) & WT_SIM_STORED;
}

/* How many were stored before. */
static unsigned deliver_and_drop(unsigned drops)
{
	unsigned stored = 0;

	while (deliver())
		stored++;
	while (--drops)
		deliver();
	return stored;
}

static void borrow(uint32_t which, uint64_t lost)
{
	cr_assert(eq(int, wt_reader_next_block(&reader, &held[which]), 1));
	cr_expect(eq(u64, held[which].lost_before, lost));
}

static void expect_total(uint64_t drops)
{
	struct wt_ring_statistics total;

	cr_assert(eq(int, wt_reader_count(&reader, &total), 0));
	cr_expect(eq(u64, total.drops, drops));
}

Test(reader, counts_add_up)
{
	struct wt_ring_statistics total;
	unsigned stored = deliver_and_drop(5);

	cr_assert(eq(int, wt_reader_count(&reader, &total), 0));
	cr_expect(eq(u64, total.drops, 5));
	cr_expect(eq(u64, total.freezes, 1));
	deliver();
	cr_assert(eq(int, wt_reader_count(&reader, &total), 0));
	cr_expect(eq(u64, total.drops, 6));
	borrow(0, 0);
	wt_reader_release_block(&reader, &held[0]);
	stored += deliver_and_drop(1);
	cr_assert(eq(int, wt_reader_count(&reader, &total), 0));
	cr_expect(eq(u64, total.drops, 7));
	cr_expect(eq(u64, total.freezes, 2));
	cr_expect(eq(u64, total.packets, 7 + stored));
}

Test(reader, counts_stay_where_the_producer_cannot_be_asked)
{
	struct wt_ring_statistics total = {0};

	deliver_and_drop(5);
	expect_total(5);
	refusal = -EIO;
	cr_expect(eq(int, wt_reader_count(&reader, &total), -EIO));
	cr_expect(eq(u64, total.drops, 5));
}

Test(reader, producer_with_room_is_not_asked)
{
	deliver();
	wt_sim_ring_flush(sim);
	borrow(0, 0);
	wt_reader_release_block(&reader, &held[0]);
	cr_expect(eq(uint, asked, 0));
}

Test(reader, producer_without_room_is_asked_before_it_gets_some_and_after)
{
	deliver_and_drop(5);
	borrow(0, 0);
	cr_expect(eq(uint, asked, 0));
	wt_reader_release_block(&reader, &held[0]);
	cr_expect(eq(uint, asked, 2));
	/* What it drops now was dropped after the block that it has got. */
	deliver_and_drop(3);
	borrow(0, 0);
	cr_expect(eq(uint, asked, 2));
	borrow(1, 5);
	wt_reader_release_block(&reader, &held[0]);
	deliver();
	wt_sim_ring_flush(sim);
	borrow(0, 3);
	expect_total(8);
}

/* A ring that becomes full while its reader looks. */
static const struct wt_ring_ops *real_ops;
static struct wt_ring_ops ops;

static void release_late(struct wt_ring *ring, struct wt_block *block)
{
	if (late)
		deliver_and_drop(late);
	late = 0;
	real_ops->release_block(ring, block);
}

Test(reader, producer_that_has_stopped_meanwhile_is_asked_after)
{
	real_ops = reader.ring->ops;
	ops = *real_ops;
	ops.release_block = release_late;
	reader.ring->ops = &ops;
	deliver();
	wt_sim_ring_flush(sim);
	borrow(0, 0);
	late = 4;
	wt_reader_release_block(&reader, &held[0]);
	cr_expect(eq(uint, asked, 1));
	deliver();
	wt_sim_ring_flush(sim);
	borrow(0, 0);
	borrow(1, 4);
	reader.ring->ops = real_ops;
}

/* One that reads by system call hears of drops with each frame. */
Test(reader, producer_of_a_ring_without_units_is_not_asked)
{
	real_ops = reader.ring->ops;
	ops = *real_ops;
	ops.is_filled = NULL;
	ops.is_losing = NULL;
	reader.ring->ops = &ops;
	deliver_and_drop(5);
	borrow(0, 0);
	wt_reader_release_block(&reader, &held[0]);
	cr_expect(eq(uint, asked, 0));
	expect_total(5);
	borrow(0, 0);
	deliver();
	wt_sim_ring_flush(sim);
	borrow(1, 0);
	reader.ring->ops = real_ops;
}

/* Such as one that drops while it closes a block. */
Test(reader, producer_is_asked_about_a_block_that_knows_of_drops)
{
	struct tpacket_block_desc *block = (void *)wt_sim_ring_memory(sim)->base;

	deliver();
	wt_sim_ring_flush(sim);
	block->hdr.bh1.block_status |= TP_STATUS_LOSING;
	borrow(0, 0);
	cr_expect(eq(uint, asked, 1));
}

Test(reader, filter_that_runs_here_counts_what_it_rejects)
{
	const struct wt_filter_config config = {
	        .expression = "ether[20] = 7", .link_type = 1, .snaplen = 1000};
	struct wt_error err;
	size_t count;

	cr_assert(eq(int, wt_filter_compile(&filter, &config, &err), 0), "%s", err.text);
	reader.info.in_place = true;
	reader.info.snaplen = 50;
	wt_reader_filter_here(&reader, &filter);
	cr_expect(eq(int, reader.info.in_place, 0));
	for (unsigned i = 0; i < 10; i++) {
		payload[20] = i % 5 == 3 ? 7 : 0;
		deliver();
	}
	wt_sim_ring_flush(sim);
	borrow(0, 0);
	/* What was there before does not count. */
	frames[5] = (struct wt_frame){.data = payload, .caplen = FRAME_BYTES, .len = FRAME_BYTES};
	payload[20] = 7;
	count = wt_ring_read_frames(reader.ring, &held[0], frames, 5);
	cr_assert(eq(sz, count, 1));
	cr_expect(eq(u32, held[0].rejected, 4));
	cr_expect(eq(u32, held[0].walk.sums.cut, 1), "not what the ring has summed up");
	cr_expect(eq(u32, held[0].walk.sums.by_source[frames[0].stamp_source], 1));
	cr_expect(eq(u32, frames[0].caplen, 50));
	cr_expect(eq(u32, frames[0].len, FRAME_BYTES));
	cr_assert(eq(sz, wt_ring_read_frames(reader.ring, &held[0], frames, MOST), 1));
	cr_expect(eq(u32, held[0].rejected, 8));
	cr_assert(eq(sz, wt_ring_read_frames(reader.ring, &held[0], frames, MOST), 0));
	wt_reader_release_block(&reader, &held[0]);
}

/* Whatever was rejected in between. */
Test(reader, drops_are_told_by_the_next_packet_that_the_filter_lets_through)
{
	const struct wt_filter_config config = {
	        .expression = "ether[20] = 7", .link_type = 1, .snaplen = 1000};
	struct wt_error err;

	cr_assert(eq(int, wt_filter_compile(&filter, &config, &err), 0), "%s", err.text);
	wt_reader_filter_here(&reader, &filter);
	payload[20] = 0;
	deliver_and_drop(6);
	for (unsigned i = 0; i < 2; i++) {
		borrow(0, 0);
		cr_expect(eq(sz, wt_ring_read_frames(reader.ring, &held[0], frames, MOST), 0));
		wt_reader_release_block(&reader, &held[0]);
	}
	deliver();
	wt_sim_ring_flush(sim);
	borrow(0, 6);
	cr_expect(eq(sz, wt_ring_read_frames(reader.ring, &held[0], frames, MOST), 0));
	cr_expect(eq(u64, wt_ring_drops_told(reader.ring), 0));
	wt_reader_release_block(&reader, &held[0]);
	payload[20] = 7;
	deliver();
	wt_sim_ring_flush(sim);
	borrow(0, 0);
	cr_expect(eq(sz, wt_ring_read_frames(reader.ring, &held[0], frames, MOST), 1));
	cr_expect(eq(u64, frames[0].dropped_before, 6));
	cr_expect(eq(u64, wt_ring_drops_told(reader.ring), 6));
}

Test(reader, only_so_many_degraded_states_are_kept)
{
	for (int i = 0; i < WT_READER_DEGRADED + 1; i++)
		wt_reader_degrade(&reader, "state %d", i);
	cr_expect(eq(int, strcmp(reader.info.degraded[0], "state 0"), 0));
	cr_expect(reader.info.degraded[WT_READER_DEGRADED] == NULL);
}

Test(reader, what_has_a_link_has_a_nic)
{
	static const struct wt_link link;

	cr_expect(eq(int, wt_reader_has_nic(&reader), 0));
	reader.info.link = &link;
	cr_expect(eq(int, wt_reader_has_nic(&reader), 1));
}
