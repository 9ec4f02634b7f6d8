/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_PCAPNG_CHUNK_H
#define WIRETAPE_PCAPNG_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/pcapng/pcapng_format.h>
#include <wiretape/stamp/clock_map.h>

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
	WT_CHUNK_INDEX_BYTES = 132, /* of the index block without maps; in place it may be longer */
	WT_CHUNK_MAP_BYTES = 72,    /* of each clock map in it */
	WT_CHUNK_MAPS_MAX = 8,
	/* Bytes of an index with room for all of them. */
	WT_CHUNK_FULL_INDEX_BYTES = WT_CHUNK_INDEX_BYTES + WT_CHUNK_MAPS_MAX * WT_CHUNK_MAP_BYTES,
	/* Limit for a packet: with the rest of its block, up to 96 bytes in compact encoding, it
	 * may fill a page. Whoever fills a block with options to 4096 bytes or more sets
	 * has_large. */
	WT_CHUNK_LARGE_BYTES = 4096 - 96,
};

/* Local block types, which other readers skip. */
#define WT_PCAPNG_INDEX   0x80577401u /* opens a chunk */
#define WT_PCAPNG_PADDING 0x80577402u /* means nothing */
#define WT_PCAPNG_GAP     0x80577403u /* a hole that repair has closed; text "name=value\n" */

/* Version of the chunks, in the section header (tape_mark.h). From 2 on the indexes carry clock
 * maps: before a packet that names a map, its chunk has that map in the index or in a clock block.
 */
#define WT_CHUNK_FORMAT 2

#define WT_CHUNK_MAGIC    0x78695457u /* "WTix" in little-endian order */
#define WT_CHUNK_MIXED    UINT32_MAX  /* interface_id: several interfaces, or none */
#define WT_CHUNK_IN_PLACE 1u          /* flags: made in the memory of a TPACKET_V3 block; */
#define WT_CHUNK_CLOCKS   2u          /* may hold clock blocks (clock_record.h) */

/* Index block, in the byte order of its section. Bytes 8 to 47 are a TPACKET_V3 block's header as
 * the kernel left it, except for the count of packets (linux/if_packet.h, struct tpacket_hdr_v1); a
 * chunk in compact encoding has the same fields. */
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
	uint32_t last_s; /* of the last packet; compact, without packets: both 0 */
	uint32_t last_ns;
	uint32_t magic; /* WT_CHUNK_MAGIC */
	uint32_t chunk_bytes;
	uint64_t tape_id;        /* the file's, as in its section header */
	uint64_t offset;         /* this chunk's, in the file */
	uint64_t packets_before; /* packet blocks in earlier chunks */
	int64_t min_ns;          /* the smallest and the largest stamp in this chunk; */
	int64_t max_ns;          /* INT64_MAX and INT64_MIN without packets */
	int64_t max_so_far_ns;   /* the largest in the file, this chunk included */
	/* The furthest that any chunk up to this one reaches back before the largest stamp of the
	 * chunks preceding it. So in a chunk after one with max_so_far_ns = m no stamp is below m -
	 * reach_back_ns of the file's last index. */
	int64_t reach_back_ns;
	uint32_t interface_id; /* interface of all packets, or WT_CHUNK_MIXED */
	uint32_t number; /* number of this chunk in the file, from 1; the first one has no index */
	uint32_t page_check; /* wt_chunk_page_check(), or 0 if not needed */
	uint16_t flags;      /* WT_CHUNK_IN_PLACE, WT_CHUNK_CLOCKS */
	uint16_t maps;       /* how many follow, at most WT_CHUNK_MAPS_MAX */
	                     /* maps, zeros, total_length */
};

/* Clock map in an index. */
struct wt_chunk_map {
	struct wt_clock_map map;
	uint32_t interface_id;
	uint32_t reserved;
};

/* The maps that the stamps of a chunk may have been made with, by interface: the one in force at
 * its first packet and the one of before the clock was set, unless clock blocks of the chunk say
 * it. All zeros: none. */
struct wt_chunk_maps {
	uint32_t count;
	struct wt_chunk_map at[WT_CHUNK_MAPS_MAX];
};

