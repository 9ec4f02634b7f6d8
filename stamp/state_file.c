/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/state_file_private.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BOOT_ID_CHARS = 36, PATH_BYTES = 256, TRIES = 200, TRY_NS = 5000000 };

int wt_state_folder(char *out, size_t capacity)
{
	const char *base = geteuid() ? secure_getenv("XDG_RUNTIME_DIR") : "/run";
	int length;

	if (!base || base[0] != '/')
		return -ENOENT;
	length = snprintf(out, capacity, "%s/wiretape", base);
	return length < 0 || (size_t)length >= capacity ? -ENAMETOOLONG : 0;
}

/* Whether nobody else can have touched it. */
static int check_owner(int fd, mode_t kind)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	if ((status.st_mode & S_IFMT) != kind)
		return -EINVAL;
	if (status.st_uid != geteuid() || status.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return kind == S_IFREG && status.st_nlink != 1 ? -EPERM : 0;
}

static int checked(int fd, mode_t kind)
{
	int rc = check_owner(fd, kind);

	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static int open_folder(const char *folder)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(folder, flags);

	if (fd < 0 && errno == ENOENT) {
		if (mkdir(folder, 0755) && errno != EEXIST)
			return -errno;
		fd = open(folder, flags);
	}
	return fd < 0 ? -errno : checked(fd, S_IFDIR);
}

int wt_state_file_open(const char *folder, const char *name)
{
	int at = open_folder(folder), fd, rc;

	if (at < 0)
		return at;
	/* Avoids waiting for the other end of a pipe. */
	fd = openat(at, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	            0600);
	rc = fd < 0 ? -errno : checked(fd, S_IFREG);
	close(at);
	return rc;
}

static int file_open(struct wt_system *system, const char *name)
{
	char folder[PATH_BYTES];
	int rc = wt_state_folder(folder, sizeof(folder));

	(void)system;
	return rc ? rc : wt_state_file_open(folder, name);
}

static ssize_t file_read(struct wt_system *system, int fd, void *out, size_t capacity)
{
	ssize_t length = pread(fd, out, capacity, 0);

	(void)system;
	return length < 0 ? -errno : length;
}

static int file_write(struct wt_system *system, int fd, const void *bytes, size_t length)
{
	ssize_t written = length ? pwrite(fd, bytes, length, 0) : 0;

	(void)system;
	if (written < 0)
		return -errno;
	if ((size_t)written != length)
		return -ENOSPC;
	return ftruncate(fd, (off_t)length) ? -errno : 0;
}

static int file_lock(struct wt_system *system, int fd, unsigned byte, enum wt_state_lock lock,
                     bool waits)
{
	static const short types[] = {
	        [WT_STATE_UNLOCKED] = F_UNLCK,
	        [WT_STATE_SHARED] = F_RDLCK,
	        [WT_STATE_ALONE] = F_WRLCK,
	};
	struct flock range = {
	        .l_type = types[lock],
	        .l_whence = SEEK_SET,
	        .l_start = byte,
	        .l_len = 1,
	};
	int tries = waits ? TRIES : 1;

	(void)system;
	/* A stopped program that holds the lock must not stop others for ever. */
	while (fcntl(fd, F_OFD_SETLK, &range)) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -errno;
		if (--tries == 0)
			return -EAGAIN;
		nanosleep(&(struct timespec){.tv_nsec = TRY_NS}, NULL);
	}
	return 0;
}

static void file_close(struct wt_system *system, int fd)
{
	(void)system;
	close(fd);
}

static int read_boot_id(char id[BOOT_ID_CHARS + 1])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, id, BOOT_ID_CHARS);
	close(fd);
	id[BOOT_ID_CHARS] = '\0';
	return length == BOOT_ID_CHARS && strlen(id) == BOOT_ID_CHARS ? 0 : -EIO;
}

static int file_place(struct wt_system *system, char *out, size_t capacity)
{
	char id[BOOT_ID_CHARS + 1];
	struct stat status;
	int rc = read_boot_id(id), length;

	(void)system;
	if (rc)
		return rc;
	if (stat("/proc/thread-self/ns/net", &status))
		return -errno;
	length = snprintf(out, capacity, "%s.%ju", id, (uintmax_t)status.st_ino);
	return length < 0 || (size_t)length >= capacity ? -ENAMETOOLONG : 0;
}

const struct wt_state_ops wt_state_file_ops = {
        .open = file_open,
        .read = file_read,
        .write = file_write,
        .lock = file_lock,
        .close = file_close,
        .place = file_place,
};
