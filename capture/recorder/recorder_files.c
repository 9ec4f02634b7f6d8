/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a recording: begun, written, gone on from, finished. */
#include <wiretape/capture/recorder/recorder_files.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <wiretape/capture/recorder/recorder_blocks.h>
#include <wiretape/capture/recorder/recorder_clocks.h>
#include <wiretape/capture/recorder/recorder_feeds.h>
#include <wiretape/capture/recorder/recorder_output.h>

static void on_landed(void *context, size_t interface, uint64_t packets)
{
	struct wt_recorder_file *file = context;

	file->recorder->reports[interface].ledger.written += packets;
	file->landed[interface] += packets;
}

uint64_t wt_recorder_make_id(void)
{
	uint64_t id;

	/* Random is not required, only different. */
	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != (ssize_t)sizeof(id))
		id = (uint64_t)wt_recorder_utc_clock_ns() * 2654435761u + (uint64_t)getpid();
	return id;
}

static int open_tape(struct wt_recorder *recorder, struct wt_recorder_file *file, const char *path,
                     struct wt_error *err)
{
	const struct wt_tape_config config = {
	        .interfaces = recorder->config.interface_count,
	        .tape_id = wt_recorder_make_id(),
	        .pool = &recorder->pool,
	        .landed = on_landed,
	        .context = file,
	};
	struct wt_sink_config sink_config = {
	        .abort_writes = recorder->output->abort_writes,
	        .closing_bytes = wt_recorder_feeds_closing_bytes(recorder),
	};
	struct wt_sink_place place;
	struct wt_sink *sink;
	int rc = wt_tape_open(&file->tape, &config);

	if (rc)
		return wt_error_set(err, rc, "no memory for a file");
	if (recorder->output->files) {
		wt_file_set_place(recorder->output->files, &place);
		sink_config.place = &place;
	}
	rc = recorder->output->open(recorder->output->context, path, &sink_config, &sink, err);
	if (rc) {
		wt_tape_close(file->tape, false);
		return rc;
	}
	wt_tape_attach(file->tape, sink);
	wt_recorder_note_sink(recorder, file);
	return 0;
}

/* Ledgers in the file count from here. */
static void start_ledgers(struct wt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_recorded *recorded = &recorder->recorded[i];

		recorded->file_start = recorder->reports[i].ledger;
		/* Packets still on their way belong to the file before. */
		recorded->file_start.written = recorded->given;
		recorded->file_start.lost.ring = wt_ring_drops_told(recorded->ring);
	}
}

int wt_recorder_begin_file(struct wt_recorder *recorder, struct wt_error *err)
{
	struct wt_file_set *files = recorder->output->files;
	struct wt_recorder_file *file = calloc(1, sizeof(*file));
	size_t count = recorder->config.interface_count;
	const char *path = NULL;
	int rc = 0;

	if (file)
		file->landed = calloc(count ? count : 1, sizeof(*file->landed));
	if (!file || !file->landed) {
		free(file);
		return wt_error_set(err, -ENOMEM, "no memory for a file");
	}
	recorder->now_ns = wt_recorder_clock_ns();
	recorder->now_utc_ns = wt_recorder_utc_clock_ns();
	file->recorder = recorder;
	file->start_utc_ns = recorder->now_utc_ns;
	file->sync_due_ns = recorder->now_ns + recorder->output->sync_every_ns;
	file->sync_at_close = recorder->output->sync != WT_SYNC_NONE;
	file->number = 1;
	if (files)
		rc = wt_file_set_begin(files, recorder->now_ns, recorder->now_utc_ns, &path,
		                       &file->number, err);
	if (!rc)
		rc = open_tape(recorder, file, path, err);
	if (rc) {
		wt_recorder_free_file(file);
		return rc;
	}
	recorder->file = file;
	recorder->file_count++;
	start_ledgers(recorder);
	rc = wt_recorder_write_preamble(recorder);
	if (rc)
		wt_error_set(err, rc, "cannot write the file's header: %s", strerror(-rc));
	return rc;
}

