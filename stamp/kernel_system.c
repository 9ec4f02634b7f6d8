/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/system.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <wiretape/base/net/netlink.h>
#include <wiretape/stamp/state_file_private.h>

static int kernel_open(struct wt_system *system, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)system;
	return fd < 0 ? -errno : fd;
}

static int kernel_ioctl(struct wt_system *system, int fd, unsigned long request, void *argument)
{
	(void)system;
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

static void kernel_close(struct wt_system *system, int fd)
{
	(void)system;
	close(fd);
}

/* Any socket of their namespace can query interfaces; AF_UNIX works even where a sandbox allows no
 * other family. */
static int kernel_interface_ioctl(struct wt_system *system, unsigned long request,
                                  struct ifreq *arg)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	rc = kernel_ioctl(system, fd, request, arg);
	close(fd);
	return rc;
}

struct reply {
	void *out;
	size_t capacity;
	ssize_t length; /* or -errno */
};

static int on_tsinfo(const struct nlmsghdr *message, void *data)
{
	struct reply *reply = data;
	const struct genlmsghdr *generic = mnl_nlmsg_get_payload(message);
	size_t payload = mnl_nlmsg_get_payload_len(message), length;

	if (payload < sizeof(*generic) || generic->cmd != ETHTOOL_MSG_TSINFO_GET_REPLY)
		return MNL_CB_OK;
	length = payload - sizeof(*generic);
	if (length > reply->capacity) {
		reply->length = -EMSGSIZE;
		return MNL_CB_OK;
	}
	memcpy(reply->out, generic + 1, length);
	reply->length = (ssize_t)length;
	return MNL_CB_OK;
}

static ssize_t kernel_tsinfo(struct wt_system *system, const char *interface, void *out,
                             size_t capacity)
{
	struct reply reply = {.out = out, .capacity = capacity, .length = -EBADMSG};
	char buffer[WT_NETLINK_BYTES];
	struct wt_ethtool_family family;
	int rc;

	(void)system;
	if (!*interface || strlen(interface) >= IFNAMSIZ)
		return -ENODEV;
	rc = wt_netlink_find_ethtool(&family);
	if (rc)
		return rc;
	wt_netlink_put_ethtool(buffer, family.id, ETHTOOL_MSG_TSINFO_GET, ETHTOOL_A_TSINFO_HEADER,
	                       interface);
	rc = wt_netlink_ask(NETLINK_GENERIC, buffer, on_tsinfo, &reply);
	return rc ? rc : reply.length;
}

static int kernel_clock(struct wt_system *system, clockid_t clock, int64_t *ns)
{
	struct timespec now;

	(void)system;
	if (clock_gettime(clock, &now))
		return -errno;
	*ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	return 0;
}

/* Rounds up: not to wake before it is time. */
static int kernel_wait(struct wt_system *system, int fd, int64_t until_ns)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int64_t now_ns = 0, left_ms;
	int rc = kernel_clock(system, CLOCK_MONOTONIC, &now_ns);

	if (rc)
		return rc;
	left_ms = until_ns <= now_ns ? 0 : (until_ns - now_ns - 1) / 1000000 + 1;
	rc = poll(&wait, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
	if (rc < 0)
		return errno == EINTR ? 0 : -errno;
	return rc;
}

static int kernel_tai_offset(struct wt_system *system, int *seconds)
{
	struct timex timex = {.modes = 0};

	(void)system;
	if (adjtimex(&timex) < 0)
		return -errno;
	*seconds = timex.tai;
	return 0;
}

struct wt_system *wt_kernel_system(void)
{
	static const struct wt_system_ops ops = {
	        .open = kernel_open,
	        .ioctl = kernel_ioctl,
	        .close = kernel_close,
	        .interface_ioctl = kernel_interface_ioctl,
	        .tsinfo = kernel_tsinfo,
	        .clock = kernel_clock,
	        .wait = kernel_wait,
	        .tai_offset = kernel_tai_offset,
	        .states = &wt_state_file_ops,
	};
	/* Never written to: it has no state but the table. */
	static struct wt_system system = {.ops = &ops};

	return &system;
}
