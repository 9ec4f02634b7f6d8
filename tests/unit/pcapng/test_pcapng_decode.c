/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_decode.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"

#define T_S  1700000000
#define T_NS (T_S * INT64_C(1000000000))

static struct pcapng_builder build;
static struct wt_pcapng_decoder decoder;
static struct wt_pcapng_item item;
static struct wt_error err;

static void set_up(void)
{
	memset(&build, 0, sizeof(build));
	wt_pcapng_decoder_init(&decoder);
}

static void tear_down(void)
{
	wt_pcapng_decoder_fini(&decoder);
}

TestSuite(pcapng_decode, .init = set_up, .fini = tear_down);

/* The next item of what was built, which is all there will be. The bytes are
 * copied to the end of a heap block, where a sanitizer sees each step outside. */
static int next(void)
{
	static uint8_t *copy;
	size_t left = build.length - (size_t)decoder.offset;

	free(copy);
	copy = malloc(left ? left : 1);
	memcpy(copy, build.bytes + decoder.offset, left);
	return wt_pcapng_decode(&decoder, copy, left, true, &item, &err);
}

static void expect_kind(enum wt_pcapng_item_kind kind)
{
	int rc = next();

	cr_assert(eq(int, rc, 1), "%s", rc < 0 ? err.text : "");
	cr_assert(eq(int, (int)item.kind, (int)kind));
}

static void expect_end(void)
{
	cr_assert(eq(int, next(), 0));
	cr_assert(eq(sz, decoder.need, 0));
}

static void expect_error(int code, const char *part)
{
	int rc;

	while ((rc = next()) == 1)
		;
	cr_assert(eq(int, rc, code), "%s", err.text);
	cr_assert(eq(int, err.code, code));
	cr_expect(strstr(err.text, part) != NULL, "'%s' is not in: %s", part, err.text);
}

static bool text_is(struct wt_pcapng_item_text text, const char *expected)
{
	if (!text.chars)
		return !expected;
	return expected && text.length == strlen(expected) &&
	       !memcmp(text.chars, expected, text.length);
}

static void start_file(void)
{
	build_section(&build);
	build_interface(&build, 9, 0);
}

static void read_section_of_everything(bool big_endian)
{
	build.big_endian = big_endian;
	build_block(&build, WT_PCAPNG_SHB);
	build_u32(&build, WT_PCAPNG_MAGIC);
	build_u16(&build, 1);
	build_u16(&build, 2);
	build_u64(&build, 1234);
	build_option_text(&build, WT_OPT_SHB_HARDWARE, "machine");
	build_option_text(&build, WT_OPT_SHB_OS, "system");
	build_option_text(&build, WT_OPT_SHB_USERAPPL, "program");
	build_option_text(&build, WT_OPT_COMMENT, "first");
	build_option_text(&build, WT_OPT_COMMENT, "second");
	build_option(&build, WT_OPT_END, NULL, 0);
	build_block_end(&build);

	expect_kind(WT_ITEM_SECTION);
	cr_expect(eq(int, item.section.big_endian, big_endian));
	cr_expect(eq(u16, item.section.major, 1));
	cr_expect(eq(u16, item.section.minor, 2));
	cr_expect(eq(u64, item.section.declared_bytes, 1234));
	cr_expect(text_is(item.section.hardware, "machine"));
	cr_expect(text_is(item.section.os, "system"));
	cr_expect(text_is(item.section.application, "program"));
	cr_expect(text_is(item.section.comment, "first"));
}

Test(pcapng_decode, reads_a_little_endian_section)
{
	read_section_of_everything(false);
}

Test(pcapng_decode, reads_a_big_endian_section)
{
	read_section_of_everything(true);
}

Test(pcapng_decode, a_number_is_an_option_of_its_length)
{
	static const uint8_t value[16] = {1, 0, 0, 0, 2};

	for (uint16_t length = 0; length < 16; length++) {
		const struct wt_pcapng_option_view option = {.length = length, .value = value};
		uint64_t number_64 = 0;
		uint32_t number = 0;

		cr_expect(eq(int, wt_pcapng_option_u32(&option, &number), length == 4));
		cr_expect(eq(int, wt_pcapng_option_u64(&option, &number_64), length == 8));
		cr_expect(eq(int, number != 0, length == 4));
		cr_expect(eq(int, number_64 != 0, length == 8));
	}
}

static void read_interface_of_everything(bool big_endian)
{
	build.big_endian = big_endian;
	build_section(&build);
	build_interface_head(&build, 101, 4096);
	build_option_text(&build, WT_OPT_IF_NAME, "eth0");
	build_option_text(&build, WT_OPT_IF_DESCRIPTION, "uplink");
	build_option(&build, WT_OPT_IF_FILTER, "\0udp", 4);
	build_option_text(&build, WT_OPT_IF_OS, "linux");
	build_option_text(&build, WT_OPT_IF_HARDWARE, "nic");
	build_option(&build, WT_OPT_IF_MACADDR, "\2\0\0\0\0\1", 6);
	build_option_u64(&build, WT_OPT_IF_SPEED, 10000000000);
	build_option(&build, WT_OPT_IF_TSRESOL, "\x09", 1);
	build_option_u64(&build, WT_OPT_IF_TSOFFSET, (uint64_t)-7);
	build_option_text(&build, WT_OPT_LOCAL_READER, "v3 ring=1");
	build_option_text(&build, 0x7777, "nobody knows");
	build_block_end(&build);

	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	cr_expect(eq(u32, item.interface.id, 0));
	cr_expect(eq(u16, item.interface.link_type, 101));
	cr_expect(eq(u32, item.interface.snaplen, 4096));
	cr_expect(eq(u8, item.interface.tsresol, 9));
	cr_expect(eq(i64, item.interface.tsoffset_s, -7));
	cr_expect(item.interface.speed_bps.present);
	cr_expect(eq(u64, item.interface.speed_bps.value, 10000000000));
	cr_expect(item.interface.has_mac && !memcmp(item.interface.mac, "\2\0\0\0\0\1", 6));
	cr_expect(text_is(item.interface.name, "eth0"));
	cr_expect(text_is(item.interface.description, "uplink"));
	cr_expect(text_is(item.interface.filter, "udp"));
	cr_expect(text_is(item.interface.os, "linux"));
	cr_expect(text_is(item.interface.hardware, "nic"));
	cr_expect(text_is(item.interface.reader, "v3 ring=1"));
	cr_expect(text_is(item.interface.comment, NULL));
	expect_end();
}

