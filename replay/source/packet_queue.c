/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/source/packet_queue.h>

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	CACHE_LINE_BYTES = 64,
	HUGE_PAGE_BYTES = 2 << 20,
	SMALL_PAGE_BYTES = 4096,
	STOP_LATENCY_NS = 50000000,
	LIMIT_LATENCY_NS = 2000000,
	OVERHEAD_BYTES = sizeof(struct wt_queued_packet) + WT_QUEUED_HEADROOM_BYTES,
	RECORD_BYTES_MAX = WT_QUEUED_BYTES_MAX + OVERHEAD_BYTES + CACHE_LINE_BYTES,
};

_Static_assert(sizeof(atomic_uint) == sizeof(uint32_t), "a futex has 32 bits");
_Static_assert(sizeof(struct wt_queued_packet) == CACHE_LINE_BYTES,
               "a header can be put wherever a record ends");
_Static_assert(HUGE_PAGE_BYTES / 2 >= 2 * RECORD_BYTES_MAX,
               "half of the smallest queue holds the largest packet and the filler before it");

/* A place in the queue: as bytes since the beginning of time, and where in the memory that is. */
struct cursor {
	uint64_t position;
	size_t offset;
};

/* Each side writes to cache lines of its own, and what the other side looks at is on another one
 * than what it works with. */
struct wt_packet_queue {
	/* Set once. */
	uint8_t *base;
	size_t bytes;
	void *mapping;
	size_t mapping_bytes;

	/* The producer's: where the next record goes, the one that is reserved, and where the head
	 * was when it looked last. */
	alignas(CACHE_LINE_BYTES) struct cursor write;
	struct cursor reserved_end;
	uint64_t head_seen;
	bool too_large;

	/* Written by the producer, up to where there are packets. */
	alignas(CACHE_LINE_BYTES) _Atomic uint64_t tail;
	int error;
	atomic_bool ended;

	/* The consumer's: the oldest packet, and where the tail was when it looked last. */
	alignas(CACHE_LINE_BYTES) struct cursor read;
	uint64_t tail_seen;

	/* Written by the consumer, up to where it needs nothing any more. */
	alignas(CACHE_LINE_BYTES) _Atomic uint64_t head;

	/* Rarely written. The first two are futexes: 1 while somebody waits there. */
	alignas(CACHE_LINE_BYTES) atomic_uint producer_waits;
	atomic_uint consumer_waits;
	atomic_bool cancelled;
};

/* Wait while *word is 1; may return early. */
static void wait_at(atomic_uint *word, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 1, timeout, NULL, 0);
}

/* Signal handlers come here. */
static void wake(atomic_uint *word)
{
	int saved = errno;

	/* Relaxed: only the value counts, and whoever wakes looks again at its condition. */
	atomic_store_explicit(word, 0, memory_order_relaxed);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	errno = saved;
}

/* Kernels before 5.14 cannot be told to. */
static void touch(uint8_t *base, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += SMALL_PAGE_BYTES)
		((volatile uint8_t *)base)[i] = 0;
}

/* Aligned to a huge page. Pages are asked for only after it was said that they may be huge, which
 * is why it is not MAP_POPULATE. */
