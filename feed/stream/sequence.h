/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_SEQUENCE_H
#define WIRETAPE_FEED_STREAM_SEQUENCE_H

#include <stdint.h>

/* Follows the sequence numbers of one stream, in bounded memory.
 *
 * The stream begins at the first number ever given. From there on every number
 * below `next` is in one of two states: received, or missing. Always
 *     received + missing == next - first.
 *
 * Missing numbers lie in gaps. The WT_SEQUENCE_GAPS newest gaps are remembered,
 * so that a message which arrives late can fill its gap. When one more opens, the
 * oldest is forgotten: its numbers stay missing for good, and those that still
 * arrive are `too_late`.
 *
 * Pure; one thread at a time. */
#define WT_SEQUENCE_GAPS 16

/* Numbers first .. end - 1. */
struct wt_sequence_gap {
	uint64_t first;
	uint64_t end;
	int64_t mark; /* the caller's, from when it opened; all pieces of a gap share it */
};

/* Read every field, write none. All count messages, except `gaps`. */
struct wt_sequence {
	uint64_t first;      /* first number of the stream */
	uint64_t next;       /* one more than the highest number received or announced */
	uint64_t received;   /* different numbers that arrived, late ones too */
	uint64_t missing;    /* numbers below `next` that have not arrived */
	uint64_t gaps;       /* times that numbers were skipped, closed gaps too */
	uint64_t duplicates; /* arrivals of a number already received */
	uint64_t reordered;  /* arrivals that filled a gap: received, no longer missing */
	/* Arrivals below `floor`: before the beginning of the stream, or below the end
	 * of a gap that was forgotten. Whether such a number was received before is not
	 * known; it is in none of the other counts. */
	uint64_t too_late;
	uint64_t floor;
	uint32_t started;   /* 0 until the first number */
	uint32_t open_gaps; /* gaps remembered, some perhaps parts of one */
	struct wt_sequence_gap open[WT_SEQUENCE_GAPS]; /* ascending, disjoint, none empty */
};

void wt_sequence_init(struct wt_sequence *sequence);

/* The change that one call made. */
struct wt_sequence_change {
	struct wt_sequence_gap opened; /* empty: none */
	uint32_t filled_count;
	struct wt_sequence_gap filled[WT_SEQUENCE_GAPS]; /* ascending, with their gaps' marks */
};

/* Numbers first .. first + count - 1 have arrived: report the change. A gap that opens gets the
 * mark. A count of 0 makes `first` the number that comes next (a heartbeat): numbers skipped before
 * it are missing from now on. A new session of the feed needs a new wt_sequence. 0, or -ERANGE if
 * the numbers go beyond 2^64 - 1; nothing has changed then. */
int wt_sequence_change(struct wt_sequence *sequence, uint64_t first, uint64_t count, int64_t mark,
                       struct wt_sequence_change *change);

/* Find the missing and remembered pieces of numbers first .. end - 1, ascending. Returns their
 * count; `pieces` has room for WT_SEQUENCE_GAPS, or is NULL. */
uint32_t wt_sequence_lacks(const struct wt_sequence *sequence, uint64_t first, uint64_t end,
                           struct wt_sequence_gap *pieces);

#endif