Test(pcapng_decode, reads_a_little_endian_interface)
{
	read_interface_of_everything(false);
}

Test(pcapng_decode, reads_a_big_endian_interface)
{
	read_interface_of_everything(true);
}

static void read_packet_of_everything(bool big_endian)
{
	build.big_endian = big_endian;
	start_file();
	build_packet_head(&build, 0, T_NS + 1, "hello");
	build_option_u32(&build, WT_OPT_EPB_FLAGS, WT_LINK_OUTBOUND);
	build_option_u64(&build, WT_OPT_EPB_DROPCOUNT, 1ull << 40);
	build_block_end(&build);

	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(i64, item.packet.frame.stamp_ns, T_NS + 1));
	cr_expect(item.packet.has_stamp && !item.packet.stamp_saturated);
	cr_expect(eq(u32, item.packet.frame.caplen, 5));
	cr_expect(eq(u32, item.packet.frame.len, 5));
	cr_expect(memcmp(item.packet.frame.data, "hello", 5) == 0);
	cr_expect(item.packet.has_flags && item.packet.has_dropped);
	cr_expect(eq(u32, item.packet.frame.link_flags, WT_LINK_OUTBOUND));
	cr_expect(eq(u64, item.packet.frame.dropped_before, 1ull << 40));
	cr_expect(eq(u64, decoder.packets, 1));
}

Test(pcapng_decode, reads_a_little_endian_packet)
{
	read_packet_of_everything(false);
}

Test(pcapng_decode, reads_a_big_endian_packet)
{
	read_packet_of_everything(true);
}

Test(pcapng_decode, each_section_has_its_own_byte_order_and_interfaces)
{
	start_file();
	build_packet(&build, 0, T_NS, "a");
	build.big_endian = true;
	build_section(&build);
	build_interface(&build, 6, 0);
	build_interface(&build, 3, 0);
	build_packet(&build, 1, T_S * 1000ull, "b");

	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	expect_kind(WT_ITEM_SECTION);
	cr_expect(item.section.big_endian);
	expect_kind(WT_ITEM_INTERFACE);
	cr_expect(eq(u32, item.interface.id, 0));
	expect_kind(WT_ITEM_INTERFACE);
	cr_expect(eq(u32, item.interface.id, 1));
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(u32, item.packet.interface_id, 1));
	cr_expect(eq(i64, item.packet.frame.stamp_ns, T_NS));
	expect_end();
	cr_expect(eq(u64, decoder.sections, 2));
}

Test(pcapng_decode, a_new_section_forgets_the_interfaces_of_the_old_one)
{
	start_file();
	build_section(&build);
	build_packet(&build, 0, 0, "a");
	expect_error(-EBADMSG, "it names interface 0, but its section has described 0");
}

static void build_obsolete(uint16_t drops)
{
	build_block(&build, WT_PCAPNG_PACKET);
	build_u16(&build, 0);
	build_u16(&build, drops);
	build_u32(&build, (uint32_t)((uint64_t)T_NS >> 32));
	build_u32(&build, (uint32_t)T_NS);
	build_u32(&build, 2);
	build_u32(&build, 60);
	build_padded(&build, "hi", 2);
	build_option_u32(&build, WT_OPT_EPB_FLAGS, WT_LINK_INBOUND);
	build_block_end(&build);
}

Test(pcapng_decode, reads_the_obsolete_packet_block)
{
	build.big_endian = true;
	start_file();
	build_obsolete(3);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(i64, item.packet.frame.stamp_ns, T_NS));
	cr_expect(eq(u32, item.packet.frame.caplen, 2));
	cr_expect(eq(u32, item.packet.frame.len, 60));
	cr_expect(eq(u32, item.packet.frame.link_flags, WT_LINK_INBOUND));
	cr_expect(item.packet.has_dropped);
	cr_expect(eq(u64, item.packet.frame.dropped_before, 3));
}

Test(pcapng_decode, drops_of_0xffff_in_the_obsolete_block_are_unknown)
{
	start_file();
	build_obsolete(0xffff);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(not(item.packet.has_dropped));
	cr_expect(eq(u64, item.packet.frame.dropped_before, 0));
}

static void read_simple(uint32_t snaplen, uint32_t len, const char *data, uint32_t caplen)
{
	build_section(&build);
	build_interface_head(&build, 1, snaplen);
	build_block_end(&build);
	build_block(&build, WT_PCAPNG_SPB);
	build_u32(&build, len);
	build_padded(&build, data, strlen(data));
	build_block_end(&build);

	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(not(item.packet.has_stamp));
	cr_expect(eq(i64, item.packet.frame.stamp_ns, 0));
	cr_expect(eq(u32, item.packet.frame.caplen, caplen));
	cr_expect(eq(u32, item.packet.frame.len, len));
}

