/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_NETLINK_PRIVATE_H
#define WIRETAPE_STAMP_NETLINK_PRIVATE_H

/* What this tree asks of the kernel by netlink, with libmnl. Not installed. */

#include <libmnl/libmnl.h>
#include <stdint.h>

/* Room for a request and for each message of an answer: a link with many virtual functions
 * takes more than a page. */
enum { WT_NETLINK_BYTES = 32768 };

/* Send the request that stands at the start of `buffer` (WT_NETLINK_BYTES), with NLM_F_ACK, and
 * call `on_message` for each message of the answer, up to its end. The kernel's errors come
 * back as they are, -ENODEV for instance. Blocks until the kernel has answered. */
int wt_netlink_ask(int bus, void *buffer, mnl_cb_t on_message, void *data);

/* Ask for the link that has this name or alternative name. -ENODEV: nothing is called so. */
int wt_netlink_put_link_name(struct nlmsghdr *request, const char *name);

/* The generic netlink family "ethtool". -EOPNOTSUPP where there is none. */
struct wt_ethtool_family {
	uint16_t id;
	uint32_t monitor_group; /* 0: none */
};
int wt_netlink_find_ethtool(struct wt_ethtool_family *family);

/* Begin, in `buffer`, a request to that family with its header attribute (`header_type`,
 * ETHTOOL_A_…_HEADER) naming the interface. Bitsets in the answer are to be compact. */
struct nlmsghdr *wt_netlink_put_ethtool(void *buffer, uint16_t family, uint8_t command,
                                        uint16_t header_type, const char *interface);

#endif
