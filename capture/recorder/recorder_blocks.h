/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_BLOCKS_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_BLOCKS_H

#include <wiretape/capture/recorder/recorder_state.h>

/* Blocks of the file other than packets. 0 or the file's error. */
int wt_recorder_write_preamble(struct wt_recorder *recorder);
int wt_recorder_write_statistics(struct wt_recorder *recorder, bool closing);

#endif
