/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wiretape/feed/load/mold_template.h>
#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/feed/stream/tracker.h>
#include <wiretape/feed/stream/tracker_private.h>
#include <wiretape/packet/udp_packet.h>

#include "support/unit.h"

/* Headers given to the tracker, and the records that come out of it. */

enum { RECORDS_MAX = 4096, MS = 1000000 };

static struct wt_preset preset;
static struct wt_feed_channel channel_list[4];
static struct wt_feed_channels channels;
static struct wt_tracker *tracker;
static struct wt_feed_record records[RECORDS_MAX];
static size_t record_count;
static int64_t now_ns;
static uint64_t order;
static uint32_t side_number;

static void take(void *context, const struct wt_feed_record *given, size_t count)
{
	(void)context;
	cr_assert_leq(record_count + count, RECORDS_MAX);
	memcpy(records + record_count, given, count * sizeof(*given));
	record_count += count;
}

static void open_with(const struct wt_feed_channels *list, uint32_t max_streams)
{
	struct wt_tracker_config config = {
	        .channels = list, .max_streams = max_streams, .take = take};
	struct wt_error err;

	cr_assert_eq(wt_tracker_open(&tracker, &config, &err), 0);
	record_count = 0;
	now_ns = 1000000 * (int64_t)MS;
	order = 0;
	side_number = 0;
}

static void address(struct wt_feed_address *address, uint8_t last, uint16_t port)
{
	*address = (struct wt_feed_address){.used = true, .ip = {239, 1, 1, last}, .port = port};
}

/* 32 bits, messages, begins at 1, heartbeat every second. */
static void init(void)
{
	preset = (struct wt_preset){
	        .name = "test",
	        .number_bits = 32,
	        .begins_at = 1,
	        .heartbeat_ms = 1000,
	};
	memset(channel_list, 0, sizeof(channel_list));
	snprintf(channel_list[0].name, sizeof(channel_list[0].name), "test");
	channel_list[0].preset = &preset;
	address(&channel_list[0].sides[WT_FEED_A], 1, 5000);
	channels = (struct wt_feed_channels){.list = channel_list, .count = 1};
}

static void fini(void)
{
	wt_tracker_close(tracker);
	tracker = NULL;
}

TestSuite(tracker, .init = init, .fini = fini);

static void open_one(void)
{
	open_with(&channels, 16);
}

static void give(const struct wt_feed_header *header)
{
	struct wt_arrival arrival = {
	        .header = header, .stamp_ns = now_ns, .order = ++order, .side = side_number};

	wt_tracker_header(tracker, &arrival);
	now_ns += MS;
}

static void data(uint64_t first, uint32_t count)
{
	give(&(struct wt_feed_header){.what = WT_FEED_DATA, .first = first, .count = count});
}

static void data_of(uint64_t session, uint64_t first, uint32_t count)
{
	give(&(struct wt_feed_header){
	        .what = WT_FEED_DATA, .session = session, .first = first, .count = count});
}

static void again(uint64_t first, uint32_t count)
{
	give(&(struct wt_feed_header){
	        .what = WT_FEED_DATA, .again = true, .first = first, .count = count});
}

static void indicated(uint64_t first)
{
	give(&(struct wt_feed_header){
	        .what = WT_FEED_DATA, .restarts = true, .first = first, .count = 1});
}

static void heartbeat(uint64_t next)
{
	give(&(struct wt_feed_header){
	        .what = WT_FEED_HEARTBEAT, .has_number = true, .first = next});
}

static void reset_to(uint64_t next)
{
	give(&(struct wt_feed_header){.what = WT_FEED_RESET, .first = next});
}

static void run(uint64_t first, uint64_t end)
{
	for (uint64_t number = first; number < end; number++)
		data(number, 1);
}

static struct wt_stream_report stream(uint32_t number)
{
	struct wt_stream_report report;

	wt_tracker_flush(tracker);
	cr_assert_lt(number, wt_tracker_stream_count(tracker));
	wt_tracker_stream(tracker, number, &report);
	cr_assert_eq(report.expected, report.received + report.missing);
	cr_assert_eq(report.missed, report.missing + report.recovered);
	return report;
}

/* The one of a kind, or the `nth`. */
static const struct wt_feed_record *record(enum wt_feed_record_kind kind, size_t nth)
{
	wt_tracker_flush(tracker);
	for (size_t i = 0; i < record_count; i++)
		if (records[i].kind == kind && !nth--)
			return &records[i];
	cr_fatal("there is no such record of kind %d", kind);
	return NULL;
}

static size_t count_of(enum wt_feed_record_kind kind)
{
	size_t count = 0;

	wt_tracker_flush(tracker);
	for (size_t i = 0; i < record_count; i++)
		count += records[i].kind == kind;
	return count;
}

static void expect_numbers(uint64_t expected, uint64_t received, uint64_t missing)
{
	struct wt_stream_report report = stream(0);

	cr_expect_eq(report.expected, expected, "expected %zu", (size_t)report.expected);
	cr_expect_eq(report.received, received, "received %zu", (size_t)report.received);
	cr_expect_eq(report.missing, missing, "missing %zu", (size_t)report.missing);
}

Test(tracker, a_stream_begins_where_it_is_first_seen)
{
	open_one();
	data(100, 5);
	data(105, 1);
	expect_numbers(6, 6, 0);
	cr_expect_eq(record(WT_RECORD_STREAM, 0)->first, 100);
	cr_expect_eq(record_count, 1);
	cr_expect_eq(stream(0).packets, 2);
	cr_expect_eq(stream(0).most_in_packet, 5);
}

