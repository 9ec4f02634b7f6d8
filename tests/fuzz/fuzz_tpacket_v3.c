/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/ring/tpacket_v3.h>

/* Any bytes as a TPACKET_V3 block: whatever is found lies inside it, and a second
 * walk finds the same. */

enum { BATCH = 7, MOST_BYTES = 1 << 16, MOST_FRAMES = MOST_BYTES / 64 };

struct seen {
	const uint8_t *data;
	uint32_t caplen, len, sum;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static struct seen look_at(const struct wt_frame *frame, const uint8_t *block, size_t bytes)
{
	struct seen seen = {frame->data, frame->caplen, frame->len, 0};

	require(frame->caplen <= frame->len);
	require(frame->data >= block && frame->caplen <= bytes);
	require((size_t)(frame->data - block) <= bytes - frame->caplen);
	require(frame->stamp_source < WT_STAMP_SOURCES);
	for (uint32_t i = 0; i < frame->caplen; i++)
		seen.sum = seen.sum * 31 + frame->data[i];
	return seen;
}

static size_t walk_all(uint8_t *block, size_t bytes, struct seen *seen, uint8_t *fault)
{
	struct wt_frame frames[BATCH];
	struct wt_walk walk;
	size_t total = 0, count;

	wt_tpacket_v3_walk_start(&walk, block, bytes, 0);
	while ((count = wt_tpacket_v3_walk(&walk, frames, BATCH))) {
		require(total + count <= MOST_FRAMES);
		for (size_t i = 0; i < count; i++)
			seen[total++] = look_at(&frames[i], block, bytes);
	}
	require(walk.fault < WT_WALK_FAULTS);
	*fault = walk.fault;
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct seen first[MOST_FRAMES], second[MOST_FRAMES];
	uint8_t *block, faults[2];
	size_t count;

	if (bytes > MOST_BYTES)
		return 0;
	block = malloc(bytes ? bytes : 1);
	require(block != NULL);
	if (bytes)
		memcpy(block, data, bytes);
	count = walk_all(block, bytes, first, &faults[0]);
	require(walk_all(block, bytes, second, &faults[1]) == count);
	require(faults[0] == faults[1]);
	for (size_t i = 0; i < count; i++) {
		require(first[i].data == second[i].data && first[i].sum == second[i].sum);
		require(first[i].caplen == second[i].caplen && first[i].len == second[i].len);
	}
	free(block);
	return 0;
}
