/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

#define PITCH wt_preset_find("pitch")
#define MITCH wt_preset_find("mitch")

/* Cboe US Equities/Options Multicast Depth of Book (PITCH) 2.41.66, Table 2: length with this
 * header (2), count (1), unit (1), number of the first message (4), little-endian. London Stock
 * Exchange MIT303 11.9, 4.6: the same. */

/* Table 48, "Sequenced Unit Header with 2 Messages", but for its length: 49 there, where the header
 * and its messages have 50, as the text beside it says. */
#define TABLE_48_MESSAGES                                                                          \
	"1a 22 18d20600 05405b778f561d0b 42 e102 5a565a5a5420 0100 01"                             \
	"10 26 e8d90600 05405b778f561d0b e102"
#define TABLE_48 "3200 02 01 01000000" TABLE_48_MESSAGES

Test(preset_unit, data)
{
	struct wt_feed_header header = {.channel = 1, .first = 1, .count = 2};

	preset_case_hex_check(PITCH, "table 48", TABLE_48, &header, 80);
	preset_case_hex_check(MITCH, "table 48", TABLE_48, &header, 80);
	/* Captured on CFE. */
	header.first = 0x8e5c;
	preset_case_hex_check(PITCH, "time",
	                      "2400 02 01 5c8e0000 0a2095eb00006513ca5c 12"
	                      "2898810900e43075077eb21f0201003606",
	                      &header, 80);
}

/* As table 48 has it: what is beyond the length is padding. */
Test(preset_unit, padding_is_read_over_and_proves_nothing)
{
	struct wt_feed_header header = {.channel = 1, .first = 1, .count = 2};

	preset_case_hex_check(PITCH, "table 48", "3100 02 01 01000000" TABLE_48_MESSAGES, &header,
	                      0);
}

Test(preset_unit, length_that_contradicts_the_payload_is_no_packet)
{
	preset_case_hex_check(PITCH, "longer", "3300 02 01 01000000" TABLE_48_MESSAGES, NULL, 0);
	preset_case_hex_check(PITCH, "shorter than a header",
	                      "0700 00 01 01000000" TABLE_48_MESSAGES, NULL, 0);
	preset_case_hex_check(PITCH, "messages that do not fit", "0b00 02 01 01000000 020102", NULL,
	                      0);
}

/* "a Hdr Sequence value equal to the sequence of the next sequenced message". */
Test(preset_unit, heartbeat_has_the_next_number)
{
	struct wt_feed_header header = {
	        .channel = 1, .first = 0x528e, .what = WT_FEED_HEARTBEAT, .has_number = true};

	preset_case_hex_check(PITCH, "captured on CFE", "0800 00 01 8e520000", &header, 60);
}

/* "Outside of trading hours … with a sequence of 0". */
Test(preset_unit, heartbeat_with_number_0_has_none)
{
	struct wt_feed_header header = {.what = WT_FEED_HEARTBEAT};

	preset_case_hex_check(PITCH, "heartbeat", "0800 00 00 00000000", &header, 60);
}

/* PITCH: "Un-sequenced headers will have a 0 value for the sequence field"; MITCH, 4.2: all
 * administrative messages. Captured: a symbol mapping message. */
Test(preset_unit, number_0_is_none)
{
	struct wt_feed_header header = {.channel = 33, .what = WT_FEED_UNSEQUENCED};

	preset_case_hex_check(PITCH, "symbol mapping",
	                      "2e00 01 21 00000000 262e3032377775455350582020203230303631395030353"
	                      "030303030304e5350582020202020",
	                      &header, 80);
	header.channel = 'A';
	preset_case_hex_check(MITCH, "login response", "0b00 01 41 00000000 030241", &header, 80);
}

/* "sequence number rollover 4,294,967,295 to 1": of the number, no packet is different. */
Test(preset_unit, largest_number)
{
	struct wt_feed_header header = {.channel = 1, .first = UINT32_MAX, .count = 2};

	preset_case_hex_check(PITCH, "two messages over the end", "0c00 02 01 ffffffff 0220 0220",
	                      &header, 80);
	cr_expect_eq(PITCH->rolls_to, 1);
}

Test(preset_unit, written_bytes)
{
	static const uint8_t data[] = {14, 0, 2, 7, 5, 0, 0, 0, 3, 1, 2, 3, 1, 2};
	static const uint8_t heartbeat[] = {8, 0, 0, 7, 5, 0, 0, 0};
	struct wt_feed_header header = {.channel = 7, .first = 5, .count = 2};

	preset_case_written(PITCH, &header, 6, 0, data, sizeof(data));
	header = (struct wt_feed_header){
	        .channel = 7, .first = 5, .what = WT_FEED_HEARTBEAT, .has_number = true};
	preset_case_written(PITCH, &header, 100, 0, heartbeat, sizeof(heartbeat));
}

Test(preset_unit, what_cannot_be_said_is_refused)
{
	struct wt_feed_header header = {.channel = 256, .first = 1, .count = 1};

	preset_case_refused(PITCH, &header);
	header = (struct wt_feed_header){.first = 0, .count = 1};
	preset_case_refused(PITCH, &header);
	header = (struct wt_feed_header){.first = UINT64_C(1) << 32, .count = 1};
	preset_case_refused(PITCH, &header);
	header = (struct wt_feed_header){.first = 1, .count = 256};
	preset_case_refused(PITCH, &header);
	header = (struct wt_feed_header){.first = 1, .count = 1, .session = 1};
	preset_case_refused(PITCH, &header);
	header = (struct wt_feed_header){.first = 1, .what = WT_FEED_END, .has_number = true};
	preset_case_refused(PITCH, &header);
	header = (struct wt_feed_header){.what = WT_FEED_HEARTBEAT, .has_number = true};
	preset_case_refused(PITCH, &header);
	header = (struct wt_feed_header){.first = 1, .what = WT_FEED_UNSEQUENCED};
	preset_case_refused(PITCH, &header);
}

Test(preset_unit, unit_and_group_in_words)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	uint8_t payload[8] = {8, 0, 0, 'A', 1};

	wt_preset_describe(PITCH, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "unit 65");
	cr_expect_str_eq(session, "");
	wt_preset_describe(MITCH, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "group A");
	payload[3] = 7;
	wt_preset_describe(MITCH, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "group 7");
	payload[3] = ' ';
	wt_preset_describe(MITCH, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "group 32");
}

/* A length that counts something, and no message that it could be. */
Test(preset_unit, bytes_without_messages_are_no_packet)
{
	preset_case_hex_check(PITCH, "count 0", "0900 00 01 01000000 02", NULL, 0);
}

/* A message's length counts itself, in one byte. */
Test(preset_unit, longest_message)
{
	struct wt_feed_header header = {.channel = 1, .first = 1, .count = 1};
	uint8_t payload[512];

	cr_expect_eq(wt_preset_write(PITCH, payload, sizeof(payload), &header, 255, 0), 263);
	cr_expect_eq(wt_preset_write(PITCH, payload, sizeof(payload), &header, 256, 0), -EMSGSIZE);
	preset_case_agree(PITCH, &header, 255, 80);
}
