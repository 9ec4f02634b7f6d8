/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/recording.h"
#include "support/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/capture/recorder/recorder_run.h>

/* The whole recorder over a disk that fails, is late, or does things in another order. */

static struct recording recording;

static void set_up(void)
{
	recording_init(&recording, RECORDING_ON_DISK);
	recording.disk = fault_disk_open();
	cr_assert(recording.disk != NULL);
}

static void tear_down(void)
{
	recording_fini(&recording);
}

TestSuite(recorder_disk, .init = set_up, .fini = tear_down);

static void again(void)
{
	tear_down();
	set_up();
}

static const enum wt_placement layouts[] = {WT_PLACEMENT_INPLACE, WT_PLACEMENT_COMPACT,
                                            WT_PLACEMENT_AUTO};
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static void expect_good(const char *what, unsigned number)
{
	const char *wrong = recording_judge(&recording);

	cr_expect(wrong == NULL, "layout %d, %s %u: %s", (int)recording.output.layout, what, number,
	          wrong);
}

/* Two interfaces, of blocks and of slots: some hundred kilobytes of file. */
static void add_two(enum wt_placement layout)
{
	recording_add(&recording, "sim:count=700,pps=max,size=600", 1 << 20);
	recording_add(&recording, "sim:count=700,pps=max,size=100,layout=v2", 1 << 20);
	recording.output.layout = layout;
}

static unsigned count_writes(enum wt_placement layout)
{
	unsigned writes;

	add_two(layout);
	cr_assert(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
	expect_good("without a fault", 0);
	cr_expect(eq(u64, recording.report.total.written, 1400));
	writes = fault_disk_counts(recording.disk).writes;
	again();
	return writes;
}

static void fail_each_write(int error, bool from)
{
	for (int i = 0; i < LAYOUTS; i++) {
		unsigned writes = count_writes(layouts[i]);

		for (unsigned nth = 1; nth <= writes; nth++, again()) {
			add_two(layouts[i]);
			if (from)
				fault_disk_fail_from(recording.disk, nth, error);
			else
				fault_disk_fail_write(recording.disk, nth, error);
			recording_run(&recording);
			/* Small blocks that time out make the number of writes vary. */
			if (fault_disk_counts(recording.disk).writes >= nth)
				cr_expect(eq(int, recording.result, error), "write %u", nth);
			expect_good("failing write", nth);
		}
	}
}

Test(recorder_disk, full_disk_costs_what_had_not_landed)
{
	fail_each_write(-ENOSPC, false);
}

Test(recorder_disk, disk_that_stays_full_has_no_closing_blocks)
{
	fail_each_write(-ENOSPC, true);
}

Test(recorder_disk, broken_disk_is_told_and_what_landed_is_kept)
{
	fail_each_write(-EIO, false);
}

Test(recorder_disk, interrupted_write_that_the_disk_gave_up_is_a_failed_one)
{
	fail_each_write(-EINTR, false);
	fail_each_write(-EAGAIN, false);
}

static void write_short(enum wt_placement layout, enum wt_direct direct, size_t bytes)
{
	for (unsigned nth = 1; nth <= 4; nth++, again()) {
		add_two(layout);
		recording.direct = direct;
		fault_disk_short_write(recording.disk, nth, bytes);
		recording_run(&recording);
		expect_good("short write", nth);
		if (bytes)
			cr_expect(eq(int, recording.result, 0), "%s", recording.err.text);
		else if (fault_disk_counts(recording.disk).writes >= nth)
			cr_expect(eq(int, recording.result, -EIO));
	}
}

Test(recorder_disk, short_write_is_carried_on)
{
	static const size_t lengths[] = {0, 1, 512, 4096, 4100, 5000, 8192};

	for (int i = 0; i < LAYOUTS; i++) {
		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			write_short(layouts[i], WT_DIRECT_OFF, lengths[j]);
			/* The fault disk writes what direct I/O takes, no less. */
			if (lengths[j] % 512 == 0)
				write_short(layouts[i], WT_DIRECT_AUTO, lengths[j]);
		}
	}
}

