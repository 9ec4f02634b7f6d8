/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_REPLAY_OPTIONS_H
#define WIRETAPE_CLI_REPLAY_OPTIONS_H

/* The command line of `wiretape replay`. */

#include <stdbool.h>

#include <wiretape/replay/plan/replayer_config.h>

enum { WT_REPLAY_MAPS_MAX = 64 };

struct wt_replay_options {
	struct wt_replay_config config; /* points into this struct and argv */
	struct wt_generated generated;
	char session[11];
	struct wt_time from, to;
	struct wt_udp_target target;
	const char *target_text; /* of --to, if that is no time */
	struct wt_rewrite rewrite;
	struct wt_replay_map maps[WT_REPLAY_MAPS_MAX];
	char *map_texts[WT_REPLAY_MAPS_MAX]; /* owned */
	bool has_tolerance;
	bool allow_skipped;
	bool check;
	bool quiet, json, help;
};

/* An exit code; *options is to be freed in any case. */
int wt_replay_options_parse(struct wt_replay_options *options, int argc, char **argv);
void wt_replay_options_free(struct wt_replay_options *options);

void wt_replay_options_help(void);

#endif
