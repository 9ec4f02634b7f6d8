/* SPDX-License-Identifier: BSD-2-Clause */
#include <wiretape/archive/repair/recover_private.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 20 };

int wt_recover_read(int fd, void *into, size_t bytes, uint64_t offset)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = pread(fd, (char *)into + done, bytes - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -ENODATA;
		done += (size_t)got;
	}
	return 0;
}

int wt_recover_write(int fd, const void *bytes, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t put = pwrite(fd, (const char *)bytes + done, length - done,
		                     (off_t)(offset + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		done += (size_t)put;
	}
	return 0;
}

/* Copy through memory where the file systems cannot do it themselves. */
static int copy_through(int from, uint64_t offset, uint64_t end, int to, uint64_t to_offset)
{
	uint8_t *buffer = malloc(COPY_BYTES);
	int rc = buffer ? 0 : -ENOMEM;

	while (!rc && offset < end) {
		size_t bytes = end - offset < COPY_BYTES ? (size_t)(end - offset) : COPY_BYTES;

		rc = wt_recover_read(from, buffer, bytes, offset);
		if (!rc)
			rc = wt_recover_write(to, buffer, bytes, to_offset);
		offset += bytes;
		to_offset += bytes;
	}
	free(buffer);
	return rc;
}

int wt_recover_copy_range(int from, uint64_t offset, uint64_t end, int to, uint64_t to_offset)
{
	while (offset < end) {
		off_t in = (off_t)offset, out = (off_t)to_offset;
		ssize_t done = copy_file_range(from, &in, to, &out, (size_t)(end - offset), 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return copy_through(from, offset, end, to, to_offset);
		offset += (uint64_t)done;
		to_offset += (uint64_t)done;
	}
	return 0;
}
