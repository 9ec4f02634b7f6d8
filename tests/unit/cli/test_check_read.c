/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/feed/feed_tapes.h>
#include <wiretape/feed/verdict/nic_look.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/text_block.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"
#include <wiretape/cli/check/check_read.h>
#include <wiretape/tests/support/temp.h>

/* Words for what a monitor would be told: "0:a 0:b 1:c break(0) …". Packets are single letters. */
static char told[4096];
static char names[WT_PLACES_MAX][32];
static bool has_lanes[WT_PLACES_MAX];

static void __attribute__((format(printf, 1, 2))) tell(const char *format, ...)
{
	size_t used = strlen(told);
	va_list args;

	va_start(args, format);
	vsnprintf(told + used, sizeof(told) - used, format, args);
	va_end(args);
}

int wt_feed_tapes_interface(struct wt_feed_tapes *tapes, uint32_t interface, const char *name,
                            uint16_t link_type, const char *no_ledger, bool in_lanes)
{
	(void)tapes;
	(void)link_type;
	has_lanes[interface] = in_lanes;
	snprintf(names[interface], sizeof(names[interface]), "%s%s", name, no_ledger ? "?" : "");
	return 0;
}

int wt_feed_tapes_lane(struct wt_feed_tapes *tapes, uint32_t lane, uint32_t interface,
                       uint16_t link_type)
{
	(void)tapes;
	(void)link_type;
	cr_expect(eq(int, strcmp(names[lane], ""), 0), "told twice");
	snprintf(names[lane], sizeof(names[lane]), "lane of %u", interface);
	return 0;
}

const char *wt_feed_monitor_interface_name(const struct wt_feed_monitor *monitor,
                                           uint32_t interface)
{
	(void)monitor;
	return names[interface];
}

void wt_feed_tapes_frames(struct wt_feed_tapes *tapes, uint32_t interface,
                          const struct wt_frame *frames, size_t count)
{
	(void)tapes;
	for (size_t i = 0; i < count; i++) {
		tell("%s%u:%c", *told ? " " : "", interface, frames[i].data[0]);
		if (frames[i].dropped_before)
			tell("+%u", (unsigned)frames[i].dropped_before);
	}
}

bool wt_feed_tapes_dropped(struct wt_feed_tapes *tapes, uint32_t number, uint64_t packets)
{
	(void)tapes;
	if (has_lanes[number] || !strncmp(names[number], "lane", 4))
		tell(" drop(%u,%u)", number, (unsigned)packets);
	return has_lanes[number] || !strncmp(names[number], "lane", 4);
}

void wt_feed_tapes_writer_lost(struct wt_feed_tapes *tapes, uint32_t interface, uint64_t packets)
{
	(void)tapes;
	tell(" lost(%u,%u)", interface, (unsigned)packets);
}

void wt_feed_tapes_break_within(struct wt_feed_tapes *tapes, uint32_t interface, int64_t from,
                                int64_t to, const char *why)
{
	(void)tapes;
	if (strstr(why, "the interface"))
		tell(" break(%u,%" PRId64 ",%" PRId64 ",%s)", interface, from, to,
		     strstr(why, "disappeared") ? "gone" : "down");
	else
		tell(" break(%u)", interface);
}

void wt_feed_tapes_end(struct wt_feed_tapes *tapes)
{
	(void)tapes;
}

void wt_feed_monitor_nic(struct wt_feed_monitor *monitor, uint32_t interface, int64_t look_ns,
                         const uint64_t *counters)
{
	(void)monitor;
	(void)counters;
	tell(" nic(%u,%d)", interface, (int)look_ns);
}

void wt_feed_monitor_finish(struct wt_feed_monitor *monitor)
{
	(void)monitor;
	tell(" end");
}

struct wt_tracker *wt_feed_monitor_tracker(struct wt_feed_monitor *monitor)
{
	(void)monitor;
	return NULL;
}

const struct wt_feed_channels *wt_feed_monitor_followed(const struct wt_feed_monitor *monitor)
{
	(void)monitor;
	return NULL;
}

