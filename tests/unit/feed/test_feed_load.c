/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/load/feed_load.h>
#include <wiretape/packet/udp_packet.h>

#include "support/unit.h"

enum { LINKTYPE_ETHERNET = 1, PACKETS_MAX = 20000 };

static struct wt_feed_load_config config;
static struct wt_feed_faults faults;
static struct wt_feed_load *load;
static struct wt_error err;
static struct wt_feed_load_packet packets[PACKETS_MAX];
static struct wt_feed_header headers[PACKETS_MAX];
static size_t count;

static void use_side(enum wt_feed_side side, const char *address, int64_t delay_ns)
{
	cr_assert(eq(int, wt_feed_address_parse(&config.sides[side].address, address, &err), 0),
	          "%s", err.text);
	config.sides[side].delay_ns = delay_ns;
}

static void start(void)
{
	config = (struct wt_feed_load_config){
	        .preset = wt_preset_find("moldudp64"),
	        .packets = 1000,
	        .pps = 1000000,
	        .start_ns = 1700000000000000000,
	        .faults = &faults,
	};
	use_side(WT_FEED_A, "239.1.1.1:5000", 0);
	faults = (struct wt_feed_faults){0};
	count = 0;
}

static void stop(void)
{
	wt_feed_load_close(load);
	wt_feed_faults_free(&faults);
}

TestSuite(feed_load, .init = start, .fini = stop);

static void fault(enum wt_feed_fault which, const char *text)
{
	cr_assert(eq(int, wt_feed_faults_add(&faults, which, text, &err), 0), "%s", err.text);
}

/* Check a frame as others see it: its address and headers are as it was meant. */
static void check_frame(const uint8_t *frame, const struct wt_feed_load_packet *packet)
{
	struct wt_feed_header found[WT_FEED_HEADERS_MAX];
	struct wt_feed_address address;
	struct wt_udp_view view;
	uint64_t numbers = 0;
	size_t used;
	int how_many;

	cr_assert(eq(int, wt_udp_locate(frame, packet->frame_bytes, LINKTYPE_ETHERNET, &view), 0));
	cr_assert(wt_feed_load_address(load, packet->stream, packet->side, &address));
	cr_expect(memcmp(view.destination, address.ip, 4) == 0);
	cr_expect(eq(u16, view.destination_port, address.port));
	how_many = wt_preset_read(config.preset, view.payload, view.payload_bytes,
	                          view.payload_wire_bytes, found, &used);
	cr_assert(gt(int, how_many, 0), "%s", config.preset->name);
	for (int i = 0; i < how_many; i++)
		numbers += found[i].count;
	cr_expect(eq(u64, numbers, packet->count));
	cr_expect(eq(u8, found[0].what, packet->what));
	headers[count] = found[0];
}

/* All packets there are. */
static void run(void)
{
	static uint8_t frame[WT_FEED_LOAD_FRAME_MAX];
	int more;

	cr_assert(eq(int, wt_feed_load_open(&load, &config, &err), 0), "%s", err.text);
	while ((more = wt_feed_load_next(load, frame, &packets[count])) > 0) {
		cr_assert(le(u32, packets[count].frame_bytes, wt_feed_load_frame_bytes(load)));
		if (count)
			cr_expect(ge(i64, packets[count].at_ns, packets[count - 1].at_ns));
		check_frame(frame, &packets[count]);
		cr_assert(lt(sz, ++count, PACKETS_MAX));
	}
	cr_assert(eq(int, more, 0));
}

static struct wt_feed_load_truth truth_of(uint32_t stream, enum wt_feed_side side)
{
	struct wt_feed_load_truth truth;

	wt_feed_load_truth(load, stream, side, &truth);
	return truth;
}

/* How often a number comes on a side of stream 0. */
static unsigned times(enum wt_feed_side side, uint64_t number)
{
	unsigned found = 0;

	for (size_t i = 0; i < count; i++)
		found += packets[i].side == side && !packets[i].stream &&
		         packets[i].what == WT_FEED_DATA && packets[i].first <= number &&
		         number - packets[i].first < packets[i].count;
	return found;
}

