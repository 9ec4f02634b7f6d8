/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/headers.h>

#include "headers_private.h"

enum {
	ETHERTYPE_TRILL = 0x22f3,
	ETHERTYPE_BRIDGING = 0x6558,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_GROUP = 0x8848,
	ETHERTYPE_PPPOE = 0x8864,
	ETHERTYPE_MACSEC = 0x88e5,
	ETHERTYPE_BACKBONE = 0x88e7,
	ETHERTYPE_VN_TAG = 0x8926,
	ETHERTYPE_E_TAG = 0x893f,
	ETHERTYPE_NSH = 0x894f,

	/* Up to the first address: less of a header is useless. */
	IPV4_LEAST_BYTES = 16,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_OFFSET_MASK = 0x1fff,
	IPV6_LEAST_BYTES = 24,
	IPV6_EXTENSIONS_MAX = 8,
	IPV6_EXTENSION_BYTES = 8, /* of the smallest, and of the fragment header */
	IPV6_MORE_FRAGMENTS = 0x0001,
	IPV6_OFFSET_MASK = 0xfff8,
	ICMP_BYTES = 4, /* common to all of its messages */
	IGMP_BYTES = 8,

	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_IPV4 = 4,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_IPIP = 94,
};

static void found_payload(struct wt_walk *walk, size_t header)
{
	struct wt_headers *headers = walk->headers;

	wt_cursor_skip(&walk->cursor, header);
	headers->payload = (uint32_t)walk->cursor.offset;
	headers->payload_bytes = (uint32_t)walk->cursor.captured;
	headers->payload_wire_bytes = (uint32_t)walk->cursor.wire;
}

static enum wt_next read_udp(struct wt_walk *walk)
{
	struct wt_cursor *cursor = &walk->cursor;
	int rc = wt_cursor_need(cursor, WT_UDP_BYTES);
	bool is_whole = walk->headers->ip.fragment == WT_FRAGMENT_NONE;
	uint16_t length, port;

	if (rc)
		return wt_walk_lacking(walk, rc);
	port = wt_get_be16(cursor->at + 2);
	length = wt_get_be16(cursor->at + 4);
	/* A first fragment is shorter than its datagram's length. */
	if (length < WT_UDP_BYTES || (length > cursor->wire && is_whole))
		return wt_walk_end(walk, WT_HEADERS_CONTRADICTION, 0);
	wt_cursor_promise(cursor, length);
	found_payload(walk, WT_UDP_BYTES);
	walk->headers->end = WT_HEADERS_TRANSPORT;
	return wt_walk_udp_tunnel(walk, port);
}

static enum wt_next read_tcp(struct wt_walk *walk)
{
	struct wt_cursor *cursor = &walk->cursor;
	int rc = wt_cursor_need(cursor, WT_TCP_BYTES);
	size_t header;

	if (rc)
		return wt_walk_lacking(walk, rc);
	header = (size_t)(cursor->at[12] >> 4) * 4;
	if (header < WT_TCP_BYTES)
		return wt_walk_end(walk, WT_HEADERS_CONTRADICTION, 0);
	rc = wt_cursor_need(cursor, header);
	if (rc == -EBADMSG)
		return wt_walk_lacking(walk, rc);
	/* The payload's start is known even if the options were cut. */
	walk->headers->payload = (uint32_t)(cursor->offset + header);
	walk->headers->payload_wire_bytes = (uint32_t)(cursor->wire - header);
	if (rc)
		return wt_walk_lacking(walk, rc);
	walk->headers->payload_bytes = (uint32_t)(cursor->captured - header);
	return wt_walk_end(walk, WT_HEADERS_TRANSPORT, 0);
}

static enum wt_next read_message(struct wt_walk *walk, size_t header)
{
	int rc = wt_cursor_need(&walk->cursor, header);

	if (rc)
		return wt_walk_lacking(walk, rc);
	found_payload(walk, header);
	return wt_walk_end(walk, WT_HEADERS_TRANSPORT, 0);
}

