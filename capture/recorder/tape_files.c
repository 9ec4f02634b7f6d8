/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/tape_files.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <wiretape/capture/recorder/clock_notes.h>
#include <wiretape/capture/recorder/recorder_feeds.h>
#include <wiretape/capture/recorder/tape_blocks.h>

static void on_landed(void *context, size_t interface, uint64_t packets)
{
	struct wt_recorder_file *file = context;

	file->writer->state->reports[interface].ledger.written += packets;
	file->landed[interface] += packets;
}

uint64_t wt_recorder_make_id(void)
{
	struct wt_system *system = wt_kernel_system();
	int64_t utc_ns = 0;
	uint64_t id;

	/* Random is not required, only different. */
	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) == (ssize_t)sizeof(id))
		return id;
	system->ops->clock(system, CLOCK_REALTIME, &utc_ns);
	return (uint64_t)utc_ns * 2654435761u + (uint64_t)getpid();
}

static struct wt_sink_config sink_config_of(const struct wt_tape_writer *writer)
{
	return (struct wt_sink_config){
	        .abort_writes = writer->state->output->abort_writes,
	        .deadline_ns = &writer->state->deadline_ns,
	        .closing_bytes = wt_recorder_feeds_closing_bytes(writer->feeds),
	};
}

/* Open the sink of a file that was not opened ahead. */
static int open_sink(struct wt_tape_writer *writer, const char *path, struct wt_sink **sink,
                     struct wt_error *err)
{
	const struct wt_recorder_output *output = writer->state->output;
	struct wt_sink_config config = sink_config_of(writer);
	struct wt_sink_place place;

	if (output->files) {
		wt_file_set_place(output->files, &place);
		config.place = &place;
	}
	return output->open(output->context, path, &config, sink, err);
}

static int open_tape(struct wt_tape_writer *writer, struct wt_recorder_file *file, const char *path,
                     struct wt_error *err)
{
	const struct wt_tape_config config = {
	        .interfaces = writer->state->config.interface_count,
	        .tape_id = wt_recorder_make_id(),
	        .pool = &writer->pool,
	        .landed = on_landed,
	        .context = file,
	};
	struct wt_file_set *files = writer->state->output->files;
	struct wt_sink *sink = files ? wt_file_set_take_sink(files) : NULL;
	int rc = sink ? 0 : open_sink(writer, path, &sink, err);

	if (rc)
		return rc;
	if (wt_tape_open(&file->tape, &config)) {
		wt_sink_close(sink, false);
		return wt_error_set(err, -ENOMEM, "no memory for a file");
	}
	wt_tape_attach(file->tape, sink);
	wt_tape_writer_note_sink(writer, file);
	return 0;
}

/* Ledgers in the file count from here. */
static void start_ledgers(struct wt_tape_writer *writer)
{
	for (size_t i = 0; i < writer->state->config.interface_count; i++) {
		const struct wt_recorded *recorded = &writer->recorded[i];
		struct wt_ledger *start = &writer->file_starts[i];

		*start = recorded->report->ledger;
		/* Packets still on their way belong to the file before. */
		start->written = recorded->given;
		start->lost.ring = recorded->drops_placed;
	}
}

static struct wt_recorder_file *make_file(struct wt_tape_writer *writer)
{
	struct wt_recorder_state *state = writer->state;
	struct wt_recorder_file *file = calloc(1, sizeof(*file));
	size_t count = state->config.interface_count;

	if (file)
		file->landed = calloc(count ? count : 1, sizeof(*file->landed));
	if (!file || !file->landed) {
		free(file);
		return NULL;
	}
	wt_recorder_tell_time(state);
	file->writer = writer;
	file->start_utc_ns = state->now_utc_ns;
	file->sync_due_ns = state->now_ns + state->output->sync_every_ns;
	file->sync_at_close = state->output->sync != WT_SYNC_NONE;
	file->number = 1;
	return file;
}

/* In all lanes at the same time. */
static struct wt_share_time when_begun(const struct wt_tape_writer *writer)
{
	const struct wt_recorder_state *state = writer->state;

	if (state->config.share)
		return wt_recorder_share_begun(state->config.share, writer->file_count + 1);
	return (struct wt_share_time){state->now_ns, state->now_utc_ns};
}

