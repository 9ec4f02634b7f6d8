/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/feed/load/mold_template.h>
#include <wiretape/feed/preset/moldudp64.h>
#include <wiretape/packet/checksum.h>
#include <wiretape/packet/udp_packet.h>

#include "support/unit.h"

static const uint32_t sizes[] = {60, 61, 63, 64, 65, 66, 200, 201, 1514, 9014};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* Numbers around which carries and the zero checksum happen. */
static const uint64_t numbers[] = {
        0,
        1,
        0xfffe,
        0xffff,
        0x10000,
        0xffffffff,
        0x100000000,
        0x0123456789abcdef,
        UINT64_MAX - 1,
        UINT64_MAX,
        5,
        0,
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static uint8_t frame[WT_MOLD_FRAME_BYTES_MAX];

static int build(uint32_t bytes)
{
	struct wt_mold_template_config config = {.frame_bytes = bytes};

	return wt_mold_template_build(&config, frame, sizeof(frame), NULL);
}

static uint16_t ipv4_checksum(void)
{
	return wt_checksum_finish(wt_checksum_add(0, frame + 14, 20));
}

/* Over pseudo header, header and payload: 0 if the checksum in it is right. */
static uint16_t udp_checksum(void)
{
	size_t bytes = (size_t)(frame[38] << 8 | frame[39]);
	uint64_t sum = wt_checksum_add(17 + bytes, frame + 26, 8);

	return wt_checksum_finish(wt_checksum_add(sum, frame + 34, bytes));
}

Test(mold_template, every_size_and_sequence_number_has_right_checksums)
{
	for (int size = 0; size < SIZES; size++) {
		cr_assert_eq(build(sizes[size]), (int)sizes[size]);
		for (int i = 0; i < NUMBERS; i++) {
			wt_mold_template_set_sequence(frame, numbers[i]);
			cr_expect_eq(ipv4_checksum(), 0, "IPv4, %u B, number %d", sizes[size], i);
			cr_expect_eq(udp_checksum(), 0, "UDP, %u B, number %d", sizes[size], i);
			cr_expect(frame[40] || frame[41], "no UDP checksum, number %d", i);
		}
	}
}

Test(mold_template, no_checksum_goes_wrong_or_missing_in_many_changes)
{
	cr_assert_eq(build(60), 60);
	for (uint64_t number = 1; number <= 200000; number++) {
		wt_mold_template_set_sequence(frame, number);
		cr_assert(ipv4_checksum() == 0 && udp_checksum() == 0 && (frame[40] || frame[41]),
		          "number %llu", (unsigned long long)number);
	}
}

Test(mold_template, changed_frame_is_the_same_whatever_number_it_had_before)
{
	static uint8_t other[200];

	cr_assert_eq(build(200), 200);
	wt_mold_template_set_sequence(frame, 77);
	memcpy(other, frame, sizeof(other));
	for (int i = 0; i < NUMBERS; i++)
		wt_mold_template_set_sequence(frame, numbers[i]);
	wt_mold_template_set_sequence(frame, 77);
	cr_assert_arr_eq(frame, other, sizeof(other));
}

Test(mold_template, one_message_fills_frames_of_64_bytes_and_more)
{
	static const uint8_t expected[] = {0, 0, 0, 0, 0, 0, 0, 42};
	struct wt_udp_view view;

	for (int size = 0; size < SIZES; size++) {
		if (sizes[size] < WT_MOLD_FRAME_BYTES_WHOLE)
			continue;
		cr_assert_eq(build(sizes[size]), (int)sizes[size]);
		wt_mold_template_set_sequence(frame, 42);
		cr_assert_eq(wt_udp_locate(frame, sizes[size], WT_LINK_TYPE_ETHERNET, &view), 0);
		cr_assert_eq(view.payload_bytes, sizes[size] - 42);
		cr_expect_arr_eq(view.payload + WT_MOLDUDP64_SEQUENCE_OFFSET, expected, 8);
		cr_expect_eq(wt_get_be16(view.payload + WT_MOLDUDP64_CUT_BYTES), 1, "messages");
		cr_expect_eq(wt_get_be16(view.payload + WT_MOLDUDP64_HEADER_BYTES),
		             sizes[size] - 64, "its length");
	}
}

Test(mold_template, frames_below_64_bytes_end_after_the_sequence_number)
{
	static const uint8_t expected[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	struct wt_udp_view view;

	for (uint32_t bytes = 60; bytes < 64; bytes++) {
		cr_assert_eq(build(bytes), (int)bytes);
		wt_mold_template_set_sequence(frame, 0x0123456789abcdef);
		cr_assert_eq(wt_udp_locate(frame, bytes, WT_LINK_TYPE_ETHERNET, &view), 0);
		cr_expect_eq(view.payload_bytes, WT_MOLDUDP64_CUT_BYTES);
		cr_expect_arr_eq(view.payload + WT_MOLDUDP64_SEQUENCE_OFFSET, expected, 8);
		cr_expect_arr_eq(view.payload, "WIRETAPE  ", 10);
	}
}

Test(mold_template, settings_are_where_they_belong)
{
	struct wt_mold_template_config config = {
	        .frame_bytes = 100,
	        .source = 0x0a010203,
	        .group = 0xef818283,
	        .source_port = 0x1234,
	        .port = 0x5678,
	        .source_mac = {2, 1, 2, 3, 4, 5},
	        .ttl = 9,
	        .session = "S",
	};
	static const uint8_t ethernet[] = {0x01, 0x00, 0x5e, 0x01, 0x82, 0x83, 2,
	                                   1,    2,    3,    4,    5,    8,    0};
	static const uint8_t addresses[] = {10,  1,   2,    3,    239,  129,
	                                    130, 131, 0x12, 0x34, 0x56, 0x78};

	cr_assert_eq(wt_mold_template_build(&config, frame, sizeof(frame), NULL), 100);
	cr_expect_arr_eq(frame, ethernet, sizeof(ethernet));
	cr_expect_arr_eq(frame + 26, addresses, sizeof(addresses));
	cr_expect_eq(frame[22], 9);
	cr_expect_arr_eq(frame + 42, "S         ", 10);
}

Test(mold_template, zero_settings_are_the_documented_defaults)
{
	static const uint8_t addresses[] = {192, 0, 2, 1, 233, 252, 0, 1};

	cr_assert_eq(build(0), WT_MOLD_FRAME_BYTES_DEFAULT);
	cr_expect_arr_eq(frame + 26, addresses, sizeof(addresses));
	cr_expect_eq(frame[34] << 8 | frame[35], 26477);
	cr_expect_eq(frame[36] << 8 | frame[37], 26477);
	cr_expect_eq(frame[22], 1);
}

Test(mold_template, the_largest_datagram_is_built)
{
	cr_assert_eq(build(WT_MOLD_FRAME_BYTES_MAX), WT_MOLD_FRAME_BYTES_MAX);
	wt_mold_template_set_sequence(frame, 3);
	cr_expect_eq(ipv4_checksum(), 0);
	cr_expect_eq(udp_checksum(), 0);
}

Test(mold_template, wrong_settings_are_refused_with_a_reason)
{
	struct wt_mold_template_config config = {.frame_bytes = 59};
	struct wt_error err = {0};

	cr_expect_eq(wt_mold_template_build(&config, frame, sizeof(frame), &err), -EINVAL);
	cr_expect(strstr(err.text, "59 B") != NULL, "%s", err.text);
	config.frame_bytes = WT_MOLD_FRAME_BYTES_MAX + 1;
	cr_expect_eq(wt_mold_template_build(&config, frame, sizeof(frame), &err), -EINVAL);
	config.frame_bytes = 100;
	cr_expect_eq(wt_mold_template_build(&config, frame, 99, &err), -EMSGSIZE);
	config.group = 0x0a000001;
	cr_expect_eq(wt_mold_template_build(&config, frame, sizeof(frame), &err), -EINVAL);
	cr_expect(strstr(err.text, "10.0.0.1") != NULL, "%s", err.text);
	config.group = 0;
	config.session = "much too long";
	cr_expect_eq(wt_mold_template_build(&config, frame, sizeof(frame), &err), -EINVAL);
	cr_expect(strstr(err.text, "much too long") != NULL, "%s", err.text);
}
