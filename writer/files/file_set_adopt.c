/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the files in the directory that belong to one of the series: those its command has made of
 * it, and those of earlier recordings. */
#include <wiretape/writer/files/file_set_private.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/writer/chunk_file.h>

struct found {
	struct wt_file_set_key key;
	char *name;
	uint64_t bytes;
	uint64_t blocks_bytes; /* what it takes of the disk */
};

struct listing {
	struct found *found;
	size_t count, room;
};

static void free_listing(struct listing *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->found[i].name);
	free(list->found);
	*list = (struct listing){0};
}

static int append(struct listing *list, const struct found *found)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct found *more = reallocarray(list->found, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->found = more;
		list->room = room;
	}
	list->found[list->count] = *found;
	list->found[list->count].name = strdup(found->name);
	return list->found[list->count].name ? (list->count++, 0) : -ENOMEM;
}

static int take_entry(const struct wt_file_set *set, char *name, struct listing *list)
{
	struct found found = {.key = wt_file_set_names_key(&set->names, name), .name = name};
	struct stat status;

	if (!found.key.number || fstatat(set->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(status.st_mode))
		return 0;
	found.bytes = (uint64_t)status.st_size;
	found.blocks_bytes = (uint64_t)status.st_blocks * 512;
	return append(list, &found);
}

/* Order by number, then by file, the plain name first. */
static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order;

	if (x->key.number != y->key.number)
		return x->key.number < y->key.number ? -1 : 1;
	if (x->key.length != y->key.length)
		return x->key.length < y->key.length ? -1 : 1;
	order = strncmp(x->name, y->name, x->key.length);
	if (order)
		return order;
	if (x->key.is_plain != y->key.is_plain)
		return x->key.is_plain ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool are_one_file(const struct found *a, const struct found *b)
{
	return a->key.length == b->key.length && !strncmp(a->name, b->name, a->key.length);
}

/* List the files of the series; of one file only, if `key` is its names' beginning. */
static int list_directory(const struct wt_file_set *set, const char *key, struct listing *list)
{
	/* A separate descriptor: closing a DIR closes its own. */
	int fd = openat(set->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t length = key ? strlen(key) : 0;
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	int rc = entries ? 0 : -errno;
	struct dirent *entry;

	while (!rc && (errno = 0, entry = readdir(entries)))
		if (!key || !strncmp(entry->d_name, key, length))
			rc = take_entry(set, entry->d_name, list);
	if (!rc)
		rc = -errno;
	if (entries)
		closedir(entries);
	else if (fd >= 0)
		close(fd);
	if (list->count)
		qsort(list->found, list->count, sizeof(*list->found), compare);
	return rc;
}

static char *path_of(const struct wt_file_set *set, const char *name)
{
	char *path;

	return asprintf(&path, "%.*s%s", (int)set->names.prefix_length, set->names.path, name) < 0
	               ? NULL
	               : path;
}

/* Give `count` names to the file. */
static int take_parts(struct wt_set_file *file, struct found *found, size_t count,
                      uint64_t *kept_bytes)
{
	char **parts = calloc(count, sizeof(*parts));

	if (!parts)
		return -ENOMEM;
	wt_file_set_free_parts(file);
	*kept_bytes = 0;
	for (size_t i = 0; i < count; i++) {
		parts[i] = found[i].name;
		found[i].name = NULL;
		*kept_bytes += found[i].key.is_work ? found[i].blocks_bytes : found[i].bytes;
	}
	file->parts = parts;
	file->part_count = count;
	return 0;
}

bool wt_file_set_gather(struct wt_file_set *set, struct wt_set_file *file, char **path,
                        uint64_t *bytes, uint64_t *kept_bytes)
{
	const char *base = wt_file_set_names_base(&set->names, wt_file_set_path(file));
	struct wt_file_set_key key = wt_file_set_names_key(&set->names, base);
	struct listing list = {0};
	size_t first = 0, count;
	char *beginning;
	int rc;

	/* A single file has no series. */
	if (!key.number)
		return !wt_file_set_is_missing(set, wt_file_set_path(file));
	beginning = strndup(base, key.length);
	rc = beginning ? list_directory(set, beginning, &list) : -ENOMEM;

	/* Names with more digits belong to others. */
	while (first < list.count && list.found[first].key.length != key.length)
		first++;
	for (count = first;
	     count < list.count && are_one_file(&list.found[first], &list.found[count]);)
		count++;
	count -= first;
	if (!rc && count && strcmp(list.found[first].name, base)) {
		*path = path_of(set, list.found[first].name);
		*bytes = list.found[first].bytes;
	}
	if (!rc && count)
		rc = take_parts(file, list.found + first, count, kept_bytes);
	free_listing(&list);
	free(beginning);
	/* An unknown result is no reason to forget it. */
	return rc || count || !wt_file_set_is_missing(set, wt_file_set_path(file));
}

enum verdict { FOREIGN, OURS, HELD };

/* Whether it is a tape that nobody is writing. */
static enum verdict judge(const struct wt_file_set *set, const struct found *found)
{
	int fd = openat(set->dir_fd, found->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct wt_chunk_file *reader = NULL;
	struct wt_error err;
	int rc;

	if (fd < 0)
		return FOREIGN;
	if (found->key.is_work && flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return HELD;
	}
	rc = wt_chunk_file_open_fd(&reader, fd, 0, &err);
	wt_chunk_file_close(reader);
	close(fd);
	/* A damaged header is still one of ours. */
	return rc && rc != -EBADMSG ? FOREIGN : OURS;
}

/* Without a tape among them only names are left to go by, and two candidates are one too many. */
static bool is_only_one(const struct listing *list, size_t first, size_t count)
{
	uint32_t number = list->found[first].key.number;

	return (!first || list->found[first - 1].key.number != number) &&
	       (first + count == list->count || list->found[first + count].key.number != number);
}

static int adopt(struct wt_file_set *set, struct found *found, size_t count)
{
	char *path = path_of(set, found[0].name);
	struct wt_set_file *file =
	        path ? wt_file_set_new_file(path, found[0].key.number, -1) : NULL;
	int rc = -ENOMEM;

	if (!file) {
		free(path);
		return rc;
	}
	pthread_mutex_lock(&set->lock);
	if (!wt_file_set_add(set, file)) {
		file->state = WT_SET_ENDED;
		set->entries[file->index].finished = !found[0].key.is_work;
		set->entries[file->index].bytes = found[0].bytes;
		set->adopted++;
		rc = take_parts(file, found, count, &file->kept_bytes);
		set->live_bytes += file->kept_bytes;
	} else {
		wt_file_set_free_file(file);
	}
	pthread_mutex_unlock(&set->lock);
	return rc;
}

/* Find our files, as pairs of first and count. HELD if somebody is writing them. */
static int choose(const struct wt_file_set *set, struct listing *list, bool *chosen)
{
	size_t count;

	for (size_t first = 0; first < list->count; first += count) {
		enum verdict verdict = FOREIGN;

		for (count = 1; first + count < list->count &&
		                are_one_file(&list->found[first], &list->found[first + count]);)
			count++;
		if (list->found[first].key.is_plain)
			verdict = judge(set, &list->found[first]);
		else if (is_only_one(list, first, count))
			verdict = OURS;
		if (verdict == HELD)
			return HELD;
		chosen[first] = verdict == OURS;
	}
	return OURS;
}

static int adopt_chosen(struct wt_file_set *set, struct listing *list, const bool *chosen)
{
	int rc = 0;
	size_t count;

	for (size_t first = 0; !rc && first < list->count; first += count) {
		for (count = 1; first + count < list->count &&
		                are_one_file(&list->found[first], &list->found[first + count]);)
			count++;
		if (chosen[first])
			rc = adopt(set, list->found + first, count);
	}
	return rc;
}

int wt_file_set_adopt(struct wt_file_set *set)
{
	struct listing list = {0};
	int rc = list_directory(set, NULL, &list);
	bool *chosen = calloc(list.count ? list.count : 1, sizeof(*chosen));

	if (!rc && !chosen)
		rc = -ENOMEM;
	if (!rc && choose(set, &list, chosen) == HELD)
		wt_file_set_tell(set, false,
		                 "another recording is writing files like %s: those that are there "
		                 "do not count here",
		                 set->names.path);
	else if (!rc)
		rc = adopt_chosen(set, &list, chosen);
	if (!rc && set->adopted)
		wt_file_set_tell(
		        set, false,
		        "%zu files like %s of earlier recordings count (%llu bytes), and go "
		        "first",
		        set->adopted, set->names.path, (unsigned long long)set->live_bytes);
	free(chosen);
	free_listing(&list);
	return rc;
}
