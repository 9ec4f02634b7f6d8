/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/cut/cut.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/tests/support/temp.h>

#include "support/pcapng_builder.h"
#include "support/seeds.h"
#include "support/tape_builder.h"
#include "support/unit.h"

#define T_NS INT64_C(1700000000000000000)

enum { FILES = 3, SEEDS = SEEDS_OF(40), CUTS = 20 };

static struct tape_builder tape;
static struct pcapng_builder build;
static char inputs[FILES][TEMP_BYTES];
static int fds[FILES];
static char out[TEMP_BYTES + 16];
static struct wt_cut_file files[FILES];
static struct wt_cut_result result;
static struct wt_error err;

static void set_up(void)
{
	for (int i = 0; i < FILES; i++) {
		temp_template(inputs[i], "cut");
		fds[i] = mkstemp(inputs[i]);
		cr_assert(ge(int, fds[i], 0));
	}
	snprintf(out, sizeof(out), "%s.out", inputs[0]);
	memset(&build, 0, sizeof(build));
	tape_begin(&tape, 2);
}

static void tear_down(void)
{
	for (int i = 0; i < FILES; i++) {
		close(fds[i]);
		unlink(inputs[i]);
	}
	unlink(out);
	tape_free(&tape);
}

TestSuite(cut, .init = set_up, .fini = tear_down);

/* A time that is given, or NULL for INT64_MIN. */
static struct wt_time *at(struct wt_time *time, int64_t ns)
{
	*time = (struct wt_time){.ns = ns};
	return ns == INT64_MIN ? NULL : time;
}

static int try_cut(size_t count, const struct wt_time *from, const struct wt_time *to,
                   const char *filter)
{
	const char *paths[FILES] = {inputs[0], inputs[1], inputs[2]};
	const struct wt_cut_config config = {
	        .paths = paths,
	        .path_count = count,
	        .out = out,
	        .from = from,
	        .to = to,
	        .filter = filter,
	        .application = "test",
	};

	return wt_cut(&config, files, &result, &err);
}

static void do_cut(size_t count, int64_t from_ns, int64_t to_ns, const char *filter)
{
	struct wt_time from, to;
	int rc = try_cut(count, at(&from, from_ns), at(&to, to_ns), filter);

	cr_assert(eq(int, rc, 0), "%s", err.text);
}

/* What was cut out, in its order. */
static struct {
	uint32_t numbers[TAPE_PACKETS_MAX];
	int64_t stamps_ns[TAPE_PACKETS_MAX];
	uint32_t interfaces[TAPE_PACKETS_MAX];
	size_t packets, interface_count, other;
} found;

static void read_back(void)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	int rc;

	found.packets = found.interface_count = found.other = 0;
	cr_assert(eq(int, wt_capture_file_open(&file, out, &err), 0), "%s", err.text);
	while ((rc = wt_capture_file_next(file, &item, &err)) > 0) {
		if (item.kind == WT_ITEM_PACKET) {
			memcpy(&found.numbers[found.packets], item.packet.frame.data, 4);
			found.interfaces[found.packets] = item.packet.interface_id;
			found.stamps_ns[found.packets++] = item.packet.frame.stamp_ns;
		}
		found.interface_count += item.kind == WT_ITEM_INTERFACE;
		found.other += item.kind == WT_ITEM_OTHER || item.kind == WT_ITEM_STATISTICS;
	}
	cr_expect(eq(int, rc, 0), "%s", rc ? err.text : "");
	cr_expect(eq(sz, found.packets, result.packets));
	wt_capture_file_close(file);
}

static void write_build(int number)
{
	cr_assert(eq(int, ftruncate(fds[number], 0), 0));
	cr_assert(eq(long, (long)pwrite(fds[number], build.bytes, build.length, 0),
	             (long)build.length));
	memset(&build, 0, sizeof(build));
}

static void expect_stamps(size_t count, const int64_t *stamps_ns)
{
	read_back();
	cr_assert(eq(sz, found.packets, count));
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(i64, found.stamps_ns[i], stamps_ns[i]), "packet %zu", i);
}

/* ---- recordings made of chunks ---- */

static void add_chunks(size_t count, uint32_t caplen)
{
	for (size_t i = 0; i < count; i++) {
		for (int j = 0; j < 2; j++)
			tape_packet(&tape, T_NS + (int64_t)tape.packet_count, caplen);
		tape_chunk(&tape);
	}
}

Test(cut, from_is_inclusive_and_to_is_not)
{
	static const int64_t expected[] = {T_NS + 3, T_NS + 4, T_NS + 5};

	add_chunks(10, 100);
	tape_close(&tape);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 3, T_NS + 6, NULL);
	expect_stamps(3, expected);
	cr_expect(files[0].has_chunks);
	cr_expect(eq(sz, found.interface_count, 2));
	cr_expect(eq(sz, found.other, 0));
	cr_expect(eq(i64, result.first_ns, T_NS + 3));
	cr_expect(eq(i64, result.last_ns, T_NS + 5));
}

