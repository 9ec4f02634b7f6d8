/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/base/file/file_view.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int wt_file_view_init(struct wt_file_view *view, int fd, uint64_t end)
{
	*view = (struct wt_file_view){.fd = fd, .end = end, .piece = malloc(WT_FILE_VIEW_BYTES)};
	return view->piece ? 0 : -ENOMEM;
}

void wt_file_view_fini(struct wt_file_view *view)
{
	free(view->piece);
	view->piece = NULL;
}

/* Read up to `bytes` bytes, as many as the file has. */
static size_t read_at(struct wt_file_view *view, uint8_t *into, size_t bytes, uint64_t offset)
{
	size_t done = 0;

	while (done < bytes && !view->failed) {
		ssize_t got = pread(view->fd, into + done, bytes - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			view->failed = -errno;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	view->bytes_read += done;
	return done;
}

static bool is_in_piece(const struct wt_file_view *view, uint64_t offset, size_t bytes)
{
	return offset >= view->at && offset - view->at <= view->length &&
	       bytes <= view->length - (size_t)(offset - view->at);
}

static bool is_in_file(const struct wt_file_view *view, uint64_t offset, size_t bytes)
{
	return offset <= view->end && bytes <= view->end - offset;
}

const uint8_t *wt_file_view_get(struct wt_file_view *view, uint64_t offset, size_t bytes)
{
	size_t want = WT_FILE_VIEW_BYTES;

	if (!is_in_file(view, offset, bytes) || bytes > WT_FILE_VIEW_BYTES)
		return NULL;
	if (!is_in_piece(view, offset, bytes)) {
		if (want > view->end - offset)
			want = (size_t)(view->end - offset);
		view->at = offset;
		view->length = read_at(view, view->piece, want, offset);
	}
	return is_in_piece(view, offset, bytes) ? view->piece + (offset - view->at) : NULL;
}

bool wt_file_view_peek(struct wt_file_view *view, uint64_t offset, void *into, size_t bytes)
{
	if (!is_in_file(view, offset, bytes))
		return false;
	if (!is_in_piece(view, offset, bytes))
		return read_at(view, into, bytes, offset) == bytes;
	memcpy(into, view->piece + (offset - view->at), bytes);
	return true;
}

uint64_t wt_file_view_skip_hole(const struct wt_file_view *view, uint64_t offset)
{
	off_t data = lseek(view->fd, (off_t)offset, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? view->end : offset;
	return (uint64_t)data < view->end ? (uint64_t)data : view->end;
}

uint64_t wt_file_view_skip_zeros(struct wt_file_view *view, uint64_t offset)
{
	while (offset < view->end) {
		const uint8_t *bytes;
		size_t length, i = 0;

		if (!is_in_piece(view, offset, 1))
			offset = wt_file_view_skip_hole(view, offset);
		bytes = wt_file_view_get(view, offset, 1);
		if (!bytes)
			break;
		length = view->length - (size_t)(offset - view->at);
		while (i < length && !bytes[i])
			i++;
		offset += i;
		if (i < length)
			break;
	}
	return offset;
}