/* Begin a file with its header, which is not handed over yet. */
static int begin_file(struct wt_tape_writer *writer, struct wt_error *err)
{
	const struct wt_recorder_state *state = writer->state;
	struct wt_file_set *files = state->output->files;
	struct wt_recorder_file *file = make_file(writer);
	struct wt_share_time begun = when_begun(writer);
	const char *path = NULL;
	int rc = 0;

	if (!file)
		return wt_error_set(err, -ENOMEM, "no memory for a file");
	if (files)
		rc = wt_file_set_begin(files, begun.monotonic_ns, begun.utc_ns, &path,
		                       &file->number, err);
	if (!rc)
		rc = open_tape(writer, file, path, err);
	if (rc) {
		wt_recorder_free_file(file);
		return rc;
	}
	writer->file = file;
	writer->file_count++;
	start_ledgers(writer);
	rc = wt_tape_writer_write_header(writer);
	return rc ? wt_error_set(err, rc, "cannot write the file's header: %s", strerror(-rc)) : 0;
}

int wt_tape_files_begin(struct wt_tape_writer *writer, struct wt_error *err)
{
	const struct wt_recorder_output *output = writer->state->output;
	const struct wt_sink_config config = sink_config_of(writer);
	int rc;

	writer->flush_due_ns = INT64_MAX;
	wt_tape_writer_describe_machine(writer);
	if (output->files) {
		writer->max_bytes = wt_file_set_max_bytes(output->files);
		wt_file_set_open_ahead(output->files, output->open, output->context, &config);
	}
	rc = begin_file(writer, err);
	if (rc)
		return rc;
	rc = wt_tape_writer_flush(writer);
	return rc ? wt_error_set(err, rc, "cannot write the file's header: %s", strerror(-rc)) : 0;
}

void wt_tape_files_abandon(struct wt_tape_writer *writer)
{
	struct wt_recorder_file *file = writer->file;

	if (!file)
		return;
	wt_tape_settle(file->tape);
	/* An empty file is not kept. */
	if (!writer->state->start_utc_ns)
		wt_sink_truncate(wt_tape_sink(file->tape), 0);
	wt_tape_close(file->tape, false);
	wt_recorder_free_file(file);
	writer->file = NULL;
}

uint64_t wt_tape_files_packets_left(const struct wt_tape_writer *writer)
{
	const struct wt_file_set *files = writer->state->output->files;
	uint64_t most = files ? wt_file_set_max_packets(files) : 0, has;

	if (!most || writer->state->config.share)
		return UINT64_MAX;
	has = wt_tape_all_packets(writer->file->tape);
	return most > has ? most - has : 0;
}

uint64_t wt_tape_files_bytes_left(const struct wt_tape_writer *writer)
{
	uint64_t has;

	if (!writer->max_bytes)
		return UINT64_MAX;
	has = wt_tape_bytes(writer->file->tape);
	return writer->max_bytes > has ? writer->max_bytes - has : 0;
}

uint64_t wt_tape_files_all_bytes(struct wt_tape_writer *writer)
{
	struct wt_recorder_share *share = writer->state->config.share;
	uint64_t bytes = wt_tape_writer_all_bytes(writer), grown = bytes - writer->shared_bytes;

	if (!share)
		return bytes;
	writer->shared_bytes = bytes;
	return wt_recorder_share_add_bytes(share, grown);
}

void wt_tape_files_rotate(struct wt_tape_writer *writer)
{
	const struct wt_recorder_state *state = writer->state;

	if (writer->phase != WT_TAPE_TAKES)
		return;
	if (state->config.share)
		wt_recorder_share_announce(state->config.share, writer->file_count, state->now_ns,
		                           state->now_utc_ns);
	for (size_t i = 0; i < writer->state->config.interface_count; i++)
		wt_recorded_take_statistics(&writer->recorded[i]);
	wt_recorder_look_at_nics(writer->feeds, true);
	writer->closing_next = 0;
	writer->phase = WT_TAPE_ENDING;
}

static void rotate_at(struct wt_tape_writer *writer, uint64_t bytes, uint64_t next_bytes,
                      uint64_t packets)
{
	const struct wt_recorder_state *state = writer->state;

	if (wt_file_set_is_due(state->output->files, bytes, next_bytes, packets, state->now_ns,
	                       state->now_utc_ns) != WT_FILE_NOT_DUE)
		wt_tape_files_rotate(writer);
}

