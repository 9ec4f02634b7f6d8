/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wiretape/archive/compare/compare.h>

#include "support/unit.h"

#define SECOND_NS INT64_C(1000000000)

enum { ETHERNET = 1, RAW = 101, NULL_LINK = 0, SLL = 113, SLL2 = 276, WIFI = 105 };

static struct wt_compare_config config;
static struct wt_compare *compare;
static struct wt_compare_result result;
static struct wt_error err;
static uint8_t bytes[2048];

static void set_up(void)
{
	config = (struct wt_compare_config){.seed = {1, 2}};
}

static void tear_down(void)
{
	wt_compare_destroy(compare);
}

TestSuite(compare, .init = set_up, .fini = tear_down);

static void begin(void)
{
	if (!compare)
		cr_assert(eq(int, wt_compare_create(&compare, &config, &err), 0), "%s", err.text);
}

static void add(char side, struct wt_compare_packet packet)
{
	int rc;

	begin();
	if (!packet.len)
		packet.len = packet.caplen;
	rc = side == 'a' ? wt_compare_add_a(compare, &packet, &err)
	                 : wt_compare_add_b(compare, &packet, &err);
	cr_assert(eq(int, rc, 0), "%s", err.text);
}

/* A packet whose content is one letter. */
static void add_letter(char side, char letter, int64_t stamp_ns)
{
	uint8_t frame[64] = {[12] = 0x12, [63] = (uint8_t)letter};

	add(side, (struct wt_compare_packet){.data = frame,
	                                     .caplen = sizeof(frame),
	                                     .stamp_ns = stamp_ns,
	                                     .has_stamp = true,
	                                     .link_type = ETHERNET});
}

static void add_letters(char side, const char *letters)
{
	for (int64_t i = 0; letters[i]; i++)
		add_letter(side, letters[i], i * 1000);
}

static uint64_t count(enum wt_compare_difference difference)
{
	return result.differences[difference].count;
}

/* "matched lost doubled extra reordered". */
static const char *counts(void)
{
	static char text[128];

	begin();
	wt_compare_finish(compare, &result);
	snprintf(text, sizeof(text), "%llu %llu %llu %llu %llu", (unsigned long long)result.matched,
	         (unsigned long long)count(WT_COMPARE_LOST),
	         (unsigned long long)count(WT_COMPARE_DOUBLED),
	         (unsigned long long)count(WT_COMPARE_EXTRA),
	         (unsigned long long)count(WT_COMPARE_REORDERED));
	cr_expect(eq(u64, result.matched + count(WT_COMPARE_LOST), result.a.packets));
	cr_expect(eq(u64, result.matched + count(WT_COMPARE_DOUBLED) + count(WT_COMPARE_EXTRA),
	             result.b.packets));
	return text;
}

static void expect_counts(const char *a, const char *b, const char *expected)
{
	wt_compare_destroy(compare);
	compare = NULL;
	begin();
	add_letters('a', a);
	add_letters('b', b);
	cr_expect_str_eq(counts(), expected, "%s and %s: %s", a, b, counts());
}

/* ---- matching ---- */

Test(compare, what_is_the_same_matches)
{
	expect_counts("abcdef", "abcdef", "6 0 0 0 0");
	cr_expect(eq(u64, result.longest_loss, 0));
	cr_expect(eq(u64, result.displacement, 0));
}

Test(compare, nothing_and_one_packet)
{
	expect_counts("", "", "0 0 0 0 0");
	expect_counts("a", "", "0 1 0 0 0");
	expect_counts("", "a", "0 0 0 1 0");
	expect_counts("a", "a", "1 0 0 0 0");
	cr_expect(eq(u64, result.timing.packets, 1));
	cr_expect(eq(i64, result.timing.lasted_a_ns, 0));
	cr_expect(eq(u64, result.timing.gap_error.count, 0));
}

Test(compare, lost_doubled_extra_and_reordered)
{
	expect_counts("abcdef", "abdf", "4 2 0 0 0");
	expect_counts("abc", "abbbc", "3 0 2 0 0");
	expect_counts("abc", "axbyc", "3 0 0 2 0");
	expect_counts("abcde", "abdec", "5 0 0 0 1");
	expect_counts("abcdef", "xbaaf", "3 3 1 1 1");
}

Test(compare, packets_that_are_the_same_match_first_to_first)
{
	expect_counts("abab", "abab", "4 0 0 0 0");
	expect_counts("aaaa", "aaaa", "4 0 0 0 0");
	expect_counts("aaaa", "aaaaaa", "4 0 2 0 0");
	expect_counts("aaaa", "aa", "2 2 0 0 0");
	/* It is the last ones that are lost, and so none of B is late. */
	cr_expect(eq(u64, result.longest_loss_from, 3));
	expect_counts("abaca", "aaabc", "5 0 0 0 2");
}

Test(compare, what_is_doubled_is_not_reordered)
{
	expect_counts("abc", "abca", "3 0 1 0 0");
}

Test(compare, reordered_is_what_lies_below_the_highest_so_far)
{
	expect_counts("abcdef", "fabcde", "6 0 0 0 5");
	cr_expect(eq(u64, result.displacement, 5));
	expect_counts("abcdef", "bcdefa", "6 0 0 0 1");
	cr_expect(eq(u64, result.displacement, 5));
	expect_counts("abcdef", "badcfe", "6 0 0 0 3");
	cr_expect(eq(u64, result.displacement, 1));
	expect_counts("abcd", "dcba", "4 0 0 0 3");
	cr_expect(eq(u64, result.displacement, 3));
}