Test(cut, either_end_may_be_open)
{
	add_chunks(10, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	cr_expect(eq(u64, result.packets, 20));
	do_cut(1, T_NS + 15, INT64_MIN, NULL);
	cr_expect(eq(u64, result.packets, 5));
	do_cut(1, INT64_MIN, T_NS + 15, NULL);
	cr_expect(eq(u64, result.packets, 15));
}

Test(cut, a_time_may_count_from_the_first_packet)
{
	const struct wt_time from = {.ns = 4, .base = WT_TIME_START}, to = {.ns = T_NS + 10};

	add_chunks(10, 100);
	tape_write(&tape, fds[0]);
	cr_assert(eq(int, try_cut(1, &from, &to, NULL), 0), "%s", err.text);
	cr_expect(eq(u64, result.packets, 6));
	cr_expect(eq(i64, result.from_ns, T_NS + 4));
}

Test(cut, nothing_to_find_is_an_empty_file)
{
	add_chunks(10, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 100, T_NS + 200, NULL);
	read_back();
	cr_expect(eq(sz, found.packets, 0));
	cr_expect(eq(sz, found.interface_count, 2));
}

Test(cut, a_relative_time_in_an_empty_recording_is_an_error)
{
	const struct wt_time from = {.ns = 4, .base = WT_TIME_START};

	tape_write(&tape, fds[0]);
	cr_expect(lt(int, try_cut(1, &from, NULL, NULL), 0));
	cr_expect(strstr(err.text, "has no packet") != NULL, "%s", err.text);
	cr_expect(lt(int, access(out, F_OK), 0), "there is an output");
}

Test(cut, reads_little_of_a_long_recording)
{
	for (int i = 0; i < 400; i++) {
		tape_packet(&tape, T_NS + i * 1000000000ll, 500000);
		tape_chunk(&tape);
	}
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 200000000000, T_NS + 201000000000, NULL);
	cr_expect(eq(u64, result.packets, 1));
	cr_expect(lt(u64, files[0].bytes_read, files[0].bytes_total / 100), "%llu of %llu bytes",
	          (unsigned long long)files[0].bytes_read,
	          (unsigned long long)files[0].bytes_total);
}

Test(cut, says_what_is_missing_in_the_holes_on_its_way)
{
	add_chunks(10, 9000);
	memset(tape.bytes + tape.chunks[4].offset, 0, tape.chunks[4].bytes);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 2, T_NS + 18, NULL);
	cr_expect(eq(u64, result.packets, 14));
	cr_expect(eq(u64, files[0].missing, 2));
	/* Also right at the beginning of what is asked for. */
	do_cut(1, T_NS + 9, T_NS + 18, NULL);
	cr_expect(eq(u64, files[0].missing, 2));
	do_cut(1, T_NS + 12, T_NS + 18, NULL);
	cr_expect(eq(u64, files[0].missing, 0));
}

/* Clock steps in both directions, holes, space that is not written yet. */
static void build_random_tape(uint64_t seed)
{
	int64_t now = T_NS + 1000000;

	tape_free(&tape);
	tape_begin(&tape, 1 + seed % 3);
	tape.seed = seed;
	for (int i = 0; i < 200; i++) {
		for (uint64_t left = tape_random(&tape, 4); left; left--) {
			now += (int64_t)tape_random(&tape, 1000);
			tape_packet(&tape, now - (int64_t)tape_random(&tape, 30),
			            4 + (uint32_t)tape_random(&tape, 6000));
		}
		if (!tape_random(&tape, 20))
			now += (int64_t)tape_random(&tape, 60000) - 30000;
		tape_chunk(&tape);
	}
	if (seed % 2)
		tape_close(&tape);
	if (seed % 5 == 0)
		tape_swap(&tape);
	if (seed % 3 == 0)
		tape_append_zeros(&tape, 500000);
}

static bool lost[TAPE_CHUNKS_MAX];

static void lose_chunks(void)
{
	memset(lost, 0, sizeof(lost));
	for (size_t i = 0; i < tape.chunk_count; i++) {
		if (tape_random(&tape, 10))
			continue;
		/* All of it, or only what is after its index. */
		lost[i] = true;
		if (tape.chunks[i].bytes > 4096 && tape_random(&tape, 2))
			tape_zero_page(&tape, tape.chunks[i].offset + tape.chunks[i].bytes - 4096);
		else
			memset(tape.bytes + tape.chunks[i].offset, 0, tape.chunks[i].bytes);
	}
}

/* By looking at all there is. */
static void expect_as_scanned(int64_t from_ns, int64_t to_ns)
{
	size_t count = 0;

	read_back();
	for (size_t i = 0; i < tape.chunk_count; i++) {
		for (uint32_t j = 0; j < tape.chunks[i].packet_count && !lost[i]; j++) {
			uint32_t number = tape.chunks[i].first_packet + j;
			int64_t ns = tape.packets[number].stamp_ns;

			if (ns < from_ns || ns >= to_ns)
				continue;
			cr_assert(lt(sz, count, found.packets), "packet %u is missing", number);
			cr_assert(eq(u32, found.numbers[count], number));
			cr_assert(eq(i64, found.stamps_ns[count], ns));
			cr_assert(eq(u32, found.interfaces[count],
			             tape.packets[number].interface_id));
			count++;
		}
	}
	cr_expect(eq(sz, found.packets, count));
}

Test(cut, finds_what_a_scan_finds_whatever_the_clock_did)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		build_random_tape(seed);
		lose_chunks();
		tape_write(&tape, fds[0]);
		for (int i = 0; i < CUTS; i++) {
			int64_t from = T_NS + 900000 + (int64_t)tape_random(&tape, 400000);
			int64_t to = from + (int64_t)tape_random(&tape, 20000);

			do_cut(1, from, to, NULL);
			expect_as_scanned(from, to);
		}
	}
}

/* ---- any file ---- */

static void build_start(uint8_t tsresol)
{
	build_section(&build);
	build_interface(&build, tsresol, 0);
}

Test(cut, merges_by_stamp_and_keeps_each_files_order)
{
	static const int64_t expected[] = {T_NS + 1, T_NS + 2, T_NS + 5, T_NS + 3, T_NS + 6};

	build_start(9);
	build_packet(&build, 0, T_NS + 1, "a1__");
	build_packet(&build, 0, T_NS + 5, "a5__");
	build_packet(&build, 0, T_NS + 3, "a3__");
	write_build(0);
	build_start(9);
	build_packet(&build, 0, T_NS + 2, "b2__");
	build_packet(&build, 0, T_NS + 6, "b6__");
	write_build(1);
	do_cut(2, INT64_MIN, INT64_MIN, NULL);
	expect_stamps(5, expected);
	cr_expect(eq(sz, found.interface_count, 1));
	cr_expect(eq(u64, files[0].packets, 3));
	cr_expect(eq(u64, files[1].packets, 2));
}

