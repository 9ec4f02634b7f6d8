/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to tell of a recording: the sums of its lanes, and what they say. */
#include <wiretape/capture/recorder/recording_private.h>

#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/recorder/published.h>

static bool records(struct wt_lane *lane)
{
	struct wt_recording *recording = lane->recording;
	bool records;

	pthread_mutex_lock(&recording->lock);
	records = recording->stage == WT_STAGE_RUNNING && !lane->has_ended;
	pthread_mutex_unlock(&recording->lock);
	return records;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Settings are those of the first queue. */
static void add_interface(struct wt_recorder_interface *sum,
                          const struct wt_recorder_interface *one)
{
	wt_ledger_add(&sum->ledger, &one->ledger);
	sum->gone |= one->gone;
	sum->crosses += one->crosses;
	sum->high_water_pct = larger(sum->high_water_pct, one->high_water_pct);
	sum->high_water_ns = later(sum->high_water_ns, one->high_water_ns);
	sum->fill_pct = larger(sum->fill_pct, one->fill_pct);
}

static void add_writes(struct wt_recorder_writes *sum, const struct wt_recorder_writes *one)
{
	sum->count += one->count;
	sum->slow += one->slow;
	sum->longest_ns = later(sum->longest_ns, one->longest_ns);
	sum->in_flight += one->in_flight;
	if (one->in_flight_most > sum->in_flight_most)
		sum->in_flight_most = one->in_flight_most;
}

static bool is_failure(enum wt_record_end end)
{
	return end == WT_END_WRITER || end == WT_END_FAILURE;
}

/* What was asked of the others is no reason; a failure counts for more than one. */
static void add_end(struct wt_recording *recording, struct wt_recorder_report *sum,
                    enum wt_record_end end)
{
	enum wt_record_end first;

	if (wt_recorder_share_has_ended(&recording->share, &first) && !is_failure(sum->end))
		sum->end = first;
	if (is_failure(end) && !is_failure(sum->end))
		sum->end = end;
}

static void add_degraded(const char **list, const char *text)
{
	while (*list && strcmp(*list, text) != 0)
		list++;
	*list = text;
}

static void add_report(struct wt_recording *recording, struct wt_recorder_report *sum,
                       const struct wt_recorder_report *one)
{
	for (size_t i = 0; i < one->interface_count; i++)
		add_interface(&recording->sums[i], &one->interfaces[i]);
	for (size_t i = 0; one->degraded[i]; i++)
		add_degraded(recording->degraded, one->degraded[i]);
	wt_ledger_add(&sum->total, &one->total);
	sum->file_bytes += one->file_bytes;
	sum->file_count += one->file_count;
	if (one->start_utc_ns && (!sum->start_utc_ns || one->start_utc_ns < sum->start_utc_ns))
		sum->start_utc_ns = one->start_utc_ns;
	sum->elapsed_ns = later(sum->elapsed_ns, one->elapsed_ns);
	sum->high_water_pct = larger(sum->high_water_pct, one->high_water_pct);
	sum->high_water_ns = later(sum->high_water_ns, one->high_water_ns);
	sum->fill_pct = larger(sum->fill_pct, one->fill_pct);
	add_writes(&sum->writes, &one->writes);
	sum->direct &= one->direct;
	if (!sum->files_error)
		sum->files_error = one->files_error;
	add_end(recording, sum, one->end);
}

static void add_up(struct wt_recording *recording, struct wt_recording_report *report)
{
	struct wt_recorder_report *sum = &report->sum;

	*sum = recording->rows[0].report;
	memcpy(recording->sums, sum->interfaces, sum->interface_count * sizeof(*sum->interfaces));
	sum->interfaces = recording->sums;
	memset(recording->degraded, 0, recording->count * WT_RECORDING_NOTES * sizeof(char *));
	sum->degraded = recording->degraded;
	for (size_t i = 0; recording->rows[0].report.degraded[i]; i++)
		add_degraded(recording->degraded, recording->rows[0].report.degraded[i]);
	add_end(recording, sum, sum->end);
	for (size_t i = 1; i < recording->count; i++) {
		const struct wt_recorder_report *one = &recording->rows[i].report;

		if (one->high_water_pct > sum->high_water_pct)
			report->fullest = recording->rows[i].queue;
		add_report(recording, sum, one);
	}
}

static void fill_row(struct wt_recording *recording, size_t i)
{
	struct wt_lane *lane = &recording->lanes[i];
	struct wt_recording_lane *row = &recording->rows[i];

	row->queue = lane->queue;
	row->cpu = lane->cpu;
	row->path = lane->path;
	if (recording->count == 1) {
		wt_recorder_report(lane->recorder, &row->report);
		return;
	}
	wt_lane_look(lane, records(lane));
	row->report = lane->known.report;
}

void wt_recording_report(struct wt_recording *recording, struct wt_recording_report *report)
{
	*report = (struct wt_recording_report){
	        .lanes = recording->rows,
	        .lane_count = recording->count,
	        .fifo_priority = recording->has_fifo ? recording->config.fifo_priority : 0,
	        .memory_locked = recording->memory_locked,
	};
	for (size_t i = 0; i < recording->count; i++)
		fill_row(recording, i);
	if (recording->count == 1)
		report->sum = recording->rows[0].report;
	else
		add_up(recording, report);
}

void wt_recording_state(struct wt_recording *recording, struct wt_record_state *state)
{
	enum wt_record_end first;

	*state = (struct wt_record_state){.size = sizeof(*state)};
	for (size_t i = 0; i < recording->count; i++)
		wt_published_add_state(wt_recorder_published(recording->lanes[i].recorder), state);
	if (recording->count > 1 && !is_failure(state->end) &&
	    wt_recorder_share_has_ended(&recording->share, &first))
		state->end = first;
}

int wt_recording_ledger(struct wt_recording *recording, uint32_t interface,
                        struct wt_ledger *ledger)
{
	int rc = 0;

	*ledger = (struct wt_ledger){0};
	for (size_t i = 0; !rc && i < recording->count; i++)
		rc = wt_published_add_ledger(wt_recorder_published(recording->lanes[i].recorder),
		                             interface, ledger);
	return rc;
}

/* Of several interfaces or queues; one that has no memory for a line does without. */
void wt_recording_say(void *context, const char *text)
{
	struct wt_lane *lane = context;
	struct wt_recording *recording = lane->recording;
	size_t bytes = strlen(text) + 1;
	struct wt_said *said = malloc(sizeof(*said) + bytes);

	if (!said)
		return;
	said->next = NULL;
	said->queue = lane->queue;
	said->at_ns = wt_recording_clock_ns(CLOCK_MONOTONIC);
	memcpy(said->text, text, bytes);
	pthread_mutex_lock(&recording->lock);
	*recording->said_end = said;
	recording->said_end = &said->next;
	pthread_mutex_unlock(&recording->lock);
	wt_recording_wake(recording);
}

/* All lanes see what becomes of an interface, about at the same time. */
static bool is_repeated(const struct wt_recording *recording, const struct wt_said *said)
{
	const int64_t together_ns = INT64_C(3000000000);

	for (size_t i = 0; i < WT_SAID_KEPT; i++) {
		const struct wt_said *other = recording->heard[i];

		if (other && other->queue != said->queue &&
		    said->at_ns - other->at_ns < together_ns && !strcmp(other->text, said->text))
			return true;
	}
	return false;
}

static void hear(struct wt_recording *recording, struct wt_said *said)
{
	const struct wt_recorder_config *config = &recording->config.recorder;

	if (config->on_event && !is_repeated(recording, said))
		config->on_event(config->context, said->text);
	free(recording->heard[recording->next_heard]);
	recording->heard[recording->next_heard] = said;
	recording->next_heard = (recording->next_heard + 1) % WT_SAID_KEPT;
}

void wt_recording_pass_on(struct wt_recording *recording)
{
	struct wt_said *said, *next;

	pthread_mutex_lock(&recording->lock);
	said = recording->said;
	recording->said = NULL;
	recording->said_end = &recording->said;
	pthread_mutex_unlock(&recording->lock);
	for (; said; said = next) {
		next = said->next;
		hear(recording, said);
	}
}

void wt_recording_forget(struct wt_recording *recording)
{
	while (recording->said) {
		struct wt_said *said = recording->said;

		recording->said = said->next;
		free(said);
	}
	for (size_t i = 0; i < WT_SAID_KEPT; i++)
		free(recording->heard[i]);
}
