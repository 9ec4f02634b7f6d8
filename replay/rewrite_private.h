/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_REWRITE_PRIVATE_H
#define WIRETAPE_REPLAY_REWRITE_PRIVATE_H

#include <wiretape/packet/rewrite.h>

enum {
	WT_REWRITE_ICMP = 1,
	WT_REWRITE_IGMP = 2,
	WT_REWRITE_TCP = 6,
	WT_REWRITE_UDP = 17,
	WT_REWRITE_ICMPV6 = 58,

	WT_REWRITE_VLAN_NONE = 0x1000, /* as a field's value: above all numbers of VLANs */
};

/* Where the fields are: offsets from the frame's start, 0 for what is not here as a whole. */
struct wt_rewrite_headers {
	uint32_t vlan;        /* the outer tag behind its type, all of it */
	uint32_t source;      /* addresses */
	uint32_t destination; /* the same */
	uint32_t ip_checksum;
	uint32_t ip_header; /* that checksum's bytes, if all of them are here, */
	uint32_t ip_header_bytes;
	uint32_t source_port;
	uint32_t destination_port;
	uint32_t checksum;        /* of UDP, TCP, ICMP, IGMP or ICMPv6 */
	uint32_t transport;       /* where that checksum's bytes begin, */
	uint32_t transport_bytes; /* and how many they are; 0 if that cannot be told */
	uint8_t protocol;         /* of the transport; 0 without */
	uint8_t ip_version;       /* of the addresses: 4, 6, or 0 without */
	bool ethernet;
	bool tagged;
	bool tunnelled; /* after MPLS labels or PPPoE: MACs are those of something else */
	bool arp;
	bool fragment;       /* the first of several */
	bool later_fragment; /* another one */
	bool whole;          /* all the checksum's bytes are here */
	bool on_its_way;     /* by a routing header: the checksum is for another destination */
	bool not_understood; /* the headers contradict themselves from somewhere on */
	/* What is not followed, bits of enum wt_rewrite_unfollowed: where an address, a port or a
	 * MAC may still stand. */
	uint32_t unfollowed_addresses, unfollowed_ports, unfollowed_macs;
};

/* Follow the headers of a frame, as far as rules and checksums may look. */
void wt_rewrite_read_headers(const struct wt_rewrite_frame *frame,
                             struct wt_rewrite_headers *headers);

#endif
