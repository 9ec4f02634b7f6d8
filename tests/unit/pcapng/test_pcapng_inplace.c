/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/pcapng/pcapng_inplace.h>
#include <wiretape/ring/sim_ring.h>
#include <wiretape/ring/tpacket_v3.h>
#include <wiretape/tests/support/chunk_reader.h>

#include "support/unit.h"

enum {
	PAGE = WT_CHUNK_ALIGNMENT,
	ROOM = 64 * PAGE,
	MOST_FRAMES = 4096,
	START = PAGE,
	FIRST_DATA = WT_CHUNK_INDEX_BYTES + 28,
	TAIL = 8 + 8, /* epb_flags; opt_endofopt and the length */
	DROPS = 12,
};

static const int64_t base_ns = INT64_C(1700000000123456789);

static uint8_t payload[65535];
static uint8_t *block, *before; /* ROOM bytes each */
static uint8_t *compact;
static size_t compact_bytes;
static struct wt_sim_ring *sim;
static struct wt_chunk_run run;
static struct wt_chunk_index found;

static void set_up(void)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i % 251 + 1);
	block = aligned_alloc(PAGE, ROOM);
	before = malloc(ROOM);
	compact = malloc(2 * ROOM);
	cr_assert(block && before && compact);
	for (size_t i = 0; i < ROOM; i++)
		block[i] = (uint8_t)(i * 13 + (i >> 8));
	wt_chunk_run_init(&run, 42, START);
}

static void tear_down(void)
{
	wt_sim_ring_destroy(sim);
	free(compact);
	free(before);
	free(block);
}

TestSuite(pcapng_inplace, .init = set_up, .fini = tear_down);

/* Of every so many frames something is said of the stamp; 0: of none. */
static size_t say_every;

/* Packets that say which queue they are of. */
enum { QUEUE = 0x01020304, QUEUE_BYTES = 8 };
static bool has_queue;

static size_t tail_bytes(uint64_t dropped)
{
	return TAIL + (dropped ? DROPS : 0) + (has_queue ? QUEUE_BYTES : 0);
}

static void say_of_stamp(struct wt_frame *frame, size_t number)
{
	static const uint8_t notes[] = {WT_FRAME_GIVEN, WT_FRAME_SOURCE,
	                                WT_FRAME_SOURCE | WT_FRAME_GIVEN};

	frame->stamp_source = (uint8_t)(number % WT_STAMP_SOURCES);
	frame->notes |= notes[number / say_every % sizeof(notes)];
	/* With a loss before it, it would take more than there is between two frames. */
	if (!frame->dropped_before && number % 2)
		frame->notes |= WT_FRAME_BOTH;
	frame->map = (uint32_t)number + 0x01020304;
	frame->given_ns = frame->stamp_ns + 37000000000;
	frame->software_ns = -(int64_t)number;
}

/* What the recorder adds to a frame: some have losses before them. */
static void mark(struct wt_frame *frames, size_t count, size_t number)
{
	for (size_t i = 0; i < count; i++, number++) {
		frames[i].dropped_before = number % 5 == 2 ? UINT64_C(0x100000000) + number : 0;
		if (say_every && number % say_every == say_every - 1)
			say_of_stamp(&frames[i], number);
	}
}

/* The frames of the V3 block `bytes`, encoded compactly, from a copy of it. */
static size_t encode_compactly(const uint8_t *bytes, size_t room, uint32_t snaplen)
{
	static struct wt_frame frames[MOST_FRAMES];
	uint8_t *copy = aligned_alloc(PAGE, room);
	struct wt_walk walk;
	size_t count, taken;

	memcpy(copy, bytes, room);
	wt_tpacket_v3_walk_start(&walk, copy, room, snaplen);
	count = wt_tpacket_v3_walk(&walk, frames, MOST_FRAMES);
	cr_assert(eq(int, walk.fault, WT_WALK_OK));
	mark(frames, count, 0);
	if (has_queue)
		taken = wt_pcapng_encode_queue(compact, (size_t)2 * ROOM, 1, QUEUE, frames, count,
		                               &compact_bytes);
	else
		taken = wt_pcapng_encode_frames(compact, (size_t)2 * ROOM, 1, frames, count,
		                                &compact_bytes);
	cr_assert(eq(sz, taken, count));
	free(copy);
	return count;
}

/* Walk and encode by turns on the same memory, as the recorder does; how many were taken. */
static size_t take_block(uint8_t *bytes, size_t room, uint32_t snaplen, size_t batch,
                         struct wt_inplace *at)
{
	struct wt_frame frames[65];
	struct wt_walk walk;
	size_t taken = 0, count, done;

	wt_inplace_start(at, bytes, room, 1);
	if (has_queue)
		wt_inplace_set_queue(at, QUEUE);
	wt_tpacket_v3_walk_start(&walk, bytes, room, snaplen);
	do {
		count = wt_tpacket_v3_walk(&walk, frames, batch);
		mark(frames, count, taken);
		done = wt_inplace_frames(at, frames, count);
		taken += done;
	} while (count && done == count);
	cr_assert(eq(int, walk.fault, WT_WALK_OK), "%s", wt_walk_fault_text(walk.fault));
	return taken;
}

