/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/archive/timeline/timeline.h>
#include <wiretape/tests/support/temp.h>

#include "support/pcapng_builder.h"
#include "support/tape_builder.h"
#include "support/unit.h"

#define T_NS INT64_C(1700000000000000000)

enum { FILES = 3, FOUND_MAX = 20000, LABEL = 2, SEEDS = 60, RANGES = 10 };

static struct tape_builder tape;
static struct pcapng_builder build;
static char inputs[FILES][TEMP_BYTES];
static int fds[FILES];
static struct wt_timeline *timeline;
static struct wt_timeline_config config;
static struct wt_timeline_file files[FILES];
static struct wt_error err;

static void set_up(void)
{
	static const char *paths[FILES + 1]; /* ends with NULL, where nobody looks */

	for (int i = 0; i < FILES; i++) {
		temp_template(inputs[i], "timeline");
		fds[i] = mkstemp(inputs[i]);
		cr_assert(ge(int, fds[i], 0));
		paths[i] = inputs[i];
	}
	memset(&build, 0, sizeof(build));
	config = (struct wt_timeline_config){.paths = paths, .path_count = 1};
	tape_begin(&tape, 2);
}

static void tear_down(void)
{
	wt_timeline_close(timeline);
	timeline = NULL;
	for (int i = 0; i < FILES; i++) {
		close(fds[i]);
		unlink(inputs[i]);
	}
	tape_free(&tape);
}

TestSuite(timeline, .init = set_up, .fini = tear_down);

static void write_build(int number)
{
	cr_assert(eq(int, ftruncate(fds[number], 0), 0));
	cr_assert(eq(long, (long)pwrite(fds[number], build.bytes, build.length, 0),
	             (long)build.length));
	memset(&build, 0, sizeof(build));
}

static void build_start(void)
{
	build_section(&build);
	build_interface(&build, 9, 0);
}

/* The section of a file of lane `lane` of two. */
static void build_lane_section(unsigned recording, unsigned file, unsigned lane)
{
	char mark[96];

	snprintf(mark, sizeof(mark), "tape_id=%016x recording=%016x file=%u lane=%u lanes=2",
	         100 * recording + 10 * file + lane, recording, file, lane);
	build_tape_section(&build, mark);
}

static void build_lane(unsigned recording, unsigned file, unsigned lane)
{
	build_lane_section(recording, file, lane);
	build_interface(&build, 9, 0);
}

/* A packet at T_NS + `ns`, whose first two bytes are its name. */
static void add(const char *name, int64_t ns)
{
	build_packet(&build, 0, (uint64_t)(T_NS + ns), name);
}

static void add_simple(const char *name)
{
	build_block(&build, WT_PCAPNG_SPB);
	build_u32(&build, (uint32_t)strlen(name));
	build_padded(&build, name, strlen(name));
	build_block_end(&build);
}

/* ---- what comes out ---- */

static struct {
	struct wt_timeline_packet packets[FOUND_MAX]; /* without items */
	uint32_t numbers[FOUND_MAX];                  /* of the tape's packets */
	char names[4096];                             /* "a1 b2 " */
	size_t count;
} found;

static void take(const struct wt_timeline_packet *packet)
{
	const struct wt_frame *frame = &packet->item->packet.frame;
	size_t used = strlen(found.names);

	cr_assert(lt(sz, found.count, FOUND_MAX));
	found.packets[found.count] = *packet;
	found.packets[found.count].item = NULL;
	if (frame->caplen >= sizeof(uint32_t))
		memcpy(&found.numbers[found.count], frame->data, sizeof(uint32_t));
	if (used + LABEL + 2 < sizeof(found.names) && frame->caplen >= LABEL)
		snprintf(found.names + used, LABEL + 2, "%.2s ", (const char *)frame->data);
	found.count++;
}

static void open_timeline(size_t count)
{
	int rc;

	config.path_count = count;
	wt_timeline_close(timeline);
	timeline = NULL;
	rc = wt_timeline_open(&timeline, &config, files, &err);
	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
}

/* All of it; it stays open for what a test has to ask. */
static void read_all(size_t count)
{
	struct wt_timeline_packet packet;
	int rc;

	open_timeline(count);
	found.count = 0;
	found.names[0] = '\0';
	while ((rc = wt_timeline_next(timeline, &packet, &err)) > 0)
		take(&packet);
	cr_assert(eq(int, rc, 0), "%s", rc ? err.text : "");
	cr_expect(eq(int, wt_timeline_next(timeline, &packet, &err), 0), "there is more");
}

static void expect_text(const char *text, const char *expected)
{
	cr_expect(strcmp(text, expected) == 0, "'%s' instead of '%s'", text, expected);
}

static void expect_names(size_t count, const char *names)
{
	read_all(count);
	expect_text(found.names, names);
}

static void expect_refused(size_t count, int code, const char *why)
{
	int rc;

	config.path_count = count;
	rc = wt_timeline_open(&timeline, &config, files, &err);
	cr_expect(eq(int, rc, code));
	if (rc)
		cr_expect(strstr(err.text, why) != NULL, "%s", err.text);
}

/* ---- merging ---- */

Test(timeline, one_file_comes_in_its_order)
{
	build_start();
	add("a1", 1);
	add("a5", 5);
	add("a3", 3);
	write_build(0);
	expect_names(1, "a1 a5 a3 ");
	cr_expect(eq(i64, found.packets[2].stamp_ns, T_NS + 3));
	cr_expect(eq(u64, files[0].packets, 3));
	cr_expect(eq(u64, files[0].bytes_read, files[0].bytes_total));
}

Test(timeline, files_merge_by_stamp_and_each_keeps_its_order)
{
	build_start();
	add("a1", 1);
	add("a5", 5);
	add("a3", 3);
	add("a7", 7);
	write_build(0);
	build_start();
	add("b2", 2);
	add("b6", 6);
	write_build(1);
	build_start();
	add("c0", 0);
	add("c4", 4);
	add("c8", 8);
	write_build(2);
	expect_names(2, "a1 b2 a5 a3 b6 a7 ");
	expect_names(3, "c0 a1 b2 c4 a5 a3 b6 a7 c8 ");
	cr_expect(eq(sz, found.packets[0].file, 2));
	cr_expect(eq(sz, found.packets[1].file, 0));
	cr_expect(eq(sz, found.packets[2].file, 1));
	cr_expect(eq(u64, files[0].packets, 4));
	cr_expect(eq(u64, files[1].packets, 2));
	cr_expect(eq(u64, files[2].packets, 3));
}

Test(timeline, of_equal_stamps_that_of_the_first_path_comes_first)
{
	for (int i = 0; i < FILES; i++) {
		static const char *const names[FILES][2] = {
		        {"a1", "a2"}, {"b1", "b2"}, {"c1", "c2"}};

		build_start();
		add(names[i][0], 1);
		add(names[i][1], 1);
		write_build(i);
	}
	expect_names(3, "a1 a2 b1 b2 c1 c2 ");
}

Test(timeline, a_file_without_packets_holds_nothing_up)
{
	build_start();
	write_build(0);
	build_start();
	add("b1", 1);
	write_build(1);
	build_section(&build);
	write_build(2);
	expect_names(3, "b1 ");
	cr_expect(eq(sz, wt_timeline_interface_count(timeline), 2));
	expect_names(1, "");
}

Test(timeline, items_are_those_of_the_file)
{
	struct wt_timeline_packet packet;

	build_start();
	add("a1, longer", 1);
	write_build(0);
	open_timeline(1);
	cr_assert(eq(int, wt_timeline_next(timeline, &packet, &err), 1), "%s", err.text);
	cr_expect(eq(int, packet.item->kind, WT_ITEM_PACKET));
	cr_expect(eq(u32, packet.item->packet.frame.len, 10));
	cr_expect(eq(int, memcmp(packet.item->packet.frame.data, "a1, longer", 10), 0));
	cr_expect(eq(i64, packet.item->packet.frame.stamp_ns, T_NS + 1));
	cr_expect(packet.has_stamp);
}

/* ---- between two times ---- */

