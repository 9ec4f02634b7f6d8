/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/stream/tracker.h>
#include <wiretape/feed/stream/tracker_private.h>

/* Any bytes as a tracker's state: refused, or taken; then the books close, packets can come, and
 * what is saved is taken again. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check(const struct wt_tracker *tracker)
{
	for (uint32_t i = 0; i < wt_tracker_stream_count(tracker); i++) {
		struct wt_stream_report report;

		wt_tracker_stream(tracker, i, &report);
		require(report.expected == report.received + report.missing);
		require(report.missed == report.missing + report.recovered);
	}
}

static void give(struct wt_tracker *tracker)
{
	for (uint64_t i = 1; i < 100; i++) {
		struct wt_feed_header header = {
		        .what = i % 7 ? WT_FEED_DATA : WT_FEED_HEARTBEAT,
		        .has_number = true,
		        .first = 90 + i * i % 31,
		        .count = i % 7 ? 1 : 0,
		};
		struct wt_arrival arrival = {
		        .header = &header,
		        .stamp_ns = (int64_t)(i * 1000000),
		        .order = i,
		        .side = (uint32_t)(i % 11 / 4) % WT_FEED_SIDES,
		};

		wt_tracker_header(tracker, &arrival);
		check(tracker);
	}
	wt_tracker_tick(tracker, INT64_MAX);
}

static struct wt_tracker *open_tracker(const struct wt_feed_channels *channels)
{
	struct wt_tracker_config config = {.channels = channels, .max_streams = 32};
	struct wt_tracker *tracker;

	require(!wt_tracker_open(&tracker, &config, NULL));
	require(!wt_tracker_interface(tracker, 0, "eth0", 1));
	return tracker;
}

static int load(struct wt_tracker *tracker, const char *text, size_t bytes)
{
	struct wt_error err;
	size_t left_out;

	return wt_tracker_load(tracker, text, bytes, &left_out, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct wt_preset row = {
	        .name = "fuzz", .number_bits = 32, .begins_at = 1, .heartbeat_ms = 1};
	struct wt_feed_channel channel = {.name = "fuzz", .preset = &row};
	struct wt_feed_channels channels = {.list = &channel, .count = 1};
	struct wt_tracker *tracker, *other;
	size_t size;
	char *text;

	for (uint8_t side = 0; side < WT_FEED_SIDES; side++)
		channel.sides[side] = (struct wt_feed_address){
		        .used = true, .ip = {239, 1, 1, side + 1}, .port = 5000};
	tracker = open_tracker(&channels);
	if (!load(tracker, (const char *)data, bytes)) {
		check(tracker);
		give(tracker);
		require(!wt_tracker_interface(tracker, 1, "eth1", 1));
		check(tracker);
		require(!wt_tracker_save(tracker, &text, &size));
		other = open_tracker(&channels);
		require(!load(other, text, size));
		wt_tracker_close(other);
		free(text);
	}
	wt_tracker_close(tracker);
	return 0;
}
