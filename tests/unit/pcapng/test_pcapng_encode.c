/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/pcapng_decode.h>
#include <wiretape/pcapng/pcapng_encode.h>

#include "support/unit.h"

enum { MOST_BYTES = 400000 };

static uint8_t payload[1000];
static uint8_t bytes[MOST_BYTES];
static size_t length;
static struct wt_pcapng_decoder decoder;
static struct wt_pcapng_item item;
static struct wt_error err;

static void set_up(void)
{
	wt_pcapng_decoder_init(&decoder);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i + 1);
	memset(bytes, 0xee, sizeof(bytes));
}

static void tear_down(void)
{
	wt_pcapng_decoder_fini(&decoder);
}

TestSuite(pcapng_encode, .init = set_up, .fini = tear_down);

static void keep(ssize_t encoded)
{
	cr_assert(encoded > 0, "%zd", encoded);
	cr_assert(eq(sz, (size_t)encoded % 4, 0));
	length += (size_t)encoded;
}

static void add_section(void)
{
	struct wt_pcapng_section section = {.application = "test"};

	keep(wt_pcapng_encode_section(bytes + length, sizeof(bytes) - length, &section));
}

static void add_interface(void)
{
	struct wt_pcapng_interface interface = {.link_type = 1, .name = "eth0"};

	keep(wt_pcapng_encode_interface(bytes + length, sizeof(bytes) - length, &interface));
}

static size_t add_frames(uint32_t id, const struct wt_frame *frames, size_t count)
{
	size_t used;
	size_t done = wt_pcapng_encode_frames(bytes + length, sizeof(bytes) - length, id, frames,
	                                      count, &used);

	length += used;
	return done;
}

static void next(enum wt_pcapng_item_kind kind)
{
	size_t at = (size_t)decoder.offset;
	int rc = wt_pcapng_decode(&decoder, bytes + at, length - at, true, &item, &err);

	cr_assert(eq(int, rc, 1), "%s", rc < 0 ? err.text : "end");
	cr_assert(eq(int, (int)item.kind, (int)kind));
}

static void expect_text(struct wt_pcapng_item_text text, const char *expected)
{
	cr_assert(text.chars != NULL, "'%s' is missing", expected);
	cr_expect(eq(sz, text.length, strlen(expected)));
	cr_expect(eq(int, strncmp(text.chars, expected, text.length), 0), "'%.*s', not '%s'",
	          (int)text.length, text.chars, expected);
}

Test(pcapng_encode, packet_block_is_the_drafts_byte_for_byte)
{
	static const uint32_t expected[] = {
	        6,                  /* Enhanced Packet Block */
	        28 + 8 + 8 + 4 + 4, /* its length */
	        3,                  /* interface */
	        0x17979cfe,
	        0x3d85cd15, /* 1700000000123456789, high word first */
	        5,
	        1500, /* captured, on the wire */
	        0x04030201,
	        5, /* data and three bytes of padding */
	        2 | 4 << 16,
	        0x9, /* epb_flags: inbound, multicast */
	        0,   /* opt_endofopt */
	        28 + 8 + 8 + 4 + 4,
	};
	struct wt_frame frame = {.data = payload,
	                         .caplen = 5,
	                         .len = 1500,
	                         .stamp_ns = INT64_C(1700000000123456789),
	                         .link_flags = WT_LINK_INBOUND | WT_LINK_MULTICAST};

	cr_assert(eq(sz, add_frames(3, &frame, 1), 1));
	cr_assert(eq(sz, length, sizeof(expected)));
	for (size_t i = 0; i < sizeof(expected) / 4; i++) {
		uint32_t word;

		memcpy(&word, bytes + i * 4, sizeof(word));
		cr_expect(eq(u32, word, expected[i]), "word %zu", i);
	}
}

