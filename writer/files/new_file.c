/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/new_file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <wiretape/writer/sink.h>

enum { TRIES = 100 };

static char *name_beside(const char *path, int number)
{
	char *name;

	return asprintf(&name, "%s.%d-%d.part", path, (int)getpid(), number) < 0 ? NULL : name;
}

/* A file without a name leaves nothing behind if this program is killed. */
static int open_nameless(const struct wt_file_place *place)
{
	int fd = openat(place->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, WT_FILE_MODE);

	return fd < 0 ? -errno : fd;
}

/* Some file systems lack files without names. */
static int open_temporary(struct wt_new_file *file, bool replaces)
{
	struct wt_file_place place = file->place;
	int fd = -EEXIST;

	for (int i = 0; i < TRIES && fd == -EEXIST; i++) {
		free(file->temporary);
		place.name = file->temporary = name_beside(file->place.name, i);
		if (!file->temporary)
			return -ENOMEM;
		fd = wt_file_place_open(&place, O_CREAT | O_EXCL | O_RDWR,
		                        replaces ? 0600 : WT_FILE_MODE);
	}
	if (fd < 0) {
		free(file->temporary);
		file->temporary = NULL;
	}
	return fd;
}

/* A user who may not give a file away keeps it, with the same mode. */
static int hand_down(int fd, const struct stat *old)
{
	struct stat made;

	if (fstat(fd, &made))
		return -errno;
	if ((made.st_uid != old->st_uid || made.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) && fchown(fd, (uid_t)-1, old->st_gid))
		errno = 0;
	return fchmod(fd, old->st_mode & 0777) ? -errno : 0;
}

static int open_file(struct wt_new_file *file, const struct stat *old, mode_t mode)
{
	int rc = 0;

	/* The directory decides, not the file: an old file is replaced, unless its owner has
	 * protected it. */
	if (old && faccessat(file->place.dir_fd, file->place.name, W_OK, AT_EACCESS))
		return -errno;
	file->fd = open_nameless(&file->place);
	if (file->fd < 0)
		file->fd = open_temporary(file, old);
	if (file->fd < 0)
		return file->fd;
	if (old)
		rc = hand_down(file->fd, old);
	if (!rc && mode && fchmod(file->fd, mode))
		rc = -errno;
	return rc;
}

/* A regular file without a name to find it under is truncated like any other. */
static int open_stream(struct wt_new_file *file)
{
	int flags = O_WRONLY | (file->place.through ? O_TRUNC : 0);

	file->is_stream = true;
	file->fd = wt_file_place_open(&file->place, flags, 0);
	return file->fd < 0 ? file->fd : 0;
}

static int open_it(struct wt_new_file *file, mode_t mode)
{
	struct stat status;

	if (file->place.through)
		return open_stream(file);
	if (fstatat(file->place.dir_fd, file->place.name, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? open_file(file, NULL, mode) : -errno;
	return S_ISREG(status.st_mode) ? open_file(file, &status, mode) : open_stream(file);
}

static int open_output(struct wt_new_file *file)
{
	file->is_stream = true;
	file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return file->fd < 0 ? -errno : 0;
}

int wt_new_file_open(struct wt_new_file *file, const char *path, mode_t mode, struct wt_error *err)
{
	bool is_output = !strcmp(path, "-");
	int rc;

	*file = (struct wt_new_file){.fd = -1, .place.dir_fd = -1};
	if (!is_output) {
		rc = wt_file_place_find(&file->place, AT_FDCWD, path, err);
		if (rc)
			return rc;
	}
	file->path = strdup(path);
	if (!file->path)
		rc = -ENOMEM;
	else
		rc = is_output ? open_output(file) : open_it(file, mode);
	if (!rc)
		return 0;
	wt_new_file_abandon(file);
	return wt_error_set(err, rc, "cannot write to '%s': %s", path, strerror(-rc));
}

/* Linking needs a free name, and a rename replaces in one step. */
static int give_temporary_name(struct wt_new_file *file)
{
	int rc = -EEXIST;
	char from[64];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", file->fd);
	for (int i = 0; i < TRIES && rc == -EEXIST; i++) {
		char *name = name_beside(file->place.name, i);

		if (!name)
			return -ENOMEM;
		rc = linkat(AT_FDCWD, from, file->place.dir_fd, name, AT_SYMLINK_FOLLOW) ? -errno
		                                                                         : 0;
		if (rc)
			free(name);
		else
			file->temporary = name;
	}
	return rc;
}

/* EINVAL: the file system does not support it, and nothing can be done. */
static int sync_file(const struct wt_new_file *file)
{
	if (fsync(file->fd) && errno != EINVAL)
		return -errno;
	return wt_file_place_sync(&file->place);
}

static int give_name(struct wt_new_file *file)
{
	const struct wt_file_place *place = &file->place;
	bool replaces = !faccessat(place->dir_fd, place->name, F_OK, AT_SYMLINK_NOFOLLOW);
	int rc = file->temporary ? 0 : give_temporary_name(file);

	if (!rc && replaces)
		rc = sync_file(file);
	if (!rc && renameat(place->dir_fd, file->temporary, place->dir_fd, place->name))
		rc = -errno;
	if (rc)
		return rc;
	free(file->temporary);
	file->temporary = NULL;
	/* Renaming goes by name, so check that it is still our file's. */
	rc = wt_file_place_check(place, file->fd);
	return !rc && replaces ? wt_file_place_sync(place) : rc;
}

int wt_new_file_commit(struct wt_new_file *file, struct wt_error *err)
{
	int rc = file->is_stream ? 0 : give_name(file);
	int fd = file->fd;

	if (rc)
		wt_error_set(err, rc, "cannot give '%s' its name: %s", file->path, strerror(-rc));
	file->fd = -1;
	/* Some file systems report only here that there was no room. */
	if (close(fd) && !rc) {
		rc = -errno;
		wt_error_set(err, rc, "cannot write to '%s': %s", file->path, strerror(-rc));
	}
	wt_new_file_abandon(file);
	return rc;
}

void wt_new_file_abandon(struct wt_new_file *file)
{
	if (file->temporary)
		unlinkat(file->place.dir_fd, file->temporary, 0);
	if (file->fd >= 0)
		close(file->fd);
	free(file->temporary);
	free(file->path);
	wt_file_place_fini(&file->place);
	*file = (struct wt_new_file){.fd = -1, .place.dir_fd = -1};
}

bool wt_new_file_is_same(const char *path, const struct stat *status)
{
	struct stat other;

	return strcmp(path, "-") && !stat(path, &other) && other.st_dev == status->st_dev &&
	       other.st_ino == status->st_ino;
}
