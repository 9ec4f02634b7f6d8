/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_TAPE_H
#define WIRETAPE_WRITER_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/frame.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_inplace.h>
#include <wiretape/writer/buffer_pool.h>
#include <wiretape/writer/sink.h>

/* One pcapng file being written: blocks become chunks (chunk.h), chunks go to a sink, and every
 * packet is known to have landed or not: whether its chunk and all chunks before it are in the
 * file. A stream has no chunks, only blocks.
 *
 * Packets come either as copies into the open chunk (reserve, submit), or as a whole chunk made in
 * somebody else's memory (wt_tape_add_in_place). Chunks are written in the order in which they are
 * handed over: the open one when it is full or by wt_tape_flush(), one made in place at once.
 *
 * -EAGAIN means that the disk cannot take more now: reap, wait, try again. Any other error is the
 * file's, and final: wt_tape_truncate().
 *
 * One thread, except for wt_tape_close(). */
struct wt_tape;

struct wt_tape_config {
	size_t interfaces;           /* number of interfaces in the file */
	uint64_t tape_id;            /* unique to this file */
	struct wt_buffer_pool *pool; /* shared by the tapes of one thread */
	/* Report that `packets` more of an interface have landed. */
	void (*landed)(void *context, size_t interface, uint64_t packets);
	void *context;
};

/* 0 and *tape, or -ENOMEM. */
int wt_tape_open(struct wt_tape **tape, const struct wt_tape_config *config);

/* Give the tape its sink, which it closes. */
void wt_tape_attach(struct wt_tape *tape, struct wt_sink *sink);

/* Announce the header's largest size. It is one chunk, written at once: if it exceeds a buffer of
 * the pool it gets its own memory. Call before anything is reserved. 0, -ENOMEM, or -EMSGSIZE if
 * readers would refuse so large a chunk. */
int wt_tape_size_header(struct wt_tape *tape, size_t bytes);

/* Reserve at least `min_bytes` (at most WT_TAPE_RESERVE_MAX) for whole blocks at *at, in the open
 * chunk. 0, -EAGAIN, or the file's error; -EMSGSIZE if the header would exceed its announced
 * size. */
enum { WT_TAPE_RESERVE_MAX = WT_BUFFER_BYTES - 2 * WT_CHUNK_ALIGNMENT };
int wt_tape_reserve(struct wt_tape *tape, size_t min_bytes, uint8_t **at, size_t *room);

/* Have the open chunk's index carry the maps with which the stamps of an interface are converted
 * from here on, `map` and, of before the clock was set, `previous`; number 0: there is none. Call
 * it after reserving for packets. Of a chunk that has packets of the interface already nothing
 * changes. False if the index has no more room: flush, and reserve again. */
bool wt_tape_carry_maps(struct wt_tape *tape, uint32_t interface, const struct wt_clock_map *map,
                        const struct wt_clock_map *previous);

/* Submit the first `bytes` of the reservation as the next blocks: `count` packets of `interface`,
 * from `frames`, or other blocks if that is 0. */
void wt_tape_submit(struct wt_tape *tape, size_t bytes, uint32_t interface,
                    const struct wt_frame *frames, size_t count);

/* Mark the last submission as a clock block (clock_record.h): the chunk's index says so. */
void wt_tape_record_clock(struct wt_tape *tape);

/* Whether a chunk made in place would be taken now, together with the open one before it. Always
 * false in a stream. */
bool wt_tape_takes_in_place(const struct wt_tape *tape);

/* Whether anything would be taken now without waiting. */
bool wt_tape_is_ready(const struct wt_tape *tape);

/* Finish `at` and hand it over: only after wt_tape_takes_in_place(). The open chunk follows it in
 * the file. `write` is of whoever has the memory and has its owner set; both are its own again as
 * write.h says, at once if the chunk holds no packet or on an error. 0 or the file's error. */
int wt_tape_add_in_place(struct wt_tape *tape, struct wt_inplace *at, struct wt_write *write);

/* Hand over the open chunk, padded; in a stream, the blocks so far. The header's chunk, which is
 * the first, must be flushed before anything else is added. */
int wt_tape_flush(struct wt_tape *tape);

/* Whether a chunk is open. */
bool wt_tape_has_unflushed(const struct wt_tape *tape);

/* Process writes that have ended, as wt_sink_reap() says. Never blocks. */
void wt_tape_reap(struct wt_tape *tape, int64_t now_ns);

/* Whether nothing is in flight. */
bool wt_tape_is_idle(const struct wt_tape *tape);

/* Reap until nothing is in flight, for closing: blocks. */
void wt_tape_settle(struct wt_tape *tape);

/* Settle, and end the file after the last packet that has landed: discard the rest, and free the
 * space held in reserve for the closing blocks. -ENOTSUP for a stream. */
int wt_tape_truncate(struct wt_tape *tape);

/* Bytes and packets so far, the open chunk included. */
uint64_t wt_tape_bytes(const struct wt_tape *tape);
uint64_t wt_tape_packets(const struct wt_tape *tape, size_t interface);
uint64_t wt_tape_all_packets(const struct wt_tape *tape);

bool wt_tape_is_stream(const struct wt_tape *tape);
uint64_t wt_tape_id(const struct wt_tape *tape);
struct wt_sink *wt_tape_sink(const struct wt_tape *tape);
int wt_tape_failed(const struct wt_tape *tape);

/* Close the sink (see there); NULL is fine. Any thread, once settled. */
int wt_tape_close(struct wt_tape *tape, bool sync);

#endif