Test(recorder_disk, writes_that_stay_short_are_carried_on_or_given_up)
{
	for (int i = 0; i < LAYOUTS; i++) {
		add_two(layouts[i]);
		fault_disk_short_from(recording.disk, 2, 4096);
		cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
		expect_good("4096 bytes at a time", 0);
		again();
		add_two(layouts[i]);
		recording.direct = WT_DIRECT_OFF;
		fault_disk_short_from(recording.disk, 2, 3000);
		cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
		expect_good("3000 bytes at a time", 0);
		again();
		add_two(layouts[i]);
		fault_disk_short_from(recording.disk, 2, 512);
		recording_run(&recording);
		expect_good("less than a granule", 0);
		again();
	}
}

Test(recorder_disk, order_in_which_writes_end_changes_nothing)
{
	for (uint32_t seed = 1; seed <= 40; seed++, again()) {
		recording_add(&recording, "sim:count=4000,pps=max,size=600", 1 << 23);
		recording_add(&recording, "sim:count=4000,pps=max,size=60", 1 << 23);
		recording.output.layout = layouts[seed % LAYOUTS];
		fault_disk_shuffle(recording.disk, seed);
		cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
		expect_good("seed", seed);
		cr_expect(eq(u64, recording.report.total.written, 8000), "seed %u", seed);
	}
}

Test(recorder_disk, failure_in_any_order_keeps_the_prefix)
{
	for (uint32_t seed = 1; seed <= 60; seed++, again()) {
		recording_add(&recording, "sim:count=4000,pps=max,size=600", 1 << 20);
		recording_add(&recording, "sim:count=4000,pps=max,size=60,layout=v2", 1 << 20);
		recording.output.layout = layouts[seed % LAYOUTS];
		fault_disk_shuffle(recording.disk, seed);
		fault_disk_fail_write(recording.disk, 2 + seed % 20, -EIO);
		recording_run(&recording);
		expect_good("seed", seed);
	}
}

Test(recorder_disk, blocks_come_back_whatever_becomes_of_them)
{
	/* Many times round a small ring. */
	for (int i = 0; i < LAYOUTS; i++, again()) {
		recording_add(&recording, "sim:count=20000,pps=100000,size=1400", 1 << 18);
		recording.output.layout = layouts[i];
		fault_disk_shuffle(recording.disk, 7);
		cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
		expect_good("ring", 0);
		cr_expect(eq(u64, recording.report.total.seen, 20000));
		cr_expect(recording.report.total.written > 500, "%" PRIu64,
		          recording.report.total.written);
	}
}

Test(recorder_disk, header_that_cannot_be_written_leaves_no_file)
{
	add_two(WT_PLACEMENT_AUTO);
	fault_disk_fail_write(recording.disk, 1, -EIO);
	cr_expect(eq(int, recording_run(&recording), -EIO));
	cr_expect(strstr(recording.err.text, "header") != NULL, "%s", recording.err.text);
	cr_expect(eq(int, access(recording.path, F_OK), -1));
	cr_expect(eq(u64, recording.report.total.seen, 0));
}

Test(recorder_disk, closing_blocks_that_fail_cost_no_packet)
{
	for (int i = 0; i < LAYOUTS; i++) {
		unsigned writes = count_writes(layouts[i]);

		add_two(layouts[i]);
		fault_disk_fail_from(recording.disk, writes, -ENOSPC);
		recording_run(&recording);
		expect_good("closing", writes);
		if (fault_disk_counts(recording.disk).writes == writes)
			cr_expect(eq(u64, recording.report.total.written, 1400));
		again();
	}
}

Test(recorder_disk, sync_that_fails_ends_the_recording_and_costs_nothing_that_landed)
{
	recording_add(&recording, "sim:pps=100000,size=600", 1 << 22);
	recording.output.sync = WT_SYNC_INTERVAL;
	recording.output.sync_every_ns = 10000000;
	fault_disk_fail_sync(recording.disk, -EIO);
	cr_expect(eq(int, recording_run(&recording), -EIO));
	cr_expect(eq(int, (int)recording.report.end, WT_END_WRITER));
	expect_good("sync", 0);
}

Test(recorder_disk, sync_is_not_late_where_there_is_little_to_do)
{
	recording_add(&recording, "sim:pps=1", 1 << 22);
	recording.output.sync = WT_SYNC_INTERVAL;
	recording.output.sync_every_ns = 20000000;
	recording.config.max_duration_ns = 400000000;
	cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
	expect_good("idle", 0);
	cr_expect(fault_disk_counts(recording.disk).syncs >= 5, "%u",
	          fault_disk_counts(recording.disk).syncs);
}

/* Stalls. */

