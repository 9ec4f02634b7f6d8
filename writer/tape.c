/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/tape.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_encode.h>

struct wt_tape {
	struct wt_tape_config config;
	struct wt_sink *sink;
	bool stream;
	bool has_header;            /* its chunk has been handed over */
	struct wt_chunk_run run;    /* of the next chunk */
	struct wt_chunk_run landed; /* end of the last chunk that has landed */
	uint64_t *packets;          /* added, by interface; and those that have landed */
	uint64_t *packets_landed;
	struct wt_buffer *header; /* for the first chunk, until it is begun; or NULL */
	struct wt_buffer *chunk;  /* the open one, or NULL */
	uint32_t used;            /* bytes of it */
	struct wt_chunk_packets chunk_packets;
	struct wt_chunk_maps chunk_maps;
	uint16_t chunk_flags;
};

int wt_tape_open(struct wt_tape **tape, const struct wt_tape_config *config)
{
	struct wt_tape *made = calloc(1, sizeof(*made));
	size_t n = config->interfaces;

	if (!made)
		return -ENOMEM;
	made->packets = calloc(2 * n + 1, sizeof(*made->packets));
	if (!made->packets) {
		free(made);
		return -ENOMEM;
	}
	made->packets_landed = made->packets + n;
	made->config = *config;
	wt_chunk_run_init(&made->run, config->tape_id, 0);
	made->landed = made->run;
	*tape = made;
	return 0;
}

static void count_landed(struct wt_tape *tape, size_t interface, uint64_t packets)
{
	if (!packets)
		return;
	tape->packets_landed[interface] += packets;
	tape->config.landed(tape->config.context, interface, packets);
}

static void on_landed(void *context, struct wt_write *write, size_t bytes)
{
	struct wt_tape *tape = context;

	/* Of a write that failed a stream has only the whole blocks. */
	if (bytes < write->length) {
		memset(write->packets, 0, tape->config.interfaces * sizeof(*write->packets));
		wt_pcapng_whole_blocks(write->bytes, write->length, bytes, write->packets,
		                       tape->config.interfaces);
	} else {
		tape->landed = write->after;
	}
	if (!write->packets)
		count_landed(tape, write->interface, write->count);
	for (size_t i = 0; write->packets && i < tape->config.interfaces; i++)
		count_landed(tape, i, write->packets[i]);
}

void wt_tape_attach(struct wt_tape *tape, struct wt_sink *sink)
{
	assert(!tape->sink);
	tape->sink = sink;
	tape->stream = wt_sink_granule(sink) == 1;
	wt_sink_notify(sink, on_landed, tape);
}

/* Hand over `length` bytes; the run has already passed them. */
static int hand_over(struct wt_tape *tape, struct wt_write *write, const uint8_t *bytes,
                     size_t length)
{
	int rc;

	write->bytes = bytes;
	write->length = length;
	write->after = tape->run;
	rc = wt_sink_write(tape->sink, write);
	assert(rc != -EAGAIN); /* there was room */
	if (!rc)
		return wt_sink_failed(tape->sink);
	write->owner->release(write);
	write->owner->retire(write);
	return rc;
}

/* Write the chunk's end and its index. */
static uint32_t seal(struct wt_tape *tape)
{
	uint32_t padding = tape->stream ? 0 : wt_chunk_padding(tape->used);

	if (padding)
		wt_chunk_pad(tape->chunk->bytes + tape->used, padding, true);
	tape->used += padding;
	if (tape->stream)
		tape->run.offset += tape->used;
	else if (!tape->has_header)
		wt_chunk_run_init(&tape->run, tape->config.tape_id, tape->used);
	else
		wt_chunk_seal(tape->chunk->bytes, tape->used, WT_CHUNK_FULL_INDEX_BYTES,
		              &tape->chunk_packets, tape->chunk_flags, &tape->run);
	tape->has_header = true;
	return tape->used;
}

static uint32_t empty_bytes(const struct wt_tape *tape)
{
	return tape->stream || !tape->has_header ? 0 : WT_CHUNK_FULL_INDEX_BYTES;
}

bool wt_tape_has_unflushed(const struct wt_tape *tape)
{
	return tape->chunk && tape->used > empty_bytes(tape);
}

