/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/headers.h>

#include "support/feed_run.h"
#include "support/unit.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)
/* Long after whatever settles. */
#define T0 (INT64_C(1700000000) * S)

static const char *const one_side[] = {
        "custom:offset=0,width=8,endian=big,count=8:2,unit=messages,heartbeat=next"
        "@239.1.1.1:5000,name=x",
        NULL};
static const char *const two_sides[] = {
        "custom:offset=0,width=8,endian=big,count=8:2,unit=messages,heartbeat=next"
        "@A=239.1.1.1:5000,B=239.1.1.2:5000,name=x",
        NULL};
static const char *const three_sides[] = {
        "custom:offset=0,width=8,endian=big,count=8:2,unit=messages,heartbeat=next"
        "@A=239.1.1.1:5000,B=239.1.1.2:5000,R=239.1.1.3:5000,name=x",
        NULL};

static void print_events(const struct feed_run *run)
{
	for (size_t i = 0; i < run->event_count && i < RUN_EVENTS; i++)
		puts(run->events[i].json);
}

#define expect_gap(run, kind, n, v, m)                                                             \
	do {                                                                                       \
		const struct wt_feed_event *found = run_event(run, kind, n);                       \
		if (!found)                                                                        \
			print_events(run);                                                         \
		cr_assert(found != NULL);                                                          \
		cr_expect_str_eq(wt_verdict_name(found->verdict.verdict), wt_verdict_name(v));     \
		cr_expect_eq(found->missing, m, "missing %llu",                                    \
		             (unsigned long long)found->missing);                                  \
	} while (0)

Test(feed_monitor, numbers_that_nobody_dropped_are_upstream)
{
	struct feed_run *run = run_open(one_side, 1, S);

	run_data(run, WT_FEED_A, 1, 5, T0, 0);
	run_data(run, WT_FEED_A, 9, 2, T0 + MS, 0);
	cr_expect_eq(run->gaps_opened, 1);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 0);
	run_data(run, WT_FEED_A, 11, 1, T0 + MS + S + WT_CHANNELS_TURNS_NS, 0);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 0, "it is due, and not over");
	run_data(run, WT_FEED_A, 12, 1, T0 + MS + S + WT_CHANNELS_TURNS_NS + 1, 0);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_UPSTREAM, 3);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->first, 6);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->after_order, 1);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->before_order, 2);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->number, 1);
	run_close(run);
}

Test(feed_monitor, drops_between_its_packets_make_it_the_rings)
{
	struct feed_run *run = run_open(one_side, 1, S);

	run_data(run, WT_FEED_A, 1, 5, T0, 7);
	run_data(run, WT_FEED_A, 11, 2, T0 + MS, 1);
	run_data(run, WT_FEED_A, 14, 2, T0 + 2 * MS, 0);
	run_data(run, WT_FEED_A, 21, 2, T0 + 3 * MS, 1);
	wt_feed_monitor_finish(run->monitor);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_RING, 5);
	expect_gap(run, WT_EVENT_GAP, 1, WT_VERDICT_UPSTREAM, 1);
	expect_gap(run, WT_EVENT_GAP, 2, WT_VERDICT_RING, 5);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->verdict.ring_claim, 1);
	run_close(run);
}

Test(feed_monitor, a_drop_explains_one_gap_only)
{
	struct feed_run *run = run_open(two_sides, 1, S);

	run_data(run, WT_FEED_A, 1, 1, T0, 0);
	run_data(run, WT_FEED_B, 1, 1, T0, 0);
	run_data(run, WT_FEED_A, 3, 1, T0 + MS, 1);
	run_data(run, WT_FEED_B, 3, 1, T0 + MS, 0);
	wt_feed_monitor_finish(run->monitor);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_RING, 1);
	expect_gap(run, WT_EVENT_GAP, 1, WT_VERDICT_UPSTREAM, 1);
	expect_gap(run, WT_EVENT_PAIR_GAP, 0, WT_VERDICT_RING, 1);
	run_close(run);
}

