/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <string.h>

#include <wiretape/feed/link_layer.h>
#include <wiretape/packet/udp_packet.h>

enum { PAYLOAD_BYTES = 7, DATAGRAM_BYTES = 28 + PAYLOAD_BYTES };

/* Link layers as files have them, each with the number of its bytes, in front of IPv4. */
struct link {
	const char *what;
	uint16_t link_type;
	size_t bytes;
	const char *header;
};

static const struct link links[] = {
        {"Ethernet", 1, 14, "\1\0\x5e\x7c\0\1\2\0\0\0\0\1\x08\0"},
        {"Ethernet with a tag", 1, 18, "\1\0\x5e\x7c\0\1\2\0\0\0\0\1\x81\0\0\5\x08\0"},
        {"Ethernet with three", 1, 26,
         "\1\0\x5e\x7c\0\1\2\0\0\0\0\1\x88\xa8\0\5\x81\0\0\6\x81\0\0\7\x08\0"},
        {"cooked", 113, 16, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0"},
        {"cooked with a tag", 113, 20, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x81\0\0\5\x08\0"},
        {"cooked, version 2", 276, 20, "\x08\0\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0"},
        {"BSD loopback, little-endian", 0, 4, "\2\0\0\0"},
        {"BSD loopback, big-endian", 0, 4, "\0\0\0\2"},
        {"OpenBSD loopback", 108, 4, "\0\0\0\2"},
        {"bare IP", 101, 0, ""},
        {"bare IP of BSD/OS", 12, 0, ""},
        {"bare IP of OpenBSD", 14, 0, ""},
        {"bare IPv4", 228, 0, ""},
        {"PPP", 9, 2, "\0\x21"},
        {"PPP with address and control", 9, 4, "\xff\3\0\x21"},
        {"PPP with a short protocol", 9, 1, "\x21"},
        {"PPP in HDLC", 50, 4, "\xff\3\0\x21"},
        {"Cisco HDLC under PPP's number", 50, 4, "\x0f\0\x08\0"},
        {"PPPoE", 51, 8, "\x11\0\0\1\0\x25\0\x21"},
        {"pppd's, outgoing", 166, 4, "\1\3\0\x21"},
        {"Cisco HDLC", 104, 4, "\x8f\0\x08\0"},
};
enum { LINKS = sizeof(links) / sizeof(links[0]) };

static size_t build(uint8_t *frame, const struct link *link)
{
	uint8_t ethernet[WT_UDP_HEADER_BYTES + PAYLOAD_BYTES];
	const struct wt_udp_flow flow = {
	        .source = 0xc0000201, .group = 0xe9fc0001, .source_port = 1111, .port = 2222};

	memcpy(ethernet + WT_UDP_HEADER_BYTES, "payload", PAYLOAD_BYTES);
	cr_assert(eq(int, wt_udp_build(ethernet, &flow, 7, PAYLOAD_BYTES), 0));
	memcpy(frame, link->header, link->bytes);
	memcpy(frame + link->bytes, ethernet + WT_ETHERNET_BYTES, DATAGRAM_BYTES);
	return link->bytes + DATAGRAM_BYTES;
}

Test(link_layer, the_network_layer_begins_after_each_link_layer)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t frame[128];
		struct wt_link_layer layer;
		size_t bytes = build(frame, &links[i]);

		cr_assert(wt_link_layer_find(&layer, links[i].link_type, frame, bytes), "%s",
		          links[i].what);
		cr_expect(layer.network == links[i].bytes, "%s: %zu instead of %zu", links[i].what,
		          layer.network, links[i].bytes);
		cr_expect(layer.protocol == WT_ETHERTYPE_IPV4, "%s: %#x", links[i].what,
		          layer.protocol);
		cr_expect(not(layer.cut), "%s", links[i].what);
	}
}

Test(link_layer, udp_is_found_on_each)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t frame[128];
		struct wt_udp_view view;
		size_t bytes = build(frame, &links[i]);

		cr_assert(wt_udp_locate(frame, bytes, links[i].link_type, &view) == 0, "%s",
		          links[i].what);
		cr_expect(view.destination_port == 2222, "%s", links[i].what);
		cr_assert(view.payload_bytes == PAYLOAD_BYTES, "%s", links[i].what);
		cr_expect(memcmp(view.payload, "payload", PAYLOAD_BYTES) == 0, "%s", links[i].what);
	}
}

Test(link_layer, a_frame_that_ends_in_its_link_layer_is_cut)
{
	for (size_t i = 0; i < LINKS; i++) {
		uint8_t frame[128];
		struct wt_link_layer layer;
		struct wt_udp_view view;

		build(frame, &links[i]);
		for (size_t caplen = 0; caplen < links[i].bytes; caplen++) {
			cr_assert(wt_link_layer_find(&layer, links[i].link_type, frame, caplen));
			cr_expect(layer.cut, "%s, %zu bytes", links[i].what, caplen);
			cr_expect(layer.network <= caplen, "%s, %zu bytes", links[i].what, caplen);
			cr_expect(wt_udp_locate(frame, caplen, links[i].link_type, &view) ==
			                  -ENODATA,
			          "%s, %zu bytes", links[i].what, caplen);
		}
	}
}

Test(link_layer, of_address_families_only_those_of_ip_are_ip)
{
	static const uint8_t ipv6[] = {30, 0, 0, 0, 0x60}, other[] = {7, 0, 0, 0, 0x45};
	struct wt_link_layer layer;

	cr_assert(wt_link_layer_find(&layer, 0, ipv6, sizeof(ipv6)));
	cr_expect(eq(u16, layer.protocol, WT_ETHERTYPE_IPV6));
	cr_assert(wt_link_layer_find(&layer, 0, other, sizeof(other)));
	cr_expect(eq(u16, layer.protocol, 0));
	cr_expect(eq(sz, layer.network, 4));
}

Test(link_layer, a_length_in_place_of_a_type_is_one)
{
	static const uint8_t frame[60] = {[13] = 38};
	struct wt_link_layer layer;

	cr_assert(wt_link_layer_find(&layer, 1, frame, sizeof(frame)));
	cr_expect(eq(u16, layer.protocol, 0));
	cr_expect(eq(sz, layer.length, 38));
}

Test(link_layer, other_links_are_not_known)
{
	static const uint8_t frame[60];
	struct wt_link_layer layer;
	struct wt_udp_view view;

	cr_expect(not(wt_link_layer_find(&layer, 227, frame, sizeof(frame))));
	cr_expect(eq(sz, layer.network, 0));
	cr_expect(eq(int, wt_udp_locate(frame, sizeof(frame), 227, &view), -ENOTSUP));
}