static void build_named(const char *name, uint32_t snaplen)
{
	build_interface_head(&build, 1, snaplen);
	build_option_text(&build, WT_OPT_IF_NAME, name);
	build_option_text(&build, WT_OPT_IF_DESCRIPTION, "described");
	build_option_u64(&build, WT_OPT_IF_SPEED, 10000000000);
	build_block_end(&build);
}

Test(cut, interfaces_that_are_described_alike_become_one)
{
	build_section(&build);
	build_named("eth0", 100);
	build_named("eth1", 100);
	build_named("eth1", 100); /* another one, for it is in the same section */
	write_build(0);
	build_section(&build);
	build_named("eth1", 100);
	build_named("eth0", 200);
	build_named("eth0", 100);
	build_packet(&build, 0, 1, "eth1");
	build_packet(&build, 1, 2, "200_");
	build_packet(&build, 2, 3, "eth0");
	write_build(1);
	do_cut(2, INT64_MIN, INT64_MIN, NULL);
	read_back();
	cr_expect(eq(sz, found.interface_count, 4));
	cr_assert(eq(sz, found.packets, 3));
	cr_expect(eq(u32, found.interfaces[0], 1));
	cr_expect(eq(u32, found.interfaces[1], 3));
	cr_expect(eq(u32, found.interfaces[2], 0));
}

static void build_host(const char *description, const char *hardware, bool big_endian)
{
	build.big_endian = big_endian;
	build_section(&build);
	build.length -= 4;
	build_option_text(&build, WT_OPT_SHB_HARDWARE, hardware);
	build_block_end(&build);
	build_interface_head(&build, 1, 100);
	build_option_text(&build, WT_OPT_IF_NAME, "eth0");
	build_option_text(&build, WT_OPT_IF_DESCRIPTION, description);
	build_option_u64(&build, WT_OPT_IF_SPEED, 10000000000);
	build_block_end(&build);
	build_packet(&build, 0, 1, "data");
}

Test(cut, interfaces_of_two_hosts_stay_two)
{
	build_host("one", "host", false);
	write_build(0);
	build_host("two", "host", false);
	write_build(1);
	build_host("one", "another", false);
	write_build(2);
	do_cut(3, INT64_MIN, INT64_MAX, NULL);
	read_back();
	cr_expect(eq(sz, found.interface_count, 3));
	cr_assert(eq(sz, found.packets, 3));
	for (uint32_t i = 0; i < 3; i++)
		cr_expect(eq(u32, found.interfaces[i], i));
}

Test(cut, an_interface_stays_one_in_another_byte_order_and_section)
{
	build_host("one", "host", false);
	build_host("one", "host", true);
	write_build(0);
	build_host("one", "host", true);
	write_build(1);
	do_cut(2, INT64_MIN, INT64_MAX, NULL);
	read_back();
	cr_expect(eq(sz, found.interface_count, 1));
	cr_expect(eq(sz, found.packets, 3));
}

/* Of a file that is longer than the builder has room for. */
static void append_build(int number)
{
	cr_assert(
	        eq(long, (long)write(fds[number], build.bytes, build.length), (long)build.length));
	build.length = 0;
}

static void write_sections(int file, uint32_t first, uint32_t count)
{
	char name[16];

	for (uint32_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "if%u", first + i);
		build_section(&build);
		build_interface_head(&build, 1, 100);
		build_option_text(&build, WT_OPT_IF_NAME, name);
		build_block_end(&build);
		if (build.length > sizeof(build.bytes) / 2)
			append_build(file);
	}
	build_packet(&build, 0, 1, "data");
	append_build(file);
}

/* Looking through all that came before would take many minutes. */
Test(cut, any_number_of_sections_takes_little_time)
{
	for (int file = 0; file < FILES; file++)
		write_sections(file, 0, WT_PCAPNG_MAX_INTERFACES);
	do_cut(FILES, INT64_MIN, INT64_MAX, NULL);
	read_back();
	cr_expect(eq(sz, found.interface_count, WT_PCAPNG_MAX_INTERFACES));
	cr_assert(eq(sz, found.packets, FILES));
	cr_expect(eq(u32, found.interfaces[FILES - 1], WT_PCAPNG_MAX_INTERFACES - 1));
}

Test(cut, more_interfaces_than_readers_take_are_an_error)
{
	write_sections(0, 0, WT_PCAPNG_MAX_INTERFACES);
	write_sections(1, WT_PCAPNG_MAX_INTERFACES, 1);
	cr_expect(eq(int, try_cut(2, NULL, NULL, NULL), -E2BIG));
	cr_expect(strstr(err.text, inputs[1]) == err.text, "%s", err.text);
	cr_expect(lt(int, access(out, F_OK), 0));
}

Test(cut, any_number_of_alike_interfaces_takes_little_time)
{
	enum { INTERFACES = 65536 };

	for (int file = 0; file < 2; file++) {
		build_section(&build);
		for (uint32_t i = 0; i < INTERFACES; i++) {
			build_interface_head(&build, 1, 100);
			build_block_end(&build);
			if (build.length > sizeof(build.bytes) / 2)
				append_build(file);
		}
		build_packet(&build, INTERFACES - 1, 1, "data");
		append_build(file);
	}
	do_cut(2, INT64_MIN, INT64_MAX, NULL);
	read_back();
	cr_expect(eq(sz, found.interface_count, INTERFACES));
	cr_expect(eq(u32, found.interfaces[1], INTERFACES - 1));
}

