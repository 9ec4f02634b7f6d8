/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/replay/tx/tx_private.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wiretape/capture/readers/udp_spec.h>

enum {
	/* The largest payload of a datagram over IPv4, and over IPv6 without extension headers. */
	IPV4_PAYLOAD_MAX = 65507,
	IPV6_PAYLOAD_MAX = 65527,
};

int wt_udp_target_parse(struct wt_udp_target *target, const char *text, struct wt_error *err)
{
	struct wt_udp_spec spec;
	int rc = wt_udp_spec_parse(&spec, text, err);

	if (rc)
		return rc;
	if (spec.source.ss_family != AF_UNSPEC || text[0] == '*')
		return wt_error_set(err, -EINVAL,
		                    "'%s' is no place to send to; it takes an address and a port, "
		                    "such as 233.252.0.1:26477 or [ff15::1]:26477@eth0",
		                    text);
	if (!spec.port)
		return wt_error_set(err, -EINVAL, "'%s': there is no port 0 to send to", text);
	target->address = spec.address;
	if (spec.interface[0])
		strcpy(target->interface, spec.interface);
	return 0;
}

static bool is_ipv6(const struct wt_udp_target *target)
{
	return target->address.ss_family == AF_INET6;
}

static bool is_group(const struct wt_udp_target *target)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (is_ipv6(target)) {
		memcpy(&ipv6, &target->address, sizeof(ipv6));
		return IN6_IS_ADDR_MULTICAST(&ipv6.sin6_addr);
	}
	memcpy(&ipv4, &target->address, sizeof(ipv4));
	return IN_MULTICAST(ntohl(ipv4.sin_addr.s_addr));
}

static int set(int fd, int level, int option, const void *value, socklen_t bytes, const char *what,
               struct wt_error *err)
{
	int code;

	if (!setsockopt(fd, level, option, value, bytes))
		return 0;
	code = -errno;
	return wt_error_set(err, code, "cannot set the %s of what is sent: %s", what,
	                    strerror(-code));
}

static int set_ttl(const struct wt_tx *tx, const struct wt_udp_target *target, struct wt_error *err)
{
	int option = is_ipv6(target) ? (is_group(target) ? IPV6_MULTICAST_HOPS : IPV6_UNICAST_HOPS)
	                             : (is_group(target) ? IP_MULTICAST_TTL : IP_TTL);

	if (!target->ttl)
		return 0;
	return set(tx->fd, is_ipv6(target) ? IPPROTO_IPV6 : IPPROTO_IP, option, &target->ttl,
	           sizeof(target->ttl), "TTL", err);
}

static int set_loop(const struct wt_tx *tx, const struct wt_udp_target *target,
                    struct wt_error *err)
{
	int loop = !target->no_loop;

	if (!is_group(target))
		return 0;
	return set(tx->fd, is_ipv6(target) ? IPPROTO_IPV6 : IPPROTO_IP,
	           is_ipv6(target) ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, &loop, sizeof(loop),
	           "way back", err);
}

/* Ask for errors: without that the kernel reports a datagram as sent that a full queue has thrown
 * away. */
static int ask_for_errors(const struct wt_tx *tx, const struct wt_udp_target *target,
                          struct wt_error *err)
{
	const int on = 1;

	return is_ipv6(target) ? set(tx->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on),
	                             "reports of errors", err)
	                       : set(tx->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on),
	                             "reports of errors", err);
}

