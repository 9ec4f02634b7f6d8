/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_PAYLOAD_STAMP_H
#define WIRETAPE_PACKET_PAYLOAD_STAMP_H

/* A number and a time in the last bytes of a datagram's payload, written over them right before it
 * is sent: a receiver can tell losses and latency from them.
 *
 *     payload end - 16    sequence number, 64 bits, big endian
 *     payload end - 8     time in ns, 64 bits, big endian
 *
 * Pure functions over the caller's memory; any thread. */

#include <stdbool.h>
#include <stdint.h>

enum { WT_PAYLOAD_STAMP_BYTES = 16 };

/* Place of the stamp, from the frame's start. */
struct wt_payload_stamp {
	uint32_t offset;
	uint32_t checksum; /* UDP checksum to repair; 0: none */
	bool odd;          /* the checksum's words begin at odd offsets of the stamp */
};

/* Find the place in a frame whose headers are final. `link_type` is pcapng's: Ethernet (1) or raw
 * IP (101). False, and nothing is written, if this is not UDP, or a fragment, cut, or has a payload
 * of less than WT_PAYLOAD_STAMP_BYTES. A checksum that is not ready (WT_LINK_CSUM_NOT_READY) has to
 * be completed before. */
bool wt_payload_stamp_locate(struct wt_payload_stamp *stamp, const uint8_t *frame, uint32_t caplen,
                             uint16_t link_type);

/* Write both, and repair the checksum: a right one stays right. Some ten ns; may be repeated with
 * the same frame. */
void wt_payload_stamp_put(const struct wt_payload_stamp *stamp, uint8_t *frame, uint64_t sequence,
                          uint64_t time_ns);

#endif
