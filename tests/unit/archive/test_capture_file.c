/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/tests/support/temp.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"

#define T_S  1700000000
#define T_NS (T_S * INT64_C(1000000000))

static struct pcapng_builder build;
static char path[TEMP_BYTES];
static int fd;
static struct wt_capture_file *file;
static struct wt_pcapng_item item;
static struct wt_error err;

static void set_up(void)
{
	memset(&build, 0, sizeof(build));
	temp_template(path, "capture_file");
	fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
}

static void tear_down(void)
{
	wt_capture_file_close(file);
	file = NULL;
	close(fd);
	unlink(path);
}

TestSuite(capture_file, .init = set_up, .fini = tear_down);

static void append(const void *bytes, size_t length)
{
	cr_assert(eq(long, (long)write(fd, bytes, length), (long)length));
}

static void open_file(void)
{
	int rc = wt_capture_file_open(&file, path, &err);

	cr_assert(eq(int, rc, 0), "%s", err.text);
}

static void expect_refusal(const void *bytes, size_t length, int code, const char *part)
{
	int rc;

	append(bytes, length);
	rc = wt_capture_file_open(&file, path, &err);
	cr_assert(eq(int, rc, code), "%s", rc ? err.text : "");
	cr_expect(strstr(err.text, part) != NULL, "'%s' is not in: %s", part, err.text);
}

static void expect_kind(enum wt_pcapng_item_kind kind)
{
	int rc = wt_capture_file_next(file, &item, &err);

	cr_assert(eq(int, rc, 1), "%s", rc < 0 ? err.text : "");
	cr_assert(eq(int, (int)item.kind, (int)kind));
}

static void expect_next(int code)
{
	int rc = wt_capture_file_next(file, &item, &err);

	cr_assert(eq(int, rc, code), "%s", rc < 0 ? err.text : "");
}

static void expect_error(int code, const char *part)
{
	expect_next(code);
	cr_expect(strstr(err.text, part) != NULL, "'%s' is not in: %s", part, err.text);
}

static void build_file(void)
{
	build_section(&build);
	build_interface(&build, 9, 0);
	build_packet(&build, 0, T_NS, "one");
}

static void expect_packet(const char *data, int64_t stamp_ns)
{
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(u32, item.packet.frame.caplen, (uint32_t)strlen(data)));
	cr_expect(memcmp(item.packet.frame.data, data, strlen(data)) == 0);
	cr_expect(eq(i64, item.packet.frame.stamp_ns, stamp_ns));
}

Test(capture_file, reads_pcapng_to_its_end)
{
	build_file();
	append(build.bytes, build.length);
	open_file();
	cr_expect(eq(int, (int)wt_capture_file_format(file), (int)WT_CAPTURE_PCAPNG));
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_next(0);
	cr_expect(eq(u64, wt_capture_file_offset(file), build.length));
}

/* Blocks of this size straddle every chunk, and the largest needs a buffer of
 * more than one. */
static void append_local_block(uint32_t bytes)
{
	uint32_t type = WT_PCAPNG_LOCAL_BLOCK | 1;
	uint8_t *block = calloc(1, bytes);

	memcpy(block, &type, 4);
	memcpy(block + 4, &bytes, 4);
	memcpy(block + bytes - 4, &bytes, 4);
	append(block, bytes);
	free(block);
}

Test(capture_file, reads_blocks_across_its_buffer)
{
	build_section(&build);
	append(build.bytes, build.length);
	for (int i = 0; i < 40; i++)
		append_local_block(99996);
	append_local_block(12);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	for (int i = 0; i < 40; i++) {
		expect_kind(WT_ITEM_OTHER);
		cr_expect(eq(sz, item.bytes, 99996));
	}
	expect_kind(WT_ITEM_OTHER);
	expect_next(0);
}

/* A block of `bytes` bytes of which only the ends take room on the disk. */
static void append_huge_block(uint32_t type, uint32_t bytes, uint32_t second_bytes)
{
	const uint32_t words[2] = {type, bytes};

	append(words, sizeof(words));
	cr_assert(ge(long, (long)lseek(fd, (off_t)bytes - 12, SEEK_CUR), 0));
	append(&second_bytes, sizeof(second_bytes));
}

static long memory_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

