/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/pcapng/pcapng_inplace.h>
#include <wiretape/tests/support/chunk_reader.h>
#include <wiretape/tests/support/recording.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

/* A kernel without memory: this program's setsockopt() stands before the C library's
 * and refuses rings above a size, as the kernel does. */
static uint64_t largest_ring_bytes = UINT64_MAX;
static int refusal = ENOMEM;
static unsigned refused;
static bool refuses_reserve;
static bool refuses_long_filters;
static bool refuses_filters;

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	if (level == SOL_PACKET && name == PACKET_RESERVE && refuses_reserve) {
		errno = EINVAL;
		return -1;
	}
	if (level == SOL_SOCKET && name == SO_ATTACH_FILTER && refuses_filters) {
		errno = EPERM;
		return -1;
	}
	if (level == SOL_SOCKET && name == SO_ATTACH_FILTER && refuses_long_filters) {
		struct sock_fprog program;

		memcpy(&program, value, sizeof(program));
		if (program.len > 4) {
			errno = ENOMEM;
			return -1;
		}
	}
	if (level == SOL_PACKET && name == PACKET_RX_RING) {
		struct tpacket_req request;

		memcpy(&request, value, sizeof(request));
		if ((uint64_t)request.tp_block_size * request.tp_block_nr > largest_ring_bytes) {
			refused++;
			errno = refusal;
			return -1;
		}
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

/* A queue that is not what it should be: so often recv() finds an error of the socket, and so many
 * frames are gone. */
static int recv_errors;
static int recv_gone;

ssize_t recv(int fd, void *bytes, size_t count, int flags)
{
	if (recv_errors && recv_errors--) {
		errno = ENETDOWN;
		return -1;
	}
	for (; recv_gone; recv_gone--)
		(void)!syscall(SYS_recvfrom, fd, bytes, count, flags, NULL, NULL);
	return syscall(SYS_recvfrom, fd, bytes, count, flags, NULL, NULL);
}

static struct wt_reader *reader;
static struct wt_error err;

static void set_up(void)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
}

static void tear_down(void)
{
	wt_reader_close(reader);
}

static int open_reader(enum wt_reader_kind kind, uint64_t ring_bytes)
{
	struct wt_reader_config config = {
	        .kind = kind, .interface = "wt_a", .ring_bytes = ring_bytes};

	return wt_reader_open(&reader, &config, &err);
}

static const struct wt_reader_info *info(void)
{
	return wt_reader_info(reader);
}

TestSuite(live_reader, .init = set_up, .fini = tear_down);

Test(live_reader, ring_is_as_large_as_asked_and_nothing_is_degraded)
{
	cr_assert_eq(open_reader(WT_READER_V3, 16 << 20), 0, "%s", err.text);
	cr_expect_eq(info()->ring_bytes_asked, 16 << 20);
	cr_expect_eq(info()->ring_bytes, 16 << 20);
	cr_expect_null(info()->degraded[0], "degraded: %s", info()->degraded[0]);
}

Test(live_reader, ring_of_an_odd_size_is_rounded_up_and_nothing_is_degraded)
{
	cr_assert_eq(open_reader(WT_READER_V3, (16 << 20) - 1000), 0, "%s", err.text);
	cr_expect_eq(info()->ring_bytes, 16 << 20);
	cr_expect_null(info()->degraded[0], "degraded: %s", info()->degraded[0]);
}

Test(live_reader, v3_blocks_too_small_for_the_largest_frames_are_named)
{
	cr_assert_eq(open_reader(WT_READER_V3, 64 << 10), 0, "%s", err.text);
	cr_assert_not_null(info()->degraded[0]);
	cr_expect(strstr(info()->degraded[0], "are cut") != NULL, "%s", info()->degraded[0]);
}

