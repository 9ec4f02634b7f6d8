/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_report.h>

#include <errno.h>
#include <time.h> /* before linux/errqueue.h, which needs struct timespec and does not ask for it */

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <netinet/in.h>

#include <wiretape/capture/readers/control_message.h>

enum { NS_PER_S = 1000000000 };

/* Messages of one packet so far. */
struct told {
	bool has_error;
	bool has_stamps;
	struct sock_extended_err error;
	struct scm_timestamping stamps;
};

/* Convert a time; 0 if it is not after 1970, or does not fit into int64_t. */
static int64_t stamp_ns(const struct timespec *time)
{
	int64_t ns;

	if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= NS_PER_S ||
	    __builtin_mul_overflow(time->tv_sec, (int64_t)NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)time->tv_nsec, &ns))
		return 0;
	return ns;
}

static bool is_error(const struct cmsghdr *part)
{
	return (part->cmsg_level == SOL_PACKET && part->cmsg_type == PACKET_TX_TIMESTAMP) ||
	       (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
	       (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
}

static void read_part(struct told *told, const struct cmsghdr *part)
{
	if (is_error(part))
		told->has_error |= wt_control_take(&told->error, sizeof(told->error), part);
	else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPING)
		told->has_stamps |= wt_control_take(&told->stamps, sizeof(told->stamps), part);
}

/* CMSG_FIRSTHDR() looks at no length, and CMSG_NXTHDR() not at that of the last one. */
static bool is_whole(const struct msghdr *message, const struct cmsghdr *part)
{
	size_t at = (size_t)((const char *)part - (const char *)message->msg_control);

	return message->msg_controllen - at >= sizeof(*part) && part->cmsg_len >= sizeof(*part) &&
	       part->cmsg_len <= message->msg_controllen - at;
}

static void read_stamps(struct wt_tx_report *report, const struct told *told)
{
	static const enum wt_tx_moment moments[] = {
	        [SCM_TSTAMP_SND] = WT_TX_MOMENT_SENT,
	        [SCM_TSTAMP_SCHED] = WT_TX_MOMENT_SCHEDULED,
	        [SCM_TSTAMP_ACK] = WT_TX_MOMENT_ACKED,
	};
	int64_t software_ns = stamp_ns(&told->stamps.ts[0]);
	int64_t hardware_ns = stamp_ns(&told->stamps.ts[2]);

	if (!told->has_stamps || told->error.ee_info >= sizeof(moments) / sizeof(moments[0]) ||
	    (!software_ns && !hardware_ns))
		return;
	report->kind = WT_TX_STAMPED;
	report->id = told->error.ee_data;
	report->moment = moments[told->error.ee_info];
	report->software_ns = software_ns;
	report->hardware_ns = hardware_ns;
}

static void read_drop(struct wt_tx_report *report, const struct sock_extended_err *error)
{
	if (error->ee_code != SO_EE_CODE_TXTIME_INVALID_PARAM &&
	    error->ee_code != SO_EE_CODE_TXTIME_MISSED)
		return;
	report->kind = WT_TX_DROPPED;
	report->drop =
	        error->ee_code == SO_EE_CODE_TXTIME_MISSED ? WT_TX_DROP_MISSED : WT_TX_DROP_REFUSED;
	report->launch_ns = (int64_t)((uint64_t)error->ee_data << 32 | error->ee_info);
}

void wt_tx_report_read(struct wt_tx_report *report, struct msghdr *message)
{
	struct told told = {0};

	*report = (struct wt_tx_report){.cut_off = message->msg_flags & MSG_CTRUNC};
	for (struct cmsghdr *i = CMSG_FIRSTHDR(message); i && is_whole(message, i);
	     i = CMSG_NXTHDR(message, i))
		read_part(&told, i);
	if (!told.has_error)
		return;
	report->error = (int)(told.error.ee_errno & INT32_MAX);
	if (told.error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING && told.error.ee_errno == ENOMSG)
		read_stamps(report, &told);
	else if (told.error.ee_origin == SO_EE_ORIGIN_TXTIME)
		read_drop(report, &told.error);
}