Test(capture_file, a_block_of_any_length_is_passed_over_without_memory)
{
	enum { HUGE_BYTES = 0x90000000u };
	uint64_t at;
	long before;

	build_file();
	append(build.bytes, build.length);
	append_huge_block(WT_PCAPNG_CUSTOM, HUGE_BYTES, HUGE_BYTES);
	append(build.bytes, build.length);
	open_file();
	before = memory_kib();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	at = wt_capture_file_offset(file);
	expect_kind(WT_ITEM_OTHER);
	cr_expect(eq(u64, item.offset, at));
	cr_expect(eq(u64, item.passed_bytes + item.bytes, HUGE_BYTES));
	cr_expect(eq(u64, wt_capture_file_offset(file), at + HUGE_BYTES));
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_next(0);
	cr_expect(lt(long, memory_kib() - before, 8192));
}

Test(capture_file, a_block_that_is_passed_over_has_its_length_at_both_ends)
{
	build_file();
	append(build.bytes, build.length);
	append_huge_block(WT_PCAPNG_CUSTOM, 40 << 20, 44 << 20);
	append(build.bytes, build.length);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_error(-EBADMSG, "its length is 41943040 at its start and 46137344 at its end");
}

Test(capture_file, a_block_that_is_passed_over_may_be_cut_off_and_grow)
{
	static const uint32_t bytes = 40 << 20;

	build_file();
	append(build.bytes, build.length);
	append_huge_block(WT_PCAPNG_CUSTOM, bytes, bytes);
	cr_assert(eq(int, ftruncate(fd, lseek(fd, 0, SEEK_CUR) - 1000), 0));
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_error(-ENODATA, "41942040 of 41943040 bytes");
	cr_assert(ge(long, (long)lseek(fd, -4, SEEK_CUR), 0));
	append(&bytes, sizeof(bytes));
	expect_kind(WT_ITEM_OTHER);
	expect_next(0);
}

Test(capture_file, a_packet_of_more_than_16_mib_is_read)
{
	enum { CAPLEN = 17 << 20 };
	const uint32_t fields[] = {6, 32 + CAPLEN, 0, 0, 0, CAPLEN, CAPLEN};

	build_section(&build);
	build_interface(&build, 9, 0);
	append(build.bytes, build.length);
	append(fields, sizeof(fields));
	cr_assert(ge(long, (long)lseek(fd, CAPLEN, SEEK_CUR), 0));
	append(&fields[1], 4);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(u32, item.packet.frame.caplen, CAPLEN));
	expect_next(0);
}

/* Nothing is allocated for what a length says before it is there. */
Test(capture_file, a_wrong_length_takes_no_memory)
{
	const uint32_t words[] = {6, 120 << 20, 0};
	long before;

	build_file();
	append(build.bytes, build.length);
	append(words, sizeof(words));
	open_file();
	before = memory_kib();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_error(-ENODATA, "cut off");
	cr_expect(lt(long, memory_kib() - before, 8192));
}

/* Of version `minor`, with what follows it as far as `bytes`. */
static void build_unknown_section(uint8_t minor, uint64_t bytes)
{
	build_block(&build, WT_PCAPNG_SHB);
	build_u32(&build, WT_PCAPNG_MAGIC);
	build_u16(&build, 1);
	build_u16(&build, minor);
	build_u64(&build, bytes);
	build_block_end(&build);
}

Test(capture_file, a_section_of_an_unknown_version_is_passed_over_if_it_says_where_it_ends)
{
	build_unknown_section(1, 40);
	build_padded(&build, (const char[40]){"whatever such a section has"}, 40);
	build.big_endian = true;
	build_file();
	append(build.bytes, build.length);
	open_file();
	expect_kind(WT_ITEM_UNKNOWN_SECTION);
	cr_expect(eq(u64, item.passed_bytes, 68));
	cr_expect(eq(int, item.section.minor, 1));
	expect_kind(WT_ITEM_SECTION);
	cr_expect(eq(u64, item.offset, 68));
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_next(0);
}

Test(capture_file, behind_a_section_of_an_unknown_version_there_is_another_or_nothing)
{
	build_unknown_section(1, 40);
	build_padded(&build, (const char[40]){"whatever such a section has"}, 40);
	build_interface(&build, 9, 0);
	append(build.bytes, build.length);
	open_file();
	expect_kind(WT_ITEM_UNKNOWN_SECTION);
	expect_error(-EBADMSG, "a section header should be here");
}

