/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/placement.h>

/* A copy saves, of each frame, a header and address of TPACKET_V3 with what aligns them (88 bytes)
 * less a packet block (46), and of each block the rest of its last page. What copying costs the
 * processor is what a disk takes for 28 % more bytes and another 4 a frame (bench/encode,
 * bench/sink, on two virtual cores; only the ratio counts). So full blocks are written in place if
 * a frame fills 178 bytes of them, which packets from 93 bytes on do, and those of which time has
 * run out if there is enough in them: 7 packets of 1400 bytes. */
enum { SAVED_BYTES = 88 - 46, PAGE_BYTES = 4096 };

static bool is_cheaper_in_place(const struct wt_placement_block *block)
{
	uint64_t frames = block->frames, used = block->used_bytes;
	uint64_t saved = frames * SAVED_BYTES, copied = used > saved ? used - saved : 0;
	uint64_t in_place = (used + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;

	return 100 * in_place < 128 * copied + 400 * frames;
}

bool wt_placement_in_place(enum wt_placement placement, const struct wt_placement_block *block)
{
	if (placement != WT_PLACEMENT_AUTO)
		return placement == WT_PLACEMENT_INPLACE;
	return is_cheaper_in_place(block);
}
