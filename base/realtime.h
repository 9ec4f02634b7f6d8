/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_REALTIME_H
#define WIRETAPE_BASE_REALTIME_H

/* Processor and priority of a thread that may not be late. */

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>

struct wt_realtime {
	cpu_set_t cpus; /* before */
	int policy;
	struct sched_param param;
	bool is_bound, is_fifo, is_locked;
};

/* Lock memory, for all threads, before the others are started. */
int wt_realtime_lock(struct wt_realtime *realtime, struct wt_error *err);

/* Try wt_realtime_begin(), and undo it. */
int wt_realtime_check(int cpu, int priority, struct wt_error *err);

/* Keep the calling thread, and those that it starts from now on, off this CPU if there is another:
 * they are not to disturb whoever has it. */
void wt_realtime_avoid(struct wt_realtime *realtime, int cpu);

/* Put the calling thread on this CPU alone (1 + its number; 0: any), with SCHED_FIFO and this
 * priority (0: not). -EINVAL, -EPERM with the way out. */
int wt_realtime_begin(struct wt_realtime *realtime, int cpu, int priority, struct wt_error *err);

/* Restore the thread's earlier settings. */
void wt_realtime_end(struct wt_realtime *realtime);

/* Time in us of each second that SCHED_FIFO threads have to leave to others; 0: none. */
int64_t wt_realtime_stolen_us(void);

#endif
