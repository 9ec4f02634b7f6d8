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

/* Delete all parts of a file. -ENOENT if there were none. */
static int unlink_file(struct wt_file_set *set, const struct wt_set_file *file)
{
	const char *base = wt_file_set_names_base(&set->names, wt_file_set_path(file));
	int rc = -ENOENT, part_rc;

	if (!file->parts)
		return wt_eraser_unlink(&set->eraser, set->dir_fd, base, set->written_bytes);
	for (size_t i = 0; i < file->part_count; i++) {
		part_rc = wt_eraser_unlink(&set->eraser, set->dir_fd, file->parts[i],
		                           set->written_bytes);
		if (!part_rc)
			rc = 0;
		else if (part_rc != -ENOENT)
			return part_rc;
	}
	return rc;
}

/* Delete a file that was put into WT_SET_DELETING; releases the lock meanwhile. -ENOENT if it was
 * already gone, which is fine; other errors become events. */
static int delete_file(struct wt_file_set *set, struct wt_set_file *file)
{
	const char *path = wt_file_set_path(file);
	bool gone;
	int rc;

	assert(wt_mutex_is_locked(&set->lock));
	pthread_mutex_unlock(&set->lock);
	rc = unlink_file(set, file);
	gone = !rc || rc == -ENOENT;
	if (!gone)
		wt_file_set_tell(set, true, "cannot delete %s: %s; it stays, delete it by hand",
		                 path, strerror(-rc));
	pthread_mutex_lock(&set->lock);
	wt_file_set_let_go(set, file, gone ? WT_SET_GONE : WT_SET_STUCK);
	return rc;
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

/* See how large the current file is, and how much that is with those before it. Releases the lock
 * meanwhile. */
static void look_at_current(struct wt_file_set *set)
{
	const struct wt_set_file *last = set->count ? set->files[set->count - 1] : NULL;
	uint64_t bytes = set->ended_bytes;
	struct stat status = {0};
	const char *base;

	assert(wt_mutex_is_locked(&set->lock));
	if (last && last->state == WT_SET_BEGUN) {
		base = wt_file_set_names_base(&set->names, last->work_path);
		pthread_mutex_unlock(&set->lock);
		if (fstatat(set->dir_fd, base, &status, AT_SYMLINK_NOFOLLOW))
			status.st_size = 0;
		pthread_mutex_lock(&set->lock);
		bytes += (uint64_t)status.st_size;
	}
	set->current_bytes = (uint64_t)status.st_size;
	if (bytes > set->written_bytes)
		set->written_bytes = bytes;
}

/* The file being written counts as its limit, or else as its size so far. */
static bool is_too_much(struct wt_file_set *set)
{
	const struct wt_file_set_config *config = &set->config;
	const struct wt_set_file *last = set->files[set->count - 1];
	uint64_t current = config->max_bytes ? config->max_bytes : set->current_bytes;

	if (config->keep_files && set->live_files > config->keep_files)
		return true;
	/* Handed over meanwhile, it is in live_bytes. */
	if (last->state != WT_SET_BEGUN)
		current = 0;
	return config->keep_bytes && set->live_bytes + current > config->keep_bytes;
}

static bool delete_surplus(struct wt_file_set *set)
{
	struct wt_set_file *oldest = is_too_much(set) ? take_oldest(set) : NULL;

	if (oldest)
		delete_file(set, oldest);
	return oldest;
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

static void tell_of_unknown_space(struct wt_file_set *set, int error)
{
	if (!set->told_unknown_space)
		wt_file_set_tell(set, true,
		                 "cannot tell how much space is free beside %s: %s; recording "
		                 "goes on without looking",
		                 set->names.path, strerror(error));
	set->told_unknown_space = true;
}

static uint64_t free_bytes_of(struct wt_file_set *set)
{
	struct statvfs status;
	uint64_t unit_bytes, free_bytes;

	if (set->system.fstatvfs(set->dir_fd, &status)) {
		if (set->config.min_free_bytes)
			tell_of_unknown_space(set, errno);
		return UINT64_MAX;
	}
	unit_bytes = status.f_frsize;
	/* A file system without a size (/proc, some of FUSE's) tells nothing. */
	if (!status.f_blocks ||
	    __builtin_mul_overflow((uint64_t)status.f_bavail, unit_bytes, &free_bytes))
		return UINT64_MAX;
	return free_bytes;
}

void wt_file_set_look_for_space(struct wt_file_set *set)
{
	assert(wt_mutex_is_locked(&set->lock));
	pthread_mutex_unlock(&set->lock);
	atomic_store(&set->free_bytes, free_bytes_of(set));
	pthread_mutex_lock(&set->lock);
}

/* Space that is missing even when all that is deleted has been taken away. */
static uint64_t missing_bytes(const struct wt_file_set *set)
{
	uint64_t sum, least = set->config.min_free_bytes;

	if (__builtin_add_overflow(atomic_load(&set->free_bytes), set->eraser.left_bytes, &sum))
		return 0;
	return sum < least ? least - sum : 0;
}

/* Btrfs and others give space back seconds after a file is gone. So what was deleted counts for a
 * second, or until as much as it should have left over has been written; on other file systems
 * nothing is missing before. */
static bool is_covered(struct wt_file_set *set, uint64_t missing)
{
	static const int64_t shown_after_ns = 1000000000;
	struct wt_set_shortage *shortage = &set->shortage;
	int64_t now_ns = set->system.now_ns();

	if (!shortage->missing_bytes || now_ns - shortage->noticed_ns >= shown_after_ns ||
	    (shortage->deleted_bytes >= shortage->missing_bytes &&
	     set->written_bytes - shortage->written_bytes >
	             shortage->deleted_bytes - shortage->missing_bytes))
		*shortage = (struct wt_set_shortage){.noticed_ns = now_ns,
		                                     .missing_bytes = missing,
		                                     .written_bytes = set->written_bytes};
	return shortage->deleted_bytes >= shortage->missing_bytes;
}

static void delete_for_space(struct wt_file_set *set, struct wt_set_file *file)
{
	uint64_t bytes = file->kept_bytes;
	char limit[32];

	if (delete_file(set, file))
		return;
	set->shortage.deleted_bytes += bytes;
	wt_file_set_tell(set, false, "deleted %s (%" PRIu64 " bytes): less than %s free",
	                 wt_file_set_path(file), bytes,
	                 format_bytes(limit, sizeof(limit), set->config.min_free_bytes));
}

static bool make_space(struct wt_file_set *set)
{
	uint64_t missing = missing_bytes(set);
	struct wt_set_file *oldest = NULL;

	if (!missing)
		set->shortage = (struct wt_set_shortage){0};
	if (!missing || is_covered(set, missing)) {
		atomic_store(&set->lacks_space, false);
		return false;
	}
	if (set->config.min_free_deletes)
		oldest = take_oldest(set);
	if (oldest)
		delete_for_space(set, oldest);
	else
		atomic_store(&set->lacks_space, true);
	return oldest;
}

bool wt_file_set_delete_one(struct wt_file_set *set)
{
	look_at_current(set);
	wt_file_set_look_for_space(set);
	/* Until something is recorded, no earlier file has to make way. */
	return set->count > set->adopted && (delete_surplus(set) || make_space(set));
}

static uint64_t least_free_bytes(const struct wt_file_set *set)
{
	static const uint64_t good_bytes = 1 << 30;

	return set->config.min_free_bytes ? set->config.min_free_bytes : good_bytes;
}

bool wt_file_set_is_short(const struct wt_file_set *set)
{
	return atomic_load(&set->free_bytes) < least_free_bytes(set);
}

/* Before the fastest disk has written half of what is left. */
int64_t wt_file_set_look_due_ns(const struct wt_file_set *set)
{
	static const uint64_t bytes_per_ms = 8 << 20;
	enum { LEAST_MS = 20, MOST_MS = 1000 };
	uint64_t least = set->config.min_free_bytes, ms = 0;
	uint64_t free_bytes = atomic_load(&set->free_bytes);

	if (free_bytes > least)
		ms = (free_bytes - least) / bytes_per_ms;
	ms = ms < LEAST_MS ? LEAST_MS : ms > MOST_MS ? MOST_MS : ms;
	return set->system.now_ns() + (int64_t)ms * 1000000;
}

bool wt_file_set_has_space(const struct wt_file_set *set)
{
	return !atomic_load(&set->lacks_space);
}
