/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_PHC_H
#define WIRETAPE_STAMP_PHC_H

#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp/system.h>

/* How a cross timestamp was taken, best first (linux/ptp_clock.h). */
enum wt_cross_method {
	WT_CROSS_PRECISE,  /* PTP_SYS_OFFSET_PRECISE: NIC and processor at the same instant */
	WT_CROSS_EXTENDED, /* PTP_SYS_OFFSET_EXTENDED: the driver reads the system clock right
	                      around the register access */
	WT_CROSS_BASIC,    /* PTP_SYS_OFFSET: around the whole call into the driver */
	WT_CROSS_METHODS
};

/* One moment on several clocks. All in ns; PHC, UTC since their own epochs.
 *
 * The PHC was read somewhere within `bracket_ns`, whose middle is utc_ns: half of it bounds the
 * error of the pair. 0 for WT_CROSS_PRECISE. */
struct wt_cross_sample {
	int64_t phc_ns;
	int64_t utc_ns; /* CLOCK_REALTIME */
	int64_t raw_ns; /* CLOCK_MONOTONIC_RAW at utc_ns */
	int64_t bracket_ns;
	int32_t tai_offset_s; /* the kernel's; 0: not set */
	enum wt_cross_method method;
};

/* A PTP hardware clock, opened for reading. One thread. */
struct wt_phc;

/* Open by device, "/dev/ptp0". -ENOENT, -EACCES … with the way out. */
int wt_phc_open(struct wt_phc **phc, struct wt_system *system, const char *device,
                struct wt_error *err);

/* Open by the interface whose stamps it makes: -EOPNOTSUPP if there is none. */
int wt_phc_open_interface(struct wt_phc **phc, struct wt_system *system, const char *interface,
                          struct wt_error *err);

/* Take a cross timestamp by the driver's best method: the narrowest bracket of several readings. A
 * method that fails for good is not tried again. Blocks for as long as the device takes:
 * microseconds. */
int wt_phc_cross(struct wt_phc *phc, struct wt_cross_sample *sample, struct wt_error *err);

/* "/dev/ptp0". Lives as long as the clock. */
const char *wt_phc_device(const struct wt_phc *phc);

/* NULL is fine. */
void wt_phc_close(struct wt_phc *phc);

/* "precise", "extended", "basic". */
const char *wt_cross_method_name(enum wt_cross_method method);

#endif
