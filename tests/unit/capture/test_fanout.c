/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

/* Several readers of one interface, among which the kernel shares out its packets. */

enum { QUEUES = 3, MOST = 4096, FRAME_BYTES = 60, NUMBER_AT = 16, PATIENCE_MS = 5000 };

static struct wt_reader *readers[QUEUES];
static struct wt_reader_config config;
static struct wt_error err;
static uint32_t queue_count;
static int sender = -1;
static unsigned got[MOST]; /* how often each number has come, from any queue */
static uint64_t taken[QUEUES];

/* Packet sockets closed: this program's close() stands before the C library's. */
static atomic_uint closed_packet_sockets;

int close(int fd)
{
	int domain = 0;
	socklen_t length = sizeof(domain);

	if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) && domain == AF_PACKET)
		atomic_fetch_add(&closed_packet_sockets, 1);
	return (int)syscall(SYS_close, fd);
}

static void set_up(void)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	config = (struct wt_reader_config){
	        .interface = "wt_a", .fanout = WT_FANOUT_LB, .ring_bytes = 1 << 20};
	config.retire_timeout_ms = 2;
}

static void tear_down(void)
{
	for (int i = 0; i < QUEUES; i++)
		wt_reader_close(readers[i]);
	if (sender >= 0)
		close(sender);
}

TestSuite(fanout, .init = set_up, .fini = tear_down);

static void open_queues(uint32_t count)
{
	queue_count = count;
	config.queues = count;
	for (uint32_t i = 0; i < count; i++) {
		config.queue = i;
		config.fanout_group = i ? wt_reader_info(readers[0])->fanout_group : 0;
		cr_assert(eq(int, wt_reader_open(&readers[i], &config, &err), 0), "%s", err.text);
	}
}

static void start_queues(void)
{
	for (uint32_t i = 0; i < queue_count; i++)
		cr_assert(eq(int, wt_reader_start(readers[i], &err), 0), "%s", err.text);
}

static void close_queues(void)
{
	for (uint32_t i = 0; i < queue_count; i++) {
		wt_reader_close(readers[i]);
		readers[i] = NULL;
		taken[i] = 0;
	}
}

static void send_number(uint32_t number)
{
	uint8_t frame[FRAME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8};

	memcpy(frame + NUMBER_AT, &number, sizeof(number));
	cr_assert(eq(int, (int)send(sender, frame, sizeof(frame), 0), FRAME_BYTES));
}

static void send_numbers(uint32_t from, uint32_t to)
{
	if (sender < 0)
		sender = veth_open_sender("wt_b");
	cr_assert(sender >= 0);
	for (uint32_t i = from; i < to; i++)
		send_number(i);
}

static void take_block(uint32_t queue, struct wt_block *block)
{
	struct wt_frame frames[32];
	size_t count;
	uint32_t number;

	while ((count = wt_ring_read_frames(wt_reader_ring(readers[queue]), block, frames, 32))) {
		taken[queue] += count;
		for (size_t i = 0; i < count; i++) {
			memcpy(&number, frames[i].data + NUMBER_AT, sizeof(number));
			got[number % MOST]++;
		}
	}
	wt_reader_release_block(readers[queue], block);
}

static void take_what_is_there(uint32_t queue)
{
	struct wt_block block;

	while (wt_reader_next_block(readers[queue], &block) == 1)
		take_block(queue, &block);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t taken_of_all(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < queue_count; i++)
		sum += taken[i];
	return sum;
}

/* From all queues, until there are as many. */
static void receive(uint64_t want)
{
	int64_t until_ms = now_ms() + PATIENCE_MS;

	while (taken_of_all() < want && now_ms() < until_ms) {
		for (uint32_t i = 0; i < queue_count; i++)
			take_what_is_there(i);
		poll(NULL, 0, 1);
	}
	cr_assert(eq(u64, taken_of_all(), want));
}

