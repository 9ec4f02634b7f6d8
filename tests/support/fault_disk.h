/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_FAULT_DISK_H
#define WIRETAPE_TESTS_FAULT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wiretape/writer/disk/disk.h>

/* A disk with faults, over real files: a request is carried out with plain system calls
 * when it is reaped, not before. So whoever touches the memory of a write in flight
 * finds that in the file.
 *
 * Of the thread that uses the disk, but for fault_disk_hold(), which any may call. Closed
 * by wt_disk_close(). Writes are counted from 1, a resubmission counts as one. */

/* NULL: no memory. */
struct wt_disk *fault_disk_open(void);

/* The nth write ends with this negative errno (0: with 0 bytes), without writing. One
 * such write at a time; `fault_disk_fail_from` is for all from the nth on. */
void fault_disk_fail_write(struct wt_disk *disk, unsigned nth, int error);
void fault_disk_fail_from(struct wt_disk *disk, unsigned nth, int error);

/* The nth write, or all from the nth on, end after `bytes` bytes. */
void fault_disk_short_write(struct wt_disk *disk, unsigned nth, size_t bytes);
void fault_disk_short_from(struct wt_disk *disk, unsigned nth, size_t bytes);

/* All from now on end so; 0: they are carried out again. */
void fault_disk_fail_allocate(struct wt_disk *disk, int error);
void fault_disk_fail_sync(struct wt_disk *disk, int error);

/* Nothing ends until this is called with false. Reaping with `wait` blocks that long. */
void fault_disk_hold(struct wt_disk *disk, bool hold);

/* Once `from` writes have been handed in nothing ends before there are `until`. Whoever waits
 * in between waits for ever. */
void fault_disk_hold_between(struct wt_disk *disk, unsigned from, unsigned until);

/* Requests end in a random order, some at a time; the same for the same seed. 0: in the
 * order in which they were handed in, all at once. */
void fault_disk_shuffle(struct wt_disk *disk, uint32_t seed);

struct fault_disk_counts {
	unsigned writes, allocates, syncs; /* handed in */
	unsigned in_flight_most;
	uint64_t allocated_end; /* the furthest that was allocated */
};

struct fault_disk_counts fault_disk_counts(const struct wt_disk *disk);

#endif
