/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_CLERK_HEALTH_H
#define WIRETAPE_CAPTURE_RECORDER_CLERK_HEALTH_H

#include <wiretape/capture/recorder/clerk_joins.h>
#include <wiretape/capture/recorder/recorder_feeds.h>

/* An interface, as the clerk sees it. */
struct wt_clerk_interface {
	struct wt_recorded *recorded;
	struct wt_clerk_join join;
	struct wt_error not_back; /* why it is not taken up again, as it was reported */
	bool down;
	bool finished; /* a simulation that has delivered everything */
	bool warned;   /* that the ring is nearly full, since it last was not */
};

/* All of them: whether they are up, down, gone, back, or have nothing more to give. */
struct wt_clerk_health {
	struct wt_recorder_state *state;
	struct wt_recorder_feeds *feeds;
	struct wt_clerk_interface *interfaces;
	size_t count;
	bool checked; /* all were looked at once */
};

/* Look at one that may be in trouble; at all. Ends the recording when nothing more can come. */
void wt_clerk_check_interface(struct wt_clerk_health *health, struct wt_clerk_interface *one);
void wt_clerk_check_interfaces(struct wt_clerk_health *health);

/* Report degradations of the reader, since it was opened or by now. */
void wt_clerk_tell_degraded(struct wt_recorder_state *state, const struct wt_recorded *recorded);

#endif