static void expect_shrunk(enum wt_reader_kind kind)
{
	largest_ring_bytes = 5 << 20;
	cr_assert_eq(open_reader(kind, 64 << 20), 0, "%s", err.text);
	cr_expect_eq(info()->ring_bytes_asked, 64 << 20);
	cr_expect_eq(info()->ring_bytes, 4 << 20, "got %llu",
	             (unsigned long long)info()->ring_bytes);
	cr_expect_eq(refused, 4, "64, 32, 16 and 8 MiB are refused, not %u", refused);
	cr_assert_not_null(info()->degraded[0]);
	cr_expect(strstr(info()->degraded[0], "67108864 bytes asked, 4194304 got") != NULL, "%s",
	          info()->degraded[0]);
	cr_expect_eq(wt_reader_start(reader, &err), 0, "%s", err.text);
}

Test(live_reader, v3_ring_shrinks_when_the_kernel_has_no_memory_and_says_so)
{
	expect_shrunk(WT_READER_V3);
}

Test(live_reader, v2_ring_shrinks_when_the_kernel_has_no_memory_and_says_so)
{
	expect_shrunk(WT_READER_V2);
}

Test(live_reader, no_ring_at_all_is_an_error_that_names_the_interface)
{
	largest_ring_bytes = 0;
	cr_expect_eq(open_reader(WT_READER_V3, 1 << 20), -ENOMEM);
	cr_expect(strstr(err.text, "wt_a") != NULL, "%s", err.text);
	cr_expect(strstr(err.text, "no ring") != NULL, "%s", err.text);
}

Test(live_reader, another_refusal_is_not_tried_again)
{
	largest_ring_bytes = 0;
	refusal = EINVAL;
	cr_expect_eq(open_reader(WT_READER_V3, 64 << 20), -EINVAL);
	cr_expect_eq(refused, 1, "tried %u times", refused);
}

Test(live_reader, a_ring_larger_than_memory_is_not_asked_for)
{
	/* Refuse all, so that nothing is taken; what was asked for first is what counts. */
	largest_ring_bytes = 1 << 20;
	cr_assert_eq(open_reader(WT_READER_V3, UINT64_C(1) << 50), 0, "%s", err.text);
	/* Halving from 2^50 would take 30 tries; from three quarters of what this machine
	 * has it takes as many as that has bits above 20. */
	cr_expect_lt(refused, 26, "asked for far too much: %u tries", refused);
	cr_expect_eq(info()->ring_bytes_asked, UINT64_C(1) << 50);
	cr_assert_not_null(info()->degraded[0]);
}

Test(live_reader, unknown_interface_is_an_error_that_lists_those_there_are)
{
	struct wt_reader_config config = {.interface = "nope"};

	cr_expect_eq(wt_reader_open(&reader, &config, &err), -ENODEV);
	cr_expect(strstr(err.text, "'nope'") != NULL, "%s", err.text);
	cr_expect(strstr(err.text, "wt_a") != NULL, "%s", err.text);
}

Test(live_reader, bad_filter_is_an_error_with_the_compilers_message)
{
	struct wt_reader_config config = {.interface = "wt_a", .filter = "tcp port"};

	cr_expect_eq(wt_reader_open(&reader, &config, &err), -EINVAL);
	cr_expect(strstr(err.text, "'tcp port'") != NULL, "%s", err.text);
	cr_expect(strstr(err.text, "syntax error") != NULL, "%s", err.text);
}

Test(live_reader, memory_of_a_ring_can_be_handed_on)
{
	static const enum wt_reader_kind kinds[] = {WT_READER_V3, WT_READER_V2};

	for (int i = 0; i < 2; i++) {
		const struct wt_ring_memory *memory;

		cr_assert_eq(open_reader(kinds[i], 2 << 20), 0, "%s", err.text);
		memory = wt_reader_memory(reader);
		cr_assert_not_null(memory);
		cr_expect_eq((uintptr_t)memory->base % 4096, 0);
		cr_expect_eq((uint64_t)memory->block_bytes * memory->block_count,
		             info()->ring_bytes);
		cr_expect_eq(info()->in_place, kinds[i] == WT_READER_V3);
		wt_reader_close(reader);
	}
	cr_assert_eq(open_reader(WT_READER_RECV, 2 << 20), 0, "%s", err.text);
	cr_expect_null(wt_reader_memory(reader));
	cr_expect_not(info()->in_place);
}

