/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recording_private.h>

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "support/unit.h"

/* A recording of three lanes that run, each of which has answered. */
enum { LANES = 3, INTERFACES = 2, LINES = 16 };

static struct wt_recording recording;
static struct wt_lane lanes[LANES];
static struct wt_recording_lane rows[LANES];
/* One more than there are, which nobody adds up. */
static struct wt_recorder_interface sums[INTERFACES + 1], told[LANES][INTERFACES + 1],
        known[LANES][INTERFACES + 1];
static const char *degraded[LANES * WT_RECORDING_NOTES];
static struct wt_recording_report report;
static char lines[LINES][16];
static size_t line_count;

static void on_event(void *context, const char *text)
{
	(void)context;
	snprintf(lines[line_count++], sizeof(lines[0]), "%s", text);
}

static void wake(void *context)
{
	(void)context;
}

static struct wt_recorder_report *of(size_t lane)
{
	return &lanes[lane].told.report;
}

static void set_up(void)
{
	recording.config.recorder.on_event = on_event;
	recording.lanes = lanes;
	recording.count = LANES;
	recording.rows = rows;
	recording.sums = sums;
	recording.degraded = degraded;
	recording.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	recording.stage = WT_STAGE_RUNNING;
	recording.said_end = &recording.said;
	pthread_mutex_init(&recording.lock, NULL);
	wt_recorder_share_init(&recording.share, 0, 0, wake, NULL);
	for (size_t i = 0; i < LANES; i++) {
		lanes[i].recording = &recording;
		lanes[i].queue = (uint32_t)i;
		lanes[i].cpu = (int)i + 4;
		lanes[i].told.interfaces = told[i];
		lanes[i].known.interfaces = known[i];
		*of(i) = (struct wt_recorder_report){
		        .interfaces = told[i],
		        .interface_count = INTERFACES,
		        .degraded = lanes[i].told.degraded,
		        .direct = true,
		};
	}
}

static void tear_down(void)
{
	wt_recording_forget(&recording);
	wt_recorder_share_fini(&recording.share);
	pthread_mutex_destroy(&recording.lock);
	close(recording.wake_fd);
}

TestSuite(recording_report, .init = set_up, .fini = tear_down);

static void expect_text(const char *text, const char *expected)
{
	cr_expect(zero(int, strcmp(text, expected)), "%s, not %s", text, expected);
}

static const struct wt_recorder_report *look(void)
{
	wt_recording_report(&recording, &report);
	return &report.sum;
}

Test(recording_report, lanes_stand_by_themselves)
{
	static char path[] = "feed_q1.pcapng";

	lanes[1].path = path;
	of(1)->file_count = 7;
	look();
	cr_assert(eq(sz, report.lane_count, LANES));
	cr_expect(eq(u32, report.lanes[2].queue, 2));
	cr_expect(eq(int, report.lanes[2].cpu, 6));
	expect_text(report.lanes[1].path, path);
	cr_expect(eq(u32, report.lanes[1].report.file_count, 7));
	cr_expect(zero(u32, report.lanes[0].report.file_count));
}

Test(recording_report, what_is_counted_is_added_up)
{
	for (uint32_t i = 0; i < LANES; i++) {
		of(i)->total.seen = 10 + i;
		of(i)->file_bytes = 100 + i;
		of(i)->file_count = 1 + i;
		of(i)->writes.count = 20 + i;
		of(i)->writes.slow = 2 + i;
		of(i)->writes.in_flight = 3 + i;
		told[i][1].ledger.written = 30 + i;
		told[i][1].crosses = 5 + i;
		known[i][INTERFACES].crosses = 1;
	}
	look();
	cr_expect(eq(u64, report.sum.total.seen, 33));
	cr_expect(eq(u64, report.sum.file_bytes, 303));
	cr_expect(eq(u32, report.sum.file_count, 6));
	cr_expect(eq(u64, report.sum.writes.count, 63));
	cr_expect(eq(u64, report.sum.writes.slow, 9));
	cr_expect(eq(u32, report.sum.writes.in_flight, 12));
	cr_expect(eq(u64, report.sum.interfaces[1].ledger.written, 93));
	cr_expect(eq(u64, report.sum.interfaces[1].crosses, 18));
	cr_expect(zero(u64, report.sum.interfaces[0].ledger.written));
	cr_expect(zero(u64, sums[INTERFACES].crosses));
	cr_expect(eq(u64, report.lanes[0].report.interfaces[1].crosses, 5), "as it was");
}

