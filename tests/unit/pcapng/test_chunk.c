/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/tests/support/chunk_reader.h>

#include "support/unit.h"

enum { PAGE = WT_CHUNK_ALIGNMENT, MOST_BYTES = 128 * PAGE, START = 3 * PAGE };

static const int64_t base_ns = INT64_C(1700000000123456789);

static uint8_t payload[70000];
static uint8_t *chunk; /* sealed, `length` bytes */
static uint32_t length, index_bytes;
static struct wt_chunk_packets packets;
static struct wt_chunk_maps maps;
static struct wt_chunk_run run;
static struct wt_chunk_index found;

static void set_up(void)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i % 251 + 1);
	chunk = aligned_alloc(PAGE, MOST_BYTES);
	cr_assert(chunk != NULL);
	wt_chunk_run_init(&run, UINT64_C(0x0123456789abcdef), START);
	wt_chunk_packets_init(&packets);
}

static void tear_down(void)
{
	free(chunk);
}

TestSuite(chunk, .init = set_up, .fini = tear_down);

/* An index's room, and nothing behind it yet. */
static void begin(void)
{
	memset(chunk, 0xee, MOST_BYTES);
	index_bytes = WT_CHUNK_INDEX_BYTES;
	length = index_bytes;
	wt_chunk_packets_init(&packets);
}

/* Begin with room for all maps, and `count` of them. */
static void begin_with_maps(uint32_t count)
{
	begin();
	length = index_bytes = WT_CHUNK_FULL_INDEX_BYTES;
	maps.count = 0;
	packets.maps = &maps;
	for (uint32_t i = 0; i < count; i++) {
		const struct wt_clock_map map = {
		        .number = 1000 + i,
		        .epoch = 2,
		        .phc_ns = base_ns + 3,
		        .utc_ns = base_ns + 4,
		        .rate = -5 - (int64_t)i,
		        .inverse_rate = 6,
		        .error_ns = 7,
		        .rate_error = 8,
		        .born_utc_ns = INT64_MIN + 9,
		};

		wt_chunk_maps_add(&maps, i / 2, &map);
	}
}

static void expect_maps(bool swapped)
{
	struct wt_chunk_map map;

	cr_assert(eq(u32, found.maps, maps.count));
	for (uint32_t i = 0; i < maps.count; i++) {
		wt_chunk_read_map(chunk, &found, swapped, i, &map);
		cr_expect(eq(int, memcmp(&map, &maps.at[i], sizeof(map)), 0), "map %u", i);
	}
}

static void add(uint32_t caplen, int64_t stamp_ns)
{
	struct wt_frame frame = {
	        .data = payload, .caplen = caplen, .len = caplen, .stamp_ns = stamp_ns};
	size_t used;

	cr_assert(eq(
	        sz,
	        wt_pcapng_encode_frames(chunk + length, MOST_BYTES - length, 0, &frame, 1, &used),
	        1));
	wt_chunk_packets_add(&packets, stamp_ns, caplen);
	length += (uint32_t)used;
}

static void seal(void)
{
	uint32_t padding = wt_chunk_padding(length);

	if (padding)
		wt_chunk_pad(chunk + length, padding, true);
	length += padding;
	wt_chunk_seal(chunk, length, index_bytes, &packets, 0, &run);
}

static void expect_parsed(uint64_t offset)
{
	cr_assert(wt_chunk_parse(chunk, length, offset, false, &found));
	cr_assert(wt_chunk_is_whole(chunk, length, false, &found));
}

static void make(uint32_t caplen, size_t count)
{
	begin();
	for (size_t i = 0; i < count; i++)
		add(caplen, base_ns + (int64_t)i);
	seal();
	expect_parsed(run.offset - length);
}

