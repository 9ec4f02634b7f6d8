/* SPDX-License-Identifier: BSD-2-Clause */
#include "compare_content.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <wiretape/feed/udp_packet.h>

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_RAW_OLD = 12,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,

	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
	ETHERTYPE_MIN = 0x0600, /* below are lengths */

	VLAN_BYTES = 4,
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
	size_t header;     /* bytes of the link layer, as far as they are known */
	size_t network;    /* where the network layer begins: there, or where the capture ends */
	uint16_t protocol; /* an Ethernet type, 0: not known */
	size_t length;     /* that the link layer claims for what follows; 0: says nothing */
	bool known;        /* the link type */
};

/* From where to where something is; `end` on the wire, perhaps behind what was captured. */
struct span {
	size_t start, end;
};

static uint16_t get_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- the link layer ---- */

static bool is_vlan(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD;
}

/* By the version in its first byte. */
static void find_ip(struct layers *layers, const struct wt_compare_packet *packet, size_t at)
{
	layers->header = at;
	layers->network = smaller(at, packet->caplen);
	if (packet->caplen <= at)
		return;
	if (packet->data[at] >> 4 == 4)
		layers->protocol = ETHERTYPE_IPV4;
	else if (packet->data[at] >> 4 == 6)
		layers->protocol = ETHERTYPE_IPV6;
}

/* Behind a header of `header` bytes in which the Ethernet type stands at `type_at`. */
static void find_typed(struct layers *layers, const struct wt_compare_packet *packet,
                       size_t type_at, size_t header)
{
	size_t at = header;
	uint16_t type;

	layers->header = at;
	layers->network = smaller(at, packet->caplen);
	if (packet->caplen < header)
		return;
	type = get_be16(packet->data + type_at);
	while (is_vlan(type) && packet->caplen - at >= VLAN_BYTES) {
		type = get_be16(packet->data + at + 2);
		at += VLAN_BYTES;
	}
	layers->header = layers->network = at;
	if (type >= ETHERTYPE_MIN)
		layers->protocol = type;
	else if (packet->link_type == LINK_ETHERNET || at > header)
		layers->length = type;
}

static struct layers find_layers(const struct wt_compare_packet *packet)
{
	struct layers layers = {.known = true};

	switch (packet->link_type) {
	case LINK_ETHERNET:
		find_typed(&layers, packet, 12, WT_ETHERNET_BYTES);
		break;
	case LINK_SLL:
		find_typed(&layers, packet, 14, 16);
		break;
	case LINK_SLL2:
		find_typed(&layers, packet, 0, 20);
		break;
	case LINK_RAW:
	case LINK_RAW_OLD:
	case LINK_IPV4:
	case LINK_IPV6:
		find_ip(&layers, packet, 0);
		break;
	case LINK_NULL:
	case LINK_LOOP:
		find_ip(&layers, packet, 4);
		break;
	default:
		layers.known = false;
	}
	return layers;
}

/* ---- the network layer ---- */

/* How long a header says the datagram is, of which `captured` bytes are here; 0: it does not
 * say. */
