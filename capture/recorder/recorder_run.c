/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder/recorder.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wiretape/capture/recorder/recorder_blocks.h>
#include <wiretape/capture/recorder/recorder_clocks.h>
#include <wiretape/capture/recorder/recorder_feeds.h>
#include <wiretape/capture/recorder/recorder_files.h>
#include <wiretape/capture/recorder/recorder_frames.h>
#include <wiretape/capture/recorder/recorder_joins.h>
#include <wiretape/capture/recorder/recorder_output.h>
#include <wiretape/pcapng/pcapng_encode.h>

enum {
	CHECK_EVERY_MS = 1000,    /* interfaces that are down, counters, free space */
	DISK_LOOK_MS = 50,        /* while waiting for it */
	FLUSH_EVERY_MS = 1000,    /* longest wait of a packet for its chunk to fill */
	DRAIN_PATIENCE_MS = 3000, /* without anything out of a ring, besides its timeout */
};
static const int64_t second_ns = 1000000000;

/* End when nothing more can come from anywhere. */
static void end_if_all_over(struct wt_recorder *recorder)
{
	bool any_gone = false;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		if (!recorder->reports[i].gone && !recorder->recorded[i].finished)
			return;
		any_gone |= recorder->reports[i].gone;
	}
	if (!any_gone)
		wt_recorder_end_with(recorder, WT_END_SOURCE, 0);
	else if (!recorder->config.waits_for_interfaces)
		wt_recorder_end_with(recorder, WT_END_INTERFACE, -ENODEV);
}

static void interface_gone(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	char text[WT_MAX_DEGRADED_TEXT];

	recorded->report->gone = true;
	recorded->join_lost = true;
	snprintf(text, sizeof(text), "interface %s has disappeared",
	         recorded->report->reader->name);
	wt_recorder_degrade(recorder, text);
	wt_recorder_feeds_away(recorder, recorded, WT_NIC_GONE, false);
	end_if_all_over(recorder);
	if (!recorder->ending)
		wt_recorder_say(recorder, "waiting for %s to come back",
		                recorded->report->reader->name);
}

/* New counters of the device that is back; the earlier device's counts stay. */
static void renew_nic(struct wt_recorded *recorded)
{
	struct wt_link link;

	if (recorded->report->has_nic && !wt_reader_link(recorded->reader, &link))
		wt_nic_counters_base(&recorded->nic_base, &recorded->report->nic_now,
		                     &link.counters);
}

/* Same name, possibly a new index: the module was reloaded or the container restarted. */
static void try_reattach(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	struct wt_error err = {0};
	int rc = wt_reader_reattach(recorded->reader, &err);

	if (rc) {
		if (rc != -ENODEV && strcmp(err.text, recorded->not_back.text) != 0)
			wt_recorder_say(recorder, "interface %s is not taken up again: %s",
			                recorded->report->reader->name, err.text);
		recorded->not_back = err;
		return;
	}
	recorded->report->gone = false;
	recorded->down = false;
	wt_recorder_renew_clock(recorder, recorded);
	renew_nic(recorded);
	wt_recorder_say(recorder, "interface %s is back, with index %d",
	                recorded->report->reader->name, recorded->report->reader->link->index);
}

/* Report degradations of the reader, since it was opened or by now. */
static void tell_degraded(struct wt_recorder *recorder, const struct wt_recorded *recorded)
{
	for (const char *const *state = recorded->report->reader->degraded; *state; state++)
		wt_recorder_degrade(recorder, *state);
}

static void interface_down(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	const char *name = recorded->report->reader->name;
	/* A pending error may be about something that is over. */
	bool is_over = !wt_reader_health(recorded->reader);
	char text[WT_MAX_DEGRADED_TEXT];

	wt_recorder_feeds_away(recorder, recorded, WT_NIC_DOWN, is_over);
	if (recorded->down)
		return;
	recorded->down = true;
	snprintf(text, sizeof(text), "interface %s %s down", name,
	         recorder->checked ? "went" : "is");
	wt_recorder_degrade(recorder, text);
	wt_recorder_say(recorder, "waiting for %s to come up again", name);
}

static void interface_up(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	recorded->sound = recorded->given;
	if (!recorded->down)
		return;
	recorded->down = false;
	wt_recorder_say(recorder, "interface %s is up again", recorded->report->reader->name);
}

