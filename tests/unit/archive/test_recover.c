/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/repair/recover.h>
#include <wiretape/pcapng/gap_block.h>
#include <wiretape/tests/support/temp.h>

#include "support/pcapng_builder.h"
#include "support/seeds.h"
#include "support/tape_builder.h"
#include "support/unit.h"

#define T_NS INT64_C(1700000000000000000)

enum { SEEDS = SEEDS_OF(300) };

static struct tape_builder tape;
static char path[TEMP_BYTES];
static char copy_path[80];
static int fd;
static struct wt_recovery *recovery;
static const struct wt_recover_report *report;
static struct wt_error err;

static void set_up(void)
{
	/* Each repair waits for the disk: here thousands do, in vain. */
	temp_template_in_memory(path, "recover");
	fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
	snprintf(copy_path, sizeof(copy_path), "%s.copy", path);
	tape_begin(&tape, 2);
}

static void close_recovery(void)
{
	wt_recover_close(recovery);
	recovery = NULL;
}

static void tear_down(void)
{
	close_recovery();
	tape_free(&tape);
	close(fd);
	unlink(path);
	unlink(copy_path);
}

TestSuite(recover, .init = set_up, .fini = tear_down);

static void look_at(const char *name)
{
	int rc;

	close_recovery();
	rc = wt_recover_open(&recovery, name, true, &err);
	cr_assert(eq(int, rc, 0), "%s", err.text);
	report = wt_recover_report(recovery);
}

static void look(void)
{
	look_at(path);
}

static void write_bytes(const void *bytes, size_t length)
{
	cr_assert(eq(int, ftruncate(fd, 0), 0));
	cr_assert(eq(long, (long)pwrite(fd, bytes, length, 0), (long)length));
}

static off_t size_of(const char *name)
{
	struct stat status;

	cr_assert(eq(int, stat(name, &status), 0));
	return status.st_size;
}

static off_t size_of_file(void)
{
	return size_of(path);
}

static uint8_t *contents(const char *name, size_t *length)
{
	FILE *file = fopen(name, "r");
	uint8_t *bytes;

	*length = (size_t)size_of(name);
	bytes = malloc(*length + 1);
	cr_assert(bytes && file && fread(bytes, 1, *length, file) == *length);
	fclose(file);
	return bytes;
}

/* A file that is left alone, of which there is only a copy: that one takes its place. */
static void take_copy(const char *why)
{
	size_t length, length_after;
	uint8_t *before = contents(path, &length), *after;
	int rc = wt_recover_apply(recovery, &err);

	cr_assert(eq(int, rc, -EPERM));
	cr_expect(strstr(err.text, why) != NULL, "'%s' is not in: %s", why, err.text);
	cr_expect(strstr(err.text, "-w FILE") != NULL, "%s", err.text);
	after = contents(path, &length_after);
	cr_assert(length == length_after && !memcmp(before, after, length));
	free(before);
	free(after);
	rc = wt_recover_copy(recovery, copy_path, 0, &err);
	cr_assert(eq(int, rc, 0), "%s", err.text);
	after = contents(copy_path, &length);
	write_bytes(after, length);
	free(after);
}

static void apply(void)
{
	int rc;

	if (report->way == WT_RECOVER_COPY) {
		take_copy("");
		return;
	}
	rc = wt_recover_apply(recovery, &err);
	cr_assert(eq(int, rc, 0), "%s", err.text);
}

static void expect_refusal(int code, const char *part)
{
	int rc;

	close_recovery();
	rc = wt_recover_open(&recovery, path, true, &err);

	cr_assert(eq(int, rc, code), "%s", rc ? err.text : "it is taken");
	cr_expect(strstr(err.text, part) != NULL, "'%s' is not in: %s", part, err.text);
}

static void expect_why(const char *part)
{
	cr_expect(strstr(report->why.text, part) != NULL, "'%s' is not in: %s", part,
	          report->why.text);
}

static void expect_nothing_to_do(void)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;

	look();
	cr_expect(eq(int, report->needs_repair, false));
	cr_expect(eq(int, wt_recover_next_step(recovery, &cursor, &step), false));
}

/* What the file says, read from its beginning to its end. */
static struct {
	uint32_t numbers[TAPE_PACKETS_MAX];
	size_t packets;
	uint64_t missing;
	size_t holes, ends;
	struct wt_gap_block last;
} found;

static void note_missing(const struct wt_pcapng_item *item)
{
	struct wt_gap_block missing;

	cr_assert(wt_gap_block_parse(item->body, item->body_bytes, &missing));
	found.last = missing;
	if (missing.what == WT_GAP_BLOCK_NOT_CLOSED) {
		found.ends++;
		return;
	}
	found.missing += missing.packets;
	found.holes += missing.what == WT_GAP_BLOCK_HOLE;
}

static void read_back_from(const char *name)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	int rc;

	memset(&found, 0, sizeof(found));
	cr_assert(eq(int, wt_capture_file_open(&file, name, &err), 0), "%s", err.text);
	while ((rc = wt_capture_file_next(file, &item, &err)) > 0) {
		if (item.kind == WT_ITEM_PACKET)
			memcpy(&found.numbers[found.packets++], item.packet.frame.data,
			       sizeof(uint32_t));
		else if (item.block_type == WT_PCAPNG_GAP)
			note_missing(&item);
	}
	cr_expect(eq(int, rc, 0), "%s", rc ? err.text : "");
	wt_capture_file_close(file);
}

static void read_back(void)
{
	read_back_from(path);
}

static void add_chunks(size_t count, uint32_t caplen)
{
	for (size_t i = 0; i < count; i++) {
		for (int j = 0; j < 2; j++)
			tape_packet(&tape, T_NS + (int64_t)tape.packet_count, caplen);
		tape_chunk(&tape);
	}
}

static void lose_chunk(size_t number)
{
	memset(tape.bytes + tape.chunks[number].offset, 0, tape.chunks[number].bytes);
}

Test(recover, a_recording_that_was_closed_needs_nothing)
{
	add_chunks(3, 100);
	tape_close(&tape);
	tape_write(&tape, fd);
	look();
	cr_expect(eq(int, report->needs_repair, false));
	cr_expect(report->was_closed && report->has_chunks);
	cr_expect(eq(u64, report->packets, 6));
	cr_expect(eq(u64, report->chunks, 4));
	apply();
	expect_nothing_to_do();
}

Test(recover, a_hole_becomes_a_block_that_says_what_is_missing)
{
	add_chunks(5, 9000);
	tape_close(&tape);
	lose_chunk(1);
	lose_chunk(2);
	tape_write(&tape, fd);
	look();
	cr_assert(eq(sz, report->hole_count, 1));
	cr_expect(eq(u64, report->holes[0].packets, 4));
	cr_expect(eq(u64, report->holes[0].offset, tape.chunks[1].offset));
	cr_expect(eq(u64, report->holes[0].bytes, tape.chunks[1].bytes + tape.chunks[2].bytes));
	cr_expect(eq(i64, report->holes[0].after_ns, T_NS + 1));
	cr_expect(eq(i64, report->holes[0].before_ns, T_NS + 6));
	cr_expect(report->was_closed && !report->holes[0].closed);
	take_copy("it was closed");
	read_back();
	cr_expect(eq(sz, found.packets, 6));
	cr_expect(eq(sz, found.holes, 1));
	cr_expect(eq(u64, found.missing, 4));
	cr_expect(eq(i64, found.last.after_ns, T_NS + 1));
	cr_expect(eq(i64, found.last.before_ns, T_NS + 6));
	expect_nothing_to_do();
	cr_expect(report->holes[0].closed);
	cr_expect(eq(u64, report->missing_packets, 4));
}

Test(recover, each_hole_is_one)
{
	add_chunks(7, 9000);
	tape_close(&tape);
	lose_chunk(1);
	lose_chunk(3);
	lose_chunk(5);
	tape_write(&tape, fd);
	look();
	cr_assert(eq(sz, report->hole_count, 3));
	for (size_t i = 0; i < 3; i++) {
		cr_expect(eq(u64, report->holes[i].offset, tape.chunks[2 * i + 1].offset));
		cr_expect(eq(u64, report->holes[i].packets, 2));
	}
	cr_expect(eq(u64, report->missing_packets, 6));
}

/* Change two words of the block that a repair has put into the hole, and look again. */
static void expect_hole(bool is_closed, size_t first, uint32_t first_word, size_t second,
                        uint32_t second_word)
{
	const off_t hole = (off_t)tape.chunks[1].offset;
	const off_t at[] = {hole + (off_t)first, hole + (off_t)second};
	uint32_t words[2];

	for (int i = 0; i < 2; i++)
		cr_assert(eq(long, (long)pread(fd, &words[i], 4, at[i]), 4));
	cr_assert(eq(long, (long)pwrite(fd, &first_word, 4, at[0]), 4));
	cr_assert(eq(long, (long)pwrite(fd, &second_word, 4, at[1]), 4));
	look();
	cr_expect(eq(int, report->holes[0].closed, is_closed), "%u at %zu, %u at %zu", first_word,
	          first, second_word, second);
	for (int i = 1; i >= 0; i--)
		cr_assert(eq(long, (long)pwrite(fd, &words[i], 4, at[i]), 4));
}

