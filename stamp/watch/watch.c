/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/watch/watch.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wiretape/base/net/netlink.h>
#include <wiretape/stamp/watch/watch_private.h>

enum { LINKS, SETTINGS, BUSES };

struct wt_watch {
	struct wt_system *system;
	struct mnl_socket *buses[BUSES]; /* NULL: this family is silent */
	int epoll_fd;                    /* of both; -1: there is none */
	uint16_t family;                 /* ethtool's */
	int64_t next_compare_ns;         /* 0: now */
	bool compares_link;              /* at the next comparison */
	char first_name[WT_WATCH_NAME_BYTES];
	struct wt_watch_link link;
	struct wt_watch_stamping stamping;
	struct wt_watch_queue queue;
	/* A datagram, partly read. */
	const void *rest;
	size_t rest_bytes;
	uint16_t rest_family;
	_Alignas(struct nlmsghdr) char datagram[WT_NETLINK_BYTES];
};

static int open_bus(struct mnl_socket **bus, int epoll_fd, int protocol, unsigned group)
{
	struct epoll_event event = {.events = EPOLLIN};
	int id = (int)group;

	*bus = mnl_socket_open2(protocol, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (*bus && !mnl_socket_bind(*bus, 0, MNL_SOCKET_AUTOPID) &&
	    !mnl_socket_setsockopt(*bus, NETLINK_ADD_MEMBERSHIP, &id, sizeof(id)) &&
	    !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, mnl_socket_get_fd(*bus), &event))
		return 0;
	if (*bus)
		mnl_socket_close(*bus);
	*bus = NULL;
	return -1;
}

/* If the kernel does not let us listen, everything is compared. */
static void open_buses(struct wt_watch *watch)
{
	struct wt_ethtool_family family;

	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll_fd < 0)
		return;
	if (open_bus(&watch->buses[LINKS], watch->epoll_fd, NETLINK_ROUTE, RTNLGRP_LINK)) {
		close(watch->epoll_fd);
		watch->epoll_fd = -1;
		return;
	}
	if (wt_netlink_find_ethtool(&family) || !family.monitor_group)
		return;
	watch->family = family.id;
	open_bus(&watch->buses[SETTINGS], watch->epoll_fd, NETLINK_GENERIC, family.monitor_group);
}

/* Look up by index, or by a name under which it may have come back. */
static int find_link(const struct wt_watch *watch, struct wt_watch_news *news)
{
	const struct wt_watch_link *link = &watch->link;
	bool by_netlink = watch->buses[LINKS];
	int rc = -ENODEV;

	if (link->is_there && link->index)
		rc = wt_watch_ask_link(news, watch->system, by_netlink, link->index, NULL);
	if (rc == -ENODEV)
		rc = wt_watch_ask_link(news, watch->system, by_netlink, 0, link->name);
	if (rc == -ENODEV && !link->is_there)
		rc = wt_watch_ask_link(news, watch->system, by_netlink, 0, watch->first_name);
	return rc;
}

static void compare_link(struct wt_watch *watch)
{
	struct wt_watch_news news;
	int rc = find_link(watch, &news);

	if (rc && rc != -ENODEV)
		return;
	if (rc) {
		news = (struct wt_watch_news){.kind = WT_NEWS_GONE};
		news.link.index = watch->link.index;
	}
	wt_watch_apply(&watch->link, watch->first_name, &news, &watch->queue);
	watch->compares_link = !watch->buses[LINKS];
}

static void read_stamping(struct wt_watch *watch, struct wt_watch_stamping *stamping)
{
	struct wt_stamp_capabilities capabilities = {0};

	stamping->error =
	        wt_stamp_capabilities_read(&capabilities, watch->system, watch->link.name, NULL);
	stamping->supported = capabilities.supported;
	stamping->active = capabilities.active;
}

static void compare_stamping(struct wt_watch *watch)
{
	struct wt_watch_stamping now;

	read_stamping(watch, &now);
	/* It is leaving, which is reported separately, or its driver is being reset. */
	if (now.error == -ENODEV || now.active.error == -ENODEV)
		return;
	wt_watch_compare_stamping(&watch->stamping, &now, &watch->queue);
}

static bool compare(struct wt_watch *watch, int64_t now_ns)
{
	if (now_ns < watch->next_compare_ns)
		return false;
	watch->next_compare_ns = now_ns + WT_WATCH_COMPARE_NS;
	/* Another interface may have had the name for a while when it becomes ours. */
	if (watch->compares_link || !watch->link.is_there)
		compare_link(watch);
	if (watch->link.is_there)
		compare_stamping(watch);
	return true;
}

