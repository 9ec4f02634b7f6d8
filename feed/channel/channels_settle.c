/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "channels_private.h"

/* Without any of these flags there is no evidence from the other side. */
enum { SAYS_SOMETHING = WT_PART_OTHER | WT_PART_OTHER_LATER | WT_PART_KNOWN };

void wt_count_gap(struct wt_gap_counts *counts, enum wt_verdict verdict, uint64_t missing)
{
	counts->gaps[verdict]++;
	counts->missing[verdict] += missing;
}

void wt_channels_report(struct wt_channels *channels, const struct wt_feed_event *event)
{
	if (channels->config.on_event)
		channels->config.on_event(channels->config.context, event);
}

static const char *interface_name(const struct wt_channels *channels, uint32_t interface)
{
	const char *name =
	        channels->config.interface_name
	                ? channels->config.interface_name(channels->config.context, interface)
	                : NULL;

	return name ? name : "";
}

void wt_channels_stream_event(const struct wt_channels *channels, uint32_t stream,
                              enum wt_feed_event_kind kind, struct wt_feed_event *event)
{
	const struct wt_joined *side = &channels->sides[stream];

	*event = (struct wt_feed_event){
	        .kind = kind,
	        .channel = side->channel->name,
	        .preset = side->channel->preset->name,
	        .key = side->key,
	        .session = side->session,
	        .interface = interface_name(channels, side->interface),
	        .side = side->side,
	        .unit = side->channel->preset->unit,
	        .after_ns = INT64_MIN,
	        .before_ns = INT64_MIN,
	};
}

static void gap_event(const struct wt_channels *channels, const struct wt_gap *gap,
                      enum wt_feed_event_kind kind, struct wt_feed_event *event)
{
	uint32_t stream = gap->is_pair ? channels->pairs[gap->owner].some_stream : gap->owner;

	wt_channels_stream_event(channels, stream, kind, event);
	if (gap->is_pair)
		event->interface = "";
	event->number = gap->number;
	event->first = gap->first;
	event->end = gap->end;
	event->stamp_ns = event->before_ns = gap->before_ns;
	event->after_ns = gap->after_ns;
	event->after_order = gap->after_order;
	event->before_order = gap->before_order;
}

/* Find the source that closed most of a gap by its time, and its last arrival. */
static void set_closer(const struct wt_gap *gap, const uint64_t *counts,
                       struct wt_feed_event *event)
{
	for (int by = WT_BY_ITSELF; by <= WT_BY_R; by++) {
		if (counts[by] <= event->recovered.count)
			continue;
		event->recovered.count = counts[by];
		event->recovered.by = (enum wt_feed_by)by;
		event->recovered.after_ns = wt_ns_since(gap->came_ns[by], gap->before_ns);
	}
	/* It may have come before the gap was seen. */
	if (event->recovered.after_ns < 0)
		event->recovered.after_ns = 0;
}

static bool has_other_side(const struct wt_joined *side)
{
	return side->channel->sides[WT_FEED_A].used && side->channel->sides[WT_FEED_B].used;
}

/* Least packets that explain a gap. Numbers that another side lacks as well may never have been
 * sent. */
static uint64_t packets_needed(const struct wt_channels *channels, uint32_t at)
{
	const struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	uint64_t most = gap->most_in_packet ? gap->most_in_packet : 1;
	uint64_t numbers = has_other_side(&channels->sides[gap->owner])
	                           ? wt_gap_table_count(&channels->gaps, at, WT_PART_OTHER, 0)
	                           : gap->missing;

	return numbers / most + (numbers % most > 0);
}

/* Whether one drop can be in both windows, and the second was open at the end of the first's time.
 */
static bool competes(const struct wt_channels *channels, const struct wt_gap *gap,
                     const struct wt_gap *other)
{
	return !other->is_pair && !other->settled && other->after_order &&
	       channels->sides[other->owner].interface == channels->sides[gap->owner].interface &&
	       other->after_order < gap->before_order && gap->after_order < other->before_order &&
	       other->before_ns <= wt_add_ns(gap->before_ns, channels->config.late_ns);
}

static void widen(struct wt_loss_window *window, const struct wt_gap *gap)
{
	if (gap->after_order < window->after) {
		window->after = gap->after_order;
		window->after_ns = gap->after_ns;
	}
	if (gap->before_order > window->before) {
		window->before = gap->before_order;
		window->before_ns = gap->before_ns;
	}
}

