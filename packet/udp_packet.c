/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/packet/udp_packet.h>

#include <errno.h>
#include <string.h>

#include <wiretape/base/big_endian.h>
#include <wiretape/packet/checksum.h>

enum { IPV4_DONT_FRAGMENT = 0x4000 };

static int why_not(const struct wt_headers *headers)
{
	if (headers->end == WT_HEADERS_LINK_UNKNOWN)
		return -ENOTSUP;
	if (headers->ip.next && headers->ip.protocol != WT_PROTOCOL_UDP)
		return -ENOMSG;
	switch (headers->end) {
	case WT_HEADERS_FRAGMENT:
		return -EMSGSIZE;
	case WT_HEADERS_CUT:
		return -ENODATA;
	case WT_HEADERS_CONTRADICTION:
		return -EBADMSG;
	default:
		return -ENOMSG;
	}
}

int wt_udp_from_headers(struct wt_udp_view *view, const struct wt_headers *headers,
                        const uint8_t *frame)
{
	const struct wt_headers_ip *ip = &headers->ip;
	bool is_ipv6 = ip->version == 6;

	if (headers->end != WT_HEADERS_TRANSPORT || ip->protocol != WT_PROTOCOL_UDP)
		return why_not(headers);
	/* A length of 0 is for jumbograms (RFC 2675), and UDP is never that large here. */
	if (is_ipv6 && !ip->sized)
		return -EBADMSG;
	*view = (struct wt_udp_view){
	        .source = frame + ip->at + (is_ipv6 ? 8 : 12),
	        .destination = frame + ip->at + (is_ipv6 ? 24 : 16),
	        .payload = frame + headers->payload,
	        .payload_bytes = headers->payload_bytes,
	        .payload_wire_bytes = headers->payload_wire_bytes,
	        .source_port = wt_get_be16(frame + headers->transport),
	        .destination_port = wt_get_be16(frame + headers->transport + 2),
	        .ip_version = ip->version,
	        .vlan_tags = headers->vlan_tags,
	        .fragment = ip->fragment == WT_FRAGMENT_FIRST,
	};
	return 0;
}

int wt_udp_locate(const uint8_t *frame, size_t caplen, uint16_t link_type, struct wt_udp_view *view)
{
	const struct wt_headers_config config = {.link_type = link_type};
	struct wt_headers headers;

	wt_headers_read(&headers, &config, frame, caplen);
	return wt_udp_from_headers(view, &headers, frame);
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
	at[9] = WT_PROTOCOL_UDP;
	wt_put_be16(at + 10, 0);
	wt_put_be32(at + 12, flow->source);
	wt_put_be32(at + 16, flow->group);
	wt_put_be16(at + 10, wt_checksum_finish(wt_checksum_add(0, at, WT_IPV4_BYTES)));
}

/* `ipv4` already has its addresses, which the checksum covers. */
static void put_udp(uint8_t *at, const uint8_t *ipv4, const struct wt_udp_flow *flow, size_t bytes)
{
	uint64_t sum = wt_checksum_add(WT_PROTOCOL_UDP + bytes, ipv4 + 12, 8);
	uint16_t checksum;

	wt_put_be16(at, flow->source_port);
	wt_put_be16(at + 2, flow->port);
	wt_put_be16(at + 4, (uint16_t)bytes);
	wt_put_be16(at + 6, 0);
	checksum = wt_checksum_finish(wt_checksum_add(sum, at, bytes));
	/* 0 would mean that there is none (RFC 768). */
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
