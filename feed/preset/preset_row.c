/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

#include <stdarg.h>
#include <stdio.h>

/* The cold part of presets: writing, weighing and describing packets by the row alone. */

static bool stream_is_sayable(const struct wt_preset *row, const struct wt_feed_header *header)
{
	if (!row->session.bytes != !header->session)
		return false;
	if (header->session > wt_field_most(row->session.bytes) && header->session != UINT64_MAX)
		return false;
	return header->channel <= wt_field_most(row->channel.bytes);
}

/* Number of a heartbeat that `first` follows. */
static int heartbeat_number(const struct wt_preset *row, const struct wt_feed_header *header,
                            uint64_t *number)
{
	*number = header->first;
	if ((!row->count.bytes && !row->heartbeat) || header->count)
		return -EINVAL;
	if (!header->has_number)
		return !header->first && (row->zero_unsequenced || !row->heartbeat) ? 0 : -EINVAL;
	if (!row->heartbeat || (row->zero_unsequenced && !header->first))
		return -EINVAL;
	if (row->heartbeat == WT_FEED_HEARTBEAT_NEXT)
		return 0;
	if (!header->first && row->rolls_to)
		return -EINVAL;
	*number = (header->first - 1) & wt_field_most(row->number.bytes);
	return 0;
}

static int data_count(const struct wt_preset *row, const struct wt_feed_header *header,
                      uint64_t *count)
{
	uint64_t most = row->count.bytes ? wt_field_most(row->count.bytes) : 1;

	*count = header->count;
	if (!*count || *count > most || (row->zero_unsequenced && !header->first))
		return -EINVAL;
	return 0;
}

int wt_row_numbers(const struct wt_preset *row, const struct wt_feed_header *header,
                   uint64_t *number, uint64_t *count)
{
	*number = header->first;
	*count = 0;
	if (!stream_is_sayable(row, header) || header->again || header->restarts ||
	    header->anywhere || header->first > wt_field_most(row->number.bytes))
		return -EINVAL;
	switch (header->what) {
	case WT_FEED_DATA:
		return data_count(row, header, count);
	case WT_FEED_HEARTBEAT:
		return heartbeat_number(row, header, number);
	case WT_FEED_UNSEQUENCED:
		*count = 1;
		return row->zero_unsequenced && !header->first && !header->count ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static void put_session(const struct wt_preset *row, uint8_t *payload, uint64_t session)
{
	struct wt_feed_field head = {row->session.offset, WT_FIELD_WORD};

	if (session == UINT64_MAX)
		session = 0;
	if (row->session.bytes <= WT_FIELD_WORD) {
		wt_field_put(payload, row->session, row->order, session);
		return;
	}
	memset(payload + row->session.offset, ' ', row->session.bytes);
	wt_field_put(payload, head, WT_FEED_BIG_ENDIAN, session ^ WT_TEXT_ZEROS);
}

static void put_channel(const struct wt_preset *row, uint8_t *payload, uint32_t channel)
{
	struct wt_feed_field head = {row->channel.offset, WT_FIELD_WORD};

	if (row->channel.bytes <= WT_FIELD_WORD) {
		wt_field_put(payload, row->channel, row->order, channel);
		return;
	}
	memset(payload + row->channel.offset, ' ', row->channel.bytes);
	wt_field_put(payload, head, WT_FEED_BIG_ENDIAN, channel ^ WT_TEXT_ZEROS);
}

static void put_sent(const struct wt_preset *row, uint8_t *payload, int64_t sent_ns)
{
	const int64_t day_ns = INT64_C(86400000000000);

	if (!row->sent.bytes)
		return;
	if (row->sent_since_midnight)
		sent_ns %= day_ns;
	wt_field_put(payload, row->sent, row->order, (uint64_t)(sent_ns / row->sent_unit_ns));
}

/* Put a message: its length, and bytes. */
static int put_message(const struct wt_preset *row, uint8_t *at, size_t bytes, uint16_t body)
{
	struct wt_feed_field length = {row->message_length_at, row->message_length_bytes};
	size_t front = length.offset + (size_t)length.bytes;
	size_t said = row->message_length_counts_itself || !front ? bytes : bytes - front;

	if (length.bytes && said > wt_field_most(length.bytes))
		return -EMSGSIZE;
	wt_message_fill(at, bytes, body);
	wt_field_put(at, length, row->order, said);
	return 0;
}

/* Put messages of about the same size. */
static int put_messages(const struct wt_preset *row, uint8_t *at, uint64_t count, size_t bytes,
                        uint16_t body)
{
	int rc = 0;

	/* Without separators any count fits. */
	if (!row->message_bytes)
		return put_message(row, at, bytes, body);
	for (; count && !rc; count--) {
		size_t share = bytes / count;

		rc = put_message(row, at, share, body);
		at += share;
		bytes -= share;
	}
	return rc;
}

int wt_row_store(const struct wt_preset *row, uint8_t *payload, size_t room,
                 const struct wt_feed_header *header, uint64_t number, uint64_t count,
                 size_t body_bytes, int64_t sent_ns)
{
	size_t least = (size_t)count * row->message_bytes;
	size_t body = !count ? 0 : body_bytes > least ? body_bytes : least;
	size_t bytes = row->header_bytes + body;
	uint64_t length = bytes - (uint64_t)(int64_t)row->length_adds;
	int rc;

	if (body > INT_MAX / 2 || bytes > room ||
	    (row->length.bytes && length > wt_field_most(row->length.bytes)))
		return -EMSGSIZE;
	memset(payload, 0, row->header_bytes);
	put_session(row, payload, header->session);
	put_channel(row, payload, header->channel);
	put_sent(row, payload, sent_ns);
	wt_field_put(payload, row->number, row->order, number);
	wt_field_put(payload, row->count, row->order, count);
	wt_field_put(payload, row->length, row->order, length);
	rc = put_messages(row, payload + row->header_bytes, count, body, header->body);
	return rc ? rc : (int)bytes;
}

int wt_row_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                 const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	uint64_t number, count;
	int rc = wt_row_numbers(row, header, &number, &count);

	return rc ? rc
	          : wt_row_store(row, payload, room, header, number, count, body_bytes, sent_ns);
}

static uint64_t message_length(const struct wt_preset *row, const uint8_t *at)
{
	unsigned width = row->message_length_bytes;
	uint64_t length = 0;

	at += row->message_length_at;
	for (unsigned i = 0; i < width; i++)
		length |= (uint64_t)at[i]
		          << 8 * (row->order == WT_FEED_BIG_ENDIAN ? width - 1 - i : i);
	return row->message_length_counts_itself ? length : length + row->message_length_at + width;
}

size_t wt_row_messages_end(const struct wt_preset *row, const uint8_t *payload, size_t at,
                           size_t bytes, uint64_t count)
{
	for (; count; count--) {
		uint64_t length;

		if (bytes - at < row->message_bytes)
			return 0;
		length = message_length(row, payload + at);
		if (length < row->message_bytes || length > bytes - at)
			return 0;
		at += (size_t)length;
	}
	return at;
}

static struct wt_feed_proof prove_messages(const struct wt_preset *row, const uint8_t *payload,
                                           size_t whole, uint64_t count)
{
	size_t end = wt_row_messages_end(row, payload, row->header_bytes, whole, count);
	bool has_length = row->length.bytes != 0;

	if (!end)
		return (struct wt_feed_proof){0, NULL};
	if (end != whole)
		return has_length ? (struct wt_feed_proof){60, "length"}
		                  : (struct wt_feed_proof){10, "plausible"};
	return has_length ? (struct wt_feed_proof){80, "length, messages' lengths"}
	                  : (struct wt_feed_proof){60, "messages' lengths"};
}

/* Padding after the messages is read, and is no proof. */
struct wt_feed_proof wt_row_prove(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                                  size_t wire_bytes)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t whole = wt_row_bytes(row, payload, bytes, wire_bytes), used = bytes;
	bool has_messages;

	if (!whole || whole != wire_bytes ||
	    !(row->read ? row->read(row, payload, bytes, wire_bytes, headers, &used)
	                : wt_row_read(row, payload, bytes, wire_bytes, headers)))
		return (struct wt_feed_proof){0, NULL};
	has_messages = headers[0].what != WT_FEED_HEARTBEAT && headers[0].what != WT_FEED_END;
	if (has_messages && row->message_length_bytes && bytes == whole)
		return prove_messages(row, payload, whole,
		                      wt_field_get(payload, row->count, row->order));
	if (row->length.bytes)
		return (struct wt_feed_proof){60, "length"};
	if (!has_messages && whole == row->header_bytes)
		return (struct wt_feed_proof){20, "a header and nothing else"};
	return (struct wt_feed_proof){10, "plausible"};
}

