/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_RING_H
#define WIRETAPE_RING_RING_H

/* Internal functions of a ring: for callers that account for its producer's drops. */

#include <stdbool.h>

#include <wiretape/ring.h>

/* Sum up frames. */
void wt_frame_sums_of(struct wt_frame_sums *sums, const struct wt_frame *frames, size_t count);

/* The producer's counts since the last query. `packets` includes `drops`, as in
 * PACKET_STATISTICS. */
struct wt_ring_statistics {
	uint64_t packets;
	uint64_t drops;
	uint64_t freezes; /* times the ring was found full (TPACKET_V3) */
};

/* Raise the high-water mark if the ring is fuller than ever: for a reader that does not borrow for
 * a while. */
void wt_ring_note_fill(struct wt_ring *ring);

/* Number of blocks (V2: slots) ever handed over by the producer, which is that of the one it is
 * filling or will open next. Inspects those handed over since the last call. */
uint64_t wt_ring_handed_over(struct wt_ring *ring);

/* Number of the block (V2: slot) that will replace the oldest: there the producer has to stop and
 * drop unless a block is given back. */
uint64_t wt_ring_end(const struct wt_ring *ring);

/* Whether the producer has handed over every unit before `number`, which is at most wt_ring_end().
 * False for a ring that reads by system call. */
bool wt_ring_has_filled(const struct wt_ring *ring, uint64_t number);

/* Note what the producer has counted since it was last asked: drops where it stands, or, if a unit
 * was given back since then, at `end`, where it had to stop before; but one before the first unit,
 * not borrowed yet, that says there was one by then. Call it with 0, too. The block that begins
 * there has them in `lost_before`, the first frame after them in `dropped_before`. Nothing is done
 * for a ring that reads by system call: it hears of drops with each frame. */
void wt_ring_take_drops(struct wt_ring *ring, uint64_t end, uint64_t drops);

/* Whether the next block to be borrowed says so: ask the producer first. */
bool wt_ring_next_is_losing(const struct wt_ring *ring);

/* Drops so far that frames have told of, which are those before the last frame that was read. */
uint64_t wt_ring_drops_told(const struct wt_ring *ring);

#endif
