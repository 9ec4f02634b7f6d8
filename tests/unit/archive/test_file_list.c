/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/archive/file_list.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/pcapng/tape_mark.h>
#include <wiretape/tests/support/temp.h>

#include "support/unit.h"

static char folder[TEMP_BYTES];
static struct wt_file_list list;
static struct wt_error err;

static const char *in_folder(const char *name)
{
	static char path[4][TEMP_BYTES + 300];
	static unsigned next;
	char *at = path[next++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", folder, name);
	return at;
}

static void put_bytes(const char *name, const void *bytes, size_t length)
{
	FILE *file = fopen(in_folder(name), "w");

	cr_assert(file != NULL);
	cr_assert(eq(sz, fwrite(bytes, 1, length, file), length));
	fclose(file);
}

static void put(const char *name, const struct wt_tape_mark *mark)
{
	char text[WT_TAPE_MARK_TEXT_BYTES];
	struct wt_pcapng_section section = {.application = "test", .tape = mark ? text : NULL};
	uint8_t bytes[1024];
	ssize_t length;

	if (mark)
		wt_tape_mark_format(text, mark);
	length = wt_pcapng_encode_section(bytes, sizeof(bytes), &section);
	cr_assert(gt(i64, length, 0));
	put_bytes(name, bytes, (size_t)length);
}

/* A file of recording `recording`, one of whose two lanes is `lane`. */
static void put_lane(const char *name, uint64_t recording, uint32_t file, uint32_t lane)
{
	put(name, &(struct wt_tape_mark){.tape_id = 1,
	                                 .recording = recording,
	                                 .has_recording = true,
	                                 .format = 2,
	                                 .file = file,
	                                 .lane = lane,
	                                 .lanes = 2});
}

/* What a path stands for: names in the folder, with a space after each. */
static const char *names_of(const char *path)
{
	static char names[4096];

	names[0] = '\0';
	cr_assert(eq(int, wt_file_list_add(&list, path, &err), 0), "%s", err.text);
	for (size_t i = 0; i < list.count; i++) {
		cr_expect(eq(int, strncmp(list.paths[i], folder, strlen(folder)), 0));
		strcat(strcat(names, list.paths[i] + strlen(folder) + 1), " ");
	}
	return names;
}

static void check(const char *name, const char *expected)
{
	const char *got = names_of(in_folder(name));

	cr_expect(eq(int, strcmp(got, expected), 0), "got %s, not %s", got, expected);
	wt_file_list_free(&list);
}

static void set_up(void)
{
	temp_template(folder, "test_file_list");
	cr_assert(mkdtemp(folder) != NULL);
}

static void tear_down(void)
{
	char command[TEMP_BYTES + 16];

	wt_file_list_free(&list);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert(eq(int, system(command), 0));
}

TestSuite(file_list, .init = set_up, .fini = tear_down);

Test(file_list, a_file_that_is_there_is_itself)
{
	put_lane("feed_q0.pcapng", 7, 1, 0);
	put_lane("feed_q1.pcapng", 7, 1, 1);
	put("feed.pcapng", NULL);
	errno = ENOENT; /* of something before */
	check("feed.pcapng", "feed.pcapng ");
	check("feed_q1.pcapng", "feed_q1.pcapng ");
}

Test(file_list, a_name_without_a_file_stands_for_the_lanes_of_its_recording)
{
	put_lane("feed_q1.pcapng", 7, 1, 1);
	put_lane("feed_q0.pcapng", 7, 1, 0);
	check("feed.pcapng", "feed_q0.pcapng feed_q1.pcapng ");
}

Test(file_list, names_are_the_lanes_in_whatever_order_the_lanes_are_counted)
{
	char name[32], expected[512] = "";

	for (uint32_t i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "feed_q%u.pcapng", i);
		put(name, &(struct wt_tape_mark){.tape_id = 1,
		                                 .recording = 7,
		                                 .has_recording = true,
		                                 .lane = i,
		                                 .lanes = 12});
		strcat(strcat(expected, name), " ");
	}
	check("feed.pcapng", expected);
}

