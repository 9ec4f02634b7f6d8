/* SPDX-License-Identifier: BSD-2-Clause */
#include "feeds.h"

#include <wiretape/cli/json_output.h>

#include <string.h>

/* A group, for output; NULL, INT64_MIN, an empty text: not known. */
struct group {
	struct wt_recognised seen;
	char group[WT_FEED_INTERFACE_BYTES + 64], first_bytes[2 * WT_RECOGNISE_FIRST_BYTES + 1];
	char name[WT_FEED_NAME_BYTES];
	const char *preset, *or_else, *sureness, *kind, *side;
	int64_t other_side, content_percent;
	double packets_per_second; /* 0: not known */
};
_Static_assert(sizeof(struct group) <= sizeof(union wt_number_room), "made in the room");

static void read_rate(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct group *group = subject;

	(void)row;
	if (group->packets_per_second > 0)
		wt_value_real(value, group->packets_per_second);
}

#define SUBJECT                   struct group
#define KNOWN(field, name, words) WT_KNOWN(field, name, WT_KIND_GAUGE, WT_IN_NONE, words)
static const struct wt_number group_rows[] = {
        WT_CHARS(group, "group", "the address that packets go to"),
        WT_COUNT(seen.address.port, "port", "and the port"),
        WT_CHARS(seen.address.interface, "interface", "where they arrive; null: not said"),
        WT_COUNT(seen.packets, "packets", "packets to it"),
        WT_BYTES(seen.bytes, "payload_bytes", "bytes of their payloads, on the wire"),
        WT_KNOWN_TIME(seen.first_ns, "first_ns", "the earliest stamp"),
        WT_KNOWN_TIME(seen.last_ns, "last_ns", "the latest stamp"),
        WT_READ(read_rate, "packets_per_second", WT_KIND_GAUGE, WT_IN_PER_SECOND,
                "the mean rate; null: it cannot be told"),
        WT_COUNT(seen.vlan, "vlan", "packets with a VLAN tag"),
        WT_COUNT(seen.sources, "sources", "addresses and ports they come from, up to 16"),
        WT_COUNT(seen.cut, "truncated", "packets of which not all of the payload is here"),
        WT_CHARS(first_bytes, "first_bytes", "how the first payload begins, hexadecimal"),
        WT_TEXT(preset, "preset", "the transport; null: not recognised"),
        WT_TEXT(or_else, "or", "one that cannot be told from it"),
        WT_COUNT(seen.percent, "percent", "how sure that is"),
        WT_TEXT(sureness, "sureness", "the same in a word"),
        WT_TEXT(kind, "kind", "live, loop or retransmission"),
        WT_CHARS(seen.holds, "holds", "what speaks for it"),
        WT_CHARS(seen.channel, "channel", "of the first packet; null: it names none"),
        WT_CHARS(seen.session, "session", "of the first packet; null: it names none"),
        WT_COUNT(seen.streams, "streams", "channels and sessions in it, up to 32"),
        WT_COUNT(seen.restarts, "restarts", "times that numbers began anew unsaid"),
        WT_TEXT(side, "side", "A or B"),
        KNOWN(other_side, "other_side",
              "the place in this list of the group with the same numbers"),
        WT_COUNT(seen.same_percent, "same_percent", "numbers that both have"),
        KNOWN(content_percent, "content_percent", "of these: with the same bytes"),
        WT_CHARS(name, "name", "its channel's name; null: it is no first side of one"),
        {0},
};
#undef SUBJECT

struct view {
	const struct wt_recogniser *recogniser;
	const struct wt_feeds_source *source;
	struct wt_recogniser_totals totals;
};

/* The channel that a group is the first side of: groups before it are counted, too. */
static bool find_channel(const struct view *view, uint32_t index, struct wt_feed_channel *channel)
{
	struct wt_feeds_numbers numbers = {0};
	bool found = false;

	for (uint32_t i = 0; i <= index; i++)
		found = wt_feeds_channel(view->recogniser, i, &numbers, channel);
	return found;
}

