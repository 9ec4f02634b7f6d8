/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/writer/tape.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_encode.h>

/* More than a sink has in flight, because a late write holds up those after it that have ended. No
 * more than this can be missing in the middle of a file after a crash. */
enum { MAX_TICKETS = 64 };

/* A chunk that was handed over, until it and all chunks before it have landed. */
struct ticket {
	struct wt_tape *tape;
	uint8_t *buffer; /* of the pool, or NULL */
	uint8_t *header; /* to be freed, or NULL */
	void *token;     /* owner of the memory, if not the pool */
	const uint8_t *bytes;
	size_t length;
	struct wt_chunk_run after; /* the run after it */
	uint64_t *packets;         /* by interface */
	bool ended;
	int error;
};

struct wt_tape {
	struct wt_tape_config config;
	struct wt_sink *sink;
	bool stream;
	bool has_header;            /* its chunk has been handed over */
	struct wt_chunk_run run;    /* of the next chunk */
	struct wt_chunk_run landed; /* end of the last chunk that has landed */
	uint64_t *packets;          /* added, by interface */
	/* The open chunk. */
	uint8_t *chunk;
	uint32_t capacity;
	uint32_t used;
	uint8_t *header; /* memory for the first chunk, until that is handed over; or NULL */
	uint32_t header_bytes;
	struct wt_chunk_packets chunk_packets;
	struct wt_chunk_maps chunk_maps;
	uint16_t chunk_flags;
	uint64_t *chunk_counts; /* by interface */
	uint64_t *block_counts; /* for a chunk made in place, briefly */
	/* A queue in file order. */
	struct ticket tickets[MAX_TICKETS];
	uint32_t first, count;
	uint64_t *counts; /* memory of all the arrays above */
};

int wt_tape_open(struct wt_tape **tape, const struct wt_tape_config *config)
{
	struct wt_tape *made = calloc(1, sizeof(*made));
	size_t n = config->interfaces;

	if (!made)
		return -ENOMEM;
	made->counts = calloc((MAX_TICKETS + 3) * (n ? n : 1), sizeof(*made->counts));
	if (!made->counts) {
		free(made);
		return -ENOMEM;
	}
	made->config = *config;
	made->packets = made->counts;
	made->chunk_counts = made->counts + n;
	made->block_counts = made->counts + 2 * n;
	for (uint32_t i = 0; i < MAX_TICKETS; i++) {
		made->tickets[i].tape = made;
		made->tickets[i].packets = made->counts + (3 + i) * n;
	}
	wt_chunk_run_init(&made->run, config->tape_id, 0);
	made->landed = made->run;
	*tape = made;
	return 0;
}

static void give_back(struct ticket *ticket)
{
	const struct wt_tape_config *config = &ticket->tape->config;

	if (ticket->buffer)
		wt_buffer_pool_give(config->pool, ticket->buffer);
	if (ticket->token)
		config->release(config->context, ticket->token);
	free(ticket->header);
	ticket->header = NULL;
	ticket->buffer = NULL;
	ticket->token = NULL;
}

static void count_landed(struct wt_tape *tape, const uint64_t *packets)
{
	for (size_t i = 0; i < tape->config.interfaces; i++)
		if (packets[i])
			tape->config.landed(tape->config.context, i, packets[i]);
}

/* Count chunks that have landed together with all before them. */
static void advance_front(struct wt_tape *tape)
{
	while (tape->count) {
		struct ticket *ticket = &tape->tickets[tape->first];

		if (!ticket->ended || ticket->error)
			return;
		count_landed(tape, ticket->packets);
		tape->landed = ticket->after;
		tape->first = (tape->first + 1) % MAX_TICKETS;
		tape->count--;
	}
}

/* Count the blocks of a write that a stream has taken in part. */
static void count_partly(struct wt_tape *tape, struct ticket *ticket)
{
	uint64_t start = ticket->after.offset - ticket->length;
	uint64_t arrived = wt_sink_accepted(tape->sink) - start;
	size_t n = tape->config.interfaces;
	size_t limit = arrived < ticket->length ? (size_t)arrived : ticket->length;

	memset(ticket->packets, 0, n * sizeof(*ticket->packets));
	tape->landed.offset = start + wt_pcapng_whole_blocks(ticket->bytes, ticket->length, limit,
	                                                     ticket->packets, n);
	count_landed(tape, ticket->packets);
}

