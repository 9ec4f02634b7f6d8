/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_TX_SIM_H
#define WIRETAPE_REPLAY_TX_TX_SIM_H

/* An interface that sends nowhere, and a clock that jumps to whatever is waited for: a replay of
 * hours takes seconds, and is exact. Not installed. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/replay/launch/launch.h>
#include <wiretape/replay/tx/pace.h>
#include <wiretape/replay/tx/tx_private.h>
#include <wiretape/stamp/sim_nic.h>

/* Times in ns; zero turns the effect off. */
struct wt_sim_tx_config {
	int64_t cost_ns;     /* that handing over a packet takes */
	int64_t wake_ns;     /* that each wait ends late */
	int64_t stall_at_ns; /* once, this long after the first packet, the sender is halted */
	int64_t stall_ns;    /* for this long */
	int64_t delay_ns;    /* from hand-over to the stamp */
	int64_t cold_ns;     /* more, where nothing was sent or rehearsed for a millisecond */
	uint32_t full_every; /* every Nth packet finds the queue full, once */
	uint32_t lost_every; /* every Nth stamp is lost */
	uint32_t drop_every; /* every Nth packet with a launch time is dropped by the qdisc */
	bool no_stamps;
	struct wt_sim_nic_config nic; /* with a clock if it stamps itself */
	int64_t hw_delay_ns;          /* from the driver's stamp to the NIC's */
	uint32_t hw_every;            /* it stamps only every Nth packet [1] */
	uint32_t hw_wrong_every;      /* every Nth of its stamps is a second early */
	enum wt_qdisc_kind qdisc;     /* WT_QDISC_ETF, WT_QDISC_FQ; others take no launch times */
	int32_t qdisc_clock;          /* [CLOCK_TAI of etf, CLOCK_MONOTONIC of fq] */
	int64_t delta_ns;             /* of etf [200 us] */
};

/* "sim", or "sim:cost=800,wake=0,stall-at=1ms,stall=5ms,delay=600,qdisc=etf,clock=tai,…". With
 * stamps=hw the NIC stamps, too, as if somebody had switched that on; the keys of
 * stamp/sim_nic_spec.h describe it:
 * "sim:stamps=hw,hw-delay=300ns,phc-offset=37s,ppm=50,tx-type=off". */
int wt_sim_tx_parse(struct wt_sim_tx_config *config, const char *text, struct wt_error *err);
bool wt_sim_tx_is(const char *interface);

int wt_tx_open_sim(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err);

/* The clock of this tx; lives as long. */
struct wt_pace_clock *wt_sim_tx_clock(struct wt_tx *tx);

/* Fill in wt_launch_find()'s answer for its qdisc. */
void wt_sim_tx_launch(const struct wt_sim_tx_config *config, struct wt_launch *launch);

#endif
