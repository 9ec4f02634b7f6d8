/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/cut/cut_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/grow.h>

enum {
	NOTES_MAX = 4096,    /* kept of an input: hours of one interface */
	AHEAD_CHUNKS = 1024, /* a map stands a little behind what names it; of small chunks that may
	                        be many */
	/* How far a search goes back at first, and how much further each time. */
	FIRST_STEP_BYTES = 64 << 10,
	STEP_FACTOR = 4,
	MISSING_MAX = 1024, /* no more are looked for: they are not there */
};

/* How far a search goes back for an interface whose packets name no map. */
static const int64_t unnamed_ns = 32000000000;

/* ---- maps ---- */

/* What is asked for is mostly a new one, or among the last. */
static bool contains(const struct map_numbers *numbers, uint32_t number)
{
	if (number > numbers->largest)
		return false;
	for (size_t i = numbers->count; i; i--)
		if (numbers->numbers[i - 1] == number)
			return true;
	return false;
}

static int no_memory(struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM, "no memory for what is known of the clocks");
}

static int add_number(struct map_numbers *numbers, uint32_t number, struct wt_error *err)
{
	uint32_t *added = wt_grow((void **)&numbers->numbers, &numbers->count, &numbers->room,
	                          sizeof(*added));

	if (!added)
		return no_memory(err);
	*added = number;
	if (number > numbers->largest)
		numbers->largest = number;
	return 0;
}

static uint32_t map_of(const struct wt_clock_note *note)
{
	return note->what == WT_CLOCK_NOTE_CHANGE ? 0 : note->map.number;
}

bool wt_cut_is_hardware(const char *clock)
{
	static const char word[] = "source=hardware";
	const char *at = clock ? strstr(clock, word) : NULL;
	char end = at ? at[sizeof(word) - 1] : '\0';

	return at && (at == clock || at[-1] == ' ') && (!end || end == ' ');
}

/* ---- notes that were seen ---- */

static int keep(struct source *source, const struct wt_clock_note *note, struct wt_error *err)
{
	struct wt_clock_note *kept;

	if (source->note_count == NOTES_MAX) {
		source->note_count /= 2;
		memmove(source->notes, source->notes + source->note_count,
		        source->note_count * sizeof(*kept));
	}
	kept = wt_grow((void **)&source->notes, &source->note_count, &source->note_room,
	               sizeof(*kept));
	if (!kept)
		return no_memory(err);
	*kept = *note;
	return 0;
}

/* Those of the first chunk may be much older than what follows. */
static void note_lowest(struct source_interface *interface, uint32_t number)
{
	if (number && (!interface->lowest_map || number < interface->lowest_map))
		interface->lowest_map = number;
}

static void forget_lowest(struct source *source)
{
	for (size_t i = 0; i < source->interface_count; i++)
		source->interfaces[i].lowest_map = 0;
}

static const struct wt_clock_note *find_note(const struct source *source, uint32_t interface_id,
                                             uint32_t number)
{
	for (size_t i = source->note_count; i; i--) {
		const struct wt_clock_note *note = &source->notes[i - 1];

		if (note->interface_id == interface_id && map_of(note) == number)
			return note;
	}
	return NULL;
}

/* The map in force: their numbers rise. */
static const struct wt_clock_note *find_latest(const struct source *source, uint32_t interface_id)
{
	const struct wt_clock_note *latest = NULL;

	for (size_t i = 0; i < source->note_count; i++) {
		const struct wt_clock_note *note = &source->notes[i];

		if (note->interface_id == interface_id && map_of(note) &&
		    (!latest || note->map.number > latest->map.number))
			latest = note;
	}
	return latest;
}

/* A block's note about an interface that is there. */
static bool read_note(const struct source *source, const struct wt_pcapng_item *item,
                      struct wt_clock_note *note)
{
	return item->block_type == WT_PCAPNG_CLOCK &&
	       wt_clock_note_parse(item->body, item->body_bytes, note) &&
	       note->interface_id < source->interface_count;
}

struct clock_birth wt_cut_birth(const struct source *source, uint32_t interface_id)
{
	struct clock_birth birth = {0};
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	struct wt_clock_note note;
	const uint8_t *bytes;
	size_t length, at = 0;

