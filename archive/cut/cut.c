/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/cut/cut_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/base/grow.h>
#include <wiretape/pcapng/pcapng_copy.h>
#include <wiretape/pcapng/pcapng_encode.h>

/* A section header without what it copies. */
enum { SECTION_BYTES = 2 << 16 };

/* Begin the file; its description of machine and system is the first input's. */
static int begin(struct cut *cut, const struct wt_pcapng_item *from, uint64_t *left_out,
                 struct wt_error *err)
{
	int rc = wt_cut_reserve(cut, SECTION_BYTES + (from ? wt_pcapng_copy_bound(from) : 0), err);

	cut->begun = true;
	return rc ? rc
	          : wt_cut_take(cut,
	                        wt_pcapng_copy_section(cut->buffer + cut->used,
	                                               cut->room - cut->used, from,
	                                               cut->config->application, left_out),
	                        err);
}

static int no_memory(struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM, "no memory for the interfaces");
}

/* Identity of an interface in the new file: its description, and its rank among the alike of its
 * section. Hardware stamps name the map that they were made with: equal numbers must mean the same
 * map. */
static struct wt_identity identity_in_output(const struct cut *cut, const struct source *source,
                                             uint32_t id, bool is_hardware)
{
	const struct section_interface *entry = &source->input->interfaces[id];
	const struct clock_birth birth =
	        is_hardware ? wt_cut_birth(source, id) : (struct clock_birth){0};
	const int64_t which[] = {
	        entry->ordinal,
	        birth.is_known,
	        birth.epoch,
	        birth.utc_ns,
	        /* unlike any before it */
	        is_hardware && !birth.is_known ? (int64_t)cut->interface_count + 1 : 0,
	};

	return wt_identity_add(entry->identity, which, sizeof(which));
}

static int write_interface(struct cut *cut, struct source *source,
                           const struct wt_pcapng_item *item, struct output_interface *interface,
                           struct wt_error *err)
{
	uint64_t *left_out = &source->file->options_left_out;
	int rc = cut->begun ? 0 : begin(cut, NULL, left_out, err);

	if (!rc)
		rc = wt_cut_reserve(cut, wt_pcapng_copy_bound(item), err);
	interface->written_at = cut->flushed + cut->used;
	return rc ? rc
	          : wt_cut_take(cut,
	                        wt_pcapng_copy_interface(cut->buffer + cut->used,
	                                                 cut->room - cut->used, item, left_out),
	                        err);
}

static int add_interface(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                         bool is_hardware, struct wt_error *err)
{
	struct output_interface *added;

	if (cut->interface_count == WT_PCAPNG_MAX_INTERFACES)
		return wt_error_set(
		        err, -E2BIG,
		        "%s: with interface %u of its section number %llu there are "
		        "more than the %u that a new file can have; take a part of it, or "
		        "fewer files",
		        source->input->path, item->interface.id,
		        (unsigned long long)source->sections, WT_PCAPNG_MAX_INTERFACES);
	added = wt_grow((void **)&cut->interfaces, &cut->interface_count, &cut->interface_room,
	                sizeof(*added));
	if (!added)
		return no_memory(err);
	added->is_hardware = is_hardware;
	added->snaplen = item->interface.snaplen;
	return write_interface(cut, source, item, added, err);
}

static int take_interface(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                          struct wt_error *err)
{
	const uint32_t id = item->interface.id;
	const uint32_t number = source->input->interfaces[id].number;
	const bool is_hardware =
	        wt_cut_is_hardware(wt_timeline_interface(cut->timeline, number)->clock);
	struct source_interface *entry =
	        wt_grow((void **)&source->interfaces, &source->interface_count,
	                &source->interface_room, sizeof(*entry));
	uint32_t *known;
	int rc;

	if (!entry ||
	    wt_identity_note(&cut->known, identity_in_output(cut, source, id, is_hardware),
	                     &known) < 0)
		return no_memory(err);
	if (!*known) {
		rc = add_interface(cut, source, item, is_hardware, err);
		if (rc)
			return rc;
		*known = (uint32_t)cut->interface_count;
	}
	entry->id = *known - 1;
	entry->is_hardware = is_hardware;
	return 0;
}

static int take_section(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                        struct wt_error *err)
{
	const bool is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	source->sections++;
	source->is_swapped = item->section.big_endian != is_big_endian;
	source->interface_count = 0;
	source->first_notes = 0;
	wt_cut_forget_clocks(source);
	return cut->begun ? 0 : begin(cut, item, &source->file->options_left_out, err);
}

