/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define OMD     wt_preset_find("omd")
#define SENT_NS INT64_C(1701291411939000000)
#define SENT    0xc0, 0xfe, 0x0b, 0x7c, 0x86, 0x33, 0x9c, 0x17

/* OMD-C 1.45, 3.3, little-endian: PktSize, MsgCount, a filler, SeqNum, SendTime. 3.2: MsgSize with
 * itself, MsgType. Two messages: Trade Ticker (52) of 8 bytes, Trade (50) of 12. */
static const uint8_t two_messages[36] = {
        36, 0, 2, 0, 0x04, 0x03, 0x02, 0x01, SENT, 8, 0, 52, 0, 1, 2, 3, 4, 12, 0, 50, 0,
};
/* 3.4.1: MsgCount 0, "SeqNum is set to the sequence number of the previous message". */
static const uint8_t heartbeat[16] = {16, 0, 0, 0, 0x04, 0x03, 0x02, 0x01, SENT};
/* 3.4.2: message 100, NewSeqNo 1; "ignore the sequence number of the Sequence Reset itself". */
static const uint8_t reset[24] = {
        24, 0, 1, 0, 0x04, 0x03, 0x02, 0x01, SENT, 8, 0, 100, 0, 1, 0, 0, 0,
};
/* OMD-D 2.0, 3.3.1: Compression Mode 1, messages as zlib's (RFC 1950): here 40 in 12 bytes. */
static const uint8_t compressed[28] = {
        28,   0,    40,   1,    0x04, 0x03, 0x02, 0x01, SENT, 0x78,
        0x9c, 0x63, 0x60, 0xc0, 0x05, 0x00, 0x00, 0x1e, 0x00, 0x01,
};

static struct preset_case of(const uint8_t *payload, size_t bytes, unsigned score,
                             struct wt_feed_header header)
{
	return (struct preset_case){
	        .what = "omd",
	        .preset = OMD,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {header},
	        .score = score,
	};
}

Test(preset_hkex, data_counts_messages)
{
	struct preset_case one = of(two_messages, sizeof(two_messages), 90,
	                            (struct wt_feed_header){.first = 0x01020304, .count = 2});

	preset_case_check(&one);
}

Test(preset_hkex, heartbeat_has_the_number_before_the_next)
{
	struct wt_feed_header next = {
	        .what = WT_FEED_HEARTBEAT, .has_number = true, .first = 0x01020305};
	struct preset_case one = of(heartbeat, sizeof(heartbeat), 60, next);

	preset_case_check(&one);
	preset_case_written(OMD, &next, 0, SENT_NS, heartbeat, sizeof(heartbeat));
}

Test(preset_hkex, reset_says_what_comes_next_whatever_its_own_number_is)
{
	struct preset_case one = of(reset, sizeof(reset), 90,
	                            (struct wt_feed_header){.what = WT_FEED_RESET, .first = 1});

	preset_case_check(&one);
}

Test(preset_hkex, messages_after_a_reset_have_the_new_numbers)
{
	uint8_t payload[32] = {0};
	struct preset_case one = of(payload, sizeof(payload), 90,
	                            (struct wt_feed_header){.what = WT_FEED_RESET, .first = 1});

	memcpy(payload, reset, sizeof(reset));
	memcpy(payload + 24, two_messages + 16, 8);
	payload[0] = 32;
	payload[2] = 2;
	one.headers = 2;
	one.header[1] = (struct wt_feed_header){.first = 1, .count = 1};
	preset_case_check(&one);
}

Test(preset_hkex, compressed_messages_are_counted_as_they_say)
{
	struct preset_case one = of(compressed, sizeof(compressed), 60,
	                            (struct wt_feed_header){.first = 0x01020304, .count = 40});
	uint8_t payload[sizeof(compressed)] = {0};

	preset_case_check(&one);
	memcpy(payload, compressed, sizeof(payload));
	payload[17] = 0x9d;
	cr_expect_eq(wt_preset_prove(OMD, payload, sizeof(payload), sizeof(payload)).score, 0,
	             "zlib's check");
	payload[16] = 0x79;
	payload[17] = 0x18;
	cr_expect_eq((0x79 << 8 | 0x18) % 31, 0);
	cr_expect_eq(wt_preset_prove(OMD, payload, sizeof(payload), sizeof(payload)).score, 0,
	             "not deflate");
	memcpy(payload, compressed, sizeof(payload));
	payload[2] = 0;
	cr_expect_eq(wt_preset_prove(OMD, payload, sizeof(payload), sizeof(payload)).score, 0,
	             "no messages");
	cr_expect_eq(wt_preset_prove(OMD, compressed, 18, sizeof(compressed)).score, 60);
	cr_expect_eq(wt_preset_prove(OMD, compressed, 17, sizeof(compressed)).score, 0);
}

