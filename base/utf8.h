/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_UTF8_H
#define WIRETAPE_BASE_UTF8_H

/* Not installed. Pure, any thread. */

#include <stddef.h>

/* Length in bytes of the character at the start of a nonempty text; 0 if it is not UTF-8. */
size_t wt_utf8_length(const char *text);

#endif
