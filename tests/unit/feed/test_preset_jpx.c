/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define FLEX wt_preset_find("flex")

/* FLEX MBO 1.1, 3.2.1, big-endian: group 52, reboots 3, number 10030501, issue "8697", update
 * number, packet number 0 of 0, utility flag, tags 2. 3.1.1: tags with the length of what follows:
 * here a T of 5 bytes and a D of 4. */
static const uint8_t two_tags[37] = {
        52,  3,   0x00, 0x99, 0x0d, 0xa5, '8',  '6',  '9',  '7', ' ', ' ', ' ',
        ' ', ' ', ' ',  ' ',  ' ',  0,    0x5b, 0x8f, 0x0f, 0,   0,   0,   2,
        5,   'T', 0,    0,    1,    2,    4,    'D',  1,    2,   3,
};
/* 3.2.3 (9): a control tag: production, and 2 for the end of communication. No issue. */
static const uint8_t communication_end[30] = {
        52,  0,   0,   0, 0, 9, ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
        ' ', ' ', ' ', 0, 0, 0, 0,   0,   0,   0,   1,   3,   'L', 1,   2,
};

static struct preset_case of(const uint8_t *payload, size_t bytes, struct wt_feed_header header)
{
	header.channel = 52;
	return (struct preset_case){
	        .what = "flex",
	        .preset = FLEX,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {header},
	        .score = 90,
	};
}

Test(preset_jpx, packet_has_one_number_whatever_tags_it_has)
{
	struct preset_case one =
	        of(two_tags, sizeof(two_tags),
	           (struct wt_feed_header){.first = 10030501, .count = 1, .session = 3});

	preset_case_check(&one);
}

/* 2.3: health checks come each minute, in packets with numbers. */
Test(preset_jpx, health_check_is_data)
{
	uint8_t payload[sizeof(communication_end)] = {0};
	struct preset_case one =
	        of(payload, sizeof(payload),
	           (struct wt_feed_header){.first = 9, .count = 1, .session = UINT64_MAX});

	memcpy(payload, communication_end, sizeof(payload));
	payload[29] = 0;
	preset_case_check(&one);
	payload[29] = 1;
	preset_case_check(&one);
}

Test(preset_jpx, end_of_communication_has_a_number_of_its_own)
{
	struct preset_case one =
	        of(communication_end, sizeof(communication_end),
	           (struct wt_feed_header){.first = 9, .count = 1, .session = UINT64_MAX});

	one.headers = 2;
	one.header[1] = (struct wt_feed_header){.what = WT_FEED_END,
	                                        .first = 10,
	                                        .has_number = true,
	                                        .channel = 52,
	                                        .session = UINT64_MAX};
	preset_case_check(&one);
	preset_case_written(FLEX, &one.header[1], 0, 0, communication_end,
	                    sizeof(communication_end));
}

/* 4.1.5 (2): snapshots have number 0 and no reboots. */
Test(preset_jpx, snapshot_has_no_number)
{
	uint8_t payload[sizeof(two_tags)] = {0};
	struct preset_case one =
	        of(payload, sizeof(payload),
	           (struct wt_feed_header){.what = WT_FEED_UNSEQUENCED, .session = UINT64_MAX});

	memcpy(payload, two_tags, sizeof(payload));
	memset(payload + 1, 0, 5);
	preset_case_check(&one);
}

/* 3.3.1: messages that keep routes alive have no header: they are spaces. */
Test(preset_jpx, routing_message_is_none)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t payload[100] = {0};
	size_t used;

	memset(payload, ' ', sizeof(payload));
	cr_expect_eq(wt_preset_read(FLEX, payload, 100, 100, headers, &used), 0);
	cr_expect_eq(wt_preset_read(FLEX, payload, 1, 1, headers, &used), 0);
	cr_expect_eq(wt_preset_prove(FLEX, payload, 100, 100).score, 0);
	payload[0] = 1;
	cr_expect_eq(wt_preset_read(FLEX, payload, 100, 100, headers, &used), 1);
}

