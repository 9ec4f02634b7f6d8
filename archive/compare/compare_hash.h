/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ARCHIVE_COMPARE_COMPARE_HASH_H
#define WIRETAPE_ARCHIVE_COMPARE_COMPARE_HASH_H

/* A keyed hash of a few pieces of memory, for comparing packets. Private to the folder: not
 * installed.
 *
 * Two lanes with keys of their own. In each, blocks of 128 bytes become a number of 128 bits (NH:
 * sums of products of words, each word added to one of the key), and the numbers of all blocks
 * are the coefficients of a polynomial modulo 2^61 - 1, whose value at a point of the key is the
 * hash. Whoever does not know the key makes two packets collide with a probability of about
 * 2^-100, whatever they contain. Not for anything that needs cryptography: the
 * values themselves say much about the key. */

#include <stddef.h>
#include <stdint.h>

enum { WT_COMPARE_LANES = 2, WT_COMPARE_BLOCK_WORDS = 16 };

struct wt_compare_hash_key {
	uint64_t words[WT_COMPARE_LANES][WT_COMPARE_BLOCK_WORDS];
	uint64_t points[WT_COMPARE_LANES];
};

/* 61 bits in each lane, when all has been added. */
struct wt_compare_hash {
	uint64_t lanes[WT_COMPARE_LANES];
};

enum { WT_COMPARE_LANE_BITS = 61 };

/* Derive the key; equal seeds give equal keys. Pure, as are the others; any thread. */
void wt_compare_hash_key_init(struct wt_compare_hash_key *key, const uint64_t seed[2]);

void wt_compare_hash_begin(struct wt_compare_hash *hash);

/* A number below 2^61. */
void wt_compare_hash_number(struct wt_compare_hash *hash, const struct wt_compare_hash_key *key,
                            uint64_t number);

/* A piece and its length: the same bytes in other pieces are another hash. */
void wt_compare_hash_bytes(struct wt_compare_hash *hash, const struct wt_compare_hash_key *key,
                           const uint8_t *bytes, size_t count);

#endif
