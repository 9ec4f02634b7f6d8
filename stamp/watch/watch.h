/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_WATCH_H
#define WIRETAPE_STAMP_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/stamp/system.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tells what changes about an interface that its stamps depend on: its link, its driver's
 * state, its stamping configuration, its clock. The kernel tells part of it (rtnetlink, the
 * monitor group of ethtool's netlink family); the rest is compared now and then. One thread. */
struct wt_watch;

enum wt_watch_change {
	WT_WATCH_LINK_UP, /* administratively */
	WT_WATCH_LINK_DOWN,
	WT_WATCH_CARRIER_ON,
	WT_WATCH_CARRIER_OFF,
	WT_WATCH_GONE, /* the interface has disappeared */
	WT_WATCH_BACK, /* it is there again, under its name */
	WT_WATCH_RENAMED,
	WT_WATCH_SETTINGS,     /* link modes, rings, channels … : drivers reset for them */
	WT_WATCH_STAMPING,     /* what is stamped now (SIOCGHWTSTAMP) */
	WT_WATCH_CAPABILITIES, /* what could be stamped */
	WT_WATCH_CLOCK,        /* which PHC it has */
	WT_WATCH_LOST, /* the kernel had more to tell than was taken: all is compared anew */
	WT_WATCH_CHANGES
};

struct wt_watch_event {
	enum wt_watch_change change;
	int64_t utc_ns; /* when it was noticed, by the caller's clock */
	char text[240]; /* what changed: "rx filter none -> all" */
};

/* How often that is compared of which the kernel sends nothing. */
#define WT_WATCH_COMPARE_NS INT64_C(1000000000)

/* -ENODEV for an interface that is not there. What stands now is what later is compared
 * with. */
int wt_watch_open(struct wt_watch **watch, struct wt_system *system, const char *interface,
                  struct wt_error *err);

/* Becomes readable (poll) when the kernel has something to tell; -1 if the kernel tells
 * nothing: then only the comparison does. */
int wt_watch_fd(const struct wt_watch *watch);

/* The next change: 1 and *event, or 0 when there is no more. Compares if it is time to. Never
 * blocks. `now_ns` is CLOCK_MONOTONIC, `utc_ns` goes into the event. */
int wt_watch_next(struct wt_watch *watch, int64_t now_ns, int64_t utc_ns,
                  struct wt_watch_event *event);

enum { WT_WATCH_NAME_BYTES = 16 }; /* IFNAMSIZ */

/* How the interface was when it was last looked at. */
struct wt_watch_now {
	char interface[WT_WATCH_NAME_BYTES]; /* its name now, or the last one */
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

#ifdef __cplusplus
}
#endif
#endif
