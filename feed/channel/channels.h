/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_CHANNEL_CHANNELS_H
#define WIRETAPE_FEED_CHANNEL_CHANNELS_H

/* Joins the sides of channels by number and settles gaps: takes trackers' records, outside the hot
 * path, waits while late packets may still come, asks for the losses, and reports events.
 *
 * Only stamps and orders count, never a clock, so that a tape gives the same events as its
 * recording did. Opening allocates all memory. One thread at a time. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/spec/feed_spec.h>
#include <wiretape/feed/stream/tracker.h>
#include <wiretape/feed/verdict/feed_event.h>
#include <wiretape/feed/verdict/verdict.h>

struct wt_channels;

/* Delay of a gap's verdict after its time. Interfaces take turns, each delivering its ring's
 * packets; this much later, all stamps up to the gap's time have been seen. */
#define WT_CHANNELS_TURNS_NS INT64_C(250000000)

struct wt_channels_config {
	const struct wt_feed_channels *channels; /* borrowed */
	const struct wt_tracker *tracker;        /* source of the records, for streams' names */
	int64_t late_ns;                         /* wait for missing numbers; 0: 1 s */
	uint32_t max_gaps;    /* open at once; 0: 16384. Further ones settle early */
	uint32_t max_streams; /* as the tracker's */
	wt_loss_between *between;
	void *between_context;
	const char *(*interface_name)(void *context, uint32_t interface);
	void (*on_gap_opens)(void *context,
	                     uint32_t interface); /* time to look at the NIC; or NULL */
	void (*on_event)(void *context, const struct wt_feed_event *event);
	void *context;
};

int wt_channels_open(struct wt_channels **channels, const struct wt_channels_config *config,
                     struct wt_error *err);
void wt_channels_close(struct wt_channels *channels); /* NULL is fine */

/* Take records; of the type of struct wt_tracker_config.take. */
void wt_channels_take(void *channels, const struct wt_feed_record *records, size_t count);

/* Settle due gaps: no record with a stamp below `now_ns` will come. Stamps of
 * records have the same effect. */
void wt_channels_advance(struct wt_channels *channels, int64_t now_ns);
/* Stamp of the next thing due; INT64_MAX: none. */
int64_t wt_channels_next(const struct wt_channels *channels);

/* The recording is over: settle everything as it stands. */
void wt_channels_finish(struct wt_channels *channels);

/* Numbers first .. end - 1 of a stream, seen after the tape's last packet: a gap
 * with the verdict `writer`. For the recorder at its end, and for whoever reads its tape. */
struct wt_lost_tail {
	uint64_t first, end;
	/* The tape's last packet; INT64_MIN and 0: it has none of this stream. */
	int64_t after_ns;
	uint64_t after_order;
	int64_t seen_ns; /* the last packet that was seen */
};
void wt_channels_lost_tail(struct wt_channels *channels, uint32_t stream,
                           const struct wt_lost_tail *tail);
/* Report a stream that the tape has no packet of, only an event (WT_EVENT_LOST_TAIL). */
void wt_channels_lost_stream(struct wt_channels *channels, const struct wt_feed_event *tail);

/* Gaps of a stream or of all sides together, by verdict. */
struct wt_gap_counts {
	uint64_t gaps[WT_VERDICTS];
	uint64_t missing[WT_VERDICTS]; /* numbers, when they settled */
};

/* Lead of one side over another: signed ns, positive if A came first. */
enum { WT_LEAD_PERCENTILES = 7 }; /* least, 1, 10, 50, 90, 99, most */
struct wt_channel_report {
	const struct wt_feed_channel *channel;
	const char *key, *session; /* the channels' */
	enum wt_feed_unit unit;
	uint64_t expected, received, missing; /* by all sides together */
	uint64_t gaps;                        /* of all sides together, settled and not late */
	struct wt_gap_counts by_verdict;
	uint64_t won_a, won_b, tied; /* numbers that both have, by the first to have them */
	uint64_t recovered_by_r;
	int64_t lead_ns[WT_LEAD_PERCENTILES];
	uint64_t lead_count;
};

/* Pairs: one for each channel with several sides, header's channel and session. */
uint32_t wt_channels_pair_count(const struct wt_channels *channels);
void wt_channels_pair(const struct wt_channels *channels, uint32_t pair,
                      struct wt_channel_report *report);

void wt_channels_stream_gaps(const struct wt_channels *channels, uint32_t stream,
                             struct wt_gap_counts *counts);
/* Sums over all streams. */
void wt_channels_gaps(const struct wt_channels *channels, struct wt_gap_counts *counts);
uint64_t wt_channels_settled_early(const struct wt_channels *channels);

#endif
