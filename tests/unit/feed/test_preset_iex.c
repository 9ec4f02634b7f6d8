/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define IEXTP   wt_preset_find("iextp")
#define SESSION 0x42870000

/* Investors Exchange Transport Specification 1.26, Example Messages: version 1, reserved, protocol
 * (2), channel (4), session (4), payload's length (2), count (2), stream offset (8), number of the
 * first message (8), send time (8), little-endian. */
#define FRONT "01 00 0480 01000000 00008742"
#define BACK  "8ca6210000000000 cac3000000000000 ec45c22096866d14"
#define TRADE_REPORT                                                                               \
	"2600 54 00 ac63c02096866d14 5a49455854202020 64000000 241d0f0000000000 968f060000000000"
#define PRICE_LEVEL "1e00 38 01 ac63c02096866d14 5a49455854202020 e4250000 241d0f0000000000"
#define CHANNEL     0x18004 /* the protocol's low, the channel's high */

Test(preset_iex, data)
{
	struct wt_feed_header header = {
	        .session = SESSION, .channel = CHANNEL, .first = 50122, .count = 2};

	preset_case_hex_check(IEXTP, "multicast publication",
	                      FRONT "4800 0200" BACK TRADE_REPORT PRICE_LEVEL, &header, 80);
	header = (struct wt_feed_header){
	        .session = 0x44960000, .channel = 0x18003, .first = 0x8afb, .count = 1};
	preset_case_hex_check(IEXTP, "captured: TOPS, a system event",
	                      "01000380 01000000 00009644 0c00 0100 edcb0f0000000000"
	                      "fb8a000000000000 9a72cfe21fb10d15 0a0053529a72cfe21fb10d15",
	                      &header, 80);
}

/* "the sequence number of the next message", payload length and count 0; a gap fill test response
 * is the same. */
Test(preset_iex, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {.session = 0x48dd0000,
	                                .channel = CHANNEL,
	                                .first = 1,
	                                .what = WT_FEED_HEARTBEAT,
	                                .has_number = true};

	preset_case_hex_check(IEXTP, "captured: before the first message",
	                      "01000480 01000000 0000dd48 0000 0000 0000000000000000"
	                      "0100000000000000 af326a0223e05d16",
	                      &header, 80);
	header.session = SESSION;
	header.channel = 0x18002;
	header.first = 50122;
	preset_case_hex_check(IEXTP, "gap fill test response",
	                      "01 00 0280 01000000 00008742 0000 0000" BACK, &header, 80);
}

Test(preset_iex, what_contradicts_itself_is_no_packet)
{
	preset_case_hex_check(IEXTP, "version", "02 00 0480 01000000 00008742 0000 0000" BACK, NULL,
	                      0);
	preset_case_hex_check(IEXTP, "length", FRONT "2100 0100" BACK PRICE_LEVEL, NULL, 0);
	preset_case_hex_check(IEXTP, "count", FRONT "2000 1100" BACK PRICE_LEVEL, NULL, 0);
	/* Gap Fill Request: no numbers of a stream. */
	preset_case_hex_check(IEXTP, "gap fill request",
	                      FRONT "02000000 3430000000000000 3e30000000000000"
	                            "d5dd000000000000 dfdd000000000000",
	                      NULL, 0);
}

Test(preset_iex, written_bytes)
{
	uint8_t wanted[64];
	struct wt_feed_header header = {
	        .session = SESSION, .channel = CHANNEL, .first = 50122, .count = 2};
	size_t bytes = preset_case_hex(wanted, sizeof(wanted),
	                               FRONT "0500 0200 0000000000000000 cac3000000000000"
	                                     "ec45c22096866d14 0000 0100 02");

	preset_case_written(IEXTP, &header, 5, INT64_C(0x146d869620c245ec), wanted, bytes);
	header.session = UINT64_C(1) << 32;
	preset_case_refused(IEXTP, &header);
}

Test(preset_iex, channel_in_words)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	uint8_t payload[64];
	size_t bytes = preset_case_hex(payload, sizeof(payload), FRONT "0000 0000" BACK);

	wt_preset_describe(IEXTP, payload, bytes, channel, session);
	cr_expect_str_eq(channel, "0x8004 channel 1");
	cr_expect_str_eq(session, "1116143616");
	for (size_t i = 4; i < 8; i++)
		payload[i] = 0xff;
	wt_preset_describe(IEXTP, payload, bytes, channel, session);
	cr_expect_str_eq(channel, "0x8004 channel 4294967295");
}
