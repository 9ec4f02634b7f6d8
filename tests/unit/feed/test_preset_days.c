/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include <wiretape/feed/preset/preset.h>
#include <wiretape/feed/stream/tracker.h>
#include <wiretape/feed/stream/tracker_private.h>

#include "support/unit.h"

/* A day of each transport, with its beginning, resets, roll-over and end, and one loss: that is
 * found, and nothing else is. Packets are written, read, and followed. */

enum { ROOM = 512, MS = 1000000 };

static struct wt_feed_channel channel;
static struct wt_feed_channels channels;
static struct wt_tracker *tracker;
static const struct wt_preset *preset;
static uint64_t session, order;

static void begin_day(const char *name)
{
	struct wt_tracker_config config = {.channels = &channels};
	struct wt_error err;

	preset = wt_preset_find(name);
	cr_assert_not_null(preset);
	channel = (struct wt_feed_channel){.name = "day", .preset = preset};
	channel.sides[WT_FEED_A] =
	        (struct wt_feed_address){.used = true, .ip = {239, 1, 1, 1}, .port = 5000};
	channels = (struct wt_feed_channels){.list = &channel, .count = 1};
	cr_assert_eq(wt_tracker_open(&tracker, &config, &err), 0);
	session = order = 0;
}

static void give(const uint8_t *payload, size_t bytes)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used;
	int count = wt_preset_read(preset, payload, bytes, bytes, headers, &used);

	cr_assert_gt(count, 0, "%s", preset->name);
	order++;
	for (int i = 0; i < count; i++) {
		struct wt_arrival arrival = {.header = &headers[i],
		                             .stamp_ns = (int64_t)order * MS,
		                             .order = order,
		                             .payload = payload,
		                             .payload_bytes = bytes};

		wt_tracker_header(tracker, &arrival);
	}
}

static void send_header(struct wt_feed_header header)
{
	uint8_t payload[ROOM];
	int bytes;

	header.session = session;
	bytes = wt_preset_write(preset, payload, sizeof(payload), &header, 40,
	                        INT64_C(1700000000000000000) + (int64_t)order * MS);
	cr_assert_gt(bytes, 0, "%s: what %u, first %llu: %d", preset->name, header.what,
	             (unsigned long long)header.first, bytes);
	give(payload, (size_t)bytes);
}

/* Packets of `count` numbers each; the number after them. */
static uint64_t send_data(uint64_t first, unsigned packets, uint32_t count)
{
	for (; packets; packets--) {
		send_header((struct wt_feed_header){.first = first, .count = count});
		first += count;
	}
	return first;
}

static void send_said(enum wt_feed_what what, uint64_t first)
{
	send_header((struct wt_feed_header){
	        .what = (uint8_t)what,
	        .first = first,
	        .has_number = what == WT_FEED_HEARTBEAT || what == WT_FEED_END,
	});
}

/* All streams together: as much must have come, be missing, and have been reset. */
static void end_day(uint64_t received, uint64_t missing, uint64_t resets, enum wt_feed_state state)
{
	struct wt_stream_report sum = {.gaps = 0}, report = {.gaps = 0};

	for (uint32_t i = 0; i < wt_tracker_stream_count(tracker); i++) {
		wt_tracker_stream(tracker, i, &report);
		sum.received += report.received;
		sum.missing += report.missing;
		sum.resets += report.resets;
		sum.duplicates += report.duplicates + report.too_late + report.late;
	}
	cr_expect_eq(sum.received, received, "%s: %llu received", preset->name,
	             (unsigned long long)sum.received);
	cr_expect_eq(sum.missing, missing, "%s: %llu missing", preset->name,
	             (unsigned long long)sum.missing);
	cr_expect_eq(sum.resets, resets, "%s: %llu resets", preset->name,
	             (unsigned long long)sum.resets);
	cr_expect_eq(sum.duplicates, 0, "%s: %llu twice", preset->name,
	             (unsigned long long)sum.duplicates);
	cr_expect_eq(report.state, state, "%s: state %d", preset->name, report.state);
	wt_tracker_close(tracker);
	tracker = NULL;
}

