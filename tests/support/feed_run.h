/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_FEED_RUN_H
#define WIRETAPE_TESTS_FEED_RUN_H

/* Runs a monitor over made-up packets, and keeps its reports. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/feed_merge.h>

enum {
	RUN_EVENTS = 4096, /* events kept; more are counted */
	RUN_FRAME_BYTES = 1600,
	RUN_LANES = 4,
};

/* An event as reported; do not read its strings, which are in the JSON. */
struct run_event {
	struct wt_feed_event event;
	char *json;
};

struct feed_run {
	struct wt_feed_channels channels;
	struct wt_feed_monitor *monitor;
	struct run_event events[RUN_EVENTS];
	size_t event_count;
	unsigned gaps_opened;
	/* Of a run in lanes: each lane's eyes on each interface. */
	struct wt_feed_merge *merge;
	struct wt_feed_lane *lanes[RUN_LANES][2];
	uint32_t lane_count, interfaces;
};

/* Open a run with feeds in --feed's notation. A single interface is "eth0" with a ledger. */
struct feed_run *run_open(const char *const *feeds, uint32_t interfaces, int64_t late_ns);
/* Open one whose interfaces, at most two, are recorded in lanes with queues of `room`; 0: the
 * usual. */
struct feed_run *run_open_lanes(const char *const *feeds, uint32_t interfaces, uint32_t lanes,
                                uint32_t room, int64_t late_ns);
/* All frames were given: end the lanes, and settle everything. */
void run_finish_lanes(struct feed_run *run);
void run_close(struct feed_run *run);

/* A frame with a header of this channel's preset, for one of its sides. The bytes are `frame`'s. */
struct run_frame {
	struct wt_frame frame;
	uint8_t bytes[RUN_FRAME_BYTES];
};
void run_make(const struct feed_run *run, size_t channel, enum wt_feed_side side,
              const struct wt_feed_header *header, int64_t stamp_ns, struct run_frame *made);

/* Deliver numbers first .. first + count - 1; count 0: a heartbeat. `dropped` packets were dropped
 * before it. */
void run_data(struct feed_run *run, enum wt_feed_side side, uint64_t first, uint32_t count,
              int64_t stamp_ns, uint64_t dropped);

/* The nth event of a kind, or NULL. */
const struct wt_feed_event *run_event(const struct feed_run *run, enum wt_feed_event_kind kind,
                                      size_t n);
size_t run_count(const struct feed_run *run, enum wt_feed_event_kind kind);

#endif
