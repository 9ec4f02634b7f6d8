/* SPDX-License-Identifier: BSD-2-Clause */
/* Random histories of a channel with two sides, against a model that remembers everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/feed_tapes.h>
#include <wiretape/packet/headers.h>

#include "support/feed_run.h"
#include "support/seeds.h"
#include "support/unit.h"

enum {
	NUMBERS = 1024,
	PACKETS_MAX = 1024,
	HISTORIES = 500, /* or as many as $HISTORIES says */
	NEVER = -1,
};
#define US INT64_C(1000)
#define T0 INT64_C(1700000000000000000)

static const char *const feeds[] = {
        "custom:offset=0,width=8,endian=big,count=8:2,unit=messages,heartbeat=next"
        "@A=239.1.1.1:5000,B=239.1.1.2:5000,R=239.1.1.3:5000,name=x",
        NULL};

struct packet {
	int64_t stamp_ns;
	uint64_t first;
	uint32_t count;
	uint32_t interface;
	enum wt_feed_side side;
	uint32_t lane;
	unsigned serial; /* ties in time keep their order */
	bool lost_in_ring;
	uint64_t dropped_before;
};

struct history {
	int64_t unit_ns;
	uint64_t random;
	struct packet packets[PACKETS_MAX];
	size_t count;
	uint32_t interfaces;
	uint64_t dropped[2];
	/* When each number came first on each side; NEVER. Of R only what was missing then. */
	int64_t came_ns[3][NUMBERS];
	uint64_t first[2], next[2];
	bool begun[2];
	uint64_t pair_first, pair_next;
	bool pair_begun;
	uint64_t recovered_by_r;
};

static int64_t late_ns(const struct history *history)
{
	return 300 * history->unit_ns;
}

static uint64_t history_count(void)
{
	const char *count = getenv("HISTORIES");

	return count ? strtoull(count, NULL, 10) : SEEDS_OF(HISTORIES);
}

static uint64_t random_u64(struct history *history)
{
	history->random ^= history->random << 13;
	history->random ^= history->random >> 7;
	history->random ^= history->random << 17;
	return history->random;
}

static uint64_t below(struct history *history, uint64_t limit)
{
	return random_u64(history) % limit;
}

static bool one_in(struct history *history, uint64_t n)
{
	return below(history, n) == 0;
}

static void add(struct history *history, enum wt_feed_side side, uint64_t first, uint32_t count,
                int64_t stamp_ns, bool lost)
{
	if (history->count == PACKETS_MAX)
		return;
	history->packets[history->count] = (struct packet){
	        .stamp_ns = stamp_ns,
	        .first = first,
	        .count = count,
	        .interface = history->interfaces > 1 ? side == WT_FEED_B : 0,
	        .side = side,
	        .serial = (unsigned)history->count,
	        .lost_in_ring = lost,
	};
	history->count++;
}

/* Add a side, with what it makes of the numbers that were sent. */
static void add_side(struct history *history, enum wt_feed_side side, const bool *sent,
                     uint64_t numbers, const uint64_t *odds)
{
	int64_t lag_ns = (int64_t)below(history, 40) * history->unit_ns;
	uint64_t number = 1;

	while (number < numbers) {
		int64_t at_ns = T0 + (int64_t)number * 10 * history->unit_ns + lag_ns +
		                (int64_t)below(history, 5) * history->unit_ns;
		uint32_t count = 0, most = 1 + (uint32_t)below(history, 5);

		while (number < numbers && !sent[number])
			number++;
		while (count < most && number + count < numbers && sent[number + count])
			count++;
		if (one_in(history, odds[0]))
			at_ns += (int64_t)below(history, 200) * history->unit_ns; /* reordered */
		if (count && !one_in(history, odds[1]))
			add(history, side, number, count, at_ns, one_in(history, odds[2]));
		if (count && one_in(history, odds[3]))
			add(history, side, number, count,
			    at_ns + (int64_t)below(history, 100) * history->unit_ns,
			    false); /* twice */
		if (count && one_in(history, odds[4]))
			add(history, side, number, count,
			    at_ns + late_ns(history) +
			            (int64_t)below(history, 800) * history->unit_ns,
			    false); /* much later */
		number += count;
		if (one_in(history, odds[5]))
			add(history, side, number, 0, at_ns + history->unit_ns,
			    false); /* heartbeat */
	}
}