	if (!source->input->tape)
		return birth;
	bytes = wt_tape_reader_first_chunk(source->input->tape, &length);
	wt_pcapng_decoder_init(&decoder);
	for (; wt_pcapng_decode(&decoder, bytes + at, length - at, true, &item, NULL) > 0;
	     at += item.bytes)
		if (item.block_type == WT_PCAPNG_CLOCK &&
		    wt_clock_note_parse(item.body, item.body_bytes, &note) &&
		    note.interface_id == interface_id && map_of(&note))
			birth = (struct clock_birth){true, note.map.epoch, note.map.born_utc_ns};
	wt_pcapng_decoder_fini(&decoder);
	return birth;
}

/* ---- writing them ---- */

static struct output_interface *output_of(const struct cut *cut, const struct source *source,
                                          uint32_t interface_id)
{
	return &cut->interfaces[source->interfaces[interface_id].id];
}

static int write_note(struct cut *cut, const struct source *source,
                      const struct wt_clock_note *note, struct wt_error *err)
{
	struct output_interface *interface = output_of(cut, source, note->interface_id);
	struct wt_clock_note copy = *note;
	int rc = wt_cut_reserve(cut, WT_CLOCK_NOTE_BYTES_MAX, err);

	copy.interface_id = source->interfaces[note->interface_id].id;
	if (!rc)
		rc = wt_cut_take(
		        cut,
		        wt_clock_note_encode(cut->buffer + cut->used, cut->room - cut->used, &copy),
		        err);
	if (rc || !map_of(note) || contains(&interface->written, note->map.number))
		return rc;
	return add_number(&interface->written, note->map.number, err);
}

/* Between packets of the range all are written; behind it one, so that there is one on both
 * sides of every packet, and what a packet still waits for. */
static bool is_due(const struct cut *cut, struct source *source, const struct wt_clock_note *note)
{
	struct source_interface *interface = &source->interfaces[note->interface_id];
	const struct output_interface *output = output_of(cut, source, note->interface_id);

	if (note->what == WT_CLOCK_NOTE_MAP && contains(&output->written, note->map.number))
		return false;
	if (map_of(note) && contains(&output->missing, note->map.number) &&
	    !contains(&output->written, note->map.number))
		return true;
	if (!source->begun)
		return false;
	if (source->input->behind && interface->closed_behind == source->input->report->packets)
		return false;
	if (source->input->behind)
		interface->closed_behind = source->input->report->packets;
	return true;
}

int wt_cut_take_clock(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                      struct wt_error *err)
{
	struct wt_clock_note note;
	int rc;

	if (!read_note(source, item, &note))
		return 0;
	if (source->input->chunk)
		note_lowest(&source->interfaces[note.interface_id], map_of(&note));
	if (is_due(cut, source, &note))
		return write_note(cut, source, &note, err);
	rc = keep(source, &note, err);
	if (source->input->tape && !source->input->chunk)
		source->first_notes = source->note_count;
	return rc;
}

bool wt_cut_wants_clocks(struct source *source, const struct wt_chunk_index *index)
{
	if (!(index->flags & WT_CHUNK_CLOCKS))
		return false;
	/* Also behind the range, as long as packets of it may come that name them. */
	if (source->begun || source->is_searched)
		return true;
	/* What is before the first packet of the range a search finds with less reading. It
	 * must not take older maps, of a chunk that was read, for the ones in force. */
	forget_lowest(source);
	return false;
}

/* ---- looking for them in a tape ---- */

/* Another reader of the same tape, since what the timeline has read is still needed. */
static bool open_scout(struct source *source)
{
	if (!source->scout &&
	    !wt_tape_reader_open(&source->scout, source->input->path, source->input->base, NULL) &&
	    wt_tape_reader_tape_id(source->scout) != wt_tape_reader_tape_id(source->input->tape)) {
		wt_tape_reader_close(source->scout);
		source->scout = NULL;
	}
	return source->scout != NULL;
}

static void close_scout(struct source *source)
{
	if (source->scout)
		source->input->bytes_beside += wt_tape_reader_bytes_read(source->scout);
	wt_tape_reader_close(source->scout);
	source->scout = NULL;
}

void wt_cut_begin_search(struct source *source, bool is_searched)
{
	close_scout(source);
	source->searched_from = source->step_bytes = 0;
	source->is_searched = is_searched;
}

