/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/timeline/timeline_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool has_time(const struct wt_timeline_input *source)
{
	return source->has_packet && source->has_stamp && !source->item.packet.stamp_saturated;
}

/* Advance to a file's first packet that has a time. */
static int find_first(struct wt_timeline *timeline, struct wt_timeline_input *source,
                      struct wt_error *err)
{
	int rc = 0;

	while (!rc && !source->ended && !has_time(source)) {
		if (source->has_packet)
			source->report->left_out++;
		rc = wt_timeline_advance(timeline, source, err);
	}
	return rc;
}

/* Whether the source begins with the first one, in another lane: 1, 0 or a negative errno. What is
 * no tape does not say so before it is read. */
static int begins_beside(struct wt_timeline *timeline, struct wt_timeline_input *source,
                         struct wt_error *err)
{
	const struct wt_timeline_input *first = &timeline->sources[0];
	int rc = source->tape ? 0 : wt_timeline_advance(timeline, source, err);

	return rc ? rc
	          : source->is_lane && source->mark.recording == first->mark.recording &&
	                       source->mark.file == first->mark.file;
}

/* Find the time of the first packet of the first file, or of the lanes that begin with it. */
static int find_origin(struct wt_timeline *timeline, int64_t *origin_ns, struct wt_error *err)
{
	struct wt_timeline_input *first = &timeline->sources[0], *earliest = first;
	int rc = find_first(timeline, first, err);

	for (size_t i = 1; i < timeline->config.path_count && !rc && first->is_lane; i++) {
		struct wt_timeline_input *source = &timeline->sources[i];

		rc = begins_beside(timeline, source, err);
		if (rc > 0)
			rc = find_first(timeline, source, err);
		else if (!rc)
			continue;
		if (!earliest->has_packet ||
		    (source->has_packet && source->stamp_ns < earliest->stamp_ns))
			earliest = source;
	}
	if (rc)
		return rc;
	if (!earliest->has_packet)
		return wt_error_set(err, -ENODATA,
		                    "%s: it has no packet for a time with a plus to count from",
		                    first->path);
	*origin_ns = earliest->stamp_ns;
	return 0;
}

/* Find the latest stamp of all files, by a look apart from the one that hands out packets. */
static int find_end(struct wt_timeline *timeline, int64_t *end_ns, struct wt_error *err)
{
	const struct wt_timeline_config config = {
	        .paths = timeline->config.paths,
	        .path_count = timeline->config.path_count,
	        .patience = timeline->config.patience,
	};
	struct wt_timeline_file *files = calloc(config.path_count, sizeof(*files));
	struct wt_timeline *look = NULL;
	int rc = files ? wt_timeline_create(&look, &config, NULL, files, err)
	               : wt_error_set(err, -ENOMEM, "no memory for %zu files", config.path_count);

	*end_ns = INT64_MIN;
	for (size_t i = 0; i < config.path_count && !rc; i++) {
		rc = wt_timeline_open_input(look, &look->sources[i], err);
		if (!rc)
			rc = wt_timeline_find_last(look, &look->sources[i], end_ns, err);
	}
	wt_timeline_close(look);
	for (size_t i = 0; i < config.path_count && !rc; i++)
		timeline->sources[i].bytes_beside += files[i].bytes_read;
	free(files);
	if (!rc && *end_ns == INT64_MIN)
		rc = wt_error_set(err, -ENODATA,
		                  "%s: it has no packet for a time with a minus to count from",
		                  config.paths[0]);
	return rc;
}

static bool counts_from(const struct wt_timeline_config *config, enum wt_time_base base)
{
	return (config->from && config->from->base == base) ||
	       (config->to && config->to->base == base);
}

/* Resolve a time; `origins` has the zero of each base. */
static int resolve(const struct wt_time *time, const int64_t *origins, bool *has, int64_t *ns,
                   struct wt_error *err)
{
	*has = time != NULL;
	if (time && __builtin_add_overflow(origins[time->base], time->ns, ns))
		return wt_error_set(err, -ERANGE, "no stamp can be as %s as that",
		                    time->ns < 0 ? "early" : "late");
	return 0;
}

