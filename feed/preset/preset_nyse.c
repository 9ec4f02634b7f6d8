/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* NYSE Pillar, and XDP before it: a header whose delivery flag tells the kind of packet (2.1). */

enum {
	FLAG_AT = 2,
	SECONDS_AT = 8,
	NANOSECONDS_AT = 12,
	HEADER_BYTES = 16,
	TYPE_AT = HEADER_BYTES + 2, /* of the first message */
	TYPE_RESET = 1,
	TYPE_UNAVAILABLE = 31,
	CONTROL_BYTES = 14, /* messages of these two types */
};

enum flag {
	FLAG_HEARTBEAT = 1,
	FLAG_FAILOVER = 10,
	FLAG_ORIGINAL = 11,
	FLAG_RESET = 12,
	FLAG_SENT_AGAIN = 13, /* the only packet of a retransmission; from here on sent again */
	FLAG_UNAVAILABLE = 21,
};

/* During a failover all packets have its flag: the reset is told by its message (4.1, 8.2), and
 * where that is cut off by its number, which is always 1. */
WT_ROW_READ bool is_reset(const uint8_t *payload, size_t bytes, uint64_t number, uint64_t count)
{
	const struct wt_feed_field type = {TYPE_AT, 2};

	if (payload[FLAG_AT] == FLAG_RESET)
		return true;
	if (count != 1 || number != 1)
		return false;
	return bytes < TYPE_AT + 2 ||
	       wt_field_get(payload, type, WT_FEED_LITTLE_ENDIAN) == TYPE_RESET;
}

/* The reset has the number 1 itself, and is sent several times before data follows (8.1): numbers
 * go on after it. */
static void say_reset(struct wt_feed_header *header, uint64_t number, uint64_t count)
{
	header->what = WT_FEED_RESET;
	header->first = (number + count) & UINT32_MAX;
}

/* Read a packet that is not an original one. */
static int say_flagged(const uint8_t *payload, size_t bytes, size_t whole,
                       struct wt_feed_header *header, uint64_t number, uint64_t count)
{
	const struct wt_preset *row = &wt_preset_pillar;
	unsigned flag = payload[FLAG_AT];

	if (flag == FLAG_HEARTBEAT && (count || whole > HEADER_BYTES))
		return 0;
	header->again = flag >= FLAG_SENT_AGAIN && flag <= FLAG_UNAVAILABLE;
	if (flag == FLAG_UNAVAILABLE)
		header->what = WT_FEED_UNSEQUENCED;
	else if ((flag == FLAG_RESET || flag == FLAG_FAILOVER) &&
	         is_reset(payload, bytes, number, count))
		say_reset(header, number, count);
	else
		wt_row_say(row, header, number, count);
	return 1;
}

static int read_pillar(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                       size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_pillar;
	size_t whole = wt_row_bytes(row, payload, bytes, wire_bytes);
	uint64_t number, count;

	(void)preset;
	(void)used;
	if (!whole)
		return 0;
	number = wt_field_get(payload, row->number, row->order);
	count = wt_field_get(payload, row->count, row->order);
	if (!wt_row_fits(row, count, whole))
		return 0;
	wt_row_stream(row, payload, headers);
	if (payload[FLAG_AT] != FLAG_ORIGINAL)
		return say_flagged(payload, bytes, whole, headers, number, count);
	wt_row_say(row, headers, number, count);
	return 1;
}

/* Find the flag of a packet, and in *plain the header that the row can write: the flag, or -EINVAL.
 */
static int flag_for(const struct wt_feed_header *header, struct wt_feed_header *plain)
{
	*plain = *header;
	plain->again = false;
	switch (header->what) {
	case WT_FEED_HEARTBEAT:
		return header->again ? -EINVAL : FLAG_HEARTBEAT;
	case WT_FEED_RESET:
		if (header->first != 2 || header->count || header->has_number || header->again)
			return -EINVAL;
		plain->what = WT_FEED_DATA;
		plain->first = plain->count = 1;
		return FLAG_RESET;
	case WT_FEED_UNSEQUENCED:
		if (!header->again || header->first || header->count)
			return -EINVAL;
		plain->what = WT_FEED_DATA;
		plain->count = 1;
		return FLAG_UNAVAILABLE;
	default:
		return header->again ? FLAG_SENT_AGAIN : FLAG_ORIGINAL;
	}
}

static int write_pillar(const struct wt_preset *preset, uint8_t *payload, size_t room,
                        const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	const struct wt_feed_field seconds = {SECONDS_AT, 4}, nanoseconds = {NANOSECONDS_AT, 4};
	const struct wt_feed_field type = {TYPE_AT, 2};
	struct wt_feed_header plain;
	int flag = flag_for(header, &plain), bytes;

	if (flag < 0)
		return flag;
	if (flag == FLAG_RESET || flag == FLAG_UNAVAILABLE)
		body_bytes = CONTROL_BYTES;
	bytes = wt_row_write(preset, payload, room, &plain, body_bytes, sent_ns);
	if (bytes < 0)
		return bytes;
	payload[FLAG_AT] = (uint8_t)flag;
	wt_field_put(payload, seconds, preset->order, (uint64_t)sent_ns / 1000000000);
	wt_field_put(payload, nanoseconds, preset->order, (uint64_t)sent_ns % 1000000000);
	if (flag == FLAG_RESET || flag == FLAG_UNAVAILABLE)
		wt_field_put(payload, type, preset->order,
		             flag == FLAG_RESET ? TYPE_RESET : TYPE_UNAVAILABLE);
	return bytes;
}

static bool flag_is_known(unsigned flag)
{
	return flag == FLAG_HEARTBEAT ||
	       (flag >= FLAG_FAILOVER && flag <= FLAG_UNAVAILABLE && flag != 14 && flag != 16);
}

static struct wt_feed_proof prove_pillar(const struct wt_preset *preset, const uint8_t *payload,
                                         size_t bytes, size_t wire_bytes)
{
	struct wt_feed_proof proof = wt_row_prove(preset, payload, bytes, wire_bytes);

	if (proof.score > 10 && !flag_is_known(payload[FLAG_AT]))
		return (struct wt_feed_proof){10, "plausible, but for the delivery flag"};
	if (proof.score == 60)
		proof.holds = "length, delivery flag";
	if (proof.score == 80)
		proof.holds = "length, delivery flag, messages' lengths";
	return proof;
}

const struct wt_preset wt_preset_pillar = {
        .name = "pillar",
        .title = "NYSE Pillar and XDP: NYSE, Arca, American, National, Texas",
        .source = "NYSE Pillar Common Client Specification 2.4p",
        .doubt = "That heartbeats have the next number, and that 2 follows a reset, was seen in "
                 "captured packets. Whether numbers roll over to 0 or 1 is not said.",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_NEXT,
        .heartbeat_ms = 1000,
        .number_bits = 32,
        .begins_at = 1,
        .header_bytes = HEADER_BYTES,
        .number = {4, 4},
        .count = {3, 1},
        .length = {0, 2},
        .message_bytes = 4,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = read_pillar,
        .write = write_pillar,
        .prove = prove_pillar,
};