Test(tracker, a_gap_says_between_which_packets_it_is)
{
	open_one();
	data(1, 1);
	data(2, 1);
	data(5, 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 3);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->end, 5);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_order, 2);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->order, 3);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->flags, 0);
	expect_numbers(5, 3, 2);
}

Test(tracker, late_packets_do_not_narrow_the_window_of_the_next_gap)
{
	open_one();
	data(1, 1);
	data(3, 1);
	data(2, 1); /* late: nothing says that 4 was not lost before it */
	data(5, 1);
	cr_expect_eq(record(WT_RECORD_GAP, 1)->first, 4);
	cr_expect_eq(record(WT_RECORD_GAP, 1)->after_order, 2);
}

Test(tracker, late_numbers_fill_and_say_which)
{
	open_one();
	data(1, 1);
	data(10, 1);
	data(4, 2);
	cr_expect_eq(record(WT_RECORD_FILL, 0)->first, 4);
	cr_expect_eq(record(WT_RECORD_FILL, 0)->end, 6);
	expect_numbers(10, 4, 6);
	cr_expect_eq(stream(0).recovered, 2);
	cr_expect_eq(stream(0).late, 1);
	cr_expect_eq(stream(0).late_most_ns, MS);
}

Test(tracker, a_heartbeat_shows_what_is_missing_before_it)
{
	open_one();
	data(1, 1);
	heartbeat(2);
	heartbeat(4);
	cr_expect_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->flags, WT_RECORD_BY_HEARTBEAT);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_order, 2);
	expect_numbers(3, 1, 2);
	cr_expect_eq(stream(0).heartbeats, 2);
}

Test(tracker, a_signalled_reset_is_no_gap_forward_or_backward)
{
	open_one();
	run(1, 11);
	reset_to(5000);
	reset_to(5000);
	run(5000, 5010);
	reset_to(1);
	run(1, 4);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 2);
	cr_expect_eq(record(WT_RECORD_RESTART, 0)->flags, WT_RECORD_SIGNALLED);
	expect_numbers(23, 23, 0);
	cr_expect_eq(stream(0).state, WT_FEED_STATE_RESTARTED);
}

Test(tracker, a_reset_that_does_not_say_where_is_no_gap_whatever_comes)
{
	open_one();
	run(1, 11);
	give(&(struct wt_feed_header){.what = WT_FEED_RESET, .anywhere = true, .first = 1});
	give(&(struct wt_feed_header){.what = WT_FEED_RESET, .anywhere = true, .first = 1});
	run(700, 703);
	run(1000, 1001);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	cr_expect_eq(record(WT_RECORD_RESTART, 0)->first, 700);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 703);
	expect_numbers(10 + 301, 14, 297);
}

Test(tracker, late_packets_of_the_run_before_a_reset_do_no_harm)
{
	open_one();
	run(100000, 100010);
	reset_to(1);
	data(1, 1);
	data(100010, 1);
	data(2, 1);
	data(100011, 1);
	data(100012, 1);
	data(3, 1);
	reset_to(1); /* a late copy */
	data(4, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	expect_numbers(14, 14, 0);
	cr_expect_eq(stream(0).too_late, 3);
}

Test(tracker, the_first_packets_that_tell_of_a_reset_are_one)
{
	open_one();
	run(500, 510);
	indicated(2); /* 1 is lost */
	indicated(3);
	data(4, 1);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->end, 2);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_order, 10);
	expect_numbers(14, 13, 1);
}

Test(tracker, copies_of_the_packets_that_told_of_a_reset_do_no_harm)
{
	open_one();
	run(500, 510);
	for (uint64_t i = 1; i < 6; i++)
		indicated(i);
	indicated(1); /* another sender, a little later */
	indicated(2);
	data(6, 1);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	expect_numbers(16, 16, 0);
	cr_expect_eq(stream(0).duplicates, 2);
}

Test(tracker, a_fall_that_a_second_packet_confirms_is_a_restart)
{
	open_one();
	run(5000, 5003);
	data(1, 1);
	expect_numbers(3, 3, 0);
	data(2, 1);
	data(3, 1);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	cr_expect_eq(record(WT_RECORD_RESTART, 0)->flags, 0);
	expect_numbers(6, 6, 0);
}

Test(tracker, a_fall_that_nothing_confirms_is_too_late)
{
	open_one();
	run(5000, 5003);
	data(1, 1);
	run(5003, 5005);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	expect_numbers(5, 5, 0);
	cr_expect_eq(stream(0).too_late, 1);
}

Test(tracker, a_short_run_that_comes_whole_once_more_is_a_restart)
{
	open_one();
	run(1, 301);
	run(1, 8);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	cr_expect_eq(stream(0).duplicates, 7);
	run(8, 20);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	expect_numbers(319, 319, 0);
	cr_expect_eq(stream(0).duplicates, 0);
}

Test(tracker, copies_that_follow_their_originals_are_duplicates)
{
	open_one();
	for (uint64_t i = 1; i < 2000; i++) {
		data(i, 1);
		if (i > 1200)
			data(i - 1200, 1);
	}
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	expect_numbers(1999, 1999, 0);
	cr_expect_eq(stream(0).duplicates, 799);
}

Test(tracker, copies_in_a_row_are_no_restart_where_gaps_were_forgotten)
{
	open_one();
	for (uint64_t i = 1; i < 6000; i += 3)
		data(i, 1);
	for (uint64_t i = 3001; i < 3010; i++)
		data(i, 1);
	data(6001, 1);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	cr_expect_eq(stream(0).too_late, 9);
}

Test(tracker, numbers_roll_over_to_0_and_to_1)
{
	for (uint8_t to = 0; to < 2; to++) {
		preset.rolls_to = to;
		open_one();
		run(0xfffffffe, 0x100000000);
		data(to, 1);
		data((uint64_t)to + 2, 1);
		cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 0x100000001);
		expect_numbers(5, 4, 1);
		fini();
	}
}

