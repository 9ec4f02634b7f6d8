/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* The header of Cboe's PITCH and of the London Stock Exchange's MITCH and GTP, byte by byte the
 * same: length, count, unit, number. */

#define UNIT_HEADER                                                                                \
	.unit = WT_FEED_MESSAGES, .order = WT_FEED_LITTLE_ENDIAN,                                  \
	.heartbeat = WT_FEED_HEARTBEAT_NEXT, .number_bits = 32, .rolls_to = 1, .begins_at = 1,     \
	.header_bytes = 8, .number = {4, 4}, .count = {2, 1}, .channel = {3, 1}, .length = {0, 2}, \
	.zero_unsequenced = true, .message_bytes = 2, .message_length_bytes = 1,                   \
	.message_length_counts_itself = true

static int read_unit(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	(void)preset;
	(void)used;
	return wt_row_read(&wt_preset_pitch, payload, bytes, wire_bytes, headers);
}

static void describe_unit(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                          char *channel, char *session)
{
	(void)bytes;
	(void)session;
	wt_text_print(channel, "unit %u", payload[preset->channel.offset]);
}

/* The group is a character. */
static void describe_group(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                           char *channel, char *session)
{
	uint8_t group = payload[preset->channel.offset];

	(void)bytes;
	(void)session;
	if (group > ' ' && group <= '~')
		wt_text_print(channel, "group %c", group);
	else
		wt_text_print(channel, "group %u", group);
}

const struct wt_preset wt_preset_pitch = {
        .name = "pitch",
        .title = "Cboe PITCH: sequenced units of BZX, BYX, EDGA, EDGX, C1, C2, CFE, Europe …",
        .source = "Cboe US Equities/Options Multicast Depth of Book (PITCH) 2.41.66",
        UNIT_HEADER,
        .heartbeat_ms = 1000,
        .read = read_unit,
        .describe = describe_unit,
};

const struct wt_preset wt_preset_mitch = {
        .name = "mitch",
        .title = "MITCH and GTP: London Stock Exchange Group, other Millennium Exchange venues",
        .source = "London Stock Exchange MIT303 Level 2 MITCH 11.9; GTP 26.2",
        .doubt = "How often heartbeats are sent is not said. A restart or a change of site goes "
                 "back "
                 "to 1 without a sign. That numbers roll over to 1 is inferred from 0 being none.",
        UNIT_HEADER,
        .read = read_unit,
        .describe = describe_group,
};
