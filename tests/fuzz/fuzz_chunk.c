/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/chunk.h>

/* Any bytes as a chunk, in either byte order: nothing outside is read, what is accepted
 * lies within its limits, and a chunk that is whole stays so whatever follows it and is not
 * when it is cut. The first byte says which byte order. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Where the chunk says that it is: another place would be refused at once. */
static uint64_t own_offset(const uint8_t *bytes, size_t length, bool swapped)
{
	uint64_t offset = 0;

	if (length >= WT_CHUNK_INDEX_BYTES)
		memcpy(&offset, bytes + offsetof(struct wt_chunk_index, offset), sizeof(offset));
	return swapped ? __builtin_bswap64(offset) : offset;
}

/* All that an index counts are inside of it, and are the same if they are sealed once more. */
static void check_maps(const uint8_t *bytes, bool swapped, const struct wt_chunk_index *index)
{
	struct wt_chunk_maps maps = {.count = index->maps};
	uint8_t again[WT_CHUNK_ALIGNMENT] = {0};
	struct wt_chunk_packets packets;
	struct wt_chunk_index sealed;
	struct wt_chunk_run run;
	struct wt_chunk_map map;

	for (uint32_t i = 0; i < index->maps; i++)
		wt_chunk_read_map(bytes, index, swapped, i, &maps.at[i]);
	wt_chunk_packets_init(&packets);
	packets.maps = &maps;
	wt_chunk_run_init(&run, 1, 0);
	wt_chunk_seal(again, WT_CHUNK_ALIGNMENT, WT_CHUNK_FULL_INDEX_BYTES, &packets, 0, &run);
	require(wt_chunk_parse(again, WT_CHUNK_ALIGNMENT, 0, false, &sealed));
	require(sealed.maps == index->maps);
	for (uint32_t i = 0; i < index->maps; i++) {
		wt_chunk_read_map(again, &sealed, false, i, &map);
		require(!memcmp(&map, &maps.at[i], sizeof(map)));
	}
}

static void check(const uint8_t *bytes, size_t length, bool swapped)
{
	uint64_t offset = own_offset(bytes, length, swapped);
	struct wt_chunk_index index;

	(void)wt_chunk_page_check(bytes, length, swapped);
	require(!wt_chunk_parse(bytes, length, offset + WT_CHUNK_ALIGNMENT, swapped, &index));
	if (!wt_chunk_parse(bytes, length, offset, swapped, &index))
		return;
	require(index.total_length <= index.chunk_bytes && index.number != 0);
	require(index.chunk_bytes % WT_CHUNK_ALIGNMENT == 0);
	require(index.chunk_bytes <= WT_CHUNK_BYTES_MAX);
	require(index.maps <= WT_CHUNK_MAPS_MAX);
	if (index.total_length <= length)
		check_maps(bytes, swapped, &index);
	if (!wt_chunk_is_whole(bytes, length, swapped, &index))
		return;
	require(wt_chunk_is_whole(bytes, index.chunk_bytes, swapped, &index));
	require(!wt_chunk_is_whole(bytes, index.chunk_bytes - 1, swapped, &index));
	require(!index.page_check ||
	        wt_chunk_page_check(bytes, index.chunk_bytes, swapped) == index.page_check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint8_t *copy;

	if (!bytes)
		return 0;
	/* No longer than it is, so that a sanitizer sees each step outside. */
	copy = malloc(bytes > 1 ? bytes - 1 : 1);
	require(copy != NULL);
	memcpy(copy, data + 1, bytes - 1);
	check(copy, bytes - 1, data[0] & 1);
	free(copy);
	return 0;
}
