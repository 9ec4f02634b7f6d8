/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_FILES_ON_CLOSE_H
#define WIRETAPE_WRITER_FILES_ON_CLOSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A command running for a file. */
struct wt_on_close {
	pid_t pid;
	int pidfd;       /* readable once it has ended; -1 if the kernel lacks pidfds */
	int64_t due_ns;  /* when to terminate or kill it; CLOCK_MONOTONIC */
	bool terminated; /* it has been terminated */
};

/* Have the shell run `command` with `path` as its argument, whatever characters that contains. It
 * starts with default signal handlers and an empty mask, stdin is /dev/null, and it has its own
 * process group: a ^C that ends the recording does not reach it. Does not wait for it. 0 or
 * -errno. */
int wt_on_close_start(struct wt_on_close *running, const char *command, const char *path);

/* End it and its whole process group: by SIGTERM first, then by SIGKILL. */
void wt_on_close_terminate(struct wt_on_close *running);

/* Whether it has ended; if it was terminated, its group is killed. Then *status is from waitpid(),
 * or -1 if somebody else has collected it (SIGCHLD is ignored), and *running is finished. Never
 * blocks. */
bool wt_on_close_ended(struct wt_on_close *running, int *status);

#endif
