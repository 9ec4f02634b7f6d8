/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_content.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <wiretape/base/big_endian.h>
#include <wiretape/feed/link_layer.h>
#include <wiretape/packet/udp_packet.h>

enum {
	/* Ethernet fills up with padding what is shorter behind the header, and behind VLAN tags
	 * or not counting them. */
	PADDED_BYTES = 46,

	PROTOCOL_TCP = 6,
	IPV4_BYTES = 20,
	IPV4_TTL_END = 12, /* time to live, protocol, checksum */
	IPV4_FRAGMENT_MASK = 0x3fff,
	IPV6_BYTES = 40,
	IPV6_TTL_END = 8,
	IPV6_NEXT_HOP_BY_HOP = 0,
	TCP_BYTES = 20,

	KIND_FRAME = 0,
	KIND_NETWORK = 1,
	KIND_PAYLOAD = 2,
};

/* Where the layers of a packet are. */
struct layers {
	struct wt_link_layer link;
	bool known; /* the link type */
};

/* From where to where something is; `end` on the wire, perhaps behind what was captured. */
struct span {
	size_t start, end;
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- the network layer ---- */

/* How long a header says the datagram is, of which `captured` bytes are here; 0: it does not
 * say. */
static size_t claimed_bytes(const struct layers *layers, const uint8_t *at, size_t captured)
{
	size_t payload;

	switch (layers->link.protocol) {
	case WT_ETHERTYPE_IPV4:
		/* 0: segmentation left to the NIC, the length was never filled in. */
		return captured < 4 ? 0 : wt_get_be16(at + 2);
	case WT_ETHERTYPE_IPV6:
		if (captured < 7)
			return 0;
		payload = wt_get_be16(at + 4);
		/* Of a jumbogram an option says it, with 32 bits. */
		return !payload && at[6] == IPV6_NEXT_HOP_BY_HOP ? 0 : IPV6_BYTES + payload;
	case WT_ETHERTYPE_ARP:
		return captured < 6 ? 0 : 8 + 2 * ((size_t)at[4] + at[5]);
	default:
		return layers->link.length;
	}
}

/* Padding of what does not say how long it is, of which `captured` bytes are here. */
static size_t without_zeros(const struct wt_compare_packet *packet, size_t start, size_t captured)
{
	size_t end = captured;

	while (end > start && !packet->data[end - 1])
		end--;
	return end;
}

/* Of the link layer, as far as it is known. */
static size_t header_bytes(const struct wt_compare_packet *packet, const struct layers *layers)
{
	bool is_short = packet->link_type == WT_LINK_TYPE_ETHERNET &&
	                layers->link.network < WT_ETHERNET_BYTES;

	return is_short ? WT_ETHERNET_BYTES : layers->link.network;
}

/* Where the datagram ends. In a frame that counts as a whole, bytes behind it do not count only
 * where Ethernet may have put them.
 *
 * What is after `limit` is not looked at: of a packet that was cut there and of one that was not
 * the same has to come out. */
static size_t datagram_end(const struct wt_compare_packet *packet, const struct layers *layers,
                           size_t limit, bool whole_frame)
{
	size_t captured = smaller(packet->caplen, limit);
	size_t start = smaller(layers->link.network, captured);
	size_t here = packet->len - smaller(header_bytes(packet, layers), packet->len);
	size_t claimed = claimed_bytes(layers, packet->data + start, captured - start);

	if (!layers->known || (whole_frame && here > PADDED_BYTES))
		return packet->len;
	if (claimed && claimed <= here)
		return start + claimed;
	/* What was not captured may be anything. */
	if (here > PADDED_BYTES || captured < smaller(packet->len, limit))
		return packet->len;
	return without_zeros(packet, start, captured);
}

/* ---- the transport layer ---- */

static uint64_t payload_kind(uint8_t protocol, uint16_t source, uint16_t destination)
{
	return (uint64_t)KIND_PAYLOAD << 48 | (uint64_t)protocol << 32 | (uint64_t)source << 16 |
	       destination;
}

static bool find_udp(const struct wt_compare_packet *packet, struct span *span, uint64_t *kind)
{
	struct wt_udp_view view;

	if (wt_udp_locate(packet->data, packet->caplen, packet->link_type, &view) || view.fragment)
		return false;
	span->start = (size_t)(view.payload - packet->data);
	span->end = span->start + view.payload_wire_bytes;
	*kind = payload_kind(17, view.source_port, view.destination_port);
	return true;
}

/* Where TCP begins, or 0. IPv6 with extension headers is left to the network layer. */
static size_t tcp_start(const struct wt_compare_packet *packet, const struct layers *layers)
{
	const uint8_t *at = packet->data + layers->link.network;
	size_t captured = packet->caplen - layers->link.network;

	if (layers->link.protocol == WT_ETHERTYPE_IPV4 && captured >= IPV4_BYTES) {
		size_t header = (size_t)(at[0] & 0x0f) * 4;
		bool fragment = wt_get_be16(at + 6) & IPV4_FRAGMENT_MASK;

		return at[9] == PROTOCOL_TCP && !fragment && header >= IPV4_BYTES
		               ? layers->link.network + header
		               : 0;
	}
	if (layers->link.protocol == WT_ETHERTYPE_IPV6 && captured >= IPV6_BYTES)
		return at[6] == PROTOCOL_TCP ? layers->link.network + IPV6_BYTES : 0;
	return 0;
}

static bool find_tcp(const struct wt_compare_packet *packet, const struct layers *layers,
                     struct span *span, uint64_t *kind)
{
	size_t start = tcp_start(packet, layers), end = span->end;
	size_t header;
	const uint8_t *at;

