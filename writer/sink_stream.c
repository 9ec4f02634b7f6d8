/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk/disk_private.h>
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <unistd.h>

/* Time without progress that an aborted write gets. */
static const int64_t patience_ns = 2000000000;

struct stream_sink {
	struct wt_sink sink;
	wt_sink_take *take; /* NULL: the descriptor takes it */
	void *context;
	int fd;
	bool owned;
	bool nonblocking;       /* the open description, which then is ours alone */
	bool refuses_flag;      /* RWF_NOWAIT: most but pipes */
	int64_t stuck_since_ns; /* aborted, and without progress; 0: it is not */
};

static struct stream_sink *stream_of(struct wt_sink *sink)
{
	return (struct stream_sink *)sink;
}

/* A page fits into a pipe that is writable, so that it does not block unless somebody else writes
 * there at this moment. */
static ssize_t write_page(const struct stream_sink *stream, const uint8_t *bytes, size_t length)
{
	struct pollfd now = {.fd = stream->fd, .events = POLLOUT};

	if (poll(&now, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(stream->fd, bytes, length < WT_SINK_PAGE_BYTES ? length : WT_SINK_PAGE_BYTES);
}

/* As much as the stream takes without blocking. The flags of a descriptor that others share are not
 * ours to change. */
static ssize_t write_now(struct stream_sink *stream, const uint8_t *bytes, size_t length)
{
	const struct iovec all = {(void *)(uintptr_t)bytes, length};
	ssize_t wrote;

	if (stream->take) {
		wrote = stream->take(stream->context, bytes, length);
		if (wrote > 0 && (size_t)wrote <= length)
			return wrote;
		errno = wrote > 0 ? EIO : wrote < 0 ? (int)-wrote : EAGAIN;
		return -1;
	}
	if (stream->nonblocking)
		return write(stream->fd, bytes, length);
	if (!stream->refuses_flag) {
		wrote = pwritev2(stream->fd, &all, 1, -1, RWF_NOWAIT);
		stream->refuses_flag = wrote < 0 && (errno == EOPNOTSUPP || errno == ENOSYS);
		if (!stream->refuses_flag)
			return wrote;
	}
	return write_page(stream, bytes, length);
}

static void end_all(struct wt_sink *sink, int error)
{
	struct wt_write *write;

	while ((write = wt_sink_oldest(sink)))
		wt_sink_ended(sink, write, error, write->length - write->request.length,
		              wt_disk_now_ns());
}

/* Write until the stream takes no more for now. */
static void push(struct stream_sink *stream)
{
	struct wt_write *write;

	while ((write = wt_sink_oldest(&stream->sink))) {
		ssize_t wrote = write_now(stream, write->request.bytes, write->request.length);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0 && errno == EAGAIN)
			return;
		if (wrote <= 0) {
			end_all(&stream->sink, wrote ? -errno : -EIO);
			return;
		}
		stream->stuck_since_ns = 0;
		write->request.bytes += wrote;
		write->request.length -= (size_t)wrote;
		if (!write->request.length)
			wt_sink_ended(&stream->sink, write, 0, 0, wt_disk_now_ns());
	}
}

static int write_stream(struct wt_sink *sink, struct wt_write *write)
{
	write->request = (struct wt_disk_request){.bytes = write->bytes, .length = write->length};
	write->started_ns = wt_disk_now_ns();
	push(stream_of(sink));
	return 0;
}

/* The deadline, or after so long without progress. */
static bool is_given_up(struct stream_sink *stream, int64_t now_ns)
{
	const struct wt_sink_config *config = &stream->sink.config;
	/* Pairs with the store of whoever sets it. */
	int64_t deadline_ns = config->deadline_ns ? atomic_load(config->deadline_ns) : INT64_MAX;

	if (deadline_ns != INT64_MAX)
		return now_ns >= deadline_ns;
	if (!stream->stuck_since_ns)
		stream->stuck_since_ns = now_ns;
	return now_ns - stream->stuck_since_ns >= patience_ns;
}

static void reap_stream(struct wt_sink *sink, int64_t now_ns)
{
	const volatile sig_atomic_t *abort_writes = sink->config.abort_writes;
	struct stream_sink *stream = stream_of(sink);

	push(stream);
	if (!abort_writes || !*abort_writes || !wt_sink_oldest(sink))
		return;
	if (is_given_up(stream, now_ns))
		end_all(sink, -ETIMEDOUT);
}

static struct pollfd poll_stream(const struct wt_sink *sink)
{
	const struct stream_sink *stream = (const struct stream_sink *)sink;

	return (struct pollfd){.fd = wt_sink_oldest(sink) ? stream->fd : -1, .events = POLLOUT};
}

static void wait_for_stream(struct wt_sink *sink)
{
	enum { LOOK_EVERY_MS = 100 };
	struct pollfd wait = poll_stream(sink);

	poll(&wait, 1, LOOK_EVERY_MS);
	reap_stream(sink, wt_disk_now_ns());
}

static int close_stream(struct wt_sink *sink, uint64_t length, bool sync)
{
	const struct stream_sink *stream = stream_of(sink);

	(void)length;
	(void)sync;
	return stream->owned && close(stream->fd) ? -errno : 0;
}

static bool stop_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int make(struct wt_sink **sink, const struct wt_sink_config *config)
{
	static const struct wt_sink_ops ops = {
	        .granule = 1,
	        .write = write_stream,
	        .reap = reap_stream,
	        .wait = wait_for_stream,
	        .poll = poll_stream,
	        .close = close_stream,
	};

	return wt_sink_alloc(sink, sizeof(struct stream_sink), &ops, config);
}

int wt_sink_stream_adopt(struct wt_sink **sink, int fd, bool owned,
                         const struct wt_sink_config *config)
{
	int rc = make(sink, config);

	if (rc)
		return rc;
	stream_of(*sink)->fd = fd;
	stream_of(*sink)->owned = owned;
	stream_of(*sink)->nonblocking = owned && stop_blocking(fd);
	return 0;
}

int wt_sink_stream_open(struct wt_sink **sink, int fd, const struct wt_sink_config *config)
{
	return wt_sink_stream_adopt(sink, fd, false, config);
}

int wt_sink_call_open(struct wt_sink **sink, wt_sink_take *take, void *context,
                      const struct wt_sink_config *config)
{
	int rc = make(sink, config);

	if (rc)
		return rc;
	stream_of(*sink)->take = take;
	stream_of(*sink)->context = context;
	stream_of(*sink)->fd = -1;
	return 0;
}
