/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/cut/cut_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/grow.h>

enum {
	NOTES_MAX = 4096,   /* kept of an input: hours of one interface */
	MISSING_MAX = 1024, /* no more are looked for: they are not there */
};

/* Search from the end: numbers asked for are mostly new, or among the last. */
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

static uint32_t map_of(const struct wt_clock_record *note)
{
	return note->what == WT_CLOCK_RECORD_CHANGE ? 0 : note->map.number;
}

bool wt_cut_is_hardware(const char *clock)
{
	static const char word[] = "source=hardware";
	const char *at = clock ? strstr(clock, word) : NULL;
	char end = at ? at[sizeof(word) - 1] : '\0';

	return at && (at == clock || at[-1] == ' ') && (!end || end == ' ');
}

static int keep(struct source *source, const struct wt_clock_record *note, struct wt_error *err)
{
	struct wt_clock_record *kept;

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

static const struct wt_clock_record *find_note(const struct source *source, uint32_t interface_id,
                                               uint32_t number)
{
	for (size_t i = source->note_count; i; i--) {
		const struct wt_clock_record *note = &source->notes[i - 1];

		if (note->interface_id == interface_id && map_of(note) == number)
			return note;
	}
	return NULL;
}

/* Find the map in force, which has the highest number. */
static const struct wt_clock_record *find_latest(const struct source *source, uint32_t interface_id)
{
	const struct wt_clock_record *latest = NULL;

	for (size_t i = 0; i < source->note_count; i++) {
		const struct wt_clock_record *note = &source->notes[i];

		if (note->interface_id == interface_id && map_of(note) &&
		    (!latest || note->map.number > latest->map.number))
			latest = note;
	}
	return latest;
}

/* Read a block's note; false unless its interface exists. */
static bool read_note(const struct source *source, const struct wt_pcapng_item *item,
                      struct wt_clock_record *note)
{
	return item->block_type == WT_PCAPNG_CLOCK &&
	       wt_clock_record_parse(item->body, item->body_bytes, note) &&
	       note->interface_id < source->interface_count;
}

struct clock_birth wt_cut_birth(const struct source *source, uint32_t interface_id)
{
	struct clock_birth birth = {0};
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	struct wt_clock_record note;
	const uint8_t *bytes;
	size_t length, at = 0;

	if (!source->input->tape)
		return birth;
	bytes = wt_chunk_file_first_chunk(source->input->tape, &length);
	wt_pcapng_decoder_init(&decoder);
	for (; wt_pcapng_decode(&decoder, bytes + at, length - at, true, &item, NULL) > 0;
	     at += item.bytes)
		if (item.block_type == WT_PCAPNG_CLOCK &&
		    wt_clock_record_parse(item.body, item.body_bytes, &note) &&
		    note.interface_id == interface_id && map_of(&note))
			birth = (struct clock_birth){true, note.map.epoch, note.map.born_utc_ns};
	wt_pcapng_decoder_fini(&decoder);
	return birth;
}

static struct output_interface *output_of(const struct cut *cut, const struct source *source,
                                          uint32_t interface_id)
{
	return &cut->interfaces[source->interfaces[interface_id].id];
}

static int write_note(struct cut *cut, const struct source *source,
                      const struct wt_clock_record *note, struct wt_error *err)
{
	struct output_interface *interface = output_of(cut, source, note->interface_id);
	struct wt_clock_record copy = *note;
	int rc = wt_cut_reserve(cut, WT_CLOCK_RECORD_BYTES_MAX, err);

	copy.interface_id = source->interfaces[note->interface_id].id;
	if (!rc)
		rc = wt_cut_take(cut,
		                 wt_clock_record_encode(cut->buffer + cut->used,
		                                        cut->room - cut->used, &copy),
		                 err);
	if (rc || !map_of(note) || contains(&interface->written, note->map.number))
		return rc;
	return add_number(&interface->written, note->map.number, err);
}

/* Whether to write a note. Between packets of the range: all. After it: one, so that every packet
 * has one on both sides, and those that a packet still waits for. */
static bool is_due(const struct cut *cut, struct source *source, const struct wt_clock_record *note)
{
	struct source_interface *interface = &source->interfaces[note->interface_id];
	const struct output_interface *output = output_of(cut, source, note->interface_id);

	if (note->what == WT_CLOCK_RECORD_MAP && contains(&output->written, note->map.number))
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
	struct wt_clock_record note;
	int rc;

	if (!read_note(source, item, &note))
		return 0;
	if (is_due(cut, source, &note))
		return write_note(cut, source, &note, err);
	rc = keep(source, &note, err);
	if (source->input->tape && !source->input->chunk)
		source->first_notes = source->note_count;
	return rc;
}

/* Each chunk has the maps that its packets name, so that nothing before it is needed. */
int wt_cut_take_maps(struct source *source, struct wt_error *err)
{
	const struct wt_timeline_input *input = source->input;
	struct wt_chunk_map map;
	int rc = 0;

	for (uint32_t i = 0; !rc && i < input->index.maps; i++) {
		wt_chunk_read_map(input->chunk, &input->index, wt_chunk_file_swapped(input->tape),
		                  i, &map);
		if (!map.map.number || map.interface_id >= source->interface_count ||
		    find_note(source, map.interface_id, map.map.number))
			continue;
		rc = keep(source,
		          &(struct wt_clock_record){
		                  .what = WT_CLOCK_RECORD_MAP,
		                  .interface_id = map.interface_id,
		                  .utc_ns = map.map.utc_ns,
		                  .map = map.map,
		          },
		          err);
	}
	return rc;
}

bool wt_cut_wants_clocks(const struct source *source, const struct wt_chunk_index *index)
{
	/* Also after the range, while packets of it that name them may still come. */
	return index->flags & WT_CHUNK_CLOCKS && (source->begun || source->input->from_start);
}

bool wt_cut_wants_all_clocks(const struct source *source)
{
	if (wt_chunk_file_has_maps(source->input->tape))
		return false;
	for (size_t i = 0; i < source->interface_count; i++)
		if (source->interfaces[i].is_hardware)
			return true;
	return false;
}

/* Write the map in force where an interface's packets begin, unless a later one is there. */
static int begin_clock(struct cut *cut, struct source *source, uint32_t interface_id,
                       struct wt_error *err)
{
	const struct wt_clock_record *note = find_latest(source, interface_id);

	source->interfaces[interface_id].begun = source->begun = true;
	if (!note || note->map.number <= output_of(cut, source, interface_id)->written.largest)
		return 0;
	return write_note(cut, source, note, err);
}

/* Write a named map that is known; one that is not may stand after the packet. */
static int write_named(struct cut *cut, struct source *source, uint32_t interface_id,
                       uint32_t number, struct wt_error *err)
{
	struct output_interface *output = output_of(cut, source, interface_id);
	const struct wt_clock_record *note;
	struct wt_clock_record map;

	if (output->missing.count == MISSING_MAX || contains(&output->written, number) ||
	    contains(&output->missing, number))
		return 0;
	note = find_note(source, interface_id, number);
	if (!note)
		return add_number(&output->missing, number, err);
	map = *note;
	map.what = WT_CLOCK_RECORD_MAP;
	return write_note(cut, source, &map, err);
}

int wt_cut_write_clocks(struct cut *cut, struct source *source, struct wt_error *err)
{
	const struct wt_pcapng_item_packet *packet = &source->input->item.packet;
	const uint32_t id = packet->interface_id;
	const bool names_map = packet->frame.notes & WT_FRAME_GIVEN && packet->frame.map;
	int rc = source->interfaces[id].begun ? 0 : begin_clock(cut, source, id, err);

	return !rc && names_map ? write_named(cut, source, id, packet->frame.map, err) : rc;
}

void wt_cut_forget_clocks(struct source *source)
{
	if (source->note_count > source->first_notes)
		source->note_count = source->first_notes;
	source->begun = false;
}

void wt_cut_free_clocks(struct source *source)
{
	free(source->notes);
}
