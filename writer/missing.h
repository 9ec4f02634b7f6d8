/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_MISSING_H
#define WIRETAPE_WRITER_MISSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a block of type WT_PCAPNG_MISSING (chunk.h) says, which repair puts in the place
 * of what a crash has left out. Its body is text, lines "name=value\n" up to a zero; what
 * is behind it means nothing and is what lay there before. Pure, any thread. */

enum wt_missing_what {
	WT_MISSING_HOLE,       /* chunks that were lost */
	WT_MISSING_CONTINUED,  /* more bytes of the hole before; packets is 0 */
	WT_MISSING_NOT_CLOSED, /* the recording has no end: how much followed is not known */
};

struct wt_missing {
	enum wt_missing_what what;
	uint64_t packets; /* NOT_CLOSED: so many at least */
	uint64_t bytes;   /* of the file: of the whole hole, or those that were cut off */
	bool has_after, has_before;
	int64_t after_ns;  /* the largest stamp in the last good chunk before */
	int64_t before_ns; /* the smallest in the first good one behind */
};

enum { WT_MISSING_TEXT_BYTES = 224 }; /* the most that a text takes, its zero included */

/* Write the text, ended by a zero; the rest of `text` is zeros. */
void wt_missing_format(char text[WT_MISSING_TEXT_BYTES], const struct wt_missing *missing);

/* Read a block's body. False if it does not say what it is or has numbers that are none;
 * names that are not known are let pass. */
bool wt_missing_parse(const uint8_t *body, size_t length, struct wt_missing *missing);

#ifdef __cplusplus
}
#endif
#endif