static enum wt_next read_transport(struct wt_walk *walk, uint8_t protocol)
{
	bool is_ipv6 = walk->headers->ip.version == 6;

	walk->headers->transport = (uint32_t)walk->cursor.offset;
	switch (protocol) {
	case WT_PROTOCOL_UDP:
		return read_udp(walk);
	case WT_PROTOCOL_TCP:
		return read_tcp(walk);
	case WT_PROTOCOL_ICMP:
	case WT_PROTOCOL_ICMPV6:
		if (is_ipv6 == (protocol == WT_PROTOCOL_ICMPV6))
			return read_message(walk, ICMP_BYTES);
		break;
	case WT_PROTOCOL_IGMP:
		if (!is_ipv6)
			return read_message(walk, IGMP_BYTES);
		break;
	default:
		break;
	}
	return wt_walk_end(walk, WT_HEADERS_PROTOCOL, protocol);
}

static enum wt_layer layer_of(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
	case PROTOCOL_IPIP:
		return WT_LAYER_IP_IN_IP;
	case PROTOCOL_GRE:
		return WT_LAYER_GRE;
	case PROTOCOL_ESP:
		return WT_LAYER_ESP;
	case PROTOCOL_AH:
		return WT_LAYER_AH;
	default:
		return WT_LAYER_NONE;
	}
}

static enum wt_next read_protocol(struct wt_walk *walk)
{
	struct wt_headers_ip *ip = &walk->headers->ip;
	enum wt_layer layer = layer_of(ip->protocol);

	ip->next = (uint32_t)walk->cursor.offset;
	if (ip->fragment == WT_FRAGMENT_LATER) {
		walk->headers->unfollowed = layer;
		return wt_walk_end(walk, WT_HEADERS_FRAGMENT, ip->protocol);
	}
	if (layer == WT_LAYER_NONE)
		return read_transport(walk, ip->protocol);
	if (layer == WT_LAYER_GRE)
		return wt_walk_gre(walk);
	if (layer == WT_LAYER_IP_IN_IP && ip->protocol != PROTOCOL_IPIP)
		return wt_walk_ip_in_ip(walk, ip->protocol);
	return wt_walk_unfollowed(walk, layer, ip->protocol);
}

static bool is_extension(const struct wt_walk *walk, uint8_t protocol)
{
	if (protocol == PROTOCOL_AH)
		return walk->follow & WT_FOLLOW(WT_LAYER_AH);
	return walk->headers->ip.version == 6 &&
	       (protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	        protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_DESTINATION);
}

static void note_fragment(struct wt_headers_ip *ip, uint16_t word)
{
	if (word & IPV6_OFFSET_MASK)
		ip->fragment = WT_FRAGMENT_LATER;
	else if (word & IPV6_MORE_FRAGMENTS)
		ip->fragment = WT_FRAGMENT_FIRST;
}

/* Note an extension header, of which 8 bytes are here; returns its full length. */
static size_t note_extension(struct wt_walk *walk)
{
	struct wt_headers_ip *ip = &walk->headers->ip;
	const uint8_t *at = walk->cursor.at;

	switch (ip->protocol) {
	case PROTOCOL_FRAGMENT:
		note_fragment(ip, wt_get_be16(at + 2));
		return IPV6_EXTENSION_BYTES;
	case PROTOCOL_AH:
		walk->headers->passed |= WT_FOLLOW(WT_LAYER_AH);
		return ((size_t)at[1] + 2) * 4;
	case PROTOCOL_ROUTING:
		/* Segments left: the address in the fixed header is not the final one. */
		ip->routed = true;
		ip->on_its_way |= at[3] != 0;
		break;
	default:
		break;
	}
	return ((size_t)at[1] + 1) * 8;
}

static enum wt_next read_extensions(struct wt_walk *walk)
{
	struct wt_headers_ip *ip = &walk->headers->ip;
	struct wt_cursor *cursor = &walk->cursor;