Test(pcapng_encode, drop_count_comes_before_the_flags)
{
	static const uint32_t expected[] = {4 | 8 << 16, 0x55667788, 0x11223344, 2 | 4 << 16, 2, 0};
	struct wt_frame frame = {.data = payload,
	                         .caplen = 4,
	                         .len = 4,
	                         .link_flags = WT_LINK_OUTBOUND,
	                         .dropped_before = UINT64_C(0x1122334455667788)};

	add_frames(0, &frame, 1);
	cr_assert(eq(sz, length, 28 + 4 + 12 + 8 + 4 + 4));
	for (size_t i = 0; i < sizeof(expected) / 4; i++) {
		uint32_t word;

		memcpy(&word, bytes + 32 + i * 4, sizeof(word));
		cr_expect(eq(u32, word, expected[i]), "word %zu", i);
	}
}

Test(pcapng_encode, what_is_said_of_a_stamp_comes_behind_the_flags)
{
	static const uint32_t expected[] = {
	        2 | 4 << 16,
	        0, /* epb_flags */
	        0x8007 | 24 << 16,
	        0x302, /* hardware; given; there is a software stamp */
	        77,    /* map */
	        0x55667788,
	        0x11223344, /* as it was given */
	        0xfffffffe,
	        0xffffffff, /* the kernel's */
	        0,
	        28 + 4 + 8 + 28 + 8,
	};
	struct wt_frame frame = {.data = payload,
	                         .caplen = 4,
	                         .len = 4,
	                         .stamp_source = WT_STAMP_HARDWARE,
	                         .notes = WT_FRAME_GIVEN | WT_FRAME_BOTH,
	                         .map = 77,
	                         .given_ns = INT64_C(0x1122334455667788),
	                         .software_ns = -2};

	add_frames(0, &frame, 1);
	cr_assert(eq(sz, length, 28 + 4 + 8 + 28 + 8));
	for (size_t i = 0; i < sizeof(expected) / 4; i++) {
		uint32_t word;

		memcpy(&word, bytes + 32 + i * 4, sizeof(word));
		cr_expect(eq(u32, word, expected[i]), "word %zu", i);
	}
}

Test(pcapng_encode, what_is_said_of_a_stamp_comes_back)
{
	static const uint8_t notes[] = {0, WT_FRAME_SOURCE, WT_FRAME_SOURCE | WT_FRAME_GIVEN,
	                                WT_FRAME_SOURCE | WT_FRAME_BOTH,
	                                WT_FRAME_SOURCE | WT_FRAME_GIVEN | WT_FRAME_BOTH};
	struct wt_frame frame = {.data = payload,
	                         .caplen = 61,
	                         .len = 61,
	                         .stamp_source = WT_STAMP_HARDWARE,
	                         .map = UINT32_MAX,
	                         .given_ns = INT64_MIN,
	                         .software_ns = INT64_MAX};

	add_section();
	add_interface();
	next(WT_ITEM_SECTION);
	next(WT_ITEM_INTERFACE);
	for (size_t i = 0; i < sizeof(notes); i++) {
		size_t start = length;

		frame.notes = notes[i] | WT_FRAME_COPY;
		frame.dropped_before = i % 2;
		cr_assert(eq(sz, add_frames(0, &frame, 1), 1));
		/* Without what a frame may have, and has not. */
		cr_expect(eq(sz, length - start,
		             wt_pcapng_frame_bound(&frame) - 8 - (i % 2 ? 0 : 12)));
		next(WT_ITEM_PACKET);
		cr_expect(eq(int, item.packet.frame.notes, notes[i]));
		cr_expect(eq(int, item.packet.frame.stamp_source, i ? WT_STAMP_HARDWARE : 0));
		cr_expect(
		        eq(u32, item.packet.frame.map, notes[i] & WT_FRAME_GIVEN ? UINT32_MAX : 0));
		cr_expect(eq(i64, item.packet.frame.given_ns,
		             notes[i] & WT_FRAME_GIVEN ? INT64_MIN : 0));
		cr_expect(eq(i64, item.packet.frame.software_ns,
		             notes[i] & WT_FRAME_BOTH ? INT64_MAX : 0));
	}
}

