/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_H
#define WIRETAPE_RING_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/export.h>
#include <wiretape/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A ring is memory shared with a producer (the kernel's PACKET_RX_RING) in which blocks of frames
 * change hands: the producer fills a block and hands it over, the reader borrows it, walks its
 * frames and releases it. Nothing here makes a system call, so nothing here blocks; waiting is up
 * to the owner of the file descriptor.
 *
 * One reader thread per ring. Blocks may be held for as long as needed and released in any order; a
 * producer that finds no free block drops frames. */
struct wt_ring;

/* Memory of a ring and its division into blocks. It stays the caller's and must outlive the ring.
 * `block_bytes * block_count` bytes at `base`, aligned to 16. */
struct wt_ring_memory {
	uint8_t *base;
	uint32_t block_bytes;
	uint32_t block_count;
	uint32_t slot_bytes; /* TPACKET_V2 only: one frame's slot, a multiple of 16 */
	uint32_t snaplen;    /* upper bound of a frame's caplen, VLAN tag included; 0: no limit */
};

/* Why a walk over ring memory ended early. */
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

/* Describe a fault in a sentence that names the field. Static; any thread. */
WT_API const char *wt_walk_fault_text(enum wt_walk_fault fault);

/* Cursor over a block's frames. `fault`, `fault_offset` and `sums` are public, the rest is the
 * walker's. */
struct wt_walk {
	uint8_t *base;
	uint32_t bytes;      /* bytes of the block that may be touched */
	uint32_t offset;     /* offset of the next frame's header */
	uint32_t left;       /* frames still to come, by the producer's count */
	uint32_t slot_bytes; /* length of every frame's slot (TPACKET_V2), or of the last one
	                        (TPACKET_V3) */
	uint32_t snaplen;
	uint32_t fault_offset;     /* offset of the faulty header or frame in the block */
	uint8_t fault;             /* enum wt_walk_fault */
	struct wt_frame_sums sums; /* of the frames that were read last */
};

/* A borrowed block. Plain data: copy it, keep it, give it back once. */
struct wt_block {
	uint8_t *start;    /* the first byte that belongs to the block */
	size_t bytes;      /* bytes of it */
	uint32_t index;    /* its place in the ring */
	uint32_t frames;   /* frames in it, by the producer's count */
	uint32_t rejected; /* frames read so far that our filter rejected */
	uint64_t number;   /* number of this block (V2: slot) since the ring was opened, from 0 */
	uint64_t lost_before; /* frames lost between the previous block and this one */
	struct wt_walk walk;
};

/* Ring over TPACKET_V3 or TPACKET_V2 memory (linux/if_packet.h,
 * Documentation/networking/packet_mmap.rst), native byte order. Nothing in it is trusted: a count,
 * offset or length that leads outside the block ends the walk with a fault. Blocks are written to:
 * a VLAN tag goes back between the addresses and the type. 0 and *ring, which the caller closes;
 * -EINVAL for memory that cannot be a ring; -ENOMEM. */
WT_API int wt_tpacket_v3_ring_open(struct wt_ring **ring, const struct wt_ring_memory *memory);
WT_API int wt_tpacket_v2_ring_open(struct wt_ring **ring, const struct wt_ring_memory *memory);

/* Borrow the next filled block: 1 and *block, 0 while the producer still owns
 * it, or a negative errno from a ring that reads by system call. The block stays
 * valid until wt_ring_release_block(). */
WT_API int wt_ring_next_block(struct wt_ring *ring, struct wt_block *block);

/* The next frames of a borrowed block, at most `max`, in the order in which the
 * producer stored them; 0 at the end of the block. The views stay valid until
 * the next call for the same block or its release. A block whose memory
 * contradicts itself ends early: then block->walk.fault says why. */
WT_API size_t wt_ring_read_frames(struct wt_ring *ring, struct wt_block *block,
                                  struct wt_frame *frames, size_t max);

/* Give a block back to the producer. The frames read from it are gone. */
WT_API void wt_ring_release_block(struct wt_ring *ring, struct wt_block *block);

/* Largest fill level ever, borrowed blocks included, in percent of the ring (0 if the ring cannot
 * tell). Sampled whenever a block is borrowed. */
WT_API double wt_ring_high_water_pct(const struct wt_ring *ring);

/* High-water mark as a time: the traffic held then, from the stamp of the oldest frame in the ring
 * to that of the newest. */
WT_API int64_t wt_ring_high_water_ns(const struct wt_ring *ring);

/* Count the blocks (V2: slots) that the producer cannot use, from the oldest not yet given back to
 * the newest that it has filled, and all blocks. */
WT_API void wt_ring_fill(struct wt_ring *ring, uint32_t *filled, uint32_t *total);

/* Free the ring, not its memory. NULL is fine. */
WT_API void wt_ring_close(struct wt_ring *ring);

#ifdef __cplusplus
}
#endif
#endif
