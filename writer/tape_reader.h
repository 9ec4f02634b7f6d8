/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_TAPE_READER_H
#define WIRETAPE_WRITER_TAPE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_decode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Goes to any place in a recording that is made of chunks (chunk.h), reading little more
 * than what it is asked for. The file may be one that is being recorded, or what a crash
 * has left: where no chunk is, there is none, or not yet. Other sections may stand in the file
 * before and after it: offsets count from where the recording begins.
 *
 * One thread at a time. Functions that read may block on the disk; they return the error
 * of the read where they say nothing else. */
struct wt_tape_reader;

/* Open `path`, where a recording begins at `base`, and read its first chunk. 0 and *reader,
 * for the caller to close; -ENOTSUP for what is not made of chunks, whatever else it may be;
 * -EBADMSG if it is, but its first chunk is damaged; or another negative errno. */
int wt_tape_reader_open(struct wt_tape_reader **reader, const char *path, uint64_t base,
                        struct wt_error *err);

/* The same for a file that is open; the descriptor stays the caller's. */
int wt_tape_reader_open_fd(struct wt_tape_reader **reader, int fd, uint64_t base,
                           struct wt_error *err);

/* NULL is fine. */
void wt_tape_reader_close(struct wt_tape_reader *reader);

/* The section header, the interfaces and padding: whole blocks that decode. They live as
 * long as the reader. */
const uint8_t *wt_tape_reader_first_chunk(const struct wt_tape_reader *reader, size_t *length);

/* Numbers are not in this machine's byte order. */
bool wt_tape_reader_swapped(const struct wt_tape_reader *reader);

uint64_t wt_tape_reader_tape_id(const struct wt_tape_reader *reader);
uint32_t wt_tape_reader_interfaces(const struct wt_tape_reader *reader);

/* Bytes read from the file so far. */
uint64_t wt_tape_reader_bytes_read(const struct wt_tape_reader *reader);

/* The file's size at the moment, from `base` on. */
int wt_tape_reader_size(const struct wt_tape_reader *reader, uint64_t *bytes);

/* The section of somebody else that follows the recording in its file, `last` being what
 * wt_tape_reader_last() has found, all zeros if that is nothing: 1 and *offset, or 0 if there
 * is none. */
int wt_tape_reader_after(struct wt_tape_reader *reader, const struct wt_chunk_index *last,
                         uint64_t *offset, struct wt_error *err);

/* The first index block of this tape at `from` or behind it and before `end`: 1 and
 * *index, or 0 if there is none. Whether its chunk is whole it does not say. */
int wt_tape_reader_find(struct wt_tape_reader *reader, uint64_t from, uint64_t end,
                        struct wt_chunk_index *index, struct wt_error *err);

/* The last index block of the file: 1 and *index, or 0 if there is none. */
int wt_tape_reader_last(struct wt_tape_reader *reader, struct wt_chunk_index *index,
                        struct wt_error *err);

/* The first index whose max_so_far_ns is `from_ns` or more, `last` being what
 * wt_tape_reader_last() has found: 1 and *index, or 0 if there is none. No packet in the
 * chunks before it is stamped `from_ns` or later. *before is the index that precedes it in
 * the file, all zeros if none does. Reads in the order of the logarithm of the number of
 * chunks. */
int wt_tape_reader_seek(struct wt_tape_reader *reader, int64_t from_ns,
                        const struct wt_chunk_index *last, struct wt_chunk_index *index,
                        struct wt_chunk_index *before, struct wt_error *err);

/* Read the chunk of an index that was found: 1 and *bytes, index->chunk_bytes of them,
 * valid until the next call; 0 if it is not whole: torn, or not all there yet. */
int wt_tape_reader_chunk(struct wt_tape_reader *reader, const struct wt_chunk_index *index,
                         const uint8_t **bytes, struct wt_error *err);

/* Read as much of a chunk as the file has, or up to the first block whose lengths differ: 1,
 * *bytes and *length, which is at least that of its index block and at most index->chunk_bytes,
 * valid until the next call; 0 if that much is not there. */
int wt_tape_reader_part(struct wt_tape_reader *reader, const struct wt_chunk_index *index,
                        const uint8_t **bytes, uint32_t *length, struct wt_error *err);

/* Decode the next block of a chunk at *at and advance it: 1 and *item, 0 at its end, or a
 * negative errno; -EBADMSG also for a section or an interface, which no chunk but the first
 * may have. Views in the item point into `bytes`. */
int wt_tape_reader_decode(struct wt_tape_reader *reader, const struct wt_chunk_index *index,
                          const uint8_t *bytes, size_t *at, struct wt_pcapng_item *item,
                          struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
