/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_REPLAY_RUN_H
#define WIRETAPE_TESTS_REPLAY_RUN_H

#include <wiretape/replay/plan/replayer_config.h>

#include "capture_builder.h"

/* A whole replay, through what is public of it: into the simulation, unless a test says otherwise,
 * and with a proof file that is read again. One at a time. */

enum { REPLAY_FILES = 3 };

/* A line of the proof file. */
struct replay_row {
	uint64_t number;
	char interface[32];
	uint32_t bytes;
	int64_t due_ns, handover_ns, departed_ns, error_ns;
	char source[16]; /* "dropped": departed_ns and error_ns are 0 */
};

struct replay_run {
	struct capture_builder captures[REPLAY_FILES]; /* the test's to fill; removed at the end */
	struct wt_generated generated;
	struct wt_replay_config config; /* to be changed before it runs */
	struct wt_replay_stop stop;

	struct wt_timeline_file files[REPLAY_FILES];
	struct wt_replay_result result;
	struct wt_error err;
	struct replay_row *rows;
	size_t row_count, row_room;
	char proof_path[48];
	char session[11];
};

/* Packets of "gen:…". */
void replay_generated(struct replay_run *run, const char *text);

/* Packets of the first so many captures. */
void replay_captures(struct replay_run *run, size_t count);

/* `timing` as people write it. */
void replay_timing(struct replay_run *run, const char *timing);

/* Open, run and close: what the first of them that failed has returned. Without a proof file there
 * are no rows. */
int replay_run(struct replay_run *run);

/* What is left in /tmp goes. */
void replay_end(struct replay_run *run);

#endif
