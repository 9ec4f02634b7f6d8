/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/temp.h"
#include "support/unit.h"
#include "support/virtual_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/capture/recorder/clock_notes.h>
#include <wiretape/capture/recorder/tape_blocks.h>
#include <wiretape/capture/recorder/tape_files.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/tape_mark.h>
#include <wiretape/ring/sim_ring.h>
#include <wiretape/stamp/sim_nic.h>
#include <wiretape/writer/sink_private.h>

/* What a tape writer writes besides packets, and when: no packet comes, time is the test's. */
enum { INTERFACES = 2, TEXT = 600 };

static const int64_t s_ns = 1000000000, start_ns = 5000 * s_ns, start_utc_ns = 1790000000 * s_ns;

static struct virtual_time virtual;
static struct wt_recorder_state state;
static struct wt_recorder_output output;
static struct wt_recorder_interface reports[INTERFACES];
static struct wt_tape_writer writer;
static struct wt_recorded recorded[INTERFACES];
static struct wt_ledger file_starts[INTERFACES];
static struct wt_reader readers[INTERFACES];
static struct wt_reader_config interfaces[INTERFACES];
static struct wt_sim_ring *sim;
static char folder[TEMP_BYTES], path[TEMP_BYTES + 16];
static struct wt_error err;

static int open_file(void *context, const char *name, const struct wt_sink_config *config,
                     struct wt_sink **sink, struct wt_error *error)
{
	(void)context;
	(void)name;
	return wt_sink_file_open(sink, path, output.disk, WT_DIRECT_OFF, false, config, error);
}

static void set_up(void)
{
	static const char *const names[INTERFACES] = {"a", "b"};
	const struct wt_sim_config ring = {.block_bytes = 4096, .block_count = 4};

	temp_template_in_memory(folder, "tape_writer");
	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/tape.pcapng", folder);
	cr_assert(zero(int, wt_sim_ring_create(&sim, &ring)));
	for (size_t i = 0; i < INTERFACES; i++) {
		const struct wt_stamp_converter_config clock = {0};

		readers[i].info = (struct wt_reader_info){
		        .name = names[i], .kind = WT_READER_V3, .link_type = 1, .snaplen = 1000};
		readers[i].ring = wt_sim_ring_reader(sim);
		reports[i].reader = &readers[i].info;
		recorded[i] = (struct wt_recorded){.reader = &readers[i],
		                                   .ring = readers[i].ring,
		                                   .report = &reports[i],
		                                   .id = (uint32_t)i};
		cr_assert(zero(int, wt_stamp_converter_open(&recorded[i].converter, &readers[i],
		                                            &clock, &err)));
	}
	output = (struct wt_recorder_output){.open = open_file, .disk = fault_disk_open()};
	state.system = virtual_time_init(&virtual, start_ns, start_utc_ns);
	state.reports = reports;
	state.output = &output;
	state.config.interfaces = interfaces;
	state.config.interface_count = INTERFACES;
	state.config.application = "a test";
	writer.state = &state;
	writer.recorded = recorded;
	writer.file_starts = file_starts;
	writer.flush_due_ns = INT64_MAX;
	cr_assert(zero(int, wt_buffer_pool_init(&writer.pool, WT_RECORDER_BUFFERS, INTERFACES)));
}

static void tear_down(void)
{
	wt_tape_files_abandon(&writer);
	wt_sim_ring_destroy(sim);
	wt_buffer_pool_fini(&writer.pool);
	wt_disk_close(output.disk);
	unlink(path);
	rmdir(folder);
}

TestSuite(tape_writer, .init = set_up, .fini = tear_down);

static void begin(void)
{
	wt_tape_writer_describe_machine(&writer);
	cr_assert(zero(int, wt_tape_files_begin(&writer, &err)), "%s", err.text);
}

static void pass(int64_t ns)
{
	virtual.now_ns += ns;
	wt_recorder_tell_time(&state);
	wt_tape_writer_reap(&writer);
	wt_tape_writer_tend(&writer);
}

