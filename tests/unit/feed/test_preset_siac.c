/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define OPRA wt_preset_find("opra")
#define CTA  wt_preset_find("cta")

/* OPRA 6.3a, 3.05: version 6, block size, 'O', retransmission ' ', session, block sequence number,
 * messages, seconds and nanoseconds, checksum: the sum of all other bytes. 4.0: participant,
 * category, type, indicator, transaction, participant reference. 3.03: a pad byte. */
#define OPRA_SENT_NS INT64_C(1701291411939000000)
#define OPRA_TIME    0x65, 0x67, 0xa5, 0x93, 0x37, 0xf8, 0x00, 0xc0

/* Two open interest messages (category 'd') of 12 and 13 bytes, numbers 0x17fffea8 and the next. */
static const uint8_t opra_data[] = {
        6,    0x00, 46,  'O', ' ', 0,    0x17, 0xff, 0xfe, 0xa8, 2,    OPRA_TIME, 0x09,
        0x38, 'C',  'd', ' ', ' ', 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,      0x02,
        'N',  'd',  ' ', ' ', 0,   0,    0,    3,    0,    0,    0,    4,         1,
};
/* 3.05.6 (4): line integrity has the number of the last message sent. */
static const uint8_t opra_integrity[] = {
        6,   0x00, 34,  'O', ' ', 0, 0x17, 0xff, 0x86, 0x6c, 1, OPRA_TIME, 0x07, 0x78,
        'O', 'H',  'N', 0,   0,   0, 0,    0,    0,    0,    0, 0,         0,
};
/* 3.05.6 (2): a reset to 1; "the subsequent block … incremented by 1" (6.06.5). */
static const uint8_t opra_reset[] = {
        6,   0x00, 34,  'O', ' ', 0, 0, 0, 0, 1, 1, OPRA_TIME, 0x05, 0x6e,
        'O', 'H',  'K', 0,   0,   0, 0, 0, 0, 0, 0, 0,         0,
};
/* 6.06.4: the end of the day has one more than the highest number. */
static const uint8_t opra_end[] = {
        6,   0x00, 34,  'O', ' ', 0, 0, 0, 0, 9, 1, OPRA_TIME, 0x05, 0x75,
        'O', 'H',  'J', 0,   0,   0, 0, 0, 0, 0, 0, 0,         0,
};
/* 3.05.6 (3): the start of the day has 0. */
static const uint8_t opra_start[] = {
        6,   0x00, 34,  'O', ' ', 0, 0, 0, 0, 0, 1, OPRA_TIME, 0x05, 0x65,
        'O', 'H',  'C', 0,   0,   0, 0, 0, 0, 0, 0, 0,         0,
};

static struct preset_case of(const struct wt_preset *preset, const char *what,
                             const uint8_t *payload, size_t bytes, struct wt_feed_header header)
{
	return (struct preset_case){
	        .what = what,
	        .preset = preset,
	        .payload = payload,
	        .bytes = bytes,
	        .headers = 1,
	        .header = {header},
	        .score = 100,
	};
}

/* Change a byte, and the checksum with it. */
static void set_byte(uint8_t *block, size_t at, uint8_t value, size_t checksum_at)
{
	uint16_t sum = (uint16_t)(block[checksum_at] << 8 | block[checksum_at + 1]);

	sum = (uint16_t)(sum + value - block[at]);
	block[at] = value;
	block[checksum_at] = (uint8_t)(sum >> 8);
	block[checksum_at + 1] = (uint8_t)sum;
}

Test(preset_siac, opra_data_has_the_number_of_its_first_message)
{
	struct preset_case one = of(OPRA, "data", opra_data, sizeof(opra_data),
	                            (struct wt_feed_header){.first = 0x17fffea8, .count = 2});

	preset_case_check(&one);
}

