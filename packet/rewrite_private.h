/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_REWRITE_PRIVATE_H
#define WIRETAPE_PACKET_REWRITE_PRIVATE_H

#include <wiretape/packet/headers.h>
#include <wiretape/packet/rewrite.h>

enum { WT_REWRITE_VLAN_NONE = 0x1000 }; /* as a field's value: above all VLAN numbers */

/* Offsets of the fields from the frame's start, 0 for a field that is not here completely. */
struct wt_rewrite_headers {
	uint32_t vlan;        /* the outer tag after its type, complete */
	uint32_t source;      /* addresses */
	uint32_t destination; /* likewise */
	uint32_t ip_checksum;
	uint32_t ip_header; /* bytes the IP checksum covers, if all are here */
	uint32_t ip_header_bytes;
	uint32_t source_port;
	uint32_t destination_port;
	uint32_t checksum;        /* in UDP, TCP, ICMP, IGMP or ICMPv6 */
	uint32_t transport;       /* start of the bytes it covers, */
	uint32_t transport_bytes; /* and their number; 0 if unknown */
	uint8_t protocol;         /* of the transport; 0: none */
	uint8_t ip_version;       /* of the addresses: 4, 6, or 0: none */
	bool ethernet;
	bool tagged;
	bool tunnelled; /* after MPLS labels or PPPoE: MACs belong to another layer */
	bool arp;
	bool arp_usual;      /* for Ethernet and IPv4, so its addresses are followed */
	bool fragment;       /* the first fragment */
	bool whole;          /* every byte the checksum covers is here */
	bool on_its_way;     /* routing header with segments left: the checksum covers another
	                            destination */
	bool not_understood; /* the headers contradict themselves at some point */
	/* Layers not followed, bits of enum wt_rewrite_unfollowed, that may still hold an address,
	 * a port or a MAC. */
	uint32_t unfollowed_addresses, unfollowed_ports, unfollowed_macs;
};

/* Follow the headers of a frame, as far as rules and checksums may look; note what is unfollowed if
 * anybody wants to know: it takes as long as a third of the rest. */
void wt_rewrite_read_headers(const struct wt_rewrite_frame *frame,
                             struct wt_rewrite_headers *headers, bool unfollowed);

/* Note layers found in a frame but not followed; `captured` bytes of the datagram, counted from the
 * frame's start, are here. */
void wt_rewrite_note_unfollowed(struct wt_rewrite_headers *headers, const struct wt_headers *found,
                                const uint8_t *frame, size_t captured);

#endif