int wt_tape_flush(struct wt_tape *tape)
{
	struct wt_buffer *chunk = tape->chunk;
	int failed = wt_sink_failed(tape->sink);
	uint32_t length;

	if (failed || !wt_tape_has_unflushed(tape))
		return failed;
	if (!wt_sink_room(tape->sink))
		return -EAGAIN;
	length = seal(tape);
	tape->chunk = NULL;
	return hand_over(tape, &chunk->write, chunk->bytes, length);
}

int wt_tape_size_header(struct wt_tape *tape, size_t bytes)
{
	assert(!tape->chunk && !tape->has_header);
	/* A chunk may be followed by slightly more than a page of padding. */
	size_t room = bytes + 3 * (size_t)WT_CHUNK_ALIGNMENT - 1;

	if (bytes <= WT_TAPE_RESERVE_MAX)
		return 0;
	if (room > WT_CHUNK_BYTES_MAX)
		return -EMSGSIZE;
	tape->header = wt_buffer_alloc(room - room % WT_CHUNK_ALIGNMENT, tape->config.interfaces);
	return tape->header ? 0 : -ENOMEM;
}

static int begin_chunk(struct wt_tape *tape)
{
	tape->chunk = tape->header ? tape->header : wt_buffer_pool_take(tape->config.pool);
	tape->header = NULL;
	if (!tape->chunk)
		return -EAGAIN;
	tape->used = empty_bytes(tape);
	tape->chunk_flags = 0;
	wt_chunk_packets_init(&tape->chunk_packets);
	tape->chunk_packets.maps = &tape->chunk_maps;
	tape->chunk_maps.count = 0;
	return 0;
}

/* Bytes that the open chunk takes: the rest is for its padding. */
static size_t left_in_chunk(const struct wt_tape *tape)
{
	return tape->chunk->capacity - WT_CHUNK_ALIGNMENT - tape->used;
}

int wt_tape_reserve(struct wt_tape *tape, size_t min_bytes, uint8_t **at, size_t *room)
{
	int rc = wt_sink_failed(tape->sink);
	bool full = tape->chunk && left_in_chunk(tape) < min_bytes;

	/* All interfaces are in the first chunk, or readers would not find them. */
	if (min_bytes > WT_TAPE_RESERVE_MAX || (full && !tape->stream && !tape->has_header))
		return -EMSGSIZE;
	if (!rc && full)
		rc = wt_tape_flush(tape);
	if (!rc && !tape->chunk)
		rc = begin_chunk(tape);
	if (rc)
		return rc;
	*at = tape->chunk->bytes + tape->used;
	*room = left_in_chunk(tape);
	return 0;
}

bool wt_tape_carry_maps(struct wt_tape *tape, uint32_t interface, const struct wt_clock_map *map,
                        const struct wt_clock_map *previous)
{
	struct wt_chunk_maps *maps = &tape->chunk_maps;

	if (tape->stream || tape->chunk->packets[interface])
		return true;
	if (maps->count + !!map->number + !!previous->number > WT_CHUNK_MAPS_MAX)
		return false;
	wt_chunk_maps_add(maps, interface, map);
	wt_chunk_maps_add(maps, interface, previous);
	return true;
}

/* In registers: counting in memory would chain every frame to the one before. */
static void add_packets(struct wt_chunk_packets *packets, const struct wt_frame *frames,
                        size_t count)
{
	int64_t min_ns = packets->min_ns, max_ns = packets->max_ns;
	uint32_t longest = 0;

	if (!packets->count)
		packets->first_ns = frames[0].stamp_ns;
	for (size_t i = 0; i < count; i++) {
		int64_t stamp_ns = frames[i].stamp_ns;

		min_ns = stamp_ns < min_ns ? stamp_ns : min_ns;
		max_ns = stamp_ns > max_ns ? stamp_ns : max_ns;
		longest = frames[i].caplen > longest ? frames[i].caplen : longest;
	}
	packets->count += count;
	packets->last_ns = frames[count - 1].stamp_ns;
	packets->min_ns = min_ns;
	packets->max_ns = max_ns;
	packets->has_large |= longest >= WT_CHUNK_LARGE_BYTES;
}

