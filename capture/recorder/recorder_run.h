/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_RUN_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_RUN_H

#include <stdatomic.h>

#include <wiretape/capture/recorder/clerk.h>
#include <wiretape/capture/recorder/intake.h>
#include <wiretape/capture/recorder/recorder_wait.h>

enum wt_recorder_phase {
	WT_RECORDER_OPEN,
	WT_RECORDER_RECORDS,
	WT_RECORDER_DRAINS,  /* the gates are shut, the rings not empty */
	WT_RECORDER_SETTLES, /* the last packets are on their way */
	WT_RECORDER_CLOSES,  /* so are the closing blocks */
	WT_RECORDER_ENDED,
};

struct wt_recorder {
	struct wt_recorder_state state;
	struct wt_recorded *recorded;
	struct wt_tape_writer writer;
	struct wt_recorder_feeds *feeds; /* NULL: none are followed */
	struct wt_intake intake;
	struct wt_clerk clerk;
	enum wt_recorder_phase phase;
	struct wt_recorder_wait wait;
	bool idle; /* the last step has left nothing to do */
	atomic_bool stop_asked;
	atomic_bool report_requested;
};

#endif
