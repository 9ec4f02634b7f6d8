/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_RING_ERROR_H
#define WIRETAPE_RING_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, in words for a person: the thing, the reason, the way out.
 *
 * Functions return 0 or a negative errno; those that can say more take a
 * `struct wt_error *` as their last argument, which may be NULL and is written
 * only when they fail. The text is one line without a newline. */
struct wt_error {
	int code; /* the negative errno that was returned, 0 if nothing failed */
	char text[504];
};

/* Write the text (cut off if it is too long) and return `code`, so that a
 * function can end with `return wt_error_set(err, -EINVAL, "…")`. */
int wt_error_set(struct wt_error *err, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