static int resolve_range(struct wt_timeline *timeline, struct wt_error *err)
{
	static const struct wt_time beginning = {.base = WT_TIME_START};
	const struct wt_timeline_config *config = &timeline->config;
	struct wt_timeline_range *range = &timeline->range;
	const struct wt_time *from = config->from;
	int64_t origins[] = {[WT_TIME_EPOCH] = 0, [WT_TIME_START] = 0, [WT_TIME_END] = 0};
	int rc = 0;

	if (config->duration_ns && !from)
		from = &beginning;
	if (counts_from(config, WT_TIME_END))
		rc = find_end(timeline, &origins[WT_TIME_END], err);
	if (!rc && (counts_from(config, WT_TIME_START) || from == &beginning))
		rc = find_origin(timeline, &origins[WT_TIME_START], err);
	if (!rc)
		rc = resolve(from, origins, &range->has_from, &range->from_ns, err);
	if (!rc)
		rc = resolve(config->to, origins, &range->has_to, &range->to_ns, err);
	if (rc || !config->duration_ns)
		return rc;
	range->has_to = true;
	if (__builtin_add_overflow(range->from_ns, config->duration_ns, &range->to_ns))
		range->to_ns = INT64_MAX;
	return 0;
}

const struct wt_timeline_range *wt_timeline_range(const struct wt_timeline *timeline)
{
	return &timeline->range;
}

static int refuse_streams(const struct wt_timeline_config *config, struct wt_error *err)
{
	for (size_t i = 0; i < config->path_count; i++) {
		struct stat status;

		if (strcmp(config->paths[i], "-") &&
		    (stat(config->paths[i], &status) || S_ISREG(status.st_mode)))
			continue;
		return wt_error_set(err, -ESPIPE,
		                    "%s: no time with a minus counts from the end of a stream, "
		                    "which is not known: give it as a time or with a plus",
		                    strcmp(config->paths[i], "-") ? config->paths[i]
		                                                  : "standard input");
	}
	return 0;
}

static int refuse(const struct wt_timeline_config *config, struct wt_error *err)
{
	size_t streams = 0;

	if (!config->path_count)
		return wt_error_set(err, -EINVAL, "no file to read");
	for (size_t i = 0; i < config->path_count; i++)
		streams += !strcmp(config->paths[i], "-");
	if (streams > 1)
		return wt_error_set(err, -EINVAL, "standard input can be read only once");
	return counts_from(config, WT_TIME_END) ? refuse_streams(config, err) : 0;
}

static int add_sources(struct wt_timeline *timeline, struct wt_timeline_file *files)
{
	const struct wt_timeline_config *config = &timeline->config;

	timeline->sources = calloc(config->path_count, sizeof(*timeline->sources));
	if (!timeline->sources)
		return -ENOMEM;
	for (size_t i = 0; i < config->path_count; i++) {
		timeline->sources[i].path = config->paths[i];
		timeline->sources[i].number = i;
		timeline->sources[i].report = &files[i];
		timeline->sources[i].stamp_ns = INT64_MIN;
	}
	return 0;
}

int wt_timeline_create(struct wt_timeline **timeline, const struct wt_timeline_config *config,
                       const struct wt_timeline_hooks *hooks, struct wt_timeline_file *files,
                       struct wt_error *err)
{
	struct wt_timeline *created;
	int rc;

	memset(files, 0, config->path_count * sizeof(*files));
	rc = refuse(config, err);
	if (rc)
		return rc;
	created = calloc(1, sizeof(*created));
	if (created) {
		created->config = *config;
		created->hooks = hooks;
	}
	if (!created || add_sources(created, files)) {
		free(created);
		return wt_error_set(err, -ENOMEM, "no memory for %zu files", config->path_count);
	}
	*timeline = created;
	return 0;
}

