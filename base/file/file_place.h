/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILE_PLACE_H
#define WIRETAPE_WRITER_FILE_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>

#include <wiretape/base/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a file is or is to be: a directory that is held open, and a name in it. What is done
 * later (open, link, rename, remove) is done to that name in that directory, whatever becomes
 * of the path. */
struct wt_file_place {
	int dir_fd;   /* O_PATH */
	char *name;   /* not a link, unless `through` */
	bool through; /* a link of /proc/self/fd, which only the kernel can follow */
};

/* The place of `path`, relative to dir_fd (or AT_FDCWD). Where the last component is a link,
 * that of what it leads to; but not if others may have put the link there: -ELOOP. Others may
 * if its directory can be written by anybody but us and root, unless that is sticky and the
 * link our own. 0, or -errno and *err. */
int wt_file_place_find(struct wt_file_place *place, int dir_fd, const char *path,
                       struct wt_error *err);

/* A place of a name that is known to be no link. 0 or -errno. */
int wt_file_place_set(struct wt_file_place *place, int dir_fd, const char *name);

/* Open it; never through a link that has taken its place. The descriptor or -errno. */
int wt_file_place_open(const struct wt_file_place *place, int flags, mode_t mode);

/* Whether the directory is of those in which others could exchange files. */
bool wt_file_place_is_shared(const struct wt_file_place *place);

/* Whether the open file has this name: 0, -ENOENT if it has none at all any more, -ESTALE if
 * the name is another's or nobody's. */
int wt_file_place_check(const struct wt_file_place *place, int fd);

/* Bring the name to stable storage. Directories that cannot be opened or synced (rights, some
 * network file systems) are as good as they get: only -EIO. Blocks. */
int wt_file_place_sync(const struct wt_file_place *place);

void wt_file_place_fini(struct wt_file_place *place);

#ifdef __cplusplus
}
#endif
#endif
