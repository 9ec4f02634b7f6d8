/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_MOLDUDP64_H
#define WIRETAPE_FEED_MOLDUDP64_H

/* MoldUDP64 downstream packets, as NASDAQ's "MoldUDP64 Protocol Specification"
 * has them: session (10 bytes), sequence number of the first message (64 bit),
 * message count (16 bit), then per message its length (16 bit) and its bytes,
 * everything big-endian.
 *
 * Pure functions over the caller's memory; any thread; any bytes are safe. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WT_MOLDUDP64_SESSION_BYTES   10
#define WT_MOLDUDP64_SEQUENCE_OFFSET 10
#define WT_MOLDUDP64_CUT_BYTES       18 /* session and sequence number, no count */
#define WT_MOLDUDP64_HEADER_BYTES    20
#define WT_MOLDUDP64_LENGTH_BYTES    2 /* before each message */

/* Values of the message count that announce no messages. The sequence number
 * is then that of the message to come next. */
#define WT_MOLDUDP64_HEARTBEAT      0
#define WT_MOLDUDP64_END_OF_SESSION 0xffff

struct wt_moldudp64_header {
	uint8_t session[WT_MOLDUDP64_SESSION_BYTES]; /* padded with spaces, no NUL */
	uint64_t sequence;                           /* of the first message */
	uint16_t count;                              /* as on the wire */
};

struct wt_moldudp64_message {
	const uint8_t *data; /* borrowed from the packet; unset when bytes is 0 on encoding */
	uint16_t bytes;
};

/* A packet being read. `header` is for everybody, the rest is the cursor's.
 * Borrows the bytes given to wt_moldudp64_parse(). */
struct wt_moldudp64_packet {
	struct wt_moldudp64_header header;
	const uint8_t *at;
	size_t bytes_left;
	uint16_t messages_left;
};

/* Fill a session from a name of 1 to 10 printable ASCII characters, padded with
 * spaces on the right. 0, or -EINVAL. */
int wt_moldudp64_session(uint8_t session[WT_MOLDUDP64_SESSION_BYTES], const char *name);

/* How many messages the header stands for: its count, or 0 at end of session. */
uint16_t wt_moldudp64_messages(const struct wt_moldudp64_header *header);

/* Write the header and its messages. `messages` has wt_moldudp64_messages()
 * entries and may be NULL when that is 0. Returns the bytes written, or
 * -EMSGSIZE if they do not fit into `room` (or into an int); the buffer is then
 * unchanged. */
int wt_moldudp64_encode(uint8_t *buffer, size_t room, const struct wt_moldudp64_header *header,
                        const struct wt_moldudp64_message *messages);

/* Read the header of a UDP payload and stand before its first message.
 * 0, or -ENODATA if the payload is shorter than a header. */
int wt_moldudp64_parse(const uint8_t *payload, size_t bytes, struct wt_moldudp64_packet *packet);

/* Take the next message. 1 and *message; 0 after the last one; -EBADMSG if it
 * leaves the payload, now and for every later call (of a payload that the
 * capture has cut, the messages before the cut are still returned). */
int wt_moldudp64_next(struct wt_moldudp64_packet *packet, struct wt_moldudp64_message *message);

/* Whether every message that is still to come lies inside the payload: 0 or
 * -EBADMSG. Bytes after the last message are allowed. */
int wt_moldudp64_check(const struct wt_moldudp64_packet *packet);

/* Read the front of a header that ends before its message count, as in frames
 * too short for all of it (mold_template.h): 18 or 19 bytes. The count is taken
 * to be 1. This is not MoldUDP64; a caller that was not told to expect such
 * packets should use wt_moldudp64_parse() alone.
 * 0, -ENODATA if there are fewer bytes, -EINVAL if there are more. */
int wt_moldudp64_parse_cut(const uint8_t *payload, size_t bytes,
                           struct wt_moldudp64_header *header);

#ifdef __cplusplus
}
#endif
#endif
