/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/tpacket_v2.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include <wiretape/ring/kernel_abi.h>
#include <wiretape/ring/ring_private.h>

enum { MIN_MAC_OFFSET = WT_V2_SLL_OFFSET + sizeof(struct sockaddr_ll) };

/* Length of a run borrowed at once: long enough to pay for itself, short enough that its slots soon
 * go back to the kernel. */
enum { MAX_RUN_SLOTS = 256 };

static void stop(struct wt_walk *walk, enum wt_walk_fault fault)
{
	walk->fault = (uint8_t)fault;
	walk->fault_offset = walk->offset;
	walk->left = 0;
}

void wt_tpacket_v2_walk_start(struct wt_walk *walk, void *first, uint32_t slot_bytes,
                              uint32_t slots, uint32_t snaplen)
{
	assert((uintptr_t)first % TPACKET_ALIGNMENT == 0);
	*walk = (struct wt_walk){
	        .base = first,
	        .left = slots,
	        .slot_bytes = slot_bytes,
	        .snaplen = snaplen ? snaplen : UINT32_MAX,
	};
	if (slot_bytes < MIN_MAC_OFFSET || (uint64_t)slot_bytes * slots > UINT32_MAX)
		stop(walk, WT_WALK_BLOCK_TOO_SMALL);
	else
		walk->bytes = slot_bytes * slots;
}

static bool restore_vlan_tag(struct wt_walk *walk, struct tpacket2_hdr *header)
{
	uint8_t *slot = walk->base + walk->offset;
	uint16_t tpid = header->tp_status & TP_STATUS_VLAN_TPID_VALID ? header->tp_vlan_tpid
	                                                              : WT_DEFAULT_TPID;

	if (header->tp_mac < MIN_MAC_OFFSET + WT_VLAN_TAG_BYTES) {
		stop(walk, WT_WALK_MAC_OFFSET);
		return false;
	}
	header->tp_len += WT_VLAN_TAG_BYTES;
	header->tp_status &= ~(uint32_t)(TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID);
	if (header->tp_snaplen < WT_MAC_ADDRESSES_BYTES)
		return true; /* cut before the tag's place */
	wt_restore_vlan_tag(slot + header->tp_mac, tpid, header->tp_vlan_tci);
	header->tp_mac -= WT_VLAN_TAG_BYTES;
	header->tp_snaplen += WT_VLAN_TAG_BYTES;
	return true;
}

static enum wt_walk_fault check(const struct wt_walk *walk, const struct tpacket2_hdr *header)
{
	if (header->tp_mac < MIN_MAC_OFFSET)
		return WT_WALK_MAC_OFFSET;
	if ((uint64_t)header->tp_mac + header->tp_snaplen > walk->slot_bytes)
		return WT_WALK_FRAME_OUTSIDE;
	if (header->tp_snaplen > header->tp_len)
		return WT_WALK_LENGTHS;
	if (header->tp_status & TP_STATUS_VLAN_VALID &&
	    header->tp_len > UINT32_MAX - WT_VLAN_TAG_BYTES)
		return WT_WALK_LENGTHS;
	if (header->tp_nsec >= 1000000000u)
		return WT_WALK_STAMP;
	return WT_WALK_OK;
}

static bool read_frame(struct wt_walk *walk, struct wt_frame *frame)
{
	uint8_t *slot = walk->base + walk->offset;
	struct tpacket2_hdr *header = (struct tpacket2_hdr *)(void *)slot;
	const struct sockaddr_ll *address =
	        (const struct sockaddr_ll *)(const void *)(slot + WT_V2_SLL_OFFSET);
	enum wt_walk_fault fault = check(walk, header);
	uint32_t status = header->tp_status;
	uint8_t notes = 0;

	if (fault) {
		stop(walk, fault);
		return false;
	}
	if (status & TP_STATUS_VLAN_VALID) {
		if (!restore_vlan_tag(walk, header))
			return false;
		notes |= WT_FRAME_VLAN;
	}
	notes |= status & TP_STATUS_COPY ? WT_FRAME_COPY : 0;
	*frame = (struct wt_frame){
	        .data = slot + header->tp_mac,
	        .stamp_ns = (int64_t)header->tp_sec * 1000000000 + header->tp_nsec,
	        .caplen = header->tp_snaplen < walk->snaplen ? header->tp_snaplen : walk->snaplen,
	        .len = header->tp_len,
	        .link_flags = wt_link_flags(status, address->sll_pkttype),
	        .stamp_source = wt_stamp_source_of(status),
	        .notes = notes,
	        .vlan_tci = header->tp_vlan_tci,
	};
	walk->offset += walk->slot_bytes;
	walk->left--;
	return true;
}

size_t wt_tpacket_v2_walk(struct wt_walk *walk, struct wt_frame *frames, size_t max)
{
	size_t count = 0;

	while (count < max && walk->left && read_frame(walk, &frames[count]))
		count++;
	return count;
}

