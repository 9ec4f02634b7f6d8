/* SPDX-License-Identifier: BSD-2-Clause */
/* Replaces disk_uring.c in builds without liburing. */
#include <wiretape/writer/disk/disk_private.h>

#include <errno.h>

const bool wt_disk_has_uring = false;

int wt_disk_uring_open(struct wt_disk **disk, struct wt_error *err)
{
	*disk = NULL;
	return wt_error_set(err, -ENOSYS, "io_uring was left out when wiretape was built");
}
