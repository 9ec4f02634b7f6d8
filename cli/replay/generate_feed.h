/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_REPLAY_GENERATE_FEED_H
#define WIRETAPE_CLI_REPLAY_GENERATE_FEED_H

/* `generate --feed`: streams of a transport with known faults, sent or written into a file. */

#include <wiretape/cli/common_options.h>
#include <wiretape/feed/load/feed_fault.h>
#include <wiretape/feed/load/feed_load.h>
#include <wiretape/monitor/number_json.h>
#include <wiretape/replay/replayer.h>

/* Starts as zero. */
struct wt_generate_feed {
	const struct wt_preset *preset; /* NULL: no --feed */
	const char *out;                /* -w */
	struct wt_feed_load_config load;
	struct wt_feed_faults faults;
	bool has_faults;
	struct wt_preset custom;
	struct wt_given_time start;
	/* Taken from the other options, before wt_generate_feed_run(): */
	uint32_t group, source; /* 0: not given */
	uint16_t port;
	bool quiet, json;
};

/* Options of a struct wt_generate_feed. */
extern const struct wt_option wt_generate_feed_rows[];

/* Find the name of a given option that is about feeds; NULL: none. */
const char *wt_generate_feed_option(const struct wt_generate_feed *feed);

/* Check whether packets go somewhere without -i: into a file, or each side names its interface. */
bool wt_generate_feed_has_place(const struct wt_generate_feed *feed);

/* Send or write it all, and report: an exit code. *config says how to send, and its `interface`
 * where to, for sides that name none. */
int wt_generate_feed_run(struct wt_generate_feed *feed, struct wt_replayer_config *config);

extern const struct wt_document wt_generate_feed_document;

#endif
