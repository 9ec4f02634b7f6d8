/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/replay/source/packet_queue.h>

#include "support/unit.h"

enum {
	QUEUE_BYTES = 2 << 20, /* the smallest */
	OVERHEAD_BYTES = 64 + WT_QUEUED_HEADROOM_BYTES,
	/* Packets whose records are an eighth of the queue, and 128 bytes. */
	EIGHTH_BYTES = QUEUE_BYTES / 8 - OVERHEAD_BYTES,
	SMALL_BYTES = 128 - OVERHEAD_BYTES,
};

static struct wt_packet_queue *queue;
static uint64_t written, taken;

static void set_up(void)
{
	struct wt_error err;

	cr_assert(eq(int, wt_packet_queue_create(&queue, 1, &err), 0), "%s", err.text);
	written = taken = 0;
}

static void tear_down(void)
{
	wt_packet_queue_destroy(queue);
}

TestSuite(packet_queue, .init = set_up, .fini = tear_down);

static int content(uint64_t number)
{
	return (int)(number % 251);
}

/* A numbered packet, all of it written to. False if there is no room. */
static bool put(uint32_t bytes)
{
	struct wt_queued_packet *packet = wt_packet_queue_reserve(queue, bytes);

	if (!packet)
		return false;
	packet->number = written;
	packet->caplen = bytes;
	memset(packet->data - WT_QUEUED_HEADROOM_BYTES, 0xee, WT_QUEUED_HEADROOM_BYTES);
	memset(packet->data, content(written), bytes);
	written++;
	wt_packet_queue_commit(queue);
	return true;
}

static void check(const struct wt_queued_packet *packet, uint64_t number)
{
	cr_assert(eq(u64, packet->number, number));
	cr_assert(eq(u64, (uintptr_t)packet % 64, 0));
	for (uint32_t i = 0; i < packet->caplen; i++)
		if (packet->data[i] != content(number))
			cr_fatal("packet %llu: byte %u is %u", (unsigned long long)number, i,
			         packet->data[i]);
}

/* How many of up to `max` there were. */
static size_t take(size_t max)
{
	struct wt_queued_packet *packets[64];
	size_t count = wt_packet_queue_peek(queue, packets, max);

	for (size_t i = 0; i < count; i++)
		check(packets[i], taken++);
	wt_packet_queue_release(queue, count);
	return count;
}

static size_t fill(uint32_t bytes)
{
	size_t count = 0;

	while (put(bytes))
		count++;
	return count;
}

Test(packet_queue, an_empty_one_has_nothing_and_has_not_ended)
{
	struct wt_queued_packet *packet;
	int error = 1;

	cr_expect(eq(sz, wt_packet_queue_peek(queue, &packet, 1), 0));
	cr_expect(eq(int, wt_packet_queue_ended(queue, &error), false));
	cr_expect(eq(int, error, 1));
	wt_packet_queue_release(queue, 0);
}

Test(packet_queue, a_reserved_packet_is_zero_and_has_room_on_both_sides)
{
	struct wt_queued_packet *packet, expected = {0};

	/* So that what is reserved now lies where something else was. */
	fill(SMALL_BYTES);
	while (take(64))
		;
	packet = wt_packet_queue_reserve(queue, 100);
	cr_assert(packet != NULL);
	expected.data = packet->data;
	expected.record_bytes = packet->record_bytes;
	cr_expect(eq(int, memcmp(packet, &expected, sizeof(expected)), 0));
	cr_expect(ge(ptr, packet->data - WT_QUEUED_HEADROOM_BYTES, (uint8_t *)(packet + 1)));
	cr_expect(le(ptr, packet->data + 100, (uint8_t *)packet + packet->record_bytes));
}

Test(packet_queue, packets_stay_until_they_are_released)
{
	struct wt_queued_packet *packets[8];

	for (uint32_t i = 0; i < 5; i++)
		put(i);
	cr_expect(eq(sz, wt_packet_queue_peek(queue, packets, 3), 3));
	cr_expect(eq(sz, wt_packet_queue_peek(queue, packets, 8), 5));
	for (uint64_t i = 0; i < 5; i++)
		check(packets[i], i);
	wt_packet_queue_release(queue, 2);
	cr_expect(eq(sz, wt_packet_queue_peek(queue, packets, 8), 3));
	check(packets[0], 2);
}

Test(packet_queue, what_is_not_committed_is_not_there)
{
	struct wt_queued_packet *packet;

	cr_assert(wt_packet_queue_reserve(queue, 1000) != NULL);
	cr_expect(eq(sz, wt_packet_queue_peek(queue, &packet, 1), 0));
	put(5);
	cr_expect(eq(sz, take(64), 1));
	cr_expect(eq(sz, take(64), 0));
}

Test(packet_queue, is_full_to_the_last_byte_and_goes_on_when_room_was_made)
{
	cr_expect(eq(sz, fill(EIGHTH_BYTES), 8));
	cr_expect(eq(int, put(0), false));
	cr_expect(eq(sz, take(3), 3));
	cr_expect(eq(sz, fill(EIGHTH_BYTES), 3));
	cr_expect(eq(sz, take(64), 8));
	cr_expect(eq(sz, take(64), 0));
}

