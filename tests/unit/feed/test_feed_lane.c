/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/feed_merge.h>

#include <errno.h>
#include <string.h>

#include <wiretape/feed/stream/header_reader.h>
#include <wiretape/packet/udp_packet.h>

#include "support/feed_run.h"
#include "support/unit.h"

#define S  INT64_C(1000000000)
#define T0 INT64_C(1700000000000000000)

enum { ROOM = 16, USABLE = 12 };

static const char *const feeds[] = {"moldudp64@239.1.1.1:5000,name=x", NULL};

/* Two lanes of eth0 with small queues. */
static struct feed_run *open_two(void)
{
	return run_open_lanes(feeds, 1, 2, ROOM, S);
}

static void give_session(struct feed_run *run, uint32_t lane, uint64_t session, uint64_t number,
                         int64_t stamp_ns, uint64_t dropped)
{
	struct wt_feed_header header = {
	        .session = session, .first = number, .count = 1, .what = WT_FEED_DATA};
	struct run_frame made;

	run_make(run, 0, WT_FEED_A, &header, stamp_ns, &made);
	made.frame.dropped_before = dropped;
	wt_feed_lane_frames(run->lanes[lane][0], &made.frame, 1);
}

static void give(struct feed_run *run, uint32_t lane, uint64_t number, int64_t stamp_ns,
                 uint64_t dropped)
{
	give_session(run, lane, 1, number, stamp_ns, dropped);
}

/* A frame of no channel. */
static void give_other(struct feed_run *run, uint32_t lane, int64_t stamp_ns, uint64_t dropped)
{
	static const uint8_t bytes[60];
	struct wt_frame frame = {.data = bytes,
	                         .caplen = sizeof(bytes),
	                         .len = sizeof(bytes),
	                         .stamp_ns = stamp_ns,
	                         .dropped_before = dropped};

	wt_feed_lane_frames(run->lanes[lane][0], &frame, 1);
}

/* What comes next of a lane. */
struct next {
	const struct wt_sighting *sighting;
	const struct wt_sighting_names *names;
	int64_t until_ns;
	bool is_there;
};

static struct next peek(struct feed_run *run, uint32_t lane)
{
	struct next next = {0};

	next.is_there =
	        wt_feed_lane_peek(run->lanes[lane][0], &next.sighting, &next.names, &next.until_ns);
	return next;
}

static void expect_next(struct feed_run *run, enum wt_sighting_kind kind, uint64_t order,
                        int64_t stamp_ns, int line)
{
	struct next next = peek(run, 0);

	cr_assert(next.is_there, "line %d", line);
	cr_expect_eq(next.sighting->kind, kind, "line %d: %u", line, next.sighting->kind);
	cr_expect_eq(next.sighting->order, order, "line %d: %llu", line,
	             (unsigned long long)next.sighting->order);
	cr_expect_eq(next.sighting->stamp_ns, stamp_ns, "line %d", line);
	wt_feed_lane_take(run->lanes[0][0]);
}

static void expect_none(struct feed_run *run, int64_t promise_ns, int line)
{
	struct next next = peek(run, 0);

	cr_expect_eq(next.is_there, false, "line %d", line);
	cr_expect_eq(next.until_ns, promise_ns, "line %d: %lld", line, (long long)next.until_ns);
}

static struct wt_tracker_totals totals_of(struct feed_run *run)
{
	struct wt_tracker_totals totals;

	wt_tracker_totals(wt_feed_monitor_tracker(run->monitor), &totals);
	return totals;
}

/* The first takes two places, for its names. */
static void fill_up(struct feed_run *run)
{
	for (uint64_t number = 1; number < USABLE; number++)
		give(run, 0, number, T0 + (int64_t)number, 0);
	cr_assert_eq(wt_feed_lane_unfollowed(run->lanes[0][0]), 0);
}

static void take(struct feed_run *run, size_t count)
{
	while (count--) {
		cr_assert(peek(run, 0).is_there);
		wt_feed_lane_take(run->lanes[0][0]);
	}
	wt_feed_lane_release(run->lanes[0][0]);
}

Test(feed_lane, hands_on_headers_and_names_what_is_new)
{
	struct feed_run *run = open_two();
	struct next next;

	expect_none(run, INT64_MIN, __LINE__);
	give(run, 0, 7, T0, 0);
	give_other(run, 0, T0 + 1, 0);
	give(run, 0, 8, T0 + 2, 0);
	give_session(run, 0, 2, 1, T0 + 3, 0);
	next = peek(run, 0);
	cr_assert(next.is_there);
	cr_assert(next.names != NULL);
	cr_expect_str_eq(next.names->session, "00000001");
	cr_expect_eq(next.sighting->header.first, 7);
	cr_expect_eq(next.sighting->header.count, 1);
	cr_expect_eq(next.until_ns, T0);
	expect_next(run, WT_SIGHTING_HEADER, 1, T0, __LINE__);
	cr_expect(peek(run, 0).names == NULL);
	expect_next(run, WT_SIGHTING_HEADER, 3, T0 + 2, __LINE__);
	cr_expect(peek(run, 0).names != NULL);
	expect_next(run, WT_SIGHTING_HEADER, 4, T0 + 3, __LINE__);
	expect_none(run, T0 + 3, __LINE__);
	wt_feed_lane_end(run->lanes[0][0]);
	expect_none(run, INT64_MAX, __LINE__);
	run_close(run);
}