Test(preset_siac, opra_line_integrity_has_the_number_before_the_next)
{
	struct wt_feed_header next = {
	        .what = WT_FEED_HEARTBEAT, .has_number = true, .first = 0x17ff866d};
	struct preset_case one =
	        of(OPRA, "integrity", opra_integrity, sizeof(opra_integrity), next);

	preset_case_check(&one);
	preset_case_written(OPRA, &next, 0, OPRA_SENT_NS, opra_integrity, sizeof(opra_integrity));
}

Test(preset_siac, opra_numbers_roll_to_1)
{
	uint8_t block[sizeof(opra_integrity)] = {0};
	struct preset_case one = of(
	        OPRA, "integrity", block, sizeof(block),
	        (struct wt_feed_header){.what = WT_FEED_HEARTBEAT, .has_number = true, .first = 1});

	memcpy(block, opra_integrity, sizeof(block));
	for (size_t at = 6; at < 10; at++)
		set_byte(block, at, 0xff, 19);
	preset_case_check(&one);
}

Test(preset_siac, opra_reset_is_followed_by_the_next_number)
{
	struct wt_feed_header reset = {.what = WT_FEED_RESET, .first = 2};
	struct preset_case one = of(OPRA, "reset", opra_reset, sizeof(opra_reset), reset);

	preset_case_check(&one);
	preset_case_written(OPRA, &reset, 0, OPRA_SENT_NS, opra_reset, sizeof(opra_reset));
}

Test(preset_siac, opra_end_has_a_number_of_its_own)
{
	struct wt_feed_header end = {.what = WT_FEED_END, .has_number = true, .first = 10};
	struct preset_case one = of(OPRA, "end", opra_end, sizeof(opra_end),
	                            (struct wt_feed_header){.first = 9, .count = 1});

	one.headers = 2;
	one.header[1] = end;
	preset_case_check(&one);
	preset_case_written(OPRA, &end, 0, OPRA_SENT_NS, opra_end, sizeof(opra_end));
}

Test(preset_siac, opra_start_of_day_has_no_number)
{
	struct wt_feed_header start = {.what = WT_FEED_UNSEQUENCED};
	struct preset_case one = of(OPRA, "start", opra_start, sizeof(opra_start), start);

	preset_case_check(&one);
	preset_case_written(OPRA, &start, 0, OPRA_SENT_NS, opra_start, sizeof(opra_start));
}

/* 3.06: all retransmitted blocks have 'V'; a control message is data then. */
Test(preset_siac, opra_retransmission_is_marked)
{
	const uint8_t *const blocks[] = {opra_reset, opra_end};
	uint8_t block[sizeof(opra_data)] = {0};
	struct preset_case one =
	        of(OPRA, "again", block, sizeof(opra_data),
	           (struct wt_feed_header){.first = 0x17fffea8, .count = 2, .again = true});

	memcpy(block, opra_data, sizeof(opra_data));
	set_byte(block, 4, 'V', 19);
	preset_case_check(&one);
	for (size_t i = 0; i < 2; i++) {
		one = of(OPRA, "control again", block, sizeof(opra_reset),
		         (struct wt_feed_header){.first = i ? 9 : 1, .count = 1, .again = true});
		memcpy(block, blocks[i], sizeof(opra_reset));
		set_byte(block, 4, 'V', 19);
		preset_case_check(&one);
	}
}

/* A retransmission line's own integrity says nothing about the line. */
Test(preset_siac, opra_line_integrity_of_retransmissions_has_no_number)
{
	uint8_t block[sizeof(opra_integrity)] = {0};
	struct preset_case one =
	        of(OPRA, "integrity", block, sizeof(block),
	           (struct wt_feed_header){.what = WT_FEED_HEARTBEAT, .again = true});

	memcpy(block, opra_integrity, sizeof(block));
	set_byte(block, 4, 'V', 19);
	preset_case_check(&one);
}

