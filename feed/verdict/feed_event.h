/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_VERDICT_FEED_EVENT_H
#define WIRETAPE_FEED_VERDICT_FEED_EVENT_H

/* Events of feeds: a settled gap, numbers that came later, streams that
 * begin, fall silent, end. One schema for JSON lines, for the blocks of a tape and for the
 * terminal; docs/format.md and docs/events.md describe it.
 *
 * Pure functions; any thread. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/feed.h>
#include <wiretape/feed/stream/tracker.h>
#include <wiretape/feed/verdict/verdict.h>

enum {
	WT_FEED_EVENT_VERSION = 1,
	WT_FEED_EVENT_BLOCK_BYTES = WT_FEED_EVENT_TEXT_BYTES + 16,
	WT_FEED_EVENT_STRING_MAX = 255, /* bytes of a string; longer ones are truncated */
};

/* Source of the numbers that closed a gap, or part of it. */
enum wt_feed_by {
	WT_BY_NOBODY,
	WT_BY_ITSELF, /* late packets of the same stream */
	WT_BY_OTHER,  /* another side */
	WT_BY_R,      /* the retransmission side */
};

/* An event; strings are borrowed from its source. */
struct wt_feed_event {
	enum wt_feed_event_kind kind;
	uint32_t number;     /* of the gap, from 1, in the order they opened; in
	                      * WT_EVENT_RECOVERED that gap's; 0: none */
	const char *channel; /* its name */
	const char *preset;
	const char *key, *session; /* "" if none */
	const char *interface;     /* name of the interface it arrives on; "" for pairs */
	enum wt_feed_side side;    /* not for pairs */
	enum wt_feed_unit unit;
	enum wt_feed_state state;
	bool signalled;              /* for restarts */
	int64_t stamp_ns;            /* when it showed */
	uint64_t first, end;         /* numbers */
	uint64_t missing;            /* of these, when reported */
	int64_t after_ns, before_ns; /* for gaps; INT64_MIN: not known */
	uint64_t after_order, before_order;
	struct wt_verdict_result verdict; /* for gaps */
	struct wt_loss loss;              /* its evidence */
	bool has_other, other_is_silent;
	uint64_t other_has, other_lacks; /* numbers */
	struct {
		uint64_t count;
		enum wt_feed_by by;
		int64_t after_ns; /* from the gap's discovery to the last of them */
	} recovered;
};

/* "name=value" lines, the body of a tape's feed block. The length, or -EMSGSIZE. */
int wt_feed_event_encode(const struct wt_feed_event *event, char *out, size_t capacity);

/* A block of a tape with it. Its bytes, or -EMSGSIZE. */
ssize_t wt_feed_event_block(const struct wt_feed_event *event, uint8_t *out, size_t capacity);

/* Read such a body, up to a zero. Strings borrow from `strings`, of WT_FEED_EVENT_TEXT_BYTES.
 * Unknown names are passed over. 0, -ENOTSUP for another version, or -EBADMSG if it is not an
 * event: feed blocks have other uses, too. Any bytes are safe. */
int wt_feed_event_decode(struct wt_feed_event *event, const char *body, size_t bytes,
                         char *strings);

/* The evidence of a gap in words, as in JSON's "evidence.text": "the ring of eth0 dropped 12
 * packets in the window, 3 are needed". Printable, whatever the interface's name has in it. The
 * length, or -EMSGSIZE. */
int wt_feed_evidence_text(const struct wt_feed_event *event, char *out, size_t capacity);

/* "itself", "other", "R", "" for none. Static. */
const char *wt_feed_by_name(enum wt_feed_by by);

#endif
