/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include <wiretape/feed/recognise/recognise.h>
#include <wiretape/packet/udp_packet.h>

#include "support/unit.h"

/* Streams of every preset are recognised, and what is none is not. */

enum { FRAME_ROOM = 2048, PAYLOAD_ROOM = FRAME_ROOM - WT_UDP_HEADER_BYTES };
static const int64_t start_ns = INT64_C(1790000000000000000);
static const int64_t ms_ns = 1000000;

static struct wt_recogniser *recogniser;
static uint64_t state;

static void set_up(void)
{
	const struct wt_recogniser_config config = {0};

	cr_assert_eq(wt_recogniser_open(&recogniser, &config, NULL), 0);
	state = 42;
}

static void tear_down(void)
{
	wt_recogniser_close(recogniser);
}

TestSuite(recognise, .init = set_up, .fini = tear_down);

/* SplitMix64: repeatable. */
static uint64_t any(void)
{
	uint64_t value = state += UINT64_C(0x9e3779b97f4a7c15);

	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static void give(uint32_t group, uint16_t port, uint8_t *frame, size_t bytes, int64_t stamp_ns,
                 const char *interface)
{
	const struct wt_udp_flow flow = {
	        .source = 0x0a000001,
	        .group = group,
	        .source_port = 4000,
	        .port = port,
	        .ttl = 1,
	};
	struct wt_frame view = {.data = frame, .stamp_ns = stamp_ns};

	cr_assert_eq(wt_udp_build(frame, &flow, 1, bytes), 0);
	view.caplen = view.len = (uint32_t)(WT_UDP_HEADER_BYTES + bytes);
	wt_recogniser_frame(recogniser, wt_recogniser_interface(recogniser, interface),
	                    WT_LINK_TYPE_ETHERNET, &view, true);
}

/* A frame of which `kept` bytes were captured. */
static void give_cut_to(uint32_t group, uint8_t *frame, size_t bytes, size_t kept, int64_t stamp_ns)
{
	const struct wt_udp_flow flow = {.group = group, .port = 5000, .ttl = 1};
	struct wt_frame view = {.data = frame, .stamp_ns = stamp_ns};

	cr_assert_eq(wt_udp_build(frame, &flow, 1, bytes), 0);
	view.len = (uint32_t)(WT_UDP_HEADER_BYTES + bytes);
	view.caplen = (uint32_t)(WT_UDP_HEADER_BYTES + kept);
	wt_recogniser_frame(recogniser, 0, WT_LINK_TYPE_ETHERNET, &view, true);
}

static void give_cut(uint8_t *frame, size_t bytes, size_t kept, int64_t stamp_ns)
{
	give_cut_to(0xef010101, frame, bytes, kept, stamp_ns);
}

/* A payload to 239.1.1.`last`. */
static void give_payload(uint8_t last, const void *payload, size_t bytes, int64_t stamp_ns)
{
	uint8_t frame[FRAME_ROOM];

	cr_assert_leq(bytes, PAYLOAD_ROOM);
	memcpy(frame + WT_UDP_HEADER_BYTES, payload, bytes);
	give(0xef010100 + last, 5000, frame, bytes, stamp_ns, "");
}

static const struct wt_recognised *only_group(void)
{
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_assert_eq(wt_recogniser_count(recogniser), 1);
	return wt_recogniser_group(recogniser, 0);
}

struct stream {
	const struct wt_preset *preset;
	uint8_t last; /* of the group's address */
	uint32_t channel;
	uint64_t next;
	uint32_t count;  /* messages a packet */
	uint64_t seed;   /* of what is in the messages; 0: as the preset writes them */
	int64_t sent_ns; /* of the last packet */
	bool again;
	const char *interface;
};

static void begin(struct stream *stream, const char *preset, uint8_t last)
{
	*stream = (struct stream){
	        .preset = wt_preset_find(preset),
	        .last = last,
	        .channel = strcmp(preset, "aspen") ? 3 : 'A',
	        .next = 1000,
	        .count = 2,
	        .sent_ns = start_ns,
	        .interface = "",
	};
	cr_assert(stream->preset != NULL, "no preset %s", preset);
}

/* As much of this as the transport can say. */
static int write_packet(struct stream *stream, uint8_t *payload)
{
	struct wt_feed_header header = {
	        .what = WT_FEED_DATA, .first = stream->next, .again = stream->again};
	int bytes = 0;

	for (unsigned tries = 0; tries < 8; tries++) {
		header.session = tries & 1 ? 0 : 7;
		header.channel = tries & 2 ? 0 : stream->channel;
		header.count = tries & 4 ? 1 : stream->count;
		bytes = wt_preset_write(stream->preset, payload, PAYLOAD_ROOM, &header,
		                        (size_t)40 * header.count, stream->sent_ns);
		if (bytes > 0)
			break;
	}
	cr_assert_gt(bytes, 0, "%s: cannot be written: %d", stream->preset->name, bytes);
	stream->next += header.count;
	return bytes;
}

/* Fill messages, beyond the first bytes, which are the transport's own. */
static void fill(const struct stream *stream, uint8_t *payload, size_t bytes, uint64_t number)
{
	uint64_t saved = state;
	size_t from = stream->preset->header_bytes + 20U;

	/* Not where a checksum would notice. */
	if (!strcmp(stream->preset->name, "opra") || !strcmp(stream->preset->name, "cta"))
		return;
	state = stream->seed + number;
	for (size_t i = from; stream->seed && i < bytes && i < from + 8; i++)
		payload[i] = (uint8_t)any();
	state = saved;
}

static void send_next(struct stream *stream)
{
	uint8_t frame[FRAME_ROOM] = {0};
	uint64_t number = stream->next;
	int bytes;

	stream->sent_ns += ms_ns;
	bytes = write_packet(stream, frame + WT_UDP_HEADER_BYTES);
	fill(stream, frame + WT_UDP_HEADER_BYTES, (size_t)bytes, number);
	give(0xef010100 + stream->last, 5000, frame, (size_t)bytes, stream->sent_ns + 20000,
	     stream->interface);
}

static void send_many(struct stream *stream, unsigned packets)
{
	for (unsigned i = 0; i < packets; i++)
		send_next(stream);
}

static bool is_named(const struct wt_recognised *group, const struct wt_preset *preset)
{
	return group->preset == preset || group->or_else == preset;
}

static void expect_recognised(const char *preset, unsigned packets, unsigned percent)
{
	const struct wt_recognised *group;
	struct stream stream;

	tear_down();
	set_up();
	begin(&stream, preset, 1);
	send_many(&stream, packets);
	group = only_group();
	cr_expect(is_named(group, stream.preset) && group->percent >= percent,
	          "%s, %u packets: %s, %u %%: %s", preset, packets,
	          group->preset ? group->preset->name : "not recognised", group->percent,
	          group->holds);
	cr_expect_eq(group->kind, WT_FEED_LIVE);
}

Test(recognise, every_preset_is_sure_after_200_packets)
{
	for (size_t i = 0; i < wt_preset_count; i++)
		expect_recognised(wt_presets[i]->name, 200, WT_RECOGNISED_SURE);
}

Test(recognise, every_preset_is_likely_after_30_packets)
{
	for (size_t i = 0; i < wt_preset_count; i++)
		expect_recognised(wt_presets[i]->name, 30, WT_RECOGNISED_LIKELY);
}

/* Which of these are enough is for each to say: none may be taken for another. */
Test(recognise, few_packets_are_never_another_preset)
{
	for (size_t i = 0; i < wt_preset_count; i++) {
		for (unsigned packets = 1; packets <= 6; packets++) {
			const struct wt_recognised *group;
			struct stream stream;

			tear_down();
			set_up();
			begin(&stream, wt_presets[i]->name, 1);
			send_many(&stream, packets);
			group = only_group();
			cr_expect(is_named(group, wt_presets[i]) || !group->preset,
			          "%u packets of %s are taken for %s: %s", packets,
			          wt_presets[i]->name, group->preset->name, group->holds);
		}
	}
}

Test(recognise, a_group_with_many_channels_is_recognised)
{
	struct stream streams[12];

	for (unsigned i = 0; i < 12; i++) {
		begin(&streams[i], "pitch", 1);
		streams[i].channel = i + 1;
	}
	for (unsigned packets = 0; packets < 100; packets++)
		for (unsigned i = 0; i < 12; i++)
			send_next(&streams[i]);
	cr_expect_geq(only_group()->percent, WT_RECOGNISED_SURE);
	cr_expect_eq(only_group()->streams, 12);
}

Test(recognise, one_packet_with_a_checksum_is_enough)
{
	expect_recognised("opra", 1, WT_RECOGNISED_SURE);
	expect_recognised("cta", 1, WT_RECOGNISED_SURE);
}

Test(recognise, one_packet_whose_lengths_all_fit_is_likely)
{
	expect_recognised("pitch", 1, WT_RECOGNISED_LIKELY);
	expect_recognised("pillar", 1, WT_RECOGNISED_LIKELY);
	expect_recognised("iextp", 1, WT_RECOGNISED_LIKELY);
	expect_recognised("moldudp64", 1, WT_RECOGNISED_LIKELY);
	expect_recognised("mdp3", 1, WT_RECOGNISED_LIKELY);
	expect_recognised("eobi", 1, WT_RECOGNISED_LIKELY);
}

Test(recognise, loss_does_not_hide_a_feed)
{
	struct stream stream;
	const struct wt_recognised *group;

	begin(&stream, "mdp3", 1);
	for (unsigned i = 0; i < 100; i++) {
		stream.next += any() % 5;
		send_next(&stream);
	}
	group = only_group();
	cr_assert_eq(group->preset, stream.preset);
	cr_assert_geq(group->percent, WT_RECOGNISED_SURE);
	cr_assert(strstr(group->holds, "numbers follow") != NULL, "%s", group->holds);
}

Test(recognise, numbers_that_go_anywhere_are_never_sure)
{
	struct stream stream;

	begin(&stream, "pitch", 1);
	for (unsigned i = 0; i < 200; i++) {
		if (i % 3)
			stream.next = (uint32_t)any() | 2;
		send_next(&stream);
	}
	cr_expect_lt(only_group()->percent, WT_RECOGNISED_LIKELY, "%s", only_group()->holds);
}

/* Its first packet has room for one preset only. */
Test(recognise, a_preset_is_not_forgotten_for_another)
{
	struct stream stream;

	begin(&stream, "pillar", 1);
	stream.count = 1;
	send_next(&stream);
	for (unsigned i = 0; i < 100; i++) {
		uint8_t payload[PAYLOAD_ROOM] = {0}, frame[FRAME_ROOM];
		int bytes;

		stream.sent_ns += ms_ns;
		bytes = write_packet(&stream, payload);
		/* The rest is cut off: PITCH has the same length. */
		memcpy(frame + WT_UDP_HEADER_BYTES, payload, (size_t)bytes);
		give_cut(frame, (size_t)bytes, 20, stream.sent_ns);
	}
	cr_expect_eq(only_group()->preset, stream.preset, "%s", only_group()->holds);
	cr_expect_geq(only_group()->percent, WT_RECOGNISED_SURE);
	cr_expect_eq(only_group()->cut, 100);
}

/* As on an address that many programs use. */
Test(recognise, a_feed_among_other_packets_is_not_recognised)
{
	struct stream stream;
	uint8_t payload[20] = "hello";

	begin(&stream, "mdp3", 1);
	for (unsigned i = 0; i < 200; i++) {
		send_next(&stream);
		if (i % 3 == 0)
			give_payload(1, payload, sizeof(payload), stream.sent_ns);
	}
	cr_expect(only_group()->preset == NULL);
}

Test(recognise, pitch_and_mitch_are_named_together)
{
	struct stream stream;

	begin(&stream, "pitch", 1);
	send_many(&stream, 30);
	cr_expect_eq(only_group()->preset, wt_preset_find("pitch"));
	cr_expect_eq(only_group()->or_else, wt_preset_find("mitch"));
	cr_expect_str_eq(only_group()->channel, "unit 3");
}

Test(recognise, groups_that_are_letters_speak_for_mitch)
{
	struct stream stream;

	begin(&stream, "mitch", 1);
	stream.channel = 'A';
	send_many(&stream, 30);
	cr_expect_eq(only_group()->preset, wt_preset_find("mitch"));
	cr_expect_eq(only_group()->or_else, wt_preset_find("pitch"));
}

/* `packets` payloads, each made by `make` from its number; returns bytes. */
static void expect_unknown(const char *what, size_t (*make)(uint8_t *payload, unsigned number),
                           unsigned packets)
{
	const struct wt_recognised *group;
	uint8_t payload[PAYLOAD_ROOM];

	tear_down();
	set_up();
	for (unsigned i = 0; i < packets; i++) {
		memset(payload, 0, sizeof(payload));
		give_payload(1, payload, make(payload, i), start_ns + (int64_t)i * 7 * ms_ns);
	}
	group = only_group();
	cr_expect(group->preset == NULL, "%u packets of %s are taken for %s, %u %%: %s", packets,
	          what, group->preset->name, group->percent, group->holds);
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static void put_little(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void put_any(uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)any();
}

static size_t text(uint8_t *payload, const char *words)
{
	memcpy(payload, words, strlen(words));
	return strlen(words);
}

/* RFC 1035: a query, and every other time a response. */
static size_t dns(uint8_t *payload, unsigned number)
{
	static const uint8_t name[] = "\7example\3com\0\0\1\0\1";

	put(payload, any(), 2);
	put(payload + 2, number & 1 ? 0x8180 : 0x0100, 2);
	put(payload + 4, 1, 2);
	put(payload + 6, number & 1, 2);
	memcpy(payload + 12, name, 17);
	if (!(number & 1))
		return 29;
	put(payload + 29, 0xc00c00010001, 6);
	put(payload + 35, 300, 4);
	put(payload + 39, 4, 2);
	put_any(payload + 41, 4);
	return 45;
}

static size_t mdns(uint8_t *payload, unsigned number)
{
	static const uint8_t name[] = "\4_ipp\4_tcp\5local\0\0\14\0\1";

	(void)number;
	put(payload + 4, 1, 2);
	memcpy(payload + 12, name, 21);
	return 33;
}

/* RFC 5905. */
static size_t ntp(uint8_t *payload, unsigned number)
{
	payload[0] = number & 1 ? 0x24 : 0x23;
	payload[1] = (uint8_t)(number & 1 ? 2 : 0);
	payload[2] = 6;
	payload[3] = 0xec;
	put_any(payload + 4, 12);
	put(payload + 16, 0xe9000000u + number, 4);
	put(payload + 40, 0xe9000000u + number, 4);
	put_any(payload + 44, 4);
	return 48;
}

static size_t ssdp(uint8_t *payload, unsigned number)
{
	(void)number;
	return text(payload, "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
	                     "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n");
}

static size_t sip(uint8_t *payload, unsigned number)
{
	size_t bytes =
	        text(payload, "INVITE sip:bob@example.com SIP/2.0\r\nCSeq: 000 INVITE\r\n\r\n");

	payload[42] = (uint8_t)('0' + number / 10 % 10);
	payload[43] = (uint8_t)('0' + number % 10);
	return bytes;
}

static size_t syslog(uint8_t *payload, unsigned number)
{
	size_t bytes = text(payload, "<34>1 2026-10-11T22:14:15.003Z host su 12 ID47 - failed 0");

	payload[bytes - 1] = (uint8_t)('0' + number % 10);
	return bytes;
}

/* RFC 9000: Initial packets. */
static size_t quic_long(uint8_t *payload, unsigned number)
{
	(void)number;
	put_any(payload, 1200);
	payload[0] = (uint8_t)(0xc0 | (payload[0] & 0xf));
	put(payload + 1, 1, 4);
	payload[5] = 8;
	return 1200;
}

static size_t quic_short(uint8_t *payload, unsigned number)
{
	size_t bytes = 40 + number % 1100;

	put_any(payload, bytes);
	payload[0] = (uint8_t)(0x40 | (payload[0] & 0x3f));
	put(payload + 1, UINT64_C(0x1122334455667788), 8);
	return bytes;
}

/* RFC 7348, with TCP over IPv4 inside. */
static size_t vxlan(uint8_t *payload, unsigned number)
{
	payload[0] = 8;
	put(payload + 4, 42 << 8, 4);
	put(payload + 20, 0x0800, 2);
	payload[22] = 0x45;
	put(payload + 24, 40 + number % 900, 2);
	put(payload + 26, number, 2);
	payload[30] = 64;
	payload[31] = 6;
	put(payload + 34, 0x0a0000010a000002, 8);
	put(payload + 46, 1000 * number, 4);
	return 8 + 14 + 40 + number % 900;
}

/* NetFlow 5: 24 bytes and 48 a flow. */
static size_t netflow5(uint8_t *payload, unsigned number)
{
	put(payload, 5, 2);
	put(payload + 2, 3, 2);
	put(payload + 4, 1000 * number, 4);
	put(payload + 8, 1790000000 + number / 100, 4);
	put(payload + 16, 3 * number, 4);
	put_any(payload + 24, 144);
	return 168;
}

/* RFC 3954: a number that counts packets. */
static size_t netflow9(uint8_t *payload, unsigned number)
{
	put(payload, 9, 2);
	put(payload + 2, 2, 2);
	put(payload + 4, 1000 * number, 4);
	put(payload + 8, 1790000000 + number / 100, 4);
	put(payload + 12, number, 4);
	put(payload + 16, 1, 4);
	put(payload + 20, 256, 2);
	put(payload + 22, 100, 2);
	put_any(payload + 24, 96);
	return 120;
}

/* RFC 7011: the length of all of it comes second. */
static size_t ipfix(uint8_t *payload, unsigned number)
{
	put(payload, 10, 2);
	put(payload + 2, 120, 2);
	put(payload + 4, 1790000000 + number / 100, 4);
	put(payload + 8, 2 * number, 4);
	put(payload + 16, 256, 2);
	put(payload + 18, 104, 2);
	put_any(payload + 20, 100);
	return 120;
}

static size_t sflow(uint8_t *payload, unsigned number)
{
	put(payload, 5, 4);
	put(payload + 4, 1, 4);
	put(payload + 8, 0x0a000001, 4);
	put(payload + 16, number, 4);
	put(payload + 20, 1000 * number, 4);
	put(payload + 24, 1, 4);
	put_any(payload + 28, 150);
	return 178;
}

/* RFC 3550: sender reports, and descriptions. */
static size_t rtcp(uint8_t *payload, unsigned number)
{
	payload[0] = 0x80;
	payload[1] = 200;
	put(payload + 2, 6, 2);
	put(payload + 4, 0xdeadbeef, 4);
	put(payload + 8, 0xe9000000u + number, 4);
	put_any(payload + 12, 4);
	put(payload + 16, 90000 * number, 4);
	put(payload + 20, number, 4);
	put(payload + 24, 1000 * number, 4);
	payload[28] = 0x81;
	payload[29] = 202;
	put(payload + 30, 3, 2);
	put(payload + 32, 0xdeadbeef, 4);
	memcpy(payload + 36, "\1\5h@x.y\0\0", 8);
	return 44;
}

static size_t stun(uint8_t *payload, unsigned number)
{
	(void)number;
	put(payload, 1, 2);
	put(payload + 2, 8, 2);
	put(payload + 4, 0x2112a442, 4);
	put_any(payload + 8, 12);
	put(payload + 20, 0x80220004, 4);
	put_any(payload + 24, 4);
	return 28;
}

/* RFC 6347: application data of an epoch, numbered. */
static size_t dtls(uint8_t *payload, unsigned number)
{
	size_t bytes = 40 + number % 60;

	payload[0] = 23;
	put(payload + 1, 0xfefd, 2);
	put(payload + 3, 1, 2);
	put(payload + 5, number, 6);
	put(payload + 11, bytes, 2);
	put_any(payload + 13, bytes);
	return 13 + bytes;
}

static size_t wireguard(uint8_t *payload, unsigned number)
{
	payload[0] = 4;
	put_little(payload + 4, 0x12345678, 4);
	put_little(payload + 8, number, 8);
	put_any(payload + 16, 96);
	return 112;
}

/* RFC 3948: ESP, with an SPI that looks like RTP's first bytes. */
static size_t esp(uint8_t *payload, unsigned number)
{
	put(payload, 0x80601234, 4);
	put(payload + 4, number, 4);
	put_any(payload + 8, 120);
	return 128;
}

static size_t snmp(uint8_t *payload, unsigned number)
{
	static const uint8_t get[] = "\x30\x29\2\1\1\4\6public\xa0\x1c\2\4\0\0\0\0\2\1\0\2\1\0"
	                             "\x30\x0e\x30\x0c\6\10\x2b\6\1\2\1\1\3\0\5\0";

	memcpy(payload, get, 43);
	put(payload + 17, number, 4);
	return 43;
}

/* RFC 1350: blocks that are numbered. */
static size_t tftp(uint8_t *payload, unsigned number)
{
	put(payload, 3, 2);
	put(payload + 2, number + 1, 2);
	put_any(payload + 4, 512);
	return 516;
}

/* IEEE 1588: Sync messages with their length and number. */
static size_t ptp(uint8_t *payload, unsigned number)
{
	payload[1] = 2;
	put(payload + 2, 44, 2);
	put_any(payload + 20, 1);
	put(payload + 30, number, 2);
	put(payload + 36, 1790000000 + number, 4);
	return 44;
}

/* iperf 2: a number and a time, big-endian. */
static size_t iperf2(uint8_t *payload, unsigned number)
{
	put(payload, number, 4);
	put(payload + 4, 1790000000 + number / 1000, 4);
	put(payload + 8, number % 1000 * 1000, 4);
	return 1470;
}

/* iperf 3: a time and a number. */
static size_t iperf3(uint8_t *payload, unsigned number)
{
	put(payload, 1790000000 + number / 1000, 4);
	put(payload + 4, number % 1000 * 1000, 4);
	put(payload + 8, number + 1, 4);
	put_any(payload + 12, 1436);
	return 1448;
}

/* 3GPP TS 29.281: GTP-U with a number, and what follows its length. */
static size_t gtp(uint8_t *payload, unsigned number)
{
	payload[0] = 0x32;
	payload[1] = 255;
	put(payload + 2, 104, 2);
	put(payload + 4, 0x1234, 4);
	put(payload + 8, number, 2);
	put_any(payload + 12, 100);
	return 112;
}

static size_t radius(uint8_t *payload, unsigned number)
{
	payload[0] = 1;
	payload[1] = (uint8_t)number;
	put(payload + 2, 26, 2);
	put_any(payload + 4, 16);
	memcpy(payload + 20, "\1\6user", 6);
	return 26;
}

/* MPEG transport stream without RTP. */
static size_t mpeg(uint8_t *payload, unsigned number)
{
	for (unsigned i = 0; i < 7; i++) {
		put_any(payload + 188 * i, 188);
		payload[188 * i] = 0x47;
		put(payload + 188 * i + 1, 0x0100, 2);
		payload[188 * i + 3] = (uint8_t)(0x10 | ((number * 7 + i) & 0xf));
	}
	return 7 * 188;
}

/* ANSI E1.31 and Art-Net: stage lights, numbered. */
static size_t artnet(uint8_t *payload, unsigned number)
{
	memcpy(payload, "Art-Net", 8);
	put_little(payload + 8, 0x5000, 2);
	put(payload + 10, 14, 2);
	payload[12] = (uint8_t)number;
	put(payload + 16, 512, 2);
	put_any(payload + 18, 512);
	return 530;
}

/* Aeron: a little-endian length, then a position that grows by it. */
static size_t aeron(uint8_t *payload, unsigned number)
{
	put_little(payload, 96, 4);
	payload[5] = 0xc0;
	put_little(payload + 6, 1, 2);
	put_little(payload + 8, 96 * number, 4);
	put_little(payload + 12, 0x11223344, 4);
	put_little(payload + 16, 1001, 4);
	put_little(payload + 20, 7, 4);
	put_any(payload + 32, 64);
	return 96;
}

static size_t random_bytes(uint8_t *payload, unsigned number)
{
	size_t bytes = 1 + any() % 1400;

	(void)number;
	put_any(payload, bytes);
	return bytes;
}

static size_t zeros(uint8_t *payload, unsigned number)
{
	(void)payload;
	return number % 100;
}

static size_t ones(uint8_t *payload, unsigned number)
{
	memset(payload, 0xff, 200);
	return 20 + number % 100;
}

/* Somebody's own header: a length of 16 bits, little-endian, and a type. */
static size_t own_length_little(uint8_t *payload, unsigned number)
{
	size_t bytes = 60 + any() % 300;

	(void)number;
	put_any(payload, bytes);
	put_little(payload, bytes, 2);
	return bytes;
}

static size_t own_length_big(uint8_t *payload, unsigned number)
{
	size_t bytes = 60 + any() % 300;

	(void)number;
	put_any(payload, bytes);
	put(payload, bytes, 2);
	return bytes;
}

/* Somebody's own counters, where transports have theirs. */
static size_t counter_little(uint8_t *payload, unsigned number)
{
	put_any(payload, 100);
	put_little(payload, number, 4);
	return 100;
}

static size_t counter_big(uint8_t *payload, unsigned number)
{
	put_any(payload, 100);
	put(payload, number, 4);
	return 100;
}

static size_t counter_wide(uint8_t *payload, unsigned number)
{
	put_any(payload, 100);
	put_little(payload, number, 8);
	return 100;
}

static const struct noise {
	const char *what;
	size_t (*make)(uint8_t *payload, unsigned number);
} noises[] = {
        {"DNS", dns},
        {"mDNS", mdns},
        {"NTP", ntp},
        {"SSDP", ssdp},
        {"SIP", sip},
        {"syslog", syslog},
        {"QUIC with long headers", quic_long},
        {"QUIC with short headers", quic_short},
        {"VXLAN", vxlan},
        {"NetFlow 5", netflow5},
        {"NetFlow 9", netflow9},
        {"IPFIX", ipfix},
        {"sFlow", sflow},
        {"RTCP", rtcp},
        {"STUN", stun},
        {"DTLS", dtls},
        {"WireGuard", wireguard},
        {"ESP in UDP", esp},
        {"SNMP", snmp},
        {"TFTP", tftp},
        {"PTP", ptp},
        {"iperf 2", iperf2},
        {"iperf 3", iperf3},
        {"GTP-U", gtp},
        {"RADIUS", radius},
        {"MPEG TS", mpeg},
        {"Art-Net", artnet},
        {"Aeron", aeron},
        {"random bytes", random_bytes},
        {"zeros", zeros},
        {"0xff", ones},
        {"a length and random bytes", own_length_little},
        {"a big-endian length and random bytes", own_length_big},
        {"a counter and random bytes", counter_little},
        {"a big-endian counter and random bytes", counter_big},
        {"a wide counter and random bytes", counter_wide},
};

Test(recognise, what_is_no_feed_is_not_recognised)
{
	static const unsigned packets[] = {1, 2, 3, 5, 10, 30, 300, 3000};

	for (size_t i = 0; i < sizeof(noises) / sizeof(noises[0]); i++)
		for (size_t j = 0; j < sizeof(packets) / sizeof(packets[0]); j++)
			expect_unknown(noises[i].what, noises[i].make, packets[j]);
}

/* Random bytes have a thousand chances. */
Test(recognise, single_random_packets_are_not_recognised)
{
	uint8_t payload[PAYLOAD_ROOM];

	for (unsigned i = 0; i < 2000; i++) {
		uint8_t frame[FRAME_ROOM];
		size_t bytes = random_bytes(payload, i);

		memcpy(frame + WT_UDP_HEADER_BYTES, payload, bytes);
		give(0xef020000 + i, 5000, frame, bytes, start_ns, "");
	}
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	for (uint32_t i = 0; i < wt_recogniser_count(recogniser); i++)
		cr_expect_not(wt_recogniser_group(recogniser, i)->preset, "%s",
		              wt_recogniser_group(recogniser, i)->holds);
}

/* A packet of a call to 239.1.1.1. */
static void give_rtp(unsigned number, uint8_t type, uint32_t media_time, uint32_t source)
{
	uint8_t payload[100] = {0x80, type};

	put(payload + 2, number & 0xffff, 2);
	put(payload + 4, media_time, 4);
	put(payload + 8, source, 4);
	give_payload(1, payload, sizeof(payload), start_ns + (int64_t)number * ms_ns);
}

static void expect_rtp(void)
{
	cr_expect_eq(only_group()->preset, wt_preset_find("rtp"));
	cr_expect_geq(only_group()->percent, WT_RECOGNISED_LIKELY);
}

Test(recognise, rtp_of_any_payload_type_is_not_recognised)
{
	for (unsigned i = 0; i < 100; i++)
		give_rtp(i, (uint8_t)(96 + i % 6), 160 * i, 0xdeadbeef);
	cr_expect(only_group()->preset == NULL);
}

Test(recognise, rtp_whose_time_goes_anywhere_is_not_recognised)
{
	for (unsigned i = 0; i < 100; i++)
		give_rtp(i, 8, (uint32_t)any(), 0xdeadbeef);
	cr_expect(only_group()->preset == NULL);
}

/* RFC 3389: comfort noise between words; RFC 4733: digits. */
Test(recognise, a_call_with_comfort_noise_and_digits_is_recognised)
{
	static const uint8_t types[] = {8, 8, 13, 8, 101, 8, 13, 0x80 | 8};

	for (unsigned i = 0; i < 100; i++)
		give_rtp(65500 + i, types[i % 8], 0xffffff00 + 160 * i, 0xdeadbeef);
	expect_rtp();
}

Test(recognise, a_second_of_speech_is_likely)
{
	for (unsigned i = 0; i < 12; i++)
		give_rtp(i, 0, 160 * i, 0xdeadbeef);
	expect_rtp();
}

Test(recognise, a_time_that_stays_is_less_likely)
{
	for (unsigned i = 0; i < 12; i++)
		give_rtp(i, 0, 160, 0xdeadbeef);
	cr_expect_lt(only_group()->percent, WT_RECOGNISED_LIKELY);
}

Test(recognise, several_sources_of_rtp_on_one_address_are_recognised)
{
	for (unsigned i = 0; i < 100; i++)
		for (unsigned source = 1; source < 4; source++)
			give_rtp(1000 * source + i, 96, 3000 * i * source, 0xdeadbeef * source);
	expect_rtp();
	cr_expect_eq(only_group()->streams, 3);
}

/* Ports that are mirrored in both directions. */
Test(recognise, rtp_that_was_captured_twice_is_recognised)
{
	for (unsigned i = 0; i < 100; i++)
		for (unsigned j = 0; j < 2; j++)
			give_rtp(i, 96, 3000 * i, 0xdeadbeef);
	expect_rtp();
}

Test(recognise, a_number_that_stays_is_not_recognised)
{
	for (unsigned i = 0; i < 100; i++)
		give_rtp(7, 96, 3000 * i, 0xdeadbeef);
	cr_expect(only_group()->preset == NULL);
}

Test(recognise, rtp_with_other_protocols_on_its_port_is_recognised)
{
	static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	static const uint8_t rtcp[28] = {0x81, 200, 0, 6};
	static const uint8_t dtls[40] = {22, 0xfe, 0xfd};
	static const uint8_t alive[2] = "OK";

	for (unsigned i = 0; i < 60; i++) {
		give_rtp(i, 111, 960 * i, 0xdeadbeef);
		give_payload(1, stun, sizeof(stun), start_ns);
		give_payload(1, rtcp, sizeof(rtcp), start_ns);
		give_payload(1, dtls, sizeof(dtls), start_ns);
		give_payload(1, alive, sizeof(alive), start_ns);
	}
	expect_rtp();
}

Test(recognise, numbers_that_begin_anew_make_a_loop)
{
	struct stream stream;

	begin(&stream, "mdp3", 1);
	for (unsigned cycle = 0; cycle < 4; cycle++) {
		stream.next = 1;
		send_many(&stream, 20);
	}
	cr_expect_eq(only_group()->kind, WT_FEED_LOOP);
	cr_expect_eq(only_group()->restarts, 3);
	cr_expect_geq(only_group()->percent, WT_RECOGNISED_SURE);
}

Test(recognise, one_restart_makes_no_loop)
{
	struct stream stream;

	begin(&stream, "pitch", 1);
	send_many(&stream, 20);
	stream.next = 1;
	send_many(&stream, 20);
	cr_expect_eq(only_group()->kind, WT_FEED_LIVE);
	cr_expect_eq(only_group()->restarts, 1);
}

Test(recognise, what_is_all_sent_again_is_a_retransmission)
{
	struct stream stream;

	begin(&stream, "opra", 1);
	stream.again = true;
	send_many(&stream, 20);
	cr_expect_eq(only_group()->kind, WT_FEED_RETRANSMISSION);
}

static void expect_pair(unsigned same, unsigned content)
{
	const struct wt_recognised *a, *b;

	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_assert_eq(wt_recogniser_count(recogniser), 2);
	a = wt_recogniser_group(recogniser, 0);
	b = wt_recogniser_group(recogniser, 1);
	cr_assert(a->preset && b->preset);
	cr_assert_eq(a->other_side, 1, "%s", a->preset->name);
	cr_assert_eq(b->other_side, 0);
	cr_expect(b->is_b && !a->is_b);
	cr_expect_geq(a->same_percent, same);
	cr_expect_geq(a->content_percent, content);
	cr_expect_lt(a->address.ip[3], b->address.ip[3]);
}

static void expect_no_pair(void)
{
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_assert_eq(wt_recogniser_count(recogniser), 2);
	for (uint32_t i = 0; i < 2; i++) {
		cr_assert(wt_recogniser_group(recogniser, i)->preset != NULL);
		cr_expect_eq(wt_recogniser_group(recogniser, i)->other_side, -1);
	}
}

static void begin_two(struct stream *a, struct stream *b, const char *preset)
{
	begin(a, preset, 2);
	begin(b, preset, 1);
	a->seed = b->seed = 1;
}

Test(recognise, same_packets_on_two_groups_are_sides)
{
	for (size_t i = 0; i < wt_preset_count; i++) {
		struct stream a, b;

		tear_down();
		set_up();
		begin_two(&a, &b, wt_presets[i]->name);
		for (unsigned j = 0; j < 300; j++) {
			send_next(&a);
			send_next(&b);
		}
		expect_pair(100, 100);
	}
}

Test(recognise, sides_that_lose_much_are_sides)
{
	struct stream a, b;

	begin_two(&a, &b, "pitch");
	for (unsigned i = 0; i < 1000; i++) {
		if (any() % 4)
			send_next(&a);
		else
			a.next += 2;
		if (any() % 4)
			send_next(&b);
		else
			b.next += 2;
	}
	expect_pair(60, 100);
}

/* A sends two messages a packet, B one. */
Test(recognise, sides_are_found_by_messages_and_not_by_packets)
{
	struct stream a, b;

	begin_two(&a, &b, "moldudp64");
	a.seed = b.seed = 0;
	b.count = 1;
	for (unsigned i = 0; i < 500; i++) {
		send_next(&a);
		send_many(&b, 2);
	}
	expect_pair(90, 90);
}

/* Packets that hardly ever begin with the same message. */
Test(recognise, sides_whose_packets_are_cut_otherwise_are_found)
{
	static const char *const presets[] = {"moldudp64", "pitch", "iextp", "pillar", "opra"};

	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		struct stream a, b;

		tear_down();
		set_up();
		begin_two(&a, &b, presets[i]);
		a.seed = b.seed = 0;
		a.count = 3;
		b.count = 4;
		for (unsigned j = 0; j < 100; j++) {
			send_many(&a, 4);
			send_many(&b, 3);
		}
		expect_pair(95, 95);
	}
}

Test(recognise, sides_of_which_only_headers_were_kept_are_found)
{
	const struct wt_recognised *b;
	uint8_t frame[FRAME_ROOM];

	for (unsigned number = 0; number < 200; number++)
		for (uint8_t side = 1; side < 3; side++) {
			memset(frame, 0, sizeof(frame));
			memcpy(frame + WT_UDP_HEADER_BYTES, "0000000001", 10);
			put(frame + WT_UDP_HEADER_BYTES + 10, number, 8);
			put(frame + WT_UDP_HEADER_BYTES + 18, 1, 2);
			give_cut_to(0xef010100 + side, frame, 100, 20,
			            start_ns + (int64_t)number * ms_ns);
		}
	expect_pair(100, 100);
	b = wt_recogniser_group(recogniser, 1);
	cr_expect_not(b->has_content);
}

Test(recognise, single_packets_are_sides_if_they_are_the_same)
{
	struct stream a, b;

	begin_two(&a, &b, "opra");
	send_next(&a);
	send_next(&b);
	expect_pair(100, 100);
}

Test(recognise, same_numbers_with_other_content_are_no_sides)
{
	struct stream a, b;

	begin_two(&a, &b, "mdp3");
	for (unsigned i = 0; i < 200; i++) {
		/* Some are the same by chance. */
		b.seed = i % 4 ? 2000000 : a.seed;
		send_next(&a);
		send_next(&b);
	}
	expect_no_pair();
}

Test(recognise, same_packets_at_other_times_are_no_sides)
{
	struct stream a, b;

	begin_two(&a, &b, "pitch");
	b.sent_ns += 3600000 * ms_ns;
	for (unsigned i = 0; i < 200; i++) {
		send_next(&a);
		send_next(&b);
	}
	expect_no_pair();
}

/* Two streams with the same numbers and the same content, half a second apart. */
Test(recognise, of_several_the_closest_in_time_are_sides)
{
	struct stream streams[4];

	for (unsigned i = 0; i < 4; i++) {
		begin(&streams[i], "pitch", (uint8_t)(i + 1));
		if (i == 1 || i == 2)
			streams[i].sent_ns += 500 * ms_ns;
	}
	for (unsigned j = 0; j < 100; j++)
		for (unsigned i = 0; i < 4; i++)
			send_next(&streams[i]);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_expect_eq(wt_recogniser_group(recogniser, 0)->other_side, 3);
	cr_expect_eq(wt_recogniser_group(recogniser, 1)->other_side, 2);
}

/* As made for a load test: B of each comes 10 us after A, the next stream 1 ms later. */
static void give_crowd(struct stream *streams, unsigned count, bool sides)
{
	for (unsigned i = 0; i < count; i++) {
		begin(&streams[i], "mdp3", (uint8_t)(i + 1));
		streams[i].sent_ns += sides ? i / 2 * ms_ns + i % 2 * 10000 : i * ms_ns;
	}
	for (unsigned j = 0; j < 50; j++) {
		for (unsigned i = 0; i < count; i++) {
			streams[i].sent_ns += 100 * ms_ns;
			send_next(&streams[i]);
		}
	}
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_assert_eq(wt_recogniser_count(recogniser), count);
}

Test(recognise, many_groups_that_carry_the_same_are_no_sides)
{
	struct stream streams[20];

	give_crowd(streams, 20, false);
	for (uint32_t i = 0; i < 20; i++)
		cr_expect_eq(wt_recogniser_group(recogniser, i)->other_side, -1);
}

Test(recognise, among_many_those_are_sides_that_come_together)
{
	struct stream streams[20];

	give_crowd(streams, 20, true);
	for (uint32_t i = 0; i < 20; i++)
		cr_expect_eq(wt_recogniser_group(recogniser, i)->other_side, (int32_t)(i ^ 1));
}

Test(recognise, other_units_are_no_sides)
{
	struct stream a, b;

	begin_two(&a, &b, "pitch");
	b.channel = 4;
	for (unsigned i = 0; i < 200; i++) {
		send_next(&a);
		send_next(&b);
	}
	expect_no_pair();
}

Test(recognise, a_group_on_two_interfaces_is_two)
{
	struct stream a, b;
	struct wt_feed_channel channel;

	begin_two(&a, &b, "pitch");
	b.last = a.last;
	a.interface = "eth0";
	b.interface = "eth1";
	for (unsigned i = 0; i < 50; i++) {
		send_next(&a);
		send_next(&b);
	}
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_assert_eq(wt_recogniser_count(recogniser), 2);
	cr_assert(wt_recogniser_group(recogniser, 0)->interface_matters);
	cr_assert(wt_recognise_channel(recogniser, 0, 95, 1, &channel));
	cr_expect_str_eq(channel.sides[WT_FEED_A].interface, "eth0");
	cr_expect_str_eq(channel.sides[WT_FEED_B].interface, "eth1");
	cr_expect_not(wt_recognise_channel(recogniser, 1, 95, 1, &channel));
}

Test(recognise, interfaces_are_known_by_their_names)
{
	char name[16];

	cr_expect_eq(wt_recogniser_interface(recogniser, ""), 0);
	cr_expect_eq(wt_recogniser_interface(recogniser, NULL), 0);
	cr_expect_eq(wt_recogniser_interface(recogniser, "a"), 1);
	cr_expect_eq(wt_recogniser_interface(recogniser, "b"), 2);
	cr_expect_eq(wt_recogniser_interface(recogniser, "a"), 1);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		wt_recogniser_interface(recogniser, name);
	}
	cr_expect_eq(wt_recogniser_interface(recogniser, "c999"), 0);
	cr_expect_eq(wt_recogniser_interface(recogniser, "b"), 2);
}

