/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/tpacket_v3.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include <wiretape/ring/kernel_abi.h>
#include <wiretape/ring/ring_private.h>

/* tpacket_block_desc is a header of two words and a union with only one version so far; the kernel
 * writes this much. */
enum { BLOCK_HEADER_BYTES = sizeof(struct tpacket_block_desc) };
_Static_assert(BLOCK_HEADER_BYTES == 48, "linux/if_packet.h");

enum {
	MIN_MAC_OFFSET = WT_V3_SLL_OFFSET + sizeof(struct sockaddr_ll),
	V3_ALIGNMENT = 8,
};

static void stop(struct wt_walk *walk, enum wt_walk_fault fault)
{
	walk->fault = (uint8_t)fault;
	walk->fault_offset = walk->offset;
	walk->left = 0;
}

void wt_tpacket_v3_walk_start(struct wt_walk *walk, void *block, size_t block_bytes,
                              uint32_t snaplen)
{
	const struct tpacket_hdr_v1 *header;
	uint32_t length, first;

	assert((uintptr_t)block % V3_ALIGNMENT == 0);
	*walk = (struct wt_walk){.base = block, .snaplen = snaplen ? snaplen : UINT32_MAX};
	if (block_bytes < BLOCK_HEADER_BYTES || block_bytes > UINT32_MAX) {
		stop(walk, WT_WALK_BLOCK_TOO_SMALL);
		return;
	}
	header = &((const struct tpacket_block_desc *)block)->hdr.bh1;
	length = header->blk_len;
	first = header->offset_to_first_pkt;
	walk->left = header->num_pkts;
	if (!walk->left)
		return;
	if (length < BLOCK_HEADER_BYTES || length > block_bytes) {
		stop(walk, WT_WALK_BLOCK_LENGTH);
		return;
	}
	if (first < BLOCK_HEADER_BYTES || first >= length || first % V3_ALIGNMENT) {
		stop(walk, WT_WALK_FIRST_OFFSET);
		return;
	}
	walk->bytes = length;
	walk->offset = first;
}

/* Put the tag back in the slot and change the header to match. A fault if there is no room for it
 * between header and frame. */
static __attribute__((noinline)) enum wt_walk_fault restore_vlan_tag(struct tpacket3_hdr *header)
{
	uint8_t *slot = (uint8_t *)header;
	uint16_t tpid = header->tp_status & TP_STATUS_VLAN_TPID_VALID ? header->hv1.tp_vlan_tpid
	                                                              : WT_DEFAULT_TPID;

	if (header->tp_len > UINT32_MAX - WT_VLAN_TAG_BYTES)
		return WT_WALK_LENGTHS;
	if (header->tp_mac < MIN_MAC_OFFSET + WT_VLAN_TAG_BYTES)
		return WT_WALK_MAC_OFFSET;
	header->tp_len += WT_VLAN_TAG_BYTES;
	header->tp_status &= ~(uint32_t)(TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID);
	if (header->tp_snaplen < WT_MAC_ADDRESSES_BYTES)
		return WT_WALK_OK; /* cut before the tag's place */
	wt_restore_vlan_tag(slot + header->tp_mac, tpid, (uint16_t)header->hv1.tp_vlan_tci);
	header->tp_mac -= WT_VLAN_TAG_BYTES;
	header->tp_snaplen += WT_VLAN_TAG_BYTES;
	return WT_WALK_OK;
}

/* Prefetch: the chain of offsets hides the next frame from the processor, and waiting for each
 * header costs more than everything else. Slots of equal size are predicted exactly, without their
 * data; else everything ahead is fetched in passing, unless that costs more than the wait. Larger
 * distances gain nothing on a ring that is in no cache. */
static inline void prefetch(const uint8_t *slot, size_t bytes, size_t last_bytes)
{
	enum { LINE = 64, SLOTS_AHEAD = 16, BYTES_AHEAD = 8192, SMALL = 512, LARGE = 4096 };
	uintptr_t at = (uintptr_t)slot; /* a number: what lies ahead may be outside the ring */

	if (bytes == last_bytes && bytes >= SMALL) {
		/* Fetch the end of the previous slot, where an encoder in place writes, and the
		 * header. */
		at += bytes * SLOTS_AHEAD - LINE / 4;
		__builtin_prefetch((const void *)at);
		__builtin_prefetch((const void *)(at + LINE));
		__builtin_prefetch((const void *)(at + 2 * LINE));
		return;
	}
	if (bytes > LARGE)
		return;
	/* Most slots are of two or three lines. */
	at += BYTES_AHEAD;
	__builtin_prefetch((const void *)at);
	__builtin_prefetch((const void *)(at + LINE));
	for (uintptr_t end = at + bytes; (at += LINE) + LINE < end;)
		__builtin_prefetch((const void *)(at + LINE));
}

