/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/clerk.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/recorder/clock_notes.h>
#include <wiretape/capture/recorder/tape_blocks.h>

enum {
	WARN_PCT = 75, /* of a ring: before it is too late */
	CALM_PCT = 50, /* after that a new warning would be news */
};
static const int64_t check_every_ns = 1000000000; /* interfaces that are down, counters, files */
static const int64_t watch_every_ns = 50000000;
static const int64_t again_ns = 1000000; /* what a reader was in the way of */

int wt_clerk_init(struct wt_clerk *clerk, struct wt_tape_writer *writer, size_t count)
{
	clerk->state = clerk->health.state = writer->state;
	clerk->writer = writer;
	clerk->statistics_next = SIZE_MAX;
	clerk->health.interfaces = calloc(count ? count : 1, sizeof(*clerk->health.interfaces));
	if (!clerk->health.interfaces)
		return -ENOMEM;
	return wt_published_init(&clerk->published, count);
}

int wt_clerk_open_interface(struct wt_clerk *clerk, struct wt_recorded *recorded,
                            struct wt_error *err)
{
	struct wt_clerk_interface *one = &clerk->health.interfaces[clerk->health.count++];

	one->recorded = recorded;
	return wt_clerk_join_open(&one->join, clerk->state, recorded, err);
}

void wt_clerk_close_joins(struct wt_clerk *clerk)
{
	for (size_t i = 0; i < clerk->health.count; i++)
		wt_clerk_join_close(&clerk->health.interfaces[i].join);
}

void wt_clerk_fini(struct wt_clerk *clerk)
{
	wt_clerk_close_joins(clerk);
	wt_published_fini(&clerk->published);
	free(clerk->health.interfaces);
}

static struct wt_recorded *recorded_at(const struct wt_clerk *clerk, size_t i)
{
	return clerk->health.interfaces[i].recorded;
}

void wt_clerk_start(struct wt_clerk *clerk)
{
	const struct wt_recorder_config *config = &clerk->state->config;
	int64_t now_ns = clerk->state->now_ns;

	for (size_t i = 0; i < clerk->health.count; i++) {
		struct wt_recorded *recorded = recorded_at(clerk, i);

		wt_recorded_read_nic(recorded);
		recorded->report->nic_start = recorded->report->nic_now;
	}
	wt_recorder_look_at_nics(clerk->feeds, true);
	clerk->statistics_due_ns = now_ns + config->statistics_every_ns;
	clerk->progress_due_ns =
	        config->progress_every_ns ? now_ns + config->progress_every_ns : INT64_MAX;
	clerk->check_due_ns = now_ns;
	clerk->join_due_ns = INT64_MAX;
	for (size_t i = 0; i < clerk->health.count; i++) {
		struct wt_join *join = clerk->health.interfaces[i].join.join;

		if (!join)
			continue;
		clerk->join_due_ns = now_ns;
		wt_join_restart(join, now_ns);
	}
}

static void refresh(const struct wt_clerk *clerk)
{
	for (size_t i = 0; i < clerk->health.count; i++)
		wt_recorded_take_statistics(recorded_at(clerk, i));
}

static void note_rings(const struct wt_clerk *clerk)
{
	for (size_t i = 0; i < clerk->health.count; i++) {
		struct wt_recorded *recorded = recorded_at(clerk, i);
		struct wt_recorder_interface *report = recorded->report;

		report->high_water_pct = wt_ring_high_water_pct(recorded->ring);
		report->high_water_ns = wt_ring_high_water_ns(recorded->ring);
		report->fill_pct = wt_recorded_fill_pct(recorded);
	}
}

static void sum_up(struct wt_recorder_report *report)
{
	for (size_t i = 0; i < report->interface_count; i++) {
		const struct wt_recorder_interface *one = &report->interfaces[i];

		wt_ledger_add(&report->total, &one->ledger);
		if (one->high_water_pct > report->high_water_pct)
			report->high_water_pct = one->high_water_pct;
		if (one->high_water_ns > report->high_water_ns)
			report->high_water_ns = one->high_water_ns;
		if (one->fill_pct > report->fill_pct)
			report->fill_pct = one->fill_pct;
	}
}

/* By what the producers have told so far. */
static void gather(const struct wt_clerk *clerk, struct wt_recorder_report *report)
{
	const struct wt_recorder_state *state = clerk->state;
	const struct wt_tape_writer *writer = clerk->writer;

	*report = (struct wt_recorder_report){
	        .interfaces = state->reports,
	        .interface_count = state->config.interface_count,
	        .file_bytes = wt_tape_writer_all_bytes(writer),
	        .file_count = writer->file_count,
	        .direct = writer->direct,
	        .files_error = clerk->files_error[0] ? clerk->files_error : NULL,
	        .start_utc_ns = state->start_utc_ns,
	        .elapsed_ns = (state->running ? wt_recorder_clock_ns(state) : state->ended_ns) -
	                      state->start_ns,
	        .end = state->end,
	        .degraded = state->degraded,
	};
	if (state->running)
		note_rings(clerk);
	wt_tape_writer_count_writes(writer, &report->writes);
	if (state->output && state->output->disk)
		report->disk = wt_disk_name(state->output->disk);
	sum_up(report);
}

