/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_INTAKE_H
#define WIRETAPE_CAPTURE_RECORDER_INTAKE_H

#include <wiretape/capture/recorder/intake_frames.h>

/* A ring, as it takes its turns. */
struct wt_intake_ring {
	struct wt_recorded *recorded;
	uint64_t served_bytes; /* more is later; what counts is the difference to others */
	bool tried;            /* this time, and empty */
};

/* Brings what is in the rings of all interfaces to one tape. Nothing here waits. */
struct wt_intake {
	struct wt_conversion conversion;
	struct wt_intake_ring *rings;
	size_t ring_count;
	uint64_t served_bytes; /* of the ring served last, before that */
	bool found_empty;      /* all rings, the last time they were looked at */
	bool served;           /* something came out of a ring; until somebody sets it back */
	/* While draining. */
	uint64_t waiting;
	int64_t progress_ns; /* when something last came out of a ring, or the tape had no room */
};

/* Serve the rings until they are empty, the tape has no room, or it is time to look up. Returns
 * whether there may be more to do at once. */
bool wt_intake_serve(struct wt_intake *intake);

/* Whether the rings have room for all that may come in a few milliseconds, at any speed of today.
 */
bool wt_intake_has_room(const struct wt_intake *intake);

/* With the gates shut: begin to wait for what the producers have stored. Then: whether all of it
 * has come, or nothing for too long. */
void wt_intake_begin_drain(struct wt_intake *intake);
bool wt_intake_is_drained(struct wt_intake *intake);

/* After the end: forget the block under way, of which the rest is lost. */
void wt_intake_drop(struct wt_intake *intake);

/* Show the feeds what is in the rings and will not be in the file. */
void wt_intake_follow(struct wt_intake *intake);

#endif
