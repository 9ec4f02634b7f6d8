/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define MDP3 wt_preset_find("mdp3")

/* CME MDP 3.0, SBE Technical Headers: MsgSeqNum and SendingTime, little-endian. Then messages:
 * size, and SBE's block length, template, schema 1, version. */
#define TIME 0x15, 0x73, 0xdf, 0x88, 0x90, 0xab, 0x53, 0x15 /* 1536760535123456789 */

/* Number 0x01020304. MDIncrementalRefreshVolume37 in 23 bytes, SecurityStatus30 in 40. */
static const uint8_t two_messages[75] = {
        0x04,      0x03, 0x02, 0x01, TIME,                /* 12 */
        23,        0,    11,   0,    37,   0, 1, 0, 9, 0, /* and 13 bytes */
        [35] = 40, 0,    30,   0,    30,   0, 1, 0, 9, 0, /* and 30 */
};

/* The first packet of a channel. ChannelReset4: a block of 9, a group of one entry of 2. */
static const uint8_t channel_reset[36] = {
        1,  0, 0, 0, TIME,                 /* 12 */
        24, 0, 9, 0, 4,    0, 1, 0, 13, 0, /* and 14 bytes */
};

static struct preset_case of(const uint8_t *payload, size_t bytes, struct wt_feed_header header)
{
	return (struct preset_case){
	        .what = "mdp3",
	        .preset = MDP3,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {header},
	        .score = 90,
	};
}

Test(preset_cme, packet_has_one_number_whatever_is_in_it)
{
	struct preset_case one = of(two_messages, sizeof(two_messages),
	                            (struct wt_feed_header){.first = 0x01020304, .count = 1});

	preset_case_check(&one);
}

/* A channel reset empties the books; only a first number says that numbers begin anew. */
Test(preset_cme, channel_reset_restarts_where_it_is_the_first_packet)
{
	uint8_t payload[sizeof(channel_reset)] = {0};
	struct preset_case one =
	        of(channel_reset, sizeof(channel_reset),
	           (struct wt_feed_header){.first = 1, .count = 1, .restarts = true});

	preset_case_check(&one);
	memcpy(payload, channel_reset, sizeof(payload));
	payload[0] = 77;
	one.payload = payload;
	one.header[0].first = 77;
	one.header[0].restarts = false;
	preset_case_check(&one);
}

Test(preset_cme, message_that_leaves_the_packet_is_none)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t payload[sizeof(two_messages)] = {0};
	size_t used;

	memcpy(payload, two_messages, sizeof(payload));
	payload[12] = 9;
	cr_expect_eq(
	        wt_preset_read(MDP3, payload, sizeof(payload), sizeof(payload), headers, &used), 0);
	payload[12] = 64;
	cr_expect_eq(
	        wt_preset_read(MDP3, payload, sizeof(payload), sizeof(payload), headers, &used), 0);
}

Test(preset_cme, score_falls_to_nothing_without_its_structure)
{
	const struct {
		size_t at;
		uint8_t value;
	} changes[] = {
	        {11, 0x01}, /* sent in 1974 */
	        {12, 22},   /* the second message elsewhere */
	        {35, 41},   /* the second message too long */
	        {14, 14},   /* a block longer than its message */
	        {17, 0x10}, /* template 4133 */
	        {19, 1},    /* schema 257 */
	};
	uint8_t payload[sizeof(two_messages)] = {0};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(payload, two_messages, sizeof(payload));
		payload[changes[i].at] = changes[i].value;
		cr_expect_eq(wt_preset_prove(MDP3, payload, sizeof(payload), sizeof(payload)).score,
		             0, "byte %zu is %u", changes[i].at, changes[i].value);
	}
}

Test(preset_cme, packet_that_is_cut_scores_less)
{
	cr_expect_eq(wt_preset_prove(MDP3, two_messages, 30, sizeof(two_messages)).score, 60);
	cr_expect_eq(wt_preset_prove(MDP3, two_messages, 30, 30).score, 0);
}

Test(preset_cme, what_is_written_is_read)
{
	const struct wt_feed_header headers[] = {
	        {.first = 0, .count = 1},
	        {.first = 1, .count = 1, .restarts = true},
	        {.first = 4294967295, .count = 1},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_agree(MDP3, &headers[i], 64, 90);
}

Test(preset_cme, what_cannot_be_said_is_refused)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 2},
	        {.first = 2, .count = 1, .restarts = true},
	        {.first = 1, .count = 1, .again = true},
	        {.what = WT_FEED_HEARTBEAT, .first = 1, .has_number = true},
	        {.what = WT_FEED_RESET, .first = 1},
	        {.what = WT_FEED_END},
	        {.what = WT_FEED_UNSEQUENCED},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_refused(MDP3, &headers[i]);
}

Test(preset_cme, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(MDP3, &(struct preset_numbers){
	                                  .unit = WT_FEED_PACKETS, .bits = 32, .begins_at = 1});
}

Test(preset_cme, other_traffic_scores_nothing)
{
	preset_case_foreign(MDP3);
}
