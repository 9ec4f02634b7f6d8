/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/memory_sink.h"
#include "support/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/recorder/recorder.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_decode.h>

/* The whole recorder over simulated interfaces, into memory, judged by the decoder. */

enum { MOST_INTERFACES = 3 };

static struct wt_reader_config interfaces[MOST_INTERFACES];
static struct wt_recorder_config config;
static struct wt_recorder *recorder;
static struct wt_recorder_report report;
static struct wt_recorder_output output;
static size_t room_on_disk;
static struct wt_sink *sink; /* the recorder's */
static struct wt_error err;

/* What the file says. */
static struct {
	uint64_t packets[MOST_INTERFACES];
	uint64_t bytes;
	uint32_t interfaces;
	unsigned statistics;
	uint32_t in_place;   /* chunks */
	uint32_t single;     /* others, with one packet */
	uint32_t disordered; /* packets with an earlier stamp than the one before */
	int64_t last_ns;
	struct wt_pcapng_item_statistics last[MOST_INTERFACES];
	char ledger[MOST_INTERFACES][1024];
} file;

static int open_memory(void *context, const char *path, const struct wt_sink_config *sink_config,
                       struct wt_sink **opened, struct wt_error *error)
{
	int rc = memory_sink_open(opened, room_on_disk, sink_config);

	(void)context;
	(void)path;
	(void)error;
	sink = *opened;
	return rc;
}

static void set_up(void)
{
	output = (struct wt_recorder_output){.open = open_memory};
	room_on_disk = 0;
	config = (struct wt_recorder_config){.interfaces = interfaces, .application = "test"};
}

static void tear_down(void)
{
	wt_recorder_close(recorder);
}

TestSuite(recorder, .init = set_up, .fini = tear_down);

static void add_interface(const char *name, uint64_t ring_bytes)
{
	interfaces[config.interface_count++] = (struct wt_reader_config){
	        .kind = WT_READER_SIM, .interface = name, .ring_bytes = ring_bytes};
}

static void look_at_chunk(const uint8_t *bytes, size_t length, uint64_t offset)
{
	struct wt_chunk_index index;

	if (!wt_chunk_parse(bytes, length, offset, false, &index))
		return;
	cr_expect(wt_chunk_is_whole(bytes, length, false, &index), "at %llu",
	          (unsigned long long)offset);
	file.in_place += (index.flags & WT_CHUNK_IN_PLACE) != 0;
	file.single += !(index.flags & WT_CHUNK_IN_PLACE) && index.packets == 1;
}

static void look_at(const struct wt_pcapng_item *item)
{
	uint32_t id;

	switch (item->kind) {
	case WT_ITEM_INTERFACE:
		file.interfaces++;
		break;
	case WT_ITEM_PACKET:
		cr_assert(item->packet.interface_id < file.interfaces);
		file.packets[item->packet.interface_id]++;
		file.disordered += item->packet.frame.stamp_ns < file.last_ns;
		file.last_ns = item->packet.frame.stamp_ns;
		break;
	case WT_ITEM_STATISTICS:
		id = item->statistics.interface_id;
		cr_assert(id < file.interfaces);
		file.statistics++;
		file.last[id] = item->statistics;
		cr_assert(item->statistics.ledger.length < sizeof(file.ledger[id]));
		memcpy(file.ledger[id], item->statistics.ledger.chars,
		       item->statistics.ledger.length);
		break;
	default:
		break;
	}
}

/* Every block of the file, to its last byte. */
static void decode(void)
{
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	size_t length, at = 0;
	const uint8_t *bytes = memory_sink_bytes(sink, &length);
	int rc;

	wt_pcapng_decoder_init(&decoder);
	while ((rc = wt_pcapng_decode(&decoder, bytes + at, length - at, true, &item, &err)) == 1) {
		look_at(&item);
		if (item.kind == WT_ITEM_OTHER)
			look_at_chunk(bytes + at, length - at, at);
		at += item.bytes;
	}
	cr_assert(eq(int, rc, 0), "at %zu of %zu: %s", at, length, err.text);
	cr_assert(eq(sz, at, length));
	file.bytes = length;
	wt_pcapng_decoder_fini(&decoder);
}

static int record(size_t room)
{
	int rc;

	cr_assert(eq(int, wt_recorder_open(&recorder, &config, &err), 0), "%s", err.text);
	room_on_disk = room;
	rc = wt_recorder_run(recorder, &output, &err);
	wt_recorder_report(recorder, &report);
	decode();
	return rc;
}

