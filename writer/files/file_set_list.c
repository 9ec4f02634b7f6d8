/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a set: their entries, and what is known of each. */
#include <wiretape/writer/files/file_set_private.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

struct wt_set_file *wt_file_set_new_file(char *path, uint32_t number, int fd)
{
	struct wt_set_file *file = calloc(1, sizeof(*file));

	if (file)
		*file = (struct wt_set_file){.number = number, .work_path = path, .fd = fd};
	return file;
}

void wt_file_set_free_parts(struct wt_set_file *file)
{
	for (size_t i = 0; i < file->part_count; i++)
		free(file->parts[i]);
	free(file->parts);
	file->parts = NULL;
	file->part_count = 0;
}

void wt_file_set_free_file(struct wt_set_file *file)
{
	/* Nothing was written to it: that removes it. */
	wt_sink_close(file->sink, false);
	if (file->fd >= 0)
		close(file->fd);
	wt_file_set_free_parts(file);
	free(file->work_path);
	free(file->final_path);
	free(file);
}

int wt_file_set_add(struct wt_file_set *set, struct wt_set_file *file)
{
	assert(wt_mutex_is_locked(&set->lock));
	if (make_room(set))
		return -ENOMEM;
	file->index = set->count;
	set->entries[set->count] =
	        (struct wt_file_set_entry){.path = file->work_path, .number = file->number};
	set->files[set->count++] = file;
	set->live_files++;
	return 0;
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

void wt_file_set_place_of(const struct wt_file_set *set, const struct wt_set_file *file,
                          struct wt_sink_place *place)
{
	*place = (struct wt_sink_place){
	        .dir_fd = set->dir_fd,
	        .name = wt_file_set_names_base(&set->names, file->work_path),
	        .fd = file->fd,
	        .mode = set->config.mode,
	        .free_bytes = &set->free_bytes,
	};
}
