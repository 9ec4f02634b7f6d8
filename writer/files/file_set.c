/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>
#include <wiretape/writer/disk/disk_private.h>

static bool has_condition(const struct wt_file_set_config *config)
{
	return config->max_bytes || config->max_packets || config->duration_ns ||
	       config->interval_ns;
}

static int check_config(const struct wt_file_set_config *config, struct wt_error *err)
{
	if (!config->path || !*config->path || config->duration_ns < 0 || config->interval_ns < 0)
		return wt_error_set(err, -EINVAL, "no path for the file, or a negative time");
	if (!has_condition(config) && config->keep_files)
		return wt_error_set(err, -EINVAL,
		                    "files:N needs a condition such as filesize: that says when "
		                    "to begin the next file");
	if (!has_condition(config) && config->keep_bytes)
		return wt_error_set(err, -EINVAL,
		                    "keeping %llu bytes needs a condition such as filesize: that "
		                    "says when to begin the next file",
		                    (unsigned long long)config->keep_bytes);
	if (config->keep_bytes && config->max_bytes > config->keep_bytes)
		return wt_error_set(err, -EINVAL,
		                    "one file of %llu bytes is more than the %llu to keep: make "
		                    "files smaller or keep more",
		                    (unsigned long long)config->max_bytes,
		                    (unsigned long long)config->keep_bytes);
	return 0;
}

static int copy_config(struct wt_file_set *set, const struct wt_file_set_config *config,
                       struct wt_error *err)
{
	int rc = wt_file_set_names_init(&set->names, config->path, set->rotates, err);

	if (rc)
		return rc;
	if (config->on_close && *config->on_close) {
		set->on_close = strdup(config->on_close);
		if (!set->on_close)
			return wt_error_set(err, -ENOMEM, "no memory for the command");
	}
	set->config = *config;
	set->config.path = set->names.path;
	set->config.on_close = set->on_close;
	if (!set->config.on_close_timeout_ns)
		set->config.on_close_timeout_ns = (int64_t)3600 * 1000000000;
	return 0;
}

/* A single file asks less of its directory: that of a device or of /dev/fd is neither readable nor
 * writable for everybody. */
