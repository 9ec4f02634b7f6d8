/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_LAYOUT_H
#define WIRETAPE_WRITER_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How packets get into the file: the ring's block itself, headers rewritten where they
 * stand, or a copy without the ring's gaps. Readers see one format. */
enum wt_layout { WT_LAYOUT_AUTO, WT_LAYOUT_INPLACE, WT_LAYOUT_COMPACT };

/* A block of a ring as the choice sees it. */
struct wt_layout_block {
	uint32_t frames;
	uint32_t used_bytes; /* by frames, their headers and gaps */
};

/* What a block costs in nanoseconds, by what processor and disk need: see layout.c. */
double wt_layout_cost_in_place(const struct wt_layout_block *block);
double wt_layout_cost_compact(const struct wt_layout_block *block);

/* Whether to write this block in place. Pure. */
bool wt_layout_in_place(enum wt_layout layout, const struct wt_layout_block *block);

/* "auto", "inplace", "compact"; -EINVAL for another name. */
const char *wt_layout_name(enum wt_layout layout);
int wt_layout_from_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
