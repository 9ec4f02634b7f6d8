/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_BUFFER_POOL_H
#define WIRETAPE_WRITER_BUFFER_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Pool of equal buffers that go out to a disk and come back, in one piece of memory, which can be
 * registered with the disk as a whole. Memory is not touched before it is used. One thread. */
struct wt_buffer_pool {
	uint8_t *base;
	uint32_t count;
	uint32_t free_count;
	uint8_t **free; /* a stack: the last one returned is still in the caches */
};

enum { WT_BUFFER_BYTES = 1 << 20 };

/* Initialise in the caller's memory. 0 or -ENOMEM. */
int wt_buffer_pool_init(struct wt_buffer_pool *pool, uint32_t count);

/* A buffer of WT_BUFFER_BYTES, aligned to a page, or NULL if all are out. */
uint8_t *wt_buffer_pool_take(struct wt_buffer_pool *pool);

void wt_buffer_pool_give(struct wt_buffer_pool *pool, uint8_t *buffer);

/* A pool that is zeroed is fine. */
void wt_buffer_pool_fini(struct wt_buffer_pool *pool);

#endif