/* One interface and one packet with options, in either byte order. */
static void cut_with_options(bool big_endian, struct wt_pcapng_item *item)
{
	static struct wt_capture_file *file;

	build.big_endian = big_endian;
	build_section(&build);
	build_named("eth0", 100);
	build_packet_head(&build, 0, 1700000000000000, "data");
	build_option_text(&build, WT_OPT_COMMENT, "a comment");
	build_option_u32(&build, WT_OPT_EPB_FLAGS, WT_LINK_OUTBOUND);
	build_option_u64(&build, WT_OPT_EPB_DROPCOUNT, 77);
	build_option_u64(&build, WT_OPT_EPB_PACKETID, 0x1122334455667788);
	build_option_u32(&build, 77, 0x01020304);
	build_option_text(&build, WT_OPT_LOCAL_FILL, "nothing");
	build_u16(&build, WT_OPT_LOCAL_STAMP);
	build_u16(&build, 24);
	build_u32(&build, WT_STAMP_HARDWARE | WT_STAMP_WORD_GIVEN | WT_STAMP_WORD_SOFTWARE);
	build_u32(&build, 0x01020304);
	build_u64(&build, (uint64_t)-5);
	build_u64(&build, 0x1122334455667788);
	build_block_end(&build);
	write_build(0);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	cr_assert(eq(int, wt_capture_file_open(&file, out, &err), 0), "%s", err.text);
	do
		cr_assert(eq(int, wt_capture_file_next(file, item, &err), 1), "%s", err.text);
	while (item->kind != WT_ITEM_PACKET);
}

static bool find_option(struct wt_pcapng_options options, uint16_t code,
                        struct wt_pcapng_option_view *option)
{
	while (wt_pcapng_next_option(&options, option, NULL) > 0)
		if (option->code == code)
			return true;
	return false;
}

static void expect_options(const struct wt_pcapng_item *item, bool others)
{
	struct wt_pcapng_option_view option;
	uint64_t id = 0;

	cr_expect(eq(i64, item->packet.frame.stamp_ns, T_NS));
	cr_expect(eq(u32, item->packet.frame.link_flags, WT_LINK_OUTBOUND));
	cr_expect(eq(u64, item->packet.frame.dropped_before, 77));
	cr_assert(find_option(item->options, WT_OPT_COMMENT, &option));
	cr_expect(eq(u32, option.length, 9));
	cr_assert(find_option(item->options, WT_OPT_EPB_PACKETID, &option));
	cr_expect(wt_pcapng_option_u64(&option, &id));
	cr_expect(eq(u64, id, 0x1122334455667788));
	cr_expect(eq(int, find_option(item->options, 77, &option), others));
	cr_expect(eq(int, find_option(item->options, WT_OPT_LOCAL_FILL, &option), false));
	cr_expect(eq(int, item->packet.frame.notes,
	             WT_FRAME_SOURCE | WT_FRAME_GIVEN | WT_FRAME_BOTH));
	cr_expect(eq(int, item->packet.frame.stamp_source, WT_STAMP_HARDWARE));
	cr_expect(eq(u32, item->packet.frame.map, 0x01020304));
	cr_expect(eq(i64, item->packet.frame.given_ns, -5));
	cr_expect(eq(i64, item->packet.frame.software_ns, 0x1122334455667788));
}

Test(cut, carries_options_over)
{
	struct wt_pcapng_item item;

	cut_with_options(false, &item);
	expect_options(&item, true);
}

Test(cut, carries_known_options_over_from_the_other_byte_order)
{
	struct wt_pcapng_item item;

	cut_with_options(true, &item);
	expect_options(&item, false);
}

Test(cut, a_file_that_is_cut_off_is_used_as_far_as_it_goes)
{
	build_start(9);
	build_packet(&build, 0, T_NS + 1, "one_");
	build_packet(&build, 0, T_NS + 2, "two_");
	build.length -= 4;
	write_build(0);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	read_back();
	cr_expect(eq(sz, found.packets, 1));
	cr_expect(eq(int, files[0].ended, -ENODATA));
}

Test(cut, applies_a_filter)
{
	static const char udp[] = "\x01\x02\x03\x04\x05\x06\x01\x02\x03\x04\x05\x06\x08\x06";

	build_start(9);
	build_packet(&build, 0, T_NS + 1, "not arp, whatever else it is");
	build_packet_head(&build, 0, T_NS + 2, "");
	build.length = build.block;
	build_block(&build, WT_PCAPNG_EPB);
	build_u32(&build, 0);
	build_u32(&build, (uint32_t)((uint64_t)(T_NS + 2) >> 32));
	build_u32(&build, (uint32_t)(T_NS + 2));
	build_u32(&build, sizeof(udp) - 1);
	build_u32(&build, sizeof(udp) - 1);
	build_padded(&build, udp, sizeof(udp) - 1);
	build_block_end(&build);
	write_build(0);
	do_cut(1, INT64_MIN, INT64_MIN, "arp");
	cr_expect(eq(u64, result.packets, 1));
	cr_expect(eq(i64, result.first_ns, T_NS + 2));
	do_cut(1, INT64_MIN, INT64_MIN, "not arp");
	cr_expect(eq(i64, result.first_ns, T_NS + 1));
}

Test(cut, a_wrong_filter_leaves_no_file)
{
	build_start(9);
	write_build(0);
	cr_expect(eq(int, try_cut(1, NULL, NULL, "nonsense and"), -EINVAL));
	cr_expect(strstr(err.text, "nonsense") != NULL, "%s", err.text);
	cr_expect(lt(int, access(out, F_OK), 0));
}

