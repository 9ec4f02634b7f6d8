/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/file_check.h"
#include "support/temp.h"
#include "support/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/capture/recorder/intake.h>
#include <wiretape/capture/recorder/tape_files.h>
#include <wiretape/feed/load/mold_template.h>
#include <wiretape/ring/sim_ring.h>

/* An intake by itself, step by step: rings that the test fills, and a disk that takes as much as
 * the test lets it. */

enum { RINGS = 2, BLOCK_BYTES = 65536, FRAME_BYTES_MOST = 1400 };

static struct wt_recorder_state state;
static struct wt_recorder_output output;
static struct wt_recorder_interface reports[RINGS];
static struct wt_tape_writer writer;
static struct wt_intake intake;
static struct wt_recorded recorded[RINGS];
static struct wt_intake_ring rings[RINGS];
static struct wt_ledger file_starts[RINGS];
static struct wt_reader readers[RINGS];
static struct wt_sim_ring *sims[RINGS];
static uint64_t delivered[RINGS], stored[RINGS];
static char folder[TEMP_BYTES], path[128];
static struct wt_error err;

static int open_file(void *context, const char *name, const struct wt_sink_config *config,
                     struct wt_sink **sink, struct wt_error *error)
{
	(void)context;
	(void)name;
	return wt_sink_file_open(sink, path, output.disk, WT_DIRECT_OFF, false, config, error);
}

static int count(struct wt_reader *reader, struct wt_ring_statistics *since)
{
	wt_sim_ring_statistics(sims[reader - readers], since);
	return 0;
}

static void open_ring(size_t i, uint32_t blocks)
{
	static const struct wt_reader_ops ops = {.statistics = count};
	const struct wt_stamp_converter_config clock = {0};
	const struct wt_sim_config config = {
	        .block_bytes = BLOCK_BYTES,
	        .block_count = blocks,
	        .reserve_bytes = WT_INPLACE_ETHERNET_RESERVE,
	        .private_bytes = WT_INPLACE_PRIVATE_BYTES,
	};

	cr_assert(eq(int, wt_sim_ring_create(&sims[i], &config), 0));
	readers[i] = (struct wt_reader){
	        .ops = &ops,
	        .info = {.name = "intake", .kind = WT_READER_SIM, .link_type = 1, .in_place = true},
	        .ring = wt_sim_ring_reader(sims[i]),
	        .fd = -1,
	};
	recorded[i] = (struct wt_recorded){.reader = &readers[i],
	                                   .ring = readers[i].ring,
	                                   .report = &reports[i],
	                                   .id = (uint32_t)i};
	reports[i] = (struct wt_recorder_interface){.reader = &readers[i].info};
	rings[i] = (struct wt_intake_ring){.recorded = &recorded[i]};
	cr_assert(eq(int,
	             wt_stamp_converter_open(&recorded[i].converter, &readers[i], &clock, &err),
	             0));
}

/* Rings of so many blocks each. */
static void open_lane(enum wt_placement layout, uint32_t blocks)
{
	static struct wt_reader_config interfaces[RINGS];

	memset(&state, 0, sizeof(state));
	memset(&writer, 0, sizeof(writer));
	memset(&intake, 0, sizeof(intake));
	memset(delivered, 0, sizeof(delivered));
	memset(stored, 0, sizeof(stored));
	for (size_t i = 0; i < RINGS; i++)
		open_ring(i, blocks);
	output = (struct wt_recorder_output){
	        .open = open_file, .disk = fault_disk_open(), .layout = layout};
	state.system = wt_kernel_system();
	state.reports = reports;
	state.output = &output;
	state.config.interfaces = interfaces;
	state.config.interface_count = RINGS;
	writer.state = intake.conversion.state = &state;
	writer.recorded = recorded;
	writer.file_starts = file_starts;
	intake.conversion.writer = &writer;
	intake.rings = rings;
	intake.ring_count = RINGS;
	cr_assert(eq(int, wt_buffer_pool_init(&writer.pool, WT_RECORDER_BUFFERS, RINGS), 0));
	cr_assert(eq(int, wt_held_blocks_init(&intake.conversion.held), 0));
	cr_assert(eq(int, wt_tape_files_begin(&writer, &err), 0), "%s", err.text);
}

static void set_up(void)
{
	temp_template_in_memory(folder, "intake");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/tape.pcapng", folder);
}

static void close_lane(void)
{
	wt_tape_files_abandon(&writer);
	for (size_t i = 0; i < RINGS; i++)
		wt_sim_ring_destroy(sims[i]);
	wt_held_blocks_fini(&intake.conversion.held);
	wt_buffer_pool_fini(&writer.pool);
	wt_disk_close(output.disk);
	unlink(path);
}

