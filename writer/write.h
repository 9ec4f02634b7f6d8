/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_WRITE_H
#define WIRETAPE_WRITER_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/pcapng/chunk.h>
#include <wiretape/writer/disk/disk.h>

struct wt_write;

/* What whoever owns the bytes of a write gets back, each once, in the thread of the sink, which
 * they must not call. */
struct wt_write_owner {
	/* The bytes: nobody reads them any more, the write has ended, well or not. The record stays
	 * in use. */
	void (*release)(struct wt_write *write);
	/* The record, after the bytes: this write and all before it have landed, or it never
	 * will. */
	void (*retire)(struct wt_write *write);
};

/* One write, from the tape to the disk and back: the only record of it. It lives in memory of
 * whoever owns the bytes (a held block, a buffer), at its beginning, and belongs to the tape and
 * its sink from the hand-over until `retire`. So a block goes back to the kernel as soon as it is
 * written, while its record waits for the writes before it. */
struct wt_write {
	struct wt_disk_request request; /* first: what is left to write */
	/* Set by the owner. */
	const struct wt_write_owner *owner;
	uint64_t *packets; /* by interface; NULL: `count` of `interface` */
	uint64_t count;
	uint32_t interface;
	/* Set by the tape. */
	const uint8_t *bytes;
	size_t length;
	struct wt_chunk_run after; /* the file's run after it */
	/* The sink's. */
	uint64_t offset;       /* in the file */
	struct wt_write *next; /* in the order of the file */
	int64_t started_ns;    /* CLOCK_MONOTONIC, when it was handed over */
	bool ended;
	int error;
	unsigned stuck; /* consecutive short writes without progress */
};

#endif
