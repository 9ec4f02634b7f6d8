/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/packet/checksum.h>
#include <wiretape/packet/udp_packet.h>
#include <wiretape/replay/source/source_private.h>

#include "support/unit.h"

enum { ETHERNET = 1, RAW = 101, IPV4 = 228, LINUX_SLL = 113, MTU_BYTES = 1518, ROOM = 2048 };

static struct wt_replayer_config config;
static struct wt_packet_source_port port = {"wire0", ETHERNET, 14, MTU_BYTES};
static struct wt_packet_source_counts counts;
static const struct wt_frame_fit prepare = {&config, &port, &counts};
static uint8_t frame[ROOM], memory[WT_QUEUED_HEADROOM_BYTES + ROOM];
static struct wt_pcapng_item_packet packet;
static struct wt_fitted chosen;
static struct wt_queued_packet place;
static struct wt_error err;

/* A frame of `len` bytes of which `caplen` were captured. */
static void make(uint32_t caplen, uint32_t len)
{
	for (uint32_t i = 0; i < caplen; i++)
		frame[i] = (uint8_t)(i + 1);
	packet = (struct wt_pcapng_item_packet){
	        .frame = {.data = frame, .caplen = caplen, .len = len},
	        .link_type = ETHERNET,
	};
}

/* The same, with UDP in it. */
static uint32_t make_udp(size_t payload_bytes)
{
	const struct wt_udp_flow flow = {
	        .source = 0xc0000201, .group = 0xe9fc0001, .source_port = 1000, .port = 2000};
	uint32_t bytes = (uint32_t)(WT_UDP_HEADER_BYTES + payload_bytes);

	make(bytes, bytes);
	cr_assert(eq(int, wt_udp_build(frame, &flow, 7, payload_bytes), 0));
	return bytes;
}

static bool choose(void)
{
	return wt_frame_fit_choose(&prepare, &packet, 0, &chosen);
}

static bool fill(void)
{
	/* Rubbish: nothing of it may be sent. */
	memset(memory, 0xee, sizeof(memory));
	place = (struct wt_queued_packet){.data = memory + WT_QUEUED_HEADROOM_BYTES};
	return wt_frame_fit_fill(&prepare, &packet, &chosen, 0, &place);
}

static void choose_and_fill(void)
{
	cr_assert(choose());
	cr_assert(fill());
}

/* Of packets of that link type, that the port is not fit for them, with these words. */
static void expect_unfit(uint16_t link_type, const char *what)
{
	struct wt_replayer_notes notes = {0};

	cr_expect(not(wt_frame_fit_is_settled(&port, link_type)));
	wt_frame_fit_count_unfit(&notes, &port, "a.pcap", "any", 3, link_type);
	cr_expect(strstr(notes.texts[0], what) != NULL, "'%s' says nothing of '%s'", notes.texts[0],
	          what);
}

/* ---- packets that were cut ---- */

Test(prepare, a_whole_packet_is_sent_as_it_is)
{
	make(100, 100);
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 100));
	cr_expect(eq(int, memcmp(place.data, frame, 100), 0));
	cr_expect(eq(u64, counts.padded + counts.cut, 0));
}

Test(prepare, what_was_cut_is_filled_with_zeros)
{
	make(60, 100);
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 100));
	cr_expect(eq(int, memcmp(place.data, frame, 60), 0));
	for (size_t i = 60; i < 100; i++)
		cr_expect(eq(u8, place.data[i], 0));
	cr_expect(eq(u64, counts.padded, 1));
}

Test(prepare, what_was_cut_is_sent_so)
{
	config.truncated = WT_TRUNCATED_CUT;
	make(60, 100);
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 60));
	cr_expect(eq(u64, counts.cut, 1));
	cr_expect(eq(u64, counts.padded, 0));
}

Test(prepare, what_was_cut_is_not_sent)
{
	config.truncated = WT_TRUNCATED_SKIP;
	make(60, 100);
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.truncated, 1));
	make(60, 60);
	cr_expect(choose());
}

/* Its size counts as it is sent. */
Test(prepare, a_large_packet_that_was_cut_fits_if_it_stays_cut)
{
	make(60, 9000);
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.too_large, 1));
	config.truncated = WT_TRUNCATED_CUT;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 60));
}

/* ---- sizes ---- */

