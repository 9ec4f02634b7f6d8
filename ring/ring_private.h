/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_RING_PRIVATE_H
#define WIRETAPE_RING_RING_PRIVATE_H

/* For implementations of a ring: tpacket_v2.c, tpacket_v3.c, and the readers in capture/ that read
 * by system call or extend one of these. */

#include <stdbool.h>

#include <wiretape/ring/drop_marks.h>
#include <wiretape/ring/ring.h>

struct wt_ring_ops {
	/* Leaves lost_before and dropped_before to the ring. */
	int (*next_block)(struct wt_ring *ring, struct wt_block *block);
	size_t (*read_frames)(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
	                      size_t max);
	bool sums_up; /* reading frames sets block->walk.sums */
	void (*release_block)(struct wt_ring *ring, struct wt_block *block);
	void (*note_fill)(struct wt_ring *ring); /* NULL: the fill level is unknown */
	/* Whether the unit at this place, which is not borrowed, is filled. NULL: the ring has no
	 * units. */
	bool (*is_filled)(const struct wt_ring *ring, uint32_t index);
	/* Whether such a unit, which is filled, says that its producer had dropped frames that it
	 * had not been asked for. NULL: none does. */
	bool (*is_losing)(const struct wt_ring *ring, uint32_t index);
	/* Replaces the count of units; NULL: units are counted. */
	void (*fill)(const struct wt_ring *ring, uint32_t *filled, uint32_t *total);
	void (*close)(struct wt_ring *ring);
};

/* The head of every implementation's own struct. */
struct wt_ring {
	const struct wt_ring_ops *ops;
	struct wt_ring_memory memory;
	void *owner;          /* for ops wrapped around the ring's own */
	uint32_t units;       /* number of blocks (V2: slots); 0: none */
	uint32_t head;        /* place of the next to borrow: borrowed % units */
	uint64_t borrowed;    /* units borrowed ever, numbered in the producer's order */
	uint64_t oldest;      /* the first unit not given back; at most `borrowed` */
	uint64_t handed_over; /* units known to be filled, ever; may lag */
	uint64_t asked;       /* units handed over when the producer was last asked for its drops */
	uint32_t high_water;  /* most units ever found filled and not given back */
	int64_t high_water_ns; /* from the oldest to the newest stamp among them */
	bool *held;            /* by place: borrowed and not given back */
	struct wt_drop_marks drops;
};

/* Stamps of the first and the last frame of a unit, by its place. */
struct wt_ring_stamps {
	int64_t (*first_ns)(const struct wt_ring *ring, uint32_t index, bool borrowed);
	int64_t (*last_ns)(const struct wt_ring *ring, uint32_t index); /* not borrowed */
};

/* Raise the high-water mark. Units are filled in order, so checking for one more than ever before
 * is enough: one load per block, not a scan. */
void wt_ring_raise_high_water(struct wt_ring *ring, const struct wt_ring_stamps *stamps);

/* Borrow `count` units from the head on. There may be drops before the first, but not between them
 * (wt_drop_marks_until()). */
void wt_ring_borrow(struct wt_ring *ring, uint32_t count);

/* Give `count` units from this place on back; call before the producer is told. */
void wt_ring_give_back(struct wt_ring *ring, uint32_t index, uint32_t count);

/* Make a ring of `size` bytes that starts with a struct wt_ring; -ENOMEM. */
int wt_ring_alloc(struct wt_ring **ring, size_t size, const struct wt_ring_ops *ops,
                  const struct wt_ring_memory *memory, uint32_t units);

/* Free a ring: also the `close` of one that owns nothing else. */
void wt_ring_free(struct wt_ring *ring);

#endif
