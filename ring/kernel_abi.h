/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_KERNEL_ABI_H
#define WIRETAPE_RING_KERNEL_ABI_H

/* Parts of linux/if_packet.h shared by both walkers and the simulated kernel. */

#include <linux/if_packet.h>
#include <stdint.h>
#include <string.h>

#include <wiretape/frame.h>
#include <wiretape/ring.h>

#ifndef TP_STATUS_GSO_TCP /* since Linux 6.1 */
#define TP_STATUS_GSO_TCP (1 << 8)
#endif

#define WT_V3_SLL_OFFSET TPACKET_ALIGN(sizeof(struct tpacket3_hdr))
#define WT_V2_SLL_OFFSET TPACKET_ALIGN(sizeof(struct tpacket2_hdr))

enum {
	WT_VLAN_TAG_BYTES = 4,
	WT_MAC_ADDRESSES_BYTES = 12, /* destination and source; the tag follows them */
	WT_DEFAULT_TPID = 0x8100,
};

/* Convert a frame's status bits and packet type to the file's flags. */
static inline uint32_t wt_link_flags(uint32_t status, uint8_t packet_type)
{
	static const uint8_t by_type[8] = {
	        [PACKET_HOST] = WT_LINK_INBOUND | WT_LINK_UNICAST,
	        [PACKET_BROADCAST] = WT_LINK_INBOUND | WT_LINK_BROADCAST,
	        [PACKET_MULTICAST] = WT_LINK_INBOUND | WT_LINK_MULTICAST,
	        [PACKET_OTHERHOST] = WT_LINK_INBOUND | WT_LINK_PROMISCUOUS,
	        [PACKET_OUTGOING] = WT_LINK_OUTBOUND,
	};
	const uint32_t from = TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID | TP_STATUS_GSO_TCP;
	const uint32_t to = WT_LINK_CSUM_NOT_READY | WT_LINK_CSUM_VALID | WT_LINK_SEGMENTATION;

	/* The first moves up by 6 bits, the others by 3: shift all by both. This runs for every
	 * frame. */
	return by_type[packet_type & 7] | (((status & from) * (1u << 6 | 1u << 3)) & to);
}
_Static_assert(TP_STATUS_CSUMNOTREADY << 6 == WT_LINK_CSUM_NOT_READY, "bit 9");
_Static_assert(TP_STATUS_CSUM_VALID << 3 == WT_LINK_CSUM_VALID, "bit 10");
_Static_assert(TP_STATUS_GSO_TCP << 3 == WT_LINK_SEGMENTATION, "bit 11");

/* Bits 29 to 31: software, the deprecated transformed one, raw hardware. */
#define WT_STATUS_SOURCE_SHIFT 29
#define WT_STATUS_SOURCE_BITS  (7u << WT_STATUS_SOURCE_SHIFT)

static inline uint8_t wt_stamp_source_of(uint32_t status)
{
	static const uint8_t by_bits[8] = {
	        WT_STAMP_FALLBACK, WT_STAMP_SOFTWARE, WT_STAMP_FALLBACK, WT_STAMP_SOFTWARE,
	        WT_STAMP_HARDWARE, WT_STAMP_HARDWARE, WT_STAMP_HARDWARE, WT_STAMP_HARDWARE,
	};

	return by_bits[status >> WT_STATUS_SOURCE_SHIFT];
}

/* Put a tag back between the addresses and the type of the frame at `frame`: the addresses move
 * down into the four bytes before it. Returns the frame's new start. The caller has checked the
 * room. */
static inline uint8_t *wt_restore_vlan_tag(uint8_t *frame, uint16_t tpid, uint16_t tci)
{
	uint8_t *start = frame - WT_VLAN_TAG_BYTES;

	memmove(start, frame, WT_MAC_ADDRESSES_BYTES);
	start[12] = (uint8_t)(tpid >> 8);
	start[13] = (uint8_t)tpid;
	start[14] = (uint8_t)(tci >> 8);
	start[15] = (uint8_t)tci;
	return start;
}

#endif
