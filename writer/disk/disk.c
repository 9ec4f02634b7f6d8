/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk/disk_private.h>

#include <assert.h>
#include <errno.h>
#include <time.h>

/* Distances of write-back: pushed to the disk in steps of PUSH, dropped from the cache KEEP later,
 * when the data has usually arrived there. */
enum { PUSH_BYTES = 8 << 20, KEEP_BYTES = 16 << 20 };

int64_t wt_disk_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void wt_disk_register(struct wt_disk *disk, uint8_t *base, size_t length)
{
	assert(!disk->in_flight);
	if (disk->ops->know && length)
		disk->ops->know(disk, base, length);
}

int wt_disk_submit(struct wt_disk *disk, struct wt_disk_request *request)
{
	int rc;

	if (disk->in_flight >= WT_DISK_DEPTH)
		return -EAGAIN;
	request->started_ns = wt_disk_now_ns();
	request->attempts = 0;
	request->next = NULL;
	/* Counted first: once submitted it may end at any moment. */
	disk->in_flight++;
	rc = disk->ops->submit(disk, request);
	if (rc)
		disk->in_flight--;
	return rc;
}

void wt_disk_complete(struct wt_disk *disk, struct wt_disk_request *request, ssize_t result,
                      int64_t ended_ns)
{
	assert(disk->in_flight);
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

/* Entry of this file. Files begin at 0, so a write there means that the descriptor's number has a
 * new owner. */
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
	/* Push from the dropped end, not from the pushed end: writes end in any order, and late
	 * ones need a push as well. */
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