Test(feed_load, numbers_rise_by_one_and_times_are_even)
{
	run();
	cr_assert(eq(sz, count, 1000));
	for (size_t i = 0; i < count; i++) {
		cr_expect(eq(u64, packets[i].first, i + 1));
		cr_expect(eq(u64, headers[i].first, i + 1));
		cr_expect(eq(u64, headers[i].session, 1));
		cr_expect(eq(i64, packets[i].at_ns, config.start_ns + 1000 * (int64_t)i));
	}
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).next, 1001));
}

Test(feed_load, streams_take_turns_on_groups_of_their_own)
{
	config.streams = 3;
	config.packets = 300;
	config.preset = wt_preset_find("pitch");
	run();
	cr_assert(eq(sz, count, 300));
	for (size_t i = 0; i < count; i++) {
		cr_expect(eq(u32, packets[i].stream, (uint32_t)(i % 3)));
		cr_expect(eq(u64, packets[i].first, i / 3 + 1));
		cr_expect(eq(u32, headers[i].channel, (uint32_t)(1 + i % 3)));
	}
}

Test(feed_load, sides_carry_the_same_and_share_the_rate)
{
	use_side(WT_FEED_B, "239.1.1.2:5000", 50000);
	run();
	cr_assert(eq(sz, count, 1000));
	for (uint64_t number = 1; number <= 500; number++) {
		cr_expect(eq(uint, times(WT_FEED_A, number), 1));
		cr_expect(eq(uint, times(WT_FEED_B, number), 1));
	}
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(i64, packets[i].at_ns,
		             config.start_ns + 2000 * (int64_t)(packets[i].first - 1) +
		                     (packets[i].side == WT_FEED_B ? 50000 : 0)));
}

Test(feed_load, skipped_numbers_are_never_sent)
{
	fault(WT_FAULT_SKIP, "100-109,500");
	config.messages_min = 1;
	config.messages_max = 7;
	run();
	cr_expect(eq(sz, count, 1000));
	for (uint64_t number = 1; number < 1000; number++)
		cr_expect(eq(uint, times(WT_FEED_A, number),
		             (number >= 100 && number < 110) || number == 500 ? 0 : 1),
		          "%llu", (unsigned long long)number);
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).skipped, 11));
}

Test(feed_load, one_side_can_lack_them_and_r_has_them)
{
	use_side(WT_FEED_B, "239.1.1.2:5000", 0);
	use_side(WT_FEED_R, "239.1.1.3:5000", 1000000);
	fault(WT_FAULT_SKIP, "B:100-109");
	fault(WT_FAULT_SKIP, "200-204");
	config.messages_max = 3;
	run();
	for (uint64_t number = 1; number < 500; number++) {
		bool neither = number >= 200 && number < 205;
		bool not_b = number >= 100 && number < 110;

		cr_expect(eq(uint, times(WT_FEED_A, number), !neither));
		cr_expect(eq(uint, times(WT_FEED_B, number), !neither && !not_b));
		cr_expect(eq(uint, times(WT_FEED_R, number), neither || not_b));
	}
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).skipped, 5));
	cr_expect(eq(u64, truth_of(0, WT_FEED_B).skipped, 15));
	cr_expect(eq(u64, truth_of(0, WT_FEED_R).numbers, 15));
}

Test(feed_load, one_in_a_hundred)
{
	use_side(WT_FEED_B, "239.1.1.2:5000", 0);
	fault(WT_FAULT_SKIP, "B:1/100");
	fault(WT_FAULT_SKIP, "1/50");
	config.packets = 20000;
	config.packets = 18000;
	run();
	cr_expect(ge(u64, truth_of(0, WT_FEED_A).skipped, 120));
	cr_expect(le(u64, truth_of(0, WT_FEED_A).skipped, 240));
	cr_expect(ge(u64, truth_of(0, WT_FEED_B).skipped, 200));
	cr_expect(le(u64, truth_of(0, WT_FEED_B).skipped, 340));
	for (uint64_t number = 1; number <= 9000; number++)
		cr_expect(le(uint, times(WT_FEED_B, number), times(WT_FEED_A, number)));
}

