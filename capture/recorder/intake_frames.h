/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_INTAKE_FRAMES_H
#define WIRETAPE_CAPTURE_RECORDER_INTAKE_FRAMES_H

#include <wiretape/capture/recorder/intake_held.h>
#include <wiretape/capture/recorder/recorder_feeds.h>
#include <wiretape/capture/recorder/tape_writer.h>

enum { WT_BATCH_FRAMES = 64 }; /* read and encoded at once: they stay in the first cache */

/* Makes chunks of a ring's blocks, one block at a time. Where the tape has no room, the block is
 * gone on with later. */
struct wt_conversion {
	struct wt_recorder_state *state;
	struct wt_tape_writer *writer;
	struct wt_recorder_feeds *feeds;
	struct wt_held_blocks held;
	uint64_t given; /* packets of all interfaces so far, for max_packets */
	/* The block under way; `recorded` NULL: none is. */
	struct wt_recorded *recorded;
	struct wt_block own;              /* if it is not held */
	struct wt_block *block;           /* `own`, or the held one's */
	struct wt_held_block *held_block; /* a part of it is a chunk where it lies; or NULL */
	bool begun;                       /* what becomes of it is settled */
	bool last;     /* what has been read is all that the limit of bytes lets in */
	uint64_t read; /* frames of it; at its end, rejected ones included */
	struct wt_inplace in_place;
	/* Read: up to `done` on the tape, up to `granted` accounted for and to go to the current
	 * file, the rest as far as the recording still takes packets. */
	struct wt_frame frames[WT_BATCH_FRAMES];
	size_t done, granted, count;
	uint64_t prepaid; /* frames of the block that are granted and have not been read */
	/* The maps of their stamps. By the time they go to the tape the clock may have been
	 * compared again, and the file they were read for may have ended. */
	struct wt_clock_map map, previous;
	uint32_t file_count;
};

/* Begin with a block that was borrowed; the one before is finished. */
void wt_conversion_begin(struct wt_conversion *conversion, struct wt_recorded *recorded,
                         const struct wt_block *block);

/* Whether packets are granted that are not on the tape: they have to go to the current file. */
bool wt_conversion_owes(const struct wt_conversion *conversion);

/* Go on with the block under way. True once it is finished and given back, or the tape's; false:
 * the tape has no room. Something may have ended the recording. */
bool wt_conversion_advance(struct wt_conversion *conversion);

#endif
