/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_TAPE_BUILDER_H
#define WIRETAPE_TESTS_TAPE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/clock_record.h>
#include <wiretape/pcapng/tape_mark.h>

/* Builds a recording made of chunks in memory, as the recorder writes it, to be damaged and written
 * to a file. Aborts when it is full.
 *
 *     tape_begin(&tape, 2);
 *     tape_packet(&tape, stamp_ns, caplen); …  tape_chunk(&tape); …
 *     tape_close(&tape); */

enum {
	TAPE_CHUNKS_MAX = 4096,
	TAPE_PACKETS_MAX = 65536,
	TAPE_INTERFACES_MAX = 8,
	TAPE_OPEN_BYTES = 1 << 20, /* of the chunk that is being filled */
};

#define TAPE_ID 0x0123456789abcdefu

struct tape_chunk {
	uint64_t offset;
	uint32_t bytes;
	uint32_t index_bytes;
	uint32_t first_packet; /* in tape_builder.packets */
	uint32_t packet_count;
};

struct tape_packet {
	int64_t stamp_ns;
	uint32_t interface_id;
	uint32_t number; /* also in the packet's first bytes */
};

struct tape_builder {
	uint8_t *bytes;
	size_t length, room;
	uint32_t interfaces;
	uint16_t open_flags;
	bool in_place; /* lay chunks out in place from now on; all packets are then interface 0's */
	uint64_t seed; /* of tape_random() */
	struct wt_chunk_run run;
	struct wt_chunk_packets open;
	struct wt_chunk_maps open_maps; /* in its index: what its packets name */
	bool is_old;                    /* WT_CHUNK_FORMAT 1: indexes have no maps */
	uint8_t *open_bytes;
	uint32_t open_used;
	uint32_t open_last; /* the last block that was put there; in place */
	struct tape_chunk chunks[TAPE_CHUNKS_MAX];
	size_t chunk_count;
	struct tape_packet packets[TAPE_PACKETS_MAX];
	size_t packet_count;
};

/* Begin with the first chunk. The test frees the memory with tape_free(). */
void tape_begin(struct tape_builder *tape, uint32_t interfaces);
void tape_free(struct tape_builder *tape);

/* Like tape_begin(), with what the section header says of the tape. */
void tape_begin_marked(struct tape_builder *tape, uint32_t interfaces,
                       const struct wt_tape_mark *mark);

/* Like tape_begin(), with a description of the clock for all interfaces and `count` clock blocks.
 */
void tape_begin_clocked(struct tape_builder *tape, uint32_t interfaces, const char *clock,
                        const struct wt_clock_record *notes, size_t count);

/* Begin a tape as written before indexes had maps. */
void tape_begin_old(struct tape_builder *tape, uint32_t interfaces, const char *clock,
                    const struct wt_clock_record *notes, size_t count);

/* Put a clock block into the open chunk, which must not be one in place. */
void tape_note(struct tape_builder *tape, const struct wt_clock_record *note);

/* Put a packet whose stamp was converted from `given_ns` with `map`. */
void tape_stamped(struct tape_builder *tape, const struct wt_clock_map *map, int64_t given_ns,
                  uint32_t caplen);

/* Put a packet into the open chunk, and end that one. */
void tape_packet(struct tape_builder *tape, int64_t stamp_ns, uint32_t caplen);
void tape_chunk(struct tape_builder *tape);

/* Put statistics of all interfaces into the open chunk. */
void tape_statistics(struct tape_builder *tape);

/* Write the last chunk: statistics only. */
void tape_close(struct tape_builder *tape);

/* Append at most `bytes` zeros. */
void tape_append_zeros(struct tape_builder *tape, size_t bytes);

/* Zero the page at `offset`, as if never written. */
void tape_zero_page(struct tape_builder *tape, uint64_t offset);

/* Swap the byte order of all numbers, up to the current length. */
void tape_swap(struct tape_builder *tape);

/* Draw a number below `bound`; the same ones for the same seed. */
uint64_t tape_random(struct tape_builder *tape, uint64_t bound);

/* Write to an existing file, truncated to the tape's length. */
void tape_write(const struct tape_builder *tape, int fd);

#endif