Test(pcapng_encode, queue_is_the_last_option_of_each_packet)
{
	static const uint16_t codes[2][4] = {
	        {WT_OPT_EPB_FLAGS, WT_OPT_EPB_QUEUE},
	        {WT_OPT_EPB_DROPCOUNT, WT_OPT_EPB_FLAGS, WT_OPT_LOCAL_STAMP, WT_OPT_EPB_QUEUE}};
	struct wt_frame frames[2] = {{.data = payload, .caplen = 61, .len = 61}};
	struct wt_pcapng_option_view option;
	uint32_t queue;
	size_t used;

	frames[1] = frames[0];
	frames[1].dropped_before = 9;
	frames[1].notes = WT_FRAME_GIVEN;
	add_section();
	add_interface();
	next(WT_ITEM_SECTION);
	next(WT_ITEM_INTERFACE);
	cr_assert(eq(sz,
	             wt_pcapng_encode_queue(bytes + length, sizeof(bytes) - length, 0, UINT32_MAX,
	                                    frames, 2, &used),
	             2));
	length += used;
	for (size_t i = 0; i < 2; i++) {
		next(WT_ITEM_PACKET);
		for (size_t j = 0; j < 4 && codes[i][j]; j++) {
			cr_assert(eq(int, wt_pcapng_next_option(&item.options, &option, NULL), 1));
			cr_assert(eq(int, option.code, codes[i][j]));
			if (option.code != WT_OPT_EPB_QUEUE)
				continue;
			cr_assert(eq(int, option.length, 4));
			memcpy(&queue, option.value, sizeof(queue));
			cr_expect(eq(u32, queue, UINT32_MAX));
		}
		cr_expect(eq(int, wt_pcapng_next_option(&item.options, &option, NULL), 0));
	}
}

/* Else a page that was not written would not show. */
Test(pcapng_encode, block_of_a_frame_that_is_not_large_has_no_page_between_its_lengths)
{
	static uint8_t data[WT_CHUNK_LARGE_BYTES];
	struct wt_frame frame = {.data = data,
	                         .caplen = WT_CHUNK_LARGE_BYTES - 1,
	                         .len = WT_CHUNK_LARGE_BYTES - 1,
	                         .dropped_before = 1,
	                         .notes = WT_FRAME_STAMP_FLAGS};

	add_frames(0, &frame, 1);
	cr_expect(lt(sz, length - 8 - 4, WT_CHUNK_ALIGNMENT));
}

Test(pcapng_encode, frames_of_every_length_come_back_with_zeros_as_padding)
{
	struct wt_frame frame = {.data = payload, .len = 2000};

	add_section();
	add_interface();
	next(WT_ITEM_SECTION);
	next(WT_ITEM_INTERFACE);
	for (frame.caplen = 0; frame.caplen < 70; frame.caplen++) {
		size_t start = length;

		frame.dropped_before = frame.caplen % 3;
		frame.stamp_ns = INT64_C(0xfffffff0) + frame.caplen;
		frame.link_flags = 0xfff & frame.caplen * 41;
		cr_assert(eq(sz, add_frames(0, &frame, 1), 1));
		cr_assert(length - start <= wt_pcapng_packet_bound(frame.caplen));
		next(WT_ITEM_PACKET);
		cr_expect(eq(u32, item.packet.frame.caplen, frame.caplen));
		cr_expect(eq(u32, item.packet.frame.len, 2000));
		cr_expect(eq(i64, item.packet.frame.stamp_ns, frame.stamp_ns));
		cr_expect(eq(u32, item.packet.frame.link_flags, frame.link_flags));
		cr_expect(eq(u64, item.packet.frame.dropped_before, frame.dropped_before));
		cr_expect(eq(int, memcmp(item.packet.frame.data, payload, frame.caplen), 0));
		for (size_t i = start + 28 + frame.caplen; i % 4; i++)
			cr_expect(eq(u8, bytes[i], 0), "padding of %u bytes", frame.caplen);
	}
}

