/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells gaps, late packets and restarts of a live stream apart. */
#include <wiretape/feed/stream/stream_private.h>

enum {
	JUMP_MOST_16 = 3000, /* RFC 3550, A.1: MAX_DROPOUT, for numbers of 16 bits */
	JUMP_MOST = 1000000, /* farthest that one packet is believed; and largest distance of the
	                        next from it */
	/* Packets in order that confirm a candidate as a restart: two where the numbers are not
	 * known (RFC 3550: MIN_SEQUENTIAL), more where they may be repetitions of this run. */
	NEEDED = 2,
	NEEDED_HEARTBEATS = 3,
	NEEDED_FROM_START = 8,
	NEEDED_KNOWN = 16,
};

/* Time in which packets of the run before a reset, and copies of a run's first ones, may come. */
static const uint64_t OLD_RUN_NS = UINT64_C(10) * 1000000000;

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void restart(const struct wt_stream_job *job, uint64_t first, bool signalled)
{
	struct wt_stream_rest *rest = job->rest;

	wt_run_end(job);
	rest->old.next = job->stream->next;
	rest->old.at_ns = job->arrival->stamp_ns;
	rest->old.known = true;
	rest->run_signalled = signalled;
	rest->resets++;
	wt_run_begin(job, first);
	wt_stream_record(job, WT_RECORD_RESTART, first, first)->flags =
	        signalled ? WT_RECORD_SIGNALLED : 0;
}

static bool reset_is_recent(const struct wt_stream_job *job)
{
	int64_t since = (int64_t)wt_stream_elapsed(job->rest->old.at_ns, job->arrival->stamp_ns);

	if (!job->rest->old.known)
		return false;
	if (since > (int64_t)OLD_RUN_NS || since < -(int64_t)OLD_RUN_NS)
		job->rest->old.known = false;
	return job->rest->old.known;
}

/* Whether a packet is of the run before the last reset, being much nearer to it; a replaced sender
 * may go on for a while. */
static bool is_of_old_run(const struct wt_stream_job *job, uint64_t wire, uint64_t number,
                          uint32_t count)
{
	uint64_t next = job->stream->next, old = job->rest->old.next;

	if (!job->rest->old.known || !reset_is_recent(job))
		return false;
	if (number >= job->rest->sequence.first && number <= next)
		return false;
	if (wt_number_distance(job->preset, wire, old) >=
	    wt_number_distance(job->preset, number, next) / 4)
		return false;
	job->rest->old.next = max_u64(old, wt_number_extend(job->preset, wire, old) + count);
	return true;
}

static void drop_candidate(const struct wt_stream_job *job)
{
	const struct wt_stream_candidate *candidate = &job->rest->candidate;
	uint64_t count = candidate->next - candidate->first;

	if (candidate->ahead)
		job->rest->wild += candidate->seen;
	else if (candidate->known)
		job->rest->past.duplicates += count;
	else
		job->rest->past.too_late += count;
	job->stream->flags &= (uint16_t)~WT_STREAM_CANDIDATE;
}

static void confirm_candidate(const struct wt_stream_job *job)
{
	const struct wt_stream_candidate candidate = job->rest->candidate;

	job->stream->flags &= (uint16_t)~WT_STREAM_CANDIDATE;
	restart(job, candidate.first, candidate.signalled);
	wt_run_accept(job, candidate.first, candidate.next - candidate.first);
}

static bool continues_candidate(const struct wt_stream_job *job, uint64_t wire)
{
	return wire == wt_number_wire(job->preset, job->rest->candidate.next);
}

/* Count a packet that continues the candidate. Data after a heartbeat that agrees, or the reverse,
 * is as sure as it gets, unless all of them may be copies. */
static void hold_more(const struct wt_stream_job *job, uint32_t count)
{
	struct wt_stream_candidate *candidate = &job->rest->candidate;
	bool has_data = candidate->next > candidate->first;

	candidate->next += count;
	candidate->seen++;
	if (count && candidate->copied && candidate->needed < NEEDED_FROM_START)
		candidate->needed = NEEDED_FROM_START;
	if (candidate->seen >= candidate->needed || (!candidate->copied && has_data != (count > 0)))
		confirm_candidate(job);
}