static void expect_each_once(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		cr_expect(eq(int, (int)got[i], 1), "number %u", i);
}

static void expect_counted(uint64_t want)
{
	struct wt_ring_statistics total;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < queue_count; i++) {
		cr_assert(eq(int, wt_reader_count(readers[i], &total), 0));
		cr_expect(eq(u64, total.drops, 0));
		cr_expect(eq(u64, total.packets, taken[i]));
		sum += total.packets;
	}
	cr_expect(eq(u64, sum, want));
}

Test(fanout, every_packet_is_in_one_queue_and_counted_there)
{
	static const enum wt_fanout modes[] = {WT_FANOUT_QM, WT_FANOUT_CPU, WT_FANOUT_HASH,
	                                       WT_FANOUT_LB};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		memset(got, 0, sizeof(got));
		config.fanout = modes[i];
		open_queues(2);
		start_queues();
		send_numbers(0, 100);
		receive(100);
		expect_each_once(100);
		expect_counted(100);
		cr_expect(eq(int, (int)wt_reader_info(readers[1])->fanout, (int)modes[i]));
		cr_expect(eq(u32, wt_reader_info(readers[1])->queue, 1));
		close_queues();
	}
}

Test(fanout, packets_are_dealt_out_in_turn)
{
	open_queues(3);
	start_queues();
	send_numbers(0, 300);
	receive(300);
	expect_each_once(300);
	for (uint32_t i = 0; i < 3; i++)
		cr_expect(eq(u64, taken[i], 100), "queue %u", i);
}

Test(fanout, groups_are_apart)
{
	open_queues(2);
	config.queue = 0;
	config.fanout_group = 0;
	cr_assert(eq(int, wt_reader_open(&readers[2], &config, &err), 0), "%s", err.text);
	cr_expect(ne(u32, wt_reader_info(readers[2])->fanout_group,
	             wt_reader_info(readers[0])->fanout_group));
	cr_expect(eq(u32, wt_reader_info(readers[1])->fanout_group,
	             wt_reader_info(readers[0])->fanout_group));
	queue_count = 3;
	start_queues();
	send_numbers(0, 40);
	receive(80);
	cr_expect(eq(u64, taken[0], 20));
	cr_expect(eq(u64, taken[1], 20));
	cr_expect(eq(u64, taken[2], 40));
}

Test(fanout, what_comes_before_the_gates_open_and_after_they_are_shut_is_in_no_count)
{
	open_queues(2);
	send_numbers(0, 10);
	start_queues();
	send_numbers(10, 30);
	receive(20);
	for (uint32_t i = 0; i < 2; i++)
		cr_assert(eq(int, wt_reader_stop(readers[i]), 0));
	send_numbers(30, 40);
	expect_counted(20);
}

/* It is how every CPU is waited for. */
Test(fanout, shutting_the_gate_closes_a_packet_socket_and_shutting_it_again_does_nothing)
{
	unsigned before;

	open_queues(1);
	start_queues();
	before = atomic_load(&closed_packet_sockets);
	cr_assert(eq(int, wt_reader_stop(readers[0]), 0));
	cr_expect(eq(u32, atomic_load(&closed_packet_sockets), before + 1));
	cr_assert(eq(int, wt_reader_stop(readers[0]), 0));
	cr_expect(eq(u32, atomic_load(&closed_packet_sockets), before + 1));
	close_queues();
	cr_expect(eq(u32, atomic_load(&closed_packet_sockets), before + 2));
}

Test(fanout, closing_without_a_stop_leaves_no_socket)
{
	unsigned before = atomic_load(&closed_packet_sockets);

	open_queues(2);
	close_queues();
	cr_expect(eq(u32, atomic_load(&closed_packet_sockets), before + 4));
}

