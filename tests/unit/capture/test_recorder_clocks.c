/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/file_check.h"
#include "support/recording.h"
#include "support/unit.h"
#include "support/veth.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/interface_clock.h>
#include <wiretape/stamp/sim_nic.h>

/* The recorder over live interfaces, whose clocks and stamping are those of a simulated NIC. The
 * kernel stamps what comes over a veth pair: software stamps among hardware stamps. */

enum { NONE = 0, ALL = 1, PTP_V2_EVENT = 12, MOST_MAPS = 1000 };

static const enum wt_reader_kind live_kinds[] = {WT_READER_V3, WT_READER_V2, WT_READER_RECV};
enum { LIVE_KINDS = sizeof(live_kinds) / sizeof(live_kinds[0]) };

static struct recording recording;
static struct wt_sim_nic_config nic_config;
static struct wt_sim_nic *nic;
static int sender = -1;
static char events[16384];
static unsigned progress; /* how often it was called */
static void (*on_turn)(const struct wt_recorder_report *report);
static struct wt_stamp_active at_first; /* how the NIC was set while recording */

/* This program's poll() and setsockopt() stand before the C library's. */
static bool counts_polls;
static unsigned impatient_polls; /* of the recorder, that do not wait */
static unsigned refuse_promiscuous;

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	struct timespec time = {timeout / 1000, timeout % 1000 * 1000000L};

	if (counts_polls && timeout == 0 && count > 2)
		impatient_polls++;
	return (int)syscall(SYS_ppoll, fds, count, timeout < 0 ? NULL : &time, NULL, 0);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	if (level == SOL_PACKET && name == PACKET_ADD_MEMBERSHIP && refuse_promiscuous) {
		refuse_promiscuous--;
		errno = ENOBUFS;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

static void hear(void *context, const char *text)
{
	size_t used = strlen(events);

	(void)context;
	snprintf(events + used, sizeof(events) - used, "%s\n", text);
}

static bool heard(const char *what)
{
	return strstr(events, what);
}

static void turn(void *context, const struct wt_recorder_report *report, bool report_requested)
{
	(void)context;
	(void)report_requested;
	if (!progress++)
		at_first = wt_sim_nic_stamping(nic);
	if (on_turn)
		on_turn(report);
	/* By then something is stuck. */
	if (progress > 3000)
		wt_recorder_stop(recording.recorder);
}

static void send_packets(unsigned count)
{
	uint8_t packet[200] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (sender < 0)
		sender = veth_open_sender("wt_a");
	for (unsigned i = 0; i < count; i++)
		cr_assert(eq(sz, (size_t)send(sender, packet, sizeof(packet), 0), sizeof(packet)));
}

static void send_100(const struct wt_recorder_report *report)
{
	(void)report;
	if (progress == 1)
		send_packets(100);
}

static void init(void)
{
	recording_init(&recording, RECORDING_IN_MEMORY);
	recording.disk = fault_disk_open();
	recording.direct = WT_DIRECT_OFF;
	recording.config.on_event = hear;
	recording.config.on_progress = turn;
	recording.config.progress_every_ns = 10000000;
	recording.config.max_duration_ns = INT64_C(60000000000);
	nic_config = (struct wt_sim_nic_config){
	        .interface = "wt_b", .ppm = 50, .offset_ns = INT64_C(37000000000)};
	events[0] = '\0';
	progress = 0;
	on_turn = send_100;
}

static void set_up(void)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	init();
}

static void fini(void)
{
	recording_fini(&recording);
	wt_sim_nic_destroy(nic);
	nic = NULL;
}

static void tear_down(void)
{
	fini();
	if (sender >= 0)
		close(sender);
}

static void again(void)
{
	fini();
	init();
}

TestSuite(recorder_clocks, .init = set_up, .fini = tear_down);

static void make_nic(void)
{
	cr_assert(eq(int, wt_sim_nic_create(&nic, &nic_config), 0));
}

static struct wt_reader_config *add(const char *interface, enum wt_reader_kind kind)
{
	struct wt_reader_config *added;

	if (!nic)
		make_nic();
	recording_add(&recording, interface, 1 << 22);
	added = &recording.interfaces[recording.config.interface_count - 1];
	added->kind = kind;
	added->stamp = WT_STAMP_HW;
	added->system = wt_sim_nic_system(nic);
	return added;
}

static void run(void)
{
	recording_run(&recording);
	cr_expect(eq(int, recording.result, 0), "%s", recording.err.text);
	cr_expect(recording_judge_ledgers(&recording) == NULL, "%s", recording.wrong);
	cr_expect(progress <= 3000, "it had to be stopped");
}