	for (int passed = 0; is_extension(walk, ip->protocol); passed++) {
		int rc = wt_cursor_need(cursor, IPV6_EXTENSION_BYTES);
		uint8_t next;
		size_t bytes;

		if (passed == IPV6_EXTENSIONS_MAX)
			return wt_walk_end(walk, WT_HEADERS_TOO_DEEP, ip->protocol);
		if (rc)
			return wt_walk_lacking(walk, rc);
		next = cursor->at[0];
		bytes = note_extension(walk);
		rc = wt_cursor_need(cursor, bytes);
		if (rc)
			return wt_walk_lacking(walk, rc);
		wt_cursor_skip(cursor, bytes);
		ip->protocol = next;
		if (ip->fragment == WT_FRAGMENT_LATER)
			break;
	}
	return read_protocol(walk);
}

/* Take the length that a header claims, which ends the datagram. */
static void promise(struct wt_walk *walk, size_t length, bool sized)
{
	struct wt_headers_ip *ip = &walk->headers->ip;
	struct wt_cursor *cursor = &walk->cursor;
	size_t end;

	/* 0: segmentation was left to the NIC, so the length was never filled in; or a jumbogram,
	 * whose length is in an option. */
	if (sized)
		wt_cursor_promise(cursor, length);
	end = cursor->offset + cursor->wire;
	*ip = (struct wt_headers_ip){
	        .at = (uint32_t)cursor->offset,
	        .end = end < UINT32_MAX ? (uint32_t)end : UINT32_MAX,
	        .version = cursor->at[0] >> 4,
	        .sized = sized,
	};
}

static enum wt_next read_ipv4(struct wt_walk *walk)
{
	struct wt_cursor *cursor = &walk->cursor;
	struct wt_headers_ip *ip = &walk->headers->ip;
	int rc = wt_cursor_need(cursor, WT_IPV4_BYTES);
	size_t header, total;
	uint16_t fragment;

	if (rc == -EBADMSG || cursor->captured < IPV4_LEAST_BYTES)
		return wt_walk_lacking(walk, rc);
	header = (size_t)(cursor->at[0] & 0x0f) * 4;
	total = wt_get_be16(cursor->at + 2);
	if (cursor->at[0] >> 4 != 4 || header < WT_IPV4_BYTES || (total && total < header))
		return wt_walk_end(walk, WT_HEADERS_CONTRADICTION, 0);
	promise(walk, total, total);
	ip->protocol = cursor->at[9];
	rc = wt_cursor_need(cursor, header);
	if (rc)
		return wt_walk_lacking(walk, rc);
	fragment = wt_get_be16(cursor->at + 6);
	if (fragment & IPV4_OFFSET_MASK)
		ip->fragment = WT_FRAGMENT_LATER;
	else if (fragment & IPV4_MORE_FRAGMENTS)
		ip->fragment = WT_FRAGMENT_FIRST;
	wt_cursor_skip(cursor, header);
	return ip->fragment == WT_FRAGMENT_LATER ? read_protocol(walk) : read_extensions(walk);
}

static enum wt_next read_ipv6(struct wt_walk *walk)
{
	struct wt_cursor *cursor = &walk->cursor;
	int rc = wt_cursor_need(cursor, WT_IPV6_BYTES);
	size_t payload;

	if (rc == -EBADMSG || cursor->captured < IPV6_LEAST_BYTES)
		return wt_walk_lacking(walk, rc);
	if (cursor->at[0] >> 4 != 6)
		return wt_walk_end(walk, WT_HEADERS_CONTRADICTION, 0);
	payload = wt_get_be16(cursor->at + 4);
	promise(walk, WT_IPV6_BYTES + payload, payload);
	walk->headers->ip.protocol = cursor->at[6];
	if (rc)
		return wt_walk_lacking(walk, rc);
	wt_cursor_skip(cursor, WT_IPV6_BYTES);
	return read_extensions(walk);
}

