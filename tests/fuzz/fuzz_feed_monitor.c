/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets, drops, looks and times as the input says, of channels of several kinds: accounts must
 * close and no dropped packet may explain two gaps. */
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/feed_monitor.h>
#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	INTERFACES = 2,
	FRAME_BYTES = 256,
	PAYLOAD_MOST = 64,
};

static const char *const feeds[] = {
        "custom:offset=0,width=8,endian=big,count=8:2,unit=messages,heartbeat=next"
        "@A=239.1.1.1:5000,B=239.1.1.2:5000,R=239.1.1.3:5000,name=abr",
        "custom:offset=0,width=2,endian=little,unit=packets"
        "@A=239.1.2.1:5000@eth0,B=239.1.2.1:5000@eth1,name=short",
        "moldudp64@A=239.1.3.1:5000,B=239.1.3.2:5000,name=mold",
        "pillar@A=239.1.4.1:5000,B=239.1.4.2:5000,name=pillar",
        "mach@239.1.5.1:5000,name=mach",
        "b3@239.1.6.1:5000,kind=loop,name=loop",
};

struct input {
	const uint8_t *at;
	size_t left;
};

struct state {
	struct wt_feed_channels channels;
	struct wt_feed_monitor *monitor;
	int64_t stamp_ns;
	uint64_t dropped[INTERFACES], claimed[INTERFACES];
	uint64_t opened, gaps;
	uint32_t numbered;
};

static uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	for (; bytes && input->left; bytes--, input->left--)
		value = value << 8 | *input->at++;
	return value;
}

static void check_event(void *context, const struct wt_feed_event *event)
{
	struct state *state = context;
	const struct wt_verdict_result *verdict = &event->verdict;
	char text[WT_FEED_EVENT_TEXT_BYTES];

	if (wt_feed_event_json(event, text, sizeof(text)) < 0)
		abort();
	if (event->kind == WT_EVENT_GAP || event->kind == WT_EVENT_PAIR_GAP)
		if (event->number != ++state->numbered)
			abort();
	state->gaps += event->kind == WT_EVENT_GAP;
	if (event->kind != WT_EVENT_GAP || verdict->verdict == WT_VERDICT_LATE)
		return;
	if (verdict->ring + verdict->writer + verdict->nic + verdict->line + verdict->upstream +
	            verdict->unknown !=
	    event->missing)
		abort();
	state->claimed[!strcmp(event->interface, "eth1")] += verdict->ring_claim;
}

static void count_opened(void *context, uint32_t interface)
{
	struct state *state = context;

	(void)interface;
	state->opened++;
}

static void make_flow(struct input *input, struct wt_udp_flow *flow)
{
	unsigned to = (unsigned)take(input, 1);

	*flow = (struct wt_udp_flow){.source = 0x0a000001, .source_port = 1, .port = 5000};
	flow->group = 0xef010000 | (1 + to % 6) << 8 | (1 + to / 6 % 3);
}

/* A payload as it is in the input, or a header that the preset writes. */
static size_t make_payload(const struct state *state, struct input *input, uint32_t group,
                           uint8_t *payload)
{
	const struct wt_preset *preset = state->channels.list[(group >> 8 & 7) - 1].preset;
	unsigned how = (unsigned)take(input, 1);
	struct wt_feed_header header = {0};
	int bytes;

	if (how & 0x80) {
		size_t raw = input->left < PAYLOAD_MOST ? input->left : PAYLOAD_MOST;

		memcpy(payload, input->at, raw);
		input->at += raw;
		input->left -= raw;
		return raw;
	}
	header.what = how & 7;
	header.count = header.what == WT_FEED_DATA ? 1 + (how >> 3 & 3) : 0;
	header.has_number = true;
	header.first = take(input, how & 0x40 ? 8 : 1);
	header.session = how & 0x20 ? take(input, 1) : 0;
	bytes = wt_preset_write(preset, payload, PAYLOAD_MOST, &header, header.count * 4, 0);
	return bytes > 0 ? (size_t)bytes : 0;
}

