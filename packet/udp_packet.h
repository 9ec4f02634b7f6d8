/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_UDP_PACKET_H
#define WIRETAPE_FEED_UDP_PACKET_H

/* UDP inside captured frames, and multicast frames around a payload.
 *
 * Pure functions over the caller's memory; any thread. IPv4 addresses and ports
 * are numbers in the machine's own byte order. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/feed/link_layer.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WT_ETHERNET_BYTES   14
#define WT_IPV4_BYTES       20 /* without options, as built here */
#define WT_UDP_BYTES        8
#define WT_UDP_HEADER_BYTES 42 /* the three together: where a built frame's payload starts */

/* A UDP datagram in a captured frame; pointers borrow from the frame. */
struct wt_udp_view {
	const uint8_t *source;      /* 4 or 16 bytes, by ip_version */
	const uint8_t *destination; /* the same */
	const uint8_t *payload;
	size_t payload_bytes;      /* that are here; padding of the frame is not counted */
	size_t payload_wire_bytes; /* by the UDP length; more than payload_bytes if cut */
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t ip_version; /* 4 or 6 */
	uint8_t vlan_tags;  /* that were passed */
	bool fragment;      /* the first of several; the others hold no UDP header */
};

/* Find the UDP payload of a frame of which `caplen` bytes were captured, on any link that
 * link_layer.h knows. At most eight IPv6 extension headers are passed.
 * Returns 0; -ENOTSUP if the link type is not known; -ENOMSG if this is not UDP; -EMSGSIZE for a
 * fragment other than the first; -ENODATA if the frame is cut before the end of the UDP header;
 * -EBADMSG if its lengths contradict each other. *view is written only on 0. */
int wt_udp_locate(const uint8_t *frame, size_t caplen, uint16_t link_type,
                  struct wt_udp_view *view);

/* Where a multicast datagram comes from and goes to. */
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

/* Write Ethernet, IPv4 (not to be fragmented, identification `id`) and UDP
 * headers with their checksums in front of a payload that is already in its
 * place, at frame + WT_UDP_HEADER_BYTES. 0, -EINVAL if the group is none,
 * -EMSGSIZE if the datagram would be larger than IPv4 allows. */
int wt_udp_build(uint8_t *frame, const struct wt_udp_flow *flow, uint16_t id, size_t payload_bytes);

/* The Internet checksum (RFC 1071): add up, starting with 0; every piece but the
 * last has an even number of bytes; then finish. Anything below 2^48 bytes. */
uint64_t wt_checksum_add(uint64_t sum, const uint8_t *data, size_t bytes);
uint16_t wt_checksum_finish(uint64_t sum);

#ifdef __cplusplus
}
#endif
#endif
