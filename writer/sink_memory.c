/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/sink_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct memory_sink {
	struct wt_sink sink;
	uint8_t *bytes;
	size_t length;
	size_t limit;
};

static int write_memory(struct wt_sink *sink, const uint8_t *bytes, size_t length, size_t *landed)
{
	struct memory_sink *memory = (struct memory_sink *)sink;
	size_t room = memory->limit - memory->length;
	size_t take = length < room ? length : room;
	uint8_t *grown = realloc(memory->bytes, memory->length + take + 1);

	*landed = 0;
	if (!grown)
		return -ENOMEM;
	memcpy(grown + memory->length, bytes, take);
	memory->bytes = grown;
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