Test(chunk, index_comes_back_as_it_was_sealed)
{
	begin();
	add(60, base_ns + 5);
	add(1400, base_ns + 7);
	add(60, base_ns + 2);
	packets.interface_id = 1;
	seal();
	expect_parsed(START);
	cr_expect(eq(u32, found.total_length, WT_CHUNK_INDEX_BYTES));
	cr_expect(eq(u32, found.status, 1));
	cr_expect(eq(u32, found.packets, 3));
	cr_expect(eq(u32, found.first_offset, WT_CHUNK_INDEX_BYTES));
	cr_expect(eq(u32, found.used_bytes, length));
	cr_expect(eq(u64, found.block_number, 0));
	cr_expect(eq(u32, found.first_s, 1700000000));
	cr_expect(eq(u32, found.first_ns, 123456794));
	cr_expect(eq(u32, found.last_s, 1700000000));
	cr_expect(eq(u32, found.last_ns, 123456791));
	cr_expect(eq(u32, found.chunk_bytes, length));
	cr_expect(eq(u64, found.tape_id, UINT64_C(0x0123456789abcdef)));
	cr_expect(eq(u64, found.offset, START));
	cr_expect(eq(u64, found.packets_before, 0));
	cr_expect(eq(i64, found.min_ns, base_ns + 2));
	cr_expect(eq(i64, found.max_ns, base_ns + 7));
	cr_expect(eq(i64, found.max_so_far_ns, base_ns + 7));
	cr_expect(eq(i64, found.reach_back_ns, 0));
	cr_expect(eq(u32, found.interface_id, 1));
	cr_expect(eq(u32, found.number, 1));
	cr_expect(eq(u32, found.page_check, 0));
	cr_expect(eq(int, found.flags, 0));
}

Test(chunk, maps_come_back_as_they_were_added)
{
	for (uint32_t count = 0; count <= WT_CHUNK_MAPS_MAX; count++) {
		begin_with_maps(count);
		add(60, base_ns);
		seal();
		expect_parsed(run.offset - length);
		expect_maps(false);
		for (size_t i = WT_CHUNK_INDEX_BYTES - 4 + count * WT_CHUNK_MAP_BYTES;
		     i < WT_CHUNK_FULL_INDEX_BYTES - 4; i++)
			cr_expect(eq(int, chunk[i], 0), "byte %zu after %u maps", i, count);
	}
}

Test(chunk, a_map_without_a_number_is_none)
{
	const struct wt_clock_map none = {.phc_ns = 1};

	begin_with_maps(3);
	wt_chunk_maps_add(&maps, 0, &none);
	cr_expect(eq(u32, maps.count, 3));
}

static void expect_refused(size_t at, uint32_t value, const char *what)
{
	uint32_t before;

	memcpy(&before, chunk + at, 4);
	memcpy(chunk + at, &value, 4);
	cr_expect(not(wt_chunk_parse(chunk, length, START, false, &found)), "%s %u", what, value);
	memcpy(chunk + at, &before, 4);
	cr_assert(wt_chunk_parse(chunk, length, START, false, &found));
}

Test(chunk, maps_that_the_index_has_no_room_for_are_refused)
{
	begin_with_maps(WT_CHUNK_MAPS_MAX);
	add(60, base_ns);
	seal();
	expect_parsed(START);
	expect_refused(124, (WT_CHUNK_MAPS_MAX + 1) << 16, "maps");
	expect_refused(124, UINT32_MAX, "maps");
	make(60, 1);
	for (uint16_t count = 1; count <= WT_CHUNK_MAPS_MAX; count++) {
		memcpy(chunk + 126, &count, sizeof(count));
		cr_expect(not(wt_chunk_parse(chunk, length, found.offset, false, &found)), "%u",
		          count);
	}
}

Test(chunk, without_packets_is_whole_and_has_no_stamps)
{
	begin();
	seal();
	expect_parsed(START);
	cr_expect(eq(u32, length, PAGE));
	cr_expect(eq(u32, found.packets, 0));
	cr_expect(eq(i64, found.min_ns, INT64_MAX));
	cr_expect(eq(i64, found.max_ns, INT64_MIN));
	cr_expect(eq(i64, found.max_so_far_ns, INT64_MIN));
	cr_expect(eq(u32, found.first_s, 0));
	cr_expect(eq(u32, found.interface_id, WT_CHUNK_MIXED));
}

Test(chunk, index_may_be_longer_and_its_rest_is_zeros)
{
	enum { INDEX_BYTES = 500 };

	begin();
	wt_chunk_pad(chunk + INDEX_BYTES, PAGE - INDEX_BYTES, true);
	wt_chunk_seal(chunk, PAGE, INDEX_BYTES, &packets, 0, &run);
	length = PAGE;
	expect_parsed(START);
	cr_expect(eq(u32, found.total_length, INDEX_BYTES));
	for (size_t i = sizeof(found); i < INDEX_BYTES - 4; i++)
		cr_expect(eq(u8, chunk[i], 0), "byte %zu", i);
}

