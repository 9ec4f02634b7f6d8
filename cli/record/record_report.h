/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_RECORD_REPORT_H
#define WIRETAPE_CLI_RECORD_RECORD_REPORT_H

/* Output of `wiretape record`, while it runs and at the end. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/monitor/record_numbers.h>

/* Base for rates: counts when the last line was printed. */
struct wt_progress {
	uint64_t written;
	uint64_t bytes;
	int64_t elapsed_ns;
	bool line_open; /* a line on the terminal that has not ended */
};

/* Print one line: rate, ring fill, losses. On a terminal it overwrites the last one. `label` may be
 * NULL. */
void wt_report_progress(struct wt_progress *progress, const struct wt_recorder_report *report,
                        const char *label, bool terminal);

/* End the line that wt_report_progress() left open. */
void wt_report_end_line(struct wt_progress *progress);

/* Print the whole ledger for people, on stderr. */
void wt_report_ledger(const struct wt_recorder_report *report, const char *label);

/* Print the summary at the end for people, on stderr. */
void wt_report_summary(const struct wt_record_result *result, bool verbose);

/* Print that a recording has begun: "recording eth0, eth1 to tape.pcapng", on stderr. */
void wt_report_begin(const struct wt_recording_report *report, const char *path, bool rotates);

#endif
