/* SPDX-License-Identifier: BSD-2-Clause */
/* Tracks streams and their sessions, states, loops and retransmissions. */
#include <wiretape/feed/stream/stream_private.h>

enum {
	/* After this many packets of a replaced session, both sessions are alive. */
	REVIVED_BY = 10000,
	LIST_MOST = 64, /* streams of a channel that are looked through */
};

static const uint64_t NUMBER_MOST = UINT64_C(1) << 63;

static void report_state(const struct wt_stream_job *job, enum wt_feed_state state)
{
	wt_stream_record(job, WT_RECORD_STATE, job->stream->next, job->stream->next)->state =
	        (uint8_t)state;
}

static void end_stream(const struct wt_stream_job *job)
{
	if (job->stream->flags & WT_STREAM_ENDED)
		return;
	job->stream->flags |= WT_STREAM_ENDED;
	if (job->rest->seen)
		report_state(job, WT_FEED_STATE_ENDED);
}

static void end_cycle(const struct wt_stream_job *job)
{
	struct wt_stream_rest *rest = job->rest;

	wt_run_end(job);
	if (!rest->run_whole)
		return;
	rest->cycles++;
	rest->complete_cycles += !rest->sequence.missing;
}

/* Whether a loop has begun another round. */
static bool is_next_cycle(const struct wt_stream_job *job, uint64_t number, uint32_t count)
{
	uint64_t fall = job->stream->next - number;

	if (number + count > job->stream->next)
		return number > job->stream->next && wt_number_period(job->preset) &&
		       number - job->stream->next > wt_number_period(job->preset) / 256;
	return wt_run_is_start(job, number) || number <= job->rest->sequence.first ||
	       fall > wt_run_fall_most(job);
}

static void take_loop(const struct wt_stream_job *job)
{
	const struct wt_feed_header *header = job->header;
	uint64_t number = wt_number_extend(job->preset, header->first, job->stream->next);

	if (header->what == WT_FEED_RESET) {
		if (job->stream->next == job->rest->sequence.first)
			return;
	} else if (header->what != WT_FEED_DATA) {
		return; /* the next number does not matter where everything repeats */
	} else if (!is_next_cycle(job, number, header->count)) {
		wt_run_accept(job, number, header->count);
		return;
	}
	end_cycle(job);
	job->rest->run_whole = true;
	wt_run_begin(job, wt_run_start(job, header->first));
	if (header->what == WT_FEED_DATA)
		wt_run_accept(job, header->first, header->count);
}

/* Number that another side of the channel has reached, which tells the period of a roll-over. */
static uint64_t number_of_others(const struct wt_stream_job *job, uint64_t wire)
{
	const struct wt_stream_table *table = &job->tracker->streams;
	uint32_t number = wt_stream_newest(table, job->side->channel, job->header->channel);

	for (int i = 0; i < LIST_MOST && number != WT_STREAM_NONE; i++) {
		const struct wt_stream *other = wt_stream_at(table, number);
		const struct wt_side *side =
		        &job->tracker->reader.sides.sides[wt_place_side(other->place)];

		if (other != job->stream && side->channel == job->side->channel &&
		    side->side != WT_FEED_R && other->session == job->stream->session &&
		    (uint32_t)other->place == (uint32_t)job->stream->place &&
		    !(other->flags & WT_STREAM_UNSTARTED))
			return wt_number_extend(job->preset, wire, other->next);
		number = table->rest[number].before;
	}
	return wire;
}

static void take_retransmission(const struct wt_stream_job *job)
{
	const struct wt_feed_header *header = job->header;
	uint64_t first;

	if (header->what != WT_FEED_DATA)
		return;
	first = number_of_others(job, header->first);
	job->rest->past.expected += header->count;
	job->rest->past.received += header->count;
	job->stream->next = first + header->count;
	job->stream->flags &= (uint16_t)~WT_STREAM_UNSTARTED;
	wt_run_progress(job);
	if (job->side->pair)
		wt_stream_record(job, WT_RECORD_ARRIVAL, first, first + header->count)->flags =
		        header->again ? WT_RECORD_AGAIN : 0;
}

/* The newest stream of an earlier session at the same place. */
static uint32_t find_replaced(const struct wt_stream_job *job)
{
	const struct wt_stream_table *table = &job->tracker->streams;
	uint32_t number = job->rest->before;

	for (int i = 0; i < LIST_MOST && number != WT_STREAM_NONE; i++) {
		if (wt_stream_at(table, number)->place == job->stream->place)
			return number;
		number = table->rest[number].before;
	}
	return WT_STREAM_NONE;
}

