/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/capture/recorder/stamp_converter.h>
#include <wiretape/pcapng/interface_clock.h>
#include <wiretape/stamp/sim_nic.h>

#include "support/unit.h"

/* A converter over a simulated NIC whose time goes by as told, and over a reader of which there is
 * no more than its stamps. */

enum { MOST = 4096, MOST_MAPS = 4096 };
#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)
#define US INT64_C(1000)

/* A frame on its way, and what UTC was, and its clock showed, when it was stamped. */
struct packet {
	struct wt_frame frame;
	int64_t utc_ns;
	int64_t phc_ns;
};

static struct wt_sim_nic_config nic_config;
static struct wt_reader_config reader_config;
static struct wt_stamp_converter_config config;
static struct wt_sim_nic *nic;
static struct wt_system *nic_system;
static struct wt_reader reader;
static struct wt_stamp_converter converter;
static struct wt_error err;

static struct packet packets[MOST];
static size_t arrived, taken;

/* What was written to the file. */
static struct wt_clock_map maps[MOST_MAPS];
static unsigned verdicts[WT_CLOCK_VERDICTS], crosses;
static char said[8192];
static unsigned degraded;

static void hear(void *context, const char *text, bool is_degraded)
{
	size_t used = strlen(said);

	(void)context;
	degraded += is_degraded;
	snprintf(said + used, sizeof(said) - used, "%s\n", text);
}

static unsigned times_said(const char *what)
{
	unsigned times = 0;

	for (const char *at = said; (at = strstr(at, what)); at++)
		times++;
	return times;
}

static int64_t clock_ns(clockid_t clock)
{
	int64_t ns;

	cr_assert(eq(int, nic_system->ops->clock(nic_system, clock, &ns), 0));
	return ns;
}

/* The file takes them all. */
static void write_notes(void)
{
	for (size_t i = 0; i < converter.note_count; i++) {
		const struct wt_clock_record *note = &converter.notes[i];

		cr_assert(eq(int, (int)note->what, WT_CLOCK_RECORD_CROSS));
		cr_assert(note->map.number < MOST_MAPS);
		maps[note->map.number] = note->map;
		verdicts[note->verdict]++;
		crosses++;
	}
	converter.note_count = 0;
}

static void tick(void)
{
	wt_stamp_converter_tick(&converter, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME));
}

/* Time goes by, and the recorder looks at the clocks now and then. */
static void run(int64_t ns)
{
	while (ns > 0) {
		int64_t part_ns = ns < 10 * MS ? ns : 10 * MS;

		wt_sim_nic_advance(nic, part_ns);
		tick();
		write_notes();
		ns -= part_ns;
	}
}

static void arrive_as(enum wt_stamp_source source)
{
	struct packet *packet = &packets[arrived++];

	cr_assert(arrived <= MOST);
	*packet = (struct packet){.utc_ns = clock_ns(CLOCK_REALTIME)};
	packet->phc_ns = wt_sim_nic_phc_at(nic, packet->utc_ns);
	packet->frame.stamp_source = (uint8_t)source;
	packet->frame.stamp_ns = source == WT_STAMP_HARDWARE ? packet->phc_ns : packet->utc_ns;
}

/* `count` packets, every millisecond one. */
static void arrive(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		wt_sim_nic_advance(nic, MS);
		arrive_as(WT_STAMP_HARDWARE);
	}
}

/* A batch of those that wait. */
static void take(size_t count)
{
	struct wt_frame frames[MOST] = {0};
	struct wt_frame_sums sums;

	cr_assert(taken + count <= arrived);
	for (size_t i = 0; i < count; i++)
		frames[i] = packets[taken + i].frame;
	wt_frame_sums_of(&sums, frames, count);
	wt_stamp_converter_frames(&converter, frames, count, &sums);
	for (size_t i = 0; i < count; i++)
		packets[taken + i].frame = frames[i];
	taken += count;
}

static void take_all(size_t batch)
{
	while (taken < arrived)
		take(arrived - taken < batch ? arrived - taken : batch);
	write_notes();
}

