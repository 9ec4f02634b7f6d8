/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/fault_disk.h"
#include "support/file_check.h"
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader_private.h>
#include <wiretape/pcapng/pcapng_encode.h>
#include <wiretape/ring/sim_ring.h>
#include <wiretape/tests/support/temp.h>
#include <wiretape/writer/disk/disk_private.h>
#include <wiretape/writer/tape.h>

enum {
	INTERFACES = 2,
	INTERFACES_MAX = 8,
	BUFFERS = 4,
	BLOCKS = 40,
	FRAME_BYTES = 600,
	TAPE_ID = 77
};

static struct wt_buffer_pool pool;
static struct wt_disk *disk;
static struct wt_tape *tape;
static struct wt_sim_ring *ring;
static char path[TEMP_BYTES];
static struct wt_error err;
static uint64_t landed[INTERFACES_MAX];
static uint64_t number; /* of the next packet: also its stamp */
static struct file_check check;

/* The blocks of the ring that the tape has. */
struct held {
	struct wt_write write; /* first */
	struct wt_block block;
	unsigned released, retired;
	bool added;
};
static struct held held[BLOCKS];
static unsigned held_count;

static void release(struct wt_write *write)
{
	((struct held *)write)->released++;
}

static void retire(struct wt_write *write)
{
	struct held *one = (struct held *)write;

	one->retired++;
	cr_expect(eq(u32, one->released, 1), "the bytes come first");
}

static const struct wt_write_owner owner = {release, retire};

static void count_landed(void *context, size_t interface, uint64_t packets)
{
	(void)context;
	cr_assert(lt(sz, interface, INTERFACES_MAX));
	cr_assert(packets > 0);
	landed[interface] += packets;
}

static void open_tape(size_t interfaces)
{
	const struct wt_tape_config config = {.interfaces = interfaces,
	                                      .tape_id = TAPE_ID,
	                                      .pool = &pool,
	                                      .landed = count_landed,
	                                      .context = &pool};

	cr_assert(eq(int, wt_tape_open(&tape, &config), 0));
}

static void open_tape_of(size_t interfaces)
{
	const struct wt_sink_config config = {0};
	struct wt_sink *sink;

	open_tape(interfaces);
	cr_assert(eq(int, wt_sink_file_open(&sink, path, disk, WT_DIRECT_OFF, false, &config, &err),
	             0),
	          "%s", err.text);
	wt_tape_attach(tape, sink);
}

static void open_file(void)
{
	open_tape_of(INTERFACES);
}

static void set_up(void)
{
	const struct wt_sim_config shape = {.block_bytes = 16384,
	                                    .block_count = BLOCKS,
	                                    .reserve_bytes = WT_INPLACE_ETHERNET_RESERVE,
	                                    .private_bytes = WT_INPLACE_PRIVATE_BYTES};
	int fd;

	temp_template_in_memory(path, "tape");
	fd = mkstemp(path);
	cr_assert(ge(int, fd, 0));
	close(fd);
	cr_assert(eq(int, wt_buffer_pool_init(&pool, BUFFERS, INTERFACES_MAX), 0));
	disk = fault_disk_open();
	cr_assert(disk != NULL);
	cr_assert(eq(int, wt_sim_ring_create(&ring, &shape), 0));
	memset(held, 0, sizeof(held));
	memset(landed, 0, sizeof(landed));
	held_count = 0;
	number = 0;
}

static void tear_down(void)
{
	wt_tape_close(tape, false);
	tape = NULL;
	wt_disk_close(disk);
	wt_sim_ring_destroy(ring);
	cr_expect(eq(u32, pool.free_count, BUFFERS), "a buffer has not come back");
	wt_buffer_pool_fini(&pool);
	unlink(path);
}

TestSuite(tape, .init = set_up, .fini = tear_down);

static void again(void)
{
	tear_down();
	set_up();
}

static void reap(void)
{
	wt_tape_reap(tape, wt_disk_now_ns());
}

static uint8_t *reserve(size_t bytes, size_t *room)
{
	uint8_t *at = NULL;
	int rc;

	while ((rc = wt_tape_reserve(tape, bytes, &at, room)) == -EAGAIN)
		reap();
	return rc ? NULL : at;
}

