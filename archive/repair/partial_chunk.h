/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_TORN_H
#define WIRETAPE_WRITER_TORN_H

#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/writer/missing.h>
#include <wiretape/writer/tape_reader.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What can be kept of a chunk that was written in part: the blocks at its start, up to the
 * first one that is not all there. A block of type WT_PCAPNG_MISSING takes the rest. */
struct wt_torn {
	struct wt_chunk_index index; /* of what is kept; chunk_bytes and used_bytes as they were */
	uint32_t bytes;              /* from the chunk's start to the end of what is kept */
	uint32_t packets;            /* in it, as index.packets */
	uint32_t missing_packets;    /* behind it, of those that the chunk had */
};

/* What a missing block takes at least, its text included. */
enum { WT_TORN_MISSING_BYTES = 8 + WT_MISSING_TEXT_BYTES + 4 };

/* Look at the chunk of an index that was found and that is not whole: 1 and *torn, whose
 * bytes leave room for a missing block in WT_CHUNK_BYTES_MAX and before the next chunk; 0 if
 * nothing of it can be kept; or the negative errno of the read. What it finds does not
 * depend on whether a missing block is there already. Blocks on the disk. */
int wt_torn_look(struct wt_tape_reader *reader, const struct wt_chunk_index *index,
                 struct wt_torn *torn, struct wt_error *err);

/* The least that the chunk takes: with a missing block up to a multiple of 4096. */
uint32_t wt_torn_chunk_bytes(const struct wt_torn *torn);

#ifdef __cplusplus
}
#endif
#endif
