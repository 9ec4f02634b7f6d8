/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_BASE_PATIENCE_H
#define WIRETAPE_BASE_PATIENCE_H

#include <stdbool.h>

/* Whether a caller that waits, for a pipe or the filter compiler, still wants the result. */
struct wt_patience {
	bool (*is_over)(void *context); /* called at least every 50 ms during the wait */
	void *context;
};

#endif