static void set_range(const struct wt_time *from, const struct wt_time *to, int64_t duration_ns)
{
	config.from = from;
	config.to = to;
	config.duration_ns = duration_ns;
}

/* Each of the ways to say it, of a file with packets at T_NS + 1, 3, 5, 7, 9 s. */
static void expect_ranges(void)
{
	static const int64_t s = 1000000000;
	const struct wt_time third = {.ns = T_NS + 3 * s}, seventh = {.ns = T_NS + 7 * s};
	const struct wt_time plus_two = {.ns = 2 * s, .base = WT_TIME_START};
	const struct wt_time plus_six = {.ns = 6 * s, .base = WT_TIME_START};
	const struct wt_timeline_range *range;

	expect_names(1, "a1 a3 a5 a7 a9 ");
	cr_expect(not(wt_timeline_range(timeline)->has_from));
	cr_expect(not(wt_timeline_range(timeline)->has_to));
	set_range(&third, NULL, 0);
	expect_names(1, "a3 a5 a7 a9 ");
	set_range(NULL, &seventh, 0);
	expect_names(1, "a1 a3 a5 ");
	set_range(&third, &seventh, 0);
	expect_names(1, "a3 a5 ");
	set_range(&third, NULL, 4 * s + 1);
	expect_names(1, "a3 a5 a7 ");
	set_range(NULL, NULL, 2 * s);
	expect_names(1, "a1 ");
	set_range(&plus_two, NULL, 2 * s);
	expect_names(1, "a3 ");
	set_range(&plus_two, &plus_six, 0);
	expect_names(1, "a3 a5 ");
	range = wt_timeline_range(timeline);
	cr_expect(range->has_from && range->has_to);
	cr_expect(eq(i64, range->from_ns, T_NS + 3 * s));
	cr_expect(eq(i64, range->to_ns, T_NS + 7 * s));
	set_range(&seventh, &third, 0);
	expect_names(1, "");
}

static const char *const odd_names[] = {"a1", "a3", "a5", "a7", "a9"};

Test(timeline, a_range_of_pcapng)
{
	build_start();
	for (int i = 0; i < 5; i++)
		add(odd_names[i], (2 * i + 1) * INT64_C(1000000000));
	write_build(0);
	expect_ranges();
	cr_expect(not(files[0].has_chunks));
}

/* Classic pcap with nanoseconds. */
static void build_pcap(void)
{
	build_u32(&build, 0xa1b23c4d);
	build_u16(&build, 2);
	build_u16(&build, 4);
	build_u32(&build, 0);
	build_u32(&build, 0);
	build_u32(&build, 65535);
	build_u32(&build, 1);
	for (uint32_t i = 0; i < 5; i++) {
		build_u32(&build, (uint32_t)(T_NS / 1000000000) + 2 * i + 1);
		build_u32(&build, 0);
		build_u32(&build, 4);
		build_u32(&build, 60);
		build_padded(&build, odd_names[i], 2);
	}
}

Test(timeline, a_range_of_pcap)
{
	build_pcap();
	write_build(0);
	expect_ranges();
	cr_expect(eq(sz, wt_timeline_interface_count(timeline), 1));
	cr_expect(wt_timeline_interface(timeline, 0)->name == NULL);
	cr_expect(eq(u32, wt_timeline_interface(timeline, 0)->snaplen, 65535));
	cr_expect(eq(u32, wt_timeline_interface(timeline, 0)->link_type, 1));
}

Test(timeline, a_range_of_a_pipe)
{
	int ends[2];

	config.paths = (const char *const[]){"-"};
	config.from = &(const struct wt_time){.ns = 2000000000, .base = WT_TIME_START};
	build_pcap();
	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(eq(long, (long)write(ends[1], build.bytes, build.length), (long)build.length));
	close(ends[1]);
	cr_assert(eq(int, dup2(ends[0], STDIN_FILENO), STDIN_FILENO));
	close(ends[0]);
	expect_names(1, "a3 a5 a7 a9 ");
	wt_timeline_close(timeline);
	timeline = NULL;
	cr_expect(eq(u64, files[0].bytes_total, build.length));
}

Test(timeline, a_relative_time_counts_from_the_first_file)
{
	const struct wt_time from = {.ns = 2, .base = WT_TIME_START};

	build_start();
	add("a5", 5);
	add("a6", 6);
	add("a7", 7);
	write_build(0);
	build_start();
	add("b1", 1);
	add("b8", 8);
	write_build(1);
	config.from = &from;
	expect_names(2, "a7 b8 ");
	config.from = NULL;
	config.duration_ns = 2;
	expect_names(2, "a5 a6 ");
}

Test(timeline, a_relative_time_counts_from_the_first_packet_of_all_lanes)
{
	const struct wt_time from = {.ns = 2, .base = WT_TIME_START};

	build_lane(7, 1, 0);
	add("a5", 5);
	add("a6", 6);
	write_build(0);
	build_lane(7, 1, 1);
	add("b3", 3);
	add("b4", 4);
	add("b7", 7);
	write_build(1);
	config.from = &from;
	expect_names(2, "a5 a6 b7 ");
	/* Whose first packet is earlier, but not of the same. */
	build_lane(8, 1, 1);
	add("c1", 1);
	add("c8", 8);
	write_build(2);
	expect_names(3, "a5 a6 b7 c8 ");
	build_lane(7, 2, 1);
	add("c1", 1);
	add("c8", 8);
	write_build(2);
	expect_names(3, "a5 a6 b7 c8 ");
	build_start();
	add("c1", 1);
	write_build(2);
	expect_names(3, "a5 a6 b7 ");
}

Test(timeline, a_relative_time_needs_a_packet_of_one_lane)
{
	const struct wt_time from = {.ns = 1, .base = WT_TIME_START};

	build_lane(7, 1, 0);
	write_build(0);
	build_lane(7, 1, 1);
	add("b3", 3);
	add("b4", 4);
	write_build(1);
	config.from = &from;
	expect_names(2, "b4 ");
	expect_refused(1, -ENODATA, inputs[0]);
}

Test(timeline, a_relative_time_without_a_packet_is_an_error)
{
	const struct wt_time to = {.ns = 2, .base = WT_TIME_START};

	build_start();
	write_build(0);
	config.to = &to;
	expect_refused(1, -ENODATA, inputs[0]);
	cr_expect(strstr(err.text, "has no packet") != NULL, "%s", err.text);
}

Test(timeline, a_time_from_the_end_counts_from_the_latest_packet_of_all_files)
{
	const struct wt_time minus_two = {.ns = -2, .base = WT_TIME_END};
	const struct wt_time minus_one = {.ns = -1, .base = WT_TIME_END};
	const struct wt_time minus_none = {.ns = 0, .base = WT_TIME_END};

	build_start();
	add("a5", 5);
	add("a8", 8);
	add("a6", 6);
	write_build(0);
	build_start();
	add("b1", 1);
	add("b7", 7);
	write_build(1);
	config.from = &minus_two;
	expect_names(2, "b7 a8 a6 ");
	cr_expect(eq(i64, wt_timeline_range(timeline)->from_ns, T_NS + 6));
	config.to = &minus_none;
	expect_names(2, "a6 b7 ");
	config.to = NULL;
	config.from = &minus_none;
	expect_names(2, "a8 ");
	config.from = NULL;
	config.to = &minus_one;
	expect_names(2, "b1 a5 a6 ");
	config.from = &minus_two;
	config.to = NULL;
	config.duration_ns = 1;
	expect_names(2, "a6 ");
}

Test(timeline, a_time_from_the_end_counts_from_the_last_file_too)
{
	const struct wt_time minus_two = {.ns = -2, .base = WT_TIME_END};

	for (int latest = 0; latest < FILES; latest++) {
		for (int i = 0; i < FILES; i++) {
			build_start();
			add("a1", 1);
			if (i == latest)
				add("a8", 8);
			write_build(i);
		}
		config.from = &minus_two;
		expect_names(FILES, "a8 ");
	}
}

