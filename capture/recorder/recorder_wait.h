/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_WAIT_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_WAIT_H

#include <wiretape/capture/recorder/tape_writer.h>

/* What wakes a recorder: rings, what takes its bytes, the thread that makes the next file ready,
 * those who ask for something, and the time. And the one place where it waits for them. */
struct wt_recorder_wait {
	const struct wt_recorder_state *state;
	struct wt_recorded *recorded;
	const struct wt_tape_writer *writer;
	int fd; /* epoll: of all of them */
	int wake_fd;
	int stream_fd;     /* if armed_stream */
	int timer_fd;      /* -1: nobody but us waits for `fd` */
	int64_t timer_ns;  /* it is set to that */
	bool wakes_often;  /* some reader wakes us for each frame */
	bool armed;        /* those readers wake us */
	bool armed_stream; /* the output wakes us: what it was given is more than it has taken */
	int64_t slept_ns;  /* when we last went to sleep */
};

/* 0 or a negative errno; close takes what was not opened, with descriptors of -1. */
int wt_recorder_wait_open(struct wt_recorder_wait *wait, const struct wt_tape_writer *writer);
void wt_recorder_wait_close(struct wt_recorder_wait *wait);

/* Add a ring; or, when they are known, the disk and the files. */
int wt_recorder_wait_for_ring(struct wt_recorder_wait *wait, const struct wt_recorded *recorded);
int wt_recorder_wait_for_output(struct wt_recorder_wait *wait);

/* Wait until something wakes us, or it is time. If things come faster than once in `gather_ns` they
 * are let gather for as long: then only who asks for something wakes us. 0: they are not. */
void wt_recorder_wait(struct wt_recorder_wait *wait, int64_t until_ns, int64_t gather_ns);

/* Take what has woken us; what there is to do is seen by looking. */
void wt_recorder_wait_take(struct wt_recorder_wait *wait);

/* For others who wait in our place: the descriptor, or a negative errno; and what they are to be
 * woken for, each time before they wait. */
int wt_recorder_wait_fd(struct wt_recorder_wait *wait);
void wt_recorder_wait_set(struct wt_recorder_wait *wait, int64_t until_ns);

/* From any thread or signal handler. */
void wt_recorder_wait_wake(struct wt_recorder_wait *wait);

#endif