Test(recover, a_hole_is_closed_by_whole_blocks_of_its_own_only)
{
	uint32_t bytes, text;

	add_chunks(4, 9000);
	tape_close(&tape);
	lose_chunk(1);
	tape_write(&tape, fd);
	look();
	take_copy("it was closed");
	bytes = tape.chunks[1].bytes;
	cr_assert(eq(long, (long)pread(fd, &text, 4, (off_t)tape.chunks[1].offset + 8), 4));
	expect_hole(true, 0, WT_PCAPNG_GAP, bytes - 4, bytes);
	expect_hole(false, 0, WT_PCAPNG_CUSTOM, bytes - 4, bytes);
	expect_hole(false, 0, 0, bytes - 4, bytes);
	expect_hole(false, 4, 0, bytes - 4, bytes);
	expect_hole(false, 4, bytes - 4, bytes - 8, bytes - 4);
	expect_hole(false, 4, bytes - 4096, bytes - 4096 - 4, bytes - 4096);
	expect_hole(false, 4, bytes + 4096, bytes + 4096 - 4, bytes + 4096);
	expect_hole(false, 4, bytes, bytes - 4, bytes - 4096);
	expect_hole(false, 4, bytes, bytes - 4, 0);
	expect_hole(false, 8, ~text, bytes - 4, bytes);
}

Test(recover, a_recording_that_was_not_closed_says_so_afterwards)
{
	add_chunks(3, 100);
	tape_append_zeros(&tape, 1 << 20);
	tape_write(&tape, fd);
	look();
	cr_expect(report->needs_repair && !report->was_closed);
	cr_expect(eq(u64, report->cut_bytes, 1 << 20));
	apply();
	read_back();
	cr_expect(eq(sz, found.packets, 6));
	cr_expect(eq(sz, found.ends, 1));
	cr_expect(eq(i64, found.last.after_ns, T_NS + 5));
	expect_nothing_to_do();
	cr_expect(report->was_marked);
}

Test(recover, statistics_in_between_are_no_end)
{
	add_chunks(1, 100);
	tape_close(&tape);
	tape_append_zeros(&tape, 4096);
	tape_write(&tape, fd);
	look();
	cr_expect(report->needs_repair && !report->was_closed);
	apply();
	read_back();
	cr_expect(eq(sz, found.ends, 1));
}

Test(recover, the_packets_of_a_torn_last_chunk_are_known)
{
	add_chunks(3, 9000);
	tape_zero_page(&tape, tape.chunks[2].offset + 4096);
	tape_write(&tape, fd);
	look();
	cr_expect(eq(u64, report->packets, 4));
	cr_expect(eq(u64, report->tail_packets, 2));
	cr_expect(eq(u64, report->cut_bytes, tape.chunks[2].bytes));
	apply();
	read_back();
	cr_expect(eq(u64, found.last.packets, 2));
	expect_nothing_to_do();
	cr_expect(eq(u64, report->tail_packets, 2));
}

Test(recover, a_recording_without_a_chunk_is_one)
{
	tape_append_zeros(&tape, 123456);
	tape_write(&tape, fd);
	look();
	apply();
	read_back();
	cr_expect(eq(sz, found.packets, 0));
	cr_expect(eq(sz, found.ends, 1));
	expect_nothing_to_do();
}

Test(recover, a_large_hole_becomes_several_blocks)
{
	uint64_t bytes;

	add_chunks(40, 260000);
	tape_close(&tape);
	for (size_t i = 2; i < 38; i++)
		lose_chunk(i);
	bytes = tape.chunks[38].offset - tape.chunks[2].offset;
	cr_assert(gt(u64, bytes, 16 << 20));
	tape_write(&tape, fd);
	look();
	apply();
	read_back();
	cr_expect(eq(sz, found.holes, 1));
	cr_expect(eq(u64, found.missing, 72));
	cr_expect(eq(u64, found.last.bytes, bytes));
	expect_nothing_to_do();
}

Test(recover, of_a_damaged_beginning_all_blocks_that_can_be_read_keep_their_places)
{
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		tape_free(&tape);
		tape_begin(&tape, 2);
		add_chunks(2, 100);
		if (big_endian)
			tape_swap(&tape);
		memset(tape.bytes + tape.chunks[0].offset - 8, 0, 8);
		tape_write(&tape, fd);
		look();
		take_copy("its first chunk, with the interfaces, is damaged");
		read_back();
		cr_expect(eq(sz, found.packets, 4));
		look();
		cr_expect(report->has_chunks);
		unlink(copy_path);
	}
}

Test(recover, the_mark_may_have_the_last_number_there_is)
{
	const uint32_t number = UINT32_MAX - 1;

	add_chunks(2, 100);
	memcpy(tape.bytes + tape.chunks[1].offset + offsetof(struct wt_chunk_index, number),
	       &number, sizeof(number));
	tape_write(&tape, fd);
	look();
	apply();
	read_back();
	cr_expect(eq(sz, found.packets, 4));
	expect_nothing_to_do();
}

/* A packet that is itself of a pcapng file, after a hole. */
Test(recover, a_section_header_in_a_packet_is_no_end_of_a_recording)
{
	static const uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, ~0u, ~0u, 28, 1, 20,
	                                   1,          0,  20,         1, 20,  1,   0,  20};

	add_chunks(4, 100);
	memcpy(tape.bytes + tape.chunks[2].offset + tape.chunks[2].index_bytes + 28 + 8, section,
	       sizeof(section));
	tape_zero_page(&tape, tape.chunks[1].offset);
	tape_write(&tape, fd);
	look();
	cr_expect(eq(u64, report->packets, 6));
	apply();
	read_back();
	cr_expect(eq(sz, found.packets, 6));
	expect_nothing_to_do();
}

Test(recover, a_file_that_is_being_recorded_is_refused)
{
	add_chunks(2, 100);
	tape_write(&tape, fd);
	cr_assert(eq(int, flock(fd, LOCK_EX), 0));
	expect_refusal(-EBUSY, "being recorded");
}

Test(recover, the_copy_is_what_the_file_would_become)
{
	struct stat before, after;

	add_chunks(6, 9000);
	lose_chunk(3);
	tape_append_zeros(&tape, 50000);
	tape_write(&tape, fd);
	fstat(fd, &before);
	look();
	cr_assert(eq(int, wt_recover_copy(recovery, copy_path, 0, &err), 0), "%s", err.text);
	fstat(fd, &after);
	cr_expect(eq(i64, before.st_size, after.st_size));
	read_back_from(copy_path);
	cr_expect(eq(sz, found.packets, 10));
	cr_expect(eq(u64, found.missing, 2));
	look_at(copy_path);
	cr_expect(eq(int, report->needs_repair, false));
	look();
	cr_expect(report->needs_repair);
	cr_expect(lt(int, wt_recover_copy(recovery, path, 0, &err), 0));
}

Test(recover, the_other_byte_order)
{
	add_chunks(5, 9000);
	tape_swap(&tape);
	lose_chunk(2);
	tape_append_zeros(&tape, 8192);
	tape_write(&tape, fd);
	look();
	cr_expect(eq(u64, report->packets, 8));
	cr_expect(eq(u64, report->missing_packets, 2));
	apply();
	read_back();
	cr_expect(eq(sz, found.packets, 8));
	cr_expect(eq(u64, found.missing, 2));
	cr_expect(eq(sz, found.ends, 1));
	expect_nothing_to_do();
}

/* ---- any damage ---- */

static uint8_t *whole; /* the tape as it was before */

static void build_random_tape(uint64_t seed)
{
	int64_t now = T_NS;
	uint64_t chunks;

	tape_free(&tape);
	tape_begin(&tape, 1 + seed % 3);
	tape.seed = seed;
	tape.in_place = tape_random(&tape, 2);
	chunks = 3 + tape_random(&tape, 20);
	for (uint64_t i = 0; i < chunks; i++) {
		for (uint64_t left = tape_random(&tape, 6); left; left--) {
			now += (int64_t)tape_random(&tape, 100) - 20;
			tape_packet(&tape, now,
			            4 + (uint32_t)tape_random(&tape,
			                                      tape_random(&tape, 2) ? 200 : 15000));
		}
		if (!tape.in_place && !tape_random(&tape, 5))
			tape_statistics(&tape);
		tape_chunk(&tape);
	}
	if (tape_random(&tape, 2))
		tape_close(&tape);
	if (seed % 4 == 0)
		tape_swap(&tape);
	if (tape_random(&tape, 2))
		tape_append_zeros(&tape, (size_t)tape_random(&tape, 100000));
}

