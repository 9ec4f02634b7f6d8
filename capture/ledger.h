/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_LEDGER_H
#define WIRETAPE_CAPTURE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/number.h>
#include <wiretape/stamp/stamp.h>

/* The fate of every frame: counts of frames since the gate opened.
 *
 *     seen = written + the sum of lost
 *
 * exactly, at every moment: while recording, `seen` are the frames whose fate is known, and
 * `waiting` those that are still in the ring. At the end nothing waits and `seen` is the producer's
 * count less `excluded`; a difference that remains stands in `unattributed` and is a bug of the
 * recorder. */
struct wt_ledger {
	uint64_t seen;
	uint64_t written; /* whole in the file */
	struct {
		uint64_t ring;      /* dropped by the producer: the ring was full */
		uint64_t writer;    /* read from the ring, but the file did not take it */
		uint64_t malformed; /* in a block whose memory contradicted itself */
	} lost;
	struct {
		uint64_t after_limit; /* arrived after the last frame that was asked for */
	} excluded;                   /* not wanted, so neither seen nor lost */
	uint64_t waiting;
	int64_t unattributed;
	uint64_t stamps_unasked;      /* that came with a stamp of another source than expected */
	uint64_t truncated;           /* written with fewer bytes than the frame had */
	uint64_t freezes;             /* how often the ring was found full */
	struct wt_stamp_tally stamps; /* of what was given to the writer */
	/* Near misses: not counts of frames. */
	struct {
		uint64_t high_water_percent; /* of the ring */
		uint64_t high_water_ns;      /* of traffic in it then */
	} ring;
	struct {
		uint64_t longest_ns; /* of a single write */
		uint64_t slow;       /* writes of a second or longer */
		uint64_t in_flight_most;
	} writes;
};

/* The counts that have to add up, and those that explain: the keys of JSON, and the names of lines
 * in files. */
extern const struct wt_number wt_ledger_numbers[];

uint64_t wt_ledger_lost(const struct wt_ledger *ledger);

/* Update while recording: `producer_packets` and `producer_drops` are the producer's counts so far.
 * Sets lost.ring, seen and waiting. */
void wt_ledger_update(struct wt_ledger *ledger, uint64_t producer_packets, uint64_t producer_drops);

/* Close with the producer's final counts. Frames stored and not written count as excluded if a
 * limit was reached, as lost by the writer if it failed, else as unattributed. */
enum wt_ledger_rest {
	WT_REST_UNKNOWN,
	WT_REST_AFTER_LIMIT,
	WT_REST_WRITER,
};
void wt_ledger_close(struct wt_ledger *ledger, uint64_t producer_packets, uint64_t producer_drops,
                     enum wt_ledger_rest rest);

/* Add `one` to `sum`, for several interfaces; rows that do not count frames take the larger. */
void wt_ledger_add(struct wt_ledger *sum, const struct wt_ledger *one);

/* Leave what has come since `start`, an earlier state of the same ledger; `written` frames were
 * written since then. Sets seen. */
void wt_ledger_subtract(struct wt_ledger *ledger, const struct wt_ledger *start, uint64_t written);

/* "key=count\n" for every row, as WT_OPT_LOCAL_LEDGER has it. */
void wt_ledger_text(const struct wt_ledger *ledger, char *out, size_t capacity);

#endif