Test(feed_lane, a_promise_only_rises_by_time)
{
	struct feed_run *run = open_two();

	wt_feed_lane_quiet(run->lanes[0][0], T0, 0);
	expect_none(run, T0, __LINE__);
	wt_feed_lane_quiet(run->lanes[0][0], T0 - 1, 0);
	expect_none(run, T0, __LINE__);
	wt_feed_lane_frames(run->lanes[0][0], NULL, 0);
	expect_none(run, T0, __LINE__);
	give_other(run, 0, T0 + 5, 0);
	expect_none(run, T0 + 5, __LINE__);
	run_close(run);
}

Test(feed_lane, a_drop_lies_between_two_packets_of_any_kind)
{
	struct feed_run *run = open_two();

	give_other(run, 0, T0, 0);
	give_other(run, 0, T0 + 1, 3);
	cr_expect_eq(peek(run, 0).sighting->packets, 3);
	expect_next(run, WT_SIGHTING_DROP, 1, T0, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 2, T0 + 1, __LINE__);
	give(run, 0, 1, T0 + 2, 4);
	cr_expect_eq(peek(run, 0).sighting->packets, 4);
	expect_next(run, WT_SIGHTING_DROP, 2, T0 + 1, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 3, T0 + 2, __LINE__);
	expect_next(run, WT_SIGHTING_HEADER, 3, T0 + 2, __LINE__);
	expect_none(run, T0 + 2, __LINE__);
	run_close(run);
}

Test(feed_lane, drops_before_all_come_before_all)
{
	struct feed_run *run = open_two();

	give_other(run, 0, T0, 3);
	expect_next(run, WT_SIGHTING_DROP, 0, INT64_MIN, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 1, T0, __LINE__);
	run_close(run);
}

Test(feed_lane, drops_that_a_quiet_ring_tells_of_are_not_told_twice)
{
	struct feed_run *run = open_two();

	give_other(run, 0, T0, 0);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 10, 5);
	cr_expect_eq(peek(run, 0).sighting->packets, 5);
	expect_next(run, WT_SIGHTING_DROP, 1, T0, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 1, T0 + 10, __LINE__);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 20, 6);
	cr_expect_eq(peek(run, 0).sighting->packets, 1);
	expect_next(run, WT_SIGHTING_DROP, 1, T0, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 1, T0 + 20, __LINE__);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 30, 5);
	expect_none(run, T0 + 30, __LINE__);
	give_other(run, 0, T0 + 40, 8);
	cr_expect_eq(peek(run, 0).sighting->packets, 2);
	expect_next(run, WT_SIGHTING_DROP, 1, T0, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 2, T0 + 40, __LINE__);
	give_other(run, 0, T0 + 50, 1);
	cr_expect_eq(peek(run, 0).sighting->packets, 1);
	expect_next(run, WT_SIGHTING_DROP, 2, T0 + 40, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 3, T0 + 50, __LINE__);
	expect_none(run, T0 + 50, __LINE__);
	run_close(run);
}

Test(feed_lane, drops_told_while_quiet_may_be_told_of_by_several_frames)
{
	struct feed_run *run = open_two();

	wt_feed_lane_quiet(run->lanes[0][0], T0, 5);
	expect_next(run, WT_SIGHTING_DROP, 0, INT64_MIN, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 0, T0, __LINE__);
	give_other(run, 0, T0 + 1, 3);
	give_other(run, 0, T0 + 2, 2);
	expect_none(run, T0 + 2, __LINE__);
	run_close(run);
}

Test(feed_lane, drops_may_be_told_before_their_frame)
{
	struct feed_run *run = open_two();

	give_other(run, 0, T0, 0);
	wt_feed_lane_dropped(run->lanes[0][0], 4);
	give_other(run, 0, T0 + 1, 0);
	cr_expect_eq(peek(run, 0).sighting->packets, 4);
	expect_next(run, WT_SIGHTING_DROP, 1, T0, __LINE__);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 2, 4);
	give_other(run, 0, T0 + 3, 1);
	cr_expect_eq(peek(run, 0).sighting->packets, 1);
	expect_next(run, WT_SIGHTING_DROP, 2, T0 + 1, __LINE__);
	expect_next(run, WT_SIGHTING_PACKET, 3, T0 + 3, __LINE__);
	run_close(run);
}

Test(feed_lane, drops_told_where_there_is_no_room_are_kept)
{
	struct feed_run *run = open_two();

	fill_up(run);
	wt_feed_lane_dropped(run->lanes[0][0], 4);
	take(run, 11);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 20, 4);
	expect_next(run, WT_SIGHTING_BREAK, 11, T0 + 11, __LINE__);
	cr_expect_eq(peek(run, 0).sighting->packets, 4);
	expect_next(run, WT_SIGHTING_DROP, 11, T0 + 11, __LINE__);
	expect_none(run, T0 + 20, __LINE__);
	run_close(run);
}