Test(pcapng_decode, a_simple_packet_has_its_length_without_the_padding)
{
	read_simple(0, 5, "hello", 5);
}

Test(pcapng_decode, a_simple_packet_is_cut_at_the_snaplen_of_interface_0)
{
	read_simple(6, 100, "hello!", 6);
}

Test(pcapng_decode, a_simple_packet_is_cut_where_its_block_ends)
{
	read_simple(0, 100, "hello!!!", 8);
}

Test(pcapng_decode, a_simple_packet_without_an_interface_is_an_error)
{
	build_section(&build);
	build_block(&build, WT_PCAPNG_SPB);
	build_u32(&build, 0);
	build_block_end(&build);
	expect_error(-EBADMSG, "Simple Packet Block (type 0x3) at offset 28: it names interface 0");
}

struct stamp_case {
	uint64_t units;
	int64_t offset_s;
	int64_t ns;
	uint8_t tsresol;
};

ParameterizedTestParameters(pcapng_decode, converts_stamps_exactly)
{
	static struct stamp_case cases[] = {
	        {T_S, 0, T_NS, 0},
	        {T_S * 1000000ull + 1, 0, T_NS + 1000, 6},
	        {T_NS + 1, 0, T_NS + 1, 9},
	        {T_NS + 1, -T_S, 1, 9},
	        {0, -1, -1000000000, 9},
	        {19, 0, 1, 10}, /* rounded down */
	        {(1ull << 63) / 5, 0, 1844674407, 18},
	        {UINT64_MAX, 0, 1844674407, 19},
	        {UINT64_MAX, 0, 184467440, 20},
	        {UINT64_MAX, 0, 1, 28},
	        {UINT64_MAX, 0, 0, 29},
	        {UINT64_MAX, 0, 0, 127},
	        {T_S, 0, T_NS, 0x80},
	        {(uint64_t)T_S << 30 | 1, 0, T_NS, 0x80 | 30}, /* 0.93 ns more */
	        {(uint64_t)T_S << 32 | 1u << 31, 0, T_NS + 500000000, 0x80 | 32},
	        {UINT64_MAX, 0, 1999999999, 0x80 | 63},
	        {UINT64_MAX, 0, 0, 0xff},
	        {INT64_MAX, 0, INT64_MAX, 9},
	};

	return cr_make_param_array(struct stamp_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct stamp_case *stamp, pcapng_decode, converts_stamps_exactly)
{
	int64_t ns = 0;

	cr_assert(eq(int, wt_pcapng_stamp_to_ns(stamp->units, stamp->tsresol, stamp->offset_s, &ns),
	             0));
	cr_expect(eq(i64, ns, stamp->ns), "if_tsresol 0x%02x", stamp->tsresol);
}

Test(pcapng_decode, stamps_beyond_64_bits_saturate)
{
	int64_t ns = 0;

	cr_expect(eq(int, wt_pcapng_stamp_to_ns((uint64_t)INT64_MAX + 1, 9, 0, &ns), -ERANGE));
	cr_expect(eq(i64, ns, INT64_MAX));
	cr_expect(eq(int, wt_pcapng_stamp_to_ns(UINT64_MAX, 0, INT64_MAX, &ns), -ERANGE));
	cr_expect(eq(i64, ns, INT64_MAX));
	cr_expect(eq(int, wt_pcapng_stamp_to_ns(0, 9, INT64_MIN, &ns), -ERANGE));
	cr_expect(eq(i64, ns, INT64_MIN));
}

Test(pcapng_decode, a_saturated_stamp_is_flagged)
{
	build_section(&build);
	build_interface(&build, 0, 0);
	build_packet(&build, 0, UINT64_MAX, "a");
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(item.packet.stamp_saturated);
}

Test(pcapng_decode, without_a_resolution_stamps_are_microseconds)
{
	build_section(&build);
	build_interface_head(&build, 1, 0);
	build_option(&build, WT_OPT_IF_TSRESOL, "\x09\x09",
	             2); /* of a wrong length: as if absent */
	build_block_end(&build);
	build_packet(&build, 0, T_S * 1000000ull, "a");
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	cr_expect(eq(u8, item.interface.tsresol, 6));
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(i64, item.packet.frame.stamp_ns, T_NS));
}

static void build_statistics_head(uint32_t interface_id)
{
	build_block(&build, WT_PCAPNG_ISB);
	build_u32(&build, interface_id);
	build_u32(&build, (uint32_t)((uint64_t)T_NS >> 32));
	build_u32(&build, (uint32_t)T_NS);
}

static void build_option_stamp(uint16_t code, uint64_t units)
{
	build_u16(&build, code);
	build_u16(&build, 8);
	build_u32(&build, (uint32_t)(units >> 32));
	build_u32(&build, (uint32_t)units);
}

