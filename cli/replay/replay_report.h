/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_REPLAY_REPLAY_REPORT_H
#define WIRETAPE_CLI_REPLAY_REPLAY_REPORT_H

/* Output of `wiretape replay`, while it runs and at the end. */

#include <stdbool.h>

#include "replay_options.h"

#include <wiretape/monitor/number_json.h>

/* Draw a line that is written over: of a terminal, on standard error. */
void wt_replay_draw_progress(void *context, const struct wt_replayer_progress *progress);
void wt_replay_clear_progress(void);

/* Print for people, on standard error. */
void wt_replay_report_print(const struct wt_replay_options *options,
                            const struct wt_replayer_result *result);

extern const struct wt_document wt_replay_document;
extern const struct wt_document wt_generate_document;

/* Print for programs: an object on a line of standard output. An exit code. */
int wt_replay_report_json(const struct wt_replay_options *options,
                          const struct wt_replayer_result *result,
                          const struct wt_timeline_file *files, int exit_code);

/* Warn of oddities in the files, whatever was asked for; WT_EXIT_FAILURE if one is broken in the
 * middle. */
int wt_replay_report_files(const struct wt_replay_options *options,
                           const struct wt_timeline_file *files);

/* Report packets that were not sent: in words, if nothing was sent or the report does not say it.
 * WT_EXIT_LOSS if nothing was sent, or if some were left out for a reason that nobody asked for and
 * --allow-skipped was not given; else WT_EXIT_OK. */
int wt_replay_report_left_out(const struct wt_replay_options *options,
                              const struct wt_replayer_result *result);

#endif
