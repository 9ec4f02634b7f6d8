/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct memory_sink {
	struct wt_sink sink;
	uint8_t *bytes;
	size_t length;
	size_t room; /* allocated; doubles, so that growing costs no more than filling */
	size_t limit;
};

static int make_room(struct memory_sink *memory, size_t bytes)
{
	size_t room = memory->room ? memory->room : 4096;
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

static int write_memory(struct wt_sink *sink, const uint8_t *bytes, size_t length, size_t *landed)
{
	struct memory_sink *memory = (struct memory_sink *)sink;
	size_t left = memory->limit - memory->length;
	size_t take = length < left ? length : left;
	int ret = make_room(memory, take);

	*landed = 0;
	if (ret)
		return ret;
	memcpy(memory->bytes + memory->length, bytes, take);
	memory->length += take;
	*landed = take;
	return take < length ? -ENOSPC : 0;
}

static int truncate_memory(struct wt_sink *sink, uint64_t length)
{
	((struct memory_sink *)sink)->length = length;
	return 0;
}

static int close_memory(struct wt_sink *sink)
{
	free(((struct memory_sink *)sink)->bytes);
	wt_sink_free(sink);
	return 0;
}

int wt_sink_memory_open(struct wt_sink **sink, size_t limit_bytes)
{
	static const struct wt_sink_ops ops = {write_memory, truncate_memory, close_memory};
	int ret = wt_sink_alloc(sink, sizeof(struct memory_sink), &ops);

	if (!ret)
		((struct memory_sink *)*sink)->limit = limit_bytes ? limit_bytes : SIZE_MAX;
	return ret;
}

const uint8_t *wt_sink_memory_bytes(const struct wt_sink *sink, size_t *length)
{
	const struct memory_sink *memory = (const struct memory_sink *)sink;

	*length = memory->length;
	return memory->bytes;
}
