/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define OTC wt_preset_find("otc")

/* OTC Markets Multicast Data Feeds Technical Specification 4.10.4, 3.1.1: size with this header
 * (2), number (4), flags (1), messages (1), milliseconds (4), big-endian; 3.1.3: messages' size
 * with their header (2), type (1). */

/* Captured: Market Open, which follows a packet of seven messages, number 0x16d0. */
#define MARKET_OPEN "0017 0d 0001b6b9 00000169c8e45bf1 00000169cb09a200"

Test(preset_otc, packet_has_one_number)
{
	struct wt_feed_header header = {.first = 0x16d1, .count = 1};

	preset_case_hex_check(OTC, "captured", "0023 000016d1 00 01 0149a222" MARKET_OPEN, &header,
	                      80);
	preset_case_hex_check(OTC, "two messages",
	                      "003a 000016d1 00 02 0149a222" MARKET_OPEN MARKET_OPEN, &header, 80);
	preset_case_hex_check(OTC, "smallest messages",
	                      "0012 000016d1 00 02 0149a222 000301 000302", &header, 80);
	/* Bit 7: outside of market hours. */
	preset_case_hex_check(OTC, "test", "0023 000016d1 80 01 0149a222" MARKET_OPEN, &header, 80);
}

/* "will contain next expected sequence number". Captured: with a count of 1, and no message. */
Test(preset_otc, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {.what = WT_FEED_HEARTBEAT, .first = 1, .has_number = true};

	preset_case_hex_check(OTC, "captured", "000c 00000001 01 01 0132e5df", &header, 60);
	preset_case_hex_check(OTC, "count 0", "000c 00000001 01 00 0132e5df", &header, 60);
}

/* 3.1.2, 2: "sequence numbers are being reset to 1". */
Test(preset_otc, reset_has_the_next_number)
{
	struct wt_feed_header header = {.what = WT_FEED_RESET, .first = 1};

	preset_case_hex_check(OTC, "reset", "000c 00000001 02 00 0132e5df", &header, 60);
	preset_case_hex_check(OTC, "reset and heartbeat", "000c 00000001 03 00 0132e5df", &header,
	                      60);
}

/* 3.1.2, bit 6. */
Test(preset_otc, replay_comes_again)
{
	struct wt_feed_header header = {.first = 0x16d1, .count = 1, .again = true};

	preset_case_hex_check(OTC, "replay", "0023 000016d1 40 01 0149a222" MARKET_OPEN, &header,
	                      80);
}

Test(preset_otc, what_contradicts_itself_is_no_packet)
{
	preset_case_hex_check(OTC, "longer", "0024 000016d1 00 01 0149a222" MARKET_OPEN, NULL, 0);
	preset_case_hex_check(OTC, "too many", "0023 000016d1 00 08 0149a222" MARKET_OPEN, NULL, 0);
	preset_case_hex_check(OTC, "shorter", "000b 00000001 01 01 0132e5df", NULL, 0);
}

Test(preset_otc, padding_and_reserved_flags_prove_nothing)
{
	struct wt_feed_header header = {.first = 0x16d1, .count = 1};

	preset_case_hex_check(OTC, "padding", "0023 000016d1 00 01 0149a222" MARKET_OPEN "00",
	                      &header, 0);
	preset_case_hex_check(OTC, "flag", "0023 000016d1 04 01 0149a222" MARKET_OPEN, &header, 0);
}

Test(preset_otc, written_bytes)
{
	uint8_t wanted[64];
	struct wt_feed_header header = {.first = 0x16d1, .count = 1};
	/* 06:00:00.123 of a day. */
	int64_t sent_ns = INT64_C(1699999200123456789) / 86400000000000 * 86400000000000 +
	                  INT64_C(21600123456789);
	size_t bytes = preset_case_hex(wanted, sizeof(wanted),
	                               "0011 000016d1 00 01 0149977b 0005 02 0304");

	preset_case_written(OTC, &header, 5, sent_ns, wanted, bytes);
	header.count = 2;
	preset_case_refused(OTC, &header);
	header = (struct wt_feed_header){.what = WT_FEED_RESET, .first = 1, .has_number = true};
	preset_case_refused(OTC, &header);
	header.has_number = false;
	preset_case_agree(OTC, &header, 0, 60);
	header = (struct wt_feed_header){.first = 5, .count = 1, .again = true};
	preset_case_agree(OTC, &header, 9, 80);
}
