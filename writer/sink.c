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
	made->config.place = NULL;
	made->last = &made->first;
	made->failed_at = UINT64_MAX;
	*sink = made;
	return 0;
}

void wt_sink_fail(struct wt_sink *sink, uint64_t offset, int error)
{
	if (sink->failed && sink->failed_at <= offset)
		return;
	sink->failed = error;
	sink->failed_at = offset;
}

static void count_end(struct wt_sink_statistics *statistics, int error, int64_t took_ns)
{
	assert(statistics->in_flight);
	statistics->in_flight--;
	if (took_ns > statistics->longest_ns)
		statistics->longest_ns = took_ns;
	if (error)
		return;
	statistics->writes++;
	statistics->slow_writes += took_ns >= slow_ns;
}

static void land(struct wt_sink *sink, struct wt_write *write, size_t bytes)
{
	sink->landed += bytes;
	if (sink->on_landed && bytes)
		sink->on_landed(sink->context, write, bytes);
}

static struct wt_write *take_first(struct wt_sink *sink)
{
	struct wt_write *write = sink->first;

	sink->first = write->next;
	if (!sink->first)
		sink->last = &sink->first;
	sink->unlanded--;
	return write;
}

/* Land writes that have ended together with all before them. */
static void advance(struct wt_sink *sink)
{
	while (sink->first && sink->first->ended && !sink->first->error) {
		struct wt_write *write = take_first(sink);

		land(sink, write, write->length);
		write->owner->retire(write);
	}
}

void wt_sink_ended(struct wt_sink *sink, struct wt_write *write, int error, size_t arrived,
                   int64_t ended_ns)
{
	count_end(&sink->statistics, error, ended_ns - write->started_ns);
	write->ended = true;
	write->error = error;
	if (error) {
		wt_sink_fail(sink, write->offset, error);
		land(sink, write, arrived);
	}
	write->owner->release(write);
	advance(sink);
}

struct wt_write *wt_sink_oldest(const struct wt_sink *sink)
{
	struct wt_write *write = sink->first;

	while (write && write->ended)
		write = write->next;
	return write;
}

void wt_sink_notify(struct wt_sink *sink, wt_sink_landed *landed, void *context)
{
	assert(!sink->taken);
	sink->on_landed = landed;
	sink->context = context;
}

size_t wt_sink_granule(const struct wt_sink *sink)
{
	return sink->ops->granule;
}

static void enqueue(struct wt_sink *sink, struct wt_write *write)
{
	struct wt_sink_statistics *statistics = &sink->statistics;

	write->offset = sink->taken;
	write->next = NULL;
	write->ended = false;
	write->error = 0;
	write->stuck = 0;
	*sink->last = write;
	sink->last = &write->next;
	sink->unlanded++;
	sink->taken += write->length;
	statistics->in_flight++;
	if (statistics->in_flight > statistics->in_flight_most)
		statistics->in_flight_most = statistics->in_flight;
}

int wt_sink_write(struct wt_sink *sink, struct wt_write *write)
{
	struct wt_write **at = sink->last;
	int rc;

	if (sink->failed)
		return sink->failed;
	if (!write->length || ((uintptr_t)write->bytes | write->length) % sink->ops->granule)
		return -EINVAL;
	if (!wt_sink_room(sink))
		return -EAGAIN;
	enqueue(sink, write);
	rc = sink->ops->write(sink, write);
	if (!rc)
		return 0;
	*at = NULL;
	sink->last = at;
	sink->unlanded--;
	sink->taken -= write->length;
	sink->statistics.in_flight--;
	return rc;
}

uint32_t wt_sink_room(const struct wt_sink *sink)
{
	uint32_t own = WT_SINK_UNLANDED_MOST - sink->unlanded, room = own;

	if (sink->failed)
		return 0;
	if (sink->ops->room)
		room = sink->ops->room(sink);
	return room < own ? room : own;
}

bool wt_sink_is_idle(const struct wt_sink *sink)
{
	return !sink->statistics.in_flight && !(sink->ops->is_busy && sink->ops->is_busy(sink));
}

void wt_sink_reap(struct wt_sink *sink, int64_t now_ns)
{
	if (sink->ops->reap)
		sink->ops->reap(sink, now_ns);
}

struct pollfd wt_sink_poll(const struct wt_sink *sink)
{
	return sink->ops->poll ? sink->ops->poll(sink) : (struct pollfd){.fd = -1};
}

void wt_sink_settle(struct wt_sink *sink)
{
	while (!wt_sink_is_idle(sink))
		sink->ops->wait(sink);
}

uint64_t wt_sink_bytes(const struct wt_sink *sink)
{
	return sink->taken;
}

uint64_t wt_sink_landed_bytes(const struct wt_sink *sink)
{
	return sink->landed;
}

bool wt_sink_is_direct(const struct wt_sink *sink)
{
	return sink->direct;
}

int wt_sink_failed(const struct wt_sink *sink)
{
	return sink->failed;
}

/* Retire the records of writes that will not land. */
static void retire_rest(struct wt_sink *sink)
{
	while (sink->first) {
		struct wt_write *write = take_first(sink);

		write->owner->retire(write);
	}
}

int wt_sink_truncate(struct wt_sink *sink, uint64_t length)
{
	int rc;

	if (!sink->ops->cut)
		return -ENOTSUP;
	if (!wt_sink_is_idle(sink))
		return -EBUSY;
	if (length > sink->landed)
		return -EINVAL;
	retire_rest(sink);
	rc = sink->ops->cut(sink, length);
	if (rc)
		return rc;
	sink->taken = length;
	sink->landed = length;
	sink->failed = 0;
	sink->failed_at = UINT64_MAX;
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

void wt_sink_statistics(const struct wt_sink *sink, int64_t now_ns,
                        struct wt_sink_statistics *statistics)
{
	const struct wt_write *oldest = wt_sink_oldest(sink);

	*statistics = sink->statistics;
	if (oldest)
		statistics->oldest_ns = now_ns - oldest->started_ns;
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
	int rc, closed;

	if (!sink)
		return 0;
	wt_sink_settle(sink);
	retire_rest(sink);
	rc = sink->failed;
	closed = sink->ops->close(sink, sink->landed, sync);
	free(sink);
	return rc ? rc : closed;
}