Test(pcapng_encode, as_many_frames_as_fit_are_encoded)
{
	struct wt_frame frames[10];
	size_t bound, used;

	for (int i = 0; i < 10; i++)
		frames[i] = (struct wt_frame){
		        .data = payload, .caplen = 60, .len = 60, .dropped_before = 1};
	bound = wt_pcapng_frame_bound(&frames[0]);
	for (size_t room = 0; room <= 3 * bound; room++) {
		uint8_t *tight = malloc(room ? room : 1);
		size_t done = wt_pcapng_encode_queue(tight, room, 0, 3, frames, 10, &used);

		cr_assert(eq(sz, done, room / bound), "room %zu", room);
		cr_assert(eq(sz, used, done * bound), "room %zu", room);
		free(tight);
	}
}

Test(pcapng_encode, section_says_what_it_was_told)
{
	struct wt_pcapng_section section = {.hardware = "a machine",
	                                    .os = "Linux",
	                                    .application = "wiretape",
	                                    .comment = "ümlaut",
	                                    .tape = "tape_id=0123456789abcdef file=1"};

	keep(wt_pcapng_encode_section(bytes, sizeof(bytes), &section));
	next(WT_ITEM_SECTION);
	expect_text(item.section.hardware, "a machine");
	expect_text(item.section.os, "Linux");
	expect_text(item.section.application, "wiretape");
	expect_text(item.section.comment, "ümlaut");
	expect_text(item.section.tape, "tape_id=0123456789abcdef file=1");
	cr_expect(eq(u64, item.section.declared_bytes, WT_PCAPNG_LENGTH_UNKNOWN));
	cr_expect(eq(int, item.section.major, 1));
	cr_expect(eq(int, item.section.minor, 0));
}

Test(pcapng_encode, strings_that_are_null_or_empty_are_left_out)
{
	struct wt_pcapng_section section = {.hardware = "", .os = NULL};

	keep(wt_pcapng_encode_section(bytes, sizeof(bytes), &section));
	next(WT_ITEM_SECTION);
	cr_expect(item.section.hardware.chars == NULL);
	cr_expect(item.section.tape.chars == NULL);
	cr_expect(item.section.os.chars == NULL);
	cr_expect(eq(sz, length, 24 + 4 + 4));
}

Test(pcapng_encode, interface_says_what_it_was_told)
{
	struct wt_pcapng_interface interface = {
	        .link_type = 113,
	        .snaplen = 262144,
	        .name = "eth0",
	        .description = "uplink",
	        .filter = "udp port 26477",
	        .os = "Linux",
	        .hardware = "a NIC",
	        .reader = "reader=v3",
	        .comment = "less than asked",
	        .speed_bps = UINT64_C(100000000000),
	        .mac = {2, 0, 0, 0, 0, 9},
	        .has_mac = true,
	};

	add_section();
	next(WT_ITEM_SECTION);
	keep(wt_pcapng_encode_interface(bytes + length, sizeof(bytes) - length, &interface));
	next(WT_ITEM_INTERFACE);
	cr_expect(eq(int, item.interface.link_type, 113));
	cr_expect(eq(u32, item.interface.snaplen, 262144));
	cr_expect(eq(int, item.interface.tsresol, 9));
	cr_expect(eq(u64, item.interface.speed_bps.value, UINT64_C(100000000000)));
	cr_expect(item.interface.has_mac && !memcmp(item.interface.mac, interface.mac, 6));
	expect_text(item.interface.name, "eth0");
	expect_text(item.interface.description, "uplink");
	expect_text(item.interface.filter, "udp port 26477");
	expect_text(item.interface.os, "Linux");
	expect_text(item.interface.hardware, "a NIC");
	expect_text(item.interface.reader, "reader=v3");
	expect_text(item.interface.comment, "less than asked");
}

