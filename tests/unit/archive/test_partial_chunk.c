/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/cut/cut.h>
#include <wiretape/archive/repair/partial_chunk.h>
#include <wiretape/archive/repair/recover.h>
#include <wiretape/pcapng/gap_block.h>
#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/chunk_file.h>

#include "support/mend.h"
#include "support/seeds.h"
#include "support/tape_builder.h"
#include "support/unit.h"

#define T_NS INT64_C(1700000000000000000)

static struct tape_builder tape;
static char path[TEMP_BYTES];
static int fd;
static struct wt_error err;

static void set_up(void)
{
	temp_template_in_memory(path, "torn");
	fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
	tape_begin(&tape, 2);
}

static void tear_down(void)
{
	tape_free(&tape);
	close(fd);
	unlink(path);
}

TestSuite(partial, .init = set_up, .fini = tear_down);

static void add_chunk(size_t packets, uint32_t caplen)
{
	for (size_t i = 0; i < packets; i++)
		tape_packet(&tape, T_NS + (int64_t)tape.packet_count, caplen);
	tape_chunk(&tape);
}

static void write_tape(void)
{
	tape_write(&tape, fd);
}

/* ---- what is found ---- */

static struct wt_partial_chunk partial;
static struct wt_chunk_index index_before;

static int look(size_t number)
{
	const uint64_t offset = tape.chunks[number].offset;
	struct wt_chunk_file *reader;
	int rc;

	cr_assert(eq(int, wt_chunk_file_open(&reader, path, 0, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_chunk_file_find(reader, offset, offset + 1, &index_before, &err), 1));
	rc = wt_partial_chunk_look(reader, &index_before, &partial, &err);
	wt_chunk_file_close(reader);
	return rc;
}

static uint64_t load64(uint64_t at)
{
	uint64_t value;

	memcpy(&value, tape.bytes + at, sizeof(value));
	return value;
}

/* Of a chunk's block, the place in the file. */
static uint64_t block_at(size_t chunk, size_t number)
{
	uint64_t at = tape.chunks[chunk].offset + tape.chunks[chunk].index_bytes;

	while (number--)
		at += load64(at) >> 32;
	return at;
}

Test(partial, the_blocks_before_the_first_that_is_not_whole_are_kept)
{
	add_chunk(50, 328);
	tape_zero_page(&tape, tape.chunks[0].offset + 8192);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(le(u32, partial.bytes, 8192));
	cr_expect(gt(u32, partial.bytes, 8192 - 400));
	cr_expect(eq(u32, partial.packets + partial.missing_packets, 50));
	cr_expect(eq(u32, partial.index.packets, partial.packets));
	cr_expect(eq(i64, partial.index.min_ns, T_NS));
	cr_expect(eq(i64, partial.index.max_ns, T_NS + partial.packets - 1));
	cr_expect(eq(u32, partial.index.last_ns, partial.packets - 1));
	cr_expect(eq(i64, partial.index.max_so_far_ns, T_NS + 49));
	cr_expect(eq(u32, wt_partial_chunk_bytes(&partial), 12288));
}

Test(partial, an_index_alone_is_nothing_to_keep)
{
	add_chunk(2, 3000);
	memset(tape.bytes + block_at(0, 0), 0, tape.chunks[0].bytes - WT_CHUNK_FULL_INDEX_BYTES);
	write_tape();
	cr_expect(eq(int, look(0), 0));
}

Test(partial, statistics_alone_are_kept)
{
	tape_statistics(&tape);
	add_chunk(2, 3000);
	memset(tape.bytes + block_at(0, 2), 0, 8);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(eq(u32, partial.packets, 0));
	cr_expect(eq(u32, partial.missing_packets, 2));
	cr_expect(eq(u32, partial.index.interface_id, WT_CHUNK_MIXED));
}

static const struct wt_clock_map map = {
        .number = 5,
        .epoch = 1,
        .phc_ns = T_NS + 37000000000,
        .utc_ns = T_NS,
        .rate = -14074583215,
};

static void add_note(uint32_t interface_id)
{
	const struct wt_clock_record note = {
	        .what = WT_CLOCK_RECORD_CROSS,
	        .interface_id = interface_id,
	        .map = map,
	};

	tape_note(&tape, &note);
}

Test(partial, clock_blocks_alone_are_kept)
{
	add_note(0);
	add_note(1);
	add_chunk(2, 3000);
	memset(tape.bytes + block_at(0, 2), 0, 8);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(eq(u32, partial.packets, 0));
	cr_expect(eq(u32, partial.missing_packets, 2));
	cr_expect(eq(u32, partial.bytes, (uint32_t)(block_at(0, 2) - tape.chunks[0].offset)));
	cr_expect(eq(int, partial.index.flags, WT_CHUNK_CLOCKS));
}

Test(partial, a_clock_block_of_which_the_end_was_not_written_is_not_kept)
{
	for (int i = 0; i < 12; i++)
		add_note(0);
	add_chunk(2, 3000);
	tape_zero_page(&tape, tape.chunks[0].offset + 4096);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(le(u32, partial.bytes, 4096));
	cr_expect(gt(u32, partial.bytes, 4096 - 512));
}

Test(partial, a_packet_with_a_page_of_zeros_is_not_kept)
{
	add_chunk(3, 9000);
	tape_zero_page(&tape, tape.chunks[0].offset + 12288);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(eq(u32, partial.packets, 1));
	cr_expect(ne(u32, partial.index.page_check, 0));
	cr_expect(ne(u32, partial.index.page_check, index_before.page_check));
}

Test(partial, where_some_page_is_another_none_is_trusted)
{
	tape_packet(&tape, T_NS, 100);
	add_chunk(3, 9000);
	memset(tape.bytes + tape.chunks[0].offset + 12288, 7, 4096);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(eq(u32, partial.packets, 1));
	cr_expect(eq(u32, partial.missing_packets, 3));
}

Test(partial, no_more_packets_than_the_index_counts)
{
	add_chunk(9, 100);
	tape.bytes[tape.chunks[0].offset + offsetof(struct wt_chunk_index, packets)] = 4;
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(eq(u32, partial.packets, 4));
	cr_expect(eq(u32, partial.missing_packets, 0));
}

Test(partial, a_missing_block_fits_before_the_next_chunk)
{
	uint64_t padding;

	add_chunk(29, 72);
	padding = block_at(0, 29);
	cr_assert(lt(u64, tape.chunks[0].offset + tape.chunks[0].bytes - padding, 200));
	memset(tape.bytes + padding, 0, 8);
	add_chunk(1, 100);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(lt(u32, partial.packets, 29));
	cr_expect(eq(u32, wt_partial_chunk_bytes(&partial), 4096));
	/* Without a next one there is more room. */
	tape_zero_page(&tape, tape.chunks[1].offset);
	write_tape();
	cr_assert(eq(int, look(0), 1));
	cr_expect(eq(u32, partial.packets, 29));
	cr_expect(eq(u32, wt_partial_chunk_bytes(&partial), 8192));
}

/* ---- what repair makes of it ---- */

static struct wt_recover_report report; /* of the last repair; not its holes */

static void repair(void)
{
	struct wt_recovery *recovery;

	cr_assert(eq(int, wt_recover_open(&recovery, path, true, &err), 0), "%s", err.text);
	report = *wt_recover_report(recovery);
	cr_assert(eq(int, mend(recovery, path, &err), 0), "%s", err.text);
	wt_recover_close(recovery);
}

static struct {
	uint32_t numbers[TAPE_PACKETS_MAX];
	size_t packets, statistics, clocks, holes, ends;
	uint64_t missing;
	int ended;
} found;

static void note_missing(const struct wt_pcapng_item *item)
{
	struct wt_gap_block missing;

	cr_assert(wt_gap_block_parse(item->body, item->body_bytes, &missing));
	found.holes += missing.what == WT_GAP_BLOCK_HOLE;
	found.ends += missing.what == WT_GAP_BLOCK_NOT_CLOSED;
	if (missing.what != WT_GAP_BLOCK_NOT_CLOSED)
		found.missing += missing.packets;
}

/* As somebody does who knows nothing of chunks. */
static void read_through(void)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;

	memset(&found, 0, sizeof(found));
	cr_assert(eq(int, wt_capture_file_open(&file, path, &err), 0), "%s", err.text);
	while ((found.ended = wt_capture_file_next(file, &item, &err)) > 0) {
		if (item.kind == WT_ITEM_PACKET)
			memcpy(&found.numbers[found.packets++], item.packet.frame.data,
			       sizeof(uint32_t));
		else if (item.block_type == WT_PCAPNG_GAP)
			note_missing(&item);
		found.statistics += item.kind == WT_ITEM_STATISTICS;
		found.clocks += item.block_type == WT_PCAPNG_CLOCK;
	}
	wt_capture_file_close(file);
}