struct wt_channels *wt_feed_monitor_channels(struct wt_feed_monitor *monitor)
{
	(void)monitor;
	return NULL;
}

enum { FILES_MAX = 8 };

static struct pcapng_builder build;
static char paths[FILES_MAX][TEMP_BYTES];
static size_t file_count;
static struct wt_check_context *context;
static struct wt_check_file files[FILES_MAX];

static void set_up(void)
{
	memset(&build, 0, sizeof(build));
	memset(files, 0, sizeof(files));
	memset(names, 0, sizeof(names));
	told[0] = '\0';
	file_count = 0;
	context = calloc(1, sizeof(*context));
	context->monitor = (struct wt_feed_monitor *)context;
	context->tapes = (struct wt_feed_tapes *)context;
}

static void tear_down(void)
{
	for (size_t i = 0; i < file_count; i++) {
		unlink(paths[i]);
		wt_check_head_fini(&files[i].head);
		wt_books_fini(&files[i].books);
	}
	free(context);
}

TestSuite(check_read, .init = set_up, .fini = tear_down);

/* A file of recording 7. */
static void tape(unsigned number)
{
	char mark[96];

	snprintf(mark, sizeof(mark), "tape_id=%016x file=%u recording=0000000000000007",
	         0x100 + number, number);
	build_tape_section(&build, mark);
}

/* A file of one of the two lanes of recording 8. */
static void lane_tape(unsigned lane, unsigned number)
{
	char mark[96];

	snprintf(mark, sizeof(mark),
	         "tape_id=%016x file=%u recording=0000000000000008 lane=%u lanes=2",
	         0x200 + 2 * number + lane, number, lane);
	build_tape_section(&build, mark);
}

static void interface(const char *name)
{
	static const uint8_t nanoseconds = 9;

	build_interface_head(&build, 1, 0);
	build_option_text(&build, WT_OPT_IF_NAME, name);
	build_option(&build, WT_OPT_IF_TSRESOL, &nanoseconds, 1);
	build_option_text(&build, WT_OPT_LOCAL_READER, "reader=v3");
	build_block_end(&build);
}

static void packet(uint32_t id, uint64_t stamp_ns, const char *letter)
{
	build_packet(&build, id, stamp_ns, letter);
}

static void dropped(uint32_t id, uint64_t stamp_ns, const char *letter, uint64_t drops)
{
	build_packet_head(&build, id, stamp_ns, letter);
	build_option_u64(&build, WT_OPT_EPB_DROPCOUNT, drops);
	build_block_end(&build);
}

static void close_interface(uint32_t id, unsigned written)
{
	char ledger[64];

	snprintf(ledger, sizeof(ledger), "seen=%u\nwritten=%u\nlost.ring=0\n", written, written);
	build_block(&build, WT_PCAPNG_ISB);
	build_u32(&build, id);
	build_u64(&build, 0);
	build_option_text(&build, WT_OPT_LOCAL_LEDGER, ledger);
	build_block_end(&build);
}

static void text_block(uint32_t type, const char *text)
{
	build_block(&build, type);
	build_padded(&build, text, strlen(text));
	build_block_end(&build);
}

/* End the file that was built; another one follows. */
static void end_file(void)
{
	int fd;

	temp_template(paths[file_count], "check_read");
	fd = mkstemp(paths[file_count]);
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, build.bytes, build.length), build.length));
	close(fd);
	memset(&build, 0, sizeof(build));
	file_count++;
}

static void expect(const char *words)
{
	struct wt_check_head heads[FILES_MAX];
	struct wt_check_series *series;
	struct wt_error err;
	size_t series_count;

	for (size_t i = 0; i < file_count; i++)
		wt_check_head_read(&heads[i], paths[i], i);
	cr_assert(eq(int, wt_check_order(heads, file_count, &series, &series_count, &err), 0));
	for (size_t i = 0; i < file_count; i++)
		files[i].head = heads[i];
	cr_assert(eq(int, wt_check_read(context, files, series, series_count, &err), 0));
	free(series);
	cr_expect(eq(int, strcmp(told, words), 0), "\nexpected %s\ngot      %s", words, told);
}

