/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/cut_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/writer/grow.h>
#include <wiretape/writer/pcapng_copy.h>
#include <wiretape/writer/pcapng_encode.h>

enum {
	BUFFER_BYTES = 1 << 20,
	SECTION_BYTES_MAX = 5 << 16, /* four texts of 65,535 bytes */
};

/* ---- the new file ---- */

static int flush(struct cut *cut, struct wt_error *err)
{
	size_t done = 0;

	while (done < cut->used) {
		ssize_t put = write(cut->out.fd, cut->buffer + done, cut->used - done);
		int code = -errno;

		if (put < 0 && code == -EINTR)
			continue;
		if (put < 0)
			return wt_error_set(err, code, "cannot write to '%s': %s", cut->config->out,
			                    strerror(-code));
		done += (size_t)put;
	}
	cut->used = 0;
	return 0;
}

int wt_cut_reserve(struct cut *cut, size_t bytes, struct wt_error *err)
{
	size_t room = bytes > BUFFER_BYTES ? bytes : BUFFER_BYTES;
	uint8_t *grown;
	int rc;

	if (cut->room - cut->used >= bytes)
		return 0;
	rc = flush(cut, err);
	if (rc || cut->room >= bytes)
		return rc;
	grown = realloc(cut->buffer, room);
	if (!grown)
		return wt_error_set(err, -ENOMEM, "no memory for a packet of %zu bytes", bytes);
	cut->buffer = grown;
	cut->room = room;
	return 0;
}

int wt_cut_take(struct cut *cut, ssize_t bytes, struct wt_error *err)
{
	if (bytes < 0)
		return wt_error_set(err, (int)bytes, "a block does not fit its buffer");
	cut->used += (size_t)bytes;
	return 0;
}

static char *copy_text(struct wt_pcapng_item_text text)
{
	return text.chars ? strndup(text.chars, text.length) : NULL;
}

/* The machine's and the system's name are those of the first input. */
static int begin(struct cut *cut, const struct wt_pcapng_item_section *from, struct wt_error *err)
{
	char *hardware = from ? copy_text(from->hardware) : NULL;
	char *os = from ? copy_text(from->os) : NULL;
	char *comment = from ? copy_text(from->comment) : NULL;
	const struct wt_pcapng_section section = {
	        .hardware = hardware,
	        .os = os,
	        .application = cut->config->application,
	        .comment = comment,
	};
	int rc = wt_cut_reserve(cut, SECTION_BYTES_MAX, err);

	if (!rc)
		rc = wt_cut_take(cut,
		                 wt_pcapng_encode_section(cut->buffer + cut->used,
		                                          cut->room - cut->used, &section),
		                 err);
	free(hardware);
	free(os);
	free(comment);
	cut->begun = true;
	return rc;
}

/* ---- interfaces ---- */

/* Hardware stamps name the map that they were made with: two of the same number have to be the
 * same map. */
static bool has_same_maps(const struct output_interface *interface, const struct clock_birth *birth)
{
	return !interface->is_hardware ||
	       (birth->is_known && interface->birth.is_known &&
	        birth->epoch == interface->birth.epoch && birth->utc_ns == interface->birth.utc_ns);
}

/* One that was described alike, but not in the same section: there it is another one. */
static struct output_interface *find_interface(struct cut *cut,
                                               const struct wt_timeline_interface *described,
                                               const struct clock_birth *birth)
{
	for (size_t i = 0; i < cut->interface_count; i++) {
		struct output_interface *interface = &cut->interfaces[i];

		if (interface->section != cut->sections &&
		    wt_timeline_is_alike(wt_timeline_interface(cut->timeline, interface->like),
		                         described) &&
		    has_same_maps(interface, birth))
			return interface;
	}
	return NULL;
}

static int write_interface(struct cut *cut, const struct wt_pcapng_item *item, struct wt_error *err)
{
	int rc = cut->begun ? 0 : begin(cut, NULL, err);

	if (!rc)
		rc = wt_cut_reserve(cut, wt_pcapng_copy_bound(item), err);
	return rc ? rc
	          : wt_cut_take(cut,
	                        wt_pcapng_copy_interface(cut->buffer + cut->used,
	                                                 cut->room - cut->used, item),
	                        err);
}

