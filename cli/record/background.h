/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_BACKGROUND_H
#define WIRETAPE_CLI_BACKGROUND_H

/* A process that goes on in the background once it has begun what it was started for, and not
 * before: what goes wrong until then shows where it was started, as if nobody had forked. */

#include <stdbool.h>

/* Fork, while there is one thread. In the child true, and *release is where to say that it has
 * begun. In the parent false, once the child has said so, or has ended: the process id is printed
 * or not, and *code is the exit code; of a signal that ended the child the parent dies, too.
 * Until then signals to the parent are passed on. */
bool wt_background_fork(int *release, int *code);

/* In the child: become independent of the terminal and let the parent go. A new session, standard
 * input, output and error are /dev/null from now on, but for output and error in a regular file.
 * False: nobody waits any more. */
bool wt_background_release(int release);

#endif