Test(recording_report, of_what_is_a_most_the_greatest_is_told)
{
	static const unsigned values[LANES] = {3, 9, 4};

	for (size_t i = 0; i < LANES; i++) {
		of(i)->elapsed_ns = values[i];
		of(i)->high_water_pct = values[i] + 10;
		of(i)->high_water_ns = values[i] + 20;
		of(i)->fill_pct = values[i] + 30;
		of(i)->writes.longest_ns = values[i] + 40;
		of(i)->writes.in_flight_most = values[i] + 50;
		told[i][0].high_water_pct = values[i] + 60;
		told[i][0].high_water_ns = values[i] + 70;
		told[i][0].fill_pct = values[i] + 80;
	}
	look();
	cr_expect(eq(i64, report.sum.elapsed_ns, 9));
	cr_expect(eq(dbl, report.sum.high_water_pct, 19));
	cr_expect(eq(i64, report.sum.high_water_ns, 29));
	cr_expect(eq(dbl, report.sum.fill_pct, 39));
	cr_expect(eq(i64, report.sum.writes.longest_ns, 49));
	cr_expect(eq(u32, report.sum.writes.in_flight_most, 59));
	cr_expect(eq(dbl, report.sum.interfaces[0].high_water_pct, 69));
	cr_expect(eq(i64, report.sum.interfaces[0].high_water_ns, 79));
	cr_expect(eq(dbl, report.sum.interfaces[0].fill_pct, 89));
	cr_expect(eq(u32, report.fullest, 1));
}

Test(recording_report, of_rings_that_were_as_full_the_first_is_named)
{
	for (size_t i = 0; i < LANES; i++)
		of(i)->high_water_pct = i ? 50 : 40;
	look();
	cr_expect(eq(u32, report.fullest, 1));
}

Test(recording_report, it_begins_with_the_first_that_has_begun)
{
	cr_expect(zero(i64, look()->start_utc_ns));
	of(1)->start_utc_ns = 500;
	cr_expect(eq(i64, look()->start_utc_ns, 500));
	of(2)->start_utc_ns = 400;
	cr_expect(eq(i64, look()->start_utc_ns, 400));
	of(2)->start_utc_ns = 600;
	cr_expect(eq(i64, look()->start_utc_ns, 500));
}

Test(recording_report, what_one_lane_lacks_all_of_it_lacks)
{
	cr_expect(look()->direct);
	cr_expect(eq(int, look()->interfaces[1].gone, false));
	of(2)->direct = false;
	told[1][1].gone = true;
	cr_expect(eq(int, look()->direct, false));
	cr_expect(look()->interfaces[1].gone);
	cr_expect(eq(int, look()->interfaces[0].gone, false));
}

Test(recording_report, first_files_error_is_told)
{
	cr_expect(look()->files_error == NULL);
	of(1)->files_error = "one";
	of(2)->files_error = "two";
	expect_text(look()->files_error, "one");
}

Test(recording_report, what_is_degraded_in_several_is_said_once)
{
	lanes[0].told.degraded[0] = "a";
	lanes[1].told.degraded[0] = "b";
	lanes[1].told.degraded[1] = "a";
	lanes[2].told.degraded[0] = "b";
	lanes[2].told.degraded[1] = "c";
	look();
	look();
	expect_text(report.sum.degraded[0], "a");
	expect_text(report.sum.degraded[1], "b");
	expect_text(report.sum.degraded[2], "c");
	cr_expect(report.sum.degraded[3] == NULL);
}

Test(recording_report, it_ends_for_the_first_reason)
{
	wt_recorder_share_end(&recording.share, WT_END_PACKETS);
	of(1)->end = WT_END_DURATION;
	cr_expect(eq(int, look()->end, WT_END_PACKETS));
}

Test(recording_report, failure_is_the_reason_whichever_came_first)
{
	wt_recorder_share_end(&recording.share, WT_END_PACKETS);
	of(1)->end = WT_END_WRITER;
	of(2)->end = WT_END_FAILURE;
	cr_expect(eq(int, look()->end, WT_END_WRITER));
	of(0)->end = WT_END_FAILURE;
	of(2)->end = WT_END_ASKED;
	cr_expect(eq(int, look()->end, WT_END_FAILURE));
}

Test(recording_report, lane_that_has_not_answered_is_as_it_was_told_last)
{
	of(1)->total.seen = 5;
	cr_expect(eq(u64, look()->total.seen, 5));
	lanes[1].asked = 1;
	of(1)->total.seen = 6;
	cr_expect(eq(u64, look()->total.seen, 5));
	lanes[1].answered = 1;
	cr_expect(eq(u64, look()->total.seen, 6));
}

