/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_FAULT_DISK_H
#define WIRETAPE_TESTS_FAULT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/writer/disk/disk.h>

/* A disk with faults, over real files: a request is carried out with plain system calls
 * when it is reaped, not before, so that changing the memory of a write in flight shows in
 * the file.
 *
 * For the thread that uses the disk, except fault_disk_hold(), which any may call. Closed
 * by wt_disk_close(). Writes count from 1, resubmissions included. */

/* NULL: no memory. */
struct wt_disk *fault_disk_open(void);

/* End the nth write with this negative errno (0: with 0 bytes), without writing. One
 * such write at a time; `fault_disk_fail_from` is for all from the nth on. */
void fault_disk_fail_write(struct wt_disk *disk, unsigned nth, int error);
void fault_disk_fail_from(struct wt_disk *disk, unsigned nth, int error);

/* End the nth write, or all from the nth on, after `bytes` bytes. */
void fault_disk_short_write(struct wt_disk *disk, unsigned nth, size_t bytes);
void fault_disk_short_from(struct wt_disk *disk, unsigned nth, size_t bytes);

/* End all allocations from now on with this error; 0: carry them out again. */
void fault_disk_fail_allocate(struct wt_disk *disk, int error);
void fault_disk_fail_sync(struct wt_disk *disk, int error);

/* Let nothing end until this is called with false. Reaping with `wait` blocks that long. */
void fault_disk_hold(struct wt_disk *disk, bool hold);

/* While it is held, let that many of the oldest requests end all the same. */
void fault_disk_let_end(struct wt_disk *disk, unsigned requests);

/* Let the oldest request that is in flight not end until this is called with false. */
void fault_disk_keep_first(struct wt_disk *disk, bool keep);

/* Once `from` writes are submitted, let nothing end before there are `until`. Whoever waits in
 * between waits forever. */
void fault_disk_hold_between(struct wt_disk *disk, unsigned from, unsigned until);

/* End requests in a random order, some at a time; the same for the same seed. 0: in the
 * order of submission, all at once. */
void fault_disk_shuffle(struct wt_disk *disk, uint32_t seed);

struct fault_disk_counts {
	unsigned writes, allocates, syncs; /* handed in */
	unsigned in_flight_most;
	uint64_t allocated_end; /* the furthest that was allocated */
};

struct fault_disk_counts fault_disk_counts(const struct wt_disk *disk);

#endif