static void read_statistics_of_everything(bool big_endian)
{
	build.big_endian = big_endian;
	start_file();
	build_statistics_head(0);
	build_option_stamp(WT_OPT_ISB_STARTTIME, T_NS - 5);
	build_option_stamp(WT_OPT_ISB_ENDTIME, T_NS + 5);
	build_option_u64(&build, WT_OPT_ISB_IFRECV, 4);
	build_option_u64(&build, WT_OPT_ISB_IFDROP, 5);
	build_option_u64(&build, WT_OPT_ISB_FILTERACCEPT, 6);
	build_option_u64(&build, WT_OPT_ISB_OSDROP, 7);
	build_option_u64(&build, WT_OPT_ISB_USRDELIV, 8);
	build_option_text(&build, WT_OPT_LOCAL_LEDGER, "seen=1\nwritten=1\n");
	build_option_text(&build, WT_OPT_LOCAL_NIC, "rx=1\n");
	build_option_text(&build, WT_OPT_LOCAL_DEGRADED, "small-ring");
	build_block_end(&build);

	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_STATISTICS);
	cr_expect(item.statistics.interface_known);
	cr_expect(eq(i64, item.statistics.stamp.ns, T_NS));
	cr_expect(eq(i64, item.statistics.start.ns, T_NS - 5));
	cr_expect(eq(i64, item.statistics.end.ns, T_NS + 5));
	cr_expect(eq(u64, item.statistics.ifrecv.value, 4));
	cr_expect(eq(u64, item.statistics.ifdrop.value, 5));
	cr_expect(eq(u64, item.statistics.filteraccept.value, 6));
	cr_expect(eq(u64, item.statistics.osdrop.value, 7));
	cr_expect(eq(u64, item.statistics.usrdeliv.value, 8));
	cr_expect(text_is(item.statistics.ledger, "seen=1\nwritten=1\n"));
	cr_expect(text_is(item.statistics.nic, "rx=1\n"));
}

Test(pcapng_decode, reads_little_endian_statistics)
{
	read_statistics_of_everything(false);
}

Test(pcapng_decode, reads_big_endian_statistics)
{
	read_statistics_of_everything(true);
}

Test(pcapng_decode, absent_statistics_are_not_zeros)
{
	start_file();
	build_statistics_head(0);
	build_option_u32(&build, WT_OPT_ISB_IFDROP, 5); /* of a wrong length: as if absent */
	build_block_end(&build);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_STATISTICS);
	cr_expect(not(item.statistics.ifrecv.present));
	cr_expect(not(item.statistics.ifdrop.present));
	cr_expect(not(item.statistics.start.present));
	cr_expect(text_is(item.statistics.ledger, NULL));
}

Test(pcapng_decode, statistics_of_an_unknown_interface_have_no_stamps)
{
	start_file();
	build_statistics_head(1);
	build_option_u64(&build, WT_OPT_ISB_IFRECV, 4);
	build_block_end(&build);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_STATISTICS);
	cr_expect(not(item.statistics.interface_known));
	cr_expect(not(item.statistics.stamp.present));
	cr_expect(eq(u64, item.statistics.ifrecv.value, 4));
}

Test(pcapng_decode, walks_an_items_options_with_and_without_an_end)
{
	struct wt_pcapng_option_view option;
	struct wt_pcapng_options options;

	start_file();
	build_packet_head(&build, 0, 0, "hello");
	build_option_text(&build, WT_OPT_COMMENT, "one");
	build_option_text(&build, WT_OPT_LOCAL | 9, "two");
	build_block_end(&build);
	build_packet_head(&build, 0, 0, "hello");
	build_option(&build, WT_OPT_END, NULL, 0);
	build_option_text(&build, WT_OPT_COMMENT, "behind the end");
	build_block_end(&build);

	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	options = item.options;
	cr_assert(eq(int, wt_pcapng_next_option(&options, &option, NULL), 1));
	cr_expect(eq(u16, option.code, WT_OPT_COMMENT));
	cr_expect(text_is(wt_pcapng_option_text(&option), "one"));
	cr_assert(eq(int, wt_pcapng_next_option(&options, &option, NULL), 1));
	cr_expect(eq(u16, option.code, WT_OPT_LOCAL | 9));
	cr_expect(eq(int, wt_pcapng_next_option(&options, &option, NULL), 0));
	cr_expect(eq(int, wt_pcapng_next_option(&options, &option, NULL), 0));
	expect_kind(WT_ITEM_PACKET);
	options = item.options;
	cr_expect(eq(int, wt_pcapng_next_option(&options, &option, NULL), 0));
}

Test(pcapng_decode, text_ends_at_a_terminator_that_the_writer_counted)
{
	build_section(&build);
	build_interface_head(&build, 1, 0);
	build_option(&build, WT_OPT_IF_NAME, "eth0\0\0", 6);
	build_block_end(&build);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	cr_expect(text_is(item.interface.name, "eth0"));
}

Test(pcapng_decode, blocks_it_does_not_know_are_items_with_type_and_body)
{
	static const uint32_t types[] = {WT_PCAPNG_NAMES, WT_PCAPNG_SECRETS, WT_PCAPNG_CUSTOM,
	                                 WT_PCAPNG_LOCAL_BLOCK | 1, 0x77};
	enum { TYPES = sizeof(types) / sizeof(types[0]) };

	build_section(&build);
	for (size_t i = 0; i < TYPES; i++) {
		build_block(&build, types[i]);
		build_u32(&build, 0x12345678);
		build_block_end(&build);
	}
	expect_kind(WT_ITEM_SECTION);
	for (size_t i = 0; i < TYPES; i++) {
		expect_kind(WT_ITEM_OTHER);
		cr_expect(eq(u32, item.block_type, types[i]));
		cr_expect(eq(sz, item.body_bytes, 4));
	}
	expect_end();
}

static void expect_name(uint32_t block_type, const char *name)
{
	const char *got = wt_pcapng_block_name(block_type);

	cr_expect(eq(int, strcmp(got, name), 0), "'%s', not '%s'", got, name);
}

Test(pcapng_decode, wiretapes_own_blocks_have_names)
{
	expect_name(WT_PCAPNG_INDEX, "index block (wiretape)");
	expect_name(WT_PCAPNG_PADDING, "padding block (wiretape)");
	expect_name(WT_PCAPNG_GAP, "missing block (wiretape)");
	expect_name(0x80577404, "clock block (wiretape)");
	expect_name(0x80577405, "feed block (wiretape)");
	expect_name(0x80577406, "NIC look block (wiretape)");
	expect_name(0x80577407, "local block");
}

