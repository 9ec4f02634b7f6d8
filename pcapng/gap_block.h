/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_GAP_BLOCK_H
#define WIRETAPE_PCAPNG_GAP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text of a block of type WT_PCAPNG_GAP (chunk.h), which repair puts in the place of data that a
 * crash has lost: lines "name=value\n" up to a NUL; the bytes after it are old data without
 * meaning. Pure, any thread. */

enum wt_gap_block_what {
	WT_GAP_BLOCK_HOLE,       /* chunks that were lost */
	WT_GAP_BLOCK_CONTINUED,  /* more bytes of the preceding hole; packets is 0 */
	WT_GAP_BLOCK_NOT_CLOSED, /* the recording has no end: the amount that followed is unknown */
};

struct wt_gap_block {
	enum wt_gap_block_what what;
	uint64_t packets; /* NOT_CLOSED: at least this many */
	uint64_t bytes;   /* of the file: the whole hole, or the bytes cut off */
	bool has_after, has_before;
	int64_t after_ns;  /* the largest stamp in the last good chunk before the gap */
	int64_t before_ns; /* the smallest in the first good chunk after it */
};

enum { WT_GAP_BLOCK_TEXT_BYTES = 224 }; /* the longest text, its NUL included */

/* Write the text; the rest of `text` is zeros. */
void wt_gap_block_format(char text[WT_GAP_BLOCK_TEXT_BYTES], const struct wt_gap_block *missing);

/* Read a block's body. False if its kind is missing or a number is malformed; unknown names are
 * ignored. */
bool wt_gap_block_parse(const uint8_t *body, size_t length, struct wt_gap_block *missing);

#endif
