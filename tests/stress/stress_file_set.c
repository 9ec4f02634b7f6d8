/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/files/file_set_private.h>

/* Many small files one after the other, finished in the background, while other threads ask
 * for space and for events: each file is finished once and in order, and in the end as many are
 * there as shall be, the latest but for those whose commands took longer. */

enum { FILES = 3000, KEPT = 20, FILE_BYTES = 100 };

struct run {
	struct wt_file_set *set;
	char folder[TEMP_BYTES];
	unsigned finished; /* of the set's background */
	bool disordered;
	atomic_bool done; /* pairs: release in main(), acquire in the threads */
	unsigned events;  /* of the thread that asks for them */
	unsigned errors;
	char text[600]; /* of the last error */
	bool no_space;  /* of the thread that asks for it */
};

struct handle {
	struct run *run;
	unsigned number;
};

static int finish(void *context)
{
	struct handle *handle = context;

	if (handle->number != ++handle->run->finished)
		handle->run->disordered = true;
	free(handle);
	return 0;
}

static void take_events(struct run *run)
{
	char text[sizeof(run->text)];
	bool error;

	while (wt_file_set_next_event(run->set, text, sizeof(text), &error)) {
		run->events++;
		if (!error)
			continue;
		run->errors++;
		memcpy(run->text, text, sizeof(text));
	}
}

static void *ask_for_events(void *argument)
{
	struct run *run = argument;

	while (!atomic_load_explicit(&run->done, memory_order_acquire)) {
		take_events(run);
		sched_yield();
	}
	return NULL;
}

static void *ask_for_space(void *argument)
{
	struct run *run = argument;

	while (!atomic_load_explicit(&run->done, memory_order_acquire)) {
		if (!wt_file_set_has_space(run->set))
			run->no_space = true;
		sched_yield();
	}
	return NULL;
}

static int begin(struct run *run, unsigned i, const char **path, uint32_t *number)
{
	struct pollfd ready = {.fd = wt_file_set_fd(run->set), .events = POLLIN};

	while (!wt_file_set_is_ready(run->set))
		poll(&ready, 1, -1);
	return wt_file_set_begin(run->set, i, (int64_t)i * 1000000, path, number, NULL);
}

static bool record_one(struct run *run, unsigned i)
{
	struct handle *handle = malloc(sizeof(*handle));
	const char *path;
	uint32_t number;

	if (!handle || begin(run, i, &path, &number)) {
		free(handle);
		return false;
	}
	*handle = (struct handle){run, i};
	if (truncate(path, FILE_BYTES))
		run->disordered = true;
	if (wt_file_set_is_due(run->set, FILE_BYTES, 1, 1, i, 0) != WT_FILE_DUE_PACKETS)
		run->disordered = true;
	wt_file_set_finish(run->set, number, FILE_BYTES, 1, finish, handle);
	/* Sometimes the background is caught up with, sometimes far behind. */
	if (i % 500 == 0)
		wt_file_set_settle(run->set);
	return true;
}

static unsigned count_files(const struct run *run)
{
	DIR *entries = opendir(run->folder);
	const struct dirent *entry;
	unsigned count = 0;

	while (entries && (entry = readdir(entries)))
		count += entry->d_name[0] != '.';
	if (entries)
		closedir(entries);
	return count;
}

static const char *check(struct run *run)
{
	const struct wt_file_set_entry *entries;
	size_t count = wt_file_set_files(run->set, &entries), older = 0;

	if (count != FILES || run->finished != FILES)
		return "not all files were finished";
	if (run->disordered)
		return "files were not finished in order";
	if (run->errors)
		return run->text;
	if (run->no_space)
		return "there was no space";
	for (size_t i = 0; i < count; i++) {
		if (!entries[i].finished)
			return "a file was not finished";
		older += !entries[i].deleted && i < FILES - KEPT;
	}
	if (older > WT_SET_MOST_COMMANDS)
		return "other files were kept than the latest";
	/* And the next, which is ready. */
	return count_files(run) == KEPT + 1 ? NULL : "another number of files was kept";
}

static bool open_set(struct run *run)
{
	char path[128], command[64];
	struct wt_file_set_config config = {.path = path,
	                                    .max_packets = 1,
	                                    .keep_files = KEPT,
	                                    .keep_bytes = KEPT * FILE_BYTES,
	                                    .min_free_bytes = 1,
	                                    .min_free_deletes = true,
	                                    .on_close = command};

	snprintf(path, sizeof(path), "%s/tape.pcapng", run->folder);
	snprintf(command, sizeof(command), "test -s");
	return wt_file_set_open(&run->set, &config, NULL) == 0;
}

static const char *record_all(struct run *run)
{
	pthread_t events, space;
	bool recorded = true;

	if (pthread_create(&events, NULL, ask_for_events, run) ||
	    pthread_create(&space, NULL, ask_for_space, run))
		return "no threads";
	for (unsigned i = 1; i <= FILES && recorded; i++)
		recorded = record_one(run, i);
	wt_file_set_settle(run->set);
	atomic_store_explicit(&run->done, true, memory_order_release);
	pthread_join(events, NULL);
	pthread_join(space, NULL);
	wt_file_set_settle(run->set);
	take_events(run);
	return recorded ? check(run) : "a file could not be begun";
}

int main(void)
{
	struct run run = {0};
	char remove[128];
	const char *problem;

	temp_template(run.folder, "stress_file_set");
	if (!mkdtemp(run.folder) || !open_set(&run)) {
		printf("SKIP: no files in /tmp\n");
		return 77;
	}
	problem = record_all(&run);
	printf("%u files, %u events: %s\n", run.finished, run.events, problem ? problem : "ok");
	wt_file_set_close(run.set);
	snprintf(remove, sizeof(remove), "rm -rf %s", run.folder);
	if (system(remove))
		printf("%s is left\n", run.folder);
	return problem ? 1 : 0;
}
