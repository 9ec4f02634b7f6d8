/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_HELD_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_HELD_H

#include <wiretape/capture/recorder/recorder_state.h>

/* Take a free one, for a block with two users: the tape and the caller. */
struct wt_held_block *wt_recorder_hold(struct wt_recorder *recorder, struct wt_recorded *recorded,
                                       const struct wt_block *block);
/* Drop one user's claim; the last gives the block back. */
void wt_recorder_unpin(struct wt_held_block *held);

#endif
