/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channels_private.h"

enum {
	PAIRS_EACH = 4, /* sessions and header channels of a channel, on average */
	PAIRS_LEAST = 64,
	NEAR = 65536, /* distance of numbers that count as equal */
};
#define NO_PAIR UINT32_MAX

static bool has_sides(const struct wt_feed_channel *channel)
{
	unsigned used = 0;

	for (unsigned side = 0; side < WT_FEED_SIDES; side++)
		used += channel->sides[side].used;
	return channel->kind == WT_FEED_LIVE && used > 1;
}

int wt_pairs_init(struct wt_channels *channels)
{
	const struct wt_feed_channels *list = channels->config.channels;
	uint32_t with_sides = 0;

	for (size_t i = 0; i < list->count; i++)
		with_sides += has_sides(&list->list[i]);
	if (!with_sides)
		return 0;
	channels->pairs_max = with_sides * PAIRS_EACH + PAIRS_LEAST;
	if (channels->pairs_max > channels->config.max_streams)
		channels->pairs_max = channels->config.max_streams;
	channels->bucket_count = 2 * channels->pairs_max;
	channels->pairs = calloc(channels->pairs_max, sizeof(*channels->pairs));
	channels->buckets = calloc(channels->bucket_count, sizeof(*channels->buckets));
	if (!channels->pairs || !channels->buckets)
		return -ENOMEM;
	for (uint32_t i = 0; i < channels->bucket_count; i++)
		channels->buckets[i] = NO_PAIR;
	return 0;
}

static uint32_t *bucket_of(struct wt_channels *channels, const struct wt_joined *side)
{
	uint64_t hash = (uint64_t)(uintptr_t)side->channel;

	hash = (hash ^ side->channel_number) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ side->session_number ^ hash >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return &channels->buckets[(hash ^ hash >> 32) % channels->bucket_count];
}

static struct wt_pair *find(struct wt_channels *channels, const struct wt_joined *side)
{
	for (uint32_t at = *bucket_of(channels, side); at != NO_PAIR;) {
		struct wt_pair *pair = &channels->pairs[at];

		if (pair->channel == side->channel &&
		    pair->channel_number == side->channel_number &&
		    pair->session_number == side->session_number)
			return pair;
		at = pair->next_in_bucket;
	}
	return NULL;
}

static void leave_bucket(struct wt_channels *channels, const struct wt_pair *pair)
{
	uint32_t *link = bucket_of(channels, &channels->sides[pair->some_stream]);

	while (*link != pair->number)
		link = &channels->pairs[*link].next_in_bucket;
	*link = pair->next_in_bucket;
}

/* Reuse the pair without packets for longest, most likely of a session that is over. */
static struct wt_pair *reuse_oldest(struct wt_channels *channels)
{
	struct wt_pair *oldest = &channels->pairs[0];
	uint32_t number;

	for (uint32_t i = 1; i < channels->pair_count; i++)
		if (channels->pairs[i].last_ns < oldest->last_ns)
			oldest = &channels->pairs[i];
	wt_channels_settle_gaps(channels, &oldest->gaps);
	wt_channels_close_gaps(channels, &oldest->gaps);
	leave_bucket(channels, oldest);
	for (uint32_t i = 0; i < channels->config.max_streams; i++) {
		struct wt_joined *side = &channels->sides[i];

		if (side->pair != oldest)
			continue;
		side->pair = NULL;
		side->member = NULL;
		side->arrivals = side->others = NULL;
	}
	number = oldest->number;
	memset(oldest, 0, sizeof(*oldest));
	oldest->number = number;
	return oldest;
}

static struct wt_pair *make(struct wt_channels *channels, uint32_t stream)
{
	const struct wt_joined *side = &channels->sides[stream];
	uint32_t *bucket = bucket_of(channels, side);
	struct wt_pair *pair;

	if (channels->pair_count == channels->pairs_max) {
		pair = reuse_oldest(channels);
	} else {
		pair = &channels->pairs[channels->pair_count];
		pair->number = channels->pair_count++;
	}
	pair->channel = side->channel;
	pair->channel_number = side->channel_number;
	pair->session_number = side->session_number;
	pair->some_stream = stream;
	pair->next_in_bucket = *bucket;
	pair->run_ns = pair->last_ns = INT64_MIN;
	wt_gap_list_init(&pair->gaps);
	*bucket = pair->number;
	return pair;
}