/* A burst of drops opens gaps in many streams at once. If it does not suffice for all, something
 * else lost the rest, and where is not known: each gap gets its share of the drops, rather than the
 * first ones all of them. Each gap is looked at once. */
static void share_drops(struct wt_channels *channels, uint32_t at,
                        const struct wt_loss_window *window)
{
	const struct wt_gap_table *table = &channels->gaps;
	const struct wt_gap *gap = wt_gap_at(table, at);
	struct wt_loss_window all = *window;
	struct wt_loss dropped;
	uint64_t needed = 0;

	for (uint32_t i = 0; i < table->heap_count; i++) {
		const struct wt_gap *other = wt_gap_at(table, table->heap[i]);

		if (!competes(channels, gap, other) || other->ring_share)
			continue;
		widen(&all, other);
		if (__builtin_add_overflow(needed, packets_needed(channels, table->heap[i]),
		                           &needed))
			needed = UINT64_MAX;
	}
	channels->config.between(channels->config.between_context, &all, 0, &dropped);
	for (uint32_t i = 0; i < table->heap_count; i++) {
		struct wt_gap *other = wt_gap_at(table, table->heap[i]);
		uint64_t share = UINT64_MAX;

		if (!competes(channels, gap, other) || other->ring_share)
			continue;
		if (dropped.known && needed > dropped.ring)
			share = (uint64_t)((unsigned __int128)packets_needed(channels,
			                                                     table->heap[i]) *
			                   dropped.ring / needed);
		other->ring_share = share ? share : 1;
	}
}

/* Ask for the losses, and claim those that explain the gap so that they explain no other. */
static void find_verdict(struct wt_channels *channels, uint32_t at,
                         const struct wt_loss_window *window, struct wt_verdict_case *found,
                         struct wt_verdict_result *result)
{
	struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	struct wt_loss unused;

	channels->config.between(channels->config.between_context, window, 0, &found->loss);
	if (found->loss.known && found->loss.ring && !gap->ring_share && gap->missing)
		share_drops(channels, at, window);
	if (gap->ring_share && gap->ring_share < found->loss.ring)
		found->loss.ring = gap->ring_share;
	wt_verdict_find(found, result);
	if (result->ring_claim)
		channels->config.between(channels->config.between_context, window,
		                         result->ring_claim, &unused);
}

static void settle_stream(struct wt_channels *channels, uint32_t at)
{
	struct wt_gap_table *table = &channels->gaps;
	struct wt_gap *gap = wt_gap_at(table, at);
	struct wt_joined *side = &channels->sides[gap->owner];
	const struct wt_loss_window window = {.interface = side->interface,
	                                      .after = gap->after_order,
	                                      .before = gap->before_order,
	                                      .after_ns = gap->after_ns,
	                                      .before_ns = gap->before_ns};
	struct wt_verdict_case found = {.skipped = gap->end - gap->first,
	                                .most_in_packet = gap->most_in_packet,
	                                .backward = gap->backward,
	                                .no_window = !gap->after_order};
	struct wt_feed_event event;
	uint64_t closed[WT_BY_R + 1] = {0};

	wt_pair_ask(channels, side, at);
	found.in_time = found.skipped - gap->missing;
	found.has_other = has_other_side(side);
	found.other_has = wt_gap_table_count(table, at, WT_PART_OTHER, 0);
	found.other_lacks = wt_gap_table_count(table, at, WT_PART_LACKS, WT_PART_OTHER);
	found.other_is_silent = found.has_other && wt_gap_table_count(table, at, 0, SAYS_SOMETHING);
	gap_event(channels, gap, WT_EVENT_GAP, &event);
	find_verdict(channels, at, &window, &found, &event.verdict);
	closed[WT_BY_ITSELF] = found.in_time;
	closed[WT_BY_OTHER] = found.other_has;
	closed[WT_BY_R] = wt_gap_table_count(table, at, WT_PART_R, 0);
	set_closer(gap, closed, &event);
	event.number = gap->number = ++channels->last_number;
	event.missing = gap->missing;
	event.loss = found.loss;
	event.has_other = found.has_other;
	event.other_is_silent = found.other_is_silent;
	event.other_has = found.other_has;
	event.other_lacks = found.other_lacks;
	wt_count_gap(&side->counts, event.verdict.verdict, gap->missing);
	wt_count_gap(&channels->counts, event.verdict.verdict, gap->missing);
	wt_channels_report(channels, &event);
}