/* Reports that nobody reads need no room. */
static void limit_reports(const struct wt_tx *tx)
{
	const int least = 1;

	if (!tx->has_stamps && !tx->is_launched)
		setsockopt(tx->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
}

/* Set the interface for groups; datagrams to one address go where the routes lead. */
static int set_interface(struct wt_tx *tx, struct wt_udp_target *target, struct wt_error *err)
{
	struct ip_mreqn request = {0};
	struct sockaddr_in6 ipv6;
	struct wt_link link;
	int rc;

	if (!target->interface[0])
		return 0;
	rc = wt_tx_read_link(&link, target->interface, err);
	if (rc)
		return rc;
	strcpy(tx->interface, link.name);
	if (!is_group(target))
		return set(tx->fd, SOL_SOCKET, SO_BINDTODEVICE, link.name,
		           (socklen_t)strlen(link.name) + 1, "interface", err);
	if (is_ipv6(target)) {
		memcpy(&ipv6, &target->address, sizeof(ipv6));
		ipv6.sin6_scope_id = (uint32_t)link.index;
		memcpy(&target->address, &ipv6, sizeof(ipv6));
		return set(tx->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &link.index, sizeof(link.index),
		           "interface", err);
	}
	request.imr_ifindex = link.index;
	return set(tx->fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request), "interface",
	           err);
}

static int connect_to(const struct wt_tx *tx, const struct wt_udp_target *target,
                      struct wt_error *err)
{
	socklen_t bytes =
	        is_ipv6(target) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int broadcast = 1, code;

	/* Those who replay to a broadcast address mean it. */
	setsockopt(tx->fd, SOL_SOCKET, SO_BROADCAST, &broadcast, sizeof(broadcast));
	if (!connect(tx->fd, (const struct sockaddr *)&target->address, bytes))
		return 0;
	code = -errno;
	if (code == -ENETUNREACH && is_group(target) && !target->interface[0])
		return wt_error_set(err, code,
		                    "no route leads to the group; name an interface with -i, which "
		                    "needs an address");
	return wt_error_set(err, code, "cannot send to this address: %s", strerror(-code));
}

static int open_udp(struct wt_tx *tx, const struct wt_tx_config *config, struct wt_error *err)
{
	struct wt_udp_target target = *config->target;
	int rc;

	tx->bytes_max = is_ipv6(&target) ? IPV6_PAYLOAD_MAX : IPV4_PAYLOAD_MAX;
	tx->fd = socket(target.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tx->fd < 0) {
		rc = -errno;
		return wt_error_set(err, rc, "cannot open a UDP socket: %s", strerror(-rc));
	}
	rc = set_interface(tx, &target, err);
	if (!rc)
		rc = set_ttl(tx, &target, err);
	if (!rc)
		rc = set_loop(tx, &target, err);
	if (!rc)
		rc = ask_for_errors(tx, &target, err);
	if (!rc)
		rc = wt_tx_ask_socket(tx, config, err);
	limit_reports(tx);
	return rc ? rc : connect_to(tx, &target, err);
}

static bool is_final(int taken)
{
	return taken > 0 || taken == -ENOBUFS || taken == -EAGAIN || taken == -EINTR;
}

/* Retry: an error of routers or the receiver, such as that nobody listens there, is about an
 * earlier datagram, and this one was not tried. */
static int udp_send(struct wt_tx *tx, const struct wt_tx_packet *packets, uint32_t count)
{
	enum { TRIES = 16 };
	int taken = wt_tx_send_messages(tx, packets, count);

	for (int i = 1; i < TRIES && !is_final(taken); i++)
		taken = wt_tx_send_messages(tx, packets, count);
	return taken;
}

/* Warm up, unless the kernel numbers datagrams: one that it cannot read counts. */
static void udp_warm_up(struct wt_tx *tx)
{
	if (!tx->has_stamps || tx->has_own_ids)
		wt_tx_warm_messages(tx);
}

static int nothing_waits(struct wt_tx *tx)
{
	(void)tx;
	return 0;
}

int wt_tx_open_udp(struct wt_tx **tx, const struct wt_tx_config *config, struct wt_error *err)
{
	static const struct wt_tx_ops ops = {
	        .send = udp_send,
	        .warm_up = udp_warm_up,
	        .drain = nothing_waits,
	        .reports = wt_tx_read_reports,
	        .close = wt_tx_free,
	};
	struct wt_tx *made = calloc(1, sizeof(*made));

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory for a sender");
	made->ops = &ops;
	made->kind = WT_TX_UDP;
	made->fd = -1;
	return wt_tx_finish(tx, made, open_udp(made, config, err), err);
}
