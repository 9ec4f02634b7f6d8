/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_CAPABILITIES_H
#define WIRETAPE_STAMP_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp.h>
#include <wiretape/stamp/system.h>

/* Stamps that an interface can make. */
struct wt_stamp_supported {
	uint32_t so_timestamping; /* SOF_TIMESTAMPING_* bits (linux/net_tstamp.h) */
	uint32_t tx_types;        /* 1 << HWTSTAMP_TX_* */
	uint32_t rx_filters;      /* 1 << HWTSTAMP_FILTER_* */
	int phc_index;            /* /dev/ptpN; -1: none */
	bool by_netlink;          /* queried by netlink; else by the older ioctl */
};

struct wt_stamp_capabilities {
	struct wt_stamp_supported supported;
	struct wt_stamp_active active;
	enum wt_ptp_verdict verdict;
	char reason[256]; /* for the verdict, one sentence */
};

/* Query the kernel. -ENODEV for an interface that does not exist. */
int wt_stamp_capabilities_read(struct wt_stamp_capabilities *capabilities, struct wt_system *system,
                               const char *interface, struct wt_error *err);

/* Read the attributes of a reply to ETHTOOL_MSG_TSINFO_GET (linux/ethtool_netlink.h). Pure; the
 * bytes are not trusted. 0 or -EBADMSG. */
int wt_stamp_parse_tsinfo(struct wt_stamp_supported *supported, const void *payload, size_t length);

/* Hardware if both directions cover event messages over IPv4 and IPv6, else software if all
 * packets, received and sent, can be stamped, else none. Pure. */
enum wt_ptp_verdict wt_stamp_judge(const struct wt_stamp_supported *supported, char *reason,
                                   size_t capacity);

#endif
