/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_PRESET_MOLDUDP64_H
#define WIRETAPE_FEED_PRESET_MOLDUDP64_H

/* MoldUDP64 downstream packets, as NASDAQ's "MoldUDP64 Protocol Specification"
 * has them: session (10 bytes), sequence number of the first message (64 bit),
 * message count (16 bit), then per message its length (16 bit) and its bytes,
 * everything big-endian.
 *
 * Pure functions over the caller's memory; any thread; any bytes are safe. */

#include <stdint.h>

#define WT_MOLDUDP64_SESSION_BYTES   10
#define WT_MOLDUDP64_SEQUENCE_OFFSET 10
#define WT_MOLDUDP64_CUT_BYTES       18 /* session and sequence number, no count */
#define WT_MOLDUDP64_HEADER_BYTES    20
#define WT_MOLDUDP64_LENGTH_BYTES    2 /* before each message */

/* Message count that announces the end instead: the sequence number is then that of the message
 * that would come next. */
#define WT_MOLDUDP64_END_OF_SESSION 0xffff

/* Fill a session from a name of 1 to 10 printable ASCII characters, padded with
 * spaces on the right. 0, or -EINVAL. */
int wt_moldudp64_session(uint8_t session[WT_MOLDUDP64_SESSION_BYTES], const char *name);

#endif