/* All notes of a chunk, if it is whole. */
static int collect(struct source *source, const struct wt_chunk_index *index, struct wt_error *err)
{
	struct wt_pcapng_item item;
	struct wt_clock_note note;
	struct wt_error why;
	const uint8_t *bytes;
	size_t at = 0;
	int rc = wt_tape_reader_chunk(source->scout, index, &bytes, &why);

	if (rc <= 0)
		return rc ? wt_timeline_failed(source->input, rc, &why, err) : 0;
	rc = 0;
	while (!rc && wt_tape_reader_decode(source->scout, index, bytes, &at, &item, NULL) > 0) {
		if (!read_note(source, &item, &note))
			continue;
		note_lowest(&source->interfaces[note.interface_id], map_of(&note));
		rc = keep(source, &note, err);
	}
	return rc;
}

/* What a search is for: a map; or, if the number is 0, one of each interface that has any. */
struct wanted {
	uint32_t interface_id;
	uint32_t number;
};

static bool is_found(const struct source *source, const struct wanted *wanted)
{
	if (wanted->number)
		return find_note(source, wanted->interface_id, wanted->number) != NULL;
	for (size_t i = 0; i < source->interface_count; i++)
		if (source->interfaces[i].is_hardware && !source->interfaces[i].lowest_map)
			return false;
	return true;
}

struct chunk_list {
	struct wt_chunk_index *chunks;
	size_t count, room;
};

/* The chunks with notes from `offset` up to `end`, by their indexes alone. */
static int list_chunks(struct source *source, uint64_t offset, uint64_t end,
                       struct chunk_list *list, struct wt_error *err)
{
	struct wt_chunk_index index, *added;
	struct wt_error why;
	int rc;

	while (offset < end) {
		rc = wt_tape_reader_find(source->scout, offset, end, &index, &why);
		if (rc <= 0)
			return rc ? wt_timeline_failed(source->input, rc, &why, err) : 0;
		offset = index.offset + index.chunk_bytes;
		if (!(index.flags & WT_CHUNK_CLOCKS))
			continue;
		added = wt_grow((void **)&list->chunks, &list->count, &list->room, sizeof(*added));
		if (!added)
			return no_memory(err);
		*added = index;
	}
	return 0;
}

/* The nearest first: mostly that is enough. */
static int search_chunks(struct source *source, uint64_t offset, uint64_t end,
                         const struct wanted *wanted, struct wt_error *err)
{
	struct chunk_list list = {0};
	int rc = list_chunks(source, offset, end, &list, err);

	for (size_t i = list.count; i && !rc && !is_found(source, wanted); i--)
		rc = collect(source, &list.chunks[i - 1], err);
	free(list.chunks);
	return rc;
}

static void begin_search(struct source *source)
{
	if (source->step_bytes)
		return;
	source->searched_from = source->input->index.offset;
	source->searched_ns = source->input->index.max_so_far_ns;
	source->step_bytes = FIRST_STEP_BYTES;
}

/* Those chunks that start in the next step_bytes before what has been looked at. */
static int step_back(struct source *source, const struct wanted *wanted, struct wt_error *err)
{
	uint64_t end = source->searched_from, from;
	struct wt_chunk_index index;
	struct wt_error why;
	size_t first_bytes;
	int rc;

	wt_tape_reader_first_chunk(source->scout, &first_bytes);
	source->is_searched = end - first_bytes <= source->step_bytes;
	from = source->is_searched ? first_bytes : end - source->step_bytes;
	source->step_bytes *= STEP_FACTOR;
	rc = wt_tape_reader_find(source->scout, from, end, &index, &why);
	if (rc <= 0)
		return rc ? wt_timeline_failed(source->input, rc, &why, err) : 0;
	source->searched_from = index.offset;
	source->searched_ns = index.max_so_far_ns;
	return search_chunks(source, index.offset, end, wanted, err);
}

/* A number below the one that is wanted was seen: it does not stand before that. */
static bool is_ahead(const struct source *source, const struct wanted *wanted)
{
	uint32_t lowest = wanted->number ? source->interfaces[wanted->interface_id].lowest_map : 0;

	return lowest && lowest < wanted->number;
}

