/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_LINK_LAYER_H
#define WIRETAPE_FEED_LINK_LAYER_H

/* What is in front of the network layer in captured frames, by pcapng's link types: Ethernet,
 * Linux cooked of both versions, BSD loopback of both byte orders, bare IP under all its numbers,
 * PPP with and without HDLC and PPPoE, Cisco HDLC. VLAN tags are passed, however many there are.
 *
 * Pure functions over the caller's memory; any thread. Bytes are not trusted. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	WT_LINK_TYPE_ETHERNET = 1,
	WT_LINK_TYPE_RAW = 101,

	WT_ETHERTYPE_IPV4 = 0x0800,
	WT_ETHERTYPE_ARP = 0x0806,
	WT_ETHERTYPE_VLAN = 0x8100,
	WT_ETHERTYPE_IPV6 = 0x86dd,
	WT_ETHERTYPE_QINQ = 0x88a8,
	WT_ETHERTYPE_QINQ_OLD = 0x9100,
	WT_ETHERTYPE_MIN = 0x0600, /* below are lengths */
};

struct wt_link_layer {
	size_t network;    /* where the network layer begins; up to caplen */
	size_t length;     /* that a header claims for what follows it; 0: says nothing */
	uint16_t protocol; /* an Ethernet type; 0: not known */
	uint8_t vlan_tags; /* passed, at most 255 counted */
	bool cut;          /* the frame ends before its link layer does */
};

/* Find where the link layer of a frame ends. False for a link type that is not understood: then
 * *layer says that nothing is known. */
bool wt_link_layer_find(struct wt_link_layer *layer, uint16_t link_type, const uint8_t *frame,
                        size_t caplen);

/* Whether frames of this type are IPv4 or IPv6 and nothing in front of it. */
bool wt_link_layer_is_raw_ip(uint16_t link_type);

/* Whether a VLAN tag follows this Ethernet type. */
bool wt_link_layer_is_vlan(uint16_t ethertype);

#ifdef __cplusplus
}
#endif
#endif
