/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>

enum { LATE_COMMANDS = 16 };

static void push(struct wt_set_queue *queue, struct wt_set_file *file)
{
	file->next = NULL;
	if (queue->last)
		queue->last->next = file;
	else
		queue->first = file;
	queue->last = file;
	queue->count++;
}

static struct wt_set_file *pop(struct wt_set_queue *queue)
{
	struct wt_set_file *file = queue->first;

	queue->first = file->next;
	if (!queue->first)
		queue->last = NULL;
	queue->count--;
	return file;
}

/* Outcome of finishing a file. */
struct outcome {
	enum wt_set_state state;
	bool finished;
	char *final_path;
};

static void sync_directory(struct wt_file_set *set, const char *path)
{
	/* EINVAL: a file system with nothing to sync there. */
	if (fsync(set->dir_fd) && errno != EINVAL)
		wt_file_set_tell(set, false, "the name %s may not outlive a power cut: %s", path,
		                 strerror(errno));
}

/* Give it its final name; if that is taken, with -1, -2 and so on. 0 or -errno. */
static int give_name(struct wt_file_set *set, const struct wt_set_file *file, uint32_t number,
                     char **final_path)
{
	enum { MOST_TRIES = 1000 };
	const struct wt_file_set_names *names = &set->names;
	const char *work = wt_file_set_names_base(names, file->work_path);
	unsigned again = 0;
	int rc;

	do {
		free(*final_path);
		*final_path = wt_file_set_names_final(names, number, file->begun_utc_ns, again);
		if (!*final_path)
			return -ENOMEM;
		rc = wt_file_set_rename(&set->system, set->dir_fd, work,
		                        wt_file_set_names_base(names, *final_path));
	} while (rc == -EEXIST && ++again < MOST_TRIES);
	if (rc) {
		free(*final_path);
		*final_path = NULL;
		return rc;
	}
	/* Renaming goes by name, so check that it is still our file's. */
	if (!wt_file_set_has_name(set, file, wt_file_set_names_base(names, *final_path)))
		return WT_SINK_REPLACED;
	if (again)
		wt_file_set_tell(set, false,
		                 "file %u is called %s: there was a file with the name it should "
		                 "have had",
		                 number, *final_path);
	sync_directory(set, *final_path);
	return 0;
}

/* It could not be written to its end, or somebody has changed it. */
static void tell_of_failure(struct wt_file_set *set, const char *path, int error)
{
	const char *spoilt = wt_sink_spoilt(error);

	if (spoilt)
		wt_file_set_tell(set, true, "%s %s", path, spoilt);
	else
		wt_file_set_tell(set, true, "%s is not complete and keeps this name: %s", path,
		                 strerror(-error));
}

/* The name belongs to a file we did not record, so it is not ours to delete. */
static bool has_lost_its_name(int error)
{
	return error == WT_SINK_DELETED || error == WT_SINK_REPLACED;
}

/* Without the lock: this may take as long as the disk does. */
static struct outcome finish_file(struct wt_file_set *set, const struct wt_set_file *file,
                                  const struct wt_file_set_entry *entry)
{
	struct outcome outcome = {.state = WT_SET_ENDED};
	int rc = file->finish(file->context);

	if (rc) {
		tell_of_failure(set, file->work_path, rc);
		if (has_lost_its_name(rc))
			outcome.state = WT_SET_GONE;
		return outcome;
	}
	/* A sink in which nothing arrived leaves no file. */
	if (!entry->bytes && wt_file_set_is_missing(set, file->work_path)) {
		outcome.state = WT_SET_GONE;
		return outcome;
	}
	if (set->rotates)
		rc = give_name(set, file, entry->number, &outcome.final_path);
	if (rc == -ENOENT)
		rc = WT_SINK_DELETED;
	if (has_lost_its_name(rc)) {
		tell_of_failure(set, wt_file_set_path(file), rc);
		outcome.state = WT_SET_GONE;
		return outcome;
	}
	if (rc) {
		wt_file_set_tell(set, true,
		                 "%s is complete but cannot be renamed: %s; rename it by hand",
		                 file->work_path, strerror(-rc));
		return outcome;
	}
	outcome.finished = true;
	if (set->on_close)
		outcome.state = WT_SET_COMMAND;
	return outcome;
}

