/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h> /* for errqueue.h */

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <wiretape/capture/readers/udp_control.h>

#include "support/unit.h"

/* Control messages as the kernel lays them out, one after the other. */
static union {
	char bytes[WT_UDP_CONTROL_BYTES];
	struct cmsghdr align;
} buffer;
static struct msghdr message = {.msg_control = &buffer};
static struct wt_udp_control control;
static struct wt_frame frame;

static void add(int level, int type, const void *data, size_t bytes)
{
	struct cmsghdr *header = (struct cmsghdr *)(buffer.bytes + message.msg_controllen);

	cr_assert(le(sz, message.msg_controllen + CMSG_SPACE(bytes), sizeof(buffer)));
	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(header), data, bytes);
	message.msg_controllen += CMSG_SPACE(bytes);
}

static void add_stamps(int64_t software_ns, int64_t hardware_ns)
{
	struct scm_timestamping stamps = {{
	        {software_ns / 1000000000, software_ns % 1000000000},
	        {0, 0},
	        {hardware_ns / 1000000000, hardware_ns % 1000000000},
	}};

	add(SOL_SOCKET, SCM_TIMESTAMPING, &stamps, sizeof(stamps));
}

Test(udp_control, nothing_told_is_nothing_known)
{
	memset(&control, 0xff, sizeof(control));
	wt_udp_control_read(&control, &message);
	cr_expect(eq(i64, control.software_ns, 0));
	cr_expect(eq(i64, control.hardware_ns, 0));
	cr_expect(eq(u32, control.drops, 0));
}

Test(udp_control, reads_all_that_comes_with_ipv4_at_once)
{
	struct in_pktinfo info = {.ipi_ifindex = 3,
	                          .ipi_spec_dst.s_addr = htonl(0x0a000001),
	                          .ipi_addr.s_addr = htonl(0xe9fc0001)};
	uint32_t drops = 0xfffffffe;
	int ttl = 200;
	uint8_t tos = 0xb8;

	add_stamps(1795221000123456789, 42000000007);
	add(SOL_SOCKET, SO_RXQ_OVFL, &drops, sizeof(drops));
	add(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	add(IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	add(IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	wt_udp_control_read(&control, &message);
	cr_expect(eq(i64, control.software_ns, 1795221000123456789));
	cr_expect(eq(i64, control.hardware_ns, 42000000007));
	cr_expect(eq(u32, control.drops, drops));
	cr_expect(eq(u8, control.ttl, 200));
	cr_expect(eq(u8, control.traffic_class, 0xb8));
	cr_expect_arr_eq(control.destination, "\xe9\xfc\x00\x01", 4);
	cr_expect(not(control.is_broadcast), "a group is no broadcast");
}

Test(udp_control, reads_all_that_comes_with_ipv6_at_once)
{
	struct in6_pktinfo info = {.ipi6_addr = IN6ADDR_LOOPBACK_INIT, .ipi6_ifindex = 3};
	int hops = 255, class = 0xb8;
	struct timespec stamp = {7, 8};

	add(SOL_SOCKET, SCM_TIMESTAMPNS, &stamp, sizeof(stamp));
	add(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	add(IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof(hops));
	add(IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class));
	wt_udp_control_read(&control, &message);
	cr_expect(eq(i64, control.software_ns, 7000000008));
	cr_expect(eq(u8, control.ttl, 255));
	cr_expect(eq(u8, control.traffic_class, 0xb8));
	cr_expect_arr_eq(control.destination, &in6addr_loopback, 16);
}

Test(udp_control, microseconds_become_nanoseconds)
{
	struct timeval stamp = {7, 999999};

	add(SOL_SOCKET, SCM_TIMESTAMP, &stamp, sizeof(stamp));
	wt_udp_control_read(&control, &message);
	cr_expect(eq(i64, control.software_ns, 7999999000));
}

Test(udp_control, an_address_that_is_not_the_machines_own_is_broadcast)
{
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(0x0a000001),
	                          .ipi_addr.s_addr = htonl(0x0a0000ff)};

	add(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	wt_udp_control_read(&control, &message);
	cr_expect(control.is_broadcast);
}

Test(udp_control, a_message_that_is_too_short_is_passed_over)
{
	add(SOL_SOCKET, SCM_TIMESTAMPING, "abcd", 4);
	add(SOL_SOCKET, SO_RXQ_OVFL, "ab", 2);
	add(IPPROTO_IP, IP_PKTINFO, "abcd", 4);
	wt_udp_control_read(&control, &message);
	cr_expect(eq(i64, control.software_ns, 0));
	cr_expect(eq(u32, control.drops, 0));
}

static void stamp(int64_t software_ns, int64_t hardware_ns, bool hardware)
{
	add_stamps(software_ns, hardware_ns);
	wt_udp_control_read(&control, &message);
	wt_udp_control_stamp(&control, hardware, 99, &frame);
}

static void expect_stamp(int64_t ns, enum wt_stamp_source source, uint8_t notes)
{
	cr_expect(eq(i64, frame.stamp_ns, ns));
	cr_expect(eq(int, frame.stamp_source, (int)source));
	cr_expect(eq(u8, frame.notes, notes));
}

Test(udp_control, the_kernels_stamp_is_the_one_unless_the_nics_is_wanted)
{
	stamp(5, 7, false);
	expect_stamp(5, WT_STAMP_SOFTWARE, 0);
}

Test(udp_control, the_nics_stamp_has_the_kernels_beside_it)
{
	stamp(5, 7, true);
	expect_stamp(7, WT_STAMP_HARDWARE, WT_FRAME_BOTH);
	cr_expect(eq(i64, frame.software_ns, 5));
}

Test(udp_control, the_nics_stamp_alone_is_alone)
{
	stamp(0, 7, true);
	expect_stamp(7, WT_STAMP_HARDWARE, 0);
}

Test(udp_control, where_the_nic_has_not_stamped_the_kernels_stamp_counts)
{
	stamp(5, 0, true);
	expect_stamp(5, WT_STAMP_SOFTWARE, 0);
}

Test(udp_control, without_a_stamp_the_clock_stands_in)
{
	stamp(0, 0, true);
	expect_stamp(99, WT_STAMP_FALLBACK, 0);
}
