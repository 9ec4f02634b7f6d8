/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/tracker_private.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	STREAMS_DEFAULT = 32768,
	STREAMS_MOST = 1 << 24,
};

static void take_rare(struct wt_tracker *tracker, struct wt_stream *stream,
                      const struct wt_header_batch *batch, uint32_t number)
{
	const struct wt_found_datagram *datagram = &batch->datagrams[batch->found[number].datagram];
	struct wt_arrival arrival = {
	        .header = &batch->headers[number],
	        .stamp_ns = batch->frames[datagram->frame].stamp_ns,
	        .order = batch->order + datagram->frame,
	        .interface = batch->interface,
	        .side = datagram->side,
	        .payload = datagram->payload,
	        .payload_bytes = datagram->bytes,
	};

	wt_stream_rare(tracker, stream, &arrival);
}

static void take_headers(struct wt_header_reader *reader, const struct wt_header_batch *batch)
{
	struct wt_tracker *tracker =
	        (struct wt_tracker *)((char *)reader - offsetof(struct wt_tracker, reader));

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct wt_found_header *found = &batch->found[i];
		const struct wt_found_datagram *datagram = &batch->datagrams[found->datagram];
		const struct wt_feed_header *header = &batch->headers[i];
		struct wt_stream *stream = wt_stream_find(&tracker->streams, found->place,
		                                          header->session, found->hash);

		if (!stream ||
		    !wt_stream_take(tracker, stream, header,
		                    tracker->reader.sides.sides[datagram->side].silent_ns,
		                    batch->frames[datagram->frame].stamp_ns,
		                    batch->order + datagram->frame))
			take_rare(tracker, stream, batch, i);
	}
}

static int allocate(struct wt_tracker *tracker, const struct wt_tracker_config *config)
{
	uint32_t room = config->max_streams ? config->max_streams : STREAMS_DEFAULT;
	int err = wt_header_reader_init(&tracker->reader, config->channels);

	if (!err)
		err = wt_stream_table_init(&tracker->streams,
		                           room < STREAMS_MOST ? room : STREAMS_MOST);
	if (err)
		return err;
	tracker->reader.take = take_headers;
	tracker->reader.slots = (const uint8_t *)tracker->streams.slots;
	tracker->reader.mask = tracker->streams.mask;
	tracker->reader.slot_bytes = sizeof(struct wt_stream);
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
	wt_header_reader_fini(&tracker->reader);
	wt_stream_table_fini(&tracker->streams);
	free(tracker->records);
	free(tracker);
}

int wt_tracker_interface(struct wt_tracker *tracker, uint32_t interface, const char *name,
                         uint16_t link_type)
{
	if (interface >= WT_SIDE_INTERFACES)
		return -EINVAL;
	wt_header_reader_interface(&tracker->reader, interface, name, link_type);
	snprintf(tracker->names[interface], sizeof(tracker->names[interface]), "%s", name);
	tracker->told[interface] = true;
	wt_tracker_state_interface(tracker, interface);
	return 0;
}

void wt_tracker_frames(struct wt_tracker *tracker, uint32_t interface,
                       const struct wt_frame *frames, size_t count, uint64_t order)
{
	wt_header_reader_frames(&tracker->reader, interface, frames, count, order);
}

void wt_tracker_sighting(struct wt_tracker *tracker, uint32_t interface,
                         const struct wt_sighting *sighting, uint64_t order,
                         const struct wt_sighting_names *names)
{
	const struct wt_arrival arrival = {
	        .header = &sighting->header,
	        .stamp_ns = sighting->stamp_ns,
	        .order = order,
	        .interface = interface,
	        .side = sighting->side,
	        .names = names,
	};

	wt_tracker_header(tracker, &arrival);
}

void wt_tracker_tick(struct wt_tracker *tracker, int64_t now_ns)
{
	for (uint32_t i = 0; i < tracker->streams.count; i++) {
		struct wt_stream *stream = wt_stream_at(&tracker->streams, i);

		if (now_ns <= stream->last_ns)
			continue;
		if ((uint64_t)now_ns - (uint64_t)stream->last_ns >
		    tracker->reader.sides.sides[wt_place_side(stream->place)].silent_ns)
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
	const struct wt_header_reader *reader = &tracker->reader;

	*totals = tracker->lanes;
	totals->frames += reader->frames;
	totals->matched += reader->matched;
	totals->unrecognised += reader->unrecognised;
	totals->fragments += reader->fragments;
	totals->table_full = tracker->table_full;
	totals->streams = tracker->streams.count;
}

void wt_tracker_set_lanes(struct wt_tracker *tracker, const struct wt_tracker_totals *totals)
{
	tracker->lanes = *totals;
}

uint32_t wt_tracker_stream_count(const struct wt_tracker *tracker)
{
	return tracker->streams.count;
}