void wt_clerk_report(struct wt_clerk *clerk, struct wt_recorder_report *report)
{
	if (clerk->state->running)
		refresh(clerk);
	gather(clerk, report);
}

void wt_clerk_publish(struct wt_clerk *clerk, bool now)
{
	struct wt_recorder_report report;

	if (!now && clerk->state->now_ns < clerk->publish_due_ns)
		return;
	gather(clerk, &report);
	clerk->owes_news = !wt_published_put(&clerk->published, &report, !clerk->state->running);
	if (!clerk->owes_news)
		clerk->publish_due_ns = clerk->state->now_ns + watch_every_ns;
}

static void call_progress(struct wt_clerk *clerk, bool report_requested)
{
	const struct wt_recorder_config *config = &clerk->state->config;
	struct wt_recorder_report report;

	if (!config->on_progress)
		return;
	wt_clerk_report(clerk, &report);
	wt_published_put(&clerk->published, &report, !clerk->state->running);
	config->on_progress(config->context, &report, report_requested);
}

void wt_clerk_answer(struct wt_clerk *clerk)
{
	call_progress(clerk, true);
}

static void warn(const struct wt_clerk *clerk, const struct wt_recorded *recorded, double pct)
{
	const struct wt_reader_info *reader = recorded->report->reader;
	struct wt_recorder_writes writes;
	char queue[32] = "";

	wt_tape_writer_count_writes(clerk->writer, &writes);
	if (reader->fanout != WT_FANOUT_NONE)
		snprintf(queue, sizeof(queue), " (queue %" PRIu32 ")", reader->queue);
	wt_recorder_say(
	        clerk->state,
	        "ring of %s%s is %.0f %% full (at most %.0f ms of traffic so far); the oldest of "
	        "%" PRIu32 " writes has taken %.0f ms by now, the longest ever %.0f ms",
	        reader->name, queue, pct, (double)wt_ring_high_water_ns(recorded->ring) / 1e6,
	        writes.in_flight, (double)writes.oldest_ns / 1e6, (double)writes.longest_ns / 1e6);
}

static void watch_ring(const struct wt_clerk *clerk, struct wt_clerk_interface *one)
{
	double pct;

	wt_ring_note_fill(one->recorded->ring);
	pct = wt_recorded_fill_pct(one->recorded);
	if (pct < CALM_PCT)
		one->warned = false;
	if (pct < WARN_PCT || one->warned)
		return;
	one->warned = true;
	warn(clerk, one->recorded, pct);
}

static bool is_due(const struct wt_clerk *clerk, int64_t *due_ns, int64_t every_ns)
{
	if (clerk->state->now_ns < *due_ns)
		return false;
	*due_ns = clerk->state->now_ns + every_ns;
	return true;
}

void wt_clerk_attend(struct wt_clerk *clerk)
{
	if (is_due(clerk, &clerk->watch_due_ns, watch_every_ns))
		for (size_t i = 0; i < clerk->health.count; i++)
			watch_ring(clerk, &clerk->health.interfaces[i]);
	if (is_due(clerk, &clerk->progress_due_ns, clerk->state->config.progress_every_ns))
		call_progress(clerk, false);
}

/* Statistics that find no room wait for it; or for the end of the file, which has its own. */
static void write_statistics(struct wt_clerk *clerk)
{
	int rc = 0;

	if (clerk->writer->phase != WT_TAPE_TAKES || wt_tape_writer_is_full(clerk->writer)) {
		clerk->statistics_next = SIZE_MAX;
		return;
	}
	while (!rc && clerk->statistics_next < clerk->health.count) {
		rc = wt_tape_writer_write_statistics(clerk->writer, clerk->statistics_next, false);
		clerk->statistics_next += !rc;
	}
	if (rc && rc != -EAGAIN)
		wt_recorder_writer_failed(clerk->state, rc);
}

static void keep_statistics(struct wt_clerk *clerk)
{
	if (is_due(clerk, &clerk->statistics_due_ns, clerk->state->config.statistics_every_ns)) {
		refresh(clerk);
		for (size_t i = 0; i < clerk->health.count; i++)
			wt_recorded_read_nic(recorded_at(clerk, i));
		clerk->statistics_next = 0;
	}
	if (clerk->statistics_next < clerk->health.count)
		write_statistics(clerk);
}

/* Take events of the file set. */
static void check_files(struct wt_clerk *clerk)
{
	struct wt_file_set *files = clerk->state->output->files;
	char text[WT_MAX_DEGRADED_TEXT];
	bool error;

	if (!files)
		return;
	while (wt_file_set_next_event(files, text, sizeof(text), &error)) {
		wt_recorder_say(clerk->state, "%s", text);
		if (error && !clerk->files_error[0])
			memcpy(clerk->files_error, text, sizeof(text));
	}
}

