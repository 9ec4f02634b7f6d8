/* SPDX-License-Identifier: BSD-2-Clause */
#include "preset_private.h"
#include "preset_proof.h"
#include <wiretape/base/big_endian.h>

/* RTP (RFC 3550). A stream is a source (SSRC); it begins anywhere and has 16 bits. */

enum {
	VERSION_BITS = 0xc0,
	VERSION_2 = 0x80,
	PADDED = 0x20,
	EXTENDED = 0x10,
	CONTRIBUTORS = 0x0f,
	TYPE_BITS = 0x7f,
	TYPE_AT = 1,
	TIMESTAMP_AT = 4,
	DYNAMIC_TYPE = 96,
	TRANSPORT_PACKET = 188,
	TRANSPORT_SYNC = 0x47,
	CLOCK_HZ = 90000,
};

/* RTCP on the same port: its packet types 192 to 223 (RFC 5761, 4), and the payload types that RFC
 * 3551 keeps free for them. */
WT_ROW_READ bool is_rtcp(uint8_t type)
{
	return (type >= 192 && type <= 223) || (type >= 72 && type <= 76);
}

/* End of the header, 0 if it leaves the payload; with the extension as far as captured. */
WT_ROW_READ size_t header_end(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                              size_t wire_bytes)
{
	size_t end = row->header_bytes + 4U * (payload[0] & CONTRIBUTORS);

	if (payload[0] & EXTENDED && end + 4 <= bytes)
		end += 4 + 4U * wt_get_be16(payload + end + 2);
	else if (payload[0] & EXTENDED)
		end += 4;
	return end <= wire_bytes ? end : 0;
}

static int rtp_read(const struct wt_preset *preset, const uint8_t *payload, size_t bytes,
                    size_t wire_bytes, struct wt_feed_header *headers, size_t *used)
{
	const struct wt_preset *row = &wt_preset_rtp;

	(void)preset;
	(void)used;
	if ((payload[0] & VERSION_BITS) != VERSION_2 || is_rtcp(payload[TYPE_AT]) ||
	    !wt_row_read(row, payload, bytes, wire_bytes, headers) ||
	    !header_end(row, payload, bytes, wire_bytes))
		return 0;
	return 1;
}

static int rtp_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                     const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns)
{
	uint64_t ns = (uint64_t)sent_ns;
	int bytes = wt_row_write(row, payload, room, header, body_bytes, sent_ns);

	if (bytes < 0)
		return bytes;
	payload[0] = VERSION_2;
	payload[TYPE_AT] = DYNAMIC_TYPE;
	wt_put_be32(payload + TIMESTAMP_AT, (uint32_t)(ns / 1000000000 * CLOCK_HZ +
	                                               ns % 1000000000 * CLOCK_HZ / 1000000000));
	return bytes;
}

static void rtp_describe(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                         char *channel, char *session)
{
	(void)bytes;
	(void)session;
	wt_text_print(channel, "SSRC 0x%08x",
	              (unsigned)wt_field_get(payload, row->channel, row->order));
}

/* Types that RFC 3551 gives out, and dynamic ones. */
static bool is_type(uint8_t type)
{
	return type >= DYNAMIC_TYPE || type <= 18 || type == 25 || type == 26 || type == 28 ||
	       (type >= 31 && type <= 34);
}

/* Whether the padding, whose last byte is its length, fits. */
static bool padding_fits(const uint8_t *payload, size_t bytes, size_t wire_bytes, size_t end)
{
	if (!(payload[0] & PADDED) || bytes < wire_bytes)
		return true;
	return payload[bytes - 1] && payload[bytes - 1] <= bytes - end;
}

/* Whole packets of an MPEG transport stream after the header. */
static bool is_transport_stream(const uint8_t *payload, size_t bytes, size_t end)
{
	if (bytes <= end || (bytes - end) % TRANSPORT_PACKET)
		return false;
	for (size_t at = end; at < bytes; at += TRANSPORT_PACKET)
		if (payload[at] != TRANSPORT_SYNC)
			return false;
	return true;
}

/* A DNS message whose identifier looks like a version: one question and few records. */
static bool is_dns(const uint8_t *payload)
{
	return wt_get_be16(payload + 4) <= 1 && wt_get_be16(payload + 6) < 64 &&
	       wt_get_be16(payload + 8) < 64 && wt_get_be16(payload + 10) < 64;
}

static struct wt_feed_proof rtp_prove(const struct wt_preset *row, const uint8_t *payload,
                                      size_t bytes, size_t wire_bytes)
{
	struct wt_feed_header header;
	size_t used, end;

	if (!rtp_read(row, payload, bytes, wire_bytes, &header, &used))
		return wt_proof_none();
	end = header_end(row, payload, bytes, wire_bytes);
	if (end < wire_bytes && bytes == wire_bytes && is_transport_stream(payload, bytes, end))
		return (struct wt_feed_proof){80, "version, transport stream"};
	if (!is_type(payload[TYPE_AT] & TYPE_BITS) || end == wire_bytes ||
	    !padding_fits(payload, bytes, wire_bytes, end) || is_dns(payload))
		return wt_proof_none();
	return (struct wt_feed_proof){20, "version, payload type"};
}

const struct wt_preset wt_preset_rtp = {
        .name = "rtp",
        .title = "RTP: audio, video",
        .source = "RFC 3550, RFC 3551, RFC 5761",
        .unit = WT_FEED_PACKETS,
        .order = WT_FEED_BIG_ENDIAN,
        .number_bits = 16,
        .begins_at = UINT64_MAX,
        .header_bytes = 12,
        .number = {2, 2},
        .channel = {8, 4},
        .message_bytes = 1,
        .read = rtp_read,
        .write = rtp_write,
        .describe = rtp_describe,
        .prove = rtp_prove,
};
