/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/net/interface_name.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <wiretape/base/net/netlink.h>

int wt_netlink_put_link_name(struct nlmsghdr *request, const char *name)
{
	size_t length = strlen(name);

	if (!length || length >= WT_ALT_NAME_BYTES)
		return -ENODEV;
	/* The kernel looks for both kinds of names in both attributes. Older kernels know only the
	 * first. */
	mnl_attr_put_strz(request, length < IF_NAMESIZE ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	return 0;
}

static int on_attribute(const struct nlattr *attribute, void *data)
{
	size_t length = mnl_attr_get_payload_len(attribute);

	if (mnl_attr_get_type(attribute) == IFLA_IFNAME && length && length <= IF_NAMESIZE)
		memcpy(data, mnl_attr_get_payload(attribute), length - 1);
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *message, void *data)
{
	return mnl_attr_parse(message, sizeof(struct ifinfomsg), on_attribute, data);
}

int wt_interface_name(const char *name, char real[IF_NAMESIZE])
{
	_Alignas(struct nlmsghdr) char buffer[WT_NETLINK_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	int rc;

	memset(real, 0, IF_NAMESIZE);
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info->ifi_family = AF_UNSPEC;
	rc = wt_netlink_put_link_name(request, name);
	if (!rc)
		rc = wt_netlink_ask(NETLINK_ROUTE, buffer, on_link, real);
	/* Linux before 5.5 for a long name. */
	if (rc == -EINVAL || (!rc && !*real))
		return -ENODEV;
	return rc;
}
