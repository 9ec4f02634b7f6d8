/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"
#include <wiretape/base/big_endian.h>

/* Blocks of SIAC's processors: OPRA's and CTA's differ in two offsets, their letters, and the
 * messages that control a line. Each of these stands in its own block (OPRA 6.3a, 3.02; CTS 2.11b,
 * 6.2), with its category and type at the same place. */

enum {
	FEED_AT = 3,
	AGAIN_AT = 4,
	CATEGORY_AT = 22,
	TYPE_AT = 23,
	AGAIN = 'V',
	CUT_OFF = 1, /* instead of a type */
};

struct block {
	const char *feeds;    /* data feed indicators; the first is written */
	uint8_t original;     /* retransmission indicator of an original */
	uint8_t version;      /* that is written */
	uint8_t versions_end; /* the first that is taken for a mistake */
	uint8_t by_message;   /* first version whose numbers count messages and not blocks */
	uint8_t sent_at, checksum_at;
	uint8_t category;                    /* of control messages */
	uint8_t participant, participant_at; /* the processor itself */
	uint8_t start, heartbeat, reset, end;
};

static const struct block opra = {
        .feeds = "O",
        .original = ' ',
        .version = 6,
        .versions_end = 16,
        .by_message = 6,
        .sent_at = 11,
        .checksum_at = 19,
        .category = 'H',
        .participant = 'O',
        .participant_at = 21,
        .start = 'C',
        .heartbeat = 'N',
        .reset = 'K',
        .end = 'J',
};
static const struct block cta = {
        .feeds = "TQ",
        .original = 'O',
        .version = 2,
        .versions_end = 16,
        .by_message = 2,
        .sent_at = 10,
        .checksum_at = 18,
        .category = 'C',
        .participant = 'S',
        .participant_at = 24,
        .start = 'A',
        .heartbeat = 'T',
        .reset = 'L',
        .end = 'Z',
};

WT_ROW_READ bool is_block(const struct block *block, const uint8_t *payload)
{
	return payload[0] < block->versions_end &&
	       (payload[FEED_AT] == block->feeds[0] ||
	        (block->feeds[1] && payload[FEED_AT] == block->feeds[1])) &&
	       (payload[AGAIN_AT] == block->original || payload[AGAIN_AT] == AGAIN);
}

/* Type of a block's control message, 0 if it is not one. Control messages, and no others, are
 * nothing but a header, which identifies one whose type was cut off. */
WT_ROW_READ uint8_t control_of(const struct wt_preset *row, const struct block *block,
                               const uint8_t *payload, size_t bytes, size_t whole)
{
	if ((bytes < whole ? bytes : whole) > TYPE_AT)
		return payload[CATEGORY_AT] == block->category ? payload[TYPE_AT] : 0;
	return whole <= row->header_bytes + row->message_bytes + 1U ? CUT_OFF : 0;
}

/* The end of the day has its own number, which the line later gives as its last: it is data, too.
 */
WT_ROW_READ int say_end(const struct wt_preset *row, struct wt_feed_header *headers,
                        uint64_t number)
{
	struct wt_feed_header *end = headers;

	if (number) {
		wt_row_say(row, headers, number, 1);
		headers[1] = headers[0];
		end = &headers[1];
	}
	end->what = WT_FEED_END;
	end->first = wt_row_next(row, number);
	end->count = 0;
	end->has_number = true;
	return number ? 2 : 1;
}

/* The number of a reset is the reset's own; the block after it has the next one. */
WT_ROW_READ void say_reset(const struct wt_preset *row, struct wt_feed_header *header,
                           uint64_t number)
{
	header->what = WT_FEED_RESET;
	header->first = wt_row_next(row, number);
}

/* A heartbeat has the number sent last, 0 before the day's first. Retransmission lines have no
 * next number. */
WT_ROW_READ void say_heartbeat(const struct wt_preset *row, struct wt_feed_header *header,
                               uint64_t number)
{
	header->what = WT_FEED_HEARTBEAT;
	header->has_number = !header->again;
	header->first = header->again ? 0 : wt_row_next(row, number);
}

WT_ROW_READ int block_read(const struct wt_preset *row, const struct block *block,
                           const uint8_t *payload, size_t bytes, size_t wire_bytes,
                           struct wt_feed_header *headers)
{
	size_t whole = wt_row_bytes(row, payload, bytes, wire_bytes);
	uint64_t number, messages;
	uint8_t control = 0;

