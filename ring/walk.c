/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/ring/ring.h>

void wt_frame_sums_of(struct wt_frame_sums *sums, const struct wt_frame *frames, size_t count)
{
	*sums = (struct wt_frame_sums){0};
	for (size_t i = 0; i < count; i++) {
		sums->cut += frames[i].caplen < frames[i].len;
		sums->by_source[frames[i].stamp_source]++;
	}
}

const char *wt_walk_fault_text(enum wt_walk_fault fault)
{
	static const char *const texts[WT_WALK_FAULTS] = {
	        [WT_WALK_OK] = "no fault",
	        [WT_WALK_BLOCK_TOO_SMALL] = "the block is too small for its own header",
	        [WT_WALK_BLOCK_LENGTH] = "blk_len does not fit the block",
	        [WT_WALK_FIRST_OFFSET] = "offset_to_first_pkt points outside the block",
	        [WT_WALK_NEXT_OFFSET] =
	                "tp_next_offset leaves the block, goes nowhere or is misaligned",
	        [WT_WALK_HEADER_OUTSIDE] = "the frame header reaches past the end of the block",
	        [WT_WALK_MAC_OFFSET] = "tp_mac points into the frame's own header",
	        [WT_WALK_FRAME_OUTSIDE] = "tp_mac and tp_snaplen reach past the end of the slot",
	        [WT_WALK_LENGTHS] = "tp_snaplen is larger than tp_len",
	        [WT_WALK_STAMP] = "tp_nsec is a second or more",
	};

	return (unsigned)fault < WT_WALK_FAULTS ? texts[fault] : "unknown fault";
}
