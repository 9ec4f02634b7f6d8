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

/* ---- the same, as in its definition ---- */

#define PRIME ((UINT64_C(1) << 61) - 1)

static uint64_t times(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b % PRIME);
}

/* The value of a polynomial, of which the coefficients come one after the other. */
static void defined_number(uint64_t *value, uint64_t point, uint64_t number)
{
	*value = (times(*value, point) + number % PRIME) % PRIME;
}

static uint64_t word_of(const uint8_t *bytes, size_t count, size_t at)
{
	uint64_t word = 0;

	for (size_t i = 0; i < 8; i++)
		if (at + i < count)
			word |= (uint64_t)bytes[at + i] << 8 * i;
	return word;
}

static void defined_block(uint64_t *value, int lane, const uint8_t *bytes, size_t count)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < (count + 15) / 16 * 2; i += 2) {
		uint64_t a = word_of(bytes, count, 8 * i) + key.words[lane][i];
		uint64_t b = word_of(bytes, count, 8 * i + 8) + key.words[lane][i + 1];

		sum += (unsigned __int128)a * b;
	}
	defined_number(value, key.points[lane], (uint64_t)sum & PRIME);
	defined_number(value, key.points[lane], (uint64_t)(sum >> 61) & PRIME);
	defined_number(value, key.points[lane], (uint64_t)(sum >> 122));
}

static uint64_t defined(int lane, const uint8_t *bytes, size_t count)
{
	uint64_t value = 1;

	defined_number(&value, key.points[lane], count);
	for (size_t at = 0; at < count; at += 128)
		defined_block(&value, lane, bytes + at, count - at < 128 ? count - at : 128);
	return value;
}

Test(compare_hash, is_what_it_is_defined_to_be)
{
	uint8_t bytes[400];

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		cr_skip_test("words are those of the machine");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + i / 7);
	for (size_t count = 0; count <= sizeof(bytes); count++) {
		struct wt_compare_hash hash = hash_of(bytes, count);

		for (int lane = 0; lane < WT_COMPARE_LANES; lane++)
			cr_expect(eq(u64, hash.lanes[lane], defined(lane, bytes, count)),
			          "%zu bytes", count);
	}
}

Test(compare_hash, a_lane_of_the_prime_is_0)
{
	struct wt_compare_hash hash;

	wt_compare_hash_begin(&hash);
	wt_compare_hash_number(&hash, &key, PRIME - key.points[0]);
	cr_expect(eq(u64, hash.lanes[0], 0));
	wt_compare_hash_number(&hash, &key, PRIME - 1);
	cr_expect(eq(u64, hash.lanes[0], PRIME - 1));
	wt_compare_hash_begin(&hash);
	wt_compare_hash_number(&hash, &key, PRIME - key.points[1] + 1);
	cr_expect(eq(u64, hash.lanes[1], 1));
}

/* Numbers of SplitMix64 as others have them. */
Test(compare_hash, its_key_is_of_known_random_numbers)
{
	static const uint64_t numbers[] = {UINT64_C(6457827717110365317),
	                                   UINT64_C(3203168211198807973),
	                                   UINT64_C(9817491932198370423)};
	const uint64_t number_17 = UINT64_C(13784947483123421444), seed = 1234567;

	wt_compare_hash_key_init(&key, (uint64_t[]){seed, seed ^ UINT64_C(1) << 63});
	for (int lane = 0; lane < WT_COMPARE_LANES; lane++) {
		for (int i = 0; i < 3; i++)
			cr_expect(eq(u64, key.words[lane][i], numbers[i]));
		cr_expect(eq(u64, key.points[lane], number_17 % (PRIME - 2) + 2));
	}
}