Test(timeline, what_is_read_to_find_the_end_is_read_of_each_file)
{
	const struct wt_time minus_two = {.ns = -2, .base = WT_TIME_END};
	uint64_t bytes[FILES];

	for (int i = 0; i < FILES; i++) {
		build_start();
		for (int j = 0; j <= i; j++)
			add("a8", 8);
		write_build(i);
	}
	read_all(FILES);
	for (int i = 0; i < FILES; i++)
		bytes[i] = files[i].bytes_read;
	config.from = &minus_two;
	read_all(FILES);
	wt_timeline_close(timeline);
	timeline = NULL;
	for (int i = 0; i < FILES; i++)
		cr_expect(eq(u64, files[i].bytes_read, 2 * bytes[i]), "file %d", i);
}

Test(timeline, a_filter_does_not_move_the_end)
{
	const struct wt_time minus_two = {.ns = -2, .base = WT_TIME_END};

	build_start();
	add("a5", 5);
	add("a7", 7);
	add("b8", 8);
	write_build(0);
	config.from = &minus_two;
	config.filter = "ether[0] = 0x61";
	expect_names(1, "a7 ");
}

Test(timeline, a_time_from_the_end_of_a_file_that_is_cut_off_counts_from_what_is_there)
{
	const struct wt_time minus_two = {.ns = -2, .base = WT_TIME_END};

	build_start();
	add("a5", 5);
	add("a7", 7);
	add("a9", 9);
	build.length -= 4;
	write_build(0);
	config.from = &minus_two;
	expect_names(1, "a5 a7 ");
}

Test(timeline, a_time_from_the_end_without_a_packet_is_an_error)
{
	const struct wt_time to = {.ns = -2, .base = WT_TIME_END};

	build_start();
	write_build(0);
	config.to = &to;
	expect_refused(1, -ENODATA, inputs[0]);
	cr_expect(strstr(err.text, "no packet for a time with a minus") != NULL, "%s", err.text);
}

Test(timeline, a_stream_has_no_end_to_count_from)
{
	const struct wt_time from = {.ns = -2, .base = WT_TIME_END};

	config.from = &from;
	config.paths = (const char *const[]){"-"};
	expect_refused(1, -ESPIPE, "standard input: no time with a minus counts from the end");
	unlink(inputs[0]);
	cr_assert(eq(int, mkfifo(inputs[0], 0600), 0));
	config.paths = (const char *const[]){inputs[1], inputs[0]};
	expect_refused(2, -ESPIPE, inputs[0]);
}

Test(timeline, a_time_before_1677_or_after_2262_is_none)
{
	const struct wt_time early = {.ns = INT64_MIN, .base = WT_TIME_END};
	const struct wt_time late = {.ns = INT64_MAX, .base = WT_TIME_START};

	build_start();
	add("a5", 5);
	write_build(0);
	config.from = &late;
	expect_refused(1, -ERANGE, "late");
	config.from = &early;
	read_all(1);
	cr_expect(eq(sz, found.count, 1));
}

