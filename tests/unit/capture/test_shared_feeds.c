/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/shared_feeds.h>

#include <stdio.h>
#include <string.h>

#include <wiretape/feed/verdict/feed_event.h>
#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>
#include <wiretape/pcapng/text_block.h>

#include "support/unit.h"

#define S  INT64_C(1000000000)
#define T0 INT64_C(1700000000000000000)

enum { LANES = 2, INTERFACES = 2, BLOCK_ROOM = 1 << 16 };

static struct wt_feed_channels channels;
static struct wt_shared_feeds *feeds;
static struct wt_error err;
static unsigned gaps, woken[LANES];
static enum wt_verdict verdict;
static char interface[32];
static _Alignas(4) uint8_t blocks[BLOCK_ROOM];

static void on_event(void *context, const struct wt_feed_event *event)
{
	(void)context;
	if (event->kind != WT_EVENT_GAP)
		return;
	gaps++;
	verdict = event->verdict.verdict;
	snprintf(interface, sizeof(interface), "%s", event->interface);
}

static void wake_lane(void *context, uint32_t lane)
{
	(void)context;
	woken[lane]++;
}

static void set_up(void)
{
	const struct wt_shared_feeds_config config = {.channels = &channels,
	                                              .lanes = LANES,
	                                              .interfaces = INTERFACES,
	                                              .on_event = on_event,
	                                              .wake_lane = wake_lane};

	gaps = 0;
	memset(woken, 0, sizeof(woken));
	cr_assert(zero(int,
	               wt_feed_channels_add(&channels, "moldudp64@239.1.1.1:5000,name=x", &err)));
	cr_assert(zero(int, wt_shared_feeds_open(&feeds, &config, &err)), "%s", err.text);
	for (uint32_t lane = 0; lane < LANES; lane++)
		for (uint32_t i = 0; i < INTERFACES; i++)
			cr_assert(zero(int, wt_shared_feeds_add(feeds, lane, i, i ? "b" : "a",
			                                        WT_LINK_TYPE_ETHERNET, &err)),
			          "%s", err.text);
}

static void tear_down(void)
{
	wt_shared_feeds_close(feeds);
	feeds = NULL;
	wt_feed_channels_free(&channels);
}

TestSuite(shared_feeds, .init = set_up, .fini = tear_down);

static void give(uint32_t lane, uint32_t i, uint64_t number, int64_t stamp_ns)
{
	uint8_t bytes[256];
	struct wt_udp_flow flow = {
	        .group = 0xef010101, .port = 5000, .source_port = 5000, .ttl = 1};
	struct wt_feed_header header = {
	        .what = WT_FEED_DATA, .session = 1, .first = number, .count = 1};
	int payload = wt_preset_write(channels.list[0].preset, bytes + WT_UDP_HEADER_BYTES,
	                              sizeof(bytes) - WT_UDP_HEADER_BYTES, &header, 4, stamp_ns);
	struct wt_frame frame = {.data = bytes, .stamp_ns = stamp_ns};

	cr_assert(gt(int, payload, 0));
	cr_assert(zero(int, wt_udp_build(bytes, &flow, 1, (size_t)payload)));
	frame.caplen = frame.len = WT_UDP_HEADER_BYTES + (uint32_t)payload;
	wt_feed_lane_frames(wt_shared_feeds_eyes(feeds, lane, i), &frame, 1);
}

static void end_all(void)
{
	for (uint32_t lane = LANES; lane--;)
		wt_shared_feeds_end(feeds, lane);
	while (wt_shared_feeds_follow(feeds))
		;
}

Test(shared_feeds, a_gap_over_several_lanes_is_found_and_has_a_block)
{
	struct wt_feed_event event;
	char strings[WT_FEED_EVENT_TEXT_BYTES];
	uint32_t first, second;
	size_t bytes;

	give(0, 1, 1, T0);
	give(1, 1, 2, T0 + 1);
	give(0, 1, 4, T0 + 2);
	cr_expect(eq(int, wt_shared_feeds_is_over(feeds), false));
	end_all();
	cr_expect(wt_shared_feeds_is_over(feeds));
	cr_expect(eq(uint, gaps, 1));
	cr_expect(eq(int, verdict, WT_VERDICT_UPSTREAM));
	cr_expect(eq(str, interface, "b"));
	/* The stream's beginning, and the gap; the second has no room. */
	bytes = wt_shared_feeds_take(feeds, blocks, sizeof(blocks));
	memcpy(&first, blocks + 4, sizeof(first));
	memcpy(&second, blocks + first + 4, sizeof(second));
	cr_assert(eq(sz, bytes, first + second));
	cr_expect(zero(int, wt_feed_event_decode(&event, (char *)blocks + first + 8, second - 12,
	                                         strings)));
	cr_expect(eq(u64, event.first, 3));
	cr_expect(zero(sz, wt_shared_feeds_take(feeds, blocks, sizeof(blocks))));
	cr_expect(zero(u64, wt_shared_feeds_left_out(feeds)));
}

Test(shared_feeds, blocks_are_taken_whole)
{
	size_t bytes;
	uint32_t first;

	give(0, 0, 1, T0);
	give(0, 1, 3, T0 + 1);
	end_all();
	cr_expect(zero(sz, wt_shared_feeds_take(feeds, blocks, 20)));
	bytes = wt_shared_feeds_take(feeds, blocks, 200);
	memcpy(&first, blocks + 4, sizeof(first));
	cr_expect(eq(sz, bytes, first));
	cr_expect(eq(sz, wt_shared_feeds_take(feeds, blocks, first), first));
	cr_expect(zero(sz, wt_shared_feeds_take(feeds, blocks, sizeof(blocks))));
}

