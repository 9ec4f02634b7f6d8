/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_READERS_UDP_CONTROL_H
#define WIRETAPE_CAPTURE_READERS_UDP_CONTROL_H

/* The kernel's control messages of a datagram. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <wiretape/frame.h>
#include <wiretape/packet/udp_headers.h>

/* Enough for all of the messages read here, and aligned for them. */
enum { WT_UDP_CONTROL_BYTES = 256 };

struct wt_udp_control {
	int64_t software_ns; /* 0: none */
	int64_t hardware_ns; /* 0: none */
	uint32_t drops;      /* SO_RXQ_OVFL; the kernel leaves it out while it is 0 */
	uint8_t ttl;
	uint8_t traffic_class;
	bool is_broadcast;
	uint8_t destination[16];
};

/* Read the control messages of a received datagram. Pure; any thread. */
void wt_udp_control_read(struct wt_udp_control *control, struct msghdr *message);

/* Fill in the frame's stamp: with `hardware`, the NIC's with the kernel's next to it; otherwise, or
 * if it is missing, the kernel's; if that is missing too, `now_ns`. */
void wt_udp_control_stamp(const struct wt_udp_control *control, bool hardware, int64_t now_ns,
                          struct wt_frame *frame);

#endif
