/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wiretape/writer/disk/disk_private.h>

struct fault_disk {
	struct wt_disk disk;
	struct wt_disk_request *pending[WT_DISK_DEPTH]; /* oldest first */
	unsigned numbers[WT_DISK_DEPTH];                /* number of the write; 0: not a write */
	unsigned count;
	pthread_mutex_t lock; /* for the next four and the eventfd */
	pthread_cond_t released;
	bool hold;
	bool keep_first;
	unsigned may_end;               /* though it is held */
	unsigned waiting;               /* `count` for other threads */
	uint32_t random;                /* 0: in order */
	unsigned hold_from, hold_until; /* writes handed in */
	unsigned fail_nth, fail_from, short_nth, short_last;
	int fail_error, fail_from_error, allocate_error, sync_error;
	size_t short_bytes;
	struct fault_disk_counts counts;
};

static struct fault_disk *fault_of(struct wt_disk *disk)
{
	return (struct fault_disk *)disk;
}

/* Make the eventfd readable while a request may be reaped. With the lock held. */
static void show_state(struct fault_disk *fault)
{
	eventfd_t value;

	eventfd_read(fault->disk.fd, &value);
	if (fault->waiting && (!fault->hold || fault->may_end))
		eventfd_write(fault->disk.fd, 1);
}

static void update_state(struct fault_disk *fault)
{
	pthread_mutex_lock(&fault->lock);
	fault->waiting = fault->count;
	show_state(fault);
	pthread_mutex_unlock(&fault->lock);
}

/* xorshift32 */
static uint32_t draw(struct fault_disk *fault, uint32_t below)
{
	fault->random ^= fault->random << 13;
	fault->random ^= fault->random >> 17;
	fault->random ^= fault->random << 5;
	return fault->random % below;
}

static ssize_t write_whole(const struct wt_disk_request *request, size_t length)
{
	ssize_t wrote = pwrite(request->fd, request->bytes, length, (off_t)request->offset);

	return wrote < 0 ? -errno : wrote;
}

static ssize_t perform_write(const struct fault_disk *fault, const struct wt_disk_request *request,
                             unsigned nth)
{
	if (nth == fault->fail_nth)
		return fault->fail_error;
	if (fault->fail_from && nth >= fault->fail_from)
		return fault->fail_from_error;
	if (nth >= fault->short_nth && nth <= fault->short_last &&
	    fault->short_bytes < request->length)
		return write_whole(request, fault->short_bytes);
	return write_whole(request, request->length);
}

static ssize_t perform(const struct fault_disk *fault, const struct wt_disk_request *request,
                       unsigned nth)
{
	switch (request->op) {
	case WT_DISK_WRITE:
		return perform_write(fault, request, nth);
	case WT_DISK_ALLOCATE:
		if (fault->allocate_error)
			return fault->allocate_error;
		return fallocate(request->fd, 0, (off_t)request->offset, (off_t)request->length)
		               ? -errno
		               : 0;
	case WT_DISK_SYNC:
		return fault->sync_error;
	}
	return -EINVAL;
}

static int submit_fault(struct wt_disk *disk, struct wt_disk_request *request)
{
	struct fault_disk *fault = fault_of(disk);
	struct fault_disk_counts *counts = &fault->counts;
	uint64_t end = request->offset + request->length;

	fault->numbers[fault->count] = request->op == WT_DISK_WRITE ? ++counts->writes : 0;
	fault->pending[fault->count++] = request;
	counts->syncs += request->op == WT_DISK_SYNC;
	if (request->op == WT_DISK_ALLOCATE) {
		counts->allocates++;
		if (end > counts->allocated_end)
			counts->allocated_end = end;
	}
	if (disk->in_flight > counts->in_flight_most)
		counts->in_flight_most = disk->in_flight;
	update_state(fault);
	return 0;
}

static void end_one(struct fault_disk *fault, unsigned i)
{
	struct wt_disk_request *request = fault->pending[i];
	ssize_t result = perform(fault, request, fault->numbers[i]);

	fault->count--;
	for (; i < fault->count; i++) {
		fault->pending[i] = fault->pending[i + 1];
		fault->numbers[i] = fault->numbers[i + 1];
	}
	wt_disk_complete(&fault->disk, request, result, wt_disk_now_ns());
}

