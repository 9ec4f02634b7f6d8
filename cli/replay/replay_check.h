/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_REPLAY_REPLAY_CHECK_H
#define WIRETAPE_CLI_REPLAY_REPLAY_CHECK_H

/* `wiretape replay --check`: what an interface offers to those who send on time. */

#include <stdbool.h>
#include <stdio.h>

#include <wiretape/monitor/number_json.h>
#include <wiretape/replay/launch/launch_check.h>

/* Look and report on standard output; an exit code. `interface` may be simulated, "sim:…". */
int wt_replay_check(const char *interface, bool json);

/* The report for people. */
void wt_replay_check_print(FILE *out, const struct wt_launch_check *check);

/* The check as JSON: the subject is a struct wt_launch_check. */
extern const struct wt_document wt_replay_check_document;

enum { WT_SETUP_COMMANDS = 2, WT_SETUP_COMMAND_BYTES = 200 };

/* A way to set an interface up, with the commands for it. */
struct wt_replay_setup {
	const char *name; /* "etf-offload", "etf", "fq", "undo" */
	char what[200];   /* for people */
	char commands[WT_SETUP_COMMANDS][WT_SETUP_COMMAND_BYTES]; /* "" after the last */
};

/* The way of this number, from 0; false beyond the last. Ways that the interface cannot have are
 * left out. */
bool wt_replay_setup(const struct wt_launch_check *check, size_t number,
                     struct wt_replay_setup *setup);

#endif
