/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_ERROR_H
#define WIRETAPE_ERROR_H

/* An error in words for a person: the thing, the reason, the way out.
 *
 * Functions return 0 or a negative errno; those with more to say take a `struct wt_error *` as
 * their last argument, which may be NULL and is written only on failure. The text is one line
 * without a newline. */
struct wt_error {
	int code; /* the negative errno that was returned, 0 if nothing failed */
	char text[504];
};

#endif
