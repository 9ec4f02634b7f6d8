/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_PRESET_PRESET_PROOF_H
#define WIRETAPE_FEED_PRESET_PRESET_PROOF_H

/* Weighs packets whose row has no message count: whether their lengths lead to the end of the
 * payload, and whether the send time is plausible. Not installed.
 *
 * Pure; any thread; any bytes are safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/preset/preset.h>

/* End of a walk along the lengths of messages. */
enum wt_walk_end {
	WT_WALK_WRONG, /* out of the payload, or nowhere */
	WT_WALK_CUT,   /* the rest of the payload is not here */
	WT_WALK_WHOLE, /* exactly to its end */
};

struct wt_walk {
	enum wt_walk_end end;
	unsigned messages; /* those captured with their lengths */
};

/* Follow the lengths of the row's messages, in a payload that has its header, `bytes` of `whole`
 * captured. A header alone is whole. */
struct wt_walk wt_walk_messages(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                                size_t whole);

/* Whether these nanoseconds since 1970 are a time from 2005 to 2065, as one in eleven of all 64-bit
 * numbers is. */
bool wt_proof_sent(uint64_t sent_ns);

/* Score of a walk and the transport's constants, given a plausible send time. */
struct wt_feed_proof wt_proof_messages(const struct wt_walk *walk, bool constants);

/* Proof that this is not the transport. */
struct wt_feed_proof wt_proof_none(void);

#endif
