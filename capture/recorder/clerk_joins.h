/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_CLERK_JOINS_H
#define WIRETAPE_CAPTURE_RECORDER_CLERK_JOINS_H

#include <wiretape/capture/recorder/recorded.h>

/* The multicast groups of an interface. */
struct wt_clerk_join {
	struct wt_join *join; /* NULL: no groups */
	bool lost;            /* to be renewed: the interface was gone */
};

int wt_clerk_join_open(struct wt_clerk_join *join, const struct wt_recorder_state *state,
                       const struct wt_recorded *recorded, struct wt_error *err);
void wt_clerk_join_close(struct wt_clerk_join *join);

/* Do what is due: see whether anything arrives, and join again where necessary; `is_down`: nothing
 * can. Returns when to call again; INT64_MAX: never. */
int64_t wt_clerk_join_keep(struct wt_clerk_join *join, struct wt_recorder_state *state,
                           struct wt_recorded *recorded, bool is_down);

#endif
