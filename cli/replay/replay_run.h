/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_REPLAY_REPLAY_RUN_H
#define WIRETAPE_CLI_REPLAY_REPLAY_RUN_H

/* Run `wiretape replay` and `wiretape generate` once their options are known. */

#include "replay_options.h"

/* Catch signals: from now on they only set what the replay looks at. */
struct wt_replayer_stop *wt_replay_catch_signals(void);

/* Send it all, and report: an exit code. */
int wt_replay_run_options(struct wt_replay_options *options);

#endif