Test(packet_queue, the_end_of_the_memory_that_is_too_short_is_left_out)
{
	put(SMALL_BYTES);
	cr_expect(eq(sz, fill(EIGHTH_BYTES), 7));
	/* The rest is too short for another of them, and the first one still in the way. */
	cr_expect(eq(sz, take(1), 1));
	cr_expect(eq(int, put(EIGHTH_BYTES), false));
	cr_expect(eq(sz, take(1), 1));
	cr_expect(eq(int, put(EIGHTH_BYTES), true));
	cr_expect(eq(int, put(SMALL_BYTES), true));
	cr_expect(eq(int, put(0), false));
	cr_expect(eq(sz, take(64), 8));
	cr_expect(eq(sz, take(64), 0));
}

Test(packet_queue, the_largest_packet_fits_wherever_the_last_one_ended)
{
	for (int i = 0; i < QUEUE_BYTES / 128; i++) {
		cr_assert(wt_packet_queue_reserve(queue, WT_QUEUED_BYTES_MAX) != NULL, "place %d",
		          i);
		cr_assert(put(SMALL_BYTES), "place %d", i);
		cr_assert(eq(sz, take(1), 1), "place %d", i);
	}
}

Test(packet_queue, packets_of_all_sizes_come_out_as_they_went_in)
{
	static const uint32_t limits[] = {2, 200, 1515, 9000, WT_QUEUED_BYTES_MAX + 1};

	srand(1);
	for (int i = 0; i < 4000; i++) {
		uint32_t limit = limits[rand() % 40 ? rand() % 4 : 4];
		size_t want = (size_t)(rand() % 64 + 1);

		while (!put((uint32_t)rand() % limit))
			cr_assert(take(want) > 0, "packet %d does not fit into nothing", i);
	}
	while (take(64))
		;
	cr_expect(eq(u64, taken, written));
}

Test(packet_queue, no_packet_is_larger_than_the_largest)
{
	cr_expect(eq(int, put(WT_QUEUED_BYTES_MAX + 1), false));
	cr_expect(eq(int, wt_packet_queue_wait_space(queue), -EMSGSIZE));
	cr_expect(eq(int, put(UINT32_MAX), false));
	cr_expect(eq(int, wt_packet_queue_wait_space(queue), -EMSGSIZE));
	cr_expect(eq(int, put(WT_QUEUED_BYTES_MAX), true));
}

Test(packet_queue, has_ended_when_the_last_packet_was_released)
{
	int error = 1;

	put(1);
	wt_packet_queue_end(queue, -EIO);
	cr_expect(eq(int, wt_packet_queue_ended(queue, &error), false));
	cr_expect(eq(sz, take(64), 1));
	cr_expect(eq(int, wt_packet_queue_ended(queue, &error), true));
	cr_expect(eq(int, error, -EIO));
}

Test(packet_queue, waiting_for_space_ends_at_once_if_half_is_free)
{
	fill(EIGHTH_BYTES);
	take(4);
	cr_expect(eq(int, wt_packet_queue_wait_space(queue), 0));
}

Test(packet_queue, after_it_was_cancelled_nothing_more_goes_in)
{
	struct wt_queued_packet *packet;

	fill(EIGHTH_BYTES);
	wt_packet_queue_cancel(queue);
	cr_expect(eq(int, wt_packet_queue_wait_space(queue), -ECANCELED));
	cr_expect(eq(int, wt_packet_queue_wait_filled(queue, 0, NULL), -ECANCELED));
	cr_expect(eq(sz, wt_packet_queue_peek(queue, &packet, 1), 1));
	cr_expect(eq(sz, take(64), 8));
	cr_expect(eq(int, put(1), false));
}

Test(packet_queue, waiting_until_it_is_filled_ends_if_it_has_ended_or_is_to_stop)
{
	int stop = 1;

	cr_expect(eq(int, wt_packet_queue_wait_filled(queue, 0, &stop), -EINTR));
	wt_packet_queue_end(queue, 0);
	stop = 0;
	cr_expect(eq(int, wt_packet_queue_wait_filled(queue, 0, &stop), 0));
	cr_expect(eq(int, wt_packet_queue_wait_filled(queue, 0, NULL), 0));
}

/* With a producer that has put one packet there and is still at it. */
Test(packet_queue, with_a_limit_it_need_not_be_full)
{
	int stop = 1;

	fill(EIGHTH_BYTES);
	take(7);
	cr_expect(eq(int, wt_packet_queue_wait_filled(queue, 1000000, NULL), 0));
	/* Before the first packet there is none. */
	tear_down();
	set_up();
	cr_expect(eq(int, wt_packet_queue_wait_filled(queue, 1, &stop), -EINTR));
}

Test(packet_queue, too_much_memory_is_refused_in_words)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 4 + 1, SIZE_MAX / 8};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct wt_packet_queue *none = NULL;
		struct wt_error err = {0};

		cr_expect(eq(int, wt_packet_queue_create(&none, sizes[i], &err), -ENOMEM));
		cr_expect(strstr(err.text, "smaller queue") != NULL, "%s", err.text);
	}
}

Test(packet_queue, destroying_none_is_fine)
{
	wt_packet_queue_destroy(NULL);
}

#ifndef NDEBUG
Test(packet_queue, packet_that_was_not_reserved_ends_the_program, .signal = SIGABRT)
{
	cr_assert(put(SMALL_BYTES));
	wt_packet_queue_commit(queue);
}

Test(packet_queue, packet_that_was_not_peeked_ends_the_program, .signal = SIGABRT)
{
	cr_assert(put(SMALL_BYTES));
	wt_packet_queue_release(queue, 1);
}
#endif
