/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_places.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/name_value.h>

/* Whether they are of one interface, if maybe in two lanes. */
static bool is_alike(const struct wt_place *a, const struct wt_place *b)
{
	return a->link_type == b->link_type && a->has_ledger == b->has_ledger &&
	       !strcmp(a->name, b->name) && !strcmp(a->description, b->description);
}

static bool is_same(const struct wt_place *a, const struct wt_place *b)
{
	return a->file.lane == b->file.lane && is_alike(a, b);
}

static bool is_same_recording(const struct wt_place_file *a, const struct wt_place_file *b)
{
	return a->is_numbered && b->is_numbered && a->recording == b->recording;
}

static bool has_lane(const struct wt_places *places, uint32_t interface, uint32_t lane)
{
	for (uint32_t i = 0; i < places->count; i++)
		if (places->list[i].interface == interface && places->list[i].file.lane == lane)
			return true;
	return false;
}

/* Find the interface that a new place is another lane of; that after the last: none. One that is
 * being read has to be of the same recording. */
static uint32_t find_interface(const struct wt_places *places, const struct wt_place *wanted)
{
	uint32_t i = 0;

	for (; i < places->count; i++) {
		const struct wt_place *place = &places->list[i];

		if (place->interface == i && is_alike(place, wanted) &&
		    !has_lane(places, i, wanted->file.lane) &&
		    (!place->user || is_same_recording(&place->file, &wanted->file)))
			break;
	}
	return i;
}

/* The gap between the last file that had it and this one, in words. */
static const char *gap_before(const struct wt_place *place, const struct wt_place_file *file)
{
	if (!place->was_used || !place->has_ledger)
		return NULL;
	if (!place->file.is_numbered && !file->is_numbered)
		return "files of old do not say whether they follow each other";
	if (!is_same_recording(&place->file, file))
		return "between two recordings nothing was recorded";
	if (!place->ended_well)
		return "the file before was not closed";
	if (file->number != place->file.number + 1)
		return "files of the recording are not here";
	return NULL;
}

bool wt_places_take(struct wt_places *places, const struct wt_place *wanted, const void *user,
                    uint32_t *index, const char **why)
{
	struct wt_place *place = places->list;

	*why = NULL;
	while (place < places->list + places->count && (place->user || !is_same(place, wanted)))
		place++;
	*index = (uint32_t)(place - places->list);
	if (*index == WT_PLACES_MAX)
		return false;
	if (*index == places->count) {
		*place = *wanted;
		place->interface = find_interface(places, wanted);
		place->was_used = false;
		places->count++;
	}
	*why = gap_before(place, &wanted->file);
	place->file = wanted->file;
	place->user = user;
	place->was_used = true;
	return true;
}

void wt_places_release(struct wt_places *places, const void *user, bool ended_well)
{
	for (uint32_t i = 0; i < places->count; i++) {
		struct wt_place *place = &places->list[i];

		if (place->user != user)
			continue;
		place->user = NULL;
		place->ended_well = ended_well;
	}
}

/* Lines end with a newline, and a zero ends all: neither may be in a value. */
static void put_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, "%s=", name);
	for (; *text; text++)
		if (iscntrl((unsigned char)*text) || *text == '%')
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, out);
	fputc('\n', out);
}

static void put_place(FILE *out, const struct wt_place *place)
{
	put_text(out, "interface", place->name);
	put_text(out, "description", place->description);
	fprintf(out, "link_type=%u\nledger=%d\nclosed=%d\n", place->link_type, place->has_ledger,
	        place->ended_well);
	if (place->file.is_numbered)
		fprintf(out, "recording=%" PRIu64 "\nfile=%" PRIu32 "\n", place->file.recording,
		        place->file.number);
	if (place->file.lane)
		fprintf(out, "lane=%" PRIu32 "\n", place->file.lane);
}

char *wt_places_save(const struct wt_places *places)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	bool failed;

	if (!out)
		return NULL;
	for (uint32_t i = 0; i < places->count; i++)
		put_place(out, &places->list[i]);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Read a text; false if it is too long or has a % that means nothing. */
static bool read_text(const struct wt_name_value *line, char *out, size_t capacity)
{
	const char *at = line->value, *end = at + line->value_length;
	size_t length = 0;

	while (at < end && length + 1 < capacity) {
		if (*at != '%') {
			out[length++] = *at++;
			continue;
		}
		if (end - at < 3 || digit_of(at[1]) < 0 || digit_of(at[2]) < 0)
			return false;
		out[length++] = (char)(digit_of(at[1]) << 4 | digit_of(at[2]));
		at += 3;
	}
	out[length] = '\0';
	return at == end;
}

static bool read_flag(const struct wt_name_value *line, bool *flag)
{
	uint32_t value;

	if (!wt_value_u32(line, &value) || value > 1)
		return false;
	*flag = value;
	return true;
}

static bool read_link_type(const struct wt_name_value *line, uint16_t *link_type)
{
	uint32_t value;

	if (!wt_value_u32(line, &value) || value > UINT16_MAX)
		return false;
	*link_type = (uint16_t)value;
	return true;
}

/* A line about the last interface; those that are not known are let pass. */
static bool read_field(struct wt_place *place, const struct wt_name_value *line)
{
	if (wt_name_is(line, "description"))
		return read_text(line, place->description, sizeof(place->description));
	if (wt_name_is(line, "link_type"))
		return read_link_type(line, &place->link_type);
	if (wt_name_is(line, "ledger"))
		return read_flag(line, &place->has_ledger);
	if (wt_name_is(line, "closed"))
		return read_flag(line, &place->ended_well);
	if (wt_name_is(line, "recording")) {
		place->file.is_numbered = true;
		return wt_value_u64(line, &place->file.recording);
	}
	if (wt_name_is(line, "lane"))
		return wt_value_u32(line, &place->file.lane);
	return !wt_name_is(line, "file") || wt_value_u32(line, &place->file.number);
}

static bool read_line(struct wt_places *places, const struct wt_name_value *line)
{
	struct wt_place *place;

	if (!wt_name_is(line, "interface"))
		return places->count && read_field(&places->list[places->count - 1], line);
	if (places->count == WT_PLACES_MAX)
		return false;
	place = &places->list[places->count++];
	*place = (struct wt_place){.was_used = true};
	return read_text(line, place->name, sizeof(place->name));
}

/* Find the interfaces of places that were loaded, in the order in which they were new. */
static void join_lanes(struct wt_places *places)
{
	const uint32_t count = places->count;

	for (places->count = 0; places->count < count; places->count++) {
		struct wt_place *place = &places->list[places->count];

		place->interface = find_interface(places, place);
	}
}

int wt_places_load(struct wt_places *places, const char *text, size_t bytes, struct wt_error *err)
{
	struct wt_name_value line;
	const char *at = text;
	size_t left = bytes;
	unsigned number = 0;
	int rc;

	places->count = 0;
	while ((rc = wt_name_value_next(&at, &left, &line)) > 0) {
		number++;
		if (!read_line(places, &line))
			return wt_error_set(err, -EBADMSG, "line %u of its interfaces is wrong",
			                    number);
	}
	if (rc < 0 || left)
		return wt_error_set(err, -EBADMSG, "line %u of its interfaces is no name=value",
		                    number + 1);
	join_lanes(places);
	return 0;
}
