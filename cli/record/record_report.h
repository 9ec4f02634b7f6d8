/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_REPORT_H
#define WIRETAPE_CLI_RECORD_REPORT_H

/* What `wiretape record` says: while it runs, and at the end. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/capture/recorder/recorder.h>

/* For rates: what was there when the last line was printed. */
struct wt_progress {
	uint64_t written;
	uint64_t bytes;
	int64_t elapsed_ns;
	bool line_open; /* a line on the terminal that has not ended */
};

/* What has become of one recording. */
struct wt_report_result {
	struct wt_recorder_report report;
	const char *path;                      /* as given */
	const char *error;                     /* NULL if all went well */
	const struct wt_file_set_entry *files; /* NULL: it is standard output */
	size_t file_count;
};

/* One line: rate, ring fill, losses. On a terminal it overwrites the last one. `label` may be
 * NULL. */
void wt_report_progress(struct wt_progress *progress, const struct wt_recorder_report *report,
                        const char *label, bool terminal);

/* End the line that wt_report_progress() left open. */
void wt_report_end_line(struct wt_progress *progress);

/* The whole ledger, for a person, on stderr. */
void wt_report_ledger(const struct wt_recorder_report *report, const char *label);

/* The summary at the end, for a person, on stderr. */
void wt_report_summary(const struct wt_report_result *result, bool verbose);

/* That a recording has begun: "recording eth0, eth1 to tape.pcapng", on stderr. */
void wt_report_begin(const struct wt_recorder_report *report, const char *path, bool rotates);

/* One JSON object on `out`, for all of them together. False if it could not be written. */
bool wt_report_json(const struct wt_report_result *results, size_t result_count, FILE *out);

#endif
