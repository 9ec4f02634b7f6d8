/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILES_NEW_FILE_H
#define WIRETAPE_WRITER_FILES_NEW_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include <wiretape/base/error.h>
#include <wiretape/base/file/file_place.h>

/* A file that appears under its name, or replaces an old one, only once it is complete. It inherits
 * the owner and mode of the old one, which goes only when the new one is on stable storage.
 * Standard output ("-") and anything but a regular file (a FIFO, a device) are written directly.
 * One thread; functions may block on the disk. */
struct wt_new_file {
	int fd;         /* to write to; -1: none */
	bool is_stream; /* written directly */
	char *path;     /* for people */
	struct wt_file_place place;
	char *temporary; /* its temporary name in the directory; NULL if it has none */
};

/* Create it. `mode` is exact; 0: the old file's mode, or WT_FILE_MODE less the umask. 0, or a
 * negative errno. End it with wt_new_file_commit() or wt_new_file_abandon(). */
int wt_new_file_open(struct wt_new_file *file, const char *path, mode_t mode, struct wt_error *err);

/* Give it its name and close it. After an error nothing has changed. */
int wt_new_file_commit(struct wt_new_file *file, struct wt_error *err);

/* Close it and discard its contents, unless it was a stream. Also allowed after either end. */
void wt_new_file_abandon(struct wt_new_file *file);

/* Whether `path` leads, under whatever name, to the file of `status`. Never for "-". */
bool wt_new_file_is_same(const char *path, const struct stat *status);

#endif
