/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define COINBASE wt_preset_find("coinbase")

/* Coinbase Derivatives Multicast UDP Market Data API Specification 1.7, 2.1: send time (8), number
 * (8), channel (2), flags (1), messages (1), instrument (4), little-endian; 2.2: messages' length
 * with their header (2), block's (2), template (2), schema 1201 (2), version (2). */
#define TIME    "f6999079fabd8c16"
#define NUMBER  "f350960000000000"
#define CHANNEL "32af"

/* Captured: an Order Put message. */
#define ORDER_PUT                                                                                  \
	"3800 2a00 1400 b104 0200 030125000000ac71060076490000b2309079fabd8c164bae9702000000008"   \
	"0f69c4f150000000600000000000000"
/* 5.1, 5.2: a request and its rejection. */
#define REQUEST "1300 0900 c800 b104 0200 f350960000000000 05"
#define REJECT  "0c00 0200 ca00 b104 0200 0000"

Test(preset_coinbase, data)
{
	struct wt_feed_header header = {.channel = 0xaf32, .first = 0x9650f3, .count = 1};

	preset_case_hex_check(COINBASE, "captured", TIME NUMBER CHANNEL "01 01 00000000" ORDER_PUT,
	                      &header, 80);
}

/* 3: "the next expected sequence number if the packet contains no messages". */
Test(preset_coinbase, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {.channel = 0xaf32,
	                                .first = 0x9650f3,
	                                .what = WT_FEED_HEARTBEAT,
	                                .has_number = true};

	preset_case_hex_check(COINBASE, "heartbeat", TIME NUMBER CHANNEL "01 00 00000000", &header,
	                      40);
	header.first = 0;
	header.has_number = false;
	preset_case_hex_check(COINBASE, "of snapshots", TIME NUMBER CHANNEL "02 00 00000000",
	                      &header, 40);
}

/* 4: "All packets of the snapshot will share the same packet sequence number". */
Test(preset_coinbase, snapshot_has_no_number)
{
	struct wt_feed_header header = {.channel = 0xaf32, .what = WT_FEED_UNSEQUENCED};

	preset_case_hex_check(COINBASE, "snapshot", TIME NUMBER CHANNEL "02 01 2d000000" ORDER_PUT,
	                      &header, 80);
	header.again = true;
	preset_case_hex_check(COINBASE, "sent again",
	                      TIME NUMBER CHANNEL "06 01 2d000000" ORDER_PUT, &header, 80);
}

/* 5: "messages beginning from BeginSeqNum". */
Test(preset_coinbase, retransmission_comes_again)
{
	struct wt_feed_header header = {
	        .channel = 0xaf32, .first = 0x9650f3, .count = 1, .again = true};

	preset_case_hex_check(COINBASE, "retransmission",
	                      TIME NUMBER CHANNEL "04 01 00000000" ORDER_PUT, &header, 80);
	preset_case_hex_check(COINBASE, "both flags",
	                      TIME NUMBER CHANNEL "05 01 00000000" ORDER_PUT, &header, 80);
}

/* 5: "The client may set the packet sequence number to any value". */
Test(preset_coinbase, request_and_rejection_have_no_number)
{
	struct wt_feed_header header = {
	        .channel = 0xaf32, .what = WT_FEED_UNSEQUENCED, .again = true};
	uint8_t payload[64];
	size_t used, bytes = preset_case_hex(payload, sizeof(payload),
	                                     TIME NUMBER CHANNEL "04 01 00000000" REQUEST);

	preset_case_hex_check(COINBASE, "request", TIME NUMBER CHANNEL "04 01 00000000" REQUEST,
	                      &header, 80);
	preset_case_hex_check(COINBASE, "rejection", TIME NUMBER CHANNEL "04 01 00000000" REJECT,
	                      &header, 80);
	/* Cut before the template. */
	cr_expect_eq(wt_preset_read(COINBASE, payload, 29, bytes, &header, &used), 1);
	cr_expect_eq(header.what, WT_FEED_DATA);
	cr_expect_eq(wt_preset_read(COINBASE, payload, 30, bytes, &header, &used), 1);
	cr_expect_eq(header.what, WT_FEED_UNSEQUENCED);
}

Test(preset_coinbase, messages_that_do_not_fit_are_no_packet)
{
	preset_case_hex_check(COINBASE, "two", TIME NUMBER CHANNEL "01 02 00000000" REJECT, NULL,
	                      0);
	preset_case_hex_check(COINBASE, "23 bytes", TIME NUMBER CHANNEL "01 00 000000", NULL, 0);
}

Test(preset_coinbase, what_proves_nothing)
{
	struct wt_feed_header header = {.channel = 0xaf32, .first = 0x9650f3, .count = 1};

	preset_case_hex_check(COINBASE, "length of the message",
	                      TIME NUMBER CHANNEL "01 01 00000000" REJECT "00", &header, 0);
	preset_case_hex_check(COINBASE, "time in 1983",
	                      "f6999079fabd8c05" NUMBER CHANNEL "01 01 00000000" REJECT, &header,
	                      0);
	preset_case_hex_check(COINBASE, "no flags", TIME NUMBER CHANNEL "00 01 00000000" REJECT,
	                      &header, 0);
	preset_case_hex_check(COINBASE, "flags", TIME NUMBER CHANNEL "09 01 00000000" REJECT,
	                      &header, 0);
}

Test(preset_coinbase, written_bytes)
{
	uint8_t wanted[64];
	struct wt_feed_header header = {.channel = 0xaf32, .first = 0x9650f3, .count = 1};
	size_t bytes =
	        preset_case_hex(wanted, sizeof(wanted),
	                        TIME NUMBER CHANNEL "01 01 00000000 0b00 02030405060708090a");

	preset_case_written(COINBASE, &header, 11, INT64_C(0x168cbdfa799099f6), wanted, bytes);
	header.again = true;
	preset_case_agree(COINBASE, &header, 50, 80);
	header = (struct wt_feed_header){.what = WT_FEED_UNSEQUENCED};
	preset_case_agree(COINBASE, &header, 50, 80);
	header.again = true;
	preset_case_refused(COINBASE, &header);
	header = (struct wt_feed_header){.what = WT_FEED_HEARTBEAT};
	preset_case_agree(COINBASE, &header, 0, 40);
	header.first = 1;
	preset_case_refused(COINBASE, &header);
}