/* Check an interface that may be in trouble. */
static void check_interface(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	int health;

	if (recorded->finished)
		return;
	if (recorded->report->gone) {
		wt_recorder_feeds_away(recorder, recorded, WT_NIC_GONE, false);
		try_reattach(recorder, recorded);
		return;
	}
	health = wt_reader_health(recorded->reader);
	if (health == -ENODEV) {
		tell_degraded(recorder, recorded);
		interface_gone(recorder, recorded);
	} else if (health == -ENODATA) {
		recorded->finished = true;
		end_if_all_over(recorder);
	} else if (health == -ENETDOWN) {
		interface_down(recorder, recorded);
	} else if (health == 0) {
		interface_up(recorder, recorded);
	}
}

static void refresh(struct wt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_recorder_interface *report = &recorder->reports[i];
		uint32_t filled, total;

		wt_recorder_take_statistics(&recorder->recorded[i]);
		report->high_water_pct = wt_ring_high_water_pct(recorder->recorded[i].ring);
		report->high_water_ns = wt_ring_high_water_ns(recorder->recorded[i].ring);
		wt_ring_fill(recorder->recorded[i].ring, &filled, &total);
		report->fill_pct = total ? 100.0 * filled / total : 0.0;
	}
}

void wt_recorder_report(struct wt_recorder *recorder, struct wt_recorder_report *report)
{
	*report = (struct wt_recorder_report){
	        .interfaces = recorder->reports,
	        .interface_count = recorder->config.interface_count,
	        .file_bytes = recorder->output ? wt_recorder_file_bytes(recorder) : 0,
	        .file_count = recorder->file_count,
	        .direct = recorder->direct,
	        .files_error = recorder->files_error[0] ? recorder->files_error : NULL,
	        .start_utc_ns = recorder->start_utc_ns,
	        .elapsed_ns = (recorder->running ? wt_recorder_clock_ns() : recorder->ended_ns) -
	                      recorder->start_ns,
	        .end = recorder->end,
	        .degraded = recorder->degraded,
	};
	if (recorder->running)
		refresh(recorder);
	wt_recorder_count_writes(recorder, &report->writes);
	if (recorder->output && recorder->output->disk)
		report->disk = wt_disk_name(recorder->output->disk);
	for (size_t i = 0; i < report->interface_count; i++) {
		const struct wt_recorder_interface *one = &recorder->reports[i];

		wt_ledger_add(&report->total, &one->ledger);
		if (one->high_water_pct > report->high_water_pct)
			report->high_water_pct = one->high_water_pct;
		if (one->high_water_ns > report->high_water_ns)
			report->high_water_ns = one->high_water_ns;
		if (one->fill_pct > report->fill_pct)
			report->fill_pct = one->fill_pct;
	}
}

static void call_progress(struct wt_recorder *recorder, bool report_requested)
{
	struct wt_recorder_report report;

	if (!recorder->config.on_progress)
		return;
	wt_recorder_report(recorder, &report);
	recorder->config.on_progress(recorder->config.context, &report, report_requested);
}

static void periodic_statistics(struct wt_recorder *recorder)
{
	int rc;

	refresh(recorder);
	for (size_t i = 0; i < recorder->config.interface_count; i++)
		wt_recorder_read_nic(&recorder->recorded[i]);
	/* A full file gets them at its end, which is when the next packet comes. */
	if (wt_recorder_bytes_left(recorder) <
	    recorder->config.interface_count * (uint64_t)WT_STATISTICS_BYTES)
		return;
	rc = wt_recorder_write_statistics(recorder, false);
	if (rc)
		wt_recorder_writer_failed(recorder, rc);
}

/* Take events of the file set. */
static void check_files(struct wt_recorder *recorder)
{
	struct wt_file_set *files = recorder->output->files;
	char text[WT_MAX_DEGRADED_TEXT];
	bool error;

	if (!files)
		return;
	while (wt_file_set_next_event(files, text, sizeof(text), &error)) {
		wt_recorder_say(recorder, "%s", text);
		if (error && !recorder->files_error[0])
			memcpy(recorder->files_error, text, sizeof(text));
	}
}

