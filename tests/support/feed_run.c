/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "feed_run: %s: %s\n", what, why);
	abort();
}

static void keep(void *context, const struct wt_feed_event *event)
{
	struct feed_run *run = context;
	char text[WT_FEED_EVENT_TEXT_BYTES];
	struct run_event *kept;

	if (run->event_count++ >= RUN_EVENTS)
		return;
	kept = &run->events[run->event_count - 1];
	kept->event = *event;
	if (wt_feed_event_json(event, text, sizeof(text)) < 0)
		fail("an event", "no JSON");
	kept->json = strdup(text);
}

static void count_gap(void *context, uint32_t interface)
{
	struct feed_run *run = context;

	(void)interface;
	run->gaps_opened++;
}

static struct feed_run *open_run(const char *const *feeds, uint32_t interfaces, uint32_t lanes,
                                 int64_t late_ns)
{
	struct feed_run *run = calloc(1, sizeof(*run));
	struct wt_error err = {0};
	struct wt_feed_monitor_config config = {.channels = &run->channels,
	                                        .interfaces = interfaces * lanes,
	                                        .max_streams = 256,
	                                        .late_ns = late_ns,
	                                        .on_gap_opens = count_gap,
	                                        .on_event = keep,
	                                        .context = run};

	for (; *feeds; feeds++)
		if (wt_feed_channels_add(&run->channels, *feeds, &err))
			fail(*feeds, err.text);
	if (wt_feed_monitor_open(&run->monitor, &config, &err))
		fail("open", err.text);
	for (uint32_t i = 0; i < interfaces; i++) {
		char name[16];

		snprintf(name, sizeof(name), "eth%u", i);
		wt_feed_monitor_interface(run->monitor, i, name, WT_LINK_TYPE_ETHERNET, NULL);
	}
	run->interfaces = interfaces;
	return run;
}

struct feed_run *run_open(const char *const *feeds, uint32_t interfaces, int64_t late_ns)
{
	return open_run(feeds, interfaces, 1, late_ns);
}

static void add_lane(struct feed_run *run, uint32_t lane, uint32_t interface, uint32_t room)
{
	uint32_t number = lane * run->interfaces + interface;
	char name[16];
	const struct wt_feed_lane_config config = {
	        .channels = &run->channels,
	        .interface = interface,
	        .name = name,
	        .link_type = WT_LINK_TYPE_ETHERNET,
	        .room = room,
	};
	struct wt_error err;

	snprintf(name, sizeof(name), "eth%u", interface);
	if (lane && wt_feed_monitor_lane(run->monitor, number, interface, NULL))
		fail(name, "no lane");
	if (wt_feed_lane_open(&run->lanes[lane][interface], &config, &err))
		fail(name, err.text);
	wt_feed_merge_add(run->merge, run->lanes[lane][interface], number);
}

struct feed_run *run_open_lanes(const char *const *feeds, uint32_t interfaces, uint32_t lanes,
                                uint32_t room, int64_t late_ns)
{
	struct feed_run *run = open_run(feeds, interfaces, lanes, late_ns);

	run->lane_count = lanes;
	if (wt_feed_merge_open(&run->merge, run->monitor, lanes * interfaces))
		fail("merge", "no memory");
	for (uint32_t lane = 0; lane < lanes; lane++)
		for (uint32_t i = 0; i < interfaces; i++)
			add_lane(run, lane, i, room);
	return run;
}

void run_finish_lanes(struct feed_run *run)
{
	for (uint32_t lane = 0; lane < run->lane_count; lane++)
		for (uint32_t i = 0; i < run->interfaces; i++)
			wt_feed_lane_end(run->lanes[lane][i]);
	while (wt_feed_merge_run(run->merge))
		;
	wt_feed_monitor_finish(run->monitor);
}

void run_close(struct feed_run *run)
{
	for (uint32_t lane = 0; lane < run->lane_count; lane++)
		for (uint32_t i = 0; i < run->interfaces; i++)
			wt_feed_lane_close(run->lanes[lane][i]);
	wt_feed_merge_close(run->merge);
	wt_feed_monitor_close(run->monitor);
	for (size_t i = 0; i < run->event_count && i < RUN_EVENTS; i++)
		free(run->events[i].json);
	wt_feed_channels_free(&run->channels);
	free(run);
}

void run_make(const struct feed_run *run, size_t channel, enum wt_feed_side side,
              const struct wt_feed_header *header, int64_t stamp_ns, struct run_frame *made)
{
	const struct wt_feed_address *to = &run->channels.list[channel].sides[side];
	struct wt_udp_flow flow = {.source = 0x0a000001, .source_port = 5000, .port = to->port};
	int payload = wt_preset_write(
	        run->channels.list[channel].preset, made->bytes + WT_UDP_HEADER_BYTES,
	        sizeof(made->bytes) - WT_UDP_HEADER_BYTES, header, header->count * 4, stamp_ns);

	if (payload < 0)
		fail("a packet", "the preset cannot write it");
	flow.group = (uint32_t)to->ip[0] << 24 | (uint32_t)to->ip[1] << 16 |
	             (uint32_t)to->ip[2] << 8 | to->ip[3];
	if (wt_udp_build(made->bytes, &flow, 1, (size_t)payload))
		fail("a packet", "is none");
	made->frame = (struct wt_frame){.data = made->bytes,
	                                .stamp_ns = stamp_ns,
	                                .caplen = WT_UDP_HEADER_BYTES + (uint32_t)payload,
	                                .len = WT_UDP_HEADER_BYTES + (uint32_t)payload};
}

void run_data(struct feed_run *run, enum wt_feed_side side, uint64_t first, uint32_t count,
              int64_t stamp_ns, uint64_t dropped)
{
	struct wt_feed_header header = {.first = first,
	                                .count = count,
	                                .what = count ? WT_FEED_DATA : WT_FEED_HEARTBEAT,
	                                .has_number = true};
	struct run_frame made;

	run_make(run, 0, side, &header, stamp_ns, &made);
	made.frame.dropped_before = dropped;
	wt_feed_monitor_frames(run->monitor, 0, &made.frame, 1);
}

const struct wt_feed_event *run_event(const struct feed_run *run, enum wt_feed_event_kind kind,
                                      size_t n)
{
	for (size_t i = 0; i < run->event_count && i < RUN_EVENTS; i++)
		if (run->events[i].event.kind == kind && !n--)
			return &run->events[i].event;
	return NULL;
}

size_t run_count(const struct feed_run *run, enum wt_feed_event_kind kind)
{
	size_t count = 0;

	while (run_event(run, kind, count))
		count++;
	return count;
}
