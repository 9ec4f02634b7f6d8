/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define AQUIS wt_preset_find("aquis")

/* Aquis Market Data Technical Specification 4.1, 3.2: number of messages (1), messages; 3.3.1: type
 * (1), length with this header (1), number (4), little-endian. Security Status is made up. */
#define ORDER_7  "02 0a 07000000 aabbccdd"
#define STATUS_8 "05 07 08000000 01"

Test(preset_aquis, first_message_has_the_number)
{
	struct wt_feed_header header = {.first = 7, .count = 2};

	preset_case_hex_check(AQUIS, "two", "02" ORDER_7 STATUS_8, &header, 80);
	header.count = 1;
	preset_case_hex_check(AQUIS, "one", "01" ORDER_7, &header, 40);
	preset_case_hex_check(AQUIS, "smallest", "01 02 06 07000000", &header, 40);
}

/* 3.3.2: "the sequence number of the next business data message". */
Test(preset_aquis, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {.what = WT_FEED_HEARTBEAT, .first = 7, .has_number = true};

	preset_case_hex_check(AQUIS, "heartbeat", "01 01 06 07000000", &header, 40);
	header = (struct wt_feed_header){.what = WT_FEED_HEARTBEAT};
	preset_case_hex_check(AQUIS, "without number", "01 01 06 00000000", &header, 40);
}

/* 3.8: "Aquis will set the field to zero". */
Test(preset_aquis, number_0_is_none)
{
	struct wt_feed_header header = {.what = WT_FEED_UNSEQUENCED};

	preset_case_hex_check(AQUIS, "replay service", "01 14 06 00000000", &header, 40);
}

Test(preset_aquis, what_contradicts_itself_is_no_packet)
{
	preset_case_hex_check(AQUIS, "no messages", "00" ORDER_7, NULL, 0);
	preset_case_hex_check(AQUIS, "too many", "03" ORDER_7 STATUS_8, NULL, 0);
	preset_case_hex_check(AQUIS, "shorter than a header", "01 02 05 07000000", NULL, 0);
	preset_case_hex_check(AQUIS, "leaves the payload", "01 02 0b 07000000 aabbccdd", NULL, 0);
	preset_case_hex_check(AQUIS, "6 bytes", "01 01 06 070000", NULL, 0);
}

Test(preset_aquis, what_proves_nothing)
{
	struct wt_feed_header header = {.first = 7, .count = 2};

	preset_case_hex_check(AQUIS, "numbers that do not follow", "02" ORDER_7 ORDER_7, &header,
	                      0);
	preset_case_hex_check(AQUIS, "padding", "02" ORDER_7 STATUS_8 "00", &header, 0);
	preset_case_hex_check(AQUIS, "second leaves the payload", "02" ORDER_7 "05 08 08000000 01",
	                      &header, 0);
}

Test(preset_aquis, written_bytes)
{
	uint8_t wanted[64];
	struct wt_feed_header header = {.first = UINT32_MAX, .count = 2};
	size_t bytes =
	        preset_case_hex(wanted, sizeof(wanted), "02 02 06 ffffffff 02 07 00000000 06");

	preset_case_written(AQUIS, &header, 13, 0, wanted, bytes);
	bytes = preset_case_hex(wanted, sizeof(wanted), "01 01 06 07000000");
	header = (struct wt_feed_header){.what = WT_FEED_HEARTBEAT, .first = 7, .has_number = true};
	preset_case_written(AQUIS, &header, 13, 0, wanted, bytes);
	preset_case_agree(AQUIS, &header, 0, 40);
	header.what = WT_FEED_END;
	preset_case_refused(AQUIS, &header);
	header = (struct wt_feed_header){.first = 1, .count = 256};
	preset_case_refused(AQUIS, &header);
}
