/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/tracker_private.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <wiretape/packet/headers.h>
#include <wiretape/packet/udp_packet.h>

enum {
	BATCH = 64,
	HEADERS = 2 * WT_FEED_HEADERS_MAX,
	AHEAD = 8, /* frames prefetched ahead of reading */
	STREAMS_DEFAULT = 32768,
	STREAMS_MOST = 1 << 24,
	CACHE_LINE = 64,
};

/* A datagram that was found in a frame. */
struct found {
	const uint8_t *payload;
	wt_side_key key; /* 0: the side is known */
	uint32_t bytes, wire_bytes;
	uint32_t side;
	uint32_t frame;
};

/* A header, and the expected place of its stream. */
struct pending {
	uint64_t place;
	uint32_t hash;
	uint16_t found;
};

struct batch {
	struct wt_tracker *tracker;
	const struct wt_frame *frames;
	uint64_t order;
	uint32_t interface;
	uint32_t found_count, pending_count;
	struct found found[BATCH];
	struct pending pending[HEADERS];
	struct wt_feed_header headers[HEADERS]; /* of those that are pending */
};

static int allocate(struct wt_tracker *tracker, const struct wt_tracker_config *config)
{
	uint32_t room = config->max_streams ? config->max_streams : STREAMS_DEFAULT;
	int err = wt_side_table_init(&tracker->sides, config->channels);

	if (!err)
		err = wt_stream_table_init(&tracker->streams,
		                           room < STREAMS_MOST ? room : STREAMS_MOST);
	if (err)
		return err;
	tracker->records = calloc(WT_TRACKER_RECORDS, sizeof(*tracker->records));
	return tracker->records ? 0 : -ENOMEM;
}

int wt_tracker_open(struct wt_tracker **out, const struct wt_tracker_config *config,
                    struct wt_error *err)
{
	struct wt_tracker *tracker = calloc(1, sizeof(*tracker));

	if (!tracker)
		return wt_error_set(err, -ENOMEM, "no memory for feeds' streams");
	tracker->channels = config->channels;
	tracker->take = config->take;
	tracker->context = config->context;
	for (int i = 0; i < WT_SIDE_INTERFACES; i++)
		tracker->link_types[i] = WT_LINK_TYPE_ETHERNET;
	if (allocate(tracker, config)) {
		wt_tracker_close(tracker);
		return wt_error_set(err, -ENOMEM, "no memory for feeds' streams");
	}
	*out = tracker;
	return 0;
}

void wt_tracker_close(struct wt_tracker *tracker)
{
	if (!tracker)
		return;
	wt_tracker_state_fini(tracker);
	wt_side_table_fini(&tracker->sides);
	wt_stream_table_fini(&tracker->streams);
	free(tracker->records);
	free(tracker);
}

int wt_tracker_interface(struct wt_tracker *tracker, uint32_t interface, const char *name,
                         uint16_t link_type)
{
	if (interface >= WT_SIDE_INTERFACES)
		return -EINVAL;
	tracker->link_types[interface] = link_type;
	snprintf(tracker->names[interface], sizeof(tracker->names[interface]), "%s", name);
	wt_side_table_interface(&tracker->sides, tracker->channels, interface, name);
	tracker->told[interface] = true;
	wt_tracker_state_interface(tracker, interface);
	return 0;
}

static bool locate_usual(const uint8_t *data, size_t caplen, struct found *found)
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

static bool locate_any(struct batch *batch, const struct wt_frame *frame, struct found *found)
{
	struct wt_tracker *tracker = batch->tracker;
	struct wt_udp_view view;
	const uint8_t *port;
	int err = wt_udp_locate(frame->data, frame->caplen, tracker->link_types[batch->interface],
	                        &view);

	tracker->totals.fragments += err == -EMSGSIZE;
	if (err)
		return false;
	port = view.payload - WT_UDP_BYTES + 2;
	found->payload = view.payload;
	found->bytes = (uint32_t)view.payload_bytes;
	found->wire_bytes = (uint32_t)view.payload_wire_bytes;
	found->key = 0;
	found->side = view.ip_version == 4 ? wt_side_find(&tracker->sides,
	                                                  wt_side_key_ipv4(view.destination, port),
	                                                  batch->interface)
	                                   : wt_side_find_ipv6(&tracker->sides, view.destination,
	                                                       port, batch->interface);
	return found->side != WT_SIDE_NONE;
}

static void ask_for(const struct wt_frame *frame)
{
	__builtin_prefetch(frame->data);
	__builtin_prefetch(frame->data + CACHE_LINE - 1);
}

/* Find the datagrams, and prefetch their places in the table of sides. */
static void find_datagrams(struct batch *batch, size_t count)
{
	const struct wt_frame *frames = batch->frames;
	bool ethernet = batch->tracker->link_types[batch->interface] == WT_LINK_TYPE_ETHERNET;
	uint32_t found_count = 0;

	for (size_t i = 0; i < count && i < AHEAD; i++)
		ask_for(&frames[i]);
	for (size_t i = 0; i < count; i++) {
		struct found *found = &batch->found[found_count];

		if (i + AHEAD < count)
			ask_for(&frames[i + AHEAD]);
		found->frame = (uint32_t)i;
		if (ethernet && locate_usual(frames[i].data, frames[i].caplen, found))
			wt_side_prefetch(&batch->tracker->sides, found->key);
		else if (!locate_any(batch, &frames[i], found))
			continue;
		found_count++;
	}
	batch->found_count = found_count;
}

