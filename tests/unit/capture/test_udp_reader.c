/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <wiretape/capture/readers/reader.h>
#include <wiretape/packet/udp_packet.h>
#include <wiretape/tests/support/veth.h>

#include "support/unit.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

/* The drop counter as it would be after another history: this program's recvmmsg() and
 * getsockopt() stand before the C library's and add this. Needs a control message in each
 * datagram, so the socket turns one away first (see open_reader). */
static uint32_t counted_before;
/* A kernel that has not stamped. */
static bool hides_stamps;

static void change_control(struct msghdr *message)
{
	for (struct cmsghdr *i = CMSG_FIRSTHDR(message); i; i = CMSG_NXTHDR(message, i)) {
		uint32_t drops;

		if (i->cmsg_level != SOL_SOCKET)
			continue;
		if (i->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&drops, CMSG_DATA(i), sizeof(drops));
			drops += counted_before;
			memcpy(CMSG_DATA(i), &drops, sizeof(drops));
		}
		if (i->cmsg_type == SCM_TIMESTAMPING && hides_stamps)
			memset(CMSG_DATA(i), 0, sizeof(struct scm_timestamping));
	}
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	int got = (int)syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);

	for (int i = 0; i < got; i++)
		change_control(&messages[i].msg_hdr);
	return got;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	int rc = (int)syscall(SYS_getsockopt, fd, level, name, value, length);

	if (!rc && level == SOL_SOCKET && name == SO_MEMINFO)
		((uint32_t *)value)[SK_MEMINFO_DROPS] += counted_before;
	return rc;
}

static struct wt_reader_config config = {.kind = WT_READER_UDP, .interface = "127.0.0.1:5000"};
static struct wt_reader *reader;
static struct wt_error err;
static struct wt_frame frames[256];
static struct wt_ring_statistics total;
static int sender = -1;

static void set_up(void)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	cr_assert(eq(int, veth_ip("link set lo up"), 0));
}

static void tear_down(void)
{
	wt_reader_close(reader);
	if (sender >= 0)
		close(sender);
}

TestSuite(udp_reader, .init = set_up, .fini = tear_down);

/* A datagram of two bytes that hold `number`, and zeros. */
static void send_datagram(uint16_t number, size_t bytes)
{
	static uint8_t payload[65507];
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(5000),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (sender < 0)
		sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	payload[0] = (uint8_t)(number >> 8);
	payload[1] = (uint8_t)number;
	cr_assert(eq(sz,
	             (size_t)sendto(sender, payload, bytes, 0, (struct sockaddr *)&to, sizeof(to)),
	             bytes));
}