Test(fanout, link_that_comes_up_again_is_shared_out_as_before)
{
	open_queues(2);
	start_queues();
	send_numbers(0, 10);
	receive(10);
	cr_assert(eq(int, veth_ip("link set wt_a down"), 0));
	cr_expect(eq(int, wt_reader_health(readers[0]), -ENETDOWN));
	cr_expect(eq(int, wt_reader_health(readers[1]), -ENETDOWN));
	cr_assert(eq(int, veth_ip("link set wt_a up"), 0));
	cr_assert(veth_wait_running("wt_a", true) && veth_wait_running("wt_b", true));
	send_numbers(10, 30);
	receive(30);
	expect_each_once(30);
	cr_expect(eq(u64, taken[0], 15));
	expect_counted(30);
}

Test(fanout, interface_that_is_gone_is_gone_for_good)
{
	open_queues(2);
	start_queues();
	cr_expect(eq(int, wt_reader_info(readers[1])->goes_for_good, 1));
	cr_assert(eq(int, veth_ip("link del wt_a"), 0));
	cr_assert(eq(int, veth_ip("link add wt_a type veth peer name wt_b"), 0));
	cr_expect(eq(int, wt_reader_health(readers[1]), -ENODEV));
	cr_expect(eq(int, wt_reader_reattach(readers[1], &err), -ENOTSUP));
	cr_expect(strstr(err.text, "record anew") != NULL, "%s", err.text);
	cr_expect(eq(int, wt_reader_stop(readers[1]), 0));
}

Test(fanout, packet_on_loopback_is_seen_once)
{
	cr_assert(eq(int, veth_ip("link set lo up"), 0));
	config.interface = "lo";
	open_queues(2);
	start_queues();
	sender = veth_open_sender("lo");
	send_numbers(0, 20);
	receive(20);
	for (uint32_t i = 0; i < 2; i++)
		cr_assert(eq(int, wt_reader_stop(readers[i]), 0));
	expect_counted(20);
	expect_each_once(20);
}

/* Older kernels refuse it. */
Test(fanout, interface_that_is_down_is_refused_or_shared_out_once_it_is_up)
{
	cr_assert(eq(int, veth_ip("link set wt_a down"), 0));
	if (wt_reader_open(&readers[0], &config, &err)) {
		cr_expect(eq(int, err.code, -ENETDOWN));
		cr_expect(strstr(err.text, "wt_a is down") != NULL, "%s", err.text);
		return;
	}
	wt_reader_close(readers[0]);
	open_queues(2);
	start_queues();
	cr_assert(eq(int, veth_ip("link set wt_a up"), 0));
	cr_assert(veth_wait_running("wt_a", true) && veth_wait_running("wt_b", true));
	send_numbers(0, 20);
	receive(20);
	cr_expect(eq(u64, taken[0], 10));
}

Test(fanout, group_that_shares_out_in_another_way_is_not_joined)
{
	open_queues(1);
	config.fanout = WT_FANOUT_HASH;
	config.queue = 1;
	config.fanout_group = wt_reader_info(readers[0])->fanout_group;
	cr_expect(eq(int, wt_reader_open(&readers[1], &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "does not share out packets of wt_a") != NULL, "%s", err.text);
}

Test(fanout, readers_without_queues_say_so)
{
	static const enum wt_reader_kind kinds[] = {WT_READER_V2, WT_READER_RECV, WT_READER_UDP};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		config.kind = kinds[i];
		cr_expect(eq(int, wt_reader_open(&readers[0], &config, &err), -ENOTSUP));
		cr_expect(strstr(err.text, "has no queues") != NULL, "%s", err.text);
	}
}

/* Packets without a pause, from another thread, as fast as it can. */
static atomic_bool flood_ends;

static void *flood(void *argument)
{
	uint8_t frame[FRAME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8};

	(void)argument;
	while (!atomic_load(&flood_ends))
		(void)!send(sender, frame, sizeof(frame), 0);
	return NULL;
}

static void pass_some_time(unsigned *seed)
{
	struct timespec time = {.tv_nsec = rand_r(seed) % 3000000};

	nanosleep(&time, NULL);
}

