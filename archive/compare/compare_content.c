/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_content.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <wiretape/base/big_endian.h>
#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

enum {
	/* Ethernet pads shorter payloads; some senders count VLAN tags into it, some do not. */
	PADDED_BYTES = 46,

	IPV4_TTL_END = 12, /* time to live, protocol, checksum */
	IPV6_TTL_END = 8,
	IPV6_NEXT_HOP_BY_HOP = 0,

	KIND_FRAME = 0,
	KIND_NETWORK = 1,
	KIND_PAYLOAD = 2,
};

/* Range of a packet's bytes; `end` counts on the wire, perhaps after the captured bytes. */
struct span {
	size_t start, end;
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Length of the datagram by its header, `captured` bytes of which are here; 0: not given. */
static size_t claimed_bytes(const struct wt_headers *headers, const uint8_t *at, size_t captured)
{
	size_t payload;

	switch (headers->ethertype) {
	case WT_ETHERTYPE_IPV4:
		/* 0: segmentation left to the NIC, the length was never filled in. */
		return captured < 4 ? 0 : wt_get_be16(at + 2);
	case WT_ETHERTYPE_IPV6:
		if (captured < 7)
			return 0;
		payload = wt_get_be16(at + 4);
		/* A jumbogram has its length, of 32 bits, in an option. */
		return !payload && at[6] == IPV6_NEXT_HOP_BY_HOP ? 0 : WT_IPV6_BYTES + payload;
	case WT_ETHERTYPE_ARP:
		return captured < 6 ? 0 : 8 + 2 * ((size_t)at[4] + at[5]);
	default:
		return headers->length;
	}
}

/* Strip padding zeros from a payload that gives no length; `captured` bytes are here. */
static size_t without_zeros(const struct wt_compare_packet *packet, size_t start, size_t captured)
{
	size_t end = captured;

	while (end > start && !packet->data[end - 1])
		end--;
	return end;
}

/* Length of the link-layer header, as far as it is known. */
static size_t header_bytes(const struct wt_compare_packet *packet, const struct wt_headers *headers)
{
	bool is_short =
	        packet->link_type == WT_LINK_TYPE_ETHERNET && headers->network < WT_ETHERNET_BYTES;

	return is_short ? WT_ETHERNET_BYTES : headers->network;
}

/* Find the datagram's end. Where whole frames count, bytes after it are left out only if they may
 * be Ethernet's padding.
 *
 * Bytes after `limit` are not looked at: a packet cut there must give the same as one that was
 * not. */
static size_t datagram_end(const struct wt_compare_packet *packet, const struct wt_headers *headers,
                           size_t limit, bool whole_frame)
{
	size_t captured = smaller(packet->caplen, limit);
	size_t start = smaller(headers->network, captured);
	size_t here = packet->len - smaller(header_bytes(packet, headers), packet->len);
	size_t claimed = claimed_bytes(headers, packet->data + start, captured - start);

	if (headers->end == WT_HEADERS_LINK_UNKNOWN || (whole_frame && here > PADDED_BYTES))
		return packet->len;
	if (claimed && claimed <= here)
		return start + claimed;
	/* Bytes that were not captured may be anything. */
	if (here > PADDED_BYTES || captured < smaller(packet->len, limit))
		return packet->len;
	return without_zeros(packet, start, captured);
}

static uint64_t payload_kind(uint8_t protocol, uint16_t source, uint16_t destination)
{
	return (uint64_t)KIND_PAYLOAD << 48 | (uint64_t)protocol << 32 | (uint64_t)source << 16 |
	       destination;
}

static bool find_udp(const struct wt_compare_packet *packet, const struct wt_headers *headers,
                     struct span *span, uint64_t *kind)
{
	struct wt_udp_view view;

	if (wt_udp_from_headers(&view, headers, packet->data) || view.fragment)
		return false;
	span->start = headers->payload;
	span->end = span->start + view.payload_wire_bytes;
	*kind = payload_kind(WT_PROTOCOL_UDP, view.source_port, view.destination_port);
	return true;
}

/* IPv6 with extension headers is left to the network layer. */
static bool find_tcp(const struct wt_compare_packet *packet, const struct wt_headers *headers,
                     struct span *span, uint64_t *kind)
{
	const struct wt_headers_ip *ip = &headers->ip;
	const uint8_t *at = packet->data + headers->transport;

