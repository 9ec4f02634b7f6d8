/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wiretape/capture/recorder/recorder.h>
#include <wiretape/tests/support/memory_sink.h>
#include <wiretape/tests/support/temp.h>

/* A recorder over simulated interfaces that are too fast for their rings, while
 * another thread pokes it and in the end stops it: the ledger closes all the same. Into
 * memory; and into the files of a set, which a thread writes and another one finishes. */

enum { POKES = 50, ENOUGH_FRAMES = 1000, ENOUGH_FILES = 3 };

struct run {
	struct wt_recorder *recorder;
	bool in_files;
	pthread_mutex_t lock; /* for the next four */
	pthread_cond_t news;
	unsigned pokes_seen;
	bool enough;
	bool over;
	uint64_t last_seen;
	const char *problem; /* the recording thread's */
};

static void on_progress(void *context, const struct wt_recorder_report *report,
                        bool report_requested)
{
	struct run *run = context;

	if (report->total.seen != report->total.written + wt_ledger_lost(&report->total))
		run->problem = "the ledger does not add up while recording";
	if (report->total.seen < run->last_seen)
		run->problem = "the ledger went backwards";
	run->last_seen = report->total.seen;
	pthread_mutex_lock(&run->lock);
	run->enough = report->total.written >= ENOUGH_FRAMES &&
	              (!run->in_files || report->file_count >= ENOUGH_FILES);
	run->pokes_seen += report_requested;
	pthread_cond_signal(&run->news);
	pthread_mutex_unlock(&run->lock);
}

/* Each poke is waited for, unless the recording ends by itself. */
static void *poke_and_stop(void *argument)
{
	struct run *run = argument;

	pthread_mutex_lock(&run->lock);
	for (unsigned i = 1; (i <= POKES || !run->enough) && !run->over; i++) {
		wt_recorder_request_report(run->recorder);
		while (run->pokes_seen < i && !run->over)
			pthread_cond_wait(&run->news, &run->lock);
	}
	pthread_mutex_unlock(&run->lock);
	wt_recorder_stop(run->recorder);
	return NULL;
}

static void say_over(struct run *run)
{
	pthread_mutex_lock(&run->lock);
	run->over = true;
	pthread_cond_signal(&run->news);
	pthread_mutex_unlock(&run->lock);
}

static int judge(struct run *run, int rc, const char *text, const char *name)
{
	struct wt_recorder_report report;
	const struct wt_ledger *total = &report.total;

	wt_recorder_report(run->recorder, &report);
	if (rc)
		run->problem = text;
	else if (total->unattributed || total->waiting)
		run->problem = "the ledger does not close";
	else if (total->seen != total->written + wt_ledger_lost(total))
		run->problem = "seen is not written and lost";
	else if (report.end != WT_END_ASKED)
		run->problem = "it did not end because it was asked to";
	else if (!total->written)
		run->problem = "nothing was written";
	printf("%s: seen %llu, written %llu, lost in the ring %llu, pokes %u: %s\n", name,
	       (unsigned long long)total->seen, (unsigned long long)total->written,
	       (unsigned long long)total->lost.ring, run->pokes_seen,
	       run->problem ? run->problem : "ok");
	return run->problem != NULL;
}

static int open_memory(void *context, const char *path, const struct wt_sink_config *config,
                       struct wt_sink **sink, struct wt_error *err)
{
	(void)context;
	(void)path;
	(void)err;
	return memory_sink_open(sink, 0, config);
}

