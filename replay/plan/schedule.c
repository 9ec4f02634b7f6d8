/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/plan/schedule.h>

#include <stddef.h>

/* A number by which gaps and bytes are multiplied and divided, without loss. */
__extension__ typedef unsigned __int128 u128;

enum {
	SECOND_NS = 1000000000,
	/* Bits of a byte, times ns in a second, by bits in a Mbit. */
	NS_PER_BYTE_AT_1_MBPS = 8000,
};

static uint64_t or_default(uint64_t value, uint64_t standard)
{
	return value ? value : standard;
}

/* Negative settings are none. */
static int64_t above_zero(int64_t value, int64_t standard)
{
	return value > 0 ? value : standard;
}

static uint64_t at_most(u128 value, uint64_t limit)
{
	return value < limit ? (uint64_t)value : limit;
}

/* amount / rate, as whole ns (up to INT64_MAX) and what is left of a ns, by the divisor. Nearly
 * always 64 bits are enough, and a division of 128 is several times as slow. */
static uint64_t divide(const struct wt_schedule *s, uint64_t amount, uint64_t *rest)
{
	u128 product = (u128)amount * s->config.denominator;

	if (!(product >> 64)) {
		*rest = (uint64_t)product % s->divisor;
		return at_most((uint64_t)product / s->divisor, INT64_MAX);
	}
	*rest = (uint64_t)(product % s->divisor);
	return at_most(product / s->divisor, INT64_MAX);
}

static void take_defaults(struct wt_schedule_config *config)
{
	config->numerator = or_default(config->numerator, 1);
	config->denominator = or_default(config->denominator, 1);
	config->gap_ns = above_zero(config->gap_ns, 0);
	config->idle_ns = above_zero(config->idle_ns, WT_SCHEDULE_IDLE_NS);
	config->disorder_ns = above_zero(config->disorder_ns, WT_SCHEDULE_DISORDER_NS);
}

void wt_schedule_init(struct wt_schedule *s, const struct wt_schedule_config *config)
{
	*s = (struct wt_schedule){.config = *config, .begins = true};
	take_defaults(&s->config);
	s->divisor = s->config.numerator;
	s->cap_ns = config->max_gap_ns > 0 ? (uint64_t)config->max_gap_ns : UINT64_MAX;
	if (config->timing == WT_TIMING_PPS)
		s->step_ns = divide(s, SECOND_NS, &s->step_rest);
	if (config->timing == WT_TIMING_GAP)
		s->step_ns = (uint64_t)s->config.gap_ns;
}

static void advance(struct wt_schedule *s, uint64_t ns, uint64_t rest)
{
	if (s->rest >= s->divisor - rest) {
		s->rest -= s->divisor - rest;
		ns++;
	} else {
		s->rest += rest;
	}
	s->at_ns = ns < INT64_MAX - s->at_ns ? s->at_ns + ns : INT64_MAX;
}

static void advance_by(struct wt_schedule *s, uint64_t amount)
{
	uint64_t rest, ns = divide(s, amount, &rest);

	advance(s, ns, rest);
}

static uint64_t gap_backwards(struct wt_schedule *s, int64_t stamp_ns)
{
	uint64_t behind_ns = (uint64_t)s->newest_ns - (uint64_t)stamp_ns;

	if (behind_ns < (uint64_t)s->config.disorder_ns) {
		s->out_of_order++;
	} else {
		s->stepped_back++;
		s->newest_ns = stamp_ns;
	}
	return 0;
}

/* Compute the gap in the file before the packet. Two stamps can be further apart than INT64_MAX. */
static uint64_t file_gap(struct wt_schedule *s, const int64_t *stamp_ns)
{
	uint64_t gap_ns = s->begins ? s->between_ns : 0;

	if (!stamp_ns)
		return gap_ns;
	if (s->has_newest && *stamp_ns < s->newest_ns)
		return gap_backwards(s, *stamp_ns);
	if (s->has_newest)
		gap_ns = (uint64_t)*stamp_ns - (uint64_t)s->newest_ns;
	s->newest_ns = *stamp_ns;
	s->has_newest = true;
	return gap_ns;
}

/* Cap a gap, count that, and add it to the file's time. */
static uint64_t capped(struct wt_schedule *s, uint64_t gap_ns)
{
	if (gap_ns > s->cap_ns) {
		s->gaps_capped++;
		gap_ns = s->cap_ns;
	}
	if (__builtin_add_overflow(s->file_ns, gap_ns, &s->file_ns))
		s->file_ns = UINT64_MAX;
	return gap_ns;
}

/* A burst ends where the file is idle, not where a gap still is long after it was capped. */
static uint64_t next_of_burst(struct wt_schedule *s, const int64_t *stamp_ns)
{
	uint64_t gap_ns = file_gap(s, stamp_ns);
	bool new_burst = s->begins || gap_ns >= (uint64_t)s->config.idle_ns;
	uint64_t due_ns = s->follow_ns;

	advance(s, capped(s, gap_ns), 0);
	if (new_burst && s->at_ns > due_ns)
		due_ns = s->at_ns;
	s->follow_ns = at_most((u128)due_ns + (uint64_t)s->config.gap_ns, INT64_MAX);
	return due_ns;
}

static uint64_t next_time(struct wt_schedule *s, const int64_t *stamp_ns, uint32_t frame_bytes)
{
	switch (s->config.timing) {
	case WT_TIMING_ORIGINAL:
		advance(s, capped(s, file_gap(s, stamp_ns)), 0);
		break;
	case WT_TIMING_SPEED:
		advance_by(s, capped(s, file_gap(s, stamp_ns)));
		break;
	case WT_TIMING_PPS:
	case WT_TIMING_GAP:
		if (s->packets)
			advance(s, s->step_ns, s->step_rest);
		break;
	case WT_TIMING_MBPS:
		advance_by(s, s->last_bytes * NS_PER_BYTE_AT_1_MBPS);
		s->last_bytes = frame_bytes;
		break;
	case WT_TIMING_DELTA:
		return next_of_burst(s, stamp_ns);
	case WT_TIMING_ASAP:
		break;
	}
	return s->at_ns;
}

static int64_t next(struct wt_schedule *s, const int64_t *stamp_ns, uint32_t frame_bytes)
{
	uint64_t due_ns = next_time(s, stamp_ns, frame_bytes);

	s->packets++;
	s->begins = false;
	if (due_ns == INT64_MAX)
		s->saturated++;
	return (int64_t)due_ns;
}

int64_t wt_schedule_next(struct wt_schedule *s, int64_t stamp_ns, uint32_t frame_bytes)
{
	return next(s, &stamp_ns, frame_bytes);
}

int64_t wt_schedule_next_unstamped(struct wt_schedule *s, uint32_t frame_bytes)
{
	return next(s, NULL, frame_bytes);
}

void wt_schedule_repeat(struct wt_schedule *s)
{
	s->begins = true;
	s->has_newest = false;
	/* A round after the first has as many gaps as packets, and does not change their mean. */
	s->between_ns = s->packets > 1 ? s->file_ns / (s->packets - 1) : 0;
}
