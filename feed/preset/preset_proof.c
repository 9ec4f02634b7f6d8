/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_proof.h"

#include "preset_private.h"

static uint64_t message_length(const struct wt_preset *row, const uint8_t *at)
{
	unsigned width = row->message_length_bytes;
	uint64_t length = 0;

	for (unsigned i = 0; i < width; i++)
		length |= (uint64_t)at[i]
		          << 8 * (row->order == WT_FEED_BIG_ENDIAN ? width - 1 - i : i);
	return row->message_length_counts_itself ? length : length + width;
}

struct wt_walk wt_walk_messages(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                                size_t whole)
{
	struct wt_walk walk = {WT_WALK_WHOLE, 0};
	size_t at = row->header_bytes;

	while (at < whole) {
		uint64_t length;

		if (at + row->message_length_bytes > bytes) {
			walk.end = bytes < whole ? WT_WALK_CUT : WT_WALK_WRONG;
			return walk;
		}
		length = message_length(row, payload + at);
		if (length < row->message_bytes || length > whole - at) {
			walk.end = WT_WALK_WRONG;
			return walk;
		}
		walk.messages++;
		at += length;
	}
	return walk;
}

bool wt_proof_sent(uint64_t sent_ns)
{
	return sent_ns >= UINT64_C(1104537600000000000) && sent_ns < UINT64_C(2997993600000000000);
}

struct wt_feed_proof wt_proof_none(void)
{
	return (struct wt_feed_proof){0, NULL};
}

struct wt_feed_proof wt_proof_messages(const struct wt_walk *walk, bool constants)
{
	switch (walk->end) {
	case WT_WALK_WHOLE:
		if (walk->messages)
			return constants
			               ? (struct wt_feed_proof){90, "constants, messages' lengths, "
			                                            "send time"}
			               : (struct wt_feed_proof){80, "messages' lengths, send time"};
		return constants ? (struct wt_feed_proof){60, "constants, send time"}
		                 : (struct wt_feed_proof){20, "send time"};
	case WT_WALK_CUT:
		return constants ? (struct wt_feed_proof){60, "constants, send time"}
		                 : (struct wt_feed_proof){20, "send time"};
	default:
		return wt_proof_none();
	}
}
