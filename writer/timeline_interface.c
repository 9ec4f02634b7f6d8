/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/timeline_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/writer/grow.h>
#include <wiretape/writer/link_type.h>
#include <wiretape/writer/pcapng_copy.h>

enum { FILTER_SNAPLEN = 262144 };

/* ---- the filter ---- */

/* 0, -EINVAL with libpcap's words, or -ENOMEM. */
static int compile(struct bpf_program *code, const char *filter, int dlt, bool optimize,
                   struct wt_error *err)
{
	pcap_t *handle = pcap_open_dead(dlt, FILTER_SNAPLEN);
	int rc = 0;

	if (!handle)
		return wt_error_set(err, -ENOMEM, "no memory for the filter");
	if (pcap_compile(handle, code, filter, optimize, PCAP_NETMASK_UNKNOWN))
		rc = wt_error_set(err, -EINVAL, "%s", pcap_geterr(handle));
	pcap_close(handle);
	return rc;
}

/* Its nonsense is told before anything is read, and not when a packet comes. */
int wt_timeline_check_filter(const char *filter, struct wt_error *err)
{
	enum { DLT_END = 512 };
	struct bpf_program code;
	struct wt_error why = {0};
	int rc = compile(&code, filter, DLT_EN10MB, false, &why);

	for (int dlt = 0; rc == -EINVAL && dlt < DLT_END; dlt++)
		if (pcap_datalink_val_to_name(dlt))
			rc = compile(&code, filter, dlt, false, NULL);
	if (rc)
		return wt_error_set(err, rc, "filter '%.200s': %s", filter, why.text);
	pcap_freecode(&code);
	return 0;
}

/* The program for a link type, 1 and up. */
static int find_program(struct wt_timeline *timeline, uint16_t link_type, uint32_t *number,
                        struct wt_error *err)
{
	const struct wt_identity identity = wt_identity_of(&link_type, sizeof(link_type));
	struct filter_program *program;
	uint32_t *found;
	int rc = wt_identity_note(&timeline->link_types, identity, &found);

	if (rc > 0 && *found) {
		*number = *found;
		return 0;
	}
	program = rc < 0 ? NULL
	                 : wt_grow((void **)&timeline->programs, &timeline->program_count,
	                           &timeline->program_room, sizeof(*program));
	if (!program)
		return wt_error_set(err, -ENOMEM, "no memory for the filter");
	rc = compile(&program->code, timeline->config.filter, wt_link_type_dlt(link_type), true,
	             &program->why);
	if (rc && rc != -EINVAL)
		return wt_error_set(err, rc, "%s", program->why.text);
	program->is_compiled = !rc;
	timeline->compiled += !rc;
	*number = *found = (uint32_t)timeline->program_count;
	return 0;
}

static void note_unfiltered(struct wt_timeline *timeline, struct wt_timeline_source *source,
                            const struct filter_program *program)
{
	const struct wt_pcapng_item_packet *packet = &source->item.packet;
	const struct wt_timeline_interface *interface =
	        wt_timeline_interface(timeline, source->interfaces[packet->interface_id].number);
	const char *type = pcap_datalink_val_to_name(wt_link_type_dlt(packet->link_type));

	if (!source->report->unfiltered++)
		wt_error_set(&source->report->why_unfiltered, -EINVAL,
		             "filter '%.100s' on link type %s (%u) of interface %u%s%.64s%s, "
		             "packet at offset %llu: %s",
		             timeline->config.filter, type ? type : "unknown", packet->link_type,
		             packet->interface_id, interface->name ? " (" : "",
		             interface->name ? interface->name : "", interface->name ? ")" : "",
		             (unsigned long long)source->item.offset, program->why.text);
	if (!*timeline->no_filter.text)
		wt_timeline_failed(source, -EINVAL, &source->report->why_unfiltered,
		                   &timeline->no_filter);
}

int wt_timeline_check_programs(const struct wt_timeline *timeline, struct wt_error *err)
{
	if (timeline->compiled || !timeline->program_count)
		return 0;
	return wt_error_set(err, -EINVAL, "%s", timeline->no_filter.text);
}

int wt_timeline_passes(struct wt_timeline *timeline, struct wt_timeline_source *source,
                       struct wt_error *err)
{
	const struct wt_pcapng_item_packet *packet = &source->item.packet;
	const struct pcap_pkthdr header = {
	        .caplen = packet->frame.caplen,
	        .len = packet->frame.len,
	};
	struct section_interface *interface;
	const struct filter_program *program;
	int rc = 0;

	if (!timeline->config.filter)
		return 1;
	interface = &source->interfaces[packet->interface_id];
	if (!interface->program)
		rc = find_program(timeline, packet->link_type, &interface->program, err);
	if (rc)
		return rc;
	program = &timeline->programs[interface->program - 1];
	if (program->is_compiled)
		return pcap_offline_filter(&program->code, &header, packet->frame.data) != 0;
	note_unfiltered(timeline, source, program);
	return 0;
}

/* ---- interfaces ---- */

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
	};
	return 0;
}

/* Which of the alike it is: another one in its section has another number. */
static int count_alike(struct wt_timeline_source *source, struct section_interface *entry,
                       struct wt_error *err)
{
	uint32_t *count;
	int rc = wt_identity_note(&source->alike, entry->identity, &count);

	if (rc < 0)
		return no_memory(err);
	entry->ordinal = (*count)++;
	return 0;
}

static int new_interface(struct wt_timeline *timeline, const struct wt_timeline_source *source,
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

/* One that an earlier section of the file has described alike is the same. */
static int find_or_add(struct wt_timeline *timeline, const struct wt_timeline_source *source,
                       const struct wt_pcapng_item *item, struct section_interface *entry,
                       struct wt_error *err)
{
	const uint64_t which[] = {source->number, entry->ordinal};
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

int wt_timeline_add_interface(struct wt_timeline *timeline, struct wt_timeline_source *source,
                              const struct wt_pcapng_item *item, struct wt_error *err)
{
	struct section_interface *entry =
	        wt_grow((void **)&source->interfaces, &source->interface_count,
	                &source->interface_room, sizeof(*entry));
	int rc;

	if (!entry)
		return no_memory(err);
	entry->identity = wt_pcapng_identity(item, source->machine);
	rc = count_alike(source, entry, err);
	return rc ? rc : find_or_add(timeline, source, item, entry, err);
}

void wt_timeline_begin_section(struct wt_timeline_source *source,
                               const struct wt_pcapng_item_section *section)
{
	source->machine = wt_pcapng_machine(section);
	source->interface_count = 0;
	wt_identity_clear(&source->alike);
}

void wt_timeline_free_interfaces(struct wt_timeline *timeline)
{
	for (size_t i = 0; i < timeline->interface_count; i++)
		free_texts(&timeline->interfaces[i]);
	for (size_t i = 0; i < timeline->program_count; i++)
		if (timeline->programs[i].is_compiled)
			pcap_freecode(&timeline->programs[i].code);
	wt_identity_clear(&timeline->known);
	wt_identity_clear(&timeline->link_types);
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