Test(compare, longest_loss_is_the_first_of_the_longest)
{
	expect_counts("abcdefghi", "adgi", "4 5 0 0 0");
	cr_expect(eq(u64, result.longest_loss, 2));
	cr_expect(eq(u64, result.longest_loss_from, 2));
	expect_counts("abcdefghi", "abc", "3 6 0 0 0");
	cr_expect(eq(u64, result.longest_loss, 6));
	cr_expect(eq(u64, result.longest_loss_from, 4));
}

Test(compare, examples_say_where)
{
	const struct wt_compare_example *example;

	expect_counts("abcdefghijklmnop", "cbbxyz", "2 14 1 3 1");
	example = &result.differences[WT_COMPARE_LOST].examples[1];
	cr_expect(eq(u64, example->number_a, 4));
	cr_expect(eq(u64, example->number_b, 0));
	cr_expect(eq(i64, example->stamp_ns, 3000));
	cr_expect(example->has_stamp);
	/* The first ones, and no more. */
	example = &result.differences[WT_COMPARE_LOST].examples[WT_COMPARE_EXAMPLES - 1];
	cr_expect(eq(u64, example->number_a, WT_COMPARE_EXAMPLES + 2));
	example = &result.differences[WT_COMPARE_DOUBLED].examples[0];
	cr_expect(eq(u64, example->number_a, 2));
	cr_expect(eq(u64, example->number_b, 3));
	cr_expect(eq(i64, example->stamp_ns, 2000));
	example = &result.differences[WT_COMPARE_EXTRA].examples[2];
	cr_expect(eq(u64, example->number_a, 0));
	cr_expect(eq(u64, example->number_b, 6));
	example = &result.differences[WT_COMPARE_REORDERED].examples[0];
	cr_expect(eq(u64, example->number_a, 2));
	cr_expect(eq(u64, example->number_b, 2));
}

static void add_number(char side, uint32_t number)
{
	uint8_t frame[100] = {[12] = 0x12};

	memcpy(frame + 50, &number, sizeof(number));
	add(side, (struct wt_compare_packet){.data = frame,
	                                     .caplen = sizeof(frame),
	                                     .stamp_ns = number,
	                                     .has_stamp = true,
	                                     .link_type = ETHERNET});
}

Test(compare, grows_with_its_packets)
{
	/* Each is there twice, and in B the thousandth of them are missing. */
	for (uint32_t i = 0; i < 200000; i++)
		add_number('a', i / 2);
	for (uint32_t i = 0; i < 200000; i++)
		if (i % 1000)
			add_number('b', i / 2);
	cr_expect_str_eq(counts(), "199800 200 0 0 0", "%s", counts());
}

Test(compare, a_packet_of_a_after_one_of_b_is_refused)
{
	const struct wt_compare_packet packet = {.data = bytes, .caplen = 60, .len = 60};

	add_letters('b', "a");
	cr_expect(eq(int, wt_compare_add_a(compare, &packet, &err), -EINVAL));
}

Test(compare, wrong_settings_are_refused)
{
	config.speed = -1;
	cr_expect(eq(int, wt_compare_create(&compare, &config, &err), -EINVAL));
	config.speed = 1 / 0.0;
	cr_expect(eq(int, wt_compare_create(&compare, &config, &err), -EINVAL));
	config.speed = 0;
	config.tolerance_ns = -1;
	cr_expect(eq(int, wt_compare_create(&compare, &config, &err), -EINVAL));
	cr_expect(compare == NULL);
}

/* ---- times ---- */

/* A's packets come each second, B's at these times later. */
static void add_late(const int64_t *late_ns, size_t packets)
{
	for (size_t i = 0; i < packets; i++)
		add_letter('a', (char)i, (int64_t)i * SECOND_NS);
	for (size_t i = 0; i < packets; i++)
		add_letter('b', (char)i, (int64_t)i * SECOND_NS + late_ns[i]);
	wt_compare_finish(compare, &result);
}

static const struct wt_compare_timing *timing = &result.timing;

Test(compare, difference_is_exact)
{
	static const int64_t late_ns[] = {5, 1, -7, 3, 100};

	add_late(late_ns, 5);
	cr_expect(eq(i64, timing->min_ns, -7));
	cr_expect(eq(i64, timing->mean_ns, 20));
	cr_expect(eq(i64, timing->p50_ns, 3));
	cr_expect(eq(i64, timing->p99_ns, 100));
	cr_expect(eq(i64, timing->max_ns, 100));
	cr_expect(eq(i64, timing->lasted_a_ns, 4 * SECOND_NS));
	cr_expect(eq(i64, timing->lasted_b_ns, 4 * SECOND_NS + 95));
}

Test(compare, the_mean_is_rounded_to_the_nearest)
{
	static const struct {
		int64_t late_ns[4];
		size_t packets;
		int64_t mean_ns;
	} cases[] = {
	        {{0, 1}, 2, 1},       {{0, 0, 1}, 3, 0},     {{0, 1, 1}, 3, 1},
	        {{-1, -2}, 2, -1},    {{-1, -1, -2}, 3, -1}, {{-1, -2, -2}, 3, -2},
	        {{0, 0, 0, 2}, 4, 1}, {{0, 0, 0, 1}, 4, 0},  {{7}, 1, 7},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wt_compare_destroy(compare);
		compare = NULL;
		add_late(cases[i].late_ns, cases[i].packets);
		cr_expect(eq(i64, timing->mean_ns, cases[i].mean_ns), "case %zu", i);
	}
}

