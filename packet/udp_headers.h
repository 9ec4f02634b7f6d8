/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_UDP_HEADERS_H
#define WIRETAPE_PACKET_UDP_HEADERS_H

/* Rebuilds IP and UDP headers for a datagram from a socket, which had removed them. They hold what
 * the socket reported: addresses, ports, TTL, traffic class, lengths; checksums are right. Fields
 * it does not report are 0 (identification, fragment, flow label) or absent (IP options, extension
 * headers). */

#include <stddef.h>
#include <stdint.h>

enum { WT_UDP_HEADERS_MOST = 48 }; /* IPv6 and UDP */

struct wt_udp_headers {
	uint8_t ip_version;      /* 4 or 6 */
	uint8_t ttl;             /* IPv6: hop limit */
	uint8_t traffic_class;   /* IPv4: type of service */
	uint8_t source[16];      /* the first 4 or all, as on the wire */
	uint8_t destination[16]; /* likewise */
	uint16_t source_port;
	uint16_t destination_port;
};

/* Write them in front of `payload`, which has room for WT_UDP_HEADERS_MOST bytes there. The
 * datagram's `payload_bytes`, at most 65535, are all present. Returns the bytes written. Pure; any
 * thread. */
size_t wt_udp_headers_put(uint8_t *payload, size_t payload_bytes,
                          const struct wt_udp_headers *headers);

#endif
