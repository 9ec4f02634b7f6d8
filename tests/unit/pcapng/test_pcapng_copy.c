/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_copy.h>

#include "support/pcapng_builder.h"
#include "support/unit.h"

/* Items are built in the other byte order than the machine's, or in the same, and what becomes of
 * them is read back. */

#define NATIVE_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#define PEN           32473

static struct pcapng_builder build;
static struct wt_pcapng_decoder decoder;
static uint8_t copy[32768];
static ssize_t copied;
static uint64_t left_out;
static struct wt_error err;

static void set_up(void)
{
	memset(&build, 0, sizeof(build));
	wt_pcapng_decoder_fini(&decoder);
	wt_pcapng_decoder_init(&decoder);
	left_out = 0;
}

static void tear_down(void)
{
	wt_pcapng_decoder_fini(&decoder);
}

TestSuite(pcapng_copy, .init = set_up, .fini = tear_down);

static void begin(bool swapped)
{
	build.big_endian = swapped != NATIVE_IS_BIG;
	build_section(&build);
}

/* The last item of what is built. */
static struct wt_pcapng_item last_item(void)
{
	struct wt_pcapng_item item;
	size_t at = 0;

	wt_pcapng_decoder_fini(&decoder);
	wt_pcapng_decoder_init(&decoder);
	for (; at < build.length; at += item.bytes)
		cr_assert(eq(int,
		             wt_pcapng_decode(&decoder, build.bytes + at, build.length - at, true,
		                              &item, &err),
		             1),
		          "%s", err.text);
	return item;
}

/* ---- what a copy has, in the machine's byte order ---- */

static uint16_t u16_at(size_t at)
{
	uint16_t value;

	memcpy(&value, copy + at, sizeof(value));
	return value;
}

static uint32_t u32_at(size_t at)
{
	uint32_t value;

	memcpy(&value, copy + at, sizeof(value));
	return value;
}

static void expect_block(uint32_t type)
{
	cr_assert(gt(long, (long)copied, 0), "%ld", (long)copied);
	cr_expect(eq(u32, u32_at(0), type));
	cr_expect(eq(u32, u32_at(4), (uint32_t)copied));
	cr_expect(eq(u32, u32_at((size_t)copied - 4), (uint32_t)copied));
	cr_expect(eq(long, (long)copied % 4, 0));
}

/* From `at` on an option; returns where the next one is. */
static size_t expect_option(size_t at, uint16_t code, const void *value, uint16_t length)
{
	cr_assert(eq(int, u16_at(at), code), "at %zu", at);
	cr_assert(eq(int, u16_at(at + 2), length), "option %u", code);
	cr_expect(memcmp(copy + at + 4, value, length) == 0, "option %u", code);
	for (size_t i = length; i % 4; i++)
		cr_expect(eq(int, copy[at + 4 + i], 0), "padding of option %u", code);
	return at + 4 + wt_pcapng_pad4(length);
}

static void expect_end(size_t at)
{
	cr_expect(eq(u32, u32_at(at), 0));
	cr_expect(eq(long, (long)copied, (long)at + 8));
}

/* ---- values that the builder has no function for ---- */

static void put_custom(uint16_t code, const char *text)
{
	build_u16(&build, code);
	build_u16(&build, (uint16_t)(4 + strlen(text)));
	build_u32(&build, PEN);
	build_padded(&build, text, strlen(text));
}

static size_t expect_custom(size_t at, uint16_t code, const char *text)
{
	uint8_t value[64];
	const uint32_t pen = PEN;

	memcpy(value, &pen, 4);
	memcpy(value + 4, text, strlen(text));
	return expect_option(at, code, value, (uint16_t)(4 + strlen(text)));
}

/* A byte and a number of 64 bits. */
static void put_verdict(uint8_t type, uint64_t number)
{
	struct pcapng_builder bytes = {.big_endian = build.big_endian};
	uint8_t value[9] = {type};

	build_u64(&bytes, number);
	memcpy(value + 1, bytes.bytes, 8);
	build_option(&build, WT_OPT_EPB_VERDICT, value, sizeof(value));
}

