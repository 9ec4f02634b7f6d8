/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <wiretape/frame.h>
#include <wiretape/packet/rewrite.h>

#include "support/unit.h"

enum { UDP = 17, TCP = 6, ICMPV6 = 58, OTHER = 47, MEMORY_BYTES = 512, HEADROOM = 64 };

/* A packet to be built. */
struct sketch {
	int family; /* AF_INET, AF_INET6; 0: ARP */
	int protocol;
	int tags;      /* the outer one with ID 100 and priority 5, the others 200 and on */
	bool provider; /* the outer tag is of 802.1ad */
	int options;   /* bytes of them in IPv4 */
	bool extensions;
	bool routed; /* with a routing header that has a segment left */
	bool raw;
	bool more_fragments;
	int fragment_offset; /* in units of 8 */
	int payload_bytes;
	const char *source, *destination;
};

static uint8_t memory[MEMORY_BYTES], before[MEMORY_BYTES];
static struct wt_rewrite rewrite;
static struct wt_rewrite_frame frame;
static struct wt_rewrite_counts counts;
static struct wt_error err;
/* Parts of the frame built last; what comes behind the MACs does not move. */
static uint8_t *ip, *transport, *checksum, *end;
static struct sketch built;

static void put_16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned get_16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* As RFC 1071 says it, a word at a time. */
static unsigned add_words(unsigned sum, const uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		sum += i % 2 ? at[i] : (unsigned)at[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static unsigned pseudo_header_sum(void)
{
	static const uint8_t last_hop[16] = {0x20, 1, 0xd, 0xb8, 0xff};
	unsigned sum = (unsigned)built.protocol + (unsigned)(end - transport);

	if (built.family == AF_INET)
		return add_words(sum, ip + 12, 8);
	sum = add_words(sum, ip + 8, 16);
	return add_words(sum, built.routed ? last_hop : ip + 24, 16);
}

/* What the transport's checksum should be, from the whole packet. */
static unsigned right_checksum(void)
{
	unsigned there = get_16(checksum), sum;

	put_16(checksum, 0);
	sum = 0xffff & ~add_words(pseudo_header_sum(), transport, (size_t)(end - transport));
	put_16(checksum, there);
	return built.protocol == UDP && !sum ? 0xffff : sum;
}

static unsigned right_ip_checksum(void)
{
	unsigned there = get_16(ip + 10), sum;

	put_16(ip + 10, 0);
	sum = 0xffff & ~add_words(0, ip, (size_t)(ip[0] & 0xf) * 4);
	put_16(ip + 10, there);
	return sum;
}

static bool has_transport(void)
{
	return checksum && !built.fragment_offset;
}

static uint8_t *put_link(uint8_t *at)
{
	static const uint8_t macs[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	unsigned type = built.family == AF_INET ? 0x0800 : built.family ? 0x86dd : 0x0806;

	memcpy(at, macs, sizeof(macs));
	at += sizeof(macs);
	for (int i = 0; i < built.tags; i++, at += 4) {
		put_16(at, built.provider && !i ? 0x88a8 : 0x8100);
		put_16(at + 2, i ? 200 + (unsigned)i : 5 << 13 | 100);
	}
	put_16(at, type);
	return at + 2;
}

static uint8_t *put_arp(uint8_t *at)
{
	static const uint8_t start[] = {0, 1, 8, 0, 6, 4, 0, 1};

	memset(at, 7, 28);
	memcpy(at, start, sizeof(start));
	inet_pton(AF_INET, built.source, at + 14);
	inet_pton(AF_INET, built.destination, at + 24);
	return at + 28;
}

static uint8_t *put_ipv4(uint8_t *at)
{
	unsigned header = 20 + (unsigned)built.options;

	memset(at, 1, header); /* options that do nothing */
	at[0] = (uint8_t)(0x40 | header / 4);
	put_16(at + 6, (built.more_fragments ? 0x2000 : 0) | (unsigned)built.fragment_offset);
	at[9] = (uint8_t)built.protocol;
	inet_pton(AF_INET, built.source, at + 12);
	inet_pton(AF_INET, built.destination, at + 16);
	return at + header;
}

/* An extension header that says what it is and how long; `next` is where the one before it says
 * what follows. */
static uint8_t *put_extension(uint8_t *at, uint8_t **next, uint8_t type, int bytes)
{
	memset(at, 0, (size_t)bytes);
	**next = type;
	*next = at;
	at[1] = (uint8_t)(bytes / 8 - 1);
	return at + bytes;
}

static uint8_t *put_ipv6(uint8_t *at)
{
	bool fragment = built.more_fragments || built.fragment_offset;
	uint8_t *next = at + 6, *start;

	memset(at, 0, 40);
	at[0] = 0x60;
	inet_pton(AF_INET6, built.source, at + 8);
	inet_pton(AF_INET6, built.destination, at + 24);
	at += 40;
	if (built.extensions) {
		at = put_extension(at, &next, 0, 16);
		at = put_extension(at, &next, 60, 8);
	}
	if (built.extensions || built.routed) {
		start = at;
		at = put_extension(at, &next, 43, 24);
		start[3] = built.routed;
	}
	if (fragment) {
		start = at;
		at = put_extension(at, &next, 44, 8);
		put_16(start + 2, (unsigned)built.fragment_offset << 3 | built.more_fragments);
	}
	*next = (uint8_t)built.protocol;
	return at;
}

static uint8_t *put_transport(uint8_t *at)
{
	int header = built.protocol == TCP ? 20 : 8;

	transport = at;
	for (int i = 0; i < header + built.payload_bytes; i++)
		at[i] = (uint8_t)(i * 37 + 11);
	if (built.fragment_offset || built.protocol == OTHER)
		return at + header + built.payload_bytes;
	checksum = at + (built.protocol == TCP ? 16 : built.protocol == UDP ? 6 : 2);
	if (built.protocol != ICMPV6) {
		put_16(at, 1000);
		put_16(at + 2, 2000);
	}
	if (built.protocol == UDP)
		put_16(at + 4, (unsigned)(header + built.payload_bytes));
	return at + header + built.payload_bytes;
}

static void put_lengths_and_checksums(void)
{
	if (built.family == AF_INET) {
		put_16(ip + 2, (unsigned)(end - ip));
		put_16(ip + 10, right_ip_checksum());
	} else {
		put_16(ip + 4, (unsigned)(end - ip - 40));
	}
	if (has_transport())
		put_16(checksum, right_checksum());
}

static void build(const struct sketch *sketch)
{
	uint8_t *at = memory + HEADROOM;

	memset(memory, 0xa5, sizeof(memory));
	built = *sketch;
	if (!built.source)
		built.source = built.family == AF_INET6 ? "2001:db8::1" : "10.0.0.1";
	if (!built.destination)
		built.destination = built.family == AF_INET6 ? "2001:db8::2" : "10.0.0.2";
	checksum = transport = NULL;
	if (!built.raw)
		at = put_link(at);
	ip = at;
	if (!built.family) {
		end = put_arp(at);
	} else {
		at = built.family == AF_INET ? put_ipv4(at) : put_ipv6(at);
		end = put_transport(at);
		put_lengths_and_checksums();
	}
	frame = (struct wt_rewrite_frame){
	        .data = memory + HEADROOM,
	        .caplen = (uint32_t)(end - memory - HEADROOM),
	        .len = (uint32_t)(end - memory - HEADROOM),
	        .headroom = HEADROOM,
	        .link_type = built.raw ? WT_REWRITE_RAW_IP : WT_REWRITE_ETHERNET,
	};
	memcpy(before, memory, sizeof(memory));
	counts = (struct wt_rewrite_counts){0};
}

/* Rules as on a command line, with spaces between them. */
static void set_rules(const char *rules)
{
	char copy[512], *rest = NULL;

	rewrite = (struct wt_rewrite){0};
	snprintf(copy, sizeof(copy), "%s", rules);
	for (char *rule = strtok_r(copy, " ", &rest); rule; rule = strtok_r(NULL, " ", &rest))
		cr_assert(eq(int, wt_rewrite_add(&rewrite, rule, &err), 0), "%s: %s", rule,
		          err.text);
}

static void apply(const char *rules)
{
	set_rules(rules);
	wt_rewrite_apply(&rewrite, &frame, &counts);
}

static const char *mac_text(const uint8_t *mac, char text[18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
	         mac[5]);
	return text;
}

static int describe_link(char *text, size_t bytes)
{
	char from[18], to[18];
	const uint8_t *at = frame.data + 12;
	int length = snprintf(text, bytes, "%s>%s ", mac_text(frame.data + 6, from),
	                      mac_text(frame.data, to));

	for (; get_16(at) == 0x8100 || get_16(at) == 0x88a8; at += 4)
		length += snprintf(text + length, bytes - (size_t)length, "%x:%u/%u ", get_16(at),
		                   get_16(at + 2) & 0xfff, get_16(at + 2) >> 13);
	cr_expect(at + 2 == ip, "the type is in front of the packet");
	return length;
}

/* All that rules can change, as text. Checksums are looked at on the way. */
static const char *described(void)
{
	static char text[256];
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	int family = built.family ? built.family : AF_INET, length = 0;
	int source = !built.family ? 14 : built.family == AF_INET ? 12 : 8;
	int destination = !built.family ? 24 : built.family == AF_INET ? 16 : 24;

	if (!built.raw)
		length = describe_link(text, sizeof(text));
	inet_ntop(family, ip + source, from, sizeof(from));
	inet_ntop(family, ip + destination, to, sizeof(to));
	length += snprintf(text + length, sizeof(text) - (size_t)length, "%s>%s", from, to);
	if (has_transport() && built.protocol != ICMPV6)
		snprintf(text + length, sizeof(text) - (size_t)length, " %u>%u", get_16(transport),
		         get_16(transport + 2));
	if (built.family == AF_INET)
		cr_expect(eq(u32, get_16(ip + 10), right_ip_checksum()));
	if (has_transport())
		cr_expect(eq(u32, get_16(checksum), right_checksum()));
	return text;
}

static const struct sketch udp4 = {.family = AF_INET, .protocol = UDP, .payload_bytes = 13};
static const struct sketch udp6 = {.family = AF_INET6, .protocol = UDP, .payload_bytes = 13};
static const struct sketch arp = {0};

/* `becomes`: what the frame is then. */
struct example {
	const char *rules, *becomes;
};

static void expect_examples(const struct sketch *sketch, const struct example *examples)
{
	for (; examples->rules; examples++) {
		build(sketch);
		apply(examples->rules);
		cr_expect_str_eq(described(), examples->becomes, "%s: %s", examples->rules,
		                 described());
		cr_expect(eq(u64, counts.changed, memcmp(memory, before, sizeof(memory)) != 0),
		          "%s", examples->rules);
		cr_expect(eq(u64, counts.not_understood, 0), "%s", examples->rules);
	}
}

#define MACS "02:00:00:00:00:01>02:00:00:00:00:02 "

Test(rewrite, sets_each_field)
{
	static const struct example examples[] = {
	        {"", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"src-mac=0A:00:00:00:00:0f",
	         "0a:00:00:00:00:0f>02:00:00:00:00:02 10.0.0.1>10.0.0.2 1000>2000"},
	        {"dst-mac=0a:00:00:00:00:0f",
	         "02:00:00:00:00:01>0a:00:00:00:00:0f 10.0.0.1>10.0.0.2 1000>2000"},
	        {"mac:02:00:00:00:00:02=0a:00:00:00:00:0f",
	         "02:00:00:00:00:01>0a:00:00:00:00:0f 10.0.0.1>10.0.0.2 1000>2000"},
	        {"mac:02:00:00:00:00:01=0a:00:00:00:00:0f",
	         "0a:00:00:00:00:0f>02:00:00:00:00:02 10.0.0.1>10.0.0.2 1000>2000"},
	        {"src-ip=192.0.2.1", MACS "192.0.2.1>10.0.0.2 1000>2000"},
	        {"dst-ip=192.0.2.1", MACS "10.0.0.1>192.0.2.1 1000>2000"},
	        {"ip:10.0.0.1=192.0.2.1", MACS "192.0.2.1>10.0.0.2 1000>2000"},
	        {"ip:10.0.0.2=192.0.2.1", MACS "10.0.0.1>192.0.2.1 1000>2000"},
	        {"src-port=40001", MACS "10.0.0.1>10.0.0.2 40001>2000"},
	        {"dst-port=40001", MACS "10.0.0.1>10.0.0.2 1000>40001"},
	        {"port:1000=1", MACS "10.0.0.1>10.0.0.2 1>2000"},
	        {"port:2000=65535", MACS "10.0.0.1>10.0.0.2 1000>65535"},
	        {"src-mac=02:00:00:00:00:03 dst-mac=02:00:00:00:00:04 vlan=7 src-ip=192.0.2.1 "
	         "dst-ip=192.0.2.2 src-port=3 dst-port=4",
	         "02:00:00:00:00:03>02:00:00:00:00:04 8100:7/0 192.0.2.1>192.0.2.2 3>4"},
	        {0},
	};

	expect_examples(&udp4, examples);
}

Test(rewrite, sets_only_what_matches)
{
	static const struct example examples[] = {
	        {"src-mac:02:00:00:00:00:02=0a:00:00:00:00:0f", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"dst-ip:10.0.0.1=192.0.2.1", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"src-port:2000=1", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"src-ip=2001:db8::7", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan:100=200", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan=none", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"src-ip=10.0.0.1 src-port=1000", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {0},
	};

	expect_examples(&udp4, examples);
}

Test(rewrite, of_several_rules_the_first_that_matches_is_used)
{
	static const struct example examples[] = {
	        {"src-ip:10.0.0.9=192.0.2.9 src-ip:10.0.0.1=192.0.2.1 src-ip=192.0.2.2",
	         MACS "192.0.2.1>10.0.0.2 1000>2000"},
	        {"ip:10.0.0.1=10.0.0.1 src-ip=192.0.2.2 dst-ip=192.0.2.3",
	         MACS "10.0.0.1>192.0.2.3 1000>2000"},
	        {"dst-port:2000=5 port:2000=6", MACS "10.0.0.1>10.0.0.2 1000>5"},
	        {0},
	};

	expect_examples(&udp4, examples);
}

Test(rewrite, two_rules_exchange_two_values)
{
	static const struct example examples[] = {
	        {"ip:10.0.0.1=10.0.0.2 ip:10.0.0.2=10.0.0.1", MACS "10.0.0.2>10.0.0.1 1000>2000"},
	        {"port:1000=2000 port:2000=1000", MACS "10.0.0.1>10.0.0.2 2000>1000"},
	        {"mac:02:00:00:00:00:01=02:00:00:00:00:02 mac:02:00:00:00:00:02=02:00:00:00:00:01",
	         "02:00:00:00:00:02>02:00:00:00:00:01 10.0.0.1>10.0.0.2 1000>2000"},
	        {0},
	};

	expect_examples(&udp4, examples);
}

Test(rewrite, a_prefix_is_replaced_and_the_host_stays)
{
	static const struct example examples[] = {
	        {"src-ip:10.0.0.0/8=192.0.0.0/8", MACS "192.0.0.1>10.0.0.2 1000>2000"},
	        {"ip:10.0.0.0/25=172.16.31.128/25", MACS "172.16.31.129>172.16.31.130 1000>2000"},
	        {"ip:10.0.0.2/31=192.0.2.6/31", MACS "10.0.0.1>192.0.2.6 1000>2000"},
	        {"ip:10.0.0.1/32=192.0.2.1/32", MACS "192.0.2.1>10.0.0.2 1000>2000"},
	        {"dst-ip=172.16.0.0/12", MACS "10.0.0.1>172.16.0.2 1000>2000"},
	        {"src-ip:10.0.0.0/8=192.0.2.1", MACS "192.0.2.1>10.0.0.2 1000>2000"},
	        {"src-ip:0.0.0.0/0=192.0.2.1", MACS "192.0.2.1>10.0.0.2 1000>2000"},
	        {"src-ip:11.0.0.0/8=192.0.2.1", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {0},
	};
	static const struct example examples_6[] = {
	        {"ip:2001:db8::/32=fd00:1::/32", MACS "fd00:1::1>fd00:1::2 1000>2000"},
	        {"src-ip:2001:db8::/65=fd00::8000:0:0:0/65",
	         MACS "fd00::8000:0:0:1>2001:db8::2 1000>2000"},
	        {"dst-ip=fd00::/16", MACS "2001:db8::1>fd00:db8::2 1000>2000"},
	        {"ip:2001:db8::2=::", MACS "2001:db8::1>:: 1000>2000"},
	        {"ip:10.0.0.1=192.0.2.1", MACS "2001:db8::1>2001:db8::2 1000>2000"},
	        {0},
	};

	expect_examples(&udp4, examples);
	expect_examples(&udp6, examples_6);
}

Test(rewrite, puts_tags_in_and_takes_them_out)
{
	static const struct sketch one = {.family = AF_INET, .protocol = UDP, .tags = 1};
	static const struct sketch two = {
	        .family = AF_INET, .protocol = UDP, .tags = 2, .provider = true};
	static const struct example examples[] = {
	        {"vlan=0", MACS "8100:0/0 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan=4094", MACS "8100:4094/0 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan:none=7 src-ip=192.0.2.1", MACS "8100:7/0 192.0.2.1>10.0.0.2 1000>2000"},
	        {0},
	};
	static const struct example examples_one[] = {
	        {"vlan=7", MACS "8100:7/5 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan:100=7", MACS "8100:7/5 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan:101=7", MACS "8100:100/5 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan:none=7", MACS "8100:100/5 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan=100", MACS "8100:100/5 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan=none", MACS "10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan:100=none dst-port=3", MACS "10.0.0.1>10.0.0.2 1000>3"},
	        {"vlan:101=none", MACS "8100:100/5 10.0.0.1>10.0.0.2 1000>2000"},
	        {0},
	};
	static const struct example examples_two[] = {
	        {"vlan=7 src-port=3", MACS "88a8:7/5 8100:201/0 10.0.0.1>10.0.0.2 3>2000"},
	        {"vlan:201=7", MACS "88a8:100/5 8100:201/0 10.0.0.1>10.0.0.2 1000>2000"},
	        {"vlan=none", MACS "8100:201/0 10.0.0.1>10.0.0.2 1000>2000"},
	        {0},
	};

	expect_examples(&udp4, examples);
	expect_examples(&one, examples_one);
	expect_examples(&two, examples_two);
}

Test(rewrite, a_tag_changes_the_lengths_and_the_headroom)
{
	build(&udp4);
	frame.headroom = 4;
	frame.len += 100;
	apply("vlan=7");
	cr_expect(eq(ptr, frame.data, memory + HEADROOM - 4));
	cr_expect(eq(u32, frame.headroom, 0));
	cr_expect(eq(u32, frame.caplen, (uint32_t)(end - memory - HEADROOM) + 4));
	cr_expect(eq(u32, frame.len, frame.caplen + 100));
	apply("vlan=none");
	cr_expect(eq(ptr, frame.data, memory + HEADROOM));
	cr_expect(eq(u32, frame.headroom, 4));
	cr_expect(eq(int, memcmp(frame.data, before + HEADROOM, frame.caplen), 0));
}

Test(rewrite, without_headroom_there_is_no_tag)
{
	build(&udp4);
	frame.headroom = 3;
	apply("vlan=7 dst-port=5");
	cr_expect_str_eq(described(), MACS "10.0.0.1>10.0.0.2 1000>5");
	cr_expect(eq(u64, counts.no_headroom, 1));
	cr_expect(eq(u64, counts.changed, 1));
}

Test(rewrite, the_mac_follows_the_group)
{
	static const struct example examples[] = {
	        {"dst-ip=239.129.2.3",
	         "02:00:00:00:00:01>01:00:5e:01:02:03 10.0.0.1>239.129.2.3 1000>2000"},
	        {"dst-ip=224.0.0.1 vlan=7",
	         "02:00:00:00:00:01>01:00:5e:00:00:01 8100:7/0 10.0.0.1>224.0.0.1 1000>2000"},
	        {"dst-ip=239.1.2.3 dst-mac=02:00:00:00:00:09",
	         "02:00:00:00:00:01>02:00:00:00:00:09 10.0.0.1>239.1.2.3 1000>2000"},
	        {"dst-ip=239.1.2.3 dst-mac:02:00:00:00:00:02=02:00:00:00:00:02",
	         MACS "10.0.0.1>239.1.2.3 1000>2000"},
	        {"dst-ip=239.1.2.3 dst-mac:02:00:00:00:00:07=02:00:00:00:00:09",
	         "02:00:00:00:00:01>01:00:5e:01:02:03 10.0.0.1>239.1.2.3 1000>2000"},
	        {"src-ip=239.1.2.3", MACS "239.1.2.3>10.0.0.2 1000>2000"},
	        {"dst-ip=240.0.0.1", MACS "10.0.0.1>240.0.0.1 1000>2000"},
	        {"dst-ip=223.255.255.255", MACS "10.0.0.1>223.255.255.255 1000>2000"},
	        {0},
	};
	static const struct example examples_6[] = {
	        {"dst-ip=ff3e::1:2",
	         "02:00:00:00:00:01>33:33:00:01:00:02 2001:db8::1>ff3e::1:2 1000>2000"},
	        {"dst-ip=fe80::1", MACS "2001:db8::1>fe80::1 1000>2000"},
	        {"dst-ip=e000::1", MACS "2001:db8::1>e000::1 1000>2000"},
	        {0},
	};
	static const struct example examples_arp[] = {
	        {"dst-ip=239.1.2.3", MACS "10.0.0.1>239.1.2.3"},
	        {0},
	};

	expect_examples(&udp4, examples);
	expect_examples(&udp6, examples_6);
	expect_examples(&arp, examples_arp);
}

Test(rewrite, the_mac_of_a_group_that_becomes_a_host_stays)
{
	static const struct sketch group = {
	        .family = AF_INET, .protocol = UDP, .destination = "239.1.2.3"};

	build(&group);
	memcpy(frame.data, "\x01\x00\x5e\x01\x02\x03", 6);
	apply("dst-ip=192.0.2.1");
	cr_expect_str_eq(described(),
	                 "02:00:00:00:00:01>01:00:5e:01:02:03 10.0.0.1>192.0.2.1 1000>2000");
}

Test(rewrite, arp_has_addresses_too)
{
	static const struct example examples[] = {
	        {"src-ip=192.0.2.1", MACS "192.0.2.1>10.0.0.2"},
	        {"dst-ip=192.0.2.1", MACS "10.0.0.1>192.0.2.1"},
	        {"ip:10.0.0.0/8=11.0.0.0/8 src-port=7", MACS "11.0.0.1>11.0.0.2"},
	        {0},
	};

	expect_examples(&arp, examples);
	build(&arp);
	ip[5] = 16; /* no IPv4 */
	apply("src-ip=192.0.2.1");
	cr_expect_str_eq(described(), MACS "10.0.0.1>10.0.0.2");
	cr_expect(eq(u64, counts.changed + counts.not_understood, 0));
}

Test(rewrite, a_raw_packet_has_no_link)
{
	static const struct sketch raw4 = {.family = AF_INET, .protocol = TCP, .raw = true};
	static const struct sketch raw6 = {.family = AF_INET6, .protocol = TCP, .raw = true};
	static const struct example examples[] = {
	        {"src-ip=192.0.2.1 dst-port=7", "192.0.2.1>10.0.0.2 1000>7"},
	        {"dst-ip=239.1.2.3", "10.0.0.1>239.1.2.3 1000>2000"},
	        {"vlan=7 dst-mac=02:00:00:00:00:09", "10.0.0.1>10.0.0.2 1000>2000"},
	        {0},
	};
	static const struct example examples_6[] = {
	        {"src-ip=fd00::1 dst-port=7", "fd00::1>2001:db8::2 1000>7"},
	        {0},
	};

	expect_examples(&raw4, examples);
	expect_examples(&raw6, examples_6);
}

static const char all_rules[] =
        "src-mac=0a:00:00:00:00:01 dst-mac=0a:00:00:00:00:02 vlan=7 src-ip=192.0.2.77 "
        "dst-ip=198.51.100.3 src-ip=fd00:1234::ffff dst-ip=fe80::abcd:1 src-port=54321 dst-port=9";

enum { SKETCHES = 2 * 3 * 4 * 2 * 2 * 3 * 2 };

/* One of many packets, by number; false for one that there is not. */
static bool any_sketch(int number, struct sketch *sketch)
{
	static const int protocols[] = {UDP, TCP, ICMPV6, OTHER};

	*sketch = (struct sketch){.family = number % 2 ? AF_INET : AF_INET6};
	number /= 2;
	sketch->tags = number % 3;
	number /= 3;
	sketch->protocol = protocols[number % 4];
	number /= 4;
	sketch->payload_bytes = number % 2 ? 32 : 7;
	number /= 2;
	sketch->options = number % 2 ? 8 : 0;
	sketch->extensions = number % 2;
	number /= 2;
	sketch->more_fragments = number % 3 == 1;
	sketch->fragment_offset = number % 3 == 2 ? 3 : 0;
	sketch->raw = number / 3 % 2;
	return sketch->family == AF_INET6 || sketch->protocol != ICMPV6;
}

static void expect_all_rewritten(const struct sketch *sketch, int number)
{
	char expected[256] = "";
	const char *addresses = sketch->family == AF_INET ? "192.0.2.77>198.51.100.3"
	                                                  : "fd00:1234::ffff>fe80::abcd:1";
	bool ports = sketch->protocol == UDP || sketch->protocol == TCP;

	snprintf(expected, sizeof(expected), "%s%s%s%s%s",
	         sketch->raw ? "" : "0a:00:00:00:00:01>0a:00:00:00:00:02 ",
	         sketch->raw    ? ""
	         : sketch->tags ? "8100:7/5 "
	                        : "8100:7/0 ",
	         sketch->raw || sketch->tags < 2 ? "" : "8100:201/0 ", addresses,
	         ports && !sketch->fragment_offset ? " 54321>9" : "");
	cr_expect_str_eq(described(), expected, "%d: %s", number, described());
	cr_expect(eq(u64, counts.changed, 1), "%d", number);
	cr_expect(eq(u64, counts.not_understood, 0), "%d", number);
}

Test(rewrite, all_rules_at_once_in_all_kinds_of_packets)
{
	struct sketch sketch;

	for (int number = 0; number < SKETCHES; number++) {
		if (!any_sketch(number, &sketch))
			continue;
		build(&sketch);
		apply(all_rules);
		expect_all_rewritten(&sketch, number);
	}
}

Test(rewrite, what_is_no_field_stays)
{
	struct sketch sketch;

	for (int number = 0; number < SKETCHES; number++) {
		if (!any_sketch(number, &sketch))
			continue;
		build(&sketch);
		apply(all_rules);
		/* Payload and what is around the frame. */
		transport += sketch.fragment_offset || sketch.protocol == OTHER ? 0
		             : sketch.protocol == TCP                           ? 18
		                                                                : 8;
		cr_expect(eq(int,
		             memcmp(transport, before + (transport - memory),
		                    (size_t)(memory + MEMORY_BYTES - transport)),
		             0),
		          "%d", number);
		cr_expect(eq(int, memcmp(memory, before, HEADROOM - 4), 0), "%d", number);
	}
}

/* How wrong a checksum is, modulo 0xffff. */
static unsigned wrong_by(unsigned is, unsigned right)
{
	return (is + 0xffff - right) % 0xffff;
}

Test(rewrite, a_wrong_checksum_stays_wrong_by_as_much)
{
	static const unsigned errors[] = {1, 0x100, 0x1234, 0xfffe};
	struct sketch sketch;

	for (int number = 0; number < SKETCHES; number++) {
		unsigned by = errors[number % 4], is;

		if (!any_sketch(number, &sketch) || sketch.fragment_offset)
			continue;
		build(&sketch);
		is = has_transport() ? (right_checksum() + by) % 0xffff : 0;
		if (has_transport())
			put_16(checksum, is ? is : 0xffff);
		if (sketch.family == AF_INET)
			put_16(ip + 10, (right_ip_checksum() + by) % 0xffff);
		apply(all_rules);
		if (has_transport())
			cr_expect(eq(u32, wrong_by(get_16(checksum), right_checksum()), by), "%d",
			          number);
		if (sketch.family == AF_INET)
			cr_expect(eq(u32, wrong_by(get_16(ip + 10), right_ip_checksum()), by), "%d",
			          number);
	}
}

Test(rewrite, a_udp_checksum_of_0_stays_0)
{
	static const struct sketch *const both[] = {&udp4, &udp6};

	for (int i = 0; i < 2; i++) {
		build(both[i]);
		put_16(checksum, 0);
		apply(all_rules);
		cr_expect(eq(u32, get_16(checksum), 0));
		cr_expect(eq(u32, get_16(transport + 2), 9));
	}
}

/* All ports, and so all values that a checksum can come to. */
Test(rewrite, both_zeros_of_the_checksum_are_told_apart)
{
	static const struct sketch tcp4 = {.family = AF_INET, .protocol = TCP, .payload_bytes = 2};
	static const struct sketch *const both[] = {&udp4, &tcp4};
	unsigned zeros[2] = {0};

	for (unsigned i = 0; i < 2 * 65535; i++) {
		char rule[32];
		unsigned right;

		build(both[i % 2]);
		snprintf(rule, sizeof(rule), "dst-port=%u", i / 2 + 1);
		apply(rule);
		right = right_checksum();
		zeros[i % 2] += right == (i % 2 ? 0 : 0xffff);
		cr_assert(eq(u32, get_16(checksum), right), "%s", rule);
	}
	cr_expect(eq(u32, zeros[0], 1));
	cr_expect(eq(u32, zeros[1], 1));
}

Test(rewrite, what_adds_up_to_nothing_leaves_the_checksum_as_it_is)
{
	static const struct sketch tcp4 = {.family = AF_INET, .protocol = TCP};

	build(&tcp4);
	put_16(checksum, 0xffff);
	put_16(ip + 10, 0xffff);
	apply("ip:10.0.0.1=10.0.0.2 ip:10.0.0.2=10.0.0.1 port:1000=2000 port:2000=1000");
	cr_expect(eq(u32, get_16(checksum), 0xffff));
	cr_expect(eq(u32, get_16(ip + 10), 0xffff));
	cr_expect(eq(u64, counts.changed, 1));
}

Test(rewrite, a_packet_on_its_way_has_its_checksum_for_the_last_hop)
{
	static const struct sketch routed = {
	        .family = AF_INET6, .protocol = UDP, .routed = true, .payload_bytes = 9};

	build(&routed);
	apply("dst-ip=fd00::1 src-ip=fd00::2 dst-port=3");
	cr_expect_str_eq(described(), MACS "fd00::2>fd00::1 1000>3");
}

Test(rewrite, the_first_fragment_of_a_header_has_what_is_there)
{
	static const struct sketch first = {
	        .family = AF_INET, .protocol = TCP, .more_fragments = true};

	build(&first);
	put_16(ip + 2, 28); /* ports and four bytes more */
	put_16(ip + 10, right_ip_checksum());
	apply("src-port=1 dst-port=2");
	cr_expect(eq(u32, get_16(transport), 1));
	cr_expect(eq(u32, get_16(transport + 2), 2));
	cr_expect(eq(u64, counts.not_understood, 0));
	/* Beyond the packet there is padding. */
	cr_expect(eq(int, memcmp(transport + 4, before + (transport + 4 - memory), 16), 0));
}

/* Whether each byte is what it was, or what it is in the frame as a whole. With an address cut
 * off, the checksum of the header is for the other one alone. */
static void expect_one_or_the_other(const uint8_t *whole, uint32_t caplen, int number)
{
	const uint8_t *cut = memory + HEADROOM, *was = before + HEADROOM;
	uint32_t header = (uint32_t)(ip - cut);

	if (built.family == AF_INET && caplen < header + 20)
		memcpy(ip + 10, was + header + 10, 2);
	for (uint32_t i = 0; i < MEMORY_BYTES - HEADROOM; i++)
		if (cut[i] != was[i] && (i >= caplen || cut[i] != whole[i]))
			cr_fail("%d, cut to %u: byte %u was %02x, is %02x", number, caplen, i,
			        was[i], cut[i]);
}

/* Whether a field that is here, at an offset of the frame, is as in the frame as a whole. */
static void expect_set(const uint8_t *whole, uint32_t caplen, size_t at, size_t bytes, int number)
{
	if (caplen >= at + bytes)
		cr_expect(eq(int, memcmp(memory + HEADROOM + at, whole + at, bytes), 0),
		          "%d, cut to %u: the field at %zu", number, caplen, at);
}

static void expect_fields_set(const uint8_t *whole, uint32_t caplen, int number)
{
	size_t packet = (size_t)(ip - memory - HEADROOM);
	bool is_ipv6 = built.family == AF_INET6;
	size_t source = !built.family ? 14 : is_ipv6 ? 8 : 12, bytes = is_ipv6 ? 16 : 4;
	size_t destination = !built.family ? 24 : source + bytes;

	if (!built.raw && caplen >= 14)
		expect_set(whole, caplen, 0, 12, number);
	if (!built.raw && built.tags)
		expect_set(whole, caplen, 14, 4, number);
	expect_set(whole, caplen, packet + source, bytes, number);
	expect_set(whole, caplen, packet + destination, bytes, number);
	if (built.protocol == UDP || built.protocol == TCP) {
		expect_set(whole, caplen, (size_t)(transport - memory - HEADROOM), 2, number);
		expect_set(whole, caplen, (size_t)(transport - memory - HEADROOM) + 2, 2, number);
	}
}

/* The rules for the length keep the frame where it is. */
static void expect_cuts(const struct sketch *sketch, int number)
{
	static const char rules[] =
	        "src-mac=0a:00:00:00:00:01 vlan:100=7 src-ip=192.0.2.77 dst-ip=198.51.100.3 "
	        "src-ip=fd00:1234::ffff dst-ip=fe80::abcd:1 src-port=54321 dst-port=9";
	uint8_t whole[MEMORY_BYTES];
	uint32_t len;

	build(sketch);
	len = frame.len;
	apply(rules);
	memcpy(whole, memory + HEADROOM, sizeof(whole) - HEADROOM);
	for (uint32_t caplen = 0; caplen < len; caplen++) {
		build(sketch);
		frame.caplen = caplen;
		wt_rewrite_apply(&rewrite, &frame, &counts);
		expect_one_or_the_other(whole, caplen, number);
		cr_expect(eq(u64, counts.not_understood, 0), "%d, cut to %u", number, caplen);
		expect_fields_set(whole, caplen, number);
	}
}

Test(rewrite, a_cut_frame_is_rewritten_as_far_as_it_goes)
{
	struct sketch sketch;

	for (int number = 0; number < SKETCHES; number++)
		if (any_sketch(number, &sketch))
			expect_cuts(&sketch, number);
	expect_cuts(&arp, -1);
}

/* Memory of which the end is that of what may be touched. */
static uint8_t *end_of_pages(size_t bytes)
{
	uint8_t *pages =
	        mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert(pages != MAP_FAILED && !mprotect(pages + bytes, bytes, PROT_NONE));
	return pages + bytes;
}

/* The same happens to a frame behind which there is no memory. */
static void expect_nothing_read_after(uint32_t caplen, const char *rules, uint8_t *end_of_memory)
{
	const struct wt_rewrite_frame was = frame;
	uint8_t there[MEMORY_BYTES];

	memcpy(there, was.data, was.caplen);
	frame.data = end_of_memory - caplen;
	frame.caplen = caplen;
	frame.fix_checksums = true;
	memcpy(frame.data, there, caplen);
	apply(rules);
	frame = was;
	frame.caplen = caplen;
	frame.fix_checksums = true;
	apply(rules);
	cr_expect(eq(int, memcmp(frame.data, end_of_memory - frame.caplen, frame.caplen), 0),
	          "cut to %u", caplen);
}

Test(rewrite, behind_a_cut_nothing_is_looked_at)
{
	static const uint8_t protocols[] = {1, 2, UDP, OTHER, ICMPV6};
	struct sketch sketch = {.family = AF_INET, .protocol = UDP, .options = 8};
	uint8_t *end_of_memory = end_of_pages(4096);
	uint32_t len;

	build(&arp);
	len = frame.len;
	for (uint32_t caplen = 0; caplen <= len; caplen++) {
		build(&arp);
		expect_nothing_read_after(caplen, all_rules, end_of_memory);
	}
	for (int i = 0; i < 10; i++) {
		sketch.family = i % 2 ? AF_INET6 : AF_INET;
		build(&sketch);
		len = frame.len;
		for (uint32_t caplen = 0; caplen <= len; caplen++) {
			build(&sketch);
			if (sketch.family == AF_INET)
				ip[27] = 148; /* an option without its length */
			ip[sketch.family == AF_INET ? 9 : 6] = protocols[i / 2];
			expect_nothing_read_after(caplen, all_rules, end_of_memory);
		}
	}
}

Test(rewrite, a_frame_cut_within_its_tag_keeps_it)
{
	static const struct sketch one = {.family = AF_INET, .protocol = UDP, .tags = 1};

	for (uint32_t caplen = 14; caplen < 18; caplen++) {
		build(&one);
		frame.caplen = caplen;
		apply("vlan=none");
		cr_expect(eq(u32, frame.caplen, caplen));
		cr_expect(eq(u64, counts.changed, 0));
	}
}

static void expect_not_understood(const char *rules, const char *what)
{
	uint64_t earlier = counts.not_understood;

	apply(rules);
	cr_expect(eq(u64, counts.not_understood, earlier + 1), "%s", what);
}

Test(rewrite, counts_what_it_does_not_understand)
{
	static const char rules[] = "src-ip=192.0.2.1";

	build(&udp4);
	frame.link_type = 113;
	expect_not_understood(rules, "the link type");
	cr_expect(eq(u64, counts.changed, 0));
	build(&udp4);
	ip[0] = 0x44;
	expect_not_understood(rules, "a short header");
	build(&udp4);
	ip[0] = 0x65;
	expect_not_understood(rules, "another version");
	build(&udp4);
	put_16(ip + 2, 19);
	expect_not_understood(rules, "a packet shorter than its header");
	build(&udp4);
	put_16(ip + 2, 27);
	expect_not_understood(rules, "a packet with a part of a UDP header");
	build(&arp);
	frame.caplen = frame.len = 14 + 27;
	expect_not_understood(rules, "a part of an ARP message");
	build(&udp4);
	frame.caplen = frame.len = 13;
	expect_not_understood("vlan=7", "a part of an Ethernet header");
	cr_expect(eq(u32, frame.caplen, 13));
}

Test(rewrite, at_most_eight_extension_headers_are_passed)
{
	build(&udp6);
	for (int headers = 0; headers < 10; headers++) {
		uint8_t *at = ip + 40;

		build(&udp6);
		memmove(at + 8 * headers, at, (size_t)(end - at));
		memset(at, 0, 8 * (size_t)headers);
		ip[6] = headers ? 60 : UDP;
		for (int i = 0; i < headers; i++)
			at[8 * i] = i + 1 < headers ? 60 : UDP;
		put_16(ip + 4, (unsigned)(end - at + 8 * headers));
		frame.caplen = frame.len += 8 * (uint32_t)headers;
		apply("dst-port=7");
		cr_expect(eq(u64, counts.changed, headers <= 8), "%d", headers);
		cr_expect(eq(u64, counts.not_understood, headers > 8), "%d", headers);
	}
}

Test(rewrite, what_has_no_addresses_is_understood)
{
	build(&udp4);
	put_16(ip - 2, 0x88cc);
	memcpy(before, memory, sizeof(memory));
	apply("src-ip=192.0.2.1 src-port=5");
	cr_expect(eq(u64, counts.changed + counts.not_understood, 0));
	cr_expect(eq(int, memcmp(memory, before, sizeof(memory)), 0));
}

Test(rewrite, rules_for_the_link_look_no_further)
{
	build(&udp4);
	ip[0] = 0;
	apply("vlan=7");
	cr_expect(eq(u64, counts.changed, 1));
	cr_expect(eq(u64, counts.not_understood, 0));
}

Test(rewrite, icmp_over_ipv4_has_no_addresses_in_its_checksum)
{
	uint8_t *icmp;

	build(&udp4);
	icmp = transport;
	transport = checksum = NULL;
	ip[9] = 1;
	put_16(ip + 10, right_ip_checksum());
	memcpy(before, memory, sizeof(memory));
	apply("ip:10.0.0.1=192.0.2.1 src-port=5");
	cr_expect_str_eq(described(), MACS "192.0.2.1>10.0.0.2");
	ip[9] = ICMPV6; /* nor has the other one, where it does not belong */
	put_16(ip + 10, right_ip_checksum());
	apply("ip:192.0.2.1=10.0.0.1");
	cr_expect_str_eq(described(), MACS "10.0.0.1>10.0.0.2");
	cr_expect(eq(int, memcmp(icmp, before + (icmp - memory), (size_t)(end - icmp)), 0));
}

Test(rewrite, lengths_of_0_mean_the_rest_of_the_frame)
{
	build(&udp4);
	put_16(ip + 2, 0);
	put_16(ip + 10, right_ip_checksum());
	apply("src-ip=192.0.2.1 src-port=5");
	cr_expect_str_eq(described(), MACS "192.0.2.1>10.0.0.2 5>2000");
	build(&udp6);
	put_16(ip + 4, 0);
	apply("src-ip=fd00::1 src-port=5");
	cr_expect_str_eq(described(), MACS "fd00::1>2001:db8::2 5>2000");
}

/* As a sender leaves it to the NIC. */
static void build_unfinished(const struct sketch *sketch)
{
	build(sketch);
	put_16(checksum, pseudo_header_sum());
	frame.link_flags = WT_LINK_CSUM_NOT_READY | WT_LINK_OUTBOUND;
}

Test(rewrite, completes_checksums_that_were_left_to_the_nic)
{
	struct sketch sketch;

	for (int number = 0; number < 2 * SKETCHES; number++) {
		if (!any_sketch(number / 2, &sketch) || sketch.protocol == OTHER ||
		    sketch.fragment_offset || sketch.more_fragments)
			continue;
		build_unfinished(&sketch);
		/* Padding of the frame is not counted. */
		frame.caplen = frame.len += 5;
		apply(number % 2 ? all_rules : "");
		cr_expect(eq(u32, get_16(checksum), right_checksum()), "%d", number);
		cr_expect(eq(u64, counts.checksums_completed, 1), "%d", number);
		cr_expect(eq(u64, counts.checksums_lacking, 0), "%d", number);
		cr_expect(eq(u64, counts.changed, number % 2), "%d", number);
		cr_expect(eq(u32, frame.link_flags, WT_LINK_OUTBOUND), "%d", number);
	}
}

Test(rewrite, completes_a_checksum_once)
{
	build_unfinished(&udp4);
	apply("");
	apply("");
	cr_expect(eq(u32, get_16(checksum), right_checksum()));
	cr_expect(eq(u64, counts.checksums_completed, 1));
}

Test(rewrite, a_completed_udp_checksum_is_never_0)
{
	build(&udp4);
	/* A payload that makes the sum 0xffff. */
	put_16(transport + 8, 0);
	put_16(transport + 8, right_checksum());
	put_16(checksum, pseudo_header_sum());
	frame.link_flags = WT_LINK_CSUM_NOT_READY;
	apply("");
	cr_expect(eq(u32, get_16(checksum), 0xffff));
}

Test(rewrite, a_datagram_without_a_payload_is_completed)
{
	static const struct sketch empty = {.family = AF_INET, .protocol = UDP};

	build_unfinished(&empty);
	apply("");
	cr_expect(eq(u32, get_16(checksum), right_checksum()));
	cr_expect(eq(u64, counts.checksums_completed, 1));
}

Test(rewrite, a_datagram_of_a_wrong_length_is_not_completed)
{
	static const unsigned wrong[] = {0, 7, 8 + 13 + 1, 14 + 20 + 8 + 13, 0xffff};

	for (size_t i = 0; i < 2 * sizeof(wrong) / sizeof(wrong[0]); i++) {
		unsigned bytes = wrong[i / 2], sum;
		bool told = i % 2;

		build_unfinished(&udp4);
		put_16(transport + 4, bytes);
		sum = add_words(UDP + bytes, ip + 12, 8);
		put_16(checksum, sum);
		/* Padding of the frame is not of the datagram. */
		frame.caplen = frame.len += 60;
		frame.link_flags = told ? WT_LINK_CSUM_NOT_READY : 0;
		apply("");
		cr_expect(eq(u32, get_16(checksum), sum), "%u", bytes);
		cr_expect(eq(u64, counts.checksums_lacking, told), "%u", bytes);
		cr_expect(eq(u64, counts.checksums_left, 0), "%u", bytes);
	}
	/* A shorter one has bytes of nobody behind it. */
	build_unfinished(&udp4);
	put_16(transport + 4, 8);
	end = transport + 8;
	put_16(checksum, pseudo_header_sum());
	apply("");
	cr_expect(eq(u32, get_16(checksum), right_checksum()));
	cr_expect(eq(u64, counts.checksums_completed, 1));
}

Test(rewrite, a_fragment_is_not_completed)
{
	static const struct sketch first = {
	        .family = AF_INET, .protocol = UDP, .more_fragments = true, .payload_bytes = 16};

	build_unfinished(&first);
	apply("");
	cr_expect(eq(u32, get_16(checksum), pseudo_header_sum()));
	cr_expect(eq(u64, counts.checksums_lacking, 1));
}

Test(rewrite, of_a_cut_packet_the_sum_for_the_nic_is_kept_right)
{
	static const struct sketch tcp6 = {
	        .family = AF_INET6, .protocol = TCP, .payload_bytes = 20};

	build_unfinished(&tcp6);
	frame.caplen -= 1;
	apply(all_rules);
	cr_expect(eq(u32, get_16(checksum), pseudo_header_sum()));
	cr_expect(eq(u64, counts.checksums_lacking, 1));
	cr_expect(eq(u64, counts.checksums_completed, 0));
	cr_expect(eq(u32, frame.link_flags, WT_LINK_CSUM_NOT_READY | WT_LINK_OUTBOUND));
}

Test(rewrite, what_is_no_sum_for_the_nic_is_not_completed)
{
	build(&udp4);
	frame.link_flags = WT_LINK_CSUM_NOT_READY;
	apply("src-ip=192.0.2.1 src-port=7");
	cr_expect_str_eq(described(), MACS "192.0.2.1>10.0.0.2 7>2000");
	cr_expect(eq(u64, counts.checksums_lacking, 1));
	build(&udp4);
	put_16(checksum, 0);
	frame.link_flags = WT_LINK_CSUM_NOT_READY;
	apply("src-ip=192.0.2.1");
	cr_expect(eq(u32, get_16(checksum), 0));
	cr_expect(eq(u64, counts.checksums_lacking, 1));
}

/* ---- checksums that are wrong, or were left to a NIC without a word ---- */

static void apply_fixing(const char *rules)
{
	frame.fix_checksums = true;
	apply(rules);
}

Test(rewrite, a_sum_for_the_nic_is_known_by_itself_and_counted)
{
	struct sketch sketch;

	for (int number = 0; number < SKETCHES; number++) {
		if (!any_sketch(number, &sketch) || sketch.protocol == OTHER ||
		    sketch.fragment_offset || sketch.more_fragments || sketch.routed)
			continue;
		build(&sketch);
		put_16(checksum, pseudo_header_sum());
		memcpy(before, memory, sizeof(memory));
		apply("");
		cr_expect(eq(u64, counts.checksums_left, 1), "%d", number);
		cr_expect(eq(u64, counts.ip_checksums_wrong, 0), "%d", number);
		cr_expect(eq(int, memcmp(memory, before, sizeof(memory)), 0), "%d", number);
		apply(all_rules);
		cr_expect(eq(u32, get_16(checksum), pseudo_header_sum()), "%d", number);
		apply_fixing("");
		cr_expect(eq(u32, get_16(checksum), right_checksum()), "%d", number);
		cr_expect(eq(u64, counts.checksums_completed, 1), "%d", number);
		apply_fixing("");
		cr_expect(eq(u64, counts.checksums_completed + counts.checksums_fixed, 1), "%d",
		          number);
	}
}

/* As of segments that a NIC is to make: the length is put in there. */
Test(rewrite, a_sum_for_the_nic_may_lack_the_length)
{
	static const struct sketch tcp4 = {
	        .family = AF_INET, .protocol = TCP, .payload_bytes = 100};

	build(&tcp4);
	put_16(checksum, add_words(TCP, ip + 12, 8));
	apply("");
	cr_expect(eq(u64, counts.checksums_left, 1));
	put_16(checksum, 0);
	apply("");
	cr_expect(eq(u64, counts.checksums_left, 2), "nothing at all");
	apply_fixing("");
	cr_expect_str_eq(described(), MACS "10.0.0.1>10.0.0.2 1000>2000");
}

Test(rewrite, a_right_checksum_that_looks_like_a_sum_for_the_nic_is_right)
{
	unsigned sum;

	build(&udp4);
	/* Of a payload that makes it so. */
	put_16(transport + 8, 0);
	put_16(checksum, 0);
	sum = add_words(pseudo_header_sum() * 2, transport, (size_t)(end - transport));
	put_16(transport + 8, 0xffff & ~sum);
	put_16(checksum, pseudo_header_sum());
	cr_assert(eq(u32, right_checksum(), pseudo_header_sum()));
	apply("src-port=5");
	cr_expect(eq(u64, counts.checksums_left, 0));
	cr_expect_str_eq(described(), MACS "10.0.0.1>10.0.0.2 5>2000");
}

Test(rewrite, wrong_checksums_stay_wrong_and_are_set_right_if_that_is_wanted)
{
	struct sketch sketch;

	for (int number = 0; number < 2 * SKETCHES; number++) {
		const char *rules = number % 2 ? all_rules : "";
		bool has_ip, has_one;

		if (!any_sketch(number / 2, &sketch) || sketch.routed)
			continue;
		build(&sketch);
		has_ip = sketch.family == AF_INET;
		has_one = has_transport() && !sketch.more_fragments;
		if (has_ip)
			ip[10] ^= 0x12;
		if (has_one)
			*checksum ^= 0x34;
		apply("");
		cr_expect(eq(u64, counts.ip_checksums_wrong, has_ip), "%d", number);
		apply_fixing(rules);
		(void)described();
		cr_expect(eq(u64, counts.checksums_fixed, (uint64_t)has_ip + has_one), "%d",
		          number);
		cr_expect(eq(u64, counts.checksums_lacking,
		             sketch.protocol != OTHER &&
		                     (sketch.more_fragments || sketch.fragment_offset)),
		          "%d", number);
	}
}

Test(rewrite, a_udp_checksum_of_0_is_none_over_ipv4_and_wrong_over_ipv6)
{
	build(&udp4);
	put_16(checksum, 0);
	apply_fixing("");
	cr_expect(eq(u32, get_16(checksum), 0));
	cr_expect(eq(u64, counts.checksums_fixed + counts.checksums_lacking, 0));
	build(&udp6);
	put_16(checksum, 0);
	apply_fixing("");
	cr_expect(eq(u32, get_16(checksum), right_checksum()));
	cr_expect(eq(u64, counts.checksums_fixed, 1));
}

Test(rewrite, of_a_cut_packet_only_the_ip_header_is_set_right)
{
	build(&udp4);
	frame.caplen -= 1;
	ip[10] ^= 0x12;
	*checksum ^= 0x34;
	apply_fixing("");
	cr_expect(eq(u32, get_16(ip + 10), right_ip_checksum()));
	cr_expect(ne(u32, get_16(checksum), right_checksum()));
	cr_expect(eq(u64, counts.checksums_fixed, 1));
	cr_expect(eq(u64, counts.checksums_lacking, 1));
}

Test(rewrite, icmp_and_igmp_have_checksums_without_addresses)
{
	for (int protocol = 1; protocol <= 2; protocol++) {
		build(&udp4);
		ip[9] = (uint8_t)protocol;
		put_16(ip + 10, right_ip_checksum());
		put_16(transport + 2, 0);
		apply_fixing("src-ip=192.0.2.1");
		cr_expect(eq(u32, add_words(0, transport, (size_t)(end - transport)), 0xffff), "%d",
		          protocol);
		cr_expect(eq(u64, counts.checksums_fixed, 1), "%d", protocol);
	}
}

/* ---- what is passed, and what is not followed ---- */

/* `bytes` of another header in front of the packet, in place of its type. */
static void put_in_front(const char *header, size_t bytes)
{
	memmove(ip - 2 + bytes, ip, (size_t)(end - ip));
	memcpy(ip - 2, header, bytes);
	ip += bytes - 2;
	transport += bytes - 2;
	checksum += bytes - 2;
	end += bytes - 2;
	frame.caplen = frame.len += (uint32_t)bytes - 2;
}

static const struct {
	const char *what, *header;
	size_t bytes;
	bool is_ipv6;
} passed[] = {
        {"three tags", "\x88\xa8\0\1\x81\0\0\2\x81\0\0\3\x08\0", 14, false},
        {"an MPLS label", "\x88\x47\0\6\x41\xff", 6, false},
        {"MPLS labels, of a group", "\x88\x48\0\6\x40\xff\0\7\x41\xff", 10, false},
        {"IPv6 after MPLS", "\x88\x47\0\6\x41\xff", 6, true},
        {"PPPoE", "\x88\x64\x11\0\0\1\0\x2b\0\x21", 10, false},
        {"IPv6 after PPPoE", "\x88\x64\x11\0\0\1\0\x3f\0\x57", 10, true},
        {"PPPoE after a tag", "\x81\0\0\5\x88\x64\x11\0\0\1\0\x2b\0\x21", 14, false},
};

Test(rewrite, passes_tags_labels_and_pppoe)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		build(passed[i].is_ipv6 ? &udp6 : &udp4);
		put_in_front(passed[i].header, passed[i].bytes);
		apply(passed[i].is_ipv6 ? "src-ip=fd00::1 dst-ip=ff3e::1 dst-port=7"
		                        : "src-ip=192.0.2.1 dst-ip=239.1.1.1 dst-port=7");
		cr_expect(eq(u64, counts.changed, 1), "%s", passed[i].what);
		cr_expect(eq(u64, counts.not_understood + counts.not_followed, 0), "%s",
		          passed[i].what);
		cr_expect(eq(u32, get_16(transport + 2), 7), "%s", passed[i].what);
		cr_expect(eq(u32, get_16(checksum), right_checksum()), "%s", passed[i].what);
		cr_expect(
		        eq(u8, passed[i].is_ipv6 ? ip[24] : ip[12], passed[i].is_ipv6 ? 0xff : 192),
		        "%s", passed[i].what);
		/* The MAC of a group is that of what is right after Ethernet. */
		cr_expect(eq(u8, frame.data[0], i ? 2 : 1), "%s", passed[i].what);
	}
}

static const char *const rule_kinds[] = {"ip:10.0.0.0/8=11.0.0.0/8", "port:1=2",
                                         "mac:02:00:00:00:00:09=02:00:00:00:00:08"};
enum { ADDRESSES = 1, PORTS = 2, MACS_TOO = 4, ALL = 7 };

/* Whether `kind` is counted for the rules that it matters to, and for no others. */
static void expect_counted(const char *what, enum wt_rewrite_unfollowed kind, int holds)
{
	for (int i = 0; i < 3; i++) {
		uint64_t of_kind = 0, others = 0;

		counts = (struct wt_rewrite_counts){0};
		apply(rule_kinds[i]);
		for (int k = 0; k < WT_UNFOLLOWED_KINDS; k++)
			*(k == (int)kind ? &of_kind : &others) += counts.unfollowed[k];
		cr_expect(eq(u64, of_kind, holds >> i & 1), "%s, %s", what, rule_kinds[i]);
		cr_expect(eq(u64, others, 0), "%s, %s", what, rule_kinds[i]);
		cr_expect(eq(u64, counts.not_followed, holds >> i & 1), "%s, %s", what,
		          rule_kinds[i]);
	}
	counts = (struct wt_rewrite_counts){0};
	apply("vlan=7");
	cr_expect(eq(u64, counts.not_followed, 0), "%s", what);
}

Test(rewrite, counts_ethernet_types_that_are_not_followed)
{
	static const struct {
		const char *what, *header;
		size_t bytes;
		enum wt_rewrite_unfollowed kind;
		int holds;
	} types[] = {
	        {"a pseudowire", "\x88\x47\0\6\x41\xff\0\0\0\0", 10, WT_UNFOLLOWED_MPLS, ALL},
	        {"IPCP", "\x88\x64\x11\0\0\1\0\x20\x80\x21", 10, WT_UNFOLLOWED_PPPOE,
	         ADDRESSES | PORTS},
	        {"MACsec", "\x88\xe5", 2, WT_UNFOLLOWED_MACSEC, ADDRESSES | PORTS},
	        {"a backbone", "\x88\xe7\0\0\0\1", 6, WT_UNFOLLOWED_ETHERNET, ALL},
	        {"a VN-Tag", "\x89\x26\0\0\0\0\x08\0", 8, WT_UNFOLLOWED_ETHERNET, ALL},
	        {"SNAP", "\0\x31\xaa\xaa\3\0\0\0\x08\0", 10, WT_UNFOLLOWED_LLC, ADDRESSES | PORTS},
	        {"spanning tree", "\0\x26\x42\x42\3", 5, WT_UNFOLLOWED_LLC, 0},
	        {"LCP", "\x88\x64\x11\0\0\1\0\x20\xc0\x21", 10, WT_UNFOLLOWED_PPPOE, 0},
	        {"PTP", "\x88\xf7", 2, WT_UNFOLLOWED_OTHER, 0},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		build(&udp4);
		put_in_front(types[i].header, types[i].bytes);
		expect_counted(types[i].what, types[i].kind, types[i].holds);
	}
	for (uint32_t bytes = 0; bytes <= 28; bytes++) {
		char what[32];

		build(&arp);
		frame.caplen = 14 + bytes;
		snprintf(what, sizeof(what), "ARP cut to %u bytes", bytes);
		expect_counted(what, WT_UNFOLLOWED_ARP, bytes < 6 ? 0 : MACS_TOO);
	}
	build(&arp);
	ip[1] = 6;
	expect_counted("ARP of another network", WT_UNFOLLOWED_ARP, ADDRESSES | MACS_TOO);
}

Test(rewrite, each_rule_alone_tells_what_is_not_followed)
{
	static const char *const rules[] = {"src-ip=192.0.2.1",
	                                    "dst-ip=192.0.2.1",
	                                    "src-ip=fd00::1",
	                                    "dst-ip=fd00::1",
	                                    "src-port=1",
	                                    "dst-port=1",
	                                    "src-mac=02:00:00:00:00:09",
	                                    "dst-mac=02:00:00:00:00:09"};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		build(&udp4);
		ip[9] = 47;
		apply(rules[i]);
		cr_expect(eq(u64, counts.unfollowed[WT_UNFOLLOWED_GRE], 1), "%s", rules[i]);
		cr_expect(eq(u64, counts.not_followed, 1), "%s", rules[i]);
	}
}

Test(rewrite, counts_protocols_over_ip_that_are_not_followed)
{
	static const struct {
		uint8_t protocol;
		enum wt_rewrite_unfollowed kind;
		int holds;
	} protocols[] = {
	        {2, WT_UNFOLLOWED_GROUPS, ADDRESSES},
	        {4, WT_UNFOLLOWED_IP_IN_IP, ADDRESSES | PORTS},
	        {41, WT_UNFOLLOWED_IP_IN_IP, ADDRESSES | PORTS},
	        {47, WT_UNFOLLOWED_GRE, ALL},
	        {50, WT_UNFOLLOWED_ESP, ADDRESSES | PORTS},
	        {51, WT_UNFOLLOWED_AH, ADDRESSES | PORTS},
	        {33, WT_UNFOLLOWED_TRANSPORT, PORTS},
	        {132, WT_UNFOLLOWED_SCTP, PORTS},
	        {136, WT_UNFOLLOWED_TRANSPORT, PORTS},
	        {89, WT_UNFOLLOWED_OTHER, ADDRESSES},
	        {59, WT_UNFOLLOWED_OTHER, 0},
	        {TCP, WT_UNFOLLOWED_OTHER, 0},
	};
	static const struct sketch tcp4 = {
	        .family = AF_INET, .protocol = TCP, .payload_bytes = 100};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		char what[16];

		snprintf(what, sizeof(what), "%u", protocols[i].protocol);
		build(&tcp4);
		ip[9] = protocols[i].protocol;
		expect_counted(what, protocols[i].kind, protocols[i].holds);
	}
}

static void expect_icmp_counted(int type)
{
	/* Echo, and what tells or asks for a time, an address mask or nothing. */
	bool is_plain = type == 0 || type == 8 || (type >= 13 && type <= 16);
	char what[16];

	snprintf(what, sizeof(what), "ICMP %d", type);
	build(&udp4);
	ip[9] = 1;
	transport[0] = (uint8_t)type;
	expect_counted(what, WT_UNFOLLOWED_ICMP, is_plain ? 0 : ADDRESSES | PORTS);
}

static void expect_icmpv6_counted(int type)
{
	static const struct sketch icmp6 = {
	        .family = AF_INET6, .protocol = ICMPV6, .payload_bytes = 40};
	enum wt_rewrite_unfollowed kind = WT_UNFOLLOWED_ICMP;
	int holds = ADDRESSES | PORTS;
	char what[16];

	if (type == 128 || type == 129) {
		holds = 0;
	} else if ((type >= 130 && type <= 132) || type == 143) {
		kind = WT_UNFOLLOWED_GROUPS;
		holds = ADDRESSES;
	} else if (type >= 133 && type <= 137) {
		kind = WT_UNFOLLOWED_NEIGHBOUR;
		holds = ADDRESSES | MACS_TOO;
	}
	snprintf(what, sizeof(what), "ICMPv6 %d", type);
	build(&icmp6);
	transport[0] = (uint8_t)type;
	expect_counted(what, kind, holds);
}

Test(rewrite, counts_messages_of_icmp_that_hold_addresses)
{
	for (int type = 0; type < 256; type++) {
		expect_icmp_counted(type);
		expect_icmpv6_counted(type);
	}
}

static const struct {
	uint16_t port;
	enum wt_rewrite_unfollowed kind;
	bool both_ways;
} tunnels[] = {
        {1701, WT_UNFOLLOWED_UDP, true},    {2152, WT_UNFOLLOWED_GTP, true},
        {3544, WT_UNFOLLOWED_UDP, true},    {4341, WT_UNFOLLOWED_UDP, false},
        {4500, WT_UNFOLLOWED_ESP, true},    {4789, WT_UNFOLLOWED_VXLAN, false},
        {4790, WT_UNFOLLOWED_VXLAN, false}, {5247, WT_UNFOLLOWED_UDP, true},
        {6080, WT_UNFOLLOWED_UDP, false},   {6081, WT_UNFOLLOWED_GENEVE, false},
        {6635, WT_UNFOLLOWED_MPLS, false},  {8472, WT_UNFOLLOWED_VXLAN, false},
        {37008, WT_UNFOLLOWED_UDP, false},
};

Test(rewrite, counts_tunnels_over_udp_by_their_ports)
{
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		char what[32];

		snprintf(what, sizeof(what), "to port %u", tunnels[i].port);
		build(&udp4);
		put_16(transport + 2, tunnels[i].port);
		expect_counted(what, tunnels[i].kind, ALL);
		/* From most of them a packet comes by chance. */
		snprintf(what, sizeof(what), "from port %u", tunnels[i].port);
		build(&udp4);
		put_16(transport, tunnels[i].port);
		expect_counted(what, tunnels[i].kind, tunnels[i].both_ways ? ALL : 0);
	}
	build(&udp4);
	put_16(transport, 2152);
	put_16(transport + 2, 4789);
	apply("port:1=2");
	cr_expect(eq(u64, counts.unfollowed[WT_UNFOLLOWED_GTP], 1));
	cr_expect(eq(u64, counts.unfollowed[WT_UNFOLLOWED_VXLAN], 1));
}

