/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_PACE_H
#define WIRETAPE_REPLAY_TX_PACE_H

/* Time of the sender goes through this, so that a simulated clock can take its place. All times are
 * of CLOCK_MONOTONIC unless stated otherwise. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct wt_pace_clock;

/* Outcome of a wait. */
struct wt_pace_wait {
	int64_t now_ns;
	int64_t taken_ns; /* the longest time for which the processor did not let the thread look
	                   * at the clock */
	bool has_waited;  /* the time had not come yet */
};

struct wt_pace_clock_ops {
	int64_t (*now)(struct wt_pace_clock *clock);

	/* Wait until at_ns. The last spin_ns before it are spent looking at the clock instead of
	 * sleeping. Returns earlier once *stop is not 0, with a look at it at least every 50 ms. */
	struct wt_pace_wait (*wait_until)(struct wt_pace_clock *clock, int64_t at_ns,
	                                  int64_t spin_ns, const int *stop);

	/* Read another clock, between two looks at this one. 0 or a negative errno. */
	int (*read_other)(struct wt_pace_clock *clock, clockid_t other, int64_t *before_ns,
	                  int64_t *other_ns, int64_t *after_ns);
};

/* The head of every implementation's own struct. */
struct wt_pace_clock {
	const struct wt_pace_clock_ops *ops;
};

/* The kernel's. clock_gettime(CLOCK_MONOTONIC) is a read of the processor's time stamp counter,
 * without a system call, where the kernel trusts that. Any thread. */
struct wt_pace_clock *wt_pace_kernel_clock(void);

/* Offset from a time of `clock` to that of `other`: of several readings the one with the closest
 * looks. 0 or a negative errno. */
int wt_pace_offset(struct wt_pace_clock *clock, clockid_t other, int64_t *offset_ns);

#endif