Test(timeline, sections_of_unknown_versions_are_counted)
{
	build_start();
	add("a1", 1);
	for (uint16_t major = 2; major < 4; major++) {
		build_block(&build, WT_PCAPNG_SHB);
		build_u32(&build, WT_PCAPNG_MAGIC);
		build_u16(&build, major);
		build_u16(&build, 0);
		build_u64(&build, 8);
		build_block_end(&build);
		build_u64(&build, 0);
	}
	build_start();
	add("a2", 2);
	write_build(0);
	expect_names(1, "a1 a2 ");
	cr_expect(eq(u64, files[0].unknown_sections, 2));
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

static void expect_numbers(uint32_t first, uint32_t count)
{
	read_all(1);
	cr_assert(eq(sz, found.count, count));
	for (uint32_t i = 0; i < count; i++) {
		cr_expect(eq(u32, found.numbers[i], first + i));
		cr_expect(eq(i64, found.packets[i].stamp_ns, T_NS + first + i));
		cr_expect(eq(u32, found.packets[i].interface, (first + i) % 2));
	}
}

Test(timeline, the_end_of_a_tape_is_in_its_index)
{
	const struct wt_time minus_five = {.ns = -5, .base = WT_TIME_END};
	const struct wt_time same = {.ns = T_NS + 3994};
	uint64_t bytes;

	add_chunks(2000, 1000);
	tape_close(&tape);
	tape_write(&tape, fds[0]);
	set_range(&same, NULL, 0);
	read_all(1);
	bytes = files[0].bytes_read;
	set_range(&minus_five, NULL, 0);
	expect_numbers(3994, 6);
	cr_expect(ge(u64, files[0].bytes_read, bytes));
	cr_expect(lt(u64, files[0].bytes_read, 2 * bytes));
	cr_expect(lt(u64, files[0].bytes_read, files[0].bytes_total / 2));
}

Test(timeline, a_range_of_a_tape)
{
	const struct wt_time from = {.ns = T_NS + 5}, to = {.ns = T_NS + 9};
	const struct wt_time plus_five = {.ns = 5, .base = WT_TIME_START};
	const struct wt_time minus_five = {.ns = -5, .base = WT_TIME_END};
	const struct wt_time minus_two = {.ns = -2, .base = WT_TIME_END};

	add_chunks(10, 100);
	tape_close(&tape);
	tape_write(&tape, fds[0]);
	expect_numbers(0, 20);
	cr_expect(files[0].has_chunks);
	set_range(&from, &to, 0);
	expect_numbers(5, 4);
	set_range(&plus_five, NULL, 4);
	expect_numbers(5, 4);
	set_range(&from, NULL, 0);
	expect_numbers(5, 15);
	set_range(NULL, NULL, 3);
	expect_numbers(0, 3);
	set_range(&minus_five, NULL, 0);
	expect_numbers(14, 6);
	set_range(&minus_five, &minus_two, 0);
	expect_numbers(14, 3);
	set_range(NULL, &minus_five, 0);
	expect_numbers(0, 14);
	cr_expect(eq(sz, wt_timeline_interface_count(timeline), 2));
	expect_text(wt_timeline_interface(timeline, 1)->name, "eth1");
}

Test(timeline, nothing_is_missing_before_a_range_or_after_one)
{
	const struct wt_time from = {.ns = T_NS + 5}, to = {.ns = T_NS + 9};
	const struct wt_time after = {.ns = T_NS + 20}, before = {.ns = T_NS};

	add_chunks(10, 100);
	tape_close(&tape);
	tape_write(&tape, fds[0]);
	set_range(&from, &to, 0);
	expect_numbers(5, 4);
	cr_expect(eq(u64, files[0].missing, 0));
	set_range(&after, NULL, 0);
	expect_numbers(0, 0);
	cr_expect(eq(u64, files[0].missing, 0));
	set_range(NULL, &before, 0);
	expect_numbers(0, 0);
	cr_expect(eq(u64, files[0].missing, 0));
}

/* Chunks of two packets, of which the stamps are in order: those after the range are not read. */
Test(timeline, a_range_ends_with_the_chunk_after_which_nothing_is_earlier)
{
	uint64_t bytes = 0;

	add_chunks(10, 4000);
	tape_write(&tape, fds[0]);
	for (int64_t end = 4; end <= 6; end++) {
		const struct wt_time to = {.ns = T_NS + end};

		set_range(NULL, &to, 0);
		expect_numbers(0, (uint32_t)end);
		if (end == 5)
			cr_expect(gt(u64, files[0].bytes_read, bytes + 8000));
		if (end == 6)
			cr_expect(eq(u64, files[0].bytes_read, bytes));
		bytes = files[0].bytes_read;
	}
}

Test(timeline, no_index_is_read_after_the_chunk_that_ends_a_range)
{
	uint64_t bytes[2];

	add_chunks(400, 4000);
	tape_write(&tape, fds[0]);
	for (int i = 0; i < 2; i++) {
		const struct wt_time to = {.ns = T_NS + 5 + i};

		set_range(NULL, &to, 0);
		expect_numbers(0, 5 + (uint32_t)i);
		wt_timeline_close(timeline);
		timeline = NULL;
		bytes[i] = files[0].bytes_read;
	}
	cr_expect(lt(u64, bytes[0], bytes[1]));
}

Test(timeline, no_chunk_is_read_for_a_range_behind_all)
{
	const struct wt_time last = {.ns = T_NS + 799}, after = {.ns = T_NS + 800};
	uint64_t bytes;

	add_chunks(400, 4000);
	tape_write(&tape, fds[0]);
	set_range(&last, NULL, 0);
	expect_numbers(799, 1);
	wt_timeline_close(timeline);
	timeline = NULL;
	bytes = files[0].bytes_read;
	set_range(&after, NULL, 0);
	expect_numbers(0, 0);
	wt_timeline_close(timeline);
	timeline = NULL;
	cr_expect(lt(u64, files[0].bytes_read, bytes));
}

Test(timeline, a_broken_chunk_is_told_whatever_follows)
{
	add_chunks(5, 100);
	/* A packet of an interface that there is not. */
	memset(tape.bytes + tape.chunks[2].offset + tape.chunks[2].index_bytes + 8, 0x63, 4);
	tape_write(&tape, fds[0]);
	read_all(1);
	cr_expect(eq(sz, found.count, 8));
	cr_expect(eq(int, files[0].ended, -EBADMSG));
}

Test(timeline, nothing_is_missing_where_a_chunk_of_another_time_is_passed_over)
{
	const struct wt_time to = {.ns = T_NS + 10};

	for (int64_t i = 0; i < 6; i++) {
		tape_packet(&tape, T_NS + i + (i / 2 == 1 ? 1000 : 0), 100);
		if (i % 2)
			tape_chunk(&tape);
	}
	tape_write(&tape, fds[0]);
	set_range(NULL, &to, 0);
	read_all(1);
	cr_expect(eq(sz, found.count, 4));
	cr_expect(eq(u64, files[0].missing, 0));
}

Test(timeline, a_recording_with_a_broken_beginning_is_broken)
{
	uint32_t section_bytes;

	add_chunks(3, 100);
	memcpy(&section_bytes, tape.bytes + 4, sizeof(section_bytes));
	memset(tape.bytes + section_bytes + 4, 0, 4);
	tape_write(&tape, fds[0]);
	expect_names(1, "");
	cr_expect(eq(int, files[0].ended, -EBADMSG));
	cr_expect(not(files[0].has_chunks));
}

Test(timeline, little_is_read_of_a_long_tape)
{
	const struct wt_time from = {.ns = T_NS + 200000000000};

	for (int i = 0; i < 400; i++) {
		tape_packet(&tape, T_NS + i * 1000000000ll, 100000);
		tape_chunk(&tape);
	}
	tape_write(&tape, fds[0]);
	set_range(&from, NULL, 1000000000);
	read_all(1);
	cr_expect(eq(sz, found.count, 1));
	cr_expect(eq(u64, files[0].bytes_total, tape.length));
	cr_expect(gt(u64, files[0].bytes_read, 100000));
	cr_expect(lt(u64, files[0].bytes_read, files[0].bytes_total / 20));
}

Test(timeline, holes_in_a_tape_are_counted)
{
	add_chunks(10, 9000);
	memset(tape.bytes + tape.chunks[4].offset, 0, tape.chunks[4].bytes);
	tape_write(&tape, fds[0]);
	read_all(1);
	cr_expect(eq(sz, found.count, 18));
	cr_expect(eq(u64, files[0].missing, 2));
	cr_expect(eq(int, files[0].ended, 0));
}

Test(timeline, a_tape_without_a_chunk_has_no_packets)
{
	const struct wt_time from = {.ns = T_NS};

	tape_write(&tape, fds[0]);
	expect_names(1, "");
	cr_expect(eq(sz, wt_timeline_interface_count(timeline), 2));
	config.from = &from;
	expect_names(1, "");
}

Test(timeline, tapes_and_other_files_merge)
{
	add_chunks(3, 100);
	tape_write(&tape, fds[1]);
	build_start();
	add("a1", 1);
	add("a9", 9);
	write_build(0);
	read_all(2);
	cr_assert(eq(sz, found.count, 8));
	for (size_t i = 0; i < 8; i++)
		cr_expect(eq(sz, found.packets[i].file, i != 1 && i != 7), "packet %zu", i);
}

/* ---- the filter ---- */

static void add_bytes(uint32_t interface_id, int64_t ns, const char *bytes, uint32_t count)
{
	build_block(&build, WT_PCAPNG_EPB);
	build_u32(&build, interface_id);
	build_u32(&build, (uint32_t)((uint64_t)(T_NS + ns) >> 32));
	build_u32(&build, (uint32_t)(T_NS + ns));
	build_u32(&build, count);
	build_u32(&build, count);
	build_padded(&build, bytes, count);
	build_block_end(&build);
}

static void build_raw_interface(void)
{
	const uint8_t ns = 9;

	build_interface_head(&build, 101, 0);
	build_option(&build, WT_OPT_IF_TSRESOL, &ns, 1);
	build_block_end(&build);
}

/* Where IP begins differs: on Ethernet and on none. */
static void build_two_link_types(void)
{
	static const char arp[] = "a1\x03\x04\x05\x06\x01\x02\x03\x04\x05\x06\x08\x06";
	static const char ip[] = "a2\x03\x04\x05\x06\x01\x02\x03\x04\x05\x06\x08\x00\x45";
	static const char raw[] = "\x45\x00\x00\x14"
	                          "0000"
	                          "\x40\x11"
	                          "0011112222";

	build_start();
	build_raw_interface();
	add_bytes(0, 1, arp, sizeof(arp) - 1);
	add_bytes(0, 2, ip, sizeof(ip) - 1);
	add_bytes(1, 3, raw, sizeof(raw) - 1);
	write_build(0);
}

Test(timeline, the_filter_knows_each_link_type)
{
	build_two_link_types();
	config.filter = "ip";
	read_all(1);
	cr_assert(eq(sz, found.count, 2));
	cr_expect(eq(i64, found.packets[0].stamp_ns, T_NS + 2));
	cr_expect(eq(u32, found.packets[0].interface, 0));
	cr_expect(eq(i64, found.packets[1].stamp_ns, T_NS + 3));
	cr_expect(eq(u32, found.packets[1].interface, 1));
	cr_expect(eq(u64, files[0].packets, 2));
	config.filter = "not ip";
	read_all(1);
	cr_assert(eq(sz, found.count, 1));
	cr_expect(eq(i64, found.packets[0].stamp_ns, T_NS + 1));
}

Test(timeline, a_wrong_filter_is_an_error)
{
	build_start();
	write_build(0);
	config.filter = "nonsense and";
	expect_refused(1, -EINVAL, "nonsense and");
}

/* Raw IP has no Ethernet addresses. */
static void build_where_a_filter_is_no_use(void)
{
	build_raw_interface();
	add_bytes(0, 1, "\x01\x02\x03\x04\x05\x06 from", 11);
	add_bytes(1, 2, "raw", 3);
	add_bytes(1, 3, "raw", 3);
	add_bytes(0, 4, "\x01\x02\x03\x04\x05\x06 from", 11);
	write_build(0);
}

Test(timeline, what_a_filter_cannot_be_used_on_does_not_match)
{
	build_start();
	build_where_a_filter_is_no_use();
	config.filter = "ether dst 01:02:03:04:05:06";
	read_all(1);
	cr_assert(eq(sz, found.count, 2));
	cr_expect(eq(i64, found.packets[1].stamp_ns, T_NS + 4));
	cr_expect(eq(u64, files[0].unfiltered.packets, 2));
	cr_expect(strstr(files[0].unfiltered.why.text,
	                 "filter 'ether dst 01:02:03:04:05:06' on link type RAW (101) of "
	                 "interface 1, packet at offset ") != NULL,
	          "%s", files[0].unfiltered.why.text);
}

Test(timeline, a_filter_is_not_asked_of_interfaces_without_packets)
{
	build_start();
	build_raw_interface();
	add_bytes(0, 1, "\x01\x02\x03\x04\x05\x06 from", 11);
	write_build(0);
	config.filter = "ether dst 01:02:03:04:05:06";
	read_all(1);
	cr_expect(eq(sz, found.count, 1));
	cr_expect(eq(u64, files[0].unfiltered.packets, 0));
}

Test(timeline, a_filter_that_can_be_used_nowhere_is_an_error)
{
	struct wt_timeline_packet packet;

	build_section(&build);
	build_raw_interface();
	add_bytes(0, 1, "raw", 3);
	write_build(0);
	config.filter = "ether dst 01:02:03:04:05:06";
	open_timeline(1);
	cr_expect(eq(int, wt_timeline_next(timeline, &packet, &err), -EINVAL));
	cr_expect(strstr(err.text, inputs[0]) == err.text, "%s", err.text);
	cr_expect(strstr(err.text, "ether dst") != NULL, "%s", err.text);
}

Test(timeline, a_filter_that_can_be_used_nowhere_names_the_file_whose_packets_it_is_about)
{
	struct wt_timeline_packet packet;

	build_section(&build);
	build_raw_interface();
	write_build(0);
	build_section(&build);
	build_raw_interface();
	add_bytes(0, 1, "raw", 3);
	write_build(1);
	config.filter = "ether dst 01:02:03:04:05:06";
	open_timeline(2);
	cr_expect(eq(int, wt_timeline_next(timeline, &packet, &err), -EINVAL));
	cr_expect(strstr(err.text, inputs[1]) == err.text, "%s", err.text);
}

Test(timeline, nonsense_is_told_also_where_no_packet_comes)
{
	build_section(&build);
	build_raw_interface();
	write_build(0);
	config.filter = "tcp port http and";
	expect_refused(1, -EINVAL, "tcp port http and");
}

/* ---- packets without a stamp ---- */

/* Some without a stamp, one from before 1677 and one from after 2262. */
static void build_unstamped(void)
{
	build_section(&build);
	build_interface(&build, 9, -1600000000); /* of T_NS it makes something after 1970 */
	build_interface(&build, 9, -20000000000);
	build_interface(&build, 0, 0);
	add_simple("s0");
	add("a1", 1);
	add_simple("s1");
	build_packet(&build, 1, (uint64_t)T_NS, "p1");
	add("a4", 4);
	build_packet(&build, 2, UINT64_MAX, "q4");
	add("a2", 2);
	add_simple("s2");
	write_build(0);
	build_section(&build);
	build_interface(&build, 9, -1600000000);
	add("b1", 1);
	add("b3", 3);
	add("b4", 4);
	write_build(1);
}

#define U_NS (T_NS - INT64_C(1600000000000000000))

Test(timeline, unstamped_packets_are_counted_and_left_out)
{
	build_unstamped();
	expect_names(2, "a1 p1 b1 b3 a4 b4 q4 a2 ");
	cr_expect(eq(u64, files[0].left_out, 3));
	cr_expect(eq(u64, files[0].out_of_range, 2));
	cr_expect(eq(u64, files[1].left_out, 0));
}

Test(timeline, stamps_before_1970_are_stamps_like_others)
{
	static const bool keep_unstamped[] = {false, true};

	build_section(&build);
	build_interface(&build, 9, -10);
	build_packet(&build, 0, 0, "a1");
	build_packet(&build, 0, 20000000000, "a4");
	write_build(0);
	build_section(&build);
	build_interface(&build, 0x80, -9); /* in seconds */
	build_packet(&build, 0, 0, "b2");
	build_packet(&build, 0, 10, "b3");
	write_build(1);
	for (size_t i = 0; i < 2; i++) {
		config.keep_unstamped = keep_unstamped[i];
		expect_names(2, "a1 b2 b3 a4 ");
		cr_expect(eq(i64, found.packets[0].stamp_ns, -INT64_C(10000000000)));
		cr_expect(eq(i64, found.packets[1].stamp_ns, -INT64_C(9000000000)));
		cr_expect(eq(u64, files[0].left_out, 0));
		cr_expect(eq(u64, files[0].out_of_range, 0));
	}
}

Test(timeline, a_time_is_not_counted_from_a_stamp_that_has_no_room)
{
	build_section(&build);
	build_interface(&build, 0, 0);
	build_interface(&build, 9, 0);
	build_packet(&build, 0, 10000000000, "q1");
	build_packet(&build, 1, (uint64_t)T_NS, "a1");
	build_packet(&build, 1, (uint64_t)T_NS + 5, "a2");
	write_build(0);
	config.duration_ns = 5;
	expect_names(1, "a1 ");
}

Test(timeline, unstamped_packets_that_are_kept_follow_the_one_before_them)
{
	build_unstamped();
	config.keep_unstamped = true;
	expect_names(2, "s0 a1 s1 p1 b1 b3 a4 q4 a2 s2 b4 ");
	cr_expect(eq(u64, files[0].left_out, 0));
	cr_expect(eq(u64, files[0].packets, 8));
	cr_expect(not(found.packets[0].has_stamp));
	cr_expect(eq(i64, found.packets[0].stamp_ns, 0));
	cr_expect(found.packets[2].has_stamp);
	cr_expect(eq(i64, found.packets[2].stamp_ns, U_NS + 1));
	cr_expect(eq(i64, found.packets[3].stamp_ns, U_NS + 1));
	cr_expect(eq(i64, found.packets[7].stamp_ns, U_NS + 4));
	cr_expect(eq(i64, found.packets[9].stamp_ns, U_NS + 2));
}

Test(timeline, unstamped_packets_are_where_the_one_before_them_is)
{
	const struct wt_time first = {.ns = U_NS + 1}, second = {.ns = U_NS + 2};
	const struct wt_time third = {.ns = U_NS + 3};

	build_unstamped();
	config.keep_unstamped = true;
	set_range(&first, &second, 0);
	expect_names(1, "a1 s1 p1 ");
	set_range(&second, &third, 0);
	expect_names(1, "a2 s2 ");
	set_range(NULL, &third, 0);
	expect_names(1, "s0 a1 s1 p1 a2 s2 ");
}

Test(timeline, a_time_counts_from_the_first_packet_that_has_a_stamp)
{
	build_unstamped();
	config.keep_unstamped = true;
	config.duration_ns = 3;
	expect_names(1, "a1 s1 p1 a2 s2 ");
	cr_expect(eq(u64, files[0].left_out, 1));
	cr_expect(eq(i64, wt_timeline_range(timeline)->from_ns, U_NS + 1));
}

Test(timeline, unstamped_packets_of_a_tape_are_no_different)
{
	tape_packet(&tape, -5, 60);
	for (int i = 1; i < 4; i++)
		tape_packet(&tape, T_NS + i, 60);
	tape_packet(&tape, -3, 60);
	tape_chunk(&tape);
	tape_write(&tape, fds[0]);
	read_all(1);
	cr_expect(eq(sz, found.count, 5));
	cr_expect(eq(u64, files[0].out_of_range, 2));
	config.keep_unstamped = true;
	read_all(1);
	cr_assert(eq(sz, found.count, 5));
	cr_expect(not(found.packets[0].has_stamp));
	cr_expect(eq(i64, found.packets[4].stamp_ns, T_NS + 3));
	/* Where its first packet is looked for, it is then read from the start again. */
	config.duration_ns = 2;
	read_all(1);
	cr_assert(eq(sz, found.count, 2));
	cr_expect(eq(u32, found.numbers[0], 1));
	cr_expect(eq(u32, found.numbers[1], 2));
}

Test(timeline, a_file_without_any_stamp_comes_as_it_is)
{
	const struct wt_time from = {.ns = T_NS};

	build_start();
	add_simple("s1");
	add_simple("s2");
	write_build(1);
	build_start();
	add("a1", 1);
	write_build(0);
	config.keep_unstamped = true;
	expect_names(2, "s1 s2 a1 ");
	config.from = &from;
	expect_names(2, "a1 ");
}

/* ---- interfaces ---- */

static void build_named(const char *name, uint32_t snaplen)
{
	build_interface_head(&build, 1, snaplen);
	if (name)
		build_option_text(&build, WT_OPT_IF_NAME, name);
	build_block_end(&build);
}

static void expect_interfaces(size_t count, const uint32_t *numbers)
{
	read_all(count);
	for (size_t i = 0; i < found.count; i++)
		cr_expect(eq(u32, found.packets[i].interface, numbers[i]), "packet %zu", i);
}

Test(timeline, an_interface_keeps_its_number_in_later_sections)
{
	static const uint32_t numbers[] = {0, 1, 1, 2, 0};
	const struct wt_timeline_interface *interface;

	build_section(&build);
	build_named("eth0", 100);
	build_named("eth1", 100);
	build_packet(&build, 0, 1, "a1");
	build_packet(&build, 1, 2, "a2");
	build_section(&build);
	build_named("eth1", 100);
	build_named("eth0", 200);
	build_named("eth0", 100);
	build_packet(&build, 0, 3, "a3");
	build_packet(&build, 1, 4, "a4");
	build_packet(&build, 2, 5, "a5");
	write_build(0);
	expect_interfaces(1, numbers);
	cr_expect(eq(sz, found.count, 5));
	cr_assert(eq(sz, wt_timeline_interface_count(timeline), 3));
	interface = wt_timeline_interface(timeline, 2);
	expect_text(interface->name, "eth0");
	cr_expect(eq(u32, interface->snaplen, 200));
	cr_expect(eq(u32, interface->link_type, 1));
	cr_expect(eq(sz, interface->file, 0));
	cr_expect(interface->clock == NULL);
}

Test(timeline, interfaces_that_a_section_describes_alike_are_two)
{
	static const uint32_t numbers[] = {0, 1, 2};

	/* The second file begins before the first one's section is read to its end. */
	build_section(&build);
	build_named(NULL, 0);
	build_packet(&build, 0, 1, "a1");
	build_named(NULL, 0);
	build_packet(&build, 1, 4, "a4");
	write_build(0);
	build_section(&build);
	build_named(NULL, 0);
	build_packet(&build, 0, 2, "b2");
	write_build(1);
	expect_interfaces(1, numbers);
	cr_expect(eq(sz, found.count, 2));
	read_all(2);
	cr_assert(eq(sz, wt_timeline_interface_count(timeline), 3));
	expect_text(found.names, "a1 b2 a4 ");
	cr_expect(ne(u32, found.packets[2].interface, found.packets[0].interface));
}

Test(timeline, interfaces_of_two_machines_are_two)
{
	static const uint32_t numbers[] = {0, 1, 0};

	for (uint64_t i = 0; i < 3; i++) {
		build_section(&build);
		build.length -= 4;
		build_option_text(&build, WT_OPT_SHB_HARDWARE, i % 2 ? "one" : "another");
		build_block_end(&build);
		build_named("eth0", 0);
		build_packet(&build, 0, i, "a_");
	}
	write_build(0);
	expect_interfaces(1, numbers);
}

Test(timeline, of_alike_interfaces_each_is_found_again)
{
	static const uint32_t numbers[] = {0, 1, 1, 0, 2};

	build_section(&build);
	build_named("eth0", 0);
	build_named("eth0", 0);
	build_packet(&build, 0, 1, "a1");
	build_packet(&build, 1, 2, "a2");
	build_section(&build);
	build_named("eth0", 0);
	build_named("eth0", 0);
	build_named("eth0", 0);
	build_packet(&build, 1, 3, "a3");
	build_packet(&build, 0, 4, "a4");
	build_packet(&build, 2, 5, "a5");
	write_build(0);
	expect_interfaces(1, numbers);
}

Test(timeline, each_file_has_its_own_interfaces)
{
	static const uint32_t numbers[] = {0, 1, 1};

	build_section(&build);
	build_named("eth0", 0);
	build_packet(&build, 0, 1, "a1");
	write_build(0);
	for (uint64_t i = 2; i < 4; i++) {
		build_section(&build);
		build_named("eth0", 0);
		build_packet(&build, 0, i, "b_");
	}
	write_build(1);
	expect_interfaces(2, numbers);
	cr_assert(eq(sz, wt_timeline_interface_count(timeline), 2));
	cr_expect(eq(sz, wt_timeline_interface(timeline, 0)->file, 0));
	cr_expect(eq(sz, wt_timeline_interface(timeline, 1)->file, 1));
}

/* Of lane `lane`; what its recorder had of it differs. */
static void build_lane_interfaces(unsigned recording, unsigned file, unsigned lane)
{
	static const char *const names[] = {"eth0", "eth1"};

	build_lane_section(recording, file, lane);
	for (uint32_t i = 0; i < 2; i++) {
		build_interface_head(&build, 1, 0);
		build_option_text(&build, WT_OPT_IF_NAME, names[i]);
		build_option_text(&build, WT_OPT_LOCAL_READER, lane ? "reader=v2" : "reader=v3");
		build_block_end(&build);
	}
	for (uint32_t i = 0; i < 2; i++)
		build_packet(&build, i, 10 * file + 2 * lane + i, "aa");
}

Test(timeline, the_files_of_a_recording_in_lanes_have_the_same_interfaces)
{
	static const uint32_t numbers[] = {0, 1, 0, 1, 0, 1}, apart[] = {0, 1, 0, 1, 2, 3};

	build_lane_interfaces(7, 1, 0);
	write_build(0);
	build_lane_interfaces(7, 1, 1);
	write_build(1);
	build_lane_interfaces(7, 2, 1);
	write_build(2);
	expect_interfaces(3, numbers);
	cr_assert(eq(sz, wt_timeline_interface_count(timeline), 2));
	cr_expect(eq(sz, wt_timeline_interface(timeline, 1)->file, 0));
	build_lane_interfaces(8, 2, 0);
	write_build(2);
	expect_interfaces(3, apart);
	cr_expect(eq(sz, wt_timeline_interface(timeline, 3)->file, 2));
}

Test(timeline, an_interfaces_clock_is_told)
{
	static const char clock[] = "source=hardware clock=utc tai_offset_s=37";

	tape_free(&tape);
	tape_begin_clocked(&tape, 1, clock, NULL, 0);
	add_chunks(1, 100);
	tape_write(&tape, fds[0]);
	open_timeline(1);
	expect_text(wt_timeline_interface(timeline, 0)->clock, clock);
}

/* ---- files that are broken, or none ---- */

static void build_two_files(void)
{
	build_start();
	add("b3", 3);
	write_build(1);
	build_start();
	add("a1", 1);
	add("a2", 2);
}

Test(timeline, a_file_that_is_cut_off_ends_there)
{
	build_two_files();
	build.length -= 4;
	write_build(0);
	expect_names(2, "a1 b3 ");
	cr_expect(eq(int, files[0].ended, -ENODATA));
	cr_expect(strstr(files[0].why.text, "cut off") != NULL, "%s", files[0].why.text);
	cr_expect(eq(int, files[1].ended, 0));
}

Test(timeline, a_file_that_is_broken_ends_there)
{
	build_two_files();
	build_patch_u32(&build, build.length - 4, 7);
	write_build(0);
	expect_names(2, "a1 b3 ");
	cr_expect(eq(int, files[0].ended, -EBADMSG));
	cr_expect(ne(sz, strlen(files[0].why.text), 0));
}

Test(timeline, a_pcap_that_is_cut_off_ends_there)
{
	build_pcap();
	build.length -= 2;
	write_build(0);
	expect_names(1, "a1 a3 a5 a7 ");
	cr_expect(eq(int, files[0].ended, -ENODATA));
}

Test(timeline, a_chunk_that_is_torn_does_not_end_a_tape)
{
	add_chunks(10, 9000);
	tape_zero_page(&tape, tape.chunks[4].offset + tape.chunks[4].bytes - 4096);
	tape_write(&tape, fds[0]);
	read_all(1);
	cr_expect(eq(sz, found.count, 18));
}

Test(timeline, the_packets_of_a_torn_last_chunk_are_missing)
{
	const struct tape_chunk *last;

	add_chunks(10, 9000);
	last = &tape.chunks[tape.chunk_count - 1];
	tape.length = last->offset + last->bytes - 4096;
	tape_write(&tape, fds[0]);
	read_all(1);
	cr_expect(eq(sz, found.count, 18));
	cr_expect(eq(u64, files[0].missing, 2));
}

Test(timeline, all_files_are_closed)
{
	const struct wt_time minus_two = {.ns = -2, .base = WT_TIME_END};
	int before = dup(fds[0]), after;

	close(before);
	for (int i = 0; i < FILES; i++) {
		build_start();
		add("a1", 1);
		write_build(i);
	}
	config.from = &minus_two;
	read_all(FILES);
	wt_timeline_close(timeline);
	timeline = NULL;
	after = dup(fds[0]);
	close(after);
	cr_expect(eq(int, after, before));
}

Test(timeline, an_empty_file_is_an_error)
{
	expect_refused(1, -ENODATA, inputs[0]);
	cr_expect(strstr(err.text, "is empty") != NULL, "%s", err.text);
}

Test(timeline, what_is_no_capture_file_is_an_error)
{
	build_start();
	write_build(0);
	build_u32(&build, 0x12345678);
	build_u32(&build, 0x12345678);
	write_build(1);
	expect_refused(2, -ENOTSUP, inputs[1]);
}

Test(timeline, a_file_that_is_not_there_is_an_error)
{
	unlink(inputs[1]);
	build_start();
	write_build(0);
	expect_refused(2, -ENOENT, inputs[1]);
}

Test(timeline, standard_input_is_one_file)
{
	config.paths = (const char *const[]){"-", "-"};
	expect_refused(2, -EINVAL, "standard input");
}

Test(timeline, no_file_is_an_error)
{
	expect_refused(0, -EINVAL, "no file");
}

/* ---- other people's files ---- */

struct golden {
	char name[32];
};

ParameterizedTestParameters(timeline, golden_files_come_as_they_are)
{
	static struct golden names[] = {
	        {"dumpcap_lo.pcapng"},   {"editcap_comment.pcapng"}, {"editcap_ns.pcap"},
	        {"editcap_raw.pcap"},    {"editcap_snaplen.pcapng"}, {"editcap_us.pcap"},
	        {"mergecap_two.pcapng"}, {"secrets.pcapng"},         {"text2pcap.pcapng"},
	        {"two_sections.pcapng"},
	};

	return cr_make_param_array(struct golden, names, sizeof(names) / sizeof(names[0]));
}

static struct wt_capture_file *open_file(const char *path)
{
	struct wt_capture_file *file;

	cr_assert(eq(int, wt_capture_file_open(&file, path, &err), 0), "%s: %s", path, err.text);
	return file;
}

/* The file's next packet; false at its end. */
static bool next_of_file(struct wt_capture_file *file, struct wt_pcapng_item *item)
{
	int rc;

	do
		rc = wt_capture_file_next(file, item, &err);
	while (rc > 0 && item->kind != WT_ITEM_PACKET);
	return rc > 0;
}

ParameterizedTest(struct golden *golden, timeline, golden_files_come_as_they_are)
{
	char path[4096];
	struct wt_timeline_packet packet;
	const struct wt_timeline_interface *interface;
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	size_t packets = 0;

	snprintf(path, sizeof(path), "%s/%s", WT_GOLDEN_DIR, golden->name);
	config.paths = (const char *const[]){path};
	open_timeline(1);
	file = open_file(path);
	while (next_of_file(file, &item)) {
		packets++;
		cr_assert(eq(int, wt_timeline_next(timeline, &packet, &err), 1), "packet %zu",
		          packets);
		cr_expect(eq(i64, packet.stamp_ns, item.packet.frame.stamp_ns));
		cr_expect(eq(u64, packet.item->offset, item.offset));
		interface = wt_timeline_interface(timeline, packet.interface);
		cr_expect(eq(u32, interface->link_type, item.packet.link_type));
		cr_expect(eq(u32, interface->snaplen, item.packet.snaplen));
	}
	cr_expect(ge(sz, packets, 3));
	cr_expect(eq(int, wt_timeline_next(timeline, &packet, &err), 0));
	wt_capture_file_close(file);
}

/* ---- against the definition ---- */

struct model {
	int64_t stamps_ns[2000];
	size_t count, at;
};

static struct model models[FILES];

/* A clock that goes back now and then, and stands still often. */
static void build_random(int number, uint64_t *now)
{
	struct model *model = &models[number];

	tape_free(&tape);
	tape_begin(&tape, 1);
	tape.seed = *now;
	model->count = tape_random(&tape, 300);
	for (size_t i = 0; i < model->count; i++) {
		*now += tape_random(&tape, 4);
		model->stamps_ns[i] = T_NS + (int64_t)*now % 1000;
		if (!tape_random(&tape, 20))
			model->stamps_ns[i] -= (int64_t)tape_random(&tape, 200);
		tape_packet(&tape, model->stamps_ns[i], 60);
		if (!tape_random(&tape, 10))
			tape_chunk(&tape);
	}
	tape_chunk(&tape);
	tape_write(&tape, fds[number]);
}

static bool next_of_model(struct model *model, int64_t from_ns, int64_t to_ns)
{
	while (model->at < model->count &&
	       (model->stamps_ns[model->at] < from_ns || model->stamps_ns[model->at] >= to_ns))
		model->at++;
	return model->at < model->count;
}

static int earliest_model(int64_t from_ns, int64_t to_ns)
{
	int best = -1;

	for (int i = 0; i < FILES; i++) {
		if (!next_of_model(&models[i], from_ns, to_ns))
			continue;
		if (best < 0 ||
		    models[i].stamps_ns[models[i].at] < models[best].stamps_ns[models[best].at])
			best = i;
	}
	return best;
}

static void expect_as_defined(int64_t from_ns, int64_t to_ns)
{
	const struct wt_time from = {.ns = from_ns}, to = {.ns = to_ns};
	size_t count = 0;
	int file;

	set_range(&from, &to, 0);
	read_all(FILES);
	for (int i = 0; i < FILES; i++)
		models[i].at = 0;
	while ((file = earliest_model(from_ns, to_ns)) >= 0) {
		cr_assert(lt(sz, count, found.count));
		cr_assert(eq(sz, found.packets[count].file, (size_t)file), "packet %zu", count);
		cr_assert(eq(u32, found.numbers[count], (uint32_t)models[file].at));
		cr_assert(eq(i64, found.packets[count].stamp_ns,
		             models[file].stamps_ns[models[file].at]));
		models[file].at++;
		count++;
	}
	cr_expect(eq(sz, found.count, count));
}

Test(timeline, is_what_it_is_defined_to_be)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t now = seed * 1000;

		for (int i = 0; i < FILES; i++) {
			now = seed * 1000;
			tape.seed = seed * 3 + (uint64_t)i;
			build_random(i, &now);
		}
		expect_as_defined(0, INT64_MAX);
		for (int i = 0; i < RANGES; i++) {
			int64_t from = T_NS - 100 + (int64_t)tape_random(&tape, 700);

			expect_as_defined(from, from + (int64_t)tape_random(&tape, 200));
		}
	}
}