static bool is_first_of_side(const struct wt_channels *channels, const struct wt_pair *pair,
                             enum wt_feed_side side)
{
	for (uint32_t i = 0; i < pair->member_count; i++)
		if (channels->sides[pair->members[i].stream].side == side)
			return false;
	return true;
}

static void add_member(struct wt_channels *channels, struct wt_pair *pair, uint32_t stream)
{
	struct wt_joined *side = &channels->sides[stream];
	struct wt_member *member;

	if (pair->member_count == WT_PAIR_MEMBERS) {
		side->pair = NULL;
		return;
	}
	member = &pair->members[pair->member_count];
	*member = (struct wt_member){.stream = stream, .in_run = true};
	if (is_first_of_side(channels, pair, side->side)) {
		side->arrivals = &pair->arrivals[side->side];
		side->others = &pair->arrivals[side->side == WT_FEED_A ? WT_FEED_B : WT_FEED_A];
	}
	pair->member_count++;
	side->member = member;
}

void wt_pair_join(struct wt_channels *channels, uint32_t stream)
{
	struct wt_joined *side = &channels->sides[stream];

	if (!has_sides(side->channel))
		return;
	side->pair = find(channels, side);
	if (!side->pair)
		side->pair = make(channels, stream);
	if (side->side != WT_FEED_R)
		add_member(channels, side->pair, stream);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void start_member(const struct wt_joined *side, uint64_t first)
{
	struct wt_pair *pair = side->pair;
	struct wt_member *member = side->member;

	member->started = true;
	member->first = member->next = first;
	if (side->arrivals)
		wt_arrivals_begin(side->arrivals, first);
	if (pair->started)
		return;
	pair->started = true;
	pair->first = pair->next = first;
}

/* Skip numbers up to `end`, which no side has. */
static void skip_to(struct wt_channels *channels, struct wt_pair *pair, uint64_t end,
                    const struct wt_feed_record *record)
{
	const struct wt_gap gap = {
	        .first = pair->next,
	        .end = end,
	        .after_ns = INT64_MIN,
	        .before_ns = record->stamp_ns,
	        .before_order = record->order,
	        .due_ns = wt_channels_due_ns(channels, record),
	        .owner = pair->number,
	        .is_pair = true,
	};

	pair->gaps_up_to = max_u64(pair->gaps_up_to, end);
	if (end <= pair->next)
		return;
	pair->missing += end - pair->next;
	pair->next = end;
	wt_channels_open_gap(channels, &pair->gaps, &gap);
}

static bool reaches(const struct wt_channels *channels, const struct wt_gap_list *list,
                    uint64_t first)
{
	return list->highest != WT_GAP_NONE &&
	       wt_gap_at(&channels->gaps, list->highest)->end > first;
}

/* Fill missing numbers in the pair's gaps. */
static void fill_pair(struct wt_channels *channels, struct wt_pair *pair, uint64_t first,
                      uint64_t end, int64_t stamp_ns, enum wt_feed_by by)
{
	uint64_t came;

	if (!reaches(channels, &pair->gaps, first))
		return;
	came = wt_channels_came(channels, &pair->gaps, first, end, stamp_ns, by);
	pair->missing -= came;
	pair->received += came;
	if (by == WT_BY_R)
		pair->recovered_by_r += came;
}

static void tell_others(struct wt_channels *channels, const struct wt_pair *pair,
                        const struct wt_member *from, uint64_t first, uint64_t end,
                        int64_t stamp_ns, enum wt_feed_by by)
{
	for (uint32_t i = 0; i < pair->member_count; i++) {
		const struct wt_member *member = &pair->members[i];
		struct wt_gap_list *list = &channels->sides[member->stream].gaps;

		if (member != from && member->in_run && reaches(channels, list, first))
			wt_channels_came(channels, list, first, end, stamp_ns, by);
	}
}

/* Note new numbers of a member. */
static void came(struct wt_channels *channels, struct wt_joined *side, uint64_t first, uint64_t end,
                 const struct wt_feed_record *record)
{
	struct wt_pair *pair = side->pair;
	struct wt_member *member = side->member;

	if (first > pair->next)
		skip_to(channels, pair, first, record);
	if (first < pair->gaps_up_to) {
		fill_pair(channels, pair, first, end, record->stamp_ns, WT_BY_ITSELF);
		tell_others(channels, pair, member, first, end, record->stamp_ns, WT_BY_OTHER);
	}
	if (end > pair->next) {
		pair->received += end - pair->next;
		pair->next = end;
	}
	if (side->arrivals)
		wt_lead_compare(&pair->lead, side->others, first, end, record->stamp_ns,
		                side->side == WT_FEED_A ? -1 : 1);
}

/* Whether a side is back: one that missed that numbers began anew is in the run again once its
 * numbers match the others'. */
static bool is_back(const struct wt_channels *channels, const struct wt_pair *pair,
                    const struct wt_feed_record *record)
{
	return pair->started && record->first >= pair->first &&
	       record->first <= pair->next + NEAR && record->first + NEAR >= pair->next &&
	       record->stamp_ns > wt_add_ns(pair->run_ns, channels->config.late_ns);
}

static void member_arrival(struct wt_channels *channels, struct wt_joined *side,
                           const struct wt_feed_record *record)
{
	struct wt_member *member = side->member;
	uint64_t first = record->first;

	if (!member->in_run) {
		if (!is_back(channels, side->pair, record))
			return;
		member->in_run = true;
	}
	if (!member->started)
		start_member(side, first);
	member->came = true;
	if (first != member->next) {
		if (first < member->next)
			first = member->next;
		else if (side->arrivals)
			wt_arrivals_add(side->arrivals, first, INT64_MIN);
		if (first >= record->end)
			return;
	}
	member->next = record->end;
	if (side->arrivals)
		wt_arrivals_add(side->arrivals, record->end, record->stamp_ns);
	came(channels, side, first, record->end, record);
}

void wt_pair_prefetch(const struct wt_joined *side)
{
	if (!side->member)
		return;
	__builtin_prefetch(side->member, 1);
	__builtin_prefetch(side->pair, 1);
	__builtin_prefetch(side->arrivals, 1);
	__builtin_prefetch(side->others, 1);
}

void wt_pair_arrival(struct wt_channels *channels, struct wt_joined *side,
                     const struct wt_feed_record *record)
{
	struct wt_pair *pair = side->pair;

	if (record->first >= record->end)
		return;
	pair->last_ns = record->stamp_ns;
	if (side->member) {
		member_arrival(channels, side, record);
		return;
	}
	fill_pair(channels, pair, record->first, record->end, record->stamp_ns, WT_BY_R);
	tell_others(channels, pair, NULL, record->first, record->end, record->stamp_ns, WT_BY_R);
}

/* Flag numbers as had by the other side, except those known to be missing there. */
static void flag_has(struct wt_channels *channels, uint32_t gap, uint64_t first, uint64_t end)
{
	struct wt_gap_change unused;

	if (first < end)
		(void)wt_gap_table_flag(&channels->gaps, gap, first, end, WT_PART_OTHER, 0,
		                        &unused);
}

/* Flag the numbers that a side has between its gaps, in descending order, and their parts. */
static void flag_had_by(struct wt_channels *channels, uint32_t at, const struct wt_member *other)
{
	const struct wt_gap *gap = wt_gap_at(&channels->gaps, at);
	const struct wt_gap_list *list = &channels->sides[other->stream].gaps;
	uint64_t low = max_u64(gap->first, max_u64(other->first, list->floor));
	uint64_t high = min_u64(gap->end, other->next);
	const struct wt_gap *its;

	for (uint32_t i = list->highest; i != WT_GAP_NONE && low < high; i = its->below) {
		uint64_t from;

		its = wt_gap_at(&channels->gaps, i);
		if (its->end <= low)
			break;
		if (its->first >= high)
			continue;
		flag_has(channels, at, max_u64(its->end, low), high);
		from = max_u64(its->first, low);
		for (uint32_t p = its->parts; p != WT_GAP_NONE;) {
			const struct wt_gap_part *part = wt_gap_part_at(&channels->gaps, p);

			p = part->next;
			if (part->flags & WT_PART_CAME_LATER)
				continue;
			flag_has(channels, at, from, min_u64(part->first, high));
			from = max_u64(part->end, low);
		}
		flag_has(channels, at, from, min_u64(its->end, high));
		high = its->first;
	}
	flag_has(channels, at, low, high);
}

void wt_pair_gap(struct wt_channels *channels, struct wt_joined *side, uint32_t gap,
                 const struct wt_feed_record *record)
{
	struct wt_pair *pair = side->pair;
	struct wt_member *member = side->member;

	if (!member->in_run)
		return;
	if (!member->started)
		start_member(side, record->first);
	if (record->end > member->next) {
		member->next = record->end;
		if (side->arrivals)
			wt_arrivals_add(side->arrivals, record->end, INT64_MIN);
	}
	for (uint32_t i = 0; i < pair->member_count; i++) {
		const struct wt_member *other = &pair->members[i];

		if (other != member && other->in_run && other->started)
			flag_had_by(channels, gap, other);
	}
	if (side->others)
		wt_gap_at(&channels->gaps, gap)->came_ns[WT_BY_OTHER] =
		        wt_arrivals_last(side->others, record->first, record->end);
	skip_to(channels, pair, record->end, record);
}

void wt_pair_fill(struct wt_channels *channels, struct wt_joined *side,
                  const struct wt_feed_record *record)
{
	struct wt_member *member = side->member;

	if (!member->in_run || !member->started)
		return;
	if (side->arrivals)
		wt_arrivals_fill(side->arrivals, record->first, record->end, record->stamp_ns);
	came(channels, side, record->first, record->end, record);
}

/* Begin a new run for all sides, at the first side's signal. */
static void begin_run(struct wt_channels *channels, struct wt_pair *pair, int64_t stamp_ns)
{
	wt_channels_close_gaps(channels, &pair->gaps);
	pair->started = false;
	pair->run_ns = stamp_ns;
	for (uint32_t i = 0; i < pair->member_count; i++) {
		pair->members[i].in_run = false;
		pair->members[i].started = false;
	}
	for (unsigned i = 0; i < WT_FEED_R; i++)
		wt_arrivals_begin(&pair->arrivals[i], 0);
	pair->gaps_up_to = 0;
}

void wt_pair_restart(struct wt_channels *channels, struct wt_joined *side,
                     const struct wt_feed_record *record)
{
	struct wt_member *member = side->member;

	/* Several signals in a row are one new beginning. */
	if (member->in_run && member->came)
		begin_run(channels, side->pair, record->stamp_ns);
	member->in_run = true;
	member->came = false;
	start_member(side, record->first);
}

static int64_t quantile_at(const struct wt_lead *lead, unsigned i)
{
	static const double shares[WT_LEAD_PERCENTILES] = {0, 0.01, 0.1, 0.5, 0.9, 0.99, 1};

	return wt_lead_quantile(lead, shares[i]);
}

uint32_t wt_channels_pair_count(const struct wt_channels *channels)
{
	return channels->pair_count;
}

void wt_channels_pair(const struct wt_channels *channels, uint32_t number,
                      struct wt_channel_report *report)
{
	const struct wt_pair *pair = &channels->pairs[number];
	const struct wt_joined *side = &channels->sides[pair->some_stream];

	*report = (struct wt_channel_report){
	        .channel = pair->channel,
	        .key = side->key,
	        .session = side->session,
	        .unit = pair->channel->preset->unit,
	        .expected = pair->received + pair->missing,
	        .received = pair->received,
	        .missing = pair->missing,
	        .gaps = pair->gaps_seen,
	        .by_verdict = pair->counts,
	        .won_a = pair->lead.won_a,
	        .won_b = pair->lead.won_b,
	        .tied = pair->lead.tied,
	        .recovered_by_r = pair->recovered_by_r,
	        .lead_count = pair->lead.won_a + pair->lead.won_b + pair->lead.tied,
	};
	for (unsigned i = 0; i < WT_LEAD_PERCENTILES; i++)
		report->lead_ns[i] = quantile_at(&pair->lead, i);
}
