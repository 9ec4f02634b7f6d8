/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_CLI_STAMP_H
#define WIRETAPE_CLI_STAMP_H

/* The faces of `wiretape stamp`, a file each. argv[0] is the face's name; they return an exit
 * code. */
int wt_stamp_caps(int argc, char **argv);
int wt_stamp_cross(int argc, char **argv);
int wt_stamp_watch(int argc, char **argv);
int wt_stamp_latency(int argc, char **argv);

#endif
