/* SPDX-License-Identifier: BSD-2-Clause */
#include "info_collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <wiretape/archive/capture_file.h>
#include <wiretape/pcapng/chunk.h>
#include <wiretape/pcapng/gap_block.h>
#include <wiretape/pcapng/text_block.h>

static char *copy_text(struct wt_pcapng_item_text text)
{
	return text.chars ? strndup(text.chars, text.length) : NULL;
}

static void add_stamp(struct wt_info_tally *tally, int64_t ns)
{
	if (!tally->stamped) {
		tally->first_ns = ns;
		tally->last_ns = ns;
	}
	if (tally->stamped && ns < tally->previous_ns)
		tally->out_of_order++;
	if (ns < tally->first_ns)
		tally->first_ns = ns;
	if (ns > tally->last_ns)
		tally->last_ns = ns;
	tally->previous_ns = ns;
	tally->stamped++;
}

static void add_packet(struct wt_info_tally *tally, const struct wt_pcapng_item_packet *packet)
{
	uint32_t direction = packet->frame.link_flags & WT_LINK_DIRECTION_MASK;
	uint64_t captured = (uint64_t)packet->frame.caplen + packet->excess_bytes;

	tally->packets++;
	tally->captured_bytes += captured;
	tally->wire_bytes += packet->frame.len;
	tally->inbound += direction == WT_LINK_INBOUND;
	tally->outbound += direction == WT_LINK_OUTBOUND;
	tally->truncated += packet->frame.caplen < packet->frame.len;
	tally->with_fcs += packet->fcs_bytes != 0;
	tally->above_snaplen += packet->snaplen && captured > packet->snaplen;
	tally->overlong += packet->excess_bytes != 0;
	if (__builtin_add_overflow(tally->dropped, packet->frame.dropped_before, &tally->dropped))
		tally->dropped = UINT64_MAX;
	tally->out_of_range += packet->stamp_saturated;
	if (packet->has_stamp && !packet->stamp_saturated)
		add_stamp(tally, packet->frame.stamp_ns);
	else
		tally->unstamped++;
}

/* Make room for one more element of `size` bytes, the new one zeroed. */
static bool grow(void **array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 1;
	void *grown;

	if (count == *room) {
		grown = realloc(*array, wanted * size);
		if (!grown)
			return false;
		*array = grown;
		*room = wanted;
	}
	memset((char *)*array + count * size, 0, size);
	return true;
}

static bool says_tape(struct wt_pcapng_options options)
{
	struct wt_pcapng_option_view option;

	while (wt_pcapng_next_option(&options, &option, NULL) > 0)
		if (option.code == WT_OPT_LOCAL_TAPE)
			return true;
	return false;
}

static int add_section(struct wt_info_summary *summary, const struct wt_pcapng_item *item)
{
	const struct wt_pcapng_item_section *fields = &item->section;
	struct wt_info_section *section;

	summary->sections_seen++;
	summary->layout.has_chunks |= says_tape(item->options);
	summary->in_detail = summary->section_count < WT_INFO_MAX_SECTIONS;
	if (!summary->in_detail)
		return 0;
	if (!grow((void **)&summary->sections, summary->section_count, &summary->section_room,
	          sizeof(*section)))
		return -ENOMEM;
	section = &summary->sections[summary->section_count++];
	section->fields = *fields;
	section->hardware = copy_text(fields->hardware);
	section->os = copy_text(fields->os);
	section->application = copy_text(fields->application);
	section->comment = copy_text(fields->comment);
	return 0;
}

static int add_interface(struct wt_info_summary *summary,
                         const struct wt_pcapng_item_interface *fields)
{
	struct wt_info_interface *interface;
	struct wt_info_section *section;

	summary->interfaces_seen++;
	if (!summary->in_detail || summary->interface_count == WT_INFO_MAX_INTERFACES)
		return 0;
	section = &summary->sections[summary->section_count - 1];
	if (!grow((void **)&section->interfaces, section->interface_count, &section->interface_room,
	          sizeof(*interface)))
		return -ENOMEM;
	interface = &section->interfaces[section->interface_count++];
	summary->interface_count++;
	interface->fields = *fields;
	interface->name = copy_text(fields->name);
	interface->description = copy_text(fields->description);
	interface->filter = copy_text(fields->filter);
	interface->os = copy_text(fields->os);
	interface->hardware = copy_text(fields->hardware);
	interface->comment = copy_text(fields->comment);
	interface->reader = copy_text(fields->reader);
	wt_info_clock_begin(&interface->clock, &fields->clock);
	return 0;
}

