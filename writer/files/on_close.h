/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_WRITER_ON_CLOSE_H
#define WIRETAPE_WRITER_ON_CLOSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A command that runs for a file. */
struct wt_on_close {
	pid_t pid;
	int pidfd;       /* readable once it has ended; -1 where the kernel has no such thing */
	int64_t due_ns;  /* when it is to be ended, or ended for good; CLOCK_MONOTONIC */
	bool terminated; /* it was told to end */
};

/* Have the shell run `command` with `path` for its argument, whatever characters that has.
 * It starts with default signal handlers and an empty mask, stdin is /dev/null, and it has
 * a process group of its own: a ^C that ends the recording is not meant for it. Does not
 * wait for it. 0 or -errno. */
int wt_on_close_start(struct wt_on_close *running, const char *command, const char *path);

/* Have it and all of its process group end: the first time by SIGTERM, then by SIGKILL. */
void wt_on_close_terminate(struct wt_on_close *running);

/* Whether it has ended; of one that was terminated nothing is left running. Then *status is as
 * waitpid() gives it, or -1 if somebody else has collected it (SIGCHLD is ignored), and *running is
 * done with. Never blocks. */
bool wt_on_close_ended(struct wt_on_close *running, int *status);

#ifdef __cplusplus
}
#endif
#endif