	if (!start || start + TCP_BYTES > smaller(packet->caplen, end))
		return false;
	at = packet->data + start;
	header = (size_t)(at[12] >> 4) * 4;
	if (header < TCP_BYTES || start + header > end)
		return false;
	span->start = start + header;
	*kind = payload_kind(PROTOCOL_TCP, wt_get_be16(at), wt_get_be16(at + 2));
	return true;
}

/* ---- what counts ---- */

/* From where to where, and as what. */
static struct span find_span(const struct wt_compare_packet *packet,
                             const struct wt_compare_content *wanted, const struct layers *layers,
                             uint64_t *kind)
{
	size_t limit = wanted->bytes ? wanted->bytes : SIZE_MAX - packet->len;
	struct span span = {.start = layers->link.network};

	if (wanted->scope == WT_COMPARE_FRAME) {
		*kind = KIND_FRAME;
		return (struct span){.end = datagram_end(packet, layers, limit, true)};
	}
	span.end = datagram_end(packet, layers, SIZE_MAX, false);
	if (wanted->scope == WT_COMPARE_PAYLOAD &&
	    (find_udp(packet, &span, kind) || find_tcp(packet, layers, &span, kind)))
		return span;
	*kind = (uint64_t)KIND_NETWORK << 48 | layers->link.protocol;
	span.end = datagram_end(packet, layers, layers->link.network + limit, false);
	return span;
}

static void add_piece(struct wt_content *content, const uint8_t *at, size_t bytes)
{
	content->pieces[content->piece_count++] = (struct wt_content_piece){at, bytes};
	content->bytes += bytes;
}

/* How much of an IP header is replaced so that the time to live is not in it; 0: it has none. */
static size_t ttl_end(uint16_t protocol)
{
	if (protocol == WT_ETHERTYPE_IPV4)
		return IPV4_TTL_END;
	return protocol == WT_ETHERTYPE_IPV6 ? IPV6_TTL_END : 0;
}

/* The header's start without what a router changes. */
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

/* `here`: what was captured of what is wanted. */
static void add_without_ttl(struct wt_content *content, const uint8_t *data, struct span here,
                            const struct layers *layers)
{
	size_t header = layers->link.network;
	size_t rest = smaller(header + ttl_end(layers->link.protocol), here.end);

	if (rest <= header || here.start > header) {
		add_piece(content, data + here.start, here.end - here.start);
		return;
	}
	add_piece(content, data + here.start, header - here.start);
	add_header(content, data + header, rest - header, layers->link.protocol);
	add_piece(content, data + rest, here.end - rest);
}

int wt_content_find(struct wt_content *content, const struct wt_compare_content *wanted,
                    const struct wt_compare_packet *packet)
{
	size_t caplen = packet->caplen;
	struct layers layers;
	struct span span, here;
	size_t want;

	/* What is not compared does not say what the rest is either. */
	if (wanted->scope == WT_COMPARE_FRAME && wanted->bytes)
		caplen = smaller(caplen, wanted->bytes);
	layers.known = wt_link_layer_find(&layers.link, packet->link_type, packet->data, caplen);
	if (wanted->scope != WT_COMPARE_FRAME && !layers.known)
		return -ENOTSUP;
	memset(content, 0, sizeof(*content));
	span = find_span(packet, wanted, &layers, &content->kind);
	content->wire_bytes = span.end - span.start;
	want = wanted->bytes ? smaller(wanted->bytes, content->wire_bytes) : content->wire_bytes;
	here.start = smaller(span.start, packet->caplen);
	here.end = smaller(span.start + want, packet->caplen);
	if (here.end < here.start)
		here.end = here.start;
	if (wanted->ignore_ttl && layers.known)
		add_without_ttl(content, packet->data, here, &layers);
	else
		add_piece(content, packet->data + here.start, here.end - here.start);
	content->cut = content->bytes < want;
	return 0;
}