static inline void view(uint8_t *slot, const struct tpacket3_hdr *header, uint32_t snaplen,
                        struct wt_frame *frame)
{
	const struct sockaddr_ll *address =
	        (const struct sockaddr_ll *)(const void *)(slot + WT_V3_SLL_OFFSET);
	const uint32_t status = header->tp_status;

	frame->data = slot + header->tp_mac;
	frame->stamp_ns = (int64_t)header->tp_sec * 1000000000 + header->tp_nsec;
	frame->dropped_before = 0;
	frame->caplen = header->tp_snaplen < snaplen ? header->tp_snaplen : snaplen;
	frame->len = header->tp_len;
	frame->link_flags = wt_link_flags(status, address->sll_pkttype);
	frame->stamp_source = wt_stamp_source_of(status);
	frame->notes = 0;
}

/* Check that the slot of `header`, which has `room` bytes, holds the frame; or why not. The length
 * of the slot, which is up to the next one, or all of the room for the last. */
static inline enum wt_walk_fault check(const struct tpacket3_hdr *header, size_t room, bool is_last,
                                       size_t *slot_bytes)
{
	const size_t next = header->tp_next_offset;

	*slot_bytes = next;
	/* The room is no less than that: one comparison for "too small" and "too large". */
	if (__builtin_expect(next - MIN_MAC_OFFSET > room - MIN_MAC_OFFSET, 0)) {
		if (next || !is_last)
			return WT_WALK_NEXT_OFFSET;
		*slot_bytes = room;
	} else if (next % V3_ALIGNMENT) {
		return WT_WALK_NEXT_OFFSET;
	}
	if (header->tp_mac < MIN_MAC_OFFSET)
		return WT_WALK_MAC_OFFSET;
	if ((size_t)header->tp_mac + header->tp_snaplen > *slot_bytes)
		return WT_WALK_FRAME_OUTSIDE;
	if (header->tp_snaplen > header->tp_len)
		return WT_WALK_LENGTHS;
	return header->tp_nsec < 1000000000u ? WT_WALK_OK : WT_WALK_STAMP;
}

/* Frames mostly have stamps of one source: their statuses do not differ there. */
static struct wt_frame_sums sums_of(const struct wt_frame *frames, size_t count, uint32_t differ,
                                    uint32_t cut)
{
	struct wt_frame_sums sums = {.cut = cut};

	if (differ & WT_STATUS_SOURCE_BITS)
		wt_frame_sums_of(&sums, frames, count);
	else if (count)
		sums.by_source[frames[0].stamp_source] = (uint32_t)count;
	return sums;
}

size_t wt_tpacket_v3_walk(struct wt_walk *walk, struct wt_frame *frames, size_t max)
{
	uint8_t *slot = walk->base + walk->offset;
	const uint8_t *const end = walk->base + walk->bytes;
	const struct wt_frame *const block_end = frames + walk->left;
	const struct wt_frame *const frames_end = max < walk->left ? frames + max : block_end;
	const uint32_t snaplen = walk->snaplen;
	size_t bytes = walk->slot_bytes;
	enum wt_walk_fault fault = WT_WALK_OK;
	uint32_t any = 0, all = UINT32_MAX, cut = 0; /* bits of their status */
	struct wt_frame *frame;

	for (frame = frames; frame < frames_end; frame++) {
		struct tpacket3_hdr *header = (struct tpacket3_hdr *)(void *)slot;
		const size_t last_bytes = bytes, room = (size_t)(end - slot);

		if (room < MIN_MAC_OFFSET) {
			fault = WT_WALK_HEADER_OUTSIDE;
			break;
		}
		fault = check(header, room, frame + 1 == block_end, &bytes);
		if (__builtin_expect(fault, 0))
			break;
		prefetch(slot, bytes, last_bytes);
		if (__builtin_expect(header->tp_status & TP_STATUS_VLAN_VALID, 0)) {
			fault = restore_vlan_tag(header);
			if (fault)
				break;
			view(slot, header, snaplen, frame);
			frame->notes = WT_FRAME_VLAN;
			frame->vlan_tci = (uint16_t)header->hv1.tp_vlan_tci;
		} else {
			view(slot, header, snaplen, frame);
		}
		any |= header->tp_status;
		all &= header->tp_status;
		cut += frame->caplen < frame->len;
		slot += bytes;
	}
	walk->sums = sums_of(frames, (size_t)(frame - frames), any ^ all, cut);
	walk->offset = (uint32_t)(slot - walk->base);
	walk->slot_bytes = (uint32_t)bytes;
	walk->left -= (uint32_t)(frame - frames);
	if (fault)
		stop(walk, fault);
	return (size_t)(frame - frames);
}

