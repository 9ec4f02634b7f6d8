/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WIRETAPE_STAMP_STATE_FILE_PRIVATE_H
#define WIRETAPE_STAMP_STATE_FILE_PRIVATE_H

/* State that outlives a process, in files: /run/wiretape for root, $XDG_RUNTIME_DIR/wiretape for
 * others. Not installed. */

#include <wiretape/stamp/system.h>

extern const struct wt_state_ops wt_state_file_ops;

/* Where this user's files are. -ENOENT: nowhere, also where the program has rights that the user
 * has not (setcap): it would believe what the user can write. */
int wt_state_folder(char *out, size_t capacity);

/* Open a file of the folder; both are made if they are not there. -EPERM for a folder or file
 * that is somebody else's or that others can write to, -EINVAL for what is no plain file; links
 * are not followed. A descriptor, for wt_state_file_ops. */
int wt_state_file_open(const char *folder, const char *name);

#endif
