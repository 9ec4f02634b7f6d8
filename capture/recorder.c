/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/recorder_private.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/writer/pcapng_encode.h>

enum {
	BATCH_FRAMES = 64,        /* read and encoded at once: they stay in the first cache */
	FRAMES_A_TURN = 16384,    /* from one interface before the others get theirs */
	CHECK_EVERY_MS = 1000,    /* interfaces that are down, counters */
	DRAIN_PATIENCE_MS = 3000, /* without anything coming out of a ring, beside its timeout */
};
static const int64_t second_ns = 1000000000;

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * second_ns + now.tv_nsec;
}

static void say(const struct wt_recorder *recorder, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
static void say(const struct wt_recorder *recorder, const char *format, ...)
{
	char text[400];
	va_list args;

	if (!recorder->config.on_event)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	recorder->config.on_event(recorder->config.context, text);
}

void wt_recorder_degrade(struct wt_recorder *recorder, const char *text)
{
	char *copy;

	for (size_t i = 0; i < recorder->degraded_count; i++)
		if (!strcmp(recorder->degraded[i], text))
			return;
	if (recorder->degraded_count == WT_MAX_DEGRADED)
		return;
	copy = recorder->degraded_text[recorder->degraded_count];
	snprintf(copy, WT_MAX_DEGRADED_TEXT, "%s", text);
	recorder->degraded[recorder->degraded_count++] = copy;
	say(recorder, "%s", text);
}

static void end_with(struct wt_recorder *recorder, enum wt_recorder_end end, int failure)
{
	if (recorder->ending)
		return;
	recorder->ending = true;
	recorder->end = end;
	recorder->failure = failure;
}

static void writer_failed(struct wt_recorder *recorder, int error)
{
	end_with(recorder, error == -EPIPE ? WT_END_READER_GONE : WT_END_WRITER, error);
}

/* Ask the producer what it has counted. PACKET_STATISTICS forgets with every look
 * and has 32 bits: here is the only place that looks, and it adds up in 64. */
static void take_statistics(struct wt_recorded *recorded)
{
	struct wt_ring_statistics since = {0};

	if (wt_reader_statistics(recorded->reader, &since))
		return;
	recorded->packets += since.packets;
	recorded->drops += since.drops;
	recorded->report->ledger.freezes += since.freezes;
	if (!recorded->report->reader->places_drops)
		recorded->pending_drops += since.drops;
	wt_ledger_update(&recorded->report->ledger, recorded->packets, recorded->drops);
}

/* Say on the first frame after a loss how many were lost before it. */
static void place_drops(struct wt_recorded *recorded, struct wt_frame *frames, size_t count)
{
	size_t at = 0;

	if (!recorded->drops_are_next) {
		while (at < count && !(frames[at].notes & WT_NOTE_LOSING))
			at++;
		if (at == count)
			return;
		take_statistics(recorded);
	}
	frames[at].dropped_before = recorded->pending_drops;
	recorded->pending_drops = 0;
	recorded->drops_are_next = false;
}

static int encode(struct wt_recorder *recorder, struct wt_recorded *recorded,
                  const struct wt_frame *frames, size_t count)
{
	struct wt_sink *sink = recorder->sink;
	uint32_t id = (uint32_t)(recorded - recorder->recorded);
	size_t done = 0;

	while (done < count) {
		uint8_t *at;
		size_t room, used, encoded;
		int ret = wt_sink_reserve(sink, wt_pcapng_packet_bound(frames[done].caplen), &at,
		                          &room);

		if (ret)
			return ret;
		encoded = wt_pcapng_encode_frames(at, room, id, frames + done, count - done, &used);
		wt_sink_submit(sink, used);
		recorded->report->ledger.written += encoded;
		recorder->written += encoded;
		done += encoded;
	}
	return 0;
}

/* How many frames may be read before the limits have to be looked at again. */
static size_t batch_size(const struct wt_recorder *recorder)
{
	const struct wt_recorder_config *config = &recorder->config;
	uint64_t most = BATCH_FRAMES;

	if (config->max_packets && config->max_packets - recorder->written < most)
		most = config->max_packets - recorder->written;
	if (config->max_bytes &&
	    wt_sink_bytes(recorder->sink) + most * (uint64_t)recorder->longest_frame_bytes >=
	            config->max_bytes)
		most = 1;
	return (size_t)most;
}

static void check_limits(struct wt_recorder *recorder)
{
	const struct wt_recorder_config *config = &recorder->config;

	if (config->max_packets && recorder->written >= config->max_packets)
		end_with(recorder, WT_END_PACKETS, 0);
	else if (config->max_bytes && wt_sink_bytes(recorder->sink) >= config->max_bytes)
		end_with(recorder, WT_END_BYTES, 0);
}

static void record_frames(struct wt_recorder *recorder, struct wt_recorded *recorded,
                          struct wt_frame *frames, size_t count)
{
	struct wt_ledger *ledger = &recorded->report->ledger;
	uint32_t notes = 0;
	uint64_t cut = 0;
	int ret;

	for (size_t i = 0; i < count; i++) {
		notes |= frames[i].notes;
		cut += frames[i].caplen < frames[i].len;
	}
	recorded->consumed += count;
	ledger->cut += cut;
	wt_stamp_tally_add(&ledger->stamps, frames, count);
	if (recorded->drops_are_next || (notes & WT_NOTE_LOSING))
		place_drops(recorded, frames, count);
	ret = encode(recorder, recorded, frames, count);
	if (ret)
		writer_failed(recorder, ret);
	else
		check_limits(recorder);
}

/* The rest of a block that ended at a fault: as many as the producer says, or as
 * fit. */
static void count_malformed(struct wt_recorder *recorder, struct wt_recorded *recorded,
                            const struct wt_block *block, uint64_t read)
{
	enum { SMALLEST_SLOT = 68 };
	uint64_t claimed = block->frames;
	char text[WT_MAX_DEGRADED_TEXT];

	if (claimed > block->bytes / SMALLEST_SLOT)
		claimed = block->bytes / SMALLEST_SLOT;
	if (claimed > read) {
		recorded->report->ledger.lost.malformed += claimed - read;
		recorded->consumed += claimed - read;
	}
	snprintf(text, sizeof(text), "%s: malformed ring block: %s", recorded->report->reader->name,
	         wt_walk_fault_text((enum wt_walk_fault)block->walk.fault));
	wt_recorder_degrade(recorder, text);
}

static uint64_t record_block(struct wt_recorder *recorder, struct wt_recorded *recorded,
                             struct wt_block *block)
{
	struct wt_frame frames[BATCH_FRAMES];
	uint64_t read = 0;
	size_t count;

	while (!recorder->ending &&
	       (count = wt_ring_read_frames(recorded->ring, block, frames, batch_size(recorder)))) {
		read += count;
		record_frames(recorder, recorded, frames, count);
	}
	if (block->walk.fault)
		count_malformed(recorder, recorded, block, read);
	wt_ring_release_block(recorded->ring, block);
	return read;
}

static void look_after(struct wt_recorder *recorder, struct wt_recorded *recorded);

/* What an interface's ring holds, up to its turn's share. Returns whether there was
 * anything. */
static bool record_turn(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	struct wt_block block;
	uint64_t read = 0;
	int ret = 0;
	bool any = false;

	while (!recorder->ending && read < FRAMES_A_TURN) {
		ret = wt_ring_next_block(recorded->ring, &block);
		if (ret <= 0)
			break;
		any = true;
		read += record_block(recorder, recorded, &block);
	}
	if (ret < 0)
		look_after(recorder, recorded);
	/* Empty: what is known to be lost was lost before whatever comes next. */
	if (ret == 0 && !recorder->ending && recorded->pending_drops)
		recorded->drops_are_next = true;
	return any;
}

/* When nothing more can come from anywhere. */
static void end_if_all_over(struct wt_recorder *recorder)
{
	bool any_gone = false;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		if (!recorder->reports[i].gone && !recorder->recorded[i].finished)
			return;
		any_gone |= recorder->reports[i].gone;
	}
	if (any_gone)
		end_with(recorder, WT_END_INTERFACE, -ENODEV);
	else
		end_with(recorder, WT_END_SOURCE, 0);
}

