/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_TPACKET_V2_H
#define WIRETAPE_RING_TPACKET_V2_H

#include <stddef.h>

#include <wiretape/ring/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

/* TPACKET_V2 memory (linux/if_packet.h): slots of one size, each a tpacket2_hdr,
 * a sockaddr_ll at +32 and the frame at tp_mac. Slots do not cross a block's
 * end. What a reader borrows as a block is a run of filled slots.
 *
 * The same rules as in tpacket_v3.h: nothing is trusted, VLAN tags are put back
 * in the slot. */

/* Walk `slots` consecutive slots at `first` (8-byte aligned). */
void wt_tpacket_v2_walk_start(struct wt_walk *walk, void *first, uint32_t slot_bytes,
                              uint32_t slots, uint32_t snaplen);

/* The next frames, at most `max`; 0 at the end or at a fault. */
size_t wt_tpacket_v2_walk(struct wt_walk *walk, struct wt_frame *frames, size_t max);

/* A ring over TPACKET_V2 memory. 0 and *ring, or -EINVAL, -ENOMEM. */
int wt_tpacket_v2_ring_open(struct wt_ring **ring, const struct wt_ring_memory *memory);

#ifdef __cplusplus
}
#endif
#endif