void wt_recorder_abandon_file(struct wt_recorder *recorder)
{
	if (!recorder->file)
		return;
	wt_tape_settle(recorder->file->tape);
	/* An empty file is not kept. */
	if (!recorder->start_utc_ns)
		wt_sink_truncate(wt_tape_sink(recorder->file->tape), 0);
	wt_tape_close(recorder->file->tape, false);
	wt_recorder_free_file(recorder->file);
	recorder->file = NULL;
}

uint64_t wt_recorder_packets_left(const struct wt_recorder *recorder)
{
	const struct wt_recorder_config *config = &recorder->config;
	uint64_t left = UINT64_MAX, most = 0, has;

	if (config->max_packets)
		left = config->max_packets > recorder->given ? config->max_packets - recorder->given
		                                             : 0;
	if (recorder->output->files)
		most = wt_file_set_max_packets(recorder->output->files);
	if (!most)
		return left;
	has = wt_tape_all_packets(recorder->file->tape);
	most = most > has ? most - has : 0;
	return most < left ? most : left;
}

uint64_t wt_recorder_bytes_left(const struct wt_recorder *recorder)
{
	uint64_t room = wt_recorder_closing_room(recorder),
	         notes = wt_recorder_note_bytes(recorder);

	return room > notes ? room - notes : 0;
}

/* Rotate: the current file gets its closing blocks, waits for its writes, and a new one is
 * begun. */
static void rotate(struct wt_recorder *recorder)
{
	enum { LOOK_EVERY_MS = 2 };
	struct wt_error err = {0};
	int rc;

	/* Packets wait in the ring meanwhile. */
	while (!wt_file_set_is_ready(recorder->output->files))
		wt_recorder_wait_for_disk(recorder, LOOK_EVERY_MS);
	for (size_t i = 0; i < recorder->config.interface_count; i++)
		wt_recorder_take_statistics(&recorder->recorded[i]);
	rc = wt_recorder_write_notes(recorder);
	wt_recorder_end_feeds_file(recorder);
	if (!rc)
		rc = wt_recorder_write_feeds(recorder);
	/* In a chunk of their own: by that a file is seen to be closed. */
	if (!rc)
		rc = wt_recorder_flush(recorder);
	if (!rc)
		rc = wt_recorder_write_statistics(recorder, true);
	if (!rc)
		rc = wt_recorder_flush(recorder);
	if (rc) {
		wt_recorder_writer_failed(recorder, rc);
		return;
	}
	recorder->file->next = recorder->waiting_files;
	recorder->waiting_files = recorder->file;
	recorder->file = NULL;
	rc = wt_recorder_begin_file(recorder, &err);
	if (!rc)
		return;
	if (recorder->file) {
		wt_recorder_writer_failed(recorder, rc);
		return;
	}
	/* No next file: the one before is the last. */
	recorder->file = recorder->waiting_files;
	recorder->waiting_files = recorder->file->next;
	recorder->file->next = NULL;
	recorder->file->closed = true;
	recorder->failure_text = err;
	wt_recorder_end_with(recorder, WT_END_FAILURE, rc);
}

static void rotate_at(struct wt_recorder *recorder, uint64_t bytes, uint64_t next_bytes,
                      uint64_t packets)
{
	struct wt_file_set *files = recorder->output->files;

	if (!recorder->ending && wt_file_set_rotates(files) &&
	    wt_file_set_is_due(files, bytes, next_bytes, packets, recorder->now_ns,
	                       recorder->now_utc_ns) != WT_FILE_NOT_DUE)
		rotate(recorder);
}

void wt_recorder_rotate_if_due(struct wt_recorder *recorder, uint64_t next_bytes)
{
	const struct wt_tape *tape = recorder->file->tape;

	if (recorder->output->files)
		rotate_at(recorder,
		          wt_tape_bytes(tape) + wt_recorder_closing_bytes(recorder) +
		                  wt_recorder_note_bytes(recorder),
		          next_bytes, wt_tape_all_packets(tape));
}