/* What the file holds: its texts, the latest statistics, and how much of the rest. */
static struct {
	char application[TEXT], os[TEXT], hardware[TEXT], mark[TEXT];
	struct {
		char name[TEXT], filter[TEXT], description[TEXT], hardware[TEXT], reader[TEXT];
		uint32_t snaplen;
		uint64_t speed_bps;
		bool has_mac;
	} interface[INTERFACES];
	struct wt_pcapng_item_statistics statistics;
	char ledger[2 * TEXT], nic[4 * TEXT];
	unsigned interfaces, statistics_count, degraded, notes[INTERFACES];
} found;

static void keep(char *out, size_t capacity, struct wt_pcapng_item_text text)
{
	snprintf(out, capacity, "%.*s", (int)text.length, text.chars ? text.chars : "");
}

static void keep_interface(const struct wt_pcapng_item_interface *item)
{
	size_t i = found.interfaces++;

	cr_assert(i < INTERFACES);
	keep(found.interface[i].name, TEXT, item->name);
	keep(found.interface[i].filter, TEXT, item->filter);
	keep(found.interface[i].description, TEXT, item->description);
	keep(found.interface[i].hardware, TEXT, item->hardware);
	keep(found.interface[i].reader, TEXT, item->reader);
	found.interface[i].snaplen = item->snaplen;
	found.interface[i].speed_bps = item->speed_bps.value;
	found.interface[i].has_mac = item->has_mac;
}

static void keep_statistics(struct wt_pcapng_item *item)
{
	struct wt_pcapng_option_view option;

	found.statistics = item->statistics;
	found.statistics_count++;
	keep(found.ledger, sizeof(found.ledger), item->statistics.ledger);
	keep(found.nic, sizeof(found.nic), item->statistics.nic);
	while (wt_pcapng_next_option(&item->options, &option, NULL) > 0)
		found.degraded += option.code == WT_OPT_LOCAL_DEGRADED;
}

static void keep_item(struct wt_pcapng_item *item)
{
	struct wt_clock_record note;

	switch (item->kind) {
	case WT_ITEM_SECTION:
		keep(found.application, TEXT, item->section.application);
		keep(found.os, TEXT, item->section.os);
		keep(found.hardware, TEXT, item->section.hardware);
		keep(found.mark, TEXT, item->section.tape);
		break;
	case WT_ITEM_INTERFACE:
		keep_interface(&item->interface);
		break;
	case WT_ITEM_STATISTICS:
		keep_statistics(item);
		break;
	default:
		if (item->block_type == WT_PCAPNG_CLOCK &&
		    wt_clock_record_parse(item->body, item->body_bytes, &note))
			found.notes[note.interface_id]++;
	}
}

/* Write all that there is, and read it. */
static void read_back(void)
{
	struct wt_capture_file *file;
	struct wt_pcapng_item item;
	int rc;

	memset(&found, 0, sizeof(found));
	wt_tape_files_settle(&writer);
	while (!wt_tape_files_advance(&writer))
		wt_tape_writer_reap(&writer);
	cr_assert(zero(int, state.failure));
	cr_assert(zero(int, wt_capture_file_open(&file, path, &err)), "%s", err.text);
	while ((rc = wt_capture_file_next(file, &item, &err)) > 0)
		keep_item(&item);
	cr_expect(zero(int, rc), "%s", err.text);
	wt_capture_file_close(file);
}

static void expect_text(const char *text, const char *expected)
{
	cr_expect(zero(int, strcmp(text, expected)), "'%s', not '%s'", text, expected);
}

static void expect_part(const char *text, const char *part)
{
	cr_expect(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text);
}

Test(tape_writer, header_says_what_has_written_it)
{
	struct wt_tape_mark mark;

	writer.recording_id = 77;
	state.config.lanes = 4;
	state.config.lane = 2;
	begin();
	read_back();
	expect_text(found.application, "a test");
	expect_part(found.os, "Linux ");
	cr_expect(found.hardware[0] != 0);
	cr_assert(wt_tape_mark_parse(found.mark, strlen(found.mark), &mark));
	cr_expect(eq(u64, mark.recording, 77));
	cr_expect(mark.has_recording);
	cr_expect(eq(u32, mark.file, 1));
	cr_expect(eq(u32, mark.lanes, 4));
	cr_expect(eq(u32, mark.lane, 2));
}

