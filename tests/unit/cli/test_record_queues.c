/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include <wiretape/capture/recorder/recording.h>
#include <wiretape/cli/cli.h>
#include <wiretape/cli/record/record_queues.h>

#include "support/unit.h"

static struct wt_record_queues queues;

static int give(const char *option, const char *value)
{
	static const struct wt_option_group groups[] = {{NULL, wt_record_queues_rows, 0}, {0}};
	static const struct wt_command_line line = {.command = "record", .groups = groups};
	static char option_copy[32], value_copy[80];
	char name[] = "record", *argv[] = {name, option_copy, value_copy, NULL};
	struct wt_words words;

	snprintf(option_copy, sizeof(option_copy), "%s", option);
	snprintf(value_copy, sizeof(value_copy), "%s", value);
	return wt_options_parse(&line, 3, argv, &queues, &words);
}

Test(record_queues, a_number_of_queues_or_auto)
{
	cr_expect(eq(int, give("--queues", "1"), 0));
	cr_expect(eq(int, queues.count, 1));
	cr_expect(eq(int, give("--queues", "256"), 0));
	cr_expect(eq(int, queues.count, 256));
	cr_expect(eq(int, give("--queues", "auto"), 0));
	cr_expect(eq(int, queues.count, WT_QUEUES_AUTO));
	cr_expect(eq(int, give("--queues", "0"), WT_EXIT_USAGE));
	cr_expect(eq(int, give("--queues", "257"), WT_EXIT_USAGE));
	cr_expect(eq(int, give("--queues", "automatic"), WT_EXIT_USAGE));
}

Test(record_queues, cpus_are_a_list_of_numbers_and_ranges)
{
	cr_expect(eq(int, give("--cpu", "3,8-10,0"), 0));
	cr_assert(eq(sz, queues.cpu_count, 5));
	cr_expect(eq(u16, queues.cpus[0], 3));
	cr_expect(eq(u16, queues.cpus[1], 8));
	cr_expect(eq(u16, queues.cpus[2], 9));
	cr_expect(eq(u16, queues.cpus[3], 10));
	cr_expect(eq(u16, queues.cpus[4], 0));
	/* Given again it is another list. */
	cr_expect(eq(int, give("--cpu", "1023"), 0));
	cr_assert(eq(sz, queues.cpu_count, 1));
	cr_expect(eq(u16, queues.cpus[0], 1023));
	cr_expect(eq(int, give("--cpu", "5-5"), 0));
	cr_expect(eq(sz, queues.cpu_count, 1));
	cr_expect(eq(int, give("--cpu", "0-1023"), 0));
	cr_expect(eq(sz, queues.cpu_count, 1024));
}

Test(record_queues, what_is_no_list_of_cpus_is_refused)
{
	static const char *const lists[] = {"",     ",",    "1,",       ",1",
	                                    "3-1",  "x",    "1-",       "-1",
	                                    "1024", "1--2", "0-1023,0", "00000000000000001"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		cr_expect(eq(int, give("--cpu", lists[i]), WT_EXIT_USAGE), "%s", lists[i]);
}

Test(record_queues, packets_are_dealt_out_as_readers_know_it)
{
	static const char *const ways[] = {"qm", "cpu", "hash", "lb"};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		cr_expect(eq(int, give("--fanout", ways[i]), 0));
		cr_expect(eq(str, wt_fanout_name((enum wt_fanout)queues.fanout), ways[i]));
	}
	cr_expect(eq(int, give("--fanout", "none"), WT_EXIT_USAGE));
}
