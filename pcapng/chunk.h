/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_CHUNK_H
#define WIRETAPE_WRITER_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/pcapng/pcapng_format.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A recording on a disk is a sequence of chunks (docs/format.md). Each starts on a
 * multiple of 4096 bytes, is a multiple of 4096 long and is whole pcapng blocks. The
 * first one is the section header, the interfaces and padding; each of the others opens
 * with an index block that says what is in it. So every write is aligned, a time is
 * found by binary search, and after a crash the good chunks are found among the holes.
 *
 * Pure: no I/O, no allocation, any thread. */

enum {
	WT_CHUNK_ALIGNMENT = 4096,
	WT_CHUNK_BYTES_MAX = 16 << 20,
	WT_CHUNK_INDEX_BYTES = 132, /* of the index block; in place it may be longer */
	/* Of a packet: with the rest of its block, up to 96 bytes as it is encoded compactly, it
	 * may fill a page. Where options fill a block up to 4096 bytes or more, whoever does so
	 * sets has_large. */
	WT_CHUNK_LARGE_BYTES = 4096 - 96,
};

/* Local block types, which other readers skip. */
#define WT_PCAPNG_INDEX   0x80577401u /* opens a chunk */
#define WT_PCAPNG_PADDING 0x80577402u /* means nothing */
#define WT_PCAPNG_MISSING 0x80577403u /* a hole that repair has closed; text "name=value\n" */

#define WT_CHUNK_MAGIC    0x78695457u /* "WTix" in little-endian order */
#define WT_CHUNK_MIXED    UINT32_MAX  /* interface_id: of several interfaces, or of none */
#define WT_CHUNK_IN_PLACE 1u          /* flags: the memory of a TPACKET_V3 block; */
#define WT_CHUNK_CLOCKS   2u          /* clock blocks (clock_note.h) may be in it, else not */

/* The index block, in the byte order of its section. The bytes 8 to 47 are those of a
 * TPACKET_V3 block's header as the kernel left them, but for the count of packets
 * (linux/if_packet.h, struct tpacket_hdr_v1); a chunk that was encoded compactly has the
 * same fields. */
struct wt_chunk_index {
	uint32_t type;         /* WT_PCAPNG_INDEX */
	uint32_t total_length; /* up to the chunk's first packet */
	uint32_t status;       /* TP_STATUS_*; compact: 1 */
	uint32_t packets;      /* packet blocks in this chunk */
	uint32_t first_offset; /* in place: of the kernel's first header; compact: total_length */
	uint32_t used_bytes;   /* in place: of the kernel's block; compact: chunk_bytes */
	uint64_t block_number; /* in place: the kernel's sequence number; compact: 0 */
	uint32_t first_s; /* in place: when the kernel opened the block; compact: of the first */
	uint32_t first_ns;
	uint32_t last_s; /* of the last packet; compact, without packets: 0, both */
	uint32_t last_ns;
	uint32_t magic; /* WT_CHUNK_MAGIC */
	uint32_t chunk_bytes;
	uint64_t tape_id;        /* of the file, as in its section header */
	uint64_t offset;         /* of this chunk in the file */
	uint64_t packets_before; /* packet blocks in the chunks before */
	int64_t min_ns;          /* the smallest and the largest stamp in this chunk; */
	int64_t max_ns;          /* INT64_MAX and INT64_MIN without packets */
	int64_t max_so_far_ns;   /* the largest in the file, this chunk included */
	/* How far any chunk so far, this one included, reaches back behind the largest stamp of
	 * the chunks before it. So in a chunk that follows one with max_so_far_ns = m no stamp
	 * is below m - reach_back_ns of the file's last index. */
	int64_t reach_back_ns;
	uint32_t interface_id; /* of all packets, or WT_CHUNK_MIXED */
	uint32_t number;       /* counts the file's chunks from 1; the first one has no index */
	uint32_t page_check;   /* wt_chunk_page_check(), or 0 if that was not needed */
	uint16_t flags;        /* WT_CHUNK_IN_PLACE, WT_CHUNK_CLOCKS */
	uint16_t reserved;
	/* zeros, total_length */
};