/* Slot by its number in the ring; slots do not cross a block's end. */
static uint8_t *slot_at(const struct wt_ring *ring, uint32_t slot)
{
	uint32_t per_block = ring->memory.block_bytes / ring->memory.slot_bytes;
	uint8_t *block = ring->memory.base + (size_t)(slot / per_block) * ring->memory.block_bytes;

	return block + (size_t)(slot % per_block) * ring->memory.slot_bytes;
}

/* Acquire: pairs with the kernel's store of the status after it has written the
 * frame. */
static bool is_slot_filled(const uint8_t *slot)
{
	const struct tpacket2_hdr *header = (const struct tpacket2_hdr *)(const void *)slot;

	return __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static bool is_filled(const struct wt_ring *ring, uint32_t slot)
{
	return is_slot_filled(slot_at(ring, slot));
}

static bool is_losing(const struct wt_ring *ring, uint32_t slot)
{
	const struct tpacket2_hdr *header =
	        (const struct tpacket2_hdr *)(const void *)slot_at(ring, slot);

	return header->tp_status & TP_STATUS_LOSING;
}

/* A borrowed slot keeps its stamp. */
static int64_t stamp_ns(const struct wt_ring *ring, uint32_t slot, bool borrowed)
{
	const struct tpacket2_hdr *header =
	        (const struct tpacket2_hdr *)(const void *)slot_at(ring, slot);

	(void)borrowed;
	return (int64_t)header->tp_sec * 1000000000 + header->tp_nsec;
}

static int64_t last_ns(const struct wt_ring *ring, uint32_t slot)
{
	return stamp_ns(ring, slot, false);
}

static void note_fill(struct wt_ring *ring)
{
	static const struct wt_ring_stamps stamps = {stamp_ns, last_ns};

	wt_ring_raise_high_water(ring, &stamps);
}

/* Count filled slots from the head on, to the end of their block or to the next loss. */
static uint32_t run_length(const struct wt_ring *ring, const uint8_t *first)
{
	uint32_t per_block = ring->memory.block_bytes / ring->memory.slot_bytes;
	uint32_t most = per_block - ring->head % per_block;
	uint64_t left = wt_ring_end(ring) - ring->borrowed;
	uint32_t run = 0;

	if (most > MAX_RUN_SLOTS)
		most = MAX_RUN_SLOTS;
	if (most > left)
		most = (uint32_t)left;
	most = wt_drop_marks_until(&ring->drops, ring->borrowed, most);
	while (run < most && is_slot_filled(first + (size_t)run * ring->memory.slot_bytes))
		run++;
	return run;
}

static int next_block(struct wt_ring *ring, struct wt_block *block)
{
	uint8_t *first = slot_at(ring, ring->head);
	uint32_t run = run_length(ring, first);

	if (!run)
		return 0;
	note_fill(ring);
	*block = (struct wt_block){
	        .start = first,
	        .bytes = (size_t)run * ring->memory.slot_bytes,
	        .index = ring->head,
	        .frames = run,
	        .number = ring->borrowed,
	};
	wt_tpacket_v2_walk_start(&block->walk, first, ring->memory.slot_bytes, run,
	                         ring->memory.snaplen);
	wt_ring_borrow(ring, run);
	return 1;
}

static size_t read_frames(struct wt_ring *ring, struct wt_block *block, struct wt_frame *frames,
                          size_t max)
{
	(void)ring;
	return wt_tpacket_v2_walk(&block->walk, frames, max);
}

/* Release: pairs with the kernel's read of the slot before it writes again. From the last slot on,
 * so that a kernel that waits for the first finds all of them: it is asked for its drops before it
 * has filled them and drops again. */
static void release_block(struct wt_ring *ring, struct wt_block *block)
{
	wt_ring_give_back(ring, block->index, block->frames);
	for (uint32_t i = block->frames; i--;) {
		uint8_t *slot = block->start + (size_t)i * ring->memory.slot_bytes;

		__atomic_store_n(&((struct tpacket2_hdr *)(void *)slot)->tp_status,
		                 TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	}
}

int wt_tpacket_v2_ring_open(struct wt_ring **ring, const struct wt_ring_memory *memory)
{
	static const struct wt_ring_ops ops = {
	        .next_block = next_block,
	        .read_frames = read_frames,
	        .release_block = release_block,
	        .is_filled = is_filled,
	        .is_losing = is_losing,
	        .note_fill = note_fill,
	        .close = wt_ring_free,
	};
	uint64_t slots;

	if (!memory->base || !memory->block_count || memory->slot_bytes < MIN_MAC_OFFSET ||
	    memory->slot_bytes % TPACKET_ALIGNMENT || memory->slot_bytes > memory->block_bytes ||
	    memory->block_bytes % TPACKET_ALIGNMENT || (uintptr_t)memory->base % TPACKET_ALIGNMENT)
		return -EINVAL;
	slots = (uint64_t)memory->block_count * (memory->block_bytes / memory->slot_bytes);
	if (slots > UINT32_MAX)
		return -EINVAL;
	return wt_ring_alloc(ring, sizeof(struct wt_ring), &ops, memory, (uint32_t)slots);
}
