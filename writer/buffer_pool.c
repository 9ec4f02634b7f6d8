/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/buffer_pool.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

int wt_buffer_pool_init(struct wt_buffer_pool *pool, uint32_t count)
{
	size_t bytes = (size_t)count * WT_BUFFER_BYTES;
	void *base;

	*pool = (struct wt_buffer_pool){0};
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return -ENOMEM;
	pool->free = malloc(count * sizeof(*pool->free));
	if (!pool->free) {
		munmap(base, bytes);
		return -ENOMEM;
	}
	pool->base = base;
	pool->count = count;
	/* The first buffer on top: a recording that needs few touches few. */
	for (uint32_t i = count; i-- > 0;)
		wt_buffer_pool_give(pool, pool->base + (size_t)i * WT_BUFFER_BYTES);
	return 0;
}

uint8_t *wt_buffer_pool_take(struct wt_buffer_pool *pool)
{
	return pool->free_count ? pool->free[--pool->free_count] : NULL;
}

void wt_buffer_pool_give(struct wt_buffer_pool *pool, uint8_t *buffer)
{
	assert(pool->free_count < pool->count);
	assert(buffer >= pool->base && (size_t)(buffer - pool->base) % WT_BUFFER_BYTES == 0);
	pool->free[pool->free_count++] = buffer;
}

void wt_buffer_pool_fini(struct wt_buffer_pool *pool)
{
	if (pool->base)
		munmap(pool->base, (size_t)pool->count * WT_BUFFER_BYTES);
	free(pool->free);
	*pool = (struct wt_buffer_pool){0};
}
