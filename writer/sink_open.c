/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening of files to be written: what takes a file system's time, in whatever thread has it. */
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reserve allocated far beyond the end of the file. A write that finds the disk full truncates the
 * file, which frees the reserve, and the closing blocks fit. */
enum { BALLAST_BYTES = 64 * 1024 };
static const off_t ballast_offset = (off_t)1 << 40;

static bool is_regular(int fd)
{
	struct stat status;

	return fstat(fd, &status) || S_ISREG(status.st_mode);
}

/* A name that others may exchange could be a second one of any file. */
static int check_old(const struct wt_file_place *place, int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	return S_ISREG(status.st_mode) && status.st_nlink > 1 && wt_file_place_is_shared(place)
	               ? -EMLINK
	               : 0;
}

static int open_old(const struct wt_file_place *place, bool exclusive)
{
	/* With O_CREAT the kernel checks the owner (fs.protected_regular, protected_fifos). */
	int flags = O_WRONLY | (exclusive ? 0 : O_CREAT), rc;
	int fd = wt_file_place_open(place, flags, WT_FILE_MODE);

	if (fd < 0)
		return fd;
	/* The check is about recordings: a FIFO or device exists to be written to. */
	rc = exclusive && is_regular(fd) ? -EEXIST : check_old(place, fd);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static int open_place(const struct wt_file_place *place, bool exclusive)
{
	enum { TRIES = 100 };
	int fd = -ENOENT;

	/* Retry if the file disappears between the two. */
	for (int i = 0; i < TRIES && fd == -ENOENT; i++) {
		fd = wt_file_place_open(place, O_WRONLY | O_CREAT | O_EXCL, WT_FILE_MODE);
		if (fd != -EEXIST)
			return fd;
		fd = open_old(place, exclusive);
	}
	return fd;
}

/* 0: it is locked, or this file system has no locks. -ESTALE: another program that had it open has
 * removed it. */
static int lock(int fd)
{
	struct stat status;

	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return -EWOULDBLOCK;
	return !fstat(fd, &status) && !status.st_nlink ? -ESTALE : 0;
}

/* Open the file, locked but not yet truncated: it may be somebody's recording. */
static int open_and_lock(const struct wt_file_place *place, bool exclusive)
{
	int fd, rc;

	do {
		fd = open_place(place, exclusive);
		if (fd < 0 || !is_regular(fd))
			return fd;
		rc = lock(fd);
		if (rc)
			close(fd);
	} while (rc == -ESTALE);
	return rc ? rc : fd;
}

/* Duplicate the descriptor of a file that is already open. */
static int share(int opened)
{
	int fd = fcntl(opened, F_DUPFD_CLOEXEC, 3), rc;

	if (fd < 0)
		return -errno;
	rc = lock(fd);
	if (!rc || rc == -ESTALE)
		return fd;
	close(fd);
	return rc;
}

static int say_why_not(struct wt_error *err, const char *path, int error)
{
	if (error == -EEXIST)
		return wt_error_set(err, error, "%s is there already: give another name", path);
	if (error == -EWOULDBLOCK)
		return wt_error_set(err, error,
		                    "%s is being recorded by another program: wait for its end, "
		                    "or give another name",
		                    path);
	if (error == -EMLINK)
		return wt_error_set(err, error,
		                    "%s has other names, too, and is in a directory that others "
		                    "may write: give another name",
		                    path);
	return wt_error_set(err, error, "cannot write %s: %s", path, strerror(-error));
}

static int refuse_direct(struct wt_sink_opened *file, enum wt_direct direct, int error,
                         struct wt_error *err)
{
	if (direct == WT_DIRECT_ON)
		return wt_error_set(err, error,
		                    "direct I/O is refused for %s (%s): write to another file "
		                    "system, or through the page cache",
		                    file->path, strerror(-error));
	snprintf(file->degraded, sizeof(file->degraded),
	         "direct I/O is refused for %.300s (%s): writing through the page cache",
	         file->path, strerror(-error));
	return 0;
}

/* Whether writes of whole pages at page boundaries suffice. If the kernel does not say, the first
 * write does. */
static int check_alignment(int fd)
{
#ifdef STATX_DIOALIGN
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) ||
	    !(status.stx_mask & STATX_DIOALIGN))
		return 0;
	if (!status.stx_dio_offset_align)
		return -EOPNOTSUPP;
	if (status.stx_dio_mem_align > WT_SINK_PAGE_BYTES ||
	    status.stx_dio_offset_align > WT_SINK_PAGE_BYTES)
		return -EINVAL;