static void begin(const struct wt_stream_job *job)
{
	const struct wt_feed_header *header = job->header;
	const struct wt_stream_table *table = &job->tracker->streams;
	uint64_t first = header->first;

	job->rest->run_whole = first == job->preset->begins_at;
	job->rest->run_signalled = header->restarts || header->what == WT_FEED_RESET;
	if (job->stream->flags & WT_STREAM_ANYWHERE)
		job->stream->flags &= (uint16_t)~WT_STREAM_ANYWHERE;
	else if (job->rest->replaces != WT_STREAM_NONE && table->rest[job->rest->replaces].seen &&
	         header->what != WT_FEED_RESET)
		first = wt_run_start(job, first);
	else if (job->preset->number_bits < 64)
		first = number_of_others(job, first);
	wt_run_begin(job, first);
	if (first == header->first)
		wt_run_progress(job);
}

static bool create(struct wt_stream_job *job)
{
	const struct wt_arrival *arrival = job->arrival;
	struct wt_stream_table *table = &job->tracker->streams;
	uint64_t place = wt_stream_place(arrival->interface, arrival->side, job->header->channel);

	job->stream = wt_stream_add(table, place, job->header->session, job->side->channel);
	if (!job->stream)
		return false;
	job->rest = &table->rest[job->stream->number];
	job->stream->flags =
	        WT_STREAM_UNSTARTED | WT_STREAM_FRESH | wt_stream_kind_flags(job->side);
	job->stream->last_ns = arrival->stamp_ns;
	job->rest->first_ns = arrival->stamp_ns;
	job->rest->any_ns = arrival->stamp_ns;
	job->rest->replaces = find_replaced(job);
	if (arrival->names) {
		memcpy(job->rest->key, arrival->names->key, sizeof(job->rest->key));
		memcpy(job->rest->session, arrival->names->session, sizeof(job->rest->session));
	} else if (arrival->payload)
		wt_preset_describe(job->preset, arrival->payload, arrival->payload_bytes,
		                   job->rest->key, job->rest->session);
	return true;
}

/* Report a stream that is new in this run. */
static void introduce(const struct wt_stream_job *job)
{
	uint64_t first = job->stream->flags & WT_STREAM_LOADED ? job->stream->next
	                 : wt_stream_has_number(job->header)   ? job->header->first
	                                                       : 0;

	job->rest->seen = true;
	job->rest->any_ns = job->arrival->stamp_ns;
	job->stream->flags &= (uint16_t)~WT_STREAM_LOADED;
	wt_stream_record(job, WT_RECORD_STREAM, first, first);
}

static int64_t last_packet_ns(const struct wt_stream_job *job)
{
	return job->stream->last_ns > job->rest->any_ns ? job->stream->last_ns : job->rest->any_ns;
}

/* Report silence as of the time it began, independent of when the check ran. */
static void fall_silent(const struct wt_stream_job *job, int64_t now_ns)
{
	int64_t last_ns = last_packet_ns(job);
	struct wt_feed_record *record;

	if (job->stream->flags & (WT_STREAM_SILENT | WT_STREAM_ENDED | WT_STREAM_LOADED) ||
	    now_ns <= last_ns || wt_stream_elapsed(last_ns, now_ns) <= job->side->silent_ns)
		return;
	job->stream->flags |= WT_STREAM_SILENT;
	record = wt_tracker_record(job->tracker);
	*record = (struct wt_feed_record){
	        .kind = WT_RECORD_STATE,
	        .state = WT_FEED_STATE_SILENT,
	        .stream = job->stream->number,
	        .first = job->stream->next,
	        .end = job->stream->next,
	        .stamp_ns = (int64_t)((uint64_t)last_ns + job->side->silent_ns),
	        .after_ns = job->stream->last_ns,
	        .after_order = job->stream->last_order,
	};
}

void wt_stream_silent(struct wt_tracker *tracker, struct wt_stream *stream, int64_t now_ns)
{
	struct wt_stream_job job = {
	        .tracker = tracker,
	        .stream = stream,
	        .rest = &tracker->streams.rest[stream->number],
	        .side = &tracker->reader.sides.sides[wt_place_side(stream->place)],
	};

	fall_silent(&job, now_ns);
}