bool wt_row_sent_holds(const struct wt_preset *row, const uint8_t *payload)
{
	const uint64_t year_ns = UINT64_C(31556952000000000);
	uint64_t sent = wt_field_get(payload, row->sent, row->order);

	return sent >= 35 * year_ns / row->sent_unit_ns && sent <= 95 * year_ns / row->sent_unit_ns;
}

void wt_text_print(char *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, WT_FEED_TEXT_BYTES, format, arguments);
	va_end(arguments);
}

void wt_text_of(char *text, const uint8_t *at, size_t bytes)
{
	if (bytes > WT_FEED_TEXT_BYTES - 1)
		bytes = WT_FEED_TEXT_BYTES - 1;
	while (bytes && (at[bytes - 1] == ' ' || !at[bytes - 1]))
		bytes--;
	for (size_t i = 0; i < bytes; i++)
		text[i] = at[i] >= ' ' && at[i] <= '~' ? (char)at[i] : '.';
	text[bytes] = '\0';
}

/* Numbers as they are, wider fields as texts. */
static void describe_field(const struct wt_preset *row, const uint8_t *payload,
                           struct wt_feed_field field, char *text)
{
	if (field.bytes > WT_FIELD_WORD)
		wt_text_of(text, payload + field.offset, field.bytes);
	else if (field.bytes)
		wt_text_print(text, "%llu",
		              (unsigned long long)wt_field_get(payload, field, row->order));
}

void wt_row_describe(const struct wt_preset *row, const uint8_t *payload, char *channel,
                     char *session)
{
	describe_field(row, payload, row->channel, channel);
	describe_field(row, payload, row->session, session);
}
