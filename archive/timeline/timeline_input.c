/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/timeline/timeline_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int wt_timeline_failed(const struct wt_timeline_input *source, int rc, const struct wt_error *why,
                       struct wt_error *err)
{
	return wt_error_set(err, rc, "%s: %s", source->path, why->text);
}

static int tell(struct wt_timeline *timeline, struct wt_timeline_input *source,
                const struct wt_pcapng_item *item, struct wt_error *err)
{
	const struct wt_timeline_hooks *hooks = timeline->hooks;

	return hooks ? hooks->item(hooks->context, source, item, err) : 0;
}

static int take_section(struct wt_timeline *timeline, struct wt_timeline_input *source,
                        const struct wt_pcapng_item *item, struct wt_error *err)
{
	wt_timeline_begin_section(source, &item->section);
	source->behind = false;
	return tell(timeline, source, item, err);
}

static int take_interface(struct wt_timeline *timeline, struct wt_timeline_input *source,
                          const struct wt_pcapng_item *item, struct wt_error *err)
{
	int rc = wt_timeline_add_interface(timeline, source, item, err);

	return rc ? rc : tell(timeline, source, item, err);
}

/* Take a packet: 1 if it goes on to the caller. */
static int take_packet(const struct wt_timeline *timeline, struct wt_timeline_input *source,
                       const struct wt_pcapng_item_packet *packet)
{
	bool is_usable = !packet->stamp_saturated || !timeline->config.keep_unstamped;

	if (packet->has_stamp && is_usable) {
		source->stamp_ns = packet->frame.stamp_ns;
		source->has_stamp = true;
		return 1;
	}
	if (timeline->config.keep_unstamped)
		return 1;
	source->report->left_out++;
	return 0;
}

static int take_item(struct wt_timeline *timeline, struct wt_timeline_input *source,
                     const struct wt_pcapng_item *item, struct wt_error *err)
{
	switch (item->kind) {
	case WT_ITEM_PACKET:
		return take_packet(timeline, source, &item->packet);
	case WT_ITEM_SECTION:
		return take_section(timeline, source, item, err);
	case WT_ITEM_INTERFACE:
		return take_interface(timeline, source, item, err);
	case WT_ITEM_UNKNOWN_SECTION:
		source->report->unknown_sections++;
		return tell(timeline, source, item, err);
	default:
		return tell(timeline, source, item, err);
	}
}

/* A recording that stands after other sections is read by its indexes from there on. */
static bool begins_tape(const struct wt_timeline_input *source, const struct wt_pcapng_item *item)
{
	struct stat status;

	return item->kind == WT_ITEM_SECTION && item->section.tape.chars &&
	       item->offset > source->base && strcmp(source->path, "-") &&
	       !stat(source->path, &status) && S_ISREG(status.st_mode);
}

static int next_of_file(struct wt_timeline *timeline, struct wt_timeline_input *source,
                        struct wt_error *err)
{
	struct wt_timeline_file *report = source->report;
	int rc;

	for (;;) {
		rc = wt_capture_file_next(source->file, &source->item, &report->why);
		report->bytes_read =
		        source->bytes_before + wt_capture_file_offset(source->file) - source->base;
		report->fractions = wt_capture_file_fractions(source->file);
		if (rc == -ENODATA || rc == -EBADMSG || rc == -ENOTSUP) {
			report->ended = rc;
			return 0;
		}
		if (rc <= 0)
			return rc ? wt_timeline_failed(source, rc, &report->why, err) : 0;
		if (begins_tape(source, &source->item)) {
			source->next_base = source->item.offset;
			return 0;
		}
		rc = take_item(timeline, source, &source->item, err);
		if (rc)
			return rc;
	}
}

static bool is_past(const struct wt_timeline *timeline, const struct wt_timeline_input *source)
{
	int64_t earliest;

	return timeline->range.has_to &&
	       !__builtin_sub_overflow(source->max_so_far_ns, source->last.reach_back_ns,
	                               &earliest) &&
	       earliest >= timeline->range.to_ns;
}

