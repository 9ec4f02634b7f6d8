/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_SINK_PRIVATE_H
#define WIRETAPE_WRITER_SINK_PRIVATE_H

#include <wiretape/writer/sink.h>

enum { WT_SINK_PAGE_BYTES = 4096 };

/* Operations of an implementation; NULL where it needs none. */
struct wt_sink_ops {
	size_t granule;
	/* Write at sink->taken. 0: accepted, and wt_sink_ended() has been or will be called; or
	 * -EAGAIN. */
	int (*write)(struct wt_sink *sink, const uint8_t *bytes, size_t length, void *token);
	uint32_t (*room)(const struct wt_sink *sink);
	bool (*is_idle)(const struct wt_sink *sink);
	void (*reap)(struct wt_sink *sink);
	void (*settle)(struct wt_sink *sink);
	/* NULL: -ENOTSUP. */
	int (*cut)(struct wt_sink *sink, uint64_t length);
	int (*sync)(struct wt_sink *sink);
	/* NULL: -ENOTSUP. */
	int (*reopen)(const struct wt_sink *sink);
	/* When the oldest write in flight was handed over. */
	int64_t (*oldest_started_ns)(const struct wt_sink *sink);
	/* Release everything but the struct, once settled; the file keeps `length` bytes. */
	int (*close)(struct wt_sink *sink, uint64_t length, bool sync);
};

/* The head of every implementation's own struct. */
struct wt_sink {
	const struct wt_sink_ops *ops;
	struct wt_sink_config config;
	uint64_t taken;  /* bytes handed over, less those cut off */
	uint64_t synced; /* bytes of `taken` known to be on stable storage */
	int failed;      /* the error of the first failure in file order, or 0 */
	uint64_t failed_at;
	uint64_t whole;   /* bytes before the first failed write: worth keeping */
	uint64_t arrived; /* wt_sink_accepted() */
	bool direct;
	struct wt_sink_statistics statistics;
	char degraded[512]; /* "": nothing falls short */
};

/* One write in flight or just made. */
struct wt_sink_piece {
	uint64_t offset;
	size_t length;
	void *token;
	int64_t started_ns;
};

/* Allocate a sink of `size` bytes; -ENOMEM. */
int wt_sink_alloc(struct wt_sink **sink, size_t size, const struct wt_sink_ops *ops,
                  const struct wt_sink_config *config);

/* Account for a write's beginning and end: statistics, failure, and `done`. */
void wt_sink_began(struct wt_sink *sink);
void wt_sink_ended(struct wt_sink *sink, const struct wt_sink_piece *piece, int error,
                   int64_t ended_ns);

/* Note a failure at this offset; the first in file order is kept. */
void wt_sink_fail(struct wt_sink *sink, uint64_t offset, int error);

/* Make a stream; its descriptor becomes the sink's if `owned`. */
int wt_sink_stream_adopt(struct wt_sink **sink, int fd, bool owned,
                         const struct wt_sink_config *config);

#endif
