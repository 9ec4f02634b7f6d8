/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/file_set_private.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* RENAME_NOREPLACE, which some C libraries lack, like its call. */
enum { NO_REPLACE = 1 };

static const char work_suffix[] = ".part";

/* The last dot begins the extension, unless it only makes the name a hidden one. */
static const char *find_extension(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? dot : base + strlen(base);
}

static int check_base(const char *path, const char *base, struct wt_error *err)
{
	/* The longest suffix: number, stamp and -N. */
	static const char appended[] = "_1234567890_20261121T003000Z-999";

	if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
		return wt_error_set(err, -EINVAL, "'%s' is a directory: name a file in it", path);
	if (strlen(base) + sizeof(appended) - 1 > NAME_MAX)
		return wt_error_set(err, -ENAMETOOLONG,
		                    "the name %s is too long to be numbered: choose one of at most "
		                    "%zu bytes",
		                    base, NAME_MAX + 1 - sizeof(appended));
	return 0;
}

int wt_file_set_names_init(struct wt_file_set_names *names, const char *path, bool rotates,
                           struct wt_error *err)
{
	const char *slash = strrchr(path, '/');
	int rc = rotates ? check_base(path, slash ? slash + 1 : path, err) : 0;

	if (rc)
		return rc;
	names->path = strdup(path);
	if (!names->path)
		return wt_error_set(err, -ENOMEM, "no memory for the names of files");
	names->prefix_length = slash ? (size_t)(slash - path) + 1 : 0;
	names->extension = find_extension(names->path + names->prefix_length);
	names->stem_length = (size_t)(names->extension - names->path);
	return 0;
}

void wt_file_set_names_fini(struct wt_file_set_names *names)
{
	free(names->path);
}

const char *wt_file_set_names_base(const struct wt_file_set_names *names, const char *path)
{
	return path + names->prefix_length;
}

char *wt_file_set_names_directory(const struct wt_file_set_names *names)
{
	return names->prefix_length ? strndup(names->path, names->prefix_length) : strdup(".");
}

char *wt_file_set_names_work(const struct wt_file_set_names *names, uint32_t number)
{
	char *path;

	return asprintf(&path, "%.*s_%05" PRIu32 "%s%s", (int)names->stem_length, names->path,
	                number, names->extension, work_suffix) < 0
	               ? NULL
	               : path;
}

static void format_stamp(char *text, size_t size, int64_t utc_ns)
{
	const int64_t second_ns = 1000000000;
	time_t seconds = (time_t)(utc_ns / second_ns - (utc_ns % second_ns < 0));
	struct tm utc = {0};

	gmtime_r(&seconds, &utc);
	strftime(text, size, "%Y%m%dT%H%M%SZ", &utc);
}

char *wt_file_set_names_final(const struct wt_file_set_names *names, uint32_t number,
                              int64_t utc_ns, unsigned again)
{
	char stamp[32], suffix[16] = "", *path;

	format_stamp(stamp, sizeof(stamp), utc_ns);
	if (again)
		snprintf(suffix, sizeof(suffix), "-%u", again);
	return asprintf(&path, "%.*s_%05" PRIu32 "_%s%s%s", (int)names->stem_length, names->path,
	                number, stamp, suffix, names->extension) < 0
	               ? NULL
	               : path;
}

/* Length of "_20261121T003000Z" and, before the extension, "-N"; 0 if absent. */
static size_t stamp_length(const char *text)
{
	static const char pattern[] = "_########T######Z";
	size_t i, digits;

	for (i = 0; pattern[i]; i++)
		if (pattern[i] == '#' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
			return 0;
	digits = text[i] == '-' ? strspn(text + i + 1, "0123456789") : 0;
	return digits ? i + 1 + digits : i;
}

/* After "NAME_00001": ".EXT.part", or "_…" with ".EXT" somewhere in it. */
static bool is_ours(const char *rest, const char *extension)
{
	size_t length = strlen(extension);

	if (*rest == '_')
		return strstr(rest, extension) != NULL;
	return !strncmp(rest, extension, length) && !strcmp(rest + length, work_suffix);
}

uint32_t wt_file_set_names_number(const struct wt_file_set_names *names, const char *base)
{
	enum { MOST_DIGITS = 9 }; /* larger numbers are not counts, and would use the numbers up */
	size_t stem = names->stem_length - names->prefix_length;
	size_t digits;

	if (strncmp(base, names->path + names->prefix_length, stem) || base[stem] != '_')
		return 0;
	base += stem + 1;
	digits = strspn(base, "0123456789");
	if (!digits || digits > MOST_DIGITS || !is_ours(base + digits, names->extension))
		return 0;
	return (uint32_t)strtoul(base, NULL, 10);
}

struct wt_file_set_key wt_file_set_names_key(const struct wt_file_set_names *names,
                                             const char *base)
{
	struct wt_file_set_key key = {.number = wt_file_set_names_number(names, base)};
	size_t stem = names->stem_length - names->prefix_length + 1;
	size_t extension = strlen(names->extension), stamp;
	const char *rest;

	/* NAME_1_… was not made here. */
	key.length = stem + strspn(base + (key.number ? stem : 0), "0123456789");
	if (!key.number || key.length < stem + 5)
		return (struct wt_file_set_key){0};
	rest = base + key.length;
	if (*rest != '_') {
		key.is_work = key.is_plain = true;
		return key;
	}
	stamp = stamp_length(rest);
	key.length += stamp;
	/* Another extension belongs to another series. */
	rest += stamp;
	if (!stamp || strncmp(rest, names->extension, extension) ||
	    (rest[extension] && rest[extension] != '.'))
		return (struct wt_file_set_key){0};
	key.is_plain = !rest[extension];
	return key;
}

int wt_file_set_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* Somebody else could take the name for a moment; a file system that can neither link nor rename
 * without replacing leaves no other way. */
static int look_and_rename(int dir_fd, const char *from, const char *to)
{
	struct stat status;

	if (!fstatat(dir_fd, to, &status, AT_SYMLINK_NOFOLLOW))
		return -EEXIST;
	if (errno != ENOENT)
		return -errno;
	return renameat(dir_fd, from, dir_fd, to) ? -errno : 0;
}

static int link_and_unlink(const struct wt_file_set_system *system, int dir_fd, const char *from,
                           const char *to)
{
	if (!system->linkat(dir_fd, from, dir_fd, to, 0))
		return unlinkat(dir_fd, from, 0) ? -errno : 0;
	switch (errno) {
	case EPERM:
	case EOPNOTSUPP:
	case ENOSYS:
	case EMLINK:
	case EACCES: /* fs.protected_hardlinks */
		return look_and_rename(dir_fd, from, to);
	default:
		return -errno;
	}
}

int wt_file_set_rename(const struct wt_file_set_system *system, int dir_fd, const char *from,
                       const char *to)
{
	if (!system->renameat2(dir_fd, from, dir_fd, to, NO_REPLACE))
		return 0;
	/* Errors of file systems and kernels that do not know the flag. */
	if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
		return link_and_unlink(system, dir_fd, from, to);
	return -errno;
}
