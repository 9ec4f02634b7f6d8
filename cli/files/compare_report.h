/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_FILES_COMPARE_REPORT_H
#define WIRETAPE_CLI_FILES_COMPARE_REPORT_H

/* Report of `wiretape compare` on two captures, on standard output. */

#include <stdbool.h>

#include <wiretape/archive/compare/compare.h>
#include <wiretape/monitor/number_json.h>

enum { WT_COMPARE_SIDES = 2 };

/* Captures compared, and the findings. */
struct wt_compare_report {
	struct wt_compare_files_config config;
	const char *names[WT_COMPARE_SIDES]; /* as given; of several files the first */
	struct wt_compare_file files[WT_COMPARE_SIDES];
	struct wt_compare_result result;
};

/* Print for people; `examples`: of packets that differ. */
void wt_compare_report_print(const struct wt_compare_report *report, bool examples);

extern const struct wt_document wt_compare_document;

/* Print for programs: an object on a line. False if it could not be written. */
bool wt_compare_report_json(const struct wt_compare_report *report);

/* Warn on standard error of oddities in the files and in the comparison, whatever was asked for. */
void wt_compare_report_warn(const struct wt_compare_report *report);

/* Check whether a file is broken, and not only cut off. */
bool wt_compare_report_broken(const struct wt_compare_file *file);

#endif
