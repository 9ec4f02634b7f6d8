/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_MONITOR_RECORD_NUMBERS_H
#define WIRETAPE_MONITOR_RECORD_NUMBERS_H

/* Numbers of `wiretape record`. */

#include "feed_numbers.h"
#include "number_json.h"

#include <wiretape/capture/recorder/recording.h>

/* Outcome of one recording. */
struct wt_record_result {
	struct wt_recording_report report;
	const char *path;              /* as given */
	const char *error;             /* NULL if all went well */
	struct wt_feed_monitor *feeds; /* NULL: none were followed */
};

enum { WT_RECORD_RESULTS_MOST = 64 };

/* All recordings of a command together. */
struct wt_record_summary {
	const struct wt_record_result *results; /* borrowed */
	size_t count;
	struct wt_ledger total;
	struct wt_recorder_writes writes;
	double high_water_pct;
	int64_t high_water_ns;
	int64_t start_ns; /* of the first to begin; 0: none has */
	int64_t duration_ns;
	int fifo_priority; /* 0: none */
	bool memory_locked;
	struct wt_feed_monitor *monitors[WT_RECORD_RESULTS_MOST];
	struct wt_feed_summary feeds; /* without monitors: none were followed */
};

/* Add up `count` results, at most WT_RECORD_RESULTS_MOST. The summary may not be moved. */
void wt_record_summary_fill(struct wt_record_summary *summary,
                            const struct wt_record_result *results, size_t count);

/* Reason for the end, in a word or two. */
const char *wt_record_end_name(enum wt_record_end end);

/* The subject is a struct wt_record_summary. */
extern const struct wt_document wt_record_document;

#endif
