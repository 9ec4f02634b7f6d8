/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/disk/disk_private.h>
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

struct stream_sink {
	struct wt_sink sink;
	int fd;
	bool owned;
};

/* Wait until a page fits into the stream; -ETIMEDOUT if writes are aborted. */
static int wait_writable(const struct stream_sink *stream)
{
	const volatile sig_atomic_t *abort_writes = stream->sink.config.abort_writes;
	struct pollfd wait = {.fd = stream->fd, .events = POLLOUT};
	enum { SLICE_MS = 100, PATIENCE_SLICES = 20 };
	int slices = 0;

	for (;;) {
		int ready = poll(&wait, 1, SLICE_MS);

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0)
			return 0;
		if (ready == 0 && abort_writes && *abort_writes && ++slices >= PATIENCE_SLICES)
			return -ETIMEDOUT;
	}
}

/* A page at a time: as much as a writable pipe takes without blocking, so that a stalled reader
 * cannot hold us for ever. */
static int write_all(struct stream_sink *stream, const uint8_t *bytes, size_t length)
{
	while (length) {
		size_t part = length < WT_SINK_PAGE_BYTES ? length : WT_SINK_PAGE_BYTES;
		int rc = wait_writable(stream);
		ssize_t wrote;

		if (rc)
			return rc;
		wrote = write(stream->fd, bytes, part);
		if (wrote < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (wrote <= 0)
			return wrote ? -errno : -EIO;
		stream->sink.arrived += (uint64_t)wrote;
		bytes += wrote;
		length -= (size_t)wrote;
	}
	return 0;
}

static int write_stream(struct wt_sink *sink, const uint8_t *bytes, size_t length, void *token)
{
	struct wt_sink_piece piece = {sink->taken, length, token, wt_disk_now_ns()};
	int error;

	wt_sink_began(sink);
	sink->taken += length;
	error = write_all((struct stream_sink *)sink, bytes, length);
	wt_sink_ended(sink, &piece, error, wt_disk_now_ns());
	return 0;
}

static int close_stream(struct wt_sink *sink, uint64_t length, bool sync)
{
	struct stream_sink *stream = (struct stream_sink *)sink;

	(void)length;
	(void)sync;
	return stream->owned && close(stream->fd) ? -errno : 0;
}

int wt_sink_stream_adopt(struct wt_sink **sink, int fd, bool owned,
                         const struct wt_sink_config *config)
{
	static const struct wt_sink_ops ops = {
	        .granule = 1,
	        .write = write_stream,
	        .close = close_stream,
	};
	int rc = wt_sink_alloc(sink, sizeof(struct stream_sink), &ops, config);

	if (rc)
		return rc;
	((struct stream_sink *)*sink)->fd = fd;
	((struct stream_sink *)*sink)->owned = owned;
	return 0;
}

int wt_sink_stream_open(struct wt_sink **sink, int fd, const struct wt_sink_config *config)
{
	return wt_sink_stream_adopt(sink, fd, false, config);
}
