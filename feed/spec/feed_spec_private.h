/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_SPEC_FEED_SPEC_PRIVATE_H
#define WIRETAPE_FEED_SPEC_FEED_SPEC_PRIVATE_H

#include <wiretape/feed/spec/feed_spec.h>

/* Place where a channel is written, for messages. */
struct wt_feed_place {
	const char *path; /* NULL: the command line */
	unsigned line;
	struct wt_error *err;
};

/* Set the error's text to the place and the reason; returns `code`. */
int wt_feed_fail(const struct wt_feed_place *place, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The list: room, duplicates, custom presets. */

/* Append a channel: -EEXIST, -EINVAL if the list is full, -ENOMEM. */
int wt_feed_list_append(struct wt_feed_channels *channels, const struct wt_feed_channel *channel,
                        const struct wt_feed_place *place);

/* Make the preset that "custom:…" describes; the list owns it. */
int wt_feed_list_custom(struct wt_feed_channels *channels, const char *text,
                        const struct wt_preset **preset, const struct wt_feed_place *place);

/* Take back the last additions. */
void wt_feed_list_truncate(struct wt_feed_channels *channels, size_t count, size_t custom_count);

#endif
