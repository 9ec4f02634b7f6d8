/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk/disk_private.h>

#include <errno.h>
#include <stdio.h>

static int open_any(struct wt_disk **disk, struct wt_error *err)
{
	struct wt_error refused;
	int rc;

	if (!wt_disk_uring_open(disk, &refused))
		return 0;
	rc = wt_disk_pwrite_open(disk, err);
	if (!rc)
		snprintf((*disk)->degraded, sizeof((*disk)->degraded),
		         "%s: writing with pwrite from a thread", refused.text);
	return rc;
}

int wt_disk_open(struct wt_disk **disk, enum wt_disk_kind kind, struct wt_error *err)
{
	switch (kind) {
	case WT_DISK_AUTO:
		return open_any(disk, err);
	case WT_DISK_URING:
		return wt_disk_uring_open(disk, err);
	case WT_DISK_PWRITE:
		return wt_disk_pwrite_open(disk, err);
	}
	return wt_error_set(err, -EINVAL, "there is no kind %d of disk", (int)kind);
}