/* Retransmissions of whatever, some time after it was sent. */
static void add_retransmissions(struct history *history, uint64_t numbers)
{
	uint64_t count = below(history, 40);

	while (count--) {
		uint64_t first = 1 + below(history, numbers);

		add(history, WT_FEED_R, first, 1 + (uint32_t)below(history, 8),
		    T0 + (int64_t)(first * 10 + below(history, 1500)) * history->unit_ns, false);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct packet *one = a, *two = b;

	if (one->stamp_ns != two->stamp_ns)
		return one->stamp_ns < two->stamp_ns ? -1 : 1;
	return one->serial < two->serial ? -1 : 1;
}

static void take_out_lost(struct history *history)
{
	uint64_t pending[2] = {0, 0};
	size_t kept = 0;

	for (size_t i = 0; i < history->count; i++) {
		struct packet packet = history->packets[i];

		if (packet.lost_in_ring) {
			pending[packet.interface]++;
			continue;
		}
		packet.dropped_before = pending[packet.interface];
		history->dropped[packet.interface] += pending[packet.interface];
		pending[packet.interface] = 0;
		history->packets[kept++] = packet;
	}
	history->count = kept;
}

static void remember_retransmission(struct history *history, const struct packet *packet)
{
	for (uint64_t n = packet->first; n < packet->first + packet->count; n++) {
		if (!history->pair_begun || n < history->pair_first || n >= history->pair_next ||
		    history->came_ns[0][n] != NEVER || history->came_ns[1][n] != NEVER ||
		    history->came_ns[2][n] != NEVER)
			continue;
		history->came_ns[2][n] = packet->stamp_ns;
		history->recovered_by_r++;
	}
}

static void remember(struct history *history)
{
	for (size_t i = 0; i < history->count; i++) {
		const struct packet *packet = &history->packets[i];
		uint64_t end = packet->first + packet->count;

		if (packet->side == WT_FEED_R) {
			remember_retransmission(history, packet);
			continue;
		}
		if (!history->begun[packet->side]) {
			history->begun[packet->side] = true;
			history->first[packet->side] = history->next[packet->side] = packet->first;
		}
		/* The pair begins with data, or with a gap. */
		if (!history->pair_begun && end > history->next[packet->side]) {
			history->pair_begun = true;
			history->pair_first = history->pair_next = history->next[packet->side];
		}
		if (end > history->next[packet->side])
			history->next[packet->side] = end;
		if (history->pair_begun && end > history->pair_next)
			history->pair_next = end;
		for (uint64_t n = packet->first; n < end; n++)
			if (history->came_ns[packet->side][n] == NEVER &&
			    n >= history->first[packet->side])
				history->came_ns[packet->side][n] = packet->stamp_ns;
	}
}

static void make(struct history *history, uint64_t seed, int64_t unit_ns)
{
	static const uint64_t odds_of[] = {3, 10, 50, 1000000};
	bool sent[NUMBERS];
	uint64_t numbers, odds[6], skip_odds;

	memset(history, 0, sizeof(*history));
	memset(history->came_ns, 0xff, sizeof(history->came_ns));
	history->unit_ns = unit_ns;
	history->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	history->interfaces = 1 + (uint32_t)below(history, 2);
	numbers = 20 + below(history, 300);
	for (size_t i = 0; i < 6; i++)
		odds[i] = odds_of[below(history, 4)];
	skip_odds = odds_of[1 + below(history, 3)];
	for (uint64_t n = 0; n < NUMBERS; n++)
		sent[n] = n >= 1 && !one_in(history, skip_odds);
	sent[1] = true;
	add_side(history, WT_FEED_A, sent, numbers, odds);
	add_side(history, WT_FEED_B, sent, numbers, odds);
	if (one_in(history, 2))
		add_retransmissions(history, numbers);
	qsort(history->packets, history->count, sizeof(history->packets[0]), by_time);
	take_out_lost(history);
	remember(history);
}

/* Give the frames, in portions of up to `most`; tell the time between them one time in `told`. */
static void give(struct feed_run *run, struct history *history, size_t most, uint64_t told)
{
	static struct run_frame made[PACKETS_MAX];
	struct wt_frame frames[PACKETS_MAX];
	size_t i = 0;

	for (size_t k = 0; k < history->count; k++) {
		const struct packet *packet = &history->packets[k];
		struct wt_feed_header header = {.first = packet->first,
		                                .count = packet->count,
		                                .what = packet->count ? WT_FEED_DATA
		                                                      : WT_FEED_HEARTBEAT,
		                                .has_number = true};

		run_make(run, 0, packet->side, &header, packet->stamp_ns, &made[k]);
		frames[k] = made[k].frame;
		frames[k].dropped_before = packet->dropped_before;
	}
	while (i < history->count) {
		size_t n = 1 + below(history, most), given = 1;

		while (given < n && i + given < history->count &&
		       history->packets[i + given].interface == history->packets[i].interface)
			given++;
		wt_feed_monitor_frames(run->monitor, history->packets[i].interface, &frames[i],
		                       given);
		i += given;
		if (told && i < history->count && one_in(history, told))
			wt_feed_monitor_advance(run->monitor, frames[i].stamp_ns);
	}
	wt_feed_monitor_finish(run->monitor);
}

/* As rings of several interfaces do: each hands over what it has had since its last turn. */
static void take_turns(struct history *history)
{
	size_t i = 0, end;

	for (; i < history->count; i = end) {
		size_t kept = i;
		struct packet turn[PACKETS_MAX];

		end = i + 1 + below(history, 10);
		if (end > history->count)
			end = history->count;
		memcpy(turn, &history->packets[i], (end - i) * sizeof(turn[0]));
		for (uint32_t interface = 0; interface < 2; interface++)
			for (size_t k = 0; k < end - i; k++)
				if (turn[k].interface == interface)
					history->packets[kept++] = turn[k];
	}
}

static void check_stream(const struct feed_run *run, uint64_t seed, uint32_t stream)
{
	struct wt_stream_report report;
	uint64_t missing = 0;

	wt_tracker_stream(wt_feed_monitor_tracker(run->monitor), stream, &report);
	for (size_t i = 0; i < run->event_count; i++) {
		const struct wt_feed_event *event = &run->events[i].event;
		const struct wt_verdict_result *verdict = &event->verdict;

		if (event->side != report.side || !event->interface[0])
			continue;
		if (event->kind == WT_EVENT_GAP) {
			missing += event->missing;
			cr_assert_eq(verdict->ring + verdict->writer + verdict->nic +
			                     verdict->line + verdict->upstream + verdict->unknown,
			             event->missing, "seed %llu: %s", (unsigned long long)seed,
			             run->events[i].json);
		} else if (event->kind == WT_EVENT_RECOVERED &&
		           event->recovered.by == WT_BY_ITSELF) {
			missing -= event->recovered.count;
		}
	}
	cr_assert_eq(report.expected, report.received + report.missing);
	cr_assert_eq(missing, report.missing,
	             "seed %llu stream %u: events leave %llu, %llu are missing",
	             (unsigned long long)seed, stream, (unsigned long long)missing,
	             (unsigned long long)report.missing);
}

static uint64_t came_by(const struct history *history, unsigned side, uint64_t first, uint64_t end,
                        int64_t stamp_ns)
{
	uint64_t count = 0;

	for (uint64_t n = first; n < end; n++)
		count +=
		        history->came_ns[side][n] != NEVER && history->came_ns[side][n] <= stamp_ns;
	return count;
}

/* Missing on this side and there on the other by that time. */
static uint64_t other_has(const struct history *history, unsigned side, uint64_t first,
                          uint64_t end, int64_t stamp_ns)
{
	uint64_t count = 0;

	for (uint64_t n = first; n < end; n++)
		count += came_by(history, side, n, n + 1, stamp_ns) == 0 &&
		         came_by(history, 1 - side, n, n + 1, stamp_ns) == 1;
	return count;
}

static void check_gaps(const struct feed_run *run, const struct history *history, uint64_t seed)
{
	uint64_t claimed[2] = {0, 0};

	for (size_t i = 0; i < run->event_count; i++) {
		const struct wt_feed_event *event = &run->events[i].event;
		int64_t due_ns = event->before_ns + late_ns(history);

		if (event->kind != WT_EVENT_GAP)
			continue;
		claimed[history->interfaces > 1 ? event->side : 0] += event->verdict.ring_claim;
		cr_assert_eq(
		        event->missing,
		        event->end - event->first -
		                came_by(history, event->side, event->first, event->end, due_ns),
		        "seed %llu: %s", (unsigned long long)seed, run->events[i].json);
		cr_assert_eq(event->other_has,
		             other_has(history, event->side, event->first, event->end, due_ns),
		             "seed %llu: %s", (unsigned long long)seed, run->events[i].json);
	}
	for (unsigned i = 0; i < history->interfaces; i++)
		cr_assert_leq(claimed[i], history->dropped[i], "seed %llu",
		              (unsigned long long)seed);
}

static void check_pair(const struct feed_run *run, const struct history *history, uint64_t seed)
{
	struct wt_channel_report report;
	uint64_t missing = 0, won[3] = {0, 0, 0};

	wt_channels_pair(wt_feed_monitor_channels(run->monitor), 0, &report);
	for (uint64_t n = history->pair_first; n < history->pair_next; n++) {
		int64_t a = history->came_ns[0][n], b = history->came_ns[1][n];

		missing += a == NEVER && b == NEVER && history->came_ns[2][n] == NEVER;
		if (a != NEVER && b != NEVER)
			won[a < b ? 0 : a > b ? 1 : 2]++;
	}
	cr_assert_eq(report.missing, missing, "seed %llu: %llu missing, not %llu",
	             (unsigned long long)seed, (unsigned long long)report.missing,
	             (unsigned long long)missing);
	cr_assert_eq(report.expected, history->pair_next - history->pair_first);
	cr_assert_eq(report.recovered_by_r, history->recovered_by_r, "seed %llu",
	             (unsigned long long)seed);
	cr_assert_eq(report.won_a, won[0], "seed %llu: %llu %llu", (unsigned long long)seed,
	             (unsigned long long)report.won_a, (unsigned long long)won[0]);
	cr_assert_eq(report.won_b, won[1], "seed %llu", (unsigned long long)seed);
	cr_assert_eq(report.tied, won[2], "seed %llu", (unsigned long long)seed);
}

static void expect_same(const struct feed_run *a, const struct feed_run *b, uint64_t seed)
{
	cr_assert_eq(a->event_count, b->event_count, "seed %llu", (unsigned long long)seed);
	for (size_t i = 0; i < a->event_count; i++)
		cr_assert_str_eq(a->events[i].json, b->events[i].json, "seed %llu",
		                 (unsigned long long)seed);
}

/* The tracker remembers the newest gaps of a stream; what comes of older ones it does not know. An
 * old heartbeat and then the packet that it tells of, again, are a restart to it. */
static bool remembers_all(const struct feed_run *run)
{
	struct wt_tracker *tracker = wt_feed_monitor_tracker(run->monitor);

	for (uint32_t i = 0; i < wt_tracker_stream_count(tracker); i++) {
		struct wt_stream_report report;

		wt_tracker_stream(wt_feed_monitor_tracker(run->monitor), i, &report);
		if (report.too_late || report.resets)
			return false;
	}
	return true;
}

static const char *nth_gap(const struct feed_run *run, enum wt_feed_side side, size_t n)
{
	for (size_t i = 0; i < run->event_count; i++) {
		char *recovered;

		if (run->events[i].event.kind != WT_EVENT_GAP ||
		    run->events[i].event.side != side || n--)
			continue;
		recovered = strstr(run->events[i].json, "\"recovered\"");
		if (recovered)
			*recovered = '\0';
		return strstr(run->events[i].json, "time_ns");
	}
	return NULL;
}

/* All but how gaps are numbered, and when the other side had what this side has got since. */
static void expect_same_gaps(const struct feed_run *a, const struct feed_run *b, uint64_t seed)
{
	for (enum wt_feed_side side = WT_FEED_A; side <= WT_FEED_B; side++) {
		const char *one;
		size_t n;

		for (n = 0; (one = nth_gap(a, side, n)); n++) {
			const char *other = nth_gap(b, side, n);

			cr_assert(other != NULL, "seed %llu", (unsigned long long)seed);
			cr_assert_str_eq(one, other, "seed %llu", (unsigned long long)seed);
		}
		cr_assert(nth_gap(b, side, n) == NULL);
	}
}

Test(feed_monitor_model, turns_of_interfaces_make_no_difference_to_verdicts)
{
	static struct history history;

	for (uint64_t seed = 1; seed <= history_count(); seed++) {
		struct feed_run *one, *other;

		make(&history, seed, US);
		if (history.interfaces < 2)
			continue;
		one = run_open(feeds, 2, 4 * late_ns(&history));
		give(one, &history, 1, 0);
		take_turns(&history);
		other = run_open(feeds, 2, 4 * late_ns(&history));
		give(other, &history, 50, 0);
		expect_same_gaps(one, other, seed);
		run_close(other);
		run_close(one);
	}
}

Test(feed_monitor_model, accounts_and_verdicts_are_those_of_a_model)
{
	static struct history history;
	uint64_t compared = 0;

	for (uint64_t seed = 1; seed <= history_count(); seed++) {
		struct feed_run *one, *other;

		/* Nothing settles before the end, or much does. */
		make(&history, seed, seed % 2 ? US : 1000 * US);
		one = run_open(feeds, history.interfaces, late_ns(&history));
		give(one, &history, 1, 0);
		for (uint32_t i = 0;
		     i < wt_tracker_stream_count(wt_feed_monitor_tracker(one->monitor)); i++)
			check_stream(one, seed, i);
		if (remembers_all(one)) {
			check_gaps(one, &history, seed);
			check_pair(one, &history, seed);
			compared++;
		}
		other = run_open(feeds, history.interfaces, late_ns(&history));
		give(other, &history, 70, 4);
		expect_same(one, other, seed);
		run_close(other);
		run_close(one);
	}
	printf("%llu of %llu compared in full\n", (unsigned long long)compared,
	       (unsigned long long)history_count());
	cr_expect_gt(compared, history_count() / 2);
}

enum { STEPS = 300 };

/* Streams that fall silent and come back, one without another side, stamps that jump and run
 * backwards, looks at the NIC. */
struct steps {
	struct run_frame frames[STEPS];
	bool is_look[STEPS]; /* before the frame */
};

static void make_steps(const struct feed_run *run, struct history *history, struct steps *steps)
{
	static const int64_t pauses_ns[] = {1000,      1000000,    30000000,
	                                    400000000, 1000000000, 5000000000};
	uint64_t next[3] = {1, 1, 1};
	int64_t stamp_ns = T0;

	for (size_t i = 0; i < STEPS; i++) {
		size_t stream = below(history, 3);
		struct wt_feed_header header = {.count = 1, .what = WT_FEED_DATA};

		stamp_ns += (int64_t)below(history, (uint64_t)pauses_ns[below(history, 6)]);
		if (one_in(history, 30))
			stamp_ns -= (int64_t)below(history, 2000000000);
		if (one_in(history, 5))
			next[stream] += 1 + below(history, 4);
		header.session = stream > 0;
		header.first = next[stream]++;
		if (one_in(history, 8) && header.first > 6)
			header.first -= 1 + below(history, 5);
		run_make(run, stream > 0, stream == 2 ? WT_FEED_B : WT_FEED_A, &header, stamp_ns,
		         &steps->frames[i]);
		steps->frames[i].frame.dropped_before = one_in(history, 9) ? below(history, 3) : 0;
		steps->is_look[i] = one_in(history, 20);
	}
}

static void give_steps(struct feed_run *run, struct history *history, const struct steps *steps,
                       size_t most)
{
	struct wt_frame frames[STEPS];
	int64_t latest_ns = INT64_MIN;
	size_t i = 0;

	while (i < STEPS) {
		uint64_t counters[WT_NIC_COUNTERS_MAX] = {i / 50};
		size_t n = 1 + below(history, most), given = 0;

		if (steps->is_look[i])
			wt_feed_monitor_nic(run->monitor, 0, steps->frames[i].frame.stamp_ns,
			                    counters);
		do {
			frames[given] = steps->frames[i + given].frame;
			if (frames[given].stamp_ns > latest_ns)
				latest_ns = frames[given].stamp_ns;
			given++;
		} while (given < n && i + given < STEPS && !steps->is_look[i + given]);
		wt_feed_monitor_frames(run->monitor, 0, frames, given);
		i += given;
		if (most > 1 && one_in(history, 3))
			wt_feed_monitor_advance(run->monitor, latest_ns);
	}
	wt_feed_monitor_finish(run->monitor);
}

Test(feed_monitor_model, portions_make_no_difference_to_events)
{
	static const char *const silent[] = {"pillar@239.1.1.1:5000,name=x",
	                                     "memx@A=239.1.1.2:5000,B=239.1.1.3:5000,name=y", NULL};
	static const size_t most[] = {1, 5, 40, STEPS};
	static struct history history;
	static struct steps steps;

	for (uint64_t seed = 1; seed <= history_count() / 4; seed++) {
		struct feed_run *runs[4];

		history = (struct history){.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
		for (size_t i = 0; i < 4; i++) {
			runs[i] = run_open(silent, 1, INT64_C(1000000000));
			if (!i)
				make_steps(runs[i], &history, &steps);
			give_steps(runs[i], &history, &steps, most[i]);
			expect_same(runs[0], runs[i], seed);
		}
		for (size_t i = 0; i < 4; i++)
			run_close(runs[i]);
	}
}

/* How packets are dealt to lanes. */
enum deal { BY_FLOW, IN_TURN, AT_RANDOM, DEALS };

static uint32_t lane_for(struct history *history, enum deal deal, uint32_t lanes, size_t i)
{
	switch (deal) {
	case BY_FLOW:
		return (uint32_t)history->packets[i].side % lanes;
	case IN_TURN:
		return (uint32_t)i % lanes;
	default:
		return (uint32_t)below(history, lanes);
	}
}

static void deal_out(struct history *history, enum deal deal, uint32_t lanes)
{
	for (size_t i = 0; i < history->count; i++)
		history->packets[i].lane = lane_for(history, deal, lanes, i);
}

/* What lies in a ring. */
struct ring {
	struct wt_frame frames[PACKETS_MAX];
	size_t count;
};

static void hand_over(struct feed_run *run, struct ring rings[][2], uint32_t lane,
                      uint32_t interface)
{
	struct ring *ring = &rings[lane][interface];

	wt_feed_lane_frames(run->lanes[lane][interface], ring->frames, ring->count);
	ring->count = 0;
}

/* Some lanes get round to their rings: they take what is there, and some see that there is no more.
 */
static void look_round(struct feed_run *run, struct history *history, struct ring rings[][2],
                       int64_t now_ns)
{
	for (uint32_t lane = 0; lane < run->lane_count; lane++)
		for (uint32_t i = 0; i < run->interfaces; i++) {
			if (!one_in(history, 3))
				continue;
			hand_over(run, rings, lane, i);
			if (one_in(history, 2))
				wt_feed_lane_quiet(run->lanes[lane][i], now_ns, 0);
		}
	if (one_in(history, 2))
		wt_feed_merge_run(run->merge);
}

static void make_frame(const struct feed_run *run, const struct packet *packet,
                       struct run_frame *made)
{
	struct wt_feed_header header = {.first = packet->first,
	                                .count = packet->count,
	                                .what = packet->count ? WT_FEED_DATA : WT_FEED_HEARTBEAT,
	                                .has_number = true};

	run_make(run, 0, packet->side, &header, packet->stamp_ns, made);
	made->frame.dropped_before = packet->dropped_before;
}

/* Give the frames to their lanes, each of which hands over at times of its own. */
static void give_lanes(struct feed_run *run, struct history *history)
{
	static struct run_frame made[PACKETS_MAX];
	static struct ring rings[RUN_LANES][2];

	bool looks_often = !one_in(history, 3);

	memset(rings, 0, sizeof(rings));
	for (size_t i = 0; i < history->count; i++) {
		const struct packet *packet = &history->packets[i];
		struct ring *ring = &rings[packet->lane][packet->interface];

		make_frame(run, packet, &made[i]);
		ring->frames[ring->count++] = made[i].frame;
		if (looks_often && one_in(history, 5))
			look_round(run, history, rings, packet->stamp_ns);
	}
	for (uint32_t lane = 0; lane < run->lane_count; lane++)
		for (uint32_t i = 0; i < run->interfaces; i++)
			hand_over(run, rings, lane, i);
	run_finish_lanes(run);
}

/* Stamps of which no two are the same: with the same, the order is not known. */
static void make_distinct(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		history->packets[i].stamp_ns += (int64_t)i;
}

static void forget_drops(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		history->packets[i].dropped_before = 0;
}

Test(feed_monitor_model, lanes_make_no_difference_to_events)
{
	static struct history history;

	for (uint64_t seed = 1; seed <= history_count(); seed++) {
		uint32_t lanes = 1 + (uint32_t)(seed % 3);
		struct feed_run *one, *other;

		make(&history, seed, seed % 2 ? US : 1000 * US);
		make_distinct(&history);
		forget_drops(&history);
		one = run_open(feeds, history.interfaces, late_ns(&history));
		give(one, &history, 1, 0);
		other = run_open_lanes(feeds, history.interfaces, lanes, 0, late_ns(&history));
		deal_out(&history, (enum deal)(seed / 3 % DEALS), lanes);
		give_lanes(other, &history);
		expect_same(one, other, seed);
		cr_expect_eq(wt_feed_merge_unfollowed(other->merge), 0);
		run_close(other);
		run_close(one);
	}
}

/* With drops the place of each is less well known: none that a gap may be due to is left out, and
 * none is used twice. */
Test(feed_monitor_model, lanes_know_of_every_drop_that_one_ring_knows_of)
{
	static struct history history;

	for (uint64_t seed = 1; seed <= history_count(); seed++) {
		uint64_t claimed[2] = {0, 0};
		struct feed_run *one, *other;

		make(&history, seed, seed % 2 ? US : 1000 * US);
		make_distinct(&history);
		one = run_open(feeds, history.interfaces, late_ns(&history));
		give(one, &history, 1, 0);
		other = run_open_lanes(feeds, history.interfaces, 2, 0, late_ns(&history));
		deal_out(&history, (enum deal)(seed / 3 % DEALS), 2);
		give_lanes(other, &history);
		cr_assert_eq(one->event_count, other->event_count, "seed %llu",
		             (unsigned long long)seed);
		for (size_t i = 0; i < one->event_count; i++) {
			const struct wt_feed_event *event = &one->events[i].event;
			const struct wt_feed_event *its = &other->events[i].event;

			cr_assert_eq(event->kind, its->kind);
			cr_assert_eq(event->first, its->first);
			cr_assert_eq(event->missing, its->missing);
			if (its->kind != WT_EVENT_GAP)
				continue; /* a pair's has the evidence that is clearest */
			cr_assert_eq(event->after_order, its->after_order);
			cr_assert_geq(its->loss.ring_all, event->loss.ring_all, "seed %llu: %s",
			              (unsigned long long)seed, other->events[i].json);
			claimed[history.interfaces > 1 ? its->side : 0] += its->verdict.ring_claim;
		}
		for (unsigned i = 0; i < history.interfaces; i++)
			cr_assert_leq(claimed[i], history.dropped[i]);
		run_close(other);
		run_close(one);
	}
}

/* Before the first packet, as it comes. */
static void tell_tape(struct wt_feed_tapes *tapes, const struct feed_run *run, uint32_t lane,
                      uint32_t interface)
{
	uint32_t number = lane * run->interfaces + interface;
	const char *name = interface ? "eth1" : "eth0";

	cr_expect_eq(
	        wt_feed_tapes_interface(tapes, interface, name, WT_LINK_TYPE_ETHERNET, NULL, true),
	        0);
	if (lane)
		cr_expect_eq(wt_feed_tapes_lane(tapes, number, interface, WT_LINK_TYPE_ETHERNET),
		             0);
}

/* As whoever reads the lanes' tapes does: each has what its rings held in turns. */
static void give_tapes(struct feed_run *run, struct history *history)
{
	static struct run_frame made[PACKETS_MAX];
	struct wt_feed_tapes *tapes;

	cr_assert_eq(wt_feed_tapes_open(&tapes, run->monitor), 0);
	take_turns(history);
	for (size_t i = 0; i < history->count; i++) {
		const struct packet *packet = &history->packets[i];
		uint32_t number = packet->lane * run->interfaces + packet->interface;

		make_frame(run, packet, &made[i]);
		tell_tape(tapes, run, packet->lane, packet->interface);
		if (packet->dropped_before && one_in(history, 2)) {
			cr_expect(wt_feed_tapes_dropped(tapes, number, packet->dropped_before));
			made[i].frame.dropped_before = 0;
		}
		wt_feed_tapes_frames(tapes, number, &made[i].frame, 1);
	}
	wt_feed_tapes_end(tapes);
	wt_feed_monitor_finish(run->monitor);
	wt_feed_tapes_close(tapes);
}

Test(feed_monitor_model, the_tapes_of_lanes_say_what_the_lanes_said)
{
	static struct history history;

	for (uint64_t seed = 1; seed <= history_count(); seed++) {
		uint32_t lanes = 2 + (uint32_t)(seed % 2);
		struct feed_run *live, *tapes;

		make(&history, seed, US);
		make_distinct(&history);
		deal_out(&history, (enum deal)(seed / 3 % DEALS), lanes);
		live = run_open_lanes(feeds, history.interfaces, lanes, 0, late_ns(&history));
		give_lanes(live, &history);
		tapes = run_open_lanes(feeds, history.interfaces, lanes, 0, late_ns(&history));
		give_tapes(tapes, &history);
		expect_same(live, tapes, seed);
		run_close(tapes);
		run_close(live);
	}
}
