/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define MOLD  wt_preset_find("moldudp64")
#define ASPEN wt_preset_find("aspen")

/* Nasdaq MoldUDP64 Protocol Specification 1.00, Downstream Packet: session (10 characters), number
 * of the first message (8), message count (2); message blocks: length (2), data. Big-endian. */
#define SESSION      "30303030303030303031" /* 0000000001 */
#define NUMBER_7     " 0000000000000007"
#define TWO_MESSAGES " 0002 0003 616263 0000" /* "It … can be zero length" */

/* Captured on JNX: session 1670788904. */
#define JNX "31363730373838393034 0000000000007fb3 0001 000e 59339156f8000025b84441592031"

static uint64_t session_of(const struct wt_preset *preset, const char *hex)
{
	struct wt_feed_header header;
	uint8_t payload[128];
	size_t used, bytes = preset_case_hex(payload, sizeof(payload), hex);

	cr_assert_eq(wt_preset_read(preset, payload, bytes, bytes, &header, &used), 1);
	return header.session;
}

Test(preset_mold, data)
{
	struct wt_feed_header header = {.first = 7, .count = 2};

	header.session = session_of(MOLD, SESSION NUMBER_7 TWO_MESSAGES);
	cr_expect_neq(header.session, 0);
	preset_case_hex_check(MOLD, "data", SESSION NUMBER_7 TWO_MESSAGES, &header, 80);
	header = (struct wt_feed_header){.first = 0x7fb3, .count = 1};
	header.session = session_of(MOLD, JNX);
	preset_case_hex_check(MOLD, "JNX", JNX, &header, 80);
}

/* "a Message Count of zero denotes a heartbeat"; it has "the next expected Sequence Number". */
Test(preset_mold, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {.what = WT_FEED_HEARTBEAT, .first = 7, .has_number = true};

	header.session = session_of(MOLD, SESSION NUMBER_7 TWO_MESSAGES);
	preset_case_hex_check(MOLD, "heartbeat", SESSION NUMBER_7 "0000", &header, 40);
	/* Captured on ASX. */
	header.first = 0x34e3e9;
	header.session = session_of(MOLD, "31353637333236303330 000000000034e3e9 0000");
	preset_case_hex_check(MOLD, "ASX", "31353637333236303330 000000000034e3e9 0000", &header,
	                      40);
}

/* "a Message Count of 0xFFFF … denotes end of session", with the next number. */
Test(preset_mold, count_of_65535_ends_the_session)
{
	struct wt_feed_header header = {.what = WT_FEED_END, .first = 7, .has_number = true};

	header.session = session_of(MOLD, SESSION NUMBER_7 "0000");
	preset_case_hex_check(MOLD, "end", SESSION NUMBER_7 "ffff", &header, 40);
}

/* A request packet (Request Packet) has the shape of a header whose messages are missing. */
Test(preset_mold, messages_that_do_not_fit_are_no_packet)
{
	preset_case_hex_check(MOLD, "request", SESSION NUMBER_7 "0002", NULL, 0);
	preset_case_hex_check(MOLD, "one too many", SESSION NUMBER_7 "0004 0003 616263 0000", NULL,
	                      0);
	preset_case_hex_check(MOLD, "19 bytes", SESSION NUMBER_7 "00", NULL, 0);
}

/* Bytes after the last message are read over, as are those after a heartbeat. */
Test(preset_mold, padding_is_read_over)
{
	struct wt_feed_header header = {.first = 7, .count = 2};

	header.session = session_of(MOLD, SESSION NUMBER_7 "0000");
	preset_case_hex_check(MOLD, "data", SESSION NUMBER_7 TWO_MESSAGES "0000", &header, 10);
	header.what = WT_FEED_HEARTBEAT;
	header.has_number = true;
	header.count = 0;
	preset_case_hex_check(MOLD, "heartbeat", SESSION NUMBER_7 "0000 0000", &header, 10);
}

/* The header of a payload that is cut counts; what was on the wire says whether it holds. */
Test(preset_mold, cut_payload_is_read_by_its_header)
{
	struct wt_feed_header header;
	uint8_t payload[64];
	size_t used,
	        bytes = preset_case_hex(payload, sizeof(payload), SESSION NUMBER_7 TWO_MESSAGES);

	cr_expect_eq(wt_preset_read(MOLD, payload, 20, bytes, &header, &used), 1);
	cr_expect_eq(header.count, 2);
	cr_expect_eq(wt_preset_read(MOLD, payload, 19, bytes, &header, &used), 0);
	cr_expect_eq(wt_preset_read(MOLD, payload, 20, 20, &header, &used), 0);
	cr_expect_eq(wt_preset_prove(MOLD, payload, 20, bytes).score, 40);
}

