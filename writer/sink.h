/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_SINK_H
#define WIRETAPE_WRITER_SINK_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/ring/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where encoded bytes go. The caller reserves room, encodes into it and submits
 * what it used; the sink writes when its buffer is full or when told to.
 *
 *     wt_sink_reserve(sink, bound, &at, &room);
 *     used = encode(at, room);
 *     wt_sink_submit(sink, used);
 *
 * Every submission is whole pcapng blocks. One thread. Reserving and flushing
 * block for as long as the disk or the pipe does.
 *
 * After a failed write the sink takes nothing more, and wt_sink_unwritten() tells
 * what did not arrive, so that the caller can account for it and, where the file
 * can be cut, end it on a block: wt_sink_cut(). */
struct wt_sink;

/* The bytes of the failed write: the first `landed` of `length` are in the file. */
struct wt_sink_unwritten {
	const uint8_t *bytes;
	size_t length;
	size_t landed;
};

/* Room for at least `min_bytes` (at most 1 MiB) at *at, aligned to 4. 0, or the
 * error of the write that it took to make room. */
int wt_sink_reserve(struct wt_sink *sink, size_t min_bytes, uint8_t **at, size_t *room);

/* The first `bytes` of the last reservation are the next of the file. */
void wt_sink_submit(struct wt_sink *sink, size_t bytes);

/* Write what has been submitted. */
int wt_sink_flush(struct wt_sink *sink);

/* Bytes submitted so far, less those cut off after a failure. */
uint64_t wt_sink_bytes(const struct wt_sink *sink);

/* What the failed write left; all zero if none failed. */
struct wt_sink_unwritten wt_sink_unwritten(const struct wt_sink *sink);

/* After a failure: keep the first `keep` bytes of wt_sink_unwritten() and give the
 * sink one more chance, for the blocks that close the file. -ENOTSUP for a stream,
 * which cannot be cut. */
int wt_sink_cut(struct wt_sink *sink, size_t keep);

/* Flush, finish the file, free. NULL is fine. The error of the last write, if it
 * failed; the sink is gone all the same. */
int wt_sink_close(struct wt_sink *sink);

/* A file at `path`, created or cut to nothing, written through the page cache. A
 * thread of the sink sends what was written on to the disk and out of the cache, so
 * that neither dirty pages nor a cache that nobody reads pile up. A little space is
 * kept in reserve so that a full disk still takes the closing blocks. If `path` is
 * not a regular file (a FIFO, a device) it is written as a stream, and
 * `hurry` is what it is for wt_sink_stream_open(). */
int wt_sink_file_open(struct wt_sink **sink, const char *path, const volatile sig_atomic_t *hurry,
                      struct wt_error *err);

/* A stream that is open already, e.g. a pipe into tshark. The descriptor stays the
 * caller's. Once *hurry is not 0 a write without progress for two seconds is given
 * up with -ETIMEDOUT; NULL waits for ever. */
int wt_sink_stream_open(struct wt_sink **sink, int fd, const volatile sig_atomic_t *hurry);

/* Memory. Behaves like a disk with room for `limit_bytes` (0: no limit), then
 * -ENOSPC. */
int wt_sink_memory_open(struct wt_sink **sink, size_t limit_bytes);

/* What a memory sink holds; valid until the next call on it. */
const uint8_t *wt_sink_memory_bytes(const struct wt_sink *sink, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
