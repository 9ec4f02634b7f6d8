/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/recording.h"
#include "support/unit.h"
#include "support/virtual_time.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>

#include <wiretape/capture/join/join.h>
#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/capture/recorder/recorder_run.h>

/* What is due by time, in a time of its own: hours pass in a moment. */

static const int64_t s_ns = 1000000000, start_ns = 5000 * s_ns;
static const int64_t start_utc_ns = 1790000000 * s_ns + 300000000;

static struct recording recording;
static struct virtual_time virtual;
static struct wt_reader_ops ops, real_ops;

enum { TIMES = 64 };
struct times {
	unsigned count;
	int64_t at[TIMES];
};
static struct {
	struct times progress, asked_for, stopped, counted, silences, joins;
	struct wt_ring_statistics phantoms; /* that the producer counts, and nobody gets */
	int64_t hold_ns, release_ns;        /* when the disk stalls, and goes on; 0: it does not */
	int64_t request_ns, stop_ns;        /* 0: never */
	int64_t slow_ns;                    /* the first call of on_progress takes as long */
	int64_t gone_ns, back_ns;           /* when the interface goes and comes; 0: never */
	int64_t deadline_ns;                /* of the stop; 0: none */
	bool held, holds, goes_for_good;
	bool floods;                     /* the ring is not empty whenever somebody waits */
	unsigned gathers, wrong_gathers; /* waits for others than the ring and the disk */
	unsigned warnings, warnings_held, waits;
	size_t interface;                   /* whose reader tells what is asked of it */
	double fullest_pct, high_water_pct; /* of its ring, as it was reported */
	const char *group;                  /* that it joins; NULL: none */
} seen;

static struct wt_link loopback = {.name = "lo", .index = 1, .flags = IFF_UP | IFF_MULTICAST};

static int64_t since_start(void)
{
	return virtual.now_ns - start_ns;
}

static void note(struct times *times)
{
	if (times->count < TIMES)
		times->at[times->count] = since_start();
	times->count++;
}

static void on_progress(void *context, const struct wt_recorder_report *report,
                        bool report_requested)
{
	const struct wt_recorder_interface *one = &report->interfaces[seen.interface];

	(void)context;
	if (one->fill_pct > seen.fullest_pct)
		seen.fullest_pct = one->fill_pct;
	if (one->high_water_pct > seen.high_water_pct)
		seen.high_water_pct = one->high_water_pct;
	note(report_requested ? &seen.asked_for : &seen.progress);
	virtual.now_ns += seen.slow_ns;
	seen.slow_ns = 0;
}

static void on_event(void *context, const char *text)
{
	(void)context;
	if (strstr(text, "full (at most")) {
		seen.warnings++;
		seen.warnings_held += seen.holds;
	}
	seen.waits += strstr(text, "waiting for sim to come back") != NULL;
	if (strstr(text, "nothing has arrived for it for 5 s"))
		note(&seen.silences);
	if (strstr(text, "joined the groups on sim again"))
		note(&seen.joins);
}

static int stop_reader(struct wt_reader *reader)
{
	note(&seen.stopped);
	return real_ops.stop(reader);
}

static int count(struct wt_reader *reader, struct wt_ring_statistics *since)
{
	int rc = real_ops.statistics(reader, since);

	if (seen.holds)
		note(&seen.counted);
	since->packets += seen.phantoms.packets;
	seen.phantoms.packets = 0;
	return rc;
}

static int health(struct wt_reader *reader)
{
	if (seen.gone_ns && since_start() >= seen.gone_ns &&
	    (!seen.back_ns || since_start() < seen.back_ns))
		return -ENODEV;
	return real_ops.health(reader);
}

static int reattach(struct wt_reader *reader, struct wt_error *err)
{
	(void)err;
	return health(reader);
}

static int read_link(const struct wt_reader *reader, struct wt_link *link)
{
	(void)reader;
	*link = loopback;
	return 0;
}

/* Join on the loopback interface, where nothing arrives for the group. */
static int join(struct wt_reader *reader)
{
	struct wt_clerk *clerk = &recording.recorder->clerk;
	struct wt_join_group group;

	reader->info.link = &loopback;
	ops.link = read_link;
	ops.reattach = reattach;
	cr_assert(eq(int, wt_join_parse(&group, seen.group, &recording.err), 0));
	return wt_join_open(&clerk->health.interfaces[seen.interface].join.join, &group, 1,
	                    &loopback, &recording.err);
}

