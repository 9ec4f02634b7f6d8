/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_DOCUMENTS_H
#define WIRETAPE_CLI_DOCUMENTS_H

/* All documents that commands print with --json. */

#include <wiretape/monitor/number_json.h>

/* NULL after the last. */
extern const struct wt_document *const wt_documents[];

/* In the rooms of their commands. */
extern const struct wt_document wt_check_document;
extern const struct wt_document wt_compare_document;
extern const struct wt_document wt_cut_document;
extern const struct wt_document wt_feeds_document;
extern const struct wt_document wt_feeds_list_document;
extern const struct wt_document wt_generate_document;
extern const struct wt_document wt_generate_feed_document;
extern const struct wt_document wt_info_document;
extern const struct wt_document wt_repair_document;
extern const struct wt_document wt_replay_check_document;
extern const struct wt_document wt_replay_document;
extern const struct wt_document wt_stamp_caps_document;
extern const struct wt_document wt_stamp_cross_document;
extern const struct wt_document wt_stamp_latency_document;
extern const struct wt_document wt_stamp_watch_document;

/* Print the object of a failure, if the command line has --json and nothing was printed. */
void wt_documents_conclude(int argc, char **argv, int exit_code);

#endif
