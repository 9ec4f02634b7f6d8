/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/sink_private.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static const int64_t slow_ns = 1000000000;

int wt_sink_alloc(struct wt_sink **sink, size_t size, const struct wt_sink_ops *ops,
                  const struct wt_sink_config *config)
{
	struct wt_sink *made = calloc(1, size);

	if (!made)
		return -ENOMEM;
	made->ops = ops;
	made->config = *config;
	made->failed_at = UINT64_MAX;
	made->whole = UINT64_MAX;
	*sink = made;
	return 0;
}

void wt_sink_began(struct wt_sink *sink)
{
	struct wt_sink_statistics *statistics = &sink->statistics;

	statistics->in_flight++;
	if (statistics->in_flight > statistics->in_flight_most)
		statistics->in_flight_most = statistics->in_flight;
}

void wt_sink_fail(struct wt_sink *sink, uint64_t offset, int error)
{
	if (sink->failed && sink->failed_at <= offset)
		return;
	sink->failed = error;
	sink->failed_at = offset;
}

void wt_sink_ended(struct wt_sink *sink, const struct wt_sink_piece *piece, int error,
                   int64_t ended_ns)
{
	struct wt_sink_statistics *statistics = &sink->statistics;
	int64_t took_ns = ended_ns - piece->started_ns;

	assert(statistics->in_flight);
	statistics->in_flight--;
	if (took_ns > statistics->longest_ns)
		statistics->longest_ns = took_ns;
	if (error) {
		wt_sink_fail(sink, piece->offset, error);
		if (piece->offset < sink->whole)
			sink->whole = piece->offset;
	} else {
		statistics->writes++;
		statistics->slow_writes += took_ns >= slow_ns;
	}
	sink->config.done(sink->config.context, piece->token, error);
}

size_t wt_sink_granule(const struct wt_sink *sink)
{
	return sink->ops->granule;
}

int wt_sink_write(struct wt_sink *sink, const uint8_t *bytes, size_t length, void *token)
{
	if (sink->failed)
		return sink->failed;
	if (!length || ((uintptr_t)bytes | length) % sink->ops->granule)
		return -EINVAL;
	return sink->ops->write(sink, bytes, length, token);
}

uint32_t wt_sink_room(const struct wt_sink *sink)
{
	if (sink->failed)
		return 0;
	return sink->ops->room ? sink->ops->room(sink) : UINT32_MAX;
}

bool wt_sink_is_idle(const struct wt_sink *sink)
{
	return !sink->ops->is_idle || sink->ops->is_idle(sink);
}

void wt_sink_reap(struct wt_sink *sink)
{
	if (sink->ops->reap)
		sink->ops->reap(sink);
}

void wt_sink_settle(struct wt_sink *sink)
{
	if (sink->ops->settle)
		sink->ops->settle(sink);
}

uint64_t wt_sink_bytes(const struct wt_sink *sink)
{
	return sink->taken;
}

uint64_t wt_sink_accepted(const struct wt_sink *sink)
{
	return sink->arrived;
}

bool wt_sink_is_direct(const struct wt_sink *sink)
{
	return sink->direct;
}

int wt_sink_failed(const struct wt_sink *sink)
{
	return sink->failed;
}

int wt_sink_truncate(struct wt_sink *sink, uint64_t length)
{
	int rc;

	if (!sink->ops->cut)
		return -ENOTSUP;
	if (sink->statistics.in_flight)
		return -EBUSY;
	if (length > sink->taken)
		return -EINVAL;
	rc = sink->ops->cut(sink, length);
	if (rc)
		return rc;
	sink->taken = length;
	if (sink->synced > length)
		sink->synced = length;
	sink->failed = 0;
	sink->failed_at = UINT64_MAX;
	sink->whole = UINT64_MAX;
	return 0;
}

int wt_sink_sync(struct wt_sink *sink)
{
	if (sink->failed)
		return sink->failed;
	return sink->ops->sync ? sink->ops->sync(sink) : 0;
}

int wt_sink_reopen(const struct wt_sink *sink)
{
	return sink->ops->reopen ? sink->ops->reopen(sink) : -ENOTSUP;
}

uint64_t wt_sink_synced(const struct wt_sink *sink)
{
	return sink->synced;
}

void wt_sink_statistics(const struct wt_sink *sink, int64_t now_ns,
                        struct wt_sink_statistics *statistics)
{
	*statistics = sink->statistics;
	if (statistics->in_flight && sink->ops->oldest_started_ns)
		statistics->oldest_ns = now_ns - sink->ops->oldest_started_ns(sink);
}

const char *wt_sink_spoilt(int error)
{
	switch (error) {
	case WT_SINK_DELETED:
		return "was deleted while it was recorded: nothing is left of it";
	case WT_SINK_REPLACED:
		return "was moved away or replaced while it was recorded: what has this name now "
		       "is not the recording";
	case WT_SINK_TRUNCATED:
		return "was truncated while it was recorded: some of it is missing";
	default:
		return NULL;
	}
}

const char *wt_sink_degraded(const struct wt_sink *sink)
{
	return sink->degraded[0] ? sink->degraded : NULL;
}

int wt_sink_close(struct wt_sink *sink, bool sync)
{
	uint64_t keep;
	int rc, closed;

	if (!sink)
		return 0;
	wt_sink_settle(sink);
	assert(!sink->statistics.in_flight);
	rc = sink->failed;
	keep = sink->whole < sink->taken ? sink->whole : sink->taken;
	closed = sink->ops->close(sink, keep, sync);
	free(sink);
	return rc ? rc : closed;
}