Test(tracker, a_jump_of_16_bits_is_confirmed_or_wild)
{
	preset.number_bits = 16;
	preset.begins_at = UINT64_MAX;
	open_one();
	run(65000, 65010);
	data(30000, 1);
	run(65010, 65020);
	cr_expect_eq(stream(0).wild + stream(0).too_late, 1);
	run(30000, 30003);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	expect_numbers(23, 23, 0);
}

Test(tracker, an_absurd_jump_is_believed_on_the_second_packet)
{
	preset.number_bits = 64;
	open_one();
	data(1, 1);
	data(UINT64_C(1) << 40, 1);
	data(2, 1);
	expect_numbers(2, 2, 0);
	cr_expect_eq(stream(0).wild, 1);
	data(UINT64_C(1) << 40, 1);
	data((UINT64_C(1) << 40) + 1, 1);
	expect_numbers(4, 4, 0);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
}

Test(tracker, a_stray_packet_a_million_ahead_is_wild)
{
	open_one();
	run(1, 11);
	data(2000000, 1);
	cr_expect_eq(stream(0).wild, 1); /* if it ended here */
	run(11, 21);
	data(5000000, 1);
	data(9000000, 1);
	run(21, 31);
	cr_expect_eq(stream(0).wild, 3);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	expect_numbers(30, 30, 0);
}

Test(tracker, two_packets_far_ahead_are_a_gap_which_the_first_has_shown)
{
	open_one();
	run(1, 11);
	data(2000000, 3);
	now_ns += 40 * (int64_t)MS;
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	data(2000003, 1);
	cr_assert_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 11);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->end, 2000000);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->order, 11);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->stamp_ns, 1000000 * (int64_t)MS + 10 * (int64_t)MS);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_order, 10);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->held_ms, 41);
	cr_expect_eq(stream(0).wild, 0);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	expect_numbers(2000003, 14, 2000003 - 14);
}

Test(tracker, a_million_is_believed_at_once)
{
	open_one();
	data(1, 1);
	data(1000002, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->held_ms, 0);
}

Test(tracker, what_is_lost_or_out_of_order_after_a_jump_confirms_it_all_the_same)
{
	open_one();
	data(1, 1);
	data(2000001, 1);
	data(2000005, 1);
	expect_numbers(2000005, 3, 2000002);
	data(5000001, 1);
	data(5000000, 1);
	expect_numbers(5000001, 5, 4999996);
	cr_expect_eq(stream(0).recovered, 1);
	cr_expect_eq(stream(0).wild, 0);
	cr_expect_eq(count_of(WT_RECORD_GAP), 3);
}

Test(tracker, what_is_late_says_nothing_about_a_jump)
{
	open_one();
	data(1, 1);
	data(3, 1);
	data(2000000, 1);
	data(2, 1);
	data(3, 1);
	data(2000001, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 2);
	cr_expect_eq(record(WT_RECORD_GAP, 1)->order, 3);
	cr_expect_eq(record(WT_RECORD_GAP, 1)->after_order, 2);
	cr_expect_eq(stream(0).recovered, 1);
	cr_expect_eq(stream(0).duplicates, 1);
	cr_expect_eq(stream(0).wild, 0);
}

Test(tracker, a_copy_of_a_stray_packet_confirms_nothing)
{
	open_one();
	data(1, 1);
	data(2000000, 1);
	data(2000000, 1);
	data(2, 1);
	cr_expect_eq(stream(0).wild, 2);
	expect_numbers(2, 2, 0);
}

Test(tracker, heartbeats_far_ahead_are_believed_on_the_third_or_with_data)
{
	open_one();
	data(1, 1);
	heartbeat(2000000);
	heartbeat(2000000);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	heartbeat(2000000);
	cr_assert_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->order, 2);
	cr_expect_neq(record(WT_RECORD_GAP, 0)->flags & WT_RECORD_BY_HEARTBEAT, 0);
	heartbeat(4000000);
	data(4000000, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 2);
	heartbeat(9000000);
	data(4000001, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 2);
	cr_expect_eq(stream(0).wild, 1);
	expect_numbers(4000001, 3, 3999998);
}

Test(tracker, what_is_held_comes_to_nothing_at_a_reset_and_in_a_state)
{
	char *text;
	size_t bytes;

	open_one();
	data(1, 1);
	data(2000000, 1);
	cr_assert_eq(wt_tracker_save(tracker, &text, &bytes), 0);
	cr_expect(strstr(text, " wild=1") != NULL, "%s", text);
	free(text);
	give(&(struct wt_feed_header){.what = WT_FEED_RESET, .first = 1});
	data(1, 1);
	cr_expect_eq(stream(0).wild, 1);
	expect_numbers(2, 2, 0);
}

Test(tracker, a_jump_over_the_roll_over_is_a_gap)
{
	open_one();
	run(4294000000, 4294000003);
	data(3000000, 1);
	data(3000001, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	expect_numbers(3000001 + (1ULL << 32) - 4294000000 + 1, 5,
	               3000001 + (1ULL << 32) - 4294000000 + 1 - 5);
}

Test(tracker, a_32_bit_fall_from_far_above_is_no_jump_over_the_roll_over)
{
	open_one();
	run(3000000000, 3000000003);
	run(1, 4);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	expect_numbers(6, 6, 0);
}

Test(tracker, a_new_session_has_lost_what_is_below_its_first_packet)
{
	open_one();
	data_of(7, 1000, 1);
	data_of(7, 1001, 1);
	data_of(8, 4, 1);
	cr_expect_eq(count_of(WT_RECORD_STATE), 0);
	data_of(7, 1002, 1);
	data_of(8, 5, 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->stream, 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->end, 4);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_order, 2);
	cr_expect_eq(record(WT_RECORD_STATE, 0)->stream, 0);
	cr_expect_eq(record(WT_RECORD_STATE, 0)->state, WT_FEED_STATE_ENDED);
	data_of(7, 1003, 1); /* the other goes on for a while */
	data_of(8, 6, 1);
	cr_expect_eq(count_of(WT_RECORD_STATE), 1);
	cr_expect_eq(stream(0).expected, 4);
	cr_expect_eq(stream(1).expected, 6);
	cr_expect_eq(stream(1).missing, 3);
}

