/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_FEED_H
#define WIRETAPE_FEED_FEED_H

/* Internals of <wiretape/feed.h>: for feed.c, and for a recording that follows feeds itself. */

#include <wiretape/feed.h>
#include <wiretape/feed/feed_monitor.h>

struct wt_feed {
	struct wt_feed_monitor *monitor;
	struct wt_feed_channels channels;
	void (*on_news)(void *context, const struct wt_feed_news *news);
	void *context;
};

/* Read the channels of a program's settings; none is fine. wt_feed_channels_free(), also after an
 * error. */
int wt_feed_channels_read(struct wt_feed_channels *channels, const char *const *texts, size_t count,
                          const char *path, struct wt_error *err);

/* Pass an event, which is borrowed, to whoever listens. */
void wt_feed_tell(const struct wt_feed *feed, const struct wt_feed_event *event);

#endif