/* By what stands in the file. */
static int64_t convert_again(const struct wt_frame *frame)
{
	const struct wt_interface_clock clock = {.clock = config.clock,
	                                         .tai_offset_s = converter.tai_offset_s};

	cr_assert(frame->map < MOST_MAPS);
	cr_assert(maps[frame->map].number != 0, "map %u is in no note", frame->map);
	return wt_interface_clock_convert(&clock, &maps[frame->map], frame);
}

static int64_t truth_of(const struct packet *packet)
{
	if (config.clock == WT_CLOCK_PHC)
		return packet->phc_ns;
	return packet->utc_ns + (config.clock == WT_CLOCK_TAI ? converter.tai_offset_s * S : 0);
}

static int64_t off_ns(const struct packet *packet)
{
	return llabs(packet->frame.stamp_ns - truth_of(packet));
}

/* Every packet so far is as near to the truth as its map admits, and what was made of it can be
 * made again. */
static void expect_true(const char *what)
{
	size_t wrong = 0;

	for (size_t i = 0; i < taken; i++) {
		const struct packet *packet = &packets[i];
		const struct wt_frame *frame = &packet->frame;
		int64_t bound_ns = US;

		if (frame->notes & WT_FRAME_GIVEN) {
			cr_expect(eq(i64, convert_again(frame), frame->stamp_ns), "%s: packet %zu",
			          what, i);
			bound_ns += wt_clock_map_error_ns(&maps[frame->map], packet->phc_ns);
		}
		if (off_ns(packet) > bound_ns && ++wrong < 4)
			cr_expect(false, "%s: packet %zu (map %u) is off by %lld ns, bound %lld",
			          what, i, frame->map,
			          (long long)(frame->stamp_ns - truth_of(packet)),
			          (long long)bound_ns);
	}
	cr_expect(eq(sz, wrong, 0), "%s: of %zu", what, taken);
}

static int try_open(void)
{
	nic_config.manual_time = true;
	cr_assert(eq(int, wt_sim_nic_create(&nic, &nic_config), 0));
	nic_system = wt_sim_nic_system(nic);
	reader = (struct wt_reader){.info.name = "sim"};
	cr_assert(eq(int, wt_reader_begin_stamps(&reader, &reader_config, nic_system, "sim", &err),
	             0),
	          "%s", err.text);
	config.say = hear;
	return wt_stamp_converter_open(&converter, &reader, &config, &err);
}

static void open_converter(void)
{
	cr_assert(eq(int, try_open(), 0), "%s", err.text);
	write_notes();
}

static void set_up(void)
{
	nic_config = (struct wt_sim_nic_config){.ppm = 50, .offset_ns = 37 * S, .tai_offset_s = 37};
	reader_config = (struct wt_reader_config){.stamp = WT_STAMP_HW};
	config = (struct wt_stamp_converter_config){.clock = WT_CLOCK_UTC};
	arrived = taken = 0;
	memset(maps, 0, sizeof(maps));
	memset(verdicts, 0, sizeof(verdicts));
	crosses = degraded = 0;
	said[0] = '\0';
}

static void tear_down(void)
{
	wt_stamp_converter_close(&converter);
	wt_reader_end_stamps(&reader);
	wt_sim_nic_destroy(nic);
	nic = NULL;
}

static void again(void)
{
	tear_down();
	set_up();
}

TestSuite(converter, .init = set_up, .fini = tear_down);

/* ---- what becomes of a stamp ---- */

Test(converter, hardware_stamps_become_utc_as_near_as_their_map_says)
{
	open_converter();
	for (int i = 0; i < 40; i++) {
		arrive(50);
		take_all(64);
		run(50 * MS);
	}
	expect_true("utc");
	for (size_t i = 0; i < taken; i++)
		cr_expect(eq(u32, packets[i].frame.notes, WT_FRAME_GIVEN));
	cr_expect(eq(u64, converter.unasked, 0));
	cr_expect(strcmp(said, "") == 0, "%s", said);
}

Test(converter, hardware_stamps_become_tai_with_the_kernels_offset)
{
	config.clock = WT_CLOCK_TAI;
	open_converter();
	run(2 * S);
	arrive(100);
	take_all(64);
	expect_true("tai");
	cr_expect(eq(i32, converter.tai_offset_s, 37));
}