static void add_header(void)
{
	struct wt_pcapng_section section = {.application = "test", .tape = "tape_id=77"};
	struct wt_pcapng_interface interface = {.link_type = 1, .name = "eth0"};
	size_t room;
	uint8_t *at = reserve(4096, &room);

	wt_tape_submit(tape, (size_t)wt_pcapng_encode_section(at, room, &section), 0, NULL, 0);
	for (int i = 0; i < INTERFACES; i++) {
		at = reserve(4096, &room);
		wt_tape_submit(tape, (size_t)wt_pcapng_encode_interface(at, room, &interface), 0,
		               NULL, 0);
	}
	cr_assert(eq(int, wt_tape_flush(tape), 0));
}

/* Number of the map that the packets name; 0: none. */
static uint32_t map_number;

static bool carry_maps(uint32_t interface, uint32_t previous_number)
{
	const struct wt_clock_map map = {.number = map_number, .utc_ns = 5},
	                          previous = {.number = previous_number};

	return wt_tape_carry_maps(tape, interface, &map, &previous);
}

/* One packet into the chunk under construction. */
static int add_packet(uint32_t interface)
{
	static uint8_t bytes[FRAME_BYTES];
	struct wt_frame frame = {.data = bytes,
	                         .caplen = FRAME_BYTES,
	                         .len = FRAME_BYTES,
	                         .stamp_ns = (int64_t)number};
	size_t room, used;
	uint8_t *at;
	int rc = wt_tape_reserve(tape, wt_pcapng_packet_bound(FRAME_BYTES), &at, &room);

	if (rc)
		return rc;
	memcpy(bytes, &number, sizeof(number));
	cr_assert(eq(sz, wt_pcapng_encode_frames(at, room, interface, &frame, 1, &used), 1));
	wt_tape_submit(tape, used, interface, &frame, 1);
	number++;
	return 0;
}

static void add_packets(uint32_t interface, unsigned count)
{
	while (count--) {
		int rc;

		while ((rc = add_packet(interface)) == -EAGAIN)
			reap();
		if (rc)
			return;
	}
}

/* A block of the ring, filled with `frames` and borrowed. */
static struct held *borrow(unsigned frames)
{
	uint8_t bytes[FRAME_BYTES] = {0};
	struct held *one = &held[held_count++];

	one->write.owner = &owner;
	cr_assert(le(u32, held_count, BLOCKS));
	for (unsigned i = 0; i < frames; i++, number++) {
		struct wt_sim_frame frame = {
		        .data = bytes, .len = FRAME_BYTES, .stamp_ns = (int64_t)number};

		memcpy(bytes, &number, sizeof(number));
		wt_sim_ring_deliver(ring, &frame);
	}
	wt_sim_ring_flush(ring);
	cr_assert(eq(int, wt_ring_next_block(wt_sim_ring_reader(ring), &one->block), 1));
	return one;
}

static int add_in_place(uint32_t interface, unsigned frames)
{
	struct held *one = borrow(frames);
	struct wt_frame batch[32];
	struct wt_inplace at;
	size_t count;

	wt_inplace_start(&at, one->block.start, one->block.bytes, interface);
	count = wt_ring_read_frames(wt_sim_ring_reader(ring), &one->block, batch, 32);
	cr_assert(eq(sz, wt_inplace_frames(&at, batch, count), frames));
	one->added = true;
	return wt_tape_add_in_place(tape, &at, &one->write);
}

static int add_in_place_when_ready(uint32_t interface, unsigned frames)
{
	while (!wt_tape_takes_in_place(tape) && !wt_tape_failed(tape))
		reap();
	return add_in_place(interface, frames);
}

static void expect_released(void)
{
	for (unsigned i = 0; i < held_count; i++) {
		cr_expect(eq(u32, held[i].released, held[i].added ? 1 : 0), "block %u", i);
		cr_expect(eq(u32, held[i].retired, held[i].added ? 1 : 0), "record %u", i);
	}
}