bool wt_tape_files_admit(struct wt_tape_writer *writer, uint64_t next_bytes)
{
	const struct wt_tape *tape = writer->file->tape;
	const struct wt_file_set *files = writer->state->output->files;

	if (writer->phase == WT_TAPE_TAKES && files && wt_file_set_rotates(files))
		rotate_at(writer, writer->max_bytes ? wt_tape_bytes(tape) : 0, next_bytes,
		          writer->state->config.share ? 0 : wt_tape_all_packets(tape));
	return wt_tape_files_advance(writer);
}

/* A recording that is full needs no file more. */
bool wt_tape_files_follow(struct wt_tape_writer *writer)
{
	const struct wt_recorder_share *share = writer->state->config.share;
	const struct wt_file_set *files = writer->state->output->files;

	if (share && files && wt_file_set_rotates(files) && writer->phase == WT_TAPE_TAKES &&
	    wt_recorder_share_is_over(share, writer->file_count) &&
	    !wt_recorder_share_is_full(share))
		wt_tape_files_rotate(writer);
	return wt_tape_files_advance(writer);
}

/* A full file is closed when the next packet arrives, which may never happen. */
void wt_tape_files_rotate_by_time(struct wt_tape_writer *writer)
{
	const struct wt_recorder_share *share = writer->state->config.share;
	const struct wt_file_set *files = writer->state->output->files;

	if (writer->phase != WT_TAPE_TAKES || !files || !wt_file_set_rotates(files))
		return;
	if (share && wt_recorder_share_is_behind(share, writer->file_count))
		wt_tape_files_rotate(writer);
	else
		rotate_at(writer, 0, 0, 0);
}

/* Write what has been found out so far, and make a chunk of it. */
static int end_packets(struct wt_tape_writer *writer)
{
	int rc = wt_clock_notes_write(writer);

	if (!rc)
		rc = wt_recorder_write_feeds(writer->feeds);
	return rc ? rc : wt_tape_writer_flush(writer);
}

/* In a chunk of their own: by that a file is seen to be closed. */
static int write_closing(struct wt_tape_writer *writer)
{
	int rc = 0;

	while (!rc && writer->closing_next < writer->state->config.interface_count) {
		rc = wt_tape_writer_write_statistics(writer, writer->closing_next, true);
		writer->closing_next += !rc;
	}
	return rc ? rc : wt_tape_writer_flush(writer);
}

/* No next file: the one before is the last. */
static void stay_with_last(struct wt_tape_writer *writer, const struct wt_error *err)
{
	writer->file = writer->waiting;
	writer->waiting = writer->file->next;
	writer->file->next = NULL;
	writer->file->closed = true;
	writer->state->failure_text = *err;
	wt_recorder_end_with(writer->state, WT_END_FAILURE, err->code);
}

static int begin_next(struct wt_tape_writer *writer)
{
	struct wt_error err = {0};
	int rc;

	if (!writer->pool.free_count || !wt_file_set_is_ready(writer->state->output->files))
		return -EAGAIN;
	writer->file->next = writer->waiting;
	writer->waiting = writer->file;
	writer->file = NULL;
	rc = begin_file(writer, &err);
	if (rc && !writer->file) {
		stay_with_last(writer, &err);
		return -EAGAIN;
	}
	return rc;
}

/* Whether nothing is in flight, or will ever be. */
static bool is_idle(const struct wt_tape_writer *writer)
{
	for (const struct wt_recorder_file *i = writer->waiting; i; i = i->next)
		if (!wt_tape_is_idle(i->tape))
			return false;
	return wt_tape_is_idle(writer->file->tape);
}

/* Discard what has not landed of a settled file. If nothing has, there is no file. */
static void cut(struct wt_tape_writer *writer, struct wt_recorder_file *file, int error)
{
	wt_recorder_writer_failed(writer->state, error);
	wt_tape_truncate(file->tape);
	file->failure = wt_tape_bytes(file->tape) ? error : 0;
}

/* Finish files before the last that were not written to their end. */
static void finish_failed(struct wt_tape_writer *writer)
{
	while (writer->waiting) {
		struct wt_recorder_file *file = writer->waiting;

		writer->waiting = file->next;
		cut(writer, file, wt_tape_failed(file->tape));
		wt_tape_writer_finish_file(writer, file);
	}
}

