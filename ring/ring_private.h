/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_RING_PRIVATE_H
#define WIRETAPE_RING_RING_PRIVATE_H

/* For those who implement a ring: tpacket_v2.c, tpacket_v3.c, and the readers
 * of capture/ that read by system call or add to one of these. */

#include <stdbool.h>

#include <wiretape/ring/ring.h>

struct wt_ring_ops {
	int (*next_block)(struct wt_ring *ring, struct wt_block *block);
	size_t (*read_frames)(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
	                      size_t max);
	void (*release_block)(struct wt_ring *ring, struct wt_block *block);
	void (*note_fill)(struct wt_ring *ring); /* NULL: it cannot tell */
	/* Units: whether the one at this place, which is not borrowed, is filled. NULL: it has
	 * none. */
	bool (*is_filled)(const struct wt_ring *ring, uint32_t index);
	/* In the place of units; NULL: they tell. */
	void (*fill)(const struct wt_ring *ring, uint32_t *filled, uint32_t *total);
	void (*close)(struct wt_ring *ring);
};

/* The head of every implementation's own struct. */
struct wt_ring {
	const struct wt_ring_ops *ops;
	struct wt_ring_memory memory;
	void *owner;           /* of ops that somebody has put before the ring's own */
	uint32_t units;        /* how many blocks (V2: slots) there are; 0: none */
	uint32_t head;         /* the place of the next to borrow: borrowed % units */
	uint64_t borrowed;     /* units, ever. They are numbered in the order of the producer */
	uint64_t oldest;       /* the first that has not been given back; at most `borrowed` */
	uint64_t handed_over;  /* so far they are known to be filled; may lag */
	uint32_t high_water;   /* most units ever found filled and not given back */
	int64_t high_water_ns; /* from the oldest to the newest stamp among them */
	bool *held;            /* by place: borrowed and not given back */
	uint64_t *lost;        /* by number % (units + 1): dropped before the unit, not yet told */
	uint32_t lost_count;   /* of those that are not 0 */
};

/* The stamps of the first and the last frame of a unit, by its place. */
struct wt_ring_stamps {
	int64_t (*first_ns)(const struct wt_ring *ring, uint32_t index, bool borrowed);
	int64_t (*last_ns)(const struct wt_ring *ring, uint32_t index, bool borrowed);
};

/* Raise the high-water mark. Units are filled in order, so that it is enough to look
 * whether one more than ever before is: a load a block, not a scan. */
void wt_ring_raise_high_water(struct wt_ring *ring, const struct wt_ring_stamps *stamps);

/* `count` units from the head on are borrowed: what was lost before the first of them. */
uint64_t wt_ring_borrow(struct wt_ring *ring, uint32_t count);

/* How many of `most` units from the head on may be borrowed, by what was lost between them:
 * that is told with a block. */
uint32_t wt_ring_until_loss(const struct wt_ring *ring, uint32_t most);

/* `count` units from this place on are given back, before the producer is told. */
void wt_ring_give_back(struct wt_ring *ring, uint32_t index, uint32_t count);

/* Make a ring of `size` bytes that starts with a struct wt_ring; -ENOMEM. */
int wt_ring_alloc(struct wt_ring **ring, size_t size, const struct wt_ring_ops *ops,
                  const struct wt_ring_memory *memory, uint32_t units);

/* The other end of it, and the `close` of a ring that has nothing else to free. */
void wt_ring_free(struct wt_ring *ring);

#endif
