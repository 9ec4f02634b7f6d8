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
	void (*fill)(const struct wt_ring *ring, uint32_t *filled, uint32_t *total);
	void (*note_fill)(struct wt_ring *ring); /* NULL: it cannot tell */
	void (*close)(struct wt_ring *ring);
};

/* The head of every implementation's own struct. */
struct wt_ring {
	const struct wt_ring_ops *ops;
	struct wt_ring_memory memory;
	uint64_t blocks_borrowed; /* ever */
	uint32_t head;            /* the next block (V2: slot) to borrow */
	uint32_t high_water;      /* most blocks (V2: slots) ever found filled, held ones too */
	int64_t high_water_ns;    /* from the oldest to the newest stamp among them */
	uint32_t units;           /* how many blocks (V2: slots) there are */
	uint32_t held_count;
	bool *held; /* for each: borrowed and not yet released */
};

/* What a ring's units tell, by their index: whether one is filled and not borrowed, and the
 * stamps of its first and its last frame. */
struct wt_ring_units {
	bool (*is_waiting)(const struct wt_ring *ring, uint32_t index);
	int64_t (*first_ns)(const struct wt_ring *ring, uint32_t index);
	int64_t (*last_ns)(const struct wt_ring *ring, uint32_t index);
};

/* Raise the high-water mark. Units are filled in order, so that it is enough to look
 * whether one more than ever before is: a load a block, not a scan. */
void wt_ring_raise_high_water(struct wt_ring *ring, const struct wt_ring_units *units);

/* Make a ring of `size` bytes that starts with a struct wt_ring; -ENOMEM. */
int wt_ring_alloc(struct wt_ring **ring, size_t size, const struct wt_ring_ops *ops,
                  const struct wt_ring_memory *memory, uint32_t units);

/* The other end of it, and the `close` of a ring that has nothing else to free. */
void wt_ring_free(struct wt_ring *ring);

#endif
