/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_COMPARE_COMPARE_CONTENT_H
#define WIRETAPE_ARCHIVE_COMPARE_COMPARE_CONTENT_H

/* Which bytes of a packet have to be the same in two captures. Private to the folder: not
 * installed. Pure, any thread; bytes are not trusted. */

#include <wiretape/archive/compare/compare.h>

enum { WT_CONTENT_PIECES = 3 };

struct wt_content_piece {
	const uint8_t *at;
	size_t bytes;
};

/* Pieces point into the packet and, where something was taken out, into `header`: not to be
 * copied. */
struct wt_content {
	struct wt_content_piece pieces[WT_CONTENT_PIECES];
	size_t piece_count;
	uint64_t kind;       /* what the bytes are, with the ports that go with them; below 2^61 */
	uint64_t wire_bytes; /* of the part that counts, captured or not, wanted or not */
	uint64_t bytes;      /* in the pieces */
	bool cut;            /* fewer than wanted */
	uint8_t header[12];
};

/* Find the pieces: 0, or -ENOTSUP where an unknown link layer would have to be left out. */
int wt_content_find(struct wt_content *content, const struct wt_compare_content *wanted,
                    const struct wt_compare_packet *packet);

#endif