Test(prepare, the_mtu_has_room_for_a_tag_in_tagged_frames_only)
{
	make(1514, 1514);
	choose_and_fill();
	make(1518, 1518);
	cr_assert(choose());
	cr_expect(not(fill()));
	cr_expect(eq(u64, counts.skipped.too_large, 1));
	/* The kernel has it of 802.1Q alone. */
	frame[12] = 0x88;
	frame[13] = 0xa8;
	cr_assert(choose());
	cr_expect(not(fill()));
	cr_expect(eq(u64, counts.skipped.too_large, 2));
	frame[12] = 0x81;
	frame[13] = 0;
	cr_assert(choose());
	cr_expect(fill());
	make(1519, 1519);
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.too_large, 3));
}

Test(prepare, less_than_a_header_is_not_sent)
{
	make(14, 14);
	cr_expect(choose());
	make(13, 13);
	cr_expect(not(choose()));
	make(0, 0);
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.too_short, 2));
}

/* ---- link types ---- */

Test(prepare, another_link_type_is_told_with_the_file_the_interface_and_the_way_out)
{
	expect_unfit(LINUX_SLL, "a.pcap: packets of its interface any (number 3)");
	expect_unfit(LINUX_SLL, "LINUX_SLL (113)");
	expect_unfit(LINUX_SLL, "on an Ethernet interface");
	expect_unfit(LINUX_SLL, "--map 3=- or --filter");
	expect_unfit(LINUX_SLL, "--to");
	expect_unfit(RAW, "--to");
	expect_unfit(65535, "have link type 65535 and");
}

Test(prepare, bare_ip_is_sent_on_interfaces_of_bare_ip_under_any_name)
{
	static const uint16_t raw[] = {12, 14, RAW, IPV4, 229};

	port = (struct wt_packet_source_port){"wire0", RAW, 1, 1500};
	make(60, 60);
	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		cr_expect(wt_frame_fit_is_settled(&port, raw[i]), "%u", raw[i]);
		packet.link_type = raw[i];
		choose_and_fill();
		cr_expect(eq(u32, place.caplen, 60));
	}
	expect_unfit(ETHERNET, "without link-layer headers");
}

/* ---- payloads of UDP ---- */

static void send_payloads(void)
{
	port = (struct wt_packet_source_port){"wire0", 0, 0, 1472};
}

Test(prepare, of_udp_packets_the_payload_is_sent)
{
	send_payloads();
	make_udp(33);
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 33));
	cr_expect(eq(int, memcmp(place.data, frame + WT_UDP_HEADER_BYTES, 33), 0));
}

Test(prepare, padding_of_the_frame_is_no_payload)
{
	send_payloads();
	make_udp(5);
	packet.frame.caplen = packet.frame.len = 60;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 5));
}

Test(prepare, an_empty_payload_is_sent)
{
	send_payloads();
	make_udp(0);
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 0));
}

Test(prepare, of_bare_ip_the_payload_is_sent_too)
{
	uint32_t bytes = make_udp(20);

	send_payloads();
	packet.frame.data += 14;
	packet.frame.caplen = packet.frame.len = bytes - 14;
	packet.link_type = RAW;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 20));
}

Test(prepare, what_is_not_udp_has_no_payload)
{
	send_payloads();
	make(60, 60);
	cr_expect(not(choose()));
	make_udp(20);
	frame[23] = 6;
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.not_udp, 2));
}

Test(prepare, fragments_have_no_whole_payload)
{
	send_payloads();
	make_udp(20);
	frame[20] |= 0x20;
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.fragments, 1));
	/* Only the first one has a UDP header. */
	frame[20] = 0;
	frame[21] = 5;
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.fragments, 2));
}

Test(prepare, a_payload_that_was_cut_is_filled_cut_or_skipped)
{
	uint32_t bytes = make_udp(40);

	send_payloads();
	packet.frame.caplen = bytes - 10;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 40));
	cr_expect(eq(u8, place.data[29], frame[WT_UDP_HEADER_BYTES + 29]));
	cr_expect(eq(u8, place.data[30], 0));
	config.truncated = WT_TRUNCATED_CUT;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 30));
	config.truncated = WT_TRUNCATED_SKIP;
	cr_expect(not(choose()));
	packet.frame.caplen = 30;
	cr_expect(not(choose()));
	cr_expect(eq(u64, counts.skipped.truncated, 2));
}