Test(feed_load, duplicates_come_at_once)
{
	fault(WT_FAULT_DUPLICATE, "10,20-21");
	run();
	cr_assert(eq(sz, count, 1003));
	cr_expect(eq(u64, packets[10].first, 10));
	cr_expect(packets[10].again);
	cr_expect(eq(uint, times(WT_FEED_A, 10), 2));
	cr_expect(eq(uint, times(WT_FEED_A, 21), 2));
	cr_expect(eq(uint, times(WT_FEED_A, 22), 1));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).duplicates, 3));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).numbers, 1000));
}

Test(feed_load, reordered_packets_come_after_as_many)
{
	config.pps = 999983;
	config.streams = 2;
	fault(WT_FAULT_REORDER, "10,999,by=4");
	run();
	cr_expect(eq(sz, count, 1000));
	for (size_t i = 0; i + 2 < count; i++)
		if (packets[i].stream == 0 && packets[i].first == 10)
			cr_expect(eq(u64, packets[i - 1].first, 14));
	cr_expect(eq(u64, truth_of(1, WT_FEED_A).reordered, 1));
}

Test(feed_load, resets_begin_anew)
{
	config.preset = wt_preset_find("pillar");
	config.reset_at = 501;
	run();
	cr_assert(eq(sz, count, 1001));
	cr_expect(eq(u64, packets[499].first, 500));
	cr_expect(eq(u8, packets[500].what, WT_FEED_RESET));
	cr_expect(eq(u64, packets[501].first, 2));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).resets, 1));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).next, 502));
}

Test(feed_load, a_transport_with_sessions_takes_another)
{
	config.reset_at = 501;
	run();
	cr_assert(eq(sz, count, 1000));
	cr_expect(eq(u64, packets[500].first, 1));
	cr_expect(eq(u64, headers[499].session, 1));
	cr_expect(eq(u64, headers[500].session, 2));
}

Test(feed_load, sessions_end_and_others_follow)
{
	config.sessions = 4;
	config.streams = 2;
	run();
	cr_assert(eq(sz, count, 1000 + 2 * 4));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).ends, 4));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).resets, 3));
	cr_expect(eq(u64, headers[count - 1].session, 4));
	cr_expect(eq(u8, headers[count - 1].what, WT_FEED_END));
	cr_expect(eq(u64, headers[count - 1].first, 126));
}

Test(feed_load, heartbeats_fill_silence_and_show_what_is_missing_last)
{
	config.packets = 10;
	config.pps = 10;
	config.heartbeat_ns = 30000000;
	fault(WT_FAULT_SKIP, "11-20");
	run();
	cr_assert(eq(sz, count, 10 + 9 * 3 + 1));
	cr_expect(eq(u8, packets[1].what, WT_FEED_HEARTBEAT));
	cr_expect(eq(u64, headers[1].first, 2));
	cr_expect(eq(u64, headers[count - 1].first, 21));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).skipped, 10));
	cr_expect(eq(u64, truth_of(0, WT_FEED_A).heartbeats, 28));
}

Test(feed_load, numbers_roll_over)
{
	config.preset = wt_preset_find("pitch");
	config.first_number = UINT32_MAX - 10;
	config.messages_max = 4;
	config.packets = 20;
	run();
	for (size_t i = 1; i < count; i++) {
		uint64_t next = headers[i - 1].first + headers[i - 1].count;

		cr_expect(eq(u64, headers[i].first, next > UINT32_MAX ? 1 : next));
	}
	cr_expect(gt(u64, packets[count - 1].first, UINT32_MAX));
}

