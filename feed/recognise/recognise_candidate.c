/* SPDX-License-Identifier: BSD-2-Clause */
#include "recognise_private.h"

#include <limits.h>
#include <stdlib.h>

#include <wiretape/base/big_endian.h>

/* Follows how a preset reads packet after packet. */

enum {
	NEAR = 10000, /* further on than expected, of numbers of 32 bits or more */
	NEAR_16 = 16,
	CONTENT_BYTES = 64,         /* of a first message, that are compared */
	CONTENT_UNKNOWN_BYTES = 40, /* where messages have no lengths */
	CONTENT_LEAST_BYTES = 8,
	MESSAGES = 64,   /* of a packet, that are compared */
	RTP_TYPE_AT = 1, /* RFC 3550, 5.1: payload type, after the marker */
	RTP_TYPE_MASK = 0x7f,
	RTP_TIME_AT = 4,
	RTP_HEADER_BYTES = 12,
	RTP_TIME_NEAR = 1 << 24, /* three minutes of video, in units of 90 kHz */
	STUN_HEADER_BYTES = 20,
	STUN_COOKIE = 0x2112a442,
};
static const int64_t day_ns = INT64_C(86400000000000);

static enum wt_candidate_class class_of(unsigned score)
{
	if (score >= 100)
		return WT_CLASS_CHECKSUM;
	if (score >= 80)
		return WT_CLASS_MESSAGES;
	if (score >= 60)
		return WT_CLASS_LENGTH;
	return score >= 40 ? WT_CLASS_CONSTANTS : WT_CLASS_NOTHING;
}

/* Texts are static, so that their addresses tell them apart well enough. */
static void count_hold(struct wt_candidate *candidate, const char *what)
{
	for (size_t i = 0; what && i < WT_CANDIDATE_HOLDS; i++) {
		struct wt_candidate_hold *hold = &candidate->holds[i];

		if (hold->what && hold->what != what)
			continue;
		hold->what = what;
		hold->packets++;
		return;
	}
}

static uint64_t most(const struct wt_preset *preset)
{
	return preset->number_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << preset->number_bits) - 1;
}

static struct wt_candidate_stream *find_stream(struct wt_candidate *candidate,
                                               const struct wt_feed_header *header)
{
	struct wt_candidate_stream *oldest = &candidate->streams[0];

	for (size_t i = 0; i < WT_CANDIDATE_STREAMS; i++) {
		struct wt_candidate_stream *stream = &candidate->streams[i];

		if (stream->used && stream->channel == header->channel &&
		    stream->session == header->session)
			return stream;
		if (stream->used < oldest->used)
			oldest = stream;
	}
	*oldest = (struct wt_candidate_stream){.session = header->session,
	                                       .channel = header->channel};
	candidate->streams_made++;
	return oldest;
}

/* Count the distance of `first` from the expected number; false if it is earlier. */
static bool judge(struct wt_candidate *candidate, const struct wt_candidate_stream *stream,
                  uint64_t first)
{
	const struct wt_preset *preset = candidate->preset;
	uint64_t near = preset->number_bits > 16 ? NEAR : NEAR_16;
	uint64_t ahead = (first - stream->next) & most(preset);
	uint64_t below = (stream->next - first) & most(preset);

	if (!ahead || (!stream->next && first == preset->rolls_to))
		candidate->follows++;
	else if (first <= 1 && stream->went_on && stream->next > first + 1)
		candidate->restarts++;
	else if (below <= near)
		candidate->below++;
	else if (ahead <= near)
		candidate->near++;
	else
		candidate->far++;
	return first <= 1 || below > near || !ahead;
}

/* Whether one of the last packets had this number: a port that is mirrored in both directions gives
 * each packet twice. */
static bool is_twice(struct wt_candidate *candidate, struct wt_candidate_stream *stream,
                     uint64_t first)
{
	/* The first number of another round. */
	if (first <= 1 && stream->next > first + 1)
		stream->recent_count = 0;
	for (uint8_t i = 0; i < stream->recent_count; i++)
		if (stream->recent[i] == (uint32_t)first) {
			candidate->twice++;
			return true;
		}
	stream->recent[stream->recent_at] = (uint32_t)first;
	stream->recent_at = (stream->recent_at + 1) % WT_STREAM_RECENT;
	if (stream->recent_count < WT_STREAM_RECENT)
		stream->recent_count++;
	return false;
}

