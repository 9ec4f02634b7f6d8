/* SPDX-License-Identifier: BSD-2-Clause */
#include "veth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

const char *veth_enter_namespace(void)
{
	/* A process with threads, as Criterion's are, cannot make a user namespace. */
	if (unshare(CLONE_NEWNET))
		return "no right to make a network namespace (tests/support/as-root.sh)";
	/* Neighbour discovery would send frames of its own. Kernels without IPv6 lack it. */
	put("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	if (veth_ip("link add wt_a type veth peer name wt_b"))
		return "ip(8) cannot make a veth pair here";
	return veth_ip("link set wt_a up") || veth_ip("link set wt_b up") ? "veth stays down"
	                                                                  : NULL;
}

int veth_ip(const char *arguments)
{
	char command[256];

	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin ip %s", arguments);
	return system(command);
}

int veth_open_sender(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
	                              .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}