static int look_ahead(struct source *source, const struct wanted *wanted, struct wt_error *err)
{
	uint64_t at = source->input->index.offset;
	struct wt_chunk_index index;
	struct wt_error why;
	int rc = 0;

	for (int i = 0; i < AHEAD_CHUNKS && !rc && !is_found(source, wanted); i++) {
		rc = wt_tape_reader_find(source->scout, at, source->input->last.offset + 1, &index,
		                         &why);
		if (rc <= 0)
			return rc ? wt_timeline_failed(source->input, rc, &why, err) : 0;
		at = index.offset + index.chunk_bytes;
		rc = index.flags & WT_CHUNK_CLOCKS ? collect(source, &index, err) : 0;
	}
	return rc;
}

static int search_back(struct source *source, const struct wanted *wanted, int64_t until_ns,
                       struct wt_error *err)
{
	int rc = 0;

	begin_search(source);
	while (!rc && !source->is_searched && source->searched_ns >= until_ns &&
	       !is_found(source, wanted) && !is_ahead(source, wanted))
		rc = step_back(source, wanted, err);
	return rc;
}

static int search(struct source *source, const struct wanted *wanted, struct wt_error *err)
{
	int rc;

	if (!source->input->tape || !open_scout(source))
		return 0;
	rc = search_back(source, wanted, INT64_MIN, err);
	return rc ? rc : look_ahead(source, wanted, err);
}

/* ---- what a packet needs ---- */

static bool has_hardware(const struct source *source)
{
	for (size_t i = 0; i < source->interface_count; i++)
		if (source->interfaces[i].is_hardware)
			return true;
	return false;
}

/* The maps in force where the range begins. That of a tape's first chunk is one only if there is
 * no other behind it. */
static int begin_clocks(struct cut *cut, struct source *source, struct wt_error *err)
{
	const int64_t first_ns = source->input->item.packet.frame.stamp_ns;
	const struct wanted all = {0};
	int64_t until_ns;
	int rc = 0;

	if (__builtin_sub_overflow(first_ns, unnamed_ns, &until_ns))
		until_ns = INT64_MIN;
	source->begun = true;
	if (source->input->tape && !source->is_searched && has_hardware(source) &&
	    open_scout(source))
		rc = search_back(source, &all, until_ns, err);
	for (uint32_t i = 0; i < source->interface_count && !rc; i++) {
		const struct wt_clock_note *note = find_latest(source, i);
		bool is_in_force = !source->input->tape || source->is_searched ||
		                   source->interfaces[i].lowest_map;

		if (note && is_in_force &&
		    !contains(&output_of(cut, source, i)->written, note->map.number))
			rc = write_note(cut, source, note, err);
	}
	return rc;
}

/* Before its turn, if it stands behind the packet: then it comes again. */
static int write_named(struct cut *cut, struct source *source, const struct wanted *wanted,
                       struct wt_error *err)
{
	const struct wt_clock_note *note;
	struct wt_clock_note map;
	int rc = is_found(source, wanted) ? 0 : search(source, wanted, err);

	if (rc)
		return rc;
	note = find_note(source, wanted->interface_id, wanted->number);
	if (!note)
		return add_number(&output_of(cut, source, wanted->interface_id)->missing,
		                  wanted->number, err);
	map = *note;
	map.what = WT_CLOCK_NOTE_MAP;
	return write_note(cut, source, &map, err);
}

int wt_cut_write_clocks(struct cut *cut, struct source *source, struct wt_error *err)
{
	const struct wt_pcapng_item_packet *packet = &source->input->item.packet;
	const struct output_interface *output = output_of(cut, source, packet->interface_id);
	const struct wanted wanted = {packet->interface_id, packet->frame.map};
	int rc = source->begun ? 0 : begin_clocks(cut, source, err);

	if (rc || !(packet->frame.notes & WT_NOTE_GIVEN) || !wanted.number ||
	    output->missing.count == MISSING_MAX || contains(&output->written, wanted.number) ||
	    contains(&output->missing, wanted.number))
		return rc;
	return write_named(cut, source, &wanted, err);
}

void wt_cut_forget_clocks(struct source *source)
{
	if (source->note_count > source->first_notes)
		source->note_count = source->first_notes;
	forget_lowest(source);
	source->begun = false;
}

void wt_cut_free_clocks(struct source *source)
{
	close_scout(source);
	free(source->notes);
}