Test(file_list, numbered_files_come_number_by_number_with_gaps)
{
	put_lane("feed_q0_00001_20261121T003000Z.pcapng", 7, 1, 0);
	put_lane("feed_q1_00001_20261121T003000Z.pcapng", 7, 1, 1);
	put_lane("feed_q1_00002_20261121T003100Z.pcapng", 7, 2, 1);
	put_lane("feed_q0_00010_20261121T003500Z-1.pcapng", 7, 10, 0);
	put_lane("feed_q0_00011.pcapng.part", 7, 11, 0);
	check("feed.pcapng", "feed_q0_00001_20261121T003000Z.pcapng "
	                     "feed_q1_00001_20261121T003000Z.pcapng "
	                     "feed_q1_00002_20261121T003100Z.pcapng "
	                     "feed_q0_00010_20261121T003500Z-1.pcapng "
	                     "feed_q0_00011.pcapng.part ");
}

Test(file_list, numbers_go_on_through_recordings_by_one_name)
{
	put_lane("feed_q0_00003_20261121T003000Z.pcapng", 8, 1, 0);
	put_lane("feed_q0_00002_20261121T003000Z.pcapng", 7, 2, 0);
	put_lane("feed_q0_00001_20261121T003000Z.pcapng", 7, 1, 0);
	check("feed.pcapng", "feed_q0_00001_20261121T003000Z.pcapng "
	                     "feed_q0_00002_20261121T003000Z.pcapng "
	                     "feed_q0_00003_20261121T003000Z.pcapng ");
}

Test(file_list, what_an_earlier_recording_with_more_lanes_has_left_is_not_of_it)
{
	put_lane("feed_q0.pcapng", 8, 1, 0);
	put_lane("feed_q1.pcapng", 8, 1, 1);
	put_lane("feed_q2.pcapng", 7, 1, 1);
	check("feed.pcapng", "feed_q0.pcapng feed_q1.pcapng ");
}

Test(file_list, underscores_in_a_name_are_part_of_it)
{
	put_lane("a_q1_b_q0.pcapng", 7, 1, 0);
	put_lane("a_q1_b_q1_00001_x.pcapng", 7, 1, 1);
	put_lane("a_q1.pcapng", 8, 1, 1);
	put_lane("a_q1_q0.pcapng", 9, 1, 0);
	check("a_q1_b.pcapng", "a_q1_b_q0.pcapng a_q1_b_q1_00001_x.pcapng ");
	check("a.pcapng", "a_q1.pcapng ");
	check("a_q1_.pcapng", "a_q1_.pcapng ");
}

Test(file_list, a_name_needs_no_extension_nor_a_directory)
{
	put_lane("feed_q0", 7, 1, 0);
	put_lane(".feed_q0", 8, 1, 0);
	check("feed", "feed_q0 ");
	check(".feed", ".feed_q0 ");
	cr_assert(eq(int, chdir(folder), 0));
	cr_assert(eq(int, wt_file_list_add(&list, "feed", &err), 0));
	cr_assert(eq(sz, list.count, 1));
	cr_expect(eq(int, strcmp(list.paths[0], "feed_q0"), 0));
	cr_assert(eq(int, chdir("/"), 0));
}

Test(file_list, other_names_are_none_of_its_lanes)
{
	put_lane("feed_q.pcapng", 7, 1, 0);
	put_lane("feed_qx.pcapng", 7, 1, 0);
	put_lane("feed_0.pcapng", 7, 1, 0);
	put_lane("feed_q0.pcap", 7, 1, 0);
	put_lane("feed_q0.pcapng.part", 7, 1, 0);
	put_lane("feed_q0x.pcapng", 7, 1, 0);
	put_lane("feed_q0_00000.pcapng", 7, 1, 0);
	put_lane("feed_q0_00001.pcapng.zst", 7, 1, 0);
	put_lane("feed_q0_old.pcapng", 7, 1, 0);
	put_lane("afeed_q0.pcapng", 7, 1, 0);
	check("feed.pcapng", "feed.pcapng ");
}

Test(file_list, a_file_that_is_not_of_a_recording_in_lanes_is_left_out)
{
	put("feed_q0.pcapng",
	    &(struct wt_tape_mark){.tape_id = 1, .recording = 7, .has_recording = true, .file = 1});
	put("feed_q1.pcapng", NULL);
	put("feed_q2.pcapng", &(struct wt_tape_mark){.tape_id = 1, .lane = 0, .lanes = 1});
	put_bytes("feed_q3.pcapng", "", 0);
	put_bytes("feed_q4.pcapng", "no capture at all", 17);
	cr_assert(eq(int, mkdir(in_folder("feed_q5.pcapng"), 0700), 0));
	cr_assert(eq(int, mkfifo(in_folder("feed_q6.pcapng"), 0600), 0));
	cr_assert(eq(int, symlink("nowhere", in_folder("feed_q7.pcapng")), 0));
	check("feed.pcapng", "feed.pcapng ");
	put_lane("feed_q8.pcapng", 7, 1, 0);
	check("feed.pcapng", "feed_q8.pcapng ");
}

