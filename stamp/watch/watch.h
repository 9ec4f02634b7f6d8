/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_WATCH_WATCH_H
#define WIRETAPE_STAMP_WATCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp/system.h>

/* Watches the things about an interface that its stamps depend on: its link, its driver's state,
 * its stamping configuration, its clock. The kernel reports part of it (rtnetlink, the monitor
 * group of ethtool's netlink family); the rest is compared now and then. One thread. */
struct wt_watch;

enum wt_watch_change {
	WT_WATCH_LINK_UP, /* administratively */
	WT_WATCH_LINK_DOWN,
	WT_WATCH_CARRIER_ON,
	WT_WATCH_CARRIER_OFF,
	WT_WATCH_GONE, /* the interface has disappeared */
	WT_WATCH_BACK, /* it has come back under its name */
	WT_WATCH_RENAMED,
	WT_WATCH_SETTINGS,     /* link modes, rings, channels … : drivers reset for them */
	WT_WATCH_STAMPING,     /* current stamping (SIOCGHWTSTAMP) */
	WT_WATCH_CAPABILITIES, /* possible stamping */
	WT_WATCH_CLOCK,        /* the PHC it has */
	WT_WATCH_LOST, /* the kernel reported more than was read: everything is compared anew */
	WT_WATCH_CHANGES
};

struct wt_watch_event {
	enum wt_watch_change change;
	int64_t utc_ns; /* when it was noticed, by the caller's clock */
	char text[240]; /* the change: "rx filter none -> all" */
};

/* Interval of comparing the things that the kernel does not report. */
#define WT_WATCH_COMPARE_NS INT64_C(1000000000)

/* Open a watch; later states are compared with the current one. -ENODEV for an interface that does
 * not exist. */
int wt_watch_open(struct wt_watch **watch, struct wt_system *system, const char *interface,
                  struct wt_error *err);

/* Descriptor that becomes readable (poll) when the kernel has news; -1 if it sends none: then only
 * the comparison finds changes. */
int wt_watch_fd(const struct wt_watch *watch);

/* The next change: 1 and *event, or 0 when there are no more. Compares if it is time to. Never
 * blocks. `now_ns` is CLOCK_MONOTONIC, `utc_ns` goes into the event. */
int wt_watch_next(struct wt_watch *watch, int64_t now_ns, int64_t utc_ns,
                  struct wt_watch_event *event);

enum { WT_WATCH_NAME_BYTES = 16 }; /* IFNAMSIZ */

/* State of the interface at the last look. */
struct wt_watch_now {
	char interface[WT_WATCH_NAME_BYTES]; /* its current name, or the last one */
	int index;
	bool is_there;
	bool is_up;
	bool has_carrier;
	uint32_t mtu;
};
void wt_watch_now(const struct wt_watch *watch, struct wt_watch_now *now);

/* NULL is fine. */
void wt_watch_close(struct wt_watch *watch);

/* "link-up", "link-down", "carrier-on" …, "stamping". */
const char *wt_watch_change_name(enum wt_watch_change change);

#endif
