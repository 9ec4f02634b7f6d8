/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/pcapng_inplace.h>

#include <assert.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_store.h>

enum {
	OPTION_HEAD_BYTES = sizeof(struct wt_pcapng_option),
	/* Most bytes of one option; its value is a multiple of 4 here. */
	OPTION_BYTES_MAX = OPTION_HEAD_BYTES + UINT16_MAX / 4 * 4,
	LEAST_REST_BYTES = WT_FLAGS_OPTION_BYTES + WT_EPB_END_BYTES, /* after the data */
	LEAST_GAP_BYTES = LEAST_REST_BYTES + WT_EPB_HEAD_BYTES,      /* up to the next data */
};

void wt_inplace_start(struct wt_inplace *at, uint8_t *block, size_t room, uint32_t interface_id)
{
	assert((uintptr_t)block % WT_CHUNK_ALIGNMENT == 0 && room % WT_CHUNK_ALIGNMENT == 0);
	*at = (struct wt_inplace){
	        .block = block,
	        .room = room < WT_CHUNK_BYTES_MAX ? room : WT_CHUNK_BYTES_MAX,
	        .interface_id = interface_id,
	};
	wt_chunk_packets_init(&at->packets);
	at->packets.interface_id = interface_id;
}

void wt_inplace_set_queue(struct wt_inplace *at, uint32_t queue)
{
	at->queue = queue;
	at->queue_bytes = WT_QUEUE_OPTION_BYTES;
}

/* Fill space that exceeds any option with a block of its own. Returns the packet's new end. */
static __attribute__((noinline)) uint8_t *pad_gap(uint8_t *options_end, uint8_t *end)
{
	uint8_t *packet_end = options_end + WT_EPB_END_BYTES;

	wt_chunk_pad(packet_end, (uint32_t)(end - packet_end), false);
	return packet_end;
}

static __attribute__((noinline)) uint8_t *store_rare_options(uint8_t *at,
                                                             const struct wt_frame *frame)
{
	return wt_store_epb_options(at, frame);
}

/* Bytes of a frame's data, padded, and of what follows it in its block at the least. Its length
 * cannot be trusted: 64 bits. */
static inline size_t padded_bytes(const struct wt_frame *frame)
{
	return ((size_t)frame->caplen + 3) & ~(size_t)3;
}

static __attribute__((noinline)) size_t rare_bytes(const struct wt_frame *frame)
{
	return wt_rare_option_bytes(frame);
}

static inline size_t least_rest(const struct wt_frame *frame)
{
	return LEAST_REST_BYTES + (wt_has_rare_options(frame) ? rare_bytes(frame) : 0);
}

/* Write the bytes of a packet, whose head is written except for its length, from its data's end to
 * `end`, where the next block begins. `plain`: it has no rare options. `queue` may be NULL.
 * Returns how far that is from its beginning. */
static inline __attribute__((always_inline)) uint32_t
close_packet(uint8_t *data, uint8_t *options, const struct wt_frame *frame, bool plain,
             const uint32_t *queue, uint8_t *end)
{
	/* Before any store: it may be anywhere, for all that the compiler knows. */
	const uint32_t flags = frame->link_flags;
	const uint32_t span = (uint32_t)(end - data) + WT_EPB_HEAD_BYTES;
	uint32_t total = span, rest;

	/* Padding, which the options overwrite at once: there is room for them. */
	wt_store_u32(data + frame->caplen, 0);
	options = __builtin_expect(plain, 1) ? wt_store_epb_flags(options, flags)
	                                     : store_rare_options(options, frame);
	if (queue)
		options = wt_store_queue(options, *queue);
	rest = (uint32_t)(end - options) - WT_EPB_END_BYTES;
	if (__builtin_expect(rest > OPTION_BYTES_MAX, 0)) {
		end = pad_gap(options, end);
		total = (uint32_t)(end - data) + WT_EPB_HEAD_BYTES;
	} else if (rest) {
		wt_store_option_head(options, WT_OPT_LOCAL_FILL,
		                     (uint16_t)(rest - OPTION_HEAD_BYTES));
	}
	wt_store_epb_end(end - WT_EPB_END_BYTES, total);
	wt_store_u32(data - WT_EPB_HEAD_BYTES + WT_EPB_FIELD(total_length), total);
	return span;
}

/* Offset of the least end of the packet that is open. */
static uint32_t used_bytes(const struct wt_inplace *at)
{
	return (uint32_t)((size_t)(at->open.data - at->block) + padded_bytes(&at->open) +
	                  least_rest(&at->open) + at->queue_bytes);
}

