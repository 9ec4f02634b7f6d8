/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_CHANNEL_LEAD_H
#define WIRETAPE_FEED_CHANNEL_LEAD_H

/* Measures the lead of one side of a channel over the other: arrival times of a side's newest
 * numbers, and a histogram of signed times. The caller's memory; one thread. Not installed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WT_ARRIVALS_KEPT = 1024, /* packets of a side */
};
_Static_assert((WT_ARRIVALS_KEPT & (WT_ARRIVALS_KEPT - 1)) == 0, "% is a mask");

/* Numbers up to, and without, `end`, from the end of the one before on; INT64_MIN: did not come. */
struct wt_accepted {
	uint64_t end;
	int64_t stamp_ns;
};

/* Arrivals of a side. Zero-initialised: none yet. */
struct wt_arrivals {
	uint64_t begin, count;
	uint64_t first;  /* first number of the oldest entry */
	uint64_t cursor; /* the other side's last look-up */
	uint64_t unused[4];
	struct wt_accepted
	        list[WT_ARRIVALS_KEPT]; /* numbers begin .. count - 1, each in its slot */
};
_Static_assert(sizeof(struct wt_arrivals) % 64 == 0, "what all use is in one cache line");

void wt_arrivals_begin(struct wt_arrivals *arrivals, uint64_t first);

/* End of the newest entry. */
static inline uint64_t wt_arrivals_next(const struct wt_arrivals *arrivals)
{
	return arrivals->count == arrivals->begin
	               ? arrivals->first
	               : arrivals->list[(arrivals->count - 1) % WT_ARRIVALS_KEPT].end;
}

/* Append the numbers from the end of the newest entry up to `end`. */
static inline void wt_arrivals_add(struct wt_arrivals *arrivals, uint64_t end, int64_t stamp_ns)
{
	struct wt_accepted *slot = &arrivals->list[arrivals->count % WT_ARRIVALS_KEPT];

	/* The next one is likely not in the cache: the list goes round. */
	__builtin_prefetch(&arrivals->list[(arrivals->count + 4) % WT_ARRIVALS_KEPT], 1);
	if (arrivals->count - arrivals->begin == WT_ARRIVALS_KEPT) {
		arrivals->first = slot->end;
		arrivals->begin++;
	}
	slot->end = end;
	slot->stamp_ns = stamp_ns;
	arrivals->count++;
}

/* Note that missing numbers came. */
void wt_arrivals_fill(struct wt_arrivals *arrivals, uint64_t first, uint64_t end, int64_t stamp_ns);

/* Arrival time of the last of these numbers to come; INT64_MIN: none, or not known. */
int64_t wt_arrivals_last(struct wt_arrivals *arrivals, uint64_t first, uint64_t end);

/* Counts numbers by the first side and its lead. */
enum {
	WT_LEAD_SUB_BITS = 4, /* classes of 1/16 of their value */
	WT_LEAD_TOP_BIT = 41, /* 2^41 ns is 37 minutes; the last class has all above */
	WT_LEAD_CLASSES = (WT_LEAD_TOP_BIT - WT_LEAD_SUB_BITS + 1) << WT_LEAD_SUB_BITS,
};
struct wt_lead {
	uint64_t won_a, won_b, tied;
	int64_t least_ns, most_ns;         /* exact */
	uint64_t a_first[WT_LEAD_CLASSES]; /* also ties */
	uint64_t b_first[WT_LEAD_CLASSES];
};

/* Compare numbers first .. end - 1, which came on a side at this time, with those that came on the
 * other. `sign` is 1 if the other side is A, -1 if it is B. */
void wt_lead_compare(struct wt_lead *lead, struct wt_arrivals *other, uint64_t first, uint64_t end,
                     int64_t stamp_ns, int sign);

/* Signed time that a share of `q` of the numbers does not exceed. */
int64_t wt_lead_quantile(const struct wt_lead *lead, double q);

#endif
