/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/chunk.h>

#include <assert.h>
#include <string.h>

/* Parts of an index and a padding block after their fields. */
enum { LENGTH_BYTES = 4, SMALLEST_BLOCK = 12 };

static const int64_t second_ns = 1000000000;

void wt_chunk_packets_init(struct wt_chunk_packets *packets)
{
	*packets = (struct wt_chunk_packets){
	        .min_ns = INT64_MAX,
	        .max_ns = INT64_MIN,
	        .interface_id = WT_CHUNK_MIXED,
	};
}

void wt_chunk_run_init(struct wt_chunk_run *run, uint64_t tape_id, uint64_t offset)
{
	*run = (struct wt_chunk_run){
	        .tape_id = tape_id,
	        .offset = offset,
	        .max_so_far_ns = INT64_MIN,
	};
}

void wt_chunk_maps_add(struct wt_chunk_maps *maps, uint32_t interface_id,
                       const struct wt_clock_map *map)
{
	if (!map->number)
		return;
	assert(maps->count < WT_CHUNK_MAPS_MAX);
	maps->at[maps->count++] = (struct wt_chunk_map){*map, interface_id, 0};
}

/* How far `packets` reaches back before earlier ones; saturates. */
static int64_t reach_back(const struct wt_chunk_run *run, const struct wt_chunk_packets *packets)
{
	int64_t reach;

	if (!packets->count || !run->packets || packets->min_ns >= run->max_so_far_ns)
		return 0;
	if (__builtin_sub_overflow(run->max_so_far_ns, packets->min_ns, &reach))
		return INT64_MAX;
	return reach;
}

void wt_chunk_split_ns(int64_t ns, uint32_t *s, uint32_t *rest_ns)
{
	const int64_t latest_ns = UINT32_MAX * second_ns + second_ns - 1;

	ns = ns < 0 ? 0 : ns;
	ns = ns > latest_ns ? latest_ns : ns;
	*s = (uint32_t)(ns / second_ns);
	*rest_ns = (uint32_t)(ns % second_ns);
}

/* Fill in the kernel's header for a chunk that is not one of its blocks. */
static void fill_block_fields(struct wt_chunk_index *index, uint32_t index_bytes,
                              const struct wt_chunk_packets *packets)
{
	index->status = 1;
	index->packets = (uint32_t)packets->count;
	index->first_offset = index_bytes;
	if (!packets->count)
		return;
	wt_chunk_split_ns(packets->first_ns, &index->first_s, &index->first_ns);
	wt_chunk_split_ns(packets->last_ns, &index->last_s, &index->last_ns);
}

static void advance(struct wt_chunk_run *run, uint32_t bytes,
                    const struct wt_chunk_packets *packets)
{
	int64_t reach = reach_back(run, packets);

	if (reach > run->reach_back_ns)
		run->reach_back_ns = reach;
	if (packets->max_ns > run->max_so_far_ns)
		run->max_so_far_ns = packets->max_ns;
	run->packets += packets->count;
	run->offset += bytes;
	run->number++;
}

/* Advance the run. */
static void fill_index(struct wt_chunk_index *index, uint32_t bytes,
                       const struct wt_chunk_packets *packets, uint16_t flags,
                       struct wt_chunk_run *run)
{
	index->type = WT_PCAPNG_INDEX;
	/* The kernel's count includes frames that went elsewhere if only part of the block was
	 * taken. */
	index->packets = (uint32_t)packets->count;
	index->magic = WT_CHUNK_MAGIC;
	index->chunk_bytes = bytes;
	index->tape_id = run->tape_id;
	index->offset = run->offset;
	index->packets_before = run->packets;
	index->min_ns = packets->min_ns;
	index->max_ns = packets->max_ns;
	advance(run, bytes, packets);
	index->max_so_far_ns = run->max_so_far_ns;
	index->reach_back_ns = run->reach_back_ns;
	index->interface_id = packets->interface_id;
	index->number = run->number;
	index->page_check = 0;
	index->flags = flags;
	index->maps = (uint16_t)(packets->maps ? packets->maps->count : 0);
}

/* Write the maps, and zeros up to the index's second length. */
static void store_maps(uint8_t *chunk, uint32_t index_bytes, const struct wt_chunk_maps *maps)
{
	uint32_t used = maps ? maps->count * WT_CHUNK_MAP_BYTES : 0;

	assert(WT_CHUNK_INDEX_BYTES + used <= index_bytes);
	if (used)
		memcpy(chunk + sizeof(struct wt_chunk_index), maps->at, used);
	used += sizeof(struct wt_chunk_index);
	memset(chunk + used, 0, index_bytes - used - LENGTH_BYTES);
}

/* Write all but the status: in place the kernel shares that word, and reads it to see whether the
 * block is free. */