static void expect_stamping(const struct wt_stamp_active *stamping, int rx_filter, int tx_type)
{
	cr_expect(eq(int, stamping->rx_filter, rx_filter));
	cr_expect(eq(int, stamping->tx_type, tx_type));
}

static void expect_put_back(int rx_filter, int tx_type)
{
	struct wt_stamp_active now = wt_sim_nic_stamping(nic);

	expect_stamping(&now, rx_filter, tx_type);
}

/* ---- what the file says ---- */

static struct {
	struct wt_interface_clock clock;
	struct wt_clock_map maps[MOST_MAPS];
	uint64_t packets, converted, with_source, wrong, without_map;
	unsigned maps_before_packets, notes, in_place;
	int64_t first_ns, last_ns;
} file;

static void keep_note(const struct wt_pcapng_item *item)
{
	struct wt_clock_record note;

	if (item->kind != WT_ITEM_OTHER || item->block_type != WT_PCAPNG_CLOCK)
		return;
	cr_assert(wt_clock_record_parse(item->body, item->body_bytes, &note));
	file.notes++;
	if (!note.map.number || note.interface_id)
		return;
	cr_assert(note.map.number < MOST_MAPS);
	file.maps[note.map.number] = note.map;
	file.maps_before_packets += !file.packets;
}

static void keep_clock(const struct wt_pcapng_item *item)
{
	const struct wt_pcapng_item_text *text = &item->interface.clock;

	if (item->kind == WT_ITEM_INTERFACE && !item->interface.id)
		cr_assert(wt_interface_clock_parse(text->chars, text->length, &file.clock));
}

static void judge_packet(const struct wt_pcapng_item *item)
{
	const struct wt_frame *frame = &item->packet.frame;

	if (item->kind != WT_ITEM_PACKET || item->packet.interface_id)
		return;
	if (!file.packets++)
		file.first_ns = frame->stamp_ns;
	file.last_ns = frame->stamp_ns;
	file.with_source +=
	        (frame->notes & WT_FRAME_SOURCE) && frame->stamp_source == WT_STAMP_SOFTWARE;
	if (!(frame->notes & WT_FRAME_GIVEN))
		return;
	file.converted++;
	if (frame->map >= MOST_MAPS || !file.maps[frame->map].number)
		file.without_map++;
	else
		file.wrong += wt_interface_clock_convert(&file.clock, &file.maps[frame->map],
		                                         frame) != frame->stamp_ns;
}

static void walk(const char *path, void (*look)(const struct wt_pcapng_item *item))
{
	struct wt_capture_file *opened;
	struct wt_pcapng_item item;
	struct wt_error err;

	cr_assert(eq(int, wt_capture_file_open(&opened, path, &err), 0), "%s", err.text);
	while (wt_capture_file_next(opened, &item, &err) == 1)
		look(&item);
	wt_capture_file_close(opened);
}

static void take_item(const struct wt_pcapng_item *item)
{
	keep_clock(item);
	keep_note(item);
	judge_packet(item);
}

/* Each map stands before the packets that name it, in their chunk. */
static void read_file(const char *path)
{
	struct file_check check = {0};

	memset(&file, 0, sizeof(file));
	walk(path, take_item);
	cr_expect(eq(int, file_check_path(&check, path), 0), "%s: %s", path, check.why);
	file.in_place = check.in_place;
	cr_expect(eq(u64, file.wrong, 0), "%s: of %llu", path, (unsigned long long)file.converted);
	cr_expect(eq(u64, file.without_map, 0), "%s: of %llu", path,
	          (unsigned long long)file.converted);
	cr_expect(file.maps_before_packets > 0, "%s: no map at its start", path);
}

/* ---- the NIC is left as it was found ---- */

Test(recorder_clocks, stamping_is_switched_on_and_in_the_end_put_back)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		add("wt_b", live_kinds[i]);
		recording.config.max_packets = 100;
		run();
		expect_stamping(&at_first, ALL, 0);
		expect_put_back(NONE, 0);
		cr_expect(heard("stamps") == false, "%s", events);
	}
}

Test(recorder_clocks, a_filter_that_others_have_set_is_widened_and_put_back)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		nic_config.rx_filters = 1u << NONE | 1u << ALL | 1u << PTP_V2_EVENT;
		nic_config.rx_filter = PTP_V2_EVENT;
		nic_config.tx_type = 1;
		add("wt_b", live_kinds[i]);
		recording.config.max_packets = 100;
		run();
		expect_stamping(&at_first, ALL, 1);
		expect_put_back(PTP_V2_EVENT, 1);
	}
}