/* Any of the pages of the last chunks are zeros. */
static void damage(void)
{
	size_t first = (size_t)tape_random(&tape, tape.chunk_count);
	uint64_t odds = 2 + tape_random(&tape, 20);

	whole = realloc(whole, tape.length);
	memcpy(whole, tape.bytes, tape.length);
	for (uint64_t at = tape.chunks[first].offset; at < tape.length; at += 4096)
		if (!tape_random(&tape, odds))
			tape_zero_page(&tape, at);
}

static struct {
	size_t good;      /* chunks */
	uint64_t packets; /* in those */
	uint64_t missing; /* in holes before the last of those */
	uint64_t tail;    /* behind it */
	uint64_t end;     /* of the last of those */
	size_t parts;     /* chunks of which the start is kept */
	uint64_t part_packets;
} expected;

static uint32_t load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool is_swapped(void)
{
	return load32(whole + 8) != WT_PCAPNG_MAGIC;
}

static uint32_t word(const uint8_t *at)
{
	return is_swapped() ? __builtin_bswap32(load32(at)) : load32(at);
}

static bool is_intact(uint64_t at, size_t bytes)
{
	return at + bytes <= tape.length && !memcmp(whole + at, tape.bytes + at, bytes);
}

/* The blocks at the start of a chunk that are all there; the packets and others among them. */
static uint64_t find_intact(const struct tape_chunk *chunk, uint32_t *packets, uint32_t *others)
{
	uint64_t at = chunk->offset, end = at + chunk->bytes;

	*packets = *others = 0;
	while (at < end && is_intact(at, word(whole + at + 4))) {
		*packets += word(whole + at) == WT_PCAPNG_EPB;
		*others += word(whole + at) == WT_PCAPNG_ISB;
		at += word(whole + at + 4);
	}
	return at;
}

static void expect_part(const struct tape_chunk *chunk, uint64_t end, uint32_t packets)
{
	expected.parts++;
	expected.part_packets += packets;
	expected.missing += chunk->packet_count - packets;
	/* A block that says what is missing takes 236 bytes at least. */
	expected.end = (end + 236 + 4095) / 4096 * 4096;
}

/* A chunk in which nothing differs is whole; of any other the blocks at its start stay. */
static void work_out_expected(void)
{
	uint64_t lost = 0, end;
	uint32_t packets, others;

	memset(&expected, 0, sizeof(expected));
	expected.end = tape.chunks[0].offset;
	for (size_t i = 0; i < tape.chunk_count; i++) {
		const struct tape_chunk *chunk = &tape.chunks[i];

		end = find_intact(chunk, &packets, &others);
		if (end < chunk->offset + chunk->bytes && !packets && !others) {
			lost += chunk->packet_count;
			continue;
		}
		expected.good++;
		expected.packets += packets;
		expected.missing += lost;
		expected.end = end;
		lost = 0;
		if (end < chunk->offset + chunk->bytes)
			expect_part(chunk, end, packets);
	}
	expected.tail = lost;
}

/* What a reader sees that knows nothing of chunks, up to where it stops; but it is not asked
 * to see that a page in a packet is none. */
static size_t count_readable(void)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	size_t packets = 0;

	cr_assert(eq(int, wt_capture_file_open(&file, path, &err), 0), "%s", err.text);
	while (wt_capture_file_next(file, &item, &err) > 0 && is_intact(item.offset, item.bytes))
		packets += item.kind == WT_ITEM_PACKET;
	wt_capture_file_close(file);
	return packets;
}

/* Those of the good chunks and parts, in their order. */
static void expect_numbers(uint64_t seed)
{
	size_t at = 0;

	for (size_t i = 0; i < tape.chunk_count; i++) {
		const struct tape_chunk *chunk = &tape.chunks[i];
		uint32_t packets, others;

		find_intact(chunk, &packets, &others);
		for (uint32_t j = 0; j < packets; j++, at++)
			cr_assert(eq(u32, found.numbers[at], chunk->first_packet + j), "seed %llu",
			          (unsigned long long)seed);
	}
	cr_expect(eq(sz, found.packets, at));
}

static void expect_repaired(uint64_t seed)
{
	read_back();
	expect_numbers(seed);
	cr_expect(eq(u64, found.missing, expected.missing), "seed %llu", (unsigned long long)seed);
	cr_expect(le(sz, found.ends, 1));
	expect_nothing_to_do();
	cr_expect(eq(u64, report->packets, expected.packets));
	cr_expect(eq(u64, report->missing_packets, expected.missing));
}

static void damage_anew(uint64_t seed)
{
	build_random_tape(seed);
	damage();
	work_out_expected();
	tape_write(&tape, fd);
	look();
	cr_expect(eq(u64, report->packets, expected.packets), "seed %llu",
	          (unsigned long long)seed);
	cr_expect(eq(u64, report->missing_packets, expected.missing), "seed %llu",
	          (unsigned long long)seed);
	cr_expect(eq(u64, report->keep_bytes, expected.end), "seed %llu", (unsigned long long)seed);
	cr_expect(le(u64, report->tail_packets, expected.tail), "seed %llu",
	          (unsigned long long)seed);
	cr_expect(eq(u64, report->part_chunks, expected.parts), "seed %llu",
	          (unsigned long long)seed);
	cr_expect(eq(u64, report->part_packets, expected.part_packets), "seed %llu",
	          (unsigned long long)seed);
	cr_expect(ge(u64, report->packets, count_readable()), "seed %llu",
	          (unsigned long long)seed);
}

Test(recover, any_pages_of_the_last_chunks_may_be_missing)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		damage_anew(seed);
		apply();
		expect_repaired(seed);
	}
	free(whole);
	whole = NULL;
}

static void do_step(const struct wt_recover_step *step)
{
	if (step->kind == WT_RECOVER_WRITE)
		cr_assert(eq(long, (long)pwrite(fd, step->bytes, step->length, (off_t)step->offset),
		             (long)step->length));
	if (step->kind == WT_RECOVER_CUT)
		cr_assert(eq(int, ftruncate(fd, (off_t)step->offset), 0));
}

static size_t count_steps(void)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;
	size_t count = 0;

	while (wt_recover_next_step(recovery, &cursor, &step))
		count++;
	return count;
}

/* The machine stops after so many steps. */
static void do_some_steps(size_t count)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;

	for (size_t i = 0; i < count && wt_recover_next_step(recovery, &cursor, &step); i++)
		do_step(&step);
}

/* Of a write on two pages either may have arrived. */
static void do_step_in_part(struct wt_recover_step *step)
{
	size_t first = 4096 - step->offset % 4096;
	struct wt_recover_step rest = *step;

	if (step->kind == WT_RECOVER_WRITE && step->length > first) {
		rest.offset += first;
		rest.length -= first;
		memmove(rest.bytes, rest.bytes + first, rest.length);
		step->length = first;
		if (tape_random(&tape, 2))
			do_step(&rest);
	}
	if (tape_random(&tape, 2))
		do_step(step);
}

/* All up to a sync, and of what comes between it and the next one, whose order is the disk's,
 * some. */
static void do_steps_up_to_sync(size_t syncs)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;

	while (wt_recover_next_step(recovery, &cursor, &step)) {
		if (step.kind == WT_RECOVER_SYNC && !syncs)
			return;
		syncs -= step.kind == WT_RECOVER_SYNC;
		if (syncs)
			do_step(&step);
		else
			do_step_in_part(&step);
	}
}

static size_t count_syncs(void)
{
	struct wt_recover_cursor cursor = {0};
	struct wt_recover_step step;
	size_t count = 0;

	while (wt_recover_next_step(recovery, &cursor, &step))
		count += step.kind == WT_RECOVER_SYNC;
	return count;
}

Test(recover, a_repair_that_was_interrupted_can_be_taken_up_again)
{
	for (uint64_t seed = 1; seed <= SEEDS / 5; seed++) {
		damage_anew(seed);
		for (size_t stop = 0; stop <= count_steps(); stop++) {
			do_some_steps(stop);
			look();
			apply();
			expect_repaired(seed);
			damage_anew(seed);
		}
	}
	free(whole);
	whole = NULL;
}

Test(recover, of_an_interrupted_repair_any_of_the_writes_may_be_missing)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		damage_anew(seed);
		for (size_t syncs = 0; syncs < count_syncs(); syncs++) {
			do_steps_up_to_sync(syncs);
			look();
			apply();
			expect_repaired(seed);
			damage_anew(seed);
		}
	}
	free(whole);
	whole = NULL;
}

/* ---- other people's files ---- */

