/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/unit.h"
#include "support/veth.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/stamp/sim_nic.h>

/* What the kernel tells of a packet beside its bytes, to a reader that calls recvmsg(). This
 * program's own stands before the C library's, and has what the test has put there. */

static union {
	char bytes[256];
	struct cmsghdr align;
} control;
static size_t control_bytes;
static int packet_fd = -1;
static bool waiting;
static struct wt_reader *reader;
static struct wt_sim_nic *nic;
static struct wt_frame frame;

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	if (fd != packet_fd)
		return syscall(SYS_recvmsg, fd, message, flags);
	if (!waiting) {
		errno = EAGAIN;
		return -1;
	}
	waiting = false;
	memset(message->msg_iov[0].iov_base, 0xaa, 60);
	memcpy(message->msg_control, control.bytes, control_bytes);
	message->msg_controllen = control_bytes;
	return 60;
}

static void set_up(void)
{
	struct wt_sim_nic_config nic_config = {.interface = "wt_b"};
	struct wt_reader_config config = {.kind = WT_READER_RECV,
	                                  .interface = "wt_b",
	                                  .ring_bytes = 1 << 20,
	                                  .stamp = WT_STAMP_HW};
	const char *why = veth_enter_namespace();
	struct wt_error err;

	if (why)
		cr_skip_test("%s", why);
	cr_assert(eq(int, wt_sim_nic_create(&nic, &nic_config), 0));
	config.system = wt_sim_nic_system(nic);
	cr_assert(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
	packet_fd = wt_reader_fd(reader);
}

static void tear_down(void)
{
	wt_reader_close(reader);
	wt_sim_nic_destroy(nic);
}

TestSuite(recv_reader, .init = set_up, .fini = tear_down);

static void add(int level, int type, const void *data, size_t bytes)
{
	struct cmsghdr *header = (struct cmsghdr *)(control.bytes + control_bytes);

	cr_assert(control_bytes + CMSG_SPACE(bytes) <= sizeof(control));
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(header), data, bytes);
	control_bytes += CMSG_SPACE(bytes);
}

static struct timespec as_timespec(int64_t ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void add_software(int64_t ns)
{
	struct timespec stamp = as_timespec(ns);

	add(SOL_SOCKET, SCM_TIMESTAMPNS, &stamp, sizeof(stamp));
}

static void add_both(int64_t software_ns, int64_t hardware_ns)
{
	struct scm_timestamping stamps = {
	        {as_timespec(software_ns), {0}, as_timespec(hardware_ns)}};

	add(SOL_SOCKET, SCM_TIMESTAMPING, &stamps, sizeof(stamps));
}

static void receive(void)
{
	struct wt_ring *ring = wt_reader_ring(reader);
	struct wt_block block;

	waiting = true;
	cr_assert(eq(int, wt_ring_next_block(ring, &block), 1));
	cr_assert(eq(sz, wt_ring_read_frames(ring, &block, &frame, 1), 1));
	wt_ring_release_block(ring, &block);
	control_bytes = 0;
}

static void expect_stamp(enum wt_stamp_source source, int64_t ns, uint8_t notes)
{
	cr_expect(eq(int, frame.stamp_source, (int)source));
	cr_expect(eq(i64, frame.stamp_ns, ns));
	cr_expect(eq(u8, frame.notes, notes));
}

static const int64_t software = 1700000000123456789, hardware = 1700000037111111111;

Test(recv_reader, of_two_stamps_the_nics_counts_and_the_kernels_is_kept)
{
	add_software(software);
	add_both(software, hardware);
	receive();
	expect_stamp(WT_STAMP_HARDWARE, hardware, WT_FRAME_BOTH);
	cr_expect(eq(i64, frame.software_ns, software));
}

Test(recv_reader, the_order_in_which_they_are_told_does_not_matter)
{
	add_both(software, hardware);
	add_software(software);
	receive();
	expect_stamp(WT_STAMP_HARDWARE, hardware, WT_FRAME_BOTH);
	cr_expect(eq(i64, frame.software_ns, software));
}

Test(recv_reader, without_the_nics_stamp_the_kernels_counts)
{
	add_software(software);
	add_both(software, 0);
	receive();
	expect_stamp(WT_STAMP_SOFTWARE, software, 0);
}

Test(recv_reader, the_nics_stamp_may_come_alone)
{
	add_both(0, hardware);
	receive();
	expect_stamp(WT_STAMP_HARDWARE, hardware, 0);
}

/* Nobody has set its clock since it was switched on. */
Test(recv_reader, a_nics_clock_may_show_1970)
{
	add_both(software, 5);
	receive();
	expect_stamp(WT_STAMP_HARDWARE, 5, WT_FRAME_BOTH);
}

Test(recv_reader, a_stamp_is_not_kept_for_the_next_packet)
{
	add_both(software, hardware);
	receive();
	add_software(software + 1);
	receive();
	expect_stamp(WT_STAMP_SOFTWARE, software + 1, 0);
	receive();
	expect_stamp(WT_STAMP_FALLBACK, 0, 0);
}

Test(recv_reader, what_is_too_short_to_be_a_stamp_is_none)
{
	struct timespec half = as_timespec(hardware);

	add(SOL_SOCKET, SCM_TIMESTAMPING, &half, sizeof(half));
	add(SOL_SOCKET, SCM_TIMESTAMPNS, &half, sizeof(half) - 1);
	add(SOL_SOCKET, SO_RXQ_OVFL, &half, 3);
	add(SOL_PACKET, PACKET_AUXDATA, &half, 8);
	receive();
	expect_stamp(WT_STAMP_FALLBACK, 0, 0);
	cr_expect(eq(u64, frame.dropped_before, 0));
	cr_expect(eq(u32, frame.len, 60));
}

Test(recv_reader, drops_are_told_by_a_counter_that_wraps)
{
	uint32_t drops = UINT32_MAX - 1;

	add(SOL_SOCKET, SO_RXQ_OVFL, &drops, sizeof(drops));
	receive();
	cr_expect(eq(u64, frame.dropped_before, drops));
	drops = 3;
	add(SOL_SOCKET, SO_RXQ_OVFL, &drops, sizeof(drops));
	receive();
	cr_expect(eq(u64, frame.dropped_before, 5));
}