Test(tape_writer, header_describes_each_interface)
{
	static struct wt_link link = {
	        .alias = "to the exchange", .driver = "driver", .speed_bps = 10, .has_mac = true};

	readers[0].info.link = &link;
	readers[0].info.ring_bytes = 4096;
	readers[0].info.promiscuous = true;
	interfaces[1].filter = "udp";
	begin();
	read_back();
	cr_expect(eq(uint, found.interfaces, INTERFACES));
	expect_text(found.interface[0].name, "a");
	expect_text(found.interface[0].filter, "");
	expect_text(found.interface[0].description, "to the exchange");
	expect_text(found.interface[0].hardware, "driver");
	expect_part(found.interface[0].reader, " ring_bytes=4096 ");
	expect_part(found.interface[0].reader, " promiscuous=yes offloads=none");
	cr_expect(eq(u64, found.interface[0].speed_bps, 10));
	cr_expect(found.interface[0].has_mac);
	cr_expect(eq(u32, found.interface[0].snaplen, 1000));
	expect_text(found.interface[1].name, "b");
	expect_text(found.interface[1].filter, "udp");
	expect_text(found.interface[1].description, "");
	expect_part(found.interface[1].reader, " promiscuous=no offloads=none");
	cr_expect(eq(int, found.interface[1].has_mac, false));
}

Test(tape_writer, header_says_what_is_no_interface)
{
	readers[0].info.kind = WT_READER_SIM;
	readers[1].info.kind = WT_READER_UDP;
	readers[1].info.rebuilds_headers = true;
	begin();
	read_back();
	expect_text(found.interface[0].description, "simulated interface");
	expect_part(found.interface[1].description, "headers are rebuilt");
	expect_part(found.interface[1].reader, " headers=rebuilt ");
}

Test(tape_writer, long_filters_have_room)
{
	static char filter[UINT16_MAX];

	memset(filter, 'x', sizeof(filter) - 1);
	interfaces[0].filter = interfaces[1].filter = filter;
	begin();
	read_back();
	cr_expect(eq(uint, found.interfaces, INTERFACES));
	cr_expect(eq(sz, strlen(found.interface[0].filter), TEXT - 1));
	cr_expect(eq(sz, strlen(found.interface[1].filter), TEXT - 1));
}

static void write_statistics(size_t i, bool closing)
{
	cr_assert(zero(int, wt_tape_writer_write_statistics(&writer, i, closing)));
}

Test(tape_writer, statistics_are_of_the_file_so_far)
{
	reports[1].ledger.lost.ring = recorded[1].drops_placed = 100;
	begin();
	reports[1].ledger.lost.ring += 5;
	writer.file->landed[1] = 7;
	virtual.now_ns += 3 * s_ns;
	write_statistics(1, false);
	read_back();
	cr_expect(eq(uint, found.statistics_count, 1));
	cr_expect(eq(u32, found.statistics.interface_id, 1));
	cr_expect(eq(u64, found.statistics.usrdeliv.value, 7));
	cr_expect(eq(u64, found.statistics.ifrecv.value, 12));
	cr_expect(eq(u64, found.statistics.filteraccept.value, 12));
	cr_expect(eq(u64, found.statistics.ifdrop.value, 5));
	cr_expect(eq(u64, found.statistics.osdrop.value, 5));
	cr_expect(eq(i64, found.statistics.start.ns, start_utc_ns));
	cr_expect(eq(i64, found.statistics.end.ns, start_utc_ns + 3 * s_ns));
	expect_part(found.ledger, "seen=12\n");
	expect_text(found.nic, "");
}

/* None is, here, and what is on its way counts. */
Test(tape_writer, last_statistics_count_what_the_tape_has)
{
	wt_recorder_note_degraded(&state, "one");
	wt_recorder_note_degraded(&state, "two");
	begin();
	writer.file->landed[0] = 7;
	write_statistics(0, true);
	read_back();
	cr_expect(zero(u64, found.statistics.usrdeliv.value));
	cr_expect(eq(uint, found.degraded, 2));
}

Test(tape_writer, what_is_degraded_is_in_the_last_statistics_alone)
{
	wt_recorder_note_degraded(&state, "one");
	begin();
	write_statistics(0, false);
	read_back();
	cr_expect(zero(uint, found.degraded));
}

