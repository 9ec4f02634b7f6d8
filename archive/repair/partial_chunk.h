/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_REPAIR_PARTIAL_CHUNK_H
#define WIRETAPE_ARCHIVE_REPAIR_PARTIAL_CHUNK_H

#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/gap_block.h>
#include <wiretape/writer/chunk_file.h>

/* Part of a half-written chunk that can be kept: the blocks at its start, up to the
 * first incomplete one. A block of type WT_PCAPNG_GAP takes the rest. */
struct wt_partial_chunk {
	struct wt_chunk_index index; /* of what is kept; chunk_bytes and used_bytes as they were */
	uint32_t bytes;              /* from the chunk's start to the end of what is kept */
	uint32_t packets;            /* in it, as index.packets */
	uint32_t missing_packets;    /* after it, of those that the chunk had */
};

/* Least size of a missing block, its text included. */
enum { WT_PARTIAL_CHUNK_MISSING_BYTES = 8 + WT_GAP_BLOCK_TEXT_BYTES + 4 };

/* Look at the chunk of an index that was found and that is not whole: 1 and *partial, whose
 * bytes leave room for a missing block in WT_CHUNK_BYTES_MAX and before the next chunk; 0 if
 * nothing of it can be kept; or the negative errno of the read. A missing block
 * that is there already makes no difference. Blocks on the disk. */
int wt_partial_chunk_look(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                          struct wt_partial_chunk *partial, struct wt_error *err);

/* Least size of the chunk: with a missing block, up to a multiple of 4096. */
uint32_t wt_partial_chunk_bytes(const struct wt_partial_chunk *partial);

#endif
