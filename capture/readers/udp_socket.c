/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/capture/readers/udp_socket.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPV6_MULTICAST_ALL /* since Linux 4.20 */
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef SO_PREFER_BUSY_POLL /* since Linux 5.11 */
#define SO_PREFER_BUSY_POLL 69
#endif
#ifndef SO_MEMINFO /* since Linux 4.12 */
#define SO_MEMINFO 55
#endif

struct option {
	int level;
	int name;
	int value;
};

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static int attach(int fd, uint32_t keep_bytes)
{
	struct sock_filter instruction = BPF_STMT(BPF_RET | BPF_K, keep_bytes);
	struct sock_fprog program = {1, &instruction};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

/* Ask before anything arrives: the kernel switches stamping on in the background. */
static int ask_for_stamps(int fd, enum wt_socket_stamp wanted)
{
	switch (wanted) {
	case WT_SOCKET_STAMP_US:
		return set(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	case WT_SOCKET_STAMP_NS:
		return set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	default:
		return set(fd, SOL_SOCKET, SO_TIMESTAMPING,
		           SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		                   SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE);
	}
}

/* Groups that another program on this machine has joined are not to come in: *_MULTICAST_ALL. */
static int ask_for_control(int fd, int family)
{
	static const struct option ipv4[] = {
	        {IPPROTO_IP, IP_PKTINFO, 1},
	        {IPPROTO_IP, IP_RECVTTL, 1},
	        {IPPROTO_IP, IP_RECVTOS, 1},
	        {IPPROTO_IP, IP_MULTICAST_ALL, 0},
	};
	static const struct option ipv6[] = {
	        {IPPROTO_IPV6, IPV6_V6ONLY, 1},        {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
	        {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1},  {IPPROTO_IPV6, IPV6_RECVTCLASS, 1},
	        {IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0},
	};
	const struct option *options = family == AF_INET ? ipv4 : ipv6;
	size_t count =
	        family == AF_INET ? sizeof(ipv4) / sizeof(*ipv4) : sizeof(ipv6) / sizeof(*ipv6);
	int rc = set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);

	for (size_t i = 0; !rc && i < count; i++)
		rc = set(fd, options[i].level, options[i].name, options[i].value);
	return rc;
}

/* The kernel doubles what it is given for its own overhead, and reports the double. */
static int size_buffer(struct wt_udp_socket *udp, uint64_t bytes)
{
	int wanted = bytes / 2 < INT_MAX / 2 ? (int)(bytes / 2) : INT_MAX / 2, got = 0;
	socklen_t length = sizeof(got);

	if (set(udp->fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted) &&
	    set(udp->fd, SOL_SOCKET, SO_RCVBUF, wanted))
		return -errno;
	if (getsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &got, &length))
		return -errno;
	udp->buffer_bytes = (uint64_t)got;
	return 0;
}

static void ask_for_busy_poll(struct wt_udp_socket *udp, uint32_t us)
{
	int wanted = us < INT_MAX ? (int)us : INT_MAX;

	udp->busy_poll_refusal = 0;
	if (!us)
		return;
	udp->busy_poll_refusal = set(udp->fd, SOL_SOCKET, SO_BUSY_POLL, wanted);
	if (!udp->busy_poll_refusal)
		udp->busy_poll_refusal = set(udp->fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, 1);
}

static int prepare(struct wt_udp_socket *udp, const struct wt_udp_spec *spec,
                   const struct wt_reader_config *config)
{
	int rc = attach(udp->fd, 0);

	ask_for_busy_poll(udp, config->busy_poll_us);
	if (!rc)
		rc = ask_for_stamps(udp->fd, config->socket_stamp);
	if (!rc)
		rc = ask_for_control(udp->fd, spec->address.ss_family);
	/* A group may have many listeners, which allow each other by the same one of two options.
	 * With a plain address they would silently take each other's datagrams. */
	if (!rc && spec->is_group)
		rc = set(udp->fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!rc && spec->is_group)
		rc = set(udp->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return rc ? rc : size_buffer(udp, config->ring_bytes);
}

static int cannot_bind(int code, const char *name, const struct wt_udp_spec *spec,
                       struct wt_error *err)
{
	switch (code) {
	case -EADDRINUSE:
		return wt_error_set(err, code,
		                    "cannot listen to %s: another program has this address and "
		                    "port; end it, or record beside it from the interface, with "
		                    "-i IFACE udp port %u",
		                    name, spec->port);
	case -EADDRNOTAVAIL:
		return wt_error_set(err, code,
		                    "cannot listen to %s: this machine does not have that address; "
		                    "'ip address' lists those it has, and *:%u is any of them",
		                    name, spec->port);
	case -EACCES:
		return wt_error_set(err, code,
		                    "cannot listen to %s: ports below the sysctl "
		                    "net.ipv4.ip_unprivileged_port_start need the capability "
		                    "CAP_NET_BIND_SERVICE; take a higher port, or run as root",
		                    name);
	default:
		return wt_error_set(err, code, "cannot listen to %s: %s", name, strerror(-code));
	}
}

static int bind_to(const struct wt_udp_socket *udp, const struct wt_udp_spec *spec, int index)
{
	struct sockaddr_storage address = spec->address;
	socklen_t length = sizeof(struct sockaddr_in);

	if (address.ss_family == AF_INET6) {
		((struct sockaddr_in6 *)&address)->sin6_scope_id = (uint32_t)index;
		length = sizeof(struct sockaddr_in6);
	}
	return bind(udp->fd, (struct sockaddr *)&address, length) ? -errno : 0;
}

static int join(const struct wt_udp_socket *udp, const struct wt_udp_spec *spec, int index)
{
	int level = spec->address.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_source_req from = {
	        .gsr_interface = (uint32_t)index,
	        .gsr_group = spec->address,
	        .gsr_source = spec->source,
	};
	struct group_req any = {.gr_interface = (uint32_t)index, .gr_group = spec->address};
	int rc;

	if (spec->source.ss_family == AF_UNSPEC)
		rc = setsockopt(udp->fd, level, MCAST_JOIN_GROUP, &any, sizeof(any));
	else
		rc = setsockopt(udp->fd, level, MCAST_JOIN_SOURCE_GROUP, &from, sizeof(from));
	return rc ? -errno : 0;
}

static int cannot_join(int code, const char *name, const struct wt_udp_spec *spec,
                       struct wt_error *err)
{
	if (code == -ENODEV && !*spec->interface)
		return wt_error_set(err, code,
		                    "cannot join the group of %s: no route leads to it; say from "
		                    "which interface with @IFACE",
		                    name);
	if (code == -ENOBUFS)
		return wt_error_set(err, code,
		                    "cannot join the group of %s: too many groups or sources; the "
		                    "sysctls net.ipv4.igmp_max_memberships and igmp_max_msf (IPv6: "
		                    "net.ipv6.mld_max_msf) are the limits",
		                    name);
	return wt_error_set(err, code, "cannot join the group of %s: %s", name, strerror(-code));
}

static int bind_and_join(struct wt_udp_socket *udp, const struct wt_udp_spec *spec,
                         const char *name, int index, struct wt_error *err)
{
	int rc;

	/* Anybody may since Linux 5.7; before, memberships alone choose the interface. */
	udp->bound_to_device = *spec->interface &&
	                       !setsockopt(udp->fd, SOL_SOCKET, SO_BINDTODEVICE, spec->interface,
	                                   (socklen_t)strlen(spec->interface));
	rc = bind_to(udp, spec, index);
	if (rc)
		return cannot_bind(rc, name, spec, err);
	if (!spec->is_group)
		return 0;
	rc = join(udp, spec, index);
	return rc ? cannot_join(rc, name, spec, err) : 0;
}

int wt_udp_socket_open(struct wt_udp_socket *udp, const struct wt_udp_spec *spec, const char *name,
                       int index, const struct wt_reader_config *config, struct wt_error *err)
{
	int rc;

	*udp = (struct wt_udp_socket){
	        .fd = socket(spec->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
	};
	rc = udp->fd < 0 ? -errno : prepare(udp, spec, config);
	if (rc)
		wt_error_set(err, rc, "cannot prepare a UDP socket for %s: %s", name,
		             strerror(-rc));
	else
		rc = bind_and_join(udp, spec, name, index, err);
	if (rc)
		wt_udp_socket_close(udp);
	return rc;
}

int wt_udp_socket_reopen(struct wt_udp_socket *udp, const struct wt_udp_spec *spec,
                         const char *name, int index, const struct wt_reader_config *config,
                         struct wt_error *err)
{
	struct wt_udp_socket fresh;
	int rc = wt_udp_socket_open(&fresh, spec, name, index, config, err);

	if (rc)
		return rc;
	if (dup3(fresh.fd, udp->fd, O_CLOEXEC) < 0)
		rc = wt_error_set(err, -errno, "cannot replace the socket of %s: %s", name,
		                  strerror(errno));
	wt_udp_socket_close(&fresh);
	return rc;
}

int wt_udp_socket_open_gate(const struct wt_udp_socket *udp)
{
	return attach(udp->fd, UINT32_MAX);
}

int wt_udp_socket_shut_gate(const struct wt_udp_socket *udp)
{
	return attach(udp->fd, 0);
}

int wt_udp_socket_look(const struct wt_udp_socket *udp, uint32_t *drops, uint32_t *queued_bytes)
{
	uint32_t values[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(values);

	if (getsockopt(udp->fd, SOL_SOCKET, SO_MEMINFO, values, &length))
		return -errno;
	*drops = values[SK_MEMINFO_DROPS];
	*queued_bytes = values[SK_MEMINFO_RMEM_ALLOC];
	return 0;
}

void wt_udp_socket_close(struct wt_udp_socket *udp)
{
	if (udp->fd >= 0)
		close(udp->fd);
	udp->fd = -1;
}
