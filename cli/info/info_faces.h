/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_INFO_INFO_FACES_H
#define WIRETAPE_CLI_INFO_INFO_FACES_H

/* The two faces of `wiretape info`, both on standard output; the caller asks whether that could be
 * written. */

#include "info_collect.h"

#include <wiretape/monitor/number_json.h>

/* Print for people. Nothing for a file that could not be opened. */
void wt_info_print(const struct wt_info_summary *summary);

/* For a program: one JSON object on a line of its own. */
extern const struct wt_document wt_info_document;
void wt_info_print_json(const struct wt_info_summary *summary);

#endif