/* Cut before its number, a reset is no reset. */
Test(preset_hkex, reset_that_is_cut_is_not_read_beyond)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used;

	cr_assert_eq(wt_preset_read(OMD, reset, 23, sizeof(reset), headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_DATA);
}

/* Bytes of a compressed packet may look like a reset. */
Test(preset_hkex, compressed_packet_is_no_reset)
{
	uint8_t payload[sizeof(reset)] = {0};
	struct preset_case one = of(payload, sizeof(payload), 0,
	                            (struct wt_feed_header){.first = 0x01020304, .count = 1});

	memcpy(payload, reset, sizeof(payload));
	payload[3] = 1;
	preset_case_check(&one);
}

Test(preset_hkex, score_falls_to_nothing_without_its_structure)
{
	const struct {
		size_t at;
		uint8_t value;
	} changes[] = {{0, 35}, {0, 37}, {2, 1}, {2, 3}, {15, 1}, {16, 3}, {16, 9}, {24, 11}};
	uint8_t payload[sizeof(two_messages)] = {0};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(payload, two_messages, sizeof(payload));
		payload[changes[i].at] = changes[i].value;
		cr_expect_eq(wt_preset_prove(OMD, payload, sizeof(payload), sizeof(payload)).score,
		             0, "byte %zu is %u", changes[i].at, changes[i].value);
	}
}

Test(preset_hkex, more_messages_than_fit_are_none)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t payload[sizeof(two_messages)] = {0};
	size_t used;

	memcpy(payload, two_messages, sizeof(payload));
	payload[2] = 5;
	cr_expect_eq(wt_preset_read(OMD, payload, sizeof(payload), sizeof(payload), headers, &used),
	             1);
	payload[2] = 6;
	cr_expect_eq(wt_preset_read(OMD, payload, sizeof(payload), sizeof(payload), headers, &used),
	             0);
}

Test(preset_hkex, what_is_written_is_read)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1},
	        {.first = 4294967295, .count = 20},
	        {.what = WT_FEED_RESET, .first = 1},
	        {.what = WT_FEED_RESET, .first = 500},
	};
	const struct wt_feed_header next = {
	        .what = WT_FEED_HEARTBEAT, .has_number = true, .first = 1};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_agree(OMD, &headers[i], 200, 90);
	preset_case_agree(OMD, &next, 0, 60);
}

Test(preset_hkex, what_cannot_be_said_is_refused)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 256},
	        {.first = 1, .count = 1, .again = true},
	        {.first = 1, .count = 1, .restarts = true},
	        {.what = WT_FEED_HEARTBEAT},
	        {.what = WT_FEED_RESET, .first = 1, .again = true},
	        {.what = WT_FEED_RESET, .first = 1, .count = 1},
	        {.what = WT_FEED_RESET, .first = 1, .has_number = true},
	        {.what = WT_FEED_RESET, .first = 1, .anywhere = true},
	        {.what = WT_FEED_RESET, .first = 4294967296},
	        {.what = WT_FEED_END},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_refused(OMD, &headers[i]);
}

/* OMD-C 1.45, 2.2.2: heartbeats about every 2 seconds. */
Test(preset_hkex, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(OMD, &(struct preset_numbers){.bits = 32,
	                                                  .begins_at = 1,
	                                                  .heartbeat = WT_FEED_HEARTBEAT_LAST,
	                                                  .heartbeat_ms = 2000});
}

Test(preset_hkex, other_traffic_scores_nothing)
{
	preset_case_foreign(OMD);
}