int wt_timeline_begin(struct wt_timeline *timeline, struct wt_error *err)
{
	const size_t count = timeline->config.path_count;
	const char *filter = timeline->config.filter;
	int rc = filter ? wt_file_filter_create(&timeline->filter, filter,
	                                        timeline->config.patience, err)
	                : 0;

	for (size_t i = 0; i < count && !rc; i++)
		rc = wt_timeline_open_input(timeline, &timeline->sources[i], err);
	if (!rc)
		rc = resolve_range(timeline, err);
	for (size_t i = 0; i < count && !rc; i++) {
		rc = wt_timeline_seek(timeline, &timeline->sources[i], err);
		if (!rc)
			rc = wt_timeline_settle(timeline, &timeline->sources[i], err);
	}
	return rc;
}

int wt_timeline_open(struct wt_timeline **timeline, const struct wt_timeline_config *config,
                     struct wt_timeline_file *files, struct wt_error *err)
{
	struct wt_timeline *opened;
	int rc = wt_timeline_create(&opened, config, NULL, files, err);

	if (rc)
		return rc;
	rc = wt_timeline_begin(opened, err);
	if (rc)
		wt_timeline_close(opened);
	else
		*timeline = opened;
	return rc;
}

void wt_timeline_close(struct wt_timeline *timeline)
{
	if (!timeline)
		return;
	for (size_t i = 0; i < timeline->config.path_count; i++)
		wt_timeline_close_input(&timeline->sources[i]);
	wt_timeline_free_interfaces(timeline);
	wt_file_filter_destroy(timeline->filter);
	free(timeline->sources);
	free(timeline);
}

/* Equal stamps rank by path, the first being the earlier. */
static bool is_earlier(const struct wt_timeline_input *a, const struct wt_timeline_input *b)
{
	return a->stamp_ns < b->stamp_ns || (a->stamp_ns == b->stamp_ns && a->number < b->number);
}

/* Choose the two inputs with the earliest packets. */
static void choose(struct wt_timeline *timeline)
{
	timeline->current = timeline->rival = NULL;
	for (size_t i = 0; i < timeline->config.path_count; i++) {
		struct wt_timeline_input *source = &timeline->sources[i];

		if (!source->has_packet)
			continue;
		if (!timeline->current || is_earlier(source, timeline->current)) {
			timeline->rival = timeline->current;
			timeline->current = source;
		} else if (!timeline->rival || is_earlier(source, timeline->rival)) {
			timeline->rival = source;
		}
	}
}

/* While a file's packets stay before those of all others, the others need not be looked at. */
static bool is_still_first(const struct wt_timeline *timeline)
{
	const struct wt_timeline_input *source = timeline->current;

	return source && source->has_packet &&
	       (!timeline->rival || is_earlier(source, timeline->rival));
}

static void hand_out(struct wt_timeline_input *source, struct wt_timeline_packet *packet)
{
	source->report->packets++;
	source->report->out_of_range += source->item.packet.stamp_saturated;
	source->behind = false;
	packet->item = &source->item;
	packet->file = source->number;
	packet->interface = source->interfaces[source->item.packet.interface_id].number;
	packet->has_stamp = source->has_stamp;
	packet->stamp_ns = source->has_stamp ? source->stamp_ns : 0;
}

/* Check the filter, naming the file where it could not be used. */
static int check_filter(const struct wt_timeline *timeline, struct wt_error *err)
{
	struct wt_error why;
	int rc = timeline->filter ? wt_file_filter_check(timeline->filter, &why) : 0;

	for (size_t i = 0; rc && i < timeline->config.path_count; i++)
		if (timeline->sources[i].report->unfiltered.packets)
			return wt_timeline_failed(&timeline->sources[i], rc,
			                          &timeline->sources[i].report->unfiltered.why,
			                          err);
	return rc;
}

int wt_timeline_next(struct wt_timeline *timeline, struct wt_timeline_packet *packet,
                     struct wt_error *err)
{
	int rc = 0;

	if (timeline->current) {
		timeline->current->has_packet = false;
		rc = wt_timeline_settle(timeline, timeline->current, err);
	}
	if (rc)
		return rc;
	if (!is_still_first(timeline))
		choose(timeline);
	if (!timeline->current)
		return check_filter(timeline, err);
	hand_out(timeline->current, packet);
	return 1;
}