Test(tape_writer, drops_after_a_files_last_packet_are_the_next_ones)
{
	begin();
	reports[0].ledger.lost.ring = 5;
	recorded[0].drops_placed = 3;
	writer.phase = WT_TAPE_CLOSING;
	write_statistics(0, true);
	writer.phase = WT_TAPE_TAKES;
	read_back();
	cr_expect(eq(u64, found.statistics.ifdrop.value, 3));
}

Test(tape_writer, counters_of_a_nic_are_since_the_gate_opened)
{
	reports[0].has_nic = true;
	reports[0].nic_start.rx_packets = 10;
	reports[0].nic_now.rx_packets = 25;
	begin();
	write_statistics(0, false);
	read_back();
	expect_part(found.nic, "rx_packets=15\n");
	cr_expect(found.nic[strlen(found.nic) - 1] == '\n');
}

static void put_block(void)
{
	static const uint32_t block[3] = {0x80000001, sizeof(block), sizeof(block)};

	cr_assert(zero(int, wt_tape_writer_put(&writer, (const uint8_t *)block, sizeof(block))));
}

Test(tape_writer, what_is_under_construction_is_flushed_after_a_second)
{
	uint64_t bytes;

	begin();
	pass(0);
	while (!wt_sink_is_idle(wt_tape_sink(writer.file->tape)))
		pass(0);
	bytes = wt_sink_bytes(wt_tape_sink(writer.file->tape));
	pass(10 * s_ns);
	cr_expect(eq(u64, wt_sink_bytes(wt_tape_sink(writer.file->tape)), bytes));
	put_block();
	pass(0);
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), virtual.now_ns + s_ns));
	pass(s_ns - 1);
	cr_expect(eq(u64, wt_sink_bytes(wt_tape_sink(writer.file->tape)), bytes));
	pass(1);
	cr_expect(gt(u64, wt_sink_bytes(wt_tape_sink(writer.file->tape)), bytes));
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), INT64_MAX));
}

Test(tape_writer, file_is_synced_at_its_times)
{
	output.sync = WT_SYNC_INTERVAL;
	output.sync_every_ns = 4 * s_ns;
	begin();
	pass(4 * s_ns - 1);
	cr_expect(zero(uint, fault_disk_counts(output.disk).syncs));
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), start_ns + 4 * s_ns));
	for (unsigned i = 0; i < 4; i++)
		pass(!i);
	cr_expect(eq(uint, fault_disk_counts(output.disk).syncs, 1));
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), start_ns + 8 * s_ns));
	writer.phase = WT_TAPE_ENDING;
	pass(9 * s_ns);
	cr_expect(eq(uint, fault_disk_counts(output.disk).syncs, 1));
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), INT64_MAX));
	writer.phase = WT_TAPE_TAKES;
}

Test(tape_writer, file_is_not_synced_unless_that_is_wanted)
{
	output.sync = WT_SYNC_NONE;
	output.sync_every_ns = 1;
	begin();
	pass(s_ns);
	pass(s_ns);
	cr_expect(zero(uint, fault_disk_counts(output.disk).syncs));
}

Test(tape_writer, failed_write_ends_the_recording)
{
	fault_disk_fail_write(output.disk, 1, -EIO);
	begin();
	for (unsigned i = 0; i < 8; i++)
		pass(s_ns);
	cr_expect(eq(int, state.end, WT_END_WRITER));
	cr_expect(eq(int, state.failure, -EIO));
}

Test(tape_writer, writes_are_those_of_all_files)
{
	struct wt_recorder_writes writes;

	writer.finished_writes =
	        (struct wt_recorder_writes){.count = 10, .slow = 2, .longest_ns = 9};
	writer.finished_bytes = 1000;
	begin();
	for (unsigned i = 0; i < 8; i++)
		pass(0);
	wt_tape_writer_count_writes(&writer, &writes);
	cr_expect(gt(u64, writes.count, 10));
	cr_expect(eq(u64, writes.slow, 2));
	cr_expect(ge(i64, writes.longest_ns, 9));
	cr_expect(eq(u64, wt_tape_writer_all_bytes(&writer),
	             1000 + wt_tape_bytes(writer.file->tape)));
	cr_expect(gt(u64, wt_tape_bytes(writer.file->tape), 0));
}