static bool find_option(const struct wt_pcapng_item *item, uint16_t code,
                        struct wt_pcapng_option_view *option)
{
	struct wt_pcapng_options options = item->options;

	while (wt_pcapng_next_option(&options, option, NULL) > 0)
		if (option->code == code)
			return true;
	return false;
}

/* Byte for byte. */
static void expect_same_option(const struct wt_pcapng_item *item,
                               const struct wt_pcapng_item *wanted, uint16_t code, size_t number)
{
	struct wt_pcapng_option_view option, other;
	bool there = find_option(item, code, &option);

	cr_assert(eq(int, there, find_option(wanted, code, &other)), "packet %zu", number);
	if (!there)
		return;
	cr_assert(eq(int, option.length, other.length), "packet %zu", number);
	cr_assert(eq(int, memcmp(option.value, other.value, other.length), 0), "packet %zu",
	          number);
}

static void expect_same_packet(const struct wt_pcapng_item *item,
                               const struct wt_pcapng_item *wanted, size_t number)
{
	const struct wt_frame *frame = &item->packet.frame, *other = &wanted->packet.frame;

	cr_assert(eq(u32, item->packet.interface_id, 1), "packet %zu", number);
	cr_assert(eq(u32, frame->caplen, other->caplen), "packet %zu", number);
	cr_assert(eq(u32, frame->len, other->len), "packet %zu", number);
	cr_assert(eq(i64, frame->stamp_ns, other->stamp_ns), "packet %zu", number);
	cr_assert(eq(u32, frame->link_flags, other->link_flags), "packet %zu", number);
	cr_assert(eq(u64, frame->dropped_before, other->dropped_before), "packet %zu", number);
	cr_assert(item->packet.has_flags, "packet %zu", number);
	cr_assert(eq(int, item->packet.has_dropped, wanted->packet.has_dropped));
	cr_assert(eq(int, memcmp(frame->data, other->data, other->caplen), 0), "packet %zu",
	          number);
	for (uint32_t i = frame->caplen; i % 4; i++)
		cr_assert(eq(u8, frame->data[i], 0), "padding of packet %zu", number);
	expect_same_option(item, wanted, WT_OPT_LOCAL_STAMP, number);
	expect_same_option(item, wanted, WT_OPT_EPB_QUEUE, number);
}

static void expect_whole(const uint8_t *bytes, uint32_t length)
{
	uint64_t offset = run.offset - length;

	cr_assert(length > 0 && length % PAGE == 0, "%u", length);
	cr_assert(wt_chunk_parse(bytes, length, offset, false, &found));
	cr_assert(wt_chunk_is_whole(bytes, length, false, &found));
	cr_expect(eq(int, found.flags, WT_CHUNK_IN_PLACE));
	cr_expect(eq(u32, found.interface_id, 1));
	cr_expect(eq(u32, found.chunk_bytes, length));
}

/* The chunk has the first `taken` of the packets that were encoded compactly. */
static void expect_same(const uint8_t *bytes, uint32_t length, size_t taken)
{
	struct chunk_reader reader, wanted;
	struct wt_pcapng_item item, other;

	expect_whole(bytes, length);
	cr_expect(eq(u32, found.packets, (uint32_t)taken));
	chunk_reader_open(&reader, bytes, length);
	chunk_reader_open(&wanted, compact, compact_bytes);
	for (size_t i = 0; i < taken; i++) {
		cr_assert(eq(int, chunk_reader_next(&wanted, &other), 1));
		cr_assert(eq(int, chunk_reader_next(&reader, &item), 1), "%s", reader.err.text);
		expect_same_packet(&item, &other, i);
	}
	cr_expect(eq(int, chunk_reader_next(&reader, &item), 0), "%s", reader.err.text);
	cr_expect(eq(sz, reader.at, length));
	chunk_reader_close(&reader);
	chunk_reader_close(&wanted);
}

/* Blocks of a simulated ring. */

static void open_sim(uint32_t snaplen, uint32_t blocks)
{
	struct wt_sim_config config = {.block_bytes = ROOM,
	                               .block_count = blocks,
	                               .snaplen = snaplen,
	                               .reserve_bytes = has_queue ? 2 + QUEUE_BYTES : 2,
	                               .private_bytes = 32};

	wt_sim_ring_destroy(sim);
	cr_assert(eq(int, wt_sim_ring_create(&sim, &config), 0));
}

/* Size 0: sizes mixed. Some are tagged. */
static bool deliver(uint32_t bytes, uint32_t number)
{
	struct wt_sim_frame frame = {
	        .data = payload + number % 100,
	        .len = bytes ? bytes : 60 + number * 7919 % 1500,
	        .status = number % 3 == 1 ? TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID : 0,
	        .stamp_ns = base_ns + number * INT64_C(1000003),
	        .vlan_tci = (uint16_t)number,
	        .vlan_tpid = 0x88a8,
	        .packet_type = (uint8_t)(number % 5),
	};

	if (frame.len > sizeof(payload) - 100)
		frame.data = payload;
	return wt_sim_ring_deliver(sim, &frame) & WT_SIM_STORED;
}

