/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_FEED_MONITOR_H
#define WIRETAPE_FEED_FEED_MONITOR_H

/* Loss monitoring in one piece, as recording and reading use it: frames in, events out. Wires a
 * tracker, the channels and a loss log together; one thread at a time.
 *
 * An interface may be recorded in several lanes, each with a ring, a number and a tape of its own.
 * Their frames, or what they have seen (lane/feed_merge.h), come here in the order of stamps, and
 * the verdicts are those of one ring that had stored them in this order. A loss in a lane lies
 * between two packets of it; so it is in the window of every gap that it may have made. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/channel/channels.h>
#include <wiretape/feed/verdict/loss_log.h>

struct wt_feed_monitor;

struct wt_feed_monitor_config {
	const struct wt_feed_channels *channels; /* borrowed */
	uint32_t interfaces;      /* numbers below this may be used, lanes' too; at most 256 */
	uint32_t max_streams;     /* 0: 32768 */
	uint32_t max_gaps;        /* 0: as of the channels */
	int64_t late_ns;          /* 0: 1 s */
	wt_loss_between *between; /* NULL: the monitor's own log answers */
	void *between_context;
	void (*on_gap_opens)(void *context, uint32_t interface); /* or NULL */
	void (*on_event)(void *context, const struct wt_feed_event *event);
	void *context;
};

int wt_feed_monitor_open(struct wt_feed_monitor **monitor,
                         const struct wt_feed_monitor_config *config, struct wt_error *err);
void wt_feed_monitor_close(struct wt_feed_monitor *monitor); /* NULL is fine */

/* Announce an interface before its first frame. `name` is copied. `no_ledger`: the reason why its
 * losses are unknown, a static text; NULL: there is a ledger. 0 or -EINVAL, -ENOMEM. */
int wt_feed_monitor_interface(struct wt_feed_monitor *monitor, uint32_t interface, const char *name,
                              uint16_t link_type, const char *no_ledger);

/* Announce a number to be another lane of an interface that was announced, before its first frame;
 * again for another ledger.
 * `no_ledger` as above. Frames and losses are given to the lane; events, looks and NICs are the
 * interface's. 0 or -EINVAL. */
int wt_feed_monitor_lane(struct wt_feed_monitor *monitor, uint32_t lane, uint32_t interface,
                         const char *no_ledger);

/* Name as announced; "" if it was not. */
const char *wt_feed_monitor_interface_name(const struct wt_feed_monitor *monitor,
                                           uint32_t interface);

/* Take frames of one interface as stored, with the drops before each
 * (frame->dropped_before). */
void wt_feed_monitor_frames(struct wt_feed_monitor *monitor, uint32_t interface,
                            const struct wt_frame *frames, size_t count);

/* Take what a lane has seen, in order of stamps among all lanes; for the names see
 * wt_tracker_sighting(). After the last of several call wt_feed_monitor_settle(). */
void wt_feed_monitor_sighting(struct wt_feed_monitor *monitor, uint32_t lane,
                              const struct wt_sighting *sighting,
                              const struct wt_sighting_names *names);
void wt_feed_monitor_settle(struct wt_feed_monitor *monitor);

/* Note losses between the last frame given and the next, of this lane: see loss_log.h. */
void wt_feed_monitor_writer_lost(struct wt_feed_monitor *monitor, uint32_t interface,
                                 uint64_t packets);
/* Note a break between `from` and `to` packets of the interface after the last frame given; before
 * it, if they are negative. */
void wt_feed_monitor_break_within(struct wt_feed_monitor *monitor, uint32_t interface, int64_t from,
                                  int64_t to, const char *why);
void wt_feed_monitor_nic(struct wt_feed_monitor *monitor, uint32_t interface, int64_t look_ns,
                         const uint64_t *counters);

/* No frame with a stamp below `now_ns` will come. */
void wt_feed_monitor_advance(struct wt_feed_monitor *monitor, int64_t now_ns);
void wt_feed_monitor_finish(struct wt_feed_monitor *monitor);

/* Frames of an interface so far; with several lanes of this one. */
uint64_t wt_feed_monitor_order(const struct wt_feed_monitor *monitor, uint32_t interface);

/* The channels that it was opened with. */
const struct wt_feed_channels *wt_feed_monitor_followed(const struct wt_feed_monitor *monitor);

/* The parts, for reports and state. Owned by the monitor. */
struct wt_tracker *wt_feed_monitor_tracker(struct wt_feed_monitor *monitor);
struct wt_channels *wt_feed_monitor_channels(struct wt_feed_monitor *monitor);

#endif