Test(recognise, groups_beyond_the_most_are_counted)
{
	const struct wt_recogniser_config config = {.max_groups = 10};
	struct wt_recogniser_totals totals;
	uint8_t payload[20] = {0};

	tear_down();
	cr_assert_eq(wt_recogniser_open(&recogniser, &config, NULL), 0);
	for (unsigned i = 0; i < 60; i++)
		give_payload((uint8_t)(i % 15), payload, sizeof(payload), start_ns);
	wt_recogniser_totals(recogniser, &totals);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_expect_eq(wt_recogniser_count(recogniser), 10);
	cr_expect_eq(totals.frames, 60);
	cr_expect_eq(totals.udp, 40);
	cr_expect_eq(totals.beyond_groups, 20);
}

/* Addresses of clients that come and go. */
Test(recognise, addresses_that_are_no_groups_leave_room)
{
	/* IPv4 and UDP, a byte of payload. */
	uint8_t packet[29] = {0x45, 0, 0, 29, [9] = 17, [16] = 10, [25] = 9};
	const struct wt_frame frame = {.data = packet, .caplen = 29, .len = 29};
	const struct wt_recogniser_config config = {.max_groups = 8};
	uint8_t payload[20] = {0};
	struct wt_recogniser_totals totals;

	tear_down();
	cr_assert_eq(wt_recogniser_open(&recogniser, &config, NULL), 0);
	for (packet[19] = 0; packet[19] < 20; packet[19]++)
		wt_recogniser_frame(recogniser, 0, WT_LINK_TYPE_RAW, &frame, false);
	give_payload(1, payload, sizeof(payload), start_ns);
	wt_recogniser_totals(recogniser, &totals);
	cr_expect_eq(totals.beyond_groups, 14);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_assert_eq(wt_recogniser_count(recogniser), 7);
	cr_expect_eq(wt_recogniser_group(recogniser, 6)->address.ip[0], 239);
}