static void take_data(struct wt_candidate *candidate, struct wt_candidate_stream *stream,
                      const struct wt_feed_header *header)
{
	candidate->data++;
	candidate->again += header->again;
	if (stream->went_on && header->restarts && header->first != stream->next)
		candidate->restarts++;
	else if (is_twice(candidate, stream, header->first) ||
	         (stream->has_next && !judge(candidate, stream, header->first)))
		return;
	stream->went_on = true;
	stream->next = (header->first + header->count) & most(candidate->preset);
	stream->has_next = true;
}

/* A heartbeat proves the numbers once after data; its repetitions prove nothing. */
static void take_number(struct wt_candidate *candidate, struct wt_candidate_stream *stream,
                        const struct wt_feed_header *header)
{
	bool resets = header->what == WT_FEED_RESET;

	if (resets && stream->went_on && header->first <= 2 && stream->next > header->first)
		candidate->restarts++;
	if (!resets && stream->went_on && stream->next == header->first)
		candidate->follows++;
	stream->went_on = false;
	stream->next = header->first;
	stream->has_next = true;
}

/* Calls change their payload type: speech, comfort noise, digits. */
static void take_type(struct wt_candidate *candidate, struct wt_candidate_stream *stream,
                      uint8_t type)
{
	for (uint8_t i = 0; i < stream->type_count; i++)
		if (stream->types[i] == type)
			return;
	if (stream->type_count == WT_STREAM_TYPES)
		candidate->types_beyond++;
	else
		stream->types[stream->type_count++] = type;
}

/* Time goes on, a little with each packet; between frames of video it also steps back. */
static void take_media_time(struct wt_candidate *candidate, struct wt_candidate_stream *stream,
                            uint32_t media_time)
{
	uint32_t ahead = media_time - stream->media_time;

	if (stream->has_next) {
		candidate->media_steps++;
		candidate->media_moves += ahead != 0;
		candidate->media_near += ahead < RTP_TIME_NEAR || -ahead < RTP_TIME_NEAR;
	}
	stream->media_time = media_time;
}

static void take_media(struct wt_candidate *candidate, struct wt_candidate_stream *stream,
                       const struct wt_candidate_packet *packet)
{
	if (candidate->preset->number_bits > 16 || packet->bytes < RTP_HEADER_BYTES)
		return;
	take_type(candidate, stream, packet->payload[RTP_TYPE_AT] & RTP_TYPE_MASK);
	take_media_time(candidate, stream, wt_get_be32(packet->payload + RTP_TIME_AT));
}

/* RFC 8489, 5: a message of STUN by its cookie; RFC 3489 had none, but the same length. */
static bool is_stun(const uint8_t *payload, size_t bytes)
{
	if (payload[0] & 0xc0 || bytes < STUN_HEADER_BYTES)
		return false;
	return wt_get_be32(payload + 4) == STUN_COOKIE ||
	       (payload[0] <= 3 && wt_get_be16(payload + 2) == bytes - STUN_HEADER_BYTES);
}

/* RFC 7983, 7, and RFC 5761, 4: first bytes tell apart the protocols on RTP's port. Packets that
 * keep a port open may be shorter than any header. */
bool wt_candidate_is_beside_rtp(const uint8_t *payload, size_t bytes)
{
	if (bytes < RTP_HEADER_BYTES)
		return true;
	if (payload[0] >= 20 && payload[0] <= 63 && payload[1] == 0xfe)
		return payload[2] == 0xff || payload[2] == 0xfd;
	if ((payload[0] & 0xc0) == 0x80)
		return payload[1] >= 192 && payload[1] <= 223;
	return is_stun(payload, bytes);
}

static void take_header(struct wt_candidate *candidate, const struct wt_feed_header *header,
                        const struct wt_candidate_packet *packet)
{
	struct wt_candidate_stream *stream;

	if (header->what == WT_FEED_UNSEQUENCED)
		return;
	stream = find_stream(candidate, header);
	stream->used = candidate->accepted;
	take_media(candidate, stream, packet);
	if (header->what == WT_FEED_DATA)
		take_data(candidate, stream, header);
	else if (header->has_number || header->what == WT_FEED_RESET)
		take_number(candidate, stream, header);
}

