/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_CHECK_CHECK_READ_H
#define WIRETAPE_CLI_CHECK_CHECK_READ_H

/* Reads all files of a check, once: packets of one file in the order in which they stand there, as
 * the recorder accounted for them; files of one recording after each other; overlapping ones merged
 * by stamp. */

#include "check_head.h"
#include "check_source.h"

#include <stddef.h>
#include <stdint.h>

/* Read `files`, in the order of wt_check_order(), which made `series`. The books of each are
 * filled, and the monitor, if there is one, gets everything and has finished at the end. 0; -EINTR
 * when the patience is over: what was read until then counts; -ENOMEM. */
int wt_check_read(struct wt_check_context *context, struct wt_check_file *files,
                  const struct wt_check_series *series, size_t series_count, struct wt_error *err);

#endif
