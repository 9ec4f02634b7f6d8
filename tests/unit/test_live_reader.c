/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <wiretape/capture/reader.h>
#include <wiretape/tests/support/chunk_reader.h>
#include <wiretape/tests/support/recording.h>
#include <wiretape/tests/support/veth.h>
#include <wiretape/writer/pcapng_inplace.h>

/* A kernel without memory: this program's setsockopt() stands before the C library's
 * and refuses rings above a size, as the kernel does. */
static uint64_t largest_ring_bytes = UINT64_MAX;
static int refusal = ENOMEM;
static unsigned refused;
static bool refuses_reserve;
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
	cr_expect(strstr(info()->degraded[0], "are cut"), "%s", info()->degraded[0]);
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
	cr_expect(strstr(info()->degraded[0], "67108864 bytes asked, 4194304 got"), "%s",
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
	cr_expect(strstr(err.text, "wt_a"), "%s", err.text);
	cr_expect(strstr(err.text, "no ring"), "%s", err.text);
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
	cr_expect(strstr(err.text, "'nope'"), "%s", err.text);
	cr_expect(strstr(err.text, "wt_a"), "%s", err.text);
}

Test(live_reader, bad_filter_is_an_error_with_the_compilers_message)
{
	struct wt_reader_config config = {.interface = "wt_a", .filter = "tcp port"};

	cr_expect_eq(wt_reader_open(&reader, &config, &err), -EINVAL);
	cr_expect(strstr(err.text, "'tcp port'"), "%s", err.text);
	cr_expect(strstr(err.text, "syntax error"), "%s", err.text);
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

static void note_begin(void *context)
{
	*(bool *)context = true;
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
	cr_expect(!has_begun);
	cr_expect_eq(recording.report.start_utc_ns, 0);
	cr_expect(access(recording.path, F_OK));
	recording_fini(&recording);
}
