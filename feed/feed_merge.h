/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_FEED_MERGE_H
#define WIRETAPE_FEED_FEED_MERGE_H

/* Merges what several lanes have seen, by stamp, and has a monitor follow it, as if one ring had
 * stored it all in this order: so packets of a stream may be dealt to lanes in any way. Something
 * is taken as soon as every lane has promised that nothing older will come of it. In the thread of
 * the monitor; it waits for nothing. */

#include <wiretape/feed/feed_monitor.h>
#include <wiretape/feed/lane/feed_lane.h>

struct wt_feed_merge;

/* Without lanes yet; at most `lanes`. The monitor is borrowed. 0 or -ENOMEM. */
int wt_feed_merge_open(struct wt_feed_merge **merge, struct wt_feed_monitor *monitor,
                       uint32_t lanes);
void wt_feed_merge_close(struct wt_feed_merge *merge); /* NULL is fine */

/* Add a lane, borrowed, before the first run: `number` is its interface's or lane's of the monitor,
 * which it has been announced as. */
void wt_feed_merge_add(struct wt_feed_merge *merge, struct wt_feed_lane *lane, uint32_t number);

/* Follow what is due, and pass the time that all have promised. Call it every few milliseconds: the
 * lanes' queues have to hold what comes in between. True: there is more, which can be taken at
 * once. After the last lane's end it takes all. */
bool wt_feed_merge_run(struct wt_feed_merge *merge);

/* The lane whose promise all others wait for, by its number; -1: nothing waits. */
int wt_feed_merge_holder(const struct wt_feed_merge *merge);

/* Headers that found no room in their lanes' queues so far. */
uint64_t wt_feed_merge_unfollowed(const struct wt_feed_merge *merge);

#endif
