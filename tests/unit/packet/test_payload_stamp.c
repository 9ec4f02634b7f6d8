/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/packet/checksum.h>
#include <wiretape/packet/payload_stamp.h>
#include <wiretape/packet/rewrite.h>
#include <wiretape/packet/udp_packet.h>

#include "support/unit.h"

enum { FRAME_MAX = 128, CHECKSUM = WT_UDP_HEADER_BYTES - 2, IPV6_BYTES = 40 };

static uint8_t frame[FRAME_MAX];
static struct wt_payload_stamp stamp;

static uint32_t build(size_t payload_bytes)
{
	struct wt_udp_flow flow = {.source = 0x0a000001, .group = 0xef000001, .port = 7};

	memset(frame, 0xa5, sizeof(frame));
	for (size_t i = 0; i < payload_bytes; i++)
		frame[WT_UDP_HEADER_BYTES + i] = (uint8_t)(i * 7);
	cr_assert(eq(int, wt_udp_build(frame, &flow, 0, payload_bytes), 0));
	return (uint32_t)(WT_UDP_HEADER_BYTES + payload_bytes);
}

/* The same as IPv6, raw. */
static uint32_t build_ipv6(size_t payload_bytes)
{
	size_t udp_bytes = WT_UDP_BYTES + payload_bytes;
	uint8_t *udp = frame + IPV6_BYTES;
	uint64_t sum;
	uint16_t checksum;

	memset(frame, 0, sizeof(frame));
	frame[0] = 0x60;
	frame[5] = udp[5] = (uint8_t)udp_bytes;
	frame[6] = 17;
	memset(frame + 8, 0x22, 32);
	udp[3] = 7;
	sum = wt_checksum_add(17 + udp_bytes, frame + 8, 32);
	checksum = wt_checksum_finish(wt_checksum_add(sum, udp, udp_bytes));
	udp[6] = (uint8_t)(checksum >> 8);
	udp[7] = (uint8_t)checksum;
	return (uint32_t)(IPV6_BYTES + udp_bytes);
}

static bool locate(uint32_t caplen)
{
	return wt_payload_stamp_locate(&stamp, frame, caplen, WT_REWRITE_ETHERNET);
}

/* 0 if it is right: the sum of all, with the addresses at `addresses` in front. */
static uint16_t checksum_error(size_t addresses, size_t address_bytes, size_t udp, size_t udp_bytes)
{
	uint64_t sum = wt_checksum_add(17 + udp_bytes, frame + addresses, address_bytes);

	return wt_checksum_finish(wt_checksum_add(sum, frame + udp, udp_bytes));
}

static uint16_t ipv4_error(size_t payload_bytes)
{
	return checksum_error(26, 8, 34, WT_UDP_BYTES + payload_bytes);
}

Test(payload_stamp, is_the_last_sixteen_bytes)
{
	static const uint8_t expected[] = {1,    2,    3,    4,    5,    6,    7,    8,
	                                   0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
	uint8_t before[FRAME_MAX];
	uint32_t bytes = build(40);

	memcpy(before, frame, sizeof(before));
	cr_assert(locate(bytes));
	wt_payload_stamp_put(&stamp, frame, 0x0102030405060708, 0x1112131415161718);
	cr_expect(eq(int, memcmp(frame + bytes - 16, expected, 16), 0));
	cr_expect(eq(int, memcmp(frame, before, CHECKSUM), 0));
	cr_expect(eq(int, memcmp(frame + CHECKSUM + 2, before + CHECKSUM + 2, 24), 0));
	cr_expect(eq(int, memcmp(frame + bytes, before + bytes, FRAME_MAX - bytes), 0));
}

Test(payload_stamp, keeps_the_checksum_right_at_any_length)
{
	for (size_t payload = 16; payload <= 33; payload++) {
		cr_assert(locate(build(payload)));
		for (uint64_t i = 0; i < 70000; i += 7) {
			wt_payload_stamp_put(&stamp, frame, i, i * 0x123456789abcdef);
			cr_assert(eq(u32, ipv4_error(payload), 0), "%zu bytes, %zu", payload,
			          (size_t)i);
			cr_assert(frame[CHECKSUM] || frame[CHECKSUM + 1]);
		}
	}
}

Test(payload_stamp, is_right_in_raw_ipv6_too)
{
	for (size_t payload = 16; payload <= 33; payload++) {
		cr_assert(wt_payload_stamp_locate(&stamp, frame, build_ipv6(payload),
		                                  WT_REWRITE_RAW_IP));
		wt_payload_stamp_put(&stamp, frame, payload, 0x1112131415161718);
		cr_expect(eq(u32, checksum_error(8, 32, IPV6_BYTES, WT_UDP_BYTES + payload), 0),
		          "%zu bytes", payload);
	}
}

Test(payload_stamp, a_wrong_checksum_stays_wrong)
{
	uint32_t bytes = build(21);
	uint16_t error;

	frame[CHECKSUM] ^= 0x40;
	error = ipv4_error(21);
	cr_assert(locate(bytes));
	wt_payload_stamp_put(&stamp, frame, 77, 0x1112131415161718);
	cr_expect(ne(u32, error, 0));
	cr_expect(eq(u32, ipv4_error(21), error));
}

Test(payload_stamp, no_checksum_stays_none)
{
	uint32_t bytes = build(16);

	frame[CHECKSUM] = frame[CHECKSUM + 1] = 0;
	cr_assert(locate(bytes));
	wt_payload_stamp_put(&stamp, frame, 1, 2);
	cr_expect(eq(u32, frame[CHECKSUM], 0));
	cr_expect(eq(u32, frame[CHECKSUM + 1], 0));
	cr_expect(eq(u32, frame[bytes - 1], 2));
}

Test(payload_stamp, needs_a_whole_datagram_with_room)
{
	uint32_t bytes = build(15);

	cr_expect(not(locate(bytes)), "fifteen bytes");
	bytes = build(16);
	cr_expect(locate(bytes));
	cr_expect(not(locate(bytes - 1)), "cut");
	cr_expect(not(wt_payload_stamp_locate(&stamp, frame, bytes, 113)), "another link type");
	frame[20] = 0x20;
	cr_expect(not(locate(bytes)), "a first fragment");
	frame[20] = 0;
	frame[21] = 1;
	cr_expect(not(locate(bytes)), "another fragment");
	build(16);
	frame[23] = 6;
	cr_expect(not(locate(bytes)), "TCP");
}
