/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <string.h>

#include <wiretape/writer/buffer_pool.h>

#include "support/unit.h"

enum { BUFFERS = 4 };

static struct wt_buffer_pool pool;

static void set_up(void)
{
	cr_assert(eq(int, wt_buffer_pool_init(&pool, BUFFERS, 2), 0));
}

static void tear_down(void)
{
	wt_buffer_pool_fini(&pool);
}

TestSuite(buffer_pool, .init = set_up, .fini = tear_down);

static void release(struct wt_buffer *buffer)
{
	buffer->write.owner->release(&buffer->write);
}

static void retire(struct wt_buffer *buffer)
{
	buffer->write.owner->retire(&buffer->write);
}

Test(buffer_pool, gives_each_buffer_once_then_none)
{
	struct wt_buffer *taken[BUFFERS];

	for (int i = 0; i < BUFFERS; i++) {
		cr_expect(wt_buffer_pool_has(&pool));
		taken[i] = wt_buffer_pool_take(&pool);
		cr_assert(taken[i] != NULL);
		cr_expect(eq(sz, taken[i]->capacity, WT_BUFFER_BYTES));
		cr_expect(eq(u64, (uintptr_t)taken[i]->bytes % 4096, 0));
		cr_expect(taken[i]->bytes >= pool.base &&
		          taken[i]->bytes + WT_BUFFER_BYTES <=
		                  pool.base + BUFFERS * WT_BUFFER_BYTES);
		memset(taken[i]->bytes, i + 1, WT_BUFFER_BYTES);
	}
	cr_expect(not(wt_buffer_pool_has(&pool)));
	cr_expect(wt_buffer_pool_take(&pool) == NULL);
	for (int i = 0; i < BUFFERS; i++)
		cr_expect(taken[i]->bytes[0] == i + 1 &&
		          taken[i]->bytes[WT_BUFFER_BYTES - 1] == i + 1);
}

Test(buffer_pool, buffers_lie_so_that_huge_pages_hold_them)
{
	cr_expect(eq(u64, (uintptr_t)pool.base % (2 << 20), 0));
}

Test(buffer_pool, first_buffer_is_the_beginning_of_the_memory)
{
	cr_expect(eq(ptr, wt_buffer_pool_take(&pool)->bytes, pool.base));
	cr_expect(eq(ptr, wt_buffer_pool_take(&pool)->bytes, pool.base + WT_BUFFER_BYTES));
}

Test(buffer_pool, gives_what_came_back_last)
{
	struct wt_buffer *first = wt_buffer_pool_take(&pool), *second = wt_buffer_pool_take(&pool);
	uint8_t *first_bytes = first->bytes, *second_bytes = second->bytes;

	wt_buffer_give(second);
	wt_buffer_give(first);
	cr_expect(eq(ptr, wt_buffer_pool_take(&pool)->bytes, first_bytes));
	cr_expect(eq(ptr, wt_buffer_pool_take(&pool)->bytes, second_bytes));
	cr_expect(eq(u32, pool.free_count, BUFFERS - 2));
}

Test(buffer_pool, memory_is_taken_again_before_its_record_is_retired)
{
	struct wt_buffer *one = wt_buffer_pool_take(&pool), *other;
	uint8_t *bytes = one->bytes;

	release(one);
	other = wt_buffer_pool_take(&pool);
	cr_expect(eq(ptr, other->bytes, bytes));
	cr_expect(other != one);
	retire(one);
	cr_expect(eq(ptr, wt_buffer_pool_take(&pool), one));
}

Test(buffer_pool, has_nothing_without_a_record)
{
	enum { RECORDS = 64 };
	struct wt_buffer *taken[RECORDS];

	for (int i = 0; i < RECORDS; i++) {
		taken[i] = wt_buffer_pool_take(&pool);
		cr_assert(taken[i] != NULL, "%d", i);
		release(taken[i]);
	}
	cr_expect(eq(u32, pool.free_count, BUFFERS));
	cr_expect(not(wt_buffer_pool_has(&pool)));
	cr_expect(wt_buffer_pool_take(&pool) == NULL);
	retire(taken[7]);
	cr_expect(eq(ptr, wt_buffer_pool_take(&pool), taken[7]));
}

Test(buffer_pool, buffer_counts_from_zero_each_time)
{
	for (int i = 0; i < 100; i++) {
		struct wt_buffer *buffer = wt_buffer_pool_take(&pool);

		cr_assert(eq(ptr, buffer->write.packets, buffer->packets));
		cr_expect(buffer->packets[0] == 0 && buffer->packets[1] == 0);
		buffer->packets[0] = 5;
		buffer->packets[1] = 6;
		wt_buffer_give(buffer);
	}
}

Test(buffer_pool, buffer_outside_of_a_pool_is_as_large_as_asked_for)
{
	struct wt_buffer *buffer = wt_buffer_alloc(3 * 4096, 2);

	cr_assert(buffer != NULL);
	cr_expect(eq(sz, buffer->capacity, 3 * 4096));
	cr_expect(eq(u64, (uintptr_t)buffer->bytes % 4096, 0));
	memset(buffer->bytes, 1, buffer->capacity);
	cr_expect(buffer->packets[0] == 0 && buffer->packets[1] == 0);
	cr_expect(eq(ptr, buffer->write.packets, buffer->packets));
	wt_buffer_give(buffer);
}

Test(buffer_pool, zeroed_pool_can_be_ended)
{
	struct wt_buffer_pool none = {0};

	wt_buffer_pool_fini(&none);
	wt_buffer_pool_fini(&none);
}

#ifndef NDEBUG
Test(buffer_pool, buffer_that_is_not_of_the_pool_ends_the_program, .signal = SIGABRT)
{
	struct wt_buffer *buffer = wt_buffer_pool_take(&pool);

	buffer->bytes++;
	release(buffer);
}

Test(buffer_pool, buffer_that_nobody_has_ends_the_program, .signal = SIGABRT)
{
	struct wt_buffer *buffer = wt_buffer_pool_take(&pool);

	release(buffer);
	buffer->bytes = pool.base;
	release(buffer);
}
#endif