static void await_command(struct wt_file_set *set, struct wt_set_file *file)
{
	push(&set->to_command, file);
	if (set->to_command.count <= LATE_COMMANDS || set->told_late)
		return;
	set->told_late = true;
	wt_file_set_tell(set, false,
	                 "commands '%s' are slower than files are made: %zu files wait for "
	                 "theirs, and are not deleted before",
	                 set->on_close, set->to_command.count);
}

static bool finish_next(struct wt_file_set *set)
{
	struct wt_file_set_entry entry;
	struct wt_set_file *file;
	struct outcome outcome;

	assert(wt_mutex_is_locked(&set->lock));
	if (!set->to_finish.first)
		return false;
	file = pop(&set->to_finish);
	entry = set->entries[file->index];
	pthread_mutex_unlock(&set->lock);
	outcome = finish_file(set, file, &entry);
	if (file->fd >= 0)
		close(file->fd);
	pthread_mutex_lock(&set->lock);
	file->fd = -1;
	file->final_path = outcome.final_path;
	file->state = outcome.state;
	set->entries[file->index].path = wt_file_set_path(file);
	set->entries[file->index].finished = outcome.finished;
	if (outcome.state == WT_SET_GONE)
		wt_file_set_let_go(set, file, WT_SET_GONE);
	else if (outcome.state == WT_SET_COMMAND)
		await_command(set, file);
	return true;
}

/* The command may have removed its file, or replaced it. Releases the lock meanwhile. */
static void command_is_over(struct wt_file_set *set, struct wt_set_file *file)
{
	uint64_t bytes = set->entries[file->index].bytes, kept_bytes = file->kept_bytes;
	char *path = NULL;
	bool is_left;

	assert(wt_mutex_is_locked(&set->lock));
	pthread_mutex_unlock(&set->lock);
	is_left = wt_file_set_gather(set, file, &path, &bytes, &kept_bytes);
	pthread_mutex_lock(&set->lock);
	if (path) {
		free(file->final_path);
		file->final_path = path;
		set->entries[file->index].path = path;
		set->entries[file->index].bytes = bytes;
	}
	set->live_bytes += kept_bytes - file->kept_bytes;
	file->kept_bytes = kept_bytes;
	if (is_left)
		file->state = WT_SET_ENDED;
	else
		wt_file_set_let_go(set, file, WT_SET_GONE);
}

static bool start_command(struct wt_file_set *set)
{
	struct wt_set_file *file;
	int rc;

	assert(wt_mutex_is_locked(&set->lock));
	if (!set->to_command.first || set->commands == WT_SET_MOST_COMMANDS)
		return false;
	file = pop(&set->to_command);
	pthread_mutex_unlock(&set->lock);
	rc = wt_on_close_start(&set->running[set->commands], set->on_close, wt_file_set_path(file));
	pthread_mutex_lock(&set->lock);
	if (!rc) {
		set->running[set->commands].due_ns =
		        set->system.now_ns() + set->config.on_close_timeout_ns;
		set->commanded[set->commands++] = file;
		return true;
	}
	wt_file_set_tell(set, false, "cannot run command '%s' for %s: %s", set->on_close,
	                 wt_file_set_path(file), strerror(-rc));
	command_is_over(set, file);
	return true;
}

