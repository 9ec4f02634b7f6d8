/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_PLACEMENT_H
#define WIRETAPE_WRITER_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

/* Choice of how packets get into the file: the ring's block itself, with headers rewritten in
 * place, or a copy without the ring's gaps. Readers see one format. */
enum wt_placement { WT_PLACEMENT_AUTO, WT_PLACEMENT_INPLACE, WT_PLACEMENT_COMPACT };

/* A ring's block, as far as the choice needs it. */
struct wt_placement_block {
	uint32_t frames;
	uint32_t used_bytes; /* used by frames, their headers and gaps */
};

/* Whether to write this block in place. Pure. */
bool wt_placement_in_place(enum wt_placement placement, const struct wt_placement_block *block);

#endif