Test(recover, another_pcapng_file_is_cut_behind_its_last_whole_block)
{
	struct pcapng_builder build = {0};
	size_t good;

	build_section(&build);
	build_interface(&build, 9, 0);
	build_packet(&build, 0, T_NS, "one");
	good = build.length;
	build_packet(&build, 0, T_NS, "two");
	for (size_t length = good; length <= build.length; length++) {
		write_bytes(build.bytes, length);
		look();
		cr_expect(eq(u64, report->cut_bytes, length == build.length ? 0 : length - good));
		apply();
		cr_expect(eq(i64, size_of_file(), (off_t)(length == build.length ? length : good)));
		expect_nothing_to_do();
	}
}

Test(recover, what_is_no_capture_file_is_refused)
{
	write_bytes("no capture file at all", 22);
	expect_refusal(-ENOTSUP, "neither pcapng nor pcap");
	write_bytes("", 0);
	expect_refusal(-ENODATA, "empty");
	cr_expect(eq(int, wt_recover_open(&recovery, "/dev/null", true, &err), -EINVAL));
	cr_expect(strstr(err.text, "not a regular file") != NULL, "%s", err.text);
	write_bytes("\x0a\x0d\x0d\x0a\0\0\0\0", 8);
	expect_refusal(-EBADMSG, "nothing of it can be kept");
}

/* ---- other people's files, damaged ---- */

static struct pcapng_builder file;

enum { PACKETS = 20 };

static size_t starts[PACKETS + 1]; /* of the packets' blocks, and their end */

static void build_twenty(bool big_endian)
{
	char data[] = "number 00 of some that are no more than this";

	memset(&file, 0, sizeof(file));
	file.big_endian = big_endian;
	build_section(&file);
	build_interface(&file, 9, 0);
	for (int i = 0; i < PACKETS; i++) {
		starts[i] = file.length;
		data[7] = (char)('0' + i / 10);
		data[8] = (char)('0' + i % 10);
		build_packet(&file, 0, (uint64_t)T_NS + (uint64_t)i, data);
	}
	starts[PACKETS] = file.length;
}

/* Some bytes in the middle of what is built. */
static void insert(size_t at, uint8_t value, size_t length)
{
	cr_assert(le(sz, file.length + length, sizeof(file.bytes)));
	memmove(file.bytes + at + length, file.bytes + at, file.length - at);
	memset(file.bytes + at, value, length);
	file.length += length;
}

static void expect_whole(void)
{
	expect_nothing_to_do();
	cr_expect(eq(int, (int)report->way, (int)WT_RECOVER_NOTHING));
}

/* The file itself stays; the copy has so many packets, and what is left out is known. */
static void expect_copy(const char *why, size_t packets, uint64_t lost_bytes)
{
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(u64, report->packets, packets));
	cr_expect(eq(u64, report->lost_bytes, lost_bytes));
	take_copy(why);
	read_back();
	cr_expect(eq(sz, found.packets, packets));
	expect_whole();
	cr_expect(eq(u64, report->packets, packets));
}

static void expect_cut(uint64_t keep_bytes, size_t packets)
{
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(int, (int)report->way, (int)WT_RECOVER_IN_PLACE));
	cr_expect(eq(u64, report->packets, packets));
	apply();
	cr_expect(eq(i64, size_of_file(), (off_t)keep_bytes));
	read_back();
	cr_expect(eq(sz, found.packets, packets));
	expect_whole();
}

static void both_orders(void (*test)(void))
{
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		build_twenty(big_endian);
		test();
	}
}

static void wrong_first_length(void)
{
	const uint32_t right = (uint32_t)(starts[8] - starts[7]);
	const uint32_t wrong[] = {0x7fffffff, 0,         4,         8,         12,        13,
	                          right - 4,  right + 4, right - 1, 2 * right, 0xffffffff};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		build_patch_u32(&file, starts[7] + 4, wrong[i]);
		expect_copy("is left as it is", PACKETS, 0);
		cr_expect(eq(u64, report->mended, 0));
	}
}

static void two_wrong_lengths(void)
{
	build_patch_u32(&file, starts[7] + 4, 0);
	build_patch_u32(&file, starts[8] - 4, 0);
	build_patch_u32(&file, starts[12] + 4, 0xffff);
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(u64, report->mended, 2));
	cr_assert(eq(sz, report->passed_count, 2));
	cr_expect(report->passed[0].is_kept && report->passed[1].is_kept);
	expect_copy("is left as it is", PACKETS, 0);
	/* Between two in a row nothing says where the first one ends. */
	build_patch_u32(&file, starts[8] + 4, 16);
	expect_copy("is left as it is", PACKETS - 2, starts[9] - starts[7]);
}

static void wrong_second_length(void)
{
	build_patch_u32(&file, starts[8] - 4, 12);
	expect_copy("does not stand at its end", PACKETS, 0);
}

static void wrong_field(void)
{
	build_patch_u32(&file, starts[7] + 20, 0x7fffffff);
	expect_copy("captured length", PACKETS - 1, starts[8] - starts[7]);
	cr_expect(eq(sz, report->passed_count, 0));
}

static void garbage_between(void)
{
	for (size_t bytes = 1; bytes < 40; bytes++) {
		insert(starts[7], 0xee, 1);
		expect_copy("is left as it is", PACKETS, bytes);
	}
}

static void zeros_between(void)
{
	for (size_t bytes = 1; bytes < 40; bytes++) {
		insert(starts[7], 0, 1);
		expect_copy("is left as it is", PACKETS, bytes);
	}
	insert(starts[7], 0, 4096);
	expect_copy("zeros", PACKETS, 4096 + 39);
}

/* Without a right length a packet has to end where its options do. */
static void wrong_length_and_options(void)
{
	static const uint8_t ends[][4] = {{0, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {0, 0, 9, 9}};
	const size_t block = starts[8] - starts[7], end = starts[8] - 4;

	insert(end, 0, 4);
	build_patch_u32(&file, end + 4, (uint32_t)block + 4);
	build_patch_u32(&file, starts[7] + 4, 0x7fffffff);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		memcpy(file.bytes + end, ends[i], 4);
		expect_copy("is left as it is", PACKETS - (i > 0), i ? block + 4 : 0);
	}
	insert(end, 0, 4);
	build_patch_u32(&file, end + 8, (uint32_t)block + 8);
	expect_copy("is left as it is", PACKETS - 1, block + 8);
}

/* What is behind an interface or a section header whose length is wrong. The length at its end
 * looks like an option without content. */
static void wrong_length_of_header_and_bytes_behind(void)
{
	insert(starts[0], 0xee, 8);
	build_patch_u32(&file, 28 + 4, 0x7fffffff);
	expect_copy("Interface Description Block", PACKETS, 8 - 4);
	build_twenty(file.big_endian);
	insert(28, 0xee, 12);
	build_patch_u32(&file, 4, 0x7fffffff);
	expect_copy("Section Header Block", PACKETS, 12 - 4);
}

/* A block without what its type has, which is lost; and others, of which nothing is known. */
static void broken_content(void)
{
	static const struct {
		uint32_t type;
		bool is_read;
	} types[] = {{WT_PCAPNG_EPB, true}, {WT_PCAPNG_PACKET, true},
	             {WT_PCAPNG_ISB, true}, {4, false},
	             {10, false},           {0xbad, false},
	             {0x40000bad, false},   {0x12345678, false}};

	insert(starts[7], 0xff, 16);
	build_patch_u32(&file, starts[7] + 4, 16);
	build_patch_u32(&file, starts[7] + 12, 16);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		build_patch_u32(&file, starts[7], types[i].type);
		if (types[i].is_read) {
			expect_copy("is left as it is", PACKETS, 16);
		} else {
			write_bytes(file.bytes, file.length);
			expect_whole();
			cr_expect(eq(u64, report->packets, PACKETS));
		}
	}
	/* After other damage, too, it is not for want of an interface. */
	build_patch_u32(&file, starts[7], WT_PCAPNG_EPB);
	insert(starts[3], 0xee, 4);
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(u64, report->mended, 0));
	expect_copy("is left as it is", PACKETS, 20);
}

/* Only a packet of the first interface can be kept without a description. */
static void packet_of_a_lost_interface(void)
{
	memset(file.bytes + 28, 0, starts[0] - 28);
	build_patch_u32(&file, starts[0] + 8, 1);
	expect_copy("zeros", PACKETS - 1, starts[1] - 28);
}

static void bytes_are_gone(void)
{
	memmove(file.bytes + starts[7] + 13, file.bytes + starts[7] + 50,
	        file.length - starts[7] - 50);
	file.length -= 37;
	expect_copy("is left as it is", PACKETS - 1, starts[8] - starts[7] - 37);
}

static void two_damages(void)
{
	insert(starts[12], 0xee, 20);
	insert(starts[3], 0x11, 2);
	expect_copy("is left as it is", PACKETS, 22);
}

