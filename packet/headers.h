/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_HEADERS_H
#define WIRETAPE_PACKET_HEADERS_H

/* The headers of a captured frame: where each layer begins, and why the reader stopped.
 *
 * Links, by pcapng's types: Ethernet, both versions of Linux cooked, BSD loopback in both byte
 * orders, bare IP under all its numbers, PPP with and without HDLC and PPPoE, Cisco HDLC. VLAN tags
 * of every type are skipped, in any number; then IPv4 with its options, IPv6 with up to eight
 * extension headers, and UDP, TCP, ICMP, ICMPv6 and IGMP. Tunnels are followed if the caller asks
 * for that, and named otherwise.
 *
 * Pure functions over the caller's memory; any thread. Bytes are not trusted: no length is believed
 * beyond the captured bytes, and only those are read. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/big_endian.h>

enum {
	WT_LINK_TYPE_ETHERNET = 1,
	WT_LINK_TYPE_RAW = 101,

	WT_ETHERTYPE_IPV4 = 0x0800,
	WT_ETHERTYPE_ARP = 0x0806,
	WT_ETHERTYPE_RARP = 0x8035,
	WT_ETHERTYPE_VLAN = 0x8100,
	WT_ETHERTYPE_IPV6 = 0x86dd,
	WT_ETHERTYPE_MIN = 0x0600, /* smaller values are lengths */

	WT_PROTOCOL_ICMP = 1,
	WT_PROTOCOL_IGMP = 2,
	WT_PROTOCOL_TCP = 6,
	WT_PROTOCOL_UDP = 17,
	WT_PROTOCOL_ICMPV6 = 58,

	WT_ETHERNET_BYTES = 14,
	WT_VLAN_BYTES = 4,
	WT_IPV4_BYTES = 20, /* without options */
	WT_IPV6_BYTES = 40, /* without extension headers */
	WT_UDP_BYTES = 8,
	WT_TCP_BYTES = 20, /* without options */

	WT_HEADERS_TUNNELS_MAX = 8, /* nested */
};

/* Layers that carry other packets, or the rest of this one. */
enum wt_layer {
	WT_LAYER_NONE,
	/* Followed if their bit is set in `follow`. */
	WT_LAYER_MPLS,       /* then IP */
	WT_LAYER_PSEUDOWIRE, /* Ethernet after MPLS labels, if recognisable */
	WT_LAYER_PPPOE,      /* sessions */
	WT_LAYER_GRE,        /* version 0 without routing */
	WT_LAYER_IP_IN_IP,   /* all four combinations of versions */
	WT_LAYER_AH,
	WT_LAYER_VXLAN, /* to port 4789, with a network identifier; group policies, too */
	/* Named, but never followed. */
	WT_LAYER_ERSPAN,
	WT_LAYER_GENEVE, /* containing Ethernet */
	WT_LAYER_ESP,
	WT_LAYER_MACSEC,
	WT_LAYER_LLC,      /* IP and other protocols after LLC and SNAP */
	WT_LAYER_ETHERNET, /* frames in frames: provider backbone bridges, TRILL, VN-Tag … */
	WT_LAYERS
};

#define WT_FOLLOW(layer) (1u << (layer))
#define WT_FOLLOW_ALL                                                                              \
	(WT_FOLLOW(WT_LAYER_MPLS) | WT_FOLLOW(WT_LAYER_PSEUDOWIRE) | WT_FOLLOW(WT_LAYER_PPPOE) |   \
	 WT_FOLLOW(WT_LAYER_GRE) | WT_FOLLOW(WT_LAYER_IP_IN_IP) | WT_FOLLOW(WT_LAYER_AH) |         \
	 WT_FOLLOW(WT_LAYER_VXLAN))

/* Why the reader stopped. */
enum wt_headers_end {
	WT_HEADERS_TRANSPORT,    /* UDP, TCP, ICMP, ICMPv6 or IGMP: complete */
	WT_HEADERS_LINK_UNKNOWN, /* unknown link type: nothing was read */
	WT_HEADERS_NETWORK,      /* not IP: `stopped_at` is its Ethernet type */
	WT_HEADERS_PROTOCOL,     /* another protocol over IP: `stopped_at` is its number */
	WT_HEADERS_NOT_FOLLOWED, /* `unfollowed`, found at Ethernet type or protocol `stopped_at` */
	WT_HEADERS_FRAGMENT,     /* not the first fragment: it has no transport header */
	WT_HEADERS_CUT,          /* the capture ends inside a header */
	WT_HEADERS_CONTRADICTION, /* impossible lengths or versions */
	WT_HEADERS_TOO_DEEP,      /* too many extension headers, or tunnels */
};

enum wt_fragment { WT_FRAGMENT_NONE, WT_FRAGMENT_FIRST, WT_FRAGMENT_LATER };

