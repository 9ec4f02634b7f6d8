/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/chunk_file.h>

#include "support/tape_builder.h"
#include "support/unit.h"

#define T_NS INT64_C(1700000000000000000)

static struct tape_builder tape;
static char path[TEMP_BYTES];
static int fd;
static struct wt_chunk_file *reader;
static struct wt_chunk_index index_found, last, before;
static struct wt_error err;

static void set_up(void)
{
	temp_template(path, "tape_reader");
	fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
	tape_begin(&tape, 2);
}

static void tear_down(void)
{
	wt_chunk_file_close(reader);
	reader = NULL;
	tape_free(&tape);
	close(fd);
	unlink(path);
}

TestSuite(tape_reader, .init = set_up, .fini = tear_down);

/* Chunks of one packet each, a second apart. */
static void add_chunks(size_t count, uint32_t caplen)
{
	for (size_t i = 0; i < count; i++) {
		tape_packet(&tape, T_NS + (int64_t)tape.packet_count * 1000000000, caplen);
		tape_chunk(&tape);
	}
}

static void open_tape(void)
{
	int rc;

	tape_write(&tape, fd);
	rc = wt_chunk_file_open(&reader, path, 0, &err);
	cr_assert(eq(int, rc, 0), "%s", err.text);
}

static void expect_refusal(int code, const char *part)
{
	int rc;

	tape_write(&tape, fd);
	rc = wt_chunk_file_open(&reader, path, 0, &err);
	cr_assert(eq(int, rc, code), "%s", rc ? err.text : "");
	cr_expect(strstr(err.text, part) != NULL, "'%s' is not in: %s", part, err.text);
}

static void expect_found(uint64_t from, const struct tape_chunk *chunk)
{
	int rc = wt_chunk_file_find(reader, from, tape.length, &index_found, &err);

	cr_assert(eq(int, rc, 1), "%s", rc < 0 ? err.text : "nothing found");
	cr_expect(eq(u64, index_found.offset, chunk->offset));
	cr_expect(eq(u32, index_found.chunk_bytes, chunk->bytes));
}

Test(tape_reader, reads_the_first_chunk)
{
	const uint8_t *first;
	size_t length;

	add_chunks(1, 100);
	open_tape();
	first = wt_chunk_file_first_chunk(reader, &length);
	cr_expect(eq(u64, length, tape.chunks[0].offset));
	cr_expect(memcmp(first, tape.bytes, length) == 0);
	cr_expect(eq(u64, wt_chunk_file_tape_id(reader), TAPE_ID));
	cr_expect(eq(u32, wt_chunk_file_interfaces(reader), 2));
	cr_expect(eq(int, wt_chunk_file_swapped(reader), false));
}

Test(tape_reader, an_empty_recording_is_one)
{
	open_tape();
	cr_expect(eq(int, wt_chunk_file_last(reader, &last, &err), 0));
	cr_expect(eq(int, wt_chunk_file_find(reader, 0, tape.length, &index_found, &err), 0));
}

Test(tape_reader, another_pcapng_file_is_none)
{
	char *text = memmem(tape.bytes, tape.length, "tape_id=", 8);

	/* The option's code becomes one that nobody knows. */
	cr_assert(text != NULL);
	text[-4] = 0x7e;
	expect_refusal(-ENOTSUP, "not a wiretape recording");
}

static void set_format(char digit)
{
	char *text = memmem(tape.bytes, tape.chunks[0].offset, "format=", 7);

	cr_assert(text != NULL);
	text[7] = digit;
}

Test(tape_reader, later_formats_are_refused_and_earlier_ones_have_no_maps)
{
	add_chunks(2, 100);
	open_tape();
	cr_expect(wt_chunk_file_has_maps(reader));
	wt_chunk_file_close(reader);
	reader = NULL;
	set_format('3');
	expect_refusal(-EPROTONOSUPPORT, "of format 3, and only those up to 2");
	set_format('0');
	expect_refusal(-EPROTONOSUPPORT, "a later version");
	set_format('x');
	expect_refusal(-EPROTONOSUPPORT, "a later version");
	tape_free(&tape);
	tape_begin_old(&tape, 2, NULL, NULL, 0);
	add_chunks(2, 100);
	open_tape();
	cr_expect(not(wt_chunk_file_has_maps(reader)));
	expect_found(0, &tape.chunks[0]);
}

