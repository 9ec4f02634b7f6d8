/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILE_VIEW_H
#define WIRETAPE_WRITER_FILE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file looked at from its beginning to its end, with glances ahead: a piece of it is in memory,
 * and what lies elsewhere is read by itself. So the bytes read stay few, whatever is in the file.
 *
 * One thread at a time. Functions that read may block on the disk. */

enum { WT_FILE_VIEW_BYTES = 256 << 10 };

struct wt_file_view {
	int fd;              /* the caller's */
	uint64_t end;        /* nothing is read beyond */
	uint8_t *piece;      /* WT_FILE_VIEW_BYTES */
	uint64_t at;         /* of it in the file */
	size_t length;       /* of it, that is there */
	uint64_t bytes_read; /* so far */
	int failed;          /* 0, or the negative errno of a read: then nothing is there */
};

/* 0 or -ENOMEM. The caller ends it with fini, also after a failure. */
int wt_file_view_init(struct wt_file_view *view, int fd, uint64_t end);
void wt_file_view_fini(struct wt_file_view *view);

/* `bytes` bytes (WT_FILE_VIEW_BYTES at most) at `offset`, valid until the next call; the piece
 * moves there. NULL if the file has less, or cannot be read. */
const uint8_t *wt_file_view_get(struct wt_file_view *view, uint64_t offset, size_t bytes);

/* The same into the caller's memory, and the piece stays where it is. */
bool wt_file_view_peek(struct wt_file_view *view, uint64_t offset, void *into, size_t bytes);

/* Where the first byte that is not zero is, from `offset` on; the view's end if there is none. */
uint64_t wt_file_view_skip_zeros(struct wt_file_view *view, uint64_t offset);

/* The place, at `offset` or after, before which nothing was ever written, so far as the file
 * system knows: there are zeros up to it. */
uint64_t wt_file_view_skip_hole(const struct wt_file_view *view, uint64_t offset);

#ifdef __cplusplus
}
#endif
#endif
