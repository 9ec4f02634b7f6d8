/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>

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
	if (rc)
		return rc;
	set->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (set->wake_fd < 0)
		return wt_error_set(err, -errno, "no descriptor for the files' thread: %s",
		                    strerror(errno));
	return 0;
}

int wt_file_set_open(struct wt_file_set **set, const struct wt_file_set_config *config,
                     struct wt_error *err)
{
	struct wt_file_set *opening;
	int rc = check_config(config, err);

	*set = NULL;
	if (rc)
		return rc;
	opening = calloc(1, sizeof(*opening));
	if (!opening)
		return wt_error_set(err, -ENOMEM, "no memory for the files");
	opening->system = (struct wt_file_set_system){fstatvfs, wt_file_set_renameat2, linkat,
	                                              pthread_create};
	opening->rotates = has_condition(config);
	opening->dir_fd = opening->wake_fd = -1;
	opening->next_number = 1;
	opening->last_event = &opening->first_event;
	pthread_mutex_init(&opening->lock, NULL);
	pthread_mutex_init(&opening->event_lock, NULL);
	pthread_cond_init(&opening->settled, NULL);
	rc = set_up(opening, config, err);
	if (rc) {
		wt_file_set_close(opening);
		return rc;
	}
	*set = opening;
	return 0;
}

bool wt_file_set_rotates(const struct wt_file_set *set)
{
	return set->rotates;
}

/* Locked at once, so that another recording sees that it is being written. */
static int create(const struct wt_file_set *set, const char *path)
{
	mode_t mode = set->config.mode;
	int fd = openat(set->dir_fd, wt_file_set_names_base(&set->names, path),
	                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, WT_FILE_MODE);

	if (fd < 0)
		return -errno;
	/* Some file systems lack locks or modes. */
	if (flock(fd, LOCK_EX | LOCK_NB) || (mode && fchmod(fd, mode)))
		errno = 0;
	return fd;
}

/* Create an empty file that takes the name; if it is taken, try the next number. */
static int take_number(struct wt_file_set *set, char **path, int *fd, struct wt_error *err)
{
	for (; set->next_number; set->next_number++) {
		int rc;

		*path = wt_file_set_names_work(&set->names, set->next_number);
		if (!*path)
			return wt_error_set(err, -ENOMEM, "no memory for the names of files");
		*fd = create(set, *path);
		if (*fd >= 0)
			return 0;
		rc = *fd;
		if (rc != -EEXIST)
			wt_error_set(err, rc, "cannot write %s: %s", *path, strerror(-rc));
		free(*path);
		*path = NULL;
		if (rc != -EEXIST)
			return rc;
	}
	return wt_error_set(err, -ERANGE, "there are no numbers left for files like %s",
	                    set->names.path);
}

static int take_path(struct wt_file_set *set, char **path, int *fd, struct wt_error *err)
{
	if (set->rotates)
		return take_number(set, path, fd, err);
	if (set->begun)
		return wt_error_set(err, -EALREADY, "%s is the only file of its recording",
		                    set->names.path);
	*path = strdup(set->names.path);
	return *path ? 0 : wt_error_set(err, -ENOMEM, "no memory for the names of files");
}

static int add_file(struct wt_file_set *set, char *path, int fd, int64_t utc_ns)
{
	struct wt_set_file *file;

	pthread_mutex_lock(&set->lock);
	file = wt_file_set_add(set, path, set->next_number);
	if (file) {
		file->fd = fd;
		file->begun_utc_ns = utc_ns;
		/* The new file may be one too many. */
		wt_file_set_wake(set);
	}
	pthread_mutex_unlock(&set->lock);
	return file ? 0 : -ENOMEM;
}

int wt_file_set_begin(struct wt_file_set *set, int64_t monotonic_ns, int64_t utc_ns,
                      const char **path, uint32_t *number, struct wt_error *err)
{
	char *taken = NULL;
	int fd = -1, rc = take_path(set, &taken, &fd, err);

	if (rc)
		return rc;
	rc = add_file(set, taken, fd, utc_ns);
	if (rc) {
		if (set->rotates)
			unlinkat(set->dir_fd, wt_file_set_names_base(&set->names, taken), 0);
		if (fd >= 0)
			close(fd);
		free(taken);
		return wt_error_set(err, rc, "no memory for the list of files");
	}
	set->begun = true;
	set->begun_monotonic_ns = monotonic_ns;
	set->begun_utc_ns = utc_ns;
	*path = taken;
	*number = set->next_number++;
	return 0;
}

void wt_file_set_place(const struct wt_file_set *set, struct wt_sink_place *place)
{
	const struct wt_set_file *last = set->files[set->count - 1];

	*place = (struct wt_sink_place){
	        .dir_fd = set->dir_fd,
	        .name = wt_file_set_names_base(&set->names, last->work_path),
	        .fd = last->fd,
	        .mode = set->config.mode,
	};
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

/* A name that was taken and never written under. */
static void drop_if_empty(const struct wt_file_set *set, const struct wt_set_file *file)
{
	const char *base = wt_file_set_names_base(&set->names, file->work_path);
	struct stat status;

	if (file->fd >= 0 && file->state == WT_SET_BEGUN && !fstat(file->fd, &status) &&
	    !status.st_size && wt_file_set_has_name(set, file, base))
		unlinkat(set->dir_fd, base, 0);
}

static void free_files(struct wt_file_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		drop_if_empty(set, set->files[i]);
		if (set->files[i]->fd >= 0)
			close(set->files[i]->fd);
		wt_file_set_free_parts(set->files[i]);
		free(set->files[i]->work_path);
		free(set->files[i]->final_path);
		free(set->files[i]);
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
	free_files(set);
	wt_file_set_forget_events(set);
	if (set->wake_fd >= 0)
		close(set->wake_fd);
	if (set->dir_fd >= 0)
		close(set->dir_fd);
	pthread_cond_destroy(&set->settled);
	pthread_mutex_destroy(&set->event_lock);
	pthread_mutex_destroy(&set->lock);
	wt_file_set_names_fini(&set->names);
	free(set->on_close);
	free(set);
}
