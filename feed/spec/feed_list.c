/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed_spec_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM_FIRST = 64,
	/* Slots of the index for each channel that there is room for: a name and up to three
	 * addresses fill half of it. */
	SLOTS_PER_CHANNEL = 8,
	/* An entry is 1 + 4 * the channel's number + its kind: a side, or the name. */
	KINDS = 4,
	CUSTOM_CHARS_MAX = 255,
	NAME = WT_FEED_SIDES,
};
_Static_assert(NAME < KINDS, "sides and the name");

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	while (count--)
		hash = (hash ^ *at++) * 0x100000001b3u;
	return hash;
}

static uint64_t hash_of(const struct wt_feed_channel *channel, unsigned kind)
{
	const struct wt_feed_address *address = &channel->sides[kind % WT_FEED_SIDES];
	uint64_t hash = 0xcbf29ce484222325u + (kind == NAME);

	if (kind == NAME) {
		hash = hash_bytes(hash, channel->name, strlen(channel->name));
	} else {
		hash = hash_bytes(hash, address->ip, sizeof(address->ip));
		hash = hash_bytes(hash, &address->port, sizeof(address->port));
		hash = hash_bytes(hash, address->interface, strlen(address->interface));
	}
	return hash ^ hash >> 32;
}

static bool same_address(const struct wt_feed_address *a, const struct wt_feed_address *b)
{
	return a->used && b->used && a->is_ipv6 == b->is_ipv6 && a->port == b->port &&
	       !memcmp(a->ip, b->ip, sizeof(a->ip)) && !strcmp(a->interface, b->interface);
}

/* Whether an entry is about the same name or address. */
static bool same(const struct wt_feed_channels *channels, uint32_t entry,
                 const struct wt_feed_channel *channel, unsigned kind)
{
	const struct wt_feed_channel *other = &channels->list[(entry - 1) / KINDS];
	unsigned other_kind = (entry - 1) % KINDS;

	if (kind == NAME || other_kind == NAME)
		return kind == other_kind && !strcmp(other->name, channel->name);
	return same_address(&other->sides[other_kind], &channel->sides[kind]);
}

/* Find the slot of an equal entry, or the free one where it would be. */
static uint32_t *find_slot(const struct wt_feed_channels *channels,
                           const struct wt_feed_channel *channel, unsigned kind)
{
	size_t mask = channels->room * SLOTS_PER_CHANNEL - 1;
	size_t at = hash_of(channel, kind) & mask;

	while (channels->index[at] && !same(channels, channels->index[at], channel, kind))
		at = (at + 1) & mask;
	return &channels->index[at];
}

static bool has(const struct wt_feed_channel *channel, unsigned kind)
{
	return kind == NAME || channel->sides[kind].used;
}

static void index_channel(struct wt_feed_channels *channels, size_t number)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		if (has(&channels->list[number], kind))
			*find_slot(channels, &channels->list[number], kind) =
			        (uint32_t)(1 + KINDS * number + kind);
}

static void index_all(struct wt_feed_channels *channels)
{
	memset(channels->index, 0, channels->room * SLOTS_PER_CHANNEL * sizeof(*channels->index));
	for (size_t i = 0; i < channels->count; i++)
		index_channel(channels, i);
}

