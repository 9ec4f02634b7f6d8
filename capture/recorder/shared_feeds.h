/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_SHARED_FEEDS_H
#define WIRETAPE_CAPTURE_RECORDER_SHARED_FEEDS_H

/* Loss monitoring of a recording in lanes. Each lane reads the headers of feeds in its thread; one
 * more thread, the recording's, follows the numbers of all lanes, and reports. The first lane looks
 * at the NICs, which are there once, and has a place in its tape for what is found out. Lanes wait
 * for nothing here but, the first one, at its end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/feed_merge.h>
#include <wiretape/feed/verdict/nic_look.h>

struct wt_shared_feeds;

struct wt_shared_feeds_config {
	const struct wt_feed_channels *channels; /* borrowed */
	uint32_t lanes, interfaces;              /* of each lane; together at most 256 */
	int64_t late_ns;
	void (*on_event)(void *context, const struct wt_feed_event *event); /* or NULL */
	void (*wake_lane)(void *context, uint32_t lane);                    /* by any thread */
	void *context;
};

int wt_shared_feeds_open(struct wt_shared_feeds **feeds,
                         const struct wt_shared_feeds_config *config, struct wt_error *err);
void wt_shared_feeds_close(struct wt_shared_feeds *feeds); /* NULL is fine */

/* Lanes, one after the other, before they record: begin to read on an interface. The first lane is
 * the first. */
int wt_shared_feeds_add(struct wt_shared_feeds *feeds, uint32_t lane, uint32_t interface,
                        const char *name, uint16_t link_type, struct wt_error *err);

/* The lane's eyes on an interface: for its thread. */
struct wt_feed_lane *wt_shared_feeds_eyes(const struct wt_shared_feeds *feeds, uint32_t lane,
                                          uint32_t interface);

/* The first lane: whether a gap has opened that a look at the interface's NIC should follow, and a
 * look that was taken; false: too many are on their way. */
bool wt_shared_feeds_wants_look(struct wt_shared_feeds *feeds, uint32_t interface);
bool wt_shared_feeds_look(struct wt_shared_feeds *feeds, const struct wt_nic_look *look);

/* The first lane: take whole blocks for the tape, as many as there are and have room. Returns
 * their bytes. */
size_t wt_shared_feeds_take(struct wt_shared_feeds *feeds, uint8_t *blocks, size_t room);

/* A lane's rings are empty for good. In its thread, or after that has ended; again does nothing. */
void wt_shared_feeds_end(struct wt_shared_feeds *feeds, uint32_t lane);

/* The first lane: whether all others have ended. */
bool wt_shared_feeds_awaits_first(const struct wt_shared_feeds *feeds);
/* The first lane: whether all lanes have ended and all was found out; blocks that are left then are
 * the last. */
bool wt_shared_feeds_is_over(const struct wt_shared_feeds *feeds);
/* Blocks that had no room so far. */
uint64_t wt_shared_feeds_left_out(struct wt_shared_feeds *feeds);

/* The thread that follows: follow what has come, every few milliseconds. True: there is more, which
 * does not have to be waited for. */
bool wt_shared_feeds_follow(struct wt_shared_feeds *feeds);
struct wt_feed_monitor *wt_shared_feeds_monitor(const struct wt_shared_feeds *feeds);

#endif
