/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/stamp/watch/watch_private.h>

#include <assert.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The header attribute of each of ethtool's messages has this number. */
enum { ETHTOOL_HEADER = ETHTOOL_A_LINKINFO_HEADER };

static void read_name(struct wt_watch_news *news, const struct nlattr *attribute)
{
	const char *name = mnl_attr_get_payload(attribute);
	size_t length = strnlen(name, mnl_attr_get_payload_len(attribute));

	if (!length || length >= sizeof(news->link.name))
		return;
	memcpy(news->link.name, name, length);
	news->link.name[length] = '\0';
	news->has_name = true;
}

static void read_address(struct wt_watch_news *news, const struct nlattr *attribute)
{
	size_t length = mnl_attr_get_payload_len(attribute);

	if (length > sizeof(news->link.address))
		return;
	memcpy(news->link.address, mnl_attr_get_payload(attribute), length);
	news->link.address_bytes = (uint8_t)length;
	news->has_address = true;
}

static void read_link_attribute(struct wt_watch_news *news, const struct nlattr *attribute)
{
	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		read_name(news, attribute);
		break;
	case IFLA_ADDRESS:
		read_address(news, attribute);
		break;
	case IFLA_MTU:
		if (mnl_attr_validate(attribute, MNL_TYPE_U32))
			break;
		news->link.mtu = mnl_attr_get_u32(attribute);
		news->has_mtu = true;
		break;
	default:
		break;
	}
}

static void read_link(struct wt_watch_news *news, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct nlattr *attribute;

	/* Bridges report their ports in messages that look the same: a port that leaves its bridge
	 * is "deleted" there. */
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_family != AF_UNSPEC)
		return;
	news->kind = message->nlmsg_type == RTM_DELLINK ? WT_NEWS_GONE : WT_NEWS_LINK;
	news->link.index = info->ifi_index;
	news->link.is_there = news->kind == WT_NEWS_LINK;
	news->link.is_up = info->ifi_flags & IFF_UP;
	news->link.has_carrier = info->ifi_flags & IFF_LOWER_UP;
	mnl_attr_for_each(attribute, message, sizeof(*info))
	{
		read_link_attribute(news, attribute);
	}
}

static void read_header(struct wt_watch_news *news, const struct nlattr *header)
{
	struct nlattr *part;

	mnl_attr_for_each_nested(part, header)
	{
		uint16_t type = mnl_attr_get_type(part);

		if (type == ETHTOOL_A_HEADER_DEV_INDEX && !mnl_attr_validate(part, MNL_TYPE_U32))
			news->link.index = (int)mnl_attr_get_u32(part);
		else if (type == ETHTOOL_A_HEADER_DEV_NAME)
			read_name(news, part);
	}
}

static void read_ethtool(struct wt_watch_news *news, const struct nlmsghdr *message)
{
	const struct genlmsghdr *generic = mnl_nlmsg_get_payload(message);
	struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*generic))
		return;
	news->kind = WT_NEWS_ETHTOOL;
	news->command = generic->cmd;
	mnl_attr_for_each(attribute, message, sizeof(*generic))
	{
		if (mnl_attr_get_type(attribute) == ETHTOOL_HEADER)
			read_header(news, attribute);
	}
}

/* Not mnl_nlmsg_ok(): it takes a length of 2 GiB and more for a negative one. The kernel pads
 * its messages, and attributes are followed up to the padding's end. */
static bool is_message(const struct nlmsghdr *message, size_t length)
{
	return length >= sizeof(*message) && message->nlmsg_len >= sizeof(*message) &&
	       message->nlmsg_len <= length && MNL_ALIGN(message->nlmsg_len) <= length;
}

bool wt_watch_parse(struct wt_watch_news *news, const void **bytes, size_t *length,
                    uint16_t ethtool_family)
{
	const struct nlmsghdr *message = *bytes;

	assert((uintptr_t)message % NLMSG_ALIGNTO == 0);
	memset(news, 0, sizeof(*news));
	if (!is_message(message, *length))
		return false;
	if (ethtool_family && message->nlmsg_type == ethtool_family)
		read_ethtool(news, message);
	else if (!ethtool_family &&
	         (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK))
		read_link(news, message);
	*bytes = (const char *)message + MNL_ALIGN(message->nlmsg_len);
	*length -= MNL_ALIGN(message->nlmsg_len);
	return true;
}