/* Four streams, of which each misses `each` numbers after a burst in which the ring dropped as many
 * packets as this. */
static struct feed_run *run_burst(uint64_t each, uint64_t dropped)
{
	static const char *const feeds[] = {"pitch@239.1.1.1:5000", "pitch@239.1.1.2:5000",
	                                    "pitch@239.1.1.3:5000", "pitch@239.1.1.4:5000", NULL};
	struct feed_run *run = run_open(feeds, 1, S);
	struct run_frame made;

	for (uint64_t i = 0; i < 8; i++) {
		struct wt_feed_header header = {.what = WT_FEED_DATA, .channel = 1, .count = 1};

		header.first = i < 4 ? 1 : 2 + each;
		run_make(run, i % 4, WT_FEED_A, &header, T0 + (int64_t)i * MS, &made);
		made.frame.dropped_before = i == 4 ? dropped : 0;
		wt_feed_monitor_frames(run->monitor, 0, &made.frame, 1);
	}
	wt_feed_monitor_finish(run->monitor);
	return run;
}

Test(feed_monitor, a_burst_of_drops_is_all_of_its_gaps)
{
	struct feed_run *run = run_burst(25, 100);

	for (size_t i = 0; i < 4; i++)
		expect_gap(run, WT_EVENT_GAP, i, WT_VERDICT_RING, 25);
	run_close(run);
}

Test(feed_monitor, drops_that_do_not_suffice_for_a_burst_are_shared_by_its_gaps)
{
	struct feed_run *run = run_burst(30, 100);

	for (size_t i = 0; i < 4; i++) {
		const struct wt_feed_event *event = run_event(run, WT_EVENT_GAP, i);

		expect_gap(run, WT_EVENT_GAP, i, WT_VERDICT_SHARED, 30);
		cr_expect_eq(event->verdict.ring, 25);
		cr_expect_eq(event->verdict.upstream, 5);
	}
	run_close(run);
}

Test(feed_monitor, what_the_other_side_has_the_line_lost)
{
	struct feed_run *run = run_open(two_sides, 1, S);
	struct wt_channel_report report;

	run_data(run, WT_FEED_A, 1, 4, T0, 0);
	run_data(run, WT_FEED_B, 1, 8, T0 + 10, 0);
	run_data(run, WT_FEED_A, 7, 4, T0 + 20, 0);
	run_data(run, WT_FEED_B, 9, 2, T0 + 30, 0);
	wt_feed_monitor_finish(run->monitor);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_LINE, 2);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->other_has, 2);
	cr_expect_eq(run_count(run, WT_EVENT_PAIR_GAP), 0);
	cr_assert_eq(wt_channels_pair_count(wt_feed_monitor_channels(run->monitor)), 1);
	wt_channels_pair(wt_feed_monitor_channels(run->monitor), 0, &report);
	cr_expect_eq(report.expected, 10);
	cr_expect_eq(report.received, 10);
	cr_expect_eq(report.missing, 0);
	/* 1 to 4 on A, 7 and 8 on B, 9 and 10 on A. */
	cr_expect_eq(report.won_a, 6);
	cr_expect_eq(report.won_b, 2);
	cr_expect_eq(report.lead_ns[0], -10);
	cr_expect_eq(report.lead_ns[6], 10);
	run_close(run);
}

Test(feed_monitor, what_a_side_that_lost_nothing_lacks_was_not_sent)
{
	struct feed_run *run = run_open(two_sides, 1, S);

	run_data(run, WT_FEED_A, 1, 4, T0, 0);
	run_data(run, WT_FEED_B, 1, 4, T0, 0);
	run_data(run, WT_FEED_B, 6, 4, T0 + 1, 0);
	run_data(run, WT_FEED_A, 6, 4, T0 + 2, 3);
	wt_feed_monitor_finish(run->monitor);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_UPSTREAM, 1);
	expect_gap(run, WT_EVENT_GAP, 1, WT_VERDICT_UPSTREAM, 1);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 1)->other_lacks, 1);
	expect_gap(run, WT_EVENT_PAIR_GAP, 0, WT_VERDICT_UPSTREAM, 1);
	run_close(run);
}

