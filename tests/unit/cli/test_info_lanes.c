/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/pcapng/pcapng_format.h>
#include <wiretape/tests/support/temp.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"
#include <wiretape/cli/info/info_lanes.h>

enum { FILES_MAX = 6 };

static struct pcapng_builder build;
static char paths[FILES_MAX][TEMP_BYTES];
static size_t file_count;
static struct wt_file_list list;
static struct wt_info_summary summary;

static void set_up(void)
{
	memset(&build, 0, sizeof(build));
	file_count = 0;
}

static void tear_down(void)
{
	for (size_t i = 0; i < file_count; i++)
		unlink(paths[i]);
	wt_info_fini(&summary);
	wt_file_list_free(&list);
}

TestSuite(info_lanes, .init = set_up, .fini = tear_down);

/* A file of one of the three lanes of recording 7. */
static void begin(unsigned lane, unsigned number)
{
	char mark[96];

	snprintf(mark, sizeof(mark),
	         "tape_id=%016x file=%u recording=0000000000000007 lane=%u lanes=3",
	         0x100 * lane + number, number, lane);
	build_tape_section(&build, mark);
}

static void interface(const char *name)
{
	static const uint8_t nanoseconds = 9;

	build_interface_head(&build, 1, 0);
	build_option_text(&build, WT_OPT_IF_NAME, name);
	build_option(&build, WT_OPT_IF_TSRESOL, &nanoseconds, 1);
	build_block_end(&build);
}

static void packet(uint32_t id, uint64_t stamp_ns, uint64_t drops)
{
	build_packet_head(&build, id, stamp_ns, "abc");
	if (drops)
		build_option_u64(&build, WT_OPT_EPB_DROPCOUNT, drops);
	build_block_end(&build);
}

static void statistics(uint32_t id, uint64_t at_us, const char *ledger, const char *nic,
                       const char *degraded)
{
	build_block(&build, WT_PCAPNG_ISB);
	build_u32(&build, id);
	build_u32(&build, (uint32_t)(at_us >> 32));
	build_u32(&build, (uint32_t)at_us);
	build_option_u64(&build, WT_OPT_ISB_IFRECV, 10);
	if (ledger)
		build_option_text(&build, WT_OPT_LOCAL_LEDGER, ledger);
	if (nic)
		build_option_text(&build, WT_OPT_LOCAL_NIC, nic);
	if (degraded)
		build_option_text(&build, WT_OPT_LOCAL_DEGRADED, degraded);
	build_block_end(&build);
}

static void end_file(void)
{
	int fd;

	temp_template(paths[file_count], "info_lanes");
	fd = mkstemp(paths[file_count]);
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, build.bytes, build.length), build.length));
	close(fd);
	memset(&build, 0, sizeof(build));
	cr_assert(eq(int, wt_file_list_add(&list, paths[file_count], NULL), 0));
	file_count++;
}

/* A file with a packet of eth0, and its account. */
static void whole(unsigned lane, unsigned number)
{
	begin(lane, number);
	interface("eth0");
	packet(0, 1000 * number + lane, 0);
	statistics(0, 5, "seen=1\nwritten=1\nlost.ring=0\n", NULL, NULL);
	end_file();
}

static void collect(int expected)
{
	wt_info_collect_lanes(&summary, "feed.pcapng", &list, 0);
	cr_expect(eq(int, summary.result, expected), "%s", summary.error.text);
}

static void expect_ledgers(const char *a, const char *b, const char *expected)
{
	char *got = wt_info_join_ledgers(a, b);

	cr_assert(got != NULL);
	cr_expect(eq(int, strcmp(got, expected), 0), "%s and %s: %s", a, b, got);
	free(got);
}

