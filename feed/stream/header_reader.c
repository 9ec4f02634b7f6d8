/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/header_reader.h>

#include <errno.h>

#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

enum {
	AHEAD = 8, /* frames prefetched ahead of reading */
	CACHE_LINE = 64,
};

int wt_header_reader_init(struct wt_header_reader *reader, const struct wt_feed_channels *channels)
{
	for (int i = 0; i < WT_SIDE_INTERFACES; i++)
		reader->link_types[i] = WT_LINK_TYPE_ETHERNET;
	reader->channels = channels;
	return wt_side_table_init(&reader->sides, channels);
}

void wt_header_reader_fini(struct wt_header_reader *reader)
{
	wt_side_table_fini(&reader->sides);
}

void wt_header_reader_interface(struct wt_header_reader *reader, uint32_t interface,
                                const char *name, uint16_t link_type)
{
	reader->link_types[interface] = link_type;
	wt_side_table_interface(&reader->sides, reader->channels, interface, name);
}

static bool locate_usual(const uint8_t *data, size_t caplen, struct wt_found_datagram *found)
{
	struct wt_usual_udp usual;

	if (!wt_headers_usual(&usual, data, caplen))
		return false;
	found->payload = usual.payload;
	found->bytes = usual.bytes;
	found->wire_bytes = usual.wire_bytes;
	found->key = wt_side_key_ipv4(usual.ip + 16, usual.udp + 2);
	return true;
}

static bool locate_any(struct wt_header_batch *batch, const struct wt_frame *frame,
                       struct wt_found_datagram *found)
{
	struct wt_header_reader *reader = batch->reader;
	struct wt_udp_view view;
	const uint8_t *port;
	int err = wt_udp_locate(frame->data, frame->caplen, reader->link_types[batch->interface],
	                        &view);

	reader->fragments += err == -EMSGSIZE;
	if (err)
		return false;
	port = view.payload - WT_UDP_BYTES + 2;
	found->payload = view.payload;
	found->bytes = (uint32_t)view.payload_bytes;
	found->wire_bytes = (uint32_t)view.payload_wire_bytes;
	found->key = 0;
	found->side = view.ip_version == 4 ? wt_side_find(&reader->sides,
	                                                  wt_side_key_ipv4(view.destination, port),
	                                                  batch->interface)
	                                   : wt_side_find_ipv6(&reader->sides, view.destination,
	                                                       port, batch->interface);
	return found->side != WT_SIDE_NONE;
}

static void ask_for(const struct wt_frame *frame)
{
	__builtin_prefetch(frame->data);
	__builtin_prefetch(frame->data + CACHE_LINE - 1);
}

/* Find the datagrams, and prefetch their places in the table of sides. */
static void find_datagrams(struct wt_header_batch *batch, size_t count)
{
	const struct wt_frame *frames = batch->frames;
	bool ethernet = batch->reader->link_types[batch->interface] == WT_LINK_TYPE_ETHERNET;
	uint32_t found_count = 0;

	for (size_t i = 0; i < count && i < AHEAD; i++)
		ask_for(&frames[i]);
	for (size_t i = 0; i < count; i++) {
		struct wt_found_datagram *found = &batch->datagrams[found_count];

		if (i + AHEAD < count)
			ask_for(&frames[i + AHEAD]);
		found->frame = (uint32_t)i;
		if (ethernet && locate_usual(frames[i].data, frames[i].caplen, found))
			wt_side_prefetch(&batch->reader->sides, found->key);
		else if (!locate_any(batch, &frames[i], found))
			continue;
		found_count++;
	}
	batch->datagram_count = found_count;
}

static void hand_over(struct wt_header_batch *batch)
{
	batch->reader->take(batch->reader, batch);
	batch->count = 0;
}

/* Prefetch the stream of the next pending header. */
static void expect(struct wt_header_batch *batch, uint64_t place, uint32_t datagram)
{
	const struct wt_header_reader *reader = batch->reader;
	const struct wt_feed_header *header = &batch->headers[batch->count];
	struct wt_found_header *pending = &batch->found[batch->count++];

	pending->place = place | header->channel;
	pending->hash = wt_stream_hash(pending->place, header->session);
	pending->datagram = (uint16_t)datagram;
	__builtin_prefetch(
	        reader->slots + (size_t)(pending->hash & reader->mask) * reader->slot_bytes, 1);
}

/* Follow the rest of a datagram that has more headers than one call reads. */
static void __attribute__((noinline))
read_more(struct wt_header_batch *batch, uint32_t number, uint64_t place, size_t at)
{
	const struct wt_found_datagram *found = &batch->datagrams[number];
	const struct wt_preset *preset = batch->reader->sides.sides[found->side].preset;
	size_t used = at;

	for (; used && at < found->bytes; at += used) {
		int count;

		if (batch->count + WT_FEED_HEADERS_MAX > WT_HEADERS)
			hand_over(batch);
		count = wt_preset_read(preset, found->payload + at, found->bytes - at,
		                       found->wire_bytes - at, batch->headers + batch->count,
		                       &used);
		for (int i = 0; i < count; i++)
			expect(batch, place, number);
		if (count <= 0)
			return;
	}
}

/* The headers of a datagram. */
static void read_headers(struct wt_header_batch *batch, uint32_t number)
{
	const struct wt_found_datagram *found = &batch->datagrams[number];
	const struct wt_preset *preset = batch->reader->sides.sides[found->side].preset;
	uint64_t place = wt_stream_place(batch->interface, found->side, 0);
	size_t used;
	int count;

	if (batch->count + WT_FEED_HEADERS_MAX > WT_HEADERS)
		hand_over(batch);
	count = wt_preset_read(preset, found->payload, found->bytes, found->wire_bytes,
	                       batch->headers + batch->count, &used);
	if (count <= 0) {
		batch->reader->unrecognised++;
		return;
	}
	expect(batch, place, number);
	for (int i = 1; i < count; i++)
		expect(batch, place, number);
	if (used < found->bytes)
		read_more(batch, number, place, used);
}

static void take_batch(struct wt_header_batch *batch, size_t count)
{
	struct wt_header_reader *reader = batch->reader;
	uint64_t matched = 0;

	find_datagrams(batch, count);
	for (uint32_t i = 0; i < batch->datagram_count; i++) {
		struct wt_found_datagram *found = &batch->datagrams[i];

		if (found->key)
			found->side = wt_side_find(&reader->sides, found->key, batch->interface);
		if (found->side == WT_SIDE_NONE)
			continue;
		matched++;
		read_headers(batch, i);
	}
	reader->matched += matched;
	hand_over(batch);
}

void wt_header_reader_frames(struct wt_header_reader *reader, uint32_t interface,
                             const struct wt_frame *frames, size_t count, uint64_t order)
{
	struct wt_header_batch batch;

	if (interface >= WT_SIDE_INTERFACES)
		return;
	reader->frames += count;
	batch.reader = reader;
	batch.interface = interface;
	batch.count = 0;
	while (count) {
		size_t taken = count < WT_HEADER_FRAMES ? count : WT_HEADER_FRAMES;

		batch.frames = frames;
		batch.order = order;
		take_batch(&batch, taken);
		frames += taken;
		order += taken;
		count -= taken;
	}
}
