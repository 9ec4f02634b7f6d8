/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/feed/big_endian.h>
#include <wiretape/feed/rest_private.h>
#include <wiretape/feed/udp_packet.h>

#include "rewrite_private.h"

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,

	VLAN_BYTES = 4,
	VLAN_TAGS_MAX = 2,

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

	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_DESTINATION = 60,
};

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
	if (headers->protocol != WT_REWRITE_ICMPV6) {
		headers->source_port = place(rest, 0, 2);
		headers->destination_port = place(rest, 2, 2);
	}
	headers->checksum = place(rest, checksum, 2);
	headers->transport = (uint32_t)rest->offset;
	headers->transport_bytes = covered_bytes(rest, headers->protocol);
	headers->whole = rest->captured >= headers->transport_bytes;
	return 0;
}

/* Only those with ports or with a checksum over the addresses matter here. */
static int read_protocol(const struct wt_rest *rest, uint8_t protocol,
                         struct wt_rewrite_headers *headers)
{
	headers->protocol = protocol;
	switch (protocol) {
	case WT_REWRITE_UDP:
		return read_transport(rest, WT_UDP_BYTES, 6, headers);
	case WT_REWRITE_TCP:
		return read_transport(rest, 20, 16, headers);
	case WT_REWRITE_ICMPV6:
		return headers->ip_version == 6 ? read_transport(rest, 4, 2, headers) : 0;
	default:
		return 0;
	}
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
	headers->ip_checksum = place(rest, IPV4_CHECKSUM, 2);
	headers->source = place(rest, IPV4_SOURCE, 4);
	headers->destination = place(rest, IPV4_DESTINATION, 4);
	err = wt_rest_need(rest, header);
	if (err)
		return err;
	fragment = wt_get_be16(rest->at + 6);
	if (fragment & IPV4_OFFSET_MASK)
		return 0;
	headers->fragment = fragment & IPV4_MORE_FRAGMENTS;
	protocol = rest->at[9];
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
		if (fragment & IPV6_OFFSET_MASK)
			after = -1;
	} else {
		bytes = ((uint32_t)rest->at[1] + 1) * 8;
	}
	/* With segments left, the address in the fixed header is not the last one. */
	if (*next == PROTOCOL_ROUTING && rest->at[3])
		headers->on_its_way = true;
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
	static const uint8_t ethernet_ipv4[] = {0, 1, ETHERTYPE_IPV4 >> 8, 0, 6, 4};
	int err = wt_rest_need(rest, ARP_BYTES);

	if (err == -EBADMSG || rest->captured < sizeof(ethernet_ipv4))
		return err;
	if (memcmp(rest->at, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0)
		return 0;
	headers->arp = true;
	headers->ip_version = 4;
	headers->source = place(rest, ARP_SENDER, 4);
	headers->destination = place(rest, ARP_TARGET, 4);
	return err;
}

static bool is_vlan(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

static int read_network(struct wt_rest *rest, uint16_t type, struct wt_rewrite_headers *headers)
{
	switch (type) {
	case ETHERTYPE_IPV4:
		return read_ipv4(rest, headers);
	case ETHERTYPE_IPV6:
		return read_ipv6(rest, headers);
	case ETHERTYPE_ARP:
		return read_arp(rest, headers);
	default:
		/* One tag more than are passed. */
		return is_vlan(type) ? -EBADMSG : 0;
	}
}

static int read_ethernet(struct wt_rest *rest, bool beyond_link, struct wt_rewrite_headers *headers)
{
	int err = wt_rest_need(rest, WT_ETHERNET_BYTES);
	uint16_t type;

	if (err)
		return err;
	headers->ethernet = true;
	type = wt_get_be16(rest->at + 12);
	wt_rest_skip(rest, WT_ETHERNET_BYTES);
	headers->tagged = is_vlan(type);
	if (headers->tagged)
		headers->vlan = place(rest, 0, VLAN_BYTES);
	for (int tags = 0; is_vlan(type) && tags < VLAN_TAGS_MAX; tags++) {
		err = wt_rest_need(rest, VLAN_BYTES);
		if (err)
			return err;
		type = wt_get_be16(rest->at + 2);
		wt_rest_skip(rest, VLAN_BYTES);
	}
	return beyond_link ? read_network(rest, type, headers) : 0;
}

static int read_raw_ip(struct wt_rest *rest, struct wt_rewrite_headers *headers)
{
	int err = wt_rest_need(rest, 1);

	if (err)
		return err;
	return rest->at[0] >> 4 == 6 ? read_ipv6(rest, headers) : read_ipv4(rest, headers);
}

void wt_rewrite_read_headers(const struct wt_rewrite_frame *frame, bool beyond_link,
                             struct wt_rewrite_headers *headers)
{
	struct wt_rest rest = {.at = frame->data, .captured = frame->caplen, .wire = frame->len};
	int err = -EBADMSG;

	*headers = (struct wt_rewrite_headers){0};
	if (rest.wire < rest.captured)
		rest.wire = rest.captured;
	if (frame->link_type == WT_REWRITE_ETHERNET)
		err = read_ethernet(&rest, beyond_link, headers);
	else if (frame->link_type == WT_REWRITE_RAW_IP)
		err = beyond_link ? read_raw_ip(&rest, headers) : 0;
	headers->not_understood = err == -EBADMSG;
}
