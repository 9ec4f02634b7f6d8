/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_VIRTUAL_TIME_H
#define WIRETAPE_TESTS_VIRTUAL_TIME_H

#include <wiretape/stamp/system.h>

/* A system whose time passes only while somebody waits: at once, to the time that is waited for.
 * For one thread, which is the one that waits. The caller's memory. */
struct virtual_time {
	struct wt_system system; /* first */
	struct wt_system_ops ops;
	int64_t now_ns; /* CLOCK_MONOTONIC */
	int64_t utc_ns; /* at CLOCK_MONOTONIC 0 */
	unsigned waits;
	int fd; /* that is waited for */
	/* Called whenever somebody waits, before time passes; may bring `until_ns` forward, to
	 * return in between, and make the descriptor readable. NULL: nothing happens. */
	void (*on_wait)(void *context, int64_t *until_ns);
	void *context;
};

/* A time that starts at `now_ns`. */
struct wt_system *virtual_time_init(struct virtual_time *made, int64_t now_ns, int64_t utc_ns);

#endif
