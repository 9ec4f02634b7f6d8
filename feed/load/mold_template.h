/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_LOAD_MOLD_TEMPLATE_H
#define WIRETAPE_FEED_LOAD_MOLD_TEMPLATE_H

/* Ethernet frames with one MoldUDP64 message each, made once and then given one
 * sequence number after the other.
 *
 * Pure functions over the caller's memory; any thread. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>

/* Frame sizes are without the FCS. The smallest Ethernet allows is 60 bytes,
 * which after Ethernet, IPv4 and UDP leaves 18: the session and the sequence
 * number, but not MoldUDP64's message count. So
 *   60 to 63  the UDP payload is these 18 bytes, the rest padding of the frame,
 *   64 and up the payload is MoldUDP64 with one message, of 0 bytes at 64. */
#define WT_MOLD_FRAME_BYTES_MIN     60
#define WT_MOLD_FRAME_BYTES_WHOLE   64
#define WT_MOLD_FRAME_BYTES_MAX     65549 /* the largest IPv4 datagram */
#define WT_MOLD_FRAME_BYTES_DEFAULT 200

/* Zero is the default given in brackets. Addresses and ports in the machine's
 * own byte order. */
struct wt_mold_template_config {
	uint32_t frame_bytes;  /* [WT_MOLD_FRAME_BYTES_DEFAULT] */
	uint32_t source;       /* IPv4 [192.0.2.1, reserved for documentation] */
	uint32_t group;        /* IPv4 multicast [233.252.0.1, reserved for documentation] */
	uint16_t source_port;  /* [port] */
	uint16_t port;         /* [26477] */
	uint8_t source_mac[6]; /* [02:00:00:00:00:01] */
	uint8_t ttl;           /* [1: not beyond the local network] */
	const char *session;   /* 1 to 10 printable ASCII characters, borrowed ["WIRETAPE"] */
};

/* Build a frame with sequence number 0 in `frame`. The message's bytes count up
 * from 0, modulo 256. Returns the frame's bytes, or -EINVAL for a setting that is
 * out of range and -EMSGSIZE if the frame is larger than `room`. */
int wt_mold_template_build(const struct wt_mold_template_config *config, uint8_t *frame,
                           size_t room, struct wt_error *err);

/* Give a frame made by wt_mold_template_build() another sequence number: the
 * IPv4 identification becomes its low 16 bits, and both checksums follow. Costs
 * the same for every frame size. */
void wt_mold_template_set_sequence(uint8_t *frame, uint64_t sequence);

#endif
