/* SPDX-License-Identifier: BSD-2-Clause */
#include "headers_private.h"

/* Link layers, by pcapng's types. */

enum {
	LINK_NULL = 0,
	LINK_PPP = 9,
	LINK_RAW_OLD = 12,
	LINK_RAW_OPENBSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_PPP_ETHER = 51,
	LINK_C_HDLC = 104,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_PPP_PPPD = 166,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,

	LOOP_BYTES = 4,
	PPPOE_BYTES = 6,

	PPP_ADDRESS = 0xff, /* all stations, followed by: */
	PPP_CONTROL = 0x03, /* unnumbered information */
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,

	LLC_SNAP = 0xaaaa,
	LLC_IP = 0x0606,
};

bool wt_headers_is_raw_ip(uint16_t link_type)
{
	return link_type == LINK_RAW_OLD || link_type == LINK_RAW_OPENBSD ||
	       link_type == WT_LINK_TYPE_RAW || link_type == LINK_IPV4 || link_type == LINK_IPV6;
}

bool wt_headers_knows_link(uint16_t link_type)
{
	switch (link_type) {
	case WT_LINK_TYPE_ETHERNET:
	case LINK_SLL:
	case LINK_SLL2:
	case LINK_NULL:
	case LINK_LOOP:
	case LINK_PPP:
	case LINK_PPP_HDLC:
	case LINK_PPP_ETHER:
	case LINK_PPP_PPPD:
	case LINK_C_HDLC:
		return true;
	default:
		return wt_headers_is_raw_ip(link_type);
	}
}

static bool is_vlan(uint16_t ethertype)
{
	switch (ethertype) {
	case WT_ETHERTYPE_VLAN:
	case 0x88a8: /* of providers, */
	case 0x9100: /* and its unofficial predecessors */
	case 0x9200:
	case 0x9300:
		return true;
	default:
		return false;
	}
}

/* Note where the frame's own link layer ends; not for a frame in a tunnel. */
static void note_network(struct wt_walk *walk, uint16_t ethertype)
{
	if (walk->headers->tunnels)
		return;
	walk->headers->network = (uint32_t)walk->cursor.offset;
	walk->headers->ethertype = ethertype;
}

/* End in the middle of the first header of the link layer. */
static enum wt_next link_lacking(struct wt_walk *walk, int rc)
{
	if (!walk->headers->tunnels)
		walk->headers->network = (uint32_t)(walk->cursor.offset + walk->cursor.captured);
	return wt_walk_lacking(walk, rc);
}

/* Follow IP by the version in its first byte. */
static enum wt_next read_ip(struct wt_walk *walk)
{
	uint8_t version;

	note_network(walk, 0);
	if (!walk->cursor.captured)
		return wt_walk_lacking(walk, -ENODATA);
	version = walk->cursor.at[0] >> 4;
	if (version != 4 && version != 6)
		return wt_walk_end(walk, WT_HEADERS_NETWORK, 0);
	note_network(walk, version == 4 ? WT_ETHERTYPE_IPV4 : WT_ETHERTYPE_IPV6);
	return wt_walk_typed(walk, walk->headers->ethertype);
}

/* Instead of an Ethernet type, there is the length of an LLC frame. */
static enum wt_next read_llc(struct wt_walk *walk, uint16_t length)
{
	const struct wt_cursor *cursor = &walk->cursor;
	uint16_t service = cursor->captured >= 2 ? wt_get_be16(cursor->at) : 0;

	if (!walk->headers->tunnels)
		walk->headers->length = length;
	if (service == LLC_SNAP || service == LLC_IP)
		return wt_walk_unfollowed(walk, WT_LAYER_LLC, 0);
	return wt_walk_end(walk, WT_HEADERS_NETWORK, 0);
}

/* Skip the tag at the cursor, and set *type to what follows it. */
static int pass_tag(struct wt_walk *walk, uint16_t *type)
{
	struct wt_headers *headers = walk->headers;
	int rc = wt_cursor_need(&walk->cursor, WT_VLAN_BYTES);

	if (!headers->tunnels && !headers->vlan)
		headers->vlan = (uint32_t)walk->cursor.offset;
	if (rc)
		return rc;
	*type = wt_get_be16(walk->cursor.at + 2);
	wt_cursor_skip(&walk->cursor, WT_VLAN_BYTES);
	if (!headers->tunnels && headers->vlan_tags < UINT8_MAX)
		headers->vlan_tags++;
	return 0;
}

/* Read a header of `bytes` with the Ethernet type at `type_at`, and tags. */
static enum wt_next read_typed(struct wt_walk *walk, size_t type_at, size_t bytes, bool has_lengths)
{
	int rc = wt_cursor_need(&walk->cursor, bytes);
	uint16_t type;

