/* SPDX-License-Identifier: BSD-2-Clause */
/* A file whose writer has failed ends before what was seen. How far it has each stream is found out
 * by reading its last part again, from the latest place at which that is known. */
#include <wiretape/capture/recorder/recorder_feeds.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/writer/chunk_file.h>

/* A file's bytes to read again at most, and a little more. */
static const uint64_t sample_every_bytes = UINT64_C(512) << 20;

static bool grow(struct wt_recorder_feed_sample *sample, uint32_t streams, size_t interfaces)
{
	uint32_t room = sample->room ? sample->room : 64;
	struct wt_recorder_feed_place *places;

	if (!sample->orders)
		sample->orders = calloc(interfaces, sizeof(*sample->orders));
	if (!sample->orders)
		return false;
	if (streams <= sample->room && sample->places)
		return true;
	while (room < streams)
		room *= 2;
	places = realloc(sample->places, room * sizeof(*places));
	if (!places)
		return false;
	sample->places = places;
	sample->room = room;
	return true;
}

void wt_recorder_sample_feeds(struct wt_recorder_feeds *feeds)
{
	struct wt_recorder_feed_sample *samples = feeds->samples, spare = samples[0];
	const struct wt_tracker *tracker;
	struct wt_stream_report report;
	uint32_t streams;

	if (!feeds->monitor)
		return;
	tracker = wt_feed_monitor_tracker(feeds->monitor);
	streams = wt_tracker_stream_count(tracker);
	feeds->sample_due_bytes = wt_tape_bytes(feeds->writer->file->tape) + sample_every_bytes;
	if (!grow(&spare, streams, feeds->state->config.interface_count)) {
		samples[0] = spare;
		return; /* the one before does it, too */
	}
	spare.file_number = feeds->writer->file->number;
	spare.file_bytes = wt_tape_bytes(feeds->writer->file->tape);
	spare.streams = streams;
	for (size_t i = 0; i < feeds->state->config.interface_count; i++)
		spare.orders[i] = wt_feed_monitor_order(feeds->monitor, (uint32_t)i);
	for (uint32_t i = 0; i < streams; i++) {
		wt_tracker_stream(tracker, i, &report);
		spare.places[i] =
		        (struct wt_recorder_feed_place){report.next, report.order, report.last_ns};
	}
	samples[0] = samples[1];
	samples[1] = spare;
}

void wt_recorder_forget_samples(struct wt_recorder_feeds *feeds)
{
	for (size_t i = 0; i < 2; i++) {
		free(feeds->samples[i].orders);
		free(feeds->samples[i].places);
	}
}

/* Find the latest sample that is of this file, with all of its packets in it. */
static const struct wt_recorder_feed_sample *find_sample(const struct wt_recorder_feeds *feeds)
{
	for (size_t i = 2; i--;) {
		const struct wt_recorder_feed_sample *sample = &feeds->samples[i];
		bool landed = sample->orders && sample->file_number == feeds->writer->file->number;

		for (size_t j = 0; landed && j < feeds->state->config.interface_count; j++)
			landed = sample->orders[j] <= feeds->state->reports[j].ledger.written;
		if (landed)
			return sample;
	}
	return NULL;
}

static int follow_chunk(struct wt_tracker *tracker, struct wt_chunk_file *reader,
                        const struct wt_chunk_index *index, const uint8_t *bytes,
                        const struct wt_recorder_feeds *feeds, uint64_t *orders)
{
	struct wt_pcapng_item item;
	size_t at = 0;
	int rc;

	while ((rc = wt_chunk_file_decode(reader, index, bytes, &at, &item, NULL)) > 0) {
		uint32_t interface = item.packet.interface_id;

		if (item.kind == WT_ITEM_PACKET && interface < feeds->state->config.interface_count)
			wt_tracker_frames(tracker, interface, &item.packet.frame, 1,
			                  ++orders[interface]);
	}
	return rc;
}

/* Follow chunks from `from` on or a little earlier, which does no harm. */
static int follow_chunks(struct wt_tracker *tracker, const struct wt_recorder_feeds *feeds,
                         struct wt_chunk_file *reader, uint64_t from, uint64_t *orders)
{
	struct wt_chunk_index index;
	const uint8_t *bytes;
	uint64_t end;
	int rc = wt_chunk_file_size(reader, &end);

