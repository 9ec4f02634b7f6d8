/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FRAME_H
#define WIRETAPE_FRAME_H

#include <stdint.h>

/* Origin of a stamp (linux/if_packet.h, TP_STATUS_TS_*). */
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
#define WT_LINK_FCS_SHIFT      5 /* four bits: bytes of check sequence, 0: unknown */
#define WT_LINK_FCS_BITS       0xfu
#define WT_LINK_CSUM_NOT_READY (1u << 9)  /* the checksum was left to the NIC */
#define WT_LINK_CSUM_VALID     (1u << 10) /* the kernel or NIC has verified it */
#define WT_LINK_SEGMENTATION   (1u << 11) /* stands for several TCP segments (GSO, GRO) */

/* wt_frame.notes: facts that the pcapng flags word does not hold. */
#define WT_FRAME_COPY   (1u << 1) /* cut to its slot; the whole frame is queued on the socket */
#define WT_FRAME_VLAN   (1u << 2) /* a VLAN tag that the kernel had removed was put back */
#define WT_FRAME_SOURCE (1u << 3) /* write this packet's stamp source to the file */
#define WT_FRAME_GIVEN  (1u << 4) /* stamp_ns was computed from given_ns; write both to the file */
#define WT_FRAME_BOTH   (1u << 5) /* there is a software stamp besides a hardware stamp */

/* One packet, as everything downstream of a ring sees it. The bytes are borrowed from the ring and
 * start with the link-layer header, VLAN tag in its place.
 *
 * Invariant: caplen <= len, and data[0 .. caplen) is readable. */
struct wt_frame {
	const uint8_t *data;
	int64_t stamp_ns;        /* since the epoch of the stamp's own clock */
	uint64_t dropped_before; /* frames lost between the previous frame and this one */
	uint32_t caplen;         /* bytes captured */
	uint32_t len;            /* bytes on the wire (after GRO, before segmentation) */
	uint32_t link_flags;     /* WT_LINK_* */
	uint8_t stamp_source;    /* enum wt_stamp_source */
	uint8_t notes;           /* WT_FRAME_* */
	uint16_t vlan_tci;       /* type of the tag put back, if WT_FRAME_VLAN */
	uint32_t map;            /* if WT_FRAME_GIVEN: the number of the clock map that was used */
	int64_t given_ns;        /* if WT_FRAME_GIVEN: the stamp as the kernel gave it */
	int64_t software_ns;     /* if WT_FRAME_BOTH: the kernel's own stamp, CLOCK_REALTIME */
};

/* What a ledger counts of some frames. */
struct wt_frame_sums {
	uint32_t cut; /* fewer bytes than were on the wire */
	uint32_t by_source[WT_STAMP_SOURCES];
};

#endif