static int make_room(struct wt_feed_channels *channels)
{
	size_t room = channels->room ? 2 * channels->room : ROOM_FIRST;
	struct wt_feed_channel *list;
	uint32_t *index;

	if (channels->count < channels->room)
		return 0;
	list = realloc(channels->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	channels->list = list;
	index = malloc(room * SLOTS_PER_CHANNEL * sizeof(*index));
	if (!index)
		return -ENOMEM;
	free(channels->index);
	channels->index = index;
	channels->room = room;
	index_all(channels);
	return 0;
}

/* "" or " (line 12)" of the earlier one. */
static const char *line_text(const struct wt_feed_channel *channel, char text[32])
{
	text[0] = '\0';
	if (channel->line)
		snprintf(text, 32, " (line %u)", channel->line);
	return text;
}

static int refuse_twice(const struct wt_feed_channels *channels, uint32_t entry,
                        const struct wt_feed_channel *channel, unsigned kind,
                        const struct wt_feed_place *place)
{
	const struct wt_feed_channel *other = &channels->list[(entry - 1) / KINDS];
	char address[WT_FEED_INTERFACE_BYTES + 64], line[32];

	line_text(other, line);
	if (kind == NAME)
		return wt_feed_fail(place, -EEXIST,
		                    "there is a channel of the name '%s' already%s; give this one "
		                    "another",
		                    channel->name, line);
	wt_feed_address_text(&channel->sides[kind], address, sizeof(address));
	return wt_feed_fail(place, -EEXIST,
	                    "%s is side %s of '%s' and of '%s'%s; an address belongs to one of "
	                    "them, or each names its interface: %s@INTERFACE",
	                    address, wt_feed_side_name((enum wt_feed_side)kind), channel->name,
	                    other->name, line, address);
}

/* Refuse one address for two sides of a channel. */
static int refuse_own_twins(const struct wt_feed_channel *channel,
                            const struct wt_feed_place *place)
{
	char address[WT_FEED_INTERFACE_BYTES + 64];

	for (int a = 0; a < WT_FEED_SIDES; a++)
		for (int b = a + 1; b < WT_FEED_SIDES; b++)
			if (same_address(&channel->sides[a], &channel->sides[b])) {
				wt_feed_address_text(&channel->sides[a], address, sizeof(address));
				return wt_feed_fail(
				        place, -EEXIST,
				        "%s is both side %s and side %s of '%s'; sides "
				        "differ in address or in @INTERFACE",
				        address, wt_feed_side_name((enum wt_feed_side)a),
				        wt_feed_side_name((enum wt_feed_side)b), channel->name);
			}
	return 0;
}

static int refuse_duplicates(const struct wt_feed_channels *channels,
                             const struct wt_feed_channel *channel,
                             const struct wt_feed_place *place)
{
	int failed = refuse_own_twins(channel, place);

	for (unsigned kind = 0; !failed && kind < KINDS; kind++) {
		uint32_t entry = has(channel, kind) ? *find_slot(channels, channel, kind) : 0;

		if (entry)
			failed = refuse_twice(channels, entry, channel, kind, place);
	}
	return failed;
}

int wt_feed_list_append(struct wt_feed_channels *channels, const struct wt_feed_channel *channel,
                        const struct wt_feed_place *place)
{
	int failed;

	if (channels->count >= WT_FEED_CHANNELS_MAX)
		return wt_feed_fail(place, -EINVAL, "there are more than %d channels",
		                    WT_FEED_CHANNELS_MAX);
	if (make_room(channels))
		return wt_feed_fail(place, -ENOMEM, "no memory for more channels");
	failed = refuse_duplicates(channels, channel, place);
	if (failed)
		return failed;
	channels->list[channels->count] = *channel;
	index_channel(channels, channels->count);
	channels->count++;
	return 0;
}

/* A preset of its own and the text that it was made of. */
struct custom {
	struct wt_preset preset;
	char text[];
};

static struct wt_preset *make_custom(const char *text, struct wt_error *err)
{
	struct custom *custom = calloc(1, sizeof(*custom) + strlen(text) + 1);

	if (!custom) {
		wt_error_set(err, -ENOMEM, "no memory for another preset");
		return NULL;
	}
	strcpy(custom->text, text);
	if (wt_preset_custom(&custom->preset, custom->text + strlen("custom:"), err)) {
		free(custom);
		return NULL;
	}
	custom->preset.name = custom->text;
	return &custom->preset;
}

int wt_feed_list_custom(struct wt_feed_channels *channels, const char *text,
                        const struct wt_preset **preset, const struct wt_feed_place *place)
{
	size_t count = channels->custom_count;
	struct wt_error err = {0};
	struct wt_preset **grown;
	struct wt_preset *made;

	/* A file repeats it line after line. */
	if (count && !strcmp(channels->custom[count - 1]->name, text)) {
		*preset = channels->custom[count - 1];
		return 0;
	}
	if (strlen(text) > CUSTOM_CHARS_MAX)
		return wt_feed_fail(place, -EINVAL, "'%.60s…' has more than %d characters", text,
		                    CUSTOM_CHARS_MAX);
	made = make_custom(text, &err);
	if (!made)
		return wt_feed_fail(place, err.code ? err.code : -EINVAL, "%s", err.text);
	grown = realloc(channels->custom, (count + 1) * sizeof(*grown));
	if (!grown) {
		free(made);
		return wt_feed_fail(place, -ENOMEM, "no memory for another preset");
	}
	channels->custom = grown;
	channels->custom[channels->custom_count++] = made;
	*preset = made;
	return 0;
}

void wt_feed_list_truncate(struct wt_feed_channels *channels, size_t count, size_t custom_count)
{
	while (channels->custom_count > custom_count)
		free(channels->custom[--channels->custom_count]);
	if (channels->count == count)
		return;
	channels->count = count;
	index_all(channels);
}

void wt_feed_channels_free(struct wt_feed_channels *channels)
{
	for (size_t i = 0; i < channels->custom_count; i++)
		free(channels->custom[i]);
	free(channels->custom);
	free(channels->list);
	free(channels->index);
	*channels = (struct wt_feed_channels){0};
}
