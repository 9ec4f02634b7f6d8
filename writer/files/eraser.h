/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILES_ERASER_H
#define WIRETAPE_WRITER_FILES_ERASER_H

#include <stdbool.h>
#include <stdint.h>

/* Deletes files without keeping the disk from whoever writes to it: taking away a large file at
 * once occupies it for a second and more. The name goes first, and then the file in steps from its
 * end: at least as fast as new data comes, otherwise with pauses three times as long as a step. If
 * this program is killed meanwhile, the kernel takes away the rest.
 *
 * A file that others have open, or have another name for, stays as it is for them: only its name
 * goes. One thread; functions block as long as the disk does. All zero is an eraser at rest. */
struct wt_eraser {
	struct wt_eraser_file *first;
	uint64_t left_bytes;    /* of the disk, taken by files whose names are gone */
	uint64_t erased_bytes;  /* since there was nothing left */
	uint64_t written_bytes; /* by then */
	int64_t rested_ns;      /* when the pause after the last step ends */
};

/* Take away a name. `written_bytes` counts what is written to the disk meanwhile, here and in
 * wt_eraser_due_ns(). 0 or -errno. */
int wt_eraser_unlink(struct wt_eraser *eraser, int dir_fd, const char *name,
                     uint64_t written_bytes);

/* When to make the next step; INT64_MIN: at once, as more was written than was erased, or there is
 * a `hurry`. INT64_MAX: there is none. */
int64_t wt_eraser_due_ns(const struct wt_eraser *eraser, uint64_t written_bytes, bool hurry);

/* Make a step, if there is one. */
void wt_eraser_step(struct wt_eraser *eraser, int64_t (*now_ns)(void));

/* Leave what is left to the kernel. */
void wt_eraser_fini(struct wt_eraser *eraser);

#endif