Test(pcapng_decode, a_length_without_its_padding_is_read_as_if_it_had_it)
{
	start_file();
	build_packet(&build, 0, T_NS, "hello");
	build_patch_u32(&build, build.block + 4, 37);
	build_patch_u32(&build, build.length - 4, 37);
	build_packet(&build, 0, T_NS, "next");
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	expect_kind(WT_ITEM_PACKET);
	expect_end();
}

Test(pcapng_decode, bytes_beyond_the_length_on_the_wire_follow_the_frame)
{
	start_file();
	build_packet(&build, 0, T_NS, "hello");
	build_patch_u32(&build, build.block + 24, 3);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(u32, item.packet.frame.len, 3));
	cr_expect(eq(u32, item.packet.frame.caplen, 3));
	cr_expect(eq(u32, item.packet.excess_bytes, 2));
	cr_expect(memcmp(item.packet.frame.data, "hello", 5) == 0);
}

struct fcs_case {
	uint8_t of_interface, of_packet;
	bool captured; /* the whole packet of 6 bytes, else 3 of them */
	uint8_t fcs_bytes;
	uint32_t len, caplen; /* without it */
};

/* What an interface and flags say of the check sequence; 0 is not said. */
static void read_fcs(bool big_endian, const struct fcs_case *c)
{
	build.length = 0;
	build.big_endian = big_endian;
	wt_pcapng_decoder_fini(&decoder);
	wt_pcapng_decoder_init(&decoder);
	build_section(&build);
	build_interface_head(&build, 1, 0);
	if (c->of_interface)
		build_option(&build, WT_OPT_IF_FCSLEN, &c->of_interface, 1);
	build_block_end(&build);
	build_packet_head(&build, 0, T_NS, c->captured ? "abwxyz" : "abc");
	build_patch_u32(&build, build.block + 24, 6);
	build_option_u32(&build, WT_OPT_EPB_FLAGS, (uint32_t)c->of_packet << 5);
	build_block_end(&build);

	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	cr_expect(eq(int, item.interface.has_fcs, c->of_interface && c->of_interface != 9));
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(u8, item.packet.fcs_bytes, c->fcs_bytes));
	cr_expect(eq(u32, wt_pcapng_len_without_fcs(&item.packet), c->len));
	cr_expect(eq(u32, wt_pcapng_caplen_without_fcs(&item.packet), c->caplen));
}

Test(pcapng_decode, a_check_sequence_is_told_by_the_interface_in_bits_or_bytes_or_by_the_packet)
{
	static const struct fcs_case cases[] = {
	        {0, 0, true, 0, 6, 6},  /* nobody says */
	        {32, 0, true, 4, 2, 2}, /* bits */
	        {4, 0, true, 4, 2, 2},  /* bytes */
	        {16, 0, true, 2, 4, 4},  {2, 0, true, 2, 4, 4}, {9, 0, true, 0, 6, 6}, /* neither */
	        {0, 4, true, 4, 2, 2},   /* by the flags */
	        {32, 2, true, 2, 4, 4},  /* the packet's word is worth more */
	        {32, 0, false, 4, 2, 2}, /* cut in the middle of it */
	        {16, 0, false, 2, 4, 3}, /* cut before it */
	        {0, 15, true, 6, 0, 0},  /* longer than the frame */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_fcs(false, &cases[i]);
		read_fcs(true, &cases[i]);
	}
}

Test(pcapng_decode, the_obsolete_packet_block_tells_of_a_check_sequence_too)
{
	start_file();
	build_obsolete(0);
	build_patch_u32(&build, build.length - 8, 4u << 5);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(u8, item.packet.fcs_bytes, 4));
	cr_expect(eq(u32, wt_pcapng_len_without_fcs(&item.packet), 56));
}

Test(pcapng_decode, says_how_many_bytes_it_needs)
{
	build_section(&build);
	cr_expect(eq(int, wt_pcapng_decode(&decoder, build.bytes, 0, false, &item, &err), 0));
	cr_expect(eq(sz, decoder.need, 12));
	cr_expect(eq(int, wt_pcapng_decode(&decoder, build.bytes, 12, false, &item, &err), 0));
	cr_expect(eq(sz, decoder.need, 28));
	cr_expect(eq(int, wt_pcapng_decode(&decoder, build.bytes, 28, false, &item, &err), 1));
	cr_expect(eq(sz, item.bytes, 28));
}

Test(pcapng_decode, a_file_cut_anywhere_keeps_its_complete_packets)
{
	size_t first_end, second_end;

	start_file();
	build_packet(&build, 0, T_NS, "one");
	first_end = build.length;
	build_packet(&build, 0, T_NS, "two");
	second_end = build.length;
	for (build.length = first_end; build.length <= second_end; build.length++) {
		bool whole = build.length == first_end || build.length == second_end;
		int rc;

		wt_pcapng_decoder_fini(&decoder);
		wt_pcapng_decoder_init(&decoder);
		while ((rc = next()) == 1)
			;
		cr_expect(eq(int, rc, whole ? 0 : -ENODATA), "cut at %zu", build.length);
		cr_expect(eq(u64, decoder.packets, build.length == second_end ? 2 : 1));
		if (!whole)
			cr_expect(strstr(err.text, "complete packets before it: 1") != NULL, "%s",
			          err.text);
	}
}

