/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_H
#define WIRETAPE_FEED_H

/* Follows the sequence numbers of market data feeds: frames in, events out. A gap is waited for,
 * looked up on the other side, and gets a verdict: whose loss it was.
 *
 * A channel is given as text, as `wiretape record --feed` takes it:
 *
 *     PRESET@GROUP:PORT[@INTERFACE][,name=NAME][,kind=live|loop|retransmission]
 *     PRESET@A=GROUP:PORT[@INTERFACE],B=…[,R=…],name=NAME
 *
 * Everything depends on the frames' stamps and nothing on a clock, so a file gives the same events
 * as the live recording did. One thread at a time; nothing blocks except reading the list of
 * channels. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/error.h>
#include <wiretape/export.h>
#include <wiretape/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Unit that a stream's numbers count; never mixed. */
enum wt_feed_unit {
	WT_FEED_MESSAGES,
	WT_FEED_PACKETS,
	WT_FEED_BYTES,
};

enum wt_feed_side {
	WT_FEED_A,
	WT_FEED_B,
	WT_FEED_R, /* retransmissions */
	WT_FEED_SIDES,
};

enum wt_feed_state {
	WT_FEED_STATE_LIVE,
	WT_FEED_STATE_SILENT,    /* nothing for three heartbeats: the last number is unknown */
	WT_FEED_STATE_ENDED,     /* it said so, or another session has replaced it */
	WT_FEED_STATE_RESTARTED, /* restarted its numbers, and goes on */
};

/* Verdict: whose loss a gap is. */
enum wt_verdict {
	WT_VERDICT_RING,     /* ours: the ring or the socket had no room */
	WT_VERDICT_WRITER,   /* ours: seen and not written */
	WT_VERDICT_NIC,      /* the interface's: one of its loss counters moved */
	WT_VERDICT_LINE,     /* this side's: another side has them */
	WT_VERDICT_UPSTREAM, /* no side has them and no counter moved: never sent to us */
	WT_VERDICT_LATE,     /* no loss: arrived after all, in time */
	WT_VERDICT_SHARED,   /* several of these, each with its count */
	WT_VERDICT_UNKNOWN,  /* there is no evidence */
	WT_VERDICTS
};

enum wt_feed_event_kind {
	WT_EVENT_STREAM,    /* a stream was seen for the first time */
	WT_EVENT_GAP,       /* a gap is settled: its verdict */
	WT_EVENT_PAIR_GAP,  /* a gap of all sides together is settled */
	WT_EVENT_RECOVERED, /* numbers of a settled gap arrived after all */
	WT_EVENT_RESTART,   /* numbers restarted */
	WT_EVENT_STATE,     /* live, silent, ended */
	WT_EVENT_LOST_TAIL, /* for a recording that failed to write to its end: how far the stream
	                       had come; first .. end - 1 are not in the tape */
	WT_FEED_EVENT_KINDS
};

/* Names: "messages" …; "A", "B", "R"; "live" …; "ring" …; "stream", "gap" …. Static; any thread. */
WT_API const char *wt_feed_unit_name(enum wt_feed_unit unit);
WT_API const char *wt_feed_side_name(enum wt_feed_side side);
WT_API const char *wt_feed_state_name(enum wt_feed_state state);
WT_API const char *wt_verdict_name(enum wt_verdict verdict);
WT_API const char *wt_feed_event_name(enum wt_feed_event_kind kind);

/* Full details of an event; for the functions below. */
struct wt_feed_event;

enum {
	WT_FEED_EVENT_TEXT_BYTES = 4096, /* more than any event takes as text, JSON or block */
};

/* A JSON object on one line, without newline, keys in a fixed order, "v":1 first (docs/events.md);
 * all stamps and counts are integers. The length, or -EMSGSIZE. Any thread. */
WT_API int wt_feed_event_json(const struct wt_feed_event *event, char *out, size_t capacity);

/* One line for a terminal, without newline: "14:02:11.123456789 nasdaq-itch A: 17 messages missing
 * from 1201: ring (the ring of eth0 dropped 12 packets in the window, 3 are needed)". The length,
 * or -EMSGSIZE. Any thread. */
WT_API int wt_feed_event_line(const struct wt_feed_event *event, char *out, size_t capacity);

