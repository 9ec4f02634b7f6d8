/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_CAPABILITIES_H
#define WIRETAPE_STAMP_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp/system.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an interface can stamp, and what it stamps now. */
struct wt_stamp_supported {
	uint32_t so_timestamping; /* SOF_TIMESTAMPING_* bits (linux/net_tstamp.h) */
	uint32_t tx_types;        /* 1 << HWTSTAMP_TX_* */
	uint32_t rx_filters;      /* 1 << HWTSTAMP_FILTER_* */
	int phc_index;            /* /dev/ptpN; -1: none */
	bool by_netlink;          /* asked by netlink; else by the ioctl, its elder */
};

struct wt_stamp_active {
	int error; /* 0, or why there is no answer: -EOPNOTSUPP means it has no hardware stamps */
	int flags; /* struct hwtstamp_config */
	int tx_type;
	int rx_filter;
};

/* What a program that speaks PTPv2 could use. */
enum wt_ptp_verdict { WT_PTP_NONE, WT_PTP_SOFTWARE, WT_PTP_HARDWARE };

struct wt_stamp_capabilities {
	struct wt_stamp_supported supported;
	struct wt_stamp_active active;
	enum wt_ptp_verdict verdict;
	char reason[256]; /* for the verdict, one sentence */
};

/* Ask. -ENODEV for an interface that is not there. */
int wt_stamp_capabilities_read(struct wt_stamp_capabilities *capabilities, struct wt_system *system,
                               const char *interface, struct wt_error *err);

/* The attributes of a reply to ETHTOOL_MSG_TSINFO_GET (linux/ethtool_netlink.h). Pure; the
 * bytes are not trusted. 0 or -EBADMSG. */
int wt_stamp_parse_tsinfo(struct wt_stamp_supported *supported, const void *payload, size_t length);

/* Hardware if both directions cover event messages over IPv4 and IPv6, else software if all
 * packets, received and sent, can be stamped, else none. Pure. */
enum wt_ptp_verdict wt_stamp_judge(const struct wt_stamp_supported *supported, char *reason,
                                   size_t capacity);

/* Names as the kernel has them, without their prefix, in lower case with hyphens:
 * "rx-hardware", "on", "ptpv2-l4-event"; NULL beyond the last known. */
const char *wt_so_timestamping_name(unsigned bit);
const char *wt_tx_type_name(unsigned type);
const char *wt_rx_filter_name(unsigned filter);

/* "none", "software", "hardware". */
const char *wt_ptp_verdict_name(enum wt_ptp_verdict verdict);

#ifdef __cplusplus
}
#endif
#endif
