/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PACKET_REWRITE_H
#define WIRETAPE_PACKET_REWRITE_H

/* Rewrites addresses, ports and VLANs of recorded packets that are sent again, by rules as people
 * write them:
 *
 *     FIELD=NEW        in all packets that have the field
 *     FIELD:OLD=NEW    where it is OLD
 *
 *     src-mac, dst-mac, mac      02:00:00:00:00:01
 *     vlan                       0 to 4094, or "none": the outer tag
 *     src-ip, dst-ip, ip         192.0.2.1, 2001:db8::1, 10.0.0.0/8
 *     src-port, dst-port, port   1 to 65535: UDP and TCP
 *
 * The last name of each line stands for source and destination, and needs an OLD.
 *
 * With prefixes of equal length on both sides, OLD's bits become NEW's and the others stay; an OLD
 * with a prefix and a NEW without maps many addresses to one. A VLAN in place of none inserts a tag
 * (802.1Q, priority 0), none in place of a VLAN removes the outer tag; otherwise the tag keeps its
 * type and priority. Rules for addresses apply to ARP, too: src-ip to the sender's, dst-ip to the
 * target's.
 *
 * The first matching rule for a field is used, and rules are matched with the packet as recorded:
 * a=b and b=a exchange a and b. A rule that turns an address into a multicast group changes the
 * destination MAC to match (RFC 1112, RFC 2464), unless a rule for that MAC matches. A group that
 * becomes a single host keeps the group's MAC: only a rule knows the right one.
 *
 * Checksums are adjusted for the changes (RFC 1624): a right one stays right, a wrong one stays
 * wrong, and a UDP checksum of 0 stays 0. With or without rules, checksums that were left to a NIC
 * and wrong ones can be made right (fix_checksums below).
 *
 * VLAN tags, MPLS labels and PPPoE are skipped. Not rewritten: anything but the addresses in
 * fragments other than the first; the layers in enum wt_rewrite_unfollowed, which are counted if
 * they may hold something that there are rules for; addresses in any other payload. Fragments so
 * small that ports and checksum are in different ones lose their checksum with a rule for ports or
 * addresses.
 *
 * Pure functions over the caller's memory; any thread. Several threads may share a table that no
 * longer changes. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>

enum {
	WT_REWRITE_RULES_MAX = 64,
	/* Room in front of a frame that a rule may need: a VLAN tag. */
	WT_REWRITE_HEADROOM = 4,
};

/* Supported link types, by pcapng's numbers. */
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

/* A field's bytes as in a packet, followed by zeros. For a VLAN, the number. */
struct wt_rewrite_value {
	uint64_t words[2];
};

/* Where the bits of `where_mask` are those of `where`, the bits of `set_mask` become `set`. */
struct wt_rewrite_rule {
	struct wt_rewrite_value where, where_mask;
	struct wt_rewrite_value set, set_mask;
};

/* Rules in the order in which they were added, and by field in that order. Starts as zero, which
 * means no rules. Written by wt_rewrite_add() alone. */
struct wt_rewrite {
	struct wt_rewrite_rule rules[WT_REWRITE_RULES_MAX];
	uint8_t by_field[WT_REWRITE_FIELDS][WT_REWRITE_RULES_MAX];
	uint8_t field_rules[WT_REWRITE_FIELDS]; /* rules per field */
	uint8_t rules_count;
	bool beyond_link; /* some rules concern more than MACs and VLANs */
};

/* Add a rule. 0; -EINVAL if it is malformed, contradicts itself or could never match because of
 * earlier ones; -ENOSPC if there are WT_REWRITE_RULES_MAX. An error adds nothing. */
int wt_rewrite_add(struct wt_rewrite *rewrite, const char *rule, struct wt_error *err);

/* A frame in the caller's memory: data[-headroom .. caplen) is writable, and caplen <= len. */
struct wt_rewrite_frame {
	uint8_t *data;       /* moved by 4 bytes when a VLAN tag comes or goes, */
	uint32_t caplen;     /* as this changes, */
	uint32_t len;        /* and this (on the wire), */
	uint32_t headroom;   /* and this */
	uint32_t link_flags; /* WT_LINK_*: CSUM_NOT_READY goes once the checksum is complete */
	uint16_t link_type;  /* of pcapng */
	bool fix_checksums;  /* for IPv4, TCP, UDP, ICMP, IGMP and ICMPv6 */
};

