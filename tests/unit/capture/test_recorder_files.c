/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/recording.h"
#include "support/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/writer/files/file_set_private.h>

/* The files of one recording, over a disk that fails or is late. */

static struct recording recording;
static unsigned opens;
static unsigned fail_open_nth;
static char events[4096];

static void set_up(void)
{
	recording_init(&recording, RECORDING_IN_MEMORY);
	recording.disk = fault_disk_open();
	cr_assert(recording.disk != NULL);
	/* Room ahead would be memory here. */
	recording.direct = WT_DIRECT_OFF;
	opens = fail_open_nth = 0;
	events[0] = '\0';
}

static void tear_down(void)
{
	recording_fini(&recording);
}

TestSuite(recorder_files, .init = set_up, .fini = tear_down);

static void again(void)
{
	tear_down();
	set_up();
}

static const enum wt_placement layouts[] = {WT_PLACEMENT_INPLACE, WT_PLACEMENT_COMPACT,
                                            WT_PLACEMENT_AUTO};
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static int open_or_fail(void *context, const char *path, const struct wt_sink_config *config,
                        struct wt_sink **sink, struct wt_error *err)
{
	(void)context;
	if (++opens == fail_open_nth)
		return wt_error_set(err, -EMFILE, "no file today");
	return wt_sink_file_open(sink, path, recording.disk, recording.direct, false, config, err);
}

static void keep_event(void *context, const char *text)
{
	size_t used = strlen(events);

	(void)context;
	snprintf(events + used, sizeof(events) - used, "%s\n", text);
}

static void rotate_at(uint64_t packets, uint64_t bytes)
{
	const struct wt_file_set_config config = {
	        .path = recording.path, .max_packets = packets, .max_bytes = bytes};

	cr_assert(eq(int, wt_file_set_open(&recording.output.files, &config, &recording.err), 0),
	          "%s", recording.err.text);
	recording.output.open = open_or_fail;
	recording.config.on_event = keep_event;
}

/* What all files together say. */
static struct {
	size_t files, finished;
	uint64_t bytes, largest;
	uint64_t packets[FILE_CHECK_INTERFACES];
	uint64_t written, lost_ring, seen; /* by their ledgers */
	uint64_t next;                     /* sequence number */
	uint64_t each[1024];               /* packets of each file */
	const char *wrong;
	char text[900];
} found;

static void follow(void *context, const struct wt_pcapng_item *item)
{
	uint64_t sequence = file_check_sequence(item);

	(void)context;
	if (item->packet.interface_id)
		return;
	if (sequence < found.next)
		found.wrong = "a packet comes twice or late";
	found.next = sequence + 1;
}

static void add_file(const struct wt_file_set_entry *entry)
{
	struct file_check check = {.on_packet = follow};

	if (access(entry->path, F_OK)) {
		if (entry->packets)
			found.wrong = "a file with packets is not there";
		return;
	}
	if (file_check_path(&check, entry->path)) {
		snprintf(found.text, sizeof(found.text), "%s: %s", entry->path, check.why);
		found.wrong = found.text;
		return;
	}
	if (check.all_packets != entry->packets || check.bytes != entry->bytes) {
		snprintf(found.text, sizeof(found.text),
		         "%s has %" PRIu64 " packets and %" PRIu64 " bytes, the set says %" PRIu64
		         " and %" PRIu64,
		         entry->path, check.all_packets, check.bytes, entry->packets, entry->bytes);
		found.wrong = found.text;
	}
	if (!check.bytes && !entry->finished)
		return; /* a name that was taken for a file that never began */
	found.each[found.files % 1024] = check.all_packets;
	found.files++;
	found.finished += entry->finished;
	found.bytes += check.bytes;
	if (check.bytes > found.largest)
		found.largest = check.bytes;
	for (size_t i = 0; i < FILE_CHECK_INTERFACES; i++) {
		found.packets[i] += check.packets[i];
		if (!check.ledger[i][0])
			continue;
		found.written += file_check_ledger(&check, i, "written");
		found.lost_ring += file_check_ledger(&check, i, "lost.ring");
		found.seen += file_check_ledger(&check, i, "seen");
	}
}