static void service_files(struct wt_recorder *recorder, int64_t now_ns)
{
	struct wt_recorder_file *file;
	int rc = 0;

	if (recorder->output->files && !wt_file_set_has_space(recorder->output->files))
		wt_recorder_end_with(recorder, WT_END_SPACE, 0);
	wt_recorder_rotate_by_time(recorder);
	file = recorder->file;
	if (recorder->ending)
		return;
	if (now_ns >= recorder->flush_due_ns) {
		/* Flush later, if the disk has enough to do. */
		rc = wt_tape_flush(file->tape);
		recorder->flush_due_ns =
		        rc == -EAGAIN ? now_ns + FLUSH_EVERY_MS * (int64_t)1000000 : INT64_MAX;
		rc = rc == -EAGAIN ? 0 : rc;
	} else if (recorder->flush_due_ns == INT64_MAX && wt_tape_has_unflushed(file->tape)) {
		recorder->flush_due_ns = now_ns + FLUSH_EVERY_MS * (int64_t)1000000;
	}
	if (!rc && recorder->output->sync == WT_SYNC_INTERVAL && now_ns >= file->sync_due_ns) {
		file->sync_due_ns += recorder->output->sync_every_ns;
		rc = wt_sink_sync(wt_tape_sink(file->tape));
	}
	if (rc)
		wt_recorder_writer_failed(recorder, rc);
}

/* Do what is due by the clock. */
static void run_timers(struct wt_recorder *recorder, int64_t now_ns)
{
	const struct wt_recorder_config *config = &recorder->config;

	recorder->now_ns = now_ns;
	recorder->now_utc_ns = wt_recorder_utc_clock_ns();

	wt_recorder_keep_clocks(recorder);
	if (config->max_duration_ns && now_ns - recorder->start_ns >= config->max_duration_ns)
		wt_recorder_end_with(recorder, WT_END_DURATION, 0);
	if (now_ns >= recorder->statistics_due_ns) {
		recorder->statistics_due_ns += config->statistics_every_ns;
		periodic_statistics(recorder);
	}
	if (now_ns >= recorder->check_due_ns) {
		recorder->check_due_ns = now_ns + CHECK_EVERY_MS * (int64_t)1000000;
		for (size_t i = 0; i < config->interface_count; i++) {
			check_interface(recorder, &recorder->recorded[i]);
			tell_degraded(recorder, &recorder->recorded[i]);
		}
		recorder->checked = true;
		check_files(recorder);
		wt_recorder_look_at_nics(recorder);
	}
	wt_recorder_keep_feeds(recorder);
	if (now_ns >= recorder->join_due_ns)
		wt_recorder_keep_joins(recorder, now_ns);
	wt_recorder_watch_rings(recorder, now_ns);
	if (config->progress_every_ns && now_ns >= recorder->progress_due_ns) {
		recorder->progress_due_ns += config->progress_every_ns;
		call_progress(recorder, false);
	}
	if (atomic_exchange(&recorder->report_requested, false))
		call_progress(recorder, true);
	if (atomic_load(&recorder->stop_asked))
		wt_recorder_end_with(recorder, WT_END_ASKED, 0);
	service_files(recorder, now_ns);
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static int next_deadline_ms(const struct wt_recorder *recorder, int64_t now_ns)
{
	const struct wt_recorder_config *config = &recorder->config;
	int64_t due_ns = recorder->check_due_ns;

	due_ns = earlier(due_ns, recorder->statistics_due_ns);
	due_ns = earlier(due_ns, recorder->flush_due_ns);
	due_ns = earlier(due_ns, wt_recorder_clocks_due_ns(recorder));
	due_ns = earlier(due_ns, recorder->join_due_ns);
	due_ns = earlier(due_ns, wt_recorder_feeds_due_ns(recorder));
	if (config->progress_every_ns)
		due_ns = earlier(due_ns, recorder->progress_due_ns);
	if (config->max_duration_ns)
		due_ns = earlier(due_ns, recorder->start_ns + config->max_duration_ns);
	if (recorder->output->sync == WT_SYNC_INTERVAL)
		due_ns = earlier(due_ns, recorder->file->sync_due_ns);
	if (recorder->output->files)
		due_ns = earlier(due_ns, wt_file_set_next_due_ns(recorder->output->files, now_ns,
		                                                 recorder->now_utc_ns));
	return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns + 999999) / 1000000);
}

