/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_SIZED_H
#define WIRETAPE_BASE_SIZED_H

/* Public structs that begin with their own size and may grow (export.h): the caller's may be older
 * or newer than ours. Pure; any thread. */

#include <stddef.h>

#include <wiretape/base/error.h>

/* Copy a caller's settings into `ours`, of `our_bytes`; members theirs lacks become 0. 0; -EINVAL
 * if the size was not set; -E2BIG if theirs is longer and the excess is not zero. `name` is the
 * struct's, for the message. */
int wt_sized_take(void *ours, size_t our_bytes, const void *theirs, const char *name,
                  struct wt_error *err);

/* Copy a result into the caller's struct, whose size is set: as much as it has room for, and 0
 * beyond ours. 0, or -EINVAL if the size was not set. */
int wt_sized_give(void *theirs, const void *ours, size_t our_bytes, const char *name,
                  struct wt_error *err);

#endif