static void tear_down(void)
{
	rmdir(folder);
}

TestSuite(intake, .init = set_up, .fini = tear_down);

/* Frames of so many bytes, numbered from 1; those that find no room are dropped. */
static void deliver(size_t i, unsigned frames, uint32_t bytes)
{
	static uint8_t frame[FRAME_BYTES_MOST];
	const struct wt_mold_template_config template = {.frame_bytes = bytes};
	struct wt_sim_frame one = {.data = frame, .len = bytes};

	cr_assert(wt_mold_template_build(&template, frame, sizeof(frame), &err) > 0);
	for (unsigned j = 0; j < frames; j++) {
		wt_mold_template_set_sequence(frame, ++delivered[i]);
		one.stamp_ns = (int64_t)delivered[i];
		stored[i] += wt_sim_ring_deliver(sims[i], &one) & WT_SIM_STORED;
	}
}

static bool step(void)
{
	wt_tape_writer_reap(&writer);
	return wt_intake_serve(&intake);
}

/* What the file holds. */
static struct {
	uint64_t packets[RINGS], last[RINGS], dropped[RINGS];
	const char *wrong;
} found;

static void follow(void *context, const struct wt_pcapng_item *item)
{
	uint32_t id = item->packet.interface_id;
	uint64_t sequence = file_check_sequence(item), dropped = item->packet.frame.dropped_before;

	(void)context;
	if (sequence != found.last[id] + dropped + 1)
		found.wrong = "a packet is missing or doubled, and none says so";
	found.last[id] = sequence;
	found.packets[id]++;
	found.dropped[id] += dropped;
}

/* Write all that is left, and read it again. */
static void finish(void)
{
	struct file_check check = {.on_packet = follow};

	fault_disk_hold(output.disk, false);
	for (size_t i = 0; i < RINGS; i++)
		wt_sim_ring_flush(sims[i]);
	while (!wt_recorder_is_over(&state) &&
	       (step() || intake.conversion.recorded || !intake.found_empty))
		;
	wt_tape_files_settle(&writer);
	while (!wt_tape_files_advance(&writer))
		wt_tape_writer_reap(&writer);
	memset(&found, 0, sizeof(found));
	cr_expect(eq(int, file_check_path(&check, path), 0), "%s", check.why);
	cr_expect(found.wrong == NULL, "%s", found.wrong);
	for (size_t i = 0; i < RINGS; i++) {
		cr_expect(eq(u64, found.packets[i], stored[i]), "ring %zu", i);
		cr_expect(eq(u64, recorded[i].given, stored[i]), "ring %zu", i);
		cr_expect(eq(u64, reports[i].ledger.written, stored[i]), "ring %zu", i);
		cr_expect(eq(u64, recorded[i].drops_placed, found.dropped[i]), "ring %zu", i);
	}
}

/* A ring that a flood keeps full, and one that gets a small frame in a block of its own, now and
 * then; the disk takes a write in a while. */
static void starve(size_t flooded, size_t quiet)
{
	enum { TURNS = 3000 };

	/* More blocks than come while the disk works off what it has in hand. */
	open_lane(WT_PLACEMENT_AUTO, 128);
	fault_disk_hold(output.disk, true);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		deliver(flooded, 60, FRAME_BYTES_MOST);
		deliver(quiet, 1, 200);
		wt_sim_ring_flush(sims[quiet]);
		if (turn % 4 == 0)
			fault_disk_let_end(output.disk, 1);
		step();
	}
	finish();
	cr_expect(eq(u64, stored[quiet], TURNS), "%" PRIu64 " of %d", stored[quiet], TURNS);
	cr_expect(lt(u64, stored[flooded], delivered[flooded]));
	cr_expect(gt(u64, stored[flooded], 0));
	close_lane();
}

Test(intake, a_flooded_ring_starves_no_quiet_one_before_it)
{
	starve(1, 0);
}

Test(intake, a_flooded_ring_starves_no_quiet_one_after_it)
{
	starve(0, 1);
}

static const enum wt_placement layouts[] = {WT_PLACEMENT_INPLACE, WT_PLACEMENT_COMPACT,
                                            WT_PLACEMENT_AUTO};
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

/* The disk stops anywhere, and takes one request at a time after that. */
Test(intake, no_room_anywhere_loses_and_doubles_nothing)
{
	for (int i = 0; i < LAYOUTS; i++)
		for (uint32_t bytes = 60; bytes <= FRAME_BYTES_MOST; bytes += 67) {
			open_lane(layouts[i], 64);
			fault_disk_hold(output.disk, true);
			for (unsigned turn = 0; turn < 100; turn++) {
				deliver(0, 100, bytes);
				deliver(1, 20, FRAME_BYTES_MOST);
				step();
				if (turn > 50)
					fault_disk_let_end(output.disk, 1);
			}
			finish();
			close_lane();
		}
}

