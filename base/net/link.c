/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/net/link.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wiretape/base/net/netlink.h>

#define NIC_COUNTER(field)                                                                         \
	{                                                                                          \
#field, offsetof(struct rtnl_link_stats64, field)                                  \
	}
const struct wt_nic_counter wt_nic_counters[] = {
        NIC_COUNTER(rx_packets),       NIC_COUNTER(rx_bytes),         NIC_COUNTER(rx_errors),
        NIC_COUNTER(rx_dropped),       NIC_COUNTER(rx_missed_errors), NIC_COUNTER(rx_fifo_errors),
        NIC_COUNTER(rx_over_errors),   NIC_COUNTER(rx_crc_errors),    NIC_COUNTER(rx_frame_errors),
        NIC_COUNTER(rx_length_errors), NIC_COUNTER(rx_nohandler),     {NULL, 0},
};

static uint64_t value_of(const struct rtnl_link_stats64 *counters,
                         const struct wt_nic_counter *counter)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)counters + counter->offset, sizeof(value));
	return value;
}

static void set_value(struct rtnl_link_stats64 *counters, const struct wt_nic_counter *counter,
                      uint64_t value)
{
	memcpy((uint8_t *)counters + counter->offset, &value, sizeof(value));
}

uint64_t wt_nic_counter_difference(const struct wt_nic_counter *counter,
                                   const struct rtnl_link_stats64 *then,
                                   const struct rtnl_link_stats64 *now)
{
	uint64_t before = value_of(then, counter), after = value_of(now, counter);

	return after > before ? after - before : 0;
}

void wt_nic_counters_base(struct rtnl_link_stats64 *base, const struct rtnl_link_stats64 *counted,
                          const struct rtnl_link_stats64 *first)
{
	for (const struct wt_nic_counter *i = wt_nic_counters; i->name; i++)
		set_value(base, i, value_of(counted, i) - value_of(first, i));
}

void wt_nic_counters_add(struct rtnl_link_stats64 *counters, const struct rtnl_link_stats64 *base)
{
	for (const struct wt_nic_counter *i = wt_nic_counters; i->name; i++)
		set_value(counters, i, value_of(counters, i) + value_of(base, i));
}

void wt_link_names(char *out, size_t capacity)
{
	struct if_nameindex *all = if_nameindex();
	size_t used = 0;

	out[0] = '\0';
	for (struct if_nameindex *i = all; i && i->if_name; i++) {
		int wrote =
		        snprintf(out + used, capacity - used, "%s%s", used ? ", " : "", i->if_name);

		if (wrote < 0 || (size_t)wrote >= capacity - used)
			break;
		used += (size_t)wrote;
	}
	if (all)
		if_freenameindex(all);
}

void wt_link_offload_text(unsigned offloads, char *out, size_t capacity)
{
	static const char *const names[] = {"rx-checksum", "tx-checksum", "gro",
	                                    "lro",         "gso",         "tso"};
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int wrote;

		if (!(offloads & (1u << i)))
			continue;
		wrote = snprintf(out + used, capacity - used, "%s%s", used ? " " : "", names[i]);
		if (wrote < 0 || (size_t)wrote >= capacity - used)
			return;
		used += (size_t)wrote;
	}
}

int wt_link_type(uint16_t hardware_type)
{
	/* tcpdump.org/linktypes.html compared with linux/if_arp.h */
	enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, LINKTYPE_80211_RADIOTAP = 127 };

	switch (hardware_type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return LINKTYPE_ETHERNET;
	case ARPHRD_NONE: /* tun, wireguard */
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
		return LINKTYPE_RAW;
	case ARPHRD_IEEE80211_RADIOTAP:
		return LINKTYPE_80211_RADIOTAP;
	default:
		return -ENOTSUP;
	}
}

static void read_string(const struct nlattr *attribute, char *out, size_t capacity)
{
	snprintf(out, capacity, "%.*s", (int)mnl_attr_get_payload_len(attribute),
	         mnl_attr_get_str(attribute));
}

