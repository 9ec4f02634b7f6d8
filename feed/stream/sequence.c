/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/sequence.h>

#include <assert.h>
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
static void insert_gap(struct wt_sequence *sequence, uint32_t index, struct wt_sequence_gap gap)
{
	assert(index <= sequence->open_gaps);
	if (sequence->open_gaps == WT_SEQUENCE_GAPS) {
		/* The new one is the oldest itself: nothing below its end is remembered. */
		if (!index) {
			sequence->floor = gap.end;
			return;
		}
		forget_oldest_gap(sequence);
		index--;
	}
	memmove(&sequence->open[index + 1], &sequence->open[index],
	        (sequence->open_gaps - index) * sizeof(sequence->open[0]));
	sequence->open[index] = gap;
	sequence->open_gaps++;
}

static void skip_to(struct wt_sequence *sequence, uint64_t first, int64_t mark,
                    struct wt_sequence_change *change)
{
	struct wt_sequence_gap gap = {sequence->next, first, mark};

	sequence->gaps++;
	sequence->missing += first - sequence->next;
	insert_gap(sequence, sequence->open_gaps, gap);
	sequence->next = first;
	change->opened = gap;
}

/* Remove a piece from the gap at `index` that contains it. */
static void fill(struct wt_sequence *sequence, uint32_t index, struct wt_sequence_gap piece)
{
	struct wt_sequence_gap *gap = &sequence->open[index];
	struct wt_sequence_gap below = {gap->first, piece.first, gap->mark};
	uint64_t count = piece.end - piece.first;

	assert(piece.first >= gap->first && piece.end <= gap->end && piece.first < piece.end);
	sequence->missing -= count;
	sequence->received += count;
	sequence->reordered += count;
	gap->first = piece.end;
	if (gap->first == gap->end)
		remove_gap(sequence, index);
	if (below.first < below.end)
		insert_gap(sequence, index, below);
}

/* Numbers from the floor up to `next`: fill gaps, count the rest as duplicates. */
static void add_old(struct wt_sequence *sequence, uint64_t first, uint64_t end,
                    struct wt_sequence_change *change)
{
	uint64_t filled = 0;
	uint32_t index = sequence->open_gaps;

	change->filled_count = wt_sequence_lacks(sequence, first, end, change->filled);
	/* Start at the newest, so that fill() inserts or forgets nothing between here and the
	 * pieces still to be looked at. */
	for (uint32_t left = change->filled_count; left > 0; left--) {
		struct wt_sequence_gap piece = change->filled[left - 1];

		do
			index--;
		while (piece.first < sequence->open[index].first);
		filled += piece.end - piece.first;
		fill(sequence, index, piece);
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

int wt_sequence_change(struct wt_sequence *sequence, uint64_t first, uint64_t count, int64_t mark,
                       struct wt_sequence_change *change)
{
	uint64_t end, old_end;

	change->opened = (struct wt_sequence_gap){0};
	change->filled_count = 0;
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
		add_old(sequence, first, old_end, change);
		first = old_end;
	}
	if (first > sequence->next)
		skip_to(sequence, first, mark, change);
	if (end > sequence->next) {
		sequence->received += end - sequence->next;
		sequence->next = end;
	}
	assert(sequence->received + sequence->missing == sequence->next - sequence->first);
	return 0;
}

uint32_t wt_sequence_lacks(const struct wt_sequence *sequence, uint64_t first, uint64_t end,
                           struct wt_sequence_gap *pieces)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < sequence->open_gaps; i++) {
		const struct wt_sequence_gap *gap = &sequence->open[i];
		uint64_t from = max_u64(first, gap->first), to = min_u64(end, gap->end);

		if (from >= to)
			continue;
		if (pieces)
			pieces[count] = (struct wt_sequence_gap){from, to, gap->mark};
		count++;
	}
	return count;
}
