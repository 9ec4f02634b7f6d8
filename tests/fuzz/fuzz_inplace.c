/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_inplace.h>
#include <wiretape/ring/tpacket_v3.h>
#include <wiretape/tests/support/chunk_reader.h>

/* Any bytes as a TPACKET_V3 block that is walked and encoded in place by turns: frames
 * that are refused stay as they are, the chunk is whole, and the decoder finds the packets
 * that were taken.
 *
 * The first byte is the size of a batch and, in its top bits, how many maps the index carries, the
 * second the snaplen, the third says how the
 * rest becomes a block: its pages, and in the top bit whether the same bytes are there once
 * more beyond what an option can hold. */

enum {
	HEAD = 3,
	PAGE = WT_CHUNK_ALIGNMENT,
	MOST_BATCH = 64,
	FAR = 17 * PAGE,
	MOST_BYTES = 1 << 16
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint32_t sum_of(const struct wt_frame *frame)
{
	uint32_t sum = frame->caplen;

	for (uint32_t i = 0; i < frame->caplen; i++)
		sum = sum * 31 + frame->data[i];
	return sum;
}

/* What each frame is before anything is written; returns how many. */
static size_t look(const uint8_t *block, size_t room, uint32_t snaplen, uint32_t *sums)
{
	struct wt_frame frame;
	struct wt_walk walk;
	uint8_t *copy = aligned_alloc(PAGE, room);
	size_t count = 0;

	require(copy != NULL);
	memcpy(copy, block, room);
	wt_tpacket_v3_walk_start(&walk, copy, room, snaplen);
	while (wt_tpacket_v3_walk(&walk, &frame, 1))
		sums[count++] = sum_of(&frame);
	free(copy);
	return count;
}

/* Walk and encode by turns; how many were taken. */
static size_t take(struct wt_inplace *at, uint8_t *block, size_t room, const uint8_t *head,
                   const uint32_t *sums, size_t all)
{
	struct wt_frame frames[MOST_BATCH];
	struct wt_walk walk;
	size_t taken = 0, count, done;

	wt_inplace_start(at, block, room, 1);
	for (uint32_t i = 0; i < head[0] / MOST_BATCH; i++)
		wt_chunk_maps_add(&at->maps, i, &(struct wt_clock_map){.number = i + 1});
	wt_tpacket_v3_walk_start(&walk, block, room, head[1]);
	do {
		count = wt_tpacket_v3_walk(&walk, frames, head[0] % MOST_BATCH + 1u);
		require(taken + count <= all);
		for (size_t i = 0; i < count; i++) {
			require(sum_of(&frames[i]) == sums[taken + i]);
			frames[i].dropped_before = (taken + i) % 4 == 2;
			frames[i].notes |= (taken + i) % 3 == 1 ? WT_FRAME_GIVEN : 0;
			frames[i].given_ns = (int64_t)(taken + i);
		}
		done = wt_inplace_frames(at, frames, count);
		for (size_t i = done; i < count; i++)
			require(sum_of(&frames[i]) == sums[taken + i]);
		taken += done;
	} while (count && done == count);
	return taken;
}

static void check_chunk(const uint8_t *chunk, uint32_t length, const uint32_t *sums, size_t taken,
                        uint32_t maps)
{
	struct wt_chunk_map map;
	struct wt_chunk_index index;
	struct chunk_reader reader;
	struct wt_pcapng_item item;

	require(wt_chunk_parse(chunk, length, PAGE, false, &index));
	require(wt_chunk_is_whole(chunk, length, false, &index));
	require(index.packets == taken && index.chunk_bytes == length && index.maps == maps);
	for (uint32_t i = 0; i < maps; i++) {
		wt_chunk_read_map(chunk, &index, false, i, &map);
		require(map.interface_id == i && map.map.number == i + 1);
	}
	chunk_reader_open(&reader, chunk, length);
	for (size_t i = 0; i < taken; i++) {
		require(chunk_reader_next(&reader, &item) == 1);
		require(sum_of(&item.packet.frame) == sums[i]);
		require(item.packet.frame.dropped_before == (i % 4 == 2));
		require(item.packet.frame.given_ns == (i % 3 == 1 ? (int64_t)i : 0));
	}
	require(chunk_reader_next(&reader, &item) == 0 && reader.at == length);
	chunk_reader_close(&reader);
}

static void encode(uint8_t *block, size_t room, const uint8_t *head)
{
	static uint32_t sums[(FAR + MOST_BYTES + 256 * PAGE) / 64];
	struct wt_chunk_run run;
	struct wt_inplace at;
	size_t all = look(block, room, head[1], sums);
	size_t taken = take(&at, block, room, head, sums, all);
	uint8_t header[48];
	uint32_t length;

	wt_chunk_run_init(&run, 1, PAGE);
	memcpy(header, block, sizeof(header));
	length = wt_inplace_finish(&at, &run);
	require((length == 0) == (taken == 0) && length <= room && length % PAGE == 0);
	if (!length)
		return;
	check_chunk(block, length, sums, taken, at.maps.count);
	/* All but the count, which is that of the packets taken. */
	require(!memcmp(block + 8, header + 8, 4) && !memcmp(block + 16, header + 16, 32));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	size_t body = bytes - HEAD, end, room;
	uint8_t *block;

	if (bytes < HEAD || bytes > MOST_BYTES)
		return 0;
	end = data[2] & 0x80 ? FAR + body : body;
	room = (end / PAGE + 1 + (data[2] & 0x7f)) * PAGE;
	block = aligned_alloc(PAGE, room);
	require(block != NULL);
	memset(block, 0, room);
	memcpy(block, data + HEAD, body);
	if (data[2] & 0x80)
		memcpy(block + FAR, data + HEAD, body);
	encode(block, room, data);
	free(block);
	return 0;
}
