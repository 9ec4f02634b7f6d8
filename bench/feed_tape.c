/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording of feeds, as a stream with its ledger: PITCH in frames of 60 bytes on as many groups
 * as asked for, 239.0.0.0 and so on, port 5000, in a random order that is always the same; one
 * number in a million is not there. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/quantity.h>
#include <wiretape/feed/preset/preset.h>
#include <wiretape/packet/udp_packet.h>
#include <wiretape/pcapng/pcapng_encode.h>

enum {
	FRAME_BYTES = 60,
	BODY_BYTES = 10,
	STREAMS_MAX = 65536,
	PORT = 5000,
	STEP_NS = 100,
	BLOCK_ROOM = 65536,
};
static const int64_t first_ns = 1700000000000000000;
static const uint32_t first_group = 0xef000000;

struct maker {
	FILE *out;
	const struct wt_preset *preset;
	uint8_t (*frames)[FRAME_BYTES]; /* one a stream, but for the number */
	uint32_t *numbers;
	uint32_t streams;
	uint64_t random;
};

static int write_head(struct maker *maker)
{
	const struct wt_pcapng_section section = {.application = "bench_feed_tape"};
	const struct wt_pcapng_interface interface = {
	        .link_type = 1, .name = "bench0", .reader = "reader=bench"};
	static uint8_t bytes[BLOCK_ROOM];
	ssize_t length = wt_pcapng_encode_section(bytes, sizeof(bytes), &section);

	if (length > 0)
		fwrite(bytes, (size_t)length, 1, maker->out);
	length = wt_pcapng_encode_interface(bytes, sizeof(bytes), &interface);
	if (length > 0)
		fwrite(bytes, (size_t)length, 1, maker->out);
	return length < 0;
}

static int write_ledger(struct maker *maker, uint64_t count)
{
	static uint8_t bytes[BLOCK_ROOM];
	char ledger[128];
	const struct wt_pcapng_statistics statistics = {.ledger = ledger};
	ssize_t length;

	snprintf(ledger, sizeof(ledger), "seen=%" PRIu64 "\nwritten=%" PRIu64 "\nlost.ring=0\n",
	         count, count);
	length = wt_pcapng_encode_statistics(bytes, sizeof(bytes), &statistics);
	if (length > 0)
		fwrite(bytes, (size_t)length, 1, maker->out);
	return length < 0;
}

static int build_frame(struct maker *maker, uint32_t stream)
{
	const struct wt_udp_flow flow = {.source = 0xc0000201,
	                                 .group = first_group + stream,
	                                 .source_port = PORT,
	                                 .port = PORT,
	                                 .ttl = 16};
	const struct wt_feed_header header = {
	        .first = 1, .channel = 1, .count = 1, .what = WT_FEED_DATA};
	uint8_t *frame = maker->frames[stream];
	int bytes = wt_preset_write(maker->preset, frame + WT_UDP_HEADER_BYTES,
	                            FRAME_BYTES - WT_UDP_HEADER_BYTES, &header, BODY_BYTES, 0);

	return bytes < 0 ? bytes : wt_udp_build(frame, &flow, 0, (size_t)bytes);
}

/* xorshift64: quick, and the same everywhere. */
static uint64_t next_random(struct maker *maker)
{
	maker->random ^= maker->random << 13;
	maker->random ^= maker->random >> 7;
	maker->random ^= maker->random << 17;
	return maker->random;
}

static int write_packets(struct maker *maker, uint64_t count)
{
	uint8_t bytes[256];
	size_t used;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t random = next_random(maker);
		uint32_t stream = (uint32_t)(random >> 32) % maker->streams, number;
		const struct wt_frame frame = {
		        .data = maker->frames[stream],
		        .stamp_ns = first_ns + (int64_t)i * STEP_NS,
		        .caplen = FRAME_BYTES,
		        .len = FRAME_BYTES,
		        .link_flags = WT_LINK_INBOUND | WT_LINK_MULTICAST,
		};

		maker->numbers[stream] += random % 1000003 ? 1 : 2;
		number = maker->numbers[stream];
		memcpy(maker->frames[stream] + WT_UDP_HEADER_BYTES + maker->preset->number.offset,
		       &number, sizeof(number));
		wt_pcapng_encode_frames(bytes, sizeof(bytes), 0, &frame, 1, &used);
		fwrite(bytes, used, 1, maker->out);
	}
	return ferror(maker->out) != 0;
}

static int make(struct maker *maker, uint64_t count)
{
	for (uint32_t i = 0; i < maker->streams; i++)
		if (build_frame(maker, i)) {
			fputs("bench_feed_tape: a packet cannot be built\n", stderr);
			return 1;
		}
	return write_head(maker) || write_packets(maker, count) || write_ledger(maker, count);
}

int main(int argc, char **argv)
{
	struct maker maker = {.preset = wt_preset_find("pitch"), .random = 88172645463325252u};
	uint64_t count, streams;
	int failed;

	if (argc != 4 || wt_parse_number(argv[1], 0, UINT64_MAX, &count, NULL) ||
	    wt_parse_number(argv[2], 1, STREAMS_MAX, &streams, NULL)) {
		fputs("Usage: bench_feed_tape COUNT STREAMS FILE.pcapng\n"
		      "such as: bench_feed_tape 40000000 1000 tape.pcapng\n",
		      stderr);
		return 2;
	}
	maker.streams = (uint32_t)streams;
	maker.frames = calloc(streams, sizeof(*maker.frames));
	maker.numbers = calloc(streams, sizeof(*maker.numbers));
	maker.out = fopen(argv[3], "w");
	failed = !maker.frames || !maker.numbers || !maker.out || !maker.preset;
	if (failed)
		fprintf(stderr, "bench_feed_tape: cannot begin %s: %s\n", argv[3], strerror(errno));
	else
		failed = make(&maker, count);
	if (maker.out)
		failed |= fclose(maker.out) != 0;
	free(maker.frames);
	free(maker.numbers);
	return failed;
}