static void foreign(const char *name)
{
	build_section(&build);
	interface(name);
}

Test(check_read, packets_of_a_file_stay_in_its_order)
{
	tape(1);
	interface("eth0");
	interface("eth1");
	packet(0, 300, "a");
	packet(1, 100, "b");
	packet(1, 200, "c");
	packet(0, 250, "d");
	close_interface(0, 2);
	close_interface(1, 2);
	end_file();
	expect("0:a 1:b 1:c 0:d end");
	cr_expect(eq(int, strcmp(names[1], "eth1"), 0), "%s", names[1]);
}

Test(check_read, files_of_a_recording_follow_each_other_whatever_their_stamps)
{
	tape(2);
	interface("eth0");
	dropped(0, 50, "c", 9);
	close_interface(0, 1);
	end_file();
	tape(1);
	interface("eth0");
	packet(0, 100, "a");
	packet(0, 200, "b");
	close_interface(0, 2);
	end_file();
	expect("0:a 0:b 0:c+9 end");
}

Test(check_read, what_overlaps_is_merged_by_stamp)
{
	foreign("eth0");
	packet(0, 100, "a");
	packet(0, 400, "d");
	packet(0, 450, "e");
	packet(0, 460, "f");
	end_file();
	foreign("eth1");
	packet(0, 200, "b");
	packet(0, 300, "c");
	packet(0, 500, "g");
	end_file();
	expect("0:a 1:b 1:c 0:d 0:e 0:f 1:g end");
}

Test(check_read, each_file_keeps_its_order_where_stamps_run_back)
{
	foreign("eth0");
	packet(0, 100, "a");
	packet(0, 50, "b");
	packet(0, 300, "d");
	end_file();
	foreign("eth1");
	packet(0, 200, "c");
	end_file();
	expect("0:a 0:b 1:c 0:d end");
}

Test(check_read, the_same_interface_at_the_same_time_is_two)
{
	foreign("eth0");
	packet(0, 100, "a");
	packet(0, 300, "c");
	end_file();
	foreign("eth0");
	packet(0, 200, "b");
	end_file();
	expect("0:a 1:b 0:c end");
}

Test(check_read, the_same_interface_in_the_next_file_goes_on)
{
	foreign("eth0");
	packet(0, 300, "b");
	end_file();
	foreign("eth0");
	packet(0, 100, "a");
	end_file();
	expect("0:a 0:b end");
	cr_expect(eq(int, strcmp(names[0], "eth0?"), 0), "no ledger");
}

Test(check_read, lanes_of_a_recording_are_merged_by_stamp)
{
	lane_tape(0, 1);
	interface("eth0");
	packet(0, 100, "a");
	packet(0, 400, "d");
	close_interface(0, 2);
	end_file();
	lane_tape(1, 1);
	interface("eth0");
	packet(0, 200, "b");
	packet(0, 300, "c");
	close_interface(0, 2);
	end_file();
	lane_tape(1, 2);
	interface("eth0");
	packet(0, 500, "e");
	packet(0, 700, "g");
	close_interface(0, 2);
	end_file();
	lane_tape(0, 2);
	interface("eth0");
	packet(0, 600, "f");
	close_interface(0, 1);
	end_file();
	expect("0:a 1:b 1:c 0:d 1:e 0:f 1:g end");
	cr_expect(eq(int, strcmp(names[0], "eth0"), 0), "%s", names[0]);
	cr_expect(eq(int, strcmp(names[1], "lane of 0"), 0), "%s", names[1]);
}

Test(check_read, what_a_lane_has_dropped_is_told_before_what_others_have_meanwhile)
{
	lane_tape(0, 1);
	interface("eth0");
	dropped(0, 100, "a", 3);
	packet(0, 150, "b");
	dropped(0, 400, "e", 9);
	dropped(0, 500, "f", 2);
	close_interface(0, 4);
	end_file();
	lane_tape(1, 1);
	interface("eth0");
	packet(0, 200, "c");
	packet(0, 300, "d");
	close_interface(0, 2);
	end_file();
	expect(" drop(0,3) 0:a 0:b drop(0,9) 1:c 1:d 0:e 0:f+2 end");
}

