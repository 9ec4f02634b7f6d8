/* SPDX-License-Identifier: BSD-2-Clause */
#include "lead.h"

#include <assert.h>

static struct wt_accepted *slot_of(struct wt_arrivals *arrivals, uint64_t at)
{
	return &arrivals->list[at % WT_ARRIVALS_KEPT];
}

void wt_arrivals_begin(struct wt_arrivals *arrivals, uint64_t first)
{
	arrivals->begin = 0;
	arrivals->count = 0;
	arrivals->cursor = 0;
	arrivals->first = first;
}

static uint64_t first_of(struct wt_arrivals *arrivals, uint64_t at)
{
	return at == arrivals->begin ? arrivals->first : slot_of(arrivals, at - 1)->end;
}

/* Find the entry that has this number, or the first after it. */
static uint64_t find(struct wt_arrivals *arrivals, uint64_t number)
{
	uint64_t low = arrivals->begin, high = arrivals->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (slot_of(arrivals, middle)->end > number)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Like find(), starting at the last look-up: sides mostly advance together. */
static uint64_t find_near(struct wt_arrivals *arrivals, uint64_t number)
{
	uint64_t at = arrivals->cursor;

	if (at < arrivals->begin || at >= arrivals->count || number < first_of(arrivals, at))
		return find(arrivals, number);
	for (unsigned steps = 0; steps < 2; steps++, at++)
		if (at < arrivals->count && slot_of(arrivals, at)->end > number)
			return at;
	return find(arrivals, number);
}

/* Insert an entry at `at`; the oldest goes if there is no room. */
static void insert(struct wt_arrivals *arrivals, uint64_t at, uint64_t end, int64_t stamp_ns)
{
	assert(at >= arrivals->begin && at <= arrivals->count);
	if (arrivals->count - arrivals->begin == WT_ARRIVALS_KEPT) {
		arrivals->first = slot_of(arrivals, arrivals->begin)->end;
		arrivals->begin++;
	}
	for (uint64_t i = arrivals->count; i > at; i--)
		*slot_of(arrivals, i) = *slot_of(arrivals, i - 1);
	arrivals->count++;
	*slot_of(arrivals, at) = (struct wt_accepted){end, stamp_ns};
}

/* Fill numbers first .. end - 1 of the missing entry at `at`. */
static void fill_entry(struct wt_arrivals *arrivals, uint64_t at, uint64_t first, uint64_t end,
                       int64_t stamp_ns)
{
	/* The entry may be split in three; the one dropped for room must not be it. */
	if (at - arrivals->begin < 2 && arrivals->count - arrivals->begin > WT_ARRIVALS_KEPT - 2)
		return;
	if (first_of(arrivals, at) < first)
		insert(arrivals, at++, first, INT64_MIN);
	if (end == slot_of(arrivals, at)->end)
		slot_of(arrivals, at)->stamp_ns = stamp_ns;
	else
		insert(arrivals, at, end, stamp_ns);
}

void wt_arrivals_fill(struct wt_arrivals *arrivals, uint64_t first, uint64_t end, int64_t stamp_ns)
{
	uint64_t at;

	if (first < arrivals->first)
		first = arrivals->first;
	for (at = find(arrivals, first); first < end && at < arrivals->count; at++) {
		uint64_t to = slot_of(arrivals, at)->end;

		if (to > end)
			to = end;
		if (slot_of(arrivals, at)->stamp_ns == INT64_MIN && first < to) {
			fill_entry(arrivals, at, first, to, stamp_ns);
			at = find(arrivals, to - 1);
		}
		first = to;
	}
}

int64_t wt_arrivals_last(struct wt_arrivals *arrivals, uint64_t first, uint64_t end)
{
	int64_t last_ns = INT64_MIN;

	for (uint64_t at = find(arrivals, first); at < arrivals->count; at++) {
		if (first_of(arrivals, at) >= end)
			break;
		if (slot_of(arrivals, at)->stamp_ns > last_ns)
			last_ns = slot_of(arrivals, at)->stamp_ns;
	}
	return last_ns;
}

static unsigned class_of(uint64_t ns)
{
	unsigned top;

	if (ns < 1u << WT_LEAD_SUB_BITS)
		return (unsigned)ns;
	if (ns >> WT_LEAD_TOP_BIT)
		return WT_LEAD_CLASSES - 1;
	top = 63 - (unsigned)__builtin_clzll(ns);
	return ((top - WT_LEAD_SUB_BITS + 1) << WT_LEAD_SUB_BITS) +
	       (unsigned)((ns >> (top - WT_LEAD_SUB_BITS)) & ((1u << WT_LEAD_SUB_BITS) - 1));
}

/* The largest time of a class. */
static int64_t end_of(unsigned class)
{
	unsigned octave = class >> WT_LEAD_SUB_BITS;
	uint64_t sub = class & ((1u << WT_LEAD_SUB_BITS) - 1);

	if (!octave)
		return (int64_t)sub;
	return (int64_t)(((sub + (1u << WT_LEAD_SUB_BITS) + 1) << (octave - 1)) - 1);
}

static void count(struct wt_lead *lead, int64_t lead_ns, uint64_t numbers)
{
	bool is_first = !(lead->won_a + lead->won_b + lead->tied);

	if (is_first || lead_ns < lead->least_ns)
		lead->least_ns = lead_ns;
	if (is_first || lead_ns > lead->most_ns)
		lead->most_ns = lead_ns;
	if (lead_ns >= 0)
		lead->a_first[class_of((uint64_t)lead_ns)] += numbers;
	else
		lead->b_first[class_of(-(uint64_t)lead_ns)] += numbers;
	*(lead_ns > 0 ? &lead->won_a : lead_ns < 0 ? &lead->won_b : &lead->tied) += numbers;
}

static int64_t difference(int64_t later_ns, int64_t earlier_ns)
{
	int64_t ns;

	if (__builtin_sub_overflow(later_ns, earlier_ns, &ns))
		return later_ns < earlier_ns ? -INT64_MAX : INT64_MAX;
	return ns == INT64_MIN ? -INT64_MAX : ns;
}

void wt_lead_compare(struct wt_lead *lead, struct wt_arrivals *other, uint64_t first, uint64_t end,
                     int64_t stamp_ns, int sign)
{
	uint64_t at;

	if (first >= wt_arrivals_next(other))
		return;
	if (first < other->first)
		first = other->first;
	at = find_near(other, first);
	while (first < end && at < other->count) {
		const struct wt_accepted *entry = slot_of(other, at);
		uint64_t to = entry->end < end ? entry->end : end;

		other->cursor = at;
		if (entry->stamp_ns != INT64_MIN && first < to)
			count(lead, sign * difference(stamp_ns, entry->stamp_ns), to - first);
		first = to;
		at++;
	}
}

static int64_t within(const struct wt_lead *lead, int64_t ns)
{
	if (ns < lead->least_ns)
		return lead->least_ns;
	return ns > lead->most_ns ? lead->most_ns : ns;
}

int64_t wt_lead_quantile(const struct wt_lead *lead, double q)
{
	uint64_t total = lead->won_a + lead->won_b + lead->tied;
	uint64_t wanted = (uint64_t)(q * (double)total + 0.5);
	uint64_t seen = 0;

	if (!total || wanted == 0)
		return total ? lead->least_ns : 0;
	if (wanted >= total)
		return lead->most_ns;
	for (unsigned i = WT_LEAD_CLASSES; i-- > 0;) {
		seen += lead->b_first[i];
		if (seen >= wanted)
			/* the value of its class nearest to 0 */
			return within(lead, i ? -(end_of(i - 1) + 1) : 0);
	}
	for (unsigned i = 0; i < WT_LEAD_CLASSES; i++) {
		seen += lead->a_first[i];
		if (seen >= wanted)
			return within(lead, end_of(i));
	}
	return lead->most_ns;
}