Test(preset_mold, sessions_that_differ_differ)
{
	static const char *const sessions[] = {
	        "30303030303030303031", "30303030303030303032", "30303030303030303130",
	        "30303030303030312020", "4a503137393430303030", "30303030303030302020",
	        "00000000000000000000", "20202020202020202020",
	};
	uint64_t numbers[8];

	for (size_t i = 0; i < 8; i++) {
		char hex[64];

		snprintf(hex, sizeof(hex), "%s 0000000000000001 0000", sessions[i]);
		numbers[i] = session_of(MOLD, hex);
		cr_expect_neq(numbers[i], 0, "%s", sessions[i]);
		for (size_t other = 0; other < i; other++)
			cr_expect_neq(numbers[i], numbers[other], "%s", sessions[i]);
	}
	cr_expect_eq(numbers[3], 1, "small numbers are digits");
	cr_expect_eq(numbers[5], UINT64_MAX, "there is no session 0");
}

Test(preset_mold, what_is_written_are_the_bytes_of_the_specification)
{
	static const uint8_t expected[] = {
	        '0',  '0',  '0',  '0',  '0',  '0',  '0',  '1',  ' ', ' ', /* session */
	        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,           /* sequence number */
	        0,    3,                                                  /* messages */
	};
	struct wt_feed_header header = {.session = 1, .first = UINT64_MAX - 1, .count = 3};
	uint8_t payload[256];
	int bytes = wt_preset_write(MOLD, payload, sizeof(payload), &header, 100, 0);
	int at = WT_MOLDUDP64_HEADER_BYTES;

	cr_assert_eq(bytes, 120);
	cr_expect_arr_eq(payload, expected, sizeof(expected));
	for (int message = 0; message < 3; message++) {
		cr_assert_leq(at + 2, bytes);
		at += 2 + (payload[at] << 8 | payload[at + 1]);
	}
	cr_expect_eq(at, bytes, "the lengths of the messages lead to the end");
}

Test(preset_mold, what_cannot_be_said_is_refused)
{
	struct wt_feed_header header = {.session = 1, .first = 1, .count = 65535};

	preset_case_refused(MOLD, &header);
	header.count = 1;
	header.session = 0;
	preset_case_refused(MOLD, &header);
	header.session = 1;
	header.channel = 1;
	preset_case_refused(MOLD, &header);
	header.channel = 0;
	header.again = true;
	preset_case_refused(MOLD, &header);
	header = (struct wt_feed_header){.session = 1, .first = 1, .what = WT_FEED_RESET};
	preset_case_refused(MOLD, &header);
	header.what = WT_FEED_END;
	preset_case_refused(MOLD, &header);
	header.has_number = true;
	preset_case_agree(MOLD, &header, 0, 40);
}

Test(preset_mold, session_in_words_is_printable)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	uint8_t payload[20] = "WIRE\x1b\x80 1  ";

	wt_preset_describe(MOLD, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "");
	cr_expect_str_eq(session, "WIRE.. 1");
	memset(payload, ' ', 10);
	wt_preset_describe(MOLD, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(session, "");
	wt_preset_describe(MOLD, payload, 19, channel, session);
	cr_expect_str_eq(session, "");
}

/* IntelligentCross Market Data Feed Specification 1.11, UDP Header: market day (9), feed (1),
 * number (8), count (2), little-endian; message blocks: length (2). Captured: an Order Executed
 * message. */
#define ASPEN_DATA                                                                                 \
	"303030303139333630 50 2d77000000000000 0100 2800 4a911bfc6462bde6d2361720fba23c0a7fe912"  \
	"02000000c622480000000000584026ba0700000000"

Test(preset_mold, aspen_is_little_endian)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	struct wt_feed_header header = {.channel = 'P', .first = 0x772d, .count = 1};
	uint8_t payload[128];
	size_t bytes = preset_case_hex(payload, sizeof(payload), ASPEN_DATA);

	header.session = session_of(ASPEN, ASPEN_DATA);
	preset_case_hex_check(ASPEN, "data", ASPEN_DATA, &header, 80);
	preset_case_hex_check(MOLD, "as MoldUDP64", ASPEN_DATA, NULL, 0);
	header.what = WT_FEED_HEARTBEAT;
	header.has_number = true;
	header.count = 0;
	preset_case_hex_check(ASPEN, "heartbeat", "303030303139333630 50 2d77000000000000 0000",
	                      &header, 40);
	wt_preset_describe(ASPEN, payload, bytes, channel, session);
	cr_expect_str_eq(channel, "feed P");
	cr_expect_str_eq(session, "000019360");
}