/* What is known of a chunk's packets when it is closed. */
struct wt_chunk_packets {
	uint64_t count;
	int64_t first_ns, last_ns;
	int64_t min_ns, max_ns;
	uint32_t interface_id; /* WT_CHUNK_MIXED */
	bool has_large;        /* some packet block may have a page all to itself */
};

/* The state that runs through the chunks of one file. */
struct wt_chunk_run {
	uint64_t tape_id;
	uint64_t offset; /* of the next chunk */
	uint64_t packets;
	int64_t max_so_far_ns;
	int64_t reach_back_ns;
	uint32_t number;
};

/* No packets yet. */
void wt_chunk_packets_init(struct wt_chunk_packets *packets);

/* Take one more into account: inline, for the loop over all packets. */
static inline void wt_chunk_packets_add(struct wt_chunk_packets *packets, int64_t stamp_ns,
                                        uint32_t caplen)
{
	if (!packets->count++)
		packets->first_ns = stamp_ns;
	packets->last_ns = stamp_ns;
	packets->min_ns = stamp_ns < packets->min_ns ? stamp_ns : packets->min_ns;
	packets->max_ns = stamp_ns > packets->max_ns ? stamp_ns : packets->max_ns;
	packets->has_large |= caplen >= WT_CHUNK_LARGE_BYTES;
}

/* Seconds and nanoseconds as an index has them: what does not fit, before 1970 or after 2106,
 * becomes the nearest that does. */
void wt_chunk_split_ns(int64_t ns, uint32_t *s, uint32_t *rest_ns);

/* Before the first chunk with an index, at `offset`: the length of the first chunk. */
void wt_chunk_run_init(struct wt_chunk_run *run, uint64_t tape_id, uint64_t offset);

/* Close the chunk of `bytes` bytes (a multiple of 4096) at `chunk`: write its index, of
 * `index_bytes` bytes (WT_CHUNK_INDEX_BYTES or more, a multiple of 4), and go on with the
 * run. In place the bytes 8 to 47 are left as they are, but for the count of packets. */
void wt_chunk_seal(uint8_t *chunk, uint32_t bytes, uint32_t index_bytes,
                   const struct wt_chunk_packets *packets, uint16_t flags,
                   struct wt_chunk_run *run);

/* A padding block of `bytes` bytes (a multiple of 4, at least 12) at `out`. Its body is
 * zeroed as far as it lies within the first 4096 bytes, if `zero`. */
void wt_chunk_pad(uint8_t *out, uint32_t bytes, bool zero);

/* The bytes of padding that bring a chunk of `used` bytes to a multiple of 4096: 0, or at
 * least 12, so that a block fits. */
uint32_t wt_chunk_padding(uint32_t used);

/* Read an index at the start of `bytes`, `offset` being its place in the file, in either
 * byte order. False for anything else, or one that contradicts itself or its place. */
bool wt_chunk_parse(const uint8_t *bytes, size_t length, uint64_t offset, bool swapped,
                    struct wt_chunk_index *index);

/* Whether the chunk at `bytes` is whole: its blocks chain up to chunk_bytes, the packet
 * blocks are as many as the index says, and the check of pages agrees. What a write that
 * happened in part leaves is not. */
bool wt_chunk_is_whole(const uint8_t *bytes, size_t length, bool swapped,
                       const struct wt_chunk_index *index);

/* A sum over the first eight bytes of those pages of the chunk that lie between the two
 * lengths of one block: a page that was not written does not show otherwise there. */
uint32_t wt_chunk_page_check(const uint8_t *bytes, size_t length, bool swapped);

#ifndef __cplusplus
WT_LAYOUT(wt_chunk_index, status, 8);
WT_LAYOUT(wt_chunk_index, block_number, 24);
WT_LAYOUT(wt_chunk_index, magic, 48);
WT_LAYOUT(wt_chunk_index, tape_id, 56);
WT_LAYOUT(wt_chunk_index, min_ns, 80);
WT_LAYOUT(wt_chunk_index, interface_id, 112);
WT_LAYOUT(wt_chunk_index, flags, 124);
_Static_assert(sizeof(struct wt_chunk_index) + 4 == WT_CHUNK_INDEX_BYTES, "and its length again");
#endif

#ifdef __cplusplus
}
#endif
#endif
