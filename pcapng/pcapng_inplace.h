/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_PCAPNG_INPLACE_H
#define WIRETAPE_PCAPNG_PCAPNG_INPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/frame.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_format.h>

/* Turns frames into Enhanced Packet Blocks where they are: the producer's headers, between them in
 * the block of memory, are overwritten with those of pcapng. No byte of a frame moves. The result
 * is a chunk (chunk.h).
 *
 * Frames come in batches, in the order of their addresses. The bytes after the last frame of a
 * batch are written only when the next batch, or the end, is known: so the memory up to 28 bytes
 * before the next frame's data belongs to the walker of the block until it has read that frame's
 * header. Bytes 8 to 47 of the block stay as they are, except for the count of packets (chunk.h).
 *
 * Pure, in the caller's memory, any thread. */
struct wt_inplace {
	uint8_t *block;
	size_t room; /* of the block */
	uint32_t interface_id;
	uint32_t queue, queue_bytes; /* epb_queue of each packet; 0: without */
	uint32_t index_bytes;        /* up to the first packet */
	struct wt_chunk_packets packets;
	struct wt_chunk_maps maps; /* of the interface, for the index: the caller's */
	struct wt_frame open; /* the last so far, whose end has not been written; data NULL: none */
};

/* Begin a chunk without maps; `block` is aligned to 4096 bytes, `room` a multiple of it. */
void wt_inplace_start(struct wt_inplace *at, uint8_t *block, size_t room, uint32_t interface_id);

/* Before the first frame: all are packets of this queue of the interface. */
void wt_inplace_set_queue(struct wt_inplace *at, uint32_t queue);

/* Take frames that lie in the block. Returns their number: fewer than `count` if the next one
 * cannot be encoded where it is (it does not begin on a multiple of 4, or there is no room before
 * it, the first time for the index with its maps, or after it); it and those after it are untouched
 * and have to be copied before wt_inplace_finish(). */
size_t wt_inplace_frames(struct wt_inplace *at, const struct wt_frame *frames, size_t count);

/* Length of the chunk if it is closed now; 0 without a frame. */
uint32_t wt_inplace_length(const struct wt_inplace *at);

/* Close the chunk: returns its length, a multiple of 4096 within the block, 0 if it has no frames.
 * The bytes after the last frame's slot are zeroed, up to that length. Advances `run`. */
uint32_t wt_inplace_finish(struct wt_inplace *at, struct wt_chunk_run *run);

#endif