Test(capture_file, a_section_of_an_unknown_version_that_does_not_end_is_not_supported)
{
	build_file();
	build_unknown_section(3, 4000);
	append(build.bytes, build.length);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_error(-ENOTSUP, "version 1.3");
}

Test(capture_file, version_1_2_is_read_as_1_0)
{
	build_unknown_section(2, UINT64_MAX);
	append(build.bytes, build.length);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_next(0);
}

Test(capture_file, a_growing_file_is_cut_off_first_and_goes_on_later)
{
	build_file();
	append(build.bytes, build.length - 5);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_next(-ENODATA);
	expect_next(-ENODATA);
	append(build.bytes + build.length - 5, 5);
	expect_packet("one", T_NS);
	expect_next(0);
	append(build.bytes + build.block, build.length - build.block);
	expect_packet("one", T_NS);
	expect_next(0);
}

Test(capture_file, a_broken_block_is_an_error_with_its_offset)
{
	build_file();
	build_patch_u32(&build, build.block + 8, 7);
	append(build.bytes, build.length);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_next(-EBADMSG);
	cr_expect(strstr(err.text, "at offset 68") != NULL, "%s", err.text);
}

Test(capture_file, reads_standard_input_byte_by_byte)
{
	int ends[2];
	int saved = dup(STDIN_FILENO);

	build_file();
	cr_assert(eq(int, pipe(ends), 0));
	if (!fork()) {
		for (size_t i = 0; i < build.length; i++)
			if (write(ends[1], build.bytes + i, 1) != 1)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	cr_assert(eq(int, wt_capture_file_open(&file, "-", &err), 0), "%s", err.text);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_next(0);
	dup2(saved, STDIN_FILENO);
	close(saved);
}

/* ---- patience ---- */

/* So many looks, and it is over. */
static bool count_down(void *context)
{
	int *looks = context;

	return (*looks)-- <= 0;
}

Test(capture_file, a_fifo_that_nobody_writes_to_is_waited_for_as_long_as_wanted)
{
	int looks = 2;
	const struct wt_patience patience = {count_down, &looks};

	unlink(path);
	cr_assert(eq(int, mkfifo(path, 0600), 0));
	cr_expect(eq(int, wt_capture_file_open_until(&file, path, 0, &patience, &err), -EINTR));
	cr_expect(le(int, looks, 0));
}

/* Anywhere: after the header, in a block, in a packet of pcap. */
Test(capture_file, a_pipe_that_falls_silent_ends_as_soon_as_nobody_waits)
{
	enum { STEP = 7 };

	build_file();
	unlink(path);
	cr_assert(eq(int, mkfifo(path, 0600), 0));
	for (size_t length = 0; length <= build.length; length += STEP) {
		int looks = 1000, rc, writer = open(path, O_RDWR);
		const struct wt_patience patience = {count_down, &looks};

		cr_assert(eq(long, (long)write(writer, build.bytes, length), (long)length));
		looks = 8;
		rc = wt_capture_file_open_until(&file, path, 0, &patience, &err);
		while (!rc || rc > 0)
			rc = wt_capture_file_next(file, &item, &err);
		cr_expect(eq(int, rc, -EINTR), "%zu bytes: %s", length, err.text);
		wt_capture_file_close(file);
		file = NULL;
		close(writer);
	}
}

Test(capture_file, what_comes_in_time_is_read_whatever_the_patience)
{
	int looks = 1000;
	const struct wt_patience patience = {count_down, &looks};

	build_file();
	append(build.bytes, build.length);
	cr_assert(eq(int, wt_capture_file_open_until(&file, path, 0, &patience, &err), 0), "%s",
	          err.text);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("one", T_NS);
	expect_next(0);
}

static void build_pcap(uint32_t magic, bool big_endian, uint32_t fraction)
{
	build.big_endian = big_endian;
	build_u32(&build, magic);
	build_u16(&build, 2);
	build_u16(&build, 4);
	build_u64(&build, 0);
	build_u32(&build, 4096);
	build_u32(&build, 101);
	build_u32(&build, T_S);
	build_u32(&build, fraction);
	build_u32(&build, 4);
	build_u32(&build, 60);
	if (magic == 0xa1b2cd34)
		build_u64(&build, 0);
	build_padded(&build, "data", 4);
}

static void read_pcap(uint32_t magic, bool big_endian, enum wt_capture_format format)
{
	bool nanoseconds = format == WT_CAPTURE_PCAP_NS;

	build_pcap(magic, big_endian, 123456);
	append(build.bytes, build.length);
	open_file();
	cr_expect(eq(int, (int)wt_capture_file_format(file), (int)format));
	expect_kind(WT_ITEM_SECTION);
	cr_expect(eq(int, item.section.big_endian, big_endian));
	expect_kind(WT_ITEM_INTERFACE);
	cr_expect(eq(u16, item.interface.link_type, 101));
	cr_expect(eq(u32, item.interface.snaplen, 4096));
	cr_expect(eq(u8, item.interface.tsresol, nanoseconds ? 9 : 6));
	expect_packet("data", T_NS + (nanoseconds ? 123456 : 123456000));
	cr_expect(eq(u32, item.packet.frame.len, 60));
	cr_expect(item.packet.has_stamp);
	expect_next(0);
	cr_expect(eq(u64, wt_capture_file_offset(file), build.length));
}

Test(capture_file, reads_little_endian_pcap_with_microseconds)
{
	read_pcap(0xa1b2c3d4, false, WT_CAPTURE_PCAP_US);
}

Test(capture_file, reads_big_endian_pcap_with_microseconds)
{
	read_pcap(0xa1b2c3d4, true, WT_CAPTURE_PCAP_US);
}

Test(capture_file, reads_little_endian_pcap_with_nanoseconds)
{
	read_pcap(0xa1b23c4d, false, WT_CAPTURE_PCAP_NS);
}

Test(capture_file, reads_big_endian_pcap_with_nanoseconds)
{
	read_pcap(0xa1b23c4d, true, WT_CAPTURE_PCAP_NS);
}

Test(capture_file, reads_the_modified_pcap_of_old_systems)
{
	read_pcap(0xa1b2cd34, true, WT_CAPTURE_PCAP_US);
}

Test(capture_file, stamps_of_pcap_after_2038_are_not_before_1970)
{
	build_pcap(0xa1b23c4d, false, 1);
	build_patch_u32(&build, 24, 4000000000u);
	append(build.bytes, build.length);
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_packet("data", INT64_C(4000000000000000001));
}

Test(capture_file, a_pcap_file_cut_anywhere_is_cut_off_and_not_broken)
{
	for (size_t length = 4; length < 44; length++) {
		struct wt_capture_file *cut;
		int rc;

		build.length = 0;
		build_pcap(0xa1b2c3d4, false, 0);
		cr_assert(eq(int, ftruncate(fd, 0), 0));
		cr_assert(eq(long, (long)pwrite(fd, build.bytes, length, 0), (long)length));
		rc = wt_capture_file_open(&cut, path, &err);
		if (rc) {
			cr_expect(eq(int, rc, -ENODATA), "%zu: %s", length, err.text);
			cr_expect(lt(sz, length, 24));
			continue;
		}
		while ((rc = wt_capture_file_next(cut, &item, &err)) == 1)
			;
		cr_expect(eq(int, rc, length == 24 ? 0 : -ENODATA), "%zu: %s", length, err.text);
		wt_capture_file_close(cut);
	}
}

Test(capture_file, an_empty_file_is_named_so)
{
	expect_refusal("", 0, -ENODATA, "empty");
}

Test(capture_file, compressed_files_are_named_with_the_tool_to_unpack_them)
{
	static const struct {
		const char *bytes;
		const char *part;
	} cases[] = {
	        {"\x1f\x8b\x08 and more", "gzip -dc"},
	        {"\x28\xb5\x2f\xfd and more", "zstd -dc"},
	        {"BZh9 and more", "bzip2 -dc"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert(eq(int, ftruncate(fd, 0), 0));
		lseek(fd, 0, SEEK_SET);
		expect_refusal(cases[i].bytes, 10, -ENOTSUP, cases[i].part);
	}
}

Test(capture_file, archives_are_named_with_the_tool_to_unpack_them)
{
	static const char *const names[] = {".pcap.tgz", ".tar.gz"};
	char archive[512] = "capture.pcap", link_name[64];

	for (size_t i = 0; i < 2; i++) {
		cr_assert(eq(int, ftruncate(fd, 0), 0));
		cr_assert(eq(long, (long)pwrite(fd, "\x1f\x8b\x08 and more", 12, 0), 12L));
		snprintf(link_name, sizeof(link_name), "%s%s", path, names[i]);
		cr_assert(eq(int, symlink(path, link_name), 0));
		cr_expect(eq(int, wt_capture_file_open(&file, link_name, &err), -ENOTSUP));
		cr_expect(strstr(err.text, "tar -xf") != NULL, "%s", err.text);
		unlink(link_name);
	}
	memcpy(archive + 257, "ustar", 5);
	cr_assert(eq(int, ftruncate(fd, 0), 0));
	expect_refusal(archive, sizeof(archive), -ENOTSUP, "tar -xf");
}

Test(capture_file, another_file_is_refused_with_its_first_bytes)
{
	expect_refusal("#!/bin/sh\n", 10, -ENOTSUP, "23 21 2f 62");
}

Test(capture_file, a_file_of_zeros_is_named_so)
{
	expect_refusal((const char[4096]){0}, 4096, -ENOTSUP, "zeros");
}

Test(capture_file, a_file_that_is_not_there_is_an_error_with_the_reason)
{
	int rc = wt_capture_file_open(&file, "/nonexistent/file", &err);

	cr_assert(eq(int, rc, -ENOENT));
	cr_expect(strstr(err.text, "No such file") != NULL, "%s", err.text);
}

Test(capture_file, a_directory_is_an_error)
{
	cr_assert(eq(int, wt_capture_file_open(&file, "/", &err), -EISDIR));
}

/* What a classic pcap file says in its header. */
struct pcap_says {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t snaplen;
	uint32_t link;
};

static void build_pcap_header(const struct pcap_says *says)
{
	build.length = 0;
	build_u32(&build, says->magic);
	build_u16(&build, says->major ? says->major : 2);
	build_u16(&build, says->minor ? says->minor : 4);
	build_u64(&build, 0);
	build_u32(&build, says->snaplen);
	build_u32(&build, says->link ? says->link : 1);
}

static void build_record(uint32_t seconds, uint32_t fraction, uint32_t caplen, uint32_t len,
                         const char *data)
{
	build_u32(&build, seconds);
	build_u32(&build, fraction);
	build_u32(&build, caplen);
	build_u32(&build, len);
	memcpy(build.bytes + build.length, data, strlen(data));
	build.length += strlen(data);
}

/* Up to the first packet. */
static void open_build(void)
{
	wt_capture_file_close(file);
	file = NULL;
	cr_assert(eq(int, ftruncate(fd, 0), 0));
	cr_assert(eq(long, (long)pwrite(fd, build.bytes, build.length, 0), (long)build.length));
	open_file();
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
}

Test(capture_file, a_pcap_packet_longer_than_the_snaplen_is_read_whole)
{
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		build.big_endian = big_endian;
		build_pcap_header(&(struct pcap_says){.magic = 0xa1b23c4d, .snaplen = 4});
		build_record(T_S, 1, 8, 8, "whole...");
		build_record(T_S, 2, 8, 9, "cut.....");
		build_record(T_S, 3, 8, 8, "half");
		open_build();
		cr_expect(eq(u32, item.interface.snaplen, 4));
		expect_packet("whole...", T_NS + 1);
		cr_expect(eq(u32, item.packet.snaplen, 4));
		cr_expect(eq(sz, item.bytes, 24));
		expect_packet("cut.....", T_NS + 2);
		cr_expect(eq(u32, item.packet.frame.len, 9));
		expect_next(-ENODATA);
		cr_expect(eq(u64, wt_capture_file_offset(file), 24 + 2 * 24));
	}
}

Test(capture_file, bytes_of_pcap_beyond_the_length_on_the_wire_follow_the_frame)
{
	build_pcap_header(&(struct pcap_says){.magic = 0xa1b2c3d4});
	build_record(T_S, 0, 8, 5, "frameXYZ");
	build_record(T_S, 0, 4, 4, "next");
	open_build();
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(u32, item.packet.frame.caplen, 5));
	cr_expect(eq(u32, item.packet.frame.len, 5));
	cr_expect(eq(u32, item.packet.excess_bytes, 3));
	cr_expect(memcmp(item.packet.frame.data, "frameXYZ", 8) == 0);
	expect_packet("next", T_NS);
	cr_expect(eq(u32, item.packet.excess_bytes, 0));
}