Test(feed_lane, other_losses_lie_after_the_latest_packet)
{
	struct feed_run *run = open_two();

	give_other(run, 0, T0, 0);
	wt_feed_lane_writer_lost(run->lanes[0][0], 9);
	wt_feed_lane_break(run->lanes[0][0], -2, 3, "a hole");
	give_other(run, 0, T0 + 1, 0);
	cr_expect_eq(peek(run, 0).sighting->packets, 9);
	expect_next(run, WT_SIGHTING_UNWRITTEN, 1, T0, __LINE__);
	cr_expect_str_eq(peek(run, 0).sighting->why, "a hole");
	cr_expect_eq(peek(run, 0).sighting->from, -2);
	cr_expect_eq(peek(run, 0).sighting->to, 3);
	expect_next(run, WT_SIGHTING_BREAK, 1, T0, __LINE__);
	expect_none(run, T0 + 1, __LINE__);
	run_close(run);
}

Test(feed_lane, what_has_no_room_is_a_break_and_keeps_the_promise_back)
{
	struct feed_run *run = open_two();

	fill_up(run);
	give(run, 0, 12, T0 + 12, 7);
	give(run, 0, 13, T0 + 13, 1);
	cr_expect_eq(wt_feed_lane_unfollowed(run->lanes[0][0]), 2);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 14, 0);
	/* Not before a quarter is free. */
	take(run, 2);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 15, 0);
	take(run, 9);
	expect_none(run, T0 + 11, __LINE__);
	give(run, 0, 14, T0 + 16, 0);
	cr_expect(strstr(peek(run, 0).sighting->why, "could be followed") != NULL);
	expect_next(run, WT_SIGHTING_BREAK, 11, T0 + 11, __LINE__);
	cr_expect_eq(peek(run, 0).sighting->packets, 8);
	expect_next(run, WT_SIGHTING_DROP, 11, T0 + 11, __LINE__);
	expect_next(run, WT_SIGHTING_HEADER, 14, T0 + 16, __LINE__);
	expect_none(run, T0 + 16, __LINE__);
	cr_expect_eq(wt_feed_lane_unfollowed(run->lanes[0][0]), 2);
	run_close(run);
}

Test(feed_lane, a_lane_that_is_behind_says_so_at_its_end)
{
	struct feed_run *run = open_two();

	fill_up(run);
	wt_feed_lane_break(run->lanes[0][0], 0, 0, "lost for want of room, which is a break, too");
	wt_feed_lane_end(run->lanes[0][0]);
	take(run, 11);
	expect_next(run, WT_SIGHTING_BREAK, 11, T0 + 11, __LINE__);
	expect_none(run, INT64_MAX, __LINE__);
	run_close(run);
}

Test(feed_lane, goes_on_where_a_loss_is_noted)
{
	struct feed_run *run = open_two();

	fill_up(run);
	wt_feed_lane_writer_lost(run->lanes[0][0], 1);
	take(run, 11);
	wt_feed_lane_writer_lost(run->lanes[0][0], 2);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 20, 0);
	expect_next(run, WT_SIGHTING_BREAK, 11, T0 + 11, __LINE__);
	cr_expect_eq(peek(run, 0).sighting->packets, 2);
	expect_next(run, WT_SIGHTING_UNWRITTEN, 11, T0 + 11, __LINE__);
	expect_none(run, T0 + 20, __LINE__);
	run_close(run);
}

Test(feed_lane, goes_on_while_a_quiet_ring_is_looked_at)
{
	struct feed_run *run = open_two();

	fill_up(run);
	wt_feed_lane_writer_lost(run->lanes[0][0], 1);
	take(run, 11);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 20, 0);
	expect_next(run, WT_SIGHTING_BREAK, 11, T0 + 11, __LINE__);
	expect_none(run, T0 + 20, __LINE__);
	run_close(run);
}

Test(feed_lane, names_that_had_no_room_are_told_later)
{
	struct feed_run *run = open_two();

	for (uint64_t number = 1; number < USABLE - 1; number++)
		give(run, 0, number, T0 + (int64_t)number, 0);
	give_session(run, 0, 2, 1, T0 + 20, 0);
	cr_expect_eq(wt_feed_lane_unfollowed(run->lanes[0][0]), 1);
	take(run, 10);
	give_session(run, 0, 2, 2, T0 + 21, 0);
	expect_next(run, WT_SIGHTING_BREAK, 10, T0 + 10, __LINE__);
	cr_expect(peek(run, 0).names != NULL);
	expect_next(run, WT_SIGHTING_HEADER, 12, T0 + 21, __LINE__);
	run_close(run);
}

