/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_BUFFER_POOL_H
#define WIRETAPE_WRITER_BUFFER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/writer/write.h>

enum { WT_BUFFER_BYTES = 1 << 20 };

/* Memory for a chunk, with the record of its write. */
struct wt_buffer {
	struct wt_write write; /* first; its packets are counted below, and zero at first */
	uint8_t *bytes;        /* aligned to a page */
	size_t capacity;
	struct wt_buffer_pool *pool;
	struct wt_buffer *next;
	uint64_t packets[];
};

/* Pool of equal buffers that go out to a disk and come back, in one piece of memory, which can be
 * registered with the disk as a whole. Memory is not touched before it is used. There are more
 * records than memory, because memory comes back first. One thread. */
struct wt_buffer_pool {
	uint8_t *base;
	uint32_t count;
	uint32_t free_count;
	uint8_t **free; /* a stack: the last one returned is still in the caches */
	size_t interfaces;
	void *records;
	struct wt_buffer *free_records;
};

/* Initialise in the caller's memory, for files of this number of interfaces. 0 or -ENOMEM. */
int wt_buffer_pool_init(struct wt_buffer_pool *pool, uint32_t count, size_t interfaces);

/* Whether there is a buffer to take. */
bool wt_buffer_pool_has(const struct wt_buffer_pool *pool);

/* A buffer of WT_BUFFER_BYTES, or NULL if all are out. */
struct wt_buffer *wt_buffer_pool_take(struct wt_buffer_pool *pool);

/* A buffer outside of any pool, freed when it comes back. `bytes`: a multiple of a page. NULL: no
 * memory. */
struct wt_buffer *wt_buffer_alloc(size_t bytes, size_t interfaces);

/* Give back a buffer that was not handed over. */
void wt_buffer_give(struct wt_buffer *buffer);

/* A pool that is zeroed is fine. */
void wt_buffer_pool_fini(struct wt_buffer_pool *pool);

#endif
