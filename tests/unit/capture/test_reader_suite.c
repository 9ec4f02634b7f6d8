/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/ring/sim_ring.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

/* One suite for every reader: the simulated rings, step by step, and the live ones
 * over a veth pair in a network namespace of the test's own. */

enum subject { SIM_V3, SIM_V2, LIVE_V3, LIVE_V2, LIVE_RECV };
#define EVERY_SUBJECT                                                                              \
	{                                                                                          \
		SIM_V3, SIM_V2, LIVE_V3, LIVE_V2, LIVE_RECV                                        \
	}
#define LIVE_SUBJECTS                                                                              \
	{                                                                                          \
		LIVE_V3, LIVE_V2, LIVE_RECV                                                        \
	}

enum { MOST = 600, MOST_BYTES = 9000, PATIENCE_MS = 5000, NUMBER_AT = 14 };

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t multicast[6] = {0x01, 0x00, 0x5e, 0x01, 0x02, 0x03};
static const uint8_t stranger[6] = {0x02, 0x99, 0x99, 0x99, 0x99, 0x99};

/* A frame that came out, copied. */
struct got {
	struct wt_frame frame;
	uint8_t bytes[MOST_BYTES];
};

static enum subject subject;
static struct wt_reader_config config;
static struct wt_sim_ring *sim;
static struct wt_reader *reader;
static struct wt_ring *ring;
static int sender = -1;
static struct wt_ring_statistics total;
static struct got *got;
static size_t got_count;

static void tear_down(void)
{
	if (sender >= 0)
		close(sender);
	wt_reader_close(reader);
	wt_sim_ring_destroy(sim);
	free(got);
}

TestSuite(reader_suite, .fini = tear_down);

static bool is_live(void)
{
	return subject >= LIVE_V3;
}

static void open_sim(void)
{
	struct wt_sim_config shape = {
	        .layout = subject == SIM_V2 ? WT_SIM_TPACKET_V2 : WT_SIM_TPACKET_V3,
	        .block_bytes = config.ring_bytes ? (uint32_t)config.ring_bytes / 2 : 1 << 19,
	        .block_count = 2,
	        .slot_bytes = config.ring_bytes ? 1632 : 8192,
	        .snaplen = config.snaplen,
	};

	cr_assert(eq(int, wt_sim_ring_create(&sim, &shape), 0));
	ring = wt_sim_ring_reader(sim);
}

