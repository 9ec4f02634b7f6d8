/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"

/* B3 Binary UMDF. Packets that only control the numbering have number 0. */

enum {
	FIRST_MESSAGE = 16,
	MESSAGE_HEADER = 12,
	TEMPLATE_END = 24,
	NEXT_END = 32,
	ENCODING = 0xeb50, /* SBE 1.0, little-endian */
	SEQUENCE_RESET = 1,
	SEQUENCE = 2,
	NEWEST_SCHEMA = 16,
};

static const struct wt_feed_field first_length = {16, 2}, first_encoding = {18, 2},
                                  first_block = {20, 2}, first_template = {22, 2},
                                  first_schema = {24, 2}, first_version = {26, 2},
                                  next_number = {28, 4};

/* Read a packet without a number. */
WT_ROW_READ void say_control(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                             struct wt_feed_header *header)
{
	uint64_t template = 0;

	if (bytes >= TEMPLATE_END && wt_field_get(payload, first_encoding, row->order) == ENCODING)
		template = wt_field_get(payload, first_template, row->order);
	if (template == SEQUENCE_RESET) {
		header->what = WT_FEED_RESET;
		header->first = 1;
	} else if (template == SEQUENCE && bytes >= NEXT_END) {
		header->what = WT_FEED_HEARTBEAT;
		header->has_number = true;
		header->first = wt_field_get(payload, next_number, row->order);
	} else {
		header->what = WT_FEED_UNSEQUENCED;
	}
}

static int b3_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                   size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_b3;

	(void)preset;
	(void)used;
	if (!wt_row_read(row, payload, bytes, wire_bytes, headers))
		return 0;
	if (headers->what == WT_FEED_UNSEQUENCED)
		say_control(row, payload, bytes, headers);
	return 1;
}

/* Find the message template for *header, 0 if any will do: 0, or -EINVAL. */
static int template_of(const struct wt_feed_header *header, uint16_t *template)
{
	*template = 0;
	if (header->what == WT_FEED_RESET) {
		*template = SEQUENCE_RESET;
		return header->first == 1 && !header->has_number && !header->count ? 0 : -EINVAL;
	}
	if (header->what == WT_FEED_HEARTBEAT) {
		*template = SEQUENCE;
		return header->has_number && header->first <= UINT32_MAX && !header->count
		               ? 0
		               : -EINVAL;
	}
	return 0;
}

static void put_message(const struct wt_preset *row, uint8_t *payload, uint16_t template)
{
	uint64_t length = wt_field_get(payload, first_length, row->order);

	wt_field_put(payload, first_encoding, row->order, ENCODING);
	wt_field_put(payload, first_block, row->order, length - MESSAGE_HEADER);
	wt_field_put(payload, first_template, row->order, template);
	wt_field_put(payload, first_schema, row->order, 2);
	wt_field_put(payload, first_version, row->order, NEWEST_SCHEMA);
}

static int b3_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                    const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	uint16_t template;
	int bytes, rc = template_of(header, &template);

	if (rc)
		return rc;
	if (template) {
		plain.what = WT_FEED_UNSEQUENCED;
		plain.first = 0;
		body_bytes = MESSAGE_HEADER + (template == SEQUENCE ? next_number.bytes : 0U);
	}
	bytes = wt_row_write(row, payload, room, &plain, body_bytes, sent_ns);
	if (bytes < 0)
		return bytes;
	put_message(row, payload, template ? template : 50);
	if (template == SEQUENCE)
		wt_field_put(payload, next_number, row->order, header->first);
	return bytes;
}

static void b3_describe(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                        char *channel, char *session)
{
	(void)bytes;
	wt_text_print(channel, "channel %u", payload[row->channel.offset]);
	wt_text_print(session, "version %u",
	              (unsigned)wt_field_get(payload, row->session, row->order));
}

static struct wt_feed_proof b3_prove(const struct wt_preset *row, const uint8_t *payload,
                                     size_t bytes, size_t wire_bytes)
{
	struct wt_walk walk;

	if (!wt_row_bytes(row, payload, bytes, wire_bytes) ||
	    bytes < FIRST_MESSAGE + (size_t)MESSAGE_HEADER ||
	    !wt_proof_sent(wt_field_get(payload, row->sent, row->order)) ||
	    wt_field_get(payload, first_encoding, row->order) != ENCODING)
		return wt_proof_none();
	walk = wt_walk_messages(row, payload, bytes, wire_bytes);
	return wt_proof_messages(&walk, true);
}

const struct wt_preset wt_preset_b3 = {
        .name = "b3",
        .title = "Binary UMDF: B3",
        .source = "Market Data B3: Binary UMDF Message Reference 2.2.0",
        .doubt = "that nextSeqNo in heartbeats counts packets, as the header does, is "
                 "inferred; how long a channel may be silent is not said",
        .unit = WT_FEED_PACKETS,
        .order = WT_FEED_LITTLE_ENDIAN,
        .number_bits = 32,
        .begins_at = 1,
        .header_bytes = FIRST_MESSAGE,
        .number = {4, 4},
        .channel = {0, 1},
        .session = {2, 2},
        .sent = {8, 8},
        .sent_unit_ns = 1,
        .zero_unsequenced = true,
        .message_bytes = MESSAGE_HEADER,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = b3_read,
        .write = b3_write,
        .describe = b3_describe,
        .prove = b3_prove,
};
