/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/tape_writer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longest wait of a packet for its chunk to fill. */
static const int64_t flush_every_ns = 1000000000;

void wt_recorder_free_file(struct wt_recorder_file *file)
{
	free(file->landed);
	free(file);
}

void wt_tape_writer_note_sink(struct wt_tape_writer *writer, const struct wt_recorder_file *file)
{
	const struct wt_sink *sink = wt_tape_sink(file->tape);

	if (wt_sink_degraded(sink))
		wt_recorder_note_degraded(writer->state, wt_sink_degraded(sink));
	writer->direct = wt_sink_is_direct(sink);
}

static void add_writes(struct wt_recorder_writes *sum, const struct wt_tape *tape, int64_t now_ns)
{
	struct wt_sink_statistics one;

	wt_sink_statistics(wt_tape_sink(tape), now_ns, &one);
	sum->count += one.writes;
	sum->slow += one.slow_writes;
	sum->in_flight += one.in_flight;
	if (one.oldest_ns > sum->oldest_ns)
		sum->oldest_ns = one.oldest_ns;
	if (one.oldest_ns > one.longest_ns)
		one.longest_ns = one.oldest_ns;
	if (one.longest_ns > sum->longest_ns)
		sum->longest_ns = one.longest_ns;
	if (one.in_flight_most > sum->in_flight_most)
		sum->in_flight_most = one.in_flight_most;
}

void wt_tape_writer_count_writes(const struct wt_tape_writer *writer,
                                 struct wt_recorder_writes *writes)
{
	int64_t now_ns = wt_recorder_clock_ns(writer->state);

	*writes = writer->finished_writes;
	if (writer->file)
		add_writes(writes, writer->file->tape, now_ns);
	for (const struct wt_recorder_file *i = writer->waiting; i; i = i->next)
		add_writes(writes, i->tape, now_ns);
}

uint64_t wt_tape_writer_all_bytes(const struct wt_tape_writer *writer)
{
	uint64_t bytes = writer->finished_bytes;

	if (writer->file)
		bytes += wt_tape_bytes(writer->file->tape);
	for (const struct wt_recorder_file *i = writer->waiting; i; i = i->next)
		bytes += wt_tape_bytes(i->tape);
	return bytes;
}

/* Close a file in the background, with nothing in flight; the recorder may be gone. */
static int close_file(void *context)
{
	struct wt_recorder_file *file = context;
	int rc = wt_tape_close(file->tape, file->sync_at_close);

	if (!rc)
		rc = file->failure;
	wt_recorder_free_file(file);
	return rc;
}

void wt_tape_writer_finish_file(struct wt_tape_writer *writer, struct wt_recorder_file *file)
{
	uint64_t bytes = wt_tape_bytes(file->tape), packets = wt_tape_all_packets(file->tape);

	wt_tape_writer_note_sink(writer, file);
	writer->finished_bytes += bytes;
	add_writes(&writer->finished_writes, file->tape, 0);
	wt_file_set_finish(writer->state->output->files, file->number, bytes, packets, close_file,
	                   file);
}

static void finish_waiting(struct wt_tape_writer *writer)
{
	struct wt_recorder_file **link = &writer->waiting;

	while (*link) {
		struct wt_recorder_file *file = *link;

		wt_tape_reap(file->tape, writer->state->now_ns);
		if (wt_tape_failed(file->tape)) {
			wt_recorder_writer_failed(writer->state, wt_tape_failed(file->tape));
			link = &file->next;
		} else if (!wt_tape_is_idle(file->tape)) {
			link = &file->next;
		} else {
			*link = file->next;
			wt_tape_writer_finish_file(writer, file);
		}
	}
}

void wt_tape_writer_reap(struct wt_tape_writer *writer)
{
	int failed;

	wt_tape_reap(writer->file->tape, writer->state->now_ns);
	failed = wt_tape_failed(writer->file->tape);
	if (failed)
		wt_recorder_writer_failed(writer->state, failed);
	if (writer->waiting)
		finish_waiting(writer);
}

int wt_tape_writer_put(struct wt_tape_writer *writer, const uint8_t *block, size_t bytes)
{
	uint8_t *at;
	size_t room;
	int rc = wt_tape_reserve(writer->file->tape, bytes, &at, &room);

	if (rc)
		return rc;
	memcpy(at, block, bytes);
	wt_tape_submit(writer->file->tape, bytes, 0, NULL, 0);
	return 0;
}

int wt_tape_writer_flush(struct wt_tape_writer *writer)
{
	int rc = wt_tape_flush(writer->file->tape);

	if (rc != -EAGAIN)
		writer->flush_due_ns = INT64_MAX;
	return rc;
}

bool wt_tape_writer_is_ready(const struct wt_tape_writer *writer)
{
	return writer->phase == WT_TAPE_TAKES && wt_tape_is_ready(writer->file->tape);
}

/* The open chunk has been handed over, so a copy needs a buffer. */
bool wt_tape_writer_takes_in_place(const struct wt_tape_writer *writer)
{
	return wt_tape_takes_in_place(writer->file->tape) && writer->pool.free_count;
}

bool wt_tape_writer_is_full(const struct wt_tape_writer *writer)
{
	return writer->max_bytes && wt_tape_bytes(writer->file->tape) >= writer->max_bytes;
}

/* Flush later, if the disk has enough to do. */
static int flush_if_due(struct wt_tape_writer *writer)
{
	int64_t now_ns = writer->state->now_ns;
	int rc = 0;

	if (now_ns >= writer->flush_due_ns) {
		rc = wt_tape_writer_flush(writer);
		if (rc == -EAGAIN)
			writer->flush_due_ns = now_ns + flush_every_ns;
	} else if (writer->flush_due_ns == INT64_MAX && wt_tape_has_unflushed(writer->file->tape)) {
		writer->flush_due_ns = now_ns + flush_every_ns;
	}
	return rc == -EAGAIN ? 0 : rc;
}

static int sync_if_due(struct wt_tape_writer *writer)
{
	const struct wt_recorder_output *output = writer->state->output;
	struct wt_recorder_file *file = writer->file;

	if (output->sync != WT_SYNC_INTERVAL || writer->state->now_ns < file->sync_due_ns)
		return 0;
	file->sync_due_ns = writer->state->now_ns + output->sync_every_ns;
	return wt_sink_sync(wt_tape_sink(file->tape));
}

void wt_tape_writer_tend(struct wt_tape_writer *writer)
{
	int rc;

	if (writer->phase != WT_TAPE_TAKES)
		return;
	rc = flush_if_due(writer);
	if (!rc)
		rc = sync_if_due(writer);
	if (rc)
		wt_recorder_writer_failed(writer->state, rc);
}

int64_t wt_tape_writer_due_ns(const struct wt_tape_writer *writer)
{
	const struct wt_recorder_state *state = writer->state;
	int64_t due_ns = writer->flush_due_ns, files_ns = INT64_MAX;

	if (writer->phase != WT_TAPE_TAKES)
		return INT64_MAX;
	if (state->output->sync == WT_SYNC_INTERVAL && writer->file->sync_due_ns < due_ns)
		due_ns = writer->file->sync_due_ns;
	if (state->output->files)
		files_ns = wt_file_set_next_due_ns(state->output->files, state->now_ns,
		                                   state->now_utc_ns);
	return files_ns < due_ns ? files_ns : due_ns;
}