static uint64_t numbers[4096];
static size_t number_count;

static void note_number(void *context, const struct wt_pcapng_item *item)
{
	(void)context;
	cr_assert(lt(sz, number_count, 4096));
	memcpy(&numbers[number_count++], item->packet.frame.data, sizeof(uint64_t));
}

/* The file after closing; it is what was landed and no more. */
static void expect_file(void)
{
	uint64_t bytes = wt_tape_bytes(tape), packets = wt_tape_all_packets(tape);

	wt_tape_close(tape, false);
	tape = NULL;
	check = (struct file_check){.on_packet = note_number};
	number_count = 0;
	cr_expect(eq(int, file_check_path(&check, path), 0), "%s", check.why);
	cr_expect(eq(u64, check.bytes, bytes));
	cr_expect(eq(u64, check.all_packets, packets));
	for (size_t i = 0; i < INTERFACES; i++)
		cr_expect(eq(u64, check.packets[i], landed[i]), "interface %zu", i);
	expect_released();
}

Test(tape, header_is_a_chunk_of_its_own)
{
	struct stat status;

	open_file();
	add_header();
	wt_tape_settle(tape);
	cr_expect(eq(u64, wt_tape_bytes(tape), 4096));
	cr_expect(not(wt_tape_has_unflushed(tape)));
	expect_file();
	cr_expect(eq(int, stat(path, &status), 0));
	cr_expect(eq(i64, status.st_size, 4096));
	cr_expect(eq(u32, check.interfaces, INTERFACES));
	cr_expect(eq(u32, check.chunks, 0));
}

Test(tape, indexes_say_what_is_in_their_chunks)
{
	open_file();
	add_header();
	add_packets(0, 3);
	wt_tape_flush(tape);
	add_packets(0, 2);
	add_packets(1, 2);
	wt_tape_flush(tape);
	cr_expect(eq(int, add_in_place(1, 5), 0));
	/* Behind those above by their stamps. */
	number = 0;
	add_packets(1, 1);
	wt_tape_flush(tape);
	wt_tape_flush(tape);
	wt_tape_settle(tape);
	expect_file();
	cr_expect(eq(u32, check.chunks, 4), "what is empty is no chunk");
	cr_expect(eq(u32, check.in_place, 1));
	cr_expect(eq(u64, check.packets[0], 5));
	cr_expect(eq(u64, check.packets[1], 8));
}

static struct wt_chunk_index indexes[8];
static struct wt_chunk_map carried[8][WT_CHUNK_MAPS_MAX];

/* The indexes of the file, with their maps; how many there are. */
static size_t read_indexes(void)
{
	size_t length, count = 0;
	uint8_t *bytes = file_check_read(path, &length);

	for (size_t at = 4096; at < length; at += indexes[count++].chunk_bytes) {
		cr_assert(lt(sz, count, 8));
		cr_assert(wt_chunk_parse(bytes + at, length - at, at, false, &indexes[count]));
		for (uint32_t i = 0; i < indexes[count].maps; i++)
			wt_chunk_read_map(bytes + at, &indexes[count], false, i,
			                  &carried[count][i]);
	}
	free(bytes);
	return count;
}

/* As the recorder does it: reserve, carry, submit. */
static void add_mapped(uint32_t interface, uint32_t previous_number)
{
	size_t room;

	cr_assert(reserve(wt_pcapng_packet_bound(FRAME_BYTES), &room) != NULL);
	cr_assert(carry_maps(interface, previous_number));
	cr_assert(eq(int, add_packet(interface), 0));
}