/* Whether the last frame of a V3 block has the room behind it. */
static bool last_has_room(const struct wt_frame *last, const uint8_t *bytes)
{
	size_t end = (size_t)(last->data - bytes) + ((last->caplen + 3u) & ~3u);

	return end + tail_bytes(last->dropped_before) + wt_stamp_option_bytes(last) <= ROOM;
}

static bool all_have_room(const uint8_t *bytes, size_t count, uint32_t snaplen)
{
	static struct wt_frame frames[MOST_FRAMES];
	uint8_t *copy = aligned_alloc(PAGE, ROOM);
	struct wt_walk walk;
	bool room;

	memcpy(copy, bytes, ROOM);
	wt_tpacket_v3_walk_start(&walk, copy, ROOM, snaplen);
	wt_tpacket_v3_walk(&walk, frames, count);
	mark(frames, count, 0);
	room = last_has_room(&frames[count - 1], copy);
	free(copy);
	return room;
}

static void expect_block_taken(uint32_t snaplen, size_t batch)
{
	struct wt_ring *ring = wt_sim_ring_reader(sim);
	struct wt_block borrowed;
	struct wt_inplace at;
	uint8_t header[48];
	size_t count, taken;
	uint32_t length;

	cr_assert(eq(int, wt_ring_next_block(ring, &borrowed), 1));
	memcpy(header, borrowed.start, sizeof(header));
	count = encode_compactly(borrowed.start, ROOM, snaplen);
	taken = all_have_room(borrowed.start, count, snaplen) ? count : count - 1;
	cr_assert(eq(sz, take_block(borrowed.start, ROOM, snaplen, batch, &at), taken));
	length = wt_inplace_finish(&at, &run);
	expect_same(borrowed.start, length, taken);
	if (taken == count)
		cr_expect(eq(int, memcmp(borrowed.start + 8, header + 8, 40), 0));
	wt_ring_release_block(ring, &borrowed);
}

static void expect_sizes(uint32_t bytes, uint32_t snaplen)
{
	static const size_t batches[] = {1, 2, 63, 64, 65};
	enum { BATCHES = sizeof(batches) / sizeof(batches[0]) };
	uint32_t number = 0;

	open_sim(snaplen, BATCHES);
	while (deliver(bytes, number))
		number++;
	for (size_t i = 0; i < BATCHES; i++)
		expect_block_taken(snaplen, batches[i]);
}

Test(pcapng_inplace, frames_of_every_size_are_those_of_the_compact_encoding)
{
	static const uint32_t sizes[] = {60,   61,   62,   63,   64,    65,   100,
	                                 1400, 1499, 1514, 9000, 65531, 65535};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		expect_sizes(sizes[i], 0);
}

Test(pcapng_inplace, frames_of_mixed_sizes_are_those_of_the_compact_encoding)
{
	expect_sizes(0, 0);
}

Test(pcapng_inplace, frames_cut_at_the_snaplen_are_those_of_the_compact_encoding)
{
	static const uint32_t snaplens[] = {1, 11, 14, 61, 64, 99, 1000};

	for (size_t i = 0; i < sizeof(snaplens) / sizeof(snaplens[0]); i++)
		expect_sizes(0, snaplens[i]);
}

/* In and across batches. */
Test(pcapng_inplace, what_is_said_of_stamps_is_that_of_the_compact_encoding)
{
	static const size_t every[] = {1, 2, 3, 7, 63, 64, 65, 100};

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		say_every = every[i];
		expect_sizes(60, 0);
		expect_sizes(0, 0);
		expect_sizes(0, 61);
	}
	say_every = 0;
}

Test(pcapng_inplace, queue_is_that_of_the_compact_encoding)
{
	has_queue = true;
	expect_sizes(60, 0);
	expect_sizes(0, 0);
	say_every = 3;
	expect_sizes(0, 0);
}

Test(pcapng_inplace, tag_that_was_put_back_is_in_the_chunk)
{
	struct wt_ring *ring;
	struct wt_block borrowed;
	struct wt_inplace at;
	struct chunk_reader reader;
	struct wt_pcapng_item item;
	uint32_t length;

	open_sim(0, 1);
	ring = wt_sim_ring_reader(sim);
	deliver(60, 1); /* the very first: its head ends up right after the index */
	wt_sim_ring_flush(sim);
	cr_assert(eq(int, wt_ring_next_block(ring, &borrowed), 1));
	cr_assert(eq(sz, take_block(borrowed.start, ROOM, 0, 64, &at), 1));
	length = wt_inplace_finish(&at, &run);
	expect_whole(borrowed.start, length);
	cr_expect(eq(u32, found.total_length, WT_CHUNK_INDEX_BYTES));
	chunk_reader_open(&reader, borrowed.start, length);
	cr_assert(eq(int, chunk_reader_next(&reader, &item), 1));
	cr_expect(eq(u32, item.packet.frame.caplen, 64));
	cr_expect(eq(int, memcmp(item.packet.frame.data, payload + 1, 12), 0));
	cr_expect(eq(int, memcmp(item.packet.frame.data + 12, "\x88\xa8\x00\x01", 4), 0));
	cr_expect(eq(int, memcmp(item.packet.frame.data + 16, payload + 13, 48), 0));
	chunk_reader_close(&reader);
}

