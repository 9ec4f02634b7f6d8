/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_PRESET_PRESET_PRIVATE_H
#define WIRETAPE_FEED_PRESET_PRESET_PRIVATE_H

/* Rows of presets, and the building blocks of readers and writers. Not installed.
 *
 * A reader that names its row (`wt_row_read(&wt_preset_pitch, …)`) is compiled for it: the row is
 * constant and hidden, so that the compiler decides every test of it. */

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <wiretape/feed/preset/preset.h>

#define WT_ROW      extern const struct wt_preset __attribute__((visibility("hidden")))
#define WT_ROW_READ static inline __attribute__((always_inline))

/* preset_mold.c */
WT_ROW wt_preset_moldudp64, wt_preset_aspen;
/* preset_unit.c */
WT_ROW wt_preset_pitch, wt_preset_mitch;
/* preset_nyse.c */
WT_ROW wt_preset_pillar;
/* preset_miax.c, preset_memx.c, preset_iex.c */
WT_ROW wt_preset_mach, wt_preset_memx, wt_preset_iextp;
/* preset_aquis.c, preset_coinbase.c, preset_ice.c, preset_otc.c */
WT_ROW wt_preset_aquis, wt_preset_coinbase, wt_preset_impact, wt_preset_otc;
/* preset_cme.c, preset_eurex.c, preset_siac.c, preset_hkex.c, preset_euronext.c, preset_b3.c,
 * preset_jpx.c, preset_rtp.c */
WT_ROW wt_preset_mdp3, wt_preset_eobi, wt_preset_opra, wt_preset_cta, wt_preset_omd,
        wt_preset_optiq, wt_preset_b3, wt_preset_flex, wt_preset_rtp;

enum {
	WT_FIELD_WORD = 8, /* bytes read at once: no payload with fewer is read */
};

/* The largest number of this many bytes. */
WT_ROW_READ uint64_t wt_field_most(unsigned bytes)
{
	return bytes >= WT_FIELD_WORD ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
}

/* A number of 1 to 8 bytes, from a payload that has its header and at least WT_FIELD_WORD bytes.
 * One load that ends where the field ends, or that starts where the payload does. */
WT_ROW_READ uint64_t wt_field_get(const uint8_t *payload, struct wt_feed_field field,
                                  enum wt_feed_order order)
{
	unsigned end = field.offset + (unsigned)field.bytes;
	unsigned base = end >= WT_FIELD_WORD ? end - WT_FIELD_WORD : 0;
	uint64_t word;

	assert(field.bytes && field.bytes <= WT_FIELD_WORD);
	memcpy(&word, payload + base, sizeof(word));
	word = order == WT_FEED_BIG_ENDIAN ? be64toh(word) >> 8 * (base + WT_FIELD_WORD - end)
	                                   : le64toh(word) >> 8 * (field.offset - base);
	return word & wt_field_most(field.bytes);
}

static inline void wt_field_put(uint8_t *payload, struct wt_feed_field field,
                                enum wt_feed_order order, uint64_t value)
{
	for (unsigned i = 0; i < field.bytes; i++) {
		unsigned low = order == WT_FEED_BIG_ENDIAN ? field.bytes - 1U - i : i;

		payload[field.offset + i] = low < WT_FIELD_WORD ? (uint8_t)(value >> 8 * low) : 0;
	}
}

/* Fill a message: bytes that count up, then, after those that transports look at, the body's own.
 */
static inline void wt_message_fill(uint8_t *at, size_t bytes, uint16_t body)
{
	enum { LOOKED_AT = 16 };
	const uint8_t other[2] = {(uint8_t)body, (uint8_t)(body >> 8)};

	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(i < LOOKED_AT ? i : i ^ other[i & 1]);
}

/* Texts and keys of 9 to 16 bytes, folded into a number. Texts whose rest is spaces keep their
 * first eight characters, XOR '0': see wt_preset_write(). */
#define WT_TEXT_ZEROS UINT64_C(0x3030303030303030)

WT_ROW_READ uint64_t wt_field_fold(const uint8_t *payload, struct wt_feed_field field)
{
	const uint64_t spread = UINT64_C(0x9e3779b97f4a7c15), spaces = UINT64_C(0x2020202020202020);
	struct wt_feed_field head = {field.offset, WT_FIELD_WORD};
	struct wt_feed_field tail = {(uint16_t)(field.offset + WT_FIELD_WORD),
	                             (uint8_t)(field.bytes - WT_FIELD_WORD)};
	uint64_t rest = wt_field_get(payload, tail, WT_FEED_BIG_ENDIAN);

	rest ^= spaces & wt_field_most(tail.bytes);
	return wt_field_get(payload, head, WT_FEED_BIG_ENDIAN) ^ WT_TEXT_ZEROS ^ rest * spread;
}

WT_ROW_READ uint64_t wt_field_any(const uint8_t *payload, struct wt_feed_field field,
                                  enum wt_feed_order order)
{
	if (!field.bytes)
		return 0;
	return field.bytes > WT_FIELD_WORD ? wt_field_fold(payload, field)
	                                   : wt_field_get(payload, field, order);
}

/* A session is never 0. */
WT_ROW_READ uint64_t wt_row_session(uint64_t value)
{
	return value ? value : UINT64_MAX;
}

