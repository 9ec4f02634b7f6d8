/* SPDX-License-Identifier: BSD-2-Clause */

/* Whole replays by the kernel's clock: payloads of UDP, to a socket of the test. */

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/replay_run.h"
#include "support/unit.h"

#define S    INT64_C(1000000000)
#define MS   INT64_C(1000000)
#define US   INT64_C(1000)
#define T_NS (1700000000 * S)

enum { PAYLOAD_BYTES = 40, STAMP_BYTES = 16, PATIENCE_MS = 5000 };

static struct replay_run run;
static struct wt_udp_target target;
static int receiver = -1;

static void set_up(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	char text[64];

	receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert(eq(int, bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0));
	cr_assert(eq(int, getsockname(receiver, (struct sockaddr *)&address, &bytes), 0));
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
	cr_assert(eq(int, wt_udp_target_parse(&target, text, NULL), 0));
	run.config.target = &target;
}

static void tear_down(void)
{
	close(receiver);
	replay_end(&run);
}

TestSuite(replay_udp, .init = set_up, .fini = tear_down);

static void run_it(void)
{
	int rc = replay_run(&run);

	cr_assert(eq(int, rc, 0), "%s", rc ? run.err.text : "");
}

static void build_large(uint32_t packets, int64_t gap_ns, uint32_t bytes)
{
	struct capture_builder *capture = &run.captures[0];

	capture_begin(capture);
	capture_interface(capture, "eth0", 1);
	for (uint32_t i = 0; i < packets; i++)
		capture_udp(capture, 0, T_NS + i * gap_ns, bytes);
	capture_end(capture);
	replay_captures(&run, 1);
}

static void build(uint32_t packets, int64_t gap_ns)
{
	build_large(packets, gap_ns, PAYLOAD_BYTES);
}

static void receive(uint8_t payload[PAYLOAD_BYTES])
{
	struct pollfd ready = {.fd = receiver, .events = POLLIN};

	cr_assert(gt(int, poll(&ready, 1, PATIENCE_MS), 0));
	cr_assert(eq(long, (long)recv(receiver, payload, PAYLOAD_BYTES, MSG_TRUNC), PAYLOAD_BYTES));
}

static uint64_t load64(const uint8_t *at)
{
	uint64_t value = 0;

	for (size_t i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

Test(replay_udp, payloads_arrive_as_they_were_recorded)
{
	uint8_t payload[PAYLOAD_BYTES];
	uint32_t number;

	build(50, MS);
	run_it();
	for (uint32_t i = 0; i < 50; i++) {
		receive(payload);
		memcpy(&number, payload, sizeof(number));
		cr_expect(eq(u32, number, i));
		cr_expect(eq(u8, payload[PAYLOAD_BYTES - 1], 0x5a));
	}
	cr_expect(eq(u64, run.result.sent, 50));
	cr_expect(eq(u64, run.result.bytes, 50 * PAYLOAD_BYTES));
	cr_expect(eq(u64, run.result.proof.by_source[WT_DEPARTURE_HANDOVER], 50));
	cr_expect(ge(i64, run.result.duration_ns, 49 * MS));
	/* Never before they are due. */
	cr_expect(eq(u64, run.result.proof.early, 0));
}

/* The proof and the stamps in the payloads are of one moment. */
Test(replay_udp, payloads_carry_their_number_and_when_they_were_handed_over)
{
	uint8_t payload[PAYLOAD_BYTES];

	build(50, MS);
	run.config.stamp_payload = true;
	run_it();
	cr_expect(eq(u64, run.result.stamped, 50));
	cr_assert(eq(sz, run.row_count, 50));
	for (uint32_t i = 0; i < 50; i++) {
		receive(payload);
		cr_expect(eq(u64, load64(payload + PAYLOAD_BYTES - STAMP_BYTES), i));
		cr_expect(eq(i64,
		             (int64_t)load64(payload + PAYLOAD_BYTES - 8) - run.result.start_utc_ns,
		             run.rows[i].handover_ns));
	}
}

Test(replay_udp, what_has_no_payload_is_skipped_and_counted)
{
	struct capture_builder *capture = &run.captures[0];

	capture_begin(capture);
	capture_interface(capture, "eth0", 1);
	capture_udp(capture, 0, T_NS, PAYLOAD_BYTES);
	capture_packet(capture, 0, T_NS + MS, 60);
	capture_udp(capture, 0, T_NS + 2 * MS, PAYLOAD_BYTES);
	capture_end(capture);
	replay_captures(&run, 1);
	run_it();
	cr_expect(eq(u64, run.result.sent, 2));
	cr_expect(eq(u64, run.result.read, 3));
	cr_expect(eq(u64, run.result.skipped.not_udp, 1));
	cr_expect(eq(i64, run.rows[1].due_ns, 2 * MS));
}

Test(replay_udp, asleep_they_leave_on_time_too)
{
	build(20, MS);
	run.config.pace = WT_PACE_SLEEP;
	run_it();
	cr_expect(eq(u64, run.result.sent, 20));
	cr_expect(eq(u64, run.result.proof.early, 0));
	cr_expect(ge(i64, run.result.duration_ns, 19 * MS));
}

Test(replay_udp, on_one_processor_it_looks_at_the_clock_as_well)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	cr_assert(eq(int, sched_setaffinity(0, sizeof(one), &one), 0));
	build(20, MS);
	run_it();
	cr_expect(eq(int, (int)run.result.pace, WT_PACE_SPIN));
	cr_expect(eq(u64, run.result.sent, 20));
	cr_expect(eq(u64, run.result.unproved, 0));
}

Test(replay_udp, rewriting_payloads_makes_no_sense)
{
	static const struct wt_rewrite rewrite;

	build(1, MS);
	run.config.rewrite = &rewrite;
	cr_expect(eq(int, replay_run(&run), -EINVAL));
	cr_expect(strstr(run.err.text, "--to") != NULL, "%s", run.err.text);
}

/* ---- a pipe whose writer pauses ---- */

static void write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length) {
		ssize_t put = write(fd, bytes, length);

		if (put <= 0)
			break;
		bytes += put;
		length -= (size_t)put;
	}
}