static const char *const degraded[] = {"first", "second", NULL};
static const struct wt_pcapng_statistics statistics = {
        .interface_id = 0,
        .stamp_ns = INT64_C(1700000000123456789),
        .start_ns = INT64_C(1600000000123456789),
        .end_ns = INT64_C(1700000000000000001),
        .received = UINT64_C(1) << 40,
        .if_dropped = 2,
        .accepted = 3,
        .os_dropped = 4,
        .delivered = 5,
        .ledger = "seen=1\n",
        .nic = "rx_dropped=0\n",
        .degraded = degraded,
        .comment = "closing",
};

static void expect_degraded(void)
{
	struct wt_pcapng_option_view option;
	size_t count = 0;

	while (wt_pcapng_next_option(&item.options, &option, &err) == 1)
		if (option.code == WT_OPT_LOCAL_DEGRADED) {
			cr_assert(count < 2);
			expect_text(wt_pcapng_option_text(&option), degraded[count++]);
		}
	cr_expect(eq(sz, count, 2));
}

Test(pcapng_encode, statistics_say_what_they_were_told)
{
	add_section();
	add_interface();
	next(WT_ITEM_SECTION);
	next(WT_ITEM_INTERFACE);
	keep(wt_pcapng_encode_statistics(bytes + length, sizeof(bytes) - length, &statistics));
	next(WT_ITEM_STATISTICS);
	cr_expect(eq(i64, item.statistics.stamp.ns, statistics.stamp_ns));
	cr_expect(eq(i64, item.statistics.start.ns, statistics.start_ns));
	cr_expect(eq(i64, item.statistics.end.ns, statistics.end_ns));
	cr_expect(eq(u64, item.statistics.ifrecv.value, UINT64_C(1) << 40));
	cr_expect(eq(u64, item.statistics.ifdrop.value, 2));
	cr_expect(eq(u64, item.statistics.filteraccept.value, 3));
	cr_expect(eq(u64, item.statistics.osdrop.value, 4));
	cr_expect(eq(u64, item.statistics.usrdeliv.value, 5));
	expect_text(item.statistics.ledger, "seen=1\n");
	expect_text(item.statistics.nic, "rx_dropped=0\n");
	expect_text(item.statistics.comment, "closing");
	expect_degraded();
}

Test(pcapng_encode, block_needs_exactly_its_own_room)
{
	struct wt_pcapng_section section = {.application = "test", .os = "Linux"};
	ssize_t whole = wt_pcapng_encode_section(bytes, sizeof(bytes), &section);

	for (ssize_t room = 0; room <= whole; room++) {
		uint8_t *tight = malloc((size_t)room + !room);

		cr_assert(eq(i64, wt_pcapng_encode_section(tight, (size_t)room, &section),
		             room < whole ? -ENOBUFS : whole),
		          "room %zd of %zd", room, whole);
		free(tight);
	}
}

Test(pcapng_encode, every_kind_of_block_stays_inside_its_room)
{
	struct wt_pcapng_interface interface = {
	        .name = "eth0", .filter = "udp", .speed_bps = 1, .has_mac = true};
	ssize_t idb = wt_pcapng_encode_interface(bytes, sizeof(bytes), &interface);
	ssize_t isb = wt_pcapng_encode_statistics(bytes, sizeof(bytes), &statistics);

	for (ssize_t room = 0; room <= isb; room++) {
		uint8_t *tight = malloc((size_t)room + !room);

		cr_assert(eq(i64, wt_pcapng_encode_interface(tight, (size_t)room, &interface),
		             room < idb ? -ENOBUFS : idb),
		          "room %zd of %zd", room, idb);
		cr_assert(eq(i64, wt_pcapng_encode_statistics(tight, (size_t)room, &statistics),
		             room < isb ? -ENOBUFS : isb),
		          "room %zd of %zd", room, isb);
		free(tight);
	}
}

