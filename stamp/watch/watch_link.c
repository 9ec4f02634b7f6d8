/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/watch/watch_private.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>

#include <wiretape/base/net/netlink.h>

static int on_link(const struct nlmsghdr *message, void *data)
{
	struct wt_watch_news *news = data;
	const void *bytes = message;
	size_t length = message->nlmsg_len;

	wt_watch_parse(news, &bytes, &length, 0);
	return MNL_CB_OK;
}

static int ask_netlink(struct wt_watch_news *news, int index, const char *name)
{
	_Alignas(struct nlmsghdr) char buffer[WT_NETLINK_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	int rc;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	rc = index ? 0 : wt_netlink_put_link_name(request, name);
	if (rc)
		return rc;
	rc = wt_netlink_ask(NETLINK_ROUTE, buffer, on_link, news);
	if (!rc && news->kind != WT_NEWS_LINK)
		return -EBADMSG;
	return rc;
}

static int ask_ioctl(struct wt_system *system, unsigned long request, struct ifreq *arg,
                     const char *name)
{
	memset(arg, 0, sizeof(*arg));
	memcpy(arg->ifr_name, name, strlen(name));
	return system->ops->interface_ioctl(system, request, arg);
}

static void read_ioctl_details(struct wt_watch_news *news, struct wt_system *system)
{
	const char *name = news->link.name;
	struct ifreq arg;

	if (!ask_ioctl(system, SIOCGIFINDEX, &arg, name))
		news->link.index = arg.ifr_ifindex;
	news->has_mtu = !ask_ioctl(system, SIOCGIFMTU, &arg, name);
	if (news->has_mtu)
		news->link.mtu = (uint32_t)arg.ifr_mtu;
	news->has_address = !ask_ioctl(system, SIOCGIFHWADDR, &arg, name);
	if (news->has_address) {
		/* The length is not given; Ethernet's is this. */
		news->link.address_bytes = 6;
		memcpy(news->link.address, arg.ifr_hwaddr.sa_data, 6);
	}
}

/* The index of an interface that cannot tell its own is 0. */
static int ask_ioctls(struct wt_watch_news *news, struct wt_system *system, int index,
                      const char *name)
{
	struct ifreq arg = {.ifr_ifindex = index};
	int rc;

	if (index) {
		rc = system->ops->interface_ioctl(system, SIOCGIFNAME, &arg);
		if (rc)
			return rc;
		name = arg.ifr_name;
	}
	memcpy(news->link.name, name, strnlen(name, sizeof(news->link.name) - 1));
	news->has_name = true;
	rc = ask_ioctl(system, SIOCGIFFLAGS, &arg, news->link.name);
	if (rc)
		return rc;
	news->kind = WT_NEWS_LINK;
	news->link.is_there = true;
	news->link.is_up = arg.ifr_flags & IFF_UP;
	news->link.has_carrier = arg.ifr_flags & IFF_RUNNING;
	read_ioctl_details(news, system);
	return 0;
}

int wt_watch_ask_link(struct wt_watch_news *news, struct wt_system *system, bool by_netlink,
                      int index, const char *name)
{
	memset(news, 0, sizeof(*news));
	if (by_netlink)
		return ask_netlink(news, index, name);
	if (!index && (!*name || strlen(name) >= sizeof(news->link.name)))
		return -ENODEV;
	return ask_ioctls(news, system, index, name);
}
