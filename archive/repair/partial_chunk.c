/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/repair/partial_chunk.h>

#include <errno.h>
#include <string.h>

#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/text_block.h>

enum { PAGE = WT_CHUNK_ALIGNMENT, LENGTH_BYTES = 4 };

/* A chunk as far as it can be read, and the part that may be kept. */
struct part {
	struct wt_chunk_file *reader;
	struct wt_chunk_index index; /* with chunk_bytes that can be read */
	const uint8_t *bytes;
	uint32_t packets_max;
	size_t limit;     /* of what is kept */
	bool doubt_pages; /* keep no block that has a page to itself */
	size_t end;       /* of the blocks so far */
	uint32_t others;  /* that say something, too: says_something() */
	struct wt_chunk_packets packets;
};

static bool is_unwritten(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE - 1);
}

/* Whether a page between the lengths of the block at [from, to) was not written: it reads as
 * zeros, and nothing else shows it. */
static bool lacks_page(const struct part *part, size_t from, size_t to)
{
	size_t at = (from + sizeof(struct wt_pcapng_block) + PAGE - 1) / PAGE * PAGE;

	for (; at + PAGE + LENGTH_BYTES <= to; at += PAGE)
		if (part->doubt_pages || is_unwritten(part->bytes + at))
			return true;
	return false;
}

/* Whether a block other than a packet carries information. */
static bool says_something(const struct wt_pcapng_item *item)
{
	return item->kind == WT_ITEM_STATISTICS || item->block_type == WT_PCAPNG_CLOCK ||
	       item->block_type == WT_PCAPNG_FEED || item->block_type == WT_PCAPNG_NIC_LOOK;
}

static bool is_kept(const struct part *part, const struct wt_pcapng_item *item)
{
	if (item->bytes > part->limit || part->end > part->limit - item->bytes)
		return false;
	if (item->block_type == WT_PCAPNG_PADDING)
		return true;
	if (item->block_type == WT_PCAPNG_EPB)
		return part->packets.count < part->packets_max &&
		       !lacks_page(part, part->end, part->end + item->bytes);
	return says_something(item) &&
	       (item->block_type != WT_PCAPNG_ISB || item->statistics.interface_known) &&
	       !lacks_page(part, part->end, part->end + item->bytes);
}

/* The decoder accepts lengths that are not multiples of 4, but no chunk has one. */
static bool has_padded_length(const struct part *part)
{
	uint32_t total;

	memcpy(&total, part->bytes + part->end + 4, sizeof(total));
	if (wt_chunk_file_swapped(part->reader))
		total = __builtin_bswap32(total);
	return total % 4 == 0;
}

static void keep(struct part *part, const struct wt_pcapng_item *item)
{
	part->end += item->bytes;
	if (item->kind == WT_ITEM_PACKET)
		wt_chunk_packets_add(&part->packets, item->packet.frame.stamp_ns,
		                     item->packet.frame.caplen);
	part->others += says_something(item);
}

static int walk(struct part *part)
{
	struct wt_pcapng_item item;
	size_t at = part->index.total_length;
	int rc;

	part->end = at;
	part->others = 0;
	wt_chunk_packets_init(&part->packets);
	while ((rc = wt_chunk_file_decode(part->reader, &part->index, part->bytes, &at, &item,
	                                  NULL)) > 0) {
		if (!has_padded_length(part) || !is_kept(part, &item))
			return 0;
		keep(part, &item);
	}
	return rc == -ENOMEM ? rc : 0;
}

static bool pages_differ(const struct part *part, const struct wt_chunk_index *index)
{
	return part->end == index->chunk_bytes && index->page_check &&
	       index->page_check != wt_chunk_page_check(part->bytes, part->end,
	                                                wt_chunk_file_swapped(part->reader));
}

/* Where the next chunk follows at once, a missing block has to fit before it. */
static int leave_room(struct part *part, const struct wt_chunk_index *index, struct wt_error *err)
{
	const uint64_t next = index->offset + index->chunk_bytes;
	struct wt_chunk_index ignored;
	int rc;

	if (part->end + WT_PARTIAL_CHUNK_MISSING_BYTES <= index->chunk_bytes)
		return 0;
	rc = wt_chunk_file_find(part->reader, next, next + 1, &ignored, err);
	if (rc <= 0)
		return rc;
	part->limit = index->chunk_bytes - WT_PARTIAL_CHUNK_MISSING_BYTES;
	return walk(part);
}

static int walk_part(struct part *part, const struct wt_chunk_index *index, struct wt_error *err)
{
	int rc = walk(part);

	if (rc)
		return rc;
	/* An unwritten page holds old bytes other than zeros; which page is not known. */
	part->doubt_pages = pages_differ(part, index);
	rc = part->doubt_pages ? walk(part) : 0;
	return rc ? rc : leave_room(part, index, err);
}

/* The largest so far and the reach back stay: their bounds on the stamps before and after hold
 * for fewer packets, too. */
static void set_index(const struct part *part, struct wt_chunk_index *index)
{
	const struct wt_chunk_packets *packets = &part->packets;

	index->packets = (uint32_t)packets->count;
	index->min_ns = packets->min_ns;
	index->max_ns = packets->max_ns;
	if (packets->max_ns > index->max_so_far_ns)
		index->max_so_far_ns = packets->max_ns;
	if (!packets->count)
		index->interface_id = WT_CHUNK_MIXED;
	wt_chunk_split_ns(packets->last_ns, &index->last_s, &index->last_ns);
	/* In place, it is the time at which the kernel opened the block. */
	if (!(index->flags & WT_CHUNK_IN_PLACE))
		wt_chunk_split_ns(packets->first_ns, &index->first_s, &index->first_ns);
	index->page_check =
	        wt_chunk_page_check(part->bytes, part->end, wt_chunk_file_swapped(part->reader));
}

int wt_partial_chunk_look(struct wt_chunk_file *reader, const struct wt_chunk_index *index,
                          struct wt_partial_chunk *partial, struct wt_error *err)
{
	struct part part = {
	        .reader = reader,
	        .index = *index,
	        .packets_max = index->packets,
	        .limit = WT_CHUNK_BYTES_MAX - WT_PARTIAL_CHUNK_MISSING_BYTES,
	};
	int rc = wt_chunk_file_part(reader, index, &part.bytes, &part.index.chunk_bytes, err);

	if (rc <= 0)
		return rc;
	rc = walk_part(&part, index, err);
	if (rc || !(part.packets.count || part.others))
		return rc;
	*partial = (struct wt_partial_chunk){
	        .index = *index,
	        .bytes = (uint32_t)part.end,
	        .packets = (uint32_t)part.packets.count,
	        .missing_packets = index->packets - (uint32_t)part.packets.count,
	};
	set_index(&part, &partial->index);
	return 1;
}

uint32_t wt_partial_chunk_bytes(const struct wt_partial_chunk *partial)
{
	return (partial->bytes + WT_PARTIAL_CHUNK_MISSING_BYTES + PAGE - 1) / PAGE * PAGE;
}