/* A datagram that reaches the channel. */
static void give_bytes(struct feed_run *run, size_t payload, bool is_fragment)
{
	static const uint8_t fragment[] = {0, 0x10};
	uint8_t bytes[WT_UDP_HEADER_BYTES + 64] = {0};
	struct wt_udp_flow flow = {
	        .group = 0xef010101, .port = 5000, .source_port = 5000, .ttl = 1};
	struct wt_frame frame = {.data = bytes, .stamp_ns = T0};

	cr_assert_eq(wt_udp_build(bytes, &flow, 1, payload), 0);
	if (is_fragment)
		memcpy(bytes + 14 + 6, fragment, sizeof(fragment));
	frame.caplen = frame.len = WT_UDP_HEADER_BYTES + (uint32_t)payload;
	wt_feed_lane_frames(run->lanes[0][0], &frame, 1);
}

Test(feed_lane, counts_what_it_cannot_read)
{
	struct feed_run *run = open_two();
	struct wt_tracker_totals totals = {0};

	give_bytes(run, 3, false);
	give_bytes(run, 40, true);
	give_bytes(run, 40, true);
	wt_feed_lane_totals(run->lanes[0][0], &totals);
	cr_expect_eq(totals.frames, 3);
	cr_expect_eq(totals.matched, 1);
	cr_expect_eq(totals.unrecognised, 1);
	cr_expect_eq(totals.fragments, 2);
	wt_feed_merge_run(run->merge);
	cr_expect_eq(totals_of(run).unrecognised, 1);
	cr_expect_eq(totals_of(run).fragments, 2);
	run_close(run);
}

Test(feed_lane, a_stream_in_anothers_place_is_named_again)
{
	struct feed_run *run = open_two();
	uint64_t place = wt_stream_place(0, 0, 0), other = 2;

	while ((wt_stream_hash(place, other) ^ wt_stream_hash(place, 1)) % (1 << 15))
		other++;
	give_session(run, 0, 1, 1, T0, 0);
	give_session(run, 0, other, 1, T0 + 1, 0);
	give_session(run, 0, 1, 2, T0 + 2, 0);
	for (int i = 0; i < 3; i++) {
		cr_expect(peek(run, 0).names != NULL, "%d", i);
		take(run, 1);
	}
	expect_none(run, T0 + 2, __LINE__);
	run_close(run);
}

Test(feed_lane, a_side_may_name_its_interface)
{
	static const char *const named[] = {"moldudp64@239.1.1.1:5000@eth1,name=x", NULL};
	struct feed_run *run = run_open_lanes(named, 2, 1, ROOM, S);
	struct wt_feed_header header = {.session = 1, .first = 1, .count = 1, .what = WT_FEED_DATA};
	struct wt_tracker_totals totals = {0};
	struct run_frame made;

	run_make(run, 0, WT_FEED_A, &header, T0, &made);
	wt_feed_lane_frames(run->lanes[0][0], &made.frame, 1);
	wt_feed_lane_totals(run->lanes[0][0], &totals);
	cr_expect_eq(totals.matched, 0);
	wt_feed_lane_frames(run->lanes[0][1], &made.frame, 1);
	wt_feed_lane_totals(run->lanes[0][1], &totals);
	cr_expect_eq(totals.matched, 1);
	run_close(run);
}

/* With 17 drops in the room of 12 or so, one by one. */
Test(feed_lane, drops_that_had_no_room_are_added_up)
{
	struct feed_run *run = open_two();
	uint64_t sum = 0;

	give_other(run, 0, T0, 0);
	for (int64_t i = 1; i <= 17; i++)
		give_other(run, 0, T0 + i, 1);
	for (int i = 0; i < 6; i++) {
		sum += peek(run, 0).sighting->packets;
		take(run, 2);
	}
	cr_expect_eq(sum, 6);
	expect_none(run, T0 + 6, __LINE__);
	give_other(run, 0, T0 + 20, 0);
	cr_expect_eq(peek(run, 0).sighting->kind, WT_SIGHTING_BREAK);
	cr_expect_eq(peek(run, 0).sighting->from, 0);
	cr_expect_eq(peek(run, 0).sighting->to, 0);
	take(run, 1);
	cr_expect_eq(peek(run, 0).sighting->packets, 11);
	take(run, 1);
	expect_none(run, T0 + 20, __LINE__);
	/* And not a second time. */
	for (uint64_t number = 1; number < 20; number++)
		give(run, 0, number, T0 + 20 + (int64_t)number, 0);
	take(run, 11);
	give_other(run, 0, T0 + 50, 0);
	expect_next(run, WT_SIGHTING_BREAK, 30, T0 + 31, __LINE__);
	expect_none(run, T0 + 50, __LINE__);
	run_close(run);
}

/* The last of the room is for the end of a lane that is behind. */
Test(feed_lane, all_of_the_room_but_the_last_is_used)
{
	struct feed_run *run = open_two();

	fill_up(run);
	give_other(run, 0, T0 + 12, 1);
	cr_expect_eq(peek(run, 0).until_ns, T0 + 1);
	take(run, 11);
	expect_none(run, T0 + 11, __LINE__);
	wt_feed_lane_end(run->lanes[0][0]);
	expect_next(run, WT_SIGHTING_BREAK, 11, T0 + 11, __LINE__);
	expect_next(run, WT_SIGHTING_DROP, 11, T0 + 11, __LINE__);
	expect_none(run, INT64_MAX, __LINE__);
	run_close(run);
}

