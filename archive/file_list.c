/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/file_list.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/base/grow.h>
#include <wiretape/pcapng/pcapng_decode.h>

enum { SECTION_BYTES = 64 * 1024 }; /* where a section header has to end */

/* The parts of DIR/NAME.EXT. */
struct name {
	char *directory; /* "DIR/" or "" */
	const char *stem;
	size_t stem_length;
	const char *extension; /* ".EXT" or "" */
};

/* A file by a name that one of a lane has. */
struct candidate {
	char *base;
	uint64_t number; /* in the name; 0: none */
	struct wt_tape_mark mark;
};

struct candidates {
	struct candidate *list;
	size_t count, room;
};

static int no_memory(const char *path, struct wt_error *err)
{
	return wt_error_set(err, -ENOMEM, "no memory for the files of %s", path);
}

static size_t set_of(struct wt_file_list *list, const struct wt_listed_file *file)
{
	for (size_t i = file->is_lane ? list->file_count : 0; i; i--)
		if (list->files[i - 1].is_lane &&
		    list->files[i - 1].mark.recording == file->mark.recording)
			return list->files[i - 1].set;
	return list->sets++;
}

/* Take a path on the heap; free it where there is no room. */
static int append(struct wt_file_list *list, char *path, const struct wt_listed_file *file)
{
	size_t set = set_of(list, file);
	char **place = path ? wt_grow((void **)&list->paths, &list->count, &list->room,
	                              sizeof(*list->paths))
	                    : NULL;
	struct wt_listed_file *added = place ? wt_grow((void **)&list->files, &list->file_count,
	                                               &list->file_room, sizeof(*list->files))
	                                     : NULL;

	if (!added) {
		list->count -= place != NULL;
		free(path);
		return -ENOMEM;
	}
	*place = path;
	*added = *file;
	added->set = set;
	added->argument = list->arguments;
	return 0;
}

/* The last dot begins the extension, unless it only makes the name a hidden one. */
static int split(struct name *name, const char *path)
{
	const char *slash = strrchr(path, '/'), *dot;

	name->stem = slash ? slash + 1 : path;
	dot = strrchr(name->stem, '.');
	name->extension = dot && dot != name->stem ? dot : name->stem + strlen(name->stem);
	name->stem_length = (size_t)(name->extension - name->stem);
	name->directory = strndup(path, (size_t)(name->stem - path));
	return name->directory ? 0 : -ENOMEM;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* Whether it ends with the extension, also while it is being written. */
static bool ends_right(const char *text, const char *extension)
{
	static const char work_suffix[] = ".part";
	size_t length = strlen(text), wanted = strlen(extension);

	if (length > sizeof(work_suffix) - 1 &&
	    !strcmp(text + length - (sizeof(work_suffix) - 1), work_suffix))
		length -= sizeof(work_suffix) - 1;
	return length >= wanted && !memcmp(text + length - wanted, extension, wanted);
}

/* Whether it may be a lane's: "NAME_q0.EXT", or with a number "NAME_q0_00001…EXT". */
static bool fits(const struct name *name, const char *base, uint64_t *number)
{
	size_t digits;

	if (strncmp(base, name->stem, name->stem_length) != 0)
		return false;
	base += name->stem_length;
	if (strncmp(base, "_q", 2) != 0 || !(digits = count_digits(base + 2)))
		return false;
	base += 2 + digits;
	*number = *base == '_' ? strtoull(base + 1, NULL, 10) : 0;
	return *number ? ends_right(base, name->extension) : !strcmp(base, name->extension);
}

static bool parse_mark(const uint8_t *bytes, size_t length, struct wt_tape_mark *mark)
{
	struct wt_pcapng_decoder decoder;
	struct wt_pcapng_item item;
	bool is_tape;

	wt_pcapng_decoder_init(&decoder);
	is_tape = wt_pcapng_decode(&decoder, bytes, length, true, &item, NULL) > 0 &&
	          item.kind == WT_ITEM_SECTION && item.section.tape.chars &&
	          wt_tape_mark_parse(item.section.tape.chars, item.section.tape.length, mark);
	wt_pcapng_decoder_fini(&decoder);
	return is_tape;
}

/* Look whether a file is of a recording in lanes. Nothing but a regular file is opened. */
static bool is_lane(int directory, const char *path, struct wt_tape_mark *mark)
{
	uint8_t bytes[SECTION_BYTES];
	struct stat status;
	ssize_t got;
	int fd;

	if (fstatat(directory, path, &status, 0) || !S_ISREG(status.st_mode))
		return false;
	fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	got = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	return got > 0 && parse_mark(bytes, (size_t)got, mark) && mark->has_recording &&
	       mark->lanes;
}

static int consider(struct candidates *candidates, const struct name *name, int directory,
                    const char *base)
{
	struct candidate found = {0}, *added;

	if (!fits(name, base, &found.number) || !is_lane(directory, base, &found.mark))
		return 0;
	found.base = strdup(base);
	added = found.base ? wt_grow((void **)&candidates->list, &candidates->count,
	                             &candidates->room, sizeof(*added))
	                   : NULL;
	if (!added) {
		free(found.base);
		return -ENOMEM;
	}
	*added = found;
	return 0;
}

/* A directory that is not there has no recording. */
static int look(struct candidates *candidates, const struct name *name, const char *path,
                struct wt_error *err)
{
	DIR *directory = opendir(*name->directory ? name->directory : ".");
	const struct dirent *entry;
	int rc = directory ? 0 : -errno;

	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	while (!rc && (errno = 0, entry = readdir(directory)))
		rc = consider(candidates, name, dirfd(directory), entry->d_name);
	if (!rc)
		rc = -errno;
	if (directory)
		closedir(directory);
	if (rc == -ENOMEM)
		return no_memory(path, err);
	return rc ? wt_error_set(err, rc,
	                         "%s: no such file; whether a recording has that name cannot be "
	                         "seen: cannot read its directory: %s",
	                         path, strerror(-rc))
	          : 0;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Those without a number first. The number in a name is its place among all recordings by it. */
static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *one = a, *other = b;
	int order = compare_numbers(one->number, other->number);

	if (!order)
		order = compare_numbers(one->mark.lane, other->mark.lane);
	return order ? order : strcmp(one->base, other->base);
}

/* Leave out what stands beside the recording of the lowest lane under a name that it would have. */
static void leave_out_older(struct candidates *candidates)
{
	const struct candidate *list = candidates->list;
	size_t kept = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		if (!list[i].number && list[i].mark.recording != list[0].mark.recording)
			free(list[i].base);
		else
			candidates->list[kept++] = list[i];
	}
	candidates->count = kept;
}