Test(pcapng_inplace, block_is_filled_again_after_its_release)
{
	uint32_t number = 0;

	open_sim(0, 2);
	for (int turn = 0; turn < 7; turn++) {
		while (deliver(0, number))
			number++;
		expect_block_taken(0, 64);
		cr_expect(eq(u64, found.block_number, (uint64_t)turn + 1));
		cr_expect(eq(u32, found.number, (uint32_t)turn + 1));
	}
}

Test(pcapng_inplace, chunk_is_no_longer_than_what_was_used)
{
	struct wt_ring *ring;
	struct wt_block borrowed;
	struct wt_inplace at;
	uint32_t length;

	open_sim(0, 1);
	ring = wt_sim_ring_reader(sim);
	for (uint32_t i = 0; i < 3; i++)
		deliver(1400, i);
	wt_sim_ring_flush(sim);
	cr_assert(eq(int, wt_ring_next_block(ring, &borrowed), 1));
	memset(borrowed.start + 5000, 0xee, ROOM - 5000);
	cr_assert(eq(sz, take_block(borrowed.start, ROOM, 0, 64, &at), 3));
	length = wt_inplace_finish(&at, &run);
	expect_whole(borrowed.start, length);
	cr_expect(eq(u32, length, 2 * PAGE));
	cr_expect(eq(u8, borrowed.start[length], 0xee), "behind the chunk");
	for (size_t i = 5000; i < length - 8; i++)
		cr_assert(eq(u8, borrowed.start[i], 0), "byte %zu", i);
}

/* Frames at places of the test's choosing. */

static struct wt_inplace at;

static struct wt_frame frame_at(size_t offset, uint32_t caplen, uint64_t dropped)
{
	return (struct wt_frame){.data = block + offset,
	                         .stamp_ns = base_ns,
	                         .dropped_before = dropped,
	                         .caplen = caplen,
	                         .len = caplen,
	                         .link_flags = WT_LINK_OUTBOUND};
}

static void start(size_t room)
{
	memcpy(before, block, ROOM);
	wt_inplace_start(&at, block, room, 1);
	if (has_queue)
		wt_inplace_set_queue(&at, QUEUE);
}

/* 1 if the frame there is taken. If not, nothing was touched. */
static size_t take(size_t offset, uint32_t caplen, uint64_t dropped)
{
	struct wt_frame frame = frame_at(offset, caplen, dropped);
	size_t taken;

	memcpy(before, block, ROOM);
	taken = wt_inplace_frames(&at, &frame, 1);
	if (!taken)
		cr_expect(eq(int, memcmp(before, block, ROOM), 0), "frame at %zu", offset);
	return taken;
}

static void expect_packets(uint32_t count)
{
	uint32_t length = wt_inplace_finish(&at, &run);
	struct chunk_reader reader;
	struct wt_pcapng_item item;

	expect_whole(block, length);
	cr_expect(eq(u32, found.packets, count));
	chunk_reader_open(&reader, block, length);
	while (count--)
		cr_assert(eq(int, chunk_reader_next(&reader, &item), 1), "%s", reader.err.text);
	cr_expect(eq(int, chunk_reader_next(&reader, &item), 0), "%s", reader.err.text);
	chunk_reader_close(&reader);
}

Test(pcapng_inplace, without_frames_there_is_no_chunk)
{
	struct wt_chunk_run same = run;

	start(ROOM);
	cr_expect(eq(u32, wt_inplace_length(&at), 0));
	cr_expect(eq(u32, wt_inplace_finish(&at, &run), 0));
	cr_expect(eq(u64, run.offset, same.offset));
	cr_expect(eq(u32, run.number, same.number));
	cr_expect(eq(int, memcmp(before, block, ROOM), 0));
}

Test(pcapng_inplace, frame_that_is_not_on_a_multiple_of_4_is_refused)
{
	start(ROOM);
	for (size_t i = 1; i < 4; i++)
		cr_expect(eq(sz, take(FIRST_DATA + i, 60, 0), 0));
	cr_expect(eq(sz, take(FIRST_DATA, 60, 0), 1));
	for (size_t i = 1; i < 4; i++)
		cr_expect(eq(sz, take(1000 + i, 60, 0), 0));
	expect_packets(1);
}