/* An IP header; offsets are from the frame's start. */
struct wt_headers_ip {
	uint32_t at;
	uint32_t next;    /* offset of its payload; 0: its header does not end here */
	uint32_t end;     /* end on the wire, by its length or the frame's; UINT32_MAX: unknown */
	uint8_t version;  /* 4 or 6; 0: no IP header was read */
	uint8_t protocol; /* of its payload, after extension headers */
	uint8_t fragment; /* enum wt_fragment */
	bool sized;       /* its length is not 0 (0: too large for the field) */
	bool routed;      /* it has an IPv6 routing header */
	bool on_its_way;  /* whose final destination is yet to come */
};

struct wt_headers {
	/* The frame's own link layer, tunnels excluded. */
	uint32_t network;   /* end of the link layer, tags included; at most caplen */
	uint32_t vlan;      /* the outermost tag after its type, perhaps cut; 0: none */
	uint16_t ethertype; /* of the next layer; 0: unknown */
	uint16_t length;    /* in place of an Ethernet type; 0: none */
	uint8_t vlan_tags;  /* complete tags, at most 255 counted */

	uint8_t end;         /* enum wt_headers_end */
	uint8_t unfollowed;  /* enum wt_layer: payload of the innermost headers */
	uint8_t tunnels;     /* entered, of all kinds, up to WT_HEADERS_TUNNELS_MAX */
	uint16_t stopped_at; /* meaning depends on `end` */
	uint16_t passed;     /* bits of WT_FOLLOW() */

	/* The innermost header that was read; and the outermost if there is a tunnel in it, or else
	 * version 0. */
	struct wt_headers_ip ip, outer_ip;

	/* Within `ip`; 0: not reached. Ports are the first 4 bytes of UDP and TCP, if captured. */
	uint32_t transport;
	/* Start after UDP, TCP with its options, the first 4 bytes of ICMP messages, or 8 of IGMP;
	 * 0: their header is missing or contradicts itself. Beyond caplen if TCP's options were
	 * cut. */
	uint32_t payload;
	uint32_t payload_bytes;      /* captured, without padding of the frame */
	uint32_t payload_wire_bytes; /* by the lengths; more than payload_bytes if cut */
};

/* Zero is the default given in brackets. */
struct wt_headers_config {
	uint32_t follow;    /* bits of WT_FOLLOW() [named, not followed] */
	uint32_t len;       /* length of the frame on the wire [any] */
	uint16_t link_type; /* of pcapng */
};

/* Read the headers of a frame with `caplen` captured bytes. Fills in all of *headers. */
void wt_headers_read(struct wt_headers *headers, const struct wt_headers_config *config,
                     const uint8_t *frame, size_t caplen);

/* Whether the frame carries other packets that were not followed: GRE, ERSPAN, IP in IP, MPLS,
 * pseudowires, VXLAN, Geneve. */
bool wt_headers_is_tunnelled(const struct wt_headers *headers);

/* Whether the reader understands frames of this type. */
bool wt_headers_knows_link(uint16_t link_type);

/* Whether frames of this type are bare IPv4 or IPv6. */
bool wt_headers_is_raw_ip(uint16_t link_type);

/* UDP over optionless IPv4 on Ethernet with at most one VLAN tag, not a fragment. */
struct wt_usual_udp {
	const uint8_t *ip, *udp, *payload;
	uint32_t bytes, wire_bytes; /* of the payload, as above */
};

/* Recognise the most common kind of frame in some ten instructions: for the hot path, which leaves
 * others to wt_headers_read(). False says nothing about the frame. */
static inline bool wt_headers_usual(struct wt_usual_udp *usual, const uint8_t *frame, size_t caplen)
{
	enum { NO_OPTIONS = 0x45, FRAGMENT_AND_PROTOCOL = 0x3fff00ff };
	const uint8_t *ip = frame + WT_ETHERNET_BYTES;
	uint32_t total, length, here;

	if (caplen < WT_ETHERNET_BYTES + WT_VLAN_BYTES + WT_IPV4_BYTES + WT_UDP_BYTES)
		return false;
	if (wt_get_be16(frame + 12) == WT_ETHERTYPE_VLAN)
		ip += WT_VLAN_BYTES;
	/* The Ethernet type, and version and length of the IP header. */
	if (wt_get_be32(ip - 2) >> 8 != (WT_ETHERTYPE_IPV4 << 8 | NO_OPTIONS) ||
	    (wt_get_be32(ip + 6) & FRAGMENT_AND_PROTOCOL) != WT_PROTOCOL_UDP)
		return false;
	total = wt_get_be16(ip + 2);
	length = wt_get_be16(ip + WT_IPV4_BYTES + 4);
	if (length < WT_UDP_BYTES || length + WT_IPV4_BYTES > total)
		return false;
	usual->ip = ip;
	usual->udp = ip + WT_IPV4_BYTES;
	usual->payload = usual->udp + WT_UDP_BYTES;
	usual->wire_bytes = length - WT_UDP_BYTES;
	here = (uint32_t)(caplen - (size_t)(usual->payload - frame));
	usual->bytes = here < usual->wire_bytes ? here : usual->wire_bytes;
	return true;
}

#endif
