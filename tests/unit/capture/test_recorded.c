/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/intake_held.h>
#include <wiretape/capture/recorder/recorded.h>

#include <errno.h>

#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/ring/sim_ring.h>

#include "support/unit.h"

enum { BLOCKS = 4, BLOCK_BYTES = 4096, FRAME_BYTES = 3000 };

static struct wt_sim_ring *sim;
static struct wt_reader reader;
static struct wt_recorder_interface report;
static struct wt_recorded recorded;
static struct wt_ring_statistics counted;
static struct wt_link nic;
static int link_error;
static struct wt_held_blocks pool;

static int statistics(struct wt_reader *of, struct wt_ring_statistics *since)
{
	(void)of;
	*since = counted;
	counted = (struct wt_ring_statistics){0};
	return 0;
}

static int read_link(const struct wt_reader *of, struct wt_link *link)
{
	(void)of;
	*link = nic;
	return link_error;
}

static void set_up(void)
{
	static const struct wt_reader_ops ops = {.statistics = statistics, .link = read_link};
	const struct wt_sim_config config = {
	        .block_bytes = BLOCK_BYTES, .block_count = BLOCKS, .retire_timeout_ns = 1000};

	cr_assert(zero(int, wt_sim_ring_create(&sim, &config)));
	reader = (struct wt_reader){.ops = &ops, .ring = wt_sim_ring_reader(sim)};
	reader.info.snaplen = 65536;
	recorded = (struct wt_recorded){.reader = &reader, .ring = reader.ring, .report = &report};
	cr_assert(zero(int, wt_held_blocks_init(&pool)));
}

static void tear_down(void)
{
	wt_held_blocks_fini(&pool);
	wt_sim_ring_destroy(sim);
}

TestSuite(recorded, .init = set_up, .fini = tear_down);

Test(recorded, what_the_producer_counts_is_in_the_ledger)
{
	counted = (struct wt_ring_statistics){.packets = 100, .drops = 7, .freezes = 2};
	recorded.rejected = 10;
	wt_recorded_take_statistics(&recorded);
	cr_expect(eq(u64, recorded.packets, 100));
	cr_expect(eq(u64, recorded.drops, 7));
	cr_expect(eq(u64, report.ledger.freezes, 2));
	cr_expect(eq(u64, report.ledger.waiting, 83));
	cr_expect(eq(u64, report.ledger.lost.ring, 7));
	counted = (struct wt_ring_statistics){.packets = 5, .drops = 1};
	wt_recorded_take_statistics(&recorded);
	cr_expect(eq(u64, report.ledger.waiting, 87));
	cr_expect(eq(u64, report.ledger.lost.ring, 8));
}

Test(recorded, what_nobody_has_taken_out_waits)
{
	recorded.packets = 100;
	recorded.drops = 10;
	cr_expect(eq(u64, wt_recorded_waiting(&recorded), 90));
	recorded.read = 40;
	recorded.rejected = 20;
	recorded.followed = 5;
	report.ledger.lost.malformed = 1;
	cr_expect(eq(u64, wt_recorded_waiting(&recorded), 24));
	recorded.read = 64;
	cr_expect(zero(u64, wt_recorded_waiting(&recorded)));
	/* The counts are those of a moment ago. */
	recorded.read = 70;
	cr_expect(zero(u64, wt_recorded_waiting(&recorded)));
}

static void deliver(unsigned count)
{
	static const uint8_t bytes[FRAME_BYTES];
	const struct wt_sim_frame frame = {.data = bytes, .len = FRAME_BYTES, .stamp_ns = 1};

	while (count--)
		wt_sim_ring_deliver(sim, &frame);
}

/* A block has room for one frame, and is the producer's until the next one comes. */
Test(recorded, ring_is_as_full_as_the_producer_has_no_room)
{
	cr_expect(eq(dbl, wt_recorded_fill_pct(&recorded), 0));
	deliver(2);
	cr_expect(eq(dbl, wt_recorded_fill_pct(&recorded), 25));
	deliver(3);
	cr_expect(eq(dbl, wt_recorded_fill_pct(&recorded), 100));
}

Test(recorded, nic_is_looked_at_if_there_is_one)
{
	nic.counters.rx_packets = 10;
	recorded.nic_base.rx_packets = 5;
	cr_expect(eq(int, wt_recorded_read_nic(&recorded), false));
	report.has_nic = true;
	link_error = -ENODEV;
	cr_expect(eq(int, wt_recorded_read_nic(&recorded), false));
	cr_expect(zero(u64, report.nic_now.rx_packets));
	link_error = 0;
	cr_expect(wt_recorded_read_nic(&recorded));
	cr_expect(eq(u64, report.nic_now.rx_packets, 15));
}

static struct wt_held_block *take(void)
{
	struct wt_block block;

	cr_assert(eq(int, wt_reader_next_block(&reader, &block), 1));
	return wt_held_block_take(&pool, &recorded, &block);
}

static void end_write(struct wt_held_block *held)
{
	held->write.owner->release(&held->write);
}

static void retire(struct wt_held_block *held)
{
	held->write.owner->retire(&held->write);
}

static double fill_pct(void)
{
	return wt_recorded_fill_pct(&recorded);
}

Test(recorded, block_is_given_back_when_nobody_needs_it)
{
	struct wt_held_block *held;

	deliver(2);
	held = take();
	cr_expect(eq(dbl, fill_pct(), 25));
	end_write(held);
	cr_expect(eq(dbl, fill_pct(), 25), "the loop over its frames needs it");
	wt_held_block_unpin(held);
	cr_expect(eq(dbl, fill_pct(), 0));
}

Test(recorded, record_of_a_block_is_free_when_its_write_has_landed_and_the_block_is_given_back)
{
	struct wt_held_block *const first = pool.free, *held;

	deliver(3);
	held = take();
	cr_expect(held == first);
	end_write(held);
	wt_held_block_unpin(held);
	cr_expect(pool.free != held, "its write has not landed");
	retire(held);
	cr_expect(pool.free == held);
	held = take();
	cr_expect(held == first);
	end_write(held);
	retire(held);
	cr_expect(pool.free != held, "the loop over its frames needs it");
	wt_held_block_unpin(held);
	cr_expect(pool.free == held);
}

Test(recorded, there_are_as_many_records_as_two_tapes_have_writes)
{
	size_t count = 0;

	for (const struct wt_held_block *i = pool.free; i; i = i->next_free)
		count++;
	cr_expect(eq(sz, count, WT_HELD_BLOCKS));
}
