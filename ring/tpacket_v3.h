/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_TPACKET_V3_H
#define WIRETAPE_RING_TPACKET_V3_H

#include <stddef.h>

#include <wiretape/ring/ring.h>

/* TPACKET_V3 memory (linux/if_packet.h, Documentation/networking/packet_mmap.rst): each block
 * starts with a tpacket_block_desc; its frames are chained by tp_next_offset, each a tpacket3_hdr,
 * a sockaddr_ll at +48 and the frame at tp_mac. Native byte order.
 *
 * The walker trusts nothing it reads: a count, offset or length that leads outside the block ends
 * the walk with a fault. It may write to the block: a VLAN tag goes back between the addresses and
 * the type, and the header is changed to match, so that a second walk finds the same bytes, though
 * no longer a note that the tag was put back. */

/* Start at the first frame of the block of `block_bytes` bytes at `block` (8-byte aligned). snaplen
 * 0 means no limit. Faults are in walk->fault. */
void wt_tpacket_v3_walk_start(struct wt_walk *walk, void *block, size_t block_bytes,
                              uint32_t snaplen);

/* The next frames, at most `max`; 0 at the end or at a fault. */
size_t wt_tpacket_v3_walk(struct wt_walk *walk, struct wt_frame *frames, size_t max);

#endif
