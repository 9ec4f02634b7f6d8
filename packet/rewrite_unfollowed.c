/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/big_endian.h>

#include "rewrite_private.h"

/* Layers that may still hold an address, a port or a MAC, and are not rewritten. */

enum {
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_RECORD_ROUTE = 7,
	OPTION_TIMESTAMP = 68,
	OPTION_LOOSE_ROUTE = 131,
	OPTION_STRICT_ROUTE = 137,

	PROTOCOL_DCCP = 33,
	PROTOCOL_NOTHING = 59,
	PROTOCOL_SCTP = 132,
	PROTOCOL_UDP_LITE = 136,
};

enum { ADDRESSES = 1, PORTS = 2, MACS = 4 };

static void note(struct wt_rewrite_headers *headers, enum wt_rewrite_unfollowed kind,
                 unsigned holds)
{
	uint32_t bit = 1u << kind;

	headers->unfollowed_addresses |= holds & ADDRESSES ? bit : 0;
	headers->unfollowed_ports |= holds & PORTS ? bit : 0;
	headers->unfollowed_macs |= holds & MACS ? bit : 0;
}

_Static_assert(WT_UNFOLLOWED_KINDS <= 32, "a bit for each");

static void note_layer(struct wt_rewrite_headers *headers, enum wt_layer layer)
{
	static const struct {
		uint8_t kind, holds;
	} layers[WT_LAYERS] = {
	        [WT_LAYER_PSEUDOWIRE] = {WT_UNFOLLOWED_MPLS, ADDRESSES | PORTS | MACS},
	        [WT_LAYER_PPPOE] = {WT_UNFOLLOWED_PPPOE, ADDRESSES | PORTS},
	        [WT_LAYER_GRE] = {WT_UNFOLLOWED_GRE, ADDRESSES | PORTS | MACS},
	        [WT_LAYER_ERSPAN] = {WT_UNFOLLOWED_GRE, ADDRESSES | PORTS | MACS},
	        [WT_LAYER_IP_IN_IP] = {WT_UNFOLLOWED_IP_IN_IP, ADDRESSES | PORTS},
	        [WT_LAYER_AH] = {WT_UNFOLLOWED_AH, ADDRESSES | PORTS},
	        [WT_LAYER_ESP] = {WT_UNFOLLOWED_ESP, ADDRESSES | PORTS},
	        [WT_LAYER_MACSEC] = {WT_UNFOLLOWED_MACSEC, ADDRESSES | PORTS},
	        [WT_LAYER_LLC] = {WT_UNFOLLOWED_LLC, ADDRESSES | PORTS},
	        [WT_LAYER_ETHERNET] = {WT_UNFOLLOWED_ETHERNET, ADDRESSES | PORTS | MACS},
	};

	note(headers, layers[layer].kind, layers[layer].holds);
}

/* Tunnel by destination port; WT_UNFOLLOWED_KINDS: none. */
static enum wt_rewrite_unfollowed tunnel_to(uint16_t port)
{
	switch (port) {
	case 2152:
		return WT_UNFOLLOWED_GTP;
	case 4500:
		return WT_UNFOLLOWED_ESP;
	case 4789:
	case 4790: /* protocols other than Ethernet */
	case 8472: /* Linux's own number */
		return WT_UNFOLLOWED_VXLAN;
	case 6081:
		return WT_UNFOLLOWED_GENEVE;
	case 6635:
		return WT_UNFOLLOWED_MPLS;
	case 1701:  /* L2TP */
	case 3544:  /* Teredo */
	case 4341:  /* LISP */
	case 5247:  /* CAPWAP */
	case 6080:  /* GUE */
	case 37008: /* TZSP */
		return WT_UNFOLLOWED_UDP;
	default:
		return WT_UNFOLLOWED_KINDS;
	}
}

/* Tunnels that also come from their port. */
static enum wt_rewrite_unfollowed tunnel_from(uint16_t port)
{
	bool both_ways =
	        port == 1701 || port == 2152 || port == 3544 || port == 4500 || port == 5247;

	return both_ways ? tunnel_to(port) : WT_UNFOLLOWED_KINDS;
}

static void note_udp_tunnel(struct wt_rewrite_headers *headers, uint16_t from, uint16_t to)
{
	enum wt_rewrite_unfollowed kinds[] = {tunnel_from(from), tunnel_to(to)};

	for (int i = 0; i < 2; i++)
		if (kinds[i] != WT_UNFOLLOWED_KINDS)
			note(headers, kinds[i], ADDRESSES | PORTS | MACS);
}

static void note_protocol(struct wt_rewrite_headers *headers, uint16_t protocol)
{
	switch (protocol) {
	case PROTOCOL_NOTHING:
		break;
	case PROTOCOL_SCTP:
		note(headers, WT_UNFOLLOWED_SCTP, PORTS);
		break;
	case PROTOCOL_DCCP:
	case PROTOCOL_UDP_LITE:
		note(headers, WT_UNFOLLOWED_TRANSPORT, PORTS);
		break;
	default:
		note(headers, WT_UNFOLLOWED_OTHER, ADDRESSES);
	}
}

