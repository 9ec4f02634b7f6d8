/* SPDX-License-Identifier: BSD-2-Clause */
#include "gap_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Parts for each gap, on average: most gaps are one. */
enum {
	PARTS_EACH = 4,
	PARTS_FOR_A_CUT = 2,
};

int wt_gap_table_init(struct wt_gap_table *table, uint32_t max)
{
	*table = (struct wt_gap_table){.max = max,
	                               .free_gaps = WT_GAP_NONE,
	                               .free_parts = WT_GAP_NONE,
	                               .oldest = WT_GAP_NONE,
	                               .newest = WT_GAP_NONE,
	                               .free_part_count = max * PARTS_EACH};
	table->gaps = calloc(max, sizeof(*table->gaps));
	table->parts = calloc((size_t)max * PARTS_EACH, sizeof(*table->parts));
	table->heap = calloc(max, sizeof(*table->heap));
	if (table->gaps && table->parts && table->heap)
		return 0;
	wt_gap_table_fini(table);
	return -ENOMEM;
}

void wt_gap_table_fini(struct wt_gap_table *table)
{
	free(table->gaps);
	free(table->parts);
	free(table->heap);
	*table = (struct wt_gap_table){0};
}

static bool is_due_before(const struct wt_gap *a, const struct wt_gap *b)
{
	if (a->due_ns != b->due_ns)
		return a->due_ns < b->due_ns;
	/* A pair settles first: its verdict needs the gaps that its sides still have. */
	if (a->is_pair != b->is_pair)
		return a->is_pair;
	if (a->owner != b->owner)
		return a->owner < b->owner;
	return a->first < b->first;
}

static void put(struct wt_gap_table *table, uint32_t place, uint32_t gap)
{
	table->heap[place] = gap;
	table->gaps[gap].place = place;
}

static void move_up(struct wt_gap_table *table, uint32_t place)
{
	uint32_t gap = table->heap[place];

	while (place) {
		uint32_t parent = (place - 1) / 2;

		if (!is_due_before(&table->gaps[gap], &table->gaps[table->heap[parent]]))
			break;
		put(table, place, table->heap[parent]);
		place = parent;
	}
	put(table, place, gap);
}

static void move_down(struct wt_gap_table *table, uint32_t place)
{
	uint32_t gap = table->heap[place];

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= table->heap_count)
			break;
		if (child + 1 < table->heap_count &&
		    is_due_before(&table->gaps[table->heap[child + 1]],
		                  &table->gaps[table->heap[child]]))
			child++;
		if (!is_due_before(&table->gaps[table->heap[child]], &table->gaps[gap]))
			break;
		put(table, place, table->heap[child]);
		place = child;
	}
	put(table, place, gap);
}

static void add_due(struct wt_gap_table *table, uint32_t gap)
{
	put(table, table->heap_count++, gap);
	move_up(table, table->heap_count - 1);
}

static void remove_due(struct wt_gap_table *table, uint32_t gap)
{
	uint32_t place = table->gaps[gap].place;
	uint32_t last = table->heap[--table->heap_count];

	table->gaps[gap].place = WT_GAP_NONE;
	if (last == gap)
		return;
	put(table, place, last);
	move_up(table, place);
	move_down(table, table->gaps[last].place);
}

static void remove_resting(struct wt_gap_table *table, const struct wt_gap *gap)
{
	*(gap->older == WT_GAP_NONE ? &table->oldest : &table->gaps[gap->older].newer) = gap->newer;
	*(gap->newer == WT_GAP_NONE ? &table->newest : &table->gaps[gap->newer].older) = gap->older;
}

static uint32_t take_part(struct wt_gap_table *table, uint64_t first, uint64_t end, uint8_t flags,
                          uint32_t next)
{
	uint32_t part = table->free_parts;

	if (part == WT_GAP_NONE)
		part = table->parts_used++;
	else
		table->free_parts = table->parts[part].next;
	table->free_part_count--;
	table->parts[part] = (struct wt_gap_part){first, end, next, flags};
	return part;
}

static void free_part(struct wt_gap_table *table, uint32_t part)
{
	table->parts[part].next = table->free_parts;
	table->free_parts = part;
	table->free_part_count++;
}

static void link_on_top(struct wt_gap_table *table, struct wt_gap_list *list, uint32_t at)
{
	struct wt_gap *gap = &table->gaps[at];

	gap->above = WT_GAP_NONE;
	gap->below = list->highest;
	*(list->highest == WT_GAP_NONE ? &list->lowest : &table->gaps[list->highest].above) = at;
	list->highest = at;
	list->count++;
}

uint32_t wt_gap_table_add(struct wt_gap_table *table, struct wt_gap_list *list,
                          const struct wt_gap *gap)
{
	uint32_t at = table->free_gaps;
	struct wt_gap *made;

	assert(gap->first < gap->end);
	if (!table->free_part_count || (at == WT_GAP_NONE && table->gaps_used == table->max))
		return WT_GAP_NONE;
	if (at == WT_GAP_NONE)
		at = table->gaps_used++;
	else
		table->free_gaps = table->gaps[at].above;
	made = &table->gaps[at];
	*made = *gap;
	made->missing = gap->end - gap->first;
	made->parts = take_part(table, gap->first, gap->end, 0, WT_GAP_NONE);
	made->part_count = 1;
	link_on_top(table, list, at);
	add_due(table, at);
	return at;
}