static void change_it(const struct wt_recorder_report *report)
{
	send_100(report);
	if (progress == 1)
		wt_sim_nic_set_stamping(nic, 1, PTP_V2_EVENT);
}

Test(recorder_clocks, what_others_change_meanwhile_is_theirs_and_is_said)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		nic_config.rx_filters = 1u << NONE | 1u << ALL | 1u << PTP_V2_EVENT;
		on_turn = change_it;
		add("wt_b", live_kinds[i]);
		recording.config.max_packets = 100;
		run();
		expect_put_back(PTP_V2_EVENT, 1);
		cr_expect(heard("somebody has changed the hardware stamps of wt_b"), "%s", events);
	}
}

Test(recorder_clocks, a_nic_that_stamps_only_some_packets_is_a_degraded_state)
{
	nic_config.rx_filters = 1u << NONE | 1u << PTP_V2_EVENT;
	add("wt_b", WT_READER_V3);
	recording.config.max_packets = 100;
	run();
	expect_stamping(&at_first, PTP_V2_EVENT, 0);
	expect_put_back(NONE, 0);
	cr_expect(heard("wt_b stamps only PTP packets in hardware"), "%s", events);
}

/* ---- what cannot be opened leaves nothing behind ---- */

static int try_open(void)
{
	return wt_recorder_open(&recording.recorder, &recording.config, &recording.err);
}

Test(recorder_clocks, a_bad_filter_leaves_the_nic_as_it_was)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		add("wt_b", live_kinds[i])->filter = "no such thing";
		cr_expect(eq(int, try_open(), -EINVAL), "%s", recording.err.text);
		expect_put_back(NONE, 0);
	}
}

Test(recorder_clocks, another_interface_that_is_not_there_leaves_the_nic_as_it_was)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		add("wt_b", live_kinds[i]);
		add("wt_z", live_kinds[i]);
		cr_expect(eq(int, try_open(), -ENODEV), "%s", recording.err.text);
		expect_put_back(NONE, 0);
	}
}

Test(recorder_clocks, a_nic_whose_clock_is_not_there_is_left_as_it_was)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		nic_config.phc_index = -1;
		nic_config.so_timestamping = 0x5f;
		nic_config.rx_filters = 1u << NONE | 1u << ALL;
		nic_config.tx_types = 3;
		add("wt_b", live_kinds[i]);
		cr_expect(try_open() < 0);
		cr_expect(strstr(recording.err.text, "clock") != NULL, "%s", recording.err.text);
		expect_put_back(NONE, 0);
	}
}

Test(recorder_clocks, where_it_is_no_must_the_kernels_stamps_are_taken_and_that_is_said)
{
	nic_config.phc_index = -1;
	nic_config.so_timestamping = 0x5f;
	nic_config.rx_filters = 1u << NONE | 1u << ALL;
	add("wt_b", WT_READER_V3)->stamp = WT_STAMP_AUTO;
	recording.config.max_packets = 100;
	run();
	expect_stamping(&at_first, NONE, 0);
	expect_put_back(NONE, 0);
	cr_expect(heard("wt_b: software stamps only"), "%s", events);
	cr_expect(eq(u64, recording.ledgers[0].stamps_unasked, 0));
}

Test(recorder_clocks, where_it_is_no_must_a_clock_that_stands_still_is_left_alone)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		add("wt_b", live_kinds[i])->stamp = WT_STAMP_AUTO;
		wt_sim_nic_freeze(nic, true);
		recording.config.max_packets = 100;
		run();
		expect_stamping(&at_first, NONE, 0);
		expect_put_back(NONE, 0);
		cr_expect(heard("wt_b: software stamps only: the clock /dev/ptp0 of wt_b stands "
		                "still"),
		          "%s", events);
		cr_expect(eq(u64, recording.ledgers[0].stamps_unasked, 0));
	}
}

static unsigned standstills;

static void stand_still_for_a_while(const struct wt_recorder_report *report)
{
	bool stands_still = report->interfaces[0].phc_stands_still;

	if (progress == 1)
		wt_sim_nic_freeze(nic, true);
	if (stands_still && !standstills++)
		wt_sim_nic_freeze(nic, false);
	if (standstills && !stands_still)
		wt_recorder_stop(recording.recorder);
}

Test(recorder_clocks, that_a_clock_stands_still_is_reported_until_it_moves)
{
	add("wt_b", WT_READER_V3);
	on_turn = stand_still_for_a_while;
	run();
	cr_expect(standstills > 0);
	cr_expect(heard("wt_b: its clock /dev/ptp0 stands still"), "%s", events);
	cr_expect(heard("wt_b: its clock moves again"), "%s", events);
}

