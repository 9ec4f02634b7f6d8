/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_STAMP_H
#define WIRETAPE_STAMP_STAMP_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/frame.h>
#include <wiretape/stamp.h>

/* Counts of stamps by source, and the span they cover. One thread. */
struct wt_stamp_tally {
	uint64_t by_source[WT_STAMP_SOURCES];
	int64_t first_ns; /* first frame's stamp; valid once there is one */
	int64_t last_ns;  /* last frame's stamp */
};

/* Count the stamps of `count` frames, of which `sums` tells. */
void wt_stamp_tally_add(struct wt_stamp_tally *tally, const struct wt_frame *frames, size_t count,
                        const struct wt_frame_sums *sums);

/* Number of stamps counted. */
uint64_t wt_stamp_tally_total(const struct wt_stamp_tally *tally);

#endif