/* The ledgers close and the files have, together, what was written. */
static void expect_good(const char *what, unsigned number)
{
	const struct wt_file_set_entry *files;
	size_t count = wt_file_set_files(recording.output.files, &files);
	const char *wrong = recording_judge_ledgers(&recording);

	memset(&found, 0, sizeof(found));
	for (size_t i = 0; i < count && !found.wrong; i++)
		add_file(&files[i]);
	for (size_t i = 0; i < recording.config.interface_count && !found.wrong; i++)
		if (found.packets[i] != recording.ledgers[i].written) {
			snprintf(found.text, sizeof(found.text),
			         "the files have %" PRIu64 " packets of interface %zu, %" PRIu64
			         " were written",
			         found.packets[i], i, recording.ledgers[i].written);
			found.wrong = found.text;
		}
	if (!found.wrong && found.bytes != recording.report.file_bytes)
		found.wrong = "the files' bytes are not what was reported";
	wrong = wrong ? wrong : found.wrong;
	cr_expect(wrong == NULL, "layout %d, %s %u: %s", (int)recording.output.layout, what, number,
	          wrong);
}

/* The ledgers at the ends of the files add up to the whole. */
static void expect_sums(void)
{
	cr_expect(eq(u64, found.written, recording.report.total.written));
	cr_expect(eq(u64, found.seen, recording.report.total.seen));
	cr_expect(eq(u64, found.lost_ring, recording.report.total.lost.ring));
	cr_expect(eq(sz, found.finished, found.files));
}

static void expect_each(uint64_t packets)
{
	for (size_t i = 0; i + 1 < found.files; i++)
		cr_expect(eq(u64, found.each[i], packets), "layout %d, file %zu",
		          (int)recording.output.layout, i);
}

Test(recorder_files, limit_of_packets_is_met_in_every_file)
{
	static const uint64_t limits[] = {1, 7, 64, 65, 1000};

	for (int i = 0; i < LAYOUTS; i++) {
		for (size_t j = 0; j < sizeof(limits) / sizeof(limits[0]); j++, again()) {
			unsigned count = limits[j] < 64 ? 150 : 5000;
			char name[64];

			snprintf(name, sizeof(name), "sim:count=%u,pps=max,size=%d", count,
			         i == 2 ? 60 : 600);
			recording_add(&recording, name, 1 << 23);
			recording.output.layout = layouts[i];
			rotate_at(limits[j], 0);
			cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
			expect_good("packets", (unsigned)limits[j]);
			expect_sums();
			expect_each(limits[j]);
			cr_expect(eq(u64, recording.report.total.written, count));
			cr_expect(eq(sz, found.files, (count + limits[j] - 1) / limits[j]));
		}
	}
}

Test(recorder_files, ledgers_of_files_add_up_with_losses)
{
	for (int i = 0; i < LAYOUTS; i++, again()) {
		recording_add(&recording, "sim:count=60000,pps=max,size=60", 1 << 18);
		recording_add(&recording, "sim:count=60000,pps=max,size=300,layout=v2", 1 << 18);
		recording.output.layout = layouts[i];
		rotate_at(200, 0);
		cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
		expect_good("losses", 0);
		expect_sums();
		cr_expect(recording.report.total.lost.ring > 0);
	}
}

/* What may stand beyond the limit: the padding of the last chunk, and the closing blocks' chunk. */
enum { CLOSING_BYTES = 3 * 4096 };

Test(recorder_files, limit_of_bytes_is_exceeded_by_closing_blocks_alone)
{
	static const uint64_t limits[] = {65536,        69000,         80000,       100000,
	                                  36864 + 4000, 122880 + 3500, 36864 + 4092};

	for (int i = 0; i < LAYOUTS; i++) {
		for (size_t j = 0; j < sizeof(limits) / sizeof(limits[0]); j++, again()) {
			recording_add(&recording, "sim:count=2500,pps=max,size=220", 1 << 20);
			recording_add(&recording, "sim:count=1000,pps=max,size=1000,layout=v2",
			              1 << 23);
			recording.config.interface_count = 1 + j % 2;
			/* Blocks that are not full. */
			recording.interfaces[0].retire_timeout_ms = 1;
			recording.output.layout = layouts[i];
			rotate_at(0, limits[j]);
			cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
			expect_good("bytes", (unsigned)limits[j]);
			expect_sums();
			cr_expect(found.largest <= limits[j] + CLOSING_BYTES,
			          "layout %d: %" PRIu64 " of %" PRIu64, (int)layouts[i],
			          found.largest, limits[j]);
			cr_expect(found.files > 3);
		}
	}
}