/* 32 bits without a sign have seconds from 1970 to 2106. */
Test(chunk, stamps_that_an_index_has_no_room_for_become_the_nearest)
{
	const int64_t s_ns = 1000000000;
	const struct {
		int64_t ns;
		uint32_t s, rest_ns;
	} cases[] = {
	        {-1, 0, 0},
	        {INT64_MIN, 0, 0},
	        {-10 * s_ns, 0, 0},
	        {5 * s_ns + 7, 5, 7},
	        {UINT32_MAX * s_ns + 7, UINT32_MAX, 7},
	        {(UINT32_MAX + s_ns) * s_ns, UINT32_MAX, 999999999},
	        {INT64_MAX, UINT32_MAX, 999999999},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t s, rest_ns;

		wt_chunk_split_ns(cases[i].ns, &s, &rest_ns);
		cr_expect(eq(u32, s, cases[i].s), "%zu", i);
		cr_expect(eq(u32, rest_ns, cases[i].rest_ns), "%zu", i);
	}
}

Test(chunk, in_place_the_kernels_header_stays)
{
	uint8_t before[48];

	begin();
	add(60, base_ns);
	add(60, base_ns);
	wt_chunk_pad(chunk + length, PAGE - length, true);
	length = PAGE;
	memcpy(chunk + 12, &(uint32_t){2}, 4); /* num_pkts */
	memcpy(before, chunk, sizeof(before));
	wt_chunk_seal(chunk, length, WT_CHUNK_INDEX_BYTES, &packets, WT_CHUNK_IN_PLACE, &run);
	expect_parsed(START);
	cr_expect(eq(int, found.flags, WT_CHUNK_IN_PLACE));
	cr_expect(eq(int, memcmp(chunk + 8, before + 8, 40), 0));
}

Test(chunk, in_place_the_count_is_of_the_packets_taken)
{
	begin();
	add(60, base_ns);
	wt_chunk_pad(chunk + length, PAGE - length, true);
	length = PAGE;
	memcpy(chunk + 12, &(uint32_t){2}, 4); /* num_pkts */
	wt_chunk_seal(chunk, length, WT_CHUNK_INDEX_BYTES, &packets, WT_CHUNK_IN_PLACE, &run);
	expect_parsed(START);
	cr_expect(eq(u32, found.packets, 1));
}

/* The same chunk as a machine of the other byte order writes it. */

static void swap_words(uint8_t *at, size_t count)
{
	for (uint32_t word; count--; at += 4) {
		memcpy(&word, at, 4);
		word = __builtin_bswap32(word);
		memcpy(at, &word, 4);
	}
}

static void swap_long(uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, 8);
	value = __builtin_bswap64(value);
	memcpy(at, &value, 8);
}

static void swap_index(uint8_t *at, uint32_t page_check)
{
	static const size_t longs[] = {24, 56, 64, 72, 80, 88, 96, 104};
	uint8_t flag = at[124];

	memcpy(at + 120, &page_check, 4);
	swap_words(at, 6);
	swap_words(at + 32, 6);
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++)
		swap_long(at + longs[i]);
	swap_words(at + 112, 3);
	at[124] = at[125];
	at[125] = flag;
	at[127] = at[126];
	at[126] = 0;
	for (uint8_t *map = at + 128; map < at + 128 + maps.count * WT_CHUNK_MAP_BYTES;
	     map += WT_CHUNK_MAP_BYTES) {
		swap_words(map, 2);
		for (size_t i = 8; i < 64; i += 8)
			swap_long(map + i);
		swap_words(map + 64, 1);
	}
	swap_words(at + index_bytes - 4, 1);
}

static void swap_chunk(void)
{
	uint32_t total;

	for (uint32_t at = index_bytes; at < length; at += total) {
		uint32_t type;

		memcpy(&type, chunk + at, 4);
		memcpy(&total, chunk + at + 4, 4);
		swap_words(chunk + at, type == WT_PCAPNG_EPB ? 7 : 2);
		swap_words(chunk + at + total - 4, 1);
	}
	/* The sum is over the words as that machine sees them; the index itself is no part. */
	swap_words(chunk, 2);
	swap_words(chunk + index_bytes - 4, 1);
	total = wt_chunk_page_check(chunk, length, true);
	swap_words(chunk, 2);
	swap_words(chunk + index_bytes - 4, 1);
	swap_index(chunk, total);
}

