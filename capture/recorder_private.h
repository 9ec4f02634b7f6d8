/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_PRIVATE_H
#define WIRETAPE_CAPTURE_RECORDER_PRIVATE_H

#include <poll.h>
#include <stdatomic.h>

#include <wiretape/capture/recorder.h>

/* One interface, as the recording thread sees it. */
struct wt_recorded {
	struct wt_reader *reader;
	struct wt_ring *ring;
	struct wt_recorder_interface *report;
	uint64_t packets; /* the producer's count so far, drops included */
	uint64_t drops;
	uint64_t consumed;      /* frames taken out of the ring, malformed ones included */
	uint64_t pending_drops; /* known, but no frame says so yet */
	bool drops_are_next;    /* the ring was empty when they were counted */
	bool down;
	bool finished; /* a simulation that has delivered everything */
};

enum { WT_MAX_DEGRADED = 32, WT_MAX_DEGRADED_TEXT = 320 };

struct wt_recorder {
	struct wt_recorder_config config;
	struct wt_sink *sink; /* while running and after */
	struct wt_recorded *recorded;
	struct wt_recorder_interface *reports;
	struct pollfd *polls; /* the readers', then wake_fd */
	int wake_fd;
	atomic_bool stop_asked;
	atomic_bool poked;
	uint32_t longest_frame_bytes; /* encoded */
	bool wakes_often;             /* some reader wakes us for each frame */
	int64_t slept_ns;             /* when we last went to sleep */
	uint64_t written;             /* of all interfaces, for max_packets */
	int64_t start_ns;             /* CLOCK_MONOTONIC */
	int64_t start_utc_ns;
	int64_t ended_ns;
	int64_t statistics_due_ns;
	int64_t progress_due_ns;
	int64_t check_due_ns;
	bool checked; /* all interfaces were looked at once */
	bool running;
	enum wt_recorder_end end;
	bool ending;
	int failure; /* with WT_END_WRITER and WT_END_FAILURE */
	char degraded_text[WT_MAX_DEGRADED][WT_MAX_DEGRADED_TEXT];
	const char *degraded[WT_MAX_DEGRADED + 1];
	size_t degraded_count;
};

/* Put down a named state, once, and say it. */
void wt_recorder_degrade(struct wt_recorder *recorder, const char *text);

/* recorder_blocks.c: what is in the file beside the packets. 0 or the sink's error. */
int wt_recorder_write_preamble(struct wt_recorder *recorder);
int wt_recorder_write_statistics(struct wt_recorder *recorder, bool closing);

#endif
