/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_PLAN_SCHEDULE_H
#define WIRETAPE_REPLAY_PLAN_SCHEDULE_H

/* Departure times of the packets of a replay, in ns after the first one. Every time is counted from
 * there in whole numbers, with the fraction of a ns that is left over kept exactly: an error of one
 * packet is not an error of those after it. Pure: no clock, no I/O. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>

enum wt_timing {
	WT_TIMING_ORIGINAL, /* as in the file */
	WT_TIMING_SPEED,    /* X times as fast */
	WT_TIMING_PPS,      /* N packets a second, whatever the file says; so are the next three */
	WT_TIMING_MBPS,     /* 10^6 bits a second, of frames as they are in the file: without
	                     * preamble, FCS and the gap between frames */
	WT_TIMING_GAP,      /* a fixed time from one departure to the next */
	WT_TIMING_ASAP,     /* at once */
	WT_TIMING_DELTA,    /* bursts that begin as in the file, with a fixed gap within each */
};

/* Zero is the default given in brackets, as a whole the timing of the file. */
struct wt_schedule_config {
	enum wt_timing timing;
	uint64_t numerator; /* of SPEED's X, and N of PPS and MBPS [1] */
	uint64_t denominator;
	int64_t gap_ns;      /* of GAP and DELTA [0] */
	int64_t idle_ns;     /* DELTA: a gap in the file of at least this ends a burst [1 ms] */
	int64_t max_gap_ns;  /* ORIGINAL, SPEED, DELTA: longer gaps in the file count as this one
	                      * [none are too long] */
	int64_t disorder_ns; /* a stamp less than this before the latest is out of order; at this,
	                      * the clock was set back [100 ms] */
};

enum {
	WT_SCHEDULE_IDLE_NS = 1000000,
	WT_SCHEDULE_DISORDER_NS = 100000000,
	/* Limit of the numbers that wt_schedule_parse() takes. */
	WT_SCHEDULE_NUMBER_MAX = 1000000000,
};

/* Timing as people write it:
 *
 *     original | speed:X | pps:N | mbps:N | gap:TIME | delta:TIME[,idle=TIME] | asap
 *
 * X is a decimal number above 0, N one or a rate as wt_parse_rate() takes it, TIME has a unit
 * (wt_parse_duration()). Sets what belongs to the timing, and leaves max_gap_ns and disorder_ns as
 * they are. 0, or -EINVAL with what is wrong, and *config is as it was. Pure, any thread. */
int wt_schedule_parse(struct wt_schedule_config *config, const char *text, struct wt_error *err);

/* In the caller's memory, which needs no cleaning up. One thread. The counters are to be read,
 * the rest is private; those of stamps and gaps stay 0 where the timing does not look at
 * stamps. */
struct wt_schedule {
	uint64_t packets;      /* all that got a time */
	uint64_t out_of_order; /* stamped a little before an earlier packet: sent right after it */
	uint64_t stepped_back; /* a long way before: times go on from there, after no gap */
	uint64_t gaps_capped;  /* gaps in the file that were longer than max_gap_ns */
	uint64_t saturated;    /* packets whose time is INT64_MAX or would be beyond */

	struct wt_schedule_config config;
	uint64_t step_ns; /* PPS and GAP: from one packet to the next, with a fraction of */
	uint64_t step_rest;
	uint64_t cap_ns;     /* of a gap in the file */
	uint64_t divisor;    /* of what is left over */
	uint64_t at_ns;      /* where the timeline is, and a fraction; up to INT64_MAX */
	uint64_t rest;       /* below the divisor */
	uint64_t last_bytes; /* MBPS: of the packet before */
	int64_t newest_ns;   /* the latest stamp of the round */
	bool has_newest;
	uint64_t file_ns;    /* of the file that was gone through, with gaps as they count */
	uint64_t between_ns; /* before the first packet of a round */
	uint64_t follow_ns;  /* DELTA: when the next packet may depart */
	bool begins;         /* the next packet is the first of a round */
};

void wt_schedule_init(struct wt_schedule *schedule, const struct wt_schedule_config *config);

/* Departure of the next packet, in ns after the start: 0 for the first, and never before its
 * predecessor. A packet without a stamp gets its predecessor's. `frame_bytes` is the length that it
 * had on the wire, without FCS. Takes any stamps. */
int64_t wt_schedule_next(struct wt_schedule *schedule, int64_t stamp_ns, uint32_t frame_bytes);

/* Next for a packet without a stamp and with none before it in its round: it departs with the next
 * one that has a stamp. */
int64_t wt_schedule_next_unstamped(struct wt_schedule *schedule, uint32_t frame_bytes);

/* Begin another round of the same packets: the first follows after the mean of all gaps so far
 * (none, if there was one packet), or as any other where the timing does not look at stamps. */
void wt_schedule_repeat(struct wt_schedule *schedule);

#endif
