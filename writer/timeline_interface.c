/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/timeline_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/writer/grow.h>
#include <wiretape/writer/link_type.h>

enum { FILTER_SNAPLEN = 262144 };

/* ---- the filter ---- */

static int compile(struct filter_program *program, const char *filter, struct wt_error *err)
{
	int dlt = wt_link_type_dlt(program->link_type);
	const char *name = pcap_datalink_val_to_name(dlt);
	pcap_t *handle = pcap_open_dead(dlt, FILTER_SNAPLEN);
	int rc = 0;

	if (!handle)
		return wt_error_set(err, -ENOMEM, "no memory for the filter");
	if (pcap_compile(handle, &program->code, filter, 1, PCAP_NETMASK_UNKNOWN))
		rc = wt_error_set(err, -EINVAL, "filter '%s' on link type %s (%u): %s", filter,
		                  name ? name : "unknown", program->link_type, pcap_geterr(handle));
	pcap_close(handle);
	return rc;
}

/* The filter for a link type: *number in timeline->programs. */
static int find_program(struct wt_timeline *timeline, uint16_t link_type, size_t *number,
                        struct wt_error *err)
{
	struct filter_program *program;
	int rc;

	for (*number = 0; *number < timeline->program_count; ++*number)
		if (timeline->programs[*number].link_type == link_type)
			return 0;
	program = wt_grow((void **)&timeline->programs, &timeline->program_count,
	                  &timeline->program_room, sizeof(*program));
	if (!program)
		return wt_error_set(err, -ENOMEM, "no memory for the filter");
	program->link_type = link_type;
	rc = compile(program, timeline->config.filter, err);
	if (rc)
		timeline->program_count--;
	return rc;
}

bool wt_timeline_passes(const struct wt_timeline *timeline, const struct wt_timeline_source *source)
{
	const struct wt_pcapng_item_packet *packet = &source->item.packet;
	const struct pcap_pkthdr header = {
	        .caplen = packet->frame.caplen,
	        .len = packet->frame.len,
	};
	size_t program;

	if (!timeline->config.filter)
		return true;
	program = source->interfaces[packet->interface_id].program;
	return pcap_offline_filter(&timeline->programs[program].code, &header, packet->frame.data);
}

/* ---- interfaces ---- */

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool wt_timeline_is_alike(const struct wt_timeline_interface *a,
                          const struct wt_timeline_interface *b)
{
	return a->link_type == b->link_type && a->snaplen == b->snaplen &&
	       a->tsresol == b->tsresol && a->tsoffset_s == b->tsoffset_s &&
	       a->has_fcs == b->has_fcs && a->fcs_bytes == b->fcs_bytes &&
	       is_same_text(a->name, b->name) && is_same_text(a->clock, b->clock);
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

static int describe(struct timeline_interface *interface, const struct wt_timeline_source *source,
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

/* One that an earlier section of the file has described alike; in the same section it is another
 * one. */
static struct timeline_interface *find_interface(struct wt_timeline *timeline,
                                                 const struct wt_timeline_source *source,
                                                 const struct wt_timeline_interface *like)
{
	for (size_t i = 0; i < timeline->interface_count; i++) {
		struct timeline_interface *interface = &timeline->interfaces[i];

		if (interface->is.file == source->number &&
		    interface->section != source->sections &&
		    wt_timeline_is_alike(&interface->is, like))
			return interface;
	}
	return NULL;
}

/* Takes over the texts. */
static int new_interface(struct wt_timeline *timeline, struct timeline_interface *described,
                         struct timeline_interface **interface, struct wt_error *err)
{
	*interface = wt_grow((void **)&timeline->interfaces, &timeline->interface_count,
	                     &timeline->interface_room, sizeof(**interface));
	if (!*interface) {
		free_texts(described);
		return no_memory(err);
	}
	**interface = *described;
	return timeline->config.filter ? find_program(timeline, described->is.link_type,
	                                              &(*interface)->program, err)
	                               : 0;
}

static int find_or_add(struct wt_timeline *timeline, const struct wt_timeline_source *source,
                       const struct wt_pcapng_item *item, struct timeline_interface **interface,
                       struct wt_error *err)
{
	struct timeline_interface described;
	int rc = describe(&described, source, &item->interface, err);

	if (rc)
		return rc;
	*interface = find_interface(timeline, source, &described.is);
	if (!*interface)
		return new_interface(timeline, &described, interface, err);
	free_texts(&described);
	return 0;
}

int wt_timeline_add_interface(struct wt_timeline *timeline, struct wt_timeline_source *source,
                              const struct wt_pcapng_item *item, struct wt_error *err)
{
	struct timeline_interface *interface;
	struct section_interface *entry;
	int rc = find_or_add(timeline, source, item, &interface, err);

	if (rc)
		return rc;
	interface->section = source->sections;
	entry = wt_grow((void **)&source->interfaces, &source->interface_count,
	                &source->interface_room, sizeof(*entry));
	if (!entry)
		return no_memory(err);
	entry->number = (uint32_t)(interface - timeline->interfaces);
	entry->program = interface->program;
	return 0;
}

void wt_timeline_free_interfaces(struct wt_timeline *timeline)
{
	for (size_t i = 0; i < timeline->interface_count; i++)
		free_texts(&timeline->interfaces[i]);
	for (size_t i = 0; i < timeline->program_count; i++)
		pcap_freecode(&timeline->programs[i].code);
	free(timeline->interfaces);
	free(timeline->programs);
}

size_t wt_timeline_interface_count(const struct wt_timeline *timeline)
{
	return timeline->interface_count;
}

const struct wt_timeline_interface *wt_timeline_interface(const struct wt_timeline *timeline,
                                                          uint32_t number)
{
	return &timeline->interfaces[number].is;
}