static void drain_wake_fd(struct wt_recorder *recorder)
{
	uint64_t events;

	if (read(recorder->wake_fd, &events, sizeof(events)) < 0)
		return; /* nothing there: woken by somebody else */
}

/* A reader that is woken for every frame pays for a wake-up, and so does the sender,
 * to find one frame. When frames come faster than that, let them gather: away from
 * the rings' wait queues the producer does not even try to wake us. */
static void let_frames_gather(struct wt_recorder *recorder)
{
	enum { GATHER_MS = 1 };
	int64_t now_ns = wt_recorder_clock_ns();
	bool busy = now_ns - recorder->slept_ns < GATHER_MS * (int64_t)1000000;

	recorder->slept_ns = now_ns;
	if (!busy || !recorder->wakes_often)
		return;
	poll(&recorder->polls[recorder->config.interface_count], 1, GATHER_MS);
}

/* A stream's reader is waiting, so flush now; a file's chunk can keep filling. */
static int flush_stream(struct wt_recorder *recorder)
{
	return wt_tape_is_stream(recorder->file->tape) ? wt_recorder_flush(recorder) : 0;
}

/* For the kernel a packet socket is readable while the block that it filled last has not
 * been given back, whether there is anything new or not. So while the disk has blocks of an
 * interface the disk is waited for, and the ring looked at now and then. Returns how long
 * to sleep at most. */
static int leave_out_held(struct wt_recorder *recorder, int timeout_ms)
{
	enum { LOOK_EVERY_MS = 2 };

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		bool held = recorder->recorded[i].held_blocks > 0;

		recorder->polls[i].fd = held ? -1 : wt_reader_fd(recorder->recorded[i].reader);
		if (held && timeout_ms > LOOK_EVERY_MS)
			timeout_ms = LOOK_EVERY_MS;
	}
	return timeout_ms;
}

/* Sleep until a ring has something, the disk has taken something, somebody wakes us or
 * something is due. */
