/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/new_file.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODE = 0666, TRIES = 100 };

/* Where the file is to be: a link's target stays the link's target. */
static char *find_place(const char *path)
{
	char *place = realpath(path, NULL);

	return place ? place : strdup(path);
}

static char *name_beside(const char *path, int number)
{
	char *name;

	return asprintf(&name, "%s.%d-%d.part", path, (int)getpid(), number) < 0 ? NULL : name;
}

/* A file without a name leaves nothing behind if this program is killed. */
static int open_nameless(const char *path)
{
	char *copy = strdup(path);
	int fd, code;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
	code = -errno;
	free(copy);
	return fd < 0 ? code : fd;
}

/* Not every file system has files without names. */
static int open_temporary(struct wt_new_file *file)
{
	int code = -EEXIST;

	for (int i = 0; i < TRIES && code == -EEXIST; i++) {
		free(file->temporary);
		file->temporary = name_beside(file->path, i);
		if (!file->temporary)
			return -ENOMEM;
		file->fd = open(file->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, MODE);
		code = file->fd < 0 ? -errno : 0;
	}
	if (code) {
		free(file->temporary);
		file->temporary = NULL;
	}
	return code;
}

static int open_stream(struct wt_new_file *file, const char *path)
{
	file->is_stream = true;
	file->fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CLOEXEC) : dup(STDOUT_FILENO);
	return file->fd < 0 ? -errno : 0;
}

static bool is_regular_or_new(const char *path)
{
	struct stat status;

	return stat(path, &status) ? errno == ENOENT : S_ISREG(status.st_mode);
}

static int open_it(struct wt_new_file *file, const char *path)
{
	int code;

	if (!strcmp(path, "-") || !is_regular_or_new(path))
		return open_stream(file, path);
	file->path = find_place(path);
	if (!file->path)
		return -ENOMEM;
	/* The directory's say, not the file's: what is there is replaced, but not what its
	 * owner has protected. */
	if (!access(file->path, F_OK) && access(file->path, W_OK))
		return -errno;
	code = open_nameless(file->path);
	if (code >= 0) {
		file->fd = code;
		return 0;
	}
	return open_temporary(file);
}

int wt_new_file_open(struct wt_new_file *file, const char *path, struct wt_error *err)
{
	int code;

	*file = (struct wt_new_file){.fd = -1};
	code = open_it(file, path);
	if (!code)
		return 0;
	wt_new_file_abandon(file);
	return wt_error_set(err, code, "cannot write to '%s': %s", path, strerror(-code));
}

/* Only a name that is free can be linked to, and a rename replaces in one step. */
static int give_temporary_name(struct wt_new_file *file)
{
	char from[64];
	int code = -EEXIST;

	snprintf(from, sizeof(from), "/proc/self/fd/%d", file->fd);
	for (int i = 0; i < TRIES && code == -EEXIST; i++) {
		char *name = name_beside(file->path, i);

		if (!name)
			return -ENOMEM;
		code = linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW) ? -errno : 0;
		if (code)
			free(name);
		else
			file->temporary = name;
	}
	return code;
}

static int give_name(struct wt_new_file *file)
{
	int code = file->temporary ? 0 : give_temporary_name(file);

	if (code)
		return code;
	if (rename(file->temporary, file->path))
		return -errno;
	free(file->temporary);
	file->temporary = NULL;
	return 0;
}

int wt_new_file_commit(struct wt_new_file *file, struct wt_error *err)
{
	int code = file->is_stream ? 0 : give_name(file);
	int fd = file->fd;

	if (code)
		wt_error_set(err, code, "cannot give '%s' its name: %s", file->path,
		             strerror(-code));
	file->fd = -1;
	/* Some file systems say only here that there was no room. */
	if (close(fd) && !code) {
		code = -errno;
		wt_error_set(err, code, "cannot write to '%s': %s", file->path ? file->path : "-",
		             strerror(-code));
	}
	wt_new_file_abandon(file);
	return code;
}

void wt_new_file_abandon(struct wt_new_file *file)
{
	if (file->temporary)
		unlink(file->temporary);
	if (file->fd >= 0)
		close(file->fd);
	free(file->temporary);
	free(file->path);
	*file = (struct wt_new_file){.fd = -1};
}

bool wt_new_file_is_same(const char *path, const struct stat *status)
{
	struct stat other;

	return strcmp(path, "-") && !stat(path, &other) && other.st_dev == status->st_dev &&
	       other.st_ino == status->st_ino;
}
