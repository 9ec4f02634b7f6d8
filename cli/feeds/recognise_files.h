/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_FEEDS_RECOGNISE_FILES_H
#define WIRETAPE_CLI_FEEDS_RECOGNISE_FILES_H

/* Gives packets of files to a recogniser, for `feeds` and for `check`. */

#include <stddef.h>
#include <stdint.h>

#include <wiretape/archive/file_list.h>
#include <wiretape/archive/timeline/timeline.h>
#include <wiretape/base/patience.h>
#include <wiretape/feed/recognise/recognise.h>

/* Read the files as one timeline, whose `files` are filled: up to `most` packets, 0 for all. 0; the
 * error of the timeline, -EINTR when the patience is over. */
int wt_recognise_files(struct wt_recogniser *recogniser, const char *const *paths, size_t count,
                       uint64_t most, const struct wt_patience *patience,
                       struct wt_timeline_file *files, struct wt_error *err);

#endif
