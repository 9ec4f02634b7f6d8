/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_queues.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/base/quantity.h>
#include <wiretape/capture/recorder/recording.h>

#define QUEUES(member) WT_MEMBER(struct wt_record_queues, member)

static int take_queues(void *member, const char *value, struct wt_error *err)
{
	uint64_t count;

	if (!strcmp(value, "auto")) {
		*(int *)member = WT_QUEUES_AUTO;
		return 0;
	}
	if (wt_parse_number(value, 1, WT_RECORDING_QUEUES_MOST, &count, NULL))
		return wt_error_set(err, -EINVAL, "'%s' is neither auto nor a number from 1 to %d",
		                    value, WT_RECORDING_QUEUES_MOST);
	*(int *)member = (int)count;
	return 0;
}

/* "3" or "8-11", in a list that goes on. */
static int add_cpus(struct wt_record_queues *queues, const char *text, size_t length)
{
	char first[16], *dash;
	uint64_t from, to;

	if (length >= sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)length, text);
	dash = strchr(first, '-');
	if (dash)
		*dash = '\0';
	if (wt_parse_number(first, 0, CPU_SETSIZE - 1, &from, NULL) ||
	    wt_parse_number(dash ? dash + 1 : first, from, CPU_SETSIZE - 1, &to, NULL))
		return -EINVAL;
	for (uint64_t cpu = from; cpu <= to; cpu++) {
		if (queues->cpu_count == WT_RECORD_CPUS_MAX)
			return -EINVAL;
		queues->cpus[queues->cpu_count++] = (uint16_t)cpu;
	}
	return 0;
}

static int take_cpus(void *member, const char *value, struct wt_error *err)
{
	struct wt_record_queues *queues = member;
	const char *at = value;

	queues->cpu_count = 0;
	for (;;) {
		size_t length = strcspn(at, ",");

		if (add_cpus(queues, at, length))
			return wt_error_set(err, -EINVAL,
			                    "'%s' is not a list of CPUs like 2,3,8-11", value);
		if (!at[length])
			return 0;
		at += length + 1;
	}
}

const struct wt_option wt_record_queues_rows[] = {
        {"queues", .kind = WT_OPTION_CALL, .metavar = "N|auto", .take = take_queues, QUEUES(count),
         .help = "v3: N queues, each with a thread, a ring and a file of its own: feed.pcapng "
                 "becomes feed_q0.pcapng, feed_q1.pcapng and so on; auto: as many as the NIC has, "
                 "at most one a CPU [1]"},
        /* 1 and up, in the order of enum wt_fanout */
        {"fanout", .kind = WT_OPTION_CHOICE, .metavar = "qm|cpu|hash|lb", .min = 1, QUEUES(fanout),
         .help = "deal out packets to queues by the NIC's queue, by the CPU that they arrive on, "
                 "by flow, or in turn [qm]"},
        {"cpu", .kind = WT_OPTION_CALL, .metavar = "LIST", .take = take_cpus,
         .help = "record on these CPUs, such as 2,3,8-11: a queue on each, in turn"},
        {"fifo", .kind = WT_OPTION_NUMBER, .metavar = "PRIORITY", .min = 1, .max = 99,
         QUEUES(fifo_priority), .help = "with SCHED_FIFO, 1 to 99"},
        {"busy-poll", .kind = WT_OPTION_NUMBER, .metavar = "US", .min = 1, .max = 1000000,
         QUEUES(busy_poll_us),
         .help = "-u: look for packets in the NIC for US microseconds before sleeping"},
        {"mlock", QUEUES(lock_memory), .help = "lock memory"},
        {0},
};