Test(tape_reader, an_empty_file_is_none)
{
	tape.length = 0;
	expect_refusal(-ENOTSUP, "not a wiretape recording");
}

Test(tape_reader, a_directory_is_none)
{
	int rc = wt_chunk_file_open(&reader, "/tmp", 0, &err);

	cr_expect(eq(int, rc, -ENOTSUP), "%s", err.text);
}

Test(tape_reader, says_that_the_first_chunk_is_damaged)
{
	add_chunks(2, 100);
	memset(tape.bytes + tape.chunks[0].offset - 8, 0, 8);
	expect_refusal(-EBADMSG, "first chunk");
}

Test(tape_reader, says_that_the_first_chunk_is_cut_off)
{
	tape.length -= 100;
	expect_refusal(-EBADMSG, "cut off");
}

Test(tape_reader, finds_chunks_at_and_behind_an_offset)
{
	add_chunks(20, 9000);
	open_tape();
	for (size_t i = 0; i < tape.chunk_count; i++) {
		expect_found(tape.chunks[i].offset, &tape.chunks[i]);
		if (i + 1 < tape.chunk_count)
			expect_found(tape.chunks[i].offset + 1, &tape.chunks[i + 1]);
	}
	cr_expect(
	        eq(int,
	           wt_chunk_file_find(reader, tape.length - 4096, tape.length, &index_found, &err),
	           0));
	cr_expect(eq(int,
	             wt_chunk_file_find(reader, tape.chunks[0].offset + 1, tape.chunks[1].offset,
	                                &index_found, &err),
	             0));
}

Test(tape_reader, finds_chunks_across_a_large_hole)
{
	add_chunks(3, 700000);
	memset(tape.bytes + tape.chunks[1].offset, 0, tape.chunks[1].bytes);
	open_tape();
	expect_found(tape.chunks[0].offset + 4096, &tape.chunks[2]);
}

Test(tape_reader, passes_over_the_chunks_of_another_recording)
{
	uint64_t other = 1;

	add_chunks(2, 100);
	memcpy(tape.bytes + tape.chunks[0].offset + offsetof(struct wt_chunk_index, tape_id),
	       &other, sizeof(other));
	open_tape();
	expect_found(tape.chunks[0].offset, &tape.chunks[1]);
}

Test(tape_reader, finds_the_last_chunk_before_zeros_and_before_space_that_was_never_written)
{
	add_chunks(5, 100);
	tape_append_zeros(&tape, 300000);
	tape_write(&tape, fd);
	cr_assert(eq(int, ftruncate(fd, (off_t)tape.length + (1 << 30)), 0));
	cr_assert(eq(int, wt_chunk_file_open(&reader, path, 0, &err), 0));
	cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
	cr_expect(eq(u64, last.offset, tape.chunks[4].offset));
	cr_expect(lt(u64, wt_chunk_file_bytes_read(reader), 1 << 20));
	/* Nor is a search from behind it slow. */
	cr_expect(eq(int,
	             wt_chunk_file_find(reader, last.offset + 4096, 1 << 30, &index_found, &err),
	             0));
	cr_expect(lt(u64, wt_chunk_file_bytes_read(reader), 1 << 20));
}

Test(tape_reader, sees_chunks_that_are_written_after_it_was_opened)
{
	add_chunks(1, 100);
	open_tape();
	cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
	add_chunks(1, 100);
	tape_write(&tape, fd);
	cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
	cr_expect(eq(u64, last.offset, tape.chunks[1].offset));
}

