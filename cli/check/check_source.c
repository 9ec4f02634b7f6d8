/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_source.h"
#include <wiretape/cli/info/info_collect.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/base/grow.h>
#include <wiretape/feed/verdict/feed_event.h>
#include <wiretape/feed/verdict/nic_look.h>
#include <wiretape/pcapng/tape_mark.h>
#include <wiretape/pcapng/text_block.h>

enum {
	INTERFACES_MAX = 4096, /* of a section; more are not followed */
	LAST_BLOCK_BYTES = 64 * 1024,
	NEARLY_BYTES = 4 << 20,
	NEARLY_PART = 16,
	NOT_FOLLOWED = UINT32_MAX,
};

/* An interface of the section that is being read. */
struct wt_check_interface {
	struct wt_pcapng_item_interface fields; /* its text views are dead */
	char name[WT_PLACE_NAME_BYTES];
	char description[WT_PLACE_DESCRIPTION_BYTES];
	bool has_place;
	uint32_t place;
};

void wt_check_source_init(struct wt_check_source *source, struct wt_check_context *context,
                          struct wt_check_file *files, size_t count)
{
	*source = (struct wt_check_source){
	        .context = context,
	        .files = files,
	        .file_count = count,
	        .place = NOT_FOLLOWED,
	        .last_ns = INT64_MIN,
	};
}

void wt_check_source_fini(struct wt_check_source *source)
{
	wt_capture_file_close(source->file);
	source->file = NULL;
	free(source->interfaces);
	source->interfaces = NULL;
}

/* Check whether the last block of a file is an interface's account: a file written as a stream does
 * not announce one at its beginning. */