Test(compare, percentiles_of_many_differences_are_exact)
{
	enum { MANY = 3001 };

	/* All numbers up to there in a disorder, times a number that spreads them over 43 bits. */
	for (uint32_t i = 0; i < MANY; i++)
		add_number('a', i);
	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t frame[100] = {[12] = 0x12};

		memcpy(frame + 50, &i, sizeof(i));
		add('b', (struct wt_compare_packet){
		                 .data = frame,
		                 .caplen = sizeof(frame),
		                 .stamp_ns = i + (int64_t)(i * 1009 % MANY) * 2718281828,
		                 .has_stamp = true,
		                 .link_type = ETHERNET,
		         });
	}
	wt_compare_finish(compare, &result);
	cr_expect(eq(i64, timing->min_ns, 0));
	cr_expect(eq(i64, timing->p50_ns, 1500 * INT64_C(2718281828)));
	cr_expect(eq(i64, timing->p99_ns, 2970 * INT64_C(2718281828)));
	cr_expect(eq(i64, timing->max_ns, 3000 * INT64_C(2718281828)));
}

Test(compare, reference_is_what_was_asked_for)
{
	static const int64_t late_ns[] = {50, 10, 20, 30, 40, 60};
	static const struct {
		enum wt_compare_align align;
		int64_t reference_ns, max_error_ns;
	} cases[] = {
	        {WT_COMPARE_ALIGN_MEDIAN, 30, 30},
	        {WT_COMPARE_ALIGN_FIRST, 50, 40},
	        {WT_COMPARE_ALIGN_MIN, 10, 50},
	        {WT_COMPARE_ALIGN_NONE, 0, 60},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wt_compare_destroy(compare);
		compare = NULL;
		config.align = cases[i].align;
		add_late(late_ns, 6);
		cr_expect(eq(i64, timing->reference_ns, cases[i].reference_ns), "%s",
		          wt_compare_align_name(config.align));
		cr_expect(eq(i64, timing->error.max_ns, cases[i].max_error_ns), "%s",
		          wt_compare_align_name(config.align));
		cr_expect(eq(u64, timing->error.count, 6));
	}
}

Test(compare, errors_above_the_tolerance_are_counted)
{
	static const int64_t late_ns[] = {0, 10, -10, 11, -11, 0, 0};

	config.tolerance_ns = 10;
	add_late(late_ns, 7);
	cr_expect(eq(u64, timing->over_tolerance, 2));
}

Test(compare, huge_and_negative_differences_keep_their_nanoseconds)
{
	static const int64_t year_ns = 365 * 86400 * SECOND_NS;

	for (int sign = -1; sign <= 1; sign += 2) {
		const int64_t late_ns[] = {sign * year_ns, sign * year_ns + 3, sign * year_ns - 2};

		wt_compare_destroy(compare);
		compare = NULL;
		add_late(late_ns, 3);
		cr_expect(eq(i64, timing->reference_ns, sign * year_ns));
		cr_expect(eq(i64, timing->mean_ns, sign * year_ns));
		cr_expect(eq(i64, timing->error.max_ns, 3));
		cr_expect(eq(i64, timing->gap_error.max_ns, 5));
	}
}

Test(compare, differences_that_no_number_holds_are_the_nearest_one)
{
	add_letter('a', 'a', INT64_MIN);
	add_letter('a', 'b', INT64_MAX);
	add_letter('b', 'a', INT64_MAX);
	add_letter('b', 'b', INT64_MIN);
	wt_compare_finish(compare, &result);
	cr_expect(eq(i64, timing->min_ns, INT64_MIN));
	cr_expect(eq(i64, timing->max_ns, INT64_MAX));
	cr_expect(eq(i64, timing->p50_ns, INT64_MIN));
	cr_expect(eq(i64, timing->error.max_ns, INT64_MAX));
	cr_expect(eq(i64, timing->lasted_a_ns, INT64_MAX));
	cr_expect(eq(i64, timing->lasted_b_ns, INT64_MIN));
}

Test(compare, gap_errors_are_of_neighbours_that_both_arrived_in_order)
{
	/* Of a to f, b is lost and e late: only c and d are left side by side. */
	add_letters('a', "abcdef");
	add_letter('b', 'a', 0);
	add_letter('b', 'c', 2000);
	add_letter('b', 'd', 3070);
	add_letter('b', 'f', 5000);
	add_letter('b', 'e', 5001);
	wt_compare_finish(compare, &result);
	cr_expect(eq(u64, timing->gap_error.count, 1));
	cr_expect(eq(i64, timing->gap_error.max_ns, 70));
	cr_expect(eq(u64, timing->error.count, 5));
}

Test(compare, lasted_is_from_the_first_to_the_last_of_a_whenever_they_came)
{
	add_letters('a', "abcde");
	add_letter('b', 'd', 7000);
	add_letter('b', 'b', 9000);
	add_letter('b', 'c', 9500);
	wt_compare_finish(compare, &result);
	cr_expect(eq(i64, timing->lasted_a_ns, 2000));
	cr_expect(eq(i64, timing->lasted_b_ns, -2000));
}

