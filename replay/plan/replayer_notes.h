/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_PLAN_REPLAYER_NOTES_H
#define WIRETAPE_REPLAY_PLAN_REPLAYER_NOTES_H

#include <stddef.h>
#include <stdint.h>

enum { WT_REPLAYER_NOTES = 16, WT_REPLAYER_NOTE_BYTES = 400 };

/* Named states, in the order in which they came; starts as zero. */
struct wt_replayer_notes {
	char texts[WT_REPLAYER_NOTES][WT_REPLAYER_NOTE_BYTES];
	size_t count;
	uint64_t left_out; /* for want of room */
};

void wt_replayer_notes_add(struct wt_replayer_notes *notes, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#endif