Test(recording_report, lane_tells_what_it_was_asked_for_and_wakes_who_asked)
{
	const char *const notes[] = {"a", "b", NULL};
	struct wt_recorder_report told_now = *of(1);
	uint64_t count = 0;

	told_now.degraded = notes;
	told_now.total.seen = 7;
	wt_lane_tell(&lanes[1], &told_now, true);
	cr_expect(zero(u64, look()->total.seen), "nobody asked");
	lanes[1].asked = 1;
	cr_expect(eq(int, wt_lane_has_answered(&lanes[1]), false));
	wt_lane_tell(&lanes[1], &told_now, true);
	cr_expect(wt_lane_has_answered(&lanes[1]));
	cr_expect(eq(int, (int)read(recording.wake_fd, &count, sizeof(count)), 8));
	cr_expect(eq(u64, count, 1));
	cr_expect(eq(u64, look()->total.seen, 7));
	expect_text(report.lanes[1].report.degraded[0], "a");
	expect_text(report.lanes[1].report.degraded[1], "b");
	cr_expect(report.lanes[1].report.degraded[2] == NULL);
}

Test(recording_report, no_more_is_kept_of_what_is_degraded_than_there_is_room_for)
{
	const char *notes[WT_RECORDING_NOTES + 1];
	struct wt_recorder_report told_now = *of(0);

	for (size_t i = 0; i < WT_RECORDING_NOTES; i++)
		notes[i] = "x";
	notes[WT_RECORDING_NOTES] = NULL;
	told_now.degraded = notes;
	lanes[0].asked = 1;
	wt_lane_tell(&lanes[0], &told_now, true);
	look();
	for (size_t i = 0; i < WT_RECORDING_NOTES - 1; i++)
		cr_expect(report.lanes[0].report.degraded[i] != NULL);
	cr_expect(report.lanes[0].report.degraded[WT_RECORDING_NOTES - 1] == NULL);
}

Test(recording_report, priority_is_told_if_a_lane_has_it)
{
	recording.config.fifo_priority = 10;
	recording.memory_locked = true;
	look();
	cr_expect(zero(int, report.fifo_priority));
	cr_expect(report.memory_locked);
	recording.has_fifo = true;
	look();
	cr_expect(eq(int, report.fifo_priority, 10));
}

/* Said by a lane at this time. */
static void say(uint32_t lane, int64_t at_ns, const char *text)
{
	wt_recording_say(&lanes[lane], text);
	for (struct wt_said *said = recording.said; said; said = said->next)
		if (!said->next)
			said->at_ns = at_ns;
}

static void expect_lines(const char *expected)
{
	char all[LINES * sizeof(lines[0])] = "";

	wt_recording_pass_on(&recording);
	for (size_t i = 0; i < line_count; i++)
		strcat(strcat(all, lines[i]), " ");
	expect_text(all, expected);
	line_count = 0;
}

Test(recording_report, lines_are_passed_on_in_their_order_and_once)
{
	uint64_t count = 0;

	say(0, 0, "a");
	say(1, 0, "b");
	say(0, 0, "c");
	cr_expect(eq(int, (int)read(recording.wake_fd, &count, sizeof(count)), 8));
	cr_expect(eq(u64, count, 3));
	expect_lines("a b c ");
	expect_lines("");
	say(0, 0, "d");
	expect_lines("d ");
}

Test(recording_report, what_all_lanes_say_is_passed_on_once)
{
	const int64_t s = 1000000000;

	say(0, s, "gone");
	say(1, s, "gone");
	say(2, 4 * s - 1, "gone");
	expect_lines("gone ");
	say(1, 7 * s, "back");
	say(0, 10 * s, "back");
	expect_lines("back back ");
}

Test(recording_report, what_one_lane_says_twice_is_passed_on_twice)
{
	say(1, 0, "slow");
	say(1, 0, "slow");
	say(1, 0, "fast");
	expect_lines("slow slow fast ");
}

Test(recording_report, only_the_latest_lines_are_remembered)
{
	static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8"};

	say(0, 0, "x");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		say(0, 0, names[i]);
	say(1, 0, "x");
	say(1, 0, "3");
	expect_lines("x 1 2 3 4 5 6 7 8 x ");
}

Test(recording_report, lines_need_nobody_who_listens)
{
	recording.config.recorder.on_event = NULL;
	say(0, 0, "x");
	expect_lines("");
	say(0, 0, "left");
}
