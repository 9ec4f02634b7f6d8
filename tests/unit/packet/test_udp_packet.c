/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/packet/udp_packet.h>

#include "support/unit.h"

/* Frames for wt_udp_locate(): a datagram with payload "payload". */
enum { PAYLOAD_BYTES = 7, FRAME_BYTES = WT_UDP_HEADER_BYTES + PAYLOAD_BYTES };

static void build_frame(uint8_t *frame)
{
	struct wt_udp_flow flow = {
	        .source_mac = {2, 0, 0, 0, 0, 9},
	        .source = 0xc0000201,
	        .group = 0xe9fc0001,
	        .source_port = 1111,
	        .port = 2222,
	        .ttl = 1,
	};

	memcpy(frame + WT_UDP_HEADER_BYTES, "payload", PAYLOAD_BYTES);
	cr_assert_eq(wt_udp_build(frame, &flow, 7, PAYLOAD_BYTES), 0);
}

/* Put `tags` VLAN tags behind the addresses of a frame of FRAME_BYTES. */
static size_t build_tagged(uint8_t *frame, size_t tags)
{
	static const uint8_t tag[] = {0x81, 0x00, 0x00, 0x05};

	build_frame(frame);
	for (size_t i = 0; i < tags; i++) {
		memmove(frame + 16, frame + 12, FRAME_BYTES - 12 + 4 * i);
		memcpy(frame + 12, tag, sizeof(tag));
	}
	return FRAME_BYTES + 4 * tags;
}

/* IPv6 with `extensions` headers of destination options, raw. */
static size_t build_ipv6(uint8_t *packet, size_t extensions)
{
	size_t bytes = 40 + 8 * extensions + 8 + PAYLOAD_BYTES;
	uint8_t *at = packet + 40;

	memset(packet, 0, bytes);
	packet[0] = 0x60;
	packet[5] = (uint8_t)(bytes - 40);
	packet[6] = extensions ? 60 : 17;
	for (size_t i = 0; i < extensions; i++, at += 8)
		at[0] = i + 1 < extensions ? 60 : 17;
	at[1] = 1;
	at[3] = 2;
	at[5] = 8 + PAYLOAD_BYTES;
	memcpy(at + 8, "payload", PAYLOAD_BYTES);
	return bytes;
}

static void expect_payload(const struct wt_udp_view *view)
{
	cr_assert_eq(view->payload_bytes, PAYLOAD_BYTES);
	cr_expect_eq(view->payload_wire_bytes, PAYLOAD_BYTES);
	cr_expect_arr_eq(view->payload, "payload", PAYLOAD_BYTES);
}

static bool is_tunnelled(const uint8_t *frame, size_t caplen)
{
	const struct wt_headers_config config = {.link_type = WT_LINK_TYPE_ETHERNET};
	struct wt_headers headers;

	wt_headers_read(&headers, &config, frame, caplen);
	return wt_headers_is_tunnelled(&headers);
}

Test(udp_packet, multicast_mac_holds_the_low_23_bits_of_the_group)
{
	static const uint8_t expected[] = {0x01, 0x00, 0x5e, 0x7f, 0x01, 0x02};
	uint8_t mac[6];

	wt_udp_multicast_mac(0xe0ff0102, mac); /* 224.255.1.2 */
	cr_assert_arr_eq(mac, expected, sizeof(mac));
}

Test(udp_packet, build_refuses_a_group_that_is_none_and_a_payload_too_large)
{
	struct wt_udp_flow flow = {.group = 0x0a000001};
	static uint8_t frame[70000];

	cr_expect_eq(wt_udp_build(frame, &flow, 0, 1), -EINVAL);
	flow.group = 0xe0000001;
	cr_expect_eq(wt_udp_build(frame, &flow, 0, 65508), -EMSGSIZE);
	cr_expect_eq(wt_udp_build(frame, &flow, 0, 65507), 0);
}

Test(udp_packet, locate_passes_all_vlan_tags)
{
	uint8_t frame[FRAME_BYTES + 12];
	struct wt_udp_view view;

	for (size_t tags = 0; tags <= 3; tags++) {
		size_t bytes = build_tagged(frame, tags);

		cr_assert_eq(wt_udp_locate(frame, bytes, WT_LINK_TYPE_ETHERNET, &view), 0);
		cr_expect_eq(view.vlan_tags, tags);
		cr_expect_eq(view.ip_version, 4);
		cr_expect_eq(view.source_port, 1111);
		cr_expect_eq(view.destination_port, 2222);
		expect_payload(&view);
	}
}

Test(udp_packet, locate_leaves_out_the_padding_of_short_frames)
{
	uint8_t frame[60] = {0};
	struct wt_udp_view view;

	build_frame(frame);
	cr_assert_eq(wt_udp_locate(frame, sizeof(frame), WT_LINK_TYPE_ETHERNET, &view), 0);
	expect_payload(&view);
}

Test(udp_packet, locate_reads_raw_ip_of_both_versions)
{
	uint8_t frame[128];
	struct wt_udp_view view;

	build_frame(frame);
	cr_assert_eq(wt_udp_locate(frame + 14, FRAME_BYTES - 14, WT_LINK_TYPE_RAW, &view), 0);
	expect_payload(&view);
	for (size_t extensions = 0; extensions <= 3; extensions++) {
		size_t bytes = build_ipv6(frame, extensions);

		cr_assert_eq(wt_udp_locate(frame, bytes, WT_LINK_TYPE_RAW, &view), 0);
		cr_expect_eq(view.ip_version, 6);
		cr_expect_eq(view.source_port, 1);
		cr_expect_eq(view.destination_port, 2);
		expect_payload(&view);
	}
}

