/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define OPTIQ wt_preset_find("optiq")

/* Optiq MDG 5.23, 4.2, little-endian: Packet Time 1701291411939000000, PSN, flags, channel 12. 4.3:
 * Frame with itself, block length, template, schema, version. A Health Status (1103): 16 bytes of
 * block; the flags have bit 9 for it, restart 2 in bits 1 to 3, and 5 in bits 4 to 6: the high bits
 * of the number. */
static const uint8_t health_status[42] = {
        0xc0, 0xfe, 0x0b, 0x7c, 0x86, 0x33, 0x9c, 0x17, 0x04, 0x03, 0x02, 0x01, 0x54,
        0x02, 12,   0,    26,   0,    16,   0,    0x4f, 0x04, 0,    0,    104,  0,
};

static struct preset_case of(const uint8_t *payload, size_t bytes, struct wt_feed_header header)
{
	return (struct preset_case){
	        .what = "optiq",
	        .preset = OPTIQ,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {header},
	        .score = 90,
	};
}

/* 3.9, 5.3.1: health status is sent in packets with numbers, as all else. */
Test(preset_euronext, number_has_35_bits_in_two_fields)
{
	struct preset_case one =
	        of(health_status, sizeof(health_status),
	           (struct wt_feed_header){
	                   .first = 0x501020304, .count = 1, .channel = 12, .session = 2});

	preset_case_check(&one);
}

/* 3.7: the counter goes back to 0 after 7; sessions are never 0. */
Test(preset_euronext, restart_counter_is_the_session)
{
	uint8_t payload[sizeof(health_status)] = {0};

	memcpy(payload, health_status, sizeof(payload));
	for (unsigned restart = 0; restart < 8; restart++) {
		struct preset_case one =
		        of(payload, sizeof(payload),
		           (struct wt_feed_header){.first = 0x01020304,
		                                   .count = 1,
		                                   .channel = 12,
		                                   .session = restart ? restart : UINT64_MAX});

		payload[12] = (uint8_t)(restart << 1);
		preset_case_check(&one);
	}
}

/* The header is not compressed. Bits 7 to 9 say what is in the packet. */
Test(preset_euronext, compression_and_contents_hide_nothing)
{
	uint8_t payload[sizeof(health_status)] = {0};
	struct preset_case one =
	        of(payload, sizeof(payload),
	           (struct wt_feed_header){
	                   .first = 0x01020304, .count = 1, .channel = 12, .session = UINT64_MAX});

	memcpy(payload, health_status, sizeof(payload));
	payload[12] = 0x81;
	payload[13] = 0x03;
	one.score = 40;
	preset_case_check(&one);
	payload[12] = 0x80;
	one.score = 90;
	preset_case_check(&one);
}

Test(preset_euronext, channel_and_restart_are_said)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];

	wt_preset_describe(OPTIQ, health_status, sizeof(health_status), channel, session);
	cr_expect_str_eq(channel, "channel 12");
	cr_expect_str_eq(session, "restart 2");
}

Test(preset_euronext, score_falls_to_nothing_without_its_structure)
{
	const struct {
		size_t at;
		uint8_t value;
	} changes[] = {{7, 0x01}, {13, 0x06}, {13, 0x82}, {16, 25}, {16, 27}, {18, 17}, {19, 1}};
	uint8_t payload[sizeof(health_status)] = {0};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(payload, health_status, sizeof(payload));
		payload[changes[i].at] = changes[i].value;
		cr_expect_eq(
		        wt_preset_prove(OPTIQ, payload, sizeof(payload), sizeof(payload)).score, 0,
		        "byte %zu is %u", changes[i].at, changes[i].value);
	}
	cr_expect_eq(wt_preset_prove(OPTIQ, health_status, 16, 16).score, 0, "no message");
	cr_expect_eq(wt_preset_prove(OPTIQ, health_status, 30, sizeof(payload)).score, 90,
	             "the only message is cut");
}

Test(preset_euronext, what_is_written_is_read)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1, .channel = 65535, .session = UINT64_MAX},
	        {.first = 0x7ffffffff, .count = 1, .session = 7},
	        {.first = 0x100000000, .count = 1, .session = 1},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_agree(OPTIQ, &headers[i], 64, 90);
}

Test(preset_euronext, what_cannot_be_said_is_refused)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1},
	        {.first = 1, .count = 1, .session = 8},
	        {.first = 0x800000000, .count = 1, .session = 1},
	        {.first = 1, .count = 1, .session = 1, .channel = 65536},
	        {.what = WT_FEED_HEARTBEAT, .first = 1, .has_number = true, .session = 1},
	        {.what = WT_FEED_RESET, .first = 1, .session = 1},
	        {.what = WT_FEED_END, .session = 1},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_refused(OPTIQ, &headers[i]);
}

/* 7.1.3: health status every 2 seconds. */
Test(preset_euronext, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(OPTIQ, &(struct preset_numbers){.unit = WT_FEED_PACKETS,
	                                                    .bits = 35,
	                                                    .begins_at = 1,
	                                                    .heartbeat_ms = 2000});
}

Test(preset_euronext, other_traffic_scores_nothing)
{
	preset_case_foreign(OPTIQ);
}
