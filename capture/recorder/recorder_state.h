/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_STATE_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_STATE_H

/* State that the parts of a recorder share: what is wanted, what time it is, what there is to say,
 * and why it ends. Its parts, each of which uses only those after it: the recorder (its phases);
 * the clerk (what is due by time) and the intake (rings to chunks); the tape writer (chunks to
 * files: tape_files, tape_blocks; feeds and clock_notes, whose blocks it takes; tape_writer);
 * recorded (an interface). */

#include <stdatomic.h>

#include <wiretape/capture/recorder/recorder.h>
#include <wiretape/stamp/system.h>

enum {
	WT_MAX_DEGRADED = 32,
	WT_MAX_DEGRADED_TEXT = 320,
};

struct wt_recorder_state {
	struct wt_recorder_config config;
	const struct wt_recorder_output *output; /* from the beginning on */
	struct wt_system *system;
	struct wt_recorder_interface *reports;
	int64_t now_ns; /* CLOCK_MONOTONIC and _REALTIME at the last turn */
	int64_t now_utc_ns;
	int64_t start_ns;     /* CLOCK_MONOTONIC */
	int64_t start_utc_ns; /* 0: the gates have not opened */
	int64_t ended_ns;
	bool running;                /* the counts may still rise */
	_Atomic int64_t deadline_ns; /* CLOCK_MONOTONIC: of the rings' last packets */
	enum wt_record_end end;
	bool ending;
	int failure;                  /* with WT_END_WRITER and WT_END_FAILURE */
	struct wt_error failure_text; /* for either, if it says more */
	char degraded_text[WT_MAX_DEGRADED][WT_MAX_DEGRADED_TEXT];
	const char *degraded[WT_MAX_DEGRADED + 1];
	size_t degraded_count;
};

int64_t wt_recorder_clock_ns(const struct wt_recorder_state *state);     /* CLOCK_MONOTONIC */
int64_t wt_recorder_utc_clock_ns(const struct wt_recorder_state *state); /* CLOCK_REALTIME */
/* Look at both. */
void wt_recorder_tell_time(struct wt_recorder_state *state);

/* Record a named state, once, and report it; or only report it. */
void wt_recorder_note_degraded(struct wt_recorder_state *state, const char *text);
void wt_recorder_say(const struct wt_recorder_state *state, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* End. A limit counts for more than what lets the rings be emptied first, a failure for more than a
 * limit; else the first reason wins. */
void wt_recorder_end_with(struct wt_recorder_state *state, enum wt_record_end end, int failure);
void wt_recorder_writer_failed(struct wt_recorder_state *state, int error);

/* Whether nothing more may go to the file: a limit was reached, or it takes no more. */
bool wt_recorder_is_over(const struct wt_recorder_state *state);
bool wt_recorder_has_failed(const struct wt_recorder_state *state);

#endif