/* Resets forward, and to 1 where the numbers are used up; line integrity goes on after the end. */
static void day_of_a_line(const char *name)
{
	uint64_t next;

	begin_day(name);
	send_said(WT_FEED_UNSEQUENCED, 0);
	send_said(WT_FEED_HEARTBEAT, 1);
	next = send_data(1, 50, 3);
	send_said(WT_FEED_HEARTBEAT, next);
	send_said(WT_FEED_RESET, 1000000);
	next = send_data(1000000, 50, 2);
	next = send_data(next + 4, 50, 2);
	send_said(WT_FEED_RESET, 4294967290);
	send_data(4294967290, 3, 2);
	send_said(WT_FEED_RESET, 2);
	next = send_data(2, 50, 1);
	send_said(WT_FEED_END, next + 1);
	send_said(WT_FEED_HEARTBEAT, next + 1);
	end_day(150 + 100 + 100 + 6 + 50 + 1, 4, 3, WT_FEED_STATE_ENDED);
}

Test(preset_days, opra)
{
	day_of_a_line("opra");
}

Test(preset_days, cta)
{
	day_of_a_line("cta");
}

Test(preset_days, opra_rolls_over_without_a_reset)
{
	begin_day("opra");
	send_data(4294967290, 3, 2);
	send_data(1, 20, 2);
	send_data(45, 20, 2);
	end_day(6 + 40 + 40, 4, 0, WT_FEED_STATE_LIVE);
}

/* The reset comes more than once; the last loss of the day shows in a heartbeat. */
Test(preset_days, omd)
{
	uint64_t next;

	begin_day("omd");
	send_said(WT_FEED_RESET, 1);
	next = send_data(1, 50, 3);
	send_said(WT_FEED_HEARTBEAT, next);
	send_said(WT_FEED_RESET, 1);
	send_said(WT_FEED_RESET, 1);
	next = send_data(1, 50, 2);
	send_said(WT_FEED_HEARTBEAT, next + 5);
	end_day(150 + 100, 5, 1, WT_FEED_STATE_RESTARTED);
}

Test(preset_days, b3)
{
	uint64_t next;

	begin_day("b3");
	session = 1;
	send_said(WT_FEED_RESET, 1);
	next = send_data(1, 50, 1);
	send_said(WT_FEED_HEARTBEAT, next);
	session = 2;
	send_said(WT_FEED_RESET, 1);
	next = send_data(1, 50, 1);
	send_said(WT_FEED_HEARTBEAT, next + 2);
	end_day(100, 2, 0, WT_FEED_STATE_LIVE);
}

/* The first packets after a restart say so, of which the first is lost. */
Test(preset_days, eobi)
{
	begin_day("eobi");
	send_data(5000, 50, 1);
	for (uint64_t first = 2; first < 5; first++)
		send_header((struct wt_feed_header){.first = first, .count = 1, .restarts = true});
	send_data(5, 50, 1);
	end_day(103, 1, 1, WT_FEED_STATE_RESTARTED);
}

/* Past 32 bits; then a restart, whose first packets are lost. */
Test(preset_days, optiq)
{
	begin_day("optiq");
	session = UINT64_MAX;
	send_data((UINT64_C(1) << 32) - 50, 100, 1);
	session = 1;
	send_data(4, 50, 1);
	end_day(150, 3, 0, WT_FEED_STATE_LIVE);
}

Test(preset_days, flex)
{
	static const uint8_t routing[] = "                    ";
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint64_t next;
	size_t used;

	begin_day("flex");
	cr_expect_eq(wt_preset_read(preset, routing, 20, 20, headers, &used), 0);
	session = UINT64_MAX;
	send_data(1, 50, 1);
	session = 1;
	next = send_data(1, 50, 1);
	send_said(WT_FEED_END, next + 2);
	end_day(101, 1, 0, WT_FEED_STATE_ENDED);
}

Test(preset_days, mdp3)
{
	begin_day("mdp3");
	send_data(700000, 50, 1);
	send_header((struct wt_feed_header){.first = 1, .count = 1, .restarts = true});
	send_data(2, 50, 1);
	send_data(54, 50, 1);
	end_day(151, 2, 1, WT_FEED_STATE_RESTARTED);
}

/* Begins anywhere, passes 65535, and begins anew anywhere. */
Test(preset_days, rtp)
{
	begin_day("rtp");
	send_data(65500, 36, 1);
	send_data(0, 50, 1);
	send_data(53, 50, 1);
	send_data(30000, 50, 1);
	end_day(186, 3, 1, WT_FEED_STATE_RESTARTED);
}
