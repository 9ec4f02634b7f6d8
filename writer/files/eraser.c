/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/files/eraser.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* As much as a disk takes away in some milliseconds. */
enum { STEP_BYTES = 32 << 20 };

struct wt_eraser_file {
	struct wt_eraser_file *next;
	int fd;
	off_t length;
	uint64_t bytes; /* what it takes of the disk */
};

static uint64_t bytes_of(const struct stat *status)
{
	return (uint64_t)status->st_blocks * 512;
}

/* A file that takes more than one step, for which its name has not gone yet; -1: another one. */
static int open_large(int dir_fd, const char *name, struct stat *status)
{
	int fd;

	if (fstatat(dir_fd, name, status, AT_SYMLINK_NOFOLLOW) || !S_ISREG(status->st_mode) ||
	    status->st_size <= STEP_BYTES)
		return -1;
	fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, status) || !S_ISREG(status->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Without a name nobody can open it any more. That nobody has it open is told by the lease that is
 * refused otherwise, and also where there are none. Its signal would end the program if the lease
 * was broken, which takes a way around names. */
static bool is_nobody_elses(int fd)
{
	struct stat status;

	if (fstat(fd, &status) || status.st_nlink || fcntl(fd, F_SETSIG, SIGURG) ||
	    fcntl(fd, F_SETLEASE, F_WRLCK))
		return false;
	return !fcntl(fd, F_SETLEASE, F_UNLCK);
}

static bool append(struct wt_eraser *eraser, int fd, const struct stat *status)
{
	struct wt_eraser_file **last = &eraser->first, *file = malloc(sizeof(*file));

	if (!file)
		return false;
	while (*last)
		last = &(*last)->next;
	*file = (struct wt_eraser_file){
	        .fd = fd, .length = status->st_size, .bytes = bytes_of(status)};
	*last = file;
	eraser->left_bytes += file->bytes;
	return true;
}

int wt_eraser_unlink(struct wt_eraser *eraser, int dir_fd, const char *name, uint64_t written_bytes)
{
	struct stat status;
	int fd = open_large(dir_fd, name, &status);
	int rc = unlinkat(dir_fd, name, 0) ? -errno : 0;

	if (fd < 0)
		return rc;
	if (!eraser->first) {
		eraser->written_bytes = written_bytes;
		eraser->erased_bytes = 0;
	}
	if (rc || !is_nobody_elses(fd) || !append(eraser, fd, &status))
		close(fd);
	return rc;
}

int64_t wt_eraser_due_ns(const struct wt_eraser *eraser, uint64_t written_bytes, bool hurry)
{
	if (!eraser->first)
		return INT64_MAX;
	if (hurry || written_bytes - eraser->written_bytes > eraser->erased_bytes)
		return INT64_MIN;
	return eraser->rested_ns;
}

/* A step that takes long finds the disk busy. */
static int64_t pause_after(int64_t took_ns)
{
	static const int64_t least_ns = 5000000, most_ns = 250000000;
	int64_t pause_ns = 3 * took_ns;

	return pause_ns < least_ns ? least_ns : pause_ns > most_ns ? most_ns : pause_ns;
}

/* Bytes that were given back; a file that cannot be truncated goes when it is closed. */
static uint64_t shorten(struct wt_eraser_file *file)
{
	uint64_t bytes = file->bytes, left = 0;
	struct stat status;

	file->length = file->length > STEP_BYTES ? file->length - STEP_BYTES : 0;
	if (ftruncate(file->fd, file->length) || fstat(file->fd, &status))
		file->length = 0;
	if (file->length)
		left = bytes_of(&status);
	file->bytes = left < bytes ? left : bytes;
	return bytes - file->bytes;
}

static void drop_first(struct wt_eraser *eraser)
{
	struct wt_eraser_file *file = eraser->first;

	eraser->first = file->next;
	eraser->left_bytes -= file->bytes;
	close(file->fd);
	free(file);
}

void wt_eraser_step(struct wt_eraser *eraser, int64_t (*now_ns)(void))
{
	int64_t began_ns = now_ns(), ended_ns;
	uint64_t bytes;

	if (!eraser->first)
		return;
	bytes = shorten(eraser->first);
	eraser->left_bytes -= bytes;
	eraser->erased_bytes += bytes;
	if (!eraser->first->length)
		drop_first(eraser);
	ended_ns = now_ns();
	eraser->rested_ns = ended_ns + pause_after(ended_ns - began_ns);
}

void wt_eraser_fini(struct wt_eraser *eraser)
{
	while (eraser->first)
		drop_first(eraser);
}