Test(info_lanes, counts_of_ledgers_add_up_by_name)
{
	expect_ledgers("seen=3\nwritten=2\nlost.ring=1\n", "lost.ring=10\nseen=30\nwritten=20\n",
	               "seen=33\nwritten=22\nlost.ring=11\n");
	expect_ledgers("seen=3\n", "seen=4\nnew.count=5\n", "seen=7\nnew.count=5\n");
	expect_ledgers("seen=3\nold.count=5\n", "seen=4\n", "seen=7\nold.count=5\n");
	expect_ledgers("seen=3\nold=5\n", "seen=4\nold.count=6\n", "seen=7\nold=5\nold.count=6\n");
	expect_ledgers("", "", "");
}

Test(info_lanes, of_levels_in_ledgers_the_larger_holds)
{
	expect_ledgers("ring.high_water_percent=40\nwrites.longest_ns=7\n",
	               "ring.high_water_percent=30\nwrites.longest_ns=9\n",
	               "ring.high_water_percent=40\nwrites.longest_ns=9\n");
}

Test(info_lanes, what_is_no_count_stays_none)
{
	expect_ledgers("seen=x\n", "seen=4\n", "?\nseen=4\n");
	expect_ledgers("seen=4\n", "rubbish\n", "seen=4\n?\n");
	expect_ledgers("seen=18446744073709551615\n", "seen=1\n", "?\n");
	expect_ledgers("seen=18446744073709551614\n", "seen=1\n", "seen=18446744073709551615\n");
}

static const struct wt_info_interface *interface_at(size_t i)
{
	cr_assert(eq(sz, summary.section_count, 1));
	cr_assert(lt(sz, i, summary.sections[0].interface_count));
	return &summary.sections[0].interfaces[i];
}

Test(info_lanes, lanes_are_one_recording_whose_books_are_the_sum)
{
	begin(2, 1);
	interface("eth0");
	interface("eth1");
	packet(0, 900, 0);
	packet(1, 100, 4);
	packet(1, 300, 0);
	statistics(0, 7, "seen=1\nwritten=1\nlost.ring=0\n", "rx_dropped=5\n", "slow");
	statistics(1, 7, "seen=6\nwritten=2\nlost.ring=4\n", NULL, NULL);
	end_file();
	begin(0, 1);
	interface("eth0");
	interface("eth1");
	packet(0, 500, 2);
	packet(0, 400, 0);
	statistics(0, 6, "seen=4\nwritten=2\nlost.ring=2\n", "rx_dropped=3\n", "slow");
	statistics(1, 6, "seen=0\nwritten=0\nlost.ring=0\n", NULL, "other");
	end_file();
	begin(1, 1);
	interface("eth1");
	packet(0, 200, 0);
	statistics(0, 9, "seen=1\nwritten=1\nlost.ring=0\n", NULL, NULL);
	end_file();
	collect(0);
	cr_expect(eq(u64, summary.tally.packets, 6));
	cr_expect(eq(u64, summary.tally.dropped, 6));
	cr_expect(eq(u64, summary.tally.out_of_order, 2));
	cr_expect(eq(i64, summary.tally.first_ns, 100));
	cr_expect(eq(i64, summary.tally.last_ns, 900));
	cr_expect(eq(u64, summary.interfaces_seen, 2));
	cr_expect(eq(u64, summary.sections_seen, 1));
	cr_expect(eq(u64, summary.statistics, 5));
	cr_expect(eq(int, strcmp(interface_at(0)->name, "eth0"), 0));
	cr_expect(eq(u64, interface_at(0)->tally.packets, 3));
	cr_expect(eq(u64, interface_at(1)->tally.packets, 3));
	cr_expect(eq(u64, interface_at(1)->tally.dropped, 4));
	cr_expect(
	        eq(int,
	           strcmp(interface_at(0)->statistics->ledger, "seen=5\nwritten=3\nlost.ring=2\n"),
	           0));
	cr_expect(eq(int, strcmp(interface_at(0)->statistics->nic, "rx_dropped=5\n"), 0));
	cr_expect(eq(u64, interface_at(0)->statistics->numbers.ifrecv.value, 20));
	cr_expect(eq(i64, interface_at(0)->statistics->numbers.stamp.ns, 7));
	cr_expect(eq(sz, interface_at(0)->statistics->degraded_count, 1));
	cr_expect(eq(sz, interface_at(1)->statistics->degraded_count, 1));
}

