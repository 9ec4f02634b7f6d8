/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/udp_packet.h>

#include <errno.h>
#include <string.h>

#include <wiretape/base/big_endian.h>
#include <wiretape/feed/rest_private.h>

enum {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_DESTINATION = 60,

	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_OFFSET_MASK = 0x1fff,

	IPV6_BYTES = 40,
	IPV6_FRAGMENT_BYTES = 8,
	IPV6_MORE_FRAGMENTS = 0x0001,
	IPV6_OFFSET_MASK = 0xfff8,
	IPV6_EXTENSIONS_MAX = 8,
};

static int read_udp(struct wt_rest *rest, struct wt_udp_view *view)
{
	int err = wt_rest_need(rest, WT_UDP_BYTES);
	size_t length;

	if (err)
		return err;
	length = wt_get_be16(rest->at + 4);
	/* A first fragment holds less than its datagram's length. */
	if (length < WT_UDP_BYTES || (length > rest->wire && !view->fragment))
		return -EBADMSG;
	view->source_port = wt_get_be16(rest->at);
	view->destination_port = wt_get_be16(rest->at + 2);
	wt_rest_promise(rest, length);
	wt_rest_skip(rest, WT_UDP_BYTES);
	view->payload = rest->at;
	view->payload_bytes = rest->captured;
	view->payload_wire_bytes = rest->wire;
	return 0;
}

static int read_ipv4(struct wt_rest *rest, struct wt_udp_view *view)
{
	int err = wt_rest_need(rest, WT_IPV4_BYTES);
	size_t header, total;
	uint16_t fragment;

	if (err)
		return err;
	header = (size_t)(rest->at[0] & 0x0f) * 4;
	total = wt_get_be16(rest->at + 2);
	if (header < WT_IPV4_BYTES)
		return -EBADMSG;
	/* 0: segmentation left to the NIC, the length was never filled in. */
	if (total)
		wt_rest_promise(rest, total);
	err = wt_rest_need(rest, header);
	if (err)
		return err;
	fragment = wt_get_be16(rest->at + 6);
	if (rest->at[9] != PROTOCOL_UDP)
		return -ENOMSG;
	if (fragment & IPV4_OFFSET_MASK)
		return -EMSGSIZE;
	view->ip_version = 4;
	view->source = rest->at + 12;
	view->destination = rest->at + 16;
	view->fragment = fragment & IPV4_MORE_FRAGMENTS;
	wt_rest_skip(rest, header);
	return read_udp(rest, view);
}

/* Pass one extension header and set *next to what follows it. */
static int skip_extension(struct wt_rest *rest, struct wt_udp_view *view, uint8_t *next)
{
	bool fragment = *next == PROTOCOL_FRAGMENT;
	int err = wt_rest_need(rest, IPV6_FRAGMENT_BYTES); /* the smallest of all of them */
	size_t bytes;
	uint16_t offset;

	if (err)
		return err;
	bytes = fragment ? IPV6_FRAGMENT_BYTES : ((size_t)rest->at[1] + 1) * 8;
	err = wt_rest_need(rest, bytes);
	if (err)
		return err;
	if (fragment) {
		offset = wt_get_be16(rest->at + 2);
		if (offset & IPV6_OFFSET_MASK)
			return rest->at[0] == PROTOCOL_UDP ? -EMSGSIZE : -ENOMSG;
		view->fragment = view->fragment || offset & IPV6_MORE_FRAGMENTS;
	}
	*next = rest->at[0];
	wt_rest_skip(rest, bytes);
	return 0;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	       protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_DESTINATION;
}

static int read_ipv6(struct wt_rest *rest, struct wt_udp_view *view)
{
	int err = wt_rest_need(rest, IPV6_BYTES);
	uint8_t next;

	if (err)
		return err;
	view->ip_version = 6;
	view->source = rest->at + 8;
	view->destination = rest->at + 24;
	next = rest->at[6];
	wt_rest_promise(rest, IPV6_BYTES + (size_t)wt_get_be16(rest->at + 4));
	wt_rest_skip(rest, IPV6_BYTES);
	for (int passed = 0; is_extension(next); passed++) {
		if (passed == IPV6_EXTENSIONS_MAX)
			return -ENOMSG;
		err = skip_extension(rest, view, &next);
		if (err)
			return err;
	}
	return next == PROTOCOL_UDP ? read_udp(rest, view) : -ENOMSG;
}

static int read_ip(struct wt_rest *rest, struct wt_udp_view *view)
{
	if (!rest->captured)
		return -ENODATA;
	switch (rest->at[0] >> 4) {
	case 4:
		return read_ipv4(rest, view);
	case 6:
		return read_ipv6(rest, view);
	default:
		return -ENOMSG;
	}
}

