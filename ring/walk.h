/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_WALK_H
#define WIRETAPE_RING_WALK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a walk over ring memory ended before its last frame. */
enum wt_walk_fault {
	WT_WALK_OK,
	WT_WALK_BLOCK_TOO_SMALL, /* the block cannot even hold its own header */
	WT_WALK_BLOCK_LENGTH,    /* blk_len is larger than the block or smaller than its header */
	WT_WALK_FIRST_OFFSET,    /* offset_to_first_pkt is outside blk_len or inside the header */
	WT_WALK_NEXT_OFFSET,    /* tp_next_offset leaves the block, goes nowhere or is misaligned */
	WT_WALK_HEADER_OUTSIDE, /* the frame's header does not fit into what is left */
	WT_WALK_MAC_OFFSET,     /* tp_mac points into the header, or leaves no room for the tag */
	WT_WALK_FRAME_OUTSIDE,  /* tp_mac + tp_snaplen leaves the frame's slot */
	WT_WALK_LENGTHS,        /* tp_snaplen is larger than tp_len */
	WT_WALK_STAMP,          /* tp_nsec is not below a second */
	WT_WALK_FAULTS
};

/* A sentence for a fault: names the field and what is wrong with it. */
const char *wt_walk_fault_text(enum wt_walk_fault fault);

/* A cursor over a block's frames. Filled in by wt_tpacket_v3_walk_start() or
 * wt_tpacket_v2_walk_start(); `fault` and `fault_offset` are for everybody to
 * read, the rest is the walker's. */
struct wt_walk {
	uint8_t *base;
	uint32_t bytes;      /* of the block that may be touched */
	uint32_t offset;     /* of the next frame's header */
	uint32_t left;       /* frames still to come, by the producer's count */
	uint32_t slot_bytes; /* TPACKET_V2: of all frames; TPACKET_V3: of the last one */
	uint32_t snaplen;
	uint32_t fault_offset; /* where in the block the faulty header or frame is */
	uint8_t fault;         /* enum wt_walk_fault */
};

#ifdef __cplusplus
}
#endif
#endif