static void first_block(void)
{
	build_patch_u32(&file, 4, 0xffff);
	expect_copy("Section Header Block", PACKETS, 0);
	build_patch_u32(&file, 4, 28);
	build_patch_u32(&file, 8, 0);
	expect_copy("Section Header Block", PACKETS, 28);
}

static void wrong_last_length(void)
{
	build_patch_u32(&file, file.length - 4, 0xffffffff);
	expect_copy("does not stand at its end", PACKETS, 0);
}

static void interface_length(void)
{
	build_patch_u32(&file, 28 + 4, 0);
	expect_copy("Interface Description Block", PACKETS, 0);
	cr_expect(eq(i64, report->packets, PACKETS));
}

static void interface_options(void)
{
	insert(28 + 16 + 8, 0xee, 5);
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(u64, report->packets, PACKETS));
	expect_copy("Interface Description Block", PACKETS, report->lost_bytes);
}

static void interface_is_gone(void)
{
	memset(file.bytes + 28, 0, starts[0] - 28);
	expect_copy("zeros", PACKETS, starts[0] - 28);
}

static void garbage_behind(void)
{
	insert(file.length, 0xab, 500);
	expect_copy("is left as it is", PACKETS, 500);
}

static void zeros_behind(void)
{
	insert(file.length, 0, 5000);
	expect_cut(starts[PACKETS], PACKETS);
}

static void part_and_zeros_behind(void)
{
	const size_t end = file.length;

	insert(end, 0, 5000);
	for (size_t bytes = end - starts[19] - 4; bytes > 0; bytes--) {
		memset(file.bytes + starts[19] + bytes, 0, 4);
		expect_cut(starts[19], 19);
	}
}

static void cut_off(void)
{
	for (size_t bytes = starts[20] - starts[19] - 1; bytes > 0; bytes--) {
		char why[64];

		file.length = starts[19] + bytes;
		write_bytes(file.bytes, file.length);
		look();
		snprintf(why, sizeof(why), "at offset %zu: %zu of ", starts[19], bytes);
		if (bytes >= 4)
			expect_why(why);
		expect_cut(starts[19], 19);
	}
}

/* A last block that is not whole, with a length that no block has or one that may be right. */
static void cut_off_with_wrong_length(void)
{
	static const struct {
		uint32_t length;
		bool is_unfinished;
	} cases[] = {{0, false},         {8, false},          {13, false},
	             {42, false},        {44, true},          {0x07fffffc, true},
	             {0x08000000, true}, {0x08000004, false}, {0xfffffffc, false}};

	file.length = starts[19] + 40;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_patch_u32(&file, starts[19] + 4, cases[i].length);
		if (cases[i].is_unfinished)
			expect_cut(starts[19], 19);
		else
			expect_copy("Enhanced Packet Block", 19, 40);
	}
}

Test(recover, one_wrong_length_costs_nothing_in_either_order)
{
	both_orders(wrong_first_length);
	both_orders(wrong_second_length);
	both_orders(two_wrong_lengths);
	both_orders(wrong_last_length);
	both_orders(interface_options);
	both_orders(interface_is_gone);
	both_orders(interface_length);
	both_orders(first_block);
}

Test(recover, what_is_broken_in_the_middle_is_left_out_of_a_copy)
{
	both_orders(wrong_field);
	both_orders(garbage_between);
	both_orders(zeros_between);
	both_orders(wrong_length_and_options);
	both_orders(wrong_length_of_header_and_bytes_behind);
	both_orders(broken_content);
	both_orders(packet_of_a_lost_interface);
	both_orders(bytes_are_gone);
	both_orders(two_damages);
	both_orders(garbage_behind);
}

Test(recover, only_what_is_unfinished_is_cut_off)
{
	both_orders(zeros_behind);
	both_orders(part_and_zeros_behind);
	both_orders(cut_off);
	both_orders(cut_off_with_wrong_length);
}

Test(recover, what_is_left_out_is_listed)
{
	build_twenty(false);
	insert(starts[12], 0xee, 20);
	insert(starts[3], 0x11, 4);
	write_bytes(file.bytes, file.length);
	look();
	cr_assert(eq(sz, report->passed_count, 2));
	cr_expect(eq(u64, report->passed[0].offset, starts[3]));
	cr_expect(eq(u64, report->passed[0].bytes, 4));
	cr_expect(eq(u64, report->passed[1].offset, starts[12] + 4));
	cr_expect(eq(u64, report->passed[1].bytes, 20));
	cr_expect(not(report->passed[0].is_kept));
	cr_expect(eq(u64, report->lost_ranges, 2));
}

/* What is too much for the builder. */
static struct {
	uint8_t *bytes;
	size_t length;
} all;

static void append(const void *bytes, size_t length)
{
	all.bytes = realloc(all.bytes, all.length + length);
	cr_assert(all.bytes != NULL);
	memcpy(all.bytes + all.length, bytes, length);
	all.length += length;
}

static void write_all(void)
{
	write_bytes(all.bytes, all.length);
	free(all.bytes);
	memset(&all, 0, sizeof(all));
}

/* Three packets and four bytes, again and again. */
Test(recover, of_what_is_left_out_a_limited_number_is_listed)
{
	size_t unit;

	build_twenty(false);
	unit = starts[3] - starts[0] + 4;
	append(file.bytes, starts[3]);
	for (int i = 0; i < 1001; i++) {
		append("\xee\xee\xee\xee", 4);
		append(file.bytes + starts[0], unit - 4);
	}
	write_all();
	look();
	cr_expect(eq(u64, report->packets, 3 * 1002));
	cr_expect(eq(u64, report->lost_ranges, 1001));
	cr_assert(eq(sz, report->passed_count, 1000));
	cr_expect(eq(u64, report->passed[999].offset, starts[0] + 1000 * unit - 4));
}

static void append_section(uint16_t major, uint64_t bytes)
{
	build_block(&file, WT_PCAPNG_SHB);
	build_u32(&file, WT_PCAPNG_MAGIC);
	build_u16(&file, major);
	build_u16(&file, 0);
	build_u64(&file, bytes);
	build_block_end(&file);
}

Test(recover, what_is_not_understood_is_not_broken)
{
	size_t end;

	/* Of an unknown version, which says where it ends. */
	build_twenty(false);
	append_section(2, 40);
	insert(file.length, 0x77, 40);
	write_bytes(file.bytes, file.length);
	expect_whole();
	cr_expect(eq(u64, report->unknown_sections, 1));
	cr_expect(eq(u64, report->unknown_bytes, 68));
	/* Which ends where another begins, or not even in the file. */
	for (int i = 0; i < 4; i++) {
		static const uint64_t bytes[] = {40, 36, 44, 4000};

		build_twenty(false);
		end = file.length;
		append_section(2, bytes[i]);
		insert(file.length, 0x77, 40);
		build_section(&file);
		if (i) {
			expect_copy("of its version only 1.0 is known", PACKETS, 68);
			continue;
		}
		write_bytes(file.bytes, file.length);
		expect_whole();
		cr_expect(eq(u64, report->unknown_bytes, 68));
	}
	/* Which does not. */
	build_twenty(false);
	end = file.length;
	append_section(2, UINT64_MAX);
	insert(file.length, 0x77, 40);
	expect_copy("version 2.0", PACKETS, file.length - end);
	/* Blocks of unknown types. */
	build_twenty(false);
	build_patch_u32(&file, starts[3], 0x12345678);
	write_bytes(file.bytes, file.length);
	expect_whole();
	cr_expect(eq(u64, report->packets, PACKETS - 1));
}

Test(recover, a_block_of_any_length_is_no_damage)
{
	const uint32_t bytes = 200u << 20, words[2] = {WT_PCAPNG_CUSTOM, bytes};

	build_twenty(false);
	write_bytes(file.bytes, file.length);
	cr_assert(eq(long, (long)pwrite(fd, words, 8, (off_t)file.length), 8));
	cr_assert(eq(long, (long)pwrite(fd, words + 1, 4, (off_t)(file.length + bytes - 4)), 4));
	cr_assert(eq(long, (long)pwrite(fd, file.bytes, file.length, (off_t)(file.length + bytes)),
	             (long)file.length));
	expect_whole();
	cr_expect(eq(u64, report->packets, 2 * PACKETS));
	cr_expect(lt(u64, report->bytes_read, 4 << 20));
}

/* ---- several recordings and sections in one file ---- */

static void build_tape(void)
{
	tape_free(&tape);
	tape_begin(&tape, 2);
	add_chunks(4, 300);
}