Test(live_reader, without_the_reserve_v3_reads_but_not_in_place)
{
	refuses_reserve = true;
	cr_assert_eq(open_reader(WT_READER_V3, 2 << 20), 0, "%s", err.text);
	cr_expect_not(info()->in_place);
	cr_expect_null(info()->degraded[0], "degraded: %s", info()->degraded[0]);
}

/* Frames over veth, taken in place, block after block. */
enum { SENT = 1500, HEADER_BYTES = 14, PATIENCE_MS = 5000 };

static uint8_t sent[1600];

/* Of every size, some tagged; the number is behind the header. */
static uint32_t make_frame(uint32_t number)
{
	static const uint8_t head[HEADER_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
	                                           0,    0,    0,    0,    9,    0x88, 0xb5};
	uint32_t bytes = 60 + number * 131 % 1440, tag = number % 3 == 1 ? 4 : 0;

	for (uint32_t i = 0; i < bytes + tag; i++)
		sent[i] = (uint8_t)(i + number);
	memcpy(sent, head, 12);
	memcpy(sent + 12, "\x81\x00\x00\x05", 4);
	memcpy(sent + 12 + tag, head + 12, 2);
	memcpy(sent + HEADER_BYTES + tag, &number, sizeof(number));
	return bytes + tag;
}

static void send_frame(int sender, uint32_t number)
{
	uint32_t bytes = make_frame(number);

	cr_assert_eq(send(sender, sent, bytes, 0), (ssize_t)bytes, "%s", strerror(errno));
}

static void expect_frame(const struct wt_frame *frame, uint32_t number)
{
	uint32_t bytes = make_frame(number);

	cr_assert_eq(frame->caplen, bytes, "frame %u: %u, not %u", number, frame->caplen, bytes);
	cr_assert_eq(memcmp(frame->data, sent, bytes), 0, "frame %u", number);
}

/* The frames of a chunk, and then those that were not taken. */
static void expect_chunk(const uint8_t *bytes, uint32_t length, uint64_t offset, uint32_t *number)
{
	struct wt_chunk_index index;
	struct chunk_reader chunk;
	struct wt_pcapng_item item;

	cr_assert(wt_chunk_parse(bytes, length, offset, false, &index));
	cr_assert(wt_chunk_is_whole(bytes, length, false, &index));
	chunk_reader_open(&chunk, bytes, length);
	for (uint32_t i = 0; i < index.packets; i++) {
		cr_assert_eq(chunk_reader_next(&chunk, &item), 1, "%s", chunk.err.text);
		expect_frame(&item.packet.frame, (*number)++);
	}
	cr_expect_eq(chunk_reader_next(&chunk, &item), 0, "%s", chunk.err.text);
	chunk_reader_close(&chunk);
}

/* Only the block's last frame may be refused, and only for want of room behind it. */
static void expect_no_room(const struct wt_block *block, const struct wt_frame *frame)
{
	size_t end = (size_t)(frame->data - block->start) + frame->caplen;

	cr_expect_gt(end + 16, block->bytes - 4, "%zu of %zu", end, block->bytes);
	cr_expect_eq(block->walk.left, 0);
}

static void take_in_place(struct wt_block *block, struct wt_chunk_run *run, uint32_t *number)
{
	struct wt_frame frames[64], left_over = {0};
	static uint8_t left_bytes[1600];
	uint64_t offset = run->offset;
	struct wt_inplace at;
	size_t count, taken;

	wt_inplace_start(&at, block->start, block->bytes, 0);
	while ((count = wt_ring_read_frames(wt_reader_ring(reader), block, frames, 64))) {
		taken = wt_inplace_frames(&at, frames, count);
		if (taken == count)
			continue;
		cr_assert_eq(taken, count - 1);
		left_over = frames[taken];
		expect_no_room(block, &left_over);
		memcpy(left_bytes, left_over.data, left_over.caplen);
		left_over.data = left_bytes;
	}
	cr_assert_eq(block->walk.fault, WT_WALK_OK);
	expect_chunk(block->start, wt_inplace_finish(&at, run), offset, number);
	if (left_over.data)
		expect_frame(&left_over, (*number)++);
}

