/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/preset/moldudp64.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <wiretape/base/big_endian.h>

#define COUNT_OFFSET 18

int wt_moldudp64_session(uint8_t session[WT_MOLDUDP64_SESSION_BYTES], const char *name)
{
	size_t length = strnlen(name, WT_MOLDUDP64_SESSION_BYTES + 1);

	if (!length || length > WT_MOLDUDP64_SESSION_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (name[i] < ' ' || name[i] > '~')
			return -EINVAL;
	memset(session, ' ', WT_MOLDUDP64_SESSION_BYTES);
	memcpy(session, name, length);
	return 0;
}

uint16_t wt_moldudp64_messages(const struct wt_moldudp64_header *header)
{
	return header->count == WT_MOLDUDP64_END_OF_SESSION ? 0 : header->count;
}

static size_t encoded_bytes(const struct wt_moldudp64_message *messages, uint16_t count)
{
	size_t bytes = WT_MOLDUDP64_HEADER_BYTES;

	/* At most 65534 * 65537: fits a size_t of 32 bits. */
	for (uint16_t i = 0; i < count; i++)
		bytes += WT_MOLDUDP64_LENGTH_BYTES + (size_t)messages[i].bytes;
	return bytes;
}

static uint8_t *put_message(uint8_t *at, const struct wt_moldudp64_message *message)
{
	wt_put_be16(at, message->bytes);
	at += WT_MOLDUDP64_LENGTH_BYTES;
	if (message->bytes)
		memcpy(at, message->data, message->bytes);
	return at + message->bytes;
}

int wt_moldudp64_encode(uint8_t *buffer, size_t room, const struct wt_moldudp64_header *header,
                        const struct wt_moldudp64_message *messages)
{
	uint16_t count = wt_moldudp64_messages(header);
	size_t bytes = encoded_bytes(messages, count);
	uint8_t *at = buffer + WT_MOLDUDP64_HEADER_BYTES;

	if (bytes > room || bytes > INT_MAX)
		return -EMSGSIZE;
	memcpy(buffer, header->session, WT_MOLDUDP64_SESSION_BYTES);
	wt_put_be64(buffer + WT_MOLDUDP64_SEQUENCE_OFFSET, header->sequence);
	wt_put_be16(buffer + COUNT_OFFSET, header->count);
	for (uint16_t i = 0; i < count; i++)
		at = put_message(at, &messages[i]);
	return (int)bytes;
}

static void get_front(const uint8_t *payload, struct wt_moldudp64_header *header)
{
	memcpy(header->session, payload, WT_MOLDUDP64_SESSION_BYTES);
	header->sequence = wt_get_be64(payload + WT_MOLDUDP64_SEQUENCE_OFFSET);
}

int wt_moldudp64_parse(const uint8_t *payload, size_t bytes, struct wt_moldudp64_packet *packet)
{
	if (bytes < WT_MOLDUDP64_HEADER_BYTES)
		return -ENODATA;
	get_front(payload, &packet->header);
	packet->header.count = wt_get_be16(payload + COUNT_OFFSET);
	packet->at = payload + WT_MOLDUDP64_HEADER_BYTES;
	packet->bytes_left = bytes - WT_MOLDUDP64_HEADER_BYTES;
	packet->messages_left = wt_moldudp64_messages(&packet->header);
	return 0;
}

int wt_moldudp64_next(struct wt_moldudp64_packet *packet, struct wt_moldudp64_message *message)
{
	uint16_t bytes;

	if (!packet->messages_left)
		return 0;
	if (packet->bytes_left < WT_MOLDUDP64_LENGTH_BYTES)
		return -EBADMSG;
	bytes = wt_get_be16(packet->at);
	if (packet->bytes_left - WT_MOLDUDP64_LENGTH_BYTES < bytes)
		return -EBADMSG;
	message->data = packet->at + WT_MOLDUDP64_LENGTH_BYTES;
	message->bytes = bytes;
	packet->at += WT_MOLDUDP64_LENGTH_BYTES + (size_t)bytes;
	packet->bytes_left -= WT_MOLDUDP64_LENGTH_BYTES + (size_t)bytes;
	packet->messages_left--;
	return 1;
}

int wt_moldudp64_check(const struct wt_moldudp64_packet *packet)
{
	struct wt_moldudp64_packet walk = *packet;
	struct wt_moldudp64_message message;
	int more;

	do
		more = wt_moldudp64_next(&walk, &message);
	while (more > 0);
	return more;
}

int wt_moldudp64_parse_cut(const uint8_t *payload, size_t bytes, struct wt_moldudp64_header *header)
{
	if (bytes < WT_MOLDUDP64_CUT_BYTES)
		return -ENODATA;
	if (bytes >= WT_MOLDUDP64_HEADER_BYTES)
		return -EINVAL;
	get_front(payload, header);
	header->count = 1;
	return 0;
}