static int map(struct wt_packet_queue *q)
{
	uintptr_t start;

	q->mapping_bytes = q->bytes + HUGE_PAGE_BYTES;
	q->mapping = mmap(NULL, q->mapping_bytes, PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (q->mapping == MAP_FAILED) {
		q->mapping = NULL;
		return -errno;
	}
	start = (uintptr_t)q->mapping;
	q->base = (uint8_t *)q->mapping + (-start & (HUGE_PAGE_BYTES - 1));
	madvise(q->base, q->bytes, MADV_HUGEPAGE);
	if (!madvise(q->base, q->bytes, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL)
		return -errno;
	touch(q->base, q->bytes);
	return 0;
}

/* SIZE_MAX if that is too much to be added to. */
static size_t rounded_up(size_t bytes)
{
	if (bytes > SIZE_MAX / 4)
		return SIZE_MAX;
	return bytes ? (bytes + HUGE_PAGE_BYTES - 1) & ~(size_t)(HUGE_PAGE_BYTES - 1)
	             : HUGE_PAGE_BYTES;
}

int wt_packet_queue_create(struct wt_packet_queue **queue, size_t bytes, struct wt_error *err)
{
	struct wt_packet_queue *made = aligned_alloc(CACHE_LINE_BYTES, sizeof(*made));
	int rc = -ENOMEM;

	if (made) {
		memset(made, 0, sizeof(*made));
		made->bytes = rounded_up(bytes);
		rc = made->bytes == SIZE_MAX ? -ENOMEM : map(made);
	}
	if (rc) {
		wt_packet_queue_destroy(made);
		return wt_error_set(
		        err, -ENOMEM,
		        "cannot get %zu MiB of memory for packets that are read ahead: "
		        "%s; a smaller queue will do, if the disk never pauses for long",
		        bytes >> 20, strerror(-rc));
	}
	*queue = made;
	return 0;
}

void wt_packet_queue_destroy(struct wt_packet_queue *q)
{
	if (!q)
		return;
	if (q->mapping)
		munmap(q->mapping, q->mapping_bytes);
	free(q);
}

static struct wt_queued_packet *record_at(const struct wt_packet_queue *q, size_t offset)
{
	return (struct wt_queued_packet *)(void *)(q->base + offset);
}

static void move(const struct wt_packet_queue *q, struct cursor *cursor, size_t bytes)
{
	cursor->position += bytes;
	cursor->offset += bytes;
	if (cursor->offset == q->bytes)
		cursor->offset = 0;
}

/* Take the packet there, and move the cursor past it. A record without data fills the end of the
 * memory. */
static struct wt_queued_packet *step(const struct wt_packet_queue *q, struct cursor *cursor)
{
	struct wt_queued_packet *packet = record_at(q, cursor->offset);

	if (!packet->data) {
		move(q, cursor, packet->record_bytes);
		packet = record_at(q, cursor->offset);
	}
	move(q, cursor, packet->record_bytes);
	return packet;
}

static bool has_room(struct wt_packet_queue *q, size_t bytes)
{
	if (bytes <= q->bytes - (q->write.position - q->head_seen))
		return true;
	/* Acquire: pairs with the store in wt_packet_queue_release(); the consumer has read what
	 * will be written over. */
	q->head_seen = atomic_load_explicit(&q->head, memory_order_acquire);
	return bytes <= q->bytes - (q->write.position - q->head_seen);
}

static void put_filler(struct wt_packet_queue *q, size_t bytes)
{
	struct wt_queued_packet *filler = record_at(q, q->reserved_end.offset);

	filler->data = NULL;
	filler->record_bytes = (uint32_t)bytes;
	move(q, &q->reserved_end, bytes);
}

struct wt_queued_packet *wt_packet_queue_reserve(struct wt_packet_queue *q, uint32_t bytes)
{
	size_t record_bytes, to_end = q->bytes - q->write.offset;
	struct wt_queued_packet *packet;

	q->too_large = bytes > WT_QUEUED_BYTES_MAX;
	/* Relaxed: a hint to stop early. */
	if (q->too_large || atomic_load_explicit(&q->cancelled, memory_order_relaxed))
		return NULL;
	record_bytes =
	        (bytes + OVERHEAD_BYTES + CACHE_LINE_BYTES - 1) & ~(size_t)(CACHE_LINE_BYTES - 1);
	if (!has_room(q, record_bytes <= to_end ? record_bytes : to_end + record_bytes))
		return NULL;
	q->reserved_end = q->write;
	if (record_bytes > to_end)
		put_filler(q, to_end);
	packet = record_at(q, q->reserved_end.offset);
	*packet = (struct wt_queued_packet){
	        .data = (uint8_t *)packet + OVERHEAD_BYTES,
	        .record_bytes = (uint32_t)record_bytes,
	};
	move(q, &q->reserved_end, record_bytes);
	return packet;
}

void wt_packet_queue_commit(struct wt_packet_queue *q)
{
	assert(q->reserved_end.position > q->write.position);
	q->write = q->reserved_end;
	/* Release: pairs with the acquire in wt_packet_queue_peek(); the packet is whole. */
	atomic_store_explicit(&q->tail, q->write.position, memory_order_release);
}

/* Sequentially consistent, as are the stores before it: either the consumer, which has said that
 * it waits before it looks, sees them, or this sees that it waits. Pairs with
 * wt_packet_queue_wait_filled(). */
static void wake_consumer(struct wt_packet_queue *q)
{
	if (atomic_load(&q->consumer_waits))
		wake(&q->consumer_waits);
}

/* For the producer, which waits: its tail stands still. */
static bool half_is_free(struct wt_packet_queue *q)
{
	/* Sequentially consistent: after the store in wt_packet_queue_wait_space(). */
	return q->write.position - atomic_load(&q->head) <= q->bytes / 2;
}

int wt_packet_queue_wait_space(struct wt_packet_queue *q)
{
	bool cancelled;

	if (q->too_large)
		return -EMSGSIZE;
	for (;;) {
		/* Sequentially consistent, as are the loads below. Pairs with
		 * wt_packet_queue_release() and _cancel(), which store first and then look here:
		 * either they see that the producer waits, or it sees what they have stored. */
		atomic_store(&q->producer_waits, 1);
		wake_consumer(q);
		cancelled = atomic_load(&q->cancelled);
		if (cancelled || half_is_free(q))
			break;
		wait_at(&q->producer_waits, NULL);
	}
	/* Relaxed: whoever sees the 1 a little longer wakes nobody. */
	atomic_store_explicit(&q->producer_waits, 0, memory_order_relaxed);
	return cancelled ? -ECANCELED : 0;
}

void wt_packet_queue_end(struct wt_packet_queue *q, int error)
{
	q->error = error;
	/* Release, and more for wake_consumer(). Pairs with wt_packet_queue_ended() and
	 * _wait_filled(): whoever sees it sees the last packet and the error. */
	atomic_store(&q->ended, true);
	wake_consumer(q);
}

size_t wt_packet_queue_peek(struct wt_packet_queue *q, struct wt_queued_packet **packets,
                            size_t max)
{
	struct cursor cursor = q->read;
	size_t count = 0;

	while (count < max) {
		if (cursor.position == q->tail_seen) {
			/* Acquire: pairs with the release in wt_packet_queue_commit(). */
			q->tail_seen = atomic_load_explicit(&q->tail, memory_order_acquire);
			if (cursor.position == q->tail_seen)
				break;
		}
		packets[count++] = step(q, &cursor);
	}
	return count;
}

void wt_packet_queue_release(struct wt_packet_queue *q, size_t count)
{
	for (; count; count--) {
		assert(q->read.position != q->tail_seen);
		step(q, &q->read);
	}
	/* The tail may be further by now, which makes this too cautious and never too bold. */
	if (q->tail_seen - q->read.position > q->bytes / 2) {
		/* Release: pairs with the acquire in has_room(); everything was read. */
		atomic_store_explicit(&q->head, q->read.position, memory_order_release);
		return;
	}
	/* Release, and sequentially consistent with the load, for a producer that waits: pairs with
	 * wt_packet_queue_wait_space(). */
	atomic_store(&q->head, q->read.position);
	if (atomic_load(&q->producer_waits))
		wake(&q->producer_waits);
}

bool wt_packet_queue_ended(struct wt_packet_queue *q, int *error)
{
	/* Acquire: pairs with the store in wt_packet_queue_end(); the tail is the last one. */
	if (!atomic_load_explicit(&q->ended, memory_order_acquire))
		return false;
	if (q->read.position != atomic_load_explicit(&q->tail, memory_order_relaxed))
		return false;
	*error = q->error;
	return true;
}

static bool stop_requested(const int *stop)
{
	return stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
}

/* 0 when it is full or all there, and -EAGAIN before. Nothing has been taken, so a producer that
 * waits has no room. */
static int filled(struct wt_packet_queue *q, const int *stop)
{
	if (atomic_load(&q->cancelled))
		return -ECANCELED;
	if (stop_requested(stop))
		return -EINTR;
	return atomic_load(&q->producer_waits) || atomic_load(&q->ended) ? 0 : -EAGAIN;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

/* Have packets been there this long? *since_ns is 0 before the first. */
static bool is_late(const struct wt_packet_queue *q, int64_t limit_ns, int64_t *since_ns)
{
	/* Relaxed: only whether there are any. */
	if (limit_ns <= 0 || !atomic_load_explicit(&q->tail, memory_order_relaxed))
		return false;
	if (!*since_ns)
		*since_ns = now_ns();
	return now_ns() - *since_ns >= limit_ns;
}

int wt_packet_queue_wait_filled(struct wt_packet_queue *q, int64_t limit_ns, const int *stop)
{
	const struct timespec timeout = {.tv_nsec =
	                                         limit_ns > 0 ? LIMIT_LATENCY_NS : STOP_LATENCY_NS};
	int64_t since_ns = 0;
	int rc;

	for (;;) {
		/* Sequentially consistent, as are the loads in filled(); pairs with
		 * wake_consumer() and wt_packet_queue_cancel(). */
		atomic_store(&q->consumer_waits, 1);
		rc = filled(q, stop);
		if (rc == -EAGAIN && is_late(q, limit_ns, &since_ns))
			rc = 0;
		if (rc != -EAGAIN)
			break;
		wait_at(&q->consumer_waits, &timeout);
	}
	/* Relaxed: whoever sees the 1 a little longer wakes nobody. */
	atomic_store_explicit(&q->consumer_waits, 0, memory_order_relaxed);
	return rc;
}

void wt_packet_queue_cancel(struct wt_packet_queue *q)
{
	/* Sequentially consistent: see wt_packet_queue_wait_space() and _wait_filled(). */
	atomic_store(&q->cancelled, true);
	wake(&q->producer_waits);
	wake(&q->consumer_waits);
}