Test(file_list, thousands_of_files_are_found)
{
	enum { FILES = 3000 };
	char name[64];

	for (uint32_t i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "feed_q%u_%05u_x.pcapng", i % 2, i / 2 + 1);
		put_lane(name, 7, i / 2 + 1, i % 2);
	}
	cr_assert(eq(int, wt_file_list_add(&list, in_folder("feed.pcapng"), &err), 0));
	cr_assert(eq(sz, list.count, FILES));
	for (uint32_t i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "feed_q%u_%05u_x.pcapng", i % 2, i / 2 + 1);
		cr_assert(eq(int, strcmp(list.paths[i], in_folder(name)), 0));
	}
}

static void add(const char *path)
{
	cr_assert(eq(int, wt_file_list_add(&list, path, &err), 0), "%s", err.text);
}

Test(file_list, says_which_argument_a_file_is_of)
{
	put_lane("feed_q0.pcapng", 7, 1, 0);
	put_lane("feed_q1.pcapng", 7, 1, 1);
	add("-");
	add(in_folder("feed.pcapng"));
	add(in_folder("absent"));
	cr_assert(eq(sz, list.count, 4));
	cr_expect(eq(sz, list.arguments, 3));
	cr_expect(eq(int, strcmp(list.paths[0], "-"), 0));
	cr_expect(eq(sz, list.files[0].argument, 0));
	cr_expect(eq(sz, list.files[1].argument, 1));
	cr_expect(eq(sz, list.files[2].argument, 1));
	cr_expect(eq(sz, list.files[3].argument, 2));
}

Test(file_list, files_of_a_recording_in_lanes_are_a_set_wherever_they_stand)
{
	put_lane("a_q0.pcapng", 7, 1, 0);
	put_lane("b_q0.pcapng", 8, 1, 0);
	put_lane("a_q1.pcapng", 7, 2, 1);
	put("other.pcapng",
	    &(struct wt_tape_mark){.tape_id = 1, .recording = 7, .has_recording = true});
	add(in_folder("a_q0.pcapng"));
	add(in_folder("other.pcapng"));
	add(in_folder("b.pcapng"));
	add(in_folder("a_q1.pcapng"));
	add(in_folder("other.pcapng"));
	cr_assert(eq(sz, list.count, 5));
	cr_expect(eq(sz, list.sets, 4));
	cr_expect(eq(sz, list.files[0].set, 0));
	cr_expect(eq(sz, list.files[1].set, 1));
	cr_expect(eq(sz, list.files[2].set, 2));
	cr_expect(eq(sz, list.files[3].set, 0));
	cr_expect(eq(sz, list.files[4].set, 3));
	cr_expect(list.files[2].is_lane);
	cr_expect(list.files[3].is_lane);
	cr_expect(not(list.files[4].is_lane));
	cr_expect(eq(u32, list.files[3].mark.lane, 1));
	cr_expect(eq(u32, list.files[3].mark.file, 2));
	cr_expect(eq(u64, list.files[2].mark.recording, 8));
}

Test(file_list, what_cannot_be_looked_for_stays_what_it_is)
{
	check("no/such/folder/feed.pcapng", "no/such/folder/feed.pcapng ");
	put("file", NULL);
	check("file/feed.pcapng", "file/feed.pcapng ");
}

Test(file_list, a_directory_that_cannot_be_read_is_an_error)
{
	const uid_t nobody = 65534, user = geteuid();

	put_lane("feed_q0.pcapng", 7, 1, 0);
	cr_assert(eq(int, chdir(folder), 0));
	cr_assert(eq(int, chmod(folder, user ? 0300 : 0711), 0));
	/* Root may read every directory. */
	cr_assert(eq(int, user ? 0 : seteuid(nobody), 0));
	cr_expect(eq(int, wt_file_list_add(&list, "feed.pcapng", &err), -EACCES));
	cr_expect(strstr(err.text, "Permission denied") != NULL, "%s", err.text);
	cr_expect(eq(sz, list.count, 0));
	cr_expect(eq(sz, list.arguments, 0));
	cr_assert(eq(int, user ? 0 : seteuid(user), 0));
	cr_assert(eq(int, chmod(folder, 0700), 0));
	cr_assert(eq(int, chdir("/"), 0));
}
