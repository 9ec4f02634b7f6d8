/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed_numbers.h"

#include <stdlib.h>

static uint64_t sum_of(const uint64_t by_verdict[WT_VERDICTS])
{
	uint64_t sum = 0;

	for (int i = 0; i < WT_VERDICTS; i++)
		sum += i == WT_VERDICT_LATE ? 0 : by_verdict[i];
	return sum;
}

bool *wt_feed_find_heard(struct wt_feed_monitor *monitor)
{
	const struct wt_feed_channels *channels = wt_feed_monitor_followed(monitor);
	const struct wt_tracker *tracker = wt_feed_monitor_tracker(monitor);
	uint32_t streams = wt_tracker_stream_count(tracker);
	bool *heard = calloc(channels->count + 1, sizeof(*heard));
	struct wt_stream_report stream;

	for (uint32_t i = 0; heard && i < streams; i++) {
		wt_tracker_stream(tracker, i, &stream);
		heard[stream.channel - channels->list] = true;
	}
	return heard;
}

static uint64_t count_silent(struct wt_feed_monitor *monitor)
{
	bool *heard = wt_feed_find_heard(monitor);
	uint64_t count = 0;

	for (size_t i = 0; heard && i < wt_feed_monitor_followed(monitor)->count; i++)
		count += !heard[i];
	free(heard);
	return count;
}

static void add_gaps(struct wt_gap_counts *sum, const struct wt_gap_counts *more)
{
	for (int i = 0; i < WT_VERDICTS; i++) {
		sum->gaps[i] += more->gaps[i];
		sum->missing[i] += more->missing[i];
	}
}

static void add_monitor(struct wt_feed_total *total, struct wt_feed_monitor *monitor)
{
	const struct wt_channels *channels = wt_feed_monitor_channels(monitor);
	uint32_t pairs = wt_channels_pair_count(channels);
	struct wt_tracker_totals totals;
	struct wt_channel_report pair;
	struct wt_gap_counts gaps;

	wt_tracker_totals(wt_feed_monitor_tracker(monitor), &totals);
	total->streams += wt_tracker_stream_count(wt_feed_monitor_tracker(monitor));
	total->channels += pairs;
	total->silent_channels += count_silent(monitor);
	total->packets += totals.frames;
	total->matched += totals.matched;
	total->unrecognised += totals.unrecognised;
	total->fragments += totals.fragments;
	total->table_full += totals.table_full;
	total->settled_early += wt_channels_settled_early(channels);
	wt_channels_gaps(channels, &gaps);
	add_gaps(&total->by_verdict, &gaps);
	for (uint32_t i = 0; i < pairs; i++) {
		wt_channels_pair(channels, i, &pair);
		total->pair_gaps += pair.gaps;
		total->pair_missing += pair.missing;
	}
}

void wt_feed_summary_fill(struct wt_feed_summary *summary, struct wt_feed_monitor *const *monitors,
                          size_t count)
{
	struct wt_feed_total *total = &summary->total;

	*summary = (struct wt_feed_summary){.monitors = monitors, .count = count};
	for (size_t i = 0; i < count; i++)
		add_monitor(total, monitors[i]);
	total->gaps = sum_of(total->by_verdict.gaps);
	total->missing = sum_of(total->by_verdict.missing);
	total->late = total->by_verdict.gaps[WT_VERDICT_LATE];
}

#define BY_VERDICT(member, group, what)                                                            \
	WT_COUNT(member[WT_VERDICT_RING], group ".ring", what "the ring had no room"),             \
	        WT_COUNT(member[WT_VERDICT_WRITER], group ".writer",                               \
	                 what "they were not written"),                                            \
	        WT_COUNT(member[WT_VERDICT_NIC], group ".nic", what "the NIC lost them"),          \
	        WT_COUNT(member[WT_VERDICT_LINE], group ".line", what "another side has them"),    \
	        WT_COUNT(member[WT_VERDICT_UPSTREAM], group ".upstream", what "no side has them"), \
	        WT_COUNT(member[WT_VERDICT_LATE], group ".late", what "they came late, in time"),  \
	        WT_COUNT(member[WT_VERDICT_SHARED], group ".shared", what "of several of these"),  \
	        WT_COUNT(member[WT_VERDICT_UNKNOWN], group ".unknown",                             \
	                 what "there is no evidence")