static void sleep_until_needed(struct wt_recorder *recorder)
{
	size_t count = recorder->config.interface_count;
	int timeout_ms, rc = flush_stream(recorder);

	if (rc) {
		wt_recorder_writer_failed(recorder, rc);
		return;
	}
	let_frames_gather(recorder);
	timeout_ms = next_deadline_ms(recorder, wt_recorder_clock_ns());
	recorder->polls[count + 1] = wt_sink_poll(wt_tape_sink(recorder->file->tape));
	if (poll(recorder->polls, (nfds_t)count + 2, leave_out_held(recorder, timeout_ms)) <= 0)
		return;
	for (size_t i = 0; i < count; i++) {
		int problem = 0;

		if (recorder->polls[i].revents)
			problem = wt_reader_acknowledge_wakeup(recorder->recorded[i].reader);
		if (problem || (recorder->polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			check_interface(recorder, &recorder->recorded[i]);
	}
	if (recorder->polls[count].revents)
		drain_wake_fd(recorder);
}

static bool record_turn(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	int error;
	bool any = wt_recorder_turn(recorder, recorded, &error);

	if (error)
		check_interface(recorder, recorded);
	return any;
}

static void record(struct wt_recorder *recorder)
{
	while (!recorder->ending) {
		int64_t before_utc_ns = recorder->feeds ? wt_recorder_utc_clock_ns() : 0;
		bool any = false;
		int64_t now_ns;

		for (size_t i = 0; i < recorder->config.interface_count; i++)
			any |= record_turn(recorder, &recorder->recorded[i]);
		now_ns = wt_recorder_clock_ns();
		run_timers(recorder, now_ns);
		if (any || recorder->ending)
			continue;
		if (wt_tape_is_ready(recorder->file->tape)) {
			if (recorder->feeds)
				wt_recorder_feeds_quiet(recorder, before_utc_ns);
			sleep_until_needed(recorder);
		} else {
			wt_recorder_wait_for_disk(recorder, DISK_LOOK_MS);
		}
	}
}

/* Take out what the ring still holds: exactly as many frames as the producer says
 * it has stored. A block that is not full comes when its timeout ends. */
static void drain(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	struct pollfd wait = {.fd = wt_reader_fd(recorded->reader), .events = POLLIN};
	/* The kernel hands over a block that is not full in the second period of its timer. */
	int64_t patience_ms =
	        DRAIN_PATIENCE_MS + 2 * (int64_t)recorded->report->reader->retire_timeout_ms;
	int64_t progress_ns = wt_recorder_clock_ns();

	recorder->ending = false;
	while (!recorder->ending && recorded->consumed < recorded->packets - recorded->drops) {
		if (record_turn(recorder, recorded)) {
			progress_ns = wt_recorder_clock_ns();
			continue;
		}
		if (!recorder->ending && !wt_tape_is_ready(recorder->file->tape)) {
			wt_recorder_wait_for_disk(recorder, DISK_LOOK_MS);
			progress_ns = wt_recorder_clock_ns();
			continue;
		}
		if (wt_recorder_clock_ns() - progress_ns > patience_ms * 1000000)
			break;
		poll(&wait, 1, 20);
		wt_reader_acknowledge_wakeup(recorded->reader);
	}
}

static enum wt_ledger_rest rest_of(const struct wt_recorder *recorder)
{
	switch (recorder->end) {
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

static void shut_gates(struct wt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		int rc = wt_reader_stop(recorder->recorded[i].reader);

		if (rc)
			wt_recorder_say(recorder, "cannot stop %s cleanly: %s",
			                recorder->reports[i].reader->name, strerror(-rc));
		wt_recorder_take_statistics(&recorder->recorded[i]);
	}
}

/* Empty the rings, unless a limit or the writer ended it. */
static void empty_rings(struct wt_recorder *recorder)
{
	enum wt_record_end end = recorder->end;
	int failure = recorder->failure;

	if (rest_of(recorder) != WT_REST_UNKNOWN)
		return;
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		drain(recorder, &recorder->recorded[i]);
		if (recorder->ending) /* a limit or the writer, while draining */
			return;
	}
	recorder->ending = true;
	recorder->end = end;
	recorder->failure = failure;
}

static void close_ledgers(struct wt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_recorded *recorded = &recorder->recorded[i];
		struct wt_recorder_interface *report = recorded->report;
		char text[WT_MAX_DEGRADED_TEXT];

		report->high_water_ns = wt_ring_high_water_ns(recorded->ring);
		/* Drops after the last packet asked for are no loss. */
		wt_ledger_close(&report->ledger, recorded->packets - recorded->rejected,
		                rest_of(recorder) == WT_REST_AFTER_LIMIT
		                        ? wt_ring_drops_told(recorded->ring)
		                        : recorded->drops,
		                rest_of(recorder));
		report->high_water_pct = wt_ring_high_water_pct(recorded->ring);
		wt_recorder_read_nic(recorded);
		tell_degraded(recorder, recorded);
		if (!report->ledger.unattributed)
			continue;
		snprintf(text, sizeof(text),
		         "the ledger of %s does not close: %" PRId64 " frames unattributed",
		         report->reader->name, report->ledger.unattributed);
		wt_recorder_degrade(recorder, text);
	}
}

static const char *first_gone(const struct wt_recorder *recorder)
{
	size_t i = 0;

	while (i + 1 < recorder->config.interface_count && !recorder->reports[i].gone)
		i++;
	return recorder->reports[i].reader->name;
}

static int explain_end(const struct wt_recorder *recorder, struct wt_error *err)
{
	switch (recorder->end) {
	case WT_END_INTERFACE:
		return wt_error_set(err, -ENODEV,
		                    "interface %s has disappeared; the recording ended there, and "
		                    "what came before is in the file",
		                    first_gone(recorder));
	case WT_END_WRITER:
		return wt_error_set(err, recorder->failure,
		                    "cannot write any more: %s; the recording ended there, and the "
		                    "file is whole up to that point",
		                    strerror(-recorder->failure));
	case WT_END_FAILURE:
		if (recorder->failure_text.code)
			return wt_error_set(err, recorder->failure, "%s",
			                    recorder->failure_text.text);
		return wt_error_set(err, recorder->failure, "recording failed: %s",
		                    strerror(-recorder->failure));
	default:
		return 0;
	}
}

static int open_gates(struct wt_recorder *recorder, struct wt_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		wt_recorder_read_nic(&recorder->recorded[i]);
		recorder->reports[i].nic_start = recorder->reports[i].nic_now;
	}
	wt_recorder_start_feeds(recorder);
	recorder->start_ns = wt_recorder_clock_ns();
	recorder->statistics_due_ns = recorder->start_ns + recorder->config.statistics_every_ns;
	recorder->progress_due_ns = recorder->start_ns + recorder->config.progress_every_ns;
	recorder->check_due_ns = recorder->start_ns;
	wt_recorder_start_joins(recorder, recorder->start_ns);
	for (size_t i = 0; !rc && i < recorder->config.interface_count; i++)
		rc = wt_reader_start(recorder->recorded[i].reader, err);
	if (!rc)
		recorder->start_utc_ns = wt_recorder_utc_clock_ns();
	return rc;
}

