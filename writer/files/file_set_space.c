/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>

static int make_room(struct wt_file_set *set)
{
	size_t room = set->room ? set->room * 2 : 16;
	struct wt_file_set_entry *entries;
	struct wt_set_file **files;

	assert(wt_mutex_is_locked(&set->lock));
	if (set->count < set->room)
		return 0;
	entries = reallocarray(set->entries, room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	set->entries = entries;
	files = reallocarray(set->files, room, sizeof(struct wt_set_file *));
	if (!files)
		return -ENOMEM;
	set->files = files;
	set->room = room;
	return 0;
}

struct wt_set_file *wt_file_set_add(struct wt_file_set *set, char *path, uint32_t number)
{
	struct wt_set_file *file = calloc(1, sizeof(*file));

	assert(wt_mutex_is_locked(&set->lock));
	if (!file || make_room(set)) {
		free(file);
		return NULL;
	}
	*file = (struct wt_set_file){.index = set->count, .work_path = path, .fd = -1};
	set->entries[set->count] = (struct wt_file_set_entry){.path = path, .number = number};
	set->files[set->count++] = file;
	set->live_files++;
	return file;
}

const char *wt_file_set_path(const struct wt_set_file *file)
{
	return file->final_path ? file->final_path : file->work_path;
}

bool wt_file_set_is_missing(const struct wt_file_set *set, const char *path)
{
	struct stat status;

	return fstatat(set->dir_fd, wt_file_set_names_base(&set->names, path), &status,
	               AT_SYMLINK_NOFOLLOW) &&
	       errno == ENOENT;
}

bool wt_file_set_has_name(const struct wt_file_set *set, const struct wt_set_file *file,
                          const char *name)
{
	struct stat begun, named;

	return !fstat(file->fd, &begun) &&
	       !fstatat(set->dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       begun.st_ino == named.st_ino && begun.st_dev == named.st_dev;
}

static bool is_live(const struct wt_set_file *file)
{
	return file->state != WT_SET_GONE && file->state != WT_SET_STUCK;
}

void wt_file_set_let_go(struct wt_file_set *set, struct wt_set_file *file, enum wt_set_state state)
{
	assert(wt_mutex_is_locked(&set->lock));
	file->state = state;
	set->entries[file->index].deleted = state == WT_SET_GONE;
	set->live_files--;
	set->live_bytes -= file->kept_bytes;
	while (set->oldest < set->count && !is_live(set->files[set->oldest]))
		set->oldest++;
}

/* Delete all parts of a file. -ENOENT if there were none. */
static int unlink_file(const struct wt_file_set *set, const struct wt_set_file *file)
{
	const char *base = wt_file_set_names_base(&set->names, wt_file_set_path(file));
	int rc = -ENOENT;

	if (!file->parts)
		return unlinkat(set->dir_fd, base, 0) ? -errno : 0;
	for (size_t i = 0; i < file->part_count; i++) {
		if (!unlinkat(set->dir_fd, file->parts[i], 0))
			rc = rc == -ENOENT ? 0 : rc;
		else if (errno != ENOENT)
			return -errno;
	}
	return rc;
}

int wt_file_set_delete(struct wt_file_set *set, struct wt_set_file *file)
{
	const char *path = wt_file_set_path(file);
	int rc = unlink_file(set, file);
	bool gone = !rc || rc == -ENOENT;

	assert(file->state == WT_SET_DELETING);
	if (!gone)
		wt_file_set_tell(set, true, "cannot delete %s: %s; it stays, delete it by hand",
		                 path, strerror(-rc));
	pthread_mutex_lock(&set->lock);
	wt_file_set_let_go(set, file, gone ? WT_SET_GONE : WT_SET_STUCK);
	pthread_mutex_unlock(&set->lock);
	return rc;
}

/* Size to count for the file being written: its limit, or else its size so far. Releases the lock
 * meanwhile. */
static uint64_t current_bytes(struct wt_file_set *set)
{
	const struct wt_set_file *last = set->count ? set->files[set->count - 1] : NULL;
	struct stat status = {0};
	const char *base;

	assert(wt_mutex_is_locked(&set->lock));
	if (!last || last->state != WT_SET_BEGUN)
		return 0;
	if (set->config.max_bytes)
		return set->config.max_bytes;
	base = wt_file_set_names_base(&set->names, last->work_path);
	pthread_mutex_unlock(&set->lock);
	if (fstatat(set->dir_fd, base, &status, AT_SYMLINK_NOFOLLOW))
		status.st_size = 0;
	pthread_mutex_lock(&set->lock);
	/* Handed over meanwhile: then it is in live_bytes. */
	return last->state == WT_SET_BEGUN ? (uint64_t)status.st_size : 0;
}

static bool is_too_much(struct wt_file_set *set)
{
	const struct wt_file_set_config *config = &set->config;
	uint64_t current;

	/* Until something is recorded, no earlier file has to make way. */
	if (set->count == set->adopted)
		return false;
	if (config->keep_files && set->live_files > config->keep_files)
		return true;
	if (!config->keep_bytes)
		return false;
	current = current_bytes(set);
	return set->live_bytes + current > config->keep_bytes;
}

/* Skips a file whose command is running or waiting. */
static struct wt_set_file *take_oldest(struct wt_file_set *set)
{
	assert(wt_mutex_is_locked(&set->lock));
	/* A file under exactly the given name is the user's, and may be a device. */
	if (!set->rotates)
		return NULL;
	for (size_t i = set->oldest; i < set->count; i++) {
		if (set->files[i]->state != WT_SET_ENDED)
			continue;
		set->files[i]->state = WT_SET_DELETING;
		return set->files[i];
	}
	return NULL;
}

bool wt_file_set_delete_surplus(struct wt_file_set *set)
{
	struct wt_set_file *oldest = is_too_much(set) ? take_oldest(set) : NULL;

	assert(wt_mutex_is_locked(&set->lock));
	if (!oldest)
		return false;
	pthread_mutex_unlock(&set->lock);
	wt_file_set_delete(set, oldest);
	pthread_mutex_lock(&set->lock);
	return true;
}

/* Format "10 GiB", in the unit in which it was probably meant. */
static const char *format_bytes(char *text, size_t size, uint64_t bytes)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"GB", 1000000000},
	             {"MiB", 1ull << 20}, {"MB", 1000000},     {"KiB", 1ull << 10},
	             {"kB", 1000},        {"bytes", 1}};
	size_t i = 0;

	while (units[i].bytes > 1 && (bytes < units[i].bytes || bytes % units[i].bytes))
		i++;
	snprintf(text, size, "%" PRIu64 " %s", bytes / units[i].bytes, units[i].name);
	return text;
}

