/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_RECORD_QUEUES_H
#define WIRETAPE_CLI_RECORD_RECORD_QUEUES_H

/* The options of `wiretape record` that say how many threads record, and where. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/cli/options.h>

enum { WT_RECORD_CPUS_MAX = 1024 };

struct wt_record_queues {
	int count;       /* as in wt_recording_config */
	unsigned fanout; /* 1 and up, in the order of enum wt_fanout; 0: not given */
	uint32_t busy_poll_us;
	uint16_t cpus[WT_RECORD_CPUS_MAX];
	size_t cpu_count;
	int fifo_priority;
	bool lock_memory;
};

extern const struct wt_option wt_record_queues_rows[]; /* struct wt_record_queues */

#endif
