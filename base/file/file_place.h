/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_FILE_PLACE_H
#define WIRETAPE_BASE_FILE_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include <wiretape/base/error.h>

/* Where a file is or will be: a directory held open, and a name in it. Whatever is done later
 * (open, link, rename, remove) is done to that name in that directory, whatever happens to the
 * path. */
struct wt_file_place {
	int dir_fd;   /* opened with O_PATH */
	char *name;   /* not a link, unless `through` */
	bool through; /* a link in /proc/self/fd, which only the kernel can follow */
};

/* Find the place of `path`, relative to dir_fd (or AT_FDCWD). If the last component is a link, it
 * is followed, unless others may have put it there: -ELOOP. They may if anybody but us and root can
 * write to its directory, unless that is sticky and the link is our own. 0, or -errno and *err. */
int wt_file_place_find(struct wt_file_place *place, int dir_fd, const char *path,
                       struct wt_error *err);

/* Make a place from a name that is known not to be a link. 0 or -errno. */
int wt_file_place_set(struct wt_file_place *place, int dir_fd, const char *name);

/* Open it, never through a link that has replaced it. The descriptor or -errno. */
int wt_file_place_open(const struct wt_file_place *place, int flags, mode_t mode);

/* Whether others could exchange files in this directory. */
bool wt_file_place_is_shared(const struct wt_file_place *place);

/* Check that the open file has this name: 0, -ENOENT if it has no name left, -ESTALE if the name
 * belongs to another file or to none. */
int wt_file_place_check(const struct wt_file_place *place, int fd);

/* Bring the name to stable storage. Directories that cannot be opened or synced (permissions, some
 * network file systems) are not an error: only -EIO is. Blocks. */
int wt_file_place_sync(const struct wt_file_place *place);

void wt_file_place_fini(struct wt_file_place *place);

#endif
