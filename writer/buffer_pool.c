/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/buffer_pool.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Records: a late write keeps those of the writes after it. */
enum { RECORDS = 64, ALIGNMENT = 4096 };

static size_t record_bytes(size_t interfaces)
{
	return sizeof(struct wt_buffer) + interfaces * sizeof(uint64_t);
}

static void release(struct wt_write *write)
{
	struct wt_buffer *buffer = (struct wt_buffer *)write;
	struct wt_buffer_pool *pool = buffer->pool;

	assert(pool->free_count < pool->count);
	assert(buffer->bytes >= pool->base &&
	       (size_t)(buffer->bytes - pool->base) % WT_BUFFER_BYTES == 0);
	pool->free[pool->free_count++] = buffer->bytes;
	buffer->bytes = NULL;
}

static void retire(struct wt_write *write)
{
	struct wt_buffer *buffer = (struct wt_buffer *)write;

	buffer->next = buffer->pool->free_records;
	buffer->pool->free_records = buffer;
}

static const struct wt_write_owner owner = {release, retire};

static int add_records(struct wt_buffer_pool *pool)
{
	size_t each = record_bytes(pool->interfaces);
	uint8_t *records = calloc(RECORDS, each);

	if (!records)
		return -ENOMEM;
	pool->records = records;
	for (size_t i = 0; i < RECORDS; i++) {
		struct wt_buffer *buffer = (struct wt_buffer *)(void *)(records + i * each);

		buffer->pool = pool;
		buffer->capacity = WT_BUFFER_BYTES;
		buffer->write.owner = &owner;
		buffer->write.packets = buffer->packets;
		retire(&buffer->write);
	}
	return 0;
}

/* In huge pages, if the kernel has any: a buffer is one piece of memory for the disk then, not one
 * for each page. */
static uint8_t *allocate_buffers(uint32_t count)
{
	const size_t huge = 2 << 20, bytes = (size_t)count * WT_BUFFER_BYTES;
	uint8_t *base = aligned_alloc(huge, (bytes + huge - 1) / huge * huge);

	if (base && madvise(base, bytes, MADV_HUGEPAGE))
		errno = 0; /* it is only advice */
	return base;
}

int wt_buffer_pool_init(struct wt_buffer_pool *pool, uint32_t count, size_t interfaces)
{
	*pool = (struct wt_buffer_pool){.interfaces = interfaces};
	pool->base = allocate_buffers(count);
	pool->count = count;
	pool->free = malloc(count * sizeof(*pool->free));
	if (!pool->base || !pool->free || add_records(pool)) {
		wt_buffer_pool_fini(pool);
		return -ENOMEM;
	}
	/* The first buffer on top: a recording that needs few touches few. */
	for (uint32_t i = 0; i < count; i++)
		pool->free[i] = pool->base + (size_t)(count - 1 - i) * WT_BUFFER_BYTES;
	pool->free_count = count;
	return 0;
}

bool wt_buffer_pool_has(const struct wt_buffer_pool *pool)
{
	return pool->free_count && pool->free_records;
}

struct wt_buffer *wt_buffer_pool_take(struct wt_buffer_pool *pool)
{
	struct wt_buffer *buffer = pool->free_records;

	if (!wt_buffer_pool_has(pool))
		return NULL;
	pool->free_records = buffer->next;
	buffer->bytes = pool->free[--pool->free_count];
	memset(buffer->packets, 0, pool->interfaces * sizeof(*buffer->packets));
	return buffer;
}

static void free_bytes(struct wt_write *write)
{
	free(((struct wt_buffer *)write)->bytes);
}

static void free_record(struct wt_write *write)
{
	free(write);
}

struct wt_buffer *wt_buffer_alloc(size_t bytes, size_t interfaces)
{
	static const struct wt_write_owner nobody = {free_bytes, free_record};
	struct wt_buffer *buffer = calloc(1, record_bytes(interfaces));

	if (!buffer)
		return NULL;
	buffer->bytes = aligned_alloc(ALIGNMENT, bytes);
	if (!buffer->bytes) {
		free(buffer);
		return NULL;
	}
	buffer->capacity = bytes;
	buffer->write.owner = &nobody;
	buffer->write.packets = buffer->packets;
	return buffer;
}

void wt_buffer_give(struct wt_buffer *buffer)
{
	buffer->write.owner->release(&buffer->write);
	buffer->write.owner->retire(&buffer->write);
}

void wt_buffer_pool_fini(struct wt_buffer_pool *pool)
{
	free(pool->base);
	free(pool->free);
	free(pool->records);
	*pool = (struct wt_buffer_pool){0};
}
