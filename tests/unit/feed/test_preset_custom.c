/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/unit.h"

static struct wt_preset made(const char *text)
{
	struct wt_preset preset;
	struct wt_error err = {0};

	cr_assert_eq(wt_preset_custom(&preset, text, &err), 0, "%s: %s", text, err.text);
	return preset;
}

static void expect_text(const char *text, const char *wanted)
{
	struct wt_preset preset = made(text);
	char out[256];
	int length = wt_preset_text(&preset, out, sizeof(out));

	cr_expect_str_eq(out, wanted);
	cr_expect_eq(length, (int)strlen(wanted));
	preset = made(out + strlen("custom:"));
	wt_preset_text(&preset, out, sizeof(out));
	cr_expect_str_eq(out, wanted);
}

Test(preset_custom, what_is_not_said)
{
	expect_text("offset=0,width=4", "custom:offset=0,width=4,endian=big,unit=packets");
	expect_text("width=2,offset=10,count=18",
	            "custom:offset=10,width=2,endian=big,count=18:2,unit=messages,heartbeat=none");
}

Test(preset_custom, all_that_can_be_said)
{
	expect_text(
	        "offset=10,width=8,endian=little,count=18:1,unit=bytes,key=19:16,heartbeat=last",
	        "custom:offset=10,width=8,endian=little,count=18:1,unit=bytes,key=19:16,"
	        "heartbeat=last");
	expect_text("offset=4,width=4,count=8:1,key=0:4",
	            "custom:offset=4,width=4,endian=big,count=8:1,unit=messages,key=0:4,"
	            "heartbeat=none");
	expect_text("offset=10,width=3,count=18,unit=packets,heartbeat=next",
	            "custom:offset=10,width=3,endian=big,count=18:2,unit=packets,heartbeat=next");
}

Test(preset_custom, text_of_others_is_their_name)
{
	char out[16];

	cr_expect_eq(wt_preset_text(wt_preset_find("pitch"), out, sizeof(out)), 5);
	cr_expect_str_eq(out, "pitch");
}

static void expect_refused(const char *text, const char *says)
{
	struct wt_preset preset = {.name = "unchanged"};
	struct wt_error err = {0};

	cr_expect_eq(wt_preset_custom(&preset, text, &err), -EINVAL, "%s", text);
	cr_expect_not_null(strstr(err.text, says), "%s: %s", text, err.text);
	cr_expect_str_eq(preset.name, "unchanged");
}

Test(preset_custom, what_is_wrong_is_said)
{
	expect_refused("", "offset= and width=");
	expect_refused("offset=0", "offset= and width=");
	expect_refused("width=4", "offset= and width=");
	expect_refused("offset=0,width=0", "1 to 8");
	expect_refused("offset=0,width=9", "1 to 8");
	expect_refused("offset=0,width=", "1 to 8");
	expect_refused("offset=-1,width=4", "where the number is");
	expect_refused("offset=65508,width=4", "where the number is");
	expect_refused("offset=65507,width=1", "ends at 65508");
	expect_refused("offset=0,width=4,endian=native", "big or little");
	expect_refused("offset=0,width=4,count=8:5", "OFFSET or OFFSET:WIDTH");
	expect_refused("offset=0,width=4,count=8:", "OFFSET or OFFSET:WIDTH");
	expect_refused("offset=0,width=4,count=:2", "OFFSET or OFFSET:WIDTH");
	expect_refused("offset=0,width=4,count=65507", "ends at 65509");
	expect_refused("offset=0,width=4,unit=frames", "messages, packets or bytes");
	expect_refused("offset=0,width=4,key=8", "OFFSET:WIDTH");
	expect_refused("offset=0,width=4,key=8:0", "OFFSET:WIDTH");
	expect_refused("offset=0,width=4,key=8:17", "OFFSET:WIDTH");
	expect_refused("offset=0,width=4,key=65500:8", "ends at 65508");
	expect_refused("offset=0,width=4,heartbeat=next", "needs count=");
	expect_refused("offset=4,width=4,count=7:1", "must not overlap");
	expect_refused("offset=4,width=4,key=3:2", "must not overlap");
	expect_refused("offset=4,width=4,count=10:2,key=8:3", "must not overlap");
	expect_refused("offset=0,width=4,count=8,heartbeat=maybe", "next, last or none");
	expect_refused("offset=0,width=4,offset=4", "offset is there twice");
	expect_refused("offset=0,width=4,", "'' is no setting");
	expect_refused("offset=0,,width=4", "'' is no setting");
	expect_refused("offset=0,width=4,colour=red", "'colour=red' is no setting");
	expect_refused("offset", "where the number is");
}

static struct wt_feed_header read_one(const struct wt_preset *preset, const char *hex)
{
	struct wt_feed_header header = {0};
	uint8_t payload[64];
	size_t used, bytes = preset_case_hex(payload, sizeof(payload), hex);

	cr_assert_eq(wt_preset_read(preset, payload, bytes, bytes, &header, &used), 1, "%s", hex);
	cr_expect_eq(used, bytes);
	return header;
}

/* At the start, at the end, in payloads shorter than a word. */
Test(preset_custom, numbers_of_every_width)
{
	static const char *const text = "0102030405060708090a";

	for (unsigned width = 1; width <= 8; width++) {
		for (unsigned offset = 0; offset + width <= 10; offset++) {
			uint64_t big = 0, little = 0;
			char settings[64];
			struct wt_preset preset;

			for (unsigned i = 0; i < width; i++) {
				big = big << 8 | (offset + i + 1);
				little |= (uint64_t)(offset + i + 1) << 8 * i;
			}
			snprintf(settings, sizeof(settings), "offset=%u,width=%u", offset, width);
			preset = made(settings);
			cr_expect_eq(read_one(&preset, text).first, big, "%s", settings);
			snprintf(settings, sizeof(settings), "offset=%u,width=%u,endian=little",
			         offset, width);
			preset = made(settings);
			cr_expect_eq(read_one(&preset, text).first, little, "%s", settings);
		}
	}
}