Test(tape_writer, file_is_full_at_its_limit)
{
	begin();
	cr_expect(eq(int, wt_tape_writer_is_full(&writer), false));
	writer.max_bytes = wt_tape_bytes(writer.file->tape) + 1;
	cr_expect(eq(int, wt_tape_writer_is_full(&writer), false));
	writer.max_bytes--;
	cr_expect(wt_tape_writer_is_full(&writer));
}

/* Notes on the clock of an interface, which its converter has made. */
static void note(size_t i, size_t count)
{
	struct wt_stamp_converter *converter = &recorded[i].converter;

	converter->note_count = count;
	for (size_t j = 0; j < count; j++)
		converter->notes[j] = (struct wt_clock_record){
		        .what = WT_CLOCK_RECORD_MAP, .utc_ns = 1, .map = {.number = 1}};
}

Test(tape_writer, notes_on_clocks_are_written_once)
{
	begin();
	note(0, 2);
	note(1, 1);
	wt_clock_notes_keep(&writer);
	wt_clock_notes_keep(&writer);
	cr_expect(zero(sz, recorded[0].converter.note_count));
	cr_expect(zero(sz, recorded[1].converter.note_count));
	read_back();
	cr_expect(eq(uint, found.notes[0], 2));
	cr_expect(eq(uint, found.notes[1], 1));
}

Test(tape_writer, notes_on_clocks_stay_while_the_file_takes_none)
{
	begin();
	note(1, 1);
	writer.phase = WT_TAPE_ENDING;
	wt_clock_notes_keep(&writer);
	writer.phase = WT_TAPE_TAKES;
	cr_expect(eq(sz, recorded[1].converter.note_count, 1));
	writer.max_bytes = 1;
	wt_clock_notes_keep(&writer);
	cr_expect(eq(sz, recorded[1].converter.note_count, 1));
	writer.max_bytes = 0;
	wt_clock_notes_keep(&writer);
	cr_expect(zero(sz, recorded[1].converter.note_count));
}

Test(tape_writer, maps_in_force_stand_in_the_header)
{
	recorded[1].converter.estimator.previous.number = 1;
	recorded[1].converter.estimator.map.number = 2;
	begin();
	read_back();
	cr_expect(zero(uint, found.notes[0]));
	cr_expect(eq(uint, found.notes[1], 2));
}

Test(tape_writer, clock_that_is_due_first_is_due)
{
	/* None of its functions is called. */
	static char clock;

	begin();
	cr_expect(eq(i64, wt_clock_notes_due_ns(&writer), INT64_MAX));
	for (size_t i = 0; i < INTERFACES; i++) {
		readers[i].phc = (struct wt_phc *)(void *)&clock;
		recorded[i].converter.cross_due_ns = 100 + (int64_t)i;
	}
	cr_expect(eq(i64, wt_clock_notes_due_ns(&writer), 100));
	reports[0].gone = true;
	cr_expect(eq(i64, wt_clock_notes_due_ns(&writer), 101));
	reports[1].gone = true;
	cr_expect(eq(i64, wt_clock_notes_due_ns(&writer), INT64_MAX));
	for (size_t i = 0; i < INTERFACES; i++)
		readers[i].phc = NULL;
}

Test(tape_writer, counters_of_a_nic_are_whole_lines_however_large)
{
	size_t length = 0;

	reports[0].has_nic = true;
	memset(&reports[0].nic_now, 0xff, sizeof(reports[0].nic_now));
	begin();
	for (const struct wt_nic_counter *i = wt_nic_counters; i->name; i++)
		length += strlen(i->name) + sizeof("=18446744073709551615");
	write_statistics(0, false);
	read_back();
	cr_expect(le(sz, strlen(found.nic), length < 1023 ? length : 1023));
	cr_expect(gt(sz, strlen(found.nic), length < 1023 ? length - 1 : 900));
	cr_expect(found.nic[strlen(found.nic) - 1] == '\n');
}

Test(tape_writer, what_is_known_of_clocks_at_the_end_is_reported)
{
	begin();
	recorded[0].converter.crosses = 4;
	recorded[1].converter.crosses = 5;
	wt_clock_notes_finish(&writer);
	cr_expect(eq(u64, reports[0].crosses, 4));
	cr_expect(eq(u64, reports[1].crosses, 5));
}

