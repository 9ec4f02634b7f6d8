/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/packet/udp_packet.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/tape_mark.h>

enum { KNOWN_MAX = 65536 };

/* State of the walk. */
struct walk {
	struct file_check *check;
	const uint8_t *bytes;
	size_t length;
	struct wt_pcapng_decoder decoder;
	size_t at;
	bool has_chunks;
	/* The chunk that began last, and its content. */
	struct wt_chunk_index index;
	bool has_index;
	struct wt_chunk_packets found;
	/* The clock maps that stand before the next packet: in a chunk that has to have them, of
	 * it; else of the file. */
	bool chunks_have_maps;
	struct {
		uint32_t interface_id, number;
	} known[KNOWN_MAX];
	size_t known_count;
	/* After it. */
	uint32_t number;
	uint64_t packets;
	uint64_t tape_id;
	int64_t max_so_far_ns;
	bool after_hole;
};

static int fail(const struct walk *walk, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static int fail(const struct walk *walk, const char *format, ...)
{
	char what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(walk->check->why, sizeof(walk->check->why), "at %zu of %zu: %s", walk->at,
	         walk->length, what);
	return -EBADMSG;
}

/* Check the chunk that ends here against its index. */
static int end_chunk(struct walk *walk)
{
	const struct wt_chunk_index *index = &walk->index;
	const struct wt_chunk_packets *found = &walk->found;

	if (!walk->has_index)
		return 0;
	walk->has_index = false;
	if (index->offset + index->chunk_bytes != walk->at)
		return fail(walk, "chunk %u is %u bytes long and ends here", index->number,
		            index->chunk_bytes);
	if (index->packets != found->count || index->min_ns != found->min_ns ||
	    index->max_ns != found->max_ns)
		return fail(walk,
		            "chunk %u has %" PRIu64 " packets from %" PRId64 " to %" PRId64
		            ", says %u from %" PRId64 " to %" PRId64,
		            index->number, found->count, found->min_ns, found->max_ns,
		            index->packets, index->min_ns, index->max_ns);
	if (index->interface_id != found->interface_id)
		return fail(walk, "chunk %u is of interface %u, says %u", index->number,
		            found->interface_id, index->interface_id);
	if (found->count && found->max_ns > walk->max_so_far_ns)
		walk->max_so_far_ns = found->max_ns;
	/* After a hole only the index knows. */
	if (!walk->after_hole && index->max_so_far_ns != walk->max_so_far_ns)
		return fail(walk, "chunk %u: the largest stamp so far is %" PRId64 ", not %" PRId64,
		            index->number, walk->max_so_far_ns, index->max_so_far_ns);
	walk->max_so_far_ns = index->max_so_far_ns;
	walk->packets += index->packets;
	return 0;
}

static void know_map(struct walk *walk, uint32_t interface_id, uint32_t number)
{
	if (!number || walk->known_count == KNOWN_MAX)
		return;
	walk->known[walk->known_count].interface_id = interface_id;
	walk->known[walk->known_count++].number = number;
}

static bool knows_map(const struct walk *walk, uint32_t interface_id, uint32_t number)
{
	for (size_t i = walk->known_count; i; i--)
		if (walk->known[i - 1].interface_id == interface_id &&
		    walk->known[i - 1].number == number)
			return true;
	return false;
}

static void know_maps_of_index(struct walk *walk)
{
	struct wt_chunk_map map;

	if (!walk->chunks_have_maps)
		return;
	walk->known_count = 0;
	for (uint32_t i = 0; i < walk->index.maps; i++) {
		wt_chunk_read_map(walk->bytes + walk->at, &walk->index, false, i, &map);
		know_map(walk, map.interface_id, map.map.number);
	}
}

static int begin_chunk(struct walk *walk)
{
	struct file_check *check = walk->check;
	struct wt_chunk_index *index = &walk->index;
	uint32_t number = walk->number + 1;

	if (!wt_chunk_parse(walk->bytes + walk->at, walk->length - walk->at, walk->at, false,
	                    index))
		return fail(walk, "an index that contradicts itself or its place");
	if (!wt_chunk_is_whole(walk->bytes + walk->at, walk->length - walk->at, false, index))
		return fail(walk, "chunk %u is not whole", index->number);
	if (index->number != number && !(walk->after_hole && index->number > number))
		return fail(walk, "chunk %u comes where %u should", index->number, number);
	if (index->packets_before != walk->packets)
		return fail(walk, "chunk %u: %" PRIu64 " packets before, not %" PRIu64,
		            index->number, walk->packets, index->packets_before);
	if (!check->chunks)
		walk->tape_id = index->tape_id;
	if (index->tape_id != walk->tape_id)
		return fail(walk, "chunk %u is of another file", index->number);
	walk->has_index = true;
	walk->number = index->number;
	wt_chunk_packets_init(&walk->found);
	know_maps_of_index(walk);
	check->chunks++;
	check->in_place += index->flags & WT_CHUNK_IN_PLACE ? 1 : 0;
	return 0;
}

static int note_packet(struct walk *walk, const struct wt_pcapng_item *item)
{
	const struct wt_pcapng_item_packet *packet = &item->packet;
	struct wt_chunk_packets *found = &walk->found;
	struct file_check *check = walk->check;

	if (packet->interface_id >= check->interfaces)
		return fail(walk, "a packet of interface %u", packet->interface_id);
	if (walk->has_chunks && !walk->has_index)
		return fail(walk, "a packet outside of all chunks");
	if (packet->frame.notes & WT_FRAME_GIVEN && packet->frame.map &&
	    !knows_map(walk, packet->interface_id, packet->frame.map))
		return fail(walk,
		            "a packet of interface %u names map %u, which stands nowhere before",
		            packet->interface_id, packet->frame.map);
	found->interface_id = !found->count || found->interface_id == packet->interface_id
	                              ? packet->interface_id
	                              : WT_CHUNK_MIXED;
	wt_chunk_packets_add(found, packet->frame.stamp_ns, packet->frame.caplen);
	check->packets[packet->interface_id]++;
	check->all_packets++;
	if (check->on_packet)
		check->on_packet(check->context, item);
	return 0;
}

static int note_statistics(struct walk *walk, const struct wt_pcapng_item_statistics *statistics)
{
	struct file_check *check = walk->check;
	uint32_t id = statistics->interface_id;

	if (id >= check->interfaces || statistics->ledger.length >= sizeof(check->ledger[id]))
		return fail(walk, "statistics of interface %u, with %zu bytes of ledger", id,
		            statistics->ledger.length);
	check->statistics++;
	check->last[id] = *statistics;
	memset(check->ledger[id], 0, sizeof(check->ledger[id]));
	if (statistics->ledger.length)
		memcpy(check->ledger[id], statistics->ledger.chars, statistics->ledger.length);
	return 0;
}

static int note_missing(struct walk *walk, const struct wt_pcapng_item *item)
{
	struct file_check *check = walk->check;
	struct wt_gap_block missing;

	if (!wt_gap_block_parse(item->body, item->body_bytes, &missing))
		return fail(walk, "a block that does not say what is missing");
	if (missing.what == WT_GAP_BLOCK_NOT_CLOSED) {
		check->repaired_ends++;
	} else {
		walk->after_hole = true;
		walk->packets += missing.packets;
		check->missing += missing.packets;
	}
	if (check->on_missing)
		check->on_missing(check->context, &missing);
	return 0;
}

static int note_clock(struct walk *walk, const struct wt_pcapng_item *item)
{
	struct wt_clock_record clock;

	if (!wt_clock_record_parse(item->body, item->body_bytes, &clock) ||
	    clock.interface_id >= walk->check->interfaces)
		return fail(walk, "a clock block that cannot be read");
	if (walk->has_index && !(walk->index.flags & WT_CHUNK_CLOCKS))
		return fail(walk, "a clock block in chunk %u, which says there is none",
		            walk->index.number);
	if (clock.what != WT_CLOCK_RECORD_CHANGE)
		know_map(walk, clock.interface_id, clock.map.number);
	walk->check->clocks++;
	return 0;
}

static int note_other(struct walk *walk, const struct wt_pcapng_item *item)
{
	int rc;

	if (item->block_type == WT_PCAPNG_CLOCK)
		return note_clock(walk, item);
	if (item->block_type != WT_PCAPNG_GAP)
		return 0;
	/* The block that marks a missing end is inside a chunk. */
	rc = walk->at >= walk->index.offset + walk->index.chunk_bytes ? end_chunk(walk) : 0;
	return rc ? rc : note_missing(walk, item);
}

static int note(struct walk *walk, const struct wt_pcapng_item *item)
{
	struct wt_tape_mark mark;

	switch (item->kind) {
	case WT_ITEM_SECTION:
		walk->has_chunks = item->section.tape.chars != NULL;
		walk->chunks_have_maps = walk->has_chunks &&
		                         wt_tape_mark_parse(item->section.tape.chars,
		                                            item->section.tape.length, &mark) &&
		                         mark.format > 1;
		return walk->at ? fail(walk, "a second section") : 0;
	case WT_ITEM_INTERFACE:
		if (++walk->check->interfaces > FILE_CHECK_INTERFACES || walk->check->chunks)
			return fail(walk, "an interface too many, or too late");
		return 0;
	case WT_ITEM_PACKET:
		return note_packet(walk, item);
	case WT_ITEM_STATISTICS:
		return note_statistics(walk, &item->statistics);
	case WT_ITEM_UNKNOWN_SECTION:
	case WT_ITEM_OTHER:
		return note_other(walk, item);
	}
	return 0;
}

static bool is_index(const struct walk *walk, const struct wt_pcapng_item *item)
{
	return walk->has_chunks && item->kind == WT_ITEM_OTHER &&
	       item->block_type == WT_PCAPNG_INDEX;
}

static int walk_blocks(struct walk *walk)
{
	struct wt_pcapng_item item;
	struct wt_error err;
	int decoded, rc;

	while ((decoded = wt_pcapng_decode(&walk->decoder, walk->bytes + walk->at,
	                                   walk->length - walk->at, true, &item, &err)) == 1) {
		rc = is_index(walk, &item) ? end_chunk(walk) : 0;
		if (!rc)
			rc = is_index(walk, &item) ? begin_chunk(walk) : note(walk, &item);
		if (rc)
			return rc;
		walk->at += item.bytes;
	}
	if (decoded)
		return fail(walk, "%s", err.text);
	if (walk->at != walk->length)
		return fail(walk, "it ends here");
	if (walk->has_chunks && walk->length % WT_CHUNK_ALIGNMENT)
		return fail(walk, "its length is not that of whole chunks");
	return end_chunk(walk);
}

int file_check_bytes(struct file_check *check, const uint8_t *bytes, size_t length)
{
	static struct walk walk;
	int rc;

	*check = (struct file_check){.on_packet = check->on_packet,
	                             .on_missing = check->on_missing,
	                             .context = check->context,
	                             .bytes = length};
	walk = (struct walk){.check = check, .bytes = bytes, .length = length};
	walk.max_so_far_ns = INT64_MIN;
	wt_pcapng_decoder_init(&walk.decoder);
	rc = walk_blocks(&walk);
	wt_pcapng_decoder_fini(&walk.decoder);
	return rc;
}

uint8_t *file_check_read(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	uint8_t *bytes;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status))
		abort();
	*length = (size_t)status.st_size;
	bytes = malloc(*length + 1);
	if (!bytes)
		abort();
	for (size_t at = 0; at < *length;) {
		ssize_t got = pread(fd, bytes + at, *length - at, (off_t)at);

		if (got <= 0)
			abort();
		at += (size_t)got;
	}
	close(fd);
	return bytes;
}

int file_check_path(struct file_check *check, const char *path)
{
	size_t length;
	uint8_t *bytes = file_check_read(path, &length);
	int rc;

	if (!bytes) {
		snprintf(check->why, sizeof(check->why), "%s: %s", path, strerror(errno));
		return -errno;
	}
	rc = file_check_bytes(check, bytes, length);
	free(bytes);
	return rc;
}

uint64_t file_check_ledger(const struct file_check *check, size_t interface, const char *name)
{
	const char *line = check->ledger[interface];
	size_t length = strlen(name);

	for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, name, length) && line[length] == '=')
			return strtoull(line + length + 1, NULL, 10);
	return UINT64_MAX;
}

uint64_t file_check_sequence(const struct wt_pcapng_item *item)
{
	enum { AT = WT_UDP_HEADER_BYTES + WT_MOLDUDP64_SEQUENCE_OFFSET };
	uint64_t sequence = 0;

	if (item->packet.frame.caplen < AT + 8)
		abort();
	for (int i = 0; i < 8; i++)
		sequence = sequence << 8 | item->packet.frame.data[AT + i];
	return sequence;
}
