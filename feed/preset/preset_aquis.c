/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* Aquis AMD: a count, then messages that each have their type, length and number (3.2, 3.3): the
 * number of the packet is its first message's. */

enum {
	TYPE_AT = 1,
	FIRST_AT = 1,      /* message */
	MESSAGE_BYTES = 6, /* at least */
	TYPE_HEARTBEAT = 1,
	TYPE_WRITTEN = 2, /* Order Add */
};

static int read_aquis(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                      size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_aquis;
	uint64_t count;

	(void)preset;
	(void)used;
	if (!wt_row_bytes(row, payload, bytes, wire_bytes))
		return 0;
	count = payload[0];
	if (!count || count * MESSAGE_BYTES > wire_bytes - FIRST_AT ||
	    payload[FIRST_AT + 1] < MESSAGE_BYTES || payload[FIRST_AT + 1] > wire_bytes - FIRST_AT)
		return 0;
	if (payload[TYPE_AT] == TYPE_HEARTBEAT)
		count = 0;
	wt_row_stream(row, payload, headers);
	wt_row_say(row, headers, wt_field_get(payload, row->number, row->order), count);
	return 1;
}

static int write_aquis(const struct wt_preset *preset, uint8_t *payload, size_t room,
                       const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	const struct wt_feed_field number_at = {2, 4};
	size_t messages = header->what == WT_FEED_DATA ? header->count : 1, total, least;
	uint64_t number, count;
	int rc = wt_row_numbers(preset, header, &number, &count);

	(void)sent_ns;
	if (rc)
		return rc;
	least = messages * MESSAGE_BYTES;
	total = FIRST_AT + (count && body_bytes > least ? body_bytes : least);
	if (total > room || (total - FIRST_AT + messages - 1) / messages > UINT8_MAX)
		return -EMSGSIZE;
	payload[0] = (uint8_t)messages;
	payload += FIRST_AT;
	for (size_t left = total - FIRST_AT; messages; messages--) {
		size_t share = left / messages;

		wt_message_fill(payload, share, header->body);
		payload[0] = count ? TYPE_WRITTEN : TYPE_HEARTBEAT;
		payload[1] = (uint8_t)share;
		wt_field_put(payload, number_at, preset->order,
		             header->what == WT_FEED_UNSEQUENCED ? 0 : number++);
		payload += share;
		left -= share;
	}
	return (int)total;
}

/* Whether the messages' numbers follow each other. */
static bool numbers_follow(const uint8_t *payload, uint64_t first, uint64_t count)
{
	const uint8_t *at = payload + FIRST_AT;

	for (uint64_t i = 0; i < count; i++, at += at[1]) {
		uint32_t number;

		memcpy(&number, at + 2, sizeof(number));
		if (le32toh(number) != (uint32_t)(first + i))
			return false;
	}
	return true;
}

static struct wt_feed_proof prove_aquis(const struct wt_preset *preset, const uint8_t *payload,
                                        size_t bytes, size_t wire_bytes)
{
	struct wt_feed_header header;
	size_t used, end;

	if (!read_aquis(preset, payload, bytes, wire_bytes, &header, &used))
		return (struct wt_feed_proof){0, NULL};
	if (bytes < wire_bytes)
		return (struct wt_feed_proof){10, "plausible"};
	end = wt_row_messages_end(preset, payload, FIRST_AT, bytes, payload[0]);
	if (end != bytes || (header.count && !numbers_follow(payload, header.first, header.count)))
		return (struct wt_feed_proof){0, NULL};
	if (header.count > 1)
		return (struct wt_feed_proof){80, "messages' lengths and numbers"};
	return (struct wt_feed_proof){40, "message's length"};
}

const struct wt_preset wt_preset_aquis = {
        .name = "aquis",
        .title = "Aquis Market Data (AMD): Aquis Exchange, A2X",
        .source = "Aquis Market Data Technical Specification 4.1",
        .doubt = "Whether a heartbeat may follow data in one packet, and what numbers snapshots "
                 "have, "
                 "is not said. That A2X uses it was not read in its specification.",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .heartbeat_ms = 1000,
        .number_bits = 32,
        .begins_at = 1,
        .header_bytes = 7,
        .number = {3, 4},
        .count = {0, 1},
        .zero_unsequenced = true, /* from the replay service, 3.8 */
        .message_bytes = MESSAGE_BYTES,
        .message_length_at = 1,
        .message_length_bytes = 1,
        .message_length_counts_itself = true,
        .read = read_aquis,
        .write = write_aquis,
        .prove = prove_aquis,
};