	if (rc)
		return link_lacking(walk, rc);
	type = wt_get_be16(walk->cursor.at + type_at);
	wt_cursor_skip(&walk->cursor, bytes);
	while (!rc && is_vlan(type)) {
		rc = pass_tag(walk, &type);
		has_lengths = true;
	}
	note_network(walk, type >= WT_ETHERTYPE_MIN ? type : 0);
	if (rc)
		return wt_walk_lacking(walk, rc);
	if (type >= WT_ETHERTYPE_MIN)
		return wt_walk_typed(walk, type);
	return has_lengths ? read_llc(walk, type) : wt_walk_end(walk, WT_HEADERS_NETWORK, 0);
}

enum wt_next wt_walk_ethernet(struct wt_walk *walk)
{
	return read_typed(walk, 12, WT_ETHERNET_BYTES, true);
}

/* AF_INET is 2 everywhere; each system has its own AF_INET6. */
static bool is_ip_family(uint32_t family)
{
	static const uint8_t families[] = {2, 10, 23, 24, 26, 28, 30};

	for (size_t i = 0; i < sizeof(families); i++)
		if (family == families[i])
			return true;
	return false;
}

/* Read an address family in the recording machine's byte order, which is unknown; all families are
 * small. */
static enum wt_next read_family(struct wt_walk *walk)
{
	int rc = wt_cursor_need(&walk->cursor, LOOP_BYTES);
	uint32_t family;

	if (rc)
		return link_lacking(walk, rc);
	family = wt_get_be32(walk->cursor.at);
	wt_cursor_skip(&walk->cursor, LOOP_BYTES);
	if (is_ip_family(family) || is_ip_family(__builtin_bswap32(family)))
		return read_ip(walk);
	note_network(walk, 0);
	return wt_walk_end(walk, WT_HEADERS_NETWORK, 0);
}

/* Read PPP after `before` bytes. A protocol number is one byte where both ends have agreed on that,
 * and is then odd. */
static enum wt_next read_ppp(struct wt_walk *walk, size_t before)
{
	const struct wt_cursor *cursor = &walk->cursor;
	bool is_short = cursor->captured > before && cursor->at[before] & 1;
	size_t bytes = before + (is_short ? 1 : 2);
	int rc = wt_cursor_need(cursor, bytes);
	uint16_t protocol, type = 0;

	if (rc)
		return link_lacking(walk, rc);
	protocol = is_short ? cursor->at[before] : wt_get_be16(cursor->at + before);
	if (protocol == PPP_IPV4)
		type = WT_ETHERTYPE_IPV4;
	else if (protocol == PPP_IPV6)
		type = WT_ETHERTYPE_IPV6;
	wt_cursor_skip(&walk->cursor, bytes);
	note_network(walk, type);
	return type ? wt_walk_typed(walk, type) : wt_walk_end(walk, WT_HEADERS_NETWORK, 0);
}

static enum wt_next read_cisco_hdlc(struct wt_walk *walk)
{
	return read_typed(walk, 2, 4, false);
}

/* Address and control may be left out, in which case the protocol comes first; the HDLC number may
 * also mean Cisco's. */
static enum wt_next read_hdlc(struct wt_walk *walk, uint16_t link_type)
{
	const uint8_t *at = walk->cursor.at;
	int rc = wt_cursor_need(&walk->cursor, 2);

	if (rc)
		return link_lacking(walk, rc);
	if (at[0] == PPP_ADDRESS && at[1] == PPP_CONTROL)
		return read_ppp(walk, 2);
	return link_type == LINK_PPP_HDLC ? read_cisco_hdlc(walk) : read_ppp(walk, 0);
}

enum wt_next wt_walk_link(struct wt_walk *walk, uint16_t link_type)
{
	switch (link_type) {
	case WT_LINK_TYPE_ETHERNET:
		return wt_walk_ethernet(walk);
	case LINK_SLL:
		return read_typed(walk, 14, 16, false);
	case LINK_SLL2:
		return read_typed(walk, 0, 20, false);
	case LINK_NULL:
	case LINK_LOOP:
		return read_family(walk);
	case LINK_PPP:
	case LINK_PPP_HDLC:
		return read_hdlc(walk, link_type);
	case LINK_PPP_ETHER:
		return read_ppp(walk, PPPOE_BYTES);
	case LINK_PPP_PPPD: /* direction, in place of the address */
		return read_ppp(walk, 2);
	case LINK_C_HDLC:
		return read_cisco_hdlc(walk);
	default:
		if (wt_headers_is_raw_ip(link_type))
			return read_ip(walk);
		return wt_walk_end(walk, WT_HEADERS_LINK_UNKNOWN, 0);
	}
}
