/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_JOIN_JOIN_WATCH_H
#define WIRETAPE_CAPTURE_JOIN_JOIN_WATCH_H

/* Times to listen for a group, and the news of it. Pure: no socket, no clock.
 *
 * Listening costs a little for every packet of the interface, so it stops at the first packet of
 * the group and begins again after a rest. A silence is counted only while listening. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/capture/join/join_group.h>

#define WT_JOIN_SILENCE_NS INT64_C(5000000000)
#define WT_JOIN_REST_NS    INT64_C(4000000000)
#define WT_JOIN_LOOK_NS    INT64_C(1000000000) /* between looks, while listening */
#define WT_JOIN_FIRST_NS   INT64_C(20000000) /* until the first one: a fast feed is back at rest */

struct wt_join_watch {
	int64_t since_ns;   /* listening, or at rest, since */
	int64_t started_ns; /* listening since, before a silence */
	bool resting;
	bool silent; /* that was said */
	bool was_silent;
	bool heard; /* at any time */
};

/* Begin to listen, with a watch that is all zero, or anew: news given already stays given. */
void wt_join_watch_restart(struct wt_join_watch *watch, int64_t now_ns);

/* Go on; `heard`: a packet of the group was seen while listening. With news, *after_ns is for
 * how long there was nothing. */
enum wt_join_news wt_join_watch_step(struct wt_join_watch *watch, int64_t now_ns, bool heard,
                                     int64_t *after_ns);

/* Time of the next step. */
int64_t wt_join_watch_due_ns(const struct wt_join_watch *watch, int64_t now_ns);

#endif
