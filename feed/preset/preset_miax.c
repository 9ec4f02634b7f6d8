/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"

/* MIAX MACH: a datagram is a chain of packets, each with a header and a number of its own (2.1). */

enum {
	HEADER_BYTES = 12,
	TYPE_AT = 10,
	SESSION_AT = 11,
};

enum type {
	TYPE_HEARTBEAT,
	TYPE_START,
	TYPE_END,
	TYPE_DATA,
};

/* Bytes of the packet at the start of a datagram's rest: 0 if it is not one. */
WT_ROW_READ size_t packet_bytes(const uint8_t *at, size_t wire_bytes)
{
	size_t length = (size_t)wt_field_get(at, wt_preset_mach.length, WT_FEED_LITTLE_ENDIAN);

	return length < HEADER_BYTES || length > wire_bytes || at[TYPE_AT] > TYPE_DATA ? 0 : length;
}

/* A packet that is not data. Session 0 is before there is one (2.2.2): such packets have no number
 * that counts. */
static void say_other(const uint8_t *at, struct wt_feed_header *header)
{
	uint64_t number = wt_field_get(at, wt_preset_mach.number, WT_FEED_LITTLE_ENDIAN);

	header->session = at[SESSION_AT];
	header->what = WT_FEED_UNSEQUENCED;
	if (!header->session)
		return;
	header->first = number + 1;
	/* A session may start with a lower or a higher number than the one before (2.2.1). */
	header->anywhere = at[TYPE_AT] == TYPE_START;
	header->has_number = !header->anywhere;
	header->what = at[TYPE_AT] == TYPE_START ? WT_FEED_RESET
	               : at[TYPE_AT] == TYPE_END ? WT_FEED_END
	                                         : WT_FEED_HEARTBEAT;
}

/* Whether a packet is data that goes on where *header ends. */
WT_ROW_READ bool goes_on(const struct wt_feed_header *header, const uint8_t *at)
{
	return header->what == WT_FEED_DATA && at[TYPE_AT] == TYPE_DATA &&
	       header->session == at[SESSION_AT] &&
	       wt_field_get(at, wt_preset_mach.number, WT_FEED_LITTLE_ENDIAN) ==
	               header->first + header->count;
}

static void say_packet(const uint8_t *at, struct wt_feed_header *header)
{
	*header = (struct wt_feed_header){0};
	if (at[TYPE_AT] != TYPE_DATA || !at[SESSION_AT]) {
		say_other(at, header);
		return;
	}
	header->session = at[SESSION_AT];
	header->first = wt_field_get(at, wt_preset_mach.number, WT_FEED_LITTLE_ENDIAN);
	header->count = 1;
	header->what = WT_FEED_DATA;
}

/* Packets whose numbers follow each other make one header. */
static int read_mach(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	size_t at = 0;
	int count = 0;

	(void)preset;
	if (wire_bytes < bytes)
		return 0;
	while (at < bytes && bytes - at >= HEADER_BYTES) {
		const uint8_t *packet = payload + at;
		size_t length = packet_bytes(packet, wire_bytes - at);

		if (!length)
			return 0;
		if (count && goes_on(&headers[count - 1], packet)) {
			headers[count - 1].count++;
		} else if (count == WT_FEED_HEADERS_MAX) {
			*used = at;
			break;
		} else {
			say_packet(packet, &headers[count++]);
		}
		at += length;
	}
	return count;
}

/* Find the type and the first number for *header; the type, or -EINVAL. */
static int type_for(const struct wt_feed_header *header, uint64_t *number)
{
	bool is_data = header->what == WT_FEED_DATA;

	*number = header->first - !is_data;
	if (header->channel || header->again || header->restarts || !header->count != !is_data)
		return -EINVAL;
	if (header->what == WT_FEED_UNSEQUENCED) {
		*number = 0;
		return header->session || header->first ? -EINVAL : TYPE_HEARTBEAT;
	}
	if (!header->session || header->session > UINT8_MAX)
		return -EINVAL;
	if (header->what == WT_FEED_RESET)
		return header->first == 1 && header->anywhere && !header->has_number ? TYPE_START
		                                                                     : -EINVAL;
	if (header->anywhere)
		return -EINVAL;
	if (is_data)
		return TYPE_DATA;
	if (!header->has_number)
		return -EINVAL;
	return header->what == WT_FEED_END ? TYPE_END : TYPE_HEARTBEAT;
}

static int write_mach(const struct wt_preset *preset, uint8_t *payload, size_t room,
                      const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	size_t packets = header->count ? header->count : 1, total = packets * HEADER_BYTES;
	uint64_t number;
	int type = type_for(header, &number);

	(void)sent_ns;
	if (type < 0)
		return type;
	if (header->count && body_bytes > total - HEADER_BYTES)
		total = HEADER_BYTES + body_bytes;
	if (total > room || total > INT_MAX)
		return -EMSGSIZE;
	for (size_t left = total; packets; packets--, number++) {
		size_t share = left / packets;

		if (share > UINT16_MAX)
			return -EMSGSIZE;
		wt_message_fill(payload, share, header->body);
		wt_field_put(payload, preset->number, preset->order, number);
		wt_field_put(payload, preset->length, preset->order, share);
		payload[TYPE_AT] = (uint8_t)type;
		payload[SESSION_AT] = (uint8_t)header->session;
		payload += share;
		left -= share;
	}
	return (int)total;
}

static void describe_mach(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                          char *channel, char *session)
{
	(void)preset;
	(void)bytes;
	(void)channel;
	if (payload[SESSION_AT])
		wt_text_print(session, "%u", payload[SESSION_AT]);
}

static struct wt_feed_proof prove_mach(const struct wt_preset *preset, const uint8_t *payload,
                                       size_t bytes, size_t wire_bytes)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	size_t used = bytes, at = 0;

	if (!read_mach(preset, payload, bytes, wire_bytes, headers, &used))
		return (struct wt_feed_proof){0, NULL};
	while (at < bytes && bytes - at >= HEADER_BYTES) {
		size_t length = packet_bytes(payload + at, wire_bytes - at);

		if (!length)
			return (struct wt_feed_proof){0, NULL};
		at += length;
	}
	if (at == wire_bytes)
		return (struct wt_feed_proof){80, "lengths, types"};
	return bytes < wire_bytes ? (struct wt_feed_proof){40, "types"}
	                          : (struct wt_feed_proof){0, NULL};
}

const struct wt_preset wt_preset_mach = {
        .name = "mach",
        .title = "MACH: MIAX Options, Pearl, Emerald, Sapphire, Pearl Equities, Onyx Futures",
        .source = "MIAX Pearl Equities MACH Protocol Specification 1.2e",
        .doubt = "Which number the first data of a session has is not said: what is lost between "
                 "the start of a session and its first data is not seen.",
        .unit = WT_FEED_MESSAGES,
        .order = WT_FEED_LITTLE_ENDIAN,
        .heartbeat = WT_FEED_HEARTBEAT_LAST,
        .heartbeat_ms = 1000,
        .number_bits = 64,
        .begins_at = UINT64_MAX,
        .header_bytes = HEADER_BYTES,
        .number = {0, 8},
        .session = {SESSION_AT, 1},
        .length = {8, 2},
        .message_bytes = HEADER_BYTES,
        .read = read_mach,
        .write = write_mach,
        .describe = describe_mach,
        .prove = prove_mach,
};
