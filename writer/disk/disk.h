/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_DISK_DISK_H
#define WIRETAPE_WRITER_DISK_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wiretape/base/error.h>

/* Executes writes for sinks while their thread goes on: through io_uring, or by a thread that calls
 * pwrite(). Several files may share one. One thread submits requests and reaps them; nothing here
 * blocks it unless asked to wait. */
struct wt_disk;

enum wt_disk_op {
	WT_DISK_WRITE,    /* bytes, length, offset */
	WT_DISK_ALLOCATE, /* length, offset: reserve space, extend the file over it */
	WT_DISK_SYNC,     /* fdatasync() */
};

/* A request. The caller's memory, not to be touched from submission to `done`. */
struct wt_disk_request {
	enum wt_disk_op op;
	int fd;
	bool buffered; /* the descriptor goes through the page cache: keep dirty pages few */
	const uint8_t *bytes;
	size_t length;
	uint64_t offset;
	ssize_t result;     /* bytes written, 0, or a negative errno; may be short */
	int64_t started_ns; /* CLOCK_MONOTONIC, at submission */
	int64_t took_ns;
	void (*done)(struct wt_disk_request *request);
	void *owner;
	struct wt_disk_request *next; /* private to the disk, like the next member */
	unsigned attempts;
};

enum wt_disk_kind { WT_DISK_AUTO, WT_DISK_URING, WT_DISK_PWRITE };

/* Whether io_uring was built in. */
extern const bool wt_disk_has_uring;

/* Most requests in flight; more are refused with -EAGAIN. Enough for any disk: more would only keep
 * memory that the kernel could fill. */
#define WT_DISK_DEPTH 18

/* 0 and *disk. WT_DISK_AUTO uses io_uring if the kernel permits it; otherwise wt_disk_degraded()
 * says why. WT_DISK_URING fails instead. */
int wt_disk_open(struct wt_disk **disk, enum wt_disk_kind kind, struct wt_error *err);

/* Register memory that will be written from repeatedly, so that its pages are pinned once. At most
 * 16 regions; call it before the first request. Refusal costs only speed: then wt_disk_degraded()
 * says so. The memory must outlive the disk. */
void wt_disk_register(struct wt_disk *disk, uint8_t *base, size_t length);

/* Submit: 0, or -EAGAIN. The result comes through request->done, which may submit (there is room
 * for one then), but not reap. */
int wt_disk_submit(struct wt_disk *disk, struct wt_disk_request *request);

/* Call `done` for requests that have ended; with `wait` at least one, if any is in flight. Returns
 * their number. */
int wt_disk_reap(struct wt_disk *disk, bool wait);

/* Descriptor that is readable when there is something to reap. Then reap: a disk may have work to
 * do there even if no request ends. */
int wt_disk_fd(const struct wt_disk *disk);

uint32_t wt_disk_in_flight(const struct wt_disk *disk);

/* "io_uring" or "pwrite". */
const char *wt_disk_name(const struct wt_disk *disk);

/* How this falls short of the request, and why, in one sentence; or NULL. */
const char *wt_disk_degraded(const struct wt_disk *disk);

/* Wait for requests in flight and free. NULL is fine. */
void wt_disk_close(struct wt_disk *disk);

#endif
