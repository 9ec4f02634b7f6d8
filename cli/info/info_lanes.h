/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_INFO_INFO_LANES_H
#define WIRETAPE_CLI_INFO_INFO_LANES_H

/* The files of a recording in lanes as one: sums of what is in each. */

#include "info_collect.h"

#include <wiretape/archive/file_list.h>

/* Read the files of a set, all of them lanes' of one recording. Overwrites *summary, which keeps
 * `path` and ends with wt_info_fini(). Its result is -EEXIST for a file that is there twice, at
 * which reading ends; else that of the first file that could not be read to its end; else -ENOENT
 * if files or lanes are missing, unless `path` is the only file; or 0. May block. */
void wt_info_collect_lanes(struct wt_info_summary *summary, const char *path,
                           const struct wt_file_list *files, size_t set);

/* Add a file to the sums, and end it. -ENOMEM: the sums are not whole. */
int wt_info_join(struct wt_info_summary *sum, struct wt_info_summary *one);

/* A ledger's text with the counts of both, by name; of levels the larger. The caller's to free;
 * NULL: no memory. */
char *wt_info_join_ledgers(const char *a, const char *b);

#endif
