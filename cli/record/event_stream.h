/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_EVENT_STREAM_H
#define WIRETAPE_CLI_RECORD_EVENT_STREAM_H

/* Lines that go to a file, a FIFO or standard output from threads that must not wait for whoever
 * reads them: a thread of its own writes them. Lines that do not fit into its memory are lost, and
 * counted. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

struct wt_event_stream;

/* Append to `path`, which is created if it is not there; "-": standard output. A FIFO has to have a
 * reader. 0, or -errno and the reason. */
int wt_event_stream_open(struct wt_event_stream **stream, const char *path, struct wt_error *err);

/* Put one line, without its newline. Never waits for the reader. Any thread. */
void wt_event_stream_put(struct wt_event_stream *stream, const char *line, size_t length);

/* Write what is left, for as long as the reader takes something now and then; close; free. NULL is
 * fine. Returns how many lines were lost; *error is the errno of a failed write, or 0. */
uint64_t wt_event_stream_close(struct wt_event_stream *stream, int *error);

#endif