Test(chunk, of_the_other_byte_order_is_read)
{
	struct wt_chunk_index native;

	begin_with_maps(5);
	add(60, base_ns);
	add(9000, base_ns + 1);
	seal();
	expect_parsed(START);
	native = found;
	swap_chunk();
	cr_expect(not(wt_chunk_parse(chunk, length, START, false, &found)));
	cr_assert(wt_chunk_parse(chunk, length, START, true, &found));
	cr_expect(wt_chunk_is_whole(chunk, length, true, &found));
	cr_expect(ne(u32, found.page_check, 0));
	native.page_check = found.page_check;
	cr_expect(eq(int, memcmp(&native, &found, sizeof(found)), 0));
	expect_maps(true);
	memset(chunk + PAGE, 0, PAGE);
	cr_expect(not(wt_chunk_is_whole(chunk, length, true, &found)), "a page lost");
}

Test(chunk, index_that_contradicts_itself_is_refused)
{
	make(60, 10);
	expect_refused(0, WT_PCAPNG_PADDING, "type");
	expect_refused(4, WT_CHUNK_INDEX_BYTES - 4, "total length");
	expect_refused(4, WT_CHUNK_INDEX_BYTES + 1, "total length");
	expect_refused(4, WT_CHUNK_INDEX_BYTES + 4, "total length");
	expect_refused(4, length + 4, "total length");
	expect_refused(WT_CHUNK_INDEX_BYTES - 4, 0, "total length, at the end");
	expect_refused(48, 0, "magic");
	expect_refused(52, 0, "chunk bytes");
	expect_refused(52, length + 4, "chunk bytes");
	expect_refused(52, WT_CHUNK_BYTES_MAX + PAGE, "chunk bytes");
	expect_refused(52, 0x80000000u, "chunk bytes");
	expect_refused(64, START + PAGE, "offset");
	expect_refused(68, 1, "offset, high word");
	expect_refused(116, 0, "number");
	memcpy(chunk + WT_CHUNK_INDEX_BYTES - 3, &(uint32_t){WT_CHUNK_INDEX_BYTES + 1}, 4);
	memcpy(chunk + 4, &(uint32_t){WT_CHUNK_INDEX_BYTES + 1}, 4);
	cr_expect(not(wt_chunk_parse(chunk, length, START, false, &found)), "no multiple of 4");
}

Test(chunk, index_may_be_all_of_its_chunk)
{
	make(60, 0);
	memcpy(chunk + 4, &length, 4);
	memcpy(chunk + length - 4, &length, 4);
	cr_expect(wt_chunk_parse(chunk, length, START, false, &found));
}

Test(chunk, index_in_another_place_is_refused)
{
	make(60, 10);
	cr_expect(not(wt_chunk_parse(chunk, length, START + PAGE, false, &found)));
	cr_expect(not(wt_chunk_parse(chunk, length, START + 4, false, &found)));
	cr_expect(not(wt_chunk_parse(chunk, length, 0, false, &found)));
}

Test(chunk, index_needs_all_its_bytes)
{
	make(60, 10);
	for (size_t there = 0; there < WT_CHUNK_INDEX_BYTES; there++) {
		uint8_t *tight = malloc(there + !there);

		memcpy(tight, chunk, there);
		cr_expect(not(wt_chunk_parse(tight, there, START, false, &found)), "%zu", there);
		free(tight);
	}
	cr_expect(wt_chunk_parse(chunk, WT_CHUNK_INDEX_BYTES, START, false, &found));
	chunk[WT_CHUNK_INDEX_BYTES - 4]++;
	cr_expect(not(wt_chunk_parse(chunk, WT_CHUNK_INDEX_BYTES, START, false, &found)));
}

