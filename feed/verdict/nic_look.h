/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_VERDICT_NIC_LOOK_H
#define WIRETAPE_FEED_VERDICT_NIC_LOOK_H

/* A look at a NIC's loss counters, as a block of a tape (WT_PCAPNG_NIC_LOOK, docs/format.md): it
 * bounds, for later readers, the time in which a counter moved. The recorder writes the first one
 * as soon as it can, then one when a gap opens or counters have changed. A look that found no
 * interface records that: its losses meanwhile are not known.
 *
 * Pure functions; any thread. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/feed/verdict/verdict.h>

enum { WT_NIC_LOOK_BLOCK_BYTES = 1024 }; /* more than any block takes */

enum wt_nic_away {
	WT_NIC_HERE,
	WT_NIC_DOWN, /* it is down */
	WT_NIC_GONE, /* it is not there */
};

struct wt_nic_look {
	uint32_t interface_id; /* in the section */
	int64_t look_ns;       /* by the clock of the interface's stamps */
	enum wt_nic_away away; /* no counters unless WT_NIC_HERE */
	int64_t from, to; /* it was away between these packets of the interface, counted after the
	                   * block; before it, if negative */
	uint64_t counters[WT_NIC_COUNTERS_MAX]; /* in the order of wt_nic_loss_counters */
};

/* The whole block in the machine's byte order: the bytes written, or -ENOBUFS. `out` is aligned to
 * 4. */
ssize_t wt_nic_look_encode(uint8_t *out, size_t capacity, const struct wt_nic_look *look);

/* Reason why losses meanwhile are not known, a static text; NULL: it is there. */
const char *wt_nic_away_text(enum wt_nic_away away);

/* Read a block's body. Counters that it does not name are 0; unknown names are ignored. 0, or
 * -EBADMSG without interface and time, or for malformed numbers. Any bytes are safe. */
int wt_nic_look_decode(struct wt_nic_look *look, const uint8_t *body, size_t bytes);

#endif