Test(cut, an_input_is_not_overwritten)
{
	build_start(9);
	write_build(0);
	cr_assert(eq(int, symlink(inputs[0], out), 0));
	cr_expect(eq(int, try_cut(1, NULL, NULL, NULL), -EINVAL));
	cr_expect(strstr(err.text, "one of the files to read") != NULL, "%s", err.text);
}

Test(cut, an_output_that_is_there_is_replaced_only_by_a_whole_one)
{
	FILE *there = fopen(out, "w");

	fputs("what was there", there);
	fclose(there);
	unlink(inputs[1]);
	build_start(9);
	build_packet(&build, 0, T_NS, "one_");
	write_build(0);
	cr_expect(eq(int, try_cut(2, NULL, NULL, NULL), -ENOENT));
	there = fopen(out, "r");
	cr_expect(eq(int, fgetc(there), 'w'));
	fclose(there);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	read_back();
	cr_expect(eq(sz, found.packets, 1));
}

/* The only item of that kind in the new file. */
static struct wt_pcapng_item only(enum wt_pcapng_item_kind kind)
{
	struct wt_pcapng_item item, it = {0};
	struct wt_capture_file *file;
	size_t count = 0;

	cr_assert(eq(int, wt_capture_file_open(&file, out, &err), 0), "%s", err.text);
	while (wt_capture_file_next(file, &item, &err) > 0)
		if (item.kind == kind) {
			it = item;
			count++;
		}
	wt_capture_file_close(file);
	cr_expect(eq(sz, count, 1));
	return it;
}

Test(cut, stamps_stay_as_they_are_before_1970_after_2262_and_below_nanoseconds)
{
	static const struct {
		uint64_t units;
		int64_t tsoffset_s;
		uint8_t tsresol;
		bool saturated;
		int64_t ns;
	} cases[] = {
	        {0, -10, 9, false, -INT64_C(10000000000)},
	        {5, -20000000000, 6, true, INT64_MIN},
	        {UINT64_MAX, 0, 9, true, INT64_MAX},
	        {UINT64_MAX, 0, 6, true, INT64_MAX},
	        {1700000000123456789, 0, 12, false, INT64_C(1700000000123456)},
	        {(UINT64_C(1700000000) << 20) + 1, -1, 0x94, false, INT64_C(1699999999000000953)},
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = i / 2;
		struct wt_pcapng_item item;

		build.big_endian = i % 2;
		build_section(&build);
		build_interface(&build, cases[n].tsresol, cases[n].tsoffset_s);
		build_packet(&build, 0, cases[n].units, "data");
		write_build(0);
		do_cut(1, INT64_MIN, INT64_MIN, NULL);
		cr_expect(eq(u64, result.packets, 1));
		cr_expect(eq(u64, result.out_of_range, cases[n].saturated));
		cr_expect(eq(u64, files[0].left_out, 0));
		if (!cases[n].saturated)
			cr_expect(eq(i64, result.first_ns, cases[n].ns));
		item = only(WT_ITEM_PACKET);
		cr_expect(eq(u64, item.packet.stamp_units, cases[n].units));
		cr_expect(eq(i64, item.packet.frame.stamp_ns, cases[n].ns), "case %zu", n);
		item = only(WT_ITEM_INTERFACE);
		cr_expect(eq(u8, item.interface.tsresol, cases[n].tsresol));
		cr_expect(eq(i64, item.interface.tsoffset_s, cases[n].tsoffset_s));
	}
}

Test(cut, interfaces_of_other_offsets_are_others)
{
	for (int64_t offset_s = 0; offset_s < 2; offset_s++) {
		build_section(&build);
		build_interface(&build, 9, -offset_s);
		build_packet(&build, 0, (uint64_t)T_NS, "data");
	}
	write_build(0);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	expect_stamps(2, (const int64_t[]){T_NS, T_NS - 1000000000});
	cr_expect(eq(sz, found.interface_count, 2));
}

Test(cut, check_sequences_and_bytes_beyond_the_length_are_kept)
{
	struct wt_pcapng_item item;

	build_section(&build);
	build_interface_head(&build, 1, 4);
	build_option(&build, WT_OPT_IF_FCSLEN, "\x20", 1);
	build_block_end(&build);
	build_packet_head(&build, 0, 1, "datafcs!more");
	build_patch_u32(&build, build.block + 24, 8);
	build_option_u32(&build, WT_OPT_EPB_FLAGS, 2u << 5);
	build_block_end(&build);
	write_build(0);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	item = only(WT_ITEM_INTERFACE);
	cr_expect(item.interface.has_fcs);
	cr_expect(eq(u8, item.interface.fcs_bytes, 4));
	/* Readers of libpcap's make do with no less. */
	cr_expect(eq(u32, item.interface.snaplen, 12));
	item = only(WT_ITEM_PACKET);
	cr_expect(eq(u8, item.packet.fcs_bytes, 2));
	cr_expect(eq(u32, item.packet.frame.len, 8));
	cr_expect(eq(u32, item.packet.frame.caplen, 8));
	cr_expect(eq(u32, item.packet.excess_bytes, 4));
}

Test(cut, packets_without_a_stamp_are_counted_and_left_out)
{
	build_start(9);
	build_block(&build, WT_PCAPNG_SPB);
	build_u32(&build, 4);
	build_padded(&build, "spb_", 4);
	build_block_end(&build);
	build_packet(&build, 0, T_NS, "one_");
	write_build(0);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	cr_expect(eq(u64, result.packets, 1));
	cr_expect(eq(u64, files[0].left_out, 1));
}

/* ---- clocks ---- */

static const char clock_text[] = "source=hardware clock=utc tai_offset_s=37 phc=/dev/ptp0";

