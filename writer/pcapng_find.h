/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_PCAPNG_FIND_H
#define WIRETAPE_WRITER_PCAPNG_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/file/file_view.h>

/* Finds where pcapng resumes after unreadable bytes, at any offset. A block is accepted if its two
 * lengths agree, its fields fit them, and it is followed by another one or the file's end. Each
 * byte is examined a number of times that does not depend on the file's contents. */

struct wt_pcapng_find {
	uint64_t offset;
	bool swapped; /* not in host byte order */
	bool is_section;
};

/* Find the first section header at `from` or after it: 1 and *found; 0: none; or a negative
 * errno. */
int wt_pcapng_find_section(struct wt_file_view *view, uint64_t from, struct wt_pcapng_find *found);

/* Find the first block of a known type in that byte order, or a section header in either. */
int wt_pcapng_find_block(struct wt_file_view *view, uint64_t from, bool swapped,
                         struct wt_pcapng_find *found);

/* Whether a block starts exactly at `offset`. */
bool wt_pcapng_find_is_section(struct wt_file_view *view, uint64_t offset);

/* Whether there is a block at `offset` with both its lengths, and its length. */
bool wt_pcapng_find_is_block(struct wt_file_view *view, uint64_t offset, bool swapped,
                             uint64_t *bytes);

#endif