Test(tracker, two_sessions_that_both_go_on_are_both_live)
{
	open_one();
	for (uint64_t i = 1; i < 10100; i++) {
		data_of(7, i, 1);
		data_of(8, i, 1);
	}
	cr_expect_eq(count_of(WT_RECORD_STATE), 2);
	cr_expect_eq(stream(0).state, WT_FEED_STATE_LIVE);
	cr_expect_eq(stream(1).state, WT_FEED_STATE_LIVE);
}

Test(tracker, a_new_session_that_may_begin_anywhere_has_lost_nothing_at_its_start)
{
	open_one();
	data_of(7, 1000, 1);
	give(&(struct wt_feed_header){
	        .what = WT_FEED_RESET, .session = 8, .anywhere = true, .first = 1});
	data_of(8, 50, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	cr_expect_eq(stream(1).expected, 1);
}

Test(tracker, what_is_sent_again_closes_gaps_and_opens_none)
{
	open_one();
	run(1, 11);
	data(20, 1);
	again(9, 4);
	again(50, 2);
	cr_expect_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(record(WT_RECORD_FILL, 0)->first, 11);
	cr_expect_eq(record(WT_RECORD_FILL, 0)->end, 13);
	cr_expect_eq(record(WT_RECORD_FILL, 0)->flags, WT_RECORD_AGAIN);
	expect_numbers(20, 13, 7);
	cr_expect_eq(stream(0).duplicates, 0);
	cr_expect_eq(stream(0).again, 6);
}

Test(tracker, a_stream_does_not_begin_with_what_is_sent_again)
{
	open_one();
	again(5, 2);
	data(1000, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	expect_numbers(1, 1, 0);
	cr_expect_eq(stream(0).again, 2);
}

Test(tracker, three_heartbeats_of_nothing_are_silence_whenever_anybody_looks)
{
	int64_t last;

	open_one();
	data(1, 1);
	last = now_ns - MS;
	wt_tracker_tick(tracker, last + 3000 * (int64_t)MS);
	cr_expect_eq(count_of(WT_RECORD_STATE), 0);
	wt_tracker_tick(tracker, last + 5000 * (int64_t)MS);
	cr_expect_eq(record(WT_RECORD_STATE, 0)->state, WT_FEED_STATE_SILENT);
	cr_expect_eq(record(WT_RECORD_STATE, 0)->stamp_ns, last + 3000 * (int64_t)MS);
	cr_expect_eq(stream(0).state, WT_FEED_STATE_SILENT);
	now_ns = last + 6000 * (int64_t)MS;
	data(2, 1);
	cr_expect_eq(record(WT_RECORD_STATE, 1)->state, WT_FEED_STATE_LIVE);
	now_ns += 4000 * (int64_t)MS;
	data(3, 1); /* nobody has looked */
	cr_expect_eq(record(WT_RECORD_STATE, 2)->state, WT_FEED_STATE_SILENT);
	cr_expect_eq(record(WT_RECORD_STATE, 2)->stamp_ns, last + 9000 * (int64_t)MS);
	cr_expect_eq(record(WT_RECORD_STATE, 3)->state, WT_FEED_STATE_LIVE);
	expect_numbers(3, 3, 0);
}

Test(tracker, every_stream_falls_silent)
{
	open_one();
	for (uint64_t session = 1; session <= 3; session++)
		data_of(session, 1, 1);
	wt_tracker_tick(tracker, now_ns + 5000 * (int64_t)MS);
	cr_expect_eq(count_of(WT_RECORD_STATE), 3);
}

Test(tracker, loops_count_cycles_and_have_no_gaps)
{
	channel_list[0].kind = WT_FEED_LOOP;
	open_one();
	run(5, 10); /* not from its start: not counted */
	run(1, 10);
	run(1, 4);
	run(6, 10);
	run(1, 10);
	data(1, 1);
	cr_expect_eq(record_count + count_of(WT_RECORD_GAP) + count_of(WT_RECORD_RESTART), 1);
	cr_expect_eq(stream(0).cycles, 3);
	cr_expect_eq(stream(0).complete_cycles, 2);
	expect_numbers(5 + 9 + 9 + 9 + 1, 5 + 9 + 7 + 9 + 1, 2);
}

Test(tracker, pairs_and_retransmissions_report_arrivals)
{
	address(&channel_list[0].sides[WT_FEED_B], 2, 5000);
	address(&channel_list[0].sides[WT_FEED_R], 3, 5000);
	open_one();
	data(10, 2);
	data(13, 1);
	data(12, 1);
	data(12, 1);
	side_number = 2;
	data(3, 1);
	data(1, 1);
	cr_expect_eq(count_of(WT_RECORD_ARRIVAL), 5);
	cr_expect_eq(record(WT_RECORD_ARRIVAL, 0)->first, 10);
	cr_expect_eq(record(WT_RECORD_ARRIVAL, 0)->end, 12);
	cr_expect_eq(record(WT_RECORD_ARRIVAL, 3)->first, 3);
	cr_expect_eq(record(WT_RECORD_ARRIVAL, 3)->stream, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(stream(1).received, 2);
}

Test(tracker, sides_agree_on_the_part_of_a_roll_over)
{
	address(&channel_list[0].sides[WT_FEED_B], 2, 5000);
	open_one();
	data(0xffffffff, 1);
	data(0, 1);
	side_number = 1;
	data(1, 1);
	cr_expect_eq(record(WT_RECORD_STREAM, 1)->stream, 1);
	cr_expect_eq(stream(1).next, 0x100000002);
}

Test(tracker, packets_of_more_streams_than_there_is_room_for_are_counted)
{
	struct wt_tracker_totals totals;

	open_with(&channels, 2);
	for (uint64_t session = 1; session < 5; session++)
		data_of(session, 1, 1);
	wt_tracker_totals(tracker, &totals);
	cr_expect_eq(totals.streams, 2);
	cr_expect_eq(totals.table_full, 2);
}

/* The state of one tracker, in another. */
static void carry_over(void)
{
	struct wt_error err;
	size_t bytes, left_out;
	char *text;

	cr_assert_eq(wt_tracker_save(tracker, &text, &bytes), 0);
	fini();
	open_one();
	cr_assert_eq(wt_tracker_load(tracker, text, bytes, &left_out, &err), 0, "%s", err.text);
	cr_assert_eq(left_out, 0);
	free(text);
	wt_tracker_interface(tracker, 0, "", 1);
	now_ns += 3600000 * (int64_t)MS;
}

Test(tracker, a_state_goes_on_where_it_was_and_late_fills_are_right)
{
	struct wt_stream_report before, after;

	open_one();
	wt_tracker_interface(tracker, 0, "", 1);
	run(1, 11);
	run(13, 16);
	heartbeat(20);
	before = stream(0);
	carry_over();
	after = stream(0);
	after.order = before.order;
	cr_expect_eq(memcmp(&before, &after, sizeof(before)), 0);
	data(12, 1);
	data(25, 1);
	cr_expect_eq(record(WT_RECORD_STREAM, 0)->first, 20);
	cr_expect_eq(record(WT_RECORD_FILL, 0)->first, 12);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 20);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_ns, INT64_MIN);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_order, 0);
	cr_expect_eq(count_of(WT_RECORD_STATE), 0);
	expect_numbers(25, 10 + 3 + 2, 10);
}

