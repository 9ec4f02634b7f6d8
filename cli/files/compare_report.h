/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_COMPARE_REPORT_H
#define WIRETAPE_CLI_COMPARE_REPORT_H

/* What `wiretape compare` says of two captures, on standard output. */

#include <stdbool.h>

#include <wiretape/archive/compare/compare.h>

enum { WT_COMPARE_SIDES = 2 };

/* What was compared and what was found. */
struct wt_compare_report {
	struct wt_compare_files_config config;
	struct wt_compare_file files[WT_COMPARE_SIDES];
	struct wt_compare_result result;
};

/* For people; `examples`: of packets that are not the same. */
void wt_compare_report_print(const struct wt_compare_report *report, bool examples);

/* For programs: an object on a line. False if it could not be written. */
bool wt_compare_report_json(const struct wt_compare_report *report);

/* What a user should know of the files and of what was compared, whatever was asked for; on
 * standard error. */
void wt_compare_report_warn(const struct wt_compare_report *report);

/* Whether a file is broken, and not only cut off. */
bool wt_compare_report_broken(const struct wt_compare_file *file);

#endif
