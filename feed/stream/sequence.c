/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/sequence.h>

#include <errno.h>
#include <string.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void wt_sequence_init(struct wt_sequence *sequence)
{
	*sequence = (struct wt_sequence){0};
}

static void remove_gap(struct wt_sequence *sequence, uint32_t index)
{
	sequence->open_gaps--;
	memmove(&sequence->open[index], &sequence->open[index + 1],
	        (sequence->open_gaps - index) * sizeof(sequence->open[0]));
}

static void forget_oldest_gap(struct wt_sequence *sequence)
{
	sequence->floor = sequence->open[0].end;
	remove_gap(sequence, 0);
}

/* Remember a gap between those at index - 1 and index. */
static void insert_gap(struct wt_sequence *sequence, uint32_t index, uint64_t first, uint64_t end)
{
	if (sequence->open_gaps == WT_SEQUENCE_GAPS) {
		/* The new one is the oldest itself: nothing below its end is remembered. */
		if (!index) {
			sequence->floor = end;
			return;
		}
		forget_oldest_gap(sequence);
		index--;
	}
	memmove(&sequence->open[index + 1], &sequence->open[index],
	        (sequence->open_gaps - index) * sizeof(sequence->open[0]));
	sequence->open[index] = (struct wt_sequence_gap){first, end};
	sequence->open_gaps++;
}

static void skip_to(struct wt_sequence *sequence, uint64_t first)
{
	sequence->gaps++;
	sequence->missing += first - sequence->next;
	insert_gap(sequence, sequence->open_gaps, sequence->next, first);
	sequence->next = first;
}

/* Take first .. end - 1 out of the gap at `index`, of which they are part. */
static void fill(struct wt_sequence *sequence, uint32_t index, uint64_t first, uint64_t end)
{
	struct wt_sequence_gap *gap = &sequence->open[index];
	uint64_t below = gap->first;

	sequence->missing -= end - first;
	sequence->received += end - first;
	sequence->reordered += end - first;
	gap->first = end;
	if (gap->first == gap->end)
		remove_gap(sequence, index);
	if (below < first)
		insert_gap(sequence, index, below, first);
}

/* Numbers from the floor up to `next`: fill gaps, count the rest as duplicates. */
static void add_old(struct wt_sequence *sequence, uint64_t first, uint64_t end)
{
	uint64_t filled = 0;

	/* From the newest, so that what fill() inserts or forgets is below what is
	 * still to be looked at, or has been looked at. */
	for (uint32_t i = sequence->open_gaps; i-- > 0;) {
		uint64_t from = max_u64(first, sequence->open[i].first);
		uint64_t to = min_u64(end, sequence->open[i].end);

		if (from >= to)
			continue;
		filled += to - from;
		fill(sequence, i, from, to);
	}
	sequence->duplicates += end - first - filled;
}

static void start(struct wt_sequence *sequence, uint64_t first)
{
	sequence->started = 1;
	sequence->first = first;
	sequence->next = first;
	sequence->floor = first;
}

int wt_sequence_add(struct wt_sequence *sequence, uint64_t first, uint64_t count)
{
	uint64_t end, old_end;

	if (__builtin_add_overflow(first, count, &end))
		return -ERANGE;
	if (!sequence->started)
		start(sequence, first);
	if (first < sequence->floor) {
		uint64_t known = min_u64(end, sequence->floor);

		sequence->too_late += known - first;
		first = known;
	}
	old_end = min_u64(end, sequence->next);
	if (first < old_end) {
		add_old(sequence, first, old_end);
		first = old_end;
	}
	if (first > sequence->next)
		skip_to(sequence, first);
	if (end > sequence->next) {
		sequence->received += end - sequence->next;
		sequence->next = end;
	}
	return 0;
}

uint64_t wt_sequence_last(const struct wt_sequence *sequence)
{
	return sequence->next > sequence->first ? sequence->next - 1 : 0;
}