Test(converter, an_offset_that_is_given_counts_for_more_than_the_kernels)
{
	config.clock = WT_CLOCK_TAI;
	config.tai_offset_s = 36;
	open_converter();
	arrive(10);
	take_all(64);
	expect_true("tai");
	cr_expect(eq(i32, converter.tai_offset_s, 36));
}

Test(converter, where_the_nics_clock_is_kept_its_stamps_are_not_touched)
{
	config.clock = WT_CLOCK_PHC;
	open_converter();
	run(S);
	arrive(100);
	take_all(64);
	for (size_t i = 0; i < taken; i++) {
		cr_expect(eq(i64, packets[i].frame.stamp_ns, packets[i].phc_ns));
		cr_expect(eq(u32, packets[i].frame.notes, 0));
	}
}

/* Every third packet comes with the kernel's stamp. */
static void arrive_mixed(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		wt_sim_nic_advance(nic, MS);
		arrive_as(i % 3 == 2 ? WT_STAMP_SOFTWARE : WT_STAMP_HARDWARE);
	}
}

Test(converter, software_stamps_among_them_are_counted_marked_and_of_the_same_clock)
{
	for (int clock = 0; clock < WT_STAMP_CLOCKS; clock++) {
		const char *name = wt_stamp_clock_name((enum wt_stamp_clock)clock);

		again();
		config.clock = (enum wt_stamp_clock)clock;
		open_converter();
		run(2 * S);
		arrive_mixed(300);
		take_all(64);
		expect_true(name);
		cr_expect(eq(u64, converter.unasked, 100), "%s", name);
		for (size_t i = 0; i < taken; i++) {
			bool unasked = i % 3 == 2;
			bool given = unasked == (clock == WT_CLOCK_PHC);
			uint8_t expected =
			        (unasked ? WT_FRAME_SOURCE : 0) | (given ? WT_FRAME_GIVEN : 0);

			cr_expect(eq(u8, packets[i].frame.notes, expected), "%s: packet %zu", name,
			          i);
		}
	}
}

Test(converter, software_stamps_as_utc_stay_as_they_are)
{
	struct wt_frame before;

	reader_config.stamp = WT_STAMP_SW;
	open_converter();
	arrive_as(WT_STAMP_SOFTWARE);
	before = packets[0].frame;
	take_all(64);
	cr_expect(eq(int, memcmp(&packets[0].frame, &before, sizeof(before)), 0));
	cr_expect(eq(i64, wt_stamp_converter_due_ns(&converter), INT64_MAX));
}

Test(converter, less_precise_software_stamps_are_marked)
{
	reader_config.stamp = WT_STAMP_SW;
	config.clock = WT_CLOCK_TAI;
	open_converter();
	arrive_as(WT_STAMP_SOFTWARE);
	arrive_as(WT_STAMP_FALLBACK);
	take_all(64);
	expect_true("fallback");
	cr_expect(eq(u8, packets[0].frame.notes, 0));
	cr_expect(eq(u8, packets[1].frame.notes, WT_FRAME_SOURCE));
	cr_expect(eq(u64, converter.unasked, 1));
}

Test(converter, no_frames_are_no_work)
{
	open_converter();
	wt_stamp_converter_frames(&converter, NULL, 0, &(struct wt_frame_sums){0});
	cr_expect(eq(sz, converter.note_count, 0));
}

/* ---- opening ---- */

Test(converter, tai_that_nobody_has_told_is_an_error_with_the_way_out)
{
	nic_config.tai_offset_s = 0;
	config.clock = WT_CLOCK_TAI;
	cr_expect(eq(int, try_open(), -EINVAL));
	cr_expect(strstr(err.text, "--tai-offset 37") != NULL, "%s", err.text);
}

Test(converter, the_time_of_a_clock_that_is_not_there_is_an_error_with_the_way_out)
{
	reader_config.stamp = WT_STAMP_SW;
	config.clock = WT_CLOCK_PHC;
	cr_expect(eq(int, try_open(), -EOPNOTSUPP));
	cr_expect(strstr(err.text, "--clock utc or tai") != NULL, "%s", err.text);
}

