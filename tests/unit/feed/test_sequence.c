/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <wiretape/feed/stream/sequence.h>

#include "support/unit.h"

static struct wt_sequence tracker;

static int try_to_add(uint64_t first, uint64_t count)
{
	struct wt_sequence_change change;

	return wt_sequence_change(&tracker, first, count, 0, &change);
}

static void add(uint64_t first, uint64_t count)
{
	cr_assert_eq(try_to_add(first, count), 0);
}

static void expect_counts(uint64_t received, uint64_t missing, uint64_t gaps, uint64_t duplicates,
                          uint64_t reordered, uint64_t too_late)
{
	cr_expect_eq(tracker.received, received, "received %zu", (size_t)tracker.received);
	cr_expect_eq(tracker.missing, missing, "missing %zu", (size_t)tracker.missing);
	cr_expect_eq(tracker.gaps, gaps, "gaps %zu", (size_t)tracker.gaps);
	cr_expect_eq(tracker.duplicates, duplicates, "duplicates %zu", (size_t)tracker.duplicates);
	cr_expect_eq(tracker.reordered, reordered, "reordered %zu", (size_t)tracker.reordered);
	cr_expect_eq(tracker.too_late, too_late, "too late %zu", (size_t)tracker.too_late);
	cr_expect_eq(tracker.received + tracker.missing, tracker.next - tracker.first);
}

static void init(void)
{
	wt_sequence_init(&tracker);
}

TestSuite(sequence, .init = init);

Test(sequence, nothing_is_counted_at_first)
{
	expect_counts(0, 0, 0, 0, 0, 0);
}

Test(sequence, begins_at_the_first_number_whatever_it_is)
{
	add(1000, 1);
	add(1001, 3);
	expect_counts(4, 0, 0, 0, 0, 0);
	cr_expect_eq(tracker.first, 1000);
	cr_expect_eq(tracker.next, 1004);
}

Test(sequence, skipped_numbers_are_missing_in_one_gap)
{
	add(1, 1);
	add(5, 2);
	expect_counts(3, 3, 1, 0, 0, 0);
}

Test(sequence, late_numbers_fill_their_gap_from_either_end_and_the_middle)
{
	add(1, 1);
	add(7, 1);
	add(4, 1);
	expect_counts(3, 4, 1, 0, 1, 0);
	cr_expect_eq(tracker.open_gaps, 2);
	add(2, 1);
	add(6, 1);
	add(3, 1);
	add(5, 1);
	expect_counts(7, 0, 1, 0, 5, 0);
	cr_expect_eq(tracker.open_gaps, 0);
}

Test(sequence, numbers_seen_before_are_duplicates)
{
	add(1, 10);
	add(4, 3);
	expect_counts(10, 0, 0, 3, 0, 0);
}

Test(sequence, one_packet_can_repeat_fill_and_go_on)
{
	add(1, 2);
	add(5, 1);
	add(8, 1);
	/* 2 again, 3 4 late, 5 again, 6 7 late, 8 again, 9 new */
	add(2, 8);
	expect_counts(9, 0, 2, 3, 4, 0);
}

Test(sequence, numbers_next_to_a_gap_are_not_lacking)
{
	add(1, 1);
	add(5, 1);
	cr_expect_eq(wt_sequence_lacks(&tracker, 1, 2, NULL), 0);
	cr_expect_eq(wt_sequence_lacks(&tracker, 5, 9, NULL), 0);
	cr_expect_eq(wt_sequence_lacks(&tracker, 4, 9, NULL), 1);
}

Test(sequence, heartbeat_shows_what_is_missing_before_it)
{
	add(1, 1);
	add(2, 0);
	expect_counts(1, 0, 0, 0, 0, 0);
	add(5, 0);
	expect_counts(1, 3, 1, 0, 0, 0);
	add(5, 1);
	expect_counts(2, 3, 1, 0, 0, 0);
}

Test(sequence, heartbeat_can_begin_a_stream)
{
	add(7, 0);
	add(7, 1);
	expect_counts(1, 0, 0, 0, 0, 0);
	cr_expect_eq(tracker.first, 7);
}

Test(sequence, old_heartbeat_changes_nothing)
{
	add(5, 5);
	add(6, 0);
	add(1, 0);
	expect_counts(5, 0, 0, 0, 0, 0);
}

Test(sequence, numbers_before_the_beginning_are_too_late)
{
	add(10, 1);
	add(8, 2);
	expect_counts(1, 0, 0, 0, 0, 2);
	add(9, 3);
	expect_counts(2, 0, 0, 1, 0, 3);
}

/* Leave `gaps` gaps of two numbers: 2 3, 5 6, 8 9 … */
static void open_gaps(uint64_t gaps)
{
	for (uint64_t i = 0; i <= gaps; i++)
		add(1 + 3 * i, 1);
}