static void on_done(void *context, void *token, int error)
{
	struct ticket *ticket = token;
	struct wt_tape *tape = context;

	ticket->ended = true;
	ticket->error = error;
	if (error && tape->stream)
		count_partly(tape, ticket);
	give_back(ticket);
	advance_front(tape);
}

void wt_tape_configure_sink(struct wt_tape *tape, struct wt_sink_config *config)
{
	config->done = on_done;
	config->context = tape;
}

void wt_tape_attach(struct wt_tape *tape, struct wt_sink *sink)
{
	assert(!tape->sink);
	tape->sink = sink;
	tape->stream = wt_sink_granule(sink) == 1;
}

/* Hand over `length` bytes; the run has already passed them. */
static int hand_over(struct wt_tape *tape, const uint8_t *bytes, size_t length, uint8_t *buffer,
                     void *token, const uint64_t *packets)
{
	struct ticket *ticket = &tape->tickets[(tape->first + tape->count) % MAX_TICKETS];
	int rc;

	assert(tape->count < MAX_TICKETS);
	ticket->buffer = buffer;
	ticket->header = NULL;
	if (bytes == tape->header) {
		ticket->buffer = NULL;
		ticket->header = tape->header;
		tape->header = NULL;
	}
	ticket->token = token;
	ticket->bytes = bytes;
	ticket->length = length;
	ticket->after = tape->run;
	ticket->ended = false;
	ticket->error = 0;
	memcpy(ticket->packets, packets, tape->config.interfaces * sizeof(*packets));
	tape->count++;
	rc = wt_sink_write(tape->sink, bytes, length, ticket);
	if (rc) {
		ticket->error = rc;
		give_back(ticket);
		return rc;
	}
	return wt_sink_failed(tape->sink);
}

static bool has_room_for(const struct wt_tape *tape, uint32_t writes)
{
	return tape->count + writes <= MAX_TICKETS && wt_sink_room(tape->sink) >= writes;
}