Test(tape, indexes_carry_the_maps_at_the_first_packet_of_each_interface)
{
	open_file();
	add_header();
	map_number = 5;
	add_mapped(1, 0);
	map_number = 6;
	add_mapped(0, 2);
	add_mapped(1, 0);
	wt_tape_flush(tape);
	add_mapped(1, 0);
	wt_tape_flush(tape);
	map_number = 0;
	add_mapped(0, 0);
	wt_tape_flush(tape);
	wt_tape_settle(tape);
	expect_file();
	cr_assert(eq(sz, read_indexes(), 3));
	cr_assert(eq(int, indexes[0].maps, 3));
	cr_expect(eq(u32, carried[0][0].map.number, 5));
	cr_expect(eq(u32, carried[0][0].interface_id, 1));
	cr_expect(eq(i64, carried[0][0].map.utc_ns, 5));
	cr_expect(eq(u32, carried[0][1].map.number, 6));
	cr_expect(eq(u32, carried[0][1].interface_id, 0));
	cr_expect(eq(u32, carried[0][2].map.number, 2));
	cr_assert(eq(int, indexes[1].maps, 1));
	cr_expect(eq(u32, carried[1][0].map.number, 6));
	cr_expect(eq(int, indexes[2].maps, 0));
}

Test(tape, an_index_that_is_full_of_maps_wants_another_chunk)
{
	enum { MANY = WT_CHUNK_MAPS_MAX / 2 };

	open_tape_of(MANY + 1);
	add_header();
	map_number = 9;
	for (uint32_t i = 0; i < MANY; i++)
		add_mapped(i, 4);
	cr_expect(carry_maps(0, 4), "it has them");
	cr_expect(not(carry_maps(MANY, 4)));
	cr_expect(not(carry_maps(MANY, 0)));
	wt_tape_flush(tape);
	add_mapped(MANY, 4);
	wt_tape_flush(tape);
	wt_tape_settle(tape);
	wt_tape_close(tape, false);
	tape = NULL;
	cr_assert(eq(sz, read_indexes(), 2));
	cr_expect(eq(int, indexes[0].maps, WT_CHUNK_MAPS_MAX));
	cr_expect(eq(int, indexes[1].maps, 2));
	cr_expect(eq(u32, carried[1][0].interface_id, MANY));
}

Test(tape, chunks_are_in_the_order_in_which_they_were_handed_over)
{
	static const uint64_t expected[] = {2, 3, 4, 0, 1, 5};

	open_file();
	add_header();
	add_packets(0, 2);
	cr_expect(eq(int, add_in_place(0, 3), 0));
	add_packets(0, 1);
	wt_tape_flush(tape);
	wt_tape_settle(tape);
	expect_file();
	cr_assert(eq(sz, number_count, 6));
	cr_expect(eq(int, memcmp(numbers, expected, sizeof(expected)), 0));
}

Test(tape, block_without_packets_is_given_back_at_once)
{
	struct wt_inplace at;

	open_file();
	add_header();
	wt_tape_settle(tape);
	fault_disk_hold(disk, true);
	held_count = 1;
	held[0].added = true;
	wt_inplace_start(&at, pool.base, 16384, 0);
	held[0].write.owner = &owner;
	cr_expect(eq(int, wt_tape_add_in_place(tape, &at, &held[0].write), 0));
	cr_expect(eq(u32, held[0].released, 1));
	fault_disk_hold(disk, false);
	expect_file();
	cr_expect(eq(u32, check.chunks, 0));
}

Test(tape, takes_nothing_more_when_all_buffers_are_out_until_one_is_back)
{
	unsigned taken = 0;
	int rc;

	open_file();
	add_header();
	wt_tape_settle(tape);
	fault_disk_hold(disk, true);
	while (!(rc = add_packet(0)) && taken < 100000)
		taken++;
	cr_expect(eq(int, rc, -EAGAIN));
	cr_expect(eq(u32, pool.free_count, 0));
	cr_expect(not(wt_tape_is_ready(tape)));
	cr_expect(eq(int, add_packet(1), -EAGAIN));
	cr_expect(wt_tape_takes_in_place(tape), "that needs no buffer");
	cr_expect(eq(u64, landed[0], 0));
	fault_disk_hold(disk, false);
	reap();
	cr_expect(wt_tape_is_ready(tape));
	cr_expect(eq(u64, landed[0], taken));
	cr_expect(eq(int, add_packet(0), 0));
	cr_expect(eq(int, wt_tape_flush(tape), 0));
	wt_tape_settle(tape);
	cr_expect(eq(u64, landed[0], taken + 1));
}