Test(capture_file, the_header_of_pcap_says_how_long_check_sequences_are)
{
	static const struct {
		uint32_t link;
		uint8_t fcs_bytes, of_packet;
		bool is_said;
	} cases[] = {
	        {0x00000001, 0, 0, false},
	        {0x24000001, 4, 4, true},
	        {0x14000001, 2, 2, true},
	        {0x44000001, 4, 4, true},
	        {0x04000001, 0, 0, true},
	        {0x20000001, 0, 0, false}, /* without the bit that says so */
	        {0xf4000001, 15, 6, true}, /* longer than the frame */
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = i / 2;

		build.big_endian = i % 2;
		build_pcap_header(&(struct pcap_says){.magic = 0xa1b2c3d4, .link = cases[n].link});
		build_record(T_S, 0, 6, 6, "abwxyz");
		open_build();
		cr_expect(eq(u16, item.interface.link_type, 1));
		cr_expect(eq(int, item.interface.has_fcs, cases[n].is_said), "%08x", cases[n].link);
		cr_expect(eq(u8, item.interface.fcs_bytes, cases[n].fcs_bytes));
		expect_kind(WT_ITEM_PACKET);
		cr_expect(eq(u8, item.packet.fcs_bytes, cases[n].of_packet));
	}
}

Test(capture_file, fractions_above_a_second_are_carried_and_counted)
{
	static const struct {
		uint32_t magic;
		uint32_t fractions[3];
		uint64_t count;
		bool nanoseconds;
	} cases[] = {
	        {0xa1b2c3d4, {0, 999999, 5}, 0, false},
	        {0xa1b2c3d4, {492985000, 999999, 999999999}, 2, true},
	        {0xa1b2c3d4, {0x80000000, 999999, 1000000}, 2, false},
	        {0xa1b23c4d, {999999999, 1000000000, 0xffffffff}, 2, false},
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = i / 2;
		int64_t unit_ns = cases[n].magic == 0xa1b23c4d ? 1 : 1000;
		struct wt_capture_fractions fractions;

		build.big_endian = i % 2;
		build_pcap_header(&(struct pcap_says){.magic = cases[n].magic});
		for (size_t j = 0; j < 3; j++)
			build_record(T_S, cases[n].fractions[j], 1, 1, "x");
		open_build();
		for (size_t j = 0; j < 3; j++)
			expect_packet("x", T_NS + cases[n].fractions[j] * unit_ns);
		fractions = wt_capture_file_fractions(file);
		cr_expect(eq(u64, fractions.packets, cases[n].count), "case %zu", n);
		cr_expect(eq(int, fractions.nanoseconds, cases[n].nanoseconds), "case %zu", n);
	}
}

