/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/stream/tracker.h>
#include <wiretape/feed/stream/tracker_private.h>
#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

/* Any headers, or any frames, in any order and at any time: the books close after each, records and
 * reports agree, and what was saved can be loaded. The first byte chooses the channels. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { HEADER_BYTES = 8, PORT = 5000, STREAMS = 64, PAYLOAD_ROOM = 64, STEPS = 100 };

struct books {
	uint64_t skipped, filled;
};

static struct books books[STREAMS];

static void require(int holds)
{
	if (!holds)
		abort();
}

static void take(void *context, const struct wt_feed_record *records, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		require(records[i].stream < STREAMS);
		if (records[i].kind == WT_RECORD_GAP)
			books[records[i].stream].skipped += records[i].end - records[i].first;
		else if (records[i].kind == WT_RECORD_FILL)
			books[records[i].stream].filled += records[i].end - records[i].first;
	}
}

static void check(struct wt_tracker *tracker)
{
	wt_tracker_flush(tracker);
	for (uint32_t i = 0; i < wt_tracker_stream_count(tracker); i++) {
		struct wt_stream_report report;

		wt_tracker_stream(tracker, i, &report);
		require(report.expected == report.received + report.missing);
		require(report.missed == report.missing + report.recovered);
		if (report.channel->kind != WT_FEED_LIVE)
			continue;
		require(books[i].skipped == report.missed);
		require(books[i].filled == report.recovered);
	}
}

/* Small numbers are what streams are made of; large ones are what they are not. */
static uint64_t number(const uint8_t *at, uint8_t how)
{
	uint64_t value = (uint64_t)at[0] | (uint64_t)at[1] << 8;

	switch (how & 3) {
	case 0:
		return value & 0xff;
	case 1:
		return value;
	case 2:
		return value << 48 | 0xffff;
	default:
		return UINT32_MAX - (value & 0xff);
	}
}

static void give_header(struct wt_tracker *tracker, const uint8_t *at, int64_t *now_ns,
                        uint64_t order)
{
	struct wt_feed_header header = {
	        .what = at[0] % 5,
	        .has_number = at[1] & 1,
	        .again = (at[1] & 14) == 2,
	        .restarts = (at[1] & 14) == 4,
	        .anywhere = (at[1] & 14) == 6,
	        .session = at[2] & 3,
	        .channel = at[2] >> 2 & 1,
	        .first = number(at + 3, at[5]),
	        .count = at[0] % 5 == WT_FEED_DATA ? 1 + (at[5] >> 2 & 7) : 0,
	};
	uint64_t steps[] = {1,          1000000, 1000000000, 20000000000,
	                    UINT64_MAX, 1,       1,          UINT64_C(1) << 62};
	uint8_t payload[PAYLOAD_ROOM] = {0};
	struct wt_arrival arrival = {
	        .header = &header,
	        .stamp_ns = *now_ns,
	        .order = order,
	        .side = at[7] % tracker->reader.sides.side_count,
	        .payload = payload,
	        .payload_bytes = sizeof(payload),
	};

	if (header.what == WT_FEED_UNSEQUENCED)
		header.first = 0;
	wt_tracker_header(tracker, &arrival);
	*now_ns = (int64_t)((uint64_t)*now_ns + steps[at[6] & 7]);
	if (at[6] & 0x80)
		wt_tracker_tick(tracker, *now_ns);
}

static void give_frame(struct wt_tracker *tracker, const uint8_t *at, size_t bytes, uint64_t order)
{
	struct wt_frame frame = {.data = at,
	                         .caplen = (uint32_t)bytes,
	                         .len = (uint32_t)bytes,
	                         .stamp_ns = (int64_t)order};
	struct wt_tracker_totals before, after;
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	struct wt_udp_view view;
	size_t used;
	bool ours;

	wt_tracker_totals(tracker, &before);
	wt_tracker_frames(tracker, 0, &frame, 1, order);
	wt_tracker_totals(tracker, &after);
	ours = !wt_udp_locate(at, bytes, WT_LINK_TYPE_ETHERNET, &view) && view.ip_version == 4 &&
	       view.destination_port == PORT && view.destination[0] == 239 &&
	       view.destination[1] == 1 && view.destination[2] == 1 && view.destination[3] == 1;
	require(after.matched - before.matched == ours);
	require(after.unrecognised - before.unrecognised ==
	        (ours &&
	         wt_preset_read(tracker->reader.sides.sides[0].preset, view.payload,
	                        view.payload_bytes, view.payload_wire_bytes, headers, &used) <= 0));
}

static void reload(struct wt_tracker *tracker, const struct wt_tracker_config *config)
{
	struct wt_tracker *other;
	size_t size, left_out;
	char *text;

	require(!wt_tracker_save(tracker, &text, &size));
	require(!wt_tracker_open(&other, config, NULL));
	require(!wt_tracker_interface(other, 0, "", WT_LINK_TYPE_ETHERNET));
	require(!wt_tracker_load(other, text, size, &left_out, NULL) && !left_out);
	require(wt_tracker_stream_count(other) <= wt_tracker_stream_count(tracker));
	wt_tracker_close(other);
	free(text);
}

static void choose(struct wt_feed_channel *channel, struct wt_preset *row, uint8_t how)
{
	static const uint8_t widths[] = {16, 32, 35, 64};

	*row = (struct wt_preset){
	        .name = "fuzz",
	        .number_bits = widths[how & 3],
	        .rolls_to = (how & 3) < 3 ? how >> 2 & 1 : 0,
	        .begins_at = how & 8 ? 1 : UINT64_MAX,
	        .heartbeat_ms = 1000,
	        .header_bytes = 8,
	        .number = {0, 4},
	};
	*channel = (struct wt_feed_channel){
	        .name = "fuzz", .preset = row, .kind = how & 16 ? how >> 5 & 1 : 0};
	for (int side = 0; side < (how & 64 ? WT_FEED_SIDES : 1); side++)
		channel->sides[side] = (struct wt_feed_address){
		        .used = true, .ip = {239, 1, 1, (uint8_t)(1 + side)}, .port = PORT};
	if (how & 128)
		channel->preset = wt_presets[(how & 63) % wt_preset_count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_preset row;
	struct wt_feed_channel channel;
	struct wt_feed_channels channels = {.list = &channel, .count = 1};
	struct wt_tracker_config config = {
	        .channels = &channels, .max_streams = STREAMS, .take = take};
	struct wt_tracker *tracker;
	int64_t now_ns = 1;
	uint64_t order = 0;

	if (!bytes)
		return 0;
	choose(&channel, &row, data[0]);
	memset(books, 0, sizeof(books));
	require(!wt_tracker_open(&tracker, &config, NULL));
	require(!wt_tracker_interface(tracker, 0, "", WT_LINK_TYPE_ETHERNET));
	for (size_t at = 1; at + HEADER_BYTES <= bytes && order < STEPS;) {
		size_t length = HEADER_BYTES;

		if (data[0] & 128) {
			length = data[at] < bytes - at ? data[at] : bytes - at - 1;
			give_frame(tracker, data + at + 1, length++, ++order);
		} else {
			give_header(tracker, data + at, &now_ns, ++order);
		}
		at += length;
		check(tracker);
	}
	reload(tracker, &config);
	wt_tracker_close(tracker);
	return 0;
}
