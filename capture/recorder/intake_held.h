/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_INTAKE_HELD_H
#define WIRETAPE_CAPTURE_RECORDER_INTAKE_HELD_H

#include <wiretape/capture/recorder/recorded.h>
#include <wiretape/writer/write.h>

/* As many as the tapes of two files have writes. */
enum { WT_HELD_BLOCKS = 128 };

/* A block of a ring that a tape has until its write has ended, and the record of that write, which
 * the tape has for longer (write.h). */
struct wt_held_block {
	struct wt_write write; /* first */
	struct wt_held_blocks *pool;
	struct wt_recorded *recorded;
	struct wt_block block;
	uint32_t pins; /* who still needs the block: the tape, and the loop over its frames */
	bool retired;  /* the tape needs the record no more */
	struct wt_held_block *next_free;
};

struct wt_held_blocks {
	struct wt_held_block *all; /* WT_HELD_BLOCKS of them */
	struct wt_held_block *free;
};

/* 0 or -ENOMEM; fini takes what is zeroed. */
int wt_held_blocks_init(struct wt_held_blocks *pool);
void wt_held_blocks_fini(struct wt_held_blocks *pool);

/* Take a free one, for a block with two users: the tape and the caller. */
struct wt_held_block *wt_held_block_take(struct wt_held_blocks *pool, struct wt_recorded *recorded,
                                         const struct wt_block *block);
/* Drop one user's claim; the last gives the block back. */
void wt_held_block_unpin(struct wt_held_block *held);

#endif