Test(capture_file, lengths_of_old_pcap_stand_the_other_way_round)
{
	static const struct {
		uint16_t major, minor;
		uint32_t first, second;
	} cases[] = {{2, 4, 4, 60}, {2, 2, 60, 4}, {2, 3, 60, 4}, {2, 3, 4, 60}, {543, 1, 60, 4}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_pcap_header(&(struct pcap_says){
		        .magic = 0xa1b2c3d4, .major = cases[i].major, .minor = cases[i].minor});
		build_record(T_S, 0, cases[i].first, cases[i].second, "data");
		open_build();
		expect_packet("data", T_NS);
		cr_expect(eq(u32, item.packet.frame.len, 60));
	}
}

Test(capture_file, another_version_of_pcap_is_refused_with_what_may_read_it)
{
	build_pcap_header(&(struct pcap_says){.magic = 0xa1b2c3d4, .major = 1, .minor = 2});
	expect_refusal((const char *)build.bytes, build.length, -ENOTSUP, "version 1.2");
}

Test(capture_file, zeros_after_the_packets_of_pcap_are_no_packets)
{
	build_pcap_header(&(struct pcap_says){.magic = 0xa1b2c3d4});
	build_record(T_S, 0, 4, 4, "data");
	memset(build.bytes + build.length, 0, 4096);
	build.length += 4096;
	open_build();
	expect_packet("data", T_NS);
	expect_next(-EBADMSG);
	cr_expect(strstr(err.text, "zeros") != NULL, "%s", err.text);
	cr_expect(eq(u64, wt_capture_file_offset(file), 24 + 20));
}

