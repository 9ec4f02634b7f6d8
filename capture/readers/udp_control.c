/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/control_message.h>
#include <wiretape/capture/readers/udp_control.h>

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static void read_socket_level(struct wt_udp_control *control, const struct cmsghdr *message)
{
	struct scm_timestamping stamps;
	struct timespec ns;
	struct timeval us;
	uint32_t drops;

	if (message->cmsg_type == SO_RXQ_OVFL && wt_control_take(&drops, sizeof(drops), message))
		control->drops = drops;
	if (message->cmsg_type == SCM_TIMESTAMP && wt_control_take(&us, sizeof(us), message))
		control->software_ns = (int64_t)us.tv_sec * 1000000000 + (int64_t)us.tv_usec * 1000;
	if (message->cmsg_type == SCM_TIMESTAMPNS && wt_control_take(&ns, sizeof(ns), message))
		control->software_ns = wt_control_ns(&ns);
	if (message->cmsg_type == SCM_TIMESTAMPING &&
	    wt_control_take(&stamps, sizeof(stamps), message)) {
		control->software_ns = wt_control_ns(&stamps.ts[0]);
		control->hardware_ns = wt_control_ns(&stamps.ts[2]);
	}
}

static void read_ipv4_level(struct wt_udp_control *control, const struct cmsghdr *message)
{
	struct in_pktinfo info;
	int ttl;

	if (message->cmsg_type == IP_TTL && wt_control_take(&ttl, sizeof(ttl), message))
		control->ttl = (uint8_t)ttl;
	if (message->cmsg_type == IP_TOS)
		wt_control_take(&control->traffic_class, 1, message);
	if (message->cmsg_type != IP_PKTINFO || !wt_control_take(&info, sizeof(info), message))
		return;
	memcpy(control->destination, &info.ipi_addr, sizeof(info.ipi_addr));
	/* The address is not one of this machine's own, nor a group. */
	control->is_broadcast = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr &&
	                        !IN_MULTICAST(ntohl(info.ipi_addr.s_addr));
}

static void read_ipv6_level(struct wt_udp_control *control, const struct cmsghdr *message)
{
	struct in6_pktinfo info;
	int value;

	if (message->cmsg_type == IPV6_HOPLIMIT && wt_control_take(&value, sizeof(value), message))
		control->ttl = (uint8_t)value;
	if (message->cmsg_type == IPV6_TCLASS && wt_control_take(&value, sizeof(value), message))
		control->traffic_class = (uint8_t)value;
	if (message->cmsg_type == IPV6_PKTINFO && wt_control_take(&info, sizeof(info), message))
		memcpy(control->destination, &info.ipi6_addr, sizeof(info.ipi6_addr));
}

void wt_udp_control_read(struct wt_udp_control *control, struct msghdr *message)
{
	*control = (struct wt_udp_control){0};
	for (struct cmsghdr *i = CMSG_FIRSTHDR(message); i; i = CMSG_NXTHDR(message, i)) {
		if (i->cmsg_level == SOL_SOCKET)
			read_socket_level(control, i);
		else if (i->cmsg_level == IPPROTO_IP)
			read_ipv4_level(control, i);
		else if (i->cmsg_level == IPPROTO_IPV6)
			read_ipv6_level(control, i);
	}
}

void wt_udp_control_stamp(const struct wt_udp_control *control, bool hardware, int64_t now_ns,
                          struct wt_frame *frame)
{
	frame->stamp_ns = control->software_ns;
	frame->stamp_source = WT_STAMP_SOFTWARE;
	if (hardware && control->hardware_ns) {
		frame->stamp_ns = control->hardware_ns;
		frame->stamp_source = WT_STAMP_HARDWARE;
		frame->software_ns = control->software_ns;
		frame->notes |= control->software_ns ? WT_FRAME_BOTH : 0;
	} else if (!control->software_ns) {
		frame->stamp_ns = now_ns;
		frame->stamp_source = WT_STAMP_FALLBACK;
	}
}