static struct wt_interface_clock described(void)
{
	struct wt_interface_clock clock;
	char text[256];

	wt_stamp_converter_describe(&converter, text, sizeof(text));
	cr_assert(wt_interface_clock_parse(text, strlen(text), &clock), "%s", text);
	return clock;
}

Test(converter, what_it_describes_can_be_read_back)
{
	struct wt_interface_clock clock;

	config.clock = WT_CLOCK_TAI;
	open_converter();
	clock = described();
	cr_expect(eq(int, (int)clock.source, WT_STAMP_HARDWARE));
	cr_expect(eq(int, (int)clock.clock, WT_CLOCK_TAI));
	cr_expect(eq(i32, clock.tai_offset_s, 37));
	cr_expect(strcmp(clock.phc, "/dev/ptp0") == 0, "%s", clock.phc);
	cr_expect(strcmp(clock.rx_filter, "all") == 0, "%s", clock.rx_filter);
	cr_expect(strcmp(clock.rx_filter_before, "none") == 0, "%s", clock.rx_filter_before);
}

Test(converter, without_hardware_stamps_no_nic_is_described)
{
	struct wt_interface_clock clock;

	reader_config.stamp = WT_STAMP_SW;
	open_converter();
	clock = described();
	cr_expect(eq(int, (int)clock.source, WT_STAMP_SOFTWARE));
	cr_expect(strcmp(clock.phc, "") == 0, "%s", clock.phc);
	cr_expect(strcmp(clock.rx_filter, "") == 0, "%s", clock.rx_filter);
}

/* ---- cross timestamps ---- */

Test(converter, the_first_cross_timestamps_follow_quickly_then_one_a_second)
{
	open_converter();
	run(1 * S);
	cr_expect(eq(uint, crosses, 1 + 10), "at once, and in the first second");
	run(10 * S);
	cr_expect(crosses >= 20 && crosses <= 21, "%u in eleven seconds", crosses);
	wt_stamp_converter_finish(&converter);
	write_notes();
	cr_expect(eq(u64, converter.crosses, crosses));
	cr_expect(eq(uint, verdicts[WT_CLOCK_TAKEN], crosses));
}

Test(converter, it_says_when_the_next_one_is_due)
{
	int64_t now_ns;

	open_converter();
	run(3 * S);
	now_ns = clock_ns(CLOCK_MONOTONIC);
	cr_expect(wt_stamp_converter_due_ns(&converter) > now_ns);
	cr_expect(wt_stamp_converter_due_ns(&converter) <= now_ns + S);
}

Test(converter, a_clock_that_cannot_be_read_is_said_once_and_the_last_map_goes_on)
{
	unsigned before;
	uint32_t number;

	open_converter();
	run(5 * S);
	before = crosses;
	number = converter.estimator.map.number;
	wt_sim_nic_fail(nic, EIO);
	for (int i = 0; i < 5; i++) {
		run(S);
		arrive(5);
		take_all(64);
	}
	expect_true("meanwhile");
	cr_expect(eq(uint, crosses, before));
	cr_expect(eq(u32, packets[taken - 1].frame.map, number));
	cr_expect(eq(uint, times_said("goes on") + times_said("go on"), 1), "%s", said);
	cr_expect(eq(uint, degraded, 1));
	wt_sim_nic_fail(nic, 0);
	run(2 * S);
	cr_expect(eq(uint, times_said("can be read again"), 1), "%s", said);
	cr_expect(eq(uint, crosses, before + 2));
	arrive(5);
	take_all(64);
	expect_true("afterwards");
	cr_expect(packets[taken - 1].frame.map > number);
}

Test(converter, a_clock_that_stands_still_is_said_once_and_when_it_moves_again)
{
	open_converter();
	run(3 * S);
	wt_sim_nic_freeze(nic, true);
	run(5 * S);
	cr_expect(eq(uint, times_said("stands still"), 1), "%s", said);
	cr_expect(eq(uint, times_said("moves again"), 0), "%s", said);
	cr_expect(verdicts[WT_CLOCK_FROZEN] >= 4);
	wt_sim_nic_freeze(nic, false);
	run(5 * S);
	cr_expect(eq(uint, times_said("stands still"), 1), "%s", said);
	cr_expect(eq(uint, times_said("moves again"), 1), "%s", said);
	arrive(50);
	take_all(64);
	expect_true("afterwards");
}

