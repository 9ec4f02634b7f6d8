/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/base/big_endian.h>
#include <wiretape/feed/link_layer.h>
#include <wiretape/feed/rest_private.h>
#include <wiretape/packet/udp_packet.h>

#include "rewrite_private.h"

enum {
	ETHERTYPE_VN_TAG = 0x8926,
	ETHERTYPE_E_TAG = 0x893f,
	ETHERTYPE_TRILL = 0x22f3,
	ETHERTYPE_BRIDGING = 0x6558,
	ETHERTYPE_RARP = 0x8035,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_GROUP = 0x8848,
	ETHERTYPE_PPPOE = 0x8864, /* of a session; what precedes it has no addresses */
	ETHERTYPE_MACSEC = 0x88e5,
	ETHERTYPE_BACKBONE = 0x88e7,
	ETHERTYPE_NSH = 0x894f,

	VLAN_BYTES = 4,
	MPLS_BYTES = 4,
	MPLS_BOTTOM = 0x01, /* in the third of these */
	PPPOE_BYTES = 8,    /* with PPP's protocol */
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_LCP = 0xc021,
	LLC_SNAP = 0xaaaa,
	LLC_IP = 0x0606,

	ARP_BYTES = 28, /* between Ethernet and IPv4 */
	ARP_SENDER = 14,
	ARP_TARGET = 24,

	IPV4_CHECKSUM = 10,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_OFFSET_MASK = 0x1fff,

	IPV6_BYTES = 40,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
	IPV6_EXTENSIONS_MAX = 8,
	IPV6_FRAGMENT_BYTES = 8,
	IPV6_MORE_FRAGMENTS = 0x0001,
	IPV6_OFFSET_MASK = 0xfff8,

	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_RECORD_ROUTE = 7,
	OPTION_TIMESTAMP = 68,
	OPTION_LOOSE_ROUTE = 131,
	OPTION_STRICT_ROUTE = 137,

	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_IPV4 = 4,
	PROTOCOL_DCCP = 33,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_NOTHING = 59,
	PROTOCOL_DESTINATION = 60,
	PROTOCOL_IPIP = 94,
	PROTOCOL_SCTP = 132,
	PROTOCOL_UDP_LITE = 136,
};

/* ---- what is not followed ---- */

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

/* Ports that tunnels are known by: that they go to, or also that they come from. */
static void note_udp_tunnel(struct wt_rewrite_headers *headers, uint16_t from, uint16_t to)
{
	static const struct {
		uint16_t port;
		bool both_ways;
		uint8_t kind;
	} tunnels[] = {
	        {1701, true, WT_UNFOLLOWED_UDP},                                      /* L2TP */
	        {2152, true, WT_UNFOLLOWED_GTP},     {3544, true, WT_UNFOLLOWED_UDP}, /* Teredo */
	        {4341, false, WT_UNFOLLOWED_UDP},                                     /* LISP */
	        {4500, true, WT_UNFOLLOWED_ESP},     {4789, false, WT_UNFOLLOWED_VXLAN},
	        {4790, false, WT_UNFOLLOWED_VXLAN}, /* with other protocols than Ethernet */
	        {5247, true, WT_UNFOLLOWED_UDP},    /* CAPWAP */
	        {6080, false, WT_UNFOLLOWED_UDP},   /* GUE */
	        {6081, false, WT_UNFOLLOWED_GENEVE}, {6635, false, WT_UNFOLLOWED_MPLS},
	        {8472, false, WT_UNFOLLOWED_VXLAN}, /* Linux's own number */
	        {37008, false, WT_UNFOLLOWED_UDP},  /* TZSP */
	};

	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++)
		if (to == tunnels[i].port || (tunnels[i].both_ways && from == tunnels[i].port))
			note(headers, tunnels[i].kind, ADDRESSES | PORTS | MACS);
}

