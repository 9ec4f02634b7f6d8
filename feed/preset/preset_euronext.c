/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"

/* Euronext Optiq MDG: 35 bits of packet number in two fields, and a counter of restarts between
 * them (MDG 5.23, 4.2). The body may be compressed, the header is not. */

enum {
	FLAG_COMPRESSED = 1 << 0,
	RESTARTS_SHIFT = 1,
	HIGH_SHIFT = 4,
	THREE_BITS = 7,
	FLAGS_RESERVED = 0xfc00,
	LOW_BITS = 32,
	NUMBER_BITS = 35,
};

static const struct wt_feed_field flags_field = {12, 2}, first_frame = {16, 2},
                                  first_block = {18, 2};

static int optiq_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                      size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_optiq;
	uint64_t flags;

	(void)preset;
	(void)used;
	if (!wt_row_read(row, payload, bytes, wire_bytes, headers))
		return 0;
	flags = wt_field_get(payload, flags_field, row->order);
	headers->first |= (flags >> HIGH_SHIFT & THREE_BITS) << LOW_BITS;
	headers->session = wt_row_session(flags >> RESTARTS_SHIFT & THREE_BITS);
	return 1;
}

static int optiq_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                       const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header low = *header;
	uint64_t restarts = header->session == UINT64_MAX ? 0 : header->session;
	uint64_t high = header->first >> LOW_BITS;
	int bytes;

	if (!header->session || restarts > THREE_BITS || high > THREE_BITS)
		return -EINVAL;
	low.session = 0;
	low.first &= UINT32_MAX;
	bytes = wt_row_write(row, payload, room, &low, body_bytes, sent_ns);
	if (bytes < 0)
		return bytes;
	wt_field_put(payload, flags_field, row->order,
	             restarts << RESTARTS_SHIFT | high << HIGH_SHIFT);
	/* The block is the rest of the message. */
	wt_field_put(payload, first_block, row->order,
	             wt_field_get(payload, first_frame, row->order) - row->message_bytes);
	return bytes;
}

static void optiq_describe(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                           char *channel, char *session)
{
	uint64_t flags = wt_field_get(payload, flags_field, row->order);

	(void)bytes;
	wt_text_print(channel, "channel %u",
	              (unsigned)wt_field_get(payload, row->channel, row->order));
	wt_text_print(session, "restart %u", (unsigned)(flags >> RESTARTS_SHIFT & THREE_BITS));
}

/* The first message's block lies in its frame. */
static bool is_sbe(const struct wt_preset *row, const uint8_t *payload, size_t bytes)
{
	return bytes >= row->header_bytes + (size_t)row->message_bytes &&
	       wt_field_get(payload, first_block, row->order) + row->message_bytes <=
	               wt_field_get(payload, first_frame, row->order);
}

static struct wt_feed_proof optiq_prove(const struct wt_preset *row, const uint8_t *payload,
                                        size_t bytes, size_t wire_bytes)
{
	struct wt_walk walk;
	uint64_t flags;

	if (!wt_row_bytes(row, payload, bytes, wire_bytes) ||
	    !wt_proof_sent(wt_field_get(payload, row->sent, row->order)))
		return wt_proof_none();
	flags = wt_field_get(payload, flags_field, row->order);
	if (flags & FLAGS_RESERVED || wire_bytes == row->header_bytes)
		return wt_proof_none();
	if (flags & FLAG_COMPRESSED)
		return (struct wt_feed_proof){40, "reserved flags, send time"};
	if (!is_sbe(row, payload, bytes))
		return wt_proof_none();
	walk = wt_walk_messages(row, payload, bytes, wire_bytes);
	return wt_proof_messages(&walk, true);
}

const struct wt_preset wt_preset_optiq = {
        .name = "optiq",
        .title = "Optiq MDG: Euronext",
        .source = "Euronext Optiq Market Data Gateway Interface Specification 5.23",
        .doubt = "whether the low 32 bits of the number skip their null value 4294967295 "
                 "is not said: they are taken to count on",
        .unit = WT_FEED_PACKETS,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat_ms = 2000,
        .number_bits = NUMBER_BITS,
        .begins_at = 1,
        .header_bytes = 16,
        .number = {8, 4},
        .channel = {14, 2},
        .sent = {0, 8},
        .sent_unit_ns = 1,
        .message_bytes = 10,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = optiq_read,
        .write = optiq_write,
        .describe = optiq_describe,
        .prove = optiq_prove,
};