Test(recorder_clocks, tai_that_nobody_has_told_leaves_the_nic_as_it_was)
{
	add("wt_b", WT_READER_V3);
	recording.config.clock = WT_CLOCK_TAI;
	cr_expect(eq(int, try_open(), -EINVAL));
	cr_expect(strstr(recording.err.text, "--tai-offset") != NULL, "%s", recording.err.text);
	expect_put_back(NONE, 0);
}

/* ---- what is in the file ---- */

static int64_t utc_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void expect_between(int64_t ns, int64_t from_ns, int64_t to_ns)
{
	cr_expect(ns >= from_ns && ns <= to_ns, "%lld is not from %lld to %lld", (long long)ns,
	          (long long)from_ns, (long long)to_ns);
}

Test(recorder_clocks, software_stamps_among_hardware_stamps_are_counted_and_marked)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		int64_t start_ns = utc_now();

		add("wt_b", live_kinds[i]);
		recording.config.max_packets = 100;
		run();
		cr_expect(eq(u64, recording.ledgers[0].stamps_unasked, 100));
		read_file(recording.path);
		cr_expect(eq(u64, file.packets, 100));
		cr_expect(eq(u64, file.with_source, 100));
		cr_expect(eq(u64, file.converted, 0));
		expect_between(file.first_ns, start_ns, utc_now());
		cr_expect(eq(int, (int)file.clock.source, WT_STAMP_HARDWARE));
	}
}

Test(recorder_clocks, software_stamps_are_brought_to_the_clock_that_is_kept)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		int64_t start_ns;

		add("wt_b", live_kinds[i]);
		recording.config.max_packets = 100;
		recording.config.clock = WT_CLOCK_PHC;
		start_ns = wt_sim_nic_phc_at(nic, utc_now());
		run();
		read_file(recording.path);
		cr_expect(eq(u64, file.with_source, 100));
		cr_expect(eq(u64, file.converted, 100));
		expect_between(file.first_ns, start_ns, wt_sim_nic_phc_at(nic, utc_now()));
	}
}

static void rotate_at(uint64_t packets, uint64_t bytes)
{
	const struct wt_file_set_config config = {
	        .path = recording.path, .max_packets = packets, .max_bytes = bytes};

	cr_assert(eq(int, wt_file_set_open(&recording.output.files, &config, &recording.err), 0),
	          "%s", recording.err.text);
}

/* What may stand beyond the limit: the padding of the last chunk, and the closing blocks' chunk. */
enum { CLOSING_BYTES = 3 * 4096 };

/* Of all files together; each stands alone. */
static uint64_t read_files(uint64_t max_bytes)
{
	const struct wt_file_set_entry *files;
	size_t count = wt_file_set_files(recording.output.files, &files);
	uint64_t converted = 0;

	for (size_t i = 0; i < count; i++) {
		read_file(files[i].path);
		converted += file.converted;
		if (max_bytes)
			cr_expect(files[i].bytes <= max_bytes + CLOSING_BYTES, "%s has %llu",
			          files[i].path, (unsigned long long)files[i].bytes);
	}
	cr_expect(count > 2, "%zu files", count);
	return converted;
}

Test(recorder_clocks, each_file_starts_with_the_map_in_force)
{
	for (int i = 0; i < LIVE_KINDS; i++, again()) {
		add("wt_b", live_kinds[i]);
		recording.config.max_packets = 100;
		recording.config.clock = WT_CLOCK_PHC;
		rotate_at(7, 0);
		run();
		cr_expect(eq(u64, read_files(0), 100));
	}
}

static const enum wt_placement layouts[] = {WT_PLACEMENT_INPLACE, WT_PLACEMENT_COMPACT};

/* The step is noticed in the middle of a turn, anywhere in a file. */
Test(recorder_clocks, packets_and_the_maps_they_name_stay_together_when_a_clock_is_set)
{
	for (int after = 1; after < 3000; after += 331)
		for (int layout = 0; layout < 2; layout++, again()) {
			char name[128];

			snprintf(name, sizeof(name),
			         "sim:count=4000,pps=max,size=100,step=%d000000000@%d,ppm=50",
			         after % 2 ? 37 : -37, after);
			add(name, WT_READER_SIM);
			recording.output.layout = layouts[layout];
			rotate_at(100 + (uint64_t)after / 10, 0);
			run();
			cr_expect(eq(u64, read_files(0), recording.ledgers[0].written));
			cr_expect(heard("was set by"), "after %d: %s", after, events);
		}
}

