/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"

/* TSE FLEX Market by Order. The session is the day's count of system reboots. */

enum {
	ISSUE_AT = 6,
	ISSUE_BYTES = 12,
	PACKET_AT = 22,
	PACKETS_AT = 23,
	MORE_AT = 24,
	TAGS_AT = 25,
	FIRST_LENGTH = 26,
	FIRST_TYPE = 27,
	CONTROL_TEST = 28,
	CONTROL_FLAG = 29,
	CONTROL_END = 30,
	CONTROL_BYTES = 3, /* its type, test mode, start or end */
	COMMUNICATION_END = 2,
};

/* Messages that keep routes alive are spaces and nothing else (FLEX MBO 1.1, 3.3.1). */
WT_ROW_READ bool is_routing(const uint8_t *payload)
{
	return wt_field_get(payload, (struct wt_feed_field){0, 8}, WT_FEED_BIG_ENDIAN) ==
	       UINT64_C(0x2020202020202020);
}

/* A control tag alone that says that communication ends. It has a number as others do. */
WT_ROW_READ bool is_end(const uint8_t *payload, size_t bytes)
{
	return payload[TAGS_AT] == 1 && bytes >= CONTROL_END &&
	       payload[FIRST_LENGTH] == CONTROL_BYTES && payload[FIRST_TYPE] == 'L' &&
	       payload[CONTROL_FLAG] == COMMUNICATION_END;
}

WT_ROW_READ int say_end(const struct wt_preset *row, struct wt_feed_header *headers)
{
	headers[1] = headers[0];
	headers[1].what = WT_FEED_END;
	headers[1].first = wt_row_next(row, headers->first);
	headers[1].count = 0;
	headers[1].has_number = true;
	return 2;
}

static int flex_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                     size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_flex;

	(void)preset;
	(void)used;
	if (is_routing(payload) || !wt_row_read(row, payload, bytes, wire_bytes, headers) ||
	    !payload[TAGS_AT])
		return 0;
	if (headers->what == WT_FEED_DATA && is_end(payload, bytes))
		return say_end(row, headers);
	return 1;
}

static void put_end(uint8_t *payload)
{
	payload[FIRST_TYPE] = 'L';
	payload[CONTROL_TEST] = 1;
	payload[CONTROL_FLAG] = COMMUNICATION_END;
}

/* Put as few tags as possible: each is at most as long as its length field can express. */
static int put_tags(const struct wt_preset *row, uint8_t *payload, size_t room,
                    const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	const size_t most = 256;
	size_t tags = (body_bytes + most - 1) / most;
	uint64_t number, count;
	int rc = wt_row_numbers(row, header, &number, &count);

	if (rc)
		return rc;
	tags = tags ? tags : 1;
	if (tags > UINT8_MAX)
		return -EMSGSIZE;
	rc = wt_row_store(row, payload, room, header, number, tags, body_bytes, sent_ns);
	if (rc < 0)
		return rc;
	memset(payload + ISSUE_AT, ' ', ISSUE_BYTES);
	payload[TAGS_AT] = (uint8_t)tags;
	/* Group, reboots and number that together are spaces cannot be told from routing. */
	return is_routing(payload) ? -EINVAL : rc;
}

static int flex_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                      const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	struct wt_feed_header data = *header;
	int bytes;

	if (header->what != WT_FEED_END)
		return put_tags(row, payload, room, header, body_bytes, sent_ns);
	if (!header->has_number || header->count || header->first < 2)
		return -EINVAL;
	data.what = WT_FEED_DATA;
	data.first--;
	data.count = 1;
	data.has_number = false;
	bytes = put_tags(row, payload, room, &data, 1 + CONTROL_BYTES, sent_ns);
	if (bytes > 0)
		put_end(payload);
	return bytes;
}

static void flex_describe(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                          char *channel, char *session)
{
	(void)bytes;
	wt_text_print(channel, "group %u", payload[row->channel.offset]);
	wt_text_print(session, "reboot %u", payload[row->session.offset]);
}

static bool is_issue(const uint8_t *payload)
{
	for (size_t i = 0; i < ISSUE_BYTES; i++) {
		uint8_t c = payload[ISSUE_AT + i];

		if (c != ' ' && (c < '0' || c > '9') && (c < 'A' || c > 'Z'))
			return false;
	}
	return true;
}

static struct wt_feed_proof flex_prove(const struct wt_preset *row, const uint8_t *payload,
                                       size_t bytes, size_t wire_bytes)
{
	struct wt_walk walk;

	if (!wt_row_bytes(row, payload, bytes, wire_bytes) || is_routing(payload) ||
	    !is_issue(payload) || payload[PACKET_AT] || payload[PACKETS_AT] ||
	    payload[MORE_AT] > 1 || !payload[TAGS_AT])
		return wt_proof_none();
	walk = wt_walk_messages(row, payload, bytes, wire_bytes);
	if (walk.end == WT_WALK_WRONG ||
	    (walk.end == WT_WALK_WHOLE && walk.messages != payload[TAGS_AT]))
		return wt_proof_none();
	return walk.end == WT_WALK_WHOLE ? (struct wt_feed_proof){90, "issue code, tags' lengths"}
	                                 : (struct wt_feed_proof){40, "issue code"};
}

const struct wt_preset wt_preset_flex = {
        .name = "flex",
        .title = "FLEX Market by Order: Tokyo, Nagoya, Fukuoka and Sapporo Stock Exchanges",
        .source = "TSE FLEX Market by Order Specifications, operational version 1.1",
        .doubt = "FLEX Standard and FLEX Full were not read: their headers may be others",
        .unit = WT_FEED_PACKETS,
        .order = WT_FEED_BIG_ENDIAN,
        .heartbeat_ms = 60000,
        .number_bits = 32,
        .begins_at = 1,
        .header_bytes = FIRST_LENGTH,
        .number = {2, 4},
        .channel = {0, 1},
        .session = {1, 1},
        .zero_unsequenced = true,
        .message_bytes = 2,
        .message_length_bytes = 1,
        .read = flex_read,
        .write = flex_write,
        .describe = flex_describe,
        .prove = flex_prove,
};
