/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a recording: begun, written, gone on from, finished. */
#include <wiretape/capture/recorder/recorder_state.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	WARN_PCT = 75, /* of a ring: before it is too late */
	WATCH_EVERY_MS = 50,
	CALM_PCT = 50, /* after that a new warning would be news */
};

static void on_landed(void *context, size_t interface, uint64_t packets)
{
	struct wt_recorder_file *file = context;

	file->recorder->reports[interface].ledger.written += packets;
	file->landed[interface] += packets;
}

static uint64_t make_tape_id(void)
{
	uint64_t id;

	/* It has to differ from file to file, no more. */
	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) != (ssize_t)sizeof(id))
		id = (uint64_t)wt_recorder_utc_clock_ns() * 2654435761u + (uint64_t)getpid();
	return id;
}

static void free_file(struct wt_recorder_file *file)
{
	free(file->landed);
	free(file);
}

void wt_recorder_note_sink(struct wt_recorder *recorder, const struct wt_recorder_file *file)
{
	const struct wt_sink *sink = wt_tape_sink(file->tape);

	if (wt_sink_degraded(sink))
		wt_recorder_degrade(recorder, wt_sink_degraded(sink));
	recorder->direct = wt_sink_is_direct(sink);
}

static int open_tape(struct wt_recorder *recorder, struct wt_recorder_file *file, const char *path,
                     struct wt_error *err)
{
	const struct wt_tape_config config = {
	        .interfaces = recorder->config.interface_count,
	        .tape_id = make_tape_id(),
	        .pool = &recorder->pool,
	        .release = wt_recorder_release_held,
	        .landed = on_landed,
	        .context = file,
	};
	struct wt_sink_config sink_config = {.hurry = recorder->output->hurry};
	struct wt_sink_place place;
	struct wt_sink *sink;
	int ret = wt_tape_open(&file->tape, &config);

	if (ret)
		return wt_error_set(err, ret, "no memory for a file");
	wt_tape_configure_sink(file->tape, &sink_config);
	if (recorder->output->files) {
		wt_file_set_place(recorder->output->files, &place);
		sink_config.place = &place;
	}
	ret = recorder->output->open(recorder->output->context, path, &sink_config, &sink, err);
	if (ret) {
		wt_tape_close(file->tape, false);
		return ret;
	}
	wt_tape_attach(file->tape, sink);
	wt_recorder_note_sink(recorder, file);
	return 0;
}

/* From here on the ledgers in the file count. */
static void start_ledgers(struct wt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_recorded *recorded = &recorder->recorded[i];

		recorded->file_start = recorder->reports[i].ledger;
		/* What is still on its way belongs to the file before. */
		recorded->file_start.written = recorded->given;
		recorded->file_start.lost.ring = recorded->drops_placed;
	}
}

int wt_recorder_begin_file(struct wt_recorder *recorder, struct wt_error *err)
{
	struct wt_file_set *files = recorder->output->files;
	struct wt_recorder_file *file = calloc(1, sizeof(*file));
	size_t count = recorder->config.interface_count;
	const char *path = NULL;
	int ret = 0;

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
		ret = wt_file_set_begin(files, recorder->now_ns, recorder->now_utc_ns, &path,
		                        &file->number, err);
	if (!ret)
		ret = open_tape(recorder, file, path, err);
	if (ret) {
		free_file(file);
		return ret;
	}
	recorder->file = file;
	recorder->file_count++;
	start_ledgers(recorder);
	ret = wt_recorder_write_preamble(recorder);
	if (ret)
		wt_error_set(err, ret, "cannot write the file's header: %s", strerror(-ret));
	return ret;
}

static void add_writes(struct wt_recorder_writes *sum, const struct wt_tape *tape, int64_t now_ns)
{
	struct wt_sink_statistics one;

	wt_sink_statistics(wt_tape_sink(tape), now_ns, &one);
	sum->count += one.writes;
	sum->slow += one.slow_writes;
	sum->in_flight += one.in_flight;
	if (one.oldest_ns > one.longest_ns)
		one.longest_ns = one.oldest_ns;
	if (one.longest_ns > sum->longest_ns)
		sum->longest_ns = one.longest_ns;
	if (one.in_flight_most > sum->in_flight_most)
		sum->in_flight_most = one.in_flight_most;
}