static enum wt_next read_typed(struct wt_walk *walk)
{
	switch (walk->type) {
	case WT_ETHERTYPE_IPV4:
		return read_ipv4(walk);
	case WT_ETHERTYPE_IPV6:
		return read_ipv6(walk);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_GROUP:
		return wt_walk_mpls(walk);
	case ETHERTYPE_PPPOE:
		return wt_walk_pppoe(walk);
	case ETHERTYPE_MACSEC:
		return wt_walk_unfollowed(walk, WT_LAYER_MACSEC, walk->type);
	case ETHERTYPE_VN_TAG:
	case ETHERTYPE_E_TAG:
	case ETHERTYPE_TRILL:
	case ETHERTYPE_BRIDGING:
	case ETHERTYPE_BACKBONE:
	case ETHERTYPE_NSH:
		return wt_walk_unfollowed(walk, WT_LAYER_ETHERNET, walk->type);
	default:
		return wt_walk_end(walk, WT_HEADERS_NETWORK, walk->type);
	}
}

/* Fast path for the headers in front of most transports: Ethernet with at most one tag, and IPv4
 * without options or fragmentation. Finds what the walk would; for anything else returns false and
 * changes nothing. */
static bool pass_usual(struct wt_walk *walk)
{
	enum { NO_OPTIONS = 0x45, FRAGMENT = 0x3fff };
	struct wt_headers *headers = walk->headers;
	struct wt_cursor *cursor = &walk->cursor;
	bool is_tagged;
	size_t network;
	const uint8_t *ip;
	uint16_t total;

	if (cursor->captured < WT_ETHERNET_BYTES + WT_VLAN_BYTES + WT_IPV4_BYTES)
		return false;
	is_tagged = wt_get_be16(cursor->at + 12) == WT_ETHERTYPE_VLAN;
	network = WT_ETHERNET_BYTES + (is_tagged ? WT_VLAN_BYTES : 0);
	ip = cursor->at + network;
	total = wt_get_be16(ip + 2);
	if (wt_get_be32(ip - 2) >> 8 != (WT_ETHERTYPE_IPV4 << 8 | NO_OPTIONS) ||
	    wt_get_be16(ip + 6) & FRAGMENT || total < WT_IPV4_BYTES)
		return false;
	headers->vlan = is_tagged ? WT_ETHERNET_BYTES : 0;
	headers->vlan_tags = is_tagged;
	headers->network = (uint32_t)network;
	headers->ethertype = WT_ETHERTYPE_IPV4;
	wt_cursor_skip(cursor, network);
	promise(walk, total, true);
	headers->ip.protocol = ip[9];
	wt_cursor_skip(cursor, WT_IPV4_BYTES);
	return true;
}

void wt_headers_read(struct wt_headers *headers, const struct wt_headers_config *config,
                     const uint8_t *frame, size_t caplen)
{
	struct wt_walk walk = {
	        .cursor = {.at = frame, .captured = caplen, .wire = UINT32_MAX},
	        .headers = headers,
	        .follow = config->follow,
	};
	enum wt_next next;

	*headers = (struct wt_headers){0};
	if (config->len)
		walk.cursor.wire = config->len > caplen ? config->len : caplen;
	if (walk.cursor.captured > UINT32_MAX)
		walk.cursor.captured = UINT32_MAX;
	if (config->link_type == WT_LINK_TYPE_ETHERNET && pass_usual(&walk))
		next = read_extensions(&walk);
	else
		next = wt_walk_link(&walk, config->link_type);
	while (next != WT_NEXT_NOTHING)
		next = next == WT_NEXT_TYPED ? read_typed(&walk) : wt_walk_ethernet(&walk);
}

bool wt_headers_is_tunnelled(const struct wt_headers *headers)
{
	const uint32_t tunnels = WT_FOLLOW(WT_LAYER_MPLS) | WT_FOLLOW(WT_LAYER_PSEUDOWIRE) |
	                         WT_FOLLOW(WT_LAYER_GRE) | WT_FOLLOW(WT_LAYER_ERSPAN) |
	                         WT_FOLLOW(WT_LAYER_IP_IN_IP) | WT_FOLLOW(WT_LAYER_VXLAN) |
	                         WT_FOLLOW(WT_LAYER_GENEVE);

	return WT_FOLLOW(headers->unfollowed) & tunnels;
}
