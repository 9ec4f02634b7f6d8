/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_NETLINK_H
#define WIRETAPE_BASE_NETLINK_H

/* Netlink requests to the kernel, with libmnl. Not installed. */

#include <libmnl/libmnl.h>
#include <stdint.h>

/* Room for a request and for each message of an answer: a link with many virtual functions takes
 * more than a page. */
enum { WT_NETLINK_BYTES = 32768 };

/* Send the request at the start of `buffer` (WT_NETLINK_BYTES) with NLM_F_ACK, and call
 * `on_message` for each message of the answer. The kernel's errors are passed on, -ENODEV for
 * instance. Blocks until the kernel has answered. */
int wt_netlink_ask(int bus, void *buffer, mnl_cb_t on_message, void *data);

/* Ask for the link with this name or alternative name. -ENODEV: no link has it. */
int wt_netlink_put_link_name(struct nlmsghdr *request, const char *name);

/* Look up the generic netlink family "ethtool". -EOPNOTSUPP if the kernel lacks it. */
struct wt_ethtool_family {
	uint16_t id;
	uint32_t monitor_group; /* 0: none */
};
int wt_netlink_find_ethtool(struct wt_ethtool_family *family);

/* Begin, in `buffer`, a request to that family with its header attribute (`header_type`,
 * ETHTOOL_A_…_HEADER) naming the interface. Asks for compact bitsets in the answer. */
struct nlmsghdr *wt_netlink_put_ethtool(void *buffer, uint16_t family, uint8_t command,
                                        uint16_t header_type, const char *interface);

#endif