static void give_frame(struct state *state, struct input *input)
{
	uint8_t bytes[FRAME_BYTES] = {0};
	struct wt_udp_flow flow;
	struct wt_frame frame = {.data = bytes};
	unsigned how = (unsigned)take(input, 1);
	uint32_t interface = how & 1;
	size_t payload;

	make_flow(input, &flow);
	payload = make_payload(state, input, flow.group, bytes + WT_UDP_HEADER_BYTES);
	if (wt_udp_build(bytes, &flow, 1, payload))
		abort();
	frame.caplen = frame.len = (uint32_t)(WT_UDP_HEADER_BYTES + payload);
	if (how & 2)
		state->stamp_ns = (int64_t)((uint64_t)state->stamp_ns + take(input, 4));
	if (how & 4)
		state->stamp_ns = (int64_t)take(input, 8);
	frame.stamp_ns = state->stamp_ns;
	frame.dropped_before = how & 8 ? take(input, 1) : 0;
	state->dropped[interface] += frame.dropped_before;
	wt_feed_monitor_frames(state->monitor, interface, &frame, 1);
}

static void give_something(struct state *state, struct input *input)
{
	uint64_t counters[WT_NIC_COUNTERS_MAX] = {0};

	switch (take(input, 1) % 16) {
	case 0:
		wt_feed_monitor_writer_lost(state->monitor, 0, take(input, 8));
		break;
	case 1:
		wt_feed_monitor_break_within(state->monitor, 0, 0, 0, "a hole");
		break;
	case 2:
		counters[0] = take(input, 8);
		wt_feed_monitor_nic(state->monitor, 0, (int64_t)take(input, 8), counters);
		break;
	case 3:
		wt_feed_monitor_advance(state->monitor, (int64_t)take(input, 8));
		break;
	default:
		give_frame(state, input);
	}
}

static void check_accounts(const struct state *state)
{
	struct wt_tracker *tracker = wt_feed_monitor_tracker(state->monitor);
	struct wt_channels *channels = wt_feed_monitor_channels(state->monitor);
	struct wt_stream_report stream;
	struct wt_channel_report pair;
	struct wt_gap_counts counts;
	uint64_t gaps = 0;

	for (uint32_t i = 0; i < wt_tracker_stream_count(tracker); i++) {
		wt_tracker_stream(tracker, i, &stream);
		wt_channels_stream_gaps(channels, i, &counts);
		for (unsigned verdict = 0; verdict < WT_VERDICTS; verdict++)
			gaps += counts.gaps[verdict];
		if (stream.expected != stream.received + stream.missing)
			abort();
	}
	/* Every gap has settled. */
	if (gaps != state->gaps || gaps != state->opened)
		abort();
	for (uint32_t i = 0; i < wt_channels_pair_count(channels); i++) {
		wt_channels_pair(channels, i, &pair);
		if (pair.expected != pair.received + pair.missing)
			abort();
	}
	for (unsigned i = 0; i < INTERFACES; i++)
		if (state->claimed[i] > state->dropped[i])
			abort();
}

static void open_monitor(struct state *state)
{
	const struct wt_feed_monitor_config config = {.channels = &state->channels,
	                                              .interfaces = INTERFACES,
	                                              .max_streams = 64,
	                                              .max_gaps = 8,
	                                              .on_gap_opens = count_opened,
	                                              .on_event = check_event,
	                                              .context = state};

	for (size_t i = 0; i < sizeof(feeds) / sizeof(feeds[0]); i++)
		if (wt_feed_channels_add(&state->channels, feeds[i], NULL))
			abort();
	if (wt_feed_monitor_open(&state->monitor, &config, NULL) ||
	    wt_feed_monitor_interface(state->monitor, 0, "eth0", WT_LINK_TYPE_ETHERNET, NULL) ||
	    wt_feed_monitor_interface(state->monitor, 1, "eth1", WT_LINK_TYPE_ETHERNET, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state state = {.stamp_ns = INT64_C(1700000000000000000)};
	struct input input = {data, size};

	open_monitor(&state);
	while (input.left)
		give_something(&state, &input);
	wt_feed_monitor_finish(state.monitor);
	check_accounts(&state);
	wt_feed_monitor_close(state.monitor);
	wt_feed_channels_free(&state.channels);
	return 0;
}
