/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_RECOGNISE_RECOGNISE_H
#define WIRETAPE_FEED_RECOGNISE_RECOGNISE_H

/* Finds the transports on the groups that packets go to, by the packets' bytes and not by ports or
 * addresses: checksums, lengths, numbers that follow each other, send times that agree with the
 * stamps. Also finds pairs of groups that carry the same: the sides of a channel.
 *
 * Better unknown than wrong: traffic that is not a feed has to stay unrecognised.
 *
 * Memory is bounded, however many groups there are; no clock is read. One thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/feed/preset/preset.h>
#include <wiretape/feed/spec/feed_spec.h>
#include <wiretape/frame.h>

/* Presets score one packet's bytes (struct wt_feed_proof):
 *   10  nothing contradicts it
 *   40  constants of the transport are where they belong: a version, a flag of a few values
 *   60  a length field equals the payload
 *   80  and so do all messages' lengths, or the version and much else
 *  100  a checksum holds
 * The evidence of many packets together is counted here. */

/* Thresholds of certainty, in percent. Below WT_RECOGNISED_PERHAPS a group is not recognised. */
enum {
	WT_RECOGNISED_PERHAPS = 50,
	WT_RECOGNISED_LIKELY = 75,
	WT_RECOGNISED_SURE = 95,
};

enum {
	WT_RECOGNISE_HOLDS_BYTES = 192,
	WT_RECOGNISE_FIRST_BYTES = 24, /* of the first payload */
	WT_RECOGNISE_INTERFACES = 256,
};

struct wt_recogniser;

struct wt_recogniser_config {
	/* 0: 4096, at most three quarters of them not multicast. Packets of further groups are
	 * counted, see totals */
	uint32_t max_groups;
};

/* Counts of the frames given. */
struct wt_recogniser_totals {
	uint64_t frames;
	uint64_t udp;       /* went to a group; the counts below are the others */
	uint64_t other;     /* not UDP, or a frame that is cut before its payload or broken */
	uint64_t tunnelled; /* of these and of UDP: carry packets inside, which are not looked at */
	uint64_t fragments; /* later fragments of IP datagrams: no header, no group */
	uint64_t unknown_link;  /* on an unknown type of link */
	uint64_t beyond_groups; /* of groups beyond max_groups or available memory */
};

/* A group: an address and port that packets go to, on an interface. */
struct wt_recognised {
	struct wt_feed_address address; /* with the interface, if it has a name */
	bool interface_matters;         /* the same address and port is on others, too */
	uint64_t packets, bytes;        /* of payloads, on the wire */
	int64_t first_ns, last_ns;      /* stamps, lowest and highest; INT64_MIN: none had any */
	uint64_t cut;                   /* payloads not captured whole */
	uint64_t vlan;                  /* packets with a VLAN tag */
	uint32_t sources;               /* addresses and ports, at least: counted up to 16 */
	uint8_t first[WT_RECOGNISE_FIRST_BYTES]; /* bytes of the first payload */
	uint8_t first_bytes;

	const struct wt_preset *preset;  /* the best match; NULL: not recognised */
	const struct wt_preset *or_else; /* cannot be told from it by its bytes; or NULL */
	unsigned percent;                /* certainty that it is one of these */
	enum wt_feed_kind kind;
	char holds[WT_RECOGNISE_HOLDS_BYTES]; /* "checksums of 42 of 42, numbers follow 41 of 41" */
	char channel[WT_FEED_TEXT_BYTES];     /* of the first packet, in words; "": none */
	char session[WT_FEED_TEXT_BYTES];
	uint32_t streams;  /* channels and sessions in it, at most 32 */
	uint64_t restarts; /* times that numbers began anew without a signal */

	/* Index of another group with the same numbers, or -1. The first of the two by address is
	 * A. */
	int32_t other_side;
	bool is_b;
	unsigned same_percent;    /* numbers that both have, of the smaller group's */
	unsigned content_percent; /* of these, as far as captured: the same bytes */
	bool has_content;         /* there was content to compare */
};

int wt_recogniser_open(struct wt_recogniser **recogniser, const struct wt_recogniser_config *config,
                       struct wt_error *err);
void wt_recogniser_close(struct wt_recogniser *recogniser); /* NULL is fine */

/* The number of an interface by its name, which is copied; the same for the same name. Beyond
 * WT_RECOGNISE_INTERFACES all others are one without a name, as those named "" or NULL are. */
uint32_t wt_recogniser_interface(struct wt_recogniser *recogniser, const char *name);

/* Take a frame as stored, with or without its check sequence. `has_stamp`: frame->stamp_ns is
 * valid. */
void wt_recogniser_frame(struct wt_recogniser *recogniser, uint32_t interface, uint16_t link_type,
                         const struct wt_frame *frame, bool has_stamp);

void wt_recogniser_totals(const struct wt_recogniser *recogniser,
                          struct wt_recogniser_totals *totals);

/* Find the verdicts and the pairs from the frames so far. Call before wt_recogniser_group(), and
 * again after more frames. 0 or -ENOMEM. */
int wt_recogniser_finish(struct wt_recogniser *recogniser);

/* Groups in the order of their addresses, ports and interfaces. */
uint32_t wt_recogniser_count(const struct wt_recogniser *recogniser);
const struct wt_recognised *wt_recogniser_group(const struct wt_recogniser *recogniser,
                                                uint32_t index);

/* Add a channel for each group, or pair, recognised with at least `min_percent`, named
 * after its preset: "pitch-1", "pitch-2" … in the order of groups. Addresses already in *out
 * are left out. After wt_recogniser_finish(). 0, -ENOMEM, or an error of wt_feed_channels_add(). */
int wt_recognise_channels(const struct wt_recogniser *recogniser, unsigned min_percent,
                          struct wt_feed_channels *out, struct wt_error *err);

/* Describe the channel of one group: false if it is side B of another, or recognised with less.
 * `number` counts the channels of its preset from 1, for the name. */
bool wt_recognise_channel(const struct wt_recogniser *recogniser, uint32_t index,
                          unsigned min_percent, unsigned number, struct wt_feed_channel *channel);

/* "sure", "likely", "perhaps", "not recognised". Static. */
const char *wt_recognised_word(unsigned percent);

#endif
