/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* IEX-TP: numbers of messages; its numbers of bytes are not followed here. */

enum {
	VERSION = 1,
	HEADER_BYTES = 40,
};

static int read_iextp(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                      size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	(void)preset;
	(void)used;
	if (!bytes || payload[0] != VERSION)
		return 0;
	return wt_row_read(&wt_preset_iextp, payload, bytes, wire_bytes, headers);
}

static int write_iextp(const struct wt_preset *preset, uint8_t *payload, size_t room,
                       const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	int bytes = wt_row_write(preset, payload, room, header, body_bytes, sent_ns);

	if (bytes > 0)
		payload[0] = VERSION;
	return bytes;
}

static void describe_iextp(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                           char *channel, char *session)
{
	const struct wt_feed_field protocol = {2, 2}, id = {4, 4};

	(void)bytes;
	wt_text_print(channel, "0x%04x channel %u",
	              (unsigned)wt_field_get(payload, protocol, preset->order),
	              (unsigned)wt_field_get(payload, id, preset->order));
	wt_text_print(session, "%u",
	              (unsigned)wt_field_get(payload, preset->session, preset->order));
}

static struct wt_feed_proof prove_iextp(const struct wt_preset *preset, const uint8_t *payload,
                                        size_t bytes, size_t wire_bytes)
{
	struct wt_feed_proof proof = wt_row_prove(preset, payload, bytes, wire_bytes);

	if (proof.score == 60)
		return (struct wt_feed_proof){80, "version, length"};
	if (proof.score == 80)
		proof.holds = "version, length, messages' lengths";
	return proof;
}

const struct wt_preset wt_preset_iextp = {
        .name = "iextp",
        .title = "IEX-TP: IEX DEEP, DEEP+, TOPS",
        .source = "Investors Exchange Transport Specification 1.26",
        .doubt = "That the first message of a session has number 1 was seen in captured packets "
                 "and is not said.",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .heartbeat_ms = 1000,
        .number_bits = 64,
        .begins_at = 1,
        .header_bytes = HEADER_BYTES,
        .number = {24, 8},
        .count = {14, 2},
        .channel = {2, 6}, /* the protocol's and the channel's */
        .session = {8, 4},
        .length = {12, 2},
        .length_adds = HEADER_BYTES,
        .sent = {32, 8},
        .sent_unit_ns = 1,
        .message_bytes = 2,
        .message_length_bytes = 2,
        .read = read_iextp,
        .write = write_iextp,
        .describe = describe_iextp,
        .prove = prove_iextp,
};
