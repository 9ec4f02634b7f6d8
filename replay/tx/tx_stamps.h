/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_TX_STAMPS_H
#define WIRETAPE_REPLAY_TX_TX_STAMPS_H

/* Stamps that the packets of an interface get on their way out: those asked for, those that driver
 * and NIC have, and the settings made for them. The caller's memory; one thread at a time. Not
 * installed. */

#include <stdbool.h>

#include <wiretape/replay/plan/replayer_config.h>
#include <wiretape/replay/tx/tx_clock.h>
#include <wiretape/stamp/nic_stamping.h>

enum { WT_TX_STAMPS_LACKING_BYTES = 200 };

/* Zero: no stamps. */
struct wt_tx_stamps {
	bool software; /* the driver's */
	bool hardware; /* the NIC's own */
	struct wt_nic_stamping nic;
	struct wt_tx_clock clock; /* of the NIC's */
	char phc[32];             /* "/dev/ptp0"; "": none */
	/* Why the NIC's stamps are not used although it makes them, or "". */
	char lacking[WT_TX_STAMPS_LACKING_BYTES];
};

/* Find out, and with WT_TX_STAMP_HARDWARE switch the NIC's on: then it is an error if it has none
 * that can be used. All others settle for none at worst. */
int wt_tx_stamps_open(struct wt_tx_stamps *stamps, struct wt_system *system, const char *interface,
                      enum wt_tx_stamp wanted, struct wt_error *err);

/* Put back what was set; the error says what could not be. Zero, and a second time, are fine. */
int wt_tx_stamps_close(struct wt_tx_stamps *stamps, struct wt_error *err);

#endif
