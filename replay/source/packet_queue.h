/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_SOURCE_PACKET_QUEUE_H
#define WIRETAPE_REPLAY_SOURCE_PACKET_QUEUE_H

/* Packets on their way from a thread that reads them, the producer, to one that sends them, the
 * consumer, in one block of memory. The consumer never waits, takes no lock, and makes a system
 * call only where wt_packet_queue_release() says so; the producer waits when the queue is full.
 *
 * One thread on each side. Each function says whose it is. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

enum {
	WT_QUEUED_BYTES_MAX = 262144, /* of one packet */
	WT_QUEUED_HEADROOM_BYTES = 16,
};

/* Header in front of a packet's bytes, at a multiple of 64. Its meaning is between the two sides;
 * to the queue only `data` and `record_bytes` mean something. */
struct wt_queued_packet {
	int64_t due_ns;
	int64_t stamp_ns; /* as in the file */
	uint64_t number;
	/* WT_QUEUED_HEADROOM_BYTES before it belong to the packet, too, so that a VLAN tag can be
	 * put in. Either side may move it, but not to NULL. */
	uint8_t *data;
	uint32_t caplen;
	uint32_t len;
	uint32_t link_flags;
	uint16_t port;
	uint16_t flags;
	uint16_t stamp_offset;
	uint16_t checksum_offset;
	uint32_t record_bytes; /* private */
	uint32_t user[2];      /* for more */
};

struct wt_packet_queue;

/* `bytes` are rounded up to a multiple of 2 MiB, so that several of the largest packets fit. The
 * memory is there when this returns, in huge pages if the system has them to give; that takes
 * 0.1 s or more for each GiB. 0, or -ENOMEM with what to do; where the kernel promises more than it
 * has, too large a queue is not refused but ends in its OOM killer. */
int wt_packet_queue_create(struct wt_packet_queue **queue, size_t bytes, struct wt_error *err);

/* Destroy, when neither side uses it any more. NULL is fine. */
void wt_packet_queue_destroy(struct wt_packet_queue *queue);

/* Producer: reserve room for a packet of at most this many bytes after the last. All fields are 0
 * but `data`; it is the producer's until it is committed, and gone if another is reserved instead.
 * NULL if there is no room now, or never for more than WT_QUEUED_BYTES_MAX, or the consumer has
 * cancelled; wt_packet_queue_wait_space() knows which. Never blocks. */
struct wt_queued_packet *wt_packet_queue_reserve(struct wt_packet_queue *queue, uint32_t bytes);

/* Producer: the packet that was reserved becomes the consumer's. Never blocks. */
void wt_packet_queue_commit(struct wt_packet_queue *queue);

/* Producer, after NULL: block until half of the memory is free. 0, and there is room for what was
 * asked for; -ECANCELED; or -EMSGSIZE if that was more than WT_QUEUED_BYTES_MAX. */
int wt_packet_queue_wait_space(struct wt_packet_queue *queue);

/* Producer: end, because that was all (0) or for an error (-errno). */
void wt_packet_queue_end(struct wt_packet_queue *queue, int error);

/* Consumer: the oldest packets that were not released, up to `max`, in order; how many. They
 * stay where they are, and are the consumer's until they are released. Never blocks. */
size_t wt_packet_queue_peek(struct wt_packet_queue *queue, struct wt_queued_packet **packets,
                            size_t max);

/* Consumer: give back the `count` oldest, which a peek has returned. Never blocks. If the producer
 * waits, the call after which half is free makes a system call to wake it, which takes some
 * microseconds; best while there is time before the next packet. */
void wt_packet_queue_release(struct wt_packet_queue *queue, size_t count);

/* Consumer: check whether all packets were released and none will follow; *error then is
 * wt_packet_queue_end()'s. Never blocks. */
bool wt_packet_queue_ended(struct wt_packet_queue *queue, int *error);

/* Consumer, before the first packet is sent: block until the queue is full, or holds all that will
 * come, or, with limit_ns above 0, the first has been there that long: 0. -EINTR if *stop becomes
 * other than 0, within 50 ms; it may be set atomically by any thread or signal handler, and may be
 * NULL. -ECANCELED if the queue was cancelled. */
int wt_packet_queue_wait_filled(struct wt_packet_queue *queue, int64_t limit_ns, const int *stop);

/* The consumer, or another thread or signal handler in its place: cancel. Whoever waits returns,
 * and the producer gets no more room. Packets in the queue stay there. */
void wt_packet_queue_cancel(struct wt_packet_queue *queue);

#endif