static struct {
	bool held;
	bool to_the_end; /* until the source has delivered everything */
	unsigned warnings;
	uint64_t lost_at_warning;
	pthread_t releaser;
	bool has_releaser;
} stall;

static void hold_at_progress(void *context, const struct wt_recorder_report *report,
                             bool report_requested)
{
	(void)context;
	(void)report_requested;
	if (stall.held || !report->total.written)
		return;
	stall.held = true;
	fault_disk_hold(recording.disk, true);
}

/* The recording thread may be waiting for the disk: somebody else has to look. */
static void *release_at_the_end(void *argument)
{
	const struct wt_recorder *recorder = argument;

	while (wt_reader_health(recorder->recorded[0].reader) != -ENODATA)
		poll(NULL, 0, 1);
	fault_disk_hold(recording.disk, false);
	return NULL;
}

static void on_event(void *context, const char *text)
{
	struct wt_recorder_report report;

	(void)context;
	if (!strstr(text, "full (at most"))
		return;
	wt_recorder_report(recording.recorder, &report);
	if (!stall.warnings++)
		stall.lost_at_warning = report.total.lost.ring;
	if (stall.to_the_end && !stall.has_releaser) {
		stall.has_releaser = !pthread_create(&stall.releaser, NULL, release_at_the_end,
		                                     recording.recorder);
		cr_assert(stall.has_releaser);
	} else if (!stall.to_the_end) {
		fault_disk_hold(recording.disk, false);
	}
}

/* A ring for about a second of traffic, of which the disk does not take any. */
static void record_a_stall(const char *interface, enum wt_placement layout, bool to_the_end)
{
	recording_add(&recording, interface, 48 << 20);
	recording.output.layout = layout;
	recording.config.progress_every_ns = 20000000;
	recording.config.on_progress = hold_at_progress;
	recording.config.on_event = on_event;
	memset(&stall, 0, sizeof(stall));
	stall.to_the_end = to_the_end;
	cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
	if (stall.has_releaser)
		pthread_join(stall.releaser, NULL);
	expect_good("stall", 0);
	cr_expect(stall.held);
	cr_expect(stall.warnings >= 1);
	cr_expect(eq(u64, stall.lost_at_warning, 0), "the warning came too late");
}

static void expect_nothing_lost(enum wt_placement layout)
{
	record_a_stall("sim:count=240000,pps=100000,size=200", layout, false);
	cr_expect(eq(u64, recording.report.total.written, 240000));
	cr_expect(recording.report.writes.longest_ns > 300000000, "%" PRId64,
	          recording.report.writes.longest_ns);
	cr_expect(recording.report.high_water_pct >= 75);
}

Test(recorder_disk, stall_that_the_ring_outlasts_loses_nothing_in_place)
{
	expect_nothing_lost(WT_PLACEMENT_INPLACE);
}

Test(recorder_disk, stall_that_the_ring_outlasts_loses_nothing_compactly)
{
	expect_nothing_lost(WT_PLACEMENT_COMPACT);
}

static void expect_ring_losses(const char *interface, enum wt_placement layout)
{
	record_a_stall(interface, layout, true);
	cr_expect(eq(u64, recording.report.total.seen, 360000));
	cr_expect(recording.report.total.lost.ring > 0);
	cr_expect(eq(u64, recording.report.total.lost.writer, 0));
	cr_expect(recording.report.writes.slow > 0);
	cr_expect(recording.report.writes.longest_ns > 1000000000);
	cr_expect(eq(u64, file_check_ledger(&recording.check, 0, "lost.ring"),
	             recording.report.total.lost.ring));
	cr_expect(eq(u64, file_check_ledger(&recording.check, 0, "writes.slow"),
	             recording.report.writes.slow));
}

Test(recorder_disk, stall_that_outlasts_the_ring_is_the_rings_loss_in_place)
{
	expect_ring_losses("sim:count=360000,pps=200000,size=200", WT_PLACEMENT_INPLACE);
}

Test(recorder_disk, stall_that_outlasts_the_ring_is_the_rings_loss_compactly)
{
	expect_ring_losses("sim:count=360000,pps=200000,size=200", WT_PLACEMENT_COMPACT);
}

Test(recorder_disk, stall_that_outlasts_the_slots_is_the_rings_loss)
{
	expect_ring_losses("sim:count=360000,pps=200000,size=200,layout=v2", WT_PLACEMENT_AUTO);
}
