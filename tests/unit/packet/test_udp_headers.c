/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include <wiretape/packet/checksum.h>
#include <wiretape/packet/udp_headers.h>
#include <wiretape/packet/udp_packet.h>

#include "support/unit.h"

static uint8_t buffer[WT_UDP_HEADERS_MOST + 65535];
static uint8_t *const payload = buffer + WT_UDP_HEADERS_MOST;

static const struct wt_udp_headers ipv4 = {
        .ip_version = 4,
        .ttl = 7,
        .traffic_class = 0xb8,
        .source = {192, 0, 2, 1},
        .destination = {233, 252, 0, 1},
        .source_port = 1111,
        .destination_port = 2222,
};

static const struct wt_udp_headers ipv6 = {
        .ip_version = 6,
        .ttl = 255,
        .traffic_class = 0xb8,
        .source = {0xfe, 0x80, [15] = 1},
        .destination = {0xff, 0x02, [15] = 2},
        .source_port = 1111,
        .destination_port = 2222,
};

/* Put them before this payload; the whole packet. */
static const uint8_t *put(const struct wt_udp_headers *headers, const char *words, size_t expected)
{
	size_t bytes = strlen(words);

	memset(buffer, 0xee, sizeof(buffer));
	memcpy(payload, words, bytes);
	cr_assert(eq(sz, wt_udp_headers_put(payload, bytes, headers), expected));
	cr_expect_arr_eq(payload, words, bytes);
	cr_expect(eq(u8, payload[bytes], 0xee));
	return payload - expected;
}

Test(udp_headers, ipv4_to_the_byte)
{
	/* Sums by hand (RFC 791, RFC 768): 0x4500 + 0xb8 + 0x1f + 0x0711 + 0xc000 + 0x0201 +
	 * 0xe9fc + 1, and of the pseudo header, the UDP header and "abc". */
	static const uint8_t expected[] = {
	        0x45, 0xb8, 0x00, 0x1f, 0x00, 0x00, 0x00, 0x00, 0x07, 0x11,
	        0x00, 0x00, 0xc0, 0x00, 0x02, 0x01, 0xe9, 0xfc, 0x00, 0x01, /* */
	        0x04, 0x57, 0x08, 0xae, 0x00, 0x0b, 0x00, 0x00,
	};
	uint8_t packet[sizeof(expected)];
	const uint8_t *at = put(&ipv4, "abc", sizeof(expected));
	uint32_t ip_sum = 0x45b8 + 0x001f + 0x0711 + 0xc000 + 0x0201 + 0xe9fc + 0x0001;
	uint32_t udp_sum =
	        0xc000 + 0x0201 + 0xe9fc + 0x0001 + 17 + 11 + 1111 + 2222 + 11 + 0x6162 + 0x6300;

	memcpy(packet, expected, sizeof(packet));
	ip_sum = ~((ip_sum & 0xffff) + (ip_sum >> 16));
	udp_sum = ~((udp_sum & 0xffff) + (udp_sum >> 16));
	packet[10] = (uint8_t)(ip_sum >> 8);
	packet[11] = (uint8_t)ip_sum;
	packet[26] = (uint8_t)(udp_sum >> 8);
	packet[27] = (uint8_t)udp_sum;
	cr_expect_arr_eq(at, packet, sizeof(packet));
	cr_expect(eq(u8, at[-1], 0xee));
}

Test(udp_headers, ipv6_to_the_byte)
{
	static const uint8_t expected[] = {
	        0x6b, 0x80, 0x00, 0x00, 0x00, 0x0b, 0x11, 0xff, /* */
	        0xfe, 0x80, 0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0, 0,
	        0,    1,    0xff, 0x02, 0,    0,    0,    0,    0,    0,    0,    0,    0, 0,
	        0,    0,    0,    2,    0x04, 0x57, 0x08, 0xae, 0x00, 0x0b, 0x00, 0x00,
	};
	uint8_t packet[sizeof(expected)];
	const uint8_t *at = put(&ipv6, "abc", sizeof(expected));
	uint32_t sum = 0xfe80 + 1 + 0xff02 + 2 + 17 + 11 + 1111 + 2222 + 11 + 0x6162 + 0x6300;

	memcpy(packet, expected, sizeof(packet));
	sum = ~((sum & 0xffff) + (sum >> 16));
	packet[46] = (uint8_t)(sum >> 8);
	packet[47] = (uint8_t)sum;
	cr_expect_arr_eq(at, packet, sizeof(packet));
}

Test(udp_headers, a_checksum_of_zero_is_written_as_ones)
{
	/* The two bytes of payload bring the sum to 0xffff. */
	uint8_t two[3] = {1, 1, 0};
	const uint8_t *at = put(&ipv4, (const char *)two, 28);
	uint16_t checksum = (uint16_t)(at[26] << 8 | at[27]);
	uint32_t missing = (uint32_t)checksum + 0x0101;

	missing = (missing & 0xffff) + (missing >> 16);
	two[0] = (uint8_t)(missing >> 8);
	two[1] = (uint8_t)missing;
	at = put(&ipv4, (const char *)two, 28);
	cr_expect(eq(u8, at[26], 0xff));
	cr_expect(eq(u8, at[27], 0xff));
}

static void expect_located(const struct wt_udp_headers *headers, size_t bytes)
{
	struct wt_udp_view view;
	size_t header_bytes, address_bytes = headers->ip_version == 4 ? 4 : 16;

	memset(payload, 0x5a, bytes);
	header_bytes = wt_udp_headers_put(payload, bytes, headers);
	cr_assert(eq(int,
	             wt_udp_locate(payload - header_bytes, header_bytes + bytes, WT_LINK_TYPE_RAW,
	                           &view),
	             0),
	          "%zu bytes", bytes);
	cr_expect(eq(u8, view.ip_version, headers->ip_version));
	cr_expect_arr_eq(view.source, headers->source, address_bytes);
	cr_expect_arr_eq(view.destination, headers->destination, address_bytes);
	cr_expect(eq(u16, view.source_port, headers->source_port));
	cr_expect(eq(u16, view.destination_port, headers->destination_port));
	cr_expect(view.payload == payload);
	cr_expect(eq(sz, view.payload_bytes, bytes));
	cr_expect(eq(sz, view.payload_wire_bytes, bytes));
	/* A checksum over what has one is all ones. */
	if (headers->ip_version == 4)
		cr_expect(eq(u16, wt_checksum_finish(wt_checksum_add(0, payload - 28, 20)), 0));
}

Test(udp_headers, any_length_is_found_again)
{
	static const size_t lengths[] = {0, 1, 2, 3, 1471, 1472, 9000, 65506, 65507};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		expect_located(&ipv4, lengths[i]);
		expect_located(&ipv6, lengths[i]);
	}
	expect_located(&ipv6, 65527);
}
