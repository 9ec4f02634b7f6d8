/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_FILES_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_FILES_H

#include <wiretape/capture/recorder/recorder_state.h>

int wt_recorder_begin_file(struct wt_recorder *recorder, struct wt_error *err);
/* Go on to the next file if packets of `next_bytes` are to be added and this one may not have
 * them; or if it has been written for long enough. */
void wt_recorder_rotate_if_due(struct wt_recorder *recorder, uint64_t next_bytes);
void wt_recorder_rotate_by_time(struct wt_recorder *recorder);
/* Packets until the file, or the recording, has as many as it may. */
uint64_t wt_recorder_packets_left(const struct wt_recorder *recorder);
/* The bytes that the file, if it has a limit, may still grow by with packets, which leave room for
 * what their stamps rest on. */
uint64_t wt_recorder_bytes_left(const struct wt_recorder *recorder);
/* Close the current file at once. If nothing was recorded none is left. */
void wt_recorder_abandon_file(struct wt_recorder *recorder);
/* Wait for all writes, cut off what failed, close the ledgers, write the closing blocks and
 * finish all files. */
void wt_recorder_end_files(struct wt_recorder *recorder,
                           void (*close_ledgers)(struct wt_recorder *recorder));

#endif
