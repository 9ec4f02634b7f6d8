/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_NEW_FILE_H
#define WIRETAPE_WRITER_NEW_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include <wiretape/base/error.h>
#include <wiretape/base/file/file_place.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file that appears under its name, or replaces what had it, only once it is all there. What it
 * replaces hands down its owner and mode, and is gone only when the new one is on stable storage.
 * Standard output ("-") and what is no regular file (a FIFO, a device) are written as they
 * are. One thread; functions may block on the disk. */
struct wt_new_file {
	int fd;         /* to write to; -1: none */
	bool is_stream; /* written as it is */
	char *path;     /* for people */
	struct wt_file_place place;
	char *temporary; /* its name beside that until then; NULL if it has none */
};

/* `mode` is that of the file, exactly; 0: that of the old one, or WT_FILE_MODE less the umask. 0,
 * or a negative errno. End it with wt_new_file_commit() or wt_new_file_abandon(). */
int wt_new_file_open(struct wt_new_file *file, const char *path, mode_t mode, struct wt_error *err);

/* Give it its name and close it. After an error it is as if it had never been. */
int wt_new_file_commit(struct wt_new_file *file, struct wt_error *err);

/* Close it; what was written is gone, unless it was a stream. Also after either end. */
void wt_new_file_abandon(struct wt_new_file *file);

/* Whether `path` is, under whatever name, the file of `status`. "-" is none. */
bool wt_new_file_is_same(const char *path, const struct stat *status);

#ifdef __cplusplus
}
#endif
#endif