/* Write what belongs before the closing blocks, unless there is no file for it. */
static int write_rest(struct wt_tape_writer *writer)
{
	int rc = 0;

	if (writer->file->closed || wt_tape_failed(writer->file->tape))
		return 0;
	if (!wt_recorder_has_failed(writer->state))
		rc = wt_clock_notes_write(writer);
	return rc ? rc : wt_tape_writer_flush(writer);
}

static int settle(struct wt_tape_writer *writer)
{
	int rc = write_rest(writer);

	if (rc == -EAGAIN || !is_idle(writer))
		return -EAGAIN;
	wt_tape_writer_reap(writer);
	rc = wt_tape_failed(writer->file->tape);
	writer->was_cut = rc != 0;
	if (rc) {
		cut(writer, writer->file, rc);
		writer->file->closed = false;
	}
	finish_failed(writer);
	return 0;
}

void wt_tape_files_settle(struct wt_tape_writer *writer)
{
	if (writer->phase == WT_TAPE_NEXT)
		writer->file->closed = true;
	writer->phase = WT_TAPE_SETTLING;
}

void wt_tape_files_close(struct wt_tape_writer *writer)
{
	writer->closing_next = 0;
	writer->error = 0;
	writer->phase = writer->file->closed || !wt_tape_bytes(writer->file->tape)
	                        ? WT_TAPE_LAST_WRITES
	                        : WT_TAPE_LAST_FEEDS;
}

/* In a chunk of their own, before those by which a file is seen to be closed. A disk that has no
 * room for them may have it for those. */
static int write_last_feeds(struct wt_tape_writer *writer)
{
	int rc = wt_recorder_write_feeds(writer->feeds);

	return rc ? rc : wt_tape_writer_flush(writer);
}

/* Wait, as all that wait here: by being called again. */
static bool has_landed(struct wt_tape_writer *writer)
{
	wt_tape_reap(writer->file->tape, writer->state->now_ns);
	return is_idle(writer);
}

static int land_last_feeds(struct wt_tape_writer *writer)
{
	if (!has_landed(writer))
		return -EAGAIN;
	if (writer->error || wt_tape_failed(writer->file->tape))
		wt_tape_truncate(writer->file->tape);
	return 0;
}

static int finish_last(struct wt_tape_writer *writer)
{
	struct wt_file_set *files = writer->state->output->files;
	int error;

	if (!has_landed(writer))
		return -EAGAIN;
	error = writer->error ? writer->error : wt_tape_failed(writer->file->tape);
	if (error)
		cut(writer, writer->file, error);
	if (!files)
		return 0;
	/* A file that is only cut short and has its final name already is whole. */
	if (!wt_file_set_rotates(files))
		writer->file->failure = 0;
	wt_tape_writer_finish_file(writer, writer->file);
	writer->file = NULL;
	return 0;
}

static int take_step(struct wt_tape_writer *writer)
{
	switch (writer->phase) {
	case WT_TAPE_ENDING:
		return end_packets(writer);
	case WT_TAPE_CLOSING:
	case WT_TAPE_LAST_CLOSING:
		return write_closing(writer);
	case WT_TAPE_NEXT:
		return begin_next(writer);
	case WT_TAPE_HEADER:
		return wt_tape_writer_flush(writer);
	case WT_TAPE_SETTLING:
		return settle(writer);
	case WT_TAPE_LAST_FEEDS:
		return write_last_feeds(writer);
	case WT_TAPE_LAST_LANDING:
		return land_last_feeds(writer);
	default:
		return finish_last(writer);
	}
}

static bool is_at_rest(const struct wt_tape_writer *writer)
{
	return writer->phase == WT_TAPE_TAKES || writer->phase == WT_TAPE_SETTLED ||
	       writer->phase == WT_TAPE_ENDED;
}

bool wt_tape_files_advance(struct wt_tape_writer *writer)
{
	while (!is_at_rest(writer)) {
		bool at_end = writer->phase >= WT_TAPE_SETTLING;
		int rc;

		if (!at_end && wt_recorder_has_failed(writer->state))
			return false;
		rc = take_step(writer);
		if (rc == -EAGAIN)
			return false;
		/* At the end the next step sees what can be made of it. */
		if (rc && !at_end) {
			wt_recorder_writer_failed(writer->state, rc);
			return false;
		}
		writer->error = rc;
		writer->phase = writer->phase == WT_TAPE_HEADER ? WT_TAPE_TAKES : writer->phase + 1;
	}
	return true;
}