Test(feed_lane, the_queue_goes_round)
{
	struct feed_run *run = open_two();

	for (uint64_t number = 1; number <= 100; number++) {
		give_session(run, 0, 1 + number / 3, number, T0 + (int64_t)number, 0);
		cr_expect_eq(peek(run, 0).sighting->header.first, number);
		cr_expect_eq(peek(run, 0).names != NULL, number % 3 == 0 || number == 1);
		take(run, 1);
	}
	cr_expect_eq(wt_feed_lane_unfollowed(run->lanes[0][0]), 0);
	run_close(run);
}

Test(feed_lane, a_stamp_from_the_future_counts_as_now)
{
	struct feed_run *run = open_two();

	give(run, 0, 1, T0 + 1000 * S, 0);
	give(run, 0, 2, T0, 0);
	cr_expect_eq(peek(run, 0).until_ns, T0);
	run_close(run);
}

Test(feed_merge, waits_until_no_lane_can_have_something_older)
{
	struct feed_run *run = open_two();

	give(run, 0, 1, T0, 0);
	wt_feed_merge_run(run->merge);
	cr_expect_eq(run_count(run, WT_EVENT_STREAM), 0);
	cr_expect_eq(wt_feed_merge_holder(run->merge), 1);
	wt_feed_lane_quiet(run->lanes[1][0], T0, 0);
	wt_feed_merge_run(run->merge);
	cr_expect_eq(totals_of(run).streams, 0, "something with this stamp may come");
	wt_feed_lane_quiet(run->lanes[1][0], T0 + 1, 0);
	cr_expect_eq(wt_feed_merge_run(run->merge), false);
	cr_expect_eq(run_count(run, WT_EVENT_STREAM), 1);
	cr_expect_eq(wt_feed_merge_holder(run->merge), -1);
	run_close(run);
}

Test(feed_merge, the_lane_with_the_oldest_promise_is_waited_for)
{
	struct feed_run *run = run_open_lanes(feeds, 1, 3, 0, S);

	wt_feed_lane_quiet(run->lanes[0][0], T0 + 1, 0);
	wt_feed_lane_quiet(run->lanes[1][0], T0, 0);
	wt_feed_merge_run(run->merge);
	cr_expect_eq(wt_feed_merge_holder(run->merge), -1, "nothing waits");
	give(run, 2, 1, T0 + 5, 0);
	wt_feed_merge_run(run->merge);
	cr_expect_eq(wt_feed_merge_holder(run->merge), 1);
	wt_feed_lane_quiet(run->lanes[1][0], T0 + 10, 0);
	wt_feed_merge_run(run->merge);
	cr_expect_eq(wt_feed_merge_holder(run->merge), 0);
	run_close(run);
}

Test(feed_merge, what_is_dealt_in_turn_is_in_order)
{
	struct feed_run *run = open_two();
	struct wt_stream_report report;

	give(run, 1, 2, T0 + 2, 0);
	give(run, 1, 4, T0 + 4, 0);
	give(run, 0, 1, T0 + 1, 0);
	give(run, 0, 3, T0 + 3, 0);
	give_other(run, 0, T0 + 5, 0);
	run_finish_lanes(run);
	wt_tracker_stream(wt_feed_monitor_tracker(run->monitor), 0, &report);
	cr_expect_eq(report.received, 4);
	cr_expect_eq(report.late, 0);
	cr_expect_eq(report.missed, 0);
	cr_expect_eq(report.order, 4);
	cr_expect_eq(totals_of(run).frames, 5);
	cr_expect_eq(totals_of(run).matched, 4);
	cr_expect_eq(totals_of(run).streams, 1);
	run_close(run);
}

Test(feed_merge, with_one_stamp_the_lower_number_comes_first)
{
	struct feed_run *run = run_open_lanes(feeds, 1, 3, 0, S);
	struct wt_stream_report report;

	give(run, 0, 3, T0, 0);
	give(run, 1, 1, T0, 0);
	give(run, 2, 2, T0, 0);
	run_finish_lanes(run);
	wt_tracker_stream(wt_feed_monitor_tracker(run->monitor), 0, &report);
	cr_expect_eq(report.first, 1);
	cr_expect_eq(report.missed, 0);
	run_close(run);
}

Test(feed_merge, gaps_settle_by_what_all_lanes_have_promised)
{
	struct feed_run *run = open_two();

	give(run, 0, 1, T0, 0);
	give(run, 0, 3, T0 + 1, 0);
	wt_feed_lane_quiet(run->lanes[1][0], T0 + 5 * S, 0);
	wt_feed_merge_run(run->merge);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 0);
	wt_feed_lane_quiet(run->lanes[0][0], T0 + 2 * S, 0);
	wt_feed_merge_run(run->merge);
	cr_assert_eq(run_count(run, WT_EVENT_GAP), 1);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->verdict.verdict, WT_VERDICT_UPSTREAM);
	run_close(run);
}