static void interface_gone(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	char text[WT_MAX_DEGRADED_TEXT];

	recorded->report->gone = true;
	snprintf(text, sizeof(text), "interface %s has disappeared",
	         recorded->report->reader->name);
	wt_recorder_degrade(recorder, text);
	end_if_all_over(recorder);
}

static void read_nic(struct wt_recorded *recorded)
{
	struct wt_link link;

	if (recorded->report->has_nic && !wt_reader_link(recorded->reader, &link))
		recorded->report->nic_now = link.counters;
}

/* Under its old name, perhaps with another index: module reloaded, container back. */
static void try_reattach(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	if (wt_reader_reattach(recorded->reader))
		return;
	recorded->report->gone = false;
	recorded->down = false;
	read_nic(recorded);
	recorded->report->nic_start = recorded->report->nic_now;
	say(recorder, "interface %s is back, with index %d", recorded->report->reader->name,
	    recorded->report->reader->link->index);
}

/* Something is the matter with an interface, or may be. */
static void look_after(struct wt_recorder *recorder, struct wt_recorded *recorded)
{
	const char *name = recorded->report->reader->name;
	char text[WT_MAX_DEGRADED_TEXT];
	int health;

	if (recorded->finished)
		return;
	if (recorded->report->gone) {
		try_reattach(recorder, recorded);
		return;
	}
	health = wt_reader_health(recorded->reader);
	if (health == -ENODEV) {
		interface_gone(recorder, recorded);
	} else if (health == -ENODATA) {
		recorded->finished = true;
		end_if_all_over(recorder);
	} else if (health == -ENETDOWN && !recorded->down) {
		recorded->down = true;
		snprintf(text, sizeof(text), "interface %s %s down", name,
		         recorder->checked ? "went" : "is");
		wt_recorder_degrade(recorder, text);
		say(recorder, "waiting for %s to come up again", name);
	} else if (health == 0 && recorded->down) {
		recorded->down = false;
		say(recorder, "interface %s is up again", name);
	}
}