/* Fold a channel into 32 bits; a value that fits stays. */
WT_ROW_READ uint32_t wt_row_channel(uint64_t value)
{
	return (uint32_t)value ^ (uint32_t)(value >> 32) * UINT32_C(0x9e3779b1);
}

/* Bytes of the header and its messages on the wire, by the length field if there is one:
 * 0 if the header is not here or the length contradicts the payload. Bytes after the length are
 * padding. */
WT_ROW_READ size_t wt_row_bytes(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                                size_t wire_bytes)
{
	uint64_t length;

	if (bytes < row->header_bytes || wire_bytes < bytes)
		return 0;
	if (!row->length.bytes)
		return wire_bytes;
	length = wt_field_get(payload, row->length, row->order) +
	         (uint64_t)(int64_t)row->length_adds;
	return length < row->header_bytes || length > wire_bytes ? 0 : (size_t)length;
}

/* Set the header's channel and session, and zero the rest. */
WT_ROW_READ void wt_row_stream(const struct wt_preset *row, const uint8_t *payload,
                               struct wt_feed_header *header)
{
	*header = (struct wt_feed_header){
	        .channel = wt_row_channel(wt_field_any(payload, row->channel, row->order)),
	};
	if (row->session.bytes)
		header->session = wt_row_session(wt_field_any(payload, row->session, row->order));
}

/* The number after this one. */
WT_ROW_READ uint64_t wt_row_next(const struct wt_preset *row, uint64_t number)
{
	return number == wt_field_most(row->number.bytes) ? row->rolls_to : number + 1;
}

/* Fill a header with `count` messages from `number`; with none it is a heartbeat. */
WT_ROW_READ void wt_row_say(const struct wt_preset *row, struct wt_feed_header *header,
                            uint64_t number, uint64_t count)
{
	if (!count) {
		header->what = WT_FEED_HEARTBEAT;
		header->has_number = row->heartbeat != WT_FEED_HEARTBEAT_NONE &&
		                     (number || !row->zero_unsequenced);
		if (!header->has_number)
			header->first = 0;
		else if (row->heartbeat == WT_FEED_HEARTBEAT_NEXT)
			header->first = number;
		else
			header->first = wt_row_next(row, number);
	} else if (row->zero_unsequenced && !number) {
		header->what = WT_FEED_UNSEQUENCED;
	} else {
		header->what = WT_FEED_DATA;
		header->first = number;
		header->count = (uint32_t)count;
	}
}

/* Whether `count` messages fit after a header, in `bytes` bytes with it; 0 do not where the length
 * shows that something follows. */
WT_ROW_READ bool wt_row_fits(const struct wt_preset *row, uint64_t count, size_t bytes)
{
	if (!count && row->length.bytes)
		return bytes == row->header_bytes;
	return count * row->message_bytes <= bytes - row->header_bytes;
}

/* wt_preset_read() by the row alone, from a payload of at least WT_FIELD_WORD bytes. */
WT_ROW_READ int wt_row_read(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                            size_t wire_bytes, struct wt_feed_header *headers)
{
	size_t whole = wt_row_bytes(row, payload, bytes, wire_bytes);
	uint64_t count = 1;

	if (!whole)
		return 0;
	if (row->count.bytes)
		count = wt_field_get(payload, row->count, row->order);
	if (count > UINT32_MAX || !wt_row_fits(row, count, whole))
		return 0;
	wt_row_stream(row, payload, headers);
	wt_row_say(row, headers, wt_field_get(payload, row->number, row->order), count);
	return 1;
}

/* Find the number and the count that a row's packet has for *header: 0 or -EINVAL, as
 * wt_preset_write(). Ends and resets are for the transport's own writer. */
int wt_row_numbers(const struct wt_preset *row, const struct wt_feed_header *header,
                   uint64_t *number, uint64_t *count);

/* Write a header with these, zeros where the row has no field, and its messages. Returns the bytes,
 * -EINVAL or -EMSGSIZE. */
int wt_row_store(const struct wt_preset *row, uint8_t *payload, size_t room,
                 const struct wt_feed_header *header, uint64_t number, uint64_t count,
                 size_t body_bytes, int64_t sent_ns);

/* wt_preset_write() by the row alone. */
int wt_row_write(const struct wt_preset *row, uint8_t *payload, size_t room,
                 const struct wt_feed_header *header, size_t body_bytes, int64_t sent_ns);

/* End of `count` messages from `at` on, by their lengths: at most `bytes`; 0 if one leaves
 * them. */
size_t wt_row_messages_end(const struct wt_preset *row, const uint8_t *payload, size_t at,
                           size_t bytes, uint64_t count);

/* Weigh a packet by the row alone: its length, and its messages' lengths if it is whole. */
struct wt_feed_proof wt_row_prove(const struct wt_preset *row, const uint8_t *payload, size_t bytes,
                                  size_t wire_bytes);

/* Whether the send time is one from 2005 to 2065. */
bool wt_row_sent_holds(const struct wt_preset *row, const uint8_t *payload);

/* Describe a payload that has its header, as numbers; fields of more than 8 bytes are texts. */
void wt_row_describe(const struct wt_preset *row, const uint8_t *payload, char *channel,
                     char *session);

/* Write bytes as a text of WT_FEED_TEXT_BYTES: printable ASCII, '.' for others, without trailing
 * spaces and NULs. */
void wt_text_of(char *text, const uint8_t *at, size_t bytes);

/* snprintf() into a text of WT_FEED_TEXT_BYTES. */
void wt_text_print(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