Test(converter, without_room_for_a_note_no_map_changes)
{
	uint32_t number;

	open_converter();
	for (int i = 0; i < 40; i++) {
		wt_sim_nic_advance(nic, S);
		tick();
	}
	cr_expect(converter.note_count < WT_STAMP_CONVERTER_RECORDS, "%zu", converter.note_count);
	number = converter.estimator.map.number;
	cr_expect(eq(u32, converter.notes[converter.note_count - 1].map.number, number));
	arrive(10);
	take_all(64);
	expect_true("full");
	cr_expect(eq(u32, packets[0].frame.map, number));
}

Test(converter, a_step_is_noticed_although_ticks_have_no_room_for_notes)
{
	open_converter();
	for (int i = 0; i < 40; i++) {
		wt_sim_nic_advance(nic, S);
		tick();
	}
	wt_sim_nic_step(nic, 2 * S);
	arrive(10);
	take(10);
	cr_expect(eq(sz, converter.note_count, WT_STAMP_CONVERTER_RECORDS));
	/* Nor does what comes then write where there is nothing. */
	tick();
	wt_sim_nic_step(nic, 2 * S);
	arrive(1);
	take(1);
	wt_stamp_converter_finish(&converter);
	cr_expect(eq(sz, converter.note_count, WT_STAMP_CONVERTER_RECORDS));
	write_notes();
	taken = 10;
	expect_true("stepped");
}

/* Of another clock than the one that can be read. */
static void arrive_senseless(unsigned i)
{
	arrive(1);
	packets[arrived - 1].frame.stamp_ns += (i % 2 ? 1 : -1) * 100000 * S;
}

Test(converter, stamps_that_make_no_sense_do_not_keep_it_busy)
{
	open_converter();
	run(2 * S);
	for (unsigned i = 0; i < 500; i++) {
		arrive_senseless(i);
		take(1);
	}
	cr_expect(eq(sz, converter.note_count, 1), "between two ticks");
	write_notes();
	run(S);
	crosses = 0;
	for (unsigned i = 0; i < 1000; i++) {
		arrive_senseless(i);
		take(1);
		tick();
		write_notes();
	}
	cr_expect(crosses >= 10 && crosses <= 12, "%u in a second", crosses);
	arrive(10);
	take_all(64);
	memmove(packets, packets + 1500, 10 * sizeof(packets[0]));
	taken = 10;
	expect_true("others");
}

Test(converter, packets_that_come_late_do_not_keep_it_busy)
{
	open_converter();
	run(2 * S);
	arrive(500);
	run(3 * S);
	crosses = 0;
	for (unsigned i = 0; i < 500; i++) {
		wt_sim_nic_advance(nic, 100 * US);
		take(1);
		tick();
		write_notes();
	}
	cr_expect(crosses <= 2, "%u in 50 ms", crosses);
	expect_true("late");
}

Test(converter, a_clock_that_stands_still_does_not_keep_it_busy)
{
	open_converter();
	run(2 * S);
	wt_sim_nic_freeze(nic, true);
	run(2 * S);
	crosses = 0;
	for (unsigned i = 0; i < 1000; i++) {
		arrive(1);
		take(1);
		tick();
		write_notes();
	}
	cr_expect(crosses <= 2, "%u in a second", crosses);
}

/* ---- clocks that are set ---- */

static const int64_t large_steps_ns[] = {37 * S, -37 * S, 2 * S, -2 * S, 1100 * MS, -1100 * MS};
enum { LARGE_STEPS = sizeof(large_steps_ns) / sizeof(large_steps_ns[0]) };

/* The last cross timestamp was `more_ns` ago, or a little less. */
static void open_and_settle(enum wt_stamp_clock clock, int64_t more_ns)
{
	again();
	config.clock = clock;
	open_converter();
	run(5 * S + more_ns);
}

