/* SPDX-License-Identifier: BSD-2-Clause */
/* A place to put bytes: the current file's tape, waited for if need be, and the files before it,
 * which wait for their last writes. */
#include <wiretape/capture/recorder/recorder_output.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	WARN_PCT = 75, /* of a ring: before it is too late */
	WATCH_EVERY_MS = 50,
	CALM_PCT = 50, /* after that a new warning would be news */
};

void wt_recorder_free_file(struct wt_recorder_file *file)
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

/* Finish a file whose writes have all ended. */
void wt_recorder_finish_file(struct wt_recorder *recorder, struct wt_recorder_file *file)
{
	uint64_t bytes = wt_tape_bytes(file->tape), packets = wt_tape_all_packets(file->tape);

	wt_recorder_note_sink(recorder, file);
	recorder->finished_bytes += bytes;
	add_writes(&recorder->finished_writes, file->tape, 0);
	wt_file_set_finish(recorder->output->files, file->number, bytes, packets, close_file, file);
}

static void finish_waiting(struct wt_recorder *recorder, int64_t now_ns)
{
	struct wt_recorder_file **link = &recorder->waiting_files;

	while (*link) {
		struct wt_recorder_file *file = *link;

		wt_tape_reap(file->tape, now_ns);
		if (wt_tape_failed(file->tape)) {
			wt_recorder_writer_failed(recorder, wt_tape_failed(file->tape));
			link = &file->next;
		} else if (!wt_tape_is_idle(file->tape)) {
			link = &file->next;
		} else {
			*link = file->next;
			wt_recorder_finish_file(recorder, file);
		}
	}
}

void wt_recorder_reap(struct wt_recorder *recorder)
{
	int64_t now_ns = recorder->now_ns;
	int failed;

	wt_tape_reap(recorder->file->tape, now_ns);
	failed = wt_tape_failed(recorder->file->tape);
	if (failed)
		wt_recorder_writer_failed(recorder, failed);
	if (recorder->waiting_files)
		finish_waiting(recorder, now_ns);
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
	struct pollfd wait = wt_sink_poll(wt_tape_sink(recorder->file->tape));

	poll(&wait, 1, timeout_ms);
	recorder->now_ns = wt_recorder_clock_ns();
	wt_recorder_reap(recorder);
	wt_recorder_watch_rings(recorder, recorder->now_ns);
}

/* Reserve even while a limit or a signal wants it to end: packets that were read belong in the
 * file. */
int wt_recorder_reserve(struct wt_recorder *recorder, size_t min_bytes, uint8_t **at, size_t *room)
{
	enum { LOOK_EVERY_MS = 100 };
	int rc;

	while ((rc = wt_tape_reserve(recorder->file->tape, min_bytes, at, room)) == -EAGAIN)
		wt_recorder_wait_for_disk(recorder, LOOK_EVERY_MS);
	return rc;
}

int wt_recorder_put_block(struct wt_recorder *recorder, const uint8_t *block, size_t bytes)
{
	uint8_t *at;
	size_t room;
	int rc = wt_recorder_reserve(recorder, bytes, &at, &room);

	if (rc)
		return rc;
	memcpy(at, block, bytes);
	wt_tape_submit(recorder->file->tape, bytes, 0, NULL, 0);
	return 0;
}

int wt_recorder_flush(struct wt_recorder *recorder)
{
	enum { LOOK_EVERY_MS = 100 };
	int rc;

	while ((rc = wt_tape_flush(recorder->file->tape)) == -EAGAIN)
		wt_recorder_wait_for_disk(recorder, LOOK_EVERY_MS);
	recorder->flush_due_ns = INT64_MAX;
	return rc;
}

/* A new file's header and the closing blocks of the one before may have filled the disk since
 * the block was borrowed. */
int wt_recorder_make_way(struct wt_recorder *recorder)
{
	enum { LOOK_EVERY_MS = 100 };
	int rc = wt_recorder_flush(recorder);

	while (!rc && !wt_tape_takes_in_place(recorder->file->tape)) {
		wt_recorder_wait_for_disk(recorder, LOOK_EVERY_MS);
		rc = wt_tape_failed(recorder->file->tape);
	}
	return rc;
}

static uint64_t whole_chunk(uint64_t used)
{
	return used + wt_chunk_padding((uint32_t)used);
}

/* Room for the closing blocks stays, and for the index and the padding of the chunk before theirs;
 * the latter is a page and a little if what is left of one is too little for a block. */
uint64_t wt_recorder_closing_bytes(const struct wt_recorder *recorder)
{
	enum { PADDING_BYTES = WT_CHUNK_ALIGNMENT + 8, OPTION_HEAD_BYTES = 4 };
	uint64_t each = WT_STATISTICS_BYTES;

	for (size_t i = 0; i < recorder->degraded_count; i++)
		each += OPTION_HEAD_BYTES + wt_pcapng_pad4((uint32_t)strlen(recorder->degraded[i]));
	return WT_CHUNK_FULL_INDEX_BYTES + PADDING_BYTES +
	       whole_chunk(WT_CHUNK_FULL_INDEX_BYTES + recorder->config.interface_count * each);
}

uint64_t wt_recorder_closing_room(const struct wt_recorder *recorder)
{
	uint64_t most = 0, has;

	if (recorder->output->files)
		most = wt_file_set_max_bytes(recorder->output->files);
	if (!most)
		return UINT64_MAX;
	has = wt_tape_bytes(recorder->file->tape) + wt_recorder_closing_bytes(recorder);
	return most > has ? most - has : 0;
}
