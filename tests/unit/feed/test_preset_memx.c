/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define MEMX    wt_preset_find("memx")
#define SESSION UINT64_C(0x5553453164e486c8)

/* MEMX-UDP 1.1, 2.1: type (1), length of this header (1), session (8), number (8), big-endian;
 * 2.2.3: count (2), then messages with their lengths (2) before them. */
#define CAPTURED "5553453164e486c8"

/* 2.2.3's example: "The Quick Brown Fox", number 6, and "Jumped Over the Lazy Dog". */
#define FOX "0013 54686520517569636b2042726f776e20466f78"
#define DOG "0018 4a756d706564204f76657220746865204c617a7920446f67"

Test(preset_memx, data)
{
	struct wt_feed_header header = {.session = SESSION, .first = 6, .count = 2};

	preset_case_hex_check(MEMX, "example", "02 12" CAPTURED "0000000000000006 0002" FOX DOG,
	                      &header, 80);
	header.first = 0x14eef2;
	header.count = 1;
	preset_case_hex_check(MEMX, "captured",
	                      "02 12" CAPTURED "000000000014eef2 0001 0018"
	                      "00120b020103177db7afa66c4d0e0b440000000001076922",
	                      &header, 80);
}

/* The count follows the header, wherever that ends; a longer one proves nothing. */
Test(preset_memx, longer_header)
{
	struct wt_feed_header header = {.session = SESSION, .first = 6, .count = 2};

	preset_case_hex_check(MEMX, "data", "02 15" CAPTURED "0000000000000006 aabbcc 0002" FOX DOG,
	                      &header, 0);
	header = (struct wt_feed_header){
	        .session = SESSION, .first = 7, .what = WT_FEED_HEARTBEAT, .has_number = true};
	preset_case_hex_check(MEMX, "heartbeat", "00 15" CAPTURED "0000000000000006 aabbcc",
	                      &header, 0);
}

/* 2.2.1: "the highest published"; 0 before anything is. */
Test(preset_memx, heartbeat_has_the_last_number)
{
	struct wt_feed_header header = {.session = SESSION,
	                                .first = 0x15e891,
	                                .what = WT_FEED_HEARTBEAT,
	                                .has_number = true};

	preset_case_hex_check(MEMX, "captured", "00 12" CAPTURED "000000000015e890", &header, 60);
	preset_case_hex_check(MEMX, "bytes after it", "00 12" CAPTURED "000000000015e890 00",
	                      &header, 0);
	header.first = 1;
	preset_case_hex_check(MEMX, "before anything", "00 12" CAPTURED "0000000000000000", &header,
	                      60);
	header.first = 0;
	preset_case_hex_check(MEMX, "after all", "00 12" CAPTURED "ffffffffffffffff", &header, 60);
}

/* 2.2.2. */
Test(preset_memx, shutdown_has_the_last_number)
{
	struct wt_feed_header header = {
	        .session = SESSION, .first = 0x15e891, .what = WT_FEED_END, .has_number = true};

	preset_case_hex_check(MEMX, "shutdown", "01 12" CAPTURED "000000000015e890", &header, 60);
}

Test(preset_memx, what_contradicts_itself_is_no_packet)
{
	preset_case_hex_check(MEMX, "type", "03 12" CAPTURED "0000000000000006 0001 0000", NULL, 0);
	preset_case_hex_check(MEMX, "short header", "02 11" CAPTURED "0000000000000006 0001 0000",
	                      NULL, 0);
	preset_case_hex_check(MEMX, "header leaves the payload",
	                      "00 13" CAPTURED "0000000000000006", NULL, 0);
	preset_case_hex_check(MEMX, "no count", "02 12" CAPTURED "0000000000000006", NULL, 0);
	preset_case_hex_check(MEMX, "half a count", "02 12" CAPTURED "0000000000000006 00", NULL,
	                      0);
	preset_case_hex_check(MEMX, "no messages", "02 12" CAPTURED "0000000000000006 0000", NULL,
	                      0);
	preset_case_hex_check(MEMX, "too many", "02 12" CAPTURED "0000000000000006 0002 0000 00",
	                      NULL, 0);
	preset_case_hex_check(MEMX, "17 bytes", "00 12" CAPTURED "00000000000000", NULL, 0);
}

/* A capture that ends before the count does not say how many messages there were. */
Test(preset_memx, cut_before_the_count)
{
	struct wt_feed_header header;
	uint8_t payload[128];
	size_t used, bytes = preset_case_hex(payload, sizeof(payload),
	                                     "02 12" CAPTURED "0000000000000006 0002" FOX DOG);

	cr_expect_eq(wt_preset_read(MEMX, payload, 19, bytes, &header, &used), 0);
	cr_expect_eq(wt_preset_read(MEMX, payload, 20, bytes, &header, &used), 1);
	cr_expect_eq(header.count, 2);
}

Test(preset_memx, written_bytes)
{
	uint8_t wanted[64];
	struct wt_feed_header header = {.session = SESSION, .first = 6, .count = 2};
	size_t bytes = preset_case_hex(wanted, sizeof(wanted),
	                               "02 12" CAPTURED "0000000000000006 0002 0000 0001 02");

	preset_case_written(MEMX, &header, 5, 0, wanted, bytes);
	header = (struct wt_feed_header){
	        .session = SESSION, .first = 6, .what = WT_FEED_HEARTBEAT, .has_number = true};
	bytes = preset_case_hex(wanted, sizeof(wanted), "00 12" CAPTURED "0000000000000005");
	preset_case_written(MEMX, &header, 5, 0, wanted, bytes);
	header.what = WT_FEED_END;
	wanted[0] = 1;
	preset_case_written(MEMX, &header, 5, 0, wanted, bytes);
	header.has_number = false;
	preset_case_refused(MEMX, &header);
	header.has_number = true;
	header.what = WT_FEED_RESET;
	preset_case_refused(MEMX, &header);
}

Test(preset_memx, session_in_words)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	uint8_t payload[32];
	size_t bytes =
	        preset_case_hex(payload, sizeof(payload), "00 12" CAPTURED "0000000000000005");

	wt_preset_describe(MEMX, payload, bytes, channel, session);
	cr_expect_str_eq(channel, "");
	cr_expect_str_eq(session, "0x5553453164e486c8");
}