Test(pcapng_inplace, first_frame_leaves_room_for_the_index)
{
	start(ROOM);
	for (size_t offset = 0; offset < FIRST_DATA; offset += 4)
		cr_expect(eq(sz, take(offset, 60, 0), 0), "at %zu", offset);
	cr_expect(eq(sz, take(FIRST_DATA, 60, 0), 1));
	expect_packets(1);
	cr_expect(eq(u32, found.total_length, WT_CHUNK_INDEX_BYTES));
}

Test(pcapng_inplace, first_frame_leaves_room_for_the_maps_of_the_index)
{
	const struct wt_clock_map map = {.number = 7, .utc_ns = base_ns}, previous = {.number = 3};
	const size_t first = FIRST_DATA + 2 * WT_CHUNK_MAP_BYTES;
	struct wt_chunk_map carried;

	start(ROOM);
	wt_chunk_maps_add(&at.maps, 1, &map);
	wt_chunk_maps_add(&at.maps, 1, &previous);
	cr_expect(eq(sz, take(first - 4, 60, 0), 0));
	cr_expect(eq(sz, take(first, 60, 0), 1));
	cr_expect(eq(sz, take(first + 200, 60, 0), 1), "it is for the first only");
	expect_packets(2);
	cr_assert(eq(int, found.maps, 2));
	cr_expect(eq(u32, found.total_length, first - 28));
	wt_chunk_read_map(block, &found, false, 0, &carried);
	cr_expect(eq(u32, carried.interface_id, 1));
	cr_expect(eq(int, memcmp(&carried.map, &map, sizeof(map)), 0));
	wt_chunk_read_map(block, &found, false, 1, &carried);
	cr_expect(eq(u32, carried.map.number, 3));
}

Test(pcapng_inplace, index_reaches_up_to_the_first_frame)
{
	start(ROOM);
	cr_expect(eq(sz, take(9000, 60, 0), 1));
	expect_packets(1);
	cr_expect(eq(u32, found.total_length, 9000 - 28));
	for (size_t i = sizeof(found); i < 9000 - 28 - 4; i++)
		cr_assert(eq(u8, block[i], 0), "byte %zu", i);
}

static void expect_room_between(uint32_t caplen, uint64_t dropped)
{
	size_t first = 1000, end = first + ((caplen + 3u) & ~3u);
	size_t second = end + tail_bytes(dropped) + 28;

	start(ROOM);
	cr_expect(eq(sz, take(first, caplen, dropped), 1));
	for (size_t offset = first; offset < second; offset += 4)
		cr_expect(eq(sz, take(offset, 60, 0), 0), "at %zu after %u", offset, caplen);
	cr_expect(eq(sz, take(second, 60, 0), 1), "caplen %u", caplen);
	expect_packets(2);
}

Test(pcapng_inplace, room_between_two_frames_is_what_the_options_need)
{
	for (uint32_t caplen = 0; caplen < 9; caplen++) {
		expect_room_between(caplen, 0);
		expect_room_between(caplen, 1);
	}
}

static void expect_room_behind(uint32_t caplen, uint64_t dropped)
{
	size_t last = 2 * PAGE - ((caplen + 3u) & ~3u) - tail_bytes(dropped);

	start(2 * PAGE);
	cr_expect(eq(sz, take(200, 60, 0), 1));
	for (size_t offset = last + 4; offset < 2 * PAGE + 8; offset += 4)
		cr_expect(eq(sz, take(offset, caplen, dropped), 0), "%u at %zu", caplen, offset);
	cr_expect(eq(sz, take(last, caplen, dropped), 1), "%u at %zu", caplen, last);
	expect_packets(2);
	cr_expect(eq(u32, found.chunk_bytes, 2 * PAGE));
	cr_expect(eq(int, memcmp(block + 2 * PAGE, before + 2 * PAGE, ROOM - 2 * PAGE), 0));
}

Test(pcapng_inplace, room_behind_the_last_frame_is_what_its_options_need)
{
	for (uint32_t caplen = 0; caplen < 9; caplen++) {
		expect_room_behind(caplen, 0);
		expect_room_behind(caplen, 1);
	}
}

Test(pcapng_inplace, room_for_the_queue_is_needed)
{
	has_queue = true;
	for (uint32_t caplen = 0; caplen < 9; caplen++) {
		expect_room_between(caplen, 0);
		expect_room_between(caplen, 1);
		expect_room_behind(caplen, 0);
		expect_room_behind(caplen, 1);
	}
}

Test(pcapng_inplace, frames_in_the_wrong_order_are_refused)
{
	start(ROOM);
	cr_expect(eq(sz, take(2000, 60, 0), 1));
	cr_expect(eq(sz, take(2000, 60, 0), 0));
	cr_expect(eq(sz, take(1000, 60, 0), 0));
	cr_expect(eq(sz, take(3000, 60, 0), 1));
	expect_packets(2);
}

