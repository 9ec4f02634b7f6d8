/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define MACH wt_preset_find("mach")

/* MIAX Pearl Equities MACH Protocol Specification 1.2e, 2.4: number (8), length with this header
 * (2), type (1), session (1), little-endian. */
#define FIVE "0500000000000000"

static void check_two(const char *what, const char *hex, struct wt_feed_header first,
                      struct wt_feed_header second)
{
	uint8_t payload[256];
	struct preset_case one = {
	        .what = what,
	        .preset = MACH,
	        .payload = payload,
	        .bytes = preset_case_hex(payload, sizeof(payload), hex),
	        .headers = 2,
	        .header = {first, second},
	        .score = 80,
	};

	preset_case_check(&one);
}

Test(preset_miax, packets_whose_numbers_follow_are_one_header)
{
	struct wt_feed_header header = {.session = 1, .first = 0x173c5be, .count = 1};

	/* Three datagrams in a row, captured on MIAX Options. */
	preset_case_hex_check(MACH, "one",
	                      "bec5730100000000 1c00 03 01 426a9c3b00df1100042300d402000041",
	                      &header, 80);
	header.first = 0x173c5bf;
	header.count = 2;
	preset_case_hex_check(MACH, "two",
	                      "bfc5730100000000 1c00 03 01 42b5e63b00bd11000440001401000041"
	                      "c0c5730100000000 1c00 03 01 4fb5e63b00bd1100044a002a02000041",
	                      &header, 80);
	header.first = 0x173c5bc;
	preset_case_hex_check(MACH, "of different lengths",
	                      "bcc5730100000000 1100 03 01 31547a0658"
	                      "bdc5730100000000 1c00 03 01 426f0b0100840a0004f4019000000041",
	                      &header, 80);
}

Test(preset_miax, packets_whose_numbers_do_not_follow_are_two)
{
	check_two("a number is missing",
	          FIVE "0c00 03 01"
	               "0700000000000000 0c00 03 01",
	          (struct wt_feed_header){.session = 1, .first = 5, .count = 1},
	          (struct wt_feed_header){.session = 1, .first = 7, .count = 1});
	check_two("another session",
	          FIVE "0c00 03 01"
	               "0600000000000000 0c00 03 02",
	          (struct wt_feed_header){.session = 1, .first = 5, .count = 1},
	          (struct wt_feed_header){.session = 2, .first = 6, .count = 1});
	check_two("the end after data", FIVE "0d00 03 01 77" FIVE "0c00 02 01",
	          (struct wt_feed_header){.session = 1, .first = 5, .count = 1},
	          (struct wt_feed_header){
	                  .session = 1, .first = 6, .what = WT_FEED_END, .has_number = true});
}

/* 3.1.2: "the sequence number of the last packet sent out". Captured on MIAX Options. */
Test(preset_miax, heartbeat_has_the_last_number)
{
	struct wt_feed_header header = {
	        .session = 1, .first = 0x4f8, .what = WT_FEED_HEARTBEAT, .has_number = true};

	preset_case_hex_check(MACH, "heartbeat", "f704000000000000 0c00 00 01", &header, 80);
	preset_case_agree(MACH, &header, 0, 80);
}

/* 2.2.2: they "may have a Session Number = 0 … may be ignored". Captured on Onyx Futures. */
Test(preset_miax, packets_before_a_session_have_no_number)
{
	struct wt_feed_header header = {.what = WT_FEED_UNSEQUENCED};

	preset_case_hex_check(MACH, "heartbeat", "0000000000000000 0c00 00 00", &header, 80);
	preset_case_hex_check(MACH, "data", FIVE "0d00 03 00 77", &header, 80);
	preset_case_hex_check(MACH, "end", FIVE "0c00 02 00", &header, 80);
}

/* 2.2.1: "with a lower or higher sequence number"; 3.1.1: its own is 0. */
Test(preset_miax, start_of_session_resets_to_anywhere)
{
	struct wt_feed_header header = {
	        .session = 3, .first = 1, .what = WT_FEED_RESET, .anywhere = true};

	preset_case_hex_check(MACH, "start", "0000000000000000 0c00 01 03", &header, 80);
	preset_case_agree(MACH, &header, 0, 80);
	header.anywhere = false;
	preset_case_refused(MACH, &header);
}

/* 3.1.3. */
Test(preset_miax, end_of_session_has_the_last_number)
{
	struct wt_feed_header header = {
	        .session = 1, .first = 6, .what = WT_FEED_END, .has_number = true};

	preset_case_hex_check(MACH, "end", FIVE "0c00 02 01", &header, 80);
}

