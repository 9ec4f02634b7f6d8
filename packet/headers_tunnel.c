/* SPDX-License-Identifier: BSD-2-Clause */
#include "headers_private.h"

/* Tunnels: packets within packets. */

enum {
	ETHERTYPE_ERSPAN_3 = 0x22eb,
	ETHERTYPE_BRIDGED = 0x6558,
	ETHERTYPE_ERSPAN = 0x88be,

	MPLS_BYTES = 4,
	MPLS_BOTTOM = 0x01, /* in the third of these */
	CONTROL_WORD = 4,   /* starts a pseudowire, with 4 bits of 0 (RFC 4385) */
	PPPOE_BYTES = 8,    /* with PPP's protocol */
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_LCP = 0xc021,

	GRE_BYTES = 4,
	GRE_CHECKSUM = 0x8000, /* 4 more bytes, as for each of these */
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_VERSION_MASK = 0x0007,
	PROTOCOL_GRE = 47,
	PROTOCOL_IPV4 = 4,

	PORT_VXLAN = 4789,
	PORT_GENEVE = 6081,
	TUNNEL_BYTES = 8, /* of VXLAN, and at least of Geneve */
	VXLAN_HAS_NETWORK = 0x08,
	VXLAN_HAS_POLICY = 0x80,
};

/* Enter a tunnel, if it is to be followed: a transport found so far belongs to the outer packet. */
static bool goes_into(struct wt_walk *walk, enum wt_layer layer, uint16_t found_at)
{
	struct wt_headers *headers = walk->headers;

	if (!(walk->follow & WT_FOLLOW(layer))) {
		wt_walk_unfollowed(walk, layer, found_at);
		return false;
	}
	if (headers->tunnels == WT_HEADERS_TUNNELS_MAX) {
		wt_walk_end(walk, WT_HEADERS_TOO_DEEP, found_at);
		return false;
	}
	if (!headers->outer_ip.version)
		headers->outer_ip = headers->ip;
	headers->tunnels++;
	headers->passed |= WT_FOLLOW(layer);
	headers->transport = headers->payload = 0;
	headers->payload_bytes = headers->payload_wire_bytes = 0;
	return true;
}

/* Length of IP at the cursor according to itself; 0: it is not IP. */
static size_t ip_bytes(const struct wt_cursor *cursor)
{
	if (cursor->captured >= WT_IPV4_BYTES && cursor->at[0] >> 4 == 4)
		return wt_get_be16(cursor->at + 2);
	if (cursor->captured >= WT_IPV6_BYTES && cursor->at[0] >> 4 == 6)
		return WT_IPV6_BYTES + (size_t)wt_get_be16(cursor->at + 4);
	return 0;
}

/* Whether an Ethernet header after `before` bytes is recognisable: by a tag, or by the first byte
 * of the network layer that its type announces. */
static bool is_ethernet(const struct wt_cursor *cursor, size_t before)
{
	const uint8_t *end = cursor->at + before + WT_ETHERNET_BYTES;
	uint16_t type;

	if (cursor->captured < before + WT_ETHERNET_BYTES + 1)
		return false;
	type = wt_get_be16(end - 2);
	return type == WT_ETHERTYPE_VLAN || (type == WT_ETHERTYPE_IPV4 && end[0] >> 4 == 4) ||
	       (type == WT_ETHERTYPE_IPV6 && end[0] >> 4 == 6) ||
	       (type == WT_ETHERTYPE_ARP && end[0] == 0);
}

static enum wt_next read_pseudowire(struct wt_walk *walk)
{
	struct wt_cursor *cursor = &walk->cursor;
	bool has_word =
	        cursor->captured && cursor->at[0] >> 4 == 0 && is_ethernet(cursor, CONTROL_WORD);

	if (!has_word && !is_ethernet(cursor, 0))
		return wt_walk_unfollowed(walk, WT_LAYER_PSEUDOWIRE, 0);
	if (!goes_into(walk, WT_LAYER_PSEUDOWIRE, 0))
		return WT_NEXT_NOTHING;
	wt_cursor_skip(cursor, has_word ? CONTROL_WORD : 0);
	return WT_NEXT_ETHERNET;
}

/* Nothing says what follows the labels: like everybody else, the reader assumes IP if it begins
 * like that and its length fits, which the MAC address in a pseudowire hardly does. */
enum wt_next wt_walk_mpls(struct wt_walk *walk)
{
	struct wt_cursor *cursor = &walk->cursor;
	bool is_last = false;
	size_t bytes;

	if (!goes_into(walk, WT_LAYER_MPLS, walk->type))
		return WT_NEXT_NOTHING;
	while (!is_last) {
		int rc = wt_cursor_need(cursor, MPLS_BYTES);

		if (rc)
			return wt_walk_lacking(walk, rc);
		is_last = cursor->at[2] & MPLS_BOTTOM;
		wt_cursor_skip(cursor, MPLS_BYTES);
	}
	bytes = ip_bytes(cursor);
	if (!bytes || bytes > cursor->wire)
		return read_pseudowire(walk);
	return wt_walk_typed(walk, cursor->at[0] >> 4 == 4 ? WT_ETHERTYPE_IPV4 : WT_ETHERTYPE_IPV6);
}

