/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/feed/preset/preset.h>

/* Any bytes, as a payload of which the first byte says how many more were on the wire, and as the
 * text of a custom preset: what is read holds together, and what is written of it is read. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_header(const struct wt_preset *preset, const struct wt_feed_header *header)
{
	bool is_data = header->what == WT_FEED_DATA;

	require(header->what <= WT_FEED_UNSEQUENCED);
	require(is_data == (header->count != 0));
	require(preset->number_bits == 64 || !(header->first >> preset->number_bits));
	require(header->what != WT_FEED_UNSEQUENCED || !header->first);
	require(header->what != WT_FEED_HEARTBEAT || header->has_number || !header->first);
	require(!header->restarts || is_data);
	require(!header->anywhere || header->what == WT_FEED_RESET);
}

static int same(const struct wt_feed_header *a, const struct wt_feed_header *b)
{
	return a->session == b->session && a->first == b->first && a->channel == b->channel &&
	       a->count == b->count && a->what == b->what && a->has_number == b->has_number &&
	       a->again == b->again && a->restarts == b->restarts && a->anywhere == b->anywhere;
}

/* A thing that a transport can say in several ways may be written in one way only; then it is that.
 */
static void write_again(const struct wt_preset *preset, const struct wt_feed_header *header,
                        size_t body_bytes)
{
	static uint8_t payload[65536];
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used;
	int count, bytes = wt_preset_write(preset, payload, sizeof(payload), header, body_bytes,
	                                   INT64_C(1700000000123456789));

	if (bytes < 0)
		return;
	count = wt_preset_read(preset, payload, (size_t)bytes, (size_t)bytes, headers, &used);
	require(count == 1 || (count == 2 && header->what == WT_FEED_END));
	require(same(header, &headers[count - 1]));
}

static void check_text(const char *text)
{
	size_t length = strnlen(text, WT_FEED_TEXT_BYTES);

	require(length < WT_FEED_TEXT_BYTES);
	for (size_t i = 0; i < length; i++)
		require(text[i] >= ' ' && text[i] <= '~');
}

static void read_one(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used = bytes + 1;
	int count = wt_preset_read(preset, payload, bytes, wire_bytes, headers, &used);

	require(count >= 0 && count <= WT_FEED_HEADERS_MAX && used <= bytes);
	require(used == bytes || (count == WT_FEED_HEADERS_MAX && used));
	for (int i = 0; i < count; i++) {
		check_header(preset, &headers[i]);
		write_again(preset, &headers[i], bytes);
	}
}

static void look_at(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                    size_t wire_bytes)
{
	char channel[WT_FEED_TEXT_BYTES], session[WT_FEED_TEXT_BYTES];
	struct wt_feed_proof proof = wt_preset_prove(preset, payload, bytes, wire_bytes);

	read_one(preset, payload, bytes, wire_bytes);
	require(proof.score <= 100 && !proof.score == !proof.holds);
	wt_preset_describe(preset, payload, bytes, channel, session);
	check_text(channel);
	check_text(session);
}

static void look_as_custom(const char *text, const uint8_t *payload, size_t bytes)
{
	struct wt_preset preset, again;
	char out[256], out_again[256];
	struct wt_error err;

	if (wt_preset_custom(&preset, text, &err)) {
		require(memchr(err.text, '\0', sizeof(err.text)) != NULL && err.text[0]);
		return;
	}
	require(wt_preset_text(&preset, out, sizeof(out)) < (int)sizeof(out));
	require(!wt_preset_custom(&again, out + strlen("custom:"), &err));
	wt_preset_text(&again, out_again, sizeof(out_again));
	require(!strcmp(out, out_again));
	look_at(&preset, payload, bytes, bytes);
	look_at(&preset, payload, bytes, bytes + 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char text[256];
	size_t length = bytes < sizeof(text) ? bytes : sizeof(text) - 1;

	memcpy(text, data, length);
	text[length] = '\0';
	look_as_custom(text, data, bytes);
	if (!bytes)
		return 0;
	for (size_t i = 0; i < wt_preset_count; i++)
		look_at(wt_presets[i], data + 1, bytes - 1, bytes - 1 + data[0]);
	return 0;
}
