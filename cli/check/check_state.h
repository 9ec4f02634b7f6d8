/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_STATE_H
#define WIRETAPE_CLI_CHECK_CHECK_STATE_H

/* The state that `check --state` carries from one day's files to the next: the interfaces, with the
 * last file of each, and the positions of all streams. */

#include "check_places.h"

#include <stdbool.h>
#include <stddef.h>

#include <wiretape/base/error.h>
#include <wiretape/feed/stream/tracker.h>

enum { WT_CHECK_STATE_VERSION = 1 };

/* The parts of a state's text: they borrow from it. 0; -EBADMSG with the reason; -ENOTSUP for
 * another version. Any bytes are safe. */
struct wt_check_state {
	const char *places;
	size_t places_bytes;
	const char *tracker;
	size_t tracker_bytes;
};
int wt_check_state_parse(struct wt_check_state *state, const char *text, size_t bytes,
                         struct wt_error *err);

/* Read the file, if it exists: *found. *left_out are streams of channels that are not followed any
 * more. Into places and a tracker that have seen nothing. 0 or a negative errno. */
int wt_check_state_load(const char *path, struct wt_places *places, struct wt_tracker *tracker,
                        bool *found, size_t *left_out, struct wt_error *err);

/* Replace it, in one step. 0 or a negative errno: then the old one is as it was. */
int wt_check_state_save(const char *path, const struct wt_places *places,
                        const struct wt_tracker *tracker, struct wt_error *err);

#endif