static bool may_end(struct fault_disk *fault, bool wait)
{
	unsigned writes = fault->counts.writes;
	bool hold;

	if (fault->hold_from && writes >= fault->hold_from && writes < fault->hold_until)
		return false;

	pthread_mutex_lock(&fault->lock);
	while (wait && fault->hold && !fault->may_end)
		pthread_cond_wait(&fault->released, &fault->lock);
	hold = fault->hold && !fault->may_end;
	pthread_mutex_unlock(&fault->lock);
	return !hold && fault->count;
}

static int reap_fault(struct wt_disk *disk, bool wait)
{
	struct fault_disk *fault = fault_of(disk);
	unsigned ends;

	if (!may_end(fault, wait))
		return 0;
	ends = fault->count - fault->keep_first;
	if (fault->random && ends)
		ends = 1 + draw(fault, ends);
	if (fault->hold && ends > fault->may_end)
		ends = fault->may_end;
	fault->may_end -= fault->hold ? ends : 0;
	for (unsigned i = 0; i < ends; i++)
		end_one(fault,
		        fault->keep_first + (fault->random
		                                     ? draw(fault, fault->count - fault->keep_first)
		                                     : 0));
	update_state(fault);
	return (int)ends;
}

static void close_fault(struct wt_disk *disk)
{
	struct fault_disk *fault = fault_of(disk);

	close(disk->fd);
	pthread_cond_destroy(&fault->released);
	pthread_mutex_destroy(&fault->lock);
	free(fault);
}

struct wt_disk *fault_disk_open(void)
{
	static const struct wt_disk_ops ops = {
	        .name = "fault",
	        .submit = submit_fault,
	        .reap = reap_fault,
	        .close = close_fault,
	};
	struct fault_disk *fault = calloc(1, sizeof(*fault));

	if (!fault)
		return NULL;
	fault->disk.ops = &ops;
	fault->disk.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&fault->lock, NULL);
	pthread_cond_init(&fault->released, NULL);
	return &fault->disk;
}

void fault_disk_fail_write(struct wt_disk *disk, unsigned nth, int error)
{
	fault_of(disk)->fail_nth = nth;
	fault_of(disk)->fail_error = error;
}

void fault_disk_fail_from(struct wt_disk *disk, unsigned nth, int error)
{
	fault_of(disk)->fail_from = nth;
	fault_of(disk)->fail_from_error = error;
}

void fault_disk_short_write(struct wt_disk *disk, unsigned nth, size_t bytes)
{
	fault_of(disk)->short_nth = nth;
	fault_of(disk)->short_last = nth;
	fault_of(disk)->short_bytes = bytes;
}

void fault_disk_short_from(struct wt_disk *disk, unsigned nth, size_t bytes)
{
	fault_of(disk)->short_nth = nth;
	fault_of(disk)->short_last = UINT_MAX;
	fault_of(disk)->short_bytes = bytes;
}

void fault_disk_fail_allocate(struct wt_disk *disk, int error)
{
	fault_of(disk)->allocate_error = error;
}

void fault_disk_fail_sync(struct wt_disk *disk, int error)
{
	fault_of(disk)->sync_error = error;
}

void fault_disk_hold(struct wt_disk *disk, bool hold)
{
	struct fault_disk *fault = fault_of(disk);

	pthread_mutex_lock(&fault->lock);
	fault->hold = hold;
	show_state(fault);
	pthread_cond_broadcast(&fault->released);
	pthread_mutex_unlock(&fault->lock);
}

void fault_disk_let_end(struct wt_disk *disk, unsigned requests)
{
	struct fault_disk *fault = fault_of(disk);

	pthread_mutex_lock(&fault->lock);
	fault->may_end = requests;
	show_state(fault);
	pthread_mutex_unlock(&fault->lock);
}

void fault_disk_keep_first(struct wt_disk *disk, bool keep)
{
	fault_of(disk)->keep_first = keep;
}

void fault_disk_hold_between(struct wt_disk *disk, unsigned from, unsigned until)
{
	fault_of(disk)->hold_from = from;
	fault_of(disk)->hold_until = until;
}

void fault_disk_shuffle(struct wt_disk *disk, uint32_t seed)
{
	fault_of(disk)->random = seed;
}

struct fault_disk_counts fault_disk_counts(const struct wt_disk *disk)
{
	return ((const struct fault_disk *)disk)->counts;
}