static void expect_step(const char *what, int64_t step_ns, const char *who)
{
	char text[100];

	snprintf(text, sizeof(text), "%s, %+lld ms", what, (long long)(step_ns / MS));
	expect_true(text);
	cr_expect(eq(uint, times_said("was set by"), 1), "%s: %s", text, said);
	cr_expect(eq(uint, times_said(who), 1), "%s: %s", text, said);
	cr_expect(eq(uint, verdicts[WT_CLOCK_STEPPED] + verdicts[WT_CLOCK_BACKWARD], 1), "%s",
	          text);
}

Test(converter, a_step_in_the_middle_of_a_batch_costs_no_packet_its_time)
{
	for (int i = 0; i < LARGE_STEPS; i++)
		for (int64_t more_ns = 0; more_ns < S; more_ns += 300 * MS) {
			open_and_settle(WT_CLOCK_UTC, more_ns);
			arrive(30);
			wt_sim_nic_step(nic, large_steps_ns[i]);
			arrive(30);
			take_all(64);
			expect_step("in a batch", large_steps_ns[i], "its clock /dev/ptp0");
		}
}

Test(converter, a_step_is_noticed_wherever_in_the_batch_it_shows)
{
	for (int i = 0; i < LARGE_STEPS; i++) {
		/* A packet without a hardware stamp comes last. */
		open_and_settle(WT_CLOCK_UTC, 0);
		arrive(10);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		arrive(10);
		arrive_as(WT_STAMP_SOFTWARE);
		take_all(64);
		expect_step("software last", large_steps_ns[i], "its clock /dev/ptp0");

		/* One that another queue has kept a little longer comes last. */
		open_and_settle(WT_CLOCK_UTC, 0);
		arrive(10);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		arrive(10);
		packets[arrived++] = packets[8];
		take_all(64);
		expect_step("an old one last", large_steps_ns[i], "its clock /dev/ptp0");
	}
}

Test(converter, a_step_between_batches_costs_no_packet_its_time)
{
	for (int i = 0; i < LARGE_STEPS; i++) {
		open_and_settle(WT_CLOCK_UTC, 500 * MS);
		arrive(30);
		take_all(64);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		arrive(30);
		take_all(64);
		run(500 * MS);
		arrive(30);
		take_all(64);
		expect_step("between batches", large_steps_ns[i], "its clock /dev/ptp0");
	}
}

Test(converter, packets_from_before_a_step_may_come_when_it_is_known)
{
	for (int i = 0; i < LARGE_STEPS; i++) {
		open_and_settle(WT_CLOCK_UTC, 500 * MS);
		arrive(200);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		arrive(200);
		/* The ring is not looked at, but the clock is. */
		tick();
		run(600 * MS);
		write_notes();
		take_all(64);
		expect_step("old ones late", large_steps_ns[i], "its clock /dev/ptp0");
	}
}

Test(converter, a_step_is_noticed_on_an_idle_link_too)
{
	for (int i = 0; i < LARGE_STEPS; i++) {
		open_and_settle(WT_CLOCK_UTC, 0);
		arrive(1);
		take_all(64);
		run(100 * S + 500 * MS);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		arrive(1);
		take_all(64);
		run(60 * S);
		arrive(1);
		take_all(64);
		expect_step("idle", large_steps_ns[i], "its clock /dev/ptp0");
	}
}

Test(converter, tai_follows_a_step_like_utc)
{
	for (int i = 0; i < LARGE_STEPS; i++) {
		open_and_settle(WT_CLOCK_TAI, 0);
		arrive(30);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		arrive(30);
		take_all(64);
		expect_step("tai", large_steps_ns[i], "its clock /dev/ptp0");
	}
}

Test(converter, software_stamps_follow_a_step_of_the_clock_that_is_kept)
{
	for (int i = 0; i < LARGE_STEPS; i++) {
		open_and_settle(WT_CLOCK_PHC, 500 * MS);
		arrive_mixed(30);
		take_all(64);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		arrive_mixed(30);
		take_all(64);
		expect_step("phc", large_steps_ns[i], "its clock /dev/ptp0");

		open_and_settle(WT_CLOCK_PHC, 500 * MS);
		arrive_mixed(30);
		wt_sim_nic_step(nic, large_steps_ns[i]);
		run(600 * MS);
		take_all(64);
		expect_step("phc, old ones late", large_steps_ns[i], "its clock /dev/ptp0");
	}
}