static void hold(const struct wt_stream_job *job, uint64_t first, uint32_t count,
                 const struct wt_stream_candidate *kind)
{
	struct wt_stream_candidate *candidate = &job->rest->candidate;

	if (job->stream->flags & WT_STREAM_CANDIDATE)
		drop_candidate(job);
	*candidate = *kind;
	candidate->first = first;
	candidate->next = first + count;
	candidate->stamp_ns = job->arrival->stamp_ns;
	candidate->order = job->arrival->order;
	candidate->what = job->header->what;
	candidate->seen = 1;
	job->stream->flags |= WT_STREAM_CANDIDATE;
}

static bool holds_jump(const struct wt_stream_job *job)
{
	return job->stream->flags & WT_STREAM_CANDIDATE && job->rest->candidate.jump;
}

static uint32_t held_ms(int64_t from_ns, int64_t to_ns)
{
	uint64_t ms = to_ns > from_ns ? (wt_stream_elapsed(from_ns, to_ns) + 999999) / 1000000 : 0;

	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* Take the held packet as if it came now, with its own stamp and order. */
static void believe_jump(const struct wt_stream_job *job)
{
	const struct wt_stream_candidate *candidate = &job->rest->candidate;
	struct wt_feed_header header = {.what = candidate->what};
	struct wt_arrival arrival = *job->arrival;
	struct wt_stream_job held = *job;

	arrival.stamp_ns = candidate->stamp_ns;
	arrival.order = candidate->order;
	held.arrival = &arrival;
	held.header = &header;
	held.held_ms = held_ms(candidate->stamp_ns, job->arrival->stamp_ns);
	job->stream->flags &= (uint16_t)~WT_STREAM_CANDIDATE;
	wt_run_accept(&held, candidate->first, candidate->next - candidate->first);
}

/* Whether a number is as far ahead as the one that is held, more or less. */
static bool is_near_jump(const struct wt_stream_job *job, uint64_t wire)
{
	const struct wt_stream_candidate *candidate = &job->rest->candidate;
	uint64_t number = wt_number_extend(job->preset, wire, candidate->next);
	uint64_t apart =
	        number > candidate->next ? number - candidate->next : candidate->next - number;

	return apart <= JUMP_MOST;
}

/* Whether a packet only copies the held one. Heartbeats repeat their number anyway. */
static bool is_copy_of_jump(const struct wt_stream_job *job, uint64_t wire, uint32_t count)
{
	struct wt_stream_candidate *candidate = &job->rest->candidate;
	uint64_t number = wt_number_extend(job->preset, wire, candidate->next);

	if (number < candidate->first || number + count > candidate->next)
		return false;
	if (count || candidate->next > candidate->first)
		return count > 0;
	return ++candidate->seen < candidate->needed;
}

/* Take a packet while one far ahead is held. True: it is another of those, and still nothing is
 * sure. */
static bool wait_for_jump(const struct wt_stream_job *job, uint64_t wire, uint64_t number,
                          uint32_t count)
{
	uint64_t next = job->stream->next;

	/* A late or repeated packet proves nothing. */
	if (number < next && number + count <= next)
		return false;
	if ((number > next && number - next <= JUMP_MOST) || number <= next ||
	    !is_near_jump(job, wire)) {
		drop_candidate(job);
		return false;
	}
	if (!is_copy_of_jump(job, wire, count)) {
		believe_jump(job);
		return false;
	}
	job->rest->wild += count > 0;
	return true;
}

/* Whether a jump over this many numbers is more likely another run than a loss. One that passes the
 * roll-over from far below it is a fall. */
static bool jump_is_far(const struct wt_stream_job *job, uint64_t number,
                        struct wt_stream_candidate *kind)
{
	uint64_t jump = number - job->stream->next, period = wt_number_period(job->preset);
	bool is_data = job->header->what == WT_FEED_DATA;
	bool rolls = number - wt_number_wire(job->preset, number) != job->stream->base;

	kind->needed = NEEDED;
	kind->ahead = !rolls && (!period || jump <= period / 2);
	if (job->preset->number_bits <= 16)
		return jump > JUMP_MOST_16;
	if (period ? jump > period / 2 || (rolls && jump > period / 256) : jump >> 32)
		return true;
	kind->ahead = kind->jump = true;
	kind->needed = is_data ? NEEDED : NEEDED_HEARTBEATS;
	return jump > JUMP_MOST;
}

/* Whether the first packets of this run may still come a second time. */
static bool run_is_young(const struct wt_stream_job *job)
{
	const struct wt_stream_rest *rest = job->rest;
	int64_t from_ns = rest->resets ? rest->old.at_ns : rest->first_ns;
	int64_t since = (int64_t)wt_stream_elapsed(from_ns, job->arrival->stamp_ns);

	return (!rest->resets || rest->old.known) && since <= (int64_t)OLD_RUN_NS &&
	       since >= -(int64_t)OLD_RUN_NS;
}

static bool fall_is_far(const struct wt_stream_job *job, uint64_t number, uint32_t count,
                        struct wt_stream_candidate *kind)
{
	const struct wt_sequence *sequence = &job->rest->sequence;
	uint64_t fall = job->stream->next - number;
	bool to_start = wt_run_is_start(job, number);

	if (wt_sequence_lacks(sequence, number, number + count, NULL))
		return false;
	kind->known = number >= sequence->floor;
	kind->needed = count ? NEEDED : NEEDED_HEARTBEATS;
	kind->copied = number >= sequence->first &&
	               (!to_start || fall <= wt_run_fall_most(job) || run_is_young(job));
	if (job->header->restarts) {
		/* Soon after a reset they are more likely copies of its packets. */
		kind->signalled = true;
		if (reset_is_recent(job) || !job->rest->resets)
			kind->needed = NEEDED_FROM_START;
		return true;
	}
	if (fall <= wt_run_fall_most(job)) {
		if (count)
			kind->needed = NEEDED_FROM_START;
		return to_start;
	}
	if (job->preset->number_bits > 16 && kind->copied && count)
		kind->needed = to_start ? NEEDED_FROM_START : NEEDED_KNOWN;
	return true;
}

static bool is_far(const struct wt_stream_job *job, uint64_t number, uint32_t count,
                   struct wt_stream_candidate *kind)
{
	uint64_t next = job->stream->next;

	*kind = (struct wt_stream_candidate){0};
	if (number > next)
		return jump_is_far(job, number, kind);
	if (number < next && number + count <= next)
		return fall_is_far(job, number, count, kind);
	return false;
}

/* Whether a packet is late, from before the roll-over that preceded the stream's first packet: its
 * number would be negative. */
static bool is_below_zero(const struct wt_stream_job *job, uint64_t number)
{
	uint64_t period = wt_number_period(job->preset), next = job->stream->next;

	return number > next && period && number - next > period / 2 &&
	       period - (number - next) <= wt_run_fall_most(job);
}

/* Take data, or a heartbeat: the next number and a count of 0. */
static void take_number(const struct wt_stream_job *job, uint64_t wire, uint32_t count)
{
	uint64_t number = wt_number_extend(job->preset, wire, job->stream->next);
	struct wt_stream_candidate kind;
	bool fills = wt_sequence_lacks(&job->rest->sequence, number, number + count, NULL);

	if (holds_jump(job)) {
		if (wait_for_jump(job, wire, number, count))
			return;
		/* It may have come nearer. */
		number = wt_number_extend(job->preset, wire, job->stream->next);
	} else if (job->stream->flags & WT_STREAM_CANDIDATE) {
		if (number != job->stream->next && !fills && continues_candidate(job, wire)) {
			hold_more(job, count);
			return;
		}
		drop_candidate(job);
	}
	if (is_of_old_run(job, wire, number, count) || is_below_zero(job, number)) {
		job->rest->past.too_late += count;
		return;
	}
	if (is_far(job, number, count, &kind))
		hold(job, kind.jump ? number : wire, count, &kind);
	else
		wt_run_accept(job, number, count);
}

/* Take numbers sent again: they close gaps, and open none. */
static void take_again(const struct wt_stream_job *job)
{
	const struct wt_feed_header *header = job->header;
	struct wt_sequence_gap pieces[WT_SEQUENCE_GAPS];
	uint64_t number = wt_number_extend(job->preset, header->first, job->stream->next);
	uint32_t count;

	job->rest->again += header->count;
	if (number == job->stream->next) {
		if (holds_jump(job))
			drop_candidate(job);
		wt_run_accept(job, number, header->count);
		return;
	}
	count = wt_sequence_lacks(&job->rest->sequence, number, number + header->count, pieces);
	for (uint32_t i = 0; i < count; i++)
		wt_run_accept(job, pieces[i].first, pieces[i].end - pieces[i].first);
}

/* Whether a reset repeats the last one, as a run's first packets do. */
static bool is_same_reset(const struct wt_stream_job *job, uint64_t wire)
{
	uint64_t first = job->rest->sequence.first;

	return job->rest->run_signalled && wire >= first && wire - first <= WT_RUN_START_MOST &&
	       job->stream->next - first <= WT_RUN_START_MOST;
}

static void take_data(const struct wt_stream_job *job)
{
	const struct wt_feed_header *header = job->header;

	if (header->again) {
		take_again(job);
		return;
	}
	if (header->restarts && !is_same_reset(job, header->first)) {
		if (job->stream->flags & WT_STREAM_CANDIDATE)
			drop_candidate(job);
		restart(job, wt_run_start(job, header->first), true);
		wt_run_accept(job, header->first, header->count);
		return;
	}
	take_number(job, header->first, header->count);
}

/* Take a reset. It may be repeated before any data, and late copies come even after. */
static void take_reset(const struct wt_stream_job *job)
{
	static const struct wt_stream_candidate again = {.signalled = true, .needed = UINT16_MAX};
	uint64_t wire = job->header->first;

	if (wt_number_extend(job->preset, wire, job->stream->next) == job->stream->next) {
		if (holds_jump(job))
			drop_candidate(job);
		wt_run_progress(job);
		return;
	}
	if (job->stream->flags & WT_STREAM_CANDIDATE) {
		if (job->rest->candidate.needed == UINT16_MAX && continues_candidate(job, wire))
			return;
		drop_candidate(job);
	}
	if (job->rest->run_signalled && wire == job->rest->sequence.first && reset_is_recent(job)) {
		hold(job, wire, 0, &again);
		return;
	}
	restart(job, wire, true);
	wt_run_progress(job);
}

/* Take the first number after a reset that did not give one. */
static void go_on_anywhere(const struct wt_stream_job *job)
{
	uint64_t wire = job->header->first;

	job->stream->flags &= (uint16_t)~WT_STREAM_ANYWHERE;
	if (job->stream->flags & WT_STREAM_CANDIDATE)
		drop_candidate(job);
	if (wt_number_extend(job->preset, wire, job->stream->next) != job->stream->next)
		restart(job, wire, true);
}

void wt_stream_take_live(const struct wt_stream_job *job)
{
	const struct wt_feed_header *header = job->header;

	if (header->what == WT_FEED_RESET && header->anywhere) {
		job->stream->flags |= WT_STREAM_ANYWHERE;
		return;
	}
	if (job->stream->flags & WT_STREAM_ANYWHERE && wt_stream_has_number(header) &&
	    !header->again)
		go_on_anywhere(job);
	switch (header->what) {
	case WT_FEED_DATA:
		take_data(job);
		break;
	case WT_FEED_RESET:
		take_reset(job);
		break;
	case WT_FEED_HEARTBEAT:
	case WT_FEED_END:
		if (header->has_number)
			take_number(job, header->first, 0);
		break;
	default:
		break;
	}
}
