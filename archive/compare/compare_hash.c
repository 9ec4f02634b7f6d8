/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_hash.h"

#include <string.h>

#define PRIME ((1ull << WT_COMPARE_LANE_BITS) - 1)

enum { BLOCK_BYTES = WT_COMPARE_BLOCK_WORDS * 8, PAIR_BYTES = 16 };

/* Spreads a counter over 64 bits: each bit of it changes half of those that come out. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

void wt_compare_hash_key_init(struct wt_compare_hash_key *key, const uint64_t seed[2])
{
	for (int lane = 0; lane < WT_COMPARE_LANES; lane++) {
		/* Lanes must differ even when both seeds are equal. */
		uint64_t state = seed[lane] ^ (uint64_t)lane << 63;

		for (int i = 0; i < WT_COMPARE_BLOCK_WORDS; i++)
			key->words[lane][i] = next_random(&state);
		key->points[lane] = next_random(&state) % (PRIME - 2) + 2;
	}
}

void wt_compare_hash_begin(struct wt_compare_hash *hash)
{
	/* Not 0: the leading coefficient tells polynomials of different degrees apart. */
	for (int lane = 0; lane < WT_COMPARE_LANES; lane++)
		hash->lanes[lane] = 1;
}

/* value * point + number, modulo the prime, of three numbers up to 2^61 - 1. */
static uint64_t step(uint64_t value, uint64_t point, uint64_t number)
{
	unsigned __int128 product = (unsigned __int128)value * point + number;
	/* 2^61 is 1 modulo the prime. */
	uint64_t sum = (uint64_t)(product & PRIME) + (uint64_t)(product >> WT_COMPARE_LANE_BITS);

	return sum >= PRIME ? sum - PRIME : sum;
}

void wt_compare_hash_number(struct wt_compare_hash *hash, const struct wt_compare_hash_key *key,
                            uint64_t number)
{
	for (int lane = 0; lane < WT_COMPARE_LANES; lane++)
		hash->lanes[lane] = step(hash->lanes[lane], key->points[lane], number);
}

/* Sum of the products of a block's words and the key's, both lanes at once: words are loaded once,
 * and the products are independent. */
struct sums {
	unsigned __int128 lanes[WT_COMPARE_LANES];
};

/* Add `pairs` of words, the first of which is the block's pair number `first`. */
static void add_products(struct sums *sums, const struct wt_compare_hash_key *key,
                         const uint8_t *bytes, size_t first, size_t pairs)
{
	for (size_t i = 0; i < pairs; i++) {
		uint64_t pair[2];

		memcpy(pair, bytes + i * PAIR_BYTES, sizeof(pair));
		for (int lane = 0; lane < WT_COMPARE_LANES; lane++) {
			const uint64_t *words = key->words[lane] + 2 * (first + i);

			sums->lanes[lane] +=
			        (unsigned __int128)(pair[0] + words[0]) * (pair[1] + words[1]);
		}
	}
}

static void end_block(struct wt_compare_hash *hash, const struct wt_compare_hash_key *key,
                      const struct sums *sums)
{
	for (int lane = 0; lane < WT_COMPARE_LANES; lane++) {
		uint64_t value = hash->lanes[lane], point = key->points[lane];
		unsigned __int128 sum = sums->lanes[lane];

		value = step(value, point, (uint64_t)(sum & PRIME));
		value = step(value, point, (uint64_t)(sum >> WT_COMPARE_LANE_BITS & PRIME));
		hash->lanes[lane] =
		        step(value, point, (uint64_t)(sum >> (2 * WT_COMPARE_LANE_BITS)));
	}
}

/* Add the last, shorter block: the pair that is cut is padded with zeros. */
static void add_rest(struct wt_compare_hash *hash, const struct wt_compare_hash_key *key,
                     const uint8_t *bytes, size_t count)
{
	size_t pairs = count / PAIR_BYTES;
	uint8_t last[PAIR_BYTES] = {0};
	struct sums sums = {{0}};

	add_products(&sums, key, bytes, 0, pairs);
	if (count % PAIR_BYTES) {
		memcpy(last, bytes + pairs * PAIR_BYTES, count % PAIR_BYTES);
		add_products(&sums, key, last, pairs, 1);
	}
	end_block(hash, key, &sums);
}

void wt_compare_hash_bytes(struct wt_compare_hash *hash, const struct wt_compare_hash_key *key,
                           const uint8_t *bytes, size_t count)
{
	/* The length tells apart inputs that zero padding makes equal. */
	wt_compare_hash_number(hash, key, count);
	for (; count >= BLOCK_BYTES; bytes += BLOCK_BYTES, count -= BLOCK_BYTES) {
		struct sums sums = {{0}};

		add_products(&sums, key, bytes, 0, WT_COMPARE_BLOCK_WORDS / 2);
		end_block(hash, key, &sums);
	}
	if (count)
		add_rest(hash, key, bytes, count);
}
