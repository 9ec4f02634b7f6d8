/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_PRESET_PRESET_H
#define WIRETAPE_FEED_PRESET_PRESET_H

/* Describes transports of market data: the place of sequence numbers in their headers, the unit
 * they count, and the meaning of heartbeats and resets. A preset is a row of data; a transport that
 * needs more than a row adds a small function.
 *
 * Pure functions over the caller's memory; any thread; any bytes are safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/feed.h>

enum wt_feed_what {
	WT_FEED_DATA,        /* numbers first .. first + count - 1 */
	WT_FEED_HEARTBEAT,   /* no number; `first` comes next */
	WT_FEED_RESET,       /* numbers go on at `first`, which may be higher: no gap */
	WT_FEED_END,         /* the session is over; `first` would come next */
	WT_FEED_UNSEQUENCED, /* belongs to the stream and has no number */
};

/* One header. A datagram may have several (MACH). */
struct wt_feed_header {
	uint64_t session; /* 0: the transport has none. Another value: numbers begin anew */
	uint64_t first;   /* as on the wire: not extended beyond preset->number_bits. In heartbeats,
	                   * resets and ends the number that comes next, whatever the transport
	                   * puts there; in unsequenced ones 0 */
	uint32_t channel; /* unit, channel, line, SSRC …: tells apart the streams of an address */
	uint32_t count;   /* for data at least 1, for all others 0 */
	uint8_t what;     /* enum wt_feed_what */
	bool has_number;  /* of heartbeats and ends: `first` is known */
	bool again;       /* marked as sent again: a retransmission, a refresh */
	bool restarts;    /* data that also marks that numbers begin anew, at or before `first` */
	bool anywhere;    /* a reset without a number: `first` is a guess, numbers go on with
	                   * whatever comes next */
	uint16_t body; /* for writing: messages of another one have other bytes, from the 17th on;
	                * 0: they count up. Not read */
};

enum {
	WT_FEED_HEADERS_MAX = 64, /* read of a datagram at once; MACH packets are at least 12 bytes:
	                           * for more, wt_preset_read() is called again */
	WT_FEED_TEXT_BYTES = 32,  /* of a channel's or session's text, with its NUL */
};

enum wt_feed_order {
	WT_FEED_LITTLE_ENDIAN,
	WT_FEED_BIG_ENDIAN,
};

/* Meaning of the number in a heartbeat. */
enum wt_feed_heartbeat {
	WT_FEED_HEARTBEAT_NONE, /* no number, or no heartbeats */
	WT_FEED_HEARTBEAT_NEXT, /* the next to come */
	WT_FEED_HEARTBEAT_LAST, /* the last sent */
};

/* Place and width of a number in a header. Width 0: the transport has none. */
struct wt_feed_field {
	uint16_t offset;
	uint8_t bytes;
};

struct wt_preset;

/* Evidence that a payload is of a transport, for recognising it without being told. */
struct wt_feed_proof {
	/* One packet's score. 0: not this transport. 10: nothing contradicts it. 40: its constants
	 * are there. 60: a length field equals the payload. 80: so do all messages' lengths. 100: a
	 * checksum holds. See recognise.h. */
	unsigned score;
	const char *holds; /* checks that hold, static: "checksum", "length", "version, length" … */
};

