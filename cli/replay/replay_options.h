/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_REPLAY_REPLAY_OPTIONS_H
#define WIRETAPE_CLI_REPLAY_REPLAY_OPTIONS_H

/* The command line of `wiretape replay`. */

#include <stdbool.h>

#include <wiretape/cli/common_options.h>
#include <wiretape/replay/replayer.h>

enum { WT_REPLAY_MAPS_MAX = 64 };

struct wt_replay_options {
	struct wt_replayer_config config; /* points into this struct and argv */
	struct wt_file_list files;
	struct wt_generated generated;
	char session[11];
	struct wt_given_time from;
	struct wt_time to;
	struct wt_udp_target target;
	const char *target_text; /* of --to, if it is not a time */
	struct wt_rewrite rewrite;
	struct wt_replayer_map maps[WT_REPLAY_MAPS_MAX];
	char *map_texts[WT_REPLAY_MAPS_MAX]; /* owned */
	bool allow_skipped;
	bool check;
	bool is_generate; /* the words are those of `wiretape generate` */
	bool quiet, json;
};

/* Parse: an exit code; free *options in any case. */
int wt_replay_options_parse(struct wt_replay_options *options, int argc, char **argv);
void wt_replay_options_free(struct wt_replay_options *options);

#endif