/* The reader tells what is asked of it, from before its gate opens. */
static int on_ready(void *context)
{
	struct wt_reader *reader = recording.recorder->recorded[seen.interface].reader;

	(void)context;
	real_ops = ops = *reader->ops;
	ops.stop = stop_reader;
	ops.statistics = count;
	ops.health = health;
	reader->info.goes_for_good = seen.goes_for_good;
	reader->ops = &ops;
	return seen.group ? join(reader) : 0;
}

/* At this time, and not before. */
static bool is_time(int64_t *at_ns, int64_t *until_ns)
{
	if (!*at_ns)
		return false;
	if (since_start() < *at_ns) {
		if (*until_ns > start_ns + *at_ns)
			*until_ns = start_ns + *at_ns;
		return false;
	}
	*at_ns = 0;
	return true;
}

/* The threads that fill the ring and make the next file ready have no part in this time. */
static void wait_for_others(void)
{
	const struct wt_recorded *recorded = &recording.recorder->recorded[seen.interface];

	while (seen.holds && wt_recorded_fill_pct(recorded) < 100)
		poll(NULL, 0, 1);
	while (recording.output.files && !wt_file_set_is_ready(recording.output.files))
		poll(NULL, 0, 1);
}

/* The ring has something for the first of the waits. */
static void flood(int64_t until_ns)
{
	enum { FLOODED = 8 };
	const struct wt_recorder *recorder = recording.recorder;

	if (recorder->phase == WT_RECORDER_RECORDS && virtual.fd == recorder->wait.wake_fd) {
		seen.gathers++;
		seen.wrong_gathers += until_ns != virtual.now_ns + 4000000;
	}
	while (recorder->phase == WT_RECORDER_RECORDS && seen.waits < FLOODED &&
	       wt_recorded_fill_pct(recorder->recorded) <= 0)
		poll(NULL, 0, 1);
	seen.waits += recorder->phase == WT_RECORDER_RECORDS;
}

static void stop(void)
{
	if (seen.deadline_ns)
		wt_recorder_stop_by(recording.recorder, start_ns + seen.deadline_ns);
	else
		wt_recorder_stop(recording.recorder);
}

static void on_wait(void *context, int64_t *until_ns)
{
	(void)context;
	if (seen.floods)
		flood(*until_ns);
	if (is_time(&seen.hold_ns, until_ns))
		fault_disk_hold(recording.disk, seen.holds = seen.held = true);
	if (is_time(&seen.release_ns, until_ns))
		fault_disk_hold(recording.disk, seen.holds = false);
	if (is_time(&seen.request_ns, until_ns))
		wt_recorder_request_report(recording.recorder);
	if (is_time(&seen.stop_ns, until_ns))
		stop();
	if (!seen.stopped.count)
		wait_for_others();
}

static void set_up(void)
{
	memset(&seen, 0, sizeof(seen));
	recording_init(&recording, RECORDING_IN_MEMORY);
	recording.disk = fault_disk_open();
	cr_assert(recording.disk != NULL);
	recording.direct = WT_DIRECT_OFF;
	recording.config.system = virtual_time_init(&virtual, start_ns, start_utc_ns);
	recording.config.on_progress = on_progress;
	recording.config.on_event = on_event;
	recording.config.on_ready = on_ready;
	virtual.on_wait = on_wait;
}

static void tear_down(void)
{
	recording_fini(&recording);
}

TestSuite(recorder_time, .init = set_up, .fini = tear_down);

static void run(void)
{
	cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
}

static void expect_good(void)
{
	const char *wrong = recording_judge(&recording);

	cr_expect(wrong == NULL, "%s", wrong);
}

/* Each of them one interval after the one before. */
static void expect_each(const struct times *times, unsigned number, int64_t every_ns)
{
	cr_assert(eq(uint, times->count, number));
	for (unsigned i = 0; i < number; i++)
		cr_expect(eq(i64, times->at[i], (i + 1) * every_ns), "call %u", i);
}

Test(recorder_time, progress_is_told_once_an_interval)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.config.max_duration_ns = 10 * s_ns + s_ns / 2;
	recording.config.progress_every_ns = s_ns;
	run();
	expect_each(&seen.progress, 10, s_ns);
	cr_expect(eq(i64, recording.report.elapsed_ns, 10 * s_ns + s_ns / 2));
	cr_expect(eq(int, (int)recording.report.end, WT_END_DURATION));
	cr_expect(virtual.waits < 100, "%u", virtual.waits);
	expect_good();
}

