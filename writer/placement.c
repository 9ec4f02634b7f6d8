/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/layout.h>

#include <errno.h>
#include <string.h>

/* Bytes of a slot beside its frame: header and address of TPACKET_V3, up to the frame, and
 * alignment behind it. And those of a packet block beside its frame, with alignment. */
enum { SLOT_OVERHEAD = 84 + 4, EPB_OVERHEAD = 44 + 2, CHUNK_BYTES = 4096 };

/* Measured with bench/encode and bench/sink on a machine of two virtual cores; only their
 * ratios matter. The disk's price of a byte is what it takes from the next writer, and
 * it counts although the processor does not wait for it: space and bandwidth end too. */
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

double wt_layout_cost_in_place(const struct wt_layout_block *block)
{
	return in_place_ns_per_frame * block->frames +
	       disk_ns_per_byte * whole_chunks(block->used_bytes);
}

/* The copy shares its chunk with other blocks' copies: no rounding up. */
double wt_layout_cost_compact(const struct wt_layout_block *block)
{
	double data = (double)block->used_bytes - (double)block->frames * SLOT_OVERHEAD;
	double bytes = (data > 0 ? data : 0) + (double)block->frames * EPB_OVERHEAD;

	return compact_ns_per_frame * block->frames +
	       (compact_ns_per_byte + disk_ns_per_byte) * bytes;
}

bool wt_layout_in_place(enum wt_layout layout, const struct wt_layout_block *block)
{
	if (layout != WT_LAYOUT_AUTO)
		return layout == WT_LAYOUT_INPLACE;
	return wt_layout_cost_in_place(block) < wt_layout_cost_compact(block);
}

static const char *const names[] = {
        [WT_LAYOUT_AUTO] = "auto",
        [WT_LAYOUT_INPLACE] = "inplace",
        [WT_LAYOUT_COMPACT] = "compact",
};

const char *wt_layout_name(enum wt_layout layout)
{
	return names[layout];
}

int wt_layout_from_name(const char *name)
{
	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (!strcmp(name, names[i]))
			return i;
	return -EINVAL;
}
