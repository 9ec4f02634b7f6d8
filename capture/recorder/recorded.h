/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDED_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDED_H

#include <wiretape/capture/recorder/recorder_state.h>
#include <wiretape/capture/recorder/stamp_converter.h>

/* One recorded interface: its ring, its producer's counts, and its place in the books. */
struct wt_recorded {
	struct wt_reader *reader;
	struct wt_ring *ring;
	struct wt_recorder_interface *report;
	struct wt_stamp_converter converter;
	uint32_t id;      /* in the file */
	uint64_t packets; /* the producer's count so far, drops included */
	uint64_t drops;
	uint64_t read;         /* packets read from the ring, of which nearly all … */
	uint64_t given;        /* … have been given to the tape */
	uint64_t rejected;     /* by a filter that runs here */
	uint64_t sound;        /* as many had been read when it was last found to be up */
	uint64_t followed;     /* frames taken out of the ring for the sake of feeds alone */
	uint64_t drops_placed; /* of `drops`: that a frame on the tape tells of */
	struct rtnl_link_stats64 nic_base; /* what is to be added to the NIC's counters */
	char phc[64];                      /* report->phc */
	bool troubled;                     /* its ring has failed: to be looked at */
};

/* Take the producer's counts into the ledger. */
void wt_recorded_take_statistics(struct wt_recorded *recorded);

/* Frames that the producer has stored and nobody has taken out. */
uint64_t wt_recorded_waiting(const struct wt_recorded *recorded);

/* Share of the ring that the producer cannot use, in percent. */
double wt_recorded_fill_pct(const struct wt_recorded *recorded);

/* Look at the counters of its NIC; false if it has none. */
bool wt_recorded_read_nic(struct wt_recorded *recorded);

#endif
