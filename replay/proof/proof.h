/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_PROOF_PROOF_H
#define WIRETAPE_REPLAY_PROOF_PROOF_H

/* Proof of a replay: when each packet was to depart and when it did. Pure; the caller's memory; one
 * thread. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/histogram.h>
#include <wiretape/replay.h>

/* Times are in ns after the start of the replay. */
struct wt_departure {
	uint64_t number; /* of the packet among those sent, from 0 */
	int64_t due_ns;
	int64_t handover_ns;
	int64_t departed_ns; /* by `source`; of a packet that was dropped, nothing */
	uint32_t bytes;
	uint16_t port;     /* the interface's number */
	uint8_t source;    /* enum wt_departure_source */
	bool is_disturbed; /* the machine had taken the sender's processor away, and this packet was
	                    * handed over before it was back on its schedule */
	bool is_dropped;   /* by the qdisc, for its launch time */
};

/* Large: 120 KB. Starts with wt_proof_init(). */
struct wt_proof {
	struct wt_histogram error;     /* |departed - due| */
	struct wt_histogram gap_error; /* |gap to the packet before - what it was to be| */
	/* Errors of the packets that were not disturbed: what sender and kernel are like while they
	 * have the processor. Gaps are between two such. */
	struct wt_histogram calm_error;
	struct wt_histogram calm_gap_error;
	uint64_t departures; /* of packets that left */
	uint64_t by_source[WT_DEPARTURE_SOURCES];
	uint64_t early; /* before they were due; in `error`, too */
	uint64_t over_tolerance;
	uint64_t dropped;
	int64_t tolerance_ns;
	int64_t worst_ns; /* departed - due of the packet furthest off */
	uint64_t worst_number;
	int64_t first_due_ns, first_departed_ns;
	int64_t last_due_ns, last_departed_ns;
	int64_t sum_ns;    /* of departed - due */
	bool gap_is_known; /* to the packet before */
	bool was_calm;     /* the packet before */
};

void wt_proof_init(struct wt_proof *proof, int64_t tolerance_ns);

/* Add the next departure, in the order of numbers. Gaps are between packets that follow one another
 * on any port; a dropped one is followed by none. */
void wt_proof_add(struct wt_proof *proof, const struct wt_departure *departure);

/* Stretch of the whole replay: how much longer it took from the first to the last departure than
 * planned. */
int64_t wt_proof_stretch_ns(const struct wt_proof *proof);

#endif