Test(shared_feeds, a_gap_wants_one_look_at_its_nic)
{
	struct wt_nic_look look = {.interface_id = 1, .look_ns = T0 - 1, .counters = {5}};

	cr_expect(wt_shared_feeds_look(feeds, &look));
	give(0, 1, 1, T0);
	give(0, 1, 3, T0 + 1);
	cr_expect(eq(int, wt_shared_feeds_wants_look(feeds, 1), false));
	for (uint32_t lane = 0; lane < LANES; lane++)
		for (uint32_t i = 0; i < INTERFACES; i++)
			wt_feed_lane_quiet(wt_shared_feeds_eyes(feeds, lane, i), T0 + 2, 0);
	wt_shared_feeds_follow(feeds);
	cr_expect(eq(uint, woken[0], 1));
	cr_expect(eq(int, wt_shared_feeds_wants_look(feeds, 0), false));
	cr_expect(wt_shared_feeds_wants_look(feeds, 1));
	cr_expect(eq(int, wt_shared_feeds_wants_look(feeds, 1), false));
	look.look_ns = T0 + 3;
	look.counters[0] = 6;
	cr_expect(wt_shared_feeds_look(feeds, &look));
	end_all();
	cr_expect(eq(uint, gaps, 1));
	cr_expect(eq(int, verdict, WT_VERDICT_NIC));
}

Test(shared_feeds, looks_that_nobody_takes_have_an_end)
{
	struct wt_nic_look look = {.interface_id = 0, .look_ns = T0};
	unsigned taken = 0;

	while (wt_shared_feeds_look(feeds, &look))
		taken++;
	cr_expect(eq(uint, taken, 1024));
	wt_shared_feeds_follow(feeds);
	while (taken < 4 * 1024 && wt_shared_feeds_look(feeds, &look))
		taken++;
	cr_expect(eq(uint, taken, 2 * 1024));
}

Test(shared_feeds, who_holds_the_others_up_is_woken)
{
	give(0, 0, 1, T0);
	for (uint32_t i = 0; i < INTERFACES; i++)
		wt_feed_lane_quiet(wt_shared_feeds_eyes(feeds, 0, i), T0 + 1, 0);
	wt_feed_lane_quiet(wt_shared_feeds_eyes(feeds, 1, 1), T0 + 1, 0);
	wt_shared_feeds_follow(feeds);
	cr_expect(eq(uint, woken[0], 0));
	cr_expect(eq(uint, woken[1], 1));
	wt_feed_lane_quiet(wt_shared_feeds_eyes(feeds, 1, 0), T0 + 1, 0);
	wt_shared_feeds_follow(feeds);
	cr_expect(eq(uint, woken[1], 1));
}

Test(shared_feeds, the_very_first_is_woken_as_well)
{
	give(1, 0, 1, T0);
	for (uint32_t i = 0; i < INTERFACES; i++)
		wt_feed_lane_quiet(wt_shared_feeds_eyes(feeds, 1, i), T0 + 1, 0);
	wt_feed_lane_quiet(wt_shared_feeds_eyes(feeds, 0, 1), T0 + 1, 0);
	wt_shared_feeds_follow(feeds);
	cr_expect(eq(uint, woken[0], 1));
	cr_expect(eq(uint, woken[1], 0));
}

/* Of many gaps that nobody writes down, as many as there is room for. */
Test(shared_feeds, blocks_that_have_no_room_are_left_out_and_counted)
{
	enum { ROOM_BYTES = 4 << 20, LEAST_BYTES = 64 };
	size_t all = 0, bytes;

	for (uint64_t i = 0; i < ROOM_BYTES / LEAST_BYTES && !wt_shared_feeds_left_out(feeds);
	     i++) {
		give(0, 0, 1 + 2 * i, T0 + (int64_t)i * S);
		for (uint32_t ring = 0; ring < LANES * INTERFACES; ring++)
			wt_feed_lane_quiet(
			        wt_shared_feeds_eyes(feeds, ring / INTERFACES, ring % INTERFACES),
			        T0 + (int64_t)i * S + 1, 0);
		wt_shared_feeds_follow(feeds);
	}
	cr_expect(eq(u64, wt_shared_feeds_left_out(feeds), 1));
	while ((bytes = wt_shared_feeds_take(feeds, blocks, sizeof(blocks))))
		all += bytes;
	cr_expect(le(sz, all, ROOM_BYTES));
	cr_expect(gt(sz, all, ROOM_BYTES - WT_FEED_EVENT_BLOCK_BYTES));
}

Test(shared_feeds, the_first_lane_ends_last)
{
	cr_expect(eq(int, wt_shared_feeds_awaits_first(feeds), false));
	wt_shared_feeds_end(feeds, 1);
	cr_expect(eq(uint, woken[0], 1));
	cr_expect(wt_shared_feeds_awaits_first(feeds));
	wt_shared_feeds_end(feeds, 1);
	wt_shared_feeds_follow(feeds);
	cr_expect(eq(int, wt_shared_feeds_is_over(feeds), false));
	wt_shared_feeds_end(feeds, 0);
	wt_shared_feeds_follow(feeds);
	cr_expect(wt_shared_feeds_is_over(feeds));
	cr_expect(gt(uint, woken[0], 1));
	woken[0] = 0;
	cr_expect(eq(int, wt_shared_feeds_follow(feeds), false));
	cr_expect(eq(uint, woken[0], 0), "it is over once");
}
