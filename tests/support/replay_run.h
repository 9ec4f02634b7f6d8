/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_REPLAY_RUN_H
#define WIRETAPE_TESTS_REPLAY_RUN_H

#include <wiretape/replay/replayer.h>
#include <wiretape/tests/support/temp.h>

#include "capture_builder.h"

/* Runs a whole replay through the public API: into the simulation, unless a test says otherwise,
 * and with a proof file that is read back. One at a time. */

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
	struct wt_replayer_config config; /* to be changed before it runs */
	struct wt_replayer_stop stop;

	struct wt_timeline_file files[REPLAY_FILES];
	struct wt_replayer_result result;
	struct wt_error err;
	struct replay_row *rows;
	size_t row_count, row_room;
	char proof_path[TEMP_BYTES];
	char session[11];
};

/* Replay packets of "gen:…". */
void replay_generated(struct replay_run *run, const char *text);

/* Replay the packets of the first `count` captures. */
void replay_captures(struct replay_run *run, size_t count);

/* Set the timing from its text. */
void replay_timing(struct replay_run *run, const char *timing);

/* Open, run and close: the result of the first to fail. Without a proof file there are no rows. */
int replay_run(struct replay_run *run);

/* Remove the files in /tmp. */
void replay_end(struct replay_run *run);

#endif