Test(pcapng_encode, strings_are_cut_at_what_an_option_can_hold)
{
	static char endless[70001];
	struct wt_pcapng_interface interface = {.link_type = 1, .name = endless, .filter = endless};
	struct wt_pcapng_section section = {.comment = endless};

	memset(endless, 'x', sizeof(endless) - 1);
	keep(wt_pcapng_encode_section(bytes, sizeof(bytes), &section));
	next(WT_ITEM_SECTION);
	cr_expect(eq(sz, item.section.comment.length, UINT16_MAX));
	keep(wt_pcapng_encode_interface(bytes + length, sizeof(bytes) - length, &interface));
	next(WT_ITEM_INTERFACE);
	cr_expect(eq(sz, item.interface.name.length, UINT16_MAX));
	cr_expect(eq(sz, item.interface.filter.length, UINT16_MAX - 1));
}

Test(pcapng_encode, filter_of_one_character_too_many_is_cut)
{
	static char filter[UINT16_MAX + 1];
	struct wt_pcapng_interface interface = {.link_type = 1, .filter = filter};

	memset(filter, 'x', sizeof(filter) - 1);
	add_section();
	keep(wt_pcapng_encode_interface(bytes + length, sizeof(bytes) - length, &interface));
	next(WT_ITEM_SECTION);
	next(WT_ITEM_INTERFACE);
	cr_expect(eq(sz, item.interface.filter.length, UINT16_MAX - 1));
}

Test(pcapng_encode, whole_blocks_are_counted_for_every_limit)
{
	struct wt_frame frames[4];
	size_t starts[8], blocks = 0, used;

	for (uint32_t i = 0; i < 4; i++)
		frames[i] = (struct wt_frame){.data = payload, .caplen = 10 + i, .len = 60};
	for (uint32_t i = 0; i < 4; i++) {
		starts[blocks++] = length;
		wt_pcapng_encode_frames(bytes + length, 1000, i % 2, &frames[i], 1, &used);
		length += used;
	}
	starts[blocks++] = length;
	keep(wt_pcapng_encode_statistics(bytes + length, 1000, &statistics));
	starts[blocks] = length;
	for (size_t limit = 0; limit <= length + 4; limit++) {
		uint64_t packets[2] = {0};
		size_t whole = 0;

		while (whole < blocks && starts[whole + 1] <= limit)
			whole++;
		cr_assert(eq(sz, wt_pcapng_whole_blocks(bytes, length, limit, packets, 2),
		             starts[whole]),
		          "limit %zu", limit);
		cr_assert(eq(u64, packets[0], whole > 2 ? 2 : whole > 0), "limit %zu", limit);
		cr_assert(eq(u64, packets[1], whole > 3 ? 2 : whole > 1), "limit %zu", limit);
	}
}

Test(pcapng_encode, whole_blocks_may_be_found_without_counting)
{
	add_section();
	cr_expect(eq(sz, wt_pcapng_whole_blocks(bytes, length, length, NULL, 0), length));
	cr_expect(eq(sz, wt_pcapng_whole_blocks(bytes, length, length - 1, NULL, 0), 0));
}

Test(pcapng_encode, packets_of_interfaces_that_nobody_asked_for_are_not_counted)
{
	struct wt_frame frame = {.data = payload, .caplen = 60, .len = 60};
	uint64_t packets[2] = {0};

	add_frames(0, &frame, 1);
	add_frames(1, &frame, 1);
	cr_expect(eq(sz, wt_pcapng_whole_blocks(bytes, length, length, packets, 1), length));
	cr_expect(eq(u64, packets[0], 1));
	cr_expect(eq(u64, packets[1], 0));
}
