/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_STREAM_PRIVATE_H
#define WIRETAPE_FEED_STREAM_STREAM_PRIVATE_H

/* Handles a header of a stream that is not simply the next in order: stream.c for sessions,
 * states, loops and retransmissions, stream_live.c to tell gaps, late packets and restarts of live
 * streams apart, stream_run.c for the accounts of a run of numbers. Not installed. */

#include <wiretape/feed/stream/number_private.h>
#include <wiretape/feed/stream/tracker_private.h>

enum {
	/* A run first seen at most this far above its start has lost the numbers below. */
	WT_RUN_START_MOST = 4096,
};

/* A header at its stream. */
struct wt_stream_job {
	struct wt_tracker *tracker;
	struct wt_stream *stream;
	struct wt_stream_rest *rest;
	const struct wt_side *side;
	const struct wt_preset *preset;
	const struct wt_arrival *arrival;
	const struct wt_feed_header *header;
	uint32_t held_ms; /* how long the arrival was held */
};

/* Time between two stamps, which may be anything: the difference may exceed an int64_t. */
static inline uint64_t wt_stream_elapsed(int64_t from_ns, int64_t to_ns)
{
	return (uint64_t)to_ns - (uint64_t)from_ns;
}

static inline bool wt_stream_has_number(const struct wt_feed_header *header)
{
	switch (header->what) {
	case WT_FEED_DATA:
		return true;
	case WT_FEED_RESET:
		return !header->anywhere;
	case WT_FEED_HEARTBEAT:
	case WT_FEED_END:
		return header->has_number;
	default:
		return false;
	}
}

static inline struct wt_feed_record *wt_stream_record(const struct wt_stream_job *job,
                                                      enum wt_feed_record_kind kind, uint64_t first,
                                                      uint64_t end)
{
	struct wt_feed_record *record = wt_tracker_record(job->tracker);

	*record = (struct wt_feed_record){
	        .kind = (uint8_t)kind,
	        .stream = job->stream->number,
	        .first = first,
	        .end = end,
	        .stamp_ns = job->arrival->stamp_ns,
	        .order = job->arrival->order,
	        .after_ns = INT64_MIN,
	};
	return record;
}

/* Accept numbers first .. first + count - 1 into this run: open gaps, fill them, report. */
void wt_run_accept(const struct wt_stream_job *job, uint64_t first, uint64_t count);

/* Note a packet that shows how far numbers have come: the next missing ones come after it. */
void wt_run_progress(const struct wt_stream_job *job);

/* Begin a run at a number, as on the wire or extended. */
void wt_run_begin(const struct wt_stream_job *job, uint64_t first);

/* Close the accounts of a run; another must begin. */
void wt_run_end(const struct wt_stream_job *job);

/* Longest fall of numbers that a late packet can explain. */
uint64_t wt_run_fall_most(const struct wt_stream_job *job);

/* Whether runs begin at this number. */
bool wt_run_is_start(const struct wt_stream_job *job, uint64_t number);

/* Start of a run whose first seen packet is this one, given that its sender was listened to
 * before. */
uint64_t wt_run_start(const struct wt_stream_job *job, uint64_t wire);

/* Take any header of a live stream that has begun. */
void wt_stream_take_live(const struct wt_stream_job *job);

#endif
