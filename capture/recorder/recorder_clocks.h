/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_CLOCKS_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_CLOCKS_H

#include <wiretape/capture/recorder/recorder_state.h>

/* Work due by the clocks of the interfaces, and when it is due next. */
int wt_recorder_open_clock(struct wt_recorder *recorder, size_t i, struct wt_error *err);
void wt_recorder_keep_clocks(struct wt_recorder *recorder);
void wt_recorder_finish_clocks(struct wt_recorder *recorder);
int64_t wt_recorder_clocks_due_ns(const struct wt_recorder *recorder);
/* Write the map in force of each interface, at the start of a file. 0 or the file's error. */
int wt_recorder_write_maps(struct wt_recorder *recorder);
/* Write what has been learnt, as far as the file has room for it; before going on to the next file:
 * what its packets rest on. */
int wt_recorder_write_notes(struct wt_recorder *recorder);
/* Upper bound of their size, with those that the next packets may add. */
uint64_t wt_recorder_note_bytes(const struct wt_recorder *recorder);
/* Renew the clock: the interface is back. */
void wt_recorder_renew_clock(struct wt_recorder *recorder, struct wt_recorded *recorded);

#endif