/* The NIC's clock is 37 s ahead and gains; each map has another rate. */
static struct wt_clock_map map_at(uint32_t number, int64_t utc_ns)
{
	return (struct wt_clock_map){
	        .number = number,
	        .epoch = 1,
	        .phc_ns = utc_ns + 37000000000,
	        .utc_ns = utc_ns,
	        .rate = -14074583215 - (int64_t)number * 1000003,
	        .inverse_rate = 14075287021,
	        .born_utc_ns = T_NS,
	};
}

static struct wt_clock_record note_of(enum wt_clock_record_what what, uint32_t interface_id,
                                      const struct wt_clock_map *map)
{
	return (struct wt_clock_record){
	        .what = what,
	        .interface_id = interface_id,
	        .utc_ns = map->utc_ns,
	        .map = *map,
	};
}

/* Whether tapes are of the first format, whose indexes have no maps. */
static bool is_old;

static void begin_clocked(uint32_t interfaces, uint32_t first_map)
{
	const struct wt_clock_map map = map_at(first_map, T_NS);
	struct wt_clock_record notes[TAPE_INTERFACES_MAX];

	for (uint32_t i = 0; i < interfaces; i++)
		notes[i] = note_of(WT_CLOCK_RECORD_MAP, i, &map);
	tape_free(&tape);
	if (is_old)
		tape_begin_old(&tape, interfaces, clock_text, notes, interfaces);
	else
		tape_begin_clocked(&tape, interfaces, clock_text, notes, interfaces);
}

/* Maps in a chunk of their own, one for each interface. */
static void add_maps(const struct wt_clock_map *map)
{
	for (uint32_t i = 0; i < tape.interfaces; i++) {
		const struct wt_clock_record note = note_of(WT_CLOCK_RECORD_CROSS, i, map);

		tape_note(&tape, &note);
	}
	tape_chunk(&tape);
}

/* A second, from `second` on: `packets` chunks of one packet, of interfaces in turn. */
static void add_second(int64_t second, const struct wt_clock_map *map, int packets, uint32_t caplen)
{
	for (int i = 0; i < packets; i++) {
		int64_t utc_ns = T_NS + second * 1000000000 + i * (1000000000 / packets) + 1000;

		tape_stamped(&tape, map, utc_ns + 37000000000, caplen);
		tape_chunk(&tape);
	}
}

/* `seconds` of a recording that has a map each second, from number `first` on. */
static void build_clocked(uint32_t interfaces, uint32_t first, int seconds, int packets,
                          uint32_t caplen)
{
	begin_clocked(interfaces, first);
	for (int i = 0; i < seconds; i++) {
		struct wt_clock_map map = map_at(first + (uint32_t)i, T_NS + i * 1000000000ll);

		add_maps(&map);
		add_second(i, &map, packets, caplen);
	}
}

/* The maps of what was cut out, and the packets that name one. */
static struct {
	struct wt_clock_map map;
	uint32_t interface_id;
} maps[4096];
static size_t map_count, given, not_found, wrong, notes_found;

static const struct wt_clock_map *find_map(uint32_t interface_id, uint32_t number)
{
	for (size_t i = map_count; i; i--)
		if (maps[i - 1].interface_id == interface_id && maps[i - 1].map.number == number)
			return &maps[i - 1].map;
	return NULL;
}

static void take_note(const struct wt_pcapng_item *item)
{
	struct wt_clock_record note;

	cr_assert(wt_clock_record_parse(item->body, item->body_bytes, &note));
	notes_found++;
	if (note.what == WT_CLOCK_RECORD_CHANGE)
		return;
	cr_assert(lt(sz, map_count, 4096));
	maps[map_count].map = note.map;
	maps[map_count++].interface_id = note.interface_id;
}

/* Its stamp, once more from what was given. */
static void take_stamp(const struct wt_pcapng_item_packet *packet)
{
	const struct wt_clock_map *map = find_map(packet->interface_id, packet->frame.map);

	if (!(packet->frame.notes & WT_FRAME_GIVEN))
		return;
	given++;
	if (!map)
		not_found++;
	else if (wt_clock_map_to_utc(map, packet->frame.given_ns) != packet->frame.stamp_ns)
		wrong++;
}

/* Every packet that names a map finds it before it, and comes to its stamp with it. */
static void read_maps(void)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;

	map_count = given = not_found = wrong = notes_found = 0;
	cr_assert(eq(int, wt_capture_file_open(&file, out, &err), 0), "%s", err.text);
	while (wt_capture_file_next(file, &item, &err) > 0) {
		if (item.block_type == WT_PCAPNG_CLOCK)
			take_note(&item);
		if (item.kind == WT_ITEM_PACKET)
			take_stamp(&item.packet);
	}
	wt_capture_file_close(file);
}

static void expect_maps(size_t packets)
{
	read_maps();
	cr_expect(eq(sz, given, packets));
	cr_expect(eq(sz, not_found, 0));
	cr_expect(eq(sz, wrong, 0));
}

Test(cut, every_stamp_can_be_made_again_from_the_maps_that_go_along)
{
	build_clocked(2, 1, 20, 6, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 7500000000, T_NS + 12200000000, NULL);
	expect_maps(28);
	/* One in force at the beginning, and one each second. */
	cr_expect(eq(sz, notes_found, 2 * 6));
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	expect_maps(120);
	cr_expect(eq(sz, notes_found, 2 * 20));
}