static size_t expect_verdict(size_t at, uint8_t type, uint64_t number)
{
	uint8_t value[9] = {type};

	memcpy(value + 1, &number, 8);
	return expect_option(at, WT_OPT_EPB_VERDICT, value, sizeof(value));
}

/* ---- packets ---- */

static void build_all_packet_options(void)
{
	build_interface(&build, 9, 0);
	build_packet_head(&build, 0, 1, "data");
	build_option_text(&build, WT_OPT_COMMENT, "first");
	build_option_text(&build, WT_OPT_COMMENT, "second");
	build_option_u32(&build, WT_OPT_EPB_FLAGS, 0x01020304);
	build_option(&build, WT_OPT_EPB_HASH, "\2\xec\x1d\x87\x97", 5);
	build_option_u64(&build, WT_OPT_EPB_DROPCOUNT, 0x1122334455667788);
	build_option_u64(&build, WT_OPT_EPB_PACKETID, 0x0102030405060708);
	build_option_u32(&build, WT_OPT_EPB_QUEUE, 7);
	build_option(&build, WT_OPT_EPB_VERDICT, "\0hardware", 9);
	put_verdict(1, UINT64_MAX - 1);
	put_verdict(2, 2);
	build_u16(&build, WT_OPT_EPB_PROCESS);
	build_u16(&build, 8);
	build_u32(&build, 1234);
	build_u32(&build, 5678);
	put_custom(WT_OPT_CUSTOM_TEXT, "text");
	put_custom(WT_OPT_CUSTOM_BYTES, "bytes");
	put_custom(WT_OPT_CUSTOM_TEXT_NOCOPY, "no");
	put_custom(WT_OPT_CUSTOM_BYTES_NOCOPY, "no");
	build_option_u32(&build, 77, 0x01020304);
	build_block_end(&build);
}

static void expect_all_packet_options(bool swapped)
{
	const uint32_t flags = 0x01020304, queue = 7, processes[] = {1234, 5678};
	const uint64_t drops = 0x1122334455667788, id = 0x0102030405060708;
	const struct wt_pcapng_item item = last_item();
	size_t at = 28 + 4;

	copied = wt_pcapng_copy_packet(copy, wt_pcapng_copy_bound(&item), 5, &item, &left_out);
	expect_block(WT_PCAPNG_EPB);
	cr_expect(eq(u32, u32_at(8), 5));
	at = expect_option(at, WT_OPT_COMMENT, "first", 5);
	at = expect_option(at, WT_OPT_COMMENT, "second", 6);
	at = expect_option(at, WT_OPT_EPB_FLAGS, &flags, 4);
	at = expect_option(at, WT_OPT_EPB_HASH, "\2\xec\x1d\x87\x97", 5);
	at = expect_option(at, WT_OPT_EPB_DROPCOUNT, &drops, 8);
	at = expect_option(at, WT_OPT_EPB_PACKETID, &id, 8);
	at = expect_option(at, WT_OPT_EPB_QUEUE, &queue, 4);
	at = expect_option(at, WT_OPT_EPB_VERDICT, "\0hardware", 9);
	at = expect_verdict(at, 1, UINT64_MAX - 1);
	at = expect_verdict(at, 2, 2);
	at = expect_option(at, WT_OPT_EPB_PROCESS, processes, 8);
	at = expect_custom(at, WT_OPT_CUSTOM_TEXT, "text");
	at = expect_custom(at, WT_OPT_CUSTOM_BYTES, "bytes");
	if (!swapped)
		at = expect_option(at, 77, &flags, 4);
	expect_end(at);
	cr_expect(eq(u64, left_out, swapped ? 3 : 2));
}

