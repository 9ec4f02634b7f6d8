/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/launch/launch_system.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <unistd.h>

static int kernel_link(struct wt_launch_system *launch_system, const char *interface,
                       struct wt_link *link, struct wt_error *err)
{
	(void)launch_system;
	return wt_link_read(interface, link, err);
}

static int kernel_qdiscs(struct wt_launch_system *launch_system, struct wt_qdisc_list *list,
                         int index)
{
	(void)launch_system;
	return wt_qdisc_list_read(list, index);
}

static int kernel_txtime(struct wt_launch_system *launch_system, clockid_t clock, bool *opened)
{
	struct sock_txtime txtime = {.clockid = clock, .flags = SOF_TXTIME_REPORT_ERRORS};
	/* Protocol 0: it receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int rc = 0;

	(void)launch_system;
	*opened = fd >= 0;
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_TXTIME, &txtime, sizeof(txtime)))
		rc = -errno;
	close(fd);
	return rc;
}

void wt_launch_system_init(struct wt_launch_system *launch_system)
{
	*launch_system = (struct wt_launch_system){
	        .system = wt_kernel_system(),
	        .link = kernel_link,
	        .qdiscs = kernel_qdiscs,
	        .txtime = kernel_txtime,
	};
}