Test(recorder_time, what_is_late_is_done_once_and_due_an_interval_later)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.config.max_duration_ns = 20 * s_ns;
	recording.config.progress_every_ns = s_ns;
	recording.config.statistics_every_ns = 2 * s_ns;
	seen.slow_ns = 7 * s_ns + s_ns / 4;
	run();
	/* At 1 s, which takes until 8.25 s, then, and each second. */
	cr_assert(eq(uint, seen.progress.count, 13));
	cr_expect(eq(i64, seen.progress.at[1], 8 * s_ns + s_ns / 4));
	cr_expect(eq(i64, seen.progress.at[2], 9 * s_ns + s_ns / 4));
	expect_good();
	/* At 8.25 s, 10.25 s, … 18.25 s, and at the end. */
	cr_expect(eq(uint, recording.check.statistics, 7));
}

Test(recorder_time, statistics_come_every_ten_seconds_and_at_the_end)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording_add(&recording, "sim:pps=1,layout=v2", 1 << 18);
	recording.config.max_duration_ns = 35 * s_ns;
	run();
	expect_good();
	cr_expect(eq(uint, recording.check.statistics, 2 * (3 + 1)));
}

static void run_flooded(uint64_t ring_bytes)
{
	seen.floods = true;
	recording_add(&recording, "sim:size=1400,pps=20k,count=20000", ring_bytes);
	run();
	expect_good();
	cr_expect(eq(u64, recording.ledgers[0].written, 20000));
	cr_expect(eq(uint, seen.wrong_gathers, 0));
}

Test(recorder_time, blocks_that_come_fast_gather_in_a_ring_that_has_room)
{
	run_flooded(128 << 20);
	cr_expect(gt(uint, seen.gathers, 0));
	cr_expect(lt(uint, seen.gathers, virtual.waits), "the first wait is for the ring");
}

Test(recorder_time, a_small_ring_is_looked_at_as_soon_as_there_is_anything)
{
	run_flooded(127 << 20);
	cr_expect(eq(uint, seen.gathers, 0));
}

static void rotate_by(int64_t duration_ns, int64_t interval_ns)
{
	const struct wt_file_set_config config = {
	        .path = recording.path, .duration_ns = duration_ns, .interval_ns = interval_ns};

	cr_assert(eq(int, wt_file_set_open(&recording.output.files, &config, &recording.err), 0),
	          "%s", recording.err.text);
}

Test(recorder_time, files_last_as_long_as_they_should)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.config.max_duration_ns = 3599 * s_ns;
	rotate_by(600 * s_ns, 0);
	run();
	cr_expect(eq(uint, recording.report.file_count, 6));
}

/* The first one begins 0.3 s after a whole second. */
Test(recorder_time, files_end_at_multiples_of_the_clock)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.config.max_duration_ns = 9 * s_ns + s_ns / 2;
	rotate_by(0, 2 * s_ns);
	run();
	/* At 1.7 s, 3.7 s, 5.7 s and 7.7 s, and not yet at 9.7 s. */
	cr_expect(eq(uint, recording.report.file_count, 5));
	cr_expect(virtual.waits < 100, "%u: no packet is waited for", virtual.waits);
}

/* The disk takes nothing from 2 s to 9 s, and there is more than it can take: the ring fills. */
static void stall(enum wt_placement layout)
{
	recording_add(&recording, "sim:pps=max,size=1400", 4 << 20);
	recording.output.layout = layout;
	recording.config.progress_every_ns = s_ns;
	seen.hold_ns = 2 * s_ns;
	seen.release_ns = 9 * s_ns;
}

static unsigned count_between(const struct times *times, int64_t from_ns, int64_t to_ns)
{
	unsigned number = 0;

	for (unsigned i = 0; i < times->count && i < TIMES; i++)
		number += times->at[i] >= from_ns && times->at[i] < to_ns;
	return number;
}

