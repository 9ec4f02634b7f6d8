/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/unit.h"
#include "support/veth.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <wiretape/replay/tx/tx_report.h>

/* Control messages as the kernel lays them out, one after the other. */
static union {
	char bytes[WT_TX_REPORT_CONTROL_BYTES];
	struct cmsghdr align;
} buffer;
static struct msghdr message = {.msg_control = &buffer};
static struct wt_tx_report report;
static int fd = -1;

static void close_socket(void)
{
	if (fd >= 0)
		close(fd);
}

TestSuite(tx_report_kernel, .fini = close_socket);

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
	        {1, 1}, /* has no meaning any more */
	        {hardware_ns / 1000000000, hardware_ns % 1000000000},
	}};

	add(SOL_SOCKET, SCM_TIMESTAMPING, &stamps, sizeof(stamps));
}

static struct sock_extended_err stamped(uint32_t id, uint32_t moment)
{
	return (struct sock_extended_err){
	        .ee_errno = ENOMSG,
	        .ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
	        .ee_info = moment,
	        .ee_data = id,
	};
}

static struct sock_extended_err dropped(int error, uint8_t code, uint64_t launch_ns)
{
	return (struct sock_extended_err){
	        .ee_errno = (uint32_t)error,
	        .ee_origin = SO_EE_ORIGIN_TXTIME,
	        .ee_code = code,
	        .ee_info = (uint32_t)launch_ns,
	        .ee_data = (uint32_t)(launch_ns >> 32),
	};
}

static void add_error(struct sock_extended_err error)
{
	add(SOL_PACKET, PACKET_TX_TIMESTAMP, &error, sizeof(error));
}

static void read_again(void)
{
	memset(&report, 0xff, sizeof(report));
	wt_tx_report_read(&report, &message);
}

static void begin(void)
{
	message.msg_controllen = 0;
	message.msg_flags = 0;
}

Test(tx_report, a_software_stamp_of_a_packet_socket)
{
	add_stamps(1795221000123456789, 0);
	add_error(stamped(7, SCM_TSTAMP_SND));
	read_again();
	cr_assert_eq(report.kind, WT_TX_STAMPED);
	cr_expect(eq(u32, report.id, 7));
	cr_expect_eq(report.moment, WT_TX_MOMENT_SENT);
	cr_expect(eq(i64, report.software_ns, 1795221000123456789));
	cr_expect(eq(i64, report.hardware_ns, 0));
	cr_expect(eq(i64, report.launch_ns, 0));
	cr_expect(not(report.cut_off));
}

Test(tx_report, a_hardware_stamp_and_an_id_that_has_gone_round)
{
	add_stamps(0, 1795221037000000001);
	add_error(stamped(UINT32_MAX, SCM_TSTAMP_SND));
	read_again();
	cr_assert_eq(report.kind, WT_TX_STAMPED);
	cr_expect(eq(u32, report.id, UINT32_MAX));
	cr_expect(eq(i64, report.software_ns, 0));
	cr_expect(eq(i64, report.hardware_ns, 1795221037000000001));
}

Test(tx_report, moments_are_told_apart)
{
	static const struct {
		uint32_t info;
		enum wt_tx_moment moment;
	} moments[] = {{SCM_TSTAMP_SND, WT_TX_MOMENT_SENT},
	               {SCM_TSTAMP_SCHED, WT_TX_MOMENT_SCHEDULED},
	               {SCM_TSTAMP_ACK, WT_TX_MOMENT_ACKED}};

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		begin();
		add_stamps(1, 0);
		add_error(stamped(0, moments[i].info));
		read_again();
		cr_assert_eq(report.kind, WT_TX_STAMPED);
		cr_expect(eq(int, (int)report.moment, (int)moments[i].moment));
	}
	begin();
	add_stamps(1, 0);
	add_error(stamped(0, SCM_TSTAMP_ACK + 1));
	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "a moment that is younger than this program");
}

