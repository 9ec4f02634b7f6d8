/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_CLOCK_NOTES_H
#define WIRETAPE_CAPTURE_RECORDER_CLOCK_NOTES_H

#include <wiretape/capture/recorder/tape_writer.h>

/* The clock of an interface; again, after the interface has come back. */
int wt_clock_notes_open(struct wt_recorder_state *state, struct wt_recorded *recorded,
                        struct wt_error *err);
void wt_clock_notes_renew(struct wt_recorder_state *state, struct wt_recorded *recorded);

/* Do what is due, and when it is due next; and what there is to do at the end. Notes that find no
 * room stay. */
void wt_clock_notes_keep(struct wt_tape_writer *writer);
int64_t wt_clock_notes_due_ns(const struct wt_tape_writer *writer);
void wt_clock_notes_finish(struct wt_tape_writer *writer);

/* Write what has been learnt: it comes before the packets whose stamps rest on it. At the start of
 * a file: the maps in force. 0, -EAGAIN, or the file's error. */
int wt_clock_notes_write(struct wt_tape_writer *writer);
int wt_clock_notes_write_maps(struct wt_tape_writer *writer);
int wt_clock_notes_write_map(struct wt_tape_writer *writer, const struct wt_clock_map *map,
                             size_t interface);

#endif