static off_t size_of_file(void)
{
	struct stat status;

	fstat(fd, &status);
	return status.st_size;
}

/* It reads to its end, and each chunk that an index names is whole. */
static void expect_chunks(void)
{
	struct wt_chunk_index index;
	struct wt_chunk_file *reader;
	uint64_t at = tape.chunks[0].offset, end = (uint64_t)size_of_file(), packets = 0;
	const uint8_t *bytes;

	cr_assert(eq(int, wt_chunk_file_open(&reader, path, 0, &err), 0));
	while (at < end && wt_chunk_file_find(reader, at, end, &index, &err) == 1) {
		cr_assert(eq(int, wt_chunk_file_chunk(reader, &index, &bytes, &err), 1));
		cr_expect(le(u64, packets, index.packets_before));
		packets = index.packets_before + index.packets;
		at = index.offset + index.chunk_bytes;
	}
	wt_chunk_file_close(reader);
}

static void repair_and_expect(size_t packets, uint64_t missing, const char *what, uint64_t at)
{
	size_t before;

	read_through();
	before = found.packets;
	repair();
	read_through();
	cr_assert(eq(int, found.ended, 0), "%s %llu: %s", what, (unsigned long long)at, err.text);
	cr_assert(eq(sz, found.packets, packets), "%s %llu", what, (unsigned long long)at);
	cr_assert(ge(sz, found.packets, before), "%s %llu", what, (unsigned long long)at);
	cr_assert(eq(u64, found.missing, missing), "%s %llu", what, (unsigned long long)at);
	cr_assert(eq(u64, report.packets, packets), "%s %llu", what, (unsigned long long)at);
	cr_assert(eq(u64, report.missing_packets, missing), "%s %llu", what,
	          (unsigned long long)at);
	expect_chunks();
	repair();
	cr_assert(eq(int, report.needs_repair, false), "%s %llu", what, (unsigned long long)at);
	cr_assert(eq(u64, report.packets, packets), "%s %llu", what, (unsigned long long)at);
	cr_assert(eq(u64, report.missing_packets, missing), "%s %llu", what,
	          (unsigned long long)at);
}