/* All that the kernel says it has stored comes, and no more. */
static void expect_books_to_close(uint32_t queue)
{
	struct wt_ring_statistics total, later;
	int64_t until_ms = now_ms() + PATIENCE_MS;

	cr_assert(eq(int, wt_reader_stop(readers[queue]), 0));
	cr_assert(eq(int, wt_reader_count(readers[queue], &total), 0));
	while (taken[queue] < total.packets - total.drops && now_ms() < until_ms) {
		take_what_is_there(queue);
		poll(NULL, 0, 1);
	}
	take_what_is_there(queue);
	cr_assert(eq(u64, taken[queue], total.packets - total.drops));
	cr_assert(eq(int, wt_reader_count(readers[queue], &later), 0));
	cr_assert(eq(u64, later.packets, total.packets));
}

/* A filter that lets everything through, and takes its time: packets that the gate has let in are
 * stored a while after it was shut, if that is not waited for. */
static char *make_slow_filter(void)
{
	enum { TERMS = 250, TERM_BYTES = 32 };
	char *text = calloc(TERMS, TERM_BYTES);
	size_t used = 0;

	cr_assert(text != NULL);
	for (int i = 0; i < TERMS; i++)
		used += (size_t)snprintf(text + used, TERM_BYTES, "%sether[%d] != %d",
		                         i ? " and " : "", 20 + i % 40, 1 + i / 40);
	return text;
}

Test(fanout, books_close_whenever_it_is_started_and_stopped)
{
	enum { TIMES = 60 };
	unsigned seed = 5;
	pthread_t thread;
	char *filter = make_slow_filter();

	sender = veth_open_sender("wt_b");
	config.ring_bytes = 4 << 20;
	config.filter = filter;
	cr_assert(eq(int, pthread_create(&thread, NULL, flood, NULL), 0));
	for (int i = 0; i < TIMES; i++) {
		open_queues(2);
		cr_assert(wt_reader_info(readers[0])->degraded[0] == NULL, "%s",
		          wt_reader_info(readers[0])->degraded[0]);
		pass_some_time(&seed);
		start_queues();
		pass_some_time(&seed);
		take_what_is_there(0);
		expect_books_to_close(0);
		pass_some_time(&seed);
		expect_books_to_close(1);
		close_queues();
	}
	atomic_store(&flood_ends, true);
	pthread_join(thread, NULL);
	free(filter);
}

/* Names. */

TestSuite(fanout_names);

Test(fanout_names, every_way_has_a_name)
{
	static const char *const names[WT_FANOUTS] = {"none", "qm", "cpu", "hash", "lb"};

	for (int i = 0; i < WT_FANOUTS; i++)
		cr_expect(eq(str, wt_fanout_name((enum wt_fanout)i), names[i]));
	cr_expect(eq(str, wt_fanout_name(WT_FANOUTS), "unknown"));
}

/* The simulation has queues as well. */

Test(fanout_names, simulated_packets_are_dealt_out_in_turn)
{
	uint64_t sum = 0;

	config = (struct wt_reader_config){.kind = WT_READER_SIM,
	                                   .interface = "sim:pps=max,count=1001",
	                                   .fanout = WT_FANOUT_LB,
	                                   .ring_bytes = 4 << 20};
	open_queues(2);
	start_queues();
	for (uint32_t i = 0; i < 2; i++) {
		struct wt_ring_statistics total;

		while (wt_reader_health(readers[i]) != -ENODATA)
			poll(NULL, 0, 1);
		take_what_is_there(i);
		cr_assert(eq(int, wt_reader_count(readers[i], &total), 0));
		cr_expect(eq(u64, total.packets, i ? 500 : 501));
		sum += taken[i];
		wt_reader_close(readers[i]);
		readers[i] = NULL;
	}
	cr_expect(eq(u64, sum, 1001));
}