static void refresh(struct wt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		struct wt_recorder_interface *report = &recorder->reports[i];
		uint32_t filled, total;

		take_statistics(&recorder->recorded[i]);
		report->high_water_pct = wt_ring_high_water_pct(recorder->recorded[i].ring);
		wt_ring_fill(recorder->recorded[i].ring, &filled, &total);
		report->fill_pct = total ? 100.0 * filled / total : 0.0;
	}
}

void wt_recorder_report(struct wt_recorder *recorder, struct wt_recorder_report *report)
{
	*report = (struct wt_recorder_report){
	        .interfaces = recorder->reports,
	        .interface_count = recorder->config.interface_count,
	        .file_bytes = recorder->sink ? wt_sink_bytes(recorder->sink) : 0,
	        .elapsed_ns = (recorder->running ? monotonic_ns() : recorder->ended_ns) -
	                      recorder->start_ns,
	        .end = recorder->end,
	        .degraded = recorder->degraded,
	};
	if (recorder->running)
		refresh(recorder);
	for (size_t i = 0; i < report->interface_count; i++) {
		const struct wt_recorder_interface *one = &recorder->reports[i];

		wt_ledger_add(&report->total, &one->ledger);
		if (one->high_water_pct > report->high_water_pct)
			report->high_water_pct = one->high_water_pct;
		if (one->fill_pct > report->fill_pct)
			report->fill_pct = one->fill_pct;
	}
}

static void call_progress(struct wt_recorder *recorder, bool poked)
{
	struct wt_recorder_report report;

	if (!recorder->config.on_progress)
		return;
	wt_recorder_report(recorder, &report);
	recorder->config.on_progress(recorder->config.context, &report, poked);
}

