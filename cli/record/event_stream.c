/* SPDX-License-Identifier: BSD-2-Clause */
#include "event_stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/base/mutex.h>

enum {
	ROOM_BYTES = 1 << 20,
	WRITE_BYTES = 4096,  /* at once */
	LOOK_EVERY_MS = 100, /* whether it is still to go on */
	PATIENCE_S = 2,      /* at the end, without progress */
};
_Static_assert(WRITE_BYTES <= PIPE_BUF, "a pipe that poll() says takes something takes as many");

struct wt_event_stream {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below; never held while writing */
	pthread_cond_t changed;
	size_t start, used; /* of `bytes`, a ring */
	uint64_t lines;     /* in it */
	uint64_t lost;
	uint64_t writes; /* that have ended */
	int error;       /* of the first failed one: nothing more is written */
	bool closing;    /* nothing more comes */
	bool abandoned;  /* what is left is not to be written */
	bool ended;
	char bytes[ROOM_BYTES];
};

static uint64_t count_lines(const char *bytes, size_t length)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < length; i++)
		lines += bytes[i] == '\n';
	return lines;
}

/* Take off the start of the ring, which was written or cannot be. */
static void take_off(struct wt_event_stream *stream, ssize_t wrote, int error)
{
	size_t length = wrote > 0 ? (size_t)wrote : 0;

	assert(wt_mutex_is_locked(&stream->lock));
	assert(length <= stream->used);
	stream->writes += wrote > 0;
	stream->lines -= count_lines(stream->bytes + stream->start, length);
	stream->start = (stream->start + length) % ROOM_BYTES;
	stream->used -= length;
	if (wrote >= 0 || error == EINTR || error == EAGAIN)
		return;
	stream->error = error;
	stream->lost += stream->lines;
	stream->lines = stream->used = 0;
}

/* Does not wait in write(), where nobody could call it off. -1 with EINTR: not now. */
static ssize_t write_some(int fd, const char *bytes, size_t length)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	if (poll(&wait, 1, LOOK_EVERY_MS) > 0)
		return write(fd, bytes, length);
	errno = EINTR;
	return -1;
}

static void write_next(struct wt_event_stream *stream)
{
	size_t length = stream->used;
	const char *bytes = stream->bytes + stream->start;
	ssize_t wrote;
	int error;

	if (length > ROOM_BYTES - stream->start)
		length = ROOM_BYTES - stream->start;
	if (length > WRITE_BYTES)
		length = WRITE_BYTES;
	pthread_mutex_unlock(&stream->lock);
	wrote = write_some(stream->fd, bytes, length);
	error = errno;
	pthread_mutex_lock(&stream->lock);
	take_off(stream, wrote, error);
	pthread_cond_broadcast(&stream->changed);
}

static void *run(void *argument)
{
	struct wt_event_stream *stream = argument;

	pthread_mutex_lock(&stream->lock);
	while (!stream->abandoned && (!stream->closing || stream->used)) {
		if (stream->used)
			write_next(stream);
		else
			pthread_cond_wait(&stream->changed, &stream->lock);
	}
	stream->ended = true;
	pthread_cond_broadcast(&stream->changed);
	pthread_mutex_unlock(&stream->lock);
	return NULL;
}

static int open_path(const char *path, struct wt_error *err)
{
	int fd, flags, saved;

	if (!strcmp(path, "-"))
		return STDOUT_FILENO;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	saved = errno;
	if (fd < 0 && saved == ENXIO)
		return wt_error_set(err, -ENXIO,
		                    "cannot write events to %s: it is a FIFO that nobody reads; "
		                    "start its reader first",
		                    path);
	if (fd < 0)
		return wt_error_set(err, -saved, "cannot write events to %s: %s", path,
		                    strerror(saved));
	/* O_NONBLOCK was for opening only; a thread of its own may wait. */
	flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	return fd;
}

/* Signals are for the thread that knows what to do about them. */
static int start_thread(struct wt_event_stream *stream)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&stream->thread, NULL, run, stream);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void free_stream(struct wt_event_stream *stream)
{
	if (stream->fd > STDERR_FILENO)
		close(stream->fd);
	pthread_cond_destroy(&stream->changed);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}

static void init_waiting(struct wt_event_stream *stream)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&stream->lock, NULL);
	pthread_cond_init(&stream->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

int wt_event_stream_open(struct wt_event_stream **stream, const char *path, struct wt_error *err)
{
	struct wt_event_stream *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for events");
	init_waiting(made);
	made->fd = open_path(path, err);
	if (made->fd < 0) {
		rc = made->fd;
		free_stream(made);
		return rc;
	}
	rc = start_thread(made);
	if (rc) {
		free_stream(made);
		return wt_error_set(err, -rc, "cannot start a thread for events: %s", strerror(rc));
	}
	*stream = made;
	return 0;
}

static void append(struct wt_event_stream *stream, const char *bytes, size_t length)
{
	size_t end = (stream->start + stream->used) % ROOM_BYTES;
	size_t first = length < ROOM_BYTES - end ? length : ROOM_BYTES - end;

	assert(length <= ROOM_BYTES - stream->used);
	memcpy(stream->bytes + end, bytes, first);
	memcpy(stream->bytes, bytes + first, length - first);
	stream->used += length;
}

void wt_event_stream_put(struct wt_event_stream *stream, const char *line, size_t length)
{
	pthread_mutex_lock(&stream->lock);
	if (stream->error || length + 1 > ROOM_BYTES - stream->used) {
		stream->lost++;
	} else {
		append(stream, line, length);
		append(stream, "\n", 1);
		stream->lines++;
		pthread_cond_broadcast(&stream->changed);
	}
	pthread_mutex_unlock(&stream->lock);
}

/* Wait until all is written, or nothing was for a while. */
static void wait_for_end(struct wt_event_stream *stream)
{
	struct timespec until;
	uint64_t writes = UINT64_MAX;

	assert(wt_mutex_is_locked(&stream->lock));
	while (!stream->ended) {
		if (stream->writes != writes) {
			writes = stream->writes;
			clock_gettime(CLOCK_MONOTONIC, &until);
			until.tv_sec += PATIENCE_S;
		}
		if (pthread_cond_timedwait(&stream->changed, &stream->lock, &until) == ETIMEDOUT &&
		    stream->writes == writes)
			return;
	}
}

uint64_t wt_event_stream_close(struct wt_event_stream *stream, int *error)
{
	uint64_t lost;

	*error = 0;
	if (!stream)
		return 0;
	pthread_mutex_lock(&stream->lock);
	stream->closing = true;
	pthread_cond_broadcast(&stream->changed);
	wait_for_end(stream);
	stream->abandoned = true;
	pthread_mutex_unlock(&stream->lock);
	pthread_join(stream->thread, NULL);
	lost = stream->lost + stream->lines;
	*error = stream->error;
	free_stream(stream);
	return lost;
}
