/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"

/* HKEX Orion Market Data. The payload of a packet may be compressed, its header is not. */

enum {
	COUNT_AT = 2,
	COMPRESSED_AT = 3, /* OMD-D; a filler of OMD-C */
	ZLIB_AT = 16,
	ZLIB_END = 18,
	ZLIB_DEFLATE = 8,
	ZLIB_CHECK = 31,
	RESET_BYTES = 8,
	SEQUENCE_RESET = 100,
	RESET_END = 16 + RESET_BYTES,
};

static const struct wt_feed_field first_size = {16, 2}, first_type = {18, 2}, new_number = {20, 4};

/* The Sequence Reset is the first message. */
WT_ROW_READ bool is_reset(const struct wt_preset *row, const uint8_t *payload, size_t bytes)
{
	return bytes >= RESET_END && payload[COMPRESSED_AT] != 1 &&
	       wt_field_get(payload, first_type, row->order) == SEQUENCE_RESET &&
	       wt_field_get(payload, first_size, row->order) == RESET_BYTES;
}

/* The packet's own number is to be ignored (OMD-C 1.45, 3.4.2); messages after the reset count from
 * the number in it. */
WT_ROW_READ int say_reset(const struct wt_preset *row, const uint8_t *payload,
                          struct wt_feed_header *headers)
{
	uint32_t after = headers->count - 1;

	headers->what = WT_FEED_RESET;
	headers->first = wt_field_get(payload, new_number, row->order);
	headers->count = 0;
	if (!after)
		return 1;
	headers[1] = headers[0];
	headers[1].what = WT_FEED_DATA;
	headers[1].count = after;
	return 2;
}

static int omd_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                    size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_omd;
	size_t whole = wt_row_bytes(row, payload, bytes, wire_bytes);

	(void)preset;
	(void)used;
	/* Compressed messages may be smaller than any. */
	if (!whole || (payload[COMPRESSED_AT] != 1 && !wt_row_fits(row, payload[COUNT_AT], whole)))
		return 0;
	wt_row_stream(row, payload, headers);
	wt_row_say(row, headers, wt_field_get(payload, row->number, row->order), payload[COUNT_AT]);
	if (headers->count && is_reset(row, payload, bytes))
		return say_reset(row, payload, headers);
	return 1;
}

static int omd_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                     const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	int bytes;

	if (header->what != WT_FEED_RESET)
		return wt_row_write(row, payload, room, header, body_bytes, sent_ns);
	if (header->count || header->has_number)
		return -EINVAL;
	plain.what = WT_FEED_DATA;
	plain.count = 1;
	bytes = wt_row_write(row, payload, room, &plain, RESET_BYTES, sent_ns);
	if (bytes < 0)
		return bytes;
	wt_field_put(payload, first_type, row->order, SEQUENCE_RESET);
	wt_field_put(payload, new_number, row->order, header->first);
	return bytes;
}

/* Compressed messages begin as zlib's do (RFC 1950, 2.2). */
static struct wt_feed_proof prove_compressed(const uint8_t *payload, size_t bytes)
{
	if (!payload[COUNT_AT] || bytes < ZLIB_END || (payload[ZLIB_AT] & 0xf) != ZLIB_DEFLATE ||
	    (payload[ZLIB_AT] << 8 | payload[ZLIB_AT + 1]) % ZLIB_CHECK)
		return wt_proof_none();
	return (struct wt_feed_proof){60, "length, send time, compression"};
}

static struct wt_feed_proof omd_prove(const struct wt_preset *row, const uint8_t *payload,
                                      size_t bytes, size_t wire_bytes)
{
	size_t whole = wt_row_bytes(row, payload, bytes, wire_bytes);
	struct wt_walk walk;

	if (whole != wire_bytes || !whole ||
	    !wt_proof_sent(wt_field_get(payload, row->sent, row->order)))
		return wt_proof_none();
	if (payload[COMPRESSED_AT] == 1)
		return prove_compressed(payload, bytes);
	walk = wt_walk_messages(row, payload, bytes, whole);
	if (walk.end == WT_WALK_WHOLE && walk.messages != payload[COUNT_AT])
		return wt_proof_none();
	return wt_proof_messages(&walk, true);
}

const struct wt_preset wt_preset_omd = {
        .name = "omd",
        .title = "Orion Market Data: HKEX securities (OMD-C) and derivatives (OMD-D)",
        .source = "HKEX OMD-C Interface Specifications 1.45, OMD-D 2.0 (also 1.47)",
        .doubt = "a Sequence Reset that is compressed, or not the first message, is not "
                 "seen",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_LAST,
        .heartbeat_ms = 2000,
        .number_bits = 32,
        .begins_at = 1,
        .header_bytes = 16,
        .number = {4, 4},
        .count = {2, 1},
        .length = {0, 2},
        .sent = {8, 8},
        .sent_unit_ns = 1,
        .message_bytes = 4,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = omd_read,
        .write = omd_write,
        .prove = omd_prove,
};