/* NULL if its details are not kept. */
static struct wt_info_interface *find_interface(struct wt_info_summary *summary, uint32_t id)
{
	struct wt_info_section *section;

	if (!summary->in_detail)
		return NULL;
	section = &summary->sections[summary->section_count - 1];
	return id < section->interface_count ? &section->interfaces[id] : NULL;
}

static void forget_texts(struct wt_info_statistics *statistics)
{
	free(statistics->ledger);
	free(statistics->nic);
	for (size_t i = 0; i < statistics->degraded_count; i++)
		free(statistics->degraded[i]);
	statistics->degraded_count = 0;
}

static void copy_degraded(struct wt_info_statistics *statistics, struct wt_pcapng_options options)
{
	struct wt_pcapng_option_view option;

	while (statistics->degraded_count < WT_INFO_MAX_DEGRADED &&
	       wt_pcapng_next_option(&options, &option, NULL) > 0)
		if (option.code == WT_OPT_LOCAL_DEGRADED)
			statistics->degraded[statistics->degraded_count++] =
			        copy_text(wt_pcapng_option_text(&option));
}

/* Counters run from the start of the recording: the last block has them all. */
static int add_statistics(struct wt_info_summary *summary, const struct wt_pcapng_item *item)
{
	struct wt_info_interface *interface =
	        find_interface(summary, item->statistics.interface_id);
	struct wt_info_statistics *statistics;

	summary->statistics++;
	if (!interface)
		return 0;
	if (!interface->statistics)
		interface->statistics = calloc(1, sizeof(*interface->statistics));
	statistics = interface->statistics;
	if (!statistics)
		return -ENOMEM;
	forget_texts(statistics);
	statistics->blocks++;
	statistics->numbers = item->statistics;
	statistics->ledger = copy_text(item->statistics.ledger);
	statistics->nic = copy_text(item->statistics.nic);
	copy_degraded(statistics, item->options);
	return 0;
}

/* A chunk of the recording: false for a block that only has the type. */
static bool add_chunk(struct wt_info_layout *layout, const struct wt_pcapng_item *item)
{
	const size_t head = sizeof(struct wt_pcapng_block);
	uint32_t magic;
	uint16_t flags;

	if (item->body_bytes < sizeof(struct wt_chunk_index) - head)
		return false;
	memcpy(&magic, item->body + offsetof(struct wt_chunk_index, magic) - head, sizeof(magic));
	memcpy(&flags, item->body + offsetof(struct wt_chunk_index, flags) - head, sizeof(flags));
	if (magic == __builtin_bswap32(WT_CHUNK_MAGIC))
		flags = __builtin_bswap16(flags);
	else if (magic != WT_CHUNK_MAGIC)
		return false;
	layout->chunks++;
	layout->in_place += (flags & WT_CHUNK_IN_PLACE) != 0;
	return true;
}

/* Add what repair has left in the place of missing packets. */
static bool add_missing(struct wt_info_layout *layout, const struct wt_pcapng_item *item)
{
	struct wt_gap_block missing;

	if (!wt_gap_block_parse(item->body, item->body_bytes, &missing))
		return false;
	if (missing.what == WT_GAP_BLOCK_NOT_CLOSED) {
		layout->not_closed = true;
		layout->tail_packets = missing.packets;
		return true;
	}
	layout->holes += missing.what == WT_GAP_BLOCK_HOLE;
	layout->missing_packets += missing.packets;
	return true;
}

static bool add_own(struct wt_info_summary *summary, const struct wt_pcapng_item *item)
{
	switch (summary->layout.has_chunks ? item->block_type : 0) {
	case WT_PCAPNG_INDEX:
		return add_chunk(&summary->layout, item);
	case WT_PCAPNG_GAP:
		return add_missing(&summary->layout, item);
	case WT_PCAPNG_PADDING:
		return true;
	default:
		return false;
	}
}

static void add_other(struct wt_info_summary *summary, const struct wt_pcapng_item *item)
{
	if (add_own(summary, item))
		return;
	switch (item->block_type) {
	case WT_PCAPNG_NAMES:
		summary->names++;
		break;
	case WT_PCAPNG_SECRETS:
		summary->secrets++;
		break;
	case WT_PCAPNG_CUSTOM:
	case WT_PCAPNG_CUSTOM_NOCOPY:
		summary->custom++;
		break;
	case WT_PCAPNG_FEED:
		summary->feeds++;
		break;
	case WT_PCAPNG_NIC_LOOK:
		summary->looks++;
		break;
	default:
		if (item->block_type & WT_PCAPNG_LOCAL_BLOCK)
			summary->local++;
		else
			summary->unknown++;
		break;
	}
}

