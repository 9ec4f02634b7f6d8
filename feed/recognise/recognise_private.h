/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_RECOGNISE_RECOGNISE_PRIVATE_H
#define WIRETAPE_FEED_RECOGNISE_RECOGNISE_PRIVATE_H

/* State of each group for recognise.c, and the functions that weigh it. Not installed. */

#include <wiretape/feed/recognise/recognise.h>

enum {
	WT_CANDIDATES = 8, /* presets that a group may still be, at once */
	WT_CANDIDATE_STREAMS = 32,
	WT_CANDIDATE_SAMPLES = 48,
	WT_CANDIDATE_HOLDS = 8, /* different texts of checks that held */
	WT_GROUP_SOURCES = 16,
	WT_STREAM_TYPES = 4,  /* payload types of a stream of RTP */
	WT_STREAM_RECENT = 8, /* numbers */
};
_Static_assert((WT_STREAM_RECENT & (WT_STREAM_RECENT - 1)) == 0, "% is a mask");

/* Classes of evidence in a packet's bytes, by score. */
enum wt_candidate_class {
	WT_CLASS_NOTHING,   /* below 40 */
	WT_CLASS_CONSTANTS, /* 40 */
	WT_CLASS_LENGTH,    /* 60 */
	WT_CLASS_MESSAGES,  /* 80 */
	WT_CLASS_CHECKSUM,  /* 100 */
	WT_CLASSES,
};

/* A stream, as the preset reads it. */
struct wt_candidate_stream {
	uint64_t session, next; /* `next` as on the wire */
	uint64_t used;          /* number of the packet that last had it, from 1; 0: free */
	uint32_t recent[WT_STREAM_RECENT]; /* the last packets' numbers, their low bits */
	uint8_t recent_count, recent_at;
	uint32_t channel;
	uint32_t media_time; /* RTP: its last packet's */
	uint8_t types[WT_STREAM_TYPES], type_count;
	bool has_next;
	bool went_on; /* data since it began, so that a new beginning means something */
};

/* A number that was seen, its content and time. The lowest hashes are kept, so that two groups that
 * carry the same keep the same. */
struct wt_candidate_sample {
	uint64_t number;  /* channel, session and number, hashed */
	uint64_t content; /* its message, hashed; 0: not known */
	int64_t stamp_ns; /* INT64_MIN: none */
};

struct wt_candidate_hold {
	const char *what;
	uint64_t packets;
};

/* A preset that a group's packets may be of, and how well they fit. */
struct wt_candidate {
	const struct wt_preset *preset;
	uint64_t accepted;
	uint64_t data_packets; /* accepted ones with numbers of their own */
	uint64_t data_class[WT_CLASSES], bare_class[WT_CLASSES];
	struct wt_candidate_hold holds[WT_CANDIDATE_HOLDS];

	/* Headers with data, and how their numbers follow the earlier ones. */
	uint64_t data, again;
	uint64_t follows; /* the expected next one */
	uint64_t near;    /* a few further on */
	uint64_t far;     /* anywhere else */
	uint64_t below;   /* a few before: sent or seen twice, or in another order */
	uint64_t twice;   /* just before */
	uint64_t restarts;
	uint64_t types_beyond; /* RTP: beyond the few payload types of a call */
	uint64_t media_steps, media_near, media_moves; /* RTP: packets after others; of these,
	                                                * those that go on in time, and move */
	uint64_t streams_made;                         /* times that a stream was new */
	bool alnum_channels;                           /* letters or digits, all of them */
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES]; /* of the first packet */

	uint64_t timed;     /* packets with a send time and a stamp */
	uint64_t time_near; /* of these: within a day of each other */
	int64_t first_sent_ns, last_sent_ns, first_stamp_ns, last_stamp_ns;

	struct wt_candidate_stream streams[WT_CANDIDATE_STREAMS];
	struct wt_candidate_sample samples[WT_CANDIDATE_SAMPLES];
	uint32_t sample_count,
	        sample_highest; /* the index of the highest hash, once all are used */
};

struct wt_recognised_group {
	struct wt_recognised told;
	uint32_t interface;
	uint64_t beside;                    /* packets of protocols that share a port with RTP */
	uint64_t sources[WT_GROUP_SOURCES]; /* hashed; 0: free */
	struct wt_candidate *candidates[WT_CANDIDATES];
	struct wt_candidate *best; /* after wt_recogniser_finish() */
};

/* A payload and when it came. */
struct wt_candidate_packet {
	const uint8_t *payload;
	size_t bytes, wire_bytes;
	int64_t stamp_ns; /* INT64_MIN: none */
};

/* Weigh a packet and, if it can be of this preset, count it. */
void wt_candidate_add(struct wt_candidate *candidate, const struct wt_candidate_packet *packet,
                      struct wt_feed_proof proof);

/* Certainty, in percent, that a group of `packets` packets is of this preset. */
unsigned wt_candidate_percent(const struct wt_candidate *candidate, uint64_t packets);

/* Describe the checks that hold. */
void wt_candidate_holds(const struct wt_candidate *candidate, char text[WT_RECOGNISE_HOLDS_BYTES]);

enum wt_feed_kind wt_candidate_kind(const struct wt_candidate *candidate);

/* Number of different streams. */
uint32_t wt_candidate_streams(const struct wt_candidate *candidate);

/* Whether a payload is of a protocol that shares a port with RTP. */
bool wt_candidate_is_beside_rtp(const uint8_t *payload, size_t bytes);

/* Sort the samples by hash. */
void wt_candidate_sort(struct wt_candidate *candidate);

/* Find pairs among groups, sorted by address, and mark them. Samples are sorted. */
void wt_recognise_pairs(struct wt_recognised_group *const *groups, uint32_t count);

/* Spread a number over 64 bits. */
static inline uint64_t wt_recognise_mix(uint64_t value)
{
	value ^= value >> 32;
	value *= UINT64_C(0xd6e8feb86659fd93);
	value ^= value >> 32;
	value *= UINT64_C(0xd6e8feb86659fd93);
	return value ^ value >> 32;
}

/* Hash bytes to a number. */
static inline uint64_t wt_recognise_hash(const uint8_t *bytes, size_t count)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return wt_recognise_mix(hash);
}

#endif