Test(feed_merge, a_run_ends_when_others_have_waited_long_enough)
{
	struct feed_run *run = run_open_lanes(feeds, 1, 1, 1 << 17, S);
	struct wt_stream_report report;

	for (uint64_t number = 1; number <= 70000; number++)
		give(run, 0, number, T0 + (int64_t)number, 0);
	wt_feed_lane_end(run->lanes[0][0]);
	cr_expect(wt_feed_merge_run(run->merge));
	cr_expect_eq(wt_feed_merge_run(run->merge), false);
	wt_tracker_stream(wt_feed_monitor_tracker(run->monitor), 0, &report);
	cr_expect_eq(report.received, 70000);
	run_close(run);
}

/* Number 2 is missing; between its neighbours, in lane 0, nothing was lost. Lane 1 has packets
 * before and after the gap, and lost some between these. */
static struct feed_run *lose_in_lane_1(int64_t from_ns, int64_t to_ns)
{
	struct feed_run *run = open_two();

	give_other(run, 1, from_ns, 0);
	give_other(run, 1, to_ns, 3);
	give(run, 0, 1, T0 + 10, 0);
	give(run, 0, 3, T0 + 20, 0);
	run_finish_lanes(run);
	cr_assert_eq(run_count(run, WT_EVENT_GAP), 1);
	return run;
}

Test(feed_merge, a_drop_of_any_lane_may_be_what_a_gap_lacks)
{
	static const struct {
		int64_t from_ns, to_ns;
		uint64_t dropped;
	} cases[] = {
	        {12, 18, 3}, {5, 15, 3}, {15, 25, 3}, {5, 25, 3}, {1, 9, 0}, {21, 30, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct feed_run *run = lose_in_lane_1(T0 + cases[i].from_ns, T0 + cases[i].to_ns);
		const struct wt_feed_event *gap = run_event(run, WT_EVENT_GAP, 0);

		cr_expect_eq(gap->loss.ring_all, cases[i].dropped, "%zu", i);
		cr_expect_eq(gap->verdict.verdict,
		             cases[i].dropped ? WT_VERDICT_RING : WT_VERDICT_UPSTREAM, "%zu", i);
		run_close(run);
	}
}

Test(feed_merge, a_drop_that_a_quiet_lane_tells_of_was_before_that)
{
	struct feed_run *run = open_two();

	give_other(run, 1, T0, 0);
	give(run, 0, 1, T0 + 10, 0);
	give(run, 0, 3, T0 + 20, 0);
	wt_feed_lane_quiet(run->lanes[1][0], T0 + 25, 2);
	give(run, 0, 5, T0 + 30, 0);
	give(run, 0, 7, T0 + 40, 0);
	run_finish_lanes(run);
	cr_assert_eq(run_count(run, WT_EVENT_GAP), 3);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->loss.ring_all, 2, "%s", run->events[1].json);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 1)->loss.ring_all, 2, "%s", run->events[2].json);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 2)->loss.ring_all, 0);
	run_close(run);
}

Test(feed_merge, numbers_that_found_no_room_are_not_known_to_be_lost)
{
	struct feed_run *run = open_two();

	fill_up(run);
	give(run, 0, 12, T0 + 12, 0);
	give(run, 1, 13, T0 + 13, 0);
	wt_feed_lane_quiet(run->lanes[1][0], T0 + 14, 0);
	wt_feed_merge_run(run->merge);
	give(run, 0, 14, T0 + 15, 0);
	give(run, 0, 16, T0 + 16, 0);
	run_finish_lanes(run);
	cr_assert_eq(run_count(run, WT_EVENT_GAP), 2);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->first, 12);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 0)->verdict.verdict, WT_VERDICT_UNKNOWN);
	cr_expect_eq(run_event(run, WT_EVENT_GAP, 1)->verdict.verdict, WT_VERDICT_UPSTREAM);
	cr_expect_eq(wt_feed_merge_unfollowed(run->merge), 1);
	run_close(run);
}

static void give_tape(struct feed_run *run, uint32_t lane, uint64_t number, int64_t stamp_ns)
{
	struct wt_feed_header header = {
	        .session = 1, .first = number, .count = 1, .what = WT_FEED_DATA};
	struct run_frame made;

	run_make(run, 0, WT_FEED_A, &header, stamp_ns, &made);
	wt_feed_monitor_frames(run->monitor, lane, &made.frame, 1);
}