/* Summary of a chunk's packets, for closing it. */
struct wt_chunk_packets {
	uint64_t count;
	int64_t first_ns, last_ns;
	int64_t min_ns, max_ns;
	uint32_t interface_id;            /* WT_CHUNK_MIXED */
	bool has_large;                   /* some packet block may cover an entire page */
	const struct wt_chunk_maps *maps; /* for the index; NULL: none */
};

/* State that runs through the chunks of one file. */
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

/* Take one more into account; inline, for the loop over all packets. */
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

/* Add a map, if it has a number, for which there is room. */
void wt_chunk_maps_add(struct wt_chunk_maps *maps, uint32_t interface_id,
                       const struct wt_clock_map *map);

/* Split into seconds and nanoseconds as in an index: times before 1970 or after 2106 become the
 * nearest that fits. */
void wt_chunk_split_ns(int64_t ns, uint32_t *s, uint32_t *rest_ns);

/* Start the run at `offset`, the length of the first chunk: before the first chunk with an
 * index. */
void wt_chunk_run_init(struct wt_chunk_run *run, uint64_t tape_id, uint64_t offset);

/* Close the chunk of `bytes` bytes (a multiple of 4096) at `chunk`: write its index, of
 * `index_bytes` bytes (a multiple of 4, with room for the maps), and advance the run. In
 * place, bytes 8 to 47 stay as they are, except for the count of packets. */
void wt_chunk_seal(uint8_t *chunk, uint32_t bytes, uint32_t index_bytes,
                   const struct wt_chunk_packets *packets, uint16_t flags,
                   struct wt_chunk_run *run);

/* Write a padding block of `bytes` bytes (a multiple of 4, at least 12) to `out`. With `zero`, its
 * body is zeroed within the first 4096 bytes. */
void wt_chunk_pad(uint8_t *out, uint32_t bytes, bool zero);

/* Bytes of padding that bring a chunk of `used` bytes to a multiple of 4096: 0, or at least 12, so
 * that a block fits. */
uint32_t wt_chunk_padding(uint32_t used);

/* Read an index at the start of `bytes`, at `offset` in the file, in either byte order. False for
 * anything else, or if it contradicts itself or its place. */
bool wt_chunk_parse(const uint8_t *bytes, size_t length, uint64_t offset, bool swapped,
                    struct wt_chunk_index *index);

/* Read map `number` of index->maps, from the chunk at `bytes`, which has its whole index. */
void wt_chunk_read_map(const uint8_t *bytes, const struct wt_chunk_index *index, bool swapped,
                       uint32_t number, struct wt_chunk_map *map);

/* Whether the chunk at `bytes` is complete: its blocks chain up to chunk_bytes, the count of packet
 * blocks matches the index, and so does the check of pages. A partial write does not pass. */
bool wt_chunk_is_whole(const uint8_t *bytes, size_t length, bool swapped,
                       const struct wt_chunk_index *index);

/* Sum over the first eight bytes of the pages that lie between the two lengths of one block: only
 * this reveals that such a page was not written. */
uint32_t wt_chunk_page_check(const uint8_t *bytes, size_t length, bool swapped);

WT_ASSERT_OFFSET(wt_chunk_index, status, 8);
WT_ASSERT_OFFSET(wt_chunk_index, block_number, 24);
WT_ASSERT_OFFSET(wt_chunk_index, magic, 48);
WT_ASSERT_OFFSET(wt_chunk_index, tape_id, 56);
WT_ASSERT_OFFSET(wt_chunk_index, min_ns, 80);
WT_ASSERT_OFFSET(wt_chunk_index, interface_id, 112);
WT_ASSERT_OFFSET(wt_chunk_index, flags, 124);
WT_ASSERT_OFFSET(wt_clock_map, epoch, 4);
WT_ASSERT_OFFSET(wt_clock_map, phc_ns, 8);
WT_ASSERT_OFFSET(wt_clock_map, rate, 24);
WT_ASSERT_OFFSET(wt_clock_map, error_ns, 40);
WT_ASSERT_OFFSET(wt_clock_map, born_utc_ns, 56);
WT_ASSERT_OFFSET(wt_chunk_map, interface_id, 64);
_Static_assert(sizeof(struct wt_chunk_map) == WT_CHUNK_MAP_BYTES, "no padding");
_Static_assert(sizeof(struct wt_chunk_index) + 4 == WT_CHUNK_INDEX_BYTES, "and its length again");

#endif