	if (!headers->payload || ip->protocol != WT_PROTOCOL_TCP || ip->fragment ||
	    (ip->version == 6 && ip->next != ip->at + WT_IPV6_BYTES))
		return false;
	/* The datagram has no room for its options. */
	if (headers->payload > span->end)
		return false;
	span->start = headers->payload;
	*kind = payload_kind(WT_PROTOCOL_TCP, wt_get_be16(at), wt_get_be16(at + 2));
	return true;
}

/* Find the range that counts, and its kind. */
static struct span find_span(const struct wt_compare_packet *packet,
                             const struct wt_compare_content *wanted,
                             const struct wt_headers *headers, uint64_t *kind)
{
	size_t limit = wanted->bytes ? wanted->bytes : SIZE_MAX - packet->len;
	struct span span = {.start = headers->network};

	if (wanted->scope == WT_COMPARE_FRAME) {
		*kind = KIND_FRAME;
		return (struct span){.end = datagram_end(packet, headers, limit, true)};
	}
	span.end = datagram_end(packet, headers, SIZE_MAX, false);
	if (wanted->scope == WT_COMPARE_PAYLOAD &&
	    (find_udp(packet, headers, &span, kind) || find_tcp(packet, headers, &span, kind)))
		return span;
	*kind = (uint64_t)KIND_NETWORK << 48 | headers->ethertype;
	span.end = datagram_end(packet, headers, headers->network + limit, false);
	return span;
}

static void add_piece(struct wt_content *content, const uint8_t *at, size_t bytes)
{
	content->pieces[content->piece_count++] = (struct wt_content_piece){at, bytes};
	content->bytes += bytes;
}

/* Length of the IP header's start that is copied to blank the time to live; 0: none. */
static size_t ttl_end(uint16_t protocol)
{
	if (protocol == WT_ETHERTYPE_IPV4)
		return IPV4_TTL_END;
	return protocol == WT_ETHERTYPE_IPV6 ? IPV6_TTL_END : 0;
}

/* Add the header's start without the fields that a router changes. */
static void add_header(struct wt_content *content, const uint8_t *at, size_t bytes,
                       uint16_t protocol)
{
	memcpy(content->header, at, bytes);
	if (protocol == WT_ETHERTYPE_IPV4)
		content->header[8] = content->header[10] = content->header[11] = 0;
	else
		content->header[7] = 0;
	add_piece(content, content->header, bytes);
}

/* `here`: the captured part of the wanted range. */
static void add_without_ttl(struct wt_content *content, const uint8_t *data, struct span here,
                            const struct wt_headers *headers)
{
	size_t header = headers->network;
	size_t rest = smaller(header + ttl_end(headers->ethertype), here.end);

	if (rest <= header || here.start > header) {
		add_piece(content, data + here.start, here.end - here.start);
		return;
	}
	add_piece(content, data + here.start, header - here.start);
	add_header(content, data + header, rest - header, headers->ethertype);
	add_piece(content, data + rest, here.end - rest);
}

int wt_content_find(struct wt_content *content, const struct wt_compare_content *wanted,
                    const struct wt_compare_packet *packet)
{
	size_t caplen = packet->caplen;
	const struct wt_headers_config config = {.link_type = packet->link_type};
	struct wt_headers headers;
	struct span span, here;
	size_t want;
	bool knows_link;

	/* Bytes that are not compared must not decide the kind of the rest either. */
	if (wanted->scope == WT_COMPARE_FRAME && wanted->bytes)
		caplen = smaller(caplen, wanted->bytes);
	wt_headers_read(&headers, &config, packet->data, caplen);
	knows_link = headers.end != WT_HEADERS_LINK_UNKNOWN;
	if (wanted->scope != WT_COMPARE_FRAME && !knows_link)
		return -ENOTSUP;
	memset(content, 0, sizeof(*content));
	span = find_span(packet, wanted, &headers, &content->kind);
	content->wire_bytes = span.end - span.start;
	want = wanted->bytes ? smaller(wanted->bytes, content->wire_bytes) : content->wire_bytes;
	here.start = smaller(span.start, packet->caplen);
	here.end = smaller(span.start + want, packet->caplen);
	if (here.end < here.start)
		here.end = here.start;
	if (wanted->ignore_ttl && knows_link)
		add_without_ttl(content, packet->data, here, &headers);
	else
		add_piece(content, packet->data + here.start, here.end - here.start);
	content->cut = content->bytes < want;
	return 0;
}