#else
	(void)fd;
#endif
	return 0;
}

static int choose_direct(struct wt_sink_opened *file, enum wt_direct direct, struct wt_error *err)
{
	int flags = fcntl(file->fd, F_GETFL), rc = check_alignment(file->fd);

	if (direct == WT_DIRECT_OFF)
		return 0;
	if (rc)
		return refuse_direct(file, direct, rc, err);
	file->direct_required = direct == WT_DIRECT_ON;
	if (flags < 0 || fcntl(file->fd, F_SETFL, flags | O_DIRECT))
		return refuse_direct(file, direct, -errno, err);
	file->direct = true;
	return 0;
}

static int make_ready(struct wt_sink_opened *file, enum wt_direct direct,
                      const struct wt_sink_config *config, struct wt_error *err)
{
	const struct wt_sink_place *place = config->place;
	int rc = choose_direct(file, direct, err);

	if (rc)
		return rc;
	if (ftruncate(file->fd, 0) || (place && place->mode && fchmod(file->fd, place->mode)))
		return say_why_not(err, file->path, -errno);
	/* Recording works without it; only the end on a full disk is worse. */
	(void)!fallocate(file->fd, FALLOC_FL_KEEP_SIZE, ballast_offset,
	                 BALLAST_BYTES + (off_t)config->closing_bytes);
	return 0;
}

/* A failed open leaves no trace. */
static void remove_if_empty(const struct wt_sink_opened *file)
{
	struct stat status;

	if (!fstat(file->fd, &status) && !status.st_size &&
	    !wt_file_place_check(&file->place, file->fd))
		unlinkat(file->place.dir_fd, file->place.name, 0);
}

static int make_file(struct wt_sink **sink, struct wt_sink_opened *file, struct wt_disk *disk,
                     enum wt_direct direct, const struct wt_sink_config *config,
                     struct wt_error *err)
{
	int rc = make_ready(file, direct, config, err);

	if (!rc && wt_sink_file_adopt(sink, file, disk, config))
		rc = wt_error_set(err, -ENOMEM, "no memory for writing %s", file->path);
	if (rc)
		remove_if_empty(file);
	return rc;
}

static int make_stream(struct wt_sink **sink, struct wt_sink_opened *file,
                       const struct wt_sink_config *config, struct wt_error *err)
{
	int rc = wt_sink_stream_adopt(sink, file->fd, true, config);

	if (rc)
		return wt_error_set(err, rc, "no memory for writing %s", file->path);
	wt_file_place_fini(&file->place);
	free(file->path);
	return 0;
}

static int find_place(struct wt_file_place *found, const char *path,
                      const struct wt_sink_place *place, struct wt_error *err)
{
	int rc;

	if (!place)
		return wt_file_place_find(found, AT_FDCWD, path, err);
	if (place->fd < 0)
		return wt_file_place_find(found, place->dir_fd, place->name, err);
	rc = wt_file_place_set(found, place->dir_fd, place->name);
	return rc ? say_why_not(err, path, rc) : 0;
}

static int open_file(struct wt_sink_opened *file, const char *path, bool exclusive,
                     const struct wt_sink_config *config, struct wt_error *err)
{
	const struct wt_sink_place *place = config->place;
	int rc = find_place(&file->place, path, place, err);

	if (rc)
		return rc;
	file->path = strdup(path);
	if (!file->path)
		return wt_error_set(err, -ENOMEM, "no memory for writing %s", path);
	file->fd =
	        place && place->fd >= 0 ? share(place->fd) : open_and_lock(&file->place, exclusive);
	return file->fd < 0 ? say_why_not(err, path, file->fd) : 0;
}

int wt_sink_file_open(struct wt_sink **sink, const char *path, struct wt_disk *disk,
                      enum wt_direct direct, bool exclusive, const struct wt_sink_config *config,
                      struct wt_error *err)
{
	struct wt_sink_opened file = {.fd = -1, .place = {.dir_fd = -1}};
	int rc = open_file(&file, path, exclusive, config, err);

	if (!rc)
		rc = is_regular(file.fd) ? make_file(sink, &file, disk, direct, config, err)
		                         : make_stream(sink, &file, config, err);
	if (!rc)
		return 0;
	if (file.fd >= 0)
		close(file.fd);
	wt_file_place_fini(&file.place);
	free(file.path);
	return rc;
}