Test(compare, speed_scales_the_times_of_a)
{
	config.speed = 2.5;
	for (int i = 0; i < 5; i++)
		add_letter('a', (char)i, 7 * SECOND_NS + i * SECOND_NS);
	for (int i = 0; i < 5; i++)
		add_letter('b', (char)i, 9 * SECOND_NS + i * SECOND_NS * 2 / 5);
	wt_compare_finish(compare, &result);
	cr_expect(eq(i64, timing->reference_ns, 2 * SECOND_NS));
	cr_expect(eq(i64, timing->error.max_ns, 0));
	cr_expect(eq(i64, timing->gap_error.max_ns, 0));
	cr_expect(eq(i64, timing->lasted_a_ns, 4 * SECOND_NS * 2 / 5));
	cr_expect(eq(i64, timing->lasted_b_ns, timing->lasted_a_ns));
}

Test(compare, speed_rounds_times_before_1970_to_the_nearest_ns_too)
{
	config.speed = 4;
	add_letter('a', 'x', -1000);
	add_letter('a', 'y', -989); /* 2.75 ns later */
	add_letter('b', 'x', 0);
	add_letter('b', 'y', 3);
	wt_compare_finish(compare, &result);
	cr_expect(eq(i64, timing->reference_ns, 1000));
	cr_expect(eq(i64, timing->lasted_a_ns, 3));
	cr_expect(eq(i64, timing->error.max_ns, 0));
}

Test(compare, packets_without_stamps_match_and_have_no_times)
{
	struct wt_compare_packet packet = {
	        .data = bytes, .caplen = 100, .stamp_ns = 5, .link_type = ETHERNET};

	for (char side = 'a'; side <= 'b'; side++)
		for (uint8_t i = 0; i < 4; i++) {
			bytes[70] = i;
			packet.has_stamp = i != (side == 'a' ? 1 : 2);
			add(side, packet);
		}
	cr_expect_str_eq(counts(), "4 0 0 0 0", "%s", counts());
	cr_expect(eq(u64, timing->packets, 2));
	cr_expect(eq(u64, timing->gap_error.count, 0));
	cr_expect(eq(u64, result.a.unstamped, 1));
	cr_expect(eq(u64, result.b.unstamped, 1));
}

/* ---- what counts ---- */

/* An Ethernet, IPv4 and UDP packet with `payload` bytes of 1, in `bytes`; its length. */
static uint32_t build_udp(size_t payload)
{
	static const uint8_t headers[42] = {
	        1,    2,    3,    4,    5, 6, 7,    8,    9,  0xa, 0xb,  0xc,  8,  0, /* Ethernet */
	        0x45, 0,    0,    0,    0, 1, 0,    0,    64, 17,  0xaa, 0xbb, 10, 0, /* IPv4 */
	        0,    1,    10,   0,    0, 2,                                         /* … */
	        0x10, 0x00, 0x20, 0x00, 0, 0, 0xcc, 0xdd,                             /* UDP */
	};
	size_t ip = payload + 28, udp = payload + 8;

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, headers, sizeof(headers));
	bytes[16] = (uint8_t)(ip >> 8);
	bytes[17] = (uint8_t)ip;
	bytes[38] = (uint8_t)(udp >> 8);
	bytes[39] = (uint8_t)udp;
	memset(bytes + 42, 1, payload);
	return (uint32_t)(42 + payload);
}

static void add_bytes(char side, const uint8_t *data, uint32_t caplen, uint32_t len,
                      uint16_t link_type)
{
	add(side, (struct wt_compare_packet){
	                  .data = data, .caplen = caplen, .len = len, .link_type = link_type});
}

/* Whether the packets that were added are all the same. */
static void expect_same(bool same, const char *what)
{
	counts();
	cr_expect(eq(int, result.matched == result.a.packets && result.matched == result.b.packets,
	             same),
	          "%s: %s", what, counts());
	wt_compare_destroy(compare);
	compare = NULL;
}

static void expect_padding(uint32_t bare, uint32_t padded, bool same, const char *what)
{
	add_bytes('a', bytes, bare, bare, ETHERNET);
	add_bytes('b', bytes, padded, padded, ETHERNET);
	expect_same(same, what);
	add_bytes('a', bytes, padded, padded, ETHERNET);
	add_bytes('b', bytes, bare, bare, ETHERNET);
	expect_same(same, what);
}