Test(rewrite, counts_what_is_not_cut_off)
{
	for (uint32_t bytes = 0; bytes < 6; bytes++) {
		build(&udp4);
		put_16(transport + 2, 4789);
		frame.caplen = (uint32_t)(transport - frame.data) + bytes;
		expect_counted("a tunnel, cut", WT_UNFOLLOWED_VXLAN, bytes >= 4 ? ALL : 0);
		build(&udp4);
		ip[9] = 1;
		transport[0] = 3;
		frame.caplen = (uint32_t)(transport - frame.data) + bytes;
		expect_counted("ICMP, cut", WT_UNFOLLOWED_ICMP, bytes ? ADDRESSES | PORTS : 0);
	}
}

Test(rewrite, counts_addresses_of_a_packets_way)
{
	static const struct sketch sketch = {
	        .family = AF_INET, .protocol = UDP, .options = 12, .payload_bytes = 5};
	static const struct sketch routed = {
	        .family = AF_INET6, .protocol = UDP, .routed = true, .payload_bytes = 5};
	/* 148 is none of those with addresses. */
	static const struct {
		const char *what;
		uint8_t bytes[12];
		bool counted;
	} options[] = {
	        {"none", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, false},
	        {"a route to be recorded", {7, 7, 4, 0, 0, 0, 0}, true},
	        {"stamps with addresses", {68, 12, 5, 1}, true},
	        {"a loose source route", {131, 7, 4, 9, 9, 9, 9}, true},
	        {"a strict source route", {137, 7, 4, 9, 9, 9, 9}, true},
	        {"a route after padding", {1, 1, 1, 131, 7, 4}, true},
	        {"a route after another option", {148, 4, 0, 0, 131, 7, 4}, true},
	        {"a route after two others", {148, 4, 0, 0, 1, 148, 3, 0, 131, 4}, true},
	        {"a route as the last byte", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 131}, true},
	        {"a route after one of no bytes", {148, 2, 131, 7, 4}, true},
	        {"a route's number in another", {148, 4, 131, 7, 1, 1, 1, 1, 1, 1, 1, 1}, false},
	        {"numbers all through another",
	         {148, 12, 131, 131, 131, 131, 131, 131, 131, 131, 131, 131},
	         false},
	        {"numbers in another, after padding",
	         {1, 148, 11, 131, 131, 131, 131, 131, 131, 131, 131, 131},
	         false},
	        {"a route after the end", {0, 131, 7, 4}, false},
	        {"a route after padding and the end", {1, 0, 131, 7, 4}, false},
	        {"a route after a length of 0", {148, 0, 131, 7, 4}, false},
	        {"a route after a length of 0, between padding", {1, 148, 0, 131, 7}, false},
	        {"an option too long", {148, 13, 131, 131, 131, 131, 131}, false},
	        {"an option without its length", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 148}, false},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		build(&sketch);
		memcpy(ip + 20, options[i].bytes, sizeof(options[i].bytes));
		/* Bytes after them are ports, whatever they look like. */
		put_16(transport, 131 << 8 | 7);
		expect_counted(options[i].what, WT_UNFOLLOWED_ROUTES,
		               options[i].counted ? ADDRESSES : 0);
	}
	build(&routed);
	expect_counted("a routing header", WT_UNFOLLOWED_ROUTES, ADDRESSES);
}