static void store_index(uint8_t *chunk, const struct wt_chunk_index *index)
{
	enum {
		BEFORE = offsetof(struct wt_chunk_index, status),
		AFTER = offsetof(struct wt_chunk_index, packets)
	};

	memcpy(chunk, index, BEFORE);
	memcpy(chunk + AFTER, (const uint8_t *)index + AFTER, sizeof(*index) - AFTER);
}

void wt_chunk_seal(uint8_t *chunk, uint32_t bytes, uint32_t index_bytes,
                   const struct wt_chunk_packets *packets, uint16_t flags, struct wt_chunk_run *run)
{
	struct wt_chunk_index index = {0};

	assert(bytes % WT_CHUNK_ALIGNMENT == 0);
	assert(index_bytes >= WT_CHUNK_INDEX_BYTES && index_bytes <= bytes && index_bytes % 4 == 0);
	if (flags & WT_CHUNK_IN_PLACE) {
		memcpy(&index, chunk, sizeof(index));
	} else {
		fill_block_fields(&index, index_bytes, packets);
		index.used_bytes = bytes;
		memcpy(chunk + offsetof(struct wt_chunk_index, status), &index.status,
		       sizeof(index.status));
	}
	index.total_length = index_bytes;
	fill_index(&index, bytes, packets, flags, run);
	store_maps(chunk, index_bytes, packets->maps);
	memcpy(chunk + index_bytes - LENGTH_BYTES, &index_bytes, sizeof(index_bytes));
	store_index(chunk, &index);
	if (!packets->has_large)
		return;
	index.page_check = wt_chunk_page_check(chunk, bytes, false);
	memcpy(chunk + offsetof(struct wt_chunk_index, page_check), &index.page_check,
	       sizeof(index.page_check));
}

void wt_chunk_pad(uint8_t *out, uint32_t bytes, bool zero)
{
	uint32_t head[2] = {WT_PCAPNG_PADDING, bytes};
	uint32_t body = bytes - SMALLEST_BLOCK;

	assert(bytes >= SMALLEST_BLOCK && bytes % 4 == 0);
	memcpy(out, head, sizeof(head));
	if (zero)
		memset(out + sizeof(head), 0,
		       body < WT_CHUNK_ALIGNMENT ? body : WT_CHUNK_ALIGNMENT);
	memcpy(out + bytes - LENGTH_BYTES, &bytes, sizeof(bytes));
}

uint32_t wt_chunk_padding(uint32_t used)
{
	uint32_t over = used % WT_CHUNK_ALIGNMENT;

	assert(used % 4 == 0);
	if (!over)
		return 0;
	over = WT_CHUNK_ALIGNMENT - over;
	return over >= SMALLEST_BLOCK ? over : over + WT_CHUNK_ALIGNMENT;
}

static uint16_t swap16(uint16_t value, bool swapped)
{
	return swapped ? __builtin_bswap16(value) : value;
}

static uint32_t swap32(uint32_t value, bool swapped)
{
	return swapped ? __builtin_bswap32(value) : value;
}

static uint64_t swap64(uint64_t value, bool swapped)
{
	return swapped ? __builtin_bswap64(value) : value;
}

static uint32_t read_u32(const uint8_t *at, bool swapped)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return swap32(value, swapped);
}

static void swap_index(struct wt_chunk_index *index)
{
	uint32_t *narrow[] = {&index->type,         &index->total_length, &index->status,
	                      &index->packets,      &index->first_offset, &index->used_bytes,
	                      &index->first_s,      &index->first_ns,     &index->last_s,
	                      &index->last_ns,      &index->magic,        &index->chunk_bytes,
	                      &index->interface_id, &index->number,       &index->page_check};
	uint64_t *wide[] = {&index->block_number, &index->tape_id, &index->offset,
	                    &index->packets_before};
	int64_t *stamps[] = {&index->min_ns, &index->max_ns, &index->max_so_far_ns,
	                     &index->reach_back_ns};

	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		*narrow[i] = swap32(*narrow[i], true);
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		*wide[i] = swap64(*wide[i], true);
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++)
		*stamps[i] = (int64_t)swap64((uint64_t)*stamps[i], true);
	index->flags = swap16(index->flags, true);
	index->maps = swap16(index->maps, true);
}