Test(feed_monitor, a_silent_side_does_not_testify)
{
	struct feed_run *run = run_open(two_sides, 1, S);

	run_data(run, WT_FEED_A, 1, 4, T0, 0);
	run_data(run, WT_FEED_A, 6, 4, T0 + 2, 0);
	wt_feed_monitor_finish(run->monitor);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_UPSTREAM, 1);
	cr_expect(run_event(run, WT_EVENT_GAP, 0)->has_other);
	cr_expect(run_event(run, WT_EVENT_GAP, 0)->other_is_silent);
	run_close(run);
}

Test(feed_monitor, what_comes_in_time_is_late_and_after_that_is_recovered)
{
	struct feed_run *run = run_open(one_side, 1, S);

	run_data(run, WT_FEED_A, 1, 1, T0, 0);
	run_data(run, WT_FEED_A, 3, 1, T0 + 1, 0);
	run_data(run, WT_FEED_A, 5, 1, T0 + 2, 0);
	run_data(run, WT_FEED_A, 2, 1, T0 + S + 1, 0);
	run_data(run, WT_FEED_A, 4, 1, T0 + S + 3, 0);
	wt_feed_monitor_finish(run->monitor);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_LATE, 0);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->recovered.count, 1);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->recovered.by, WT_BY_ITSELF);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->recovered.after_ns, S);
	expect_gap(run, WT_EVENT_GAP, 1, WT_VERDICT_UPSTREAM, 1);
	cr_assert_eq(run_count(run, WT_EVENT_RECOVERED), 1);
	cr_expect_eq(run_event(run, WT_EVENT_RECOVERED, 0)->number, 2);
	cr_expect_eq(run_event(run, WT_EVENT_RECOVERED, 0)->recovered.after_ns, S + 1);
	run_close(run);
}

Test(feed_monitor, retransmissions_close_gaps_of_all_sides)
{
	struct feed_run *run = run_open(three_sides, 1, S);
	struct wt_channel_report report;

	run_data(run, WT_FEED_A, 1, 4, T0, 0);
	run_data(run, WT_FEED_B, 1, 4, T0, 0);
	run_data(run, WT_FEED_A, 8, 1, T0 + 1, 0);
	run_data(run, WT_FEED_B, 8, 1, T0 + 2, 0);
	run_data(run, WT_FEED_R, 5, 2, T0 + 5, 0);
	run_data(run, WT_FEED_R, 7, 1, T0 + 2 * S, 0);
	wt_feed_monitor_finish(run->monitor);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_UPSTREAM, 3);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->recovered.count, 2);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->recovered.by, WT_BY_R);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->recovered.after_ns, 4);
	expect_gap(run, WT_EVENT_PAIR_GAP, 0, WT_VERDICT_UPSTREAM, 1);
	cr_expect_eq(run_count(run, WT_EVENT_RECOVERED), 3);
	wt_channels_pair(wt_feed_monitor_channels(run->monitor), 0, &report);
	cr_expect_eq(report.missing, 0);
	cr_expect_eq(report.recovered_by_r, 3);
	cr_expect_eq(report.expected, report.received);
	run_close(run);
}