/* What the gate turns away raises the counter, so that every datagram tells it. */
static void open_reader(void)
{
	cr_assert(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
	send_datagram(0xffff, 100);
	cr_assert(eq(int, wt_reader_start(reader, &err), 0), "%s", err.text);
}

static void count(void)
{
	cr_assert(eq(int, wt_reader_count(reader, &total), 0));
}

static void expect_counts(uint64_t packets, uint64_t drops)
{
	count();
	cr_expect(eq(u64, total.packets, packets));
	cr_expect(eq(u64, total.drops, drops));
}

/* Everything that is there, into `frames`, from this one on; the bytes are good until the next
 * block. Returns where it ends. */
static size_t read_on(size_t read)
{
	struct wt_ring *ring = wt_reader_ring(reader);
	struct wt_block block;
	size_t more;

	while (wt_ring_next_block(ring, &block) == 1) {
		while ((more = wt_ring_read_frames(ring, &block, frames + read, 10)))
			read += more;
		wt_ring_release_block(ring, &block);
	}
	return read;
}

static size_t read_all(void)
{
	return read_on(0);
}

Test(udp_reader, what_came_before_the_start_is_neither_recorded_nor_lost)
{
	open_reader();
	cr_expect(eq(sz, read_all(), 0));
	expect_counts(0, 0);
	send_datagram(1, 100);
	cr_expect(eq(sz, read_all(), 1));
	cr_expect(eq(u64, frames[0].dropped_before, 0));
	cr_expect(eq(u32, frames[0].len, 128));
	cr_expect(eq(u32, frames[0].link_flags, WT_LINK_INBOUND | WT_LINK_UNICAST));
	expect_counts(1, 0);
}

/* It switches stamping on in the background. */
Test(udp_reader, before_long_the_kernel_stamps)
{
	uint16_t tries = 0;

	open_reader();
	do {
		usleep(1000);
		send_datagram(++tries, 100);
		cr_assert(eq(sz, read_all(), 1));
	} while (frames[0].stamp_source != WT_STAMP_SOFTWARE && tries < 5000);
	cr_expect(eq(int, frames[0].stamp_source, WT_STAMP_SOFTWARE));
	cr_expect(gt(i64, frames[0].stamp_ns, INT64_C(1700000000000000000)));
}

/* Of 1000 a small queue takes the first; so much is lost behind them. */
static void expect_loss_in_its_place(void)
{
	size_t kept;

	config.ring_bytes = 16384;
	open_reader();
	for (uint16_t i = 1; i <= 1000; i++)
		send_datagram(i, 1000);
	kept = read_all();
	cr_assert(kept > 0 && kept < 100, "%zu kept", kept);
	expect_counts(1000, 1000 - kept);
	for (size_t i = 0; i < kept; i++)
		cr_expect(eq(u64, frames[i].dropped_before, 0));
	send_datagram(1001, 1000);
	cr_expect(eq(sz, read_all(), 1));
	cr_expect(eq(u64, frames[0].dropped_before, 1000 - kept));
	expect_counts(1001, 1000 - kept);
	cr_expect(eq(int, wt_reader_stop(reader), 0));
	expect_counts(1001, 1000 - kept);
	cr_expect(eq(dbl, wt_ring_high_water_pct(wt_reader_ring(reader)), 100));
}

Test(udp_reader, what_the_queue_cannot_take_is_lost_in_its_place)
{
	expect_loss_in_its_place();
}

Test(udp_reader, the_kernels_counter_may_wrap)
{
	counted_before = UINT32_MAX - 100;
	expect_loss_in_its_place();
}

Test(udp_reader, what_waits_at_the_stop_is_still_handed_out)
{
	size_t kept;

	config.ring_bytes = 256 << 10;
	open_reader();
	for (uint16_t i = 1; i <= 1000; i++)
		send_datagram(i, 1000);
	cr_assert(eq(int, wt_reader_stop(reader), 0));
	for (uint16_t i = 1; i <= 10; i++)
		send_datagram(i, 1000);
	count();
	kept = read_all();
	cr_expect(kept > 64, "more than a batch: %zu", kept);
	expect_counts(1000, 1000 - kept);
	cr_expect(eq(int, wt_reader_stop(reader), 0), "a second time");
	expect_counts(1000, 1000 - kept);
}

Test(udp_reader, bytes_of_what_waited_are_those_sent)
{
	struct wt_ring *ring;
	struct wt_block block;
	struct wt_udp_view view;

	open_reader();
	for (uint16_t i = 1; i <= 3; i++)
		send_datagram(i, 100u * i);
	cr_assert(eq(int, wt_reader_stop(reader), 0));
	ring = wt_reader_ring(reader);
	cr_assert(eq(int, wt_ring_next_block(ring, &block), 1));
	cr_assert(eq(u32, block.frames, 3));
	cr_expect(eq(int, wt_ring_next_block(ring, &block), 0), "one block at a time");
	cr_assert(eq(sz, wt_ring_read_frames(ring, &block, frames, 256), 3));
	for (size_t i = 0; i < 3; i++) {
		cr_assert(
		        eq(int,
		           wt_udp_locate(frames[i].data, frames[i].caplen, WT_LINK_TYPE_RAW, &view),
		           0));
		cr_expect(eq(u8, view.payload[1], (uint8_t)(i + 1)));
		cr_expect(eq(sz, view.payload_bytes, 100 * (i + 1)));
		cr_expect(eq(u16, view.destination_port, 5000));
	}
	wt_ring_release_block(ring, &block);
	cr_expect(eq(int, wt_ring_next_block(ring, &block), 0));
}

/* Of a batch as many as are asked for at a time. */
Test(udp_reader, frames_are_those_that_were_sent_one_after_the_other)
{
	open_reader();
	for (uint16_t i = 0; i < 100; i++)
		send_datagram(i, 20u + i);
	cr_assert(eq(sz, read_all(), 100));
	for (uint32_t i = 0; i < 100; i++) {
		cr_expect(eq(u32, frames[i].len, 28 + 20 + i));
		cr_expect(eq(u32, frames[i].caplen, frames[i].len));
	}
}

Test(udp_reader, what_the_filter_turns_away_is_counted_nowhere)
{
	config.filter = "udp[8:2] >= 1001";
	config.ring_bytes = 16384;
	open_reader();
	for (uint16_t i = 1; i <= 1000; i++)
		send_datagram(i, 1000);
	cr_expect(eq(sz, read_all(), 0));
	count();
	cr_expect(eq(u64, total.packets, total.drops));
	cr_expect(gt(u64, total.drops, 900));
	send_datagram(1, 1000);
	send_datagram(1001, 1000);
	cr_expect(eq(sz, read_all(), 1));
	cr_expect(eq(u64, frames[0].dropped_before, total.drops), "it is told, though later");
	expect_counts(total.drops + 1, total.drops);
}

Test(udp_reader, without_a_stamp_the_clock_stands_in)
{
	hides_stamps = true;
	open_reader();
	send_datagram(1, 100);
	cr_assert(eq(sz, read_all(), 1));
	cr_expect(eq(int, frames[0].stamp_source, WT_STAMP_FALLBACK));
	cr_expect(gt(i64, frames[0].stamp_ns, INT64_C(1700000000000000000)));
}

Test(udp_reader, the_descriptor_is_readable_when_something_waits)
{
	struct pollfd wait;

	open_reader();
	wait = (struct pollfd){wt_reader_fd(reader), POLLIN, 0};
	cr_expect(eq(int, poll(&wait, 1, 0), 0));
	send_datagram(1, 100);
	cr_expect(eq(int, poll(&wait, 1, 1000), 1));
	cr_expect(eq(sz, read_all(), 1));
	cr_expect(eq(int, poll(&wait, 1, 0), 0));
}

/* Ethernet, to the group 239.1.1.1; with `wrong`, the payload is not what the checksum says. */
static void send_from_wire(int fd, uint16_t id, bool wrong)
{
	struct wt_udp_flow flow = {.source_mac = {2, 0, 0, 0, 0, 9},
	                           .source = 0xc0000201,
	                           .group = 0xef010101,
	                           .source_port = 1111,
	                           .port = 5000,
	                           .ttl = 1};
	/* Of short ones the kernel looks at the checksum before it looks for a socket. */
	uint8_t frame[WT_UDP_HEADER_BYTES + 200] = {0};

	cr_assert(eq(int, wt_udp_build(frame, &flow, id, 200), 0));
	frame[WT_UDP_HEADER_BYTES] = wrong;
	cr_assert(eq(sz, (size_t)send(fd, frame, sizeof(frame), 0), sizeof(frame)));
}

static bool datagram_comes(int timeout_ms)
{
	struct pollfd wait = {wt_reader_fd(reader), POLLIN, 0};

	return poll(&wait, 1, timeout_ms) == 1;
}

/* A link that has just come up drops what is sent before its queue is there. */
static void send_until_one_arrives(int fd)
{
	int tries = 0;

	do
		send_from_wire(fd, 1, false);
	while (!datagram_comes(20) && ++tries < 500);
	cr_assert(datagram_comes(0));
}

Test(udp_reader, a_wrong_checksum_is_a_loss_in_its_place)
{
	size_t before;

	config.interface = "239.1.1.1:5000@wt_b";
	sender = veth_open_sender("wt_a");
	cr_assert(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_reader_start(reader, &err), 0), "%s", err.text);
	send_until_one_arrives(sender);
	before = read_all();
	cr_assert(ge(sz, before, 1));
	cr_expect(eq(u32, frames[0].link_flags, WT_LINK_INBOUND | WT_LINK_MULTICAST));
	send_from_wire(sender, 2, true);
	send_from_wire(sender, 3, false);
	cr_assert(datagram_comes(5000));
	cr_assert(eq(sz, read_all(), 1));
	cr_expect(eq(u64, frames[0].dropped_before, 1));
	expect_counts(before + 2, 1);
}