Test(chunk, run_counts_chunks_packets_and_bytes)
{
	make(60, 10);
	cr_expect(eq(u64, found.packets_before, 0));
	make(60, 100);
	cr_expect(eq(u64, found.packets_before, 10));
	cr_expect(eq(u64, found.offset, START + PAGE));
	cr_expect(eq(u32, found.number, 2));
	make(60, 0);
	cr_expect(eq(u64, found.packets_before, 110));
	cr_expect(eq(u32, found.number, 3));
	make(60, 1);
	cr_expect(eq(u64, found.packets_before, 110));
	cr_expect(eq(u64, run.packets, 111));
	cr_expect(eq(u64, run.offset, found.offset + PAGE));
}

/* A chunk with packets of these two stamps. */
static void step(int64_t first_ns, int64_t last_ns)
{
	begin();
	add(60, first_ns);
	add(60, last_ns);
	seal();
	expect_parsed(run.offset - length);
}

static void expect_reach(int64_t max_so_far_ns, int64_t reach_back_ns)
{
	cr_expect(eq(i64, found.max_so_far_ns, max_so_far_ns));
	cr_expect(eq(i64, found.reach_back_ns, reach_back_ns));
}

Test(chunk, clock_that_steps_back_shows_as_reach)
{
	step(1000, 2000);
	expect_reach(2000, 0);
	step(2000, 3000);
	expect_reach(3000, 0);
	step(2900, 2950);
	expect_reach(3000, 100);
	step(2000, 5000);
	expect_reach(5000, 1000);
	step(4500, 4600);
	expect_reach(5000, 1000);
	begin();
	seal();
	expect_parsed(run.offset - length);
	expect_reach(5000, 1000);
	step(6000, 6001);
	expect_reach(6001, 1000);
}

Test(chunk, stamps_out_of_order_within_the_first_chunk_are_no_reach)
{
	step(5000, 100);
	expect_reach(5000, 0);
}

Test(chunk, reach_saturates)
{
	step(INT64_MAX, INT64_MAX);
	step(INT64_MIN, 0);
	expect_reach(INT64_MAX, INT64_MAX);
	step(INT64_MIN, INT64_MIN);
	expect_reach(INT64_MAX, INT64_MAX);
}

Test(chunk, reach_before_the_epoch_needs_no_saturation)
{
	step(-10, -5);
	expect_reach(-5, 0);
	step(-20, -6);
	expect_reach(-5, 15);
}

Test(chunk, padding_is_nothing_or_a_block)
{
	for (uint32_t used = WT_CHUNK_INDEX_BYTES; used < 4 * PAGE; used += 4) {
		uint32_t padding = wt_chunk_padding(used);

		cr_assert(eq(u32, (used + padding) % PAGE, 0), "%u", used);
		cr_assert(padding == 0 || padding >= 12, "%u after %u", padding, used);
		cr_assert(padding < PAGE + 12, "%u after %u", padding, used);
	}
}

Test(chunk, padding_of_every_length_is_a_block)
{
	for (uint32_t bytes = 12; bytes <= 2 * PAGE; bytes += 4) {
		uint32_t words[2], end;

		memset(chunk, 0xee, 3 * PAGE);
		wt_chunk_pad(chunk, bytes, true);
		memcpy(words, chunk, sizeof(words));
		memcpy(&end, chunk + bytes - 4, sizeof(end));
		cr_assert(eq(u32, words[0], WT_PCAPNG_PADDING));
		cr_assert(eq(u32, words[1], bytes));
		cr_assert(eq(u32, end, bytes));
		cr_assert(eq(u8, chunk[bytes], 0xee));
		for (uint32_t i = 8; i < bytes - 4 && i < PAGE; i++)
			cr_assert(eq(u8, chunk[i], 0), "byte %u of %u", i, bytes);
	}
}

Test(chunk, padding_leaves_its_body_if_told_so)
{
	memset(chunk, 0xee, PAGE);
	wt_chunk_pad(chunk, PAGE, false);
	cr_expect(eq(u8, chunk[8], 0xee));
	cr_expect(eq(u8, chunk[PAGE - 5], 0xee));
}

Test(chunk, is_read_like_any_pcapng)
{
	struct chunk_reader reader;
	struct wt_pcapng_item item;
	size_t count = 0;

	make(333, 50);
	chunk_reader_open(&reader, chunk, length);
	while (chunk_reader_next(&reader, &item) == 1) {
		cr_expect(eq(u32, item.packet.frame.caplen, 333));
		count++;
	}
	cr_expect(eq(sz, reader.at, length));
	cr_expect(eq(sz, count, 50));
	chunk_reader_close(&reader);
}