/* So much more and no more. Sanitizers have an address space of their own. */
static void limit_memory(size_t bytes)
{
#ifndef __SANITIZE_ADDRESS__
	unsigned long pages;
	FILE *status = fopen("/proc/self/statm", "r");
	struct rlimit limit;

	cr_assert(status && fscanf(status, "%lu", &pages) == 1);
	fclose(status);
	limit.rlim_cur = limit.rlim_max = pages * (size_t)sysconf(_SC_PAGESIZE) + bytes;
	cr_assert(eq(int, setrlimit(RLIMIT_AS, &limit), 0));
#else
	(void)bytes;
#endif
}

Test(capture_file, a_length_alone_takes_no_memory)
{
	limit_memory(32 << 20);
	build_pcap_header(&(struct pcap_says){.magic = 0xa1b2c3d4});
	build_record(T_S, 0, 120 << 20, 120 << 20, "data");
	open_build();
	expect_next(-ENODATA);
	build_pcap_header(&(struct pcap_says){.magic = 0xa1b2c3d4});
	build_record(T_S, 0, 0xfffffff0, 0xfffffff0, "data");
	open_build();
	expect_next(-EBADMSG);
}

/* Both ways to read a file find the same packets. */
static void expect_the_same_packets(void)
{
	struct wt_capture_file *quick;
	struct wt_frame frames[3];
	struct wt_pcapng_item other;
	uint32_t interface_id;
	size_t count = 0, at = 0, packets = 0;

	open_file();
	cr_assert(eq(int, wt_capture_file_open(&quick, path, &err), 0));
	while (wt_capture_file_next(file, &item, &err) > 0) {
		if (at == count) {
			at = 0;
			count = wt_capture_file_next_packets(quick, frames, 3, &interface_id);
		}
		if (at == count) {
			cr_assert(eq(int, wt_capture_file_next(quick, &other, &err), 1));
			cr_assert(eq(int, (int)other.kind, (int)item.kind));
			continue;
		}
		cr_assert(eq(int, (int)item.kind, WT_ITEM_PACKET));
		cr_expect(eq(u32, interface_id, item.packet.interface_id));
		cr_expect(eq(i64, frames[at].stamp_ns, item.packet.frame.stamp_ns));
		cr_expect(eq(u32, frames[at].caplen, item.packet.frame.caplen));
		cr_expect(eq(u32, frames[at].len, item.packet.frame.len));
		cr_expect(eq(int,
		             memcmp(frames[at].data, item.packet.frame.data, frames[at].caplen),
		             0));
		at++;
		packets++;
	}
	cr_expect(eq(sz, at, count));
	cr_expect(eq(u64, wt_capture_file_offset(quick), wt_capture_file_offset(file)));
	cr_expect(ge(sz, packets, 7), "packets that were quick");
	wt_capture_file_close(quick);
}