Test(feed_load, seeds_make_the_same_again)
{
	static struct wt_feed_load_packet before[PACKETS_MAX];
	size_t before_count;

	fault(WT_FAULT_SKIP, "1/10");
	fault(WT_FAULT_REORDER, "1/10");
	config.messages_max = 9;
	run();
	before_count = count;
	memcpy(before, packets, count * sizeof(*packets));
	wt_feed_load_close(load);
	count = 0;
	run();
	cr_expect(eq(sz, count, before_count));
	cr_expect(memcmp(before, packets, count * sizeof(*packets)) == 0);
	wt_feed_load_close(load);
	count = 0;
	config.seed = 1;
	run();
	cr_expect(memcmp(before, packets, before_count * sizeof(*packets)) != 0);
}

Test(feed_load, sizes_are_as_asked_where_messages_can_fill_them)
{
	config.frame_bytes = 1000;
	config.messages_max = 5;
	config.packets = 50;
	run();
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(u32, packets[i].frame_bytes, 1000));
	wt_feed_load_close(load);
	count = 0;
	/* A message of pitch has at most 255 bytes. */
	config.preset = wt_preset_find("pitch");
	run();
	for (size_t i = 0; i < count; i++)
		cr_expect(le(u32, packets[i].frame_bytes, 1000));
}

/* Everything that a transport can say is read as it was meant: run() looks. */
Test(feed_load, all_transports)
{
	config.packets = 400;
	config.streams = 3;
	fault(WT_FAULT_SKIP, "20-29,1/20");
	fault(WT_FAULT_DUPLICATE, "1/30");
	fault(WT_FAULT_REORDER, "1/30");
	config.reset_at = 70;
	for (size_t i = 0; i < wt_preset_count; i++) {
		config.preset = wt_presets[i];
		count = 0;
		run();
		cr_expect(gt(u64, truth_of(0, WT_FEED_A).skipped, 9), "%s", wt_presets[i]->name);
		wt_feed_load_close(load);
		load = NULL;
	}
}

/* The last bytes of the payload of the first packet of each stream and side. */
static void last_bytes(uint64_t last[2][2])
{
	static uint8_t frame[WT_FEED_LOAD_FRAME_MAX];
	struct wt_feed_load_packet packet;

	cr_assert(eq(int, wt_feed_load_open(&load, &config, &err), 0), "%s", err.text);
	for (int i = 0; i < 4; i++) {
		cr_assert(eq(int, wt_feed_load_next(load, frame, &packet), 1));
		cr_assert(lt(u32, packet.stream, 2));
		cr_assert(le(int, packet.side, WT_FEED_B));
		memcpy(&last[packet.stream][packet.side], frame + packet.frame_bytes - 8, 8);
	}
	wt_feed_load_close(load);
	load = NULL;
}

Test(feed_load, streams_have_other_contents_and_sides_the_same)
{
	use_side(WT_FEED_B, "239.1.2.1:5000", 0);
	config.streams = 2;
	config.packets = 100;
	config.frame_bytes = 200;
	for (size_t i = 0; i < wt_preset_count; i++) {
		uint64_t last[2][2] = {0};

		config.preset = wt_presets[i];
		last_bytes(last);
		cr_expect(eq(u64, last[0][0], last[0][1]), "%s", wt_presets[i]->name);
		cr_expect(eq(u64, last[1][0], last[1][1]), "%s", wt_presets[i]->name);
		cr_expect(ne(u64, last[0][0], last[1][0]), "%s", wt_presets[i]->name);
	}
}

static void expect_refused(const char *why)
{
	err.text[0] = '\0';
	cr_expect(eq(int, wt_feed_load_open(&load, &config, &err), -EINVAL), "%s", why);
	cr_expect(strstr(err.text, why) != NULL, "'%s' has no '%s'", err.text, why);
	start();
}

