/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_ERROR_H
#define WIRETAPE_BASE_ERROR_H

#include <wiretape/error.h>

/* Write the text (cut off if it is too long) and return `code`, so that a
 * function can end with `return wt_error_set(err, -EINVAL, "…")`. */
int wt_error_set(struct wt_error *err, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