Test(preset_custom, payload_shorter_than_a_word)
{
	struct wt_preset preset = made("offset=1,width=2,key=3:1");
	struct wt_feed_header header = read_one(&preset, "ff 0102 09");
	uint8_t payload[3] = {0};
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	size_t used;

	cr_expect_eq(header.first, 0x102);
	cr_expect_eq(header.channel, 9);
	cr_expect_eq(header.count, 1);
	cr_expect_eq(wt_preset_read(&preset, payload, 3, 3, &header, &used), 0);
	cr_expect_eq(wt_preset_read(&preset, NULL, 0, 0, &header, &used), 0);
	wt_preset_describe(&preset, (const uint8_t[]){0, 0, 0, 9}, 4, channel, session);
	cr_expect_str_eq(channel, "9");
	cr_expect_eq(wt_preset_prove(&preset, payload, 3, 3).score, 0);
}

Test(preset_custom, heartbeats)
{
	struct wt_preset preset = made("offset=0,width=2,count=2:1,heartbeat=last");
	struct wt_feed_header header = read_one(&preset, "0007 00");

	cr_expect_eq(header.what, WT_FEED_HEARTBEAT);
	cr_expect(header.has_number);
	cr_expect_eq(header.first, 8);
	cr_expect_eq(read_one(&preset, "ffff 00").first, 0);
	preset = made("offset=0,width=2,count=2:1,heartbeat=next");
	cr_expect_eq(read_one(&preset, "0007 00").first, 7);
	preset = made("offset=0,width=2,count=2:1");
	header = read_one(&preset, "0007 00");
	cr_expect_eq(header.what, WT_FEED_HEARTBEAT);
	cr_expect_not(header.has_number);
	cr_expect_eq(header.first, 0);
	header = read_one(&preset, "0007 ff");
	cr_expect_eq(header.what, WT_FEED_DATA);
	cr_expect_eq(header.count, 255);
}

/* Keys that differ anywhere are different channels; those of up to four bytes are themselves. */
Test(preset_custom, wide_keys)
{
	static const unsigned widths[] = {4, 5, 8, 9, 12, 16};

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		uint8_t payload[20] = {[17] = 1};
		struct wt_feed_header plain, changed;
		struct wt_preset preset;
		char settings[64];
		size_t used;

		snprintf(settings, sizeof(settings), "offset=16,width=2,key=0:%u", widths[i]);
		preset = made(settings);
		cr_assert_eq(wt_preset_read(&preset, payload, 20, 20, &plain, &used), 1);
		for (unsigned at = 0; at < 16; at++) {
			payload[at] ^= 0x41;
			cr_assert_eq(wt_preset_read(&preset, payload, 20, 20, &changed, &used), 1);
			cr_expect_eq(changed.channel != plain.channel, at < widths[i],
			             "byte %u of %u", at, widths[i]);
			payload[at] ^= 0x41;
		}
	}
}

Test(preset_custom, wide_keys_in_words)
{
	struct wt_preset preset = made("offset=12,width=2,key=0:12");
	uint8_t payload[14] = "GROUP \x01 7   ";
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];

	wt_preset_describe(&preset, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "GROUP . 7");
	preset = made("offset=12,width=2,key=0:8");
	wt_preset_describe(&preset, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "5139257352618246432");
	preset = made("offset=12,width=2,key=0:2,endian=little");
	wt_preset_describe(&preset, payload, sizeof(payload), channel, session);
	cr_expect_str_eq(channel, "21063");
}

Test(preset_custom, what_is_written_is_read)
{
	static const char *const texts[] = {
	        "offset=3,width=3",
	        "offset=0,width=1,endian=little,key=1:2",
	        "offset=10,width=8,count=18:2,key=0:10,heartbeat=next",
	        "offset=4,width=4,endian=little,count=2:1,key=3:1,heartbeat=last",
	        "offset=0,width=4,key=4:8,count=12:4",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct wt_preset preset = made(texts[i]);
		struct wt_feed_header header = {.first = 200, .count = 1}, read;
		uint8_t payload[128];
		size_t used;
		int bytes;

		header.channel = preset.channel.bytes ? 77 : 0;
		bytes = wt_preset_write(&preset, payload, sizeof(payload), &header, 20, 0);
		cr_assert_eq(bytes, preset.header_bytes + 20, "%s: %d", texts[i], bytes);
		cr_assert_eq(wt_preset_read(&preset, payload, (size_t)bytes, (size_t)bytes, &read,
		                            &used),
		             1);
		cr_expect_eq(read.first, 200);
		cr_expect_eq(read.channel, header.channel, "%s: channel %u", texts[i],
		             read.channel);
		cr_expect_eq(read.count, 1);
		header.session = 1;
		preset_case_refused(&preset, &header);
	}
}

/* Not a message at a time: the test would take minutes. */
Test(preset_custom, large_count_is_written)
{
	struct wt_preset preset = made("offset=0,width=4,count=4:4");
	struct wt_feed_header header = {.first = 1, .count = UINT32_MAX}, read;
	uint8_t payload[64];
	size_t used;

	cr_assert_eq(wt_preset_write(&preset, payload, sizeof(payload), &header, 20, 0), 28);
	cr_assert_eq(wt_preset_read(&preset, payload, 28, 28, &read, &used), 1);
	cr_expect_eq(read.count, UINT32_MAX);
	cr_expect_eq(payload[27], 19);
}
