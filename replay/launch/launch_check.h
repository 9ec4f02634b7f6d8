/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_LAUNCH_LAUNCH_CHECK_H
#define WIRETAPE_REPLAY_LAUNCH_LAUNCH_CHECK_H

/* Everything that bears on sending from an interface on time, looked at once. Sends nothing, and
 * changes nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/replay/launch/launch.h>
#include <wiretape/replay/launch/launch_system.h>
#include <wiretape/stamp/capabilities.h>
#include <wiretape/stamp/phc.h>

/* Facts about an interface; each that could not be asked has its error. */
struct wt_launch_check {
	struct wt_link link;

	int stamping_error; /* of the next, with stamping_text; 0 or -errno */
	struct wt_stamp_capabilities stamping;
	char stamping_text[256];

	int phc_error; /* of the next two, with phc_text; -EOPNOTSUPP: no clock */
	char phc_device[64];
	struct wt_cross_sample cross;
	char phc_text[256];

	int tai_error;
	int tai_offset_s; /* 0: nobody has told the kernel */

	int qdisc_error;
	struct wt_qdisc_list qdiscs;
	struct wt_launch launch;

	/* SO_TXTIME with the qdisc's clock, or CLOCK_TAI where none honours it. */
	int32_t txtime_clock;
	int txtime_error;
	char txtime_text[256]; /* why not, and the way out */

	bool clocks_fit;
	char clocks_text[400]; /* a remark on them, or "" */
};

/* Look, for packets of a priority or WT_LAUNCH_ANY_PRIORITY. Fails only if the interface does not
 * exist. The caller closes *check, whatever is returned. Blocks for a moment. Any thread. */
int wt_launch_check_read(struct wt_launch_check *check, struct wt_launch_system *launch_system,
                         const char *interface, int priority, struct wt_error *err);

void wt_launch_check_close(struct wt_launch_check *check);

/* The clocks as they were, for wt_launch_judge_clocks(). */
struct wt_launch_clocks wt_launch_check_clocks(const struct wt_launch_check *check);

/* Check whether sending by launch times is possible: a qdisc honours them, the socket option is
 * accepted, the clocks fit. `text` gets the first reason why not, or how they are kept. */
bool wt_launch_check_can(const struct wt_launch_check *check, char *text, size_t capacity);

/* Check whether to choose it unasked: only if the NIC keeps the time, too. The kernel's timers do
 * it less well than a thread that waits for each packet. `text` says why, or why not. */
bool wt_launch_check_auto(const struct wt_launch_check *check, char *text, size_t capacity);

#endif
