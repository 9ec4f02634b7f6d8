/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/channel/gap_table.h>

#include <errno.h>

#include "support/unit.h"

struct all {
	struct wt_gap_table table;
	struct wt_gap_list list;
};

static struct all *new_table(uint32_t max)
{
	static struct all all;

	cr_assert_eq(wt_gap_table_init(&all.table, max), 0);
	wt_gap_list_init(&all.list);
	return &all;
}

static uint32_t add(struct all *all, uint64_t first, uint64_t end, int64_t due_ns)
{
	struct wt_gap gap = {.first = first, .end = end, .due_ns = due_ns};

	return wt_gap_table_add(&all->table, &all->list, &gap);
}

Test(gap_table, those_due_first_come_first_whenever_they_were_added)
{
	struct all *all = new_table(64);

	for (uint64_t i = 0; i < 64; i++)
		add(all, 10 * i, 10 * i + 5, (int64_t)(i * 37 % 64));
	cr_expect_eq(add(all, 1000, 1001, 0), WT_GAP_NONE, "it is full");
	for (int64_t due_ns = 0; due_ns < 64; due_ns++) {
		uint32_t gap = wt_gap_table_first_due(&all->table);

		cr_assert_eq(wt_gap_at(&all->table, gap)->due_ns, due_ns);
		wt_gap_table_rest(&all->table, gap);
		if (due_ns % 2)
			wt_gap_table_remove(&all->table, &all->list, gap);
	}
	cr_expect_eq(wt_gap_table_first_due(&all->table), WT_GAP_NONE);
	cr_expect_eq(wt_gap_at(&all->table, all->table.oldest)->due_ns, 0);
	cr_expect_eq(all->list.count, 32);
	cr_expect_neq(add(all, 1000, 1001, 0), WT_GAP_NONE, "there is room again");
	wt_gap_table_fini(&all->table);
}

Test(gap_table, numbers_are_filled_and_flagged_in_parts)
{
	struct all *all = new_table(4);
	uint32_t gap = add(all, 10, 20, 0);
	struct wt_gap_change change;

	cr_assert_eq(wt_gap_table_flag(&all->table, gap, 12, 15, WT_PART_R, 0, &change), 0);
	cr_expect_eq(change.numbers, 3);
	cr_expect_eq(change.flagged, 0);
	cr_assert_eq(wt_gap_table_flag(&all->table, gap, 0, 13, WT_PART_R, WT_PART_R, &change), 0);
	cr_expect_eq(change.numbers, 3);
	cr_expect_eq(change.flagged, 1);
	cr_assert_eq(wt_gap_table_fill(&all->table, gap, 14, 16, WT_PART_R, &change), 0);
	cr_expect_eq(change.numbers, 2);
	cr_expect_eq(change.flagged, 1);
	cr_expect_eq(wt_gap_at(&all->table, gap)->missing, 8);
	cr_expect_eq(wt_gap_table_count(&all->table, gap, WT_PART_R, 0), 4);
	cr_expect_eq(wt_gap_table_count(&all->table, gap, 0, WT_PART_R), 4);
	cr_assert_eq(wt_gap_table_fill(&all->table, gap, 0, UINT64_MAX, 0, &change), 0);
	cr_expect_eq(change.numbers, 8);
	cr_expect_eq(wt_gap_at(&all->table, gap)->missing, 0);
	cr_expect_eq(wt_gap_at(&all->table, gap)->part_count, 0);
	wt_gap_table_fini(&all->table);
}

Test(gap_table, a_gap_in_too_many_parts_says_so)
{
	struct all *all = new_table(1000);
	uint32_t gap = add(all, 0, 100000, 0);
	struct wt_gap_change change;
	uint64_t n = 0;

	while (wt_gap_table_fill(&all->table, gap, n, n + 1, 0, &change) == 0)
		n += 2;
	cr_expect_eq(wt_gap_at(&all->table, gap)->missing, 100000 - n / 2, "nothing has changed");
	cr_expect_leq(wt_gap_at(&all->table, gap)->part_count, WT_GAP_PARTS_MAX);
	wt_gap_table_remove(&all->table, &all->list, gap);
	cr_expect_eq(all->table.free_part_count, 4000);
	cr_expect_eq(all->list.floor, 100000);
	wt_gap_table_fini(&all->table);
}

Test(gap_table, what_was_woken_is_due_again)
{
	struct all *all = new_table(8);
	uint32_t one = add(all, 0, 1, 10), two = add(all, 5, 6, 20);

	wt_gap_table_rest(&all->table, one);
	cr_expect_eq(wt_gap_table_first_due(&all->table), two);
	wt_gap_table_wake(&all->table, one, 15);
	cr_expect_eq(wt_gap_table_first_due(&all->table), one);
	cr_expect_eq(all->table.oldest, WT_GAP_NONE);
	wt_gap_table_remove(&all->table, &all->list, one);
	cr_expect_eq(wt_gap_table_first_due(&all->table), two);
	wt_gap_table_fini(&all->table);
}
