/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_FEED_REST_PRIVATE_H
#define WIRETAPE_FEED_REST_PRIVATE_H

/* What is left of a frame while its headers are read, which believes none of them. Not
 * installed. */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* `wire` is what the headers read so far promise to follow, which may be more than is here. */
struct wt_rest {
	const uint8_t *at;
	size_t offset; /* of `at` in the frame */
	size_t captured;
	size_t wire;
};

static inline void wt_rest_skip(struct wt_rest *rest, size_t bytes)
{
	rest->at += bytes;
	rest->offset += bytes;
	rest->captured -= bytes;
	rest->wire -= bytes;
}

/* Take the promise of a length field; what is here beyond it is padding. */
static inline void wt_rest_promise(struct wt_rest *rest, size_t wire)
{
	rest->wire = wire;
	if (rest->captured > wire)
		rest->captured = wire;
}

/* Whether a header of this size can be read: 0, -EBADMSG if the packet has no room for it,
 * -ENODATA if the frame was cut in it. */
static inline int wt_rest_need(const struct wt_rest *rest, size_t bytes)
{
	if (rest->wire < bytes)
		return -EBADMSG;
	return rest->captured < bytes ? -ENODATA : 0;
}

#endif