/* Each number is told from the others by its size. */
static struct wt_info_tally tally_of(uint64_t scale)
{
	return (struct wt_info_tally){
	        .packets = 1 * scale,
	        .captured_bytes = 2 * scale,
	        .wire_bytes = 3 * scale,
	        .inbound = 4 * scale,
	        .outbound = 5 * scale,
	        .truncated = 6 * scale,
	        .out_of_order = 7 * scale,
	        .unstamped = 8 * scale,
	        .out_of_range = 9 * scale,
	        .with_fcs = 10 * scale,
	        .above_snaplen = 11 * scale,
	        .overlong = 12 * scale,
	        .dropped = 13 * scale,
	        .stamped = 14 * scale,
	};
}

Test(info_lanes, every_number_of_the_packets_adds_up)
{
	const struct wt_info_tally both = tally_of(101);
	struct wt_info_summary one = {.tally = tally_of(100)};

	summary = (struct wt_info_summary){.tally = tally_of(1)};
	cr_assert(eq(int, wt_info_join(&summary, &one), 0));
	cr_expect(eq(int, memcmp(&summary.tally, &both, sizeof(both)), 0));
	one = (struct wt_info_summary){.tally.dropped = UINT64_MAX};
	cr_assert(eq(int, wt_info_join(&summary, &one), 0));
	cr_expect(eq(u64, summary.tally.dropped, UINT64_MAX));
}

Test(info_lanes, layouts_and_blocks_add_up)
{
	struct wt_info_summary one = {
	        .size_bytes = 100,
	        .layout = {true, 100, 200, 300, 400, true, 500},
	        .statistics = 1,
	        .names = 2,
	        .secrets = 3,
	        .custom = 4,
	        .feeds = 5,
	        .looks = 6,
	        .local = 7,
	        .unknown = 8,
	        .unknown_sections = 9,
	        .unknown_sections_bytes = 10,
	};
	struct wt_info_summary again = one;

	summary = (struct wt_info_summary){.path = "feed"};
	cr_assert(eq(int, wt_info_join(&summary, &one), 0));
	cr_assert(eq(int, wt_info_join(&summary, &again), 0));
	cr_expect(eq(u64, summary.size_bytes, 200));
	cr_expect(summary.layout.has_chunks);
	cr_expect(eq(u64, summary.layout.chunks, 200));
	cr_expect(eq(u64, summary.layout.in_place, 400));
	cr_expect(eq(u64, summary.layout.holes, 600));
	cr_expect(eq(u64, summary.layout.missing_packets, 800));
	cr_expect(summary.layout.not_closed);
	cr_expect(eq(u64, summary.layout.tail_packets, 1000));
	cr_expect(eq(u64, summary.statistics, 2));
	cr_expect(eq(u64, summary.names, 4));
	cr_expect(eq(u64, summary.secrets, 6));
	cr_expect(eq(u64, summary.custom, 8));
	cr_expect(eq(u64, summary.feeds, 10));
	cr_expect(eq(u64, summary.looks, 12));
	cr_expect(eq(u64, summary.local, 14));
	cr_expect(eq(u64, summary.unknown, 16));
	cr_expect(eq(u64, summary.unknown_sections, 18));
	cr_expect(eq(u64, summary.unknown_sections_bytes, 20));
}