#define SUBJECT struct wt_gap_counts
static const struct wt_number verdict_rows[] = {
        BY_VERDICT(gaps, "gaps_by_verdict", "settled gaps: "),
        BY_VERDICT(missing, "missing_by_verdict", "numbers missing in settled gaps: "),
        {0},
};
#undef SUBJECT

#define SUBJECT struct wt_feed_total
static const struct wt_number total_rows[] = {
        WT_COUNT(streams, "streams", "streams that were seen"),
        WT_COUNT(gaps, "gaps", "gaps of streams that have settled, without late ones"),
        WT_COUNT(late, "late", "gaps that late packets closed in time"),
        WT_COUNT(missing, "missing", "numbers missing when their gaps settled"),
        WT_COUNT(pair_gaps, "pair_gaps", "gaps of all sides of a channel together"),
        WT_COUNT(pair_missing, "pair_missing", "numbers that no side has"),
        WT_PART(by_verdict, verdict_rows),
        WT_COUNT(packets, "packets", "packets that were looked at"),
        WT_COUNT(matched, "matched", "of those: to an address of a channel"),
        WT_COUNT(unrecognised, "unrecognised", "of those: not of the channel's transport"),
        WT_COUNT(fragments, "fragments", "later fragments of datagrams, which are not followed"),
        WT_COUNT(table_full, "table_full", "packets of more streams than are followed"),
        WT_COUNT(settled_early, "settled_early", "gaps settled early, since too many were open"),
        {0},
};
#undef SUBJECT

/* Read a stamp; INT64_MIN is none. */
static void read_stamp(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	int64_t ns = *(const int64_t *)((const char *)subject + row->offset);

	if (ns != INT64_MIN)
		wt_value_signed(value, ns);
}

static void read_preset(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_feed_channel *channel = subject;

	(void)row;
	wt_value_text(value, channel->preset->name);
}

static void read_kind(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_feed_channel *channel = subject;

	(void)row;
	wt_value_text(value, wt_feed_kind_name(channel->kind));
}

static void read_unit(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_feed_channel *channel = subject;

	(void)row;
	wt_value_text(value, wt_feed_unit_name(channel->preset->unit));
}

#define SUBJECT struct wt_feed_channel
static const struct wt_number channel_rows[] = {
        WT_CHARS(name, "name", "the channel's name"),
        WT_READ_TEXT(read_preset, "preset", "its transport"),
        WT_READ_TEXT(read_kind, "kind", "live, loop or retransmission"),
        WT_READ_TEXT(read_unit, "unit", "what numbers count: messages, packets or bytes"),
        {0},
};
#undef SUBJECT

struct stream {
	struct wt_feed_monitor *monitor;
	struct wt_stream_report report;
	struct wt_gap_counts counts;
};
_Static_assert(sizeof(struct stream) <= sizeof(union wt_number_room), "made in the room");

static const void *stream_channel(const struct wt_number *row, const void *subject, size_t index,
                                  union wt_number_room *room)
{
	const struct stream *stream = subject;

	(void)row, (void)index, (void)room;
	return stream->report.channel;
}

static void read_side(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct stream *stream = subject;

	(void)row;
	wt_value_text(value, wt_feed_side_name(stream->report.side));
}

static void read_address(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct stream *stream = subject;

	(void)row;
	wt_feed_address_text(&stream->report.channel->sides[stream->report.side], value->room,
	                     sizeof(value->room));
	wt_value_text(value, value->room);
}

static void read_interface(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct stream *stream = subject;

	(void)row;
	wt_value_text(value,
	              wt_feed_monitor_interface_name(stream->monitor, stream->report.interface));
}

static void read_state(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct stream *stream = subject;

	(void)row;
	wt_value_text(value, wt_feed_state_name(stream->report.state));
}