/* An event. Everything is borrowed during the callback. */
struct wt_feed_news {
	size_t size; /* the library's, see export.h */
	enum wt_feed_event_kind kind;
	enum wt_feed_side side; /* unset for pairs */
	enum wt_feed_unit unit;
	enum wt_feed_state state;
	enum wt_verdict verdict; /* for gaps */
	const char *channel;     /* the channel's name */
	const char *preset;
	const char *key, *session; /* "" if none */
	const char *interface;     /* the interface it arrives on; "" for pairs */
	int64_t stamp_ns;          /* when it was noticed */
	uint64_t first, end;       /* numbers: first .. end - 1 */
	uint64_t missing;          /* of these, when it was reported */
	const struct wt_feed_event *event;
};

struct wt_feed;

/* Channels to follow, and the callback for events. Everything but the context is borrowed only
 * while opening. */
struct wt_feed_config {
	size_t size;                 /* see export.h */
	const char *const *channels; /* as above */
	size_t channel_count;
	const char *path;    /* a file with a channel on each line, docs/feeds.md; "-": standard
	                      * input [none] */
	uint32_t interfaces; /* their numbers are below this; at most 256 [1] */
	uint32_t streams;    /* at most [32768] */
	int64_t late_ns;     /* how long to wait for missing numbers [1 s] */
	/* Called from within the functions below, in their thread. */
	void (*on_news)(void *context, const struct wt_feed_news *news);
	void *context;
};

/* 0 and *feed, which the caller closes; -EINVAL with the fault of a channel, or if there is none;
 * -EEXIST for a duplicate name or address; -ENOMEM; or the errno of reading. */
WT_API int wt_feed_open(struct wt_feed **feed, const struct wt_feed_config *config,
                        struct wt_error *err);

/* Call before the interface's first frame. `link_type` is LINKTYPE_* (pcapng). `no_ledger`: why
 * frames do not tell the drops before them, a text that stays valid; NULL: they do
 * (wt_frame.dropped_before), so numbers not dropped here were lost elsewhere. 0 or -EINVAL,
 * -ENOMEM. */
WT_API int wt_feed_interface(struct wt_feed *feed, uint32_t interface, const char *name,
                             uint16_t link_type, const char *no_ledger);

/* Feed frames of one interface in order of arrival. Borrowed for the call. */
WT_API void wt_feed_frames(struct wt_feed *feed, uint32_t interface, const struct wt_frame *frames,
                           size_t count);

/* Promise that no frame with a stamp below `now_ns` will come: settle what is due. Call about once
 * a second where frames may stay away; otherwise the stamps of frames do it. */
WT_API void wt_feed_advance(struct wt_feed *feed, int64_t now_ns);

/* Promise that no more frames will come: settle everything as it stands. */
WT_API void wt_feed_finish(struct wt_feed *feed);

/* A stream's account: one side of a channel, on one interface, per channel and session in its
 * header. expected == received + missing. Counts are in `unit` unless they say packets. */
struct wt_feed_stream {
	size_t size;         /* see export.h */
	const char *channel; /* the channel's name; lives as long as the feed */
	const char *preset;  /* likewise */
	char key[32];        /* the header's channel in words; "": none */
	char session[32];    /* "": none */
	enum wt_feed_side side;
	enum wt_feed_unit unit;
	enum wt_feed_state state;
	uint32_t interface;
	uint64_t first, next; /* numbers since the last restart */
	uint64_t expected, received, missing;
	uint64_t duplicates;
	uint64_t late;   /* packets that filled part of a gap */
	uint64_t gaps;   /* times numbers were skipped */
	uint64_t resets; /* times numbers restarted */
	uint64_t packets;
	int64_t first_ns, last_ns; /* stamps */
};

/* Number of streams so far, and the account of one. 0; -ERANGE if there is no such stream; -EINVAL
 * for a wrong size. */
WT_API uint32_t wt_feed_stream_count(const struct wt_feed *feed);
WT_API int wt_feed_stream_read(const struct wt_feed *feed, uint32_t number,
                               struct wt_feed_stream *stream);

/* NULL is fine. */
WT_API void wt_feed_close(struct wt_feed *feed);

#ifdef __cplusplus
}
#endif
#endif
