/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_CLERK_H
#define WIRETAPE_CAPTURE_RECORDER_CLERK_H

#include <wiretape/capture/recorder/clerk_health.h>
#include <wiretape/capture/recorder/published.h>
#include <wiretape/capture/recorder/tape_writer.h>

/* Does what is due by time: clocks, statistics, interfaces, groups, rings, files, progress. Every
 * time is that of the last turn (state->now_ns). What is late is done once, and due again an
 * interval from then. */
struct wt_clerk {
	struct wt_recorder_state *state;
	struct wt_tape_writer *writer;
	struct wt_recorder_feeds *feeds;
	struct wt_clerk_health health;
	int64_t statistics_due_ns;
	int64_t progress_due_ns; /* INT64_MAX: never, like the next */
	int64_t join_due_ns;
	int64_t check_due_ns;
	int64_t watch_due_ns;
	size_t statistics_next; /* interface whose block waits for room; after the last: none does
	                         */
	int64_t publish_due_ns;
	bool owes_news; /* a reader was in the way */
	struct wt_published published;
	char files_error[WT_MAX_DEGRADED_TEXT]; /* the first of the file set's, or "" */
};

/* In the caller's memory, once all interfaces are open; and one of them. 0 or -ENOMEM. */
int wt_clerk_init(struct wt_clerk *clerk, struct wt_tape_writer *writer, size_t count);
int wt_clerk_open_interface(struct wt_clerk *clerk, struct wt_recorded *recorded,
                            struct wt_error *err);
void wt_clerk_close_joins(struct wt_clerk *clerk);
void wt_clerk_fini(struct wt_clerk *clerk);

/* The gates are about to open. */
void wt_clerk_start(struct wt_clerk *clerk);

/* Do what is due while recording. */
void wt_clerk_tick(struct wt_clerk *clerk);

/* Do what is due until the end: watch the rings, and answer. */
void wt_clerk_attend(struct wt_clerk *clerk);
void wt_clerk_answer(struct wt_clerk *clerk);

/* When the next of these is due; with `fills`, rings may fill while nobody looks. */
int64_t wt_clerk_due_ns(const struct wt_clerk *clerk);
int64_t wt_clerk_attend_due_ns(const struct wt_clerk *clerk, bool fills);

/* Close the ledgers with what the producers have counted. */
void wt_clerk_close_ledgers(struct wt_clerk *clerk);

void wt_clerk_report(struct wt_clerk *clerk, struct wt_recorder_report *report);

/* Have other threads see what there is so far, if that is due, or at any rate (`now`). */
void wt_clerk_publish(struct wt_clerk *clerk, bool now);

#endif
