/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_JOIN_JOIN_FILTER_H
#define WIRETAPE_CAPTURE_JOIN_JOIN_FILTER_H

/* Tests for IP packets that belong to a group: as a socket filter for many, and for one packet in
 * hand. Packets begin with the IP header, as with SOCK_DGRAM. Membership messages themselves, IGMP
 * and MLD, which are sent to the group too, do not count. */

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/capture/join/join_group.h>

enum {
	WT_JOIN_FILTER_GROUPS = 32, /* at most in one filter: the kernel limits its memory */
	WT_JOIN_GROUP_INSNS = 22,
	WT_JOIN_FILTER_INSNS = WT_JOIN_FILTER_GROUPS * WT_JOIN_GROUP_INSNS + 1,
	WT_JOIN_PACKET_BYTES = 40, /* of each: all that is looked at */
};

/* The filter that lets in the groups whose bit in `mask` is set; `count` of them, at most
 * WT_JOIN_FILTER_GROUPS. Returns the number of instructions. */
size_t wt_join_filter_make(struct sock_filter insns[WT_JOIN_FILTER_INSNS],
                           const struct wt_join_group *groups, size_t count, uint32_t mask);

/* Check whether that filter would let the packet in because of this group. */
bool wt_join_filter_matches(const struct wt_join_group *group, const uint8_t *packet, size_t bytes);

#endif
