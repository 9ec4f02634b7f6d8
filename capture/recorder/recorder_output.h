/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_RECORDER_OUTPUT_H
#define WIRETAPE_CAPTURE_RECORDER_RECORDER_OUTPUT_H

#include <wiretape/capture/recorder/recorder_state.h>

/* Reserve room in the current file, waiting for the disk if need be. */
int wt_recorder_reserve(struct wt_recorder *recorder, size_t min_bytes, uint8_t **at, size_t *room);
/* Reserve room like wt_recorder_reserve(), and put a block there. */
int wt_recorder_put_block(struct wt_recorder *recorder, const uint8_t *block, size_t bytes);
/* Hand over what is under construction, waiting for the disk if need be. */
int wt_recorder_flush(struct wt_recorder *recorder);
/* Flush like wt_recorder_flush(), and then wait until a chunk that was made in place would be
 * taken. */
int wt_recorder_make_way(struct wt_recorder *recorder);
/* Bytes that the file, if it has a limit, may still grow by before its closing blocks; and the size
 * of these. */
uint64_t wt_recorder_closing_room(const struct wt_recorder *recorder);
uint64_t wt_recorder_closing_bytes(const struct wt_recorder *recorder);
/* See whether writes have ended, and finish files that wait for nothing more. */
void wt_recorder_reap(struct wt_recorder *recorder);
/* Sleep until a write has ended, at most `timeout_ms`, looking at how full the rings are. */
void wt_recorder_wait_for_disk(struct wt_recorder *recorder, int timeout_ms);
/* Warn, every now and then, if a ring is getting full. */
void wt_recorder_watch_rings(struct wt_recorder *recorder, int64_t now_ns);
void wt_recorder_count_writes(const struct wt_recorder *recorder,
                              struct wt_recorder_writes *writes);
uint64_t wt_recorder_file_bytes(const struct wt_recorder *recorder);
/* Note the way its sink writes, which may show only with the first write. */
void wt_recorder_note_sink(struct wt_recorder *recorder, const struct wt_recorder_file *file);
/* Finish a file whose writes have all ended: it is closed in the background. */
void wt_recorder_finish_file(struct wt_recorder *recorder, struct wt_recorder_file *file);
void wt_recorder_free_file(struct wt_recorder_file *file);

#endif