/* "239.1.1.1" */
static void put_address(struct group *group)
{
	struct wt_feed_address address = group->seen.address;
	char *end;

	address.interface[0] = '\0';
	wt_feed_address_text(&address, group->group, sizeof(group->group));
	end = strrchr(group->group, ':');
	if (end)
		*end = '\0';
}

static void put_first_bytes(struct group *group)
{
	static const char digits[] = "0123456789abcdef";
	char *to = group->first_bytes;

	for (size_t i = 0; i < group->seen.first_bytes; i++) {
		*to++ = digits[group->seen.first[i] >> 4];
		*to++ = digits[group->seen.first[i] & 0xf];
	}
	*to = '\0';
}

static const void *next_group(const struct wt_number *row, const void *subject, size_t index,
                              union wt_number_room *room)
{
	const struct view *view = subject;
	struct group *group = (struct group *)room->bytes;
	struct wt_feed_channel channel;
	const struct wt_recognised *seen;

	(void)row;
	if (index >= wt_recogniser_count(view->recogniser))
		return NULL;
	seen = wt_recogniser_group(view->recogniser, (uint32_t)index);
	*group = (struct group){
	        .seen = *seen,
	        .preset = seen->preset ? seen->preset->name : NULL,
	        .or_else = seen->or_else ? seen->or_else->name : NULL,
	        .sureness = wt_recognised_word(seen->percent),
	        .kind = seen->preset ? wt_feed_kind_name(seen->kind) : NULL,
	        .side = !seen->preset ? NULL
	                : seen->is_b  ? "B"
	                              : "A",
	        .other_side = seen->other_side < 0 ? INT64_MIN : seen->other_side,
	        .content_percent = seen->other_side >= 0 && !seen->has_content
	                                   ? INT64_MIN
	                                   : (int64_t)seen->content_percent,
	        .packets_per_second = wt_feeds_rate(seen),
	};
	put_address(group);
	put_first_bytes(group);
	if (find_channel(view, (uint32_t)index, &channel))
		snprintf(group->name, sizeof(group->name), "%s", channel.name);
	return group;
}

struct channel {
	char name[WT_FEED_NAME_BYTES], line[1024];
	const char *preset, *kind;
};

#define SUBJECT struct channel
static const struct wt_number channel_rows[] = {
        WT_CHARS(name, "name", "its name"),
        WT_TEXT(preset, "preset", "its transport"),
        WT_TEXT(kind, "kind", "live, loop or retransmission"),
        WT_CHARS(line, "line", "its line of a feeds file"),
        {0},
};
#undef SUBJECT

static const void *next_channel(const struct wt_number *row, const void *subject, size_t index,
                                union wt_number_room *room)
{
	const struct view *view = subject;
	struct channel *channel = (struct channel *)room->bytes;
	struct wt_feeds_numbers numbers = {0};
	struct wt_feed_channel found;

	(void)row;
	for (uint32_t i = 0; i < wt_recogniser_count(view->recogniser); i++) {
		if (!wt_feeds_channel(view->recogniser, i, &numbers, &found) || index--)
			continue;
		*channel = (struct channel){.preset = found.preset->name,
		                            .kind = wt_feed_kind_name(found.kind)};
		snprintf(channel->name, sizeof(channel->name), "%s", found.name);
		wt_feed_channel_text(&found, channel->line, sizeof(channel->line));
		return channel;
	}
	return NULL;
}

static void read_lost(const struct wt_number *row, const void *subject, struct wt_value *value)
{
	const struct wt_feeds_source *source = ((const struct view *)subject)->source;

	(void)row;
	if (source->live)
		wt_value_unsigned(value, source->lost);
}