static int on_attribute(const struct nlattr *attribute, void *data)
{
	struct wt_link *link = data;
	size_t length = mnl_attr_get_payload_len(attribute);

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		read_string(attribute, link->name, sizeof(link->name));
		break;
	case IFLA_IFALIAS:
		read_string(attribute, link->alias, sizeof(link->alias));
		break;
	case IFLA_MTU:
		if (length >= sizeof(uint32_t))
			link->mtu = mnl_attr_get_u32(attribute);
		break;
	case IFLA_ADDRESS:
		if (length == sizeof(link->mac)) {
			memcpy(link->mac, mnl_attr_get_payload(attribute), sizeof(link->mac));
			link->has_mac = true;
		}
		break;
	case IFLA_STATS64:
		/* Older kernels know fewer counters; the rest stays 0. */
		if (length > sizeof(link->counters))
			length = sizeof(link->counters);
		memcpy(&link->counters, mnl_attr_get_payload(attribute), length);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct wt_link *link = data;

	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	link->hardware_type = info->ifi_type;
	return mnl_attr_parse(message, sizeof(*info), on_attribute, link);
}

/* Query by name, or by index if that is NULL. */
static int read_rtnetlink(const char *name, int index, struct wt_link *link)
{
	char buffer[WT_NETLINK_BYTES];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	int rc = 0;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = name ? 0 : index;
	if (name)
		rc = wt_netlink_put_link_name(request, name);
	if (rc)
		return rc;
	rc = wt_netlink_ask(NETLINK_ROUTE, buffer, on_link, link);
	/* Linux before 5.5 for a name longer than it supports. */
	if ((rc == -EINVAL && name) || (!rc && !link->index))
		return -ENODEV;
	return rc;
}

static bool ethtool(int fd, const char *name, void *command)
{
	struct ifreq request = {.ifr_data = command};

	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

static unsigned ethtool_value(int fd, const char *name, uint32_t command)
{
	struct ethtool_value value = {.cmd = command};

	return ethtool(fd, name, &value) ? value.data : 0;
}

/* Any of this may fail: virtual interfaces support none of it. */
static void read_ethtool(struct wt_link *link)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ethtool_cmd settings = {.cmd = ETHTOOL_GSET};
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (ethtool(fd, link->name, &driver))
		snprintf(link->driver, sizeof(link->driver), "%.31s", driver.driver);
	if (ethtool(fd, link->name, &settings)) {
		uint32_t mbps = ethtool_cmd_speed(&settings);

		if (mbps != (uint32_t)SPEED_UNKNOWN && mbps)
			link->speed_bps = (uint64_t)mbps * 1000000;
	}
	if (ethtool(fd, link->name, &channels))
		link->rx_queues = channels.rx_count + channels.combined_count;
	link->offloads |= ethtool_value(fd, link->name, ETHTOOL_GRXCSUM) ? WT_OFFLOAD_RX_CSUM : 0;
	link->offloads |= ethtool_value(fd, link->name, ETHTOOL_GTXCSUM) ? WT_OFFLOAD_TX_CSUM : 0;
	link->offloads |= ethtool_value(fd, link->name, ETHTOOL_GGRO) ? WT_OFFLOAD_GRO : 0;
	link->offloads |= ethtool_value(fd, link->name, ETHTOOL_GGSO) ? WT_OFFLOAD_GSO : 0;
	link->offloads |= ethtool_value(fd, link->name, ETHTOOL_GTSO) ? WT_OFFLOAD_TSO : 0;
	if (ethtool_value(fd, link->name, ETHTOOL_GFLAGS) & ETH_FLAG_LRO)
		link->offloads |= WT_OFFLOAD_LRO;
	close(fd);
}

int wt_link_read(const char *name, struct wt_link *link, struct wt_error *err)
{
	char names[256];
	int rc;

	memset(link, 0, sizeof(*link));
	rc = read_rtnetlink(name, 0, link);
	if (rc == -ENODEV) {
		wt_link_names(names, sizeof(names));
		return wt_error_set(err, rc, "there is no interface '%s'; there are: %s", name,
		                    names);
	}
	if (rc)
		return wt_error_set(err, rc, "cannot ask the kernel about interface %s: %s", name,
		                    strerror(-rc));
	read_ethtool(link);
	return 0;
}

int wt_link_read_index(int index, struct wt_link *link, struct wt_error *err)
{
	int rc;

	memset(link, 0, sizeof(*link));
	rc = index > 0 ? read_rtnetlink(NULL, index, link) : -ENODEV;
	if (rc)
		return wt_error_set(err, rc, "cannot ask the kernel about interface %d: %s", index,
		                    strerror(-rc));
	read_ethtool(link);
	return 0;
}

int wt_link_state(int fd, int index)
{
	struct ifreq request = {.ifr_ifindex = index};

	if (ioctl(fd, SIOCGIFNAME, &request) || ioctl(fd, SIOCGIFFLAGS, &request))
		return -ENODEV;
	return request.ifr_flags & IFF_UP ? 0 : -ENETDOWN;
}
