/* SPDX-License-Identifier: BSD-2-Clause */
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/feed/feed_monitor.h>
#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

/* Two hundred channels with random faults, as fast as it goes, for SECONDS (5) of real time:
 * numbers that are skipped, sides that lose, a ring that drops, packets that are late or come
 * twice, new sessions. Every number is known here, too: at the end each stream's books are right,
 * what events say is missing is missing, gaps have claimed no more than the ring has dropped, and
 * memory has not grown. */

enum {
	CHANNELS = 200,
	PAIRS = 100, /* of these */
	SIDES = 2,   /* A on the first interface, B on the second */
	SESSIONS = 4,
	BATCH = 64,
	FRAME_ROOM = 128,
	DELAYED = 4,
	COUNT_MOST = 3,
	PORT = 5000,
	GROWTH_KIB = 1024,
	PACKET_NS = 20000, /* 50,000 a second */
	STEPS_A_LOOK = 100000,
	LONG_SECONDS = 30, /* until all pages of tables that go round have been used once */
};

struct packet {
	uint64_t session, first;
	uint32_t count;
	int wait; /* packets of this side until it comes; 0: there is none */
};

struct side {
	struct packet delayed[DELAYED];
	uint64_t received[SESSIONS + 1], next[SESSIONS + 1];
};

struct channel {
	uint64_t session, next;
	struct side sides[SIDES];
};

struct interface {
	uint8_t bytes[BATCH][FRAME_ROOM];
	struct wt_frame frames[BATCH];
	size_t count;
	uint64_t dropped, dropped_all;
};

struct run {
	uint64_t random;
	int64_t now_ns;
	uint64_t packets;
	const struct wt_preset *preset;
	struct wt_feed_channel list[CHANNELS];
	struct wt_feed_channels channels;
	struct channel senders[CHANNELS];
	struct interface interfaces[SIDES];
	struct wt_feed_monitor *monitor;
	uint64_t event_missing, event_recovered, event_claim, event_pair_gaps, events;
};

static uint32_t draw(struct run *run, uint32_t below)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return (uint32_t)((run->random >> 32) * below >> 32);
}

static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	exit(1);
}

static void on_event(void *context, const struct wt_feed_event *event)
{
	struct run *run = context;

	run->events++;
	switch (event->kind) {
	case WT_EVENT_GAP:
		run->event_missing += event->missing;
		run->event_claim += event->verdict.ring_claim;
		break;
	case WT_EVENT_PAIR_GAP:
		run->event_pair_gaps++;
		break;
	case WT_EVENT_RECOVERED:
		run->event_recovered += event->recovered.count;
		break;
	default:
		break;
	}
}

static uint32_t group_of(uint32_t channel, uint32_t side)
{
	return 0xe9fc0000 + (side << 8) + channel; /* 233.252.0.0 */
}

static void make_channels(struct run *run)
{
	for (uint32_t i = 0; i < CHANNELS; i++) {
		struct wt_feed_channel *channel = &run->list[i];

		snprintf(channel->name, sizeof(channel->name), "channel-%u", i);
		channel->preset = run->preset;
		for (uint32_t side = 0; side < (i < PAIRS ? SIDES : 1); side++) {
			uint32_t group = htobe32(group_of(i, side));

			channel->sides[side] = (struct wt_feed_address){.used = true, .port = PORT};
			memcpy(channel->sides[side].ip, &group, sizeof(group));
		}
		run->senders[i].session = 1;
		run->senders[i].next = 1;
	}
	run->channels = (struct wt_feed_channels){.list = run->list, .count = CHANNELS};
}

static void hand_over(struct run *run, uint32_t number)
{
	struct interface *interface = &run->interfaces[number];

	wt_feed_monitor_frames(run->monitor, number, interface->frames, interface->count);
	interface->count = 0;
}

/* All that is there, so that no interface is ahead of another. */
static void hand_over_all(struct run *run)
{
	for (uint32_t i = 0; i < SIDES; i++)
		hand_over(run, i);
	wt_feed_monitor_advance(run->monitor, run->now_ns);
}

