/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_LOAD_FEED_FAULT_H
#define WIRETAPE_FEED_LOAD_FEED_FAULT_H

/* Chooses the packets of a load (feed_load.h) that get a fault, as people write it:
 *
 *     [SIDE:]RANGES     100-109,500     numbers, of all sides or of one
 *     [SIDE:]1/N                        one packet in N, at random
 *
 * Pure, but for memory; one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/feed/spec/feed_spec.h>

enum wt_feed_fault {
	WT_FAULT_SKIP,      /* is not sent */
	WT_FAULT_DUPLICATE, /* is sent twice */
	WT_FAULT_REORDER,   /* is sent later, by `reorder_by` packets of its stream */
	WT_FAULTS
};

/* Numbers first to last. */
struct wt_feed_range {
	uint64_t first, last;
};

/* Packets with these numbers, and one in `one_in`. */
struct wt_feed_choice {
	struct wt_feed_range *ranges; /* in order, apart */
	size_t count;
	uint64_t one_in; /* 0: none */
};

enum { WT_FEED_ALL_SIDES = WT_FEED_SIDES, WT_FEED_RANGES_MAX = 65536 };

/* Zero is none. */
struct wt_feed_faults {
	struct wt_feed_choice of[WT_FAULTS][WT_FEED_SIDES + 1]; /* by side; the last: all of them */
	uint32_t reorder_by;                                    /* [3] */
};

/* Add a text's choice; for WT_FAULT_REORDER it may end in ",by=K". 0, -EINVAL, -ENOMEM. */
int wt_feed_faults_add(struct wt_feed_faults *faults, enum wt_feed_fault fault, const char *text,
                       struct wt_error *err);
void wt_feed_faults_free(struct wt_feed_faults *faults);

/* Whether a packet with this number is chosen; `dice` is the packet's own random number. */
bool wt_feed_choice_has(const struct wt_feed_choice *choice, uint64_t number, uint64_t dice);

/* First number after `number` that the ranges treat otherwise; UINT64_MAX: none. */
uint64_t wt_feed_choice_edge(const struct wt_feed_choice *choice, uint64_t number);

/* Whether the ranges contain a number. */
bool wt_feed_choice_ranges_have(const struct wt_feed_choice *choice, uint64_t number);

#endif