static bool overlaps(const struct wt_timeline *timeline, const struct wt_chunk_index *index)
{
	const struct wt_timeline_range *range = &timeline->range;

	return index->packets && (!range->has_from || index->max_ns >= range->from_ns) &&
	       (!range->has_to || index->min_ns < range->to_ns);
}

static bool is_behind(const struct wt_timeline *timeline, int64_t ns)
{
	return timeline->range.has_to && ns >= timeline->range.to_ns;
}

static bool is_asked_for(const struct wt_timeline *timeline, const struct wt_timeline_input *source,
                         const struct wt_chunk_index *index)
{
	const struct wt_timeline_hooks *hooks = timeline->hooks;

	return hooks && hooks->wants_chunk(hooks->context, source, index);
}

/* Count the packets of missing chunks, which the next chunk gives. */
static void note_gap(struct wt_timeline_input *source, const struct wt_chunk_index *index)
{
	if (index->packets_before > source->expected)
		source->report->missing += index->packets_before - source->expected;
	source->expected = index->packets_before;
}

/* Count those of a partial last chunk, which no next one follows. */
static void note_partial_end(struct wt_timeline_input *source, const struct wt_chunk_index *index)
{
	source->report->missing += index->packets;
}

/* The next chunk that can have packets of the range: 1, or 0 if there is no more. */
static int next_chunk(struct wt_timeline *timeline, struct wt_timeline_input *source,
                      struct wt_error *err)
{
	struct wt_chunk_index *index = &source->index;
	struct wt_error why;
	int rc;

	while (!is_past(timeline, source)) {
		rc = wt_chunk_file_find(source->tape, source->next, source->last.offset + 1, index,
		                        &why);
		if (rc <= 0)
			return rc ? wt_timeline_failed(source, rc, &why, err) : 0;
		note_gap(source, index);
		source->max_so_far_ns = index->max_so_far_ns;
		source->next = index->offset + index->chunk_bytes;
		source->behind |= index->packets && is_behind(timeline, index->min_ns);
		if (!overlaps(timeline, index) && !is_asked_for(timeline, source, index)) {
			source->expected += index->packets;
			continue;
		}
		rc = wt_chunk_file_chunk(source->tape, index, &source->chunk, &why);
		if (rc < 0)
			return wt_timeline_failed(source, rc, &why, err);
		source->in_chunk = 0;
		source->report->bytes_read =
		        source->bytes_before + wt_chunk_file_bytes_read(source->tape);
		if (rc) {
			source->expected += index->packets;
			return 1;
		}
		/* Torn, or not complete yet: the next one may be anywhere after it. */
		source->next = index->offset + WT_CHUNK_ALIGNMENT;
		if (index->offset == source->last.offset)
			note_partial_end(source, index);
	}
	return 0;
}

static int next_of_tape(struct wt_timeline *timeline, struct wt_timeline_input *source,
                        struct wt_error *err)
{
	struct wt_timeline_file *report = source->report;
	int rc;

	for (;;) {
		if (!source->chunk) {
			rc = next_chunk(timeline, source, err);
			if (rc <= 0) {
				source->chunk = NULL;
				return rc;
			}
		}
		rc = wt_chunk_file_decode(source->tape, &source->index, source->chunk,
		                          &source->in_chunk, &source->item, &report->why);
		if (rc == -ENOMEM)
			return wt_timeline_failed(source, rc, &report->why, err);
		if (rc < 0)
			report->ended = rc;
		if (rc <= 0) {
			source->chunk = NULL;
			continue;
		}
		rc = take_item(timeline, source, &source->item, err);
		if (rc)
			return rc;
	}
}

static uint64_t bytes_read(const struct wt_timeline_input *source)
{
	uint64_t bytes = source->bytes_before + source->bytes_beside;

	if (source->tape)
		return bytes + wt_chunk_file_bytes_read(source->tape);
	return source->file ? bytes + wt_capture_file_offset(source->file) - source->base : bytes;
}