void wt_recorder_count_writes(const struct wt_recorder *recorder, struct wt_recorder_writes *writes)
{
	int64_t now_ns = wt_recorder_clock_ns();

	*writes = recorder->finished_writes;
	if (recorder->file)
		add_writes(writes, recorder->file->tape, now_ns);
	for (const struct wt_recorder_file *i = recorder->waiting_files; i; i = i->next)
		add_writes(writes, i->tape, now_ns);
}

uint64_t wt_recorder_file_bytes(const struct wt_recorder *recorder)
{
	uint64_t bytes = recorder->finished_bytes;

	if (recorder->file)
		bytes += wt_tape_bytes(recorder->file->tape);
	for (const struct wt_recorder_file *i = recorder->waiting_files; i; i = i->next)
		bytes += wt_tape_bytes(i->tape);
	return bytes;
}

/* In the background, with nothing in flight; the recorder may be gone. */
static int close_file(void *context)
{
	struct wt_recorder_file *file = context;
	int ret = wt_tape_close(file->tape, file->sync_at_close);

	if (!ret)
		ret = file->failure;
	free_file(file);
	return ret;
}

void wt_recorder_abandon_file(struct wt_recorder *recorder)
{
	if (!recorder->file)
		return;
	wt_tape_settle(recorder->file->tape);
	/* An empty file is not kept. */
	if (!recorder->start_utc_ns)
		wt_sink_cut(wt_tape_sink(recorder->file->tape), 0);
	wt_tape_close(recorder->file->tape, false);
	free_file(recorder->file);
	recorder->file = NULL;
}

/* A file whose writes have all ended. */
static void finish(struct wt_recorder *recorder, struct wt_recorder_file *file)
{
	uint64_t bytes = wt_tape_bytes(file->tape), packets = wt_tape_all_packets(file->tape);

	wt_recorder_note_sink(recorder, file);
	recorder->finished_bytes += bytes;
	add_writes(&recorder->finished_writes, file->tape, 0);
	wt_file_set_finish(recorder->output->files, file->number, bytes, packets, close_file, file);
}

static void finish_waiting(struct wt_recorder *recorder)
{
	struct wt_recorder_file **link = &recorder->waiting_files;

	while (*link) {
		struct wt_recorder_file *file = *link;

		wt_tape_reap(file->tape);
		if (wt_tape_failed(file->tape)) {
			wt_recorder_writer_failed(recorder, wt_tape_failed(file->tape));
			link = &file->next;
		} else if (!wt_tape_is_idle(file->tape)) {
			link = &file->next;
		} else {
			*link = file->next;
			finish(recorder, file);
		}
	}
}

void wt_recorder_reap(struct wt_recorder *recorder)
{
	int failed;

	wt_tape_reap(recorder->file->tape);
	failed = wt_tape_failed(recorder->file->tape);
	if (failed)
		wt_recorder_writer_failed(recorder, failed);
	if (recorder->waiting_files)
		finish_waiting(recorder);
}

static void warn(struct wt_recorder *recorder, const struct wt_recorded *recorded, double pct)
{
	const char *name = recorded->report->reader->name;
	struct wt_recorder_writes writes;
	struct wt_sink_statistics now;

	wt_sink_statistics(wt_tape_sink(recorder->file->tape), wt_recorder_clock_ns(), &now);
	wt_recorder_count_writes(recorder, &writes);
	wt_recorder_say(
	        recorder,
	        "ring of %s is %.0f %% full (at most %.0f ms of traffic so far); the oldest of "
	        "%" PRIu32 " writes has taken %.0f ms by now, the longest ever %.0f ms",
	        name, pct, (double)wt_ring_high_water_ns(recorded->ring) / 1e6, writes.in_flight,
	        (double)now.oldest_ns / 1e6, (double)writes.longest_ns / 1e6);
}