static int open_directory(struct wt_file_set *set, struct wt_error *err)
{
	char *directory = wt_file_set_names_directory(&set->names);
	int rc = 0;

	if (!directory)
		return wt_error_set(err, -ENOMEM, "no memory for the names of files");
	set->dir_fd = open(directory, (set->rotates ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC);
	if (set->dir_fd < 0)
		rc = wt_error_set(err, -errno, "cannot open the directory %s: %s", directory,
		                  strerror(errno));
	else if (set->rotates && faccessat(set->dir_fd, ".", W_OK | X_OK, AT_EACCESS))
		rc = wt_error_set(err, -errno,
		                  "cannot make files in the directory %s: %s; choose one that "
		                  "is writable",
		                  directory, strerror(errno));
	free(directory);
	return rc;
}

static int find_highest(struct wt_file_set *set, DIR *entries)
{
	for (;;) {
		const struct dirent *entry;
		uint32_t number;

		errno = 0;
		entry = readdir(entries);
		if (!entry)
			return -errno;
		number = wt_file_set_names_number(&set->names, entry->d_name);
		if (number && !set->config.no_adopt && wt_file_set_drop_unused(set, entry->d_name))
			continue;
		if (number >= set->next_number)
			set->next_number = number + 1;
	}
}

/* A restarted recording continues after the highest number in use. */
static int scan_directory(struct wt_file_set *set, struct wt_error *err)
{
	/* A separate descriptor: closing a DIR closes its own. */
	int fd = openat(set->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	int rc = entries ? find_highest(set, entries) : -errno;

	if (entries)
		closedir(entries);
	else if (fd >= 0)
		close(fd);
	if (rc)
		return wt_error_set(err, rc, "cannot list the directory of %s: %s", set->names.path,
		                    strerror(-rc));
	return 0;
}

/* Earlier files matter only then. */
static bool keeps_less_than_all(const struct wt_file_set *set)
{
	const struct wt_file_set_config *config = &set->config;

	return set->rotates && !config->no_adopt &&
	       (config->keep_files || config->keep_bytes || config->min_free_deletes);
}

static int open_events(struct wt_file_set *set, struct wt_error *err)
{
	set->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	set->next_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return set->wake_fd < 0 || set->next_fd < 0
	               ? wt_error_set(err, -errno, "no descriptor for the threads of files: %s",
	                              strerror(errno))
	               : 0;
}

/* The first file is there before the recording begins. */
static int make_first(struct wt_file_set *set, struct wt_error *err)
{
	int rc;

	pthread_mutex_lock(&set->lock);
	wt_file_set_make_next(set);
	wt_file_set_look_for_space(set);
	rc = set->next_error.code;
	pthread_mutex_unlock(&set->lock);
	return rc ? wt_error_set(err, rc, "%s", set->next_error.text) : 0;
}

static int set_up(struct wt_file_set *set, const struct wt_file_set_config *config,
                  struct wt_error *err)
{
	int rc = copy_config(set, config, err);

	if (!rc)
		rc = open_directory(set, err);
	if (!rc && set->rotates)
		rc = scan_directory(set, err);
	if (!rc && keeps_less_than_all(set)) {
		rc = wt_file_set_adopt(set);
		if (rc)
			wt_error_set(err, rc, "cannot look at earlier files like %s: %s",
			             set->names.path, strerror(-rc));
	}
	if (!rc)
		rc = open_events(set, err);
	if (!rc)
		rc = make_first(set, err);
	return rc ? rc : wt_file_set_start(set, err);
}

const struct wt_file_set_system wt_file_set_system = {
        .now_ns = wt_disk_now_ns,
        .fstatvfs = fstatvfs,
        .renameat2 = wt_file_set_renameat2,
        .linkat = linkat,
        .thread_create = pthread_create,
};

/* Waits are on CLOCK_MONOTONIC. */
static void init_locks(struct wt_file_set *set)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&set->lock, NULL);
	pthread_mutex_init(&set->event_lock, NULL);
	pthread_cond_init(&set->settled, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&set->maker.wake, &monotonic);
	pthread_cond_init(&set->keeper.wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int wt_file_set_open_on(struct wt_file_set **set, const struct wt_file_set_config *config,
                        const struct wt_file_set_system *system, struct wt_error *err)
{
	struct wt_file_set *opening;
	int rc = check_config(config, err);

	*set = NULL;
	if (rc)
		return rc;
	opening = calloc(1, sizeof(*opening));
	if (!opening)
		return wt_error_set(err, -ENOMEM, "no memory for the files");
	opening->system = *system;
	opening->rotates = has_condition(config);
	opening->dir_fd = opening->wake_fd = opening->next_fd = -1;
	opening->next_number = config->first_number ? config->first_number : 1;
	opening->free_bytes = UINT64_MAX;
	opening->last_event = &opening->first_event;
	init_locks(opening);
	rc = set_up(opening, config, err);
	if (rc) {
		wt_file_set_close(opening);
		return rc;
	}
	*set = opening;
	return 0;
}

int wt_file_set_open(struct wt_file_set **set, const struct wt_file_set_config *config,
                     struct wt_error *err)
{
	return wt_file_set_open_on(set, config, &wt_file_set_system, err);
}

bool wt_file_set_rotates(const struct wt_file_set *set)
{
	return set->rotates;
}

static int take_path(struct wt_file_set *set, struct wt_set_file **file, struct wt_error *err)
{
	char *path;

	if (set->begun)
		return wt_error_set(err, -EALREADY, "%s is the only file of its recording",
		                    set->names.path);
	path = strdup(set->names.path);
	*file = path ? wt_file_set_new_file(path, 1, -1) : NULL;
	if (*file)
		return 0;
	free(path);
	return wt_error_set(err, -ENOMEM, "no memory for the names of files");
}

/* The caller has the lock. */
static int add_next(struct wt_file_set *set, struct wt_set_file **file, struct wt_error *err)
{
	int rc = set->rotates ? wt_file_set_take_next(set, file, err) : take_path(set, file, err);

	if (rc)
		return rc;
	if (wt_file_set_add(set, *file)) {
		/* It is not ready for anybody else either. */
		set->next = *file;
		return wt_error_set(err, -ENOMEM, "no memory for the list of files");
	}
	/* The new file may be one too many, and another is needed. */
	wt_file_set_wake(set, &set->keeper);
	wt_file_set_wake(set, &set->maker);
	return 0;
}

int wt_file_set_begin(struct wt_file_set *set, int64_t monotonic_ns, int64_t utc_ns,
                      const char **path, uint32_t *number, struct wt_error *err)
{
	struct wt_set_file *file;
	int rc;

	pthread_mutex_lock(&set->lock);
	rc = add_next(set, &file, err);
	if (!rc)
		file->begun_utc_ns = utc_ns;
	pthread_mutex_unlock(&set->lock);
	if (rc)
		return rc;
	set->begun = true;
	set->begun_monotonic_ns = monotonic_ns;
	set->begun_utc_ns = utc_ns;
	*path = file->work_path;
	*number = file->number;
	return 0;
}

void wt_file_set_place(const struct wt_file_set *set, struct wt_sink_place *place)
{
	wt_file_set_place_of(set, set->files[set->count - 1], place);
}

void wt_file_set_open_ahead(struct wt_file_set *set, wt_file_set_opener *open, void *context,
                            const struct wt_sink_config *config)
{
	pthread_mutex_lock(&set->lock);
	set->open = open;
	set->open_context = context;
	set->open_config = *config;
	pthread_mutex_unlock(&set->lock);
}

struct wt_sink *wt_file_set_take_sink(struct wt_file_set *set)
{
	struct wt_set_file *last = set->files[set->count - 1];
	struct wt_sink *sink = last->sink;

	last->sink = NULL;
	return sink;
}

/* The file begun and not handed over, or NULL. Nearly always the last. */
static struct wt_set_file *find_begun(struct wt_file_set *set, uint32_t number)
{
	assert(wt_mutex_is_locked(&set->lock));
	for (size_t i = set->count; i-- > 0;)
		if (set->entries[i].number == number)
			return set->files[i]->state == WT_SET_BEGUN ? set->files[i] : NULL;
	return NULL;
}

void wt_file_set_finish(struct wt_file_set *set, uint32_t number, uint64_t bytes, uint64_t packets,
                        int (*finish)(void *context), void *context)
{
	struct wt_set_file *file;

	pthread_mutex_lock(&set->lock);
	file = find_begun(set, number);
	if (file) {
		set->entries[file->index].bytes = bytes;
		set->entries[file->index].packets = packets;
		file->finish = finish;
		file->context = context;
		file->state = WT_SET_HANDED_OVER;
		file->kept_bytes = bytes;
		set->live_bytes += bytes;
		set->ended_bytes += bytes;
		wt_file_set_enqueue(set, file);
	}
	pthread_mutex_unlock(&set->lock);
	if (file)
		return;
	finish(context);
	wt_file_set_tell(set, true, "file number %u was finished without having been begun",
	                 number);
}

size_t wt_file_set_files(struct wt_file_set *set, const struct wt_file_set_entry **files)
{
	size_t count;

	pthread_mutex_lock(&set->lock);
	*files = set->entries ? set->entries + set->adopted : NULL;
	count = set->count - set->adopted;
	pthread_mutex_unlock(&set->lock);
	return count;
}

static void free_files(struct wt_file_set *set)
{
	wt_file_set_drop_next(set);
	for (size_t i = 0; i < set->count; i++) {
		if (set->files[i]->state == WT_SET_BEGUN)
			wt_file_set_give_name_back(set, set->files[i]);
		wt_file_set_free_file(set->files[i]);
	}
	free(set->files);
	free(set->entries);
}

void wt_file_set_close(struct wt_file_set *set)
{
	if (!set)
		return;
	wt_file_set_settle(set);
	wt_file_set_stop(set);
	wt_eraser_fini(&set->eraser);
	free_files(set);
	wt_file_set_forget_events(set);
	if (set->wake_fd >= 0)
		close(set->wake_fd);
	if (set->next_fd >= 0)
		close(set->next_fd);
	if (set->dir_fd >= 0)
		close(set->dir_fd);
	pthread_cond_destroy(&set->maker.wake);
	pthread_cond_destroy(&set->keeper.wake);
	pthread_cond_destroy(&set->settled);
	pthread_mutex_destroy(&set->event_lock);
	pthread_mutex_destroy(&set->lock);
	wt_file_set_names_fini(&set->names);
	free(set->on_close);
	free(set);
}