static int run_once(const char *name, const struct wt_reader_config *interfaces, size_t count,
                    const struct wt_recorder_output *output)
{
	struct run run = {.lock = PTHREAD_MUTEX_INITIALIZER,
	                  .news = PTHREAD_COND_INITIALIZER,
	                  .in_files = output->files != NULL};
	struct wt_recorder_config config = {.interfaces = interfaces,
	                                    .interface_count = count,
	                                    .statistics_every_ns = 1000000,
	                                    .progress_every_ns = 500000,
	                                    .on_progress = on_progress,
	                                    .context = &run};
	struct wt_error err;
	pthread_t poker;
	int rc;

	if (wt_recorder_open(&run.recorder, &config, &err) ||
	    pthread_create(&poker, NULL, poke_and_stop, &run)) {
		printf("SKIP: %s: cannot start\n", name);
		return 77;
	}
	rc = wt_recorder_run(run.recorder, output, &err);
	say_over(&run);
	pthread_join(poker, NULL);
	rc = judge(&run, rc, err.text, name);
	wt_recorder_close(run.recorder);
	return rc;
}

static int open_file(void *context, const char *path, const struct wt_sink_config *config,
                     struct wt_sink **sink, struct wt_error *err)
{
	return wt_sink_file_open(sink, path, context, WT_DIRECT_OFF, false, config, err);
}

static const char *judge_files(struct wt_file_set *files)
{
	const struct wt_file_set_entry *entries;
	const char *problem = NULL;
	size_t count;

	wt_file_set_settle(files);
	count = wt_file_set_files(files, &entries);
	if (count < ENOUGH_FILES)
		problem = "hardly any files";
	for (size_t i = 0; i < count; i++) {
		if (!entries[i].finished && !entries[i].deleted)
			problem = "a file was not finished";
		unlink(entries[i].path);
	}
	return problem;
}

static int run_with_files(const char *name, const struct wt_reader_config *interfaces, size_t count,
                          enum wt_placement layout)
{
	char folder[TEMP_BYTES], path[TEMP_BYTES + 16];
	const struct wt_file_set_config config = {
	        .path = path, .max_packets = 3000, .max_bytes = 2 << 20, .keep_files = 4};
	struct wt_recorder_output output = {
	        .open = open_file, .layout = layout, .sync = WT_SYNC_INTERVAL};
	struct wt_disk *disk;
	struct wt_error err;
	const char *problem;
	int rc;

	output.sync_every_ns = 10000000;
	temp_template(folder, "stress_recorder");
	if (!mkdtemp(folder) || wt_disk_open(&disk, WT_DISK_PWRITE, &err)) {
		printf("SKIP: %s: no folder or no disk to write to\n", name);
		return 77;
	}
	snprintf(path, sizeof(path), "%s/tape.pcapng", folder);
	output.context = output.disk = disk;
	if (wt_file_set_open(&output.files, &config, &err)) {
		printf("SKIP: %s: %s\n", name, err.text);
		return 77;
	}
	rc = run_once(name, interfaces, count, &output);
	problem = judge_files(output.files);
	if (problem)
		printf("%s: %s\n", name, problem);
	wt_file_set_close(output.files);
	wt_disk_close(disk);
	rmdir(folder);
	return problem ? 1 : rc;
}

int main(void)
{
	static const struct wt_reader_config interfaces[] = {
	        {.kind = WT_READER_SIM, .interface = "sim:pps=max", .ring_bytes = 65536},
	        {.kind = WT_READER_SIM, .interface = "sim:pps=max,layout=v2", .ring_bytes = 65536},
	};
	static const struct wt_reader_config large[] = {
	        {.kind = WT_READER_SIM, .interface = "sim:pps=max,size=600", .ring_bytes = 1 << 20},
	        {.kind = WT_READER_SIM,
	         .interface = "sim:pps=max,layout=v2",
	         .ring_bytes = 1 << 20},
	};
	const struct wt_recorder_output memory = {.open = open_memory};
	int results[] = {
	        run_once("v3 and v2", interfaces, 2, &memory),
	        run_once("v3", interfaces, 1, &memory),
	        run_once("v2", interfaces + 1, 1, &memory),
	        run_with_files("files, in place", large, 2, WT_PLACEMENT_INPLACE),
	        run_with_files("files, compactly", large, 2, WT_PLACEMENT_COMPACT),
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i] == 1 || !rc)
			rc = results[i];
	return rc;
}