static void periodic_statistics(struct wt_recorder *recorder)
{
	int ret;

	refresh(recorder);
	for (size_t i = 0; i < recorder->config.interface_count; i++)
		read_nic(&recorder->recorded[i]);
	ret = wt_recorder_write_statistics(recorder, false);
	if (ret)
		writer_failed(recorder, ret);
}

/* What is due by the clock. */
static void keep_time(struct wt_recorder *recorder, int64_t now_ns)
{
	const struct wt_recorder_config *config = &recorder->config;

	if (config->max_duration_ns && now_ns - recorder->start_ns >= config->max_duration_ns)
		end_with(recorder, WT_END_DURATION, 0);
	if (now_ns >= recorder->statistics_due_ns) {
		recorder->statistics_due_ns += config->statistics_every_ns;
		periodic_statistics(recorder);
	}
	if (now_ns >= recorder->check_due_ns) {
		recorder->check_due_ns = now_ns + CHECK_EVERY_MS * (int64_t)1000000;
		for (size_t i = 0; i < config->interface_count; i++)
			look_after(recorder, &recorder->recorded[i]);
		recorder->checked = true;
	}
	if (config->progress_every_ns && now_ns >= recorder->progress_due_ns) {
		recorder->progress_due_ns += config->progress_every_ns;
		call_progress(recorder, false);
	}
	if (atomic_exchange(&recorder->poked, false))
		call_progress(recorder, true);
	if (atomic_load(&recorder->stop_asked))
		end_with(recorder, WT_END_ASKED, 0);
}

static int next_deadline_ms(const struct wt_recorder *recorder, int64_t now_ns)
{
	const struct wt_recorder_config *config = &recorder->config;
	int64_t due_ns = recorder->check_due_ns;

	if (recorder->statistics_due_ns < due_ns)
		due_ns = recorder->statistics_due_ns;
	if (config->progress_every_ns && recorder->progress_due_ns < due_ns)
		due_ns = recorder->progress_due_ns;
	if (config->max_duration_ns && recorder->start_ns + config->max_duration_ns < due_ns)
		due_ns = recorder->start_ns + config->max_duration_ns;
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
	int64_t now_ns = monotonic_ns();
	bool busy = now_ns - recorder->slept_ns < GATHER_MS * (int64_t)1000000;

	recorder->slept_ns = now_ns;
	if (!busy || !recorder->wakes_often)
		return;
	poll(&recorder->polls[recorder->config.interface_count], 1, GATHER_MS);
}

