/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_H
#define WIRETAPE_STAMP_H

/* Origin and clock of packet stamps, and the stamps that an interface can make. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/error.h>
#include <wiretape/export.h>
#include <wiretape/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "hardware", "software", "fallback". Static; any thread. */
WT_API const char *wt_stamp_source_name(enum wt_stamp_source source);

/* Clock of the stamps. */
enum wt_stamp_clock {
	WT_CLOCK_UTC, /* CLOCK_REALTIME */
	WT_CLOCK_TAI, /* UTC plus the leap seconds: no jumps */
	WT_CLOCK_PHC, /* the NIC's, unchanged */
	WT_STAMP_CLOCKS
};

/* "utc", "tai", "phc". Static; any thread. */
WT_API const char *wt_stamp_clock_name(enum wt_stamp_clock clock);

/* Requested source of stamps. */
enum wt_stamp_request {
	WT_STAMP_SW,   /* the kernel's, from CLOCK_REALTIME; the NIC is left alone */
	WT_STAMP_HW,   /* the NIC's, from its own clock; an error where it has none */
	WT_STAMP_AUTO, /* the NIC's if it has them and its clock runs, else the kernel's, with a
	                  remark */
};

/* Stamps that a PTPv2 program could use. */
enum wt_ptp_verdict { WT_PTP_NONE, WT_PTP_SOFTWARE, WT_PTP_HARDWARE };

/* Stamps that an interface can make, and those it makes now, according to the kernel. */
struct wt_stamp_support {
	size_t size;              /* see export.h */
	uint32_t so_timestamping; /* SOF_TIMESTAMPING_* bits (linux/net_tstamp.h) */
	uint32_t tx_types;        /* 1 << HWTSTAMP_TX_* */
	uint32_t rx_filters;      /* 1 << HWTSTAMP_FILTER_* */
	int phc_index;            /* /dev/ptpN; -1: none */
	/* 0, or why the current setting is unknown: -EOPNOTSUPP means that there are no hardware
	 * stamps */
	int active_error;
	int active_tx_type;   /* HWTSTAMP_TX_* */
	int active_rx_filter; /* HWTSTAMP_FILTER_* */
	enum wt_ptp_verdict ptp;
	char reason[256]; /* for the verdict, one sentence */
};

/* Ask the kernel about `interface`, without changing anything. 0; -EINVAL, -E2BIG for a wrong size;
 * -ENODEV for an interface that does not exist; or another negative errno. Needs no privilege; does
 * not block for long. Any thread. */
WT_API int wt_stamp_support_read(struct wt_stamp_support *support, const char *interface,
                                 struct wt_error *err);

/* Kernel names without their prefix, in lower case with hyphens: for a bit's number "rx-hardware",
 * for types and filters "on", "ptpv2-l4-event"; NULL beyond the last known. Static; any thread. */
WT_API const char *wt_so_timestamping_name(unsigned bit);
WT_API const char *wt_tx_type_name(unsigned type);
WT_API const char *wt_rx_filter_name(unsigned filter);

/* "none", "software", "hardware". Static; any thread. */
WT_API const char *wt_ptp_verdict_name(enum wt_ptp_verdict verdict);

#ifdef __cplusplus
}
#endif
#endif
