/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/cut_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/writer/link_type.h>
#include <wiretape/writer/pcapng_copy.h>
#include <wiretape/writer/pcapng_encode.h>

enum {
	BUFFER_BYTES = 1 << 20,
	SECTION_BYTES_MAX = 5 << 16, /* four texts of 65,535 bytes */
	FILTER_SNAPLEN = 262144,
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

/* ---- the filter ---- */

void *wt_cut_grow(void **array, size_t *count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 4;
	void *grown;

	if (*count == *room) {
		grown = realloc(*array, wanted * size);
		if (!grown)
			return NULL;
		*array = grown;
		*room = wanted;
	}
	return memset((char *)*array + (*count)++ * size, 0, size);
}

static int compile(struct program *program, const char *filter, struct wt_error *err)
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

/* The filter for a link type: *number in cut->programs. */
static int find_program(struct cut *cut, uint16_t link_type, size_t *number, struct wt_error *err)
{
	struct program *program;
	int rc;

	for (*number = 0; *number < cut->program_count; ++*number)
		if (cut->programs[*number].link_type == link_type)
			return 0;
	program = wt_cut_grow((void **)&cut->programs, &cut->program_count, &cut->program_room,
	                      sizeof(*program));
	if (!program)
		return wt_error_set(err, -ENOMEM, "no memory for the filter");
	program->link_type = link_type;
	rc = compile(program, cut->config->filter, err);
	if (rc)
		cut->program_count--;
	return rc;
}

static bool passes(const struct cut *cut, const struct source *source)
{
	const struct wt_pcapng_item_packet *packet = &source->item.packet;
	const struct pcap_pkthdr header = {
	        .caplen = packet->frame.caplen,
	        .len = packet->frame.len,
	};
	uint32_t id = source->interfaces[packet->interface_id].id;

	return !cut->config->filter ||
	       pcap_offline_filter(&cut->programs[cut->interfaces[id].program].code, &header,
	                           packet->frame.data);
}

/* ---- interfaces ---- */

static bool is_same_text(const char *name, struct wt_pcapng_item_text text)
{
	if (!name || !text.chars)
		return !name && !text.chars;
	return strlen(name) == text.length && !memcmp(name, text.chars, text.length);
}

/* Hardware stamps name the map that they were made with: two of the same number have to be the
 * same map. */
static bool has_same_maps(const struct output_interface *interface, const struct clock_birth *birth)
{
	return !wt_cut_is_hardware(interface->clock) ||
	       (birth->is_known && interface->birth.is_known &&
	        birth->epoch == interface->birth.epoch && birth->utc_ns == interface->birth.utc_ns);
}

/* One that was described alike, but not in the same section: there it is another one. */
static struct output_interface *find_interface(struct cut *cut,
                                               const struct wt_pcapng_item_interface *fields,
                                               const struct clock_birth *birth)
{
	for (size_t i = 0; i < cut->interface_count; i++) {
		struct output_interface *interface = &cut->interfaces[i];

		if (interface->link_type == fields->link_type &&
		    interface->snaplen == fields->snaplen && interface->section != cut->sections &&
		    is_same_text(interface->name, fields->name) &&
		    is_same_text(interface->clock, fields->clock) &&
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

static int add_interface(struct cut *cut, const struct wt_pcapng_item *item,
                         struct output_interface **interface, struct wt_error *err)
{
	struct output_interface *added =
	        wt_cut_grow((void **)&cut->interfaces, &cut->interface_count, &cut->interface_room,
	                    sizeof(*added));
	int rc = 0;

	if (!added)
		return wt_error_set(err, -ENOMEM, "no memory for the interfaces");
	added->name = copy_text(item->interface.name);
	added->clock = copy_text(item->interface.clock);
	added->snaplen = item->interface.snaplen;
	added->link_type = item->interface.link_type;
	*interface = added;
	if (cut->config->filter)
		rc = find_program(cut, added->link_type, &added->program, err);
	return rc ? rc : write_interface(cut, item, err);
}

static int take_interface(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                          struct wt_error *err)
{
	const struct clock_birth birth = wt_cut_birth(source, item->interface.id);
	struct output_interface *interface = find_interface(cut, &item->interface, &birth);
	struct source_interface *entry;
	int rc = 0;

	if (!interface) {
		rc = add_interface(cut, item, &interface, err);
		if (rc)
			return rc;
		interface->birth = birth;
	}
	interface->section = cut->sections;
	entry = wt_cut_grow((void **)&source->interfaces, &source->interface_count,
	                    &source->interface_room, sizeof(*entry));
	if (!entry)
		return wt_error_set(err, -ENOMEM, "no memory for the interfaces");
	entry->id = (uint32_t)(interface - cut->interfaces);
	entry->is_hardware = wt_cut_is_hardware(interface->clock);
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

/* Whatever comes before a packet: 1 for a packet that a file can have, 0 for others. */
static int take_item(struct cut *cut, struct source *source, const struct wt_pcapng_item *item,
                     struct wt_error *err)
{
	switch (item->kind) {
	case WT_ITEM_SECTION:
		return take_section(cut, source, item, err);
	case WT_ITEM_INTERFACE:
		return take_interface(cut, source, item, err);
	case WT_ITEM_PACKET:
		if (item->packet.has_stamp && !item->packet.stamp_saturated &&
		    item->packet.frame.stamp_ns >= 0)
			return 1;
		source->report->left_out++;
		return 0;
	default:
		return item->block_type == WT_PCAPNG_CLOCK
		               ? wt_cut_take_clock(cut, source, item, err)
		               : 0;
	}
}

/* ---- inputs ---- */

/* The next packet of a file that is read from its beginning to its end. */
static int next_of_file(struct cut *cut, struct source *source, struct wt_error *err)
{
	struct wt_cut_file *report = source->report;
	int rc;

	for (;;) {
		rc = wt_capture_file_next(source->file, &source->item, &report->why);
		report->bytes_read = wt_capture_file_offset(source->file);
		if (rc == -ENODATA || rc == -EBADMSG || rc == -ENOTSUP) {
			report->ended = rc;
			return 0;
		}
		if (rc < 0)
			return wt_error_set(err, rc, "%s: %s", source->path, report->why.text);
		if (!rc)
			return 0;
		rc = take_item(cut, source, &source->item, err);
		if (rc)
			return rc;
	}
}

static bool is_past(const struct cut *cut, const struct source *source)
{
	int64_t earliest;

	return cut->result->has_to && source->max_so_far_ns > INT64_MIN &&
	       !__builtin_sub_overflow(source->max_so_far_ns, source->last.reach_back_ns,
	                               &earliest) &&
	       earliest >= cut->result->to_ns;
}

static bool overlaps(const struct cut *cut, const struct wt_chunk_index *index)
{
	const struct wt_cut_result *range = cut->result;

	return index->packets && (!range->has_from || index->max_ns >= range->from_ns) &&
	       (!range->has_to || index->min_ns < range->to_ns);
}

static bool is_behind(const struct cut *cut, int64_t ns)
{
	return cut->result->has_to && ns >= cut->result->to_ns;
}

/* Where chunks are missing the next one says how many packets were in them. */
static void note_gap(struct source *source, const struct wt_chunk_index *index)
{
	if (index->packets_before > source->expected)
		source->report->missing += index->packets_before - source->expected;
	source->expected = index->packets_before;
}

int wt_cut_failed(const struct source *source, int rc, const struct wt_error *why,
                  struct wt_error *err)
{
	return wt_error_set(err, rc, "%s: %s", source->path, why->text);
}

/* The next chunk that can have packets of the range: 1, or 0 if there is no more. */
static int next_chunk(struct cut *cut, struct source *source, struct wt_error *err)
{
	struct wt_chunk_index *index = &source->index;
	struct wt_error why;
	int rc;

	while (!is_past(cut, source)) {
		rc = wt_tape_reader_find(source->tape, source->next, source->last.offset + 1, index,
		                         &why);
		if (rc <= 0)
			return rc ? wt_cut_failed(source, rc, &why, err) : 0;
		note_gap(source, index);
		source->max_so_far_ns = index->max_so_far_ns;
		source->next = index->offset + index->chunk_bytes;
		source->behind |= index->packets && is_behind(cut, index->min_ns);
		if (!overlaps(cut, index) && !wt_cut_wants_clocks(source, index)) {
			source->expected += index->packets;
			continue;
		}
		rc = wt_tape_reader_chunk(source->tape, index, &source->chunk, &why);
		if (rc < 0)
			return wt_cut_failed(source, rc, &why, err);
		source->in_chunk = 0;
		if (rc) {
			source->expected += index->packets;
			return 1;
		}
		/* Torn, or not all there yet: the next one may be anywhere behind. */
		source->next = index->offset + WT_CHUNK_ALIGNMENT;
	}
	return 0;
}

static int next_of_tape(struct cut *cut, struct source *source, struct wt_error *err)
{
	struct wt_cut_file *report = source->report;
	int rc;

	for (;;) {
		if (!source->chunk) {
			rc = next_chunk(cut, source, err);
			if (rc <= 0) {
				source->chunk = NULL;
				return rc;
			}
		}
		rc = wt_tape_reader_decode(source->tape, &source->index, source->chunk,
		                           &source->in_chunk, &source->item, &report->why);
		if (rc == -ENOMEM)
			return wt_cut_failed(source, rc, &report->why, err);
		if (rc < 0)
			report->ended = rc;
		if (rc <= 0) {
			source->chunk = NULL;
			continue;
		}
		rc = take_item(cut, source, &source->item, err);
		if (rc)
			return rc;
	}
}

static int next_packet(struct cut *cut, struct source *source, struct wt_error *err)
{
	int rc = source->tape ? next_of_tape(cut, source, err) : next_of_file(cut, source, err);

	source->has_packet = rc > 0;
	source->ended = rc <= 0;
	return rc < 0 ? rc : 0;
}

static bool is_wanted(const struct cut *cut, const struct source *source)
{
	int64_t ns = source->item.packet.frame.stamp_ns;
	const struct wt_cut_result *range = cut->result;

	return (!range->has_from || ns >= range->from_ns) &&
	       (!range->has_to || ns < range->to_ns) && passes(cut, source);
}

/* On to the next packet that is wanted, which may be the one that is there. */
static int settle(struct cut *cut, struct source *source, struct wt_error *err)
{
	int rc = 0;

	while (!rc && !source->ended && !(source->has_packet && is_wanted(cut, source))) {
		source->behind |=
		        source->has_packet && is_behind(cut, source->item.packet.frame.stamp_ns);
		rc = next_packet(cut, source, err);
	}
	return rc;
}

/* ---- beginning ---- */

static int take_first_chunk(struct cut *cut, struct source *source, struct wt_error *err)
{
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	size_t length, at = 0;
	const uint8_t *bytes = wt_tape_reader_first_chunk(source->tape, &length);
	int rc;

	wt_pcapng_decoder_init(&decoder);
	while ((rc = wt_pcapng_decode(&decoder, bytes + at, length - at, true, &item, err)) > 0) {
		at += item.bytes;
		rc = take_item(cut, source, &item, err);
		if (rc < 0)
			break;
	}
	wt_pcapng_decoder_fini(&decoder);
	source->first_notes = source->note_count;
	return rc;
}

/* From the first chunk of a tape on. */
static void rewind_tape(struct source *source)
{
	size_t first_bytes;

	wt_tape_reader_first_chunk(source->tape, &first_bytes);
	source->next = first_bytes;
	source->expected = 0;
	source->max_so_far_ns = INT64_MIN;
	source->chunk = NULL;
	source->has_packet = false;
	source->ended = false;
	source->report->missing = 0;
	source->report->left_out = 0;
	wt_cut_forget_clocks(source);
}

static int open_tape(struct cut *cut, struct source *source, struct wt_error *err)
{
	struct wt_error why;
	int rc = wt_tape_reader_last(source->tape, &source->last, &why);

	if (rc < 0)
		return wt_cut_failed(source, rc, &why, err);
	source->report->is_tape = true;
	rewind_tape(source);
	source->ended = rc == 0;
	return take_first_chunk(cut, source, err);
}

static int open_source(struct cut *cut, struct source *source, struct wt_error *err)
{
	struct wt_error why;
	int rc;

	if (strcmp(source->path, "-") && !wt_tape_reader_open(&source->tape, source->path, NULL))
		return open_tape(cut, source, err);
	rc = wt_capture_file_open(&source->file, source->path, &why);
	return rc ? wt_cut_failed(source, rc, &why, err) : 0;
}

/* To where the range begins. */
static int seek_tape(struct cut *cut, struct source *source, struct wt_error *err)
{
	struct wt_chunk_index before;
	struct wt_error why;
	int rc;

	rewind_tape(source);
	/* Nothing there at all. */
	source->ended = !source->last.number;
	/* From the beginning on all is read anyway. */
	source->is_searched = !cut->result->has_from;
	if (source->ended || !cut->result->has_from)
		return 0;
	rc = wt_tape_reader_seek(source->tape, cut->result->from_ns, &source->last, &source->index,
	                         &before, &why);
	if (rc < 0)
		return wt_cut_failed(source, rc, &why, err);
	source->ended = !rc;
	if (!rc)
		return 0;
	source->next = source->index.offset;
	source->expected = before.packets_before + before.packets;
	if (before.number)
		source->max_so_far_ns = before.max_so_far_ns;
	return 0;
}

/* When the first packet of the first file was. */
static int find_origin(struct cut *cut, int64_t *origin_ns, struct wt_error *err)
{
	struct source *first = &cut->sources[0];
	int rc = first->ended ? 0 : next_packet(cut, first, err);

	if (rc)
		return rc;
	if (!first->has_packet)
		return wt_error_set(err, -ENODATA,
		                    "%s: it has no packet for a time with a plus to count from",
		                    first->path);
	*origin_ns = first->item.packet.frame.stamp_ns;
	return 0;
}

static int resolve(const struct wt_time *time, int64_t origin_ns, bool *has, int64_t *ns,
                   struct wt_error *err)
{
	*has = time != NULL;
	if (!time)
		return 0;
	*ns = time->ns;
	if (time->relative && __builtin_add_overflow(origin_ns, time->ns, ns))
		return wt_error_set(err, -ERANGE, "such a late time no stamp can have");
	return 0;
}

static int resolve_range(struct cut *cut, struct wt_error *err)
{
	static const struct wt_time beginning = {.relative = true};
	const struct wt_cut_config *config = cut->config;
	const struct wt_time *from = config->from;
	struct wt_cut_result *result = cut->result;
	int64_t origin_ns = 0;
	int rc = 0;

	if (config->duration_ns && !from)
		from = &beginning;
	if ((from && from->relative) || (config->to && config->to->relative))
		rc = find_origin(cut, &origin_ns, err);
	if (!rc)
		rc = resolve(from, origin_ns, &result->has_from, &result->from_ns, err);
	if (!rc)
		rc = resolve(config->to, origin_ns, &result->has_to, &result->to_ns, err);
	if (rc || !config->duration_ns)
		return rc;
	result->has_to = true;
	if (__builtin_add_overflow(result->from_ns, config->duration_ns, &result->to_ns))
		result->to_ns = INT64_MAX;
	return 0;
}

static int open_sources(struct cut *cut, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < cut->config->path_count && !rc; i++)
		rc = open_source(cut, &cut->sources[i], err);
	return rc;
}

static int settle_sources(struct cut *cut, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < cut->config->path_count && !rc; i++) {
		if (cut->sources[i].tape)
			rc = seek_tape(cut, &cut->sources[i], err);
		if (!rc)
			rc = settle(cut, &cut->sources[i], err);
	}
	return rc;
}

/* ---- merging ---- */

static int write_packet(struct cut *cut, struct source *source, struct wt_error *err)
{
	const struct wt_pcapng_item *item = &source->item;
	struct wt_cut_result *result = cut->result;
	int64_t ns = item->packet.frame.stamp_ns;
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
	if (!result->packets || ns < result->first_ns)
		result->first_ns = ns;
	if (!result->packets || ns > result->last_ns)
		result->last_ns = ns;
	result->packets++;
	source->report->packets++;
	source->has_packet = false;
	source->behind = false;
	return 0;
}

/* The source with the earliest packet, of several the first; NULL if there is none. */
static struct source *earliest(struct cut *cut)
{
	struct source *found = NULL;

	for (size_t i = 0; i < cut->config->path_count; i++) {
		struct source *source = &cut->sources[i];

		if (source->has_packet && (!found || source->item.packet.frame.stamp_ns <
		                                             found->item.packet.frame.stamp_ns))
			found = source;
	}
	return found;
}

static int merge(struct cut *cut, struct wt_error *err)
{
	struct source *source;
	int rc = 0;

	while (!rc && (source = earliest(cut))) {
		rc = write_packet(cut, source, err);
		if (!rc)
			rc = settle(cut, source, err);
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
	int rc = open_sources(cut, err);

	if (!rc)
		rc = resolve_range(cut, err);
	if (!rc)
		rc = settle_sources(cut, err);
	if (!rc)
		rc = merge(cut, err);
	if (!rc && !cut->begun)
		rc = begin(cut, NULL, err);
	return rc ? rc : flush(cut, err);
}

static void report_bytes(struct source *source)
{
	struct wt_cut_file *report = source->report;
	struct stat status;

	if (source->tape)
		report->bytes_read = wt_tape_reader_bytes_read(source->tape) +
		                     (source->scout ? wt_tape_reader_bytes_read(source->scout) : 0);
	report->bytes_total = report->bytes_read;
	if (strcmp(source->path, "-") && !stat(source->path, &status) && S_ISREG(status.st_mode))
		report->bytes_total = (uint64_t)status.st_size;
}

static void fini(struct cut *cut)
{
	for (size_t i = 0; i < cut->config->path_count; i++) {
		report_bytes(&cut->sources[i]);
		wt_tape_reader_close(cut->sources[i].tape);
		wt_capture_file_close(cut->sources[i].file);
		wt_cut_free_clocks(&cut->sources[i]);
		free(cut->sources[i].interfaces);
	}
	for (size_t i = 0; i < cut->interface_count; i++) {
		free(cut->interfaces[i].name);
		free(cut->interfaces[i].clock);
		free(cut->interfaces[i].written.numbers);
		free(cut->interfaces[i].missing.numbers);
	}
	for (size_t i = 0; i < cut->program_count; i++)
		pcap_freecode(&cut->programs[i].code);
	free(cut->sources);
	free(cut->interfaces);
	free(cut->programs);
	free(cut->buffer);
}

static int init(struct cut *cut, const struct wt_cut_config *config, struct wt_cut_file *files,
                struct wt_error *err)
{
	cut->sources = calloc(config->path_count, sizeof(*cut->sources));
	if (!cut->sources)
		return wt_error_set(err, -ENOMEM, "no memory for %zu files", config->path_count);
	for (size_t i = 0; i < config->path_count; i++) {
		cut->sources[i].path = config->paths[i];
		cut->sources[i].report = &files[i];
	}
	return 0;
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
	rc = init(&cut, config, files, err);
	if (rc)
		return rc;
	rc = wt_new_file_open(&cut.out, config->out, err);
	if (!rc)
		rc = run(&cut, err);
	fini(&cut);
	if (!rc)
		return wt_new_file_commit(&cut.out, err);
	wt_new_file_abandon(&cut.out);
	return rc;
}
