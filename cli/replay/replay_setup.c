/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay_check.h"

#include <linux/pkt_sched.h>
#include <stdio.h>
#include <string.h>

/* tc-etf(8)'s example value; and the guess for a NIC whose queues are unknown. */
enum { DELTA_NS = 200000, QUEUES_ASSUMED = 4 };

/* 0: not known. Beneath mq each queue has a qdisc. */
static unsigned queues_known(const struct wt_launch_check *check)
{
	const struct wt_qdisc_list *list = &check->qdiscs;
	const struct wt_qdisc *root = wt_qdisc_root(list->items, list->count);
	unsigned queues = 0;

	if (!root || (root->kind != WT_QDISC_MQ && root->kind != WT_QDISC_MQPRIO))
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		unsigned minor = TC_H_MIN(list->items[i].parent);

		if (&list->items[i] != root &&
		    TC_H_MAJ(list->items[i].parent) == TC_H_MAJ(root->handle) && minor > queues &&
		    minor < TC_H_MIN_PRIORITY)
			queues = minor;
	}
	return queues;
}

/* A queue for replayed packets, the others for everybody else. */
static void fill_offload(struct wt_replay_setup *setup, const struct wt_launch_check *check)
{
	const char *name = check->link.name;
	unsigned known = queues_known(check), queues = known > 1 ? known : QUEUES_ASSUMED;

	setup->name = "etf-offload";
	snprintf(
	        setup->what, sizeof(setup->what),
	        "etf, the NIC keeps the time (igb with i210, igc): queue 0 for priority 3; the NIC "
	        "%s %u queues, see ls /sys/class/net/%s/queues",
	        known > 1 ? "has" : "is taken to have", queues, name);
	snprintf(setup->commands[0], sizeof(setup->commands[0]),
	         "tc qdisc replace dev %s parent root handle 100 mqprio num_tc 2 map 1 1 1 0 1 1 1 "
	         "1 "
	         "1 1 1 1 1 1 1 1 queues 1@0 %u@1 hw 0",
	         name, queues - 1);
	snprintf(setup->commands[1], sizeof(setup->commands[1]),
	         "tc qdisc replace dev %s parent 100:1 etf clockid CLOCK_TAI delta %d offload",
	         name, DELTA_NS);
}

static void fill_etf(struct wt_replay_setup *setup, const struct wt_launch_check *check)
{
	setup->name = "etf";
	snprintf(
	        setup->what, sizeof(setup->what),
	        "etf, a timer of the kernel keeps the time; while it is there, packets of programs "
	        "without launch times are dropped");
	snprintf(setup->commands[0], sizeof(setup->commands[0]),
	         "tc qdisc replace dev %s root etf clockid CLOCK_TAI delta %d", check->link.name,
	         DELTA_NS);
}

static void fill_fq(struct wt_replay_setup *setup, const struct wt_launch_check *check)
{
	setup->name = "fq";
	snprintf(setup->what, sizeof(setup->what),
	         "fq, a timer of the kernel keeps the time; other programs are not troubled");
	snprintf(setup->commands[0], sizeof(setup->commands[0]),
	         "tc qdisc replace dev %s root fq flow_limit 10000", check->link.name);
}

static void fill_undo(struct wt_replay_setup *setup, const struct wt_launch_check *check)
{
	setup->name = "undo";
	snprintf(setup->what, sizeof(setup->what), "back to what the kernel gives by itself");
	snprintf(setup->commands[0], sizeof(setup->commands[0]), "tc qdisc del dev %s root",
	         check->link.name);
}

bool wt_replay_setup(const struct wt_launch_check *check, size_t number,
                     struct wt_replay_setup *setup)
{
	static void (*const fill[])(struct wt_replay_setup *, const struct wt_launch_check *) = {
	        fill_offload, fill_etf, fill_fq, fill_undo};

	/* A NIC without a clock keeps no time. */
	if (check->stamping_error || check->stamping.supported.phc_index < 0)
		number++;
	if (number >= sizeof(fill) / sizeof(fill[0]))
		return false;
	memset(setup, 0, sizeof(*setup));
	fill[number](setup, check);
	return true;
}
