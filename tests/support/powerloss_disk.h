/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_POWERLOSS_DISK_H
#define WIRETAPE_TESTS_POWERLOSS_DISK_H

#include <stddef.h>
#include <stdint.h>

#include <wiretape/writer/disk/disk.h>

/* A disk that remembers, with their bytes, all requests and their ends, so that the file
 * can be had as a power cut at any moment could leave it. It writes to the descriptor as
 * well; stable storage it leaves alone. For one file, of which it sees only what comes
 * through the disk: cutting and closing happen after the last moment.
 *
 * Of one thread. Closed by wt_disk_close(), and with it what it remembers. */

/* Writes end in the order of the seed, some at a time; 0: in the order of handing in.
 * NULL: no memory. */
struct wt_disk *powerloss_disk_open(uint32_t seed);

/* The moment and what survives are drawn from the seed; 0: after the last request, and
 * all survives. Of the writes that had been handed in by then, those are whole that a sync
 * covers that had ended; of the others any of their 4096-byte pages are there and any are
 * zeros. The file ends anywhere (a multiple of 4096) from the end of what is covered to
 * the end of what was written or allocated.
 *
 * *bytes is the caller's to free, and not NULL. Returns how many bytes from the beginning
 * on are covered: as many have to be as they were written. */
size_t powerloss_image(const struct wt_disk *disk, uint32_t seed, uint8_t **bytes, size_t *length);

/* The same for the end of the process alone: at a moment drawn from the seed (0: after the
 * last) everything that had been written by then is there, and nothing else. */
size_t powerloss_kill_image(const struct wt_disk *disk, uint32_t seed, uint8_t **bytes,
                            size_t *length);

#endif