Test(sequence, oldest_gap_is_forgotten_when_one_too_many_opens)
{
	open_gaps(WT_SEQUENCE_GAPS + 1);
	cr_expect_eq(tracker.open_gaps, WT_SEQUENCE_GAPS);
	add(2, 1);
	expect_counts(18, 34, 17, 0, 0, 1);
	add(5, 1);
	expect_counts(19, 33, 17, 0, 1, 1);
}

Test(sequence, split_of_the_oldest_gap_keeps_its_newer_part)
{
	add(1, 1);
	add(5, 1);
	for (uint64_t i = 1; i < WT_SEQUENCE_GAPS; i++)
		add(5 + 2 * i, 1);
	cr_assert_eq(tracker.open_gaps, WT_SEQUENCE_GAPS);
	add(3, 1);
	cr_expect_eq(tracker.open_gaps, WT_SEQUENCE_GAPS);
	add(2, 1);
	cr_expect_eq(tracker.too_late, 1);
	add(4, 1);
	cr_expect_eq(tracker.reordered, 2);
}

Test(sequence, numbers_beyond_64_bits_are_refused_and_change_nothing)
{
	struct wt_sequence before;

	add(1, 1);
	before = tracker;
	cr_assert_eq(try_to_add(UINT64_MAX, 1), -ERANGE);
	cr_assert_eq(try_to_add(2, UINT64_MAX), -ERANGE);
	cr_assert_eq(memcmp(&before, &tracker, sizeof(before)), 0);
}

Test(sequence, largest_jump_is_counted)
{
	add(1, 1);
	add(UINT64_MAX - 1, 1);
	expect_counts(2, UINT64_MAX - 3, 1, 0, 0, 0);
	add(2, UINT64_MAX - 3);
	expect_counts(UINT64_MAX - 1, 0, 1, 0, UINT64_MAX - 3, 0);
}

/* The same, told number by number, with unlimited memory. */
enum { MODEL_NUMBERS = 400 };
struct model {
	bool seen[MODEL_NUMBERS];
	uint64_t next, received, duplicates, reordered;
};

static void model_add(struct model *model, uint64_t first, uint64_t count)
{
	for (uint64_t number = first; number < first + count; number++) {
		if (model->seen[number])
			model->duplicates++;
		else
			model->received++;
		if (!model->seen[number] && number < model->next)
			model->reordered++;
		model->seen[number] = true;
		if (number >= model->next)
			model->next = number + 1;
	}
}

static uint32_t random_below(uint32_t *state, uint32_t limit)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % limit;
}

/* Any order that never leaves more than WT_SEQUENCE_GAPS gaps agrees exactly. */
Test(sequence, counts_equal_those_of_unlimited_memory_while_gaps_are_few)
{
	for (uint32_t seed = 0; seed < 2000; seed++) {
		struct model model = {.next = 0};
		uint32_t state = seed;

		wt_sequence_init(&tracker);
		add(0, 1);
		model_add(&model, 0, 1);
		for (int step = 0; step < 60; step++) {
			uint64_t first = random_below(&state, MODEL_NUMBERS - 60);
			uint64_t count = random_below(&state, 60);

			if (!count || tracker.open_gaps + 1 >= WT_SEQUENCE_GAPS)
				continue;
			add(first, count);
			model_add(&model, first, count);
		}
		cr_assert_eq(tracker.received, model.received, "seed %u", seed);
		cr_assert_eq(tracker.duplicates, model.duplicates, "seed %u", seed);
		cr_assert_eq(tracker.reordered, model.reordered, "seed %u", seed);
		cr_assert_eq(tracker.missing, model.next - model.received, "seed %u", seed);
		cr_assert_eq(tracker.too_late, 0);
	}
}

/* With overflow, every arrival is still in exactly one count, and the gaps stay in
 * order above the floor. */
Test(sequence, books_close_when_gaps_overflow)
{
	for (uint32_t seed = 0; seed < 2000; seed++) {
		uint32_t state = seed;
		uint64_t arrivals = 0;

		wt_sequence_init(&tracker);
		for (int step = 0; step < 300; step++) {
			uint64_t count = random_below(&state, 4);

			add(random_below(&state, 500), count);
			arrivals += count;
		}
		cr_assert_eq(tracker.received + tracker.duplicates + tracker.too_late, arrivals);
		cr_assert_eq(tracker.received + tracker.missing, tracker.next - tracker.first);
		for (uint32_t i = 0; i < tracker.open_gaps; i++) {
			uint64_t below = i ? tracker.open[i - 1].end : tracker.floor;

			cr_assert_leq(below, tracker.open[i].first);
			cr_assert_lt(tracker.open[i].first, tracker.open[i].end);
		}
	}
}
