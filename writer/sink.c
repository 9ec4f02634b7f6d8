/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <stdlib.h>

int wt_sink_alloc(struct wt_sink **sink, size_t size, const struct wt_sink_ops *ops)
{
	struct wt_sink *made = calloc(1, size);

	if (!made)
		return -ENOMEM;
	made->buffer = aligned_alloc(4096, WT_SINK_BUFFER_BYTES);
	if (!made->buffer) {
		free(made);
		return -ENOMEM;
	}
	made->ops = ops;
	*sink = made;
	return 0;
}

void wt_sink_free(struct wt_sink *sink)
{
	free(sink->buffer);
	free(sink);
}

int wt_sink_flush(struct wt_sink *sink)
{
	if (sink->failed)
		return sink->failed;
	if (!sink->used)
		return 0;
	sink->failed = sink->ops->write(sink, sink->buffer, sink->used, &sink->landed);
	if (sink->failed)
		return sink->failed;
	sink->written += sink->used;
	sink->used = 0;
	sink->landed = 0;
	return 0;
}

int wt_sink_reserve(struct wt_sink *sink, size_t min_bytes, uint8_t **at, size_t *room)
{
	int ret = sink->failed;

	if (min_bytes > WT_SINK_BUFFER_BYTES)
		return -EMSGSIZE;
	if (!ret &&
	    (sink->used >= WT_SINK_WRITE_BYTES || WT_SINK_BUFFER_BYTES - sink->used < min_bytes))
		ret = wt_sink_flush(sink);
	if (ret)
		return ret;
	*at = sink->buffer + sink->used;
	*room = WT_SINK_BUFFER_BYTES - sink->used;
	return 0;
}

void wt_sink_submit(struct wt_sink *sink, size_t bytes)
{
	sink->used += bytes;
}

uint64_t wt_sink_bytes(const struct wt_sink *sink)
{
	return sink->written + (sink->failed ? sink->landed : sink->used);
}

struct wt_sink_unwritten wt_sink_unwritten(const struct wt_sink *sink)
{
	if (!sink->failed)
		return (struct wt_sink_unwritten){0};
	return (struct wt_sink_unwritten){sink->buffer, sink->used, sink->landed};
}

int wt_sink_cut(struct wt_sink *sink, size_t keep)
{
	int ret = sink->ops->truncate(sink, sink->written + keep);

	if (ret)
		return ret;
	sink->written += keep;
	sink->used = 0;
	sink->landed = 0;
	sink->failed = 0;
	return 0;
}

int wt_sink_close(struct wt_sink *sink)
{
	int ret, closed;

	if (!sink)
		return 0;
	ret = wt_sink_flush(sink);
	closed = sink->ops->close(sink);
	return ret ? ret : closed;
}