Test(info_lanes, clocks_of_lanes_add_up)
{
	struct wt_info_clock sum = {
	        .by_source = {1, 2, 3},
	        .crosses = 1,
	        .bracket_least_ns = 50,
	        .bracket_most_ns = 60,
	        .error_most_ns = 7,
	        .ppm_least = 1,
	        .ppm_most = 2,
	        .last = {.number = 3, .utc_ns = 500},
	};
	struct wt_info_clock_event event = {.utc_ns = 9, .text = "link down"};
	const struct wt_info_clock one = {
	        .by_source = {10, 20, 30},
	        .converted = 4,
	        .confirmed = 3,
	        .contradicted = 1,
	        .without_map = 2,
	        .crosses = 5,
	        .outliers = 1,
	        .steps = 2,
	        .standstills = 1,
	        .stands_still = true,
	        .changes = 1,
	        .bracket_least_ns = 40,
	        .bracket_most_ns = 55,
	        .error_most_ns = 8,
	        .ppm_least = 0.5,
	        .ppm_most = 3,
	        .last = {.number = 2, .utc_ns = 400},
	        .events = &event,
	        .event_count = 1,
	};

	wt_info_clock_join(&sum, &one);
	cr_expect(eq(u64, sum.by_source[1], 22));
	cr_expect(eq(u64, sum.converted + sum.confirmed + sum.contradicted, 8));
	cr_expect(eq(u64, sum.without_map, 2));
	cr_expect(eq(u64, sum.crosses, 6));
	cr_expect(eq(u64, sum.outliers, 1));
	cr_expect(eq(u64, sum.steps, 2));
	cr_expect(eq(u64, sum.standstills, 1));
	cr_expect(sum.stands_still);
	cr_expect(eq(u64, sum.changes, 1));
	cr_expect(eq(i64, sum.bracket_least_ns, 40));
	cr_expect(eq(i64, sum.bracket_most_ns, 60));
	cr_expect(eq(i64, sum.error_most_ns, 8));
	cr_expect(eq(dbl, sum.ppm_least, 0.5));
	cr_expect(eq(dbl, sum.ppm_most, 3));
	cr_expect(eq(u32, sum.last.number, 3));
	cr_assert(eq(sz, sum.event_count, 1));
	event = (struct wt_info_clock_event){.utc_ns = 5, .text = "link up"};
	wt_info_clock_join(&sum, &one);
	cr_assert(eq(sz, sum.event_count, 2));
	cr_expect(eq(int, strcmp(sum.events[0].text, "link up"), 0));
	wt_info_clock_fini(&sum);
}

Test(info_lanes, each_lane_has_its_own_account)
{
	begin(1, 2);
	interface("eth0");
	packet(0, 900, 0);
	statistics(0, 7, "seen=5\nwritten=1\nlost.ring=4\n", NULL, NULL);
	end_file();
	whole(1, 1);
	whole(0, 1);
	whole(0, 2);
	begin(2, 1);
	interface("eth0");
	packet(0, 900, 0);
	statistics(0, 7, "seen=5\nwritten=1\nlost.ring=3\n", NULL, NULL);
	end_file();
	begin(2, 2);
	interface("eth0");
	interface("eth1");
	statistics(0, 7, "seen=0\nwritten=0\nlost.ring=0\n", NULL, NULL);
	end_file();
	collect(0);
	cr_expect(eq(u32, summary.lanes.expected, 3));
	cr_assert(eq(sz, summary.lanes.count, 3));
	for (uint32_t i = 0; i < 3; i++) {
		cr_expect(eq(u32, summary.lanes.list[i].number, i));
		cr_expect(eq(u64, summary.lanes.list[i].files, 2));
		cr_expect(eq(u64, summary.lanes.list[i].files_missing, 0));
	}
	cr_expect(eq(u64, summary.lanes.list[1].packets, 2));
	cr_expect(eq(u64, summary.lanes.list[1].seen, 6));
	cr_expect(eq(u64, summary.lanes.list[1].written, 2));
	cr_expect(eq(u64, summary.lanes.list[1].lost, 4));
	cr_expect(summary.lanes.list[1].has_ledger);
	cr_expect(summary.lanes.list[1].closes);
	cr_expect(not(summary.lanes.list[2].has_ledger));
	cr_expect(not(summary.lanes.list[2].closes));
}

