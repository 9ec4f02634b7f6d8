/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_RECORD_FEEDS_H
#define WIRETAPE_CLI_RECORD_RECORD_FEEDS_H

/* Loss monitoring in `wiretape record`: its options, and its lines and events while recording. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/cli/common_options.h>
#include <wiretape/feed/spec/feed_spec.h>
#include <wiretape/feed/verdict/feed_event.h>

/* Check, once all options are known. 0 or an exit code. */
int wt_record_feeds_check(struct wt_feed_options *options,
                          const struct wt_reader_config *interfaces, size_t interface_count);

/* Destinations of events: a stream of JSON lines, the terminal. */
struct wt_feed_voice {
	struct wt_event_stream *events; /* NULL: to nobody */
	const char *events_path;
	int64_t second;
	unsigned said;   /* lines in this second */
	uint64_t unsaid; /* gaps since the last line */
};

/* 0 or an exit code. */
int wt_feed_voice_open(struct wt_feed_voice *voice, const struct wt_feed_options *options);

/* Write the event to the file of events. Any thread; never waits. */
void wt_feed_voice_write(struct wt_feed_voice *voice, const struct wt_feed_event *event);

/* Make a line for the terminal, if this event is worth one and there were not too many in this
 * second. The caller's lock. */
bool wt_feed_voice_line(struct wt_feed_voice *voice, const struct wt_feed_event *event, char *out,
                        size_t capacity);

/* Number of gaps that got no line since the last call. */
uint64_t wt_feed_voice_take_unsaid(struct wt_feed_voice *voice);

/* Wait for the rest to be written, and complain of what was not. */
void wt_feed_voice_close(struct wt_feed_voice *voice);

#endif
