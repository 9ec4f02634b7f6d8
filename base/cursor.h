/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_CURSOR_H
#define WIRETAPE_BASE_CURSOR_H

/* Cursor over the unread rest of a frame; no header is trusted. Not installed. */

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* `wire` is what the headers read so far promise, which may be more than was captured. */
struct wt_cursor {
	const uint8_t *at;
	size_t offset; /* offset of `at` in the frame */
	size_t captured;
	size_t wire;
};

static inline void wt_cursor_skip(struct wt_cursor *cursor, size_t bytes)
{
	assert(bytes <= cursor->captured && bytes <= cursor->wire);
	cursor->at += bytes;
	cursor->offset += bytes;
	cursor->captured -= bytes;
	cursor->wire -= bytes;
}

/* Take the promise of a length field; captured bytes beyond it are padding. */
static inline void wt_cursor_promise(struct wt_cursor *cursor, size_t wire)
{
	cursor->wire = wire;
	if (cursor->captured > wire)
		cursor->captured = wire;
}

/* Check that a header of this size can be read: 0, -EBADMSG if the packet has no room for it,
 * -ENODATA if the frame was cut inside it. */
static inline int wt_cursor_need(const struct wt_cursor *cursor, size_t bytes)
{
	if (cursor->wire < bytes)
		return -EBADMSG;
	return cursor->captured < bytes ? -ENODATA : 0;
}

#endif