/* A full file is closed when the next packet arrives, which may never happen. */
void wt_recorder_rotate_by_time(struct wt_recorder *recorder)
{
	if (recorder->output->files)
		rotate_at(recorder, 0, 0, 0);
}

/* Wait until nothing is in flight, successful or not. */
static void settle(struct wt_recorder *recorder)
{
	while (recorder->waiting_files || !wt_tape_is_idle(recorder->file->tape)) {
		const struct wt_recorder_file *i = recorder->waiting_files;

		while (i && wt_tape_is_idle(i->tape))
			i = i->next;
		/* The rest has failed and waits for nothing. */
		if (!i && wt_tape_is_idle(recorder->file->tape))
			break;
		wt_recorder_wait_for_disk(recorder, 100);
	}
	wt_recorder_reap(recorder);
}

/* Fail: a failure counts for more than the reason to end that came before it. */
static void fail_after_all(struct wt_recorder *recorder, int error)
{
	if (recorder->end == WT_END_WRITER || recorder->end == WT_END_READER_GONE)
		return;
	recorder->ending = false;
	wt_recorder_writer_failed(recorder, error);
}

/* Discard what has not landed of a settled file. If nothing has, there is no file. */
static void cut(struct wt_recorder_file *file, int error)
{
	wt_tape_truncate(file->tape);
	file->failure = wt_tape_bytes(file->tape) ? error : 0;
}

/* Finish files before the last that were not written to their end. */
static void finish_failed(struct wt_recorder *recorder)
{
	while (recorder->waiting_files) {
		struct wt_recorder_file *file = recorder->waiting_files;
		int error = wt_tape_failed(file->tape);

		recorder->waiting_files = file->next;
		fail_after_all(recorder, error);
		cut(file, error);
		wt_recorder_finish_file(recorder, file);
	}
}

/* In a chunk of their own, before those by which a file is seen to be closed. A disk that has no
 * room for them may have it for those. */
static void write_last_feeds(struct wt_recorder *recorder)
{
	int rc;

	if (!recorder->feeds)
		return;
	rc = wt_recorder_write_feeds(recorder);
	if (!rc)
		rc = wt_recorder_flush(recorder);
	settle(recorder);
	if (rc || wt_tape_failed(recorder->file->tape))
		wt_tape_truncate(recorder->file->tape);
}

static void write_closing_blocks(struct wt_recorder *recorder)
{
	int rc;

	write_last_feeds(recorder);
	rc = wt_recorder_write_statistics(recorder, true);

	if (!rc)
		rc = wt_recorder_flush(recorder);
	settle(recorder);
	if (!rc)
		rc = wt_tape_failed(recorder->file->tape);
	if (!rc)
		return;
	fail_after_all(recorder, rc);
	cut(recorder->file, rc);
}

void wt_recorder_end_files(struct wt_recorder *recorder,
                           void (*close_ledgers)(struct wt_recorder *))
{
	struct wt_tape *tape = recorder->file->tape;
	int rc;

	rc = wt_tape_failed(tape) ? 0 : wt_recorder_flush(recorder);
	settle(recorder);
	if (!rc)
		rc = wt_tape_failed(tape);
	if (rc) {
		fail_after_all(recorder, rc);
		cut(recorder->file, rc);
	}
	finish_failed(recorder);
	wt_recorder_finish_feeds(recorder, rc != 0);
	close_ledgers(recorder);
	if (!recorder->file->closed && wt_tape_bytes(tape))
		write_closing_blocks(recorder);
	if (!recorder->output->files)
		return;
	/* A file that is only cut short and has its final name already is whole. */
	if (!wt_file_set_rotates(recorder->output->files))
		recorder->file->failure = 0;
	wt_recorder_finish_file(recorder, recorder->file);
	recorder->file = NULL;
}
