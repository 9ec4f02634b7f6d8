/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/channel/channels.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channels_private.h"

enum {
	GAPS_USUAL = 16384,
	STREAMS_USUAL = 32768,
};
#define LATE_USUAL_NS INT64_C(1000000000)

static void set_usual(struct wt_channels_config *config)
{
	if (!config->late_ns)
		config->late_ns = LATE_USUAL_NS;
	if (!config->max_gaps)
		config->max_gaps = GAPS_USUAL;
	if (!config->max_streams)
		config->max_streams = STREAMS_USUAL;
}

int wt_channels_open(struct wt_channels **channels, const struct wt_channels_config *config,
                     struct wt_error *err)
{
	struct wt_channels *made = calloc(1, sizeof(*made));
	int rc = -ENOMEM;

	if (made) {
		made->config = *config;
		set_usual(&made->config);
		made->now_ns = INT64_MIN;
		made->next_ns = INT64_MAX;
		made->sides = calloc(made->config.max_streams, sizeof(*made->sides));
		if (made->sides)
			rc = wt_gap_table_init(&made->gaps, made->config.max_gaps);
		if (!rc)
			rc = wt_pairs_init(made);
	}
	if (rc) {
		wt_channels_close(made);
		return wt_error_set(err, rc,
		                    "the table of %u streams and gaps does not fit into "
		                    "memory",
		                    config->max_streams);
	}
	*channels = made;
	return 0;
}

void wt_channels_close(struct wt_channels *channels)
{
	if (!channels)
		return;
	wt_gap_table_fini(&channels->gaps);
	free(channels->sides);
	free(channels->pairs);
	free(channels->buckets);
	free(channels);
}

static void advance(struct wt_channels *channels, int64_t now_ns)
{
	if (now_ns > channels->now_ns)
		channels->now_ns = now_ns;
	if (channels->next_ns < channels->now_ns)
		wt_channels_settle_due(channels);
}

static bool is_live(const struct wt_joined *side)
{
	return side->channel->kind == WT_FEED_LIVE && side->side != WT_FEED_R;
}

/* Get the facts about a stream from the tracker. */
static void introduce(struct wt_channels *channels, uint32_t stream)
{
	struct wt_joined *side = &channels->sides[stream];
	struct wt_stream_report report;

	wt_tracker_stream(channels->config.tracker, stream, &report);
	side->channel = report.channel;
	side->side = report.side;
	side->interface = report.interface;
	side->channel_number = report.channel_number;
	side->session_number = report.session_number;
	memcpy(side->key, report.key, sizeof(side->key));
	memcpy(side->session, report.session, sizeof(side->session));
	wt_gap_list_init(&side->gaps);
	wt_pair_join(channels, stream);
}

static void take_gap(struct wt_channels *channels, struct wt_joined *side,
                     const struct wt_feed_record *record)
{
	const struct wt_gap gap = {
	        .first = record->first,
	        .end = record->end,
	        .after_ns = record->after_ns,
	        .before_ns = record->stamp_ns,
	        .after_order = record->after_order,
	        .before_order = record->order,
	        .due_ns = wt_channels_due_ns(channels, record),
	        .owner = record->stream,
	        .most_in_packet = record->most_in_packet ? record->most_in_packet : 1,
	        .backward = record->flags & WT_RECORD_BACKWARD,
	};
	uint32_t at;

	if (!is_live(side) || record->first >= record->end)
		return;
	at = wt_channels_open_gap(channels, &side->gaps, &gap);
	if (side->member)
		wt_pair_gap(channels, side, at, record);
	if (channels->config.on_gap_opens)
		channels->config.on_gap_opens(channels->config.context, side->interface);
}

/* Report late numbers of no known gap: theirs was in the previous run, or forgotten. */
static void report_old_fill(struct wt_channels *channels, const struct wt_feed_record *record,
                            uint64_t count)
{
	struct wt_feed_event event;

	wt_channels_stream_event(channels, record->stream, WT_EVENT_RECOVERED, &event);
	event.stamp_ns = record->stamp_ns;
	event.first = record->first;
	event.end = record->end;
	event.recovered.count = count;
	event.recovered.by = WT_BY_ITSELF;
	wt_channels_report(channels, &event);
}

static void take_fill(struct wt_channels *channels, struct wt_joined *side,
                      const struct wt_feed_record *record)
{
	uint64_t came;

	if (!is_live(side) || record->first >= record->end)
		return;
	came = wt_channels_came(channels, &side->gaps, record->first, record->end, record->stamp_ns,
	                        WT_BY_ITSELF);
	if (!came)
		report_old_fill(channels, record, record->end - record->first);
	if (side->member)
		wt_pair_fill(channels, side, record);
}

static void take_restart(struct wt_channels *channels, struct wt_joined *side,
                         const struct wt_feed_record *record)
{
	struct wt_feed_event event;

	/* The pair's verdicts go by those of its sides. */
	wt_channels_settle_gaps(channels, &side->gaps);
	if (side->member)
		wt_pair_restart(channels, side, record);
	wt_channels_close_gaps(channels, &side->gaps);
	wt_channels_stream_event(channels, record->stream, WT_EVENT_RESTART, &event);
	event.stamp_ns = record->stamp_ns;
	event.first = event.end = record->first;
	event.signalled = record->flags & WT_RECORD_SIGNALLED;
	wt_channels_report(channels, &event);
}