/* Packet blocks of the chunk that end at `end` or before. */
static uint32_t packets_up_to(size_t chunk, uint64_t end)
{
	const struct tape_chunk *where = &tape.chunks[chunk];
	uint64_t at = where->offset + where->index_bytes;
	uint32_t packets = 0;

	for (; at < where->offset + where->bytes && at + (load64(at) >> 32) <= end;
	     at += load64(at) >> 32)
		packets += (uint32_t)load64(at) == WT_PCAPNG_EPB;
	return packets;
}

/* The file ends there. What was in the chunk is missing, exactly, once something is kept. */
static void expect_cut_at(size_t chunk, uint64_t end)
{
	const struct tape_chunk *where = &tape.chunks[chunk];
	uint32_t packets = packets_up_to(chunk, end);

	write_tape();
	cr_assert(eq(int, ftruncate(fd, (off_t)end), 0));
	repair_and_expect(where->first_packet + packets,
	                  packets ? where->packet_count - packets : 0, "cut at", end);
	cr_assert(eq(sz, found.ends, 1));
}

static void cut_anywhere(size_t chunk)
{
	const struct tape_chunk *where = &tape.chunks[chunk];

	for (uint64_t end = where->offset; end < where->offset + where->bytes; end += 4)
		expect_cut_at(chunk, end);
}

Test(partial, a_file_cut_anywhere_in_a_chunk_keeps_what_is_before)
{
	add_chunk(3, 100);
	add_chunk(40, 92);
	cut_anywhere(1);
}

Test(partial, a_file_cut_anywhere_in_a_chunk_that_was_made_in_place)
{
	tape.in_place = true;
	add_chunk(3, 100);
	add_chunk(40, 92);
	cut_anywhere(1);
}

/* From there up to the end of its page, and the pages behind, zeros. */
static void zero_from(size_t chunk, uint64_t from)
{
	memset(tape.bytes + from, 0,
	       (size_t)(tape.chunks[chunk].offset + tape.chunks[chunk].bytes - from));
}

