/* SPDX-License-Identifier: BSD-2-Clause */
#include <signal.h>
#include <string.h>

#include <wiretape/writer/buffer_pool.h>

#include "support/unit.h"

enum { BUFFERS = 4 };

static struct wt_buffer_pool pool;

static void set_up(void)
{
	cr_assert(eq(int, wt_buffer_pool_init(&pool, BUFFERS), 0));
}

static void tear_down(void)
{
	wt_buffer_pool_fini(&pool);
}

TestSuite(buffer_pool, .init = set_up, .fini = tear_down);

Test(buffer_pool, gives_each_buffer_once_then_none)
{
	uint8_t *taken[BUFFERS];

	for (int i = 0; i < BUFFERS; i++) {
		taken[i] = wt_buffer_pool_take(&pool);
		cr_assert(taken[i] != NULL);
		cr_expect(eq(u64, (uintptr_t)taken[i] % 4096, 0));
		cr_expect(taken[i] >= pool.base &&
		          taken[i] + WT_BUFFER_BYTES <= pool.base + BUFFERS * WT_BUFFER_BYTES);
		memset(taken[i], i + 1, WT_BUFFER_BYTES);
	}
	cr_expect(wt_buffer_pool_take(&pool) == NULL);
	for (int i = 0; i < BUFFERS; i++)
		cr_expect(taken[i][0] == i + 1 && taken[i][WT_BUFFER_BYTES - 1] == i + 1);
}

Test(buffer_pool, gives_what_came_back_last)
{
	uint8_t *first = wt_buffer_pool_take(&pool), *second = wt_buffer_pool_take(&pool);

	wt_buffer_pool_give(&pool, second);
	wt_buffer_pool_give(&pool, first);
	cr_expect(wt_buffer_pool_take(&pool) == first);
	cr_expect(wt_buffer_pool_take(&pool) == second);
	cr_expect(eq(u32, pool.free_count, BUFFERS - 2));
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
	wt_buffer_pool_give(&pool, wt_buffer_pool_take(&pool) + 1);
}

Test(buffer_pool, buffer_that_nobody_has_ends_the_program, .signal = SIGABRT)
{
	wt_buffer_pool_give(&pool, pool.base);
}
#endif
