/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_FILE_VIEW_H
#define WIRETAPE_BASE_FILE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* View of a file that is read from beginning to end with glances ahead: one piece of it is in
 * memory, and reads elsewhere leave that piece alone. So few bytes are read, whatever the file
 * contains.
 *
 * One thread at a time. Functions that read may block on the disk. */

enum { WT_FILE_VIEW_BYTES = 256 << 10 };

struct wt_file_view {
	int fd;              /* the caller's */
	uint64_t end;        /* end of the view: nothing beyond is read */
	uint8_t *piece;      /* WT_FILE_VIEW_BYTES */
	uint64_t at;         /* offset of the piece in the file */
	size_t length;       /* bytes of the piece that are valid */
	uint64_t bytes_read; /* bytes read so far */
	int failed;          /* 0, or the negative errno of a read: then the piece is empty */
};

/* 0 or -ENOMEM. The caller calls fini, also after a failure. */
int wt_file_view_init(struct wt_file_view *view, int fd, uint64_t end);
void wt_file_view_fini(struct wt_file_view *view);

/* Return `bytes` bytes (WT_FILE_VIEW_BYTES at most) at `offset`, valid until the next call; the
 * piece moves there. NULL if the file has fewer or cannot be read. */
const uint8_t *wt_file_view_get(struct wt_file_view *view, uint64_t offset, size_t bytes);

/* Read into the caller's memory; the piece stays where it is. */
bool wt_file_view_peek(struct wt_file_view *view, uint64_t offset, void *into, size_t bytes);

/* Find the first nonzero byte from `offset` on; the view's end if there is none. */
uint64_t wt_file_view_skip_zeros(struct wt_file_view *view, uint64_t offset);

/* Find the place, at `offset` or after, up to which nothing was ever written, as far as the file
 * system knows: zeros lead up to it. */
uint64_t wt_file_view_skip_hole(const struct wt_file_view *view, uint64_t offset);

#endif