static void have_lost(struct wt_watch *watch)
{
	wt_watch_say(&watch->queue, WT_WATCH_LOST,
	             "the kernel had more to tell than was taken: all is compared anew");
	watch->compares_link = true;
	watch->next_compare_ns = 0;
}

/* Take a datagram. False: there is none. */
static bool receive(struct wt_watch *watch, int bus)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {watch->datagram, sizeof(watch->datagram)};
	struct msghdr message = {
	        .msg_name = &from,
	        .msg_namelen = sizeof(from),
	        .msg_iov = &part,
	        .msg_iovlen = 1,
	};
	ssize_t length;

	if (!watch->buses[bus])
		return false;
	length = recvmsg(mnl_socket_get_fd(watch->buses[bus]), &message, MSG_DONTWAIT);
	if (length < 0 && errno != ENOBUFS)
		return errno == EINTR;
	if (length < 0 || message.msg_flags & MSG_TRUNC) {
		have_lost(watch);
		return true;
	}
	/* Any program may send to us; only the kernel is trusted. */
	if (from.nl_pid)
		return true;
	watch->rest = watch->datagram;
	watch->rest_bytes = (size_t)length;
	watch->rest_family = bus == SETTINGS ? watch->family : 0;
	return true;
}

/* Take a message. False: the kernel has no more. */
static bool take_news(struct wt_watch *watch)
{
	struct wt_watch_news news;

	if (!watch->rest_bytes)
		return receive(watch, LINKS) || receive(watch, SETTINGS);
	if (!wt_watch_parse(&news, &watch->rest, &watch->rest_bytes, watch->rest_family)) {
		watch->rest_bytes = 0;
		return true;
	}
	/* A change may have reset stamping: drivers reset for a change of rings. */
	if (wt_watch_apply(&watch->link, watch->first_name, &news, &watch->queue) &&
	    watch->queue.count)
		watch->next_compare_ns = 0;
	return true;
}

int wt_watch_next(struct wt_watch *watch, int64_t now_ns, int64_t utc_ns,
                  struct wt_watch_event *event)
{
	do {
		if (wt_watch_take(&watch->queue, event)) {
			event->utc_ns = utc_ns;
			return 1;
		}
	} while (take_news(watch) || compare(watch, now_ns));
	return 0;
}

static int look_first(struct wt_watch *watch, const char *interface, struct wt_error *err)
{
	struct wt_watch_news news;
	int rc = wt_watch_ask_link(&news, watch->system, watch->buses[LINKS], 0, interface);

	if (rc == -ENODEV)
		return wt_error_set(err, rc,
		                    "there is no interface '%s'; ip link shows those that there "
		                    "are",
		                    interface);
	if (rc)
		return wt_error_set(err, rc, "cannot ask the kernel about %s: %s", interface,
		                    strerror(-rc));
	watch->link = news.link;
	/* Resolves an alternative name to the primary one. */
	memcpy(watch->first_name, watch->link.name, sizeof(watch->first_name));
	read_stamping(watch, &watch->stamping);
	watch->compares_link = !watch->buses[LINKS];
	return 0;
}

int wt_watch_open(struct wt_watch **watch, struct wt_system *system, const char *interface,
                  struct wt_error *err)
{
	struct wt_watch *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return wt_error_set(err, -ENOMEM, "no memory to watch %s", interface);
	made->system = system;
	made->epoll_fd = -1;
	/* Changes between these two are in the queue, and compare equal. */
	if (system == wt_kernel_system())
		open_buses(made);
	rc = look_first(made, interface, err);
	if (rc) {
		wt_watch_close(made);
		return rc;
	}
	*watch = made;
	return 0;
}

int wt_watch_fd(const struct wt_watch *watch)
{
	return watch->epoll_fd;
}

void wt_watch_now(const struct wt_watch *watch, struct wt_watch_now *now)
{
	const struct wt_watch_link *link = &watch->link;

	*now = (struct wt_watch_now){
	        .index = link->index,
	        .is_there = link->is_there,
	        .is_up = link->is_up,
	        .has_carrier = link->has_carrier,
	        .mtu = link->mtu,
	};
	memcpy(now->interface, link->name, sizeof(now->interface));
}

void wt_watch_close(struct wt_watch *watch)
{
	if (!watch)
		return;
	for (int i = 0; i < BUSES; i++)
		if (watch->buses[i])
			mnl_socket_close(watch->buses[i]);
	if (watch->epoll_fd >= 0)
		close(watch->epoll_fd);
	free(watch);
}