Test(tracker, a_state_may_come_after_its_interfaces)
{
	struct wt_error err;
	size_t bytes, left_out;
	char *text;

	open_one();
	wt_tracker_interface(tracker, 0, "eth7", 1);
	run(1, 11);
	cr_assert_eq(wt_tracker_save(tracker, &text, &bytes), 0);
	fini();
	open_one();
	wt_tracker_interface(tracker, 3, "eth7", 1);
	cr_assert_eq(wt_tracker_load(tracker, text, bytes, &left_out, &err), 0, "%s", err.text);
	free(text);
	cr_expect_eq(stream(0).next, 11);
	cr_expect_eq(stream(0).interface, 3);
}

Test(tracker, a_state_of_retransmissions_counts_what_came_whatever_its_numbers)
{
	channel_list[0].kind = WT_FEED_RETRANSMISSION;
	open_one();
	wt_tracker_interface(tracker, 0, "", 1);
	run(5000, 5010);
	carry_over();
	run(7000, 7010);
	expect_numbers(20, 20, 0);
	carry_over();
	run(100, 110);
	expect_numbers(30, 30, 0);
	carry_over();
	expect_numbers(30, 30, 0);
}

Test(tracker, a_state_is_kept_for_interfaces_that_are_not_there_today)
{
	open_one();
	wt_tracker_interface(tracker, 0, "eth7", 1);
	run(1, 11);
	carry_over();
	cr_expect_eq(wt_tracker_stream_count(tracker), 0);
	carry_over();
	wt_tracker_interface(tracker, 5, "eth7", 1);
	cr_expect_eq(stream(0).next, 11);
	cr_expect_eq(stream(0).interface, 5);
}

Test(tracker, a_new_session_after_a_state_begins_where_it_is_seen)
{
	open_one();
	wt_tracker_interface(tracker, 0, "", 1);
	data_of(7, 1, 1);
	carry_over();
	data_of(8, 5, 1);
	data_of(8, 6, 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 0);
	cr_expect_eq(count_of(WT_RECORD_STATE), 0);
	cr_expect_eq(stream(0).state, WT_FEED_STATE_ENDED);
}

static int load(const char *text)
{
	struct wt_error err;
	size_t left_out;

	return wt_tracker_load(tracker, text, strlen(text), &left_out, &err);
}

Test(tracker, a_state_that_is_wrong_is_refused)
{
	open_one();
	cr_expect_eq(load(""), -EBADMSG);
	cr_expect_eq(load("wiretape-tracker 2\n"), -ENOTSUP);
	cr_expect_eq(load("wiretape-tracker 1\n"), 0);
	cr_expect_eq(load("wiretape-tracker 1\nstream channel=\"x\n"), -EBADMSG);
	cr_expect_eq(load("wiretape-tracker 1\nstream first=5 next=4\n"), -EBADMSG);
	cr_expect_eq(load("wiretape-tracker 1\nstream next=4\n"), -EBADMSG);
	cr_expect_eq(
	        load("wiretape-tracker 1\nstream next=4 received=3 missing=1 open=\"1-3@0\"\n"),
	        -EBADMSG);
	cr_expect_eq(load("wiretape-tracker 1\nstream next=-4\n"), -EBADMSG);
	cr_expect_eq(load("wiretape-tracker 1\nstream tomorrow=new\n"), 0);
}

