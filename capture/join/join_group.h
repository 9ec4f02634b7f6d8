/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CAPTURE_JOIN_JOIN_GROUP_H
#define WIRETAPE_CAPTURE_JOIN_JOIN_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include <wiretape/base/error.h>

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

/* News of a group. */
enum wt_join_news {
	WT_JOIN_NO_NEWS,
	WT_JOIN_SILENT,        /* nothing has arrived for 5 s, for the first time since it joined */
	WT_JOIN_SILENT_AGAIN,  /* the same, later */
	WT_JOIN_ARRIVES,       /* after that the first packet ever has arrived */
	WT_JOIN_ARRIVES_AGAIN, /* after that, packets arrive again */
};

#endif