Test(compare, padding_of_short_frames_does_not_count)
{
	uint32_t bare = build_udp(4);

	expect_padding(bare, 60, true, "IPv4");
	/* Some cards pad with what was in their memory. */
	memset(bytes + bare, 0x77, 20);
	expect_padding(bare, 60, true, "IPv4 with anything behind");
	memset(bytes, 0, 64);
	memcpy(bytes + 12, (uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, 10);
	memset(bytes + 42, 0x77, 18);
	expect_padding(42, 60, true, "ARP");
	memset(bytes + 12, 0, 50);
	bytes[13] = 20;
	memset(bytes + 14, 5, 40);
	expect_padding(34, 60, true, "802.3 with a length");
	memset(bytes, 0, 64);
	memcpy(bytes + 12, (uint8_t[]){0x88, 0xcc, 2, 0, 3}, 5);
	expect_padding(17, 60, true, "another protocol with zeros behind");
	bytes[59] = 1;
	expect_padding(17, 60, false, "another protocol with more than zeros behind");
}

Test(compare, padding_behind_vlan_tags)
{
	uint32_t bare = build_udp(4) + 4;

	memmove(bytes + 16, bytes + 12, 40);
	memcpy(bytes + 12, (uint8_t[]){0x81, 0, 0, 7}, 4);
	expect_padding(bare, 60, true, "up to 60");
	expect_padding(bare, 64, true, "up to 64");
	expect_padding(60, 64, true, "60 and 64");
	expect_padding(64, 65, false, "larger than any padding");
}

Test(compare, bytes_behind_larger_datagrams_count)
{
	uint32_t bare = build_udp(30);

	expect_padding(bare, bare + 4, false, "a trailer");
}

Test(compare, payload_counts_in_short_frames)
{
	uint32_t len = build_udp(4);
	uint8_t other[64];

	memcpy(other, bytes, len);
	other[45] ^= 1;
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', other, len, len, ETHERNET);
	expect_same(false, "another byte");
}

/* Packets of the same lengths. */
static void expect_both(const uint8_t *other, uint32_t caplen, uint32_t len, bool same,
                        const char *what)
{
	add_bytes('a', bytes, caplen, len, ETHERNET);
	add_bytes('b', other, caplen, len, ETHERNET);
	expect_same(same, what);
}

/* Datagrams that say where they end. */
static const struct {
	const char *what;
	uint8_t start[9]; /* from Ethernet's type or length on */
	uint32_t bytes;   /* of the frame without padding */
	uint32_t known;   /* from this many on it can be seen */
} ended[] = {
        {"IPv4", {8, 0, 0x45, 0, 0, 30}, 44, 18},
        {"IPv6", {0x86, 0xdd, 0x60, 0, 0, 0, 0, 3, 59}, 57, 21},
        {"IPv6 without anything behind", {0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 59}, 54, 21},
        {"IPv6 with a header per hop", {0x86, 0xdd, 0x60, 0, 0, 0, 0, 3, 0}, 57, 21},
        {"ARP", {8, 6, 0, 1, 8, 0, 6, 4}, 42, 20},
        {"ARP between short addresses", {8, 6, 0, 9, 8, 0, 2, 1}, 28, 20},
        {"802.3", {0, 9, 0x42, 0x42, 3}, 23, 14},
};

static void build_ended(size_t i)
{
	memset(bytes, 0x55, 100);
	memcpy(bytes + 12, ended[i].start, sizeof(ended[i].start));
}

Test(compare, a_datagram_ends_where_it_says)
{
	uint8_t other[100];

	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		build_ended(i);
		expect_padding(ended[i].bytes, 60, true, ended[i].what);
		memcpy(other, bytes, sizeof(other));
		memset(other + ended[i].bytes, 0x77, 60 - ended[i].bytes);
		expect_both(other, 60, 60, true, ended[i].what);
		other[ended[i].bytes - 1] ^= 1;
		expect_both(other, 60, 60, false, ended[i].what);
	}
}

Test(compare, where_a_cut_datagram_ends_is_known_from_its_length)
{
	static const enum wt_compare_scope scopes[] = {WT_COMPARE_FRAME, WT_COMPARE_NETWORK};

	for (size_t i = 0; i < 2 * sizeof(ended) / sizeof(ended[0]); i++) {
		uint32_t bare = ended[i / 2].bytes;

		config.content.scope = scopes[i % 2];
		build_ended(i / 2);
		for (uint32_t caplen = 14; caplen < bare; caplen++) {
			char what[80];

			snprintf(what, sizeof(what), "%s cut to %u", ended[i / 2].what, caplen);
			add_bytes('a', bytes, caplen, bare, ETHERNET);
			add_bytes('b', bytes, caplen, 60, ETHERNET);
			expect_same(caplen >= ended[i / 2].known, what);
		}
	}
}

Test(compare, a_jumbogram_does_not_say_in_its_header_where_it_ends)
{
	uint8_t other[100];

	memset(bytes, 0, 100);
	memcpy(bytes + 12, (uint8_t[]){0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 0, 64}, 10);
	memset(bytes + 54, 5, 4);
	expect_padding(58, 60, true, "zeros behind");
	memcpy(other, bytes, sizeof(other));
	other[57] = 6;
	expect_both(other, 60, 60, false, "another payload");
}

Test(compare, zeros_alone_are_padding_and_nothing_is_cut)
{
	static const enum wt_compare_scope scopes[] = {WT_COMPARE_FRAME, WT_COMPARE_NETWORK,
	                                               WT_COMPARE_PAYLOAD};
	uint8_t other[64];

	for (size_t i = 0; i < 3; i++) {
		config.content.scope = scopes[i];
		memset(bytes, 0, 64);
		bytes[12] = 0x90;
		expect_padding(14, 60, true, "zeros");
		add_bytes('a', bytes, 60, 60, ETHERNET);
		add_bytes('b', bytes, 14, 14, ETHERNET);
		counts();
		cr_expect(eq(u64, result.a.cut + result.b.cut, 0));
		expect_same(true, "zeros");
		memset(other, 0, sizeof(other));
		other[12] = 0x90;
		other[13] = 1;
		expect_both(other, 60, 60, false, "another type");
		/* Bytes in memory behind the packet are not of it. */
		memset(bytes + 60, 0x77, 4);
		bytes[20] = 1;
		memcpy(other, bytes, sizeof(other));
		other[20] = 2;
		expect_both(other, 60, 60, false, "another last byte");
		expect_both(other, 21, 21, false, "another last byte without padding");
		memset(bytes + 21, 0x77, 43);
		add_bytes('a', bytes, 21, 21, ETHERNET);
		memset(bytes + 21, 0, 43);
		add_bytes('b', bytes, 60, 60, ETHERNET);
		expect_same(true, "something behind the packet in memory");
	}
}