Test(pcapng_copy, a_packet_has_its_options)
{
	begin(false);
	build_all_packet_options();
	expect_all_packet_options(false);
}

Test(pcapng_copy, a_packet_of_the_other_byte_order_has_its_options)
{
	begin(true);
	build_all_packet_options();
	expect_all_packet_options(true);
}

Test(pcapng_copy, options_of_no_possible_length_are_absent)
{
	struct wt_pcapng_item item;

	begin(true);
	build_interface(&build, 9, 0);
	build_packet_head(&build, 0, 1, "data");
	build_option(&build, WT_OPT_EPB_QUEUE, "abc", 3);
	build_option(&build, WT_OPT_EPB_PROCESS, "abcd", 4);
	build_option(&build, WT_OPT_CUSTOM_TEXT, "abc", 3);
	build_option(&build, WT_OPT_EPB_VERDICT, "", 0);
	build_block_end(&build);
	item = last_item();
	copied = wt_pcapng_copy_packet(copy, sizeof(copy), 0, &item, &left_out);
	expect_block(WT_PCAPNG_EPB);
	expect_end(expect_option(32, WT_OPT_EPB_VERDICT, "", 0));
}

/* ---- interfaces and sections ---- */

static void build_all_interface_options(void)
{
	build_interface_head(&build, 1, 96);
	build_option_text(&build, WT_OPT_IF_NAME, "eth0");
	build_option_text(&build, WT_OPT_IF_DESCRIPTION, "tap");
	build_option(&build, WT_OPT_IF_IPV4ADDR, "\300\0\2\1\377\377\377\0", 8);
	build_option(&build, WT_OPT_IF_IPV6ADDR, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1@", 17);
	build_option(&build, WT_OPT_IF_MACADDR, "\2\0\0\0\0\1", 6);
	build_option(&build, WT_OPT_IF_EUIADDR, "\2\0\0\xff\xfe\0\0\1", 8);
	build_option_u64(&build, WT_OPT_IF_SPEED, 10000000000);
	build_option_u32(&build, WT_OPT_IF_TZONE, 3600);
	build_option(&build, WT_OPT_IF_FILTER, "\0udp", 4);
	build_option_text(&build, WT_OPT_IF_OS, "Linux");
	build_option(&build, 13, "\x20", 1);
	build_option_text(&build, WT_OPT_IF_HARDWARE, "igb");
	build_option_u64(&build, WT_OPT_IF_TXSPEED, 1024000);
	build_option_u64(&build, WT_OPT_IF_RXSPEED, 8192000);
	build_option_text(&build, WT_OPT_IF_TZNAME, "Europe/Zurich");
	put_custom(WT_OPT_CUSTOM_TEXT, "rack 3");
	build_block_end(&build);
}

static void expect_all_interface_options(void)
{
	const uint64_t speeds[] = {10000000000, 1024000, 8192000};
	const uint32_t zone = 3600;
	const struct wt_pcapng_item item = last_item();
	size_t at = 16;

	copied = wt_pcapng_copy_interface(copy, wt_pcapng_copy_bound(&item), &item, &left_out);
	expect_block(WT_PCAPNG_IDB);
	cr_expect(eq(u32, u32_at(12), 96));
	at = expect_option(at, WT_OPT_IF_TSRESOL, "\6", 1);
	at = expect_option(at, WT_OPT_IF_NAME, "eth0", 4);
	at = expect_option(at, WT_OPT_IF_DESCRIPTION, "tap", 3);
	at = expect_option(at, WT_OPT_IF_IPV4ADDR, "\300\0\2\1\377\377\377\0", 8);
	at = expect_option(at, WT_OPT_IF_IPV6ADDR, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1@", 17);
	at = expect_option(at, WT_OPT_IF_MACADDR, "\2\0\0\0\0\1", 6);
	at = expect_option(at, WT_OPT_IF_EUIADDR, "\2\0\0\xff\xfe\0\0\1", 8);
	at = expect_option(at, WT_OPT_IF_SPEED, &speeds[0], 8);
	at = expect_option(at, WT_OPT_IF_TZONE, &zone, 4);
	at = expect_option(at, WT_OPT_IF_FILTER, "\0udp", 4);
	at = expect_option(at, WT_OPT_IF_OS, "Linux", 5);
	at = expect_option(at, 13, "\x20", 1);
	at = expect_option(at, WT_OPT_IF_HARDWARE, "igb", 3);
	at = expect_option(at, WT_OPT_IF_TXSPEED, &speeds[1], 8);
	at = expect_option(at, WT_OPT_IF_RXSPEED, &speeds[2], 8);
	at = expect_option(at, WT_OPT_IF_TZNAME, "Europe/Zurich", 13);
	at = expect_custom(at, WT_OPT_CUSTOM_TEXT, "rack 3");
	expect_end(at);
	cr_expect(eq(u64, left_out, 0));
}

Test(pcapng_copy, an_interface_has_its_options)
{
	begin(false);
	build_all_interface_options();
	expect_all_interface_options();
}

Test(pcapng_copy, an_interface_of_the_other_byte_order_has_its_options)
{
	begin(true);
	build_all_interface_options();
	expect_all_interface_options();
}

static void build_section_with_options(bool swapped)
{
	build.big_endian = swapped != NATIVE_IS_BIG;
	build_section(&build);
	build.length -= 4; /* its second length */
	build_option_text(&build, WT_OPT_SHB_HARDWARE, "a processor");
	build_option_text(&build, WT_OPT_SHB_USERAPPL, "another program");
	build_option_text(&build, WT_OPT_COMMENT, "first");
	build_option_text(&build, WT_OPT_LOCAL_TAPE, "tape_id=0");
	build_option_text(&build, WT_OPT_COMMENT, "second");
	put_custom(WT_OPT_CUSTOM_BYTES, "vendor");
	build_block_end(&build);
}

Test(pcapng_copy, a_section_has_its_options_and_another_application)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		struct wt_pcapng_item item;
		size_t at = 24;

		set_up();
		build_section_with_options(swapped);
		item = last_item();
		copied = wt_pcapng_copy_section(copy, sizeof(copy), &item, "we", &left_out);
		expect_block(WT_PCAPNG_SHB);
		cr_expect(eq(u32, u32_at(8), WT_PCAPNG_MAGIC));
		at = expect_option(at, WT_OPT_SHB_USERAPPL, "we", 2);
		at = expect_option(at, WT_OPT_SHB_HARDWARE, "a processor", 11);
		at = expect_option(at, WT_OPT_COMMENT, "first", 5);
		at = expect_option(at, WT_OPT_COMMENT, "second", 6);
		at = expect_custom(at, WT_OPT_CUSTOM_BYTES, "vendor");
		expect_end(at);
	}
}