/* Damage, page by page: what a write that happened in part leaves. */

static bool is_whole(const uint8_t *bytes)
{
	struct wt_chunk_index index;

	return wt_chunk_parse(bytes, length, START, false, &index) &&
	       wt_chunk_is_whole(bytes, length, false, &index);
}

/* Nothing from `from` to `to` was written: `fill` is there instead. */
static void expect_seen(uint32_t from, uint32_t to, int fill)
{
	uint8_t *damaged = aligned_alloc(PAGE, length);

	memcpy(damaged, chunk, length);
	memset(damaged + from, fill, to - from);
	if (memcmp(damaged, chunk, length) != 0)
		cr_expect(not(is_whole(damaged)), "%u to %u of %u, 0x%x", from, to, length, fill);
	free(damaged);
}

static void expect_damage_is_seen(void)
{
	cr_assert(is_whole(chunk));
	for (uint32_t page = 0; page < length; page += PAGE) {
		expect_seen(page, page + PAGE, 0);
		expect_seen(page, page + PAGE, 0xff);
		expect_seen(page, page + PAGE, 6);
		expect_seen(page, length, 0);
		expect_seen(page, length, 0xff);
	}
}

static void make_large(const uint32_t *sizes, size_t count)
{
	begin();
	for (size_t i = 0; i < count; i++)
		add(sizes[i], base_ns + (int64_t)i);
	/* Right up to the end, so that no page is padding alone. */
	while (length % PAGE != 0) {
		uint32_t left = PAGE - length % PAGE;

		add(left >= 200 ? 100 : left >= 44 + 4 ? left - 44 : 60, base_ns);
	}
	seal();
}

Test(chunk, page_lost_among_small_packets_is_seen)
{
	make(60, 1000);
	expect_damage_is_seen();
}

Test(chunk, page_lost_inside_a_packet_of_9000_bytes_is_seen)
{
	make_large((const uint32_t[]){60, 9000, 9000, 1400, 9000}, 5);
	expect_damage_is_seen();
}

Test(chunk, page_lost_inside_a_packet_of_65_kb_is_seen)
{
	make_large((const uint32_t[]){60, 65535, 60, 65535, 1400}, 5);
	expect_damage_is_seen();
}

/* Whatever of a large packet's head, data and options a page holds. */
Test(chunk, page_lost_is_seen_wherever_a_packet_lies_on_it)
{
	for (uint32_t before = 0; before < PAGE; before += 4) {
		wt_chunk_run_init(&run, 1, START);
		begin();
		wt_chunk_pad(chunk + length, 12 + before, true);
		length += 12 + before;
		add(3900 + before % 700, base_ns);
		seal();
		cr_assert(is_whole(chunk));
		for (uint32_t page = 0; page < length; page += PAGE)
			expect_seen(page, page + PAGE, 0);
	}
}

Test(chunk, two_pages_of_one_packet_exchanged_are_seen)
{
	uint8_t page[PAGE];

	make_large((const uint32_t[]){65535}, 1);
	memcpy(page, chunk + 2 * PAGE, PAGE);
	memcpy(chunk + 2 * PAGE, chunk + 3 * PAGE, PAGE);
	memcpy(chunk + 3 * PAGE, page, PAGE);
	cr_expect(not(is_whole(chunk)));
}

Test(chunk, page_check_is_the_sum_that_the_format_says)
{
	uint32_t sum = 0, words[2];

	make(13000, 1); /* pages 1 and 2 lie wholly in its packet */
	for (size_t page = 1; page <= 2; page++) {
		memcpy(words, chunk + page * PAGE, sizeof(words));
		sum = sum * 0x9E3779B1u + words[0];
		sum = sum * 0x85EBCA6Bu + words[1];
	}
	cr_expect(eq(u32, found.page_check, sum));
}

Test(chunk, file_that_ends_early_is_seen)
{
	make_large((const uint32_t[]){9000, 60, 9000}, 3);
	cr_assert(wt_chunk_parse(chunk, length, START, false, &found));
	for (uint32_t there = PAGE; there < length; there += PAGE) {
		uint8_t *tight = malloc(there);

		memcpy(tight, chunk, there);
		cr_expect(not(wt_chunk_is_whole(tight, there, false, &found)), "%u", there);
		free(tight);
	}
}