Test(prepare, payloads_are_found_on_all_links_that_are_known)
{
	uint32_t bytes = make_udp(20);
	uint8_t cooked[ROOM] = {[14] = 0x08};

	send_payloads();
	memcpy(cooked + 16, frame + 14, bytes - 14);
	packet.frame.data = cooked;
	packet.frame.caplen = packet.frame.len = bytes + 2;
	packet.link_type = LINUX_SLL;
	cr_expect(wt_frame_fit_is_settled(&port, LINUX_SLL));
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 20));
	expect_unfit(227, "UDP payloads");
	expect_unfit(227, "CAN_SOCKETCAN (227)");
}

/* ---- what is changed ---- */

Test(prepare, rules_are_applied_to_what_is_sent_and_not_to_the_file)
{
	static struct wt_rewrite rewrite;
	uint32_t bytes = make_udp(20);
	uint8_t before[ROOM];

	cr_assert(eq(int, wt_rewrite_add(&rewrite, "dst-port=3000", &err), 0));
	cr_assert(eq(int, wt_rewrite_add(&rewrite, "vlan=7", &err), 0));
	config.rewrite = &rewrite;
	memcpy(before, frame, sizeof(before));
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, bytes + 4));
	cr_expect(eq(u8, place.data[12], 0x81));
	cr_expect(eq(u8, place.data[15], 7));
	cr_expect(eq(u8, place.data[40], 3000 >> 8));
	cr_expect(eq(u8, place.data[41], 3000 & 0xff));
	cr_expect(eq(u64, counts.rewritten.changed, 1));
	cr_expect(eq(int, memcmp(frame, before, sizeof(before)), 0));
}

Test(prepare, a_tag_that_makes_a_frame_too_large_is_told_before_it_is_sent)
{
	static struct wt_rewrite rewrite;

	cr_assert(eq(int, wt_rewrite_add(&rewrite, "vlan=7", &err), 0));
	config.rewrite = &rewrite;
	make_udp(1514 - WT_UDP_HEADER_BYTES);
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 1518));
	port.bytes_max = 1517;
	cr_assert(choose());
	cr_expect(not(fill()));
	cr_expect(eq(u64, counts.skipped.too_large, 1));
}

Test(prepare, a_checksum_that_was_left_to_the_nic_is_completed)
{
	uint32_t bytes = make_udp(21);
	uint8_t right[2];
	uint64_t sum;

	memcpy(right, frame + 40, 2);
	/* What the kernel puts there instead: the sum over addresses, protocol and length. */
	sum = wt_checksum_add(17 + 8 + 21, frame + 26, 8);
	sum = (uint16_t)~wt_checksum_finish(sum);
	frame[40] = (uint8_t)(sum >> 8);
	frame[41] = (uint8_t)sum;
	packet.frame.link_flags = WT_LINK_CSUM_NOT_READY;
	choose_and_fill();
	cr_expect(eq(int, memcmp(place.data + 40, right, 2), 0));
	cr_expect(eq(u32, place.caplen, bytes));
	cr_expect(eq(u64, counts.rewritten.checksums_completed, 1));
	/* Not of one that is filled with zeros, of padding apart. */
	packet.frame.len = bytes + 10;
	choose_and_fill();
	cr_expect(eq(int, memcmp(place.data + 40, right, 2), 0));
	packet.frame.len = bytes;
	packet.frame.caplen = bytes - 1;
	choose_and_fill();
	cr_expect(eq(int, memcmp(place.data + 40, frame + 40, 2), 0));
}

static void spoil_checksums(void)
{
	frame[24] ^= 0x55;
	frame[40] ^= 0x55;
}

Test(prepare, wrong_checksums_are_counted_and_set_right_if_asked_for)
{
	uint32_t bytes = make_udp(21);
	uint8_t right[ROOM];

	memcpy(right, frame, bytes);
	spoil_checksums();
	choose_and_fill();
	cr_expect(eq(int, memcmp(place.data, frame, bytes), 0));
	cr_expect(eq(u64, counts.rewritten.ip_checksums_wrong, 1));
	config.fix_checksums = true;
	choose_and_fill();
	cr_expect(eq(int, memcmp(place.data, right, bytes), 0));
	cr_expect(eq(u64, counts.rewritten.checksums_fixed, 2));
	/* Of one that was cut only that of the IP header, be it sent with zeros or as it is. */
	packet.frame.caplen = bytes - 1;
	for (int cut = 0; cut < 2; cut++) {
		config.truncated = cut ? WT_TRUNCATED_CUT : WT_TRUNCATED_PAD;
		choose_and_fill();
		cr_expect(eq(u32, place.caplen, bytes - (uint32_t)cut));
		cr_expect(eq(int, memcmp(place.data, right, 40), 0));
		cr_expect(eq(int, memcmp(place.data + 40, frame + 40, 2), 0));
		cr_expect(eq(u64, counts.rewritten.checksums_fixed, 3 + (uint64_t)cut));
		cr_expect(eq(u64, counts.rewritten.checksums_lacking, 1 + (uint64_t)cut));
	}
}