static int no_memory(struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM, "no memory for the interfaces");
}

static int add_interface(struct cut *cut, const struct wt_pcapng_item *item, uint32_t like,
                         struct output_interface **interface, struct wt_error *err)
{
	struct output_interface *added = wt_grow((void **)&cut->interfaces, &cut->interface_count,
	                                         &cut->interface_room, sizeof(*added));

	if (!added)
		return no_memory(err);
	added->like = like;
	added->is_hardware = wt_cut_is_hardware(wt_timeline_interface(cut->timeline, like)->clock);
	*interface = added;
	return write_interface(cut, item, err);
}

static int take_interface(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                          struct wt_error *err)
{
	const uint32_t number = source->input->interfaces[item->interface.id].number;
	const struct clock_birth birth = wt_cut_birth(source, item->interface.id);
	struct output_interface *interface =
	        find_interface(cut, wt_timeline_interface(cut->timeline, number), &birth);
	struct source_interface *entry;
	int rc = 0;

	if (!interface) {
		rc = add_interface(cut, item, number, &interface, err);
		if (rc)
			return rc;
		interface->birth = birth;
	}
	interface->section = cut->sections;
	entry = wt_grow((void **)&source->interfaces, &source->interface_count,
	                &source->interface_room, sizeof(*entry));
	if (!entry)
		return no_memory(err);
	entry->id = (uint32_t)(interface - cut->interfaces);
	entry->is_hardware = interface->is_hardware;
	return 0;
}

static int take_section(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                        struct wt_error *err)
{
	cut->sections++;
	source->interface_count = 0;
	source->first_notes = 0;
	wt_cut_forget_clocks(source);
	return cut->begun ? 0 : begin(cut, &item->section, err);
}

/* ---- what the timeline comes across ---- */

static int take_item(void *context, struct wt_timeline_source *input,
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
		return item->block_type == WT_PCAPNG_CLOCK
		               ? wt_cut_take_clock(cut, source, item, err)
		               : 0;
	}
}

static bool wants_chunk(void *context, const struct wt_timeline_source *input,
                        const struct wt_chunk_index *index)
{
	const struct cut *cut = context;

	return wt_cut_wants_clocks(&cut->sources[input->number], index);
}

static void rewound(void *context, struct wt_timeline_source *input)
{
	struct cut *cut = context;
	struct source *source = &cut->sources[input->number];

	wt_cut_forget_clocks(source);
	/* From the beginning on all is read anyway. */
	wt_cut_begin_search(source, !wt_timeline_range(cut->timeline)->has_from);
}

/* ---- packets ---- */

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
	int rc = wt_cut_write_clocks(cut, source, err);

	if (!rc)
		rc = wt_cut_reserve(cut, wt_pcapng_copy_bound(item), err);
	if (!rc)
		rc = wt_cut_take(cut,
		                 wt_pcapng_copy_packet(
		                         cut->buffer + cut->used, cut->room - cut->used,
		                         source->interfaces[item->packet.interface_id].id, item),
		                 err);
	if (rc)
		return rc;
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

/* ---- all of it ---- */

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

static int run(struct cut *cut, struct wt_error *err)
{
	int rc = wt_timeline_begin(cut->timeline, err);

	if (!rc)
		rc = write_packets(cut, err);
	if (!rc && !cut->begun)
		rc = begin(cut, NULL, err);
	return rc ? rc : flush(cut, err);
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
	*file = (struct wt_cut_file){
	        .is_tape = report->is_tape,
	        .bytes_read = report->bytes_read,
	        .bytes_total = report->bytes_total,
	        .packets = report->packets,
	        .missing = report->missing,
	        .left_out = report->left_out,
	        .fractions = report->fractions,
	        .ended = report->ended,
	        .why = report->why,
	};
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
	free(cut->buffer);
}

static int init(struct cut *cut, struct wt_error *err)
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
	for (size_t i = 0; i < count; i++)
		cut->sources[i].input = &cut->timeline->sources[i];
	return 0;
}

/* With the reports, which are complete when the timeline is closed. */
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
	rc = init(&cut, err);
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
