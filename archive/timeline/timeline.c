/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/timeline/timeline_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the range ---- */

static bool has_time(const struct wt_timeline_source *source)
{
	return source->has_packet && source->has_stamp && !source->item.packet.stamp_saturated;
}

/* When the first packet of the first file was. */
static int find_origin(struct wt_timeline *timeline, int64_t *origin_ns, struct wt_error *err)
{
	struct wt_timeline_source *first = &timeline->sources[0];
	int rc = 0;

	while (!rc && !first->ended && !has_time(first)) {
		if (first->has_packet)
			first->report->left_out++;
		rc = wt_timeline_advance(timeline, first, err);
	}
	if (rc)
		return rc;
	if (!first->has_packet)
		return wt_error_set(err, -ENODATA,
		                    "%s: it has no packet for a time with a plus to count from",
		                    first->path);
	*origin_ns = first->stamp_ns;
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

static int resolve_range(struct wt_timeline *timeline, struct wt_error *err)
{
	static const struct wt_time beginning = {.relative = true};
	const struct wt_timeline_config *config = &timeline->config;
	struct wt_timeline_range *range = &timeline->range;
	const struct wt_time *from = config->from;
	int64_t origin_ns = 0;
	int rc = 0;

	if (config->duration_ns && !from)
		from = &beginning;
	if ((from && from->relative) || (config->to && config->to->relative))
		rc = find_origin(timeline, &origin_ns, err);
	if (!rc)
		rc = resolve(from, origin_ns, &range->has_from, &range->from_ns, err);
	if (!rc)
		rc = resolve(config->to, origin_ns, &range->has_to, &range->to_ns, err);
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

/* ---- opening ---- */

static int refuse(const struct wt_timeline_config *config, struct wt_error *err)
{
	size_t streams = 0;

	if (!config->path_count)
		return wt_error_set(err, -EINVAL, "no file to read");
	for (size_t i = 0; i < config->path_count; i++)
		streams += !strcmp(config->paths[i], "-");
	return streams > 1 ? wt_error_set(err, -EINVAL, "standard input can be read only once") : 0;
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
		rc = wt_timeline_open_source(timeline, &timeline->sources[i], err);
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
		wt_timeline_close_source(&timeline->sources[i]);
	wt_timeline_free_interfaces(timeline);
	wt_file_filter_destroy(timeline->filter);
	free(timeline->sources);
	free(timeline);
}

/* ---- merging ---- */

/* Of equal stamps that of the first path is the earlier one. */
static bool is_earlier(const struct wt_timeline_source *a, const struct wt_timeline_source *b)
{
	return a->stamp_ns < b->stamp_ns || (a->stamp_ns == b->stamp_ns && a->number < b->number);
}

/* Those that have the earliest two packets. */
static void choose(struct wt_timeline *timeline)
{
	timeline->current = timeline->rival = NULL;
	for (size_t i = 0; i < timeline->config.path_count; i++) {
		struct wt_timeline_source *source = &timeline->sources[i];

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
	const struct wt_timeline_source *source = timeline->current;

	return source && source->has_packet &&
	       (!timeline->rival || is_earlier(source, timeline->rival));
}

static void hand_out(struct wt_timeline_source *source, struct wt_timeline_packet *packet)
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
		return wt_timeline_check_filter(timeline, err);
	hand_out(timeline->current, packet);
	return 1;
}