Test(recover, a_recording_with_anything_behind_it_is_whole)
{
	build_tape();
	tape_close(&tape);
	append(tape.bytes, tape.length);
	build_twenty(true);
	append(file.bytes, file.length);
	append(tape.bytes, tape.length);
	tape_swap(&tape);
	append(tape.bytes, tape.length);
	write_all();
	expect_whole();
	cr_expect(eq(u64, report->packets, 8 + PACKETS + 8 + 8));
	cr_expect(eq(sz, report->parts, 4));
}

Test(recover, behind_a_recording_without_an_end_nothing_is_cut_off)
{
	for (int i = 0; i < 3; i++) {
		build_tape();
		if (i == 0)
			tape_append_zeros(&tape, 10000);
		else if (i == 1)
			tape.length -= 1003;
		else
			tape_zero_page(&tape, tape.chunks[3].offset);
		append(tape.bytes, tape.length);
		build_twenty(false);
		append(file.bytes, file.length);
		write_all();
		look();
		cr_expect(eq(u64, report->packets, (i == 2 ? 6 : 8) + PACKETS), "%d", i);
		take_copy("a section follows it");
		read_back();
		cr_expect(eq(sz, found.packets, (i == 2 ? 6 : 8) + PACKETS), "%d", i);
		expect_whole();
	}
}

Test(recover, the_last_of_several_is_repaired_in_place)
{
	build_twenty(false);
	append(file.bytes, file.length);
	build_tape();
	tape_append_zeros(&tape, 10000);
	append(tape.bytes, tape.length);
	write_all();
	look();
	cr_expect(eq(int, (int)report->way, (int)WT_RECOVER_IN_PLACE));
	apply();
	read_back();
	cr_expect(eq(sz, found.packets, PACKETS + 8));
	cr_expect(eq(sz, found.ends, 1));
	expect_whole();
}

Test(recover, what_several_recordings_lack_is_added_up)
{
	uint64_t keep_bytes;

	for (int i = 0; i < 10; i++)
		tape_packet(&tape, T_NS + i, 2000);
	tape_chunk(&tape);
	tape_zero_page(&tape, tape.chunks[0].offset + 3 * 4096);
	tape_write(&tape, fd);
	look();
	keep_bytes = report->keep_bytes;
	append(tape.bytes, tape.length);
	append(tape.bytes, tape.length);
	write_all();
	look();
	cr_expect(eq(u64, report->packets, 10));
	cr_expect(eq(u64, report->part_chunks, 2));
	cr_expect(eq(u64, report->part_packets, 10));
	cr_expect(eq(u64, report->part_missing, 10));
	cr_expect(eq(u64, report->missing_packets, 10));
	cr_expect(eq(sz, report->hole_count, 2));
	cr_expect(eq(u64, report->holes[1].offset, report->holes[0].offset + tape.length));
	cr_expect(eq(u64, report->keep_bytes, tape.length + keep_bytes));
}

Test(recover, a_recording_that_was_closed_is_never_touched)
{
	build_tape();
	tape_close(&tape);
	append(tape.bytes, tape.length);
	append("garbage", 7);
	write_all();
	look();
	take_copy("what follows its last chunk is not of it");
	cr_expect(eq(i64, size_of_file(), (off_t)tape.length));
	look();
	cr_expect(eq(u64, report->packets, 8));
	cr_expect(report->was_closed);
}

static size_t section_bytes(void)
{
	uint32_t bytes;

	memcpy(&bytes, tape.bytes + 4, sizeof(bytes));
	return bytes;
}

/* Two bytes too many stand in front of the header's second length. */
static void append_with_damaged_header(void)
{
	const size_t at = section_bytes() - 4;

	append(tape.bytes, at);
	append("\0\0", 2);
	append(tape.bytes + at, tape.length - at);
}

static void expect_moved_copy(size_t packets)
{
	look();
	cr_expect(eq(u64, report->packets, packets));
	take_copy("Section Header Block");
	read_back();
	cr_expect(eq(sz, found.packets, packets));
	expect_whole();
	cr_expect(eq(u64, report->packets, packets));
}

/* Without four bytes of a packet in the second chunk all that follows it has moved. */
Test(recover, a_recording_whose_chunks_have_moved_is_a_copy_like_any_other_file)
{
	size_t gone;

	build_tape();
	gone = tape.chunks[1].offset + tape.chunks[1].index_bytes + 100;
	memmove(tape.bytes + gone, tape.bytes + gone + 4, tape.length - gone - 4);
	tape.length -= 4;
	append_with_damaged_header();
	write_all();
	expect_moved_copy(8);
	cr_expect(not(report->has_chunks));
}

Test(recover, a_recording_after_another_section_is_one_of_its_own_with_a_damaged_header_too)
{
	build_tape();
	tape_close(&tape);
	build_twenty(false);
	append(file.bytes, file.length);
	append_with_damaged_header();
	write_all();
	expect_moved_copy(PACKETS + 8);
	build_tape();
	tape_zero_page(&tape, tape.chunks[1].offset);
	memset(tape.bytes + section_bytes() - 4, 0, 4);
	append(file.bytes, file.length);
	append(tape.bytes, tape.length);
	write_all();
	expect_moved_copy(PACKETS + 6);
}

/* The first chunk ended where a buffer was full, and the second has the other interfaces. */
Test(recover, one_whose_interfaces_go_on_behind_an_index_is_whole)
{
	uint8_t *block;

	build_tape();
	tape_close(&tape);
	block = tape.bytes + tape.chunks[0].offset + tape.chunks[0].index_bytes;
	block[0] = WT_PCAPNG_IDB;
	memset(block + 12, 0, 4); /* snaplen */
	memset(block + 16, 0, 4); /* opt_endofopt */
	tape_write(&tape, fd);
	expect_whole();
	cr_expect(eq(u64, report->packets, 7));
}

/* Its indexes may mean something else. */
Test(recover, one_of_a_later_format_is_refused)
{
	uint8_t *text;

	build_tape();
	text = memmem(tape.bytes, tape.chunks[0].offset, "format=2", 8);
	cr_assert(text != NULL);
	text[7] = '3';
	tape_zero_page(&tape, tape.chunks[1].offset);
	tape_write(&tape, fd);
	cr_expect(eq(int, wt_recover_open(&recovery, path, true, &err), -EPROTONOSUPPORT));
	cr_expect(strstr(err.text, "later version") != NULL, "%s", err.text);
}

/* ---- hostile ones ---- */

/* Each page promises 16 MiB. */
Test(recover, the_work_is_a_small_multiple_of_the_size)
{
	struct wt_chunk_index index;
	uint64_t first;

	build_tape();
	first = tape.chunks[0].offset;
	memcpy(&index, tape.bytes + first, sizeof(index));
	tape.length = first;
	tape_append_zeros(&tape, 8 << 20);
	for (uint64_t at = first; at < tape.length; at += 4096) {
		index.offset = at;
		index.number = (uint32_t)(at / 4096);
		index.chunk_bytes = WT_CHUNK_BYTES_MAX;
		index.packets_before = index.number;
		memcpy(tape.bytes + at, &index, sizeof(index));
		memcpy(tape.bytes + at + index.total_length - 4, &index.total_length, 4);
	}
	tape_write(&tape, fd);
	if (!wt_recover_open(&recovery, path, false, &err)) {
		report = wt_recover_report(recovery);
		cr_expect(lt(u64, report->bytes_read, 16 * tape.length));
		cr_expect(eq(u64, report->packets, 0));
	}
}

/* One whose number or packets do not go on from those before it. */
Test(recover, a_chunk_that_does_not_follow_is_not_taken)
{
	for (int i = 0; i < 3; i++) {
		struct wt_chunk_index index;
		uint8_t *at;

		build_tape();
		tape_close(&tape);
		at = tape.bytes + tape.chunks[2].offset;
		memcpy(&index, at, sizeof(index));
		if (i == 1)
			index.packets_before = 3;
		if (i == 2)
			index.number = 2;
		memcpy(at, &index, sizeof(index));
		tape_write(&tape, fd);
		look();
		cr_expect(eq(u64, report->packets, i ? 6 : 8), "%d", i);
		cr_expect(eq(sz, report->hole_count, i ? 1 : 0), "%d", i);
	}
}

/* Nothing but what could begin a block. */
Test(recover, looking_for_a_block_is_linear_too)
{
	enum { BYTES = 4 << 20 };
	uint32_t *words = calloc(1, BYTES);

	build_twenty(false);
	for (uint32_t i = 0; i < BYTES / 4; i++)
		words[i] = i % 2 ? 1 << 20 : WT_PCAPNG_CUSTOM;
	append(file.bytes, file.length);
	append(words, BYTES);
	free(words);
	write_all();
	look();
	cr_expect(eq(u64, report->packets, PACKETS));
	cr_expect(lt(u64, report->bytes_read, 16 * BYTES));
}

/* ---- classic pcap ---- */

enum { PCAP_MODIFIED = 0xa1b2cd34, PCAP_US = 0xa1b2c3d4, PCAP_NS = 0xa1b23c4d };