/* Fill a ring's blocks, so many of them, one frame of 1400 bytes after the other. */
static void fill_blocks(size_t i, unsigned blocks)
{
	uint64_t until = wt_ring_handed_over(recorded[i].ring) + blocks;

	while (wt_ring_handed_over(recorded[i].ring) < until)
		deliver(i, 1, FRAME_BYTES_MOST);
}

static void end_lane(void)
{
	finish();
	close_lane();
}

/* While the disk takes nothing it has room for some blocks. */
Test(intake, the_fullest_ring_comes_first)
{
	for (size_t full = 0; full < RINGS; full++) {
		open_lane(WT_PLACEMENT_INPLACE, 32);
		fault_disk_hold(output.disk, true);
		fill_blocks(full, 30);
		fill_blocks(1 - full, 7);
		step();
		cr_expect(gt(u64, recorded[full].read, 0), "%zu", full);
		cr_expect(eq(u64, recorded[1 - full].read, 0), "%zu", full);
		end_lane();
	}
}

static void expect_about_the_same(void)
{
	const uint64_t a_block = BLOCK_BYTES / FRAME_BYTES_MOST;
	uint64_t one = recorded[0].read, other = recorded[1].read;

	cr_expect(one <= other + a_block && other <= one + a_block, "%" PRIu64 " and %" PRIu64, one,
	          other);
}

Test(intake, rings_that_are_as_full_take_turns)
{
	open_lane(WT_PLACEMENT_INPLACE, 32);
	fault_disk_hold(output.disk, true);
	fill_blocks(0, 30);
	fill_blocks(1, 30);
	step();
	cr_expect(gt(u64, recorded[0].read, 2 * BLOCK_BYTES / FRAME_BYTES_MOST));
	expect_about_the_same();
	end_lane();
}

Test(intake, a_ring_that_had_nothing_for_long_has_saved_up_nothing)
{
	uint64_t before;

	open_lane(WT_PLACEMENT_INPLACE, 32);
	for (unsigned turn = 0; turn < 20; turn++) {
		fill_blocks(0, 4);
		while (step())
			;
	}
	while (!wt_tape_is_idle(writer.file->tape))
		wt_tape_writer_reap(&writer);
	fault_disk_hold(output.disk, true);
	before = recorded[0].read;
	fill_blocks(0, 30);
	fill_blocks(1, 30);
	step();
	recorded[0].read -= before;
	expect_about_the_same();
	recorded[0].read += before;
	end_lane();
}

Test(intake, it_looks_up_between_many_frames)
{
	enum { FRAMES = 40000, AT_LEAST = 16384 };
	unsigned steps = 1;

	open_lane(WT_PLACEMENT_COMPACT, 128);
	deliver(0, FRAMES, 60);
	wt_sim_ring_flush(sims[0]);
	cr_expect(step());
	cr_expect(ge(u64, recorded[0].read, AT_LEAST));
	cr_expect(lt(u64, recorded[0].read, AT_LEAST + 1000));
	cr_expect(not(intake.found_empty));
	while (step())
		steps++;
	cr_expect(eq(uint, steps, 2));
	cr_expect(intake.found_empty);
	end_lane();
}

/* But not once the recording is to end. */
Test(intake, it_looks_up_to_end)
{
	open_lane(WT_PLACEMENT_COMPACT, 128);
	deliver(0, 40000, 60);
	wt_recorder_end_with(&state, WT_END_ASKED, 0);
	cr_expect(not(step()));
	cr_expect(gt(u64, recorded[0].read, 0));
	end_lane();
}

static int refuse(struct wt_ring *ring, struct wt_block *block)
{
	(void)ring;
	(void)block;
	return -ENETDOWN;
}

Test(intake, a_ring_that_fails_is_to_be_looked_at_and_the_other_goes_on)
{
	const struct wt_ring_ops *real_ops;
	struct wt_ring_ops ops;

	open_lane(WT_PLACEMENT_AUTO, 32);
	real_ops = recorded[0].ring->ops;
	ops = *real_ops;
	ops.next_block = refuse;
	recorded[0].ring->ops = &ops;
	deliver(1, 10, 100);
	wt_sim_ring_flush(sims[1]);
	step();
	cr_expect(recorded[0].troubled);
	cr_expect(not(recorded[1].troubled));
	cr_expect(eq(u64, recorded[1].read, 10));
	recorded[0].ring->ops = real_ops;
	end_lane();
}

