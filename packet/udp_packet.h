/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_UDP_PACKET_H
#define WIRETAPE_PACKET_UDP_PACKET_H

/* UDP inside captured frames, and multicast frames around a payload.
 *
 * Pure functions over the caller's memory; any thread. IPv4 addresses and ports are numbers in host
 * byte order. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/packet/headers.h>

/* Size of Ethernet, IPv4 and UDP headers together: where a built frame's payload starts. */
enum { WT_UDP_HEADER_BYTES = WT_ETHERNET_BYTES + WT_IPV4_BYTES + WT_UDP_BYTES };

/* A UDP datagram in a captured frame; pointers borrow from the frame. */
struct wt_udp_view {
	const uint8_t *source;      /* 4 or 16 bytes, by ip_version */
	const uint8_t *destination; /* likewise */
	const uint8_t *payload;
	size_t payload_bytes;      /* captured, without padding of the frame */
	size_t payload_wire_bytes; /* by the UDP length; more than payload_bytes if cut */
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t ip_version; /* 4 or 6 */
	uint8_t vlan_tags;  /* passed over */
	bool fragment;      /* the first fragment; later ones hold no UDP header */
};

/* View a frame as a datagram, given its headers. 0; -ENOTSUP if the link type is unknown; -ENOMSG
 * if this is not UDP; -EMSGSIZE for a fragment other than the first; -ENODATA if the frame is cut
 * before the end of the UDP header; -EBADMSG if its lengths contradict each other. *view is written
 * only on 0. */
int wt_udp_from_headers(struct wt_udp_view *view, const struct wt_headers *headers,
                        const uint8_t *frame);

/* Read the headers of a frame with `caplen` captured bytes, without entering tunnels, and view it
 * as a datagram. */
int wt_udp_locate(const uint8_t *frame, size_t caplen, uint16_t link_type,
                  struct wt_udp_view *view);

/* Source and destination of a multicast datagram. */
struct wt_udp_flow {
	uint8_t source_mac[6];
	uint32_t source; /* IPv4 */
	uint32_t group;  /* IPv4, 224.0.0.0/4 */
	uint16_t source_port;
	uint16_t port;
	uint8_t ttl;
};

/* The MAC of an IPv4 group (RFC 1112): 01:00:5e and its low 23 bits. */
void wt_udp_multicast_mac(uint32_t group, uint8_t mac[6]);

/* Write Ethernet, IPv4 (not to be fragmented, identification `id`) and UDP headers with their
 * checksums in front of a payload already in place at frame + WT_UDP_HEADER_BYTES. 0, -EINVAL if
 * the address is not a group, -EMSGSIZE if the datagram would exceed IPv4's limit. */
int wt_udp_build(uint8_t *frame, const struct wt_udp_flow *flow, uint16_t id, size_t payload_bytes);

#endif