static void take_rare(const struct batch *batch, struct wt_stream *stream, uint32_t number)
{
	const struct found *found = &batch->found[batch->pending[number].found];
	struct wt_arrival arrival = {
	        .header = &batch->headers[number],
	        .stamp_ns = batch->frames[found->frame].stamp_ns,
	        .order = batch->order + found->frame,
	        .interface = batch->interface,
	        .side = found->side,
	        .payload = found->payload,
	        .payload_bytes = found->bytes,
	};

	wt_stream_rare(batch->tracker, stream, &arrival);
}

static void take_pending(struct batch *batch)
{
	struct wt_tracker *tracker = batch->tracker;

	for (uint32_t i = 0; i < batch->pending_count; i++) {
		const struct pending *pending = &batch->pending[i];
		const struct found *found = &batch->found[pending->found];
		const struct wt_feed_header *header = &batch->headers[i];
		struct wt_stream *stream = wt_stream_find(&tracker->streams, pending->place,
		                                          header->session, pending->hash);

		if (!stream || !wt_stream_take(tracker, stream, header,
		                               tracker->sides.sides[found->side].silent_ns,
		                               batch->frames[found->frame].stamp_ns,
		                               batch->order + found->frame))
			take_rare(batch, stream, i);
	}
	batch->pending_count = 0;
}

/* Prefetch the stream of the next pending header. */
static void expect(struct batch *batch, uint64_t place, uint32_t found)
{
	const struct wt_feed_header *header = &batch->headers[batch->pending_count];
	struct pending *pending = &batch->pending[batch->pending_count++];

	pending->place = place | header->channel;
	pending->hash = wt_stream_hash(pending->place, header->session);
	pending->found = (uint16_t)found;
	wt_stream_prefetch(&batch->tracker->streams, pending->hash);
}

/* Follow the rest of a datagram that has more headers than one call reads. */
static void __attribute__((noinline))
read_more(struct batch *batch, uint32_t number, uint64_t place, size_t at)
{
	const struct found *found = &batch->found[number];
	const struct wt_preset *preset = batch->tracker->sides.sides[found->side].preset;
	size_t used = at;

	for (; used && at < found->bytes; at += used) {
		int count;

		if (batch->pending_count + WT_FEED_HEADERS_MAX > HEADERS)
			take_pending(batch);
		count = wt_preset_read(preset, found->payload + at, found->bytes - at,
		                       found->wire_bytes - at,
		                       batch->headers + batch->pending_count, &used);
		for (int i = 0; i < count; i++)
			expect(batch, place, number);
		if (count <= 0)
			return;
	}
}

/* The headers of a datagram. */
static void read_headers(struct batch *batch, uint32_t number)
{
	const struct found *found = &batch->found[number];
	const struct wt_preset *preset = batch->tracker->sides.sides[found->side].preset;
	uint64_t place = wt_stream_place(batch->interface, found->side, 0);
	size_t used;
	int count;

	if (batch->pending_count + WT_FEED_HEADERS_MAX > HEADERS)
		take_pending(batch);
	count = wt_preset_read(preset, found->payload, found->bytes, found->wire_bytes,
	                       batch->headers + batch->pending_count, &used);
	if (count <= 0) {
		batch->tracker->totals.unrecognised++;
		return;
	}
	expect(batch, place, number);
	for (int i = 1; i < count; i++)
		expect(batch, place, number);
	if (used < found->bytes)
		read_more(batch, number, place, used);
}

static void take_batch(struct batch *batch, size_t count)
{
	struct wt_tracker *tracker = batch->tracker;
	uint64_t matched = 0;

	find_datagrams(batch, count);
	for (uint32_t i = 0; i < batch->found_count; i++) {
		struct found *found = &batch->found[i];

		if (found->key)
			found->side = wt_side_find(&tracker->sides, found->key, batch->interface);
		if (found->side == WT_SIDE_NONE)
			continue;
		matched++;
		read_headers(batch, i);
	}
	tracker->totals.matched += matched;
	take_pending(batch);
}

void wt_tracker_frames(struct wt_tracker *tracker, uint32_t interface,
                       const struct wt_frame *frames, size_t count, uint64_t order)
{
	struct batch batch;

	if (interface >= WT_SIDE_INTERFACES)
		return;
	tracker->totals.frames += count;
	batch.tracker = tracker;
	batch.interface = interface;
	batch.pending_count = 0;
	while (count) {
		size_t taken = count < BATCH ? count : BATCH;

		batch.frames = frames;
		batch.order = order;
		take_batch(&batch, taken);
		frames += taken;
		order += taken;
		count -= taken;
	}
}

void wt_tracker_tick(struct wt_tracker *tracker, int64_t now_ns)
{
	for (uint32_t i = 0; i < tracker->streams.count; i++) {
		struct wt_stream *stream = wt_stream_at(&tracker->streams, i);

		if (now_ns <= stream->last_ns)
			continue;
		if ((uint64_t)now_ns - (uint64_t)stream->last_ns >
		    tracker->sides.sides[wt_place_side(stream->place)].silent_ns)
			wt_stream_silent(tracker, stream, now_ns);
	}
	wt_tracker_hand_out(tracker);
}

void wt_tracker_flush(struct wt_tracker *tracker)
{
	wt_tracker_hand_out(tracker);
}

void wt_tracker_totals(const struct wt_tracker *tracker, struct wt_tracker_totals *totals)
{
	*totals = tracker->totals;
	totals->streams = tracker->streams.count;
}

uint32_t wt_tracker_stream_count(const struct wt_tracker *tracker)
{
	return tracker->streams.count;
}