/* Each second the producers are asked, too: their counters have 32 bits. */
static void check(struct wt_clerk *clerk)
{
	for (size_t i = 0; i < clerk->health.count; i++)
		wt_recorded_take_statistics(recorded_at(clerk, i));
	wt_clerk_check_interfaces(&clerk->health);
	check_files(clerk);
	wt_recorder_look_at_nics(clerk->feeds, false);
}

static void check_troubled(struct wt_clerk *clerk)
{
	for (size_t i = 0; i < clerk->health.count; i++)
		if (recorded_at(clerk, i)->troubled)
			wt_clerk_check_interface(&clerk->health, &clerk->health.interfaces[i]);
}

static void keep_joins(struct wt_clerk *clerk)
{
	clerk->join_due_ns = INT64_MAX;
	for (size_t i = 0; i < clerk->health.count; i++) {
		struct wt_clerk_interface *one = &clerk->health.interfaces[i];
		int64_t due_ns =
		        wt_clerk_join_keep(&one->join, clerk->state, one->recorded, one->down);

		if (due_ns < clerk->join_due_ns)
			clerk->join_due_ns = due_ns;
	}
}

void wt_clerk_tick(struct wt_clerk *clerk)
{
	struct wt_recorder_state *state = clerk->state;
	const struct wt_recorder_config *config = &state->config;

	wt_clock_notes_keep(clerk->writer);
	if (config->max_duration_ns && state->now_ns - state->start_ns >= config->max_duration_ns)
		wt_recorder_end_with(state, WT_END_DURATION, 0);
	if (state->output->files && !wt_file_set_has_space(state->output->files))
		wt_recorder_end_with(state, WT_END_SPACE, 0);
	keep_statistics(clerk);
	check_troubled(clerk);
	if (is_due(clerk, &clerk->check_due_ns, check_every_ns))
		check(clerk);
	wt_recorder_keep_feeds(clerk->feeds);
	if (state->now_ns >= clerk->join_due_ns)
		keep_joins(clerk);
	wt_clerk_attend(clerk);
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

int64_t wt_clerk_attend_due_ns(const struct wt_clerk *clerk, bool fills)
{
	int64_t due_ns = clerk->progress_due_ns;

	if (fills)
		due_ns = earlier(due_ns, clerk->watch_due_ns);
	return clerk->owes_news ? earlier(due_ns, clerk->state->now_ns + again_ns) : due_ns;
}

int64_t wt_clerk_due_ns(const struct wt_clerk *clerk)
{
	const struct wt_recorder_state *state = clerk->state;
	int64_t due_ns = earlier(clerk->check_due_ns, clerk->statistics_due_ns);

	due_ns = earlier(due_ns, wt_clock_notes_due_ns(clerk->writer));
	due_ns = earlier(due_ns, clerk->join_due_ns);
	due_ns = earlier(due_ns, wt_recorder_feeds_due_ns(clerk->feeds));
	if (state->config.max_duration_ns)
		due_ns = earlier(due_ns, state->start_ns + state->config.max_duration_ns);
	return due_ns;
}

static enum wt_ledger_rest rest_of(enum wt_record_end end)
{
	switch (end) {
	case WT_END_PACKETS:
	case WT_END_BYTES:
		return WT_REST_AFTER_LIMIT;
	case WT_END_WRITER:
	case WT_END_READER_GONE:
	case WT_END_FAILURE: /* no file to write to */
		return WT_REST_WRITER;
	default:
		return WT_REST_UNKNOWN;
	}
}

static void close_ledger(const struct wt_clerk *clerk, struct wt_recorded *recorded)
{
	enum wt_ledger_rest rest = rest_of(clerk->state->end);
	struct wt_recorder_interface *report = recorded->report;
	char text[WT_MAX_DEGRADED_TEXT];

	report->high_water_ns = wt_ring_high_water_ns(recorded->ring);
	report->high_water_pct = wt_ring_high_water_pct(recorded->ring);
	/* Drops after the last packet asked for are no loss. */
	wt_ledger_close(&report->ledger, recorded->packets - recorded->rejected,
	                rest == WT_REST_AFTER_LIMIT ? recorded->drops_placed : recorded->drops,
	                rest);
	wt_recorded_read_nic(recorded);
	wt_clerk_tell_degraded(clerk->state, recorded);
	if (!report->ledger.unattributed)
		return;
	snprintf(text, sizeof(text),
	         "the ledger of %s does not close: %" PRId64 " frames unattributed",
	         report->reader->name, report->ledger.unattributed);
	wt_recorder_note_degraded(clerk->state, text);
}

void wt_clerk_close_ledgers(struct wt_clerk *clerk)
{
	for (size_t i = 0; i < clerk->health.count; i++)
		close_ledger(clerk, recorded_at(clerk, i));
}