Test(tape_writer, header_has_room_for_many_interfaces)
{
	enum { MANY = 20 };
	static struct wt_recorded all_recorded[MANY];
	static struct wt_recorder_interface all_reports[MANY];
	static struct wt_reader_config all_interfaces[MANY];
	static struct wt_ledger all_starts[MANY];
	static char filter[UINT16_MAX];

	memset(filter, 'x', sizeof(filter) - 1);
	for (size_t i = 0; i < MANY; i++) {
		all_recorded[i] = recorded[0];
		all_recorded[i].report = &all_reports[i];
		all_reports[i].reader = &readers[0].info;
		all_interfaces[i].filter = filter;
	}
	state.reports = all_reports;
	state.config.interfaces = all_interfaces;
	state.config.interface_count = MANY;
	writer.recorded = all_recorded;
	writer.file_starts = all_starts;
	begin();
	cr_expect(gt(u64, wt_tape_bytes(writer.file->tape), MANY * sizeof(filter)));
	cr_expect(eq(uint, fault_disk_counts(output.disk).writes, 1), "all in the first chunk");
}

/* By what the kernel says, in whatever way. */
static void find_processor(char *out, size_t capacity)
{
	FILE *file = popen("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1", "re");

	cr_assert(file != NULL);
	out[0] = '\0';
	if (fgets(out, (int)capacity, file))
		out[strcspn(out, "\n")] = '\0';
	pclose(file);
}

Test(tape_writer, header_names_the_processor)
{
	char processor[TEXT], expected[2 * TEXT];
	struct utsname system;

	cr_assert(zero(int, uname(&system)));
	find_processor(processor, sizeof(processor));
	if (processor[0])
		snprintf(expected, sizeof(expected), "%s (%s)", processor, system.machine);
	else
		snprintf(expected, sizeof(expected), "%s", system.machine);
	begin();
	read_back();
	expect_text(found.hardware, expected);
}

static void ignore(struct wt_disk_request *request)
{
	(void)request;
}

/* As other lanes' and the ring's: the disk takes no more, until it ends them. */
static void fill_disk(void)
{
	static struct wt_disk_request others[WT_DISK_DEPTH];

	fault_disk_hold(output.disk, true);
	for (size_t i = 0; wt_sink_room(wt_tape_sink(writer.file->tape)); i++) {
		cr_assert(i < WT_DISK_DEPTH);
		others[i] = (struct wt_disk_request){.op = WT_DISK_SYNC, .fd = -1, .done = ignore};
		cr_assert(zero(int, wt_disk_submit(output.disk, &others[i])));
	}
}

Test(tape_writer, flush_that_finds_no_room_is_due_again_a_second_later)
{
	begin();
	pass(0);
	put_block();
	pass(0);
	fill_disk();
	pass(s_ns);
	cr_expect(eq(int, (int)state.ending, false));
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), virtual.now_ns + s_ns));
	pass(s_ns - 1);
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), virtual.now_ns + 1));
	pass(1);
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), virtual.now_ns + s_ns));
	fault_disk_hold(output.disk, false);
	pass(s_ns);
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), INT64_MAX));
	cr_expect(eq(int, (int)state.ending, false));
}

Test(tape_writer, flush_that_was_asked_for_and_finds_no_room_leaves_its_time)
{
	begin();
	put_block();
	pass(0);
	fill_disk();
	cr_expect(eq(int, wt_tape_writer_flush(&writer), -EAGAIN));
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), virtual.now_ns + s_ns));
	fault_disk_hold(output.disk, false);
	pass(0);
	cr_expect(zero(int, wt_tape_writer_flush(&writer)));
	cr_expect(eq(i64, wt_tape_writer_due_ns(&writer), INT64_MAX));
}

Test(tape_writer, block_in_place_needs_a_buffer_and_a_disk_with_room)
{
	uint32_t buffers;

	begin();
	for (unsigned i = 0; i < 8; i++)
		pass(0);
	cr_expect(wt_tape_writer_takes_in_place(&writer));
	buffers = writer.pool.free_count;
	writer.pool.free_count = 0;
	cr_expect_not(wt_tape_writer_takes_in_place(&writer));
	writer.pool.free_count = buffers;
	fill_disk();
	cr_expect_not(wt_tape_writer_takes_in_place(&writer));
	fault_disk_hold(output.disk, false);
}