void wt_tape_submit(struct wt_tape *tape, size_t bytes, uint32_t interface,
                    const struct wt_frame *frames, size_t count)
{
	struct wt_chunk_packets *packets = &tape->chunk_packets;

	assert(tape->chunk && bytes <= left_in_chunk(tape) && bytes % 4 == 0);
	assert(!count || interface < tape->config.interfaces);
	tape->used += (uint32_t)bytes;
	if (!count)
		return;
	packets->interface_id =
	        !packets->count || packets->interface_id == interface ? interface : WT_CHUNK_MIXED;
	add_packets(packets, frames, count);
	tape->chunk->packets[interface] += count;
	tape->packets[interface] += count;
}

void wt_tape_record_clock(struct wt_tape *tape)
{
	assert(tape->chunk);
	tape->chunk_flags |= WT_CHUNK_CLOCKS;
}

bool wt_tape_takes_in_place(const struct wt_tape *tape)
{
	return !tape->stream && wt_sink_room(tape->sink) >= 2;
}

bool wt_tape_is_ready(const struct wt_tape *tape)
{
	return wt_sink_room(tape->sink) >= 2 &&
	       (tape->chunk || wt_buffer_pool_has(tape->config.pool));
}

int wt_tape_add_in_place(struct wt_tape *tape, struct wt_inplace *at, struct wt_write *write)
{
	uint32_t length = wt_inplace_finish(at, &tape->run);

	assert(!tape->stream && tape->has_header);
	assert(at->interface_id < tape->config.interfaces);
	if (!length) {
		write->owner->release(write);
		write->owner->retire(write);
		return 0;
	}
	write->packets = NULL;
	write->interface = at->interface_id;
	write->count = at->packets.count;
	tape->packets[write->interface] += write->count;
	return hand_over(tape, write, at->block, length);
}

void wt_tape_reap(struct wt_tape *tape, int64_t now_ns)
{
	wt_sink_reap(tape->sink, now_ns);
}

void wt_tape_settle(struct wt_tape *tape)
{
	wt_sink_settle(tape->sink);
}

bool wt_tape_is_idle(const struct wt_tape *tape)
{
	return wt_sink_is_idle(tape->sink);
}

/* Give back the memory of chunks that were not handed over. */
static void drop_chunks(struct wt_tape *tape)
{
	if (tape->chunk)
		wt_buffer_give(tape->chunk);
	if (tape->header)
		wt_buffer_give(tape->header);
	tape->chunk = NULL;
	tape->header = NULL;
}

int wt_tape_truncate(struct wt_tape *tape)
{
	wt_tape_settle(tape);
	if (tape->stream)
		return -ENOTSUP;
	drop_chunks(tape);
	memcpy(tape->packets, tape->packets_landed,
	       tape->config.interfaces * sizeof(*tape->packets));
	tape->run = tape->landed;
	/* No byte of the header has landed: there is no file to close. */
	if (!tape->landed.offset)
		tape->has_header = false;
	return wt_sink_truncate(tape->sink, tape->landed.offset);
}

uint64_t wt_tape_bytes(const struct wt_tape *tape)
{
	/* A stream's reader keeps every byte it has taken. */
	if (tape->stream && wt_sink_failed(tape->sink))
		return wt_sink_landed_bytes(tape->sink);
	return tape->run.offset + (wt_tape_has_unflushed(tape) ? tape->used : 0);
}

uint64_t wt_tape_packets(const struct wt_tape *tape, size_t interface)
{
	assert(interface < tape->config.interfaces);
	return tape->packets[interface];
}

uint64_t wt_tape_all_packets(const struct wt_tape *tape)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tape->config.interfaces; i++)
		sum += tape->packets[i];
	return sum;
}

bool wt_tape_is_stream(const struct wt_tape *tape)
{
	return tape->stream;
}

uint64_t wt_tape_id(const struct wt_tape *tape)
{
	return tape->config.tape_id;
}

struct wt_sink *wt_tape_sink(const struct wt_tape *tape)
{
	return tape->sink;
}

int wt_tape_failed(const struct wt_tape *tape)
{
	return wt_sink_failed(tape->sink);
}

int wt_tape_close(struct wt_tape *tape, bool sync)
{
	int rc;

	if (!tape)
		return 0;
	if (tape->sink)
		wt_tape_settle(tape);
	drop_chunks(tape);
	rc = wt_sink_close(tape->sink, sync);
	free(tape->packets);
	free(tape);
	return rc;
}