Test(feed_monitor, a_restart_settles_what_is_open)
{
	static const char *const pillar[] = {"pillar@A=239.1.1.1:5000,B=239.1.1.2:5000,name=x",
	                                     NULL};
	struct feed_run *run = run_open(pillar, 1, S);
	struct wt_feed_header reset = {.first = 2, .what = WT_FEED_RESET};
	struct run_frame made;

	run_data(run, WT_FEED_A, 1000, 4, T0, 0);
	run_data(run, WT_FEED_B, 1000, 4, T0, 0);
	run_data(run, WT_FEED_A, 1005, 1, T0 + 1, 0);
	run_make(run, 0, WT_FEED_A, &reset, T0 + 2, &made);
	wt_feed_monitor_frames(run->monitor, 0, &made.frame, 1);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_UPSTREAM, 1);
	cr_expect_eq(run_count(run, WT_EVENT_RESTART), 1);
	run_close(run);
}

static void reset(struct feed_run *run, enum wt_feed_side side, int64_t stamp_ns)
{
	struct wt_feed_header header = {.first = 2, .what = WT_FEED_RESET};
	struct run_frame made;

	run_make(run, 0, side, &header, stamp_ns, &made);
	wt_feed_monitor_frames(run->monitor, 0, &made.frame, 1);
}

static const char *const resets[] = {"pillar@A=239.1.1.1:5000,B=239.1.1.2:5000,name=x", NULL};

/* One side hears of the reset later, twice, and the other side twice as well. */
Test(feed_monitor, sides_that_begin_anew_one_after_the_other_have_lost_nothing)
{
	struct feed_run *run = run_open(resets, 1, S);
	struct wt_channel_report report;

	run_data(run, WT_FEED_A, 1000, 4, T0, 0);
	run_data(run, WT_FEED_B, 1000, 3, T0, 0);
	reset(run, WT_FEED_A, T0 + 1);
	reset(run, WT_FEED_A, T0 + 2);
	run_data(run, WT_FEED_A, 2, 4, T0 + 3, 0);
	run_data(run, WT_FEED_B, 1003, 1, T0 + 4, 0);
	reset(run, WT_FEED_B, T0 + 5);
	reset(run, WT_FEED_B, T0 + 6);
	run_data(run, WT_FEED_B, 2, 4, T0 + 7, 0);
	run_data(run, WT_FEED_B, 8, 1, T0 + 8, 0);
	run_data(run, WT_FEED_A, 6, 3, T0 + 9, 0);
	wt_feed_monitor_finish(run->monitor);
	wt_channels_pair(wt_feed_monitor_channels(run->monitor), 0, &report);
	cr_expect_eq(report.expected, 4 + 7, "%llu", (unsigned long long)report.expected);
	cr_expect_eq(report.missing, 0);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 1);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_LINE, 2);
	run_close(run);
}

Test(feed_monitor, a_side_whose_reset_was_lost_is_compared_again)
{
	struct feed_run *run = run_open(resets, 1, S);
	struct wt_channel_report report;

	run_data(run, WT_FEED_A, 1, 4, T0, 0);
	run_data(run, WT_FEED_B, 1, 4, T0, 0);
	reset(run, WT_FEED_A, T0 + 1);
	for (int64_t i = 0; i < 10; i++) {
		run_data(run, WT_FEED_A, 2 + (uint64_t)i, 1, T0 + 2 + i * S, 0);
		if (i > 3)
			run_data(run, WT_FEED_B, 2 + (uint64_t)i, 1, T0 + 3 + i * S, 0);
	}
	wt_feed_monitor_finish(run->monitor);
	wt_channels_pair(wt_feed_monitor_channels(run->monitor), 0, &report);
	cr_expect_eq(report.missing, 0);
	cr_expect_eq(report.won_a, 6, "%llu", (unsigned long long)report.won_a);
	run_close(run);
}

static void session(struct feed_run *run, enum wt_feed_side side, uint64_t first, uint64_t name,
                    int64_t stamp_ns)
{
	struct wt_feed_header header = {
	        .first = first, .count = 1, .what = WT_FEED_DATA, .session = name};
	struct run_frame made;

	run_make(run, 0, side, &header, stamp_ns, &made);
	wt_feed_monitor_frames(run->monitor, 0, &made.frame, 1);
}

