/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_LAUNCH_LAUNCH_SYSTEM_H
#define WIRETAPE_REPLAY_LAUNCH_LAUNCH_SYSTEM_H

/* Questions to the kernel about launch times go through this, so that other qdiscs and another NIC
 * can take the place of its own. */

#include <stdbool.h>

#include <wiretape/base/error.h>
#include <wiretape/base/net/link.h>
#include <wiretape/replay/launch/qdisc.h>
#include <wiretape/stamp/system.h>

/* Functions return 0 or a negative errno, and may block for a moment. */
struct wt_launch_system {
	struct wt_system *system; /* clocks and NICs */

	/* Like wt_link_read(). */
	int (*link)(struct wt_launch_system *launch_system, const char *interface,
	            struct wt_link *link, struct wt_error *err);

	/* Like wt_qdisc_list_read(). */
	int (*qdiscs)(struct wt_launch_system *launch_system, struct wt_qdisc_list *list,
	              int index);

	/* Open a packet socket, give it SO_TXTIME with this clock, and close it. *opened: it
	 * could be opened, so that the error is one of SO_TXTIME. */
	int (*txtime)(struct wt_launch_system *launch_system, clockid_t clock, bool *opened);
};

/* Begin with the real one. */
void wt_launch_system_init(struct wt_launch_system *launch_system);

#endif
