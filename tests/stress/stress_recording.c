/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/capture/recorder/recording.h>
#include <wiretape/tests/support/temp.h>

/* Lanes over simulated interfaces that are too fast for their rings, asked for reports all the time
 * and stopped at any moment, from another thread, or by a limit: they begin, go on to the next file
 * and end together, the ledger closes, lane by lane and as a sum, and limits are kept to the
 * packet. Meanwhile others read snapshots, each of which adds up, and no count of which falls. */

enum { LANES = 3, ROUNDS = 4, FILE_PACKETS = 3000, WATCHERS = 2 };

static unsigned seed = 1;

struct run {
	struct wt_recording *recording;
	pthread_mutex_t lock; /* for the next two */
	pthread_cond_t news;
	unsigned begins, reports;
	bool over;
	uint64_t last_seen;
	bool has_limit;
	const char *problem; /* of the recording's thread */
	atomic_bool watched_enough;
};

/* A thread that reads snapshots all the time. */
struct watcher {
	pthread_t thread;
	struct run *run;
	struct wt_record_state state;
	struct wt_ledger ledger;
	uint64_t snapshots;
	const char *problem;
};

static bool adds_up(const struct wt_ledger *ledger)
{
	return ledger->seen == ledger->written + wt_ledger_lost(ledger);
}

/* At a limit losses turn out to be after it: only what is written never falls there. */
static const char *judge_state(struct watcher *watcher, const struct wt_record_state *now)
{
	const struct wt_record_state *before = &watcher->state;

	if (now->seen != now->written + now->lost)
		return "a state does not add up";
	if (now->written < before->written)
		return "what was written fell";
	if (now->file_bytes < before->file_bytes || now->file_count < before->file_count)
		return "what is in files fell";
	if (!watcher->run->has_limit && (now->seen < before->seen || now->lost < before->lost))
		return "what was seen or lost fell";
	return NULL;
}

static const char *judge_ledger(struct watcher *watcher, const struct wt_ledger *now)
{
	const struct wt_ledger *before = &watcher->ledger;

	if (!adds_up(now))
		return "a ledger does not add up";
	if (now->written < before->written || now->truncated < before->truncated ||
	    now->lost.writer < before->lost.writer)
		return "a count of the ledger fell";
	if (!watcher->run->has_limit && now->lost.ring < before->lost.ring)
		return "what was lost in the ring fell";
	return NULL;
}

static void look(struct watcher *watcher)
{
	struct wt_record_state state;
	struct wt_ledger ledger;
	const char *problem;

	wt_recording_state(watcher->run->recording, &state);
	wt_recording_ledger(watcher->run->recording, WT_ALL_INTERFACES, &ledger);
	problem = judge_state(watcher, &state);
	if (!problem)
		problem = judge_ledger(watcher, &ledger);
	if (problem)
		watcher->problem = problem;
	watcher->state = state;
	watcher->ledger = ledger;
	watcher->snapshots++;
}

static void *watch(void *argument)
{
	struct watcher *watcher = argument;

	while (!atomic_load(&watcher->run->watched_enough))
		look(watcher);
	look(watcher);
	return NULL;
}

static int start_watchers(struct watcher *watchers, struct run *run)
{
	int rc = 0;

	for (int i = 0; !rc && i < WATCHERS; i++) {
		watchers[i] = (struct watcher){.run = run};
		rc = pthread_create(&watchers[i].thread, NULL, watch, &watchers[i]);
	}
	return rc;
}

/* Once it has ended, snapshots are what was reported. */
static uint64_t stop_watchers(struct watcher *watchers, struct run *run)
{
	struct wt_recording_report report;
	uint64_t snapshots = 0;

	wt_recording_report(run->recording, &report);
	atomic_store(&run->watched_enough, true);
	for (int i = 0; i < WATCHERS; i++) {
		pthread_join(watchers[i].thread, NULL);
		snapshots += watchers[i].snapshots;
		if (watchers[i].problem)
			run->problem = watchers[i].problem;
		else if (watchers[i].state.seen != report.sum.total.seen ||
		         watchers[i].ledger.written != report.sum.total.written ||
		         watchers[i].state.end != report.sum.end)
			run->problem = "the last snapshot is not the end";
	}
	return snapshots;
}