/* Sleep until a ring has something, somebody wakes us or something is due. */
static void sleep_until_needed(struct wt_recorder *recorder)
{
	size_t count = recorder->config.interface_count;
	int ret = wt_sink_flush(recorder->sink);

	if (ret) {
		writer_failed(recorder, ret);
		return;
	}
	let_frames_gather(recorder);
	if (poll(recorder->polls, (nfds_t)count + 1, next_deadline_ms(recorder, monotonic_ns())) <=
	    0)
		return;
	for (size_t i = 0; i < count; i++) {
		int problem = 0;

		if (recorder->polls[i].revents)
			problem = wt_reader_woken(recorder->recorded[i].reader);
		if (problem || (recorder->polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			look_after(recorder, &recorder->recorded[i]);
	}
	if (recorder->polls[count].revents)
		drain_wake_fd(recorder);
}

static void record(struct wt_recorder *recorder)
{
	while (!recorder->ending) {
		bool any = false;

		for (size_t i = 0; i < recorder->config.interface_count; i++)
			any |= record_turn(recorder, &recorder->recorded[i]);
		keep_time(recorder, monotonic_ns());
		if (!any && !recorder->ending)
			sleep_until_needed(recorder);
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
	int64_t progress_ns = monotonic_ns();

	recorder->ending = false;
	while (!recorder->ending && recorded->consumed < recorded->packets - recorded->drops) {
		if (record_turn(recorder, recorded)) {
			progress_ns = monotonic_ns();
			continue;
		}
		if (monotonic_ns() - progress_ns > patience_ms * 1000000)
			break;
		poll(&wait, 1, 20);
		wt_reader_woken(recorded->reader);
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
		return WT_REST_WRITER;
	default:
		return WT_REST_UNKNOWN;
	}
}

/* Shut all gates, then empty the rings, unless a limit or the writer ended it. */
static void stop_readers(struct wt_recorder *recorder)
{
	enum wt_recorder_end end = recorder->end;
	int failure = recorder->failure;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		int ret = wt_reader_stop(recorder->recorded[i].reader);

		if (ret)
			say(recorder, "cannot stop %s cleanly: %s",
			    recorder->reports[i].reader->name, strerror(-ret));
		take_statistics(&recorder->recorded[i]);
	}
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

		wt_ledger_close(&report->ledger, recorded->packets, recorded->drops,
		                rest_of(recorder));
		report->high_water_pct = wt_ring_high_water_pct(recorded->ring);
		read_nic(recorded);
		if (!report->ledger.unattributed)
			continue;
		snprintf(text, sizeof(text),
		         "the ledger of %s does not close: %" PRId64 " frames unattributed",
		         report->reader->name, report->ledger.unattributed);
		wt_recorder_degrade(recorder, text);
	}
}

/* Take back what the file did not take: count what is whole in it, cut the rest
 * off, so that the closing blocks follow a whole block. */
static void take_back(struct wt_recorder *recorder)
{
	struct wt_sink_unwritten left = wt_sink_unwritten(recorder->sink);
	size_t count = recorder->config.interface_count;
	uint64_t *all = calloc(count, sizeof(*all)), *kept = calloc(count, sizeof(*kept));
	size_t keep;

	if (all && kept) {
		wt_pcapng_whole_blocks(left.bytes, left.length, left.length, all, count);
		keep = wt_pcapng_whole_blocks(left.bytes, left.length, left.landed, kept, count);
		for (size_t i = 0; i < count; i++)
			recorder->reports[i].ledger.written -= all[i] - kept[i];
		wt_sink_cut(recorder->sink, keep);
	}
	free(all);
	free(kept);
}

static void close_file(struct wt_recorder *recorder)
{
	int ret = 0;

	/* What is in the buffer counts as written: find out whether it is. */
	if (recorder->end != WT_END_WRITER && recorder->end != WT_END_READER_GONE) {
		ret = wt_sink_flush(recorder->sink);
		if (ret) {
			recorder->ending = false;
			writer_failed(recorder, ret);
		}
	}
	if (recorder->end == WT_END_WRITER || recorder->end == WT_END_READER_GONE)
		take_back(recorder);
	close_ledgers(recorder);
	ret = wt_recorder_write_statistics(recorder, true);
	if (!ret)
		ret = wt_sink_flush(recorder->sink);
	if (ret && recorder->end != WT_END_WRITER && recorder->end != WT_END_READER_GONE) {
		recorder->end = WT_END_WRITER;
		recorder->failure = ret;
	}
	if (ret)
		wt_sink_cut(recorder->sink, 0);
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
		return wt_error_set(err, recorder->failure, "recording failed: %s",
		                    strerror(-recorder->failure));
	default:
		return 0;
	}
}

static int open_gates(struct wt_recorder *recorder, struct wt_error *err)
{
	struct timespec utc;
	int ret = 0;

	for (size_t i = 0; i < recorder->config.interface_count; i++) {
		read_nic(&recorder->recorded[i]);
		recorder->reports[i].nic_start = recorder->reports[i].nic_now;
	}
	clock_gettime(CLOCK_REALTIME, &utc);
	recorder->start_utc_ns = (int64_t)utc.tv_sec * second_ns + utc.tv_nsec;
	recorder->start_ns = monotonic_ns();
	recorder->statistics_due_ns = recorder->start_ns + recorder->config.statistics_every_ns;
	recorder->progress_due_ns = recorder->start_ns + recorder->config.progress_every_ns;
	recorder->check_due_ns = recorder->start_ns;
	for (size_t i = 0; !ret && i < recorder->config.interface_count; i++)
		ret = wt_reader_start(recorder->recorded[i].reader, err);
	return ret;
}

