/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_FILES_FILES_H
#define WIRETAPE_CLI_FILES_FILES_H

/* Output of cut and repair with --json. */

#include <wiretape/monitor/number_json.h>

extern const struct wt_document wt_cut_document;
extern const struct wt_document wt_repair_document;

#endif
