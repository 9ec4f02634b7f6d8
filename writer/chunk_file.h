/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_CHUNK_FILE_H
#define WIRETAPE_WRITER_CHUNK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* Random access to a recording made of chunks (chunk.h), reading little more than asked for. The
 * file may be one that is being recorded, or left by a crash: a missing chunk does not exist, or
 * not yet. Other sections may surround it in the file: offsets count from where the recording
 * begins.
 *
 * One thread at a time. Functions that read may block on the disk; they return the read's error
 * unless they say otherwise. */
struct wt_chunk_file;

/* Open `path`, where a recording begins at `base`, and read its first chunk. 0 and *reader, for the
 * caller to close; -ENOTSUP for a file that is not made of chunks; -EBADMSG if it is, but its first
 * chunk is damaged; -EPROTONOSUPPORT if its chunks are of a later format; or another negative
 * errno. */
int wt_chunk_file_open(struct wt_chunk_file **reader, const char *path, uint64_t base,
                       struct wt_error *err);

/* Open a recording in a file that is already open; the descriptor stays the caller's. */
int wt_chunk_file_open_fd(struct wt_chunk_file **reader, int fd, uint64_t base,
                          struct wt_error *err);

/* NULL is fine. */
void wt_chunk_file_close(struct wt_chunk_file *reader);

/* The section header, the interfaces and padding: whole blocks that decode. They live as
 * long as the reader. */
const uint8_t *wt_chunk_file_first_chunk(const struct wt_chunk_file *reader, size_t *length);

/* Whether numbers are not in host byte order. */
bool wt_chunk_file_swapped(const struct wt_chunk_file *reader);

uint64_t wt_chunk_file_tape_id(const struct wt_chunk_file *reader);

/* Whether each chunk has the clock maps that its packets name (WT_CHUNK_FORMAT). */
bool wt_chunk_file_has_maps(const struct wt_chunk_file *reader);

uint32_t wt_chunk_file_interfaces(const struct wt_chunk_file *reader);

/* Bytes read from the file so far. */
uint64_t wt_chunk_file_bytes_read(const struct wt_chunk_file *reader);

/* Current size of the file, from `base` on. */
int wt_chunk_file_size(const struct wt_chunk_file *reader, uint64_t *bytes);

/* Find a foreign section after the recording in its file; `last` is the result of
 * wt_chunk_file_last(), all zeros if none: 1 and *offset, or 0 if there is none. */
int wt_chunk_file_after(struct wt_chunk_file *reader, const struct wt_chunk_index *last,
                        uint64_t *offset, struct wt_error *err);

/* Find this tape's first index block at or after `from` and before `end`: 1 and *index, or 0 if
 * there is none. Its chunk may be incomplete. */
int wt_chunk_file_find(struct wt_chunk_file *reader, uint64_t from, uint64_t end,
                       struct wt_chunk_index *index, struct wt_error *err);

/* Find the last index block of the file: 1 and *index, or 0 if there is none. */
int wt_chunk_file_last(struct wt_chunk_file *reader, struct wt_chunk_index *index,
                       struct wt_error *err);

/* Find the first index whose max_so_far_ns is `from_ns` or more; `last` is the result of
 * wt_chunk_file_last(): 1 and *index, or 0 if there is none. No packet in the chunks before it is
 * stamped `from_ns` or later. *before is the index preceding it in the file, all zeros if there is
 * none. The number of reads is logarithmic in the number of chunks. */
int wt_chunk_file_seek(struct wt_chunk_file *reader, int64_t from_ns,
                       const struct wt_chunk_index *last, struct wt_chunk_index *index,
                       struct wt_chunk_index *before, struct wt_error *err);

/* Read the chunk of an index that was found: 1 and *bytes, index->chunk_bytes of them, valid until
 * the next call; 0 if it is partial or not written yet. */
int wt_chunk_file_chunk(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                        const uint8_t **bytes, struct wt_error *err);

/* Read as much of a chunk as the file has, or up to the first block whose lengths differ: 1,
 * *bytes and *length, which is at least that of its index block and at most index->chunk_bytes,
 * valid until the next call; 0 if that much is not there. */
int wt_chunk_file_part(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                       const uint8_t **bytes, uint32_t *length, struct wt_error *err);

/* Decode the next block of a chunk at *at and advance it: 1 and *item, 0 at its end, or a negative
 * errno; -EBADMSG also for a section or an interface, which only the first chunk may have. Views in
 * the item point into `bytes`. */
int wt_chunk_file_decode(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                         const uint8_t *bytes, size_t *at, struct wt_pcapng_item *item,
                         struct wt_error *err);

#endif