Test(preset_miax, chain_that_breaks_is_no_packet)
{
	preset_case_hex_check(MACH, "second leaves the payload",
	                      FIVE "0c00 03 01"
	                           "0600000000000000 0d00 03 01",
	                      NULL, 0);
	preset_case_hex_check(MACH, "second is too short",
	                      FIVE "0c00 03 01"
	                           "0600000000000000 0b00 03 01",
	                      NULL, 0);
	preset_case_hex_check(MACH, "second has another type",
	                      FIVE "0c00 03 01"
	                           "0600000000000000 0c00 04 01",
	                      NULL, 0);
	preset_case_hex_check(MACH, "11 bytes", FIVE "0b00 00", NULL, 0);
}

Test(preset_miax, cut_in_the_third_header)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t payload[64];
	size_t used, bytes = preset_case_hex(payload, sizeof(payload),
	                                     FIVE "0e00 03 01 aabb"
	                                          "0900000000000000 0c00 03 01"
	                                          "0a00000000000000 0c00 03 01");

	for (size_t here = 26; here < bytes; here++) {
		cr_expect_eq(wt_preset_read(MACH, payload, here, bytes, headers, &used), 2);
		cr_expect_eq(used, here);
		cr_expect_eq(headers[0].count, 1);
		cr_expect_eq(headers[1].first, 9);
		cr_expect_eq(headers[1].count, 1);
	}
	cr_expect_eq(wt_preset_read(MACH, payload, bytes, bytes, headers, &used), 2);
	cr_expect_eq(headers[1].count, 2);
	/* In the first packet's data. */
	cr_expect_eq(wt_preset_read(MACH, payload, 13, bytes, headers, &used), 1);
	cr_expect_eq(wt_preset_read(MACH, payload, 11, bytes, headers, &used), 0);
}

/* Every second number, so that each packet is a header: more than a call has room for. */
Test(preset_miax, further_headers_are_read_by_further_calls)
{
	enum { PACKETS = 2 * WT_FEED_HEADERS_MAX + 3, BYTES = 12 * PACKETS };
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint8_t payload[BYTES];
	size_t at = 0, used, calls = 0;
	unsigned seen = 0;

	for (unsigned i = 0; i < PACKETS; i++) {
		struct wt_feed_header header = {.session = 1, .first = 2 * i, .count = 1};

		cr_assert_eq(wt_preset_write(MACH, payload + 12 * i, 12, &header, 0, 0), 12);
	}
	while (at < BYTES) {
		int count =
		        wt_preset_read(MACH, payload + at, BYTES - at, BYTES - at, headers, &used);

		cr_assert_gt(count, 0);
		for (int i = 0; i < count; i++, seen++)
			cr_expect_eq(headers[i].first, 2 * seen);
		at += used;
		calls++;
	}
	cr_expect_eq(seen, PACKETS);
	cr_expect_eq(calls, 3);
	cr_expect_eq(wt_preset_prove(MACH, payload, BYTES, BYTES).score, 80);
}

Test(preset_miax, written_bytes)
{
	uint8_t wanted[64], room[24];
	struct wt_feed_header header = {.session = 1, .first = 5, .count = 2};
	size_t bytes = preset_case_hex(wanted, sizeof(wanted),
	                               FIVE "0d00 03 01 0c"
	                                    "0600000000000000 0e00 03 01 0c0d");

	preset_case_written(MACH, &header, 15, 0, wanted, bytes);
	cr_expect_eq(wt_preset_write(MACH, room, 23, &header, 0, 0), -EMSGSIZE);
	cr_expect_eq(wt_preset_write(MACH, room, 24, &header, 0, 0), 24);
	header.session = 0;
	preset_case_refused(MACH, &header);
	header.session = 256;
	preset_case_refused(MACH, &header);
	header.session = UINT64_MAX;
	preset_case_refused(MACH, &header);
	header = (struct wt_feed_header){.session = 1, .first = 1, .what = WT_FEED_HEARTBEAT};
	preset_case_refused(MACH, &header);
	header = (struct wt_feed_header){.session = 1, .what = WT_FEED_UNSEQUENCED};
	preset_case_refused(MACH, &header);
}

Test(preset_miax, session_in_words)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	uint8_t payload[12] = {1, [8] = 12, [10] = 3, [11] = 200};

	wt_preset_describe(MACH, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "");
	cr_expect_str_eq(session, "200");
	payload[11] = 0;
	wt_preset_describe(MACH, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(session, "");
}