/* Layers where a rule's address, port or MAC may remain unchanged. */
enum wt_rewrite_unfollowed {
	WT_UNFOLLOWED_ARP,      /* its MACs; hardware other than Ethernet, other addresses */
	WT_UNFOLLOWED_LLC,      /* IP, and others, after LLC and SNAP */
	WT_UNFOLLOWED_MPLS,     /* anything but IP after labels: pseudowires */
	WT_UNFOLLOWED_PPPOE,    /* anything but IP: it negotiates addresses */
	WT_UNFOLLOWED_MACSEC,   /* encrypted or not */
	WT_UNFOLLOWED_ETHERNET, /* frames in frames: provider backbone bridges, TRILL, VN-Tag … */
	WT_UNFOLLOWED_GRE,
	WT_UNFOLLOWED_IP_IN_IP, /* all four combinations of versions */
	WT_UNFOLLOWED_ESP,
	WT_UNFOLLOWED_AH,        /* ports, and packets in tunnels */
	WT_UNFOLLOWED_SCTP,      /* ports */
	WT_UNFOLLOWED_TRANSPORT, /* ports of DCCP and UDP-Lite */
	WT_UNFOLLOWED_ICMP,      /* the packet that caused an error, a gateway */
	WT_UNFOLLOWED_NEIGHBOUR, /* neighbour discovery: addresses and MACs */
	WT_UNFOLLOWED_GROUPS,    /* IGMP and MLD */
	WT_UNFOLLOWED_ROUTES,    /* IPv6 routing headers; IPv4 source routes and recorded ones */
	WT_UNFOLLOWED_VXLAN,
	WT_UNFOLLOWED_GENEVE,
	WT_UNFOLLOWED_GTP,
	WT_UNFOLLOWED_UDP,   /* other tunnels over UDP */
	WT_UNFOLLOWED_OTHER, /* routing protocols and everything else over IP */
	WT_UNFOLLOWED_KINDS
};

const char *wt_rewrite_unfollowed_name(enum wt_rewrite_unfollowed kind); /* "MPLS", "GRE" … */

/* Counts over all frames; starts as zero. Not shared between threads. */
struct wt_rewrite_counts {
	uint64_t changed; /* by rules */
	/* Complete frames whose headers could not be followed to where the rules look: another link
	 * type, too many extension headers, lengths that contradict each other. Fields found before
	 * that are rewritten. */
	uint64_t not_understood;
	/* Frames with a layer that is not followed and may hold something a rule is about; and the
	 * count for each kind. */
	uint64_t not_followed;
	uint64_t unfollowed[WT_UNFOLLOWED_KINDS];
	uint64_t no_headroom; /* no room for a tag that a rule inserts: the frame stays untagged */

	/* Checksums. One left to a NIC holds the sum over addresses, protocol and length, or that
	 * without the length, or 0. */
	uint64_t checksums_completed; /* left to a NIC, and computed here */
	uint64_t checksums_left;      /* left to a NIC, and unchanged */
	uint64_t checksums_fixed;     /* wrong, and corrected */
	uint64_t ip_checksums_wrong;  /* wrong in IPv4 headers, and unchanged */
	/* To be completed or fixed, but bytes they cover are missing: fragments, frames that were
	 * cut, the inner packet of a tunnel. */
	uint64_t checksums_lacking;
};

/* Apply the rules to a frame. First its checksums are examined, with or without rules: if the frame
 * says that one was left to the NIC (CSUM_NOT_READY) and that is true, it is completed and the flag
 * cleared; if the checksum holds something else, the flag is about another one, such as that of a
 * tunnel's inner packet. With fix_checksums every missing or wrong one is set right, except a UDP
 * checksum of 0 over IPv4, which means none. In a frame that was cut, only complete fields are
 * rewritten. Any bytes are safe. */
void wt_rewrite_apply(const struct wt_rewrite *rewrite, struct wt_rewrite_frame *frame,
                      struct wt_rewrite_counts *counts);

#endif
