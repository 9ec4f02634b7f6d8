/* SPDX-License-Identifier: BSD-2-Clause */
#include "tape_builder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/pcapng/pcapng_encode.h>

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void append(struct tape_builder *tape, const void *bytes, size_t length)
{
	while (tape->room - tape->length < length) {
		tape->room = tape->room ? tape->room * 2 : 1 << 20;
		tape->bytes = realloc(tape->bytes, tape->room);
		require(tape->bytes != NULL);
	}
	if (bytes)
		memcpy(tape->bytes + tape->length, bytes, length);
	else
		memset(tape->bytes + tape->length, 0, length);
	tape->length += length;
}

static uint32_t index_bytes(const struct tape_builder *tape)
{
	if (tape->is_old)
		return tape->in_place ? 136 : WT_CHUNK_INDEX_BYTES;
	return tape->in_place ? 136 + 2 * WT_CHUNK_MAP_BYTES : WT_CHUNK_FULL_INDEX_BYTES;
}

static void start_chunk(struct tape_builder *tape)
{
	wt_chunk_packets_init(&tape->open);
	tape->open.maps = &tape->open_maps;
	tape->open_maps.count = 0;
	tape->open_used = 0;
	tape->open_flags = 0;
	/* In place, the kernel's header stays; here it is zeros. */
	memset(tape->open_bytes, 0, sizeof(struct wt_chunk_index));
}

static void open_chunk(struct tape_builder *tape)
{
	if (!tape->open_used)
		tape->open_used = index_bytes(tape);
}

static void append_note(struct tape_builder *tape, const struct wt_clock_record *note)
{
	uint32_t block[WT_CLOCK_RECORD_BYTES_MAX / 4];
	ssize_t used = wt_clock_record_encode((uint8_t *)block, sizeof(block), note);

	require(used > 0);
	append(tape, block, (size_t)used);
}

static void begin(struct tape_builder *tape, const struct wt_tape_mark *mark, uint32_t interfaces,
                  const char *clock, const struct wt_clock_record *notes, size_t count)
{
	char text[WT_TAPE_MARK_TEXT_BYTES];
	const struct wt_pcapng_section section = {
	        .application = "tape_builder", .os = "none", .tape = text};
	struct wt_pcapng_interface interface = {.link_type = 1, .snaplen = 262144, .clock = clock};
	uint8_t block[8192];
	char name[16];
	uint32_t padding;
	ssize_t used;

	memset(tape, 0, offsetof(struct tape_builder, chunks));
	tape->chunk_count = tape->packet_count = 0;
	wt_tape_mark_format(text, mark);
	tape->is_old = mark->format == 1;
	tape->interfaces = interfaces;
	tape->seed = 1;
	tape->open_bytes = malloc(TAPE_OPEN_BYTES);
	require(tape->open_bytes && interfaces <= TAPE_INTERFACES_MAX);
	used = wt_pcapng_encode_section(block, sizeof(block), &section);
	append(tape, block, (size_t)used);
	for (uint32_t i = 0; i < interfaces; i++) {
		snprintf(name, sizeof(name), "eth%u", i);
		interface.name = name;
		used = wt_pcapng_encode_interface(block, sizeof(block), &interface);
		append(tape, block, (size_t)used);
	}
	for (size_t i = 0; i < count; i++)
		append_note(tape, &notes[i]);
	padding = wt_chunk_padding((uint32_t)tape->length);
	wt_chunk_pad(block, padding, true);
	append(tape, block, padding);
	wt_chunk_run_init(&tape->run, mark->tape_id, tape->length);
	start_chunk(tape);
}

static const struct wt_tape_mark usual = {.tape_id = TAPE_ID, .file = 1, .format = WT_CHUNK_FORMAT};

void tape_begin(struct tape_builder *tape, uint32_t interfaces)
{
	begin(tape, &usual, interfaces, NULL, NULL, 0);
}

void tape_begin_marked(struct tape_builder *tape, uint32_t interfaces,
                       const struct wt_tape_mark *mark)
{
	begin(tape, mark, interfaces, NULL, NULL, 0);
}