Test(pcapng_decode, goes_on_when_a_file_that_was_cut_off_grows)
{
	size_t end;

	start_file();
	build_packet(&build, 0, T_NS, "one");
	end = build.length;
	build.length -= 3;
	expect_error(-ENODATA, "cut off");
	build.length = end;
	expect_kind(WT_ITEM_PACKET);
	expect_end();
}

Test(pcapng_decode, a_file_must_start_with_a_section)
{
	build_interface(&build, 9, 0);
	expect_error(-EBADMSG, "starts with a section header");
}

Test(pcapng_decode, an_unknown_byte_order_magic_is_an_error)
{
	build_section(&build);
	build_patch_u32(&build, 8, 0x11223344);
	expect_error(-EBADMSG, "byte-order magic 0x11223344");
}

Test(pcapng_decode, another_major_version_is_an_error_that_says_so)
{
	build_section(&build);
	build.bytes[12] = 2;
	expect_error(-ENOTSUP, "version 2.0");
}

Test(pcapng_decode, a_length_below_the_smallest_block_is_an_error)
{
	start_file();
	build_packet(&build, 0, T_NS, "one");
	build_patch_u32(&build, build.block + 4, 8);
	expect_error(-EBADMSG, "its length 8 is less than the 12 bytes");
}

Test(pcapng_decode, a_length_beyond_the_limit_is_an_error_at_once)
{
	start_file();
	build_packet(&build, 0, T_NS, "one");
	build_patch_u32(&build, build.block + 4, WT_PCAPNG_MAX_BLOCK_BYTES + 1);
	expect_error(-EBADMSG, "its length 134217729 is more than");
}

Test(pcapng_decode, two_lengths_that_differ_are_an_error)
{
	start_file();
	build_packet(&build, 0, T_NS, "one");
	build_patch_u32(&build, build.length - 4, 40);
	expect_error(-EBADMSG, "Enhanced Packet Block (type 0x6) at offset 68: its length is 36 at "
	                       "its start and 40 at its end");
}

Test(pcapng_decode, a_block_too_short_for_its_fields_is_an_error)
{
	static const uint32_t types[] = {WT_PCAPNG_SHB, WT_PCAPNG_IDB,    WT_PCAPNG_EPB,
	                                 WT_PCAPNG_SPB, WT_PCAPNG_PACKET, WT_PCAPNG_ISB};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		tear_down();
		set_up();
		start_file();
		build_block(&build, types[i]);
		if (types[i] == WT_PCAPNG_SHB)
			build_u32(&build, WT_PCAPNG_MAGIC);
		build_block_end(&build);
		expect_error(-EBADMSG, "is too short");
	}
}

Test(pcapng_decode, a_captured_length_that_leaves_the_block_is_an_error)
{
	static const uint32_t lengths[] = {9, 0x7fffffff, 0xfffffffd, 0xffffffff};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		tear_down();
		set_up();
		start_file();
		build_packet(&build, 0, T_NS, "one four");
		build_patch_u32(&build, build.block + 20, lengths[i]);
		expect_error(-EBADMSG, "is more than the 8 bytes that the block has for it");
	}
}

Test(pcapng_decode, a_wrong_option_behind_others_is_told_with_its_own_offset)
{
	static const uint8_t list[] = {2, 0, 3, 0, 'a', 'b', 'c', 0, 1, 0, 9, 0, 'x', 0, 0, 0};
	struct wt_pcapng_options options = {.bytes = list, .length = sizeof(list), .offset = 100};
	struct wt_pcapng_option_view option;

	cr_assert(eq(int, wt_pcapng_next_option(&options, &option, &err), 1));
	cr_expect(eq(u16, option.length, 3));
	cr_expect(eq(int, wt_pcapng_next_option(&options, &option, &err), -EBADMSG));
	cr_expect(strstr(err.text, "option 1 at offset 108: its length 9 is more than the 4 "
	                           "bytes") != NULL,
	          "%s", err.text);
}

Test(pcapng_decode, an_option_that_leaves_the_block_is_an_error_with_its_offset)
{
	start_file();
	build_packet_head(&build, 0, T_NS, "four");
	build_u16(&build, WT_OPT_COMMENT);
	build_u16(&build, 5);
	build_u32(&build, 0);
	build_block_end(&build);
	expect_error(-EBADMSG, "option 1 at offset 100: its length 5 is more than the 4 bytes");
}

Test(pcapng_decode, zeros_are_named_as_space_never_written)
{
	start_file();
	build_padded(&build, (const uint8_t[64]){0}, 64);
	expect_error(-EBADMSG, "zeros instead of a block at offset 68");
}

Test(pcapng_decode, more_interfaces_than_any_file_has_are_an_error)
{
	static uint8_t one[64];
	int rc = 1;

	start_file();
	memcpy(one, build.bytes + 28, 40);
	expect_kind(WT_ITEM_SECTION);
	for (uint32_t i = 0; i < WT_PCAPNG_MAX_INTERFACES && rc == 1; i++)
		rc = wt_pcapng_decode(&decoder, one, 40, false, &item, &err);
	cr_assert(eq(int, rc, 1));
	rc = wt_pcapng_decode(&decoder, one, 40, false, &item, &err);
	cr_expect(eq(int, rc, -EBADMSG));
	cr_expect(strstr(err.text, "more than 65536 interfaces") != NULL, "%s", err.text);
}

/* ---- what a packet says of its stamp ---- */