void wt_gap_table_remove(struct wt_gap_table *table, struct wt_gap_list *list, uint32_t at)
{
	struct wt_gap *gap = &table->gaps[at];

	if (gap->place != WT_GAP_NONE)
		remove_due(table, at);
	else
		remove_resting(table, gap);
	if (gap->missing && gap->end > list->floor)
		list->floor = gap->end;
	*(gap->above == WT_GAP_NONE ? &list->highest : &table->gaps[gap->above].below) = gap->below;
	*(gap->below == WT_GAP_NONE ? &list->lowest : &table->gaps[gap->below].above) = gap->above;
	list->count--;
	while (gap->parts != WT_GAP_NONE) {
		uint32_t part = gap->parts;

		gap->parts = table->parts[part].next;
		free_part(table, part);
	}
	gap->above = table->free_gaps;
	table->free_gaps = at;
}

uint32_t wt_gap_table_first_due(const struct wt_gap_table *table)
{
	return table->heap_count ? table->heap[0] : WT_GAP_NONE;
}

void wt_gap_table_rest(struct wt_gap_table *table, uint32_t at)
{
	struct wt_gap *gap = &table->gaps[at];

	assert(gap->place != WT_GAP_NONE);
	remove_due(table, at);
	gap->older = table->newest;
	gap->newer = WT_GAP_NONE;
	*(table->newest == WT_GAP_NONE ? &table->oldest : &table->gaps[table->newest].newer) = at;
	table->newest = at;
}

void wt_gap_table_wake(struct wt_gap_table *table, uint32_t at, int64_t due_ns)
{
	assert(table->gaps[at].place == WT_GAP_NONE);
	remove_resting(table, &table->gaps[at]);
	table->gaps[at].due_ns = due_ns;
	add_due(table, at);
}

static bool has_room_for_a_cut(const struct wt_gap_table *table, const struct wt_gap *gap)
{
	return table->free_part_count >= PARTS_FOR_A_CUT &&
	       gap->part_count + PARTS_FOR_A_CUT <= WT_GAP_PARTS_MAX;
}

/* Split the part that a number lies inside, so that the number begins one. */
static void cut_at(struct wt_gap_table *table, struct wt_gap *gap, uint64_t number)
{
	for (uint32_t at = gap->parts; at != WT_GAP_NONE; at = table->parts[at].next) {
		struct wt_gap_part *part = &table->parts[at];

		if (part->first >= number)
			return;
		if (number < part->end) {
			part->next = take_part(table, number, part->end, part->flags, part->next);
			part->end = number;
			gap->part_count++;
			return;
		}
	}
}

static int cut_out(struct wt_gap_table *table, struct wt_gap *gap, uint64_t first, uint64_t end)
{
	if (!has_room_for_a_cut(table, gap))
		return -ENOSPC;
	cut_at(table, gap, first);
	cut_at(table, gap, end);
	return 0;
}

static void count_change(const struct wt_gap_part *part, uint8_t flags,
                         struct wt_gap_change *change)
{
	change->numbers += part->end - part->first;
	if (part->flags & flags)
		change->flagged += part->end - part->first;
}

int wt_gap_table_flag(struct wt_gap_table *table, uint32_t at, uint64_t first, uint64_t end,
                      uint8_t flags, uint8_t had, struct wt_gap_change *change)
{
	struct wt_gap *gap = &table->gaps[at];
	int rc = cut_out(table, gap, first, end);

	*change = (struct wt_gap_change){0};
	if (rc)
		return rc;
	for (uint32_t i = gap->parts; i != WT_GAP_NONE; i = table->parts[i].next) {
		struct wt_gap_part *part = &table->parts[i];

		if (part->first < first || part->end > end)
			continue;
		count_change(part, had, change);
		if (!(part->flags & had))
			part->flags |= flags;
	}
	return 0;
}

int wt_gap_table_fill(struct wt_gap_table *table, uint32_t at, uint64_t first, uint64_t end,
                      uint8_t had, struct wt_gap_change *change)
{
	struct wt_gap *gap = &table->gaps[at];
	int rc = cut_out(table, gap, first, end);
	uint32_t *link = &gap->parts;

	*change = (struct wt_gap_change){0};
	while (!rc && *link != WT_GAP_NONE) {
		uint32_t i = *link;
		struct wt_gap_part *part = &table->parts[i];

		if (part->first < first || part->end > end) {
			link = &part->next;
			continue;
		}
		count_change(part, had, change);
		*link = part->next;
		free_part(table, i);
		gap->part_count--;
	}
	gap->missing -= change->numbers;
	return rc;
}

uint64_t wt_gap_table_count(const struct wt_gap_table *table, uint32_t at, uint8_t any,
                            uint8_t without)
{
	uint64_t count = 0;

	for (uint32_t i = table->gaps[at].parts; i != WT_GAP_NONE; i = table->parts[i].next) {
		const struct wt_gap_part *part = &table->parts[i];

		if ((!any || part->flags & any) && !(part->flags & without))
			count += part->end - part->first;
	}
	return count;
}

void wt_gap_table_flagged(const struct wt_gap_table *table, uint32_t at, uint8_t flag,
                          struct wt_gap_recovered *found)
{
	*found = (struct wt_gap_recovered){0};
	for (uint32_t i = table->gaps[at].parts; i != WT_GAP_NONE; i = table->parts[i].next) {
		const struct wt_gap_part *part = &table->parts[i];

		if (!(part->flags & flag))
			continue;
		if (!found->count)
			found->first = part->first;
		found->end = part->end;
		found->count += part->end - part->first;
	}
}

void wt_gap_table_fill_flagged(struct wt_gap_table *table, uint32_t at, uint8_t flag)
{
	struct wt_gap *gap = &table->gaps[at];
	uint32_t *link = &gap->parts;

	while (*link != WT_GAP_NONE) {
		uint32_t i = *link;
		struct wt_gap_part *part = &table->parts[i];

		if (!(part->flags & flag)) {
			link = &part->next;
			continue;
		}
		gap->missing -= part->end - part->first;
		gap->part_count--;
		*link = part->next;
		free_part(table, i);
	}
}
