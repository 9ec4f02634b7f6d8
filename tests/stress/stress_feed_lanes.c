/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/feed/feed_merge.h>
#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

/* Three lanes, each a thread, that are dealt the packets of a hundred channels in turn, with drops,
 * for SECONDS (5) of real time, and a thread that follows them. At first they keep step with each
 * other: whoever has too much on its way waits, and the books are those of one ring. Then nobody
 * waits, and the queues are small: what was not followed is not known, and never another's fault.
 */

enum {
	LANES = 3,
	CHANNELS = 100,
	BATCH = 32,
	FRAME_ROOM = 128,
	PORT = 5000,
	PACKET_NS = 20000, /* 50,000 a second */
	STEP_MOST = 20000, /* packets that a lane may be ahead of the slowest */
};
#define T0 INT64_C(1700000000000000000)

struct run;

struct lane {
	struct run *run;
	struct wt_feed_lane *feed;
	pthread_t thread;
	uint32_t number;
	uint64_t at; /* of all packets; stored by the lane, read by the others */
	uint64_t given, dropped, dropped_before;
	uint8_t bytes[BATCH][FRAME_ROOM];
	struct wt_frame frames[BATCH];
	size_t count;
};

struct run {
	const struct wt_preset *preset;
	struct wt_feed_channel list[CHANNELS];
	struct wt_feed_channels channels;
	struct wt_feed_monitor *monitor;
	struct wt_feed_merge *merge;
	struct lane lanes[LANES];
	bool keep_step;
	uint64_t stop_at; /* of all packets; stored by the thread that follows */
	uint32_t stopped; /* lanes that have ended */
	uint64_t missing, claimed, unknown, blamed;
};

static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds_asked(void)
{
	const char *text = getenv("SECONDS");
	double asked = text ? atof(text) : 0;

	return asked > 0 ? asked : 5;
}

static void on_event(void *context, const struct wt_feed_event *event)
{
	struct run *run = context;

	if (event->kind != WT_EVENT_GAP)
		return;
	run->missing += event->missing;
	run->claimed += event->verdict.ring_claim;
	run->unknown += event->verdict.unknown;
	run->blamed += event->missing - event->verdict.unknown - event->verdict.ring;
}

static void make_channels(struct run *run)
{
	for (uint32_t i = 0; i < CHANNELS; i++) {
		struct wt_feed_channel *channel = &run->list[i];
		uint32_t group = htobe32(0xe9fc0000 + i); /* 233.252.0.0 */

		snprintf(channel->name, sizeof(channel->name), "channel-%u", i);
		channel->preset = run->preset;
		channel->sides[0] = (struct wt_feed_address){.used = true, .port = PORT};
		memcpy(channel->sides[0].ip, &group, sizeof(group));
	}
	run->channels = (struct wt_feed_channels){.list = run->list, .count = CHANNELS};
}

/* The packets of all lanes in order: the channel's next number each. */
static void put_frame(struct lane *lane, uint64_t at)
{
	uint8_t *frame = lane->bytes[lane->count];
	struct wt_udp_flow flow = {.group = 0xe9fc0000 + (uint32_t)(at % CHANNELS),
	                           .port = PORT,
	                           .source_port = PORT,
	                           .ttl = 1};
	struct wt_feed_header header = {
	        .what = WT_FEED_DATA, .session = 1, .first = at / CHANNELS + 1, .count = 1};
	int payload = wt_preset_write(lane->run->preset, frame + WT_UDP_HEADER_BYTES,
	                              FRAME_ROOM - WT_UDP_HEADER_BYTES, &header, 0, 0);
	uint32_t bytes = WT_UDP_HEADER_BYTES + (uint32_t)payload;

	if (payload < 0 || wt_udp_build(frame, &flow, 1, (size_t)payload))
		fail("a packet could not be made");
	lane->frames[lane->count++] = (struct wt_frame){.data = frame,
	                                                .stamp_ns = T0 + (int64_t)at * PACKET_NS,
	                                                .caplen = bytes,
	                                                .len = bytes,
	                                                .dropped_before = lane->dropped_before};
	lane->dropped += lane->dropped_before;
	lane->dropped_before = 0;
	lane->given++;
}

/* Whether a lane has as much on its way as its queue may hold. */
static bool is_ahead(const struct lane *lane, uint64_t at)
{
	for (int i = 0; i < LANES; i++) {
		/* A number by itself. */
		uint64_t other = __atomic_load_n(&lane->run->lanes[i].at, __ATOMIC_RELAXED);

		if (lane->run->keep_step && at > other + STEP_MOST)
			return true;
	}
	return false;
}

static void hand_over(struct lane *lane, uint64_t at)
{
	wt_feed_lane_frames(lane->feed, lane->frames, lane->count);
	lane->count = 0;
	__atomic_store_n(&lane->at, at, __ATOMIC_RELAXED);
}

/* The ring has no room for one in two hundred or so, other than the first. */
static bool is_dropped(uint64_t at)
{
	return at >= CHANNELS && (at * UINT64_C(0x9e3779b97f4a7c15)) >> 32 < UINT32_MAX / 200;
}