/* ---- several recordings and sections in one file ---- */

static struct {
	uint8_t *bytes;
	size_t length;
} whole;

static void append_bytes(const void *bytes, size_t length)
{
	whole.bytes = realloc(whole.bytes, whole.length + length);
	cr_assert(whole.bytes != NULL);
	memcpy(whole.bytes + whole.length, bytes, length);
	whole.length += length;
}

static void write_whole(void)
{
	cr_assert(eq(int, ftruncate(fds[0], 0), 0));
	cr_assert(eq(long, (long)pwrite(fds[0], whole.bytes, whole.length, 0), (long)whole.length));
	free(whole.bytes);
	whole.bytes = NULL;
	whole.length = 0;
}

/* A tape of `packets`, two to a chunk. */
static void build_tape(int packets, int64_t first_ns)
{
	tape_free(&tape);
	tape_begin(&tape, 2);
	for (int i = 0; i < packets; i++) {
		tape_packet(&tape, T_NS + first_ns + i, 100);
		if (i % 2 || i == packets - 1)
			tape_chunk(&tape);
	}
	tape_close(&tape);
}

static void append_tape(void)
{
	append_bytes(tape.bytes, tape.length);
}

static void append_build(void)
{
	append_bytes(build.bytes, build.length);
	memset(&build, 0, sizeof(build));
}