enum wt_next wt_walk_pppoe(struct wt_walk *walk)
{
	int rc = wt_cursor_need(&walk->cursor, PPPOE_BYTES);
	uint16_t protocol;

	if (!goes_into(walk, WT_LAYER_PPPOE, walk->type))
		return WT_NEXT_NOTHING;
	if (rc)
		return wt_walk_lacking(walk, rc);
	protocol = wt_get_be16(walk->cursor.at + 6);
	wt_cursor_skip(&walk->cursor, PPPOE_BYTES);
	switch (protocol) {
	case PPP_IPV4:
		return wt_walk_typed(walk, WT_ETHERTYPE_IPV4);
	case PPP_IPV6:
		return wt_walk_typed(walk, WT_ETHERTYPE_IPV6);
	case PPP_LCP: /* without packets in them */
		return wt_walk_end(walk, WT_HEADERS_NETWORK, 0);
	default:
		return wt_walk_unfollowed(walk, WT_LAYER_PPPOE, protocol);
	}
}

/* RFC 2784, RFC 2890. With routing (RFC 1701), or in PPTP, its layout differs. */
enum wt_next wt_walk_gre(struct wt_walk *walk)
{
	struct wt_cursor *cursor = &walk->cursor;
	int rc = wt_cursor_need(cursor, GRE_BYTES);
	size_t bytes = GRE_BYTES;
	uint16_t flags, type;

	if (rc)
		return walk->follow & WT_FOLLOW(WT_LAYER_GRE)
		               ? wt_walk_lacking(walk, rc)
		               : wt_walk_unfollowed(walk, WT_LAYER_GRE, PROTOCOL_GRE);
	flags = wt_get_be16(cursor->at);
	type = wt_get_be16(cursor->at + 2);
	if (type == ETHERTYPE_ERSPAN || type == ETHERTYPE_ERSPAN_3)
		return wt_walk_unfollowed(walk, WT_LAYER_ERSPAN, type);
	if (flags & (GRE_ROUTING | GRE_VERSION_MASK))
		return wt_walk_unfollowed(walk, WT_LAYER_GRE, PROTOCOL_GRE);
	if (!goes_into(walk, WT_LAYER_GRE, PROTOCOL_GRE))
		return WT_NEXT_NOTHING;
	bytes += flags & GRE_CHECKSUM ? 4 : 0;
	bytes += flags & GRE_KEY ? 4 : 0;
	bytes += flags & GRE_SEQUENCE ? 4 : 0;
	rc = wt_cursor_need(cursor, bytes);
	if (rc)
		return wt_walk_lacking(walk, rc);
	wt_cursor_skip(cursor, bytes);
	return type == ETHERTYPE_BRIDGED ? WT_NEXT_ETHERNET : wt_walk_typed(walk, type);
}

enum wt_next wt_walk_ip_in_ip(struct wt_walk *walk, uint8_t protocol)
{
	if (!goes_into(walk, WT_LAYER_IP_IN_IP, protocol))
		return WT_NEXT_NOTHING;
	return wt_walk_typed(walk,
	                     protocol == PROTOCOL_IPV4 ? WT_ETHERTYPE_IPV4 : WT_ETHERTYPE_IPV6);
}

/* RFC 7348, 5, and the policy of draft-smith-vxlan-group-policy; RFC 8926, 3.4. */
static enum wt_layer find_udp_tunnel(const struct wt_cursor *cursor, uint16_t port)
{
	const uint8_t *at = cursor->at;

	if ((port != PORT_VXLAN && port != PORT_GENEVE) || cursor->captured < TUNNEL_BYTES)
		return WT_LAYER_NONE;
	if (port == PORT_GENEVE)
		return !(at[0] >> 6) && wt_get_be16(at + 2) == ETHERTYPE_BRIDGED ? WT_LAYER_GENEVE
		                                                                 : WT_LAYER_NONE;
	if (at[7] || (at[0] & ~VXLAN_HAS_POLICY) != VXLAN_HAS_NETWORK)
		return WT_LAYER_NONE;
	return at[0] & VXLAN_HAS_POLICY || !(at[1] | at[2] | at[3]) ? WT_LAYER_VXLAN
	                                                            : WT_LAYER_NONE;
}

enum wt_next wt_walk_udp_tunnel(struct wt_walk *walk, uint16_t port)
{
	enum wt_layer layer = find_udp_tunnel(&walk->cursor, port);

	if (layer == WT_LAYER_VXLAN && walk->follow & WT_FOLLOW(WT_LAYER_VXLAN)) {
		if (!goes_into(walk, WT_LAYER_VXLAN, port))
			return WT_NEXT_NOTHING;
		wt_cursor_skip(&walk->cursor, TUNNEL_BYTES);
		return WT_NEXT_ETHERNET;
	}
	walk->headers->unfollowed = layer;
	return WT_NEXT_NOTHING;
}