Test(recorder_files, statistics_in_between_do_not_make_a_full_file_grow)
{
	for (int i = 0; i < LAYOUTS; i++, again()) {
		recording_add(&recording, "sim:pps=2000,size=600", 1 << 18);
		recording.output.layout = layouts[i];
		recording.config.statistics_every_ns = 2000000;
		recording.config.max_packets = 600;
		rotate_at(0, 50000);
		cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
		expect_good("statistics", 0);
		cr_expect(found.largest <= 50000 + CLOSING_BYTES, "%" PRIu64, found.largest);
		cr_expect(eq(u64, found.written, 600));
	}
}

Test(recorder_files, next_file_that_cannot_be_opened_ends_it_cleanly)
{
	for (int i = 0; i < LAYOUTS; i++, again()) {
		recording_add(&recording, "sim:count=5000,pps=max,size=600", 1 << 23);
		recording_add(&recording, "sim:count=500,pps=max,size=60,layout=v2", 1 << 20);
		recording.output.layout = layouts[i];
		rotate_at(100, 0);
		fail_open_nth = 3;
		cr_expect(eq(int, recording_run(&recording), -EMFILE));
		cr_expect(eq(int, (int)recording.report.end, WT_END_FAILURE));
		cr_expect(strstr(recording.err.text, "no file today") != NULL, "%s",
		          recording.err.text);
		expect_good("open", 3);
		cr_expect(eq(sz, found.files, 2));
		cr_expect(eq(sz, found.finished, 2));
		expect_each(100);
		cr_expect(eq(u64, recording.report.total.written, 200));
		cr_expect(eq(u64,
		             recording.report.total.lost.writer + 200 +
		                     recording.report.total.lost.ring,
		             recording.report.total.seen));
	}
}

static void record_rotating(enum wt_placement layout, uint32_t seed)
{
	recording_add(&recording, "sim:count=1200,pps=max,size=600", 1 << 21);
	recording.output.layout = layout;
	rotate_at(250, 0);
	fault_disk_shuffle(recording.disk, seed);
}

/* Among them headers, chunks in the middle, and last ones while the next file is written. */
static void fail_each_write(int error, bool from)
{
	for (int i = 0; i < LAYOUTS; i++) {
		unsigned writes = 1;

		for (unsigned nth = 1; nth <= writes; nth++, again()) {
			record_rotating(layouts[i], nth % 4);
			if (from)
				fault_disk_fail_from(recording.disk, nth, error);
			else
				fault_disk_fail_write(recording.disk, nth, error);
			recording_run(&recording);
			expect_good("failing write", nth);
			if (fault_disk_counts(recording.disk).writes < nth)
				continue;
			cr_expect(eq(int, recording.result, error), "layout %d, write %u: %s",
			          (int)layouts[i], nth, recording.err.text);
			writes = nth + 1;
		}
	}
}

Test(recorder_files, failing_write_is_told_and_costs_what_was_behind_it)
{
	fail_each_write(-EIO, false);
}