static void build_stamp(uint32_t word, uint16_t length)
{
	uint8_t zeros[64] = {0};
	size_t at;

	build_packet_head(&build, 0, T_NS, "data");
	at = build.length;
	build_option(&build, WT_OPT_LOCAL_STAMP, zeros, length);
	/* In the order of the file, over the zeros. */
	if (length >= 4)
		build_patch_u32(&build, at + 4, word);
	if (length >= 8)
		build_patch_u32(&build, at + 8, 77);
	build_block_end(&build);
}

static void expect_notes(uint8_t notes)
{
	expect_kind(WT_ITEM_PACKET);
	cr_expect(eq(int, item.packet.frame.notes, notes));
	cr_expect(eq(i64, item.packet.frame.stamp_ns, T_NS));
}

static void read_stamps(bool big_endian)
{
	build.big_endian = big_endian;
	start_file();
	build_packet_head(&build, 0, T_NS, "data");
	build_u16(&build, WT_OPT_LOCAL_STAMP);
	build_u16(&build, 24);
	build_u32(&build, WT_STAMP_HARDWARE | WT_STAMP_WORD_GIVEN | WT_STAMP_WORD_SOFTWARE);
	build_u32(&build, 0x01020304);
	build_u64(&build, (uint64_t)-5);
	build_u64(&build, 0x1122334455667788);
	build_block_end(&build);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_notes(WT_FRAME_SOURCE | WT_FRAME_GIVEN | WT_FRAME_BOTH);
	cr_expect(eq(int, item.packet.frame.stamp_source, WT_STAMP_HARDWARE));
	cr_expect(eq(u32, item.packet.frame.map, 0x01020304));
	cr_expect(eq(i64, item.packet.frame.given_ns, -5));
	cr_expect(eq(i64, item.packet.frame.software_ns, 0x1122334455667788));
}

Test(pcapng_decode, what_is_said_of_a_stamp_is_read)
{
	read_stamps(false);
}

Test(pcapng_decode, what_is_said_of_a_stamp_is_read_in_the_other_byte_order)
{
	read_stamps(true);
}

Test(pcapng_decode, a_stamp_option_that_is_too_short_is_as_good_as_absent)
{
	const uint32_t given = WT_STAMP_HARDWARE | WT_STAMP_WORD_GIVEN;

	start_file();
	for (uint16_t length = 0; length < 4; length++)
		build_stamp(WT_STAMP_SOFTWARE, length);
	for (uint16_t length = 4; length < 16; length++)
		build_stamp(given, length);
	for (uint16_t length = 16; length < 24; length++)
		build_stamp(given | WT_STAMP_WORD_SOFTWARE, length);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	for (int i = 0; i < 24; i++) {
		expect_notes(0);
		cr_expect(eq(int, item.packet.frame.stamp_source, 0));
		cr_expect(eq(u32, item.packet.frame.map, 0));
	}
}

Test(pcapng_decode, a_stamp_option_that_is_longer_is_read_as_far_as_it_is_known)
{
	start_file();
	build_stamp(WT_STAMP_SOFTWARE | 0x80000000, 12);
	build_stamp(WT_STAMP_SOFTWARE | WT_STAMP_WORD_GIVEN, 40);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_notes(WT_FRAME_SOURCE);
	expect_notes(WT_FRAME_SOURCE | WT_FRAME_GIVEN);
	cr_expect(eq(u32, item.packet.frame.map, 77));
}

Test(pcapng_decode, a_stamp_of_an_unknown_source_is_as_good_as_absent)
{
	start_file();
	build_stamp(WT_STAMP_SOURCES, 4);
	build_stamp(0xff | WT_STAMP_WORD_GIVEN, 16);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	expect_notes(0);
	expect_notes(0);
}

/* Read only what is quick, of all that was built. */
static size_t packets(struct wt_frame *frames, size_t max, uint32_t *interface_id)
{
	static uint8_t *copy;
	size_t left = build.length - (size_t)decoder.offset, used;
	uint64_t before = decoder.offset;
	size_t count;

	free(copy);
	copy = malloc(left ? left : 1);
	memcpy(copy, build.bytes + decoder.offset, left);
	count = wt_pcapng_decode_packets(&decoder, copy, left, frames, max, interface_id, &used);
	cr_assert(eq(u64, decoder.offset - before, used));
	return count;
}

Test(pcapng_decode, packets_of_one_interface_come_together)
{
	struct wt_frame frames[8];
	uint32_t interface_id = 7;

	build_section(&build);
	build_interface(&build, 9, 0);
	build_interface(&build, 6, -1);
	for (int i = 0; i < 3; i++) {
		build_packet_head(&build, 0, T_NS + (uint64_t)i, "12345");
		build_option_u32(&build, WT_OPT_EPB_FLAGS, WT_LINK_INBOUND);
		if (i == 1)
			build_option_u64(&build, WT_OPT_EPB_DROPCOUNT, 42);
		build_block_end(&build);
	}
	build_packet(&build, 1, T_S * UINT64_C(1000000) + 7, "abc");
	cr_assert(eq(sz, packets(frames, 8, &interface_id), 0), "before the section");
	expect_kind(WT_ITEM_SECTION);
	cr_assert(eq(sz, packets(frames, 8, &interface_id), 0), "an interface is none");
	expect_kind(WT_ITEM_INTERFACE);
	expect_kind(WT_ITEM_INTERFACE);
	cr_assert(eq(sz, packets(frames, 8, &interface_id), 3));
	cr_assert(eq(u32, interface_id, 0));
	cr_assert(eq(i64, frames[2].stamp_ns, T_NS + 2));
	cr_assert(eq(u64, frames[1].dropped_before, 42));
	cr_assert(eq(u64, frames[2].dropped_before, 0));
	cr_assert(eq(u32, frames[0].link_flags, WT_LINK_INBOUND));
	cr_assert(eq(u32, frames[0].caplen, 5));
	cr_assert(eq(int, memcmp(frames[2].data, "12345", 5), 0));
	cr_assert(eq(sz, packets(frames, 8, &interface_id), 1));
	cr_assert(eq(u32, interface_id, 1));
	cr_assert(eq(i64, frames[0].stamp_ns, T_NS - INT64_C(1000000000) + 7000));
	cr_assert(eq(u64, decoder.packets, 4));
	expect_end();
}

