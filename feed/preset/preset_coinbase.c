/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* Coinbase Derivatives: a header with flags for the kind of channel (2.1). */

enum {
	HEADER_BYTES = 24,
	FLAGS_AT = 18,
	FLAG_INCREMENTAL = 1,
	FLAG_SNAPSHOT = 2,
	FLAG_RETRANSMIT = 4,
	TEMPLATE_AT = HEADER_BYTES + 4, /* of the first message */
	TEMPLATE_REQUEST = 200,
	TEMPLATE_REJECT = 202,
};

/* A request and its rejection have whatever number the requester chose (5). */
static bool is_control(const uint8_t *payload, size_t bytes)
{
	const struct wt_feed_field template = {TEMPLATE_AT, 2};
	uint64_t id;

	if (bytes < TEMPLATE_AT + 2)
		return false;
	id = wt_field_get(payload, template, WT_FEED_LITTLE_ENDIAN);
	return id == TEMPLATE_REQUEST || id == TEMPLATE_REJECT;
}

/* All packets of a snapshot have one number, the incremental channel's (4). */
static void say_flags(const uint8_t *payload, size_t bytes, struct wt_feed_header *header)
{
	unsigned flags = payload[FLAGS_AT];
	bool without =
	        flags & FLAG_SNAPSHOT || (flags & FLAG_RETRANSMIT && is_control(payload, bytes));

	header->again = flags & FLAG_RETRANSMIT;
	if (!without)
		return;
	if (header->what == WT_FEED_DATA)
		header->what = WT_FEED_UNSEQUENCED;
	header->has_number = false;
	header->first = header->count = 0;
}

static int read_coinbase(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                         size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	int count = wt_row_read(&wt_preset_coinbase, payload, bytes, wire_bytes, headers);

	(void)preset;
	(void)used;
	if (count && payload[FLAGS_AT] != FLAG_INCREMENTAL)
		say_flags(payload, bytes, headers);
	return count;
}

static int write_coinbase(const struct wt_preset *preset, uint8_t *payload, size_t room,
                          const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	unsigned flags = header->again ? FLAG_RETRANSMIT : FLAG_INCREMENTAL;
	int bytes;

	plain.again = false;
	if (header->what == WT_FEED_UNSEQUENCED) {
		if (header->again || header->count || header->first)
			return -EINVAL;
		plain.what = WT_FEED_DATA;
		plain.count = 1;
		flags = FLAG_SNAPSHOT;
	} else if (header->what == WT_FEED_HEARTBEAT && !header->has_number) {
		if (header->again || header->first)
			return -EINVAL;
		plain.has_number = true;
		flags = FLAG_SNAPSHOT;
	}
	bytes = wt_row_write(preset, payload, room, &plain, body_bytes, sent_ns);
	if (bytes > 0)
		payload[FLAGS_AT] = (uint8_t)flags;
	return bytes;
}

static struct wt_feed_proof prove_coinbase(const struct wt_preset *preset, const uint8_t *payload,
                                           size_t bytes, size_t wire_bytes)
{
	struct wt_feed_proof proof = wt_row_prove(preset, payload, bytes, wire_bytes);

	if (!proof.score || !payload[FLAGS_AT] ||
	    payload[FLAGS_AT] > (FLAG_INCREMENTAL | FLAG_SNAPSHOT | FLAG_RETRANSMIT) ||
	    !wt_row_sent_holds(preset, payload))
		return (struct wt_feed_proof){0, NULL};
	if (proof.score == 60)
		return (struct wt_feed_proof){80, "flags, send time, messages' lengths"};
	if (proof.score == 10 && bytes == wire_bytes)
		return (struct wt_feed_proof){0, NULL};
	return (struct wt_feed_proof){40, "flags, send time"};
}

const struct wt_preset wt_preset_coinbase = {
        .name = "coinbase",
        .title = "Coinbase Derivatives market data",
        .source = "Coinbase Derivatives Multicast UDP Market Data API Specification 1.7",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .heartbeat_ms = 5000,
        .number_bits = 64,
        .begins_at = UINT64_MAX, /* never reset */
        .header_bytes = HEADER_BYTES,
        .number = {8, 8},
        .count = {19, 1},
        .channel = {16, 2},
        .sent = {0, 8},
        .sent_unit_ns = 1,
        .message_bytes = 10,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = read_coinbase,
        .write = write_coinbase,
        .prove = prove_coinbase,
};
