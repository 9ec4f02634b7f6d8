/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define PILLAR wt_preset_find("pillar")

/* NYSE Pillar Common Client Specification 2.4p, 2.1.1: packet size (2), delivery flag (1), number
 * of messages (1), number of the first (4), seconds (4), nanoseconds (4), little-endian. Messages:
 * size (2), type (2). */
#define TIME "8f841662 00852e10"

/* Captured on NYSE's Integrated Feed: Source Time Reference. */
#define SOURCE_TIME "1000 0200 01000000 00000000 8f841662"

/* 4.1, captured on NYSE's BBO feed. */
#define RESET_MESSAGE "0e00 0100 6baed359 e502f602 03 01"

Test(preset_nyse, data)
{
	struct wt_feed_header header = {.first = 0x2ae9, .count = 1};

	preset_case_hex_check(PILLAR, "original", "2000 0b 01 e92a0000" TIME SOURCE_TIME, &header,
	                      80);
	/* 8.2: during a failover all packets have flag 10. */
	preset_case_hex_check(PILLAR, "failover", "2000 0a 01 e92a0000" TIME SOURCE_TIME, &header,
	                      80);
	header.first = 1;
	preset_case_hex_check(PILLAR, "failover, number 1, no reset",
	                      "2000 0a 01 01000000" TIME SOURCE_TIME, &header, 80);
	header.first = 2;
	preset_case_hex_check(PILLAR, "unknown flag", "2000 63 01 02000000" TIME SOURCE_TIME,
	                      &header, 10);
}

/* 2.2; captured on Arca Options, after a reset. */
Test(preset_nyse, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {.what = WT_FEED_HEARTBEAT, .first = 2, .has_number = true};

	preset_case_hex_check(PILLAR, "heartbeat", "1000 01 00 02000000 373cb461 003d6603", &header,
	                      60);
	preset_case_hex_check(PILLAR, "no messages", "1000 0b 00 02000000 373cb461 003d6603",
	                      &header, 60);
	preset_case_hex_check(PILLAR, "heartbeat with a message",
	                      "2000 01 01 02000000" TIME SOURCE_TIME, NULL, 0);
	preset_case_hex_check(PILLAR, "heartbeat with bytes",
	                      "2000 01 00 02000000" TIME SOURCE_TIME, NULL, 0);
}

/* 4.1: in a packet of its own, with number 1, flag 12; 10 in a failover. */
Test(preset_nyse, reset_is_followed_by_number_2)
{
	struct wt_feed_header header = {.what = WT_FEED_RESET, .first = 2};

	preset_case_hex_check(PILLAR, "reset",
	                      "1e00 0c 01 01000000 fcb7d359 76dd9606" RESET_MESSAGE, &header, 80);
	preset_case_hex_check(PILLAR, "failover",
	                      "1e00 0a 01 01000000 fcb7d359 76dd9606" RESET_MESSAGE, &header, 80);
}

/* Where its message is cut off, number 1 with the flag of a failover is the reset. */
Test(preset_nyse, reset_of_a_failover_that_is_cut)
{
	struct wt_feed_header header;
	uint8_t payload[64];
	size_t used, bytes = preset_case_hex(payload, sizeof(payload),
	                                     "1e00 0a 01 01000000 fcb7d359 76dd9606" RESET_MESSAGE);

	cr_expect_eq(wt_preset_read(PILLAR, payload, 19, bytes, &header, &used), 1);
	cr_expect_eq(header.what, WT_FEED_RESET);
	payload[4] = 2;
	cr_expect_eq(wt_preset_read(PILLAR, payload, 19, bytes, &header, &used), 1);
	cr_expect_eq(header.what, WT_FEED_DATA);
}

/* 5.1.4, 5.1.6. */
Test(preset_nyse, retransmissions_and_refreshes_come_again)
{
	static const char *const packets[] = {
	        "2000 0d 01 e92a0000" TIME SOURCE_TIME, "2000 0f 01 e92a0000" TIME SOURCE_TIME,
	        "2000 11 01 e92a0000" TIME SOURCE_TIME, "2000 12 01 e92a0000" TIME SOURCE_TIME,
	        "2000 13 01 e92a0000" TIME SOURCE_TIME, "2000 14 01 e92a0000" TIME SOURCE_TIME,
	};
	struct wt_feed_header header = {.first = 0x2ae9, .count = 1, .again = true};

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		preset_case_hex_check(PILLAR, packets[i], packets[i], &header, 80);
	header = (struct wt_feed_header){
	        .what = WT_FEED_HEARTBEAT, .first = 2, .has_number = true, .again = true};
	preset_case_hex_check(PILLAR, "without messages", "1000 0d 00 02000000" TIME, &header, 60);
}

/* 7.3: "Message Unavailable" stands for numbers in its message, not in its header. */
Test(preset_nyse, unavailable_messages_have_no_number)
{
	struct wt_feed_header header = {.what = WT_FEED_UNSEQUENCED, .again = true};

	preset_case_hex_check(PILLAR, "unavailable",
	                      "1e00 15 01 09000000" TIME "0e00 1f00 01000000 08000000 03 01",
	                      &header, 80);
}

Test(preset_nyse, lengths_that_contradict_are_no_packet)
{
	preset_case_hex_check(PILLAR, "longer", "2100 0b 01 e92a0000" TIME SOURCE_TIME, NULL, 0);
	preset_case_hex_check(PILLAR, "too many", "2000 0b 05 e92a0000" TIME SOURCE_TIME, NULL, 0);
	preset_case_hex_check(PILLAR, "15 bytes", "0f00 01 00 02000000 373cb461 003d66", NULL, 0);
}

Test(preset_nyse, written_bytes)
{
	uint8_t wanted[64];
	struct wt_feed_header header = {.what = WT_FEED_RESET, .first = 2};
	size_t bytes = preset_case_hex(wanted, sizeof(wanted),
	                               "1e00 0c 01 01000000 00f15365 15cd5b07"
	                               "0e00 0100 0405060708090a0b0c0d");

	preset_case_written(PILLAR, &header, 0, INT64_C(1700000000123456789), wanted, bytes);
	header.first = 3;
	preset_case_refused(PILLAR, &header);
	header = (struct wt_feed_header){.what = WT_FEED_END, .first = 3, .has_number = true};
	preset_case_refused(PILLAR, &header);
	header = (struct wt_feed_header){.what = WT_FEED_UNSEQUENCED};
	preset_case_refused(PILLAR, &header);
	header.again = true;
	preset_case_agree(PILLAR, &header, 0, 80);
	header = (struct wt_feed_header){.first = 3, .count = 255, .again = true};
	preset_case_agree(PILLAR, &header, 0, 80);
}
