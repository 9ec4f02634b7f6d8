/* SPDX-License-Identifier: BSD-2-Clause */
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/join/join_filter.h>

#include "support/unit.h"

/* The filter is run by libpcap's interpreter, and each packet judged by the matcher too. */

static struct wt_join_group groups[WT_JOIN_FILTER_GROUPS];
static size_t group_count;
static struct sock_filter insns[WT_JOIN_FILTER_INSNS];
static uint8_t packet[64];
static size_t packet_bytes;

static void add(const char *text)
{
	cr_assert(eq(int, wt_join_parse(&groups[group_count++], text, NULL), 0), "%s", text);
}

/* A UDP packet from and to these addresses. */
static void make_packet(const char *group_at_source)
{
	struct wt_join_group is;
	bool v4;

	cr_assert(eq(int, wt_join_parse(&is, group_at_source, NULL), 0), "%s", group_at_source);
	v4 = is.family == AF_INET;
	memset(packet, 0, sizeof(packet));
	packet[0] = v4 ? 0x45 : 0x60;
	packet[v4 ? 9 : 6] = IPPROTO_UDP;
	memcpy(packet + (v4 ? 12 : 8), is.source, v4 ? 4 : 16);
	memcpy(packet + (v4 ? 16 : 24), is.group, v4 ? 4 : 16);
	packet_bytes = v4 ? 28 : 48;
}

static bool passes_filter(uint32_t mask)
{
	size_t length = wt_join_filter_make(insns, groups, group_count, mask);

	cr_assert(le(sz, length, (size_t)WT_JOIN_FILTER_INSNS));
	return bpf_filter((const struct bpf_insn *)insns, packet, (u_int)packet_bytes,
	                  (u_int)packet_bytes) != 0;
}

static void expect_passes(bool expected)
{
	bool matches = false;

	for (size_t i = 0; i < group_count; i++)
		matches |= wt_join_filter_matches(&groups[i], packet, packet_bytes);
	cr_expect(eq(int, passes_filter(UINT32_MAX), expected));
	cr_expect(eq(int, matches, expected));
}

Test(join_filter, a_group_from_any_source_lets_its_packets_in_and_no_others)
{
	add("239.1.1.1");
	make_packet("239.1.1.1@192.0.2.1");
	expect_passes(true);
	make_packet("239.1.1.2@192.0.2.1");
	expect_passes(false);
	make_packet("ff3e::1@2001:db8::1");
	expect_passes(false);
}

Test(join_filter, a_group_of_one_source_lets_in_that_source_alone)
{
	add("232.1.1.1@192.0.2.1");
	make_packet("232.1.1.1@192.0.2.1");
	expect_passes(true);
	make_packet("232.1.1.1@192.0.2.2");
	expect_passes(false);
	make_packet("232.1.1.2@192.0.2.1");
	expect_passes(false);
}

Test(join_filter, ipv6_is_compared_to_its_last_bytes)
{
	add("ff3e::1:2");
	add("ff3e::8000:1@2001:db8::1");
	make_packet("ff3e::1:2@2001:db8::9");
	expect_passes(true);
	make_packet("ff3e::1:3@2001:db8::9");
	expect_passes(false);
	make_packet("ff3e::8000:1@2001:db8::1");
	expect_passes(true);
	make_packet("ff3e::8000:1@2001:db8::2");
	expect_passes(false);
	make_packet("ff3e::8000:1@2001:db9::1");
	expect_passes(false);
}

Test(join_filter, membership_messages_do_not_count)
{
	add("239.1.1.1");
	add("ff3e::1");
	make_packet("239.1.1.1@192.0.2.1");
	packet[9] = IPPROTO_IGMP;
	expect_passes(false);
	make_packet("ff3e::1@2001:db8::1");
	packet[6] = IPPROTO_HOPOPTS;
	expect_passes(false);
}

Test(join_filter, packets_that_are_cut_off_match_nothing)
{
	add("ff3e::1");
	make_packet("ff3e::1@2001:db8::1");
	for (packet_bytes = 0; packet_bytes < 40; packet_bytes++)
		expect_passes(false);
	expect_passes(true);
}

Test(join_filter, only_the_groups_in_the_mask_pass)
{
	add("239.1.1.1");
	add("239.1.1.2");
	make_packet("239.1.1.2@192.0.2.1");
	cr_expect(eq(int, passes_filter(1), false));
	cr_expect(eq(int, passes_filter(2), true));
	cr_expect(eq(int, passes_filter(0), false));
	cr_expect(eq(sz, wt_join_filter_make(insns, groups, group_count, 0), 1));
}

Test(join_filter, the_longest_filter_fits_and_finds_its_last_group)
{
	while (group_count < WT_JOIN_FILTER_GROUPS - 1)
		add("ff3e::1@2001:db8::1");
	add("ff3e::2@2001:db8::2");
	make_packet("ff3e::2@2001:db8::2");
	expect_passes(true);
	make_packet("ff3e::2@2001:db8::1");
	expect_passes(false);
	cr_expect(eq(sz, wt_join_filter_make(insns, groups, group_count, UINT32_MAX),
	             (size_t)WT_JOIN_FILTER_INSNS));
}

Test(join_filter, filter_and_matcher_agree_on_random_packets)
{
	static const char *const texts[] = {"224.0.0.1", "224.0.0.1@1.0.0.0", "ff00::@100::"};
	unsigned agreed = 0;

	for (size_t i = 0; i < 3; i++)
		add(texts[i]);
	srand(7);
	for (int i = 0; i < 20000; i++) {
		bool matches = false;

		make_packet(texts[rand() % 3]);
		packet[rand() % 40] = (uint8_t)(rand() % 8);
		packet_bytes = (size_t)(rand() % 64);
		for (size_t j = 0; j < group_count; j++)
			matches |= wt_join_filter_matches(&groups[j], packet, packet_bytes);
		cr_assert(eq(int, passes_filter(UINT32_MAX), matches));
		agreed += matches;
	}
	cr_expect(gt(uint, agreed, 1000));
}
