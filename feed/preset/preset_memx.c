/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* MEMX-UDP: a common header with its own length, then a count in sequenced messages (2.1, 2.2). */

enum {
	LENGTH_AT = 1,
	HEADER_BYTES = 18,
	COUNT_BYTES = 2,
};

enum type {
	TYPE_HEARTBEAT,
	TYPE_SHUTDOWN,
	TYPE_SEQUENCED,
};

/* Today's header, with a count; for writing. */
static const struct wt_preset sequenced = {
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_LAST,
        .header_bytes = HEADER_BYTES + COUNT_BYTES,
        .number = {10, 8},
        .count = {HEADER_BYTES, COUNT_BYTES},
        .session = {2, 8},
        .message_bytes = 2,
        .message_length_bytes = 2,
};

/* Number of messages: 0 if there are none, fewer than announced, or the count is not here. */
WT_ROW_READ uint64_t messages_of(const uint8_t *payload, size_t bytes, size_t wire_bytes)
{
	const struct wt_feed_field count = {payload[LENGTH_AT], COUNT_BYTES};
	size_t front = count.offset + (size_t)COUNT_BYTES;
	uint64_t messages;

	if (bytes < front)
		return 0;
	messages = wt_field_get(payload, count, WT_FEED_BIG_ENDIAN);
	return messages * sequenced.message_bytes <= wire_bytes - front ? messages : 0;
}

static int read_memx(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_memx;
	uint64_t number, messages = 0;

	(void)preset;
	(void)used;
	if (!wt_row_bytes(row, payload, bytes, wire_bytes) || payload[0] > TYPE_SEQUENCED ||
	    payload[LENGTH_AT] < HEADER_BYTES || payload[LENGTH_AT] > wire_bytes)
		return 0;
	if (payload[0] == TYPE_SEQUENCED) {
		messages = messages_of(payload, bytes, wire_bytes);
		if (!messages)
			return 0;
	}
	number = wt_field_get(payload, row->number, row->order);
	wt_row_stream(row, payload, headers);
	wt_row_say(row, headers, number, messages);
	if (payload[0] == TYPE_SHUTDOWN)
		headers->what = WT_FEED_END;
	return 1;
}

static int write_memx(const struct wt_preset *preset, uint8_t *payload, size_t room,
                      const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	bool is_data = header->what == WT_FEED_DATA;
	uint64_t number, count;
	int rc;

	if (header->what == WT_FEED_END)
		plain.what = WT_FEED_HEARTBEAT;
	rc = wt_row_numbers(&sequenced, &plain, &number, &count);
	if (!rc)
		rc = wt_row_store(is_data ? &sequenced : preset, payload, room, &plain, number,
		                  count, body_bytes, sent_ns);
	if (rc <= 0)
		return rc;
	payload[0] = is_data                       ? TYPE_SEQUENCED
	             : header->what == WT_FEED_END ? TYPE_SHUTDOWN
	                                           : TYPE_HEARTBEAT;
	payload[LENGTH_AT] = HEADER_BYTES;
	return rc;
}

static void describe_memx(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                          char *channel, char *session)
{
	(void)bytes;
	(void)channel;
	wt_text_print(session, "0x%016llx",
	              (unsigned long long)wt_field_get(payload, preset->session, preset->order));
}

static struct wt_feed_proof prove_memx(const struct wt_preset *preset, const uint8_t *payload,
                                       size_t bytes, size_t wire_bytes)
{
	struct wt_feed_header header;
	size_t used, front, end;

	if (!read_memx(preset, payload, bytes, wire_bytes, &header, &used))
		return (struct wt_feed_proof){0, NULL};
	front = payload[LENGTH_AT];
	if (front != HEADER_BYTES || (header.what != WT_FEED_DATA && front != wire_bytes))
		return (struct wt_feed_proof){0, NULL};
	if (header.what != WT_FEED_DATA)
		return (struct wt_feed_proof){60, "type, header's length"};
	if (bytes < wire_bytes)
		return (struct wt_feed_proof){40, "type, header's length"};
	end = wt_row_messages_end(&sequenced, payload, front + COUNT_BYTES, bytes, header.count);
	if (end != bytes)
		return (struct wt_feed_proof){0, NULL};
	return (struct wt_feed_proof){80, "type, header's length, messages' lengths"};
}

const struct wt_preset wt_preset_memx = {
        .name = "memx",
        .title = "MEMX-UDP: MEMX, LTSE, 24X, Blue Ocean",
        .source = "MEMX-UDP 1.1",
        .doubt = "How often heartbeats are sent is not said. That other venues use it was not read "
                 "in their specifications.",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_LAST,
        .number_bits = 64,
        .begins_at = 1,
        .header_bytes = HEADER_BYTES,
        .number = {10, 8},
        .session = {2, 8},
        .read = read_memx,
        .write = write_memx,
        .describe = describe_memx,
        .prove = prove_memx,
};
