/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_RECORDER_TAPE_BLOCKS_H
#define WIRETAPE_CAPTURE_RECORDER_TAPE_BLOCKS_H

#include <wiretape/capture/recorder/tape_writer.h>

/* Find out what the header says of the machine, once. */
void wt_tape_writer_describe_machine(struct wt_tape_writer *writer);

/* Blocks of the file other than packets. 0, -EAGAIN, or the file's error. */

/* Write the header, all but what hands it over. There has to be a free buffer. */
int wt_tape_writer_write_header(struct wt_tape_writer *writer);
/* Write the statistics of an interface. */
int wt_tape_writer_write_statistics(struct wt_tape_writer *writer, size_t interface, bool closing);

#endif
