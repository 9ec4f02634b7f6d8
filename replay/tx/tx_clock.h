/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_TX_CLOCK_H
#define WIRETAPE_REPLAY_TX_TX_CLOCK_H

/* Conversion from the time of a NIC's clock, in which it stamps what it sends, to CLOCK_MONOTONIC,
 * by which packets are due. The caller's memory; one thread at a time. Not installed. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/replay/tx/pace.h>
#include <wiretape/stamp/clock_map.h>
#include <wiretape/stamp/phc.h>

/* Cross timestamps that follow one another quickly while the map is young. */
enum { WT_TX_CLOCK_FAST = 10 };

/* Zero: no clock. */
struct wt_tx_clock {
	struct wt_phc *phc; /* owned */
	/* CLOCK_MONOTONIC stands in for its UTC, so that nothing depends on how UTC is set. */
	struct wt_clock_estimator estimator;
	int64_t crossed_ns; /* when the last cross timestamp was taken, CLOCK_MONOTONIC */
	bool is_doubted;    /* a stamp was not believed since */
	bool is_frozen;     /* its clock stands still: its stamps mean nothing */
	unsigned fast_left;
	uint64_t failures; /* times the clock could not be read */
	uint64_t standstills, steps;
	int64_t error_ns;  /* no stamp that counts is further from the truth */
	uint64_t believed; /* stamps that count */
	uint64_t missing;  /* packets that left without one */
	uint64_t unbelieved;
};

/* The clock of the interface's stamps, and a look at it: whether it can be compared with the
 * system clock at all. 0 or a negative errno with the way out. */
int wt_tx_clock_open(struct wt_tx_clock *clock, struct wt_system *system, const char *interface,
                     struct wt_error *err);

/* Take a cross timestamp now. A failure leaves the map as it is, with an error that grows. */
void wt_tx_clock_cross(struct wt_tx_clock *clock, struct wt_pace_clock *pace, int64_t now_ns);

/* Take one if it is due: ten times every 100 ms, then every second; also soon after a stamp that
 * was not believed. Blocks for as long as the NIC takes: microseconds. */
void wt_tx_clock_tick(struct wt_tx_clock *clock, struct wt_pace_clock *pace, int64_t now_ns);

/* A stamp of the NIC in CLOCK_MONOTONIC, and how far it is from the truth at most. False while
 * nothing is known that it could rest on. */
bool wt_tx_clock_convert(const struct wt_tx_clock *clock, int64_t hardware_ns, int64_t *ns,
                         int64_t *error_ns);

/* A stamp that counts has this error; or it cannot be right. */
void wt_tx_clock_believe(struct wt_tx_clock *clock, int64_t error_ns);
void wt_tx_clock_doubt(struct wt_tx_clock *clock);

/* Close; zero is fine. Counters stay. */
void wt_tx_clock_close(struct wt_tx_clock *clock);

#endif