Test(compare, of_beginnings_within_the_link_header_padding_does_not_count)
{
	memset(bytes, 0, 64);
	memcpy(bytes, (uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x90, 1, 5}, 15);
	for (uint32_t n = 1; n < 14; n++) {
		config.content.bytes = n;
		expect_padding(15, 60, true, "a short frame");
		expect_padding(60, 61, false, "larger than any padding");
	}
}

Test(compare, without_the_link_layer_trailers_do_not_count)
{
	static const enum wt_compare_scope scopes[] = {WT_COMPARE_NETWORK, WT_COMPARE_PAYLOAD};

	for (size_t i = 0; i < 2; i++) {
		config.content.scope = scopes[i];
		for (int protocol = 1; protocol <= 17; protocol++) {
			build_udp(100);
			bytes[23] = (uint8_t)protocol;
			bytes[46] = 0x50; /* TCP's length */
			memset(bytes + 142, 0x77, 4);
			expect_padding(142, 146, true, "a trailer");
		}
	}
}

Test(compare, without_the_link_layer_link_types_mix)
{
	static const struct {
		uint16_t link_type;
		uint8_t header[20];
		uint32_t bytes;
	} links[] = {
	        {ETHERNET, {[0] = 9, [12] = 8}, 14},
	        {ETHERNET, {[12] = 0x81, 0, 0, 5, 8, 0}, 18},
	        {RAW, {0}, 0},
	        {NULL_LINK, {2}, 4},
	        {SLL, {[14] = 8}, 16},
	        {SLL2, {8}, 20},
	};
	uint32_t len = build_udp(100) - 14;
	uint8_t frame[256];

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		memcpy(frame, links[i].header, links[i].bytes);
		memcpy(frame + links[i].bytes, bytes + 14, len);
		config.content.scope = WT_COMPARE_NETWORK;
		add_bytes('a', bytes, len + 14, len + 14, ETHERNET);
		add_bytes('b', frame, links[i].bytes + len, links[i].bytes + len,
		          links[i].link_type);
		expect_same(true, "without the link layer");
		config.content.scope = WT_COMPARE_FRAME;
		add_bytes('a', bytes, len + 14, len + 14, ETHERNET);
		add_bytes('b', frame, links[i].bytes + len, links[i].bytes + len,
		          links[i].link_type);
		expect_same(false, "with the link layer");
	}
}

Test(compare, unknown_link_types_count_whole_or_not_at_all)
{
	const struct wt_compare_packet packet = {
	        .data = bytes, .caplen = 60, .len = 60, .link_type = WIFI};

	add_bytes('a', bytes, 60, 60, WIFI);
	add_bytes('b', bytes, 60, 60, WIFI);
	expect_same(true, "whole");
	config.content.scope = WT_COMPARE_NETWORK;
	begin();
	cr_expect(eq(int, wt_compare_add_a(compare, &packet, &err), -ENOTSUP));
	cr_expect(strstr(err.text, "link type 105") != NULL, "%s", err.text);
}

Test(compare, without_ttl_routers_change_nothing)
{
	static const enum wt_compare_scope scopes[] = {WT_COMPARE_FRAME, WT_COMPARE_NETWORK};
	uint32_t len = build_udp(100);
	uint8_t other[256];

	for (size_t i = 0; i < 4; i++) {
		config.content.scope = scopes[i / 2];
		config.content.ignore_ttl = i % 2;
		memcpy(other, bytes, len);
		other[22]--;       /* time to live */
		other[24] ^= 0x5a; /* checksum */
		other[25] ^= 0xa5;
		add_bytes('a', bytes, len, len, ETHERNET);
		add_bytes('b', other, len, len, ETHERNET);
		expect_same(i % 2, "hop");
		/* What surrounds it counts. */
		for (size_t at = 21; at <= 26; at++) {
			if (at == 22 || at == 24 || at == 25)
				continue;
			memcpy(other, bytes, len);
			other[at] ^= 1;
			add_bytes('a', bytes, len, len, ETHERNET);
			add_bytes('b', other, len, len, ETHERNET);
			expect_same(false, "neighbours");
		}
	}
}

Test(compare, without_hop_limit)
{
	uint8_t other[54] = {0};

	memset(bytes, 0, 54);
	memcpy(bytes + 12, (uint8_t[]){0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 59, 64}, 10);
	memcpy(other, bytes, 54);
	other[21] = 63;
	config.content.ignore_ttl = true;
	add_bytes('a', bytes, 54, 54, ETHERNET);
	add_bytes('b', other, 54, 54, ETHERNET);
	expect_same(true, "hop limit");
	other[20] = 60;
	add_bytes('a', bytes, 54, 54, ETHERNET);
	add_bytes('b', other, 54, 54, ETHERNET);
	expect_same(false, "next header");
}

