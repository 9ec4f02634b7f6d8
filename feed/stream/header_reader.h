/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_HEADER_READER_H
#define WIRETAPE_FEED_STREAM_HEADER_READER_H

/* Finds the transports' headers in frames, in batches: for the tracker, or for a lane that hands
 * them to another thread's. One thread at a time. Not installed. */

#include <wiretape/feed/preset/preset.h>
#include <wiretape/feed/stream/side_table_private.h>
#include <wiretape/frame.h>

enum {
	WT_HEADER_FRAMES = 64, /* of a batch */
	WT_HEADERS = 2 * WT_FEED_HEADERS_MAX,
};

/* A datagram that was found in a frame. */
struct wt_found_datagram {
	const uint8_t *payload;
	wt_side_key key; /* 0: the side is known */
	uint32_t bytes, wire_bytes;
	uint32_t side;
	uint32_t frame; /* of the batch */
};

/* A header, and the expected place of its stream. */
struct wt_found_header {
	uint64_t place; /* wt_stream_place() */
	uint32_t hash;  /* wt_stream_hash() */
	uint16_t datagram;
};

struct wt_header_reader;

/* The headers found last, for whoever takes them. */
struct wt_header_batch {
	struct wt_header_reader *reader;
	const struct wt_frame *frames;
	uint64_t order; /* of the first frame */
	uint32_t interface;
	uint32_t datagram_count, count;
	struct wt_found_datagram datagrams[WT_HEADER_FRAMES];
	struct wt_found_header found[WT_HEADERS];
	struct wt_feed_header headers[WT_HEADERS];
};

struct wt_header_reader {
	struct wt_side_table sides;
	const struct wt_feed_channels *channels;
	uint64_t frames, matched, unrecognised, fragments; /* see struct wt_tracker_totals */
	void (*take)(struct wt_header_reader *reader, const struct wt_header_batch *batch);
	/* A table of the taker's, by hash: places are prefetched. */
	const uint8_t *slots;
	uint32_t mask, slot_bytes;
	uint16_t link_types[WT_SIDE_INTERFACES];
};

/* 0 or -ENOMEM. */
int wt_header_reader_init(struct wt_header_reader *reader, const struct wt_feed_channels *channels);
void wt_header_reader_fini(struct wt_header_reader *reader);

/* Announce an interface, below WT_SIDE_INTERFACES. */
void wt_header_reader_interface(struct wt_header_reader *reader, uint32_t interface,
                                const char *name, uint16_t link_type);

/* Read frames of an interface in the order stored; the first is the `order`th, from 1. The hot
 * path. */
void wt_header_reader_frames(struct wt_header_reader *reader, uint32_t interface,
                             const struct wt_frame *frames, size_t count, uint64_t order);

static inline uint64_t wt_stream_place(uint32_t interface, uint32_t side, uint32_t channel)
{
	return (uint64_t)interface << 56 | (uint64_t)(side + 1) << 32 | channel;
}

static inline uint32_t wt_stream_hash(uint64_t place, uint64_t session)
{
	uint64_t mixed = (place ^ session * 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93;

	return (uint32_t)((mixed ^ mixed >> 29) >> 16);
}

#endif