static uint32_t least_index_bytes(const struct wt_inplace *at)
{
	return WT_CHUNK_INDEX_BYTES + at->maps.count * WT_CHUNK_MAP_BYTES;
}

static void tally_batch(struct wt_chunk_packets *packets, const struct wt_frame *frames,
                        size_t count)
{
	if (!packets->count)
		packets->first_ns = frames[0].stamp_ns;
	packets->last_ns = frames[count - 1].stamp_ns;
	packets->count += count;
}

/* One body, compiled twice: with a queue and without. */
static inline __attribute__((always_inline)) size_t
take(struct wt_inplace *at, const uint32_t *queue, const struct wt_frame *frames, size_t count)
{
	const size_t queue_bytes = queue ? WT_QUEUE_OPTION_BYTES : 0;
	const struct wt_frame *open = &at->open, *frame, *const frames_end = frames + count;
	/* Addresses: a frame's cannot be trusted. `data` is 0 if no packet is open. */
	uintptr_t data = (uintptr_t)open->data, options = data + padded_bytes(open);
	uintptr_t least = (uintptr_t)at->block + WT_EPB_HEAD_BYTES +
	                  (data ? used_bytes(at) : least_index_bytes(at));
	const uintptr_t room_end = (uintptr_t)at->block + at->room;
	int64_t min_ns = at->packets.min_ns, max_ns = at->packets.max_ns;
	int32_t below_large = -1; /* negative as long as every packet is */
	size_t done;

	for (frame = frames; frame < frames_end; frame++) {
		const uintptr_t next = (uintptr_t)frame->data;
		const uintptr_t next_options = next + padded_bytes(frame);
		const uintptr_t end = next_options + least_rest(frame) + queue_bytes;
		const int64_t stamp_ns = frame->stamp_ns;
		uint8_t *head = (uint8_t *)(next - WT_EPB_HEAD_BYTES);

		if (next % 4 || next < least || end > room_end)
			break;
		if (data)
			below_large &= (int32_t)close_packet(
			                       (uint8_t *)data, (uint8_t *)options, open,
			                       least - options == LEAST_GAP_BYTES + queue_bytes,
			                       queue, head) -
			               (WT_EPB_HEAD_BYTES + WT_CHUNK_LARGE_BYTES);
		else
			at->index_bytes = (uint32_t)(head - at->block);
		wt_store_epb_head(head, at->interface_id, frame);
		min_ns = stamp_ns < min_ns ? stamp_ns : min_ns;
		max_ns = stamp_ns > max_ns ? stamp_ns : max_ns;
		open = frame;
		data = next;
		options = next_options;
		least = end + WT_EPB_HEAD_BYTES;
	}
	done = (size_t)(frame - frames);
	if (!done)
		return 0;
	at->open = frames[done - 1];
	at->packets.min_ns = min_ns;
	at->packets.max_ns = max_ns;
	at->packets.has_large |= below_large >= 0;
	tally_batch(&at->packets, frames, done);
	return done;
}

static __attribute__((noinline)) size_t take_of_queue(struct wt_inplace *at,
                                                      const struct wt_frame *frames, size_t count)
{
	const uint32_t queue = at->queue;

	return take(at, &queue, frames, count);
}

size_t wt_inplace_frames(struct wt_inplace *at, const struct wt_frame *frames, size_t count)
{
	return at->queue_bytes ? take_of_queue(at, frames, count) : take(at, NULL, frames, count);
}

uint32_t wt_inplace_length(const struct wt_inplace *at)
{
	if (!at->open.data)
		return 0;
	return (used_bytes(at) + WT_CHUNK_ALIGNMENT - 1) / WT_CHUNK_ALIGNMENT * WT_CHUNK_ALIGNMENT;
}

uint32_t wt_inplace_finish(struct wt_inplace *at, struct wt_chunk_run *run)
{
	const struct wt_frame *open = &at->open;
	uint32_t used, bytes;
	uint8_t *data;

	if (!open->data)
		return 0;
	data = at->block + (open->data - at->block);
	used = used_bytes(at);
	bytes = wt_inplace_length(at);
	/* Packets from the block's previous use may still be there. */
	memset(at->block + used - WT_EPB_END_BYTES, 0, bytes - used + WT_EPB_END_BYTES);
	close_packet(data, data + padded_bytes(open), open, !wt_has_rare_options(open),
	             at->queue_bytes ? &at->queue : NULL, at->block + bytes);
	at->packets.has_large |= open->caplen >= WT_CHUNK_LARGE_BYTES;
	at->packets.maps = &at->maps;
	wt_chunk_seal(at->block, bytes, at->index_bytes, &at->packets, WT_CHUNK_IN_PLACE, run);
	return bytes;
}
