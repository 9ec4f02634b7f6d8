/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_JOIN_H
#define WIRETAPE_CAPTURE_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/base/net/link.h>
#include <wiretape/base/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memberships in multicast groups (IGMP, MLD) that last as long as they are needed, so that
 * switches and routers send the groups here; and word of whether anything arrives for them. */

enum { WT_JOIN_TEXT_BYTES = 96 };

/* A group, from any sender or from one. */
struct wt_join_group {
	int family; /* AF_INET or AF_INET6 */
	bool has_source;
	uint8_t group[16]; /* in network byte order; of IPv4 the first four */
	uint8_t source[16];
	char text[WT_JOIN_TEXT_BYTES]; /* "239.1.1.1", "ff3e::1@2001:db8::1" */
};

/* Read "GROUP" or "GROUP@SOURCE". -EINVAL with what is wrong about it. */
int wt_join_parse(struct wt_join_group *group, const char *text, struct wt_error *err);

/* What has become of a group. */
enum wt_join_news {
	WT_JOIN_NO_NEWS,
	WT_JOIN_SILENT,        /* nothing has arrived for 5 s, for the first time since it joined */
	WT_JOIN_SILENT_AGAIN,  /* the same, later */
	WT_JOIN_ARRIVES,       /* after that the first packet ever has arrived */
	WT_JOIN_ARRIVES_AGAIN, /* after that, packets arrive again */
};

/* The memberships of one interface. One thread. */
struct wt_join;

/* Join `count` groups, which are copied. -ENETDOWN, -EOPNOTSUPP (no multicast there), -ENOBUFS
 * (net.ipv4.igmp_max_memberships), -EPERM (CAP_NET_RAW, to listen) … and the way out. */
int wt_join_open(struct wt_join **join, const struct wt_join_group *groups, size_t count,
                 const struct wt_link *link, struct wt_error *err);

/* After the interface was gone: join again, by what it is now. If it fails it can be tried
 * again. */
int wt_join_renew(struct wt_join *join, const struct wt_link *link, struct wt_error *err);

/* Forget how long it was silent: when packets can arrive from now on, or cannot for now. */
void wt_join_restart(struct wt_join *join, int64_t now_ns);

/* Called for each group with news; `after_ns`: for how long nothing had arrived. */
typedef void wt_join_on_news(void *context, const struct wt_join_group *group,
                             enum wt_join_news news, int64_t after_ns);

/* Look whether anything has arrived. Returns when to be called again, a second later at most.
 * Times are of CLOCK_MONOTONIC. Does not block.
 *
 * The looking is done by packet sockets beside the recording's, whose filter lets in only the
 * groups that are being listened for: once one is heard it is left out for some seconds. */
int64_t wt_join_tick(struct wt_join *join, int64_t now_ns, wt_join_on_news *on_news, void *context);

/* Leave all groups. NULL is fine. */
void wt_join_close(struct wt_join *join);

#ifdef __cplusplus
}
#endif
#endif