Test(recognise, heartbeats_alone_are_perhaps_a_feed)
{
	static const uint8_t heartbeat[] = "1567326000\0\0\0\0\0\x34\xe3\xe9\0";

	for (unsigned i = 0; i < 5; i++)
		give_payload(1, heartbeat, 20, start_ns + (int64_t)i * 1000 * ms_ns);
	cr_expect_eq(only_group()->preset, wt_preset_find("moldudp64"));
	cr_expect_lt(only_group()->percent, WT_RECOGNISED_LIKELY);
}

Test(recognise, groups_are_in_the_order_of_their_addresses)
{
	uint8_t payload[20] = {0};

	for (unsigned i = 0; i < 100; i++)
		give_payload((uint8_t)any(), payload, sizeof(payload), start_ns);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	for (uint32_t i = 1; i < wt_recogniser_count(recogniser); i++)
		cr_expect_lt(wt_recogniser_group(recogniser, i - 1)->address.ip[3],
		             wt_recogniser_group(recogniser, i)->address.ip[3]);
}

Test(recognise, a_group_says_what_came)
{
	const struct wt_recognised *group;
	uint8_t payload[30] = "0123456789";

	give_payload(9, payload, sizeof(payload), start_ns + 5);
	give_payload(9, payload, 4, start_ns + 1);
	group = only_group();
	cr_expect_eq(group->packets, 2);
	cr_expect_eq(group->bytes, 34);
	cr_expect_eq(group->first_ns, start_ns + 1);
	cr_expect_eq(group->last_ns, start_ns + 5);
	cr_expect_eq(group->sources, 1);
	cr_expect_eq(group->first_bytes, WT_RECOGNISE_FIRST_BYTES);
	cr_expect_eq(memcmp(group->first, payload, WT_RECOGNISE_FIRST_BYTES), 0);
	cr_expect_eq(group->address.port, 5000);
	cr_expect_str_eq(wt_recognised_word(group->percent), "not recognised");
}

