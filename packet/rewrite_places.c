/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/base/big_endian.h>

#include "rewrite_private.h"

/* Places of the fields that rules are about, and of the bytes under checksums. */

enum {
	ARP_BYTES = 28, /* between Ethernet and IPv4 */
	ARP_SENDER = 14,
	ARP_TARGET = 24,

	IPV4_CHECKSUM = 10,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
};

/* A frame, up to the end of its datagram or of the capture. */
struct span {
	const uint8_t *data;
	uint32_t captured;
	uint32_t wire;
};

/* Offset of a field in the frame; 0 if it was cut. */
static uint32_t place(const struct span *span, uint32_t at, uint32_t bytes)
{
	return span->captured >= at + bytes ? at : 0;
}

static void place_addresses(struct wt_rewrite_headers *headers, const struct span *span,
                            const struct wt_headers_ip *ip)
{
	bool is_ipv6 = ip->version == 6;
	uint32_t bytes = is_ipv6 ? 16 : 4;

	headers->ip_version = ip->version;
	headers->source = place(span, ip->at + (is_ipv6 ? IPV6_SOURCE : IPV4_SOURCE), bytes);
	headers->destination =
	        place(span, ip->at + (is_ipv6 ? IPV6_DESTINATION : IPV4_DESTINATION), bytes);
}

static void place_ip(struct wt_rewrite_headers *headers, const struct span *span,
                     const struct wt_headers_ip *ip)
{
	place_addresses(headers, span, ip);
	headers->fragment = ip->fragment == WT_FRAGMENT_FIRST;
	headers->on_its_way = ip->on_its_way;
	if (ip->version != 4)
		return;
	headers->protocol = ip->protocol;
	headers->ip_checksum = place(span, ip->at + IPV4_CHECKSUM, 2);
	if (!ip->next)
		return;
	headers->ip_header = ip->at;
	headers->ip_header_bytes = ip->next - ip->at;
}

/* Number of bytes under a transport's checksum; 0 if unknown. */
static uint32_t covered_bytes(const struct span *span, uint32_t at, uint8_t protocol)
{
	uint32_t udp_bytes;

	if (protocol != WT_PROTOCOL_UDP)
		return span->wire - at;
	if (span->captured < at + WT_UDP_BYTES)
		return 0;
	udp_bytes = wt_get_be16(span->data + at + 4);
	return udp_bytes >= WT_UDP_BYTES && udp_bytes <= span->wire - at ? udp_bytes : 0;
}

/* Returns whether there is room for the header, which a first fragment may lack. */
static bool place_transport(struct wt_rewrite_headers *headers, const struct span *span,
                            uint32_t at)
{
	static const struct {
		uint8_t bytes, checksum;
	} shapes[] = {
	        [WT_PROTOCOL_ICMP] = {4, 2},
	        [WT_PROTOCOL_IGMP] = {8, 2},
	        [WT_PROTOCOL_TCP] = {WT_TCP_BYTES, 16},
	        [WT_PROTOCOL_UDP] = {WT_UDP_BYTES, 6},
	        [WT_PROTOCOL_ICMPV6] = {4, 2},
	};
	uint8_t protocol = headers->protocol;

	if (span->wire < at + shapes[protocol].bytes && !headers->fragment)
		return false;
	if (protocol == WT_PROTOCOL_UDP || protocol == WT_PROTOCOL_TCP) {
		headers->source_port = place(span, at, 2);
		headers->destination_port = place(span, at + 2, 2);
	}
	headers->checksum = place(span, at + shapes[protocol].checksum, 2);
	headers->transport = at;
	headers->transport_bytes = covered_bytes(span, at, protocol);
	headers->whole = span->captured >= at + headers->transport_bytes;
	return true;
}

/* Returns whether the headers could be read to their end. */
static bool place_protocol(struct wt_rewrite_headers *headers, const struct span *span,
                           const struct wt_headers *found)
{
	if (!found->ip.next)
		return found->end == WT_HEADERS_CUT;
	headers->protocol = found->ip.protocol;
	switch (found->end) {
	case WT_HEADERS_FRAGMENT:
		return true;
	case WT_HEADERS_PROTOCOL:
	case WT_HEADERS_NOT_FOLLOWED:
		headers->protocol = 0;
		return true;
	default:
		return place_transport(headers, span, found->transport);
	}
}

/* Returns whether there is room for it. */
static bool place_arp(struct wt_rewrite_headers *headers, const struct span *span, uint32_t at)
{
	static const uint8_t ethernet_ipv4[] = {0, 1, WT_ETHERTYPE_IPV4 >> 8, 0, 6, 4};

	if (span->wire < at + ARP_BYTES)
		return false;
	headers->arp = span->captured >= at + sizeof(ethernet_ipv4);
	if (!headers->arp)
		return true;
	headers->arp_usual = !memcmp(span->data + at, ethernet_ipv4, sizeof(ethernet_ipv4));
	if (!headers->arp_usual)
		return true;
	headers->ip_version = 4;
	headers->source = place(span, at + ARP_SENDER, 4);
	headers->destination = place(span, at + ARP_TARGET, 4);
	return true;
}

static void place_link(struct wt_rewrite_headers *headers, const struct span *span,
                       const struct wt_headers *found, uint16_t link_type)
{
	headers->ethernet = link_type == WT_REWRITE_ETHERNET && span->captured >= WT_ETHERNET_BYTES;
	headers->tagged = found->vlan;
	headers->vlan = found->vlan ? place(span, found->vlan, WT_VLAN_BYTES) : 0;
	headers->tunnelled = found->tunnels;
}

/* Returns whether the headers could be read to their end. */
static bool place_all(struct wt_rewrite_headers *headers, struct span *span,
                      const struct wt_headers *found, uint16_t link_type)
{
	place_link(headers, span, found, link_type);
	if (found->ip.version) {
		span->wire = found->ip.end;
		span->captured = span->captured < span->wire ? span->captured : span->wire;
		place_ip(headers, span, &found->ip);
		return place_protocol(headers, span, found);
	}
	if (found->stopped_at == WT_ETHERTYPE_ARP || found->stopped_at == WT_ETHERTYPE_RARP)
		return place_arp(headers, span, found->network);
	return found->end == WT_HEADERS_CUT || found->end == WT_HEADERS_NOT_FOLLOWED ||
	       (found->end == WT_HEADERS_NETWORK && headers->ethernet);
}

void wt_rewrite_read_headers(const struct wt_rewrite_frame *frame,
                             struct wt_rewrite_headers *headers, bool unfollowed)
{
	struct span span = {frame->data, frame->caplen,
	                    frame->len > frame->caplen ? frame->len : frame->caplen};
	const struct wt_headers_config config = {
	        .follow = WT_FOLLOW(WT_LAYER_MPLS) | WT_FOLLOW(WT_LAYER_PPPOE),
	        .len = span.wire,
	        .link_type = frame->link_type,
	};
	struct wt_headers found;

	*headers = (struct wt_rewrite_headers){0};
	headers->not_understood = true;
	if (!span.wire ||
	    (frame->link_type != WT_REWRITE_ETHERNET && frame->link_type != WT_REWRITE_RAW_IP))
		return;
	wt_headers_read(&found, &config, frame->data, frame->caplen);
	headers->not_understood = !place_all(headers, &span, &found, frame->link_type);
	if (unfollowed)
		wt_rewrite_note_unfollowed(headers, &found, frame->data, span.captured);
}
