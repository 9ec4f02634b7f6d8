/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define EOBI wt_preset_find("eobi")

/* T7 EOBI Manual 14.1, 8.2, little-endian: BodyLen 32, TemplateID 13002, MsgSeqNum 0xffffffff,
 * ApplSeqNum, MarketSegmentID, PartitionID, CompletionIndicator, ApplSeqResetIndicator, DSCP, pad,
 * TransactTime 1701291411939000000. Then a Heartbeat (13001) of 16 bytes. */
static const uint8_t heartbeat[48] = {
        32,   0,    0xca, 0x32, 0xff, 0xff, 0xff, 0xff, 0x04, 0x03, 0x02, 0x01, 0x6f, 0x30, 0,
        0,    6,    1,    0,    8,    0,    0,    0,    0,    0xc0, 0xfe, 0x0b, 0x7c, 0x86, 0x33,
        0x9c, 0x17, 16,   0,    0xc9, 0x32, 0xff, 0xff, 0xff, 0xff, 0x5c, 1,    0,    0,
};

static struct preset_case of(const uint8_t *payload, size_t bytes, bool restarts)
{
	return (struct preset_case){
	        .what = "eobi",
	        .preset = EOBI,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {{.first = 0x01020304, .count = 1, .channel = 6, .restarts = restarts}},
	        .score = 90,
	};
}

/* 4.15: heartbeats of products are in packets with numbers, as all else. */
Test(preset_eurex, heartbeat_of_a_product_has_a_packet_number)
{
	struct preset_case one = of(heartbeat, sizeof(heartbeat), false);

	preset_case_check(&one);
}

/* 4.16: "always set in the Packet Header of the first few incremental messages after a (re-)start".
 */
Test(preset_eurex, reset_indicator_restarts)
{
	uint8_t payload[sizeof(heartbeat)] = {0};
	struct preset_case one = of(payload, sizeof(payload), true);

	memcpy(payload, heartbeat, sizeof(payload));
	payload[18] = 1;
	preset_case_check(&one);
}

/* "Up to 5 different Packet Header TemplateIDs are reserved": 13004 in 3.0, 13002 in 6.0 and 14.1,
 * 13005 in 13.1, 13000 in 5.0, 13003 in 12.1. 13001 is Heartbeat. */
Test(preset_eurex, packet_headers_of_all_releases_are_read)
{
	uint8_t payload[sizeof(heartbeat)] = {0};

	memcpy(payload, heartbeat, sizeof(payload));
	for (unsigned id = 0xc6; id <= 0xd0; id++) {
		struct preset_case one = of(payload, sizeof(payload), false);

		payload[2] = (uint8_t)id;
		if (id < 0xc8 || id == 0xc9 || id > 0xcd)
			one.headers = (int)(one.score = 0);
		preset_case_check(&one);
	}
}

/* 4.15: the technical heartbeat begins with 0xc0 0xf8 and is to be ignored. */
Test(preset_eurex, technical_heartbeat_is_none)
{
	uint8_t payload[64] = {0xc0, 0xf8};
	struct preset_case one = of(payload, sizeof(payload), false);

	one.headers = (int)(one.score = 0);
	preset_case_check(&one);
}

Test(preset_eurex, partition_is_said)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];

	wt_preset_describe(EOBI, heartbeat, sizeof(heartbeat), channel, session);
	cr_expect_str_eq(channel, "partition 6");
	cr_expect_str_empty(session);
}

Test(preset_eurex, score_falls_to_nothing_without_its_structure)
{
	const struct {
		size_t at;
		uint8_t value;
	} changes[] = {{0, 33},    {3, 0x33}, {17, 2}, {18, 2},
	               {31, 0x01}, {32, 15},  {32, 7}, {33, 1}};
	uint8_t payload[sizeof(heartbeat)] = {0};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(payload, heartbeat, sizeof(payload));
		payload[changes[i].at] = changes[i].value;
		cr_expect_eq(wt_preset_prove(EOBI, payload, sizeof(payload), sizeof(payload)).score,
		             0, "byte %zu is %u", changes[i].at, changes[i].value);
	}
	memcpy(payload, heartbeat, sizeof(payload));
	payload[4] = 0;
	cr_expect_eq(wt_preset_prove(EOBI, payload, sizeof(payload), sizeof(payload)).score, 80);
	cr_expect_eq(wt_preset_prove(EOBI, heartbeat, 33, sizeof(payload)).score, 60);
}

Test(preset_eurex, what_is_written_is_read)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1, .channel = 255, .restarts = true},
	        {.first = 4294967295, .count = 1},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_agree(EOBI, &headers[i], 64, 90);
}

Test(preset_eurex, what_cannot_be_said_is_refused)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1, .channel = 256},
	        {.first = 1, .count = 1, .session = 1},
	        {.first = 1, .count = 1, .again = true},
	        {.what = WT_FEED_HEARTBEAT, .first = 1, .has_number = true},
	        {.what = WT_FEED_RESET, .first = 1},
	        {.what = WT_FEED_END},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_refused(EOBI, &headers[i]);
}

Test(preset_eurex, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(EOBI, &(struct preset_numbers){
	                                  .unit = WT_FEED_PACKETS, .bits = 32, .begins_at = 1});
}

Test(preset_eurex, other_traffic_scores_nothing)
{
	preset_case_foreign(EOBI);
}
