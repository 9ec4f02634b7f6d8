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
#include <sys/ioctl.h>
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
	/* A user namespace is as-root.sh's to make. */
	if (unshare(CLONE_NEWNET))
		return "no right to make a network namespace (tests/support/as-root.sh)";
	/* Neighbour discovery would send frames of its own. Kernels without IPv6 lack it. */
	put("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	if (veth_ip("link add wt_a type veth peer name wt_b"))
		return "ip(8) cannot make a veth pair here";
	if (veth_ip("link set wt_a up") || veth_ip("link set wt_b up") ||
	    !veth_wait_running("wt_a", true) || !veth_wait_running("wt_b", true))
		return "veth stays down";
	return NULL;
}

static bool is_running(int fd, const char *interface)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
	return !ioctl(fd, SIOCGIFFLAGS, &request) && (request.ifr_flags & IFF_RUNNING);
}

bool veth_wait_running(const char *interface, bool running)
{
	enum { STEP_MS = 2, PATIENCE_MS = 10000 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int waited_ms = 0;

	while (fd >= 0 && is_running(fd, interface) != running && waited_ms < PATIENCE_MS) {
		usleep(STEP_MS * 1000);
		waited_ms += STEP_MS;
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0 && waited_ms < PATIENCE_MS;
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
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}