/* The recording sleeps only while the disk stalls: all its time passes then. */
static void answer_while_stalled(enum wt_placement layout)
{
	stall(layout);
	seen.request_ns = 4 * s_ns + s_ns / 2;
	seen.stop_ns = 9 * s_ns;
	run();
	expect_good();
	cr_expect(seen.held);
	/* On a busy machine the ring may have been as full before. */
	cr_expect(ge(uint, seen.warnings, 1));
	cr_expect(le(uint, seen.warnings_held, 1));
	cr_expect(eq(uint, count_between(&seen.progress, 2 * s_ns + 1, 9 * s_ns), 6));
	cr_expect(eq(uint, count_between(&seen.asked_for, 4 * s_ns, 5 * s_ns), 1));
	/* Its counters have 32 bits. */
	for (int64_t at_ns = 3 * s_ns; at_ns < 9 * s_ns; at_ns += s_ns)
		cr_expect(ge(uint, count_between(&seen.counted, at_ns, at_ns + s_ns), 1), "%d s",
		          (int)(at_ns / s_ns));
	cr_expect(eq(u64, recording.report.total.lost.writer, 0));
}

Test(recorder_time, somebody_is_at_home_while_the_disk_stalls_in_place)
{
	answer_while_stalled(WT_PLACEMENT_INPLACE);
}

Test(recorder_time, somebody_is_at_home_while_the_disk_stalls_compactly)
{
	answer_while_stalled(WT_PLACEMENT_COMPACT);
}

Test(recorder_time, how_full_each_ring_is_is_reported_meanwhile)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	stall(WT_PLACEMENT_COMPACT);
	seen.interface = 1;
	seen.stop_ns = 9 * s_ns;
	run();
	expect_good();
	cr_expect(seen.fullest_pct >= 100, "%f", seen.fullest_pct);
	cr_expect(seen.high_water_pct >= 100, "%f", seen.high_water_pct);
}

static void expect_gate_shut_at(int64_t at_ns)
{
	expect_good();
	cr_assert(eq(uint, seen.stopped.count, 1));
	cr_expect(eq(i64, seen.stopped.at[0], at_ns));
	cr_expect(eq(u64, recording.report.total.lost.writer, 0));
	/* It went on answering. */
	cr_expect(ge(uint, count_between(&seen.progress, at_ns, 9 * s_ns), 4));
}

Test(recorder_time, a_stop_while_the_disk_stalls_shuts_the_gate_at_once)
{
	stall(WT_PLACEMENT_AUTO);
	seen.stop_ns = 4 * s_ns;
	run();
	cr_expect(eq(int, (int)recording.report.end, WT_END_ASKED));
	expect_gate_shut_at(4 * s_ns);
}

Test(recorder_time, a_limit_of_time_is_kept_while_the_disk_stalls)
{
	stall(WT_PLACEMENT_COMPACT);
	recording.config.max_duration_ns = 3 * s_ns + s_ns / 2;
	run();
	cr_expect(eq(int, (int)recording.report.end, WT_END_DURATION));
	expect_gate_shut_at(3 * s_ns + s_ns / 2);
}

/* A file that ends meanwhile ends when the disk is back, and the next one begins then. */
Test(recorder_time, files_go_on_after_a_stall)
{
	stall(WT_PLACEMENT_COMPACT);
	rotate_by(3 * s_ns, 0);
	seen.stop_ns = 9 * s_ns;
	run();
	cr_expect(recording_judge_ledgers(&recording) == NULL, "%s", recording.wrong);
	cr_expect(eq(u64, recording.report.total.lost.writer, 0));
	cr_expect(ge(uint, count_between(&seen.progress, 2 * s_ns + 1, 9 * s_ns), 6));
	cr_expect(eq(uint, recording.report.file_count, 2));
}

static void run_until_it_is_gone(bool for_good)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.config.waits_for_interfaces = true;
	recording.config.max_duration_ns = 60 * s_ns;
	seen.gone_ns = 10 * s_ns;
	seen.goes_for_good = for_good;
	cr_expect(eq(int, recording_run(&recording), for_good ? -ENODEV : 0));
}

Test(recorder_time, interface_that_has_gone_is_waited_for)
{
	run_until_it_is_gone(false);
	cr_expect(eq(int, (int)recording.report.end, WT_END_DURATION));
	cr_expect(eq(uint, seen.waits, 1));
}

Test(recorder_time, interface_that_has_gone_for_good_is_not_waited_for)
{
	run_until_it_is_gone(true);
	cr_expect(eq(int, (int)recording.report.end, WT_END_INTERFACE));
	cr_expect(recording.report.elapsed_ns < 12 * s_ns);
	cr_expect(eq(uint, seen.waits, 0));
}

/* What a producer says that it has stored, and never hands over, is waited for a while: by the
 * timeout that is the longest. */