Test(tx_report, what_comes_first_does_not_matter_nor_what_comes_with_it)
{
	add(SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO, "sixteen letters.", 16);
	add_error(stamped(3, SCM_TSTAMP_SND));
	add(SOL_SOCKET, SCM_TIMESTAMPING_OPT_STATS, "12345678", 8);
	add_stamps(5, 0);
	read_again();
	cr_assert_eq(report.kind, WT_TX_STAMPED);
	cr_expect(eq(u32, report.id, 3));
	cr_expect(eq(i64, report.software_ns, 5));
}

Test(tx_report, a_stamp_of_a_udp_socket_comes_with_an_address)
{
	struct {
		struct sock_extended_err error;
		struct sockaddr_in offender;
	} ipv4 = {.error = stamped(4, SCM_TSTAMP_SCHED)};
	struct {
		struct sock_extended_err error;
		struct sockaddr_in6 offender;
	} ipv6 = {.error = stamped(6, SCM_TSTAMP_SND)};

	add_stamps(44, 0);
	add(SOL_IP, IP_RECVERR, &ipv4, sizeof(ipv4));
	read_again();
	cr_assert_eq(report.kind, WT_TX_STAMPED);
	cr_expect(eq(u32, report.id, 4));
	cr_expect_eq(report.moment, WT_TX_MOMENT_SCHEDULED);
	begin();
	add_stamps(66, 0);
	add(SOL_IPV6, IPV6_RECVERR, &ipv6, sizeof(ipv6));
	read_again();
	cr_assert_eq(report.kind, WT_TX_STAMPED);
	cr_expect(eq(u32, report.id, 6));
	cr_expect(eq(i64, report.software_ns, 66));
}

Test(tx_report, a_packet_that_the_qdisc_refused)
{
	add_error(dropped(EINVAL, SO_EE_CODE_TXTIME_INVALID_PARAM, 1795221037123456789));
	read_again();
	cr_assert_eq(report.kind, WT_TX_DROPPED);
	cr_expect_eq(report.drop, WT_TX_DROP_REFUSED);
	cr_expect(eq(i64, report.launch_ns, 1795221037123456789));
	cr_expect(eq(int, report.error, EINVAL));
	cr_expect(eq(u32, report.id, 0));
}

Test(tx_report, a_packet_whose_time_passed_in_the_qdisc)
{
	/* The lower half has its highest bit set: no sign creeps into the upper half. */
	add_error(dropped(ECANCELED, SO_EE_CODE_TXTIME_MISSED, 0x18e9d1c5ffffffff));
	read_again();
	cr_assert_eq(report.kind, WT_TX_DROPPED);
	cr_expect_eq(report.drop, WT_TX_DROP_MISSED);
	cr_expect(eq(i64, report.launch_ns, 0x18e9d1c5ffffffff));
	cr_expect(eq(int, report.error, ECANCELED));
}

Test(tx_report, something_else_is_something_else)
{
	struct sock_extended_err icmp = {.ee_errno = EHOSTUNREACH,
	                                 .ee_origin = SO_EE_ORIGIN_ICMP,
	                                 .ee_type = 3,
	                                 .ee_code = 1};

	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "nothing");
	cr_expect(eq(int, report.error, 0));
	add_stamps(1, 2);
	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "a stamp of nothing");
	add(SOL_IP, IP_RECVERR, &icmp, sizeof(icmp));
	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "an ICMP error");
	cr_expect(eq(int, report.error, EHOSTUNREACH));
	begin();
	add_error(dropped(EINVAL, 3, 1));
	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "a code that is younger than this program");
	begin();
	add_error(stamped(1, SCM_TSTAMP_SND));
	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "no stamp");
	add_stamps(0, 0);
	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "an empty stamp");
	begin();
	add_stamps(1, 0);
	icmp = stamped(1, SCM_TSTAMP_SND);
	add(SOL_PACKET, IP_RECVERR, &icmp, sizeof(icmp));
	read_again();
	cr_expect_eq(report.kind, WT_TX_OTHER, "the wrong level");
}

