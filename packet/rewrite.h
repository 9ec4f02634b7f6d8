/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_REPLAY_REWRITE_H
#define WIRETAPE_REPLAY_REWRITE_H

/* Packets that are sent again with other addresses, ports and VLANs than they were recorded
 * with, by rules as people write them:
 *
 *     FIELD=NEW        in all packets that have the field
 *     FIELD:OLD=NEW    where it is OLD
 *
 *     src-mac, dst-mac, mac      02:00:00:00:00:01
 *     vlan                       0 to 4094, or "none": of the outer tag
 *     src-ip, dst-ip, ip         192.0.2.1, 2001:db8::1, 10.0.0.0/8
 *     src-port, dst-port, port   1 to 65535: UDP and TCP
 *
 * The last of each line stands for source and destination, and needs an OLD.
 *
 * With prefixes of one length on both sides, OLD's bits become NEW's and the others stay; an OLD
 * with a prefix and a NEW without makes one address of many. A VLAN in place of none puts a tag
 * in (802.1Q, priority 0), none in place of a VLAN takes the outer tag out; otherwise the tag
 * keeps its type and priority. Rules for addresses meet those in ARP, too: src-ip the sender's,
 * dst-ip the target's.
 *
 * Of the rules for a field the first that matches is used, and what they are matched with is the
 * packet as it was recorded: a=b and b=a exchange a and b. An address that a rule makes a
 * multicast group takes the destination MAC with it (RFC 1112, RFC 2464), unless a rule for that
 * MAC matches. A group that becomes a single host keeps the group's MAC: only a rule knows whose
 * it should be.
 *
 * Checksums are repaired by what has changed (RFC 1624): a right one stays right, a wrong one
 * stays wrong, and a UDP checksum of 0 stays 0. With or without rules, those that were left to a
 * NIC and those that are wrong can be made right (fix_checksums below).
 *
 * VLAN tags, MPLS labels and PPPoE are passed. What is not rewritten: in fragments other than the
 * first, anything but the addresses; what enum wt_rewrite_unfollowed lists, which is counted if
 * it may hold something that there are rules for; addresses in any other payload. Fragments so
 * small that ports and checksum are in different ones lose their checksum with a rule for ports or
 * addresses.
 *
 * Pure functions over the caller's memory; any thread. A table that no longer changes may be used
 * by several. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	WT_REWRITE_RULES_MAX = 64,
	/* Bytes in front of a frame that a rule may need: a VLAN tag. */
	WT_REWRITE_HEADROOM = 4,
};

/* The link types that are understood, by pcapng's numbers. */
enum { WT_REWRITE_ETHERNET = 1, WT_REWRITE_RAW_IP = 101 };

enum wt_rewrite_field {
	WT_REWRITE_SRC_MAC,
	WT_REWRITE_DST_MAC,
	WT_REWRITE_VLAN,
	WT_REWRITE_SRC_IPV4,
	WT_REWRITE_DST_IPV4,
	WT_REWRITE_SRC_IPV6,
	WT_REWRITE_DST_IPV6,
	WT_REWRITE_SRC_PORT,
	WT_REWRITE_DST_PORT,
	WT_REWRITE_FIELDS
};

/* A field's bytes as they are in a packet, zeros behind them. Of a VLAN, the number. */
struct wt_rewrite_value {
	uint64_t words[2];
};

/* Where the bits of `where_mask` are those of `where`, the bits of `set_mask` become `set`. */
struct wt_rewrite_rule {
	struct wt_rewrite_value where, where_mask;
	struct wt_rewrite_value set, set_mask;
};

/* The rules, in the order in which they were added, and those of each field in that order.
 * Starts as zero, which is no rules. Written by wt_rewrite_add() alone. */
struct wt_rewrite {
	struct wt_rewrite_rule rules[WT_REWRITE_RULES_MAX];
	uint8_t by_field[WT_REWRITE_FIELDS][WT_REWRITE_RULES_MAX];
	uint8_t field_rules[WT_REWRITE_FIELDS]; /* of each, how many */
	uint8_t rules_count;
	bool beyond_link; /* there are rules for more than MACs and VLANs */
};

/* Add a rule. 0; -EINVAL if it is none, contradicts itself or would never match because of those
 * before it; -ENOSPC if there are WT_REWRITE_RULES_MAX. Nothing is added then. */
int wt_rewrite_add(struct wt_rewrite *rewrite, const char *rule, struct wt_error *err);