#define SUBJECT struct view
static const struct wt_number feeds_rows[] = {
        WT_COUNT(totals.frames, "packets", "packets that were looked at"),
        WT_COUNT(totals.udp, "udp", "of those: that went to a group below"),
        WT_COUNT(totals.other, "other", "of those: not UDP, or broken"),
        WT_COUNT(totals.tunnelled, "tunnelled",
                 "of those: with packets inside that are not looked at"),
        WT_COUNT(totals.fragments, "fragments", "later fragments of datagrams"),
        WT_COUNT(totals.unknown_link, "unknown_link", "packets on a link that is not understood"),
        WT_COUNT(totals.beyond_groups, "beyond_groups",
                 "packets of more groups than are told apart"),
        WT_READ(read_lost, "lost_total", WT_KIND_COUNTER, WT_IN_NONE,
                "packets for which there was no room; null: they are from files"),
        WT_LIST(next_channel, "channels", channel_rows, "what a feeds file would have"),
        WT_LIST(next_group, "groups", group_rows, "where packets go to"),
        {0},
};
#undef SUBJECT

const struct wt_document wt_feeds_document = {
        .command = "feeds",
        .help = "which feeds there are",
        .rows = feeds_rows,
};

bool wt_feeds_print_json(FILE *out, const struct wt_recogniser *recogniser,
                         const struct wt_feeds_source *source,
                         const struct wt_document_error *error)
{
	struct view view = {.recogniser = recogniser, .source = source};

	wt_recogniser_totals(recogniser, &view.totals);
	return wt_json_print(out, &wt_feeds_document, &view, error);
}

static const char *heartbeat_name(enum wt_feed_heartbeat heartbeat)
{
	static const char *const names[] = {
	        [WT_FEED_HEARTBEAT_NONE] = "none",
	        [WT_FEED_HEARTBEAT_NEXT] = "next",
	        [WT_FEED_HEARTBEAT_LAST] = "last",
	};

	return names[heartbeat];
}

struct preset {
	const char *name, *title, *unit, *heartbeat, *source, *doubt;
	uint64_t number_bits;
	int64_t heartbeat_ns;
};

#define SUBJECT struct preset
static const struct wt_number preset_rows[] = {
        WT_TEXT(name, "name", "its name in a feeds file"),
        WT_TEXT(title, "title", "the transport"),
        WT_TEXT(unit, "unit", "what its numbers count"),
        WT_COUNT(number_bits, "number_bits", "how wide these are"),
        WT_TEXT(heartbeat, "heartbeat", "what a heartbeat's number is: next, last or none"),
        WT_NS(heartbeat_ns, "heartbeat_ns", "how often they come"),
        WT_TEXT(source, "source", "the specification"),
        WT_TEXT(doubt, "doubt", "what is not sure; null: nothing"),
        {0},
};
#undef SUBJECT

static const void *next_preset(const struct wt_number *row, const void *subject, size_t index,
                               union wt_number_room *room)
{
	struct preset *preset = (struct preset *)room->bytes;
	const struct wt_preset *known;

	(void)row, (void)subject;
	if (index == wt_preset_count)
		return NULL;
	known = wt_presets[index];
	*preset = (struct preset){
	        .name = known->name,
	        .title = known->title,
	        .unit = wt_feed_unit_name(known->unit),
	        .heartbeat = heartbeat_name(known->heartbeat),
	        .source = known->source,
	        .doubt = known->doubt && *known->doubt ? known->doubt : NULL,
	        .number_bits = known->number_bits,
	        .heartbeat_ns = (int64_t)known->heartbeat_ms * 1000000,
	};
	return preset;
}

static const struct wt_number list_rows[] = {
        WT_LIST(next_preset, "presets", preset_rows, "the transports that are known"),
        {0},
};

const struct wt_document wt_feeds_list_document = {
        .command = "feeds --list",
        .help = "which transports are known",
        .rows = list_rows,
};

bool wt_feeds_list_json(FILE *out)
{
	return wt_json_print(out, &wt_feeds_list_document, wt_presets, NULL);
}