/* Frames as they come from a ring. */
static uint32_t frame_for(uint8_t *bytes, size_t room, uint64_t sequence)
{
	struct wt_mold_template_config config = {.frame_bytes = 100};

	cr_assert_geq(wt_mold_template_build(&config, bytes, room, NULL), 0);
	wt_mold_template_set_sequence(bytes, sequence);
	return 100;
}

static struct wt_feed_channel *mold_channel(void)
{
	struct wt_feed_channel *channel = &channel_list[0];

	channel->preset = wt_preset_find("moldudp64");
	channel->sides[WT_FEED_A] =
	        (struct wt_feed_address){.used = true, .ip = {233, 252, 0, 1}, .port = 26477};
	return channel;
}

Test(tracker, frames_are_followed_to_their_streams)
{
	static uint8_t bytes[100][128];
	struct wt_frame frames[100];
	struct wt_tracker_totals totals;

	mold_channel();
	open_one();
	for (size_t i = 0; i < 100; i++) {
		uint32_t length = frame_for(bytes[i], sizeof(bytes[i]), 1 + i + (i >= 70));

		frames[i] = (struct wt_frame){.data = bytes[i],
		                              .caplen = length,
		                              .len = length,
		                              .stamp_ns = now_ns + (int64_t)i};
	}
	bytes[20][30]++; /* another group */
	wt_tracker_frames(tracker, 0, frames, 100, 1);
	wt_tracker_totals(tracker, &totals);
	cr_expect_eq(totals.frames, 100);
	cr_expect_eq(totals.matched, 99);
	cr_expect_eq(totals.unrecognised, 0);
	expect_numbers(101, 99, 2);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->first, 21);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->after_order, 20);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->order, 22);
	cr_expect_eq(record(WT_RECORD_GAP, 1)->order, 71);
	cr_expect_str_eq(stream(0).session, "WIRETAPE");
}

Test(tracker, a_channel_that_names_an_interface_matches_there_alone)
{
	static uint8_t bytes[128];
	struct wt_frame frame = {.data = bytes, .stamp_ns = 5};
	struct wt_tracker_totals totals;

	snprintf(mold_channel()->sides[WT_FEED_A].interface, WT_FEED_INTERFACE_BYTES, "eth1");
	open_one();
	frame.caplen = frame.len = frame_for(bytes, sizeof(bytes), 1);
	cr_assert_eq(wt_tracker_interface(tracker, 0, "eth0", 1), 0);
	cr_assert_eq(wt_tracker_interface(tracker, 3, "eth1", 1), 0);
	cr_assert_neq(wt_tracker_interface(tracker, 256, "eth2", 1), 0);
	wt_tracker_frames(tracker, 0, &frame, 1, 1);
	wt_tracker_frames(tracker, 3, &frame, 1, 1);
	wt_tracker_totals(tracker, &totals);
	cr_expect_eq(totals.matched, 1);
	cr_expect_eq(stream(0).interface, 3);
}

Test(tracker, a_udp_socket_goes_by_the_name_of_its_interface_too)
{
	static const struct {
		const char *name;
		bool is_its;
	} sockets[] = {
	        {"239.1.1.1:5000@eth1", true}, {"239.1.1.1:5000@eth1,source=10.0.0.1", true},
	        {"[ff0e::1]:5000@eth1", true}, {"239.1.1.1:5000@eth10", false},
	        {"239.1.1.1:5000@eth", false}, {"239.1.1.1:5000", false},
	        {"239.1.1.1@eth1", false},
	};
	static uint8_t bytes[128];
	struct wt_frame frame = {.data = bytes, .stamp_ns = 5};
	struct wt_tracker_totals totals;
	uint64_t matched = 0;

	snprintf(mold_channel()->sides[WT_FEED_A].interface, WT_FEED_INTERFACE_BYTES, "eth1");
	open_one();
	frame.caplen = frame.len = frame_for(bytes, sizeof(bytes), 1);
	for (uint32_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		cr_assert_eq(wt_tracker_interface(tracker, i, sockets[i].name, 1), 0);
		wt_tracker_frames(tracker, i, &frame, 1, 1);
		wt_tracker_totals(tracker, &totals);
		matched += sockets[i].is_its;
		cr_expect_eq(totals.matched, matched, "%s", sockets[i].name);
	}
}

/* A payload after Ethernet, IPv6 and UDP headers. */
static uint32_t ipv6_frame(uint8_t *bytes, const uint8_t *payload, uint8_t length)
{
	static const uint8_t ethernet[] = {0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd};
	uint8_t *ip = bytes + sizeof(ethernet);

	memset(bytes, 0, 128);
	memcpy(bytes, ethernet, sizeof(ethernet));
	ip[0] = 0x60;
	ip[5] = ip[45] = (uint8_t)(8 + length);
	ip[6] = 17;
	ip[24] = 0xff;
	ip[25] = 0x15;
	ip[39] = 1;
	ip[42] = 5000 >> 8;
	ip[43] = 5000 & 0xff;
	memcpy(ip + 48, payload, length);
	return (uint32_t)(sizeof(ethernet) + 48 + length);
}

static void give_frame(uint32_t interface, const uint8_t *bytes, uint32_t length)
{
	struct wt_frame frame = {
	        .data = bytes, .caplen = length, .len = length, .stamp_ns = now_ns};

	wt_tracker_frames(tracker, interface, &frame, 1, ++order);
}

static struct wt_tracker_totals totals(void)
{
	struct wt_tracker_totals now;

	wt_tracker_totals(tracker, &now);
	return now;
}

