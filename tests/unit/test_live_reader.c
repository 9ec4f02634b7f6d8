/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <wiretape/capture/reader.h>
#include <wiretape/tests/support/veth.h>

/* A kernel without memory: this program's setsockopt() stands before the C library's
 * and refuses rings above a size, as the kernel does. */
static uint64_t largest_ring_bytes = UINT64_MAX;
static int refusal = ENOMEM;
static unsigned refused;
static bool refuses_reserve;

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	if (level == SOL_PACKET && name == PACKET_RESERVE && refuses_reserve) {
		errno = EINVAL;
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
	cr_expect_null(info()->degraded, "degraded: %s", info()->degraded);
}

Test(live_reader, ring_of_an_odd_size_is_rounded_up_and_nothing_is_degraded)
{
	cr_assert_eq(open_reader(WT_READER_V3, (16 << 20) - 1000), 0, "%s", err.text);
	cr_expect_eq(info()->ring_bytes, 16 << 20);
	cr_expect_null(info()->degraded, "degraded: %s", info()->degraded);
}

Test(live_reader, v3_blocks_too_small_for_the_largest_frames_are_named)
{
	cr_assert_eq(open_reader(WT_READER_V3, 64 << 10), 0, "%s", err.text);
	cr_assert_not_null(info()->degraded);
	cr_expect(strstr(info()->degraded, "are cut"), "%s", info()->degraded);
}

static void expect_shrunk(enum wt_reader_kind kind)
{
	largest_ring_bytes = 5 << 20;
	cr_assert_eq(open_reader(kind, 64 << 20), 0, "%s", err.text);
	cr_expect_eq(info()->ring_bytes_asked, 64 << 20);
	cr_expect_eq(info()->ring_bytes, 4 << 20, "got %llu",
	             (unsigned long long)info()->ring_bytes);
	cr_expect_eq(refused, 4, "64, 32, 16 and 8 MiB are refused, not %u", refused);
	cr_assert_not_null(info()->degraded);
	cr_expect(strstr(info()->degraded, "67108864 bytes asked, 4194304 got"), "%s",
	          info()->degraded);
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
	cr_assert_not_null(info()->degraded);
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