static void expect_count(size_t count)
{
	read_all(1);
	cr_expect(eq(sz, found.count, count));
	cr_expect(eq(int, files[0].ended, 0), "%s", files[0].why.text);
	cr_expect(eq(u64, files[0].missing, 0));
}

Test(timeline, a_recording_behind_another_is_read)
{
	build_tape(30, 0);
	append_tape();
	build_tape(20, 1000);
	append_tape();
	append_tape();
	write_whole();
	expect_count(70);
	cr_expect(eq(u64, files[0].packets, 70));
}

Test(timeline, of_a_section_behind_a_recording_its_own_bytes_are_counted)
{
	uint64_t bytes;

	build_tape(30, 0);
	append_tape();
	write_whole();
	read_all(1);
	wt_timeline_close(timeline);
	timeline = NULL;
	bytes = files[0].bytes_read;
	append_tape();
	build_start();
	add("a1", 1);
	append_build();
	write_whole();
	read_all(1);
	wt_timeline_close(timeline);
	timeline = NULL;
	cr_expect(lt(u64, files[0].bytes_read, bytes + tape.length));
}

Test(timeline, recordings_one_behind_the_other_come_through_a_pipe)
{
	char path[40];
	int ends[2];
	size_t length;

	build_tape(4, 0);
	append_tape();
	build_tape(4, 1000);
	append_tape();
	length = whole.length;
	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(ge(int, fcntl(ends[1], F_SETPIPE_SZ, (int)length), (int)length));
	cr_assert(eq(long, (long)write(ends[1], whole.bytes, length), (long)length));
	close(ends[1]);
	write_whole();
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	config.paths = (const char *const[]){path};
	read_all(1);
	cr_expect(eq(sz, found.count, 8));
	wt_timeline_close(timeline);
	timeline = NULL;
	close(ends[0]);
	cr_expect(eq(u64, files[0].bytes_read, length));
	cr_expect(eq(u64, files[0].bytes_total, length));
}