Test(prepare, zeros_in_place_of_what_was_cut_are_moved_by_a_tag_and_not_rewritten)
{
	static struct wt_rewrite rewrite;
	uint32_t bytes = make_udp(20);

	cr_assert(eq(int, wt_rewrite_add(&rewrite, "vlan=7", &err), 0));
	cr_assert(eq(int, wt_rewrite_add(&rewrite, "dst-port=3000", &err), 0));
	config.rewrite = &rewrite;
	packet.frame.caplen = 36; /* in front of the port */
	choose_and_fill();
	cr_assert(eq(u32, place.caplen, bytes + 4));
	cr_expect(eq(int, memcmp(place.data + 18, frame + 14, 22), 0));
	for (uint32_t i = 40; i < bytes + 4; i++)
		cr_expect(eq(u8, place.data[i], 0));
}

/* ---- check sequences, and more bytes than there are ---- */

Test(prepare, a_check_sequence_is_left_to_the_nic)
{
	make(64, 64);
	packet.fcs_bytes = 4;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 60));
	cr_expect(eq(int, memcmp(place.data, frame, 60), 0));
	cr_expect(eq(u64, counts.without_fcs, 1));
	/* One that was not captured, or in part, is not missing. */
	for (uint32_t caplen = 60; caplen < 64; caplen++) {
		packet.frame.caplen = caplen;
		choose_and_fill();
		cr_expect(eq(u32, place.caplen, 60));
	}
	cr_expect(eq(u64, counts.padded + counts.cut, 0));
	packet.frame.caplen = 59;
	choose_and_fill();
	cr_expect(eq(u64, counts.padded, 1));
}

Test(prepare, a_full_size_frame_with_a_check_sequence_fits)
{
	make(1518, 1518);
	packet.fcs_bytes = 4;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 1514));
}

Test(prepare, a_check_sequence_is_no_payload)
{
	uint32_t bytes = make_udp(0);

	send_payloads();
	packet.frame.caplen = packet.frame.len = bytes + 4;
	packet.fcs_bytes = 4;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 0));
}

Test(prepare, of_more_bytes_than_a_packet_is_long_those_are_sent_that_belong_to_it)
{
	make(100, 100);
	packet.excess_bytes = 16;
	choose_and_fill();
	cr_expect(eq(u32, place.caplen, 100));
	cr_expect(eq(u64, counts.excess, 1));
}

/* ---- where stamps go ---- */

Test(prepare, stamps_go_into_the_last_sixteen_bytes_of_payloads)
{
	uint32_t bytes = make_udp(33);

	config.stamp_payload = true;
	choose_and_fill();
	cr_expect(ne(int, place.flags &WT_QUEUED_STAMPED, 0));
	cr_expect(eq(u16, place.stamp_offset, (uint16_t)(bytes - 16)));
	cr_expect(eq(u16, place.checksum_offset, 40));
	send_payloads();
	choose_and_fill();
	cr_expect(ne(int, place.flags &WT_QUEUED_STAMPED, 0));
	cr_expect(eq(u16, place.stamp_offset, 33 - 16));
	cr_expect(eq(u16, place.checksum_offset, 0));
}

Test(prepare, payloads_without_room_get_no_stamp)
{
	config.stamp_payload = true;
	make_udp(15);
	choose_and_fill();
	cr_expect(eq(int, place.flags &WT_QUEUED_STAMPED, 0));
	make(60, 60);
	choose_and_fill();
	cr_expect(eq(int, place.flags &WT_QUEUED_STAMPED, 0));
	cr_expect(eq(u64, counts.stamped, 0));
	send_payloads();
	make_udp(15);
	choose_and_fill();
	cr_expect(eq(int, place.flags &WT_QUEUED_STAMPED, 0));
}
