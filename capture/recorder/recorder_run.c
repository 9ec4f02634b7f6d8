/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder_run.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/recorder/clock_notes.h>
#include <wiretape/capture/recorder/tape_files.h>

static const int64_t ms_ns = 1000000, second_ns = 1000000000;

static size_t count_of(const struct wt_recorder *recorder)
{
	return recorder->state.config.interface_count;
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

/* When to look again though nothing wakes us. */
static int64_t next_due_ns(const struct wt_recorder *recorder)
{
	enum { DRAIN_LOOK_MS = 20, DISK_LOOK_MS = 100 };
	const struct wt_recorder_state *state = &recorder->state;
	bool is_ready = recorder->phase == WT_RECORDER_RECORDS &&
	                wt_tape_writer_is_ready(&recorder->writer);
	int64_t due_ns = wt_clerk_attend_due_ns(&recorder->clerk, !is_ready);

	switch (recorder->phase) {
	case WT_RECORDER_RECORDS:
		due_ns = earlier(due_ns, wt_clerk_due_ns(&recorder->clerk));
		return earlier(due_ns, wt_tape_writer_due_ns(&recorder->writer));
	case WT_RECORDER_DRAINS:
		return earlier(due_ns, state->now_ns + DRAIN_LOOK_MS * ms_ns);
	default:
		return earlier(due_ns, state->now_ns + DISK_LOOK_MS * ms_ns);
	}
}

/* For how long what comes may gather. To be woken for each block and for each write that has ended
 * costs as much as to encode the block. 0: look as soon as there is anything. */
static int64_t gather_ns(const struct wt_recorder *recorder)
{
	enum { GATHER_MS = 4, GATHER_FRAMES_MS = 1 };

	if (recorder->phase != WT_RECORDER_RECORDS || !wt_tape_writer_is_ready(&recorder->writer))
		return 0;
	if (recorder->wait.wakes_often)
		return GATHER_FRAMES_MS * ms_ns;
	return wt_intake_has_room(&recorder->intake) ? GATHER_MS * ms_ns : 0;
}

static void wait_for_work(struct wt_recorder *recorder)
{
	int64_t gather = recorder->intake.served ? gather_ns(recorder) : 0;

	recorder->intake.served = false;
	wt_recorder_wait(&recorder->wait, next_due_ns(recorder), gather);
}

void wt_recorder_wake(struct wt_recorder *recorder)
{
	wt_recorder_wait_wake(&recorder->wait);
}

void wt_recorder_stop(struct wt_recorder *recorder)
{
	atomic_store(&recorder->stop_asked, true);
	wt_recorder_wake(recorder);
}

void wt_recorder_request_report(struct wt_recorder *recorder)
{
	atomic_store(&recorder->report_requested, true);
	wt_recorder_wake(recorder);
}

int wt_recorder_fd(struct wt_recorder *recorder)
{
	return wt_recorder_wait_fd(&recorder->wait);
}

void wt_recorder_stop_by(struct wt_recorder *recorder, int64_t deadline_ns)
{
	/* Pairs with the loads of keep_deadline() and of a stream's sink. */
	atomic_store(&recorder->state.deadline_ns, deadline_ns);
	wt_recorder_stop(recorder);
}

static void answer(struct wt_recorder *recorder)
{
	if (atomic_exchange(&recorder->report_requested, false))
		wt_clerk_answer(&recorder->clerk);
	if (atomic_load(&recorder->stop_asked))
		wt_recorder_end_with(&recorder->state, WT_END_ASKED, 0);
}

/* When one lane ends, all do. What a limit still lets in is written before. */
static void heed_others(struct wt_recorder *recorder)
{
	const struct wt_recorder_share *share = recorder->state.config.share;
	enum wt_record_end end;

	if (!share || !wt_recorder_share_has_ended(share, &end))
		return;
	if (end != WT_END_PACKETS && end != WT_END_BYTES)
		wt_recorder_end_with(&recorder->state, WT_END_ASKED, 0);
	else if (!wt_conversion_owes(&recorder->intake.conversion))
		wt_recorder_end_with(&recorder->state, end, 0);
}

static void shut_gates(struct wt_recorder *recorder)
{
	for (size_t i = 0; i < count_of(recorder); i++) {
		struct wt_recorded *recorded = &recorder->recorded[i];
		int rc = wt_reader_stop(recorded->reader);

		if (rc)
			wt_recorder_say(&recorder->state, "cannot stop %s cleanly: %s",
			                recorded->report->reader->name, strerror(-rc));
		wt_recorded_take_statistics(recorded);
	}
	wt_intake_begin_drain(&recorder->intake);
	recorder->phase = WT_RECORDER_DRAINS;
}

/* A stream's reader is waiting, so flush when there is nothing more; a file's chunk can keep
 * filling. */
static void flush_stream(struct wt_recorder *recorder)
{
	struct wt_tape_writer *writer = &recorder->writer;
	int rc = 0;

	if (writer->phase == WT_TAPE_TAKES && wt_tape_is_stream(writer->file->tape))
		rc = wt_tape_writer_flush(writer);
	if (rc && rc != -EAGAIN)
		wt_recorder_writer_failed(&recorder->state, rc);
}

static bool record(struct wt_recorder *recorder)
{
	struct wt_intake *intake = &recorder->intake;
	bool more = wt_intake_serve(intake);

	wt_clerk_tick(&recorder->clerk);
	heed_others(recorder);
	if (!recorder->state.ending && !wt_conversion_owes(&intake->conversion)) {
		wt_tape_files_rotate_by_time(&recorder->writer);
		wt_tape_files_advance(&recorder->writer);
	}
	wt_tape_writer_tend(&recorder->writer);
	if (intake->found_empty && recorder->feeds)
		wt_recorder_feeds_quiet(recorder->feeds, recorder->state.now_utc_ns);
	if (intake->found_empty)
		flush_stream(recorder);
	if (!recorder->state.ending)
		return more;
	shut_gates(recorder);
	return true;
}

/* Take out what the rings still hold: exactly as many frames as the producers say they have stored.
 * A block that is not full comes when its timeout ends. */
static bool is_drained(struct wt_recorder *recorder)
{
	struct wt_recorder_state *state = &recorder->state;

	if (!wt_recorder_is_over(state))
		return wt_intake_is_drained(&recorder->intake);
	wt_intake_drop(&recorder->intake);
	if (!wt_recorder_feeds_outlive_file(recorder->feeds))
		return true;
	wt_intake_follow(&recorder->intake);
	return wt_intake_is_drained(&recorder->intake);
}

/* What is left of the rings at the deadline is given up. Returns whether it is. */
static bool keep_deadline(struct wt_recorder *recorder)
{
	struct wt_recorder_state *state = &recorder->state;

	/* Pairs with the store of wt_recorder_stop_by(). */
	if (state->now_ns < atomic_load(&state->deadline_ns) || wt_recorder_is_over(state))
		return false;
	wt_error_set(&state->failure_text, -ETIMEDOUT,
	             "the deadline came before all packets were written; the file is whole up to "
	             "where they end");
	wt_recorder_writer_failed(state, -ETIMEDOUT);
	return true;
}

static bool drain(struct wt_recorder *recorder)
{
	struct wt_recorder_state *state = &recorder->state;
	bool more = wt_intake_serve(&recorder->intake);
	bool goes_on = recorder->writer.phase != WT_TAPE_TAKES && !wt_recorder_has_failed(state);

	if (!is_drained(recorder) || goes_on)
		return keep_deadline(recorder) || more;
	wt_clock_notes_finish(&recorder->writer);
	wt_clerk_close_joins(&recorder->clerk);
	state->ended_ns = wt_recorder_clock_ns(state);
	wt_tape_files_settle(&recorder->writer);
	recorder->phase = WT_RECORDER_SETTLES;
	return true;
}

static bool settle(struct wt_recorder *recorder)
{
	if (recorder->writer.phase != WT_TAPE_SETTLED ||
	    !wt_recorder_feeds_have_ended(recorder->feeds))
		return false;
	wt_recorder_finish_feeds(recorder->feeds, recorder->writer.was_cut);
	wt_clerk_close_ledgers(&recorder->clerk);
	recorder->state.running = false;
	wt_tape_files_close(&recorder->writer);
	recorder->phase = WT_RECORDER_CLOSES;
	return true;
}

static bool take_step(struct wt_recorder *recorder)
{
	struct wt_tape_writer *writer = &recorder->writer;

	answer(recorder);
	if (recorder->phase != WT_RECORDER_RECORDS)
		wt_clerk_attend(&recorder->clerk);
	if (recorder->phase < WT_RECORDER_CLOSES)
		wt_tape_writer_reap(writer);
	wt_tape_files_advance(writer);
	switch (recorder->phase) {
	case WT_RECORDER_RECORDS:
		return record(recorder);
	case WT_RECORDER_DRAINS:
		return drain(recorder);
	case WT_RECORDER_SETTLES:
		return settle(recorder);
	default:
		if (writer->phase == WT_TAPE_ENDED)
			recorder->phase = WT_RECORDER_ENDED;
		return false;
	}
}

bool wt_recorder_step(struct wt_recorder *recorder)
{
	bool more;

	if (recorder->phase == WT_RECORDER_OPEN || wt_recorder_has_ended(recorder))
		return false;
	if (recorder->idle)
		wt_recorder_wait_take(&recorder->wait);
	wt_recorder_tell_time(&recorder->state);
	more = take_step(recorder);
	recorder->idle = !more;
	wt_clerk_publish(&recorder->clerk, !more);
	if (!more && !wt_recorder_has_ended(recorder))
		wt_recorder_wait_set(&recorder->wait, next_due_ns(recorder));
	return more;
}

bool wt_recorder_has_ended(const struct wt_recorder *recorder)
{
	return recorder->phase == WT_RECORDER_ENDED;
}

static const char *first_gone(const struct wt_recorder_state *state)
{
	size_t i = 0;

	while (i + 1 < state->config.interface_count && !state->reports[i].gone)
		i++;
	return state->reports[i].reader->name;
}

static int explain_end(const struct wt_recorder_state *state, struct wt_error *err)
{
	switch (state->end) {
	case WT_END_INTERFACE:
		return wt_error_set(err, -ENODEV,
		                    "interface %s has disappeared; the recording ended there, and "
		                    "what came before is in the file",
		                    first_gone(state));
	case WT_END_WRITER:
	case WT_END_FAILURE:
		if (state->failure_text.code)
			return wt_error_set(err, state->failure, "%s", state->failure_text.text);
		return wt_error_set(err, state->failure,
		                    state->end == WT_END_WRITER
		                            ? "cannot write any more: %s; the recording ended "
		                              "there, and the file is whole up to that point"
		                            : "recording failed: %s",
		                    strerror(-state->failure));
	default:
		return 0;
	}
}

int wt_recorder_result(const struct wt_recorder *recorder, struct wt_error *err)
{
	return explain_end(&recorder->state, err);
}

/* Register memory that is written from again and again: rings, as far as blocks are written where
 * they are, and the buffers. */
static void register_memory(struct wt_recorder *recorder)
{
	const struct wt_recorder_output *output = recorder->state.output;
	const struct wt_buffer_pool *pool = &recorder->writer.pool;
	struct wt_disk *disk = output->disk;

	if (!disk)
		return;
	for (size_t i = 0; i < count_of(recorder); i++) {
		const struct wt_recorded *recorded = &recorder->recorded[i];
		const struct wt_ring_memory *memory = wt_reader_memory(recorded->reader);

		if (memory && recorded->report->reader->in_place &&
		    output->layout != WT_PLACEMENT_COMPACT)
			wt_disk_register(disk, memory->base,
			                 (size_t)memory->block_bytes * memory->block_count);
	}
	wt_disk_register(disk, pool->base, (size_t)pool->count * WT_BUFFER_BYTES);
	if (wt_disk_degraded(disk))
		wt_recorder_note_degraded(&recorder->state, wt_disk_degraded(disk));
}

/* Wait for the header: better to know before than after that a disk does not even take that. */
static int wait_for_header(struct wt_recorder *recorder, struct wt_error *err)
{
	enum { LOOK_EVERY_MS = 100 };
	struct wt_tape_writer *writer = &recorder->writer;
	struct wt_tape *tape = writer->file->tape;
	int rc;

	wt_recorder_tell_time(&recorder->state);
	while (wt_tape_reap(tape, recorder->state.now_ns), !wt_tape_is_idle(tape)) {
		wt_recorder_wait(&recorder->wait, recorder->state.now_ns + LOOK_EVERY_MS * ms_ns,
		                 0);
		wt_recorder_wait_take(&recorder->wait);
		wt_recorder_tell_time(&recorder->state);
	}
	wt_tape_writer_note_sink(writer, writer->file);
	rc = wt_tape_failed(tape);
	return rc ? wt_error_set(err, rc, "cannot write the file's header: %s", strerror(-rc)) : 0;
}

static int open_gates(struct wt_recorder *recorder, struct wt_error *err)
{
	struct wt_recorder_state *state = &recorder->state;
	int rc = 0;

	wt_recorder_tell_time(state);
	state->start_ns = state->now_ns;
	wt_clerk_start(&recorder->clerk);
	for (size_t i = 0; !rc && i < count_of(recorder); i++)
		rc = wt_reader_start(recorder->recorded[i].reader, err);
	if (!rc)
		state->start_utc_ns = wt_recorder_utc_clock_ns(state);
	return rc;
}

/* No file and no packet: its result is why. */
static void begin_failed(struct wt_recorder *recorder, int rc, const struct wt_error *why)
{
	struct wt_recorder_state *state = &recorder->state;

	state->ended_ns = state->start_ns;
	state->start_utc_ns = 0;
	state->failure = rc;
	state->failure_text = *why;
	recorder->phase = WT_RECORDER_ENDED;
	wt_tape_files_abandon(&recorder->writer);
	wt_clerk_publish(&recorder->clerk, true);
}

int wt_recorder_begin(struct wt_recorder *recorder, const struct wt_recorder_output *output,
                      struct wt_error *err)
{
	struct wt_recorder_state *state = &recorder->state;
	struct wt_error why = {0};
	int rc;

	state->output = output;
	state->end = WT_END_FAILURE;
	register_memory(recorder);
	rc = wt_recorder_wait_for_output(&recorder->wait);
	if (rc)
		wt_error_set(&why, rc, "cannot wait for the disk: %s", strerror(-rc));
	else
		rc = wt_tape_files_begin(&recorder->writer, &why);
	if (!rc)
		rc = wait_for_header(recorder, &why);
	if (!rc && state->config.on_ready)
		rc = state->config.on_ready(state->config.context);
	if (!rc)
		rc = open_gates(recorder, &why);
	if (!rc && state->config.on_begin)
		rc = state->config.on_begin(state->config.context);
	if (rc) {
		begin_failed(recorder, rc, &why);
		return wt_recorder_result(recorder, err);
	}
	state->end = WT_END_ASKED;
	state->running = true;
	recorder->phase = WT_RECORDER_RECORDS;
	recorder->idle = true;
	wt_recorder_wait_set(&recorder->wait, next_due_ns(recorder));
	return 0;
}

int wt_recorder_run(struct wt_recorder *recorder, const struct wt_recorder_output *output,
                    struct wt_error *err)
{
	int rc = wt_recorder_begin(recorder, output, err);

	return rc ? rc : wt_recorder_finish(recorder, err);
}

int wt_recorder_finish(struct wt_recorder *recorder, struct wt_error *err)
{
	for (;;) {
		bool more = wt_recorder_step(recorder);

		if (wt_recorder_has_ended(recorder))
			return wt_recorder_result(recorder, err);
		if (!more)
			wait_for_work(recorder);
	}
}

void wt_recorder_report(struct wt_recorder *recorder, struct wt_recorder_report *report)
{
	wt_clerk_report(&recorder->clerk, report);
}

void wt_recorder_degrade(struct wt_recorder *recorder, const char *text)
{
	wt_recorder_note_degraded(&recorder->state, text);
}

struct wt_published *wt_recorder_published(struct wt_recorder *recorder)
{
	return &recorder->clerk.published;
}

struct wt_feed_monitor *wt_recorder_feeds(const struct wt_recorder *recorder)
{
	return recorder->feeds ? recorder->feeds->monitor : NULL;
}

static int check_link_type(const struct wt_recorder *recorder, const struct wt_recorded *recorded,
                           struct wt_error *err)
{
	const struct wt_reader_info *first = recorder->recorded[0].report->reader,
	                            *reader = recorded->report->reader;

	if (reader->link_type == first->link_type)
		return 0;
	return wt_error_set(err, -EINVAL,
	                    "%s and %s have different link types (%u and %u), which common "
	                    "readers do not take in one file; record them into two",
	                    first->name, reader->name, first->link_type, reader->link_type);
}

static int open_reader(struct wt_recorder *recorder, struct wt_recorded *recorded,
                       struct wt_error *err)
{
	const struct wt_recorder_config *config = &recorder->state.config;
	struct wt_reader_config one = config->interfaces[recorded->id];
	int rc;

	if (!one.abort_writes)
		one.abort_writes = config->abort_writes;
	rc = wt_reader_open(&recorded->reader, &one, err);
	if (rc)
		return rc;
	recorded->ring = wt_reader_ring(recorded->reader);
	recorded->report = &recorder->state.reports[recorded->id];
	recorded->report->reader = wt_reader_info(recorded->reader);
	recorded->report->has_nic = !config->lane && wt_reader_has_nic(recorded->reader);
	recorder->intake.rings[recorder->intake.ring_count++].recorded = recorded;
	rc = wt_recorder_wait_for_ring(&recorder->wait, recorded);
	return rc ? wt_error_set(err, rc, "cannot wait for %s", recorded->report->reader->name) : 0;
}

static int open_interface(struct wt_recorder *recorder, uint32_t i, struct wt_error *err)
{
	struct wt_recorded *recorded = &recorder->recorded[i];
	int rc;

	recorded->id = i;
	rc = open_reader(recorder, recorded, err);
	if (rc)
		return rc;
	wt_clerk_tell_degraded(&recorder->state, recorded);
	if (recorded->report->reader->stamps_degraded)
		wt_recorder_note_degraded(&recorder->state,
		                          recorded->report->reader->stamps_degraded);
	rc = wt_clock_notes_open(&recorder->state, recorded, err);
	if (!rc)
		rc = check_link_type(recorder, recorded, err);
	return rc ? rc : wt_clerk_open_interface(&recorder->clerk, recorded, err);
}

static int allocate(struct wt_recorder *recorder)
{
	size_t count = count_of(recorder) ? count_of(recorder) : 1;

	recorder->recorded = calloc(count, sizeof(*recorder->recorded));
	recorder->state.reports = calloc(count, sizeof(*recorder->state.reports));
	recorder->intake.rings = calloc(count, sizeof(*recorder->intake.rings));
	recorder->writer.file_starts = calloc(count, sizeof(*recorder->writer.file_starts));
	if (!recorder->recorded || !recorder->state.reports || !recorder->intake.rings ||
	    !recorder->writer.file_starts ||
	    wt_held_blocks_init(&recorder->intake.conversion.held) ||
	    wt_buffer_pool_init(&recorder->writer.pool, WT_RECORDER_BUFFERS, count))
		return -ENOMEM;
	return 0;
}

/* Tell the parts of each other. */
static int wire(struct wt_recorder *recorder)
{
	struct wt_tape_writer *writer = &recorder->writer;
	struct wt_conversion *conversion = &recorder->intake.conversion;

	writer->state = conversion->state = &recorder->state;
	writer->recorded = recorder->recorded;
	writer->recording_id = recorder->state.config.recording_id;
	if (!writer->recording_id)
		writer->recording_id = wt_recorder_make_id();
	conversion->writer = writer;
	return wt_clerk_init(&recorder->clerk, writer, count_of(recorder));
}

static int open_feeds(struct wt_recorder *recorder, struct wt_error *err)
{
	int rc = wt_recorder_open_feeds(&recorder->feeds, &recorder->writer, err);

	recorder->writer.feeds = recorder->intake.conversion.feeds = recorder->feeds;
	recorder->clerk.feeds = recorder->clerk.health.feeds = recorder->feeds;
	return rc;
}

int wt_recorder_open(struct wt_recorder **recorder, const struct wt_recorder_config *config,
                     struct wt_error *err)
{
	struct wt_recorder *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a recorder");
	made->state.config = *config;
	made->state.system = config->system ? config->system : wt_kernel_system();
	if (!config->statistics_every_ns)
		made->state.config.statistics_every_ns = 10 * second_ns;
	made->wait.fd = made->wait.wake_fd = made->wait.timer_fd = -1;
	atomic_init(&made->state.deadline_ns, INT64_MAX);
	rc = allocate(made);
	if (!rc)
		rc = wire(made);
	if (!rc)
		rc = wt_recorder_wait_open(&made->wait, &made->writer);
	if (rc)
		wt_error_set(err, rc, "no memory or descriptor for a recorder");
	for (uint32_t i = 0; !rc && i < config->interface_count; i++)
		rc = open_interface(made, i, err);
	if (!rc)
		rc = open_feeds(made, err);
	if (rc) {
		wt_recorder_close(made);
		return rc;
	}
	*recorder = made;
	return 0;
}

void wt_recorder_close(struct wt_recorder *recorder)
{
	if (!recorder)
		return;
	/* Close before the rings go, which it may still be written from. */
	wt_tape_files_abandon(&recorder->writer);
	wt_recorder_close_feeds(recorder->feeds);
	wt_clerk_fini(&recorder->clerk);
	for (size_t i = 0; recorder->recorded && i < count_of(recorder); i++) {
		wt_stamp_converter_close(&recorder->recorded[i].converter);
		wt_reader_close(recorder->recorded[i].reader);
	}
	wt_recorder_wait_close(&recorder->wait);
	wt_buffer_pool_fini(&recorder->writer.pool);
	wt_held_blocks_fini(&recorder->intake.conversion.held);
	free(recorder->writer.file_starts);
	free(recorder->intake.rings);
	free(recorder->state.reports);
	free(recorder->recorded);
	free(recorder);
}