void tape_begin_clocked(struct tape_builder *tape, uint32_t interfaces, const char *clock,
                        const struct wt_clock_record *notes, size_t count)
{
	begin(tape, &usual, interfaces, clock, notes, count);
}

void tape_begin_old(struct tape_builder *tape, uint32_t interfaces, const char *clock,
                    const struct wt_clock_record *notes, size_t count)
{
	const struct wt_tape_mark old = {.tape_id = TAPE_ID, .file = 1, .format = 1};

	begin(tape, &old, interfaces, clock, notes, count);
}

void tape_free(struct tape_builder *tape)
{
	free(tape->bytes);
	free(tape->open_bytes);
	tape->bytes = tape->open_bytes = NULL;
}

/* Fill with nonzero bytes, so that a missing page shows. */
static void fill(uint8_t *data, uint32_t caplen, uint32_t number)
{
	for (uint32_t i = 0; i < caplen; i++)
		data[i] = (uint8_t)((number * 31 + i) % 255 + 1);
	if (caplen >= sizeof(number))
		memcpy(data, &number, sizeof(number));
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void store32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* Make the last packet's block longer, by `bytes` (a multiple of 4, at least 4) of a fill
 * option before the end of its list. */
static void add_fill(struct tape_builder *tape, uint32_t bytes)
{
	uint8_t *block = tape->open_bytes + tape->open_last;
	uint32_t total = load32(block + 4);
	uint8_t *option = block + total - 8;

	require(tape->open.count && bytes < 65536);
	memset(option, 0xa5, bytes);
	store32(option, (bytes - 4) << 16 | WT_OPT_LOCAL_FILL);
	total += bytes;
	store32(block + total - 8, 0);
	store32(block + total - 4, total);
	store32(block + 4, total);
	tape->open_used += bytes;
}

static uint32_t interface_of_next(const struct tape_builder *tape)
{
	return tape->in_place ? 0 : (uint32_t)tape->packet_count % tape->interfaces;
}

static void add_packet(struct tape_builder *tape, struct wt_frame frame)
{
	static uint8_t data[TAPE_OPEN_BYTES];
	const int64_t stamp_ns = frame.stamp_ns;
	const uint32_t caplen = frame.caplen;
	uint32_t number = (uint32_t)tape->packet_count;
	uint32_t interface_id = interface_of_next(tape);
	size_t used;

	frame.data = data;
	frame.len = caplen;
	frame.link_flags = WT_LINK_INBOUND;
	require(tape->packet_count < TAPE_PACKETS_MAX);
	fill(data, caplen, number);
	open_chunk(tape);
	if (tape->in_place && tape->open.count)
		add_fill(tape, 48 + (-tape->open_used & 15));
	tape->open_last = tape->open_used;
	require(wt_pcapng_encode_frames(tape->open_bytes + tape->open_used,
	                                TAPE_OPEN_BYTES - tape->open_used - 8192, interface_id,
	                                &frame, 1, &used) == 1);
	tape->open_used += (uint32_t)used;
	wt_chunk_packets_add(&tape->open, stamp_ns, caplen);
	tape->packets[tape->packet_count++] = (struct tape_packet){stamp_ns, interface_id, number};
}

void tape_packet(struct tape_builder *tape, int64_t stamp_ns, uint32_t caplen)
{
	add_packet(tape, (struct wt_frame){.stamp_ns = stamp_ns, .caplen = caplen});
}

/* Like the recorder, which knows what is in force: a map for each interface, at its first packet;
 * later ones are clock blocks. */
static void carry_map(struct tape_builder *tape, const struct wt_clock_map *map)
{
	uint32_t interface_id = interface_of_next(tape);

	if (tape->is_old)
		return;
	for (uint32_t i = 0; i < tape->open_maps.count; i++)
		if (tape->open_maps.at[i].interface_id == interface_id)
			return;
	wt_chunk_maps_add(&tape->open_maps, interface_id, map);
}

void tape_stamped(struct tape_builder *tape, const struct wt_clock_map *map, int64_t given_ns,
                  uint32_t caplen)
{
	carry_map(tape, map);
	add_packet(tape, (struct wt_frame){
	                         .stamp_ns = wt_clock_map_to_utc(map, given_ns),
	                         .caplen = caplen,
	                         .stamp_source = WT_STAMP_HARDWARE,
	                         .notes = WT_FRAME_GIVEN,
	                         .map = map->number,
	                         .given_ns = given_ns,
	                 });
}

void tape_note(struct tape_builder *tape, const struct wt_clock_record *note)
{
	ssize_t used;

	open_chunk(tape);
	require(!tape->in_place);
	used = wt_clock_record_encode(tape->open_bytes + tape->open_used,
	                              TAPE_OPEN_BYTES - tape->open_used, note);
	require(used > 0);
	tape->open_used += (uint32_t)used;
	tape->open_flags = WT_CHUNK_CLOCKS;
}

/* End a chunk on a multiple of 4096; in place the fill belongs to the last packet. */
static void end_chunk(struct tape_builder *tape)
{
	uint32_t padding = wt_chunk_padding(tape->open_used);

	if (padding && tape->in_place && tape->open.count) {
		add_fill(tape, padding);
		return;
	}
	if (padding)
		wt_chunk_pad(tape->open_bytes + tape->open_used, padding, true);
	tape->open_used += padding;
}

void tape_chunk(struct tape_builder *tape)
{
	uint32_t packets = (uint32_t)tape->open.count;
	uint32_t bytes;

	open_chunk(tape);
	end_chunk(tape);
	bytes = tape->open_used;
	require(tape->chunk_count < TAPE_CHUNKS_MAX && bytes <= TAPE_OPEN_BYTES);
	tape->chunks[tape->chunk_count++] =
	        (struct tape_chunk){tape->run.offset, bytes, index_bytes(tape),
	                            (uint32_t)tape->packet_count - packets, packets};
	if (tape->in_place)
		tape->open.interface_id = 0;
	wt_chunk_seal(tape->open_bytes, bytes, index_bytes(tape), &tape->open,
	              tape->in_place ? WT_CHUNK_IN_PLACE : tape->open_flags, &tape->run);
	append(tape, tape->open_bytes, bytes);
	start_chunk(tape);
}

void tape_statistics(struct tape_builder *tape)
{
	struct wt_pcapng_statistics statistics = {.ledger = "seen=0\nwritten=0\n"};
	ssize_t used;

	open_chunk(tape);
	for (uint32_t i = 0; i < tape->interfaces; i++) {
		statistics.interface_id = i;
		used = wt_pcapng_encode_statistics(tape->open_bytes + tape->open_used,
		                                   TAPE_OPEN_BYTES - tape->open_used, &statistics);
		require(used > 0);
		tape->open_used += (uint32_t)used;
	}
}

void tape_close(struct tape_builder *tape)
{
	tape->in_place = false;
	tape_statistics(tape);
	tape_chunk(tape);
}

void tape_append_zeros(struct tape_builder *tape, size_t bytes)
{
	append(tape, NULL, bytes);
}

void tape_zero_page(struct tape_builder *tape, uint64_t offset)
{
	size_t bytes = WT_CHUNK_ALIGNMENT;

	require(offset < tape->length);
	if (bytes > tape->length - offset)
		bytes = tape->length - offset;
	memset(tape->bytes + offset, 0, bytes);
}

static void swap(uint8_t *at, size_t width)
{
	for (size_t i = 0; i < width / 2; i++) {
		uint8_t byte = at[i];

		at[i] = at[width - 1 - i];
		at[width - 1 - i] = byte;
	}
}

static void swap_words(uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		swap(at + 4 * i, 4);
}

/* Swap the options from `at` to `end`, of the kinds that the builder writes. */
static void swap_options(uint8_t *at, const uint8_t *end, uint32_t type)
{
	uint16_t head[2];

	while (end - at >= 4) {
		memcpy(head, at, sizeof(head));
		swap(at, 2);
		swap(at + 2, 2);
		at += 4;
		if (type == WT_PCAPNG_EPB && head[0] == WT_OPT_EPB_FLAGS)
			swap(at, 4);
		if (type == WT_PCAPNG_EPB && head[0] == WT_OPT_LOCAL_STAMP) {
			swap_words(at, 2);
			swap(at + 8, 8);
		}
		if (type == WT_PCAPNG_ISB && head[0] >= WT_OPT_ISB_IFRECV &&
		    head[0] <= WT_OPT_ISB_USRDELIV)
			swap(at, 8);
		if (type == WT_PCAPNG_ISB && head[0] <= WT_OPT_ISB_ENDTIME &&
		    head[0] >= WT_OPT_ISB_STARTTIME)
			swap_words(at, 2);
		at += wt_pcapng_pad4(head[1]);
	}
}

static void swap_index(uint8_t *at)
{
	uint16_t maps;

	swap_words(at + 8, 4);  /* status to used_bytes */
	swap(at + 24, 8);       /* block_number */
	swap_words(at + 32, 6); /* stamps to chunk_bytes */
	for (size_t i = 56; i < 112; i += 8)
		swap(at + i, 8);
	swap_words(at + 112, 3);
	swap(at + 124, 2);
	memcpy(&maps, at + 126, sizeof(maps));
	swap(at + 126, 2);
	for (at += 128; maps--; at += WT_CHUNK_MAP_BYTES) {
		swap_words(at, 2);
		for (size_t i = 8; i < 64; i += 8)
			swap(at + i, 8);
		swap_words(at + 64, 1);
	}
}

static size_t swap_block(uint8_t *at)
{
	uint32_t type = load32(at), total = load32(at + 4);
	uint8_t *end = at + total - 4;

	swap_words(at, 2);
	swap(end, 4);
	switch (type) {
	case WT_PCAPNG_SHB:
		swap(at + 8, 4);
		swap(at + 12, 2);
		swap(at + 14, 2);
		swap(at + 16, 8);
		swap_options(at + 24, end, type);
		break;
	case WT_PCAPNG_IDB:
		swap(at + 8, 2);
		swap(at + 12, 4);
		swap_options(at + 16, end, type);
		break;
	case WT_PCAPNG_EPB:
		total = wt_pcapng_pad4(load32(at + 20));
		swap_words(at + 8, 5);
		swap_options(at + 28 + total, end, type);
		total = (uint32_t)(end + 4 - at);
		break;
	case WT_PCAPNG_ISB:
		swap_words(at + 8, 3);
		swap_options(at + 20, end, type);
		break;
	case WT_PCAPNG_INDEX:
		swap_index(at);
		break;
	default:
		break;
	}
	return total;
}

/* Redo the check of pages: it is over words as read, which are swapped now. */
static void check_again(uint8_t *chunk, const struct tape_chunk *where)
{
	struct wt_chunk_index index;
	uint32_t check;

	require(wt_chunk_parse(chunk, where->bytes, where->offset, true, &index));
	if (!index.page_check)
		return;
	check = __builtin_bswap32(wt_chunk_page_check(chunk, where->bytes, true));
	memcpy(chunk + offsetof(struct wt_chunk_index, page_check), &check, sizeof(check));
}

void tape_swap(struct tape_builder *tape)
{
	for (size_t at = 0; at < tape->length;)
		at += swap_block(tape->bytes + at);
	for (size_t i = 0; i < tape->chunk_count; i++)
		check_again(tape->bytes + tape->chunks[i].offset, &tape->chunks[i]);
}

uint64_t tape_random(struct tape_builder *tape, uint64_t bound)
{
	tape->seed = tape->seed * 6364136223846793005u + 1442695040888963407u;
	return (tape->seed >> 33) % bound;
}

void tape_write(const struct tape_builder *tape, int fd)
{
	size_t done = 0;

	require(!ftruncate(fd, 0));
	while (done < tape->length) {
		ssize_t put = pwrite(fd, tape->bytes + done, tape->length - done, (off_t)done);

		require(put > 0);
		done += (size_t)put;
	}
}
