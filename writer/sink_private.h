/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_SINK_PRIVATE_H
#define WIRETAPE_WRITER_SINK_PRIVATE_H

#include <wiretape/base/file/file_place.h>
#include <wiretape/writer/sink.h>

enum { WT_SINK_PAGE_BYTES = 4096 };

/* Operations of an implementation; NULL where it needs none. */
struct wt_sink_ops {
	size_t granule;
	/* Start a write, which is the last of the list. 0: wt_sink_ended() has been or will be
	 * called; or -EAGAIN. */
	int (*write)(struct wt_sink *sink, struct wt_write *write);
	/* Writes that would be taken; NULL: any number. */
	uint32_t (*room)(const struct wt_sink *sink);
	/* Whether something other than writes is in flight. */
	bool (*is_busy)(const struct wt_sink *sink);
	void (*reap)(struct wt_sink *sink, int64_t now_ns);
	/* Reap after waiting until there is something to reap. */
	void (*wait)(struct wt_sink *sink);
	struct pollfd (*poll)(const struct wt_sink *sink);
	/* NULL: -ENOTSUP. */
	int (*cut)(struct wt_sink *sink, uint64_t length);
	int (*sync)(struct wt_sink *sink);
	/* NULL: -ENOTSUP. */
	int (*reopen)(const struct wt_sink *sink);
	/* Release everything but the struct, once settled; the file keeps `length` bytes. */
	int (*close)(struct wt_sink *sink, uint64_t length, bool sync);
};

/* The head of every implementation's own struct. */
struct wt_sink {
	const struct wt_sink_ops *ops;
	struct wt_sink_config config;
	wt_sink_landed *on_landed;
	void *context;
	/* Writes that have not landed, in the order of the file. */
	struct wt_write *first, **last;
	uint32_t unlanded;
	uint64_t taken;  /* bytes handed over, less those cut off */
	uint64_t landed; /* bytes of `taken` */
	int failed;      /* the error of the first failure in file order, or 0 */
	uint64_t failed_at;
	bool direct;
	struct wt_sink_statistics statistics;
	char degraded[512]; /* "": nothing falls short */
};

/* Allocate a sink of `size` bytes; -ENOMEM. */
int wt_sink_alloc(struct wt_sink **sink, size_t size, const struct wt_sink_ops *ops,
                  const struct wt_sink_config *config);

/* The first write in flight, in file order, or NULL. */
struct wt_write *wt_sink_oldest(const struct wt_sink *sink);

/* End a write: its owner gets the bytes back, and what lands by it is reported. `arrived`: bytes of
 * it that a stream took. */
void wt_sink_ended(struct wt_sink *sink, struct wt_write *write, int error, size_t arrived,
                   int64_t ended_ns);

/* Note a failure at this offset; the first in file order is kept. */
void wt_sink_fail(struct wt_sink *sink, uint64_t offset, int error);

/* Make a stream; its descriptor becomes the sink's if `owned`. */
int wt_sink_stream_adopt(struct wt_sink **sink, int fd, bool owned,
                         const struct wt_sink_config *config);

/* Regular file that was opened, and is ready to be written. */
struct wt_sink_opened {
	int fd; /* closed when the sink is */
	struct wt_file_place place;
	char *path;
	bool direct;          /* writes bypass the page cache; */
	bool direct_required; /* or else fail */
	char degraded[512];
};

/* Make a sink of it, to which all of it then belongs. */
int wt_sink_file_adopt(struct wt_sink **sink, const struct wt_sink_opened *opened,
                       struct wt_disk *disk, const struct wt_sink_config *config);

#endif