static void close_lossy(uint32_t id, unsigned written, unsigned ring, unsigned writer)
{
	char ledger[96];

	snprintf(ledger, sizeof(ledger), "seen=%u\nwritten=%u\nlost.ring=%u\nlost.writer=%u\n",
	         written + ring + writer, written, ring, writer);
	build_block(&build, WT_PCAPNG_ISB);
	build_u32(&build, id);
	build_u64(&build, 0);
	build_option_text(&build, WT_OPT_LOCAL_LEDGER, ledger);
	build_block_end(&build);
}

Test(check_read, what_a_lane_has_lost_at_its_end_is_told_there)
{
	lane_tape(0, 1);
	interface("eth0");
	packet(0, 100, "a");
	close_lossy(0, 1, 9, 0); /* told by the next file's first packet, if at all */
	end_file();
	lane_tape(0, 2);
	interface("eth0");
	dropped(0, 200, "b", 3);
	close_lossy(0, 1, 7, 2);
	end_file();
	lane_tape(1, 1);
	interface("eth0");
	packet(0, 300, "c");
	close_lossy(0, 1, 0, 0);
	end_file();
	expect("0:a drop(0,3) 0:b drop(0,4) lost(0,2) 1:c end");
}

Test(check_read, the_end_of_what_has_no_lanes_explains_nothing)
{
	tape(1);
	interface("eth0");
	packet(0, 100, "a");
	close_lossy(0, 1, 9, 3);
	end_file();
	expect("0:a end");
}

Test(check_read, the_lane_that_comes_first_is_the_interface)
{
	lane_tape(1, 1);
	interface("eth0");
	interface("eth1");
	packet(1, 100, "a");
	packet(0, 200, "b");
	close_interface(0, 1);
	close_interface(1, 1);
	end_file();
	lane_tape(0, 1);
	interface("eth0");
	interface("eth1");
	packet(0, 300, "c");
	packet(1, 400, "d");
	close_interface(0, 1);
	close_interface(1, 1);
	end_file();
	expect("0:a 1:b 2:c 3:d end");
	cr_expect(eq(int, strcmp(names[0], "eth1"), 0), "%s", names[0]);
	cr_expect(eq(int, strcmp(names[2], "lane of 1"), 0), "%s", names[2]);
	cr_expect(eq(int, strcmp(names[3], "lane of 0"), 0), "%s", names[3]);
}

Test(check_read, where_a_lane_ends_before_others_is_a_break_in_it)
{
	lane_tape(0, 1);
	interface("eth0");
	packet(0, 100, "a");
	packet(0, 300, "c");
	close_interface(0, 2);
	end_file();
	lane_tape(1, 1);
	interface("eth0");
	packet(0, 200, "b");
	close_interface(0, 1);
	end_file();
	files[1].missing_after = 1;
	expect("0:a 1:b break(1) 0:c end");
}

Test(check_read, without_a_lane_the_losses_of_its_interfaces_are_not_known)
{
	lane_tape(0, 1);
	interface("eth0");
	packet(0, 100, "a");
	close_interface(0, 1);
	end_file();
	files[0].lacks_lane = true;
	expect("0:a end");
	cr_expect(eq(int, strcmp(names[0], "eth0?"), 0), "%s", names[0]);
}

/* What is left of the first is less than a sixteenth of it when the second begins. */
Test(check_read, a_lane_does_not_wait_until_another_is_over)
{
	enum { PACKETS = 300, BEHIND = 298 };
	char words[sizeof(told)] = "";

	lane_tape(0, 1);
	interface("eth0");
	for (unsigned i = 1; i <= PACKETS; i++)
		packet(0, i, "a");
	end_file();
	lane_tape(1, 1);
	interface("eth0");
	packet(0, BEHIND, "b");
	end_file();
	for (unsigned i = 1; i <= PACKETS; i++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "0:a %s",
		         i == BEHIND ? "1:b " : "");
	strcat(words, "end");
	expect(words);
}