Test(converter, the_system_clock_may_be_set)
{
	for (int clock = 0; clock < WT_STAMP_CLOCKS; clock++)
		for (int i = 0; i < LARGE_STEPS; i++) {
			open_and_settle((enum wt_stamp_clock)clock, 500 * MS);
			arrive_mixed(30);
			take_all(64);
			arrive_mixed(30);
			wt_sim_nic_step_utc(nic, large_steps_ns[i]);
			/* Those are still on their way when it is noticed. */
			tick();
			arrive_mixed(30);
			take_all(64);
			run(3 * S);
			arrive_mixed(30);
			take_all(64);
			expect_step(wt_stamp_clock_name((enum wt_stamp_clock)clock),
			            large_steps_ns[i], "the system clock");
		}
}

Test(converter, a_system_clock_that_was_set_is_noticed_by_the_next_packet)
{
	for (int i = 0; i < LARGE_STEPS; i++) {
		open_and_settle(WT_CLOCK_UTC, 500 * MS);
		arrive(30);
		take_all(64);
		wt_sim_nic_step_utc(nic, large_steps_ns[i]);
		arrive(1);
		take(1);
		write_notes();
		cr_expect(eq(uint, verdicts[WT_CLOCK_STEPPED], 1));
		taken = 30;
		arrived = 30;
		arrive(30);
		take_all(64);
		expect_step("at the next packet", large_steps_ns[i], "the system clock");
	}
}

/* What cannot be seen in a packet is seen at the next cross timestamps. */
Test(converter, a_small_step_is_wrong_by_no_more_than_itself_and_right_soon)
{
	static const int64_t steps_ns[] = {10 * US, -10 * US, MS, -MS, 50 * MS, -50 * MS, S / 2};

	for (size_t i = 0; i < sizeof(steps_ns) / sizeof(steps_ns[0]); i++) {
		int64_t step_ns = steps_ns[i];

		open_and_settle(WT_CLOCK_UTC, 500 * MS);
		wt_sim_nic_step(nic, step_ns);
		for (int round = 0; round < 40; round++) {
			arrive(20);
			take_all(64);
			run(80 * MS);
		}
		for (size_t at = 0; at < taken; at++)
			cr_expect(off_ns(&packets[at]) <= llabs(step_ns) + 5 * US,
			          "%+lld ns: packet %zu is off by %lld", (long long)step_ns, at,
			          (long long)off_ns(&packets[at]));
		/* Two cross timestamps later. */
		memmove(packets, packets + 600, (taken - 600) * sizeof(packets[0]));
		taken = arrived = taken - 600;
		expect_true("after the verdict");
		cr_expect(eq(uint, times_said("was set by"), 1), "%+lld ns: %s", (long long)step_ns,
		          said);
	}
}

Test(converter, whatever_happens_every_stamp_can_be_made_again)
{
	uint32_t last = 0;

	open_converter();
	for (int i = 0; i < 20; i++) {
		wt_sim_nic_step(nic, i % 2 ? 3 * S : -3 * S);
		arrive(20);
		take_all(7);
		run(100 * MS);
	}
	for (size_t i = 0; i < taken; i++) {
		cr_expect(eq(i64, convert_again(&packets[i].frame), packets[i].frame.stamp_ns));
		cr_expect(packets[i].frame.map >= last, "packet %zu", i);
		last = packets[i].frame.map;
	}
}

/* ---- an interface that goes away ---- */

Test(converter, after_it_has_come_back_the_cadence_begins_anew)
{
	unsigned before;

	open_converter();
	run(5 * S);
	before = crosses;
	wt_reader_renew_stamps(&reader);
	wt_stamp_converter_renew(&converter);
	cr_expect(eq(i64, wt_stamp_converter_due_ns(&converter), 0));
	run(S);
	cr_expect(eq(uint, crosses - before, 10));
	cr_expect(eq(u64, converter.crosses, crosses), "none is forgotten");
	arrive(50);
	take_all(64);
	expect_true("back");
}