/* ---- blocks beside the packets ---- */

static void copy_last(bool swapped)
{
	const struct wt_pcapng_item item = last_item();

	copied = wt_pcapng_copy_block(copy, wt_pcapng_copy_bound(&item), &item, swapped, &left_out);
}

Test(pcapng_copy, secrets_are_as_they_were)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		set_up();
		begin(swapped);
		build_block(&build, WT_PCAPNG_SECRETS);
		build_u32(&build, 0x544c534b);
		build_u32(&build, 5);
		build_padded(&build, "keys\n", 5);
		build_option_text(&build, WT_OPT_COMMENT, "whose");
		build_block_end(&build);
		copy_last(swapped);
		expect_block(WT_PCAPNG_SECRETS);
		cr_expect(eq(u32, u32_at(8), 0x544c534b));
		cr_expect(eq(u32, u32_at(12), 5));
		cr_expect(memcmp(copy + 16, "keys\n\0\0\0", 8) == 0);
		expect_end(expect_option(24, WT_OPT_COMMENT, "whose", 5));
	}
}

static void build_names(void)
{
	build_block(&build, WT_PCAPNG_NAMES);
	build_option(&build, 1, "\300\0\2\1feed\0", 9);
	build_option(&build, 2, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1six\0", 20);
	build_option(&build, 3, "\2\0\0\0\0\1mac\0", 10);
	build_option(&build, 4, "\2\0\0\xff\xfe\0\0\1eui\0", 12);
	build_option(&build, 99, "what", 4);
	build_u32(&build, 0);
	build_option_text(&build, WT_OPT_NS_DNSNAME, "server");
	build_option(&build, WT_OPT_NS_DNSIP4ADDR, "\300\0\2\2", 4);
	build_option(&build, WT_OPT_NS_DNSIP6ADDR, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	put_custom(WT_OPT_CUSTOM_TEXT, "vendor");
	build_block_end(&build);
}

Test(pcapng_copy, names_are_as_they_were)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		size_t at = 8;

		set_up();
		begin(swapped);
		build_names();
		copy_last(swapped);
		expect_block(WT_PCAPNG_NAMES);
		at = expect_option(at, 1, "\300\0\2\1feed\0", 9);
		at = expect_option(at, 2, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1six\0", 20);
		at = expect_option(at, 3, "\2\0\0\0\0\1mac\0", 10);
		at = expect_option(at, 4, "\2\0\0\xff\xfe\0\0\1eui\0", 12);
		if (!swapped)
			at = expect_option(at, 99, "what", 4);
		at = expect_option(at, 0, "", 0);
		at = expect_option(at, WT_OPT_NS_DNSNAME, "server", 6);
		at = expect_option(at, WT_OPT_NS_DNSIP4ADDR, "\300\0\2\2", 4);
		at = expect_option(at, WT_OPT_NS_DNSIP6ADDR, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\2",
		                   16);
		at = expect_custom(at, WT_OPT_CUSTOM_TEXT, "vendor");
		expect_end(at);
		cr_expect(eq(u64, left_out, swapped));
	}
}

Test(pcapng_copy, names_without_an_end_get_one)
{
	begin(true);
	build_block(&build, WT_PCAPNG_NAMES);
	build_option(&build, 1, "\300\0\2\1feed\0", 9);
	build_block_end(&build);
	copy_last(true);
	expect_block(WT_PCAPNG_NAMES);
	expect_end(expect_option(8, 1, "\300\0\2\1feed\0", 9));
}

/* Behind the enterprise's number nobody else knows what is what. */
Test(pcapng_copy, a_vendors_block_is_as_it_was_but_for_the_number)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		set_up();
		begin(swapped);
		build_block(&build, WT_PCAPNG_CUSTOM);
		build_u32(&build, PEN);
		build_padded(&build, "\1\2\3\4 as it is", 13);
		build_block_end(&build);
		copy_last(swapped);
		expect_block(WT_PCAPNG_CUSTOM);
		cr_expect(eq(u32, u32_at(8), PEN));
		cr_expect(memcmp(copy + 12, "\1\2\3\4 as it is\0\0\0", 16) == 0);
	}
}

