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
 * stays wrong, and a UDP checksum of 0 stays 0.
 *
 * What is not rewritten: behind more than two VLAN tags, anything but the outer tag and the MACs;
 * in fragments other than the first, anything but the addresses; addresses inside of IPv6 routing
 * headers and IPv4 source routes, MACs in ARP, and addresses in the payload (those in ICMP, IGMP
 * and neighbour discovery, tunnels). Fragments so small that ports and checksum are in different
 * ones lose their checksum with a rule for ports or addresses.
 *
 * Pure functions over the caller's memory; any thread. A table that no longer changes may be used
 * by several. */

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/ring/error.h>

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
};

/* Of all frames that were given; starts as zero. Not shared between threads. */
struct wt_rewrite_counts {
	uint64_t changed; /* by rules */
	/* Whose headers could not be followed to where the rules look, and that were not cut:
	 * another link type, too many tags or extension headers, lengths that contradict each
	 * other. What was found before that is rewritten. */
	uint64_t not_understood;
	uint64_t checksums_completed;
	uint64_t checksums_lacking; /* not ready, and there is not all that they are made of */
	uint64_t no_headroom;       /* for a tag that a rule puts in: the frame stays without */
};

/* Apply the rules to a frame. First its checksum is completed, with or without rules, as
 * wt_rewrite_finish_checksum() does. Of a frame that was cut, the fields that are here as a whole
 * are rewritten. Any bytes are safe. */
void wt_rewrite_apply(const struct wt_rewrite *rewrite, struct wt_rewrite_frame *frame,
                      struct wt_rewrite_counts *counts);

/* A packet that was recorded where its sender left the checksum to the NIC (CSUM_NOT_READY) holds
 * the sum over addresses, protocol and length in the checksum's place. Complete it, if the packet
 * is here as a whole, and take the flag away. Where something else is in that place, the flag is
 * about another checksum, as that of a tunnel's inner packet, and the frame stays as it is.
 * A frame without the flag, too. */
void wt_rewrite_finish_checksum(struct wt_rewrite_frame *frame, struct wt_rewrite_counts *counts);

#ifdef __cplusplus
}
#endif
#endif