/* After the writer has failed: for the sake of feeds, without which they are only given back. */
Test(intake, what_will_not_be_in_the_file_is_taken_out_of_all_rings)
{
	struct wt_block block;

	open_lane(WT_PLACEMENT_AUTO, 32);
	fault_disk_hold(output.disk, true);
	for (size_t i = 0; i < RINGS; i++) {
		fill_blocks(i, 30);
		wt_recorded_take_statistics(&recorded[i]);
	}
	wt_recorder_writer_failed(&state, -EIO);
	wt_intake_drop(&intake);
	intake.found_empty = false;
	wt_intake_follow(&intake);
	cr_expect(intake.found_empty);
	for (size_t i = 0; i < RINGS; i++) {
		cr_expect(eq(int, wt_ring_next_block(recorded[i].ring, &block), 0), "ring %zu", i);
		cr_expect(gt(u64, wt_recorded_waiting(&recorded[i]), 0), "ring %zu", i);
	}
	fault_disk_hold(output.disk, false);
	close_lane();
}

/* The limit is behind the first packets of a block. */
static void keep_limit(enum wt_placement layout, uint64_t packets)
{
	open_lane(layout, 32);
	state.config.max_packets = packets;
	deliver(0, 300, 1000);
	wt_sim_ring_flush(sims[0]);
	step();
	cr_expect(state.ending);
	cr_expect(eq(int, (int)state.end, WT_END_PACKETS));
	cr_expect(eq(u64, recorded[0].given, packets));
	cr_expect(intake.conversion.recorded == NULL);
	stored[0] = packets;
	end_lane();
}

Test(intake, a_limit_of_packets_is_met_to_the_packet)
{
	for (int i = 0; i < LAYOUTS; i++)
		for (uint64_t packets = 1; packets < 300; packets += 21)
			keep_limit(layouts[i], packets);
}

/* Nothing is borrowed that could not be taken: the producer has all the room there is. */
Test(intake, without_room_no_block_is_borrowed)
{
	struct wt_block block;
	unsigned writes;

	open_lane(WT_PLACEMENT_INPLACE, 64);
	fault_disk_hold(output.disk, true);
	for (unsigned turn = 0; turn < 64; turn++) {
		deliver(0, 60, FRAME_BYTES_MOST);
		step();
	}
	writes = fault_disk_counts(output.disk).writes;
	cr_expect(not(step()));
	cr_expect(not(intake.found_empty));
	cr_expect(intake.conversion.recorded == NULL);
	cr_expect(eq(uint, fault_disk_counts(output.disk).writes, writes));
	cr_expect(gt(int, wt_ring_next_block(recorded[0].ring, &block), 0));
	fault_disk_hold(output.disk, false);
	wt_tape_files_settle(&writer);
	while (!wt_tape_files_advance(&writer))
		wt_tape_writer_reap(&writer);
	close_lane();
}

static const struct wt_ring_ops *real_ring;
static uint64_t claimed;

static int next_broken_block(struct wt_ring *ring, struct wt_block *block)
{
	int rc = real_ring->next_block(ring, block);

	block->frames = claimed;
	block->walk.fault = WT_WALK_HEADER_OUTSIDE;
	return rc;
}

static size_t read_nothing(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                           size_t max)
{
	(void)ring;
	(void)block;
	(void)frames;
	(void)max;
	return 0;
}

/* Nothing of the block can be read, though it says that it holds so many. */
static void read_broken_block(uint64_t frames, uint64_t lost)
{
	struct wt_ring_ops ops;

	open_lane(WT_PLACEMENT_AUTO, 32);
	real_ring = recorded[0].ring->ops;
	ops = *real_ring;
	ops.next_block = next_broken_block;
	ops.read_frames = read_nothing;
	recorded[0].ring->ops = &ops;
	claimed = frames;
	deliver(0, 10, 100);
	wt_sim_ring_flush(sims[0]);
	step();
	cr_expect(eq(u64, reports[0].ledger.lost.malformed, lost));
	cr_expect(eq(u64, recorded[0].read, 0));
	cr_expect(eq(sz, state.degraded_count, 1));
	cr_expect(intake.conversion.recorded == NULL);
	recorded[0].ring->ops = real_ring;
	close_lane();
}

Test(intake, what_a_broken_block_should_hold_is_lost)
{
	read_broken_block(10, 10);
}

Test(intake, a_broken_block_holds_no_more_than_has_room)
{
	read_broken_block(UINT32_MAX, BLOCK_BYTES / 68);
}