/* Take what there is, and wait for more until `number` frames have come. */
static void take_until(uint32_t wanted, struct wt_chunk_run *run, uint32_t *number)
{
	struct pollfd wait = {.fd = wt_reader_fd(reader), .events = POLLIN};
	struct wt_block block;

	while (*number < wanted) {
		if (wt_ring_next_block(wt_reader_ring(reader), &block) == 1) {
			if (block.frames)
				take_in_place(&block, run, number);
			wt_ring_release_block(wt_reader_ring(reader), &block);
			continue;
		}
		cr_assert_gt(poll(&wait, 1, PATIENCE_MS), 0, "%u of %u frames", *number, wanted);
	}
}

Test(live_reader, v3_blocks_are_taken_in_place_and_filled_again)
{
	struct wt_reader_config config = {
	        .interface = "wt_a", .ring_bytes = 128 << 10, .retire_timeout_ms = 2};
	struct wt_chunk_run run;
	uint32_t number = 0;
	int sender;

	cr_assert_eq(wt_reader_open(&reader, &config, &err), 0, "%s", err.text);
	cr_assert(info()->in_place);
	cr_assert_eq(wt_reader_start(reader, &err), 0, "%s", err.text);
	sender = veth_open_sender("wt_b");
	cr_assert_geq(sender, 0);
	wt_chunk_run_init(&run, 1, 4096);
	/* Several turns of the ring, with blocks that are full and some that are not. */
	for (uint32_t next = 0; next < SENT;) {
		for (int i = 0; i < 50; i++)
			send_frame(sender, next++);
		take_until(next, &run, &number);
	}
	cr_expect_eq(number, SENT);
	cr_expect_gt(run.number, 2 * info()->ring_bytes / info()->block_bytes);
	close(sender);
}

/* ---- V2: frames larger than a slot ---- */

enum { LARGE = 40 };

static uint32_t large_bytes(uint32_t number)
{
	return 3000 + number % 7 * 300;
}

/* From a link whose frames may be larger: veth takes what its peer would not have sent. */
static void send_large(int sender, uint32_t first, uint32_t count, bool tagged)
{
	static uint8_t frame[9000];

	for (uint32_t number = first; number < first + count; number++) {
		uint32_t tag = tagged && number % 2 ? 4 : 0;

		memset(frame, (int)(number & 0xff), sizeof(frame));
		memcpy(frame, "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x09\x81\0\0\x05", 16);
		memcpy(frame + 12 + tag, "\x88\xb5", 2);
		cr_assert_eq(send(sender, frame, large_bytes(number) + tag, 0),
		             (ssize_t)(large_bytes(number) + tag), "%s", strerror(errno));
	}
}

/* All that was sent, as whole as it was, or cut as the slot has it. */
static unsigned take_large(uint32_t first, uint32_t count, bool tagged)
{
	struct pollfd wait = {.fd = wt_reader_fd(reader), .events = POLLIN};
	struct wt_ring *ring = wt_reader_ring(reader);
	uint32_t number = first;
	unsigned whole = 0;

	while (number < first + count) {
		struct wt_frame frames[8];
		struct wt_block block;
		size_t got;

		if (wt_ring_next_block(ring, &block) != 1) {
			cr_assert_gt(poll(&wait, 1, PATIENCE_MS), 0, "%u frames", number);
			continue;
		}
		while ((got = wt_ring_read_frames(ring, &block, frames, 8)))
			for (size_t i = 0; i < got; i++, number++) {
				uint32_t tag = tagged && number % 2 ? 4 : 0;

				cr_assert_eq(frames[i].len, large_bytes(number) + tag, "frame %u",
				             number);
				cr_assert_eq(frames[i].data[12], tag ? 0x81 : 0x88);
				whole += frames[i].caplen == frames[i].len;
			}
		/* The last of each batch is still there. */
		wt_ring_release_block(ring, &block);
	}
	return whole;
}

