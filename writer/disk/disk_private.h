/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_DISK_PRIVATE_H
#define WIRETAPE_WRITER_DISK_PRIVATE_H

#include <wiretape/writer/disk/disk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For those who implement a disk: io_uring, pwrite, and the doubles in tests/support. */
struct wt_disk_ops {
	const char *name;
	/* NULL: memory need not be known. */
	void (*know)(struct wt_disk *disk, uint8_t *base, size_t length);
	/* Take it on; never blocks. 0, or -EAGAIN. */
	int (*submit)(struct wt_disk *disk, struct wt_disk_request *request);
	/* wt_disk_complete() for those that have ended. `wait` only while some are in flight.
	 * Completing one may submit others. */
	int (*reap)(struct wt_disk *disk, bool wait);
	/* Nothing is in flight. Frees the disk. */
	void (*close)(struct wt_disk *disk);
};

/* The head of every implementation's own struct. */
struct wt_disk {
	const struct wt_disk_ops *ops;
	int fd; /* what wt_disk_fd() gives; the implementation's to close */
	uint32_t in_flight;
	char degraded[640]; /* "": nothing is less than asked */
};

int64_t wt_disk_now_ns(void);

/* In the thread of the caller of reap: the request's result and time, then its `done`. */
void wt_disk_complete(struct wt_disk *disk, struct wt_disk_request *request, ssize_t result,
                      int64_t ended_ns);

/* The most that is written at once: what the kernel takes in one call, and a multiple of
 * every granule. What is left is a short write, which the caller carries on. */
#define WT_DISK_WRITE_MOST ((size_t)1 << 30)

/* How often a request that the kernel answers with EAGAIN is tried again before that is
 * its result. */
#define WT_DISK_ATTEMPTS_MOST 1000

/* Where a file that goes through the page cache stands: written out behind the writer, and
 * dropped from the cache well behind that, dirty pages stay few. All of it is advice: a file
 * system without it loses nothing. */
struct wt_disk_behind {
	struct {
		int fd;
		uint64_t end;     /* of what has been written */
		uint64_t pushed;  /* sent to the disk up to here */
		uint64_t dropped; /* from the cache up to here */
	} files[8];
	unsigned count, next;
};

struct wt_disk_advice {
	int fd;
	uint64_t push_offset, push_length; /* sync_file_range(SYNC_FILE_RANGE_WRITE) */
	uint64_t drop_offset, drop_length; /* posix_fadvise(POSIX_FADV_DONTNEED), unless 0 */
};

/* Note a buffered write of `length` bytes. True: *advice is due. */
bool wt_disk_behind_note(struct wt_disk_behind *behind, const struct wt_disk_request *request,
                         size_t length, struct wt_disk_advice *advice);

int wt_disk_uring_open(struct wt_disk **disk, struct wt_error *err);
int wt_disk_pwrite_open(struct wt_disk **disk, struct wt_error *err);

#ifdef __cplusplus
}
#endif
#endif