static size_t record_bytes; /* of a packet of 60 with what is in front of it */

static void build_pcap_header(bool big_endian, uint32_t magic, uint16_t minor, uint32_t snaplen)
{
	memset(&file, 0, sizeof(file));
	file.big_endian = big_endian;
	record_bytes = 60 + (magic == PCAP_MODIFIED ? 24 : 16);
	build_u32(&file, magic);
	build_u16(&file, 2);
	build_u16(&file, minor);
	build_u64(&file, 0);
	build_u32(&file, snaplen);
	build_u32(&file, 1);
}

static void build_pcap_from(bool big_endian, uint32_t magic, uint32_t first_s)
{
	static const char packet[61] =
	        "a packet of sixty bytes, which is as long as the shortest. ";

	build_pcap_header(big_endian, magic, 4, 65535);
	for (uint32_t i = 0; i < PACKETS; i++) {
		build_u32(&file, first_s + i);
		build_u32(&file, 999);
		build_u32(&file, 60);
		build_u32(&file, 60);
		if (magic == PCAP_MODIFIED)
			build_u64(&file, 0x0102030405060708);
		build_padded(&file, packet, 60);
	}
}

static void build_pcap(bool big_endian, uint32_t magic)
{
	build_pcap_from(big_endian, magic, 1700000000);
}

static size_t record_at(size_t number)
{
	return 24 + number * record_bytes;
}

static void each_pcap(void (*test)(size_t at))
{
	static const uint32_t magics[] = {PCAP_US, PCAP_NS, PCAP_MODIFIED};

	for (int i = 0; i < 6; i++) {
		build_pcap(i % 2, magics[i / 2]);
		test(record_at(7));
	}
}

static void wrong_caplen(size_t at)
{
	static const uint32_t lengths[] = {0x77777777, 40, 70, 61, 59, 0};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		build_patch_u32(&file, at + 8, lengths[i]);
		expect_copy("is left as it is", PACKETS, 0);
		cr_expect(eq(u64, report->mended, 0));
	}
}

static void both_lengths_wrong(size_t at)
{
	/* One that is too short is a packet, and what it lacks is lost. */
	build_patch_u32(&file, at + 8, 40);
	build_patch_u32(&file, at + 12, 50);
	expect_copy("is left as it is", PACKETS, 20);
	for (uint32_t bytes = 61; bytes < 60 + 3 * record_bytes; bytes += 13) {
		build_patch_u32(&file, at + 8, bytes);
		build_patch_u32(&file, at + 12, bytes);
		if ((bytes - 60) % record_bytes)
			expect_copy("is left as it is", PACKETS - 1, record_bytes);
	}
}

static void wrecked_record(size_t at)
{
	char why[40];

	snprintf(why, sizeof(why), "packet at offset %zu", at);
	memset(file.bytes + at, 0xff, 16);
	expect_copy(why, PACKETS - 1, record_bytes);
}

static void garbage_in_pcap(size_t at)
{
	size_t before = 0;

	for (size_t bytes = 1; bytes < 40; bytes++) {
		insert(at, 0xee, bytes - before);
		before = bytes;
		expect_copy("is left as it is", PACKETS, bytes);
	}
}

static void zeros_in_pcap(size_t at)
{
	insert(at, 0, 4096);
	expect_copy("zeros instead of a packet", PACKETS, 4096);
}

/* As many as a record's header has, and a few more or less. */
static void few_zeros_in_pcap(size_t at)
{
	insert(at, 0, 16);
	for (size_t bytes = 16; bytes < 30; bytes++, insert(at, 0, 1))
		expect_copy("zeros instead of a packet", PACKETS, bytes);
}

static void damage_after_damage(size_t at)
{
	const size_t first = at + 37;

	/* Of one packet between two damages nobody knows that it is one, */
	build_patch_u32(&file, at + 8, 70);
	insert(at, 0xee, 37);
	expect_copy("is left as it is", PACKETS - 1, 37 + record_bytes);
	build_patch_u32(&file, first + 8, 60);
	insert(first + record_bytes, 0, 100);
	expect_copy("is left as it is", PACKETS - 1, 137 + record_bytes);
	/* of two it is known. */
	memmove(file.bytes + first + record_bytes, file.bytes + first + record_bytes + 100,
	        record_bytes);
	memset(file.bytes + first + 2 * record_bytes, 0, 100);
	expect_copy("is left as it is", PACKETS, 137);
	cr_expect(eq(u64, report->lost_bytes, 0));
	/* The second one's length is wrong, and what it takes with it is found. */
	build_patch_u32(&file, first + record_bytes + 8, 200);
	expect_copy("is left as it is", PACKETS - 2, 137 + 2 * record_bytes);
}

static void garbage_behind_pcap(size_t at)
{
	(void)at;
	insert(file.length, 0xee, 500);
	expect_copy("is left as it is", PACKETS, 500);
}

static void zeros_behind_pcap(size_t at)
{
	(void)at;
	insert(file.length, 0, 4096);
	expect_cut(record_at(PACKETS), PACKETS);
}

static void stamp_and_zeros_behind_pcap(size_t at)
{
	for (size_t bytes = 1; bytes < 200; bytes += 11) {
		file.length = record_at(7) + 8;
		insert(file.length, 0, record_bytes - 60 - 8 + bytes);
		expect_cut(at, 7);
	}
	/* Nothing is behind a packet without bytes: it is one. */
	file.length = record_at(7) + 8;
	insert(file.length, 0, record_bytes - 60 - 8);
	write_bytes(file.bytes, file.length);
	expect_whole();
	cr_expect(eq(u64, report->packets, 8));
}

static void cut_pcap(size_t at)
{
	for (size_t bytes = record_bytes - 1; bytes > 0; bytes--) {
		file.length = at + bytes;
		expect_cut(at, 7);
	}
	file.length = at;
	write_bytes(file.bytes, file.length);
	expect_whole();
	cr_expect(eq(u64, report->packets, 7));
}

static void two_files(size_t at)
{
	const size_t length = file.length;

	(void)at;
	insert(length, 0, length);
	memcpy(file.bytes + length, file.bytes, length);
	expect_copy("header of another pcap file", 2 * PACKETS, 24);
}

Test(recover, pcap_that_is_broken_in_the_middle_goes_on_behind_that)
{
	each_pcap(wrong_caplen);
	each_pcap(both_lengths_wrong);
	each_pcap(wrecked_record);
	each_pcap(garbage_in_pcap);
	each_pcap(zeros_in_pcap);
	each_pcap(few_zeros_in_pcap);
	each_pcap(damage_after_damage);
	each_pcap(garbage_behind_pcap);
	each_pcap(two_files);
}

Test(recover, of_pcap_only_what_is_unfinished_is_cut_off)
{
	each_pcap(zeros_behind_pcap);
	each_pcap(stamp_and_zeros_behind_pcap);
	each_pcap(cut_pcap);
}

/* A packet of 60 bytes that had some more on the wire, which are not what follows it. */
static void expect_not_of_packet(uint32_t more, uint32_t first_word)
{
	build_pcap(false, PCAP_US);
	build_patch_u32(&file, record_at(7) + 12, 60 + more);
	insert(record_at(8), 0, more);
	build_patch_u32(&file, record_at(8), first_word);
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(u64, report->packets, PACKETS));
	cr_expect(eq(u64, report->mended, 0));
	cr_expect(eq(u64, report->lost_bytes, more));
}

Test(recover, zeros_or_a_header_after_a_cut_pcap_packet_are_not_of_it)
{
	expect_not_of_packet(20, 0);
	expect_not_of_packet(16, 0);
	expect_not_of_packet(24, PCAP_US);
}

Test(recover, the_reason_says_what_is_wrong_with_a_pcap_packet)
{
	build_pcap(false, PCAP_US);
	file.length = record_at(19) + 30;
	write_bytes(file.bytes, file.length);
	look();
	expect_why("packet at offset 1468: it is cut off by the end");
	file.length = record_at(19) + 3;
	write_bytes(file.bytes, file.length);
	look();
	expect_why("it is cut off by the end");
	build_pcap(false, PCAP_US);
	build_patch_u32(&file, record_at(7) + 8, 262145);
	expect_copy("packet at offset 556: its captured length, 262145, leads to nothing", PACKETS,
	            0);
	build_pcap(false, PCAP_US);
	build_patch_u32(&file, record_at(19) + 8, 262144);
	expect_cut(record_at(19), 19);
}

