/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_PACKET_SOCKET_H
#define WIRETAPE_CAPTURE_READERS_PACKET_SOCKET_H

/* An AF_PACKET socket with a gate: what the live readers share. Nothing arrives
 * before the gate opens and nothing after it has closed, so that the counters of
 * the kernel and of the reader can be compared to the packet. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/net/link.h>
#include <wiretape/packet/filter.h>
#include <wiretape/ring/ring.h>

struct wt_packet_socket {
	int fd;
	int grace_fd;        /* of one in a group, which is closed to wait for every CPU; -1 */
	struct wt_link link; /* as it was when the socket was opened */
	struct wt_filter filter;
	struct sock_fprog gate; /* what the kernel runs while recording */
	int refusal; /* of the filter, which has to run here then: -errno; 0: it is in the gate */
	bool promiscuous;
	bool in_group;
};

/* Open a raw socket whose gate is shut: it rejects everything, and is not bound
 * yet, so that a ring can be made in between. Kernel stamps are asked for. -EPERM
 * says which capability is missing and how to grant it. */
int wt_packet_socket_open(struct wt_packet_socket *packet, const struct wt_link *link,
                          struct wt_error *err);

/* Ask for the NIC's stamps, and the kernel's for packets that have none. Before the ring is
 * made. */
int wt_packet_socket_ask_hardware(const struct wt_packet_socket *packet, struct wt_error *err);

/* Take `filter` over, as far as the kernel takes it; before the socket is bound. If not, the
 * kernel will let everything through, with its first `snaplen` bytes, and `refusal` says why. In
 * either case it lets nothing through that is of another kind of link than it was opened for:
 * the type of an interface may change while it is down. */
int wt_packet_socket_set_filter(struct wt_packet_socket *packet, struct wt_filter *filter,
                                uint32_t snaplen, struct wt_error *err);

/* After binding: let the kernel share out the interface's packets, by PACKET_FANOUT_…, among the
 * sockets of a group. *group is that of another such socket, less than 65,536, or -1: then it is a
 * new one, and set. A group is for good: its sockets are not bound again. */
int wt_packet_socket_join(struct wt_packet_socket *packet, int mode, int *group,
                          struct wt_error *err);

/* Bind to the interface, promiscuous if asked; and open the gate. */
int wt_packet_socket_bind(struct wt_packet_socket *packet, bool promiscuous, struct wt_error *err);
int wt_packet_socket_open_gate(struct wt_packet_socket *packet, struct wt_error *err);

/* Shut the gate. When it returns no CPU is in the kernel's receive path for this
 * socket any more: the counters have reached their final values. */
int wt_packet_socket_shut_gate(struct wt_packet_socket *packet);

/* PACKET_STATISTICS since the last call; `v3` for the structure of that ring. */
int wt_packet_socket_statistics(const struct wt_packet_socket *packet, bool v3,
                                struct wt_ring_statistics *since_last);

/* 0 while the interface is up, -ENETDOWN, or -ENODEV once it is gone; -EMEDIUMTYPE if it has
 * come back as another kind of link. */
int wt_packet_socket_health(const struct wt_packet_socket *packet);

void wt_packet_socket_close(struct wt_packet_socket *packet);

#endif