Test(udp_packet, locate_gives_up_after_eight_extension_headers)
{
	uint8_t packet[160];
	struct wt_udp_view view;

	cr_expect_eq(wt_udp_locate(packet, build_ipv6(packet, 8), WT_LINK_TYPE_RAW, &view), 0);
	cr_expect_eq(wt_udp_locate(packet, build_ipv6(packet, 9), WT_LINK_TYPE_RAW, &view),
	             -ENOMSG);
}

Test(udp_packet, locate_tells_a_cut_in_the_headers_from_one_in_the_payload)
{
	uint8_t frame[FRAME_BYTES + 8];
	struct wt_udp_view view;
	size_t bytes = build_tagged(frame, 2);

	for (size_t caplen = 0; caplen < bytes; caplen++) {
		int result = wt_udp_locate(frame, caplen, WT_LINK_TYPE_ETHERNET, &view);

		if (caplen < bytes - PAYLOAD_BYTES) {
			cr_expect_eq(result, -ENODATA, "caplen %zu gives %d", caplen, result);
			continue;
		}
		cr_assert_eq(result, 0, "caplen %zu gives %d", caplen, result);
		cr_expect_eq(view.payload_bytes, caplen - (bytes - PAYLOAD_BYTES));
		cr_expect_eq(view.payload_wire_bytes, PAYLOAD_BYTES);
	}
}

Test(udp_packet, locate_refuses_lengths_that_contradict_each_other)
{
	uint8_t frame[FRAME_BYTES];
	struct wt_udp_view view;

	build_frame(frame);
	frame[14] = 0x44; /* a header of 16 bytes */
	cr_expect_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), -EBADMSG);
	build_frame(frame);
	frame[17] = 19; /* a datagram shorter than its header */
	cr_expect_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), -EBADMSG);
	build_frame(frame);
	frame[39]++; /* UDP longer than its datagram */
	cr_expect_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), -EBADMSG);
	build_frame(frame);
	frame[39] = 7; /* UDP shorter than its header */
	cr_expect_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), -EBADMSG);
}

Test(udp_packet, locate_takes_the_first_fragment_and_no_other)
{
	uint8_t frame[FRAME_BYTES];
	struct wt_udp_view view;

	build_frame(frame);
	frame[20] = 0x20; /* more fragments */
	frame[38] = 0x10; /* of a long datagram */
	cr_assert_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), 0);
	cr_expect(view.fragment);
	cr_expect_eq(view.payload_bytes, PAYLOAD_BYTES);
	cr_expect_gt(view.payload_wire_bytes, PAYLOAD_BYTES);
	frame[21] = 1;
	cr_expect_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), -EMSGSIZE);
}

Test(udp_packet, tunnels_are_told)
{
	static const uint8_t protocols[] = {4, 41, 47};
	uint8_t frame[FRAME_BYTES + 8];

	build_frame(frame);
	cr_expect_not(is_tunnelled(frame, FRAME_BYTES));
	for (size_t i = 0; i < sizeof(protocols); i++) {
		frame[WT_ETHERNET_BYTES + 9] = protocols[i];
		cr_expect(is_tunnelled(frame, FRAME_BYTES), "%u", protocols[i]);
		cr_expect_not(is_tunnelled(frame, WT_ETHERNET_BYTES + 9));
	}
	frame[WT_ETHERNET_BYTES + 9] = 6;
	cr_expect_not(is_tunnelled(frame, FRAME_BYTES));
	frame[12] = 0x88;
	frame[13] = 0x47;
	cr_expect(is_tunnelled(frame, FRAME_BYTES));
}

/* RFC 7348, 5; RFC 8926, 3.4. */
Test(udp_packet, tunnels_in_udp_are_told)
{
	static const uint8_t vxlan[8] = {8, 0, 0, 0, 0, 0, 7, 0}, geneve[8] = {0, 0, 0x65, 0x58};
	struct wt_udp_flow flow = {.group = 0xe9fc0001, .port = 4789, .ttl = 1};
	uint8_t frame[WT_UDP_HEADER_BYTES + 8];

	memcpy(frame + WT_UDP_HEADER_BYTES, vxlan, 8);
	cr_assert_eq(wt_udp_build(frame, &flow, 7, 8), 0);
	cr_expect(is_tunnelled(frame, sizeof(frame)));
	cr_expect_not(is_tunnelled(frame, sizeof(frame) - 1));
	memcpy(frame + WT_UDP_HEADER_BYTES, geneve, 8);
	cr_expect_not(is_tunnelled(frame, sizeof(frame)));
	flow.port = 6081;
	cr_assert_eq(wt_udp_build(frame, &flow, 7, 8), 0);
	cr_expect(is_tunnelled(frame, sizeof(frame)));
}

Test(udp_packet, locate_says_what_is_not_udp)
{
	uint8_t frame[FRAME_BYTES];
	struct wt_udp_view view;

	build_frame(frame);
	frame[23] = 6; /* TCP */
	cr_expect_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), -ENOMSG);
	build_frame(frame);
	frame[13] = 6; /* ARP */
	cr_expect_eq(wt_udp_locate(frame, FRAME_BYTES, WT_LINK_TYPE_ETHERNET, &view), -ENOMSG);
	frame[14] = 0x50;
	cr_expect_eq(wt_udp_locate(frame + 14, 40, WT_LINK_TYPE_RAW, &view), -ENOMSG);
}
