/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/ring/tpacket_v2.h>

/* The first byte is the size of a slot in units of 16 bytes, the rest is slots of
 * TPACKET_V2: whatever is found lies inside its slot, and a second walk finds the
 * same. */

enum { BATCH = 7, MOST_BYTES = 1 << 16, MOST_FRAMES = MOST_BYTES / 16 };

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

static struct seen look_at(const struct wt_frame *frame, const uint8_t *slot, uint32_t slot_bytes)
{
	struct seen seen = {frame->data, frame->caplen, frame->len, 0};

	require(frame->caplen <= frame->len);
	require(frame->data >= slot && frame->caplen <= slot_bytes);
	require((size_t)(frame->data - slot) <= slot_bytes - frame->caplen);
	require(frame->stamp_source < WT_STAMP_SOURCES);
	for (uint32_t i = 0; i < frame->caplen; i++)
		seen.sum = seen.sum * 31 + frame->data[i];
	return seen;
}

static size_t walk_all(uint8_t *memory, uint32_t slot_bytes, uint32_t slots, struct seen *seen,
                       uint8_t *fault)
{
	struct wt_frame frames[BATCH];
	struct wt_walk walk;
	size_t total = 0, count;

	wt_tpacket_v2_walk_start(&walk, memory, slot_bytes, slots, 0);
	while ((count = wt_tpacket_v2_walk(&walk, frames, BATCH))) {
		require(total + count <= slots);
		for (size_t i = 0; i < count; i++, total++)
			seen[total] = look_at(&frames[i], memory + total * slot_bytes, slot_bytes);
	}
	require(walk.fault < WT_WALK_FAULTS);
	require(walk.fault || total == slots);
	*fault = walk.fault;
	return total;
}

static void walk_twice(uint8_t *memory, uint32_t slot_bytes, uint32_t slots)
{
	static struct seen first[MOST_FRAMES], second[MOST_FRAMES];
	uint8_t faults[2];
	size_t count = walk_all(memory, slot_bytes, slots, first, &faults[0]);

	require(walk_all(memory, slot_bytes, slots, second, &faults[1]) == count);
	require(faults[0] == faults[1]);
	for (size_t i = 0; i < count; i++) {
		require(first[i].data == second[i].data && first[i].sum == second[i].sum);
		require(first[i].caplen == second[i].caplen && first[i].len == second[i].len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint32_t slot_bytes, slots;
	uint8_t *memory;

	if (bytes < 2 || bytes > MOST_BYTES || !data[0])
		return 0;
	slot_bytes = data[0] * 16u;
	slots = (uint32_t)(bytes - 1) / slot_bytes;
	memory = malloc(slots ? (size_t)slots * slot_bytes : 1);
	require(memory != NULL);
	memcpy(memory, data + 1, (size_t)slots * slot_bytes);
	walk_twice(memory, slot_bytes, slots);
	free(memory);
	return 0;
}
