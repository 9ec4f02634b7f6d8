/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_RESULT_H
#define WIRETAPE_CLI_CHECK_CHECK_RESULT_H

/* The findings of a check, added up, and their two faces on standard output. */

#include "check_books.h"
#include "check_feeds.h"
#include "check_gaps.h"
#include "check_source.h"
#include <wiretape/cli/feeds/feed_report.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <wiretape/monitor/number_json.h>

/* The ledgers of an interface, of all files. */
struct wt_check_account {
	const char *name;
	uint64_t files;
	uint64_t packets;
	struct wt_books_ledger ledger;
};

struct wt_check_result {
	/* borrowed from the reader of the files */
	struct wt_check_file *files; /* in the order in which they were read */
	size_t file_count;
	enum wt_check_feeds feeds;
	const struct wt_feed_channels *channels;
	struct wt_feed_monitor *monitor; /* NULL: no channels */
	struct wt_check_gaps *gaps;
	bool feeds_not_wanted;
	bool interrupted;
	const char *state_path; /* NULL: none */
	bool state_found, state_saved;
	size_t state_left_out;

	/* Added up. */
	uint64_t packets;
	uint64_t lost; /* for sure: by ledgers, in holes, as other writers have counted */
	uint64_t holes, hole_packets;
	uint64_t broken, not_closed, wrong; /* files; wrong: whose ledger does not close */
	uint64_t without_ledger;
	uint64_t files_missing;
	uint64_t lanes_missing; /* of recordings: set before */
	struct wt_check_account *accounts;
	size_t account_count, account_room;
	struct wt_books_ledger sum;
	struct wt_feed_summary feeds_found;
};

/* 0 or -ENOMEM. Ends with wt_check_result_fini(). */
int wt_check_result_add_up(struct wt_check_result *result);
void wt_check_result_fini(struct wt_check_result *result);

/* An exit code: broken before loss. */
int wt_check_result_exit(const struct wt_check_result *result);

/* For a person, the verdict first. `whole`: every stream. */
void wt_check_print(const struct wt_check_result *result, FILE *out, bool whole);

/* For a program: one JSON object on a line. */
void wt_check_print_json(const struct wt_check_result *result, FILE *out);

#endif
