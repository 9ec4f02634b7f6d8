/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_FRAME_H
#define WIRETAPE_RING_FRAME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a stamp is known (linux/if_packet.h, TP_STATUS_TS_*). */
enum wt_stamp_source {
	WT_STAMP_FALLBACK, /* taken inside AF_PACKET, later than the driver could have */
	WT_STAMP_SOFTWARE, /* taken by the kernel when the driver handed the frame over */
	WT_STAMP_HARDWARE, /* taken by the NIC, in the time of its own clock */
	WT_STAMP_SOURCES
};

/* wt_frame.link_flags: the bits of the pcapng flags word, epb_flags
 * (draft-ietf-opsawg-pcapng, "Enhanced Packet Block Flags Word"). */
#define WT_LINK_INBOUND        0x00000001u
#define WT_LINK_OUTBOUND       0x00000002u
#define WT_LINK_DIRECTION_MASK 0x00000003u
#define WT_LINK_UNICAST        (1u << 2)
#define WT_LINK_MULTICAST      (2u << 2)
#define WT_LINK_BROADCAST      (3u << 2)
#define WT_LINK_PROMISCUOUS    (4u << 2)
#define WT_LINK_RECEPTION_MASK (7u << 2)
#define WT_LINK_FCS_SHIFT      5 /* four bits: bytes of check sequence, 0: not said */
#define WT_LINK_FCS_BITS       0xfu
#define WT_LINK_CSUM_NOT_READY (1u << 9)  /* the checksum was left to the NIC */
#define WT_LINK_CSUM_VALID     (1u << 10) /* the kernel or NIC has verified it */
#define WT_LINK_SEGMENTATION   (1u << 11) /* stands for several TCP segments (GSO, GRO) */

/* wt_frame.notes: what the reader has to know and the file does not say. */
#define WT_NOTE_COPY   (1u << 1) /* cut to its slot; the whole frame is queued on the socket */
#define WT_NOTE_VLAN   (1u << 2) /* a VLAN tag that the kernel took out was put back */
#define WT_NOTE_SOURCE (1u << 3) /* the stamp's source goes into the file, with this packet */
#define WT_NOTE_GIVEN  (1u << 4) /* stamp_ns was made of given_ns; both go into the file */
#define WT_NOTE_BOTH   (1u << 5) /* there is a software stamp beside a hardware stamp */

/* One packet, as everybody downstream of a ring sees it. The bytes are borrowed
 * from the ring and start with the link-layer header, VLAN tag in its place.
 *
 * Invariant: caplen <= len, and data[0 .. caplen) is readable. */
struct wt_frame {
	const uint8_t *data;
	int64_t stamp_ns;        /* since the epoch of the stamp's own clock */
	uint64_t dropped_before; /* frames lost between the previous frame and this one */
	uint32_t caplen;         /* bytes here */
	uint32_t len;            /* bytes on the wire (after GRO, before segmentation) */
	uint32_t link_flags;     /* WT_LINK_* */
	uint8_t stamp_source;    /* enum wt_stamp_source */
	uint8_t notes;           /* WT_NOTE_* */
	uint16_t vlan_tci;       /* of the tag put back, if WT_NOTE_VLAN */
	uint32_t map;            /* if WT_NOTE_GIVEN: the number of the clock map that was used */
	int64_t given_ns;        /* if WT_NOTE_GIVEN: the stamp as the kernel gave it */
	int64_t software_ns;     /* if WT_NOTE_BOTH: the kernel's own stamp, CLOCK_REALTIME */
};

#ifdef __cplusplus
}
#endif
#endif