/* More sessions than there is room for pairs: the oldest go, the newest are compared. */
Test(feed_monitor, the_newest_sessions_are_compared)
{
	static const char *const memx[] = {"memx@A=239.1.1.1:5000,B=239.1.1.2:5000,name=x", NULL};
	struct feed_run *run = run_open(memx, 1, S);
	struct wt_channels *channels = wt_feed_monitor_channels(run->monitor);
	struct wt_channel_report report;
	uint64_t sessions = 0, won = 0;

	for (uint64_t name = 1; name <= 100; name++) {
		int64_t at_ns = T0 + (int64_t)name * S;

		session(run, WT_FEED_A, 1, name, at_ns);
		session(run, WT_FEED_B, 1, name, at_ns + 1);
		session(run, WT_FEED_A, 3, name, at_ns + 2);
		session(run, WT_FEED_B, 3, name, at_ns + 3);
	}
	wt_feed_monitor_finish(run->monitor);
	for (uint32_t i = 0; i < wt_channels_pair_count(channels); i++) {
		wt_channels_pair(channels, i, &report);
		sessions++;
		won += report.won_a;
		cr_expect_eq(report.missing, 1);
	}
	cr_expect_lt(sessions, 100);
	cr_expect_eq(won, 2 * sessions);
	cr_expect_eq(run_count(run, WT_EVENT_PAIR_GAP), 100);
	run_close(run);
}

Test(feed_monitor, what_there_is_no_room_for_settles_early)
{
	struct feed_run *run = run_open(one_side, 1, S);

	for (uint64_t i = 0; i < 1030; i++)
		run_data(run, WT_FEED_A, 2 * i + 1, 1, T0 + (int64_t)i, 0);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 1029 - 1024);
	cr_expect_eq(wt_channels_settled_early(wt_feed_monitor_channels(run->monitor)), 5);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_UPSTREAM, 1);
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 1029);
	run_close(run);
}

/* A stream goes on from yesterday: what was lost in between is not known, and what comes
 * of gaps of yesterday's is told. */
Test(feed_monitor, goes_on_with_the_streams_of_a_state)
{
	struct feed_run *one = run_open(two_sides, 1, S), *other = run_open(two_sides, 1, S);
	struct wt_error err = {0};
	size_t bytes, left_out;
	char *text;

	run_data(one, WT_FEED_A, 1, 4, T0, 0);
	run_data(one, WT_FEED_A, 6, 4, T0 + 1, 0);
	wt_feed_monitor_finish(one->monitor);
	cr_assert_eq(wt_tracker_save(wt_feed_monitor_tracker(one->monitor), &text, &bytes), 0);
	cr_assert_eq(wt_tracker_load(wt_feed_monitor_tracker(other->monitor), text, bytes,
	                             &left_out, &err),
	             0, "%s", err.text);
	cr_expect_eq(left_out, 0);
	wt_feed_monitor_interface(other->monitor, 0, "eth0", WT_LINK_TYPE_ETHERNET, NULL);
	run_data(other, WT_FEED_A, 12, 1, T0 + 10 * S, 0);
	run_data(other, WT_FEED_A, 5, 1, T0 + 10 * S + 1, 0);
	wt_feed_monitor_finish(other->monitor);
	expect_gap(other, WT_EVENT_GAP, 0, WT_VERDICT_UNKNOWN, 2);
	cr_expect_eq(run_event(other, WT_EVENT_GAP, 0)->first, 10);
	cr_assert_eq(run_count(other, WT_EVENT_RECOVERED), 1);
	cr_expect_eq(run_event(other, WT_EVENT_RECOVERED, 0)->number, 0);
	cr_expect_eq(run_event(other, WT_EVENT_RECOVERED, 0)->first, 5);
	free(text);
	run_close(one);
	run_close(other);
}