Test(udp_reader, a_loss_in_the_middle_of_what_waits_is_told_there)
{
	static const bool wrong[] = {false, false, true, true, false, false};
	size_t before, read = 0;

	config.interface = "239.1.1.1:5000@wt_b";
	sender = veth_open_sender("wt_a");
	cr_assert(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
	cr_assert(eq(int, wt_reader_start(reader, &err), 0), "%s", err.text);
	send_until_one_arrives(sender);
	before = read_all();
	for (uint16_t i = 0; i < sizeof(wrong); i++)
		send_from_wire(sender, i, wrong[i]);
	while (read < 4 && datagram_comes(5000))
		read = read_on(read);
	cr_assert(eq(sz, read, 4));
	for (size_t i = 0; i < read; i++)
		cr_expect(eq(u64, frames[i].dropped_before, i == 2 ? 2 : 0), "frame %zu", i);
	expect_counts(before + 6, 2);
}

Test(udp_reader, health_is_that_of_the_interface_that_was_named)
{
	config.interface = "239.1.1.1:5000@wt_b";
	cr_assert(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
	cr_expect_str_eq(wt_reader_info(reader)->name, "239.1.1.1:5000@wt_b");
	cr_assert(wt_reader_info(reader)->link != NULL);
	cr_expect(eq(int, wt_reader_health(reader), 0));
	cr_assert(eq(int, veth_ip("link set wt_b down"), 0));
	cr_expect(eq(int, wt_reader_health(reader), -ENETDOWN));
	cr_assert(eq(int, veth_ip("link del wt_a"), 0));
	cr_expect(eq(int, wt_reader_health(reader), -ENODEV));
	cr_expect(eq(int, wt_reader_reattach(reader, &err), -ENODEV));
	cr_assert(eq(int, veth_ip("link add wt_a type veth peer name wt_b"), 0));
	cr_expect(eq(int, wt_reader_reattach(reader, &err), 0), "%s", err.text);
	cr_expect(eq(int, wt_reader_health(reader), -ENETDOWN));
}

Test(udp_reader, without_an_interface_there_is_none_to_be_unhealthy)
{
	open_reader();
	cr_expect(wt_reader_info(reader)->link == NULL);
	cr_expect(eq(int, wt_reader_health(reader), 0));
}

/* Other listeners of a group allow more of them by one option or by the other. */
Test(udp_reader, a_group_is_listened_to_beside_others)
{
	static const int options[] = {SO_REUSEADDR, SO_REUSEPORT};
	struct sockaddr_in group = {.sin_family = AF_INET, .sin_port = htons(5000)};
	int on = 1;

	config.interface = "239.1.1.1:5000@lo";
	inet_pton(AF_INET, "239.1.1.1", &group.sin_addr);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		setsockopt(other, SOL_SOCKET, options[i], &on, sizeof(on));
		cr_assert(eq(int, bind(other, (struct sockaddr *)&group, sizeof(group)), 0));
		cr_expect(eq(int, wt_reader_open(&reader, &config, &err), 0), "%s", err.text);
		wt_reader_close(reader);
		reader = NULL;
		close(other);
	}
}
