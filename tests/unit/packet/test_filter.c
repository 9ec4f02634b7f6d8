/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wiretape/packet/filter.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

enum { ETHERNET = 1, RAW = 101, SNAPLEN = 262144 };

static struct wt_filter filter;
static struct wt_error err;
static uint8_t packet[256];

static void tear_down(void)
{
	wt_filter_free(&filter);
}

TestSuite(filter, .fini = tear_down);

static int compile(const char *expression, int link_type, bool is_live)
{
	struct wt_filter_config config = {.expression = expression,
	                                  .link_type = link_type,
	                                  .snaplen = SNAPLEN,
	                                  .is_live = is_live};

	wt_filter_free(&filter);
	return wt_filter_compile(&filter, &config, &err);
}

/* UDP in IPv4 in Ethernet, with a tag if `tci` is not 0. */
static struct wt_frame make_udp(uint16_t tci, uint16_t port)
{
	uint32_t tag = tci ? 4 : 0;
	uint8_t *ip = packet + 14 + tag;

	memset(packet, 0, sizeof(packet));
	packet[12] = 0x81;
	packet[14] = (uint8_t)(tci >> 8);
	packet[15] = (uint8_t)tci;
	packet[12 + tag] = 0x08;
	packet[13 + tag] = 0x00;
	ip[0] = 0x45;
	ip[9] = 17;
	ip[22] = (uint8_t)(port >> 8);
	ip[23] = (uint8_t)port;
	return (struct wt_frame){.data = packet,
	                         .caplen = 60 + tag,
	                         .len = 60 + tag,
	                         .notes = tci ? WT_FRAME_VLAN : 0,
	                         .vlan_tci = tci};
}

Test(filter, none_lets_everything_through)
{
	struct wt_frame frame = make_udp(0, 1);

	cr_expect(wt_filter_passes(&filter, &frame));
	cr_assert(eq(int, compile("", ETHERNET, true), 0), "%s", err.text);
	cr_expect(wt_filter_passes(&filter, &frame));
}

/* libpcap's own interpreter judges, by packets that look like something here and there. */
Test(filter, here_it_comes_to_what_libpcap_says)
{
	static const char *const expressions[] = {
	        "udp",
	        "ip and udp port 5",
	        "ip6 or arp or not ip",
	        "ether[0] & 1 != 0",
	        "ip[0] & 0xf != 5",
	        "udp[4:2] > 20 and len <= 70",
	        "vlan 5 and ip",
	        "vlan and vlan",
	        "mpls 3 and ip",
	        "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn",
	        "ip[2:2] - ((ip[0] & 0xf) << 2) * 2 + len / 3 % 7 ^ 3 = 1 or greater 63",
	        "ip6 protochain 17",
	        "net 10.0.0.0/8 and host not 10.1.2.3",
	        "ether[len - 1] = 7",
	        "udp portrange 5-500 or sctp",
	        "ether multicast and ip proto 2",
	};
	unsigned passed = 0;

	srand(5);
	for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		cr_assert(eq(int, compile(expressions[i], ETHERNET, false), 0), "%s", err.text);
		for (int j = 0; j < 5000; j++) {
			struct wt_frame frame =
			        make_udp(rand() % 2 ? 5 : 0, (uint16_t)(rand() % 9));
			bool expected;

			for (int change = rand() % 4; change; change--)
				packet[rand() % 60] = (uint8_t)(rand() % 2 ? rand() : rand() % 8);
			frame.caplen = (uint32_t)(rand() % 4 ? 60 : rand() % 64);
			expected = bpf_filter((const struct bpf_insn *)filter.code, packet,
			                      frame.len, frame.caplen) != 0;
			cr_assert(eq(int, wt_filter_passes(&filter, &frame), expected),
			          "%s, packet %d", expressions[i], j);
			passed += expected;
		}
	}
	cr_expect(gt(uint, passed, 5000));
}

