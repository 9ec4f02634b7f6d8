/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define B3      wt_preset_find("b3")
#define SENT_NS INT64_C(1579546260000000000)

/* Binary UMDF Message Reference 2.2.0, 6, Sample Packet: channel 55, version 1, number 987654321,
 * two messages of 76 and 68 bytes (Order_50, Trade_53). */
static const uint8_t sample[160] = {
        0x37, 0x00, 0x01, 0x00, 0xb1, 0x68, 0xde, 0x3a, 0x00, 0xc8, 0x98, 0x65, 0xf4, 0xac, 0xeb,
        0x15, 0x4c, 0x00, 0x50, 0xeb, 0x40, 0x00, 0x32, 0x00, 0x02, 0x00, 0x0f, 0x00, 0xa4, 0x92,
        0x78, 0x48, 0x17, 0x00, 0x00, 0x00, 0x80, 0x01, 0x31, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x61, 0xbc, 0x00, 0x00, 0x00, 0x00, 0x00, 0x78, 0xe0, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0xc8, 0x98, 0x65, 0xf4, 0xac, 0xeb, 0x15, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x0a, 0x00, 0x00, 0x00, 0x39, 0x30, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x44, 0x00, 0x50, 0xeb, 0x38, 0x00, 0x35, 0x00, 0x02, 0x00, 0x0a, 0x00, 0xa4,
        0x92, 0x78, 0x48, 0x17, 0x00, 0x00, 0x00, 0x80, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x61, 0xbc, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0xd0, 0x07, 0x00, 0x00, 0x81, 0xe3, 0x01, 0x00, 0x39, 0x30, 0x00, 0x00, 0x74, 0x4a,
        0x45, 0x00, 0x00, 0xc8, 0x98, 0x65, 0xf4, 0xac, 0xeb, 0x15,
};
/* 9.2.2: Sequence_2 in a packet with number 0: nextSeqNo 0x00012d44. */
static const uint8_t sequence[32] = {
        0x37, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc8, 0x98,
        0x65, 0xf4, 0xac, 0xeb, 0x15, 0x10, 0x00, 0x50, 0xeb, 0x04, 0x00,
        0x02, 0x00, 0x02, 0x00, 0x10, 0x00, 0x44, 0x2d, 0x01, 0x00,
};
/* 9.2.1: SequenceReset_1, which has no fields: its newSeqNo is always 1. */
static const uint8_t sequence_reset[28] = {
        0x37, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc8, 0x98, 0x65, 0xf4, 0xac,
        0xeb, 0x15, 0x0c, 0x00, 0x50, 0xeb, 0x00, 0x00, 0x01, 0x00, 0x02, 0x00, 0x10, 0x00,
};

static struct preset_case of(const uint8_t *payload, size_t bytes, struct wt_feed_header header)
{
	header.channel = 55;
	header.session = 1;
	return (struct preset_case){
	        .what = "b3",
	        .preset = B3,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {header},
	        .score = 90,
	};
}

Test(preset_b3, sample_packet_of_the_specification_is_read)
{
	struct preset_case one =
	        of(sample, sizeof(sample), (struct wt_feed_header){.first = 987654321, .count = 1});

	preset_case_check(&one);
}

Test(preset_b3, sequence_has_the_next_number_in_its_body)
{
	struct wt_feed_header next = {
	        .what = WT_FEED_HEARTBEAT, .has_number = true, .first = 0x12d44};
	struct preset_case one = of(sequence, sizeof(sequence), next);

	preset_case_check(&one);
	preset_case_written(B3, &one.header[0], 0, SENT_NS, sequence, sizeof(sequence));
}

Test(preset_b3, sequence_reset_goes_on_at_1)
{
	struct preset_case one = of(sequence_reset, sizeof(sequence_reset),
	                            (struct wt_feed_header){.what = WT_FEED_RESET, .first = 1});

	preset_case_check(&one);
	preset_case_written(B3, &one.header[0], 0, SENT_NS, sequence_reset, sizeof(sequence_reset));
}

Test(preset_b3, other_packets_with_number_0_have_none)
{
	uint8_t payload[sizeof(sequence)] = {0};
	struct preset_case one =
	        of(payload, sizeof(payload), (struct wt_feed_header){.what = WT_FEED_UNSEQUENCED});

	memcpy(payload, sequence, sizeof(payload));
	payload[22] = 3;
	preset_case_check(&one);
	payload[22] = 2;
	payload[18] = 0x5b;
	one.score = 0;
	preset_case_check(&one);
}

/* Cut before its number, a heartbeat says nothing. */
Test(preset_b3, sequence_that_is_cut_has_no_number)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used;

	cr_assert_eq(wt_preset_read(B3, sequence, 31, sizeof(sequence), headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_UNSEQUENCED);
	cr_expect_eq(headers[0].first, 0);
	cr_assert_eq(wt_preset_read(B3, sequence_reset, 23, 28, headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_UNSEQUENCED);
	cr_assert_eq(wt_preset_read(B3, sequence_reset, 24, 28, headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_RESET);
}

Test(preset_b3, channel_and_version_are_said)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];

	wt_preset_describe(B3, sample, sizeof(sample), channel, session);
	cr_expect_str_eq(channel, "channel 55");
	cr_expect_str_eq(session, "version 1");
}

Test(preset_b3, score_falls_to_nothing_without_its_structure)
{
	const struct {
		size_t at;
		uint8_t value;
	} changes[] = {{15, 0x01}, {16, 0x4b}, {16, 11}, {18, 0x51}, {19, 0xec}, {92, 0x45}};
	uint8_t payload[sizeof(sample)] = {0};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(payload, sample, sizeof(payload));
		payload[changes[i].at] = changes[i].value;
		cr_expect_eq(wt_preset_prove(B3, payload, sizeof(payload), sizeof(payload)).score,
		             0, "byte %zu is %u", changes[i].at, changes[i].value);
	}
	cr_expect_eq(wt_preset_prove(B3, sample, 90, sizeof(sample)).score, 60);
}

Test(preset_b3, what_is_written_is_read)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1, .channel = 255, .session = 65535},
	        {.first = 4294967295, .count = 1, .session = UINT64_MAX},
	        {.what = WT_FEED_HEARTBEAT, .session = 9, .has_number = true},
	        {.what = WT_FEED_HEARTBEAT, .session = 9, .has_number = true, .first = 4294967295},
	        {.what = WT_FEED_RESET, .session = 9, .first = 1},
	        {.what = WT_FEED_UNSEQUENCED, .session = 9},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_agree(B3, &headers[i], 64, 90);
}

Test(preset_b3, what_cannot_be_said_is_refused)
{
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1},
	        {.first = 0, .count = 1, .session = 1},
	        {.first = 1, .count = 1, .session = 65536},
	        {.what = WT_FEED_HEARTBEAT, .session = 1},
	        {.what = WT_FEED_RESET, .session = 1, .first = 2},
	        {.what = WT_FEED_END, .session = 1},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		preset_case_refused(B3, &headers[i]);
}

Test(preset_b3, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(
	        B3, &(struct preset_numbers){.unit = WT_FEED_PACKETS, .bits = 32, .begins_at = 1});
}

Test(preset_b3, other_traffic_scores_nothing)
{
	preset_case_foreign(B3);
}
