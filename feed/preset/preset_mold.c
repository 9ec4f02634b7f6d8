/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/moldudp64.h>

#include "preset_private.h"

/* MoldUDP64, and transports of its shape. */

static bool is_end(const uint8_t *payload, size_t bytes)
{
	return bytes >= WT_MOLDUDP64_HEADER_BYTES &&
	       wt_field_get(payload, wt_preset_moldudp64.count, WT_FEED_BIG_ENDIAN) ==
	               WT_MOLDUDP64_END_OF_SESSION;
}

static int read_mold(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_moldudp64;

	(void)preset;
	(void)used;
	if (!is_end(payload, bytes))
		return wt_row_read(row, payload, bytes, wire_bytes, headers);
	wt_row_stream(row, payload, headers);
	headers->what = WT_FEED_END;
	headers->has_number = true;
	headers->first = wt_field_get(payload, row->number, row->order);
	return 1;
}

static int write_mold(const struct wt_preset *preset, uint8_t *payload, size_t room,
                      const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	int rc;

	if (header->what == WT_FEED_DATA && header->count == WT_MOLDUDP64_END_OF_SESSION)
		return -EINVAL;
	if (header->what == WT_FEED_END)
		plain.what = WT_FEED_HEARTBEAT;
	rc = wt_row_write(preset, payload, room, &plain, body_bytes, sent_ns);
	if (rc > 0 && header->what == WT_FEED_END)
		wt_field_put(payload, preset->count, preset->order, WT_MOLDUDP64_END_OF_SESSION);
	return rc;
}

/* Some senders pad with NULs in place of spaces. */
static bool is_text(const uint8_t *at, size_t bytes)
{
	size_t text = 0;

	while (text < bytes && at[text] >= ' ' && at[text] <= '~')
		text++;
	for (size_t i = text; i < bytes; i++)
		if (at[i])
			return false;
	return text > 0;
}

/* A session of text, and a number that can be reached. */
static struct wt_feed_proof prove_session(const struct wt_preset *row, const uint8_t *payload,
                                          size_t bytes, size_t wire_bytes)
{
	struct wt_feed_proof proof = wt_row_prove(row, payload, bytes, wire_bytes);

	if (!proof.score || !is_text(payload, row->session.bytes) ||
	    wt_field_get(payload, row->number, row->order) >> 48)
		return (struct wt_feed_proof){0, NULL};
	if (proof.score == 60)
		return (struct wt_feed_proof){80, "session, messages' lengths"};
	if (proof.score == 20)
		return (struct wt_feed_proof){40, "session, a header and nothing else"};
	return (struct wt_feed_proof){bytes < wire_bytes ? 40 : 10, "session"};
}

const struct wt_preset wt_preset_moldudp64 = {
        .name = "moldudp64",
        .title = "MoldUDP64: Nasdaq, UTP, ATDS, ASX, OSE, JNX, Borsa Istanbul",
        .source = "Nasdaq MoldUDP64 Protocol Specification 1.00",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .heartbeat_ms = 1000,
        .number_bits = 64,
        .begins_at = 1,
        .header_bytes = WT_MOLDUDP64_HEADER_BYTES,
        .number = {WT_MOLDUDP64_SEQUENCE_OFFSET, 8},
        .count = {18, 2},
        .session = {0, WT_MOLDUDP64_SESSION_BYTES},
        .message_bytes = WT_MOLDUDP64_LENGTH_BYTES,
        .message_length_bytes = WT_MOLDUDP64_LENGTH_BYTES,
        .read = read_mold,
        .write = write_mold,
        .prove = prove_session,
};

static int read_aspen(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                      size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	(void)preset;
	(void)used;
	return wt_row_read(&wt_preset_aspen, payload, bytes, wire_bytes, headers);
}

/* The feed is a character. */
static void describe_aspen(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                           char *channel, char *session)
{
	(void)bytes;
	wt_text_print(channel, "feed ");
	wt_text_of(channel + strlen(channel), payload + preset->channel.offset, 1);
	wt_text_of(session, payload + preset->session.offset, preset->session.bytes);
}

const struct wt_preset wt_preset_aspen = {
        .name = "aspen",
        .title = "IntelligentCross Aspen, CIX ATS: MoldUDP64's shape, little-endian",
        .source = "IntelligentCross Market Data Feed Specification 1.11; CIX ATS Market Data "
                  "Output Feed Specification 1.4",
        .doubt = "How often heartbeats are sent, and which number a day begins with, is not said.",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .number_bits = 64,
        .begins_at = UINT64_MAX,
        .header_bytes = 20,
        .number = {10, 8},
        .count = {18, 2},
        .channel = {9, 1},
        .session = {0, 9},
        .message_bytes = 2,
        .message_length_bytes = 2,
        .read = read_aspen,
        .describe = describe_aspen,
        .prove = prove_session,
};