int wt_recorder_run(struct wt_recorder *recorder, struct wt_sink *sink, struct wt_error *err)
{
	int ret;

	recorder->sink = sink;
	ret = wt_recorder_write_preamble(recorder);
	recorder->end = ret ? WT_END_FAILURE : WT_END_ASKED;
	if (ret)
		return wt_error_set(err, ret, "cannot write the file's header: %s", strerror(-ret));
	ret = open_gates(recorder, err);
	if (ret) {
		recorder->end = WT_END_FAILURE;
		recorder->ended_ns = monotonic_ns();
		return ret;
	}
	recorder->running = true;
	record(recorder);
	stop_readers(recorder);
	recorder->ended_ns = monotonic_ns();
	close_file(recorder);
	recorder->running = false;
	return explain_end(recorder, err);
}

/* From signal handlers too: the interrupted code finds its errno as it was. */
static void wake(struct wt_recorder *recorder)
{
	uint64_t one = 1;
	int saved = errno;

	/* It fails only when the counter is full, and then the recorder is awake. */
	(void)!write(recorder->wake_fd, &one, sizeof(one));
	errno = saved;
}

void wt_recorder_stop(struct wt_recorder *recorder)
{
	atomic_store(&recorder->stop_asked, true);
	wake(recorder);
}

void wt_recorder_poke(struct wt_recorder *recorder)
{
	atomic_store(&recorder->poked, true);
	wake(recorder);
}

static int open_interface(struct wt_recorder *recorder, size_t i, struct wt_error *err)
{
	struct wt_recorded *recorded = &recorder->recorded[i];
	const struct wt_reader_config *config = &recorder->config.interfaces[i];
	int ret = wt_reader_open(&recorded->reader, config, err);

	if (ret)
		return ret;
	recorded->ring = wt_reader_ring(recorded->reader);
	recorded->report = &recorder->reports[i];
	recorded->report->reader = wt_reader_info(recorded->reader);
	recorded->report->has_nic = recorded->report->reader->link != NULL;
	recorder->polls[i] = (struct pollfd){wt_reader_fd(recorded->reader), POLLIN, 0};
	if (recorded->report->reader->degraded)
		wt_recorder_degrade(recorder, recorded->report->reader->degraded);
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
	return 0;
}

int wt_recorder_open(struct wt_recorder **recorder, const struct wt_recorder_config *config,
                     struct wt_error *err)
{
	struct wt_recorder *made = calloc(1, sizeof(*made));
	int ret = 0;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a recorder");
	made->config = *config;
	if (!made->config.statistics_every_ns)
		made->config.statistics_every_ns = 10 * second_ns;
	made->recorded = calloc(config->interface_count, sizeof(*made->recorded));
	made->reports = calloc(config->interface_count, sizeof(*made->reports));
	made->polls = calloc(config->interface_count + 1, sizeof(*made->polls));
	made->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!made->recorded || !made->reports || !made->polls || made->wake_fd < 0)
		ret = wt_error_set(err, -ENOMEM, "no memory or descriptor for a recorder");
	if (!ret)
		made->polls[config->interface_count] = (struct pollfd){made->wake_fd, POLLIN, 0};
	for (size_t i = 0; !ret && i < config->interface_count; i++)
		ret = open_interface(made, i, err);
	if (ret) {
		wt_recorder_close(made);
		return ret;
	}
	*recorder = made;
	return 0;
}

void wt_recorder_close(struct wt_recorder *recorder)
{
	if (!recorder)
		return;
	for (size_t i = 0; recorder->recorded && i < recorder->config.interface_count; i++)
		wt_reader_close(recorder->recorded[i].reader);
	if (recorder->wake_fd >= 0)
		close(recorder->wake_fd);
	free(recorder->polls);
	free(recorder->reports);
	free(recorder->recorded);
	free(recorder);
}