Test(recover, the_header_of_any_pcap_file_is_known_between_packets)
{
	static const uint32_t magics[] = {PCAP_US,
	                                  PCAP_NS,
	                                  PCAP_MODIFIED,
	                                  __builtin_bswap32(PCAP_US),
	                                  __builtin_bswap32(PCAP_NS),
	                                  __builtin_bswap32(PCAP_MODIFIED)};

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		build_pcap(false, PCAP_US);
		insert(record_at(7), 0, 24);
		build_patch_u32(&file, record_at(7), magics[i]);
		build_patch_u32(&file, record_at(7) + 16, 65535);
		expect_copy("header of another pcap file", PACKETS, 24);
		/* One digit less, it is none; with a length it is a packet of a strange time. */
		build_pcap(false, PCAP_US);
		insert(record_at(7), 0, 24);
		build_patch_u32(&file, record_at(7), magics[i] ^ 0x10);
		build_patch_u32(&file, record_at(7) + 16, 65535);
		write_bytes(file.bytes, file.length);
		look();
		cr_expect(strstr(report->why.text, "another pcap file") == NULL);
		build_pcap(false, PCAP_US);
		build_patch_u32(&file, record_at(7), magics[i]);
		write_bytes(file.bytes, file.length);
		expect_whole();
	}
}

/* Whether the packet after some garbage is taken for one. */
static void expect_found(bool is_found, const char *what)
{
	insert(record_at(7), 0xee, 37);
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(u64, report->packets, is_found ? PACKETS : PACKETS - 1), "%s", what);
	cr_expect(eq(u64, report->lost_bytes, 37 + (is_found ? 0 : record_bytes)), "%s", what);
}

static void expect_field(bool is_ns, size_t at, uint32_t value, bool is_found)
{
	char what[64];

	build_pcap(false, is_ns ? PCAP_NS : PCAP_US);
	build_patch_u32(&file, record_at(7) + at, value);
	snprintf(what, sizeof(what), "%s: %u at %zu", is_ns ? "ns" : "us", value, at);
	expect_found(is_found, what);
}

Test(recover, after_damage_a_pcap_packet_has_to_look_like_one)
{
	const uint32_t last_s = 1700000006, years_s = 20u * 366 * 24 * 3600;

	expect_field(false, 4, 999999, true);
	expect_field(false, 4, 1000000, false);
	expect_field(true, 4, 999999999, true);
	expect_field(true, 4, 1000000000, false);
	expect_field(false, 12, 60, true);
	expect_field(false, 12, 59, false);
	expect_field(false, 12, 16 << 20, true);
	expect_field(false, 12, (16 << 20) + 1, false);
	expect_field(false, 0, last_s + years_s - 1, true);
	expect_field(false, 0, last_s + years_s, false);
	/* Within twenty years of one of the two before it. */
	expect_field(false, 0, last_s - 1 - years_s + 1, true);
	expect_field(false, 0, last_s - 1 - years_s, false);
	expect_field(false, 0, last_s, true);
	expect_field(false, 8, 0, false);
}

/* The first packet has none before it to compare its time with. */
Test(recover, the_first_pcap_packet_after_damage_is_of_any_time)
{
	for (uint32_t s = 1; s < 0xf0000000; s += 0x10000000) {
		build_pcap_from(false, PCAP_US, s);
		insert(24, 0xee, 37);
		expect_copy("is left as it is", PACKETS, 37);
	}
}

/* What follows a packet after damage: `packets` more, and then `bytes` of the next or of zeros. */
static void expect_chain(size_t packets, size_t bytes, bool zeros, bool is_found)
{
	const size_t first = PACKETS - packets;
	uint64_t tail;

	build_pcap(false, PCAP_US);
	insert(file.length, 0, bytes);
	if (!zeros)
		memcpy(file.bytes + record_at(PACKETS), file.bytes + record_at(3), bytes);
	insert(record_at(first), 0xee, 37);
	tail = file.length - record_at(first);
	write_bytes(file.bytes, file.length);
	look();
	cr_expect(eq(u64, report->packets, is_found ? PACKETS : first), "%zu, %zu", packets, bytes);
	cr_expect(eq(u64, report->lost_bytes, is_found ? 37 : tail), "%zu, %zu", packets, bytes);
}

Test(recover, after_damage_pcap_packets_chain)
{
	for (size_t packets = 1; packets < 4; packets++) {
		expect_chain(packets, 0, false, true);
		for (size_t bytes = 1; bytes < record_bytes; bytes++) {
			expect_chain(packets, bytes, false, packets > 1);
			expect_chain(packets, bytes, true, packets > 1);
		}
		expect_chain(packets, 3000, true, packets > 1);
	}
}

/* Above the usual limit a length has to lead to a packet. */
Test(recover, a_large_pcap_packet_before_garbage_is_one_up_to_the_usual_limit)
{
	for (uint32_t caplen = 262144; caplen <= 262145; caplen++) {
		const uint32_t words[] = {1700000000, 0, caplen, caplen};
		uint8_t *packet = calloc(1, caplen);
		bool is_one = caplen == 262144;

		build_pcap(false, PCAP_US);
		append(file.bytes, record_at(7));
		append(words, sizeof(words));
		append(packet, caplen);
		append("garbage", 7);
		append(file.bytes + record_at(7), file.length - record_at(7));
		free(packet);
		write_all();
		look();
		cr_expect(eq(u64, report->packets, is_one ? PACKETS + 1 : PACKETS));
		cr_expect(eq(u64, report->lost_bytes, is_one ? 7 : 16 + caplen + 7));
	}
}

/* Packets, one of `caplen` bytes after garbage, and packets. */
static void expect_large(uint32_t snaplen, uint32_t caplen, bool is_found)
{
	const uint32_t words[] = {1700000000, 0, caplen, caplen};
	uint8_t *packet = calloc(1, caplen), head[24];

	build_pcap_header(false, PCAP_US, 4, snaplen);
	memcpy(head, file.bytes, sizeof(head));
	build_pcap(false, PCAP_US);
	append(head, sizeof(head));
	append(file.bytes + 24, 7 * record_bytes);
	append("garbage", 7);
	append(words, sizeof(words));
	append(packet, caplen);
	append(file.bytes + record_at(7), file.length - record_at(7));
	free(packet);
	write_all();
	look();
	cr_expect(eq(u64, report->packets, is_found ? PACKETS + 1 : PACKETS), "%u of %u", caplen,
	          snaplen);
	cr_expect(eq(u64, report->lost_bytes, is_found ? 7 : 7 + 16 + caplen), "%u of %u", caplen,
	          snaplen);
}

Test(recover, after_damage_a_pcap_packet_is_no_longer_than_its_file_says)
{
	expect_large(65535, 262144, true);
	expect_large(65535, 262145, false);
	expect_large(262144, 262144, true);
	expect_large(262144, 262145, false);
	expect_large(262145, 262145, true);
	expect_large(300000, 300000, true);
	expect_large(300000, 300001, false);
	expect_large(16 << 20, 300000, true);
	expect_large((16 << 20) + 1, 262145, false);
	expect_large(0, 262144, true);
}

Test(recover, a_last_pcap_packet_that_is_longer_than_its_file_says_is_not_understood)
{
	static const uint32_t snaplens[] = {65535, 300000};

	for (size_t i = 0; i < 2; i++) {
		uint32_t most = i ? 300000 : 262144;

		for (uint32_t caplen = most; caplen <= most + 1; caplen++) {
			build_pcap(false, PCAP_US);
			build_patch_u32(&file, 16, snaplens[i]);
			build_patch_u32(&file, record_at(19) + 8, caplen);
			write_bytes(file.bytes, file.length);
			look();
			cr_expect(eq(u64, report->packets, 19));
			cr_expect(eq(u64, report->cut_bytes, caplen == most ? record_bytes : 0));
			cr_expect(eq(u64, report->lost_bytes, caplen == most ? 0 : record_bytes));
		}
	}
}

Test(recover, pcap_of_an_old_version_or_without_its_header_is_refused)
{
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		for (uint16_t minor = 2; minor < 6; minor++) {
			build_pcap_header(big_endian, PCAP_US, minor, 65535);
			write_bytes(file.bytes, file.length);
			if (minor < 4)
				expect_refusal(-ENOTSUP, "version before 2.4");
			else
				expect_whole();
		}
		write_bytes(file.bytes, 23);
		expect_refusal(-ENODATA, "");
	}
}

Test(recover, a_pcap_packet_above_the_usual_limit_is_no_damage)
{
	const uint32_t words[] = {1700000000, 0, 300000, 300000};
	uint8_t *packet = calloc(1, 300000);

	build_pcap(false, PCAP_US);
	/* The last of all, one of the last or one in the middle. */
	for (size_t i = 7; i <= PACKETS; i++) {
		const size_t at = record_at(i);

		append(file.bytes, at);
		append(words, sizeof(words));
		append(packet, 300000);
		append(file.bytes + at, file.length - at);
		write_all();
		expect_whole();
		cr_expect(eq(u64, report->packets, PACKETS + 1));
	}
	free(packet);
}
