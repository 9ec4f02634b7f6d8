/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_RING_H
#define WIRETAPE_RING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/ring/frame.h>
#include <wiretape/ring/walk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A ring is memory shared with a producer (the kernel, or sim_ring.h) in which
 * blocks of frames change hands: the producer fills a block and hands it over,
 * the reader borrows it, walks its frames and releases it. Nothing here makes a
 * system call, so nothing here blocks; waiting is the business of whoever owns
 * the file descriptor.
 *
 * One reader thread per ring. Blocks may be held for as long as needed and
 * released in any order; a producer that finds no free block drops. */
struct wt_ring;

/* The memory of a ring and how it is cut up. It stays the caller's and must
 * outlive the ring. `block_bytes * block_count` bytes at `base`, aligned to 16. */
struct wt_ring_memory {
	uint8_t *base;
	uint32_t block_bytes;
	uint32_t block_count;
	uint32_t slot_bytes; /* TPACKET_V2 only: one frame's slot, a multiple of 16 */
	uint32_t snaplen; /* caplen of a frame never exceeds it, VLAN tag included; 0: no limit */
};

/* A borrowed block. Plain data: copy it, keep it, give it back once. */
struct wt_block {
	uint8_t *start;       /* the first byte that belongs to the block */
	size_t bytes;         /* how many */
	uint32_t index;       /* its place in the ring */
	uint32_t frames;      /* how many frames the producer says it holds */
	uint32_t rejected;    /* of those read so far: that a filter of ours did not let through */
	uint64_t number;      /* counts the blocks (V2: slots) borrowed from this ring, from 0 */
	uint64_t lost_before; /* frames, between the block before and this one (wt_ring_lose) */
	struct wt_walk walk;
};

/* What the producer counted since it was last asked. `packets` includes
 * `drops`, as PACKET_STATISTICS has it. */
struct wt_ring_statistics {
	uint64_t packets;
	uint64_t drops;
	uint64_t freezes; /* how often the ring was found full (TPACKET_V3) */
};

/* Borrow the next filled block: 1 and *block, 0 while the producer still owns
 * it, or a negative errno from a ring that reads by system call. The block stays
 * valid until wt_ring_release_block(). */
int wt_ring_next_block(struct wt_ring *ring, struct wt_block *block);

/* The next frames of a borrowed block, at most `max`, in the order in which the
 * producer stored them; 0 at the end of the block. The views stay valid until
 * the next call for the same block or its release. A block whose memory
 * contradicts itself ends early: then block->walk.fault says why (walk.h). */
size_t wt_ring_read_frames(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                           size_t max);

/* Give a block back to the producer. The frames read from it are gone. */
void wt_ring_release_block(struct wt_ring *ring, struct wt_block *block);

/* The most that was ever filled, borrowed blocks included, in percent of the ring (0 for a
 * ring that cannot tell). Looked at whenever a block is borrowed, and by
 * wt_ring_note_fill(). */
double wt_ring_high_water_pct(const struct wt_ring *ring);

/* The same as a time: how much traffic that was, from the stamp of the oldest frame in the
 * ring to that of the newest. */
int64_t wt_ring_high_water_ns(const struct wt_ring *ring);

/* Raise the high-water mark if the ring is fuller than ever: for a reader that does not
 * borrow for a while. */
void wt_ring_note_fill(struct wt_ring *ring);

/* How many blocks (V2: slots) the producer cannot have, from the oldest that was not given
 * back to the newest that it has filled, and how many there are. */
void wt_ring_fill(struct wt_ring *ring, uint32_t *filled, uint32_t *total);

/* How many blocks (V2: slots) the producer has ever handed over: the number of the one that it
 * is filling, or will open next. Looks at those handed over since the last call. */
uint64_t wt_ring_handed_over(struct wt_ring *ring);

/* Where the producer has to stop and drop unless a block is given back: the number of the
 * block (V2: slot) that is to come in the place of the oldest. */
uint64_t wt_ring_end(const struct wt_ring *ring);

/* Whether the producer has handed over all before `number`, which is at most wt_ring_end().
 * False for a ring that reads by system call. */
bool wt_ring_has_filled(const struct wt_ring *ring, uint64_t number);

/* So many frames were dropped before the block (V2: slot) `number`, which has not been borrowed
 * yet: the block that begins there will say so (wt_block.lost_before). */
void wt_ring_lose(struct wt_ring *ring, uint64_t number, uint64_t frames);

/* Free the ring, not its memory. NULL is fine. */
void wt_ring_close(struct wt_ring *ring);

#ifdef __cplusplus
}
#endif
#endif