Test(rewrite, each_kind_has_a_name)
{
	for (int i = 0; i < WT_UNFOLLOWED_KINDS; i++)
		for (int k = 0; k <= i; k++) {
			const char *a = wt_rewrite_unfollowed_name((enum wt_rewrite_unfollowed)i);
			const char *b = wt_rewrite_unfollowed_name((enum wt_rewrite_unfollowed)k);

			cr_expect(eq(int, strcmp(a, b) == 0, i == k), "%d and %d", i, k);
		}
}

static void expect_refused(const char *rule, const char *reason)
{
	static struct wt_rewrite unchanged;
	int rc;

	unchanged = rewrite;
	err = (struct wt_error){0};
	rc = wt_rewrite_add(&rewrite, rule, &err);
	cr_expect(eq(int, rc, -EINVAL), "%s", rule);
	cr_expect(strstr(err.text, reason) != NULL, "'%s': %s", rule, err.text);
	cr_expect(eq(int, memcmp(&unchanged, &rewrite, sizeof(rewrite)), 0), "%s", rule);
}

Test(rewrite, a_rule_has_a_form)
{
	char words[400];

	expect_refused("", "FIELD=NEW or FIELD:OLD=NEW");
	expect_refused("src-ip", "FIELD=NEW or FIELD:OLD=NEW");
	expect_refused("src-ip:10.0.0.1", "FIELD=NEW or FIELD:OLD=NEW");
	memset(words, '1', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	expect_refused(words, "too long");
	words[192] = '\0';
	expect_refused(words, "too long");
	words[191] = '\0';
	expect_refused(words, "FIELD=NEW or FIELD:OLD=NEW");
}

Test(rewrite, an_unknown_field_is_told_the_known_ones)
{
	static const char *const bad[] = {"=1", "ttl=1", "src-ip =10.0.0.1", "SRC-IP=10.0.0.1",
	                                  "ip4:10.0.0.1=10.0.0.2"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "src-mac, dst-mac, mac, vlan");
}

Test(rewrite, both_ends_become_nothing_without_saying_from_what)
{
	expect_refused("ip=10.0.0.1", "src-ip=, dst-ip= or ip:OLD=");
	expect_refused("mac=02:00:00:00:00:01", "src-mac=");
	expect_refused("port=1", "src-port=");
}

Test(rewrite, a_mac_has_six_parts)
{
	static const char *const bad[] = {"",
	                                  "02:00:00:00:00",
	                                  "02:00:00:00:00:0g",
	                                  "02:00:00:00:00:011",
	                                  "2:00:00:00:00:001",
	                                  "02:00:00:00:00:01:",
	                                  "02:00:00:00:00:",
	                                  "02: 0:00:00:00:01",
	                                  "02-00-00-00-00-01",
	                                  "02:00:00:00:00:01 ",
	                                  "::::::::::::::::1",
	                                  "10.0.0.1"};
	char rule[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(rule, sizeof(rule), "src-mac=%s", bad[i]);
		expect_refused(rule, "no MAC address");
		snprintf(rule, sizeof(rule), "src-mac:%s=02:00:00:00:00:01", bad[i]);
		expect_refused(rule, "no MAC address");
	}
}

Test(rewrite, a_vlan_is_a_number_up_to_4094)
{
	static const char *const bad[] = {
	        "vlan=4095",   "vlan=4096", "vlan=-1",      "vlan=",   "vlan=x",       "vlan=None",
	        "vlan:4095=1", "vlan:=1",   "vlan=1000000", "vlan= 1", "vlan:1=none ", "vlan=0x1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "from 0 to 4094, or none");
}

Test(rewrite, a_port_is_a_number_from_1_to_65535)
{
	static const char *const bad[] = {
	        "src-port=0", "src-port=65536", "dst-port=",  "dst-port=http",
	        "port:0=1",   "port:1=65536",   "src-port=+1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(bad[i], "from 1 to 65535");
}

Test(rewrite, an_address_is_one_and_stays_of_its_family)
{
	expect_refused("src-ip=", "no IPv4 or IPv6 address");
	expect_refused("src-ip=10.0.0", "no IPv4 or IPv6 address");
	expect_refused("src-ip=[::1]", "no IPv4 or IPv6 address");
	expect_refused("src-ip=host", "no IPv4 or IPv6 address");
	expect_refused("src-ip:=10.0.0.1", "no IPv4 or IPv6 address");
	expect_refused("src-ip:a=b=10.0.0.1", "no IPv4 or IPv6 address");
	expect_refused("ip:10.0.0.1=::1", "cannot become IPv6");
	expect_refused("ip:::1=10.0.0.1", "cannot become IPv6");
}

Test(rewrite, a_prefix_fits_its_address_and_the_other_side)
{
	expect_refused("src-ip:10.0.0.0/33=11.0.0.0/33", "from 0 to 32 bits, and not '33'");
	expect_refused("src-ip:fd00::/129=fd01::/129", "from 0 to 128 bits, and not '129'");
	expect_refused("src-ip=10.0.0.0/", "from 0 to 32 bits, and not ''");
	expect_refused("src-ip=10.0.0.0/8/8", "and not '8/8'");
	expect_refused("src-ip=10.0.0.0/-1", "and not '-1'");
	expect_refused("src-ip:10.0.0.0/8=11.0.0.0/16", "of the same length");
	expect_refused("src-ip:10.0.0.0/16=11.0.0.0/8", "of the same length");
	expect_refused("src-ip:10.0.0.1=11.0.0.0/8", "of the same length");
	expect_refused("src-ip:10.0.0.1/8=11.0.0.0/8", "leave out /8");
	expect_refused("src-ip:fd00::1/64=fd01::/64", "leave out /64");
}

Test(rewrite, a_rule_behind_one_that_takes_all_is_refused)
{
	set_rules("src-ip=192.0.2.1");
	expect_refused("src-ip:10.0.0.1=192.0.2.2", "would never be used");
	expect_refused("src-ip=192.0.2.2", "would never be used");
	set_rules("src-ip=192.0.2.1 ip:10.0.0.1=192.0.2.2 src-ip=fd00::1");
	expect_refused("dst-ip:10.0.0.1=192.0.2.3", "would never be used");
	set_rules("dst-ip:10.0.0.0/8=11.0.0.0/8 dst-ip:10.0.0.0/7=12.0.0.0/7");
	expect_refused("dst-ip:10.1.0.0/16=12.0.0.0/16", "would never be used");
	set_rules("dst-ip:10.1.0.0/16=12.0.0.0/16 dst-ip:10.0.0.0/8=11.0.0.0/8");
}

Test(rewrite, there_is_room_for_so_many_rules)
{
	char rule[32];

	rewrite = (struct wt_rewrite){0};
	for (int i = 0; i < WT_REWRITE_RULES_MAX; i++) {
		snprintf(rule, sizeof(rule), "port:%d=%d", i + 1, i + 2001);
		cr_assert(eq(int, wt_rewrite_add(&rewrite, rule, &err), 0));
	}
	cr_expect(eq(int, wt_rewrite_add(&rewrite, "dst-mac=02:00:00:00:00:01", &err), -ENOSPC));
	cr_expect(strstr(err.text, "one rule too many") != NULL, "%s", err.text);
	build(&udp4);
	put_16(transport, 64);
	put_16(checksum, right_checksum());
	wt_rewrite_apply(&rewrite, &frame, &counts);
	cr_expect_str_eq(described(), MACS "10.0.0.1>10.0.0.2 2064>2000");
}
