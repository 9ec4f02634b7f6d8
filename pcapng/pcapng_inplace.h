/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_PCAPNG_INPLACE_H
#define WIRETAPE_WRITER_PCAPNG_INPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/ring/frame.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_format.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Frames become Enhanced Packet Blocks where they lie: what stands between them in the
 * block of memory, the producer's headers, is overwritten with theirs. No byte of a frame
 * moves. The result is a chunk (chunk.h).
 *
 * The frames come in batches, in the order of their addresses. What follows the last frame
 * of a batch is written when the next batch, or the end, is known: so the memory up to 28
 * bytes before the next frame's data belongs to whoever walks the block until he has read
 * that frame's header. The bytes 8 to 47 of the block stay as they are, but for the count
 * of packets (chunk.h).
 *
 * Pure, in the caller's memory, any thread. */
struct wt_inplace {
	uint8_t *block;
	size_t room; /* of the block */
	uint32_t interface_id;
	uint32_t index_bytes; /* up to the first packet */
	struct wt_chunk_packets packets;
	/* The last frame so far, whose end has not been written. */
	uint8_t *open;
	uint32_t open_caplen;
	uint32_t open_flags;
	uint64_t open_dropped;
	struct wt_stamp_mark open_mark;
};

/* `block` is aligned to 4096 bytes, `room` a multiple of it. */
void wt_inplace_start(struct wt_inplace *at, uint8_t *block, size_t room, uint32_t interface_id);

/* Take frames that lie in the block. Returns how many: fewer than `count` if the next one
 * cannot be encoded where it is (it does not begin on a multiple of 4, or there is no room
 * before or behind it); it and those behind it are untouched and have to be copied before
 * wt_inplace_finish(). */
size_t wt_inplace_frames(struct wt_inplace *at, const struct wt_frame *frames, size_t count);

/* The length that the chunk has if it is closed now; 0 without a frame. */
uint32_t wt_inplace_length(const struct wt_inplace *at);

/* Close the chunk: returns its length, a multiple of 4096 within the block, 0 if it has
 * not a single frame. What lies behind the last frame's slot is overwritten, up to that
 * length, with zeros. Goes on with `run`. */
uint32_t wt_inplace_finish(struct wt_inplace *at, struct wt_chunk_run *run);

#ifdef __cplusplus
}
#endif
#endif
