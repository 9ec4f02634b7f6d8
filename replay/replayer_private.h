/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_REPLAYER_PRIVATE_H
#define WIRETAPE_REPLAY_REPLAYER_PRIVATE_H

/* Parts shared by replayer.c and replayer_open.c. Not installed. */

#include <wiretape/base/realtime.h>
#include <wiretape/replay/proof/collector.h>
#include <wiretape/replay/replayer.h>
#include <wiretape/replay/tx/sender.h>
#include <wiretape/replay/tx/tx_sim.h>

struct wt_replayer {
	const struct wt_replayer_config *config;
	struct wt_timeline_file *files;
	struct wt_replayer_ports names;
	struct wt_sender_port ports[WT_REPLAYER_PORTS_MAX];
	struct wt_tx *txs[WT_REPLAYER_PORTS_MAX];
	struct wt_tx *rehearsal; /* NULL: none */
	struct wt_packet_source *source;
	struct wt_pace_clock *clock;
	struct wt_handovers *handovers; /* NULL: nothing is to be proved */
	struct wt_proof_csv *csv;
	struct wt_sender sender;
	struct wt_replayer_stop own_stop; /* where the caller has none */
	struct wt_sim_tx_config sim;
	struct wt_generated generated; /* with what the interface tells */
	struct wt_realtime realtime;
	enum wt_pace pace;
	enum wt_tx_kind tx;
	int64_t lead_ns;        /* learned: an atomic */
	struct wt_proof *proof; /* of the result */
	bool is_sim;
	struct wt_replayer_notes notes;
};

/* Check whether anything is recorded of single packets. */
bool wt_replayer_has_proof(const struct wt_replayer_config *config);

/* Whose stamps to ask for: nobody's without a proof. */
enum wt_tx_stamp wt_replayer_stamp(const struct wt_replayer_config *config);

/* Note degradations of stamps. */
void wt_replayer_note_stamps(struct wt_replayer *replay, const struct wt_tx *tx);

/* Learn the NICs' clocks: blocks for 0.2 s if there are any. */
void wt_replayer_learn_clocks(struct wt_replayer *replay);

/* Report, after the last packet, how the NICs' stamps went, and put their settings back. */
void wt_replayer_report_stamps(struct wt_replayer *replay, struct wt_replayer_result *result);

#endif
