/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_FEED_TAPES_H
#define WIRETAPE_FEED_FEED_TAPES_H

/* For whoever reads tapes: gives a monitor their frames, those of lanes in the order in which the
 * recording followed them (feed_merge.h). Tapes are read in the order of stamps, but in a tape the
 * interfaces take turns, each at most WT_CHANNELS_TURNS_NS after its stamps; so the headers of an
 * interface in lanes wait for as long. What is in no lanes goes to the monitor at once.
 *
 * Numbers are the monitor's. One thread at a time. */

#include <wiretape/feed/feed_monitor.h>

struct wt_feed_tapes;

/* The monitor is borrowed. 0 or -ENOMEM. */
int wt_feed_tapes_open(struct wt_feed_tapes **tapes, struct wt_feed_monitor *monitor);
void wt_feed_tapes_close(struct wt_feed_tapes *tapes); /* NULL is fine */

/* wt_feed_monitor_interface(), of which lanes are recorded or not; may be announced again. */
int wt_feed_tapes_interface(struct wt_feed_tapes *tapes, uint32_t interface, const char *name,
                            uint16_t link_type, const char *no_ledger, bool in_lanes);
/* wt_feed_monitor_lane(), of an interface in lanes, which is its first. */
int wt_feed_tapes_lane(struct wt_feed_tapes *tapes, uint32_t lane, uint32_t interface,
                       uint16_t link_type);

/* As the monitor's of these names: of a lane, or of an interface that is in none. */
void wt_feed_tapes_frames(struct wt_feed_tapes *tapes, uint32_t number,
                          const struct wt_frame *frames, size_t count);
/* Tell of drops before a lane's next frame before the frames that other lanes have meanwhile;
 * false: it is no lane, and the frame is to tell. */
bool wt_feed_tapes_dropped(struct wt_feed_tapes *tapes, uint32_t number, uint64_t packets);
void wt_feed_tapes_writer_lost(struct wt_feed_tapes *tapes, uint32_t number, uint64_t packets);
void wt_feed_tapes_break_within(struct wt_feed_tapes *tapes, uint32_t number, int64_t from,
                                int64_t to, const char *why);

/* All is read: follow what still waits. Before wt_feed_monitor_finish(). */
void wt_feed_tapes_end(struct wt_feed_tapes *tapes);

#endif