Test(timeline, a_section_behind_a_recording_is_read_in_either_order)
{
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		build_tape(30, 0);
		append_tape();
		build.big_endian = big_endian;
		build_start();
		add("a1", 1);
		append_build();
		build_start();
		add("a2", 2);
		append_build();
		write_whole();
		expect_count(32);
	}
}

Test(timeline, a_recording_behind_a_section_is_read_by_its_indexes)
{
	static const struct wt_time from = {.ns = T_NS + 3990};

	build_start();
	add("a1", 1);
	append_build();
	build_tape(4000, 0);
	append_tape();
	build_start();
	add("b1", 9999);
	append_build();
	write_whole();
	expect_count(4002);
	config.from = &from;
	expect_count(11);
	cr_expect(lt(u64, files[0].bytes_read, files[0].bytes_total / 2));
	config.from = NULL;
}

/* Space that was allocated and not written, a chunk that was written in part, and not even a
 * multiple of four bytes. */
Test(timeline, what_follows_a_recording_without_an_end_is_found)
{
	for (int i = 0; i < 3; i++) {
		build_tape(30, 0);
		if (i == 0)
			tape_append_zeros(&tape, 50000);
		if (i == 1)
			tape_zero_page(&tape, tape.chunks[tape.chunk_count - 1].offset);
		if (i == 2)
			tape.length -= 1001;
		append_tape();
		build_tape(20, 1000);
		append_tape();
		write_whole();
		read_all(1);
		cr_expect(eq(sz, found.count, 50), "%d", i);
	}
}