static bool ends_with_ledger(const struct wt_check_head *head)
{
	static const char first[] = "seen=";
	uint8_t bytes[LAST_BLOCK_BYTES];
	uint32_t length, type;
	bool has = false;
	ssize_t got = 0;
	off_t from = 0;
	int fd;

	if (!head->is_rewindable)
		return false;
	fd = open(head->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (head->bytes > sizeof(bytes))
		from = (off_t)(head->bytes - sizeof(bytes));
	got = pread(fd, bytes, sizeof(bytes), from);
	close(fd);
	if (got < (ssize_t)sizeof(struct wt_pcapng_isb))
		return false;
	memcpy(&length, bytes + got - sizeof(length), sizeof(length));
	if (length >= sizeof(struct wt_pcapng_isb) && length <= (size_t)got) {
		memcpy(&type, bytes + got - length, sizeof(type));
		has = type == WT_PCAPNG_ISB &&
		      memmem(bytes + got - length, length, first, sizeof(first) - 1);
	}
	return has;
}

static void begin_section(struct wt_check_source *source, const struct wt_pcapng_item *item)
{
	const struct wt_pcapng_item_text *text = &item->section.tape;
	struct wt_tape_mark mark = {0};
	bool has_chunks = text->chars && wt_tape_mark_parse(text->chars, text->length, &mark);

	source->interface_count = 0;
	source->section_has_ledger = has_chunks || ends_with_ledger(&source->now->head);
	source->section_file = (struct wt_place_file){
	        .is_numbered = mark.has_recording && mark.file,
	        .recording = mark.recording,
	        .number = mark.file,
	        .lane = mark.lane,
	};
}

static void copy_text(char *to, size_t capacity, struct wt_pcapng_item_text text)
{
	size_t length = text.length < capacity ? text.length : capacity - 1;

	if (!text.chars)
		length = 0;
	if (length)
		memcpy(to, text.chars, length);
	to[length] = '\0';
}

static int add_interface(struct wt_check_source *source,
                         const struct wt_pcapng_item_interface *fields)
{
	struct wt_check_interface *interface;

	if (source->interface_count == INTERFACES_MAX)
		return 0;
	interface = wt_grow((void **)&source->interfaces, &source->interface_count,
	                    &source->interface_room, sizeof(*interface));
	if (!interface)
		return -ENOMEM;
	interface->fields = *fields;
	copy_text(interface->name, sizeof(interface->name), fields->name);
	copy_text(interface->description, sizeof(interface->description), fields->description);
	return 0;
}

static const char *why_unknown(const struct wt_check_source *source, bool has_ledger)
{
	if (has_ledger)
		return source->now->lacks_lane ? "a lane of the recording is not here" : NULL;
	return source->section_has_ledger ? "its recorder kept no ledger of this interface"
	                                  : "the file has no ledger of losses";
}

/* Tell the monitor of a place, as a lane of its interface, which may be told again. */
static int tell(struct wt_check_source *source, uint32_t number)
{
	struct wt_feed_tapes *tapes = source->context->tapes;
	struct wt_place *place = &source->context->places.list[number];
	const char *why = why_unknown(source, place->has_ledger);
	int rc = wt_feed_tapes_interface(tapes, place->interface, place->name, place->link_type,
	                                 why, source->now->head.mark.lanes > 0);

	if (rc || place->is_told || place->interface == number)
		return rc;
	place->is_told = true;
	return wt_feed_tapes_lane(tapes, number, place->interface, place->link_type);
}

/* Find an interface's place when its first item comes: its number in the monitor. */
static uint32_t place_of(struct wt_check_source *source, uint32_t id)
{
	struct wt_feed_monitor *monitor = source->context->monitor;
	struct wt_check_interface *interface;
	struct wt_place wanted = {.file = source->section_file};
	const char *why;

	if (id >= source->interface_count)
		return NOT_FOLLOWED;
	interface = &source->interfaces[id];
	if (interface->has_place)
		return interface->place;
	interface->has_place = true;
	memcpy(wanted.name, interface->name, sizeof(wanted.name));
	memcpy(wanted.description, interface->description, sizeof(wanted.description));
	wanted.link_type = interface->fields.link_type;
	wanted.has_ledger = source->section_has_ledger && interface->fields.reader.chars;
	if (!wt_places_take(&source->context->places, &wanted, source, &interface->place, &why))
		interface->place = NOT_FOLLOWED;
	if (interface->place == NOT_FOLLOWED || !monitor)
		return interface->place;
	if (tell(source, interface->place))
		interface->place = NOT_FOLLOWED;
	else if (why)
		wt_feed_tapes_break_within(source->context->tapes, interface->place, 0, 0, why);
	return interface->place;
}

/* Files of this lane are not here that other lanes have. */
static void break_lane(struct wt_check_source *source)
{
	struct wt_feed_tapes *tapes = source->context->tapes;

	for (uint32_t id = 0; tapes && id < source->interface_count; id++) {
		uint32_t place = place_of(source, id);

		if (place != NOT_FOLLOWED)
			wt_feed_tapes_break_within(tapes, place, 0, 0,
			                           "files of the recording are not here");
	}
}

/* Take in a loss at this place, of any of the section's interfaces. */
static void take_missing(struct wt_check_source *source, const struct wt_gap_block *missing)
{
	struct wt_feed_tapes *tapes = source->context->tapes;

	if (missing->what == WT_GAP_BLOCK_CONTINUED)
		return;
	for (uint32_t id = 0; tapes && id < source->interface_count; id++) {
		uint32_t place = place_of(source, id);

		if (place == NOT_FOLLOWED)
			continue;
		if (missing->what == WT_GAP_BLOCK_NOT_CLOSED)
			wt_feed_tapes_break_within(tapes, place, 0, 0, "the recording has no end");
		else if (missing->packets)
			wt_feed_tapes_writer_lost(tapes, place, missing->packets);
	}
}

/* Check whether the channel of an event is followed. */
static bool is_followed(struct wt_feed_monitor *monitor, const struct wt_feed_event *event)
{
	const struct wt_feed_channels *channels = wt_feed_monitor_followed(monitor);

	for (size_t i = 0; i < channels->count; i++)
		if (!strcmp(channels->list[i].name, event->channel) &&
		    !strcmp(channels->list[i].preset->name, event->preset))
			return true;
	return false;
}

/* Find the stream that an event is about; UINT32_MAX: it has no packet here, or, with
 * *is_elsewhere, is not where the event says it was. */
static uint32_t find_stream(struct wt_feed_monitor *monitor, const struct wt_feed_event *event,
                            bool *is_elsewhere)
{
	const struct wt_tracker *tracker = wt_feed_monitor_tracker(monitor);
	uint32_t count = wt_tracker_stream_count(tracker);
	struct wt_stream_report stream;

	for (uint32_t i = 0; i < count; i++) {
		wt_tracker_stream(tracker, i, &stream);
		if (stream.side == event->side && !strcmp(stream.channel->name, event->channel) &&
		    !strcmp(stream.key, event->key) && !strcmp(stream.session, event->session) &&
		    !strcmp(wt_feed_monitor_interface_name(monitor, stream.interface),
		            event->interface)) {
			*is_elsewhere = stream.next != event->first;
			return *is_elsewhere ? UINT32_MAX : i;
		}
	}
	*is_elsewhere = false;
	return UINT32_MAX;
}

/* The end of streams that the recorder knew and could not write. */
static void take_event(struct wt_check_source *source, const struct wt_pcapng_item *item)
{
	struct wt_feed_monitor *monitor = source->context->monitor;
	char strings[WT_FEED_EVENT_TEXT_BYTES];
	struct wt_feed_event event;
	struct wt_stream_report report;
	bool is_elsewhere;
	uint32_t stream;

	if (!monitor || !source->section_has_ledger ||
	    wt_feed_event_decode(&event, (const char *)item->body, item->body_bytes, strings) ||
	    event.kind != WT_EVENT_LOST_TAIL)
		return;
	stream = find_stream(monitor, &event, &is_elsewhere);
	if (stream == UINT32_MAX) {
		if (!event.after_order && !is_elsewhere && is_followed(monitor, &event))
			wt_channels_lost_stream(wt_feed_monitor_channels(monitor), &event);
		return;
	}
	wt_tracker_stream(wt_feed_monitor_tracker(monitor), stream, &report);
	wt_channels_lost_tail(wt_feed_monitor_channels(monitor), stream,
	                      &(struct wt_lost_tail){
	                              .first = event.first,
	                              .end = event.end,
	                              .after_ns = report.last_ns,
	                              .after_order = report.order,
	                              .seen_ns = event.stamp_ns,
	                      });
}

static void take_nic_look(struct wt_check_source *source, const struct wt_pcapng_item *item)
{
	struct wt_feed_monitor *monitor = source->context->monitor;
	struct wt_nic_look look;
	uint32_t place;

	if (!monitor || !source->section_has_ledger ||
	    wt_nic_look_decode(&look, item->body, item->body_bytes))
		return;
	place = place_of(source, look.interface_id);
	if (place == NOT_FOLLOWED)
		return;
	if (look.away)
		wt_feed_tapes_break_within(source->context->tapes, place, look.from, look.to,
		                           wt_nic_away_text(look.away));
	else
		wt_feed_monitor_nic(monitor, place, look.look_ns, look.counters);
}

/* Blocks that only a recorder writes, before its first packet: a ledger will be at the end of what
 * is not made of chunks and cannot be looked at there. */
static void find_recorder(struct wt_check_source *source, const struct wt_pcapng_item *item)
{
	if ((item->block_type == WT_PCAPNG_FEED || item->block_type == WT_PCAPNG_NIC_LOOK) &&
	    !source->now->head.is_rewindable && !source->now->books.section_packets)
		source->section_has_ledger = true;
}

static void take_other(struct wt_check_source *source, const struct wt_pcapng_item *item)
{
	find_recorder(source, item);
	if (item->block_type == WT_PCAPNG_FEED)
		take_event(source, item);
	else if (item->block_type == WT_PCAPNG_NIC_LOOK)
		take_nic_look(source, item);
}

static int take_item(struct wt_check_source *source, const struct wt_pcapng_item *item)
{
	struct wt_books *books = &source->now->books;
	struct wt_gap_block missing;
	bool has_missing;
	int rc;

	if (item->kind == WT_ITEM_SECTION || item->kind == WT_ITEM_UNKNOWN_SECTION)
		wt_places_release(&source->context->places, source,
		                  wt_books_section_is_closed(books));
	rc = wt_books_item(books, item, &missing, &has_missing);
	if (rc)
		return rc;
	if (has_missing)
		take_missing(source, &missing);
	switch (item->kind) {
	case WT_ITEM_SECTION:
		begin_section(source, item);
		return 0;
	case WT_ITEM_UNKNOWN_SECTION:
		source->interface_count = 0;
		return 0;
	case WT_ITEM_INTERFACE:
		return add_interface(source, &item->interface);
	case WT_ITEM_OTHER:
		take_other(source, item);
		return 0;
	default:
		return 0;
	}
}

/* Tell what a lane lost after its last packet, while others go on. */
static void tell_tail(struct wt_check_source *source)
{
	struct wt_feed_tapes *tapes = source->context->tapes;

	if (!tapes || !source->now->head.mark.lanes || source->next_file < source->file_count)
		return;
	for (uint32_t id = 0; id < source->interface_count; id++) {
		struct wt_books_tail tail = wt_books_tail(&source->now->books, id);
		uint32_t place = tail.ring || tail.writer ? place_of(source, id) : NOT_FOLLOWED;

		if (place == NOT_FOLLOWED)
			continue;
		if (tail.ring)
			wt_feed_tapes_dropped(tapes, place, tail.ring);
		if (tail.writer)
			wt_feed_tapes_writer_lost(tapes, place, tail.writer);
	}
}

static void end_file(struct wt_check_source *source, int rc, struct wt_error *err)
{
	struct wt_check_file *now = source->now;

	if (source->file) {
		rc = wt_info_explain(now->head.path, now->books.has_chunks,
		                     wt_capture_file_offset(source->file), rc, err);
		now->fractions = wt_capture_file_fractions(source->file);
		wt_capture_file_close(source->file);
		source->file = NULL;
	}
	wt_books_end(&now->books, rc, err);
	if (now->missing_after)
		break_lane(source);
	tell_tail(source);
	wt_places_release(&source->context->places, source, !rc && !now->books.not_closed);
	now->was_read = true;
	source->now = NULL;
}

/* 0 also if it cannot be opened: then source->now is NULL again. */
static int open_next(struct wt_check_source *source, struct wt_error *err)
{
	const struct wt_patience *patience = source->context->patience;
	struct wt_check_file *now = &source->files[source->next_file++];
	int rc;

	source->now = now;
	rc = wt_capture_file_open_until(&source->file, now->head.path, 0, patience, err);
	if (rc) {
		source->file = NULL;
		if (rc == -EINTR)
			return rc;
		end_file(source, rc, err);
		return 0;
	}
	now->format = wt_capture_format_name(wt_capture_file_format(source->file));
	return 0;
}

/* Frames of somebody else's file say nothing that a verdict could rest on. */
static void take_packets(struct wt_check_source *source, uint32_t id, size_t count)
{
	struct wt_check_file *now = source->now;

	wt_books_packets(&now->books, id, source->frames, count);
	source->place = place_of(source, id);
	source->frame_count = count;
	source->used = 0;
	source->last_ns = source->frames[count - 1].stamp_ns;
	if (source->place == NOT_FOLLOWED) {
		now->beyond += count;
		return;
	}
	if (!source->context->places.list[source->place].has_ledger)
		for (size_t i = 0; i < count; i++)
			source->frames[i].dropped_before = 0;
}

/* Take a packet that was not decoded together with others. */
static void take_packet(struct wt_check_source *source, const struct wt_pcapng_item_packet *packet)
{
	source->frames[0] = packet->frame;
	if (!packet->has_stamp || packet->stamp_saturated) {
		source->now->books.unstamped++;
		source->frames[0].stamp_ns = source->last_ns == INT64_MIN ? 0 : source->last_ns;
	}
	take_packets(source, packet->interface_id, 1);
}

/* Go on in the file that is open: 1 if there are packets now, 0 if it has ended. */
static int fill_from_file(struct wt_check_source *source, struct wt_error *err)
{
	struct wt_pcapng_item item;
	uint32_t id;
	size_t count;
	int rc;

	for (;;) {
		count = wt_capture_file_next_packets(source->file, source->frames, WT_CHECK_BATCH,
		                                     &id);
		if (count) {
			take_packets(source, id, count);
			return 1;
		}
		rc = wt_capture_file_next(source->file, &item, err);
		if (rc == -EINTR || rc == -ENOMEM)
			return rc;
		if (rc <= 0) {
			end_file(source, rc, err);
			return 0;
		}
		if (item.kind == WT_ITEM_PACKET) {
			take_packet(source, &item.packet);
			return 1;
		}
		rc = take_item(source, &item);
		if (rc)
			return wt_error_set(err, rc, "no memory for what is in %s",
			                    source->now->head.path);
	}
}

int wt_check_source_fill(struct wt_check_source *source, struct wt_error *err)
{
	int rc;

	assert(source->used == source->frame_count);
	source->frame_count = 0;
	source->used = 0;
	for (;;) {
		if (!source->now) {
			if (source->next_file == source->file_count) {
				source->over = true;
				return 0;
			}
			rc = open_next(source, err);
			if (rc)
				return rc;
			if (!source->now)
				continue;
		}
		rc = fill_from_file(source, err);
		if (rc)
			return rc < 0 ? rc : 0;
	}
}

/* Bytes of packets that were read and not taken yet. */
static uint64_t bytes_in_hand(const struct wt_check_source *source)
{
	uint64_t bytes = 0;

	for (size_t i = source->used; i < source->frame_count; i++)
		bytes += source->frames[i].caplen + sizeof(struct wt_pcapng_epb);
	return bytes;
}

bool wt_check_source_is_nearly_over(const struct wt_check_source *source)
{
	const struct wt_check_head *head = source->now ? &source->now->head : NULL;
	uint64_t at, tail;

	if (!head || !head->is_rewindable || source->next_file < source->file_count)
		return false;
	at = wt_capture_file_offset(source->file);
	tail = head->bytes / NEARLY_PART < NEARLY_BYTES ? head->bytes / NEARLY_PART : NEARLY_BYTES;
	return at <= head->bytes && head->bytes - at + bytes_in_hand(source) <= tail;
}
