/* SPDX-License-Identifier: BSD-2-Clause */
/* The account of a stream, put together. */
#include <wiretape/feed/stream/tracker_private.h>

static enum wt_feed_state state_of(const struct wt_stream *stream,
                                   const struct wt_stream_rest *rest)
{
	if (stream->flags & WT_STREAM_ENDED)
		return WT_FEED_STATE_ENDED;
	if (stream->flags & WT_STREAM_SILENT)
		return WT_FEED_STATE_SILENT;
	return rest->resets ? WT_FEED_STATE_RESTARTED : WT_FEED_STATE_LIVE;
}

/* Add up all runs: past ones, and this one, whose latest numbers are in the hot half. */
static void report_numbers(struct wt_stream_report *report, const struct wt_stream *stream,
                           const struct wt_stream_rest *rest)
{
	const struct wt_sequence *sequence = &rest->sequence;
	uint64_t ahead = sequence->started ? stream->next - sequence->next : 0;

	report->first = sequence->first;
	report->next = stream->next;
	report->expected = rest->past.expected + sequence->next - sequence->first + ahead;
	report->received = rest->past.received + sequence->received + ahead;
	report->missing = rest->past.missing + sequence->missing;
	report->recovered = rest->past.recovered + sequence->reordered;
	report->missed = report->missing + report->recovered;
	report->duplicates = rest->past.duplicates + sequence->duplicates;
	report->too_late = rest->past.too_late + sequence->too_late;
	report->gaps = rest->past.gaps + sequence->gaps;
	report->wild = rest->wild;
}

/* Count held packets as unconfirmed. */
static void report_held(struct wt_stream_report *report, const struct wt_stream *stream,
                        const struct wt_stream_candidate *candidate)
{
	uint64_t count = candidate->next - candidate->first;

	if (!(stream->flags & WT_STREAM_CANDIDATE))
		return;
	if (candidate->ahead)
		report->wild += candidate->seen;
	else if (candidate->known)
		report->duplicates += count;
	else
		report->too_late += count;
}

static void report_packets(struct wt_stream_report *report, const struct wt_stream *stream,
                           const struct wt_stream_rest *rest)
{
	report->late = rest->late;
	report->late_most_ns = rest->late_most_ns;
	report->again = rest->again;
	report->resets = rest->resets;
	report->packets = stream->packets;
	report->unsequenced = rest->unsequenced;
	report->heartbeats = rest->heartbeats;
	report->cycles = rest->cycles;
	report->complete_cycles = rest->complete_cycles;
	report->most_in_packet = rest->most;
	report->first_ns = rest->first_ns;
	report->last_ns = stream->last_ns > rest->any_ns ? stream->last_ns : rest->any_ns;
	report->order = stream->last_order > rest->any_order ? stream->last_order : rest->any_order;
}

void wt_tracker_stream(const struct wt_tracker *tracker, uint32_t number,
                       struct wt_stream_report *report)
{
	const struct wt_stream *stream = wt_stream_at(&tracker->streams, number);
	const struct wt_stream_rest *rest = &tracker->streams.rest[number];
	const struct wt_side *side = &tracker->reader.sides.sides[wt_place_side(stream->place)];

	*report = (struct wt_stream_report){
	        .channel = &tracker->channels->list[side->channel],
	        .side = side->side,
	        .interface = wt_place_interface(stream->place),
	        .channel_number = (uint32_t)stream->place,
	        .session_number = stream->session,
	        .state = state_of(stream, rest),
	};
	memcpy(report->key, rest->key, sizeof(report->key));
	memcpy(report->session, rest->session, sizeof(report->session));
	report_numbers(report, stream, rest);
	report_held(report, stream, &rest->candidate);
	report_packets(report, stream, rest);
}

void wt_tracker_hand_out(struct wt_tracker *tracker)
{
	size_t count = tracker->record_count;

	tracker->record_count = 0;
	if (count && tracker->take)
		tracker->take(tracker->context, tracker->records, count);
}