Test(pcapng_copy, a_journal_entry_is_as_it_was)
{
	begin(true);
	build_block(&build, WT_PCAPNG_JOURNAL);
	build_padded(&build, "MESSAGE=hello\n", 14);
	build_block_end(&build);
	copy_last(true);
	expect_block(WT_PCAPNG_JOURNAL);
	cr_expect(memcmp(copy + 8, "MESSAGE=hello\n\0\0", 16) == 0);
}

static void expect_refused(uint32_t type, const char *body, size_t length, int code)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		set_up();
		begin(swapped);
		build_block(&build, type);
		build_padded(&build, body, length);
		build_block_end(&build);
		copy_last(swapped);
		cr_expect(eq(long, (long)copied, code), "type 0x%x", type);
	}
}

Test(pcapng_copy, blocks_that_contradict_themselves_are_refused)
{
	expect_refused(WT_PCAPNG_SECRETS, "KSLT", 4, -EBADMSG);
	expect_refused(WT_PCAPNG_SECRETS, "KSLT\x10\0\0\x10", 8, -EBADMSG);
	expect_refused(WT_PCAPNG_NAMES,
	               "\1\1\xff\xff"
	               "1234",
	               8, -EBADMSG);
	expect_refused(WT_PCAPNG_NAMES, "\0\0\0\0\1\1\xff\xff", 8, -EBADMSG);
	expect_refused(WT_PCAPNG_CUSTOM, "", 0, -EBADMSG);
}

