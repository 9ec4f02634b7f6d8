/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct wt_check_context *context;
	struct wt_check_file *files;
	const struct wt_check_series *series;
	size_t series_count, next_series;
	struct wt_check_source **sources; /* that are open */
	size_t source_count;
};

/* Tell of drops before a lane's next packet: they may have been anywhere after the one before it,
 * and so are in gaps of streams whose packets other lanes have meanwhile. */
static void tell_drops(struct reading *reading, struct wt_check_source *source)
{
	struct wt_feed_tapes *tapes = reading->context->tapes;
	struct wt_frame *next = &source->frames[source->used];

	if (tapes && source->place != UINT32_MAX && next->dropped_before &&
	    wt_feed_tapes_dropped(tapes, source->place, next->dropped_before))
		next->dropped_before = 0;
}

static int open_series(struct reading *reading, struct wt_error *err)
{
	const struct wt_check_series *series = &reading->series[reading->next_series++];
	struct wt_check_source *source = malloc(sizeof(*source));
	int rc;

	if (!source)
		return wt_error_set(err, -ENOMEM, "no memory for this many files");
	wt_check_source_init(source, reading->context, reading->files + series->first,
	                     series->count);
	rc = wt_check_source_fill(source, err);
	if (!rc && !source->over) {
		reading->sources[reading->source_count++] = source;
		tell_drops(reading, source);
		return 0;
	}
	wt_check_source_fini(source);
	free(source);
	return rc;
}

/* Find the source whose next packet is the earliest, and where the others go on. */
static struct wt_check_source *earliest(const struct reading *reading, int64_t *limit_ns)
{
	struct wt_check_source *first = NULL;

	*limit_ns = INT64_MAX;
	for (size_t i = 0; i < reading->source_count; i++) {
		struct wt_check_source *source = reading->sources[i];
		int64_t next_ns = wt_check_source_next_ns(source);

		if (!first || next_ns < wt_check_source_next_ns(first)) {
			if (first)
				*limit_ns = wt_check_source_next_ns(first);
			first = source;
		} else if (next_ns < *limit_ns) {
			*limit_ns = next_ns;
		}
	}
	return first;
}

static bool any_nearly_over(const struct reading *reading, const struct wt_check_head *next)
{
	for (size_t i = 0; i < reading->source_count; i++)
		if (!wt_check_same_recording(&reading->sources[i]->files[0].head, next) &&
		    wt_check_source_is_nearly_over(reading->sources[i]))
			return true;
	return false;
}

/* Check whether to open the next series before the source goes on. A file of a ring of files may
 * begin a little before its predecessor ends: the predecessor is read to its end first. Lanes of a
 * recording do not wait for each other. */
static bool is_due(const struct reading *reading, const struct wt_check_source *source)
{
	const struct wt_check_series *series = &reading->series[reading->next_series];

	if (reading->next_series == reading->series_count)
		return false;
	if (!source || !series->has_first)
		return true;
	return series->first_ns <= wt_check_source_next_ns(source) &&
	       !any_nearly_over(reading, &reading->files[series->first].head);
}

/* Limit up to which the source may go on by itself. */
static int64_t limit_of(const struct reading *reading, int64_t others_ns)
{
	const struct wt_check_series *series = &reading->series[reading->next_series];

	if (reading->next_series == reading->series_count || series->first_ns > others_ns)
		return others_ns;
	return series->first_ns;
}

static void give(struct reading *reading, struct wt_check_source *source, int64_t limit_ns)
{
	struct wt_feed_tapes *tapes = reading->context->tapes;
	const struct wt_frame *frames = source->frames + source->used;
	size_t count = 1, left = source->frame_count - source->used;

	while (count < left && frames[count].stamp_ns <= limit_ns)
		count++;
	source->used += count;
	if (tapes && source->place != UINT32_MAX)
		wt_feed_tapes_frames(tapes, source->place, frames, count);
}

static void close_source(struct reading *reading, struct wt_check_source *source)
{
	size_t i = 0;

	while (reading->sources[i] != source)
		i++;
	memmove(reading->sources + i, reading->sources + i + 1,
	        (--reading->source_count - i) * sizeof(*reading->sources));
	wt_check_source_fini(source);
	free(source);
}

static int go_on(struct reading *reading, struct wt_error *err)
{
	struct wt_check_source *source;
	int64_t limit_ns;
	int rc = 0;

	source = earliest(reading, &limit_ns);
	if (is_due(reading, source))
		return open_series(reading, err);
	give(reading, source, limit_of(reading, limit_ns));
	if (source->used == source->frame_count)
		rc = wt_check_source_fill(source, err);
	if (rc)
		return rc;
	if (source->over)
		close_source(reading, source);
	else
		tell_drops(reading, source);
	return 0;
}

int wt_check_read(struct wt_check_context *context, struct wt_check_file *files,
                  const struct wt_check_series *series, size_t series_count, struct wt_error *err)
{
	struct reading reading = {
	        .context = context,
	        .files = files,
	        .series = series,
	        .series_count = series_count,
	        .sources = calloc(series_count + 1, sizeof(*reading.sources)),
	};
	int rc = 0;

	if (!reading.sources)
		return wt_error_set(err, -ENOMEM, "no memory for this many files");
	while (!rc && (reading.source_count || reading.next_series < series_count))
		rc = go_on(&reading, err);
	while (reading.source_count)
		close_source(&reading, reading.sources[0]);
	free(reading.sources);
	if (context->tapes)
		wt_feed_tapes_end(context->tapes);
	if (context->monitor)
		wt_feed_monitor_finish(context->monitor);
	return rc;
}
