/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_INFO_FACES_H
#define WIRETAPE_CLI_INFO_FACES_H

/* The two faces of what `wiretape info` has found, both on standard output; whether
 * that could be written is for the caller to ask. */

#include "info_collect.h"

/* For a person. Nothing for a file that could not be opened. */
void wt_info_print(const struct wt_info_summary *summary);

/* For a program: one JSON object on a line of its own. */
void wt_info_print_json(const struct wt_info_summary *summary);

#endif