/* Two maps each second, in chunks of their own or together with the packet after them. */
static void expect_all_maps(bool together)
{
	begin_clocked(2, 1);
	for (int i = 0; i < 10; i++) {
		struct wt_clock_map map = map_at(2 * (uint32_t)i + 2, T_NS + i * 1000000000ll);

		for (uint32_t j = 0; j < 4; j++) {
			struct wt_clock_record note;

			map.number += j == 2;
			note = note_of(WT_CLOCK_RECORD_CROSS, j % 2, &map);
			tape_note(&tape, &note);
			if (!together)
				tape_chunk(&tape);
		}
		add_second(i, &map, 4, 100);
	}
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 2400000000, T_NS + 7400000000, NULL);
	expect_maps(2 + 4 * 4 + 2);
	/* One in force at the beginning, and two each second. */
	cr_expect(eq(sz, notes_found, 2 * (1 + 2 * 5)));
}

Test(cut, all_maps_between_two_packets_go_along)
{
	expect_all_maps(false);
}

Test(cut, all_maps_in_front_of_a_packet_of_the_same_chunk_go_along)
{
	expect_all_maps(true);
}

static void expect_the_map_in_force(void)
{
	/* The clock could not be read for a long time, and at the end of it again. */
	struct wt_clock_map map;

	begin_clocked(2, 1);
	for (int i = 0; i < 10; i++) {
		map = map_at(2 + (uint32_t)i, T_NS + i * 1000000000ll);
		add_maps(&map);
		add_second(i, &map, 4, 100);
	}
	for (int i = 10; i < 500; i++)
		add_second(i, &map, 4, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 450000000000, T_NS + 451000000000, NULL);
	expect_maps(4);
	cr_expect(eq(sz, notes_found, 2));
	cr_expect(eq(u32, maps[0].map.number, 11));
}

Test(cut, the_map_in_force_before_the_range_is_found)
{
	expect_the_map_in_force();
}

Test(cut, the_map_in_force_before_the_range_is_found_in_the_first_format)
{
	is_old = true;
	expect_the_map_in_force();
}

/* Each packet of its own clock needs none, but whoever converts it does. */
Test(cut, the_map_in_force_goes_along_though_no_packet_names_it)
{
	const struct wt_clock_map map = map_at(7, T_NS);

	begin_clocked(2, 1);
	for (int i = 0; i < 100; i++) {
		wt_chunk_maps_add(&tape.open_maps, 0, &map);
		wt_chunk_maps_add(&tape.open_maps, 1, &map);
		for (int j = 0; j < 4; j++)
			tape_packet(&tape, T_NS + i * 1000000000ll + j, 100);
		tape_chunk(&tape);
	}
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 90000000000, T_NS + 91000000000, NULL);
	expect_maps(0);
	cr_expect(eq(sz, notes_found, 2));
	cr_expect(eq(u32, maps[1].map.number, 7));
	cr_expect(eq(u32, maps[1].interface_id, 1));
}

Test(cut, maps_of_interfaces_that_are_not_there_are_passed_over)
{
	const struct wt_clock_map map = map_at(7, T_NS);

	begin_clocked(2, 1);
	wt_chunk_maps_add(&tape.open_maps, 2, &map);
	wt_chunk_maps_add(&tape.open_maps, UINT32_MAX, &map);
	add_second(0, &map, 4, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	expect_maps(4);
}

Test(cut, a_map_of_the_first_chunk_is_found)
{
	const struct wt_clock_map map = map_at(77, T_NS);

	begin_clocked(1, 77);
	for (int i = 0; i < 100; i++)
		add_second(i, &map, 2, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 90000000000, T_NS + 91000000000, NULL);
	expect_maps(2);
}

Test(cut, a_map_behind_the_packets_that_name_it_is_found)
{
	const struct wt_clock_map old = map_at(1, T_NS), late = map_at(2, T_NS + 5000000000);

	begin_clocked(2, 1);
	add_maps(&old);
	for (int i = 0; i < 5; i++)
		add_second(i, &old, 4, 100);
	add_second(5, &late, 4, 100);
	add_maps(&late);
	add_second(6, &late, 4, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 3900000000, T_NS + 5600000000, NULL);
	expect_maps(7);
	do_cut(1, T_NS + 5000000000, T_NS + 5600000000, NULL);
	expect_maps(3);
	do_cut(1, T_NS, T_NS + 8000000000, NULL);
	expect_maps(28);
}

/* As in a file without chunks. */
Test(cut, a_map_behind_the_packets_that_name_it_stays_behind_them_in_the_first_format)
{
	const struct wt_clock_map old = map_at(1, T_NS), late = map_at(2, T_NS + 5000000000);

	is_old = true;
	begin_clocked(2, 1);
	add_maps(&old);
	add_second(4, &old, 4, 100);
	add_second(5, &late, 4, 100);
	add_maps(&late);
	add_second(6, &late, 4, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 5000000000, T_NS + 6500000000, NULL);
	read_maps();
	cr_expect(eq(sz, given, 7));
	cr_expect(eq(sz, not_found, 4));
	cr_assert(gt(sz, map_count, 0));
	for (uint32_t i = 0; i < 2; i++)
		cr_expect(find_map(i, 2) != NULL, "interface %u", i);
}

Test(cut, a_map_of_a_chunk_that_was_left_out_is_found)
{
	const struct wt_clock_map old = map_at(5, T_NS), young = map_at(6, T_NS + 5000000000);
	const struct wt_clock_record note = note_of(WT_CLOCK_RECORD_CROSS, 0, &old);

	begin_clocked(1, 1);
	/* It is read for a range that lies between its packets. */
	tape_note(&tape, &note);
	tape_stamped(&tape, &old, T_NS + 40000000000, 100);
	tape_stamped(&tape, &old, T_NS + 46000000000, 100);
	tape_chunk(&tape);
	add_maps(&young);
	add_second(6, &young, 4, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 5900000000, T_NS + 6900000000, NULL);
	expect_maps(4);
}

Test(cut, a_map_behind_a_packet_behind_the_range_is_found)
{
	const struct wt_clock_map old = map_at(1, T_NS), young = map_at(2, T_NS + 5000000000);

	begin_clocked(1, 1);
	add_maps(&old);
	add_second(5, &old, 4, 100);
	/* Packets are not in the order of their stamps. */
	add_second(7, &old, 1, 100);
	add_maps(&young);
	add_second(6, &young, 2, 100);
	add_second(8, &young, 2, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 4900000000, T_NS + 6900000000, NULL);
	expect_maps(6);
}

Test(cut, a_map_whose_clock_block_is_lost_is_found)
{
	build_clocked(1, 1, 20, 4, 100);
	/* The chunk with the map of second 10. */
	memset(tape.bytes + tape.chunks[50].offset, 0, tape.chunks[50].bytes);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 9000000000, T_NS + 12000000000, NULL);
	expect_maps(12);
	do_cut(1, T_NS + 10000000000, T_NS + 11000000000, NULL);
	expect_maps(4);
}