	if (!whole || !is_block(block, payload))
		return 0;
	number = wt_field_get(payload, row->number, row->order);
	messages = wt_field_get(payload, row->count, row->order);
	if (!wt_row_fits(row, messages, whole) || !messages)
		return 0;
	wt_row_stream(row, payload, headers);
	headers->again = payload[AGAIN_AT] == AGAIN;
	if (messages == 1)
		control = control_of(row, block, payload, bytes, whole);
	if (control == block->heartbeat)
		say_heartbeat(row, headers, number);
	else if (control == block->reset && !headers->again)
		say_reset(row, headers, number);
	else if (control == block->end && !headers->again)
		return say_end(row, headers, number);
	else if (control == CUT_OFF)
		headers->what = WT_FEED_UNSEQUENCED;
	else
		wt_row_say(row, headers, number, payload[0] < block->by_message ? 1 : messages);
	return 1;
}

static uint16_t checksum_of(const struct block *block, const uint8_t *payload, size_t bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += payload[i];
	return (uint16_t)(sum - payload[block->checksum_at] - payload[block->checksum_at + 1]);
}

static struct wt_feed_proof block_prove(const struct wt_preset *row, const struct block *block,
                                        const uint8_t *payload, size_t bytes, size_t wire_bytes)
{
	struct wt_feed_header headers[2];
	size_t used, whole = wt_row_bytes(row, payload, bytes, wire_bytes);

	if (!whole || !row->read(row, payload, bytes, wire_bytes, headers, &used))
		return wt_proof_none();
	if (whole != wire_bytes)
		return (struct wt_feed_proof){40, "feed's letter"};
	if (bytes < whole)
		return (struct wt_feed_proof){60, "length, feed's letter"};
	if (checksum_of(block, payload, whole) != wt_get_be16(payload + block->checksum_at))
		return (struct wt_feed_proof){20, "length, feed's letter; not the checksum"};
	return (struct wt_feed_proof){100, "checksum, length, feed's letter"};
}

/* Find the number that stands for a control message: 0 or -EINVAL. */
static int control_number(const struct wt_preset *row, const struct wt_feed_header *header,
                          uint64_t *number)
{
	struct wt_feed_header heartbeat = *header;

	heartbeat.again = false;
	heartbeat.what = WT_FEED_HEARTBEAT;
	if (header->what == WT_FEED_RESET && !header->has_number)
		heartbeat.has_number = true;
	else if (header->what == WT_FEED_RESET || !header->has_number)
		return -EINVAL;
	return wt_row_numbers(row, &heartbeat, number, &(uint64_t){0});
}

/* Find the control message type for *header, 0 for data, and its number and count. */
static int block_numbers(const struct wt_preset *row, const struct block *block,
                         const struct wt_feed_header *header, uint8_t *control, uint64_t *number,
                         uint64_t *count)
{
	struct wt_feed_header plain = *header;

	plain.again = false;
	*control = 0;
	*count = 1;
	switch (header->what) {
	case WT_FEED_HEARTBEAT:
		*control = block->heartbeat;
		*number = 0;
		if (header->again)
			return header->has_number || header->first || header->count ||
			                       header->session || header->channel ||
			                       header->restarts
			               ? -EINVAL
			               : 0;
		return control_number(row, header, number);
	case WT_FEED_RESET:
	case WT_FEED_END:
		*control = header->what == WT_FEED_END ? block->end : block->reset;
		return header->again ? -EINVAL : control_number(row, header, number);
	case WT_FEED_UNSEQUENCED:
		*control = block->start;
		return wt_row_numbers(row, &plain, number, count);
	default:
		return wt_row_numbers(row, &plain, number, count);
	}
}

/* An odd block gets a pad byte (OPRA 6.3a, 3.03; CTS 2.11b, 3.3). */
static int pad(const struct wt_preset *row, uint8_t *payload, size_t room, int bytes)
{
	if (bytes < 0 || !(bytes & 1))
		return bytes;
	if ((size_t)bytes + 1 > room || bytes + 1 > UINT16_MAX)
		return -EMSGSIZE;
	payload[bytes++] = 0;
	wt_field_put(payload, row->length, row->order, (uint64_t)bytes);
	return bytes;
}