/* A frame in the caller's memory: data[-headroom .. caplen) is writable, and caplen <= len. */
struct wt_rewrite_frame {
	uint8_t *data;       /* a VLAN tag that comes or goes moves it by 4 bytes, */
	uint32_t caplen;     /* and changes this, */
	uint32_t len;        /* on the wire: this, */
	uint32_t headroom;   /* and this */
	uint32_t link_flags; /* WT_LINK_*: CSUM_NOT_READY goes when the checksum is there */
	uint16_t link_type;  /* of pcapng */
	bool fix_checksums;  /* of IPv4, TCP, UDP, ICMP, IGMP and ICMPv6 */
};

/* Where an address, a port or a MAC that a rule is about may still stand. */
enum wt_rewrite_unfollowed {
	WT_UNFOLLOWED_ARP,      /* its MACs; other hardware than Ethernet, other addresses */
	WT_UNFOLLOWED_LLC,      /* IP, and others, after LLC and SNAP */
	WT_UNFOLLOWED_MPLS,     /* something else than IP after labels: pseudowires */
	WT_UNFOLLOWED_PPPOE,    /* something else than IP in it: addresses are agreed on there */
	WT_UNFOLLOWED_MACSEC,   /* encrypted or not */
	WT_UNFOLLOWED_ETHERNET, /* frames in frames: provider backbone bridges, TRILL, VN-Tag … */
	WT_UNFOLLOWED_GRE,
	WT_UNFOLLOWED_IP_IN_IP, /* of both versions in both */
	WT_UNFOLLOWED_ESP,
	WT_UNFOLLOWED_AH,        /* ports, and packets in tunnels */
	WT_UNFOLLOWED_SCTP,      /* ports */
	WT_UNFOLLOWED_TRANSPORT, /* ports of DCCP and UDP-Lite */
	WT_UNFOLLOWED_ICMP,      /* the packet that an error is about, a gateway */
	WT_UNFOLLOWED_NEIGHBOUR, /* neighbour discovery: addresses and MACs */
	WT_UNFOLLOWED_GROUPS,    /* IGMP and MLD */
	WT_UNFOLLOWED_ROUTES,    /* IPv6 routing headers; IPv4 source routes and recorded ones */
	WT_UNFOLLOWED_VXLAN,
	WT_UNFOLLOWED_GENEVE,
	WT_UNFOLLOWED_GTP,
	WT_UNFOLLOWED_UDP,   /* other tunnels over UDP */
	WT_UNFOLLOWED_OTHER, /* routing protocols and whatever else there is over IP */
	WT_UNFOLLOWED_KINDS
};

const char *wt_rewrite_unfollowed_name(enum wt_rewrite_unfollowed kind); /* "MPLS", "GRE" … */

/* Of all frames that were given; starts as zero. Not shared between threads. */
struct wt_rewrite_counts {
	uint64_t changed; /* by rules */
	/* Whose headers could not be followed to where the rules look, and that were not cut:
	 * another link type, too many extension headers, lengths that contradict each other. What
	 * was found before that is rewritten. */
	uint64_t not_understood;
	/* That have something in them which is not followed and may hold what a rule is about; and
	 * of each kind of it. */
	uint64_t not_followed;
	uint64_t unfollowed[WT_UNFOLLOWED_KINDS];
	uint64_t no_headroom; /* for a tag that a rule puts in: the frame stays without */

	/* Checksums. Those that were left to a NIC hold the sum over addresses, protocol and
	 * length, or that without the length, or 0. */
	uint64_t checksums_completed; /* left to a NIC, and made of what is here */
	uint64_t checksums_left;      /* left to a NIC, and still that */
	uint64_t checksums_fixed;     /* wrong, and set right */
	uint64_t ip_checksums_wrong;  /* of IPv4 headers, and still that */
	/* To be completed or fixed, and there is not all that they are made of: fragments, frames
	 * that were cut, the inner packet of a tunnel. */
	uint64_t checksums_lacking;
};

/* Apply the rules to a frame. First its checksums are looked at, with or without rules: where the
 * frame says that one was left to the NIC (CSUM_NOT_READY) and that is so, it is completed and the
 * flag taken away; where something else is in its place the flag is about another checksum, as
 * that of a tunnel's inner packet. With fix_checksums all that are left or wrong are set right,
 * but for a UDP checksum of 0 over IPv4, which says that there is none. Of a frame that was cut,
 * the fields that are here as a whole are rewritten. Any bytes are safe. */
void wt_rewrite_apply(const struct wt_rewrite *rewrite, struct wt_rewrite_frame *frame,
                      struct wt_rewrite_counts *counts);

#ifdef __cplusplus
}
#endif
#endif