Test(recognise, it_goes_on_after_it_was_asked)
{
	struct stream stream;

	begin(&stream, "flex", 1);
	send_many(&stream, 2);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	send_many(&stream, 300);
	cr_expect_eq(only_group()->preset, stream.preset);
	cr_expect_geq(only_group()->percent, WT_RECOGNISED_SURE);
	cr_expect_eq(only_group()->packets, 302);
}

Test(recognise, frames_that_are_no_datagrams_are_counted)
{
	static const uint8_t arp[60] = {[12] = 0x08, [13] = 0x06};
	const struct wt_frame frame = {.data = arp, .caplen = 60, .len = 60};
	struct wt_recogniser_totals totals;

	wt_recogniser_frame(recogniser, 0, WT_LINK_TYPE_ETHERNET, &frame, true);
	wt_recogniser_frame(recogniser, 0, 250, &frame, false);
	wt_recogniser_totals(recogniser, &totals);
	cr_expect_eq(totals.other, 1);
	cr_expect_eq(totals.unknown_link, 1);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_expect_eq(wt_recogniser_count(recogniser), 0);
}

Test(recognise, channels_are_named_after_their_presets)
{
	struct wt_feed_channels channels = {0};
	struct stream a, b, c;

	begin_two(&a, &b, "pitch");
	begin(&c, "opra", 3);
	for (unsigned i = 0; i < 50; i++) {
		send_next(&a);
		send_next(&b);
		send_next(&c);
	}
	c.last = 4;
	c.next = 500000;
	send_many(&c, 50);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_assert_eq(wt_recognise_channels(recogniser, WT_RECOGNISED_SURE, &channels, NULL), 0);
	cr_assert_eq(channels.count, 3);
	cr_expect_str_eq(channels.list[0].name, "pitch-1");
	cr_expect_eq(channels.list[0].sides[WT_FEED_A].ip[3], 1);
	cr_expect_eq(channels.list[0].sides[WT_FEED_B].ip[3], 2);
	cr_expect_str_eq(channels.list[1].name, "opra-1");
	cr_expect_str_eq(channels.list[2].name, "opra-2");
	/* A channel that is there already is no mistake. */
	cr_expect_eq(wt_recognise_channels(recogniser, WT_RECOGNISED_SURE, &channels, NULL), 0);
	cr_expect_eq(channels.count, 3);
	wt_feed_channels_free(&channels);
}

