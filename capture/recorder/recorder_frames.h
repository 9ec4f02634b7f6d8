/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_FRAMES_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_FRAMES_H

#include <wiretape/capture/recorder/recorder_state.h>

/* Record what a ring holds, up to a turn's share. Returns whether there was anything. */
bool wt_recorder_turn(struct wt_recorder *recorder, struct wt_recorded *recorded, int *error);

#endif
