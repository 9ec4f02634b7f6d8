/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_JOIN_JOIN_H
#define WIRETAPE_CAPTURE_JOIN_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/error.h>
#include <wiretape/base/net/link.h>
#include <wiretape/capture/join/join_group.h>

/* Memberships in multicast groups (IGMP, MLD) that last as long as they are needed, so that
 * switches and routers send the groups here; and word of whether anything arrives for them. */

/* The memberships of one interface. One thread. */
struct wt_join;

/* Join `count` groups, which are copied. -ENETDOWN, -EOPNOTSUPP (no multicast there), -ENOBUFS
 * (net.ipv4.igmp_max_memberships), -EPERM (CAP_NET_RAW, to listen) … and the way out. */
int wt_join_open(struct wt_join **join, const struct wt_join_group *groups, size_t count,
                 const struct wt_link *link, struct wt_error *err);

/* Join again after the interface was gone, as it is now. If it fails it can be tried again. */
int wt_join_renew(struct wt_join *join, const struct wt_link *link, struct wt_error *err);

/* Forget how long it was silent: packets can arrive from now on, or cannot for now. */
void wt_join_restart(struct wt_join *join, int64_t now_ns);

/* Called for each group with news; `after_ns`: for how long nothing had arrived. */
typedef void wt_join_on_news(void *context, const struct wt_join_group *group,
                             enum wt_join_news news, int64_t after_ns);

/* Look whether anything has arrived. Returns when to call again, a second later at most. Times are
 * of CLOCK_MONOTONIC. Does not block.
 *
 * Packet sockets of its own, next to the recording's, do the looking: their filter lets in only the
 * groups listened for, and leaves a group out for some seconds once it is heard. */
int64_t wt_join_tick(struct wt_join *join, int64_t now_ns, wt_join_on_news *on_news, void *context);

/* Leave all groups. NULL is fine. */
void wt_join_close(struct wt_join *join);

#endif