/* More than the buffer takes, and the rest after a while. */
static void *write_with_a_pause(void *argument)
{
	const int fd = *(int *)argument;
	static uint8_t bytes[8 << 20];
	FILE *file = fopen(run.captures[0].path, "r");
	size_t length = fread(bytes, 1, sizeof(bytes), file);

	fclose(file);
	write_all(fd, bytes, length / 4 * 3);
	usleep(400000);
	write_all(fd, bytes + length / 4 * 3, length - length / 4 * 3);
	close(fd);
	return NULL;
}

Test(replay_udp, a_pipe_that_pauses_starves_the_sender_and_loses_nothing)
{
	enum { PACKETS = 4000, GAP_NS = 50000 };
	static const char *const paths[] = {"-"};
	pthread_t writer;
	int ends[2];

	build_large(PACKETS, GAP_NS, 1000);
	cr_assert(eq(int, pipe(ends), 0));
	cr_assert(eq(int, dup2(ends[0], STDIN_FILENO), STDIN_FILENO));
	cr_assert(eq(int, pthread_create(&writer, NULL, write_with_a_pause, &ends[1]), 0));
	run.config.paths = paths;
	run_it();
	pthread_join(writer, NULL);
	cr_expect(eq(u64, run.result.sent, PACKETS));
	cr_expect(gt(u64, run.result.starved, 0));
	cr_expect(gt(i64, run.result.starved_ns, 0));
	cr_expect(gt(u64, run.result.starved_packets, 0));
	cr_expect(lt(u64, run.result.starved_packets, PACKETS));
	cr_assert(eq(sz, run.row_count, PACKETS));
	for (size_t i = 0; i < run.row_count; i++)
		cr_assert(eq(i64, run.rows[i].due_ns, (int64_t)i * GAP_NS), "packet %zu", i);
}

static void stop_it(void *context, const struct wt_replayer_progress *progress)
{
	(void)context;
	if (progress->sent)
		wt_replayer_stop(&run.stop);
}

/* Of an hour, in the middle of a wait. */
Test(replay_udp, a_stop_ends_a_long_wait)
{
	build(2, 3600 * S);
	run.config.on_progress = stop_it;
	run_it();
	cr_expect(run.result.was_stopped);
	cr_expect(eq(u64, run.result.sent, 1));
}

static void *stop_from_outside(void *argument)
{
	(void)argument;
	usleep(100000);
	wt_replayer_stop(&run.stop);
	return NULL;
}

Test(replay_udp, a_stop_ends_the_wait_for_the_start)
{
	pthread_t thread;

	build(2, MS);
	run.config.start_at_ns = 3600 * S;
	run.config.start_is_relative = true;
	cr_assert(eq(int, pthread_create(&thread, NULL, stop_from_outside, NULL), 0));
	run_it();
	pthread_join(thread, NULL);
	cr_expect(run.result.was_stopped);
	cr_expect(eq(u64, run.result.sent, 0));
}

Test(replay_udp, a_stop_ends_the_wait_for_a_start_by_the_clock_on_the_wall)
{
	struct timespec now;
	pthread_t thread;

	build(2, MS);
	clock_gettime(CLOCK_REALTIME, &now);
	run.config.start_at_ns = (now.tv_sec + 3600) * S;
	cr_assert(eq(int, pthread_create(&thread, NULL, stop_from_outside, NULL), 0));
	run_it();
	pthread_join(thread, NULL);
	cr_expect(run.result.was_stopped);
	cr_expect(eq(u64, run.result.sent, 0));
}