Test(feed_monitor_lanes, only_an_interface_has_lanes)
{
	struct feed_run *run = run_open(feeds, 4, S);

	cr_expect_eq(wt_feed_monitor_lane(run->monitor, 1, 0, NULL), 0);
	cr_expect_eq(wt_feed_monitor_lane(run->monitor, 2, 1, NULL), -EINVAL);
	cr_expect_eq(wt_feed_monitor_lane(run->monitor, 2, 2, NULL), -EINVAL);
	cr_expect_eq(wt_feed_monitor_lane(run->monitor, 4, 0, NULL), -EINVAL);
	cr_expect_eq(wt_feed_monitor_lane(run->monitor, 2, 4, NULL), -EINVAL);
	cr_expect_str_eq(wt_feed_monitor_interface_name(run->monitor, 1), "eth0");
	cr_expect_eq(wt_feed_monitor_lane(run->monitor, 1, 0, NULL), 0, "again");
	cr_expect_eq(wt_feed_monitor_lane(run->monitor, 1, 2, NULL), -EINVAL);
	give_tape(run, 0, 1, T0);
	give_tape(run, 1, 3, T0 + 1);
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(run_count(run, WT_EVENT_GAP), 1);
	run_close(run);
}

static enum wt_verdict nth_verdict(const struct feed_run *run, size_t n)
{
	cr_assert(run_event(run, WT_EVENT_GAP, n) != NULL);
	return run_event(run, WT_EVENT_GAP, n)->verdict.verdict;
}

Test(feed_monitor_lanes, what_a_lane_could_not_write_explains_a_gap_between_its_packets)
{
	struct feed_run *run = open_two();

	give_tape(run, 1, 1, T0);
	give_tape(run, 0, 2, T0 + 1);
	wt_feed_monitor_writer_lost(run->monitor, 1, 2);
	give_tape(run, 0, 4, T0 + 2);
	give_tape(run, 1, 6, T0 + 3);
	give_tape(run, 0, 8, T0 + 4);
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(nth_verdict(run, 0), WT_VERDICT_WRITER);
	cr_expect_eq(nth_verdict(run, 1), WT_VERDICT_WRITER);
	cr_expect_eq(nth_verdict(run, 2), WT_VERDICT_UPSTREAM);
	cr_expect_eq(wt_feed_monitor_order(run->monitor, 0), 3);
	cr_expect_eq(wt_feed_monitor_order(run->monitor, 1), 2);
	run_close(run);
}

Test(feed_monitor_lanes, a_break_is_open_until_the_lanes_packet_after_it)
{
	struct feed_run *run = open_two();

	give_tape(run, 1, 1, T0);
	wt_feed_monitor_break_within(run->monitor, 1, 0, 1, "a hole");
	give_tape(run, 0, 3, T0 + 1);
	give_tape(run, 1, 5, T0 + 2);
	give_tape(run, 0, 7, T0 + 3);
	give_tape(run, 1, 9, T0 + 4);
	give_tape(run, 0, 11, T0 + 5);
	wt_feed_monitor_finish(run->monitor);
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(nth_verdict(run, i), WT_VERDICT_UNKNOWN, "%zu", i);
	cr_expect_eq(nth_verdict(run, 4), WT_VERDICT_UPSTREAM);
	run_close(run);
}

Test(feed_monitor_lanes, a_break_before_the_latest_packet_may_be_anywhere_before)
{
	struct feed_run *run = open_two();

	give_tape(run, 1, 1, T0);
	give_tape(run, 0, 3, T0 + 1);
	give_tape(run, 1, 4, T0 + 2);
	wt_feed_monitor_break_within(run->monitor, 1, -1, -1, "a hole");
	give_tape(run, 1, 5, T0 + 3);
	give_tape(run, 0, 7, T0 + 4);
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(nth_verdict(run, 0), WT_VERDICT_UNKNOWN);
	cr_expect_eq(nth_verdict(run, 1), WT_VERDICT_UPSTREAM);
	run_close(run);
}

Test(feed_monitor_lanes, a_break_after_the_latest_packet_is_not_before_it)
{
	struct feed_run *run = open_two();

	give_tape(run, 0, 1, T0);
	give_tape(run, 1, 3, T0 + 1);
	wt_feed_monitor_break_within(run->monitor, 1, 0, 0, "a hole");
	give_tape(run, 1, 4, T0 + 2);
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(nth_verdict(run, 0), WT_VERDICT_UPSTREAM);
	run_close(run);
}

Test(feed_monitor_lanes, without_a_ledger_of_each_lane_nothing_is_known)
{
	struct feed_run *run = run_open(feeds, 2, S);

	cr_assert_eq(wt_feed_monitor_lane(run->monitor, 1, 0, "nobody has counted"), 0);
	give_tape(run, 0, 1, T0);
	give_tape(run, 0, 3, T0 + 1);
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(nth_verdict(run, 0), WT_VERDICT_UNKNOWN);
	cr_expect_str_eq(run_event(run, WT_EVENT_GAP, 0)->loss.why, "nobody has counted");
	run_close(run);
}

