/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_STREAM_TRACKER_H
#define WIRETAPE_FEED_STREAM_TRACKER_H

/* Follows the numbers of all streams that arrive in one thread: which came, which are missing,
 * which came late or twice, where they began anew. It reports in records, in order, for whoever
 * joins the sides of channels and finds verdicts (channels.h). Where packets of a stream arrive in
 * several threads, each of these reads headers (lane/feed_lane.h), and one follows them all.
 *
 * A stream is a side of a channel, on one interface, with the header's channel and session. Opening
 * allocates all memory; no clock is read. One thread at a time.
 *
 * A number above the expected one leaves a gap. With more than 16 bits, one more than a million
 * above is held: if the next packet is near it (a million, either way), there is a gap, shown by
 * the first of the two. If the stream goes on where it was, or nowhere near, the first was `wild`;
 * likewise if a reset, the end of the tape or of the day comes before anything else. Silence
 * decides nothing, nor do numbers that fill older gaps or come twice; a copy of the held packet is
 * wild as well. A heartbeat that far above needs two more that agree, or data. With 64 bits, one
 * 2^32 above, and with 16 bits one 3000 above (RFC 3550, A.1), is held, too; the second packet in
 * order makes it a restart.
 *
 * The 16 newest gaps of a stream are remembered; numbers of older ones are `too_late`.
 *
 * A number below is late, or a duplicate. If it is far below (1000; with 16 bits 100) or where
 * sessions begin, and nothing there is missing, it may be a restart without a signal: it is held
 * until others go on from it, none in between going on where the stream was. One more is enough,
 * except for numbers that were received before and may simply be repeated: 8 packets where a run
 * that is still short begins anew, 16 in the middle of a long one. A shorter repeated run counts as
 * duplicates. Held packets that are confirmed belong to the new run; none of them is lost.
 *
 * A restart is never a gap. For ten seconds after it packets much nearer to the previous run than
 * to the new one belong to that, `too_late`. A new session is another stream; its second packet
 * ends the one before. If its first packet has a number at most 4096 above the first of
 * sessions, and the session before was seen, too, the numbers below are its first gap.
 *
 * A gap's bounds are packets that show how far the stream has come; late ones do not. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/feed.h>
#include <wiretape/feed/preset/preset.h>
#include <wiretape/feed/spec/feed_spec.h>
#include <wiretape/feed/stream/sighting.h>
#include <wiretape/frame.h>

struct wt_tracker;

enum wt_feed_record_kind {
	WT_RECORD_STREAM,  /* first packet of a stream */
	WT_RECORD_ARRIVAL, /* data, only of channels with more than one side */
	WT_RECORD_GAP,     /* numbers first .. end - 1 were skipped */
	WT_RECORD_FILL,    /* numbers first .. end - 1, skipped before, have come */
	WT_RECORD_RESTART, /* numbers go on at `first`; gaps below are closed as they are */
	WT_RECORD_STATE,   /* `state` */
};

/* Numbers here are extended to 64 bits: they never roll over. A cache line. */
struct wt_feed_record {
	uint8_t kind;  /* enum wt_feed_record_kind */
	uint8_t state; /* enum wt_feed_state, of WT_RECORD_STATE */
	uint8_t flags; /* WT_RECORD_* */
	uint32_t stream;
	/* Gaps: most numbers in a packet of the stream so far; at least 1. */
	uint32_t most_in_packet;
	/* Gaps: time from its stamp until it was believed; rounded up. */
	uint32_t held_ms;
	uint64_t first, end;
	/* The packet that shows it: its stamp, and its number on its interface, from 1;
	 * 0: none (silence). */
	int64_t stamp_ns;
	uint64_t order;
	/* Gaps and silence: the last packet that showed how far the stream, or the session before,
	 * had come. INT64_MIN and 0: none, or not in this run (a loaded state). */
	int64_t after_ns;
	uint64_t after_order;
};

enum {
	WT_RECORD_SIGNALLED = 1, /* restarts: signalled by the transport; else two packets agree */
	WT_RECORD_AGAIN = 2,     /* arrivals and fills: marked as sent again */
	WT_RECORD_BACKWARD = 4,  /* gaps: stamps ran backwards across it */
	WT_RECORD_BY_HEARTBEAT = 8, /* gaps: shown by a packet without data */
};

struct wt_tracker_config {
	const struct wt_feed_channels *channels; /* borrowed */
	uint32_t max_streams; /* 0: 32768. Packets of further ones are counted, see totals */
	/* Take records, in order; they are the tracker's again on return. Called by
	 * wt_tracker_frames(), wt_tracker_tick() and wt_tracker_flush(). */
	void (*take)(void *context, const struct wt_feed_record *records, size_t count);
	void *context;
};

