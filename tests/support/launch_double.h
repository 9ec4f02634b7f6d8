/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_LAUNCH_DOUBLE_H
#define WIRETAPE_TESTS_LAUNCH_DOUBLE_H

#include <wiretape/replay/launch/launch_check.h>
#include <wiretape/stamp/sim_nic.h>

/* A machine with the interface "sim" and qdiscs of a test's choice. */
struct launch_double {
	struct wt_launch_system system; /* first */
	struct wt_sim_nic *nic;
	struct wt_link link;
	struct wt_qdisc qdiscs[16];
	size_t count;
	int qdisc_error;
	int txtime_error;
	bool socket_refused;   /* the error is the socket's, not that of SO_TXTIME */
	clockid_t asked_clock; /* by SO_TXTIME, last */
};

/* Set up an igb, up, with its clock at PHC - UTC, and the kernel's TAI - UTC. */
void launch_double_open(struct launch_double *machine, int64_t phc_minus_utc_ns, int tai_offset_s);
void launch_double_close(struct launch_double *machine);

/* Add a qdisc. One at the root has the handle 100:. */
struct wt_qdisc *launch_double_add(struct launch_double *machine, const char *name,
                                   uint32_t parent);

/* Add mqprio with etf in hardware on queue 0, for priority 3; fq_codel on 1 to 3. */
void launch_double_add_offload(struct launch_double *machine);

#endif