static int take_item(void *context, struct wt_timeline_input *input,
                     const struct wt_pcapng_item *item, struct wt_error *err)
{
	struct cut *cut = context;
	struct source *source = &cut->sources[input->number];

	switch (item->kind) {
	case WT_ITEM_SECTION:
		return take_section(cut, source, item, err);
	case WT_ITEM_INTERFACE:
		return take_interface(cut, source, item, err);
	default:
		break;
	}
	if (item->block_type == WT_PCAPNG_INDEX && input->chunk)
		return wt_cut_take_maps(source, err);
	return item->block_type == WT_PCAPNG_CLOCK ? wt_cut_take_clock(cut, source, item, err)
	                                           : wt_cut_take_block(cut, source, item, err);
}

static bool wants_chunk(void *context, const struct wt_timeline_input *input,
                        const struct wt_chunk_index *index)
{
	const struct cut *cut = context;
	const struct source *source = &cut->sources[input->number];

	/* Feed blocks come after the packets that they are about, some after the last of them. */
	return wt_cut_wants_clocks(source, index) || (source->begun && !index->packets);
}

static void rewound(void *context, struct wt_timeline_input *input)
{
	struct cut *cut = context;
	struct source *source = &cut->sources[input->number];

	source->is_rewound = true;
	wt_cut_forget_clocks(source);
	input->from_start = wt_cut_wants_all_clocks(source);
}

static void note_packet(struct wt_cut_result *result, const struct wt_timeline_packet *packet)
{
	bool is_first = result->packets == result->out_of_range;

	result->packets++;
	if (packet->item->packet.stamp_saturated) {
		result->out_of_range++;
		return;
	}
	if (is_first || packet->stamp_ns < result->first_ns)
		result->first_ns = packet->stamp_ns;
	if (is_first || packet->stamp_ns > result->last_ns)
		result->last_ns = packet->stamp_ns;
}

static int write_packet(struct cut *cut, const struct wt_timeline_packet *packet,
                        struct wt_error *err)
{
	const struct wt_pcapng_item *item = packet->item;
	struct source *source = &cut->sources[packet->file];
	uint32_t id = source->interfaces[item->packet.interface_id].id;
	uint32_t bytes = item->packet.frame.caplen + item->packet.excess_bytes;
	int rc = wt_cut_write_clocks(cut, source, err);

	if (!rc)
		rc = wt_cut_reserve(cut, wt_pcapng_copy_bound(item), err);
	if (!rc)
		rc = wt_cut_take(cut,
		                 wt_pcapng_copy_packet(cut->buffer + cut->used,
		                                       cut->room - cut->used, id, item,
		                                       &source->file->options_left_out),
		                 err);
	if (rc)
		return rc;
	if (bytes > cut->interfaces[id].longest)
		cut->interfaces[id].longest = bytes;
	note_packet(cut->result, packet);
	return 0;
}

static int write_packets(struct cut *cut, struct wt_error *err)
{
	struct wt_timeline_packet packet;
	int rc;

	while ((rc = wt_timeline_next(cut->timeline, &packet, err)) > 0) {
		rc = write_packet(cut, &packet, err);
		if (rc)
			break;
	}
	return rc;
}

static int refuse_input(const struct wt_cut_config *config, struct wt_error *err)
{
	struct stat status;

	for (size_t i = 0; i < config->path_count; i++) {
		const char *path = config->paths[i];
		int bad = strcmp(path, "-") ? stat(path, &status) : fstat(STDIN_FILENO, &status);

		if (!bad && S_ISREG(status.st_mode) && wt_new_file_is_same(config->out, &status))
			return wt_error_set(err, -EINVAL,
			                    "'%s' is one of the files to read; write to another",
			                    config->out);
	}
	return 0;
}

/* Raise the snaplen of interfaces with longer packets, which libpcap would not read. A stream keeps
 * it: it cannot be rewritten. */
static int raise_snaplens(struct cut *cut, struct wt_error *err)
{
	for (size_t i = 0; i < cut->interface_count && !cut->out.is_stream; i++) {
		const struct output_interface *interface = &cut->interfaces[i];
		off_t at = (off_t)(interface->written_at + offsetof(struct wt_pcapng_idb, snaplen));

		if (!interface->snaplen || interface->longest <= interface->snaplen)
			continue;
		if (pwrite(cut->out.fd, &interface->longest, sizeof(interface->longest), at) !=
		    sizeof(interface->longest))
			return wt_error_set(err, -EIO, "cannot write to '%s' again",
			                    cut->config->out);
	}
	return 0;
}