/* Whether one was deleted or already gone; *freed grows by the space it should give back. */
static bool delete_oldest(struct wt_file_set *set, uint64_t *freed)
{
	struct wt_set_file *file;
	uint64_t bytes = 0;
	char limit[32];

	pthread_mutex_lock(&set->lock);
	file = take_oldest(set);
	if (file)
		bytes = file->kept_bytes;
	pthread_mutex_unlock(&set->lock);
	if (!file)
		return false;
	if (wt_file_set_delete(set, file))
		return true;
	*freed += bytes;
	wt_file_set_tell(set, false, "deleted %s (%" PRIu64 " bytes): less than %s free",
	                 wt_file_set_path(file), bytes,
	                 format_bytes(limit, sizeof(limit), set->config.min_free_bytes));
	return true;
}

static void tell_of_unknown_space(struct wt_file_set *set, int error)
{
	bool told;

	pthread_mutex_lock(&set->lock);
	told = set->told_unknown_space;
	set->told_unknown_space = true;
	pthread_mutex_unlock(&set->lock);
	if (!told)
		wt_file_set_tell(set, true,
		                 "cannot tell how much space is free beside %s: %s; recording "
		                 "goes on without looking",
		                 set->names.path, strerror(error));
}

/* Space that is missing. */
static uint64_t missing_bytes(struct wt_file_set *set)
{
	struct statvfs status;
	uint64_t unit_bytes, free_bytes;

	if (set->system.fstatvfs(set->dir_fd, &status)) {
		tell_of_unknown_space(set, errno);
		return 0;
	}
	/* A file system without a size (/proc, some of FUSE's) tells nothing. */
	if (!status.f_blocks)
		return 0;
	unit_bytes = status.f_frsize;
	if (__builtin_mul_overflow((uint64_t)status.f_bavail, unit_bytes, &free_bytes))
		return 0;
	return free_bytes < set->config.min_free_bytes ? set->config.min_free_bytes - free_bytes
	                                               : 0;
}

/* Btrfs and others give space back seconds after a file is gone. On other file systems the next
 * look is right at once; on these, no more is deleted than was missing, and the next look tells. */
static bool make_space(struct wt_file_set *set)
{
	uint64_t missing = missing_bytes(set);
	uint64_t wanted = missing, freed = 0;

	for (; missing; missing = missing_bytes(set)) {
		if (!set->config.min_free_deletes)
			return false;
		if (freed >= wanted)
			return true;
		if (!delete_oldest(set, &freed))
			return false;
	}
	return true;
}

bool wt_file_set_has_space(struct wt_file_set *set)
{
	bool enough = set->config.min_free_bytes ? make_space(set) : true;

	/* The background may have wanted to delete the same file, and the current one has grown. */
	if (set->config.keep_files || set->config.keep_bytes) {
		pthread_mutex_lock(&set->lock);
		wt_file_set_wake(set);
		pthread_mutex_unlock(&set->lock);
	}
	return enough;
}
