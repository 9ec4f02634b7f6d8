/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_LOAD_FEED_LOAD_H
#define WIRETAPE_FEED_LOAD_FEED_LOAD_H

/* Generates streams of a transport with known faults, to test whatever follows them: packets in
 * order, each with its time, the same for the same settings; and the truth about them.
 *
 * Packets go to the streams in turn, evenly spaced. Both sides carry the same packets, B after its
 * delay. Side R carries, after its own delay, those that A or B lacks. Numbers are extended to 64
 * bits: they do not roll over.
 *
 * Memory is allocated on opening and for packets that wait for their time; no clock is read. One
 * thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/feed/load/feed_fault.h>
#include <wiretape/feed/preset/preset.h>
#include <wiretape/feed/spec/feed_spec.h>

enum {
	WT_FEED_LOAD_STREAMS_MAX = 16384,
	WT_FEED_LOAD_FRAME_MAX = 9014,      /* a payload of 8972 bytes: MTU 9000 */
	WT_FEED_LOAD_WAITING_MAX = 1 << 22, /* packets that wait for their time */
};

/* Destination of a side. */
struct wt_feed_load_side {
	struct wt_feed_address address; /* IPv4 multicast group of stream 0; others follow */
	int64_t delay_ns;
	uint32_t source; /* IPv4 [192.0.2.1] */
	uint8_t source_mac[6];
};

/* Zero is the default given in brackets. */
struct wt_feed_load_config {
	const struct wt_preset *preset;
	struct wt_feed_load_side sides[WT_FEED_SIDES]; /* only those with an address; A needs one */
	uint32_t streams;                              /* each with its own group [1] */
	uint64_t packets;      /* of data, over all streams, A and B, faults aside [no end] */
	uint64_t pps;          /* of these, in a second [10000] */
	int64_t start_ns;      /* time of the first */
	uint32_t frame_bytes;  /* without FCS [enough for 32 bytes a message] */
	uint32_t messages_min; /* in a packet: at random from this [1] */
	uint32_t messages_max; /* to this [messages_min] */
	uint32_t sessions;     /* consecutive, of equal length; their ends are sent if the transport
	                        * has such packets [one without an end] */
	uint64_t first_number; /* [the transport's first, or 1] */
	uint64_t reset_at;     /* before this number, once in a stream [never] */
	uint64_t reset_to;     /* numbers go on with this [first_number] */
	int64_t heartbeat_ns;  /* after such a silence, and after the last packet [none] */
	uint64_t seed;
	const struct wt_feed_faults *faults; /* borrowed; NULL: none */
};

/* The next packet. */
struct wt_feed_load_packet {
	int64_t at_ns;
	uint32_t stream;
	enum wt_feed_side side;
	uint8_t what;         /* enum wt_feed_what */
	uint64_t first;       /* its number */
	uint32_t count;       /* numbers; 0 without data */
	bool again;           /* the second of two, or side R's */
	uint32_t frame_bytes; /* Ethernet, without FCS; payload from WT_UDP_HEADER_BYTES on */
};

/* The truth about a side of a stream so far. */
struct wt_feed_load_truth {
	uint64_t packets;                  /* made: of data, duplicates as well */
	uint64_t numbers;                  /* in them, without those of duplicates */
	uint64_t skipped;                  /* numbers that this side never had */
	uint64_t duplicates;               /* packets that came twice */
	uint64_t reordered;                /* packets that came later than those after them */
	uint64_t heartbeats, resets, ends; /* packets */
	uint64_t first, next;              /* numbers; next as of the last reset or session */
};

struct wt_feed_load;

/* 0; -EINVAL with the setting that makes no sense or that the transport cannot express; -ENOMEM. */
int wt_feed_load_open(struct wt_feed_load **load, const struct wt_feed_load_config *config,
                      struct wt_error *err);
void wt_feed_load_close(struct wt_feed_load *load); /* NULL is fine */

/* Size of its largest frame. */
uint32_t wt_feed_load_frame_bytes(const struct wt_feed_load *load);

/* Write the next frame at `frame`, with room for wt_feed_load_frame_bytes(). 1; 0: that was all;
 * -ENOMEM, or -ENOBUFS if more than WT_FEED_LOAD_WAITING_MAX packets wait. */
int wt_feed_load_next(struct wt_feed_load *load, uint8_t *frame,
                      struct wt_feed_load_packet *packet);

/* Destination of a stream's side; false if it is not used. */
bool wt_feed_load_address(const struct wt_feed_load *load, uint32_t stream, enum wt_feed_side side,
                          struct wt_feed_address *address);
void wt_feed_load_truth(const struct wt_feed_load *load, uint32_t stream, enum wt_feed_side side,
                        struct wt_feed_load_truth *truth);

#endif
