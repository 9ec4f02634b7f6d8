/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset_proof.h>

#include "support/unit.h"

/* A header of 2 bytes, messages with their lengths in 2 bytes. */
static struct wt_preset row_of(bool big_endian, bool counts_itself)
{
	return (struct wt_preset){
	        .order = big_endian ? WT_FEED_BIG_ENDIAN : WT_FEED_LITTLE_ENDIAN,
	        .header_bytes = 2,
	        .message_bytes = 3,
	        .message_length_bytes = 2,
	        .message_length_counts_itself = counts_itself,
	};
}

static void expect_walk(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                        size_t whole, enum wt_walk_end end, unsigned messages)
{
	struct wt_walk walk = wt_walk_messages(row, payload, bytes, whole);

	cr_expect_eq(walk.end, end, "%zu of %zu bytes: %u", bytes, whole, walk.end);
	cr_expect_eq(walk.messages, messages, "%zu of %zu bytes: %u messages", bytes, whole,
	             walk.messages);
}

Test(preset_proof, walk_goes_from_length_to_length)
{
	struct wt_preset row = row_of(false, true);
	const uint8_t payload[10] = {0, 0, 5, 0, 1, 1, 1, 3, 0, 1};

	expect_walk(&row, payload, 10, 10, WT_WALK_WHOLE, 2);
	expect_walk(&row, payload, 2, 2, WT_WALK_WHOLE, 0);
	expect_walk(&row, payload, 8, 10, WT_WALK_CUT, 1);
	expect_walk(&row, payload, 9, 10, WT_WALK_WHOLE, 2);
	expect_walk(&row, payload, 8, 8, WT_WALK_WRONG, 1);
	expect_walk(&row, payload, 9, 9, WT_WALK_WRONG, 1);
}

Test(preset_proof, walk_takes_lengths_in_either_order_with_or_without_themselves)
{
	struct wt_preset big = row_of(true, false), little = row_of(false, false);
	const uint8_t payload[7] = {0, 0, 0, 3, 1, 1, 1};

	expect_walk(&big, payload, 7, 7, WT_WALK_WHOLE, 1);
	expect_walk(&little, payload, 7, 7, WT_WALK_WRONG, 0);
}

Test(preset_proof, walk_takes_long_messages)
{
	struct wt_preset big = row_of(true, true), little = row_of(false, true);
	uint8_t payload[2 + 0x203] = {0, 0, 2, 3};

	expect_walk(&big, payload, sizeof(payload), sizeof(payload), WT_WALK_WHOLE, 1);
	payload[2] = 3;
	payload[3] = 2;
	expect_walk(&little, payload, sizeof(payload), sizeof(payload), WT_WALK_WHOLE, 1);
}

Test(preset_proof, walk_ends_at_a_length_that_is_too_small)
{
	struct wt_preset row = row_of(false, true);
	const uint8_t payload[8] = {0, 0, 2, 0, 4, 0, 1, 1};

	expect_walk(&row, payload, 8, 8, WT_WALK_WRONG, 0);
}

static unsigned score_of(enum wt_walk_end end, unsigned messages, bool constants)
{
	const struct wt_walk walk = {end, messages};

	return wt_proof_messages(&walk, constants).score;
}

/* recognise.h: 40 for constants, 60 with more, 80 for messages' lengths. */
Test(preset_proof, messages_are_worth_more_than_constants)
{
	cr_expect_eq(score_of(WT_WALK_WHOLE, 1, true), 90);
	cr_expect_eq(score_of(WT_WALK_WHOLE, 1, false), 80);
	cr_expect_eq(score_of(WT_WALK_WHOLE, 0, true), 60);
	cr_expect_eq(score_of(WT_WALK_WHOLE, 0, false), 20);
	cr_expect_eq(score_of(WT_WALK_CUT, 1, true), 60);
	cr_expect_eq(score_of(WT_WALK_CUT, 1, false), 20);
	cr_expect_eq(score_of(WT_WALK_WRONG, 3, true), 0);
	cr_expect_eq(wt_proof_none().score, 0);
}

Test(preset_proof, send_times_are_from_2005_to_2065)
{
	cr_expect_not(wt_proof_sent(0));
	cr_expect_not(wt_proof_sent(UINT64_C(1104537599999999999)));
	cr_expect(wt_proof_sent(UINT64_C(1104537600000000000)));
	cr_expect(wt_proof_sent(UINT64_C(2997993599999999999)));
	cr_expect_not(wt_proof_sent(UINT64_C(2997993600000000000)));
	cr_expect_not(wt_proof_sent(UINT64_MAX));
}