Test(feed_load, settings_that_make_no_sense)
{
	use_side(WT_FEED_A, "10.0.0.1:5000", 0);
	expect_refused("no IPv4 multicast group");
	use_side(WT_FEED_A, "[ff15::1]:5000", 0);
	expect_refused("no IPv4 multicast group");
	use_side(WT_FEED_A, "239.255.255.250:5000", 0);
	config.streams = 10;
	expect_refused("no groups for 10 streams");
	use_side(WT_FEED_B, "239.1.1.2:5000", 0);
	config.streams = 2;
	expect_refused("share groups");
	use_side(WT_FEED_B, "239.1.1.2:5000", -1);
	expect_refused("delay");
	config.preset = wt_preset_find("rtp");
	config.messages_max = 2;
	expect_refused("leave out --messages");
	config.preset = wt_preset_find("rtp");
	config.heartbeat_ns = 1;
	expect_refused("leave out --heartbeat");
	config.preset = wt_preset_find("pitch");
	config.sessions = 2;
	expect_refused("has no sessions");
	config.sessions = 2;
	config.packets = 0;
	expect_refused("--count");
	config.messages_max = 60000;
	expect_refused("do not fit");
}

static void random_fault(enum wt_feed_fault which)
{
	char text[64];
	int first = 1 + rand() % 60;
	static const char *const sides[] = {"", "A:", "B:"};

	if (rand() % 2)
		snprintf(text, sizeof(text), "%s1/%d", sides[rand() % 3], 2 + rand() % 20);
	else
		snprintf(text, sizeof(text), "%s%d-%d,%d", sides[rand() % 3], first,
		         first + rand() % 10, first + 20);
	fault(which, text);
}

static void random_config(void)
{
	start();
	config.preset = wt_presets[(size_t)rand() % wt_preset_count];
	config.streams = 1 + (uint32_t)rand() % 4;
	config.packets = 1 + (uint64_t)rand() % 300;
	config.seed = (uint64_t)rand();
	if (config.preset->count.bytes && config.preset->unit == WT_FEED_MESSAGES)
		config.messages_max = 1 + (uint32_t)rand() % 5;
	if (rand() % 2)
		use_side(WT_FEED_B, "239.1.2.1:5000", rand() % 200000);
	if (rand() % 3 == 0)
		use_side(WT_FEED_R, "239.1.3.1:5000", rand() % 200000);
	for (int which = 0; which < WT_FAULTS; which++)
		if (rand() % 2)
			random_fault((enum wt_feed_fault)which);
}

/* Numbers of a stream's side as packets have them: how many different ones, and how many twice. */
static void count_numbers(uint32_t stream, enum wt_feed_side side, uint64_t *once, uint64_t *twice)
{
	static uint8_t seen[4096];

	memset(seen, 0, sizeof(seen));
	*once = *twice = 0;
	for (size_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < packets[i].count; j++) {
			uint64_t number = packets[i].first + j;

			if (packets[i].stream != stream || packets[i].side != side)
				continue;
			cr_assert(lt(u64, number, sizeof(seen)));
			*once += !seen[number];
			*twice += seen[number]++ == 1;
			cr_assert(le(u8, seen[number], 2));
		}
}

static void expect_truth(uint32_t stream, enum wt_feed_side side)
{
	struct wt_feed_load_truth truth = truth_of(stream, side);
	uint64_t once, twice;

	count_numbers(stream, side, &once, &twice);
	cr_expect(eq(u64, once, truth.numbers));
	cr_expect(eq(u64, once + truth.skipped, truth.next - truth.first));
	cr_expect(eq(int, twice > 0, truth.duplicates > 0));
	cr_expect(le(u64, truth.duplicates, twice));
}

Test(feed_load, the_truth_is_what_the_packets_have)
{
	for (int i = 0; i < 2000; i++) {
		random_config();
		run();
		for (uint32_t stream = 0; stream < config.streams; stream++)
			for (int side = WT_FEED_A; side <= WT_FEED_B; side++)
				if (config.sides[side].address.used)
					expect_truth(stream, (enum wt_feed_side)side);
		wt_feed_load_close(load);
		load = NULL;
		wt_feed_faults_free(&faults);
	}
}