static void report_bytes(struct wt_timeline_input *source)
{
	struct wt_timeline_file *report = source->report;
	struct stat status;

	report->bytes_read = bytes_read(source);
	report->bytes_total = report->bytes_read;
	if (strcmp(source->path, "-") && !stat(source->path, &status) && S_ISREG(status.st_mode))
		report->bytes_total = (uint64_t)status.st_size;
}

static int take_first_chunk(struct wt_timeline *timeline, struct wt_timeline_input *source,
                            struct wt_error *err)
{
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	size_t length, at = 0;
	const uint8_t *bytes = wt_chunk_file_first_chunk(source->tape, &length);
	int rc;

	wt_pcapng_decoder_init(&decoder);
	while ((rc = wt_pcapng_decode(&decoder, bytes + at, length - at, true, &item, err)) > 0) {
		at += item.bytes;
		rc = take_item(timeline, source, &item, err);
		if (rc < 0)
			break;
	}
	wt_pcapng_decoder_fini(&decoder);
	return rc;
}

/* Rewind a tape to its first chunk. */
static void rewind_tape(struct wt_timeline_input *source)
{
	size_t first_bytes;

	wt_chunk_file_first_chunk(source->tape, &first_bytes);
	source->next = first_bytes;
	source->expected = 0;
	source->max_so_far_ns = INT64_MIN;
	source->chunk = NULL;
	source->has_packet = false;
	source->ended = false;
	source->behind = false;
	source->has_stamp = source->had_stamp_before;
	source->stamp_ns = source->stamp_before_ns;
	source->report->missing = source->missing_before;
	source->report->left_out = source->left_out_before;
}

static int open_tape(struct wt_timeline *timeline, struct wt_timeline_input *source,
                     struct wt_error *err)
{
	struct wt_error why;
	uint64_t after;
	int rc = wt_chunk_file_last(source->tape, &source->last, &why);

	if (!rc)
		source->last = (struct wt_chunk_index){0};
	if (rc >= 0)
		rc = wt_chunk_file_after(source->tape, &source->last, &after, &why);
	if (rc < 0)
		return wt_timeline_failed(source, rc, &why, err);
	source->next_base = rc ? source->base + after : 0;
	source->report->has_chunks = true;
	report_bytes(source);
	rewind_tape(source);
	return take_first_chunk(timeline, source, err);
}

/* Open the part at the source's base: as a tape if it is one and the file is seekable, else as any
 * other file. */
static int open_part(struct wt_timeline *timeline, struct wt_timeline_input *source,
                     struct wt_error *err)
{
	struct wt_error why;
	int rc;

	if (strcmp(source->path, "-") &&
	    !wt_chunk_file_open(&source->tape, source->path, source->base, NULL))
		return open_tape(timeline, source, err);
	rc = wt_capture_file_open_until(&source->file, source->path, source->base,
	                                timeline->config.patience, &why);
	if (rc)
		return wt_timeline_failed(source, rc, &why, err);
	if (timeline->hooks)
		wt_capture_file_keep(source->file, WT_PCAPNG_MAX_BLOCK_BYTES);
	report_bytes(source);
	return 0;
}

static void close_part(struct wt_timeline_input *source)
{
	report_bytes(source);
	source->bytes_before = source->report->bytes_read - source->bytes_beside;
	wt_chunk_file_close(source->tape);
	source->tape = NULL;
	wt_capture_file_close(source->file);
	source->file = NULL;
}

/* Seek a tape to the start of the range. */
static int seek_tape(struct wt_timeline *timeline, struct wt_timeline_input *source,
                     struct wt_error *err)
{
	struct wt_chunk_index before;
	struct wt_error why;
	int rc;

	rewind_tape(source);
	if (timeline->hooks)
		timeline->hooks->rewound(timeline->hooks->context, source);
	if (!source->last.number || !timeline->range.has_from || source->from_start)
		return 0;
	rc = wt_chunk_file_seek(source->tape, timeline->range.from_ns, &source->last,
	                        &source->index, &before, &why);
	if (rc < 0)
		return wt_timeline_failed(source, rc, &why, err);
	/* Or it ends before the range begins. */
	source->next = rc ? source->index.offset : source->last.offset + 1;
	if (!rc)
		return 0;
	source->expected = before.packets_before + before.packets;
	if (before.number)
		source->max_so_far_ns = before.max_so_far_ns;
	return 0;
}