static void tear_anywhere(size_t chunk)
{
	const struct tape_chunk *where = &tape.chunks[chunk];
	uint8_t *copy = malloc(where->bytes);
	uint64_t first = where->offset + where->index_bytes;

	memcpy(copy, tape.bytes + where->offset, where->bytes);
	for (uint64_t from = first; from + 4096 <= where->offset + where->bytes; from += 4) {
		uint32_t packets = packets_up_to(chunk, from);

		zero_from(chunk, from);
		write_tape();
		memcpy(tape.bytes + where->offset, copy, where->bytes);
		repair_and_expect(tape.packet_count - where->packet_count + packets,
		                  where->packet_count - packets, "torn at", from);
		cr_assert(eq(sz, found.holes, 1));
		cr_assert(eq(sz, found.ends, 0));
	}
	free(copy);
}

Test(partial, a_chunk_torn_anywhere_with_good_ones_behind_it)
{
	add_chunk(3, 100);
	add_chunk(60, 92);
	add_chunk(3, 100);
	tape_close(&tape);
	tear_anywhere(1);
}

Test(partial, a_chunk_that_was_made_in_place_torn_anywhere)
{
	tape.in_place = true;
	add_chunk(3, 100);
	add_chunk(50, 92);
	add_chunk(3, 100);
	tape_close(&tape);
	tear_anywhere(1);
}

Test(partial, several_chunks_one_after_the_other)
{
	for (int i = 0; i < 6; i++)
		add_chunk(10, 2000);
	tape_close(&tape);
	for (int i = 1; i < 5; i++)
		tape_zero_page(&tape, tape.chunks[i].offset + (uint64_t)i * 4096);
	write_tape();
	repair_and_expect(10 + 1 + 3 + 5 + 7 + 10, 9 + 7 + 5 + 3, "torn chunks", 0);
	cr_expect(eq(sz, found.holes, 4));
}

Test(partial, a_long_hole_behind_it_goes_on_in_blocks_of_its_own)
{
	add_chunk(3, 3000);
	for (int i = 0; i < 40; i++)
		add_chunk(2, 260000);
	tape_close(&tape);
	for (uint64_t at = tape.chunks[0].offset + 8192; at < tape.chunks[40].offset; at += 4096)
		tape_zero_page(&tape, at);
	cr_assert(gt(u64, tape.chunks[40].offset, 16 << 20));
	write_tape();
	repair_and_expect(2 + 2, 1 + 78, "a long hole", 0);
	cr_expect(eq(sz, found.holes, 1));
	cr_expect(eq(sz, report.hole_count, 1));
}

Test(partial, the_end_torn_in_its_padding_keeps_the_statistics)
{
	add_chunk(3, 100);
	tape_close(&tape);
	write_tape();
	cr_assert(eq(int, ftruncate(fd, (off_t)tape.length - 8), 0));
	repair_and_expect(3, 0, "the end", 0);
	cr_expect(eq(sz, found.statistics, 2));
	cr_expect(eq(sz, found.ends, 1));
}

Test(partial, what_is_lost_later_is_a_hole_of_its_own)
{
	for (int i = 0; i < 4; i++)
		add_chunk(10, 2000);
	tape_close(&tape);
	tape_zero_page(&tape, tape.chunks[1].offset + 8192);
	write_tape();
	repair();
	cr_assert(eq(long, (long)pwrite(fd, (uint8_t[4096]){0}, 4096, (off_t)tape.chunks[2].offset),
	             4096));
	repair_and_expect(10 + 3 + 10, 7 + 10, "damaged again", 0);
	cr_expect(eq(sz, found.holes, 2));
}

/* How many of the packets that are left have a stamp in [from_ns, to_ns). */
static uint64_t count_in_range(int64_t from_ns, int64_t to_ns)
{
	uint64_t count = 0;

	for (size_t i = 0; i < found.packets; i++) {
		int64_t ns = tape.packets[found.numbers[i]].stamp_ns;

		count += ns >= from_ns && ns < to_ns;
	}
	return count;
}

static void expect_cut(int64_t from_ns, int64_t to_ns)
{
	const struct wt_time from = {.ns = from_ns}, to = {.ns = to_ns};
	const char *const paths[] = {path};
	const struct wt_cut_config config = {
	        .paths = paths, .path_count = 1, .out = "/dev/null", .from = &from, .to = &to};
	struct wt_cut_result result;
	struct wt_cut_file file;

	cr_assert(eq(int, wt_cut(&config, &file, &result, &err), 0), "%s", err.text);
	cr_assert(eq(u64, result.packets, count_in_range(from_ns, to_ns)), "seed %llu",
	          (unsigned long long)tape.seed);
}