static void put_frame(struct run *run, uint32_t channel, uint32_t side, const struct packet *packet)
{
	struct interface *interface = &run->interfaces[side];
	uint8_t *frame = interface->bytes[interface->count];
	struct wt_udp_flow flow = {
	        .group = group_of(channel, side), .port = PORT, .source_port = PORT, .ttl = 1};
	struct wt_feed_header header = {.what = WT_FEED_DATA,
	                                .session = packet->session,
	                                .first = packet->first,
	                                .count = packet->count};
	int payload = wt_preset_write(run->preset, frame + WT_UDP_HEADER_BYTES,
	                              FRAME_ROOM - WT_UDP_HEADER_BYTES, &header, 0, 0);
	uint32_t bytes = WT_UDP_HEADER_BYTES + (uint32_t)payload;

	if (payload < 0 || wt_udp_build(frame, &flow, 1, (size_t)payload))
		fail("a packet could not be made");
	interface->frames[interface->count++] =
	        (struct wt_frame){.data = frame,
	                          .stamp_ns = run->now_ns,
	                          .caplen = bytes,
	                          .len = bytes,
	                          .dropped_before = interface->dropped};
	interface->dropped = 0;
	run->now_ns += PACKET_NS;
	run->packets++;
	if (interface->count == BATCH)
		hand_over_all(run);
}

/* The ring has no room for one in a hundred, other than the first of a session. */
static bool deliver(struct run *run, uint32_t channel, uint32_t number, const struct packet *packet)
{
	struct side *side = &run->senders[channel].sides[number];
	struct interface *interface = &run->interfaces[number];
	uint64_t end = packet->first + packet->count;

	if (packet->first > 1 && !draw(run, 100)) {
		interface->dropped++;
		interface->dropped_all++;
		return false;
	}
	put_frame(run, channel, number, packet);
	side->received[packet->session] += packet->count;
	if (end > side->next[packet->session])
		side->next[packet->session] = end;
	return true;
}

static void deliver_delayed(struct run *run, uint32_t channel, uint32_t number, bool all)
{
	struct side *side = &run->senders[channel].sides[number];

	for (int i = 0; i < DELAYED; i++) {
		struct packet *packet = &side->delayed[i];

		if (!packet->wait || (!all && --packet->wait))
			continue;
		packet->wait = 0;
		deliver(run, channel, number, packet);
	}
}

static bool delay(struct run *run, struct side *side, const struct packet *packet)
{
	for (int i = 0; i < DELAYED; i++) {
		if (side->delayed[i].wait)
			continue;
		side->delayed[i] = *packet;
		side->delayed[i].wait = 1 + (int)draw(run, 5);
		return true;
	}
	return false;
}

static void send_on_side(struct run *run, uint32_t channel, uint32_t number,
                         const struct packet *packet)
{
	struct side *side = &run->senders[channel].sides[number];
	uint32_t fate = packet->first > 1 ? draw(run, 200) : 200;

	deliver_delayed(run, channel, number, false);
	if (fate < 2)
		return; /* the line has lost it */
	if (fate < 4 && delay(run, side, packet))
		return;
	if (deliver(run, channel, number, packet) && fate < 6)
		put_frame(run, channel, number, packet);
}

static void begin_session(struct run *run, uint32_t channel)
{
	struct channel *sender = &run->senders[channel];

	if (sender->session == SESSIONS)
		return;
	for (uint32_t side = 0; side < SIDES; side++)
		deliver_delayed(run, channel, side, true);
	sender->session++;
	sender->next = 1;
}

static void step(struct run *run)
{
	uint32_t channel = draw(run, CHANNELS);
	struct channel *sender = &run->senders[channel];
	struct packet packet = {.count = 1 + draw(run, COUNT_MOST)};

	if (!draw(run, 1000))
		begin_session(run, channel);
	packet.session = sender->session;
	packet.first = sender->next;
	sender->next += packet.count;
	if (packet.first > 1 && !draw(run, 100))
		return; /* was never sent */
	for (uint32_t side = 0; side < (channel < PAIRS ? SIDES : 1); side++)
		send_on_side(run, channel, side, &packet);
}

static void check_stream(const struct run *run, const struct wt_stream_report *report)
{
	size_t channel = (size_t)(report->channel - run->list);
	const struct side *side = &run->senders[channel].sides[report->side];
	uint64_t session = report->session_number;

	if (session < 1 || session > SESSIONS)
		fail("there is a session %zu", (size_t)session);
	if (report->received != side->received[session] || report->next != side->next[session] ||
	    report->expected != side->next[session] - 1 ||
	    report->missing != report->expected - report->received)
		fail("%s %s, session %zu: received %zu of %zu, missing %zu, but %zu of %zu came",
		     report->channel->name, wt_feed_side_name(report->side), (size_t)session,
		     (size_t)report->received, (size_t)report->expected, (size_t)report->missing,
		     (size_t)side->received[session], (size_t)side->next[session] - 1);
}