static void tell_of_command(struct wt_file_set *set, const char *path, int status)
{
	if (status == -1)
		wt_file_set_tell(set, false,
		                 "command '%s' for %s has ended, nobody knows how: SIGCHLD is "
		                 "ignored",
		                 set->on_close, path);
	else if (WIFSIGNALED(status))
		wt_file_set_tell(set, false, "command '%s' for %s was ended by signal %d (%s)",
		                 set->on_close, path, WTERMSIG(status),
		                 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		wt_file_set_tell(set, false, "command '%s' for %s ended with exit code %d",
		                 set->on_close, path, WEXITSTATUS(status));
}

static void collect_commands(struct wt_file_set *set)
{
	for (size_t i = 0; i < set->commands;) {
		struct wt_set_file *file = set->commanded[i];
		bool terminated = set->running[i].terminated;
		int status;

		if (!wt_on_close_ended(&set->running[i], &status)) {
			i++;
			continue;
		}
		set->commands--;
		set->running[i] = set->running[set->commands];
		set->commanded[i] = set->commanded[set->commands];
		if (!terminated)
			tell_of_command(set, wt_file_set_path(file), status);
		command_is_over(set, file);
	}
}

static void tell_of_hurry(struct wt_file_set *set, const struct wt_set_file *file)
{
	wt_file_set_tell(set, false, "command '%s' for %s is ended, as it was not to be waited for",
	                 set->on_close, wt_file_set_path(file));
}

static void tell_of_timeout(struct wt_file_set *set, const struct wt_set_file *file)
{
	wt_file_set_tell(set, false,
	                 "command '%s' for %s has run for longer than %.10g s and is ended",
	                 set->on_close, wt_file_set_path(file),
	                 (double)set->config.on_close_timeout_ns / 1e9);
}

/* End commands that take too long, or all if writes are aborted. */
static void end_commands(struct wt_file_set *set)
{
	static const int64_t grace_ns = 2000000000;
	int64_t now_ns = set->system.now_ns();
	bool abort_writes = atomic_load(&set->abort_writes);

	assert(wt_mutex_is_locked(&set->lock));
	for (size_t i = 0; i < set->commands; i++) {
		struct wt_on_close *running = &set->running[i];

		if (now_ns < running->due_ns && (running->terminated || !abort_writes))
			continue;
		if (!running->terminated && now_ns < running->due_ns)
			tell_of_hurry(set, set->commanded[i]);
		else if (!running->terminated)
			tell_of_timeout(set, set->commanded[i]);
		wt_on_close_terminate(running);
		running->due_ns = now_ns + grace_ns;
	}
}

/* Drop commands that have not begun if writes are aborted. */
static void forget_commands(struct wt_file_set *set)
{
	size_t count = set->to_command.count;

	assert(wt_mutex_is_locked(&set->lock));
	if (!count || !atomic_load(&set->abort_writes))
		return;
	wt_file_set_tell(set, false, "command '%s' was not run for the last %zu files",
	                 set->on_close, count);
	while (set->to_command.first)
		pop(&set->to_command)->state = WT_SET_ENDED;
}

void wt_file_set_work(struct wt_file_set *set)
{
	assert(wt_mutex_is_locked(&set->lock));
	do {
		end_commands(set);
		collect_commands(set);
		forget_commands(set);
		wt_file_set_wake(set, &set->keeper);
	} while (finish_next(set) || start_command(set));
}

/* Look again after an hour at the latest. */
static int ms_until(const struct wt_file_set *set, int64_t due_ns)
{
	int64_t left_ms = (due_ns - set->system.now_ns()) / 1000000 + 1;

	return left_ms < 0 ? 0 : left_ms > 3600000 ? 3600000 : (int)left_ms;
}

static int sooner(int a_ms, int b_ms)
{
	return a_ms < 0 || b_ms < a_ms ? b_ms : a_ms;
}

void wt_file_set_rest(struct wt_file_set *set)
{
	assert(wt_mutex_is_locked(&set->lock));
	enum { LOOK_EVERY_MS = 50 }; /* if poll() does not show a command's end */
	struct pollfd polls[1 + WT_SET_MOST_COMMANDS] = {{.fd = set->wake_fd, .events = POLLIN}};
	nfds_t count = 1;
	int timeout = -1;
	uint64_t wakes;

	for (size_t i = 0; i < set->commands; i++) {
		int fd = set->running[i].pidfd;

		polls[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
		timeout = sooner(timeout,
		                 fd < 0 ? LOOK_EVERY_MS : ms_until(set, set->running[i].due_ns));
	}
	pthread_mutex_unlock(&set->lock);
	if (poll(polls, count, timeout) > 0 && polls[0].revents &&
	    read(set->wake_fd, &wakes, sizeof(wakes)) < 0)
		errno = 0; /* the request that woke us is served anyway */
	pthread_mutex_lock(&set->lock);
}

void wt_file_set_enqueue(struct wt_file_set *set, struct wt_set_file *file)
{
	assert(wt_mutex_is_locked(&set->lock));
	push(&set->to_finish, file);
	wt_file_set_wake_finisher(set);
}