Test(pcapng_copy, blocks_that_forbid_it_or_are_not_known_are_refused)
{
	expect_refused(WT_PCAPNG_CUSTOM_NOCOPY, "\0\0\0\1", 4, -ENOTSUP);
	expect_refused(0x204, "\0\0\0\1", 4, -ENOTSUP);
	expect_refused(0x80000001, "", 0, -ENOTSUP);
}

Test(pcapng_copy, no_byte_is_written_beyond_the_room)
{
	struct wt_pcapng_item item;
	size_t whole;

	begin(true);
	build_names();
	item = last_item();
	whole = (size_t)wt_pcapng_copy_block(copy, sizeof(copy), &item, true, &left_out);
	for (size_t room = 0; room < whole; room++) {
		memset(copy, 0x55, sizeof(copy));
		cr_expect(eq(long, (long)wt_pcapng_copy_block(copy, room, &item, true, &left_out),
		             -ENOBUFS));
		for (size_t i = room; i < whole; i++)
			cr_assert(eq(int, copy[i], 0x55), "byte %zu of %zu", i, room);
	}
}

/* ---- which interface it is ---- */

static struct wt_identity identity_of(const char *hardware, uint16_t code, const void *value,
                                      uint16_t length)
{
	struct wt_pcapng_item_section section = {
	        .hardware = {hardware, hardware ? strlen(hardware) : 0},
	};
	struct wt_pcapng_item item;

	build_interface_head(&build, 1, 96);
	build_option_text(&build, WT_OPT_IF_NAME, "eth0");
	if (value)
		build_option(&build, code, value, length);
	build_option(&build, WT_OPT_IF_MACADDR, "\2\0\0\0\0\1", 6);
	build_block_end(&build);
	item = last_item();
	return wt_pcapng_identity(&item, wt_pcapng_machine(&section));
}

static bool is_same(struct wt_identity a, struct wt_identity b)
{
	return a.high == b.high && a.low == b.low;
}