Test(tape, takes_nothing_more_when_all_writes_are_out_until_one_has_ended)
{
	unsigned taken = 0;

	open_file();
	add_header();
	wt_tape_settle(tape);
	fault_disk_hold(disk, true);
	for (; wt_tape_takes_in_place(tape); taken++)
		cr_expect(eq(int, add_in_place(0, 2), 0));
	cr_expect(eq(u32, taken, WT_SINK_WRITES_MOST - 1), "one is left for what comes before");
	cr_expect(not(wt_tape_is_ready(tape)));
	add_packets(0, 1);
	cr_expect(eq(int, wt_tape_flush(tape), 0));
	add_packets(0, 1);
	cr_expect(eq(int, wt_tape_flush(tape), -EAGAIN));
	cr_expect(eq(u64, landed[0], 0));
	for (unsigned i = 0; i < held_count; i++)
		cr_expect(eq(u32, held[i].released, 0));
	fault_disk_hold(disk, false);
	reap();
	cr_expect(eq(int, wt_tape_flush(tape), 0));
	wt_tape_settle(tape);
	cr_expect(eq(u64, landed[0], 2 * taken + 2));
	expect_file();
}

/* Chunks of both kinds, as many as the ring has blocks. */
static void add_mixture(unsigned chunks)
{
	for (unsigned i = 0; i < chunks && !wt_tape_failed(tape); i++) {
		if (i % 3 == 2) {
			add_packets(i % 2, 4);
			while (wt_tape_flush(tape) == -EAGAIN)
				reap();
		} else {
			add_in_place_when_ready(i % 2, 1 + i % 7);
		}
	}
}

Test(tape, only_the_prefix_counts_as_landed_in_whatever_order_writes_end)
{
	for (uint32_t seed = 1; seed <= 60; seed++, again()) {
		uint64_t before = 0;

		open_file();
		add_header();
		fault_disk_shuffle(disk, seed);
		add_mixture(36);
		while (!wt_tape_is_idle(tape)) {
			reap();
			cr_expect(landed[0] + landed[1] >= before);
			before = landed[0] + landed[1];
		}
		cr_expect(eq(u64, landed[0] + landed[1], number));
		for (size_t i = 0; i < INTERFACES; i++)
			cr_expect(eq(u64, landed[i], wt_tape_packets(tape, i)));
		expect_file();
	}
}

static size_t landed_at_failure(uint32_t seed, unsigned nth, int error)
{
	open_file();
	add_header();
	fault_disk_shuffle(disk, seed);
	fault_disk_fail_write(disk, nth, error);
	add_mixture(24);
	wt_tape_settle(tape);
	cr_expect(eq(int, wt_tape_failed(tape), error), "write %u", nth);
	return (size_t)(landed[0] + landed[1]);
}

Test(tape, cut_after_a_failure_leaves_what_has_landed)
{
	for (unsigned nth = 1; nth <= 25; nth++) {
		for (uint32_t seed = 0; seed < 8; seed++, again()) {
			size_t count = landed_at_failure(seed, nth, -ENOSPC);

			cr_expect(eq(int, add_packet(0), -ENOSPC));
			cr_expect(eq(int, wt_tape_truncate(tape), 0));
			cr_expect(eq(int, wt_tape_failed(tape), 0));
			cr_expect(eq(u64, wt_tape_all_packets(tape), count));
			cr_expect(not(wt_tape_has_unflushed(tape)));
			if (nth == 1) {
				cr_expect(eq(u64, wt_tape_bytes(tape), 0));
				add_header();
			}
			/* It can be closed in order. */
			add_packets(1, 1);
			cr_expect(eq(int, wt_tape_flush(tape), 0));
			wt_tape_settle(tape);
			cr_expect(eq(u64, landed[0] + landed[1], count + 1));
			expect_file();
		}
	}
}

Test(tape, cut_forgets_what_is_under_construction)
{
	open_file();
	add_header();
	add_packets(0, 5);
	wt_tape_flush(tape);
	add_packets(1, 7);
	cr_expect(eq(int, wt_tape_truncate(tape), 0));
	cr_expect(eq(u64, wt_tape_packets(tape, 0), 5));
	cr_expect(eq(u64, wt_tape_packets(tape, 1), 0));
	cr_expect(eq(u32, pool.free_count, BUFFERS));
	expect_file();
}