/* OPRA 4.0, 3.05: "all transmission blocks are assigned a sequential Block Sequence Number". */
Test(preset_siac, opra_version_5_counts_blocks)
{
	uint8_t block[sizeof(opra_data)] = {0};
	struct preset_case one = of(OPRA, "version 5", block, sizeof(block),
	                            (struct wt_feed_header){.first = 0x17fffea8, .count = 1});

	memcpy(block, opra_data, sizeof(block));
	set_byte(block, 0, 5, 19);
	preset_case_check(&one);
}

Test(preset_siac, opra_that_is_changed_scores_less)
{
	uint8_t block[sizeof(opra_data)] = {0};
	struct wt_feed_proof proof;

	memcpy(block, opra_data, sizeof(block));
	block[30] ^= 1;
	proof = wt_preset_prove(OPRA, block, sizeof(block), sizeof(block));
	cr_expect_eq(proof.score, 20, "%u", proof.score);
	memcpy(block, opra_data, sizeof(block));
	cr_expect_eq(wt_preset_prove(OPRA, block, 40, sizeof(block)).score, 60);
	cr_expect_eq(wt_preset_prove(OPRA, block, 46, 60).score, 40);
}

Test(preset_siac, opra_is_not_read_of_what_is_not_a_block)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	const struct {
		size_t at;
		uint8_t value;
	} changes[] = {{0, 16}, {2, 47}, {2, 20}, {3, 'T'}, {4, 'O'}, {10, 0}, {10, 3}};
	uint8_t block[sizeof(opra_data)] = {0};
	size_t used;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(block, opra_data, sizeof(block));
		block[changes[i].at] = changes[i].value;
		cr_expect_eq(
		        wt_preset_read(OPRA, block, sizeof(block), sizeof(block), headers, &used),
		        0, "byte %zu is %u", changes[i].at, changes[i].value);
	}
}

/* CTS 2.11b, 3.5: version 2, block size, 'T' (CQS 'Q'), retransmission 'O', block sequence number,
 * messages, seconds and nanoseconds, checksum. 4.0: length, category, type, participant … */
#define CTA_SENT_NS INT64_C(1738009847343965696)
#define CTA_TIME    0x67, 0x97, 0xec, 0xf7, 0x14, 0x80, 0x80, 0x00

/* 6.2.4: line integrity has the number of the last message. */
static const uint8_t cts_integrity[] = {
        2,    0x00, 46,  'T', 'O', 0x00, 0x2a, 0x31, 0x93, 1, CTA_TIME, 0x06, 0xbb,
        0x00, 26,   'C', 'T', 'S', 0,    0,    0,    0,    0, 0,        0,    0,
        0,    0,    0,   0,   0,   0,    0,    0,    0,    0, 0,        0,    0,
};

Test(preset_siac, cta_line_integrity_has_the_number_before_the_next)
{
	struct wt_feed_header next = {
	        .what = WT_FEED_HEARTBEAT, .has_number = true, .first = 0x2a3194};
	struct preset_case one = of(CTA, "integrity", cts_integrity, sizeof(cts_integrity), next);

	preset_case_check(&one);
	preset_case_written(CTA, &next, 0, CTA_SENT_NS, cts_integrity, sizeof(cts_integrity));
}

static void check_control(uint8_t type, bool again, int headers,
                          const struct wt_feed_header *header)
{
	uint8_t block[sizeof(cts_integrity)] = {0};
	struct preset_case one = of(CTA, "control", block, sizeof(block), header[0]);

	memcpy(block, cts_integrity, sizeof(block));
	set_byte(block, 23, type, 18);
	if (again)
		set_byte(block, 4, 'V', 18);
	one.headers = headers;
	if (headers > 1)
		one.header[1] = header[1];
	preset_case_check(&one);
}

Test(preset_siac, cta_has_two_feeds)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t block[sizeof(cts_integrity)] = {0};
	size_t used;

	memcpy(block, cts_integrity, sizeof(block));
	for (unsigned letter = 0; letter < 256; letter++) {
		block[3] = (uint8_t)letter;
		cr_expect_eq(
		        wt_preset_read(CTA, block, sizeof(block), sizeof(block), headers, &used),
		        letter == 'T' || letter == 'Q', "%u", letter);
	}
}