static void check_books(struct run *run)
{
	struct wt_tracker *tracker = wt_feed_monitor_tracker(run->monitor);
	uint64_t missing = 0, dropped = 0;
	struct wt_tracker_totals totals;

	wt_tracker_totals(tracker, &totals);
	if (totals.matched != run->packets || totals.unrecognised || totals.table_full)
		fail("%zu packets of %zu were followed", (size_t)totals.matched,
		     (size_t)run->packets);
	for (uint32_t i = 0; i < totals.streams; i++) {
		struct wt_stream_report report;

		wt_tracker_stream(tracker, i, &report);
		check_stream(run, &report);
		missing += report.missing;
	}
	for (int i = 0; i < SIDES; i++)
		dropped += run->interfaces[i].dropped_all;
	if (run->event_missing - run->event_recovered != missing)
		fail("%zu are missing, events say %zu, less %zu", (size_t)missing,
		     (size_t)run->event_missing, (size_t)run->event_recovered);
	if (run->event_claim > dropped)
		fail("gaps claim %zu packets of the ring's, it has dropped %zu",
		     (size_t)run->event_claim, (size_t)dropped);
}

/* Memory that is allocated, to the byte; and the part of it that is there, which takes longer to
 * settle. 0: not known. */
struct memory {
	size_t allocated;
	long resident_kib;
};

static struct memory memory(void)
{
	struct memory now = {0};
	FILE *file = fopen("/proc/self/statm", "r");
	long size;

#ifdef __GLIBC__
	now.allocated = mallinfo2().uordblks + mallinfo2().hblkhd;
#endif
	if (!file)
		return now;
	if (fscanf(file, "%ld %ld", &size, &now.resident_kib) != 2)
		now.resident_kib = 0;
	fclose(file);
	now.resident_kib *= sysconf(_SC_PAGESIZE) / 1024;
	return now;
}

static void check_memory(const struct memory *early, const struct memory *late, double duration)
{
	if (late->allocated != early->allocated)
		fail("%zu bytes were allocated, now %zu are", early->allocated, late->allocated);
	if (duration >= LONG_SECONDS && late->resident_kib > early->resident_kib + GROWTH_KIB)
		fail("memory has grown from %ld to %ld KiB", early->resident_kib,
		     late->resident_kib);
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

static void run_for(struct run *run, double duration)
{
	double began = seconds(), passed = 0;
	struct memory early = {0}, late;

	memory(); /* what reading a file allocates stays allocated */
	while (passed < duration) {
		for (int i = 0; i < STEPS_A_LOOK; i++)
			step(run);
		passed = seconds() - began;
		if (!early.resident_kib && passed > duration / 2)
			early = memory();
	}
	late = memory();
	check_memory(early.resident_kib ? &early : &late, &late, duration);
	printf("%.0f s, %ld KiB resident, %ld at half of it\n", passed, late.resident_kib,
	       early.resident_kib);
}

int main(void)
{
	static struct run run = {.random = 88172645463325252, .now_ns = 1700000000000000000};
	struct wt_feed_monitor_config config = {.channels = &run.channels,
	                                        .interfaces = SIDES,
	                                        .on_event = on_event,
	                                        .context = &run};
	struct wt_error err;

	run.preset = wt_preset_find("moldudp64");
	make_channels(&run);
	if (wt_feed_monitor_open(&run.monitor, &config, &err))
		fail("%s", err.text);
	for (uint32_t i = 0; i < SIDES; i++)
		if (wt_feed_monitor_interface(run.monitor, i, i ? "eth1" : "eth0",
		                              WT_LINK_TYPE_ETHERNET, NULL))
			fail("an interface was not taken");
	run_for(&run, seconds_asked());
	for (uint32_t channel = 0; channel < CHANNELS; channel++)
		for (uint32_t side = 0; side < SIDES; side++)
			deliver_delayed(&run, channel, side, true);
	hand_over_all(&run);
	wt_feed_monitor_finish(run.monitor);
	check_books(&run);
	printf("%zu packets, %zu events, %zu gaps of pairs\n", (size_t)run.packets,
	       (size_t)run.events, (size_t)run.event_pair_gaps);
	wt_feed_monitor_close(run.monitor);
	return 0;
}