Test(tape, block_added_to_a_failed_file_comes_back)
{
	open_file();
	add_header();
	wt_tape_settle(tape);
	fault_disk_fail_write(disk, 2, -EIO);
	add_packets(0, 1);
	wt_tape_flush(tape);
	wt_tape_settle(tape);
	cr_expect(not(wt_tape_takes_in_place(tape)));
	cr_expect(eq(int, add_in_place(0, 3), -EIO));
	expect_released();
	cr_expect(eq(int, wt_tape_truncate(tape), 0));
	expect_file();
}

Test(tape, closing_tells_of_a_failure_that_was_not_cut_off)
{
	landed_at_failure(0, 2, -EIO);
	cr_expect(eq(int, wt_tape_close(tape, false), -EIO));
	tape = NULL;
	expect_released();
}

Test(tape, closing_waits_for_what_is_in_flight)
{
	open_file();
	add_header();
	add_mixture(10);
	wt_tape_close(tape, false);
	tape = NULL;
	expect_released();
	cr_expect(eq(u64, landed[0] + landed[1], number));
}

/* Streams. */

static int ends[2];

static void open_stream(void)
{
	const struct wt_sink_config config = {0};
	struct wt_sink *sink;

	signal(SIGPIPE, SIG_IGN);
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	open_tape(INTERFACES);
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], &config), 0));
	wt_tape_attach(tape, sink);
}

Test(tape, stream_has_no_chunks)
{
	static uint8_t bytes[65536];
	size_t length;

	open_stream();
	cr_expect(wt_tape_is_stream(tape) && !wt_tape_takes_in_place(tape));
	add_header();
	add_packets(0, 3);
	cr_expect(wt_tape_has_unflushed(tape));
	cr_expect(eq(int, wt_tape_flush(tape), 0));
	add_packets(1, 2);
	cr_expect(eq(int, wt_tape_flush(tape), 0));
	length = (size_t)read(ends[0], bytes, sizeof(bytes));
	cr_expect(eq(u64, length, wt_tape_bytes(tape)));
	cr_expect(length % 4096 != 0);
	cr_expect(memmem(bytes, length, "WTix", 4) == NULL);
	cr_expect(eq(u64, landed[0], 3));
	cr_expect(eq(u64, landed[1], 2));
	cr_expect(eq(int, wt_tape_truncate(tape), -ENOTSUP));
}

static const volatile sig_atomic_t abort_writes = 1;

/* A reader that takes the beginning and goes on no more. */
Test(tape, bytes_of_a_stream_are_also_those_that_wait)
{
	uint64_t header_bytes;

	open_stream();
	add_header();
	header_bytes = wt_tape_bytes(tape);
	add_packets(0, 3);
	cr_expect(
	        eq(u64, wt_tape_bytes(tape), header_bytes + UINT64_C(3) * (28 + FRAME_BYTES + 16)));
}

Test(tape, packets_that_a_stream_took_of_a_write_that_failed_have_landed)
{
	const struct wt_sink_config config = {.abort_writes = &abort_writes};
	struct wt_sink *sink;
	size_t room = 0;

	signal(SIGPIPE, SIG_IGN);
	cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
	room = (size_t)fcntl(ends[1], F_SETPIPE_SZ, 8192);
	open_tape(INTERFACES);
	cr_assert(eq(int, wt_sink_stream_open(&sink, ends[1], &config), 0));
	wt_tape_attach(tape, sink);
	add_packets(0, 5);
	add_packets(1, 100);
	cr_expect(eq(int, wt_tape_flush(tape), 0));
	cr_expect(not(wt_tape_is_idle(tape)));
	wt_tape_reap(tape, 1000000000);
	wt_tape_reap(tape, 3000000000);
	cr_expect(wt_tape_is_idle(tape));
	cr_expect(eq(int, wt_tape_failed(tape), -ETIMEDOUT));
	cr_expect(eq(u64, wt_tape_bytes(tape), room));
	cr_expect(eq(u64, landed[0], 5));
	cr_expect(eq(u64, landed[1], room / (28 + FRAME_BYTES + 8 + 4 + 4) - 5), "%" PRIu64,
	          landed[1]);
}

