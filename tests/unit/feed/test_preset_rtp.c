/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define RTP wt_preset_find("rtp")

/* RFC 3550, 5.1: version 2, marker and type 96, number 0xfffe, timestamp, source 0x12345678. */
static const uint8_t plain[16] = {
        0x80, 0xe0, 0xff, 0xfe, 0x01, 0x02, 0x03, 0x04, 0x12, 0x34, 0x56, 0x78, 1, 2, 3, 4,
};
/* 5.1, 5.3.1: padding of 4, an extension of 2 words, 3 contributing sources. */
static const uint8_t with_all[44] = {
        0xb3, 96, 0xff, 0xfe, 0x01, 0x02, 0x03, 0x04, 0x12, 0x34, 0x56, 0x78, 0, 0, 0,
        1,    0,  0,    0,    2,    0,    0,    0,    3,    0xbe, 0xde, 0,    2, 1, 2,
        3,    4,  5,    6,    7,    8,    1,    2,    3,    4,    0,    0,    0, 4,
};

static struct preset_case of(const uint8_t *payload, size_t bytes)
{
	return (struct preset_case){
	        .what = "rtp",
	        .preset = RTP,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {{.first = 0xfffe, .count = 1, .channel = 0x12345678}},
	        .score = 20,
	};
}

Test(preset_rtp, packet_has_a_number_of_16_bits_and_a_source)
{
	struct preset_case one = of(plain, sizeof(plain));

	preset_case_check(&one);
}

Test(preset_rtp, contributors_extension_and_padding_are_part_of_the_header)
{
	struct preset_case one = of(with_all, sizeof(with_all));
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used;

	preset_case_check(&one);
	cr_expect_eq(wt_preset_read(RTP, with_all, 36, 36, headers, &used), 1);
	cr_expect_eq(wt_preset_read(RTP, with_all, 35, 35, headers, &used), 0, "extension");
	cr_expect_eq(wt_preset_read(RTP, with_all, 27, 27, headers, &used), 0, "its header");
	cr_expect_eq(wt_preset_read(RTP, with_all, 23, 23, headers, &used), 0, "contributors");
	cr_expect_eq(wt_preset_read(RTP, with_all, 23, 44, headers, &used), 1, "cut");
}

Test(preset_rtp, padding_fits)
{
	uint8_t payload[sizeof(with_all)] = {0};

	memcpy(payload, with_all, sizeof(payload));
	payload[43] = 8;
	cr_expect_eq(wt_preset_prove(RTP, payload, 44, 44).score, 20);
	payload[43] = 9;
	cr_expect_eq(wt_preset_prove(RTP, payload, 44, 44).score, 0);
	payload[43] = 0;
	cr_expect_eq(wt_preset_prove(RTP, payload, 44, 44).score, 0);
}

/* RFC 5761, 4: 192 to 223 are RTCP's; RFC 3551, 6: types 72 to 76 are kept free for them. */
Test(preset_rtp, rtcp_is_none)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t payload[28] = {0x80};
	size_t used;

	for (unsigned type = 0; type < 256; type++) {
		bool rtcp = (type >= 192 && type <= 223) || (type >= 72 && type <= 76);

		payload[1] = (uint8_t)type;
		cr_expect_eq(wt_preset_read(RTP, payload, 28, 28, headers, &used), !rtcp, "type %u",
		             type);
	}
}

Test(preset_rtp, other_versions_are_none)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t payload[sizeof(plain)] = {0};
	size_t used;

	memcpy(payload, plain, sizeof(payload));
	for (unsigned version = 0; version < 4; version++) {
		payload[0] = (uint8_t)(version << 6);
		cr_expect_eq(wt_preset_read(RTP, payload, 16, 16, headers, &used), version == 2);
	}
}

/* RFC 3551, 6: types that are given out, and dynamic ones from 96. */
Test(preset_rtp, types_that_are_not_given_out_score_nothing)
{
	/* 0 to 18, 25, 26, 28, 31 to 34. */
	const uint64_t given = UINT64_C(0x79607ffff);
	uint8_t payload[sizeof(plain)] = {0};

	memcpy(payload, plain, sizeof(payload));
	for (unsigned type = 0; type < 128; type++) {
		bool is = type >= 96 || (type < 64 && given >> type & 1);

		payload[1] = (uint8_t)type;
		cr_expect_eq(wt_preset_prove(RTP, payload, 16, 16).score, is ? 20 : 0, "type %u",
		             type);
	}
}

/* RFC 2250, 2: a whole number of packets of 188 bytes, which begin with 0x47. Sources of 0 are
 * common there. */
Test(preset_rtp, transport_stream_is_known_by_its_packets)
{
	uint8_t payload[12 + 7 * 188] = {0x80, 33, 0xff, 0xfe};
	struct preset_case one = of(payload, sizeof(payload));

	for (size_t at = 12; at < sizeof(payload); at += 188)
		payload[at] = 0x47;
	one.header[0].channel = 0;
	one.score = 80;
	preset_case_check(&one);
	payload[12 + 188] = 0;
	cr_expect_lt(wt_preset_prove(RTP, payload, sizeof(payload), sizeof(payload)).score, 80);
}

Test(preset_rtp, source_is_said)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];

	wt_preset_describe(RTP, plain, sizeof(plain), channel, session);
	cr_expect_str_eq(channel, "SSRC 0x12345678");
	cr_expect_str_empty(session);
}

Test(preset_rtp, what_is_written_is_read)
{
	const struct wt_feed_header headers[] = {
	        {.first = 0, .count = 1, .channel = 0xffffffff},
	        {.first = 65535, .count = 1, .channel = 0x10000},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_agree(RTP, &headers[i], 64, 20);
}

/* The clock of 90 kHz goes on from packet to packet. */
Test(preset_rtp, timestamp_is_of_90_khz)
{
	const struct wt_feed_header header = {.first = 1, .count = 1, .channel = 9};
	uint8_t payload[64] = {0};

	cr_assert_eq(wt_preset_write(RTP, payload, sizeof(payload), &header, 10, 2500000000), 22);
	cr_expect_arr_eq(payload + 4, ((uint8_t[]){0x00, 0x03, 0x6e, 0xe8}), 4);
}

Test(preset_rtp, what_cannot_be_said_is_refused)
{
	const struct wt_feed_header headers[] = {
	        {.first = 65536, .count = 1},           {.first = 1, .count = 2},
	        {.first = 1, .count = 1, .session = 1}, {.what = WT_FEED_HEARTBEAT},
	        {.what = WT_FEED_RESET, .first = 1},    {.what = WT_FEED_END},
	        {.what = WT_FEED_UNSEQUENCED},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_refused(RTP, &headers[i]);
}

Test(preset_rtp, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(RTP, &(struct preset_numbers){.unit = WT_FEED_PACKETS,
	                                                  .bits = 16,
	                                                  .begins_at = UINT64_MAX});
}

Test(preset_rtp, other_traffic_scores_nothing)
{
	preset_case_foreign(RTP);
}
