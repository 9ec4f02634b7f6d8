/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_POWERLOSS_DISK_H
#define WIRETAPE_TESTS_POWERLOSS_DISK_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/writer/disk/disk.h>

/* A disk that remembers all requests, with their bytes, and their ends, to give the file as
 * a power cut at any moment could leave it. It also writes to the descriptor, but does not
 * sync. For one file, seen only through the disk: truncating and closing happen after the
 * last moment.
 *
 * One thread. wt_disk_close() closes it and frees its memory of requests. */

/* Open the disk. Writes end in the seed's order, some at a time; 0: in order of submission.
 * NULL: no memory. */
struct wt_disk *powerloss_disk_open(uint32_t seed);

/* Make the file after a power cut. The seed chooses the moment and the surviving pages; 0: after
 * the last request, and all survives. Writes submitted by then are whole if a completed sync
 * covers them; of the others any 4096-byte pages are there and any are zeros. The file ends at
 * any multiple of 4096 from the end of the covered bytes to the end of those written or
 * allocated.
 *
 * *bytes is the caller's to free, and not NULL. Returns the length of the covered prefix, whose
 * bytes must be as written. */
size_t powerloss_image(const struct wt_disk *disk, uint32_t seed, uint8_t **bytes, size_t *length);

/* Make the file after the end of the process alone: all writes that ended by a moment chosen by
 * the seed (0: after the last), and nothing else. */
size_t powerloss_kill_image(const struct wt_disk *disk, uint32_t seed, uint8_t **bytes,
                            size_t *length);

#endif