static int open_v2(const char *filter)
{
	struct wt_reader_config config = {
	        .kind = WT_READER_V2, .interface = "wt_a", .ring_bytes = 1 << 20, .filter = filter};
	int sender;

	cr_assert_eq(wt_reader_open(&reader, &config, &err), 0, "%s", err.text);
	cr_assert_eq(wt_reader_start(reader, &err), 0, "%s", err.text);
	cr_assert_eq(veth_ip("link set wt_b mtu 9000"), 0);
	cr_assert_eq(veth_ip("link set wt_a mtu 9000"), 0);
	sender = veth_open_sender("wt_b");
	cr_assert_geq(sender, 0);
	return sender;
}

/* Every byte of a frame after its head is that of its number. */
static void expect_contents(uint32_t first, uint32_t count)
{
	struct pollfd wait = {.fd = wt_reader_fd(reader), .events = POLLIN};
	struct wt_ring *ring = wt_reader_ring(reader);
	uint32_t number = first;

	while (number < first + count) {
		struct wt_frame frame;
		struct wt_block block;

		if (wt_ring_next_block(ring, &block) != 1) {
			cr_assert_gt(poll(&wait, 1, PATIENCE_MS), 0, "%u frames", number);
			continue;
		}
		while (wt_ring_read_frames(ring, &block, &frame, 1)) {
			cr_assert_eq(frame.caplen, large_bytes(number), "frame %u", number);
			for (uint32_t i = 18; i < frame.caplen; i++)
				cr_assert_eq(frame.data[i], (uint8_t)number, "frame %u", number);
			number++;
		}
		wt_ring_release_block(ring, &block);
	}
}

Test(live_reader, v2_a_frame_fetched_after_an_error_of_the_socket_is_its_own)
{
	int sender = open_v2(NULL);

	send_large(sender, 0, LARGE, false);
	recv_errors = 1;
	expect_contents(0, LARGE);
	send_large(sender, LARGE, LARGE, false);
	recv_errors = 3;
	expect_contents(LARGE, LARGE);
	cr_expect_null(info()->degraded[0], "degraded: %s", info()->degraded[0]);
	close(sender);
}

Test(live_reader, v2_tagged_frames_are_fetched_whole)
{
	int sender = open_v2(NULL);

	send_large(sender, 0, LARGE, true);
	cr_expect_eq(take_large(0, LARGE, true), LARGE);
	cr_expect_null(info()->degraded[0], "degraded: %s", info()->degraded[0]);
	close(sender);
}

/* Frames of another slot are queued before its own: here, as nobody has fetched them. */
Test(live_reader, v2_what_was_queued_for_earlier_frames_is_passed_over)
{
	struct wt_ring *ring;
	struct wt_block block;
	int sender = open_v2(NULL);

	ring = wt_reader_ring(reader);
	send_large(sender, 0, 5, false);
	while (wt_ring_next_block(ring, &block) != 1)
		;
	wt_ring_release_block(ring, &block);
	send_large(sender, 5, LARGE, false);
	expect_contents(block.frames, 5 + LARGE - block.frames);
	cr_expect_null(info()->degraded[0], "degraded: %s", info()->degraded[0]);
	close(sender);
}

Test(live_reader, v2_out_of_step_with_its_queue_frames_stay_cut_and_that_is_said)
{
	struct pollfd wait;
	int sender = open_v2(NULL);

	send_large(sender, 0, LARGE, false);
	recv_gone = 2;
	cr_expect_eq(take_large(0, LARGE, false), 0);
	cr_assert_not_null(info()->degraded[0]);
	cr_expect(strstr(info()->degraded[0], "wt_a") != NULL, "%s", info()->degraded[0]);
	cr_expect(strstr(info()->degraded[0], "cut from now on") != NULL, "%s",
	          info()->degraded[0]);
	send_large(sender, LARGE, LARGE, false);
	cr_expect_eq(take_large(LARGE, LARGE, false), 0);
	cr_expect_null(info()->degraded[1]);
	/* And nobody is woken for nothing. */
	wait = (struct pollfd){.fd = wt_reader_fd(reader), .events = POLLIN};
	cr_expect_eq(poll(&wait, 1, 0), 0);
	close(sender);
}

/* ---- filters that the kernel does not take ---- */