Test(feed_monitor_lanes, what_a_lane_tells_of_its_writer_is_known)
{
	struct feed_run *run = open_two();

	give(run, 0, 1, T0, 0);
	give(run, 1, 2, T0 + 1, 0);
	wt_feed_lane_writer_lost(run->lanes[1][0], 1);
	give(run, 0, 4, T0 + 2, 0);
	give(run, 1, 5, T0 + 3, 0);
	give(run, 0, 7, T0 + 4, 0);
	run_finish_lanes(run);
	cr_expect_eq(nth_verdict(run, 0), WT_VERDICT_WRITER);
	cr_expect_eq(nth_verdict(run, 1), WT_VERDICT_UPSTREAM);
	run_close(run);
}

Test(feed_monitor_lanes, numbers_beyond_are_ignored)
{
	struct feed_run *run = open_two();
	struct wt_sighting sighting = {.kind = WT_SIGHTING_DROP, .order = 1, .packets = 1};
	uint64_t counters[WT_NIC_COUNTERS_MAX] = {1};

	give_tape(run, 2, 1, T0);
	wt_feed_monitor_sighting(run->monitor, 2, &sighting, NULL);
	wt_feed_monitor_writer_lost(run->monitor, 2, 1);
	wt_feed_monitor_break_within(run->monitor, 2, 0, 0, "a hole");
	wt_feed_monitor_nic(run->monitor, 2, T0, counters);
	cr_expect_eq(wt_feed_monitor_order(run->monitor, 2), 0);
	cr_expect_eq(wt_feed_monitor_interface(run->monitor, 2, "x", WT_LINK_TYPE_ETHERNET, NULL),
	             -EINVAL);
	cr_expect_eq(totals_of(run).frames, 0);
	run_close(run);
}

Test(feed_monitor_lanes, one_lane_knows_where_a_break_was)
{
	struct feed_run *run = run_open(feeds, 1, S);

	for (uint64_t i = 0; i < 5; i++)
		give_tape(run, 0, 1 + 2 * i, T0 + (int64_t)i);
	wt_feed_monitor_break_within(run->monitor, 0, -2, -1, "a hole");
	wt_feed_monitor_break_within(run->monitor, 0, 1, 1, "another");
	for (uint64_t i = 5; i < 8; i++)
		give_tape(run, 0, 1 + 2 * i, T0 + (int64_t)i);
	wt_feed_monitor_finish(run->monitor);
	for (size_t i = 0; i < 7; i++)
		cr_expect_eq(nth_verdict(run, i),
		             i == 2 || i == 3 || i == 5 ? WT_VERDICT_UNKNOWN : WT_VERDICT_UPSTREAM,
		             "%zu", i);
	run_close(run);
}

Test(feed_monitor_lanes, a_break_before_the_first_packet_is_in_no_gap)
{
	struct feed_run *run = run_open(feeds, 1, S);

	for (uint64_t i = 0; i < 3; i++)
		give_tape(run, 0, 1 + 2 * i, T0 + (int64_t)i);
	wt_feed_monitor_break_within(run->monitor, 0, -100, -3, "before all");
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(nth_verdict(run, 0), WT_VERDICT_UPSTREAM);
	cr_expect_eq(nth_verdict(run, 1), WT_VERDICT_UPSTREAM);
	run_close(run);
}

Test(feed_monitor_lanes, a_nic_has_one_set_of_counters)
{
	struct feed_run *run = open_two();
	uint64_t counters[WT_NIC_COUNTERS_MAX] = {1};

	wt_feed_monitor_nic(run->monitor, 1, T0, counters);
	give_tape(run, 0, 1, T0 + 1);
	give_tape(run, 1, 3, T0 + 2);
	counters[0] = 2;
	wt_feed_monitor_nic(run->monitor, 0, T0 + 3, counters);
	wt_feed_monitor_finish(run->monitor);
	cr_expect_eq(nth_verdict(run, 0), WT_VERDICT_NIC);
	run_close(run);
}

Test(feed_merge, each_lane_gets_its_room_back)
{
	struct feed_run *run = open_two();

	for (uint64_t number = 1; number <= 100; number++) {
		give(run, number % 2, number, T0 + (int64_t)number, 0);
		wt_feed_lane_quiet(run->lanes[1 - number % 2][0], T0 + (int64_t)number + 1, 0);
		wt_feed_merge_run(run->merge);
	}
	cr_expect_eq(wt_feed_merge_unfollowed(run->merge), 0);
	run_close(run);
}

Test(feed_merge, what_any_lane_could_not_follow_is_counted)
{
	struct feed_run *run = open_two();

	for (uint64_t number = 1; number <= 20; number++) {
		give(run, 0, number, T0 + (int64_t)number, 0);
		give_session(run, 1, 2, number, T0 + (int64_t)number, 0);
	}
	cr_expect_eq(wt_feed_merge_unfollowed(run->merge), 18);
	run_close(run);
}

Test(feed_merge, the_end_is_no_silence)
{
	struct feed_run *run = open_two();

	give(run, 0, 1, T0, 0);
	give(run, 1, 2, T0 + 1, 0);
	run_finish_lanes(run);
	cr_expect_eq(run_count(run, WT_EVENT_STREAM), 1);
	cr_expect_eq(run_count(run, WT_EVENT_STATE), 0);
	run_close(run);
}