static void note_protocol(struct wt_rewrite_headers *headers, uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_NOTHING:
		break;
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
	case PROTOCOL_IPIP:
		note(headers, WT_UNFOLLOWED_IP_IN_IP, ADDRESSES | PORTS);
		break;
	case PROTOCOL_GRE:
		note(headers, WT_UNFOLLOWED_GRE, ADDRESSES | PORTS | MACS);
		break;
	case PROTOCOL_ESP:
		note(headers, WT_UNFOLLOWED_ESP, ADDRESSES | PORTS);
		break;
	case PROTOCOL_AH:
		note(headers, WT_UNFOLLOWED_AH, ADDRESSES | PORTS);
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

/* Whether an ICMP message is about a packet, or tells of an address. */
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

/* Options of an IPv4 header in which there are addresses. */
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

/* ---- what is ---- */

/* Where in the frame a field is; 0 if it was cut. */
static uint32_t place(const struct wt_rest *rest, uint32_t at, uint32_t bytes)
{
	return rest->captured >= at + bytes ? (uint32_t)(rest->offset + at) : 0;
}

/* How many bytes a transport's checksum is over; 0 if that cannot be told. */
static uint32_t covered_bytes(const struct wt_rest *rest, uint8_t protocol)
{
	uint32_t udp_bytes;

	if (protocol != WT_REWRITE_UDP)
		return (uint32_t)rest->wire;
	if (rest->captured < WT_UDP_BYTES)
		return 0;
	udp_bytes = wt_get_be16(rest->at + 4);
	return udp_bytes >= WT_UDP_BYTES && udp_bytes <= rest->wire ? udp_bytes : 0;
}

static int read_transport(const struct wt_rest *rest, uint32_t header_bytes, uint32_t checksum,
                          struct wt_rewrite_headers *headers)
{
	/* A first fragment may be shorter than a header. */
	if (rest->wire < header_bytes && !headers->fragment)
		return -EBADMSG;
	if (headers->protocol == WT_REWRITE_UDP || headers->protocol == WT_REWRITE_TCP) {
		headers->source_port = place(rest, 0, 2);
		headers->destination_port = place(rest, 2, 2);
	}
	headers->checksum = place(rest, checksum, 2);
	headers->transport = (uint32_t)rest->offset;
	headers->transport_bytes = covered_bytes(rest, headers->protocol);
	headers->whole = rest->captured >= headers->transport_bytes;
	return 0;
}

/* Whatever else may follow has neither ports nor a checksum that matters here. */
static int read_protocol(const struct wt_rest *rest, uint8_t protocol,
                         struct wt_rewrite_headers *headers)
{
	bool is_ipv6 = headers->ip_version == 6;

	headers->protocol = protocol;
	switch (protocol) {
	case WT_REWRITE_UDP:
		if (rest->captured >= 4)
			note_udp_tunnel(headers, wt_get_be16(rest->at), wt_get_be16(rest->at + 2));
		return read_transport(rest, WT_UDP_BYTES, 6, headers);
	case WT_REWRITE_TCP:
		return read_transport(rest, 20, 16, headers);
	case WT_REWRITE_ICMPV6:
		if (!is_ipv6)
			break;
		if (rest->captured)
			note_icmpv6(headers, rest->at[0]);
		return read_transport(rest, 4, 2, headers);
	case WT_REWRITE_ICMP:
		if (is_ipv6)
			break;
		if (rest->captured)
			note_icmp(headers, rest->at[0]);
		return read_transport(rest, 4, 2, headers);
	case WT_REWRITE_IGMP:
		if (is_ipv6)
			break;
		note(headers, WT_UNFOLLOWED_GROUPS, ADDRESSES);
		return read_transport(rest, 8, 2, headers);
	default:
		break;
	}
	headers->protocol = 0;
	note_protocol(headers, protocol);
	return 0;
}

static int read_ipv4(struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	int err = wt_rest_need(rest, WT_IPV4_BYTES);
	uint32_t header, total;
	uint16_t fragment;
	uint8_t protocol;

	if (err == -EBADMSG || rest->captured < IPV4_DESTINATION)
		return err;
	header = (uint32_t)(rest->at[0] & 0x0f) * 4;
	total = wt_get_be16(rest->at + 2);
	/* 0: segmentation left to the NIC, the length was never filled in. */
	if (rest->at[0] >> 4 != 4 || header < WT_IPV4_BYTES || (total && total < header))
		return -EBADMSG;
	if (total)
		wt_rest_promise(rest, total);
	headers->ip_version = 4;
	headers->protocol = rest->at[9];
	headers->ip_checksum = place(rest, IPV4_CHECKSUM, 2);
	headers->source = place(rest, IPV4_SOURCE, 4);
	headers->destination = place(rest, IPV4_DESTINATION, 4);
	err = wt_rest_need(rest, header);
	if (err)
		return err;
	headers->ip_header = (uint32_t)rest->offset;
	headers->ip_header_bytes = header;
	note_options(headers, rest->at + WT_IPV4_BYTES, header - WT_IPV4_BYTES);
	fragment = wt_get_be16(rest->at + 6);
	protocol = rest->at[9];
	headers->fragment = fragment & IPV4_MORE_FRAGMENTS;
	headers->later_fragment = fragment & IPV4_OFFSET_MASK;
	if (headers->later_fragment)
		return 0;
	wt_rest_skip(rest, header);
	return read_protocol(rest, protocol, headers);
}

/* Pass one extension header and set *next to what follows it: to none behind a fragment header
 * other than the first's. */
static int skip_extension(struct wt_rest *rest, struct wt_rewrite_headers *headers, int *next)
{
	int err = wt_rest_need(rest, IPV6_FRAGMENT_BYTES); /* the smallest of all of them */
	uint32_t bytes = IPV6_FRAGMENT_BYTES;
	int after;

	if (err)
		return err;
	after = rest->at[0];
	if (*next == PROTOCOL_FRAGMENT) {
		uint16_t fragment = wt_get_be16(rest->at + 2);

		headers->fragment |= fragment & IPV6_MORE_FRAGMENTS;
		headers->later_fragment = fragment & IPV6_OFFSET_MASK;
		if (headers->later_fragment) {
			headers->protocol = rest->at[0];
			after = -1;
		}
	} else {
		bytes = ((uint32_t)rest->at[1] + 1) * 8;
	}
	/* With segments left, the address in the fixed header is not the last one. */
	if (*next == PROTOCOL_ROUTING) {
		note(headers, WT_UNFOLLOWED_ROUTES, ADDRESSES);
		headers->on_its_way |= rest->at[3] != 0;
	}
	err = wt_rest_need(rest, bytes);
	if (err)
		return err;
	*next = after;
	wt_rest_skip(rest, bytes);
	return 0;
}

static bool is_extension(int protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	       protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_DESTINATION;
}

static int read_extensions(struct wt_rest *rest, int next, struct wt_rewrite_headers *headers)
{
	for (int passed = 0; is_extension(next); passed++) {
		int err = passed < IPV6_EXTENSIONS_MAX ? skip_extension(rest, headers, &next)
		                                       : -EBADMSG;
		if (err)
			return err;
	}
	return next < 0 ? 0 : read_protocol(rest, (uint8_t)next, headers);
}

static int read_ipv6(struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	int err = wt_rest_need(rest, IPV6_BYTES);
	uint32_t payload;
	uint8_t next;

	if (err == -EBADMSG || rest->captured < IPV6_DESTINATION)
		return err;
	if (rest->at[0] >> 4 != 6)
		return -EBADMSG;
	payload = wt_get_be16(rest->at + 4);
	/* 0: more than 16 bits can say, as segmentation left to the NIC may be. */
	if (payload)
		wt_rest_promise(rest, IPV6_BYTES + payload);
	headers->ip_version = 6;
	headers->source = place(rest, IPV6_SOURCE, 16);
	headers->destination = place(rest, IPV6_DESTINATION, 16);
	if (err)
		return err;
	next = rest->at[6];
	wt_rest_skip(rest, IPV6_BYTES);
	return read_extensions(rest, next, headers);
}

static int read_arp(const struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	static const uint8_t ethernet_ipv4[] = {0, 1, WT_ETHERTYPE_IPV4 >> 8, 0, 6, 4};
	int err = wt_rest_need(rest, ARP_BYTES);
	bool is_usual;

	if (err == -EBADMSG || rest->captured < sizeof(ethernet_ipv4))
		return err;
	is_usual = memcmp(rest->at, ethernet_ipv4, sizeof(ethernet_ipv4)) == 0;
	note(headers, WT_UNFOLLOWED_ARP, is_usual ? MACS : MACS | ADDRESSES);
	if (!is_usual)
		return 0;
	headers->arp = true;
	headers->ip_version = 4;
	headers->source = place(rest, ARP_SENDER, 4);
	headers->destination = place(rest, ARP_TARGET, 4);
	return err;
}

/* How long IP says that it is, if what is here begins with it; 0: it does not. */
static size_t ip_bytes(const struct wt_rest *rest)
{
	if (rest->captured >= WT_IPV4_BYTES && rest->at[0] >> 4 == 4)
		return wt_get_be16(rest->at + 2);
	if (rest->captured >= IPV6_BYTES && rest->at[0] >> 4 == 6)
		return IPV6_BYTES + (size_t)wt_get_be16(rest->at + 4);
	return 0;
}

/* Nothing says what follows the labels: as everybody else, it is taken for IP if it begins so, and
 * if its length fits, which that of an address of Ethernet in a pseudowire hardly does. */
static int read_mpls(struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	bool is_last = false;
	size_t bytes;

	headers->tunnelled = true;
	while (!is_last) {
		int err = wt_rest_need(rest, MPLS_BYTES);

		if (err)
			return err;
		is_last = rest->at[2] & MPLS_BOTTOM;
		wt_rest_skip(rest, MPLS_BYTES);
	}
	bytes = ip_bytes(rest);
	if (bytes && bytes <= rest->wire)
		return rest->at[0] >> 4 == 4 ? read_ipv4(rest, headers) : read_ipv6(rest, headers);
	note(headers, WT_UNFOLLOWED_MPLS, ADDRESSES | PORTS | MACS);
	return 0;
}

static int read_pppoe(struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	int err = wt_rest_need(rest, PPPOE_BYTES);
	uint16_t protocol;

	headers->tunnelled = true;
	if (err)
		return err;
	protocol = wt_get_be16(rest->at + 6);
	wt_rest_skip(rest, PPPOE_BYTES);
	switch (protocol) {
	case PPP_IPV4:
		return read_ipv4(rest, headers);
	case PPP_IPV6:
		return read_ipv6(rest, headers);
	case PPP_LCP:
		return 0;
	default:
		note(headers, WT_UNFOLLOWED_PPPOE, ADDRESSES | PORTS);
		return 0;
	}
}

/* In place of an Ethernet type there is the length of what LLC says. */
static void note_llc(const struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	uint16_t service = rest->captured >= 2 ? wt_get_be16(rest->at) : 0;

	if (service == LLC_SNAP || service == LLC_IP)
		note(headers, WT_UNFOLLOWED_LLC, ADDRESSES | PORTS);
}

static int read_network(struct wt_rest *rest, uint16_t type, struct wt_rewrite_headers *headers)
{
	switch (type) {
	case WT_ETHERTYPE_IPV4:
		return read_ipv4(rest, headers);
	case WT_ETHERTYPE_IPV6:
		return read_ipv6(rest, headers);
	case WT_ETHERTYPE_ARP:
	case ETHERTYPE_RARP:
		return read_arp(rest, headers);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_GROUP:
		return read_mpls(rest, headers);
	case ETHERTYPE_PPPOE:
		return read_pppoe(rest, headers);
	case ETHERTYPE_MACSEC:
		note(headers, WT_UNFOLLOWED_MACSEC, ADDRESSES | PORTS);
		return 0;
	case ETHERTYPE_VN_TAG:
	case ETHERTYPE_E_TAG:
	case ETHERTYPE_TRILL:
	case ETHERTYPE_BRIDGING:
	case ETHERTYPE_BACKBONE:
	case ETHERTYPE_NSH:
		note(headers, WT_UNFOLLOWED_ETHERNET, ADDRESSES | PORTS | MACS);
		return 0;
	default:
		if (type < WT_ETHERTYPE_MIN)
			note_llc(rest, headers);
		return 0;
	}
}

static int read_ethernet(struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	int err = wt_rest_need(rest, WT_ETHERNET_BYTES);
	uint16_t type;

	if (err)
		return err;
	headers->ethernet = true;
	type = wt_get_be16(rest->at + 12);
	wt_rest_skip(rest, WT_ETHERNET_BYTES);
	headers->tagged = wt_link_layer_is_vlan(type);
	if (headers->tagged)
		headers->vlan = place(rest, 0, VLAN_BYTES);
	while (wt_link_layer_is_vlan(type)) {
		err = wt_rest_need(rest, VLAN_BYTES);
		if (err)
			return err;
		type = wt_get_be16(rest->at + 2);
		wt_rest_skip(rest, VLAN_BYTES);
	}
	return read_network(rest, type, headers);
}

static int read_raw_ip(struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	int err = wt_rest_need(rest, 1);

	if (err)
		return err;
	return rest->at[0] >> 4 == 6 ? read_ipv6(rest, headers) : read_ipv4(rest, headers);
}

void wt_rewrite_read_headers(const struct wt_rewrite_frame *frame,
                             struct wt_rewrite_headers *headers)
{
	struct wt_rest rest = {.at = frame->data, .captured = frame->caplen, .wire = frame->len};
	int err = -EBADMSG;

	*headers = (struct wt_rewrite_headers){0};
	if (rest.wire < rest.captured)
		rest.wire = rest.captured;
	if (frame->link_type == WT_REWRITE_ETHERNET)
		err = read_ethernet(&rest, headers);
	else if (frame->link_type == WT_REWRITE_RAW_IP)
		err = read_raw_ip(&rest, headers);
	headers->not_understood = err == -EBADMSG;
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
