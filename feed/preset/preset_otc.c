/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* OTC Link: numbers of packets, flags for the kind of packet (3.1). */

enum {
	HEADER_BYTES = 12,
	FLAGS_AT = 6,
	MESSAGES_AT = 7,
	MESSAGE_BYTES = 3, /* size and type */
	FLAG_HEARTBEAT = 1 << 0,
	FLAG_RESET = 1 << 1,
	FLAG_REPLAY = 1 << 6,
	FLAGS_RESERVED = 0x3c,
};

static int read_otc(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                    size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_otc;
	size_t whole = wt_row_bytes(row, payload, bytes, wire_bytes);
	unsigned flags;

	(void)preset;
	(void)used;
	if (!whole)
		return 0;
	/* A heartbeat and a reset have no messages, whatever their count says: captured heartbeats
	 * have 1 there. */
	flags = payload[FLAGS_AT];
	if (!(flags & (FLAG_HEARTBEAT | FLAG_RESET)) &&
	    payload[MESSAGES_AT] * (size_t)MESSAGE_BYTES > whole - HEADER_BYTES)
		return 0;
	wt_row_stream(row, payload, headers);
	wt_row_say(row, headers, wt_field_get(payload, row->number, row->order),
	           !(flags & (FLAG_HEARTBEAT | FLAG_RESET)));
	headers->again = flags & FLAG_REPLAY;
	if (flags & FLAG_RESET) {
		headers->what = WT_FEED_RESET;
		headers->has_number = false;
	}
	return 1;
}

static int write_otc(const struct wt_preset *preset, uint8_t *payload, size_t room,
                     const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	unsigned flags = header->again ? FLAG_REPLAY : 0;
	int bytes;

	plain.again = false;
	if (header->what == WT_FEED_RESET) {
		if (header->has_number)
			return -EINVAL;
		plain.what = WT_FEED_HEARTBEAT;
		plain.has_number = true;
		flags |= FLAG_RESET;
	} else if (header->what == WT_FEED_HEARTBEAT) {
		flags |= FLAG_HEARTBEAT;
	}
	bytes = wt_row_write(preset, payload, room, &plain, body_bytes, sent_ns);
	if (bytes < 0)
		return bytes;
	payload[FLAGS_AT] = (uint8_t)flags;
	payload[MESSAGES_AT] = header->what == WT_FEED_DATA;
	return bytes;
}

static struct wt_feed_proof prove_otc(const struct wt_preset *preset, const uint8_t *payload,
                                      size_t bytes, size_t wire_bytes)
{
	size_t whole = wt_row_bytes(preset, payload, bytes, wire_bytes), end;
	struct wt_feed_header header;
	size_t used;

	if (!read_otc(preset, payload, bytes, wire_bytes, &header, &used))
		return (struct wt_feed_proof){0, NULL};
	if (whole != wire_bytes || payload[FLAGS_AT] & FLAGS_RESERVED)
		return (struct wt_feed_proof){0, NULL};
	if (header.what == WT_FEED_HEARTBEAT && whole != HEADER_BYTES)
		return (struct wt_feed_proof){10, "plausible"};
	if (header.what != WT_FEED_DATA || bytes < whole)
		return (struct wt_feed_proof){60, "length, flags"};
	end = wt_row_messages_end(preset, payload, HEADER_BYTES, whole, payload[MESSAGES_AT]);
	if (!end)
		return (struct wt_feed_proof){0, NULL};
	return end == whole ? (struct wt_feed_proof){80, "length, flags, messages' lengths"}
	                    : (struct wt_feed_proof){20, "length, flags"};
}

const struct wt_preset wt_preset_otc = {
        .name = "otc",
        .title = "OTC Link ATS: OTC Markets multicast data feeds",
        .source = "OTC Markets Multicast Data Feeds Technical Specification 4.10.4",
        .doubt = "That numbers count packets was seen in captured packets, whose messages have "
                 "numbers of their own. So sides are compared by packets: whether both have the "
                 "same "
                 "messages in each is not said.",
        .unit = WT_FEED_PACKETS,
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .heartbeat_ms = 1000,
        .number_bits = 32,
        .begins_at = 1,
        .header_bytes = HEADER_BYTES,
        .number = {2, 4},
        .length = {0, 2},
        .sent = {8, 4},
        .sent_unit_ns = 1000000,
        .sent_since_midnight = true,
        .message_bytes = MESSAGE_BYTES,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = read_otc,
        .write = write_otc,
        .prove = prove_otc,
};
