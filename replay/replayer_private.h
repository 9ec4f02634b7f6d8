/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_REPLAY_PRIVATE_H
#define WIRETAPE_REPLAY_REPLAY_PRIVATE_H

/* What replay.c and replay_open.c share. Not installed. */

#include <wiretape/replay/proof/collector.h>
#include <wiretape/replay/realtime.h>
#include <wiretape/replay/plan/replayer_config.h>
#include <wiretape/replay/tx/sender.h>
#include <wiretape/replay/tx/tx_sim.h>

/* The interfaces here, and which packets go to which. */
struct wt_replay_ports {
	const struct wt_replay_config *config;
	const char *names[WT_REPLAY_PORTS_MAX];
	size_t count;
	int default_port; /* WT_PORT_NONE: for packets that no map names there is none */
};

struct wt_replay {
	const struct wt_replay_config *config;
	struct wt_timeline_file *files;
	struct wt_replay_ports names;
	struct wt_sender_port ports[WT_REPLAY_PORTS_MAX];
	struct wt_tx *txs[WT_REPLAY_PORTS_MAX];
	struct wt_tx *rehearsal; /* NULL: there is none */
	struct wt_source *source;
	struct wt_pace_clock *clock;
	struct wt_handovers *handovers; /* NULL: nothing is to be proved */
	struct wt_proof_csv *csv;
	struct wt_sender sender;
	struct wt_replay_stop own_stop; /* where the caller has none */
	struct wt_sim_tx_config sim;
	struct wt_generated generated; /* with what the interface tells */
	struct wt_realtime realtime;
	enum wt_pace pace;
	enum wt_tx_kind tx;
	int64_t lead_ns;        /* learned: an atomic */
	struct wt_proof *proof; /* of the result */
	bool is_sim;
	struct wt_replay_notes notes;
};

/* ---- stamps (replay_stamps.c) ---- */

/* Whether anything is recorded of single packets. */
bool wt_replay_has_proof(const struct wt_replay_config *config);

/* Whose stamps are asked for: nobody's where there is no proof. */
enum wt_tx_stamp wt_replay_stamp(const struct wt_replay_config *config);

/* Say what is less than was asked for. */
void wt_replay_note_stamps(struct wt_replay *replay, const struct wt_tx *tx);

/* The NICs' clocks are known when this returns: blocks for 0.2 s if there are any. */
void wt_replay_learn_clocks(struct wt_replay *replay);

/* Behind the last packet: what became of the NICs' stamps, and their settings are put back. */
void wt_replay_report_stamps(struct wt_replay *replay, struct wt_replay_result *result);

#endif
