/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_TAPE_FILES_H
#define WIRETAPE_CAPTURE_RECORDER_TAPE_FILES_H

#include <wiretape/capture/recorder/tape_writer.h>

/* The files of a recording: begun, gone on from, finished, each step when the disk has room for
 * it. */

/* Begin the first file: its header is on the way then. */
int wt_tape_files_begin(struct wt_tape_writer *writer, struct wt_error *err);

/* Go on with what is under way, as far as there is room. True if nothing is (any more): the file
 * takes packets, or, at the end, all is done. A failure ends the recording. */
bool wt_tape_files_advance(struct wt_tape_writer *writer);

/* Whether the current file takes packets of at most `next_bytes`, 0: of unknown size, now. If it
 * may not have them the next is begun, which may take until the disk has room. */
bool wt_tape_files_admit(struct wt_tape_writer *writer, uint64_t next_bytes);
/* Go on to the next file in any case, or if this one has been written for long enough. */
void wt_tape_files_rotate(struct wt_tape_writer *writer);
void wt_tape_files_rotate_by_time(struct wt_tape_writer *writer);

/* Go on to the next file if another lane has, or their file is full. Whether the current one takes
 * packets. Not while packets are granted to it that it has not. */
bool wt_tape_files_follow(struct wt_tape_writer *writer);

/* Bytes of all files, of all lanes. */
uint64_t wt_tape_files_all_bytes(struct wt_tape_writer *writer);

/* Packets and bytes that the current file may still have; of packets, if lanes do not share them.
 */
uint64_t wt_tape_files_packets_left(const struct wt_tape_writer *writer);
uint64_t wt_tape_files_bytes_left(const struct wt_tape_writer *writer);

/* The end, in two steps, each gone on with by wt_tape_files_advance(): let everything land, and cut
 * off what has failed; then, with the ledgers closed, write the closing blocks and finish all
 * files. */
void wt_tape_files_settle(struct wt_tape_writer *writer);
void wt_tape_files_close(struct wt_tape_writer *writer);

/* Close the current file at once, waiting for its writes. If nothing was recorded none is left. */
void wt_tape_files_abandon(struct wt_tape_writer *writer);

#endif
