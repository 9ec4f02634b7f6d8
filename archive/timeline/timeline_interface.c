/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/timeline/timeline_private.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/base/grow.h>
#include <wiretape/pcapng/pcapng_copy.h>

int wt_timeline_passes(struct wt_timeline *timeline, struct wt_timeline_input *source,
                       struct wt_error *err)
{
	const struct section_interface *entry;

	if (!timeline->filter)
		return 1;
	entry = &source->interfaces[source->item.packet.interface_id];
	return wt_file_filter_passes(timeline->filter, &source->item,
	                             timeline->interfaces[entry->number].name,
	                             &source->report->unfiltered, err);
}

static int no_memory(struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM, "no memory for the interfaces");
}

static int copy_text(char **copy, struct wt_pcapng_item_text text)
{
	*copy = text.chars ? strndup(text.chars, text.length) : NULL;
	return text.chars && !*copy ? -ENOMEM : 0;
}

static void free_texts(struct timeline_interface *interface)
{
	free(interface->name);
	free(interface->clock);
}

static int describe(struct timeline_interface *interface, const struct wt_timeline_input *source,
                    const struct wt_pcapng_item_interface *fields, struct wt_error *err)
{
	*interface = (struct timeline_interface){0};
	if (copy_text(&interface->name, fields->name) ||
	    copy_text(&interface->clock, fields->clock)) {
		free_texts(interface);
		return no_memory(err);
	}
	interface->is = (struct wt_timeline_interface){
	        .file = source->number,
	        .name = interface->name,
	        .clock = interface->clock,
	        .snaplen = fields->snaplen,
	        .link_type = fields->link_type,
	        .tsresol = fields->tsresol,
	        .tsoffset_s = fields->tsoffset_s,
	        .has_fcs = fields->has_fcs,
	        .fcs_bytes = fields->fcs_bytes,
	};
	return 0;
}

/* Rank an interface among those of its section described alike. */
static int count_alike(struct wt_timeline_input *source, struct section_interface *entry,
                       struct wt_error *err)
{
	uint32_t *count;
	int rc = wt_identity_note(&source->alike, entry->identity, &count);

	if (rc < 0)
		return no_memory(err);
	entry->ordinal = (*count)++;
	return 0;
}

static int new_interface(struct wt_timeline *timeline, const struct wt_timeline_input *source,
                         const struct wt_pcapng_item *item, struct wt_error *err)
{
	struct timeline_interface described, *interface;
	int rc = describe(&described, source, &item->interface, err);

	if (rc)
		return rc;
	interface = wt_grow((void **)&timeline->interfaces, &timeline->interface_count,
	                    &timeline->interface_room, sizeof(*interface));
	if (!interface) {
		free_texts(&described);
		return no_memory(err);
	}
	*interface = described;
	return 0;
}

/* Find the interface that an earlier section of the file, or of the recording in lanes, described
 * alike, or add it. */
static int find_or_add(struct wt_timeline *timeline, const struct wt_timeline_input *source,
                       const struct wt_pcapng_item *item, struct section_interface *entry,
                       struct wt_error *err)
{
	const uint64_t which[] = {source->is_lane ? source->mark.recording : source->number,
	                          entry->ordinal, source->is_lane};
	uint32_t *number;
	int rc = wt_identity_note(&timeline->known,
	                          wt_identity_add(entry->identity, which, sizeof(which)), &number);

	if (rc < 0)
		return no_memory(err);
	if (!*number) {
		rc = new_interface(timeline, source, item, err);
		if (rc)
			return rc;
		*number = (uint32_t)timeline->interface_count;
	}
	entry->number = *number - 1;
	return 0;
}

int wt_timeline_add_interface(struct wt_timeline *timeline, struct wt_timeline_input *source,
                              const struct wt_pcapng_item *item, struct wt_error *err)
{
	struct section_interface *entry =
	        wt_grow((void **)&source->interfaces, &source->interface_count,
	                &source->interface_room, sizeof(*entry));
	int rc;

	if (!entry)
		return no_memory(err);
	entry->identity = source->is_lane ? wt_pcapng_lane_identity(item, source->machine)
	                                  : wt_pcapng_identity(item, source->machine);
	rc = count_alike(source, entry, err);
	return rc ? rc : find_or_add(timeline, source, item, entry, err);
}

void wt_timeline_begin_section(struct wt_timeline_input *source,
                               const struct wt_pcapng_item_section *section)
{
	const struct wt_pcapng_item_text *tape = &section->tape;

	source->machine = wt_pcapng_machine(section);
	source->is_lane = tape->chars &&
	                  wt_tape_mark_parse(tape->chars, tape->length, &source->mark) &&
	                  source->mark.has_recording && source->mark.lanes;
	source->interface_count = 0;
	wt_identity_clear(&source->alike);
}

void wt_timeline_free_interfaces(struct wt_timeline *timeline)
{
	for (size_t i = 0; i < timeline->interface_count; i++)
		free_texts(&timeline->interfaces[i]);
	wt_identity_clear(&timeline->known);
	free(timeline->interfaces);
}

size_t wt_timeline_interface_count(const struct wt_timeline *timeline)
{
	return timeline->interface_count;
}

const struct wt_timeline_interface *wt_timeline_interface(const struct wt_timeline *timeline,
                                                          uint32_t number)
{
	assert(number < timeline->interface_count);
	return &timeline->interfaces[number].is;
}