static void take_state(struct wt_channels *channels, const struct wt_feed_record *record)
{
	struct wt_feed_event event;

	wt_channels_stream_event(
	        channels, record->stream,
	        record->kind == WT_RECORD_STREAM ? WT_EVENT_STREAM : WT_EVENT_STATE, &event);
	event.stamp_ns = record->stamp_ns;
	event.first = record->first;
	event.end = record->end;
	if (record->kind == WT_RECORD_STATE)
		event.state = (enum wt_feed_state)record->state;
	wt_channels_report(channels, &event);
}

static void take_one(struct wt_channels *channels, const struct wt_feed_record *record)
{
	struct wt_joined *side;

	if (record->stream >= channels->config.max_streams)
		return;
	side = &channels->sides[record->stream];
	if (!side->channel)
		introduce(channels, record->stream);
	advance(channels, record->stamp_ns);
	switch ((enum wt_feed_record_kind)record->kind) {
	case WT_RECORD_ARRIVAL:
		if (side->pair)
			wt_pair_arrival(channels, side, record);
		break;
	case WT_RECORD_GAP:
		take_gap(channels, side, record);
		break;
	case WT_RECORD_FILL:
		take_fill(channels, side, record);
		break;
	case WT_RECORD_RESTART:
		take_restart(channels, side, record);
		break;
	case WT_RECORD_STREAM:
	case WT_RECORD_STATE:
		take_state(channels, record);
		break;
	}
}

/* Prefetch the memory of a record further on: first the stream, then what it leads to. */
static void prefetch(const struct wt_channels *channels, const struct wt_feed_record *records,
                     size_t left)
{
	enum { STREAM_AHEAD = 8, PAIR_AHEAD = 4 };

	if (left > STREAM_AHEAD && records[STREAM_AHEAD].stream < channels->config.max_streams)
		__builtin_prefetch(&channels->sides[records[STREAM_AHEAD].stream]);
	if (left > PAIR_AHEAD && records[PAIR_AHEAD].stream < channels->config.max_streams)
		wt_pair_prefetch(&channels->sides[records[PAIR_AHEAD].stream]);
}

void wt_channels_take(void *channels, const struct wt_feed_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		prefetch(channels, &records[i], count - i);
		take_one(channels, &records[i]);
	}
}

int64_t wt_channels_next(const struct wt_channels *channels)
{
	return channels->next_ns;
}

void wt_channels_advance(struct wt_channels *channels, int64_t now_ns)
{
	advance(channels, now_ns);
}

/* Report numbers seen and not written at once, as a gap without an end. */
static void report_tail(struct wt_channels *channels, struct wt_feed_event *event)
{
	event->number = ++channels->last_number;
	event->missing = event->end - event->first;
	event->verdict.verdict = WT_VERDICT_WRITER;
	event->verdict.writer = event->missing;
	event->loss.known = true;
	wt_count_gap(&channels->counts, WT_VERDICT_WRITER, event->missing);
	wt_channels_report(channels, event);
}

void wt_channels_lost_tail(struct wt_channels *channels, uint32_t stream,
                           const struct wt_lost_tail *tail)
{
	struct wt_feed_event event;

	if (stream >= channels->config.max_streams || tail->first >= tail->end)
		return;
	if (!channels->sides[stream].channel)
		introduce(channels, stream);
	wt_channels_stream_event(channels, stream, WT_EVENT_GAP, &event);
	event.stamp_ns = tail->after_ns == INT64_MIN ? tail->seen_ns : tail->after_ns;
	event.after_ns = tail->after_ns;
	event.after_order = tail->after_order;
	event.first = tail->first;
	event.end = tail->end;
	wt_count_gap(&channels->sides[stream].counts, WT_VERDICT_WRITER, tail->end - tail->first);
	report_tail(channels, &event);
}

void wt_channels_lost_stream(struct wt_channels *channels, const struct wt_feed_event *tail)
{
	struct wt_feed_event event = {
	        .kind = WT_EVENT_GAP,
	        .channel = tail->channel,
	        .preset = tail->preset,
	        .key = tail->key,
	        .session = tail->session,
	        .interface = tail->interface,
	        .side = tail->side,
	        .unit = tail->unit,
	        .stamp_ns = tail->stamp_ns,
	        .first = tail->first,
	        .end = tail->end,
	        .after_ns = INT64_MIN,
	        .before_ns = INT64_MIN,
	};

	if (event.first < event.end)
		report_tail(channels, &event);
}

void wt_channels_stream_gaps(const struct wt_channels *channels, uint32_t stream,
                             struct wt_gap_counts *counts)
{
	if (stream < channels->config.max_streams)
		*counts = channels->sides[stream].counts;
	else
		*counts = (struct wt_gap_counts){{0}, {0}};
}

void wt_channels_gaps(const struct wt_channels *channels, struct wt_gap_counts *counts)
{
	*counts = channels->counts;
}

uint64_t wt_channels_settled_early(const struct wt_channels *channels)
{
	return channels->settled_early;
}