void wt_recorder_watch_rings(struct wt_recorder *recorder, int64_t now_ns)
{
	if (now_ns < recorder->watch_due_ns)
		return;
	recorder->watch_due_ns = now_ns + WATCH_EVERY_MS * (int64_t)1000000;
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_recorded *recorded = &recorder->recorded[i];
		uint32_t filled, total;
		double pct;

		wt_ring_note_fill(recorded->ring);
		wt_ring_fill(recorded->ring, &filled, &total);
		pct = total ? 100.0 * filled / total : 0;
		if (pct < CALM_PCT)
			recorded->warned = false;
		if (pct < WARN_PCT || recorded->warned)
			continue;
		recorded->warned = true;
		warn(recorder, recorded, pct);
	}
}

void wt_recorder_wait_for_disk(struct wt_recorder *recorder, int timeout_ms)
{
	/* The wake-up is not taken here: it is for the loop that waits for packets. */
	struct pollfd wait = {.fd = recorder->output->disk ? wt_disk_fd(recorder->output->disk)
	                                                   : -1,
	                      .events = POLLIN};

	poll(&wait, 1, timeout_ms);
	wt_recorder_reap(recorder);
	wt_recorder_watch_rings(recorder, wt_recorder_clock_ns());
}

/* Also while a limit or a signal wants it to end: what was read belongs into the file. */
int wt_recorder_reserve(struct wt_recorder *recorder, size_t min_bytes, uint8_t **at, size_t *room)
{
	enum { LOOK_EVERY_MS = 100 };
	int ret;

	while ((ret = wt_tape_reserve(recorder->file->tape, min_bytes, at, room)) == -EAGAIN)
		wt_recorder_wait_for_disk(recorder, LOOK_EVERY_MS);
	return ret;
}

int wt_recorder_flush(struct wt_recorder *recorder)
{
	enum { LOOK_EVERY_MS = 100 };
	int ret;

	while ((ret = wt_tape_flush(recorder->file->tape)) == -EAGAIN)
		wt_recorder_wait_for_disk(recorder, LOOK_EVERY_MS);
	recorder->flush_due_ns = INT64_MAX;
	return ret;
}

/* A new file's header and the closing blocks of the one before may have filled the disk since
 * the block was borrowed. */
int wt_recorder_make_way(struct wt_recorder *recorder)
{
	enum { LOOK_EVERY_MS = 100 };
	int ret = wt_recorder_flush(recorder);

	while (!ret && !wt_tape_takes_in_place(recorder->file->tape)) {
		wt_recorder_wait_for_disk(recorder, LOOK_EVERY_MS);
		ret = wt_tape_failed(recorder->file->tape);
	}
	return ret;
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

static uint64_t whole_chunk(uint64_t used)
{
	return used + wt_chunk_padding((uint32_t)used);
}

/* Room for the closing blocks stays, and for the padding of the chunk before theirs, which is
 * a page and a little if what is left of one is too little for a block. */
static uint64_t closing_bytes(const struct wt_recorder *recorder)
{
	enum { PADDING_BYTES = WT_CHUNK_ALIGNMENT + 8, TEXT_HEAD_BYTES = 8 };
	uint64_t each = WT_STATISTICS_BYTES;

	for (size_t i = 0; i < recorder->degraded_count; i++)
		each += TEXT_HEAD_BYTES + strlen(recorder->degraded[i]);
	return PADDING_BYTES +
	       whole_chunk(WT_CHUNK_INDEX_BYTES + recorder->config.interface_count * each);
}

uint64_t wt_recorder_closing_room(const struct wt_recorder *recorder)
{
	uint64_t most = 0, has;

	if (recorder->output->files)
		most = wt_file_set_max_bytes(recorder->output->files);
	if (!most)
		return UINT64_MAX;
	has = wt_tape_bytes(recorder->file->tape) + closing_bytes(recorder);
	return most > has ? most - has : 0;
}

uint64_t wt_recorder_bytes_left(const struct wt_recorder *recorder)
{
	uint64_t room = wt_recorder_closing_room(recorder),
	         notes = wt_recorder_note_bytes(recorder);

	return room > notes ? room - notes : 0;
}

/* The current file gets its closing blocks, waits for its writes, and a new one is begun. */
static void rotate(struct wt_recorder *recorder)
{
	struct wt_error err = {0};
	int ret;

	for (size_t i = 0; i < recorder->config.interface_count; i++)
		wt_recorder_take_statistics(&recorder->recorded[i]);
	ret = wt_recorder_write_notes(recorder);
	/* In a chunk of their own: by that a file is seen to be closed. */
	if (!ret)
		ret = wt_recorder_flush(recorder);
	if (!ret)
		ret = wt_recorder_write_statistics(recorder, true);
	if (!ret)
		ret = wt_recorder_flush(recorder);
	if (ret) {
		wt_recorder_writer_failed(recorder, ret);
		return;
	}
	recorder->file->next = recorder->waiting_files;
	recorder->waiting_files = recorder->file;
	recorder->file = NULL;
	ret = wt_recorder_begin_file(recorder, &err);
	if (!ret) {
		if (!wt_file_set_has_space(recorder->output->files))
			wt_recorder_end_with(recorder, WT_END_SPACE, 0);
		return;
	}
	if (recorder->file) {
		wt_recorder_writer_failed(recorder, ret);
		return;
	}
	/* Nothing to go on with: the file before is the last. */
	recorder->file = recorder->waiting_files;
	recorder->waiting_files = recorder->file->next;
	recorder->file->next = NULL;
	recorder->file->closed = true;
	recorder->failure_text = err;
	wt_recorder_end_with(recorder, WT_END_FAILURE, ret);
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
		          wt_tape_bytes(tape) + closing_bytes(recorder) +
		                  wt_recorder_note_bytes(recorder),
		          next_bytes, wt_tape_all_packets(tape));
}