Test(recorder_files, disk_that_stays_full_leaves_whole_files)
{
	fail_each_write(-ENOSPC, true);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* The first file's last chunk fails, while the second one is written. */
Test(recorder_files, file_that_fails_in_the_background_keeps_its_work_name)
{
	const struct wt_file_set_entry *files;
	size_t count;

	record_rotating(WT_PLACEMENT_COMPACT, 0);
	fault_disk_fail_write(recording.disk, 2, -EIO);
	cr_expect(eq(int, recording_run(&recording), -EIO));
	cr_expect(strstr(recording.err.text, "cannot write any more") != NULL, "%s",
	          recording.err.text);
	expect_good("background", 2);
	count = wt_file_set_files(recording.output.files, &files);
	cr_assert(ge(sz, count, 1));
	cr_expect(not(files[0].finished));
	cr_expect(ends_with(files[0].path, ".part"), "%s", files[0].path);
}

Test(recorder_files, file_that_was_written_to_its_end_after_an_earlier_one_failed_is_finished)
{
	const struct wt_file_set_entry *files;
	size_t count;

	record_rotating(WT_PLACEMENT_COMPACT, 0);
	fault_disk_fail_write(recording.disk, 2, -EIO);
	cr_expect(eq(int, recording_run(&recording), -EIO));
	expect_good("background", 2);
	count = wt_file_set_files(recording.output.files, &files);
	for (size_t i = 1; i < count; i++)
		cr_expect(not(ends_with(files[i].path, ".part")), "%s", files[i].path);
}

/* Nothing ends before the last packets are on their way. */
Test(recorder_files, failure_of_an_earlier_file_at_the_end_is_the_recordings)
{
	recording_add(&recording, "sim:count=400,pps=max,size=600", 1 << 21);
	recording.output.layout = WT_PLACEMENT_COMPACT;
	rotate_at(250, 0);
	fault_disk_hold_between(recording.disk, 2, 5);
	fault_disk_fail_write(recording.disk, 2, -ENOSPC);
	cr_expect(eq(int, recording_run(&recording), -ENOSPC));
	cr_expect(eq(int, (int)recording.report.end, WT_END_WRITER));
	expect_good("at the end", 2);
	cr_expect(eq(u64, recording.report.total.written, 150));
	cr_expect(eq(u64, recording.report.total.lost.writer, 250));
}

enum { BLOCKS_A_FILE = 12, HELD_BEFORE_END = 2 };
static bool held;

static void hold_near_the_end(void *context, const struct wt_recorder_report *report,
                              bool report_requested)
{
	unsigned in_flight = fault_disk_counts(recording.disk).in_flight_most;

	(void)context;
	(void)report_requested;
	if (!held && report->total.written % BLOCKS_A_FILE == BLOCKS_A_FILE - HELD_BEFORE_END)
		fault_disk_hold(recording.disk, held = true);
	/* The thread that makes the next file ready is not late. */
	while (!wt_file_set_is_ready(recording.output.files))
		poll(NULL, 0, 1);
	if (report->fill_pct > 99 ||
	    (report->fill_pct > 75 && in_flight >= WT_SINK_WRITES_MOST - 1))
		fault_disk_hold(recording.disk, false);
}

/* Blocks of one packet, each a write. With the rest of one file, the whole of the second and
 * the third one's header the disk takes nothing more, and the next block has to wait. */
Test(recorder_files, block_waits_for_a_disk_that_is_full_of_other_files_writes)
{
	recording_add(&recording, "sim:count=200,pps=250,size=1400", 40 << 20);
	recording.interfaces[0].retire_timeout_ms = 1;
	recording.output.layout = WT_PLACEMENT_INPLACE;
	recording.config.progress_every_ns = 500000;
	recording.config.on_progress = hold_near_the_end;
	rotate_at(BLOCKS_A_FILE, 0);
	held = false;
	cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
	expect_good("late", 0);
	expect_sums();
	cr_expect(held);
	cr_expect(eq(u64, recording.report.total.lost.writer, 0));
	cr_expect(eq(u64, recording.report.total.seen, 200));
	cr_expect(fault_disk_counts(recording.disk).in_flight_most >= WT_SINK_WRITES_MOST - 1, "%u",
	          fault_disk_counts(recording.disk).in_flight_most);
}

/* With the second file there is too little space: in the middle of what was read. */
static int open_the_last(void *context, const char *path, const struct wt_sink_config *config,
                         struct wt_sink **sink, struct wt_error *err)
{
	if (opens + 1 == 2)
		recording.output.files->config.min_free_bytes = UINT64_MAX;
	return open_or_fail(context, path, config, sink, err);
}

/* Returns how many files there are: the second one is opened ahead, which may be seen before the
 * first one is full. */
static size_t end_for_space(uint64_t packets, uint64_t bytes)
{
	rotate_at(packets, bytes);
	recording.output.open = open_the_last;
	cr_expect(eq(int, recording_run(&recording), 0), "%s", recording.err.text);
	cr_expect(eq(int, (int)recording.report.end, WT_END_SPACE));
	expect_good("space", (unsigned)packets);
	expect_sums();
	return found.files;
}

Test(recorder_files, end_for_want_of_space_leaves_nothing_unwritten)
{
	static const struct {
		uint64_t packets, bytes;
	} limits[] = {{100, 0}, {65, 0}, {0, 100000}};
	size_t most = 0;

	for (int i = 0; i < LAYOUTS; i++)
		for (size_t j = 0; j < sizeof(limits) / sizeof(limits[0]); j++, again()) {
			size_t files;

			recording_add(&recording, "sim:pps=max,size=600", 1 << 23);
			recording_add(&recording, "sim:pps=max,size=60,layout=v2", 1 << 20);
			recording.output.layout = layouts[i];
			files = end_for_space(limits[j].packets, limits[j].bytes);
			most = files > most ? files : most;
		}
	cr_expect(ge(sz, most, 2));
}