/* Also where that is in the middle of a block that becomes a chunk in place. */
Test(recorder_clocks, each_chunk_has_the_maps_of_its_packets_when_a_clock_is_set)
{
	for (int after = 100; after < 3000; after += 331)
		for (int layout = 0; layout < 2; layout++, again()) {
			char name[128];

			snprintf(name, sizeof(name),
			         "sim:count=4000,pps=max,size=100,step=37000000000@%d,ppm=50",
			         after);
			add(name, WT_READER_SIM);
			recording.output.layout = layouts[layout];
			run();
			read_file(recording.path);
			cr_expect(eq(u64, file.converted, recording.ledgers[0].written));
			cr_expect(eq(int, file.in_place > 0, !layout), "%u in place",
			          file.in_place);
			cr_expect(heard("was set by"), "after %d: %s", after, events);
		}
}

Test(recorder_clocks, clock_blocks_do_not_make_a_full_file_grow)
{
	static const uint64_t limits[] = {65536, 69000, 80000, 122880 + 3500};

	for (size_t i = 0; i < 2 * sizeof(limits) / sizeof(limits[0]); i++, again()) {
		uint64_t limit = limits[i / 2];

		add("sim:pps=6000,size=300,count=5000,step=37000000000@2000,software_every=3,ppm="
		    "50",
		    WT_READER_SIM)
		        ->retire_timeout_ms = 1;
		recording.output.layout = layouts[i % 2];
		recording.config.clock = i % 4 < 2 ? WT_CLOCK_UTC : WT_CLOCK_PHC;
		rotate_at(0, limit);
		run();
		cr_expect(read_files(limit) > 1000);
	}
}

/* ---- an interface that goes away ---- */

/* Until it has been away for so long. */
static void go_away_and_come_back(const struct wt_recorder_report *report)
{
	static unsigned gone_at, stage;

	switch (stage) {
	case 0:
		send_packets(10);
		veth_ip("link del wt_a");
		stage++;
		break;
	case 1:
		if (!report->interfaces[0].gone)
			return;
		gone_at = progress;
		counts_polls = true;
		stage++;
		break;
	case 2:
		if (progress < gone_at + 100)
			return;
		counts_polls = false;
		/* A new device. */
		wt_sim_nic_set_stamping(nic, 0, NONE);
		refuse_promiscuous = 1;
		veth_ip("link add wt_a type veth peer name wt_b && ip link set wt_a up && ip link "
		        "set wt_b up");
		stage++;
		break;
	case 3:
		if (report->interfaces[0].gone)
			return;
		close(sender);
		sender = -1;
		send_packets(10);
		at_first = wt_sim_nic_stamping(nic);
		stage++;
		break;
	case 4:
		if (report->interfaces[0].ledger.seen >= 20)
			wt_recorder_stop(recording.recorder);
		break;
	default:
		break;
	}
}

Test(recorder_clocks, an_interface_that_comes_back_is_told_to_stamp_again)
{
	veth_ip("link add wt_c type veth peer name wt_d && ip link set wt_c up && ip link set "
	        "wt_d up");
	add("wt_b", WT_READER_V3);
	add("wt_d", WT_READER_V3)->stamp = WT_STAMP_SW;
	on_turn = go_away_and_come_back;
	run();
	cr_expect(heard("interface wt_b is back"), "%s", events);
	expect_stamping(&at_first, ALL, 0);
	expect_put_back(NONE, 0);
	cr_expect(eq(u64, recording.ledgers[0].written, 20));
	cr_expect(eq(u64, recording.ledgers[0].stamps_unasked, 20));
	/* While it was away it was not looked for without a pause. */
	cr_expect(impatient_polls < 500, "%u", impatient_polls);
	cr_expect(eq(uint, refuse_promiscuous, 0));
	read_file(recording.path);
}

static void go_away_and_end(const struct wt_recorder_report *report)
{
	if (progress == 1) {
		send_packets(10);
		veth_ip("link del wt_a");
	}
	if (report->interfaces[0].gone)
		wt_recorder_stop(recording.recorder);
}

Test(recorder_clocks, of_an_interface_that_is_gone_nothing_is_asked_at_the_end)
{
	veth_ip("link add wt_c type veth peer name wt_d && ip link set wt_c up && ip link set "
	        "wt_d up");
	add("wt_b", WT_READER_V3);
	add("wt_d", WT_READER_V3)->stamp = WT_STAMP_SW;
	on_turn = go_away_and_end;
	run();
	cr_expect(heard("wt_b has disappeared"), "%s", events);
	cr_expect(heard("cannot compare") == false, "%s", events);
	read_file(recording.path);
}