Test(pcapng_inplace, frames_outside_the_block_are_refused)
{
	struct wt_frame frame = frame_at(0, 60, 0);

	start(ROOM);
	cr_expect(eq(sz, take(ROOM, 0, 0), 0));
	cr_expect(eq(sz, take(ROOM, 60, 0), 0));
	cr_expect(eq(sz, take(200, ROOM, 0), 0));
	for (uint32_t caplen = UINT32_MAX; caplen > UINT32_MAX - 300; caplen--)
		cr_expect(eq(sz, take(200, caplen, 1), 0));
	/* Before the block, by so little and with so much data that the sum is inside. */
	for (size_t back = 4; back < 400; back += 4) {
		frame.data = (const uint8_t *)((uintptr_t)block - back);
		frame.caplen = 1000;
		cr_expect(eq(sz, wt_inplace_frames(&at, &frame, 1), 0));
	}
	frame.data = NULL;
	cr_expect(eq(sz, wt_inplace_frames(&at, &frame, 1), 0));
	cr_expect(eq(u32, wt_inplace_finish(&at, &run), 0));
}

Test(pcapng_inplace, batch_is_taken_up_to_the_first_that_is_refused)
{
	struct wt_frame frames[4];
	size_t refused = 3002 - 28;

	frames[0] = frame_at(1000, 60, 0);
	frames[1] = frame_at(2000, 60, 0);
	frames[2] = frame_at(3002, 60, 0);
	frames[3] = frame_at(4000, 60, 0);
	start(ROOM);
	cr_expect(eq(sz, wt_inplace_frames(&at, frames, 4), 2));
	cr_expect(eq(int, memcmp(block + refused, before + refused, ROOM - refused), 0));
	expect_packets(2);
	cr_expect(eq(u32, found.chunk_bytes, PAGE));
}

Test(pcapng_inplace, frames_of_a_batch_have_room_between_them_too)
{
	struct wt_frame frames[2];

	frames[0] = frame_at(1000, 60, 0);
	for (size_t less = 0; less <= 4; less += 4) {
		frames[1] = frame_at(1000 + 60 + TAIL + 28 - less, 60, 0);
		start(ROOM);
		cr_expect(eq(sz, wt_inplace_frames(&at, frames, 2), less ? 1 : 2));
	}
}

Test(pcapng_inplace, what_follows_a_batch_is_left_until_the_next)
{
	struct wt_frame frame = frame_at(1000, 63, 7);

	start(ROOM);
	cr_expect(eq(sz, wt_inplace_frames(&at, &frame, 1), 1));
	cr_expect(eq(int, memcmp(block, before, 1000 - 28), 0));
	cr_expect(eq(int, memcmp(block + 1000, before + 1000, ROOM - 1000), 0));
}

/* The options of the chunk's first packet, the last of which is the fill. */
static struct wt_pcapng_option_view options[8];

static size_t first_options(struct wt_pcapng_item *item)
{
	uint32_t length = wt_inplace_finish(&at, &run);
	struct chunk_reader reader;
	size_t count = 0;

	expect_whole(block, length);
	chunk_reader_open(&reader, block, length);
	cr_assert(eq(int, chunk_reader_next(&reader, item), 1), "%s", reader.err.text);
	while (count < 8 && wt_pcapng_next_option(&item->options, &options[count], NULL) == 1)
		count++;
	chunk_reader_close(&reader);
	return count;
}

Test(pcapng_inplace, options_are_drops_then_flags_then_fill)
{
	struct wt_pcapng_item item;

	start(ROOM);
	take(1000, 62, 5);
	take(2000, 60, 0);
	cr_assert(eq(sz, first_options(&item), 3));
	cr_expect(eq(int, options[0].code, WT_OPT_EPB_DROPCOUNT));
	cr_expect(eq(int, options[1].code, WT_OPT_EPB_FLAGS));
	cr_expect(eq(int, options[2].code, WT_OPT_LOCAL_FILL));
	cr_expect(eq(int, options[2].length, 2000 - 28 - 8 - 4 - (1000 + 64 + DROPS + 8)));
	cr_expect(eq(sz, item.bytes, 1000));
}

Test(pcapng_inplace, fill_keeps_the_bytes_that_were_there)
{
	struct wt_pcapng_item item;
	size_t where;

	start(ROOM);
	memcpy(before, block, ROOM);
	take(1000, 62, 0);
	take(2000, 60, 0);
	cr_assert(eq(sz, first_options(&item), 2));
	where = (size_t)(options[1].value - block);
	for (size_t i = 0; i < options[1].length; i++)
		cr_assert(eq(u8, options[1].value[i],
		             (uint8_t)((where + i) * 13 + (where + i) / 256)),
		          "byte %zu", i);
}

Test(pcapng_inplace, no_fill_where_there_is_no_room)
{
	struct wt_pcapng_item item;

	start(ROOM);
	take(1000, 60, 0);
	cr_assert(eq(sz, take(1000 + 60 + TAIL + 28, 60, 0), 1));
	cr_assert(eq(sz, first_options(&item), 1));
	cr_expect(eq(int, options[0].code, WT_OPT_EPB_FLAGS));
	cr_expect(eq(sz, item.bytes, 28 + 60 + TAIL));
}

