/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_CHANNEL_GAP_TABLE_H
#define WIRETAPE_FEED_CHANNEL_GAP_TABLE_H

/* Keeps gaps that wait for their verdict or for late numbers, in a fixed amount of memory:
 * the missing numbers of each, who else has them, and which gap is due next.
 *
 * Gaps are known by number, WT_GAP_NONE being none. One thread at a time. Not installed. */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/verdict/feed_event.h>

enum {
	WT_GAP_LIST_MAX = 1024, /* gaps remembered per stream or pair */
	WT_GAP_PARTS_MAX = 256, /* of one gap */
};
#define WT_GAP_NONE UINT32_MAX

/* Flags of missing numbers. */
enum {
	WT_PART_OTHER = 1,       /* another side had them in time */
	WT_PART_R = 2,           /* the retransmissions had them in time */
	WT_PART_LACKS = 4,       /* another side, without losses of our own, lacks them too */
	WT_PART_KNOWN = 8,       /* another side is known to lack them */
	WT_PART_CAME_LATER = 16, /* came after the gap's time and before it settled */
	WT_PART_OTHER_LATER = 32,
	WT_PART_R_LATER = 64,
};

/* Numbers first .. end - 1 of a gap. */
struct wt_gap_part {
	uint64_t first, end;
	uint32_t next; /* ascending */
	uint8_t flags;
};

/* Numbers that came after the gap had settled, until they are reported together. */
struct wt_gap_recovered {
	uint64_t count, first, end;
	int64_t last_ns;
	enum wt_feed_by by;
};

struct wt_gap {
	uint64_t first, end;
	uint64_t missing; /* numbers of all parts */
	int64_t after_ns, before_ns;
	uint64_t after_order, before_order;
	int64_t due_ns;
	int64_t came_ns[WT_BY_R + 1]; /* stamp of the last to come, by source */
	int64_t later_ns[WT_BY_R +
	                 1]; /* of the last to come after the gap's time, before it settled */
	struct wt_gap_recovered recovered;
	uint32_t owner;      /* a stream's number, or a pair's */
	uint32_t number;     /* of its event; 0: not settled */
	uint64_t ring_share; /* of the ring's drops, where they are too few for all gaps open at
	                      * once; 0: not looked at yet */
	uint32_t most_in_packet;
	uint32_t parts, part_count;
	uint32_t above, below; /* of the same owner */
	uint32_t place;        /* in the heap; WT_GAP_NONE: it is not due */
	uint32_t older, newer; /* of those that have settled */
	bool is_pair, backward, settled;
};

/* The gaps of an owner, the highest first. */
struct wt_gap_list {
	uint32_t highest, lowest, count;
	uint64_t floor; /* nothing is known below: gaps there were forgotten */
};

struct wt_gap_table {
	struct wt_gap *gaps;
	struct wt_gap_part *parts;
	uint32_t *heap;
	uint32_t max, heap_count, free_part_count;
	uint32_t free_gaps, free_parts; /* free lists of used entries */
	uint32_t gaps_used, parts_used; /* entries from here on are unused */
	uint32_t oldest, newest;        /* that have settled and are not due */
};

int wt_gap_table_init(struct wt_gap_table *table, uint32_t max);
void wt_gap_table_fini(struct wt_gap_table *table);

/* Add an entry for numbers first .. end - 1 at the top of a list, due at *gap->due_ns; the caller
 * fills in the rest before. WT_GAP_NONE if there is no room. */
uint32_t wt_gap_table_add(struct wt_gap_table *table, struct wt_gap_list *list,
                          const struct wt_gap *gap);
void wt_gap_table_remove(struct wt_gap_table *table, struct wt_gap_list *list, uint32_t gap);

/* The gap due first, or WT_GAP_NONE. Ties go by owner, so that the order of adding does not
 * matter. */
uint32_t wt_gap_table_first_due(const struct wt_gap_table *table);
/* Rest a gap: it is no longer due, and queues to be forgotten when room is needed. */
void wt_gap_table_rest(struct wt_gap_table *table, uint32_t gap);
/* Make a resting gap due again. */
void wt_gap_table_wake(struct wt_gap_table *table, uint32_t gap, int64_t due_ns);

/* Counts of a gap's numbers in a change. */
struct wt_gap_change {
	uint64_t numbers; /* that were missing */
	uint64_t flagged; /* of those: had one of the flags `had` */
};

/* Set flags on the missing ones of numbers first .. end - 1, except those that had one of `had`;
 * *change counts both. 0, or -ENOSPC without a change: the gap is in too many parts. */
int wt_gap_table_flag(struct wt_gap_table *table, uint32_t gap, uint64_t first, uint64_t end,
                      uint8_t flags, uint8_t had, struct wt_gap_change *change);
/* Fill the missing ones of numbers first .. end - 1. Returns as wt_gap_table_flag(). */
int wt_gap_table_fill(struct wt_gap_table *table, uint32_t gap, uint64_t first, uint64_t end,
                      uint8_t had, struct wt_gap_change *change);

/* Count a gap's missing numbers that have one of `any` (0: all) and none of `without`. */
uint64_t wt_gap_table_count(const struct wt_gap_table *table, uint32_t gap, uint8_t any,
                            uint8_t without);

/* Find how many missing numbers have a flag, and the range that they lie in. */
void wt_gap_table_flagged(const struct wt_gap_table *table, uint32_t gap, uint8_t flag,
                          struct wt_gap_recovered *found);
/* Fill the missing numbers that have a flag. */
void wt_gap_table_fill_flagged(struct wt_gap_table *table, uint32_t gap, uint8_t flag);

static inline struct wt_gap *wt_gap_at(const struct wt_gap_table *table, uint32_t gap)
{
	assert(gap < table->gaps_used);
	return &table->gaps[gap];
}

static inline const struct wt_gap_part *wt_gap_part_at(const struct wt_gap_table *table,
                                                       uint32_t part)
{
	return &table->parts[part];
}

static inline void wt_gap_list_init(struct wt_gap_list *list)
{
	*list = (struct wt_gap_list){.highest = WT_GAP_NONE, .lowest = WT_GAP_NONE};
}

#endif