Test(cut, a_map_that_is_lost_of_the_first_format_does_not_hold_it_up)
{
	is_old = true;
	build_clocked(1, 1, 20, 4, 100);
	memset(tape.bytes + tape.chunks[50].offset, 0, tape.chunks[50].bytes);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 9000000000, T_NS + 12000000000, NULL);
	cr_expect(eq(u64, result.packets, 12));
	read_maps();
	cr_expect(eq(sz, given, 12));
	cr_expect(eq(sz, not_found, 4));
}

Test(cut, reads_little_for_the_clocks_of_a_long_recording)
{
	build_clocked(2, 1, 1000, 1, 200000);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 200000000000, T_NS + 201000000000, NULL);
	expect_maps(1);
	cr_expect(lt(u64, files[0].bytes_read, files[0].bytes_total / 100), "%llu of %llu bytes",
	          (unsigned long long)files[0].bytes_read,
	          (unsigned long long)files[0].bytes_total);
}

Test(cut, maps_go_along_from_a_file_that_is_no_tape)
{
	build_clocked(2, 1, 20, 6, 100);
	tape_write(&tape, fds[0]);
	do_cut(1, INT64_MIN, INT64_MIN, NULL);
	cr_assert(eq(int, rename(out, inputs[1]), 0));
	cr_assert(eq(int, rename(inputs[1], inputs[0]), 0));
	do_cut(1, T_NS + 7500000000, T_NS + 12200000000, NULL);
	cr_expect(not(files[0].has_chunks));
	expect_maps(28);
	/* In force at the beginning, one each second, and one behind the last packet. */
	cr_expect(eq(sz, notes_found, 2 * 7));
}

Test(cut, a_recording_of_a_later_format_is_read_as_any_other_file)
{
	uint8_t *text;

	build_clocked(2, 1, 20, 6, 100);
	text = memmem(tape.bytes, tape.chunks[0].offset, "format=2", 8);
	cr_assert(text != NULL);
	text[7] = '3';
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 7500000000, T_NS + 12200000000, NULL);
	cr_expect(not(files[0].has_chunks));
	expect_maps(28);
}

Test(cut, maps_go_along_from_the_other_byte_order)
{
	build_clocked(2, 1, 20, 6, 100);
	tape_swap(&tape);
	tape_write(&tape, fds[0]);
	do_cut(1, T_NS + 7500000000, T_NS + 12200000000, NULL);
	expect_maps(28);
}

/* Files of one recording have clocks that were born at the same time. */
static void write_recording(int number, uint32_t first_map, int64_t born_ns)
{
	struct wt_clock_map map = map_at(first_map, T_NS);
	struct wt_clock_record note;

	map.born_utc_ns = born_ns;
	map.rate += born_ns - T_NS;
	note = note_of(WT_CLOCK_RECORD_MAP, 0, &map);
	tape_free(&tape);
	tape_begin_clocked(&tape, 1, clock_text, &note, 1);
	add_second(number, &map, 5, 100);
	tape_close(&tape);
	tape_write(&tape, fds[number]);
}

Test(cut, interfaces_of_two_recordings_with_hardware_stamps_stay_apart)
{
	write_recording(0, 1, T_NS);
	write_recording(1, 1, T_NS + 12345678);
	do_cut(2, INT64_MIN, INT64_MIN, NULL);
	expect_maps(10);
	read_back();
	cr_expect(eq(sz, found.interface_count, 2));
}

Test(cut, interfaces_of_a_recording_into_several_files_become_one)
{
	write_recording(0, 1, T_NS);
	write_recording(1, 2, T_NS);
	write_recording(2, 3, T_NS);
	do_cut(3, INT64_MIN, INT64_MIN, NULL);
	expect_maps(15);
	read_back();
	cr_expect(eq(sz, found.interface_count, 1));
}

Test(cut, finds_every_map_wherever_the_range_begins)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct wt_clock_map map;

		is_old = seed % 2;
		begin_clocked(1 + seed % 3, 1);
		tape.seed = seed;
		map = map_at(1, T_NS);
		for (int i = 0; i < 60; i++) {
			if (tape_random(&tape, 2)) {
				map = map_at(map.number + 1, T_NS + i * 1000000000ll);
				add_maps(&map);
			}
			add_second(i, &map, 1 + (int)tape_random(&tape, 5), 200);
		}
		if (seed % 5 == 0)
			tape_swap(&tape);
		tape_write(&tape, fds[0]);
		for (int i = 0; i < CUTS; i++) {
			int64_t from = T_NS + (int64_t)tape_random(&tape, 60000) * 1000000;

			do_cut(1, from, from + (int64_t)tape_random(&tape, 5000) * 1000000, NULL);
			expect_maps(result.packets);
		}
	}
}