static void open_live(void)
{
	static const enum wt_reader_kind kinds[] = {
	        [LIVE_V3] = WT_READER_V3, [LIVE_V2] = WT_READER_V2, [LIVE_RECV] = WT_READER_RECV};
	const char *why = veth_enter_namespace();
	struct wt_error err;

	if (why)
		cr_skip_test("%s", why);
	config.kind = kinds[subject];
	config.interface = "wt_a";
	config.retire_timeout_ms = 2;
	if (!config.ring_bytes)
		config.ring_bytes = 2 << 20;
	cr_assert(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
	ring = wt_reader_ring(reader);
	sender = veth_open_sender("wt_b");
	cr_assert(sender >= 0, "cannot send: %s", strerror(-sender));
}

static void open_subject(int which)
{
	subject = (enum subject)which;
	got = calloc(MOST, sizeof(*got));
	cr_assert(got != NULL);
	if (is_live())
		open_live();
	else
		open_sim();
}

static void start(void)
{
	struct wt_error err;

	if (is_live())
		cr_assert(eq(int, wt_reader_start(reader, &err), 0), "%s", err.text);
}

static void open_and_start(int which)
{
	open_subject(which);
	start();
}

static uint8_t pattern(uint64_t number, size_t at)
{
	return (uint8_t)(number * 13 + at);
}

static void fill_frame(uint8_t *frame, uint64_t number, size_t bytes, const uint8_t *destination)
{
	static const uint8_t source[6] = {0x02, 0, 0, 0, 0, 0x0b};

	for (size_t i = 0; i < bytes; i++)
		frame[i] = pattern(number, i);
	memcpy(frame, destination, 6);
	memcpy(frame + 6, source, 6);
	memcpy(frame + 12, "\x88\xb5", 2); /* for local experiments */
	memcpy(frame + NUMBER_AT, &number, sizeof(number));
}

static uint8_t packet_type(const uint8_t *destination)
{
	if (!memcmp(destination, broadcast, 6))
		return PACKET_BROADCAST;
	return destination[0] & 1 ? PACKET_MULTICAST : PACKET_OTHERHOST;
}

static void send_to(const uint8_t *destination, uint64_t number, size_t bytes)
{
	uint8_t frame[MOST_BYTES];
	struct wt_sim_frame simulated = {.data = frame,
	                                 .len = (uint32_t)bytes,
	                                 .status = TP_STATUS_TS_SOFTWARE,
	                                 .packet_type = packet_type(destination)};

	fill_frame(frame, number, bytes, destination);
	if (is_live())
		cr_assert(eq(int, (int)send(sender, frame, bytes, 0), (int)bytes), "frame %zu",
		          (size_t)number);
	else
		wt_sim_ring_deliver(sim, &simulated);
}

static void send_frame(uint64_t number, size_t bytes)
{
	send_to(broadcast, number, bytes);
}

/* With a tag on the wire; the kernel takes it out and says so beside the frame. */
static void send_tagged(uint64_t number, size_t bytes, uint16_t tci)
{
	uint8_t frame[MOST_BYTES];
	struct wt_sim_frame simulated = {.data = frame,
	                                 .len = (uint32_t)bytes,
	                                 .status = TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID,
	                                 .vlan_tci = tci,
	                                 .vlan_tpid = 0x8100};

	fill_frame(frame, number, bytes, broadcast);
	if (!is_live()) {
		wt_sim_ring_deliver(sim, &simulated);
		return;
	}
	memmove(frame + 16, frame + 12, bytes - 12);
	memcpy(frame + 12, (uint8_t[]){0x81, 0, (uint8_t)(tci >> 8), (uint8_t)tci}, 4);
	cr_assert(eq(int, (int)send(sender, frame, bytes + 4, 0), (int)bytes + 4));
}

static void add_statistics(void)
{
	struct wt_ring_statistics since;

	if (is_live()) {
		cr_assert(eq(int, wt_reader_count(reader, &total), 0));
		return;
	}
	wt_sim_ring_statistics(sim, &since);
	wt_ring_take_drops(ring, UINT64_MAX, since.drops);
	total.packets += since.packets;
	total.drops += since.drops;
}

static void keep(const struct wt_frame *frame)
{
	struct got *copy = &got[got_count++];

	cr_assert(got_count <= MOST && frame->caplen <= MOST_BYTES);
	copy->frame = *frame;
	memcpy(copy->bytes, frame->data, frame->caplen);
	copy->frame.data = copy->bytes;
}

/* What can be borrowed now. */
static void take_all(void)
{
	struct wt_frame frames[16];
	struct wt_block block;
	size_t count;

	while (wt_ring_next_block(ring, &block) == 1) {
		while ((count = wt_ring_read_frames(ring, &block, frames, 16)))
			for (size_t i = 0; i < count; i++)
				keep(&frames[i]);
		cr_assert(eq(int, block.walk.fault, WT_WALK_OK));
		wt_ring_release_block(ring, &block);
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Read until there are `want` frames. */
static void receive(size_t want)
{
	int64_t until_ms = now_ms() + PATIENCE_MS;

	if (!is_live())
		wt_sim_ring_flush(sim);
	take_all();
	while (is_live() && got_count < want && now_ms() < until_ms) {
		struct pollfd wait = {wt_reader_fd(reader), POLLIN, 0};

		poll(&wait, 1, 100);
		wt_reader_acknowledge_wakeup(reader);
		take_all();
	}
	cr_assert(eq(sz, got_count, want));
}

/* The producer has counted `packets` frames. */
static void wait_counted(uint64_t packets)
{
	int64_t until_ms = now_ms() + PATIENCE_MS;

	add_statistics();
	while (total.packets < packets && now_ms() < until_ms)
		add_statistics();
	cr_assert(eq(u64, total.packets, packets));
}

static uint64_t number_of(const struct got *one, size_t at)
{
	uint64_t number;

	memcpy(&number, one->bytes + at, sizeof(number));
	return number;
}

/* Everything from byte `from` on is what was sent as frame `number`; `shift` bytes of
 * tag are before it. */
static void expect_content(const struct got *one, uint64_t number, size_t shift)
{
	cr_assert(eq(u64, number_of(one, NUMBER_AT + shift), number));
	for (size_t i = NUMBER_AT + 8; i + shift < one->frame.caplen; i++)
		cr_assert(eq(u8, one->bytes[i + shift], pattern(number, i)), "byte %zu", i);
}

#define CASE(name, ...)                                                                            \
	ParameterizedTestParameters(reader_suite, name)                                            \
	{                                                                                          \
		static int which[] = __VA_ARGS__;                                                  \
		return cr_make_param_array(int, which, sizeof(which) / sizeof(which[0]));          \
	}                                                                                          \
	ParameterizedTest(const int *which, reader_suite, name)

CASE(every_frame_arrives_once_in_order_and_whole, EVERY_SUBJECT)
{
	open_and_start(*which);
	for (uint64_t i = 0; i < 100; i++)
		send_frame(i, 60 + i * 14);
	receive(100);
	for (uint64_t i = 0; i < 100; i++) {
		cr_expect(eq(u32, got[i].frame.caplen, (uint32_t)(60 + i * 14)));
		cr_expect(eq(u32, got[i].frame.len, (uint32_t)(60 + i * 14)));
		cr_expect(eq(u64, got[i].frame.dropped_before, 0));
		expect_content(&got[i], i, 0);
	}
}

CASE(frames_of_a_second_turn_follow_those_of_the_first, EVERY_SUBJECT)
{
	open_and_start(*which);
	send_frame(1, 60);
	receive(1);
	send_frame(2, 60);
	send_frame(3, 60);
	receive(3);
	for (uint64_t i = 0; i < 3; i++)
		expect_content(&got[i], i + 1, 0);
}

CASE(snaplen_cuts_the_bytes_and_not_the_length, EVERY_SUBJECT)
{
	config.snaplen = 100;
	open_and_start(*which);
	send_frame(1, 1000);
	send_frame(2, 101);
	send_frame(3, 100);
	send_frame(4, 60);
	receive(4);
	for (uint64_t i = 0; i < 4; i++) {
		static const uint32_t lengths[] = {1000, 101, 100, 60};

		cr_expect(eq(u32, got[i].frame.caplen, lengths[i] < 100 ? lengths[i] : 100));
		cr_expect(eq(u32, got[i].frame.len, lengths[i]));
		expect_content(&got[i], i + 1, 0);
	}
}

CASE(tag_is_where_it_was_on_the_wire, EVERY_SUBJECT)
{
	open_and_start(*which);
	send_tagged(1, 80, 0x6123);
	send_frame(2, 80);
	receive(2);
	cr_expect(eq(u32, got[0].frame.caplen, 84));
	cr_expect(eq(u32, got[0].frame.len, 84));
	cr_expect(eq(int, memcmp(got[0].bytes, broadcast, 6), 0));
	cr_expect(eq(int, memcmp(got[0].bytes + 12, "\x81\x00\x61\x23\x88\xb5", 6), 0));
	cr_expect(eq(int, got[0].frame.notes &WT_FRAME_VLAN, WT_FRAME_VLAN));
	cr_expect(eq(int, got[0].frame.vlan_tci, 0x6123));
	expect_content(&got[0], 1, 4);
	cr_expect(eq(u32, got[1].frame.len, 80));
	expect_content(&got[1], 2, 0);
}

CASE(snaplen_counts_the_tag, EVERY_SUBJECT)
{
	config.snaplen = 100;
	open_and_start(*which);
	send_tagged(1, 200, 5);
	receive(1);
	cr_expect(eq(u32, got[0].frame.caplen, 100));
	cr_expect(eq(u32, got[0].frame.len, 204));
	expect_content(&got[0], 1, 4);
}

CASE(direction_and_kind_are_told, EVERY_SUBJECT)
{
	static const uint32_t kinds[] = {WT_LINK_BROADCAST, WT_LINK_MULTICAST, WT_LINK_PROMISCUOUS};

	open_and_start(*which);
	send_to(broadcast, 0, 60);
	send_to(multicast, 1, 60);
	send_to(stranger, 2, 60);
	receive(3);
	for (int i = 0; i < 3; i++)
		cr_expect(eq(u32,
		             got[i].frame.link_flags &
		                     (WT_LINK_DIRECTION_MASK | WT_LINK_RECEPTION_MASK),
		             WT_LINK_INBOUND | kinds[i]),
		          "frame %d", i);
}

CASE(stamps_are_the_kernels_and_do_not_go_back, LIVE_SUBJECTS)
{
	struct timespec before, after;

	open_and_start(*which);
	clock_gettime(CLOCK_REALTIME, &before);
	for (uint64_t i = 0; i < 20; i++)
		send_frame(i, 60);
	clock_gettime(CLOCK_REALTIME, &after);
	receive(20);
	cr_expect(got[0].frame.stamp_ns >= before.tv_sec * INT64_C(1000000000) + before.tv_nsec);
	cr_expect(got[19].frame.stamp_ns <= (after.tv_sec + 1) * INT64_C(1000000000));
	for (int i = 1; i < 20; i++)
		cr_expect(got[i].frame.stamp_ns >= got[i - 1].frame.stamp_ns, "frame %d", i);
}

CASE(what_was_counted_and_not_dropped_is_what_was_read, EVERY_SUBJECT)
{
	enum { SENT = 500 };
	uint64_t last = 0;

	config.ring_bytes = 32768;
	open_and_start(*which);
	for (uint64_t i = 1; i <= SENT; i++)
		send_frame(i, 500);
	wait_counted(SENT);
	cr_expect(total.drops > 0 && total.drops < SENT, "drops %zu", (size_t)total.drops);
	receive((size_t)(total.packets - total.drops));
	for (size_t i = 0; i < got_count; i++) {
		uint64_t number = number_of(&got[i], NUMBER_AT);

		cr_assert(number > last, "frame %zu after %zu", (size_t)number, (size_t)last);
		expect_content(&got[i], number, 0);
		last = number;
	}
}

CASE(loss_is_told_at_the_first_frame_after_it, EVERY_SUBJECT)
{
	enum { SENT = 500 };
	size_t before;

	config.ring_bytes = 32768;
	open_and_start(*which);
	for (uint64_t i = 1; i <= SENT; i++)
		send_frame(i, 500);
	wait_counted(SENT);
	before = (size_t)(total.packets - total.drops);
	receive(before);
	send_frame(SENT + 1, 60);
	receive(before + 1);
	expect_content(&got[before], SENT + 1, 0);
	cr_expect(eq(u64, got[before].frame.dropped_before, total.drops));
	for (size_t i = 0; i < before; i++)
		cr_expect(eq(u64, got[i].frame.dropped_before, 0), "frame %zu", i);
}

CASE(own_frames_go_out, LIVE_SUBJECTS)
{
	int other;

	open_and_start(*which);
	other = sender;
	sender = veth_open_sender("wt_a");
	cr_assert(sender >= 0);
	send_frame(1, 60);
	receive(1);
	close(other);
	cr_expect(eq(u32, got[0].frame.link_flags & WT_LINK_DIRECTION_MASK, WT_LINK_OUTBOUND));
	expect_content(&got[0], 1, 0);
}

CASE(nothing_comes_before_the_gate_opens, LIVE_SUBJECTS)
{
	open_subject(*which);
	for (uint64_t i = 0; i < 10; i++)
		send_frame(i, 60);
	start();
	send_frame(100, 60);
	receive(1);
	expect_content(&got[0], 100, 0);
	wait_counted(1);
}

CASE(nothing_comes_after_the_gate_is_shut, LIVE_SUBJECTS)
{
	open_and_start(*which);
	for (uint64_t i = 0; i < 10; i++)
		send_frame(i, 60);
	cr_assert(eq(int, wt_reader_stop(reader), 0));
	for (uint64_t i = 10; i < 20; i++)
		send_frame(i, 60);
	add_statistics();
	receive((size_t)(total.packets - total.drops));
	for (size_t i = 0; i < got_count; i++)
		expect_content(&got[i], i, 0);
	cr_expect(eq(sz, got_count, 10));
	add_statistics();
	cr_expect(eq(u64, total.packets, 10));
}

/* A V2 slot was made for an MTU of 1500. */
CASE(frame_larger_than_the_mtu_was_arrives_whole, LIVE_SUBJECTS)
{
	open_and_start(*which);
	cr_assert(eq(int, veth_ip("link set wt_b mtu 9000"), 0));
	cr_assert(eq(int, veth_ip("link set wt_a mtu 9000"), 0));
	send_frame(1, 60);
	send_frame(2, 5000);
	send_frame(3, 1500);
	send_tagged(4, 5000, 7);
	send_frame(5, 8000);
	send_frame(6, 60);
	receive(6);
	for (uint64_t i = 0; i < 6; i++) {
		static const uint32_t lengths[] = {60, 5000, 1500, 5004, 8000, 60};

		cr_expect(eq(u32, got[i].frame.len, lengths[i]), "frame %zu", (size_t)i);
		cr_expect(eq(u32, got[i].frame.caplen, lengths[i]), "frame %zu", (size_t)i);
		expect_content(&got[i], i + 1, i == 3 ? 4 : 0);
	}
	cr_expect(eq(int, memcmp(got[3].bytes + 12, "\x81\x00\x00\x07", 4), 0));
}

CASE(filter_takes_what_it_matches_and_counts_nothing_else, LIVE_SUBJECTS)
{
	config.filter = "ether multicast and not ether broadcast";
	open_and_start(*which);
	for (uint64_t i = 0; i < 10; i++)
		send_to(i % 2 ? multicast : broadcast, i, 60);
	receive(5);
	for (uint64_t i = 0; i < 5; i++)
		expect_content(&got[i], 2 * i + 1, 0);
	wait_counted(5);
}

CASE(interface_that_goes_down_and_comes_back_is_noticed, LIVE_SUBJECTS)
{
	open_and_start(*which);
	cr_expect(eq(int, wt_reader_health(reader), 0));
	veth_ip("link set wt_a down");
	cr_expect(eq(int, wt_reader_health(reader), -ENETDOWN));
	cr_assert(veth_wait_running("wt_b", false));
	veth_ip("link set wt_a up");
	cr_expect(eq(int, wt_reader_health(reader), 0));
	cr_assert(veth_wait_running("wt_b", true));
	send_frame(1, 60);
	receive(1);
}

CASE(interface_that_disappears_is_noticed, LIVE_SUBJECTS)
{
	open_and_start(*which);
	send_frame(1, 60);
	receive(1);
	veth_ip("link del wt_a");
	cr_expect(eq(int, wt_reader_health(reader), -ENODEV));
	cr_expect(eq(int, wt_reader_stop(reader), 0));
}

CASE(interface_that_is_not_there_is_an_error_with_words, LIVE_SUBJECTS)
{
	struct wt_error err = {0};

	open_subject(*which);
	wt_reader_close(reader);
	reader = NULL;
	config.interface = "wt_none";
	cr_expect(eq(int, wt_reader_open(&reader, &config, &err), -ENODEV));
	cr_expect(strstr(err.text, "wt_none") != NULL, "%s", err.text);
}

/* The reader that plays the kernel in a thread of its own. */

static void open_simulated(const char *interface)
{
	struct wt_error err;

	subject = LIVE_V3; /* it has a file descriptor */
	got = calloc(MOST, sizeof(*got));
	config = (struct wt_reader_config){
	        .kind = WT_READER_SIM, .interface = interface, .ring_bytes = 1 << 20};
	cr_assert(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
	ring = wt_reader_ring(reader);
	start();
}

CASE(simulation_delivers_what_it_was_asked_to_and_says_so, {0, 1})
{
	open_simulated(*which ? "sim:count=300,pps=max,layout=v2" : "sim:count=300,pps=max");
	receive(300);
	cr_assert(eq(int, wt_reader_stop(reader), 0));
	cr_expect(eq(int, wt_reader_health(reader), -ENODATA));
	add_statistics();
	cr_expect(eq(u64, total.packets, 300));
	cr_expect(eq(u64, total.drops, 0));
}

Test(reader_suite, simulation_refuses_what_it_does_not_understand)
{
	static const char *const wrong[] = {"sim:size=59", "sim:pps=0",     "sim:pps=-1",
	                                    "sim:count=x", "sim:layout=v4", "sim:what=1",
	                                    "sim:size"};
	struct wt_error err;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct wt_reader_config bad = {.kind = WT_READER_SIM, .interface = wrong[i]};

		cr_expect(eq(int, wt_reader_open(&reader, &bad, &err), -EINVAL), "%s", wrong[i]);
	}
	reader = NULL;
}

Test(reader_suite, kinds_have_names_both_ways)
{
	for (int i = 0; i < WT_READER_KINDS; i++)
		cr_expect(eq(int,
		             wt_reader_kind_from_name(wt_reader_kind_name((enum wt_reader_kind)i)),
		             i));
	cr_expect(eq(int, wt_reader_kind_from_name("v4"), -EINVAL));
}
