/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_SPEC_FEED_SPEC_H
#define WIRETAPE_FEED_SPEC_FEED_SPEC_H

/* Reads channels as people write them, on the command line
 *
 *     PRESET@GROUP:PORT[@INTERFACE][,name=NAME][,kind=live|loop|retransmission]
 *     PRESET@A=GROUP:PORT[@INTERFACE],B=…[,R=…],name=NAME
 *
 * and in a feeds file, a line each
 *
 *     NAME PRESET A=GROUP:PORT[@INTERFACE] [B=…] [R=…] [kind=…]
 *
 * where a word that begins with # begins a comment. GROUP is IPv4, or IPv6 in brackets; it may be a
 * unicast address. A custom preset has its colon and commas in it:
 * custom:offset=0,width=4@239.1.1.1:5000,name=X.
 *
 * Pure, but for reading the file; one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/feed.h>
#include <wiretape/feed/preset/preset.h>

enum wt_feed_kind {
	WT_FEED_LIVE,
	WT_FEED_LOOP,           /* snapshots: starts over; completeness of a cycle, no verdicts */
	WT_FEED_RETRANSMISSION, /* closes gaps of others; has none of its own */
};

enum {
	WT_FEED_NAME_BYTES = 64,       /* of a channel, with its NUL */
	WT_FEED_INTERFACE_BYTES = 128, /* an alternative name's most */
	WT_FEED_CHANNELS_MAX = 16384,
	WT_FEED_LINE_BYTES = 1024, /* of a line, with its NUL: more than any channel takes */
};

struct wt_feed_address {
	bool used;
	bool is_ipv6;
	uint8_t ip[16]; /* network order; IPv4 in the first four */
	uint16_t port;
	char interface[WT_FEED_INTERFACE_BYTES]; /* "": any */
};

/* A channel, as a user describes it. */
struct wt_feed_channel {
	char name[WT_FEED_NAME_BYTES]; /* unique; without one given "PRESET@GROUP:PORT[@INTERFACE]"
	                                */
	const struct wt_preset *preset;
	enum wt_feed_kind kind;
	struct wt_feed_address sides[WT_FEED_SIDES];
	unsigned line; /* in the feeds file; 0: from the command line */
};

/* A growing list; owns its custom presets, whose `name` is their text, with
 * "custom:". Zero-initialised: empty. */
struct wt_feed_channels {
	struct wt_feed_channel *list;
	size_t count, room;
	struct wt_preset **custom;
	size_t custom_count;
	uint32_t *index; /* for duplicates */
};

/* Add a channel in --feed's notation. 0, or -EINVAL with the place and the reason (for an unknown
 * preset, a list of them), -EEXIST for a name or an address (on the same interface) that is there
 * already, -ENOMEM; the list is unchanged then. */
int wt_feed_channels_add(struct wt_feed_channels *channels, const char *text, struct wt_error *err);

/* Add all lines of a feeds file's text, "feeds.txt:12: …" in messages. It needs at least one
 * channel. */
int wt_feed_channels_add_text(struct wt_feed_channels *channels, const char *path, const char *text,
                              size_t bytes, struct wt_error *err);

/* Add those of a file, "-" being standard input. */
int wt_feed_channels_add_file(struct wt_feed_channels *channels, const char *path,
                              struct wt_error *err);

/* Write a channel as a line of a feeds file, without newline: the length, as snprintf(). */
int wt_feed_channel_text(const struct wt_feed_channel *channel, char *out, size_t capacity);

/* "GROUP:PORT[@INTERFACE]". 0 or -EINVAL. */
int wt_feed_address_parse(struct wt_feed_address *address, const char *text, struct wt_error *err);

/* "239.1.1.1:5000", "[ff15::1]:5000", with "@eth0" if an interface is given. */
int wt_feed_address_text(const struct wt_feed_address *address, char *out, size_t capacity);

void wt_feed_channels_free(struct wt_feed_channels *channels);

/* "live", "loop", "retransmission". Static. */
const char *wt_feed_kind_name(enum wt_feed_kind kind);

#endif