static int on_begin(void *context)
{
	struct run *run = context;

	pthread_mutex_lock(&run->lock);
	run->begins++;
	pthread_cond_signal(&run->news);
	pthread_mutex_unlock(&run->lock);
	return 0;
}

static void on_event(void *context, const char *text)
{
	struct run *run = context;

	if (!*text)
		run->problem = "it says nothing";
}

static void on_progress(void *context, const struct wt_recorder_report *sum, bool report_requested)
{
	struct run *run = context;
	struct wt_recording_report report;
	struct wt_ledger total = {0};

	wt_recording_report(run->recording, &report);
	for (size_t i = 0; i < report.lane_count; i++)
		wt_ledger_add(&total, &report.lanes[i].report.total);
	if (!adds_up(&sum->total) || !adds_up(&total))
		run->problem = "the ledger does not add up while recording";
	/* At a limit drops that were seen turn out to be after it. */
	if (sum->total.seen < run->last_seen && !run->has_limit)
		run->problem = "the ledger went backwards";
	run->last_seen = sum->total.seen;
	pthread_mutex_lock(&run->lock);
	run->reports += report_requested;
	pthread_cond_signal(&run->news);
	pthread_mutex_unlock(&run->lock);
}

/* Some rounds are stopped before they have begun. */
static void *poke_and_stop(void *argument)
{
	struct run *run = argument;
	unsigned pokes = (unsigned)rand_r(&seed) % 20;

	usleep((useconds_t)rand_r(&seed) % 3000);
	for (unsigned i = 0; i < pokes; i++) {
		wt_recording_request_report(run->recording);
		pthread_mutex_lock(&run->lock);
		while (run->reports <= i && !run->over)
			pthread_cond_wait(&run->news, &run->lock);
		pthread_mutex_unlock(&run->lock);
	}
	wt_recording_stop(run->recording);
	return NULL;
}

static const char *judge_ledgers(const struct wt_recording_report *report)
{
	struct wt_ledger sum = {0};

	for (size_t i = 0; i < report->lane_count; i++) {
		const struct wt_ledger *one = &report->lanes[i].report.total;

		if (!adds_up(one) || one->unattributed || one->waiting)
			return "the ledger of a lane does not close";
		wt_ledger_add(&sum, one);
	}
	return memcmp(&sum, &report->sum.total, sizeof(sum))
	               ? "the ledger is not the sum of the lanes'"
	               : NULL;
}

/* "…_00001_20261121T003000Z" is common to all lanes. */
static bool have_one_name(const struct wt_file_set_entry *one,
                          const struct wt_file_set_entry *other)
{
	const char *a = strstr(one->path, "_q"), *b = strstr(other->path, "_q");

	return a && b && !strcmp(a + 3, b + 3) && one->number == other->number;
}

static size_t count_files(const struct wt_recording_report *report)
{
	size_t most = 0;

	for (size_t i = 0; i < report->lane_count; i++)
		if (report->lanes[i].file_count > most)
			most = report->lanes[i].file_count;
	return most;
}

/* The packets of the file in all lanes; UINT64_MAX: they do not belong together. One that emptied
 * its ring first may lack the last files. */
static uint64_t add_up_file(const struct wt_recording_report *report, size_t file)
{
	const struct wt_file_set_entry *first = NULL;
	uint64_t packets = 0;

	for (size_t i = 0; i < report->lane_count; i++) {
		const struct wt_recording_lane *lane = &report->lanes[i];

		if (file >= lane->file_count)
			continue;
		if (!first)
			first = &lane->files[file];
		if (!have_one_name(first, &lane->files[file]))
			return UINT64_MAX;
		packets += lane->files[file].packets;
	}
	return packets;
}

static const char *judge_files(const struct wt_recording_report *report, uint64_t file_packets)
{
	size_t count = count_files(report);

	for (size_t file = 0; file < count; file++) {
		uint64_t packets = add_up_file(report, file);

		if (packets == UINT64_MAX)
			return "files of one number have different names";
		if (file_packets &&
		    (packets > file_packets || (packets < file_packets && file + 1 < count)))
			return "a file has not as many packets as it is to have";
	}
	return NULL;
}