/* Sizes of headers. */

static void write_header(size_t blocks, size_t bytes)
{
	for (size_t i = 0; i < blocks; i++) {
		size_t room;
		uint8_t *at = reserve(bytes, &room);

		cr_assert(ge(sz, room, bytes));
		memset(at, (int)i + 1, bytes);
		wt_tape_submit(tape, bytes, 0, NULL, 0);
	}
}

Test(tape, long_header_is_one_chunk)
{
	enum { BLOCKS_OF_HEADER = 64, EACH = 64 << 10 };
	struct wt_sink_statistics statistics;

	open_file();
	cr_assert(eq(int, wt_tape_size_header(tape, (size_t)BLOCKS_OF_HEADER * EACH), 0));
	write_header(BLOCKS_OF_HEADER, EACH);
	cr_expect(eq(u64, wt_tape_bytes(tape), (uint64_t)BLOCKS_OF_HEADER * EACH));
	cr_assert(eq(int, wt_tape_flush(tape), 0));
	wt_tape_settle(tape);
	wt_sink_statistics(wt_tape_sink(tape), 0, &statistics);
	cr_expect(eq(u64, statistics.writes, 1));
	cr_expect(eq(u64, wt_tape_bytes(tape), (uint64_t)BLOCKS_OF_HEADER * EACH));
}

Test(tape, header_never_becomes_two_chunks)
{
	uint8_t *at;
	size_t room;

	open_file();
	write_header(WT_TAPE_RESERVE_MAX / 4096, 4096);
	cr_expect(eq(int, wt_tape_reserve(tape, 64 << 10, &at, &room), -EMSGSIZE));
	cr_expect(eq(u64, wt_sink_bytes(wt_tape_sink(tape)), 0));
}

Test(tape, header_that_no_reader_would_take_is_refused)
{
	open_file();
	cr_expect(eq(int, wt_tape_size_header(tape, WT_CHUNK_BYTES_MAX), -EMSGSIZE));
}

Test(tape, header_of_the_largest_chunk_is_taken)
{
	open_file();
	cr_expect(eq(int, wt_tape_size_header(tape, WT_CHUNK_BYTES_MAX - 3 * 4096 + 1), 0));
}

Test(tape, as_much_as_is_promised_can_be_reserved)
{
	uint8_t *at;
	size_t room;

	open_file();
	add_header();
	cr_expect(eq(int, wt_tape_reserve(tape, WT_TAPE_RESERVE_MAX, &at, &room), 0));
	cr_expect(eq(int, wt_tape_reserve(tape, WT_TAPE_RESERVE_MAX + 1, &at, &room), -EMSGSIZE));
}

Test(tape, chunk_is_filled_to_its_last_byte)
{
	uint8_t *last, *at;
	size_t room;

	open_file();
	add_header();
	for (last = reserve(4096, &room); room > 8192; last = reserve(4096, &room)) {
		memset(last, 1, 4096);
		wt_tape_submit(tape, 4096, 0, NULL, 0);
	}
	at = reserve(room, &room);
	cr_expect(eq(ptr, at, last));
}

Test(tape, long_header_that_is_not_written_is_given_back)
{
	open_file();
	cr_assert(eq(int, wt_tape_size_header(tape, 4 << 20), 0));
	write_header(3, 4096);
	cr_assert(eq(int, wt_tape_truncate(tape), 0));
	cr_expect(eq(u64, wt_tape_bytes(tape), 0));
}

#ifndef NDEBUG
Test(tape, more_than_was_reserved_ends_the_program, .signal = SIGABRT)
{
	uint8_t *at;
	size_t room;

	open_file();
	cr_assert(eq(int, wt_tape_reserve(tape, 64, &at, &room), 0));
	unlink(path); /* nobody tears down */
	wt_tape_submit(tape, room + 4, 0, NULL, 0);
}
#endif
