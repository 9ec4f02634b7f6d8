/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_TEXT_PUT_H
#define WIRETAPE_BASE_TEXT_PUT_H

/* Text built piece by piece. Not installed. Pure, any thread. */

#include <stddef.h>

/* `length` grows beyond the capacity (which includes the NUL), as snprintf() reports it. */
struct wt_text {
	char *chars;
	size_t capacity;
	size_t length;
};

void wt_text_put(struct wt_text *text, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#endif