Test(filter, a_program_that_makes_no_sense_lets_nothing_through)
{
	static struct sock_filter programs[][2] = {
	        {BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 1)},
	        {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 200, 200), BPF_STMT(BPF_RET | BPF_K, 1)},
	        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 57), BPF_STMT(BPF_RET | BPF_K, 1)},
	        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0x7fffffff), BPF_STMT(BPF_RET | BPF_K, 1)},
	        {BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 1)},
	        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_CPU),
	         BPF_STMT(BPF_RET | BPF_K, 1)},
	        {BPF_STMT(BPF_LD | 0x18 | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_A, 0)},
	        {BPF_STMT(BPF_ST, 99), BPF_STMT(BPF_LD | BPF_MEM, 99)},
	};
	struct wt_frame frame = make_udp(0, 1);

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct wt_filter one = {.code = programs[i], .count = 2};

		cr_expect(not(wt_filter_passes(&one, &frame)), "program %zu", i);
	}
}

Test(filter, one_that_makes_no_sense_for_the_link_is_refused_with_the_compilers_words)
{
	cr_expect(eq(int, compile("vlan 5", RAW, true), -EINVAL));
	cr_expect(strstr(err.text, "VLAN") != NULL, "%s", err.text);
	cr_expect(eq(int, compile("ether host 2:0:0:0:0:1", RAW, true), -EINVAL));
	cr_expect(eq(int, compile("udp prot 7", ETHERNET, false), -EINVAL));
	cr_expect(strstr(err.text, "syntax error") != NULL, "%s", err.text);
	cr_expect(eq(int, compile("inbound and udp", RAW, true), 0), "%s", err.text);
}

Test(filter, direction_and_kind_are_those_of_the_frame)
{
	static const struct {
		const char *expression;
		uint32_t flags;
		bool passes;
	} cases[] = {
	        {"inbound", WT_LINK_INBOUND | WT_LINK_UNICAST, true},
	        {"inbound", WT_LINK_INBOUND | WT_LINK_MULTICAST, true},
	        {"inbound", WT_LINK_OUTBOUND, false},
	        {"outbound", WT_LINK_OUTBOUND, true},
	        {"outbound", WT_LINK_INBOUND | WT_LINK_PROMISCUOUS, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wt_frame frame = make_udp(0, 1);

		frame.link_flags = cases[i].flags;
		cr_assert(eq(int, compile(cases[i].expression, ETHERNET, false), 0), "%s",
		          err.text);
		cr_expect(eq(int, wt_filter_passes(&filter, &frame), cases[i].passes), "case %zu",
		          i);
	}
}

/* The interface `lo` of a new namespace is down. */
static void enter_namespace(void)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
}