/* Announce an interface before its first frame: its name, for channels that name one, and the link
 * type of its frames. Numbers below 256. 0 or -EINVAL. */
int wt_tracker_interface(struct wt_tracker *tracker, uint32_t interface, const char *name,
                         uint16_t link_type);

int wt_tracker_open(struct wt_tracker **tracker, const struct wt_tracker_config *config,
                    struct wt_error *err);
void wt_tracker_close(struct wt_tracker *tracker); /* NULL is fine */

/* Take frames of an interface in the order stored; the first is the `order`th, from 1. The hot
 * path: in line with recording. */
void wt_tracker_frames(struct wt_tracker *tracker, uint32_t interface,
                       const struct wt_frame *frames, size_t count, uint64_t order);

/* Take a header that a lane has read: the `order`th packet of an interface, and its stream's names
 * if they are with it. */
void wt_tracker_sighting(struct wt_tracker *tracker, uint32_t interface,
                         const struct wt_sighting *sighting, uint64_t order,
                         const struct wt_sighting_names *names);

/* Report silent streams: no packet with a stamp below `now_ns` will come any more. Cheap; call
 * about once a second. */
void wt_tracker_tick(struct wt_tracker *tracker, int64_t now_ns);

/* Hand out the pending records. */
void wt_tracker_flush(struct wt_tracker *tracker);

/* Counts of the frames given, to it or to lanes. */
struct wt_tracker_totals {
	uint64_t frames;
	uint64_t matched;      /* of a channel's side */
	uint64_t unrecognised; /* of these: not readable by the preset */
	uint64_t fragments;    /* later fragments of IP datagrams: of unknown streams */
	uint64_t table_full;   /* of streams beyond max_streams */
	uint32_t streams;
};
void wt_tracker_totals(const struct wt_tracker *tracker, struct wt_tracker_totals *totals);
/* Set the counts of the frames that lanes have read; streams and table_full are the tracker's. */
void wt_tracker_set_lanes(struct wt_tracker *tracker, const struct wt_tracker_totals *totals);

/* A stream's account. expected == received + missing, always. Counts are in the preset's unit but
 * for those that say packets. */
struct wt_stream_report {
	const struct wt_feed_channel *channel;
	enum wt_feed_side side;
	uint32_t interface;
	uint32_t channel_number;          /* of the header */
	char key[WT_FEED_TEXT_BYTES];     /* the header's channel in words; "": none */
	char session[WT_FEED_TEXT_BYTES]; /* "": none */
	uint64_t session_number;
	enum wt_feed_state state;
	uint64_t first, next;                 /* extended, of this run of numbers */
	uint64_t expected, received, missing; /* over all runs */
	uint64_t missed;                      /* ever skipped; only grows */
	uint64_t recovered;                   /* of those: came later; only grows */
	uint64_t duplicates;
	uint64_t late;        /* packets that filled gaps */
	int64_t late_most_ns; /* after the gap was seen */
	uint64_t too_late;    /* numbers below the remembered ones, perhaps received before */
	uint64_t again;       /* numbers marked as sent again, whether they closed a gap or not */
	uint64_t wild;        /* packets far ahead of all others, never confirmed */
	uint64_t gaps;        /* times that numbers were skipped */
	uint32_t most_in_packet; /* numbers */
	uint64_t resets;
	uint64_t packets, unsequenced, heartbeats; /* packets */
	uint64_t cycles, complete_cycles;          /* of loops */
	int64_t first_ns, last_ns;                 /* stamps */
	uint64_t order;                            /* of the last packet */
};
uint32_t wt_tracker_stream_count(const struct wt_tracker *tracker);
void wt_tracker_stream(const struct wt_tracker *tracker, uint32_t stream,
                       struct wt_stream_report *report);

/* Write text for wt_tracker_load(), a line a stream, with its version: for tomorrow's tapes.
 * Orders are not kept. Streams that ended and had no packet since they were loaded
 * are left out. *text is the caller's to free. 0 or -ENOMEM. */
int wt_tracker_save(const struct wt_tracker *tracker, char **text, size_t *bytes);

/* Load streams into a tracker that has seen nothing, before or after its interfaces are announced:
 * a stream exists once its interface does, by name, and until then passes on to wt_tracker_save().
 * It has no WT_RECORD_STREAM before its first packet. Streams of channels that are gone are left
 * out and counted: *left_out. 0, -EBADMSG with the line and the reason, -ENOTSUP for another
 * version. */
int wt_tracker_load(struct wt_tracker *tracker, const char *text, size_t bytes, size_t *left_out,
                    struct wt_error *err);

#endif
