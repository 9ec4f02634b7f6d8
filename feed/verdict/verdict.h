/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_VERDICT_VERDICT_H
#define WIRETAPE_FEED_VERDICT_VERDICT_H

/* Decides whose loss a gap is, from the losses at each place and who else has the numbers.
 *
 * Pure; any thread. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/feed.h>

/* Window between two stored packets of an interface: after the first, up to and including the
 * second. Orders count from 1; stamps are the two packets'. */
struct wt_loss_window {
	uint32_t interface;
	uint64_t after, before;
	int64_t after_ns, before_ns;
};

enum {
	WT_NIC_COUNTERS_MAX = 16,
	WT_LOSS_WHY_BYTES = 96,
};

/* Losses in a window. */
struct wt_loss {
	bool known; /* false: `why` gives the reason */
	char why[WT_LOSS_WHY_BYTES];
	uint64_t ring;     /* packets dropped by the ring and not yet claimed by a gap */
	uint64_t ring_all; /* claimed ones too */
	uint64_t writer;   /* packets seen and not written, or in a hole of known size */
	bool has_nic;      /* the window lies between two looks at the NIC */
	uint64_t nic;      /* packets, by the difference of the loss counters */
	uint64_t nic_moved[WT_NIC_COUNTERS_MAX]; /* each counter's; see loss_log.h for names */
	int64_t nic_from_ns, nic_to_ns;          /* when the two looks were */
};

/* Ask for the losses in a window. `claim` takes this many of its dropped packets, so that no other
 * gap gets them; *loss is as before that. */
typedef void wt_loss_between(void *context, const struct wt_loss_window *window, uint64_t claim,
                             struct wt_loss *loss);

/* A gap at the end of its time. Counts of numbers. */
struct wt_verdict_case {
	uint64_t skipped;        /* the gap */
	uint64_t in_time;        /* of it: came on this stream, in time */
	uint64_t other_has;      /* of the others: another side had them by then */
	uint64_t other_lacks;    /* another side, without losses of our own, lacks them too */
	bool other_is_silent;    /* there is another side, without evidence about these */
	bool has_other;          /* there is another side */
	uint32_t most_in_packet; /* most numbers in a packet of the stream, not 0 */
	bool backward;           /* stamps ran backwards across it */
	bool no_window;          /* before the start, or across unrecorded time */
	struct wt_loss loss;
};

/* The verdict, and the numbers by cause: they add up to skipped - in_time, or for
 * WT_VERDICT_LATE to 0. */
struct wt_verdict_result {
	enum wt_verdict verdict;
	uint64_t ring, writer, nic, line, upstream, unknown;
	uint64_t packets_needed; /* at least, by most_in_packet */
	uint64_t ring_claim;     /* dropped packets that explain `ring` */
};
void wt_verdict_find(const struct wt_verdict_case *gap, struct wt_verdict_result *result);

#endif
