/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_LANE_FEED_LANE_H
#define WIRETAPE_FEED_LANE_FEED_LANE_H

/* One lane's eyes: reads the headers of feeds in the frames of one ring, in the thread that has
 * them, and hands them through a bounded queue to the thread that follows the numbers of all lanes
 * (feed_merge.h). Neither waits for the other, and there is no lock.
 *
 * A lane also promises how far it has seen: nothing older will come of it. What finds no room in
 * the queue is counted, and is a break in the lane's ledger: verdicts across it are unknown.
 *
 * wt_feed_lane_frames() to wt_feed_lane_end(): the lane's thread. Open, close: any, before and
 * after. The others: the thread that merges. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/feed/spec/feed_spec.h>
#include <wiretape/feed/stream/tracker.h>
#include <wiretape/frame.h>

struct wt_feed_lane;

struct wt_feed_lane_config {
	const struct wt_feed_channels *channels; /* borrowed */
	uint32_t interface;                      /* the monitor's number of it */
	const char *name;                        /* the interface's; copied */
	uint16_t link_type;
	uint32_t room; /* of the queue, in headers: a power of two; 0: 262144, which are 16 MiB */
	bool is_live;  /* touch the memory at once, in the thread that opens, near its processor */
};

int wt_feed_lane_open(struct wt_feed_lane **lane, const struct wt_feed_lane_config *config,
                      struct wt_error *err);
void wt_feed_lane_close(struct wt_feed_lane *lane); /* NULL is fine */

/* Read frames in the order stored, with the drops before each. The hot path. */
void wt_feed_lane_frames(struct wt_feed_lane *lane, const struct wt_frame *frames, size_t count);

/* Promise that no frame with a stamp below `now_ns` will come: its ring was empty since. `dropped`
 * is what the ring has dropped so far: what no frame has told of by now was dropped after the last.
 */
void wt_feed_lane_quiet(struct wt_feed_lane *lane, int64_t now_ns, uint64_t dropped);

/* Note losses between the last frame and the next: drops, of which the next does not tell; packets
 * seen and not written; or a loss of unknown size, as wt_feed_monitor_break_within(). */
void wt_feed_lane_dropped(struct wt_feed_lane *lane, uint64_t packets);
void wt_feed_lane_writer_lost(struct wt_feed_lane *lane, uint64_t packets);
void wt_feed_lane_break(struct wt_feed_lane *lane, int64_t from, int64_t to, const char *why);

/* No more frames will come. */
void wt_feed_lane_end(struct wt_feed_lane *lane);

/* Packets of channels that found no room so far. Any thread. */
uint64_t wt_feed_lane_unfollowed(const struct wt_feed_lane *lane);

/* Look at what has come. Returns false if it is all taken: then *until_ns is the promise, and
 * nothing older will come. Else *sighting is the next, borrowed until wt_feed_lane_take(), with
 * its stream's names or NULL, and *until_ns is when it counts: its stamp, unless stamps have run
 * backwards since. */
bool wt_feed_lane_peek(struct wt_feed_lane *lane, const struct wt_sighting **sighting,
                       const struct wt_sighting_names **names, int64_t *until_ns);
void wt_feed_lane_take(struct wt_feed_lane *lane);
/* Give the room of what was taken back to the lane. */
void wt_feed_lane_release(struct wt_feed_lane *lane);

/* Add the lane's counts to *totals. */
void wt_feed_lane_totals(const struct wt_feed_lane *lane, struct wt_tracker_totals *totals);

#endif
