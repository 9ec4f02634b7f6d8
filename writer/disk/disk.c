/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk/disk_private.h>

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Which calls fall behind by how much: sent to the disk in steps of PUSH, dropped from the
 * cache KEEP later, when they have arrived there as a rule. */
enum { PUSH_BYTES = 8 << 20, KEEP_BYTES = 16 << 20 };

int64_t wt_disk_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_any(struct wt_disk **disk, struct wt_error *err)
{
	struct wt_error refused;
	int ret;

	if (!wt_disk_uring_open(disk, &refused))
		return 0;
	ret = wt_disk_pwrite_open(disk, err);
	if (!ret)
		snprintf((*disk)->degraded, sizeof((*disk)->degraded),
		         "%s: writing with pwrite from a thread", refused.text);
	return ret;
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

void wt_disk_register(struct wt_disk *disk, uint8_t *base, size_t length)
{
	if (disk->ops->know && length)
		disk->ops->know(disk, base, length);
}

int wt_disk_submit(struct wt_disk *disk, struct wt_disk_request *request)
{
	int ret;

	if (disk->in_flight >= WT_DISK_DEPTH)
		return -EAGAIN;
	request->started_ns = wt_disk_now_ns();
	request->attempts = 0;
	request->next = NULL;
	/* Counted first: once it is handed in it may end at any moment. */
	disk->in_flight++;
	ret = disk->ops->submit(disk, request);
	if (ret)
		disk->in_flight--;
	return ret;
}

void wt_disk_complete(struct wt_disk *disk, struct wt_disk_request *request, ssize_t result,
                      int64_t ended_ns)
{
	disk->in_flight--;
	request->result = result;
	request->took_ns = ended_ns - request->started_ns;
	request->done(request);
}

int wt_disk_reap(struct wt_disk *disk, bool wait)
{
	return disk->ops->reap(disk, wait && disk->in_flight);
}

int wt_disk_fd(const struct wt_disk *disk)
{
	return disk->fd;
}

uint32_t wt_disk_in_flight(const struct wt_disk *disk)
{
	return disk->in_flight;
}

const char *wt_disk_name(const struct wt_disk *disk)
{
	return disk->ops->name;
}

const char *wt_disk_degraded(const struct wt_disk *disk)
{
	return disk->degraded[0] ? disk->degraded : NULL;
}

void wt_disk_close(struct wt_disk *disk)
{
	if (!disk)
		return;
	while (disk->in_flight)
		wt_disk_reap(disk, true);
	disk->ops->close(disk);
}

/* The entry of this file. Files begin at 0, so that a write there means that the number of
 * the descriptor has a new owner. */
static unsigned find_file(struct wt_disk_behind *behind, int fd, uint64_t offset)
{
	enum { FILES = sizeof(behind->files) / sizeof(behind->files[0]) };
	unsigned i;

	for (i = 0; i < behind->count && behind->files[i].fd != fd; i++)
		;
	if (i < behind->count && offset)
		return i;
	if (i == behind->count) {
		i = behind->next;
		behind->next = (i + 1) % FILES;
		if (behind->count < FILES)
			behind->count++;
	}
	behind->files[i].fd = fd;
	behind->files[i].end = offset;
	behind->files[i].pushed = offset;
	behind->files[i].dropped = offset;
	return i;
}

bool wt_disk_behind_note(struct wt_disk_behind *behind, const struct wt_disk_request *request,
                         size_t length, struct wt_disk_advice *advice)
{
	unsigned i = find_file(behind, request->fd, request->offset);
	uint64_t end = request->offset + length, keep_from;

	if (end > behind->files[i].end)
		behind->files[i].end = end;
	end = behind->files[i].end;
	if (end - behind->files[i].pushed < PUSH_BYTES)
		return false;
	/* From where was dropped, not from where was pushed: writes end in any order, and
	 * what arrived late is to be pushed as well. */
	*advice = (struct wt_disk_advice){
	        .fd = request->fd,
	        .push_offset = behind->files[i].dropped,
	        .push_length = end - behind->files[i].dropped,
	        .drop_offset = behind->files[i].dropped,
	};
	behind->files[i].pushed = end;
	keep_from = end > KEEP_BYTES ? end - KEEP_BYTES : 0;
	if (keep_from > behind->files[i].dropped) {
		advice->drop_length = keep_from - behind->files[i].dropped;
		behind->files[i].dropped = keep_from;
	}
	return true;
}
