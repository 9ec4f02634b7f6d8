/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_DISK_DISK_PRIVATE_H
#define WIRETAPE_WRITER_DISK_DISK_PRIVATE_H

#include <wiretape/writer/disk/disk.h>

/* For implementations of a disk: io_uring, pwrite, and the doubles in tests/support. */
struct wt_disk_ops {
	const char *name;
	/* NULL: registration is unnecessary. */
	void (*know)(struct wt_disk *disk, uint8_t *base, size_t length);
	/* Start a request; never blocks. 0, or -EAGAIN. */
	int (*submit)(struct wt_disk *disk, struct wt_disk_request *request);
	/* Call wt_disk_complete() for requests that have ended. `wait` only while some are in
	 * flight. Completing one may submit others. */
	int (*reap)(struct wt_disk *disk, bool wait);
	/* Free the disk; nothing is in flight. */
	void (*close)(struct wt_disk *disk);
};

/* The head of every implementation's own struct. */
struct wt_disk {
	const struct wt_disk_ops *ops;
	int fd; /* returned by wt_disk_fd(); closed by the implementation */
	uint32_t in_flight;
	char degraded[640]; /* "": nothing falls short */
};

int64_t wt_disk_now_ns(void);

/* Complete a request in the thread of reap's caller: set its result and time, then call `done`. */
void wt_disk_complete(struct wt_disk *disk, struct wt_disk_request *request, ssize_t result,
                      int64_t ended_ns);

/* Most bytes written at once: what the kernel takes in one call, and a multiple of every granule.
 * The rest is a short write, which the caller continues. */
#define WT_DISK_WRITE_MOST ((size_t)1 << 30)

/* Retries of a request that the kernel answers with EAGAIN before that is its result. */
#define WT_DISK_ATTEMPTS_MOST 1000

/* Write-back state of a page-cached file: pages are pushed to the disk soon after they are written,
 * and dropped from the cache well after that, so that few are dirty. All of it is advice: a file
 * system without it loses nothing. */
struct wt_disk_behind {
	struct {
		int fd;
		uint64_t end;     /* end of the data written */
		uint64_t pushed;  /* pushed to the disk up to here */
		uint64_t dropped; /* dropped from the cache up to here */
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

#endif
