/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_SIGHTING_H
#define WIRETAPE_FEED_STREAM_SIGHTING_H

/* What one lane of several has seen: a header or a loss, without the packet's bytes, which are gone
 * when another thread takes it. */

#include <wiretape/feed/preset/preset.h>

enum wt_sighting_kind {
	WT_SIGHTING_HEADER,
	/* A packet whose place matters, but not its header; or, with the order of the lane's
	 * latest, time in which there was none. What was lost was lost before. */
	WT_SIGHTING_PACKET,
	/* Between this packet and the lane's next, or near it: */
	WT_SIGHTING_DROP,      /* the ring dropped `packets` */
	WT_SIGHTING_UNWRITTEN, /* `packets` were not written */
	WT_SIGHTING_BREAK,     /* what was lost from there to there is not known: `why` */
};

struct wt_sighting {
	union {
		struct wt_feed_header header;
		struct {
			int64_t from, to; /* packets of the lane after this one */
		};
	};
	int64_t stamp_ns;
	uint64_t order; /* packets of the lane's ring so far, with this one */
	union {
		uint64_t packets;
		const char *why; /* static */
	};
	uint32_t side; /* its number in the table of sides */
	uint8_t kind;  /* enum wt_sighting_kind */
	bool is_named; /* its stream's names are with it */
};
_Static_assert(sizeof(struct wt_sighting) == 64, "a cache line");

/* A stream's channel and session in words: what wt_preset_describe() says. */
struct wt_sighting_names {
	char key[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
};
_Static_assert(sizeof(struct wt_sighting_names) == 64, "in the place of a sighting");

#endif