static struct tpacket_block_desc *block_at(const struct wt_ring *ring, uint32_t index)
{
	uint8_t *start = ring->memory.base + (size_t)index * ring->memory.block_bytes;

	return (struct tpacket_block_desc *)(void *)start;
}

/* Acquire: pairs with the store by which the kernel (or the simulated one) hands
 * the block over; what it wrote before is visible after. */
static bool is_filled(const struct wt_ring *ring, uint32_t index)
{
	return __atomic_load_n(&block_at(ring, index)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
	       TP_STATUS_USER;
}

static bool is_losing(const struct wt_ring *ring, uint32_t index)
{
	return block_at(ring, index)->hdr.bh1.block_status & TP_STATUS_LOSING;
}

static int64_t stamp_ns(const struct tpacket_bd_ts *stamp)
{
	return (int64_t)stamp->ts_sec * 1000000000 + stamp->ts_nsec;
}

/* Keep the times of a block's frames: the borrower may overwrite its headers. */
struct v3_ring {
	struct wt_ring ring;
	int64_t borrowed_first_ns[];
};

/* Not ts_first_pkt, which is when the block was opened. */
static int64_t first_ns(const struct wt_ring *ring, uint32_t index, bool borrowed)
{
	const struct tpacket_block_desc *block = block_at(ring, index);
	const struct tpacket3_hdr *header;
	uint32_t first;

	if (borrowed)
		return ((const struct v3_ring *)ring)->borrowed_first_ns[index];
	first = block->hdr.bh1.offset_to_first_pkt;
	if (!block->hdr.bh1.num_pkts || first % V3_ALIGNMENT || first < BLOCK_HEADER_BYTES ||
	    first > ring->memory.block_bytes - sizeof(*header))
		return stamp_ns(&block->hdr.bh1.ts_last_pkt);
	header = (const struct tpacket3_hdr *)(const void *)((const uint8_t *)block + first);
	return (int64_t)header->tp_sec * 1000000000 + header->tp_nsec;
}

static int64_t last_ns(const struct wt_ring *ring, uint32_t index)
{
	return stamp_ns(&block_at(ring, index)->hdr.bh1.ts_last_pkt);
}

static void keep_stamp(struct wt_ring *ring, uint32_t index)
{
	((struct v3_ring *)ring)->borrowed_first_ns[index] = first_ns(ring, index, false);
}

static void note_fill(struct wt_ring *ring)
{
	static const struct wt_ring_stamps stamps = {first_ns, last_ns};

	wt_ring_raise_high_water(ring, &stamps);
}

static int next_block(struct wt_ring *ring, struct wt_block *block)
{
	uint32_t index = ring->head;
	struct tpacket_block_desc *desc = block_at(ring, index);

	if (ring->borrowed == wt_ring_end(ring) || !is_filled(ring, index))
		return 0;
	note_fill(ring);
	keep_stamp(ring, index);
	*block = (struct wt_block){
	        .start = (uint8_t *)desc,
	        .bytes = ring->memory.block_bytes,
	        .index = index,
	        .frames = desc->hdr.bh1.num_pkts,
	        .number = ring->borrowed,
	};
	wt_tpacket_v3_walk_start(&block->walk, desc, block->bytes, ring->memory.snaplen);
	wt_ring_borrow(ring, 1);
	return 1;
}

static size_t read_frames(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                          size_t max)
{
	(void)ring;
	return wt_tpacket_v3_walk(&block->walk, frames, max);
}

/* Release: pairs with the load by which the kernel finds the block free; our
 * reads are done before it writes again. */
static void release_block(struct wt_ring *ring, struct wt_block *block)
{
	wt_ring_give_back(ring, block->index, 1);
	__atomic_store_n(&block_at(ring, block->index)->hdr.bh1.block_status, TP_STATUS_KERNEL,
	                 __ATOMIC_RELEASE);
}

int wt_tpacket_v3_ring_open(struct wt_ring **ring, const struct wt_ring_memory *memory)
{
	static const struct wt_ring_ops ops = {
	        .next_block = next_block,
	        .read_frames = read_frames,
	        .sums_up = true,
	        .release_block = release_block,
	        .is_filled = is_filled,
	        .is_losing = is_losing,
	        .note_fill = note_fill,
	        .close = wt_ring_free,
	};

	if (!memory->base || !memory->block_count || memory->block_bytes < BLOCK_HEADER_BYTES ||
	    memory->block_bytes % TPACKET_ALIGNMENT || (uintptr_t)memory->base % TPACKET_ALIGNMENT)
		return -EINVAL;
	return wt_ring_alloc(ring,
	                     sizeof(struct v3_ring) +
	                             memory->block_count *
	                                     sizeof(((struct v3_ring *)NULL)->borrowed_first_ns[0]),
	                     &ops, memory, memory->block_count);
}
