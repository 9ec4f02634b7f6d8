/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_PROOF_COLLECTOR_H
#define WIRETAPE_REPLAY_PROOF_COLLECTOR_H

/* The thread that makes the proof: it joins what the sender tells of each packet with the stamps
 * and drops that the error queues report, calls for progress, and learns how long the kernel takes
 * from hand-over to departure. Not installed. */

#include <wiretape/replay/proof/proof.h>
#include <wiretape/replay/proof/proof_csv.h>
#include <wiretape/replay/tx/handovers.h>
#include <wiretape/replay/tx/pace.h>
#include <wiretape/replay/tx/tx_private.h>

struct wt_collector;

struct wt_collector_config {
	struct wt_handovers *handovers; /* NULL: nothing is to be proved */
	struct wt_tx *const *ports;     /* port_count of them */
	size_t port_count;
	struct wt_pace_clock *clock;
	int64_t start_ns; /* CLOCK_MONOTONIC */
	struct wt_proof *proof;
	struct wt_proof_csv *csv;                       /* NULL: none */
	int64_t *lead_ns;                               /* NULL: not to be learned */
	void (*on_tick)(void *context, int64_t now_ns); /* every 0.1 s */
	void *context;
};

/* Start: 0, or a negative errno. */
int wt_collector_start(struct wt_collector **collector, const struct wt_collector_config *config,
                       struct wt_error *err);

/* Finish after the last hand-over: wait for packets on their way, then end. A proof file that could
 * not take everything is an error. NULL is fine. */
int wt_collector_finish(struct wt_collector *collector, struct wt_error *err);

#endif