/* Write the chunk's end and its index. */
static uint32_t seal(struct wt_tape *tape)
{
	uint32_t padding = tape->stream ? 0 : wt_chunk_padding(tape->used);

	if (padding)
		wt_chunk_pad(tape->chunk + tape->used, padding, true);
	tape->used += padding;
	if (tape->stream)
		tape->run.offset += tape->used;
	else if (!tape->has_header)
		wt_chunk_run_init(&tape->run, tape->config.tape_id, tape->used);
	else
		wt_chunk_seal(tape->chunk, tape->used, WT_CHUNK_FULL_INDEX_BYTES,
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
	uint8_t *chunk = tape->chunk;
	int failed = wt_sink_failed(tape->sink);
	uint32_t length;

	if (failed || !wt_tape_has_unflushed(tape))
		return failed;
	if (!has_room_for(tape, 1))
		return -EAGAIN;
	length = seal(tape);
	tape->chunk = NULL;
	return hand_over(tape, chunk, length, chunk, NULL, tape->chunk_counts);
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
	room -= room % WT_CHUNK_ALIGNMENT;
	tape->header = aligned_alloc(WT_CHUNK_ALIGNMENT, room);
	tape->header_bytes = (uint32_t)room;
	return tape->header ? 0 : -ENOMEM;
}

static int begin_chunk(struct wt_tape *tape)
{
	tape->chunk = tape->header ? tape->header : wt_buffer_pool_take(tape->config.pool);
	if (!tape->chunk)
		return -EAGAIN;
	tape->capacity = (tape->header ? tape->header_bytes : WT_BUFFER_BYTES) - WT_CHUNK_ALIGNMENT;
	tape->used = empty_bytes(tape);
	tape->chunk_flags = 0;
	wt_chunk_packets_init(&tape->chunk_packets);
	tape->chunk_packets.maps = &tape->chunk_maps;
	tape->chunk_maps.count = 0;
	memset(tape->chunk_counts, 0, tape->config.interfaces * sizeof(*tape->chunk_counts));
	return 0;
}

int wt_tape_reserve(struct wt_tape *tape, size_t min_bytes, uint8_t **at, size_t *room)
{
	int rc = wt_sink_failed(tape->sink);
	bool full = tape->chunk && tape->capacity - tape->used < min_bytes;

	/* All interfaces are in the first chunk, or readers would not find them. */
	if (min_bytes > WT_TAPE_RESERVE_MAX || (full && !tape->stream && !tape->has_header))
		return -EMSGSIZE;
	if (!rc && full)
		rc = wt_tape_flush(tape);
	if (!rc && !tape->chunk)
		rc = begin_chunk(tape);
	if (rc)
		return rc;
	*at = tape->chunk + tape->used;
	*room = tape->capacity - tape->used;
	return 0;
}

bool wt_tape_carry_maps(struct wt_tape *tape, uint32_t interface, const struct wt_clock_map *map,
                        const struct wt_clock_map *previous)
{
	struct wt_chunk_maps *maps = &tape->chunk_maps;

	if (tape->stream || tape->chunk_counts[interface])
		return true;
	if (maps->count + !!map->number + !!previous->number > WT_CHUNK_MAPS_MAX)
		return false;
	wt_chunk_maps_add(maps, interface, map);
	wt_chunk_maps_add(maps, interface, previous);
	return true;
}

void wt_tape_submit(struct wt_tape *tape, size_t bytes, uint32_t interface,
                    const struct wt_frame *frames, size_t count)
{
	struct wt_chunk_packets *packets = &tape->chunk_packets;

	assert(tape->chunk && bytes <= tape->capacity - tape->used && bytes % 4 == 0);
	assert(!count || interface < tape->config.interfaces);
	tape->used += (uint32_t)bytes;
	if (!count)
		return;
	packets->interface_id =
	        !packets->count || packets->interface_id == interface ? interface : WT_CHUNK_MIXED;
	for (size_t i = 0; i < count; i++)
		wt_chunk_packets_add(packets, frames[i].stamp_ns, frames[i].caplen);
	tape->chunk_counts[interface] += count;
	tape->packets[interface] += count;
}

void wt_tape_record_clock(struct wt_tape *tape)
{
	assert(tape->chunk);
	tape->chunk_flags |= WT_CHUNK_CLOCKS;
}

bool wt_tape_takes_in_place(const struct wt_tape *tape)
{
	return !tape->stream && has_room_for(tape, 2);
}

bool wt_tape_is_ready(const struct wt_tape *tape)
{
	return has_room_for(tape, 2) && (tape->chunk || tape->config.pool->free_count);
}

int wt_tape_add_in_place(struct wt_tape *tape, struct wt_inplace *at, void *token)
{
	uint32_t interface = at->interface_id, length = wt_inplace_finish(at, &tape->run);

	assert(!tape->stream && tape->has_header && tape->count < MAX_TICKETS);
	assert(interface < tape->config.interfaces);
	if (!length) {
		tape->config.release(tape->config.context, token);
		return 0;
	}
	memset(tape->block_counts, 0, tape->config.interfaces * sizeof(*tape->block_counts));
	tape->block_counts[interface] = at->packets.count;
	tape->packets[interface] += at->packets.count;
	return hand_over(tape, at->block, length, NULL, token, tape->block_counts);
}

void wt_tape_reap(struct wt_tape *tape)
{
	wt_sink_reap(tape->sink);
}

void wt_tape_settle(struct wt_tape *tape)
{
	wt_sink_settle(tape->sink);
}

bool wt_tape_is_idle(const struct wt_tape *tape)
{
	return wt_sink_is_idle(tape->sink);
}

static void drop_chunk(struct wt_tape *tape)
{
	if (tape->chunk && tape->chunk != tape->header)
		wt_buffer_pool_give(tape->config.pool, tape->chunk);
	tape->chunk = NULL;
}

/* Drop the open chunk and every chunk that has not landed. */
static void forget_the_rest(struct wt_tape *tape)
{
	size_t n = tape->config.interfaces;

	for (; tape->count; tape->count--) {
		const struct ticket *ticket = &tape->tickets[tape->first];

		for (size_t i = 0; i < n; i++)
			tape->packets[i] -= ticket->packets[i];
		tape->first = (tape->first + 1) % MAX_TICKETS;
	}
	if (!tape->chunk)
		return;
	for (size_t i = 0; i < n; i++)
		tape->packets[i] -= tape->chunk_counts[i];
	drop_chunk(tape);
}

int wt_tape_truncate(struct wt_tape *tape)
{
	wt_tape_settle(tape);
	if (tape->stream)
		return -ENOTSUP;
	forget_the_rest(tape);
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
		return wt_sink_accepted(tape->sink);
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
	drop_chunk(tape);
	free(tape->header);
	rc = wt_sink_close(tape->sink, sync);
	free(tape->counts);
	free(tape);
	return rc;
}
