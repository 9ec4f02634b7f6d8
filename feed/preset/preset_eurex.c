/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"

/* T7 EOBI: each datagram begins with a Packet Header, a message whose length and template are
 * constant (EOBI Manual 14.1, 8.2). */

enum {
	BODY_LENGTH = 32,
	RESTARTS_AT = 18,
	COMPLETE_AT = 17,
};

static const struct wt_feed_field body_length = {0, 2}, template_id = {2, 2},
                                  message_number = {4, 4};

/* The template changes with releases; up to five are set aside. 13001 is the heartbeat of a
 * product, which has no place here. */
WT_ROW_READ bool is_packet_header(const uint8_t *payload)
{
	uint64_t template = wt_field_get(payload, template_id, WT_FEED_LITTLE_ENDIAN);

	return wt_field_get(payload, body_length, WT_FEED_LITTLE_ENDIAN) == BODY_LENGTH &&
	       template >= 13000 && template <= 13005 && template != 13001;
}

/* Technical heartbeats, which begin with 0xc0 0xf8, are not read: they are to be ignored (4.15). */
static int eobi_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	(void)preset;
	(void)used;
	if (!is_packet_header(payload) ||
	    !wt_row_read(&wt_preset_eobi, payload, bytes, wire_bytes, headers))
		return 0;
	headers->restarts = payload[RESTARTS_AT] == 1;
	return 1;
}

static int eobi_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                      const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	int bytes;

	plain.restarts = false;
	bytes = wt_row_write(row, payload, room, &plain, body_bytes, sent_ns);
	if (bytes < 0)
		return bytes;
	wt_field_put(payload, body_length, row->order, BODY_LENGTH);
	wt_field_put(payload, template_id, row->order, 13002);
	wt_field_put(payload, message_number, row->order, UINT32_MAX);
	payload[COMPLETE_AT] = 1;
	payload[RESTARTS_AT] = header->restarts;
	return bytes;
}

static void eobi_describe(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                          char *channel, char *session)
{
	(void)bytes;
	(void)session;
	wt_text_print(channel, "partition %u", payload[row->channel.offset]);
}

static struct wt_feed_proof eobi_prove(const struct wt_preset *row, const uint8_t *payload,
                                       size_t bytes, size_t wire_bytes)
{
	struct wt_walk walk;

	if (!wt_row_bytes(row, payload, bytes, wire_bytes) || !is_packet_header(payload) ||
	    !wt_proof_sent(wt_field_get(payload, row->sent, row->order)) ||
	    payload[COMPLETE_AT] > 1 || payload[RESTARTS_AT] > 1)
		return wt_proof_none();
	walk = wt_walk_messages(row, payload, bytes, wire_bytes);
	return wt_proof_messages(&walk,
	                         wt_field_get(payload, message_number, row->order) == UINT32_MAX);
}

const struct wt_preset wt_preset_eobi = {
        .name = "eobi",
        .title = "T7 EOBI: Eurex, Xetra",
        .source = "T7 Enhanced Order Book Interface Manual 14.1 (also 3.0, 6.0), Packet Header",
        .doubt = "how often heartbeats of products come is not said; while a sender "
                 "takes over, its packets may come among those of the old one",
        .unit = WT_FEED_PACKETS,
        .order = WT_FEED_LITTLE_ENDIAN,
        .number_bits = 32,
        .begins_at = 1,
        .header_bytes = 32,
        .number = {8, 4},
        .channel = {16, 1},
        .sent = {24, 8},
        .sent_unit_ns = 1,
        .message_bytes = 8,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = eobi_read,
        .write = eobi_write,
        .describe = eobi_describe,
        .prove = eobi_prove,
};
