/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_STATE_FILE_PRIVATE_H
#define WIRETAPE_STAMP_STATE_FILE_PRIVATE_H

/* State that outlives a process, in files: /run/wiretape for root, $XDG_RUNTIME_DIR/wiretape for
 * others. Not installed. */

#include <wiretape/stamp/system.h>

extern const struct wt_state_ops wt_state_file_ops;

/* Find this user's folder. -ENOENT: there is none, also if the program has rights that the user
 * lacks (setcap): it would trust files that the user can write. */
int wt_state_folder(char *out, size_t capacity);

/* Open a file of the folder; creates both if missing. -EPERM for a folder or file that belongs to
 * somebody else or that others can write to, -EINVAL for anything but a regular file; links are not
 * followed. A descriptor, for wt_state_file_ops. */
int wt_state_file_open(const char *folder, const char *name);

#endif