/* Register memory that is written from again and again: rings, as far as blocks are written where
 * they are, and the buffers. */
static void register_memory(struct wt_recorder *recorder)
{
	struct wt_disk *disk = recorder->output->disk;

	if (!disk)
		return;
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		const struct wt_ring_memory *memory =
		        wt_reader_memory(recorder->recorded[i].reader);

		if (memory && recorder->reports[i].reader->in_place &&
		    recorder->output->layout != WT_PLACEMENT_COMPACT)
			wt_disk_register(disk, memory->base,
			                 (size_t)memory->block_bytes * memory->block_count);
	}
	wt_disk_register(disk, recorder->pool.base, (size_t)recorder->pool.count * WT_BUFFER_BYTES);
	if (wt_disk_degraded(disk))
		wt_recorder_degrade(recorder, wt_disk_degraded(disk));
}

/* Wait for the header: better to know before than after that a disk does not even take that. */
static int wait_for_header(struct wt_recorder *recorder, struct wt_error *err)
{
	int rc;

	wt_tape_settle(recorder->file->tape);
	wt_recorder_note_sink(recorder, recorder->file);
	rc = wt_tape_failed(recorder->file->tape);
	return rc ? wt_error_set(err, rc, "cannot write the file's header: %s", strerror(-rc)) : 0;
}

int wt_recorder_run(struct wt_recorder *recorder, const struct wt_recorder_output *output,
                    struct wt_error *err)
{
	int rc;

	recorder->output = output;
	recorder->end = WT_END_FAILURE;
	recorder->flush_due_ns = INT64_MAX;
	register_memory(recorder);
	rc = wt_recorder_begin_file(recorder, err);
	if (!rc)
		rc = wait_for_header(recorder, err);
	if (!rc && recorder->config.on_ready)
		rc = recorder->config.on_ready(recorder->config.context);
	if (!rc)
		rc = open_gates(recorder, err);
	if (!rc && recorder->config.on_begin)
		rc = recorder->config.on_begin(recorder->config.context);
	if (rc) {
		recorder->ended_ns = recorder->start_ns;
		recorder->start_utc_ns = 0;
		wt_recorder_abandon_file(recorder);
		return rc;
	}
	recorder->end = WT_END_ASKED;
	recorder->running = true;
	record(recorder);
	shut_gates(recorder);
	empty_rings(recorder);
	wt_recorder_follow_rings(recorder);
	wt_recorder_finish_clocks(recorder);
	wt_recorder_close_joins(recorder);
	recorder->ended_ns = wt_recorder_clock_ns();
	wt_recorder_end_files(recorder, close_ledgers);
	recorder->running = false;
	return explain_end(recorder, err);
}