/* 6.2.2: "the number to which the Block Sequence Number counter is to be reset", which is higher.
 */
Test(preset_siac, cta_reset_is_followed_by_the_next_number)
{
	struct wt_feed_header reset = {.what = WT_FEED_RESET, .first = 0x2a3194};
	struct wt_feed_header again = {.first = 0x2a3193, .count = 1, .again = true};

	check_control('L', false, 1, &reset);
	check_control('L', true, 1, &again);
}

/* 6.2.5: one more than the highest number; line integrity messages go on afterwards. */
Test(preset_siac, cta_end_has_a_number_of_its_own)
{
	struct wt_feed_header end[] = {
	        {.first = 0x2a3193, .count = 1},
	        {.what = WT_FEED_END, .first = 0x2a3194, .has_number = true},
	};

	check_control('Z', false, 2, end);
}

/* 6.2.1: the start of the day has number 0; 3.5.3 says one more than the last. */
Test(preset_siac, cta_start_of_day_is_data_only_with_a_number)
{
	struct wt_feed_header start = {.what = WT_FEED_UNSEQUENCED};
	struct wt_feed_header numbered = {.first = 0x2a3193, .count = 1};
	uint8_t block[sizeof(cts_integrity)] = {0};
	struct preset_case one = of(CTA, "start", block, sizeof(block), start);

	memcpy(block, cts_integrity, sizeof(block));
	set_byte(block, 23, 'A', 18);
	for (size_t at = 5; at < 9; at++)
		set_byte(block, at, 0, 18);
	preset_case_check(&one);
	preset_case_written(CTA, &start, 0, CTA_SENT_NS, block, sizeof(block));
	check_control('A', false, 1, &numbered);
	set_byte(block, 0, 15, 18);
	preset_case_check(&one);
	set_byte(block, 0, 16, 18);
	one.headers = (int)(one.score = 0);
	preset_case_check(&one);
}

/* These letters in another message are no control: category 'T', type 'T' is a trade. */
Test(preset_siac, cta_trade_is_data)
{
	uint8_t block[sizeof(cts_integrity)] = {0};
	struct preset_case one = of(CTA, "trade", block, sizeof(block),
	                            (struct wt_feed_header){.first = 0x2a3193, .count = 1});

	memcpy(block, cts_integrity, sizeof(block));
	set_byte(block, 22, 'T', 18);
	preset_case_check(&one);
}

/* CTS 1.91, 3.5.1 and 3.5.3: version 0, "all transmission blocks are assigned a sequential" number.
 */
Test(preset_siac, cta_version_0_counts_blocks)
{
	uint8_t block[80] = {0, 0, 80, 'Q', 'O', 0, 0, 0, 7, 2, CTA_TIME};
	struct preset_case one = of(CTA, "version 0", block, sizeof(block),
	                            (struct wt_feed_header){.first = 7, .count = 1});

	/* The sum of the header. */
	block[18] = 0x04;
	block[19] = 0xee;
	preset_case_check(&one);
	set_byte(block, 0, 2, 18);
	one.header[0].count = 2;
	preset_case_check(&one);
}

Test(preset_siac, cta_says_which_tape)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	uint8_t block[sizeof(cts_integrity)] = {0};

	memcpy(block, cts_integrity, sizeof(block));
	wt_preset_describe(CTA, block, sizeof(block), channel, session);
	cr_expect_str_eq(channel, "CTS");
	cr_expect_str_empty(session);
	block[3] = 'Q';
	wt_preset_describe(CTA, block, sizeof(block), channel, session);
	cr_expect_str_eq(channel, "CQS");
}

/* Blocks of a capture whose frames were cut at 64 bytes: what a control message says is not known
 * then, and its number is that of another message. */
