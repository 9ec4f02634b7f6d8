/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_TESTS_SYSTEM_DOUBLE_H
#define WIRETAPE_TESTS_SYSTEM_DOUBLE_H

#include <wiretape/stamp/system.h>

/* Wraps another struct wt_system, a simulated NIC's: a test can answer in its place or
 * change its answers, as a driver with a bug would. The caller's memory. */
struct system_double {
	struct wt_system system; /* first */
	struct wt_system *under;
	struct wt_system_ops ops; /* .states is for the test to set */

	/* Called with the question and the wrapped system's answer; their result replaces it.
	 * NULL: no change. */
	int (*on_open)(const char *path, int answer);
	int (*on_ioctl)(unsigned long request, void *argument, int answer);
	int (*on_interface_ioctl)(unsigned long request, struct ifreq *arg, int answer);
	ssize_t (*on_tsinfo)(void *out, size_t capacity, ssize_t answer);
	int (*on_clock)(clockid_t clock, int64_t *ns, int answer);
	int (*on_tai_offset)(int *seconds, int answer);

	int open_now; /* descriptors */
};

struct wt_system *system_double_before(struct system_double *made, struct wt_system *under);

#endif