static void decode(const struct tape_chunk *chunk)
{
	struct wt_pcapng_item item;
	const uint8_t *bytes;
	uint32_t packets = 0;
	size_t at = 0;
	int rc;

	expect_found(chunk->offset, chunk);
	cr_assert(eq(int, wt_chunk_file_chunk(reader, &index_found, &bytes, &err), 1));
	while ((rc = wt_chunk_file_decode(reader, &index_found, bytes, &at, &item, &err)) > 0) {
		const struct tape_packet *packet = &tape.packets[chunk->first_packet + packets];

		if (item.kind != WT_ITEM_PACKET)
			continue;
		cr_expect(eq(i64, item.packet.frame.stamp_ns, packet->stamp_ns));
		cr_expect(eq(u32, item.packet.interface_id, packet->interface_id));
		packets++;
	}
	cr_expect(eq(int, rc, 0), "%s", err.text);
	cr_expect(eq(u32, packets, chunk->packet_count));
}

Test(tape_reader, reads_and_decodes_chunks_in_any_order)
{
	add_chunks(4, 5000);
	tape_close(&tape);
	open_tape();
	for (size_t i = tape.chunk_count; i--;)
		decode(&tape.chunks[i]);
}

Test(tape_reader, reads_the_other_byte_order)
{
	add_chunks(4, 9000);
	tape_close(&tape);
	tape_swap(&tape);
	open_tape();
	cr_expect(wt_chunk_file_swapped(reader));
	for (size_t i = 0; i < tape.chunk_count; i++)
		decode(&tape.chunks[i]);
	cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
	cr_expect(eq(u64, last.offset, tape.chunks[4].offset));
}

Test(tape_reader, a_chunk_with_a_page_missing_is_not_whole)
{
	const uint8_t *bytes;

	add_chunks(2, 20000);
	for (uint32_t page = 4096; page < tape.chunks[0].bytes; page += 4096) {
		struct tape_chunk *chunk = &tape.chunks[0];
		uint8_t saved[4096];
		int rc;

		memcpy(saved, tape.bytes + chunk->offset + page, sizeof(saved));
		tape_zero_page(&tape, chunk->offset + page);
		open_tape();
		expect_found(chunk->offset, chunk);
		rc = wt_chunk_file_chunk(reader, &index_found, &bytes, &err);
		cr_expect(eq(int, rc, 0), "page %u", page / 4096);
		memcpy(tape.bytes + chunk->offset + page, saved, sizeof(saved));
		wt_chunk_file_close(reader);
		reader = NULL;
	}
}

Test(tape_reader, a_chunk_that_is_cut_off_is_not_whole)
{
	const uint8_t *bytes;

	add_chunks(1, 20000);
	tape.length -= 4096;
	open_tape();
	expect_found(tape.chunks[0].offset, &tape.chunks[0]);
	cr_expect(eq(int, wt_chunk_file_chunk(reader, &index_found, &bytes, &err), 0));
}

/* Brute force: the first chunk whose max_so_far reaches from_ns. */
static size_t chunk_from(int64_t from_ns)
{
	int64_t max = INT64_MIN;
	size_t i, packet = 0;

	for (i = 0; i < tape.chunk_count; i++) {
		for (; packet < tape.chunks[i].first_packet + tape.chunks[i].packet_count; packet++)
			if (tape.packets[packet].stamp_ns > max)
				max = tape.packets[packet].stamp_ns;
		if (max >= from_ns)
			break;
	}
	return i;
}

static void expect_seek(int64_t from_ns)
{
	size_t chunk = chunk_from(from_ns);
	int rc = wt_chunk_file_seek(reader, from_ns, &last, &index_found, &before, &err);

	cr_assert(eq(int, rc, chunk < tape.chunk_count), "%s", rc < 0 ? err.text : "");
	if (rc <= 0)
		return;
	cr_expect(eq(u64, index_found.offset, tape.chunks[chunk].offset));
	cr_expect(eq(u32, before.number, (uint32_t)chunk));
}

Test(tape_reader, seeks_as_a_scan_would_whatever_the_clock_did)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		int64_t now = T_NS;

		tape_free(&tape);
		tape_begin(&tape, 1);
		tape.seed = seed;
		for (int i = 0; i < 300; i++) {
			for (uint64_t left = tape_random(&tape, 4); left; left--) {
				now += (int64_t)tape_random(&tape, 1000);
				tape_packet(&tape, now, (uint32_t)tape_random(&tape, 20000));
			}
			if (!tape_random(&tape, 20))
				now += (int64_t)tape_random(&tape, 40000) - 20000;
			tape_chunk(&tape);
		}
		open_tape();
		cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
		for (int i = 0; i < 100; i++)
			expect_seek(T_NS - 1000 + (int64_t)tape_random(&tape, 500000));
		wt_chunk_file_close(reader);
		reader = NULL;
	}
}