static size_t claimed_bytes(const struct layers *layers, const uint8_t *at, size_t captured)
{
	size_t payload;

	switch (layers->protocol) {
	case ETHERTYPE_IPV4:
		/* 0: segmentation left to the NIC, the length was never filled in. */
		return captured < 4 ? 0 : get_be16(at + 2);
	case ETHERTYPE_IPV6:
		if (captured < 7)
			return 0;
		payload = get_be16(at + 4);
		/* Of a jumbogram an option says it, with 32 bits. */
		return !payload && at[6] == IPV6_NEXT_HOP_BY_HOP ? 0 : IPV6_BYTES + payload;
	case ETHERTYPE_ARP:
		return captured < 6 ? 0 : 8 + 2 * ((size_t)at[4] + at[5]);
	default:
		return layers->length;
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

/* Where the datagram ends. In a frame that counts as a whole, bytes behind it do not count only
 * where Ethernet may have put them.
 *
 * What is behind `limit` is not looked at: of a packet that was cut there and of one that was not
 * the same has to come out. */
static size_t datagram_end(const struct wt_compare_packet *packet, const struct layers *layers,
                           size_t limit, bool whole_frame)
{
	size_t captured = smaller(packet->caplen, limit),
	       start = smaller(layers->network, captured);
	size_t here = packet->len - smaller(layers->header, packet->len);
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

static bool find_udp(const struct wt_compare_packet *packet, size_t network, struct span *span,
                     uint64_t *kind)
{
	struct wt_udp_view view;

	if (wt_udp_locate(packet->data + network, packet->caplen - network, WT_UDP_ON_RAW_IP,
	                  &view) ||
	    view.fragment)
		return false;
	span->start = (size_t)(view.payload - packet->data);
	span->end = span->start + view.payload_wire_bytes;
	*kind = payload_kind(17, view.source_port, view.destination_port);
	return true;
}

/* Where TCP begins, or 0. IPv6 with extension headers is left to the network layer. */
static size_t tcp_start(const struct wt_compare_packet *packet, const struct layers *layers)
{
	const uint8_t *at = packet->data + layers->network;
	size_t captured = packet->caplen - layers->network;

	if (layers->protocol == ETHERTYPE_IPV4 && captured >= IPV4_BYTES) {
		size_t header = (size_t)(at[0] & 0x0f) * 4;
		bool fragment = get_be16(at + 6) & IPV4_FRAGMENT_MASK;

		return at[9] == PROTOCOL_TCP && !fragment && header >= IPV4_BYTES
		               ? layers->network + header
		               : 0;
	}
	if (layers->protocol == ETHERTYPE_IPV6 && captured >= IPV6_BYTES)
		return at[6] == PROTOCOL_TCP ? layers->network + IPV6_BYTES : 0;
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
	*kind = payload_kind(PROTOCOL_TCP, get_be16(at), get_be16(at + 2));
	return true;
}

/* ---- what counts ---- */

/* From where to where, and as what. */
static struct span find_span(const struct wt_compare_packet *packet,
                             const struct wt_compare_content *wanted, const struct layers *layers,
                             uint64_t *kind)
{
	size_t limit = wanted->bytes ? wanted->bytes : SIZE_MAX - packet->len;
	struct span span = {.start = layers->network};

	if (wanted->scope == WT_COMPARE_FRAME) {
		*kind = KIND_FRAME;
		return (struct span){.end = datagram_end(packet, layers, limit, true)};
	}
	span.end = datagram_end(packet, layers, SIZE_MAX, false);
	if (wanted->scope == WT_COMPARE_PAYLOAD &&
	    (find_udp(packet, layers->network, &span, kind) ||
	     find_tcp(packet, layers, &span, kind)))
		return span;
	*kind = (uint64_t)KIND_NETWORK << 48 | layers->protocol;
	span.end = datagram_end(packet, layers, layers->network + limit, false);
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
	if (protocol == ETHERTYPE_IPV4)
		return IPV4_TTL_END;
	return protocol == ETHERTYPE_IPV6 ? IPV6_TTL_END : 0;
}

/* The header's start without what a router changes. */
static void add_header(struct wt_content *content, const uint8_t *at, size_t bytes,
                       uint16_t protocol)
{
	memcpy(content->header, at, bytes);
	if (protocol == ETHERTYPE_IPV4)
		content->header[8] = content->header[10] = content->header[11] = 0;
	else
		content->header[7] = 0;
	add_piece(content, content->header, bytes);
}

/* `here`: what was captured of what is wanted. */
static void add_without_ttl(struct wt_content *content, const uint8_t *data, struct span here,
                            const struct layers *layers)
{
	size_t header = layers->network;
	size_t rest = smaller(header + ttl_end(layers->protocol), here.end);

	if (rest <= header || here.start > header) {
		add_piece(content, data + here.start, here.end - here.start);
		return;
	}
	add_piece(content, data + here.start, header - here.start);
	add_header(content, data + header, rest - header, layers->protocol);
	add_piece(content, data + rest, here.end - rest);
}

int wt_content_find(struct wt_content *content, const struct wt_compare_content *wanted,
                    const struct wt_compare_packet *packet)
{
	struct wt_compare_packet beginning = *packet;
	struct layers layers;
	struct span span, here;
	size_t want;

	if (wanted->scope == WT_COMPARE_FRAME && wanted->bytes)
		beginning.caplen = (uint32_t)smaller(packet->caplen, wanted->bytes);
	layers = find_layers(&beginning);

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