Test(compare, of_udp_only_ports_and_payload)
{
	uint32_t len = build_udp(10);
	uint8_t other[64];

	config.content.scope = WT_COMPARE_PAYLOAD;
	memcpy(other, bytes, len);
	memset(other, 0xee, 6);
	other[18] = 9;  /* identification */
	other[29] = 77; /* source */
	other[41] ^= 1; /* checksum */
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', other, len, len, ETHERNET);
	expect_same(true, "other addresses");
	for (uint32_t at = 34; at < 38; at++) {
		memcpy(other, bytes, len);
		other[at] ^= 1;
		add_bytes('a', bytes, len, len, ETHERNET);
		add_bytes('b', other, len, len, ETHERNET);
		expect_same(false, "other ports");
	}
	memcpy(other, bytes, len);
	other[len - 1] ^= 1;
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', other, len, len, ETHERNET);
	expect_same(false, "another payload");
}

/* Ethernet, IPv4, TCP with a header of 24 bytes, and 10 of payload. */
static uint32_t build_tcp(void)
{
	build_udp(26);
	bytes[23] = 6;
	memset(bytes + 38, 0, 26);
	bytes[46] = 0x60;
	memset(bytes + 58, 7, 10);
	return 68;
}

Test(compare, of_tcp_only_ports_and_payload)
{
	uint32_t len = build_tcp();
	uint8_t other[80];

	bytes[17] = 54;
	config.content.scope = WT_COMPARE_PAYLOAD;
	memcpy(other, bytes, len);
	other[40] = 5;  /* sequence number */
	other[50] = 5;  /* checksum */
	other[56] = 66; /* an option */
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', other, len, len, ETHERNET);
	expect_same(true, "another header");
	for (uint32_t at = 34; at < 38; at++) {
		memcpy(other, bytes, len);
		other[at] ^= 1;
		expect_both(other, len, len, false, "another port");
	}
	memcpy(other, bytes, len);
	other[58] ^= 1;
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', other, len, len, ETHERNET);
	expect_same(false, "another payload");
}

Test(compare, of_tcp_without_payload_only_ports)
{
	uint8_t other[80];

	config.content.scope = WT_COMPARE_PAYLOAD;
	for (uint8_t header = 20; header <= 24; header += 4) {
		build_tcp();
		bytes[17] = 20 + header;
		bytes[46] = (uint8_t)(header << 2);
		memcpy(other, bytes, sizeof(other));
		other[41] ^= 1;
		expect_both(other, 34 + header, 34 + header, true, "another sequence number");
		other[37] ^= 1;
		expect_both(other, 34 + header, 34 + header, false, "another port");
	}
}

Test(compare, a_cut_tcp_header_counts_with_that_of_ip)
{
	uint32_t len = build_tcp();
	uint8_t other[80];

	bytes[17] = 54;
	config.content.scope = WT_COMPARE_PAYLOAD;
	memcpy(other, bytes, len);
	other[19] ^= 1; /* identification */
	for (uint32_t caplen = 34; caplen < len; caplen++)
		expect_both(other, caplen, len, caplen >= 34 + 20, "another IP header");
	/* So does one that has no end. */
	bytes[17] = 20 + 22;
	other[17] = 20 + 22;
	expect_both(other, 34 + 22, 34 + 22, false, "options behind the end");
	config.content.bytes = 20;
	add_bytes('a', bytes, 34 + 22, 34 + 22, ETHERNET);
	add_bytes('b', bytes, 34 + 10, 34 + 22, ETHERNET);
	expect_same(true, "the IP header alone");
}

/* Ethernet, IPv6 and TCP, of 20 bytes each of header and payload, after `extension` bytes of a
 * header with options. */
static uint32_t build_tcp_over_ipv6(uint8_t extension)
{
	uint8_t *tcp = bytes + 54 + extension;

	memset(bytes, 1, 100);
	memcpy(bytes + 12, (uint8_t[]){0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, 6, 64}, 10);
	if (extension) {
		bytes[19] += extension;
		bytes[20] = 60;
		memcpy(bytes + 54, (uint8_t[]){6, 0, 1, 4, 0, 0, 0, 0}, 8);
	}
	tcp[12] = 0x50;
	return 94 + extension;
}

Test(compare, tcp_over_ipv6_counts_alone_unless_it_has_extension_headers)
{
	uint8_t other[128];

	config.content.scope = WT_COMPARE_PAYLOAD;
	for (uint8_t extension = 0; extension <= 8; extension += 8) {
		uint32_t len = build_tcp_over_ipv6(extension);

		memcpy(other, bytes, sizeof(other));
		other[30] ^= 1; /* an address */
		expect_both(other, len, len, !extension, "another address");
		memcpy(other, bytes, sizeof(other));
		other[len - 1] ^= 1;
		expect_both(other, len, len, false, "another payload");
	}
}

Test(compare, payload_of_no_transport_counts_with_its_headers)
{
	uint8_t other[256];

	config.content.scope = WT_COMPARE_PAYLOAD;
	for (int protocol = 0; protocol < 256; protocol++) {
		uint32_t len = build_udp(100);

		if (protocol == 6 || protocol == 17)
			continue;
		bytes[23] = (uint8_t)protocol;
		memcpy(other, bytes, len);
		other[19] ^= 1;
		expect_both(other, len, len, false, "another IP header");
	}
	/* Nor does UDP of a wrong length end anywhere. */
	build_udp(100);
	bytes[46] = 0x50;
	bytes[38] = 0;
	bytes[39] = 7;
	memcpy(other, bytes, 142);
	other[19] ^= 1;
	expect_both(other, 142, 142, false, "another IP header");
}