/* Whether a replaced session may come back: the other one is gone, or this one went on for longer
 * than a failover takes. */
static bool may_revive(const struct wt_stream_job *job)
{
	uint32_t by = job->rest->replaced_by;

	if (job->header->what != WT_FEED_DATA)
		return false;
	if (by == WT_STREAM_NONE || ++job->rest->since_replaced >= REVIVED_BY)
		return true;
	return wt_stream_at(&job->tracker->streams, by)->flags &
	       (WT_STREAM_SILENT | WT_STREAM_ENDED);
}

static void wake(const struct wt_stream_job *job)
{
	fall_silent(job, job->arrival->stamp_ns);
	if (job->stream->flags & WT_STREAM_ENDED) {
		if (!may_revive(job))
			return;
		job->rest->replaced_by = WT_STREAM_NONE;
	} else if (!(job->stream->flags & WT_STREAM_SILENT)) {
		return;
	}
	job->stream->flags &= (uint16_t) ~(WT_STREAM_SILENT | WT_STREAM_ENDED);
	report_state(job, WT_FEED_STATE_LIVE);
}

/* Two packets of a new session end the one before. */
static void replace(const struct wt_stream_job *job)
{
	struct wt_stream_job old = *job;

	job->stream->flags &= (uint16_t)~WT_STREAM_FRESH;
	if (job->rest->replaces == WT_STREAM_NONE)
		return;
	old.stream = wt_stream_at(&job->tracker->streams, job->rest->replaces);
	old.rest = &job->tracker->streams.rest[job->rest->replaces];
	old.rest->replaced_by = job->stream->number;
	old.rest->since_replaced = 0;
	end_stream(&old);
}

static void count_header(const struct wt_stream_job *job)
{
	const struct wt_feed_header *header = job->header;

	job->stream->packets++;
	job->rest->heartbeats += header->what == WT_FEED_HEARTBEAT;
	job->rest->unsequenced += header->what == WT_FEED_UNSEQUENCED;
	if (header->what != WT_FEED_DATA)
		return;
	if (header->count > job->rest->most)
		job->rest->most = header->count;
	job->stream->most = job->rest->most < UINT16_MAX ? (uint16_t)job->rest->most : UINT16_MAX;
}

/* Whether a packet may begin a stream: ones sent again do not show how far it has come. */
static bool may_begin(const struct wt_stream_job *job)
{
	return wt_stream_has_number(job->header) &&
	       (!job->header->again || job->side->kind == WT_FEED_LOOP);
}

static void take(const struct wt_stream_job *job)
{
	if (wt_side_retransmits(job->side)) {
		take_retransmission(job);
		return;
	}
	if (job->stream->flags & WT_STREAM_UNSTARTED && may_begin(job))
		begin(job);
	if (job->stream->flags & WT_STREAM_UNSTARTED) {
		job->rest->again += job->header->again ? job->header->count : 0;
		if (job->header->what == WT_FEED_RESET)
			job->stream->flags |= WT_STREAM_ANYWHERE;
	} else if (job->side->kind == WT_FEED_LOOP) {
		take_loop(job);
		return;
	} else {
		wt_stream_take_live(job);
	}
	if (job->header->what == WT_FEED_END)
		end_stream(job);
}

void wt_stream_rare(struct wt_tracker *tracker, struct wt_stream *stream,
                    const struct wt_arrival *arrival)
{
	const struct wt_side *side = &tracker->reader.sides.sides[arrival->side];
	struct wt_stream_job job = {
	        .tracker = tracker,
	        .stream = stream,
	        .side = side,
	        .preset = side->preset,
	        .arrival = arrival,
	        .header = arrival->header,
	};

	if (!stream && !create(&job)) {
		tracker->table_full++;
		return;
	}
	job.rest = &tracker->streams.rest[job.stream->number];
	if (!job.rest->seen)
		introduce(&job);
	wake(&job);
	count_header(&job);
	/* A guess at where numbers go on is no better than a number. */
	if ((wt_stream_has_number(job.header) || job.header->what == WT_FEED_RESET) &&
	    job.header->first > NUMBER_MOST)
		job.rest->wild++;
	else
		take(&job);
	job.rest->any_ns = arrival->stamp_ns;
	job.rest->any_order = arrival->order;
	if (job.stream->flags & WT_STREAM_FRESH && job.stream->packets >= 2)
		replace(&job);
}