Test(pcapng_inplace, least_fill_is_empty)
{
	struct wt_pcapng_item item;

	start(ROOM);
	take(1000, 60, 0);
	cr_assert(eq(sz, take(1000 + 60 + TAIL + 4 + 28, 60, 0), 1));
	cr_assert(eq(sz, first_options(&item), 2));
	cr_expect(eq(int, options[1].code, WT_OPT_LOCAL_FILL));
	cr_expect(eq(int, options[1].length, 0));
}

Test(pcapng_inplace, largest_fill_is_what_an_option_holds)
{
	struct wt_pcapng_item item;

	start(ROOM);
	take(1000, 60, 0);
	cr_assert(eq(sz, take(1000 + 60 + TAIL + 65536 + 28, 60, 0), 1));
	cr_assert(eq(sz, first_options(&item), 2));
	cr_expect(eq(int, options[1].length, 65532));
}

Test(pcapng_inplace, what_no_option_holds_is_padding)
{
	struct wt_pcapng_item item;
	uint32_t words[2];

	start(ROOM);
	take(1000, 60, 0);
	cr_assert(eq(sz, take(1000 + 60 + TAIL + 65540 + 28, 60, 0), 1));
	cr_assert(eq(sz, first_options(&item), 1));
	cr_expect(eq(sz, item.bytes, 28 + 60 + TAIL));
	memcpy(words, block + 1000 + 60 + TAIL, sizeof(words));
	cr_expect(eq(u32, words[0], WT_PCAPNG_PADDING));
	cr_expect(eq(u32, words[1], 65540));
	cr_expect(memcmp(block + 1000 + 60 + TAIL + 8, before + 1000 + 60 + TAIL + 8, 65540 - 12) ==
	                  0,
	          "its body was written");
	cr_expect(eq(u32, found.packets, 2));
}

Test(pcapng_inplace, each_distance_between_two_frames_makes_a_whole_chunk)
{
	for (size_t gap = 0; gap < 3 * PAGE; gap += 4) {
		start(ROOM);
		take(1000, 61, gap % 8);
		cr_assert(eq(sz, take(1000 + 64 + TAIL + DROPS + 28 + gap, 60, 0), 1));
		expect_packets(2);
	}
}

Test(pcapng_inplace, each_end_makes_a_whole_chunk_with_zeros)
{
	for (size_t last = 2000; last < 2000 + PAGE; last += 4) {
		memset(block + 3000, 0xee, ROOM - 3000);
		start(ROOM);
		take(200, 60, 0);
		cr_assert(eq(sz, take(last, 60, last % 8), 1));
		expect_packets(2);
		for (size_t i = last + 60 + TAIL + DROPS; i < found.chunk_bytes - 8; i++)
			cr_assert(eq(u8, block[i], 0), "byte %zu after %zu", i, last);
	}
}

Test(pcapng_inplace, bytes_of_the_kernels_header_stay)
{
	start(ROOM);
	memcpy(block + 12, &(uint32_t){2}, 4); /* num_pkts */
	memcpy(before, block, 48);
	take(200, 60, 0);
	take(9000, 9000, 0);
	memcpy(before, block, 48);
	expect_packets(2);
	cr_expect(eq(int, memcmp(block + 8, before + 8, 40), 0));
}

Test(pcapng_inplace, page_lost_inside_a_large_frame_is_seen)
{
	start(ROOM);
	take(200, 9000, 0);
	take(10000, 65535, 0);
	expect_packets(2);
	memset(block + PAGE, 0, PAGE);
	cr_expect(not(wt_chunk_is_whole(block, found.chunk_bytes, false, &found)));
}

static bool is_whole(void)
{
	struct wt_chunk_index index;

	return wt_chunk_parse(block, ROOM, found.offset, false, &index) &&
	       wt_chunk_is_whole(block, ROOM, false, &index);
}

static void expect_each_page_lost_is_seen(void)
{
	static const uint8_t zeros[PAGE];
	uint8_t page[PAGE];

	for (size_t lost = 0; lost < found.chunk_bytes; lost += PAGE) {
		memcpy(page, block + lost, PAGE);
		memset(block + lost, 0, PAGE);
		if (memcmp(page, zeros, PAGE) != 0)
			cr_assert(not(is_whole()), "page at %zu", lost);
		memcpy(block + lost, page, PAGE);
	}
	cr_assert(is_whole());
}

Test(pcapng_inplace, page_lost_is_seen_wherever_a_frame_lies_on_it)
{
	for (size_t offset = 200; offset < 200 + PAGE; offset += 4) {
		start(ROOM);
		cr_assert(eq(sz, take(offset, 3900 + (uint32_t)offset % 700, 1), 1));
		cr_assert(eq(sz, take(offset + 6000, 60, 1), 1));
		expect_packets(2);
		expect_each_page_lost_is_seen();
	}
}

Test(pcapng_inplace, page_lost_is_seen_behind_a_small_frame)
{
	for (size_t offset = 200; offset < 200 + PAGE; offset += 4) {
		start(ROOM);
		cr_assert(eq(sz, take(offset, 100, 0), 1));
		cr_assert(eq(sz, take(offset + 9000, 60, 0), 1));
		expect_packets(2);
		expect_each_page_lost_is_seen();
	}
}

