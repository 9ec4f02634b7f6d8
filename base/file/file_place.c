/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/file/file_place.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as in the kernel */

/* The directory of devices is root's, even where root has no number here (a user namespace). */
static bool is_dev(const struct stat *directory)
{
	struct stat dev;

	return !stat("/dev", &dev) && dev.st_ino == directory->st_ino &&
	       dev.st_dev == directory->st_dev;
}

static bool others_may_write(const struct stat *directory)
{
	if (is_dev(directory))
		return false;
	return (directory->st_uid != 0 && directory->st_uid != geteuid()) ||
	       (directory->st_mode & (S_IWGRP | S_IWOTH));
}

/* Nobody exchanges our files in a sticky directory of root's or ours. */
static bool is_kept_by_sticky(const struct stat *directory, const struct stat *file)
{
	return (directory->st_mode & S_ISVTX) &&
	       (directory->st_uid == 0 || directory->st_uid == geteuid()) &&
	       file->st_uid == geteuid();
}

static bool may_follow(int dir_fd, const struct stat *link)
{
	struct stat directory;

	if (fstat(dir_fd, &directory))
		return false;
	return !others_may_write(&directory) || is_kept_by_sticky(&directory, link);
}

static bool is_in_proc(int dir_fd)
{
	struct statfs status;

	return !fstatfs(dir_fd, &status) && status.f_type == PROC_SUPER_MAGIC;
}

int wt_file_place_set(struct wt_file_place *place, int dir_fd, const char *name)
{
	*place = (struct wt_file_place){.dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3)};
	if (place->dir_fd < 0)
		return -errno;
	place->name = strdup(name);
	if (place->name)
		return 0;
	wt_file_place_fini(place);
	return -ENOMEM;
}

/* Open the directory of `path`, and find the name after its last slash. */
static int split(struct wt_file_place *place, int dir_fd, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *directory = slash ? strndup(path, (size_t)(name - path)) : strdup(".");
	int rc = 0;

	*place = (struct wt_file_place){.dir_fd = -1};
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..")) {
		free(directory);
		return -EISDIR;
	}
	place->name = strdup(name);
	if (!directory || !place->name)
		rc = -ENOMEM;
	if (!rc) {
		place->dir_fd = openat(dir_fd, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		rc = place->dir_fd < 0 ? -errno : 0;
	}
	free(directory);
	if (rc)
		wt_file_place_fini(place);
	return rc;
}

/* Follow the link: the place becomes its target. */
static int follow(struct wt_file_place *place)
{
	struct wt_file_place next;
	char target[PATH_MAX];
	ssize_t length = readlinkat(place->dir_fd, place->name, target, sizeof(target) - 1);
	int rc;

	if (length < 0)
		return -errno;
	target[length] = '\0';
	rc = split(&next, place->dir_fd, target);
	if (rc)
		return rc;
	wt_file_place_fini(place);
	*place = next;
	return 0;
}

static int follow_links(struct wt_file_place *place, const char *path, struct wt_error *err)
{
	struct stat status;
	int rc = 0;

	for (int links = 0; !rc && links < MOST_LINKS; links++) {
		if (fstatat(place->dir_fd, place->name, &status, AT_SYMLINK_NOFOLLOW))
			return errno == ENOENT ? 0
			                       : wt_error_set(err, -errno, "cannot write %s: %s",
			                                      path, strerror(errno));
		if (!S_ISLNK(status.st_mode))
			return 0;
		place->through = is_in_proc(place->dir_fd);
		if (place->through)
			return 0;
		if (!may_follow(place->dir_fd, &status))
			return wt_error_set(err, -ELOOP,
			                    "%s is a link in a directory that others may write: "
			                    "give the name of the file itself",
			                    path);
		rc = follow(place);
	}
	rc = rc ? rc : -ELOOP;
	return wt_error_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
}

int wt_file_place_find(struct wt_file_place *place, int dir_fd, const char *path,
                       struct wt_error *err)
{
	int rc = split(place, dir_fd, path);

	if (rc)
		return wt_error_set(err, rc, "cannot write %s: %s", path, strerror(-rc));
	rc = follow_links(place, path, err);
	if (rc)
		wt_file_place_fini(place);
	return rc;
}

int wt_file_place_open(const struct wt_file_place *place, int flags, mode_t mode)
{
	int fd = openat(place->dir_fd, place->name,
	                flags | O_CLOEXEC | (place->through ? 0 : O_NOFOLLOW), mode);

	return fd < 0 ? -errno : fd;
}

bool wt_file_place_is_shared(const struct wt_file_place *place)
{
	struct stat directory;

	return fstat(place->dir_fd, &directory) || others_may_write(&directory);
}

int wt_file_place_check(const struct wt_file_place *place, int fd)
{
	struct stat open_file, named;

	if (fstat(fd, &open_file))
		return -errno;
	if (!open_file.st_nlink)
		return -ENOENT;
	if (fstatat(place->dir_fd, place->name, &named, place->through ? 0 : AT_SYMLINK_NOFOLLOW) ||
	    named.st_ino != open_file.st_ino || named.st_dev != open_file.st_dev)
		return -ESTALE;
	return 0;
}

int wt_file_place_sync(const struct wt_file_place *place)
{
	int fd = openat(place->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return 0;
	if (fsync(fd) && errno == EIO)
		rc = -EIO;
	close(fd);
	return rc;
}

void wt_file_place_fini(struct wt_file_place *place)
{
	if (place->dir_fd >= 0)
		close(place->dir_fd);
	free(place->name);
	*place = (struct wt_file_place){.dir_fd = -1};
}