Test(timeline, a_hole_in_a_recording_hides_nothing_behind_it)
{
	build_tape(30, 0);
	tape_zero_page(&tape, tape.chunks[3].offset);
	append_tape();
	build_start();
	add("a1", 1);
	append_build();
	write_whole();
	read_all(1);
	cr_expect(eq(sz, found.count, 29));
	cr_expect(eq(u64, files[0].missing, 2));
}

Test(timeline, a_time_may_count_from_the_first_packet_of_a_second_recording)
{
	static const struct wt_time from = {.ns = 5, .base = WT_TIME_START};

	build_tape(0, 0);
	append_tape();
	build_tape(20, 1000);
	append_tape();
	build_tape(10, 0);
	append_tape();
	write_whole();
	config.from = &from;
	read_all(1);
	cr_expect(eq(sz, found.count, 15));
	config.from = NULL;
}

Test(timeline, a_time_from_the_end_counts_from_the_latest_packet_of_all_recordings)
{
	static const struct wt_time from = {.ns = -2, .base = WT_TIME_END};
	static const int64_t first_ns[][3] = {{0, 50, 100}, {0, 100, 50}, {100, 50, 0}};
	uint64_t bytes;

	config.from = &from;
	for (size_t i = 0; i < 6; i++) {
		for (size_t j = 0; j < 3; j++) {
			int64_t first = first_ns[i / 2][j];

			if ((i + j) % 2) {
				build_tape(10, first);
				append_tape();
			} else {
				build_start();
				add("a0", first);
				add("a9", first + 9);
				add("a8", first + 8);
				append_build();
			}
		}
		write_whole();
		read_all(1);
		cr_expect(eq(i64, wt_timeline_range(timeline)->from_ns, T_NS + 107));
		wt_timeline_close(timeline);
		timeline = NULL;
		/* Once for the end and once for the packets. */
		bytes = files[0].bytes_read;
		config.from = NULL;
		read_all(1);
		wt_timeline_close(timeline);
		timeline = NULL;
		cr_expect(le(u64, bytes, 2 * files[0].bytes_read));
		config.from = &from;
	}
	config.from = NULL;
}

static void random_part(uint64_t seed)
{
	if (tape_random(&tape, 3) == 0) {
		build.big_endian = tape_random(&tape, 2);
		build_start();
		for (uint64_t i = tape_random(&tape, 20); i; i--)
			add("abcd", (int64_t)tape_random(&tape, 1000));
		return;
	}
	tape_free(&tape);
	tape_begin(&tape, 1 + seed % 3);
	tape.seed = seed;
	tape.in_place = tape_random(&tape, 2);
	for (uint64_t i = tape_random(&tape, 12); i; i--) {
		for (uint64_t j = tape_random(&tape, 5); j; j--)
			tape_packet(&tape, T_NS + (int64_t)tape_random(&tape, 1000),
			            4 + (uint32_t)tape_random(&tape, 3000));
		tape_chunk(&tape);
	}
	if (tape_random(&tape, 2))
		tape_close(&tape);
	if (tape_random(&tape, 4) == 0)
		tape_swap(&tape);
	if (tape_random(&tape, 4) == 0)
		tape_append_zeros(&tape, (size_t)tape_random(&tape, 30000));
}

/* Read by itself, and put after the others. */
static void add_random_part(uint64_t seed, uint32_t *numbers, size_t *count)
{
	const uint8_t *bytes;
	size_t length;

	tape.length = 0;
	random_part(seed);
	bytes = build.length ? build.bytes : tape.bytes;
	length = build.length ? build.length : tape.length;
	cr_assert(eq(int, ftruncate(fds[0], 0), 0));
	cr_assert(eq(long, (long)pwrite(fds[0], bytes, length, 0), (long)length));
	append_bytes(bytes, length);
	memset(&build, 0, sizeof(build));
	read_all(1);
	memcpy(numbers + *count, found.numbers, found.count * sizeof(*numbers));
	*count += found.count;
}

Test(timeline, any_parts_one_behind_the_other_are_what_they_are_alone)
{
	static uint32_t numbers[FOUND_MAX];
	struct wt_time from = {0}, to = {0};

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		size_t count = 0;

		tape.seed = seed;
		from.ns = T_NS + (int64_t)tape_random(&tape, 1000);
		to.ns = from.ns + (int64_t)tape_random(&tape, 1000);
		config.from = seed % 2 ? &from : NULL;
		config.to = seed % 3 ? &to : NULL;
		for (uint64_t part = 0; part < 2 + seed % 4; part++)
			add_random_part(seed * 100 + part, numbers, &count);
		write_whole();
		read_all(1);
		cr_assert(eq(sz, found.count, count), "seed %llu", (unsigned long long)seed);
		cr_expect(memcmp(found.numbers, numbers, count * sizeof(*numbers)) == 0,
		          "seed %llu", (unsigned long long)seed);
	}
	config.from = config.to = NULL;
}
