/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/recognise/recognise.h>

/* Payloads to several groups, any bytes or as presets write them, then verdicts: they hold
 * together, and the channels can be read as a feeds file. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum {
	HEADERS = 28, /* IPv4 and UDP */
	RECORD = 4,   /* what to do, where to, when, how much */
	PAYLOAD = 512,
	RAW_IP = 101,
};

struct input {
	const uint8_t *at;
	size_t left;
	int64_t stamp_ns;
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* A header of some preset's, from up to eight bytes. */
static size_t write_payload(uint8_t *payload, const uint8_t *at, size_t bytes)
{
	uint8_t from[8] = {0};
	struct wt_feed_header header = {.what = WT_FEED_DATA};
	int written;

	memcpy(from, at, bytes < sizeof(from) ? bytes : sizeof(from));
	header.what = from[1] % 5;
	header.again = from[1] & 0x40;
	header.session = from[2];
	header.channel = from[3];
	header.count = header.what == WT_FEED_DATA ? from[4] % 4U : 0;
	header.has_number = from[1] & 0x80;
	header.first = from[5] | (uint64_t)from[6] << 8;
	written = wt_preset_write(wt_presets[from[0] % wt_preset_count], payload, PAYLOAD, &header,
	                          from[7], INT64_C(1790000000000000000) + from[7]);
	return written < 0 ? 0 : (size_t)written;
}

static void give(struct wt_recogniser *recogniser, const struct input *input, uint8_t *packet,
                 size_t payload, uint8_t where, size_t cut)
{
	size_t bytes = HEADERS + payload;
	const struct wt_frame frame = {
	        .data = packet,
	        .stamp_ns = input->stamp_ns,
	        .caplen = (uint32_t)(cut < bytes ? bytes - cut : 0),
	        .len = (uint32_t)bytes,
	};

	memset(packet, 0, HEADERS);
	packet[0] = 0x45;
	put16(packet + 2, bytes);
	packet[9] = 17;
	packet[16] = 239;
	packet[19] = where & 7;
	put16(packet + 22, 1000 + (where >> 3 & 1U));
	put16(packet + 24, 8 + payload);
	wt_recogniser_frame(recogniser, where >> 4 & 3, RAW_IP, &frame, where & 0x40);
}

/* Take a record of the input; false: there is none. */
static int take(struct wt_recogniser *recogniser, struct input *input)
{
	uint8_t packet[HEADERS + PAYLOAD];
	const uint8_t *record = input->at;
	size_t bytes;

	if (input->left < RECORD)
		return 0;
	input->at += RECORD;
	input->left -= RECORD;
	bytes = record[3] < input->left ? record[3] : input->left;
	input->stamp_ns += (int8_t)record[2] * INT64_C(1000000);
	if (record[0] & 0x80) {
		size_t written = write_payload(packet + HEADERS, input->at, bytes);

		give(recogniser, input, packet, written, record[1], record[0] & 1);
	} else {
		memcpy(packet + HEADERS, input->at, bytes);
		give(recogniser, input, packet, bytes, record[1], record[0] & 0x3f);
	}
	input->at += bytes;
	input->left -= bytes;
	return 1;
}

static void check_group(const struct wt_recogniser *recogniser, uint32_t index)
{
	const struct wt_recognised *group = wt_recogniser_group(recogniser, index), *other;

	require(group->packets > 0 && group->percent < 100);
	require(!group->preset == (group->percent < WT_RECOGNISED_PERHAPS));
	require(memchr(group->holds, 0, sizeof(group->holds)) != NULL);
	require(group->first_ns <= group->last_ns);
	if (group->other_side < 0)
		return;
	other = wt_recogniser_group(recogniser, (uint32_t)group->other_side);
	require(other->other_side == (int32_t)index && other->preset == group->preset);
	require(other->is_b != group->is_b && group->same_percent <= 100);
}

static void check(struct wt_recogniser *recogniser)
{
	struct wt_feed_channels channels = {0};
	struct wt_recogniser_totals totals;
	uint64_t packets = 0;

	require(!wt_recogniser_finish(recogniser));
	wt_recogniser_totals(recogniser, &totals);
	for (uint32_t i = 0; i < wt_recogniser_count(recogniser); i++) {
		check_group(recogniser, i);
		packets += wt_recogniser_group(recogniser, i)->packets;
	}
	require(packets == totals.udp);
	require(totals.udp + totals.other + totals.fragments + totals.unknown_link +
	                totals.beyond_groups ==
	        totals.frames);
	require(!wt_recognise_channels(recogniser, WT_RECOGNISED_PERHAPS, &channels, NULL));
	wt_feed_channels_free(&channels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const struct wt_recogniser_config config = {.max_groups = 12};
	struct input input = {.at = data, .left = bytes, .stamp_ns = INT64_C(1790000000000000000)};
	struct wt_recogniser *recogniser;

	require(!wt_recogniser_open(&recogniser, &config, NULL));
	wt_recogniser_interface(recogniser, "a");
	wt_recogniser_interface(recogniser, "b c");
	for (int number = 0; take(recogniser, &input); number++)
		if (number == 40)
			check(recogniser);
	check(recogniser);
	wt_recogniser_close(recogniser);
	return 0;
}