/* Whether an ICMP message quotes a packet, or names an address. */
static void note_icmp(struct wt_rewrite_headers *headers, uint8_t type)
{
	static const uint32_t plain = 1u << 0 | 1u << 8 | 1u << 13 | 1u << 14 | 1u << 15 | 1u << 16;

	if (type >= 32 || !(plain >> type & 1))
		note(headers, WT_UNFOLLOWED_ICMP, ADDRESSES | PORTS);
}

static void note_icmpv6(struct wt_rewrite_headers *headers, uint8_t type)
{
	enum { ECHO = 128, REPLY = 129, MLD_FIRST = 130, MLD_LAST = 132, NDP_FIRST = 133 };
	enum { NDP_LAST = 137, MLD_2 = 143 };

	if (type == ECHO || type == REPLY)
		return;
	if ((type >= MLD_FIRST && type <= MLD_LAST) || type == MLD_2)
		note(headers, WT_UNFOLLOWED_GROUPS, ADDRESSES);
	else if (type >= NDP_FIRST && type <= NDP_LAST)
		note(headers, WT_UNFOLLOWED_NEIGHBOUR, ADDRESSES | MACS);
	else
		note(headers, WT_UNFOLLOWED_ICMP, ADDRESSES | PORTS);
}

/* IPv4 options that hold addresses. */
static void note_options(struct wt_rewrite_headers *headers, const uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes && at[i] != OPTION_END;) {
		if (at[i] == OPTION_RECORD_ROUTE || at[i] == OPTION_TIMESTAMP ||
		    at[i] == OPTION_LOOSE_ROUTE || at[i] == OPTION_STRICT_ROUTE)
			note(headers, WT_UNFOLLOWED_ROUTES, ADDRESSES);
		if (at[i] == OPTION_NOTHING)
			i++;
		else
			i += i + 1 < bytes && at[i + 1] ? at[i + 1] : bytes;
	}
}

/* Note other packets in the transport, `captured` bytes of which begin at `at`. */
static void note_transport(struct wt_rewrite_headers *headers, const uint8_t *at, size_t captured)
{
	switch (headers->protocol) {
	case WT_PROTOCOL_UDP:
		if (captured >= 4)
			note_udp_tunnel(headers, wt_get_be16(at), wt_get_be16(at + 2));
		break;
	case WT_PROTOCOL_ICMP:
		if (captured)
			note_icmp(headers, at[0]);
		break;
	case WT_PROTOCOL_ICMPV6:
		if (captured)
			note_icmpv6(headers, at[0]);
		break;
	case WT_PROTOCOL_IGMP:
		note(headers, WT_UNFOLLOWED_GROUPS, ADDRESSES);
		break;
	default:
		break;
	}
}

void wt_rewrite_note_unfollowed(struct wt_rewrite_headers *headers, const struct wt_headers *found,
                                const uint8_t *frame, size_t captured)
{
	uint32_t options = headers->ip_header + WT_IPV4_BYTES;

	if (headers->ip_header_bytes)
		note_options(headers, frame + options, headers->ip_header_bytes - WT_IPV4_BYTES);
	if (found->ip.routed)
		note(headers, WT_UNFOLLOWED_ROUTES, ADDRESSES);
	if (found->end == WT_HEADERS_NOT_FOLLOWED)
		note_layer(headers, found->unfollowed);
	else if (found->end == WT_HEADERS_PROTOCOL)
		note_protocol(headers, found->stopped_at);
	else if (headers->arp)
		note(headers, WT_UNFOLLOWED_ARP, headers->arp_usual ? MACS : MACS | ADDRESSES);
	else if (found->transport)
		note_transport(headers, frame + found->transport,
		               captured > found->transport ? captured - found->transport : 0);
}

const char *wt_rewrite_unfollowed_name(enum wt_rewrite_unfollowed kind)
{
	static const char *const names[WT_UNFOLLOWED_KINDS] = {
	        [WT_UNFOLLOWED_ARP] = "ARP",
	        [WT_UNFOLLOWED_LLC] = "LLC",
	        [WT_UNFOLLOWED_MPLS] = "MPLS",
	        [WT_UNFOLLOWED_PPPOE] = "PPPoE",
	        [WT_UNFOLLOWED_MACSEC] = "MACsec",
	        [WT_UNFOLLOWED_ETHERNET] = "Ethernet in Ethernet",
	        [WT_UNFOLLOWED_GRE] = "GRE",
	        [WT_UNFOLLOWED_IP_IN_IP] = "IP in IP",
	        [WT_UNFOLLOWED_ESP] = "ESP",
	        [WT_UNFOLLOWED_AH] = "AH",
	        [WT_UNFOLLOWED_SCTP] = "SCTP",
	        [WT_UNFOLLOWED_TRANSPORT] = "DCCP or UDP-Lite",
	        [WT_UNFOLLOWED_ICMP] = "ICMP",
	        [WT_UNFOLLOWED_NEIGHBOUR] = "neighbour discovery",
	        [WT_UNFOLLOWED_GROUPS] = "IGMP or MLD",
	        [WT_UNFOLLOWED_ROUTES] = "source routes",
	        [WT_UNFOLLOWED_VXLAN] = "VXLAN",
	        [WT_UNFOLLOWED_GENEVE] = "Geneve",
	        [WT_UNFOLLOWED_GTP] = "GTP",
	        [WT_UNFOLLOWED_UDP] = "tunnels over UDP",
	        [WT_UNFOLLOWED_OTHER] = "other protocols over IP",
	};

	return names[kind];
}
