/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_TAPE_BUILDER_H
#define WIRETAPE_TESTS_TAPE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/writer/clock_note.h>

/* A recording made of chunks, in memory, as the recorder writes it; to be damaged and written
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
	bool in_place; /* chunks are laid out so, from now on; then all are of interface 0 */
	uint64_t seed; /* of tape_random() */
	struct wt_chunk_run run;
	struct wt_chunk_packets open;
	uint8_t *open_bytes;
	uint32_t open_used;
	uint32_t open_last; /* the last block that was put there; in place */
	struct tape_chunk chunks[TAPE_CHUNKS_MAX];
	size_t chunk_count;
	struct tape_packet packets[TAPE_PACKETS_MAX];
	size_t packet_count;
};

/* The first chunk. The memory is the test's to end with tape_free(). */
void tape_begin(struct tape_builder *tape, uint32_t interfaces);
void tape_free(struct tape_builder *tape);

/* The same, with a description of the clock for all interfaces and `count` clock blocks. */
void tape_begin_clocked(struct tape_builder *tape, uint32_t interfaces, const char *clock,
                        const struct wt_clock_note *notes, size_t count);

/* A clock block into the open chunk, which is not one in place. */
void tape_note(struct tape_builder *tape, const struct wt_clock_note *note);

/* A packet whose stamp was made of `given_ns` with `map`. */
void tape_stamped(struct tape_builder *tape, const struct wt_clock_map *map, int64_t given_ns,
                  uint32_t caplen);

/* Put a packet into the open chunk, and end that one. */
void tape_packet(struct tape_builder *tape, int64_t stamp_ns, uint32_t caplen);
void tape_chunk(struct tape_builder *tape);

/* Statistics of all interfaces into the open chunk. */
void tape_statistics(struct tape_builder *tape);

/* The last chunk: statistics only. */
void tape_close(struct tape_builder *tape);

/* Zeros up to `bytes` more. */
void tape_append_zeros(struct tape_builder *tape, size_t bytes);

/* The page at `offset` was never written. */
void tape_zero_page(struct tape_builder *tape, uint64_t offset);

/* All numbers in the other byte order, up to the length that it has now. */
void tape_swap(struct tape_builder *tape);

/* Below `bound`; the same numbers for the same seed. */
uint64_t tape_random(struct tape_builder *tape, uint64_t bound);

/* To a file that is there, which is cut to the tape's length. */
void tape_write(const struct tape_builder *tape, int fd);

#endif
