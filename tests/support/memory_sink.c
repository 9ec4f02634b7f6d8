/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/writer/disk/disk_private.h>
#include <wiretape/writer/sink_private.h>

struct memory_sink {
	struct wt_sink sink;
	uint8_t *bytes;
	size_t length;
	size_t room; /* allocated; doubles, so that growing costs no more than filling */
	size_t limit;
};

static int make_room(struct memory_sink *memory, size_t bytes)
{
	size_t room = memory->room ? memory->room : WT_SINK_PAGE_BYTES;
	uint8_t *grown;

	while (room - memory->length < bytes)
		room *= 2;
	if (room == memory->room)
		return 0;
	grown = realloc(memory->bytes, room);
	if (!grown)
		return -ENOMEM;
	memory->bytes = grown;
	memory->room = room;
	return 0;
}

/* Like a disk that runs full: only as much arrives as there is room for. */
static int append(struct memory_sink *memory, const uint8_t *bytes, size_t length)
{
	size_t left = memory->limit - memory->length;
	size_t take = length < left ? length : left;
	int rc = make_room(memory, take);

	if (rc)
		return rc;
	if (take)
		memcpy(memory->bytes + memory->length, bytes, take);
	memory->length += take;
	return take < length ? -ENOSPC : 0;
}

static int write_memory(struct wt_sink *sink, struct wt_write *write)
{
	int error;

	write->started_ns = wt_disk_now_ns();
	error = append((struct memory_sink *)sink, write->bytes, write->length);
	wt_sink_ended(sink, write, error, 0, wt_disk_now_ns());
	return 0;
}

static int cut_memory(struct wt_sink *sink, uint64_t length)
{
	struct memory_sink *memory = (struct memory_sink *)sink;

	if (length > memory->length)
		return -EINVAL;
	memory->length = length;
	return 0;
}

static int close_memory(struct wt_sink *sink, uint64_t length, bool sync)
{
	(void)length;
	(void)sync;
	free(((struct memory_sink *)sink)->bytes);
	return 0;
}

int memory_sink_open(struct wt_sink **sink, size_t limit_bytes, const struct wt_sink_config *config)
{
	static const struct wt_sink_ops ops = {
	        .granule = WT_SINK_PAGE_BYTES,
	        .write = write_memory,
	        .cut = cut_memory,
	        .close = close_memory,
	};
	int rc = wt_sink_alloc(sink, sizeof(struct memory_sink), &ops, config);

	if (!rc)
		((struct memory_sink *)*sink)->limit = limit_bytes ? limit_bytes : SIZE_MAX;
	return rc;
}

const uint8_t *memory_sink_bytes(const struct wt_sink *sink, size_t *length)
{
	const struct memory_sink *memory = (const struct memory_sink *)sink;

	*length = memory->length;
	return memory->bytes;
}