/* tcpdump's meaning: before `vlan` the tag is not there, after it it is. */
Test(filter, a_tag_is_where_the_kernel_has_it, .init = enter_namespace)
{
	static const struct {
		const char *expression;
		bool untagged, tag_5, tag_6;
	} cases[] = {
	        {"udp", true, true, true},
	        {"vlan", false, true, true},
	        {"not vlan", true, false, false},
	        {"vlan 5", false, true, false},
	        {"vlan 5 and udp port 9", false, true, false},
	        {"vlan 6 and udp port 8", false, false, false},
	        {"udp or vlan 7", true, true, true},
	        {"vlan 7 or vlan 5", false, false, false},
	        {"len = 60", true, true, true},
	        {"ether[12:2] = 0x800", true, true, true},
	        {"ether[10:4] = 0x800", true, true, true},
	        {"vlan and vlan", false, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wt_frame frame = make_udp(0, 9);

		cr_assert(eq(int, compile(cases[i].expression, ETHERNET, true), 0), "%s", err.text);
		cr_expect(eq(int, wt_filter_passes(&filter, &frame), cases[i].untagged), "%s",
		          cases[i].expression);
		frame = make_udp(5, 9);
		cr_expect(eq(int, wt_filter_passes(&filter, &frame), cases[i].tag_5), "%s, tag 5",
		          cases[i].expression);
		frame = make_udp(6, 9);
		cr_expect(eq(int, wt_filter_passes(&filter, &frame), cases[i].tag_6), "%s, tag 6",
		          cases[i].expression);
	}
}

Test(filter, of_a_file_looks_for_a_tag_in_the_frame)
{
	struct wt_frame frame = make_udp(5, 9);

	cr_assert(eq(int, compile("vlan 5 and udp", ETHERNET, false), 0), "%s", err.text);
	cr_expect(wt_filter_passes(&filter, &frame));
	cr_assert(eq(int, compile("udp", ETHERNET, false), 0), "%s", err.text);
	cr_expect(not(wt_filter_passes(&filter, &frame)));
}

Test(filter, may_be_longer_than_the_kernel_takes)
{
	static char text[65536];
	struct wt_frame frame = make_udp(0, 9);
	size_t used = 0;

	for (int i = 0; i < 260; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "not (host 192.0.2.%d and port %d) and ", 1 + i / 10,
		                         i % 10 * 1000 + 514);
	snprintf(text + used, sizeof(text) - used, "port 9");
	cr_assert(eq(int, compile(text, ETHERNET, false), 0), "%s", err.text);
	cr_expect(gt(u32, filter.count, BPF_MAXINSNS));
	cr_expect(wt_filter_passes(&filter, &frame));
	frame = make_udp(0, 8);
	cr_expect(not(wt_filter_passes(&filter, &frame)));
}

/* ---- abort_writes ---- */

static volatile sig_atomic_t abort_writes;

static void set_hurry(int number)
{
	abort_writes = number;
}

static int compile_long(void)
{
	static char text[65536];
	struct wt_filter_config config = {.expression = text,
	                                  .link_type = ETHERNET,
	                                  .snaplen = SNAPLEN,
	                                  .abort_writes = &abort_writes};
	size_t used = 0;

	for (int i = 0; i < 1500; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%shost 198.51.%d.%d",
		                         i ? " or " : "", i / 250, i % 250 + 1);
	return wt_filter_compile(&filter, &config, &err);
}

Test(filter, a_signal_ends_the_wait_for_the_compiler)
{
	struct sigaction action = {.sa_handler = set_hurry};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec soon = {.it_value = {.tv_nsec = 200000000}};
	struct timespec before, after;
	timer_t timer;

	cr_assert(zero(int, sigaction(SIGUSR1, &action, NULL)));
	cr_assert(zero(int, timer_create(CLOCK_MONOTONIC, &event, &timer)));
	cr_assert(zero(int, timer_settime(timer, 0, &soon, NULL)));
	clock_gettime(CLOCK_MONOTONIC, &before);
	cr_expect(eq(int, compile_long(), -EINTR));
	clock_gettime(CLOCK_MONOTONIC, &after);
	cr_expect(lt(long, after.tv_sec - before.tv_sec, 10));
	cr_expect(eq(ptr, filter.code, NULL));
	timer_delete(timer);
}

Test(filter, without_a_hurry_the_thread_brings_what_the_compiler_says)
{
	struct wt_frame frame = make_udp(0, 9);
	struct wt_filter_config config = {.expression = "udp port 9",
	                                  .link_type = ETHERNET,
	                                  .snaplen = SNAPLEN,
	                                  .abort_writes = &abort_writes};

	cr_assert(eq(int, wt_filter_compile(&filter, &config, &err), 0), "%s", err.text);
	cr_expect(wt_filter_passes(&filter, &frame));
	wt_filter_free(&filter);
	config.expression = "udp prot 9";
	cr_expect(eq(int, wt_filter_compile(&filter, &config, &err), -EINVAL));
	cr_expect(strstr(err.text, "syntax error") != NULL, "%s", err.text);
}