Test(tape_reader, a_search_reads_little)
{
	for (int i = 0; i < 300; i++) {
		tape_packet(&tape, T_NS + i, 1000000);
		tape_chunk(&tape);
	}
	open_tape();
	cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
	expect_seek(T_NS + 200);
	/* The chunks are all as long, so each look is one page. */
	cr_expect(lt(u64, wt_chunk_file_bytes_read(reader), tape.length / 50), "%llu bytes of %zu",
	          (unsigned long long)wt_chunk_file_bytes_read(reader), tape.length);
}

/* ---- other things in the file ---- */

/* What is in the tape so far, and after it the same again, from `offset` on. */
static void write_twice(uint64_t offset)
{
	tape_write(&tape, fd);
	cr_assert(eq(long, (long)pwrite(fd, tape.bytes, tape.length, (off_t)offset),
	             (long)tape.length));
}

Test(tape_reader, a_recording_may_begin_anywhere_in_a_file)
{
	uint64_t base;

	add_chunks(5, 100);
	tape_close(&tape);
	base = tape.length + 1003;
	write_twice(base);
	cr_assert(eq(int, wt_chunk_file_open(&reader, path, base, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
	cr_expect(eq(u64, last.offset, tape.chunks[5].offset));
	expect_found(tape.chunks[2].offset, &tape.chunks[2]);
	cr_assert(eq(
	        int,
	        wt_chunk_file_seek(reader, T_NS + 3000000000, &last, &index_found, &before, &err),
	        1));
	cr_expect(eq(u64, index_found.offset, tape.chunks[3].offset));
}

Test(tape_reader, says_what_follows_in_the_file)
{
	uint64_t after = 0;

	add_chunks(5, 100);
	tape_close(&tape);
	write_twice(tape.length + 1003);
	cr_assert(eq(int, wt_chunk_file_open(&reader, path, 0, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_chunk_file_last(reader, &last, &err), 1));
	cr_expect(eq(u64, last.offset, tape.chunks[5].offset));
	cr_assert(eq(int, wt_chunk_file_after(reader, &last, &after, &err), 1));
	cr_expect(eq(u64, after, tape.length + 1003));
	cr_assert(eq(int, ftruncate(fd, (off_t)tape.length + 1003), 0));
	cr_expect(eq(int, wt_chunk_file_after(reader, &last, &after, &err), 0));
}

/* The first chunk ended where a buffer was full. */
Test(tape_reader, one_with_interfaces_behind_an_index_is_read_as_any_file)
{
	uint8_t *block;

	add_chunks(2, 100);
	block = tape.bytes + tape.chunks[0].offset + tape.chunks[0].index_bytes;
	block[0] = WT_PCAPNG_IDB;
	expect_refusal(-ENOTSUP, "not a wiretape recording");
}

Test(tape_reader, indexes_that_promise_much_cost_little)
{
	const uint8_t *bytes;
	uint64_t before_bytes;
	uint32_t most = WT_CHUNK_BYTES_MAX;

	add_chunks(64, 100);
	for (size_t i = 0; i < tape.chunk_count; i++)
		memcpy(tape.bytes + tape.chunks[i].offset +
		               offsetof(struct wt_chunk_index, chunk_bytes),
		       &most, sizeof(most));
	tape_append_zeros(&tape, WT_CHUNK_BYTES_MAX);
	open_tape();
	before_bytes = wt_chunk_file_bytes_read(reader);
	for (size_t i = 0; i < tape.chunk_count; i++) {
		cr_assert(eq(int,
		             wt_chunk_file_find(reader, tape.chunks[i].offset, tape.length,
		                                &index_found, &err),
		             1));
		cr_expect(eq(int, wt_chunk_file_chunk(reader, &index_found, &bytes, &err), 0));
	}
	cr_expect(lt(u64, wt_chunk_file_bytes_read(reader) - before_bytes, 64 * (24 << 10)));
}
