/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include <wiretape/cli/cli.h>
#include <wiretape/cli/record/record_files.h>

#include "support/unit.h"

static struct wt_file_set_config files;

static int give(const char *option, const char *value)
{
	static const struct wt_option_group groups[] = {{NULL, wt_record_files_rows, 0}, {0}};
	static const struct wt_command_line line = {.command = "record", .groups = groups};
	char name[] = "record", option_copy[32];
	static char value_copy[80];
	char *argv[] = {name, option_copy, value_copy, NULL};
	struct wt_words words;

	snprintf(option_copy, sizeof(option_copy), "%s", option);
	snprintf(value_copy, sizeof(value_copy), "%s", value);
	return wt_options_parse(&line, 3, argv, &files, &words);
}

static int ring_buffer(const char *value)
{
	return give("--ring-buffer", value);
}

static int min_free(const char *value)
{
	return give("--min-free", value);
}

Test(record_files, conditions_add_up)
{
	cr_expect(eq(int, ring_buffer("filesize:1000"), 0));
	cr_expect(eq(int, ring_buffer("duration:1.5"), 0));
	cr_expect(eq(int, ring_buffer("interval:3600"), 0));
	cr_expect(eq(int, ring_buffer("packets:7"), 0));
	cr_expect(eq(int, ring_buffer("files:3"), 0));
	cr_expect(eq(u64, files.max_bytes, 1000000));
	cr_expect(eq(i64, files.duration_ns, 1500000000));
	cr_expect(eq(i64, files.interval_ns, 3600000000000));
	cr_expect(eq(u64, files.max_packets, 7));
	cr_expect(eq(u32, files.keep_files, 3));
	cr_expect(eq(int, wt_record_files_check(&files), 0));
}

Test(record_files, filesize_takes_units)
{
	cr_expect(eq(int, ring_buffer("filesize:64MiB"), 0));
	cr_expect(eq(u64, files.max_bytes, 64 << 20));
	cr_expect(eq(int, ring_buffer("filesize:5B"), 0));
	cr_expect(eq(u64, files.max_bytes, 5));
}

Test(record_files, conditions_that_are_none_are_refused)
{
	static const char *const wrong[] = {"",
	                                    "filesize",
	                                    "filesize:",
	                                    "filesize:0",
	                                    "filesize:0MiB",
	                                    "filesize:x",
	                                    "filesize:-1",
	                                    "duration:0",
	                                    "duration:-1",
	                                    "duration:nan",
	                                    "duration:",
	                                    "duration:1e-300",
	                                    "duration:inf",
	                                    "interval:1y",
	                                    "packets:0",
	                                    "packets:1k",
	                                    "files:0",
	                                    "files:",
	                                    "files:4294967296",
	                                    "printname:x",
	                                    "filesize:18446744073709551615"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(eq(int, ring_buffer(wrong[i]), WT_EXIT_USAGE), "'%s'", wrong[i]);
	cr_expect(eq(int, wt_record_files_check(&files), 0), "nothing was taken");
}

Test(record_files, sizes_to_keep)
{
	cr_expect(eq(int, give("--keep-bytes", "500GiB"), 0));
	cr_expect(eq(u64, files.keep_bytes, 500ull << 30));
	cr_expect(eq(int, give("--keep-bytes", "0"), WT_EXIT_USAGE));
	cr_expect(eq(int, give("--keep-bytes", "much"), WT_EXIT_USAGE));
}

Test(record_files, min_free_stops_or_deletes)
{
	cr_expect(eq(int, min_free("10GiB:delete"), 0));
	cr_expect(eq(u64, files.min_free_bytes, 10ull << 30));
	cr_expect(files.min_free_deletes);
	cr_expect(eq(int, min_free("4096:stop"), 0));
	cr_expect(eq(u64, files.min_free_bytes, 4096));
	cr_expect(not(files.min_free_deletes));
	cr_expect(eq(int, min_free("1MB"), 0));
	cr_expect(eq(u64, files.min_free_bytes, 1000000));
	cr_expect(not(files.min_free_deletes));
}

Test(record_files, min_free_without_sense_is_refused)
{
	static const char *const wrong[] = {"",
	                                    ":delete",
	                                    "10GiB:",
	                                    "10GiB:deletes",
	                                    "0:stop",
	                                    "10 GiB",
	                                    "10GiB:stop:stop",
	                                    "00000000000000000000000000000000000000000000001:stop"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect(eq(int, min_free(wrong[i]), WT_EXIT_USAGE), "'%s'", wrong[i]);
}

Test(record_files, command_is_taken_as_it_is)
{
	cr_expect(eq(int, give("--on-close", "zstd -q --rm"), 0));
	cr_expect(eq(int, strcmp(files.on_close, "zstd -q --rm"), 0));
	cr_expect(eq(int, give("--on-close", ""), WT_EXIT_USAGE));
	cr_expect(eq(int, give("--on-close", " \t"), WT_EXIT_USAGE));
}

Test(record_files, keeping_needs_a_condition)
{
	files.keep_files = 2;
	cr_expect(eq(int, wt_record_files_check(&files), WT_EXIT_USAGE));
	files = (struct wt_file_set_config){.keep_bytes = 2};
	cr_expect(eq(int, wt_record_files_check(&files), WT_EXIT_USAGE));
	files = (struct wt_file_set_config){.min_free_bytes = 2, .min_free_deletes = true};
	cr_expect(eq(int, wt_record_files_check(&files), WT_EXIT_USAGE));
	files.interval_ns = 1;
	cr_expect(eq(int, wt_record_files_check(&files), 0));
	files = (struct wt_file_set_config){.min_free_bytes = 2, .on_close = "true"};
	cr_expect(eq(int, wt_record_files_check(&files), 0));
}

Test(record_files, less_to_keep_than_a_file_is_refused)
{
	files = (struct wt_file_set_config){.max_bytes = 11, .keep_bytes = 10};
	cr_expect(eq(int, wt_record_files_check(&files), WT_EXIT_USAGE));
	files.keep_bytes = 11;
	cr_expect(eq(int, wt_record_files_check(&files), 0));
}
