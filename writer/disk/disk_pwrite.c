/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk/disk_private.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>

/* First in, first out; linked by request->next. */
struct queue {
	struct wt_disk_request *first, **last;
};

struct worker {
	pthread_t thread;
	bool running;
	struct pwrite_disk *owner;
	struct queue wanted;
	pthread_cond_t news; /* a request is queued, or it is time to stop */
};

/* Two threads: one that writes, and one for slow requests that must not hold up the writes (making
 * room, bringing to stable storage). */
struct pwrite_disk {
	struct wt_disk disk;
	pthread_mutex_t lock; /* for the queues, `stop`, and the state of the eventfd */
	struct worker writer, helper;
	bool stop;
	struct queue ended;
	pthread_cond_t some_ended;
	struct wt_disk_behind behind; /* the writing thread's */
};

static void queue_reset(struct queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

static void queue_put(struct queue *queue, struct wt_disk_request *request)
{
	request->next = NULL;
	*queue->last = request;
	queue->last = &request->next;
}

static struct wt_disk_request *queue_get(struct queue *queue)
{
	struct wt_disk_request *request = queue->first;

	if (!request)
		return NULL;
	queue->first = request->next;
	if (!queue->first)
		queue->last = &queue->first;
	return request;
}

static ssize_t perform_once(const struct wt_disk_request *request)
{
	size_t length = request->length < WT_DISK_WRITE_MOST ? request->length : WT_DISK_WRITE_MOST;
	ssize_t rc = -1;

	errno = EINVAL;
	switch (request->op) {
	case WT_DISK_WRITE:
		rc = pwrite(request->fd, request->bytes, length, (off_t)request->offset);
		break;
	case WT_DISK_ALLOCATE:
		rc = fallocate(request->fd, 0, (off_t)request->offset, (off_t)request->length);
		break;
	case WT_DISK_SYNC:
		rc = fdatasync(request->fd);
		break;
	}
	return rc < 0 ? -errno : rc;
}

static ssize_t perform(struct wt_disk_request *request)
{
	static const struct timespec pause = {.tv_nsec = 1000000};
	ssize_t rc = perform_once(request);

	while ((rc == -EINTR || rc == -EAGAIN) && ++request->attempts < WT_DISK_ATTEMPTS_MOST) {
		if (rc == -EAGAIN)
			nanosleep(&pause, NULL);
		rc = perform_once(request);
	}
	return rc;
}

static void keep_dirty_pages_few(struct pwrite_disk *disk, const struct wt_disk_request *request,
                                 ssize_t result)
{
	struct wt_disk_advice advice;

	if (request->op != WT_DISK_WRITE || !request->buffered || result <= 0 ||
	    !wt_disk_behind_note(&disk->behind, request, (size_t)result, &advice))
		return;
	sync_file_range(advice.fd, (off_t)advice.push_offset, (off_t)advice.push_length,
	                SYNC_FILE_RANGE_WRITE);
	if (advice.drop_length)
		posix_fadvise(advice.fd, (off_t)advice.drop_offset, (off_t)advice.drop_length,
		              POSIX_FADV_DONTNEED);
}

/* The descriptor is readable exactly while the queue has something. */
static void put_ended(struct pwrite_disk *disk, struct wt_disk_request *request)
{
	assert(wt_mutex_is_locked(&disk->lock));
	if (!disk->ended.first)
		eventfd_write(disk->disk.fd, 1);
	queue_put(&disk->ended, request);
	pthread_cond_signal(&disk->some_ended);
}

static struct wt_disk_request *get_ended(struct pwrite_disk *disk)
{
	struct wt_disk_request *request;
	eventfd_t count;

	pthread_mutex_lock(&disk->lock);
	request = queue_get(&disk->ended);
	if (request && !disk->ended.first)
		eventfd_read(disk->disk.fd, &count);
	pthread_mutex_unlock(&disk->lock);
	return request;
}

/* Advice comes before the end: once a request has ended its file may be closed. */
static void carry_out(struct pwrite_disk *disk, struct wt_disk_request *request)
{
	request->result = perform(request);
	request->took_ns = wt_disk_now_ns() - request->started_ns;
	keep_dirty_pages_few(disk, request, request->result);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct pwrite_disk *disk = worker->owner;
	struct wt_disk_request *request;

	pthread_mutex_lock(&disk->lock);
	while (!disk->stop) {
		request = queue_get(&worker->wanted);
		if (!request) {
			pthread_cond_wait(&worker->news, &disk->lock);
			continue;
		}
		pthread_mutex_unlock(&disk->lock);
		carry_out(disk, request);
		pthread_mutex_lock(&disk->lock);
		put_ended(disk, request);
	}
	pthread_mutex_unlock(&disk->lock);
	return NULL;
}

static struct pwrite_disk *pwrite_of(struct wt_disk *disk)
{
	return (struct pwrite_disk *)disk;
}

static int submit_pwrite(struct wt_disk *disk, struct wt_disk_request *request)
{
	struct pwrite_disk *self = pwrite_of(disk);
	struct worker *worker = request->op == WT_DISK_WRITE ? &self->writer : &self->helper;

	pthread_mutex_lock(&self->lock);
	queue_put(&worker->wanted, request);
	pthread_cond_signal(&worker->news);
	pthread_mutex_unlock(&self->lock);
	return 0;
}

static void wait_for_end(struct pwrite_disk *disk)
{
	pthread_mutex_lock(&disk->lock);
	while (!disk->ended.first)
		pthread_cond_wait(&disk->some_ended, &disk->lock);
	pthread_mutex_unlock(&disk->lock);
}

static int reap_pwrite(struct wt_disk *disk, bool wait)
{
	struct wt_disk_request *request;
	int count = 0;

	if (wait)
		wait_for_end(pwrite_of(disk));
	/* Bounded: `done` may submit what ends at once. */
	while (count < WT_DISK_DEPTH && (request = get_ended(pwrite_of(disk)))) {
		wt_disk_complete(disk, request, request->result,
		                 request->started_ns + request->took_ns);
		count++;
	}
	return count;
}

static void stop_worker(struct worker *worker)
{
	if (!worker->running)
		return;
	pthread_cond_signal(&worker->news);
	pthread_join(worker->thread, NULL);
}

static void close_pwrite(struct wt_disk *disk)
{
	struct pwrite_disk *self = pwrite_of(disk);

	pthread_mutex_lock(&self->lock);
	self->stop = true;
	pthread_mutex_unlock(&self->lock);
	stop_worker(&self->writer);
	stop_worker(&self->helper);
	pthread_cond_destroy(&self->writer.news);
	pthread_cond_destroy(&self->helper.news);
	pthread_cond_destroy(&self->some_ended);
	pthread_mutex_destroy(&self->lock);
	if (disk->fd >= 0)
		close(disk->fd);
	free(self);
}

/* The program's threads handle signals. */
static int start_worker(struct pwrite_disk *disk, struct worker *worker)
{
	sigset_t all, before;
	int rc;

	worker->owner = disk;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = -pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->running = !rc;
	return rc;
}

static struct pwrite_disk *make_disk(void)
{
	static const struct wt_disk_ops ops = {
	        .name = "pwrite",
	        .submit = submit_pwrite,
	        .reap = reap_pwrite,
	        .close = close_pwrite,
	};
	struct pwrite_disk *disk = calloc(1, sizeof(*disk));

	if (!disk)
		return NULL;
	disk->disk.ops = &ops;
	disk->disk.fd = -1;
	queue_reset(&disk->ended);
	queue_reset(&disk->writer.wanted);
	queue_reset(&disk->helper.wanted);
	pthread_mutex_init(&disk->lock, NULL);
	pthread_cond_init(&disk->some_ended, NULL);
	pthread_cond_init(&disk->writer.news, NULL);
	pthread_cond_init(&disk->helper.news, NULL);
	return disk;
}

int wt_disk_pwrite_open(struct wt_disk **disk, struct wt_error *err)
{
	struct pwrite_disk *made = make_disk();
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for writing from a thread");
	made->disk.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = made->disk.fd < 0 ? -errno : 0;
	if (!rc)
		rc = start_worker(made, &made->writer);
	if (!rc)
		rc = start_worker(made, &made->helper);
	if (rc) {
		close_pwrite(&made->disk);
		return wt_error_set(err, rc, "cannot start a thread that writes: %s",
		                    strerror(-rc));
	}
	*disk = &made->disk;
	return 0;
}