/* Size of a message, with its own length field; 0: that is not here, or it has none. */
static size_t message_bytes(const struct wt_preset *preset, const uint8_t *at, size_t bytes)
{
	size_t width = preset->message_length_bytes, before = preset->message_length_at;
	size_t length = 0;

	if (!width || width > 2 || bytes < before + width)
		return 0;
	for (size_t i = 0; i < width; i++)
		length |= (size_t)at[before + i]
		          << 8 * (preset->order == WT_FEED_BIG_ENDIAN ? width - 1 - i : i);
	return preset->message_length_counts_itself ? length : length + before + width;
}

/* After the header, unless that has the first message's number in it (Aquis). */
static size_t first_message(const struct wt_preset *preset)
{
	size_t after_count = preset->count.offset + (size_t)preset->count.bytes;

	return preset->count.bytes && after_count + preset->message_bytes == preset->header_bytes
	               ? after_count
	               : preset->header_bytes;
}

/* Bytes compared of a message without a length: its least size, and some more. */
static size_t compared_bytes(const struct wt_preset *preset)
{
	return preset->message_bytes >= CONTENT_LEAST_BYTES ? 2 * (size_t)preset->message_bytes
	                                                    : CONTENT_UNKNOWN_BYTES;
}

static bool is_sampled(const struct wt_candidate *candidate, uint64_t number)
{
	for (uint32_t i = 0; i < candidate->sample_count; i++)
		if (candidate->samples[i].number == number)
			return true;
	return false;
}

static void find_highest(struct wt_candidate *candidate)
{
	candidate->sample_highest = 0;
	for (uint32_t i = 1; i < candidate->sample_count; i++)
		if (candidate->samples[i].number >
		    candidate->samples[candidate->sample_highest].number)
			candidate->sample_highest = i;
}

static void keep(struct wt_candidate *candidate, const struct wt_candidate_sample *sample)
{
	uint32_t at = candidate->sample_count;

	if (at == WT_CANDIDATE_SAMPLES) {
		at = candidate->sample_highest;
		if (sample->number >= candidate->samples[at].number)
			return;
	}
	if (is_sampled(candidate, sample->number))
		return;
	candidate->samples[at] = *sample;
	if (candidate->sample_count < WT_CANDIDATE_SAMPLES)
		candidate->sample_count++;
	if (candidate->sample_count == WT_CANDIDATE_SAMPLES)
		find_highest(candidate);
}

static uint64_t content_of(const uint8_t *at, size_t bytes)
{
	return wt_recognise_hash(at, bytes < CONTENT_BYTES ? bytes : CONTENT_BYTES) | 1;
}

/* Sample each message by its number, since sides may pack messages differently. Bytes after a
 * message without a length, or a truncated one, are not known. */
static void sample(struct wt_candidate *candidate, const struct wt_feed_header *header,
                   const struct wt_candidate_packet *packet)
{
	const struct wt_preset *preset = candidate->preset;
	uint64_t stream = wt_recognise_mix(wt_recognise_mix(header->session) + header->channel);
	size_t at = first_message(preset),
	       left = packet->bytes > preset->header_bytes ? packet->bytes - at : 0;
	uint32_t count = header->count < MESSAGES ? header->count : MESSAGES;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t first = (header->first + i) & most(preset);
		size_t message = message_bytes(preset, packet->payload + at, left);
		size_t bytes = message ? message : i ? 0 : compared_bytes(preset);
		struct wt_candidate_sample sample = {
		        .number = wt_recognise_mix(stream ^ first),
		        .stamp_ns = packet->stamp_ns,
		};

		if (left && bytes && (!i || bytes <= left))
			sample.content =
			        content_of(packet->payload + at, bytes < left ? bytes : left);
		keep(candidate, &sample);
		left = message && message < left ? left - message : 0;
		at = left ? at + message : at;
	}
}

static int by_number(const void *left, const void *right)
{
	uint64_t a = ((const struct wt_candidate_sample *)left)->number;
	uint64_t b = ((const struct wt_candidate_sample *)right)->number;

	return (a > b) - (a < b);
}