/* A file that has all it may have ends when the next packet comes, which may be never. */
void wt_recorder_rotate_by_time(struct wt_recorder *recorder)
{
	if (recorder->output->files)
		rotate_at(recorder, 0, 0, 0);
}

/* Until nothing is in flight, whatever becomes of it. */
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

/* A failure counts for more than the reason to end that came before it. */
static void fail_after_all(struct wt_recorder *recorder, int error)
{
	if (recorder->end == WT_END_WRITER || recorder->end == WT_END_READER_GONE)
		return;
	recorder->ending = false;
	wt_recorder_writer_failed(recorder, error);
}

/* Settled: forget what of a file has not landed. One of which nothing has is no file. */
static void cut(struct wt_recorder_file *file, int error)
{
	wt_tape_cut(file->tape);
	file->failure = wt_tape_bytes(file->tape) ? error : 0;
}

/* Files before the last that were not written to their end. */
static void finish_failed(struct wt_recorder *recorder)
{
	while (recorder->waiting_files) {
		struct wt_recorder_file *file = recorder->waiting_files;
		int error = wt_tape_failed(file->tape);

		recorder->waiting_files = file->next;
		fail_after_all(recorder, error);
		cut(file, error);
		finish(recorder, file);
	}
}

static void write_closing_blocks(struct wt_recorder *recorder)
{
	int ret = wt_recorder_write_statistics(recorder, true);

	if (!ret)
		ret = wt_recorder_flush(recorder);
	settle(recorder);
	if (!ret)
		ret = wt_tape_failed(recorder->file->tape);
	if (!ret)
		return;
	fail_after_all(recorder, ret);
	cut(recorder->file, ret);
}

void wt_recorder_end_files(struct wt_recorder *recorder,
                           void (*close_ledgers)(struct wt_recorder *))
{
	struct wt_tape *tape = recorder->file->tape;
	int ret;

	ret = wt_tape_failed(tape) ? 0 : wt_recorder_flush(recorder);
	settle(recorder);
	if (!ret)
		ret = wt_tape_failed(tape);
	if (ret) {
		fail_after_all(recorder, ret);
		cut(recorder->file, ret);
	}
	finish_failed(recorder);
	close_ledgers(recorder);
	if (!recorder->file->closed && wt_tape_bytes(tape))
		write_closing_blocks(recorder);
	if (!recorder->output->files)
		return;
	/* A file that is only cut short and has its final name already is whole. */
	if (!wt_file_set_rotates(recorder->output->files))
		recorder->file->failure = 0;
	finish(recorder, recorder->file);
	recorder->file = NULL;
}