struct wt_preset {
	const char *name;   /* "moldudp64" */
	const char *title;  /* "MoldUDP64: Nasdaq, UTP, ATDS, ASX, OSE, JNX …" */
	const char *source; /* the specification used, with its version */
	const char *doubt;  /* the parts not available, in words; NULL: none */
	enum wt_feed_unit unit;
	enum wt_feed_order order;
	enum wt_feed_heartbeat heartbeat;
	uint32_t heartbeat_ms; /* the longest silence that the specification allows; 0: not given */
	uint8_t number_bits;   /* 16 to 64; custom presets from 8 */
	uint8_t rolls_to;      /* after the largest number: 0 or 1 */
	uint64_t begins_at;    /* first number of a session; UINT64_MAX: any */
	uint16_t header_bytes; /* least size of a payload */
	/* Channels of more than 4 bytes and sessions of more than 8 are folded into a number. */
	struct wt_feed_field number, count, channel, session, length;
	int16_t length_adds;       /* payload bytes = length + this; only if length.bytes */
	struct wt_feed_field sent; /* send time, for writing: units of sent_unit_ns since
	                            * 1970, or since midnight */
	uint32_t sent_unit_ns;
	bool sent_since_midnight;
	bool zero_unsequenced; /* number 0 with messages: they have none */
	/* Messages after the header, as written: least size, with its own length; place and width
	 * of that length (0: none); whether it counts its own bytes. */
	uint8_t message_bytes, message_length_at, message_length_bytes;
	bool message_length_counts_itself; /* and all before it; else only the bytes after it */
	/* Read all headers, as wt_preset_read(); NULL: the row suffices. */
	int (*read)(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
	            size_t wire_bytes, struct wt_feed_header *headers, size_t *used);
	/* Write a packet, as wt_preset_write(); NULL: the row suffices. */
	int (*write)(const struct wt_preset *preset, uint8_t *payload, size_t room,
	             const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns);
	/* Name channel and session; NULL: as numbers, or "" where there is none. */
	void (*describe)(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
	                 char *channel, char *session);
	/* Weigh a payload; NULL: length and plausibility by the row. */
	struct wt_feed_proof (*prove)(const struct wt_preset *preset, const uint8_t *payload,
	                              size_t bytes, size_t wire_bytes);
};

/* All of them, in the order of `feeds --list`; their number. `custom` is not among them. */
extern const struct wt_preset *const wt_presets[];
extern const size_t wt_preset_count;

/* By name; NULL: there is none. */
const struct wt_preset *wt_preset_find(const char *name);

/* Make a preset of "offset=10,width=8,endian=big,count=18:2,unit=messages,key=0:4,heartbeat=next"
 * (what follows `custom:`). `offset` and `width` (1 to 8) must be there. `endian` defaults
 * to big. `count` is OFFSET[:WIDTH], by default 2 bytes; without it each packet has one
 * number. `unit` defaults to messages with a count, to packets without. `key` is OFFSET:WIDTH,
 * up to 16 bytes, or absent. `heartbeat` gives the meaning of the number in packets with count 0,
 * by default none. 0, or -EINVAL with the fault. */
int wt_preset_custom(struct wt_preset *preset, const char *text, struct wt_error *err);

/* Write a custom preset as "custom:" and that text with every setting, any other as its name.
 * Returns the length, as snprintf(). */
int wt_preset_text(const struct wt_preset *preset, char *out, size_t capacity);

/* Read the headers of a UDP payload, `bytes` of it captured and `wire_bytes` on the wire. Returns
 * their count, up to WT_FEED_HEADERS_MAX; 0 if this is not such a packet. *used is set to where the
 * next call goes on: `bytes`, unless there were more headers than room. */
int wt_preset_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                   size_t wire_bytes, struct wt_feed_header *headers, size_t *used);

/* Write a packet that wt_preset_read() reads as *header, with `body_bytes` after the transport's
 * header (header->count messages of bytes that count up, with their own lengths; raised to what
 * these need at least; packets without data have as little as they can), and whatever checksum,
 * length and send time the transport has. A transport with sessions needs header->session, one
 * without refuses it; channels alike. Sessions of text: the first eight characters, big-endian, XOR
 * eight '0', so that small numbers are written as digits.
 * Returns its bytes, -EMSGSIZE if they do not fit into `room`, or -EINVAL for a header that the
 * transport cannot express (a reset, an end, a number that is too large). */
int wt_preset_write(const struct wt_preset *preset, uint8_t *payload, size_t room,
                    const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns);

/* Channel and session of a payload in words, each of WT_FEED_TEXT_BYTES: "unit 3", "WIRETAPE". ""
 * where the transport has none. Printable ASCII always. */
void wt_preset_describe(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                        char *channel, char *session);

struct wt_feed_proof wt_preset_prove(const struct wt_preset *preset, const uint8_t *payload,
                                     size_t bytes, size_t wire_bytes);

#endif