/* Begin one more file. The one before waits for its last writes. */
static struct wt_recorder_file *begin_another(void)
{
	struct wt_recorder_file *before = writer.file;

	unlink(path); /* which is locked */
	writer.file = NULL;
	begin();
	writer.waiting = before;
	return before;
}

Test(tape_writer, files_that_wait_count_too)
{
	struct wt_recorder_file *before;
	struct wt_recorder_writes writes;

	begin();
	wt_tape_sink(writer.file->tape)->statistics.slow_writes = 2;
	before = begin_another();
	wt_tape_sink(writer.file->tape)->statistics.slow_writes = 3;
	cr_expect(eq(u64, wt_tape_writer_all_bytes(&writer),
	             wt_tape_bytes(before->tape) + wt_tape_bytes(writer.file->tape)));
	wt_tape_writer_count_writes(&writer, &writes);
	cr_expect(eq(u64, writes.slow, 5));
	cr_expect(eq(u32, writes.in_flight, 2));
	writer.waiting = NULL;
	wt_tape_files_abandon(&writer);
	writer.file = before;
}

/* Leave room for one note in the chunk, and none for it on the disk. */
static void leave_room_for_a_note(void)
{
	uint8_t *at;
	size_t room;

	put_block();
	fill_disk();
	while (!wt_tape_reserve(writer.file->tape, WT_CLOCK_RECORD_BYTES_MAX, &at, &room) &&
	       room >= WT_CLOCK_RECORD_BYTES_MAX + 2 * 12)
		put_block();
}

Test(tape_writer, notes_on_clocks_that_find_no_room_are_written_later)
{
	const struct wt_stamp_converter *converter = &recorded[1].converter;

	begin();
	note(1, 3);
	for (uint32_t i = 0; i < 3; i++)
		recorded[1].converter.notes[i].map.number = i + 1;
	leave_room_for_a_note();
	wt_clock_notes_keep(&writer);
	cr_expect(eq(int, (int)state.ending, false));
	cr_assert(eq(sz, converter->note_count, 2));
	cr_expect(eq(u64, converter->notes[0].map.number, 2));
	cr_expect(eq(u64, converter->notes[1].map.number, 3));
	fault_disk_hold(output.disk, false);
	wt_tape_writer_reap(&writer);
	wt_clock_notes_keep(&writer);
	cr_expect(zero(sz, converter->note_count));
	read_back();
	cr_expect(eq(uint, found.notes[1], 3));
}

static uint64_t count_last_crosses(bool is_gone)
{
	const struct wt_sim_nic_config nic_config = {.tai_offset_s = 37, .manual_time = true};
	const struct wt_reader_config wanted = {.stamp = WT_STAMP_HW};
	const struct wt_stamp_converter_config clock = {.clock = WT_CLOCK_UTC};
	struct wt_sim_nic *nic;
	uint64_t before;

	cr_assert(zero(int, wt_sim_nic_create(&nic, &nic_config)));
	cr_assert(zero(int, wt_reader_begin_stamps(&readers[0], &wanted, wt_sim_nic_system(nic),
	                                           "sim", &err)));
	cr_assert(zero(int,
	               wt_stamp_converter_open(&recorded[0].converter, &readers[0], &clock, &err)));
	before = recorded[0].converter.crosses;
	reports[0].gone = is_gone;
	wt_clock_notes_finish(&writer);
	wt_stamp_converter_close(&recorded[0].converter);
	wt_reader_end_stamps(&readers[0]);
	wt_sim_nic_destroy(nic);
	return reports[0].crosses - before;
}

Test(tape_writer, clock_is_compared_at_the_end)
{
	begin();
	cr_expect(eq(u64, count_last_crosses(false), 1));
}

Test(tape_writer, clock_of_an_interface_that_has_gone_is_not)
{
	begin();
	cr_expect(zero(u64, count_last_crosses(true)));
}

/* It has its closing blocks, and the next one has not been begun. */
Test(tape_writer, nothing_follows_the_closing_blocks)
{
	begin();
	note(0, 1);
	writer.phase = WT_TAPE_NEXT;
	read_back();
	cr_expect(zero(uint, found.notes[0]));
	cr_expect(writer.file->closed);
}
