/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/pcapng/pcapng_inplace.h>

#include <assert.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_store.h>

enum {
	OPTION_HEAD_BYTES = sizeof(struct wt_pcapng_option),
	/* Most bytes of one option; its value is a multiple of 4 here. */
	OPTION_BYTES_MAX = OPTION_HEAD_BYTES + UINT16_MAX / 4 * 4,
};

/* A packet whose head is written, except for its length. */
struct open_packet {
	uint8_t *data;
	uint32_t caplen;
	uint32_t flags;
	uint64_t dropped;
	struct wt_stamp_mark mark;
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

/* Least space of a packet from its data to the next block, with options of `more_bytes` besides
 * those that all have. In 64 bits: a frame's length cannot be trusted. */
static inline uint64_t least_bytes(uint32_t caplen, uint64_t dropped, uint32_t more_bytes)
{
	return (((uint64_t)caplen + 3) & ~UINT64_C(3)) + (dropped ? WT_DROP_OPTION_BYTES : 0) +
	       WT_FLAGS_OPTION_BYTES + more_bytes + WT_EPB_END_BYTES;
}

/* Fill space that exceeds any option with a block of its own. Returns the packet's new end. */
static __attribute__((noinline)) uint8_t *pad_gap(uint8_t *options_end, uint8_t *end)
{
	uint8_t *packet_end = options_end + WT_EPB_END_BYTES;

	wt_chunk_pad(packet_end, (uint32_t)(end - packet_end), false);
	return packet_end;
}

/* Write the bytes between the packet's data and `end`, where the next block begins. `queue` may be
 * NULL. */
static inline __attribute__((always_inline)) void
close_packet(const struct open_packet *open, uint8_t *end, const uint32_t *queue, const bool marked)
{
	uint8_t *at = open->data + wt_pcapng_pad4(open->caplen);
	uint32_t total, rest;

	/* Padding, which the options overwrite at once: there is room for them. */
	wt_store_u32(open->data + open->caplen, 0);
	at = wt_store_epb_options(at, open->dropped, open->flags);
	if (queue)
		at = wt_store_queue(at, *queue);
	if (marked && open->mark.bytes)
		at = wt_store_stamp_mark(at, &open->mark);
	rest = (uint32_t)(end - at) - WT_EPB_END_BYTES;
	if (__builtin_expect(rest > OPTION_BYTES_MAX, 0))
		end = pad_gap(at, end);
	else if (rest)
		wt_store_option_head(at, WT_OPT_LOCAL_FILL, (uint16_t)(rest - OPTION_HEAD_BYTES));
	total = (uint32_t)(end - open->data) + WT_EPB_HEAD_BYTES;
	wt_store_epb_end(end - WT_EPB_END_BYTES, total);
	wt_store_u32(open->data - WT_EPB_HEAD_BYTES + WT_EPB_FIELD(total_length), total);
}

static inline struct open_packet open_packet_of(const struct wt_inplace *at)
{
	return (struct open_packet){at->open, at->open_caplen, at->open_flags, at->open_dropped,
	                            at->open_mark};
}

/* Least offset at which the next frame's data may be. Before the first one's are the index and its
 * own head. */
static uint64_t next_data_offset(const struct wt_inplace *at)
{
	if (!at->open)
		return WT_CHUNK_INDEX_BYTES + at->maps.count * WT_CHUNK_MAP_BYTES +
		       WT_EPB_HEAD_BYTES;
	return (uint64_t)(at->open - at->block) +
	       least_bytes(at->open_caplen, at->open_dropped,
	                   at->open_mark.bytes + at->queue_bytes) +
	       WT_EPB_HEAD_BYTES;
}

/* One body, compiled three times: the unmarked loops stop at the first marked frame. */
static inline __attribute__((always_inline)) size_t take(struct wt_inplace *at,
                                                         const struct wt_frame *frames,
                                                         size_t count, const uint32_t *queue,
                                                         const bool marked)
{
	struct wt_chunk_packets packets = at->packets; /* in registers, like the rest */
	struct open_packet open = open_packet_of(at);
	uint8_t *const block = at->block;
	const uint64_t room = at->room;
	const uint32_t interface_id = at->interface_id;
	const uint32_t queue_bytes = queue ? WT_QUEUE_OPTION_BYTES : 0;
	uint64_t least = next_data_offset(at);
	size_t done = 0;

	for (; done < count; done++) {
		const struct wt_frame *frame = &frames[done];
		uint64_t offset = (uintptr_t)frame->data - (uintptr_t)block;
		uint32_t mark_bytes = marked ? wt_stamp_option_bytes(frame) : 0;
		uint64_t bytes =
		        least_bytes(frame->caplen, frame->dropped_before, mark_bytes + queue_bytes);
		uint8_t *head;

		if (!marked && wt_has_stamp_mark(frame))
			break;
		if (offset % 4 || offset < least || offset > room || bytes > room - offset)
			break;
		head = block + offset - WT_EPB_HEAD_BYTES;
		if (open.data) {
			close_packet(&open, head, queue, marked);
			packets.has_large |= head - open.data >= WT_CHUNK_LARGE_BYTES;
		} else {
			at->index_bytes = (uint32_t)(head - block);
		}
		wt_store_epb_head(head, interface_id, frame);
		wt_chunk_packets_add(&packets, frame->stamp_ns, frame->caplen);
		open.data = block + offset;
		open.caplen = frame->caplen;
		open.flags = frame->link_flags;
		open.dropped = frame->dropped_before;
		if (marked)
			open.mark = wt_stamp_mark_of(frame);
		least = offset + bytes + WT_EPB_HEAD_BYTES;
	}
	at->packets = packets;
	at->open = open.data;
	at->open_caplen = open.caplen;
	at->open_flags = open.flags;
	at->open_dropped = open.dropped;
	if (marked)
		at->open_mark = open.mark;
	return done;
}

size_t wt_inplace_frames(struct wt_inplace *at, const struct wt_frame *frames, size_t count)
{
	const uint32_t queue = at->queue;
	size_t done = 0;

	if (!at->open_mark.bytes)
		done = at->queue_bytes ? take(at, frames, count, &queue, false)
		                       : take(at, frames, count, NULL, false);
	if (done < count)
		done += take(at, frames + done, count - done, at->queue_bytes ? &queue : NULL,
		             true);
	return done;
}

static uint32_t used_bytes(const struct wt_inplace *at)
{
	return (uint32_t)(at->open - at->block) +
	       (uint32_t)least_bytes(at->open_caplen, at->open_dropped,
	                             at->open_mark.bytes + at->queue_bytes);
}

uint32_t wt_inplace_length(const struct wt_inplace *at)
{
	if (!at->open)
		return 0;
	return (used_bytes(at) + WT_CHUNK_ALIGNMENT - 1) / WT_CHUNK_ALIGNMENT * WT_CHUNK_ALIGNMENT;
}

uint32_t wt_inplace_finish(struct wt_inplace *at, struct wt_chunk_run *run)
{
	const struct open_packet open = open_packet_of(at);
	uint32_t used, bytes;

	if (!open.data)
		return 0;
	used = used_bytes(at);
	bytes = wt_inplace_length(at);
	/* Packets from the block's previous use may still be there. */
	memset(at->block + used - WT_EPB_END_BYTES, 0, bytes - used + WT_EPB_END_BYTES);
	close_packet(&open, at->block + bytes, at->queue_bytes ? &at->queue : NULL, true);
	at->packets.maps = &at->maps;
	wt_chunk_seal(at->block, bytes, at->index_bytes, &at->packets, WT_CHUNK_IN_PLACE, run);
	return bytes;
}