Test(preset_jpx, group_and_reboots_are_said)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];

	wt_preset_describe(FLEX, two_tags, sizeof(two_tags), channel, session);
	cr_expect_str_eq(channel, "group 52");
	cr_expect_str_eq(session, "reboot 3");
}

Test(preset_jpx, score_falls_to_nothing_without_its_structure)
{
	const struct {
		size_t at;
		uint8_t value;
	} changes[] = {{6, 'a'}, {17, 0}, {22, 1}, {23, 1}, {24, 2}, {25, 0},
	               {25, 1},  {25, 3}, {26, 6}, {26, 0}, {32, 5}};
	uint8_t payload[sizeof(two_tags)] = {0};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(payload, two_tags, sizeof(payload));
		payload[changes[i].at] = changes[i].value;
		cr_expect_eq(wt_preset_prove(FLEX, payload, sizeof(payload), sizeof(payload)).score,
		             0, "byte %zu is %u", changes[i].at, changes[i].value);
	}
	cr_expect_eq(wt_preset_prove(FLEX, two_tags, 28, sizeof(two_tags)).score, 40);
}

/* 3.1.1: issue codes are of digits and letters; the utility flag says that another packet follows.
 */
Test(preset_jpx, issue_code_and_utility_flag_are_what_they_may_be)
{
	uint8_t payload[sizeof(two_tags)] = {0};
	static const char others[] = {'/', ':', '@', '[', 'a'};

	memcpy(payload, two_tags, sizeof(payload));
	memcpy(payload + 6, "09AZ        ", 12);
	payload[24] = 1;
	cr_expect_eq(wt_preset_prove(FLEX, payload, sizeof(payload), sizeof(payload)).score, 90);
	for (size_t i = 0; i < sizeof(others); i++) {
		payload[9] = (uint8_t)others[i];
		cr_expect_eq(wt_preset_prove(FLEX, payload, sizeof(payload), sizeof(payload)).score,
		             0, "%c", others[i]);
	}
}

Test(preset_jpx, what_is_written_is_read)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1, .channel = 255, .session = 255},
	        {.first = 4294967295, .count = 1, .session = UINT64_MAX},
	        {.what = WT_FEED_UNSEQUENCED, .session = 9},
	        {.what = WT_FEED_END, .session = 9, .first = 2, .has_number = true},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		for (size_t body = 0; body < 1000; body += 333)
			preset_case_agree(FLEX, &headers[i], body, 90);
		/* Tags have up to 256 bytes with their length. */
		for (size_t body = 255; body < 258; body++)
			preset_case_agree(FLEX, &headers[i], body, 90);
	}
}

Test(preset_jpx, what_cannot_be_said_is_refused)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1},
	        {.first = 0, .count = 1, .session = 1},
	        {.first = 1, .count = 2, .session = 1},
	        {.first = 1, .count = 1, .session = 256},
	        {.what = WT_FEED_HEARTBEAT, .session = 1, .first = 1, .has_number = true},
	        {.what = WT_FEED_RESET, .session = 1, .first = 1},
	        {.what = WT_FEED_END, .session = 1, .first = 1, .has_number = true},
	        {.what = WT_FEED_END, .session = 1},
	        {.what = WT_FEED_END, .session = 1, .first = 5},
	        {.what = WT_FEED_END, .session = 1, .first = 5, .has_number = true, .count = 1},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_refused(FLEX, &headers[i]);
}

Test(preset_jpx, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(FLEX, &(struct preset_numbers){.unit = WT_FEED_PACKETS,
	                                                   .bits = 32,
	                                                   .begins_at = 1,
	                                                   .heartbeat_ms = 60000});
}

Test(preset_jpx, other_traffic_scores_nothing)
{
	preset_case_foreign(FLEX);
}