/* Put a control message: only a message header. */
static void put_control(const struct wt_preset *row, const struct block *block, uint8_t *payload,
                        uint8_t control)
{
	unsigned kept = row->header_bytes + row->message_length_bytes;

	memset(payload + kept, 0, row->message_bytes - row->message_length_bytes);
	payload[CATEGORY_AT] = block->category;
	payload[TYPE_AT] = control;
	payload[block->participant_at] = block->participant;
}

static int block_write(const struct wt_preset *row, const struct block *block, uint8_t *payload,
                       size_t room, const struct wt_feed_header *header, size_t body_bytes,
                       int64_t sent_ns)
{
	uint64_t number, count;
	uint8_t control;
	int bytes, rc = block_numbers(row, block, header, &control, &number, &count);

	if (rc)
		return rc;
	bytes = pad(row, payload, room,
	            wt_row_store(row, payload, room, header, number, count,
	                         control ? row->message_bytes : body_bytes, sent_ns));
	if (bytes < 0)
		return bytes;
	payload[0] = block->version;
	payload[FEED_AT] = (uint8_t)block->feeds[0];
	payload[AGAIN_AT] = header->again ? AGAIN : block->original;
	wt_put_be32(payload + block->sent_at, (uint32_t)(sent_ns / 1000000000));
	wt_put_be32(payload + block->sent_at + 4, (uint32_t)(sent_ns % 1000000000));
	if (control)
		put_control(row, block, payload, control);
	wt_put_be16(payload + block->checksum_at, checksum_of(block, payload, (size_t)bytes));
	return bytes;
}

static int opra_read(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	(void)row;
	(void)used;
	return block_read(&wt_preset_opra, &opra, payload, bytes, wire_bytes, headers);
}

static int opra_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                      const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	return block_write(row, &opra, payload, room, header, body_bytes, sent_ns);
}

static struct wt_feed_proof opra_prove(const struct wt_preset *row, const uint8_t *payload,
                                       size_t bytes, size_t wire_bytes)
{
	return block_prove(row, &opra, payload, bytes, wire_bytes);
}

const struct wt_preset wt_preset_opra = {
        .name = "opra",
        .title = "OPRA binary: US options",
        .source = "OPRA Binary Data Recipient Interface Specification 6.3a (also 4.0)",
        .doubt = "that the end of the day is a numbered message of its line is inferred "
                 "from its number; version 5 numbers blocks, each of which is counted as "
                 "one message",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_LAST,
        .heartbeat_ms = 10000,
        .number_bits = 32,
        .rolls_to = 1,
        .begins_at = 1,
        .header_bytes = 21,
        .number = {6, 4},
        .count = {10, 1},
        .length = {1, 2},
        .zero_unsequenced = true,
        .message_bytes = 12,
        .read = opra_read,
        .write = opra_write,
        .prove = opra_prove,
};

static int cta_read(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                    size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	(void)row;
	(void)used;
	return block_read(&wt_preset_cta, &cta, payload, bytes, wire_bytes, headers);
}

static int cta_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                     const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	return block_write(row, &cta, payload, room, header, body_bytes, sent_ns);
}

static struct wt_feed_proof cta_prove(const struct wt_preset *row, const uint8_t *payload,
                                      size_t bytes, size_t wire_bytes)
{
	return block_prove(row, &cta, payload, bytes, wire_bytes);
}

static void cta_describe(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                         char *channel, char *session)
{
	(void)row;
	(void)bytes;
	(void)session;
	if (payload[FEED_AT] == 'T')
		wt_text_print(channel, "CTS");
	else if (payload[FEED_AT] == 'Q')
		wt_text_print(channel, "CQS");
}

const struct wt_preset wt_preset_cta = {
        .name = "cta",
        .title = "CTS and CQS: US trades and quotes of tapes A and B",
        .source = "CTS Pillar Multicast Output Binary Specification 2.11b, CQS 2.10a (also 1.91)",
        .doubt = "that the end of the day is a numbered message of its line is inferred "
                 "from its number; versions 0 and 1 number blocks, each of which is "
                 "counted as one message",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_LAST,
        .heartbeat_ms = 10000,
        .number_bits = 32,
        .rolls_to = 1,
        .begins_at = 1,
        .header_bytes = 20,
        .number = {5, 4},
        .count = {9, 1},
        .length = {1, 2},
        .zero_unsequenced = true,
        .message_bytes = 26,
        .message_length_bytes = 2,
        .message_length_counts_itself = true,
        .read = cta_read,
        .write = cta_write,
        .prove = cta_prove,
        .describe = cta_describe,
};