bool wt_chunk_parse(const uint8_t *bytes, size_t length, uint64_t offset, bool swapped,
                    struct wt_chunk_index *index)
{
	if (length < WT_CHUNK_INDEX_BYTES || offset % WT_CHUNK_ALIGNMENT)
		return false;
	memcpy(index, bytes, sizeof(*index));
	if (swapped)
		swap_index(index);
	if (index->type != WT_PCAPNG_INDEX || index->magic != WT_CHUNK_MAGIC ||
	    index->offset != offset)
		return false;
	if (index->chunk_bytes < WT_CHUNK_ALIGNMENT || index->chunk_bytes > WT_CHUNK_BYTES_MAX ||
	    index->chunk_bytes % WT_CHUNK_ALIGNMENT)
		return false;
	if (index->total_length < WT_CHUNK_INDEX_BYTES || index->total_length % 4 ||
	    index->total_length > index->chunk_bytes || index->number == 0)
		return false;
	if (index->maps > WT_CHUNK_MAPS_MAX ||
	    index->total_length < WT_CHUNK_INDEX_BYTES + (uint32_t)index->maps * WT_CHUNK_MAP_BYTES)
		return false;
	if (index->total_length > length)
		return true; /* its second length is out of sight */
	return read_u32(bytes + index->total_length - LENGTH_BYTES, swapped) == index->total_length;
}

static void swap_map(struct wt_clock_map *map)
{
	uint32_t *narrow[] = {&map->number, &map->epoch};
	int64_t *wide[] = {&map->phc_ns,   &map->utc_ns,     &map->rate,       &map->inverse_rate,
	                   &map->error_ns, &map->rate_error, &map->born_utc_ns};

	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		*narrow[i] = swap32(*narrow[i], true);
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		*wide[i] = (int64_t)swap64((uint64_t)*wide[i], true);
}

void wt_chunk_read_map(const uint8_t *bytes, const struct wt_chunk_index *index, bool swapped,
                       uint32_t number, struct wt_chunk_map *map)
{
	assert(number < index->maps);
	memcpy(map, bytes + sizeof(*index) + number * sizeof(*map), sizeof(*map));
	if (!swapped)
		return;
	swap_map(&map->map);
	map->interface_id = swap32(map->interface_id, true);
}

/* Check the pages that lie within [from, to) of the chunk. */
static uint32_t check_pages(const uint8_t *bytes, size_t from, size_t to, bool swapped,
                            uint32_t sum)
{
	size_t page = (from + WT_CHUNK_ALIGNMENT - 1) / WT_CHUNK_ALIGNMENT * WT_CHUNK_ALIGNMENT;

	for (; page + WT_CHUNK_ALIGNMENT <= to; page += WT_CHUNK_ALIGNMENT) {
		/* Odd factors tell equal and exchanged words apart. */
		sum = sum * 0x9E3779B1u + read_u32(bytes + page, swapped);
		sum = sum * 0x85EBCA6Bu + read_u32(bytes + page + 4, swapped);
	}
	return sum;
}

/* Walk the blocks of a chunk: true if they chain up to its end. */
static bool walk(const uint8_t *bytes, size_t length, bool swapped, uint32_t *packets,
                 uint32_t *page_check)
{
	size_t at = 0;

	*packets = 0;
	*page_check = 0;
	while (at < length) {
		uint32_t type, total, caplen;
		const size_t lengths = sizeof(struct wt_pcapng_block);

		if (length - at < SMALLEST_BLOCK)
			return false;
		type = read_u32(bytes + at, swapped);
		total = read_u32(bytes + at + 4, swapped);
		if (total < SMALLEST_BLOCK || total % 4 || total > length - at ||
		    read_u32(bytes + at + total - LENGTH_BYTES, swapped) != total)
			return false;
		/* Another chunk's index: this one does not reach as far as it says. */
		if (type == WT_PCAPNG_INDEX && at)
			return false;
		if (type == WT_PCAPNG_EPB) {
			const size_t head = sizeof(struct wt_pcapng_epb);

			if (total < head + LENGTH_BYTES)
				return false;
			caplen = read_u32(bytes + at + offsetof(struct wt_pcapng_epb, caplen),
			                  swapped);
			if (caplen > total - head - LENGTH_BYTES)
				return false;
			++*packets;
		}
		/* A missing page without either of a block's lengths would not show; but the body
		 * of a local block is meaningless. */
		if (!(type & WT_PCAPNG_LOCAL_BLOCK))
			*page_check = check_pages(bytes, at + lengths, at + total - LENGTH_BYTES,
			                          swapped, *page_check);
		at += total;
	}
	return true;
}

bool wt_chunk_is_whole(const uint8_t *bytes, size_t length, bool swapped,
                       const struct wt_chunk_index *index)
{
	uint32_t packets, page_check;

	return index->chunk_bytes <= length &&
	       walk(bytes, index->chunk_bytes, swapped, &packets, &page_check) &&
	       packets == index->packets && (!index->page_check || page_check == index->page_check);
}

uint32_t wt_chunk_page_check(const uint8_t *bytes, size_t length, bool swapped)
{
	uint32_t packets, page_check;

	walk(bytes, length, swapped, &packets, &page_check);
	return page_check;
}
