/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_PCAPNG_FIND_H
#define WIRETAPE_WRITER_PCAPNG_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/file/file_view.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Finds where pcapng goes on, after what cannot be read, at any byte. A block is taken for one
 * if its two lengths agree, its fields fit them, and what follows is one too, or the file's end.
 * Each byte is looked at a number of times that does not depend on what is in the file. */

struct wt_pcapng_find {
	uint64_t offset;
	bool swapped; /* not in this machine's byte order */
	bool is_section;
};

/* The first section header at `from` or after it: 1 and *found; 0: none; or a negative errno. */
int wt_pcapng_find_section(struct wt_file_view *view, uint64_t from, struct wt_pcapng_find *found);

/* The same for a block of a known type, in that byte order, or a section header in any. */
int wt_pcapng_find_block(struct wt_file_view *view, uint64_t from, bool swapped,
                         struct wt_pcapng_find *found);

/* Whether one is right at `offset`. */
bool wt_pcapng_find_is_section(struct wt_file_view *view, uint64_t offset);

/* Whether there is a block at `offset` with both its lengths, and how long it is. */
bool wt_pcapng_find_is_block(struct wt_file_view *view, uint64_t offset, bool swapped,
                             uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
