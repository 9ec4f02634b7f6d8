/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_RUN_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_RUN_H

#include <stdatomic.h>

#include <wiretape/capture/recorder/clerk.h>
#include <wiretape/capture/recorder/lane.h>

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
	struct wt_lane lane;
	struct wt_clerk clerk;
	enum wt_recorder_phase phase;
	int fd; /* epoll: of the readers, wake_fd, the disk, and timer_fd */
	int wake_fd;
	int stream_fd;     /* if armed_stream */
	int timer_fd;      /* -1: nobody but us waits for `fd` */
	int64_t timer_ns;  /* it is set to that */
	bool idle;         /* the last step has left nothing to do */
	bool wakes_often;  /* some reader wakes us for each frame */
	bool armed;        /* those readers wake us */
	bool armed_stream; /* the output wakes us: what it was given is more than it has taken */
	int64_t slept_ns;  /* when we last went to sleep */
	atomic_bool stop_asked;
	atomic_bool report_requested;
};

#endif
