/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"

/* CME MDP 3.0: a packet number and a send time, then SBE messages with their sizes. */

enum {
	TEMPLATE_AT = 16, /* of the first message */
	CHANNEL_RESET = 4,
	FIRST_NUMBER = 1,
};

static const struct wt_feed_field first_size = {12, 2}, first_block = {14, 2},
                                  first_template = {TEMPLATE_AT, 2}, first_schema = {18, 2},
                                  first_version = {20, 2};

WT_ROW_READ bool first_message_fits(const struct wt_preset *row, const uint8_t *payload,
                                    size_t bytes, size_t wire_bytes)
{
	uint64_t size;

	if (bytes < row->header_bytes + 2U)
		return true;
	size = wt_field_get(payload, first_size, row->order);
	return size >= row->message_bytes && size <= wire_bytes - row->header_bytes;
}

/* Whether a channel reset, which empties the books, restarts the numbers. The specification does
 * not say so, so it counts as one only with the first number itself. */
WT_ROW_READ bool is_restart(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                            uint64_t number)
{
	return number == FIRST_NUMBER && bytes >= TEMPLATE_AT + 2 &&
	       wt_field_get(payload, first_template, row->order) == CHANNEL_RESET;
}

static int mdp3_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_mdp3;

	(void)preset;
	(void)used;
	if (!wt_row_read(row, payload, bytes, wire_bytes, headers) ||
	    !first_message_fits(row, payload, bytes, wire_bytes))
		return 0;
	headers->restarts = is_restart(row, payload, bytes, headers->first);
	return 1;
}

static int mdp3_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                      const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header plain = *header;
	int bytes;

	plain.restarts = false;
	if (header->restarts && header->first != FIRST_NUMBER)
		return -EINVAL;
	bytes = wt_row_write(row, payload, room, &plain, body_bytes, sent_ns);
	if (bytes < 0)
		return bytes;
	wt_field_put(payload, first_block, row->order, 0);
	wt_field_put(payload, first_template, row->order, header->restarts ? CHANNEL_RESET : 46);
	wt_field_put(payload, first_schema, row->order, 1);
	wt_field_put(payload, first_version, row->order, 13);
	return bytes;
}

static bool is_sbe(const struct wt_preset *row, const uint8_t *payload)
{
	uint64_t size = wt_field_get(payload, first_size, row->order);

	return wt_field_get(payload, first_block, row->order) + row->message_bytes <= size &&
	       wt_field_get(payload, first_template, row->order) < 1000 &&
	       wt_field_get(payload, first_schema, row->order) < 256 &&
	       wt_field_get(payload, first_version, row->order) < 256;
}

static struct wt_feed_proof mdp3_prove(const struct wt_preset *row, const uint8_t *payload,
                                       size_t bytes, size_t wire_bytes)
{
	struct wt_walk walk;

	if (!wt_row_bytes(row, payload, bytes, wire_bytes) || bytes < TEMPLATE_AT + 6U ||
	    !wt_proof_sent(wt_field_get(payload, row->sent, row->order)) || !is_sbe(row, payload))
		return wt_proof_none();
	walk = wt_walk_messages(row, payload, bytes, wire_bytes);
	return wt_proof_messages(&walk, wt_field_get(payload, first_schema, row->order) == 1);
}

const struct wt_preset wt_preset_mdp3 = {
        .name = "mdp3",
        .title = "MDP 3.0: CME Globex",
        .source = "CME MDP 3.0 SBE Technical Headers; SBE schemas mktdata 5 to 13",
        .doubt = "what packet numbers do at a ChannelReset was not found: it is a "
                 "restart where its own number is 1, and else data; how long a channel "
                 "may be silent was not found",
        .unit = WT_FEED_PACKETS,
        .order = WT_FEED_LITTLE_ENDIAN,
        .number_bits = 32,
        .begins_at = FIRST_NUMBER,
        .header_bytes = 12,
        .number = {0, 4},
        .sent = {4, 8},
        .sent_unit_ns = 1,
        .message_bytes = 10,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = mdp3_read,
        .write = mdp3_write,
        .prove = mdp3_prove,
};
