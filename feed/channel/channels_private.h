/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_CHANNEL_CHANNELS_PRIVATE_H
#define WIRETAPE_FEED_CHANNEL_CHANNELS_PRIVATE_H

/* Shared by channels.c (records, time), channels_pair.c (sides together), channels_gaps.c (fate of
 * gaps), channels_settle.c (verdicts, events) and channels_evidence.c (other sides' evidence); each
 * calls only those after it. Not installed. */

#include <wiretape/feed/channel/channels.h>

#include "gap_table.h"
#include "lead.h"

enum {
	WT_PAIR_MEMBERS = 8, /* streams of one channel that are compared */
};

/* A stream, as the tracker numbers it. */
struct wt_joined {
	const struct wt_feed_channel *channel; /* NULL: not heard yet */
	struct wt_pair *pair;                  /* NULL: it is compared with nothing */
	struct wt_member *member;              /* NULL: none, or retransmissions */
	struct wt_arrivals *arrivals,
	        *others; /* of the first A and B; NULL: not compared by time */
	enum wt_feed_side side;
	uint32_t interface;
	uint32_t channel_number;
	uint64_t session_number;
	struct wt_gap_list gaps;
	struct wt_gap_counts counts;
	char key[WT_FEED_TEXT_BYTES];
	char session[WT_FEED_TEXT_BYTES];
};

/* A live stream of a pair. */
struct wt_member {
	uint32_t stream;
	bool in_run;  /* in the other sides' run of numbers: it began anew when they did */
	bool started; /* first .. next is its range so far */
	bool came;    /* a packet has come since it began anew */
	uint64_t first, next;
};

/* The sides of a channel, with one channel and one session of the header. */
struct wt_pair {
	uint64_t first, next; /* of this run of numbers */
	uint64_t gaps_up_to;  /* no gap of it or its members ends above */
	uint64_t received, missing;
	int64_t run_ns;  /* when it began */
	int64_t last_ns; /* of the last arrival */
	uint32_t number; /* in the list of pairs */
	uint32_t member_count;
	bool started;
	struct wt_member members[WT_PAIR_MEMBERS];
	const struct wt_feed_channel *channel;
	uint32_t channel_number; /* of the header */
	uint64_t session_number;
	uint32_t next_in_bucket;
	uint32_t some_stream; /* whose texts are the pair's */
	uint64_t gaps_seen, recovered_by_r;
	struct wt_gap_list gaps;
	struct wt_gap_counts counts;
	struct wt_lead lead;
	struct wt_arrivals arrivals[WT_FEED_R]; /* of the first A and the first B */
};

struct wt_channels {
	struct wt_channels_config config;
	int64_t now_ns;  /* the largest stamp so far */
	int64_t next_ns; /* when something is due; INT64_MAX: nothing is */
	struct wt_gap_table gaps;
	struct wt_joined *sides;
	struct wt_pair *pairs;
	uint32_t *buckets; /* of pairs, by channel and session */
	uint32_t bucket_count, pair_count, pairs_max;
	uint32_t last_number; /* of an event */
	uint64_t settled_early;
	struct wt_gap_counts counts;
};

/* Saturating sum and difference. */
static inline int64_t wt_add_ns(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static inline int64_t wt_ns_since(int64_t later, int64_t earlier)
{
	int64_t difference;

	if (__builtin_sub_overflow(later, earlier, &difference))
		return later < earlier ? INT64_MIN : INT64_MAX;
	return difference;
}

/* channels_pair.c */
int wt_pairs_init(struct wt_channels *channels);
/* Find the pair of a new stream. */
void wt_pair_join(struct wt_channels *channels, uint32_t stream);
/* Prefetch for its next arrival. */
void wt_pair_prefetch(const struct wt_joined *side);
void wt_pair_arrival(struct wt_channels *channels, struct wt_joined *side,
                     const struct wt_feed_record *record);
void wt_pair_gap(struct wt_channels *channels, struct wt_joined *side, uint32_t gap,
                 const struct wt_feed_record *record);
void wt_pair_fill(struct wt_channels *channels, struct wt_joined *side,
                  const struct wt_feed_record *record);
void wt_pair_restart(struct wt_channels *channels, struct wt_joined *side,
                     const struct wt_feed_record *record);

/* channels_gaps.c */
/* When a gap that this record shows is due: from when it was seen that numbers are missing. Nothing
 * that may have come before that was due. */
int64_t wt_channels_due_ns(const struct wt_channels *channels, const struct wt_feed_record *record);
/* Open a gap; a full table makes room first. */
uint32_t wt_channels_open_gap(struct wt_channels *channels, struct wt_gap_list *list,
                              const struct wt_gap *gap);
/* Note numbers that came through `by` in a list's gaps. Returns how many were missing before, on
 * the stream itself or R where `by` is one of these. */
uint64_t wt_channels_came(struct wt_channels *channels, struct wt_gap_list *list, uint64_t first,
                          uint64_t end, int64_t stamp_ns, enum wt_feed_by by);
/* Settle gaps whose time is over; report late numbers of settled ones. */
void wt_channels_settle_due(struct wt_channels *channels);
/* Settle all gaps of a list, and forget them. */
void wt_channels_settle_gaps(struct wt_channels *channels, struct wt_gap_list *list);
void wt_channels_close_gaps(struct wt_channels *channels, struct wt_gap_list *list);

/* channels_settle.c */
/* Settle a gap whose time is over: find its verdict and report it. It is no longer due then. */
void wt_channels_settle(struct wt_channels *channels, uint32_t gap);
/* Remember late numbers of a settled gap, to report them together. */
void wt_channels_note_recovered(struct wt_channels *channels, uint32_t gap,
                                const struct wt_gap_recovered *recovered);
/* Report the numbers noted, if any. */
void wt_channels_report_recovered(struct wt_channels *channels, uint32_t gap);
void wt_channels_stream_event(const struct wt_channels *channels, uint32_t stream,
                              enum wt_feed_event_kind kind, struct wt_feed_event *event);
void wt_channels_report(struct wt_channels *channels, const struct wt_feed_event *event);
void wt_count_gap(struct wt_gap_counts *counts, enum wt_verdict verdict, uint64_t missing);

/* channels_evidence.c */
/* Flag a stream's missing numbers by the other sides' evidence. */
void wt_pair_ask(struct wt_channels *channels, const struct wt_joined *side, uint32_t gap);
/* Find the clearest evidence that a side has for a pair's gap. */
void wt_pair_evidence(struct wt_channels *channels, uint32_t gap, struct wt_verdict_case *found);

#endif
