/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_FEEDS_H
#define WIRETAPE_CLI_CHECK_CHECK_FEEDS_H

/* Channels that a check follows: those given to it; else those given to the recorder, as its files
 * say; else those recognised with certainty from the packets. */

#include "check_source.h"

#include <stddef.h>

#include <wiretape/feed/spec/feed_spec.h>

enum wt_check_feeds {
	WT_CHECK_FEEDS_NONE,
	WT_CHECK_FEEDS_TOLD,
	WT_CHECK_FEEDS_TAPE,
	WT_CHECK_FEEDS_RECOGNISED,
};

/* Fill *channels, which has those given, if any. 0 or a negative errno. */
int wt_check_choose_feeds(struct wt_feed_channels *channels, const struct wt_check_file *files,
                          size_t count, const struct wt_patience *patience,
                          enum wt_check_feeds *source, struct wt_error *err);

/* "told", "tape", "recognised", "none". Static. */
const char *wt_check_feeds_name(enum wt_check_feeds source);

#endif