	/* A buffer that was under construction at that place had begun before it. */
	from = from > WT_BUFFER_BYTES ? from - WT_BUFFER_BYTES : 0;
	while (!rc && (rc = wt_chunk_file_find(reader, from, end, &index, NULL)) > 0) {
		rc = wt_chunk_file_chunk(reader, &index, &bytes, NULL);
		if (rc > 0)
			rc = follow_chunk(tracker, reader, &index, bytes, feeds, orders);
		from = index.offset + index.chunk_bytes;
	}
	return rc;
}

static int follow_file(struct wt_tracker *tracker, const struct wt_recorder_feeds *feeds,
                       uint64_t from, uint64_t *orders)
{
	int fd = wt_sink_reopen(wt_tape_sink(feeds->writer->file->tape));
	struct wt_chunk_file *reader;
	int rc;

	if (fd < 0)
		return fd;
	rc = wt_chunk_file_open_fd(&reader, fd, 0, NULL);
	if (!rc) {
		rc = follow_chunks(tracker, feeds, reader, from, orders);
		wt_chunk_file_close(reader);
	}
	close(fd);
	return rc;
}

static void ignore(void *context, const struct wt_feed_record *records, size_t count)
{
	(void)context;
	(void)records;
	(void)count;
}

/* The last part of the file, read again. */
struct again {
	uint64_t *orders; /* packets of it, by interface */
	struct wt_tracker *tracker;
	struct wt_stream_report *list; /* its streams, in the order of compare() */
	uint32_t count;
};

static int open_again(struct again *again, const struct wt_recorder_feeds *feeds)
{
	const struct wt_tracker_config config = {
	        .channels = feeds->state->config.feeds,
	        .take = ignore,
	};
	int rc;

	again->orders = calloc(feeds->state->config.interface_count, sizeof(*again->orders));
	rc = again->orders ? wt_tracker_open(&again->tracker, &config, NULL) : -ENOMEM;
	for (size_t i = 0; !rc && i < feeds->state->config.interface_count; i++)
		rc = wt_tracker_interface(again->tracker, (uint32_t)i,
		                          feeds->state->reports[i].reader->name,
		                          feeds->state->reports[i].reader->link_type);
	return rc;
}

static void forget_again(struct again *again)
{
	wt_tracker_close(again->tracker);
	free(again->orders);
	free(again->list);
}

static int compare(const void *a, const void *b)
{
	const struct wt_stream_report *one = a, *other = b;

	if (one->channel != other->channel)
		return one->channel < other->channel ? -1 : 1;
	if (one->side != other->side)
		return one->side < other->side ? -1 : 1;
	if (one->interface != other->interface)
		return one->interface < other->interface ? -1 : 1;
	if (one->session_number != other->session_number)
		return one->session_number < other->session_number ? -1 : 1;
	return strcmp(one->key, other->key);
}

static int list_streams(struct again *again)
{
	again->count = wt_tracker_stream_count(again->tracker);
	again->list = calloc(again->count ? again->count : 1, sizeof(*again->list));
	if (!again->list)
		return -ENOMEM;
	for (uint32_t i = 0; i < again->count; i++)
		wt_tracker_stream(again->tracker, i, &again->list[i]);
	qsort(again->list, again->count, sizeof(*again->list), compare);
	return 0;
}

static int read_again(struct again *again, const struct wt_recorder_feeds *feeds, uint64_t from)
{
	int rc = open_again(again, feeds);

	if (!rc)
		rc = follow_file(again->tracker, feeds, from, again->orders);
	return rc ? rc : list_streams(again);
}

/* A tracker that has begun in the middle does not know how often numbers have rolled over: the
 * nearest below where the stream is now. */
static uint64_t extend(const struct wt_stream_report *now, uint64_t next)
{
	const struct wt_preset *preset = now->channel->preset;
	uint64_t period;

	if (preset->number_bits >= 64)
		return next;
	period = (UINT64_C(1) << preset->number_bits) - preset->rolls_to;
	return now->next - (now->next - next) % period;
}