Test(capture_file, packets_of_pcapng_come_together_as_they_do_one_by_one)
{
	build_section(&build);
	build_interface(&build, 9, 0);
	for (uint64_t i = 0; i < 8; i++)
		build_packet(&build, 0, T_NS + i, i == 3 ? "a longer one" : "abc");
	append(build.bytes, build.length);
	expect_the_same_packets();
}

/* Eight packets, with `units` to a second. */
static void append_pcap(uint32_t magic, bool swapped)
{
	uint32_t words[] = {magic, 2 | 4 << 16, 0, 0, 65535, 1};

	if (swapped)
		words[1] = 2 << 16 | 4;
	for (size_t i = 0; i < 6; i++)
		words[i] = swapped && i != 1 ? __builtin_bswap32(words[i]) : words[i];
	if (swapped)
		words[1] = __builtin_bswap32(words[1]);
	append(words, sizeof(words));
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t record[] = {T_S + i, 999 * i, 5, i == 5 ? 9 : 5};

		for (size_t j = 0; j < 4; j++)
			record[j] = swapped ? __builtin_bswap32(record[j]) : record[j];
		append(record, sizeof(record));
		append("abcde", 5);
	}
}

Test(capture_file, packets_of_pcap_come_together_as_they_do_one_by_one)
{
	append_pcap(0xa1b2c3d4, false);
	expect_the_same_packets();
}

Test(capture_file, packets_of_pcap_in_the_other_byte_order_do_too)
{
	append_pcap(0xa1b23c4d, true);
	expect_the_same_packets();
}