static const char *judge(const struct wt_recording_report *report,
                         const struct wt_recording_config *config)
{
	const char *problem = judge_ledgers(report);
	uint64_t max_packets = config->recorder.max_packets;

	if (!problem)
		problem = judge_files(report, config->files.max_packets);
	if (problem)
		return problem;
	if (max_packets && report->sum.end == WT_END_PACKETS)
		return report->sum.total.written == max_packets
		               ? NULL
		               : "it has not as many packets as were asked for";
	return report->sum.end == WT_END_ASKED ? NULL : "it did not end because it was asked to";
}

static void remove_files(const struct wt_recording_report *report)
{
	for (size_t i = 0; i < report->lane_count; i++)
		for (size_t j = 0; j < report->lanes[i].file_count; j++)
			unlink(report->lanes[i].files[j].path);
}

static int run_once(const char *name, const struct wt_recording_config *wanted)
{
	struct run run = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};
	struct wt_recording_config config = *wanted;
	struct wt_recording_report report;
	struct watcher watchers[WATCHERS];
	struct wt_error err = {0};
	uint64_t snapshots;
	pthread_t poker;

	config.recorder.context = &run;
	run.has_limit = config.recorder.max_packets != 0;
	if (wt_recording_open(&run.recording, &config, &err) || start_watchers(watchers, &run) ||
	    pthread_create(&poker, NULL, poke_and_stop, &run)) {
		printf("SKIP: cannot start: %s\n", err.text);
		return 77;
	}
	if (wt_recording_run(run.recording, &err))
		run.problem = err.text;
	pthread_mutex_lock(&run.lock);
	run.over = true;
	pthread_cond_signal(&run.news);
	pthread_mutex_unlock(&run.lock);
	pthread_join(poker, NULL);
	snapshots = stop_watchers(watchers, &run);
	wt_recording_settle(run.recording);
	wt_recording_report(run.recording, &report);
	if (!run.problem)
		run.problem = judge(&report, &config);
	if (!run.problem && run.begins != 1)
		run.problem = "it has not begun once";
	printf("%s: seen %llu, written %llu, files %zu, reports %u, snapshots %llu: %s\n", name,
	       (unsigned long long)report.sum.total.seen,
	       (unsigned long long)report.sum.total.written, report.lanes[0].file_count,
	       run.reports, (unsigned long long)snapshots, run.problem ? run.problem : "ok");
	remove_files(&report);
	wt_recording_close(run.recording);
	return run.problem != NULL;
}

int main(void)
{
	static const struct wt_reader_config interfaces[] = {
	        {.kind = WT_READER_SIM, .interface = "sim:pps=max", .ring_bytes = 1 << 20},
	        {.kind = WT_READER_SIM,
	         .interface = "sim:pps=max,layout=v2",
	         .ring_bytes = 1 << 20},
	};
	char folder[TEMP_BYTES], path[TEMP_BYTES + 16];
	const struct wt_recording_config plain = {
	        .recorder = {.interfaces = interfaces,
	                     .interface_count = 2,
	                     .statistics_every_ns = 1000000,
	                     .progress_every_ns = 500000,
	                     .on_begin = on_begin,
	                     .on_event = on_event,
	                     .on_progress = on_progress},
	        .files.path = path,
	        .direct = WT_DIRECT_OFF,
	        .queues = LANES,
	};
	struct wt_recording_config packets = plain, times = plain;
	int rc = 0;

	temp_template_in_memory(folder, "stress_recording");
	if (!mkdtemp(folder))
		return 77;
	snprintf(path, sizeof(path), "%s/tape.pcapng", folder);
	packets.files.max_packets = FILE_PACKETS;
	packets.recorder.max_packets = 10 * FILE_PACKETS + 1;
	times.files.duration_ns = 3000000;
	times.files.max_bytes = 1 << 20;
	for (unsigned i = 0; i < ROUNDS && !rc; i++) {
		rc = run_once("one file", &plain);
		if (!rc)
			rc = run_once("files of packets", &packets);
		if (!rc)
			rc = run_once("files of a time and a size", &times);
	}
	rmdir(folder);
	return rc;
}