/* How many of the frames 0 to SOME - 1 come through, cut to the snaplen; their numbers rise. */
static unsigned filtered(enum wt_reader_kind kind, const char *filter, uint32_t snaplen)
{
	enum { SOME = 200 };
	struct wt_reader_config config = {.kind = kind,
	                                  .interface = "wt_a",
	                                  .ring_bytes = 4 << 20,
	                                  .filter = filter,
	                                  .snaplen = snaplen,
	                                  .retire_timeout_ms = 2};
	struct pollfd wait;
	struct wt_ring *ring;
	unsigned passed = 0, taken = 0;
	int sender;

	cr_assert_eq(wt_reader_open(&reader, &config, &err), 0, "%s", err.text);
	ring = wt_reader_ring(reader);
	wait = (struct pollfd){.fd = wt_reader_fd(reader), .events = POLLIN};
	cr_assert_eq(wt_reader_start(reader, &err), 0, "%s", err.text);
	cr_expect_eq(info()->degraded[0] != NULL, refuses_long_filters);
	sender = veth_open_sender("wt_b");
	for (uint32_t i = 0; i < SOME; i++)
		send_frame(sender, i);
	cr_assert_eq(wt_reader_stop(reader), 0);
	if (!refuses_long_filters) {
		struct wt_ring_statistics total;

		cr_assert_eq(wt_reader_count(reader, &total), 0);
		taken = SOME - (unsigned)total.packets;
	}
	while (taken < SOME) {
		struct wt_frame frames[8];
		struct wt_block block;
		size_t got;

		if (wt_ring_next_block(ring, &block) != 1) {
			cr_assert_gt(poll(&wait, 1, PATIENCE_MS), 0, "%u of %d", taken, SOME);
			continue;
		}
		while ((got = wt_ring_read_frames(ring, &block, frames, 8)))
			for (size_t i = 0; i < got; i++) {
				cr_expect(frames[i].caplen <= snaplen);
				passed++;
			}
		taken += block.frames;
		if (!refuses_long_filters)
			cr_expect_eq(block.rejected, 0);
		wt_ring_release_block(ring, &block);
	}
	close(sender);
	wt_reader_close(reader);
	reader = NULL;
	return passed;
}

Test(live_reader, filter_comes_to_the_same_in_the_kernel_and_here)
{
	static const char *const filters[] = {"vlan 5",
	                                      "not vlan",
	                                      "greater 700",
	                                      "vlan and less 800",
	                                      "ether[100] & 3 = 1",
	                                      "ip",
	                                      "inbound and vlan",
	                                      "vlan and ether[20] & 1 = 1",
	                                      "outbound"};
	static const enum wt_reader_kind kinds[] = {WT_READER_V3, WT_READER_V2, WT_READER_RECV};

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		for (size_t j = 0; j < 3; j++) {
			unsigned there, here;

			refuses_long_filters = false;
			there = filtered(kinds[j], filters[i], 64);
			refuses_long_filters = true;
			here = filtered(kinds[j], filters[i], 64);
			cr_expect_eq(here, there, "%s, %s: %u here, %u there", filters[i],
			             wt_reader_kind_name(kinds[j]), here, there);
		}
}

static int note_begin(void *context)
{
	*(bool *)context = true;
	return 0;
}

Test(live_reader, recording_that_cannot_begin_leaves_no_file)
{
	struct recording recording;
	bool has_begun = false;

	recording_init(&recording, RECORDING_IN_MEMORY);
	recording_add(&recording, "wt_a", 1 << 20);
	recording.interfaces[0].kind = WT_READER_V3;
	recording.config.on_begin = note_begin;
	recording.config.context = &has_begun;
	cr_assert_eq(wt_disk_open(&recording.disk, WT_DISK_PWRITE, &recording.err), 0);
	cr_assert_eq(wt_recorder_open(&recording.recorder, &recording.config, &recording.err), 0);
	refuses_filters = true;
	recording.output.disk = recording.disk;
	cr_expect_eq(wt_recorder_run(recording.recorder, &recording.output, &recording.err),
	             -EPERM);
	wt_recorder_report(recording.recorder, &recording.report);
	cr_expect_not(has_begun);
	cr_expect_eq(recording.report.start_utc_ns, 0);
	cr_expect(access(recording.path, F_OK) != 0);
	recording_fini(&recording);
}