Test(info_lanes, a_ledger_of_other_packets_does_not_close_its_lane)
{
	begin(0, 1);
	interface("eth0");
	statistics(0, 7, "seen=1\nwritten=1\nlost.ring=0\n", NULL, NULL);
	end_file();
	collect(-ENOENT);
	cr_expect(summary.lanes.list[0].has_ledger);
	cr_expect(not(summary.lanes.list[0].closes));
}

Test(info_lanes, interfaces_alike_are_told_apart_by_their_order)
{
	for (unsigned lane = 0; lane < 3; lane++) {
		begin(lane, 1);
		interface("eth0");
		interface("eth0");
		packet(1, 100 * lane, 0);
		end_file();
	}
	collect(0);
	cr_expect(eq(u64, summary.interfaces_seen, 2));
	cr_expect(eq(u64, interface_at(0)->tally.packets, 0));
	cr_expect(eq(u64, interface_at(1)->tally.packets, 3));
}

Test(info_lanes, a_lane_that_is_not_here_is_told)
{
	whole(0, 1);
	whole(2, 1);
	collect(-ENOENT);
	cr_expect(strstr(summary.error.text, "3 lanes, and 2 are here") != NULL, "%s",
	          summary.error.text);
	cr_expect(eq(u64, summary.tally.packets, 2));
}

Test(info_lanes, files_that_are_not_here_are_told)
{
	whole(0, 2);
	whole(1, 2);
	whole(2, 2);
	whole(0, 5);
	whole(1, 4);
	collect(-ENOENT);
	cr_expect(strstr(summary.error.text, "2 files of lane 0 are not") != NULL, "%s",
	          summary.error.text);
	cr_expect(eq(u64, summary.lanes.list[0].files_missing, 2));
	cr_expect(eq(u64, summary.lanes.list[1].files_missing, 1));
	cr_expect(eq(u64, summary.lanes.list[2].files_missing, 2));
}

Test(info_lanes, a_lane_may_end_a_file_before_the_others)
{
	whole(0, 1);
	whole(1, 1);
	whole(1, 2);
	whole(2, 1);
	collect(0);
	cr_expect(eq(u64, summary.lanes.list[0].files_missing, 0));
}

Test(info_lanes, a_file_that_is_asked_for_alone_is_whole_by_itself)
{
	whole(1, 3);
	wt_info_collect_lanes(&summary, paths[0], &list, 0);
	cr_expect(eq(int, summary.result, 0), "%s", summary.error.text);
	cr_expect(eq(u32, summary.lanes.expected, 3));
	cr_expect(eq(sz, summary.lanes.count, 1));
}

Test(info_lanes, a_file_that_is_there_twice_is_refused)
{
	whole(0, 1);
	whole(1, 1);
	whole(0, 1);
	collect(-EEXIST);
	cr_expect(strstr(summary.error.text, paths[0]) && strstr(summary.error.text, paths[2]),
	          "%s", summary.error.text);
}

Test(info_lanes, a_broken_file_is_named_and_the_others_count)
{
	whole(0, 1);
	whole(1, 1);
	begin(2, 1);
	interface("eth0");
	packet(0, 1, 0);
	packet(0, 2, 0);
	build.length -= 8;
	end_file();
	collect(-ENODATA);
	cr_expect(strstr(summary.error.text, paths[2]) != NULL, "%s", summary.error.text);
	cr_expect(eq(u64, summary.tally.packets, 3));
}

Test(info_lanes, other_sets_are_not_read)
{
	whole(0, 1);
	build_section(&build);
	interface("eth0");
	packet(0, 1, 0);
	end_file();
	whole(1, 1);
	whole(2, 1);
	collect(0);
	cr_expect(eq(u64, summary.tally.packets, 3));
}
