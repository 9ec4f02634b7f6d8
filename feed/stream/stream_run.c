/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/feed/stream/stream_private.h>

enum {
	/* A fall of fewer numbers is a late or repeated packet; a longer one may be a restart. */
	FALL_LEAST = 1000,
	FALL_MOST_16 = 100, /* RFC 3550, A.1: MAX_MISORDER, for numbers of 16 bits */
};

static void report_arrival(const struct wt_stream_job *job, uint64_t first, uint64_t end)
{
	wt_stream_record(job, WT_RECORD_ARRIVAL, first, end)->flags =
	        job->header->again ? WT_RECORD_AGAIN : 0;
}

/* Stream of the last packet before the gap: this one, or the one that it replaced. */
static const struct wt_stream *stream_before(const struct wt_stream_job *job)
{
	if (job->stream->last_order || job->rest->replaces == WT_STREAM_NONE)
		return job->stream;
	return wt_stream_at(&job->tracker->streams, job->rest->replaces);
}

static void report_gap(const struct wt_stream_job *job, const struct wt_sequence_gap *gap)
{
	const struct wt_stream *before = stream_before(job);
	struct wt_feed_record *record;

	if (job->stream->flags & WT_STREAM_OTHER_KIND)
		return;
	record = wt_stream_record(job, WT_RECORD_GAP, gap->first, gap->end);
	record->most_in_packet = job->rest->most ? job->rest->most : 1;
	record->held_ms = job->held_ms;
	if (job->header->what != WT_FEED_DATA)
		record->flags |= WT_RECORD_BY_HEARTBEAT;
	if (!before->last_order)
		return;
	record->after_ns = before->last_ns;
	record->after_order = before->last_order;
	if (before->last_ns > job->arrival->stamp_ns)
		record->flags |= WT_RECORD_BACKWARD;
}

static void report_fills(const struct wt_stream_job *job, const struct wt_sequence_change *change)
{
	struct wt_stream_rest *rest = job->rest;

	if (job->stream->flags & WT_STREAM_OTHER_KIND)
		return;
	for (uint32_t i = 0; i < change->filled_count; i++) {
		const struct wt_sequence_gap *piece = &change->filled[i];
		int64_t late_ns = (int64_t)wt_stream_elapsed(piece->mark, job->arrival->stamp_ns);

		if (late_ns > rest->late_most_ns)
			rest->late_most_ns = late_ns;
		if (job->header->again)
			wt_stream_record(job, WT_RECORD_FILL, piece->first, piece->end)->flags =
			        WT_RECORD_AGAIN;
		else
			wt_stream_record(job, WT_RECORD_FILL, piece->first, piece->end);
	}
	rest->late += change->filled_count > 0;
}

void wt_run_progress(const struct wt_stream_job *job)
{
	job->stream->last_ns = job->arrival->stamp_ns;
	job->stream->last_order = job->arrival->order;
}

/* Bring the cold half up to date with the hot path. */
static void catch_up(const struct wt_stream_job *job)
{
	struct wt_sequence *sequence = &job->rest->sequence;

	sequence->received += job->stream->next - sequence->next;
	sequence->next = job->stream->next;
}

static void set_next(const struct wt_stream_job *job, uint64_t next)
{
	job->stream->next = next;
	job->stream->base = next - wt_number_wire(job->preset, next);
}

void wt_run_begin(const struct wt_stream_job *job, uint64_t first)
{
	struct wt_sequence_change change;

	wt_sequence_init(&job->rest->sequence);
	wt_sequence_change(&job->rest->sequence, first, 0, 0, &change);
	set_next(job, first);
	job->stream->flags &= (uint16_t)~WT_STREAM_UNSTARTED;
}

void wt_run_accept(const struct wt_stream_job *job, uint64_t first, uint64_t count)
{
	struct wt_sequence *sequence = &job->rest->sequence;
	struct wt_sequence_change change;
	uint64_t next = job->stream->next, filled;

	catch_up(job);
	if (wt_sequence_change(sequence, first, count, job->arrival->stamp_ns, &change))
		return;
	if (change.opened.first < change.opened.end)
		report_gap(job, &change.opened);
	report_fills(job, &change);
	filled = change.filled_count;
	if (job->stream->flags & WT_STREAM_PAIR && count && (filled || first + count > next))
		report_arrival(job, first, first + count);
	set_next(job, sequence->next);
	if (first + count > next || first == next)
		wt_run_progress(job);
}

void wt_run_end(const struct wt_stream_job *job)
{
	struct wt_stream_rest *rest = job->rest;
	const struct wt_sequence *sequence = &rest->sequence;

	catch_up(job);
	rest->past.expected += sequence->next - sequence->first;
	rest->past.received += sequence->received;
	rest->past.missing += sequence->missing;
	rest->past.recovered += sequence->reordered;
	rest->past.duplicates += sequence->duplicates;
	rest->past.too_late += sequence->too_late;
	rest->past.gaps += sequence->gaps;
}

uint64_t wt_run_fall_most(const struct wt_stream_job *job)
{
	return job->preset->number_bits <= 16 ? FALL_MOST_16 : FALL_LEAST - 1;
}

/* Where the start of sessions is not specified, this session's start counts. */
bool wt_run_is_start(const struct wt_stream_job *job, uint64_t number)
{
	return number == job->preset->begins_at ||
	       (job->preset->begins_at == UINT64_MAX && number == job->rest->sequence.first);
}

uint64_t wt_run_start(const struct wt_stream_job *job, uint64_t wire)
{
	uint64_t begins_at = job->preset->begins_at;

	return wire > begins_at && wire - begins_at <= WT_RUN_START_MOST ? begins_at : wire;
}
