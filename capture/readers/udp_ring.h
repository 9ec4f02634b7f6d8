/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_UDP_RING_H
#define WIRETAPE_CAPTURE_READERS_UDP_RING_H

/* A ring whose blocks are batches of datagrams, each batch read by one recvmmsg(); where some were
 * lost in between, a block ends and the next begins. The queue of the socket is the ring proper;
 * one block is borrowed at a time.
 *
 * Losses: each datagram carries the socket's drop counter as of when it was queued (SO_RXQ_OVFL,
 * written under the queue's lock, so that it never falls from one datagram to the next). The
 * difference of two is exactly the number lost between them. Nothing is lost before the first
 * datagram: the queue was empty when the gate opened, and the counter includes those that the gate
 * turned away. The loss after the last one is the difference between its counter and
 * SO_MEMINFO's. */

#include <wiretape/capture/readers/udp_socket.h>
#include <wiretape/packet/filter.h>
#include <wiretape/ring/ring.h>

struct wt_udp_ring_config {
	const struct wt_udp_socket *socket; /* outlives the ring */
	const struct wt_filter *filter;     /* the same */
	uint32_t snaplen;
	uint16_t port;
	bool hardware; /* the NIC's stamp first, where there is one */
};

int wt_udp_ring_open(struct wt_ring **ring, const struct wt_udp_ring_config *config);

/* Counts so far: datagrams that passed the filter, and drops. */
void wt_udp_ring_count(const struct wt_ring *ring, struct wt_ring_statistics *total);

/* Whether nothing waits in the socket or in a batch. */
bool wt_udp_ring_is_empty(const struct wt_ring *ring);

/* Change to another socket, now or soon, while the ring is empty: the losses so far are counted.
 * The new one's counter begins with the first datagram. */
void wt_udp_ring_change_socket(struct wt_ring *ring);

/* Shut the gate and take what is still queued into memory of our own, so that the count is
 * final. 0, or -ENOMEM or another errno if that did not work for all of it. */
int wt_udp_ring_stop(struct wt_ring *ring);

#endif