/* Settle a gap of all sides together; `late` is not reported, since some side had the numbers. */
static void settle_pair(struct wt_channels *channels, uint32_t at)
{
	struct wt_gap_table *table = &channels->gaps;
	struct wt_gap *gap = wt_gap_at(table, at);
	struct wt_pair *pair = &channels->pairs[gap->owner];
	struct wt_verdict_case found = {.skipped = gap->end - gap->first,
	                                .in_time = gap->end - gap->first - gap->missing};
	struct wt_feed_event event;
	uint64_t closed[WT_BY_R + 1] = {0};

	if (!gap->missing)
		return;
	wt_pair_evidence(channels, at, &found);
	gap_event(channels, gap, WT_EVENT_PAIR_GAP, &event);
	wt_verdict_find(&found, &event.verdict);
	closed[WT_BY_R] = wt_gap_table_count(table, at, WT_PART_R, 0);
	set_closer(gap, closed, &event);
	event.number = gap->number = ++channels->last_number;
	event.missing = gap->missing - closed[WT_BY_R];
	event.loss = found.loss;
	pair->gaps_seen++;
	wt_count_gap(&pair->counts, event.verdict.verdict, gap->missing);
	wt_channels_report(channels, &event);
}

/* Note numbers that came between the gap's time and its settling as recovered. */
static void note_later(struct wt_channels *channels, uint32_t at, uint8_t flag, enum wt_feed_by by)
{
	struct wt_gap_recovered found;

	wt_gap_table_flagged(&channels->gaps, at, flag, &found);
	if (!found.count)
		return;
	found.by = by;
	found.last_ns = wt_gap_at(&channels->gaps, at)->later_ns[by];
	wt_channels_note_recovered(channels, at, &found);
	if (by == WT_BY_ITSELF)
		wt_gap_table_fill_flagged(&channels->gaps, at, flag);
}

void wt_channels_settle(struct wt_channels *channels, uint32_t at)
{
	struct wt_gap *gap = wt_gap_at(&channels->gaps, at);

	if (gap->is_pair)
		settle_pair(channels, at);
	else
		settle_stream(channels, at);
	gap->settled = true;
	wt_gap_table_rest(&channels->gaps, at);
	note_later(channels, at, WT_PART_OTHER_LATER, WT_BY_OTHER);
	note_later(channels, at, WT_PART_R_LATER, WT_BY_R);
	note_later(channels, at, WT_PART_CAME_LATER, WT_BY_ITSELF);
}

void wt_channels_note_recovered(struct wt_channels *channels, uint32_t at,
                                const struct wt_gap_recovered *recovered)
{
	struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	struct wt_gap_recovered *noted = &gap->recovered;

	if (noted->count && noted->by != recovered->by)
		wt_channels_report_recovered(channels, at);
	if (!noted->count) {
		*noted = *recovered;
		wt_gap_table_wake(&channels->gaps, at,
		                  wt_add_ns(recovered->last_ns, channels->config.late_ns));
		return;
	}
	noted->count += recovered->count;
	noted->first = recovered->first < noted->first ? recovered->first : noted->first;
	noted->end = recovered->end > noted->end ? recovered->end : noted->end;
	noted->last_ns = recovered->last_ns;
}

void wt_channels_report_recovered(struct wt_channels *channels, uint32_t at)
{
	struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	struct wt_feed_event event;

	if (!gap->recovered.count)
		return;
	gap_event(channels, gap, WT_EVENT_RECOVERED, &event);
	event.stamp_ns = gap->recovered.last_ns;
	event.first = gap->recovered.first;
	event.end = gap->recovered.end;
	event.missing = gap->missing;
	event.recovered.count = gap->recovered.count;
	event.recovered.by = gap->recovered.by;
	event.recovered.after_ns = wt_ns_since(gap->recovered.last_ns, gap->before_ns);
	gap->recovered = (struct wt_gap_recovered){0};
	wt_gap_table_rest(&channels->gaps, at);
	wt_channels_report(channels, &event);
}
