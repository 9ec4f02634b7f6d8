/* SPDX-License-Identifier: BSD-2-Clause */
/* The next file, made ready by the maker while the current one is written. */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>

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
		if (rc != -EEXIST)
			return rc;
	}
	return wt_error_set(err, -ERANGE, "there are no numbers left for files like %s",
	                    set->names.path);
}

void wt_file_set_give_name_back(const struct wt_file_set *set, const struct wt_set_file *file)
{
	const char *base = wt_file_set_names_base(&set->names, file->work_path);
	struct stat status;

	if (file->fd >= 0 && !fstat(file->fd, &status) && !status.st_size &&
	    wt_file_set_has_name(set, file, base))
		unlinkat(set->dir_fd, base, 0);
}

static int open_sink(struct wt_file_set *set, struct wt_set_file *file, struct wt_error *err)
{
	struct wt_sink_config config = set->open_config;
	struct wt_sink_place place;

	wt_file_set_place_of(set, file, &place);
	config.place = &place;
	return set->open(set->open_context, file->work_path, &config, &file->sink, err);
}

static struct wt_set_file *make(struct wt_file_set *set, bool opens, struct wt_error *err)
{
	struct wt_set_file *file;
	char *path = NULL;
	int fd = -1;

	if (take_number(set, &path, &fd, err))
		return NULL;
	file = wt_file_set_new_file(path, set->next_number++, fd);
	if (file && (!opens || !open_sink(set, file, err)))
		return file;
	unlinkat(set->dir_fd, wt_file_set_names_base(&set->names, path), 0);
	if (file) {
		wt_file_set_free_file(file);
	} else {
		close(fd);
		free(path);
		wt_error_set(err, -ENOMEM, "no memory for the next file");
	}
	return NULL;
}

static void tell_next(struct wt_file_set *set)
{
	const uint64_t one = 1;

	assert(wt_mutex_is_locked(&set->lock));
	if (!set->next_awaited || (!set->next && !set->next_error.code))
		return;
	/* Fails only if the counter is full, which tells as well. */
	if (write(set->next_fd, &one, sizeof(one)) < 0)
		errno = 0;
}

/* Somebody may have removed it, as an empty file that does no good. */
static void check_next(struct wt_file_set *set)
{
	struct wt_set_file *file = set->next;
	bool is_there;

	assert(wt_mutex_is_locked(&set->lock));
	pthread_mutex_unlock(&set->lock);
	is_there = wt_file_set_has_name(set, file,
	                                wt_file_set_names_base(&set->names, file->work_path));
	pthread_mutex_lock(&set->lock);
	/* Taken meanwhile, it is the recorder's. */
	if (is_there || set->next != file)
		return;
	set->next = NULL;
	wt_file_set_free_file(file);
}

void wt_file_set_make_next(struct wt_file_set *set)
{
	static const int64_t try_every_ns = 1000000000;
	struct wt_error err = {0};
	struct wt_set_file *file;
	bool opens;

	assert(wt_mutex_is_locked(&set->lock));
	if (set->next)
		check_next(set);
	if (!set->rotates || set->next || set->system.now_ns() < set->next_try_ns)
		return;
	opens = set->open;
	pthread_mutex_unlock(&set->lock);
	file = make(set, opens, &err);
	set->next_try_ns = file ? 0 : set->system.now_ns() + try_every_ns;
	pthread_mutex_lock(&set->lock);
	set->next = file;
	set->next_error = err;
	tell_next(set);
}

static void forget_awaited(struct wt_file_set *set)
{
	uint64_t told;

	/* Not yet told: nothing to read. */
	if (set->next_awaited && read(set->next_fd, &told, sizeof(told)) < 0)
		errno = 0;
	set->next_awaited = false;
}

int wt_file_set_take_next(struct wt_file_set *set, struct wt_set_file **file, struct wt_error *err)
{
	assert(wt_mutex_is_locked(&set->lock));
	if (!set->next && !set->next_error.code) {
		set->next_awaited = true;
		return wt_error_set(err, -EAGAIN, "the next file like %s is not ready yet",
		                    set->names.path);
	}
	forget_awaited(set);
	if (!set->next)
		return wt_error_set(err, set->next_error.code, "%s", set->next_error.text);
	*file = set->next;
	set->next = NULL;
	return 0;
}

bool wt_file_set_is_ready(struct wt_file_set *set)
{
	bool is_ready;

	pthread_mutex_lock(&set->lock);
	is_ready = !set->rotates || set->next || set->next_error.code;
	set->next_awaited |= !is_ready;
	pthread_mutex_unlock(&set->lock);
	return is_ready;
}

uint32_t wt_file_set_next_number(struct wt_file_set *set)
{
	uint32_t number;

	pthread_mutex_lock(&set->lock);
	number = set->next ? set->next->number : 0;
	pthread_mutex_unlock(&set->lock);
	return number;
}

int wt_file_set_fd(const struct wt_file_set *set)
{
	return set->next_fd;
}

void wt_file_set_drop_next(struct wt_file_set *set)
{
	if (!set->next)
		return;
	wt_file_set_give_name_back(set, set->next);
	wt_file_set_free_file(set->next);
	set->next = NULL;
}

bool wt_file_set_drop_unused(struct wt_file_set *set, const char *name)
{
	struct wt_set_file file = {.fd = -1};
	struct stat status;
	bool is_unused;

	if (!wt_file_set_names_key(&set->names, name).is_work)
		return false;
	file.fd = openat(set->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file.fd < 0)
		return false;
	/* Whoever lives has locked it. */
	is_unused = !fstat(file.fd, &status) && S_ISREG(status.st_mode) && !status.st_size &&
	            !flock(file.fd, LOCK_EX | LOCK_NB) && wt_file_set_has_name(set, &file, name) &&
	            !unlinkat(set->dir_fd, name, 0);
	close(file.fd);
	return is_unused;
}
