/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/net/netlink.h>

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>
#include <sys/socket.h>

static int exchange(struct mnl_socket *netlink, void *buffer, mnl_cb_t on_message, void *data)
{
	const struct nlmsghdr *request = buffer;
	unsigned port = mnl_socket_get_portid(netlink);
	uint32_t sequence = request->nlmsg_seq;

	if (mnl_socket_sendto(netlink, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t received = mnl_socket_recvfrom(netlink, buffer, WT_NETLINK_BYTES);
		int more;

		if (received < 0 && errno == EINTR)
			continue;
		if (received < 0)
			return -errno;
		more = mnl_cb_run(buffer, (size_t)received, sequence, port, on_message, data);
		if (more < 0)
			return -errno;
		if (more == MNL_CB_STOP)
			return 0;
	}
}

int wt_netlink_ask(int bus, void *buffer, mnl_cb_t on_message, void *data)
{
	struct mnl_socket *netlink = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int rc;

	if (!netlink)
		return -errno;
	rc = mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) < 0
	             ? -errno
	             : exchange(netlink, buffer, on_message, data);
	mnl_socket_close(netlink);
	return rc;
}

static bool is_monitor_group(const struct nlattr *group, uint32_t *id)
{
	struct nlattr *part;
	bool is_monitor = false;

	*id = 0;
	mnl_attr_for_each_nested(part, group)
	{
		uint16_t type = mnl_attr_get_type(part);

		if (type == CTRL_ATTR_MCAST_GRP_ID && !mnl_attr_validate(part, MNL_TYPE_U32))
			*id = mnl_attr_get_u32(part);
		else if (type == CTRL_ATTR_MCAST_GRP_NAME &&
		         !mnl_attr_validate(part, MNL_TYPE_NUL_STRING))
			is_monitor = !strcmp(mnl_attr_get_str(part), ETHTOOL_MCGRP_MONITOR_NAME);
	}
	return is_monitor;
}

static int on_family(const struct nlmsghdr *message, void *data)
{
	struct wt_ethtool_family *family = data;
	struct nlattr *attribute, *group;
	uint32_t id;

	mnl_attr_for_each(attribute, message, sizeof(struct genlmsghdr))
	{
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == CTRL_ATTR_FAMILY_ID && !mnl_attr_validate(attribute, MNL_TYPE_U16))
			family->id = mnl_attr_get_u16(attribute);
		if (type != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attribute)
		{
			if (is_monitor_group(group, &id))
				family->monitor_group = id;
		}
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *put_generic(void *buffer, uint16_t family, uint8_t command, uint8_t version)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *generic;

	request->nlmsg_type = family;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	generic = mnl_nlmsg_put_extra_header(request, sizeof(*generic));
	generic->cmd = command;
	generic->version = version;
	return request;
}

int wt_netlink_find_ethtool(struct wt_ethtool_family *family)
{
	char buffer[WT_NETLINK_BYTES];
	struct nlmsghdr *request = put_generic(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	int rc;

	memset(family, 0, sizeof(*family));
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, ETHTOOL_GENL_NAME);
	rc = wt_netlink_ask(NETLINK_GENERIC, buffer, on_family, family);
	if (rc == -ENOENT || (!rc && !family->id))
		return -EOPNOTSUPP;
	return rc;
}

struct nlmsghdr *wt_netlink_put_ethtool(void *buffer, uint16_t family, uint8_t command,
                                        uint16_t header_type, const char *interface)
{
	struct nlmsghdr *request = put_generic(buffer, family, command, ETHTOOL_GENL_VERSION);
	struct nlattr *header = mnl_attr_nest_start(request, header_type);

	mnl_attr_put_strz(request, ETHTOOL_A_HEADER_DEV_NAME, interface);
	mnl_attr_put_u32(request, ETHTOOL_A_HEADER_FLAGS, ETHTOOL_FLAG_COMPACT_BITSETS);
	mnl_attr_nest_end(request, header);
	return request;
}
