/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_TPACKET_V2_H
#define WIRETAPE_RING_TPACKET_V2_H

#include <stddef.h>

#include <wiretape/ring/ring.h>

/* TPACKET_V2 memory (linux/if_packet.h): slots of one size, each a tpacket2_hdr, a sockaddr_ll at
 * +32 and the frame at tp_mac. Slots do not cross a block's end. A reader's block is a run of
 * filled slots.
 *
 * The rules of tpacket_v3.h apply: nothing is trusted, VLAN tags are put back in the slot. */

/* Walk `slots` consecutive slots at `first` (8-byte aligned). */
void wt_tpacket_v2_walk_start(struct wt_walk *walk, void *first, uint32_t slot_bytes,
                              uint32_t slots, uint32_t snaplen);

/* The next frames, at most `max`; 0 at the end or at a fault. */
size_t wt_tpacket_v2_walk(struct wt_walk *walk, struct wt_frame *frames, size_t max);

#endif