static void expect_closed(void)
{
	for (size_t i = 0; i < report.interface_count; i++) {
		const struct wt_ledger *ledger = &report.interfaces[i].ledger;

		cr_expect(eq(i64, ledger->unattributed, 0), "interface %zu", i);
		cr_expect(eq(u64, ledger->waiting, 0), "interface %zu", i);
		cr_expect(eq(u64, ledger->seen, ledger->written + wt_ledger_lost(ledger)),
		          "interface %zu", i);
		cr_expect(eq(u64, file.packets[i], ledger->written), "interface %zu", i);
	}
	cr_expect(eq(u64, report.file_bytes, file.bytes));
}

/* The ledger at the end of the file is the one that was reported. */
static void expect_ledger_in_file(size_t i)
{
	char text[1024];

	wt_ledger_text(&report.interfaces[i].ledger, text, sizeof(text));
	cr_expect(eq(int, strcmp(file.ledger[i], text), 0), "file:\n%sreport:\n%s", file.ledger[i],
	          text);
	cr_expect(eq(u64, file.last[i].usrdeliv.value, file.packets[i]));
	cr_expect(eq(u64, file.last[i].osdrop.value, report.interfaces[i].ledger.lost.ring));
	cr_expect(eq(u64, file.last[i].ifrecv.value, report.interfaces[i].ledger.seen));
}

Test(recorder, records_everything_until_its_source_ends)
{
	add_interface("sim:count=5000,pps=max", 0);
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(int, (int)report.end, WT_END_SOURCE));
	cr_expect(eq(u64, report.total.seen, 5000));
	cr_expect(eq(u64, report.total.written, 5000));
	cr_expect(eq(u64, report.total.stamps.by_source[WT_STAMP_SOFTWARE], 5000));
	expect_closed();
	expect_ledger_in_file(0);
}

Test(recorder, losses_in_the_ring_are_in_the_ledger_to_the_frame)
{
	add_interface("sim:count=300000,pps=max,size=60", 32768);
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(u64, report.total.seen, 300000));
	expect_closed();
	expect_ledger_in_file(0);
}

/* 52 slots of 1256 bytes leave nothing at the end of a block: there is no room for what comes
 * after a packet in the file, and the last one is copied into a chunk of its own. */
Test(recorder, frames_that_cannot_stay_in_place_are_copied_behind_it)
{
	add_interface("sim:count=4000,pps=max,size=1172", 8 * 65536);
	output.layout = WT_PLACEMENT_INPLACE;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(u64, report.total.written + report.total.lost.ring, 4000));
	cr_expect(file.in_place >= 2, "%u", file.in_place);
	cr_expect(file.single >= 2, "%u", file.single);
	cr_expect(eq(u32, file.disordered, 0));
	expect_closed();
	expect_ledger_in_file(0);
}

Test(recorder, slots_are_recorded_like_blocks)
{
	add_interface("sim:count=100000,pps=max,layout=v2", 65536);
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(u64, report.total.seen, 100000));
	expect_closed();
	expect_ledger_in_file(0);
}

Test(recorder, cut_frames_are_counted)
{
	add_interface("sim:count=100,pps=max,size=500", 0);
	interfaces[0].snaplen = 96;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(u64, report.total.truncated, 100));
	expect_closed();
}

Test(recorder, rejected_frames_are_neither_seen_nor_lost)
{
	add_interface("sim:count=3000,pps=max,size=60", 1 << 20);
	interfaces[0].filter = "greater 100";
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(u64, report.total.seen, 0));
	expect_closed();
}

Test(recorder, several_interfaces_go_into_one_file)
{
	add_interface("sim:count=3000,pps=max", 1 << 20);
	add_interface("sim:count=1000,pps=max,layout=v2", 1 << 20);
	add_interface("sim:count=1,pps=max", 1 << 20);
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(u32, file.interfaces, 3));
	cr_expect(eq(u64, report.interfaces[0].ledger.seen, 3000));
	cr_expect(eq(u64, report.interfaces[1].ledger.seen, 1000));
	cr_expect(eq(u64, report.interfaces[2].ledger.seen, 1));
	cr_expect(eq(u64, report.total.seen, 4001));
	expect_closed();
	for (size_t i = 0; i < 3; i++)
		expect_ledger_in_file(i);
}

