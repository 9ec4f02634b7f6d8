/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_TX_HANDOVERS_H
#define WIRETAPE_REPLAY_TX_HANDOVERS_H

/* Word from the sender to the collector of each packet: a ring of records with one writer, which
 * never waits, and one reader. Not installed. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct wt_handover {
	int64_t due_ns;      /* CLOCK_MONOTONIC */
	int64_t handover_ns; /* the same, right before the packet was given to the kernel */
	int64_t launch_ns;   /* on the launch clock; 0: none */
	uint32_t id;         /* that its stamp will have */
	uint32_t bytes;
	uint16_t missing; /* records before it that found no room, up to 65535 */
	uint8_t port;
	bool is_disturbed; /* late because the processor was taken away */
	uint8_t place;     /* in the system call that handed it over, from 0 up to 255 */
};

enum { WT_HANDOVERS = 1 << 19 };

struct wt_handovers {
	_Alignas(64) uint64_t written; /* by the sender */
	uint64_t read_seen;            /* the reader's count as the sender last saw it */
	uint64_t unproved;
	uint16_t missing;
	_Alignas(64) uint64_t read; /* by the collector */
	_Alignas(64) struct wt_handover records[WT_HANDOVERS];
};

/* Sender: put a record. */
static inline void wt_handovers_put(struct wt_handovers *ring, const struct wt_handover *record)
{
	if (ring->written - ring->read_seen == WT_HANDOVERS) {
		/* Pairs with the release in wt_handovers_take(): the record is free. */
		ring->read_seen = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
		if (ring->written - ring->read_seen == WT_HANDOVERS) {
			ring->unproved++;
			ring->missing += ring->missing < UINT16_MAX;
			return;
		}
	}
	ring->records[ring->written % WT_HANDOVERS] = *record;
	ring->records[ring->written % WT_HANDOVERS].missing = ring->missing;
	ring->missing = 0;
	/* Pairs with the acquire in wt_handovers_peek(): the record is there. */
	__atomic_store_n(&ring->written, ring->written + 1, __ATOMIC_RELEASE);
}

/* Sender: how many the collector has not taken yet. */
static inline uint64_t wt_handovers_waiting(const struct wt_handovers *ring)
{
	return ring->written - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);
}

/* Sender, while any wait: when the oldest was due. */
static inline int64_t wt_handovers_oldest_due(const struct wt_handovers *ring)
{
	uint64_t read = __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE);

	return ring->records[read % WT_HANDOVERS].due_ns;
}

/* Collector: the oldest record, or NULL. */
static inline const struct wt_handover *wt_handovers_peek(const struct wt_handovers *ring)
{
	uint64_t written = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE);

	return ring->read == written ? NULL : &ring->records[ring->read % WT_HANDOVERS];
}

static inline void wt_handovers_take(struct wt_handovers *ring)
{
	__atomic_store_n(&ring->read, ring->read + 1, __ATOMIC_RELEASE);
}

#endif
