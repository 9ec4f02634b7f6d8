/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/replay/source/packet_queue.h>

/* One thread puts numbered packets of all sizes into a queue so small that it is full again and
 * again, another takes them: all come, in order and whole, or up to where one side gives up. */

enum { PACKETS = 30000, SMALL_MAX = 2000, BATCH = 32 };

struct run {
	const char *name;
	uint64_t end_after;    /* packets */
	int end_error;         /* what the producer ends with */
	uint64_t cancel_after; /* packets, for the consumer; 0: never */
	bool slow_producer;
	bool slow_consumer;

	struct wt_packet_queue *queue;
	uint64_t sent;
	uint64_t received;
	uint64_t waits;
	int producer_returned;
	const char *problem; /* of the consumer's thread */
};

/* xorshift: each thread has one of its own. */
static uint32_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

static uint32_t draw_size(uint64_t *state)
{
	if (draw(state) % 1000 == 0)
		return WT_QUEUED_BYTES_MAX - draw(state) % 100;
	return draw(state) % SMALL_MAX;
}

static int put(struct run *run, uint64_t number, uint32_t bytes)
{
	struct wt_queued_packet *packet;
	int rc;

	while (!(packet = wt_packet_queue_reserve(run->queue, bytes))) {
		rc = wt_packet_queue_wait_space(run->queue);
		if (rc)
			return rc;
		run->waits++;
	}
	packet->number = number;
	packet->due_ns = (int64_t)number * 3;
	packet->caplen = bytes;
	memset(packet->data, (int)(number % 251), bytes);
	wt_packet_queue_commit(run->queue);
	return 0;
}

static void *produce(void *argument)
{
	struct run *run = argument;
	uint64_t state = 1;

	for (; run->sent < run->end_after; run->sent++) {
		run->producer_returned = put(run, run->sent, draw_size(&state));
		if (run->producer_returned)
			return NULL;
		if (run->slow_producer && draw(&state) % 16 == 0)
			sched_yield();
	}
	wt_packet_queue_end(run->queue, run->end_error);
	return NULL;
}

static void check(struct run *run, const struct wt_queued_packet *packet)
{
	if (packet->number != run->received || packet->due_ns != (int64_t)run->received * 3)
		run->problem = "a packet is missing or out of order";
	for (uint32_t i = 0; i < packet->caplen; i++)
		if (packet->data[i] != packet->number % 251)
			run->problem = "a packet is torn";
	run->received++;
}

/* More are looked at than are given back. */
static size_t take(struct run *run, uint64_t *state)
{
	struct wt_queued_packet *packets[BATCH];
	size_t count = wt_packet_queue_peek(run->queue, packets, draw(state) % BATCH + 1);
	size_t taken = count ? draw(state) % count + 1 : 0;

	for (size_t i = 0; i < taken; i++)
		check(run, packets[i]);
	wt_packet_queue_release(run->queue, taken);
	return taken;
}

static void consume(struct run *run)
{
	uint64_t state = 2;
	int error;

	if (wt_packet_queue_wait_filled(run->queue, 0, NULL))
		run->problem = "waiting for a full queue failed";
	while (!run->problem) {
		if (run->cancel_after && run->received >= run->cancel_after)
			return;
		if (!take(run, &state)) {
			if (wt_packet_queue_ended(run->queue, &error))
				break;
			sched_yield();
		}
		if (run->slow_consumer && draw(&state) % 16 == 0)
			sched_yield();
	}
	if (!run->problem && error != run->end_error)
		run->problem = "the error at the end is another one";
}

/* In this thread, after the other one has returned. */
static void judge(struct run *run)
{
	int expected = run->cancel_after ? -ECANCELED : 0;

	if (run->problem)
		return;
	if (run->producer_returned != expected)
		run->problem = "the producer returned something else";
	else if (!run->cancel_after && run->received != run->end_after)
		run->problem = "not all came";
	else if (run->received > run->sent)
		run->problem = "more came than were sent";
}

static int play(struct run run)
{
	pthread_t producer;

	if (wt_packet_queue_create(&run.queue, 0, NULL) ||
	    pthread_create(&producer, NULL, produce, &run)) {
		printf("SKIP: cannot start\n");
		return 77;
	}
	consume(&run);
	if (run.problem || run.cancel_after)
		wt_packet_queue_cancel(run.queue);
	pthread_join(producer, NULL);
	judge(&run);
	wt_packet_queue_destroy(run.queue);
	printf("%s: sent %llu, received %llu, waited %llu times: %s\n", run.name,
	       (unsigned long long)run.sent, (unsigned long long)run.received,
	       (unsigned long long)run.waits, run.problem ? run.problem : "ok");
	return run.problem ? 1 : 0;
}

int main(void)
{
	static const struct run runs[] = {
	        {.name = "even", .end_after = PACKETS},
	        {.name = "slow consumer", .end_after = PACKETS, .slow_consumer = true},
	        {.name = "slow producer", .end_after = PACKETS, .slow_producer = true},
	        {.name = "error", .end_after = PACKETS / 10, .end_error = -EIO},
	        {.name = "few", .end_after = 5},
	        {.name = "none", .end_after = 0},
	        {.name = "cancelled", .end_after = PACKETS, .cancel_after = PACKETS / 10},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]) && !rc; i++)
		rc = play(runs[i]);
	return rc;
}