/* The last packet that was read again is the last of all that were written. */
static uint64_t order_in_file(const struct wt_recorder_feeds *feeds, const struct again *again,
                              const struct wt_stream_report *found)
{
	uint64_t written = feeds->state->reports[found->interface].ledger.written;

	return written - (again->orders[found->interface] - found->order);
}

static struct wt_recorder_feed_place place_in_file(const struct wt_recorder_feeds *feeds,
                                                   const struct again *again,
                                                   const struct wt_recorder_feed_sample *sample,
                                                   uint32_t stream,
                                                   const struct wt_stream_report *now)
{
	const struct wt_stream_report *found =
	        bsearch(now, again->list, again->count, sizeof(*again->list), compare);

	if (found)
		return (struct wt_recorder_feed_place){extend(now, found->next),
		                                       order_in_file(feeds, again, found),
		                                       found->last_ns};
	if (sample && stream < sample->streams)
		return sample->places[stream];
	return (struct wt_recorder_feed_place){.next = now->first};
}

static bool is_beyond(const struct wt_recorder_feeds *feeds, const struct wt_stream_report *report)
{
	return report->order > feeds->state->reports[report->interface].ledger.written;
}

static bool any_is_beyond(const struct wt_recorder_feeds *feeds, const struct wt_tracker *tracker)
{
	struct wt_stream_report report;

	for (uint32_t i = 0; i < wt_tracker_stream_count(tracker); i++) {
		wt_tracker_stream(tracker, i, &report);
		if (is_beyond(feeds, &report))
			return true;
	}
	return false;
}

static void report_tail(struct wt_recorder_feeds *feeds, uint32_t stream,
                        const struct wt_recorder_feed_place *place,
                        const struct wt_stream_report *now)
{
	const struct wt_lost_tail tail = {
	        .first = place->next,
	        .end = now->next,
	        .after_ns = place->order ? place->last_ns : INT64_MIN,
	        .after_order = place->order,
	        .seen_ns = now->last_ns,
	};
	const struct wt_feed_event event = {
	        .kind = WT_EVENT_LOST_TAIL,
	        .channel = now->channel->name,
	        .preset = now->channel->preset->name,
	        .key = now->key,
	        .session = now->session,
	        .interface = feeds->state->reports[now->interface].reader->name,
	        .side = now->side,
	        .unit = now->channel->preset->unit,
	        .state = now->state,
	        .stamp_ns = now->last_ns,
	        .first = tail.first,
	        .end = tail.end,
	        .missing = tail.end - tail.first,
	        .after_ns = tail.after_ns,
	        .before_ns = INT64_MIN,
	        .after_order = tail.after_order,
	};

	wt_channels_lost_tail(wt_feed_monitor_channels(feeds->monitor), stream, &tail);
	if (feeds->used + WT_FEED_EVENT_TEXT_BYTES <= feeds->closing_bytes)
		wt_recorder_feed_put_event(feeds, &event);
	else
		feeds->left_out++;
}

static void report_tails(struct wt_recorder_feeds *feeds, const struct wt_tracker *tracker,
                         const struct wt_recorder_feed_sample *sample, const struct again *again)
{
	struct wt_stream_report now;

	for (uint32_t i = 0; i < wt_tracker_stream_count(tracker); i++) {
		struct wt_recorder_feed_place place;

		wt_tracker_stream(tracker, i, &now);
		if (!is_beyond(feeds, &now) || now.channel->kind != WT_FEED_LIVE)
			continue;
		place = place_in_file(feeds, again, sample, i, &now);
		if (place.next < now.next)
			report_tail(feeds, i, &place, &now);
	}
}

void wt_recorder_find_tails(struct wt_recorder_feeds *feeds)
{
	const struct wt_tracker *tracker = wt_feed_monitor_tracker(feeds->monitor);
	const struct wt_recorder_feed_sample *sample = find_sample(feeds);
	struct again again = {0};

	if (!any_is_beyond(feeds, tracker))
		return;
	if (!read_again(&again, feeds, sample ? sample->file_bytes : 0))
		report_tails(feeds, tracker, sample, &again);
	else
		wt_recorder_note_degraded(feeds->state,
		                          "how far the file has each feed is not known: it "
		                          "cannot be read again");
	forget_again(&again);
}