Test(converter, after_a_change_of_stamping_the_clocks_are_compared_anew_at_once)
{
	unsigned crosses_before = 0;

	cr_assert(eq(int, try_open(), 0), "%s", err.text);
	write_notes();
	/* In the reader of a real interface it is there from the start. */
	cr_assert(eq(int, wt_watch_open(&converter.watch, nic_system, "sim", &err), 0), "%s",
	          err.text);
	run(5 * S);
	for (size_t i = 0; i < 2 * 100; i++) {
		if (i == 50) {
			crosses_before = crosses;
			wt_sim_nic_set_stamping(nic, HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL);
		}
		wt_sim_nic_advance(nic, 10 * MS);
		tick();
		for (size_t note = 0; note < converter.note_count; note++)
			crosses += converter.notes[note].what == WT_CLOCK_RECORD_CROSS;
		converter.note_count = 0;
	}
	cr_expect_not_null(strstr(said, "tx type off -> on"), "%s", said);
	cr_expect(ge(uint, crosses - crosses_before, 5), "one a second, and these fast");
}

Test(converter, looks_at_the_interface_every_20_ms)
{
	int64_t first_ns;

	open_converter();
	cr_assert(eq(int, wt_watch_open(&converter.watch, nic_system, "sim", &err), 0), "%s",
	          err.text);
	tick();
	first_ns = clock_ns(CLOCK_MONOTONIC);
	cr_expect(eq(i64, converter.look_due_ns, first_ns + 20 * MS));
	wt_sim_nic_advance(nic, 20 * MS - 1);
	tick();
	cr_expect(eq(i64, converter.look_due_ns, first_ns + 20 * MS), "not yet");
	wt_sim_nic_advance(nic, 1);
	tick();
	cr_expect(eq(i64, converter.look_due_ns, first_ns + 40 * MS));
}

Test(converter, it_lets_go_of_a_clock_that_the_reader_has_closed)
{
	char text[256];

	open_converter();
	run(S);
	/* Attaching it again went as far as its clock. */
	wt_reader_renew_stamps(&reader);
	wt_stamp_converter_describe(&converter, text, sizeof(text));
	wt_stamp_converter_finish(&converter);
	write_notes();
	cr_expect(eq(uint, degraded, 0), "%s", said);
}

Test(converter, stamping_is_switched_on_again_and_put_back_in_the_end)
{
	nic_config.rx_filters = 1u << 0 | 1u << 1 | 1u << 12;
	nic_config.rx_filter = 12;
	nic_config.tx_type = 1;
	open_converter();
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, 1));

	/* It has only been away. */
	wt_reader_renew_stamps(&reader);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, 1));

	/* A new device, without stamps. */
	wt_sim_nic_set_stamping(nic, 0, 0);
	wt_reader_renew_stamps(&reader);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, 1));
	cr_expect(eq(int, wt_reader_restore_stamping(&reader, &err), 0), "%s", err.text);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, 0));
}

Test(converter, what_has_only_been_away_is_put_back_to_what_it_was)
{
	nic_config.rx_filters = 1u << 0 | 1u << 1 | 1u << 12;
	nic_config.rx_filter = 12;
	nic_config.tx_type = 1;
	open_converter();
	wt_reader_renew_stamps(&reader);
	cr_expect(eq(int, wt_reader_restore_stamping(&reader, &err), 0), "%s", err.text);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, 12));
	cr_expect(eq(int, wt_sim_nic_stamping(nic).tx_type, 1));
}

Test(converter, what_others_want_of_a_new_device_is_what_it_is_put_back_to)
{
	nic_config.rx_filters = 1u << 0 | 1u << 1 | 1u << 12;
	open_converter();
	wt_sim_nic_set_stamping(nic, 1, 12);
	wt_reader_renew_stamps(&reader);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, 1));
	cr_expect(eq(int, wt_reader_restore_stamping(&reader, &err), 0), "%s", err.text);
	cr_expect(eq(int, wt_sim_nic_stamping(nic).rx_filter, 12));
	cr_expect(eq(int, wt_sim_nic_stamping(nic).tx_type, 1));
}