Test(pcapng_decode, packets_that_come_together_have_the_stamps_they_have_alone)
{
	static const uint8_t resolutions[] = {0, 3, 6, 8, 9, 10, 12, 0x80, 0x8a, 0x9e};
	struct wt_frame frames[2];
	uint32_t interface_id;

	for (size_t i = 0; i < 2 * sizeof(resolutions); i++) {
		wt_pcapng_decoder_fini(&decoder);
		wt_pcapng_decoder_init(&decoder);
		memset(&build, 0, sizeof(build));
		build_section(&build);
		build_interface(&build, resolutions[i / 2], i % 2 ? 5 : 0);
		for (int j = 0; j < 2; j++)
			build_packet(&build, 0, 1234567890, "1234");
		expect_kind(WT_ITEM_SECTION);
		expect_kind(WT_ITEM_INTERFACE);
		cr_assert(eq(sz, packets(frames, 1, &interface_id), 1));
		expect_kind(WT_ITEM_PACKET);
		cr_expect(eq(i64, frames[0].stamp_ns, item.packet.frame.stamp_ns), "%#x",
		          resolutions[i / 2]);
	}
}

Test(pcapng_decode, what_is_not_quick_is_left_to_the_whole_decoder)
{
	struct wt_frame frames[8];
	uint32_t interface_id;
	size_t at;

	build_section(&build);
	build_interface(&build, 9, 0);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	at = build.length;
	build_packet(&build, 0, T_NS, "1234");
	cr_expect(eq(sz, packets(frames, 0, &interface_id), 0), "no room");
	build.length -= 4;
	cr_expect(eq(sz, packets(frames, 8, &interface_id), 0), "cut off");
	build.length += 4;
	build_patch_u32(&build, at + offsetof(struct wt_pcapng_epb, interface_id), 1);
	cr_expect(eq(sz, packets(frames, 8, &interface_id), 0), "no such interface");
	build_patch_u32(&build, at + offsetof(struct wt_pcapng_epb, interface_id), 0);
	build_patch_u32(&build, at + offsetof(struct wt_pcapng_epb, caplen), 5);
	cr_expect(eq(sz, packets(frames, 8, &interface_id), 0), "more than was on the wire");
	build_patch_u32(&build, at + offsetof(struct wt_pcapng_epb, caplen), UINT32_MAX);
	build_patch_u32(&build, at + offsetof(struct wt_pcapng_epb, len), UINT32_MAX);
	cr_expect(eq(sz, packets(frames, 8, &interface_id), 0), "more than the block has");
	build_patch_u32(&build, at + offsetof(struct wt_pcapng_epb, caplen), 4);
	build_patch_u32(&build, build.length - 4, 40);
	cr_expect(eq(sz, packets(frames, 8, &interface_id), 0), "lengths differ");
}

Test(pcapng_decode, an_option_that_leads_outside_is_not_quick)
{
	struct wt_frame frames[8];
	uint32_t interface_id;

	build_section(&build);
	build_interface(&build, 9, 0);
	expect_kind(WT_ITEM_SECTION);
	expect_kind(WT_ITEM_INTERFACE);
	build_packet_head(&build, 0, T_NS, "1234");
	build_u16(&build, WT_OPT_EPB_FLAGS);
	build_u16(&build, 5);
	build_u32(&build, 0);
	build_block_end(&build);
	cr_expect(eq(sz, packets(frames, 8, &interface_id), 0));
	expect_error(-EBADMSG, "its length 5");
}

/* What is here of a block of `total` bytes. */
static void expect_asked_for(uint32_t type, size_t there, uint32_t total, size_t need,
                             uint64_t pass)
{
	tear_down();
	set_up();
	build_section(&build);
	expect_kind(WT_ITEM_SECTION);
	build_u32(&build, type);
	build_u32(&build, total);
	if (type == WT_PCAPNG_SHB)
		build_u32(&build, WT_PCAPNG_MAGIC);
	while (build.length - decoder.offset < there)
		build_u32(&build, 0);
	decoder.other_bytes_max = 1000;
	cr_expect(eq(
	        int,
	        wt_pcapng_decode(&decoder, build.bytes + decoder.offset, there, false, &item, &err),
	        0));
	cr_expect(eq(sz, decoder.need, need), "type %x", type);
	cr_expect(eq(u64, decoder.pass, pass), "type %x", type);
}

Test(pcapng_decode, only_what_is_not_read_may_be_passed)
{
	static const uint32_t read[] = {WT_PCAPNG_SHB, WT_PCAPNG_IDB,    WT_PCAPNG_EPB,
	                                WT_PCAPNG_SPB, WT_PCAPNG_PACKET, WT_PCAPNG_ISB};
	const size_t head = 12 + WT_PCAPNG_HEAD_BYTES;

	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		expect_asked_for(read[i], head, 4000, 4000, 0);
	expect_asked_for(0xbad, head, 1000, 1000, 0);
	expect_asked_for(0xbad, head - 4, 1004, head, 0);
	expect_asked_for(0xbad, head, 1004, head, 1000);
	expect_asked_for(0xbad, head + 4, 1004, head, 1000);
}