static int add_candidates(struct wt_file_list *list, const struct name *name,
                          const struct candidates *candidates)
{
	int rc = 0;

	for (size_t i = 0; i < candidates->count && !rc; i++) {
		const struct wt_listed_file file = {.is_lane = true,
		                                    .mark = candidates->list[i].mark};
		char *path = NULL;

		if (asprintf(&path, "%s%s", name->directory, candidates->list[i].base) < 0)
			path = NULL;
		rc = append(list, path, &file);
	}
	return rc;
}

static int add_recording(struct wt_file_list *list, const char *path, struct wt_error *err)
{
	struct candidates candidates = {0};
	struct name name;
	int rc = split(&name, path);

	if (rc)
		return no_memory(path, err);
	rc = look(&candidates, &name, path, err);
	if (!rc && candidates.count) {
		qsort(candidates.list, candidates.count, sizeof(*candidates.list),
		      compare_candidates);
		leave_out_older(&candidates);
	}
	if (!rc && add_candidates(list, &name, &candidates))
		rc = no_memory(path, err);
	for (size_t i = 0; i < candidates.count; i++)
		free(candidates.list[i].base);
	free(candidates.list);
	free(name.directory);
	return rc;
}

/* Anything but a name without a file is what it is. */
static bool is_absent(const char *path)
{
	struct stat status;

	return strcmp(path, "-") && stat(path, &status) && errno == ENOENT;
}

static int add_file(struct wt_file_list *list, const char *path)
{
	struct wt_listed_file file = {0};

	file.is_lane = strcmp(path, "-") && is_lane(AT_FDCWD, path, &file.mark);
	return append(list, strdup(path), &file);
}

int wt_file_list_add(struct wt_file_list *list, const char *path, struct wt_error *err)
{
	size_t before = list->count;
	int rc = is_absent(path) ? add_recording(list, path, err) : 0;

	if (!rc && list->count == before && add_file(list, path))
		rc = no_memory(path, err);
	list->arguments += !rc;
	return rc;
}

void wt_file_list_free(struct wt_file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
	free(list->files);
	*list = (struct wt_file_list){0};
}
