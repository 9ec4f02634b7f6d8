/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_RECORD_FILES_H
#define WIRETAPE_CLI_RECORD_FILES_H

#include <wiretape/writer/files/file_set.h>

/* The options of `wiretape record` that make several files of a recording. Each takes the
 * option's value into *files, which points to it as long as it is used, and returns 0, or
 * an exit code after having said what is wrong. */

/* -b: filesize:KB, duration:SECONDS, interval:SECONDS, packets:N or files:N. */
int wt_record_files_ring_buffer(struct wt_file_set_config *files, const char *value);

/* --keep-bytes SIZE */
int wt_record_files_keep_bytes(struct wt_file_set_config *files, const char *value);

/* --min-free SIZE[:stop|:delete] */
int wt_record_files_min_free(struct wt_file_set_config *files, const char *value);

/* --on-close COMMAND */
int wt_record_files_on_close(struct wt_file_set_config *files, const char *value);

/* --on-close-timeout SECONDS */
int wt_record_files_on_close_timeout(struct wt_file_set_config *files, const char *value);

/* --mode OCTAL */
int wt_record_files_mode(struct wt_file_set_config *files, const char *value);

/* Whether the options go together, once all of them have been taken. */
int wt_record_files_check(const struct wt_file_set_config *files);

#endif