Test(chunk, each_length_and_count_that_is_wrong_is_seen)
{
	make(60, 3);
	for (size_t at = WT_CHUNK_INDEX_BYTES; at < length;) {
		uint32_t total, wrong;

		memcpy(&total, chunk + at + 4, 4);
		for (uint32_t delta = 1; delta; delta <<= 1) {
			wrong = total ^ delta;
			memcpy(chunk + at + 4, &wrong, 4);
			cr_expect(not(is_whole(chunk)), "length %u instead of %u", wrong, total);
			memcpy(chunk + at + 4, &total, 4);
			memcpy(chunk + at + total - 4, &wrong, 4);
			cr_expect(not(is_whole(chunk)), "length %u instead of %u", wrong, total);
			memcpy(chunk + at + total - 4, &total, 4);
		}
		at += total;
	}
	memcpy(chunk + 12, &(uint32_t){4}, 4);
	cr_expect(not(is_whole(chunk)), "a packet less");
	memcpy(chunk + 12, &(uint32_t){2}, 4);
	cr_expect(not(is_whole(chunk)), "a packet more");
}

Test(chunk, captured_length_that_leaves_its_block_is_seen)
{
	uint32_t total, most;

	make(60, 1);
	memcpy(&total, chunk + WT_CHUNK_INDEX_BYTES + 4, 4);
	most = total - 28 - 4;
	memcpy(chunk + WT_CHUNK_INDEX_BYTES + 20, &most, 4);
	cr_expect(is_whole(chunk));
	for (uint32_t wrong = most + 1; wrong; wrong = wrong * 2 > wrong ? wrong * 2 : 0) {
		memcpy(chunk + WT_CHUNK_INDEX_BYTES + 20, &wrong, 4);
		cr_expect(not(is_whole(chunk)), "%u", wrong);
	}
}

/* Behind the packet of a chunk, up to its end or further. */
static void put_block(uint32_t at, uint32_t type, uint32_t total)
{
	memcpy(chunk + at, &type, 4);
	memcpy(chunk + at + 4, &total, 4);
	memcpy(chunk + at + total - 4, &total, 4);
}

Test(chunk, nonsense_behind_the_last_packet_is_seen)
{
	uint32_t at, left, caplen = 5;

	make(60, 1);
	memcpy(&at, chunk + WT_CHUNK_INDEX_BYTES + 4, 4);
	at += WT_CHUNK_INDEX_BYTES;
	left = length - at;
	put_block(at, WT_PCAPNG_PADDING, left);
	cr_assert(is_whole(chunk));
	put_block(at, WT_PCAPNG_INDEX, left);
	cr_expect(not(is_whole(chunk)), "another index");
	put_block(at, WT_PCAPNG_PADDING, left + 8);
	cr_expect(not(is_whole(chunk)), "a block that reaches past the end");
	for (uint32_t bytes = 4; bytes <= 8; bytes += 4) {
		put_block(at, WT_PCAPNG_PADDING, left - bytes);
		cr_expect(not(is_whole(chunk)), "%u bytes are left", bytes);
	}
	put_block(at, WT_PCAPNG_PADDING, 8);
	put_block(at + 8, WT_PCAPNG_PADDING, left - 8);
	cr_expect(not(is_whole(chunk)), "a block of its head");
	put_block(at, WT_PCAPNG_PADDING, left - 28);
	put_block(at + left - 28, WT_PCAPNG_EPB, 28);
	cr_expect(not(is_whole(chunk)), "a packet without room for its length");
	put_block(at, WT_PCAPNG_PADDING, left - 36);
	put_block(at + left - 36, WT_PCAPNG_EPB, 36);
	memcpy(chunk + at + left - 36 + 20, &caplen, 4);
	cr_expect(not(is_whole(chunk)), "a packet without room for its bytes");
}

Test(chunk, parse_says_nothing_of_the_rest)
{
	make(60, 100);
	memset(chunk + PAGE, 0, length - PAGE);
	cr_expect(wt_chunk_parse(chunk, length, START, false, &found));
	cr_expect(not(wt_chunk_is_whole(chunk, length, false, &found)));
}