Test(tx_report, a_stamp_that_is_no_time_is_none)
{
	static const struct timespec wrong[] = {
	        {-1, 0}, {0, -1}, {0, 1000000000}, {INT64_MAX, 0}, {9223372036, 999999999}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct scm_timestamping stamps = {.ts = {wrong[i], {0, 0}, {0, 7}}};

		begin();
		add(SOL_SOCKET, SCM_TIMESTAMPING, &stamps, sizeof(stamps));
		add_error(stamped(1, SCM_TSTAMP_SND));
		read_again();
		cr_expect_eq(report.kind, WT_TX_STAMPED, "%zu", i);
		cr_expect(eq(i64, report.software_ns, 0), "%zu", i);
		cr_expect(eq(i64, report.hardware_ns, 7), "%zu", i);
	}
}

Test(tx_report, what_is_cut_off_is_not_read)
{
	size_t whole;

	add_stamps(1, 0);
	add_error(stamped(1, SCM_TSTAMP_SND));
	whole = message.msg_controllen;
	message.msg_flags = MSG_CTRUNC | MSG_ERRQUEUE;
	for (size_t i = 0; i < whole; i++) {
		message.msg_controllen = i;
		read_again();
		cr_expect_eq(report.kind, WT_TX_OTHER, "of %zu bytes", i);
		cr_expect(report.cut_off);
	}
}

Test(tx_report, lengths_that_lie_lead_nowhere)
{
	struct cmsghdr *first = &buffer.align;
	static const size_t lies[] = {0,
	                              sizeof(struct cmsghdr) - 1,
	                              CMSG_LEN(sizeof(struct scm_timestamping)) - 1,
	                              WT_TX_REPORT_CONTROL_BYTES + 1,
	                              SIZE_MAX,
	                              SIZE_MAX - 7};

	add_stamps(1, 0);
	add_error(stamped(1, SCM_TSTAMP_SND));
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		first->cmsg_len = lies[i];
		read_again();
		cr_expect_eq(report.kind, WT_TX_OTHER, "%zu", lies[i]);
	}
}

/* The kernel */

enum { PACKETS = 20, FRAME_BYTES = 60 };

static void open_socket(int flags)
{
	const char *why = veth_enter_namespace();

	if (why)
		cr_skip_test("%s", why);
	fd = veth_open_sender("wt_a");
	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)), 0));
}

/* False after ten seconds without one. */
static bool next_report(void)
{
	struct pollfd queue = {.fd = fd}; /* POLLERR comes unasked */
	char data[FRAME_BYTES];
	struct iovec vector = {.iov_base = data, .iov_len = sizeof(data)};

	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	if (poll(&queue, 1, 10000) != 1 || !(queue.revents & POLLERR))
		return false;
	message.msg_controllen = sizeof(buffer);
	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	wt_tx_report_read(&report, &message);
	return true;
}

static int64_t utc_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void send_one(void)
{
	uint8_t frame[FRAME_BYTES] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xb5};

	cr_assert(eq(long, send(fd, frame, sizeof(frame), 0), (long)sizeof(frame)));
}

Test(tx_report_kernel, each_packet_of_a_packet_socket_has_its_stamp_and_number)
{
	int64_t start_ns, last_ns;

	open_socket(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
	            SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY);
	last_ns = start_ns = utc_ns();
	for (uint32_t i = 0; i < PACKETS; i++)
		send_one();
	for (uint32_t i = 0; i < PACKETS; i++) {
		cr_assert(next_report(), "no report %u", i);
		cr_assert_eq(report.kind, WT_TX_STAMPED, "report %u: %d", i, (int)report.kind);
		cr_expect(eq(u32, report.id, i));
		cr_expect_eq(report.moment, WT_TX_MOMENT_SENT);
		cr_expect(ge(i64, report.software_ns, last_ns));
		cr_expect(eq(i64, report.hardware_ns, 0));
		cr_expect(not(report.cut_off));
		last_ns = report.software_ns;
	}
	cr_expect(le(i64, last_ns, utc_ns()));
}

Test(tx_report_kernel, the_way_to_the_qdisc_is_another_moment)
{
	open_socket(SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_SOFTWARE |
	            SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY);
	send_one();
	cr_assert(next_report());
	cr_assert_eq(report.kind, WT_TX_STAMPED);
	cr_expect_eq(report.moment, WT_TX_MOMENT_SCHEDULED);
}
