/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_SINK_PRIVATE_H
#define WIRETAPE_WRITER_SINK_PRIVATE_H

#include <wiretape/writer/sink.h>

enum {
	WT_SINK_BUFFER_BYTES = 1 << 20, /* room for the largest reservation */
	/* Write as soon as there is this much: the copy into the page cache then still finds
	 * it in the processor's own. Measured against 1 MiB: a third less time. */
	WT_SINK_WRITE_BYTES = 128 << 10,
};

struct wt_sink_ops {
	/* Write all of it at the file's end. 0 or -errno; *landed bytes arrived. */
	int (*write)(struct wt_sink *sink, const uint8_t *bytes, size_t length, size_t *landed);
	/* Make the file `length` bytes long; -ENOTSUP for a stream. */
	int (*truncate)(struct wt_sink *sink, uint64_t length);
	int (*close)(struct wt_sink *sink);
};

/* The head of every implementation's own struct. */
struct wt_sink {
	const struct wt_sink_ops *ops;
	uint8_t *buffer;
	size_t used;      /* submitted, not yet written */
	uint64_t written; /* in the file, without the buffer */
	size_t landed;    /* of a failed write */
	int failed;       /* its error, or 0 */
};

/* A sink of `size` bytes with a buffer; -ENOMEM. */
int wt_sink_alloc(struct wt_sink **sink, size_t size, const struct wt_sink_ops *ops);
void wt_sink_free(struct wt_sink *sink);

#endif