Test(tracker, no_frame_outside_of_those_given_is_looked_at)
{
	static const size_t counts[] = {5, 20, 100};
	static uint8_t bytes[128];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *memory = mmap(NULL, 6 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t given = 0;

	cr_assert_neq(memory, MAP_FAILED);
	cr_assert_eq(mprotect(memory + page, 4 * page, PROT_READ | PROT_WRITE), 0);
	mold_channel();
	open_one();
	for (size_t i = 0; i < 2 * sizeof(counts) / sizeof(counts[0]); i++) {
		size_t count = counts[i / 2];
		struct wt_frame *frames = (void *)(memory + page);

		if (i % 2)
			frames = (void *)(memory + 5 * page - count * sizeof(*frames));
		for (size_t j = 0; j < count; j++)
			frames[j] = (struct wt_frame){.data = bytes,
			                              .caplen = frame_for(bytes, sizeof(bytes), 1),
			                              .len = 100,
			                              .stamp_ns = now_ns};
		wt_tracker_frames(tracker, 0, frames, count, 1);
		given += count;
		cr_expect_eq(totals().matched, given);
	}
	munmap(memory, 6 * page);
}

Test(tracker, frames_of_an_interface_that_there_cannot_be_are_left_out)
{
	uint8_t bytes[128];
	uint32_t length;

	mold_channel();
	open_one();
	length = frame_for(bytes, sizeof(bytes), 1);
	give_frame(WT_SIDE_INTERFACES, bytes, length);
	cr_expect_eq(totals().frames, 0);
}

Test(tracker, ethernet_is_looked_for_only_on_ethernet)
{
	enum { USER = 147 };
	uint8_t bytes[128];
	uint32_t length;

	mold_channel();
	open_one();
	length = frame_for(bytes, sizeof(bytes), 1);
	cr_assert_eq(wt_tracker_interface(tracker, 0, "tap", USER), 0);
	give_frame(0, bytes, length);
	cr_expect_eq(totals().matched, 0);
}

Test(tracker, groups_of_ipv6_are_matched)
{
	uint8_t mold[128], bytes[256];

	mold_channel()->sides[WT_FEED_A] = (struct wt_feed_address){
	        .used = true, .is_ipv6 = true, .ip = {0xff, 0x15, [15] = 1}, .port = 5000};
	open_one();
	frame_for(mold, sizeof(mold), 7);
	give_frame(0, bytes, ipv6_frame(bytes, mold + 42, 58));
	bytes[14 + 38]++; /* another group */
	give_frame(0, bytes, 14 + 48 + 58);
	cr_expect_eq(totals().matched, 1);
	cr_expect_eq(stream(0).next, 8);
}

Test(tracker, frames_are_matched_behind_vlan_tags_and_without_a_link_layer)
{
	uint8_t mold[128], tagged[256] = {0};

	mold_channel();
	open_one();
	wt_tracker_interface(tracker, 1, "tun0", 101);
	for (uint32_t tags = 0; tags < 3; tags++) {
		uint32_t length = frame_for(mold, sizeof(mold), 1 + tags);

		memcpy(tagged, mold, 12);
		for (uint32_t i = 0; i < tags; i++)
			memcpy(tagged + 12 + 4 * i, "\x81\x00\x00\x05", 4);
		memcpy(tagged + 12 + 4 * tags, mold + 12, length - 12);
		give_frame(0, tagged, length + 4 * tags);
	}
	give_frame(1, mold + 14, 100 - 14);
	cr_expect_eq(totals().matched, 4);
	cr_expect_eq(stream(0).received, 3);
	cr_expect_eq(stream(1).interface, 1);
}

Test(tracker, later_fragments_are_counted_and_first_ones_matched)
{
	uint8_t bytes[128];

	mold_channel();
	open_one();
	frame_for(bytes, sizeof(bytes), 1);
	bytes[20] = 0x20; /* more follow */
	give_frame(0, bytes, 100);
	cr_expect_eq(totals().fragments, 0);
	bytes[21] = 5;
	give_frame(0, bytes, 100);
	cr_expect_eq(totals().matched, 1);
	cr_expect_eq(totals().fragments, 1);
}

Test(tracker, what_is_not_of_the_preset_is_unrecognised)
{
	uint8_t bytes[128];

	mold_channel();
	open_one();
	frame_for(bytes, sizeof(bytes), 1);
	bytes[42 + 19] = 200; /* messages, more than there are bytes */
	give_frame(0, bytes, 100);
	cr_expect_eq(totals().matched, 1);
	cr_expect_eq(totals().unrecognised + wt_tracker_stream_count(tracker), 1);
}

Test(tracker, a_datagram_without_a_header_is_unrecognised)
{
	uint8_t bytes[128];

	mold_channel()->preset = wt_preset_find("iextp");
	open_one();
	frame_for(bytes, sizeof(bytes), 1);
	give_frame(0, bytes, 100); /* of another version */
	cr_expect_eq(totals().matched, 1);
	cr_expect_eq(totals().unrecognised, 1);
	cr_expect_eq(wt_tracker_stream_count(tracker), 0);
}

Test(tracker, all_headers_of_a_datagram_are_taken_however_many_there_are)
{
	enum { PACKETS = 100, BYTES = 12 };
	static uint8_t payload[PACKETS * BYTES], frame[42 + sizeof(payload)];
	const struct wt_preset *mach = wt_preset_find("mach");
	struct wt_frame frames[4];
	struct wt_udp_flow flow = {.group = 0xefff0101, .port = 5000, .source_port = 1, .ttl = 1};
	size_t at = 0, last = 0;

	for (uint64_t i = 0; i < PACKETS; i++) {
		struct wt_feed_header header = {
		        .what = WT_FEED_DATA, .first = 1 + 2 * i, .count = 1, .session = 1};
		int bytes =
		        wt_preset_write(mach, payload + at, sizeof(payload) - at, &header, 0, 0);

		if (bytes < 0)
			break;
		last = at;
		at += (size_t)bytes;
	}
	cr_assert_gt(at, WT_FEED_HEADERS_MAX * BYTES);
	memcpy(frame + 42, payload, at);
	cr_assert_eq(wt_udp_build(frame, &flow, 1, at), 0);
	channel_list[0].preset = mach;
	channel_list[0].sides[WT_FEED_A] =
	        (struct wt_feed_address){.used = true, .ip = {239, 255, 1, 1}, .port = 5000};
	open_one();
	for (size_t i = 0; i < 4; i++)
		frames[i] = (struct wt_frame){.data = frame,
		                              .caplen = (uint32_t)(42 + at),
		                              .len = (uint32_t)(42 + at),
		                              .stamp_ns = now_ns};
	wt_tracker_frames(tracker, 0, frames, 4, 1);
	cr_expect_eq(wt_tracker_stream_count(tracker), 1);
	cr_expect_gt(stream(0).received, WT_FEED_HEADERS_MAX);
	cr_expect_eq(stream(0).missing, stream(0).received - 1);
	cr_expect_eq(stream(0).packets, 4 * stream(0).received);
	/* The last one says that it has more bytes than there are. */
	fini();
	open_one();
	frame[42 + last + mach->length.offset]++;
	give_frame(0, frame, (uint32_t)(42 + at));
	cr_expect_eq(stream(0).received, WT_FEED_HEADERS_MAX);
}

Test(tracker, a_channel_without_interface_has_what_no_other_names)
{
	uint8_t bytes[128];

	channel_list[1] = *mold_channel();
	snprintf(channel_list[1].name, sizeof(channel_list[1].name), "named");
	snprintf(channel_list[1].sides[WT_FEED_A].interface, WT_FEED_INTERFACE_BYTES, "eth1");
	channels.count = 2;
	open_one();
	wt_tracker_interface(tracker, 0, "eth0", 1);
	wt_tracker_interface(tracker, 1, "eth1", 1);
	frame_for(bytes, sizeof(bytes), 1);
	give_frame(1, bytes, 100);
	give_frame(0, bytes, 100);
	cr_expect_str_eq(stream(0).channel->name, "named");
	cr_expect_str_eq(stream(1).channel->name, "test");
}

Test(tracker, numbers_of_35_bits_roll_over)
{
	preset.number_bits = 35;
	open_one();
	run(0x7fffffffe, 0x800000000);
	data(0, 1);
	data(3, 1);
	expect_numbers(6, 4, 2);
	cr_expect_eq(stream(0).next, 0x800000004);
}

Test(tracker, a_fall_to_where_an_unknown_start_was_is_a_restart)
{
	preset.begins_at = UINT64_MAX;
	open_one();
	run(7, 2007);
	now_ns += 11000 * (int64_t)MS; /* nobody's copies */
	run(7, 10);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	expect_numbers(2003, 2003, 0);
}

Test(tracker, copies_of_the_first_packets_of_a_run_are_no_restart)
{
	open_one();
	run(1, 2001);
	run(1, 8);
	run(2001, 2002);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	cr_expect_eq(stream(0).duplicates, 7);
	run(1, 10);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	expect_numbers(2010, 2010, 0);
}

Test(tracker, an_old_heartbeat_and_a_copy_of_what_it_promised_are_no_restart)
{
	for (uint64_t end = 301; end <= 2001; end += 1700) {
		open_one();
		run(1, end);
		heartbeat(1);
		data(1, 1);
		data(end, 1);
		data(1, 1);
		heartbeat(2);
		data(end + 1, 1);
		cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
		expect_numbers(end + 1, end + 1, 0);
		cr_expect_eq(stream(0).duplicates, 2);
		fini();
	}
}

Test(tracker, heartbeats_that_agree_on_the_start_are_a_restart)
{
	open_one();
	run(1, 301);
	heartbeat(1);
	heartbeat(1);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	heartbeat(1);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	run(1, 3);
	expect_numbers(302, 302, 0);
	cr_expect_eq(stream(0).duplicates, 0);
}

Test(tracker, data_after_heartbeats_at_the_start_is_a_restart_if_it_goes_on)
{
	open_one();
	run(1, 301);
	heartbeat(1);
	heartbeat(1);
	run(1, 6);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 0);
	run(6, 9);
	cr_expect_eq(count_of(WT_RECORD_RESTART), 1);
	expect_numbers(308, 308, 0);
}

Test(tracker, stamps_that_run_backwards_are_told_with_the_gap)
{
	open_one();
	data(1, 1);
	now_ns -= 10 * MS;
	data(5, 1);
	cr_expect_eq(record(WT_RECORD_GAP, 0)->flags, WT_RECORD_BACKWARD);
}

Test(tracker, an_end_is_told_once_and_data_after_it_is_life)
{
	struct wt_feed_header end = {.what = WT_FEED_END, .has_number = true, .first = 5};

	open_one();
	run(1, 4);
	give(&end);
	give(&end);
	cr_expect_eq(count_of(WT_RECORD_STATE), 1);
	cr_expect_eq(count_of(WT_RECORD_GAP), 1);
	cr_expect_eq(stream(0).state, WT_FEED_STATE_ENDED);
	wt_tracker_tick(tracker, now_ns + 100000 * (int64_t)MS);
	cr_expect_eq(count_of(WT_RECORD_STATE), 1);
	data(5, 1);
	cr_expect_eq(record(WT_RECORD_STATE, 1)->state, WT_FEED_STATE_LIVE);
}