static void expect_patience(size_t interface, int64_t timeout_ms)
{
	const int64_t patience_ns = 3 * s_ns + 2 * timeout_ms * (s_ns / 1000);

	recording.config.max_duration_ns = s_ns;
	seen.interface = interface;
	seen.phantoms.packets = 3;
	run();
	cr_assert(eq(uint, seen.stopped.count, 1));
	cr_expect(eq(i64, seen.stopped.at[0], s_ns));
	cr_expect(recording.report.elapsed_ns > s_ns + patience_ns);
	cr_expect(recording.report.elapsed_ns <= s_ns + patience_ns + s_ns / 20);
	cr_expect(eq(i64, recording.ledgers[interface].unattributed, 3));
}

Test(recorder_time, the_end_waits_for_the_rings_but_not_for_ever)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.interfaces[0].retire_timeout_ms = 60;
	expect_patience(0, 60);
}

Test(recorder_time, the_end_waits_for_the_last_ring_too)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.interfaces[0].retire_timeout_ms = 60;
	recording.interfaces[1].retire_timeout_ms = 400;
	expect_patience(1, 400);
}

Test(recorder_time, the_longest_timeout_may_be_that_of_the_first)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.interfaces[0].retire_timeout_ms = 400;
	recording.interfaces[1].retire_timeout_ms = 60;
	expect_patience(1, 400);
}

/* What is still in the ring then is lost, and the file is whole up to there. */
static void stop_in_time(int64_t deadline_ns, int64_t gives_up_ns)
{
	stall(WT_PLACEMENT_COMPACT);
	seen.stop_ns = 4 * s_ns;
	seen.deadline_ns = deadline_ns;
	cr_expect(eq(int, recording_run(&recording), -ETIMEDOUT));
	expect_good();
	cr_expect(eq(int, (int)recording.report.end, WT_END_WRITER));
	cr_expect(strstr(recording.err.text, "the deadline came") != NULL, "%s",
	          recording.err.text);
	cr_expect(eq(i64, recording.report.elapsed_ns, gives_up_ns));
	cr_expect(gt(u64, recording.report.total.lost.writer, 0));
}

Test(recorder_time, what_is_not_written_by_the_deadline_is_given_up)
{
	stop_in_time(6 * s_ns, 6 * s_ns);
}

Test(recorder_time, after_a_deadline_that_is_over_nothing_is_waited_for)
{
	stop_in_time(s_ns, 4 * s_ns);
}

Test(recorder_time, all_is_written_by_a_deadline_that_is_late_enough)
{
	stall(WT_PLACEMENT_COMPACT);
	seen.stop_ns = 4 * s_ns;
	seen.deadline_ns = 60 * s_ns;
	run();
	expect_good();
	cr_expect(eq(int, (int)recording.report.end, WT_END_ASKED));
	cr_expect(eq(u64, recording.report.total.lost.writer, 0));
	cr_expect(lt(i64, recording.report.elapsed_ns, 10 * s_ns));
}

/* One of two interfaces joins a group. */
static void record_joined(size_t interface, const char *group)
{
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording_add(&recording, "sim:pps=1", 1 << 18);
	recording.config.waits_for_interfaces = true;
	recording.config.max_duration_ns = 40 * s_ns;
	seen.interface = interface;
	seen.group = group;
	if (recording_run(&recording) == -EPERM)
		cr_skip_test("only for those who may open packet sockets");
	cr_expect(eq(int, recording.result, 0), "%s", recording.err.text);
}

Test(recorder_time, a_group_for_which_nothing_arrives_is_told_after_five_seconds)
{
	record_joined(0, "239.77.3.1");
	expect_each(&seen.silences, 1, 5 * s_ns);
}

Test(recorder_time, so_is_one_of_the_last_interface)
{
	record_joined(1, "239.77.3.2");
	expect_each(&seen.silences, 1, 5 * s_ns);
}

Test(recorder_time, groups_are_joined_again_when_their_interface_is_back)
{
	seen.gone_ns = 10 * s_ns;
	seen.back_ns = 20 * s_ns;
	record_joined(1, "239.77.3.3");
	cr_assert(eq(uint, seen.joins.count, 1));
	cr_expect(seen.joins.at[0] >= seen.back_ns && seen.joins.at[0] <= seen.back_ns + 2 * s_ns);
	cr_expect(eq(uint, seen.silences.count, 1), "before it went");
}