static void *run_lane(void *argument)
{
	struct lane *lane = argument;
	uint64_t at = lane->number;

	/* A number by itself. */
	while (at < __atomic_load_n(&lane->run->stop_at, __ATOMIC_RELAXED)) {
		while (is_ahead(lane, at))
			sched_yield();
		for (int i = 0; i < BATCH; i++, at += LANES) {
			if (is_dropped(at))
				lane->dropped_before++;
			else
				put_frame(lane, at);
		}
		hand_over(lane, at);
		if (at % 7 == 0)
			wt_feed_lane_quiet(lane->feed, T0 + (int64_t)at * PACKET_NS, 0);
	}
	wt_feed_lane_end(lane->feed);
	__atomic_store_n(&lane->at, UINT64_MAX / 2, __ATOMIC_RELAXED);
	/* Pairs with the acquire in follow(). */
	__atomic_add_fetch(&lane->run->stopped, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Where all lanes are to stop: where none of them has been yet. */
static void stop(struct run *run)
{
	uint64_t most = 0;

	for (int i = 0; i < LANES; i++) {
		uint64_t at = __atomic_load_n(&run->lanes[i].at, __ATOMIC_RELAXED);

		most = at > most ? at : most;
	}
	__atomic_store_n(&run->stop_at, most + (uint64_t)10 * STEP_MOST, __ATOMIC_RELAXED);
}

static void follow(struct run *run, double until)
{
	bool over = false, stopping = false;

	while (!over) {
		if (!stopping && seconds() > until) {
			stopping = true;
			stop(run);
		}
		/* Pairs with the release in run_lane(): what it has given is there. */
		over = __atomic_load_n(&run->stopped, __ATOMIC_ACQUIRE) == LANES;
		while (wt_feed_merge_run(run->merge))
			;
		sched_yield();
	}
	wt_feed_monitor_finish(run->monitor);
}

static void open_run(struct run *run, uint32_t room)
{
	struct wt_feed_monitor_config config = {.channels = &run->channels,
	                                        .interfaces = LANES,
	                                        .on_event = on_event,
	                                        .context = run};
	struct wt_feed_lane_config lane = {.channels = &run->channels,
	                                   .name = "eth0",
	                                   .link_type = WT_LINK_TYPE_ETHERNET,
	                                   .room = room};
	struct wt_error err;

	if (wt_feed_monitor_open(&run->monitor, &config, &err) ||
	    wt_feed_monitor_interface(run->monitor, 0, "eth0", WT_LINK_TYPE_ETHERNET, NULL) ||
	    wt_feed_merge_open(&run->merge, run->monitor, LANES))
		fail("the monitor could not be opened");
	for (uint32_t i = 0; i < LANES; i++) {
		run->lanes[i] = (struct lane){.run = run, .number = i, .at = i};
		if (i && wt_feed_monitor_lane(run->monitor, i, 0, NULL))
			fail("a lane was not taken");
		if (wt_feed_lane_open(&run->lanes[i].feed, &lane, &err))
			fail("%s", err.text);
		wt_feed_merge_add(run->merge, run->lanes[i].feed, i);
	}
}

static void close_run(struct run *run)
{
	for (uint32_t i = 0; i < LANES; i++)
		wt_feed_lane_close(run->lanes[i].feed);
	wt_feed_merge_close(run->merge);
	wt_feed_monitor_close(run->monitor);
}

static void check(struct run *run)
{
	struct wt_tracker *tracker = wt_feed_monitor_tracker(run->monitor);
	uint64_t given = 0, dropped = 0, received = 0, missing = 0;
	uint64_t unfollowed = wt_feed_merge_unfollowed(run->merge);
	struct wt_tracker_totals totals;

	wt_tracker_totals(tracker, &totals);
	for (uint32_t i = 0; i < LANES; i++) {
		given += run->lanes[i].given;
		dropped += run->lanes[i].dropped;
	}
	for (uint32_t i = 0; i < totals.streams; i++) {
		struct wt_stream_report report;

		wt_tracker_stream(tracker, i, &report);
		if (report.late || report.too_late || report.duplicates || report.resets)
			fail("the numbers of %s were out of order", report.channel->name);
		received += report.received;
		missing += report.missing;
	}
	printf("%zu packets, %zu dropped, %zu not followed, %zu missing of which %zu unknown\n",
	       (size_t)given, (size_t)dropped, (size_t)unfollowed, (size_t)missing,
	       (size_t)run->unknown);
	if (totals.matched != given || received != given - unfollowed)
		fail("%zu packets of %zu were received, %zu not followed", (size_t)received,
		     (size_t)given, (size_t)unfollowed);
	if (run->missing != missing || run->claimed > dropped)
		fail("%zu are missing, events say %zu; gaps claim %zu", (size_t)missing,
		     (size_t)run->missing, (size_t)run->claimed);
	if (run->keep_step && (unfollowed || run->unknown))
		fail("not all was followed, or known");
	/* All that is missing was dropped or not followed. */
	if (run->blamed)
		fail("%zu numbers are said to be others' loss", (size_t)run->blamed);
}

static void run_once(bool keep_step, uint32_t room, double duration)
{
	static struct run run;

	run = (struct run){.keep_step = keep_step,
	                   .preset = wt_preset_find("moldudp64"),
	                   .stop_at = UINT64_MAX};
	make_channels(&run);
	open_run(&run, room);
	for (int i = 0; i < LANES; i++)
		if (pthread_create(&run.lanes[i].thread, NULL, run_lane, &run.lanes[i]))
			fail("there is no thread for a lane");
	follow(&run, seconds() + duration);
	for (int i = 0; i < LANES; i++)
		pthread_join(run.lanes[i].thread, NULL);
	check(&run);
	close_run(&run);
}

int main(void)
{
	double duration = seconds_asked();

	run_once(true, 0, duration / 2);
	run_once(false, 512, duration / 2);
	return 0;
}
