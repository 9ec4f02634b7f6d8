/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/archive/compare/compare_hash.h>

#include "support/unit.h"

static struct wt_compare_hash_key key;

static void set_up(void)
{
	wt_compare_hash_key_init(&key, (uint64_t[]){1, 2});
}

TestSuite(compare_hash, .init = set_up);

static struct wt_compare_hash hash_of(const uint8_t *bytes, size_t count)
{
	struct wt_compare_hash hash;

	wt_compare_hash_begin(&hash);
	wt_compare_hash_bytes(&hash, &key, bytes, count);
	return hash;
}

static bool differ(struct wt_compare_hash a, struct wt_compare_hash b)
{
	return a.lanes[0] != b.lanes[0] && a.lanes[1] != b.lanes[1];
}

Test(compare_hash, each_bit_changes_both_lanes)
{
	uint8_t bytes[300];
	struct wt_compare_hash whole;

	memset(bytes, 0x5a, sizeof(bytes));
	whole = hash_of(bytes, sizeof(bytes));
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect(differ(whole, hash_of(bytes, sizeof(bytes))), "bit %zu", bit);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(compare_hash, zeros_of_each_length_differ)
{
	static const uint8_t zeros[300];

	for (size_t a = 0; a < sizeof(zeros); a++)
		for (size_t b = 0; b < a; b++)
			cr_expect(differ(hash_of(zeros, a), hash_of(zeros, b)), "%zu and %zu", a,
			          b);
}

Test(compare_hash, where_pieces_end_counts)
{
	static const uint8_t bytes[64] = {1};
	struct wt_compare_hash one = hash_of(bytes, 64), two = hash_of(bytes, 32);

	wt_compare_hash_bytes(&two, &key, bytes + 32, 32);
	cr_expect(differ(one, two));
}

Test(compare_hash, words_that_change_places_count)
{
	uint8_t bytes[64] = {[0] = 1, [24] = 2}, other[64] = {[0] = 2, [24] = 1};

	cr_expect(differ(hash_of(bytes, 64), hash_of(other, 64)));
	memset(other, 0, sizeof(other));
	other[8] = 1;
	other[16] = 2;
	cr_expect(differ(hash_of(bytes, 64), hash_of(other, 64)));
}

Test(compare_hash, seeds_change_everything)
{
	static const uint8_t bytes[64] = {1};
	struct wt_compare_hash before = hash_of(bytes, 64);

	wt_compare_hash_key_init(&key, (uint64_t[]){3, 4});
	cr_expect(differ(before, hash_of(bytes, 64)));
	/* Lanes of the same seed have different keys. */
	wt_compare_hash_key_init(&key, (uint64_t[]){7, 7});
	before = hash_of(bytes, 64);
	cr_expect(ne(u64, before.lanes[0], before.lanes[1]));
}

Test(compare_hash, lanes_are_below_the_prime)
{
	uint8_t bytes[200];

	for (unsigned i = 0; i < 256; i++) {
		struct wt_compare_hash hash;

		memset(bytes, (int)i, sizeof(bytes));
		hash = hash_of(bytes, sizeof(bytes));
		for (int lane = 0; lane < WT_COMPARE_LANES; lane++)
			cr_expect(lt(u64, hash.lanes[lane], (UINT64_C(1) << 61) - 1));
	}
}
