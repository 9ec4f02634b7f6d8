/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_UDP_SOCKET_H
#define WIRETAPE_CAPTURE_READERS_UDP_SOCKET_H

/* A UDP socket with a gate, which needs no capability.
 *
 * A socket filter is the gate. It does more than let datagrams in: with a filter in place the
 * kernel verifies a checksum before it queues a datagram and not when somebody reads it, so what it
 * drops for that is counted where it was missing. But UDP counts datagrams that a filter rejects as
 * dropped (SO_MEMINFO, SO_RXQ_OVFL), too. So the counter's absolute value says nothing before the
 * gate has opened, nor after it has shut; in between only the queue's overflow and wrong checksums
 * raise it. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/capture/readers/udp_spec.h>

struct wt_udp_socket {
	int fd;
	uint64_t buffer_bytes; /* as the kernel counts them, with its own overhead */
	bool bound_to_device;  /* nothing comes from another interface */
	int busy_poll_refusal; /* -errno; 0: it was not asked for, or is on */
};

/* Open, bind and join, with the gate shut. `name` is what the user calls it; `index` that of
 * the interface, 0: none was named. */
int wt_udp_socket_open(struct wt_udp_socket *udp, const struct wt_udp_spec *spec, const char *name,
                       int index, const struct wt_reader_config *config, struct wt_error *err);

/* Reopen on another interface, with this index: a socket as wt_udp_socket_open() makes it, with the
 * gate shut, takes the place of this one, under its number. */
int wt_udp_socket_reopen(struct wt_udp_socket *udp, const struct wt_udp_spec *spec,
                         const char *name, int index, const struct wt_reader_config *config,
                         struct wt_error *err);

int wt_udp_socket_open_gate(const struct wt_udp_socket *udp);

/* Shut the gate. A datagram that a CPU has already let in may still be queued after this
 * returns. */
int wt_udp_socket_shut_gate(const struct wt_udp_socket *udp);

/* Read the kernel's counter of drops, which wraps, and the bytes in the queue. */
int wt_udp_socket_look(const struct wt_udp_socket *udp, uint32_t *drops, uint32_t *queued_bytes);

void wt_udp_socket_close(struct wt_udp_socket *udp);

#endif