Test(recorder, limit_of_packets_is_met_to_the_packet)
{
	add_interface("sim:pps=max", 0);
	config.max_packets = 1234;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(int, (int)report.end, WT_END_PACKETS));
	cr_expect(eq(u64, report.total.written, 1234));
	cr_expect(report.total.excluded.after_limit > 0);
	expect_closed();
	expect_ledger_in_file(0);
}

Test(recorder, limit_of_packets_counts_all_interfaces)
{
	add_interface("sim:pps=max", 1 << 20);
	add_interface("sim:pps=max", 1 << 20);
	config.max_packets = 5001;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(u64, file.packets[0] + file.packets[1], 5001));
	expect_closed();
}

Test(recorder, limit_of_bytes_is_passed_by_the_closing_blocks_alone)
{
	/* The closing blocks' chunk, and what the last but one is padded with. */
	enum { LIMIT = 100000, MOST_A_PACKET = 28 + 200 + 80, CLOSING = 2 * 4096 };

	add_interface("sim:pps=max,size=200", 0);
	config.max_bytes = LIMIT;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(int, (int)report.end, WT_END_BYTES));
	cr_expect(file.bytes > LIMIT - MOST_A_PACKET, "%zu", (size_t)file.bytes);
	cr_expect(file.bytes <= LIMIT + CLOSING, "%zu", (size_t)file.bytes);
	expect_closed();
	expect_ledger_in_file(0);
}

Test(recorder, limit_of_bytes_lets_in_the_first_packet_however_large)
{
	add_interface("sim:pps=max,size=200", 0);
	config.max_bytes = 1;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(int, (int)report.end, WT_END_BYTES));
	cr_expect(eq(u64, report.total.written, 1));
	expect_closed();
}

Test(recorder, limit_of_time_ends_it)
{
	add_interface("sim", 0);
	config.max_duration_ns = 50000000;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(eq(int, (int)report.end, WT_END_DURATION));
	cr_expect(report.elapsed_ns >= 50000000);
	cr_expect(report.total.written > 0);
	expect_closed();
	expect_ledger_in_file(0);
}

Test(recorder, full_disk_ends_the_file_on_a_block_and_the_rest_is_the_writers_loss)
{
	/* Around the size of the sink's buffer and in all positions within a block. */
	for (size_t room = 1500000; room < 1500000 + 4 * 70; room += 4 * 7) {
		config.interface_count = 0;
		memset(&file, 0, sizeof(file));
		add_interface("sim:count=100000,pps=max", 0);
		cr_expect(eq(int, record(room), -ENOSPC), "room %zu", room);
		cr_expect(eq(int, (int)report.end, WT_END_WRITER));
		cr_expect(report.total.written > 0 && report.total.written < 100000);
		cr_expect(report.total.lost.writer > 0);
		cr_expect(file.bytes <= room);
		expect_closed();
		wt_recorder_close(recorder);
	}
	recorder = NULL;
}

Test(recorder, disk_that_is_full_at_once_leaves_no_half_block)
{
	add_interface("sim:count=1000,pps=max", 0);
	cr_assert(eq(int, wt_recorder_open(&recorder, &config, &err), 0), "%s", err.text);
	room_on_disk = 100;
	cr_expect(eq(int, wt_recorder_run(recorder, &output, &err), -ENOSPC));
}

Test(recorder, disk_that_is_full_at_the_closing_blocks_loses_no_packet)
{
	size_t whole;

	add_interface("sim:count=1000,pps=max", 0);
	cr_assert(eq(int, record(0), 0), "%s", err.text);
	memory_sink_bytes(sink, &whole);
	tear_down();
	memset(&file, 0, sizeof(file));
	cr_expect(eq(int, record(whole - 40), -ENOSPC));
	cr_expect(eq(u64, report.total.written, 1000));
	cr_expect(eq(u64, report.total.lost.writer, 0));
	expect_closed();
}

static void count_progress(void *context, const struct wt_recorder_report *progress,
                           bool report_requested)
{
	unsigned *calls = context;

	cr_expect(eq(u64, progress->total.seen,
	             progress->total.written + wt_ledger_lost(&progress->total)));
	calls[report_requested]++;
}