Test(preset_siac, control_message_that_is_cut_has_no_number)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used;

	cr_assert_eq(wt_preset_read(OPRA, opra_integrity, 23, 34, headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_UNSEQUENCED);
	cr_assert_eq(wt_preset_read(OPRA, opra_integrity, 24, 34, headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_HEARTBEAT);
	cr_assert_eq(wt_preset_read(CTA, cts_integrity, 22, 46, headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_UNSEQUENCED);
	cr_assert_eq(wt_preset_read(OPRA, opra_data, 21, 46, headers, &used), 1);
	cr_expect_eq(headers[0].what, WT_FEED_DATA);
	cr_expect_eq(headers[0].count, 2);
	cr_expect_eq(wt_preset_read(OPRA, opra_data, 20, 46, headers, &used), 0);
	cr_expect_eq(wt_preset_read(CTA, cts_integrity, 20, 46, headers, &used), 1);
	cr_expect_eq(wt_preset_read(CTA, cts_integrity, 19, 46, headers, &used), 0);
}

Test(preset_siac, what_is_written_is_read)
{
	const struct wt_preset *const presets[] = {OPRA, CTA};
	const struct wt_feed_header headers[] = {
	        {.first = 1, .count = 1},
	        {.first = 4294967295, .count = 3},
	        {.first = 77, .count = 255, .again = true},
	        {.what = WT_FEED_HEARTBEAT, .first = 1, .has_number = true},
	        {.what = WT_FEED_HEARTBEAT, .first = 4294967295, .has_number = true},
	        {.what = WT_FEED_HEARTBEAT, .again = true},
	        {.what = WT_FEED_RESET, .first = 1},
	        {.what = WT_FEED_RESET, .first = 1000000},
	        {.what = WT_FEED_END, .first = 1, .has_number = true},
	        {.what = WT_FEED_END, .first = 1000000, .has_number = true},
	        {.what = WT_FEED_UNSEQUENCED},
	};

	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
			if (headers[i].count < 60)
				preset_case_agree(presets[p], &headers[i], 100 + i, 100);
}

Test(preset_siac, what_cannot_be_said_is_refused)
{
	const struct wt_preset *const presets[] = {OPRA, CTA};
	const struct wt_feed_header headers[] = {
	        {.first = 0, .count = 1},
	        {.first = 1, .count = 256},
	        {.first = 4294967296, .count = 1},
	        {.first = 1, .count = 1, .session = 1},
	        {.first = 1, .count = 1, .channel = 1},
	        {.first = 1, .count = 1, .restarts = true},
	        {.what = WT_FEED_HEARTBEAT},
	        {.what = WT_FEED_HEARTBEAT, .first = 9, .has_number = true, .again = true},
	        {.what = WT_FEED_RESET, .first = 0},
	        {.what = WT_FEED_RESET, .first = 9, .again = true},
	        {.what = WT_FEED_END, .first = 9},
	        {.what = WT_FEED_END, .first = 9, .has_number = true, .again = true},
	};

	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
			preset_case_refused(presets[p], &headers[i]);
}

/* OPRA 6.3a, 3.05.6 and 6.06.8; CTS 2.11b, 3.5.3 and 6.2.4. */
Test(preset_siac, numbers_are_as_the_specification_has_them)
{
	preset_case_numbers(OPRA, &(struct preset_numbers){.bits = 32,
	                                                   .rolls_to = 1,
	                                                   .begins_at = 1,
	                                                   .heartbeat = WT_FEED_HEARTBEAT_LAST,
	                                                   .heartbeat_ms = 10000});
	preset_case_numbers(CTA, &(struct preset_numbers){.bits = 32,
	                                                  .rolls_to = 1,
	                                                  .begins_at = 1,
	                                                  .heartbeat = WT_FEED_HEARTBEAT_LAST,
	                                                  .heartbeat_ms = 10000});
}

Test(preset_siac, other_traffic_scores_nothing)
{
	preset_case_foreign(OPRA);
	preset_case_foreign(CTA);
}