Test(pcapng_inplace, chunk_is_no_longer_than_chunks_may_be)
{
	size_t bytes = (size_t)WT_CHUNK_BYTES_MAX + PAGE;
	uint8_t *large = aligned_alloc(PAGE, bytes);
	struct wt_frame frame = {.data = large + WT_CHUNK_BYTES_MAX, .caplen = 60, .len = 60};
	struct wt_inplace beyond;

	cr_assert(large != NULL);
	wt_inplace_start(&beyond, large, bytes, 1);
	cr_expect(eq(sz, wt_inplace_frames(&beyond, &frame, 1), 0));
	frame.data -= 100;
	cr_expect(eq(sz, wt_inplace_frames(&beyond, &frame, 1), 1));
	cr_expect(eq(u32, wt_inplace_finish(&beyond, &run), WT_CHUNK_BYTES_MAX));
	free(large);
}

/* ---- frames that say more of their stamps ---- */

/* What it takes to say the source; with the map and the stamp as given; with both stamps. */
enum { SOURCE = 4 + 4, GIVEN = SOURCE + 12, BOTH = GIVEN + 8 };

static size_t take_saying(size_t offset, uint8_t notes, uint64_t dropped)
{
	struct wt_frame frame = frame_at(offset, 60, dropped);
	size_t taken;

	frame.notes = notes;
	memcpy(before, block, ROOM);
	taken = wt_inplace_frames(&at, &frame, 1);
	if (!taken)
		cr_expect(eq(int, memcmp(before, block, ROOM), 0), "frame at %zu", offset);
	return taken;
}

static void expect_least_gap(uint8_t notes, uint64_t dropped, size_t option_bytes)
{
	const size_t gap = TAIL + option_bytes + (dropped ? DROPS : 0) + 28;

	start(ROOM);
	cr_assert(eq(sz, take_saying(FIRST_DATA, notes, dropped), 1));
	cr_expect(eq(sz, take(FIRST_DATA + 60 + gap - 4, 60, 0), 0), "notes %u", notes);
	cr_expect(eq(sz, take_saying(FIRST_DATA + 60 + gap - 4, notes, dropped), 0));
	cr_expect(eq(sz, take(FIRST_DATA + 60 + gap, 60, 0), 1), "notes %u", notes);
	expect_packets(2);
}

Test(pcapng_inplace, frame_that_leaves_no_room_for_what_is_said_before_it_is_refused)
{
	for (uint64_t dropped = 0; dropped < 2; dropped++) {
		expect_least_gap(0, dropped, 0);
		expect_least_gap(WT_FRAME_SOURCE, dropped, SOURCE);
		expect_least_gap(WT_FRAME_GIVEN, dropped, GIVEN);
		expect_least_gap(WT_FRAME_SOURCE | WT_FRAME_GIVEN | WT_FRAME_BOTH, dropped, BOTH);
	}
}

Test(pcapng_inplace, what_is_said_of_the_last_frame_needs_its_room)
{
	const size_t last = 2 * PAGE - 60 - TAIL;

	start(2 * (size_t)PAGE);
	cr_expect(eq(sz, take_saying(last - GIVEN + 4, WT_FRAME_GIVEN, 0), 0));
	cr_expect(eq(sz, take_saying(last - GIVEN, WT_FRAME_GIVEN, 0), 1));
	expect_packets(1);
}

Test(pcapng_inplace, frame_of_which_nothing_is_said_ends_what_was_said_before)
{
	struct chunk_reader reader;
	struct wt_pcapng_item item;
	uint32_t length;

	start(ROOM);
	cr_assert(eq(sz, take_saying(1000, WT_FRAME_GIVEN, 0), 1));
	cr_assert(eq(sz, take(2000, 60, 0), 1));
	cr_assert(eq(sz, take(3000, 60, 3), 1));
	length = wt_inplace_finish(&at, &run);
	chunk_reader_open(&reader, block, length);
	cr_assert(eq(int, chunk_reader_next(&reader, &item), 1));
	cr_expect(eq(int, item.packet.frame.notes, WT_FRAME_SOURCE | WT_FRAME_GIVEN));
	for (int i = 0; i < 2; i++) {
		cr_assert(eq(int, chunk_reader_next(&reader, &item), 1));
		cr_expect(eq(int, item.packet.frame.notes, 0));
	}
	chunk_reader_close(&reader);
}

Test(pcapng_inplace, no_frame_past_the_batch_is_taken_when_something_is_said_of_one)
{
	struct wt_frame frames[4];

	for (size_t i = 0; i < 4; i++)
		frames[i] = frame_at(1000 * (i + 1), 60, 0);
	frames[1].notes = WT_FRAME_GIVEN;
	start(ROOM);
	cr_expect(eq(sz, wt_inplace_frames(&at, frames, 2), 2));
	expect_packets(2);
}
