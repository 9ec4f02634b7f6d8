/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_COMPARE_COMPARE_PRIVATE_H
#define WIRETAPE_ARCHIVE_COMPARE_COMPARE_PRIVATE_H

/* State of matching, which timing reads. Not installed. */

#include <stddef.h>

#include <wiretape/archive/compare/compare.h>

#include "compare_hash.h"

enum {
	WT_COMPARE_MATCHED = 1, /* has arrived */
	WT_COMPARE_LATE = 2,    /* after a later one: reordered */
	WT_COMPARE_TIMED = 4,   /* time_ns is known */
	WT_COMPARE_FLAG_BITS = 3,
};

/* A packet of A. The hash's 122 bits are in `low`, in `rest` above the flags, and in the slot. */
struct wt_compare_entry {
	uint64_t low;
	/* Its stamp at A's speed; once matched, the difference from B's. */
	int64_t time_ns;
	/* Equal packets form a ring; this is the next one's number. */
	uint32_t next;
	uint32_t rest;
};

_Static_assert(sizeof(struct wt_compare_entry) == 24, "a packet's memory");

/* Slot of a ring: its last packet, whose next is the first unmatched one (itself, if there is only
 * one or all are matched). */
struct wt_compare_slot {
	uint32_t tag;
	uint32_t last; /* its number, 0: empty */
};

/* Times of a packet: sent, at A's speed, and received. */
struct wt_compare_moment {
	uint64_t number; /* 0: none */
	int64_t a_ns, b_ns;
};

struct wt_compare {
	struct wt_compare_config config;
	struct wt_compare_hash_key key;
	struct wt_compare_entry *entries; /* of packet number n: n - 1 */
	size_t entry_room;
	struct wt_compare_slot *slots;
	size_t slot_count; /* SLOTS_FIRST, doubled */
	size_t slots_used;
	struct wt_compare_side a, b;
	uint64_t matched;
	uint64_t highest; /* number of A that has arrived */
	uint64_t displacement;
	struct wt_compare_differences differences[WT_COMPARE_DIFFERENCES];
	int64_t origin_ns; /* A's first stamp, where its speed pivots */
	bool has_origin;
	struct wt_compare_moment first, last; /* by their number in A */
};

/* a - b, saturating. */
static inline int64_t wt_compare_minus(int64_t a, int64_t b)
{
	int64_t difference;

	if (!__builtin_sub_overflow(a, b, &difference))
		return difference;
	return a < b ? INT64_MIN : INT64_MAX;
}

/* Measure how exactly B kept A's times, after all matching. */
void wt_compare_time(const struct wt_compare *compare, struct wt_compare_timing *timing);

#endif
