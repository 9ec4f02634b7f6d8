/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_BACKGROUND_H
#define WIRETAPE_CLI_RECORD_BACKGROUND_H

/* A process that goes on in the background once it has begun its work, and not before: errors until
 * then show where it was started, as if nobody had forked. */

#include <stdbool.h>

/* Fork, while there is one thread. In the child true, and *release is for reporting that it has
 * begun. In the parent false, once the child has reported that, or has ended: the process id is
 * printed or not, and *code is the exit code; a signal that ended the child ends the parent, too.
 * Until then signals to the parent are passed on. */
bool wt_background_fork(int *release, int *code);

/* Become independent of the terminal, in the child, and let the parent go. A new session; standard
 * input, output and error are /dev/null from now on, except output and error in a regular file.
 * False: nobody waits any more. */
bool wt_background_release(int release);

#endif