/* Read cycles, which only loops have. */
static void read_cycles(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct stream *stream = subject;

	if (stream->report.channel->kind == WT_FEED_LOOP)
		wt_value_unsigned(value, *(const uint64_t *)((const char *)subject + row->offset));
}

#define SUBJECT struct stream
static const struct wt_number stream_rows[] = {
        WT_PART_OF(stream_channel, channel_rows),
        WT_CHARS(report.key, "key", "what tells streams on one address apart; null: nothing does"),
        WT_CHARS(report.session, "session", "the session; null: the transport has none"),
        WT_READ_TEXT(read_side, "side", "A, B or R"),
        WT_READ_TEXT(read_address, "address", "where it is sent to"),
        WT_READ_TEXT(read_interface, "interface", "where it arrives"),
        WT_READ_TEXT(read_state, "state", "live, silent, ended or restarted"),
        WT_COUNT(report.first, "first", "the number it began with"),
        WT_COUNT(report.next, "next", "the number that comes next"),
        WT_COUNT(report.expected, "expected", "received + missing"),
        WT_COUNT(report.received, "received", "numbers that came"),
        WT_GAUGE(report.missing, "missing", WT_IN_NONE, "numbers that have not come"),
        WT_COUNT(report.missed, "missed", "numbers that were skipped at some time"),
        WT_COUNT(report.recovered, "recovered", "of those: that came after all"),
        WT_COUNT(report.duplicates, "duplicates", "numbers that came again"),
        WT_COUNT(report.late, "late", "packets that filled a gap"),
        WT_NS(report.late_most_ns, "late_most_ns", "how late the latest of them was"),
        WT_COUNT(report.too_late, "too_late", "numbers too old to know whether they had come"),
        WT_COUNT(report.gaps, "gaps", "times that numbers were skipped"),
        WT_COUNT(report.resets, "resets", "times that numbers began again"),
        WT_COUNT(report.packets, "packets", "packets of it"),
        WT_COUNT(report.unsequenced, "unsequenced", "of those: without a number"),
        WT_COUNT(report.heartbeats, "heartbeats", "of those: heartbeats"),
        WT_READ_AT(report.cycles, read_cycles, "cycles", WT_KIND_COUNTER, WT_IN_NONE,
                   "rounds of a loop; null: it is none"),
        WT_READ_AT(report.complete_cycles, read_cycles, "complete_cycles", WT_KIND_COUNTER,
                   WT_IN_NONE, "of those: of which nothing is missing"),
        WT_READ_AT(report.first_ns, read_stamp, "first_ns", WT_KIND_TIME, WT_IN_NS,
                   "the stamp of its first packet"),
        WT_READ_AT(report.last_ns, read_stamp, "last_ns", WT_KIND_TIME, WT_IN_NS,
                   "the stamp of its last packet"),
        WT_PART(counts, verdict_rows),
        {0},
};
#undef SUBJECT

static const void *next_stream(const struct wt_number *row, const void *subject, size_t index,
                               union wt_number_room *room)
{
	const struct wt_feed_summary *summary = subject;
	struct stream *stream = (struct stream *)room->bytes;

	(void)row;
	for (size_t i = 0; i < summary->count; i++) {
		struct wt_feed_monitor *monitor = summary->monitors[i];
		uint32_t count = wt_tracker_stream_count(wt_feed_monitor_tracker(monitor));

		if (index < count) {
			stream->monitor = monitor;
			wt_tracker_stream(wt_feed_monitor_tracker(monitor), (uint32_t)index,
			                  &stream->report);
			wt_channels_stream_gaps(wt_feed_monitor_channels(monitor), (uint32_t)index,
			                        &stream->counts);
			return stream;
		}
		index -= count;
	}
	return NULL;
}