/* In the machine's byte order or not: it is text. */
static int add_clock_record(struct wt_info_summary *summary, const struct wt_pcapng_item *item)
{
	struct wt_info_interface *interface;
	struct wt_clock_record note;

	if (!wt_clock_record_parse(item->body, item->body_bytes, &note)) {
		summary->local++;
		return 0;
	}
	interface = find_interface(summary, note.interface_id);
	return interface ? wt_info_clock_record(&interface->clock, &note) : 0;
}

static int add_item(struct wt_info_summary *summary, const struct wt_pcapng_item *item)
{
	struct wt_info_interface *interface;

	switch (item->kind) {
	case WT_ITEM_SECTION:
		return add_section(summary, item);
	case WT_ITEM_INTERFACE:
		return add_interface(summary, &item->interface);
	case WT_ITEM_PACKET:
		add_packet(&summary->tally, &item->packet);
		interface = find_interface(summary, item->packet.interface_id);
		if (interface) {
			add_packet(&interface->tally, &item->packet);
			wt_info_clock_packet(&interface->clock, &item->packet.frame);
		}
		return 0;
	case WT_ITEM_STATISTICS:
		return add_statistics(summary, item);
	case WT_ITEM_UNKNOWN_SECTION:
		summary->unknown_sections++;
		summary->unknown_sections_bytes += item->passed_bytes;
		return 0;
	default:
		if (item->block_type == WT_PCAPNG_CLOCK)
			return add_clock_record(summary, item);
		add_other(summary, item);
		return 0;
	}
}

int wt_info_explain(const char *path, bool has_chunks, uint64_t offset, int rc,
                    struct wt_error *err)
{
	if (!has_chunks || (rc != -ENODATA && rc != -EBADMSG))
		return rc;
	return wt_error_set(err, rc,
	                    "not closed, or with a hole: nothing can be read at offset %llu; if it "
	                    "is not being recorded now, run 'wiretape repair %s'",
	                    (unsigned long long)offset, strcmp(path, "-") ? path : "FILE");
}

static int read_items(struct wt_info_summary *summary, struct wt_capture_file *file)
{
	struct wt_pcapng_item item;
	int rc;

	while ((rc = wt_capture_file_next(file, &item, &summary->error)) > 0)
		if (add_item(summary, &item))
			return wt_error_set(&summary->error, -ENOMEM,
			                    "no memory for what is in the file");
	return wt_info_explain(summary->path, summary->layout.has_chunks,
	                       wt_capture_file_offset(file), rc, &summary->error);
}

void wt_info_collect(struct wt_info_summary *summary, const char *path)
{
	struct wt_capture_file *file;
	struct stat status;

	*summary = (struct wt_info_summary){.path = path};
	summary->result = wt_capture_file_open(&file, path, &summary->error);
	if (summary->result)
		return;
	summary->format = wt_capture_format_name(wt_capture_file_format(file));
	summary->result = read_items(summary, file);
	summary->fractions = wt_capture_file_fractions(file);
	summary->size_bytes = wt_capture_file_offset(file);
	if (strcmp(path, "-") && !stat(path, &status) && S_ISREG(status.st_mode))
		summary->size_bytes = (uint64_t)status.st_size;
	wt_capture_file_close(file);
}

static void free_interface(struct wt_info_interface *interface)
{
	if (interface->statistics)
		forget_texts(interface->statistics);
	free(interface->statistics);
	free(interface->name);
	free(interface->description);
	free(interface->filter);
	free(interface->os);
	free(interface->hardware);
	free(interface->comment);
	free(interface->reader);
	wt_info_clock_fini(&interface->clock);
}

void wt_info_fini(struct wt_info_summary *summary)
{
	for (size_t i = 0; i < summary->section_count; i++) {
		struct wt_info_section *section = &summary->sections[i];

		for (size_t j = 0; j < section->interface_count; j++)
			free_interface(&section->interfaces[j]);
		free(section->interfaces);
		free(section->hardware);
		free(section->os);
		free(section->application);
		free(section->comment);
	}
	free(summary->sections);
	free(summary->lanes.list);
}

uint64_t wt_info_duration_ns(const struct wt_info_tally *tally)
{
	return (uint64_t)tally->last_ns - (uint64_t)tally->first_ns;
}

double wt_info_rate(const struct wt_info_tally *tally, uint64_t amount)
{
	uint64_t ns = tally->stamped ? wt_info_duration_ns(tally) : 0;

	return ns ? (double)amount / ((double)ns / 1e9) : 0;
}