/* A feeds file can say neither a loop nor a retransmission with two sides. */
Test(recognise, loops_on_two_groups_are_two_channels)
{
	struct wt_feed_channels channels = {0};
	struct stream a, b;

	begin_two(&a, &b, "mdp3");
	for (unsigned cycle = 0; cycle < 4; cycle++) {
		a.next = b.next = 1;
		for (unsigned i = 0; i < 20; i++) {
			send_next(&a);
			send_next(&b);
		}
	}
	expect_no_pair();
	cr_assert_eq(wt_recognise_channels(recogniser, WT_RECOGNISED_SURE, &channels, NULL), 0);
	cr_assert_eq(channels.count, 2);
	for (size_t i = 0; i < 2; i++)
		cr_expect_eq(channels.list[i].kind, WT_FEED_LOOP);
	wt_feed_channels_free(&channels);
}

Test(recognise, channels_that_are_not_sure_enough_are_left_out)
{
	struct wt_feed_channels channels = {0};
	struct stream stream;

	begin(&stream, "pitch", 1);
	send_next(&stream);
	cr_assert_eq(wt_recogniser_finish(recogniser), 0);
	cr_expect_eq(wt_recognise_channels(recogniser, WT_RECOGNISED_SURE, &channels, NULL), 0);
	cr_expect_eq(channels.count, 0);
	cr_expect_eq(wt_recognise_channels(recogniser, WT_RECOGNISED_LIKELY, &channels, NULL), 0);
	cr_expect_eq(channels.count, 1);
	wt_feed_channels_free(&channels);
}
