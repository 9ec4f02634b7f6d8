/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Space that nobody sees, allocated far behind the end of the file. A write that
 * finds the disk full cuts the file, which frees it, and the closing blocks fit. */
enum { BALLAST_BYTES = 64 * 1024 };
static const off_t ballast_offset = (off_t)1 << 40;

/* How much is written before it is sent to the disk, and how much stays in the cache
 * behind that: by then it has arrived there, as a rule. */
enum { PUSH_BYTES = 8 << 20, KEEP_BYTES = 16 << 20 };

/* The thread that pushes. It may wait for the disk; the recording thread does not. */
struct pusher {
	pthread_t thread;
	bool running;
	sem_t wanted;             /* posted when there is something to push, or to stop */
	_Atomic uint64_t written; /* pairs: release in write_file(), acquire in push() */
	_Atomic bool stop;
	int fd;
};

struct fd_sink {
	struct wt_sink sink;
	struct pusher pusher;
	uint64_t announced; /* what the pusher was last woken for */
	int fd;
	bool owned;
	bool made; /* the file has no more than what we put there */
	char path[4096];
	const volatile sig_atomic_t *hurry;
};

/* Both calls are advice: a file system without them loses nothing. */
static void *push(void *argument)
{
	struct pusher *pusher = argument;
	uint64_t pushed = 0, dropped = 0;

	while (!atomic_load_explicit(&pusher->stop, memory_order_acquire)) {
		uint64_t written = atomic_load_explicit(&pusher->written, memory_order_acquire);

		if (written - pushed < PUSH_BYTES) {
			sem_wait(&pusher->wanted);
			continue;
		}
		sync_file_range(pusher->fd, (off_t)pushed, (off_t)(written - pushed),
		                SYNC_FILE_RANGE_WRITE);
		pushed = written;
		if (pushed - dropped < KEEP_BYTES + PUSH_BYTES)
			continue;
		posix_fadvise(pusher->fd, (off_t)dropped, (off_t)(pushed - KEEP_BYTES - dropped),
		              POSIX_FADV_DONTNEED);
		dropped = pushed - KEEP_BYTES;
	}
	return NULL;
}

static void start_pusher(struct fd_sink *file)
{
	file->pusher.fd = file->fd;
	if (sem_init(&file->pusher.wanted, 0, 0))
		return;
	/* Without the thread the kernel writes back in its own time. */
	file->pusher.running = pthread_create(&file->pusher.thread, NULL, push, &file->pusher) == 0;
}

static void stop_pusher(struct fd_sink *file)
{
	if (!file->pusher.running)
		return;
	atomic_store_explicit(&file->pusher.stop, true, memory_order_release);
	sem_post(&file->pusher.wanted);
	pthread_join(file->pusher.thread, NULL);
	sem_destroy(&file->pusher.wanted);
}

static void announce(struct fd_sink *file, uint64_t written)
{
	if (!file->pusher.running || written - file->announced < PUSH_BYTES)
		return;
	file->announced = written;
	atomic_store_explicit(&file->pusher.written, written, memory_order_release);
	sem_post(&file->pusher.wanted);
}

static int write_file(struct wt_sink *sink, const uint8_t *bytes, size_t length, size_t *landed)
{
	struct fd_sink *file = (struct fd_sink *)sink;

	*landed = 0;
	while (*landed < length) {
		ssize_t wrote = pwrite(file->fd, bytes + *landed, length - *landed,
		                       (off_t)(sink->written + *landed));

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		if (wrote == 0)
			return -EIO;
		*landed += (size_t)wrote;
	}
	announce(file, sink->written + length);
	return 0;
}

static int truncate_file(struct wt_sink *sink, uint64_t length)
{
	struct fd_sink *file = (struct fd_sink *)sink;

	return ftruncate(file->fd, (off_t)length) ? -errno : 0;
}