/* Clocks are stepped back, and the largest stamp so far may be that of a lost packet. */
Test(partial, times_are_found_in_what_is_left)
{
	enum { SEEDS = SEEDS_OF(30), CHUNKS = 40, RANGE_NS = 2000 };

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		tape_free(&tape);
		tape_begin(&tape, 2);
		tape.seed = seed;
		for (int i = 0; i < CHUNKS; i++) {
			for (int j = 0; j < 10; j++)
				tape_packet(&tape,
				            T_NS + i * RANGE_NS / CHUNKS +
				                    (int64_t)tape_random(&tape, 300),
				            2000);
			tape_chunk(&tape);
		}
		for (int i = 0; i < CHUNKS; i += 1 + (int)tape_random(&tape, 5))
			tape_zero_page(&tape,
			               tape.chunks[i].offset + 4096 * (1 + tape_random(&tape, 4)));
		write_tape();
		repair();
		read_through();
		for (int i = 0; i < 20; i++) {
			int64_t from_ns = T_NS + (int64_t)tape_random(&tape, RANGE_NS);

			expect_cut(from_ns, from_ns + (int64_t)tape_random(&tape, 300));
		}
	}
}

/* ---- cutting from it ---- */

/* The clock blocks of what is cut out behind the first second, and the packets. */
static void cut_later(struct wt_cut_result *result)
{
	const struct wt_time from = {.ns = T_NS + 1000000000};
	const char *paths[1] = {path};
	struct wt_cut_file file;
	char out[80];

	snprintf(out, sizeof(out), "%s.out", path);
	const struct wt_cut_config config = {
	        .paths = paths, .path_count = 1, .out = out, .from = &from};
	cr_assert(eq(int, wt_cut(&config, &file, result, &err), 0), "%s", err.text);
	cr_expect(file.has_chunks);
	cr_assert(eq(int, rename(out, path), 0));
	read_through();
}

Test(partial, the_maps_of_its_index_stay)
{
	struct wt_chunk_file *reader;
	struct wt_chunk_map carried;
	const uint8_t *bytes;

	tape_free(&tape);
	tape_begin_clocked(&tape, 2, "source=hardware clock=utc", NULL, 0);
	for (int i = 0; i < 20; i++)
		tape_stamped(&tape, &map, map.phc_ns + i, 1000);
	tape_chunk(&tape);
	tape_zero_page(&tape, tape.chunks[0].offset + 8192);
	write_tape();
	repair();
	cr_expect(eq(u64, report.part_chunks, 1));
	cr_assert(eq(int, wt_chunk_file_open(&reader, path, 0, &err), 0), "%s", err.text);
	cr_assert(eq(int,
	             wt_chunk_file_find(reader, 0, (uint64_t)size_of_file(), &index_before, &err),
	             1));
	cr_assert(eq(int, wt_chunk_file_chunk(reader, &index_before, &bytes, &err), 1));
	cr_assert(eq(int, index_before.maps, 2));
	wt_chunk_read_map(bytes, &index_before, false, 1, &carried);
	cr_expect(eq(u32, carried.interface_id, 1));
	cr_expect(eq(int, memcmp(&carried.map, &map, sizeof(map)), 0));
	wt_chunk_file_close(reader);
}

Test(partial, maps_are_found_in_what_was_repaired)
{
	static const char clock[] = "source=hardware clock=utc";
	struct wt_cut_result result;

	tape_free(&tape);
	tape_begin_clocked(&tape, 1, clock, NULL, 0);
	add_note(0);
	for (int i = 0; i < 20; i++)
		tape_stamped(&tape, &map, map.phc_ns + i, 1000);
	tape_chunk(&tape);
	for (int i = 0; i < 5; i++) {
		tape_stamped(&tape, &map, map.phc_ns + 1100000000 + i, 1000);
		tape_chunk(&tape);
	}
	tape_zero_page(&tape, tape.chunks[0].offset + 8192);
	memset(tape.bytes + tape.chunks[1].offset, 0, tape.chunks[1].bytes);
	write_tape();
	repair();
	read_through();
	cr_expect(eq(sz, found.clocks, 1));
	cut_later(&result);
	cr_expect(eq(u64, result.packets, 4));
	cr_expect(eq(sz, found.clocks, 1));
}