/* Begin the next part of the file: 1, or 0 if there is none. */
static int begin_next(struct wt_timeline *timeline, struct wt_timeline_input *source,
                      struct wt_error *err)
{
	int rc;

	if (!source->next_base)
		return 0;
	close_part(source);
	source->base = source->next_base;
	source->next_base = 0;
	source->missing_before = source->report->missing;
	source->left_out_before = source->report->left_out;
	source->stamp_before_ns = source->stamp_ns;
	source->had_stamp_before = source->has_stamp;
	rc = open_part(timeline, source, err);
	if (!rc && source->tape && source->is_sought)
		rc = seek_tape(timeline, source, err);
	return rc ? rc : 1;
}

int wt_timeline_advance(struct wt_timeline *timeline, struct wt_timeline_input *source,
                        struct wt_error *err)
{
	int rc, more = 1;

	do {
		rc = source->tape ? next_of_tape(timeline, source, err)
		                  : next_of_file(timeline, source, err);
		if (!rc)
			more = begin_next(timeline, source, err);
	} while (!rc && more > 0);
	if (more < 0)
		rc = more;
	source->has_packet = rc > 0;
	source->ended = rc <= 0;
	return rc < 0 ? rc : 0;
}

/* Whether the range and the filter take the packet: 1 or 0, or a negative errno. */
static int is_wanted(struct wt_timeline *timeline, struct wt_timeline_input *source,
                     struct wt_error *err)
{
	const struct wt_timeline_range *range = &timeline->range;
	int64_t ns = source->stamp_ns;

	if (!source->has_packet || (range->has_from && ns < range->from_ns) ||
	    (range->has_to && ns >= range->to_ns))
		return 0;
	return wt_timeline_passes(timeline, source, err);
}

int wt_timeline_settle(struct wt_timeline *timeline, struct wt_timeline_input *source,
                       struct wt_error *err)
{
	int rc = 0;

	while (!source->ended && (rc = is_wanted(timeline, source, err)) == 0) {
		source->behind |= source->has_packet && is_behind(timeline, source->stamp_ns);
		rc = wt_timeline_advance(timeline, source, err);
		if (rc)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

/* Find the latest stamp in the rest of a file that is read from its beginning. */
static int last_of_file(struct wt_timeline *timeline, struct wt_timeline_input *source,
                        int64_t *last_ns, struct wt_error *err)
{
	int rc;

	while ((rc = next_of_file(timeline, source, err)) > 0)
		if (!source->item.packet.stamp_saturated && source->stamp_ns > *last_ns)
			*last_ns = source->stamp_ns;
	return rc;
}

int wt_timeline_find_last(struct wt_timeline *timeline, struct wt_timeline_input *source,
                          int64_t *last_ns, struct wt_error *err)
{
	int rc;

	do {
		rc = source->tape ? 0 : last_of_file(timeline, source, last_ns, err);
		/* Without a chunk of packets the index says INT64_MIN, or there is none. */
		if (source->tape && source->last.number && source->last.max_so_far_ns > *last_ns)
			*last_ns = source->last.max_so_far_ns;
		if (!rc)
			rc = begin_next(timeline, source, err);
	} while (rc > 0);
	return rc;
}

int wt_timeline_open_input(struct wt_timeline *timeline, struct wt_timeline_input *source,
                           struct wt_error *err)
{
	source->stamp_before_ns = INT64_MIN;
	return open_part(timeline, source, err);
}

int wt_timeline_seek(struct wt_timeline *timeline, struct wt_timeline_input *source,
                     struct wt_error *err)
{
	source->is_sought = true;
	return source->tape ? seek_tape(timeline, source, err) : 0;
}

void wt_timeline_close_input(struct wt_timeline_input *source)
{
	close_part(source);
	wt_identity_clear(&source->alike);
	free(source->interfaces);
}
