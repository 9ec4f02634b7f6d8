/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_JOINS_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_JOINS_H

#include <wiretape/capture/recorder/recorder_state.h>

/* The multicast groups of an interface. */
int wt_recorder_open_joins(struct wt_recorder *recorder, struct wt_recorded *recorded,
                           struct wt_error *err);
void wt_recorder_start_joins(struct wt_recorder *recorder, int64_t now_ns);
/* Do what is due: see whether anything arrives, and join again where necessary. */
void wt_recorder_keep_joins(struct wt_recorder *recorder, int64_t now_ns);
void wt_recorder_close_joins(struct wt_recorder *recorder);

#endif