Test(pcapng_copy, each_option_tells_interfaces_apart)
{
	static const struct {
		uint16_t code, length;
		const char *value, *other;
	} options[] = {
	        {WT_OPT_COMMENT, 3, "one", "two"},
	        {WT_OPT_IF_DESCRIPTION, 3, "one", "two"},
	        {WT_OPT_IF_IPV4ADDR, 8, "\300\0\2\1\377\377\377\0", "\300\0\2\2\377\377\377\0"},
	        {WT_OPT_IF_IPV6ADDR, 17, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1@",
	         " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\2@"},
	        {WT_OPT_IF_EUIADDR, 8, "\2\0\0\xff\xfe\0\0\1", "\2\0\0\xff\xfe\0\0\2"},
	        {WT_OPT_IF_SPEED, 8, "\0\0\0\0\0\0\0\1", "\0\0\0\0\0\0\0\2"},
	        {WT_OPT_IF_TSRESOL, 1, "\6", "\11"},
	        {WT_OPT_IF_TZONE, 4, "\0\0\0\1", "\0\0\0\2"},
	        {WT_OPT_IF_FILTER, 4, "\0udp", "\0tcp"},
	        {WT_OPT_IF_OS, 3, "one", "two"},
	        {13, 1, "\x20", "\0"},
	        {WT_OPT_IF_TSOFFSET, 8, "\0\0\0\0\0\0\0\1", "\0\0\0\0\0\0\0\2"},
	        {WT_OPT_IF_HARDWARE, 3, "one", "two"},
	        {WT_OPT_IF_TXSPEED, 8, "\0\0\0\0\0\0\0\1", "\0\0\0\0\0\0\0\2"},
	        {WT_OPT_IF_RXSPEED, 8, "\0\0\0\0\0\0\0\1", "\0\0\0\0\0\0\0\2"},
	        {WT_OPT_IF_TZNAME, 3, "one", "two"},
	        {WT_OPT_CUSTOM_TEXT, 7, "\0\0\0\1one", "\0\0\0\1two"},
	        {WT_OPT_LOCAL_CLOCK, 3, "one", "two"},
	        {WT_OPT_LOCAL | 77, 3, "one", "two"},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		uint16_t code = options[i].code, length = options[i].length;
		struct wt_identity one, other, none;

		set_up();
		begin(false);
		one = identity_of("host", code, options[i].value, length);
		other = identity_of("host", code, options[i].other, length);
		none = identity_of("host", code, NULL, 0);
		cr_expect(not(is_same(one, other)), "option %u", code);
		/* As absent, microseconds and nothing to add are meant. */
		cr_expect(code == WT_OPT_IF_TSRESOL || !is_same(one, none), "option %u", code);
		cr_expect(is_same(one, identity_of("host", code, options[i].value, length)));
	}
}

static struct wt_identity lane_identity_of(uint16_t code, const void *value)
{
	const struct wt_pcapng_item_section section = {0};
	struct wt_pcapng_item item;

	build_interface_head(&build, 1, 96);
	build_option_text(&build, WT_OPT_IF_NAME, "eth0");
	build_option(&build, code, value, 3);
	build_block_end(&build);
	item = last_item();
	return wt_pcapng_lane_identity(&item, wt_pcapng_machine(&section));
}

Test(pcapng_copy, how_each_lane_was_recorded_does_not_tell_its_interface_apart)
{
	begin(false);
	cr_expect(is_same(lane_identity_of(WT_OPT_LOCAL_READER, "one"),
	                  lane_identity_of(WT_OPT_LOCAL_READER, "two")));
	cr_expect(is_same(lane_identity_of(WT_OPT_LOCAL_READER, "one"),
	                  lane_identity_of(WT_OPT_LOCAL_CLOCK, "two")));
	cr_expect(not(is_same(lane_identity_of(WT_OPT_IF_DESCRIPTION, "one"),
	                      lane_identity_of(WT_OPT_IF_DESCRIPTION, "two"))));
	cr_expect(not(is_same(lane_identity_of(WT_OPT_LOCAL_READER, "one"),
	                      lane_identity_of(WT_OPT_IF_DESCRIPTION, "one"))));
}

Test(pcapng_copy, machines_tell_interfaces_apart)
{
	begin(false);
	cr_expect(not(is_same(identity_of("one", 0, NULL, 0), identity_of("two", 0, NULL, 0))));
	cr_expect(not(is_same(identity_of("", 0, NULL, 0), identity_of(NULL, 0, NULL, 0))));
	cr_expect(is_same(identity_of("one", 0, NULL, 0), identity_of("one", 0, NULL, 0)));
}

Test(pcapng_copy, an_interface_is_the_same_in_both_byte_orders)
{
	const struct wt_pcapng_item_section section = {0};
	struct wt_identity identities[2];

	for (int swapped = 0; swapped < 2; swapped++) {
		struct wt_pcapng_item item;

		set_up();
		begin(swapped);
		build_all_interface_options();
		item = last_item();
		identities[swapped] = wt_pcapng_identity(&item, wt_pcapng_machine(&section));
	}
	cr_expect(is_same(identities[0], identities[1]));
}