Test(feed_monitor, the_end_that_was_not_written_is_the_writers)
{
	const struct wt_lost_tail tail = {.first = 5, .end = 9, .after_ns = T0, .after_order = 1};
	struct feed_run *run = run_open(one_side, 1, S);
	struct wt_gap_counts counts;

	run_data(run, WT_FEED_A, 1, 4, T0, 0);
	wt_channels_lost_tail(wt_feed_monitor_channels(run->monitor), 0, &tail);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_WRITER, 4);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->after_order, 1);
	wt_channels_gaps(wt_feed_monitor_channels(run->monitor), &counts);
	cr_expect_eq(counts.missing[WT_VERDICT_WRITER], 4);
	run_close(run);
}

Test(feed_monitor, a_stream_that_the_tape_has_nothing_of_is_a_gap_of_the_writers)
{
	const struct wt_feed_event tail = {.kind = WT_EVENT_LOST_TAIL,
	                                   .channel = "x",
	                                   .preset = "moldudp64",
	                                   .key = "",
	                                   .session = "s",
	                                   .interface = "eth0",
	                                   .side = WT_FEED_A,
	                                   .stamp_ns = T0,
	                                   .first = 5,
	                                   .end = 9};
	struct wt_feed_event none = tail;
	struct feed_run *run = run_open(one_side, 1, S);
	struct wt_gap_counts counts;

	none.end = none.first;
	wt_channels_lost_stream(wt_feed_monitor_channels(run->monitor), &none);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 0);
	wt_channels_lost_stream(wt_feed_monitor_channels(run->monitor), &tail);
	expect_gap(run, WT_EVENT_GAP, 0, WT_VERDICT_WRITER, 4);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->stamp_ns, T0);
	wt_channels_gaps(wt_feed_monitor_channels(run->monitor), &counts);
	cr_expect_eq(counts.missing[WT_VERDICT_WRITER], 4);
	run_close(run);
}

Test(feed_monitor, evidence_of_the_nic_the_writer_and_of_holes)
{
	struct feed_run *run = run_open(one_side, 1, S);
	uint64_t counters[WT_NIC_COUNTERS_MAX] = {100};

	wt_feed_monitor_nic(run->monitor, 0, T0, counters);
	run_data(run, WT_FEED_A, 1, 1, T0, 0);
	run_data(run, WT_FEED_A, 3, 1, T0 + 10, 0);
	counters[0] = 101;
	wt_feed_monitor_nic(run->monitor, 0, T0 + 20, counters);
	run_data(run, WT_FEED_A, 4, 1, T0 + 30, 0);
	wt_feed_monitor_writer_lost(run->monitor, 0, 1);
	run_data(run, WT_FEED_A, 6, 1, T0 + 40, 0);
	wt_feed_monitor_nic(run->monitor, 0, T0 + 50, counters);
	wt_feed_monitor_break_within(run->monitor, 0, 0, 0, "a hole");
	run_data(run, WT_FEED_A, 8, 1, T0 + 60, 0);
	run_data(run, WT_FEED_A, 10, 1, T0 + 50, 0);
	wt_feed_monitor_finish(run->monitor);
	for (size_t n = 0; n < 4; n++) {
		static const enum wt_verdict verdicts[] = {WT_VERDICT_NIC, WT_VERDICT_WRITER,
		                                           WT_VERDICT_UNKNOWN, WT_VERDICT_UNKNOWN};
		static const uint64_t firsts[] = {2, 5, 7, 9};
		bool found = false;

		for (size_t i = 0; i < 4; i++) {
			const struct wt_feed_event *event = run_event(run, WT_EVENT_GAP, i);

			cr_assert(event != NULL);
			found |= event->first == firsts[n] && event->verdict.verdict == verdicts[n];
		}
		cr_expect(found, "the gap at %llu", (unsigned long long)firsts[n]);
	}
	run_close(run);
}
