/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#include "support/preset_case.h"
#include "support/seeds.h"
#include "support/unit.h"

/* Tests that hold for every preset: what is written is read, what is cut is not. */

enum { ROOM = 1472, SENT_S = 1794000000 };

static uint64_t state = 88172645463325252;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Small, large, or of any size: borders are met often. */
static uint64_t any_number(unsigned bits)
{
	uint64_t most = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;

	switch (any() % 4) {
	case 0:
		return any() % 4 & most;
	case 1:
		return most - any() % 4;
	default:
		return (any() >> any() % 64) & most;
	}
}

static struct wt_feed_header any_header(const struct wt_preset *preset)
{
	struct wt_feed_header header = {
	        .session = any_number(any() % 2 ? 64 : 16),
	        .channel = (uint32_t)any_number(any() % 2 ? 32 : 8),
	        .what = (uint8_t)(any() % (WT_FEED_UNSEQUENCED + 1)),
	};

	/* Mostly what the transport can say. */
	if (any() % 8 && preset->session.bytes && preset->session.bytes <= 8)
		header.session = any_number(8 * preset->session.bytes);
	if (any() % 8 && preset->channel.bytes < 4)
		header.channel =
		        preset->channel.bytes ? (uint32_t)any_number(8 * preset->channel.bytes) : 0;
	if (any() % 8 && !preset->session.bytes)
		header.session = 0;
	if (any() % 2)
		header.what = WT_FEED_DATA;
	if (header.what != WT_FEED_UNSEQUENCED)
		header.first = any_number(preset->number_bits);
	if (header.what == WT_FEED_DATA)
		header.count = (uint32_t)(any() % 4 ? 1 : any_number(any() % 2 ? 16 : 5));
	header.has_number =
	        (header.what == WT_FEED_HEARTBEAT || header.what == WT_FEED_END) && any() % 4;
	if (!header.has_number && header.what != WT_FEED_DATA && header.what != WT_FEED_RESET)
		header.first = 0;
	header.again = any() % 8 == 0;
	header.restarts = header.what == WT_FEED_DATA && any() % 8 == 0;
	header.anywhere = header.what == WT_FEED_RESET && any() % 2;
	return header;
}

static bool same(const struct wt_feed_header *a, const struct wt_feed_header *b)
{
	return a->session == b->session && a->first == b->first && a->channel == b->channel &&
	       a->count == b->count && a->what == b->what && a->has_number == b->has_number &&
	       a->again == b->again && a->restarts == b->restarts && a->anywhere == b->anywhere;
}

static void print(const char *name, const char *what, const struct wt_feed_header *header)
{
	printf("%s %s: session %#" PRIx64 " first %" PRIu64 " channel %u count %u what %u%s%s%s\n",
	       name, what, header->session, header->first, header->channel, header->count,
	       header->what, header->has_number ? " has_number" : "", header->again ? " again" : "",
	       header->restarts ? " restarts" : "");
}

/* 1: written and read. 0: not to be said, or too large. */
static int write_and_read(const struct wt_preset *preset, const struct wt_feed_header *header)
{
	static uint8_t payload[ROOM + 64];
	struct wt_feed_header read[WT_FEED_HEADERS_MAX];
	size_t room = any() % 8 ? ROOM : any() % 64, used = 0;
	int64_t sent_ns = SENT_S * INT64_C(1000000000) + (int64_t)(any() % 1000000000);
	int bytes, count, last;

	memset(payload, 0xa5, sizeof(payload));
	bytes = wt_preset_write(preset, payload, room, header, any() % 200, sent_ns);
	if (bytes == -EINVAL || bytes == -EMSGSIZE)
		return 0;
	cr_assert(bytes > 0 && (size_t)bytes <= room, "%s: %d", preset->name, bytes);
	for (size_t i = room; i < sizeof(payload); i++)
		cr_assert(payload[i] == 0xa5, "%s wrote beyond its room", preset->name);
	count = wt_preset_read(preset, payload, (size_t)bytes, (size_t)bytes, read, &used);
	/* An end may be data with a number of its own, too. */
	last = count > 1 && header->what == WT_FEED_END ? 1 : 0;
	if (count != last + 1 || !same(header, &read[last])) {
		print(preset->name, "wrote", header);
		print(preset->name, "read", &read[last]);
	}
	cr_assert(count == last + 1 && same(header, &read[last]), "%s: %d headers", preset->name,
	          count);
	cr_assert(used == (size_t)bytes);
	/* A session that is no text makes nobody believe in one that has to be. */
	cr_assert(preset->session.bytes > 8 ||
	                  wt_preset_prove(preset, payload, (size_t)bytes, (size_t)bytes).score > 0,
	          "%s", preset->name);
	return 1;
}

Test(preset, what_is_written_is_read)
{
	for (size_t i = 0; i < wt_preset_count; i++) {
		unsigned written[WT_FEED_UNSEQUENCED + 1] = {0};

		for (unsigned n = 0; n < SEEDS_OF(300000); n++) {
			struct wt_feed_header header = any_header(wt_presets[i]);

			written[header.what] += write_and_read(wt_presets[i], &header);
		}
		printf("%s: %u data, %u heartbeats, %u resets, %u ends, %u unsequenced\n",
		       wt_presets[i]->name, written[0], written[1], written[2], written[3],
		       written[4]);
		cr_assert(written[WT_FEED_HEARTBEAT] > 500 || !wt_presets[i]->heartbeat, "%s: %u",
		          wt_presets[i]->name, written[WT_FEED_HEARTBEAT]);
		cr_assert(written[WT_FEED_DATA] > 500, "%s: %u", wt_presets[i]->name, written[0]);
	}
}

Test(preset, names_are_unique_and_found)
{
	for (size_t i = 0; i < wt_preset_count; i++)
		cr_assert(wt_preset_find(wt_presets[i]->name) == wt_presets[i]);
	cr_assert_null(wt_preset_find("custom"));
	cr_assert_null(wt_preset_find(""));
}

Test(preset, other_traffic_is_not_taken_for_a_feed)
{
	for (size_t i = 0; i < wt_preset_count; i++)
		preset_case_foreign(wt_presets[i]);
}

Test(preset, every_preset_is_documented)
{
	static char text[65536], row[64];
	FILE *file = fopen(WT_GOLDEN_DIR "/../../docs/feeds.md", "r");
	size_t bytes;

	cr_assert_not_null(file);
	bytes = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[bytes] = '\0';
	for (size_t i = 0; i < wt_preset_count; i++) {
		snprintf(row, sizeof(row), "\n| `%s` |", wt_presets[i]->name);
		cr_expect_not_null(strstr(text, row), "docs/feeds.md has no row %s", row + 1);
		cr_expect_not_null(wt_presets[i]->title);
		cr_expect_not_null(wt_presets[i]->source);
	}
}