static int run(struct cut *cut, struct wt_error *err)
{
	int rc = wt_timeline_begin(cut->timeline, err);

	if (!rc)
		rc = write_packets(cut, err);
	if (!rc && !cut->begun)
		rc = begin(cut, NULL, NULL, err);
	if (!rc)
		rc = wt_cut_flush(cut, err);
	return rc ? rc : raise_snaplens(cut, err);
}

static void report_range(const struct cut *cut)
{
	const struct wt_timeline_range *range = wt_timeline_range(cut->timeline);

	cut->result->has_from = range->has_from;
	cut->result->has_to = range->has_to;
	cut->result->from_ns = range->from_ns;
	cut->result->to_ns = range->to_ns;
}

static void report_file(struct wt_cut_file *file, const struct wt_timeline_file *report)
{
	file->has_chunks = report->has_chunks;
	file->bytes_read = report->bytes_read;
	file->bytes_total = report->bytes_total;
	file->packets = report->packets;
	file->missing = report->missing;
	file->left_out = report->left_out;
	file->unknown_sections = report->unknown_sections;
	file->fractions = report->fractions;
	file->ended = report->ended;
	file->why = report->why;
	file->unfiltered = report->unfiltered;
}

static int open_timeline(struct cut *cut, struct wt_error *err)
{
	const struct wt_cut_config *config = cut->config;
	const struct wt_timeline_config timeline = {
	        .paths = config->paths,
	        .path_count = config->path_count,
	        .from = config->from,
	        .to = config->to,
	        .duration_ns = config->duration_ns,
	        .filter = config->filter,
	};

	cut->hooks = (struct wt_timeline_hooks){
	        .context = cut,
	        .item = take_item,
	        .wants_chunk = wants_chunk,
	        .rewound = rewound,
	};
	return wt_timeline_create(&cut->timeline, &timeline, &cut->hooks, cut->reports, err);
}

static void free_memory(struct cut *cut)
{
	free(cut->sources);
	free(cut->reports);
	free(cut->interfaces);
	wt_identity_clear(&cut->known);
	wt_identity_clear(&cut->blocks);
	free(cut->buffer);
}

static int init(struct cut *cut, struct wt_cut_file *files, struct wt_error *err)
{
	const size_t count = cut->config->path_count;
	int rc;

	cut->sources = calloc(count, sizeof(*cut->sources));
	cut->reports = calloc(count, sizeof(*cut->reports));
	rc = cut->sources && cut->reports
	             ? open_timeline(cut, err)
	             : wt_error_set(err, -ENOMEM, "no memory for %zu files", count);
	if (rc) {
		free_memory(cut);
		return rc;
	}
	for (size_t i = 0; i < count; i++) {
		cut->sources[i].input = &cut->timeline->sources[i];
		cut->sources[i].file = &files[i];
	}
	return 0;
}

/* Release everything and copy the reports, complete once the timeline is closed. */
static void fini(struct cut *cut, struct wt_cut_file *files)
{
	const size_t count = cut->config->path_count;

	for (size_t i = 0; i < count; i++)
		wt_cut_free_clocks(&cut->sources[i]);
	report_range(cut);
	wt_timeline_close(cut->timeline);
	for (size_t i = 0; i < count; i++) {
		report_file(&files[i], &cut->reports[i]);
		free(cut->sources[i].interfaces);
	}
	for (size_t i = 0; i < cut->interface_count; i++) {
		free(cut->interfaces[i].written.numbers);
		free(cut->interfaces[i].missing.numbers);
	}
	free_memory(cut);
}

int wt_cut(const struct wt_cut_config *config, struct wt_cut_file *files,
           struct wt_cut_result *result, struct wt_error *err)
{
	struct cut cut = {.config = config, .result = result};
	int rc;

	memset(files, 0, config->path_count * sizeof(*files));
	*result = (struct wt_cut_result){0};
	rc = refuse_input(config, err);
	if (rc)
		return rc;
	rc = init(&cut, files, err);
	if (rc)
		return rc;
	rc = wt_new_file_open(&cut.out, config->out, config->mode, err);
	if (!rc)
		rc = run(&cut, err);
	fini(&cut, files);
	if (!rc)
		return wt_new_file_commit(&cut.out, err);
	wt_new_file_abandon(&cut.out);
	return rc;
}
