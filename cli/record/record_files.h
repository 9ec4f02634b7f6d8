/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_RECORD_FILES_H
#define WIRETAPE_CLI_RECORD_RECORD_FILES_H

#include <wiretape/cli/options.h>
#include <wiretape/writer/files/file_set.h>

/* The options of `wiretape record` that make several files of a recording, of a struct
 * wt_file_set_config, which points to their values as long as it is used. */
extern const struct wt_option wt_record_files_rows[];

/* Check that the options go together, once all of them have been taken. */
int wt_record_files_check(const struct wt_file_set_config *files);

#endif
