/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_TAPE_H
#define WIRETAPE_WRITER_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/ring/frame.h>
#include <wiretape/writer/buffer_pool.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_inplace.h>
#include <wiretape/writer/sink.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One pcapng file being written: blocks become chunks (chunk.h), chunks go to a sink, and
 * for every packet it is known whether it has landed: whether its chunk and all chunks
 * before it are in the file. Into a stream there are no chunks, only blocks.
 *
 * Packets come either as copies into a chunk under construction (reserve, submit), or as a
 * whole chunk that was made in somebody else's memory (wt_tape_add_in_place). Chunks are
 * in the file in the order in which they are handed over: the one under construction when
 * it is full or by wt_tape_flush(), one that was made in place at once.
 *
 * -EAGAIN means that the disk has all it can take: reap, wait, try again. Any other error
 * is that of the file, and final: wt_tape_cut().
 *
 * One thread, but for wt_tape_close(). */
struct wt_tape;

struct wt_tape_config {
	size_t interfaces;           /* how many the file has */
	uint64_t tape_id;            /* any number that other files do not have */
	struct wt_buffer_pool *pool; /* shared by the tapes of one thread */
	/* The memory that was added with `token` is not needed any more. */
	void (*release)(void *context, void *token);
	/* `packets` more of an interface have landed. */
	void (*landed)(void *context, size_t interface, uint64_t packets);
	void *context;
};

/* 0 and *tape, or -ENOMEM. */
int wt_tape_open(struct wt_tape **tape, const struct wt_tape_config *config);

/* Two steps, because a sink wants to know whom to tell: make the sink with this, then give
 * it to the tape, which closes it. */
void wt_tape_configure_sink(struct wt_tape *tape, struct wt_sink_config *config);
void wt_tape_attach(struct wt_tape *tape, struct wt_sink *sink);

/* The header will have at most `bytes`. It is one chunk, and written at once: where it is larger
 * than a buffer of the pool it gets memory of its own. Before anything is reserved. 0, -ENOMEM, or
 * -EMSGSIZE if readers would not take so large a chunk. */
int wt_tape_size_header(struct wt_tape *tape, size_t bytes);

/* Room for at least `min_bytes` (at most WT_TAPE_RESERVE_MAX) of whole blocks at *at, in the
 * chunk under construction. 0, -EAGAIN, or the file's error; -EMSGSIZE if the header would become
 * longer than it was said to be. */
enum { WT_TAPE_RESERVE_MAX = WT_BUFFER_BYTES - 2 * WT_CHUNK_ALIGNMENT };
int wt_tape_reserve(struct wt_tape *tape, size_t min_bytes, uint8_t **at, size_t *room);

/* The first `bytes` of the reservation are the next blocks: `count` packets of `interface`,
 * which are `frames`, or others if that is 0. */
void wt_tape_submit(struct wt_tape *tape, size_t bytes, uint32_t interface,
                    const struct wt_frame *frames, size_t count);

/* What was submitted last is a clock block (clock_note.h): the chunk's index says so. */
void wt_tape_note_clock(struct wt_tape *tape);

/* Whether a chunk that was made in place would be taken now, and one under construction
 * before it. False for ever in a stream. */
bool wt_tape_takes_in_place(const struct wt_tape *tape);

/* Whether anything would be taken now, without waiting. */
bool wt_tape_is_ready(const struct wt_tape *tape);

/* Finish `at` and hand it over: only after wt_tape_takes_in_place(). What is under
 * construction comes behind it in the file. The memory comes back through release(token), at
 * once if it holds no packet or on an error. 0 or the file's error. */
int wt_tape_add_in_place(struct wt_tape *tape, struct wt_inplace *at, void *token);

/* Hand over the chunk under construction, padded; in a stream, the blocks so far. The chunk
 * of the header, which is the first, must be flushed before anything else is added. */
int wt_tape_flush(struct wt_tape *tape);

/* Whether something is under construction. */
bool wt_tape_has_unflushed(const struct wt_tape *tape);

/* See whether writes have ended; settle: wait for all. */
void wt_tape_reap(struct wt_tape *tape);
void wt_tape_settle(struct wt_tape *tape);

/* Whether nothing is on its way. */
bool wt_tape_is_idle(const struct wt_tape *tape);

/* Settle, and end the file behind the last packet that has landed: forget what has not, and
 * free what was held in reserve for the closing blocks. -ENOTSUP for a stream. */
int wt_tape_cut(struct wt_tape *tape);

/* Bytes and packets so far, what is under construction included. */
uint64_t wt_tape_bytes(const struct wt_tape *tape);
uint64_t wt_tape_packets(const struct wt_tape *tape, size_t interface);
uint64_t wt_tape_all_packets(const struct wt_tape *tape);

bool wt_tape_is_stream(const struct wt_tape *tape);
uint64_t wt_tape_id(const struct wt_tape *tape);
struct wt_sink *wt_tape_sink(const struct wt_tape *tape);
int wt_tape_failed(const struct wt_tape *tape);

/* Close the sink (see there); NULL is fine. Once settled, from any thread. */
int wt_tape_close(struct wt_tape *tape, bool sync);

#ifdef __cplusplus
}
#endif
#endif