/* Percentiles of B's delay after A. */
#define SUBJECT struct wt_channel_report
static const struct wt_number lead_rows[] = {
        WT_COUNT(lead_count, "count", "numbers that both sides have"),
        WT_NS(lead_ns[0], "min_ns", "the least"),
        WT_NS(lead_ns[1], "p1_ns", "that 1 % are below"),
        WT_NS(lead_ns[2], "p10_ns", "that 10 % are below"),
        WT_NS(lead_ns[3], "p50_ns", "the median"),
        WT_NS(lead_ns[4], "p90_ns", "that 90 % are below"),
        WT_NS(lead_ns[5], "p99_ns", "that 99 % are below"),
        WT_NS(lead_ns[6], "max_ns", "the most"),
        {0},
};

static const void *pair_channel(const struct wt_number *row, const void *subject, size_t index,
                                union wt_number_room *room)
{
	const struct wt_channel_report *pair = subject;

	(void)row, (void)index, (void)room;
	return pair->channel;
}

static const void *lead_of(const struct wt_number *row, const void *subject, size_t index,
                           union wt_number_room *room)
{
	const struct wt_channel_report *pair = subject;

	(void)row, (void)index, (void)room;
	return pair->lead_count ? pair : NULL;
}

static void read_text(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const char *text = *(const char *const *)((const char *)subject + row->offset);

	wt_value_text(value, text && *text ? text : NULL);
}

static const struct wt_number pair_rows[] = {
        WT_PART_OF(pair_channel, channel_rows),
        WT_READ_AT(key, read_text, "key", WT_KIND_TEXT, WT_IN_NONE,
                   "what tells streams on one address apart; null: nothing does"),
        WT_READ_AT(session, read_text, "session", WT_KIND_TEXT, WT_IN_NONE,
                   "the session; null: the transport has none"),
        WT_COUNT(expected, "expected", "received + missing, by all sides together"),
        WT_COUNT(received, "received", "numbers that came on any side"),
        WT_GAUGE(missing, "missing", WT_IN_NONE, "numbers that no side has"),
        WT_COUNT(gaps, "gaps", "gaps of all sides together"),
        WT_PART(by_verdict, verdict_rows),
        WT_COUNT(won_a, "won_a", "numbers that A had first"),
        WT_COUNT(won_b, "won_b", "numbers that B had first"),
        WT_COUNT(tied, "tied", "numbers that both had at the same time"),
        WT_COUNT(recovered_by_r, "recovered_by_r", "numbers that only retransmissions have"),
        WT_OBJECT_OF(lead_of, "lead", lead_rows,
                     "by how much B comes after A; null: no number came on both"),
        {0},
};
#undef SUBJECT

static const void *next_pair(const struct wt_number *row, const void *subject, size_t index,
                             union wt_number_room *room)
{
	const struct wt_feed_summary *summary = subject;
	struct wt_channel_report *pair = (struct wt_channel_report *)room->bytes;

	(void)row;
	for (size_t i = 0; i < summary->count; i++) {
		struct wt_channels *channels = wt_feed_monitor_channels(summary->monitors[i]);
		uint32_t count = wt_channels_pair_count(channels);

		if (index < count) {
			wt_channels_pair(channels, (uint32_t)index, pair);
			return pair;
		}
		index -= count;
	}
	return NULL;
}

static const void *total_of(const struct wt_number *row, const void *subject, size_t index,
                            union wt_number_room *room)
{
	const struct wt_feed_summary *summary = subject;

	(void)row, (void)index, (void)room;
	return summary->count ? &summary->total : NULL;
}

static void read_silent(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_feed_summary *summary = subject;

	(void)row;
	if (summary->count)
		wt_value_unsigned(value, summary->total.silent_channels);
}

const struct wt_number wt_feed_numbers[] = {
        WT_OBJECT_OF(total_of, "feed_total", total_rows,
                     "all streams together; null: no feeds are followed"),
        WT_READ(read_silent, "silent_channels", WT_KIND_COUNTER, WT_IN_NONE,
                "channels of which no packet came"),
        WT_LIST(next_stream, "streams", stream_rows, "the streams, one by one"),
        WT_LIST(next_pair, "channels", pair_rows,
                "channels with several sides: what these have together"),
        {0},
};