static int close_file(struct wt_sink *sink)
{
	struct fd_sink *file = (struct fd_sink *)sink;
	int ret = 0;

	stop_pusher(file);
	/* Frees the ballast. A file in which nothing ever arrived is no recording. */
	if (ftruncate(file->fd, (off_t)wt_sink_bytes(sink)))
		ret = -errno;
	if (!wt_sink_bytes(sink) && file->made)
		unlink(file->path);
	/* The kernel may report a failed write only here (NFS, quotas). */
	if (close(file->fd) && !ret)
		ret = -errno;
	wt_sink_free(sink);
	return ret;
}

/* Wait until a page fits into the stream; -ETIMEDOUT once in a hurry. */
static int wait_writable(const struct fd_sink *stream)
{
	struct pollfd wait = {.fd = stream->fd, .events = POLLOUT};
	enum { SLICE_MS = 100, PATIENCE_SLICES = 20 };
	int slices = 0;

	for (;;) {
		int ready = poll(&wait, 1, SLICE_MS);

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0)
			return 0;
		if (ready == 0 && stream->hurry && *stream->hurry && ++slices >= PATIENCE_SLICES)
			return -ETIMEDOUT;
	}
}

/* A page at a time: as much as a pipe that says it is writable takes without
 * blocking, so that a reader that has stopped reading cannot hold us for ever. */
static int write_stream(struct wt_sink *sink, const uint8_t *bytes, size_t length, size_t *landed)
{
	struct fd_sink *stream = (struct fd_sink *)sink;
	enum { PAGE_BYTES = 4096 };

	*landed = 0;
	while (*landed < length) {
		size_t part = length - *landed < PAGE_BYTES ? length - *landed : PAGE_BYTES;
		int ret = wait_writable(stream);
		ssize_t wrote;

		if (ret)
			return ret;
		wrote = write(stream->fd, bytes + *landed, part);
		if (wrote < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (wrote < 0)
			return -errno;
		*landed += (size_t)wrote;
	}
	return 0;
}

static int truncate_stream(struct wt_sink *sink, uint64_t length)
{
	(void)sink;
	(void)length;
	return -ENOTSUP;
}

static int close_stream(struct wt_sink *sink)
{
	struct fd_sink *stream = (struct fd_sink *)sink;
	int ret = 0;

	if (stream->owned && close(stream->fd))
		ret = -errno;
	wt_sink_free(sink);
	return ret;
}

static const struct wt_sink_ops file_ops = {write_file, truncate_file, close_file};
static const struct wt_sink_ops stream_ops = {write_stream, truncate_stream, close_stream};

int wt_sink_stream_open(struct wt_sink **sink, int fd, const volatile sig_atomic_t *hurry)
{
	int ret = wt_sink_alloc(sink, sizeof(struct fd_sink), &stream_ops);

	if (ret)
		return ret;
	((struct fd_sink *)*sink)->fd = fd;
	((struct fd_sink *)*sink)->hurry = hurry;
	return 0;
}

int wt_sink_file_open(struct wt_sink **sink, const char *path, const volatile sig_atomic_t *hurry,
                      struct wt_error *err)
{
	struct stat status;
	struct fd_sink *file;
	int fd, ret;

	if (strlen(path) >= sizeof(file->path))
		return wt_error_set(err, -ENAMETOOLONG, "the path of the file is too long");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		ret = -errno;
		return wt_error_set(err, ret, "cannot write %s: %s", path, strerror(-ret));
	}
	ret = wt_sink_alloc(sink, sizeof(struct fd_sink), &file_ops);
	if (ret) {
		close(fd);
		return wt_error_set(err, ret, "no memory for the buffer of %s", path);
	}
	file = (struct fd_sink *)*sink;
	file->fd = fd;
	file->owned = true;
	memcpy(file->path, path, strlen(path) + 1);
	if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
		(*sink)->ops = &stream_ops;
		file->hurry = hurry;
		return 0;
	}
	file->made = true;
	/* Without it recording works as well; only the end on a full disk is poorer. */
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, ballast_offset, BALLAST_BYTES))
		errno = 0;
	start_pusher(file);
	return 0;
}
