/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_STAMP_STAMP_H
#define WIRETAPE_CLI_STAMP_STAMP_H

#include <wiretape/monitor/number_json.h>

/* The faces of `wiretape stamp`, a file each. argv[0] is the face's name; they return an exit
 * code. */
int wt_stamp_caps(int argc, char **argv);
int wt_stamp_cross(int argc, char **argv);
int wt_stamp_watch(int argc, char **argv);
int wt_stamp_latency(int argc, char **argv);

struct wt_command_line;

extern const struct wt_command_line wt_stamp_caps_line;
extern const struct wt_command_line wt_stamp_cross_line;
extern const struct wt_command_line wt_stamp_watch_line;
extern const struct wt_command_line wt_stamp_latency_line;

extern const struct wt_document wt_stamp_caps_document;
extern const struct wt_document wt_stamp_cross_document;
extern const struct wt_document wt_stamp_latency_document;
extern const struct wt_document wt_stamp_watch_document;

#endif