/* The interrupted code of a signal handler finds its errno as it was. */
void wt_recorder_wake(struct wt_recorder *recorder)
{
	uint64_t one = 1;
	int saved = errno;

	/* write() fails only when the counter is full, and then the recorder is awake. */
	(void)!write(recorder->wake_fd, &one, sizeof(one));
	errno = saved;
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

static int open_interface(struct wt_recorder *recorder, size_t i, struct wt_error *err)
{
	struct wt_recorded *recorded = &recorder->recorded[i];
	struct wt_reader_config config = recorder->config.interfaces[i];
	int rc;

	if (!config.abort_writes)
		config.abort_writes = recorder->config.abort_writes;
	rc = wt_reader_open(&recorded->reader, &config, err);
	if (rc)
		return rc;
	recorded->ring = wt_reader_ring(recorded->reader);
	recorded->report = &recorder->reports[i];
	recorded->report->reader = wt_reader_info(recorded->reader);
	recorded->report->has_nic = !recorder->config.lane && wt_reader_has_nic(recorded->reader);
	recorder->polls[i] = (struct pollfd){wt_reader_fd(recorded->reader), POLLIN, 0};
	tell_degraded(recorder, recorded);
	if (recorded->report->reader->stamps_degraded)
		wt_recorder_degrade(recorder, recorded->report->reader->stamps_degraded);
	rc = wt_recorder_open_clock(recorder, i, err);
	if (rc)
		return rc;
	if (wt_pcapng_packet_bound(recorded->report->reader->snaplen) >
	    recorder->longest_frame_bytes)
		recorder->longest_frame_bytes =
		        (uint32_t)wt_pcapng_packet_bound(recorded->report->reader->snaplen);
	recorder->wakes_often |= recorded->report->reader->wakes_for_each_frame;
	if (recorded->report->reader->link_type != recorder->reports[0].reader->link_type)
		return wt_error_set(err, -EINVAL,
		                    "%s and %s have different link types (%u and %u), which common "
		                    "readers do not take in one file; record them into two",
		                    recorder->reports[0].reader->name,
		                    recorded->report->reader->name,
		                    recorder->reports[0].reader->link_type,
		                    recorded->report->reader->link_type);
	return wt_recorder_open_joins(recorder, recorded, err);
}

int wt_recorder_open(struct wt_recorder **recorder, const struct wt_recorder_config *config,
                     struct wt_error *err)
{
	struct wt_recorder *made = calloc(1, sizeof(*made));
	int rc = 0;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a recorder");
	made->config = *config;
	made->recording_id = config->recording_id ? config->recording_id : wt_recorder_make_id();
	if (!made->config.statistics_every_ns)
		made->config.statistics_every_ns = 10 * second_ns;
	made->recorded = calloc(config->interface_count, sizeof(*made->recorded));
	made->reports = calloc(config->interface_count, sizeof(*made->reports));
	made->polls = calloc(config->interface_count + 2, sizeof(*made->polls));
	made->held = calloc(WT_HELD_BLOCKS, sizeof(*made->held));
	made->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!made->recorded || !made->reports || !made->polls || !made->held || made->wake_fd < 0 ||
	    wt_buffer_pool_init(&made->pool, WT_RECORDER_BUFFERS, config->interface_count))
		rc = wt_error_set(err, -ENOMEM, "no memory or descriptor for a recorder");
	for (size_t i = 0; !rc && i < WT_HELD_BLOCKS; i++) {
		made->held[i].next_free = made->free_held;
		made->free_held = &made->held[i];
	}
	if (!rc) {
		made->polls[config->interface_count] = (struct pollfd){made->wake_fd, POLLIN, 0};
		made->polls[config->interface_count + 1].fd = -1;
	}
	for (size_t i = 0; !rc && i < config->interface_count; i++)
		rc = open_interface(made, i, err);
	if (!rc)
		rc = wt_recorder_open_feeds(made, err);
	if (rc) {
		wt_recorder_close(made);
		return rc;
	}
	*recorder = made;
	return 0;
}

static void close_interface(struct wt_recorded *recorded)
{
	wt_stamp_converter_close(&recorded->converter);
	wt_reader_close(recorded->reader);
}

void wt_recorder_close(struct wt_recorder *recorder)
{
	if (!recorder)
		return;
	/* Close before the rings go, which it may still be written from. */
	if (recorder->file)
		wt_recorder_abandon_file(recorder);
	wt_recorder_close_feeds(recorder);
	if (recorder->recorded)
		wt_recorder_close_joins(recorder);
	for (size_t i = 0; recorder->recorded && i < recorder->config.interface_count; i++)
		close_interface(&recorder->recorded[i]);
	if (recorder->wake_fd >= 0)
		close(recorder->wake_fd);
	wt_buffer_pool_fini(&recorder->pool);
	free(recorder->held);
	free(recorder->polls);
	free(recorder->reports);
	free(recorder->recorded);
	free(recorder);
}
