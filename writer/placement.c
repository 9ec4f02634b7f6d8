/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/placement.h>

/* Bytes of a slot in addition to its frame: header and address of TPACKET_V3, up to the frame, and
 * alignment after it. And those of a packet block, with alignment. */
enum { SLOT_OVERHEAD = 84 + 4, EPB_OVERHEAD = 44 + 2, CHUNK_BYTES = 4096 };

/* Measured with bench/encode and bench/sink on a machine of two virtual cores; only their ratios
 * matter. The disk's price of a byte is the delay of the next writer, and counts although the
 * processor does not wait for it: space and bandwidth are limited, too. */
static const double in_place_ns_per_frame = 6;
static const double compact_ns_per_frame = 7;
static const double compact_ns_per_byte = 0.07;
static const double disk_ns_per_byte = 0.25;

static double whole_chunks(double bytes)
{
	double chunks = bytes / CHUNK_BYTES;
	uint64_t whole = (uint64_t)chunks;

	return (double)(whole < chunks ? whole + 1 : whole) * CHUNK_BYTES;
}

double wt_placement_cost_in_place(const struct wt_placement_block *block)
{
	return in_place_ns_per_frame * block->frames +
	       disk_ns_per_byte * whole_chunks(block->used_bytes);
}

/* The copy shares its chunk with copies of other blocks: no rounding up. */
double wt_placement_cost_compact(const struct wt_placement_block *block)
{
	double data = (double)block->used_bytes - (double)block->frames * SLOT_OVERHEAD;
	double bytes = (data > 0 ? data : 0) + (double)block->frames * EPB_OVERHEAD;

	return compact_ns_per_frame * block->frames +
	       (compact_ns_per_byte + disk_ns_per_byte) * bytes;
}

bool wt_placement_in_place(enum wt_placement placement, const struct wt_placement_block *block)
{
	if (placement != WT_PLACEMENT_AUTO)
		return placement == WT_PLACEMENT_INPLACE;
	return wt_placement_cost_in_place(block) < wt_placement_cost_compact(block);
}