Test(compare, of_a_payload_the_time_to_live_is_no_part)
{
	static const uint8_t protocols[] = {6, 17};
	uint8_t other[256];

	config.content.scope = WT_COMPARE_PAYLOAD;
	config.content.ignore_ttl = true;
	for (size_t i = 0; i < 2; i++) {
		uint32_t len = build_udp(100);

		bytes[23] = protocols[i];
		bytes[46] = 0x50;
		memcpy(other, bytes, len);
		other[22]--;
		expect_both(other, len, len, true, "hop");
		/* Where a header would have it. */
		for (uint32_t at = 60; at < 70; at++) {
			memcpy(other, bytes, len);
			other[at] ^= 1;
			expect_both(other, len, len, false, "another payload");
		}
	}
}

Test(compare, what_has_no_time_to_live_counts_whole)
{
	static const enum wt_compare_scope scopes[] = {WT_COMPARE_FRAME, WT_COMPARE_NETWORK};
	uint8_t other[64];

	config.content.ignore_ttl = true;
	for (size_t i = 0; i < 2; i++) {
		config.content.scope = scopes[i];
		for (uint32_t at = 14; at < 42; at++) {
			build_ended(4); /* ARP */
			memcpy(other, bytes, sizeof(other));
			expect_both(other, 42, 42, true, "the same");
			other[at] ^= 1;
			expect_both(other, 42, 42, false, "another byte");
		}
	}
}

Test(compare, fragments_count_with_their_headers)
{
	uint32_t len = build_udp(100);
	uint8_t other[256];

	config.content.scope = WT_COMPARE_PAYLOAD;
	bytes[20] = 0x20;
	memcpy(other, bytes, len);
	other[29] = 77;
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', bytes, len, len, ETHERNET);
	expect_same(true, "the same");
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', other, len, len, ETHERNET);
	expect_same(false, "another address");
	len = build_tcp();
	bytes[17] = 54;
	bytes[20] = 0x20;
	memcpy(other, bytes, len);
	other[29] = 77;
	expect_both(other, len, len, false, "another address, TCP");
}

Test(compare, captures_cut_short_match_over_their_first_bytes)
{
	uint32_t len = build_udp(200);

	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', bytes, 64, len, ETHERNET);
	counts();
	cr_expect(eq(u64, result.a.cut, 0));
	cr_expect(eq(u64, result.b.cut, 1));
	cr_expect(eq(u32, result.b.cut_min_bytes, 64));
	cr_expect(eq(u32, result.b.cut_max_bytes, 64));
	expect_same(false, "all bytes");
	config.content.bytes = 64;
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', bytes, 64, len, ETHERNET);
	counts();
	cr_expect(eq(u64, result.b.cut, 0));
	expect_same(true, "the first 64");
	/* Their lengths on the wire count all the same. */
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', bytes, 64, len - 1, ETHERNET);
	expect_same(false, "another length");
}

/* Each beginning of a frame, captured alone and as part of the whole one, also without padding. */
static void expect_beginnings(uint32_t bare, uint32_t len, uint32_t header, const char *what)
{
	for (uint32_t n = 1; header + n <= len; n++) {
		config.content.bytes = n;
		add_bytes('a', bytes, len, len, ETHERNET);
		add_bytes('b', bytes, header + n, len, ETHERNET);
		expect_same(true, what);
		add_bytes('a', bytes, header + n, len, ETHERNET);
		add_bytes('b', bytes, len, len, ETHERNET);
		expect_same(true, what);
		if (header + n < bare || n < 14)
			continue;
		add_bytes('a', bytes, bare, bare, ETHERNET);
		add_bytes('b', bytes, header + n, len, ETHERNET);
		expect_same(true, what);
	}
	config.content.bytes = len - header;
	add_bytes('a', bytes, len, len, ETHERNET);
	add_bytes('b', bytes, bare - 1, len, ETHERNET);
	expect_same(false, what);
}

Test(compare, beginnings_of_short_frames_match_whatever_they_end_in)
{
	static const enum wt_compare_scope scopes[] = {WT_COMPARE_FRAME, WT_COMPARE_NETWORK};

	for (size_t i = 0; i < 2; i++) {
		uint32_t header = i ? 14 : 0;
		uint32_t bare = build_udp(4);

		config.content.scope = scopes[i];
		bytes[45] = 0;
		expect_beginnings(bare, 60, header, "IPv4");
		memset(bytes, 0, 64);
		memcpy(bytes + 12, (uint8_t[]){0x90, 0, 1, 0}, 4);
		expect_beginnings(16, 60, header, "a protocol that nobody knows");
		bytes[40] = 1;
		expect_beginnings(60, 60, header, "with something between zeros");
		memcpy(bytes + 12, (uint8_t[]){0, 20, 5}, 3);
		expect_beginnings(34, 60, header, "802.3 with a length");
		memset(bytes, 0, 64);
		memcpy(bytes + 12, (uint8_t[]){0x81, 0, 0, 7, 0x90, 0, 1, 0}, 8);
		expect_beginnings(60, 60, header ? 18 : 0, "after a VLAN tag");
	}
}