int wt_udp_locate(const uint8_t *frame, size_t caplen, uint16_t link_type, struct wt_udp_view *view)
{
	struct wt_udp_view found = {0};
	struct wt_link_layer layer;
	struct wt_rest rest;
	int err;

	if (!wt_link_layer_find(&layer, link_type, frame, caplen))
		return -ENOTSUP;
	if (layer.cut)
		return -ENODATA;
	/* A frame of bare IP that has no byte. */
	if (layer.network == caplen && wt_link_layer_is_raw_ip(link_type))
		return -ENODATA;
	if (layer.protocol != WT_ETHERTYPE_IPV4 && layer.protocol != WT_ETHERTYPE_IPV6)
		return -ENOMSG;
	/* Until IP says how long it is, the frame may be of any length. */
	rest = (struct wt_rest){
	        .at = frame + layer.network, .captured = caplen - layer.network, .wire = SIZE_MAX};
	found.vlan_tags = layer.vlan_tags;
	err = read_ip(&rest, &found);
	if (!err)
		*view = found;
	return err;
}

/* The sum of 16-bit words does not depend on their byte order, but for its own (RFC 1071, 2B),
 * and 32-bit words are two at once. */
static uint64_t sum_of_words(const uint8_t *data, size_t words)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < words; i++) {
		uint32_t word;

		memcpy(&word, data + i * sizeof(word), sizeof(word));
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)sum);
}

uint64_t wt_checksum_add(uint64_t sum, const uint8_t *data, size_t bytes)
{
	size_t words = bytes / sizeof(uint32_t), i = words * sizeof(uint32_t);

	sum += sum_of_words(data, words);
	for (; i + 1 < bytes; i += 2)
		sum += wt_get_be16(data + i);
	if (i < bytes)
		sum += (uint64_t)data[i] << 8;
	return sum;
}

uint16_t wt_checksum_finish(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void wt_udp_multicast_mac(uint32_t group, uint8_t mac[6])
{
	mac[0] = 0x01;
	mac[1] = 0x00;
	mac[2] = 0x5e;
	mac[3] = (group >> 16) & 0x7f;
	mac[4] = (group >> 8) & 0xff;
	mac[5] = group & 0xff;
}

static void put_ethernet(uint8_t *at, const struct wt_udp_flow *flow)
{
	wt_udp_multicast_mac(flow->group, at);
	memcpy(at + 6, flow->source_mac, 6);
	wt_put_be16(at + 12, WT_ETHERTYPE_IPV4);
}

static void put_ipv4(uint8_t *at, const struct wt_udp_flow *flow, uint16_t id, size_t bytes)
{
	at[0] = 0x45; /* version 4, a header of five words */
	at[1] = 0;
	wt_put_be16(at + 2, (uint16_t)bytes);
	wt_put_be16(at + 4, id);
	wt_put_be16(at + 6, IPV4_DONT_FRAGMENT);
	at[8] = flow->ttl;
	at[9] = PROTOCOL_UDP;
	wt_put_be16(at + 10, 0);
	wt_put_be32(at + 12, flow->source);
	wt_put_be32(at + 16, flow->group);
	wt_put_be16(at + 10, wt_checksum_finish(wt_checksum_add(0, at, WT_IPV4_BYTES)));
}

/* `ipv4` has its addresses already: the checksum covers them. */
static void put_udp(uint8_t *at, const uint8_t *ipv4, const struct wt_udp_flow *flow, size_t bytes)
{
	uint64_t sum = wt_checksum_add(PROTOCOL_UDP + bytes, ipv4 + 12, 8);
	uint16_t checksum;

	wt_put_be16(at, flow->source_port);
	wt_put_be16(at + 2, flow->port);
	wt_put_be16(at + 4, (uint16_t)bytes);
	wt_put_be16(at + 6, 0);
	checksum = wt_checksum_finish(wt_checksum_add(sum, at, bytes));
	/* 0 would say that there is none (RFC 768). */
	wt_put_be16(at + 6, checksum ? checksum : 0xffff);
}

int wt_udp_build(uint8_t *frame, const struct wt_udp_flow *flow, uint16_t id, size_t payload_bytes)
{
	uint8_t *ipv4 = frame + WT_ETHERNET_BYTES;

	if (flow->group >> 28 != 0xe)
		return -EINVAL;
	if (payload_bytes > UINT16_MAX - WT_IPV4_BYTES - WT_UDP_BYTES)
		return -EMSGSIZE;
	put_ethernet(frame, flow);
	put_ipv4(ipv4, flow, id, WT_IPV4_BYTES + WT_UDP_BYTES + payload_bytes);
	put_udp(ipv4 + WT_IPV4_BYTES, ipv4, flow, WT_UDP_BYTES + payload_bytes);
	return 0;
}