Test(check_read, drops_in_a_file_without_a_ledger_are_no_evidence)
{
	foreign("eth0");
	dropped(0, 100, "a", 5);
	end_file();
	expect("0:a end");
}

Test(check_read, a_file_that_is_missing_is_a_break)
{
	tape(1);
	interface("eth0");
	packet(0, 100, "a");
	close_interface(0, 1);
	end_file();
	tape(3);
	interface("eth0");
	packet(0, 300, "c");
	close_interface(0, 1);
	end_file();
	expect("0:a break(0) 0:c end");
}

Test(check_read, a_file_that_was_not_closed_is_a_break)
{
	tape(1);
	interface("eth0");
	packet(0, 100, "a");
	end_file();
	tape(2);
	interface("eth0");
	packet(0, 300, "c");
	close_interface(0, 1);
	end_file();
	expect("0:a break(0) 0:c end");
	cr_expect(files[0].books.not_closed && !files[1].books.not_closed);
}

Test(check_read, what_is_between_packets_is_told_there)
{
	tape(1);
	interface("eth0");
	packet(0, 100, "a");
	text_block(WT_PCAPNG_NIC_LOOK, "interface=0\nlook_ns=150\n");
	packet(0, 200, "b");
	text_block(WT_PCAPNG_NIC_LOOK, "interface=0\nlook_ns=250\naway=gone\nfrom=-1\nto=2\n");
	packet(0, 260, "d");
	text_block(WT_PCAPNG_GAP, "what=hole\npackets=7\nbytes=4096\n");
	text_block(WT_PCAPNG_GAP, "what=continued\npackets=0\nbytes=4096\n");
	packet(0, 300, "c");
	text_block(WT_PCAPNG_GAP, "what=not_closed\npackets=7\nbytes=4096\n");
	end_file();
	expect("0:a nic(0,150) 0:b break(0,-1,2,gone) 0:d lost(0,7) 0:c break(0) end");
}

Test(check_read, a_broken_file_ends_and_the_others_go_on)
{
	foreign("eth0");
	packet(0, 100, "a");
	packet(0, 200, "b");
	build.length -= 8;
	end_file();
	foreign("eth0");
	packet(0, 300, "c");
	end_file();
	expect("0:a 0:c end");
	cr_expect(eq(int, files[0].books.result, -ENODATA));
	cr_expect(eq(int, files[1].books.result, 0));
}

Test(check_read, sections_of_a_file_are_one_after_the_other)
{
	foreign("eth0");
	packet(0, 300, "a");
	foreign("eth0");
	packet(0, 100, "b");
	end_file();
	expect("0:a 0:b end");
}

Test(check_read, a_packet_without_a_stamp_comes_after_the_one_before)
{
	foreign("eth0");
	packet(0, 100, "a");
	build_block(&build, WT_PCAPNG_SPB);
	build_u32(&build, 1);
	build_padded(&build, "b", 1);
	build_block_end(&build);
	packet(0, 300, "d");
	end_file();
	foreign("eth1");
	packet(0, 200, "c");
	end_file();
	expect("0:a 0:b 1:c 0:d end");
	cr_expect(eq(u64, files[0].books.unstamped, 1));
}

/* The next file of a ring of files may begin a little before the one before has ended. */
Test(check_read, a_few_packets_that_overlap_make_no_other_interface)
{
	char words[512] = "";

	foreign("eth0");
	for (int i = 0; i < 60; i++) {
		packet(0, 100 + 10 * (uint64_t)i, "a");
		strcat(words, i ? " 0:a" : "0:a");
	}
	end_file();
	foreign("eth0");
	packet(0, 685, "b");
	packet(0, 695, "c");
	end_file();
	strcat(words, " 0:b 0:c end");
	expect(words);
}