void wt_candidate_sort(struct wt_candidate *candidate)
{
	qsort(candidate->samples, candidate->sample_count, sizeof(candidate->samples[0]),
	      by_number);
	if (candidate->sample_count)
		candidate->sample_highest = candidate->sample_count - 1;
}

/* The header's send time; false if it has none that is a date of these decades. */
static bool read_sent(const struct wt_preset *preset, const struct wt_candidate_packet *packet,
                      int64_t *sent_ns)
{
	const int64_t year_ns = 365 * day_ns;
	uint64_t value = 0, unit = preset->sent_unit_ns;
	unsigned bytes = preset->sent.bytes;

	if (!bytes || bytes > 8 || !unit || preset->sent_since_midnight ||
	    packet->bytes < (size_t)preset->sent.offset + bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)packet->payload[preset->sent.offset + i]
		         << 8 * (preset->order == WT_FEED_BIG_ENDIAN ? bytes - 1 - i : i);
	if (value > INT64_MAX / unit)
		return false;
	*sent_ns = (int64_t)(value * unit);
	return *sent_ns > 25 * year_ns && *sent_ns < 130 * year_ns;
}

static void take_time(struct wt_candidate *candidate, const struct wt_candidate_packet *packet)
{
	int64_t sent_ns, apart_ns;

	if (packet->stamp_ns == INT64_MIN || !candidate->preset->sent.bytes ||
	    candidate->preset->sent_since_midnight)
		return;
	candidate->timed++;
	if (!read_sent(candidate->preset, packet, &sent_ns) ||
	    __builtin_sub_overflow(sent_ns, packet->stamp_ns, &apart_ns))
		return;
	candidate->time_near += apart_ns > -day_ns && apart_ns < day_ns;
	if (!candidate->first_sent_ns) {
		candidate->first_sent_ns = sent_ns;
		candidate->first_stamp_ns = packet->stamp_ns;
	}
	candidate->last_sent_ns = sent_ns;
	candidate->last_stamp_ns = packet->stamp_ns;
}

static void note_channel(struct wt_candidate *candidate, uint32_t channel)
{
	bool alnum = (channel >= '0' && channel <= '9') || (channel >= 'A' && channel <= 'Z') ||
	             (channel >= 'a' && channel <= 'z');

	candidate->alnum_channels =
	        alnum && (candidate->accepted == 1 || candidate->alnum_channels);
}

/* Take in all headers of a packet; whether any of them has data. */
static bool take_headers(struct wt_candidate *candidate, const struct wt_candidate_packet *packet)
{
	struct wt_feed_header headers[WT_FEED_HEADERS_MAX];
	uint64_t before = candidate->data;
	size_t at = 0, used = 0;
	int count;

	do {
		count = wt_preset_read(candidate->preset, packet->payload + at, packet->bytes - at,
		                       packet->wire_bytes - at, headers, &used);
		for (int i = 0; i < count; i++)
			take_header(candidate, &headers[i], packet);
		if (!at && count > 0) {
			note_channel(candidate, headers[0].channel);
			if (headers[0].what == WT_FEED_DATA)
				sample(candidate, &headers[0], packet);
		}
		at += used;
	} while (count > 0 && used && at < packet->bytes);
	return candidate->data > before;
}

void wt_candidate_add(struct wt_candidate *candidate, const struct wt_candidate_packet *packet,
                      struct wt_feed_proof proof)
{
	enum wt_candidate_class class = class_of(proof.score);

	if (!proof.score)
		return;
	if (!candidate->accepted++)
		wt_preset_describe(candidate->preset, packet->payload, packet->bytes,
		                   candidate->channel, candidate->session);
	count_hold(candidate, proof.holds);
	take_time(candidate, packet);
	if (take_headers(candidate, packet)) {
		candidate->data_packets++;
		candidate->data_class[class]++;
	} else {
		candidate->bare_class[class]++;
	}
}

uint32_t wt_candidate_streams(const struct wt_candidate *candidate)
{
	uint32_t count = 0;

	for (size_t i = 0; i < WT_CANDIDATE_STREAMS; i++)
		count += candidate->streams[i].used > 0;
	return count;
}
