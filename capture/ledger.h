/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_LEDGER_H
#define WIRETAPE_CAPTURE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/stamp/stamp.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What became of every frame, all of it counts of frames since the gate opened.
 *
 *     seen = written + the sum of lost
 *
 * exactly, at every moment: while recording, `seen` are the frames whose fate is
 * known, and `waiting` those that are still in the ring. At the end nothing waits
 * and `seen` is what the producer counted, less what was excluded; what then does
 * not add up stands in `unattributed` and is a bug of the recorder. */
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
	uint64_t cut;                 /* written with fewer bytes than the frame had */
	uint64_t freezes;             /* how often the ring was found full */
	struct wt_stamp_tally stamps; /* of what was given to the writer */
	/* How near it came to losing something: no counts of frames. */
	struct {
		uint64_t high_water_pct; /* of the ring */
		uint64_t high_water_ms;  /* of traffic in it then */
	} ring;
	struct {
		uint64_t longest_ms; /* of a single write */
		uint64_t slow;       /* writes of a second or longer */
		uint64_t in_flight_most;
	} writes;
};

/* The counts that have to add up, and those that explain, by name; NULL after the
 * last. A name with a dot belongs to the group before it. */
struct wt_ledger_entry {
	const char *name;
	size_t offset; /* of a uint64_t in struct wt_ledger */
	bool is_most;  /* no sum: the larger of two */
};
extern const struct wt_ledger_entry wt_ledger_entries[];

uint64_t wt_ledger_value(const struct wt_ledger *ledger, const struct wt_ledger_entry *entry);

uint64_t wt_ledger_lost(const struct wt_ledger *ledger);

/* While recording: `producer_packets` and `producer_drops` are the producer's counts
 * so far. Sets lost.ring, seen and waiting. */
void wt_ledger_update(struct wt_ledger *ledger, uint64_t producer_packets, uint64_t producer_drops);

/* At the end: the producer's final counts. What was stored and not written is put
 * down as excluded if a limit was reached, as lost by the writer if it failed, else
 * as unattributed. */
enum wt_ledger_rest {
	WT_REST_UNKNOWN,
	WT_REST_AFTER_LIMIT,
	WT_REST_WRITER,
};
void wt_ledger_close(struct wt_ledger *ledger, uint64_t producer_packets, uint64_t producer_drops,
                     enum wt_ledger_rest rest);

/* Add `one` to `sum`, for several interfaces; of what is no count of frames, the larger. */
void wt_ledger_add(struct wt_ledger *sum, const struct wt_ledger *one);

/* What has come since `start`, an earlier state of the same ledger, of which `written` were
 * written in the meantime. Sets seen. */
void wt_ledger_subtract(struct wt_ledger *ledger, const struct wt_ledger *start, uint64_t written);

/* "name=count\n" for every entry, as WT_OPT_LOCAL_LEDGER has it. */
void wt_ledger_text(const struct wt_ledger *ledger, char *out, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
