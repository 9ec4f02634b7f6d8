/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/cut/cut_private.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

int wt_cut_flush(struct cut *cut, struct wt_error *err)
{
	size_t done = 0;

	while (done < cut->used) {
		ssize_t put = write(cut->out.fd, cut->buffer + done, cut->used - done);
		int code = -errno;

		if (put < 0 && code == -EINTR)
			continue;
		if (put < 0)
			return wt_error_set(err, code, "cannot write to '%s': %s", cut->config->out,
			                    strerror(-code));
		done += (size_t)put;
	}
	cut->flushed += cut->used;
	cut->used = 0;
	return 0;
}

int wt_cut_reserve(struct cut *cut, size_t bytes, struct wt_error *err)
{
	size_t room = bytes > BUFFER_BYTES ? bytes : BUFFER_BYTES;
	uint8_t *grown;
	int rc;

	if (cut->room - cut->used >= bytes)
		return 0;
	rc = wt_cut_flush(cut, err);
	if (rc || cut->room >= bytes)
		return rc;
	grown = realloc(cut->buffer, room);
	if (!grown)
		return wt_error_set(err, -ENOMEM, "no memory for a packet of %zu bytes", bytes);
	cut->buffer = grown;
	cut->room = room;
	return 0;
}

int wt_cut_take(struct cut *cut, ssize_t bytes, struct wt_error *err)
{
	if (bytes < 0)
		return wt_error_set(err, (int)bytes, "a block does not fit its buffer");
	cut->used += (size_t)bytes;
	return 0;
}