Test(recorder, progress_is_told_when_due_and_when_asked)
{
	unsigned calls[2] = {0};

	add_interface("sim", 0);
	config.max_duration_ns = 60000000;
	config.progress_every_ns = 10000000;
	config.on_progress = count_progress;
	config.context = calls;
	cr_assert(eq(int, wt_recorder_open(&recorder, &config, &err), 0), "%s", err.text);
	wt_recorder_request_report(recorder);
	cr_expect(eq(int, wt_recorder_run(recorder, &output, &err), 0), "%s", err.text);
	cr_expect(calls[0] >= 1 && calls[0] <= 6, "%u", calls[0]);
	cr_expect(eq(uint, calls[1], 1));
}

/* In a loop of one's own: a step whenever the descriptor says so. Returns how often it slept. */
static unsigned record_in_steps(void)
{
	struct pollfd wait = {.events = POLLIN};
	unsigned sleeps = 0;

	cr_assert(eq(int, wt_recorder_open(&recorder, &config, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_recorder_begin(recorder, &output, &err), 0), "%s", err.text);
	wait.fd = wt_recorder_fd(recorder);
	cr_assert(ge(int, wait.fd, 0));
	cr_expect(eq(int, wt_recorder_fd(recorder), wait.fd));
	while (!wt_recorder_has_ended(recorder)) {
		if (wt_recorder_step(recorder) || wt_recorder_has_ended(recorder))
			continue;
		cr_assert(eq(int, poll(&wait, 1, 10000), 1), "nothing has woken it");
		sleeps++;
	}
	wt_recorder_report(recorder, &report);
	decode();
	return sleeps;
}

Test(recorder, it_records_in_steps)
{
	add_interface("sim:count=5000,pps=100000", 1 << 20);
	add_interface("sim:count=500,pps=10000,layout=v2", 1 << 20);
	record_in_steps();
	cr_expect(eq(int, wt_recorder_result(recorder, &err), 0), "%s", err.text);
	cr_expect(eq(u64, report.total.seen, 5500));
	expect_closed();
	cr_expect(not(wt_recorder_step(recorder)));
}

Test(recorder, its_descriptor_tells_the_time)
{
	unsigned calls[2] = {0}, sleeps;

	add_interface("sim:pps=1", 1 << 18);
	config.max_duration_ns = 105000000;
	config.progress_every_ns = 20000000;
	config.on_progress = count_progress;
	config.context = calls;
	sleeps = record_in_steps();
	cr_expect(eq(int, (int)report.end, WT_END_DURATION));
	cr_expect(calls[0] >= 1 && calls[0] <= 5, "%u", calls[0]);
	cr_expect(sleeps >= calls[0] && sleeps < 50, "%u", sleeps);
	expect_closed();
}

static void stop_when_asked(void *context, const struct wt_recorder_report *progress,
                            bool report_requested)
{
	(void)context;
	(void)progress;
	cr_expect(report_requested);
	wt_recorder_stop(recorder);
}

static int ask(void *context)
{
	(void)context;
	wt_recorder_request_report(recorder);
	return 0;
}

Test(recorder, its_descriptor_tells_of_what_others_ask)
{
	add_interface("sim:pps=1", 1 << 18);
	config.on_begin = ask;
	config.on_progress = stop_when_asked;
	record_in_steps();
	cr_expect(eq(int, (int)report.end, WT_END_ASKED));
	expect_closed();
}

Test(recorder, statistics_come_at_intervals_and_at_the_end)
{
	add_interface("sim", 0);
	config.max_duration_ns = 60000000;
	config.statistics_every_ns = 10000000;
	cr_expect(eq(int, record(0), 0), "%s", err.text);
	cr_expect(file.statistics >= 2 && file.statistics <= 7, "%u", file.statistics);
	expect_closed();
}

Test(recorder, stop_before_the_start_records_nothing_or_little_and_closes)
{
	add_interface("sim:pps=max", 1 << 20);
	cr_assert(eq(int, wt_recorder_open(&recorder, &config, &err), 0), "%s", err.text);
	wt_recorder_stop(recorder);
	cr_expect(eq(int, wt_recorder_run(recorder, &output, &err), 0), "%s", err.text);
	wt_recorder_report(recorder, &report);
	decode();
	cr_expect(eq(int, (int)report.end, WT_END_ASKED));
	expect_closed();
}

Test(recorder, interface_that_cannot_be_opened_is_an_error_and_costs_no_file)
{
	add_interface("sim", 0);
	add_interface("other", 0);
	cr_expect(eq(int, wt_recorder_open(&recorder, &config, &err), -ENODEV));
	cr_expect(strstr(err.text, "other") != NULL, "%s", err.text);
	recorder = NULL;
}
