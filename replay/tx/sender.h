/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_SENDER_H
#define WIRETAPE_REPLAY_TX_SENDER_H

/* The loop that sends: it takes packets from a source, waits for their times and hands them
 * over. It allocates nothing, takes no lock and makes no system call but to send and to sleep.
 * Not installed. */

#include <wiretape/base/median.h>
#include <wiretape/replay/launch/launch.h>
#include <wiretape/replay/source/source_private.h>
#include <wiretape/replay/tx/handovers.h>
#include <wiretape/replay/tx/pace.h>
#include <wiretape/replay/tx/tx_private.h>

/* Latest due time after the start, 73 years: any clock's offset, a lead and so on can be added to
 * it. */
#define WT_SENDER_DUE_NS_MAX (INT64_MAX / 4)

/* For others to look at while it runs: relaxed atomics. */
struct wt_sender_progress {
	uint64_t sent;
	uint64_t bytes;
};

struct wt_sender_port {
	struct wt_tx *tx;
	struct wt_launch launch; /* with launch times only, as is the rest but for the counts */
	struct wt_launch_offset offset;
	int64_t last_launch_ns;
	uint64_t sent;
	uint64_t bytes;
};

/* Packets that leave together: one port's, as many as are due. */
struct wt_sender_batch {
	struct wt_tx_packet packets[WT_REPLAYER_BATCH_MAX];
	uint32_t count;
	uint16_t port;
};

struct wt_sender {
	/* Inputs: */
	struct wt_packet_source *source;
	struct wt_pace_clock *clock;
	struct wt_sender_port *ports;
	size_t port_count;
	struct wt_tx *rehearsal;        /* NULL: none */
	struct wt_handovers *handovers; /* NULL: nothing is to be proved */
	enum wt_pace pace;              /* not AUTO */
	bool is_asap;
	bool is_simulated; /* by its clock */
	bool stamps_payloads;
	bool rehearses;     /* whatever had time to become cold */
	bool watches_links; /* the kernel does not say when an interface goes down */
	int64_t spin_ns;
	int64_t early_ns; /* how long before a packet is due: with launch times */
	int64_t cold_ns;  /* how much earlier the first is handed over, which takes longer */
	int64_t coalesce_ns;
	uint32_t batch;
	const int *stop;
	int64_t start_ns;
	int64_t end_ns;   /* INT64_MAX: no limit */
	int64_t utc_ns;   /* of CLOCK_MONOTONIC 0 */
	int64_t *lead_ns; /* learned by the collector: a relaxed atomic */

	/* Results, and state of its own: */
	struct wt_sender_progress progress;
	uint64_t refused, late_launches, starved, starved_packets, stamped;
	uint64_t undone; /* packets that the kernel does not take, and are left out */
	int64_t starved_ns;
	int64_t starving_ns; /* since when; 0: it is not */
	int64_t nap_ns;      /* until the next look at the source */
	bool is_behind;      /* of packets that came too late, and not back on the schedule yet */
	uint64_t interruptions;
	int64_t interrupted_ns;
	bool is_disturbed;     /* late because of one, and not back on the schedule yet */
	struct wt_median call; /* learned: what the hand-over of a packet takes */
	uint64_t calls;        /* that it was learned from */
	int64_t last_ns;       /* of the last hand-over */
	int64_t refused_since_ns;
	/* Kept off the stack: the first touch of a new page would delay the first packet. */
	struct wt_sender_batch leaving;
	struct wt_queued_packet *held[WT_REPLAYER_BATCH_MAX]; /* not released yet */
	uint32_t held_first, held_count;
	int64_t looked_ns; /* when the links, and the launch clocks, were last looked at */
};

/* Send all that the source has, from start_ns on. 0, also if it was stopped; or a negative
 * errno. */
int wt_sender_run(struct wt_sender *sender, struct wt_error *err);

#endif
